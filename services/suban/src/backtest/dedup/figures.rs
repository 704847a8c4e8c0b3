//! What was found, as figures.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;
use suban_likeness::{Feature, Index, Judgement, Model, Read, automatic::bound};

use super::{
    auto::{Why, copies, merged},
    pairs::Marked,
    replay::Judge,
    rows::Row,
    study::Learned,
};
use crate::{
    backtest::figures::{Quantiles, speed},
    bench::proc,
    print,
};

/// Examples that are printed, at most.
const EXAMPLES: usize = 200;
/// Places among which it counts.
const PLACES: [usize; 3] = [1, 3, 5];

/// One tested child.
#[derive(Debug, Clone)]
pub(super) struct Child {
    pub(super) number: usize,
    /// The place of the first member of its group and of its named parent, from 0.
    pub(super) group_at: Option<usize>,
    pub(super) parent_at: Option<usize>,
    /// The first candidates with their score and features as words.
    pub(super) first: Vec<(usize, String)>,
}

/// One automatic merge.
#[derive(Debug, Clone)]
pub(super) struct Merge {
    pub(super) number: usize,
    pub(super) into: usize,
    pub(super) why: Why,
    pub(super) probability: f32,
    pub(super) right: bool,
}

/// Everything that was noted.
#[derive(Debug)]
pub(super) struct Scored {
    pub(super) children: Vec<Child>,
    pub(super) merges: Vec<Merge>,
    candidates: Vec<f64>,
    took: Vec<Duration>,
    groups: Vec<usize>,
    threshold: Option<f32>,
    texts: BTreeMap<usize, (String, String)>,
}

/// Notes while the history is played.
pub(super) struct Scorer<'a> {
    rows: &'a [Row],
    marked: &'a Marked,
    groups: &'a [usize],
    learned: &'a Learned,
    scored: Scored,
}

impl<'a> Scorer<'a> {
    pub(super) fn new(rows: &'a [Row], marked: &'a Marked, groups: &'a [usize], learned: &'a Learned) -> Self {
        let scored = Scored {
            children: Vec::new(),
            merges: Vec::new(),
            candidates: Vec::new(),
            took: Vec::new(),
            groups: groups.to_vec(),
            threshold: learned.threshold.map(|threshold| threshold.probability),
            texts: BTreeMap::new(),
        };
        Self { rows, marked, groups, learned, scored }
    }

    pub(super) fn finish(mut self) -> Scored {
        for merge in &self.scored.merges {
            for number in [merge.number, merge.into] {
                let row = &self.rows[number];
                self.scored.texts.insert(number, (row.id.clone(), format!("{} {}", row.title, row.text)));
            }
        }
        self.scored
    }
}

impl Judge for Scorer<'_> {
    fn model(&self, _: usize) -> Option<&Model> {
        Some(&self.learned.model)
    }

    fn take(&mut self, number: usize, index: &Index, request: &Read, found: &Judgement, took: Duration) {
        if !self.rows[number].tested {
            return;
        }
        self.scored.took.push(took);
        self.scored.candidates.push(found.candidates.len() as f64);
        let same = |id: u128| self.groups[id as usize] == self.groups[number];
        let copies = copies(index, request, found, self.rows[number].reported_at);
        if let Some((at, why)) = merged(found, &copies, self.scored.threshold, self.learned.copies_hold) {
            let candidate = found.candidates[at];
            self.scored.merges.push(Merge {
                number,
                into: candidate.id as usize,
                why,
                probability: candidate.probability,
                right: same(candidate.id),
            });
        }
        let Some(parents) = self.marked.children.get(&number) else { return };
        let group_at = found.candidates.iter().position(|candidate| same(candidate.id));
        let parent_at = found.candidates.iter().position(|candidate| parents.contains(&(candidate.id as usize)));
        let mut shown: Vec<usize> = (0..found.candidates.len().min(3)).collect();
        shown.extend([group_at, parent_at].into_iter().flatten());
        shown.sort_unstable();
        shown.dedup();
        let first = shown.into_iter().map(|at| {
            let candidate = &found.candidates[at];
            let known = |(feature, value): (Feature, f32)| {
                (!value.is_nan() && value != 0.0).then(|| format!("{}={value:.2}", feature.code()))
            };
            let features: Vec<String> = candidate.features.iter().filter_map(known).collect();
            let text = format!(
                "#{} score {:.2} p {:.3}: {}",
                at + 1,
                candidate.score,
                candidate.probability,
                features.join(" ")
            );
            (candidate.id as usize, text)
        });
        let first = if group_at == Some(0) && parent_at == Some(0) { Vec::new() } else { first.collect() };
        self.scored.children.push(Child { number, group_at, parent_at, first });
    }
}

type At = BTreeMap<usize, f64>;

/// The figures of a run.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pairs: usize,
    pairs_out_of_order: usize,
    pairs_without_parent: usize,
    pairs_without_child: usize,
    found_at: Option<At>,
    parent_at: Option<At>,
    found_at_by_group: Option<At>,
    auto: Auto,
    candidates: Quantiles,
    ms: Quantiles,
    per_s: Option<f64>,
    rss_mb: Option<f64>,
    train_seconds: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Auto {
    threshold: Option<f32>,
    n: usize,
    precision: Option<f64>,
    precision_lower_bound: Option<f64>,
    recall: Option<f64>,
    by_reason: BTreeMap<String, [usize; 2]>,
    wrong_examples: Vec<Example>,
}

/// A merge that no mark confirms.
#[derive(Debug, Serialize)]
struct Example {
    id: String,
    into: String,
    why: Why,
    probability: f32,
    text: String,
    into_text: String,
}

impl Report {
    pub(super) fn of(scored: &Scored, marked: &Marked, train_seconds: Option<f64>) -> Self {
        let children = &scored.children;
        let all: Vec<Option<usize>> = children.iter().map(|child| child.group_at).collect();
        let parents: Vec<Option<usize>> = children
            .iter()
            .filter(|child| marked.children.get(&child.number).is_some_and(|parents| !parents.is_empty()))
            .map(|child| child.parent_at)
            .collect();
        let mut by_group: BTreeMap<usize, Vec<Option<usize>>> = BTreeMap::new();
        for child in children {
            by_group.entry(scored.groups[child.number]).or_default().push(child.group_at);
        }
        let means: Vec<At> = by_group.values().filter_map(|places| share_at(places)).collect();
        let mean = |at: usize| means.iter().filter_map(|mean| mean.get(&at)).sum::<f64>() / means.len() as f64;
        let (ms, per_s) = speed(scored.took.iter().copied());
        Self {
            pairs: children.len(),
            pairs_out_of_order: marked.out_of_order,
            pairs_without_parent: marked.without_parent,
            pairs_without_child: marked.without_child,
            found_at: share_at(&all),
            parent_at: if marked.names_parents { share_at(&parents) } else { None },
            found_at_by_group: (!means.is_empty()).then(|| PLACES.into_iter().map(|at| (at, mean(at))).collect()),
            auto: Auto::of(scored),
            candidates: Quantiles::of(scored.candidates.clone()),
            ms,
            per_s,
            rss_mb: proc::own_rss_mb(false),
            train_seconds,
        }
    }
}

impl Report {
    /// Prints it for people.
    pub(super) fn show(&self) {
        let number = |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), |value| format!("{value:.4}"));
        let places = |at: &Option<At>| {
            let shares = |at: &At| at.values().map(|share| format!("{share:.4}")).collect::<Vec<_>>().join(" / ");
            at.as_ref().map_or_else(|| "unknown".to_owned(), shares)
        };
        let row = |name: &str, value: String| vec![name.to_owned(), value];
        let auto = &self.auto;
        print::table(
            &["figure", "value"],
            &[
                row("children tested", self.pairs.to_string()),
                row("pairs out of order", self.pairs_out_of_order.to_string()),
                row("pairs without a parent", self.pairs_without_parent.to_string()),
                row("group found first / in three / in five", places(&self.found_at)),
                row("marked parent first / in three / in five", places(&self.parent_at)),
                row("the same, mean over groups", places(&self.found_at_by_group)),
                row("merged by itself", auto.n.to_string()),
                row("of those, confirmed by marks", number(auto.precision)),
                row(
                    "candidates, p50 / p99",
                    format!("{} / {}", number(self.candidates.p50), number(self.candidates.p99)),
                ),
                row("ms, p50 / p99", format!("{} / {}", number(self.ms.p50), number(self.ms.p99))),
                row("judged a second", number(self.per_s)),
                row("training, s", number(self.train_seconds)),
                row("resident, MiB", number(self.rss_mb)),
            ],
        );
    }
}

impl Auto {
    fn of(scored: &Scored) -> Self {
        let n = scored.merges.len();
        let right = scored.merges.iter().filter(|merge| merge.right).count();
        let children: std::collections::BTreeSet<usize> = scored.children.iter().map(|child| child.number).collect();
        let found = scored.merges.iter().filter(|merge| merge.right && children.contains(&merge.number)).count();
        let example = |merge: &Merge| {
            let of = |number: usize| scored.texts.get(&number).cloned().unwrap_or_default();
            let ((id, text), (into, into_text)) = (of(merge.number), of(merge.into));
            Example { id, into, why: merge.why, probability: merge.probability, text, into_text }
        };
        let mut by_reason: BTreeMap<String, [usize; 2]> = BTreeMap::new();
        for merge in &scored.merges {
            let counts = by_reason.entry(format!("{:?}", merge.why)).or_default();
            counts[0] += 1;
            counts[1] += usize::from(merge.right);
        }
        Self {
            threshold: scored.threshold,
            n,
            precision: (n > 0).then(|| right as f64 / n as f64),
            precision_lower_bound: (n > 0).then(|| bound(right, n)),
            recall: (!children.is_empty()).then(|| found as f64 / children.len() as f64),
            by_reason,
            wrong_examples: scored.merges.iter().filter(|m| !m.right).take(EXAMPLES).map(example).collect(),
        }
    }
}

fn share_at(places: &[Option<usize>]) -> Option<At> {
    let share = |most: usize| {
        places.iter().filter(|place| place.is_some_and(|place| place < most)).count() as f64 / places.len() as f64
    };
    (!places.is_empty()).then(|| PLACES.into_iter().map(|most| (most, share(most))).collect())
}
