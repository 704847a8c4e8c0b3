//! Learning the curves: of all candidates that a request had, the right one should come first.
//!
//! The loss is that of a conditional logit (McFadden 1974), one choice for each request, and not of a yes or no for
//! each pair: what counts is the order of one request's candidates, and most pairs were never looked at by anybody.
//! Where several candidates are right, any of them may come first. The solver is L-BFGS (Nocedal, Wright 2006,
//! algorithm 7.5) with a backtracking line search.

use crate::{
    features::Features,
    model::{Calibration, Model},
};

/// One request with its candidates, at least one of which is right.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The candidates.
    pub candidates: Vec<Features>,
    /// Which are right: members of the request's own group.
    pub right: Vec<bool>,
    /// The one that people named, where they named one.
    pub named: Option<usize>,
}

/// How a model is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fitting {
    /// Weight of the squared distance of each number from the prior's.
    pub ridge: f64,
    /// Weight of the squared change, against the prior's, from one knot to the next.
    pub smooth: f64,
    /// Share of the loss that is about the named candidate, 0 to 1.
    pub named: f64,
    /// Most steps.
    pub steps: usize,
}

impl Default for Fitting {
    fn default() -> Self {
        Self { ridge: 0.3, smooth: 1.0, named: 0.3, steps: 200 }
    }
}

/// A choice as rows of parts.
struct Packed {
    ends: Vec<u32>,
    parts: Vec<(u32, f32)>,
    right: Vec<bool>,
    named: Option<usize>,
}

/// Moves a model from `prior` to what the choices say.
#[must_use]
pub fn fit(prior: &Model, choices: &[Choice], how: Fitting) -> Model {
    let packed: Vec<Packed> = choices
        .iter()
        .filter(|choice| choice.right.iter().any(|right| *right))
        .map(|choice| {
            let mut packed =
                Packed { ends: Vec::new(), parts: Vec::new(), right: choice.right.clone(), named: choice.named };
            for features in &choice.candidates {
                packed.parts.extend(prior.parts(features));
                packed.ends.push(packed.parts.len() as u32);
            }
            packed
        })
        .collect();
    near(prior, how, |at, slope| {
        let mut scores = Vec::new();
        packed.iter().map(|choice| choice.loss(at, slope, how.named, &mut scores)).sum()
    })
}

/// Moves a model from `prior` to what people said of pairs, each by itself: whether the two are the same matter. The
/// loss is that of a logistic regression, at the prior's calibration.
#[must_use]
pub fn fit_pairs(prior: &Model, pairs: &[(Features, bool)], how: Fitting) -> Model {
    let packed: Vec<(Vec<(u32, f32)>, f64)> =
        pairs.iter().map(|(features, right)| (prior.parts(features), f64::from(u8::from(*right)))).collect();
    let (bias, by_score) = (f64::from(prior.calibration.bias), f64::from(prior.calibration.score));
    near(prior, how, |at, slope| {
        let mut loss = 0.0;
        for (parts, truth) in &packed {
            let score: f64 = parts.iter().map(|(number, part)| at[*number as usize] * f64::from(*part)).sum();
            let odds = bias + by_score * score;
            loss += logistic(odds, *truth);
            let push = by_score * (chance(odds) - truth);
            for (number, part) in parts {
                slope[*number as usize] += push * f64::from(*part);
            }
        }
        loss
    })
}

/// The model near `prior` with the least loss; `loss` adds to the slope.
fn near(prior: &Model, how: Fitting, loss: impl Fn(&[f64], &mut [f64]) -> f64) -> Model {
    let start: Vec<f64> = prior.numbers().iter().map(|number| f64::from(*number)).collect();
    let neighbours = prior.neighbours();
    let whole = |at: &[f64], slope: &mut [f64]| {
        slope.iter_mut().for_each(|s| *s = 0.0);
        let mut loss = loss(at, slope);
        for ((number, prior), slope) in at.iter().zip(&start).zip(slope.iter_mut()) {
            loss += 0.5 * how.ridge * (number - prior).powi(2);
            *slope += how.ridge * (number - prior);
        }
        for &(a, b) in &neighbours {
            let (a, b) = (a as usize, b as usize);
            let change = (at[b] - start[b]) - (at[a] - start[a]);
            loss += 0.5 * how.smooth * change * change;
            slope[b] += how.smooth * change;
            slope[a] -= how.smooth * change;
        }
        loss
    };
    let fitted = lbfgs(start.clone(), how.steps, whole);
    let numbers: Vec<f32> = fitted.iter().map(|number| *number as f32).collect();
    prior.clone().with_numbers(&numbers)
}

/// ln(1 + e^odds) − truth × odds, without overflow.
fn logistic(odds: f64, truth: f64) -> f64 {
    odds.max(0.0) + (-odds.abs()).exp().ln_1p() - truth * odds
}

fn chance(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

impl Packed {
    fn row(&self, at: usize) -> &[(u32, f32)] {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        &self.parts[start as usize..self.ends[at] as usize]
    }

    /// Negative log likelihood; adds its slope.
    fn loss(&self, at: &[f64], slope: &mut [f64], named: f64, shares: &mut Vec<f64>) -> f64 {
        shares.clear();
        for row in 0..self.ends.len() {
            shares.push(self.row(row).iter().map(|(number, part)| at[*number as usize] * f64::from(*part)).sum());
        }
        let most = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        shares.iter_mut().for_each(|share| *share = (*share - most).exp());
        let sum: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= sum);
        let right: f64 = shares.iter().zip(&self.right).filter(|(_, right)| **right).map(|(share, _)| share).sum();
        let right = right.max(1e-300);
        let named = if self.named.is_some() { named } else { 0.0 };
        let mut loss = -(1.0 - named) * right.ln();
        if let Some(at) = self.named {
            loss -= named * shares[at].max(1e-300).ln();
        }
        for (row, share) in shares.iter().enumerate() {
            let mut wanted = 0.0;
            if self.right[row] {
                wanted += (1.0 - named) * share / right;
            }
            if self.named == Some(row) {
                wanted += named;
            }
            let push = share - wanted;
            if push.abs() > 1e-9 {
                for (number, part) in self.row(row) {
                    slope[*number as usize] += push * f64::from(*part);
                }
            }
        }
        loss
    }
}

/// How many steps L-BFGS remembers.
const MEMORY: usize = 12;

/// Goes downhill from `x`; `loss` fills in the slope.
fn lbfgs(mut x: Vec<f64>, steps: usize, mut loss: impl FnMut(&[f64], &mut [f64]) -> f64) -> Vec<f64> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut slope = vec![0.0; x.len()];
    let mut height = loss(&x, &mut slope);
    let mut memory: std::collections::VecDeque<(Vec<f64>, Vec<f64>, f64)> = std::collections::VecDeque::new();
    for _ in 0..steps {
        let mut way: Vec<f64> = slope.iter().map(|s| -s).collect();
        let mut alphas = Vec::with_capacity(memory.len());
        for (s, y, rho) in memory.iter().rev() {
            let alpha = rho * dot(s, &way);
            way.iter_mut().zip(y).for_each(|(w, y)| *w -= alpha * y);
            alphas.push(alpha);
        }
        let scale = match memory.back() {
            Some((s, y, _)) => dot(s, y) / dot(y, y),
            None => 1.0 / dot(&slope, &slope).sqrt().max(1.0),
        };
        way.iter_mut().for_each(|w| *w *= scale);
        for ((s, y, rho), alpha) in memory.iter().zip(alphas.iter().rev()) {
            let beta = rho * dot(y, &way);
            way.iter_mut().zip(s).for_each(|(w, s)| *w += (alpha - beta) * s);
        }
        let downhill = dot(&slope, &way);
        let (mut step, mut next_slope) = (1.0, vec![0.0; x.len()]);
        let found = loop {
            let next: Vec<f64> = x.iter().zip(&way).map(|(x, w)| x + step * w).collect();
            let next_height = loss(&next, &mut next_slope);
            if next_height <= height + 1e-4 * step * downhill {
                break Some((next, next_height));
            }
            step /= 2.0;
            if step < 1e-8 {
                break None;
            }
        };
        let Some((next, next_height)) = found else { break };
        let s: Vec<f64> = next.iter().zip(&x).map(|(n, x)| n - x).collect();
        let y: Vec<f64> = next_slope.iter().zip(&slope).map(|(n, s)| n - s).collect();
        let curvature = dot(&s, &y);
        if curvature > 1e-12 {
            memory.push_back((s, y, 1.0 / curvature));
            if memory.len() > MEMORY {
                memory.pop_front();
            }
        }
        let gain = height - next_height;
        (x, height, slope) = (next, next_height, next_slope);
        if gain < 1e-7 * height.abs().max(1.0) {
            break;
        }
    }
    x
}

/// The first candidate of one request, and whether it was right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct First {
    /// Its score.
    pub score: f32,
    /// Whether it is the same matter.
    pub right: bool,
}

/// Fits the probability of the first candidate by maximum likelihood, with a little ridge.
#[must_use]
pub fn calibrate(firsts: &[First]) -> Calibration {
    let loss = |at: &[f64], slope: &mut [f64]| {
        let ridge = 1e-3;
        slope.iter_mut().zip(at).for_each(|(s, x)| *s = ridge * x);
        let mut loss = 0.5 * ridge * at.iter().map(|x| x * x).sum::<f64>();
        for first in firsts {
            let row = [1.0, f64::from(first.score)];
            let odds: f64 = row.iter().zip(at).map(|(r, x)| r * x).sum();
            let truth = f64::from(u8::from(first.right));
            loss += logistic(odds, truth);
            let push = chance(odds) - truth;
            slope.iter_mut().zip(row).for_each(|(s, r)| *s += push * r);
        }
        loss
    };
    let fitted = lbfgs(vec![-4.0, 1.0], 100, loss);
    let at = |n: usize| fitted.get(n).copied().unwrap_or(0.0) as f32;
    Calibration { bias: at(0), score: at(1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{features::Feature, shape::blank};

    fn candidate(runs: f32, hours: f32) -> Features {
        let mut features = Features::default();
        features.set(Feature::Runs, runs);
        features.set(Feature::Hours, hours);
        features
    }

    #[test]
    fn what_is_alike_comes_first_where_people_said_so() {
        let choices: Vec<Choice> = (0..40)
            .map(|n| Choice {
                candidates: vec![candidate(0.1, 1.0), candidate(0.7, (n % 7) as f32), candidate(0.3, 2.0)],
                right: vec![false, true, false],
                named: (n % 2 == 0).then_some(1),
            })
            .collect();
        let model = fit(&blank(), &choices, Fitting::default());
        assert!(model.score(&candidate(0.7, 3.0)) > model.score(&candidate(0.2, 3.0)) + 1.0);
        assert_eq!(fit(&blank(), &[], Fitting::default()), blank(), "nothing said, nothing learned");
    }

    #[test]
    fn probabilities_follow_what_came_out() {
        let firsts: Vec<First> =
            (0..400).map(|n| First { score: (n % 20) as f32 / 4.0, right: n % 20 >= 10 + n % 3 }).collect();
        let calibration = calibrate(&firsts);
        let model = Model { calibration, ..blank() };
        assert!(model.probability(0.0) < 0.1 && model.probability(4.9) > 0.9);
    }
}
