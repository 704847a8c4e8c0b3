//! Batches: whatever has arrived, never a wait for a full one.
//!
//! The client is polled by whoever asks for the next batch, so that partitions change hands between batches and
//! not under one. Only a long retry polls while a batch is out ([`Batches::rest`], partitions paused); what is
//! lost there is dropped from the batch unacknowledged. An offset is stored when everything before it is done,
//! committed twice a second, and once more when partitions or the process go.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use futures::{FutureExt as _, StreamExt as _};
use rdkafka::{
    Message as _, Offset, TopicPartitionList,
    config::FromClientConfigAndContext as _,
    consumer::{Consumer as _, StreamConsumer},
    error::KafkaError,
    message::BorrowedMessage,
    types::RDKafkaErrorCode,
};
use suban_runtime::{Check, Health, Settings, Tasks};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    BusError, Message, Topic, client,
    dead::Letter,
    envelope::{self, Corrupt, Record},
    error::{blocking, drop_elsewhere},
    group::{Group, Kinds, Pace},
    group_name,
    sender::Sender,
    topics::{self, ANSWER},
    watch::{Watch, Watched},
};

/// A back-off longer than this pauses the partitions and keeps polling, far inside `max.poll.interval.ms`.
const REST_BY_SLEEP: Duration = Duration::from_millis(500);

/// So often the client is polled though it says nothing. Its own safeguard against a lost wake-up is half of
/// `max.poll.interval.ms`: minutes in which a group would stand still after a broker's restart.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// A group that gathers is answered when this many bytes have arrived, or its time is over.
const GATHERED: usize = 256 * 1024;

type Client = StreamConsumer<Watched>;

/// A consumer of one topic in a group, and of the dead letters that are handed to that group again.
pub struct Batches {
    pub(crate) settings: Settings,
    pub(crate) group: &'static str,
    kinds: Kinds,
    topic: Topic,
    /// The topics read; a record's topic is one of these, shared.
    names: Vec<Arc<str>>,
    client: Option<Client>,
    watch: Arc<Watch>,
    pub(crate) check: Check,
    pub(crate) stop: CancellationToken,
    /// Read already, for the next batch.
    ahead: VecDeque<Arrived>,
    /// Dead letters go here.
    letters: Option<Sender>,
    /// A replay's ends: partition and the offset before which it stops. None: live.
    ends: Option<HashMap<i32, i64>>,
}

/// A record as it was read.
struct Arrived {
    place: Place,
    /// Its content; none when its kind is not given to this group.
    record: Option<Record>,
}

/// Where a record stands, and how many revocations there had been when it was read.
#[derive(Debug)]
struct Place {
    topic: Arc<str>,
    partition: i32,
    offset: i64,
    seen: u64,
}

/// Messages that arrived together, in the order of each partition.
#[derive(Debug)]
pub struct Batch {
    messages: Vec<Message>,
    /// Revocations when each message was read.
    seen: Vec<u64>,
    /// Records between them that are not given or are dead letters by now: their offsets pass as well. With each,
    /// how many messages of the batch stand before it.
    passed: Vec<(usize, Place)>,
    watch: Arc<Watch>,
}

impl Batch {
    /// The messages, in the order of each partition.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Everything is done: its offsets may be committed.
    pub fn done(mut self) {
        let all = self.messages.len();
        self.done_first(all);
    }

    /// The first `n` messages are done.
    pub(crate) fn done_first(&mut self, n: usize) {
        for (message, seen) in self.messages.drain(..n).zip(self.seen.drain(..n)) {
            let record = message.record();
            self.watch.done(&record.topic, record.partition, record.offset, seen);
        }
        for (_, place) in self.passed.extract_if(.., |(before, _)| *before <= n) {
            self.watch.done(&place.topic, place.partition, place.offset, place.seen);
        }
        self.passed.iter_mut().for_each(|(before, _)| *before -= n);
    }

    /// Forgets what another instance owns by now; it is delivered there.
    pub(crate) fn drop_lost(&mut self) {
        let watch = &self.watch;
        let kept: Vec<bool> = self
            .messages
            .iter()
            .zip(&self.seen)
            .map(|(m, seen)| !watch.lost(m.topic(), m.partition(), *seen))
            .collect();
        if kept.iter().all(|kept| *kept) {
            return;
        }
        // How many of the first n are kept, for every n.
        let counts: Vec<usize> = std::iter::once(0)
            .chain(kept.iter().scan(0, |count, kept| {
                *count += usize::from(*kept);
                Some(*count)
            }))
            .collect();
        for (before, _) in &mut self.passed {
            *before = counts.get(*before).copied().unwrap_or(*before);
        }
        let mut keep = kept.iter();
        self.messages.retain(|_| keep.next().copied().unwrap_or(true));
        let mut keep = kept.iter();
        self.seen.retain(|_| keep.next().copied().unwrap_or(true));
    }
}

impl std::fmt::Debug for Batches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batches").field("group", &self.group).field("topic", &self.topic).finish_non_exhaustive()
    }
}

impl Batches {
    /// The events that are given to a group, in the ticket's order.
    ///
    /// # Errors
    /// When Kafka is away or refuses.
    pub async fn tickets(settings: &Settings, group: Group, tasks: &Tasks, health: &Health) -> Result<Self, BusError> {
        Self::live(settings, group, Topic::Ticket, tasks, health).await
    }

    /// Hints at pressing tickets.
    ///
    /// # Errors
    /// When Kafka is away or refuses.
    pub async fn urgent(settings: &Settings, group: Group, tasks: &Tasks, health: &Health) -> Result<Self, BusError> {
        Self::live(settings, group, Topic::Urgent, tasks, health).await
    }

    async fn live(
        settings: &Settings,
        group: Group,
        topic: Topic,
        tasks: &Tasks,
        health: &Health,
    ) -> Result<Self, BusError> {
        let retry = Topic::Retry(group.name.to_owned());
        topics::ensure(settings, vec![topic.clone(), retry.clone(), Topic::Dead]).await?;
        let names = vec![Arc::from(topic.name(settings)), Arc::from(retry.name(settings))];
        let mut batches = Self::unconnected(settings, group, topic, names, tasks, health);
        let mut config = client::consumer(settings, &group_name(settings, group.name));
        config.set("statistics.interval.ms", "2000");
        if let Pace::Gathered(longest) = group.pace {
            config.set("fetch.min.bytes", GATHERED.to_string());
            config.set("fetch.wait.max.ms", longest.as_millis().to_string());
        }
        let client = Client::from_config_and_context(&config, Watched(batches.watch.clone()))
            .map_err(BusError::kafka("make a consumer"))?;
        let names: Vec<&str> = batches.names.iter().map(|n| &**n).collect();
        client.subscribe(&names).map_err(BusError::kafka("subscribe"))?;
        batches.client = Some(client);
        Ok(batches)
    }

    /// The ticket topic from its beginning to its end as of now, beside the live group and without any trace in
    /// Kafka: nothing is committed, and what cannot be handled is reported and passed over. Then
    /// [`Batches::next`] answers none.
    ///
    /// # Errors
    /// When Kafka is away or refuses.
    pub async fn replay(settings: &Settings, group: Group, tasks: &Tasks, health: &Health) -> Result<Self, BusError> {
        let topic = Topic::Ticket;
        let name: Arc<str> = Arc::from(topic.name(settings));
        let mut batches = Self::unconnected(settings, group, topic, vec![name.clone()], tasks, health);
        let mut config = client::consumer(settings, &group_name(settings, &format!("{}.replay", group.name)));
        config.set("enable.auto.commit", "false").set("enable.partition.eof", "true");
        let watched = Watched(batches.watch.clone());
        let (client, ends) = blocking("start a replay", move || {
            let client =
                Client::from_config_and_context(&config, watched).map_err(BusError::kafka("make a consumer"))?;
            let count = topics::partitions(client.client(), &name)?
                .ok_or_else(|| BusError::Topic { topic: name.to_string(), problem: "is not there".to_owned() })?;
            let (mut ends, mut from) = (HashMap::new(), TopicPartitionList::new());
            for partition in 0..count {
                let (low, high) =
                    client.fetch_watermarks(&name, partition, ANSWER).map_err(BusError::kafka("ask for watermarks"))?;
                if low < high {
                    ends.insert(partition, high);
                    from.add_partition_offset(&name, partition, Offset::Beginning)
                        .map_err(BusError::kafka("choose partitions"))?;
                }
            }
            client.assign(&from).map_err(BusError::kafka("choose partitions"))?;
            drop(from);
            Ok((client, ends))
        })
        .await?;
        batches.client = Some(client);
        batches.ends = Some(ends);
        batches.check.ready();
        Ok(batches)
    }

    fn unconnected(
        settings: &Settings,
        Group { name: group, kinds, .. }: Group,
        topic: Topic,
        names: Vec<Arc<str>>,
        tasks: &Tasks,
        health: &Health,
    ) -> Self {
        let check = health.check(group);
        check.waiting("for its share of the partitions");
        Self {
            settings: settings.clone(),
            group,
            kinds,
            topic,
            names,
            client: None,
            watch: Arc::new(Watch::new(group, check.clone())),
            check,
            stop: tasks.stop(),
            ahead: VecDeque::new(),
            letters: None,
            ends: None,
        }
    }

    /// Is this a replay beside the live group?
    #[must_use]
    pub const fn is_replay(&self) -> bool {
        self.ends.is_some()
    }

    /// The next messages, as many as have arrived and at most `limits.batch`; none when the process stops or a
    /// replay has reached its end. Records that are no events become dead letters on the way.
    ///
    /// # Errors
    /// When the client is broken for good; readiness tells of troubles that pass.
    pub async fn next(&mut self) -> Result<Option<Batch>, BusError> {
        let most = self.settings.limits.batch.max(1);
        loop {
            self.acknowledge();
            let first = match self.ahead.pop_front() {
                Some(first) => Some(first),
                None => {
                    let stop = self.stop.clone();
                    tokio::select! {
                        biased;
                        () = stop.cancelled() => None,
                        arrived = self.receive() => arrived?,
                    }
                }
            };
            let Some(first) = first.filter(|_| !self.stop.is_cancelled()) else {
                self.close().await;
                return Ok(None);
            };
            let mut arrived = vec![first];
            while arrived.len() < most {
                match self.ahead.pop_front() {
                    Some(next) => arrived.push(next),
                    None => break,
                }
            }
            self.drain(&mut arrived, most);
            let mut batch =
                Batch { messages: Vec::new(), seen: Vec::new(), passed: Vec::new(), watch: self.watch.clone() };
            for Arrived { place, record } in arrived {
                if self.watch.lost(&place.topic, place.partition, place.seen) {
                    continue;
                }
                let Some(record) = record else {
                    batch.passed.push((batch.messages.len(), place));
                    continue;
                };
                match Message::try_from(record) {
                    Ok(message) => {
                        batch.messages.push(message);
                        batch.seen.push(place.seen);
                    }
                    Err(corrupt) => {
                        // Nothing can be read from it, so nothing is to be tried twice.
                        let Corrupt { record, problem } = *corrupt;
                        if !self.bury(&record, &problem, 1).await {
                            self.close().await;
                            return Ok(None);
                        }
                        batch.passed.push((batch.messages.len(), place));
                    }
                }
            }
            metrics::counter!("suban_consumer_messages_total", "group" => self.group)
                .increment(batch.messages.len() as u64);
            if !batch.messages.is_empty() {
                #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
                metrics::histogram!("suban_consumer_batch_messages", "group" => self.group)
                    .record(batch.messages.len() as f64);
                return Ok(Some(batch));
            }
            batch.done_first(0);
        }
    }

    /// Waits for a record. None: a replay is at its end.
    async fn receive(&mut self) -> Result<Option<Arrived>, BusError> {
        loop {
            if self.ends.as_ref().is_some_and(HashMap::is_empty) {
                return Ok(None);
            }
            let Some(client) = &self.client else { return Ok(None) };
            let Ok(received) = tokio::time::timeout(LOOK_AGAIN, client.recv()).await else { continue };
            match received {
                Ok(message) => {
                    let arrived = self.arrived(&message);
                    if let Some(arrived) = passed(arrived, self.ends.as_mut()) {
                        return Ok(Some(arrived));
                    }
                }
                Err(KafkaError::PartitionEOF(partition)) => {
                    if let Some(ends) = &mut self.ends {
                        ends.remove(&partition);
                    }
                }
                Err(source @ KafkaError::MessageConsumptionFatal(_)) => {
                    return Err(BusError::Kafka { doing: "read", source });
                }
                Err(error) => {
                    metrics::counter!("suban_consumer_errors_total", "group" => self.group).increment(1);
                    // Brokers that cannot be reached are said some forty times a second; `Watched` says it once.
                    if !matches!(
                        error.rdkafka_error_code(),
                        Some(RDKafkaErrorCode::AllBrokersDown | RDKafkaErrorCode::BrokerTransportFailure)
                    ) {
                        self.check.waiting(format!("Kafka: {error}"));
                    }
                }
            }
        }
    }

    fn arrived(&self, message: &BorrowedMessage<'_>) -> Arrived {
        let name = self.names.iter().find(|n| &***n == message.topic());
        let topic = name.map_or_else(|| Arc::from(message.topic()), Arc::clone);
        let given = envelope::kind_in(message).is_none_or(|kind| self.kinds.given(kind));
        let record = given.then(|| Record::of(message, Arc::clone(&topic)));
        let (partition, offset, seen) = (message.partition(), message.offset(), self.watch.revocations());
        Arrived { place: Place { topic, partition, offset, seen }, record }
    }

    /// Adds what has arrived already, up to `most`.
    fn drain(&mut self, into: &mut Vec<Arrived>, most: usize) {
        let Some(client) = &self.client else { return };
        let mut stream = client.stream();
        while into.len() < most {
            match stream.next().now_or_never().flatten() {
                Some(Ok(message)) => {
                    let arrived = self.arrived(&message);
                    into.extend(passed(arrived, self.ends.as_mut()));
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    if let Some(ends) = &mut self.ends {
                        ends.remove(&partition);
                    }
                }
                // Said again by the next wait.
                Some(Err(_)) | None => break,
            }
        }
    }

    /// Tells the client what is done, so that it commits it; what is another's by now is left to the other.
    pub(crate) fn acknowledge(&self) {
        let done = self.watch.take_done();
        if self.is_replay() || done.is_empty() {
            return;
        }
        let Some(client) = &self.client else { return };
        let mut offsets = TopicPartitionList::with_capacity(done.len());
        for done in &done {
            // Fails only for an offset below zero.
            let _ = offsets.add_partition_offset(&done.topic, done.partition, Offset::Offset(done.next));
        }
        if let Err(error) = client.store_offsets(&offsets) {
            tracing::debug!(group = self.group, %error, "offsets not stored; they are delivered again");
        }
    }

    /// Waits out a back-off. A long one pauses the partitions and keeps polling, so that the group does not take
    /// this instance for dead and a change of hands is not held up.
    ///
    /// # Errors
    /// When the client is broken for good.
    pub(crate) async fn rest(&mut self, wait: Duration) -> Result<(), BusError> {
        let stop = self.stop.clone();
        if wait <= REST_BY_SLEEP || self.is_replay() {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
            }
            return Ok(());
        }
        let until = Instant::now() + wait;
        self.pause(true);
        while !stop.is_cancelled() {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = tokio::time::sleep_until(until) => break,
                arrived = self.receive() => {
                    // Was on its way, or belongs to a partition that was assigned just now: pause that as well.
                    self.ahead.extend(arrived?);
                    self.pause(true);
                }
            }
        }
        self.pause(false);
        Ok(())
    }

    fn pause(&self, pause: bool) {
        let Some(client) = &self.client else { return };
        let turned =
            client.assignment().and_then(|held| if pause { client.pause(&held) } else { client.resume(&held) });
        if let Err(error) = turned {
            tracing::debug!(group = self.group, %error, pause, "partitions not turned");
        }
    }

    /// Writes a dead letter, for as long as it takes: a message that is neither handled nor kept would be lost, so
    /// its partition stands still until this has succeeded. False: the process stops first.
    pub(crate) async fn bury(&mut self, record: &Record, reason: &str, attempts: u32) -> bool {
        let place = format!("{}/{}/{}", record.topic, record.partition, record.offset);
        metrics::counter!("suban_dead_letters_total", "group" => self.group).increment(1);
        if self.is_replay() {
            tracing::warn!(group = self.group, place, reason, "passed over in the replay");
            return true;
        }
        tracing::error!(group = self.group, place, reason, attempts, "message becomes a dead letter");
        let mut tries = 0;
        loop {
            let written = match self.letters.take().map_or_else(|| Sender::new(&self.settings), Ok) {
                Ok(sender) => {
                    let written = Letter::write(&sender, &self.settings, self.group, record, reason, attempts).await;
                    self.letters = Some(sender);
                    written
                }
                Err(error) => Err(error),
            };
            let Err(error) = written else { return true };
            tries += 1;
            tracing::error!(group = self.group, place, %error, "dead letter not written; its partition waits");
            self.check.waiting(format!("a dead letter cannot be written: {error}"));
            let wait = self.back_off(tries);
            if self.rest(wait).await.is_err() || self.stop.is_cancelled() {
                return false;
            }
        }
    }

    /// How long to wait before the `tries`-th try again.
    pub(crate) fn back_off(&self, tries: u32) -> Duration {
        let limits = &self.settings.limits;
        limits.retry_first.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(limits.retry_max)
    }

    /// Commits what is done and leaves the group, so that its share moves at once. [`Batches::next`] does it at
    /// the end.
    pub async fn close(&mut self) {
        self.acknowledge();
        self.ahead.clear();
        self.letters = None;
        if let Some(client) = self.client.take() {
            // Leaving takes a round trip and must not be waited for on a thread of the runtime.
            let _ = blocking("leave the group", move || {
                drop(client);
                Ok(())
            })
            .await;
        }
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        self.acknowledge();
        if let Some(client) = self.client.take() {
            drop_elsewhere(client);
        }
    }
}

/// In a replay, what lies before the end that was noted; the last one ends its partition.
fn passed(arrived: Arrived, ends: Option<&mut HashMap<i32, i64>>) -> Option<Arrived> {
    let Some(ends) = ends else { return Some(arrived) };
    let Place { partition, offset, .. } = arrived.place;
    let end = *ends.get(&partition)?;
    if offset + 1 >= end {
        ends.remove(&partition);
    }
    (offset < end).then_some(arrived)
}
