//! `suban up`: everything, each service in a process of its own, with a simulated city and a summary.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use suban_domain::Role;
use suban_runtime::{Keys, Service, Settings};
use suban_store::{Store, city_clock, connect_pool, migrate};

use crate::{
    args::{Check, City, Up},
    catalogue, check, city,
    history::Year,
    links, overview, print,
    processes::{Processes, told_to_stop},
    roster,
};

/// City seconds a real second, unless a setting says otherwise: a unit that forgets to sign must become late while
/// one looks on, and nothing else may.
const RATE: f64 = 60.0;

/// `suban up`.
pub(crate) async fn up(mut settings: Settings, how: &Up) -> anyhow::Result<ExitCode> {
    settings.require_backends()?;
    settings.demo.enabled = true;
    let year = how.data.as_deref().map(Year::read).transpose()?;
    if let Some(year) = &year {
        year.set_clock(&mut settings).await?;
    } else if settings.demo.rate <= 1.0 {
        settings.demo.rate = RATE;
    }
    let logs = PathBuf::from(".local/logs");
    let store = open_store(&settings).await?;
    let (folder, name) = match (&year, how.english) {
        (Some(_), _) => ("deploy/demo/messages", "messages"),
        (None, true) => ("deploy/demo/en", "demo-en"),
        (None, false) => ("deploy/demo", "demo"),
    };
    let version = catalogue::publish_folder(&store, Path::new(folder), name).await?;
    print::out(&format!("事项清单 catalogue in force: {version}"));
    let roster = Path::new(folder).join("roster");
    if roster.is_dir() {
        let version = roster::publish_folder(&store, &roster).await?;
        print::out(&format!("排班表 roster in force: {version}"));
    }

    let mut processes = Processes::new(&settings, &logs)?;
    processes.start_all()?;
    let played = tokio::select! {
        played = async {
            processes.ready().await?;
            print::out("六个服务已就绪 six services are ready; the city begins to call");
            Box::pin(day(&settings, &store, how, year, &logs)).await
        } => Some(played?),
        told = told_to_stop() => {
            told?;
            None
        }
    };
    let Some(found) = played else {
        processes.stop_all().await?;
        anyhow::bail!("stopped before the city's day was over");
    };
    if !how.once {
        if how.data.is_some() || how.show {
            // The year, or the day, is over. A process keeps the line that it started with, so they start anew.
            processes.stop_all().await?;
            settings.demo.rate = 1.0;
            processes = Processes::new(&settings, &logs)?;
            processes.start_all()?;
            processes.ready().await?;
            print::out("时钟恢复正常 the clock goes on at its ordinary pace");
        }
        if how.show {
            links::open(&links::walk(&store, settings.listen.address(Service::Gateway)).await?);
            if let Some(pid) = processes.pids().get(&Service::Dispatch) {
                print::out(&format!("杀掉分拨服务 kill dispatch (step 7):  kill -9 {pid}"));
            }
        }
        print::out("按 Ctrl-C 停止 · Ctrl-C stops everything");
        stay(&mut processes, how.show, &logs).await?;
    }
    processes.stop_all().await?;
    Ok(if found.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Until somebody says stop, or a service ends; where `again` says so it is started again, as an orchestrator does.
async fn stay(processes: &mut Processes, again: bool, logs: &Path) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            told = told_to_stop() => return Ok(told?),
            service = processes.first_to_end() => {
                print::complain(&format!("{service} ended; see {}", logs.display()));
                if !again {
                    return Ok(());
                }
                processes.start(service)?;
                processes.ready().await?;
                print::out(&format!("{service} 已重新启动 runs again"));
            }
        }
    }
}

/// The city's day or the year of messages, the summary, the audit, and where to look; answers with what the audit
/// found.
async fn day(
    settings: &Settings,
    store: &Store,
    how: &Up,
    year: Option<Year>,
    logs: &Path,
) -> anyhow::Result<check::Report> {
    let journal = logs.join("city.journal");
    let _ = std::fs::remove_file(&journal);
    let played = if let Some(year) = year {
        Box::pin(year.play(settings, store, &journal)).await?
    } else {
        let play = City {
            tickets: how.tickets,
            seed: how.seed,
            profile: how.profile,
            english: how.english,
            journal: Some(journal.clone()),
            json: false,
        };
        city::play(settings, &play).await?
    };
    city::show(&played);
    let until = store.clock().now().micros() / 1_000_000 + 60;
    let token = links::token(store, Role::Supervisor, "demo-supervisor", None).await?;
    let busiest = overview::show(settings, suban_runtime::Secret::new(token.clone()), until, &played).await?;
    let found = check::audit(settings, &Check { journal: Some(journal), patience: 60, json: false }).await?;
    check::show(&found);
    let gateway = settings.listen.address(Service::Gateway);
    print::out(&format!("实时看板 live page:  http://{gateway}/live#token={token}"));
    if let Some(unit) = busiest.first() {
        print::out(&format!("话务台 hall's desk:   {}", links::desk(store, gateway).await?));
        print::out(&format!("办理 handlers ({unit}): {}", links::work(store, gateway, unit).await?));
    }
    print::out(&format!("REST 接口 OpenAPI:   http://{gateway}/api/v1/openapi.json"));
    Ok(found)
}

/// The store over a database that is migrated first, with its keys and its clock.
pub(crate) async fn open_store(settings: &Settings) -> anyhow::Result<Store> {
    let pool = connect_pool(settings).await?;
    migrate(&pool).await?;
    let clock = city_clock(&pool, settings).await?;
    Ok(Store::new(pool, Keys::load(settings)?, clock, settings.city.time_zone()))
}
