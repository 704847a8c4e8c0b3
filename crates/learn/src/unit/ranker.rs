//! How much each kind of evidence is worth, learned from the finished days.
//!
//! A unit's score is a weighted sum of what is measured about it; the chance of a unit is the softmax of the scores over
//! the candidates. The weights follow the outcomes by Newton steps on the log-likelihood, with the curvature
//! summed up and slowly forgotten (online Newton, the extended Kalman filter of a multinomial logit).

use serde::{Deserialize, Serialize};

/// Weights and how well they are known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Ranker {
    /// One for each measure: logarithms of all kinds of evidence, then their chances.
    pub(super) weights: Vec<f64>,
    /// Sum of the log-likelihood's curvature, row by row.
    pub(super) curvature: Vec<f64>,
    /// Outcomes looked at, and those of them that went to nobody among the candidates.
    pub(super) asked: f64,
    pub(super) elsewhere: f64,
}

/// What could be known before an outcome, and the outcome.
pub(super) struct Lesson {
    /// `candidates × weights`.
    pub(super) measures: Vec<f64>,
    /// Place of the unit that it was.
    pub(super) answer: usize,
    /// Beside other lessons, 0 to 1.
    pub(super) worth: f64,
}

/// Curvature that the starting weights are worth: of the order of a hundred rows.
const PRIOR: f64 = 20.0;
/// Rows to a step.
const STEP: usize = 32;

impl Ranker {
    /// At the start every logarithm weighs the same, together as much as one; chances weigh nothing.
    pub(super) fn new(kinds: usize) -> Self {
        let weights = [vec![1.0 / kinds as f64; kinds], vec![0.0; kinds]].concat();
        Self { curvature: vec![0.0; weights.len() * weights.len()], weights, asked: 0.0, elsewhere: 0.0 }
    }

    /// Lets what was learned fade to `keep` of its weight.
    pub(super) fn fade(&mut self, keep: f64) {
        self.curvature.iter_mut().chain([&mut self.asked, &mut self.elsewhere]).for_each(|sum| *sum *= keep);
    }

    /// Chance that a ticket goes to nobody among its candidates.
    pub(super) fn elsewhere(&self) -> f64 {
        self.elsewhere / (self.asked + 1.0)
    }

    /// Learns from lessons, a step for every few, when outcomes worth `asked` were looked at.
    pub(super) fn learn(&mut self, lessons: &[Lesson], asked: f64) {
        self.asked += asked;
        self.elsewhere += (asked - lessons.iter().map(|lesson| lesson.worth).sum::<f64>()).max(0.0);
        for few in lessons.chunks(STEP) {
            self.step(few);
        }
    }

    fn step(&mut self, lessons: &[Lesson]) {
        let kinds = self.weights.len();
        let mut slope = vec![0.0; kinds];
        let mut mean = vec![0.0; kinds];
        for lesson in lessons {
            let chances = softmax(&scores(&self.weights, &lesson.measures));
            mean.fill(0.0);
            for (row, chance) in lesson.measures.chunks_exact(kinds).zip(&chances) {
                mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += chance * x);
            }
            for (at, (row, chance)) in lesson.measures.chunks_exact(kinds).zip(&chances).enumerate() {
                if at == lesson.answer {
                    slope
                        .iter_mut()
                        .zip(row)
                        .zip(&mean)
                        .for_each(|((slope, x), mean)| *slope += lesson.worth * (x - mean));
                }
                if *chance < NEGLIGIBLE {
                    continue;
                }
                for i in 0..kinds {
                    let part = lesson.worth * chance * (row[i] - mean[i]);
                    let sums = &mut self.curvature[i * kinds..=i * kinds + i];
                    sums.iter_mut().zip(row).zip(&mean).for_each(|((sum, x), mean)| *sum += part * (x - mean));
                }
            }
        }
        let step = solve(&self.curvature, PRIOR, slope);
        self.weights.iter_mut().zip(step).for_each(|(weight, step)| *weight += step);
    }
}

/// Candidates with less chance than this bend the likelihood too little to be counted.
const NEGLIGIBLE: f64 = 1e-4;

/// Weighted sums of measures, candidate by candidate.
pub(super) fn scores(weights: &[f64], measures: &[f64]) -> Vec<f64> {
    measures.chunks_exact(weights.len()).map(|row| row.iter().zip(weights).map(|(x, w)| x * w).sum()).collect()
}

/// Chances from scores.
pub(super) fn softmax(scores: &[f64]) -> Vec<f64> {
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let parts: Vec<f64> = scores.iter().map(|score| (score - highest).exp()).collect();
    let sum: f64 = parts.iter().sum();
    parts.into_iter().map(|part| part / sum).collect()
}

/// Solves (lower triangle of `matrix` + `ridge` on its diagonal) · x = b by Cholesky.
fn solve(matrix: &[f64], ridge: f64, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    let mut root = matrix.to_vec();
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| root[i * n + k] * root[j * n + k]).sum();
            let rest = matrix[i * n + j] + if i == j { ridge } else { 0.0 } - dot;
            root[i * n + j] = if i == j { rest.max(ridge * 1e-3).sqrt() } else { rest / root[j * n + j] };
        }
    }
    for i in 0..n {
        let dot: f64 = (0..i).map(|k| root[i * n + k] * b[k]).sum();
        b[i] = (b[i] - dot) / root[i * n + i];
    }
    for i in (0..n).rev() {
        let dot: f64 = (i + 1..n).map(|k| root[k * n + i] * b[k]).sum();
        b[i] = (b[i] - dot) / root[i * n + i];
    }
    b
}
