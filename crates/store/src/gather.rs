//! Group commit: what people and channels ask at the same moment becomes one transaction.
//!
//! A batch is whatever is waiting, never a wait for a full one: a lone request is written at once, a storm
//! fills its batches (design §2), and in a stream between the two a round begins a moment after the one before.
//! Each command is still decided for its own ticket and answered for itself.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use suban_domain::{At, Command, Limits, Refusal, RequestId, RequesterId, TextId, Ticket, TicketId, TicketNumber};
use suban_runtime::{Tasks, telemetry};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use uuid::Uuid;

use crate::{
    Change, Created, NewTicket, Store, StoreError,
    commit::{self, sort_out},
    is_data_error,
    row::log_partition,
    texts::{Owner, PreparedText, TextKind, insert_texts, owners_each},
};

/// How often a command is decided anew when others were faster.
const ATTEMPTS: u8 = 16;

/// A round of this many is one of a stream: the next one begins [`GATHER`] after it began, so that more comes together
/// and a transaction is worth its cost. Who is alone never waits.
const STREAM: usize = 3;
/// Short beside what a person notices, long beside what a transaction costs.
const GATHER: Duration = Duration::from_millis(50);

/// What a command is made from, once its ticket is known and its words have their ids.
pub type MakeCommand = Box<dyn Fn(&Ticket, &[TextId]) -> Result<Command, Refusal> + Send + Sync>;

/// The ticket that a command is for, as its caller knows it.
pub enum Target {
    /// By its id.
    Id(TicketId),
    /// By the number that people read out.
    Number(TicketNumber),
    /// As the caller has just read it. It is decided on as it stands; where it has moved on meanwhile, or the rules
    /// refuse, it is read again first.
    Read(Box<Ticket>),
}

/// A command on one ticket, with the words that come with it.
pub struct Ask {
    /// Which ticket.
    pub target: Target,
    /// What makes a repeat the same command: an event of the ticket with this request answers it.
    pub request: RequestId,
    /// When it was asked: the time of its words.
    pub at: At,
    /// Words to mask and store when it is accepted, cleaned by [`crate::texts::clean`].
    pub words: Vec<(TextKind, String)>,
    /// Makes the command; may be called more than once, each time for words with new ids.
    pub command: MakeCommand,
}

/// What a command came to: the ticket as it is now, and whether the command had been done before.
#[derive(Debug, Clone)]
pub struct Acted {
    /// The ticket after the command.
    pub ticket: Ticket,
    /// The request was known: nothing was done again.
    pub repeated: bool,
}

struct WaitingAsk {
    ask: Ask,
    /// The caller's trace: the writer works for many at once and has none of its own.
    trace: Option<String>,
    attempts: u8,
    answer: oneshot::Sender<Result<Acted, StoreError>>,
}

enum Job {
    Create(Box<NewTicket>, oneshot::Sender<Result<Created, StoreError>>),
    Ask(Box<WaitingAsk>),
}

/// Takes submissions and commands and writes them in batches. Cheap to clone.
#[derive(Clone)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    /// Starts the writer's task. `batch` is the most that one transaction takes.
    #[must_use]
    pub fn start(store: Store, limits: Limits, batch: usize, tasks: &Tasks) -> Self {
        // Room for a few batches: enough to keep the writer busy, not so much that waiting goes unseen.
        let (jobs, waiting) = mpsc::channel(batch.saturating_mul(4).max(1));
        tasks.spawn("writer", run(store, limits, batch.max(1), waiting));
        Self { jobs }
    }

    /// Creates a ticket, or finds that it was there.
    ///
    /// # Errors
    /// The refusal, or that the database is away.
    pub async fn create(&self, new: NewTicket) -> Result<Created, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job::Create(Box::new(new), answer)).await.map_err(|_| StoreError::Stopped)?;
        answered.await.map_err(|_| StoreError::Stopped)?
    }

    /// Does a command.
    ///
    /// # Errors
    /// The refusal, `NotFound`, `Contended`, or that the database is away.
    pub async fn act(&self, ask: Ask) -> Result<Acted, StoreError> {
        let (answer, answered) = oneshot::channel();
        let waiting = WaitingAsk { ask, trace: telemetry::trace_context(), attempts: 0, answer };
        self.jobs.send(Job::Ask(Box::new(waiting))).await.map_err(|_| StoreError::Stopped)?;
        answered.await.map_err(|_| StoreError::Stopped)?
    }
}

async fn run(
    store: Store,
    limits: Limits,
    batch: usize,
    mut waiting: mpsc::Receiver<Job>,
) -> Result<(), std::convert::Infallible> {
    let mut jobs = Vec::with_capacity(batch);
    let mut later: Vec<WaitingAsk> = Vec::new();
    loop {
        let room = batch.saturating_sub(later.len()).max(1);
        let arrived = if later.is_empty() {
            waiting.recv_many(&mut jobs, room).await
        } else {
            std::iter::from_fn(|| waiting.try_recv().ok()).take(room).map(|job| jobs.push(job)).count()
        };
        if arrived == 0 && later.is_empty() {
            return Ok(()); // every handle is gone
        }
        let mut creates = Vec::new();
        let mut asks = std::mem::take(&mut later);
        for job in jobs.drain(..) {
            match job {
                Job::Create(new, answer) => creates.push((*new, answer)),
                Job::Ask(ask) => asks.push(*ask),
            }
        }
        let (begun, round) = (Instant::now(), creates.len() + asks.len());
        metrics::histogram!("suban_writer_batch_size").record(round as f64);
        if !creates.is_empty() {
            create(&store, &limits, creates).await;
        }
        if !asks.is_empty() {
            later = act(&store, &limits, asks).await;
        }
        if (STREAM..batch).contains(&round) {
            tokio::time::sleep_until(begun + GATHER).await;
        }
    }
}

type WaitingCreate = (NewTicket, oneshot::Sender<Result<Created, StoreError>>);

async fn create(store: &Store, limits: &Limits, waiting: Vec<WaitingCreate>) {
    let (news, answers): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
    match store.create_each(&news, limits).await {
        Ok(created) => {
            for (answer, created) in answers.into_iter().zip(created) {
                // A caller that went away finds its ticket when it asks again.
                let _ = answer.send(created);
            }
        }
        Err(error) => {
            tracing::warn!(error = %error, tickets = answers.len(), "submissions could not be written");
            for answer in answers {
                let _ = answer.send(Err(again(&error)));
            }
        }
    }
}

impl Store {
    /// As [`Store::create`], but a value that Postgres refuses fails its own ticket only: the batch is halved
    /// until the bad one stands alone.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn create_each(
        &self,
        batch: &[NewTicket],
        limits: &Limits,
    ) -> Result<Vec<Result<Created, StoreError>>, StoreError> {
        match self.create(batch, limits).await {
            Err(StoreError::Database(error)) if is_data_error(&error) => {
                if batch.len() <= 1 {
                    return Ok(vec![Err(StoreError::Database(error))]);
                }
                let (left, right) = batch.split_at(batch.len() / 2);
                let mut answers = Box::pin(self.create_each(left, limits)).await?;
                answers.extend(Box::pin(self.create_each(right, limits)).await?);
                Ok(answers)
            }
            answer => answer,
        }
    }
}

/// Decides and writes one round; returns those to be tried again.
async fn act(store: &Store, limits: &Limits, asks: Vec<WaitingAsk>) -> Vec<WaitingAsk> {
    let mut round = Vec::with_capacity(asks.len());
    let mut later = Vec::new();
    match find(store, asks).await {
        Ok(found) => {
            // One command a ticket a round: the next one is decided on what this one left.
            let mut taken = HashSet::new();
            for one in found {
                if taken.insert(one.ticket.id) {
                    round.push(one);
                } else {
                    later.push(one.waiting);
                }
            }
        }
        Err((error, asks)) => fail(&error, asks),
    }
    match attempt(store, limits, round).await {
        Ok(again) => later.extend(again),
        Err((error, round)) => fail(&error, round),
    }
    later
}

/// The same failure for everybody in the round.
fn fail(error: &StoreError, round: Vec<WaitingAsk>) {
    tracing::warn!(%error, commands = round.len(), "commands could not be written");
    for waiting in round {
        let _ = waiting.answer.send(Err(again(error)));
    }
}

/// A command beside its ticket. Should it wait for another round, it asks for the ticket by its id then.
struct Found {
    waiting: WaitingAsk,
    ticket: Ticket,
    /// Read in this round, so that a refusal stands.
    fresh: bool,
}

/// Reads the tickets of a round, all at once; who asks for one that does not exist is told so.
async fn find(store: &Store, asks: Vec<WaitingAsk>) -> Result<Vec<Found>, (StoreError, Vec<WaitingAsk>)> {
    let (mut ids, mut numbers) = (Vec::new(), Vec::new());
    for waiting in &asks {
        match &waiting.ask.target {
            Target::Id(id) => ids.push(*id),
            Target::Number(number) => numbers.push(number.clone()),
            Target::Read(_) => {}
        }
    }
    let (by_id, by_number) = match tokio::try_join!(store.load(&ids), store.by_numbers(&numbers)) {
        Ok(read) => read,
        Err(error) => return Err((error, asks)),
    };
    let mut found = Vec::with_capacity(asks.len());
    for mut waiting in asks {
        let (ticket, fresh) = match waiting.ask.target {
            Target::Id(id) => (by_id.get(&id).cloned(), true),
            Target::Number(number) => (by_number.get(&number).cloned(), true),
            Target::Read(ticket) => (Some(*ticket), false),
        };
        match ticket {
            Some(ticket) => {
                waiting.ask.target = Target::Id(ticket.id);
                found.push(Found { waiting, ticket, fresh });
            }
            None => drop(waiting.answer.send(Err(StoreError::NotFound { what: "ticket" }))),
        }
    }
    Ok(found)
}

/// A command that was decided, until it is written.
struct Deciding {
    waiting: WaitingAsk,
    texts: Vec<PreparedText>,
}

async fn attempt(
    store: &Store,
    limits: &Limits,
    round: Vec<Found>,
) -> Result<Vec<WaitingAsk>, (StoreError, Vec<WaitingAsk>)> {
    let read = async { tokio::try_join!(known_requests(store, &round), owners_of_words(store, &round)) };
    let (done_before, owners) = match read.await {
        Ok(read) => read,
        Err(error) => return Err((error, round.into_iter().map(|found| found.waiting).collect())),
    };
    let mut changes = Vec::new();
    let mut again = Vec::new();
    let mut deciding: HashMap<TicketId, Deciding> = HashMap::new();
    for Found { waiting, ticket, fresh } in round {
        let id = ticket.id;
        if done_before.contains(&id) {
            if fresh {
                let _ = waiting.answer.send(Ok(Acted { ticket, repeated: true }));
            } else {
                again.push(waiting);
            }
            continue;
        }
        match decide(store, limits, &waiting, ticket, &owners) {
            Ok((change, texts)) => {
                changes.push(change);
                deciding.insert(id, Deciding { waiting, texts });
            }
            Err(_) if !fresh => again.push(waiting),
            Err(refused) => drop(waiting.answer.send(Err(refused))),
        }
    }
    match write(store, changes, &deciding).await {
        Ok(done) => {
            for change in done.changed {
                if let Some(Deciding { waiting, .. }) = deciding.remove(&change.id()) {
                    let _ = waiting.answer.send(Ok(Acted { ticket: change.after, repeated: false }));
                }
            }
            for (id, problem) in done.failed {
                if let Some(Deciding { waiting, .. }) = deciding.remove(&id) {
                    let _ = waiting.answer.send(Err(StoreError::Damaged { what: "change", problem }));
                }
            }
            for Deciding { mut waiting, .. } in deciding.into_values() {
                waiting.attempts += 1;
                if waiting.attempts < ATTEMPTS {
                    again.push(waiting);
                } else {
                    let _ = waiting.answer.send(Err(StoreError::Contended));
                }
            }
            Ok(again)
        }
        Err(error) => Err((error, deciding.into_values().map(|d| d.waiting).chain(again).collect())),
    }
}

/// The change that a command asks for, and its words ready to be stored.
fn decide(
    store: &Store,
    limits: &Limits,
    waiting: &WaitingAsk,
    ticket: Ticket,
    owners: &HashMap<RequesterId, Result<Owner, StoreError>>,
) -> Result<(Change, Vec<PreparedText>), StoreError> {
    let ask = &waiting.ask;
    let mut texts = Vec::with_capacity(ask.words.len());
    if !ask.words.is_empty() {
        let owner = match ticket.requester.and_then(|requester| owners.get(&requester)) {
            Some(Ok(owner)) => Some(owner),
            Some(Err(damaged)) => return Err(again(damaged)),
            None => None,
        };
        for (kind, raw) in &ask.words {
            texts.push(store.prepare_text(owner, ask.at, ticket.id, *kind, raw)?);
        }
    }
    let ids: Vec<TextId> = texts.iter().map(|text| text.id).collect();
    let command = (ask.command)(&ticket, &ids)?;
    let change = Change::decide(ticket, &command, limits)?;
    Ok((Change { trace: waiting.trace.clone(), ..change }, texts))
}

/// Whose values the words of this round are masked against.
async fn owners_of_words(
    store: &Store,
    round: &[Found],
) -> Result<HashMap<RequesterId, Result<Owner, StoreError>>, StoreError> {
    let said = round.iter().filter(|found| !found.waiting.ask.words.is_empty());
    let requesters: Vec<RequesterId> = said.filter_map(|found| found.ticket.requester).collect();
    owners_each(store.pool(), store.keys(), &requesters).await
}

/// Changes and their words in one transaction. Where Postgres refuses a value, each command is written alone, so
/// that the bad one fails and no other.
async fn write(
    store: &Store,
    changes: Vec<Change>,
    deciding: &HashMap<TicketId, Deciding>,
) -> Result<crate::Done, StoreError> {
    if deciding.values().all(|d| d.texts.is_empty()) {
        return store.commit(changes).await;
    }
    match write_together(store, &changes, deciding).await {
        Ok(changed) => return Ok(sort_out(changes, &changed)),
        Err(StoreError::Database(error)) if is_data_error(&error) => {}
        Err(other) => return Err(other),
    }
    let mut done = crate::Done::default();
    for change in changes {
        match write_together(store, std::slice::from_ref(&change), deciding).await {
            Ok(changed) if changed.is_empty() => done.overtaken.push(change.id()),
            Ok(_) => done.changed.push(change),
            Err(StoreError::Database(error)) if is_data_error(&error) => {
                done.failed.push((change.id(), error.to_string()));
            }
            Err(other) => return Err(other),
        }
    }
    Ok(done)
}

/// Answers those that changed; the others were overtaken.
async fn write_together(
    store: &Store,
    changes: &[Change],
    deciding: &HashMap<TicketId, Deciding>,
) -> Result<HashSet<Uuid>, StoreError> {
    if changes.is_empty() {
        return Ok(HashSet::new());
    }
    let mut tx = store.pool().begin().await?;
    let changed = commit::write(&mut tx, changes, store.written()).await?;
    let of_changed = changes.iter().map(Change::id).filter(|id| changed.contains(&id.uuid()));
    let texts: Vec<&PreparedText> = of_changed.filter_map(|id| deciding.get(&id)).flat_map(|d| &d.texts).collect();
    insert_texts(&mut tx, &texts).await?;
    store.finish(tx).await?;
    Ok(changed)
}

/// Tickets whose log has the request already. Served by the primary key of `ticket_log`: one ticket's events. Each
/// year's partition is asked by its name, for a plan over all of them costs more to begin than it takes to answer.
async fn known_requests(store: &Store, round: &[Found]) -> Result<HashSet<TicketId>, StoreError> {
    let mut by_partition: BTreeMap<String, (Vec<Uuid>, Vec<&str>)> = BTreeMap::new();
    for Found { waiting, ticket, .. } in round {
        let (tickets, requests) = by_partition.entry(log_partition(ticket.id)).or_default();
        tickets.push(ticket.id.uuid());
        requests.push(waiting.ask.request.as_str());
    }
    let mut known = HashSet::new();
    for (partition, (tickets, requests)) in by_partition {
        // The name is made of our own letters and a year.
        let query = format!(
            "select k.ticket_id from unnest($1::uuid[], $2::text[]) as k(ticket_id, request)
              where exists (select 1 from core.{partition} l where l.ticket_id = k.ticket_id and l.request = k.request)"
        );
        let rows: Vec<(Uuid,)> =
            sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(&tickets).bind(&requests).fetch_all(store.pool()).await?;
        known.extend(rows.into_iter().map(|(id,)| TicketId::new(id)));
    }
    Ok(known)
}

/// The same failure for each waiting caller; errors of the database cannot be cloned.
fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::Contended => StoreError::Contended,
        StoreError::Stopped => StoreError::Stopped,
        StoreError::NotFound { what } => StoreError::NotFound { what },
        StoreError::Refused(refusal) => StoreError::Refused(refusal.clone()),
        StoreError::Damaged { what, problem } => StoreError::Damaged { what, problem: problem.clone() },
        StoreError::Database(_) | StoreError::Migrate(_) | StoreError::Crypto(_) => {
            StoreError::Database(sqlx::Error::Protocol(error.to_string()))
        }
    }
}
