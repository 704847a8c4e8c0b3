//! What a message is about: ranked classes with probabilities that mean what they say.
//!
//! A class is a code, or a path of codes such as `18/134/372`; the probability of an inner node is the sum of its
//! leaves'. Probabilities and thresholds are fitted on grouped out-of-fold predictions: on what a model of the same
//! kind said of messages it had not seen.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use suban_text::{Counts, Features, Segmenter, Weights};

use crate::{
    calibrate::Calibration,
    eval::{Judged, coverage_at, threshold_for},
    folds::deal,
    linear::{Linear, Rows, Training},
    stretch::Stretches,
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
    /// How it came, numbered as the caller likes: as it was written, or as words somebody kept of it. One form may be
    /// easier to read than another, and a threshold must hold for each.
    pub form: u8,
    /// Beside others: 1 where a person has looked at its class, less where nobody has.
    pub worth: f32,
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
            fewest: 3,
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
        let forms = by_form(lessons, &judged, study.support);
        let thresholds = study.precisions.iter().filter_map(|&precision| {
            let confidence = threshold_of_all(&forms, precision, study.support)?;
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
        self.ranked(&self.weights.vector(counts))
    }

    /// As [`Self::rank`], of features that nobody has counted: the quickest way from a text to its classes.
    #[must_use]
    pub fn read(&self, features: &Features) -> Vec<Likely<'_>> {
        self.ranked(&self.weights.vector_of(features))
    }

    fn ranked(&self, vector: &[(u32, f32)]) -> Vec<Likely<'_>> {
        let shares = self.calibration.probabilities(&self.linear.margins(vector));
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

/// Predictions of each form of which there are enough; all together when there are enough of none.
fn by_form(lessons: &[&Lesson], judged: &[Judged], support: usize) -> Vec<Vec<Judged>> {
    let mut forms = BTreeMap::<u8, Vec<Judged>>::new();
    for (lesson, judged) in lessons.iter().zip(judged) {
        forms.entry(lesson.form).or_default().push(*judged);
    }
    let enough: Vec<_> = forms.into_values().filter(|form| form.len() >= support).collect();
    if enough.is_empty() { vec![judged.to_vec()] } else { enough }
}

/// A threshold that holds in each form by itself; none where one form allows none.
fn threshold_of_all(forms: &[Vec<Judged>], precision: f64, support: usize) -> Option<f64> {
    forms.iter().try_fold(0.0_f64, |highest, form| Some(threshold_for(form, precision, support)?.max(highest)))
}

/// Weights of the features and the classifier over them: the mean of a plain machine and of one that first trusts what
/// each feature says by itself, from the lessons at `chosen`.
fn fit(lessons: &[&Lesson], labels: &[usize], classes: usize, chosen: &[usize], study: &Study) -> (Weights, Linear) {
    let counts = || chosen.iter().filter_map(|at| lessons.get(*at)).map(|lesson| &lesson.counts);
    let weights = Weights::learn(counts().collect::<Vec<_>>(), study.fewest);
    let mut rows = Rows::default();
    for lesson in chosen.iter().filter_map(|at| lessons.get(*at)) {
        rows.push(&weights.vector(&lesson.counts), lesson.worth);
    }
    let labels: Vec<usize> = chosen.iter().filter_map(|at| labels.get(*at).copied()).collect();
    let columns = weights.columns();
    let stretches = Stretches::of(&rows, columns, &labels, classes);
    let (plain, stretched) = std::thread::scope(|both| {
        let stretched = both.spawn(|| Linear::train_stretched(&rows, &stretches, &labels, study.training));
        (Linear::train(&rows, columns, &labels, classes, study.training), stretched.join())
    });
    let linear = match stretched {
        Ok(stretched) => plain.mean(&stretched),
        Err(panicked) => std::panic::resume_unwind(panicked),
    };
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    const SAID: [(&str, &[&str]); 3] = [
        ("10/11", &["路灯", "不亮", "灯杆", "黑"]),
        ("10/12", &["井盖", "破损", "路面", "坑"]),
        ("20/21", &["噪声", "施工", "夜间", "吵"]),
    ];

    pub(crate) fn lessons() -> Vec<Lesson> {
        let message = |at: usize| {
            let (class, words) = SAID[at % SAID.len()];
            let chosen = [words[at % 4], words[at / 3 % 4], ["的", "请", "市"][at % 7 % 3], words[at / 5 % 4]];
            Lesson { counts: Counts::of_words(chosen), class: class.to_owned(), group: at, form: 0, worth: 1.0 }
        };
        (0..90).map(message).collect()
    }

    pub(crate) fn model() -> CategoryModel {
        let lessons = lessons();
        let study = Study { precisions: vec![0.95], support: 10, ..Study::default() };
        CategoryModel::learn(&lessons.iter().collect::<Vec<_>>(), &study).unwrap()
    }

    #[test]
    fn what_was_taught_is_read() {
        let model = model();
        let ranked = model.rank(&Counts::of_words(["夜间", "施工"]));
        assert_eq!((ranked[0].class, ranked.len()), ("20/21", 3));
        assert_eq!(model.read(&Features::of_words(["夜间", "施工"]))[0].class, "20/21");
        let outer = at_level(&ranked, 1);
        assert_eq!((outer[0].class, outer.len()), ("20", 2));
        assert!(model.threshold(0.95).is_some_and(|t| t.coverage > 0.5));
        assert_eq!(model.threshold(0.5), None);
    }

    #[test]
    fn a_threshold_holds_for_every_form() {
        // Ten predictions from 0.1 to 1.0: in one form those from 0.3 on are right, in the other those from 0.8 on.
        let form = |right_from: f64| -> Vec<Judged> {
            let confidences = (1..=10).map(|n| f64::from(n) / 10.0);
            confidences.map(|confidence| Judged { confidence, right: confidence >= right_from }).collect()
        };
        let both = [form(0.3), form(0.8)];
        assert_eq!(threshold_of_all(&both[..1], 0.95, 2), Some(0.3));
        assert_eq!(threshold_of_all(&both, 0.95, 2), Some(0.8));
        assert_eq!(threshold_of_all(&[form(0.3), form(2.0)], 0.95, 2), None, "nothing is right there");
    }

    #[test]
    fn an_outer_node_is_as_likely_as_its_leaves_together() {
        let leaf = |class, probability| Likely { class, probability };
        let leaves = [leaf("10/11/1", 0.4), leaf("20", 0.35), leaf("10/12/1", 0.25)];
        let level = |level| at_level(&leaves, level).iter().map(|l| l.class).collect::<Vec<_>>();
        assert_eq!(level(1), ["10", "20"]);
        assert_eq!(level(2), ["10/11", "20", "10/12"]);
        assert!((at_level(&leaves, 1)[0].probability - 0.65).abs() < 1e-12);
    }

    #[test]
    fn nothing_is_learned_from_one_class_or_one_group() {
        let all = lessons();
        let learn = |chosen: Vec<&Lesson>| CategoryModel::learn(&chosen, &Study::default()).map(drop);
        assert_eq!(learn(all.iter().filter(|l| l.class == "20/21").collect()), Err(NothingToLearn::TooFewClasses(1)));
        assert_eq!(learn(all.iter().take(3).collect()), Err(NothingToLearn::TooFewGroups { groups: 3, folds: 5 }));
    }

    proptest! {
        #[test]
        fn probabilities_of_every_level_add_up_to_one(words in proptest::collection::vec("[路灯噪声井盖吵黑a-c]{1,3}", 0..8)) {
            static MODEL: std::sync::LazyLock<CategoryModel> = std::sync::LazyLock::new(model);
            let ranked = MODEL.rank(&Counts::of_words(words.iter().map(String::as_str)));
            prop_assert!(ranked.is_sorted_by(|a, b| a.probability >= b.probability));
            for nodes in [&ranked, &at_level(&ranked, 1), &at_level(&ranked, 2)] {
                prop_assert!((nodes.iter().map(|l| l.probability).sum::<f64>() - 1.0).abs() < 1e-9);
            }
        }
    }
}
