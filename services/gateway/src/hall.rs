//! REST for the hall's calls: who calls, what the words say so far, what they could repeat, whose it would be; a new
//! ticket, an urge or more words on an old one.
//!
//! A telephone number never stands in a path or a query, where logs of others would keep it.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::HeaderMap,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use suban_domain::{Channel, Kind, Urgency};
use suban_proto::v1;
use suban_runtime::errors::{self, FieldErrors};

use crate::{
    Peers,
    rest::{Answer, Done},
    shown,
};

pub(crate) fn router() -> Router<Peers> {
    Router::new()
        .route("/api/v1/now", get(now))
        .route("/api/v1/callers/lookup", post(lookup))
        .route("/api/v1/drafts/read", post(read))
        .route("/api/v1/drafts/judge", post(judge))
        .route("/api/v1/drafts/unit", post(unit))
        .route("/api/v1/tickets", post(register))
        .route("/api/v1/tickets/{number}/urge", post(urge))
        .route("/api/v1/tickets/{number}/supplement", post(supplement))
        .route("/api/v1/tickets/{number}/accept", post(accept))
        .route("/api/v1/tickets/{number}/history", get(history))
}

/// The city's clock, which pages count down by; a browser's may be wrong, and a demo's city lives faster.
async fn now(State(peers): State<Peers>) -> Json<Value> {
    let city = peers.city();
    Json(json!({ "now": peers.clock().now().to_string(), "zone": city.zone_name, "city": city.name }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lookup {
    phone: String,
}

async fn lookup(State(peers): State<Peers>, headers: HeaderMap, Json(body): Json<Lookup>) -> Answer<Value> {
    let ask = v1::LookupCallerRequest { phone: body.phone };
    let caller = peers.intake(&headers)?.lookup_caller(ask).await?.into_inner();
    Ok(Json(shown::desk::caller(&caller)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Read {
    text: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    reachable: bool,
}

async fn read(State(peers): State<Peers>, headers: HeaderMap, Json(body): Json<Read>) -> Answer<Value> {
    let ask = v1::ReadDraftRequest {
        text: body.text,
        place_text: body.place,
        point: None,
        channel: Channel::Phone12345.number(),
        reachable: body.reachable,
    };
    let draft = peers.intake(&headers)?.read_draft(ask).await?.into_inner();
    Ok(Json(shown::desk::draft(&draft)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Judge {
    text: String,
    #[serde(default)]
    area: String,
    #[serde(default)]
    matter: String,
    #[serde(default)]
    phone: String,
}

async fn judge(State(peers): State<Peers>, headers: HeaderMap, Json(body): Json<Judge>) -> Answer<Value> {
    let ask = v1::JudgeRequest { text: body.text, area: body.area, matter: body.matter, phone: body.phone };
    let judged = peers.dedup(&headers)?.judge(ask).await?.into_inner();
    Ok(Json(shown::desk::judged(&judged)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unit {
    matter: String,
    #[serde(default)]
    area: String,
    #[serde(default)]
    text: String,
}

async fn unit(State(peers): State<Peers>, headers: HeaderMap, Json(body): Json<Unit>) -> Answer<Value> {
    let ask = v1::ExplainDraftRequest { matter: body.matter, area: body.area, text: body.text };
    let why = peers.dispatch(&headers)?.explain_draft(ask).await?.into_inner();
    Ok(Json(shown::desk::explanation(&why)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    request_id: String,
    text: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    urgency: String,
    #[serde(default)]
    matter: String,
    #[serde(default)]
    area: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    no_contact: bool,
    #[serde(default)]
    confidential: bool,
}

#[derive(Serialize)]
pub(crate) struct Registered {
    number: String,
    state: String,
    repeated: bool,
    supplemented: bool,
    /// Path of the citizen's page; empty where it was handed out before.
    progress: String,
}

impl From<v1::SubmitReply> for Registered {
    fn from(reply: v1::SubmitReply) -> Self {
        let token = reply.progress_token;
        let state = shown::state_code(reply.state);
        let progress = if token.is_empty() { token } else { format!("/p/{token}") };
        Self { number: reply.number, state, repeated: reply.repeated, supplemented: reply.supplemented, progress }
    }
}

async fn register(State(peers): State<Peers>, headers: HeaderMap, Json(body): Json<Register>) -> Answer<Registered> {
    let mut wrong = FieldErrors::new();
    let channel = given(&body.channel).map_or(Some(Channel::Phone12345), |c| wrong.take("channel", c.parse()));
    let kind = given(&body.kind).map(|k| wrong.take("kind", k.parse::<Kind>()));
    let urgency = given(&body.urgency).map(|u| wrong.take("urgency", u.parse::<Urgency>()));
    let (Some(channel), false) = (channel, kind == Some(None) || urgency == Some(None)) else {
        return Err(wrong.status().into());
    };
    let anonymous = body.name.trim().is_empty();
    let requester = (!anonymous || !body.phone.trim().is_empty()).then_some(v1::Requester {
        name: body.name,
        phone: body.phone,
        anonymous,
        no_contact: body.no_contact,
        ..v1::Requester::default()
    });
    let ask = v1::SubmitRequest {
        request_id: body.request_id,
        channel: channel.number(),
        source_system: "desk".into(),
        text: body.text,
        title: body.title,
        place_text: body.place,
        requester,
        kind: kind.flatten().map(Kind::number),
        urgency: urgency.flatten().map(Urgency::number),
        matter: body.matter,
        area: body.area,
        flags: body.confidential.then(|| v1::Flags { confidential: true, ..v1::Flags::default() }),
        ..v1::SubmitRequest::default()
    };
    Ok(Json(peers.intake(&headers)?.submit(ask).await?.into_inner().into()))
}

/// A field that may be left empty.
fn given(field: &str) -> Option<&str> {
    Some(field).filter(|f| !f.is_empty())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Urge {
    request_id: String,
    #[serde(default)]
    text: String,
}

async fn urge(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<Urge>,
) -> Answer<Done> {
    let ask = v1::UrgeRequest { request_id: body.request_id, ticket: number, text: body.text };
    Ok(Json(peers.intake(&headers)?.urge(ask).await?.into_inner().into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Supplement {
    request_id: String,
    text: String,
}

async fn supplement(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<Supplement>,
) -> Answer<Done> {
    let ask = v1::SupplementRequest { request_id: body.request_id, ticket: number, text: body.text };
    Ok(Json(peers.intake(&headers)?.supplement(ask).await?.into_inner().into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Accept {
    request_id: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    matter: String,
    #[serde(default)]
    area: String,
}

async fn accept(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<Accept>,
) -> Answer<Done> {
    let kind = given(&body.kind).map(str::parse::<Kind>).transpose().map_err(|e| errors::invalid("kind", e))?;
    let ask = v1::AcceptRequest {
        request_id: body.request_id,
        ticket: number,
        kind: kind.map(Kind::number),
        matter: body.matter,
        area: body.area,
    };
    Ok(Json(peers.intake(&headers)?.accept(ask).await?.into_inner().into()))
}

/// Every step of a ticket in words, the first 200.
async fn history(State(peers): State<Peers>, headers: HeaderMap, Path(number): Path<String>) -> Answer<Value> {
    let ask = v1::HistoryRequest { ticket: number, after_version: 0, page_size: 0 };
    let page = peers.intake(&headers)?.history(ask).await?.into_inner();
    Ok(Json(shown::desk::history(&page)))
}
