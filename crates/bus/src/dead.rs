//! Dead letters: what could not be handled, as it came, with reason, origin and attempts.
//!
//! The topic is compacted and keyed by origin; a tombstone says that a letter has been dealt with. A replay goes
//! to the one consumer that had failed, through a topic of its own: everybody else has handled it already.

use std::{borrow::Cow, collections::HashMap};

use bytes::Bytes;
use rdkafka::message::{Header, OwnedHeaders};
use suban_domain::TicketId;
use suban_runtime::Settings;

use crate::{
    BusError, Topic,
    envelope::{Record, TICKET_VERSION, TYPE, text},
    scan::fold_records,
    sender::Sender,
    topics,
};

const GROUP: &str = "dead_group";
const TOPIC: &str = "dead_topic";
const PARTITION: &str = "dead_partition";
const OFFSET: &str = "dead_offset";
const REASON: &str = "dead_reason";
const ATTEMPTS: &str = "dead_attempts";
const KEY: &str = "dead_key";
/// Says that the message had no body; a dead letter without one would be a tombstone.
const NO_BODY: &str = "dead_no_body";
/// Our own headers begin so; the message's come after them as they were.
const OURS: &str = "dead_";

/// A message that a consumer could not handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where it stands in the dead-letter topic.
    pub partition: i32,
    /// Where it stands in the dead-letter topic.
    pub offset: i64,
    /// Which consumer could not handle it.
    pub group: String,
    /// From which topic, partition and offset it came.
    pub origin: (String, i32, i64),
    /// Why.
    pub reason: String,
    /// How often it was delivered.
    pub attempts: u32,
    /// Its ticket, when the key is one.
    pub ticket: Option<TicketId>,
    /// Its ticket's version, when it says so.
    pub version: Option<u32>,
    /// The type it claims to be.
    pub kind: Option<String>,
    /// Its key as it came.
    pub key: Option<Bytes>,
    /// Its headers as they came.
    pub headers: Vec<(Cow<'static, str>, Option<Bytes>)>,
    /// Its body as it came.
    pub body: Option<Bytes>,
}

/// Writing, for consumers.
pub(crate) struct Letter;

impl Letter {
    pub(crate) async fn write(
        sender: &Sender,
        settings: &Settings,
        group: &str,
        record: &Record,
        reason: &str,
        attempts: u32,
    ) -> Result<(), BusError> {
        let place = format!("{group}/{}/{}/{}", record.topic, record.partition, record.offset);
        let mut headers = OwnedHeaders::new_with_capacity(record.headers.len() + 8)
            .insert(text(GROUP, group))
            .insert(text(TOPIC, &record.topic))
            .insert(text(PARTITION, &record.partition.to_string()))
            .insert(text(OFFSET, &record.offset.to_string()))
            .insert(text(REASON, reason))
            .insert(text(ATTEMPTS, &attempts.to_string()))
            .insert(Header { key: KEY, value: record.key.as_deref() });
        if record.body.is_none() {
            headers = headers.insert(text(NO_BODY, "true"));
        }
        let headers = with(headers, &record.headers);
        let body = record.body.as_deref().unwrap_or_default();
        sender.send(&Topic::Dead.name(settings), place.as_bytes(), Some(body), &headers).await
    }
}

fn with(headers: OwnedHeaders, more: &[(Cow<'static, str>, Option<Bytes>)]) -> OwnedHeaders {
    more.iter().fold(headers, |all, (key, value)| all.insert(Header { key, value: value.as_deref() }))
}

impl DeadLetter {
    fn of(record: Record) -> Option<Self> {
        let number = |name| record.header(name).and_then(|n| n.parse::<i64>().ok());
        let (origin_partition, origin_offset) = (number(PARTITION)?, number(OFFSET)?);
        let key = record.headers.iter().find(|(name, _)| name == KEY).and_then(|(_, value)| value.clone());
        let (group, origin) = (record.header(GROUP)?.to_owned(), record.header(TOPIC)?.to_owned());
        Some(Self {
            partition: record.partition,
            offset: record.offset,
            group,
            origin: (origin, i32::try_from(origin_partition).ok()?, origin_offset),
            reason: record.header(REASON).unwrap_or_default().to_owned(),
            attempts: record.header(ATTEMPTS).and_then(|n| n.parse().ok()).unwrap_or_default(),
            ticket: key.as_deref().and_then(|k| std::str::from_utf8(k).ok()?.parse().ok()),
            version: record.header(TICKET_VERSION).and_then(|n| n.parse().ok()),
            kind: record.header(TYPE).map(str::to_owned),
            key,
            body: if record.header(NO_BODY).is_some() { None } else { record.body.clone() },
            headers: record.headers.into_iter().filter(|(name, _)| !name.starts_with(OURS)).collect(),
        })
    }

    fn place(&self) -> String {
        format!("{}/{}/{}/{}", self.group, self.origin.0, self.origin.1, self.origin.2)
    }
}

/// The dead letters that have not been dealt with, oldest first, at most `limit`.
///
/// # Errors
/// When Kafka is away or refuses.
pub async fn list(settings: &Settings, limit: usize) -> Result<Vec<DeadLetter>, BusError> {
    // Compaction is lazy: an old letter and its tombstone may both be there.
    let by_key: HashMap<Option<Bytes>, Record> =
        fold_records(settings, Topic::Dead, HashMap::new(), |all: &mut HashMap<_, _>, record: Record| {
            if record.body.is_some() {
                all.insert(record.key.clone(), record);
            } else {
                all.remove(&record.key);
            }
        })
        .await?;
    let mut letters: Vec<DeadLetter> = by_key.into_values().filter_map(DeadLetter::of).collect();
    letters.sort_unstable_by_key(|letter| (letter.partition, letter.offset));
    letters.truncate(limit);
    Ok(letters)
}

/// How many dead letters have not been dealt with.
///
/// # Errors
/// When Kafka is away or refuses.
pub async fn count(settings: &Settings) -> Result<usize, BusError> {
    Ok(list(settings, usize::MAX).await?.len())
}

/// One dead letter.
///
/// # Errors
/// When there is none at this place any more, or Kafka is away.
pub async fn show(settings: &Settings, partition: i32, offset: i64) -> Result<DeadLetter, BusError> {
    let all = list(settings, usize::MAX).await?;
    all.into_iter()
        .find(|letter| letter.partition == partition && letter.offset == offset)
        .ok_or(BusError::NoDeadLetter { partition, offset })
}

/// Hands a dead letter to the consumer that could not handle it, and to nobody else; then it counts as dealt
/// with. When it fails again it becomes a dead letter again.
///
/// # Errors
/// When there is none at this place any more, or Kafka is away.
pub async fn replay(settings: &Settings, partition: i32, offset: i64) -> Result<DeadLetter, BusError> {
    let letter = show(settings, partition, offset).await?;
    let retry = Topic::Retry(letter.group.clone());
    topics::ensure(settings, vec![retry.clone()]).await?;
    let sender = Sender::new(settings)?;
    let headers = with(OwnedHeaders::new_with_capacity(letter.headers.len()), &letter.headers);
    let key = letter.key.as_deref().unwrap_or_default();
    sender.send(&retry.name(settings), key, letter.body.as_deref(), &headers).await?;
    bury_for_good(&sender, settings, &letter).await?;
    Ok(letter)
}

/// Drops a dead letter: somebody has decided that it is not to be handled.
///
/// # Errors
/// When there is none at this place any more, or Kafka is away.
pub async fn discard(settings: &Settings, partition: i32, offset: i64) -> Result<DeadLetter, BusError> {
    let letter = show(settings, partition, offset).await?;
    bury_for_good(&Sender::new(settings)?, settings, &letter).await?;
    Ok(letter)
}

async fn bury_for_good(sender: &Sender, settings: &Settings, letter: &DeadLetter) -> Result<(), BusError> {
    let headers = OwnedHeaders::new();
    sender.send(&Topic::Dead.name(settings), letter.place().as_bytes(), None, &headers).await
}
