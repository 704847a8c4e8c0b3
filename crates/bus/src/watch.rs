//! What a consumer's client tells: which partitions it lost, how far behind it is, whether a broker answers.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use rdkafka::{
    ClientContext, Statistics,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, ConsumerContext, Rebalance},
    error::KafkaError,
    types::RDKafkaErrorCode,
};
use suban_runtime::Check;

use crate::client;

/// Shared by a consumer's client, which calls it back, and the batches that came from it. Callbacks run on the
/// thread that polls, so nothing here waits.
#[derive(Debug)]
pub(crate) struct Watch {
    group: &'static str,
    check: Check,
    /// Rises with every revocation.
    revocations: AtomicU64,
    /// For each partition that was ever taken away, the count at that moment. Few: partitions, not messages.
    revoked: Mutex<Vec<(String, i32, u64)>>,
    /// Done, and not yet told to the client.
    done: Mutex<Vec<Done>>,
}

/// Everything before `next` is done.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) topic: Arc<str>,
    pub(crate) partition: i32,
    pub(crate) next: i64,
    /// Revocations when the last of it was read.
    pub(crate) seen: u64,
}

impl Watch {
    pub(crate) fn new(group: &'static str, check: Check) -> Self {
        Self { group, check, revocations: AtomicU64::new(0), revoked: Mutex::default(), done: Mutex::default() }
    }

    /// Rises with every revocation: what was read at a lower count may be another's by now.
    pub(crate) fn revocations(&self) -> u64 {
        self.revocations.load(Ordering::Acquire)
    }

    /// Everything up to this offset is done: batches are done from the front.
    pub(crate) fn done(&self, topic: &Arc<str>, partition: i32, offset: i64, seen: u64) {
        let mut done = lock(&self.done);
        match done.iter_mut().find(|d| d.partition == partition && d.topic == *topic) {
            Some(entry) if entry.seen == seen => entry.next = entry.next.max(offset + 1),
            Some(entry) => (entry.next, entry.seen) = (offset + 1, seen),
            None => done.push(Done { topic: topic.clone(), partition, next: offset + 1, seen }),
        }
    }

    /// Takes what is done, without what is another's by now.
    pub(crate) fn take_done(&self) -> Vec<Done> {
        let mut done = std::mem::take(&mut *lock(&self.done));
        done.retain(|d| !self.lost(&d.topic, d.partition, d.seen));
        done
    }

    /// Has this partition been taken away since `seen`?
    pub(crate) fn lost(&self, topic: &str, partition: i32, seen: u64) -> bool {
        seen != self.revocations()
            && lock(&self.revoked).iter().any(|(t, p, at)| *p == partition && t == topic && *at > seen)
    }
}

/// Plain data that is never left half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The context of one consumer's client.
#[derive(Debug, Clone)]
pub(crate) struct Watched(pub(crate) Arc<Watch>);

impl ClientContext for Watched {
    fn log(&self, level: RDKafkaLogLevel, area: &str, line: &str) {
        client::log(level, area, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(group = self.0.group, %error, reason, "kafka consumer");
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) {
            self.0.check.waiting("no Kafka broker answers");
        }
    }

    fn stats(&self, statistics: Statistics) {
        if statistics.brokers.values().any(|broker| broker.state == "UP") {
            self.0.check.ready();
        }
        for (topic, stats) in &statistics.topics {
            for (partition, stats) in &stats.partitions {
                // −1: not this instance's partition.
                if stats.consumer_lag >= 0 {
                    #[expect(clippy::cast_precision_loss, reason = "a lag is far below 2^53")]
                    metrics::gauge!("suban_consumer_lag", "group" => self.0.group, "topic" => topic.clone(),
                        "partition" => partition.to_string())
                    .set(stats.consumer_lag as f64);
                }
            }
        }
    }
}

impl ConsumerContext for Watched {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(partitions) = rebalance {
            let now = self.0.revocations.fetch_add(1, Ordering::AcqRel) + 1;
            let mut revoked = lock(&self.0.revoked);
            for element in partitions.elements() {
                let (topic, partition) = (element.topic(), element.partition());
                metrics::gauge!("suban_consumer_lag", "group" => self.0.group, "topic" => topic.to_owned(),
                    "partition" => partition.to_string())
                .set(0.0);
                match revoked.iter_mut().find(|(t, p, _)| *p == partition && t == topic) {
                    Some(entry) => entry.2 = now,
                    None => revoked.push((topic.to_owned(), partition, now)),
                }
            }
        }
    }

    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(partitions) => {
                metrics::counter!("suban_consumer_rebalances_total", "group" => self.0.group).increment(1);
                tracing::info!(group = self.0.group, partitions = partitions.count(), "partitions taken");
                self.0.check.ready();
            }
            Rebalance::Revoke(partitions) => {
                tracing::info!(group = self.0.group, partitions = partitions.count(), "partitions let go");
            }
            Rebalance::Error(error) => tracing::warn!(group = self.0.group, %error, "rebalance failed"),
        }
    }

    fn commit_callback(&self, result: rdkafka::error::KafkaResult<()>, _: &rdkafka::TopicPartitionList) {
        if let Err(error) = result {
            // What is not committed is delivered again; handlers are made for that.
            tracing::debug!(group = self.0.group, %error, "offsets not committed");
        }
    }
}
