//! What a message is about: ranked classes with probabilities that mean what they say.
//!
//! A class is a code, or a path of codes such as `18/134/372`; the probability of an inner node is the sum of its
//! leaves'. Probabilities and thresholds are fitted on grouped out-of-fold predictions: on what a model of the same
//! kind said of messages it had not seen.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use suban_text::{Counts, Segmenter, Weights};

use crate::{
    calibrate::Calibration,
    eval::{Judged, coverage_at, threshold_for},
    folds::deal,
    linear::{Linear, Rows, Training},
};

/// A message whose class is known.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// Its features.
    pub counts: Counts,
    /// Its class.
    pub class: String,
    /// Lessons of one group are never on both sides of a fold.
    pub group: usize,
}

/// How a model is learned.
#[derive(Clone, Debug)]
pub struct Study {
    /// How the classifier is trained.
    pub training: Training,
    /// A feature that fewer messages have is left out.
    pub fewest: u32,
    /// Folds on which probabilities and thresholds are fitted.
    pub folds: usize,
    /// Precisions for which a threshold is looked for.
    pub precisions: Vec<f64>,
    /// Fewest out-of-fold predictions at or above a threshold.
    pub support: usize,
    /// Words that are left out of every message, as the lessons' features were counted.
    pub left_out: BTreeSet<String>,
}

impl Default for Study {
    fn default() -> Self {
        Self {
            training: Training::default(),
            fewest: 2,
            folds: 5,
            precisions: vec![0.90, 0.95, 0.98],
            support: 50,
            left_out: BTreeSet::new(),
        }
    }
}

/// Why nothing can be learned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NothingToLearn {
    /// One class is no question.
    #[error("{0} class(es) in the lessons; at least two are needed")]
    TooFewClasses(usize),
    /// Out-of-fold predictions need groups on both sides.
    #[error("{groups} group(s) of lessons for {folds} folds; bring more messages or fewer folds (at least two)")]
    TooFewGroups {
        /// Groups there are.
        groups: usize,
        /// Folds wanted.
        folds: usize,
    },
}

/// From which confidence on predictions may act by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// Share that is right among those sent.
    pub precision: f64,
    /// Confidence of the first class from which on it is sent.
    pub confidence: f64,
    /// Share of the out-of-fold predictions that it sent.
    pub coverage: f64,
}

/// A class and how likely it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Likely<'a> {
    /// The class's code or, for an inner node, the beginning of its path.
    pub class: &'a str,
    /// 0 to 1.
    pub probability: f64,
}

/// Reads the class of a message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CategoryModel {
    pub(crate) classes: Vec<String>,
    pub(crate) weights: Weights,
    pub(crate) linear: Linear,
    pub(crate) calibration: Calibration,
    pub(crate) thresholds: Vec<Threshold>,
    pub(crate) left_out: BTreeSet<String>,
}

impl CategoryModel {
    /// Learns from lessons.
    ///
    /// # Errors
    /// When there are fewer than two classes, or fewer groups than folds.
    pub fn learn(lessons: &[&Lesson], study: &Study) -> Result<Self, NothingToLearn> {
        let classes: Vec<String> =
            lessons.iter().map(|l| l.class.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        if classes.len() < 2 {
            return Err(NothingToLearn::TooFewClasses(classes.len()));
        }
        let numbers: BTreeMap<&str, usize> = classes.iter().map(String::as_str).zip(0..).collect();
        let labels: Vec<usize> =
            lessons.iter().map(|l| numbers.get(l.class.as_str()).copied().unwrap_or(usize::MAX)).collect();
        let margins = out_of_fold(lessons, &labels, classes.len(), study)?;
        let calibration = Calibration::fit(&margins, &labels, classes.len());
        let judged: Vec<Judged> =
            margins.iter().zip(&labels).map(|(margins, label)| judge(&calibration, margins, *label)).collect();
        let thresholds = study.precisions.iter().filter_map(|&precision| {
            let confidence = threshold_for(&judged, precision, study.support)?;
            Some(Threshold { precision, confidence, coverage: coverage_at(&judged, confidence).coverage })
        });
        let thresholds = thresholds.collect();
        let all: Vec<usize> = (0..lessons.len()).collect();
        let (weights, linear) = fit(lessons, &labels, classes.len(), &all, study);
        Ok(Self { classes, weights, linear, calibration, thresholds, left_out: study.left_out.clone() })
    }

    /// The classes, in the order of their codes.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// A segmenter that counts as the lessons were counted.
    #[must_use]
    pub fn segmenter(&self) -> Segmenter {
        Segmenter::default().leaving_out(self.left_out.iter().cloned())
    }

    /// The threshold for a precision, if the lessons allowed one.
    #[must_use]
    pub fn threshold(&self, precision: f64) -> Option<Threshold> {
        self.thresholds.iter().find(|t| (t.precision - precision).abs() < 1e-9).copied()
    }

    /// All classes, the likeliest first; equals in the order of their codes.
    #[must_use]
    pub fn rank(&self, counts: &Counts) -> Vec<Likely<'_>> {
        let shares = self.calibration.probabilities(&self.linear.margins(&self.weights.vector(counts)));
        let mut ranked: Vec<_> = self
            .classes
            .iter()
            .zip(shares)
            .map(|(class, probability)| Likely { class: class.as_str(), probability })
            .collect();
        ranked.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        ranked
    }
}

/// Nodes of one level of the tree, level 1 the outermost, the likeliest first: sums over the leaves below. A leaf
/// that ends further out stands for itself.
#[must_use]
pub fn at_level<'a>(leaves: &[Likely<'a>], level: usize) -> Vec<Likely<'a>> {
    let mut sums = BTreeMap::<&'a str, f64>::new();
    for leaf in leaves {
        let end = leaf.class.match_indices('/').nth(level.max(1) - 1).map_or(leaf.class.len(), |(at, _)| at);
        *sums.entry(leaf.class.get(..end).unwrap_or(leaf.class)).or_default() += leaf.probability;
    }
    let mut nodes: Vec<_> = sums.into_iter().map(|(class, probability)| Likely { class, probability }).collect();
    nodes.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    nodes
}

fn judge(calibration: &Calibration, margins: &[f32], label: usize) -> Judged {
    let shares = calibration.probabilities(margins);
    let first = shares.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    first.map_or(Judged { confidence: 0.0, right: false }, |(class, confidence)| Judged {
        confidence: *confidence,
        right: class == label,
    })
}

/// Weights of the features and the classifier over them, from the lessons at `chosen`.
fn fit(lessons: &[&Lesson], labels: &[usize], classes: usize, chosen: &[usize], study: &Study) -> (Weights, Linear) {
    let counts = || chosen.iter().filter_map(|at| lessons.get(*at)).map(|lesson| &lesson.counts);
    let weights = Weights::learn(counts().collect::<Vec<_>>(), study.fewest);
    let rows: Rows = counts().map(|counts| weights.vector(counts)).collect();
    let labels: Vec<usize> = chosen.iter().filter_map(|at| labels.get(*at).copied()).collect();
    let linear = Linear::train(&rows, weights.columns(), &labels, classes, study.training);
    (weights, linear)
}

/// Margins of every lesson, from models that have seen nothing of its group.
fn out_of_fold(
    lessons: &[&Lesson],
    labels: &[usize],
    classes: usize,
    study: &Study,
) -> Result<Vec<Vec<f32>>, NothingToLearn> {
    let groups: Vec<usize> = crate::folds::groups(lessons.iter().map(|lesson| [lesson.group]));
    let count = groups.iter().max().map_or(0, |most| most + 1);
    if study.folds < 2 || count < study.folds {
        return Err(NothingToLearn::TooFewGroups { groups: count, folds: study.folds });
    }
    let fold_of = deal(&groups, labels, study.folds, study.training.seed);
    let mut margins = vec![Vec::new(); lessons.len()];
    for fold in 0..study.folds {
        let (inside, outside): (Vec<usize>, Vec<usize>) = (0..lessons.len()).partition(|row| fold_of[*row] == fold);
        let (weights, linear) = fit(lessons, labels, classes, &outside, study);
        for row in inside {
            margins[row] = linear.margins(&weights.vector(&lessons[row].counts));
        }
    }
    Ok(margins)
}
