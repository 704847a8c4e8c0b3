//! `suban up`: everything, each service in a process of its own, with a simulated city and a summary.

use std::{
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    time::Duration,
};

use suban_domain::{Actor, PersonCode, Role, VersionCode};
use suban_proto::v1::{self, scoring_service_client::ScoringServiceClient};
use suban_runtime::{
    Keys, Service, Settings,
    grpc::{Outgoing, channel},
};
use suban_store::{
    Store, city_clock, connect_pool, migrate,
    versions::{self, NewVersion},
};
use suban_text::{Catalogue, Tables};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
};

use crate::{
    args::{CatalogueVerb, Check, City, Up},
    check, city,
    history::Year,
    print,
};

/// How long services may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// `suban up`.
pub(crate) async fn up(mut settings: Settings, how: &Up) -> anyhow::Result<ExitCode> {
    settings.require_backends()?;
    settings.demo.enabled = true;
    let year = how.data.as_deref().map(Year::read).transpose()?;
    if let Some(year) = &year {
        year.set_clock(&mut settings).await?;
    }
    let logs = PathBuf::from(".local/logs");
    std::fs::create_dir_all(&logs)?;
    let store = open_store(&settings).await?;
    let (folder, name) = if year.is_some() { ("deploy/demo/messages", "messages") } else { ("deploy/demo", "demo") };
    let version = publish(&store, Path::new(folder), name).await?;
    print::out(&format!("事项清单 catalogue in force: {version}"));

    let mut children = start_services(&settings, &logs)?;
    wait_until_ready(&settings, &mut children).await?;
    print::out("六个服务已就绪 six services are ready; the city begins to call");

    let journal = logs.join("city.journal");
    let _ = std::fs::remove_file(&journal);
    if let Some(year) = year {
        year.play(&settings, &store, how.seed, &journal).await?;
    } else {
        let play = City { tickets: how.tickets, seed: how.seed, journal: Some(journal.clone()), json: false };
        city::show(&city::play(&settings, &play).await?);
    }
    summary(&settings, &store).await?;

    let found = check::audit(&settings, &Check { journal: Some(journal), patience: 60, json: false }).await?;
    check::show(&found);
    if how.data.is_some() && !how.once {
        // The year is over. A process keeps the line it started with, so they start anew at an ordinary pace.
        stop(children).await;
        settings.demo.rate = 1.0;
        children = start_services(&settings, &logs)?;
        wait_until_ready(&settings, &mut children).await?;
        print::out("时钟恢复正常 the clock goes on at its ordinary pace");
    }
    let token = watcher(&store).await?;
    let gateway = settings.listen.address(Service::Gateway);
    print::out(&format!("实时看板 live page:  http://{gateway}/live#token={token}"));
    print::out(&format!("REST 接口 OpenAPI:   http://{gateway}/api/v1/openapi.json"));

    if !how.once {
        print::out("按 Ctrl-C 停止 · Ctrl-C stops everything");
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            name = first_to_end(&mut children) => print::complain(&format!("{name} ended by itself; see {}", logs.display())),
        }
    }
    stop(children).await;
    Ok(if found.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `suban catalogue`.
pub(crate) async fn catalogue(settings: &Settings, what: &CatalogueVerb) -> anyhow::Result<ExitCode> {
    let store = open_store(settings).await?;
    match what {
        CatalogueVerb::Publish { folder, name } => {
            let version = publish(&store, folder, name).await?;
            print::out(&format!("in force: {version}"));
        }
        CatalogueVerb::List => {
            let rows = versions::list(store.pool(), suban_service::CATALOGUE)
                .await?
                .into_iter()
                .map(|v| vec![v.version.to_string(), v.effective_at.to_string(), v.published_by.to_string(), v.reason])
                .collect::<Vec<_>>();
            print::table(&["version", "effective", "by", "why"], &rows);
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn open_store(settings: &Settings) -> anyhow::Result<Store> {
    let pool = connect_pool(settings).await?;
    migrate(&pool).await?;
    let clock = city_clock(&pool, settings).await?;
    Ok(Store::new(pool, Keys::load(settings)?, clock, settings.city.time_zone()))
}

/// Publishes the tables of a folder, unless this very content is there already.
async fn publish(store: &Store, folder: &Path, name: &str) -> anyhow::Result<VersionCode> {
    let read = |file: &str| {
        let path = folder.join(file);
        let bytes = std::fs::read(&path).map_err(|e| anyhow::anyhow!("{}: {e}", path.display()))?;
        String::from_utf8(bytes).map_err(|e| {
            let valid = e.as_bytes().get(..e.utf8_error().valid_up_to()).unwrap_or_default();
            let row = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
            anyhow::anyhow!("{}:{row}: is not UTF-8; save the table as UTF-8 (iconv -f gbk -t utf-8)", path.display())
        })
    };
    let (areas, units) = (read("areas.csv")?, read("units.csv")?);
    let (matters, rules) = (read("matters.csv")?, read("rules.csv")?);
    let catalogue = Catalogue::parse(&Tables { areas: &areas, units: &units, matters: &matters, rules: &rules })?;
    let version = catalogue.version(name)?;
    if versions::get(store.pool(), suban_service::CATALOGUE, &version).await?.is_none() {
        let by = Actor { role: Role::SysAdmin, person: PersonCode::new("operator")?, unit: None, area: None };
        let new = NewVersion {
            kind: suban_service::CATALOGUE,
            version: &version,
            effective_at: store.clock().now(),
            reason: "published by hand",
            body: &serde_json::to_value(&catalogue)?,
        };
        store.publish(&by, &new).await?;
    }
    Ok(version)
}

fn start_services(settings: &Settings, logs: &Path) -> anyhow::Result<Vec<(Service, Child)>> {
    let binary = std::env::current_exe()?;
    let mut children = Vec::new();
    for service in Service::ALL {
        let log = std::fs::File::create(logs.join(format!("{}.log", service.name())))?;
        let child = Command::new(&binary)
            .args(["serve", service.name()])
            .env("SUBAN_DEMO__ENABLED", "true")
            .env("SUBAN_DEMO__RATE", settings.demo.rate.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Of its own group: a Ctrl-C at the terminal reaches this process, which stops them in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        children.push((service, child));
    }
    Ok(children)
}

async fn wait_until_ready(settings: &Settings, children: &mut [(Service, Child)]) -> anyhow::Result<()> {
    let begun = std::time::Instant::now();
    for (service, child) in children {
        let address = settings.listen.metrics_address(*service);
        while !is_ready(address).await {
            if let Some(status) = child.try_wait()? {
                anyhow::bail!("{} ended ({status}) before it was ready; see .local/logs", service.name());
            }
            if begun.elapsed() > PATIENCE {
                anyhow::bail!("{} is not ready after {} s; see .local/logs", service.name(), PATIENCE.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    Ok(())
}

/// Asks `/readyz`; HTTP of the plainest kind needs no client library.
async fn is_ready(address: std::net::SocketAddr) -> bool {
    let asked = async {
        let mut line = tokio::net::TcpStream::connect(address).await?;
        line.write_all(b"GET /readyz HTTP/1.1\r\nhost: suban\r\nconnection: close\r\n\r\n").await?;
        let mut answer = [0; 16];
        line.read_exact(&mut answer).await?;
        std::io::Result::Ok(answer.starts_with(b"HTTP/1.1 200"))
    };
    asked.await.unwrap_or(false)
}

async fn first_to_end(children: &mut [(Service, Child)]) -> &'static str {
    loop {
        for (service, child) in children.iter_mut() {
            if !matches!(child.try_wait(), Ok(None)) {
                return service.name();
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// TERM to all, then wait; what does not stop in time is killed when it is dropped.
async fn stop(children: Vec<(Service, Child)>) {
    for (_, child) in &children {
        if let Some(pid) = child.id() {
            let _ = Command::new("kill").args(["-TERM", &pid.to_string()]).status().await;
        }
    }
    for (service, mut child) in children {
        if tokio::time::timeout(Duration::from_secs(25), child.wait()).await.is_err() {
            print::complain(&format!("{} did not stop in time", service.name()));
        }
    }
}

async fn watcher(store: &Store) -> anyhow::Result<String> {
    let actor = Actor { role: Role::Supervisor, person: PersonCode::new("demo-supervisor")?, unit: None, area: None };
    Ok(store.create_token(&actor, &actor, false, None).await?.plain.expose().to_owned())
}

/// What a bureau chief wants to know.
async fn summary(settings: &Settings, store: &Store) -> anyhow::Result<()> {
    let token = suban_runtime::Secret::new(watcher(store).await?);
    let line = channel(&settings.peer(Service::Scoring), settings).await?;
    let mut scoring = ScoringServiceClient::with_interceptor(line, Outgoing::new(&token)?);
    let now = store.clock().now();
    let ask = v1::FiguresRequest {
        from: Some(prost_types::Timestamp { seconds: 0, nanos: 0 }),
        to: Some(prost_types::Timestamp { seconds: now.micros() / 1_000_000 + 60, nanos: 0 }),
        group_by: v1::GroupBy::Unit.into(),
        only: String::new(),
    };
    let figures = scoring.figures(ask).await?.into_inner();
    let rate = |r: &Option<v1::Rate>| match r {
        Some(r) if r.of > 0.0 => format!("{:.1} % ({:.0}/{:.0})", 100.0 * r.count / r.of, r.count, r.of),
        _ => "–".to_owned(),
    };
    if let Some(t) = &figures.total {
        let by_hand = t.dispatched.saturating_sub(t.dispatched_auto);
        print::table(
            &["总览 overview (synthetic)", ""],
            &[
                vec!["受理 received".into(), t.received.to_string()],
                vec!["并案 merged".into(), t.merged.to_string()],
                vec!["自动分拨 dispatched automatically".into(), t.dispatched_auto.to_string()],
                vec!["人工分拨 dispatched by a person".into(), by_hand.to_string()],
                vec!["签收及时 signed in time".into(), rate(&t.signed_in_time)],
                vec!["按时办结 handled in time".into(), rate(&t.handled_in_time)],
                vec!["解决 solved".into(), rate(&t.solved)],
                vec!["满意 satisfied".into(), rate(&t.satisfied)],
                vec!["结案 closed".into(), t.closed.to_string()],
                vec!["未结 unfinished".into(), t.unfinished.to_string()],
            ],
        );
    }
    let mut rows = figures.rows;
    rows.sort_by_key(|r| std::cmp::Reverse(r.dispatched));
    let rows: Vec<Vec<String>> = rows
        .iter()
        .take(15)
        .map(|r| {
            vec![
                r.name_zh.clone(),
                r.dispatched.to_string(),
                r.closed.to_string(),
                r.unfinished.to_string(),
                rate(&r.handled_in_time),
                rate(&r.satisfied),
            ]
        })
        .collect();
    print::table(&["承办单位 unit", "派单 sent", "结案 closed", "未结 open", "按时 on time", "满意 satisfied"], &rows);
    Ok(())
}
