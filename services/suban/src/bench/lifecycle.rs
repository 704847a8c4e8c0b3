//! `suban bench lifecycle`: from the submit to the rating by link and the closing, everybody at work at once.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use suban_domain::TicketId;
use suban_runtime::{Service, Settings};
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    args, endings, flow,
    ground::Ground,
    load::{Acked, Submitted},
    meter::{self, Meter},
    people::{Citizens, Hall, Unit},
    report::Report,
    words,
};
use crate::print;

/// Nothing was closed for this long: what is open will not be closed.
const PATIENCE: Duration = Duration::from_secs(60);
/// A citizen who heard nothing looks at the page again.
const LOOK: Duration = Duration::from_secs(2);

/// Runs it.
pub(crate) async fn run(settings: Settings, how: &args::Lifecycle) -> anyhow::Result<Report> {
    let mut ground = Ground::prepare(settings, &how.ground).await?;
    let report = measure(&mut ground, how).await;
    ground.leave().await?;
    report
}

async fn measure(ground: &mut Ground, how: &args::Lifecycle) -> anyhow::Result<Report> {
    ground.start(&Service::ALL).await?;
    let requests = words::requests(&ground.catalogue, &flow::run_name(), how.ground.seed, how.tickets);
    let journal = flow::journal(how.ground.journal.as_deref(), &requests)?;
    let load = flow::load(ground, None, journal).await?;
    // They stop working when the set is dropped.
    let mut staff = JoinSet::new();
    for unit in Unit::all(ground).await? {
        staff.spawn(unit.work());
    }
    let hall = Hall::hire(ground).await?;
    staff.spawn(hall.work());
    let citizens = Arc::new(Citizens::hire(ground).await?);

    let meter = Meter::of(ground, &Service::ALL)?;
    let rows = meter.rows().await?;
    let services = meter.cpu_by_service();
    let before = meter.read().await?;
    let begun = Instant::now();
    let (acked, heard) = mpsc::unbounded_channel();
    let submitting = load.submit(requests, Some(acked));
    let rating = rate_all(&citizens, heard, how.tickets);
    let (submitted, unrated) = tokio::try_join!(submitting, rating)?;
    let closed = begun.elapsed();
    let Submitted { acked, refused } = submitted;
    ground.quiet().await?;
    let after = meter.read().await?;
    meter.complain(&services, how.tickets);

    let mut report = Report::new("lifecycle", how.tickets);
    report.rss_mb_by = meter.memory();
    let endings = endings::closed(ground.store.pool(), &acked).await?;
    drop(staff);
    let rows = meter.rows().await? - rows;
    let (cpu, per_ticket) = meter::cost(&before, &after, Some(rows), how.tickets);
    report.seconds = Some(meter::round3(closed.as_secs_f64()));
    report.per_s = Some((f64::from(how.tickets) / closed.as_secs_f64()).round());
    report.errors = refused + endings.open;
    report.ended = Some(endings.ended);
    report.lag_ms = endings.lag_ms;
    report.cpu_ms_per_ticket = Some(cpu);
    report.per_ticket = Some(per_ticket);
    if unrated > 0 {
        print::complain(&format!("{unrated} tickets could not be rated"));
    }
    Ok(report)
}

/// Every citizen rates as soon as the result is there; answers how many never could.
async fn rate_all(
    citizens: &Arc<Citizens>,
    mut heard: mpsc::UnboundedReceiver<Acked>,
    tickets: u32,
) -> anyhow::Result<usize> {
    let mut links: HashMap<TicketId, String> = HashMap::new();
    // A result may be there before the client has read the answer to the submit.
    let mut ready: Vec<TicketId> = Vec::new();
    let mut results = citizens.results().await?;
    let (mut rating, mut rated, mut submitting) = (JoinSet::new(), 0, true);
    let mut moved = Instant::now();
    let mut look = tokio::time::interval(LOOK);
    while (submitting || !links.is_empty() || !rating.is_empty()) && moved.elapsed() < PATIENCE {
        tokio::select! {
            acked = heard.recv(), if submitting => match acked {
                Some(acked) => { links.insert(acked.ticket, acked.link); }
                None => submitting = false,
            },
            result = results.recv() => match result {
                Some(ticket) => match links.get(&ticket) {
                    Some(link) => { rating.spawn(Arc::clone(citizens).rate(ticket, link.clone())); }
                    None => ready.push(ticket),
                },
                None => results = citizens.results().await?,
            },
            Some(done) = rating.join_next() => {
                let (ticket, closed) = done?;
                if closed && links.remove(&ticket).is_some() {
                    rated += 1;
                    moved = Instant::now();
                }
            }
            _ = look.tick() => {
                for ticket in ready.drain(..).filter(|t| links.contains_key(t)).collect::<Vec<_>>() {
                    if let Some(link) = links.get(&ticket) {
                        rating.spawn(Arc::clone(citizens).rate(ticket, link.clone()));
                    }
                }
                // Whoever was not told, as after a cut-off, asks for himself.
                if !submitting && moved.elapsed() > LOOK {
                    for (ticket, link) in links.iter().take(200) {
                        rating.spawn(Arc::clone(citizens).rate(*ticket, link.clone()));
                    }
                }
                print::complain(&format!("{rated} of {tickets} closed"));
            }
        }
    }
    Ok(links.len())
}
