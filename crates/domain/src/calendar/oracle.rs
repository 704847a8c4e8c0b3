//! The slow way, to check the fast one: one minute after the other, with rules and dates written down a second time.
//!
//! Nothing here is shared with the calendar but its time zones and the types of its questions. Each minute of
//! [`FIRST`] to [`LAST`] knows what local clocks show and whether it is worked; every answer is found by walking.
//! Random cases come from a seed, so that a disagreement can be asked again by its number.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, Time, Weekday, date},
    tz::TimeZone,
};

use super::{Allowance, Calendar, CalendarError, Calendars, Measure, Pause, Source};
use crate::{At, Span};

/// The first day that the oracle knows.
pub const FIRST: Date = date(2025, 6, 3);
/// The last day that the oracle knows.
pub const LAST: Date = date(2026, 12, 31);

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 1440;

/// Days off in China, weekends aside, and weekend days that are worked, from [`FIRST`] to [`LAST`].
const OFF: [(Date, Date); 8] = [
    (date(2025, 10, 1), date(2025, 10, 8)),
    (date(2026, 1, 1), date(2026, 1, 3)),
    (date(2026, 2, 15), date(2026, 2, 23)),
    (date(2026, 4, 4), date(2026, 4, 6)),
    (date(2026, 5, 1), date(2026, 5, 5)),
    (date(2026, 6, 19), date(2026, 6, 21)),
    (date(2026, 9, 25), date(2026, 9, 27)),
    (date(2026, 10, 1), date(2026, 10, 7)),
];
const WORKED: [Date; 8] = [
    date(2025, 9, 28),
    date(2025, 10, 11),
    date(2026, 1, 4),
    date(2026, 2, 14),
    date(2026, 2, 28),
    date(2026, 5, 9),
    date(2026, 9, 20),
    date(2026, 10, 10),
];

/// Calendars beside those that ship: seasons, a closure, and clocks that are moved in and out of working hours.
const FURTHER: &str = r#"
[[calendar]]
name = "summer"
zone = "Asia/Shanghai"
holidays = "cn"
hours = ["09:00-12:00", "14:00-18:00"]
[[calendar.season]]
from = "06-01"
until = "09-30"
hours = ["08:30-12:00", "15:00-18:30"]
[[calendar.exception]]
from = 2026-03-05
until = 2026-03-06
hours = []
name = "removal"
[[calendar.exception]]
from = 2026-03-07
hours = ["10:00-11:00"]
name = "open day"

[[calendar]]
name = "new-york"
zone = "America/New_York"
hours = ["09:00-17:00"]

[[calendar]]
name = "new-york-nights"
zone = "America/New_York"
open_on = ["workday", "weekend"]
hours = ["00:30-01:30", "02:15-04:00", "22:00-24:00"]
"#;

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn off_in_china(day: Date) -> bool {
    (is_weekend(day) && !WORKED.contains(&day)) || OFF.iter().any(|(from, until)| (*from..=*until).contains(&day))
}

/// The openings of a day, in minutes of it.
type Rule = fn(Date) -> &'static [(i64, i64)];

const RULES: [(&str, Rule); 5] = [
    ("sz", |day| if off_in_china(day) { &[] } else { &[(540, 720), (840, 1080)] }),
    ("duty", |_| &[(0, 1440)]),
    ("summer", |day| match (day.year(), day.month(), day.day()) {
        (2026, 3, 5 | 6) => &[],
        (2026, 3, 7) => &[(600, 660)],
        _ if off_in_china(day) => &[],
        (_, 6..=9, _) => &[(510, 720), (900, 1110)],
        _ => &[(540, 720), (840, 1080)],
    }),
    ("new-york", |day| if is_weekend(day) { &[] } else { &[(540, 1020)] }),
    ("new-york-nights", |_| &[(30, 90), (135, 240), (1320, 1440)]),
];

/// A question to a calendar, in whole minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// [`Calendar::due`].
    Due(At, Allowance),
    /// [`Calendar::subtract`].
    Subtract(At, Allowance),
    /// [`Calendar::between`].
    Between(Measure, At, At),
    /// [`Calendar::next_opening`].
    NextOpening(At),
}

/// A question with the pauses that apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What is asked.
    pub question: Question,
    /// When clocks stand still.
    pub pauses: Vec<Pause>,
}

impl Case {
    /// What the calendar answers, in microseconds.
    ///
    /// # Errors
    /// As the calendar.
    pub fn ask(&self, calendar: &Calendar) -> Result<i64, CalendarError> {
        Ok(match self.question {
            Question::Due(from, allowance) => calendar.due(from, allowance, &self.pauses)?.micros(),
            Question::Subtract(at, allowance) => calendar.subtract(at, allowance, &self.pauses)?.micros(),
            Question::Between(measure, a, b) => calendar.between(measure, a, b, &self.pauses)?.as_micros(),
            Question::NextOpening(at) => calendar.next_opening(at)?.micros(),
        })
    }
}

/// A calendar and its minutes.
#[derive(Debug, Clone)]
pub struct Oracle {
    /// The calendar that is checked.
    pub calendar: std::sync::Arc<Calendar>,
    /// The first minute, since 1970-01-01T00:00Z.
    begin: i64,
    /// What clocks show in each minute, in minutes since 1970-01-01T00:00.
    local: Vec<i64>,
    /// Is it worked?
    works: Vec<bool>,
    /// Natural time: as many minutes, in each of which the clock runs.
    always: Vec<bool>,
}

impl Oracle {
    /// All calendars that can be checked.
    ///
    /// # Errors
    /// When a calendar cannot be made.
    pub fn all() -> Result<Vec<Self>, CalendarError> {
        let calendars = Calendars::with(&[Source { file: "oracle.rs", text: FURTHER }], &[])?;
        RULES.iter().map(|(name, rule)| Ok(Self::new(calendars.named(name)?.clone(), *rule))).collect()
    }

    fn new(calendar: std::sync::Arc<Calendar>, rule: Rule) -> Self {
        let days: Vec<Date> = FIRST.series(1.day()).take_while(|day| *day <= LAST).collect();
        let zone = calendar.zone();
        let midnight = |zone: &TimeZone| {
            let midnight = zone.to_timestamp(FIRST.to_datetime(Time::midnight()));
            midnight.map_or(0, |midnight| midnight.as_second() / 60)
        };
        let (begin, first) = (midnight(zone), midnight(&TimeZone::UTC));
        let (local, works): (Vec<_>, Vec<_>) = (begin..)
            .map_while(|minute| {
                let at = Timestamp::from_second(minute * 60).ok()?;
                let local = minute + i64::from(zone.to_offset(at).seconds()) / 60;
                let day = days.get(usize::try_from((local - first) / DAY).ok()?)?;
                let of_day = local.rem_euclid(DAY);
                let works = rule(*day).iter().any(|(from, until)| (*from..*until).contains(&of_day));
                Some((local, works))
            })
            .unzip();
        let always = vec![true; works.len()];
        Self { calendar, begin, local, works, always }
    }

    /// The right answer, in microseconds; none when walking leaves the minutes that are known.
    #[must_use]
    pub fn answer(&self, case: &Case) -> Option<i64> {
        let measure = match case.question {
            Question::Between(measure, ..) => measure,
            Question::Due(_, Allowance::Natural(_)) | Question::Subtract(_, Allowance::Natural(_)) => Measure::Natural,
            Question::Due(..) | Question::Subtract(..) | Question::NextOpening(_) => Measure::Working,
        };
        // The minutes in which the clock runs.
        let mut runs = match measure {
            Measure::Natural => self.always.clone(),
            Measure::Working => self.works.clone(),
        };
        for pause in &case.pauses {
            let (from, until) = pause.ends();
            runs.get_mut(self.place(from)?..self.place(until)?)?.fill(false);
        }
        let minutes = |span: Span| span.as_micros() / MINUTE;
        let place = match case.question {
            Question::Between(_, a, b) => {
                let between = runs.get(self.place(a.min(b))?..self.place(a.max(b))?)?;
                let passed = i64::try_from(between.iter().filter(|runs| **runs).count()).ok()?;
                return Some(if b < a { -passed } else { passed } * MINUTE);
            }
            Question::NextOpening(at) => self.opening(self.place(at)?)?,
            Question::Due(from, Allowance::Working(span) | Allowance::Natural(span)) => {
                let (mut i, mut left) = (self.place(from)?, minutes(span));
                while left > 0 {
                    left -= i64::from(*runs.get(i)?);
                    i += 1;
                }
                i
            }
            Question::Subtract(at, Allowance::Working(span) | Allowance::Natural(span)) => {
                let (mut i, mut left) = (self.place(at)?, minutes(span));
                while left > 0 {
                    i = i.checked_sub(1)?;
                    left -= i64::from(*runs.get(i)?);
                }
                i
            }
            Question::Due(from, Allowance::Days(n)) => {
                let mut i = self.place(from)?;
                let mut due = self.opening(self.same_time(i, n, 1)?)?;
                while i < due {
                    if self.works[i] && !runs[i] {
                        due = self.opening(due)? + 1;
                    }
                    i += 1;
                }
                due
            }
            Question::Subtract(at, Allowance::Days(n)) => {
                let mut i = self.place(at)?;
                let mut start = self.opening(self.same_time(i, n, -1)?)?;
                while i > start {
                    i -= 1;
                    if self.works[i] && !runs[i] {
                        start = self.closing(start)? - 1;
                    }
                }
                start
            }
        };
        Some((self.begin + i64::try_from(place).ok()?) * MINUTE)
    }

    fn place(&self, at: At) -> Option<usize> {
        usize::try_from(at.micros() / MINUTE - self.begin).ok().filter(|i| *i <= self.works.len())
    }

    /// The first working minute from `i` on.
    fn opening(&self, i: usize) -> Option<usize> {
        Some(i + self.works.get(i..)?.iter().position(|works| *works)?)
    }

    /// The end of the last working minute before `i`.
    fn closing(&self, i: usize) -> Option<usize> {
        Some(self.works.get(..i)?.iter().rposition(|works| *works)? + 1)
    }

    /// The minute with the local time of minute `i` on the nth working day after (or, with -1, before) its day.
    fn same_time(&self, i: usize, n: u32, step: i64) -> Option<usize> {
        let local = *self.local.get(i)?;
        let (mut day, mut left) = (local.div_euclid(DAY), n);
        while left > 0 {
            day += step;
            left -= u32::from(self.minutes_of(day)?.any(|i| self.works[i]));
        }
        let wanted = day * DAY + local.rem_euclid(DAY);
        // Clocks that are moved forward by an hour skip what they would show; it is then an hour later.
        let shown = |wanted: i64| self.minutes_of(day)?.find(|i| self.local[*i] == wanted);
        shown(wanted).or_else(|| shown(wanted + 60))
    }

    /// The places of the minutes of a local day.
    fn minutes_of(&self, day: i64) -> Option<impl Iterator<Item = usize>> {
        // No clock is moved by more than two hours in all.
        let about = usize::try_from(day * DAY - self.local.first()?).ok()?;
        let near = about.saturating_sub(120)..(about + 1440 + 120).min(self.local.len());
        Some(near.filter(move |i| self.local[*i].div_euclid(DAY) == day))
    }

    /// A random case; the same for the same seed and number.
    #[must_use]
    pub fn case(seed: u64, number: u64) -> Case {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ number.wrapping_mul(0xD134_2543_DE82_EF95));
        // From October 2025 to August 2026: room for two months and their pauses on either side.
        let middle = |dice: &mut Dice| 1_759_300_000 / 60 + dice.below(330 * DAY);
        let begin = middle(&mut dice);
        let at = |minute: i64| At::from_micros(minute * MINUTE);
        let pauses = (0..dice.below(11))
            .filter_map(|_| {
                let from = begin - 30 * DAY + dice.below(60 * DAY);
                let lasts = if dice.below(2) == 0 { dice.below(600) } else { dice.below(4 * DAY) };
                Pause::new(at(from), at(from + lasts)).ok()
            })
            .collect();
        let allowance = match dice.below(4) {
            0 => Allowance::Natural(Span::minutes(dice.below(60 * DAY))),
            1 => Allowance::Days(u32::try_from(dice.below(41)).unwrap_or(0)),
            2 => Allowance::Working(Span::minutes(dice.below(600))),
            _ => Allowance::Working(Span::minutes(dice.below(60 * 280))),
        };
        let question = match dice.below(8) {
            0..=3 => Question::Due(at(begin), allowance),
            4 | 5 => Question::Subtract(at(begin), allowance),
            6 => {
                let measure = if dice.below(4) == 0 { Measure::Natural } else { Measure::Working };
                Question::Between(measure, at(begin), at(begin - 60 * DAY + dice.below(120 * DAY)))
            }
            _ => Question::NextOpening(at(begin)),
        };
        Case { question, pauses }
    }
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        i64::try_from(z >> 1).unwrap_or(0) % n.max(1)
    }
}
