//! One cause or many sites: what a supervisor declares is handled as one event, and nobody is lost in it (D§9.7).

use suban_domain::{At, Role, Span, State};
use suban_proto::{edge, v1};
use suban_tests::{Case, City, story};

/// Where the stories happen, and who leads there.
const WANGCHAO: &str = "LG0101";
const WATER: &str = "GY-01";
const TREES: &str = "YL-01";

fn in_hours(city: &City, hours: i64) -> Option<prost_types::Timestamp> {
    let at = city.clock.now().micros() + hours * 3_600_000_000;
    Some(edge::timestamp(At::from_micros(at)))
}

fn event(city: &City, kind: v1::MassEventKind, title: &str, matter: &str) -> v1::DeclareMassEventRequest {
    v1::DeclareMassEventRequest {
        request_id: city.request(),
        kind: kind.into(),
        title: title.into(),
        area: WANGCHAO.into(),
        matters: vec![matter.into()],
        from: in_hours(city, -24),
        until: in_hours(city, 48),
        ..v1::DeclareMassEventRequest::default()
    }
}

async fn cases(city: &City, first: u32, words: impl Iterator<Item = String>) -> Vec<Case> {
    let mut cases = Vec::new();
    for (n, words) in words.enumerate() {
        let phone = format!("1990001{:04}", first + u32::try_from(n).unwrap());
        cases.push(city.citizen("皇甫听澜", &phone).reports(&words).await);
    }
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn a_water_cut_has_one_ticket_that_leads_and_everybody_is_answered_with_it() {
    story(async |city| {
        let before = cases(city, 100, (1..=3).map(|n| format!("望潮社区潮音路{n}号停水了,什么时候来水?"))).await;
        for case in &before {
            city.until(case, "it is judged", |t| t.verdict.is_some()).await;
        }
        city.passes(Span::minutes(5));
        let supervisor = city.desk(Role::Supervisor, "su-chen", None).await;
        let ask = v1::DeclareMassEventRequest {
            answer: "望潮社区主管爆裂,抢修至20时,供水车停在社区门口。".into(),
            answer_until: in_hours(city, 6),
            master: before[0].number.clone(),
            ..event(city, v1::MassEventKind::OneCause, "望潮社区停水", WATER)
        };
        let declared = supervisor.dedup().declare_mass_event(ask.clone()).await.unwrap().into_inner();
        let again = supervisor.dedup().declare_mass_event(ask.clone()).await.unwrap().into_inner();
        assert_eq!(declared.event, again.event, "a repeat declares nothing");

        // Who called before and who calls now follow one ticket, in whatever words.
        let after = cases(city, 200, (10..=30).map(|n| format!("家里没有水用,在望潮社区潮音路{n}号,麻烦查一下"))).await;
        let master = &before[0];
        for case in before[1..].iter().chain(&after) {
            city.until(case, "it follows the one that leads", |t| t.master() == Some(master.id)).await;
        }
        let listed = v1::ListMassEventsRequest { running: true, ..v1::ListMassEventsRequest::default() };
        let events = supervisor.dedup().list_mass_events(listed.clone()).await.unwrap().into_inner().events;
        let [shown] = events.as_slice() else { panic!("one event: {events:?}") };
        assert_eq!((shown.tickets, shown.sites, shown.open_sites, &shown.master), (24, 1, 1, &master.number));

        // Who is taken out of it stays out, though it is of its place and matter.
        let out = v1::UnmergeRequest {
            request_id: city.request(),
            ticket: after[0].number.clone(),
            reason: "是户内管道堵塞".into(),
        };
        city.reviewer().await.dedup().unmerge(out).await.unwrap();
        city.settles().await;
        assert_eq!(city.ticket(&after[0]).await.master(), None);
        let after = &after[1..];

        // The agent on the next call reads what is answered, until that expires.
        let agent = city.agent().await;
        let draft = v1::JudgeRequest {
            text: "我家停水了".into(),
            area: WANGCHAO.into(),
            matter: WATER.into(),
            ..v1::JudgeRequest::default()
        };
        let told = agent.dedup().judge(draft.clone()).await.unwrap().into_inner().events;
        assert!(told[0].answer.contains("供水车"), "{told:?}");
        let elsewhere = v1::JudgeRequest { area: "LG02".into(), ..draft.clone() };
        assert!(agent.dedup().judge(elsewhere).await.unwrap().into_inner().events.is_empty());
        city.passes(Span::hours(7));
        let told = agent.dedup().judge(draft).await.unwrap().into_inner().events;
        assert_eq!(told[0].answer, "", "it has expired: {told:?}");

        // One unit works once, with the one that assists, and everybody is answered.
        let (lead, assist) = (city.unit("GSGS").await, city.unit("SWJ").await);
        assist.signs(master).await;
        assist.hands_in(master, "已核实停水范围并协调抢修占道手续,现已办理完毕。").await;
        lead.signs(master).await;
        lead.accepts_the_part_of(master, &assist.code).await;
        lead.contacts(master).await;
        lead.hands_in(master, "我单位已派员到现场修复主管,并检查了周边管线,现已恢复供水,感谢您的监督。").await;
        for case in before.iter().chain(after) {
            city.becomes(case, State::PendingCallback).await;
        }

        // Ended, it takes nothing in any more.
        let end = v1::EndMassEventRequest { request_id: city.request(), event: declared.event.clone() };
        let ended = supervisor.dedup().end_mass_event(end).await.unwrap().into_inner();
        assert!(ended.ended_at.is_some());
        assert!(supervisor.dedup().list_mass_events(listed).await.unwrap().into_inner().events.is_empty());
        let late = cases(city, 300, std::iter::once("望潮社区潮音路31号又停水了,没有水".to_owned())).await;
        let late = city.until(&late[0], "it goes its own way", |t| t.verdict.is_some()).await;
        assert_eq!(late.master(), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storms_calls_are_put_together_by_site_and_its_end_closes_none() {
    story(async |city| {
        let supervisor = city.desk(Role::Supervisor, "su-chen", None).await;
        let ask = event(city, v1::MassEventKind::ManySites, "台风倒树", TREES);
        let declared = supervisor.dedup().declare_mass_event(ask).await.unwrap().into_inner();
        let says = [
            |n: u32| format!("望潮社区潮音路{n}号门口大树倒了,挡住路了"),
            |n: u32| format!("台风把树吹倒了,倒伏在望潮社区潮音路{n}号前面,车过不去"),
            |n: u32| format!("望潮社区潮音路{n}号有倒树,压到围墙,请来清理"),
        ];
        let mut sites = Vec::new();
        for site in 0..8 {
            city.passes(Span::minutes(1));
            let house = 101 + 2 * site;
            sites.push(cases(city, 400 + 10 * site, says.iter().map(|say| say(house))).await);
        }
        for site in &sites {
            for case in site {
                city.until(case, "it is judged or follows another", |t| t.verdict.is_some() || t.master().is_some())
                    .await;
            }
        }
        city.settles().await;
        for site in &sites {
            let master = city.ticket(&site[0]).await;
            assert_eq!((master.master(), master.members()), (None, 2), "one site: {}", site[0].number);
            for case in &site[1..] {
                assert_eq!(city.ticket(case).await.master(), Some(site[0].id));
            }
        }
        let all =
            v1::ListSitesRequest { event: declared.event.clone(), page_size: 5, ..v1::ListSitesRequest::default() };
        let page = supervisor.dedup().list_sites(all.clone()).await.unwrap().into_inner();
        assert!(
            page.sites.iter().all(|s| s.calls == 3 && s.area_names.iter().any(|name| name == "望潮社区")),
            "{page:?}"
        );
        let next = v1::ListSitesRequest { page_token: page.next_page_token, ..all.clone() };
        let rest = supervisor.dedup().list_sites(next).await.unwrap().into_inner();
        assert_eq!((page.sites.len(), rest.sites.len()), (5, 3), "each site once");

        let end = v1::EndMassEventRequest { request_id: city.request(), event: declared.event.clone() };
        let ended = supervisor.dedup().end_mass_event(end).await.unwrap().into_inner();
        assert_eq!((ended.tickets, ended.sites, ended.open_sites), (24, 8, 8), "no open site is closed with it");
        for site in &sites {
            city.becomes(&site[0], State::PendingSign).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_is_refused_and_only_supervisors_declare_one() {
    story(async |city| {
        let supervisor = city.desk(Role::Supervisor, "su-chen", None).await;
        let good = event(city, v1::MassEventKind::ManySites, "台风倒树", TREES);
        let invalid = [
            v1::DeclareMassEventRequest { kind: 0, ..good.clone() },
            v1::DeclareMassEventRequest { title: " ".into(), ..good.clone() },
            v1::DeclareMassEventRequest { title: "长".repeat(101), ..good.clone() },
            v1::DeclareMassEventRequest { area: "XX99".into(), ..good.clone() },
            v1::DeclareMassEventRequest { matters: vec![], ..good.clone() },
            v1::DeclareMassEventRequest { matters: vec!["NONE-1".into()], ..good.clone() },
            v1::DeclareMassEventRequest { from: in_hours(city, 1), ..good.clone() },
            v1::DeclareMassEventRequest { from: in_hours(city, -24 * 8), ..good.clone() },
            v1::DeclareMassEventRequest { until: None, ..good.clone() },
            v1::DeclareMassEventRequest { until: in_hours(city, -1), ..good.clone() },
            v1::DeclareMassEventRequest { until: in_hours(city, 24 * 61), ..good.clone() },
            v1::DeclareMassEventRequest { answer: "已知".into(), ..good.clone() },
            v1::DeclareMassEventRequest { answer_until: in_hours(city, 1), ..good.clone() },
            v1::DeclareMassEventRequest { request_id: String::new(), ..good.clone() },
        ];
        for ask in invalid {
            let refused = supervisor.dedup().declare_mass_event(ask.clone()).await.unwrap_err();
            assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{ask:?}");
        }
        let nobody = v1::DeclareMassEventRequest { master: "26112500000017".into(), ..good.clone() };
        assert!(supervisor.dedup().declare_mass_event(nobody).await.is_err());
        let denied = city.dispatcher().await.dedup().declare_mass_event(good).await.unwrap_err();
        assert_eq!(denied.code(), tonic::Code::PermissionDenied);
        let none = v1::ListMassEventsRequest::default();
        assert!(supervisor.dedup().list_mass_events(none).await.unwrap().into_inner().events.is_empty());
        let unknown = v1::EndMassEventRequest { request_id: city.request(), event: uuid::Uuid::nil().to_string() };
        let refused = supervisor.dedup().end_mass_event(unknown).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::NotFound);
    })
    .await;
}
