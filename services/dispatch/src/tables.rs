//! The queue for people with its claims, and why each ticket went where it went.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool};
use suban_domain::{
    AreaCode, At, Channel, Kind, MatterCode, PersonCode, RequestId, Ticket, TicketId, Tier, UnitCode, VersionCode,
};
use suban_store::{StoreError, from_db, to_db};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    decide::{self, Candidate, Reason, Sending, Waiting},
    learned::{Check, Outcome, Ruling},
};

/// Rulings and checks that are remembered, the last ones.
const REMEMBERED: i64 = 5_000;
/// Outcomes read in one go.
const OUTCOMES: i64 = 10_000;

/// A ticket that begins to wait for a person, as it was when that was decided.
#[derive(Debug, Clone)]
pub struct Row {
    ticket: TicketId,
    version: u32,
    urgency: i16,
    received_at: At,
    area: Option<AreaCode>,
    /// Why it waits.
    pub reason: Reason,
}

impl Row {
    /// The row of a ticket.
    #[must_use]
    pub fn of(ticket: &Ticket, waiting: &Waiting) -> Self {
        Self {
            ticket: ticket.id,
            version: ticket.version,
            urgency: decide::rank(ticket.urgency),
            received_at: ticket.received_at,
            area: ticket.area.clone(),
            reason: waiting.reason,
        }
    }
}

/// Puts tickets into the queue; a claim on one that is there stays. Answers those that moved on meanwhile, to be
/// decided again: their next event may be one that nobody here follows. Served by the primary keys of `ticket` and
/// `queue`.
///
/// # Errors
/// When Postgres is away.
pub async fn wait(conn: &mut PgConnection, rows: &[Row]) -> Result<Vec<TicketId>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let put: Vec<Uuid> = sqlx::query_scalar(
        "insert into dispatch.queue (ticket_id, urgency, received_at, area, reason)
         select q.ticket_id, q.urgency, q.received_at, q.area, q.reason
           from (select r.* from unnest($1::uuid[], $2::int[], $3::smallint[], $4::timestamptz[], $5::text[], $6::text[])
                   as r(ticket_id, version, urgency, received_at, area, reason)
                   join core.ticket t on t.id = r.ticket_id and t.version = r.version
                  order by r.ticket_id for share of t) q
         on conflict (ticket_id) do update
            set urgency = excluded.urgency, area = excluded.area, reason = excluded.reason
         returning ticket_id",
    )
    .bind(rows.iter().map(|r| r.ticket.uuid()).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| i32::try_from(r.version).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.urgency).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| to_db(r.received_at)).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.area.as_ref().map(AreaCode::to_string)).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.reason.code()).collect::<Vec<_>>())
    .fetch_all(conn)
    .await?;
    Ok(rows.iter().map(|r| r.ticket).filter(|ticket| !put.contains(&ticket.uuid())).collect())
}

/// Takes tickets out of the queue that are still at the version at which that was decided. Answers those of the queue
/// that moved on meanwhile, to be decided again. Served by the primary keys of `queue` and `ticket`.
///
/// # Errors
/// When Postgres is away.
pub async fn leave(conn: &mut PgConnection, mut tickets: Vec<(TicketId, u32)>) -> Result<Vec<TicketId>, StoreError> {
    if tickets.is_empty() {
        return Ok(Vec::new());
    }
    // Few stand there, and a ticket enters only at the version that it has: who does not stand there now never will at
    // the version that was decided on.
    let ids: Vec<Uuid> = tickets.iter().map(|(id, _)| id.uuid()).collect();
    let there: Vec<Uuid> = sqlx::query_scalar(
        "select q.ticket_id from unnest($1::uuid[]) as r(ticket_id)
          cross join lateral (select ticket_id from dispatch.queue q where q.ticket_id = r.ticket_id limit 1) q",
    )
    .bind(&ids)
    .fetch_all(&mut *conn)
    .await?;
    if there.is_empty() {
        return Ok(Vec::new());
    }
    tickets.retain(|(id, _)| there.contains(&id.uuid()));
    tickets.sort_unstable();
    let moved_on: Vec<Uuid> = sqlx::query_scalar(
        "with left_by as (select * from unnest($1::uuid[], $2::int[]) as r(ticket_id, version)),
         gone as (
           delete from dispatch.queue q using left_by r, core.ticket t
            where q.ticket_id = r.ticket_id and t.id = r.ticket_id and t.version = r.version
           returning q.ticket_id
         )
         select q.ticket_id from left_by r
          cross join lateral (select ticket_id from dispatch.queue q where q.ticket_id = r.ticket_id limit 1) q
          where q.ticket_id not in (select ticket_id from gone)",
    )
    .bind(tickets.iter().map(|(id, _)| id.uuid()).collect::<Vec<_>>())
    .bind(tickets.iter().map(|(_, version)| i32::try_from(*version).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .fetch_all(conn)
    .await?;
    Ok(moved_on.into_iter().map(TicketId::new).collect())
}

/// Why a ticket was sent where it was, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reasons {
    /// Version of the catalogue used.
    pub catalogue: String,
    /// Version of the reader that set matter and area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// Best first: the first is where it was sent, by its rule and for its reason.
    pub candidates: Vec<Candidate>,
    /// What was learned from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned: Option<String>,
}

impl Reasons {
    /// The reasons of a dispatch that needed nobody.
    #[must_use]
    pub fn of_sending(sending: &Sending, catalogue: &VersionCode, ticket: &Ticket, learned: Option<String>) -> Self {
        Self {
            catalogue: catalogue.to_string(),
            reader: ticket.read_by.as_ref().map(ToString::to_string),
            candidates: sending.candidates.clone(),
            learned,
        }
    }
}

/// Keeps why tickets went where they went, by the version that the dispatch made. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn remember(
    conn: &mut PgConnection,
    at: At,
    tier: Tier,
    sent: &[(TicketId, u32, &Reasons)],
) -> Result<(), StoreError> {
    if sent.is_empty() {
        return Ok(());
    }
    let bodies = sent
        .iter()
        .map(|(_, _, reasons)| serde_json::to_string(reasons))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| StoreError::Damaged { what: "decision", problem: e.to_string() })?;
    sqlx::query(
        "insert into dispatch.decision (ticket_id, version, at, tier, body)
         select d.ticket_id, d.version, $1, $2, d.body::json
           from unnest($3::uuid[], $4::int[], $5::text[]) as d(ticket_id, version, body)
         on conflict do nothing",
    )
    .bind(to_db(at))
    .bind(i16::try_from(tier.number()).unwrap_or(i16::MAX))
    .bind(sent.iter().map(|(id, _, _)| id.uuid()).collect::<Vec<_>>())
    .bind(sent.iter().map(|(_, version, _)| i32::try_from(*version).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .bind(bodies)
    .execute(conn)
    .await?;
    Ok(())
}

/// Why the dispatch at this version was made, where it needed nobody. Served by the primary key.
///
/// # Errors
/// When Postgres is away or the row is damaged.
pub async fn reasons(pool: &PgPool, ticket: TicketId, version: u32) -> Result<Option<Reasons>, StoreError> {
    let body: Option<String> =
        sqlx::query_scalar("select body::text from dispatch.decision where ticket_id = $1 and version = $2")
            .bind(ticket.uuid())
            .bind(i32::try_from(version).unwrap_or(i32::MAX))
            .fetch_optional(pool)
            .await?;
    body.map(|body| serde_json::from_str(&body))
        .transpose()
        .map_err(|e| StoreError::Damaged { what: "decision", problem: e.to_string() })
}

/// Why these tickets were sent, each time that needed nobody, in order of ticket and version. Served by the primary
/// key.
///
/// # Errors
/// When Postgres is away or a row is damaged.
pub async fn reasons_of(pool: &PgPool, tickets: &[TicketId]) -> Result<Vec<(TicketId, u32, Reasons)>, StoreError> {
    let rows: Vec<(Uuid, i32, String)> = sqlx::query_as(
        "select ticket_id, version, body::text from dispatch.decision
          where ticket_id = any($1::uuid[]) order by ticket_id, version",
    )
    .bind(tickets.iter().map(|t| t.uuid()).collect::<Vec<_>>())
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|(ticket, version, body)| {
            let reasons = serde_json::from_str(&body)
                .map_err(|e| StoreError::Damaged { what: "decision", problem: e.to_string() })?;
            Ok((TicketId::new(ticket), u32::try_from(version).unwrap_or(0), reasons))
        })
        .collect()
}

/// A row of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which ticket.
    pub ticket: TicketId,
    /// How pressing, as a number.
    pub urgency: i16,
    /// When it was received.
    pub received_at: At,
    /// Why it waits; none when a newer version wrote it.
    pub reason: Option<Reason>,
    /// Who has it.
    pub claimed_by: Option<String>,
    /// Until when.
    pub claimed_until: Option<At>,
}

type EntryRow = (Uuid, i16, OffsetDateTime, String, Option<String>, Option<OffsetDateTime>);

fn entry((ticket, urgency, received_at, reason, claimed_by, claimed_until): EntryRow) -> Entry {
    Entry {
        ticket: TicketId::new(ticket),
        urgency,
        received_at: from_db(received_at),
        reason: Reason::from_code(&reason),
        claimed_by,
        claimed_until: claimed_until.map(from_db),
    }
}

/// What the queue is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Narrow {
    /// This area and places inside it.
    pub area: Option<AreaCode>,
    /// One of these; any when empty.
    pub urgencies: Vec<i16>,
    /// Only what nobody has.
    pub unclaimed: bool,
    /// Only what this person has.
    pub holder: Option<PersonCode>,
}

/// Where the next page begins.
pub type Key = (i16, At, TicketId);

/// The queue, most pressing first, then the oldest. Served by `queue_order`, or `queue_holder` for a person's own.
///
/// # Errors
/// When Postgres is away.
pub async fn list(
    pool: &PgPool,
    now: At,
    narrow: &Narrow,
    after: Option<Key>,
    page: u32,
) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<EntryRow> = sqlx::query_as(
        "select ticket_id, urgency, received_at, reason, claimed_by, claimed_until from dispatch.queue
          where ($1::text is null or left(area, length($1)) = $1)
            and ($2::smallint[] = '{}' or urgency = any($2))
            and (not $3 or claimed_by is null or claimed_until <= $4)
            and ($5::text is null or (claimed_by = $5 and claimed_until > $4))
            and ($6::smallint is null or urgency < $6
                 or (urgency = $6 and (received_at, ticket_id) > ($7::timestamptz, $8::uuid)))
          order by urgency desc, received_at, ticket_id limit $9",
    )
    .bind(narrow.area.as_ref().map(AreaCode::as_str))
    .bind(&narrow.urgencies)
    .bind(narrow.unclaimed)
    .bind(to_db(now))
    .bind(narrow.holder.as_ref().map(PersonCode::as_str))
    .bind(after.map(|(urgency, _, _)| urgency))
    .bind(after.map(|(_, at, _)| to_db(at)))
    .bind(after.map(|(_, _, id)| id.uuid()))
    .bind(i64::from(page))
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(entry).collect())
}

/// One ticket's row. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn find(pool: &PgPool, ticket: TicketId) -> Result<Option<Entry>, StoreError> {
    let row: Option<EntryRow> = sqlx::query_as(
        "select ticket_id, urgency, received_at, reason, claimed_by, claimed_until from dispatch.queue
          where ticket_id = $1",
    )
    .bind(ticket.uuid())
    .fetch_optional(pool)
    .await?;
    Ok(row.map(entry))
}

/// Takes a ticket for a person, or prolongs their claim; `None` when it does not wait or somebody else has it. One
/// guarded update, so that two people never hold one ticket. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn claim(
    pool: &PgPool,
    ticket: TicketId,
    person: &PersonCode,
    now: At,
    until: At,
) -> Result<Option<Entry>, StoreError> {
    let row: Option<EntryRow> = sqlx::query_as(
        "update dispatch.queue set claimed_by = $2, claimed_until = $4, claim_request = null
          where ticket_id = $1 and (claimed_by is null or claimed_by = $2 or claimed_until <= $3)
          returning ticket_id, urgency, received_at, reason, claimed_by, claimed_until",
    )
    .bind(ticket.uuid())
    .bind(person.as_str())
    .bind(to_db(now))
    .bind(to_db(until))
    .fetch_optional(pool)
    .await?;
    Ok(row.map(entry))
}

/// Takes the first that nobody has; rows that others are taking at this moment are passed over. A request that took
/// one already gets it again while that claim lasts. Served by `queue_order` and `queue_holder`.
///
/// # Errors
/// When Postgres is away.
pub async fn claim_next(
    pool: &PgPool,
    narrow: &Narrow,
    person: &PersonCode,
    request: &RequestId,
    now: At,
    until: At,
) -> Result<Option<Entry>, StoreError> {
    let before: Option<EntryRow> = sqlx::query_as(
        "select ticket_id, urgency, received_at, reason, claimed_by, claimed_until from dispatch.queue
          where claimed_by = $1 and claim_request = $2 and claimed_until > $3",
    )
    .bind(person.as_str())
    .bind(request.as_str())
    .bind(to_db(now))
    .fetch_optional(pool)
    .await?;
    if let Some(row) = before {
        return Ok(Some(entry(row)));
    }
    let row: Option<EntryRow> = sqlx::query_as(
        "update dispatch.queue q set claimed_by = $3, claimed_until = $5, claim_request = $6
           from (select ticket_id from dispatch.queue
                  where ($1::text is null or left(area, length($1)) = $1)
                    and ($2::smallint[] = '{}' or urgency = any($2))
                    and (claimed_by is null or claimed_until <= $4)
                  order by urgency desc, received_at, ticket_id limit 1 for update skip locked) first
          where q.ticket_id = first.ticket_id
          returning q.ticket_id, q.urgency, q.received_at, q.reason, q.claimed_by, q.claimed_until",
    )
    .bind(narrow.area.as_ref().map(AreaCode::as_str))
    .bind(&narrow.urgencies)
    .bind(person.as_str())
    .bind(to_db(now))
    .bind(to_db(until))
    .bind(request.as_str())
    .fetch_optional(pool)
    .await?;
    Ok(row.map(entry))
}

/// Gives a ticket back; `anybodys` for a supervisor. Answers whether it was held. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn release(pool: &PgPool, ticket: TicketId, person: &PersonCode, anybodys: bool) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update dispatch.queue set claimed_by = null, claimed_until = null, claim_request = null
          where ticket_id = $1 and claimed_by is not null and ($3 or claimed_by = $2)",
    )
    .bind(ticket.uuid())
    .bind(person.as_str())
    .bind(anybodys)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The next moment at which a clock of an open ticket runs out. Served by `ticket_open_due`.
///
/// # Errors
/// When Postgres is away.
pub async fn next_due(pool: &PgPool) -> Result<Option<At>, StoreError> {
    let due: Option<OffsetDateTime> = sqlx::query_scalar(
        "select next_due from core.ticket_open where next_due is not null order by next_due limit 1",
    )
    .fetch_optional(pool)
    .await?;
    Ok(due.map(from_db))
}

/// How much each published catalogue holds: version, areas, units, matters. Served by `version_in_force`.
///
/// # Errors
/// When Postgres is away.
pub async fn sizes(pool: &PgPool, kind: &str) -> Result<Vec<(String, i32, i32, i32)>, StoreError> {
    Ok(sqlx::query_as(
        "select version, coalesce(jsonb_array_length(body->'areas'), 0), coalesce(jsonb_array_length(body->'units'), 0),
                coalesce(jsonb_array_length(body->'matters'), 0)
           from core.version where kind = $1",
    )
    .bind(kind)
    .fetch_all(pool)
    .await?)
}

/// Keeps who finished what. A ticket has one outcome, the first. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn finish(conn: &mut PgConnection, outcomes: &[(TicketId, Outcome)]) -> Result<(), StoreError> {
    if outcomes.is_empty() {
        return Ok(());
    }
    let texts = |of: fn(&Outcome) -> Option<String>| outcomes.iter().map(|(_, o)| of(o)).collect::<Vec<_>>();
    sqlx::query(
        "insert into dispatch.outcome (ticket_id, day, unit, first_unit, matter, area, channel, kind, silent)
         select * from unnest($1::uuid[], $2::text[]::date[], $3::text[], $4::text[], $5::text[], $6::text[],
                              $7::smallint[], $8::smallint[], $9::bool[])
         on conflict do nothing",
    )
    .bind(outcomes.iter().map(|(id, _)| id.uuid()).collect::<Vec<_>>())
    .bind(texts(|o| Some(o.day.to_string())))
    .bind(texts(|o| Some(o.unit.to_string())))
    .bind(texts(|o| Some(o.first.to_string())))
    .bind(texts(|o| o.matter.as_ref().map(ToString::to_string)))
    .bind(texts(|o| o.area.as_ref().map(ToString::to_string)))
    .bind(outcomes.iter().map(|(_, o)| small(o.channel.number())).collect::<Vec<_>>())
    .bind(outcomes.iter().map(|(_, o)| o.kind.map(|kind| small(kind.number()))).collect::<Vec<_>>())
    .bind(outcomes.iter().map(|(_, o)| o.silent).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

fn small(number: i32) -> i16 {
    i16::try_from(number).unwrap_or(i16::MAX)
}

type OutcomeRow = (Uuid, String, String, String, Option<String>, Option<String>, i16, Option<i16>, bool);

/// Outcomes of the days from `from` on and before `before`, a page at a time, in the order of day and ticket. Served
/// by `outcome_day`.
///
/// # Errors
/// When Postgres is away or a row is damaged.
pub async fn outcomes(
    pool: &PgPool,
    from: Option<Date>,
    before: Date,
    after: Option<(Date, TicketId)>,
) -> Result<Vec<(TicketId, Outcome)>, StoreError> {
    let text = |day: Date| day.to_string();
    let rows: Vec<OutcomeRow> = sqlx::query_as(
        "select ticket_id, day::text, unit, first_unit, matter, area, channel, kind, silent from dispatch.outcome
          where day >= $1::text::date and day < $2::text::date and (day, ticket_id) > ($3::text::date, $4)
          order by day, ticket_id limit $5",
    )
    .bind(from.map_or_else(|| "-infinity".to_owned(), text))
    .bind(text(before))
    .bind(after.map_or_else(|| "-infinity".to_owned(), |(day, _)| text(day)))
    .bind(after.map_or(Uuid::nil(), |(_, id)| id.uuid()))
    .bind(OUTCOMES)
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(outcome).collect()
}

fn outcome(row: OutcomeRow) -> Result<(TicketId, Outcome), StoreError> {
    let (id, day, unit, first, matter, area, channel, kind, silent) = row;
    let no_channel = || StoreError::Damaged { what: "outcome", problem: format!("has no channel {channel}") };
    let outcome = Outcome {
        day: day.parse().map_err(damaged("outcome"))?,
        unit: unit.parse().map_err(damaged("outcome"))?,
        first: first.parse().map_err(damaged("outcome"))?,
        matter: matter.map(|m| m.parse().map_err(damaged("outcome"))).transpose()?,
        area: area.map(|a| a.parse().map_err(damaged("outcome"))).transpose()?,
        channel: Channel::from_number(i32::from(channel)).ok_or_else(no_channel)?,
        kind: kind.and_then(|kind| Kind::from_number(i32::from(kind))),
        silent,
    };
    Ok((TicketId::new(id), outcome))
}

fn damaged<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> StoreError {
    move |e| StoreError::Damaged { what, problem: e.to_string() }
}

/// Keeps a ruling for like tickets. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn rule(conn: &mut PgConnection, at: At, ticket: &Ticket, ruling: &Ruling) -> Result<(), StoreError> {
    sqlx::query(
        "insert into dispatch.ruling (ticket_id, version, at, number, matter, area, lead, assists)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
    )
    .bind(ticket.id.uuid())
    .bind(i32::try_from(ticket.version).unwrap_or(i32::MAX))
    .bind(to_db(at))
    .bind(&ruling.number)
    .bind(ruling.matter.as_str())
    .bind(ruling.area.as_ref().map(AreaCode::as_str))
    .bind(ruling.lead.as_str())
    .bind(ruling.assists.iter().map(ToString::to_string).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

type RulingRow = (String, String, Option<String>, String, Vec<String>);

/// The last rulings, the earliest first. Served by `ruling_at`.
///
/// # Errors
/// When Postgres is away or a row is damaged.
pub async fn rulings(pool: &PgPool) -> Result<Vec<Ruling>, StoreError> {
    let rows: Vec<RulingRow> = sqlx::query_as(
        "select number, matter, area, lead, assists from dispatch.ruling order by at desc, ticket_id limit $1",
    )
    .bind(REMEMBERED)
    .fetch_all(pool)
    .await?;
    let ruling = |(number, matter, area, lead, assists): RulingRow| {
        Ok(Ruling {
            number,
            matter: matter.parse().map_err(damaged("ruling"))?,
            area: area.map(|a| a.parse().map_err(damaged("ruling"))).transpose()?,
            lead: lead.parse().map_err(damaged("ruling"))?,
            assists: assists.iter().map(|u| u.parse().map_err(damaged("ruling"))).collect::<Result<_, _>>()?,
        })
    };
    rows.into_iter().rev().map(ruling).collect()
}

/// Keeps what would have been sent, of tickets that a person looks at first. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn propose(conn: &mut PgConnection, at: At, asked: &[Proposed]) -> Result<(), StoreError> {
    if asked.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into dispatch.checked (ticket_id, at, matter, proposed)
         select p.ticket_id, $1, p.matter, p.proposed
           from unnest($2::uuid[], $3::text[], $4::text[]) as p(ticket_id, matter, proposed)
         on conflict do nothing",
    )
    .bind(to_db(at))
    .bind(asked.iter().map(|p| p.ticket.uuid()).collect::<Vec<_>>())
    .bind(asked.iter().map(|p| p.matter.to_string()).collect::<Vec<_>>())
    .bind(asked.iter().map(|p| p.unit.to_string()).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// What would have been sent.
#[derive(Debug, Clone)]
pub struct Proposed {
    /// Which ticket.
    pub ticket: TicketId,
    /// Its matter.
    pub matter: MatterCode,
    /// Where it would have gone.
    pub unit: UnitCode,
}

/// Keeps whom people chose for tickets that they were asked about; others are left alone. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn choose(conn: &mut PgConnection, at: At, chosen: &[(TicketId, UnitCode)]) -> Result<(), StoreError> {
    if chosen.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update dispatch.checked c set chosen = p.unit, chosen_at = $1
           from unnest($2::uuid[], $3::text[]) as p(ticket_id, unit)
          where c.ticket_id = p.ticket_id and c.chosen is null",
    )
    .bind(to_db(at))
    .bind(chosen.iter().map(|(id, _)| id.uuid()).collect::<Vec<_>>())
    .bind(chosen.iter().map(|(_, unit)| unit.to_string()).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// The last checks, the earliest first. Served by `checked_chosen`.
///
/// # Errors
/// When Postgres is away or a row is damaged.
pub async fn checks(pool: &PgPool) -> Result<Vec<Check>, StoreError> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "select matter, proposed, chosen from dispatch.checked where chosen is not null
          order by chosen_at desc, ticket_id limit $1",
    )
    .bind(REMEMBERED)
    .fetch_all(pool)
    .await?;
    let check = |(matter, proposed, chosen): (String, String, String)| {
        Ok(Check {
            matter: matter.parse().map_err(damaged("check"))?,
            proposed: proposed.parse().map_err(damaged("check"))?,
            chosen: chosen.parse().map_err(damaged("check"))?,
        })
    };
    rows.into_iter().rev().map(check).collect()
}

/// How many rulings and checks there are: whether there are new ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    rulings: i64,
    checks: i64,
}

/// Counts rulings and checks; both are people's work, tens a day. Served by `ruling_at` and `checked_chosen`.
///
/// # Errors
/// When Postgres is away.
pub async fn counts(pool: &PgPool) -> Result<Counts, StoreError> {
    let (rulings, checks) = sqlx::query_as(
        "select (select count(*) from dispatch.ruling), (select count(*) from dispatch.checked where chosen is not null)",
    )
    .fetch_one(pool)
    .await?;
    Ok(Counts { rulings, checks })
}

/// Tickets that somebody has in hand now, each with who, the oldest first. Served by `queue_holder`.
///
/// # Errors
/// When Postgres is away or a person's code is damaged.
pub async fn claimed(pool: &PgPool, now: At, limit: u32) -> Result<Vec<(TicketId, PersonCode)>, StoreError> {
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "select ticket_id, claimed_by from dispatch.queue
          where claimed_by is not null and claimed_until > $1 order by claimed_by, ticket_id limit $2",
    )
    .bind(to_db(now))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    let claim = |(ticket, person): (Uuid, String)| {
        let person =
            PersonCode::new(person).map_err(|e| StoreError::Damaged { what: "claim", problem: e.to_string() })?;
        Ok((TicketId::new(ticket), person))
    };
    rows.into_iter().map(claim).collect()
}

/// How dispatch did in one week about one matter.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct Quality {
    /// The week's Monday, as `YYYY-MM-DD`.
    pub week: String,
    /// Row of the catalogue; empty where unknown.
    pub matter: String,
    /// Results that were accepted.
    pub results: i64,
    /// Of these, from the unit that had it first: 一次派准.
    pub right_first: i64,
    /// Automatic dispatches that a person was asked about first and decided.
    pub checked: i64,
    /// Of these, sent where the machine would have sent them.
    pub agreed: i64,
}

/// How dispatch did since a day of the city, by week and matter, the newest week first. Served by `outcome_day` and
/// `checked_chosen`.
///
/// # Errors
/// When Postgres is away.
pub async fn quality(pool: &PgPool, since: Date, zone: &str) -> Result<Vec<Quality>, StoreError> {
    Ok(sqlx::query_as(
        "select to_char(week, 'YYYY-MM-DD') as week, matter, sum(results)::bigint as results,
            sum(right_first)::bigint as right_first, sum(checked)::bigint as checked, sum(agreed)::bigint as agreed
           from (
             select date_trunc('week', day::timestamp) as week, coalesce(matter, '') as matter, count(*) as results,
                count(*) filter (where unit = first_unit) as right_first, 0 as checked, 0 as agreed
               from dispatch.outcome where day >= $1::text::date group by 1, 2
             union all
             select date_trunc('week', chosen_at at time zone $2), matter, 0, 0, count(*),
                count(*) filter (where chosen = proposed)
               from dispatch.checked
              where chosen is not null and chosen_at >= ($1::text::date)::timestamp at time zone $2 group by 1, 2
           ) each group by 1, 2 order by 1 desc, 3 desc, 2",
    )
    .bind(since.to_string())
    .bind(zone)
    .fetch_all(pool)
    .await?)
}
