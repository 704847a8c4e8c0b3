//! `suban bench queue`: how soon an operator's first page is there in a city that is years old, and how soon a change is
//! seen on a screen that is open, with many screens open at once.

use std::{
    collections::HashMap,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde::Serialize;
use suban_domain::{Actor, PersonCode, Role, State};
use suban_proto::v1::{
    self, dispatch_service_client::DispatchServiceClient, intake_service_client::IntakeServiceClient,
};
use suban_runtime::{
    Clock, Service, Settings,
    grpc::{Outgoing, channel},
};
use time::OffsetDateTime;
use tokio::{sync::mpsc, task::JoinSet};
use uuid::Uuid;

use super::{
    args, flow,
    ground::Ground,
    preload,
    report::{Lag, lag_text},
    words,
};
use crate::print;

/// Screens on one connection.
const A_LINE: usize = 100;
/// Screens whose changes are timed; the others only read.
const TIMED: usize = 10;
/// The last changes are on their way for at most so long.
const TAIL: Duration = Duration::from_secs(3);

#[derive(Serialize)]
struct Report {
    bench: &'static str,
    /// Tickets in the database.
    tickets: i64,
    /// Of them in the queue for people.
    waiting: i64,
    /// Screens open at once.
    screens: usize,
    /// First page of the queue, milliseconds from the call to the answer.
    queue_ms: Option<Lag>,
    /// First page of a unit's inbox.
    inbox_ms: Option<Lag>,
    /// From the commit of a change to the screen.
    seen_ms: Option<Lag>,
    /// Changes that were timed, on all timed screens together.
    changes: usize,
    /// Changes that a screen did not show, and pages that were not answered.
    errors: u64,
}

/// Runs it; fails when a change was not seen or a page not answered.
pub(crate) async fn command(settings: Settings, how: &args::Queue) -> anyhow::Result<ExitCode> {
    let mut ground = Ground::prepare(settings, &how.ground).await?;
    let report = measure(&mut ground, how).await;
    ground.leave().await?;
    let report = report?;
    if how.ground.json {
        print::json(&report)?;
    } else {
        show(&report);
    }
    Ok(if report.errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(report: &Report) {
    print::out(&format!(
        "tickets {}, waiting for people {}, screens {}",
        report.tickets, report.waiting, report.screens
    ));
    print::out(&format!("first page of the queue  {}", lag_text(report.queue_ms)));
    print::out(&format!("first page of an inbox   {}", lag_text(report.inbox_ms)));
    print::out(&format!("a change on a screen     {} ({} changes)", lag_text(report.seen_ms), report.changes));
    print::out(&format!("errors                   {}", report.errors));
}

async fn measure(ground: &mut Ground, how: &args::Queue) -> anyhow::Result<Report> {
    if how.preload > 0 {
        preload::fill(ground, how.preload, how.ground.seed).await?;
    }
    ground.start(&flow::SERVICES).await?;
    let first = words::requests(&ground.catalogue, &flow::run_name(), how.ground.seed, how.tickets);
    flow::load(ground, None, None).await?.submit(first, None).await?;
    ground.quiet().await?;
    let pool = ground.store.pool();
    let tickets = sqlx::query_scalar("select count(*) from core.ticket").fetch_one(pool).await?;
    let waiting = sqlx::query_scalar("select count(*) from dispatch.queue").fetch_one(pool).await?;

    let (queue, refused) = queue_pages(ground, how.pages).await?;
    let (inbox, unanswered) = inbox_pages(ground, how.pages).await?;
    let mut screens = open(ground, how.screens).await?;
    let changing = words::requests(&ground.catalogue, &flow::run_name(), how.ground.seed + 1, how.changes);
    flow::load(ground, Some(how.rate), None).await?.submit(changing, None).await?;
    ground.quiet().await?;
    tokio::time::sleep(TAIL).await;
    screens.all.abort_all();
    let (seen, missed) = seen(ground, screens.shown).await?;
    Ok(Report {
        bench: "queue",
        tickets,
        waiting,
        screens: how.screens,
        queue_ms: Lag::of(queue),
        inbox_ms: Lag::of(inbox),
        changes: seen.len(),
        seen_ms: Lag::of(seen),
        errors: refused + unanswered + missed,
    })
}

/// Microseconds of each first page of the queue, and how many were not answered.
async fn queue_pages(ground: &Ground, pages: u32) -> anyhow::Result<(Vec<i64>, u64)> {
    let line = channel(&ground.settings.peer(Service::Dispatch), &ground.settings).await?;
    let token = Outgoing::new(&ground.token(Role::Dispatcher, "bench-dispatcher").await?)?;
    let mut desk = DispatchServiceClient::with_interceptor(line, token);
    let (mut took, mut refused) = (Vec::new(), 0);
    for _ in 0..pages {
        let begun = Instant::now();
        match desk.list_queue(v1::ListQueueRequest::default()).await {
            Ok(_) => took.push(i64::try_from(begun.elapsed().as_micros())?),
            Err(_) => refused += 1,
        }
    }
    Ok((took, refused))
}

/// The same of the units' inboxes, one after the other.
async fn inbox_pages(ground: &Ground, pages: u32) -> anyhow::Result<(Vec<i64>, u64)> {
    let line = channel(&ground.settings.peer(Service::Dispatch), &ground.settings).await?;
    let mut handlers = Vec::new();
    for unit in ground.catalogue.units().iter().filter(|unit| unit.parent.is_none()) {
        let person = PersonCode::new(format!("{}-bench", unit.code))?;
        let actor = Actor { role: Role::UnitHandler, person, unit: Some(unit.code.clone()), area: None };
        let token = Outgoing::new(&ground.store.create_token(&actor, &actor, false, None).await?.plain)?;
        handlers.push(DispatchServiceClient::with_interceptor(line.clone(), token));
    }
    let (mut took, mut refused) = (Vec::new(), 0);
    let count = handlers.len();
    for n in 0..pages as usize {
        let handler = handlers.get_mut(n % count.max(1)).context("the catalogue has no unit")?;
        let begun = Instant::now();
        match handler.inbox(v1::InboxRequest::default()).await {
            Ok(_) => took.push(i64::try_from(begun.elapsed().as_micros())?),
            Err(_) => refused += 1,
        }
    }
    Ok((took, refused))
}

/// One change as one screen showed it.
struct Shown {
    screen: usize,
    ticket: Uuid,
    version: u32,
    at: i64,
}

struct Screens {
    all: JoinSet<()>,
    shown: mpsc::UnboundedReceiver<Shown>,
}

/// Opens screens that show what comes to the queue and to units.
async fn open(ground: &Ground, screens: usize) -> anyhow::Result<Screens> {
    let (tell, shown) = mpsc::unbounded_channel();
    let mut all = JoinSet::new();
    let token = ground.token(Role::Dispatcher, "bench-screen").await?;
    let mut line = None;
    for screen in 0..screens {
        if screen % A_LINE == 0 {
            line = Some(channel(&ground.settings.peer(Service::Intake), &ground.settings).await?);
        }
        let line = line.clone().context("a line")?;
        let mut desk = IntakeServiceClient::with_interceptor(line, Outgoing::new(&token)?);
        let states = vec![State::PendingDispatch.number(), State::PendingSign.number()];
        let mut changes = desk.watch(v1::WatchRequest { states, ..Default::default() }).await?.into_inner();
        let tell = (screen < TIMED).then(|| tell.clone());
        all.spawn(async move {
            while let Ok(Some(change)) = changes.message().await {
                let at = Clock::system().now().micros();
                let (Some(tell), Ok(ticket)) = (&tell, Uuid::parse_str(&change.ticket_id)) else { continue };
                if tell.send(Shown { screen, ticket, version: change.version, at }).is_err() {
                    return;
                }
            }
        });
    }
    Ok(Screens { all, shown })
}

/// Microseconds from commit to screen, and how many changes that one screen showed another did not.
async fn seen(ground: &Ground, mut shown: mpsc::UnboundedReceiver<Shown>) -> anyhow::Result<(Vec<i64>, u64)> {
    let mut by_change: HashMap<(Uuid, u32), HashMap<usize, i64>> = HashMap::new();
    shown.close();
    while let Some(Shown { screen, ticket, version, at }) = shown.recv().await {
        // It may come twice.
        by_change.entry((ticket, version)).or_default().entry(screen).or_insert(at);
    }
    let (tickets, versions): (Vec<Uuid>, Vec<i32>) =
        by_change.keys().map(|(ticket, version)| (*ticket, i32::try_from(*version).unwrap_or(i32::MAX))).unzip();
    let when = super::endings::commit_time(ground.store.pool())
        .await?
        .replace("xmin", "l.xmin")
        .replace("recorded_at", "l.recorded_at");
    let query = format!(
        "select l.ticket_id, l.version, {when} from core.ticket_log l
           join unnest($1::uuid[], $2::int[]) as c(ticket_id, version) using (ticket_id, version)"
    );
    // Built from constants of this program alone.
    let committed: Vec<(Uuid, i32, Option<OffsetDateTime>)> =
        sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tickets).bind(versions).fetch_all(ground.store.pool()).await?;
    let (mut lags, mut missed) = (Vec::new(), 0);
    let screens: std::collections::HashSet<usize> = by_change.values().flat_map(|on| on.keys().copied()).collect();
    for (ticket, version, at) in committed {
        let at = at.context("the database does not say when rows were committed")?;
        let at = i64::try_from(at.unix_timestamp_nanos() / 1000)?;
        let on = by_change.get(&(ticket, u32::try_from(version)?)).context("a change that nobody asked for")?;
        missed += (screens.len() - on.len()) as u64;
        lags.extend(on.values().map(|shown| (shown - at).max(0)));
    }
    Ok((lags, missed))
}
