//! The topics: few, and named by what they carry.

use std::{collections::BTreeMap, time::Duration};

use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    config::FromClientConfigAndContext as _,
    types::RDKafkaErrorCode,
};
use suban_runtime::Settings;

use crate::{
    BusError,
    client::{self, Quiet},
    error::blocking,
};

/// Kafka answers requests for the cluster's shape within this, or it is away.
pub(crate) const ANSWER: Duration = Duration::from_secs(10);

/// A topic by what it carries; its name begins with the prefix of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topic {
    /// `{prefix}.ticket`: every event; the key is the ticket's id.
    Ticket,
    /// `{prefix}.urgent`: hints at pressing tickets that wait for dispatch; nothing but the ticket's id.
    Urgent,
    /// `{prefix}.dead`: dead letters; compacted, and what is discarded gets a tombstone.
    Dead,
    /// `{prefix}.retry.{group}`: dead letters handed to one consumer again.
    Retry(String),
}

impl Topic {
    /// Its name under this prefix.
    #[must_use]
    pub fn name(&self, settings: &Settings) -> String {
        let prefix = &settings.kafka.topic_prefix;
        match self {
            Self::Ticket => format!("{prefix}.ticket"),
            Self::Urgent => format!("{prefix}.urgent"),
            Self::Dead => format!("{prefix}.dead"),
            Self::Retry(group) => format!("{prefix}.retry.{group}"),
        }
    }

    /// Dead letters have one partition, so that a place is one number; a few hundred a year fit.
    fn partitions(&self, settings: &Settings) -> i32 {
        match self {
            Self::Ticket | Self::Urgent => settings.kafka.partitions,
            Self::Dead | Self::Retry(_) => 1,
        }
    }

    fn config(&self, settings: &Settings) -> BTreeMap<&'static str, String> {
        let hours = u64::from(settings.kafka.retention_hours);
        let mut config = BTreeMap::from([
            ("compression.type", "producer".to_owned()),
            // With three copies one may be away; an acknowledged event then stands on two.
            ("min.insync.replicas", if settings.kafka.replication >= 3 { "2" } else { "1" }.to_owned()),
        ]);
        match self {
            Self::Ticket | Self::Urgent | Self::Retry(_) => {
                config.insert("cleanup.policy", "delete".to_owned());
                config.insert("retention.ms", (hours * 3_600_000).to_string());
            }
            Self::Dead => {
                config.insert("cleanup.policy", "compact".to_owned());
            }
        }
        config
    }
}

/// The name of a consumer group under the settings' prefix.
#[must_use]
pub fn group_name(settings: &Settings, group: &str) -> String {
    format!("{}.{group}", settings.kafka.topic_prefix)
}

/// Creates the ticket, urgent and dead-letter topics where they are missing. May be called by every process at
/// every start.
///
/// # Errors
/// When Kafka is away or refuses.
pub async fn ensure_topics(settings: &Settings) -> Result<(), BusError> {
    ensure(settings, vec![Topic::Ticket, Topic::Urgent, Topic::Dead]).await
}

/// Creates those of `topics` that are missing, and waits until their partitions can be seen.
pub(crate) async fn ensure(settings: &Settings, topics: Vec<Topic>) -> Result<(), BusError> {
    let settings = settings.clone();
    blocking("create topics", move || {
        let admin = AdminClient::from_config_and_context(&client::base(&settings), Quiet)
            .map_err(BusError::kafka("connect"))?;
        let plans: Vec<_> =
            topics.iter().map(|t| (t.name(&settings), t.partitions(&settings), t.config(&settings))).collect();
        // Asking first keeps every start after the first one to a read.
        let mut missing = Vec::new();
        for plan in &plans {
            if partitions(admin.inner(), &plan.0)?.is_none() {
                missing.push(plan);
            }
        }
        if missing.is_empty() {
            return check(admin.inner(), &plans);
        }
        let wanted: Vec<_> = missing
            .iter()
            .map(|(name, partitions, config)| {
                let topic = NewTopic::new(name, *partitions, TopicReplication::Fixed(settings.kafka.replication));
                config.iter().fold(topic, |topic, (key, value)| topic.set(key, value))
            })
            .collect();
        let options = AdminOptions::new().operation_timeout(Some(ANSWER)).request_timeout(Some(ANSWER));
        let answers = futures::executor::block_on(admin.create_topics(&wanted, &options))
            .map_err(BusError::kafka("create topics"))?;
        for answer in answers {
            match answer {
                Ok(topic) => tracing::info!(topic, "topic created"),
                // Another process was first.
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => return Err(BusError::Topic { topic, problem: code.to_string() }),
            }
        }
        check(admin.inner(), &plans)
    })
    .await
}

/// Deletes topics with everything in them, where they are there: for who made a city to throw it away.
///
/// # Errors
/// When Kafka is away or refuses.
pub async fn delete_topics(settings: &Settings, topics: Vec<Topic>) -> Result<(), BusError> {
    let settings = settings.clone();
    blocking("delete topics", move || {
        let admin = AdminClient::from_config_and_context(&client::base(&settings), Quiet)
            .map_err(BusError::kafka("connect"))?;
        let names: Vec<String> = topics.iter().map(|t| t.name(&settings)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let options = AdminOptions::new().operation_timeout(Some(ANSWER)).request_timeout(Some(ANSWER));
        let answers = futures::executor::block_on(admin.delete_topics(&names, &options))
            .map_err(BusError::kafka("delete topics"))?;
        for answer in answers {
            match answer {
                Ok(_) | Err((_, RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic)) => {}
                Err((topic, code)) => return Err(BusError::Topic { topic, problem: code.to_string() }),
            }
        }
        Ok(())
    })
    .await
}

type Plan = (String, i32, BTreeMap<&'static str, String>);

/// Waits until each topic is seen, and warns where its partitions are not as set: adding some would send later
/// events of a ticket to another partition than its earlier ones, so that is for an operator to decide.
fn check(client: &rdkafka::client::Client<Quiet>, plans: &[Plan]) -> Result<(), BusError> {
    for (topic, wanted, _) in plans {
        let mut seen = None;
        for _ in 0..50 {
            seen = partitions(client, topic)?;
            if seen.is_some() {
                break;
            }
            // A new topic reaches the metadata a moment after its creation; this thread may block.
            std::thread::park_timeout(Duration::from_millis(100));
        }
        match seen {
            None => {
                return Err(BusError::Topic {
                    topic: topic.clone(),
                    problem: "was created, but no broker shows it".to_owned(),
                });
            }
            Some(there) if there != *wanted => {
                tracing::warn!(topic, there, wanted, "the topic's partitions differ from kafka.partitions");
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// How many partitions a topic has, or none when it is not there.
pub(crate) fn partitions<C: rdkafka::ClientContext>(
    client: &rdkafka::client::Client<C>,
    topic: &str,
) -> Result<Option<i32>, BusError> {
    let metadata =
        client.fetch_metadata(Some(topic), ANSWER).map_err(BusError::kafka("ask for a topic's partitions"))?;
    let found = metadata.topics().iter().find(|t| t.name() == topic && t.error().is_none());
    Ok(found.map(|t| i32::try_from(t.partitions().len()).unwrap_or(i32::MAX)).filter(|n| *n > 0))
}
