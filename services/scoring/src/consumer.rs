//! The event face: facts follow the tickets.
//!
//! A fact stands for a version of its ticket and only ever moves forward, so a repeated or reordered event changes
//! nothing, and a gap needs no filling: the ticket's row is the fold of every event up to its version.

use std::{collections::HashMap, sync::Arc};

use suban_bus::{Failure, Message};
use suban_domain::{Ticket, TicketId};
use suban_service::App;

use crate::{decide, tables};

/// Events after which no figure differs.
const SILENT: &[&str] = &["noted", "notice_sent", "judged", "survey_attempted"];

/// Brings the facts of the batch's tickets up to date.
///
/// # Errors
/// When the database is away: the batch comes again.
pub async fn count(app: &App, batch: &[Message]) -> Result<(), Failure> {
    let after = app.folded.after_each(&app.store, batch).await?;
    // The last one of each ticket is the one to count.
    let mut tickets: HashMap<TicketId, Arc<Ticket>> = HashMap::new();
    for (message, ticket) in batch.iter().zip(after) {
        if let Some(ticket) = ticket
            && (!SILENT.contains(&message.kind.as_ref()) || tickets.contains_key(&ticket.id))
        {
            tickets.insert(ticket.id, ticket);
        }
    }
    let mut rows = Vec::new();
    for ticket in tickets.values() {
        for fact in decide::facts(ticket) {
            rows.push(tables::Row::new(ticket, fact)?);
        }
    }
    tables::put(app.store.pool(), rows).await?;
    Ok(())
}
