//! The end of the ticket topic as it grows, for screens: no group, no acknowledgement, nothing left in Kafka.
//!
//! What was published before is not read, unless whoever follows says how far they had come; what is missed while Kafka
//! is away is read when it is back, as far as this process lives. Whoever must not miss anything is a consumer
//! ([`crate::Batches`]), not a tail.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::FutureExt as _;
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{Consumer as _, StreamConsumer},
    message::Message as _,
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

/// How far a topic was heard: for each partition the first record that was not.
pub type Positions = BTreeMap<i32, i64>;

/// Follows the ticket topic from now on, or from where somebody had come.
pub struct Tail {
    client: Option<StreamConsumer<Quiet>>,
    name: Arc<str>,
    kinds: Kinds,
    at_most: usize,
    heard: Positions,
    /// Where the topic ended when this began.
    ends: Positions,
}

impl Tail {
    /// Begins at the end of every partition; gives events of these kinds.
    ///
    /// # Errors
    /// When Kafka is away, or the topic is not there.
    pub async fn tickets(settings: &Settings, kinds: Kinds) -> Result<Self, BusError> {
        let opened = Opened::of(settings).await?;
        let from = opened.within.iter().map(|(partition, (_, end))| (*partition, *end)).collect();
        opened.begin(settings, kinds, from).await
    }

    /// Goes on where somebody had come; none where the topic no longer holds all that came afterwards.
    ///
    /// # Errors
    /// When Kafka is away, or the topic is not there.
    pub async fn tickets_from(settings: &Settings, kinds: Kinds, heard: &Positions) -> Result<Option<Self>, BusError> {
        let opened = Opened::of(settings).await?;
        let reached = |partition: &i32, (first, end): &(i64, i64)| {
            // A partition that was added later is heard from its first record.
            let from = heard.get(partition).copied().unwrap_or(0);
            (*first..=*end).contains(&from).then_some((*partition, from))
        };
        let gone = heard.keys().any(|partition| !opened.within.contains_key(partition));
        match opened.within.iter().map(|(partition, within)| reached(partition, within)).collect::<Option<Positions>>()
        {
            Some(from) if !gone => opened.begin(settings, kinds, from).await.map(Some),
            _ => Ok(None),
        }
    }

    /// How far it was heard: everything before was given by [`Self::next`], or is of another kind.
    #[must_use]
    pub fn heard(&self) -> &Positions {
        &self.heard
    }

    /// Whether everything was heard that was there when it began.
    #[must_use]
    pub fn has_caught_up(&self) -> bool {
        self.ends.iter().all(|(partition, end)| self.heard.get(partition).is_some_and(|heard| heard >= end))
    }

    /// The next messages, as many as have arrived: at least one, or none where the last that were there when it began are
    /// of other kinds. Records that are no events are passed over. Whoever lets go of the future misses nothing.
    pub async fn next(&mut self) -> Vec<Message> {
        let Some(client) = &self.client else { return std::future::pending().await };
        let behind = !self.has_caught_up();
        let mut messages = Vec::new();
        loop {
            let arrived = if messages.is_empty() { Some(client.recv().await) } else { client.recv().now_or_never() };
            match arrived {
                Some(Ok(message)) => {
                    self.heard.insert(message.partition(), message.offset() + 1);
                    if envelope::kind_in(&message).is_none_or(|kind| self.kinds.given(kind)) {
                        messages.extend(Message::try_from(Record::of(&message, self.name.clone())));
                    }
                    if messages.len() >= self.at_most || (behind && self.has_caught_up()) {
                        return messages;
                    }
                }
                Some(Err(error)) => {
                    tracing::debug!(%error, "following the ticket topic");
                    if !messages.is_empty() {
                        return messages;
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                None => return messages,
            }
        }
    }
}

/// A consumer of the ticket topic that does not read yet.
struct Opened {
    client: StreamConsumer<Quiet>,
    name: Arc<str>,
    /// The first record of each partition, and the one after its last: as they are now, not as they will be when the
    /// first fetch is answered.
    within: BTreeMap<i32, (i64, i64)>,
}

impl Opened {
    async fn of(settings: &Settings) -> Result<Self, BusError> {
        let name: Arc<str> = Arc::from(Topic::Ticket.name(settings));
        let mut config = client::consumer(settings, &group_name(settings, "tail"));
        config.set("enable.auto.commit", "false").set("auto.offset.reset", "latest");
        blocking("follow a topic", move || {
            let client: StreamConsumer<Quiet> =
                config.create_with_context(Quiet).map_err(BusError::kafka("make a consumer"))?;
            let count = topics::partitions(client.client(), &name)?
                .ok_or_else(|| BusError::Topic { topic: name.to_string(), problem: "is not there".to_owned() })?;
            let watermarks = |partition| {
                let within = client.fetch_watermarks(&name, partition, ANSWER);
                Ok((partition, within.map_err(BusError::kafka("ask for watermarks"))?))
            };
            let within = (0..count).map(watermarks).collect::<Result<_, BusError>>()?;
            Ok(Self { client, name, within })
        })
        .await
    }

    async fn begin(self, settings: &Settings, kinds: Kinds, from: Positions) -> Result<Tail, BusError> {
        let Self { client, name, within } = self;
        let (topic, chosen) = (name.clone(), from.clone());
        let client = blocking("follow a topic", move || {
            let mut list = TopicPartitionList::new();
            for (partition, offset) in chosen {
                list.add_partition_offset(&topic, partition, Offset::Offset(offset))
                    .map_err(BusError::kafka("choose partitions"))?;
            }
            client.assign(&list).map_err(BusError::kafka("choose partitions"))?;
            drop(list);
            Ok(client)
        })
        .await?;
        let ends = within.into_iter().map(|(partition, (_, end))| (partition, end)).collect();
        Ok(Tail { client: Some(client), name, kinds, at_most: settings.limits.batch, heard: from, ends })
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop_elsewhere(client);
        }
    }
}
