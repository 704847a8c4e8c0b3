//! The driver: hands batches to a handler and decides what a failure means.

use std::collections::HashSet;

use futures::future::BoxFuture;
use suban_runtime::telemetry;
use suban_store::StoreError;
use tokio::time::Instant;
use tracing::{Instrument as _, Span};

use crate::{Batch, Batches, BusError, Message, Unreadable};

/// Traces that one batch goes on in: all of them while a city is quiet enough for anybody to follow one.
const TRACES: usize = 200;

/// Why a handler could not do a batch. Nothing of the batch, or of its part that was handed over, is done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Infrastructure, which comes back: tried again for ever, with everything behind it waiting.
    #[error("{0}")]
    Transient(String),
    /// This one message is refused for good or cannot be opened. It becomes a dead letter after
    /// `limits.delivery_attempts` deliveries.
    #[error("message {index}: {reason}")]
    Poison {
        /// Its place in what was handed over.
        index: usize,
        /// Why; kept with the dead letter and logged, so nothing personal.
        reason: String,
    },
    /// Something else. The batch is halved until the message is found; that one counts as
    /// [`Failure::Poison`].
    #[error("{0}")]
    Unknown(String),
}

impl Failure {
    /// The message at `index` cannot be handled.
    pub fn poison(index: usize, reason: impl std::fmt::Display) -> Self {
        Self::Poison { index, reason: reason.to_string() }
    }
    /// Something that comes back is away.
    pub fn transient(reason: impl std::fmt::Display) -> Self {
        Self::Transient(reason.to_string())
    }
    /// Nobody knows whose fault it is.
    pub fn unknown(reason: impl std::fmt::Display) -> Self {
        Self::Unknown(reason.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        if error.is_transient() { Self::transient(error) } else { Self::unknown(error) }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl From<BusError> for Failure {
    fn from(error: BusError) -> Self {
        Self::transient(error)
    }
}

/// Where no index is at hand, halving finds the message.
impl From<Unreadable> for Failure {
    fn from(error: Unreadable) -> Self {
        Self::unknown(error)
    }
}

/// Hands every batch to `handler` until the process stops or a replay ends. A failure that passes is waited out
/// with the order kept; a message that cannot be handled becomes a dead letter and the rest goes on.
///
/// # Errors
/// When the client is broken for good.
pub async fn run<C, H>(mut batches: Batches, context: C, handler: H) -> Result<(), BusError>
where
    C: Send + Sync,
    H: for<'a> Fn(&'a C, &'a [Message]) -> BoxFuture<'a, Result<(), Failure>> + Send + Sync,
{
    while let Some(batch) = batches.next().await? {
        if !deliver(&mut batches, batch, &context, &handler).await? {
            break;
        }
    }
    batches.close().await;
    Ok(())
}

/// False: the process stops, and what is left comes again after the next start.
async fn deliver<C, H>(batches: &mut Batches, mut batch: Batch, context: &C, handler: &H) -> Result<bool, BusError>
where
    H: for<'a> Fn(&'a C, &'a [Message]) -> BoxFuture<'a, Result<(), Failure>>,
{
    let group = batches.group;
    // How many messages are tried together: all, until a failure says that one of them is the cause.
    let mut width = batch.messages().len();
    // Failed deliveries of the first message, and of any by infrastructure.
    let (mut attempts, mut tries) = (0, 0);
    let mut first = place(&batch);
    while !batch.messages().is_empty() {
        if batches.stop.is_cancelled() {
            return Ok(false);
        }
        let part = &batch.messages()[..width.clamp(1, batch.messages().len())];
        let n = part.len();
        let begun = Instant::now();
        let (span, others) = spans(group, part);
        let result = handler(context, part).instrument(span).await;
        drop(others);
        metrics::histogram!("suban_consumer_handle_seconds", "group" => group).record(begun.elapsed().as_secs_f64());
        let failure = match result {
            Ok(()) => {
                if tries > 0 {
                    batches.check.ready();
                }
                batch.done_first(n);
                batches.acknowledge();
                (attempts, tries, width) = (0, 0, n.saturating_mul(2));
                first = place(&batch);
                continue;
            }
            Err(failure) => failure,
        };
        match failure {
            Failure::Transient(reason) => {
                tries += 1;
                metrics::counter!("suban_consumer_retries_total", "group" => group).increment(1);
                if tries == 1 {
                    tracing::warn!(group, reason, "handling failed; trying again");
                } else {
                    batches.check.waiting(format!("handling fails: {reason}"));
                }
                let wait = batches.back_off(tries);
                batches.rest(wait).await?;
                batch.drop_lost();
                if first != place(&batch) {
                    (first, attempts) = (place(&batch), 0);
                }
            }
            // What stands before it is handled first, so that it comes to the front with the order kept.
            Failure::Poison { index, .. } if n > 1 => width = if index == 0 { 1 } else { index.min(n - 1) },
            Failure::Unknown(reason) if n > 1 => {
                tracing::debug!(group, n, reason, "halving the batch");
                width = n / 2;
            }
            Failure::Poison { reason, .. } | Failure::Unknown(reason) => {
                attempts += 1;
                metrics::counter!("suban_consumer_refusals_total", "group" => group).increment(1);
                if attempts < batches.settings.limits.delivery_attempts {
                    let wait = batches.settings.limits.retry_first;
                    batches.rest(wait).await?;
                } else {
                    let record = batch.messages()[0].record().clone();
                    if !batches.bury(&record, &reason, attempts).await {
                        return Ok(false);
                    }
                    batch.done_first(1);
                    batches.acknowledge();
                    (attempts, tries, width) = (0, 0, batch.messages().len());
                }
                batch.drop_lost();
                if first != place(&batch) {
                    (first, attempts) = (place(&batch), 0);
                }
            }
        }
    }
    Ok(true)
}

/// Where the first message of a batch stands.
fn place(batch: &Batch) -> Option<(String, i32, i64)> {
    batch.messages().first().map(|m| (m.topic().to_owned(), m.partition(), m.offset()))
}

/// A span of each trace that the messages come from, so that every ticket's trace goes on; the handler works in the
/// first, which links to the others.
fn spans(group: &'static str, part: &[Message]) -> (Span, Vec<Span>) {
    let begun = || tracing::info_span!("consume", otel.kind = "consumer", group, messages = part.len());
    let mut seen = HashSet::new();
    let mut traces = part.iter().filter_map(|m| m.trace.as_deref()).filter(|t| seen.insert(trace_id(t))).take(TRACES);
    let first = begun();
    if let Some(trace) = traces.next() {
        telemetry::set_parent(&first, trace);
    }
    let others = traces.map(|trace| {
        telemetry::add_link(&first, trace);
        let span = begun();
        telemetry::set_parent(&span, trace);
        span
    });
    let others = others.collect();
    (first, others)
}

/// The trace of a W3C trace context, without the span.
fn trace_id(context: &str) -> Option<&str> {
    context.split('-').nth(1)
}
