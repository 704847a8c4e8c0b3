//! What people are asked, in the order in which it was: for reviewers who watch.

use sqlx::PgPool;
use suban_domain::{At, TicketId};
use suban_store::{StoreError, from_db, to_db};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{COLUMNS, Row, Suggestion};

/// A question: when it was asked, of which ticket, beside which head.
pub type Question = (At, TicketId, TicketId);

/// Questions that are still open, after one of them. Served by `suggestion_asked`.
///
/// # Errors
/// When Postgres is away.
pub async fn after(pool: &PgPool, last: Question, limit: u32) -> Result<Vec<Question>, StoreError> {
    let (at, ticket, head) = last;
    let rows: Vec<(OffsetDateTime, Uuid, Uuid)> = sqlx::query_as(
        "select at, ticket_id, head_id from dedup.suggestion
          where ended is null and (at, ticket_id, head_id) > ($1, $2, $3) order by at, ticket_id, head_id limit $4",
    )
    .bind(to_db(at))
    .bind(ticket.uuid())
    .bind(head.uuid())
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|(at, ticket, head)| (from_db(at), TicketId::new(ticket), TicketId::new(head))).collect())
}

/// What people are still asked about these tickets, ticket by ticket, the likeliest first. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn of_all(pool: &PgPool, tickets: &[TicketId]) -> Result<Vec<Suggestion>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from dedup.suggestion where ticket_id = any($1) and ended is null
          order by ticket_id, probability desc, head_id"
    )))
    .bind(tickets.iter().map(|t| t.uuid()).collect::<Vec<_>>())
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Row::read).collect()
}
