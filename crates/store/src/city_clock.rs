//! The demo's clock: its origin and rate live in the database, so that all processes and restarts agree.

use sqlx::PgPool;
use suban_domain::At;
use suban_runtime::{Clock, Settings};
use time::OffsetDateTime;

use crate::{StoreError, from_db, to_db};

/// The clock of the city. Without demo mode it is the machine's.
///
/// In demo mode the first process to start sets the origin (`demo.origin`, or the database's time) and the rate;
/// the others read them. When a start brings another rate, the origin moves to that instant's city time, so the city's time
/// bends and never goes back. A process keeps the line it started with: change the rate with all of them down.
///
/// # Errors
/// When Postgres is away.
pub async fn city_clock(pool: &PgPool, settings: &Settings) -> Result<Clock, StoreError> {
    if !settings.demo.enabled {
        return Ok(Clock::system());
    }
    let rate = settings.demo.rate;
    start(pool, settings.demo.origin(), rate).await?;
    bend(pool, rate).await?;
    let (real, city, rate) = line(pool).await?;
    Ok(Clock::scaled(from_db(real), from_db(city), rate))
}

/// What the demo's clock shows now; `None` before it has first started. Changes nothing.
///
/// # Errors
/// When Postgres is away.
pub async fn city_time(pool: &PgPool) -> Result<Option<At>, StoreError> {
    let now: Option<OffsetDateTime> = sqlx::query_scalar(
        "select origin_city + make_interval(secs => greatest(extract(epoch from now - origin_real)::float8, 0) * rate)
           from core.city_clock, clock_timestamp() as now",
    )
    .fetch_optional(pool)
    .await?;
    Ok(now.map(from_db))
}

async fn start(pool: &PgPool, origin: Option<At>, rate: f64) -> Result<(), StoreError> {
    sqlx::query(
        "insert into core.city_clock (origin_real, origin_city, rate)
         select now, coalesce($1, now), $2 from clock_timestamp() as now
         on conflict do nothing",
    )
    .bind(origin.map(to_db))
    .bind(rate)
    .execute(pool)
    .await?;
    Ok(())
}

/// Of several processes that start with the same new rate, one moves the origin: the others wait for its row
/// and then find the rate as it should be.
async fn bend(pool: &PgPool, rate: f64) -> Result<(), StoreError> {
    sqlx::query(
        "update core.city_clock
            set origin_real = greatest(now, origin_real),
                origin_city = origin_city
                  + make_interval(secs => greatest(extract(epoch from now - origin_real)::float8, 0) * rate),
                rate = $1
           from clock_timestamp() as now
          where rate <> $1",
    )
    .bind(rate)
    .execute(pool)
    .await?;
    Ok(())
}

async fn line(pool: &PgPool) -> Result<(OffsetDateTime, OffsetDateTime, f64), StoreError> {
    Ok(sqlx::query_as("select origin_real, origin_city, rate from core.city_clock").fetch_one(pool).await?)
}
