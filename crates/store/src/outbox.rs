//! The way out to Kafka: the events of one transaction, packed into a few rows.
//!
//! A row for each event was a quarter of all rows that a ticket wrote, and each of them was written, indexed, read and
//! deleted within a second. What is packed together stands in one order for ever, so a ticket's events do too.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use prost::Message as _;
use sqlx::PgConnection;
use suban_domain::{Actor, At, Recorded, Role, TicketId};
use suban_proto::encode_event;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::StoreError;

/// Ordinary shards; a ticket keeps to one, so that its events keep their order.
const SHARDS: u128 = 2;
/// The shard that holds only hints at pressing tickets.
const HINTS: i16 = 0;
/// Bytes of a packet: two of them fill a page of the database. A longer event has one for itself.
const PACKET: usize = 3_900;

/// An event on its way out, with all that its reader is told beside it.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Sent {
    /// Of which ticket: 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub ticket: Vec<u8>,
    /// Its place in the ticket's log, from 1; 0 is a hint at the ticket as it is.
    #[prost(uint32, tag = "2")]
    pub version: u32,
    /// The fact's name.
    #[prost(string, tag = "3")]
    pub kind: String,
    /// When, in microseconds since 1970.
    #[prost(int64, tag = "4")]
    pub at: i64,
    /// The role of who did it, by its number.
    #[prost(int32, tag = "5")]
    pub role: i32,
    /// The person.
    #[prost(string, tag = "6")]
    pub person: String,
    /// The unit.
    #[prost(string, optional, tag = "7")]
    pub unit: Option<String>,
    /// The command that caused it.
    #[prost(string, tag = "8")]
    pub request: String,
    /// W3C trace context of the cause.
    #[prost(string, optional, tag = "9")]
    pub trace: Option<String>,
    /// The event, as in the log.
    #[prost(bytes = "vec", tag = "10")]
    pub body: Vec<u8>,
}

impl Sent {
    /// An event of the log.
    #[must_use]
    pub fn of(recorded: &Recorded, trace: Option<&String>) -> Self {
        let Actor { role, person, unit, .. } = &recorded.by;
        Self {
            ticket: recorded.ticket.uuid().as_bytes().to_vec(),
            version: recorded.version,
            kind: recorded.event.fact.name().to_owned(),
            at: recorded.at.micros(),
            role: role.number(),
            person: person.to_string(),
            unit: unit.as_ref().map(ToString::to_string),
            request: recorded.request.to_string(),
            trace: trace.cloned(),
            body: encode_event(&recorded.event),
        }
    }

    /// A hint at a pressing ticket as it is (design §3).
    #[must_use]
    pub fn hint(ticket: TicketId, at: At) -> Self {
        Self {
            ticket: ticket.uuid().as_bytes().to_vec(),
            kind: "hint".to_owned(),
            at: at.micros(),
            role: Role::System.number(),
            person: "suban".to_owned(),
            request: "hint".to_owned(),
            ..Self::default()
        }
    }

    /// Which ticket; nil only where somebody made it by hand from bytes that are no id.
    #[must_use]
    pub fn ticket(&self) -> Uuid {
        Uuid::from_slice(&self.ticket).unwrap_or_default()
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct Packet {
    #[prost(message, repeated, tag = "1")]
    events: Vec<Sent>,
}

/// Takes a packet apart.
///
/// # Errors
/// When the bytes are no packet, or an event of it names no ticket.
pub fn unpack(body: &[u8]) -> Result<Vec<Sent>, StoreError> {
    let damaged = |problem: String| StoreError::Damaged { what: "packet of the outbox", problem };
    let packet = Packet::decode(body).map_err(|e| damaged(e.to_string()))?;
    if let Some(sent) = packet.events.iter().find(|sent| Uuid::from_slice(&sent.ticket).is_err()) {
        return Err(damaged(format!("an event {:?} names no ticket", sent.kind)));
    }
    Ok(packet.events)
}

/// Some shards of the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shards(u8);

impl Shards {
    /// Is this one among them?
    #[must_use]
    pub const fn contains(self, shard: i16) -> bool {
        self.0 & Self::of(shard).0 != 0
    }

    /// One shard alone.
    #[must_use]
    pub const fn of(shard: i16) -> Self {
        Self(1 << shard.unsigned_abs())
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, those: Self) -> Self {
        Self(self.0 | those.0)
    }

    /// These without those.
    #[must_use]
    pub const fn without(self, those: Self) -> Self {
        Self(self.0 & !those.0)
    }

    /// None at all?
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// As a word between processes: the shards' digits.
    #[must_use]
    pub fn digits(self) -> String {
        (0..8).filter(|shard| self.contains(*shard)).map(|shard| shard.to_string()).collect()
    }
}

/// Which shards this process has written to since the relays were told last. Cheap to clone.
///
/// The word is not part of the transaction: PostgreSQL lets one transaction with a word (`NOTIFY`) commit at a time, and
/// whoever else has one waits for its disk (decision 25). It is said after the commit, by [`crate::Store::finish`]; a
/// commit that says nothing is found by the relays' next look.
#[derive(Debug, Clone, Default)]
pub struct Written(Arc<Mark>);

#[derive(Debug, Default)]
struct Mark {
    shards: AtomicU8,
    told: Notify,
}

impl Written {
    pub(crate) fn note(&self, shards: Shards) {
        self.0.shards.fetch_or(shards.0, Ordering::Relaxed);
    }

    /// What was noted is there to be read.
    pub(crate) fn tell(&self) {
        self.0.told.notify_one();
    }

    /// Waits until something was written and told; answers the shards, once.
    pub async fn next(&self) -> Shards {
        loop {
            self.0.told.notified().await;
            let shards = Shards(self.0.shards.swap(0, Ordering::Relaxed));
            if !shards.is_empty() {
                return shards;
            }
        }
    }
}

/// Packets of one transaction, as columns.
#[derive(Debug, Default)]
pub struct Packets {
    /// Each one's shard.
    pub(crate) shard: Vec<i16>,
    /// How many events it holds.
    pub(crate) events: Vec<i32>,
    /// The events, packed.
    pub(crate) body: Vec<Vec<u8>>,
    /// The packet of each shard that is not full.
    open: BTreeMap<i16, usize>,
}

impl Packets {
    /// Adds an event of a ticket; the ticket's events are added in their order.
    pub fn add(&mut self, sent: Sent) {
        let shard = if sent.version == 0 { HINTS } else { shard_of(&sent) };
        let size = sent.encoded_len();
        let fits = |at: &usize| self.body.get(*at).is_some_and(|body| body.len() + size <= PACKET);
        let at = self.open.get(&shard).copied().filter(fits).unwrap_or_else(|| {
            self.shard.push(shard);
            self.events.push(0);
            self.body.push(Vec::with_capacity(PACKET));
            self.body.len() - 1
        });
        self.open.insert(shard, at);
        if let (Some(events), Some(body)) = (self.events.get_mut(at), self.body.get_mut(at)) {
            *events += 1;
            // One more of the repeated field: a packet grows by writing to its end.
            prost::encoding::message::encode(1, &sent, body);
        }
    }

    /// The shards that they are for.
    #[must_use]
    pub fn shards(&self) -> Shards {
        Shards(self.open.keys().fold(0, |all, shard| all | Shards::of(*shard).0))
    }

    /// Writes the packets and notes it for the relays, who are told after the commit.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn put(&self, conn: &mut PgConnection, written: &Written) -> Result<(), StoreError> {
        if self.body.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "insert into core.outbox (shard, events, body)
             select p.shard, p.events, p.body
               from unnest($1::smallint[], $2::int[], $3::bytea[]) with ordinality as p(shard, events, body, n)
              order by p.n",
        )
        .bind(&self.shard)
        .bind(&self.events)
        .bind(&self.body)
        .execute(conn)
        .await?;
        written.note(self.shards());
        Ok(())
    }
}

/// The shard of a ticket: 1 or 2, for ever.
fn shard_of(sent: &Sent) -> i16 {
    i16::try_from(1 + sent.ticket().as_u128() % SHARDS).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_written_is_told_once() {
        let (written, other) = (Written::default(), Shards::of(2));
        written.note(Shards::of(0));
        written.note(other);
        written.tell();
        let told = written.next().await;
        assert_eq!((told.digits().as_str(), told.contains(0), told.contains(1)), ("02", true, false));
        assert_eq!(told.without(other), Shards::of(0));
        let again = tokio::time::timeout(std::time::Duration::from_millis(10), written.next()).await;
        assert!(again.is_err(), "{again:?}");
    }

    fn sent(ticket: u128, version: u32, bytes: usize) -> Sent {
        Sent {
            ticket: Uuid::from_u128(ticket).as_bytes().to_vec(),
            version,
            kind: "noted".into(),
            body: vec![7; bytes],
            ..Sent::default()
        }
    }

    #[test]
    fn a_tickets_events_keep_their_order_in_the_packets_of_one_shard() {
        let mut packets = Packets::default();
        let all: Vec<Sent> = (1..=50).flat_map(|v| (0..4).map(move |t| sent(t, v, 150))).collect();
        all.iter().cloned().for_each(|one| packets.add(one));
        packets.add(Sent::hint(TicketId::new(Uuid::from_u128(9)), At::from_micros(5)));
        assert_eq!(packets.shards().digits(), "012");
        assert!(packets.body.iter().all(|body| body.len() <= PACKET + 10), "two packets fill a page");
        for shard in 1..=2_i16 {
            let of_it: Vec<Sent> = (0..packets.body.len())
                .filter(|at| packets.shard[*at] == shard)
                .flat_map(|at| {
                    let events = unpack(&packets.body[at]).unwrap();
                    assert_eq!(events.len(), usize::try_from(packets.events[at]).unwrap());
                    events
                })
                .collect();
            let wanted: Vec<Sent> = all.iter().filter(|one| shard_of(one) == shard).cloned().collect();
            assert_eq!(of_it, wanted);
        }
    }

    #[test]
    fn an_event_too_long_for_a_packet_has_one_for_itself_and_others_go_on() {
        let mut packets = Packets::default();
        for (version, bytes) in [(1, 10), (2, 20_000), (3, 10)] {
            packets.add(sent(2, version, bytes));
        }
        assert_eq!(packets.events, [1, 1, 1]);
        let versions: Vec<u32> = packets.body.iter().flat_map(|b| unpack(b).unwrap()).map(|s| s.version).collect();
        assert_eq!(versions, [1, 2, 3]);
        assert!(unpack(&[0xff, 1, 2]).is_err());
        let mut nobodys = Packets::default();
        nobodys.add(Sent { ticket: vec![1, 2, 3], version: 1, ..Sent::default() });
        assert!(unpack(&nobodys.body[0]).is_err(), "an event of no ticket is sent to nobody");
    }
}
