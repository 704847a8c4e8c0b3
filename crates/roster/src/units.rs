//! Which units there are, and which are teams of which.

use std::collections::BTreeMap;

use serde::Deserialize;
use suban_domain::UnitCode;

/// Units and their teams, by code: the catalogue's `units.csv`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Units(BTreeMap<UnitCode, Option<UnitCode>>);

#[derive(Deserialize)]
struct Row {
    code: UnitCode,
    parent: Option<UnitCode>,
}

impl Units {
    /// From the columns `code` and `parent` of a table of units; other columns are for others.
    ///
    /// # Errors
    /// Says which line is none.
    pub fn parse(csv: &str) -> Result<Self, String> {
        let csv = csv.trim_start_matches('\u{feff}');
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(csv.as_bytes());
        let rows = reader.deserialize().collect::<Result<Vec<Row>, _>>();
        Ok(rows.map_err(|e| format!("the table of units: {e}"))?.into_iter().map(|r| (r.code, r.parent)).collect())
    }

    /// Is there such a unit or team?
    #[must_use]
    pub fn has(&self, code: &UnitCode) -> bool {
        self.0.contains_key(code)
    }

    /// The unit that a team is part of; none for a unit.
    #[must_use]
    pub fn parent(&self, code: &UnitCode) -> Option<&UnitCode> {
        self.0.get(code)?.as_ref()
    }

    /// The units, without their teams.
    pub fn units(&self) -> impl Iterator<Item = &UnitCode> {
        self.0.iter().filter(|(_, parent)| parent.is_none()).map(|(code, _)| code)
    }

    /// The teams of a unit.
    pub fn teams<'a>(&'a self, unit: &'a UnitCode) -> impl Iterator<Item = &'a UnitCode> {
        self.0.iter().filter(move |(_, parent)| parent.as_ref() == Some(unit)).map(|(code, _)| code)
    }
}

/// Codes, each with its parent if it is a team.
impl FromIterator<(UnitCode, Option<UnitCode>)> for Units {
    fn from_iter<I: IntoIterator<Item = (UnitCode, Option<UnitCode>)>>(units: I) -> Self {
        Self(units.into_iter().collect())
    }
}
