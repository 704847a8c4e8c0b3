//! Where a bench runs: a fresh city of its own on the stack that the settings name, or the one that is there.

use std::{
    collections::BTreeSet,
    net::TcpListener,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use sqlx::{Connection as _, PgConnection};
use suban_bus::{GroupLag, Topic};
use suban_domain::{Actor, PersonCode, Role};
use suban_runtime::{Secret, SecretUrl, Service, Settings};
use suban_store::Store;
use suban_text::Catalogue;

use super::args;
use crate::{catalogue, check::GROUPS, demo, print, processes::Processes};

/// Between two looks at what still moves.
const LOOK: Duration = Duration::from_millis(100);
/// With more than so many messages on their way the end is not near: looked at seldom, since each look costs the
/// broker a dozen requests.
const MANY: u64 = 1000;
const SELDOM: Duration = Duration::from_millis(500);
/// Nothing moves for this long: what has not ended will not.
const PATIENCE: Duration = Duration::from_secs(120);

/// A city to measure.
pub(crate) struct Ground {
    /// The settings that it runs under.
    pub(crate) settings: Settings,
    /// Its database.
    pub(crate) store: Store,
    /// What its people call things.
    pub(crate) catalogue: Catalogue,
    /// Its services, where this bench started them.
    pub(crate) processes: Option<Processes>,
    lags: Vec<GroupLag>,
    /// The database that was made for it, and where from.
    own: Option<Own>,
}

struct Own {
    server: SecretUrl,
    name: String,
    keep: bool,
}

impl Ground {
    /// A fresh city, or the one that is there.
    pub(crate) async fn prepare(mut settings: Settings, how: &args::Ground) -> anyhow::Result<Self> {
        settings.require_backends()?;
        let mut own = None;
        if !how.attach {
            // A new city makes its own keys; its clock is everybody's.
            settings.demo.enabled = true;
            settings.demo.rate = 1.0;
            // A partition for each core: a city that needs the default's eight runs on more than one machine.
            let cores = std::thread::available_parallelism()?.get();
            settings.kafka.partitions = settings.kafka.partitions.min(i32::try_from(cores)?.max(2));
            let name = format!("suban_bench_{}", std::process::id());
            own = Some(Own::create(&mut settings, name, how.keep || how.journal.is_some()).await?);
        }
        match Self::furnish(&settings).await {
            Ok((store, catalogue, lags)) => Ok(Self { settings, store, catalogue, processes: None, lags, own }),
            Err(error) => {
                if let Some(own) = own {
                    own.delete(&settings).await?;
                }
                Err(error)
            }
        }
    }

    async fn furnish(settings: &Settings) -> anyhow::Result<(Store, Catalogue, Vec<GroupLag>)> {
        let store = demo::open_store(settings).await?;
        catalogue::publish_folder(&store, Path::new("deploy/demo"), "demo").await?;
        let catalogue = catalogue(&store).await?;
        let lags = GROUPS.iter().map(|(group, topic)| GroupLag::of(settings, group, topic.clone()));
        Ok((store, catalogue, lags.collect::<Result<_, _>>()?))
    }

    /// Starts these services, each in its own process, unless the city was there before.
    pub(crate) async fn start(&mut self, services: &[Service]) -> anyhow::Result<()> {
        let Some(own) = &self.own else { return Ok(()) };
        let logs = PathBuf::from(".local/logs").join(&own.name);
        let processes = match &mut self.processes {
            Some(processes) => processes,
            None => self.processes.insert(Processes::new(&self.settings, &logs)?),
        };
        services.iter().try_for_each(|service| processes.start(*service))?;
        processes.ready().await
    }

    /// A token for this person.
    pub(crate) async fn token(&self, role: Role, person: &str) -> anyhow::Result<Secret> {
        let actor = Actor { role, person: PersonCode::new(person)?, unit: None, area: None };
        Ok(self.store.create_token(&actor, &actor, false, None).await?.plain)
    }

    /// Waits until nothing moves any more: the outbox is empty and no group lags. Answers when that was seen to begin.
    pub(crate) async fn quiet(&self) -> anyhow::Result<Instant> {
        let mut last = (u64::MAX, Instant::now());
        loop {
            let seen = Instant::now();
            let moving = self.moving().await?;
            if moving == 0 {
                return Ok(seen);
            }
            if moving != last.0 {
                last = (moving, seen);
            }
            anyhow::ensure!(last.1.elapsed() < PATIENCE, "{moving} messages have waited for {PATIENCE:?}");
            tokio::time::sleep(if moving > MANY { SELDOM } else { LOOK }).await;
        }
    }

    /// How many messages wait: behind a group, or in the outbox once no group waits. The outbox is read only then: its
    /// deleted rows make that dear while much moves. What it held then has reached the groups since, so they are
    /// asked again.
    async fn moving(&self) -> anyhow::Result<u64> {
        let behind = self.behind().await?;
        if behind > 0 {
            return Ok(behind);
        }
        let waiting: i64 = sqlx::query_scalar("select count(*) from (select 1 from core.outbox limit 1000) as waiting")
            .fetch_one(self.store.pool())
            .await?;
        if waiting > 0 {
            return Ok(waiting.unsigned_abs());
        }
        self.behind().await
    }

    async fn behind(&self) -> anyhow::Result<u64> {
        for lag in &self.lags {
            let behind = lag.messages().await?;
            if behind > 0 {
                return Ok(behind);
            }
        }
        Ok(0)
    }

    /// Stops what was started, and deletes what was made for this bench unless it is to be kept.
    pub(crate) async fn leave(self) -> anyhow::Result<()> {
        if let Some(processes) = self.processes {
            processes.stop_all().await?;
        }
        let Some(own) = self.own else { return Ok(()) };
        self.store.pool().close().await;
        if own.keep {
            let url = self.settings.database.url.shown();
            let prefix = &self.settings.kafka.topic_prefix;
            print::complain(&format!("kept: SUBAN_DATABASE__URL={url} SUBAN_KAFKA__TOPIC_PREFIX={prefix}"));
            return Ok(());
        }
        drop(self.lags);
        own.delete(&self.settings).await
    }
}

impl Own {
    async fn create(settings: &mut Settings, name: String, keep: bool) -> anyhow::Result<Self> {
        let server = settings.database.url.clone();
        let mut conn = PgConnection::connect(server.expose()).await.context("the database cannot be reached")?;
        // The name is made of our own letters and a number.
        sqlx::query(sqlx::AssertSqlSafe(format!("create database {name}"))).execute(&mut conn).await?;
        conn.close().await?;
        settings.database.url = database_at(&server, &name);
        settings.kafka.topic_prefix = name.replace('_', "-");
        free_ports(settings)?;
        Ok(Self { server, name, keep })
    }

    async fn delete(self, settings: &Settings) -> anyhow::Result<()> {
        let mut topics = vec![Topic::Ticket, Topic::Urgent, Topic::Dead];
        topics.extend(GROUPS.iter().map(|(group, _)| Topic::Retry((*group).to_owned())));
        suban_bus::delete_topics(settings, topics).await?;
        let mut conn = PgConnection::connect(self.server.expose()).await?;
        let drop = format!("drop database {} with (force)", self.name);
        sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&mut conn).await?;
        Ok(conn.close().await?)
    }
}

/// The same server, another database.
fn database_at(url: &SecretUrl, name: &str) -> SecretUrl {
    let url = url.expose();
    let (address, parameters) = url.split_once('?').map_or((url, String::new()), |(a, p)| (a, format!("?{p}")));
    let server = match address.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.split('/').next().unwrap_or(rest)),
        None => address.to_owned(),
    };
    SecretUrl::new(format!("{server}/{name}{parameters}"))
}

/// Ports that nobody has, for every service's two faces.
fn free_ports(settings: &mut Settings) -> anyhow::Result<()> {
    let host = settings.listen.host;
    let mut held = Vec::new();
    let mut taken = BTreeSet::new();
    let mut one = || -> anyhow::Result<u16> {
        let socket = TcpListener::bind((host, 0))?;
        let port = socket.local_addr()?.port();
        anyhow::ensure!(taken.insert(port), "port {port} was given twice");
        held.push(socket);
        Ok(port)
    };
    for ports in [&mut settings.listen.ports, &mut settings.listen.metrics] {
        ports.intake = one()?;
        ports.dedup = one()?;
        ports.dispatch = one()?;
        ports.followup = one()?;
        ports.scoring = one()?;
        ports.gateway = one()?;
    }
    Ok(())
}

async fn catalogue(store: &Store) -> anyhow::Result<Catalogue> {
    let version = store
        .name_in_force(suban_service::CATALOGUE, store.clock().now())
        .await?
        .context("no catalogue is in force: `suban catalogue publish deploy/demo` first")?;
    let body = suban_store::versions::get(store.pool(), suban_service::CATALOGUE, &version)
        .await?
        .with_context(|| format!("catalogue {version} is gone"))?;
    Ok(serde_json::from_value(body)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_its_own_lies_on_the_same_server() {
        let at = |url: &str| database_at(&SecretUrl::new(url), "b").expose().to_owned();
        assert_eq!(at("postgres://suban@127.0.0.1:5432/suban"), "postgres://suban@127.0.0.1:5432/b");
        assert_eq!(at("postgres://db/suban?sslmode=require"), "postgres://db/b?sslmode=require");
        assert_eq!(at("postgres://db"), "postgres://db/b");
    }
}
