//! The event face: facts follow the tickets.
//!
//! A fact stands for a version of its ticket and only ever moves forward, so a repeated or reordered event changes
//! nothing, and a gap needs no filling: the ticket's row is the fold of every event up to its version.

use std::collections::HashSet;

use suban_bus::{Failure, Message};
use suban_domain::TicketId;
use suban_service::App;

use crate::{decide, tables};

/// Events after which no figure differs.
const SILENT: &[&str] = &["noted", "notice_sent", "judged", "survey_attempted"];

/// Brings the facts of the batch's tickets up to date.
///
/// # Errors
/// When the database is away: the batch comes again.
pub async fn count(app: &App, batch: &[Message]) -> Result<(), Failure> {
    let mut tickets = app.folded.after(&app.store, batch).await?;
    let counted: HashSet<TicketId> =
        batch.iter().filter(|message| !SILENT.contains(&message.kind.as_ref())).map(|message| message.ticket).collect();
    tickets.retain(|id, _| counted.contains(id));
    let mut rows = Vec::new();
    for ticket in tickets.values() {
        for fact in decide::facts(ticket) {
            rows.push(tables::Row::new(ticket, fact)?);
        }
    }
    tables::put(app.store.pool(), rows).await?;
    Ok(())
}
