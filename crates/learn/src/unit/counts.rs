//! Who handled what, counted so that the recent weighs more.
//!
//! A row of day `d` weighs 2^(d / half-life), and is read at day `t` by 2^(-t / half-life): old rows fade
//! without being touched, and the order in which they arrive makes no difference (forward decay, Cormode et
//! al. 2009).

use std::collections::HashMap;

use super::keys::Key;

/// A unit's number inside a model.
pub(super) type UnitNumber = u32;

/// What one value of a combination has seen, in forward weights.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Cell {
    /// Weight of all rows.
    pub(super) total: f64,
    /// Weight by unit, in the order in which the units came.
    pub(super) units: Vec<(UnitNumber, f64)>,
}

impl Cell {
    pub(super) fn add(&mut self, unit: UnitNumber, weight: f64) {
        self.total += weight;
        match self.units.iter_mut().find(|(known, _)| *known == unit) {
            Some((_, sum)) => *sum += weight,
            None => {
                // Most cells know one unit or two, and there are many cells.
                if self.units.len() < 4 {
                    self.units.reserve_exact(1);
                }
                self.units.push((unit, weight));
            }
        }
    }

    /// Weight of a unit.
    pub(super) fn of(&self, unit: UnitNumber) -> f64 {
        self.units.iter().find(|(known, _)| *known == unit).map_or(0.0, |(_, weight)| *weight)
    }

    /// Gives what units had to their successors.
    pub(super) fn pass_on(&mut self, heirs: &HashMap<UnitNumber, Vec<(UnitNumber, f64)>>) {
        if self.units.iter().any(|(unit, _)| heirs.contains_key(unit)) {
            let old = std::mem::take(self);
            for (unit, weight) in old.units {
                match heirs.get(&unit) {
                    Some(shares) => shares.iter().for_each(|&(heir, share)| self.add(heir, weight * share)),
                    None => self.add(unit, weight),
                }
            }
        }
    }
}

/// The cells of one combination.
pub(super) type Cells = HashMap<Key, Cell>;

/// What is left on `day` of a weight of one on day `from`: one half after every half-life.
pub(super) fn left(from: i32, day: i32, half_life_days: f64) -> f64 {
    ((f64::from(from) - f64::from(day)) / half_life_days).exp2()
}
