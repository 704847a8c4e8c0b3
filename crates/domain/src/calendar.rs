//! Working time: when a unit is open, and what that does to a deadline (D§8).
//!
//! A [`Calendar`] is built once, from data, for the years [`FIRST_YEAR`] to [`LAST_YEAR`]. It lays all openings on one
//! line with the working time before each, so that every question is a look-up and a subtraction, and none can loop.
//! Hours and minutes count inside openings; working days keep the local time of the start and move to the next
//! working moment when that falls outside hours. An opening holds its first moment and not its last: 12:00 is outside
//! 09:00–12:00, though something may be due at 12:00.
//!
//! Nothing in here reads a clock or a file. Years without a notice of the State Council are estimated and marked so.

mod allowance;
mod calendars;
mod days;
mod definition;
mod error;
mod hours;
mod national;
mod openings;
pub mod oracle;
mod pauses;
mod zone;

use std::{fmt, sync::Arc};

use jiff::civil::Date;
use serde::Serialize;

pub use self::{
    allowance::{Allowance, Measure},
    calendars::{Calendars, Source},
    error::CalendarError,
    hours::{Hours, Opening},
    pauses::Pause,
};
use self::{days::Days, definition::Definition, national::National, openings::Openings, zone::Offsets};
use crate::{At, Span};

/// The first year that calendars cover.
pub const FIRST_YEAR: i16 = 2000;
/// The last year that calendars cover.
pub const LAST_YEAR: i16 = 2100;

/// What a day is, before anybody's hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DayKind {
    /// Monday to Friday, nothing else said (工作日).
    Workday,
    /// Saturday or Sunday (周末).
    Weekend,
    /// Off by notice, by estimate or by a local closure (节假日).
    Holiday,
    /// Worked though it would be off (调休上班).
    Makeup,
}

impl DayKind {
    /// As it is written in data and printed.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Workday => "workday",
            Self::Weekend => "weekend",
            Self::Holiday => "holiday",
            Self::Makeup => "makeup",
        }
    }
}

/// One day of a calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Day {
    /// Which day.
    pub date: Date,
    /// Has this calendar any hours on it?
    pub working: bool,
    /// What the day is.
    pub kind: DayKind,
    /// The feast or closure, where there is one.
    pub name: Option<String>,
    /// The notice, law or local decision that says so.
    pub source: Option<String>,
    /// No official notice covers this year: holidays are guessed from the law, make-up days are unknown.
    pub estimated: bool,
    /// The openings of this day, in order.
    pub hours: Hours,
}

/// When a unit is open.
#[derive(Clone)]
pub struct Calendar {
    definition: Definition,
    national: Option<Arc<National>>,
    offsets: Offsets,
    openings: Openings,
    days: Days,
}

/// Its name; a century of openings is nothing to print.
impl fmt::Debug for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Calendar").field(&self.definition.name).finish()
    }
}

impl Calendar {
    fn new(definition: Definition, national: Option<Arc<National>>) -> Result<Self, String> {
        let offsets = Offsets::of(&definition.zone.0);
        let kinds = |date| kind(national.as_deref(), date);
        let hours: Vec<&Hours> = days::all().map(|date| definition.hours_on(date, kinds(date))).collect();
        let openings = Openings::new(&offsets, &hours);
        if openings.is_empty() {
            return Err(format!(
                "calendar `{}` is closed on every day of {FIRST_YEAR} to {LAST_YEAR}; give it hours on some kind of day",
                definition.name
            ));
        }
        let days = Days::new(hours.iter().map(|hours| !hours.is_empty()));
        Ok(Self { definition, national, offsets, openings, days })
    }

    /// Its name, for example `sz`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// Its time zone, in which all its local times are read.
    #[must_use]
    pub fn zone(&self) -> &jiff::tz::TimeZone {
        &self.definition.zone.0
    }

    /// What `date` is, and when this calendar is open on it.
    ///
    /// # Errors
    /// When the date is outside the years covered.
    pub fn day(&self, date: Date) -> Result<Day, CalendarError> {
        if !(FIRST_YEAR..=LAST_YEAR).contains(&date.year()) {
            return Err(self.beyond(date.to_string()));
        }
        let special = self.national.as_ref().and_then(|n| n.special(date));
        let kind = kind(self.national.as_deref(), date);
        let hours = self.definition.hours_on(date, kind).clone();
        let mut day = Day {
            date,
            working: !hours.is_empty(),
            kind,
            name: special.map(|s| s.name.clone()),
            source: special.map(|s| s.source.clone()),
            estimated: self.is_estimated(date.year()),
            hours,
        };
        if let Some(local) = self.definition.exception(date) {
            day.kind = match (day.working, self.definition.open_on.contains(&kind)) {
                (false, _) => DayKind::Holiday,
                (true, false) => DayKind::Makeup,
                (true, true) => kind,
            };
            day.name = Some(local.name.clone());
            day.source.clone_from(&local.source);
        }
        Ok(day)
    }

    /// Does anything from `a` to `b`, in either order, lie in a year without an official notice?
    #[must_use]
    pub fn estimates(&self, a: At, b: At) -> bool {
        let year = |at: At| days::date(days::index(self.offsets.local(at.micros()))).map_or(LAST_YEAR, Date::year);
        (year(a.min(b))..=year(a.max(b))).any(|year| self.is_estimated(year))
    }

    fn is_estimated(&self, year: i16) -> bool {
        self.national.as_ref().is_some_and(|n| n.is_estimated(year))
    }

    /// When something that starts at `from` and may take `allowance` is due, with the clock standing still in
    /// `pauses`, which may overlap and come in any order. A pause never makes it due earlier.
    ///
    /// Hours are due at the earliest moment at which they are used up, so at a closing rather than the next opening.
    /// Days are moved by the working time that pauses before the due time take away.
    ///
    /// # Errors
    /// When a time is outside the years covered, or the calendar has no working time left.
    pub fn due(&self, from: At, allowance: Allowance, pauses: &[Pause]) -> Result<At, CalendarError> {
        match allowance {
            Allowance::Natural(span) => {
                let natural = |at: At| Ok(at.micros());
                let due = from.plus(span.max(Span::ZERO));
                Ok(At::from_micros(pauses::put_off(due.micros(), from, pauses, natural)?))
            }
            Allowance::Working(span) if span <= Span::ZERO => Ok(from),
            Allowance::Working(span) => {
                let target = self.worked(from)?.saturating_add(span.as_micros());
                let target = pauses::put_off(target, from, pauses, |at| self.worked(at))?;
                self.openings.earliest(target).map(At::from_micros).ok_or_else(|| self.exhausted())
            }
            Allowance::Days(n) => {
                let due = self.moved(from, |days, day| days.nth_after(day, n))?;
                let target = self.worked(due)?;
                let later = pauses::put_off(target, from, pauses, |at| self.worked(at))?;
                if later == target {
                    return Ok(due);
                }
                self.openings.earliest(later).map(At::from_micros).ok_or_else(|| self.exhausted())
            }
        }
    }

    /// The latest start from which `allowance` is due at `at`, with the clock standing still in `pauses`: what
    /// [`Self::due`] made of a start inside hours leads back to that start.
    ///
    /// # Errors
    /// When a time is outside the years covered.
    pub fn subtract(&self, at: At, allowance: Allowance, pauses: &[Pause]) -> Result<At, CalendarError> {
        match allowance {
            Allowance::Natural(span) => {
                let natural = |at: At| Ok(at.micros());
                let start = at.minus(span.max(Span::ZERO));
                Ok(At::from_micros(pauses::bring_forward(start.micros(), at, pauses, natural)?))
            }
            Allowance::Working(span) if span <= Span::ZERO => Ok(at),
            Allowance::Working(span) => {
                let target = self.worked(at)?.saturating_sub(span.as_micros());
                let target = pauses::bring_forward(target, at, pauses, |at| self.worked(at))?;
                self.openings.latest(target).map(At::from_micros).ok_or_else(|| self.exhausted())
            }
            Allowance::Days(n) => {
                let start = self.moved(at, |days, day| days.nth_before(day, n))?;
                let target = self.worked(start)?;
                let earlier = pauses::bring_forward(target, at, pauses, |at| self.worked(at))?;
                if earlier == target {
                    return Ok(start);
                }
                self.openings.latest(earlier).map(At::from_micros).ok_or_else(|| self.exhausted())
            }
        }
    }

    /// A working due time, moved by the working time in a pause: what was left of it when the pause began is left when
    /// it ends. A pause without working time moves nothing.
    ///
    /// # Errors
    /// When a time is outside the years covered, or the calendar has no working time left.
    pub fn put_off(&self, due: At, pause: Pause) -> Result<At, CalendarError> {
        let (from, until) = pause.ends();
        let held = self.worked(until)? - self.worked(from)?;
        let worked = self.worked(due)?;
        if held == 0 {
            return Ok(due);
        }
        self.openings.earliest(worked.saturating_add(held)).map(At::from_micros).ok_or_else(|| self.exhausted())
    }

    /// The time from `from` to `to` outside of `pauses`; negative when `to` is earlier.
    ///
    /// # Errors
    /// When a time is outside the years covered.
    pub fn between(&self, measure: Measure, from: At, to: At, pauses: &[Pause]) -> Result<Span, CalendarError> {
        let (early, late) = (from.min(to), from.max(to));
        let passed = match measure {
            Measure::Natural => pauses::left(early, late, pauses, |at| Ok(at.micros()))?,
            Measure::Working => pauses::left(early, late, pauses, |at| self.worked(at))?,
        };
        Ok(Span::micros(if to < from { -passed } else { passed }))
    }

    /// `at` when the calendar is open then, otherwise its next opening.
    ///
    /// # Errors
    /// When `at` is outside the years covered, or no opening follows.
    pub fn next_opening(&self, at: At) -> Result<At, CalendarError> {
        self.worked(at)?;
        self.openings.next(at.micros()).map(At::from_micros).ok_or_else(|| self.exhausted())
    }

    /// The first opening of the working day after the day of `at`.
    ///
    /// # Errors
    /// When `at` is outside the years covered, or no working day follows.
    pub fn next_workday(&self, at: At) -> Result<At, CalendarError> {
        self.worked(at)?;
        let day = days::index(self.offsets.local(at.micros()));
        let next = self.days.nth_after(day, 1).ok_or_else(|| self.exhausted())?;
        self.next_opening(At::from_micros(self.offsets.instant(days::midnight(next))))
    }

    /// Working time since the calendar's beginning, in microseconds.
    fn worked(&self, at: At) -> Result<i64, CalendarError> {
        self.openings.worked(at.micros()).ok_or_else(|| self.beyond(at.to_string()))
    }

    /// The same local time on another day, or the next working moment after it.
    fn moved(&self, at: At, to: impl FnOnce(&Days, i64) -> Option<i64>) -> Result<At, CalendarError> {
        self.worked(at)?;
        let local = self.offsets.local(at.micros());
        let day = days::index(local);
        let there = to(&self.days, day).ok_or_else(|| self.exhausted())?;
        let local = local + (there - day) * days::DAY;
        self.next_opening(At::from_micros(self.offsets.instant(local)))
    }

    fn beyond(&self, at: String) -> CalendarError {
        CalendarError::Beyond { calendar: self.name().to_owned(), at }
    }

    fn exhausted(&self) -> CalendarError {
        CalendarError::Exhausted { calendar: self.name().to_owned() }
    }
}

fn kind(national: Option<&National>, date: Date) -> DayKind {
    match (national.and_then(|n| n.special(date)), days::is_weekend(date)) {
        (Some(special), _) => special.kind,
        (None, true) => DayKind::Weekend,
        (None, false) => DayKind::Workday,
    }
}
