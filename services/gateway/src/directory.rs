//! REST for who chooses a unit or a matter: those of the catalogue in force, by code, a page at a time.

use axum::{
    Json,
    extract::{Query, State},
    http::HeaderMap,
};
use serde::Deserialize;
use serde_json::Value;
use suban_proto::v1;

use crate::{Peers, rest::Answer, shown};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DirectoryQuery {
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    page_size: u32,
    #[serde(default)]
    page_token: String,
}

pub(crate) async fn units(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Query(query): Query<DirectoryQuery>,
) -> Answer<Value> {
    let DirectoryQuery { prefix, page_size, page_token } = query;
    let ask = v1::ListUnitsRequest { prefix, page_size, page_token };
    let page = peers.dispatch(&headers)?.list_units(ask).await?.into_inner();
    Ok(Json(shown::directory::units(&page)))
}

pub(crate) async fn matters(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Query(query): Query<DirectoryQuery>,
) -> Answer<Value> {
    let DirectoryQuery { prefix, page_size, page_token } = query;
    let ask = v1::ListMattersRequest { prefix, page_size, page_token };
    let page = peers.dispatch(&headers)?.list_matters(ask).await?.into_inner();
    Ok(Json(shown::directory::matters(&page)))
}
