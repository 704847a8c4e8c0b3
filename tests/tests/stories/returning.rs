//! Not ours: a return, its two reviews, and the way to who it is (F14–F16).

use suban_domain::{Span, State, Tier, Timer};
use suban_proto::v1;
use suban_tests::story;

use crate::words;

#[tokio::test(flavor = "multi_thread")]
async fn a_returned_ticket_goes_through_two_reviews_and_a_person_to_the_right_unit_and_keeps_its_promise() {
    story(async |city| {
        let citizen = city.citizen("濮阳晓墨", "19900000401");
        let railing = citizen.reports(words::RAILING).await;
        let sent = city.becomes(&railing, State::PendingSign).await;
        let promised = sent.dues.get(&Timer::Promise).copied();
        assert!(promised.is_some(), "{:?}", sent.dues);
        city.passes(Span::minutes(30));
        let wrong = city.unit(words::ROADS).await;
        wrong.asks_to_return(&railing, "YLZX").await;
        city.becomes(&railing, State::ReturnReview).await;

        // Two people look at it, and not twice the same.
        let (first, second) = (city.dispatcher().await, city.second_dispatcher().await);
        let review =
            v1::ReviewReturnRequest { request_id: city.request(), ticket: railing.number.clone(), approve: true };
        first.dispatch().review_return(review).await.unwrap();
        let decide = v1::DecideReturnRequest {
            request_id: city.request(),
            ticket: railing.number.clone(),
            approve: true,
            ..v1::DecideReturnRequest::default()
        };
        let refused = first.dispatch().decide_return(decide.clone()).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::PermissionDenied, "{refused:?}");
        second.dispatch().decide_return(decide).await.unwrap();
        let back = city.becomes(&railing, State::PendingDispatch).await;
        assert_eq!(back.return_count, 1);
        assert!(wrong.inbox().await.is_empty());

        // No machine sends it again: it waits for a person, and says why.
        suban_tests::eventually(suban_tests::PATIENCE, "it waits as returned", async || {
            let queue = first.dispatch().list_queue(v1::ListQueueRequest::default()).await.unwrap().into_inner();
            let reason = queue.entries.iter().find(|e| e.number == railing.number).map(|e| e.reason);
            if reason == Some(v1::QueueReason::Returned as i32) { Ok(()) } else { Err(format!("{reason:?}")) }
        })
        .await;
        let ask = v1::ClaimNextRequest { request_id: city.request(), ..v1::ClaimNextRequest::default() };
        let claimed = first.dispatch().claim_next(ask).await.unwrap().into_inner().entry.unwrap();
        assert_eq!((claimed.number.as_str(), claimed.claimed_by.as_str()), (railing.number.as_str(), "dispatcher-1"));
        let send = v1::DispatchRequest {
            request_id: city.request(),
            ticket: railing.number.clone(),
            lead: "YLZX".into(),
            ..v1::DispatchRequest::default()
        };
        first.dispatch().dispatch(send).await.unwrap();
        let sent = city.becomes(&railing, State::PendingSign).await;
        assert_eq!((sent.tier, sent.lead().unwrap().unit.as_str()), (Some(Tier::Manual), "YLZX"));
        assert_eq!(sent.dues.get(&Timer::Promise).copied(), promised, "the citizen's date does not move");
        let right = city.unit("YLZX").await;
        right.handles(&railing).await;
        citizen.rates(&railing, 1, 1).await;
        city.becomes(&railing, State::Closed).await;
    })
    .await;
}
