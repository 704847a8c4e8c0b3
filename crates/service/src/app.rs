//! The parts that every service starts with, put together once.

use std::{net::SocketAddr, sync::Arc};

use futures::future::BoxFuture;
use suban_bus::{Batches, Failure, Group, Message, Relay};
use suban_cache::Cache;
use suban_domain::{Actor, Limits, PersonCode, Role};
use suban_runtime::{
    Clock, Health, Keys, Service, Settings, Tasks,
    access::Access,
    grpc::{Grpc, GrpcError},
    keys::KeysError,
};
use suban_store::{PgTokens, Store, StoreError, Writer, city_clock, connect_pool, migrate};

use crate::{Catalogues, Folded};

/// Why a service could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Postgres cannot be reached, or is of another version.
    #[error("cannot start: {0}")]
    Store(#[from] StoreError),
    /// Kafka cannot be reached, or its topics are not as they should be.
    #[error("cannot start: {0}")]
    Bus(#[from] suban_bus::BusError),
    /// There are no keys.
    #[error("cannot start: {0}")]
    Keys(#[from] KeysError),
    /// The address cannot be used.
    #[error("cannot start: {0}")]
    Grpc(#[from] GrpcError),
    /// The language model cannot be asked.
    #[error("cannot start: no client for language_model.url: {0}")]
    LanguageModel(#[from] reqwest::Error),
    /// The store of files cannot be used.
    #[error("cannot start: {0}; see [attachments]")]
    Files(String),
    /// Notices cannot be put into words or sent.
    #[error("cannot start: {0}; see notices.url")]
    Notices(String),
}

/// What a service is made of. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Which service this is.
    pub service: Service,
    /// The settings it started with.
    pub settings: Arc<Settings>,
    /// The shared store.
    pub store: Store,
    /// Gathers submissions and commands into batches.
    pub writer: Writer,
    /// Time limits in force.
    pub limits: Arc<Limits>,
    /// The catalogue in force.
    pub catalogues: Catalogues,
    /// Tickets as their last messages left them.
    pub folded: Folded,
    /// What can be rebuilt.
    pub cache: Cache,
    /// Background tasks and the stop.
    pub tasks: Tasks,
    /// What is waited for.
    pub health: Health,
    /// Who callers are.
    pub access: Access,
}

/// What a consumer does with a batch: everything, or a failure that says what is to happen with it.
pub type Handler<C = App> = for<'a> fn(&'a C, &'a [Message]) -> BoxFuture<'a, Result<(), Failure>>;

impl App {
    /// Connects, migrates, and starts what every process runs: the relay's candidate, the writer, the catalogue.
    ///
    /// # Errors
    /// What cannot be reached or used.
    pub async fn start(service: Service, settings: Settings, tasks: Tasks, health: Health) -> Result<Self, StartError> {
        let pool = connect_pool(&settings).await?;
        migrate(&pool).await?;
        let clock = city_clock(&pool, &settings).await?;
        Self::start_with(service, settings, pool, clock, tasks, health).await
    }

    /// The same over a migrated database and a clock of the caller's.
    ///
    /// # Errors
    /// What cannot be reached or used.
    pub async fn start_with(
        service: Service,
        settings: Settings,
        pool: sqlx::PgPool,
        clock: Clock,
        tasks: Tasks,
        health: Health,
    ) -> Result<Self, StartError> {
        let keys = Keys::load(&settings)?;
        let store = Store::new(pool.clone(), keys, clock.clone(), settings.city.time_zone());
        suban_bus::ensure_topics(&settings).await?;
        Relay::spawn(&settings, store.written(), &tasks, &health)?;
        let limits = Limits { verify_results: settings.limits.verify_results, ..Limits::sz_district() };
        let writer = Writer::start(store.clone(), limits.clone(), settings.limits.group_commit, &tasks);
        let catalogues = Catalogues::start(store.clone(), service == Service::Intake, &tasks).await?;
        let cache = Cache::connect(&settings);
        let access = Access::new(PgTokens::new(pool, clock), &settings.security);
        Ok(Self {
            service,
            settings: Arc::new(settings),
            store,
            writer,
            limits: Arc::new(limits),
            catalogues,
            folded: Folded::default(),
            cache,
            tasks,
            health,
            access,
        })
    }

    /// The injected clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        self.store.clock()
    }

    /// The suite itself, where a timer or a rule acts.
    ///
    /// # Panics
    /// Never: the name is a constant that follows its rule.
    #[must_use]
    pub fn system() -> Actor {
        #[expect(clippy::expect_used, reason = "a constant")]
        let person = PersonCode::new("suban").expect("a valid person code");
        Actor { role: Role::System, person, unit: None, area: None }
    }

    /// Runs a consumer of the ticket topic as a task of this process.
    ///
    /// # Errors
    /// When Kafka cannot be reached.
    pub async fn consume(&self, group: Group, handler: Handler) -> Result<(), StartError> {
        self.consume_with(self.clone(), group, handler).await
    }

    /// The same with a context of the service's own.
    ///
    /// # Errors
    /// When Kafka cannot be reached.
    pub async fn consume_with<C: Send + Sync + 'static>(
        &self,
        context: C,
        group: Group,
        handler: Handler<C>,
    ) -> Result<(), StartError> {
        let batches = Batches::tickets(&self.settings, group, &self.tasks, &self.health).await?;
        self.tasks.spawn(group.name, async move { suban_bus::run(batches, context, handler).await });
        Ok(())
    }

    /// Runs a consumer of the urgent hints with a context of the service's own.
    ///
    /// # Errors
    /// When Kafka cannot be reached.
    pub async fn consume_urgent_with<C: Send + Sync + 'static>(
        &self,
        context: C,
        group: Group,
        handler: Handler<C>,
    ) -> Result<(), StartError> {
        let batches = Batches::urgent(&self.settings, group, &self.tasks, &self.health).await?;
        self.tasks.spawn(group.name, async move { suban_bus::run(batches, context, handler).await });
        Ok(())
    }

    /// Serves the face, with reflection and access, on the service's address; answers where.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub async fn face(&self, grpc: Grpc) -> Result<SocketAddr, StartError> {
        let grpc = grpc.access(self.access.clone()).descriptors(suban_proto::DESCRIPTORS);
        Ok(grpc.serve(&self.health, &self.tasks).await?)
    }
}
