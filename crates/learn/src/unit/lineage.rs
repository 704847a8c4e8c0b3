//! What units were called, and who came after them.
//!
//! Offices are renamed, merged and split; what the old one handled says what the new one will. An alias is
//! another spelling, valid always; a succession holds from its day on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A unit's work goes to others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Succession {
    /// Who ends.
    pub unit: String,
    /// First day on which the heirs are in charge, in days since 1970-01-01.
    pub from_day: i32,
    /// Who takes over, each with its part of the work; parts need not add up to one.
    pub heirs: Vec<(String, f64)>,
}

/// Aliases and successions of all units.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Told", into = "Told")]
pub struct Lineage {
    aliases: BTreeMap<String, String>,
    successions: BTreeMap<String, (i32, Vec<(String, f64)>)>,
}

/// Why a lineage cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineageError {
    /// Two successions of one unit.
    #[error("the unit {0:?} ends twice: keep the succession that holds")]
    Twice(String),
    /// Nobody takes over, or somebody a part that is no part.
    #[error("the heirs of {0:?} need parts above zero, and there must be one heir at least")]
    NoHeir(String),
    /// A unit comes after itself.
    #[error("{0:?} comes after itself: give a unit that was set up again a new code")]
    Circle(String),
}

impl Lineage {
    /// A lineage of aliases (another spelling, the unit's code) and successions.
    ///
    /// # Errors
    /// When a unit ends twice or without an heir, or comes after itself.
    pub fn new(
        aliases: impl IntoIterator<Item = (String, String)>,
        successions: impl IntoIterator<Item = Succession>,
    ) -> Result<Self, LineageError> {
        let mut lineage = Self { aliases: aliases.into_iter().collect(), successions: BTreeMap::new() };
        for Succession { unit, from_day, heirs } in successions {
            let all: f64 = heirs.iter().map(|(_, part)| part).sum();
            if heirs.iter().any(|(_, part)| *part <= 0.0) || !(all > 0.0 && all.is_finite()) {
                return Err(LineageError::NoHeir(unit));
            }
            let heirs = heirs.into_iter().map(|(heir, part)| (heir, part / all)).collect();
            if lineage.successions.insert(unit.clone(), (from_day, heirs)).is_some() {
                return Err(LineageError::Twice(unit));
            }
        }
        let names: Vec<&String> = lineage.aliases.keys().chain(lineage.successions.keys()).collect();
        match names.into_iter().find(|name| lineage.returns_to(name)) {
            Some(name) => Err(LineageError::Circle(name.clone())),
            None => Ok(lineage),
        }
    }

    /// Who does on `day` what `unit` did, with each one's part; the parts add up to one.
    #[must_use]
    pub fn heirs<'l>(&'l self, unit: &'l str, day: i32) -> Vec<(&'l str, f64)> {
        let mut found = Vec::new();
        let mut open = vec![(unit, 1.0)];
        while let Some((unit, part)) = open.pop() {
            match self.next(unit, day) {
                Some(heirs) => open.extend(heirs.into_iter().map(|(heir, share)| (heir, part * share))),
                None => found.push((unit, part)),
            }
        }
        found
    }

    fn next<'l>(&'l self, unit: &str, day: i32) -> Option<Vec<(&'l str, f64)>> {
        if let Some(code) = self.aliases.get(unit) {
            return Some(vec![(code, 1.0)]);
        }
        let (from_day, heirs) = self.successions.get(unit)?;
        (*from_day <= day).then(|| heirs.iter().map(|(heir, part)| (heir.as_str(), *part)).collect())
    }

    fn returns_to(&self, name: &str) -> bool {
        let mut seen = std::collections::BTreeSet::new();
        let mut open = vec![name];
        while let Some(unit) = open.pop() {
            for (heir, _) in self.next(unit, i32::MAX).unwrap_or_default() {
                if heir == name {
                    return true;
                }
                if seen.insert(heir) {
                    open.push(heir);
                }
            }
        }
        false
    }
}

/// A lineage as it is written down.
#[derive(Serialize, Deserialize)]
struct Told {
    aliases: BTreeMap<String, String>,
    successions: Vec<Succession>,
}

impl TryFrom<Told> for Lineage {
    type Error = LineageError;

    fn try_from(told: Told) -> Result<Self, LineageError> {
        Self::new(told.aliases, told.successions)
    }
}

impl From<Lineage> for Told {
    fn from(lineage: Lineage) -> Self {
        let one = |(unit, (from_day, heirs))| Succession { unit, from_day, heirs };
        Self { aliases: lineage.aliases, successions: lineage.successions.into_iter().map(one).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(unit: &str, from_day: i32, heirs: &[(&str, f64)]) -> Succession {
        let heirs = heirs.iter().map(|(heir, part)| ((*heir).to_owned(), *part)).collect();
        Succession { unit: unit.to_owned(), from_day, heirs }
    }

    #[test]
    fn a_succession_holds_from_its_day_on_and_through_further_ones() {
        let aliases = [("城管局".to_owned(), "1583".to_owned())];
        let successions = [ends("1583", 10, &[("9001", 3.0), ("9002", 1.0)]), ends("9002", 20, &[("9003", 1.0)])];
        let lineage = Lineage::new(aliases, successions).unwrap();
        assert_eq!(lineage.heirs("城管局", 9), [("1583", 1.0)]);
        assert_eq!(lineage.heirs("城管局", 10), [("9002", 0.25), ("9001", 0.75)]);
        assert_eq!(lineage.heirs("1583", 20), [("9003", 0.25), ("9001", 0.75)]);
        assert_eq!(lineage.heirs("another", 20), [("another", 1.0)]);
    }

    #[test]
    fn a_lineage_that_cannot_be_says_why() {
        let told = |successions: Vec<Succession>| Lineage::new([], successions).unwrap_err();
        assert_eq!(told(vec![ends("a", 1, &[("a", 1.0)])]), LineageError::Circle("a".to_owned()));
        let circle = vec![ends("a", 1, &[("b", 1.0)]), ends("b", 9, &[("a", 1.0)])];
        assert_eq!(told(circle), LineageError::Circle("a".to_owned()));
        assert_eq!(told(vec![ends("a", 1, &[])]), LineageError::NoHeir("a".to_owned()));
        assert_eq!(told(vec![ends("a", 1, &[("b", -1.0)])]), LineageError::NoHeir("a".to_owned()));
        let twice = vec![ends("a", 1, &[("b", 1.0)]), ends("a", 2, &[("c", 1.0)])];
        assert_eq!(told(twice), LineageError::Twice("a".to_owned()));
    }
}
