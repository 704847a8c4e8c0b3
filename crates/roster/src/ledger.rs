//! Who was given how much, and how much would have been their part.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use suban_domain::PersonCode;

use crate::Assignment;

/// How much work a ticket is, in points that a city chooses (an ordinary ticket is 1, or the minutes it takes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Effort(pub u32);

impl Default for Effort {
    fn default() -> Self {
        Self(1)
    }
}

/// Parts are kept in millionths of a point.
pub(crate) const FINE: u64 = 1_000_000;

/// What a period's assignments add up to. Every ticket is a debt of everybody who served then, in equal
/// parts, and paid by the one who got it; whoever owes most is next. So people who serve together end equal, and
/// nobody works off the time they were away.
///
/// The caller begins a new one when a new period begins, and keeps it as it keeps tickets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger(BTreeMap<PersonCode, Account>);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Account {
    tickets: u32,
    /// Points.
    given: u64,
    /// Millionths of points.
    part: u64,
}

impl Ledger {
    /// Nothing given yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in an assignment that was carried out.
    pub fn record(&mut self, assignment: &Assignment) {
        for (person, part) in &assignment.parts {
            self.0.entry(person.clone()).or_default().part += part;
        }
        let account = self.0.entry(assignment.person.clone()).or_default();
        account.tickets += 1;
        account.given += u64::from(assignment.effort.0);
    }

    /// Effort given to somebody.
    #[must_use]
    pub fn given(&self, person: &PersonCode) -> u64 {
        self.0.get(person).map_or(0, |account| account.given)
    }

    /// Tickets given to somebody.
    #[must_use]
    pub fn tickets(&self, person: &PersonCode) -> u32 {
        self.0.get(person).map_or(0, |account| account.tickets)
    }

    /// What somebody was given beyond their part, in millionths of a point; negative: less. All together are zero.
    #[must_use]
    pub fn balance(&self, person: &PersonCode) -> i64 {
        let Some(account) = self.0.get(person) else { return 0 };
        let fine = |points: u64| i64::try_from(points).unwrap_or(i64::MAX);
        fine(account.given.saturating_mul(FINE)).saturating_sub(fine(account.part))
    }

    /// Everybody in it.
    pub fn people(&self) -> impl Iterator<Item = &PersonCode> {
        self.0.keys()
    }
}

/// Equal parts of an effort that add up to it: what does not divide goes, a millionth each, to the first.
pub(crate) fn parts(effort: Effort, among: &[&PersonCode]) -> Vec<(PersonCode, u64)> {
    let whole = u64::from(effort.0) * FINE;
    let n = u64::try_from(among.len()).unwrap_or(1).max(1);
    let part = |(i, person): (u64, &&PersonCode)| ((*person).clone(), whole / n + u64::from(i < whole % n));
    (0..).zip(among).map(part).collect()
}
