//! What the counts say about each unit that may get a ticket.
//!
//! Every combination gives each candidate a chance, smoothed by the coarser combinations: with `c` of a
//! cell's `n` outcomes, (c + b·p) / (n + b), where p is the mean chance by the combinations next coarser and b
//! says how many outcomes they are worth (Dirichlet smoothing). Where the cell was never seen the coarser
//! ones speak alone. Kinship ([`super::kin`]) adds a chance for each combination of place.

use super::{
    counts::{Cell, UnitNumber},
    keys::Known,
    model::Counted,
};

/// Added to a chance before its logarithm is taken. A unit seen never instead of rarely must not be
/// punished without end: labels are noisy.
const FLOOR: f64 = 1e-3;
/// What the counted chance is worth beside kinship, as a sum of kinship's own chances.
const KIN_SMOOTHING: f64 = 0.03;

/// The candidates for one row, and for each a chance by each kind of evidence.
pub(super) struct Evidence<'c> {
    /// Who may get it.
    pub(super) candidates: Vec<UnitNumber>,
    /// The row's cell in each combination.
    pub(super) cells: Vec<Option<&'c Cell>>,
    /// `kinds × candidates`.
    chances: Vec<f64>,
}

impl<'c> Evidence<'c> {
    /// Of a row, when the counts are worth `now` of their forward weight. Candidates are taken from the finest
    /// cells first, at most `most`.
    pub(super) fn of(counted: &'c Counted, known: &Known, now: f64, back_off: f64, most: usize) -> Self {
        let cells = counted.cells(known);
        let mut place = vec![usize::MAX; counted.units()];
        let mut candidates = Vec::with_capacity(most);
        for (unit, _) in cells.iter().rev().flatten().flat_map(|cell| &cell.units) {
            let place = &mut place[*unit as usize];
            if *place == usize::MAX && candidates.len() < most {
                *place = candidates.len();
                candidates.push(*unit);
            }
        }
        let mut evidence = Self { chances: Vec::new(), candidates, cells };
        evidence.count(counted, &place, now, back_off);
        evidence.ask_kin(counted, &place, now);
        evidence
    }

    fn count(&mut self, counted: &Counted, place: &[usize], now: f64, back_off: f64) {
        let wide = self.candidates.len();
        self.chances.reserve(wide * counted.kinds());
        for (combination, cell) in counted.combinations.iter().zip(&self.cells) {
            let from = self.chances.len();
            let parents = combination.parents.len() as f64;
            self.chances.resize(from + wide, if parents > 0.0 { 0.0 } else { 1.0 / place.len().max(1) as f64 });
            let (coarser, own) = self.chances.split_at_mut(from);
            for parent in &combination.parents {
                let theirs = &coarser[parent * wide..][..wide];
                own.iter_mut().zip(theirs).for_each(|(own, chance)| *own += chance / parents);
            }
            let Some(cell) = cell else { continue };
            let all = cell.total * now + back_off;
            own.iter_mut().for_each(|own| *own *= back_off / all);
            for &(unit, weight) in &cell.units {
                if let Some(own) = own.get_mut(place[unit as usize]) {
                    *own += weight * now / all;
                }
            }
        }
    }

    fn ask_kin(&mut self, counted: &Counted, place: &[usize], now: f64) {
        let wide = self.candidates.len();
        let matter = counted.matters.iter().rev().find_map(|&at| self.cells[at]);
        let called = matter.map(|cell| counted.kin.called(cell, &self.candidates)).unwrap_or_default();
        for here in &counted.heres {
            let mut chances = vec![0.0; wide];
            for &(unit, weight) in self.cells[here.place].iter().flat_map(|cell| &cell.units) {
                let at = place[unit as usize];
                if let (Some(chance), Some(called)) = (chances.get_mut(at), called.get(at)) {
                    // One outcome more in all its work: a unit seen once is not here with its whole being.
                    *chance = called * weight * now / (counted.work(unit) * now + 1.0);
                }
            }
            let all = chances.iter().sum::<f64>() + KIN_SMOOTHING;
            let smooth = &self.chances[here.with_matter * wide..][..wide];
            chances.iter_mut().zip(smooth).for_each(|(chance, p)| *chance = (*chance + KIN_SMOOTHING * p) / all);
            self.chances.extend(chances);
        }
    }

    /// What a ranker weighs, candidate by candidate: of each kind the logarithm of the chance, then of each
    /// the chance itself. Logarithms tell the unlikely apart, chances the likely. Each is measured from the mean
    /// of all candidates, so that a contribution says what speaks for this unit rather than another.
    pub(super) fn measures(&self) -> Vec<f64> {
        let wide = self.candidates.len();
        let kinds = self.chances.len().checked_div(wide).unwrap_or(0);
        let mut measures = vec![0.0; wide * kinds * 2];
        for (kind, chances) in self.chances.chunks_exact(wide.max(1)).enumerate() {
            let logs: Vec<f64> = chances.iter().map(|chance| (chance + FLOOR).ln()).collect();
            for (column, values) in [(kind, logs.as_slice()), (kinds + kind, chances)] {
                let mean = values.iter().sum::<f64>() / wide as f64;
                values.iter().enumerate().for_each(|(at, value)| measures[at * kinds * 2 + column] = value - mean);
            }
        }
        measures
    }
}
