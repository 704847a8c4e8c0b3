//! Why two tickets are thought to be one matter, or not: in words, Chinese and English.

use suban_domain::Ticket;
use suban_likeness::explain::{Explained, explain as told};
use suban_store::{StoreError, Told};

use crate::{
    Judge,
    decide::alike::{Found, case},
    memory::{Alike, Sayings},
    tables,
};

/// Explains a pair: as it was judged, where a person is asked about it; else as it would be judged now. The score and
/// its parts come from [`suban_likeness`], what is done from the table of D§9.2.
///
/// # Errors
/// When Postgres is away.
pub async fn explain(judge: &Judge, ticket: &Ticket, other: &Ticket) -> Result<Explained, StoreError> {
    let Judge { app, memory } = judge;
    let words = Sayings::of(app, &[ticket.id, other.id]).await?;
    let in_force = app.catalogues.now();
    let catalogue = in_force.as_ref().map(|f| &f.catalogue);
    let nothing = Told::default();
    let said = |t: &Ticket| {
        let (told, pictures) = words.of_ticket(t.id).unwrap_or((&nothing, &[]));
        memory.reader().ticket(t, told, pictures, catalogue)
    };
    let now = app.clock().now();
    let (judging, new, earlier) = (memory.judging(), said(ticket), said(other));
    let (beside, model) = (memory.beside(&new, &earlier, now), judging.learned.model(new.tongue));
    let head = match other.master() {
        Some(master) => app.store.load_one(master).await?,
        None => other.clone(),
    };
    let kept = tables::of(app.store.pool(), ticket.id).await?;
    let kept = kept.into_iter().find(|s| s.suggested.head == head.id).map(|s| s.suggested.features);
    let features = kept.unwrap_or(beside);
    let passed_over = memory.passed_over(&new, &earlier);
    let ended = tables::ended_at(app.store.pool(), &[other.id]).await?;
    let closed_at = ended.get(&other.id).copied().filter(|_| !other.state.is_open());
    let kept_apart = !app.store.kept_apart(&[(ticket.id, head.id)]).await?.is_empty();
    let probability = model.probability(model.score(&features));
    let alike = Alike { ticket: other.id, probability, features, closed_at };
    let found = Found { alike: &alike, head: &head, kept_apart };
    let case = case(ticket, &found, catalogue, (&judging.learned, &app.settings.duplicates), now);
    Ok(told(model, &features, &passed_over, &case))
}
