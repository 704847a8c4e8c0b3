//! `suban dispatch`: why a ticket went where it went, and what another catalogue would have done.

use std::{collections::HashMap, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use jiff::civil::Date;
use suban_dispatch::{
    Desk,
    decide::{Experience, Known, asks_for_words, decide},
    explain::{Explained, explain},
    learned::Learned,
    tables::{Quality, quality},
    trial::{Found, Tally, Trial, as_it_arrived},
};
use suban_domain::{At, Span, Ticket, TicketId, TicketNumber, VersionCode};
use suban_learn::unit::Lineage;
use suban_runtime::{Health, Service, Settings, Tasks};
use suban_service::{App, Catalogues};
use suban_store::Store;
use suban_text::Catalogue;
use uuid::Uuid;

use crate::{args::DispatchVerb, catalogue, demo::open_store, print};

/// Tickets read in one go.
const PAGE: i64 = 1000;
/// Changes printed for people; JSON has them all.
const SHOWN: usize = 30;

/// `suban dispatch`.
pub(crate) async fn command(settings: Settings, what: &DispatchVerb) -> anyhow::Result<ExitCode> {
    match what {
        DispatchVerb::Explain { number, json } => {
            let why = why(settings, number).await?;
            if *json { print::json(&why)? } else { tell(&why) }
        }
        DispatchVerb::Try { catalogue, from, to, json } => {
            let found = attempt(&settings, catalogue, *from, *to).await?;
            if *json { print::json(&found)? } else { show(&found) }
        }
        DispatchVerb::Quality { weeks, json } => {
            let store = open_store(&settings).await?;
            let since = store.clock().now().minus(Span::days(7 * i64::from(*weeks)));
            let since = since.timestamp().to_zoned_datetime(settings.city.time_zone()).date();
            let weeks = quality(store.pool(), since, &settings.city.zone).await?;
            if *json { print::json(&weeks)? } else { by_week(&weeks) }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn by_week(weeks: &[Quality]) {
    let rows: Vec<Vec<String>> = weeks
        .iter()
        .map(|of| {
            vec![
                of.week.clone(),
                of.matter.clone(),
                of.results.to_string(),
                print::share(of.right_first, of.results),
                format!("{}/{}", of.agreed, of.checked),
            ]
        })
        .collect();
    print::table(&["周 week", "事项 matter", "办结 results", "一次派准 right first", "抽检一致 checked"], &rows);
}

async fn why(settings: Settings, number: &str) -> anyhow::Result<Explained> {
    let number: TicketNumber = number.parse().with_context(|| format!("{number} is no ticket's number"))?;
    let (tasks, health) = (Tasks::new(), Health::new());
    let drain = settings.limits.drain;
    let app = App::start(Service::Dispatch, settings, tasks.clone(), health.clone()).await?;
    let ticket = app.store.by_numbers(std::slice::from_ref(&number)).await?.remove(&number);
    let why = match ticket {
        Some(ticket) => Ok(explain(&Desk::of(&app).await?, &ticket).await?),
        None => Err(anyhow::anyhow!("there is no ticket {number}")),
    };
    drop(app);
    tasks.stop_within(&health, drain).await?;
    why
}

fn tell(why: &Explained) {
    let done = if why.dispatched { "已派 sent" } else { "现在会 now it would be" };
    print::out(&format!("{done} ({}): {}\n    {}", why.tier.zh(), why.because_zh, why.because_en));
    for candidate in &why.candidates {
        let chance = candidate.permille.map_or_else(|| "–".to_owned(), |p| format!("{:.1} %", f64::from(p) / 10.0));
        print::out(&format!("- {} {} [{}] {chance}", candidate.unit, candidate.name, candidate.rule));
        print::out(&format!("    {}\n    {}", candidate.because_zh, candidate.because_en));
    }
    print::out(&format!("catalogue {}, reader {}, {}", why.catalogue, why.reader, why.learned));
}

/// Decides every ticket of a period under the catalogue in force and under another.
async fn attempt(settings: &Settings, new: &PathBuf, from: Date, to: Date) -> anyhow::Result<Found> {
    anyhow::ensure!(from <= to, "--from {from} is after --to {to}");
    let new = catalogue::read(std::slice::from_ref(new))?;
    let store = open_store(settings).await?;
    let old = Catalogues::once(&store).await?.context("no catalogue is in force to compare with")?;
    let name = VersionCode::new("tried")?;
    let nothing = Learned::nothing(Lineage::default())?;
    let start = |day: Date| anyhow::Ok(At::from(store.zone().to_timestamp(day.at(0, 0, 0, 0))?));
    let (from, until) = (start(from)?, start(to.tomorrow()?)?);
    let mut trial = Trial::default();
    let mut after = None;
    loop {
        let page = page(&store, from, until, after).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        let words = words(&store, &page, [&old.catalogue, &new]).await?;
        for ticket in &page {
            let Some(fresh) = as_it_arrived(ticket) else { continue };
            let known = |version, catalogue| Known {
                in_force: Some((version, catalogue)),
                zone: store.zone(),
                words: words.get(&ticket.id).map(String::as_str),
                // The catalogues are compared, not what was learned beside them.
                learned: Some(Experience { of: &nothing, today: Date::MIN, checked: 0.0 }),
            };
            let before = decide(&fresh, &known(&old.version, &old.catalogue));
            trial.take(ticket, &before, &decide(&fresh, &known(&name, &new)));
        }
    }
    Ok(trial.found())
}

/// Tickets received in a period, in the order of their ids. An id begins with its time, so this walks the primary key.
async fn page(store: &Store, from: At, until: At, after: Option<TicketId>) -> anyhow::Result<Vec<Ticket>> {
    let first = |at: At| -> anyhow::Result<Uuid> {
        let millis = u128::try_from(at.micros().div_euclid(1000)).context("a day before 1970")?;
        Ok(Uuid::from_u128(millis << 80))
    };
    let rows: Vec<String> = sqlx::query_scalar(
        "select body::text from core.ticket where id >= $1 and id < $2 and id > $3 order by id limit $4",
    )
    .bind(first(from)?)
    .bind(first(until)?)
    .bind(after.map_or(Uuid::nil(), |id| id.uuid()))
    .bind(PAGE)
    .fetch_all(store.pool())
    .await?;
    rows.iter().map(|body| Ok(serde_json::from_str(body)?)).collect()
}

/// What was said in those tickets for which one of the catalogues asks for it.
async fn words(
    store: &Store,
    tickets: &[Ticket],
    catalogues: [&Catalogue; 2],
) -> anyhow::Result<HashMap<TicketId, String>> {
    let fresh = tickets.iter().filter_map(as_it_arrived);
    let asking = fresh.filter(|ticket| catalogues.iter().any(|catalogue| asks_for_words(ticket, catalogue)));
    let ids: Vec<TicketId> = asking.map(|ticket| ticket.id).collect();
    Ok(store.said(&ids).await?)
}

fn show(found: &Found) {
    let Found { tickets, changed, before, after, changes } = found;
    let tally = |name: &str, t: &Tally| {
        vec![
            name.to_owned(),
            t.sent.to_string(),
            t.finished.to_string(),
            t.right.to_string(),
            share(t.right, t.finished),
        ]
    };
    print::out(&format!("{tickets} tickets tried, {changed} would go another way"));
    print::table(&["", "sent", "finished", "right", "right %"], &[tally("in force", before), tally("tried", after)]);
    let rows: Vec<Vec<String>> = changes
        .iter()
        .take(SHOWN)
        .map(|c| {
            let numbers = c.examples.join(" ");
            vec![
                c.matter.clone(),
                c.from.clone(),
                c.to.clone(),
                c.tickets.to_string(),
                format!("{} → {}", c.was_right, c.right),
                numbers,
            ]
        })
        .collect();
    print::table(&["matter", "from", "to", "tickets", "right", "for example"], &rows);
}

fn share(part: u64, of: u64) -> String {
    if of == 0 { "–".to_owned() } else { format!("{:.1}", part as f64 * 100.0 / of as f64) }
}
