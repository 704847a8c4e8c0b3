//! REST for who looks over a hotline: flash reports 要情, clusters of like cases 同类案, and the whole file of a ticket.

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::HeaderMap,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use suban_proto::v1;

use crate::{Peers, rest::Answer, shown};

pub(crate) fn router() -> Router<Peers> {
    Router::new()
        .route("/api/v1/flashes", get(flashes))
        .route("/api/v1/clusters", get(clusters))
        .route("/api/v1/tickets/{number}/file", post(file))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FlashQuery {
    #[serde(default)]
    ticket: String,
    #[serde(default)]
    page_size: u32,
    #[serde(default)]
    page_token: String,
}

async fn flashes(State(peers): State<Peers>, headers: HeaderMap, Query(query): Query<FlashQuery>) -> Answer<Value> {
    let FlashQuery { ticket, page_size, page_token } = query;
    let ask = v1::ListFlashesRequest { ticket, page_size, page_token };
    let page = peers.followup_for(&headers)?.list_flashes(ask).await?.into_inner();
    Ok(Json(shown::oversight::flashes(&page)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClusterQuery {
    #[serde(default)]
    least: u32,
    #[serde(default)]
    page_size: u32,
    #[serde(default)]
    page_token: String,
}

async fn clusters(State(peers): State<Peers>, headers: HeaderMap, Query(query): Query<ClusterQuery>) -> Answer<Value> {
    let ClusterQuery { least, page_size, page_token } = query;
    let ask = v1::ListClustersRequest { least, page_size, page_token };
    let page = peers.dedup(&headers)?.list_clusters(ask).await?.into_inner();
    Ok(Json(shown::oversight::clusters(&page)))
}

/// Why one looks: in the body, as addresses stay in the logs of others.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Look {
    reason: String,
}

#[derive(Serialize)]
pub(crate) struct WholeFile {
    html: String,
}

impl From<v1::GetFileReply> for WholeFile {
    fn from(reply: v1::GetFileReply) -> Self {
        Self { html: reply.html }
    }
}

async fn file(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<Look>,
) -> Answer<WholeFile> {
    let ask = v1::GetFileRequest { ticket: number, reason: body.reason };
    Ok(Json(peers.dispatch(&headers)?.get_file(ask).await?.into_inner().into()))
}
