//! The counts of all combinations, and the order in which outcomes come to count.

use std::collections::HashMap;

use super::{
    counts::{Cell, Cells, UnitNumber},
    keys::{Combination, Known, combinations, key},
    kin::{self, Here, Kin},
    schema::Schema,
};

/// Everything that was counted, and what is derived from it and from the schema.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Counted {
    /// Each after those coarser.
    pub(super) combinations: Vec<Combination>,
    /// Those of the matter alone, coarse to fine.
    pub(super) matters: Vec<usize>,
    /// Where kinship is asked.
    pub(super) heres: Vec<Here>,
    /// The cells of each combination.
    pub(super) cells: Vec<Cells>,
    /// Who is kin to whom.
    pub(super) kin: Kin,
    /// Each unit's whole work, in forward weights.
    work: Vec<f64>,
}

impl Counted {
    pub(super) fn new(schema: &Schema) -> Self {
        let combinations = combinations(schema);
        Self {
            matters: kin::matters(&combinations),
            heres: kin::heres(&combinations),
            cells: vec![Cells::new(); combinations.len()],
            combinations,
            kin: Kin::default(),
            work: Vec::new(),
        }
    }

    /// Kinds of evidence there are.
    pub(super) fn kinds(&self) -> usize {
        self.combinations.len() + self.heres.len()
    }

    /// Units that have been counted: their numbers are below this.
    pub(super) fn units(&self) -> usize {
        self.work.len()
    }

    /// A unit's whole work, in forward weights.
    pub(super) fn work(&self, unit: UnitNumber) -> f64 {
        self.work.get(unit as usize).copied().unwrap_or(0.0)
    }

    /// The cell of a row in each combination.
    pub(super) fn cells(&self, known: &Known) -> Vec<Option<&Cell>> {
        let pairs = self.combinations.iter().zip(&self.cells);
        pairs.map(|(combination, cells)| cells.get(&key(known, &combination.levels)?)).collect()
    }

    /// Counts an outcome.
    pub(super) fn add(&mut self, known: &Known, unit: UnitNumber, weight: f64) {
        for (combination, cells) in self.combinations.iter().zip(&mut self.cells) {
            if let Some(key) = key(known, &combination.levels) {
                cells.entry(key).or_default().add(unit, weight);
            }
        }
    }

    /// Gives what units had to their heirs.
    pub(super) fn pass_on(&mut self, heirs: &HashMap<UnitNumber, Vec<(UnitNumber, f64)>>) {
        self.cells.iter_mut().flat_map(HashMap::values_mut).for_each(|cell| cell.pass_on(heirs));
    }

    /// Brings what is derived from the cells up to date with them.
    pub(super) fn derive(&mut self) {
        let all = || self.cells[0].values().flat_map(|cell| &cell.units);
        self.work = vec![0.0; all().map(|(unit, _)| *unit as usize + 1).max().unwrap_or(0)];
        for &(unit, weight) in all() {
            self.work[unit as usize] = weight;
        }
        if let (Some(&finest), false) = (self.matters.last(), self.heres.is_empty()) {
            self.kin = Kin::of(&self.cells[finest], &self.work);
        }
    }
}
