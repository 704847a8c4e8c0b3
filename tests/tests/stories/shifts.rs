//! One shift ends and another begins (D§14).

use prost_types::Timestamp;
use suban_domain::{Role, Span, State};
use suban_proto::v1::{self, HandoverKind};
use suban_tests::{PATIENCE, eventually, story};
use tonic::Code;

use crate::words;

/// Forty tickets are open at the end of a shift of the hall: what is claimed and what was promised has one holder at every
/// moment, and after both signatures it is the next shift's.
#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_of_a_shift_everything_that_is_open_has_one_holder() {
    story(async |city| {
        let citizen = city.citizen("慕容清和", "19900000701");
        let mut cases = Vec::new();
        for n in 0..40 {
            cases.push(citizen.reports(&words::unclear(n)).await);
        }
        let (old, new) = (city.dispatcher().await, city.second_dispatcher().await);
        let mine = &cases[..3];
        for case in mine {
            let claim = || v1::ClaimRequest { request_id: city.request(), ticket: case.number.clone() };
            eventually(PATIENCE, "it waits for a person", async || old.dispatch().claim(claim()).await).await;
        }
        let alone = v1::OpenHandoverRequest { request_id: city.request(), incoming: "dispatcher-1".into() };
        let alone = old.dispatch().open_handover(alone).await.unwrap_err();
        assert_eq!(alone.code(), Code::InvalidArgument, "one person cannot sign for both: {alone:?}");
        let open = v1::OpenHandoverRequest { request_id: city.request(), incoming: "dispatcher-2".into() };
        let list = old.dispatch().open_handover(open.clone()).await.unwrap().into_inner();
        let claimed = |list: &v1::Handover| {
            let claims = list.items.iter().filter(|item| item.kind() == HandoverKind::Claimed);
            claims.map(|item| (item.number.clone(), item.from.clone(), item.to.clone())).collect::<Vec<_>>()
        };
        let held = |case: &suban_tests::Case, to: &str| (case.number.clone(), "dispatcher-1".to_owned(), to.to_owned());
        let mut expected: Vec<_> = mine.iter().map(|case| held(case, "dispatcher-2")).collect();
        expected.sort();
        let mut found = claimed(&list);
        found.sort();
        assert_eq!(found, expected);
        assert_eq!(old.dispatch().open_handover(open).await.unwrap().into_inner(), list, "a repeat answers as before");
        let second = v1::OpenHandoverRequest { request_id: city.request(), incoming: "dispatcher-9".into() };
        let second = new.dispatch().open_handover(second).await.unwrap_err();
        assert_eq!(second.code(), Code::AlreadyExists, "{second:?}");

        // A promise, one ticket given to somebody by name, and one more claimed before the signature.
        let promise = v1::PromiseInHandoverRequest {
            request_id: city.request(),
            handover: list.id.clone(),
            ticket: cases[0].number.clone(),
            due: Some(Timestamp { seconds: city.clock.now().micros() / 1_000_000 + 3600, nanos: 0 }),
            text: "已答应慕容清和十点前回电".into(),
        };
        let promised = old.dispatch().promise_in_handover(promise).await.unwrap().into_inner();
        let promise = promised.items.iter().find(|item| item.kind() == HandoverKind::Promise).unwrap();
        assert!(promise.text.contains("十点前回电") && !promise.text.contains("慕容清和"), "{}", promise.text);
        let give = v1::GiveInHandoverRequest {
            request_id: city.request(),
            handover: list.id.clone(),
            ticket: cases[1].number.clone(),
            to: "dispatcher-3".into(),
        };
        old.dispatch().give_in_handover(give).await.unwrap();
        let late = v1::ClaimRequest { request_id: city.request(), ticket: cases[4].number.clone() };
        old.dispatch().claim(late).await.unwrap();

        let sign = || v1::SignHandoverRequest { request_id: city.request(), handover: list.id.clone() };
        let early = new.dispatch().sign_handover(sign()).await.unwrap_err();
        assert_eq!(early.code(), Code::PermissionDenied, "{early:?}");
        let signed = old.dispatch().sign_handover(sign()).await.unwrap().into_inner();
        assert_eq!(claimed(&signed).len(), 4, "what was claimed since stands on the list too");
        let back = v1::SendBackHandoverRequest { request_id: city.request(), handover: list.id.clone() };
        new.dispatch().send_back_handover(back).await.unwrap();
        city.passes(Span::minutes(1));
        old.dispatch().sign_handover(sign()).await.unwrap();
        // Until the second signature the old shift holds them, from then on the new one.
        let mine = async |desk: &suban_tests::Desk| {
            let ask = v1::ListQueueRequest { mine: true, page_size: 200, ..Default::default() };
            desk.dispatch().list_queue(ask).await.unwrap().into_inner().entries.len()
        };
        assert_eq!((mine(&old).await, mine(&new).await), (4, 0));
        let closed = new.dispatch().sign_handover(sign()).await.unwrap().into_inner();
        assert!(closed.incoming_signed_at.is_some());
        assert_eq!((mine(&old).await, mine(&new).await), (0, 3));
        let over = old.dispatch().sign_handover(sign()).await.unwrap_err();
        assert_eq!(over.code(), Code::FailedPrecondition, "{over:?}");
        let unit = city.unit(words::ROADS).await;
        let foreign = v1::SignHandoverRequest { request_id: city.request(), handover: list.id.clone() };
        let foreign = unit.signer.dispatch().sign_handover(foreign).await.unwrap_err();
        assert_eq!(foreign.code(), Code::NotFound, "another shift's: {foreign:?}");
    })
    .await;
}

/// What a unit has not signed is handed over by its own people.
#[tokio::test(flavor = "multi_thread")]
async fn a_unit_hands_over_what_it_has_not_signed() {
    story(async |city| {
        let railing = city.citizen("慕容清和", "19900000711").reports(words::RAILING).await;
        city.becomes(&railing, State::PendingSign).await;
        let [old, new] = ["night", "day"];
        let old = city.desk(Role::UnitSigner, old, Some(words::ROADS)).await;
        let new = city.desk(Role::UnitSigner, new, Some(words::ROADS)).await;
        let open = v1::OpenHandoverRequest { request_id: city.request(), incoming: "day".into() };
        let list = old.dispatch().open_handover(open).await.unwrap().into_inner();
        let items: Vec<_> =
            list.items.iter().map(|item| (item.number.as_str(), item.kind(), item.to.as_str())).collect();
        assert_eq!(items, [(railing.number.as_str(), HandoverKind::Unsigned, "day")]);
        for desk in [&old, &new] {
            let sign = v1::SignHandoverRequest { request_id: city.request(), handover: list.id.clone() };
            desk.dispatch().sign_handover(sign).await.unwrap();
        }
        let last = new.dispatch().list_handovers(v1::ListHandoversRequest {}).await.unwrap().into_inner().handovers;
        assert!(last[0].incoming_signed_at.is_some() && last[0].id == list.id);
    })
    .await;
}
