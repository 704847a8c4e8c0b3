//! The one binary: every service, and the tools of those who run them.

mod args;
mod backtest;
mod bench;
mod calendar;
mod catalogue;
mod chaos;
mod check;
mod city;
mod dedup;
mod demo;
mod dispatch;
mod dlq;
mod history;
mod import;
mod journal;
mod learn;
mod links;
mod overview;
mod print;
mod processes;
mod roster;
mod sample;
mod serve;
mod simulate;
mod stream;
mod ticket;
mod tokens;
mod unzipped;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Verb};

/// A third of the services' own time went into the system's library, most of it into malloc and free.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            print::complain(&format!("suban: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let settings = suban_runtime::Settings::load()?;
    if cli.print_config {
        print::out(&settings.printable());
        return Ok(ExitCode::SUCCESS);
    }
    let Some(verb) = cli.verb else {
        print::out("say what to do; `suban --help` lists it");
        return Ok(ExitCode::FAILURE);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async move {
        match verb {
            Verb::Serve(what) => serve::serve(settings, &what).await,
            Verb::Up(how) => Box::pin(demo::up(settings, &how)).await,
            Verb::Catalogue(what) => catalogue::command(&settings, &what).await,
            Verb::City(how) => city::command(&settings, &how).await,
            Verb::Chaos(how) => Box::pin(until_told(chaos::command(settings, &how))).await,
            Verb::Import(how) => import::command(&settings, &how).await,
            Verb::Check(how) => check::command(&settings, &how).await,
            Verb::Dispatch(what) => dispatch::command(settings, &what).await,
            Verb::Dedup(what) => dedup::command(settings, &what).await,
            Verb::Ticket(what) => ticket::command(&settings, &what).await,
            Verb::Sample(how) => sample::command(&settings, &how).await,
            Verb::Learn(what) => learn::command(&settings, &what).await,
            Verb::Backtest(what) => backtest::command(&what),
            Verb::Bench(what) => Box::pin(until_told(bench::command(settings, &what))).await,
            Verb::Dlq(what) => dlq::command(&settings, &what).await,
            Verb::Replay { service } => stream::replay(settings, service).await,
            Verb::Republish { from } => stream::republish(&settings, &from).await,
            Verb::Calendar(what) => calendar::command(&what),
            Verb::Roster(what) => roster::command(&settings, &what).await,
            Verb::Simulate(how) => simulate::command(&how),
            Verb::Token(what) => tokens::command(&settings, &what).await,
            Verb::Keys(what) => tokens::keys(&settings, &what).await,
            Verb::Erase(what) => tokens::erase(&settings, &what).await,
            Verb::Docs { page: args::Page::Transitions } => {
                print::out(&suban_domain::transitions_markdown());
                Ok(ExitCode::SUCCESS)
            }
        }
    })
}

/// Gives up what starts processes of its own when somebody says stop, so that they end with it.
async fn until_told(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::select! {
        done = work => done,
        told = processes::told_to_stop() => {
            told?;
            anyhow::bail!("ended by a signal")
        }
    }
}
