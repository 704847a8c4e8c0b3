//! What people decided is learned from: a ruling at once, a check and an outcome with time.

use suban_domain::{Role, Span, State, Tier};
use suban_proto::v1;
use suban_tests::{Case, City, PATIENCE, Plan, eventually, story};

use crate::words;

/// Who repairs railings in truth, in these stories.
const RIGHT: &str = "YLZX";

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_wanders_is_ruled_on_and_the_next_like_it_goes_there_by_itself() {
    story(async |city| {
        let railing = city.citizen("钟离怀素", "19900000901").reports(words::RAILING).await;
        city.becomes(&railing, State::PendingSign).await;
        gives_back(city, &railing, words::ROADS, "CGJ").await;
        city.becomes(&railing, State::PendingDispatch).await;
        sends(city, &railing, "CGJ").await;

        // The second unit says "not mine" too: no third one is tried, it is argued and ruled.
        gives_back(city, &railing, "CGJ", words::ROADS).await;
        city.becomes(&railing, State::InDispute).await;
        for unit in [words::ROADS, "CGJ"] {
            let opinion = v1::FileOpinionRequest {
                request_id: city.request(),
                ticket: railing.number.clone(),
                opinion: "护栏不在本单位养护范围内".into(),
            };
            let lead = format!("lead-{unit}");
            city.desk(Role::UnitLead, &lead, Some(unit)).await.dispatch().file_opinion(opinion).await.unwrap();
        }
        let rule = v1::RuleRequest {
            request_id: city.request(),
            ticket: railing.number.clone(),
            lead: RIGHT.into(),
            grounds: "护栏位于绿化带内,由园林绿化中心养护".into(),
            ..v1::RuleRequest::default()
        };
        city.desk(Role::Arbiter, "arbiter-1", None).await.dispatch().rule(rule).await.unwrap();
        let ruled = city.becomes(&railing, State::PendingSign).await;
        assert_eq!(ruled.lead().unwrap().unit.as_str(), RIGHT);

        // It never goes back, and the next one goes there without a person and says why.
        let locked = city.unit(RIGHT).await.tries_to_return(&railing, "CGJ").await.unwrap_err();
        assert_eq!(locked.code(), tonic::Code::FailedPrecondition, "{locked:?}");
        let mut house = 40;
        let next = eventually(PATIENCE, "the ruling is known", async || {
            house += 1;
            let next = city.citizen("独孤听雪", "19900000902").reports(&words::railing(house)).await;
            let sent = city.becomes(&next, State::PendingSign).await;
            let lead = sent.lead().unwrap().unit.to_string();
            if lead == RIGHT { Ok((next, sent.tier)) } else { Err(lead) }
        })
        .await;
        assert_eq!(next.1, Some(Tier::Auto));
        let why = explained(city, &next.0).await;
        assert_eq!(why.candidates[0].rule, format!("ruling:{}", railing.number), "{why:?}");
        assert!(why.reason_zh.contains("已裁定") && why.reason_en.contains("an arbiter ruled"), "{why:?}");
        assert!(why.learned.contains("learned:"), "{why:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_checked_waits_with_its_unit_proposed_and_a_matter_that_fails_leaves_automatic_dispatch() {
    let every = ("SUBAN_LIMITS__CHECKED_PERMILLE", "1000".to_owned());
    Plan { settings: vec![every], ..Plan::default() }
        .story(async |city| {
            let citizen = city.citizen("闻人望海", "19900000903");
            for n in 0..10 {
                let railing = citizen.reports(&words::railing(60 + n)).await;
                waits_as(city, &railing, v1::QueueReason::Check).await;
                let why = explained(city, &railing).await;
                assert_eq!((why.dispatched, why.candidates[0].unit.as_str()), (false, words::ROADS), "{why:?}");
                // The person knows better, most of the time.
                sends(city, &railing, if n == 0 { words::ROADS } else { RIGHT }).await;
            }
            let mut house = 80;
            let reason = eventually(PATIENCE, "the matter left automatic dispatch", async || {
                house += 1;
                let railing = citizen.reports(&words::railing(house)).await;
                let reason = queued(city, &railing).await;
                if reason == Some(v1::QueueReason::Doubt) {
                    Ok(explained(city, &railing).await)
                } else {
                    Err(format!("{reason:?}"))
                }
            })
            .await;
            assert!(reason.reason_en.contains("1 of 10 checked"), "{reason:?}");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finished_like_tickets_is_proposed_for_one_that_the_catalogue_cannot_place() {
    story(async |city| {
        for n in 0..3 {
            let citizen = city.citizen("太叔临川", &format!("1990000091{n}"));
            let railing = citizen.reports(&words::railing(100 + n)).await;
            city.becomes(&railing, State::PendingSign).await;
            city.unit(words::ROADS).await.handles(&railing).await;
            city.becomes(&railing, State::PendingCallback).await;
            citizen.rates(&railing, 1, 1).await;
        }
        city.passes(Span::days(1));
        let unclear = city.citizen("太叔临川", "19900000914").reports(&words::unclear(1)).await;
        waits_as(city, &unclear, v1::QueueReason::UnknownMatter).await;
        let why = eventually(PATIENCE, "yesterday is learned", async || {
            let why = explained(city, &unclear).await;
            if why.candidates.is_empty() { Err(format!("{why:?}")) } else { Ok(why) }
        })
        .await;
        let first = &why.candidates[0];
        assert_eq!((first.unit.as_str(), why.tier), (words::ROADS, Tier::Assisted.number()), "{why:?}");
        assert!(first.chance.is_some_and(|chance| chance > 0.0) && first.reason_zh.contains("历史同类"), "{first:?}");
    })
    .await;
}

/// A unit says that it is not its own, and two people approve.
async fn gives_back(city: &City, case: &Case, unit: &str, to: &str) {
    city.unit(unit).await.asks_to_return(case, to).await;
    city.becomes(case, State::ReturnReview).await;
    let review = v1::ReviewReturnRequest { request_id: city.request(), ticket: case.number.clone(), approve: true };
    city.dispatcher().await.dispatch().review_return(review).await.unwrap();
    let decide = v1::DecideReturnRequest {
        request_id: city.request(),
        ticket: case.number.clone(),
        approve: true,
        ..v1::DecideReturnRequest::default()
    };
    city.second_dispatcher().await.dispatch().decide_return(decide).await.unwrap();
}

/// A dispatcher sends it.
async fn sends(city: &City, case: &Case, lead: &str) {
    let send = v1::DispatchRequest {
        request_id: city.request(),
        ticket: case.number.clone(),
        lead: lead.into(),
        ..v1::DispatchRequest::default()
    };
    city.dispatcher().await.dispatch().dispatch(send).await.unwrap();
    city.becomes(case, State::PendingSign).await;
}

async fn explained(city: &City, case: &Case) -> v1::Explanation {
    let ask = v1::ExplainRequest { ticket: case.number.clone() };
    city.dispatcher().await.dispatch().explain(ask).await.unwrap().into_inner()
}

/// Why it stands in the queue, once it is judged.
async fn queued(city: &City, case: &Case) -> Option<v1::QueueReason> {
    eventually(PATIENCE, "it waits for a person", async || {
        let queue = v1::ListQueueRequest { page_size: 200, ..v1::ListQueueRequest::default() };
        let queue = city.dispatcher().await.dispatch().list_queue(queue).await.unwrap().into_inner();
        let entry = queue.entries.into_iter().find(|e| e.number == case.number);
        entry.map(|e| v1::QueueReason::try_from(e.reason).ok()).ok_or("it is not in the queue")
    })
    .await
}

async fn waits_as(city: &City, case: &Case, reason: v1::QueueReason) {
    assert_eq!(queued(city, case).await, Some(reason));
}
