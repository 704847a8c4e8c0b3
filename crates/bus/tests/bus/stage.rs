//! What a test stands on: a database, topics, and ways to write and read them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::BoxFuture;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool, postgres::PgPoolOptions};
use suban_bus::{Batches, Envelope, Failure, Group, Message, Sender, Topic, ensure_topics, fold_topic};
use suban_domain::{Actor, At, Event, Fact, PersonCode, Recorded, RequestId, Role, TicketId};
use suban_runtime::{Clock, Health, Ids, Settings, Tasks};

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Stage {
    pub(crate) settings: Settings,
    pub(crate) ids: Ids,
}

impl Stage {
    /// Topics of its own; other settings as given, each `section.name=value`.
    pub(crate) async fn new(name: &str, more: &[(&str, &str)]) -> Self {
        let given = |name: &str| {
            std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: deploy/local/with-stack cargo test"))
        };
        let ids = Ids::new(Clock::system());
        let prefix = format!("{name}-{}", ids.next().simple());
        let mut variables = vec![
            ("DATABASE_URL".to_owned(), given("DATABASE_URL")),
            ("KAFKA_BROKERS".to_owned(), given("KAFKA_BROKERS")),
            ("SUBAN_KAFKA__TOPIC_PREFIX".to_owned(), prefix),
            ("SUBAN_KAFKA__PARTITIONS".to_owned(), "2".to_owned()),
        ];
        variables.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let settings = Settings::from_layers(None, variables).unwrap();
        ensure_topics(&settings).await.unwrap();
        Self { settings, ids }
    }

    /// A database of its own beside them.
    pub(crate) async fn with_database(mut self) -> (Self, PgPool) {
        let name = format!("bus_{}", self.ids.next().simple());
        let url = self.settings.database.url.expose().to_owned();
        let mut conn = PgConnection::connect(&url).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        let (server, _) = url.rsplit_once('/').unwrap();
        let url = format!("{server}/{name}");
        self.settings.database.url = suban_runtime::SecretUrl::new(url.clone());
        let pool = PgPoolOptions::new().max_connections(20).connect(&url).await.unwrap();
        suban_store::migrate(&pool).await.unwrap();
        (self, pool)
    }

    pub(crate) fn ticket(&self) -> TicketId {
        TicketId::new(self.ids.next())
    }

    pub(crate) fn event(&self, ticket: TicketId, version: u32) -> Envelope {
        let by = Actor { role: Role::System, person: PersonCode::new("suban").unwrap(), unit: None, area: None };
        let event = Event::from(Fact::Escalated {});
        let request = RequestId::new(format!("r-{version}")).unwrap();
        Envelope::of(&Recorded { ticket, version, at: At::from_micros(1), by, request, event }, None)
    }

    /// `versions` events of each of `tickets` tickets, in turn.
    pub(crate) fn events(&self, tickets: usize, versions: u32) -> Vec<Envelope> {
        let tickets: Vec<TicketId> = (0..tickets).map(|_| self.ticket()).collect();
        (1..=versions).flat_map(|v| tickets.iter().map(move |t| (*t, v))).map(|(t, v)| self.event(t, v)).collect()
    }

    pub(crate) async fn send(&self, events: Vec<Envelope>) {
        let many = events.len() as u64;
        assert_eq!(Sender::new(&self.settings).unwrap().send_all(events).await.unwrap(), many);
    }

    /// (ticket, version) of every message of a topic, in the order of each partition.
    pub(crate) async fn topic(&self, topic: Topic) -> Vec<(TicketId, u32)> {
        fold_topic(&self.settings, topic, Vec::new(), |all, message| {
            let message = message.unwrap();
            all.push((message.ticket, message.version));
        })
        .await
        .unwrap()
    }
}

/// One process of the suite, as far as the bus is concerned.
pub(crate) struct Process {
    pub(crate) tasks: Tasks,
    pub(crate) health: Health,
}

impl Process {
    pub(crate) fn new() -> Self {
        Self { tasks: Tasks::new(), health: Health::new() }
    }

    /// Runs a consumer of the ticket topic that writes down what it gets.
    pub(crate) async fn consume(&self, stage: &Stage, group: &'static str, seen: &Seen) {
        self.consume_as(stage, Group::every(group), seen).await;
    }

    /// The same for a group that says what it is given.
    pub(crate) async fn consume_as(&self, stage: &Stage, group: Group, seen: &Seen) {
        let batches = Batches::tickets(&stage.settings, group, &self.tasks, &self.health).await.unwrap();
        self.tasks.spawn(group.name, suban_bus::run(batches, seen.clone(), note));
    }

    pub(crate) async fn ready(&self) {
        let waits = tokio::time::timeout(PATIENCE, self.health.ready()).await;
        assert!(waits.is_ok(), "not ready within {PATIENCE:?}: {:?}", self.health.readiness());
    }

    pub(crate) async fn stop(self) {
        self.tasks.stop_within(&self.health, PATIENCE).await.unwrap();
    }
}

/// What a consumer has handled, and what is to go wrong.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<State>>);

#[derive(Default)]
pub(crate) struct State {
    pub(crate) handled: Vec<(TicketId, u32)>,
    pub(crate) batches: Vec<usize>,
    /// Called before each batch; its failure is the handler's.
    #[expect(clippy::type_complexity, reason = "written once")]
    pub(crate) fails: Option<Box<dyn FnMut(&[Message]) -> Result<(), Failure> + Send>>,
}

impl Seen {
    pub(crate) fn failing(fails: impl FnMut(&[Message]) -> Result<(), Failure> + Send + 'static) -> Self {
        let seen = Self::default();
        seen.with(|s| s.fails = Some(Box::new(fails)));
        seen
    }
    pub(crate) fn with<T>(&self, see: impl FnOnce(&mut State) -> T) -> T {
        see(&mut self.0.lock().unwrap())
    }
    pub(crate) fn handled(&self) -> Vec<(TicketId, u32)> {
        self.with(|s| s.handled.clone())
    }
    pub(crate) async fn has(&self, many: usize) {
        eventually("everything is handled", || async { self.with(|s| s.handled.len()) >= many }).await;
    }
}

fn note<'a>(seen: &'a Seen, batch: &'a [Message]) -> BoxFuture<'a, Result<(), Failure>> {
    Box::pin(async move {
        seen.with(|s| {
            if let Some(fails) = &mut s.fails {
                fails(batch)?;
            }
            s.batches.push(batch.len());
            s.handled.extend(batch.iter().map(|m| (m.ticket, m.version)));
            Ok(())
        })
    })
}

/// The order of each ticket by first occurrences, as `suban check` judges it.
pub(crate) fn assert_in_order(all: &[(TicketId, u32)]) {
    let mut last: HashMap<TicketId, u32> = HashMap::new();
    for (ticket, version) in all {
        let last = last.entry(*ticket).or_default();
        assert!(*version <= *last + 1, "{ticket}: {version} came after {last}");
        *last = (*last).max(*version);
    }
}

pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let waits = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waits).await.is_ok(), "not within {PATIENCE:?}: {what}");
}
