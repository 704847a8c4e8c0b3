//! Tickets folded on as their messages arrive.
//!
//! Whoever follows the changes of every ticket would read a row for each of them, though the message says what
//! happened. Here the last tickets are remembered, each as its last message left it, and a message that is the next
//! one is applied; only what does not follow on what is known is read. The fold is the one that made the row.

use std::{
    collections::{HashMap, HashSet},
    ops::Deref,
    sync::Arc,
};

use suban_bus::Envelope;
use suban_domain::{Ticket, TicketId};
use suban_store::{Store, StoreError};
use tokio::sync::Mutex;

/// Tickets of a generation; as many again are kept of the one before. Some thirty megabytes when full.
const GENERATION: usize = 8_192;

/// Tickets as their last messages left them. Cheap to clone; one consumer uses it at a time.
#[derive(Debug, Clone, Default)]
pub struct Folded(Arc<Mutex<Known>>);

impl Folded {
    /// The ticket after each of these messages, in their order; it may be some changes further where it had to be
    /// read. `None` for a ticket that does not exist.
    ///
    /// # Errors
    /// When the database is away; what was known before is still known.
    pub async fn after_each<M: Deref<Target = Envelope>>(
        &self,
        store: &Store,
        messages: &[M],
    ) -> Result<Vec<Option<Arc<Ticket>>>, StoreError> {
        let mut known = self.0.lock().await;
        known.prepare(store, messages).await?;
        let mut after = Vec::with_capacity(messages.len());
        for message in messages {
            known.hear(store, message).await?;
            after.push(known.get(message.ticket));
        }
        Ok(after)
    }

    /// The tickets of these messages as the last one of each left them, or some changes further where they had to be
    /// read. One that does not exist is left out.
    ///
    /// # Errors
    /// When the database is away; what was known before is still known.
    pub async fn after<M: Deref<Target = Envelope>>(
        &self,
        store: &Store,
        messages: &[M],
    ) -> Result<HashMap<TicketId, Arc<Ticket>>, StoreError> {
        let mut known = self.0.lock().await;
        known.prepare(store, messages).await?;
        for message in messages {
            known.hear(store, message).await?;
        }
        let ids: HashSet<TicketId> = messages.iter().map(|message| message.ticket).collect();
        Ok(ids.into_iter().filter_map(|id| Some((id, known.get(id)?))).collect())
    }

    /// The same with the tickets as they were before, for those who only act on a difference.
    ///
    /// # Errors
    /// When the database is away; what was known before is still known.
    pub async fn steps<M: Deref<Target = Envelope>>(
        &self,
        store: &Store,
        messages: &[M],
    ) -> Result<HashMap<TicketId, Step>, StoreError> {
        let mut before = self.0.lock().await.before(messages.iter().map(Deref::deref));
        let after = self.after(store, messages).await?;
        Ok(after.into_iter().map(|(id, after)| (id, Step { before: before.remove(&id), after })).collect())
    }
}

/// A ticket before and after messages about it.
#[derive(Debug)]
pub struct Step {
    /// As the message before the first of these left it; none where that is not known for certain, as after a gap, a
    /// repeat or a start.
    pub before: Option<Arc<Ticket>>,
    /// As the last of them left it, or some changes further where it had to be read.
    pub after: Arc<Ticket>,
}

/// Two generations: who is asked for lives on in the young one, the old one is dropped whole.
#[derive(Debug, Default)]
struct Known {
    young: HashMap<TicketId, Arc<Ticket>>,
    old: HashMap<TicketId, Arc<Ticket>>,
}

impl Known {
    /// Reads what does not follow on what is known.
    async fn prepare<M: Deref<Target = Envelope>>(&mut self, store: &Store, messages: &[M]) -> Result<(), StoreError> {
        let missing = self.missing(messages.iter().map(Deref::deref));
        self.learn(store.load(&missing).await?.into_values());
        Ok(())
    }

    async fn hear(&mut self, store: &Store, message: &Envelope) -> Result<(), StoreError> {
        if !self.follow(message) {
            // It cannot be opened, or the fold does not take it: the row knows better.
            self.learn(store.load(&[message.ticket]).await?.into_values());
        }
        Ok(())
    }

    fn get(&mut self, id: TicketId) -> Option<Arc<Ticket>> {
        if let Some(ticket) = self.young.get(&id) {
            return Some(Arc::clone(ticket));
        }
        let ticket = self.old.remove(&id)?;
        self.put(Arc::clone(&ticket));
        Some(ticket)
    }

    fn put(&mut self, ticket: Arc<Ticket>) {
        if self.young.len() >= GENERATION && !self.young.contains_key(&ticket.id) {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&ticket.id);
        self.young.insert(ticket.id, ticket);
    }

    fn take(&mut self, id: TicketId) -> Option<Arc<Ticket>> {
        self.young.remove(&id).or_else(|| self.old.remove(&id))
    }

    fn version(&self, id: TicketId) -> Option<u32> {
        self.young.get(&id).or_else(|| self.old.get(&id)).map(|ticket| ticket.version)
    }

    /// The tickets that the first of these messages about each is the next one for.
    fn before<'a>(&self, messages: impl Iterator<Item = &'a Envelope>) -> HashMap<TicketId, Arc<Ticket>> {
        let (mut seen, mut before) = (HashSet::new(), HashMap::new());
        for message in messages.filter(|message| seen.insert(message.ticket)) {
            let known = self.young.get(&message.ticket).or_else(|| self.old.get(&message.ticket));
            if let Some(ticket) = known.filter(|ticket| ticket.version + 1 == message.version) {
                before.insert(message.ticket, Arc::clone(ticket));
            }
        }
        before
    }

    /// Tickets that have to be read before these messages can be followed.
    fn missing<'a>(&self, messages: impl Iterator<Item = &'a Envelope>) -> Vec<TicketId> {
        let mut reached: HashMap<TicketId, u32> = HashMap::new();
        let mut missing = HashSet::new();
        for message in messages {
            let version = reached.get(&message.ticket).copied().or_else(|| self.version(message.ticket)).unwrap_or(0);
            if message.version == version + 1 {
                reached.insert(message.ticket, message.version);
            } else if message.version > version || version == 0 {
                missing.insert(message.ticket);
            }
        }
        missing.into_iter().collect()
    }

    /// Tickets as they were read; one that is known further stays.
    fn learn(&mut self, read: impl Iterator<Item = Ticket>) {
        for ticket in read {
            if self.version(ticket.id).is_none_or(|version| version < ticket.version) {
                self.put(Arc::new(ticket));
            }
        }
    }

    /// Applies a message that is the next one; `false` where the ticket has to be read.
    fn follow(&mut self, message: &Envelope) -> bool {
        let version = self.version(message.ticket).unwrap_or(0);
        if message.version <= version {
            return true;
        }
        if message.version > version + 1 {
            return false;
        }
        let Ok(recorded) = message.recorded() else { return false };
        let next = match self.take(message.ticket) {
            Some(ticket) => Arc::unwrap_or_clone(ticket).apply(&recorded),
            None => Ticket::begin(&recorded),
        };
        match next {
            Ok(ticket) => {
                self.put(Arc::new(ticket));
                true
            }
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests;
