//! What travels: an event of one ticket, with everything a reader needs beside it in headers.
//!
//! The contract for readers of every language stands at the top of `proto/suban/v1/event.proto`: the key is the
//! ticket's id, the headers are those below, the body is one proto `Event`. A consumer looks at `type` first and
//! opens the body only where it cares.

use std::{borrow::Cow, ops::Deref, str::FromStr, sync::Arc};

use bytes::{BufMut as _, Bytes, BytesMut};
use rdkafka::{
    Message as _,
    message::{BorrowedMessage, Header, Headers as _, OwnedHeaders},
};
use suban_domain::{Actor, At, Fact, PersonCode, Recorded, RequestId, Role, TicketId, UnitCode};
use suban_runtime::telemetry::TRACEPARENT;

/// `<ticket id>:<ticket version>`; a re-send carries the same.
pub const EVENT_ID: &str = "event_id";
/// The fact's name.
pub const TYPE: &str = "type";
/// Version of the event's schema.
pub const SCHEMA_VERSION: &str = "schema_version";
/// The event's place in its ticket's log, from 1.
pub const TICKET_VERSION: &str = "ticket_version";
/// Microseconds since 1970-01-01T00:00:00Z, by the suite's clock.
pub const TIME: &str = "time";
/// Role, person and unit of who did it, separated by spaces; the unit is left out where there is none.
pub const ACTOR: &str = "actor";
/// The request id of the command that caused it.
pub const REQUEST: &str = "request";

/// The schema's version now: readers of older ones skip what they do not know.
pub const SCHEMA: &str = "1";

/// An event of one ticket, ready to travel.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// Of which ticket.
    pub ticket: TicketId,
    /// Its place in the ticket's log, from 1; 0 is a hint at the ticket as it is.
    pub version: u32,
    /// The fact's name; a name that [`Fact::NAMES`] does not list comes from a newer writer and is to be skipped.
    pub kind: Cow<'static, str>,
    /// When, by the suite's clock.
    pub at: At,
    /// Who.
    pub by: Actor,
    /// The command that caused it.
    pub request: RequestId,
    /// W3C trace context of the cause.
    pub trace: Option<String>,
    /// The event, as in the log.
    pub body: Bytes,
}

/// The body cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {ticket}:{version} of type {kind:?} cannot be opened: {problem}")]
pub struct Unreadable {
    /// Of which ticket.
    pub ticket: TicketId,
    /// Its place.
    pub version: u32,
    /// What it claims to be.
    pub kind: String,
    /// What is wrong.
    pub problem: String,
}

impl Envelope {
    /// The envelope of an event of the log, for a republish.
    #[must_use]
    pub fn of(recorded: &Recorded, trace: Option<String>) -> Self {
        Self {
            ticket: recorded.ticket,
            version: recorded.version,
            kind: Cow::Borrowed(recorded.event.fact.name()),
            at: recorded.at,
            by: recorded.by.clone(),
            request: recorded.request.clone(),
            trace,
            body: suban_proto::encode_event(&recorded.event).into(),
        }
    }

    /// Opens the body.
    ///
    /// # Errors
    /// When it is no event of ours: counts towards the dead-letter bound.
    pub fn recorded(&self) -> Result<Recorded, Unreadable> {
        let event = suban_proto::decode_event(&self.body).map_err(|problem| Unreadable {
            ticket: self.ticket,
            version: self.version,
            kind: self.kind.to_string(),
            problem: problem.to_string(),
        })?;
        Ok(Recorded {
            ticket: self.ticket,
            version: self.version,
            at: self.at,
            by: self.by.clone(),
            request: self.request.clone(),
            event,
        })
    }

    pub(crate) fn headers(&self) -> OwnedHeaders {
        let unit = self.by.unit.as_ref().map(UnitCode::as_str);
        let event = format!("{}:{}", self.ticket, self.version);
        let actor = actor_text(self.by.role, self.by.person.as_str(), unit);
        headers(&event, &self.kind, self.version, self.at, &actor, self.request.as_str(), self.trace.as_deref())
    }
}

/// Role, person and unit in one header.
pub(crate) fn actor_text(role: Role, person: &str, unit: Option<&str>) -> String {
    match unit {
        Some(unit) => format!("{role} {person} {unit}"),
        None => format!("{role} {person}"),
    }
}

pub(crate) fn headers(
    event: &str,
    kind: &str,
    version: impl std::fmt::Display,
    at: At,
    actor: &str,
    request: &str,
    trace: Option<&str>,
) -> OwnedHeaders {
    let headers = OwnedHeaders::new_with_capacity(8)
        .insert(text(EVENT_ID, event))
        .insert(text(TYPE, kind))
        .insert(text(SCHEMA_VERSION, SCHEMA))
        .insert(text(TICKET_VERSION, &version.to_string()))
        .insert(text(TIME, &at.micros().to_string()))
        .insert(text(ACTOR, actor))
        .insert(text(REQUEST, request));
    match trace {
        Some(trace) => headers.insert(text(TRACEPARENT, trace)),
        None => headers,
    }
}

pub(crate) const fn text<'a>(key: &'a str, value: &'a str) -> Header<'a, &'a str> {
    Header { key, value: Some(value) }
}

/// The known name, without a copy; another one comes from a newer writer.
fn kind_of(name: &str) -> Cow<'static, str> {
    Fact::NAMES
        .iter()
        .find(|known| **known == name)
        .map_or_else(|| Cow::Owned(name.to_owned()), |known| Cow::Borrowed(*known))
}

/// A record as Kafka gave it, owned: nothing of it keeps a consumer alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The topic's name.
    pub topic: Arc<str>,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Key.
    pub key: Option<Bytes>,
    /// Headers, in their order.
    pub headers: Vec<(Cow<'static, str>, Option<Bytes>)>,
    /// Body; none is a tombstone.
    pub body: Option<Bytes>,
    /// The headers could not be read at all.
    pub(crate) broken_headers: bool,
}

/// The fact's name of a message that is still its consumer's; none where it cannot be read.
pub(crate) fn kind_in<'a>(message: &'a BorrowedMessage<'_>) -> Option<&'a str> {
    // The client panics over a header's name that is not UTF-8; see `Record::of`.
    let value = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        message.headers()?.iter().find(|header| header.key == TYPE)?.value
    }));
    std::str::from_utf8(value.ok()??).ok()
}

const KNOWN: [&str; 8] = [EVENT_ID, TYPE, SCHEMA_VERSION, TICKET_VERSION, TIME, ACTOR, REQUEST, TRACEPARENT];

impl Record {
    /// Copies a message out of its consumer, in one piece of memory.
    pub(crate) fn of(message: &BorrowedMessage<'_>, topic: Arc<str>) -> Self {
        // The client panics over a header's name that is not UTF-8; anybody who may write to the topic could
        // send one, and a consumer that dies of a message dies of it again after each restart.
        let headers = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            message.headers().map(|headers| headers.iter().collect::<Vec<_>>()).unwrap_or_default()
        }));
        let broken_headers = headers.is_err();
        let headers = headers.unwrap_or_default();
        let (key, body) = (message.key(), message.payload());
        let size = key.map_or(0, <[u8]>::len)
            + body.map_or(0, <[u8]>::len)
            + headers.iter().filter_map(|h| h.value).map(<[u8]>::len).sum::<usize>();
        let mut all = BytesMut::with_capacity(size);
        let mut own = |bytes: &[u8]| {
            all.put_slice(bytes);
            all.split().freeze()
        };
        Self {
            topic,
            partition: message.partition(),
            offset: message.offset(),
            key: key.map(&mut own),
            headers: headers
                .iter()
                .map(|h| {
                    let name = KNOWN.iter().find(|known| **known == h.key);
                    let name = name.map_or_else(|| Cow::Owned(h.key.to_owned()), |known| Cow::Borrowed(*known));
                    (name, h.value.map(&mut own))
                })
                .collect(),
            body: body.map(&mut own),
            broken_headers,
        }
    }

    /// The first header of this name, as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(n, _)| n == name)?;
        std::str::from_utf8(value.as_ref()?).ok()
    }
}

/// An event as it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    envelope: Envelope,
    record: Record,
}

impl Deref for Message {
    type Target = Envelope;
    fn deref(&self) -> &Envelope {
        &self.envelope
    }
}

impl Message {
    /// The event itself, to be kept or sent on.
    #[must_use]
    pub fn into_envelope(self) -> Envelope {
        self.envelope
    }
    /// The bytes as they came.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }
    /// The topic it came from.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.record.topic
    }
    /// The partition it came from.
    #[must_use]
    pub const fn partition(&self) -> i32 {
        self.record.partition
    }
    /// Its offset there.
    #[must_use]
    pub const fn offset(&self) -> i64 {
        self.record.offset
    }
}

/// A record that is no event: it can never be handled, by whomever.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{topic}/{partition}/{offset} is no event: {problem}", topic = record.topic, partition = record.partition, offset = record.offset)]
pub struct Corrupt {
    /// As it came.
    pub record: Record,
    /// What is wrong, without the value.
    pub problem: String,
}

impl TryFrom<Record> for Message {
    type Error = Box<Corrupt>;

    fn try_from(record: Record) -> Result<Self, Box<Corrupt>> {
        match parse(&record) {
            Ok(envelope) => Ok(Self { envelope, record }),
            Err(problem) => Err(Box::new(Corrupt { record, problem })),
        }
    }
}

fn parse(record: &Record) -> Result<Envelope, String> {
    if record.broken_headers {
        return Err("a header's name is no UTF-8".to_owned());
    }
    let key = record.key.as_deref().ok_or("it has no key")?;
    let ticket = std::str::from_utf8(key).ok().and_then(|key| TicketId::from_str(key).ok());
    let (mut kind, mut version, mut at, mut by, mut request, mut trace) = (None, None, None, None, None, None);
    for (name, value) in &record.headers {
        let Some(value) = value.as_deref().map(std::str::from_utf8) else { continue };
        let value = || value.map_err(|_| format!("header {name} is no UTF-8"));
        match &**name {
            TYPE => kind = Some(kind_of(value()?)),
            TICKET_VERSION => version = value()?.parse::<u32>().ok(),
            TIME => at = value()?.parse().ok().map(At::from_micros),
            ACTOR => by = Some(actor(value()?)?),
            REQUEST => request = Some(RequestId::new(value()?).map_err(|m| m.to_string())?),
            TRACEPARENT => trace = Some(value()?.to_owned()),
            _ => {}
        }
    }
    let missing = |name: &str| format!("header {name} is missing or malformed");
    Ok(Envelope {
        ticket: ticket.ok_or("its key is no ticket id")?,
        version: version.ok_or_else(|| missing(TICKET_VERSION))?,
        kind: kind.ok_or_else(|| missing(TYPE))?,
        at: at.ok_or_else(|| missing(TIME))?,
        by: by.ok_or_else(|| missing(ACTOR))?,
        request: request.ok_or_else(|| missing(REQUEST))?,
        trace,
        body: record.body.clone().ok_or("it has no body")?,
    })
}

fn actor(text: &str) -> Result<Actor, String> {
    let mut words = text.split(' ');
    let (role, person, unit) = (words.next(), words.next(), words.next());
    Ok(Actor {
        role: Role::from_str(role.unwrap_or_default()).map_err(|m| m.to_string())?,
        person: PersonCode::new(person.unwrap_or_default()).map_err(|m| m.to_string())?,
        unit: unit.map(UnitCode::new).transpose().map_err(|m| m.to_string())?,
        area: None,
    })
}

#[cfg(test)]
mod tests {
    use rdkafka::message::Headers as _;
    use suban_domain::Event;
    use uuid::Uuid;

    use super::*;

    fn envelope() -> Envelope {
        let by = Actor {
            role: Role::UnitHandler,
            person: PersonCode::new("li.si@city").unwrap(),
            unit: Some(UnitCode::new("城管-3").unwrap()),
            area: None,
        };
        let event = Event::from(Fact::Escalated {});
        let (ticket, request) = (TicketId::new(Uuid::from_u128(7)), RequestId::new("r/1").unwrap());
        let recorded = Recorded { ticket, version: 3, at: At::from_micros(1_700_000_000_000_001), by, request, event };
        Envelope::of(&recorded, Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()))
    }

    fn record(envelope: &Envelope) -> Record {
        let own = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
        Record {
            topic: Arc::from("suban.ticket"),
            partition: 1,
            offset: 9,
            key: Some(own(envelope.ticket.to_string().as_bytes())),
            headers: envelope.headers().iter().map(|h| (Cow::Owned(h.key.to_owned()), h.value.map(own))).collect(),
            body: Some(envelope.body.clone()),
            broken_headers: false,
        }
    }

    #[test]
    fn an_event_arrives_as_it_was_sent() {
        let sent = envelope();
        let message = Message::try_from(record(&sent)).unwrap();
        assert_eq!(*message, sent);
        assert_eq!(message.record().header(EVENT_ID), Some("00000000-0000-0000-0000-000000000007:3"));
        assert_eq!(message.record().header(SCHEMA_VERSION), Some(SCHEMA));
        let recorded = message.recorded().unwrap();
        assert_eq!((recorded.by, recorded.version), (sent.by, 3));
        assert_eq!(recorded.event, Event::from(Fact::Escalated {}));
    }

    #[test]
    fn headers_and_types_of_newer_writers_are_carried_and_skipped() {
        let mut record = record(&envelope());
        record.headers.push((Cow::Borrowed("colour"), Some(Bytes::from_static(b"red"))));
        let kind = record.headers.iter_mut().find(|(name, _)| name == TYPE).unwrap();
        kind.1 = Some(Bytes::from_static(b"levitated"));
        let message = Message::try_from(record).unwrap();
        assert_eq!(message.kind, "levitated");
        assert!(!Fact::NAMES.contains(&&*message.kind));
    }

    #[test]
    fn whatever_is_missing_or_broken_is_named_and_the_bytes_are_kept() {
        for name in [TYPE, TICKET_VERSION, TIME, ACTOR, REQUEST] {
            let mut without = record(&envelope());
            without.headers.retain(|(n, _)| n != name);
            let corrupt = Message::try_from(without.clone()).unwrap_err();
            assert_eq!(corrupt.problem, format!("header {name} is missing or malformed"));
            assert_eq!(corrupt.record, without);
            let mut broken = record(&envelope());
            broken.headers.iter_mut().find(|(n, _)| n == name).unwrap().1 = Some(Bytes::from_static(b"\xff"));
            assert_eq!(Message::try_from(broken).unwrap_err().problem, format!("header {name} is no UTF-8"));
        }
        for (key, body) in [(None, Some("x")), (Some("no id"), Some("x")), (Some(""), Some("x")), (None, None)] {
            let mut broken = record(&envelope());
            broken.key = key.map(|text| Bytes::from_static(text.as_bytes()));
            broken.body = body.map(|text| Bytes::from_static(text.as_bytes()));
            assert!(Message::try_from(broken).is_err());
        }
    }

    #[test]
    fn a_body_that_cannot_be_opened_says_which_event_it_is() {
        let mut envelope = envelope();
        envelope.body = Bytes::from_static(b"\xff\xff\xff");
        let text = envelope.recorded().unwrap_err().to_string();
        assert!(text.starts_with("event 00000000-0000-0000-0000-000000000007:3 of type \"escalated\""), "{text}");
    }
}
