//! What people said about pairs: what is learned from, and what checks found.

use std::collections::BTreeMap;

use sqlx::PgPool;
use suban_domain::{At, TicketId};
use suban_likeness::learned::Checks;
use suban_store::{StoreError, from_db, to_db};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{COLUMNS, Drawn, Ended, Row, Suggestion, number};

/// A question with its answer.
#[derive(Debug, Clone)]
pub struct Answered {
    /// What was asked, with what was known then.
    pub asked: Suggestion,
    /// Whether the two are one.
    pub right: bool,
    /// When it was said.
    pub said_at: At,
}

#[derive(sqlx::FromRow)]
struct AnsweredRow {
    #[sqlx(flatten)]
    asked: Row,
    ended: i16,
    ended_at: OffsetDateTime,
}

/// Answers, the newest question first, after the one that stands last. Served by the primary key, backwards: ids rise
/// with time.
///
/// # Errors
/// When Postgres is away.
pub async fn answered(
    pool: &PgPool,
    last: Option<(TicketId, TicketId)>,
    limit: u32,
) -> Result<Vec<Answered>, StoreError> {
    let (ticket, head) = last.map_or((Uuid::max(), Uuid::max()), |(ticket, head)| (ticket.uuid(), head.uuid()));
    let rows: Vec<AnsweredRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "select {COLUMNS}, ended, ended_at from dedup.suggestion
          where (ticket_id, head_id) < ($1, $2) and ended in ($3, $4) order by ticket_id desc, head_id desc limit $5"
    )))
    .bind(ticket)
    .bind(head)
    .bind(number(Ended::Confirmed.number()))
    .bind(number(Ended::Rejected.number()))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    let answered = |row: AnsweredRow| {
        let right = row.ended == number(Ended::Confirmed.number());
        Ok(Answered { asked: row.asked.read()?, right, said_at: from_db(row.ended_at) })
    };
    rows.into_iter().map(answered).collect()
}

/// What people said of merges that a machine would have made since `since`, by category. Served by `suggestion_drawn`.
///
/// # Errors
/// When Postgres is away.
pub async fn checks(pool: &PgPool, since: At) -> Result<BTreeMap<String, Checks>, StoreError> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "select matter, count(*) filter (where ended = $3), count(*) from dedup.suggestion
          where drawn is not null and at >= $1 and drawn = $2 and ended in ($3, $4) and matter is not null
          group by matter",
    )
    .bind(to_db(since))
    .bind(number(Drawn::Sure.number()))
    .bind(number(Ended::Confirmed.number()))
    .bind(number(Ended::Rejected.number()))
    .fetch_all(pool)
    .await?;
    let count = |n: i64| usize::try_from(n).unwrap_or(0);
    Ok(rows.into_iter().map(|(matter, right, n)| (matter, Checks { right: count(right), n: count(n) })).collect())
}

/// How many were drawn since `since`, counted to `most`. Served by `suggestion_drawn`.
///
/// # Errors
/// When Postgres is away.
pub async fn drawn(pool: &PgPool, since: At, most: u32) -> Result<BTreeMap<Drawn, u32>, StoreError> {
    let mut counted = BTreeMap::new();
    for why in Drawn::ALL {
        let n: i64 = sqlx::query_scalar(
            "select count(*) from (select 1 from dedup.suggestion
              where drawn is not null and at >= $1 and drawn = $2 limit $3) as lately",
        )
        .bind(to_db(since))
        .bind(number(why.number()))
        .bind(i64::from(most))
        .fetch_one(pool)
        .await?;
        counted.insert(*why, u32::try_from(n).unwrap_or(most));
    }
    Ok(counted)
}

/// What became of the questions of one week about one matter.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct Quality {
    /// The week's Monday in the city's zone, as `YYYY-MM-DD`.
    pub week: String,
    /// Row of the catalogue; empty where unknown.
    pub matter: String,
    /// Pairs that a person was asked about.
    pub asked: i64,
    /// Answered with yes.
    pub confirmed: i64,
    /// Answered with no, or taken apart again.
    pub rejected: i64,
    /// Drawn from what would have been merged without a person, and answered.
    pub checked: i64,
    /// Of these, answered with yes.
    pub checked_right: i64,
}

/// What became of the questions since `since`, by week and matter, the newest week first. Served by the primary key: ids
/// rise with time.
///
/// # Errors
/// When Postgres is away.
pub async fn quality(pool: &PgPool, since: At, zone: &str) -> Result<Vec<Quality>, StoreError> {
    Ok(sqlx::query_as(
        "select to_char(date_trunc('week', at at time zone $3), 'YYYY-MM-DD') as week, coalesce(matter, '') as matter,
            count(*) as asked, count(*) filter (where ended = $4) as confirmed,
            count(*) filter (where ended = $5) as rejected,
            count(*) filter (where drawn = $6 and ended in ($4, $5)) as checked,
            count(*) filter (where drawn = $6 and ended = $4) as checked_right
           from dedup.suggestion where ticket_id >= $1 and at >= $2 group by 1, 2 order by 1 desc, 3 desc, 2",
    )
    .bind(first_id(since))
    .bind(to_db(since))
    .bind(zone)
    .bind(number(Ended::Confirmed.number()))
    .bind(number(Ended::Rejected.number()))
    .bind(number(Drawn::Sure.number()))
    .fetch_all(pool)
    .await?)
}

/// The smallest id that a ticket of a day earlier can have: what is asked about is hardly older.
fn first_id(since: At) -> Uuid {
    let day_before = since.minus(suban_domain::Span::days(1));
    let millis = u128::try_from(day_before.millis()).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}
