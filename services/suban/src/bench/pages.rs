//! `suban bench pages`: how soon the desk's and the handler's page have everything that they show first, and how long one
//! bulk action on 500 tickets takes. Over HTTP, each request on a line of its own, as a browser that was just opened.

use std::{
    net::SocketAddr,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde::Serialize;
use serde_json::{Value, json};
use suban_domain::{Actor, PersonCode, Role, UnitCode};
use suban_runtime::{Service, Settings};
use suban_service::http;

use super::{
    args, flow,
    ground::Ground,
    preload,
    report::{Lag, lag_text},
    words,
};
use crate::print;

/// Tickets of the bulk action.
const BULK: usize = 500;
/// Entries of an inbox that are read at once.
const PAGE: usize = 200;

#[derive(Serialize)]
struct Report {
    bench: &'static str,
    /// Tickets in the database.
    tickets: i64,
    /// The desk with its queue, milliseconds from the first request to the last answer.
    desk_ms: Option<Lag>,
    /// The handler's page with its inbox.
    work_ms: Option<Lag>,
    /// Tickets that were signed by one bulk action.
    bulk: usize,
    /// Milliseconds that it took.
    bulk_ms: f64,
    /// Tickets that it refused, and pages that were not answered.
    errors: u64,
}

/// Runs it; fails when anything was refused.
pub(crate) async fn command(settings: Settings, how: &args::Pages) -> anyhow::Result<ExitCode> {
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
    print::out(&format!("tickets                 {}", report.tickets));
    print::out(&format!("the desk is ready       {}", lag_text(report.desk_ms)));
    print::out(&format!("a handler's page        {}", lag_text(report.work_ms)));
    print::out(&format!("bulk action             {} tickets in {} ms", report.bulk, report.bulk_ms));
    print::out(&format!("errors                  {}", report.errors));
}

async fn measure(ground: &mut Ground, how: &args::Pages) -> anyhow::Result<Report> {
    if how.preload > 0 {
        preload::fill(ground, how.preload, how.ground.seed).await?;
    }
    ground.start(&Service::ALL).await?;
    let first = words::requests(&ground.catalogue, &flow::run_name(), how.ground.seed, how.tickets);
    flow::load(ground, None, None).await?.submit(first, None).await?;
    ground.quiet().await?;
    let tickets = sqlx::query_scalar("select count(*) from core.ticket").fetch_one(ground.store.pool()).await?;
    let browser = Browser::at(ground.settings.listen.address(Service::Gateway))?;

    let dispatcher = ground.token(Role::Dispatcher, "bench-dispatcher").await?.expose().to_owned();
    let busy = busiest(ground).await?;
    let (signer, handler) = (at(ground, Role::UnitSigner, &busy).await?, at(ground, Role::UnitHandler, &busy).await?);
    let (mut desk, mut work, mut errors) = (Vec::new(), Vec::new(), 0);
    for _ in 0..how.pages {
        for (page, first, token, took) in [
            ("/desk", "/api/v1/queue?page_size=50", &dispatcher, &mut desk),
            ("/work", "/api/v1/inbox?page_size=50", &handler, &mut work),
        ] {
            let begun = Instant::now();
            for path in [page, "/api/v1/now", first] {
                errors += u64::from(browser.get(path, token).await.is_err());
            }
            took.push(i64::try_from(begun.elapsed().as_micros())?);
        }
    }

    let waiting = to_sign(&browser, &handler).await?;
    let body = json!({ "request_id": "bench-bulk", "tickets": waiting });
    let begun = Instant::now();
    let told = browser.post("/api/v1/bulk/sign", &signer, &body).await?;
    let took = begun.elapsed();
    Ok(Report {
        bench: "pages",
        tickets,
        desk_ms: Lag::of(desk),
        work_ms: Lag::of(work),
        bulk: waiting.len(),
        bulk_ms: (took.as_secs_f64() * 10_000.0).round() / 10.0,
        errors: errors + told["refused"].as_u64().context("a bulk says how many it refused")?,
    })
}

/// The unit that most open tickets wait for.
async fn busiest(ground: &Ground) -> anyhow::Result<UnitCode> {
    let unit: String = sqlx::query_scalar(
        "select unit from core.ticket_open where unit is not null group by unit order by count(*) desc, unit limit 1",
    )
    .fetch_one(ground.store.pool())
    .await
    .context("no ticket came to a unit")?;
    Ok(UnitCode::new(unit)?)
}

/// A token of somebody at a unit.
async fn at(ground: &Ground, role: Role, unit: &UnitCode) -> anyhow::Result<String> {
    let person = PersonCode::new(format!("bench-{}", role.code().to_lowercase().replace('_', "-")))?;
    let actor = Actor { role, person, unit: Some(unit.clone()), area: None };
    Ok(ground.store.create_token(&actor, &actor, false, None).await?.plain.expose().to_owned())
}

/// Numbers of the tickets that wait for the unit's signature, at most as many as one bulk takes.
async fn to_sign(browser: &Browser, token: &str) -> anyhow::Result<Vec<String>> {
    let (mut numbers, mut next) = (Vec::new(), String::new());
    while numbers.len() < BULK {
        let path = format!("/api/v1/inbox?state=T_PENDING_SIGN&page_size={PAGE}&page_token={next}");
        let page: Value = serde_json::from_str(&browser.get(&path, token).await?)?;
        let entries = page["entries"].as_array().context("an inbox has entries")?;
        numbers.extend(entries.iter().filter_map(|e| e["number"].as_str().map(str::to_owned)));
        next = page["next_page_token"].as_str().unwrap_or_default().to_owned();
        if next.is_empty() {
            break;
        }
    }
    numbers.truncate(BULK);
    Ok(numbers)
}

/// Asks the gateway, each time on a line of its own.
struct Browser {
    client: reqwest::Client,
    gateway: SocketAddr,
}

impl Browser {
    fn at(gateway: SocketAddr) -> anyhow::Result<Self> {
        let client = http::client().pool_max_idle_per_host(0).timeout(Duration::from_secs(30)).build()?;
        Ok(Self { client, gateway })
    }

    async fn get(&self, path: &str, token: &str) -> anyhow::Result<String> {
        let answer = self.client.get(format!("http://{}{path}", self.gateway)).bearer_auth(token).send().await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    async fn post(&self, path: &str, token: &str, body: &Value) -> anyhow::Result<Value> {
        let ask = self.client.post(format!("http://{}{path}", self.gateway)).bearer_auth(token).json(body);
        Ok(ask.send().await?.error_for_status()?.json().await?)
    }
}
