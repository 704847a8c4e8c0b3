//! The simulated city: citizens, agents, dispatchers, handlers and call-back agents, through the public faces only.
//!
//! The same seed says the same words and gives every ticket the same fate. Everything in it is invented: names are
//! rare ones, phones come from one reserved range, places from the demo catalogue. Handlers now and then name a
//! citizen where they should not, so that the audit can search for it. Every figure made with it is synthetic.

mod book;
mod callback;
mod citizens;
mod events;
mod hall;
mod people;
mod plan;
mod staff;
mod summary;
mod tongue;
mod units;
mod words;

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rand::{rngs::StdRng, seq::IndexedRandom as _};
use suban_domain::{AreaCode, MatterCode};
use suban_runtime::Settings;
use suban_text::{Catalogue, Circumstances, Lead, NoLead};

use crate::{args::City, journal::Journal, print};

pub(crate) use people::PHONES;
use plan::Plan;
pub(crate) use staff::Staff;
pub(crate) use summary::{Board, Summary, show};
pub(crate) use units::{finding, positive};

/// Between two looks at inboxes and queues.
const PAUSE: Duration = Duration::from_millis(1500);
/// With work left and nobody able to do anything, the city goes home after this long.
const STUCK: Duration = Duration::from_secs(120);

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

/// The lead as one who has not read the words would pick it: of several, the one for ordinary hours and subjects.
pub(crate) fn lead_by(catalogue: &Catalogue, matter: Option<&MatterCode>, area: Option<&AreaCode>) -> Option<Lead> {
    match catalogue.lead(matter?, &Circumstances { area, ..Circumstances::default() }) {
        Ok(lead) => Some(lead),
        Err(NoLead::Several(mut leads)) => leads.pop(),
        Err(NoLead::UnknownMatter | NoLead::NotInForce | NoLead::UnknownArea | NoLead::AreaTooLarge) => None,
    }
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
    staff.words.speak_here()?;
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

/// The same staff over demands that somebody else submits, until that is `told` to be over and nothing is left, or
/// it is closing time.
pub(crate) async fn staff_work(
    settings: &Settings,
    told: &AtomicBool,
    closing: impl Future<Output = ()>,
) -> anyhow::Result<Summary> {
    let board = Arc::new(Board::default());
    let staff = Staff::hire(settings, false, Arc::clone(&board)).await?;
    tokio::select! {
        () = work(&staff, told) => {}
        () = closing => {}
        () = board.show(false) => {}
    }
    let open = staff.unfinished().await;
    let mut summary = board.lock();
    summary.unfinished = open;
    Ok(summary.clone())
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
        tokio::time::sleep(PAUSE).await;
    }
}

/// One of several, by the seed.
pub(crate) fn one_of<'a, T>(list: &'a [T], rng: &mut StdRng) -> Option<&'a T> {
    list.choose(rng)
}
