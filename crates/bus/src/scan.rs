//! Reading a topic as it stands: from its beginning to its end as of now, without a group and without a trace.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rdkafka::{
    Offset, TopicPartitionList,
    config::FromClientConfigAndContext as _,
    consumer::{BaseConsumer, Consumer as _},
    error::{KafkaError, RDKafkaErrorCode},
};
use suban_runtime::Settings;

use crate::{
    BusError, Message, Topic,
    client::{self, Quiet},
    envelope::{Corrupt, Record},
    error::blocking,
    group_name,
    topics::{self, ANSWER},
};

/// Nothing for this long before the end is reached means that Kafka is away.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two tries of what will soon be possible.
const AGAIN: Duration = Duration::from_millis(100);

/// Folds every message of a topic as it stands now, and answers the result: for `suban check`. Messages of one
/// partition come in their order.
///
/// # Errors
/// When Kafka is away or refuses.
pub async fn fold_topic<A, F>(settings: &Settings, topic: Topic, begin: A, mut fold: F) -> Result<A, BusError>
where
    A: Send + 'static,
    F: FnMut(&mut A, Result<Message, Box<Corrupt>>) + Send + 'static,
{
    fold_records(settings, topic, begin, move |all, record| fold(all, Message::try_from(record))).await
}

/// The same over records as they are.
pub(crate) async fn fold_records<A, F>(settings: &Settings, topic: Topic, begin: A, mut fold: F) -> Result<A, BusError>
where
    A: Send + 'static,
    F: FnMut(&mut A, Record) + Send + 'static,
{
    let settings = settings.clone();
    blocking("read a topic", move || {
        let mut all = begin;
        scan(&settings, &topic.name(&settings), |record| fold(&mut all, record))?;
        Ok(all)
    })
    .await
}

fn scan(settings: &Settings, topic: &str, mut each: impl FnMut(Record)) -> Result<(), BusError> {
    let mut config = client::consumer(settings, &group_name(settings, "scan"));
    // A group that never joins and never commits leaves nothing behind.
    config
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("queued.max.messages.kbytes", "16384");
    let consumer: BaseConsumer<Quiet> =
        BaseConsumer::from_config_and_context(&config, Quiet).map_err(BusError::kafka("make a consumer"))?;
    let Some(count) = topics::partitions(consumer.client(), topic)? else {
        return Err(BusError::Topic { topic: topic.to_owned(), problem: "is not there".to_owned() });
    };
    let mut ends = vec![0; usize::try_from(count).unwrap_or(0)];
    let mut from = TopicPartitionList::new();
    for (partition, end) in (0..count).zip(&mut ends) {
        let (low, high) =
            consumer.fetch_watermarks(topic, partition, ANSWER).map_err(BusError::kafka("ask for watermarks"))?;
        if low < high {
            *end = high;
            from.add_partition_offset(topic, partition, Offset::Beginning)
                .map_err(BusError::kafka("choose partitions"))?;
        }
    }
    consumer.assign(&from).map_err(BusError::kafka("choose partitions"))?;
    drop(from);
    let name: Arc<str> = Arc::from(topic);
    let mut open = ends.iter().filter(|end| **end > 0).count();
    let mut last = now();
    while open > 0 {
        let mut finish = |partition: i32, all: bool, next: i64| {
            let Some(end) = usize::try_from(partition).ok().and_then(|p| ends.get_mut(p)) else { return };
            if *end > 0 && (all || next >= *end) {
                *end = 0;
                open -= 1;
            }
        };
        match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) => {
                last = now();
                let record = Record::of(&message, name.clone());
                let (partition, next) = (record.partition, record.offset + 1);
                each(record);
                finish(partition, false, next);
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => finish(partition, true, 0),
            Some(Err(error)) => tracing::debug!(topic, %error, "reading"),
            None => {}
        }
        if last.elapsed() > PATIENCE {
            return Err(BusError::Stalled { topic: topic.to_owned(), seconds: PATIENCE.as_secs() });
        }
    }
    Ok(())
}

fn now() -> Instant {
    Instant::now()
}

/// How many messages a group has not yet acknowledged, over all partitions of the topic and of its dead letters
/// that were handed to it again.
///
/// # Errors
/// When Kafka is away or refuses.
pub async fn group_lag(settings: &Settings, group: &str, topic: Topic) -> Result<u64, BusError> {
    GroupLag::of(settings, group, topic)?.messages().await
}

/// The lag of one group, for who asks again and again: the connection is kept.
#[derive(Clone)]
pub struct GroupLag {
    /// Names of the topic and of the group's handed-back dead letters.
    topics: [String; 2],
    client: Arc<BaseConsumer<Quiet>>,
}

impl GroupLag {
    /// Connects by itself at the first question.
    ///
    /// # Errors
    /// When the settings make no client.
    pub fn of(settings: &Settings, group: &str, topic: Topic) -> Result<Self, BusError> {
        let config = client::consumer(settings, &group_name(settings, group));
        let client =
            BaseConsumer::from_config_and_context(&config, Quiet).map_err(BusError::kafka("make a consumer"))?;
        let topics = [topic, Topic::Retry(group.to_owned())].map(|topic| topic.name(settings));
        Ok(Self { topics, client: Arc::new(client) })
    }

    /// How many messages the group has not yet acknowledged.
    ///
    /// # Errors
    /// When Kafka is away or refuses.
    pub async fn messages(&self) -> Result<u64, BusError> {
        let begun = Instant::now();
        loop {
            match self.measure().await {
                Err(error) if not_yet(&error) && begun.elapsed() < ANSWER => tokio::time::sleep(AGAIN).await,
                answer => return answer,
            }
        }
    }

    async fn measure(&self) -> Result<u64, BusError> {
        let Self { topics, client } = self.clone();
        blocking("measure a group's lag", move || {
            let mut lag = 0;
            for name in &topics {
                let Some(count) = topics::partitions(client.client(), name)? else { continue };
                let mut asked = TopicPartitionList::new();
                asked.add_partition_range(name, 0, count - 1);
                let committed = client.committed_offsets(asked, ANSWER).map_err(BusError::kafka("ask for offsets"))?;
                for element in committed.elements() {
                    let (low, high) = client
                        .fetch_watermarks(name, element.partition(), ANSWER)
                        .map_err(BusError::kafka("ask for watermarks"))?;
                    let at = match element.offset() {
                        Offset::Offset(at) => at.max(low),
                        Offset::Beginning | Offset::End | Offset::Stored | Offset::Invalid | Offset::OffsetTail(_) => {
                            low
                        }
                    };
                    lag += u64::try_from(high - at).unwrap_or(0);
                }
            }
            Ok(lag)
        })
        .await
    }
}

/// A broker that has just started, or has just made its topic of offsets, names a coordinator that is not one yet.
fn not_yet(error: &BusError) -> bool {
    use RDKafkaErrorCode::{CoordinatorLoadInProgress, CoordinatorNotAvailable, NotCoordinator};
    let BusError::Kafka { source: KafkaError::MetadataFetch(code), .. } = error else { return false };
    matches!(code, NotCoordinator | CoordinatorNotAvailable | CoordinatorLoadInProgress)
}

impl std::fmt::Debug for GroupLag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GroupLag").field("topics", &self.topics).finish_non_exhaustive()
    }
}

/// How many messages a topic has ever held: the sum of its partitions' ends.
///
/// # Errors
/// When Kafka is away or refuses.
pub async fn topic_end(settings: &Settings, topic: Topic) -> Result<u64, BusError> {
    let (settings, name) = (settings.clone(), topic.name(settings));
    blocking("measure a topic", move || {
        let config = client::consumer(&settings, &group_name(&settings, "scan"));
        let consumer: BaseConsumer<Quiet> =
            BaseConsumer::from_config_and_context(&config, Quiet).map_err(BusError::kafka("make a consumer"))?;
        let mut end = 0;
        for partition in 0..topics::partitions(consumer.client(), &name)?.unwrap_or(0) {
            // A partition that was made a moment ago may have no leader yet.
            let begun = now();
            let high = loop {
                match consumer.fetch_watermarks(&name, partition, ANSWER) {
                    Ok((_, high)) => break high,
                    Err(_) if begun.elapsed() < ANSWER => std::thread::park_timeout(Duration::from_millis(200)),
                    Err(error) => return Err(BusError::kafka("ask for watermarks")(error)),
                }
            };
            end += u64::try_from(high).unwrap_or(0);
        }
        Ok(end)
    })
    .await
}
