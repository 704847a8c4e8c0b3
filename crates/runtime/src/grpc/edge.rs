//! What happens to every request before a service sees it.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, Request, Response};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, body::Body};
use tracing::Instrument as _;

use super::stream::Answer;
use crate::{
    Access, errors,
    settings::{Limits, Service},
    telemetry,
};

/// Methods without data, open to probes and tools.
const OPEN: [&str; 2] = ["/grpc.health.v1.Health/", "/grpc.reflection."];
/// The answer must be on its way before the caller gives up, or they learn nothing.
const HEAD_START: Duration = Duration::from_millis(50);

#[derive(Clone)]
pub(super) struct EdgeLayer(Arc<Rules>);

/// What holds for every request of one face.
pub(super) struct Rules {
    pub(super) service: Service,
    pub(super) stop: CancellationToken,
    pub(super) stream_grace: Duration,
    access: Option<Access>,
    longest: Duration,
    most: usize,
    running: AtomicUsize,
}

impl EdgeLayer {
    pub(super) fn new(service: Service, access: Option<Access>, limits: &Limits, stop: CancellationToken) -> Self {
        Self(Arc::new(Rules {
            service,
            stop,
            // Half the time of a stop for streams to end by themselves, half for the rest.
            stream_grace: limits.drain / 2,
            access,
            longest: limits.request_timeout,
            most: limits.requests,
            running: AtomicUsize::new(0),
        }))
    }
}

impl<S> tower::Layer<S> for EdgeLayer {
    type Service = Edge<S>;
    fn layer(&self, inner: S) -> Edge<S> {
        Edge { inner, rules: self.0.clone() }
    }
}

#[derive(Clone)]
pub(super) struct Edge<S> {
    inner: S,
    rules: Arc<Rules>,
}

impl<S> tower::Service<Request<Body>> for Edge<S>
where
    S: tower::Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The ready one is used, a fresh clone stays behind (tower's rule for services called in a future).
        let fresh = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, fresh);
        let rules = self.rules.clone();
        let method = method_of(request.uri().path());
        let span = tracing::info_span!(
            "rpc",
            otel.kind = "server",
            otel.name = %method,
            rpc.method = %method,
            service = rules.service.name(),
            code = tracing::field::Empty,
        );
        if let Some(parent) = request.headers().get(telemetry::TRACEPARENT).and_then(|v| v.to_str().ok()) {
            telemetry::set_parent(&span, parent);
        }
        Box::pin(
            async move {
                let begun = Instant::now();
                let response = answer(inner, &rules, request, begun).await;
                let code = code_of(&response);
                let name = errors::code_name(code);
                tracing::Span::current().record("code", name);
                note_failure(code, &method, &response);
                // A path that no service answers is anybody's invention: it must not become a label.
                let method = if code == Code::Unimplemented { "unknown".to_owned() } else { method };
                let service = rules.service.name();
                metrics::counter!("suban_rpc_total", "service" => service, "method" => method.clone(), "code" => name)
                    .increment(1);
                metrics::histogram!("suban_rpc_seconds", "service" => service, "method" => method.clone())
                    .record(begun.elapsed().as_secs_f64());
                Ok(response.map(|body| Body::new(Answer::new(body, rules, method))))
            }
            .instrument(span),
        )
    }
}

async fn answer<S>(mut inner: S, rules: &Rules, mut request: Request<Body>, begun: Instant) -> Response<Body>
where
    S: tower::Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let _running = match Running::one_more(rules) {
        Ok(running) => running,
        Err(full) => return full.into_http(),
    };
    let path = request.uri().path();
    let open = OPEN.iter().any(|prefix| path.starts_with(prefix));
    let until = begun + allowed(request.headers(), rules.longest);
    let answered = tokio::time::timeout_at(until, async {
        if !open {
            match authenticate(rules, request.headers()).await {
                Ok(caller) => request.extensions_mut().insert(caller),
                Err(refused) => return refused.into_http(),
            };
        }
        match inner.call(request).await {
            Ok(response) => blamed(response),
            Err(never) => match never {},
        }
    })
    .await;
    answered.unwrap_or_else(|_| {
        errors::too_late(
            "the time allowed is over; what was asked may still have been done: send the same request_id again",
        )
        .into_http()
    })
}

/// A message that is no message is the caller's mistake; the library below calls it ours. What it says names the
/// field and never its content.
fn blamed(response: Response<Body>) -> Response<Body> {
    const UNREADABLE: &str = "failed to decode Protobuf message: ";
    let said = response.extensions().get::<Status>().filter(|s| s.code() == Code::Internal);
    match said.and_then(|s| s.message().strip_prefix(UNREADABLE)) {
        Some(problem) => errors::invalid("request", format!("cannot be read: {problem}")).into_http(),
        None => response,
    }
}

async fn authenticate(rules: &Rules, headers: &HeaderMap) -> Result<Arc<crate::Caller>, Status> {
    match &rules.access {
        Some(access) => access.authenticate(headers).await,
        None => Err(errors::unauthenticated("NO_ACCESS", "this face was opened without a source of tokens")),
    }
}

/// One of the requests a process works on at once.
struct Running<'a>(&'a Rules);

impl<'a> Running<'a> {
    fn one_more(rules: &'a Rules) -> Result<Self, Status> {
        let before = rules.running.fetch_add(1, Ordering::AcqRel);
        let running = Self(rules);
        if before >= rules.most {
            metrics::counter!("suban_rpc_refused_total", "service" => rules.service.name()).increment(1);
            return Err(errors::exhausted(
                "too many requests at once (limits.requests); send it again a little later",
                Duration::from_secs(1),
            ));
        }
        Ok(running)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

/// `/suban.v1.Intake/Submit` as `suban.v1.Intake/Submit`.
fn method_of(path: &str) -> String {
    path.trim_start_matches('/').to_owned()
}

/// The code when the answer begins; a stream that fails later ends with its own.
fn code_of(response: &Response<Body>) -> Code {
    response.headers().get(Status::GRPC_STATUS).map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()))
}

/// Our own failures are worth a line; a caller's mistakes are only counted, or anybody could fill the disk.
fn note_failure(code: Code, method: &str, response: &Response<Body>) {
    let said = || response.extensions().get::<Status>().map(Status::message).unwrap_or_default().to_owned();
    match code {
        Code::Internal | Code::Unknown | Code::DataLoss => {
            tracing::error!(method, code = errors::code_name(code), said = said(), "request failed");
        }
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted => {
            tracing::warn!(method, code = errors::code_name(code), said = said(), "request not done");
        }
        Code::Ok
        | Code::Cancelled
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Unauthenticated => {}
    }
}

/// The caller's `grpc-timeout` less a head start, at most our own.
fn allowed(headers: &HeaderMap, longest: Duration) -> Duration {
    let asked = headers.get("grpc-timeout").and_then(|value| parse_timeout(value.to_str().ok()?));
    match asked {
        Some(asked) => longest.min(asked.saturating_sub(HEAD_START).max(asked / 2)),
        None => longest,
    }
}

/// At most eight digits and a unit: `100m` is 100 milliseconds.
fn parse_timeout(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let digits = text.strip_suffix(unit)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    Some(match unit {
        'H' => Duration::from_secs(amount * 3600),
        'M' => Duration::from_secs(amount * 60),
        'S' => Duration::from_secs(amount),
        'm' => Duration::from_millis(amount),
        'u' => Duration::from_micros(amount),
        'n' => Duration::from_nanos(amount),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_timeout_counts_but_never_beyond_ours() {
        let longest = Duration::from_secs(30);
        let with = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", text.parse().unwrap());
            allowed(&headers, longest)
        };
        assert_eq!(with("200m"), Duration::from_millis(150));
        assert_eq!(with("2m"), Duration::from_millis(1));
        assert_eq!(with("1H"), longest);
        for nonsense in ["", "m", "10", "123456789S", "-1S", "１S"] {
            assert_eq!(allowed_text(nonsense), None, "{nonsense}");
        }
        assert_eq!(allowed(&HeaderMap::new(), longest), longest);
    }

    fn allowed_text(text: &str) -> Option<Duration> {
        parse_timeout(text)
    }
}
