//! What came in.

use std::collections::HashMap;

use jiff::civil::Date;
use suban_domain::{At, Kind};

/// When something came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// Some time on this day.
    Day(Date),
    /// At this moment, which is on this day of the file's clock.
    At(Date, At),
}

impl When {
    /// The day.
    #[must_use]
    pub const fn day(self) -> Date {
        match self {
            Self::Day(day) | Self::At(day, _) => day,
        }
    }
}

/// One arrival, as a file tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// When it came.
    pub when: When,
    /// Who did it in the end.
    pub unit: String,
    /// What the citizen wants.
    pub kind: Kind,
    /// Place and matter: two with the same may be one.
    pub same: Vec<String>,
    /// What was known when it came, in the order of [`Arrivals::features`].
    pub features: Vec<String>,
}

/// All of them, in order of time.
#[derive(Debug, Clone, Default)]
pub struct Arrivals {
    pub(crate) rows: Vec<Row>,
    units: Vec<String>,
    features: Vec<String>,
}

/// An arrival with numbers for names.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) when: When,
    pub(crate) unit: usize,
    pub(crate) kind: Kind,
    /// Equal for arrivals that may be one matter.
    pub(crate) same: usize,
    pub(crate) features: Vec<String>,
}

impl Arrivals {
    /// In whatever order they are given; those of one day stay as they stand.
    #[must_use]
    pub fn new(features: Vec<String>, arrivals: Vec<Arrival>) -> Self {
        let (mut units, mut numbers, mut matters) = (Vec::new(), HashMap::new(), HashMap::new());
        let mut rows = Vec::with_capacity(arrivals.len());
        for arrival in arrivals {
            let unit = *numbers.entry(arrival.unit.clone()).or_insert_with(|| {
                units.push(arrival.unit.clone());
                units.len() - 1
            });
            let next = matters.len();
            let same = *matters.entry(arrival.same).or_insert(next);
            rows.push(Row { when: arrival.when, unit, kind: arrival.kind, same, features: arrival.features });
        }
        rows.sort_by_key(|row| (row.when.day(), row.when));
        Self { rows, units, features }
    }

    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// None at all?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// First and last day.
    #[must_use]
    pub fn days(&self) -> Option<(Date, Date)> {
        Some((self.rows.first()?.when.day(), self.rows.last()?.when.day()))
    }

    /// Units by number.
    #[must_use]
    pub fn units(&self) -> &[String] {
        &self.units
    }

    /// Names of what is known when one comes.
    #[must_use]
    pub fn features(&self) -> &[String] {
        &self.features
    }
}
