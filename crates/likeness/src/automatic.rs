//! When nobody needs to look: a threshold whose precision is bounded from below, and copies word for word.

use serde::{Deserialize, Serialize};
use suban_learn::eval::lower_bound;

use crate::{
    address::Nearness,
    request::{Facts, Seconds},
};

/// Standard deviations of a one-sided 95 % bound.
const Z95: f64 = 1.645;

/// A probability from which a merge needs nobody, and what stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// From this probability on.
    pub probability: f32,
    /// Requests of the training folds at or above it.
    pub n: usize,
    /// How many of them were right.
    pub right: usize,
    /// One-sided 95 % lower bound of their precision (Wilson).
    pub bound: f64,
}

/// The lowest threshold whose precision is at least `wanted`, with 95 % confidence; `None` when none is.
///
/// `firsts` are probabilities of first candidates, each with whether it was right, predicted by models that had not
/// seen them.
#[must_use]
pub fn threshold(firsts: &[(f32, bool)], wanted: f64) -> Option<Threshold> {
    let mut sorted = firsts.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut best, mut right) = (None, 0);
    for (at, (probability, is_right)) in sorted.iter().enumerate() {
        right += usize::from(*is_right);
        let n = at + 1;
        let last_of_its_kind = sorted.get(n).is_none_or(|next| next.0 < *probability);
        let bound = lower_bound(right, n, Z95);
        if last_of_its_kind && bound >= wanted {
            best = Some(Threshold { probability: *probability, n, right, bound });
        }
    }
    best
}

/// The one-sided 95 % lower bound of a precision.
#[must_use]
pub fn bound(right: usize, n: usize) -> f64 {
    lower_bound(right, n, Z95)
}

/// Why a copy word for word is the same matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Copy {
    /// The same person said it again while the first is open (D§9.2 D1).
    SamePerson,
    /// Another person said the very same about the same place and matter while the first is open (D3).
    SamePlace,
}

/// Metres within which two points are one place for a copy.
pub(crate) const ONE_PLACE: f32 = 30.0;
/// Fewest characters of a copy by another person: short words are said by many about many things.
const LONG_ENOUGH: u32 = 16;
/// Seconds within which a copy by another person is the same event: the same words a week later may be another car.
const SAME_EVENT: u64 = 24 * 3600;

/// Whether `new` is a copy of `earlier`, as known at `now`.
///
/// Only the words, the place, the category and the person are looked at; the guards of D§9.3 and the whitelist of
/// categories are the caller's.
#[must_use]
pub fn copy(new: &Facts, earlier: &Facts, now: Seconds) -> Option<Copy> {
    let open = earlier.closed_at.is_none_or(|closed| closed > now);
    if new.words == 0 || new.words != earlier.words || !open {
        return None;
    }
    if new.requester != 0 && new.requester == earlier.requester {
        return Some(Copy::SamePerson);
    }
    let same_category = new.category[0] != 0 && new.category[0] == earlier.category[0];
    let place = match (new.spot, earlier.spot) {
        (Some(here), Some(there)) => here.metres(there) <= ONE_PLACE,
        _ => new.address.nearness(&earlier.address) == Some(Nearness::Same),
    };
    let lately = new.reported_at.abs_diff(earlier.reported_at) <= SAME_EVENT;
    (same_category && place && lately && new.length >= LONG_ENOUGH).then_some(Copy::SamePlace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Request, Spot, read};
    use suban_text::Segmenter;

    #[test]
    fn a_threshold_stands_on_many_or_not_at_all() {
        let firsts = |right: usize, wrong: usize| {
            let mut firsts = vec![(0.9, true); right];
            firsts.extend(vec![(0.5, false); wrong]);
            firsts
        };
        assert_eq!(threshold(&firsts(50, 10), 0.98), None, "50 of 50 only shows 0.949");
        let found = threshold(&firsts(200, 10), 0.98).unwrap();
        assert_eq!((found.probability, found.n, found.right), (0.9, 200, 200));
    }

    #[test]
    fn copies_need_the_person_or_the_place_and_the_matter() {
        let segmenter = Segmenter::default();
        let base = Request {
            text: "明珠路18号门口的路灯已经三天三夜不亮了", requester: "a", ..Request::default()
        };
        let facts = |request: Request<'_>| read(&segmenter, &request).facts;
        let (earlier, now) = (facts(base), 100);
        assert_eq!(copy(&facts(base), &earlier, now), Some(Copy::SamePerson));
        let other = Request { requester: "b", ..base };
        assert_eq!(copy(&facts(other), &earlier, now), None, "the place and the matter are not known");
        let placed =
            |request: Request<'static>| Request { spot: Spot::new(22.5, 114.1), category: "路灯", ..request };
        assert_eq!(copy(&facts(placed(other)), &facts(placed(base)), now), Some(Copy::SamePlace));
        let later = Request { reported_at: 25 * 3600, ..placed(other) };
        assert_eq!(copy(&facts(later), &facts(placed(base)), 25 * 3600), None, "another night, perhaps another lamp");
        let closed = facts(Request { closed_at: Some(50), ..base });
        assert_eq!(copy(&facts(base), &closed, now), None, "closed: D2 is a person's question");
    }
}
