//! The simulated city: citizens, agents, dispatchers, handlers and call-back agents, through the public faces only.
//!
//! The same seed says the same words and gives every ticket the same fate. Everything in it is invented: names are
//! rare ones, phones come from one reserved range, places from the demo catalogue. Handlers now and then name a
//! citizen where they should not, so that the audit can search for it. Every figure made with it is synthetic.

mod book;
mod callback;
mod citizens;
mod hall;
mod people;
mod plan;
mod staff;
mod summary;
mod tongue;
mod units;
mod words;

use std::{
<<<<<<< HEAD
=======
    collections::BTreeMap,
>>>>>>> import
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
<<<<<<< HEAD
    time::{Duration, Instant},
=======
    time::Duration,
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde::Serialize;
use suban_domain::Channel;
use suban_proto::v1;
use suban_runtime::Settings;
use suban_text::Catalogue;
use tokio::sync::Semaphore;

use crate::{
    args::City,
    journal::{Entry, Journal},
    print,
>>>>>>> import
};

use rand::{rngs::StdRng, seq::IndexedRandom as _};
use suban_runtime::Settings;

use crate::{args::City, journal::Journal, print};

use plan::Plan;
pub(crate) use staff::Staff;
pub(crate) use summary::{Board, Summary, show};

/// Between two looks at inboxes and queues.
const PAUSE: Duration = Duration::from_millis(1500);
/// With work left and nobody able to do anything, the city goes home after this long.
const STUCK: Duration = Duration::from_secs(45);

/// `suban city`.
pub(crate) async fn command(settings: &Settings, how: &City) -> anyhow::Result<ExitCode> {
    let summary = play(settings, how).await?;
    if how.json {
        print::json(&summary)?;
    } else {
        show(&summary);
    }
    Ok(ExitCode::SUCCESS)
}

/// Plays the whole city and waits until nobody has anything left to do.
pub(crate) async fn play(settings: &Settings, how: &City) -> anyhow::Result<Summary> {
    let board = Arc::new(Board::default());
    let staff = Staff::hire(settings, how.english, Arc::clone(&board)).await?;
    let journal = how.journal.as_deref().map(Journal::open).transpose()?.map(Arc::new);
    let begun = Instant::now();
    tokio::select! {
        played = play_with(&staff, how, journal.as_ref()) => played?,
        () = board.show(how.json) => {}
    }
    let open = staff.unfinished().await;
    let mut summary = board.lock();
    summary.unfinished = open;
    summary.seconds = begun.elapsed().as_secs_f64();
    Ok(summary.clone())
}

/// One day of a city with this staff, counted on their board.
pub(crate) async fn play_with(staff: &Staff, how: &City, journal: Option<&Arc<Journal>>) -> anyhow::Result<()> {
    let plan = Plan::of_city(&staff.words, &staff.catalogue, how)?;
    if let Some(journal) = journal {
        journal.people(&plan.personal_values())?;
    }
    staff.book.new_day();
    let told = AtomicBool::new(false);
    let citizens = async {
        let day = staff.day(&plan, journal).await;
        told.store(true, Ordering::Release);
        day
    };
    let (day, ()) = tokio::join!(citizens, work(staff, &told));
    day
}

/// Staff work in rounds until every ticket is at its end, or nothing moves any more.
async fn work(staff: &Staff, told: &AtomicBool) {
    let mut last = Instant::now();
    loop {
        let before = staff.board.now().done();
        tokio::join!(staff.hall(), staff.units(), staff.surveys());
        if staff.board.now().done() != before || !told.load(Ordering::Acquire) {
            last = Instant::now();
        } else if matches!(staff.open(true).await, Ok(0)) || last.elapsed() > STUCK {
            return;
        }
<<<<<<< HEAD
=======
        Self { requests }
    }

    /// Everything that must be found nowhere in clear.
    fn personal_values(&self) -> Vec<String> {
        let mut values: Vec<String> = self
            .requests
            .iter()
            .filter_map(|r| r.requester.as_ref())
            .flat_map(|p| [p.name.clone(), p.phone.clone()])
            .filter(|v| !v.is_empty())
            .collect();
        values.sort();
        values.dedup();
        values
    }
}

async fn submit(staff: &Staff, plan: Plan, journal: Option<Arc<Journal>>) -> anyhow::Result<Summary> {
    let mut summary = Summary::default();
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut calls = tokio::task::JoinSet::new();
    for request in plan.requests {
        let permit = Arc::clone(&room).acquire_owned().await?;
        let channel = Channel::from_number(request.channel).map_or("?", Channel::code);
        let mut intake = staff.intake_for(request.channel);
        calls.spawn(async move {
            let key = (request.channel, request.source_system.clone(), request.source_id.clone());
            let answer = patiently(|| {
                let (mut intake, request) = (intake.clone(), request.clone());
                async move { intake.submit(request).await }
            })
            .await;
            let _ = &mut intake;
            drop(permit);
            (channel, key, answer)
        });
    }
    let mut entries = Vec::new();
    while let Some(done) = calls.join_next().await {
        let (channel, (code, system, source_id), answer) = done?;
        match answer {
            Ok(reply) => {
                let reply = reply.into_inner();
                if reply.repeated {
                    summary.repeated += 1;
                } else {
                    summary.submitted += 1;
                    *summary.by_channel.entry(channel).or_default() += 1;
                }
                entries.push(Entry {
                    channel: code,
                    system,
                    source_id,
                    number: reply.number,
                    ticket_id: reply.ticket_id,
                });
            }
            Err(status) => *summary.refused.entry(format!("submit {:?}", status.code())).or_default() += 1,
        }
        if entries.len() >= 100
            && let Some(journal) = &journal
        {
            journal.append(&std::mem::take(&mut entries)).await?;
        }
    }
    if let Some(journal) = &journal {
        journal.append(&entries).await?;
    }
    Ok(summary)
}

/// The same staff over demands that somebody else submits, until that is `told` to be over and nothing is left.
pub(crate) async fn staff_work(settings: &Settings, seed: u64, told: &AtomicBool) -> anyhow::Result<Summary> {
    let staff = Staff::hire(settings).await?;
    let mut summary = Summary::default();
    while !told.load(Ordering::Acquire) {
        work(&staff, seed, &mut summary).await;
    }
    work(&staff, seed, &mut summary).await;
    Ok(summary)
}

/// Staff work in rounds until nothing is left for a while.
async fn work(staff: &Staff, seed: u64, summary: &mut Summary) {
    let mut rng = StdRng::seed_from_u64(seed ^ 0x5eed);
    let mut quiet = 0;
    while quiet < QUIET_ROUNDS {
        let before: u64 = summary.acts.values().sum();
        staff.dispatchers(summary, &mut rng).await;
        staff.units(summary, &mut rng).await;
        staff.callbacks(summary, &mut rng).await;
        let after: u64 = summary.acts.values().sum();
        quiet = if after == before { quiet + 1 } else { 0 };
>>>>>>> import
        tokio::time::sleep(PAUSE).await;
    }
}

/// One of several, by the seed.
fn one_of<'a, T>(list: &'a [T], rng: &mut StdRng) -> Option<&'a T> {
    list.choose(rng)
}
