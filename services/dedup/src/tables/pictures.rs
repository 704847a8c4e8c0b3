//! Pictures that arrived.

use sqlx::{PgConnection, PgPool};
use suban_domain::TicketId;
use suban_store::StoreError;
use uuid::Uuid;

/// Numbers before the last one that are looked at once more: what is written at once becomes visible in any order.
const OVERLAP: i64 = 200;
/// Most pictures of one look.
const MOST: i64 = 2000;
/// Most that are judged in one go.
const AT_ONCE: i64 = 100;

/// The last picture. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn last(pool: &PgPool) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("select coalesce(max(id), 0) from core.picture").fetch_one(pool).await?)
}

/// Pictures behind this one and a few before it, with their tickets. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn around(pool: &PgPool, last: i64) -> Result<Vec<(i64, TicketId)>, StoreError> {
    let rows: Vec<(i64, Uuid)> =
        sqlx::query_as("select id, ticket_id from core.picture where id > $1 order by id limit $2")
            .bind(last - OVERLAP)
            .bind(MOST)
            .fetch_all(pool)
            .await?;
    Ok(rows.into_iter().map(|(n, ticket)| (n, TicketId::new(ticket))).collect())
}

/// Pictures with which nobody has judged yet, locked for this transaction; what another judges is left out. Served by
/// `picture_waiting`.
///
/// # Errors
/// When Postgres is away.
pub async fn waiting(conn: &mut PgConnection) -> Result<Vec<(i64, TicketId)>, StoreError> {
    let rows: Vec<(i64, Uuid)> = sqlx::query_as(
        "select id, ticket_id from core.picture where not compared order by id limit $1 for update skip locked",
    )
    .bind(AT_ONCE)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(n, ticket)| (n, TicketId::new(ticket))).collect())
}

/// Notes that tickets were judged with these. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn compared(conn: &mut PgConnection, pictures: &[i64]) -> Result<(), StoreError> {
    sqlx::query("update core.picture set compared = true where id = any($1)").bind(pictures).execute(conn).await?;
    Ok(())
}
