//! Where the sites of a mass event are open.

use std::collections::HashMap;

use sqlx::PgPool;
use suban_domain::{AreaCode, State, TicketId};
use suban_store::StoreError;
use uuid::Uuid;

use super::states;

/// Places, none where nobody knows it, each with how many sites are open there.
pub type Places = Vec<(Option<AreaCode>, u32)>;

/// Open sites of an event in the order of place and ticket, after one of its tickets. Served by
/// `mass_event_ticket_place` and the primary keys of `ticket_open` and `merge_member`.
///
/// # Errors
/// When Postgres is away.
pub async fn page(
    pool: &PgPool,
    event: Uuid,
    after: Option<TicketId>,
    limit: u32,
) -> Result<Vec<TicketId>, StoreError> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "select t.ticket_id from dedup.mass_event_ticket t
           join core.ticket_open o on o.ticket_id = t.ticket_id and o.state = any($4)
          where t.event_id = $1
            and (t.area, t.ticket_id) > (
              coalesce((select area from dedup.mass_event_ticket where event_id = $1 and ticket_id = $2), ''), $2)
            and not exists (select 1 from core.merge_member m where m.member_id = t.ticket_id)
          order by t.area, t.ticket_id limit $3",
    )
    .bind(event)
    .bind(after.map_or(Uuid::nil(), |ticket| ticket.uuid()))
    .bind(i64::from(limit))
    .bind(states(State::is_open))
    .fetch_all(pool)
    .await?;
    Ok(ids.into_iter().map(TicketId::new).collect())
}

/// How many sites of these events are open in each place. Served by the primary keys of `mass_event_ticket`,
/// `ticket_open` and `merge_member`.
///
/// # Errors
/// When Postgres is away.
pub async fn by_area(pool: &PgPool, events: &[Uuid]) -> Result<HashMap<Uuid, Places>, StoreError> {
    let rows: Vec<(Uuid, String, i64)> = sqlx::query_as(
        "select t.event_id, t.area, count(*) from dedup.mass_event_ticket t
           join core.ticket_open o on o.ticket_id = t.ticket_id and o.state = any($2)
          where t.event_id = any($1)
            and not exists (select 1 from core.merge_member m where m.member_id = t.ticket_id)
          group by t.event_id, t.area order by t.event_id, t.area",
    )
    .bind(events)
    .bind(states(State::is_open))
    .fetch_all(pool)
    .await?;
    let mut found = HashMap::<Uuid, Places>::new();
    for (event, area, open) in rows {
        found.entry(event).or_default().push((AreaCode::new(area).ok(), u32::try_from(open).unwrap_or(u32::MAX)));
    }
    Ok(found)
}
