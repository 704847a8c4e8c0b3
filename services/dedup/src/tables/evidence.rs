//! What people say of points and phones: that they are no evidence, or are after all.

use sqlx::{PgPool, Row as _, postgres::PgRow};
use suban_domain::{At, PersonCode, RequestId};
use suban_store::{StoreError, from_db, to_db};
use time::OffsetDateTime;

use super::number;

suban_domain::codes! {
    /// What is named.
    Subject, "kind of evidence" {
        /// A point on the map.
        Point = 1, "POINT", "坐标";
        /// A phone.
        Phone = 2, "PHONE", "电话";
    }
}

suban_domain::codes! {
    /// What it is worth beside the rest.
    Worth, "worth of evidence" {
        /// No evidence: a default point, a switchboard.
        Nothing = 1, "NOTHING", "不作依据";
        /// As much as any other, however often it is seen.
        Something = 2, "SOMETHING", "仍作依据";
    }
}

/// What was said of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What kind of thing.
    pub subject: Subject,
    /// Which.
    pub key: u64,
    /// What it is worth.
    pub worth: Worth,
    /// Why, masked.
    pub reason: String,
    /// Who said it.
    pub by: PersonCode,
    /// When.
    pub at: At,
}

fn said(row: &PgRow) -> Result<Said, StoreError> {
    let damaged = |problem: String| StoreError::Damaged { what: "evidence", problem };
    let (subject, worth): (i16, i16) = (row.try_get("kind")?, row.try_get("worth")?);
    Ok(Said {
        subject: Subject::from_number(i32::from(subject))
            .ok_or_else(|| damaged(format!("kind {subject} is unknown")))?,
        key: row.try_get::<i64, _>("subject")?.cast_unsigned(),
        worth: Worth::from_number(i32::from(worth)).ok_or_else(|| damaged(format!("worth {worth} is unknown")))?,
        reason: row.try_get("reason")?,
        by: PersonCode::new(row.try_get::<String, _>("by_person")?).map_err(|e| damaged(e.to_string()))?,
        at: from_db(row.try_get::<OffsetDateTime, _>("at")?),
    })
}

/// Writes what somebody says; a repeat changes nothing. Answers what this request said. Served by
/// `evidence_request_key`.
///
/// # Errors
/// When Postgres is away.
pub async fn say(pool: &PgPool, new: &Said, request: &RequestId) -> Result<Said, StoreError> {
    sqlx::query(
        "insert into dedup.evidence (kind, subject, worth, reason, by_person, at, request)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (request) do nothing",
    )
    .bind(number(new.subject.number()))
    .bind(new.key.cast_signed())
    .bind(number(new.worth.number()))
    .bind(&new.reason)
    .bind(new.by.as_str())
    .bind(to_db(new.at))
    .bind(request.as_str())
    .execute(pool)
    .await?;
    let row =
        sqlx::query("select * from dedup.evidence where request = $1").bind(request.as_str()).fetch_one(pool).await?;
    said(&row)
}

/// How much has been said; rises with every word. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn last(pool: &PgPool) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("select coalesce(max(id), 0) from dedup.evidence").fetch_one(pool).await?)
}

/// What was said last of each, in the order of subject and key, after one of them. Served by `evidence_subject`; they
/// are few, for each was named by a person.
///
/// # Errors
/// When Postgres is away or a row is damaged.
pub async fn page(pool: &PgPool, after: Option<(Subject, u64)>, limit: u32) -> Result<Vec<Said>, StoreError> {
    let (kind, subject) = after.map_or((0, i64::MIN), |(kind, key)| (number(kind.number()), key.cast_signed()));
    let rows = sqlx::query(
        "select distinct on (kind, subject) * from dedup.evidence where (kind, subject) > ($1, $2)
          order by kind, subject, id desc limit $3",
    )
    .bind(kind)
    .bind(subject)
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    rows.iter().map(said).collect()
}
