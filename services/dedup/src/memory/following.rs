//! How a memory is filled and kept up: from a file or the database at start, then by the ticket topic and by what is
//! written beside it.

use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
    time::{Duration, Instant},
};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use suban_bus::{BusError, Kinds, Message, Tail};
use suban_domain::{At, Ticket, TicketId};
use suban_likeness::Verdict;
use suban_service::{App, StartError};
use suban_store::StoreError;
use tokio_util::sync::CancellationToken;

use super::{Asked, Memory, Sayings, beside::Beside, id, kept::Kept, likely, off_the_loop, seconds};
use crate::{
    Judge,
    consumer::ask_again,
    tables::{self, pictures},
};

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
/// How often it is looked what no event tells.
const LOOK: Duration = Duration::from_secs(2);

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
pub(super) const FOLLOWED_KINDS: Kinds = Kinds::Only(FOLLOWED);
/// Of these, the events that end a ticket, or may.
pub(crate) const ENDINGS: &[&str] = FOLLOWED.split_at(5).1;

impl Memory {
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
        let (tail, mut beside) = match restored {
            Some((tail, picture)) => (tail, Beside::from(picture)),
            None => {
                let beside = Beside::from(pictures::last(app.store.pool()).await?);
                // What happens while the database is read is heard afterwards, and once more is harmless.
                let tail = once_there(async || Tail::tickets(&app.settings, FOLLOWED_KINDS).await).await?;
                memory.load(app).await?;
                (tail, beside)
            }
        };
        beside.look(app, &memory).await?;
        memory.sweep(app.clock().now());
        tracing::info!(tickets = memory.index().len(), from, "duplicates are looked for among these");
        metrics::gauge!("suban_duplicates_ready_seconds", "from" => from).set(begun.elapsed().as_secs_f64());
        let (held, followed) = (memory.clone(), app.clone());
        app.tasks.spawn("memory", async move {
            held.follow(&followed, tail, beside, kept).await;
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
    pub(super) async fn read(&self, app: &App, ids: Vec<TicketId>) -> Result<Vec<(Asked, Option<At>)>, StoreError> {
        let tickets = app.store.load(&ids).await?;
        let mut judged: Vec<Ticket> = tickets.into_values().filter(|t| t.verdict.is_some()).collect();
        judged.sort_unstable_by_key(|t| (t.received_at, t.id));
        let ids: Vec<TicketId> = judged.iter().map(|t| t.id).collect();
        let ended: Vec<TicketId> = judged.iter().filter(|t| !t.state.is_open()).map(|t| t.id).collect();
        let said = Sayings::of(app, &ids).await?;
        let ended = tables::ended_at(app.store.pool(), &ended).await?;
        let (memory, catalogue) = (self.clone(), app.catalogues.now());
        off_the_loop(move || {
            let catalogue = catalogue.as_ref().map(|f| &f.catalogue);
            let read = |t: &Ticket| {
                let (told, pictures) = said.of_ticket(t.id)?;
                Some((memory.reader().ticket(t, told, pictures, catalogue), ended.get(&t.id).copied()))
            };
            judged.iter().filter_map(read).collect()
        })
        .await
    }

    pub(super) fn hold(&self, read: Vec<(Asked, Option<At>)>) {
        let mut index = self.index_mut();
        for (asked, ended) in read {
            // What it was found to repeat itself is a hint among many, and would take as long as judging it again.
            index.add(&asked.read, Verdict::default());
            if let Some(at) = ended {
                index.close(asked.read.facts.id, Some(seconds(at)));
            }
        }
    }

    /// Hears what happens to tickets, in this process and in others, until the process stops; then, and now and again
    /// before, what is held is kept as a file.
    async fn follow(&self, app: &App, mut tail: Tail, mut beside: Beside, kept: Option<Kept>) {
        let stop = app.tasks.stop();
        let (mut sweep, mut look) = (tokio::time::interval(SWEEP), tokio::time::interval(LOOK));
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
                _ = look.tick() => {
                    if let Err(error) = beside.look(app, self).await {
                        tracing::warn!(%error, "what no event tells could not be looked up; it is tried again");
                    }
                }
                heard = tail.next() => {
                    let overlooked = loop {
                        match self.hear(app, &heard).await {
                            Ok(overlooked) => break overlooked,
                            Err(error) => {
                                if !may_try_again(error, &stop).await {
                                    // The tail is further than what is held.
                                    return;
                                }
                            }
                        }
                    };
                    while let Err(error) = self.judge_again(app, &overlooked).await {
                        if !may_try_again(error, &stop).await {
                            break;
                        }
                    }
                    tokio::time::sleep(GATHER).await;
                }
            }
            // Nobody's erased words stand in the file any longer than it takes to write it anew.
            if let Some(kept) = kept.as_ref().filter(|_| saved.elapsed() >= every || beside.unsaved) {
                beside.unsaved = !kept.save(self, tail.heard(), beside.picture).await;
                saved = tokio::time::Instant::now();
            }
        }
        if let Some(kept) = &kept {
            kept.save(self, tail.heard(), beside.picture).await;
        }
    }

    /// Hears what happened; answers tickets that were judged here and may be like an earlier one that was judged elsewhere
    /// at the same time.
    pub(super) async fn hear(&self, app: &App, heard: &[Message]) -> Result<Vec<TicketId>, StoreError> {
        let (mut judged, mut anew, mut ended) = (Vec::new(), Vec::new(), Vec::new());
        {
            let index = self.index();
            for message in heard {
                let known = index.facts(id(message.ticket)).is_some();
                match message.kind.as_ref() {
                    // Judged here it is held already.
                    "judged" if known => {}
                    "judged" => judged.push(message.ticket),
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
        {
            let mut index = self.index_mut();
            for ticket in tickets.values() {
                let closed = (!ticket.state.is_open()).then(|| at.get(&ticket.id).map(|at| seconds(*at))).flatten();
                index.close(id(ticket.id), closed);
            }
        }
        let elsewhere = self.read(app, judged).await?;
        let (memory, now) = (self.clone(), app.clock().now());
        off_the_loop(move || {
            let overlooked = memory.overlooked(elsewhere.iter().map(|(asked, _)| asked), now);
            memory.hold(elsewhere);
            overlooked
        })
        .await
    }

    /// Tickets that were judged here a moment ago, came later than one of these and may be like it: neither judgement
    /// knew of the other (decision 23). The one that came later is compared once more, by who judged it.
    fn overlooked<'a>(&self, elsewhere: impl Iterator<Item = &'a Asked>, now: At) -> Vec<TicketId> {
        let (judging, mut overlooked) = (self.judging(), BTreeSet::new());
        let index = self.index();
        for asked in elsewhere {
            let later = self.0.fresh.later_neighbours(&asked.read.facts);
            if later.is_empty() {
                continue;
            }
            let judged = index.judge(&asked.read, seconds(now), judging.learned.model(asked.tongue));
            // Seen from the other side it may be a little likelier.
            let possible =
                |other: TicketId, p: f32| later.contains(&id(other)) && f64::from(p) >= self.suggest_from() / 2.0;
            overlooked.extend(likely(&index, &judged.candidates, possible).into_iter().map(|alike| alike.ticket));
        }
        metrics::counter!("suban_judged_again_total").increment(overlooked.len() as u64);
        overlooked.into_iter().collect()
    }

    /// Judges tickets once more; what is likely now is put before a person.
    async fn judge_again(&self, app: &App, tickets: &[TicketId]) -> Result<(), StoreError> {
        if tickets.is_empty() {
            return Ok(());
        }
        let judge = Judge { app: app.clone(), memory: self.clone() };
        ask_again(&judge, app.store.load(tickets).await?.into_values()).await
    }
}

/// Waits a moment before another try; false when the process stops.
async fn may_try_again(error: StoreError, stop: &CancellationToken) -> bool {
    if stop.is_cancelled() {
        return false;
    }
    tracing::warn!(%error, "what could be the same is not kept up; it is tried again");
    tokio::time::sleep(AGAIN).await;
    true
}

/// A topic that was made a moment ago has no leader yet, and a broker may be starting: it is asked again for a while.
pub(super) async fn once_there<T>(ask: impl AsyncFn() -> Result<T, BusError>) -> Result<T, BusError> {
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
