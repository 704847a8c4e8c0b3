//! REST for who reviews merges: what is perhaps the same, side by side; merged, told apart, or taken out again; and the
//! mass events that run.

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::HeaderMap,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use suban_domain::DuplicateClass;
use suban_proto::v1;
use suban_runtime::errors;

use crate::{
    Peers,
    rest::{Answer, Done},
    shown,
};

pub(crate) fn router() -> Router<Peers> {
    Router::new()
        .route("/api/v1/suggestions", get(suggestions))
        .route("/api/v1/mass-events", get(events))
        .route("/api/v1/tickets/{number}/group", get(group))
        .route("/api/v1/tickets/{number}/merge", post(merge))
        .route("/api/v1/tickets/{number}/distinct", post(distinct))
        .route("/api/v1/tickets/{number}/unmerge", post(unmerge))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuggestionQuery {
    #[serde(default)]
    ticket: String,
    #[serde(default)]
    page_size: u32,
    #[serde(default)]
    page_token: String,
}

async fn suggestions(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Query(query): Query<SuggestionQuery>,
) -> Answer<Value> {
    let ask =
        v1::ListSuggestionsRequest { ticket: query.ticket, page_size: query.page_size, page_token: query.page_token };
    let page = peers.dedup(&headers)?.list_suggestions(ask).await?.into_inner();
    Ok(Json(shown::desk::suggestions(&page)))
}

/// Mass events that run, the latest first: the first 50, and there were never so many.
async fn events(State(peers): State<Peers>, headers: HeaderMap) -> Answer<Value> {
    let ask = v1::ListMassEventsRequest { running: true, ..v1::ListMassEventsRequest::default() };
    let page = peers.dedup(&headers)?.list_mass_events(ask).await?.into_inner();
    Ok(Json(shown::events::running(&page)))
}

/// The group of a ticket, with its first 50 members.
async fn group(State(peers): State<Peers>, headers: HeaderMap, Path(number): Path<String>) -> Answer<Value> {
    let ask = v1::GetGroupRequest { ticket: number, page_size: 0, page_token: String::new() };
    let group = peers.dedup(&headers)?.get_group(ask).await?.into_inner();
    Ok(Json(shown::desk::group(&group)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Merge {
    request_id: String,
    master: String,
    class: String,
    reason: String,
}

#[derive(Serialize)]
pub(crate) struct Merged {
    master: String,
    members: u32,
    repeated: bool,
}

impl From<v1::GroupReply> for Merged {
    fn from(reply: v1::GroupReply) -> Self {
        Self { master: reply.master, members: reply.members, repeated: reply.repeated }
    }
}

async fn merge(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<Merge>,
) -> Answer<Merged> {
    let class = body.class.parse::<DuplicateClass>().map_err(|e| errors::invalid("class", e))?;
    let ask = v1::MergeRequest {
        request_id: body.request_id,
        member: number,
        master: body.master,
        class: class.number(),
        reason: body.reason,
    };
    Ok(Json(peers.dedup(&headers)?.merge(ask).await?.into_inner().into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Distinct {
    request_id: String,
    #[serde(default)]
    other: String,
    reason: String,
}

#[derive(Serialize)]
pub(crate) struct Left {
    left: u32,
    ticket: Done,
}

impl From<v1::RejectSuggestionReply> for Left {
    fn from(reply: v1::RejectSuggestionReply) -> Self {
        Self { left: reply.left, ticket: reply.ticket.unwrap_or_default().into() }
    }
}

async fn distinct(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<Distinct>,
) -> Answer<Left> {
    let ask = v1::RejectSuggestionRequest {
        request_id: body.request_id,
        ticket: number,
        other: body.other,
        reason: body.reason,
    };
    Ok(Json(peers.dedup(&headers)?.reject_suggestion(ask).await?.into_inner().into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unmerge {
    request_id: String,
    reason: String,
}

async fn unmerge(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<Unmerge>,
) -> Answer<Done> {
    let ask = v1::UnmergeRequest { request_id: body.request_id, ticket: number, reason: body.reason };
    Ok(Json(peers.dedup(&headers)?.unmerge(ask).await?.into_inner().into()))
}
