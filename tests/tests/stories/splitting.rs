//! Several demands in one call (拆单, D§9.6): proposed, split, done by each unit in its time, and answered by part.

use suban_domain::{Ending, Span, State, Ticket};
use suban_proto::v1;
use suban_tests::{Case, City, story};
use tonic::Code;

use crate::words;

/// A railing and a traffic light, in one call.
const BOTH: &str = "望潮社区潮音路12号附近护栏损坏,人行道边的隔离栏和防撞柱也倒了。另外,潮音路路口红绿灯不亮,信号灯故障,交通灯都是黑的。";
/// Who leads traffic lights.
const LIGHTS: &str = "JJDD";

/// A part, for helpers that work on a case.
fn part_of(case: &Case, part: &Ticket) -> Case {
    Case { id: part.id, number: part.number.to_string(), link: case.link.clone() }
}

async fn split(city: &City, case: &Case) -> Vec<Case> {
    let dispatcher = city.dispatcher().await;
    let asked = v1::ProposeSplitRequest { ticket: case.number.clone() };
    let proposal = dispatcher.dispatch().propose_split(asked).await.unwrap().into_inner();
    let parts = proposal.parts.into_iter();
    let parts = parts.map(|p| v1::SplitPart { text: p.text, matter: p.matter, area: p.area, kind: None }).collect();
    let ask = v1::SplitRequest { request_id: city.request(), ticket: case.number.clone(), parts };
    let reply = dispatcher.dispatch().split(ask.clone()).await.unwrap().into_inner();
    let again = dispatcher.dispatch().split(ask).await.unwrap().into_inner();
    let numbers = |reply: &v1::SplitReply| reply.parts.iter().map(|p| p.number.clone()).collect::<Vec<_>>();
    assert_eq!(numbers(&again), numbers(&reply), "a repeat answers as before");
    assert!(again.parts.iter().all(|part| part.repeated));
    let parent = city.becomes(case, State::Consolidating).await;
    let parts = city.store.parts_of(&parent).await.unwrap();
    parts.iter().map(|part| part_of(case, part)).collect()
}

async fn rate(city: &City, case: &Case, parts: &[(&Case, u32)]) -> v1::SurveyReply {
    let answers = |satisfied| Some(v1::Answers { satisfied: Some(satisfied), ..v1::Answers::default() });
    let ask = v1::RecordSurveyRequest {
        request_id: city.request(),
        ticket: case.number.clone(),
        means: v1::SurveyMeans::Human as i32,
        parts: parts
            .iter()
            .map(|(part, said)| v1::PartAnswers { number: part.number.clone(), answers: answers(*said) })
            .collect(),
        ..v1::RecordSurveyRequest::default()
    };
    city.callback().await.followup().record_survey(ask).await.unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_demands_of_one_call_go_to_two_units_and_are_answered_on_different_days() {
    story(async |city| {
        let citizen = city.citizen("上官云舒", "19900000601");
        let case = citizen.reports(BOTH).await;
        let dispatcher = city.dispatcher().await;
        let waiting = city.until(&case, "is judged", |ticket| ticket.verdict.is_some()).await;
        assert_eq!(waiting.several.len(), 2, "both are read: {:?}", waiting.several);
        city.settles().await;
        let queue = dispatcher.dispatch().list_queue(v1::ListQueueRequest::default()).await.unwrap().into_inner();
        assert_eq!(queue.entries[0].reason(), v1::QueueReason::Several, "nothing of it is sent to one unit alone");
        let asked = v1::ProposeSplitRequest { ticket: case.number.clone() };
        let proposal = dispatcher.dispatch().propose_split(asked).await.unwrap().into_inner();
        let units: Vec<&str> = proposal.parts.iter().map(|part| part.unit.as_str()).collect();
        assert_eq!(units, [words::ROADS, LIGHTS], "{proposal:?}");

        let parts = split(city, &case).await;
        let [railing, light] = parts.as_slice() else { panic!("two parts") };
        assert!(railing.number.starts_with(&case.number) && railing.number.ends_with("-1"), "{}", railing.number);
        for part in [railing, light] {
            city.becomes(part, State::PendingSign).await;
        }
        let again = v1::SplitRequest {
            request_id: city.request(),
            ticket: railing.number.clone(),
            parts: vec![v1::SplitPart { text: "一".into(), ..v1::SplitPart::default() }; 2],
        };
        let refused = dispatcher.dispatch().split(again).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition, "a part is not split again");

        // One is done at once, the other after the window in which the first alone would have been asked about.
        let (roads, lights) = (city.unit(words::ROADS).await, city.unit(LIGHTS).await);
        roads.handles(railing).await;
        lights.signs(light).await;
        city.passes(Span::days(9));
        city.settles().await;
        assert_eq!(city.ticket(railing).await.state, State::PendingCallback, "a part is not asked about by itself");
        assert_eq!(city.ticket(&case).await.state, State::Consolidating);
        lights.does_again(light).await;
        city.becomes(&case, State::PendingCallback).await;
        let page = citizen.looks(&case).await;
        let page = page.body;
        assert!(page.contains(&railing.number) && page.contains(&light.number), "one thread with its parts: {page}");

        // Content with the one and not with the other.
        city.settles().await;
        let told = rate(city, &case, &[(railing, 1), (light, 5)]).await;
        assert_eq!(told.state, State::Consolidating.number(), "it waits for what is done again: {told:?}");
        city.becomes(railing, State::Closed).await;
        city.becomes(light, State::Redo).await;
        city.passes(Span::hours(2));
        lights.does_again(light).await;
        city.becomes(&case, State::PendingCallback).await;
        city.settles().await;
        let told = rate(city, &case, &[(light, 2)]).await;
        assert_eq!(told.state, State::Closed.number(), "{told:?}");
        city.becomes(light, State::Closed).await;
        let facts = city.facts(case.id).await;
        assert_eq!(facts.iter().filter(|fact| **fact == "parts_answered").count(), 2, "{facts:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_asked_and_who_withdraws_ends_the_parts_too() {
    story(async |city| {
        let silent = city.citizen("司徒静言", "19900000602").reports(BOTH).await;
        city.until(&silent, "is judged", |ticket| ticket.verdict.is_some()).await;
        let parts = split(city, &silent).await;
        for (part, unit) in parts.iter().zip([words::ROADS, LIGHTS]) {
            city.becomes(part, State::PendingSign).await;
            city.unit(unit).await.handles(part).await;
        }
        city.becomes(&silent, State::PendingCallback).await;
        city.settles().await;
        city.passes(Span::days(9));
        city.becomes(&silent, State::Closed).await;
        for part in &parts {
            let closed = city.becomes(part, State::Closed).await;
            assert_eq!(closed.ending, Some(Ending::Unreached));
        }

        let other = city.citizen("公冶子衿", "19900000603");
        let moved = BOTH.replace("12号", "288号");
        let case = other.reports(&moved).await;
        city.until(&case, "is judged", |ticket| ticket.verdict.is_some()).await;
        let parts = split(city, &case).await;
        let ask = v1::WithdrawRequest {
            request_id: city.request(),
            ticket: case.number.clone(),
            confirmed: true,
            ..v1::WithdrawRequest::default()
        };
        city.callback().await.intake().withdraw(ask).await.unwrap();
        city.becomes(&case, State::Cancelled).await;
        for part in &parts {
            city.becomes(part, State::Cancelled).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_that_cannot_be_is_refused_and_changes_nothing() {
    story(async |city| {
        let case = city.citizen("闻人听雨", "19900000604").reports(BOTH).await;
        city.until(&case, "is judged", |ticket| ticket.verdict.is_some()).await;
        let dispatcher = city.dispatcher().await;
        let part = |text: &str, matter: &str| v1::SplitPart {
            text: text.into(),
            matter: matter.into(),
            ..v1::SplitPart::default()
        };
        for (what, parts, code) in [
            ("one part", vec![part("护栏损坏", "SZ-07")], Code::InvalidArgument),
            ("no words", vec![part("", "SZ-07"), part("红绿灯不亮", "JT-02")], Code::InvalidArgument),
            ("no such matter", vec![part("护栏损坏", "NO-1"), part("红绿灯不亮", "JT-02")], Code::InvalidArgument),
            ("too many", vec![part("护栏损坏", "SZ-07"); 21], Code::InvalidArgument),
        ] {
            let ask = v1::SplitRequest { request_id: city.request(), ticket: case.number.clone(), parts };
            assert_eq!(dispatcher.dispatch().split(ask).await.unwrap_err().code(), code, "{what}");
        }
        let ask = v1::SplitRequest {
            request_id: city.request(),
            ticket: case.number.clone(),
            parts: vec![part("护栏损坏", "SZ-07"), part("红绿灯不亮", "JT-02")],
        };
        let agent = city.agent().await.dispatch().split(ask).await.unwrap_err();
        assert_eq!(agent.code(), Code::PermissionDenied);
        assert!(city.ticket(&case).await.parts.is_empty());
    })
    .await;
}
