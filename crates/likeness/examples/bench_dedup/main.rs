//! `bench dedup`: a generated city with so many open requests; how fast, how large, how soon ready again.
#![expect(clippy::print_stdout, reason = "a command talks to its terminal")]

mod city;
mod run;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> anyhow::Result<ExitCode> {
    let how = run::Bench::parse();
    let report = run::run(&how)?;
    if how.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{}", serde_json::to_string_pretty(&report)?);
    }
    Ok(ExitCode::SUCCESS)
}
