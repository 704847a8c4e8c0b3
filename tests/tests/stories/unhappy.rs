//! The citizen says it is not solved (F31, F34).

use suban_domain::{Ending, Span, State};
use suban_proto::v1;
use suban_tests::story;

use crate::words;

#[tokio::test(flavor = "multi_thread")]
async fn an_unhappy_citizen_gets_a_redo_then_a_supervised_redo_and_then_a_closing() {
    story(async |city| {
        let citizen = city.citizen("纳兰望舒", "19900000501");
        let railing = citizen.reports(words::RAILING).await;
        city.becomes(&railing, State::PendingSign).await;
        let unit = city.unit(words::ROADS).await;
        unit.handles(&railing).await;
        city.passes(Span::hours(3));
        citizen.rates(&railing, 3, 4).await;

        let again = city.becomes(&railing, State::Redo).await;
        assert_eq!((again.redo_round, again.lead().unwrap().unit.as_str()), (1, words::ROADS), "the same unit");
        city.passes(Span::hours(1));
        unit.does_again(&railing).await;
        city.passes(Span::hours(3));
        citizen.rates(&railing, 3, 5).await;

        let again = city.becomes(&railing, State::SupervisedRedo).await;
        assert_eq!(again.redo_round, 2);
        city.passes(Span::hours(1));
        unit.does_again(&railing).await;
        city.passes(Span::hours(3));
        citizen.rates(&railing, 1, 2).await;
        let closed = city.becomes(&railing, State::Closed).await;
        assert_eq!(closed.ending, Some(Ending::Satisfied));
        let facts = city.facts(railing.id).await;
        assert_eq!(facts.iter().filter(|f| **f == "survey_answered").count(), 3, "{facts:?}");
    })
    .await;
}

/// Courtesies are no answer: a person reads them, sees why, and sends them back; what says what was done is accepted.
#[tokio::test(flavor = "multi_thread")]
async fn a_reply_of_courtesies_waits_for_a_person_and_is_written_again() {
    story(async |city| {
        let railing = city.citizen("呼延既明", "19900000502").reports(words::RAILING).await;
        city.becomes(&railing, State::PendingSign).await;
        let unit = city.unit(words::ROADS).await;
        unit.signs(&railing).await;
        unit.contacts(&railing).await;
        let (handler, dispatcher) = (unit.handler(), city.dispatcher().await);
        let check = |reply: &str| v1::CheckReplyRequest { ticket: railing.number.clone(), reply: reply.into() };
        let early = handler.dispatch().check_reply(check("")).await.unwrap_err();
        assert_eq!(early.code(), tonic::Code::FailedPrecondition, "nothing was submitted yet");

        // The unit may look before it submits.
        let empty = "您好,您的诉求已收悉,感谢您的来电,谢谢您的支持!";
        let found = handler.dispatch().check_reply(check(empty)).await.unwrap().into_inner();
        assert!(found.needs_a_person, "{found:?}");
        unit.hands_in(&railing, empty).await;
        city.becomes(&railing, State::CloseReview).await;
        city.settles().await;
        let shown = dispatcher.dispatch().check_reply(check("")).await.unwrap().into_inner();
        let template = &shown.findings[0];
        assert_eq!((template.rule.as_str(), template.severity.as_str()), ("template", "blocks"), "{shown:?}");
        assert!(!template.zh.is_empty() && !template.en.is_empty());
        let back = v1::RejectResultRequest {
            request_id: city.request(),
            ticket: railing.number.clone(),
            findings: vec![template.rule.clone()],
            note: String::new(),
        };
        dispatcher.dispatch().reject_result(back).await.unwrap();
        city.becomes(&railing, State::Handling).await;
        let honest = "潮音路12号附近的护栏已于3月10日派人修复,并检查了整段路。";
        assert!(!handler.dispatch().check_reply(check(honest)).await.unwrap().into_inner().needs_a_person);
        unit.hands_in(&railing, honest).await;
        city.becomes(&railing, State::PendingCallback).await;

        let citizen = city.desk(suban_domain::Role::Analyst, "analyst-1", None).await;
        let long = citizen.dispatch().check_reply(check(&"长".repeat(20_001))).await.unwrap_err();
        assert_eq!(long.code(), tonic::Code::InvalidArgument);
    })
    .await;
}

/// The same matter again, by telephone, after the closing (D2): a dispatcher has it done again.
#[tokio::test(flavor = "multi_thread")]
async fn a_closed_ticket_is_done_again_when_a_dispatcher_says_that_it_came_back() {
    story(async |city| {
        let citizen = city.citizen("宰父元吉", "19900000503");
        let railing = citizen.reports(words::RAILING).await;
        city.becomes(&railing, State::PendingSign).await;
        city.unit(words::ROADS).await.handles(&railing).await;
        citizen.rates(&railing, 1, 2).await;
        city.becomes(&railing, State::Closed).await;
        city.passes(Span::days(6));
        let ask = |reason: &str| v1::ReopenRequest {
            request_id: city.request(),
            ticket: railing.number.clone(),
            reason: reason.into(),
        };
        let dispatcher = city.dispatcher().await;
        let silent = dispatcher.followup().reopen(ask(" ")).await.unwrap_err();
        assert_eq!(silent.code(), tonic::Code::InvalidArgument);
        let agent = city.agent().await.followup().reopen(ask("护栏又倒了")).await.unwrap_err();
        assert_eq!(agent.code(), tonic::Code::PermissionDenied);
        dispatcher.followup().reopen(ask("来电人称护栏又倒了")).await.unwrap();
        let again = city.becomes(&railing, State::Redo).await;
        assert_eq!(again.redo_round, 1);
    })
    .await;
}
