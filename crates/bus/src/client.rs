//! How clients are set up, and what they say.

use std::time::Duration;

use rdkafka::{ClientConfig, ClientContext, config::RDKafkaLogLevel, consumer::ConsumerContext, error::KafkaError};
use suban_runtime::Settings;

/// What every client of ours has in common.
pub(crate) fn base(settings: &Settings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &settings.kafka.brokers)
        .set("client.id", "suban")
        .set("socket.keepalive.enable", "true")
        // A broker that restarts is back in seconds; do not sleep past it.
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "1000")
        .set("log.connection.close", "false");
    config
}

/// A producer that loses nothing and keeps each ticket's order. `patience` is how long it tries for one message;
/// none means for ever.
pub(crate) fn producer(settings: &Settings, patience: Option<Duration>) -> ClientConfig {
    let mut config = base(settings);
    config
        .set("enable.idempotence", "true")
        .set("acks", "all")
        // As other languages' clients do, so that they agree with us on a key's partition.
        .set("partitioner", "murmur2_random")
        // A compressed batch is taken apart by the broker and again by each reader; an event is a few hundred bytes.
        .set("compression.type", "none")
        // One millisecond gathers what a batch queues, and nobody waits for it.
        .set("linger.ms", "1")
        .set("retry.backoff.ms", "50")
        .set("topic.metadata.refresh.interval.ms", "30000")
        .set("message.timeout.ms", patience.map_or(0, |p| p.as_millis()).to_string());
    config
}

/// A consumer that starts at the beginning where its group has not been, and acknowledges only what it is told.
pub(crate) fn consumer(settings: &Settings, group: &str) -> ClientConfig {
    let session = settings.kafka.session_timeout.as_millis();
    let mut config = base(settings);
    config
        .set("group.id", group)
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "true")
        .set("auto.commit.interval.ms", "500")
        .set("enable.auto.offset.store", "false")
        // Range is the oldest and plainest protocol: on a change everybody lets go, then everybody takes. It
        // happens between batches and costs a fetch; nothing is half revoked.
        .set("partition.assignment.strategy", "range")
        .set("session.timeout.ms", session.to_string())
        .set("heartbeat.interval.ms", (session / 4).max(1).to_string())
        .set("max.poll.interval.ms", "300000")
        .set("fetch.wait.max.ms", "100")
        .set("fetch.error.backoff.ms", "100")
        .set("topic.metadata.refresh.interval.ms", "30000")
        .set("queued.max.messages.kbytes", settings.kafka.queued_kbytes.to_string());
    config
}

/// A client whose troubles are told by whoever uses it, not line by line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, area: &str, line: &str) {
        log(level, area, line);
    }
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka client");
    }
}

impl ConsumerContext for Quiet {}

/// A broker that is away makes librdkafka repeat itself; readiness and metrics say it once.
pub(crate) fn log(level: RDKafkaLogLevel, area: &str, line: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
            tracing::error!(area, "kafka client: {line}");
        }
        RDKafkaLogLevel::Error
        | RDKafkaLogLevel::Warning
        | RDKafkaLogLevel::Notice
        | RDKafkaLogLevel::Info
        | RDKafkaLogLevel::Debug => tracing::debug!(area, "kafka client: {line}"),
    }
}
