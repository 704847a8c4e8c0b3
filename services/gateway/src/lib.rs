//! The edge: REST for handlers and the hall, their pages, the citizen's page and the supervisors' live page.
//!
//! It decides nothing: each request becomes one call of a service (a bulk one call a ticket) in the name of whoever holds the token, and each
//! answer is that service's answer, refusals told as problem details (RFC 9457). The citizen's page stands behind
//! an unguessable link and needs no token.

mod attachments;
mod bulk;
#[cfg(test)]
mod contract;
mod directory;
mod edge;
mod faces;
mod hall;
mod handover;
mod merging;
mod oversight;
mod pages;
mod peers;
mod queue;
mod rest;
mod search;
mod shown;
mod tls;
mod ways;

use std::net::SocketAddr;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};
use suban_runtime::{Service, grpc::GrpcError, settings};
use suban_service::{App, StartError};

pub use peers::Peers;

/// Starts the gateway on an app; answers where it listens.
///
/// # Errors
/// When the address or the TLS files cannot be used.
pub async fn serve(app: App) -> Result<SocketAddr, StartError> {
    let address = app.settings.listen.address(Service::Gateway);
    let taken = |problem| GrpcError::Bind { service: Service::Gateway, address, problem };
    let peers = Peers::connect(&app).await?;
    let listener = tokio::net::TcpListener::bind(address).await.map_err(taken)?;
    let bound = listener.local_addr().map_err(taken)?;
    let router = router(peers, &app.settings.limits);
    let stop = app.tasks.stop().cancelled_owned();
    if let Some((cert, key)) = app.settings.tls.identity() {
        let listener = tls::TlsListener::new(listener, cert, key)?;
        app.tasks.spawn("gateway", async { axum::serve(listener, router).with_graceful_shutdown(stop).await });
    } else {
        app.tasks.spawn("gateway", async { axum::serve(listener, router).with_graceful_shutdown(stop).await });
    }
    Ok(bound)
}

/// Every path under `/api/v1`.
fn api() -> Router<Peers> {
    rest::router()
        .merge(hall::router())
        .merge(queue::router())
        .merge(handover::router())
        .merge(merging::router())
        .merge(bulk::router())
        .merge(oversight::router())
        .merge(ways::router())
}

/// Every path of the gateway, with what holds for all of them.
fn router(peers: Peers, limits: &settings::Limits) -> Router {
    Router::new()
        .route("/", get(pages::home))
        .route("/live", get(pages::live))
        .route("/p/{link}", get(pages::progress).post(pages::rate))
        .route("/p/{link}/photo", post(attachments::add_by_citizen))
        .route("/a/{link}", get(attachments::by_link))
        .route("/desk", get(faces::desk))
        .route("/work", get(faces::work))
        .route("/show", get(faces::show))
        .merge(api().layer(from_fn(edge::problems)))
        .fallback(edge::nothing_here)
        .with_state(peers)
        .layer(DefaultBodyLimit::max(limits.message_bytes))
        .layer(from_fn_with_state(edge::Rules::new(limits), edge::edge))
}
