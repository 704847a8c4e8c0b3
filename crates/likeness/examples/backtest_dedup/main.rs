//! `backtest dedup`: plays a history through the index and says how well repeats were found.
#![expect(clippy::print_stdout, reason = "a command talks to its terminal")]

mod args;
mod auto;
mod figures;
mod map;
mod pairs;
mod replay;
mod rows;
mod show;
mod study;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> anyhow::Result<ExitCode> {
    let how = args::Dedup::parse();
    let outcome = study::run(&how)?;
    if how.json {
        println!("{}", serde_json::to_string(&outcome.report)?);
    } else {
        println!("{}", serde_json::to_string_pretty(&outcome.report)?);
    }
    if let Some(shown) = outcome.shown {
        println!("{shown}");
    }
    Ok(ExitCode::SUCCESS)
}
