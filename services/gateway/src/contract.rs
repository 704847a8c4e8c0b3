//! Tests: the OpenAPI document is true, and whatever is wrong with a request is told as the contract says.

use std::collections::BTreeSet;

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{Request, StatusCode},
};
use serde_json::{Map, Value, json};
use suban_domain::{
    ContactOutcome, Demand, DuplicateClass, Finding, Kind, Outcome, ReplyMeans, ReturnReason, SiteVisit, TaskState,
    Urgency,
};
use suban_proto::v1;
use suban_runtime::{Clock, Secret, Settings, errors::Problem};
use tower::ServiceExt as _;

use crate::{
    Peers, attachments, bulk, hall, handover, merging, oversight, peers::City, queue, rest, router, search, shown, ways,
};

fn document() -> Value {
    serde_json::from_str(include_str!("openapi.json")).unwrap()
}

/// The gateway before services that are not there.
async fn gateway() -> Router {
    let closed = ["INTAKE", "DEDUP", "DISPATCH", "FOLLOWUP", "SCORING"]
        .map(|name| (format!("SUBAN_PEERS__{name}"), "http://127.0.0.1:1".to_owned()));
    let limits = [("MESSAGE_BYTES", "65536"), ("WORDS_CHARS", "10000")]
        .map(|(name, value)| (format!("SUBAN_LIMITS__{name}"), value.to_owned()));
    let settings = Settings::from_layers(None, closed.into_iter().chain(limits)).unwrap();
    router(Peers::new(&settings, Secret::new("own"), Clock::system()).await.unwrap(), &settings.limits)
}

struct Told {
    status: StatusCode,
    kind: String,
    body: Vec<u8>,
    headers: axum::http::HeaderMap,
}

async fn ask(method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Told {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = gateway().await.oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let kind = parts.headers.get("content-type").map_or("", |v| v.to_str().unwrap()).to_owned();
    let body = to_bytes(body, usize::MAX).await.unwrap().into();
    Told { status: parts.status, kind, body, headers: parts.headers }
}

/// Posts to a handler's path and expects a problem with this status.
async fn refused(method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>, status: u16) -> Problem {
    let told = ask(method, path, headers, body).await;
    let text = String::from_utf8_lossy(&told.body).into_owned();
    assert_eq!((told.status.as_u16(), told.kind.as_str()), (status, "application/problem+json"), "{text}");
    let problem: Problem = serde_json::from_slice(&told.body).unwrap();
    assert_eq!(problem.status, status);
    assert!(!problem.detail.is_empty(), "a refusal says what would help");
    problem
}

const JSON: (&str, &str) = ("content-type", "application/json");
const TOKEN: (&str, &str) = ("authorization", "Bearer 0123456789012345678901234567890123456789012");
const SIGN: &str = "/api/v1/tickets/SB261124000042X/sign";

#[test]
fn the_document_lists_exactly_the_routes() {
    // Each route stands on a line of its own: `.route("/path", get(handler))`.
    let files = [
        include_str!("rest.rs"),
        include_str!("hall.rs"),
        include_str!("queue.rs"),
        include_str!("handover.rs"),
        include_str!("merging.rs"),
        include_str!("bulk.rs"),
        include_str!("ways.rs"),
        include_str!("oversight.rs"),
    ];
    let routes: BTreeSet<(String, String)> = files
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| {
            let (path, rest) = line.trim().strip_prefix(".route(\"")?.split_once("\", ")?;
            Some((path.to_owned(), rest.split('(').next()?.to_owned()))
        })
        .collect();
    let document = document();
    let listed: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(move |m| (path.clone(), m.clone())))
        .collect();
    assert!(routes.len() > 5, "routes were not found");
    assert_eq!(routes, listed);
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    let document = document();
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        if let Some(at) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(at.strip_prefix('#').unwrap()).is_some(), "{at} is not there");
        }
        open.extend(value.as_object().into_iter().flat_map(Map::values));
        open.extend(value.as_array().into_iter().flatten());
    }
}

/// Does a body of this shape parse into what the handler takes?
fn holds<T: serde::de::DeserializeOwned>(path: &str) {
    let document = document();
    let content = &document["paths"][path]["post"]["requestBody"]["content"]["application/json"];
    let name = content["schema"]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
    let schema = &document["components"]["schemas"][name];
    let example = content["example"].as_object().unwrap();
    let parses = |body: Map<String, Value>| serde_json::from_value::<T>(Value::Object(body)).is_ok();
    assert!(parses(example.clone()), "the example of {path} does not parse");
    let told: BTreeSet<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(told, example.keys().collect(), "the example of {path} shows every field");
    let required: Vec<&str> = schema["required"].as_array().unwrap().iter().map(|r| r.as_str().unwrap()).collect();
    for field in example.keys() {
        let mut without = example.clone();
        without.remove(field);
        assert_eq!(!parses(without), required.contains(&field.as_str()), "{path}: is {field} required?");
    }
    let mut more = example.clone();
    more.insert("surprise".into(), json!(1));
    assert!(!parses(more), "{path} takes fields that the document does not know");
}

#[test]
fn every_body_of_the_document_is_the_one_that_is_taken() {
    holds::<rest::Sign>("/api/v1/tickets/{number}/sign");
    holds::<rest::Reveal>("/api/v1/tickets/{number}/reveal");
    holds::<rest::Contact>("/api/v1/tickets/{number}/contact");
    holds::<rest::Submit>("/api/v1/tickets/{number}/result");
    holds::<rest::Return>("/api/v1/tickets/{number}/return");
    holds::<hall::Lookup>("/api/v1/callers/lookup");
    holds::<hall::Read>("/api/v1/drafts/read");
    holds::<hall::Judge>("/api/v1/drafts/judge");
    holds::<hall::Unit>("/api/v1/drafts/unit");
    holds::<hall::Register>("/api/v1/tickets");
    holds::<hall::Urge>("/api/v1/tickets/{number}/urge");
    holds::<hall::Supplement>("/api/v1/tickets/{number}/supplement");
    holds::<hall::Accept>("/api/v1/tickets/{number}/accept");
    holds::<queue::Next>("/api/v1/queue/next");
    holds::<rest::Sign>("/api/v1/tickets/{number}/claim");
    holds::<rest::Sign>("/api/v1/tickets/{number}/release");
    holds::<queue::Dispatch>("/api/v1/tickets/{number}/dispatch");
    holds::<queue::DecidePart>("/api/v1/tickets/{number}/part");
    holds::<queue::ReviewReturn>("/api/v1/tickets/{number}/return/review");
    holds::<queue::DecideReturn>("/api/v1/tickets/{number}/return/decide");
    holds::<queue::CheckReply>("/api/v1/tickets/{number}/reply/check");
    holds::<rest::Sign>("/api/v1/tickets/{number}/result/accept");
    holds::<queue::RejectResult>("/api/v1/tickets/{number}/result/reject");
    holds::<handover::Begin>("/api/v1/handovers");
    holds::<handover::Promise>("/api/v1/handovers/{id}/promise");
    holds::<handover::Give>("/api/v1/handovers/{id}/give");
    holds::<rest::Sign>("/api/v1/handovers/{id}/sign");
    holds::<rest::Sign>("/api/v1/handovers/{id}/back");
    holds::<merging::Merge>("/api/v1/tickets/{number}/merge");
    holds::<merging::Distinct>("/api/v1/tickets/{number}/distinct");
    holds::<merging::Unmerge>("/api/v1/tickets/{number}/unmerge");
    for act in ["sign", "urge", "result/accept"] {
        holds::<bulk::Bulk>(&format!("/api/v1/bulk/{act}"));
    }
    holds::<bulk::BulkDispatch>("/api/v1/bulk/dispatch");
    holds::<search::Search>("/api/v1/search");
    holds::<oversight::Look>("/api/v1/tickets/{number}/file");
}

#[test]
fn every_other_way_of_working_is_told_as_it_is_taken() {
    holds::<ways::Feedback>("/api/v1/tickets/{number}/feedback");
    holds::<ways::Team>("/api/v1/tickets/{number}/team");
    holds::<ways::Assist>("/api/v1/tickets/{number}/assist");
    holds::<ways::AskExtension>("/api/v1/tickets/{number}/extension");
    holds::<ways::ReviewExtension>("/api/v1/tickets/{number}/extension/review");
    holds::<ways::DecideExtension>("/api/v1/tickets/{number}/extension/decide");
    holds::<ways::Suspend>("/api/v1/tickets/{number}/suspend");
    holds::<ways::Resume>("/api/v1/tickets/{number}/resume");
    holds::<ways::Recall>("/api/v1/tickets/{number}/recall");
    holds::<ways::Escalate>("/api/v1/tickets/{number}/dispute");
    holds::<ways::Opinion>("/api/v1/tickets/{number}/dispute/opinion");
    holds::<ways::Interim>("/api/v1/tickets/{number}/dispute/interim");
    holds::<ways::Rule>("/api/v1/tickets/{number}/dispute/rule");
    holds::<ways::Unlock>("/api/v1/tickets/{number}/return/unlock");
    holds::<ways::Order>("/api/v1/tickets/{number}/order");
    holds::<ways::ReleaseOrder>("/api/v1/tickets/{number}/order/release");
    holds::<ways::PublishTask>("/api/v1/tickets/{number}/task");
    holds::<ways::ClaimTask>("/api/v1/tickets/{number}/task/claim");
    holds::<ways::GiveEvidence>("/api/v1/tickets/{number}/task/evidence");
    holds::<ways::ConfirmEvidence>("/api/v1/tickets/{number}/task/confirm");
    holds::<ways::Verify>("/api/v1/tickets/{number}/verify");
    holds::<ways::ReturnUpstream>("/api/v1/tickets/{number}/upstream/return");
    holds::<ways::DecideUpstream>("/api/v1/tickets/{number}/upstream/decide");
    holds::<ways::Split>("/api/v1/tickets/{number}/split");
}

#[test]
fn every_code_of_the_document_is_one_of_the_domain() {
    let document = document();
    let listed =
        |at: &str| -> Vec<String> { serde_json::from_value(document.pointer(at).unwrap()["enum"].clone()).unwrap() };
    let of = |schema: &str, field: &str| listed(&format!("/components/schemas/{schema}/properties/{field}"));
    fn codes<T: ToString>(all: &[T]) -> Vec<String> {
        all.iter().map(ToString::to_string).collect()
    }
    assert_eq!(of("Contact", "outcome"), codes(ContactOutcome::ALL));
    assert_eq!(of("Submit", "finding"), codes(Finding::ALL));
    assert_eq!(of("Submit", "demand"), codes(Demand::ALL));
    assert_eq!(of("Submit", "outcome"), codes(Outcome::ALL));
    assert_eq!(of("Submit", "site_visit"), codes(SiteVisit::ALL));
    assert_eq!(of("Submit", "reply_means"), codes(ReplyMeans::ALL));
    assert_eq!(of("Return", "reason"), codes(ReturnReason::ALL));
    for body in ["Register", "Accept"] {
        assert_eq!(of(body, "kind"), codes(Kind::ALL));
    }
    for body in ["Register", "Next"] {
        assert_eq!(of(body, "urgency"), codes(Urgency::ALL));
    }
    assert_eq!(of("Merge", "class"), codes(DuplicateClass::ALL));
    assert_eq!(listed("/paths/~1api~1v1~1inbox/get/parameters/2/schema"), codes(TaskState::ALL));
    let urgency = &document["components"]["schemas"]["InboxEntry"]["properties"]["urgency"]["description"];
    assert!(codes(Urgency::ALL).iter().all(|code| urgency.as_str().unwrap().contains(code)));
}

#[test]
fn every_answer_has_the_fields_of_the_document() {
    let document = document();
    let same = |schema: &str, answer: &Value| {
        let told: BTreeSet<&String> =
            document["components"]["schemas"][schema]["properties"].as_object().unwrap().keys().collect();
        assert_eq!(told, answer.as_object().unwrap().keys().collect(), "{schema}");
    };
    let city = City { name: "city".into(), zone_name: "UTC".into(), zone: jiff::tz::TimeZone::UTC };
    let live = shown::live(
        &v1::LiveReply {
            by_channel: vec![v1::LiveCount::default()],
            stages: vec![v1::StageQueue::default()],
            late_soon: vec![v1::LateSoon::default()],
            by_unit: vec![v1::LiveRow { on_time: Some(v1::Rate { count: 1.0, of: 2.0 }), ..v1::LiveRow::default() }],
            lag: vec![v1::GroupLag::default()],
            ..v1::LiveReply::default()
        },
        &city,
    );
    same("Live", &live);
    same("Count", &live["by_channel"][0]);
    same("Stage", &live["stages"][0]);
    same("LateSoon", &live["late_soon"][0]);
    same("Row", &live["by_unit"][0]);
    same("Rate", &live["by_unit"][0]["on_time"]);
    same("Lag", &live["lag"][0]);
    same("InboxEntry", &shown::inbox_entry(&v1::InboxEntry::default()));
    let ticket = shown::ticket(&v1::TicketView {
        tasks: vec![v1::TaskView::default()],
        clocks: vec![v1::ClockView::default()],
        result: Some(v1::ResultView::default()),
        ..v1::TicketView::default()
    });
    same("Ticket", &ticket);
    same("Task", &ticket["tasks"][0]);
    same("RunningClock", &ticket["clocks"][0]);
    same("Result", &ticket["result"]);
    same("Done", &serde_json::to_value(rest::Done::from(v1::CommandReply::default())).unwrap());
    same("Revealed", &serde_json::to_value(rest::Revealed::from(v1::RevealReply::default())).unwrap());
    same("Attachment", &shown::attachment(&v1::Attachment::default()));
    same("Added", &serde_json::to_value(attachments::Added::from(v1::AddAttachmentReply::default())).unwrap());
    same("Listed", &serde_json::to_value(attachments::Listed::from(&v1::ListAttachmentsReply::default())).unwrap());
    same("Linked", &serde_json::to_value(attachments::Linked::from(v1::AttachmentLink::default())).unwrap());
    same("InboxPage", &serde_json::to_value(rest::InboxPage::from(&v1::InboxReply::default())).unwrap());
    the_hall_s_answers(same);
    let found = v1::SearchReply { hits: vec![v1::SearchHit::default()], ..v1::SearchReply::default() };
    let found = search::page(&found);
    same("SearchPage", &found);
    same("SearchHit", &found["hits"][0]);
    let proposal = v1::SplitProposal { parts: vec![v1::ProposedPart::default()] };
    let proposal = ways::proposed(&proposal);
    same("SplitProposal", &proposal);
    same("ProposedPart", &proposal["parts"][0]);
    same("Parted", &ways::parted(v1::SplitReply::default()));
    let reports = v1::ListFlashesReply { flashes: vec![v1::Flash::default()], ..v1::ListFlashesReply::default() };
    let reports = shown::oversight::flashes(&reports);
    same("FlashPage", &reports);
    same("Flash", &reports["flashes"][0]);
    let like = v1::ListClustersReply { clusters: vec![v1::Cluster::default()], ..v1::ListClustersReply::default() };
    let like = shown::oversight::clusters(&like);
    same("ClusterPage", &like);
    same("Cluster", &like["clusters"][0]);
    same("WholeFile", &serde_json::to_value(oversight::WholeFile::from(v1::GetFileReply::default())).unwrap());
    let problem = Problem::from(suban_runtime::errors::invalid("x", "y"));
    let known = &document["components"]["schemas"]["Problem"]["properties"];
    assert!(serde_json::to_value(problem).unwrap().as_object().unwrap().keys().all(|field| known.get(field).is_some()));
}

fn the_hall_s_answers(same: impl Fn(&str, &Value)) {
    let caller = v1::LookupCallerReply { open: vec![v1::TicketLine::default()], ..v1::LookupCallerReply::default() };
    let caller = shown::desk::caller(&caller);
    same("Caller", &caller);
    same("TicketLine", &caller["open"][0]);
    same("Draft", &shown::desk::draft(&v1::Draft::default()));
    let candidate = v1::Candidate { reasons: vec![v1::Reason::default()], ..v1::Candidate::default() };
    let judged = shown::desk::judged(&v1::JudgeReply {
        candidates: vec![candidate.clone()],
        events: vec![v1::MassEvent::default()],
        ..v1::JudgeReply::default()
    });
    same("Judged", &judged);
    same("Candidate", &judged["candidates"][0]);
    same("Reason", &judged["candidates"][0]["reasons"][0]);
    same("StandingEvent", &judged["events"][0]);
    let event = v1::MassEvent { streets: vec![v1::StreetSites::default()], ..v1::MassEvent::default() };
    let running = shown::events::running(&v1::ListMassEventsReply { events: vec![event], ..Default::default() });
    same("MassEvents", &running);
    same("MassEvent", &running["events"][0]);
    same("StreetSites", &running["events"][0]["streets"][0]);
    let why = v1::Explanation { candidates: vec![v1::DispatchCandidate::default()], ..v1::Explanation::default() };
    let why = shown::desk::explanation(&why);
    same("Explanation", &why);
    same("UnitCandidate", &why["candidates"][0]);
    same("Registered", &serde_json::to_value(hall::Registered::from(v1::SubmitReply::default())).unwrap());
    let history = v1::HistoryReply { entries: vec![v1::HistoryEntry::default()], more: false };
    let history = shown::desk::history(&history);
    same("History", &history);
    same("Step", &history["entries"][0]);
    let queued = v1::ListQueueReply { entries: vec![v1::QueueEntry::default()], ..v1::ListQueueReply::default() };
    let queued = shown::desk::queue(&queued);
    same("QueuePage", &queued);
    same("QueueEntry", &queued["entries"][0]);
    same("Released", &serde_json::to_value(queue::Released { released: true }).unwrap());
    let units = v1::ListUnitsReply { units: vec![v1::UnitEntry::default()], ..v1::ListUnitsReply::default() };
    let units = shown::directory::units(&units);
    same("UnitPage", &units);
    same("UnitEntry", &units["units"][0]);
    let matters = v1::ListMattersReply { matters: vec![v1::MatterEntry::default()], ..Default::default() };
    let matters = shown::directory::matters(&matters);
    same("MatterPage", &matters);
    same("MatterEntry", &matters["matters"][0]);
    let list = v1::Handover { items: vec![v1::HandoverItem::default()], ..v1::Handover::default() };
    let last = shown::handover::last(&v1::ListHandoversReply { handovers: vec![list] });
    same("Handovers", &last);
    same("Handover", &last["handovers"][0]);
    same("HandoverItem", &last["handovers"][0]["items"][0]);
    same("Checked", &shown::desk::checked(&v1::CheckReplyReply::default()));
    let asked = v1::ListSuggestionsReply {
        suggestions: vec![v1::Suggestion { candidates: vec![candidate], ..v1::Suggestion::default() }],
        ..v1::ListSuggestionsReply::default()
    };
    let asked = shown::desk::suggestions(&asked);
    same("SuggestionPage", &asked);
    same("Suggestion", &asked["suggestions"][0]);
    let group = v1::Group {
        master: Some(v1::GroupTicket::default()),
        members: vec![v1::GroupTicket::default()],
        ..v1::Group::default()
    };
    let group = shown::desk::group(&group);
    same("Group", &group);
    same("GroupTicket", &group["members"][0]);
    same("Merged", &serde_json::to_value(merging::Merged::from(v1::GroupReply::default())).unwrap());
    same("Left", &serde_json::to_value(merging::Left::from(v1::RejectSuggestionReply::default())).unwrap());
    let result = bulk::BulkResult { ticket: String::new(), done: None, problem: None };
    let all = serde_json::to_value(bulk::BulkDone { done: 0, refused: 0, results: vec![result] }).unwrap();
    same("BulkDone", &all);
    same("BulkResult", &all["results"][0]);
}

#[tokio::test]
async fn a_bulk_that_is_wrong_as_a_whole_is_refused_before_anything_is_done() {
    let bulk = |tickets: Value, id: &str| json!({ "request_id": id, "tickets": tickets }).to_string();
    let many: Vec<String> = (0..501).map(|n| format!("SB{n}")).collect();
    for (tickets, id, field) in [
        (json!([]), "a", "tickets"),
        (json!(many), "a", "tickets"),
        (json!(["SB1", "SB1"]), "a", "tickets"),
        (json!(["SB1"]), "", "request_id"),
        (json!(["SB1"]), &*"a".repeat(41), "request_id"),
    ] {
        let problem = refused("POST", "/api/v1/bulk/sign", &[JSON, TOKEN], bulk(tickets, id), 400).await;
        assert_eq!(problem.fields.first().map(|f| f.field.as_str()), Some(field), "{problem:?}");
    }
    // One that fits has a result for each, also when its service is away.
    let told = ask("POST", "/api/v1/bulk/sign", &[JSON, TOKEN], bulk(json!(["SB1", "SB2"]), "a")).await;
    let told: Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!((told["refused"].as_u64(), told["results"][1]["problem"]["status"].as_u64()), (Some(2), Some(503)));
}

#[tokio::test]
async fn the_document_is_served() {
    let told = ask("GET", "/api/v1/openapi.json", &[], Body::empty()).await;
    assert_eq!((told.status, told.kind.as_str()), (StatusCode::OK, "application/json"));
    assert_eq!(serde_json::from_slice::<Value>(&told.body).unwrap(), document());
}

#[tokio::test]
async fn a_body_that_is_no_json_or_not_the_right_one_is_400() {
    for body in ["", "{", "[]", "{\"request_id\": 7}", "{\"request_id\":\"a\",\"surprise\":1}", "{}", "\u{feff}{}"] {
        let problem = refused("POST", SIGN, &[JSON, TOKEN], body, 400).await;
        assert_eq!(problem.code, "INVALID_ARGUMENT", "{body}");
    }
    refused("POST", SIGN, &[JSON, TOKEN], vec![b'"', 0xff, 0xfe, b'"'], 400).await;
}

#[tokio::test]
async fn a_body_of_another_type_is_415_and_one_too_long_413() {
    let body = r#"{"request_id":"a"}"#;
    let problem = refused("POST", SIGN, &[("content-type", "text/plain"), TOKEN], body, 415).await;
    assert!(problem.detail.contains("application/json"));
    refused("POST", SIGN, &[TOKEN], body, 415).await;
    let long = format!("{{\"request_id\":\"{}\"}}", "a".repeat(70_000));
    refused("POST", SIGN, &[JSON, TOKEN], long, 413).await;
}

#[tokio::test]
async fn unknown_paths_methods_and_parameters_are_told_as_problems() {
    refused("GET", "/api/v1/nothing", &[TOKEN], Body::empty(), 404).await;
    let told = ask("DELETE", SIGN, &[TOKEN], Body::empty()).await;
    assert_eq!((told.status.as_u16(), told.headers["allow"].to_str().unwrap()), (405, "POST"));
    refused("GET", SIGN, &[TOKEN], Body::empty(), 405).await;
    refused("GET", "/api/v1/inbox?page_size=many", &[TOKEN], Body::empty(), 400).await;
    refused("GET", "/api/v1/inbox?surprise=1", &[TOKEN], Body::empty(), 400).await;
    refused("GET", "/api/v1/inbox?state=T_GONE", &[TOKEN], Body::empty(), 400).await;
    refused("GET", "/api/v1/queue?urgency=SOON", &[TOKEN], Body::empty(), 400).await;
    refused("GET", "/api/v1/queue?mine=perhaps", &[TOKEN], Body::empty(), 400).await;
    refused("GET", "/api/v1/suggestions?page=2", &[TOKEN], Body::empty(), 400).await;
    let sought = r#"{"words":"x","states":["GONE"],"from":"today"}"#;
    let problem = refused("POST", "/api/v1/search", &[JSON, TOKEN], sought, 400).await;
    assert_eq!(problem.fields.iter().map(|f| f.field.as_str()).collect::<Vec<_>>(), ["states", "from"]);
    refused("GET", "/api/v1/search?words=x", &[TOKEN], Body::empty(), 405).await;
    refused("GET", "/api/v1/tickets/%ff%fe", &[TOKEN], Body::empty(), 400).await;
}

#[tokio::test]
async fn wrong_codes_are_all_named_at_once() {
    let mut body = document()["paths"]["/api/v1/tickets/{number}/result"]["post"]["requestBody"]["content"]
        ["application/json"]["example"]
        .clone();
    body["finding"] = json!("MAYBE");
    body["outcome"] = json!("");
    let path = "/api/v1/tickets/SB261124000042X/result";
    let problem = refused("POST", path, &[JSON, TOKEN], body.to_string(), 400).await;
    let fields: Vec<&str> = problem.fields.iter().map(|f| f.field.as_str()).collect();
    assert_eq!(fields, ["finding", "outcome"]);
}

#[tokio::test]
async fn a_file_that_says_it_is_too_long_is_refused_before_it_is_read() {
    let path = "/api/v1/tickets/SB261124000042X/attachments?request_id=a";
    let long = ("content-length", "2147483648");
    let problem = refused(
        "POST",
        path,
        &[TOKEN, long],
        Body::from_stream(futures::stream::pending::<std::io::Result<Bytes>>()),
        413,
    )
    .await;
    assert!(problem.detail.contains("attachments.largest_bytes"), "{}", problem.detail);
    refused("POST", &path.replace("?request_id=a", ""), &[TOKEN], "x", 400).await;
    refused("POST", path, &[], "x", 401).await;
}

#[tokio::test]
async fn without_a_token_nothing_is_asked_of_anybody() {
    let problem = refused("GET", "/api/v1/inbox", &[], Body::empty(), 401).await;
    assert_eq!(problem.reason.as_deref(), Some("TOKEN_MISSING"));
}

#[tokio::test]
async fn a_service_that_is_away_is_503_with_a_time_to_come_again() {
    let problem = refused("POST", SIGN, &[JSON, TOKEN], r#"{"request_id":"a"}"#, 503).await;
    assert_eq!(problem.retry_after, Some(1));
    assert!(!problem.detail.contains("127.0.0.1"), "addresses inside stay inside: {}", problem.detail);
    let page = ask("GET", "/p/whatever", &[], Body::empty()).await;
    assert_eq!((page.status.as_u16(), page.kind.as_str()), (503, "text/html; charset=utf-8"));
    let text = String::from_utf8(page.body).unwrap();
    assert!(text.contains("请稍后再试") && text.contains("please try again later"), "{text}");
}

#[tokio::test]
async fn a_citizen_s_form_that_is_none_is_told_on_a_page() {
    let told = ask("POST", "/p/link", &[JSON], "{}").await;
    assert_eq!(told.status.as_u16(), 400);
    let form = ("content-type", "application/x-www-form-urlencoded");
    let told = ask("POST", "/p/link", &[form], "solved=much").await;
    assert_eq!(told.status.as_u16(), 400);
    assert!(String::from_utf8(told.body).unwrap().contains("填写有误"));
    let told = ask("GET", "/nowhere", &[], Body::empty()).await;
    assert_eq!((told.status.as_u16(), told.kind.as_str()), (404, "text/html; charset=utf-8"));
}

#[tokio::test]
async fn pages_run_no_script_but_their_own_and_are_not_kept() {
    for path in ["/", "/live", "/desk", "/work", "/show"] {
        let told = ask("GET", path, &[], Body::empty()).await;
        assert_eq!(told.status, StatusCode::OK);
        let policy = told.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert_eq!(told.headers["referrer-policy"], "no-referrer");
        assert_eq!(told.headers["cache-control"], "no-store");
    }
}
