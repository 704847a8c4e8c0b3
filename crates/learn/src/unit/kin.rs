//! Units of one kind: the law-enforcement team of this street is kin to those of the others.
//!
//! Units are kin when they get the same matters. A matter that went to one street's team, but never happened
//! here, probably goes to this street's team: kin of those who had the matter, weighed by how much of their
//! work lies in this place.

use super::counts::{Cell, Cells, UnitNumber};

/// How probably a matter of one unit goes to another: Σ over matters of P(matter | one) · P(other | matter).
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kin {
    units: usize,
    share: Vec<f32>,
}

impl Kin {
    /// From the cells of the finest matters.
    pub(super) fn of(matters: &Cells, all: &Cell, units: usize) -> Self {
        let mut work = vec![0.0; units];
        for &(unit, weight) in &all.units {
            work[unit as usize] = weight;
        }
        let mut share = vec![0.0_f32; units * units];
        // Sums of floats depend on their order, and a map has none of its own.
        let mut keys: Vec<_> = matters.keys().copied().collect();
        keys.sort_unstable();
        for cell in keys.iter().filter_map(|key| matters.get(key)) {
            for &(one, had) in &cell.units {
                let from = had / work[one as usize].max(f64::MIN_POSITIVE) / cell.total.max(f64::MIN_POSITIVE);
                for &(other, has) in &cell.units {
                    #[expect(clippy::cast_possible_truncation, reason = "a share, for which 24 bits are plenty")]
                    let part = (from * has) as f32;
                    share[one as usize * units + other as usize] += part;
                }
            }
        }
        Self { units, share }
    }

    /// How probably the matters of `cell` go to each of `candidates`, by kinship alone.
    pub(super) fn called(&self, cell: &Cell, candidates: &[UnitNumber]) -> Vec<f64> {
        let mut sums = vec![0.0; candidates.len()];
        for &(had, weight) in &cell.units {
            let from = had as usize * self.units;
            let Some(row) = self.share.get(from..from + self.units) else { continue };
            let part = weight / cell.total.max(f64::MIN_POSITIVE);
            for (sum, &unit) in sums.iter_mut().zip(candidates) {
                *sum += part * f64::from(row.get(unit as usize).copied().unwrap_or(0.0));
            }
        }
        sums
    }
}
