//! Mass events and the tickets that belong to them.

use std::collections::{HashMap, HashSet};

use sqlx::{PgConnection, PgPool, Row as _, postgres::PgRow};
use suban_domain::{Actor, AreaCode, At, MatterCode, PersonCode, RequestId, State, Ticket, TicketId};
use suban_store::{StoreError, from_db, to_db};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{number, states};
use crate::decide::mass::{MassEvent, MassKind};

const COLUMNS: &str = "id, kind, title, area, matters, from_at, until_at, answer, answer_until, master_id, ended_at,
    looked_at is not null as looking_back";

fn damaged(problem: impl ToString) -> StoreError {
    StoreError::Damaged { what: "mass event", problem: problem.to_string() }
}

fn event(row: &PgRow) -> Result<MassEvent, StoreError> {
    let kind: i16 = row.try_get("kind")?;
    let at = |column: &str| row.try_get::<OffsetDateTime, _>(column).map(from_db);
    let maybe = |column: &str| row.try_get::<Option<OffsetDateTime>, _>(column).map(|at| at.map(from_db));
    let (area, matters): (Option<String>, Vec<String>) = (row.try_get("area")?, row.try_get("matters")?);
    let answer: Option<String> = row.try_get("answer")?;
    Ok(MassEvent {
        id: row.try_get("id")?,
        kind: MassKind::from_number(i32::from(kind)).ok_or_else(|| damaged(format!("kind {kind} is unknown")))?,
        title: row.try_get("title")?,
        area: area.map(AreaCode::new).transpose().map_err(damaged)?,
        matters: matters.into_iter().map(MatterCode::new).collect::<Result<_, _>>().map_err(damaged)?,
        from: at("from_at")?,
        until: at("until_at")?,
        answer: answer.zip(maybe("answer_until")?),
        master: row.try_get::<Option<Uuid>, _>("master_id")?.map(TicketId::new),
        ended_at: maybe("ended_at")?,
        looking_back: row.try_get("looking_back")?,
    })
}

/// Writes a new event; answers the one that this request declared before, where it did, and whether it did. What is
/// open already is looked at from the first ticket that can belong to it. Served by `mass_event_request_key`.
///
/// # Errors
/// When Postgres is away.
pub async fn declare(
    conn: &mut PgConnection,
    new: &MassEvent,
    by: &Actor,
    at: At,
    request: &RequestId,
) -> Result<(MassEvent, bool), StoreError> {
    let written = sqlx::query(
        "insert into dedup.mass_event (id, kind, title, area, matters, from_at, until_at, answer, answer_until,
                                       master_id, declared_by, declared_at, request, looked_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict (request) do nothing",
    )
    .bind(new.id)
    .bind(number(new.kind.number()))
    .bind(&new.title)
    .bind(new.area.as_ref().map(AreaCode::as_str))
    .bind(new.matters.iter().map(|m| m.as_str().to_owned()).collect::<Vec<_>>())
    .bind(to_db(new.from))
    .bind(to_db(new.until))
    .bind(new.answer.as_ref().map(|(answer, _)| answer))
    .bind(new.answer.as_ref().map(|(_, until)| to_db(*until)))
    .bind(new.master.map(|m| m.uuid()))
    .bind(by.person.as_str())
    .bind(to_db(at))
    .bind(request.as_str())
    .bind(first_id(new.from))
    .execute(&mut *conn)
    .await?
    .rows_affected();
    let row = sqlx::query(sqlx::AssertSqlSafe(format!("select {COLUMNS} from dedup.mass_event where request = $1")))
        .bind(request.as_str())
        .fetch_one(conn)
        .await?;
    Ok((event(&row)?, written == 0))
}

/// Below every id of a ticket that was created from this instant on: ids begin with 48 bits of milliseconds. A ticket
/// may be received a while before it is written, never after.
fn first_id(from: At) -> Uuid {
    let millis = u128::try_from(from.micros() / 1000).unwrap_or_default();
    Uuid::from_u128(millis.saturating_sub(1) << 80)
}

/// Changes what is answered and how long arrivals belong to it. `None`: there is no such event, or it has ended.
///
/// # Errors
/// When Postgres is away.
pub async fn amend(
    pool: &PgPool,
    id: Uuid,
    answer: Option<&(String, At)>,
    until: Option<At>,
) -> Result<Option<MassEvent>, StoreError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "update dedup.mass_event set answer = $2, answer_until = $3, until_at = coalesce($4, until_at)
          where id = $1 and ended_at is null returning {COLUMNS}"
    )))
    .bind(id)
    .bind(answer.map(|(answer, _)| answer))
    .bind(answer.map(|(_, until)| to_db(*until)))
    .bind(until.map(to_db))
    .fetch_optional(pool)
    .await?;
    row.as_ref().map(event).transpose()
}

/// Ends an event; one that has ended stays as it is.
///
/// # Errors
/// When Postgres is away.
pub async fn end(pool: &PgPool, id: Uuid, by: &PersonCode, at: At) -> Result<(), StoreError> {
    sqlx::query(
        "update dedup.mass_event set ended_by = $2, ended_at = $3, looked_at = null where id = $1 and ended_at is null",
    )
    .bind(id)
    .bind(by.as_str())
    .bind(to_db(at))
    .execute(pool)
    .await?;
    Ok(())
}

/// One event.
///
/// # Errors
/// When Postgres is away or the row is damaged.
pub async fn one(pool: &PgPool, id: Uuid) -> Result<Option<MassEvent>, StoreError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!("select {COLUMNS} from dedup.mass_event where id = $1")))
        .bind(id)
        .fetch_optional(pool)
        .await?;
    row.as_ref().map(event).transpose()
}

/// What still takes tickets in at an instant, the earliest declared first. Served by `mass_event_running`.
///
/// # Errors
/// When Postgres is away or a row is damaged.
pub async fn running(pool: &PgPool, at: At) -> Result<Vec<MassEvent>, StoreError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from dedup.mass_event where ended_at is null and until_at >= $1 order by id"
    )))
    .bind(to_db(at))
    .fetch_all(pool)
    .await?;
    rows.iter().map(event).collect()
}

/// A page of events, the latest first. Served by the primary key.
///
/// # Errors
/// When Postgres is away or a row is damaged.
pub async fn page(
    pool: &PgPool,
    running: Option<At>,
    before: Option<Uuid>,
    limit: u32,
) -> Result<Vec<MassEvent>, StoreError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from dedup.mass_event
          where id < $1 and ($2::timestamptz is null or (ended_at is null and until_at >= $2)) order by id desc limit $3"
    )))
    .bind(before.unwrap_or(Uuid::max()))
    .bind(running.map(to_db))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    rows.iter().map(event).collect()
}

/// Notes that tickets belong to events; once is enough.
///
/// # Errors
/// When Postgres is away.
pub async fn link(pool: &PgPool, belong: &[(Uuid, &Ticket)], at: At) -> Result<(), StoreError> {
    if belong.is_empty() {
        return Ok(());
    }
    let done = sqlx::query(
        "insert into dedup.mass_event_ticket (event_id, ticket_id, area, linked_at)
         select e, t, a, $4 from unnest($1::uuid[], $2::uuid[], $3::text[]) as k(e, t, a) order by e, t
         on conflict do nothing",
    )
    .bind(belong.iter().map(|(event, _)| *event).collect::<Vec<_>>())
    .bind(belong.iter().map(|(_, t)| t.id.uuid()).collect::<Vec<_>>())
    .bind(belong.iter().map(|(_, t)| t.area.as_ref().map_or("", AreaCode::as_str)).collect::<Vec<_>>())
    .bind(to_db(at))
    .execute(pool)
    .await?;
    metrics::counter!("suban_mass_event_tickets_total").increment(done.rows_affected());
    Ok(())
}

/// Of these pairs of event and ticket, those that belong together. Served by the primary key of `mass_event_ticket`.
///
/// # Errors
/// When Postgres is away.
pub async fn linked(pool: &PgPool, pairs: &[(Uuid, TicketId)]) -> Result<HashSet<(Uuid, TicketId)>, StoreError> {
    if pairs.is_empty() {
        return Ok(HashSet::new());
    }
    let (events, tickets): (Vec<Uuid>, Vec<Uuid>) = pairs.iter().map(|(event, t)| (*event, t.uuid())).unzip();
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "select t.event_id, t.ticket_id from unnest($1::uuid[], $2::uuid[]) as k(event_id, ticket_id)
           join dedup.mass_event_ticket t using (event_id, ticket_id)",
    )
    .bind(&events)
    .bind(&tickets)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|(event, ticket)| (event, TicketId::new(ticket))).collect())
}

/// Lets arrivals join this ticket's group from now on, unless another leads meanwhile (`instead_of`).
///
/// # Errors
/// When Postgres is away.
pub async fn lead(
    pool: &PgPool,
    event: Uuid,
    instead_of: Option<TicketId>,
    master: TicketId,
) -> Result<bool, StoreError> {
    let done =
        sqlx::query("update dedup.mass_event set master_id = $3 where id = $1 and master_id is not distinct from $2")
            .bind(event)
            .bind(instead_of.map(|t| t.uuid()))
            .bind(master.uuid())
            .execute(pool)
            .await?;
    Ok(done.rows_affected() > 0)
}

/// How many tickets an event has, how many of these are handled on their own, and how many of those are open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Tickets.
    pub tickets: u32,
    /// Sites.
    pub sites: u32,
    /// Open ones.
    pub open: u32,
}

/// The sizes of events. Served by the primary keys of `mass_event_ticket`, `merge_member` and `ticket_open`.
///
/// # Errors
/// When Postgres is away.
pub async fn sizes(pool: &PgPool, events: &[Uuid]) -> Result<HashMap<Uuid, Size>, StoreError> {
    let rows: Vec<(Uuid, i64, i64, i64)> = sqlx::query_as(
        "select t.event_id, count(*), count(*) filter (where m.member_id is null),
                count(*) filter (where m.member_id is null and o.state = any($2))
           from dedup.mass_event_ticket t
           left join core.merge_member m on m.member_id = t.ticket_id
           left join core.ticket_open o on o.ticket_id = t.ticket_id
          where t.event_id = any($1) group by t.event_id",
    )
    .bind(events)
    .bind(states(State::is_open))
    .fetch_all(pool)
    .await?;
    let small = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    let size = |(event, tickets, sites, open)| {
        (event, Size { tickets: small(tickets), sites: small(sites), open: small(open) })
    };
    Ok(rows.into_iter().map(size).collect())
}

/// Where somebody looks back: an event, and up to which ticket that was done.
#[derive(Debug)]
pub struct LookingBack {
    /// The event.
    pub event: MassEvent,
    /// Up to where.
    looked_at: Uuid,
}

/// An event whose tickets of before the declaration are still to be looked at, with a page of those that are open and
/// of its matters. Served by `mass_event_back` and the primary key of `ticket_open`.
///
/// # Errors
/// When Postgres is away or the row is damaged.
pub async fn look_back(pool: &PgPool, limit: u32) -> Result<Option<(LookingBack, Vec<TicketId>)>, StoreError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "select {COLUMNS}, looked_at from dedup.mass_event where looked_at is not null order by id limit 1"
    )))
    .fetch_optional(pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let back = LookingBack { event: event(&row)?, looked_at: row.try_get("looked_at")? };
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "select ticket_id from core.ticket_open
          where ticket_id > $1 and matter = any($2) and state = any($3) order by ticket_id limit $4",
    )
    .bind(back.looked_at)
    .bind(back.event.matters.iter().map(|m| m.as_str().to_owned()).collect::<Vec<_>>())
    .bind(states(State::is_open))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    Ok(Some((back, ids.into_iter().map(TicketId::new).collect())))
}

/// Notes how far was looked; `None`: to the end. Nothing where another instance was faster.
///
/// # Errors
/// When Postgres is away.
pub async fn looked(pool: &PgPool, back: &LookingBack, at: Option<TicketId>) -> Result<(), StoreError> {
    sqlx::query("update dedup.mass_event set looked_at = $3 where id = $1 and looked_at = $2")
        .bind(back.event.id)
        .bind(back.looked_at)
        .bind(at.map(|t| t.uuid()))
        .execute(pool)
        .await?;
    Ok(())
}
