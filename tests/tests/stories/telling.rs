//! Who is told what, and when (D§13, D§14).

use suban_domain::{Role, Span, State};
use suban_proto::v1::{self, NoticeState};
use suban_runtime::Service;
use suban_tests::{City, Desk, PATIENCE, Plan, eventually, story};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc,
};
use tonic::Code;

use crate::words;

/// What was told about a ticket: kind, to whom, and where it stands.
async fn told(desk: &Desk, ticket: &str) -> Vec<(String, String, NoticeState)> {
    let ask = v1::ListNoticesRequest { ticket: ticket.into(), ..Default::default() };
    let notices = desk.followup().list_notices(ask).await.unwrap().into_inner().notices;
    notices.into_iter().map(|n| (n.kind.clone(), n.recipient.clone(), n.state())).collect()
}

/// Waits until exactly these have gone out.
async fn hears(desk: &Desk, ticket: &str, expected: &[(&str, &str)]) {
    eventually(PATIENCE, format!("told are {expected:?}"), async || {
        let told = told(desk, ticket).await;
        let sent = told.iter().filter(|(.., state)| *state == NoticeState::Sent);
        let sent: Vec<(&str, &str)> = sent.map(|(kind, to, _)| (kind.as_str(), to.as_str())).collect();
        if sent == expected { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await;
}

/// A ticket waits for its unit's signature; the desk that may read everything.
async fn unsigned(city: &City) -> (suban_tests::Case, Desk) {
    let railing = city.citizen("公羊既望", "19900000521").reports(words::RAILING).await;
    city.becomes(&railing, State::PendingSign).await;
    (railing, city.desk(Role::Supervisor, "sup-1", None).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_signs_and_the_ladder_goes_up_until_somebody_does() {
    story(async |city| {
        let (railing, supervisor) = unsigned(city).await;
        let [duty, backup, lead] = ["duty", "backup", "lead"].map(|rung| format!("unit:{}:{rung}", words::ROADS));

        city.passes(Span::minutes(121));
        hears(&supervisor, &railing.number, &[("URGE", &duty)]).await;
        city.passes(Span::minutes(31));
        hears(&supervisor, &railing.number, &[("URGE", &duty), ("URGE", &backup)]).await;

        city.unit(words::ROADS).await.signs(&railing).await;
        city.passes(Span::minutes(120));
        city.settles().await;
        eventually(PATIENCE, "the rest of the ladder is dropped", async || {
            let told = told(&supervisor, &railing.number).await;
            let states: Vec<NoticeState> = told.iter().map(|(.., state)| *state).collect();
            let dropped = [NoticeState::Sent, NoticeState::Sent, NoticeState::Dropped, NoticeState::Dropped];
            if states == dropped { Ok(()) } else { Err(format!("{told:?}")) }
        })
        .await;
        assert!(told(&supervisor, &railing.number).await.iter().any(|(_, to, _)| *to == lead), "it stays on record");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_it_ends_the_ladder_and_only_its_own_people_may_say_so() {
    story(async |city| {
        let (railing, supervisor) = unsigned(city).await;
        city.passes(Span::minutes(121));
        let duty = format!("unit:{}:duty", words::ROADS);
        hears(&supervisor, &railing.number, &[("URGE", &duty)]).await;
        let ask = v1::ListNoticesRequest { recipient: duty.clone(), ..Default::default() };

        let stranger = city.desk(Role::UnitSigner, "water-1", Some("SWJ")).await;
        let refused = stranger.followup().list_notices(ask.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{refused:?}");

        let signer = city.desk(Role::UnitSigner, "roads-9", Some(words::ROADS)).await;
        let notices = signer.followup().list_notices(ask).await.unwrap().into_inner().notices;
        let id = notices[0].id.clone();
        let has = v1::ReceiveNoticeRequest { request_id: city.request(), id: id.clone() };
        assert_eq!(stranger.followup().receive_notice(has.clone()).await.unwrap_err().code(), Code::PermissionDenied);
        signer.followup().receive_notice(has.clone()).await.unwrap();
        signer.followup().receive_notice(has).await.unwrap();
        city.passes(Span::hours(3));
        city.settles().await;
        hears(&supervisor, &railing.number, &[("URGE", &duty)]).await;
        let ask = v1::ListNoticesRequest { ticket: railing.number.clone(), ..Default::default() };
        let told = supervisor.followup().list_notices(ask).await.unwrap().into_inner().notices;
        assert_eq!(told[0].received_by, "roads-9", "{told:?}");

        for (id, code) in [("", Code::InvalidArgument), (&id.replace("URGE", "RED"), Code::NotFound)] {
            let has = v1::ReceiveNoticeRequest { request_id: city.request(), id: id.into() };
            assert_eq!(signer.followup().receive_notice(has).await.unwrap_err().code(), code, "{id}");
        }
        let both = v1::ListNoticesRequest { ticket: railing.number.clone(), recipient: duty, ..Default::default() };
        let refused = supervisor.followup().list_notices(both).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    })
    .await;
}

/// A gateway that answers the first post with an error and takes the others; tells each head and body.
async fn gateway() -> (String, mpsc::UnboundedReceiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/notices", listener.local_addr().unwrap());
    let (tell, told) = mpsc::unbounded_channel();
    #[expect(clippy::disallowed_methods, reason = "a test's server ends with its test")]
    tokio::spawn(async move {
        let mut status = "503 Service Unavailable";
        while let Ok((mut stream, _)) = listener.accept().await {
            let (mut asked, mut buffer) = (Vec::new(), [0; 4096]);
            let body = loop {
                let read = stream.read(&mut buffer).await.unwrap_or(0);
                asked.extend_from_slice(&buffer[..read]);
                let text = String::from_utf8_lossy(&asked).into_owned();
                if let Some((head, body)) = text.split_once("\r\n\r\n").filter(|(_, body)| body.ends_with('}')) {
                    break (head.to_owned(), body.to_owned());
                }
                if read == 0 {
                    return;
                }
            };
            drop(tell.send(body));
            let said = r#"{"receipt":"sms-77"}"#;
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{said}", said.len());
            drop(stream.write_all(answer.as_bytes()).await);
            status = "200 OK";
        }
    });
    (url, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citizen_hears_that_the_urge_went_on_though_the_gateway_was_away_and_it_is_an_event_once() {
    let (url, mut posted) = gateway().await;
    let secret = "a secret of thirty-two characters".to_owned();
    let settings = vec![("SUBAN_NOTICES__URL", url), ("SUBAN_NOTICES__SECRET", secret.clone())];
    Plan { settings, ..Plan::default() }
        .story(async |city| {
            let (railing, supervisor) = unsigned(city).await;
            let agent = city.agent().await;
            let urge =
                v1::UrgeRequest { request_id: city.request(), ticket: railing.number.clone(), ..Default::default() };
            agent.intake().urge(urge).await.unwrap();
            let mut letters = Vec::new();
            // The duty phone and the citizen; one of the two is tried again.
            while letters.len() < 2 {
                letters.push(posted.recv().await.unwrap());
            }
            city.passes(Span::minutes(2));
            letters.push(posted.recv().await.unwrap());
            city.settles().await;

            let mut citizens = letters.iter().filter(|(_, letter)| letter.contains(r#""kind":"N11""#));
            let (head, letter) = citizens.next_back().expect("the citizen is told");
            let last_four: String = railing.number.chars().skip(railing.number.chars().count() - 4).collect();
            assert!(letter.contains(&last_four), "{letter}");
            assert!(!letter.contains("19900000521"), "no phone leaves with a letter");
            let signed = head.lines().find_map(|line| line.strip_prefix("x-suban-signature: t=")).unwrap();
            let (second, signature) = signed.split_once(",v1=").unwrap();
            let secret = suban_runtime::Secret::new(secret);
            let ours = suban_followup::notices::carrier::signature(&secret, second.parse().unwrap(), letter);
            assert_eq!(signature, ours, "whoever knows the secret can tell that it is ours");

            let told = told(&supervisor, &railing.number).await;
            assert!(told.iter().all(|(.., state)| *state == NoticeState::Sent), "{told:?}");
            let events = city.facts(railing.id).await;
            assert_eq!(events.iter().filter(|event| **event == "notice_sent").count(), 1, "{events:?}");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_urges_at_night_hears_of_it_in_the_morning() {
    story(async |city| {
        let citizen = city.citizen("宗政长庚", "19900000522");
        let first = citizen.reports(words::RAILING).await;
        city.becomes(&first, State::PendingSign).await;
        let supervisor = city.desk(Role::Supervisor, "sup-1", None).await;
        let agent = city.agent().await;
        // From half past nine to eleven at night.
        city.passes(Span::minutes(13 * 60 + 30));
        let urge = v1::UrgeRequest { request_id: city.request(), ticket: first.number.clone(), ..Default::default() };
        agent.intake().urge(urge).await.unwrap();
        city.settles().await;
        let n11 = async || {
            let told = told(&supervisor, &first.number).await;
            told.into_iter().find(|(kind, ..)| kind == "N11").map(|(.., state)| state)
        };
        eventually(PATIENCE, "it is put off", async || match n11().await {
            Some(NoticeState::Waiting) => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
        city.passes(Span::hours(9));
        eventually(PATIENCE, "the morning has come", async || match n11().await {
            Some(NoticeState::Sent) => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_names_who_is_on_duty_by_the_roster_in_force() {
    Plan { closed: vec![Service::Followup], ..Plan::default() }
        .story(async |city| {
            let roster = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/demo/roster");
            let publish = ["roster", "publish", roster, "--effective", "2026-01-01T00:00:00+08:00"];
            let told = city.runs(&publish).await;
            assert!(told.ok, "{}{}", told.out, told.complaints);
            city.open(Service::Followup).await;
            let (railing, supervisor) = unsigned(city).await;
            city.passes(Span::minutes(121));
            let duty = format!("unit:{}:duty", words::ROADS);
            hears(&supervisor, &railing.number, &[("URGE", &duty)]).await;
            let ask = v1::ListNoticesRequest { ticket: railing.number.clone(), ..Default::default() };
            let notices = supervisor.followup().list_notices(ask).await.unwrap().into_inner().notices;
            let at = ["--unit", words::ROADS, "--at", "2026-03-10T11:35", "--roster", roster, "--json"];
            let who = city.runs(&[&["roster", "who"], &at[..]].concat()).await;
            let who: serde_json::Value = serde_json::from_str(&who.out).unwrap();
            assert_eq!(who["person"], notices[0].person.as_str(), "{who} {notices:?}");
        })
        .await;
}

/// A leak in a school: the agent reports it, the hall and the district's duty hear it at once, and who has it says so; a
/// second time nobody does, and the supervisors hear of it.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_wait_is_reported_in_its_stages_and_somebody_must_have_it() {
    story(async |city| {
        let (railing, supervisor) = unsigned(city).await;
        let agent = city.agent().await;
        let stage = |stage: v1::FlashStage, text: &str| v1::ReportFlashRequest {
            request_id: city.request(),
            ticket: railing.number.clone(),
            stage: stage.into(),
            text: text.into(),
        };
        let report = async |ask| agent.followup().report_flash(ask).await;
        let too_early = report(stage(v1::FlashStage::Final, "已处置完毕")).await.unwrap_err();
        assert_eq!(too_early.code(), Code::InvalidArgument, "{too_early:?}");
        let asked = stage(v1::FlashStage::First, "护栏倒塌砸到学生,联系人公羊既望,已拨打120");
        let first = report(asked.clone()).await.unwrap().into_inner();
        assert!(first.text.contains("已拨打120") && !first.text.contains("公羊既望"), "{}", first.text);
        assert_eq!(report(asked).await.unwrap().into_inner(), first, "a repeat answers as before");
        let desks = [("FLASH", "desk:district-duty"), ("FLASH", "desk:hall")];
        hears(&supervisor, &railing.number, &desks).await;
        let have = v1::ReceiveNoticeRequest {
            request_id: city.request(),
            id: format!("{}:{}:FLASH:desk:hall", first.ticket_id, first.version),
        };
        city.dispatcher().await.followup().receive_notice(have).await.unwrap();
        city.passes(Span::minutes(6));
        city.settles().await;

        report(stage(v1::FlashStage::First, "又一次")).await.unwrap_err();
        report(stage(v1::FlashStage::Further, "伤者已送医,现场已围挡")).await.unwrap();
        city.passes(Span::minutes(6));
        let missed = eventually(PATIENCE, "the supervisors hear of the second", async || {
            let told = told(&supervisor, &railing.number).await;
            let flashes: Vec<_> = told.into_iter().filter(|(kind, ..)| kind == "FLASH").collect();
            let sent = |to: &str| flashes.iter().filter(|f| f.1 == to && f.2 == NoticeState::Sent).count();
            if sent("desk:supervisors") == 1 { Ok(sent("desk:hall")) } else { Err(format!("{flashes:?}")) }
        })
        .await;
        assert_eq!(missed, 2);
        report(stage(v1::FlashStage::Final, "已修复")).await.unwrap();
        let all = v1::ListFlashesRequest::default();
        let shown = supervisor.followup().list_flashes(all.clone()).await.unwrap().into_inner().flashes;
        let stages: Vec<i32> = shown.iter().map(|flash| flash.stage).collect();
        assert_eq!(stages, [3, 2, 1], "the latest first");
        assert_eq!((&*shown[2].acknowledged_by, &*shown[1].acknowledged_by), ("dispatcher-1", ""));
        let unit = city.unit(words::ROADS).await;
        let denied = unit.signer.followup().list_flashes(all).await.unwrap_err();
        assert_eq!(denied.code(), Code::PermissionDenied);
    })
    .await;
}
