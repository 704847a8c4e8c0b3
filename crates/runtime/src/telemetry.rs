//! Logs, traces and metrics of a process.
//!
//! Logs go to standard error, for people or as JSON. Traces leave over OTLP when an endpoint is set;
//! the W3C trace context crosses gRPC metadata, outbox rows and Kafka headers as the text that
//! [`trace_context`] gives and [`set_parent`] takes, so that one trace follows a ticket. Metrics are kept
//! in the process and rendered by [`render_metrics`] for `/metrics`.

use std::{
    collections::HashMap,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::{
    Context,
    propagation::TextMapPropagator,
    trace::{TraceContextExt as _, TracerProvider as _},
};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::settings::{LogFormat, Settings};

/// Buckets of every histogram, in seconds: what ends in `_seconds` is a duration.
const SECONDS: [f64; 16] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0];
/// Buckets of histograms that count things in a batch.
const SIZES: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0];

/// Why telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The exporter refuses its settings.
    #[error("traces cannot be sent to telemetry.otlp_endpoint {endpoint}: {problem}")]
    Exporter {
        /// Where they should have gone.
        endpoint: String,
        /// What the exporter said.
        problem: String,
    },
    /// The metrics' recorder cannot be installed.
    #[error("metrics cannot be kept: {0}")]
    Metrics(String),
}

/// Keeps the telemetry alive; call [`TelemetryGuard::flush`] last, or drop it.
#[derive(Debug)]
#[must_use = "dropping the guard stops the traces"]
pub struct TelemetryGuard {
    traces: Option<SdkTracerProvider>,
}

impl TelemetryGuard {
    /// Sends what is still held back. Blocks for at most five seconds, so call it outside the runtime's
    /// workers or when nothing else has to happen.
    pub fn flush(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(traces) = self.traces.take() {
            // A collector that is away must not keep the process from ending.
            if let Err(problem) = traces.shutdown_with_timeout(Duration::from_secs(5)) {
                tracing::warn!(%problem, "last traces were not sent");
            }
        }
    }
}

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        self.end();
    }
}

/// Sets up logs, traces and metrics for the process called `service`. The first call in a process
/// decides; later ones, as in tests, change nothing and succeed.
///
/// Must be called inside a Tokio runtime when an OTLP endpoint is set: the exporter opens its channel there.
///
/// # Errors
/// When the exporter or the recorder refuses.
pub fn init(service: &str, settings: &Settings) -> Result<TelemetryGuard, TelemetryError> {
    recorder()?;
    metrics::gauge!("suban_build_info", "service" => service.to_owned(), "version" => env!("CARGO_PKG_VERSION"))
        .set(1.0);
    let telemetry = &settings.telemetry;
    let traces = if telemetry.otlp_endpoint.is_empty() {
        None
    } else {
        Some(tracer_provider(service, &telemetry.otlp_endpoint, telemetry.sample)?)
    };
    // Checked when the settings were loaded; a filter that does not parse falls back to the default.
    let filter = EnvFilter::try_new(&telemetry.log).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match telemetry.log_format {
        LogFormat::Text => lines.with_target(false).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).boxed(),
    };
    let spans = traces.as_ref().map(|traces| {
        // Spans are sent whatever the log filter says, except the chatter of the transport below us.
        tracing_opentelemetry::layer()
            .with_tracer(traces.tracer("suban"))
            .with_filter(EnvFilter::new("info,h2=off,hyper=off,tonic=off,tower=off,opentelemetry=off"))
    });
    let first = tracing_subscriber::registry().with(lines.with_filter(filter)).with(spans).try_init().is_ok();
    if !first {
        return Ok(TelemetryGuard { traces: None });
    }
    // A panic is a log line like any other, so that collectors see it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let said = panic.payload_as_str().unwrap_or("no text");
        tracing::error!(place, said, "panic");
    }));
    Ok(TelemetryGuard { traces })
}

fn tracer_provider(service: &str, endpoint: &str, sample: f64) -> Result<SdkTracerProvider, TelemetryError> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(Duration::from_secs(5))
        .build()
        .map_err(|problem| TelemetryError::Exporter { endpoint: endpoint.to_owned(), problem: problem.to_string() })?;
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(sample))))
        .with_resource(Resource::builder().with_service_name(format!("suban-{service}")).build())
        .build())
}

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// The process' one recorder, installed by whoever comes first.
fn recorder() -> Result<&'static PrometheusHandle, TelemetryError> {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = METRICS.get() {
        return Ok(handle);
    }
    use metrics_exporter_prometheus::Matcher;
    let refuse = |problem: &dyn std::fmt::Display| TelemetryError::Metrics(problem.to_string());
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), &SIZES))
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|problem| refuse(&problem))?;
    Ok(METRICS.get_or_init(|| handle))
}

/// All metrics of the process in Prometheus' text form; empty before [`init`].
#[must_use]
pub fn render_metrics() -> String {
    METRICS.get().map(PrometheusHandle::render).unwrap_or_default()
}

/// Folds what histograms have gathered, so that they do not grow between scrapes.
/// [`crate::http_ops::serve`] calls it every few seconds.
pub fn metrics_upkeep() {
    if let Some(handle) = METRICS.get() {
        handle.run_upkeep();
    }
}

/// The header and column name of the trace context.
pub const TRACEPARENT: &str = "traceparent";

/// The current span's W3C trace context, for an outbox row, a Kafka header or gRPC metadata. None when
/// traces are off or this one is not followed.
#[must_use]
pub fn trace_context() -> Option<String> {
    context_text(&Span::current().context())
}

fn context_text(context: &Context) -> Option<String> {
    if !context.span().span_context().is_valid() {
        return None;
    }
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(context, &mut carrier);
    carrier.remove(TRACEPARENT)
}

/// Makes `span` a child of the span that gave this trace context. A text that is no trace context is ignored:
/// it comes from outside.
pub fn set_parent(span: &Span, traceparent: &str) {
    if let Some(context) = context_of(traceparent) {
        // Fails when traces are off or the span has been entered already: then there is nothing to link.
        let _ = span.set_parent(context);
    }
}

/// Links `span` to the span that gave this trace context: for a batch, whose messages come from many traces.
pub fn add_link(span: &Span, traceparent: &str) {
    if let Some(context) = context_of(traceparent) {
        span.add_link(context.span().span_context().clone());
    }
}

fn context_of(traceparent: &str) -> Option<Context> {
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
    context.span().span_context().is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use opentelemetry_sdk::trace::SdkTracerProvider;

    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn with_traces(test: impl FnOnce()) {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), test);
    }

    #[test]
    fn a_trace_follows_its_text_across_a_border() {
        with_traces(|| {
            let span = tracing::info_span!("consume");
            set_parent(&span, PARENT);
            let onward = span.in_scope(trace_context).unwrap();
            assert_eq!(onward[..36], PARENT[..36], "the same trace");
            assert_ne!(onward, PARENT, "another span");
        });
    }

    #[test]
    fn nonsense_from_outside_starts_a_new_trace() {
        with_traces(|| {
            for nonsense in ["", "00-xyz", "00-00000000000000000000000000000000-0000000000000000-01"] {
                let span = tracing::info_span!("consume");
                set_parent(&span, nonsense);
                add_link(&span, nonsense);
                assert!(span.in_scope(trace_context).is_some());
            }
        });
    }

    #[test]
    fn without_traces_there_is_no_context() {
        tracing::subscriber::with_default(tracing_subscriber::registry(), || {
            let span = tracing::info_span!("quiet");
            set_parent(&span, PARENT);
            assert_eq!(span.in_scope(trace_context), None);
        });
    }

    #[test]
    fn init_may_be_called_again_and_metrics_are_rendered() {
        let settings = Settings::from_layers(None, []).unwrap();
        for _ in 0..2 {
            init("test", &settings).unwrap().flush();
        }
        metrics::counter!("suban_test_total").increment(3);
        metrics::histogram!("suban_test_seconds").record(0.003);
        metrics_upkeep();
        let text = render_metrics();
        assert!(text.contains("suban_test_total 3"), "{text}");
        assert!(text.contains("suban_test_seconds_bucket{le=\"0.005\"} 1"), "{text}");
        assert!(text.contains("suban_build_info{service=\"test\""), "{text}");
    }
}
