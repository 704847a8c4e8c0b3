//! Mass events at their size: nobody is lost, everybody is answered.
//!
//! A release build plays a storm of 2,000 calls about 300 sites and 800 without water (`make storms`); a debug build, in
//! which each joining takes some forty milliseconds, a fifth of them.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use suban_domain::{At, Role, Span, State, TicketId};
use suban_proto::{edge, v1};
use suban_tests::{Case, City, eventually, story};

/// A storm may keep the machine busy for longer than an ordinary story.
const STORM: Duration = Duration::from_secs(240);
/// Of how many calls one is played.
const ONE_OF: u32 = if cfg!(debug_assertions) { 5 } else { 1 };
const CALLS: u32 = 2_000 / ONE_OF;
const SITES: u32 = 300 / ONE_OF;
const DRY: u32 = 800 / ONE_OF;

fn at(city: &City, hours: i64) -> Option<prost_types::Timestamp> {
    Some(edge::timestamp(At::from_micros(city.clock.now().micros() + hours * 3_600_000_000)))
}

async fn declares(city: &City, kind: v1::MassEventKind, title: &str, matter: &str, master: &str) -> v1::MassEvent {
    let ask = v1::DeclareMassEventRequest {
        request_id: city.request(),
        kind: kind.into(),
        title: title.into(),
        area: "LG0101".into(),
        matters: vec![matter.into()],
        from: at(city, -1),
        until: at(city, 48),
        master: master.into(),
        ..v1::DeclareMassEventRequest::default()
    };
    city.desk(Role::Supervisor, "su-chen", None).await.dedup().declare_mass_event(ask).await.unwrap().into_inner()
}

/// Many call at once, each from a phone of their own; answers their tickets in the order of the calls.
async fn all_call(city: &City, prefix: &str, words: Vec<String>) -> Vec<Case> {
    let somebody = city.citizen("皇甫听澜", "19900090000");
    let calls: Vec<v1::SubmitRequest> = (0..)
        .zip(&words)
        .map(|(n, words): (u32, _)| {
            let mut demand = somebody.demand(words);
            demand.requester = Some(v1::Requester { phone: format!("{prefix}{n:04}"), ..v1::Requester::default() });
            demand
        })
        .collect();
    let order: Vec<String> = calls.iter().map(|call| call.request_id.clone()).collect();
    let mut answers = city.bot().await.intake().submit_stream(futures::stream::iter(calls)).await.unwrap().into_inner();
    let mut cases = HashMap::new();
    while let Some(answer) = answers.message().await.unwrap() {
        let Some(v1::submit_result::Result::Reply(reply)) = answer.result else { panic!("refused: {answer:?}") };
        cases.insert(answer.request_id, Case::of(&reply));
    }
    order.iter().map(|request| cases.remove(request).expect("every call has a ticket")).collect()
}

/// How many of these follow another, and how many are judged on their own.
async fn placed(city: &City, cases: &[Case]) -> Result<BTreeMap<TicketId, TicketId>, String> {
    let ids: Vec<TicketId> = cases.iter().map(|case| case.id).collect();
    let tickets = city.store.load(&ids).await.unwrap();
    let waiting = tickets.values().filter(|t| t.master().is_none() && t.verdict.is_none()).count();
    if waiting > 0 {
        return Err(format!("{waiting} of {} wait", tickets.len()));
    }
    Ok(tickets.values().map(|t| (t.id, t.master().unwrap_or(t.id))).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_thousands_is_put_together_by_site_and_its_end_closes_none() {
    story(async |city| {
        let event = declares(city, v1::MassEventKind::ManySites, "台风倒树", "YL-01", "").await;
        let says = [
            |n: u32| format!("望潮社区潮音路{n}号门口大树倒了,挡住路了"),
            |n: u32| format!("台风把树吹倒了,倒伏在望潮社区潮音路{n}号前面,车过不去"),
            |n: u32| format!("望潮社区潮音路{n}号有倒树,压到围墙,请来清理"),
        ];
        let house = |call: u32| 101 + 2 * (call % SITES);
        let words = (0..CALLS).map(|n| says[(n / SITES) as usize % 3](house(n))).collect();
        let begun = Instant::now();
        let cases = all_call(city, "1990001", words).await;
        assert_eq!(cases.len(), CALLS as usize, "every call has a ticket");
        let masters = eventually(STORM, "all are judged", async || placed(city, &cases).await).await;
        println!("{CALLS} calls were taken in and put together in {:.1} s", begun.elapsed().as_secs_f64());

        // Each site once, and whoever called about it with it.
        let mut of_house = BTreeMap::<u32, Vec<TicketId>>::new();
        for (call, case) in (0..).zip(&cases) {
            of_house.entry(house(call)).or_default().push(masters[&case.id]);
        }
        let apart: Vec<_> = of_house.iter().filter(|(_, of)| of.iter().any(|m| *m != of[0])).collect();
        assert!(apart.is_empty(), "houses with more than one site: {apart:?}");
        let sites: std::collections::BTreeSet<TicketId> = masters.values().copied().collect();
        assert_eq!(sites.len(), SITES as usize, "no site took another's calls");

        // Its end closes none of them, and the list by place has every call.
        city.settles().await;
        let supervisor = city.desk(Role::Supervisor, "su-chen", None).await;
        let end = v1::EndMassEventRequest { request_id: city.request(), event: event.event.clone() };
        let ended = supervisor.dedup().end_mass_event(end).await.unwrap().into_inner();
        assert_eq!((ended.tickets, ended.sites, ended.open_sites), (CALLS, SITES, SITES));
        assert_eq!(ended.streets.iter().map(|street| street.open).sum::<u32>(), SITES, "{:?}", ended.streets);
        let mut ask = v1::ListSitesRequest { event: event.event, page_size: 200, ..v1::ListSitesRequest::default() };
        let mut calls = 0;
        loop {
            let page = supervisor.dedup().list_sites(ask.clone()).await.unwrap().into_inner();
            calls += page.sites.iter().map(|site| site.calls).sum::<u32>();
            if page.next_page_token.is_empty() {
                break;
            }
            ask.page_token = page.next_page_token;
        }
        assert_eq!(calls, CALLS, "none is lost");
        city.until(&cases[0], "the first site is sent to its unit", |t| t.state == State::PendingSign).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_without_water_join_one_and_each_is_answered_once() {
    story(async |city| {
        let first = city.citizen("濮阳听澜", "19900090001").reports("望潮社区潮音路1号停水了,什么时候来水?").await;
        city.becomes(&first, State::PendingSign).await;
        city.passes(Span::minutes(5));
        declares(city, v1::MassEventKind::OneCause, "望潮社区停水", "GY-01", &first.number).await;
        let words = (0..DRY).map(|n| format!("家里没有水用,在望潮社区潮音路{}号,麻烦查一下", 2 + n)).collect();
        let begun = Instant::now();
        let cases = all_call(city, "1990002", words).await;
        eventually(STORM, "all follow the first", async || {
            let masters = placed(city, &cases).await?;
            let alone = masters.values().filter(|master| **master != first.id).count();
            if alone == 0 { Ok(()) } else { Err(format!("{alone} do not follow")) }
        })
        .await;
        println!("{DRY} joined in {:.1} s", begun.elapsed().as_secs_f64());

        let (lead, assist) = (city.unit("GSGS").await, city.unit("SWJ").await);
        assist.signs(&first).await;
        assist.hands_in(&first, "已核实停水范围并协调抢修占道手续,现已办理完毕。").await;
        lead.signs(&first).await;
        lead.accepts_the_part_of(&first, &assist.code).await;
        lead.contacts(&first).await;
        let begun = Instant::now();
        lead.hands_in(&first, "我单位已派员到现场修复主管,并检查了周边管线,现已恢复供水,感谢您的监督。").await;
        let ids: Vec<TicketId> = cases.iter().map(|case| case.id).collect();
        eventually(STORM, "each is answered", async || {
            let tickets = city.store.load(&ids).await.unwrap();
            let left = tickets.values().filter(|t| t.state != State::PendingCallback).count();
            if left == 0 { Ok(()) } else { Err(format!("{left} are not answered")) }
        })
        .await;
        println!("{DRY} were answered in {:.1} s", begun.elapsed().as_secs_f64());
        city.settles().await;
        let copied: Vec<(uuid::Uuid, i64)> = sqlx::query_as(
            "select ticket_id, count(*) from core.ticket_log where type = 'reply_copied' group by ticket_id",
        )
        .fetch_all(city.pool())
        .await
        .unwrap();
        assert_eq!(copied.len(), DRY as usize);
        assert!(copied.iter().all(|(_, times)| *times == 1), "each once");
        let surveys: i64 =
            sqlx::query_scalar("select count(*) from followup.survey").fetch_one(city.pool()).await.unwrap();
        assert_eq!(surveys, i64::from(DRY) + 1, "each is asked how it went");
    })
    .await;
}
