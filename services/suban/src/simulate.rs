//! `suban simulate`: what another way of working would change, on real arrivals.

mod arrivals;
mod rosters;
mod tables;
#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use suban_simulation::{Policy, Question, Report, base, compare, read};

use self::arrivals::{Found, Observed};
use crate::{calendar, print};

/// Most files of which one extends the next.
const DEPTH: usize = 8;

/// `suban simulate`.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// Two ways of working: the one now, and the other (docs/simulation.md).
    #[arg(long, required = true, value_name = "FILE")]
    policy: Vec<PathBuf>,
    /// What came in: CSV with a heading, also gzipped.
    #[arg(long, value_name = "FILE")]
    arrivals: PathBuf,
    /// Seeds 1 to this; each is run three times, with other assumptions.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    seeds: u32,
    /// Also try each part of the change alone, and all parts but one.
    #[arg(long)]
    ablate: bool,
    /// A city's own calendars (docs/calendar.md).
    #[arg(long, value_name = "FILE")]
    calendars: Vec<PathBuf>,
    /// A notice of a further year (docs/calendar.md).
    #[arg(long, value_name = "FILE")]
    notice: Vec<PathBuf>,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

/// All that is printed.
#[derive(Debug, Serialize)]
struct Printed {
    arrivals: ArrivalsRead,
    #[serde(flatten)]
    report: Report,
}

#[derive(Debug, Serialize)]
struct ArrivalsRead {
    file: String,
    /// Which columns were taken: a known form's, or the policy's.
    form: &'static str,
    rows_read: usize,
    rows_skipped: usize,
    from: Option<String>,
    until: Option<String>,
    /// How the file says that it went; none where it does not.
    observed: Option<Observed>,
}

/// Runs it.
pub(crate) fn command(how: &Simulate) -> anyhow::Result<ExitCode> {
    let [before, after] = how.policy.as_slice() else {
        anyhow::bail!("two policies are compared: say --policy twice, the present one first");
    };
    let printed = run(how, before, after)?;
    if how.json {
        print::json(&printed)?
    } else {
        print::out(&tables::text(&printed))
    }
    Ok(ExitCode::SUCCESS)
}

fn run(how: &Simulate, before: &Path, after: &Path) -> anyhow::Result<Printed> {
    let (mut before, mut after) = (policy(before)?, policy(after)?);
    anyhow::ensure!(
        before.world.arrivals == after.world.arrivals,
        "the policies read the arrivals differently: let world.arrivals be the same in both"
    );
    let calendars = calendar::calendars(&how.calendars, &how.notice)?;
    let rosters = rosters::read([&mut before, &mut after], &calendars)?;
    let zone = calendars.named(&before.world.calendar)?.zone();
    let Found { arrivals, form, rows_read, rows_skipped, observed } =
        arrivals::read(&how.arrivals, before.world.arrivals.as_ref(), zone)?;
    let report = compare(&Question {
        policies: [&before, &after],
        arrivals: &arrivals,
        calendars: &calendars,
        rosters: &rosters,
        seeds: how.seeds,
        ablate: how.ablate,
    })?;
    let (from, until) = arrivals.days().unzip();
    let arrivals = ArrivalsRead {
        file: how.arrivals.display().to_string(),
        form,
        rows_read,
        rows_skipped,
        from: from.map(|day| day.to_string()),
        until: until.map(|day| day.to_string()),
        observed,
    };
    Ok(Printed { arrivals, report })
}

/// A policy with all that its file extends.
fn policy(path: &Path) -> anyhow::Result<Policy> {
    let mut files = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let name = path.display().to_string();
        anyhow::ensure!(files.len() < DEPTH, "{name}: files extend each other in a circle, or more than {DEPTH} deep");
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
        next = base(&name, &text)?.map(|base| path.with_file_name(base));
        files.push((name, text));
    }
    files.reverse();
    let mut policy = read(&files)?;
    for roster in policy.rosters() {
        roster.folder = path.with_file_name(&roster.folder).display().to_string();
    }
    Ok(policy)
}
