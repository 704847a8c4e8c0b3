//! What a city's own answers teach: curves that move from those that ship, and for each category the probability from
//! which nobody needs to be asked.
//!
//! People were asked about pairs and said whether they are one. Probabilities are told by models that had not seen the
//! pair, the answers about one group always together; on them stands a threshold where the one-sided 95 % lower bound of
//! precision is at least [`WANTED`] (D§9.4). Once a category merges by itself nobody looks at what it does but at a
//! share drawn by lot: what is said there may take the permission back ([`Learned::still`]).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    automatic::{Threshold, bound, threshold},
    features::{Feature, Features},
    fit::{First, Fitting, calibrate, fit_pairs},
    model::{Model, Tongue, Unsound},
};

/// Precision that is wanted of what is merged without a person.
pub const WANTED: f64 = 0.98;
/// Answers that a category needs of its own; with fewer it stands together with the others under its node.
pub const FEWEST: usize = 150;
/// Answers of each kind, yes and no, without which curves stay as they ship.
const FEWEST_OF_EACH: usize = 30;
/// Parts that take turns in being predicted by models of the others.
const FOLDS: u128 = 5;

/// What a person said about one pair.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was known when it was asked.
    pub features: Features,
    /// Whether the two are one.
    pub right: bool,
    /// The language of the new one.
    pub tongue: Tongue,
    /// Its category; empty when not known, and then it teaches the curves only.
    pub category: String,
    /// The node above the category.
    pub above: String,
    /// The group that it was asked about.
    pub group: u128,
}

/// From where on a category merges without a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Automatic {
    /// The probability, and what stands behind it.
    #[serde(flatten)]
    pub threshold: Threshold,
    /// The node whose categories it stands on together, where its own answers are too few.
    pub pooled: Option<String>,
}

/// A city's own judgement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// For requests in Chinese.
    pub chinese: Model,
    /// For requests in English.
    pub english: Model,
    /// By category; where none stands, a person is asked.
    pub automatic: BTreeMap<String, Automatic>,
}

/// What checks of automatic merges found in a category.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// Merges that were right.
    pub right: usize,
    /// Merges that were looked at.
    pub n: usize,
}

impl Learned {
    /// The defaults that ship: nothing merges by its likeness alone.
    ///
    /// # Errors
    /// Never, unless the crate was built around a broken file.
    pub fn shipped() -> Result<Self, Unsound> {
        let (chinese, english) = (Model::shipped(Tongue::Chinese)?, Model::shipped(Tongue::English)?);
        Ok(Self { chinese, english, automatic: BTreeMap::new() })
    }

    /// Reads one.
    ///
    /// # Errors
    /// When it is none, or a model in it does not fit together.
    pub fn from_json(text: &[u8]) -> Result<Self, Unsound> {
        let learned: Self = serde_json::from_slice(text).map_err(|error| Unsound::Unreadable(error.to_string()))?;
        learned.chinese.check()?;
        learned.english.check()?;
        Ok(learned)
    }

    /// The model of a language.
    #[must_use]
    pub const fn model(&self, tongue: Tongue) -> &Model {
        match tongue {
            Tongue::Chinese => &self.chinese,
            Tongue::English => &self.english,
        }
    }

    /// The probability from which a category merges without a person, where it may.
    #[must_use]
    pub fn sure_from(&self, category: &str) -> Option<f32> {
        self.automatic.get(category).map(|automatic| automatic.threshold.probability)
    }

    /// The same without the categories whose bound has fallen below `wanted`: what it was learned on and what checks have
    /// said since, counted together. `checks` are by category; a pooled one stands and falls with its pool.
    #[must_use]
    pub fn still(&self, checks: &BTreeMap<String, Checks>, wanted: f64) -> Self {
        let holds = |category: &str, automatic: &Automatic| {
            let together = |other: &str, of: &Automatic| match &automatic.pooled {
                Some(pool) => of.pooled.as_ref() == Some(pool),
                None => other == category,
            };
            let seen = self.automatic.iter().filter(|(other, of)| together(other, of));
            let (mut right, mut n) = (automatic.threshold.right, automatic.threshold.n);
            for checks in seen.filter_map(|(other, _)| checks.get(other)) {
                (right, n) = (right + checks.right, n + checks.n);
            }
            bound(right, n) >= wanted
        };
        let automatic = self.automatic.iter().filter(|(category, of)| holds(category, of));
        Self { automatic: automatic.map(|(c, a)| (c.clone(), a.clone())).collect(), ..self.clone() }
    }
}

/// Learns from answers, beginning with `prior`. Answers about closed tickets teach the curves and no threshold: nothing
/// joins them.
#[must_use]
pub fn learn(prior: &Learned, answers: &[Answer], wanted: f64) -> Learned {
    let mut told: Vec<(f32, &Answer)> = Vec::with_capacity(answers.len());
    let [chinese, english] = [Tongue::Chinese, Tongue::English].map(|tongue| {
        let own: Vec<&Answer> = answers.iter().filter(|answer| answer.tongue == tongue).collect();
        let (model, probabilities) = of_tongue(prior.model(tongue), &own);
        told.extend(probabilities.into_iter().zip(own));
        model
    });
    told.retain(|(_, answer)| answer.features.get(Feature::Open) > 0.0 && !answer.category.is_empty());
    Learned { chinese, english, automatic: thresholds(&told, wanted) }
}

/// The model that a language's answers make of the prior, and the probability of each answer by a model that had not seen
/// it.
fn of_tongue(prior: &Model, answers: &[&Answer]) -> (Model, Vec<f32>) {
    let right = answers.iter().filter(|answer| answer.right).count();
    if right.min(answers.len() - right) < FEWEST_OF_EACH {
        let told = answers.iter().map(|answer| prior.probability(prior.score(&answer.features)));
        return (prior.clone(), told.collect());
    }
    let pairs = |keep: &dyn Fn(&Answer) -> bool| -> Vec<(Features, bool)> {
        answers.iter().filter(|answer| keep(answer)).map(|answer| (answer.features, answer.right)).collect()
    };
    let fold = |answer: &Answer| mixed(answer.group) % FOLDS;
    let models: Vec<Model> =
        (0..FOLDS).map(|of| fit_pairs(prior, &pairs(&|answer| fold(answer) != of), Fitting::default())).collect();
    let unseen = |answer: &Answer| {
        let model = usize::try_from(fold(answer)).ok().and_then(|of| models.get(of)).unwrap_or(prior);
        First { score: model.score(&answer.features), right: answer.right }
    };
    let firsts: Vec<First> = answers.iter().map(|answer| unseen(answer)).collect();
    let model = Model { calibration: calibrate(&firsts), ..fit_pairs(prior, &pairs(&|_| true), Fitting::default()) };
    let told = firsts.iter().map(|first| model.probability(first.score)).collect();
    (model, told)
}

/// Ids that were made one after the other fall into different folds.
const fn mixed(id: u128) -> u128 {
    let folded = (id as u64) ^ ((id >> 64) as u64);
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u128
}

fn thresholds(told: &[(f32, &Answer)], wanted: f64) -> BTreeMap<String, Automatic> {
    let mut by_category: BTreeMap<&str, Vec<(f32, bool)>> = BTreeMap::new();
    let mut by_node: BTreeMap<&str, Vec<(f32, bool)>> = BTreeMap::new();
    let mut above: BTreeMap<&str, &str> = BTreeMap::new();
    for (probability, answer) in told {
        by_category.entry(&answer.category).or_default().push((*probability, answer.right));
        by_node.entry(&answer.above).or_default().push((*probability, answer.right));
        above.insert(&answer.category, &answer.above);
    }
    let of_category = |(category, own): (&&str, &Vec<(f32, bool)>)| {
        let node = above.get(category).copied().filter(|node| !node.is_empty());
        let (pairs, pooled) = match node {
            Some(node) if own.len() < FEWEST => (by_node.get(node)?, Some(node.to_owned())),
            Some(_) | None => (own, None),
        };
        if pairs.len() < FEWEST {
            return None;
        }
        Some(((*category).to_owned(), Automatic { threshold: threshold(pairs, wanted)?, pooled }))
    };
    by_category.iter().filter_map(of_category).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(n: u32, runs: f32, right: bool, category: &str) -> Answer {
        let mut features = Features::default();
        features.set(Feature::Runs, runs);
        features.set(Feature::Open, 1.0);
        Answer {
            features,
            right,
            tongue: Tongue::Chinese,
            category: category.into(),
            above: "市政/照明".into(),
            group: u128::from(n) << 64,
        }
    }

    /// Lamps whose words are alike are one; those whose words are not are two. A few are otherwise.
    fn lamps(n: u32, category: &str, wrong_in: u32) -> Vec<Answer> {
        (0..n)
            .map(|n| {
                let alike = n % 2 == 0;
                let runs = if alike { 0.8 } else { 0.1 } + (n % 10) as f32 / 100.0;
                answer(n, runs, alike != (wrong_in > 0 && (n / 10).is_multiple_of(wrong_in)), category)
            })
            .collect()
    }

    #[test]
    fn a_category_merges_by_itself_where_its_answers_allow_it() {
        let prior = Learned::shipped().unwrap();
        let learned = learn(&prior, &lamps(600, "ZM-01", 0), WANTED);
        let sure = learned.automatic.get("ZM-01").unwrap();
        assert_eq!((sure.pooled.as_deref(), sure.threshold.right), (None, sure.threshold.n));
        assert!(sure.threshold.n >= 300 && sure.threshold.bound >= WANTED, "{sure:?}");
        let of = |runs| {
            let one = answer(0, runs, true, "");
            learned.chinese.probability(learned.chinese.score(&one.features))
        };
        assert!(of(0.85) >= sure.threshold.probability && of(0.1) < 0.1, "{} {}", of(0.85), of(0.1));
        assert_eq!(learned.english, prior.english, "nobody answered in English");

        let often_wrong = learn(&prior, &lamps(600, "ZM-01", 5), WANTED);
        assert_eq!(often_wrong.automatic.len(), 0, "one in five that look alike is none");
        let again = Learned::from_json(&serde_json::to_vec(&learned).unwrap()).unwrap();
        assert_eq!(again.automatic.len(), 1);
    }

    #[test]
    fn too_few_answers_stand_together_or_not_at_all() {
        let prior = Learned::shipped().unwrap();
        let few = learn(&prior, &lamps(140, "ZM-01", 0), WANTED);
        assert_eq!(few.automatic.len(), 0);
        let both: Vec<Answer> = lamps(140, "ZM-01", 0).into_iter().chain(lamps(600, "ZM-02", 0)).collect();
        let learned = learn(&prior, &both, WANTED);
        assert_eq!(learned.automatic["ZM-01"].pooled.as_deref(), Some("市政/照明"));
        assert_eq!(learned.automatic["ZM-02"].pooled, None);
        assert_eq!(learn(&prior, &[], WANTED), prior, "nothing said, nothing learned");
    }

    #[test]
    fn what_checks_find_takes_the_permission_back() {
        let prior = Learned::shipped().unwrap();
        let both: Vec<Answer> = lamps(140, "ZM-01", 0).into_iter().chain(lamps(600, "ZM-02", 0)).collect();
        let learned = learn(&prior, &both, WANTED);
        let checked = |category: &str, right, n| BTreeMap::from([(category.to_owned(), Checks { right, n })]);
        assert_eq!(learned.still(&BTreeMap::new(), WANTED), learned);
        assert_eq!(learned.still(&checked("ZM-02", 40, 40), WANTED), learned);
        let fallen = learned.still(&checked("ZM-02", 20, 30), WANTED);
        assert_eq!(fallen.sure_from("ZM-02"), None);
        assert!(fallen.sure_from("ZM-01").is_some(), "it stands on its pool, in which it alone is");
        assert_eq!(learned.still(&checked("ZM-01", 20, 30), WANTED).sure_from("ZM-01"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn what_merges_by_itself_had_the_precision_that_is_wanted(truth in proptest::collection::vec((0..100_u32, any::<bool>()), 0..400)) {
            let answers: Vec<Answer> = (0..)
                .zip(&truth)
                .map(|(n, (runs, right))| answer(n, *runs as f32 / 100.0, *right, "ZM-01"))
                .collect();
            for Automatic { threshold, .. } in learn(&Learned::shipped().unwrap(), &answers, WANTED).automatic.values() {
                prop_assert!(bound(threshold.right, threshold.n) >= WANTED);
                prop_assert!(threshold.n <= answers.len());
            }
        }
    }
}
