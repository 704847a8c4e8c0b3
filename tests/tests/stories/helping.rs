//! Others help: residents who take part (群众参与), teams inside a unit, grid workers who look, the upper platform.

use suban_domain::{ExtensionReason, Mode, Role, Span, State, TaskRole, Ticket};
use suban_proto::v1;
use suban_tests::{Case, City, Desk, Plan, Unit, story};
use tonic::Code;

use crate::{
    attachments::{add, telephone},
    words,
};

/// A ticket that a person sent to the roads' unit, to be handled so.
async fn sent(city: &City, n: u32, mode: Mode) -> Case {
    let case = city.citizen("微生望月", &format!("199000007{n:02}")).reports(&words::unclear(n)).await;
    city.until(&case, "is judged", |ticket| ticket.verdict.is_some()).await;
    let send = v1::DispatchRequest {
        request_id: city.request(),
        ticket: case.number.clone(),
        lead: words::ROADS.into(),
        mode: mode.number(),
        ..v1::DispatchRequest::default()
    };
    city.dispatcher().await.dispatch().dispatch(send).await.unwrap();
    city.becomes(&case, State::PendingSign).await;
    case
}

async fn claim(city: &City, who: &Desk, case: &Case) -> Result<(), Code> {
    let ask = v1::ClaimTaskRequest { request_id: city.request(), ticket: case.number.clone() };
    who.dispatch().claim_task(ask).await.map(drop).map_err(|status| status.code())
}

async fn give(city: &City, who: &Desk, case: &Case, file: &str) -> Result<(), String> {
    let photo = v1::PhotoProof { attachment_id: file.into(), ..v1::PhotoProof::default() };
    let ask = v1::GiveEvidenceRequest { request_id: city.request(), ticket: case.number.clone(), photo: Some(photo) };
    who.dispatch().give_evidence(ask).await.map(drop).map_err(|status| status.message().to_owned())
}

async fn attached(who: &Desk, city: &City, case: &Case, bytes: &[u8]) -> String {
    add(who, &city.request(), case, bytes).await.unwrap().attachment.unwrap().attachment_id
}

#[tokio::test(flavor = "multi_thread")]
async fn residents_take_part_until_the_places_are_taken_and_prove_it_with_a_photograph() {
    story(async |city| {
        let case = sent(city, 1, Mode::Citizen).await;
        let unit = city.unit(words::ROADS).await;
        unit.signs(&case).await;
        let volunteer = city.desk(Role::Verifier, "volunteer-1", None).await;
        assert_eq!(claim(city, &volunteer, &case).await, Err(Code::InvalidArgument), "nothing is published yet");
        let ask = v1::PublishTaskRequest {
            request_id: city.request(),
            ticket: case.number.clone(),
            places: 1,
            text: "请志愿者清点潮音路破损护栏,并拍照。".into(),
        };
        unit.handler().dispatch().publish_task(ask.clone()).await.unwrap();
        assert!(unit.handler().dispatch().publish_task(ask).await.unwrap().into_inner().repeated);
        claim(city, &volunteer, &case).await.unwrap();
        let late = city.desk(Role::Verifier, "volunteer-2", None).await;
        assert_eq!(claim(city, &late, &case).await, Err(Code::FailedPrecondition), "the list is full");

        let paper = attached(&volunteer, city, &case, b"%PDF-1.4\n%%EOF\n").await;
        let refused = give(city, &volunteer, &case, &paper).await.unwrap_err();
        assert!(refused.contains("no photograph of this ticket"), "{refused}");
        let photo = attached(&volunteer, city, &case, &telephone(7)).await;
        let refused = give(city, &late, &case, &photo).await.unwrap_err();
        assert!(refused.contains("has not claimed a place"), "{refused}");
        give(city, &volunteer, &case, &photo).await.unwrap();
        let confirm = v1::ConfirmEvidenceRequest {
            request_id: city.request(),
            ticket: case.number.clone(),
            person: "volunteer-1".into(),
        };
        unit.handler().dispatch().confirm_evidence(confirm).await.unwrap();
        let took_part = city.ticket(&case).await.participation.unwrap();
        assert_eq!((took_part.evidence, took_part.confirmed), (1, 1));
        unit.does_again(&case).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_gives_the_work_to_its_own_team_and_to_no_other() {
    story(async |city| {
        let case = city.citizen("淳于既白", "19900000711").reports(&words::unclear(11)).await;
        city.until(&case, "is judged", |ticket| ticket.verdict.is_some()).await;
        let send = v1::DispatchRequest {
            request_id: city.request(),
            ticket: case.number.clone(),
            lead: "JD01".into(),
            ..v1::DispatchRequest::default()
        };
        city.dispatcher().await.dispatch().dispatch(send).await.unwrap();
        city.becomes(&case, State::PendingSign).await;
        let street = city.unit("JD01").await;
        street.signs(&case).await;
        let to = |team: &str| v1::SubDispatchRequest {
            request_id: city.request(),
            ticket: case.number.clone(),
            team: team.into(),
        };
        let others = street.signer.dispatch().sub_dispatch(to("JD02-ZF")).await.unwrap_err();
        assert_eq!(others.code(), Code::InvalidArgument, "{others:?}");
        street.signer.dispatch().sub_dispatch(to("JD01-ZF")).await.unwrap();
        let ticket = city.ticket(&case).await;
        let team = ticket.tasks.iter().find(|task| task.role == TaskRole::Inner).unwrap();
        assert_eq!((team.unit.as_str(), team.within.as_ref().unwrap().as_str()), ("JD01-ZF", "JD01"));
        let inbox = city.unit("JD01-ZF").await.inbox().await;
        assert_eq!(inbox, std::slice::from_ref(&case.number), "the team sees it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_reported_done_is_looked_at_on_the_spot_first() {
    let plan = Plan { settings: vec![("SUBAN_LIMITS__VERIFY_RESULTS", "true".into())], ..Plan::default() };
    plan.story(async |city| {
        let case = city.citizen("濮阳若木", "19900000721").reports(words::RAILING).await;
        city.becomes(&case, State::PendingSign).await;
        let unit = city.unit(words::ROADS).await;
        let reply = "潮音路12号附近的护栏已于3月10日派人修复,并检查了整段路。";
        unit.signs(&case).await;
        unit.contacts(&case).await;
        unit.hands_in(&case, reply).await;
        city.becomes(&case, State::PendingVerify).await;
        let grid = city.desk(Role::Verifier, "grid-1", None).await;
        let photo = attached(&grid, city, &case, &telephone(8)).await;
        let look = async |ok: bool| {
            let photo = Some(v1::PhotoProof { attachment_id: photo.clone(), ..v1::PhotoProof::default() });
            let ask = v1::VerifyResultRequest { request_id: city.request(), ticket: case.number.clone(), ok, photo };
            grid.dispatch().verify_result(ask).await.unwrap();
        };
        look(false).await;
        let again = city.becomes(&case, State::Redo).await;
        assert_eq!(again.redo_round, 1, "虚假办结 is done again");
        city.passes(Span::hours(1));
        unit.contacts(&case).await;
        unit.hands_in(&case, reply).await;
        city.becomes(&case, State::PendingVerify).await;
        look(true).await;
        city.becomes(&case, State::PendingCallback).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_upper_platform_refuses_to_take_it_back_once_and_for_all() {
    story(async |city| {
        let citizen = city.citizen("申屠含章", "19900000731");
        let upstream = v1::UpstreamRef { system: "city-12345".into(), number: "U-1".into(), due: None, round: 0 };
        let demand = v1::SubmitRequest { upstream: Some(upstream), ..citizen.demand(&words::unclear(31)) };
        let case = citizen.sends(demand).await;
        city.until(&case, "is judged", |ticket| ticket.verdict.is_some()).await;
        let back = || v1::ReturnUpstreamRequest {
            request_id: city.request(),
            ticket: case.number.clone(),
            reason: "不属于本区管辖,请转邻区。".into(),
        };
        let dispatcher = city.dispatcher().await;
        dispatcher.dispatch().return_upstream(back()).await.unwrap();
        city.becomes(&case, State::ReturnedUpstream).await;
        let decides = v1::DecideUpstreamRequest {
            request_id: city.request(),
            ticket: case.number.clone(),
            decision: v1::UpstreamDecision::ReturnRefused as i32,
        };
        assert_eq!(
            dispatcher.dispatch().decide_upstream(decides.clone()).await.unwrap_err().code(),
            Code::PermissionDenied,
            "nobody of ours speaks for the upper platform"
        );
        city.bot().await.dispatch().decide_upstream(decides).await.unwrap();
        let here = city.becomes(&case, State::PendingDispatch).await;
        assert!(here.upstream_refused);
        let again = dispatcher.dispatch().return_upstream(back()).await.unwrap_err();
        assert_eq!(again.code(), Code::FailedPrecondition, "{again:?}");
    })
    .await;
}

async fn asks_for_time(city: &City, unit: &Unit<'_>, case: &Case) -> Result<(), String> {
    let lead = city.desk(Role::UnitLead, "roads-lead", Some(&unit.code)).await;
    let ask = v1::RequestExtensionRequest {
        request_id: city.request(),
        ticket: case.number.clone(),
        reason: ExtensionReason::ALL[0].number(),
        by: Some(prost_types::Duration { seconds: 24 * 3600, nanos: 0 }),
        note: String::new(),
    };
    lead.dispatch().request_extension(ask).await.map(drop).map_err(|status| status.message().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_s_extensions_of_a_quarter_are_counted() {
    let plan = Plan { settings: vec![("SUBAN_LIMITS__EXTENSIONS_A_QUARTER", "1".into())], ..Plan::default() };
    plan.story(async |city| {
        let unit = city.unit(words::ROADS).await;
        let (first, second) = (sent(city, 41, Mode::General).await, sent(city, 42, Mode::General).await);
        for case in [&first, &second] {
            unit.signs(case).await;
        }
        asks_for_time(city, &unit, &first).await.unwrap();
        city.settles().await;
        let refused = asks_for_time(city, &unit, &second).await.unwrap_err();
        assert!(refused.contains("quota"), "{refused}");
        // What is denied does not count.
        let supervisor = city.desk(Role::Supervisor, "supervisor-1", None).await;
        let review =
            v1::ReviewExtensionRequest { request_id: city.request(), ticket: first.number.clone(), grant: false };
        city.dispatcher().await.dispatch().review_extension(review).await.unwrap();
        let deny =
            v1::DecideExtensionRequest { request_id: city.request(), ticket: first.number.clone(), grant: false };
        supervisor.dispatch().decide_extension(deny).await.unwrap();
        city.settles().await;
        asks_for_time(city, &unit, &second).await.unwrap();
    })
    .await;
}

/// Five neighbours about one railing.
async fn neighbours(city: &City, first: u32) -> Vec<Case> {
    let mut cases = Vec::new();
    for n in 0..5 {
        let person = city.citizen("颛孙有仪", &format!("1990000{:04}", 800 + first + n));
        cases.push(person.reports(words::RAILING).await);
    }
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn where_enough_of_a_group_are_unhappy_the_work_is_done_again_for_them() {
    story(async |city| {
        let cases = neighbours(city, 0).await;
        let (master, members) = cases.split_first().unwrap();
        for member in members {
            city.becomes(member, State::MergedMember).await;
        }
        city.becomes(master, State::PendingSign).await;
        let unit = city.unit(words::ROADS).await;
        unit.handles(master).await;
        for member in members {
            city.becomes(member, State::PendingCallback).await;
        }
        city.settles().await;
        let callback = city.callback().await;
        let says = async |case: &Case, satisfied: u32| {
            let ask = v1::RecordSurveyRequest {
                request_id: city.request(),
                ticket: case.number.clone(),
                answers: Some(v1::Answers { satisfied: Some(satisfied), ..v1::Answers::default() }),
                means: v1::SurveyMeans::Human as i32,
                ..v1::RecordSurveyRequest::default()
            };
            callback.followup().record_survey(ask).await.unwrap();
        };
        says(&members[0], 1).await;
        says(&members[1], 1).await;
        says(&members[2], 5).await;
        // One of three is more than the 30 % of M5.
        let again = city.becomes(master, State::Redo).await;
        assert_eq!(again.redo_round, 1);
        city.becomes(&members[2], State::Redo).await;
        city.passes(Span::hours(1));
        unit.does_again(master).await;
        let told: Ticket = city.becomes(&members[2], State::PendingCallback).await;
        let now = city.ticket(master).await;
        assert!(told.copied_reply.is_some_and(|(_, version)| version <= now.version && version > again.version));
        assert_eq!(city.ticket(&members[0]).await.state, State::Closed, "who was content is not told again");
        city.settles().await;
        says(&members[2], 1).await;
        city.becomes(&members[2], State::Closed).await;
        city.settles().await;
        assert_eq!(city.ticket(master).await.redo_round, 1, "what was said of the first answer does not count again");
    })
    .await;
}
