//! The tickets that a new one could be the same as, in memory (D§9.4).
//!
//! Every instance holds all of them, once each: those that are open and those that were closed lately, once they are
//! judged. A ticket that joined another in the same words is not held, for its master is. What is held is made of the
//! database at start, or of a file that was written before, and kept up by the ticket topic; losing it loses nothing.

mod kept;
mod reading;

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::{Duration, Instant},
};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use suban_bus::{BusError, Kinds, Message, Tail};
use suban_domain::{At, Ticket, TicketId};
use suban_likeness::{Candidate, Features, Id, Index, Limits, Seconds, Verdict};
use suban_runtime::settings::Duplicates;
use suban_service::{App, StartError};
use suban_store::StoreError;
use uuid::Uuid;

use self::kept::Kept;
pub(crate) use self::reading::{Asked, Reader};

use crate::{learning::Judging, tables};

/// Tickets read in one go.
const PAGE: u32 = 1000;
/// Pages read at once, on as many cores.
const AT_ONCE: usize = 2;
/// How often what is too old is let go, and looked what is in force.
const SWEEP: Duration = Duration::from_secs(60);
/// A start waits so long for the topic.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two tries while Kafka or Postgres is away.
const AGAIN: Duration = Duration::from_secs(1);
/// Between two looks at what happened elsewhere: what is judged here is held at once.
const GATHER: Duration = Duration::from_millis(300);
/// Candidates of one judgement that are looked at further.
const LOOKED_AT: usize = 32;

/// Events after which what is held may have changed.
const FOLLOWED: &[&str] = &[
    "judged",
    "amended",
    "supplemented",
    "reopened",
    "redo_ordered",
    "closed",
    "survey_answered",
    "survey_exhausted",
    "parts_answered",
    "upstream_decided",
    "released",
    "withdrawn",
    "rejected",
    "answered",
    "transferred_out",
    "returned_upstream",
];
const FOLLOWED_KINDS: Kinds = Kinds::Only(FOLLOWED);
/// Of these, the events that end a ticket, or may.
pub(crate) const ENDINGS: &[&str] = FOLLOWED.split_at(5).1;

/// What is held. Cheap to clone.
#[derive(Clone)]
pub struct Memory(Arc<Held>);

struct Held {
    index: RwLock<Index>,
    reader: Reader,
    judging: RwLock<Arc<Judging>>,
    keep: Duplicates,
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
        })))
    }

    /// Fills one from the file that was kept, or from the database, and keeps it up as long as the process lives.
    ///
    /// # Errors
    /// When Postgres or Kafka is away.
    pub(crate) async fn start(app: &App) -> Result<Self, StartError> {
        let begun = Instant::now();
        let memory = Self::new(&app.settings.duplicates)?;
        memory.look(app).await?;
        let kept = Kept::of(app).await?;
        let restored = match &kept {
            Some(kept) => kept.restore(app, &memory).await?,
            None => None,
        };
        let from = if restored.is_some() { "snapshot" } else { "database" };
        let tail = match restored {
            Some(tail) => tail,
            None => {
                // What happens while the database is read is heard afterwards, and once more is harmless.
                let tail = once_there(async || Tail::tickets(&app.settings, FOLLOWED_KINDS).await).await?;
                memory.load(app).await?;
                tail
            }
        };
        memory.sweep(app.clock().now());
        tracing::info!(tickets = memory.index().len(), from, "duplicates are looked for among these");
        metrics::gauge!("suban_duplicates_ready_seconds", "from" => from).set(begun.elapsed().as_secs_f64());
        let (held, followed) = (memory.clone(), app.clone());
        app.tasks.spawn("memory", async move {
            held.follow(&followed, tail, kept).await;
            Ok::<_, Infallible>(())
        });
        Ok(memory)
    }

    /// Reads what is open and what was closed lately. While one page is read, the next comes from the database.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn load(&self, app: &App) -> Result<(), StoreError> {
        let pool = app.store.pool();
        let open = stream::try_unfold(None, |after| async move {
            let page = tables::open(pool, after, PAGE).await?;
            Ok(page.last().copied().map(|last| (page, Some(last))))
        });
        let left = self.0.keep.closed_tickets;
        let ended = stream::try_unfold((None, left), |(before, left)| async move {
            let page = tables::ended(pool, before, PAGE.min(left)).await?;
            Ok(page.last().copied().map(|last| (page, (Some(last), left.saturating_sub(PAGE)))))
        });
        let pages = open.chain(ended).map_ok(|page| self.read(app, page)).try_buffered(AT_ONCE);
        pages
            .try_for_each(|read| async {
                self.hold(read);
                Ok(())
            })
            .await
    }

    /// Reads tickets as they stand, those that were judged, each with when it ended.
    async fn read(&self, app: &App, ids: Vec<TicketId>) -> Result<Vec<(Asked, Option<At>)>, StoreError> {
        let tickets = app.store.load(&ids).await?;
        let mut judged: Vec<Ticket> = tickets.into_values().filter(|t| t.verdict.is_some()).collect();
        judged.sort_unstable_by_key(|t| (t.received_at, t.id));
        let ids: Vec<TicketId> = judged.iter().map(|t| t.id).collect();
        let ended: Vec<TicketId> = judged.iter().filter(|t| !t.state.is_open()).map(|t| t.id).collect();
        let told = app.store.told(&ids).await?;
        let ended = tables::ended_at(app.store.pool(), &ended).await?;
        let (memory, catalogue) = (self.clone(), app.catalogues.now());
        off_the_loop(move || {
            let catalogue = catalogue.as_ref().map(|f| &f.catalogue);
            let read =
                |t: &Ticket| Some((memory.reader().ticket(t, told.get(&t.id)?, catalogue), ended.get(&t.id).copied()));
            judged.iter().filter_map(read).collect()
        })
        .await
    }

    fn hold(&self, read: Vec<(Asked, Option<At>)>) {
        let mut index = self.index_mut();
        for (asked, ended) in read {
            // What it was found to repeat itself is a hint among many, and would take as long as judging it again.
            index.add(&asked.read, Verdict::default());
            if let Some(at) = ended {
                index.close(asked.read.facts.id, Some(seconds(at)));
            }
        }
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
        let told = app.store.told(&ids).await?;
        let (memory, catalogue, now) = (self.clone(), app.catalogues.now(), app.clock().now());
        off_the_loop(move || {
            tickets.sort_unstable_by_key(|t| (t.received_at, t.id));
            let (mut found, judging) = (HashMap::new(), memory.judging());
            for ticket in &tickets {
                let Some(told) = told.get(&ticket.id) else { continue };
                let asked = memory.reader().ticket(ticket, told, catalogue.as_ref().map(|f| &f.catalogue));
                let mut index = memory.index_mut();
                let judged = index.judge(&asked.read, seconds(now), judging.learned.model(asked.tongue));
                index.add(&asked.read, judged.verdict());
                let all = all_of.contains(&ticket.id);
                let alike = likely(&index, &judged.candidates, |other, probability| {
                    all || f64::from(probability) >= memory.suggest_from()
                        || judging.lots.falls_on_unlikely(ticket.id, other, probability, memory.suggest_from())
                });
                if !alike.is_empty() {
                    found.insert(ticket.id, alike);
                }
            }
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

    /// Hears what happens to tickets, in this process and in others, until the process stops; then, and now and again
    /// before, what is held is kept as a file.
    async fn follow(&self, app: &App, mut tail: Tail, kept: Option<Kept>) {
        let stop = app.tasks.stop();
        let mut sweep = tokio::time::interval(SWEEP);
        let every = kept.as_ref().map_or(Duration::MAX, |kept| kept.every);
        let mut saved = tokio::time::Instant::now();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = sweep.tick() => {
                    self.sweep(app.clock().now());
                    if let Err(error) = self.look(app).await {
                        tracing::warn!(%error, "by what is judged could not be looked up; it goes on as it was");
                    }
                }
                heard = tail.next() => {
                    while let Err(error) = self.hear(app, &heard).await {
                        if stop.is_cancelled() {
                            // The tail is further than what is held.
                            return;
                        }
                        tracing::warn!(%error, "what could be the same is not kept up; it is tried again");
                        tokio::time::sleep(AGAIN).await;
                    }
                    tokio::time::sleep(GATHER).await;
                }
            }
            if let Some(kept) = kept.as_ref().filter(|_| saved.elapsed() >= every) {
                kept.save(self, tail.heard()).await;
                saved = tokio::time::Instant::now();
            }
        }
        if let Some(kept) = &kept {
            kept.save(self, tail.heard()).await;
        }
    }

    async fn hear(&self, app: &App, heard: &[Message]) -> Result<(), StoreError> {
        let (mut anew, mut ended): (Vec<TicketId>, Vec<TicketId>) = (Vec::new(), Vec::new());
        {
            let index = self.index();
            for message in heard {
                let known = index.facts(id(message.ticket)).is_some();
                match message.kind.as_ref() {
                    // Judged here it is held already.
                    "judged" if known => {}
                    "judged" => anew.push(message.ticket),
                    "amended" | "supplemented" if known => anew.push(message.ticket),
                    "amended" | "supplemented" => {}
                    _ if known => ended.push(message.ticket),
                    _ => {}
                }
            }
        }
        anew.sort_unstable();
        anew.dedup();
        self.hold(self.read(app, anew).await?);
        let tickets = app.store.load(&ended).await?;
        let at: HashMap<TicketId, At> = heard.iter().map(|m| (m.ticket, m.at)).collect();
        let mut index = self.index_mut();
        for ticket in tickets.values() {
            let closed = (!ticket.state.is_open()).then(|| at.get(&ticket.id).map(|at| seconds(*at))).flatten();
            index.close(id(ticket.id), closed);
        }
        Ok(())
    }
}

/// How far judging looks, and where.
fn limits() -> Limits {
    Limits { within_node: true, ..Limits::default() }
}

/// A topic that was made a moment ago has no leader yet, and a broker may be starting: it is asked again for a while.
async fn once_there<T>(ask: impl AsyncFn() -> Result<T, BusError>) -> Result<T, BusError> {
    let begun = Instant::now();
    loop {
        match ask().await {
            Err(error) if begun.elapsed() < PATIENCE => {
                tracing::warn!(%error, "the ticket topic cannot be followed yet");
                tokio::time::sleep(AGAIN).await;
            }
            answered => return answered,
        }
    }
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
