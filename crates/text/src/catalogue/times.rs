//! When a row counts: hours of the day and days of the calendar, both by the city's own clock.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};
use suban_domain::Malformed;

/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// Between several ranges of one cell.
const LIST: char = '|';

/// Hours of the day, to the minute: `22:00-06:00`, or several, `12:00-14:00|22:00-06:00`. A range begins at its
/// first minute and ends before its last; one that ends earlier than it begins runs past midnight.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hours(Vec<(u16, u16)>);

impl Hours {
    /// Does the range hold this time of the day?
    #[must_use]
    pub fn contains(&self, time: Time) -> bool {
        let hour = u16::try_from(time.hour()).unwrap_or(0);
        let minute = hour * 60 + u16::try_from(time.minute()).unwrap_or(0);
        self.pieces().any(|(from, to)| (from..to).contains(&minute))
    }

    /// Is there a minute that both hold?
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.pieces().any(|(from, to)| other.pieces().any(|(a, b)| from < b && a < to))
    }

    /// Minutes of the day at which the answer of [`Hours::contains`] may change.
    pub(super) fn edges(&self) -> impl Iterator<Item = u16> {
        self.0.iter().flat_map(|(from, to)| [*from, *to % DAY])
    }

    /// The ranges, cut at midnight.
    fn pieces(&self) -> impl Iterator<Item = (u16, u16)> {
        self.0.iter().flat_map(|&(from, to)| if from < to { [(from, to), (0, 0)] } else { [(from, DAY), (0, to)] })
    }
}

/// The time of day so many minutes after midnight.
pub(super) fn time_of(minute: u16) -> Time {
    let part = |n: u16| i8::try_from(n).unwrap_or(0);
    Time::new(part(minute / 60 % 24), part(minute % 60), 0, 0).unwrap_or(Time::midnight())
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once([':', '：'])?;
    let digits = |s: &str| (1..=2).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour) || minute.len() != 2 || !digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let of_day = hour * 60 + minute;
    (minute < 60 && of_day <= DAY).then_some(of_day)
}

impl FromStr for Hours {
    type Err = Malformed;
    fn from_str(s: &str) -> Result<Self, Malformed> {
        let wrong = || Malformed::new("hours", "must be like 22:00-06:00, several with | between them");
        let mut ranges: Vec<(u16, u16)> = Vec::new();
        for range in s.split(LIST) {
            let (from, to) = range.split_once(['-', '–', '—', '~', '～']).ok_or_else(wrong)?;
            let (from, to) = (minute(from).ok_or_else(wrong)?, minute(to).ok_or_else(wrong)?);
            if from == to || from == DAY || (from, to) == (0, DAY) {
                return Err(Malformed::new(
                    "hours",
                    "must leave a part of the day out; leave the cell empty for all day",
                ));
            }
            let range = Self(vec![(from, to)]);
            if Self(ranges.clone()).meets(&range) {
                return Err(Malformed::new("hours", "must not overlap each other"));
            }
            ranges.push((from, to));
        }
        Ok(Self(ranges))
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (from, to)) in self.0.iter().enumerate() {
            let bar = if n == 0 { "" } else { "|" };
            write!(f, "{bar}{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Hours {
    type Error = Malformed;
    fn try_from(s: String) -> Result<Self, Malformed> {
        s.parse()
    }
}

impl From<Hours> for String {
    fn from(hours: Hours) -> Self {
        hours.to_string()
    }
}

/// The days on which a row is in force: from its first to its last, both included; open where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Days {
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

impl Days {
    /// Is the row in force on this day?
    #[must_use]
    pub fn contains(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }

    /// Is there a day that both hold?
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let before =
            |until: Option<Date>, from: Option<Date>| until.zip(from).is_some_and(|(until, from)| until < from);
        !before(self.until, other.from) && !before(other.until, self.from)
    }

    /// Days on which the answer of [`Days::contains`] may change.
    pub(super) fn edges(&self) -> impl Iterator<Item = Date> {
        self.from.into_iter().chain(self.until.and_then(|until| until.tomorrow().ok()))
    }
}

/// A day as people and spreadsheets write it: `2027-01-01`, `2027/1/1`, `2027年1月1日`.
pub(super) struct Day(pub(super) Date);

impl FromStr for Day {
    type Err = Malformed;
    fn from_str(s: &str) -> Result<Self, Malformed> {
        let wrong = || Malformed::new("date", "must be a day of the calendar like 2027-01-31");
        let parts: Vec<&str> = s.trim_end_matches('日').split(['-', '/', '.', '年', '月']).collect();
        let [year, month, day] = parts.as_slice() else { return Err(wrong()) };
        if year.len() != 4 {
            return Err(wrong());
        }
        let (Ok(year), Ok(month), Ok(day)) = (year.parse(), month.parse(), day.parse()) else { return Err(wrong()) };
        Date::new(year, month, day).map(Day).map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(text: &str) -> Hours {
        text.parse().unwrap()
    }

    #[test]
    fn hours_run_past_midnight_and_end_before_their_last_minute() {
        let night = hours("22:00-06:00");
        for (minute, holds) in [(22 * 60, true), (0, true), (359, true), (360, false), (1319, false)] {
            assert_eq!(night.contains(time_of(minute)), holds, "{minute}");
        }
        assert_eq!(hours("22：00～6:00").to_string(), "22:00-06:00");
        assert_eq!(hours("12:00-14:00|22:00-06:00").to_string(), "12:00-14:00|22:00-06:00");
        assert!(hours("18:00-24:00").contains(time_of(1439)));
    }

    #[test]
    fn hours_that_say_nothing_are_refused() {
        for wrong in [
            "",
            "22",
            "22-06",
            "25:00-06:00",
            "22:60-06:00",
            "22:00-22:00",
            "00:00-24:00",
            "22:00-6:0",
            "1:00-3:00|2:00-4:00",
        ] {
            assert!(wrong.parse::<Hours>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn days_hold_their_first_and_their_last() {
        let day = |s: &str| s.parse::<Day>().unwrap().0;
        let year = Days { from: Some(day("2027-01-01")), until: Some(day("2027/12/31")) };
        assert!(year.contains(day("2027年1月1日")) && year.contains(day("2027-12-31")));
        assert!(!year.contains(day("2026-12-31")) && !year.contains(day("2028-01-01")));
        assert!(year.meets(&Days::default()));
        assert!(!year.meets(&Days { from: Some(day("2028-01-01")), until: None }));
        for wrong in ["2027-02-30", "27-1-1", "2027-01", "tomorrow", ""] {
            assert!(wrong.parse::<Day>().is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn two_ranges_meet_when_some_minute_is_in_both(a in 0..DAY, b in 0..DAY, c in 0..DAY, d in 0..DAY) {
            proptest::prop_assume!(a != b && c != d);
            let (one, two) = (Hours(vec![(a, b)]), Hours(vec![(c, d)]));
            let both = (0..DAY).any(|m| one.contains(time_of(m)) && two.contains(time_of(m)));
            proptest::prop_assert_eq!(one.meets(&two), both);
            proptest::prop_assert_eq!(one.to_string().parse::<Hours>().ok(), Some(one));
        }
    }
}
