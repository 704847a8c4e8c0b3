//! Tests: the OpenAPI document is true, and whatever is wrong with a request is told as the contract says.

use std::collections::BTreeSet;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use serde_json::{Map, Value, json};
use suban_domain::{ContactOutcome, Demand, Finding, Outcome, ReplyMeans, ReturnReason, SiteVisit, TaskState, Urgency};
use suban_proto::v1;
use suban_runtime::{Secret, Settings, errors::Problem};
use tower::ServiceExt as _;

use crate::{Peers, peers::City, rest, router, shown};

fn document() -> Value {
    serde_json::from_str(include_str!("openapi.json")).unwrap()
}

/// The gateway before services that are not there.
async fn gateway() -> Router {
    let closed = ["INTAKE", "DISPATCH", "FOLLOWUP", "SCORING"]
        .map(|name| (format!("SUBAN_PEERS__{name}"), "http://127.0.0.1:1".to_owned()));
    let limits = [("MESSAGE_BYTES", "65536"), ("WORDS_CHARS", "10000")]
        .map(|(name, value)| (format!("SUBAN_LIMITS__{name}"), value.to_owned()));
    let settings = Settings::from_layers(None, closed.into_iter().chain(limits)).unwrap();
    router(Peers::new(&settings, Secret::new("own")).await.unwrap(), &settings.limits)
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
    let routes: BTreeSet<(String, String)> = include_str!("rest.rs")
        .lines()
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
    assert!(routes.len() > 5, "routes were not found in rest.rs");
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
    let ticket = shown::ticket(&v1::TicketView { tasks: vec![v1::TaskView::default()], ..v1::TicketView::default() });
    same("Ticket", &ticket);
    same("Task", &ticket["tasks"][0]);
    same("Done", &serde_json::to_value(rest::Done::from(v1::CommandReply::default())).unwrap());
    same("Revealed", &serde_json::to_value(rest::Revealed::from(v1::RevealReply::default())).unwrap());
    same("InboxPage", &serde_json::to_value(rest::InboxPage::from(&v1::InboxReply::default())).unwrap());
    let found = v1::SearchReply { hits: vec![v1::SearchHit::default()], ..v1::SearchReply::default() };
    let found = crate::search::page(&found);
    same("SearchPage", &found);
    same("SearchHit", &found["hits"][0]);
    let problem = Problem::from(suban_runtime::errors::invalid("x", "y"));
    let known = &document["components"]["schemas"]["Problem"]["properties"];
    assert!(serde_json::to_value(problem).unwrap().as_object().unwrap().keys().all(|field| known.get(field).is_some()));
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
    let problem = refused("GET", "/api/v1/search?words=x&state=GONE&from=today", &[TOKEN], Body::empty(), 400).await;
    assert_eq!(problem.fields.iter().map(|f| f.field.as_str()).collect::<Vec<_>>(), ["state", "from"]);
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
    for path in ["/", "/live"] {
        let told = ask("GET", path, &[], Body::empty()).await;
        assert_eq!(told.status, StatusCode::OK);
        let policy = told.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert_eq!(told.headers["referrer-policy"], "no-referrer");
        assert_eq!(told.headers["cache-control"], "no-store");
    }
}
