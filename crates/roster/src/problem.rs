//! What is wrong with the tables, by row and column.

use std::fmt;

use serde::Serialize;

/// One of the five tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Table {
    /// `people.csv`.
    #[serde(rename = "people.csv")]
    People,
    /// `shifts.csv`.
    #[serde(rename = "shifts.csv")]
    Shifts,
    /// `duty.csv`.
    #[serde(rename = "duty.csv")]
    Duty,
    /// `exceptions.csv`.
    #[serde(rename = "exceptions.csv")]
    Exceptions,
    /// `deputies.csv`.
    #[serde(rename = "deputies.csv")]
    Deputies,
}

impl Table {
    /// Every table, in the order in which they build on each other.
    pub const ALL: [Self; 5] = [Self::People, Self::Shifts, Self::Duty, Self::Exceptions, Self::Deputies];

    /// What its sheet is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Shifts => "shifts",
            Self::Duty => "duty",
            Self::Exceptions => "exceptions",
            Self::Deputies => "deputies",
        }
    }
}

/// The name of its file.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.csv", self.name())
    }
}

/// Something in the tables that must be put right before there is a roster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// In which table.
    pub file: Table,
    /// On which line; the heading is line 1.
    pub row: u32,
    /// In which column; empty where it is about the whole line.
    pub column: String,
    /// What is wrong, and what would be right.
    pub text: String,
}

impl Problem {
    pub(crate) fn new(file: Table, row: u32, column: &str, text: impl Into<String>) -> Self {
        Self { file, row, column: column.to_owned(), text: text.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gap = if self.column.is_empty() { "" } else { " " };
        write!(f, "{}:{}{gap}{}: {}", self.file, self.row, self.column, self.text)
    }
}

/// Everything wrong with a roster, in the order of the tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the roster has {} problem(s)", self.0.len())?;
        self.0.iter().try_for_each(|p| write!(f, "\n  {p}"))
    }
}

impl std::error::Error for Problems {}
