//! The edge: REST for handlers, the citizen's page and the supervisors' live page.
//!
//! It decides nothing: each request becomes one call of a service in the name of whoever holds the token, and each
//! answer is that service's answer, refusals told as problem details (RFC 9457). The citizen's page stands behind
//! an unguessable link and needs no token.

mod pages;
mod peers;
mod rest;

use std::net::SocketAddr;

use axum::{Router, routing::get};
use suban_runtime::Service;
use suban_service::{App, StartError};

pub use peers::Peers;

/// Starts the gateway on an app; answers where it listens.
///
/// # Errors
/// When the address cannot be used.
pub async fn serve(app: App) -> Result<SocketAddr, StartError> {
    let address = app.settings.listen.address(Service::Gateway);
    let peers = Peers::connect(&app).await?;
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(|problem| suban_runtime::grpc::GrpcError::Bind { service: Service::Gateway, address, problem })?;
    let bound = listener.local_addr().map_err(|problem| suban_runtime::grpc::GrpcError::Bind {
        service: Service::Gateway,
        address,
        problem,
    })?;
    let router = router(peers);
    let stop = app.tasks.stop();
    app.tasks.spawn("gateway", async move {
        axum::serve(listener, router).with_graceful_shutdown(async move { stop.cancelled().await }).await
    });
    Ok(bound)
}

/// Every path of the gateway.
fn router(peers: Peers) -> Router {
    Router::new()
        .route("/", get(pages::home))
        .route("/live", get(pages::live))
        .route("/p/{link}", get(pages::progress).post(pages::rate))
        .merge(rest::router())
        .with_state(peers)
}
