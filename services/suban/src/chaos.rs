//! `suban chaos`: a city plays while its processes are killed and what they stand on is restarted, killed or
//! emptied; afterwards `suban check` must find nothing.
//!
//! The same seed breaks the same things in the same order. Between two faults it waits until everything is ready
//! again, so that each fault is told from the next. PostgreSQL, Redis and Kafka are only touched where the
//! project's own script started them; elsewhere only our processes are killed.

mod faults;
mod stack;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde::Serialize;
use suban_runtime::Settings;

use crate::{
    args::{Chaos, City},
    catalogue,
    city::{self, Board, Staff},
    demo,
    journal::Journal,
    print,
    processes::Processes,
};

use faults::{Fault, schedule};
use stack::LocalStack;

/// City seconds a real second: a unit that forgets to sign is late within half a minute.
const RATE: f64 = 240.0;
/// The city plays undisturbed for so long before a fault, in milliseconds.
const CALM: std::ops::Range<u64> = 300..2_500;
/// A killed process stays away for so long, in milliseconds.
const AWAY: std::ops::Range<u64> = 0..1_500;
/// By then everything must be ready again.
const RECOVERY: Duration = Duration::from_secs(120);
/// What the audit may wait for the last events to settle.
const SETTLE: &str = "90";

/// What happened; the keys are a contract.
#[derive(Debug, Default, Serialize)]
struct Outcome {
    rounds: u32,
    seed: u64,
    /// How often each fault was played.
    faults: BTreeMap<String, u32>,
    /// From the fault until everything was ready again.
    recovered_ms: Spread,
    /// Processes that ended without having been killed, and were started again.
    ended_by_themselves: u32,
    tickets: u64,
    acts: u64,
    /// Calls that were refused though nothing was wrong with them.
    refused: BTreeMap<String, u64>,
    /// Tickets that the city could not finish.
    unfinished: u64,
    seconds: f64,
    /// The answer of `suban check --json`.
    check: serde_json::Value,
    clean: bool,
}

#[derive(Debug, Default, Serialize)]
struct Spread {
    p50: u64,
    max: u64,
}

impl Spread {
    fn of(mut values: Vec<u64>) -> Self {
        values.sort_unstable();
        Self { p50: values.get(values.len() / 2).copied().unwrap_or(0), max: values.last().copied().unwrap_or(0) }
    }
}

/// `suban chaos`.
pub(crate) async fn command(mut settings: Settings, how: &Chaos) -> anyhow::Result<ExitCode> {
    settings.require_backends()?;
    settings.demo.enabled = true;
    settings.demo.rate = RATE;
    let begun = Instant::now();
    let folder = PathBuf::from(".local/chaos");
    let logs = folder.join("logs");
    std::fs::create_dir_all(&logs)?;
    let journal = folder.join("city.journal");
    for old in [journal.clone(), crate::journal::people_path(&journal)] {
        let _ = std::fs::remove_file(old);
    }
    let stack = LocalStack::find()?;
    let ours = stack.is_ours().await?;
    if !ours {
        print::complain("chaos: PostgreSQL, Redis or Kafka were given from outside: only our processes are killed");
    }

    let store = demo::open_store(&settings).await?;
    catalogue::publish_folder(&store, Path::new("deploy/demo"), "demo").await?;
    let mut processes = Processes::new(&settings, &logs)?;
    processes.start_all()?;
    processes.ready().await?;

    let board = Arc::new(Board::default());
    let staff = Staff::hire(&settings, false, Arc::clone(&board)).await?;
    let over = AtomicBool::new(false);
    let playing = waves(&staff, &journal, how, &over);
    let breaking = async {
        let broken = rounds(&settings, &stack, ours, &mut processes, how).await;
        over.store(true, Ordering::Release);
        broken
    };
    let (played, broken) = tokio::join!(playing, breaking);
    let mut outcome = broken?;
    played?;

    let seen = board.now();
    outcome.unfinished = staff.unfinished().await;
    (outcome.tickets, outcome.acts) = (seen.submitted, seen.acts.values().sum());
    outcome.refused = seen.refused;
    let (clean, check) = audit(&journal, &logs).await?;
    outcome.check = check;
    outcome.clean = clean && outcome.unfinished == 0;
    outcome.seconds = begun.elapsed().as_secs_f64();
    processes.stop_all().await?;
    if how.json {
        print::json(&outcome)?;
    } else {
        show(&outcome);
    }
    Ok(if outcome.clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One small city after the other until the last fault is over.
async fn waves(staff: &Staff, journal: &Path, how: &Chaos, over: &AtomicBool) -> anyhow::Result<()> {
    let journal = Arc::new(Journal::open(journal)?);
    let mut seed = how.seed;
    while !over.load(Ordering::Acquire) {
        let city = City { tickets: how.tickets, seed, ..City::default() };
        city::play_with(staff, &city, Some(&journal)).await?;
        seed += 1;
    }
    Ok(())
}

/// Breaks one thing after the other.
async fn rounds(
    settings: &Settings,
    stack: &LocalStack,
    ours: bool,
    processes: &mut Processes,
    how: &Chaos,
) -> anyhow::Result<Outcome> {
    let mut rng = StdRng::seed_from_u64(how.seed);
    let mut outcome = Outcome { rounds: how.rounds, seed: how.seed, ..Outcome::default() };
    let mut took = Vec::new();
    for (n, fault) in schedule(how.rounds, ours, &mut rng).into_iter().enumerate() {
        tokio::time::sleep(Duration::from_millis(rng.random_range(CALM))).await;
        let away = Duration::from_millis(rng.random_range(AWAY));
        let begun = Instant::now();
        play(fault, away, settings, stack, processes).await.with_context(|| format!("round {}: {fault}", n + 1))?;
        recover(processes, &mut outcome.ended_by_themselves)
            .await
            .with_context(|| format!("round {}: {fault}: nothing is ready again", n + 1))?;
        let took_ms = u64::try_from(begun.elapsed().as_millis())?;
        took.push(took_ms);
        *outcome.faults.entry(fault.to_string()).or_default() += 1;
        print::complain(&format!("chaos: round {}/{}: {fault}, ready after {took_ms} ms", n + 1, how.rounds));
    }
    outcome.recovered_ms = Spread::of(took);
    Ok(outcome)
}

async fn play(
    fault: Fault,
    away: Duration,
    settings: &Settings,
    stack: &LocalStack,
    processes: &mut Processes,
) -> anyhow::Result<()> {
    match fault {
        Fault::Kill(service) => {
            processes.kill(service).await?;
            tokio::time::sleep(away).await;
            processes.start(service)
        }
        Fault::Crash(server) => {
            stack.run("kill", server).await?;
            tokio::time::sleep(away).await;
            stack.run("up", server).await
        }
        Fault::Restart(server) => stack.run("restart", server).await,
        Fault::FlushRedis => {
            let client = redis::Client::open(settings.redis.url.expose())?;
            let mut line = client.get_multiplexed_async_connection().await?;
            Ok(redis::cmd("FLUSHALL").query_async(&mut line).await?)
        }
    }
}

/// Waits until every service is ready; one that ended by itself is started again and counted.
async fn recover(processes: &mut Processes, ended: &mut u32) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        match processes.ready().await {
            Ok(()) => return Ok(()),
            Err(problem) if begun.elapsed() > RECOVERY => return Err(problem),
            Err(problem) => {
                print::complain(&format!("chaos: {problem:#}"));
                *ended += 1;
                processes.start_all()?;
            }
        }
    }
}

/// The audit as an operator runs it, log files included.
async fn audit(journal: &Path, logs: &Path) -> anyhow::Result<(bool, serde_json::Value)> {
    let found = tokio::process::Command::new(std::env::current_exe()?)
        .args(["check", "--json", "--patience", SETTLE, "--journal"])
        .arg(journal)
        .env("SUBAN_LOGS", logs)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await?;
    let check = serde_json::from_slice(&found.stdout).context("`suban check` gave no JSON")?;
    Ok((found.status.success(), check))
}

fn show(outcome: &Outcome) {
    let mut rows =
        vec![vec!["rounds".into(), outcome.rounds.to_string()], vec!["seed".into(), outcome.seed.to_string()]];
    rows.extend(outcome.faults.iter().map(|(fault, n)| vec![format!("  {fault}"), n.to_string()]));
    let recovered = &outcome.recovered_ms;
    rows.push(vec!["ready again, p50 / max".into(), format!("{} / {} ms", recovered.p50, recovered.max)]);
    rows.push(vec!["processes that ended by themselves".into(), outcome.ended_by_themselves.to_string()]);
    rows.push(vec!["tickets".into(), outcome.tickets.to_string()]);
    rows.push(vec!["acts".into(), outcome.acts.to_string()]);
    rows.extend(outcome.refused.iter().map(|(what, n)| vec![format!("refused: {what}"), n.to_string()]));
    rows.push(vec!["unfinished".into(), outcome.unfinished.to_string()]);
    rows.push(vec!["seconds".into(), format!("{:.0}", outcome.seconds)]);
    if let Some(check) = outcome.check.as_object() {
        rows.extend(check.iter().map(|(figure, n)| vec![format!("check: {figure}"), n.to_string()]));
    }
    print::table(&["chaos (synthetic city)", ""], &rows);
    print::out(if outcome.clean { "clean: nothing lost, doubled, out of order or stranded" } else { "NOT CLEAN" });
}
