//! Commands in the wrong state, by the wrong people, on tickets that are not there, and pages of others.

use suban_domain::{ContactOutcome, ReturnReason, State, SurveyMeans};
use suban_proto::v1;
use suban_tests::{City, result, story};
use tonic::Code;

use super::Refusal;
use crate::words;

/// Another number than the ticket's, as somebody mishears it: the last digit before the check character.
fn misheard(number: &str) -> String {
    let mut letters: Vec<char> = number.chars().collect();
    let place = letters.len() - 2;
    letters[place] = if letters[place] == '9' { '0' } else { '9' };
    letters.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_in_the_wrong_state_or_by_the_wrong_people_changes_nothing() {
    story(async |city| {
        let citizen = city.citizen("巫马晓墨", "19900001411");
        let case = citizen.reports(words::RAILING).await;
        city.becomes(&case, State::PendingSign).await;
        city.settles().await;
        let before = city.counts().await;
        let (agent, dispatcher) = (city.agent().await, city.dispatcher().await);
        let (unit, other) = (city.unit(words::ROADS).await, city.unit("YLZX").await);
        let ticket = case.number.clone();
        let sign = |ticket: &str| v1::SignRequest { request_id: city.request(), ticket: ticket.into() };
        let state = |words| Refusal::new(Code::FailedPrecondition, "", words);
        let denied = |words| Refusal::new(Code::PermissionDenied, "", words);

        denied("").is("an agent signs", agent.dispatch().sign(sign(&ticket)).await);
        denied("").is("another unit signs", other.signer.dispatch().sign(sign(&ticket)).await);
        denied("").is("a handler signs", unit.handler.dispatch().sign(sign(&ticket)).await);
        let ask = v1::AcceptResultRequest { request_id: city.request(), ticket: ticket.clone() };
        state("cannot accept the result of").is("no result yet", dispatcher.dispatch().accept_result(ask).await);
        let early = result(city.request(), &case, "已处理完毕,感谢您的监督,欢迎再次来电。");
        state("cannot submit the result of")
            .is("before it is signed", unit.handler.dispatch().submit_result(early).await);
        let empty = result(city.request(), &case, " ");
        Refusal::of("reply", "is empty").is("an empty reply", unit.handler.dispatch().submit_result(empty).await);
        let contact = v1::ContactRequest {
            request_id: city.request(),
            ticket: ticket.clone(),
            outcome: ContactOutcome::Reached.number(),
            text: String::new(),
        };
        state("cannot record a contact on").is("contacted too early", unit.handler.dispatch().contact(contact).await);
        let back = v1::RequestReturnRequest {
            request_id: city.request(),
            ticket: ticket.clone(),
            reason: ReturnReason::NotMyDuty.number(),
            evidence: "不属于本单位职责".into(),
            suggested_unit: String::new(),
        };
        let lost = Refusal::of("suggested_unit", "missing");
        lost.is("whose it is is not said", unit.signer.dispatch().request_return(back.clone()).await);
        let back = v1::RequestReturnRequest { suggested_unit: "NOBODY".into(), request_id: city.request(), ..back };
        let unknown = Refusal::of("suggested_unit", "no unit of the catalogue in force");
        unknown.is("an unknown unit", unit.signer.dispatch().request_return(back).await);
        let send = v1::DispatchRequest {
            request_id: city.request(),
            ticket: ticket.clone(),
            lead: "NOBODY".into(),
            ..Default::default()
        };
        Refusal::of("lead", "units of the catalogue in force")
            .is("sent to nobody", dispatcher.dispatch().dispatch(send).await);
        let survey = v1::RecordSurveyRequest {
            parts: Vec::new(),
            request_id: city.request(),
            ticket: ticket.clone(),
            answers: Some(v1::Answers { solved: Some(1), satisfied: Some(1), ..v1::Answers::default() }),
            means: SurveyMeans::Human.number(),
            comment: String::new(),
        };
        let callback = city.callback().await;
        state("cannot take survey answers on")
            .is("nothing to ask yet", callback.followup().record_survey(survey.clone()).await);
        let nonsense =
            v1::RecordSurveyRequest { answers: Some(v1::Answers { solved: Some(7), ..Default::default() }), ..survey };
        Refusal::of("answers", "script").is("no key of the script", callback.followup().record_survey(nonsense).await);
        let look = v1::RevealRequest { request_id: city.request(), ticket: ticket.clone(), reason: " ".into() };
        let why = Refusal::new(Code::PermissionDenied, "", "needs a reason");
        why.is("a look without a reason", unit.handler.dispatch().reveal(look.clone()).await);
        let look = v1::RevealRequest { reason: "好奇".into(), ..look };
        denied("").is("a look from outside", other.handler.dispatch().reveal(look).await);
        assert_eq!(city.counts().await, before, "nothing is stored");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misheard_an_unknown_and_a_malformed_number_are_told_apart() {
    story(async |city| {
        let case = city.citizen("纳兰景珩", "19900001412").reports(words::RAILING).await;
        city.settles().await;
        let before = city.counts().await;
        let agent = city.agent().await;
        let get = async |ticket: &str| agent.intake().get(v1::GetRequest { ticket: ticket.into() }).await;
        let misheard = misheard(&case.number);
        let check = Refusal::new(Code::InvalidArgument, "", "check character");
        check.is("a misheard number", get(&misheard).await);
        let urge = v1::UrgeRequest { request_id: city.request(), ticket: misheard, text: String::new() };
        check.is("an urge on a misheard number", agent.intake().urge(urge).await);
        for (case, ticket) in [("no number", ""), ("words", "路灯那张单"), ("half a number", "SB2603")] {
            Refusal::new(Code::InvalidArgument, "", "").is(case, get(ticket).await);
        }
        let unknown = suban_domain::TicketNumber::new(26, 3, 9, 4242).to_string();
        Refusal::new(Code::NotFound, "", "ticket").is("a number nobody has", get(&unknown).await);
        let unknown = "019d0000-0000-7000-8000-000000000000";
        Refusal::new(Code::NotFound, "", "ticket").is("an id nobody has", get(unknown).await);
        assert_eq!(city.counts().await, before, "nothing is stored");
    })
    .await;
}

async fn three_cases(city: &City) {
    let citizen = city.citizen("宇文听澜", "19900001413");
    for n in 0..3 {
        let case = citizen.reports(&words::unclear(n)).await;
        suban_tests::eventually(suban_tests::PATIENCE, "it waits in the queue", async || {
            let ask = v1::ListQueueRequest::default();
            let queue = city.dispatcher().await.dispatch().list_queue(ask).await.unwrap().into_inner();
            if queue.entries.iter().any(|e| e.number == case.number) { Ok(()) } else { Err("it does not wait yet") }
        })
        .await;
        let railing = citizen.reports(&words::railing(40 + n)).await;
        city.becomes(&railing, State::PendingSign).await;
        city.unit(words::ROADS).await.handles(&railing).await;
    }
    city.settles().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_turns_the_pages_of_its_own_caller_and_list_alone() {
    story(async |city| {
        three_cases(city).await;
        let (one, two) = (city.dispatcher().await, city.second_dispatcher().await);
        let not_of_this_list = Refusal::of("page_token", "not of this list");

        let list = v1::ListRequest { page_size: 2, ..v1::ListRequest::default() };
        let token = one.intake().list(list.clone()).await.unwrap().into_inner().next_page_token;
        assert!(!token.is_empty());
        let next = v1::ListRequest { page_token: token, ..list };
        not_of_this_list.is("another's list", two.intake().list(next.clone()).await);
        let narrowed = v1::ListRequest { area: "LG01".into(), ..next.clone() };
        not_of_this_list.is("another list", one.intake().list(narrowed).await);
        assert_eq!(one.intake().list(next).await.unwrap().into_inner().tickets.len(), 2);

        let queue = v1::ListQueueRequest { page_size: 1, ..v1::ListQueueRequest::default() };
        let token = one.dispatch().list_queue(queue.clone()).await.unwrap().into_inner().next_page_token;
        let next = v1::ListQueueRequest { page_token: token.clone(), ..queue.clone() };
        not_of_this_list.is("another's queue", two.dispatch().list_queue(next.clone()).await);
        one.dispatch().list_queue(next).await.unwrap();
        let noise = v1::ListQueueRequest { page_token: format!("{token}x"), ..queue };
        not_of_this_list.is("noise behind a token", one.dispatch().list_queue(noise).await);

        let callback = city.callback().await;
        let surveys = v1::ListSurveysRequest {
            due_before: Some(prost_types::Timestamp { seconds: 4_000_000_000, nanos: 0 }),
            page_size: 1,
            ..v1::ListSurveysRequest::default()
        };
        let page = callback.followup().list_surveys(surveys.clone()).await.unwrap().into_inner();
        let next = v1::ListSurveysRequest { page_token: page.next_page_token, ..surveys };
        let qa = city.desk(suban_domain::Role::Qa, "qa-1", None).await;
        not_of_this_list.is("another's surveys", qa.followup().list_surveys(next.clone()).await);
        let second = callback.followup().list_surveys(next).await.unwrap().into_inner();
        assert_ne!(second.surveys[0].number, page.surveys[0].number, "the page turns");
        let large = v1::ListRequest { page_size: 201, ..v1::ListRequest::default() };
        Refusal::of("page_size", "at most 200").is("too large a page", one.intake().list(large).await);
    })
    .await;
}
