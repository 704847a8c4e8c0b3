//! The relay: moves the outbox to Kafka, in order, without losing and without waiting.
//!
//! The outbox has three shards: 0 holds hints at pressing tickets, 1 and 2 the events of all others by ticket, so
//! that a deep backlog of events cannot delay a hint. One relay at a time owns a shard, by a session advisory lock
//! on a connection of its own; every process runs a candidate, which takes over within about a second.
//!
//! For each shard: read what is there, produce all of it, await the acknowledgements **with no transaction open**,
//! then delete on the connection that holds the lock. When that connection is lost, nothing is deleted and
//! everything is sent again by the next owner: a re-send is harmless (design §7), and the order holds because a
//! shard is always sent from its front.
//!
//! A number of the outbox is taken before its transaction commits, so a smaller one can appear later. The relay
//! therefore reads what is there, from a [`Floor`] that rises only over numbers that can no longer appear.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rdkafka::error::KafkaError;
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use suban_domain::{At, Role};
use suban_runtime::{Check, Health, Settings, Tasks};
use suban_store::outbox::{self, Sent, Shards, Written};
use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    BusError, Topic, envelope,
    sender::{Sender, acknowledged},
    topics, watch,
};

/// Packets of one batch, each of one event or a dozen: at a few milliseconds a batch far above what the database can
/// write.
const FULL: usize = 128;
/// The first of the two keys of the advisory locks; the shard is the second. ASCII "sub".
const LOCK: i32 = 0x0073_7562;
/// How often a candidate asks for a shard that another owns.
const CANDIDATE: Duration = Duration::from_secs(1);
/// How long the outbox is left alone when it is empty: after a word only for a moment, for words are [`TELL`] apart, then
/// twice as long each time.
const IDLE: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));
/// Words of a process are so far apart at least: in a stream of writes the relays are awake anyhow.
const TELL: Duration = Duration::from_millis(20);
/// The channel of the words from process to process.
const CHANNEL: &str = "suban_outbox";
/// A batch of this many events is one of a stream: the next one gathers for a moment, which nobody feels then and
/// which spares the broker and its readers most of their requests.
const STREAM: usize = 16;
/// For so long.
const GATHER: Duration = Duration::from_millis(100);
/// Acknowledgements that take longer make the process not ready.
const SLOW: Duration = Duration::from_secs(3);
/// Acknowledgements that take longer still are waited for with a new client. A broker that is away costs one client
/// after the other; a client that a broker's restart has left waiting for nothing costs this long.
const STUCK: Duration = Duration::from_secs(30);
/// How often everything is read from the beginning, in case the floor was wrong; never more than a twentieth of
/// the time.
const SWEEP: Duration = Duration::from_secs(5);

/// Starts the relay's candidates.
#[derive(Debug, Clone, Copy)]
pub struct Relay;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shard {
    Hints,
    First,
    Second,
}

impl Shard {
    const ALL: [Self; 3] = [Self::Hints, Self::First, Self::Second];

    const fn number(self) -> i16 {
        match self {
            Self::Hints => 0,
            Self::First => 1,
            Self::Second => 2,
        }
    }
    /// In metrics and as the task's name.
    const fn name(self) -> &'static str {
        match self {
            Self::Hints => "relay-0",
            Self::First => "relay-1",
            Self::Second => "relay-2",
        }
    }
    const fn topic(self) -> Topic {
        match self {
            Self::Hints => Topic::Urgent,
            Self::First | Self::Second => Topic::Ticket,
        }
    }
}

impl Relay {
    /// Spawns a candidate for each shard, a listener, and who tells the relays of other processes what this one has
    /// written: five connections of its own, beside the pool's. What is away is waited for, and the check "kafka" says
    /// so.
    ///
    /// # Errors
    /// When the database's address is malformed.
    pub fn spawn(settings: &Settings, written: &Written, tasks: &Tasks, health: &Health) -> Result<(), BusError> {
        let options: PgConnectOptions = settings.database.url.expose().parse()?;
        let options = options.application_name("suban relay").disable_statement_logging().options([
            // The server notices within seconds that this machine is gone, and frees the locks.
            ("tcp_keepalives_idle", "5"),
            ("tcp_keepalives_interval", "2"),
            ("tcp_keepalives_count", "3"),
            // However old the statistics are, only the primary key leads past the rows that were deleted.
            ("enable_seqscan", "off"),
            ("enable_bitmapscan", "off"),
            ("enable_sort", "off"),
            ("jit", "off"),
            // A delete that a crash undoes is a batch sent once more, which is harmless; nobody waits for the disk.
            ("synchronous_commit", "off"),
        ]);
        let state = Arc::new(State::new(health.check("kafka")));
        let wakes: Vec<Arc<Notify>> = Shard::ALL.iter().map(|_| Arc::default()).collect();
        tasks.spawn("relay-listener", listen(options.clone(), wakes.clone(), tasks.stop()));
        let teller = Teller { written: written.clone(), wakes: wakes.clone(), state: state.clone() };
        tasks.spawn("relay-teller", teller.run(options.clone(), tasks.stop()));
        for (shard, wake) in Shard::ALL.into_iter().zip(wakes) {
            let candidate = Candidate {
                shard,
                topic: shard.topic().name(settings),
                settings: settings.clone(),
                options: options.clone(),
                wake,
                stop: tasks.stop(),
                state: state.clone(),
            };
            tasks.spawn(shard.name(), candidate.run());
        }
        Ok(())
    }
}

/// What the three candidates of a process say together: about Kafka, and which shards they own.
struct State {
    check: Check,
    waits: std::sync::Mutex<[Option<String>; 3]>,
    owned: [AtomicBool; 3],
}

impl State {
    fn new(check: Check) -> Self {
        let starting = || Some("connecting".to_owned());
        Self { check, waits: std::sync::Mutex::new([starting(), starting(), starting()]), owned: Default::default() }
    }

    fn own(&self, shard: Shard, owned: bool) {
        let [hints, first, second] = &self.owned;
        let of = match shard {
            Shard::Hints => hints,
            Shard::First => first,
            Shard::Second => second,
        };
        of.store(owned, Ordering::Relaxed);
        metrics::gauge!("suban_relay_leader", "shard" => shard.name()).set(f64::from(u8::from(owned)));
    }

    fn owned(&self) -> Shards {
        let owned = Shard::ALL.into_iter().zip(&self.owned).filter(|(_, owned)| owned.load(Ordering::Relaxed));
        owned.fold(Shards::default(), |all, (shard, _)| all.and(Shards::of(shard.number())))
    }

    fn say(&self, shard: Shard, wait: Option<String>) {
        let mut waits = watch::lock(&self.waits);
        waits[usize::from(shard.number().unsigned_abs())] = wait;
        match waits.iter().flatten().next() {
            Some(wait) => self.check.waiting(wait.clone()),
            None => self.check.ready(),
        }
    }
}

/// Tells the relays what this process has written.
struct Teller {
    written: Written,
    wakes: Vec<Arc<Notify>>,
    state: Arc<State>,
}

impl Teller {
    /// Until the process stops. Relays poll as well, so a word that is lost costs a moment.
    async fn run(self, options: PgConnectOptions, stop: CancellationToken) -> Result<(), BusError> {
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
        while let Some(shards) = stop.run_until_cancelled(self.written.next()).await {
            let owned = self.state.owned();
            for (shard, wake) in Shard::ALL.into_iter().zip(&self.wakes) {
                if shards.contains(shard.number()) && owned.contains(shard.number()) {
                    wake.notify_one();
                }
            }
            let of_others = shards.without(owned);
            if !of_others.is_empty() {
                let word = sqlx::query("select pg_notify($1, $2)").bind(CHANNEL).bind(of_others.digits());
                if let Err(error) = word.execute(&pool).await {
                    tracing::debug!(%error, "no word to the relays; they poll");
                }
            }
            pause(TELL, &stop).await;
        }
        Ok(())
    }
}

/// Wakes the shards when a writer says that there is something; they poll as well, so a lost word costs a moment.
async fn listen(options: PgConnectOptions, wakes: Vec<Arc<Notify>>, stop: CancellationToken) -> Result<(), BusError> {
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
    while !stop.is_cancelled() {
        let listening = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.listen("suban_outbox").await?;
            loop {
                // None: the connection was lost and is there again; something may have been missed.
                let mut said = listener.try_recv().await?;
                let mut all = said.is_none();
                let mut shards = String::new();
                while let Some(word) = said {
                    all |= word.payload().is_empty();
                    shards.push_str(word.payload());
                    said = listener.next_buffered();
                }
                for (shard, wake) in Shard::ALL.into_iter().zip(&wakes) {
                    if all || shards.contains(&shard.number().to_string()) {
                        wake.notify_one();
                    }
                }
            }
        };
        let ended: Result<(), sqlx::Error> = tokio::select! {
            () = stop.cancelled() => Ok(()),
            ended = listening => ended,
        };
        if let Err(error) = ended {
            tracing::warn!(%error, "the relay cannot listen; it polls");
            pause(CANDIDATE, &stop).await;
        }
    }
    Ok(())
}

async fn pause(wait: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(wait) => {}
    }
}

/// Packets of the outbox, as they were read together.
struct Read {
    ids: Vec<i64>,
    events: Vec<Sent>,
    /// Every transaction below this one had ended when they were read.
    oldest: i64,
}

struct Candidate {
    shard: Shard,
    topic: String,
    settings: Settings,
    options: PgConnectOptions,
    wake: Arc<Notify>,
    stop: CancellationToken,
    state: Arc<State>,
}

impl Candidate {
    /// Owns the shard whenever nobody else does, until the process stops.
    async fn run(self) -> Result<(), BusError> {
        let shard = self.shard.name();
        let mut tries = 0;
        while !self.stop.is_cancelled() {
            let begun = Instant::now();
            let ended = self.own().await;
            self.state.own(self.shard, false);
            if let Err(error) = ended {
                tries = if begun.elapsed() > Duration::from_secs(30) { 0 } else { tries + 1 };
                metrics::counter!("suban_relay_failures_total", "shard" => shard).increment(1);
                tracing::warn!(shard, %error, "the relay starts anew; nothing was deleted that was not acknowledged");
                self.state.say(self.shard, Some(format!("the relay fails: {error}")));
                let limits = &self.settings.limits;
                pause(limits.retry_first.saturating_mul(1 << tries.min(10)).min(CANDIDATE), &self.stop).await;
            }
        }
        Ok(())
    }

    /// Waits for the shard, then serves it until the process stops or something fails.
    async fn own(&self) -> Result<(), BusError> {
        topics::ensure_topics(&self.settings).await?;
        let mut conn = PgConnection::connect_with(&self.options).await?;
        if !self.lock(&mut conn).await? {
            conn.close().await?;
            return Ok(());
        }
        self.state.own(self.shard, true);
        tracing::info!(shard = self.shard.name(), "this process relays the shard");
        let sender = Sender::patient(&self.settings)?;
        self.serve(&mut conn, &sender).await?;
        // Frees the lock at once, rather than when the server notices.
        conn.close().await?;
        Ok(())
    }

    /// Asks until the lock is ours. False: the process stops.
    async fn lock(&self, conn: &mut PgConnection) -> Result<bool, BusError> {
        while !self.stop.is_cancelled() {
            let (ours,): (bool,) = sqlx::query_as("select pg_try_advisory_lock($1, $2)")
                .bind(LOCK)
                .bind(i32::from(self.shard.number()))
                .fetch_one(&mut *conn)
                .await?;
            self.state.say(self.shard, None);
            if ours {
                return Ok(true);
            }
            pause(CANDIDATE, &self.stop).await;
        }
        Ok(false)
    }

    async fn serve(&self, conn: &mut PgConnection, sender: &Sender) -> Result<(), BusError> {
        let shard = self.shard.name();
        let mut floor = Floor::default();
        let mut idle = IDLE.0;
        let (mut swept, mut sweep_after) = (Instant::now(), SWEEP);
        // When the shard was last seen empty: what is in it is younger.
        let mut drained = Instant::now();
        while !self.stop.is_cancelled() {
            let sweep = swept.elapsed() >= sweep_after;
            let begun = Instant::now();
            let Read { ids, events, oldest } = read(conn, self.shard, if sweep { 0 } else { floor.id }).await?;
            if sweep {
                sweep_after = SWEEP.max(begun.elapsed() * 20);
                swept = Instant::now();
            }
            let Some(last) = ids.last().copied() else {
                drained = Instant::now();
                metrics::gauge!("suban_relay_behind_seconds", "shard" => shard).set(0.0);
                if tokio::time::timeout(idle, self.woken()).await.is_err() {
                    idle = (idle * 2).min(IDLE.1);
                } else {
                    idle = IDLE.0;
                }
                continue;
            };
            idle = IDLE.0;
            if !self.send(sender, &events).await? {
                return Ok(());
            }
            let deleted_by = delete(conn, self.shard, &ids).await?;
            let full = ids.len() == FULL;
            floor.passed(last, full, oldest, deleted_by);
            metrics::counter!("suban_relay_events_total", "shard" => shard).increment(events.len() as u64);
            #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
            metrics::histogram!("suban_relay_batch_events", "shard" => shard).record(events.len() as f64);
            metrics::gauge!("suban_relay_behind_seconds", "shard" => shard).set(drained.elapsed().as_secs_f64());
            if events.len() >= STREAM && !full {
                pause(GATHER, &self.stop).await;
            }
        }
        Ok(())
    }

    async fn woken(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.wake.notified() => {}
        }
    }

    /// Sends all events and awaits every acknowledgement. False: the process stops first.
    ///
    /// What is given up may arrive yet: all of it is sent again, in order, as after a crash.
    async fn send(&self, sender: &Sender, events: &[Sent]) -> Result<bool, BusError> {
        let mut waiting = Vec::with_capacity(events.len());
        for event in events {
            let key = event.ticket().to_string();
            // The roles of the outbox are the domain's; a number it does not know comes from a newer writer.
            let role = Role::from_number(event.role).unwrap_or(Role::System);
            let headers = envelope::headers(
                &format!("{key}:{}", event.version),
                &event.kind,
                event.version,
                At::from_micros(event.at),
                &envelope::actor_text(role, &event.person, event.unit.as_deref()),
                &event.request,
                event.trace.as_deref(),
            );
            let sent = sender
                .queue(&self.topic, key.as_bytes(), Some(&event.body), headers)
                .map_err(BusError::kafka("queue the outbox"))?;
            waiting.push(sent);
        }
        let all = async {
            // Every answer is awaited, so that none of them is under way when the batch is tried again.
            let mut first_error = None;
            for sent in waiting {
                if let Err(error) = acknowledged(sent).await {
                    first_error.get_or_insert(error);
                }
            }
            first_error.map_or(Ok(()), Err)
        };
        tokio::pin!(all);
        let done = |answer: Result<(), KafkaError>| answer.map_err(BusError::kafka("send the outbox")).map(|()| true);
        tokio::select! {
            answer = &mut all => return done(answer),
            () = tokio::time::sleep(SLOW) => {}
            () = self.stop.cancelled() => {}
        }
        if !self.stop.is_cancelled() {
            self.state.say(self.shard, Some("Kafka does not acknowledge".to_owned()));
        }
        // A stop lets what is on its way arrive, if a broker is there at all.
        let stopped = async {
            self.stop.cancelled().await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        };
        tokio::select! {
            answer = &mut all => {
                self.state.say(self.shard, None);
                done(answer)
            }
            () = stopped => Ok(false),
            () = tokio::time::sleep(STUCK) => {
                Err(BusError::Unacknowledged { topic: self.topic.clone(), seconds: (SLOW + STUCK).as_secs() })
            }
        }
    }
}

/// The next packets, in order. Served by the primary key of `core.outbox`.
async fn read(conn: &mut PgConnection, shard: Shard, floor: i64) -> Result<Read, BusError> {
    let rows: Vec<(i64, Vec<u8>, i64)> = sqlx::query_as(
        "select id, body, (select pg_snapshot_xmin(pg_current_snapshot())::text::bigint) as oldest
           from core.outbox where shard = $1 and id > $2 order by shard, id limit $3",
    )
    .bind(shard.number())
    .bind(floor)
    .bind(i64::try_from(FULL).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await?;
    let mut read = Read { ids: Vec::with_capacity(rows.len()), events: Vec::new(), oldest: 0 };
    for (id, body, oldest) in rows {
        read.ids.push(id);
        read.oldest = oldest;
        read.events.extend(outbox::unpack(&body)?);
    }
    Ok(read)
}

/// Removes what Kafka has, and answers which transaction did it: younger than all that wrote what was read. Served
/// by the primary key of `core.outbox`.
async fn delete(conn: &mut PgConnection, shard: Shard, ids: &[i64]) -> Result<i64, sqlx::Error> {
    let (deleted_by,): (i64,) = sqlx::query_as(
        "with gone as (delete from core.outbox where shard = $1 and id = any($2))
         select pg_current_xact_id()::text::bigint",
    )
    .bind(shard.number())
    .bind(ids)
    .fetch_one(conn)
    .await?;
    Ok(deleted_by)
}

/// From where to read: past the rows that were deleted, of which an open snapshot elsewhere may keep millions, and
/// never past a number that can still appear.
///
/// A writer holds a transaction id before it takes its first number: the store changes the ticket's row first. So
/// once number `n` has been read, whoever holds a smaller one has a smaller transaction id than a transaction that
/// begins now; and a read that begins when all of those have ended sees everything below `n` that will ever be
/// there. A reader's snapshot, however old, has no transaction id and holds nothing up.
#[derive(Debug, Default)]
struct Floor {
    /// Nothing at or below this is to come.
    id: i64,
    /// A number that was read, and the transaction before which whoever holds a smaller one has begun.
    next: Option<(i64, i64)>,
}

impl Floor {
    /// A batch from the floor to `last` is sent and deleted, by transaction `deleted_by`. When it was read, every
    /// transaction before `oldest` had ended; when it was full, there may be more behind it.
    fn passed(&mut self, last: i64, full: bool, oldest: i64, deleted_by: i64) {
        if let Some((id, ended)) = self.next
            && oldest >= ended
        {
            self.id = self.id.max(if full { id.min(last) } else { id });
            self.next = None;
        }
        if self.next.is_none() && last > self.id {
            self.next = Some((last, deleted_by));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_rises_only_when_no_smaller_number_can_come() {
        let mut floor = Floor::default();
        // Transaction 7 runs: it may hold number 9. 12 deletes what was read.
        floor.passed(10, false, 7, 12);
        assert_eq!(floor.id, 0);
        floor.passed(20, false, 11, 15);
        assert_eq!(floor.id, 0, "11 had begun when 10 was read");
        floor.passed(30, false, 12, 18);
        assert_eq!(floor.id, 10, "this read saw whatever they had written");
        floor.passed(40, false, 17, 20);
        assert_eq!(floor.id, 10, "17 had begun when 30 was read");
        floor.passed(50, false, 19, 22);
        assert_eq!(floor.id, 30);
    }

    #[test]
    fn the_floor_does_not_pass_what_a_full_batch_left_behind() {
        let mut floor = Floor::default();
        floor.passed(1000, true, 5, 6);
        // What committed late filled a batch that ends before 1000.
        floor.passed(700, true, 6, 8);
        assert_eq!(floor.id, 700);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_gets_no_answer_is_given_up_and_said_to_wait() {
        let cluster = rdkafka::mocking::MockCluster::new(1).unwrap();
        cluster.create_topic("t", 1, 1).unwrap();
        let brokers = ("SUBAN_KAFKA__BROKERS".to_owned(), cluster.bootstrap_servers());
        let settings = Settings::from_layers(None, [brokers]).unwrap();
        cluster.broker_round_trip_time(1, Duration::from_secs(3600)).unwrap();
        let health = Health::new();
        let candidate = Candidate {
            shard: Shard::First,
            topic: "t".to_owned(),
            settings: settings.clone(),
            options: PgConnectOptions::new(),
            wake: Arc::default(),
            stop: CancellationToken::new(),
            state: Arc::new(State::new(health.check("kafka"))),
        };
        let event = Sent { version: 1, kind: "noted".to_owned(), ..Sent::default() };
        let given_up = candidate.send(&Sender::patient(&settings).unwrap(), &[event]).await;
        assert!(matches!(given_up, Err(BusError::Unacknowledged { seconds: 33, .. })), "{given_up:?}");
        assert!(!health.readiness().ready);
    }

    #[test]
    fn a_sweep_does_not_lower_the_floor() {
        let mut floor = Floor { id: 50, next: None };
        floor.passed(3, false, 9, 9);
        assert_eq!(floor.id, 50);
    }
}
