//! Requests into values and values into replies, where a request is not to be trusted.
//!
//! Every function reads one field and answers with what is wrong with it; services collect the answers
//! under the fields' paths (`FieldErrors::take`), so that a caller learns everything at once. Absent is
//! not wrong here: a field that is required says so through [`required`].

use std::{fmt, str::FromStr};

use prost_types::{Duration, Timestamp};
use suban_domain::{At, Flags, Malformed, Point, Span, TicketId, TicketNumber};

use crate::{Listed, Wire, WireError, v1};

/// A ticket as a caller names it: both spellings are accepted everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TicketRef {
    /// By the number that people read out.
    Number(TicketNumber),
    /// By its id.
    Id(TicketId),
}

impl FromStr for TicketRef {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Malformed::new("ticket", "is missing: give its number or its id"));
        }
        // Every number begins with SB, and no UUID does.
        if text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("SB")) {
            text.parse()
                .map(Self::Number)
                .map_err(|e: suban_domain::NumberError| Malformed::new("ticket", e.to_string()))
        } else {
            text.parse()
                .map(Self::Id)
                .map_err(|_| Malformed::new("ticket", "must be a number such as SB261124000042X, or a UUID"))
        }
    }
}

impl fmt::Display for TicketRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

/// The value, or "is missing".
///
/// # Errors
/// When there is none.
pub fn required<T>(what: &'static str, value: Option<T>) -> Result<T, Malformed> {
    value.ok_or_else(|| Malformed::new(what, "is missing"))
}

/// A code, an id or a number; an empty text means none.
///
/// # Errors
/// When the text is neither empty nor what `T` asks for.
pub fn given<T: FromStr>(text: &str) -> Result<Option<T>, T::Err> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some) }
}

/// A value of a closed list that must be said.
///
/// # Errors
/// When it is unspecified (0) or the list has no such number.
pub fn choice<T: Listed>(number: i32) -> Result<T, Malformed> {
    T::from_number(number).ok_or_else(|| {
        Malformed::new(
            T::NAME,
            if number == 0 {
                "must be said; it is left unspecified".to_owned()
            } else {
                format!("has no value with number {number}")
            },
        )
    })
}

/// A value of a closed list that may be left unspecified (0).
///
/// # Errors
/// When the list has no such number.
pub fn choice_given<T: Listed>(number: i32) -> Result<Option<T>, Malformed> {
    if number == 0 { Ok(None) } else { choice(number).map(Some) }
}

/// A field that is `optional` in the contract: absent is fine, unspecified is not.
///
/// # Errors
/// When it is there and unspecified, or the list has no such number.
pub fn choice_present<T: Listed>(number: Option<i32>) -> Result<Option<T>, Malformed> {
    number.map(choice).transpose()
}

/// Several values of a closed list, each said.
///
/// # Errors
/// As [`choice`], for the first that is wrong.
pub fn choices<T: Listed>(numbers: &[i32]) -> Result<Vec<T>, Malformed> {
    numbers.iter().map(|&number| choice(number)).collect()
}

/// How a reply shows a value that may be unknown: its number, or 0.
#[must_use]
pub fn shown<T: Listed>(value: Option<T>) -> i32 {
    value.map_or(0, Listed::number)
}

/// The instant of a timestamp; finer than microseconds is cut off.
///
/// # Errors
/// When it is out of the range that `google.protobuf.Timestamp` allows (years 1 to 9999).
pub fn at(stamp: Timestamp) -> Result<At, Malformed> {
    const FIRST: i64 = -62_135_596_800;
    const LAST: i64 = 253_402_300_799;
    if !(FIRST..=LAST).contains(&stamp.seconds) || !(0..1_000_000_000).contains(&stamp.nanos) {
        return Err(Malformed::new("time", "must lie in the years 1 to 9999, with 0 to 999,999,999 nanoseconds"));
    }
    Ok(At::from_micros(stamp.seconds * 1_000_000 + i64::from(stamp.nanos / 1000)))
}

/// The instant of a timestamp that may be absent.
///
/// # Errors
/// As [`at`].
pub fn at_given(stamp: Option<Timestamp>) -> Result<Option<At>, Malformed> {
    stamp.map(at).transpose()
}

/// An instant as replies show it.
#[must_use]
pub fn timestamp(at: At) -> Timestamp {
    let micros = at.micros();
    Timestamp {
        seconds: micros.div_euclid(1_000_000),
        nanos: i32::try_from(micros.rem_euclid(1_000_000) * 1000).unwrap_or_default(),
    }
}

/// A span that must be longer than nothing.
///
/// # Errors
/// When it is absent, not positive, or longer than ten thousand years.
pub fn span(length: Option<Duration>) -> Result<Span, Malformed> {
    const LONGEST: i64 = 315_576_000_000;
    let length = required("length of time", length)?;
    if !(0..=LONGEST).contains(&length.seconds) || !(0..1_000_000_000).contains(&length.nanos) {
        return Err(Malformed::new("length of time", "must be positive and at most ten thousand years"));
    }
    let micros = length.seconds * 1_000_000 + i64::from(length.nanos / 1000);
    if micros == 0 {
        return Err(Malformed::new("length of time", "must be longer than nothing"));
    }
    Ok(Span::micros(micros))
}

/// A span as replies show it.
#[must_use]
pub fn duration(span: Span) -> Duration {
    let micros = span.as_micros();
    Duration { seconds: micros / 1_000_000, nanos: i32::try_from(micros % 1_000_000 * 1000).unwrap_or_default() }
}

/// A point that may be absent.
///
/// # Errors
/// When it is no point on earth, or 0,0.
pub fn point(given: Option<v1::Point>) -> Result<Option<Point>, Malformed> {
    given.map(|p| Point::new(p.lat, p.lon)).transpose()
}

/// Flags; absent means none of them.
///
/// # Errors
/// Never today; flags that later get a rule would answer here.
pub fn flags(given: Option<v1::Flags>) -> Result<Flags, WireError> {
    given.map_or_else(|| Ok(Flags::default()), Wire::from_wire)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use suban_domain::{Kind, UnitCode};

    use super::*;

    proptest! {
        #[test]
        fn every_instant_of_the_calendar_survives(seconds in -62_135_596_800i64..253_402_300_799, micros in 0i64..1_000_000) {
            let instant = At::from_micros(seconds * 1_000_000 + micros);
            prop_assert_eq!(at(timestamp(instant)), Ok(instant));
        }

        #[test]
        fn every_positive_span_survives(micros in 1i64..100_000_000_000_000) {
            prop_assert_eq!(span(Some(duration(Span::micros(micros)))), Ok(Span::micros(micros)));
        }

        #[test]
        fn no_timestamp_overflows(seconds in any::<i64>(), nanos in any::<i32>()) {
            let _ = at(Timestamp { seconds, nanos });
            let _ = span(Some(Duration { seconds, nanos }));
        }
    }

    #[test]
    fn a_ticket_is_named_by_number_or_id() {
        let number = TicketNumber::new(26, 11, 24, 42);
        assert_eq!(number.as_str().to_lowercase().parse(), Ok(TicketRef::Number(number)));
        let id = "01935c00-0000-7000-8000-000000000001";
        assert_eq!(id.parse(), Ok(TicketRef::Id(id.parse().unwrap())));
    }

    #[test]
    fn a_wrong_ticket_is_told_what_is_wrong() {
        let told = |text: &str| text.parse::<TicketRef>().unwrap_err().problem;
        assert!(told("").contains("missing"));
        assert!(told("SB261124000042A").contains("check character"), "{}", told("SB261124000042A"));
        assert!(told("42").contains("UUID"));
        assert!(told("号").contains("UUID"));
    }

    #[test]
    fn unspecified_is_refused_where_a_value_is_required() {
        assert!(choice::<Kind>(0).is_err());
        assert!(choice::<Kind>(8).is_err());
        assert_eq!(choice::<Kind>(3), Ok(Kind::Complaint));
        assert_eq!(choice_given::<Kind>(0), Ok(None));
        assert!(choice_present::<Kind>(Some(0)).is_err());
        assert_eq!(choice_present::<Kind>(None), Ok(None));
        assert!(choices::<Kind>(&[1, 0]).is_err());
        assert_eq!((shown::<Kind>(None), shown(Some(Kind::Other))), (0, 7));
    }

    #[test]
    fn an_empty_code_is_none_and_a_bad_one_is_refused() {
        assert_eq!(given::<UnitCode>(""), Ok(None));
        assert_eq!(given::<UnitCode>("QH03"), Ok(Some(UnitCode::new("QH03").unwrap())));
        assert!(given::<UnitCode>("QH 03").is_err());
    }

    #[test]
    fn a_span_is_longer_than_nothing() {
        assert!(span(None).is_err());
        assert!(span(Some(Duration { seconds: 0, nanos: 999 })).is_err());
        assert!(span(Some(Duration { seconds: -1, nanos: 0 })).is_err());
    }

    #[test]
    fn a_point_in_the_gulf_of_guinea_is_no_fix() {
        assert!(point(Some(v1::Point { lat: 0.0, lon: 0.0 })).is_err());
        assert!(point(Some(v1::Point { lat: f64::NAN, lon: 114.0 })).is_err());
        assert_eq!(point(None), Ok(None));
    }
}
