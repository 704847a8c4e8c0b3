//! `suban backtest dispatch`: which unit gets a ticket, asked in order of time.
//!
//! Each ticket is asked with what was known at the start of its day. The threshold of a precision comes from
//! the latest training tickets, asked in the same way before they were learned.

use std::{
    collections::BTreeMap,
    process::ExitCode,
    time::{Duration, Instant},
};

use serde::Serialize;
use suban_learn::{
    eval::{CALIBRATION_BINS, Judged, accuracy, calibration_error, threshold_for},
    history::days,
    unit::{Lineage, Ranked, Schema, Tuning, UnitModel},
};

use super::{
    args::Dispatch,
    figures::{Quantiles, Sent, speed},
    table::{Columns, Table, date_of, day_number},
};
use crate::{bench::proc, print};

/// Precision at which it is told how many tickets could be sent unasked.
const PRECISION: f64 = 0.95;
/// Fewest training tickets that a threshold rests on.
const SUPPORT: usize = 30;
/// Most training tickets, the latest, that are asked for the threshold, and that show which features nest.
const LATEST: usize = 20_000;
const MIB: f64 = 1024.0 * 1024.0;

/// What a run found.
#[derive(Debug, Serialize)]
struct Report {
    n: usize,
    top1: Option<f64>,
    top3: Option<f64>,
    ece: f64,
    coverage_at_precision: BTreeMap<String, Sent>,
    ms: Quantiles,
    per_s: Option<f64>,
    train_seconds: f64,
    model_mb: f64,
    rss_mb: Option<f64>,
}

/// Runs it.
pub(super) fn run(how: &Dispatch) -> anyhow::Result<ExitCode> {
    let columns = Columns { label: &how.label, features: &how.features, time: &how.time };
    let mut table = Table::read(&how.train, &columns)?;
    let trained = match (&how.test, how.from) {
        (Some(test), _) => {
            let trained = table.days.len();
            let early = table.extend(&Table::read(test, &columns)?);
            if early > 0 {
                print::complain(&format!(
                    "{early} test tickets are older than the last training ticket: a model that knows later \
                     outcomes answers them, so the figures flatter"
                ));
            }
            trained
        }
        (None, from) => {
            let from = from.map_or(i32::MAX, day_number);
            let trained = table.days.partition_point(|day| *day < from);
            anyhow::ensure!(
                trained > 0 && trained < table.days.len(),
                "--from must leave tickets on both sides: the file's days go from {} to {}",
                date_of(table.days[0])?,
                date_of(table.days[table.days.len() - 1])?
            );
            trained
        }
    };
    let report = play(&table, trained, how)?;
    if how.json {
        print::json(&report)?
    } else {
        show(&report)
    }
    Ok(ExitCode::SUCCESS)
}

/// Learns from the first `trained` rows and asks about the others.
fn play(table: &Table, trained: usize, how: &Dispatch) -> anyhow::Result<Report> {
    let begun = Instant::now();
    let latest: Vec<Vec<&str>> =
        (trained.saturating_sub(LATEST)..trained).map(|row| table.features(row).collect()).collect();
    let schema = Schema::nested(&how.features, &latest)?;
    drop(latest);
    // A model takes the features in the order of its schema, the table has them as they were asked for.
    let order: Vec<usize> =
        schema.names().filter_map(|name| how.features.iter().position(|feature| feature == name)).collect();
    let row = |row: usize| {
        let cells: Vec<&str> = table.features(row).collect();
        order.iter().map(|&at| cells[at]).collect::<Vec<&str>>()
    };
    let mut model = UnitModel::new(schema, Lineage::default(), Tuning::default());
    let learn = |model: &mut UnitModel, rows: std::ops::Range<usize>, today: i32| {
        for at in rows {
            model.observe(&row(at), table.label(at), table.days[at], 1.0);
        }
        model.close(today);
    };
    let ask_from = (trained / 2).max(trained.saturating_sub(LATEST));
    let mut before = Vec::new();
    let mut answers = Vec::with_capacity(table.days.len() - trained);
    let mut train_for = None;
    for day in days(&table.days, how.label_delay) {
        if train_for.is_none() || how.online {
            learn(&mut model, day.known.clone(), day.day);
        }
        if train_for.is_none() && day.rows.end > trained {
            if !how.online {
                learn(&mut model, day.known.end..trained, day.day);
            }
            train_for = Some(begun.elapsed());
        }
        for at in day.rows.clone().filter(|at| *at >= ask_from) {
            let known = row(at);
            let asked = Instant::now();
            let ranked = model.rank(&known, day.day);
            let took = asked.elapsed();
            let answer = Answer::of(&ranked, table.label(at), took);
            if at < trained { before.push(answer.judged) } else { answers.push(answer) }
        }
    }
    // Before the model is written down, which takes more memory than having it.
    let rss_mb = proc::own_rss_mb(true);
    let model_mb = serde_json::to_vec(&model)?.len() as f64 / MIB;
    Ok(Report {
        train_seconds: train_for.unwrap_or_default().as_secs_f64(),
        model_mb,
        rss_mb,
        ..report(&before, &answers)
    })
}

/// One ticket's answer.
struct Answer {
    judged: Judged,
    in_three: bool,
    took: Duration,
}

impl Answer {
    fn of(ranked: &[Ranked], truth: &str, took: Duration) -> Self {
        let is_it = |ranked: &Ranked| &*ranked.unit == truth;
        let judged = Judged {
            confidence: ranked.first().map_or(0.0, |ranked| ranked.probability),
            right: ranked.first().is_some_and(is_it),
        };
        Self { judged, in_three: ranked.iter().take(3).any(is_it), took }
    }
}

/// The figures of the answers alone.
fn report(before: &[Judged], answers: &[Answer]) -> Report {
    let judged: Vec<Judged> = answers.iter().map(|answer| answer.judged).collect();
    let in_three: Vec<Judged> =
        answers.iter().map(|answer| Judged { right: answer.in_three, ..answer.judged }).collect();
    let sent = Sent::at(threshold_for(before, PRECISION, SUPPORT), &judged);
    let (ms, per_s) = speed(answers.iter().map(|answer| answer.took));
    Report {
        n: answers.len(),
        top1: accuracy(&judged),
        top3: accuracy(&in_three),
        ece: calibration_error(&judged, CALIBRATION_BINS),
        coverage_at_precision: BTreeMap::from([(PRECISION.to_string(), sent)]),
        ms,
        per_s,
        train_seconds: 0.0,
        model_mb: 0.0,
        rss_mb: None,
    }
}

fn show(report: &Report) {
    let three = |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), |value| format!("{value:.3}"));
    let mut rows = vec![
        vec!["tickets asked".to_owned(), report.n.to_string()],
        vec!["right unit first".to_owned(), three(report.top1)],
        vec!["right unit in three".to_owned(), three(report.top3)],
        vec!["calibration error".to_owned(), three(Some(report.ece))],
    ];
    for (precision, sent) in &report.coverage_at_precision {
        rows.push(vec![format!("could be sent unasked at {precision}"), three(sent.coverage)]);
        rows.push(vec!["of these right".to_owned(), three(sent.achieved_precision)]);
    }
    rows.extend([
        vec!["a ranking, ms, median".to_owned(), three(report.ms.p50)],
        vec!["a ranking, ms, 99 of 100 within".to_owned(), three(report.ms.p99)],
        vec!["rankings a second".to_owned(), report.per_s.map_or_else(String::new, |rate| format!("{rate:.0}"))],
        vec!["training, s".to_owned(), three(Some(report.train_seconds))],
        vec!["model, MiB".to_owned(), three(Some(report.model_mb))],
        vec!["most resident, MiB".to_owned(), three(report.rss_mb)],
    ]);
    print::table(&["figure", "value"], &rows);
}
