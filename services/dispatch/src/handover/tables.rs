//! Handovers as they are kept.

use sqlx::PgPool;
use suban_domain::{At, PersonCode, TicketId, UnitCode};
use suban_roster::Handover;
use suban_store::{StoreError, from_db, to_db};
use time::OffsetDateTime;
use uuid::Uuid;

/// A handover with what is known of its row.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// Names it.
    pub(crate) id: Uuid,
    /// What is handed over, and who signed.
    pub(crate) handover: Handover,
    /// When it was begun.
    pub(crate) opened_at: At,
    /// When both had signed.
    pub(crate) closed_at: Option<At>,
    /// The requests that were done: a repeat changes nothing.
    requests: Vec<String>,
    version: i32,
}

impl Kept {
    /// A new one.
    pub(crate) fn begun(id: Uuid, handover: Handover, request: String, at: At) -> Self {
        Self { id, handover, opened_at: at, closed_at: None, requests: vec![request], version: 1 }
    }

    /// The same after a step.
    pub(crate) fn then(mut self, handover: Handover, request: String, closed_at: Option<At>) -> Self {
        self.requests.push(request);
        Self { handover, closed_at, ..self }
    }

    /// Was this done already?
    pub(crate) fn has_done(&self, request: &str) -> bool {
        self.requests.iter().any(|done| done == request)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    opened_at: OffsetDateTime,
    closed_at: Option<OffsetDateTime>,
    version: i32,
    requests: Vec<String>,
    body: serde_json::Value,
}

impl Row {
    fn read(self) -> Result<Kept, StoreError> {
        let handover = serde_json::from_value(self.body)
            .map_err(|e| StoreError::Damaged { what: "handover", problem: e.to_string() })?;
        Ok(Kept {
            id: self.id,
            handover,
            opened_at: from_db(self.opened_at),
            closed_at: self.closed_at.map(from_db),
            requests: self.requests,
            version: self.version,
        })
    }
}

fn body(handover: &Handover) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(handover).map_err(|e| StoreError::Damaged { what: "handover", problem: e.to_string() })
}

const COLUMNS: &str = "id, opened_at, closed_at, version, requests, body";

/// One by its id. Served by the primary key.
pub(crate) async fn one(pool: &PgPool, id: Uuid) -> Result<Option<Kept>, StoreError> {
    let sql = format!("select {COLUMNS} from dispatch.handover where id = $1");
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(pool).await?;
    row.map(Row::read).transpose()
}

/// A unit's last ones, the latest first. Served by `handover_of`.
pub(crate) async fn last(pool: &PgPool, unit: &UnitCode, limit: i64) -> Result<Vec<Kept>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from dispatch.handover where unit = $1 order by opened_at desc limit $2"
    )))
    .bind(unit.as_str())
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Keeps a new one; false where another was begun in this unit at the same moment.
pub(crate) async fn insert(pool: &PgPool, kept: &Kept) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "insert into dispatch.handover (id, unit, opened_at, version, requests, body) values ($1, $2, $3, $4, $5, $6)
         on conflict (unit) where closed_at is null do nothing",
    )
    .bind(kept.id)
    .bind(kept.handover.unit.as_str())
    .bind(to_db(kept.opened_at))
    .bind(kept.version)
    .bind(&kept.requests)
    .bind(body(&kept.handover)?)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes the next state of one, and gives claims that are handed over to who takes them until `until`; `None` where
/// somebody else was faster. Served by the primary keys.
pub(crate) async fn update(
    pool: &PgPool,
    next: &Kept,
    taken: &[(TicketId, PersonCode, PersonCode)],
    until: At,
) -> Result<Option<Kept>, StoreError> {
    let mut tx = pool.begin().await?;
    let done = sqlx::query(
        "update dispatch.handover set version = version + 1, closed_at = $3, requests = $4, body = $5
          where id = $1 and version = $2",
    )
    .bind(next.id)
    .bind(next.version)
    .bind(next.closed_at.map(to_db))
    .bind(&next.requests)
    .bind(body(&next.handover)?)
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(None);
    }
    // What was sent on or given back since waits no more, and is nobody's claim.
    sqlx::query(
        "update dispatch.queue q set claimed_by = k.taker, claimed_until = $4, claim_request = null
           from unnest($1::uuid[], $2::text[], $3::text[]) as k(ticket_id, giver, taker)
          where q.ticket_id = k.ticket_id and q.claimed_by = k.giver",
    )
    .bind(taken.iter().map(|(ticket, ..)| ticket.uuid()).collect::<Vec<_>>())
    .bind(taken.iter().map(|(_, from, _)| from.as_str()).collect::<Vec<_>>())
    .bind(taken.iter().map(|(.., to)| to.as_str()).collect::<Vec<_>>())
    .bind(to_db(until))
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Some(Kept { version: next.version + 1, ..next.clone() }))
}
