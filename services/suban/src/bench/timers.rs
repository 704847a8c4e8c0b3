//! `suban bench timers`: clocks that run out, evenly over a time or all before anybody looks.
//!
//! Each ticket waits for its unit's signature; what is measured is the card that says that nobody signed in time, from
//! the due to the commit. Everything that follows is done as well: the message, the facts, the ladder of notices. After
//! an outage the seconds count from the start of the processes, so that their starting is in them.

use std::time::{Duration, Instant};

use suban_domain::{At, Span};
use suban_runtime::Settings;

use super::{
    args, endings, flow,
    ground::Ground,
    load::Acked,
    meter::{self, Meter},
    preload::{self, Past},
    report::Report,
};
use crate::print;

/// Time to sign of an ordinary ticket (D§8.2).
const TO_SIGN: Span = Span::hours(2);
/// Tickets a second that are surely put there in; the first clock runs out when all of them are.
const PUT_A_SECOND: u32 = 1_500;
/// The services are up by then.
const START: i64 = 60;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);
/// Nothing spoke for this long: what is left will not.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs it.
pub(crate) async fn run(settings: Settings, how: &args::Timers) -> anyhow::Result<Report> {
    anyhow::ensure!(
        !how.ground.attach,
        "bench timers starts services when it is ready, so it cannot --attach to running ones"
    );
    anyhow::ensure!(how.tickets > 0 && how.within > 0, "--tickets and --within must be above 0");
    let mut ground = Ground::prepare(settings, &how.ground).await?;
    let report = measure(&mut ground, how).await;
    ground.leave().await?;
    report
}

async fn measure(ground: &mut Ground, how: &args::Timers) -> anyhow::Result<Report> {
    let now = ground.store.clock().now();
    let ready = now.plus(Span::seconds(i64::from(how.tickets / PUT_A_SECOND) + START));
    let over = Span::seconds(i64::from(how.within));
    let first = if how.overdue { now.minus(over) } else { ready };
    let apart = Span::micros(over.as_micros() / i64::from(how.tickets));
    let received = move |n: u32| first.plus(Span::micros(apart.as_micros() * i64::from(n))).minus(TO_SIGN);
    let put = preload::written(ground, how.tickets, how.ground.seed, move |n| Past {
        closed: false,
        received_at: Some(received(n)),
        pressing: false,
    })
    .await?;
    let due: Vec<Acked> =
        put.iter().filter_map(|t| Some(Acked { ticket: t.ticket, link: String::new(), at: t.due?.micros() })).collect();
    let tickets = u32::try_from(due.len())?;
    let last = due.iter().map(|d| d.at).max().unwrap_or_default();

    // Everybody who follows the topic: it is quiet when none of them lags.
    let services = flow::SERVICES;
    let begun = Instant::now();
    ground.start(&services).await?;
    anyhow::ensure!(
        how.overdue || ground.store.clock().now() < first,
        "putting the tickets there took longer than the first clock runs; this machine is slower than {PUT_A_SECOND}/s"
    );
    let meter = Meter::of(ground, &services)?;
    let (rows, before) = (meter.rows().await?, meter.read().await?);
    wait(ground, tickets, At::from_micros(last)).await?;
    let spoken = begun.elapsed();
    ground.quiet().await?;
    let after = meter.read().await?;

    let mut report = Report::new("timers", tickets);
    report.rss_mb_by = meter.memory();
    let spoke = endings::spoke(ground.store.pool(), &due).await?;
    let rows = meter.rows().await? - rows;
    let (cpu, per_ticket) = meter::cost(&before, &after, Some(rows), tickets);
    report.seconds = Some(meter::round3(spoken.as_secs_f64()));
    report.per_s = Some((f64::from(tickets) / spoken.as_secs_f64()).round());
    report.errors = spoke.open;
    // After an outage all are late by the outage.
    report.lag_ms = spoke.lag_ms.filter(|_| !how.overdue);
    // An outage's clocks are served while the services start, before anybody could read what they cost.
    report.cpu_ms_per_ticket = Some(cpu).filter(|_| !how.overdue);
    report.per_ticket = Some(per_ticket).filter(|_| !how.overdue);
    Ok(report)
}

/// Waits until no clock of a signature runs any more, or none is served.
async fn wait(ground: &Ground, tickets: u32, last: At) -> anyhow::Result<()> {
    let mut seen = (0, Instant::now());
    loop {
        let now = ground.store.clock().now();
        // Whoever spoke is due again much later.
        let waiting: i64 = sqlx::query_scalar("select count(*) from core.ticket_open where next_due <= $1")
            .bind(suban_store::to_db(last))
            .fetch_one(ground.store.pool())
            .await?;
        if waiting == 0 {
            return Ok(());
        }
        if waiting != seen.0 || now < last {
            seen = (waiting, Instant::now());
        }
        if seen.1.elapsed() > PATIENCE {
            print::complain(&format!("{waiting} of {tickets} clocks were not served"));
            return Ok(());
        }
        // Not looked at more often than it costs.
        tokio::time::sleep(if now < last { LOOK * 20 } else { LOOK }).await;
    }
}
