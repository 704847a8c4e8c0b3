//! What holds for every request of the gateway: it joins the caller's trace, is counted by its route, and neither
//! too many nor too long ones are let in. Whatever is refused under `/api/` is told as problem details (RFC 9457).
//!
//! Routes, not paths, stand in spans and metrics: a citizen's path is a secret.

use std::{sync::Arc, time::Duration};

use axum::{
    body::to_bytes,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use suban_runtime::{
    errors::{self, Problem},
    settings::Limits,
    telemetry,
};
use tokio::{sync::Semaphore, time::Instant};
use tracing::Instrument as _;

use crate::pages;

/// Longest text of a framework's refusal that is passed on.
const TEXT_BYTES: usize = 4096;

/// How many requests at once, and how long one may take.
pub(crate) struct Rules {
    room: Semaphore,
    longest: Duration,
}

impl Rules {
    /// By the settings. A service's own answer arrives before the gateway gives up.
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        let longest = limits.request_timeout + Duration::from_secs(10);
        Arc::new(Self { room: Semaphore::new(limits.requests), longest })
    }
}

/// Around every request.
pub(crate) async fn edge(State(rules): State<Arc<Rules>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let method = method(request.method());
    let span = tracing::info_span!(
        "http",
        otel.kind = "server",
        otel.name = %format_args!("{method} {route}"),
        http.route = %route,
        status = tracing::field::Empty,
    );
    if let Some(parent) = request.headers().get(telemetry::TRACEPARENT).and_then(|v| v.to_str().ok()) {
        telemetry::set_parent(&span, parent);
    }
    async {
        let response = answer(&rules, request, next).await;
        let status = response.status().as_u16();
        tracing::Span::current().record("status", status);
        metrics::counter!("suban_http_total", "route" => route.clone(), "method" => method,
            "status" => status.to_string())
        .increment(1);
        metrics::histogram!("suban_http_seconds", "route" => route.clone()).record(begun.elapsed().as_secs_f64());
        response
    }
    .instrument(span.clone())
    .await
}

async fn answer(rules: &Rules, request: Request, next: Next) -> Response {
    let Ok(_room) = rules.room.try_acquire() else {
        let full = "too many requests at once (limits.requests); send it again a little later";
        return Problem::from(errors::exhausted(full, Duration::from_secs(1))).into_response();
    };
    match tokio::time::timeout(rules.longest, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let late =
                "the time allowed is over; what was asked may still have been done: send the same request_id again";
            Problem::from(errors::too_late(late)).into_response()
        }
    }
}

/// Anybody may invent a method: it must not become a label.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}

/// Tells as problem details what the framework refuses by itself: a body that is no JSON, too long or of another
/// type, a query that does not fit, a method that a path does not take.
pub(crate) async fn problems(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let told = response.headers().get(header::CONTENT_TYPE).is_some_and(|t| t.as_bytes().starts_with(b"application/"));
    if told || response.status().as_u16() < 400 {
        return response;
    }
    let (parts, body) = response.into_parts();
    let text = to_bytes(body, TEXT_BYTES).await.ok().and_then(|bytes| String::from_utf8(bytes.into()).ok());
    let mut problem = problem(parts.status, &parts.headers, text.unwrap_or_default()).into_response();
    if let Some(allow) = parts.headers.get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allow.clone());
    }
    problem
}

/// A body that is longer than what is taken, whatever follows of it.
pub(crate) fn too_long(detail: &str) -> Response {
    plain(StatusCode::PAYLOAD_TOO_LARGE, "INVALID_ARGUMENT", detail.to_owned()).into_response()
}

fn problem(status: StatusCode, headers: &HeaderMap, text: String) -> Problem {
    let (status, code, detail) = match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            let allow = headers.get(header::ALLOW).and_then(|a| a.to_str().ok()).unwrap_or("another method");
            (status, "UNIMPLEMENTED", format!("this path takes {allow}"))
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            (status, "INVALID_ARGUMENT", "send the body with `content-type: application/json`".to_owned())
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            (status, "INVALID_ARGUMENT", "the body is longer than limits.message_bytes allows".to_owned())
        }
        // Wrong fields are 400 everywhere, whoever finds them.
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
            (StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", text)
        }
        other => (other, "UNKNOWN", text),
    };
    plain(status, code, detail)
}

fn plain(status: StatusCode, code: &str, detail: String) -> Problem {
    Problem {
        kind: "about:blank".to_owned(),
        title: status.canonical_reason().unwrap_or("Error").to_owned(),
        status: status.as_u16(),
        detail,
        code: code.to_owned(),
        reason: None,
        metadata: std::collections::BTreeMap::new(),
        fields: Vec::new(),
        retry_after: None,
    }
}

/// A path that leads nowhere: told to programs as to programs and to people as to people.
pub(crate) async fn nothing_here(request: Request) -> Response {
    if request.uri().path().starts_with("/api/") {
        return Problem::from(errors::not_found("path", "under /api/ like this; GET /api/v1/openapi.json lists them"))
            .into_response();
    }
    pages::nothing_here()
}
