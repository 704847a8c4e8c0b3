//! Instants at the database's edge.

use suban_domain::At;
use time::OffsetDateTime;

/// As Postgres takes it. Instants beyond the database's range become its ends; the domain makes none.
#[must_use]
pub fn to_db(at: At) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.micros()) * 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// As Postgres gave it.
#[must_use]
pub fn from_db(at: OffsetDateTime) -> At {
    At::from_micros(i64::try_from(at.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX))
}
