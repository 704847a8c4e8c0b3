//! What the live page asks of the present: queues, what is late, what waits for a person. Reads only.

use std::collections::HashMap;

use sqlx::PgPool;
use suban_domain::{At, TicketId};
use suban_store::{StoreError, to_db};
use uuid::Uuid;

/// How many tickets are open now, by each of three things.
#[derive(Debug, Default)]
pub struct Open {
    /// By state number, in the order of the flow.
    pub by_state: Vec<(i16, u64)>,
    /// By leading unit.
    pub by_unit: HashMap<String, u64>,
    /// By area as it was read; '' where it is unknown.
    pub by_area: HashMap<String, u64>,
}

/// By which of the three a count is, the three, and the count.
type OpenRow = (i32, Option<i16>, Option<String>, Option<String>, i64);

/// Counts open tickets in one pass over `ticket_open`, which is narrow and holds no ended ticket.
///
/// # Errors
/// When Postgres is away.
pub async fn open(pool: &PgPool, states: &[i16]) -> Result<Open, StoreError> {
    let rows: Vec<OpenRow> = sqlx::query_as(
        "select grouping(state, unit, area), state, unit, area, count(*)
           from core.ticket_open where state = any($1::smallint[])
          group by grouping sets ((state), (unit), (area)) order by state",
    )
    .bind(states)
    .fetch_all(pool)
    .await?;
    let mut open = Open::default();
    for (set, state, unit, area, count) in rows {
        let count = unsigned(count);
        // A bit is set for each column that a row is not grouped by: 3 is by state, 5 by unit, 6 by area.
        match (set, state, unit) {
            (3, Some(state), _) => open.by_state.push((state, count)),
            (5, _, Some(unit)) => {
                open.by_unit.insert(unit, count);
            }
            (6, _, _) => {
                open.by_area.insert(area.unwrap_or_default(), count);
            }
            // No unit leads: nobody's row.
            (_, _, _) => {}
        }
    }
    Ok(open)
}

/// The ticket that each of these states has had longest, by its receipt. Served by `ticket_open_state`: one look a
/// state and urgency.
///
/// # Errors
/// When Postgres is away.
pub async fn oldest(pool: &PgPool, states: &[i16]) -> Result<HashMap<i16, TicketId>, StoreError> {
    let rows: Vec<(i16, Uuid)> = sqlx::query_as(
        "select distinct on (s.state) s.state, o.ticket_id
           from unnest($1::smallint[]) s(state) cross join generate_series(0, 9) u(urgency)
          cross join lateral (
            select ticket_id, received_at from core.ticket_open
             where state = s.state and urgency = u.urgency order by received_at, ticket_id limit 1) o
          order by s.state, o.received_at, o.ticket_id",
    )
    .bind(states)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|(state, id)| (state, TicketId::new(id))).collect())
}

/// Who has these tickets in hand for dispatch. Served by the primary key of `dispatch.queue`.
///
/// # Errors
/// When Postgres is away.
pub async fn holders(pool: &PgPool, ids: &[TicketId], now: At) -> Result<HashMap<TicketId, String>, StoreError> {
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "select ticket_id, claimed_by from dispatch.queue
          where ticket_id = any($1::uuid[]) and claimed_by is not null and claimed_until > $2",
    )
    .bind(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>())
    .bind(to_db(now))
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|(id, holder)| (TicketId::new(id), holder)).collect())
}

/// Tickets that wait for a person to dispatch them, by why. One pass over `dispatch.queue`.
///
/// # Errors
/// When Postgres is away.
pub async fn waiting_why(pool: &PgPool) -> Result<Vec<(String, u64)>, StoreError> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("select reason, count(*) from dispatch.queue group by reason order by 2 desc, 1")
            .fetch_all(pool)
            .await?;
    Ok(rows.into_iter().map(|(reason, count)| (reason, unsigned(count))).collect())
}

/// Tasks that are late now, by unit and area. Served by `fact_open_due`.
///
/// # Errors
/// When Postgres is away.
pub async fn late(pool: &PgPool, now: At) -> Result<Vec<(String, String, u64)>, StoreError> {
    let rows: Vec<(String, String, i64)> =
        sqlx::query_as("select unit, coalesce(area, ''), count(*) from scoring.fact where open_due < $1 group by 1, 2")
            .bind(now.micros())
            .fetch_all(pool)
            .await?;
    Ok(rows.into_iter().map(|(unit, area, count)| (unit, area, unsigned(count))).collect())
}

/// How many tasks come due in a span, and the first of them: ticket, unit and instant. Served by `fact_open_due`.
///
/// # Errors
/// When Postgres is away.
pub async fn due_between(
    pool: &PgPool,
    from: At,
    to: At,
    limit: i64,
) -> Result<(u64, Vec<(TicketId, String, At)>), StoreError> {
    let (count,): (i64,) = sqlx::query_as("select count(*) from scoring.fact where open_due >= $1 and open_due < $2")
        .bind(from.micros())
        .bind(to.micros())
        .fetch_one(pool)
        .await?;
    let rows: Vec<(Uuid, String, i64)> = sqlx::query_as(
        "select ticket_id, unit, open_due from scoring.fact where open_due >= $1 and open_due < $2
          order by open_due limit $3",
    )
    .bind(from.micros())
    .bind(to.micros())
    .bind(limit)
    .fetch_all(pool)
    .await?;
    let first = rows.into_iter().map(|(id, unit, due)| (TicketId::new(id), unit, At::from_micros(due))).collect();
    Ok((unsigned(count), first))
}

/// Events that are not yet on Kafka; those of the first thousand packets, since a long outbox is no time for a long
/// count.
///
/// # Errors
/// When Postgres is away.
pub async fn outbox(pool: &PgPool) -> Result<u64, StoreError> {
    let (count,): (i64,) = sqlx::query_as(
        "select coalesce(sum(events), 0) from (select events from core.outbox where shard > 0 limit 1000) o",
    )
    .fetch_one(pool)
    .await?;
    Ok(unsigned(count))
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
