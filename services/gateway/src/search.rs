//! Search over REST: one page of hits. What is looked for stands in the body: words and phones in an address would stay in
//! the logs of others.

use axum::{Json, extract::State, http::HeaderMap};
use serde::Deserialize;
use serde_json::{Value, json};
use suban_domain::{State as TicketState, Urgency};
use suban_proto::v1;
use suban_runtime::errors::FieldErrors;

use crate::{Peers, rest::Answer, shown};

/// What is looked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    #[serde(default)]
    words: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    states: Vec<String>,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    area: String,
    #[serde(default)]
    matter: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    page_size: u32,
    #[serde(default)]
    page_token: String,
}

pub(crate) async fn search(State(peers): State<Peers>, headers: HeaderMap, Json(body): Json<Search>) -> Answer<Value> {
    let mut wrong = FieldErrors::new();
    let states = body.states.iter().map(|code| code.parse::<TicketState>());
    let states = wrong.take("states", states.collect::<Result<Vec<_>, _>>());
    let received_from = wrong.take("from", instant(&body.from)).flatten();
    let received_to = wrong.take("to", instant(&body.to)).flatten();
    wrong.check()?;
    let ask = v1::SearchRequest {
        words: body.words,
        number: body.number,
        phone: body.phone,
        states: states.unwrap_or_default().into_iter().map(TicketState::number).collect(),
        unit: body.unit,
        area: body.area,
        matter: body.matter,
        received_from,
        received_to,
        page_size: body.page_size,
        page_token: body.page_token,
        ..v1::SearchRequest::default()
    };
    let found = peers.intake(&headers)?.search(ask).await?.into_inner();
    Ok(Json(page(&found)))
}

/// A time as people and browsers write it; none where nothing is written.
pub(crate) fn instant(text: &str) -> Result<Option<prost_types::Timestamp>, &'static str> {
    if text.is_empty() {
        return Ok(None);
    }
    let at: jiff::Timestamp = text.parse().map_err(|_| "must be a time as 2026-01-15T12:00:00Z")?;
    Ok(Some(prost_types::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }))
}

/// A page as JSON.
pub(crate) fn page(found: &v1::SearchReply) -> Value {
    json!({
        "hits": found.hits.iter().map(hit).collect::<Vec<_>>(),
        "next_page_token": found.next_page_token,
        "filling": found.filling,
    })
}

fn hit(hit: &v1::SearchHit) -> Value {
    let line = hit.ticket.clone().unwrap_or_default();
    let state = TicketState::from_number(line.state);
    json!({
        "number": line.number,
        "state": state.map(|s| s.code()),
        "state_zh": state.map(|s| s.zh()),
        "title": line.title,
        "area": line.area,
        "matter": line.matter,
        "lead": line.lead,
        "urgency": Urgency::from_number(line.urgency).map(|u| u.code()),
        "received_at": shown::time(line.received_at),
        "excerpt": hit.excerpt,
        "because_zh": hit.because_zh,
        "because_en": hit.because_en,
        "score": hit.score,
        "text": hit.text,
        "lateness": hit.lateness,
    })
}
