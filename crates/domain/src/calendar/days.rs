//! Days by number, from the first that calendars cover, and which of them are worked.

use jiff::civil::{Date, Weekday};

use super::{FIRST_YEAR, LAST_YEAR};

/// A civil day without a change of clocks, in microseconds.
pub(super) const DAY: i64 = 86_400_000_000;
/// From 1970-01-01 to 2000-01-01.
const DAYS_BEFORE: i64 = 10_957;

/// Every day covered, in order.
pub(super) fn all() -> impl Iterator<Item = Date> {
    let first = jiff::civil::date(FIRST_YEAR, 1, 1);
    first.series(jiff::Span::new().days(1)).take_while(|date| date.year() <= LAST_YEAR)
}

/// The midnight with which day `index` begins, local, in microseconds since 1970-01-01T00:00.
pub(super) const fn midnight(index: i64) -> i64 {
    (DAYS_BEFORE + index) * DAY
}

/// In which day a local time lies.
pub(super) const fn index(local: i64) -> i64 {
    local.div_euclid(DAY) - DAYS_BEFORE
}

/// The date of a day.
pub(super) fn date(index: i64) -> Option<Date> {
    let span = jiff::Span::new().try_days(index).ok()?;
    jiff::civil::date(FIRST_YEAR, 1, 1).checked_add(span).ok()
}

/// Saturday or Sunday?
pub(super) fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// The working days, countable in both directions.
#[derive(Debug, Clone)]
pub(super) struct Days {
    /// Working days before each day.
    before: Vec<u32>,
    /// Every working day.
    working: Vec<u32>,
}

impl Days {
    /// From whether each day covered is worked.
    pub(super) fn new(worked: impl Iterator<Item = bool>) -> Self {
        let (mut before, mut working) = (vec![0], Vec::new());
        for (day, works) in (0..).zip(worked) {
            if works {
                working.push(day);
            }
            before.push(u32::try_from(working.len()).unwrap_or(u32::MAX));
        }
        Self { before, working }
    }

    /// The nth working day after `day`; the day itself for none.
    pub(super) fn nth_after(&self, day: i64, n: u32) -> Option<i64> {
        let Some(more) = n.checked_sub(1) else { return Some(day) };
        let passed = *self.before.get(usize::try_from(day + 1).ok()?)?;
        self.working.get(passed.checked_add(more)? as usize).map(|d| i64::from(*d))
    }

    /// The nth working day before `day`; the day itself for none.
    pub(super) fn nth_before(&self, day: i64, n: u32) -> Option<i64> {
        if n == 0 {
            return Some(day);
        }
        let passed = *self.before.get(usize::try_from(day).ok()?)?;
        self.working.get(passed.checked_sub(n)? as usize).map(|d| i64::from(*d))
    }
}
