//! The city: settings of its own, offices that open and close, people with tokens, and the proof at the end.

use std::{
    collections::HashMap,
    net::SocketAddr,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::{FutureExt as _, future::join_all};
use sqlx::PgPool;
use suban_domain::{Actor, At, Channel, PersonCode, Role, Span, State, Ticket, TicketId, UnitCode};
use suban_runtime::{Clock, Health, Keys, Secret, Service, Settings, Tasks};
use suban_service::App;
use suban_store::Store;
use tokio::sync::{Mutex as AsyncMutex, Semaphore};

use crate::{
    Case, Citizen, Desk, PATIENCE, Unit, database,
    desk::{Front, Outgo},
    eventually, kafka, proof,
};

/// Cities that play at once: each holds some fifty connections to PostgreSQL and all six services.
static ROOM: Semaphore = Semaphore::const_new(2);
/// Databases of Redis; 0 is left to others.
static CACHES: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static NEXT_CACHE: AtomicU64 = AtomicU64::new(1);

/// A Tuesday morning, half past nine in the city.
const MORNING: &str = "2026-03-10T01:30:00Z";

/// What a city is to be like, where it is not the usual one.
#[derive(Debug, Default)]
pub struct Plan {
    /// The machine's clock rather than one that stands still until [`City::passes`].
    pub machine_clock: bool,
    /// Services that stay closed at first.
    pub closed: Vec<Service>,
    /// Where Redis is, when it is not where the stack says.
    pub redis: Option<String>,
    /// Settings that differ, as `SUBAN_SECTION__NAME` and value.
    pub settings: Vec<(&'static str, String)>,
}

/// Tells a story in the usual city: all six services open, on a Tuesday morning.
pub async fn story(play: impl AsyncFnOnce(&City)) {
    Plan::default().story(play).await;
}

impl Plan {
    /// Tells a story in this city, and proves at its end that nothing is lost, doubled, stuck or told.
    ///
    /// # Panics
    /// When the story or the proof fails.
    pub async fn story(self, play: impl AsyncFnOnce(&City)) {
        let _room = ROOM.acquire().await.unwrap();
        let city = City::found(self).await;
        let played = AssertUnwindSafe(async {
            play(&city).await;
            proof::of(&city).await;
            city.close_all().await;
        })
        .catch_unwind()
        .await;
        city.leave().await;
        if let Err(panic) = played {
            std::panic::resume_unwind(panic);
        }
    }
}

/// One running instance of a service, as a process would be.
#[derive(Debug)]
pub struct Office {
    /// Which service.
    pub service: Service,
    /// Where it listens.
    pub address: SocketAddr,
    tasks: Tasks,
    health: Health,
}

impl Office {
    /// Stops in good order.
    ///
    /// # Panics
    /// When a task of it had failed, or does not end in time.
    pub async fn close(&self) {
        let ended = self.tasks.stop_within(&self.health, Duration::from_secs(20)).await;
        ended.unwrap_or_else(|e| panic!("{} did not end well: {e}", self.service));
    }
}

/// A city.
pub struct City {
    /// The settings that its services have, but for ports.
    pub settings: Settings,
    /// Everybody's clock.
    pub clock: Clock,
    /// The store, for what stands behind the faces.
    pub store: Store,
    front: Front,
    offices: Mutex<Vec<Arc<Office>>>,
    /// Ports of offices that were the first of their service.
    homes: Mutex<HashMap<Service, u16>>,
    desks: AsyncMutex<HashMap<(Role, String), Desk>>,
    pub(crate) people: Mutex<Vec<String>>,
    requests: AtomicU64,
    database: String,
    cache: u8,
}

impl City {
    async fn found(plan: Plan) -> Self {
        let mark = format!("{:012x}", rand::random::<u64>() >> 16);
        let database = format!("story_{mark}");
        let cache = CACHES.lock().unwrap().pop();
        let cache = cache.unwrap_or_else(|| u8::try_from(NEXT_CACHE.fetch_add(1, Ordering::Relaxed)).unwrap());
        let redis = plan.redis.unwrap_or_else(|| database::given("REDIS_URL"));
        let key = || STANDARD.encode(rand::random::<[u8; 32]>());
        let url = database::given("DATABASE_URL");
        let (server, _) = url.rsplit_once('/').expect("DATABASE_URL names a database");
        let mut layers = vec![
            ("DATABASE_URL", format!("{server}/{database}")),
            ("KAFKA_BROKERS", database::given("KAFKA_BROKERS")),
            ("REDIS_URL", format!("{}/{cache}", redis.trim_end_matches('/'))),
            ("SUBAN_DATABASE__MAX_CONNECTIONS", "24".to_owned()),
            ("SUBAN_KAFKA__TOPIC_PREFIX", format!("story-{mark}")),
            ("SUBAN_KAFKA__PARTITIONS", "2".to_owned()),
            // Which tickets a person checks is drawn by their ids; a story that is about it says so.
            ("SUBAN_LIMITS__CHECKED_PERMILLE", "0".to_owned()),
            ("SUBAN_ATTACHMENTS__FOLDER", std::env::temp_dir().join(format!("{database}-files")).display().to_string()),
            ("SUBAN_SECURITY__MASTER_KEY", key()),
            ("SUBAN_SECURITY__PHONE_KEY", key()),
            ("SUBAN_SECURITY__LINK_KEY", key()),
        ];
        layers.extend(plan.settings);
        let layers = layers.into_iter().map(|(name, value)| (name.to_owned(), value));
        let settings = Settings::from_layers(None, layers).expect("a city's settings fit");

        database::create(&database).await;
        let pool = suban_store::connect_pool(&settings).await.expect("the city's database can be reached");
        let morning = At::from(MORNING.parse::<jiff::Timestamp>().unwrap());
        let clock = if plan.machine_clock { Clock::system() } else { Clock::manual(morning) };
        let keys = Keys::load(&settings).unwrap();
        let store = Store::new(pool, keys, clock.clone(), settings.city.time_zone());
        let city = Self {
            front: Front::new(&settings),
            settings,
            clock,
            store,
            offices: Mutex::default(),
            homes: Mutex::default(),
            desks: AsyncMutex::default(),
            people: Mutex::default(),
            requests: AtomicU64::new(1),
            database,
            cache,
        };
        suban_bus::ensure_topics(&city.settings).await.expect("Kafka makes the city's topics");
        let open = |service: &Service| *service != Service::Gateway && !plan.closed.contains(service);
        join_all(Service::ALL.into_iter().filter(open).map(|service| city.open(service))).await;
        if !plan.closed.contains(&Service::Gateway) {
            city.open(Service::Gateway).await;
        }
        city
    }

    /// Opens an instance of a service and waits until it is ready. The first one of a service is where people
    /// call; opened again after it was closed, it has its old address.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn open(&self, service: Service) -> Arc<Office> {
        let (tasks, health) = (Tasks::new(), Health::new());
        let front = !self.offices.lock().unwrap().iter().any(|o| o.service == service);
        let mut settings = self.settings.clone();
        let port = if front { self.homes.lock().unwrap().get(&service).copied().unwrap_or(0) } else { 0 };
        let ports = &mut settings.listen.ports;
        match service {
            Service::Intake => ports.intake = port,
            Service::Dedup => ports.dedup = port,
            Service::Dispatch => ports.dispatch = port,
            Service::Followup => ports.followup = port,
            Service::Scoring => ports.scoring = port,
            Service::Gateway => ports.gateway = port,
        }
        let at = |service| self.front.address(service).map_or_else(String::new, |a| format!("http://{a}"));
        settings.peers.intake = at(Service::Intake);
        settings.peers.dedup = at(Service::Dedup);
        settings.peers.dispatch = at(Service::Dispatch);
        settings.peers.followup = at(Service::Followup);
        settings.peers.scoring = at(Service::Scoring);
        let (pool, clock) = (self.store.pool().clone(), self.clock.clone());
        let app = App::start_with(service, settings, pool, clock, tasks.clone(), health.clone())
            .await
            .unwrap_or_else(|e| panic!("{service}: {e}"));
        let address = match service {
            Service::Intake => suban_intake::serve(app).await,
            Service::Dedup => suban_dedup::serve(app).await,
            Service::Dispatch => suban_dispatch::serve(app).await,
            Service::Followup => suban_followup::serve(app).await,
            Service::Scoring => suban_scoring::serve(app).await,
            Service::Gateway => suban_gateway::serve(app).await,
        };
        let address = address.unwrap_or_else(|e| panic!("{service}: {e}"));
        if front {
            self.homes.lock().unwrap().insert(service, address.port());
            self.front.open(service, address);
        }
        let ready = tokio::time::timeout(PATIENCE, health.ready()).await;
        assert!(ready.is_ok(), "{service} is not ready within {PATIENCE:?}: {:?}", health.readiness());
        let office = Arc::new(Office { service, address, tasks, health });
        self.offices.lock().unwrap().push(office.clone());
        office
    }

    /// Closes every instance of a service.
    pub async fn close(&self, service: Service) {
        let mut closing = Vec::new();
        self.offices.lock().unwrap().retain(|office| {
            let stays = office.service != service;
            if !stays {
                closing.push(office.clone());
            }
            stays
        });
        join_all(closing.iter().map(|office| office.close())).await;
    }

    /// Where a service is called, a process of the operator's among them.
    ///
    /// # Panics
    /// When it has never been opened.
    #[must_use]
    pub fn address(&self, service: Service) -> SocketAddr {
        self.front.address(service).unwrap_or_else(|| panic!("{service} has not been opened"))
    }

    /// People call this service there from now on.
    pub fn call_at(&self, service: Service, address: SocketAddr) {
        self.front.open(service, address);
    }

    async fn close_all(&self) {
        let offices = std::mem::take(&mut *self.offices.lock().unwrap());
        join_all(offices.iter().map(|office| office.close())).await;
    }

    /// Nothing of it stays.
    async fn leave(self) {
        let offices = std::mem::take(&mut *self.offices.lock().unwrap());
        // After a failed story; the failure is told already.
        for office in offices {
            let _ = office.tasks.stop_within(&office.health, Duration::from_secs(5)).await;
        }
        self.store.pool().close().await;
        database::drop(&self.database).await;
        kafka::delete_topics(&self.settings).await;
        // Most cities keep no file.
        let _ = std::fs::remove_dir_all(&self.settings.attachments.folder);
        CACHES.lock().unwrap().push(self.cache);
    }

    /// The city's database, for tools that need its address.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Its pool.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        self.store.pool()
    }

    /// A request id that nobody has used.
    #[must_use]
    pub fn request(&self) -> String {
        format!("story-{}", self.requests.fetch_add(1, Ordering::Relaxed))
    }

    /// Time passes in the city.
    pub fn passes(&self, span: Span) {
        self.clock.advance(span);
    }

    /// Somebody with a token of this role.
    ///
    /// # Panics
    /// When the token cannot be made.
    pub async fn desk(&self, role: Role, person: &str, unit: Option<&str>) -> Desk {
        let mut desks = self.desks.lock().await;
        if let Some(desk) = desks.get(&(role, person.to_owned())) {
            return desk.clone();
        }
        let unit = unit.map(|u| UnitCode::new(u).unwrap());
        let actor = Actor { role, person: PersonCode::new(person).unwrap(), unit, area: None };
        let token = self.store.create_token(&actor, &actor, false, None).await.unwrap().plain;
        let desk = Desk::new(self.front.clone(), Outgo::new(&token));
        desks.insert((role, person.to_owned()), desk.clone());
        desk
    }

    /// Somebody whose token nobody ever gave out.
    #[must_use]
    pub fn stranger(&self) -> Desk {
        Desk::new(self.front.clone(), Outgo::new(&Secret::new("Y".repeat(43))))
    }

    /// The hall's agent.
    pub async fn agent(&self) -> Desk {
        self.desk(Role::Agent, "agent-1", None).await
    }

    /// The gateway of a channel.
    pub async fn bot(&self) -> Desk {
        self.desk(Role::IntakeBot, "gateway-bot", None).await
    }

    /// The first dispatcher.
    pub async fn dispatcher(&self) -> Desk {
        self.desk(Role::Dispatcher, "dispatcher-1", None).await
    }

    /// The second one: who decides what the first reviewed.
    pub async fn second_dispatcher(&self) -> Desk {
        self.desk(Role::Dispatcher, "dispatcher-2", None).await
    }

    /// Who looks at merges.
    pub async fn reviewer(&self) -> Desk {
        self.desk(Role::MergeReviewer, "reviewer-1", None).await
    }

    /// Who calls citizens back.
    pub async fn callback(&self) -> Desk {
        self.desk(Role::Callback, "callback-1", None).await
    }

    /// A unit with its people.
    pub async fn unit(&self, code: &str) -> Unit<'_> {
        Unit::of(self, code).await
    }

    /// Somebody who lives here. The name and the phone must never be found in clear where they must not be.
    #[must_use]
    pub fn citizen(&self, name: &str, phone: &str) -> Citizen<'_> {
        self.people.lock().unwrap().extend([name.to_owned(), phone.to_owned()]);
        Citizen { city: self, name: name.to_owned(), phone: phone.to_owned(), channel: Channel::Phone12345 }
    }

    /// The ticket as it is now.
    ///
    /// # Panics
    /// When there is none.
    pub async fn ticket(&self, case: &Case) -> Ticket {
        self.store.load_one(case.id).await.unwrap()
    }

    /// Waits until the ticket stands there.
    pub async fn becomes(&self, case: &Case, state: State) -> Ticket {
        self.until(case, &format!("{} becomes {state}", case.number), |ticket| ticket.state == state).await
    }

    /// Waits until this is true of the ticket.
    pub async fn until(&self, case: &Case, what: &str, holds: impl Fn(&Ticket) -> bool) -> Ticket {
        eventually(PATIENCE, what, async || {
            let ticket = self.ticket(case).await;
            if holds(&ticket) {
                Ok(ticket)
            } else {
                Err(format!("it is {} at version {}", ticket.state, ticket.version))
            }
        })
        .await
    }

    /// The names of everything that happened to a ticket, in order.
    ///
    /// # Panics
    /// When there is no such ticket.
    pub async fn facts(&self, ticket: TicketId) -> Vec<&'static str> {
        let log = self.store.log(ticket, 0).await.unwrap();
        assert!(!log.is_empty(), "{ticket} has no log");
        log.iter().map(|recorded| recorded.event.fact.name()).collect()
    }

    /// Waits until nothing moves: the outbox is empty and every open service has read everything.
    pub async fn settles(&self) {
        proof::settled(self).await;
    }

    /// Has this service ever been opened?
    pub(crate) fn knows(&self, service: Service) -> bool {
        self.front.address(service).is_some()
    }
}
