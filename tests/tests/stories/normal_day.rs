//! A normal day, from the call to the closing.

use prost_types::Timestamp;
use suban_domain::{Ending, Role, Span, State, Tier};
use suban_proto::v1;
use suban_tests::{City, story};

use crate::words;

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_railing_is_reported_repaired_rated_and_counted() {
    story(async |city| {
        // The phone rings; nobody knows the caller yet.
        let citizen = city.citizen("亓官听澜", "19900000101");
        let agent = city.agent().await;
        let who = v1::LookupCallerRequest { phone: citizen.phone.clone() };
        assert!(agent.intake().lookup_caller(who.clone()).await.unwrap().into_inner().open.is_empty());
        let railing = citizen.reports(words::RAILING).await;
        let known = agent.intake().lookup_caller(who).await.unwrap().into_inner();
        assert_eq!(known.open[0].number, railing.number);

        // Read, judged and sent without a person; by which row of the catalogue can be asked.
        let sent = city.becomes(&railing, State::PendingSign).await;
        assert_eq!((sent.tier, sent.lead().unwrap().unit.as_str()), (Some(Tier::Auto), words::ROADS));
        let why = v1::ExplainRequest { ticket: railing.number.clone() };
        let why = city.dispatcher().await.dispatch().explain(why).await.unwrap().into_inner();
        assert!(why.dispatched && why.reason_en.contains("SZ-07") && why.reason_en.contains(words::ROADS), "{why:?}");

        // The unit takes it, looks at the phone for a reason, calls, repairs, hands in.
        let unit = city.unit(words::ROADS).await;
        assert_eq!(unit.inbox().await, std::slice::from_ref(&railing.number));
        city.passes(Span::minutes(20));
        unit.signs(&railing).await;
        city.passes(Span::minutes(40));
        let shown = unit.reveals(&railing, "先行联系核实地点").await;
        assert_eq!(shown, (citizen.name.clone(), citizen.phone.clone()));
        looks_are_written_down(city, railing.id, 1).await;
        unit.contacts(&railing).await;
        city.passes(Span::hours(5));
        unit.hands_in(&railing, &format!("{}先生,护栏已修复,联系电话{}。", citizen.name, citizen.phone)).await;

        // A clean result is accepted by rules; the citizen reads it behind the link, without names, and rates.
        let asked = city.becomes(&railing, State::PendingCallback).await;
        assert!(asked.tasks[0].contacted_at.is_some());
        let page = citizen.looks(&railing).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("护栏已修复") && page.body.contains("<form"), "{}", page.body);
        assert!(!page.body.contains(&citizen.name) && !page.body.contains(&citizen.phone), "{}", page.body);
        city.passes(Span::hours(2));
        citizen.rates(&railing, 1, 2).await;
        let closed = city.becomes(&railing, State::Closed).await;
        assert_eq!(closed.ending, Some(Ending::Satisfied));
        let facts = city.facts(railing.id).await;
        let told = ["submitted", "accepted", "judged", "dispatched", "signed", "contacted", "result_submitted"];
        let told: Vec<&str> = told.into_iter().chain(["result_accepted", "survey_answered"]).collect();
        assert_eq!(facts.iter().filter(|f| told.contains(f)).copied().collect::<Vec<_>>(), told);

        history_is_readable_and_names_nobody(city, &railing.number).await;
        figures_are_right_and_proved(city).await;
    })
    .await;
}

/// Two units, one answer: the lead hands in when it has accepted what the other did.
#[tokio::test(flavor = "multi_thread")]
async fn a_street_light_that_needs_two_units_is_answered_once_by_the_lead() {
    story(async |city| {
        let citizen = city.citizen("呼延攸宁", "19900000111");
        let light = citizen.reports(words::LIGHT).await;
        let sent = city.becomes(&light, State::PendingSign).await;
        let (lead, assist) = (city.unit(words::LIGHTS.0).await, city.unit(words::LIGHTS.1).await);
        assert_eq!(sent.lead().unwrap().unit.as_str(), lead.code);
        assert_eq!(assist.inbox().await, std::slice::from_ref(&light.number), "the street office has its part");
        lead.signs(&light).await;
        lead.contacts(&light).await;
        assist.signs(&light).await;
        let early = suban_tests::result(city.request(), &light, "路灯已修复,感谢您的监督,欢迎再次来电。");
        let refused = lead.handler.dispatch().submit_result(early).await.unwrap_err();
        assert!(refused.message().contains("accept or release their parts first"), "{refused:?}");
        assist.hands_in(&light, "已清理灯杆周边杂物并配合断电检修完毕,请主办单位汇总答复。").await;
        lead.accepts_the_part_of(&light, &assist.code).await;
        lead.hands_in(&light, "路灯已修复,周边杂物已清理完毕,感谢您的监督,欢迎再次来电。").await;
        city.becomes(&light, State::PendingCallback).await;
        let page = citizen.looks(&light).await.body;
        assert!(page.contains("路灯已修复") && !page.contains("断电检修"), "{page}");
        citizen.rates(&light, 1, 1).await;
        city.becomes(&light, State::Closed).await;
    })
    .await;
}

/// Every look at a phone is a line of the audit.
async fn looks_are_written_down(city: &City, ticket: suban_domain::TicketId, many: usize) {
    let looks = suban_store::audit::of_ticket(city.pool(), ticket).await.unwrap();
    assert_eq!(looks.len(), many, "{looks:?}");
    assert_eq!(looks[0].person.as_str(), "JTJ-handler");
}

async fn history_is_readable_and_names_nobody(city: &City, number: &str) {
    let ask = v1::HistoryRequest { ticket: number.to_owned(), after_version: 0, page_size: 0 };
    let history = city.agent().await.intake().history(ask).await.unwrap().into_inner();
    assert!(!history.more);
    for entry in &history.entries {
        assert!(!entry.summary_zh.is_empty() && !entry.summary_en.is_empty(), "{} says nothing", entry.r#type);
        let all = format!("{} {} {:?}", entry.summary_zh, entry.summary_en, entry.fields);
        assert!(
            !all.contains("亓官听澜") && !all.contains("19900000101"),
            "version {} names the citizen",
            entry.version
        );
    }
    let sent = history.entries.iter().find(|e| e.r#type == "dispatched").unwrap();
    assert!(sent.summary_en.contains("JTJ") || sent.summary_zh.contains("交通"), "{}", sent.summary_en);
}

async fn figures_are_right_and_proved(city: &City) {
    city.settles().await;
    let analyst = city.desk(Role::Analyst, "analyst-1", None).await;
    let now = city.clock.now().micros() / 1_000_000;
    let day = |days: i64| Some(Timestamp { seconds: now + days * 86_400, nanos: 0 });
    let ask = v1::FiguresRequest { from: day(-1), to: day(1), group_by: v1::GroupBy::Unit.into(), only: String::new() };
    let figures = analyst.scoring().figures(ask).await.unwrap().into_inner();
    let total = figures.total.unwrap();
    assert_eq!((total.received, total.closed, total.unfinished), (1, 1, 0), "{total:?}");
    assert_eq!((total.dispatched_auto, total.valid_surveys), (1, 1), "{total:?}");
    let [row] = figures.rows.as_slice() else { panic!("one unit: {:?}", figures.rows) };
    assert_eq!(row.key, words::ROADS);
    let one = Some(v1::Rate { count: 1.0, of: 1.0 });
    assert_eq!((&row.signed_in_time, &row.handled_in_time, &row.satisfied), (&one, &one, &one), "{row:?}");
    let keeper = city.desk(Role::KpiAdmin, "kpi-1", None).await;
    let verified = keeper.scoring().verify(v1::VerifyRequest::default()).await.unwrap().into_inner();
    assert_eq!((verified.checked, verified.differing), (2, 0), "{verified:?}");
}
