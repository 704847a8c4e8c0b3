//! `suban bench`: what the suite can do on this machine, with the database, the broker and the client counted in.
//!
//! A bench starts a fresh city on the stack that the settings name, each service in a process of its own, submits
//! over gRPC, and reads from the log when each ticket came where it belongs. Everything in it is invented.

pub(crate) mod args;
mod attachments;
mod calendar;
mod dedup;
mod demands;
mod endings;
mod fairness;
mod floor;
mod flow;
mod ground;
mod lifecycle;
mod load;
mod meter;
mod nothing;
mod pages;
mod people;
mod preload;
mod prepared;
pub(crate) mod proc;
mod queue;
mod report;
mod search;
mod timers;
mod urgent;
mod words;

use std::process::ExitCode;

use suban_runtime::Settings;

use self::args::Bench;
use crate::print;

/// Runs one and prints what it found; fails when anything was refused or got stuck.
pub(crate) async fn command(settings: Settings, what: &Bench) -> anyhow::Result<ExitCode> {
    let (report, json) = match what {
        Bench::Flow(how) => (flow::run(settings, how).await?, how.ground.json),
        Bench::Lifecycle(how) => (lifecycle::run(settings, how).await?, how.ground.json),
        Bench::Urgent(how) => (urgent::run(settings, how).await?, how.ground.json),
        Bench::Queue(how) => return Box::pin(queue::command(settings, how)).await,
        Bench::Pages(how) => return Box::pin(pages::command(settings, how)).await,
        Bench::Timers(how) => (timers::run(settings, how).await?, how.ground.json),
        Bench::Floor(how) => (Box::pin(floor::run(settings, how)).await?, how.ground.json),
        Bench::Attachments(how) => return Box::pin(attachments::command(settings, how)).await,
        Bench::Calendar(how) => return calendar::command(how),
        Bench::Dedup(how) => return dedup::command(how),
        Bench::Search(how) => return search::command(how),
        Bench::Fairness(how) => return fairness::command(how),
    };
    if json {
        print::json(&report)?;
    } else {
        report::show(&report);
    }
    Ok(if report.errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
