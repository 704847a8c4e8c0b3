//! `suban backtest`: what the learned parts reach on a city's own history, before they are switched on.

pub(crate) mod args;
mod classify;
pub(crate) mod dedup;
mod dispatch;
pub(crate) mod figures;
pub(crate) mod labelled;
mod replies;
mod table;

use std::process::ExitCode;

use self::args::Backtest;

/// Runs one and prints what it found.
pub(crate) fn command(what: &Backtest) -> anyhow::Result<ExitCode> {
    match what {
        Backtest::Classify(how) => classify::run(how),
        Backtest::Dispatch(how) => dispatch::run(how),
        Backtest::Dedup(how) => dedup::run(how),
        Backtest::Replies(how) => replies::run(how),
    }
}
