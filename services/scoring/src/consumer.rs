//! The event face: facts follow the tickets.
//!
//! A fact stands for a version of its ticket and only ever moves forward, so a repeated or reordered event changes
//! nothing, and a gap needs no filling: the ticket's row is the fold of every event up to its version. Most events
//! change no figure: a fact that is what it was stays where it is, and stands for the later version as well.

use suban_bus::{Failure, Message};
use suban_service::App;

use crate::{decide, tables};

/// Brings the facts of the batch's tickets up to date.
///
/// # Errors
/// When the database is away: the batch comes again.
pub async fn count(app: &App, batch: &[Message]) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for step in app.folded.steps(&app.store, batch).await?.into_values() {
        for fact in decide::changed(step.before.as_deref(), &step.after) {
            rows.push(tables::Row::new(&step.after, fact)?);
        }
    }
    tables::put(app.store.pool(), rows).await?;
    Ok(())
}
