//! Surveys that are asked, and how often.

use sqlx::PgPool;
use suban_domain::{At, AttemptOutcome, SurveyMeans, TicketId};
use suban_store::{StoreError, from_db, to_db};
use time::OffsetDateTime;
use uuid::Uuid;

/// A survey to be opened: one for each time that a result was accepted.
#[derive(Debug, Clone, Copy)]
pub struct Opening {
    /// About which ticket.
    pub ticket: TicketId,
    /// The version that asked for it; with the ticket, unique.
    pub cause: u32,
    /// When it entered the call-back.
    pub at: At,
    /// When to ask first.
    pub next_at: At,
    /// When to give up.
    pub ends_at: At,
    /// A person must ask (second rounds, confidential, large groups: R-CB-1).
    pub human: bool,
}

/// Opens surveys; those that are there stay as they are. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn open(pool: &PgPool, mut openings: Vec<Opening>) -> Result<(), StoreError> {
    openings.sort_by_key(|o| (o.ticket, o.cause));
    sqlx::query(
        "insert into followup.survey (ticket_id, cause, state, opened_at, next_at, ends_at, human)
         select o.ticket_id, o.cause, 1, o.opened_at, o.next_at, o.ends_at, o.human
           from unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::bool[])
             as o(ticket_id, cause, opened_at, next_at, ends_at, human)
         on conflict do nothing",
    )
    .bind(openings.iter().map(|o| o.ticket.uuid()).collect::<Vec<_>>())
    .bind(openings.iter().map(|o| i32::try_from(o.cause).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .bind(openings.iter().map(|o| to_db(o.at)).collect::<Vec<_>>())
    .bind(openings.iter().map(|o| to_db(o.next_at)).collect::<Vec<_>>())
    .bind(openings.iter().map(|o| to_db(o.ends_at)).collect::<Vec<_>>())
    .bind(openings.iter().map(|o| o.human).collect::<Vec<_>>())
    .execute(pool)
    .await?;
    Ok(())
}

/// Ends the open surveys of tickets that left the call-back. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn end(pool: &PgPool, tickets: &[TicketId]) -> Result<(), StoreError> {
    let mut ids: Vec<Uuid> = tickets.iter().map(|t| t.uuid()).collect();
    ids.sort_unstable();
    sqlx::query("update followup.survey set state = 2 where ticket_id = any($1::uuid[]) and state = 1")
        .bind(ids)
        .execute(pool)
        .await?;
    Ok(())
}

/// A survey that is open.
#[derive(Debug, Clone)]
pub struct Survey {
    /// About which ticket.
    pub ticket: TicketId,
    /// The version that asked for it.
    pub cause: u32,
    /// When to ask next.
    pub next_at: At,
    /// When to give up.
    pub ends_at: At,
    /// Attempts so far.
    pub attempts: u32,
    /// A person must ask.
    pub human: bool,
}

type Row = (Uuid, i32, OffsetDateTime, OffsetDateTime, i16, bool);

fn survey((ticket, cause, next_at, ends_at, attempts, human): Row) -> Survey {
    Survey {
        ticket: TicketId::new(ticket),
        cause: u32::try_from(cause).unwrap_or(0),
        next_at: from_db(next_at),
        ends_at: from_db(ends_at),
        attempts: u32::try_from(attempts).unwrap_or(0),
        human,
    }
}

/// Open surveys to be asked before `until`, the longest waiting first, after (`at`, ticket). Served by `survey_due`.
///
/// # Errors
/// When Postgres is away.
pub async fn due(
    pool: &PgPool,
    until: At,
    after: Option<(At, TicketId)>,
    human: Option<bool>,
    limit: u32,
) -> Result<Vec<Survey>, StoreError> {
    let (at, ticket) = after.map_or((OffsetDateTime::UNIX_EPOCH, Uuid::nil()), |(at, t)| (to_db(at), t.uuid()));
    let rows: Vec<Row> = sqlx::query_as(
        "select ticket_id, cause, next_at, ends_at, attempts, human from followup.survey
          where state = 1 and next_at <= $1 and (next_at, ticket_id) > ($2, $3) and ($4::bool is null or human = $4)
          order by next_at, ticket_id limit $5",
    )
    .bind(to_db(until))
    .bind(at)
    .bind(ticket)
    .bind(human)
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(survey).collect())
}

/// The open survey of a ticket. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn of_ticket(pool: &PgPool, ticket: TicketId) -> Result<Option<Survey>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "select ticket_id, cause, next_at, ends_at, attempts, human from followup.survey
          where ticket_id = $1 and state = 1 order by cause desc limit 1",
    )
    .bind(ticket.uuid())
    .fetch_optional(pool)
    .await?;
    Ok(row.map(survey))
}

/// Notes an attempt and when the next may be made. An attempt is numbered by the ticket's own count, so that a
/// repeat is one attempt. Served by the primary keys.
///
/// # Errors
/// When Postgres is away.
pub async fn attempted(
    pool: &PgPool,
    survey: &Survey,
    n: u8,
    at: At,
    next_at: At,
    (outcome, means, by): (AttemptOutcome, SurveyMeans, &str),
) -> Result<(), StoreError> {
    sqlx::query(
        "with a as (
           insert into followup.attempt (ticket_id, cause, n, at, outcome, means, by_person)
           values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning 1
         )
         update followup.survey set attempts = greatest(attempts, $3), next_at = $8,
                human = human or $5 = 9
          where ticket_id = $1 and cause = $2 and exists (select 1 from a)",
    )
    .bind(survey.ticket.uuid())
    .bind(i32::try_from(survey.cause).unwrap_or(i32::MAX))
    .bind(i16::from(n))
    .bind(to_db(at))
    .bind(i16::try_from(outcome.number()).unwrap_or(0))
    .bind(i16::try_from(means.number()).unwrap_or(0))
    .bind(by)
    .bind(to_db(next_at))
    .execute(pool)
    .await?;
    Ok(())
}
