//! When a shift runs: its times, its days, and its rotation.

use std::{fmt, str::FromStr};

use jiff::{
    ToSpan as _,
    civil::{Date, DateTime, Weekday},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};
use suban_domain::{At, Malformed, calendar::DayKind};

use crate::Group;

const DAY: u16 = 24 * 60;

/// From when until when, by local clocks; at most 24 hours, and over midnight where it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Times {
    /// Minutes of the day on which it begins.
    from: u16,
    /// Minutes from the same midnight, so more than 24 hours where it ends on the next day.
    until: u16,
}

impl Times {
    /// From two texts, `08:30` and `18:00`. An end that is not later than the beginning, or carries `+1`, is on the
    /// next day: `08:30` until `08:30` is 24 hours.
    ///
    /// # Errors
    /// When a text is no time of the day, or the shift would be longer than 24 hours.
    pub fn parse(from: &str, until: &str) -> Result<Self, Malformed> {
        let refuse = |problem: String| Malformed::new("shift", problem);
        let no_time = |text: &str| refuse(format!("`{text}` is no time of the day; write it like 08:30"));
        let (clock, next) = until.strip_suffix("+1").map_or((until, false), |clock| (clock, true));
        let begin = minutes(from).filter(|m| *m < DAY).ok_or_else(|| no_time(from))?;
        let end = minutes(clock).ok_or_else(|| no_time(until))?;
        let end = if next || end <= begin { end + DAY } else { end };
        if end - begin > DAY {
            let (hours, minutes) = ((end - begin) / 60, (end - begin) % 60);
            let long = if minutes == 0 { format!("{hours} hours") } else { format!("{hours} h {minutes} min") };
            return Err(refuse(format!(
                "from {from} until {until} is {long} long; nobody serves more than 24 hours, make it two shifts"
            )));
        }
        Ok(Self { from: begin, until: end })
    }

    /// The instants at which it begins and ends when it begins on `date`.
    #[must_use]
    pub fn on(self, date: Date, zone: &TimeZone) -> (At, At) {
        (instant(midnight(date, self.from), zone), instant(midnight(date, self.until), zone))
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, until) = (self.from, self.until % DAY);
        let next = if self.until > DAY { "+1" } else { "" };
        let until = if self.until == DAY { DAY } else { until };
        write!(f, "{:02}:{:02}-{:02}:{:02}{next}", from / 60, from % 60, until / 60, until % 60)
    }
}

fn midnight(date: Date, minutes: u16) -> DateTime {
    date.to_datetime(jiff::civil::Time::midnight()).saturating_add(i64::from(minutes).minutes())
}

/// When local clocks show this: a time that is skipped means later, one that comes twice the first.
pub(crate) fn instant(local: DateTime, zone: &TimeZone) -> At {
    zone.to_timestamp(local).map_or(At::from_micros(i64::MAX), At::from)
}

/// Minutes since midnight, up to 24:00.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<u16>().ok()).flatten();
    let (hour, minute) = (two(hour)?, two(minute).filter(|_| minute.len() == 2)?);
    (minute < 60 && hour <= 24 && hour * 60 + minute <= DAY).then_some(hour * 60 + minute)
}

/// On which days a shift begins: kinds of day by the unit's calendar, weekdays, or both; every day when nothing is
/// said. Written `workday|makeup`, `holiday`, `mon|tue`, `workday|fri` (Fridays that are worked).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Days {
    kinds: Vec<DayKind>,
    weekdays: Vec<Weekday>,
}

const KINDS: [DayKind; 4] = [DayKind::Workday, DayKind::Weekend, DayKind::Holiday, DayKind::Makeup];
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl Days {
    /// Does a shift begin on this day? The kind is asked for only where it matters.
    pub(crate) fn hold(&self, date: Date, kind: impl FnOnce() -> DayKind) -> bool {
        (self.weekdays.is_empty() || self.weekdays.contains(&date.weekday()))
            && (self.kinds.is_empty() || self.kinds.contains(&kind()))
    }
}

impl FromStr for Days {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut days = Self::default();
        for word in text.split('|').map(str::trim).filter(|word| !word.is_empty()) {
            if let Some(kind) = KINDS.iter().find(|kind| kind.code() == word) {
                days.kinds.push(*kind);
            } else if let Some((_, weekday)) = WEEKDAYS.iter().find(|(code, _)| *code == word) {
                days.weekdays.push(*weekday);
            } else {
                return Err(Malformed::new(
                    "days",
                    format!("`{word}` is no kind of day; write workday, weekend, holiday, makeup, or mon to sun"),
                ));
            }
        }
        Ok(days)
    }
}

impl TryFrom<String> for Days {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

impl From<Days> for String {
    fn from(days: Days) -> Self {
        let kinds = days.kinds.iter().map(|kind| kind.code());
        let weekdays = WEEKDAYS.iter().filter(|(_, day)| days.weekdays.contains(day)).map(|(code, _)| *code);
        kinds.chain(weekdays).collect::<Vec<_>>().join("|")
    }
}

/// A rotation: one letter a day, from an anchor on and before it: `ABCD` from 2026-01-01 is group B's on the 2nd.
/// `-` is nobody's day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cycle {
    letters: Vec<Option<Group>>,
    anchor: Date,
}

impl Cycle {
    /// From its letters and the date of the first of them.
    ///
    /// # Errors
    /// When there are none, more than a year's, or something else than letters.
    pub fn new(letters: &str, anchor: Date) -> Result<Self, Malformed> {
        let letter = |c: char| if c == '-' { Ok(None) } else { Group::try_from(c).map(Some) };
        let wrong = |problem: &str| Malformed::new("cycle", problem);
        let letters: Vec<_> = letters
            .chars()
            .map(letter)
            .collect::<Result<_, _>>()
            .map_err(|_| wrong("must be one letter of A to Z a day, like AABBCCDD; - is nobody's day"))?;
        match letters.len() {
            0 => Err(wrong("is empty; write one letter a day, like ABCD")),
            1..=366 => Ok(Self { letters, anchor }),
            _ => Err(wrong("is longer than a year; write dated lines in duty.csv instead")),
        }
    }

    /// Whose day it is.
    #[must_use]
    pub fn on(&self, date: Date) -> Option<Group> {
        let days = days_between(self.anchor, date);
        let place = days.rem_euclid(i32::try_from(self.letters.len()).unwrap_or(1));
        self.letters.get(usize::try_from(place).unwrap_or(0)).copied().flatten()
    }

    /// Has it a day for this group?
    pub(crate) fn has(&self, group: Group) -> bool {
        self.letters.contains(&Some(group))
    }

    pub(crate) const fn anchor(&self) -> Date {
        self.anchor
    }
}

fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(0, |span| span.get_days())
}
