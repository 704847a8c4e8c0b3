//! REST for handlers: inbox, sign, reveal, contact, submit, return, search; the live page's numbers; the OpenAPI document.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use suban_domain::{ContactOutcome, Demand, Finding, Outcome, ReplyMeans, ReturnReason, SiteVisit, TaskState};
use suban_proto::v1;
use suban_runtime::errors::{self, FieldErrors, Problem};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{Peers, attachments, search, shown};

/// A refusal, told as problem details.
pub(crate) struct Refused(Status);

impl Refused {
    /// As it is told.
    pub(crate) fn problem(self) -> Problem {
        Problem::from(self.0)
    }
}

impl From<Status> for Refused {
    /// A service that does not answer says nothing of why, and its address is nobody's business.
    fn from(status: Status) -> Self {
        let silent = matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Cancelled);
        if silent && status.get_details_retry_info().is_none() {
            tracing::warn!(code = ?status.code(), problem = status.message(), "a service does not answer");
            return Self(errors::unavailable(
                "the service behind this path does not answer; send the same again: under the same request_id \
                 nothing is done twice",
                Duration::from_secs(1),
            ));
        }
        Self(status)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.problem().into_response()
    }
}

pub(crate) type Answer<T> = Result<Json<T>, Refused>;

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
        .route("/api/v1/tickets/{number}/attachments", get(attachments::list))
        .route("/api/v1/tickets/{number}/attachments", post(attachments::add))
        .route("/api/v1/tickets/{number}/attachments/{id}", get(attachments::read))
        .route("/api/v1/tickets/{number}/attachments/{id}/link", post(attachments::link))
        .route("/api/v1/search", post(search::search))
        .route("/api/v1/live", get(live))
}

/// The contract of these paths, as OpenAPI 3.1.
async fn openapi() -> Response {
    ([("content-type", "application/json")], include_str!("openapi.json")).into_response()
}

/// What a command came to.
#[derive(Debug, Serialize)]
pub(crate) struct Done {
    number: String,
    version: u32,
    state: String,
    repeated: bool,
}

impl From<v1::CommandReply> for Done {
    fn from(reply: v1::CommandReply) -> Self {
        Self {
            number: reply.number,
            version: reply.version,
            state: shown::state_code(reply.state),
            repeated: reply.repeated,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InboxQuery {
    #[serde(default)]
    page_size: u32,
    #[serde(default)]
    page_token: String,
    #[serde(default)]
    state: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct InboxPage {
    entries: Vec<serde_json::Value>,
    next_page_token: String,
}

impl From<&v1::InboxReply> for InboxPage {
    fn from(page: &v1::InboxReply) -> Self {
        let entries = page.entries.iter().map(shown::inbox_entry).collect();
        Self { entries, next_page_token: page.next_page_token.clone() }
    }
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
    Ok(Json(InboxPage::from(&page)))
}

async fn ticket(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
) -> Answer<serde_json::Value> {
    let view = peers.intake(&headers)?.get(v1::GetRequest { ticket: number }).await?.into_inner();
    Ok(Json(shown::ticket(&view)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sign {
    pub(crate) request_id: String,
}

async fn sign(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<Sign>,
) -> Answer<Done> {
    let ask = v1::SignRequest { request_id: body.request_id, ticket: number };
    Ok(Json(peers.dispatch(&headers)?.sign(ask).await?.into_inner().into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reveal {
    request_id: String,
    reason: String,
}

#[derive(Serialize)]
pub(crate) struct Revealed {
    name: String,
    phone: String,
}

impl From<v1::RevealReply> for Revealed {
    fn from(reply: v1::RevealReply) -> Self {
        Self { name: reply.name, phone: reply.phone }
    }
}

async fn reveal(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<Reveal>,
) -> Answer<Revealed> {
    let ask = v1::RevealRequest { request_id: body.request_id, ticket: number, reason: body.reason };
    let shown = peers.dispatch(&headers)?.reveal(ask).await?.into_inner();
    Ok(Json(shown.into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contact {
    request_id: String,
    outcome: String,
    #[serde(default)]
    text: String,
}

async fn contact(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<Contact>,
) -> Answer<Done> {
    let outcome = body.outcome.parse::<ContactOutcome>().map_err(|e| errors::invalid("outcome", e))?;
    let ask =
        v1::ContactRequest { request_id: body.request_id, ticket: number, outcome: outcome.number(), text: body.text };
    Ok(Json(peers.dispatch(&headers)?.contact(ask).await?.into_inner().into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Submit {
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
    #[serde(default)]
    files: Vec<String>,
}

async fn submit(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<Submit>,
) -> Answer<Done> {
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
        files: body.files,
    };
    Ok(Json(peers.dispatch(&headers)?.submit_result(ask).await?.into_inner().into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Return {
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
    Json(body): Json<Return>,
) -> Answer<Done> {
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LiveQuery {
    /// How far back counts go.
    hours: Option<u32>,
}

/// The numbers of the live page, over the last 24 hours unless told otherwise.
async fn live(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Query(query): Query<LiveQuery>,
) -> Answer<serde_json::Value> {
    let window = query.hours.map(|hours| prost_types::Duration { seconds: i64::from(hours) * 3600, nanos: 0 });
    let live = peers.scoring(&headers)?.live(v1::LiveRequest { window }).await?.into_inner();
    Ok(Json(shown::live(&live, peers.city())))
}
