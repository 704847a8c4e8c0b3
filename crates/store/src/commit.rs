//! The one way a ticket changes: expected version and events in, one statement, who was overtaken out.
//!
//! Row, log, outbox and queue row are written by a single statement: the rows are locked in the order of
//! their ids, those that still have the expected version change, and log and outbox rows are written for
//! exactly these. A batch with a value that Postgres refuses is halved until the bad one stands alone.

use std::collections::{BTreeSet, HashSet};

use futures::future::BoxFuture;
use sqlx::PgConnection;
use suban_domain::{Actor, At, Command, Event, Limits, Recorded, Refusal, RequestId, State, Ticket, TicketId};
use suban_proto::encode_event;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, instant::to_db, is_data_error, row};

/// Ordinary shards of the outbox; a ticket keeps to one, so that its events keep their order.
pub(crate) const SHARDS: u128 = 2;
/// The shard that holds only hints at pressing tickets.
pub(crate) const HINTS: i16 = 0;

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
                let changed = write(&mut tx, &changes).await?;
                tx.commit().await?;
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

    /// The same inside a transaction of the caller, who has effects of his own to write with it.
    ///
    /// # Errors
    /// When Postgres is away or refuses a value; the transaction is then to be given up.
    pub async fn commit_in(&self, conn: &mut PgConnection, changes: Vec<Change>) -> Result<Done, StoreError> {
        if changes.is_empty() {
            return Ok(Done::default());
        }
        let changed = write(conn, &changes).await?;
        Ok(sort_out(changes, &changed))
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

fn sort_out(changes: Vec<Change>, changed: &HashSet<Uuid>) -> Done {
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

/// Log and outbox rows as columns.
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
    pub(crate) trace: Vec<Option<String>>,
    pub(crate) shard: Vec<i16>,
    pub(crate) body: Vec<Vec<u8>>,
}

impl LogRows {
    pub(crate) fn push(&mut self, recorded: &Recorded, trace: Option<&String>) {
        self.ticket.push(recorded.ticket.uuid());
        self.version.push(i32::try_from(recorded.version).unwrap_or(i32::MAX));
        self.kind.push(recorded.event.fact.name());
        self.at.push(to_db(recorded.at));
        self.role.push(row::number(recorded.by.role.number()));
        self.person.push(recorded.by.person.to_string());
        self.unit.push(recorded.by.unit.as_ref().map(ToString::to_string));
        self.request.push(recorded.request.to_string());
        self.trace.push(trace.cloned());
        self.shard.push(shard_of(recorded.ticket));
        self.body.push(encode_event(&recorded.event));
    }
}

/// The outbox shard of a ticket: 1 or 2, for ever.
pub(crate) fn shard_of(ticket: TicketId) -> i16 {
    i16::try_from(1 + ticket.uuid().as_u128() % SHARDS).unwrap_or(1)
}

/// A pressing ticket that waits for dispatch is hinted at (design §3).
pub(crate) fn hints(after: &Ticket) -> bool {
    after.state == State::PendingDispatch && after.urgency.is_pressing()
}

async fn write(conn: &mut PgConnection, changes: &[Change]) -> Result<HashSet<Uuid>, StoreError> {
    let n = changes.len();
    let (mut ids, mut expected, mut versions, mut states, mut bodies) = (
        Vec::with_capacity(n),
        Vec::with_capacity(n),
        Vec::with_capacity(n),
        Vec::with_capacity(n),
        Vec::with_capacity(n),
    );
    let mut log = LogRows::default();
    let (mut hint, mut gone) = (Vec::new(), Vec::new());
    let mut open: Vec<row::OpenRow> = Vec::new();
    let (mut assists_of, mut assist_unit, mut assist_ticket) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        let id = change.id().uuid();
        ids.push(id);
        expected.push(i32::try_from(change.before.version).unwrap_or(i32::MAX));
        versions.push(i32::try_from(change.after.version).unwrap_or(i32::MAX));
        states.push(row::state_number(change.after.state));
        bodies.push(row::body(&change.after)?);
        change.events.iter().for_each(|e| log.push(e, change.trace.as_ref()));
        if hints(&change.after) && !hints(&change.before) {
            hint.push(id);
        }
        match (row::open_row(&change.before), row::open_row(&change.after)) {
            (_, None) => gone.push(id),
            (before, Some(after)) => {
                if before.as_ref() != Some(&after) {
                    open.push(after);
                }
            }
        }
        let others = row::others(&change.after);
        if others != row::others(&change.before) {
            assists_of.push(id);
            for unit in others {
                assist_unit.push(unit);
                assist_ticket.push(id);
            }
        }
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
           insert into core.outbox (shard, ticket_id, version, type, at, role, person, unit, request, body, trace)
           select l.shard, l.ticket_id, l.version, l.type, l.at, l.role, l.person, l.unit, l.request, l.body, l.trace
             from unnest($6::uuid[], $7::int[], $8::text[], $9::timestamptz[], $10::smallint[], $11::text[],
                         $12::text[], $13::text[], $14::bytea[], $15::text[], $16::smallint[])
               as l(ticket_id, version, type, at, role, person, unit, request, body, trace, shard)
            where l.ticket_id in (select id from changed)
            order by l.ticket_id, l.version
         ), hinted as (
           insert into core.outbox (shard, ticket_id, version, type, at, role, person, request, body)
           select 0, h.id, 0, 'hint', clock_timestamp(), 21, 'suban', 'hint', ''::bytea
             from unnest($17::uuid[]) as h(id) where h.id in (select id from changed)
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
         ), woken as materialized (
           -- The relays of these shards: one word a batch.
           select pg_notify('suban_outbox', $27) from (select 1 from changed limit 1) as something
         )
         select changed.id from changed cross join (select count(*) from woken) as woken",
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
    .bind(&log.trace)
    .bind(&log.shard)
    .bind(&hint)
    .bind(open.iter().map(|o| o.id).collect::<Vec<_>>())
    .bind(open.iter().map(|o| o.state).collect::<Vec<_>>())
    .bind(open.iter().map(|o| o.urgency).collect::<Vec<_>>())
    .bind(open.iter().map(|o| o.unit.clone()).collect::<Vec<_>>())
    .bind(open.iter().map(|o| o.area.clone()).collect::<Vec<_>>())
    .bind(open.iter().map(|o| o.matter.clone()).collect::<Vec<_>>())
    .bind(open.iter().map(|o| to_db(o.received_at)).collect::<Vec<_>>())
    .bind(open.iter().map(|o| o.next_due.map(to_db)).collect::<Vec<_>>())
    .bind(&gone)
    .bind(shards_in_words(&log.shard, !hint.is_empty()))
    .fetch_all(&mut *conn)
    .await?;
    let changed: HashSet<Uuid> = rows.into_iter().map(|(id,)| id).collect();
    if !assists_of.is_empty() {
        write_assists(conn, &changed, &assists_of, &assist_unit, &assist_ticket).await?;
    }
    metrics::counter!("suban_ticket_changes_total", "outcome" => "changed").increment(changed.len() as u64);
    metrics::counter!("suban_ticket_changes_total", "outcome" => "overtaken").increment((n - changed.len()) as u64);
    Ok(changed)
}

/// Inboxes of assisting units follow their tickets. Served by `ticket_assist_ticket`.
async fn write_assists(
    conn: &mut PgConnection,
    changed: &HashSet<Uuid>,
    of: &[Uuid],
    units: &[String],
    tickets: &[Uuid],
) -> Result<(), StoreError> {
    let of: Vec<Uuid> = of.iter().copied().filter(|id| changed.contains(id)).collect();
    let (units, tickets): (Vec<&String>, Vec<Uuid>) =
        units.iter().zip(tickets).filter(|(_, id)| changed.contains(id)).map(|(u, id)| (u, *id)).unzip();
    sqlx::query(
        "with old as (
           delete from core.ticket_assist a where a.ticket_id = any($1::uuid[])
              and not exists (select 1 from unnest($2::text[], $3::uuid[]) as n(unit, ticket_id)
                               where n.unit = a.unit and n.ticket_id = a.ticket_id)
         )
         insert into core.ticket_assist (unit, ticket_id)
         select n.unit, n.ticket_id from unnest($2::text[], $3::uuid[]) as n(unit, ticket_id) order by 1, 2
         on conflict do nothing",
    )
    .bind(&of)
    .bind(&units)
    .bind(&tickets)
    .execute(conn)
    .await?;
    Ok(())
}

/// What wakes the relays of these shards: their digits.
pub(crate) fn shards_in_words(shards: &[i16], hints: bool) -> String {
    let shards: BTreeSet<i16> = shards.iter().copied().chain(hints.then_some(HINTS)).collect();
    shards.iter().map(ToString::to_string).collect()
}

/// Wakes the relays: one word a batch.
pub(crate) async fn notify(conn: &mut PgConnection, shards: String) -> Result<(), StoreError> {
    if !shards.is_empty() {
        sqlx::query("select pg_notify('suban_outbox', $1)").bind(shards).execute(conn).await?;
    }
    Ok(())
}
