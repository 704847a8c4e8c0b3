//! `suban backtest classify`: learns categories from some labelled messages and reads others.

use std::{
    collections::{BTreeMap, HashSet},
    process::ExitCode,
    time::Instant,
};

use anyhow::Context as _;
use serde::Serialize;
use suban_learn::{
    CategoryModel,
    category::{Lesson, Study},
    eval::Judged,
    folds::{deal, groups},
    linear::Training,
};
use suban_text::{Features, Segmenter, left_out};

use super::{
    args::Classify,
    figures::{Figures, Outcome},
    labelled::{Labelled, Said, merged, read},
};
use crate::{bench::proc, print};

const MIB: f64 = 1024.0 * 1024.0;

/// What a run found.
#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    figures: Figures,
    train_seconds: Option<f64>,
    model_mb: Option<f64>,
    rss_mb: Option<f64>,
    /// Test messages whose `raw_id` or words stand among the training messages.
    overlap: usize,
    /// Texts turned into features on one core in a second, without reading them.
    features_per_s: Option<f64>,
}

/// What folds of the training messages found.
#[derive(Debug, Serialize)]
struct Folded {
    folds: usize,
    /// Messages that came as text.
    text: Figures,
    /// Messages of which there are only tokens.
    tokens: Figures,
    train_seconds: f64,
}

/// Runs it.
pub(super) fn run(how: &Classify) -> anyhow::Result<ExitCode> {
    let mut rows = Vec::new();
    for path in &how.train {
        rows.extend(read(path)?);
    }
    let train = merged(rows);
    match (&how.test, how.folds) {
        (Some(test), _) => {
            let report = tested(how, train, &read(test)?)?;
            if how.json { print::json(&report)? } else { show(&report) }
        }
        (None, folds) => {
            let report = folded(how, &train, usize::from(folds.unwrap_or(5)))?;
            if how.json { print::json(&report)? } else { show_folds(&report) }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn tested(how: &Classify, train: Vec<Labelled>, test: &[Labelled]) -> anyhow::Result<Report> {
    let overlap = overlap(&train, test);
    let began = Instant::now();
    let model = learn(how, &train.iter().collect::<Vec<_>>(), &group(&train))?;
    let train_seconds = began.elapsed().as_secs_f64();
    drop(train);
    let file = model.save()?;
    if let Some(path) = &how.save {
        std::fs::write(path, &file).with_context(|| format!("writing {}", path.display()))?;
    }
    let model_mb = file.len() as f64 / MIB;
    let model = CategoryModel::load(&file)?;
    drop(file);
    let segmenter = model.segmenter();
    let outcomes: Vec<Outcome> = test.iter().map(|message| outcome(how, &model, &segmenter, message)).collect();
    let rss_mb = proc::own_rss_mb(false);
    let began = Instant::now();
    let found: usize = test.iter().map(|message| features(&segmenter, &message.said).runs.len()).sum();
    let took = began.elapsed().as_secs_f64();
    Ok(Report {
        figures: Figures::of(&outcomes, &how.precision),
        train_seconds: Some(train_seconds),
        model_mb: Some(model_mb),
        rss_mb,
        overlap,
        features_per_s: (found > 0).then(|| test.len() as f64 / took),
    })
}

fn folded(how: &Classify, train: &[Labelled], folds: usize) -> anyhow::Result<Folded> {
    let grouped = group(train);
    let classes: BTreeMap<&str, usize> =
        train.iter().map(|m| (first(m), 0)).collect::<BTreeMap<_, _>>().into_keys().zip(0..).collect();
    let labels: Vec<usize> = train.iter().map(|m| classes.get(first(m)).copied().unwrap_or(0)).collect();
    // Other folds than those inside the learning, or both would be cut at the same places.
    let fold_of = deal(&grouped, &labels, folds, how.seed ^ 0x5eed);
    let (mut texts, mut tokens, mut train_seconds) = (Vec::new(), Vec::new(), 0.0);
    for fold in 0..folds {
        let outside: Vec<usize> = (0..train.len()).filter(|at| fold_of[*at] != fold).collect();
        let (others, their_groups): (Vec<&Labelled>, Vec<usize>) =
            outside.iter().map(|at| (&train[*at], grouped[*at])).unzip();
        let began = Instant::now();
        let model = learn(how, &others, &their_groups)?;
        train_seconds += began.elapsed().as_secs_f64();
        let segmenter = model.segmenter();
        for (message, _) in train.iter().zip(&fold_of).filter(|(_, of)| **of == fold) {
            let side = match message.said {
                Said::Text(_) => &mut texts,
                Said::Tokens(_) => &mut tokens,
            };
            side.push(outcome(how, &model, &segmenter, message));
        }
    }
    Ok(Folded {
        folds,
        text: Figures::of(&texts, &how.precision),
        tokens: Figures::of(&tokens, &how.precision),
        train_seconds,
    })
}

fn learn(how: &Classify, messages: &[&Labelled], groups: &[usize]) -> anyhow::Result<CategoryModel> {
    let plain = Segmenter::default();
    let pairs = messages.iter().filter_map(|m| m.tokens_too.as_ref().map(|tokens| (m.said.as_str(), tokens.as_str())));
    let left_out = left_out(&plain, pairs);
    let segmenter = plain.leaving_out(left_out.iter().cloned());
    let lessons: Vec<Lesson> = messages
        .iter()
        .zip(groups)
        .map(|(message, group)| Lesson {
            counts: features(&segmenter, &message.said).counted(),
            class: first(message).to_owned(),
            group: *group,
            form: match message.said {
                Said::Text(_) => 0,
                Said::Tokens(_) => 1,
            },
            worth: 1.0,
        })
        .collect();
    let study = Study {
        training: Training { seed: how.seed, ..Training::default() },
        precisions: how.precision.clone(),
        left_out,
        ..Study::default()
    };
    Ok(CategoryModel::learn(&lessons.iter().collect::<Vec<_>>(), &study)?)
}

fn features(segmenter: &Segmenter, said: &Said) -> Features {
    match said {
        Said::Text(text) => segmenter.features(text),
        Said::Tokens(tokens) => segmenter.features_of_tokens(tokens),
    }
}

fn outcome(how: &Classify, model: &CategoryModel, segmenter: &Segmenter, message: &Labelled) -> Outcome {
    let began = Instant::now();
    let ranked = model.read(&features(segmenter, &message.said));
    let took = began.elapsed();
    let has = |class: &str| message.labels.iter().any(|label| label == class);
    let (predicted, confidence) = ranked.first().map_or(("", 0.0), |likely| (likely.class, likely.probability));
    Outcome {
        judged: Judged { confidence, right: has(predicted) },
        truth: first(message).to_owned(),
        predicted: predicted.to_owned(),
        in_three: ranked.iter().take(3).any(|likely| has(likely.class)),
        sent: how.precision.iter().map(|p| model.threshold(*p).map(|t| confidence >= t.confidence)).collect(),
        took,
    }
}

fn first(message: &Labelled) -> &str {
    message.labels.first().map_or("", String::as_str)
}

/// Messages of one id or of the same words are one group.
fn group(messages: &[Labelled]) -> Vec<usize> {
    groups(
        messages
            .iter()
            .map(|m| [m.raw_id.as_deref().map(|id| (true, id)), Some((false, m.said.as_str()))].into_iter().flatten()),
    )
}

/// How many of `test` stand in `train`, by id, text or tokens.
fn overlap(train: &[Labelled], test: &[Labelled]) -> usize {
    let ids: HashSet<&str> = train.iter().filter_map(|m| m.raw_id.as_deref()).collect();
    let words: HashSet<&str> =
        train.iter().flat_map(|m| [Some(m.said.as_str()), m.tokens_too.as_deref()]).flatten().collect();
    let known =
        |m: &&Labelled| m.raw_id.as_deref().is_some_and(|id| ids.contains(id)) || words.contains(m.said.as_str());
    test.iter().filter(known).count()
}

fn show(report: &Report) {
    print::table(&["figure", "value"], &{
        let mut rows = lines(&report.figures);
        rows.push(vec!["training, s".to_owned(), shown(report.train_seconds)]);
        rows.push(vec!["model, MiB".to_owned(), shown(report.model_mb)]);
        rows.push(vec!["resident, MiB".to_owned(), shown(report.rss_mb)]);
        rows.push(vec!["features a second".to_owned(), shown(report.features_per_s)]);
        rows.push(vec!["test messages that are also training messages".to_owned(), report.overlap.to_string()]);
        rows
    });
}

fn show_folds(report: &Folded) {
    let (texts, tokens) = (lines(&report.text), lines(&report.tokens));
    let rows: Vec<Vec<String>> = texts
        .into_iter()
        .zip(tokens)
        .map(|(text, tokens)| text.into_iter().chain(tokens.into_iter().skip(1)).collect())
        .collect();
    print::table(&["figure", "text", "tokens only"], &rows);
    print::out(&format!("{} folds, training {:.1} s", report.folds, report.train_seconds));
}

fn lines(figures: &Figures) -> Vec<Vec<String>> {
    let mut rows = vec![
        vec!["messages".to_owned(), figures.n.to_string()],
        vec!["right".to_owned(), shown(figures.accuracy)],
        vec!["macro F1".to_owned(), shown(figures.macro_f1)],
        vec!["right among three".to_owned(), shown(figures.top3)],
        vec!["calibration error".to_owned(), shown(figures.ece)],
    ];
    for (precision, sent) in &figures.coverage_at_precision {
        rows.push(vec![format!("sent at {precision}"), shown(sent.coverage)]);
        rows.push(vec![format!("right of those sent at {precision}"), shown(sent.achieved_precision)]);
    }
    rows.push(vec!["p50, ms".to_owned(), shown(figures.ms.p50)]);
    rows.push(vec!["p99, ms".to_owned(), shown(figures.ms.p99)]);
    rows.push(vec!["messages a second on one core".to_owned(), shown(figures.per_s)]);
    rows
}

fn shown(value: Option<f64>) -> String {
    value.map_or_else(
        || "unknown".to_owned(),
        |value| if value < 100.0 { format!("{value:.4}") } else { format!("{value:.0}") },
    )
}
