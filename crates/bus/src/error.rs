//! Why the bus cannot do something.

use rdkafka::error::KafkaError;

/// Why the bus cannot do something. None of these carries personal data.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// Kafka refused, or did not answer.
    #[error("kafka: cannot {doing}: {source}")]
    Kafka {
        /// What was tried.
        doing: &'static str,
        /// What the client said.
        source: KafkaError,
    },
    /// Postgres refused, or did not answer.
    #[error("outbox: {0}")]
    Database(#[from] sqlx::Error),
    /// What stands in the outbox cannot be read.
    #[error("outbox: {0}")]
    Damaged(#[from] suban_store::StoreError),
    /// A topic is not there or not as it should be.
    #[error("topic {topic}: {problem}")]
    Topic {
        /// Its name.
        topic: String,
        /// What is wrong with it.
        problem: String,
    },
    /// No dead letter stands at this place any more.
    #[error("no dead letter at {partition}/{offset}; `suban dlq list` shows those there are")]
    NoDeadLetter {
        /// Partition of the dead-letter topic.
        partition: i32,
        /// Offset in it.
        offset: i64,
    },
    /// Kafka stopped giving messages before the end was reached.
    #[error("topic {topic}: nothing came for {seconds} s before the end was reached")]
    Stalled {
        /// Its name.
        topic: String,
        /// How long was waited.
        seconds: u64,
    },
    /// Kafka acknowledged nothing for too long.
    #[error("topic {topic}: what was sent was not acknowledged within {seconds} s")]
    Unacknowledged {
        /// Its name.
        topic: String,
        /// How long was waited.
        seconds: u64,
    },
    /// The process is stopping, or a thread of the bus ended early.
    #[error("the bus was stopped while it was to {doing}")]
    Stopped {
        /// What was tried.
        doing: &'static str,
    },
}

impl BusError {
    pub(crate) fn kafka(doing: &'static str) -> impl FnOnce(KafkaError) -> Self {
        move |source| Self::Kafka { doing, source }
    }
}

/// Runs what blocks on a thread where it may (traps: commits, watermarks, metadata and dropping a client block).
pub(crate) async fn blocking<T, F>(doing: &'static str, work: F) -> Result<T, BusError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, BusError> + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.map_err(|_| BusError::Stopped { doing })?
}

/// Drops a Kafka client where it may block.
pub(crate) fn drop_elsewhere<T: Send + 'static>(client: T) {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn_blocking(move || drop(client))),
        Err(_) => drop(client),
    }
}
