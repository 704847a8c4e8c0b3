//! `suban bench dedup`: fills an index, takes a snapshot, reads it back, asks it.

pub(super) mod city;

use std::{process::ExitCode, time::Instant};

use serde::Serialize;
use suban_likeness::{Index, Limits, Model, Tongue, Verdict, read};
use suban_text::Segmenter;

use self::city::made;
use super::{args::Dedup, proc};
use crate::{
    backtest::figures::{Quantiles, speed},
    print,
};

/// What it found.
#[derive(Debug, Serialize)]
struct Report {
    open: usize,
    ms: Quantiles,
    per_s: Option<f64>,
    candidates_p50: usize,
    /// Resident memory of an index that was read back, without the snapshot's bytes.
    rss_mb: Option<f64>,
    /// From the snapshot's bytes to the first answer.
    ready_s: f64,
    snapshot_mb: f64,
    /// From texts, for a start without a snapshot.
    fill_s: f64,
    added_per_s: f64,
    /// Requests read, and requests read, judged and added, in a second of processor time: what a busy machine cannot blur.
    read_per_cpu_s: f64,
    all_per_cpu_s: f64,
}

const MIB: f64 = 1024.0 * 1024.0;

/// Runs it and prints what it found.
pub(super) fn command(how: &Dedup) -> anyhow::Result<ExitCode> {
    let report = run(how)?;
    if how.json {
        print::json(&report)?
    } else {
        print::out(&serde_json::to_string_pretty(&report)?)
    }
    Ok(ExitCode::SUCCESS)
}

fn run(how: &Dedup) -> anyhow::Result<Report> {
    let segmenter = Segmenter::default();
    let path = std::env::temp_dir().join(format!("likeness-bench-{}.snapshot", std::process::id()));
    let began = Instant::now();
    let snapshot = {
        let mut index = Index::new(how.open, Limits::default());
        for n in 0..how.open as u64 {
            index.add(&read(&segmenter, &made(how.seed, n).request()), Verdict::default());
        }
        index
    };
    let fill_s = began.elapsed().as_secs_f64();
    std::fs::write(&path, snapshot.snapshot(Vec::new())?)?;
    drop(snapshot);
    let began = Instant::now();
    let bytes = std::fs::read(&path)?;
    let snapshot_mb = bytes.len() as f64 / MIB;
    let (mut index, _) = Index::restore(&bytes, how.open, Limits::default())?;
    drop(bytes);
    let ready_s = began.elapsed().as_secs_f64();
    std::fs::remove_file(&path)?;
    let model = Model::shipped(Tongue::Chinese)?;
    let (mut took, mut candidates, mut added) = (Vec::new(), Vec::new(), 0.0);
    let made: Vec<_> = (how.open as u64..(how.open + how.asked) as u64).map(|n| made(how.seed, n)).collect();
    let cpu = cpu_s();
    let reads: Vec<_> = made
        .iter()
        .map(|made| {
            let began = Instant::now();
            let request = read(&segmenter, &made.request());
            took.push(began.elapsed());
            request
        })
        .collect();
    let read_cpu_s = cpu_s() - cpu;
    for ((request, made), took) in reads.iter().zip(&made).zip(&mut took) {
        let began = Instant::now();
        let found = index.judge(request, made.reported_at, &model);
        *took += began.elapsed();
        candidates.push(found.candidates.len());
        let began = Instant::now();
        index.add(request, found.verdict());
        added += began.elapsed().as_secs_f64();
    }
    let all_cpu_s = cpu_s() - cpu;
    let (ms, per_s) = speed(took.into_iter());
    candidates.sort_unstable();
    Ok(Report {
        open: how.open,
        ms,
        per_s,
        candidates_p50: candidates.get(candidates.len() / 2).copied().unwrap_or(0),
        rss_mb: proc::own_rss_mb(false),
        ready_s,
        snapshot_mb,
        fill_s,
        added_per_s: how.asked as f64 / added,
        read_per_cpu_s: how.asked as f64 / read_cpu_s,
        all_per_cpu_s: how.asked as f64 / all_cpu_s,
    })
}

/// Seconds of processor time of this process.
fn cpu_s() -> f64 {
    proc::cpu_ms(std::process::id()).unwrap_or(0) as f64 / 1000.0
}
