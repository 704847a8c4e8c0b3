//! The one way a ticket changes: expected version and events in, one statement, who was overtaken out.
//!
//! Row, log, outbox and queue row are written by a single statement: the rows are locked in the order of
//! their ids, those that still have the expected version change, and log and outbox rows are written for
//! exactly these. A batch with a value that Postgres refuses is halved until the bad one stands alone.

use std::collections::HashSet;

use futures::future::BoxFuture;
use sqlx::{PgConnection, Postgres, Transaction};
use suban_domain::{Actor, At, Command, Event, Limits, Recorded, Refusal, RequestId, State, Ticket, TicketId};
use suban_proto::encode_event;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    instant::to_db,
    is_data_error,
    outbox::{Packets, Sent, Written},
    row,
};

/// One ticket before and after, and the events between.
#[derive(Debug, Clone)]
pub struct Change {
    /// As it was when it was loaded; its version is the one expected in the database.
    pub before: Ticket,
    /// As it will be.
    pub after: Ticket,
    /// What happened.
    pub events: Vec<Recorded>,
    /// W3C trace context of the cause.
    pub trace: Option<String>,
}

impl Change {
    /// Decides a command in pure code.
    ///
    /// # Errors
    /// The refusal, or that the log would not fold.
    pub fn decide(ticket: Ticket, command: &Command, limits: &Limits) -> Result<Self, StoreError> {
        let events = suban_domain::decide(&ticket, command, limits)?;
        Self::of(ticket, events, &command.by, command.at, &command.request)
    }

    /// A change by events that were decided elsewhere (merges, several commands at once).
    ///
    /// # Errors
    /// When the events do not fold.
    pub fn of(before: Ticket, events: Vec<Event>, by: &Actor, at: At, request: &RequestId) -> Result<Self, StoreError> {
        let mut after = before.clone();
        let mut recorded = Vec::with_capacity(events.len());
        for event in events {
            let next = Recorded {
                ticket: before.id,
                version: after.version + 1,
                at,
                by: by.clone(),
                request: request.clone(),
                event,
            };
            after = after.apply(&next).map_err(damaged)?;
            recorded.push(next);
        }
        Ok(Self { before, after, events: recorded, trace: suban_runtime::telemetry::trace_context() })
    }

    /// Adds another change of the same ticket that was decided on this one's outcome.
    #[must_use]
    pub fn then(mut self, next: Self) -> Self {
        self.after = next.after;
        self.events.extend(next.events);
        self
    }

    /// Which ticket.
    #[must_use]
    pub fn id(&self) -> TicketId {
        self.before.id
    }
}

fn damaged(e: suban_domain::FoldError) -> StoreError {
    StoreError::Damaged { what: "log", problem: e.to_string() }
}

/// What came of a batch of changes.
#[derive(Debug, Default)]
pub struct Done {
    /// Written.
    pub changed: Vec<Change>,
    /// Somebody else was faster: load and decide again.
    pub overtaken: Vec<TicketId>,
    /// Refused by Postgres for their values; retrying would fail again.
    pub failed: Vec<(TicketId, String)>,
}

impl Store {
    /// Writes a batch of changes, at most one a ticket, each guarded by its expected version.
    ///
    /// # Errors
    /// When Postgres is away. A value that Postgres refuses fails its own ticket only.
    pub fn commit(&self, changes: Vec<Change>) -> BoxFuture<'_, Result<Done, StoreError>> {
        Box::pin(async move {
            if changes.is_empty() {
                return Ok(Done::default());
            }
            let attempt = async {
                let mut tx = self.pool().begin().await?;
                let changed = write(&mut tx, &changes, self.written()).await?;
                self.finish(tx).await?;
                Ok(changed)
            };
            match attempt.await {
                Ok(changed) => Ok(sort_out(changes, &changed)),
                Err(StoreError::Database(error)) if is_data_error(&error) => {
                    if let [one] = changes.as_slice() {
                        return Ok(Done { failed: vec![(one.id(), error.to_string())], ..Done::default() });
                    }
                    let mut left = changes;
                    let right = left.split_off(left.len() / 2);
                    let mut done = self.commit(left).await?;
                    let more = self.commit(right).await?;
                    done.changed.extend(more.changed);
                    done.overtaken.extend(more.overtaken);
                    done.failed.extend(more.failed);
                    Ok(done)
                }
                Err(other) => Err(other),
            }
        })
    }

    /// The same inside a transaction of the caller, who has effects of his own to write with it and ends it by
    /// [`Store::finish`].
    ///
    /// # Errors
    /// When Postgres is away or refuses a value; the transaction is then to be given up.
    pub async fn commit_in(&self, conn: &mut PgConnection, changes: Vec<Change>) -> Result<Done, StoreError> {
        if changes.is_empty() {
            return Ok(Done::default());
        }
        let changed = write(conn, &changes, self.written()).await?;
        Ok(sort_out(changes, &changed))
    }

    /// Commits a transaction in which tickets changed, and tells the relays that there is something for them.
    ///
    /// # Errors
    /// When Postgres is away; then nothing of it happened, or it is found out by reading.
    pub async fn finish(&self, tx: Transaction<'_, Postgres>) -> Result<(), StoreError> {
        tx.commit().await?;
        self.written().tell();
        Ok(())
    }

    /// Decides and commits one command, again from the start while others are faster (at most 16 times).
    ///
    /// # Errors
    /// The refusal, `NotFound`, or that Postgres is away.
    pub async fn act(
        &self,
        id: TicketId,
        limits: &Limits,
        command: impl Fn(&Ticket) -> Result<Command, Refusal> + Send,
    ) -> Result<Change, StoreError> {
        for _ in 0..16 {
            let ticket = self.load_one(id).await?;
            let command = command(&ticket)?;
            let done = self.commit(vec![Change::decide(ticket, &command, limits)?]).await?;
            if let Some((_, problem)) = done.failed.into_iter().next() {
                return Err(StoreError::Damaged { what: "change", problem });
            }
            if let Some(change) = done.changed.into_iter().next() {
                return Ok(change);
            }
        }
        Err(StoreError::Contended)
    }
}

pub(crate) fn sort_out(changes: Vec<Change>, changed: &HashSet<Uuid>) -> Done {
    let mut done = Done::default();
    for change in changes {
        if changed.contains(&change.id().uuid()) {
            done.changed.push(change);
        } else {
            done.overtaken.push(change.id());
        }
    }
    done
}

/// Log rows as columns.
#[derive(Default)]
pub(crate) struct LogRows {
    pub(crate) ticket: Vec<Uuid>,
    pub(crate) version: Vec<i32>,
    pub(crate) kind: Vec<&'static str>,
    pub(crate) at: Vec<OffsetDateTime>,
    pub(crate) role: Vec<i16>,
    pub(crate) person: Vec<String>,
    pub(crate) unit: Vec<Option<String>>,
    pub(crate) request: Vec<String>,
    pub(crate) body: Vec<Vec<u8>>,
}

impl LogRows {
    pub(crate) fn push(&mut self, recorded: &Recorded) {
        self.ticket.push(recorded.ticket.uuid());
        self.version.push(i32::try_from(recorded.version).unwrap_or(i32::MAX));
        self.kind.push(recorded.event.fact.name());
        self.at.push(to_db(recorded.at));
        self.role.push(row::number(recorded.by.role.number()));
        self.person.push(recorded.by.person.to_string());
        self.unit.push(recorded.by.unit.as_ref().map(ToString::to_string));
        self.request.push(recorded.request.to_string());
        self.body.push(encode_event(&recorded.event));
    }
}

/// A pressing ticket that waits for dispatch is hinted at (design §3).
pub(crate) fn hints(after: &Ticket) -> bool {
    after.state == State::PendingDispatch && after.urgency.is_pressing()
}

/// What tells the world of these changes.
fn pack<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Packets {
    let mut packets = Packets::default();
    for change in changes {
        change.events.iter().for_each(|event| packets.add(Sent::of(event, change.trace.as_ref())));
        if hints(&change.after)
            && !hints(&change.before)
            && let Some(last) = change.events.last()
        {
            packets.add(Sent::hint(last.ticket, last.at));
        }
    }
    packets
}

/// Writes changes in the transaction of `conn`; answers whose version was still the expected one.
pub(crate) async fn write(
    conn: &mut PgConnection,
    changes: &[Change],
    written: &Written,
) -> Result<HashSet<Uuid>, StoreError> {
    let n = changes.len();
    let (mut ids, mut expected, mut versions, mut states, mut bodies) = (
        Vec::with_capacity(n),
        Vec::with_capacity(n),
        Vec::with_capacity(n),
        Vec::with_capacity(n),
        Vec::with_capacity(n),
    );
    let (mut log, packets) = (LogRows::default(), pack(changes));
    let mut gone = Vec::new();
    let mut open: Vec<row::OpenRow> = Vec::new();
    let mut assists = Assists::default();
    for change in changes {
        let id = change.id().uuid();
        ids.push(id);
        expected.push(i32::try_from(change.before.version).unwrap_or(i32::MAX));
        versions.push(i32::try_from(change.after.version).unwrap_or(i32::MAX));
        states.push(row::state_number(change.after.state));
        bodies.push(row::body(&change.after)?);
        change.events.iter().for_each(|e| log.push(e));
        match (row::open_row(&change.before), row::open_row(&change.after)) {
            (_, None) => gone.push(id),
            (before, Some(after)) => {
                if before.as_ref() != Some(&after) {
                    open.push(after);
                }
            }
        }
        assists.changed(id, &row::others(&change.before), &row::others(&change.after));
    }
    // Served by the primary keys of all four tables.
    let rows: Vec<(Uuid,)> = sqlx::query_as(
        "with locked as materialized (
           select t.id from core.ticket t where t.id = any($1::uuid[]) order by t.id for no key update
         ), changed as (
           update core.ticket t set version = c.version, state = c.state, body = c.body::json
             from unnest($1::uuid[], $2::int[], $3::int[], $4::smallint[], $5::text[])
               as c(id, expected, version, state, body)
            where t.id = c.id and t.version = c.expected
              and (select count(*) from locked) > 0 -- all locks are taken before the first row changes
           returning t.id
         ), logged as (
           insert into core.ticket_log (ticket_id, version, type, at, role, person, unit, request, body)
           select l.ticket_id, l.version, l.type, l.at, l.role, l.person, l.unit, l.request, l.body
             from unnest($6::uuid[], $7::int[], $8::text[], $9::timestamptz[], $10::smallint[], $11::text[],
                         $12::text[], $13::text[], $14::bytea[])
               as l(ticket_id, version, type, at, role, person, unit, request, body)
            where l.ticket_id in (select id from changed)
         ), sent as (
           -- Mostly nobody was overtaken; otherwise the packets are made anew, of those that changed.
           insert into core.outbox (shard, events, body)
           select p.shard, p.events, p.body
             from unnest($15::smallint[], $16::int[], $17::bytea[]) with ordinality as p(shard, events, body, n)
            where (select count(*) from changed) = cardinality($1)
            order by p.n
         ), opened as (
           insert into core.ticket_open as o
                  (ticket_id, state, urgency, unit, area, matter, received_at, next_due)
           select q.* from unnest($18::uuid[], $19::smallint[], $20::smallint[], $21::text[], $22::text[], $23::text[],
                         $24::timestamptz[], $25::timestamptz[])
               as q(ticket_id, state, urgency, unit, area, matter, received_at, next_due)
            where q.ticket_id in (select id from changed)
            order by q.ticket_id
           on conflict (ticket_id) do update set state = excluded.state, urgency = excluded.urgency,
             unit = excluded.unit, area = excluded.area, matter = excluded.matter, next_due = excluded.next_due
         ), gone as (
           delete from core.ticket_open where ticket_id = any($26::uuid[]) and ticket_id in (select id from changed)
         )
         select id from changed",
    )
    .bind(&ids)
    .bind(&expected)
    .bind(&versions)
    .bind(&states)
    .bind(&bodies)
    .bind(&log.ticket)
    .bind(&log.version)
    .bind(&log.kind)
    .bind(&log.at)
    .bind(&log.role)
    .bind(&log.person)
    .bind(&log.unit)
    .bind(&log.request)
    .bind(&log.body)
    .bind(&packets.shard)
    .bind(&packets.events)
    .bind(&packets.body)
    .bind(open.iter().map(|o| o.id).collect::<Vec<_>>())
    .bind(open.iter().map(|o| o.state).collect::<Vec<_>>())
    .bind(open.iter().map(|o| o.urgency).collect::<Vec<_>>())
    .bind(open.iter().map(|o| o.unit.clone()).collect::<Vec<_>>())
    .bind(open.iter().map(|o| o.area.clone()).collect::<Vec<_>>())
    .bind(open.iter().map(|o| o.matter.clone()).collect::<Vec<_>>())
    .bind(open.iter().map(|o| to_db(o.received_at)).collect::<Vec<_>>())
    .bind(open.iter().map(|o| o.next_due.map(to_db)).collect::<Vec<_>>())
    .bind(&gone)
    .fetch_all(&mut *conn)
    .await?;
    let changed: HashSet<Uuid> = rows.into_iter().map(|(id,)| id).collect();
    if changed.len() < n {
        let packets = pack(changes.iter().filter(|change| changed.contains(&change.id().uuid())));
        packets.put(conn, written).await?;
    } else {
        written.note(packets.shards());
    }
    assists.write(conn, &changed).await?;
    metrics::counter!("suban_ticket_changes_total", "outcome" => "changed").increment(changed.len() as u64);
    metrics::counter!("suban_ticket_changes_total", "outcome" => "overtaken").increment((n - changed.len()) as u64);
    Ok(changed)
}

/// Inboxes of assisting units follow their tickets: who began to assist, and who no longer does.
#[derive(Default)]
struct Assists {
    begun: Vec<(String, Uuid)>,
    ended: Vec<(String, Uuid)>,
}

impl Assists {
    fn changed(&mut self, ticket: Uuid, before: &[String], after: &[String]) {
        let of = |units: &[String], others: &[String]| -> Vec<(String, Uuid)> {
            units.iter().filter(|unit| !others.contains(unit)).map(|unit| (unit.clone(), ticket)).collect()
        };
        self.begun.extend(of(after, before));
        self.ended.extend(of(before, after));
    }

    /// Writes those of tickets that changed. Served by the primary key of `ticket_assist`.
    async fn write(mut self, conn: &mut PgConnection, changed: &HashSet<Uuid>) -> Result<(), StoreError> {
        for rows in [&mut self.begun, &mut self.ended] {
            rows.retain(|(_, ticket)| changed.contains(ticket));
            rows.sort_unstable();
        }
        let columns = |rows: Vec<(String, Uuid)>| -> (Vec<String>, Vec<Uuid>) { rows.into_iter().unzip() };
        if !self.ended.is_empty() {
            let (units, tickets) = columns(self.ended);
            sqlx::query(
                "delete from core.ticket_assist a using unnest($1::text[], $2::uuid[]) as n(unit, ticket_id)
                  where a.unit = n.unit and a.ticket_id = n.ticket_id",
            )
            .bind(&units)
            .bind(&tickets)
            .execute(&mut *conn)
            .await?;
        }
        if !self.begun.is_empty() {
            let (units, tickets) = columns(self.begun);
            sqlx::query(
                "insert into core.ticket_assist (unit, ticket_id)
                 select n.unit, n.ticket_id from unnest($1::text[], $2::uuid[]) as n(unit, ticket_id) order by 1, 2
                 on conflict do nothing",
            )
            .bind(&units)
            .bind(&tickets)
            .execute(conn)
            .await?;
        }
        Ok(())
    }
}
