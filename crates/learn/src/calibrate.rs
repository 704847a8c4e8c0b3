//! Probabilities from margins: one temperature for all classes and a bias for each (Guo et al. 2017, between
//! temperature and vector scaling), fitted on margins of rows the model was not trained on.

use serde::{Deserialize, Serialize};

/// Most steps of the fit; it ends long before.
const STEPS: usize = 1000;
/// The fit ends when a step improves the loss of a row by less than this.
const ENOUGH: f64 = 1e-9;

/// Turns the margins of one message into probabilities that add up to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    scale: f64,
    bias: Vec<f64>,
}

impl Calibration {
    /// Fits on rows of margins and their labels by maximum likelihood; rows whose label is no class are passed over.
    #[must_use]
    pub fn fit(margins: &[Vec<f32>], labels: &[usize], classes: usize) -> Self {
        let rows: Vec<_> = margins
            .iter()
            .zip(labels.iter().copied())
            .filter(|(margins, label)| *label < classes && margins.len() == classes)
            .collect();
        let mut best = Self { scale: 1.0, bias: vec![0.0; classes] };
        let (mut loss, mut slope) = best.loss(&rows);
        for _ in 0..STEPS {
            let mut step = 1.0;
            let better = loop {
                let candidate = best.moved(&slope, step);
                let (lower, next) = candidate.loss(&rows);
                if lower < loss {
                    break Some((candidate, lower, next));
                }
                step /= 2.0;
                if step < 1e-6 {
                    break None;
                }
            };
            let Some((candidate, lower, next)) = better else { break };
            let gain = loss - lower;
            (best, loss, slope) = (candidate, lower, next);
            if gain < ENOUGH * rows.len() as f64 {
                break;
            }
        }
        best
    }

    /// One probability for each margin.
    #[must_use]
    pub fn probabilities(&self, margins: &[f32]) -> Vec<f64> {
        let scores = margins.iter().zip(&self.bias).map(|(margin, bias)| f64::from(*margin) * self.scale + bias);
        let mut shares: Vec<f64> = scores.collect();
        let most = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        shares.iter_mut().for_each(|share| *share = (*share - most).exp());
        let sum: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= sum);
        shares
    }

    /// Whether it is one for so many classes and every number in it is one.
    #[must_use]
    pub fn is_sound(&self, classes: usize) -> bool {
        self.bias.len() == classes && self.scale.is_finite() && self.bias.iter().all(|bias| bias.is_finite())
    }

    /// Negative log likelihood, with its slope and curvature along each parameter: the scale, then the biases.
    fn loss(&self, rows: &[(&Vec<f32>, usize)]) -> (f64, Vec<(f64, f64)>) {
        let mut slope = vec![(0.0, 1e-3); self.bias.len() + 1];
        let mut loss = 0.0;
        for (margins, label) in rows {
            let shares = self.probabilities(margins);
            loss -= shares.get(*label).copied().unwrap_or(0.0).max(1e-300).ln();
            let (mut mean, mut mean_square) = (0.0, 0.0);
            for (class, (share, margin)) in shares.iter().zip(margins.iter().copied().map(f64::from)).enumerate() {
                let too_much = share - f64::from(u8::from(class == *label));
                mean += share * margin;
                mean_square += share * margin * margin;
                slope[0].0 += too_much * margin;
                slope[class + 1].0 += too_much;
                slope[class + 1].1 += share * (1.0 - share);
            }
            slope[0].1 += mean_square - mean * mean;
        }
        (loss, slope)
    }

    fn moved(&self, slope: &[(f64, f64)], step: f64) -> Self {
        let newton = |at: usize| slope.get(at).map_or(0.0, |(first, second)| step * first / second);
        let bias = self.bias.iter().enumerate().map(|(class, bias)| bias - newton(class + 1)).collect();
        Self { scale: self.scale - newton(0), bias }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folds::random;
    use proptest::prelude::*;

    fn uniform(counter: u64) -> f64 {
        random(3, counter) as f64 / u64::MAX as f64
    }

    #[test]
    fn the_distribution_that_drew_the_labels_is_found() {
        let truth = Calibration { scale: 2.5, bias: vec![0.4, -0.7, 0.3] };
        let margins: Vec<Vec<f32>> = (0..20_000)
            .map(|row| (0..3).map(|class| (uniform(row * 4 + class) * 2.0 - 1.0) as f32).collect())
            .collect();
        let draw = |(row, margins): (usize, &Vec<f32>)| {
            let mut left = uniform(row as u64 * 4 + 3);
            truth
                .probabilities(margins)
                .iter()
                .position(|share| {
                    left -= share;
                    left < 0.0
                })
                .unwrap_or(2)
        };
        let labels: Vec<usize> = margins.iter().enumerate().map(draw).collect();
        let found = Calibration::fit(&margins, &labels, 3);
        assert!((found.scale - truth.scale).abs() < 0.1, "{found:?}");
        let gap = |c: &Calibration| c.bias[0] - c.bias[1];
        assert!((gap(&found) - gap(&truth)).abs() < 0.1, "{found:?}");
    }

    proptest! {
        #[test]
        fn probabilities_add_up_to_one(
            rows in proptest::collection::vec((proptest::collection::vec(-5.0..5.0_f32, 3), 0..4_usize), 0..40),
        ) {
            let (margins, labels): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
            let fitted = Calibration::fit(&margins, &labels, 3);
            prop_assert!(fitted.is_sound(3));
            for row in &margins {
                let shares = fitted.probabilities(row);
                prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9 && shares.iter().all(|s| *s >= 0.0));
            }
        }
    }
}
