//! What would have been merged without asking anybody.

use serde::Serialize;
use suban_likeness::{
    Index, Judgement, Read,
    automatic::{Copy, copy},
};

/// Why a request was merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Why {
    /// Its probability is at the threshold or above.
    Threshold,
    /// The same person, the same words.
    SamePerson,
    /// The same words about the same place and matter.
    SamePlace,
}

/// The candidate that a request would be merged into; copies look only at the first few candidates, and those by
/// others count where they `hold`.
pub(super) fn merged(
    found: &Judgement,
    copies: &[Option<Copy>],
    threshold: Option<f32>,
    hold: bool,
) -> Option<(usize, Why)> {
    for (at, copy) in copies.iter().enumerate() {
        match copy {
            Some(Copy::SamePerson) => return Some((at, Why::SamePerson)),
            Some(Copy::SamePlace) if hold => return Some((at, Why::SamePlace)),
            Some(Copy::SamePlace) | None => {}
        }
    }
    let first = found.candidates.first()?;
    threshold.is_some_and(|threshold| first.probability >= threshold).then_some((0, Why::Threshold))
}

/// Which of the first candidates are copies.
pub(super) fn copies(index: &Index, request: &Read, found: &Judgement, now: i64) -> Vec<Option<Copy>> {
    let first = found.candidates.iter().take(5);
    first.map(|candidate| index.facts(candidate.id).and_then(|earlier| copy(&request.facts, earlier, now))).collect()
}
