//! Which unit should get a ticket, told by what really happened.
//!
//! Accepted outcomes are counted under combinations of what is known about a ticket, the recent weighing more
//! ([`Tuning::half_life_days`]). A combination never seen speaks through the coarser ones, and a unit never seen
//! here through its kin elsewhere. A small ranker, itself learned from the outcomes, weighs this evidence into
//! chances, and can say of each what it rests on.
//!
//! An outcome counts from the day on which its own day is closed, never within it. The same schema, lineage,
//! outcomes and closings give the same ranks, bit for bit. What is known at no time is said by the caller:
//! there is no clock here, and days are numbers, such as days since 1970-01-01.

mod counts;
mod evidence;
mod keys;
mod kin;
mod lineage;
mod model;
mod ranker;
mod saved;
mod schema;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc};

use serde::{Deserialize, Serialize};

use self::{
    counts::{UnitNumber, left},
    evidence::Evidence,
    keys::{Known, Paths},
    model::Counted,
    ranker::{Lesson, Ranker, scores, softmax},
};
pub use self::{
    lineage::{Lineage, LineageError, Succession},
    schema::{MOST_CHAINS, Schema, SchemaError, TELLS},
};

/// How the model learns and forgets.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tuning {
    /// Days in which an outcome loses half its weight. Matters move slowly: between 90 and 365 days make little
    /// difference.
    pub half_life_days: f64,
    /// Days in which what the ranker learned loses half its weight. Short, for it is what keeps chances honest.
    pub ranker_half_life_days: f64,
    /// How many outcomes the coarser combinations are worth beside a cell's own.
    pub back_off: f64,
    /// Most units that are weighed for a ticket.
    pub candidates: usize,
    /// Most units that are told, with reasons.
    pub told: usize,
    /// Most outcomes of one closing that the ranker learns from, spread over it; all are counted.
    pub lessons: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            half_life_days: 180.0,
            ranker_half_life_days: 30.0,
            back_off: 3.0,
            candidates: 48,
            told: 10,
            lessons: 400,
        }
    }
}

/// A unit, and why it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// Its code, as the outcomes and the lineage write it.
    pub unit: Arc<str>,
    /// Chance that it is the right one, 0 to 1. All together stay below one by the chance that it is a unit that
    /// is not among the candidates, as new ones are not.
    pub probability: f64,
    /// Sum of the contributions: chances are as e to the power of the score.
    pub score: f64,
    /// What the score is made of, in the order of the evidence.
    pub reasons: Vec<Reason>,
}

/// One kind of evidence for a unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// Names of the features that were looked at together; none for all outcomes.
    pub by: Arc<[String]>,
    /// What it rests on.
    pub kind: Kind,
    /// What it adds to the score, measured from the mean of all candidates.
    pub contribution: f64,
}

/// What a reason rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Outcomes with the same values, faded by their age.
    Seen {
        /// How many this unit had.
        here: f64,
        /// How many there were.
        all: f64,
    },
    /// Units like this one get such matters elsewhere, and this one works in this place.
    Kin,
}

/// The ranker of units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "saved::Saved", into = "saved::Saved")]
pub struct UnitModel {
    schema: Schema,
    tuning: Tuning,
    lineage: Lineage,
    paths: Paths,
    units: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, UnitNumber>,
    counted: Counted,
    ranker: Ranker,
    /// Names of the features of each kind of evidence.
    names: Vec<Arc<[String]>>,
    /// Observed, and not yet closed.
    open: Vec<Outcome>,
    /// The day that weighs one.
    origin: Option<i32>,
    /// The last closing.
    closed: Option<i32>,
}

/// What happened to a ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Outcome {
    known: Known,
    unit: UnitNumber,
    day: i32,
    /// Beside others, 0 to 1.
    #[serde(default = "whole")]
    worth: f64,
}

fn whole() -> f64 {
    1.0
}

impl UnitModel {
    /// A model that has seen nothing.
    #[must_use]
    pub fn new(schema: Schema, lineage: Lineage, tuning: Tuning) -> Self {
        let counted = Counted::new(&schema);
        let of = |at: usize| {
            let levels = counted.combinations[at].levels.iter().zip(schema.chains());
            levels.filter_map(|(level, chain)| chain.get(level.checked_sub(1)?).cloned()).collect()
        };
        let kin = counted.heres.iter().map(|here| here.with_matter);
        let names = (0..counted.combinations.len()).chain(kin).map(of).collect();
        Self {
            paths: Paths::new(&schema),
            ranker: Ranker::new(counted.kinds()),
            units: Vec::new(),
            numbers: HashMap::new(),
            open: Vec::new(),
            origin: None,
            closed: None,
            schema,
            tuning,
            lineage,
            counted,
            names,
        }
    }

    /// What is known about a ticket, in the order in which rows are given.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Takes an accepted outcome of `day`: the values of [`Schema::names`], who it was, and what it is worth, from 0 to
    /// 1 for what is certain. It counts once [`UnitModel::close`] is called.
    pub fn observe(&mut self, row: &[&str], unit: &str, day: i32, worth: f64) {
        let known = self.paths.number(&self.schema, row);
        let unit = self.number(unit);
        self.open.push(Outcome { known, unit, day, worth });
    }

    /// Lets everything observed count, for ranks of `today` and later, and successions due by then happen.
    /// Call it once at the start of a day.
    pub fn close(&mut self, today: i32) {
        let outcomes = std::mem::take(&mut self.open);
        let heirs = self.heirs_due(today);
        self.learn(&outcomes, &heirs, today);
        self.count(&outcomes);
        self.counted.pass_on(&heirs);
        self.counted.derive();
        self.closed = Some(today);
    }

    /// Units for a ticket of `day`, the most probable first, at most [`Tuning::told`]; none before the first
    /// closing of an outcome. Units of equal chance stand in the order in which they were first seen.
    #[must_use]
    pub fn rank(&self, row: &[&str], day: i32) -> Vec<Ranked> {
        let Some(now) = self.worth(day) else { return Vec::new() };
        let evidence = self.evidence(&self.paths.look(&self.schema, row), now);
        let measures = evidence.measures();
        let scores = scores(&self.ranker.weights, &measures);
        let chances = softmax(&scores);
        let among = 1.0 - self.ranker.elsewhere();
        let mut order: Vec<usize> = (0..chances.len()).collect();
        order.sort_by(|&a, &b| {
            chances[b].total_cmp(&chances[a]).then(evidence.candidates[a].cmp(&evidence.candidates[b]))
        });
        let tell = |at: usize| Ranked {
            unit: Arc::clone(&self.units[evidence.candidates[at] as usize]),
            probability: chances[at] * among,
            score: scores[at],
            reasons: self.reasons(&evidence, &measures, at, now),
        };
        order.into_iter().take(self.tuning.told).map(tell).collect()
    }

    /// What a forward weight is worth on `day`; nothing before the first outcome was counted.
    fn worth(&self, day: i32) -> Option<f64> {
        Some(left(self.origin?, day, self.tuning.half_life_days))
    }

    fn evidence(&self, known: &Known, now: f64) -> Evidence<'_> {
        Evidence::of(&self.counted, known, now, self.tuning.back_off, self.tuning.candidates)
    }

    fn reasons(&self, evidence: &Evidence<'_>, measures: &[f64], at: usize, now: f64) -> Vec<Reason> {
        let kinds = self.names.len();
        let mine = &measures[at * kinds * 2..][..kinds * 2];
        let one = |(kind, by): (usize, &Arc<[String]>)| {
            let part = |column: usize| mine[column] * self.ranker.weights[column];
            let seen = evidence.cells.get(kind).map(|cell| Kind::Seen {
                here: cell.map_or(0.0, |cell| cell.of(evidence.candidates[at]) * now),
                all: cell.map_or(0.0, |cell| cell.total * now),
            });
            Reason {
                by: Arc::clone(by),
                kind: seen.unwrap_or(Kind::Kin),
                contribution: part(kind) + part(kinds + kind),
            }
        };
        self.names.iter().enumerate().map(one).collect()
    }

    fn number(&mut self, unit: &str) -> UnitNumber {
        if let Some(number) = self.numbers.get(unit) {
            return *number;
        }
        let number = UnitNumber::try_from(self.units.len()).unwrap_or(UnitNumber::MAX);
        let unit: Arc<str> = Arc::from(unit);
        self.units.push(Arc::clone(&unit));
        self.numbers.insert(unit, number);
        number
    }

    /// Units that have others for heirs on a day, with their parts.
    fn heirs_due(&mut self, day: i32) -> HashMap<UnitNumber, Vec<(UnitNumber, f64)>> {
        let mut due = HashMap::new();
        for (unit, name) in self.units.clone().iter().enumerate() {
            let heirs = self.lineage.heirs(name, day);
            if heirs.iter().any(|(heir, _)| **heir != **name) {
                let heirs: Vec<(String, f64)> = heirs.into_iter().map(|(heir, part)| (heir.to_owned(), part)).collect();
                let heirs = heirs.into_iter().map(|(heir, part)| (self.number(&heir), part)).collect();
                due.insert(UnitNumber::try_from(unit).unwrap_or(UnitNumber::MAX), heirs);
            }
        }
        due
    }

    /// The ranker learns from what could be known before the outcomes counted.
    fn learn(&mut self, outcomes: &[Outcome], heirs: &HashMap<UnitNumber, Vec<(UnitNumber, f64)>>, today: i32) {
        let every = outcomes.len().div_ceil(self.tuning.lessons.max(1)).max(1);
        let lesson = |outcome: &Outcome| {
            let evidence = self.evidence(&outcome.known, self.worth(outcome.day)?);
            let heir = heirs.get(&outcome.unit).and_then(|heirs| heirs.iter().max_by(|a, b| a.1.total_cmp(&b.1)));
            let was = |unit: &UnitNumber| *unit == outcome.unit || heir.is_some_and(|(heir, _)| heir == unit);
            let answer = evidence.candidates.iter().position(was)?;
            Some(Lesson { measures: evidence.measures(), answer, worth: outcome.worth })
        };
        let worths = outcomes.iter().step_by(every).map(|outcome| outcome.worth);
        let asked = if self.origin.is_some() { worths.sum() } else { 0.0 };
        let lessons: Vec<Lesson> = outcomes.iter().step_by(every).filter_map(lesson).collect();
        if let Some(closed) = self.closed {
            self.ranker.fade(left(closed, today.max(closed), self.tuning.ranker_half_life_days));
        }
        self.ranker.learn(&lessons, asked);
    }

    fn count(&mut self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            let origin = *self.origin.get_or_insert(outcome.day);
            let weight = outcome.worth / left(origin, outcome.day, self.tuning.half_life_days);
            self.counted.add(&outcome.known, outcome.unit, weight);
        }
    }
}
