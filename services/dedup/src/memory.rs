//! The tickets that a new one could be the same as, in memory (D§9.4).
//!
//! Every instance holds all of them, once each: those that are open and those that were closed lately, once they are
//! judged. A ticket that joined another in the same words is not held, for its master is. What is held is made of the
//! database at start and kept up by the ticket topic; losing it loses nothing.

use std::{
    borrow::Cow,
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::{Duration, Instant},
};

use suban_bus::{Kinds, Message, Tail};
use suban_domain::{At, Hash, Ticket, TicketId};
use suban_likeness::{
    Candidate, Features, Id, Index, Limits, Model, Read, Request, Seconds, Spot, Tongue, Verdict, model::Unsound, read,
};
use suban_runtime::settings::Duplicates;
use suban_service::App;
use suban_store::{StoreError, Told};
use suban_text::{
    Catalogue, Segmenter,
    extract::{Named, extract},
};
use uuid::Uuid;

use crate::tables;

/// Tickets read in one go.
const PAGE: i64 = 1000;
/// How often what is too old is let go.
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
const FOLLOWED: Kinds = Kinds::Only(&[
    "judged",
    "amended",
    "supplemented",
    "closed",
    "withdrawn",
    "rejected",
    "answered",
    "transferred_out",
    "returned_upstream",
    "reopened",
]);

/// What is held. Cheap to clone.
#[derive(Clone)]
pub struct Memory(Arc<Held>);

struct Held {
    index: RwLock<Index>,
    segmenter: Segmenter,
    models: [Model; 2],
    keep: Duplicates,
}

/// A ticket as it is compared: what was read of it, and the model of its language.
pub struct Asked {
    read: Read,
    tongue: Tongue,
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
    /// An empty one.
    ///
    /// # Errors
    /// Never, unless the models that ship are broken.
    pub fn new(keep: &Duplicates) -> Result<Self, Unsound> {
        Ok(Self(Arc::new(Held {
            index: RwLock::new(Index::new(keep.open_tickets, Limits { within_node: true, ..Limits::default() })),
            segmenter: Segmenter::default(),
            models: [Model::shipped(Tongue::Chinese)?, Model::shipped(Tongue::English)?],
            keep: keep.clone(),
        })))
    }

    /// Fills one from the database and keeps it up as long as the process lives.
    ///
    /// # Errors
    /// When Postgres or Kafka is away.
    pub(crate) async fn start(app: &App) -> Result<Self, suban_service::StartError> {
        let memory = Self::new(&app.settings.duplicates).map_err(broken)?;
        // What happens while the database is read is heard afterwards, and once more is harmless.
        let begun = Instant::now();
        let tail = loop {
            match Tail::tickets(&app.settings, FOLLOWED).await {
                Ok(tail) => break tail,
                // A topic that was made a moment ago has no leader yet.
                Err(error) if begun.elapsed() < PATIENCE => {
                    tracing::warn!(%error, "the ticket topic cannot be followed yet");
                    tokio::time::sleep(AGAIN).await;
                }
                Err(error) => return Err(error.into()),
            }
        };
        memory.load(app).await?;
        let (held, app, stop) = (memory.clone(), app.clone(), app.tasks.stop());
        app.tasks.clone().spawn("memory", async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = held.follow(&app, tail) => {}
            }
            Ok::<_, Infallible>(())
        });
        Ok(memory)
    }

    /// Reads what is open and what was closed lately.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn load(&self, app: &App) -> Result<(), StoreError> {
        let pool = app.store.pool();
        let mut after = None;
        while let page = tables::open(pool, after, PAGE).await?
            && let Some(last) = page.last()
        {
            after = Some(*last);
            self.hold_all(app, &page).await?;
        }
        let (mut before, mut left) = (None, self.0.keep.closed_tickets);
        while left > 0
            && let page = tables::ended(pool, before, PAGE.min(left)).await?
            && let Some(last) = page.last()
        {
            before = Some(*last);
            left -= PAGE;
            self.hold_all(app, &page).await?;
        }
        self.sweep(app.clock().now());
        tracing::info!(tickets = self.index().len(), "duplicates are looked for among these");
        Ok(())
    }

    /// Holds these as they stand, those that were judged.
    async fn hold_all(&self, app: &App, ids: &[TicketId]) -> Result<(), StoreError> {
        let tickets = app.store.load(ids).await?;
        let mut judged: Vec<Ticket> = tickets.into_values().filter(|t| t.verdict.is_some()).collect();
        judged.sort_unstable_by_key(|t| (t.received_at, t.id));
        let ids: Vec<TicketId> = judged.iter().map(|t| t.id).collect();
        let ended: Vec<TicketId> = judged.iter().filter(|t| !t.state.is_open()).map(|t| t.id).collect();
        let told = app.store.told(&ids).await?;
        let ended = tables::ended_at(app.store.pool(), &ended).await?;
        let (memory, catalogue) = (self.clone(), app.catalogues.now());
        off_the_loop(move || {
            for ticket in &judged {
                let Some(told) = told.get(&ticket.id) else { continue };
                let asked = memory.asked(ticket, told, catalogue.as_ref().map(|f| &f.catalogue));
                let mut index = memory.index_mut();
                // What it was found to repeat itself is a hint among many, and would take as long as judging it again.
                index.add(&asked.read, Verdict::default());
                if let Some(at) = ended.get(&ticket.id) {
                    index.close(id(ticket.id), Some(seconds(*at)));
                }
            }
        })
        .await
    }

    /// Judges tickets in the order in which they were received, and holds each before the next is judged.
    ///
    /// # Errors
    /// When Postgres is away.
    pub(crate) async fn judge(
        &self,
        app: &App,
        tickets: Vec<Ticket>,
    ) -> Result<HashMap<TicketId, Vec<Alike>>, StoreError> {
        let ids: Vec<TicketId> = tickets.iter().map(|t| t.id).collect();
        let told = app.store.told(&ids).await?;
        let (memory, catalogue, now) = (self.clone(), app.catalogues.now(), app.clock().now());
        off_the_loop(move || {
            let mut tickets = tickets;
            tickets.sort_unstable_by_key(|t| (t.received_at, t.id));
            let mut found = HashMap::new();
            for ticket in &tickets {
                let Some(told) = told.get(&ticket.id) else { continue };
                let asked = memory.asked(ticket, told, catalogue.as_ref().map(|f| &f.catalogue));
                let mut index = memory.index_mut();
                let judged = index.judge(&asked.read, seconds(now), memory.model(asked.tongue));
                index.add(&asked.read, judged.verdict());
                let alike = memory.likely(&index, &judged.candidates);
                if !alike.is_empty() {
                    found.insert(ticket.id, alike);
                }
            }
            found
        })
        .await
    }

    /// What words could be the same as that are no ticket yet; nothing is held.
    pub(crate) async fn ask(&self, asked: Asked, now: At) -> Result<Vec<Alike>, StoreError> {
        let memory = self.clone();
        off_the_loop(move || {
            let index = memory.index();
            let judged = index.judge(&asked.read, seconds(now), memory.model(asked.tongue));
            memory.likely(&index, &judged.candidates)
        })
        .await
    }

    fn likely(&self, index: &Index, candidates: &[Candidate]) -> Vec<Alike> {
        let from = self.0.keep.suggest_from as f32;
        let likely = candidates.iter().filter(|c| c.probability >= from).take(LOOKED_AT);
        likely
            .map(|c| Alike {
                ticket: TicketId::new(Uuid::from_u128(c.id)),
                probability: c.probability,
                features: c.features,
                closed_at: index.facts(c.id).and_then(|f| f.closed_at).map(|at| At::from_micros(at * 1_000_000)),
            })
            .collect()
    }

    /// How one ticket stands to an earlier one, and by which model that is weighed.
    pub(crate) fn beside(&self, new: &Asked, earlier: &Asked, now: At) -> (Features, &Model) {
        let found =
            self.index().compared(&new.read, seconds(now)).into_iter().find(|(id, _)| *id == earlier.read.facts.id);
        let features = found.map_or_else(|| self.index().beside(&new.read, &earlier.read, seconds(now)), |(_, of)| of);
        (features, self.model(new.tongue))
    }

    /// Reads a ticket.
    pub(crate) fn asked(&self, ticket: &Ticket, told: &Told, catalogue: Option<&Catalogue>) -> Asked {
        self.asked_of(
            &Request {
                id: id(ticket.id),
                reported_at: seconds(ticket.reported_at),
                spot: ticket.point.and_then(|p| Spot::new(p.lat, p.lon)),
                area: ticket.area.as_ref().map_or("", |a| a.as_str()),
                category: ticket.matter.as_ref().map_or("", |m| m.as_str()),
                ..Request::default()
            },
            told,
            catalogue,
        )
    }

    /// Reads words that somebody told, beside what else is known of them.
    pub(crate) fn asked_of(&self, known: &Request<'_>, told: &Told, catalogue: Option<&Catalogue>) -> Asked {
        let person = told.phone.as_ref().map_or_else(String::new, |Hash(hash)| hex(hash));
        let row = known.category.parse().ok().and_then(|code| catalogue?.matter(&code));
        let above = row.map_or_else(String::new, |row| format!("{}/{}", row.level1, row.level2));
        let address = address(told);
        let request = Request {
            title: &told.title,
            text: &told.words,
            address: &address,
            parent_category: &above,
            requester: &person,
            ..*known
        };
        Asked { read: read(&self.0.segmenter, &request), tongue: Tongue::of([told.words.as_str()]) }
    }

    /// The model of the language that somebody spoke.
    pub(crate) fn model_of(&self, told: &Told) -> &Model {
        self.model(Tongue::of([told.words.as_str()]))
    }

    fn model(&self, tongue: Tongue) -> &Model {
        let [chinese, english] = &self.0.models;
        match tongue {
            Tongue::Chinese => chinese,
            Tongue::English => english,
        }
    }

    fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.0.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.0.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many tickets are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index().len()
    }

    /// Is none held?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn sweep(&self, now: At) {
        let before = |days: u32| seconds(now) - Seconds::from(days) * 24 * 3600;
        let mut index = self.index_mut();
        index.expire(before(self.0.keep.closed_days), before(self.0.keep.open_days));
        metrics::gauge!("suban_duplicates_held").set(index.len() as f64);
    }

    /// Hears what happens to tickets, in this process and in others.
    async fn follow(&self, app: &App, mut tail: Tail) {
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            tokio::select! {
                _ = sweep.tick() => self.sweep(app.clock().now()),
                heard = tail.next() => {
                    while let Err(error) = self.hear(app, &heard).await {
                        tracing::warn!(%error, "what could be the same is not kept up; it is tried again");
                        tokio::time::sleep(AGAIN).await;
                    }
                    tokio::time::sleep(GATHER).await;
                }
            }
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
        if !anew.is_empty() {
            self.hold_all(app, &anew).await?;
        }
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

pub(crate) fn broken(model: Unsound) -> StoreError {
    StoreError::Damaged { what: "model of likeness", problem: model.to_string() }
}

/// Runs what keeps a core busy where it does not keep the connections waiting.
async fn off_the_loop<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| StoreError::Damaged { what: "judgement", problem: e.to_string() })
}

/// The place as it was said; where that has no number, the first road with a number in the words, if there is one.
fn address(told: &Told) -> Cow<'_, str> {
    if !told.place.contains(|c: char| c.is_ascii_digit()) {
        let found = extract(&told.words);
        let mut road = None;
        for mention in &found.mentions {
            match (mention.named, road) {
                (Named::Road, _) => road = Some(&mention.name),
                (Named::HouseNumber, Some(road)) if told.words.is_ascii() => {
                    return format!("{} {road}", mention.name).into();
                }
                (Named::HouseNumber, Some(road)) => return format!("{road}{}号", mention.name).into(),
                _ => {}
            }
        }
    }
    Cow::Borrowed(&told.place)
}

fn id(ticket: TicketId) -> Id {
    ticket.uuid().as_u128()
}

fn seconds(at: At) -> Seconds {
    at.micros().div_euclid(1_000_000)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_house_is_found_where_it_was_said() {
        let told = |place: &str, words: &str| Told { place: place.into(), words: words.into(), ..Told::default() };
        let words = "望潮社区潮音路12号附近护栏损坏,已经三天了";
        assert_eq!(address(&told("望潮社区潮音路77号", words)), "望潮社区潮音路77号");
        assert_eq!(address(&told("望潮社区", words)), "潮音路12号");
        assert_eq!(address(&told("望潮社区", "护栏损坏,已经三天了")), "望潮社区");
    }
}
