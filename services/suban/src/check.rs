//! `suban check`: waits until everything is quiet, then looks for what must never be.
//!
//! The database, the topic and what clients were told are read once each, in pages; [`audit::Audit`] judges them
//! and touches nothing. Examples of faults name tickets, never a person.

mod audit;
mod needles;
mod tables;

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use suban_bus::{Record, TIME, Topic, dead, fold_topic, group_lag};
use suban_domain::TicketId;
use suban_runtime::Settings;
use suban_store::connect_pool;

pub(crate) use audit::Report;

use self::{
    audit::{Audit, Place, Seen},
    needles::Needles,
};
use crate::{
    args::Check,
    journal::{self, people_path},
    print,
};

/// Every consumer group and its topic.
pub(crate) const GROUPS: [(&str, Topic); 5] = [
    (suban_dedup::GROUP.name, Topic::Ticket),
    (suban_dispatch::GROUP.name, Topic::Ticket),
    (suban_dispatch::URGENT_GROUP.name, Topic::Urgent),
    (suban_followup::GROUP.name, Topic::Ticket),
    (suban_scoring::GROUP.name, Topic::Ticket),
];

/// How often it is asked whether everything is quiet.
const ASK: Duration = Duration::from_millis(500);

/// The folder of log files to be searched, when it is set.
const LOGS: &str = "SUBAN_LOGS";

/// `suban check`.
pub(crate) async fn command(settings: &Settings, how: &Check) -> anyhow::Result<ExitCode> {
    let report = audit(settings, how).await?;
    if how.json {
        print::json(&report)?;
        for note in &report.notes {
            print::complain(note);
        }
    } else {
        show(&report);
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints a report for people.
pub(crate) fn show(report: &Report) {
    let rows: Vec<Vec<String>> =
        report.figures().iter().map(|(name, n)| vec![(*name).to_owned(), n.to_string()]).collect();
    print::table(&["check", "found"], &rows);
    for note in &report.notes {
        print::out(note);
    }
    print::out(if report.is_clean() { "clean: nothing lost, doubled, out of order or stranded" } else { "NOT CLEAN" });
}

/// Waits for quiet and audits everything.
pub(crate) async fn audit(settings: &Settings, how: &Check) -> anyhow::Result<Report> {
    let pool = connect_pool(settings).await.context("the database cannot be reached")?;
    let patience = Duration::from_secs(how.patience);
    let unsettled = quiet(&pool, settings, patience).await?;
    let people = how.journal.as_deref().map(journal::read_people).transpose()?.unwrap_or_default();
    let needles = Arc::new(Needles::new(&people)?);
    let mut audit = Audit::new(topic(settings, &needles).await?, unsettled);

    let retention = i64::from(settings.kafka.retention_hours);
    let mut after = None;
    loop {
        let page = tables::page(&pool, after, retention).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for read in &page {
            audit.personal_data(Place::Log, read.bytes.iter().filter(|bytes| needles.found_in(bytes)).count());
            audit.ticket(read);
        }
    }
    audit.logs_without_row(tables::logs_without_row(&pool).await?);
    if !audit.missing().is_empty() {
        // What was written while the topic was being read is there by now; what is lost is still missing.
        quiet(&pool, settings, patience).await?;
        let still = still_missing(settings, audit.missing().clone()).await?;
        audit.lost_on_the_way(&still);
    }
    if let Some(path) = how.journal.as_deref() {
        let entries = journal::read(path)?;
        for some in entries.chunks(1000) {
            let known = tables::known(&pool, some).await?;
            for entry in some {
                audit.acknowledged(entry, known.contains(&(entry.ticket_id.clone(), entry.number.clone())));
            }
        }
    }
    audit.personal_data(Place::Texts, tables::texts_with(&pool, &needles).await?);
    let letters = dead::list(settings, usize::MAX).await?;
    audit.dead_letters(letters.len());
    for letter in &letters {
        let clear = letter.reason.as_bytes();
        let body = letter.body.as_deref().unwrap_or_default();
        let found = needles.found_in(clear) || needles.found_in(body);
        audit.personal_data(Place::DeadLetters, usize::from(found));
    }
    if let Some(folder) = std::env::var_os(LOGS) {
        audit.personal_data(Place::LogFiles, log_files_with(Path::new(&folder), &needles, how.journal.as_deref())?);
    }
    audit.outbox(tables::outbox(&pool).await?);
    Ok(audit.finish())
}

/// Waits until the outbox is empty and no group lags; answers what still moves when patience is at its end.
async fn quiet(pool: &sqlx::PgPool, settings: &Settings, patience: Duration) -> anyhow::Result<Option<String>> {
    let begun = Instant::now();
    loop {
        let moving = moving(pool, settings).await?;
        if moving.is_none() || begun.elapsed() >= patience {
            return Ok(moving);
        }
        tokio::time::sleep(ASK).await;
    }
}

async fn moving(pool: &sqlx::PgPool, settings: &Settings) -> anyhow::Result<Option<String>> {
    let waiting = tables::outbox(pool).await?;
    if waiting > 0 {
        return Ok(Some(format!("{waiting} events wait in the outbox")));
    }
    for (group, topic) in GROUPS {
        let lag = group_lag(settings, group, topic).await?;
        if lag > 0 {
            return Ok(Some(format!("group {group} is {lag} messages behind")));
        }
    }
    Ok(None)
}

/// Reads the ticket topic: which versions of each ticket it holds, in what order, and who is named there.
async fn topic(settings: &Settings, needles: &Arc<Needles>) -> anyhow::Result<(HashMap<TicketId, Seen>, usize)> {
    let needles = Arc::clone(needles);
    let begin = (HashMap::<TicketId, Seen>::new(), 0);
    let read = fold_topic(settings, Topic::Ticket, begin, move |(seen, named), message| {
        let record = match &message {
            Ok(message) => message.record(),
            Err(corrupt) => &corrupt.record,
        };
        *named += usize::from(names_somebody(&needles, record));
        // What is no event became a dead letter.
        if let Ok(message) = message {
            seen.entry(message.ticket).or_default().heard(message.version);
        }
    });
    Ok(read.await?)
}

fn names_somebody(needles: &Needles, record: &Record) -> bool {
    // The time is a long row of digits, in which any number may be found.
    let headers = record.headers.iter().filter(|(name, _)| name != TIME).filter_map(|(_, value)| value.as_deref());
    headers.chain(record.body.as_deref()).any(|bytes| needles.found_in(bytes))
}

async fn still_missing(
    settings: &Settings,
    missing: BTreeSet<(TicketId, u32)>,
) -> anyhow::Result<BTreeSet<(TicketId, u32)>> {
    let read = fold_topic(settings, Topic::Ticket, missing, |missing, message| {
        if let Ok(message) = message {
            missing.remove(&(message.ticket, message.version));
        }
    });
    Ok(read.await?)
}

/// How many log files name somebody; the journal and its people are no log.
fn log_files_with(folder: &Path, needles: &Needles, journal: Option<&Path>) -> anyhow::Result<usize> {
    let name = |path: &Path| path.file_name().map(ToOwned::to_owned);
    let left_out: Vec<_> = journal.into_iter().flat_map(|j| [name(j), name(&people_path(j))]).collect();
    let mut found = 0;
    for file in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = file?.path();
        if path.is_file() && !left_out.contains(&name(&path)) {
            found += usize::from(needles.found_in(&std::fs::read(&path)?));
        }
    }
    Ok(found)
}
