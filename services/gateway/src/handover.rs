//! REST for the end of a shift 交接班: the list that the next shift gets, what was promised, who takes what, both signatures.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::HeaderMap,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::Value;
use suban_proto::v1;
use suban_runtime::errors;

use crate::{
    Peers,
    rest::{Answer, Sign},
    search, shown,
};

pub(crate) fn router() -> Router<Peers> {
    Router::new()
        .route("/api/v1/handovers", get(last))
        .route("/api/v1/handovers", post(begin))
        .route("/api/v1/handovers/{id}/promise", post(promise))
        .route("/api/v1/handovers/{id}/give", post(give))
        .route("/api/v1/handovers/{id}/sign", post(sign))
        .route("/api/v1/handovers/{id}/back", post(back))
}

/// The last of the caller's shift.
async fn last(State(peers): State<Peers>, headers: HeaderMap) -> Answer<Value> {
    let last = peers.dispatch(&headers)?.list_handovers(v1::ListHandoversRequest {}).await?.into_inner();
    Ok(Json(shown::handover::last(&last)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    request_id: String,
    incoming: String,
}

async fn begin(State(peers): State<Peers>, headers: HeaderMap, Json(body): Json<Begin>) -> Answer<Value> {
    let ask = v1::OpenHandoverRequest { request_id: body.request_id, incoming: body.incoming };
    told(peers.dispatch(&headers)?.open_handover(ask).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Promise {
    request_id: String,
    ticket: String,
    due: String,
    text: String,
}

async fn promise(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(body): Json<Promise>,
) -> Answer<Value> {
    let ask = v1::PromiseInHandoverRequest {
        request_id: body.request_id,
        handover: id,
        ticket: body.ticket,
        due: search::instant(&body.due).map_err(|e| errors::invalid("due", e))?,
        text: body.text,
    };
    told(peers.dispatch(&headers)?.promise_in_handover(ask).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Give {
    request_id: String,
    ticket: String,
    to: String,
}

async fn give(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(body): Json<Give>,
) -> Answer<Value> {
    let ask = v1::GiveInHandoverRequest { request_id: body.request_id, handover: id, ticket: body.ticket, to: body.to };
    told(peers.dispatch(&headers)?.give_in_handover(ask).await?)
}

async fn sign(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(body): Json<Sign>,
) -> Answer<Value> {
    let ask = v1::SignHandoverRequest { request_id: body.request_id, handover: id };
    told(peers.dispatch(&headers)?.sign_handover(ask).await?)
}

async fn back(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(body): Json<Sign>,
) -> Answer<Value> {
    let ask = v1::SendBackHandoverRequest { request_id: body.request_id, handover: id };
    told(peers.dispatch(&headers)?.send_back_handover(ask).await?)
}

fn told(reply: tonic::Response<v1::Handover>) -> Answer<Value> {
    Ok(Json(shown::handover::handover(&reply.into_inner())))
}
