//! What a ticket is called on a line of a list: its latest title, or else the beginning of the citizen's words,
//! masked either way.

use std::collections::HashMap;

use suban_domain::TicketId;
use suban_store::{StoredText, texts::TextKind};
use tonic::Status;

use crate::{App, status};

/// Characters of the words that stand for a title.
const BEGINNING: usize = 40;

impl App {
    /// The titles of these tickets; an erased one has none.
    ///
    /// # Errors
    /// `UNAVAILABLE` when Postgres is away.
    pub async fn titles(&self, tickets: &[TicketId]) -> Result<HashMap<TicketId, String>, Status> {
        let mut titles = HashMap::with_capacity(tickets.len());
        for text in self.store.texts_of(tickets).await.map_err(|e| status(&e))? {
            add(&mut titles, text);
        }
        Ok(titles)
    }
}

fn add(titles: &mut HashMap<TicketId, String>, text: StoredText) {
    let Some(masked) = text.masked else { return };
    match text.kind {
        TextKind::Title => {
            titles.insert(text.ticket, masked);
        }
        TextKind::CitizenWords => {
            titles.entry(text.ticket).or_insert_with(|| masked.chars().take(BEGINNING).collect());
        }
        TextKind::Place
        | TextKind::Supplement
        | TextKind::Reply
        | TextKind::Internal
        | TextKind::Evidence
        | TextKind::Remark
        | TextKind::Note
        | TextKind::Reason
        | TextKind::Taker
        | TextKind::Answer
        | TextKind::CopiedReply => {}
    }
}
