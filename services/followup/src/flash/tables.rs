//! What was reported, and who has it.

use sqlx::PgPool;
use suban_domain::{At, TextId, TicketId};
use suban_store::{StoreError, from_db, to_db};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Stage;

/// One report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flash {
    /// Of which ticket.
    pub(crate) ticket: TicketId,
    /// The version of the ticket that the note with its words is.
    pub(crate) cause: u32,
    /// Which.
    pub(crate) stage: Stage,
    /// Its words.
    pub(crate) text: TextId,
    /// By whom.
    pub(crate) by: String,
    /// When.
    pub(crate) at: At,
    /// Who said first that they have it, and when.
    pub(crate) taken: Option<(String, At)>,
}

/// Keeps a report; the same again changes nothing. Served by the primary key.
pub(crate) async fn put(pool: &PgPool, flash: &Flash) -> Result<(), StoreError> {
    sqlx::query(
        "insert into followup.flash (ticket_id, cause, stage, text_id, by_person, at)
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
    )
    .bind(flash.ticket.uuid())
    .bind(i32::try_from(flash.cause).unwrap_or(i32::MAX))
    .bind(i16::try_from(flash.stage.number()).unwrap_or(0))
    .bind(flash.text.uuid())
    .bind(&flash.by)
    .bind(to_db(flash.at))
    .execute(pool)
    .await?;
    Ok(())
}

/// The columns of a report, with who has it: of its notices the first that was received. Served by the notices' primary
/// key.
const SELECT: &str = "select f.ticket_id, f.cause, f.stage, f.text_id, f.by_person, f.at, n.taken_by, n.taken_at
   from followup.flash f
   left join lateral (select taken_by, taken_at from followup.notice
     where ticket_id = f.ticket_id and cause = f.cause and kind = 'FLASH' and taken_at is not null
     order by taken_at limit 1) n on true";

type Row = (Uuid, i32, i16, Uuid, String, OffsetDateTime, Option<String>, Option<OffsetDateTime>);

fn flash((ticket, cause, stage, text, by, at, taken_by, taken_at): Row) -> Result<Flash, StoreError> {
    let stage = Stage::from_number(i32::from(stage))
        .ok_or_else(|| StoreError::Damaged { what: "flash report", problem: format!("stage {stage} is unknown") })?;
    Ok(Flash {
        ticket: TicketId::new(ticket),
        cause: u32::try_from(cause).unwrap_or(0),
        stage,
        text: TextId::new(text),
        by,
        at: from_db(at),
        taken: taken_by.zip(taken_at.map(from_db)),
    })
}

/// Reports of one ticket, in order. Served by the primary key.
pub(crate) async fn of_ticket(pool: &PgPool, ticket: TicketId) -> Result<Vec<Flash>, StoreError> {
    let rows: Vec<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} where f.ticket_id = $1 order by f.cause")))
            .bind(ticket.uuid())
            .fetch_all(pool)
            .await?;
    rows.into_iter().map(flash).collect()
}

/// The last reports, the latest first, after one of them. Served by `flash_at`.
pub(crate) async fn last(
    pool: &PgPool,
    after: Option<(At, TicketId, u32)>,
    limit: u32,
) -> Result<Vec<Flash>, StoreError> {
    let (at, ticket, cause) = after.unwrap_or((At::from_micros(0), TicketId::new(Uuid::nil()), 0));
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "{SELECT} where $1 or f.at < $2 or (f.at = $2 and (f.ticket_id, f.cause) > ($3, $4))
          order by f.at desc, f.ticket_id, f.cause limit $5"
    )))
    .bind(after.is_none())
    .bind(to_db(at))
    .bind(ticket.uuid())
    .bind(i32::try_from(cause).unwrap_or(i32::MAX))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(flash).collect()
}
