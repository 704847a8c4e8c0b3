//! What a stretch of work costs: CPU and memory of every process that takes part, rows, bytes and messages.
//!
//! Read before and after; the difference is the cost. Rows are those the database counts as inserted, updated and
//! deleted, bytes those of its write-ahead log, messages those of the ticket and the urgent topic.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context as _;
use sqlx::{PgPool, postgres::PgConnectOptions};
use suban_bus::{Topic, topic_end};
use suban_runtime::{Service, Settings};

use super::{
    ground::Ground,
    proc,
    report::{Cpu, PerTicket},
};

use crate::{print, processes::Processes};

/// The database's sessions hand in their counts when they have been idle for ten seconds.
const COUNTS_ARE_IN: Duration = Duration::from_secs(11);

/// Everything that takes part, by the process that does it; none where it does not run here.
pub(crate) struct Meter {
    settings: Settings,
    pool: PgPool,
    suite: BTreeMap<Service, Option<u32>>,
    postgres: Option<u32>,
    kafka: Option<u32>,
    redis: Option<u32>,
}

/// The counters at one moment.
pub(crate) struct Reading {
    cpu_ms: CpuMs,
    wal: i64,
    messages: u64,
}

#[derive(Clone, Copy)]
struct CpuMs {
    suite: Option<u64>,
    postgres: Option<u64>,
    kafka: Option<u64>,
    redis: Option<u64>,
    client: Option<u64>,
}

impl Meter {
    /// Finds who serves what a city's settings name.
    pub(crate) fn of(ground: &Ground, suite: &[Service]) -> anyhow::Result<Self> {
        let settings = &ground.settings;
        let database: PgConnectOptions = settings.database.url.expose().parse().context("the database's address")?;
        let broker = settings.kafka.brokers.split(',').next().unwrap_or_default();
        let redis = redis::Client::open(settings.redis.url.expose()).ok();
        let redis = redis.and_then(|client| {
            if let redis::ConnectionAddr::Tcp(_, port) = client.get_connection_info().addr() {
                Some(*port)
            } else {
                None
            }
        });
        let started = ground.processes.as_ref().map(Processes::pids).unwrap_or_default();
        let serving = |service: Service| {
            let found = || proc::listener(settings.listen.ports.of(service));
            started.get(&service).copied().or_else(found)
        };
        Ok(Self {
            settings: settings.clone(),
            pool: ground.store.pool().clone(),
            suite: suite.iter().map(|service| (*service, serving(*service))).collect(),
            postgres: proc::listener(database.get_port()),
            kafka: broker.rsplit_once(':').and_then(|(_, port)| proc::listener(port.parse().ok()?)),
            redis: redis.and_then(proc::listener),
        })
    }

    /// The counters now.
    pub(crate) async fn read(&self) -> anyhow::Result<Reading> {
        let postgres = self.postgres.map(|pid| proc::family(pid).into_iter().filter_map(proc::cpu_ms).sum());
        let cpu_ms = CpuMs {
            suite: self.suite.values().map(|pid| proc::cpu_ms((*pid)?)).sum(),
            postgres,
            kafka: self.kafka.and_then(proc::cpu_ms),
            redis: self.redis.and_then(proc::cpu_ms),
            client: proc::cpu_ms(std::process::id()),
        };
        let wal = sqlx::query_scalar("select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")
            .fetch_one(&self.pool)
            .await?;
        let mut messages = 0;
        for topic in [Topic::Ticket, Topic::Urgent] {
            messages += topic_end(&self.settings, topic).await?;
        }
        Ok(Reading { cpu_ms, wal, messages })
    }

    /// Rows written so far. Waits until every session has handed in its counts: not for the middle of a measurement.
    pub(crate) async fn rows(&self) -> anyhow::Result<i64> {
        tokio::time::sleep(COUNTS_ARE_IN).await;
        let rows = sqlx::query_scalar(
            "select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint from pg_stat_user_tables",
        );
        Ok(rows.fetch_one(&self.pool).await?)
    }

    /// Resident memory now, MiB; of our own services the most that each has had.
    pub(crate) fn memory(&self) -> BTreeMap<&'static str, Option<f64>> {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52 KiB")]
        let mib = |kb: Option<u64>| kb.map(|kb| (kb as f64 / 1024.0 * 10.0).round() / 10.0);
        let one = |pid: Option<u32>, peak| pid.and_then(|pid| proc::rss_kb(&[pid], peak));
        let ours: Option<u64> = self.suite.values().map(|pid| one(*pid, true)).sum();
        let mut by = BTreeMap::from([
            ("suite", mib(ours)),
            ("postgres", mib(self.postgres.and_then(|pid| proc::rss_kb(&proc::family(pid), false)))),
            ("kafka", mib(one(self.kafka, false))),
            ("redis", mib(one(self.redis, false))),
            ("client", mib(one(Some(std::process::id()), false))),
        ]);
        by.extend(self.suite.iter().map(|(service, pid)| (service.name(), mib(one(*pid, true)))));
        by
    }

    /// Says beside the figures how the suite's CPU falls to its services.
    pub(crate) fn complain(&self, before: &BTreeMap<Service, u64>, tickets: u32) {
        let n = f64::from(tickets.max(1));
        let parts = self.cpu_by_service().into_iter().map(|(service, now)| {
            let spent = now.saturating_sub(before.get(&service).copied().unwrap_or(0));
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52 milliseconds")]
            let each = spent as f64 / n;
            format!("{service} {each:.3}")
        });
        print::complain(&format!("CPU ms a ticket: {}", parts.collect::<Vec<_>>().join(", ")));
    }

    /// CPU of each of our services, in milliseconds since it was started.
    pub(crate) fn cpu_by_service(&self) -> BTreeMap<Service, u64> {
        self.suite.iter().filter_map(|(service, pid)| Some((*service, proc::cpu_ms((*pid)?)?))).collect()
    }
}

/// What lies between two readings, for each of `tickets`.
pub(crate) fn cost(before: &Reading, after: &Reading, rows: Option<i64>, tickets: u32) -> (Cpu, PerTicket) {
    let n = f64::from(tickets.max(1));
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 milliseconds")]
    let each = |part: fn(&CpuMs) -> Option<u64>| {
        let spent = part(&after.cpu_ms)?.saturating_sub(part(&before.cpu_ms)?);
        Some(round3(spent as f64 / n))
    };
    let cpu = Cpu {
        total: None,
        suite: each(|c| c.suite),
        postgres: each(|c| c.postgres),
        kafka: each(|c| c.kafka),
        redis: each(|c| c.redis),
        client: each(|c| c.client),
    };
    let total = [cpu.suite, cpu.postgres, cpu.kafka, cpu.redis, cpu.client].into_iter().sum::<Option<f64>>();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 bytes")]
    let per_ticket = PerTicket {
        rows: rows.map(|rows| round3(rows as f64 / n)),
        bytes: Some(((after.wal - before.wal) as f64 / n).round()),
        messages: Some(round3(after.messages.saturating_sub(before.messages) as f64 / n)),
    };
    (Cpu { total: total.map(round3), ..cpu }, per_ticket)
}

pub(crate) fn round3(x: f64) -> f64 {
    (x * 1000.0).round() / 1000.0
}
