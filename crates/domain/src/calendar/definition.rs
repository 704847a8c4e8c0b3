//! What a city writes down about a calendar: zone, hours, seasons, local closures.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::{DayKind, FIRST_YEAR, Hours, LAST_YEAR, days, hours::MonthDay, zone::Zone};
use crate::UnitCode;

/// Whose holidays a calendar keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Holidays {
    /// China's, by the State Council's notices.
    Cn,
    /// Nobody's: weekends, and what is said as exceptions.
    #[default]
    None,
}

/// One `[[calendar]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) zone: Zone,
    #[serde(default)]
    pub(super) holidays: Holidays,
    /// Kinds of day on which the hours apply.
    #[serde(default = "working_days")]
    pub(super) open_on: Vec<DayKind>,
    /// Units that keep this calendar.
    #[serde(default)]
    pub(super) units: Vec<UnitCode>,
    /// Outside of every season.
    #[serde(default)]
    hours: Hours,
    #[serde(default)]
    season: Vec<Spanned<Season>>,
    #[serde(default)]
    exception: Vec<Spanned<Exception>>,
}

/// A part of every year with hours of its own, both days included; it may go over the new year.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Season {
    from: MonthDay,
    until: MonthDay,
    hours: Hours,
}

/// Days with hours of their own, both days included; no hours is a closure (停办).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exception {
    from: Day,
    /// The same day when not said.
    until: Option<Day>,
    hours: Hours,
    pub(super) name: String,
    pub(super) source: Option<String>,
}

fn working_days() -> Vec<DayKind> {
    vec![DayKind::Workday, DayKind::Makeup]
}

impl Season {
    fn covers(&self, day: MonthDay) -> bool {
        if self.from <= self.until {
            (self.from..=self.until).contains(&day)
        } else {
            day >= self.from || day <= self.until
        }
    }
}

impl Exception {
    fn until(&self) -> Date {
        self.until.map_or(self.from.0, |day| day.0)
    }
}

impl Definition {
    /// The exception that covers a day.
    pub(super) fn exception(&self, date: Date) -> Option<&Exception> {
        // Sorted by `check`, and none overlap.
        let i = self.exception.partition_point(|e| e.get_ref().from.0 <= date);
        self.exception.get(i.checked_sub(1)?).map(Spanned::get_ref).filter(|e| date <= e.until())
    }

    /// The hours of a day of this kind.
    pub(super) fn hours_on(&self, date: Date, kind: DayKind) -> &Hours {
        if let Some(exception) = self.exception(date) {
            return &exception.hours;
        }
        if !self.open_on.contains(&kind) {
            return Hours::NONE;
        }
        let day = MonthDay::of(date);
        self.season.iter().map(Spanned::get_ref).find(|season| season.covers(day)).map_or(&self.hours, |s| &s.hours)
    }

    /// Refuses what leaves a day without an answer, or with two. Says where, in bytes, if it is not the whole.
    pub(super) fn check(&mut self) -> Result<(), (Option<usize>, String)> {
        let name = &self.name;
        if self.open_on.is_empty() {
            return Err((
                None,
                format!("calendar `{name}` is open on no kind of day; leave open_on out, or name some"),
            ));
        }
        if self.hours.is_empty() && self.season.is_empty() {
            return Err((None, format!("calendar `{name}` has no hours at all; say hours = [\"09:00-12:00\", …]")));
        }
        if let Some(empty) = self.season.iter().find(|season| season.get_ref().hours.is_empty()) {
            let why = format!("a season of calendar `{name}` has no hours; closures are written as exceptions");
            return Err((Some(empty.span().start), why));
        }
        self.check_seasons()?;
        self.check_exceptions()
    }

    fn check_seasons(&self) -> Result<(), (Option<usize>, String)> {
        let name = &self.name;
        // Any leap year.
        for day in days::all().take(366).map(MonthDay::of) {
            let mut seasons = self.season.iter().filter(|season| season.get_ref().covers(day));
            match (seasons.next(), seasons.next()) {
                (Some(_), Some(second)) => {
                    let why =
                        format!("two seasons of calendar `{name}` hold {day}; let one end before the other begins");
                    return Err((Some(second.span().start), why));
                }
                (None, _) if self.hours.is_empty() => {
                    let why = format!(
                        "calendar `{name}` has a hole: no season holds {day}; add one, or hours for the rest of the year"
                    );
                    return Err((None, why));
                }
                (Some(_) | None, None) | (None, Some(_)) => {}
            }
        }
        Ok(())
    }

    fn check_exceptions(&mut self) -> Result<(), (Option<usize>, String)> {
        let name = &self.name;
        for exception in &self.exception {
            let (at, exception) = (Some(exception.span().start), exception.get_ref());
            let (from, until) = (exception.from.0, exception.until());
            if until < from {
                return Err((
                    at,
                    format!("`{}` of calendar `{name}` ends on {until}, before it begins on {from}", exception.name),
                ));
            }
            if from.year() < FIRST_YEAR || until.year() > LAST_YEAR {
                return Err((
                    at,
                    format!(
                        "`{}` of calendar `{name}` is outside the years {FIRST_YEAR} to {LAST_YEAR}",
                        exception.name
                    ),
                ));
            }
        }
        self.exception.sort_by_key(|e| e.get_ref().from.0);
        for pair in self.exception.windows(2) {
            if let [a, b] = pair
                && b.get_ref().from.0 <= a.get_ref().until()
            {
                let (first, second) = (&a.get_ref().name, &b.get_ref().name);
                let why = format!(
                    "`{first}` and `{second}` of calendar `{name}` both hold {}; say each day once",
                    b.get_ref().from.0
                );
                return Err((Some(b.span().start), why));
            }
        }
        Ok(())
    }
}

/// A date as TOML writes it, without quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(pub(super) Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let wrong = || D::Error::custom("must be a date without quotes and time, like 2026-10-01");
        let read = toml::value::Datetime::deserialize(from).map_err(|_| wrong())?;
        let (Some(date), None) = (read.date, read.time) else { return Err(wrong()) };
        let year = i16::try_from(date.year).map_err(|_| wrong())?;
        let part = |n: u8| i8::try_from(n).map_err(|_| wrong());
        Date::new(year, part(date.month)?, part(date.day)?).map(Self).map_err(|_| wrong())
    }
}
