//! `suban bench flow`: created, judged, dispatched.

use std::{sync::Arc, time::Instant};

use sqlx::{Connection as _, PgConnection};
use suban_domain::Role;
use suban_runtime::{Clock, Service, Settings};

use super::{
    args, endings,
    ground::Ground,
    load::{Load, Submitted},
    meter::{self, Meter},
    preload,
    report::Report,
    words,
};
use crate::{journal::Journal, print};

/// The services that a ticket passes on its way to a unit, and those that count it.
pub(crate) const SERVICES: [Service; 5] =
    [Service::Intake, Service::Dedup, Service::Dispatch, Service::Followup, Service::Scoring];

/// Runs it.
pub(crate) async fn run(settings: Settings, how: &args::Flow) -> anyhow::Result<Report> {
    let mut ground = Ground::prepare(settings, &how.ground).await?;
    let report = measure(&mut ground, how).await;
    ground.leave().await?;
    report
}

async fn measure(ground: &mut Ground, how: &args::Flow) -> anyhow::Result<Report> {
    if how.preload > 0 {
        preload::fill(ground, how.preload, how.ground.seed).await?;
    }
    ground.start(&SERVICES).await?;
    let requests = words::requests(&ground.catalogue, &run_name(), how.ground.seed, how.tickets);
    let journal = journal(how.ground.journal.as_deref(), &requests)?;
    let load = load(ground, how.rate, journal).await?;
    let snapshot = if how.snapshot { Some(open_snapshot(&ground.settings).await?) } else { None };

    let meter = Meter::of(ground, &SERVICES)?;
    let rows = meter.rows().await?;
    let services = meter.cpu_by_service();
    let before = meter.read().await?;
    let begun = Instant::now();
    let Submitted { acked, refused } = load.submit(requests, None).await?;
    print::complain(&format!("{} acknowledged after {:.1} s", acked.len(), begun.elapsed().as_secs_f64()));
    let seconds = ground.quiet().await?.duration_since(begun).as_secs_f64();
    let after = meter.read().await?;
    meter.complain(&services, how.tickets);

    let mut report = Report::new("flow", how.tickets);
    report.rss_mb_by = meter.memory();
    let endings = endings::dispatched(ground.store.pool(), &acked).await?;
    let rows = meter.rows().await? - rows;
    let (cpu, per_ticket) = meter::cost(&before, &after, Some(rows), how.tickets);
    if let Some(snapshot) = snapshot {
        snapshot.close().await?;
    }
    report.seconds = Some(meter::round3(seconds));
    report.per_s = Some((f64::from(how.tickets) / seconds).round());
    report.errors = refused + endings.open;
    report.ended = Some(endings.ended);
    report.lag_ms = endings.lag_ms;
    report.cpu_ms_per_ticket = Some(cpu);
    report.per_ticket = Some(per_ticket);
    Ok(report)
}

/// Two runs in one city are two sources.
pub(crate) fn run_name() -> String {
    format!("b{}", Clock::system().now().micros())
}

/// A journal with the invented people in it, where one was asked for.
pub(crate) fn journal(
    path: Option<&std::path::Path>,
    requests: &[suban_proto::v1::SubmitRequest],
) -> anyhow::Result<Option<Arc<Journal>>> {
    let Some(path) = path else { return Ok(None) };
    let journal = Journal::open(path)?;
    journal.people(&words::people_in(requests))?;
    Ok(Some(Arc::new(journal)))
}

/// Who submits in a city.
pub(crate) async fn load(ground: &Ground, rate: Option<f64>, journal: Option<Arc<Journal>>) -> anyhow::Result<Load> {
    Ok(Load {
        to: ground.settings.peer(Service::Intake),
        settings: ground.settings.clone(),
        token: ground.token(Role::IntakeBot, "bench-bot").await?,
        rate,
        journal,
    })
}

/// A snapshot that keeps every row version that is deleted from now on, as a backup's does.
async fn open_snapshot(settings: &Settings) -> anyhow::Result<PgConnection> {
    let mut conn = PgConnection::connect(settings.database.url.expose()).await?;
    sqlx::raw_sql("begin isolation level repeatable read; select count(*) from core.number_day")
        .execute(&mut conn)
        .await?;
    Ok(conn)
}
