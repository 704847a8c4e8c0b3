//! The openings of a day, and days of the year without a year.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One opening. Seconds of the local day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    /// Its first moment.
    pub from: u32,
    /// The first moment after it, at most 24:00.
    pub until: u32,
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |s: u32| format!("{:02}:{:02}", s / 3600, s / 60 % 60);
        write!(f, "{}-{}", clock(self.from), clock(self.until))
    }
}

/// The openings of a day, in order and apart from each other; none on a day off. Written `["09:00-12:00", …]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Hours(Vec<Opening>);

impl Hours {
    /// No hours at all.
    pub(super) const NONE: &'static Self = &Self(Vec::new());

    /// One after the other.
    #[must_use]
    pub fn openings(&self) -> &[Opening] {
        &self.0
    }

    /// Closed all day?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Vec<String>> for Hours {
    type Error = String;

    fn try_from(texts: Vec<String>) -> Result<Self, String> {
        let mut openings = texts.iter().map(|text| opening(text)).collect::<Result<Vec<_>, _>>()?;
        openings.sort_unstable();
        for pair in openings.windows(2) {
            if let [a, b] = pair
                && b.from < a.until
            {
                return Err(format!("hours {a} and {b} overlap; write each moment once"));
            }
        }
        Ok(Self(openings))
    }
}

impl From<Hours> for Vec<String> {
    fn from(hours: Hours) -> Self {
        hours.0.iter().map(ToString::to_string).collect()
    }
}

fn opening(text: &str) -> Result<Opening, String> {
    let wrong = |why: &str| format!("hours `{text}` {why}");
    let clock = |part: &str| {
        let (hour, minute) = part.trim().split_once(':')?;
        let two = |digits: &str| (digits.len() == 2).then(|| digits.parse::<u8>().ok()).flatten();
        Some((u32::from(two(hour)?), u32::from(two(minute)?)))
    };
    let (from, until) = text.split_once(['-', '–']).ok_or_else(|| wrong("must be written like 09:00-12:00"))?;
    let seconds = |part: &str| {
        let (hour, minute) = clock(part).ok_or_else(|| wrong("must be written like 09:00-12:00"))?;
        if minute > 59 || hour * 60 + minute > 24 * 60 {
            return Err(wrong("leave the day, which has 24 hours of 60 minutes: 24:00 is its end"));
        }
        Ok(hour * 3600 + minute * 60)
    };
    let opening = Opening { from: seconds(from)?, until: seconds(until)? };
    if opening.from < opening.until {
        Ok(opening)
    } else {
        Err(wrong("end before they begin; a night is written as two, like 22:00-24:00 and 00:00-06:00"))
    }
}

/// A day of any year, written `05-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct MonthDay {
    pub(super) month: i8,
    pub(super) day: i8,
}

impl MonthDay {
    pub(super) fn of(date: jiff::civil::Date) -> Self {
        Self { month: date.month(), day: date.day() }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (month, day) = text.split_once('-')?;
        let (month, day) = (month.parse().ok()?, day.parse().ok()?);
        // Any leap year.
        jiff::civil::Date::new(2000, month, day).ok().map(|_| Self { month, day })
    }
}

impl TryFrom<String> for MonthDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is no day of the year; write month and day like 05-01"))
    }
}

impl fmt::Display for MonthDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}-{:02}", self.month, self.day)
    }
}
