//! Where a zone's clocks stood and when they were moved: all of it that calendars need, as a short list.

use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;

use super::days;

/// A zone from the time zone database that is compiled in: the same data give the same deadlines on every machine.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Zone(pub(super) TimeZone);

impl TryFrom<String> for Zone {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let database = jiff::tz::TimeZoneDatabase::bundled();
        database.get(&name).map(Self).map_err(|_| {
            format!("`{name}` is no zone of the time zone database; write it like Asia/Shanghai or America/New_York")
        })
    }
}

/// A stretch of time with one offset from UTC. Microseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    pub(super) from: i64,
    pub(super) until: i64,
    pub(super) offset: i64,
}

/// The stretches of a zone, in order and without holes.
#[derive(Debug, Clone)]
pub(super) struct Offsets(Vec<Stretch>);

impl Offsets {
    pub(super) fn of(zone: &TimeZone) -> Self {
        // A day of margin on either side: no zone is further from UTC.
        let begin = days::midnight(-1);
        let end = days::midnight(i64::try_from(days::all().count()).unwrap_or(0) + 1);
        let instant = |micros| Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
        let offset = |at| i64::from(zone.to_offset(at).seconds()) * 1_000_000;
        let mut stretches = vec![Stretch { from: i64::MIN, until: i64::MAX, offset: offset(instant(begin)) }];
        for change in zone.following(instant(begin)).take_while(|change| change.timestamp() < instant(end)) {
            let (from, offset) = (change.timestamp().as_microsecond(), offset(change.timestamp()));
            if let Some(last) = stretches.last_mut()
                && last.offset != offset
            {
                last.until = from;
                stretches.push(Stretch { from, until: i64::MAX, offset });
            }
        }
        Self(stretches)
    }

    pub(super) fn stretches(&self) -> &[Stretch] {
        &self.0
    }

    /// What local clocks show at an instant, in microseconds since 1970-01-01T00:00.
    pub(super) fn local(&self, at: i64) -> i64 {
        let i = self.0.partition_point(|s| s.until <= at);
        self.0.get(i).map_or(at, |s| at.saturating_add(s.offset))
    }

    /// When local clocks show `local`: the first time when they do so twice; when they skip it, as much later as
    /// they were moved (what RFC 5545 asks for).
    pub(super) fn instant(&self, local: i64) -> i64 {
        let i = self.0.partition_point(|s| s.until.saturating_add(s.offset) <= local);
        let here = self.0.get(i).map(|s| (s.from, local - s.offset));
        let before = i.checked_sub(1).and_then(|i| self.0.get(i)).map(|s| local - s.offset);
        match (here, before) {
            (Some((from, at)), Some(skipped)) if at < from => skipped,
            (Some((_, at)), _) => at,
            (None, at) => at.unwrap_or(local),
        }
    }
}
