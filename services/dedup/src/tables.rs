//! What is open and what ended lately, and what people are asked about.

pub mod answers;
pub mod asked;
pub mod clusters;
pub mod evidence;
pub mod mass;
pub mod pictures;
pub mod sites;

use std::collections::HashMap;

use sqlx::PgPool;
use suban_domain::{At, DuplicateClass, MatterCode, PersonCode, State, TicketId};
use suban_likeness::{Feature, Features};
use suban_store::{StoreError, from_db, to_db};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{decide::Suggested, memory::ENDINGS};

suban_domain::codes! {
    /// How a suggestion ended.
    Ended, "end of a suggestion" {
        /// A person put the two together.
        Confirmed = 1, "CONFIRMED", "确认重复";
        /// A person said that they are two matters, or took them apart again.
        Rejected = 2, "REJECTED", "确认不重复";
        /// It was sent on, answered or merged elsewhere before anybody said so.
        Lapsed = 3, "LAPSED", "未处理";
    }
}

suban_domain::codes! {
    /// Why a pair was drawn by lot for a person to look at.
    Drawn, "why a pair was drawn" {
        /// It would have been merged without a person.
        Sure = 1, "SURE", "自动并案抽检";
        /// It was just too unlikely to be asked about.
        Unlikely = 2, "UNLIKELY", "低分抽检";
    }
}

/// A suggestion as it is kept: what was known when it was made.
#[derive(Debug, Clone)]
pub struct Suggestion {
    /// The new ticket.
    pub ticket: TicketId,
    /// What it could be the same as.
    pub suggested: Suggested,
    /// The rule or model that said so.
    pub basis: String,
    /// When.
    pub at: At,
    /// What the new ticket was about then.
    pub matter: Option<MatterCode>,
}

/// Names the database that this is, so that nothing that was kept of another is taken for it.
///
/// # Errors
/// When Postgres is away.
pub async fn which_database(pool: &PgPool) -> Result<String, StoreError> {
    let (system, database): (i64, i64) = sqlx::query_as(
        "select system_identifier, (select oid::bigint from pg_database where datname = current_database())
           from pg_control_system()",
    )
    .fetch_one(pool)
    .await?;
    Ok(format!("{system}/{database}"))
}

/// Tickets that are open, in the order of their ids. Served by the primary key of `ticket_open`.
///
/// # Errors
/// When Postgres is away.
pub async fn open(pool: &PgPool, after: Option<TicketId>, limit: u32) -> Result<Vec<TicketId>, StoreError> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "select ticket_id from core.ticket_open where ticket_id > $1 and state = any($2) order by ticket_id limit $3",
    )
    .bind(after.map_or(Uuid::nil(), |id| id.uuid()))
    .bind(states(State::is_open))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    Ok(ids.into_iter().map(TicketId::new).collect())
}

/// Tickets that ended and may come back, the newest first. Served by the primary key of `ticket_open`.
///
/// # Errors
/// When Postgres is away.
pub async fn ended(pool: &PgPool, before: Option<TicketId>, limit: u32) -> Result<Vec<TicketId>, StoreError> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "select ticket_id from core.ticket_open where ticket_id < $1 and state = any($2) order by ticket_id desc limit $3",
    )
    .bind(before.map_or(Uuid::max(), |id| id.uuid()))
    .bind(states(|state| !state.is_open()))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    Ok(ids.into_iter().map(TicketId::new).collect())
}

fn states(wanted: impl Fn(State) -> bool) -> Vec<i16> {
    State::ALL.iter().filter(|s| wanted(**s)).map(|s| number(s.number())).collect()
}

fn number(code: i32) -> i16 {
    i16::try_from(code).unwrap_or(i16::MAX)
}

/// When these tickets ended, by their last events. Served by the primary key of `ticket_log`.
///
/// # Errors
/// When Postgres is away.
pub async fn ended_at(pool: &PgPool, tickets: &[TicketId]) -> Result<HashMap<TicketId, At>, StoreError> {
    if tickets.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, OffsetDateTime)> = sqlx::query_as(
        "select k.id, l.at from unnest($1::uuid[]) as k(id)
          cross join lateral (select at from core.ticket_log where ticket_id = k.id and type = any($2)
            order by version desc limit 1) l",
    )
    .bind(uuids(tickets))
    .bind(ENDINGS)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|(id, at)| (TicketId::new(id), from_db(at))).collect())
}

fn uuids(tickets: &[TicketId]) -> Vec<Uuid> {
    tickets.iter().map(|t| t.uuid()).collect()
}

/// Keeps suggestions; one that is there stays as it was made, and of two tickets a person is asked once, whichever of
/// them was judged last. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn put(pool: &PgPool, mut suggestions: Vec<Suggestion>) -> Result<(), StoreError> {
    if suggestions.is_empty() {
        return Ok(());
    }
    suggestions.sort_unstable_by_key(|s| (s.ticket, s.suggested.head));
    let each = |take: fn(&Suggestion) -> Uuid| suggestions.iter().map(take).collect::<Vec<_>>();
    sqlx::query(
        "insert into dedup.suggestion (ticket_id, head_id, class, probability, features, basis, at, matter, drawn)
         select * from unnest($1::uuid[], $2::uuid[], $3::int2[], $4::real[], $5::json[], $6::text[], $7::timestamptz[],
           $8::text[], $9::int2[]) as new(ticket_id, head_id)
          where not exists (select 1 from dedup.suggestion s
                             where s.ticket_id = new.head_id and s.head_id = new.ticket_id)
         on conflict do nothing",
    )
    .bind(each(|s| s.ticket.uuid()))
    .bind(each(|s| s.suggested.head.uuid()))
    .bind(suggestions.iter().map(|s| number(s.suggested.class.number())).collect::<Vec<_>>())
    .bind(suggestions.iter().map(|s| s.suggested.probability).collect::<Vec<_>>())
    .bind(suggestions.iter().map(|s| written(&s.suggested.features)).collect::<Vec<_>>())
    .bind(suggestions.iter().map(|s| s.basis.as_str()).collect::<Vec<_>>())
    .bind(suggestions.iter().map(|s| to_db(s.at)).collect::<Vec<_>>())
    .bind(suggestions.iter().map(|s| s.matter.as_ref().map(MatterCode::as_str)).collect::<Vec<_>>())
    .bind(suggestions.iter().map(|s| s.suggested.drawn.map(|drawn| number(drawn.number()))).collect::<Vec<_>>())
    .execute(pool)
    .await?;
    Ok(())
}

fn written(features: &Features) -> serde_json::Value {
    let known = features.iter().filter(|(_, value)| !value.is_nan());
    known.map(|(feature, value)| (feature.code().to_owned(), serde_json::Value::from(f64::from(value)))).collect()
}

fn read(features: &serde_json::Value) -> Features {
    let mut read = Features::default();
    for feature in Feature::ALL {
        if let Some(value) = features.get(feature.code()).and_then(serde_json::Value::as_f64) {
            read.set(feature, value as f32);
        }
    }
    read
}

const COLUMNS: &str = "ticket_id, head_id, class, probability, features, basis, at, matter, drawn";

#[derive(sqlx::FromRow)]
struct Row {
    ticket_id: Uuid,
    head_id: Uuid,
    class: i16,
    probability: f32,
    features: serde_json::Value,
    basis: String,
    at: OffsetDateTime,
    matter: Option<String>,
    drawn: Option<i16>,
}

impl Row {
    fn read(self) -> Result<Suggestion, StoreError> {
        let damaged = |problem: String| StoreError::Damaged { what: "suggestion", problem };
        let class = DuplicateClass::from_number(i32::from(self.class))
            .ok_or_else(|| damaged(format!("class {} is unknown", self.class)))?;
        let suggested = Suggested {
            head: TicketId::new(self.head_id),
            class,
            probability: self.probability,
            features: read(&self.features),
            drawn: self.drawn.and_then(|drawn| Drawn::from_number(i32::from(drawn))),
        };
        let matter = self.matter.map(MatterCode::new).transpose().map_err(|e| damaged(e.to_string()))?;
        Ok(Suggestion {
            ticket: TicketId::new(self.ticket_id),
            suggested,
            basis: self.basis,
            at: from_db(self.at),
            matter,
        })
    }
}

/// What people are still asked about this ticket, the likeliest first. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn of(pool: &PgPool, ticket: TicketId) -> Result<Vec<Suggestion>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from dedup.suggestion where ticket_id = $1 and ended is null order by probability desc, head_id"
    )))
    .bind(ticket.uuid())
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// What people are still asked, of so many tickets in the order of their ids. Served by `suggestion_open`.
///
/// # Errors
/// When Postgres is away.
pub async fn page(pool: &PgPool, after: Option<TicketId>, tickets: u32) -> Result<Vec<Suggestion>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from dedup.suggestion where ended is null and ticket_id in
           (select distinct ticket_id from dedup.suggestion where ended is null and ticket_id > $1
             order by ticket_id limit $2)
          order by ticket_id, probability desc, head_id"
    )))
    .bind(after.map_or(Uuid::nil(), |id| id.uuid()))
    .bind(i64::from(tickets))
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Ends suggestions of a ticket: the one about `head`, or all where none is named. Answers how many.
///
/// # Errors
/// When Postgres is away.
pub async fn end(
    pool: &PgPool,
    ticket: TicketId,
    head: Option<TicketId>,
    how: Ended,
    by: &PersonCode,
    at: At,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "update dedup.suggestion set ended = $3, ended_by = $4, ended_at = $5
          where ticket_id = $1 and ($2::uuid is null or head_id = $2) and ended is null",
    )
    .bind(ticket.uuid())
    .bind(head.map(|h| h.uuid()))
    .bind(number(how.number()))
    .bind(by.as_str())
    .bind(to_db(at))
    .execute(pool)
    .await?;
    metrics::counter!("suban_suggestions_ended_total", "how" => how.code()).increment(done.rows_affected());
    Ok(done.rows_affected())
}

/// Suggestions that nobody needs to answer any more.
///
/// # Errors
/// When Postgres is away.
pub async fn lapse(pool: &PgPool, pairs: &[(TicketId, TicketId)], by: &PersonCode, at: At) -> Result<(), StoreError> {
    if pairs.is_empty() {
        return Ok(());
    }
    let (tickets, heads): (Vec<Uuid>, Vec<Uuid>) = pairs.iter().map(|(t, h)| (t.uuid(), h.uuid())).unzip();
    let done = sqlx::query(
        "update dedup.suggestion s set ended = $3, ended_by = $4, ended_at = $5
           from unnest($1::uuid[], $2::uuid[]) as k(ticket_id, head_id)
          where s.ticket_id = k.ticket_id and s.head_id = k.head_id and s.ended is null",
    )
    .bind(tickets)
    .bind(heads)
    .bind(number(Ended::Lapsed.number()))
    .bind(by.as_str())
    .bind(to_db(at))
    .execute(pool)
    .await?;
    metrics::counter!("suban_suggestions_ended_total", "how" => Ended::Lapsed.code()).increment(done.rows_affected());
    Ok(())
}

/// Two that were put together are taken apart: what was confirmed is rejected after all.
///
/// # Errors
/// When Postgres is away.
pub async fn take_back(pool: &PgPool, a: TicketId, b: TicketId, by: &PersonCode, at: At) -> Result<(), StoreError> {
    sqlx::query(
        "update dedup.suggestion set ended = $3, ended_by = $4, ended_at = $5
          where (ticket_id, head_id) in (($1, $2), ($2, $1))",
    )
    .bind(a.uuid())
    .bind(b.uuid())
    .bind(number(Ended::Rejected.number()))
    .bind(by.as_str())
    .bind(to_db(at))
    .execute(pool)
    .await?;
    Ok(())
}
