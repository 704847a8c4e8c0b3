//! A number that nobody measured: its range, and what a run takes for it.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde::{Deserialize, Serialize};

/// An assumption: the least, the likeliest and the most that it may be. Written `[2, 5, 10]`, or `5` when it is certain.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "Stated")]
pub struct Range {
    low: f64,
    mid: f64,
    high: f64,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "must be a number, or three: [low, mid, high]")]
enum Stated {
    One(f64),
    Three([f64; 3]),
}

impl TryFrom<Stated> for Range {
    type Error = String;

    fn try_from(stated: Stated) -> Result<Self, String> {
        match stated {
            Stated::One(value) => Self::new(value, value, value),
            Stated::Three([low, mid, high]) => Self::new(low, mid, high),
        }
    }
}

impl Range {
    /// From the least to the most.
    ///
    /// # Errors
    /// When they are not in order, or no numbers.
    pub fn new(low: f64, mid: f64, high: f64) -> Result<Self, String> {
        if low <= mid && mid <= high && low.is_finite() && high.is_finite() {
            Ok(Self { low, mid, high })
        } else {
            Err(format!("[{low}, {mid}, {high}] is no range: write [low, mid, high] in this order"))
        }
    }

    /// Exactly this.
    #[must_use]
    pub const fn exactly(value: f64) -> Self {
        Self { low: value, mid: value, high: value }
    }

    /// Refuses a range that leaves what its quantity can be.
    pub(crate) fn check(self, quantity: Quantity) -> Result<(), String> {
        let (least, most) = quantity.bounds();
        if self.low >= least && self.high <= most {
            return Ok(());
        }
        Err(format!(
            "[{}, {}, {}] must lie between {least} and {most}: it is {}",
            self.low,
            self.mid,
            self.high,
            quantity.says()
        ))
    }

    /// What a run takes for the assumption of this name. One name gives one place within the range, so that two
    /// policies that state the same range also get the same value.
    pub(crate) fn draw(self, name: &str, seed: u64, draw: Draw) -> f64 {
        if draw == Draw::Mid || self.low >= self.high {
            return self.mid;
        }
        // FNV-1a: any hash that stays the same from one version of the compiler to the next.
        let hash =
            name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        let u: f64 = StdRng::seed_from_u64(hash ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)).random();
        self.at(if draw == Draw::Opposite { 1.0 - u } else { u })
    }

    /// The value below which a share `u` of a triangle over the range lies.
    fn at(self, u: f64) -> f64 {
        let (whole, left, right) = (self.high - self.low, self.mid - self.low, self.high - self.mid);
        if u * whole < left {
            self.low + (u * whole * left).sqrt()
        } else {
            self.high - ((1.0 - u) * whole * right).sqrt()
        }
    }
}

/// What an assumption is a number of, which says what it can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Of one.
    Share,
    /// Seconds, minutes or hours, as its name says.
    Duration,
    /// Standard deviation of a logarithm.
    Spread,
    /// Share of the time at work that work takes; above nothing.
    Load,
}

impl Quantity {
    const fn bounds(self) -> (f64, f64) {
        match self {
            Self::Share => (0.0, 1.0),
            Self::Duration => (0.0, 10_000.0),
            Self::Spread => (0.0, 3.0),
            Self::Load => (0.05, 1.0),
        }
    }

    const fn says(self) -> &'static str {
        match self {
            Self::Share => "a share of one",
            Self::Duration => "a length of time",
            Self::Spread => "the spread of a lognormal",
            Self::Load => "the share of their time that people are at it",
        }
    }
}

/// How a run takes its assumptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draw {
    /// Each at its likeliest.
    Mid,
    /// Each somewhere in its range, by seed and name.
    Drawn,
    /// Each as far from the other end as [`Draw::Drawn`] has it from the one, so that the two balance.
    Opposite,
}

impl Draw {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mid, Self::Drawn, Self::Opposite];
}

/// A figure over all runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Mean over the seeds, every assumption at its likeliest.
    pub mid: f64,
    /// Above one run in twenty, over seeds and assumptions.
    pub low: f64,
    /// Below one run in twenty.
    pub high: f64,
}

impl Spread {
    /// Of runs that are each marked with their draw; all zero without runs.
    pub(crate) fn of(runs: &[(Draw, f64)]) -> Self {
        let mids: Vec<f64> = runs.iter().filter(|(draw, _)| *draw == Draw::Mid).map(|(_, value)| *value).collect();
        let mut all: Vec<f64> = runs.iter().map(|(_, value)| *value).collect();
        all.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (share * all.len().saturating_sub(1) as f64).round() as usize;
            all.get(place).copied().unwrap_or_default()
        };
        Self { mid: mids.iter().sum::<f64>() / mids.len().max(1) as f64, low: at(0.05), high: at(0.95) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_drawn_lies_in_its_range_and_its_opposite_mirrors_an_even_one(
            low in 0.0..5.0_f64, up in 0.0..5.0_f64, seed: u64,
        ) {
            let range = Range::new(low, low + up, low + 2.0 * up).unwrap();
            let [mid, one, other] = Draw::ALL.map(|draw| range.draw("a", seed, draw));
            prop_assert_eq!(mid, low + up);
            prop_assert!((low..=low + 2.0 * up).contains(&one));
            prop_assert!((one + other - 2.0 * mid).abs() < 1e-9);
        }
    }

    #[test]
    fn a_triangle_over_a_range_has_its_quarters_where_they_are() {
        let range = Range::new(0.0, 1.0, 2.0).unwrap();
        assert_eq!([0.0, 0.5, 1.0].map(|u| range.at(u)), [0.0, 1.0, 2.0]);
        assert!((range.at(0.125) - 0.5).abs() < 1e-12);
    }
}
