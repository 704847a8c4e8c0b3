//! The index of tickets, kept up behind the database.
//!
//! It is made of the database and follows the ticket topic; losing it loses nothing. At start it is compared with the
//! database by each ticket's version, newest first, and what differs is read: all of it for an empty index, what was
//! missed for one that lay in a folder. It works a small share of the time, so that a storm of tickets is dispatched
//! first and found a little later.

use std::{
    collections::{BTreeSet, HashSet},
    convert::Infallible,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures::FutureExt as _;
use suban_bus::{BusError, Kinds, Tail};
use suban_domain::TicketId;
use suban_runtime::errors;
use suban_search::{Document, Index, IndexError};
use suban_service::App;
use suban_store::StoreError;
use tonic::Status;
use uuid::Uuid;

use crate::tables;

/// Between two tries while the folder, Kafka or Postgres is away.
const AGAIN: Duration = Duration::from_secs(1);
/// What happened is gathered for so long: a ticket that is received, judged and dispatched is read once.
const GATHER: Duration = Duration::from_secs(2);
/// It rests so many times as long as it works: a tenth of the time of one core at most, whatever arrives and however
/// much there is to fill.
const REST: u32 = 9;
/// Tickets of one round at most.
const ROUND: usize = 20_000;
/// Tickets read and written at once.
const AT_ONCE: usize = 500;
/// Versions compared between two rests.
const PAGE: i64 = 2000;
/// How often it is asked who was erased. Erased words are shown to nobody meanwhile: each hit is looked at again.
const ERASED: Duration = Duration::from_secs(60);

/// What keeps the index up could not go on.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error("a task of it did not end: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// The index of tickets, where there is one. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Finder(Arc<Held>);

struct Held {
    index: RwLock<Option<Arc<Index>>>,
    filling: AtomicBool,
}

impl Finder {
    /// Starts what opens, fills and keeps up the index, as a task of this process. Nothing waits for it.
    pub(crate) fn start(app: &App) -> Self {
        let finder = Self(Arc::new(Held { index: RwLock::new(None), filling: AtomicBool::new(true) }));
        let (app, keeping, stop) = (app.clone(), finder.clone(), app.tasks.stop());
        app.tasks.clone().spawn("search", async move {
            tokio::select! {
                () = stop.cancelled() => Ok::<_, Infallible>(()),
                () = keeping.keep(&app) => Ok(()),
            }
        });
        finder
    }

    /// The index.
    ///
    /// # Errors
    /// `UNAVAILABLE` while it is being opened.
    pub(crate) fn index(&self) -> Result<Arc<Index>, Status> {
        self.held().ok_or_else(|| errors::unavailable("the search index is being opened; ask again", AGAIN))
    }

    /// Are there tickets that are not held, or not yet?
    pub(crate) fn is_filling(&self) -> bool {
        self.0.filling.load(Ordering::Relaxed)
    }

    fn held(&self) -> Option<Arc<Index>> {
        self.0.index.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self, index: Option<Arc<Index>>) {
        *self.0.index.write().unwrap_or_else(PoisonError::into_inner) = index;
    }

    async fn keep(&self, app: &App) {
        loop {
            let Err(trouble) = self.keep_up(app).await;
            self.0.filling.store(true, Ordering::Relaxed);
            tracing::warn!(%trouble, "the search index is not kept up; it is tried again");
            if matches!(trouble, Trouble::Index(_) | Trouble::Task(_)) {
                // An engine that failed once writes no more.
                self.hold(None);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn keep_up(&self, app: &App) -> Result<Infallible, Trouble> {
        let index = match self.held() {
            Some(index) => index,
            None => {
                let folder = app.settings.search.folder.clone();
                let open = move || folder.map_or_else(Index::in_memory, |folder| Index::in_folder(&folder));
                Arc::new(tokio::task::spawn_blocking(open).await??)
            }
        };
        self.hold(Some(index.clone()));
        // What happens while the database is compared is heard afterwards, and once more is harmless.
        let mut tail = Tail::tickets(&app.settings, Kinds::AllBut(&[])).await?;
        let at_most = match app.settings.search.folder {
            Some(_) => usize::MAX,
            None => app.settings.search.tickets_in_memory,
        };
        let whole = fill(app, &index, at_most).await?;
        let mut forgotten = Forgotten::default();
        forgotten.look(app, &index).await?;
        self.0.filling.store(!whole, Ordering::Relaxed);
        tracing::info!(tickets = index.len(), "tickets are searched among these");
        if !whole {
            tracing::warn!(at_most, "there are older tickets that no search finds: search.folder has room for all");
        }
        let mut erased = tokio::time::interval(ERASED);
        loop {
            let heard = tokio::select! {
                _ = erased.tick() => {
                    forgotten.look(app, &index).await?;
                    continue;
                }
                heard = tail.next() => heard,
            };
            tokio::time::sleep(GATHER).await;
            let began = Instant::now();
            let mut changed: BTreeSet<TicketId> = heard.iter().map(|m| m.ticket).collect();
            while changed.len() < ROUND
                && let Some(more) = tail.next().now_or_never()
            {
                changed.extend(more.iter().map(|m| m.ticket));
            }
            write(app, &index, &changed.into_iter().collect::<Vec<_>>()).await?;
            commit(&index).await?;
            tokio::time::sleep(began.elapsed() * REST).await;
        }
    }
}

/// Compares what is held with the database, newest first, and reads what differs of so many tickets. Answers whether
/// these were all.
async fn fill(app: &App, index: &Arc<Index>, at_most: usize) -> Result<bool, Trouble> {
    let comparing = index.clone();
    let known = tokio::task::spawn_blocking(move || comparing.known()).await??;
    let mut gone: HashSet<TicketId> = known.ids().collect();
    let (mut before, mut looked_at) = (None, 0);
    while looked_at < at_most {
        let began = Instant::now();
        let page = tables::versions(app.store.pool(), before, PAGE).await?;
        let Some((last, _)) = page.last() else {
            // A database that was restored from a backup knows less.
            index.forget(gone);
            commit(index).await?;
            return Ok(true);
        };
        before = Some(*last);
        looked_at += page.len();
        for (id, _) in &page {
            gone.remove(id);
        }
        let differs = |(id, version): &(TicketId, u32)| known.version(*id) != Some(*version);
        let missed: Vec<TicketId> = page.iter().filter(|one| differs(one)).map(|(id, _)| *id).collect();
        if !missed.is_empty() {
            write(app, index, &missed).await?;
            commit(index).await?;
        }
        tokio::time::sleep(began.elapsed() * REST).await;
    }
    Ok(false)
}

/// Who was erased already.
#[derive(Default)]
struct Forgotten(Vec<Uuid>);

impl Forgotten {
    /// Writes the tickets of who was erased since without their words.
    async fn look(&mut self, app: &App, index: &Arc<Index>) -> Result<(), Trouble> {
        let erased = app.store.erased_but(&self.0).await?;
        for some in erased.chunks(AT_ONCE) {
            write(app, index, &app.store.tickets_of(some).await?).await?;
            commit(index).await?;
            self.0.extend(some);
        }
        Ok(())
    }
}

/// Reads these tickets as they stand and writes them.
async fn write(app: &App, index: &Arc<Index>, ids: &[TicketId]) -> Result<(), Trouble> {
    for some in ids.chunks(AT_ONCE) {
        let tickets = app.store.load(some).await?;
        let told = app.store.told(some).await?;
        metrics::counter!("suban_search_written_total").increment(tickets.len() as u64);
        let index = index.clone();
        tokio::task::spawn_blocking(move || {
            index.write(tickets.values().map(|ticket| {
                let document = Document::of(ticket);
                let Some(told) = told.get(&ticket.id) else { return document };
                let place = if ticket.flags.confidential { "" } else { &told.place };
                document.telling(&told.title, &told.words, place).phoned_by(told.phone)
            }))
        })
        .await??;
    }
    Ok(())
}

async fn commit(index: &Arc<Index>) -> Result<(), Trouble> {
    let committing = index.clone();
    tokio::task::spawn_blocking(move || committing.commit()).await??;
    metrics::gauge!("suban_search_held").set(index.len() as f64);
    Ok(())
}
