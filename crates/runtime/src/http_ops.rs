//! The operations face of a process: `/metrics`, `/livez`, `/readyz`.
//!
//! It listens on a port of its own that is never exposed to citizens, and ends with the other tasks: a
//! probe that finds nobody home is as good as one that is told 503.

use std::{net::SocketAddr, time::Duration};

use axum::{Json, Router, extract::State, http::StatusCode, http::header, response::IntoResponse, routing::get};
use tokio::net::TcpListener;

use crate::{Health, Tasks, telemetry};

/// How often histograms are folded between scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// Binds to `address` (port 0 takes a free one), serves until the process stops, and answers where.
///
/// # Errors
/// When the address cannot be bound.
pub async fn serve(address: SocketAddr, health: &Health, tasks: &Tasks) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await.map_err(|problem| {
        std::io::Error::new(problem.kind(), format!("metrics port {address} cannot be bound: {problem}"))
    })?;
    let bound = listener.local_addr()?;
    let stop = tasks.stop();
    let router = router(health.clone());
    tasks.spawn("operations face", async move {
        axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await
    });
    let stop = tasks.stop();
    tasks.spawn("metrics upkeep", async move {
        let mut ticks = tokio::time::interval(UPKEEP);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            telemetry::metrics_upkeep();
        }
        Ok::<_, std::convert::Infallible>(())
    });
    Ok(bound)
}

/// The three paths, for a process that mounts them itself.
pub fn router(health: Health) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .with_state(health)
}

async fn metrics() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], telemetry::render_metrics())
}

async fn readyz(State(health): State<Health>) -> impl IntoResponse {
    let readiness = health.readiness();
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn readiness_says_what_is_waiting() {
        let (tasks, health) = (Tasks::new(), Health::new());
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let address = serve(free, &health, &tasks).await.unwrap();
        let kafka = health.check("kafka");
        kafka.waiting("no broker answers");
        let answer = get(address, "/readyz").await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(answer.contains(r#""waiting":{"kafka":"no broker answers"}"#), "{answer}");
        assert!(get(address, "/livez").await.starts_with("HTTP/1.1 200"), "alive though not ready");
        kafka.ready();
        assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));
        assert!(get(address, "/metrics").await.contains("text/plain; version=0.0.4"));
        tasks.stop_within(&health, Duration::from_secs(5)).await.unwrap();
        assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nothing listens after the stop");
    }

    #[tokio::test]
    async fn a_taken_port_is_named() {
        let (tasks, health) = (Tasks::new(), Health::new());
        let taken = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = taken.local_addr().unwrap();
        let problem = serve(address, &health, &tasks).await.unwrap_err();
        assert!(problem.to_string().contains(&address.to_string()));
    }
}
