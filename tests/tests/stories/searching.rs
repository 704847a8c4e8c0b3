//! Operators find a ticket by whatever they know of it, and nobody finds what is not theirs.

use suban_domain::{Role, Span, State};
use suban_proto::v1;
use suban_runtime::Service;
use suban_tests::{City, Desk, PATIENCE, Plan, eventually, story};
use tonic::Code;

use crate::words;

fn typed(words: &str) -> v1::SearchRequest {
    v1::SearchRequest { words: words.into(), ..Default::default() }
}

async fn page(desk: &Desk, ask: v1::SearchRequest) -> v1::SearchReply {
    desk.intake().search(ask).await.unwrap().into_inner()
}

async fn numbers(desk: &Desk, ask: v1::SearchRequest) -> Vec<String> {
    page(desk, ask).await.hits.into_iter().map(|hit| hit.ticket.unwrap().number).collect()
}

/// Waits until exactly these are found, in whatever order.
async fn until_found(desk: &Desk, ask: v1::SearchRequest, wanted: &[&String]) {
    let mut wanted: Vec<String> = wanted.iter().map(|n| (*n).clone()).collect();
    wanted.sort_unstable();
    eventually(PATIENCE, format!("{ask:?} finds {wanted:?}"), async || match desk.intake().search(ask.clone()).await {
        Ok(reply) => {
            let hits = reply.into_inner().hits.into_iter();
            let mut found: Vec<String> = hits.map(|hit| hit.ticket.unwrap().number).collect();
            found.sort_unstable();
            if found == wanted { Ok(()) } else { Err(format!("{found:?}")) }
        }
        Err(status) => Err(status.to_string()),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_found_by_its_words_its_number_its_phone_and_all_that_narrows_it() {
    story(async |city| {
        let (one, other) = (city.citizen("亓官听雨", "19900000871"), city.citizen("澹台若水", "19900000872"));
        let railing = one.reports(words::RAILING).await;
        city.passes(Span::days(3));
        let light = other.reports("望潮社区潮音路99号附近路灯不亮,已经三天了,请尽快处理。").await;
        city.becomes(&railing, State::PendingSign).await;
        city.becomes(&light, State::PendingSign).await;
        let agent = city.agent().await;

        // By words, in one box, each with its reason; the later of two that say the same comes first.
        until_found(&agent, typed("护栏损坏"), &[&railing.number]).await;
        until_found(&agent, typed("潮音路 附近"), &[&light.number, &railing.number]).await;
        let both = page(&agent, typed("潮音路 附近")).await;
        assert!(!both.filling);
        assert_eq!(both.hits[0].ticket.as_ref().unwrap().number, light.number, "{both:?}");
        let hit = page(&agent, typed("護欄")).await.hits.remove(0);
        assert!(hit.because_zh.contains("“护栏”见于") && hit.because_zh.contains("3天前受理"), "{}", hit.because_zh);
        assert!(hit.because_en.contains("in") && hit.excerpt.contains("护栏损坏"), "{hit:?}");
        assert!(hit.matches[0].in_words && (hit.text * hit.lateness - hit.score).abs() < 1e-3, "{hit:?}");

        // By number and by phone; the number alone in the box, the phone alone in the box.
        for ask in [typed(&railing.number), v1::SearchRequest { number: railing.number.clone(), ..Default::default() }]
        {
            assert_eq!(numbers(&agent, ask).await, std::slice::from_ref(&railing.number));
        }
        for ask in [typed("199 0000 0872"), v1::SearchRequest { phone: other.phone.clone(), ..Default::default() }] {
            assert_eq!(numbers(&agent, ask).await, std::slice::from_ref(&light.number));
        }
        assert!(numbers(&agent, typed("19900000873")).await.is_empty());

        // Unit, state, place and period, combined.
        let received = city.ticket(&railing).await.received_at;
        let stamp = |at: suban_domain::At| {
            Some(prost_types::Timestamp { seconds: at.micros().div_euclid(1_000_000), nanos: 0 })
        };
        let narrowed = v1::SearchRequest {
            unit: words::ROADS.into(),
            states: vec![State::PendingSign.number()],
            received_from: stamp(received.minus(Span::hours(1))),
            received_to: stamp(received.plus(Span::hours(1))),
            ..typed("望潮")
        };
        assert_eq!(numbers(&agent, narrowed.clone()).await, std::slice::from_ref(&railing.number));
        let later = v1::SearchRequest {
            received_from: stamp(received.plus(Span::hours(1))),
            received_to: None,
            ..narrowed.clone()
        };
        assert!(numbers(&agent, later).await.is_empty());
        let without_words = v1::SearchRequest { words: String::new(), ..narrowed.clone() };
        assert_eq!(numbers(&agent, without_words).await, std::slice::from_ref(&railing.number));

        // What is signed is shown as it stands, and is not found by the state it had.
        let roads = city.unit(words::ROADS).await;
        roads.signs(&railing).await;
        assert!(numbers(&agent, narrowed.clone()).await.is_empty(), "at once");
        let handling = v1::SearchRequest { states: vec![State::Handling.number()], ..narrowed };
        until_found(&agent, handling, &[&railing.number]).await;

        a_unit_sees_its_own(city, &railing.number, &light.number).await;

        // Pages go on where the last one ended; a token is of one question.
        let first = page(&agent, v1::SearchRequest { page_size: 1, ..typed("潮音路") }).await;
        let next = v1::SearchRequest { page_size: 1, page_token: first.next_page_token.clone(), ..typed("潮音路") };
        let second = page(&agent, next).await;
        let number = |page: &v1::SearchReply| page.hits[0].ticket.as_ref().unwrap().number.clone();
        assert_eq!([number(&first), number(&second)], [light.number.clone(), railing.number.clone()]);
        let foreign = v1::SearchRequest { page_token: first.next_page_token, ..typed("护栏") };
        assert_eq!(agent.intake().search(foreign).await.unwrap_err().code(), Code::InvalidArgument);

        over_rest(city, &railing.number).await;
    })
    .await;
}

async fn a_unit_sees_its_own(city: &City, railing: &String, light: &String) {
    let (roads, lights) = (city.unit(words::ROADS).await, city.unit(words::LIGHTS.0).await);
    until_found(roads.handler(), typed("潮音路"), &[railing]).await;
    until_found(lights.handler(), typed("潮音路"), &[light]).await;
    let theirs = v1::SearchRequest { number: railing.clone(), ..Default::default() };
    assert!(numbers(lights.handler(), theirs).await.is_empty(), "not even that it exists");
    let named = v1::SearchRequest { unit: words::ROADS.into(), ..Default::default() };
    assert!(numbers(lights.handler(), named).await.is_empty());
    // A unit cannot try out who reported it; who reads no words does not look for them.
    let phone = v1::SearchRequest { phone: "19900000871".into(), ..Default::default() };
    assert_eq!(roads.handler().intake().search(phone).await.unwrap_err().code(), Code::PermissionDenied);
    assert!(numbers(roads.handler(), typed("19900000871")).await.is_empty(), "nor by typing it as a word");
    let callback = city.callback().await;
    assert_eq!(callback.intake().search(typed("护栏")).await.unwrap_err().code(), Code::PermissionDenied);
    let by_phone = v1::SearchRequest { phone: "19900000871".into(), ..Default::default() };
    let outline = page(&callback, by_phone).await;
    assert_eq!((outline.hits.len(), outline.hits[0].excerpt.as_str()), (1, ""), "{outline:?}");
    assert_eq!(city.bot().await.intake().search(typed("护栏")).await.unwrap_err().code(), Code::PermissionDenied);
    let admin = city.desk(Role::SysAdmin, "sysadmin-1", None).await;
    assert_eq!(admin.intake().search(typed("护栏")).await.unwrap_err().code(), Code::PermissionDenied);
}

async fn over_rest(city: &City, railing: &str) {
    let agent = city.agent().await;
    let search = async |body: serde_json::Value| {
        city.post("/api/v1/search", Some(agent.token()), body.to_string().as_bytes()).await
    };
    let answer = search(serde_json::json!({ "words": "护栏", "states": ["HANDLING", "REDO"] })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let found = answer.json();
    assert_eq!(found["hits"][0]["number"], railing, "{found}");
    let wrong = search(serde_json::json!({ "words": "%" })).await;
    assert_eq!((wrong.status, &wrong.json()["fields"][0]["field"]), (400, &"words".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_a_sign_and_ten_thousand_characters_get_a_clear_answer() {
    story(async |city| {
        let agent = city.agent().await;
        until_found(&agent, typed("还没有人说过的话"), &[]).await;
        let wrong = async |ask| agent.intake().search(ask).await.unwrap_err();
        for text in ["", "%", " \u{3000} ", "*", "';--"] {
            let refused = wrong(typed(text)).await;
            assert_eq!(refused.code(), Code::InvalidArgument, "{text:?}: {refused:?}");
        }
        let long = wrong(typed(&"很长。".repeat(3334))).await;
        assert!(long.code() == Code::InvalidArgument && long.message().contains("10002"), "{long:?}");
        assert!(!long.message().contains('很'), "what was typed is not repeated");
        let several = wrong(v1::SearchRequest { phone: "1".into(), number: "SB1".into(), ..typed("x") }).await;
        assert_eq!(several.code(), Code::InvalidArgument, "{several:?}");
        // What looks like another language's syntax is words like any other.
        for text in ["路灯 AND (", "\"路灯", "words:路灯^2", "路灯~ OR 1=1"] {
            assert!(page(&agent, typed(text)).await.hits.is_empty(), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amended_ticket_is_found_by_its_new_words_and_an_erased_one_not_at_all_and_a_restart_loses_nothing() {
    let folder = std::env::temp_dir().join(format!("suban-story-search-{}", std::process::id()));
    let setting = ("SUBAN_SEARCH__FOLDER", folder.to_str().unwrap().to_owned());
    Plan { settings: vec![setting], ..Plan::default() }
        .story(async |city| {
            let citizen = city.citizen("亓官望舒", "19900000881");
            let ask = v1::SubmitRequest { title: "护栏松动".into(), ..citizen.demand(words::RAILING) };
            let railing = citizen.sends(ask).await;
            let stays = city.citizen("澹台照野", "19900000882").reports(&words::railing(77)).await;
            city.becomes(&railing, State::PendingSign).await;
            city.becomes(&stays, State::PendingSign).await;
            let agent = city.agent().await;
            until_found(&agent, typed("松动"), &[&railing.number]).await;

            // Amended while nobody searches is found as well: what was missed is read when intake is back.
            let amend = v1::AmendRequest {
                request_id: city.request(),
                ticket: railing.number.clone(),
                title: Some("栏杆断裂".into()),
                ..Default::default()
            };
            agent.intake().amend(amend).await.unwrap();
            city.close(Service::Intake).await;
            city.open(Service::Intake).await;
            until_found(&agent, typed("断裂"), &[&railing.number]).await;
            assert!(numbers(&agent, typed("松动")).await.is_empty(), "by its old title no more");
            until_found(&agent, typed("护栏损坏"), &[&railing.number, &stays.number]).await;

            // Erased: its words find nothing from this moment on; its number still says that there was one.
            let told = city.runs(&["erase", "--ticket", &railing.number, "--reason", "本人申请"]).await;
            assert!(told.ok, "{told:?}");
            for words in ["断裂", "12"] {
                assert!(numbers(&agent, typed(words)).await.is_empty(), "{words}");
            }
            assert_eq!(numbers(&agent, typed("护栏损坏")).await, std::slice::from_ref(&stays.number));
            assert!(numbers(&agent, typed(&citizen.phone)).await.is_empty(), "nor its phone");
            let left = page(&agent, typed(&railing.number)).await.hits.remove(0);
            assert!(left.ticket.unwrap().title.is_empty() && left.excerpt.is_empty());
        })
        .await;
    let _ = std::fs::remove_dir_all(folder);
}
