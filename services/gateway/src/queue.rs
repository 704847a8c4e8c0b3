//! REST for dispatchers: the queue, who has what in hand, sending it, why it goes where it goes; returns and results
//! that wait for a decision, and what is wrong with a reply.

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::HeaderMap,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use suban_domain::Urgency;
use suban_proto::v1;
use suban_runtime::errors;

use crate::{
    Peers, directory,
    rest::{Answer, Done, Sign},
    shown,
};

pub(crate) fn router() -> Router<Peers> {
    Router::new()
        .route("/api/v1/queue", get(queue))
        .route("/api/v1/queue/next", post(next))
        .route("/api/v1/units", get(directory::units))
        .route("/api/v1/matters", get(directory::matters))
        .route("/api/v1/tickets/{number}/claim", post(claim))
        .route("/api/v1/tickets/{number}/release", post(release))
        .route("/api/v1/tickets/{number}/dispatch", post(dispatch))
        .route("/api/v1/tickets/{number}/part", post(decide_part))
        .route("/api/v1/tickets/{number}/explain", get(explain))
        .route("/api/v1/tickets/{number}/return/review", post(review_return))
        .route("/api/v1/tickets/{number}/return/decide", post(decide_return))
        .route("/api/v1/tickets/{number}/reply/check", post(check_reply))
        .route("/api/v1/tickets/{number}/result/accept", post(accept_result))
        .route("/api/v1/tickets/{number}/result/reject", post(reject_result))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueueQuery {
    #[serde(default)]
    area: String,
    #[serde(default)]
    urgency: String,
    #[serde(default)]
    unclaimed: bool,
    #[serde(default)]
    mine: bool,
    #[serde(default)]
    page_size: u32,
    #[serde(default)]
    page_token: String,
}

async fn queue(State(peers): State<Peers>, headers: HeaderMap, Query(query): Query<QueueQuery>) -> Answer<Value> {
    let ask = v1::ListQueueRequest {
        area: query.area,
        urgencies: urgencies(&query.urgency)?,
        unclaimed: query.unclaimed,
        mine: query.mine,
        page_size: query.page_size,
        page_token: query.page_token,
    };
    let page = peers.dispatch(&headers)?.list_queue(ask).await?.into_inner();
    Ok(Json(shown::desk::queue(&page)))
}

/// One urgency, or any where none is said.
fn urgencies(code: &str) -> Result<Vec<i32>, tonic::Status> {
    if code.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![code.parse::<Urgency>().map_err(|e| errors::invalid("urgency", e))?.number()])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Next {
    request_id: String,
    #[serde(default)]
    area: String,
    #[serde(default)]
    urgency: String,
}

async fn next(State(peers): State<Peers>, headers: HeaderMap, Json(body): Json<Next>) -> Answer<Value> {
    let urgencies = urgencies(&body.urgency)?;
    let ask = v1::ClaimNextRequest { request_id: body.request_id, area: body.area, urgencies };
    let claimed = peers.dispatch(&headers)?.claim_next(ask).await?.into_inner();
    Ok(Json(shown::desk::queue_entry(&claimed.entry.unwrap_or_default())))
}

async fn claim(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<Sign>,
) -> Answer<Value> {
    let ask = v1::ClaimRequest { request_id: body.request_id, ticket: number };
    let claimed = peers.dispatch(&headers)?.claim(ask).await?.into_inner();
    Ok(Json(shown::desk::queue_entry(&claimed.entry.unwrap_or_default())))
}

#[derive(Serialize)]
pub(crate) struct Released {
    pub(crate) released: bool,
}

async fn release(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<Sign>,
) -> Answer<Released> {
    let ask = v1::ReleaseClaimRequest { request_id: body.request_id, ticket: number };
    let released = peers.dispatch(&headers)?.release_claim(ask).await?.into_inner().released;
    Ok(Json(Released { released }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dispatch {
    request_id: String,
    lead: String,
    #[serde(default)]
    assists: Vec<String>,
    #[serde(default)]
    as_suggested: bool,
    #[serde(default)]
    rule: String,
}

async fn dispatch(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<Dispatch>,
) -> Answer<Done> {
    let ask = v1::DispatchRequest {
        request_id: body.request_id,
        ticket: number,
        lead: body.lead,
        assists: body.assists,
        mode: 0,
        as_suggested: body.as_suggested,
        rule: body.rule,
    };
    Ok(Json(peers.dispatch(&headers)?.dispatch(ask).await?.into_inner().into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecidePart {
    request_id: String,
    unit: String,
    decision: String,
    #[serde(default)]
    rating: u32,
    #[serde(default)]
    reason: String,
}

/// What the lead says of an assisting unit's part.
async fn decide_part(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<DecidePart>,
) -> Answer<Done> {
    let decision = v1::PartDecision::from_str_name(&format!("PART_DECISION_{}", body.decision))
        .filter(|decision| *decision != v1::PartDecision::Unspecified)
        .ok_or_else(|| errors::invalid("decision", "must be ACCEPT, REJECT or RELEASE"))?;
    let ask = v1::DecidePartRequest {
        request_id: body.request_id,
        ticket: number,
        unit: body.unit,
        decision: decision.into(),
        rating: body.rating,
        reason: body.reason,
    };
    Ok(Json(peers.dispatch(&headers)?.decide_part(ask).await?.into_inner().into()))
}

async fn explain(State(peers): State<Peers>, headers: HeaderMap, Path(number): Path<String>) -> Answer<Value> {
    let why = peers.dispatch(&headers)?.explain(v1::ExplainRequest { ticket: number }).await?.into_inner();
    Ok(Json(shown::desk::explanation(&why)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewReturn {
    request_id: String,
    approve: bool,
}

async fn review_return(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<ReviewReturn>,
) -> Answer<Done> {
    let ask = v1::ReviewReturnRequest { request_id: body.request_id, ticket: number, approve: body.approve };
    Ok(Json(peers.dispatch(&headers)?.review_return(ask).await?.into_inner().into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecideReturn {
    request_id: String,
    approve: bool,
    #[serde(default)]
    ask_citizen: bool,
    #[serde(default)]
    master: String,
    #[serde(default)]
    reason: String,
}

async fn decide_return(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<DecideReturn>,
) -> Answer<Done> {
    let ask = v1::DecideReturnRequest {
        request_id: body.request_id,
        ticket: number,
        approve: body.approve,
        ask_citizen: body.ask_citizen,
        master: body.master,
        reason: body.reason,
    };
    Ok(Json(peers.dispatch(&headers)?.decide_return(ask).await?.into_inner().into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckReply {
    #[serde(default)]
    reply: String,
}

async fn check_reply(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<CheckReply>,
) -> Answer<Value> {
    let ask = v1::CheckReplyRequest { ticket: number, reply: body.reply };
    let found = peers.dispatch(&headers)?.check_reply(ask).await?.into_inner();
    Ok(Json(shown::desk::checked(&found)))
}

async fn accept_result(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<Sign>,
) -> Answer<Done> {
    let ask = v1::AcceptResultRequest { request_id: body.request_id, ticket: number };
    Ok(Json(peers.dispatch(&headers)?.accept_result(ask).await?.into_inner().into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RejectResult {
    request_id: String,
    #[serde(default)]
    findings: Vec<String>,
    #[serde(default)]
    note: String,
}

async fn reject_result(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<RejectResult>,
) -> Answer<Done> {
    let ask = v1::RejectResultRequest {
        request_id: body.request_id,
        ticket: number,
        findings: body.findings,
        note: body.note,
    };
    Ok(Json(peers.dispatch(&headers)?.reject_result(ask).await?.into_inner().into()))
}
