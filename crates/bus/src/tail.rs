//! The end of the ticket topic as it grows, for screens: no group, no acknowledgement, nothing left in Kafka.
//!
//! What was published before is not read, and what is missed while Kafka is away is read when it is back, as far
//! as this process lives. Whoever must not miss anything is a consumer ([`crate::Batches`]), not a tail.

use std::{sync::Arc, time::Duration};

use futures::FutureExt as _;
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{Consumer as _, StreamConsumer},
};
use suban_runtime::Settings;

use crate::{
    BusError, Kinds, Message, Record, Topic,
    client::{self, Quiet},
    envelope,
    error::{blocking, drop_elsewhere},
    group_name,
    topics::{self, ANSWER},
};

/// Between two tries while Kafka is away.
const PAUSE: Duration = Duration::from_millis(500);

/// Follows the ticket topic from now on.
pub struct Tail {
    client: Option<StreamConsumer<Quiet>>,
    name: Arc<str>,
    kinds: Kinds,
    at_most: usize,
}

impl Tail {
    /// Begins at the end of every partition; gives events of these kinds.
    ///
    /// # Errors
    /// When Kafka is away, or the topic is not there.
    pub async fn tickets(settings: &Settings, kinds: Kinds) -> Result<Self, BusError> {
        let name: Arc<str> = Arc::from(Topic::Ticket.name(settings));
        let mut config = client::consumer(settings, &group_name(settings, "tail"));
        config.set("enable.auto.commit", "false").set("auto.offset.reset", "latest");
        let topic = name.clone();
        let client = blocking("follow a topic", move || {
            let client: StreamConsumer<Quiet> =
                config.create_with_context(Quiet).map_err(BusError::kafka("make a consumer"))?;
            let count = topics::partitions(client.client(), &topic)?
                .ok_or_else(|| BusError::Topic { topic: topic.to_string(), problem: "is not there".to_owned() })?;
            let mut from = TopicPartitionList::new();
            for partition in 0..count {
                // The end as it is now, not as it will be when the first fetch is answered.
                let (_, end) = client
                    .fetch_watermarks(&topic, partition, ANSWER)
                    .map_err(BusError::kafka("ask for watermarks"))?;
                from.add_partition_offset(&topic, partition, Offset::Offset(end))
                    .map_err(BusError::kafka("choose partitions"))?;
            }
            client.assign(&from).map_err(BusError::kafka("choose partitions"))?;
            drop(from);
            Ok(client)
        })
        .await?;
        Ok(Self { client: Some(client), name, kinds, at_most: settings.limits.batch })
    }

    /// The next messages, as many as have arrived, at least one. Records that are no events are passed over.
    pub async fn next(&mut self) -> Vec<Message> {
        let Some(client) = &self.client else { return std::future::pending().await };
        let mut messages = Vec::new();
        loop {
            let arrived = if messages.is_empty() { Some(client.recv().await) } else { client.recv().now_or_never() };
            match arrived {
                Some(Ok(message)) if envelope::kind_in(&message).is_some_and(|kind| !self.kinds.given(kind)) => {}
                Some(Ok(message)) => {
                    messages.extend(Message::try_from(Record::of(&message, self.name.clone())));
                    if messages.len() >= self.at_most {
                        return messages;
                    }
                }
                Some(Err(error)) => {
                    tracing::debug!(%error, "following the ticket topic");
                    tokio::time::sleep(PAUSE).await;
                }
                None => return messages,
            }
        }
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop_elsewhere(client);
        }
    }
}
