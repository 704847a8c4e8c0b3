//! Learns from marked pairs, then plays the requests to judge and scores what was found.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use suban_likeness::{
    Features, Index, Judgement, Model, Read, Tongue,
    automatic::{Threshold, bound, threshold},
    fit::{Choice, First, Fitting, calibrate, fit},
    read,
    shape::blank,
};
use suban_text::Segmenter;

use super::{
    args::Dedup,
    auto::{Why, copies, merged},
    figures::{Report, Scored, Scorer},
    map::{Map, instant},
    pairs::Marked,
    replay::{Judge, Replay, Window},
    rows::{History, Row},
    show,
};

/// The newest marked children that are learned from.
const LEARNED_FROM: usize = 1_500;
/// Folds of the training children for calibration and thresholds.
const FOLDS: usize = 5;
/// Requests without a mark that are looked at for calibration, at most about so many: first roughly, then well.
const UNMARKED: [usize; 2] = [3_000, 20_000];

/// What a run found.
pub(super) struct Outcome {
    pub(super) report: Report,
    pub(super) shown: Option<String>,
}

/// A model, and from which probability it may merge by itself.
pub(super) struct Learned {
    pub(super) model: Model,
    pub(super) threshold: Option<Threshold>,
    /// Whether the same words about one place and matter, said by others, were one matter often enough to be merged
    /// without a person (D3). Without marks nobody knows, and they are not.
    pub(super) copies_hold: bool,
}

/// Runs it.
pub(super) fn run(how: &Dedup) -> anyhow::Result<Outcome> {
    let map = how.map.as_ref().map(|path| {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot open {}", path.display()))?;
        Map::parse(&text).with_context(|| format!("reading {}", path.display()))
    });
    let map = map.transpose()?;
    let mut history = History::read(paths(&how.requests), paths(&how.train_requests), map.as_ref())?;
    let mut marked = Marked::read(paths(&how.pairs), &history)?;
    let mut train = Marked::read(paths(&how.train_pairs), &history)?;
    if let Some(split) = &how.split {
        let split = instant(split, None, None).context("--split")?;
        for row in &mut history.rows {
            (row.trained, row.tested) = (row.reported_at < split, row.reported_at >= split);
        }
        let before = history.rows.partition_point(|row| row.reported_at < split);
        train.children.retain(|child, _| *child < before);
        marked.children.retain(|child, _| *child >= before);
    }
    let began = Instant::now();
    let window = Window { open_days: how.open_days, closed_days: how.closed_days };
    let learned = if train.children.is_empty() {
        Learned { model: prior(how, &history.rows)?, threshold: None, copies_hold: false }
    } else {
        learn(how, &history.rows, &train, window)?
    };
    let train_seconds = (!train.children.is_empty()).then(|| began.elapsed().as_secs_f64());
    if let Some(path) = &how.save {
        let text = serde_json::to_string(&learned.model)?;
        std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    let groups = marked.groups(&train, history.rows.len());
    let mut scorer = Scorer::new(&history.rows, &marked, &groups, &learned);
    let last = history.rows.iter().rposition(|row| row.tested).map_or(0, |last| last + 1);
    let segmenter = Segmenter::default();
    let fresh = |number: usize, row: &Row| Cow::Owned(read(&segmenter, &row.request(number)));
    let first = history.rows.iter().position(|row| row.tested).unwrap_or(0);
    let from = window.reaches_back_to(&history.rows, first);
    Replay::new(last - from, window).play(&history.rows[..last], from, fresh, &mut scorer);
    let scored: Scored = scorer.finish();
    let shown = (how.show > 0).then(|| show::worst(&history.rows, &scored, &marked, how.show));
    Ok(Outcome { report: Report::of(&scored, &marked, train_seconds), shown })
}

fn paths(paths: &[PathBuf]) -> Vec<&Path> {
    paths.iter().map(PathBuf::as_path).collect()
}

/// Requests that are looked at to tell the language.
const A_FEW: usize = 500;

fn prior(how: &Dedup, rows: &[Row]) -> anyhow::Result<Model> {
    if how.blank {
        return Ok(blank());
    }
    let tongue = Tongue::of(rows.iter().take(A_FEW).map(|row| row.text.as_str()));
    Ok(Model::shipped(tongue)?)
}

fn learn(how: &Dedup, rows: &[Row], train: &Marked, window: Window) -> anyhow::Result<Learned> {
    let fitting = Fitting { ridge: how.ridge, smooth: how.smooth, named: how.named, ..Fitting::default() };
    let groups = train.groups(&Marked::default(), rows.len());
    let last = train.children.keys().next_back().map_or(0, |last| last + 1);
    // How people report and mark changes: the newest marks say most about what comes next.
    let newest = train.children.keys().rev().take(LEARNED_FROM).min().copied().unwrap_or(0);
    let from = window.reaches_back_to(rows, newest);
    let rows = &rows[..last];
    let prior = prior(how, rows)?;
    let segmenter = Segmenter::default();
    let reads: Vec<Read> =
        (from..).zip(&rows[from..]).map(|(number, row)| read(&segmenter, &row.request(number))).collect();
    let known = |number: usize, _: &Row| Cow::Borrowed(&reads[number - from]);
    // First only the children, to have a model; then everybody, so that each request carries its own verdict.
    let mut first = Lessons::new(rows, train, &groups, prior.clone(), Breadth::Children);
    Replay::new(last - from, window).play(rows, from, known, &mut first);
    let model = fit(&prior, &first.choices(), fitting);
    let model = Model { calibration: calibrate(&first.firsts(&model)), ..model };
    let mut second = Lessons::new(rows, train, &groups, model, Breadth::Everybody);
    Replay::new(last - from, window).play(rows, from, known, &mut second);
    let model = fit(&prior, &second.choices(), fitting);
    let mut firsts = Vec::new();
    for fold in 0..FOLDS {
        let (inside, outside): (Vec<&Lesson>, Vec<&Lesson>) =
            second.lessons.iter().partition(|lesson| lesson.group % FOLDS == fold);
        let choices: Vec<Choice> = outside.iter().filter_map(|lesson| lesson.choice()).collect();
        let model = fit(&prior, &choices, fitting);
        firsts.extend(inside.iter().filter_map(|lesson| lesson.first(&model)));
    }
    let calibration = calibrate(&firsts);
    let model = Model { calibration, ..model };
    let sure: Vec<(f32, bool)> = firsts.iter().map(|f| (model.probability(f.score), f.right)).collect();
    let (right, of) = second.copies;
    let copies_hold = of > 0 && bound(right, of) >= how.precision;
    Ok(Learned { threshold: threshold(&sure, how.precision), model, copies_hold })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Breadth {
    Children,
    Everybody,
}

/// One request with its candidates.
struct Lesson {
    candidates: Vec<Features>,
    right: Vec<bool>,
    named: Option<usize>,
    group: usize,
}

impl Lesson {
    fn choice(&self) -> Option<Choice> {
        self.right.contains(&true).then(|| Choice {
            candidates: self.candidates.clone(),
            right: self.right.clone(),
            named: self.named,
        })
    }

    fn first(&self, model: &Model) -> Option<First> {
        let scores: Vec<f32> = self.candidates.iter().map(|features| model.score(features)).collect();
        let (at, most) = scores.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
        Some(First { score: most, right: self.right[at] })
    }
}

/// Collects lessons while a history is played.
struct Lessons<'a> {
    rows: &'a [Row],
    train: &'a Marked,
    groups: &'a [usize],
    model: Model,
    breadth: Breadth,
    /// Every so many of the requests without a mark.
    every: usize,
    lessons: Vec<Lesson>,
    /// Copies by others: how many the marks confirm, and of how many.
    copies: (usize, usize),
}

impl<'a> Lessons<'a> {
    fn new(rows: &'a [Row], train: &'a Marked, groups: &'a [usize], model: Model, breadth: Breadth) -> Self {
        let every = rows.len().div_ceil(UNMARKED[usize::from(breadth == Breadth::Everybody)]).max(1);
        Self { rows, train, groups, model, breadth, every, lessons: Vec::new(), copies: (0, 0) }
    }

    fn choices(&self) -> Vec<Choice> {
        self.lessons.iter().filter_map(Lesson::choice).collect()
    }

    fn firsts(&self, model: &Model) -> Vec<First> {
        self.lessons.iter().filter_map(|lesson| lesson.first(model)).collect()
    }
}

impl Judge for Lessons<'_> {
    fn model(&self, number: usize) -> Option<&Model> {
        let wanted = match self.breadth {
            Breadth::Children => self.train.children.contains_key(&number) || number.is_multiple_of(self.every),
            Breadth::Everybody => true,
        };
        wanted.then_some(&self.model)
    }

    fn take(&mut self, number: usize, index: &Index, request: &Read, found: &Judgement, _: Duration) {
        if let Some((at, Why::SamePlace)) =
            merged(found, &copies(index, request, found, self.rows[number].reported_at), None, true)
        {
            let same = self.groups[found.candidates[at].id as usize] == self.groups[number];
            self.copies = (self.copies.0 + usize::from(same), self.copies.1 + 1);
        }
        let parents = self.train.children.get(&number);
        let sampled = self.rows[number].trained && number.is_multiple_of(self.every);
        if found.candidates.is_empty() || (parents.is_none() && !sampled) {
            return;
        }
        let ids = || found.candidates.iter().map(|candidate| candidate.id as usize);
        self.lessons.push(Lesson {
            candidates: found.candidates.iter().map(|candidate| candidate.features).collect(),
            right: ids().map(|id| self.groups[id] == self.groups[number]).collect(),
            named: parents.and_then(|parents| ids().position(|id| parents.contains(&id))),
            group: self.groups[number],
        });
    }
}
