//! `suban backtest dedup`: plays a history through the index of `suban-likeness` and says how well repeats were found.

pub(crate) mod args;
mod auto;
mod figures;
mod map;
mod pairs;
mod replay;
mod rows;
mod show;
mod study;

use std::process::ExitCode;

use self::args::Dedup;
use crate::print;

/// Runs it.
pub(super) fn run(how: &Dedup) -> anyhow::Result<ExitCode> {
    let outcome = study::run(how)?;
    if how.json {
        print::json(&outcome.report)?;
    } else {
        outcome.report.show();
    }
    if let Some(shown) = outcome.shown {
        print::complain(&shown);
    }
    Ok(ExitCode::SUCCESS)
}
