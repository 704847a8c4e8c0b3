//! What calendars refuse.

use super::{FIRST_YEAR, LAST_YEAR};

/// Why a calendar cannot be made, or cannot answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Data that does not make sense.
    #[error("{file}, line {line}: {problem}")]
    Data {
        /// Which file, as its reader called it.
        file: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A time before or after all years covered.
    #[error("{at} is outside the years {FIRST_YEAR} to {LAST_YEAR}, which calendar `{calendar}` covers")]
    Beyond {
        /// Which calendar was asked.
        calendar: String,
        /// The time or date.
        at: String,
    },
    /// The answer lies before or after all years covered.
    #[error("calendar `{calendar}` has not so much working time in the years {FIRST_YEAR} to {LAST_YEAR}")]
    Exhausted {
        /// Which calendar was asked.
        calendar: String,
    },
    /// A calendar that nobody defined.
    #[error("there is no calendar `{name}`; there are: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A pause that ends before it begins.
    #[error("a pause from {from} cannot end at {until}, which is earlier")]
    Pause {
        /// Its beginning.
        from: crate::At,
        /// Its end.
        until: crate::At,
    },
}
