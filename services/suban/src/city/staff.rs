//! Everybody who works, each with a token of their own, as `suban token new` would make it.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::AtomicU64, atomic::Ordering},
    time::Duration,
};

use rand::{SeedableRng as _, rngs::StdRng};
use suban_domain::{Actor, Channel, PersonCode, Role, State, UnitCode};
use suban_proto::v1::{
    self, dedup_service_client::DedupServiceClient, dispatch_service_client::DispatchServiceClient,
    followup_service_client::FollowupServiceClient, intake_service_client::IntakeServiceClient,
};
use suban_runtime::{
    Clock, Keys, Service, Settings,
    grpc::{Outgoing, channel},
};
use suban_store::{Store, city_clock, connect_pool, versions};
use suban_text::{Catalogue, catalogue::UnitKind};
use tonic::{Code, Response, Status, service::interceptor::InterceptedService, transport::Channel as Line};

use super::{book::Book, summary::Board, words::Words};
use crate::city::tongue;

pub(super) type Intake = IntakeServiceClient<InterceptedService<Line, Outgoing>>;
pub(super) type Dedup = DedupServiceClient<InterceptedService<Line, Outgoing>>;
pub(super) type Dispatch = DispatchServiceClient<InterceptedService<Line, Outgoing>>;
pub(super) type Followup = FollowupServiceClient<InterceptedService<Line, Outgoing>>;

/// A call without an answer for this long is made again.
const ANSWER: Duration = Duration::from_secs(20);
/// For so long a call is made again while a service, or something it stands on, is away.
const PATIENCE: Duration = Duration::from_secs(120);

/// One unit's people.
pub(super) struct Unit {
    pub(super) code: UnitCode,
    pub(super) kind: UnitKind,
    pub(super) signer: Dispatch,
    pub(super) handler: Dispatch,
    /// The handler reads tickets.
    pub(super) reader: Intake,
}

/// Everybody.
pub(crate) struct Staff {
    pub(super) catalogue: Catalogue,
    pub(super) words: Words,
    pub(super) board: Arc<Board>,
    pub(super) book: Book,
    pub(super) clock: Clock,
    pub(super) agent: Intake,
    pub(super) bot: Intake,
    pub(super) dispatcher: Dispatch,
    pub(super) second: Dispatch,
    pub(super) reviewer: Dedup,
    pub(super) supervisor: Dispatch,
    /// The supervisor declares mass events.
    pub(super) declarer: Dedup,
    pub(super) arbiter: Dispatch,
    pub(super) callback: Followup,
    pub(super) qa: Followup,
    pub(super) arbiter_of_surveys: Followup,
    pub(super) units: Vec<Unit>,
    pub(super) gateway: SocketAddr,
    run: u64,
    acts: AtomicU64,
}

impl Staff {
    /// Gives everybody a token and a line to the services.
    pub(crate) async fn hire(settings: &Settings, english: bool, board: Arc<Board>) -> anyhow::Result<Self> {
        let pool = connect_pool(settings).await?;
        let clock = city_clock(&pool, settings).await?;
        let store = Store::new(pool, Keys::load(settings)?, clock.clone(), settings.city.time_zone());
        let version = store
            .name_in_force(suban_service::CATALOGUE, clock.now())
            .await?
            .ok_or_else(|| anyhow::anyhow!("no catalogue is in force: `suban catalogue publish deploy/demo` first"))?;
        let body = versions::get(store.pool(), suban_service::CATALOGUE, &version)
            .await?
            .ok_or_else(|| anyhow::anyhow!("catalogue {version} is gone"))?;
        let catalogue: Catalogue = serde_json::from_value(body)?;
        let words = Words::of(if english { &tongue::ENGLISH } else { &tongue::CHINESE }, &catalogue)?;

        let line = async |service| anyhow::Ok(channel(&settings.peer(service), settings).await?);
        let (intake, dispatch, followup) =
            (line(Service::Intake).await?, line(Service::Dispatch).await?, line(Service::Followup).await?);
        let dedup = line(Service::Dedup).await?;
        let token = async |role: Role, person: &str, unit: Option<&UnitCode>| {
            let actor = Actor { role, person: PersonCode::new(person)?, unit: unit.cloned(), area: None };
            anyhow::Ok(Outgoing::new(&store.create_token(&actor, &actor, false, None).await?.plain)?)
        };
        let takes_in = |as_whom| IntakeServiceClient::with_interceptor(intake.clone(), as_whom);
        let sends = |as_whom| DispatchServiceClient::with_interceptor(dispatch.clone(), as_whom);
        let asks = |as_whom| FollowupServiceClient::with_interceptor(followup.clone(), as_whom);
        let mut units = Vec::new();
        for unit in catalogue.units().iter().filter(|unit| unit.kind != UnitKind::Team) {
            let name = unit.code.as_str();
            let signer = token(Role::UnitSigner, &format!("{name}-signer"), Some(&unit.code)).await?;
            let handler = token(Role::UnitHandler, &format!("{name}-handler"), Some(&unit.code)).await?;
            units.push(Unit {
                code: unit.code.clone(),
                kind: unit.kind,
                signer: sends(signer),
                reader: takes_in(handler.clone()),
                handler: sends(handler),
            });
        }
        let arbiter = token(Role::Arbiter, "arbiter-1", None).await?;
        let supervisor = token(Role::Supervisor, "supervisor-1", None).await?;
        Ok(Self {
            agent: takes_in(token(Role::Agent, "agent-1", None).await?),
            bot: takes_in(token(Role::IntakeBot, "gateway-bot", None).await?),
            dispatcher: sends(token(Role::Dispatcher, "dispatcher-1", None).await?),
            second: sends(token(Role::Dispatcher, "dispatcher-2", None).await?),
            reviewer: DedupServiceClient::with_interceptor(
                dedup.clone(),
                token(Role::MergeReviewer, "reviewer-1", None).await?,
            ),
            declarer: DedupServiceClient::with_interceptor(dedup, supervisor.clone()),
            supervisor: sends(supervisor),
            arbiter: sends(arbiter.clone()),
            callback: asks(token(Role::Callback, "callback-1", None).await?),
            qa: asks(token(Role::Qa, "qa-1", None).await?),
            arbiter_of_surveys: asks(arbiter),
            units,
            catalogue,
            words,
            board,
            book: Book::default(),
            clock,
            gateway: settings.listen.address(Service::Gateway),
            run: rand::random(),
            acts: AtomicU64::new(0),
        })
    }

    /// Who enters what came by this channel: an agent types what is said on the phone, a gateway the rest.
    pub(super) fn intake_for(&self, channel: i32) -> &Intake {
        if channel == Channel::Phone12345.number() { &self.agent } else { &self.bot }
    }

    /// A name for the next act, unlike that of any other run.
    pub(super) fn request_id(&self, what: &str) -> String {
        format!("{what}-{:016x}-{}", self.run, self.acts.fetch_add(1, Ordering::Relaxed))
    }

    /// Chance that belongs to a ticket: the same however often and in whatever order it is looked at.
    pub(super) fn chance(&self, seed: u64, what: u64) -> StdRng {
        StdRng::seed_from_u64(seed ^ what.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// How many tickets are not at an end.
    pub(crate) async fn unfinished(&self) -> u64 {
        // Nobody answers any more: nothing is known to be finished.
        self.open(false).await.unwrap_or(u64::MAX)
    }

    /// How many tickets are not at an end; at most one page is counted when only `some` is asked for.
    pub(super) async fn open(&self, some: bool) -> Result<u64, Status> {
        let ends =
            [State::Rejected, State::TransferredOut, State::Answered, State::Closed, State::Archived, State::Cancelled];
        let states = State::ALL.iter().filter(|state| !ends.contains(state)).map(|state| state.number()).collect();
        let mut ask = v1::ListRequest { states, page_size: if some { 1 } else { 200 }, ..v1::ListRequest::default() };
        let mut open = 0;
        loop {
            let page = call(&self.agent, ask.clone(), |mut line, ask| async move { line.list(ask).await }).await?;
            open += u64::try_from(page.tickets.len()).unwrap_or(0);
            if some || page.next_page_token.is_empty() {
                return Ok(open);
            }
            ask.page_token = page.next_page_token;
        }
    }
}

/// One call, made again while nobody answers: a city does not stop calling because a process died.
pub(super) async fn call<C, A, R, F>(line: &C, ask: A, how: impl Fn(C, A) -> F) -> Result<R, Status>
where
    C: Clone,
    A: Clone,
    F: Future<Output = Result<Response<R>, Status>>,
{
    patiently(|| {
        let answer = how(line.clone(), ask.clone());
        async { answer.await.map(Response::into_inner) }
    })
    .await
}

/// Tries again while a service is away; the same request, so that it is done once.
pub(super) async fn patiently<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, Status>
where
    F: Future<Output = Result<T, Status>>,
{
    let begun = std::time::Instant::now();
    let mut wait = Duration::from_millis(50);
    loop {
        let answer = tokio::time::timeout(ANSWER, attempt()).await;
        let answer = answer.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer")));
        let away = |status: &Status| {
            matches!(
                status.code(),
                Code::Unavailable | Code::Aborted | Code::DeadlineExceeded | Code::Unknown | Code::ResourceExhausted
            )
        };
        match answer {
            Err(status) if away(&status) && begun.elapsed() < PATIENCE => {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(1));
            }
            answer => return answer,
        }
    }
}
