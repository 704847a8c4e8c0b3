//! How much more time a unit may ask for (延期, R-DSP-6): a quota by unit and quarter.

use jiff::{civil::Date, tz::TimeZone};
use sqlx::{PgConnection, PgPool};
use suban_domain::{At, Ticket, TicketId, UnitCode};
use suban_service::App;
use suban_store::{StoreError, to_db};
use time::OffsetDateTime;
use uuid::Uuid;

/// Is something of the unit's quota of this quarter left? A quota of 0 limits nothing.
///
/// # Errors
/// When Postgres is away.
pub(crate) async fn quota_left(app: &App, unit: &UnitCode) -> Result<bool, StoreError> {
    let quota = app.settings.limits.extensions_a_quarter;
    if quota == 0 {
        return Ok(true);
    }
    let Some(from) = quarter_start(app.clock().now(), app.store.zone()) else { return Ok(true) };
    Ok(asked_since(app.store.pool(), unit, from).await? < u64::from(quota))
}

/// The first moment of the quarter in which `now` lies, by the city's calendar.
fn quarter_start(now: At, zone: &TimeZone) -> Option<At> {
    let today = zone.to_datetime(now.timestamp()).date();
    let month = (today.month() - 1) / 3 * 3 + 1;
    let first = Date::new(today.year(), month, 1).ok()?;
    Some(zone.to_timestamp(first.at(0, 0, 0, 0)).ok()?.into())
}

/// A ticket's extension as it stands after its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    ticket: TicketId,
    /// The unit whose request is pending, and its place among the ticket's.
    pending: Option<(UnitCode, i16)>,
    /// The place of the last request that counts: granted, or pending.
    counting: i16,
}

/// Requests of one round, at most: each round counts anew, and has its own places.
const ROUND: i16 = 100;

impl Standing {
    pub(crate) fn of(ticket: &Ticket) -> Self {
        let granted = i16::from(ticket.redo_round) * ROUND + i16::from(ticket.extension_count);
        let pending = ticket.extension.as_ref().map(|asked| (asked.unit.clone(), granted + 1));
        let counting = pending.as_ref().map_or(granted, |(_, n)| *n);
        Self { ticket: ticket.id, pending, counting }
    }
}

/// Keeps what counts of these tickets, and forgets what was denied. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub(crate) async fn keep(conn: &mut PgConnection, at: At, standing: &[Standing]) -> Result<(), StoreError> {
    if standing.is_empty() {
        return Ok(());
    }
    let denied: Vec<Uuid> = standing.iter().map(|s| s.ticket.uuid()).collect();
    let counting: Vec<i16> = standing.iter().map(|s| s.counting).collect();
    sqlx::query(
        "delete from dispatch.extension e using unnest($1::uuid[], $2::smallint[]) as s(ticket_id, counting)
          where e.ticket_id = s.ticket_id and e.n > s.counting",
    )
    .bind(&denied)
    .bind(&counting)
    .execute(&mut *conn)
    .await?;
    let pending: Vec<(Uuid, &UnitCode, i16)> =
        standing.iter().filter_map(|s| s.pending.as_ref().map(|(unit, n)| (s.ticket.uuid(), unit, *n))).collect();
    sqlx::query(
        "insert into dispatch.extension (ticket_id, n, unit, asked_at)
         select p.ticket_id, p.n, p.unit, $4 from unnest($1::uuid[], $2::smallint[], $3::text[]) as p(ticket_id, n, unit)
          order by 1, 2 on conflict do nothing",
    )
    .bind(pending.iter().map(|(ticket, _, _)| *ticket).collect::<Vec<_>>())
    .bind(pending.iter().map(|(_, _, n)| *n).collect::<Vec<_>>())
    .bind(pending.iter().map(|(_, unit, _)| unit.to_string()).collect::<Vec<_>>())
    .bind(to_db(at))
    .execute(conn)
    .await?;
    Ok(())
}

/// How many extensions a unit asked for since then. Served by `extension_unit`.
async fn asked_since(pool: &PgPool, unit: &UnitCode, from: At) -> Result<u64, StoreError> {
    let from: OffsetDateTime = to_db(from);
    let asked: i64 = sqlx::query_scalar("select count(*) from dispatch.extension where unit = $1 and asked_at >= $2")
        .bind(unit.as_str())
        .bind(from)
        .fetch_one(pool)
        .await?;
    Ok(u64::try_from(asked).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_begins_at_midnight_of_the_city() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let at = |text: &str| At::from(text.parse::<jiff::Timestamp>().unwrap());
        let start = |now: &str| quarter_start(at(now), &zone).unwrap();
        assert_eq!(start("2026-11-28T03:00:00Z"), at("2026-09-30T16:00:00Z"));
        assert_eq!(start("2026-12-31T16:00:00Z"), at("2026-12-31T16:00:00Z"), "New Year in Shanghai");
        assert_eq!(start("2026-12-31T15:59:59Z"), at("2026-09-30T16:00:00Z"));
    }
}
