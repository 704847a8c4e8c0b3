//! Figures of predictions whose outcome is known.
//!
//! Everything here works on [`Judged`]: how sure a model was of its first answer, and whether that
//! answer was right. Confidences are probabilities from 0 to 1; one that is not a number counts as 0.

/// Bins of [`calibration_error`] by which all our figures are reported.
pub const CALIBRATION_BINS: usize = 15;

/// One prediction beside its outcome.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Probability the model gave its first answer, 0 to 1.
    pub confidence: f64,
    /// Whether the first answer was right.
    pub right: bool,
}

/// What is sent at a threshold, and how much of it is right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coverage {
    /// Share of all predictions at or above the threshold, 0 to 1.
    pub coverage: f64,
    /// Share of those that were right; `None` when nothing was sent.
    pub achieved_precision: Option<f64>,
}

/// Share of `judged` that is right; `None` of nothing.
#[must_use]
pub fn accuracy(judged: &[Judged]) -> Option<f64> {
    share(judged.iter().filter(|j| j.right).count(), judged.len())
}

/// Expected calibration error: the mean distance between confidence and accuracy over `bins`
/// equal-width bins of confidence, weighted by how many fall into each (Naeini et al. 2015).
#[must_use]
pub fn calibration_error(judged: &[Judged], bins: usize) -> f64 {
    let bins = bins.max(1);
    let mut sums = vec![(0.0_f64, 0_usize); bins];
    for j in judged {
        let at = ((confidence(j) * bins as f64) as usize).min(bins - 1);
        sums[at].0 += confidence(j);
        sums[at].1 += usize::from(j.right);
    }
    let gaps: f64 = sums.iter().map(|(confidence, right)| (confidence - *right as f64).abs()).sum();
    if judged.is_empty() { 0.0 } else { gaps / judged.len() as f64 }
}

/// What a threshold would have sent.
#[must_use]
pub fn coverage_at(judged: &[Judged], threshold: f64) -> Coverage {
    let sent = judged.iter().filter(|j| confidence(j) >= threshold);
    let (count, right) = sent.fold((0, 0), |(n, right), j| (n + 1, right + usize::from(j.right)));
    Coverage { coverage: share(count, judged.len()).unwrap_or(0.0), achieved_precision: share(right, count) }
}

/// The lowest threshold at which at least `wanted` of what it sends is right, sending at least
/// `support` predictions; `None` when no threshold does.
///
/// Predictions of equal confidence are sent together or not at all.
#[must_use]
pub fn threshold_for(judged: &[Judged], wanted: f64, support: usize) -> Option<f64> {
    let mut sorted: Vec<_> = judged.iter().map(|j| (confidence(j), j.right)).collect();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut best = None;
    let mut right = 0_usize;
    for (at, (confidence, is_right)) in sorted.iter().enumerate() {
        right += usize::from(*is_right);
        let sent = at + 1;
        let last_of_its_kind = sorted.get(sent).is_none_or(|next| next.0 < *confidence);
        if last_of_its_kind && sent >= support.max(1) && right as f64 >= wanted * sent as f64 {
            best = Some(*confidence);
        }
    }
    best
}

/// Mean over classes of the harmonic mean of precision and recall. `pairs` are (true, predicted);
/// classes are those that occur in either place.
#[must_use]
pub fn macro_f1<C: Ord>(pairs: &[(C, C)]) -> f64 {
    let mut counts = std::collections::BTreeMap::<&C, (usize, usize, usize)>::new();
    for (truth, predicted) in pairs {
        counts.entry(truth).or_default().0 += 1;
        counts.entry(predicted).or_default().1 += 1;
        if truth == predicted {
            counts.entry(truth).or_default().2 += 1;
        }
    }
    let classes = counts.len();
    let sum: f64 =
        counts.into_values().map(|(truth, predicted, both)| 2.0 * both as f64 / (truth + predicted) as f64).sum();
    if classes == 0 { 0.0 } else { sum / classes as f64 }
}

/// Lower bound of a share of which `right` in `n` were seen: the one-sided Wilson bound at `z`
/// standard deviations (1.645 for 95 %). Zero of nothing.
#[must_use]
pub fn lower_bound(right: usize, n: usize, z: f64) -> f64 {
    if n == 0 {
        return 0.0;
    }
    let n = n as f64;
    let p = right as f64 / n;
    let middle = p + z * z / (2.0 * n);
    let spread = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    ((middle - spread) / (1.0 + z * z / n)).max(0.0)
}

fn confidence(j: &Judged) -> f64 {
    if j.confidence.is_nan() { 0.0 } else { j.confidence.clamp(0.0, 1.0) }
}

fn share(part: usize, of: usize) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judged(rows: &[(f64, bool)]) -> Vec<Judged> {
        rows.iter().map(|&(confidence, right)| Judged { confidence, right }).collect()
    }

    #[test]
    fn a_model_as_sure_as_it_is_right_has_no_error() {
        let honest = judged(&[(0.75, true), (0.75, true), (0.75, true), (0.75, false)]);
        assert!(calibration_error(&honest, CALIBRATION_BINS) < 1e-12);
        let boastful = judged(&[(1.0, true), (1.0, false)]);
        assert!((calibration_error(&boastful, CALIBRATION_BINS) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_threshold_is_the_lowest_that_keeps_the_precision() {
        let rows = judged(&[(0.9, true), (0.8, true), (0.7, false), (0.6, true), (0.5, false)]);
        assert_eq!(threshold_for(&rows, 0.75, 1), Some(0.6));
        assert_eq!(threshold_for(&rows, 1.0, 1), Some(0.8));
        assert_eq!(threshold_for(&rows, 1.0, 3), None);
        assert_eq!(threshold_for(&judged(&[(0.9, true), (0.9, false)]), 0.9, 1), None, "equals go together");
    }

    #[test]
    fn macro_f1_gives_rare_classes_equal_weight() {
        let pairs = [("a", "a"), ("a", "a"), ("a", "a"), ("b", "a")];
        assert!((macro_f1(&pairs) - (6.0 / 7.0) / 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_bound_grows_with_what_was_seen() {
        assert!(lower_bound(19, 20, 1.645) < lower_bound(190, 200, 1.645));
        assert!(lower_bound(200, 200, 1.645) < 1.0);
        assert_eq!(lower_bound(0, 0, 1.645), 0.0);
    }

    proptest! {
        #[test]
        fn what_a_chosen_threshold_sends_is_as_right_as_wanted(
            rows in proptest::collection::vec((0.0..=1.0_f64, any::<bool>()), 0..60), wanted in 0.0..=1.0_f64, support in 0..10_usize,
        ) {
            let rows = judged(&rows);
            if let Some(threshold) = threshold_for(&rows, wanted, support) {
                let sent = coverage_at(&rows, threshold);
                prop_assert!(sent.achieved_precision.unwrap() >= wanted - 1e-9);
                prop_assert!(sent.coverage * rows.len() as f64 >= support as f64 - 1e-9);
            }
            prop_assert!((0.0..=1.0).contains(&calibration_error(&rows, CALIBRATION_BINS)));
        }
    }
}
