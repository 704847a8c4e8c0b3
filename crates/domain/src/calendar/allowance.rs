//! How long something may take, and by which measure.

use std::{fmt, str::FromStr};

use crate::{Malformed, Span};

/// By which measure time is counted (D§8.2, column "clock").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Day and night (自然时间).
    Natural,
    /// Inside the calendar's hours (工作时间).
    Working,
}

/// The time that something may take (办理时限). A negative span counts as none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Allowance {
    /// Natural time.
    Natural(Span),
    /// Working hours and minutes.
    Working(Span),
    /// Working days: the Nth after the day of the start, at the same local time.
    Days(u32),
}

impl Allowance {
    /// The same letters read as natural time: `2d` is 48 hours.
    ///
    /// # Errors
    /// As for working time.
    pub fn natural(text: &str) -> Result<Self, Malformed> {
        Ok(match text.parse()? {
            Self::Days(n) => Self::Natural(Span::days(i64::from(n))),
            Self::Working(span) | Self::Natural(span) => Self::Natural(span),
        })
    }
}

impl FromStr for Allowance {
    type Err = Malformed;

    /// Reads `10d`, `4h`, `30m` or `1h30m` as working time.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let wrong = || {
            Malformed::new(
                "time limit",
                "must be whole working days like 10d, or hours and minutes like 4h, 30m or 1h30m",
            )
        };
        let too_long = || Malformed::new("time limit", "is longer than any calendar");
        let number = |digits: &str| {
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(wrong());
            }
            digits.parse::<u32>().map_err(|_| too_long())
        };
        if let Some(days) = text.strip_suffix('d') {
            return Ok(Self::Days(number(days)?));
        }
        let (hours, rest) = match text.split_once('h') {
            Some((hours, rest)) => (number(hours)?, rest),
            None => (0, text),
        };
        let minutes = match rest.strip_suffix('m') {
            Some(minutes) => number(minutes)?,
            None if rest.is_empty() && !text.is_empty() => 0,
            None => return Err(wrong()),
        };
        Ok(Self::Working(Span::minutes(i64::from(hours) * 60 + i64::from(minutes))))
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (span, clock) = match self {
            Self::Days(1) => return f.write_str("1 working day"),
            Self::Days(n) => return write!(f, "{n} working days"),
            Self::Working(span) => (span, "working"),
            Self::Natural(span) => (span, "natural"),
        };
        let minutes = span.as_seconds() / 60;
        match (minutes / 60, minutes % 60) {
            (0, m) => write!(f, "{m} min of {clock} time"),
            (h, 0) => write!(f, "{h} h of {clock} time"),
            (h, m) => write!(f, "{h} h {m} min of {clock} time"),
        }
    }
}
