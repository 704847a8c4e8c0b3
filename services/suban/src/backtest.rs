//! `suban backtest`: what the learned parts reach on a city's own history, before they are switched on.

pub(crate) mod args;
mod dispatch;
mod table;

use std::process::ExitCode;

use self::args::Backtest;

/// Runs one and prints what it found.
pub(crate) fn command(what: &Backtest) -> anyhow::Result<ExitCode> {
    match what {
        Backtest::Dispatch(how) => dispatch::run(how),
    }
}
