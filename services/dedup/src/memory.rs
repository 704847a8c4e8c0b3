//! The tickets that a new one could be the same as, in memory (D§9.4).
//!
//! Every instance holds all of them, once each: those that are open and those that were closed lately, once they are
//! judged. A ticket that joined another in the same words is not held, for its master is. What is held is made of the
//! database at start, or of a file that was written before, and kept up by the ticket topic; losing it loses nothing.

mod beside;
mod evidence;
mod following;
mod fresh;
mod kept;
mod reading;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic::AtomicI64},
};

use suban_domain::{At, Ticket, TicketId};
use suban_likeness::{Candidate, Features, Id, Index, Limits, Seconds};
use suban_runtime::settings::Duplicates;
use suban_service::App;
use suban_store::StoreError;
use uuid::Uuid;

use self::fresh::Fresh;
pub(crate) use self::{
    following::ENDINGS,
    reading::{Asked, Reader, Sayings, person_key},
};
use crate::learning::Judging;

/// Candidates of one judgement that are looked at further.
const LOOKED_AT: usize = 32;
/// A point at which more are held is one that a system writes for what it does not find, and no evidence.
const DEFAULT_POINT: u16 = 200;

/// What is held. Cheap to clone.
#[derive(Clone)]
pub struct Memory(Arc<Held>);

struct Held {
    index: RwLock<Index>,
    reader: Reader,
    judging: RwLock<Arc<Judging>>,
    keep: Duplicates,
    fresh: Fresh,
    /// How much people have said about evidence.
    evidence: AtomicI64,
}

/// A ticket that could be the same.
#[derive(Debug, Clone)]
pub struct Alike {
    /// Which.
    pub ticket: TicketId,
    /// The probability that it is the same matter, as far as the model can tell.
    pub probability: f32,
    /// What that is made of.
    pub features: Features,
    /// When it was closed, where it was.
    pub closed_at: Option<At>,
}

impl Memory {
    /// An empty one that judges by what ships.
    ///
    /// # Errors
    /// Never, unless what ships is broken.
    pub fn new(keep: &Duplicates) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Held {
            index: RwLock::new(Index::new(keep.open_tickets, limits())),
            reader: Reader::default(),
            judging: RwLock::new(Arc::new(Judging::shipped()?)),
            keep: keep.clone(),
            fresh: Fresh::default(),
            evidence: AtomicI64::new(0),
        })))
    }

    /// Judges tickets in the order in which they were received, and holds each before the next is judged. Answers them
    /// in this order, and what was found for those for which something was; of those in `all_of` even what is unlikely.
    ///
    /// # Errors
    /// When Postgres is away.
    pub(crate) async fn judge(
        &self,
        app: &App,
        mut tickets: Vec<Ticket>,
        all_of: HashSet<TicketId>,
    ) -> Result<(Vec<Ticket>, HashMap<TicketId, Vec<Alike>>), StoreError> {
        let ids: Vec<TicketId> = tickets.iter().map(|t| t.id).collect();
        let said = Sayings::of(app, &ids).await?;
        let (memory, catalogue, now) = (self.clone(), app.catalogues.now(), app.clock().now());
        off_the_loop(move || {
            tickets.sort_unstable_by_key(|t| (t.received_at, t.id));
            let (mut found, mut judged_here, judging) = (HashMap::new(), Vec::new(), memory.judging());
            for ticket in &tickets {
                let Some((told, pictures)) = said.of_ticket(ticket.id) else { continue };
                let asked = memory.reader().ticket(ticket, told, pictures, catalogue.as_ref().map(|f| &f.catalogue));
                let mut index = memory.index_mut();
                let judged = index.judge(&asked.read, seconds(now), judging.learned.model(asked.tongue));
                index.add(&asked.read, judged.verdict());
                judged_here.push((asked.read.facts.id, asked.read.facts.area));
                let all = all_of.contains(&ticket.id);
                let alike = likely(&index, &judged.candidates, |other, probability| {
                    all || f64::from(probability) >= memory.suggest_from()
                        || judging.lots.falls_on_unlikely(ticket.id, other, probability, memory.suggest_from())
                });
                if !alike.is_empty() {
                    found.insert(ticket.id, alike);
                }
            }
            memory.0.fresh.remember(judged_here.into_iter());
            (tickets, found)
        })
        .await
    }

    /// What words could be the same as that are no ticket yet; nothing is held.
    pub(crate) async fn ask(&self, asked: Asked, now: At) -> Result<Vec<Alike>, StoreError> {
        let memory = self.clone();
        off_the_loop(move || {
            let index = memory.index();
            let judged = index.judge(&asked.read, seconds(now), memory.judging().learned.model(asked.tongue));
            likely(&index, &judged.candidates, |_, probability| f64::from(probability) >= memory.suggest_from())
        })
        .await
    }

    fn suggest_from(&self) -> f64 {
        self.0.keep.suggest_from
    }

    /// How one ticket stands to an earlier one.
    pub(crate) fn beside(&self, new: &Asked, earlier: &Asked, now: At) -> Features {
        let found =
            self.index().compared(&new.read, seconds(now)).into_iter().find(|(id, _)| *id == earlier.read.facts.id);
        found.map_or_else(|| self.index().beside(&new.read, &earlier.read, seconds(now)), |(_, of)| of)
    }

    /// Reads what is compared.
    pub(crate) fn reader(&self) -> &Reader {
        &self.0.reader
    }

    /// By what is judged now.
    pub(crate) fn judging(&self) -> Arc<Judging> {
        self.0.judging.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks what is in force and what people have said.
    ///
    /// # Errors
    /// When Postgres is away.
    pub(crate) async fn look(&self, app: &App) -> Result<(), StoreError> {
        let now = self.judging().now(app).await?;
        *self.0.judging.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(now);
        Ok(())
    }

    fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.0.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.0.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn sweep(&self, now: At) {
        let before = |days: u32| seconds(now) - Seconds::from(days) * 24 * 3600;
        let mut index = self.index_mut();
        index.expire(before(self.0.keep.closed_days), before(self.0.keep.open_days));
        metrics::gauge!("suban_duplicates_held").set(index.len() as f64);
    }
}

/// How far judging looks, and where.
fn limits() -> Limits {
    Limits { within_node: true, default_point: DEFAULT_POINT, ..Limits::default() }
}

fn likely(index: &Index, candidates: &[Candidate], wanted: impl Fn(TicketId, f32) -> bool) -> Vec<Alike> {
    let ticket = |of: &Candidate| TicketId::new(Uuid::from_u128(of.id));
    let likely = candidates.iter().filter(|c| wanted(ticket(c), c.probability)).take(LOOKED_AT);
    likely
        .map(|c| Alike {
            ticket: ticket(c),
            probability: c.probability,
            features: c.features,
            closed_at: index.facts(c.id).and_then(|f| f.closed_at).map(|at| At::from_micros(at * 1_000_000)),
        })
        .collect()
}

/// Runs what keeps a core busy where it does not keep the connections waiting.
async fn off_the_loop<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| StoreError::Damaged { what: "judgement", problem: e.to_string() })
}

fn id(ticket: TicketId) -> Id {
    ticket.uuid().as_u128()
}

fn seconds(at: At) -> Seconds {
    at.micros().div_euclid(1_000_000)
}
