//! The whole file of a ticket (D§14 Inspection): words, every step with who, when and why, clocks, contacts, replies,
//! survey, which photographs and documents came, merges, the reasons of its dispatches, and who looked at it.
//!
//! A [`CaseFile`] is a plain value, put together by a pure function from rows and shown by another one, [`html`]. It
//! holds the masked words only; the requester and the words as they were said come into it through
//! [`gather_revealed`] alone, one ticket at a time, for a role that may see them and with a reason (R-SEC-2). Whoever
//! asks is written down before anything is read (R-SEC-6). A ticket that the caller may not read in full has no file
//! for them: half a file would look like a whole one.
//!
//! Rows are read for many tickets at once: seven questions and the audit's insert, however many there are.

mod build;
pub mod html;
mod value;

use std::collections::{HashMap, HashSet};

use suban_domain::{FoldError, Recorded, TextId, Ticket, TicketId, TicketNumber};
use suban_runtime::access::{Caller, policy::Denial, policy::Reading};
use suban_store::{
    Store, StoreError, StoredText,
    attachments::Attachment,
    audit::{Act, Audited},
    contacts::Contact,
    texts::Person,
};

use crate::{Catalogues, InForce, clocks::local, view};
pub use value::*;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The database is away or a row is damaged.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The caller may not read it, or not all of it.
    #[error("ticket {number}: {why}")]
    Denied {
        /// Which.
        number: TicketNumber,
        /// Why not.
        why: Denial,
    },
    /// The caller reads the outline only, and a file is everything.
    #[error("ticket {number}: the role {role} reads its outline only, and a file holds everything")]
    OutlineOnly {
        /// Which.
        number: TicketNumber,
        /// In which role.
        role: suban_domain::Role,
    },
    /// Its log does not fold.
    #[error("ticket {number}: {problem}")]
    Log {
        /// Which.
        number: TicketNumber,
        /// Why not.
        problem: FoldError,
    },
}

/// The reasons kept of dispatches that needed nobody, by ticket; dispatch has them.
pub type Decisions = HashMap<TicketId, Vec<Decided>>;

/// May the caller have this ticket's file?
///
/// # Errors
/// Why not.
pub fn may_have(caller: &Caller, ticket: &Ticket) -> Result<(), FileError> {
    match view::reading(caller, ticket) {
        Ok(Reading::Full) => Ok(()),
        Ok(Reading::Outline) => Err(FileError::OutlineOnly { number: ticket.number.clone(), role: caller.actor.role }),
        Err(why) => Err(FileError::Denied { number: ticket.number.clone(), why }),
    }
}

/// The files of several tickets, masked, in their order. Written down for each before anything is read.
///
/// # Errors
/// For the first ticket whose file the caller may not have; when Postgres is away or a row is damaged.
pub async fn gather(
    store: &Store,
    caller: &Caller,
    tickets: &[Ticket],
    why: &str,
    decisions: &Decisions,
) -> Result<Vec<CaseFile>, FileError> {
    for ticket in tickets {
        may_have(caller, ticket)?;
    }
    let ids: Vec<TicketId> = tickets.iter().map(|t| t.id).collect();
    store.audit_all(&caller.actor, Act::ViewFile, &ids, why).await?;
    let rows = Rows::read(store, &ids).await?;
    tickets.iter().map(|ticket| file(store, caller, ticket, why, &rows, decisions, None)).collect()
}

/// The file of one ticket with the requester and the words as they were said. Each look is written down.
///
/// # Errors
/// When the caller may not see them, without a reason, and as [`gather`].
pub async fn gather_revealed(
    store: &Store,
    caller: &Caller,
    ticket: &Ticket,
    why: &str,
    decisions: &Decisions,
) -> Result<CaseFile, FileError> {
    may_have(caller, ticket)?;
    view::revealing(caller, ticket, why).map_err(|why| FileError::Denied { number: ticket.number.clone(), why })?;
    store.audit_all(&caller.actor, Act::ViewFile, &[ticket.id], why).await?;
    let before = store.texts_of(&[ticket.id]).await?;
    let mut clear = Clear::default();
    for text in before.iter().filter(|t| t.masked.is_some()) {
        let words = store.reveal_text(&caller.actor, text.id, why).await?;
        clear.words.insert(text.id, words.as_str().to_owned());
    }
    if let Some(requester) = ticket.requester {
        match store.reveal_person(&caller.actor, requester, Some(ticket.id), why).await {
            Ok(person) => clear.person = Some(person),
            // Erased: the file says that somebody was there.
            Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let rows = Rows::read(store, &[ticket.id]).await?;
    file(store, caller, ticket, why, &rows, decisions, Some(&clear))
}

/// What was revealed.
#[derive(Default)]
struct Clear {
    person: Option<Person>,
    words: HashMap<TextId, String>,
}

/// What the files of some tickets are made of.
struct Rows {
    logs: HashMap<TicketId, Vec<Recorded>>,
    texts: HashMap<TicketId, Vec<StoredText>>,
    contacts: HashMap<TicketId, Vec<Contact>>,
    attachments: HashMap<TicketId, Vec<Attachment>>,
    audits: HashMap<TicketId, Vec<Audited>>,
    numbers: HashMap<TicketId, String>,
    catalogue: Option<std::sync::Arc<InForce>>,
}

impl Rows {
    async fn read(store: &Store, ids: &[TicketId]) -> Result<Self, StoreError> {
        let whole: Vec<(TicketId, u32)> = ids.iter().map(|id| (*id, 0)).collect();
        let logs = by_ticket(store.logs(&whole).await?, |event| Some(event.ticket));
        let others: HashSet<TicketId> = logs.values().flatten().flat_map(build::related).collect();
        let others: Vec<TicketId> = others.into_iter().collect();
        let numbers = store.load(&others).await?.into_iter().map(|(id, t)| (id, t.number.to_string())).collect();
        Ok(Self {
            logs,
            texts: by_ticket(store.texts_of(ids).await?, |text| Some(text.ticket)),
            contacts: store.contacts_of_all(ids).await?,
            attachments: by_ticket(store.attachments_of(ids).await?, |file| Some(file.ticket)),
            audits: by_ticket(store.audits_of(ids).await?, |audited| audited.ticket),
            numbers,
            catalogue: Catalogues::once(store).await?,
        })
    }
}

fn by_ticket<T>(rows: Vec<T>, of: impl Fn(&T) -> Option<TicketId>) -> HashMap<TicketId, Vec<T>> {
    let mut sorted: HashMap<TicketId, Vec<T>> = HashMap::new();
    for row in rows {
        if let Some(ticket) = of(&row) {
            sorted.entry(ticket).or_default().push(row);
        }
    }
    sorted
}

fn file(
    store: &Store,
    caller: &Caller,
    ticket: &Ticket,
    why: &str,
    rows: &Rows,
    decisions: &Decisions,
    clear: Option<&Clear>,
) -> Result<CaseFile, FileError> {
    fn of<T>(rows: &HashMap<TicketId, Vec<T>>, id: TicketId) -> &[T] {
        rows.get(&id).map_or(&[], Vec::as_slice)
    }
    let now = store.clock().now();
    let mask = view::mask(caller, ticket);
    let parts = build::Parts {
        ticket,
        log: of(&rows.logs, ticket.id),
        texts: of(&rows.texts, ticket.id),
        contacts: of(&rows.contacts, ticket.id),
        attachments: of(&rows.attachments, ticket.id),
        audits: of(&rows.audits, ticket.id),
        decisions: of(decisions, ticket.id),
        numbers: &rows.numbers,
        catalogue: rows.catalogue.as_ref().map(|in_force| &in_force.catalogue),
        zone: store.zone(),
        now,
        mask,
        clear,
        printed: Printed {
            at: local(store.zone(), now),
            by: caller.actor.person.to_string(),
            role: Named::of(caller.actor.role.zh(), caller.actor.role.code()),
            reason: suban_text::mask(why, &suban_text::OwnValues::default()).text,
            revealed: clear.is_some(),
        },
    };
    build::case_file(parts).map_err(|problem| FileError::Log { number: ticket.number.clone(), problem })
}

#[cfg(test)]
mod tests;
