//! How much each value says: curves that a person can read and change.
//!
//! The score of a candidate is a sum over features. Each feature has a curve, straight between its knots; some pairs
//! of features have a surface, because 30 metres mean one thing within the hour and another after a month. What is
//! not known adds the curve's `unknown`. The sum is turned into the probability that the first candidate is the same
//! matter by [`Calibration`].

use serde::{Deserialize, Serialize};

use crate::features::{Feature, Features};

/// One feature's part of the score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Of what.
    pub feature: Feature,
    /// Where the curve bends, ascending; beyond the ends it is level.
    pub knots: Vec<f32>,
    /// What it adds at each knot.
    pub adds: Vec<f32>,
    /// What it adds where the value is not known.
    pub unknown: f32,
}

/// What two features add together, beyond their curves; nothing where one is not known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Surface {
    /// Of what.
    pub features: [Feature; 2],
    /// Knots along the first and along the second.
    pub knots: [Vec<f32>; 2],
    /// What it adds at each crossing, the second feature running fastest.
    pub adds: Vec<f32>,
}

/// The probability that a candidate is the same matter, from its score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Log odds at score 0.
    pub bias: f32,
    /// Log odds for a point of the score.
    pub score: f32,
}

/// A learned judgement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// One for each feature that is used.
    pub curves: Vec<Curve>,
    /// Pairs that say more together.
    pub surfaces: Vec<Surface>,
    /// From score to probability.
    pub calibration: Calibration,
}

/// A model that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// It is no model.
    #[error("the file is no model of likeness: {0}; learn it again with `suban learn dedup`")]
    Unreadable(String),
    /// Knots and values do not fit together.
    #[error("model of likeness: {0}: as many values as knots, knots ascending, at least one, every number finite")]
    Shape(&'static str),
}

/// Where a value lies between knots: the knot below and how far on towards the next, 0 to 1.
fn between(knots: &[f32], value: f32) -> (usize, f32) {
    let above = knots.partition_point(|knot| *knot <= value);
    match (above.checked_sub(1).and_then(|below| Some((below, knots.get(below)?))), knots.get(above)) {
        (None, _) => (0, 0.0),
        (Some((below, _)), None) => (below, 0.0),
        (Some((below, from)), Some(to)) => (below, (value - from) / (to - from)),
    }
}

impl Curve {
    fn visit(&self, features: &Features, mut take: impl FnMut(usize, f32)) {
        let value = features.get(self.feature);
        if value.is_nan() {
            return take(self.knots.len(), 1.0);
        }
        let (below, on) = between(&self.knots, value);
        take(below, 1.0 - on);
        if on > 0.0 {
            take(below + 1, on);
        }
    }

    fn add(&self, at: usize) -> f32 {
        self.adds.get(at).copied().unwrap_or(self.unknown)
    }
}

impl Surface {
    fn visit(&self, features: &Features, mut take: impl FnMut(usize, f32)) {
        let [first, second] = self.features.map(|feature| features.get(feature));
        if first.is_nan() || second.is_nan() {
            return;
        }
        let width = self.knots[1].len();
        let ((row, down), (column, right)) = (between(&self.knots[0], first), between(&self.knots[1], second));
        for (row, by_row) in [(row, 1.0 - down), (row + 1, down)] {
            for (column, by_column) in [(column, 1.0 - right), (column + 1, right)] {
                if by_row * by_column > 0.0 {
                    take(row * width + column, by_row * by_column);
                }
            }
        }
    }
}

/// What one feature, or two together, added to a score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Contribution {
    /// The feature, or both.
    pub of: Vec<Feature>,
    /// Their values; `None` where not known.
    pub values: Vec<Option<f32>>,
    /// What they added.
    pub adds: f32,
}

/// Which of the models that ship judges before a city has learned its own; the README says how they were learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tongue {
    /// Requests written in Chinese.
    Chinese,
    /// Requests written in English.
    English,
}

impl Tongue {
    /// The language of some requests: Chinese where a tenth of their characters are.
    #[must_use]
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut han, mut all) = (0_usize, 0_usize);
        for c in texts.into_iter().flat_map(str::chars) {
            all += 1;
            han += usize::from(matches!(c, '\u{4e00}'..='\u{9fff}'));
        }
        if han * 10 >= all { Self::Chinese } else { Self::English }
    }
}

impl Model {
    /// The defaults that ship: a judgement before a city has learned its own.
    ///
    /// # Errors
    /// Never, unless the crate was built around a broken file.
    pub fn shipped(tongue: Tongue) -> Result<Self, Unsound> {
        Self::from_json(match tongue {
            Tongue::Chinese => include_str!("../defaults-chinese.json"),
            Tongue::English => include_str!("../defaults-english.json"),
        })
    }

    /// Reads a model.
    ///
    /// # Errors
    /// When it is none, or does not fit together.
    pub fn from_json(text: &str) -> Result<Self, Unsound> {
        let model: Self = serde_json::from_str(text).map_err(|error| Unsound::Unreadable(error.to_string()))?;
        model.check()?;
        Ok(model)
    }

    pub(crate) fn check(&self) -> Result<(), Unsound> {
        let ascending = |knots: &[f32]| !knots.is_empty() && knots.windows(2).all(|k| k[0] < k[1]) && finite(knots);
        for curve in &self.curves {
            let sound = ascending(&curve.knots) && curve.adds.len() == curve.knots.len() && finite(&curve.adds);
            if !sound || !curve.unknown.is_finite() {
                return Err(Unsound::Shape(curve.feature.code()));
            }
        }
        for surface in &self.surfaces {
            let [rows, columns] = &surface.knots;
            let sound = ascending(rows) && ascending(columns) && finite(&surface.adds);
            if !sound || surface.adds.len() != rows.len() * columns.len() {
                return Err(Unsound::Shape(surface.features[0].code()));
            }
        }
        let Calibration { bias, score } = self.calibration;
        if finite(&[bias, score]) { Ok(()) } else { Err(Unsound::Shape("calibration")) }
    }

    /// The sum of everything; higher is more alike.
    #[must_use]
    pub fn score(&self, features: &Features) -> f32 {
        let mut score = 0.0;
        for curve in &self.curves {
            curve.visit(features, |at, weight| score += curve.add(at) * weight);
        }
        for surface in &self.surfaces {
            surface.visit(features, |at, weight| score += surface.adds.get(at).copied().unwrap_or(0.0) * weight);
        }
        score
    }

    /// What added up to the score, the largest first.
    #[must_use]
    pub fn contributions(&self, features: &Features) -> Vec<Contribution> {
        let known = |feature: Feature| Some(features.get(feature)).filter(|value| !value.is_nan());
        let curves = self.curves.iter().map(|curve| {
            let mut adds = 0.0;
            curve.visit(features, |at, weight| adds += curve.add(at) * weight);
            Contribution { of: vec![curve.feature], values: vec![known(curve.feature)], adds }
        });
        let surfaces = self.surfaces.iter().map(|surface| {
            let mut adds = 0.0;
            surface.visit(features, |at, weight| adds += surface.adds.get(at).copied().unwrap_or(0.0) * weight);
            Contribution { of: surface.features.to_vec(), values: surface.features.map(known).to_vec(), adds }
        });
        let mut all: Vec<_> = curves.chain(surfaces).collect();
        all.sort_by(|a, b| b.adds.abs().total_cmp(&a.adds.abs()));
        all
    }

    /// The probability that a candidate of this score is the same matter.
    #[must_use]
    pub fn probability(&self, score: f32) -> f32 {
        let Calibration { bias, score: by_score } = self.calibration;
        1.0 / (1.0 + (-(bias + by_score * score)).exp())
    }

    /// How many numbers the curves and surfaces have.
    #[must_use]
    pub fn size(&self) -> usize {
        let curves: usize = self.curves.iter().map(|curve| curve.adds.len() + 1).sum();
        curves + self.surfaces.iter().map(|surface| surface.adds.len()).sum::<usize>()
    }

    /// These numbers, in one row: for each curve its values and its `unknown`, then the surfaces.
    #[must_use]
    pub fn numbers(&self) -> Vec<f32> {
        let curves = self.curves.iter().flat_map(|curve| curve.adds.iter().copied().chain([curve.unknown]));
        curves.chain(self.surfaces.iter().flat_map(|surface| surface.adds.iter().copied())).collect()
    }

    /// The same curves and surfaces with other numbers, in the order of [`Self::numbers`].
    #[must_use]
    pub fn with_numbers(mut self, numbers: &[f32]) -> Self {
        let mut numbers = numbers.iter().copied();
        let mut fill = |place: &mut f32| *place = numbers.next().unwrap_or(0.0);
        for curve in &mut self.curves {
            curve.adds.iter_mut().for_each(&mut fill);
            fill(&mut curve.unknown);
        }
        self.surfaces.iter_mut().flat_map(|surface| &mut surface.adds).for_each(fill);
        self
    }

    /// Which of these numbers the score of a candidate is made of, and how much of each.
    #[must_use]
    pub fn parts(&self, features: &Features) -> Vec<(u32, f32)> {
        let mut parts = Vec::with_capacity(2 * self.curves.len() + 4 * self.surfaces.len());
        let mut start = 0;
        for curve in &self.curves {
            curve.visit(features, |at, weight| parts.push((start + at as u32, weight)));
            start += curve.adds.len() as u32 + 1;
        }
        for surface in &self.surfaces {
            surface.visit(features, |at, weight| parts.push((start + at as u32, weight)));
            start += surface.adds.len() as u32;
        }
        parts
    }

    /// Pairs of these numbers that stand beside each other on a curve or surface and should not differ wildly.
    #[must_use]
    pub fn neighbours(&self) -> Vec<(u32, u32)> {
        let mut pairs = Vec::new();
        let mut start = 0_u32;
        for curve in &self.curves {
            let knots = curve.knots.len() as u32;
            pairs.extend((1..knots).map(|at| (start + at - 1, start + at)));
            start += knots + 1;
        }
        for surface in &self.surfaces {
            let (rows, columns) = (surface.knots[0].len() as u32, surface.knots[1].len() as u32);
            for row in 0..rows {
                for column in 0..columns {
                    let at = start + row * columns + column;
                    if column > 0 {
                        pairs.push((at - 1, at));
                    }
                    if row > 0 {
                        pairs.push((at - columns, at));
                    }
                }
            }
            start += rows * columns;
        }
        pairs
    }
}

fn finite(numbers: &[f32]) -> bool {
    numbers.iter().all(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::blank;
    use proptest::prelude::*;

    #[test]
    fn a_curve_is_straight_between_knots_and_level_beyond() {
        let curve = Curve { feature: Feature::Runs, knots: vec![0.0, 1.0], adds: vec![1.0, 3.0], unknown: -1.0 };
        let model = Model { curves: vec![curve], surfaces: Vec::new(), ..blank() };
        let score = |value: f32| {
            let mut features = Features::default();
            features.set(Feature::Runs, value);
            model.score(&features)
        };
        assert_eq!([-5.0, 0.0, 0.5, 1.0, 9.0].map(score), [1.0, 1.0, 2.0, 3.0, 3.0]);
        assert_eq!(score(f32::NAN), -1.0);
    }

    #[test]
    fn the_models_that_ship_are_sound() {
        for (tongue, text) in [(Tongue::Chinese, "路灯不亮"), (Tongue::English, "street light out")] {
            assert_eq!(Tongue::of([text]), tongue);
            assert_eq!(Model::shipped(tongue).unwrap().size(), blank().size());
        }
    }

    #[test]
    fn broken_models_are_refused() {
        assert!(matches!(Model::from_json("{}"), Err(Unsound::Unreadable(_))));
        let mut model = blank();
        model.curves[0].adds.pop();
        let text = serde_json::to_string(&model).unwrap();
        assert!(matches!(Model::from_json(&text), Err(Unsound::Shape(_))));
    }

    proptest! {
        #[test]
        fn a_score_is_the_sum_of_its_parts(values in proptest::collection::vec(prop_oneof![-2.0..12.0_f32, Just(f32::NAN)], crate::features::FEATURES), seed: u64) {
            let blank = blank();
            let numbers: Vec<f32> = (0..blank.size() as u64).map(|n| (suban_text::features::mixed(n ^ seed) % 100) as f32 / 50.0 - 1.0).collect();
            let model = blank.with_numbers(&numbers);
            prop_assert_eq!(&model.numbers(), &numbers);
            let mut features = Features::default();
            for (feature, value) in Feature::ALL.into_iter().zip(values) {
                features.set(feature, value);
            }
            let score = model.score(&features);
            let parts: f32 = model.parts(&features).iter().map(|(at, weight)| numbers[*at as usize] * weight).sum();
            let told: f32 = model.contributions(&features).iter().map(|c| c.adds).sum();
            prop_assert!((score - parts).abs() < 1e-3 && (score - told).abs() < 1e-3);
        }
    }
}
