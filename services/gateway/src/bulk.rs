//! REST for many tickets at once: one act, up to 500 tickets, one result each.
//!
//! Each ticket is its own command under a `request_id` of its own, so a bulk that was cut short is simply sent again:
//! what was done answers as before. One refusal does not hold up the others.

use std::{collections::HashSet, future::Future};

use axum::{Json, Router, extract::State, http::HeaderMap, routing::post};
use futures::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use suban_proto::v1;
use suban_runtime::errors::{self, Problem};
use tonic::{Response, Status};

use crate::{
    Peers,
    rest::{Answer, Done, Refused},
};

/// Tickets of one request.
const MOST: usize = 500;
/// Commands under way at once: as many as the store writes in few transactions, and few enough that one bulk does not
/// take the service from everybody else.
const AT_ONCE: usize = 64;
/// Characters of a bulk's `request_id`, so that with a ticket's number it is still one (64).
const REQUEST_ID: usize = 40;

pub(crate) fn router() -> Router<Peers> {
    Router::new()
        .route("/api/v1/bulk/sign", post(sign))
        .route("/api/v1/bulk/urge", post(urge))
        .route("/api/v1/bulk/dispatch", post(dispatch))
        .route("/api/v1/bulk/result/accept", post(accept_result))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bulk {
    request_id: String,
    tickets: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkDispatch {
    request_id: String,
    tickets: Vec<String>,
    lead: String,
}

/// What became of each, in the order of the request.
#[derive(Serialize)]
pub(crate) struct BulkDone {
    pub(crate) done: usize,
    pub(crate) refused: usize,
    pub(crate) results: Vec<BulkResult>,
}

/// What became of one: done, or the problem.
#[derive(Serialize)]
pub(crate) struct BulkResult {
    pub(crate) ticket: String,
    pub(crate) done: Option<Done>,
    pub(crate) problem: Option<Problem>,
}

async fn sign(State(peers): State<Peers>, headers: HeaderMap, Json(body): Json<Bulk>) -> Answer<BulkDone> {
    let line = peers.dispatch(&headers)?;
    each(body, |request_id, ticket| {
        let mut line = line.clone();
        async move { line.sign(v1::SignRequest { request_id, ticket }).await }
    })
    .await
}

async fn urge(State(peers): State<Peers>, headers: HeaderMap, Json(body): Json<Bulk>) -> Answer<BulkDone> {
    let line = peers.intake(&headers)?;
    each(body, |request_id, ticket| {
        let mut line = line.clone();
        async move { line.urge(v1::UrgeRequest { request_id, ticket, text: String::new() }).await }
    })
    .await
}

async fn dispatch(State(peers): State<Peers>, headers: HeaderMap, Json(body): Json<BulkDispatch>) -> Answer<BulkDone> {
    let line = peers.dispatch(&headers)?;
    let BulkDispatch { request_id, tickets, lead } = body;
    each(Bulk { request_id, tickets }, |request_id, ticket| {
        let (mut line, lead) = (line.clone(), lead.clone());
        async move {
            line.dispatch(v1::DispatchRequest { request_id, ticket, lead, ..v1::DispatchRequest::default() }).await
        }
    })
    .await
}

async fn accept_result(State(peers): State<Peers>, headers: HeaderMap, Json(body): Json<Bulk>) -> Answer<BulkDone> {
    let line = peers.dispatch(&headers)?;
    each(body, |request_id, ticket| {
        let mut line = line.clone();
        async move { line.accept_result(v1::AcceptResultRequest { request_id, ticket }).await }
    })
    .await
}

/// One command a ticket, [`AT_ONCE`] under way, results in the order of the request.
async fn each<F>(bulk: Bulk, act: impl Fn(String, String) -> F) -> Answer<BulkDone>
where
    F: Future<Output = Result<Response<v1::CommandReply>, Status>>,
{
    let Bulk { request_id, tickets } = bulk;
    fits(&request_id, &tickets)?;
    let one = |ticket: String| {
        let under_way = act(format!("{request_id}:{ticket}"), ticket.clone());
        async move {
            match under_way.await {
                Ok(reply) => BulkResult { ticket, done: Some(reply.into_inner().into()), problem: None },
                Err(status) => BulkResult { ticket, done: None, problem: Some(Refused::from(status).problem()) },
            }
        }
    };
    let results: Vec<BulkResult> = stream::iter(tickets).map(one).buffered(AT_ONCE).collect().await;
    let done = results.iter().filter(|r| r.done.is_some()).count();
    Ok(Json(BulkDone { done, refused: results.len() - done, results }))
}

/// What is wrong with the whole of it: then nothing is done.
fn fits(request_id: &str, tickets: &[String]) -> Result<(), Status> {
    let mut wrong = errors::FieldErrors::new();
    if request_id.is_empty() || request_id.chars().count() > REQUEST_ID {
        wrong
            .add("request_id", format!("must be 1 to {REQUEST_ID} characters, as each ticket's number is added to it"));
    }
    if tickets.is_empty() || tickets.len() > MOST {
        wrong.add("tickets", format!("must be 1 to {MOST} ticket numbers; there are {}", tickets.len()));
    }
    let mut seen = HashSet::new();
    if let Some(twice) = tickets.iter().find(|ticket| !seen.insert(ticket.as_str())) {
        wrong.add("tickets", format!("names {twice} twice"));
    }
    wrong.check()
}
