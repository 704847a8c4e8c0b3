//! `suban bench calendar`: is working time right, and how many deadlines a second does a core compute?

use std::{hint::black_box, process::ExitCode, time::Instant};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde::Serialize;
use suban_domain::{
    At, Span,
    calendar::{Allowance, Calendar, Pause, oracle::Oracle},
};

use super::args;
use crate::print;

/// Pauses of a deadline that is measured.
const PAUSES: usize = 10;
/// Different deadlines that are measured, and how often each.
const DEADLINES: usize = 20_000;
const ROUNDS: usize = 100;
/// Disagreements that are shown.
const SHOWN: usize = 5;

#[derive(Serialize)]
struct Report {
    bench: &'static str,
    /// Questions asked to the calendar and to the walk from minute to minute.
    cases: u64,
    /// Answers that differ.
    disagreements: u64,
    /// Deadlines a second on one core, each with ten pauses and a year away; half in hours, half in days.
    deadlines_per_s: f64,
    /// Seconds for the cases.
    seconds: f64,
}

/// Runs it; fails when any answers differ.
pub(crate) fn command(how: &args::Calendar) -> anyhow::Result<ExitCode> {
    let oracles = Oracle::all()?;
    let begun = Instant::now();
    let mut disagreements = 0;
    for (number, oracle) in (0..how.cases).zip(oracles.iter().cycle()) {
        let case = Oracle::case(how.seed, number);
        let (fast, slow) = (case.ask(&oracle.calendar).ok(), oracle.answer(&case));
        if fast.is_none() || fast != slow {
            disagreements += 1;
            if disagreements <= SHOWN as u64 {
                let name = oracle.calendar.name();
                print::complain(&format!("case {number} of {name}: {fast:?}, walked {slow:?}: {case:?}"));
            }
        }
    }
    let report = Report {
        bench: "calendar",
        cases: how.cases,
        disagreements,
        seconds: begun.elapsed().as_secs_f64(),
        deadlines_per_s: deadlines_per_s(&oracles, how.seed)?,
    };
    if how.json {
        print::json(&report)?;
    } else {
        print::out(&format!(
            "{} cases, {} disagreements; {:.0} deadlines a second on one core",
            report.cases, report.disagreements, report.deadlines_per_s
        ));
    }
    Ok(if report.disagreements == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Deadline {
    from: At,
    allowance: Allowance,
    pauses: [Pause; PAUSES],
}

fn deadlines_per_s(oracles: &[Oracle], seed: u64) -> anyhow::Result<f64> {
    let sz = oracles.iter().map(|oracle| &oracle.calendar).find(|calendar| calendar.name() == "sz");
    let sz: &Calendar = sz.ok_or_else(|| anyhow::anyhow!("there is no calendar sz"))?;
    let mut dice = StdRng::seed_from_u64(seed);
    let deadlines = (0..DEADLINES).map(|n| deadline(&mut dice, n % 2 == 0)).collect::<Result<Vec<_>, _>>()?;
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        for d in &deadlines {
            black_box(sz.due(black_box(d.from), d.allowance, &d.pauses)?);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "two millions")]
    let all = (DEADLINES * ROUNDS) as f64;
    Ok(all / begun.elapsed().as_secs_f64())
}

/// Of 2023 to 2026, due about a year later.
fn deadline(dice: &mut StdRng, in_hours: bool) -> anyhow::Result<Deadline> {
    let from = At::from_micros(dice.random_range(1_672_531_200_000_000..1_798_761_600_000_000));
    let allowance = if in_hours {
        Allowance::Working(Span::minutes(dice.random_range(95_000..105_000)))
    } else {
        Allowance::Days(240)
    };
    let mut pauses = [Pause::new(from, from)?; PAUSES];
    for pause in &mut pauses {
        let begun = from.plus(Span::minutes(dice.random_range(0..365 * 1440)));
        *pause = Pause::new(begun, begun.plus(Span::minutes(dice.random_range(0..5 * 1440))))?;
    }
    Ok(Deadline { from, allowance, pauses })
}
