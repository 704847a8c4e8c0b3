//! `suban bench urgent`: a critical ticket behind many that wait.
//!
//! Dedup and dispatch are away while the ordinary ones are submitted, as after an outage. When they come back, the
//! backlog is worked off, and critical tickets arrive at a steady pace meanwhile.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use suban_runtime::{Service, Settings};
use suban_service::Catalogues;

use super::{
    args, endings, flow,
    ground::Ground,
    load::Acked,
    meter::{self, Meter},
    report::Report,
    words,
};
use crate::print;

/// Critical tickets that were not dispatched by then will not be.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// Runs it.
pub(crate) async fn run(settings: Settings, how: &args::Urgent) -> anyhow::Result<Report> {
    anyhow::ensure!(
        !how.ground.attach,
        "bench urgent stops and starts services, so it cannot --attach to running ones"
    );
    let mut ground = Ground::prepare(settings, &how.ground).await?;
    let report = measure(&mut ground, how).await;
    ground.leave().await?;
    report
}

async fn measure(ground: &mut Ground, how: &args::Urgent) -> anyhow::Result<Report> {
    ground.start(&[Service::Intake, Service::Followup, Service::Scoring]).await?;
    let name = flow::run_name();
    let in_force = Catalogues::once(&ground.store).await?.context("no catalogue is in force")?;
    let ordinary = words::ordinary(&ground.catalogue, &in_force.reader, &name, how.ground.seed, how.waiting);
    let critical = words::critical(&ground.catalogue, &format!("{name}-critical"), how.ground.seed, how.critical);
    let everybody: Vec<_> = ordinary.iter().chain(&critical).cloned().collect();
    let mut load = flow::load(ground, None, flow::journal(how.ground.journal.as_deref(), &everybody)?).await?;
    drop(everybody);
    let waiting = load.submit(ordinary, None).await?;
    print::complain(&format!("{} ordinary tickets wait", waiting.acked.len()));

    ground.start(&[Service::Dedup, Service::Dispatch]).await?;
    let meter = Meter::of(ground, &flow::SERVICES)?;
    load.rate = Some(how.rate);
    let begun = Instant::now();
    let pressing = load.submit(critical, None).await?;
    let ended = dispatched(ground, &pressing.acked).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let behind = endings::dispatched(ground.store.pool(), &waiting.acked).await?.open;
    print::complain(&format!("{behind} ordinary tickets still waited when the last critical one was dispatched"));
    anyhow::ensure!(behind > 0, "nothing waited any more in the end; give more with --waiting, or fewer critical ones");

    let mut report = Report::new("urgent", how.critical);
    report.rss_mb_by = meter.memory();
    report.seconds = Some(meter::round3(seconds));
    report.per_s = Some((f64::from(how.critical) / seconds).round());
    report.errors = waiting.refused + pressing.refused + ended.open;
    report.ended = Some(ended.ended);
    report.lag_ms = ended.lag_ms;
    Ok(report)
}

/// Waits until all of them have ended, or will not.
async fn dispatched(ground: &Ground, acked: &[Acked]) -> anyhow::Result<endings::Endings> {
    let begun = Instant::now();
    loop {
        let ended = endings::dispatched(ground.store.pool(), acked).await?;
        if ended.open == 0 || begun.elapsed() > PATIENCE {
            return Ok(ended);
        }
        tokio::time::sleep(LOOK).await;
    }
}
