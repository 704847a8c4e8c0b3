//! Units of one kind: the law-enforcement team of this street is kin to those of the others.
//!
//! Units are kin when they get the same matters. A matter that went to one street's team, but never happened
//! here, probably goes to this street's team: kin of those who had the matter, weighed by how much of their
//! work lies in this place.

use super::{
    counts::{Cell, Cells, UnitNumber},
    keys::Combination,
};

/// A combination of place alone, and the one that adds the finest matter to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Here {
    /// Place in the list of combinations of the place alone.
    pub(super) place: usize,
    /// Place of the one with the finest matter, which kinship is smoothed by.
    pub(super) with_matter: usize,
}

/// In which combinations kinship is asked: the first chain tells the matter, the second the place.
pub(super) fn heres(combinations: &[Combination]) -> Vec<Here> {
    let finest = combinations.iter().map(|c| c.levels[0]).max().unwrap_or(0);
    let is_place = |c: &Combination| c.levels[0] == 0 && c.levels.get(1).is_some_and(|level| *level > 0);
    let places = combinations.iter().enumerate().filter(|(_, c)| is_place(c));
    places
        .filter_map(|(place, c)| {
            let same = |other: &Combination| other.levels[0] == finest && other.levels[1..] == c.levels[1..];
            Some(Here { place, with_matter: combinations.iter().position(same)? })
        })
        .collect()
}

/// The combinations of the matter alone, coarse to fine.
pub(super) fn matters(combinations: &[Combination]) -> Vec<usize> {
    let alone = |c: &Combination| c.levels[0] > 0 && c.levels[1..].iter().all(|level| *level == 0);
    combinations.iter().enumerate().filter(|(_, c)| alone(c)).map(|(at, _)| at).collect()
}

/// How probably a matter of one unit goes to another: Σ over matters of P(matter | one) · P(other | matter).
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kin {
    units: usize,
    share: Vec<f32>,
}

impl Kin {
    /// From the cells of the finest matters, and each unit's whole work.
    pub(super) fn of(matters: &Cells, work: &[f64]) -> Self {
        let units = work.len();
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
