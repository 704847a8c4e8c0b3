//! What predictions on messages with known classes came to.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;
use suban_learn::eval::{CALIBRATION_BINS, Judged, accuracy, calibration_error, coverage_at, macro_f1};

/// One message, read.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    /// Confidence of the first class, and whether the message has it.
    pub(super) judged: Judged,
    /// The message's first class.
    pub(super) truth: String,
    /// The model's first class.
    pub(super) predicted: String,
    /// Whether a class of the message is among the model's first three.
    pub(super) in_three: bool,
    /// For each precision asked for, whether it was sent at the threshold; `None` where there is none.
    pub(super) sent: Vec<Option<bool>>,
    /// From the text to the ranked classes.
    pub(super) took: Duration,
}

/// What a threshold sent.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Sent {
    /// Share of all messages.
    pub(super) coverage: Option<f64>,
    /// Share of those sent that was right.
    pub(super) achieved_precision: Option<f64>,
}

impl Sent {
    /// What a threshold would have sent; unknown where there is none.
    pub(super) fn at(threshold: Option<f64>, judged: &[Judged]) -> Self {
        let coverage = threshold.map(|threshold| coverage_at(judged, threshold));
        Self { coverage: coverage.map(|c| c.coverage), achieved_precision: coverage.and_then(|c| c.achieved_precision) }
    }
}

/// Where the middle and the slowest hundredth of some values lie; unknown where there are none.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Quantiles {
    pub(crate) p50: Option<f64>,
    pub(crate) p99: Option<f64>,
}

impl Quantiles {
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values.get(((values.len() as f64 * share).ceil() as usize).saturating_sub(1)).copied();
        Self { p50: at(0.5), p99: at(0.99) }
    }
}

/// How long single answers took, in milliseconds, and how many one core gives in a second.
pub(crate) fn speed(took: impl Iterator<Item = Duration>) -> (Quantiles, Option<f64>) {
    let took: Vec<f64> = took.map(|took| took.as_secs_f64() * 1e3).collect();
    let (answers, all) = (took.len() as f64, took.iter().sum::<f64>());
    (Quantiles::of(took), (all > 0.0).then(|| answers * 1e3 / all))
}

/// The figures of one set of messages.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Figures {
    pub(super) n: usize,
    pub(super) accuracy: Option<f64>,
    pub(super) macro_f1: Option<f64>,
    pub(super) top3: Option<f64>,
    pub(super) ece: Option<f64>,
    pub(super) coverage_at_precision: BTreeMap<String, Sent>,
    pub(super) ms: Quantiles,
    pub(super) per_s: Option<f64>,
}

impl Figures {
    /// Of outcomes whose `sent` stands in the order of `precisions`.
    pub(super) fn of(outcomes: &[Outcome], precisions: &[f64]) -> Self {
        let some = |value: f64| (!outcomes.is_empty()).then_some(value);
        let judged: Vec<Judged> = outcomes.iter().map(|o| o.judged).collect();
        let pairs: Vec<(&str, &str)> = outcomes.iter().map(|o| (o.truth.as_str(), o.predicted.as_str())).collect();
        let in_three = outcomes.iter().filter(|o| o.in_three).count();
        let (ms, per_s) = speed(outcomes.iter().map(|o| o.took));
        Self {
            n: outcomes.len(),
            accuracy: accuracy(&judged),
            macro_f1: some(macro_f1(&pairs)),
            top3: some(in_three as f64 / outcomes.len() as f64),
            ece: some(calibration_error(&judged, CALIBRATION_BINS)),
            coverage_at_precision: precisions
                .iter()
                .enumerate()
                .map(|(at, precision)| (precision.to_string(), sent(outcomes, at)))
                .collect(),
            ms,
            per_s,
        }
    }
}

/// What the threshold of the precision at `at` sent; unknown where the lessons allowed no threshold.
fn sent(outcomes: &[Outcome], at: usize) -> Sent {
    let known: Vec<_> =
        outcomes.iter().filter_map(|o| o.sent.get(at).copied().flatten().map(|sent| (sent, o))).collect();
    if known.is_empty() {
        return Sent { coverage: None, achieved_precision: None };
    }
    let chosen: Vec<Judged> = known.iter().filter(|(sent, _)| *sent).map(|(_, o)| o.judged).collect();
    Sent { coverage: Some(chosen.len() as f64 / outcomes.len() as f64), achieved_precision: accuracy(&chosen) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(confidence: f64, truth: &str, predicted: &str, sent: Option<bool>) -> Outcome {
        Outcome {
            judged: Judged { confidence, right: truth == predicted },
            truth: truth.to_owned(),
            predicted: predicted.to_owned(),
            in_three: true,
            sent: vec![sent],
            took: Duration::from_millis(2),
        }
    }

    #[test]
    fn figures_count_what_they_say() {
        let outcomes = [
            outcome(0.9, "a", "a", Some(true)),
            outcome(0.8, "b", "a", Some(true)),
            outcome(0.4, "b", "b", Some(false)),
            outcome(0.3, "b", "b", Some(false)),
        ];
        let figures = Figures::of(&outcomes, &[0.95]);
        assert_eq!((figures.n, figures.accuracy, figures.per_s), (4, Some(0.75), Some(500.0)));
        let sent = figures.coverage_at_precision["0.95"];
        assert_eq!((sent.coverage, sent.achieved_precision), (Some(0.5), Some(0.5)));
    }

    #[test]
    fn what_is_unknown_is_null() {
        let text = serde_json::to_string(&Figures::of(&[], &[0.95])).unwrap();
        assert!(text.contains("\"accuracy\":null") && text.contains("\"p99\":null"), "{text}");
        let none = Figures::of(&[outcome(0.9, "a", "a", None)], &[0.95]);
        assert_eq!(none.coverage_at_precision["0.95"].coverage, None);
    }
}
