//! How a candidate stands among the others: nearer, more alike, earlier, repeated.

use serde::{Deserialize, Serialize};

use crate::{
    features::{Feature, Features},
    request::{Id, Seconds},
};

/// What was found, when a request was judged, to be most likely the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The earlier request.
    pub of: Id,
    /// The probability of it.
    pub probability: f32,
}

/// What the others need to know of a candidate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) id: Id,
    pub(crate) reported_at: Seconds,
    pub(crate) verdict: Verdict,
}

/// Metres (as a logarithm) within which, and cosine from which, a candidate counts as likely for `later` and `earlier`.
const NEAR: f32 = 3.43;
const LIKE: f32 = 0.4;

/// Fills in what depends on the other candidates.
pub(crate) fn place_among(features: &mut [Features], standing: &[Standing]) {
    let of = |feature: Feature, features: &[Features]| features.iter().map(|f| f.get(feature)).collect::<Vec<_>>();
    let (distance, runs) = (of(Feature::Distance, features), of(Feature::Runs, features));
    let (category, open) = (of(Feature::Category, features), of(Feature::Open, features));
    let mut near: Vec<f32> =
        (0..features.len()).filter(|at| open[*at] > 0.0 && category[*at] >= 2.0).map(|at| distance[at]).collect();
    near.sort_unstable_by(f32::total_cmp);
    let mut alike = runs.clone();
    alike.sort_unstable_by(|a, b| b.total_cmp(a));
    let likely = |at: usize| {
        open[at] > 0.0
            && (if distance[at].is_nan() { runs[at] >= LIKE } else { distance[at] <= NEAR && category[at] >= 2.0 })
    };
    let mut times: Vec<Seconds> =
        (0..features.len()).filter(|at| likely(*at)).map(|at| standing[at].reported_at).collect();
    times.sort_unstable();
    let mut repeats: Vec<&Standing> = standing.iter().filter(|other| other.verdict.probability > 0.0).collect();
    repeats.sort_unstable_by_key(|other| (other.verdict.of, other.id));
    let repeating = |id: Id| {
        let from = repeats.partition_point(|other| other.verdict.of < id);
        repeats.iter().skip(from).take_while(move |other| other.verdict.of == id).filter(move |other| other.id != id)
    };
    let log = |count: usize| (count as f32).ln_1p();
    for (at, own) in features.iter_mut().enumerate() {
        if !distance[at].is_nan() {
            own.set(Feature::Nearer, log(near.partition_point(|other| *other < distance[at])));
        }
        own.set(Feature::Wordier, log(alike.partition_point(|other| *other > runs[at])));
        let time = standing[at].reported_at;
        own.set(Feature::Earlier, log(times.partition_point(|other| *other < time)));
        own.set(Feature::Later, log(times.len() - times.partition_point(|other| *other <= time)));
        own.set(Feature::Repeat, standing[at].verdict.probability);
        own.set(Feature::Repeated, repeating(standing[at].id).map(|other| other.verdict.probability).sum());
    }
}
