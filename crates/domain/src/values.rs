//! Small values with rules of their own: instants, spans, ids, codes, places.
//!
//! They are parsed once, at the edge; inside the core a bare `String` is a question.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A value that does not follow the rule of its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {problem}")]
pub struct Malformed {
    /// Which kind of value was meant, for example `unit code`.
    pub what: &'static str,
    /// What is wrong with it and what would be right; never the value itself, which may be personal.
    pub problem: String,
}

impl Malformed {
    /// A refusal of a value of kind `what`.
    pub fn new(what: &'static str, problem: impl Into<String>) -> Self {
        Self { what, problem: problem.into() }
    }
}

/// An instant: microseconds since 1970-01-01T00:00:00Z, the precision Postgres keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct At(i64);

impl At {
    /// From microseconds since the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since the epoch, rounded towards the past: what a UUIDv7 carries.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This instant and `span` later; saturates at the ends of time.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// This instant and `span` earlier; saturates at the ends of time.
    #[must_use]
    pub const fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// The time from `earlier` to this instant; negative when it is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// The same instant for calendars and zones.
    #[must_use]
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }
}

impl From<jiff::Timestamp> for At {
    fn from(t: jiff::Timestamp) -> Self {
        Self(t.as_microsecond())
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp())
    }
}

/// A span of time in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(i64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From microseconds.
    #[must_use]
    pub const fn micros(n: i64) -> Self {
        Self(n)
    }
    /// From seconds.
    #[must_use]
    pub const fn seconds(n: i64) -> Self {
        Self(n.saturating_mul(1_000_000))
    }
    /// From minutes.
    #[must_use]
    pub const fn minutes(n: i64) -> Self {
        Self::seconds(n.saturating_mul(60))
    }
    /// From hours.
    #[must_use]
    pub const fn hours(n: i64) -> Self {
        Self::minutes(n.saturating_mul(60))
    }
    /// From days of 24 hours.
    #[must_use]
    pub const fn days(n: i64) -> Self {
        Self::hours(n.saturating_mul(24))
    }
    /// In microseconds.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }
    /// In whole seconds, rounded towards zero.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0 / 1_000_000
    }
    /// `percent` hundredths of this span.
    #[must_use]
    pub const fn percent(self, percent: i64) -> Self {
        Self((self.0 as i128 * percent as i128 / 100) as i64)
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps an id that was made by `suban_runtime::Ids` or read back from the store.
            #[must_use]
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }
            /// The id itself.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = Malformed;
            fn from_str(s: &str) -> Result<Self, Malformed> {
                Uuid::parse_str(s).map(Self).map_err(|_| Malformed::new(stringify!($name), "must be a UUID"))
            }
        }
    };
}

uuid_id! {
    /// One ticket, time-ordered (UUIDv7). People use its [`crate::TicketNumber`].
    TicketId
}
uuid_id! {
    /// One requester's record of personal data. Destroying its key erases the person (design §6).
    RequesterId
}
uuid_id! {
    /// Words kept in the texts table; events carry only this (design §2).
    TextId
}
uuid_id! {
    /// One file that came with a ticket: a photograph, a document.
    FileId
}
uuid_id! {
    /// One contact record: a call or message, whatever came of it (D§5.5).
    ContactId
}

/// A code that people choose: text of letters, digits and a few marks, checked where it is made. Used by every crate
/// that has such a code; each needs `serde`.
#[macro_export]
macro_rules! code {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            #[doc = concat!("Parses a ", $what, ": 1 to ", stringify!($max), " letters, digits, `-`, `_`, `.`, `:` or `/`.")]
            ///
            /// # Errors
            /// Says what is wrong, without repeating the value.
            pub fn new(code: impl Into<String>) -> Result<Self, $crate::Malformed> {
                let code = code.into();
                let good = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | '@');
                if code.is_empty() {
                    Err($crate::Malformed::new($what, "is empty"))
                } else if code.chars().count() > $max {
                    Err($crate::Malformed::new($what, concat!("is longer than ", stringify!($max), " characters")))
                } else if !code.chars().all(good) {
                    Err($crate::Malformed::new($what, "has a character other than letters, digits and -_.:/@"))
                } else {
                    Ok(Self(code))
                }
            }
            /// The code as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::Malformed;
            fn try_from(s: String) -> Result<Self, $crate::Malformed> {
                Self::new(s)
            }
        }
        impl From<$name> for String {
            fn from(c: $name) -> String {
                c.0
            }
        }
        impl ::std::str::FromStr for $name {
            type Err = $crate::Malformed;
            fn from_str(s: &str) -> Result<Self, $crate::Malformed> {
                Self::new(s)
            }
        }
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

code! {
    /// A handling unit (承办单位), or a team inside one.
    UnitCode, "unit code", 64
}
code! {
    /// A place in the gazetteer: district, sub-district, community or grid. Children begin with their parent's code.
    AreaCode, "area code", 32
}
code! {
    /// A row of the responsibility catalogue (事项清单).
    MatterCode, "matter code", 64
}
code! {
    /// Somebody who acts, by the account name of the staff directory; never a citizen's name.
    PersonCode, "person code", 64
}
code! {
    /// Where a ticket came from, for example `hotline` or `messages-2019` (D§4 R-CHN-1).
    SourceSystem, "source system", 64
}
code! {
    /// The id that the source gave; unique within channel and source system (D§4 R-CHN-1).
    SourceId, "source id", 128
}
code! {
    /// What makes a repeated command the same command. Chosen by the caller; unique within a ticket.
    RequestId, "request id", 64
}
code! {
    /// A version of something people argue about: catalogue, limits, reading. For example `demo:3`.
    VersionCode, "version", 64
}

impl AreaCode {
    /// Is `other` this area or a place inside it?
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }
}

/// A point in WGS-84 degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Latitude, −90 to 90.
    pub lat: f64,
    /// Longitude, −180 to 180.
    pub lon: f64,
}

impl Point {
    /// A point on earth.
    ///
    /// # Errors
    /// When a coordinate is no number or out of range, or both are 0 (the usual "no fix" of a phone).
    pub fn new(lat: f64, lon: f64) -> Result<Self, Malformed> {
        if !(lat.is_finite() && lon.is_finite() && lat.abs() <= 90.0 && lon.abs() <= 180.0) {
            return Err(Malformed::new("coordinates", "must be degrees: latitude within ±90, longitude within ±180"));
        }
        if lat == 0.0 && lon == 0.0 {
            return Err(Malformed::new(
                "coordinates",
                "are 0,0, which is no place in a city; leave them out if unknown",
            ));
        }
        Ok(Self { lat, lon })
    }

    /// Metres to another point of the same city; the earth is flat that far.
    #[must_use]
    pub fn metres(self, other: Self) -> f64 {
        const DEGREE_M: f64 = 111_320.0;
        let north = (self.lat - other.lat) * DEGREE_M;
        let east = (self.lon - other.lon) * DEGREE_M * self.lat.to_radians().cos();
        north.hypot(east)
    }
}

/// SHA-256 of what must be compared and not kept: a blind phone index, normalised words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl FromStr for Hash {
    type Err = Malformed;
    fn from_str(s: &str) -> Result<Self, Malformed> {
        let bad = || Malformed::new("hash", "must be 64 hexadecimal digits");
        if s.len() != 64 || !s.is_ascii() {
            return Err(bad());
        }
        let mut out = [0; 32];
        for (i, byte) in out.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&s[2 * i..2 * i + 2], 16).map_err(|_| bad())?;
        }
        Ok(Self(out))
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Who acts: taken from the caller's token, never from the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// In which role (D§3).
    pub role: crate::Role,
    /// Which account.
    pub person: PersonCode,
    /// For which unit, where the role belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitCode>,
    /// For which area, where the role is bound to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<AreaCode>,
}
