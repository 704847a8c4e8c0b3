//! REST for handlers: inbox, sign, reveal, contact, submit, return; the live page's numbers; the OpenAPI document.

use axum::{
    Json, Router,
    extract::{Path, Query, State, rejection::JsonRejection},
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use suban_domain::{ContactOutcome, Demand, Finding, Outcome, ReplyMeans, ReturnReason, SiteVisit, TaskState};
use suban_proto::v1;
use suban_runtime::errors::{self, FieldErrors, Problem};
use tonic::Status;

use crate::Peers;

/// A refusal, told as problem details.
pub(crate) struct Refused(Status);

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        Self(status)
    }
}

impl From<JsonRejection> for Refused {
    fn from(rejection: JsonRejection) -> Self {
        Self(errors::invalid("body", rejection.body_text()))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        Problem::from(self.0).into_response()
    }
}

type Answer<T> = Result<Json<T>, Refused>;

pub(crate) fn router() -> Router<Peers> {
    Router::new()
        .route("/api/v1/openapi.json", get(openapi))
        .route("/api/v1/inbox", get(inbox))
        .route("/api/v1/tickets/{number}", get(ticket))
        .route("/api/v1/tickets/{number}/sign", post(sign))
        .route("/api/v1/tickets/{number}/reveal", post(reveal))
        .route("/api/v1/tickets/{number}/contact", post(contact))
        .route("/api/v1/tickets/{number}/result", post(submit))
        .route("/api/v1/tickets/{number}/return", post(request_return))
        .route("/api/v1/live", get(live))
}

/// The contract of these paths, as OpenAPI 3.1.
async fn openapi() -> Response {
    ([("content-type", "application/json")], include_str!("openapi.json")).into_response()
}

/// What a command came to.
#[derive(Debug, Serialize)]
struct Done {
    number: String,
    version: u32,
    state: String,
    repeated: bool,
}

impl From<v1::CommandReply> for Done {
    fn from(reply: v1::CommandReply) -> Self {
        let state = suban_domain::State::from_number(reply.state).map(|s| s.code().to_owned()).unwrap_or_default();
        Self { number: reply.number, version: reply.version, state, repeated: reply.repeated }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct InboxQuery {
    #[serde(default)]
    page_size: u32,
    #[serde(default)]
    page_token: String,
    #[serde(default)]
    state: Option<String>,
}

#[derive(Debug, Serialize)]
struct InboxPage {
    entries: Vec<serde_json::Value>,
    next_page_token: String,
}

async fn inbox(State(peers): State<Peers>, headers: HeaderMap, Query(query): Query<InboxQuery>) -> Answer<InboxPage> {
    let states = match query.state.as_deref() {
        None | Some("") => Vec::new(),
        Some(state) => {
            vec![state.parse::<TaskState>().map_err(|e| errors::invalid("state", e))?.number()]
        }
    };
    let ask = v1::InboxRequest { states, due_before: None, page_size: query.page_size, page_token: query.page_token };
    let page = peers.dispatch(&headers)?.inbox(ask).await?.into_inner();
    Ok(Json(InboxPage {
        entries: page.entries.iter().map(inbox_entry).collect(),
        next_page_token: page.next_page_token,
    }))
}

async fn ticket(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
) -> Answer<serde_json::Value> {
    let view = peers.intake(&headers)?.get(v1::GetRequest { ticket: number }).await?.into_inner();
    Ok(Json(ticket_json(&view)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sign {
    request_id: String,
}

async fn sign(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    body: Result<Json<Sign>, JsonRejection>,
) -> Answer<Done> {
    let Json(body) = body?;
    let ask = v1::SignRequest { request_id: body.request_id, ticket: number };
    Ok(Json(peers.dispatch(&headers)?.sign(ask).await?.into_inner().into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reveal {
    request_id: String,
    reason: String,
}

#[derive(Serialize)]
struct Revealed {
    name: String,
    phone: String,
}

async fn reveal(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    body: Result<Json<Reveal>, JsonRejection>,
) -> Answer<Revealed> {
    let Json(body) = body?;
    let ask = v1::RevealRequest { request_id: body.request_id, ticket: number, reason: body.reason };
    let shown = peers.dispatch(&headers)?.reveal(ask).await?.into_inner();
    Ok(Json(Revealed { name: shown.name, phone: shown.phone }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Contact {
    request_id: String,
    outcome: String,
    #[serde(default)]
    text: String,
}

async fn contact(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    body: Result<Json<Contact>, JsonRejection>,
) -> Answer<Done> {
    let Json(body) = body?;
    let outcome = body.outcome.parse::<ContactOutcome>().map_err(|e| errors::invalid("outcome", e))?;
    let ask =
        v1::ContactRequest { request_id: body.request_id, ticket: number, outcome: outcome.number(), text: body.text };
    Ok(Json(peers.dispatch(&headers)?.contact(ask).await?.into_inner().into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Submit {
    request_id: String,
    finding: String,
    #[serde(default)]
    finding_because: String,
    demand: String,
    outcome: String,
    site_visit: String,
    reply_means: String,
    reply: String,
    #[serde(default)]
    internal: String,
    #[serde(default)]
    public: bool,
}

async fn submit(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    body: Result<Json<Submit>, JsonRejection>,
) -> Answer<Done> {
    let Json(body) = body?;
    let mut wrong = FieldErrors::new();
    let finding = wrong.take("finding", body.finding.parse::<Finding>());
    let demand = wrong.take("demand", body.demand.parse::<Demand>());
    let outcome = wrong.take("outcome", body.outcome.parse::<Outcome>());
    let site_visit = wrong.take("site_visit", body.site_visit.parse::<SiteVisit>());
    let reply_means = wrong.take("reply_means", body.reply_means.parse::<ReplyMeans>());
    let (Some(finding), Some(demand), Some(outcome), Some(site_visit), Some(reply_means)) =
        (finding, demand, outcome, site_visit, reply_means)
    else {
        return Err(wrong.status().into());
    };
    let ask = v1::SubmitResultRequest {
        request_id: body.request_id,
        ticket: number,
        finding: finding.number(),
        finding_because: body.finding_because,
        demand: demand.number(),
        outcome: outcome.number(),
        site_visit: site_visit.number(),
        reply_means: reply_means.number(),
        reply: body.reply,
        internal: body.internal,
        public: body.public,
    };
    Ok(Json(peers.dispatch(&headers)?.submit_result(ask).await?.into_inner().into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Return {
    request_id: String,
    reason: String,
    evidence: String,
    #[serde(default)]
    suggested_unit: String,
}

async fn request_return(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    body: Result<Json<Return>, JsonRejection>,
) -> Answer<Done> {
    let Json(body) = body?;
    let reason = body.reason.parse::<ReturnReason>().map_err(|e| errors::invalid("reason", e))?;
    let ask = v1::RequestReturnRequest {
        request_id: body.request_id,
        ticket: number,
        reason: reason.number(),
        evidence: body.evidence,
        suggested_unit: body.suggested_unit,
    };
    Ok(Json(peers.dispatch(&headers)?.request_return(ask).await?.into_inner().into()))
}

/// The numbers of the live page over the last 24 hours.
async fn live(State(peers): State<Peers>, headers: HeaderMap) -> Answer<serde_json::Value> {
    let live = peers.scoring(&headers)?.live(v1::LiveRequest { window: None }).await?.into_inner();
    Ok(Json(live_json(&live)))
}

fn time(t: Option<prost_types::Timestamp>) -> Option<String> {
    t.and_then(|t| jiff::Timestamp::new(t.seconds, t.nanos).ok()).map(|t| t.to_string())
}

fn inbox_entry(entry: &v1::InboxEntry) -> serde_json::Value {
    serde_json::json!({
        "number": entry.number,
        "title": entry.title,
        "area": entry.area,
        "matter": entry.matter,
        "urgency": suban_domain::Urgency::from_number(entry.urgency).map(|u| u.code()),
        "state": suban_domain::State::from_number(entry.state).map(|s| s.code()),
        "task_state": suban_domain::TaskState::from_number(entry.task_state).map(|s| s.code()),
        "role": suban_domain::TaskRole::from_number(entry.role).map(|r| r.code()),
        "sign_due": time(entry.sign_due),
        "contact_due": time(entry.contact_due),
        "handle_due": time(entry.handle_due),
        "members": entry.members,
        "urges": entry.urges,
        "redo_round": entry.redo_round,
        "reachable": entry.reachable,
    })
}

fn ticket_json(view: &v1::TicketView) -> serde_json::Value {
    serde_json::json!({
        "number": view.number,
        "version": view.version,
        "state": suban_domain::State::from_number(view.state).map(|s| s.code()),
        "state_zh": suban_domain::State::from_number(view.state).map(|s| s.zh()),
        "title": view.title,
        "words": view.words.iter().map(|w| &w.text).collect::<Vec<_>>(),
        "place": view.place_text,
        "area": view.area, "area_name": view.area_name,
        "matter": view.matter, "matter_name": view.matter_name,
        "urgency": suban_domain::Urgency::from_number(view.urgency).map(|u| u.code()),
        "received_at": time(view.received_at),
        "tasks": view.tasks.iter().map(|t| serde_json::json!({
            "unit": t.unit, "unit_name": t.unit_name,
            "role": suban_domain::TaskRole::from_number(t.role).map(|r| r.code()),
            "state": suban_domain::TaskState::from_number(t.state).map(|s| s.code()),
            "handle_due": time(t.handle_due),
        })).collect::<Vec<_>>(),
        "reply": view.result.as_ref().map(|r| r.reply.clone()),
    })
}

fn rate(rate: Option<&v1::Rate>) -> serde_json::Value {
    rate.map_or(serde_json::Value::Null, |r| serde_json::json!({ "count": r.count, "of": r.of }))
}

fn count(c: &v1::LiveCount) -> serde_json::Value {
    serde_json::json!({ "key": c.key, "zh": c.name_zh, "en": c.name_en, "count": c.count })
}

fn live_row(r: &v1::LiveRow) -> serde_json::Value {
    serde_json::json!({
        "key": r.key, "zh": r.name_zh, "en": r.name_en, "open": r.open, "late": r.late, "done": r.done,
        "on_time": rate(r.on_time.as_ref()), "satisfied": rate(r.satisfied.as_ref()),
    })
}

fn live_json(live: &v1::LiveReply) -> serde_json::Value {
    let state = suban_domain::State::from_number;
    serde_json::json!({
        "at": time(live.at), "since": time(live.since),
        "received": live.received, "ended": live.ended, "merged": live.merged,
        "about_to_be_late": live.about_to_be_late, "overdue": live.overdue,
        "on_time": rate(live.on_time.as_ref()), "satisfied": rate(live.satisfied.as_ref()),
        "solved": rate(live.solved.as_ref()),
        "by_channel": live.by_channel.iter().map(count).collect::<Vec<_>>(),
        "by_tier": live.by_tier.iter().map(count).collect::<Vec<_>>(),
        "stages": live.stages.iter().map(|s| serde_json::json!({
            "state": state(s.state).map(|s| s.code()), "zh": state(s.state).map(|s| s.zh()),
            "waiting": s.waiting, "oldest": s.oldest_number, "since": time(s.oldest_since),
            "held_by": s.held_by, "held_by_name": s.held_by_name,
        })).collect::<Vec<_>>(),
        "late_soon": live.late_soon.iter().map(|l| serde_json::json!({
            "number": l.number, "unit": l.unit, "unit_name": l.unit_name, "due": time(l.due),
        })).collect::<Vec<_>>(),
        "by_unit": live.by_unit.iter().map(live_row).collect::<Vec<_>>(),
        "by_area": live.by_area.iter().map(live_row).collect::<Vec<_>>(),
    })
}
