//! The event face: what intake accepted is judged, a batch at a time.

use std::collections::{HashMap, HashSet};

use suban_bus::{Failure, Message};
use suban_domain::{Action, Command, DuplicateClass, RequestId, Ticket, TicketId, Verdict, VersionCode};
use suban_service::App;
use suban_store::{Change, Join, StoreError, Twin};

use crate::decide::{self, BASIS, Candidate, Judgement};

/// Kinds of events after which a ticket may have to be judged.
pub(crate) const JUDGED_AFTER: &[&str] = &["accepted", "return_approved", "unmerged", "reopened"];

/// Judges the tickets of a batch; those that are judged already are left alone.
///
/// # Errors
/// When the database is away: the batch comes again.
pub async fn judge(app: &App, batch: &[Message]) -> Result<(), Failure> {
    let ids: HashSet<TicketId> = batch.iter().map(|m| m.ticket).collect();
    let mut open: Vec<TicketId> = ids.into_iter().collect();
    open.sort_unstable();
    while !open.is_empty() {
        let tickets = app.store.load(&open).await?;
        let waiting: Vec<&Ticket> = tickets.values().filter(|t| waits_for_verdict(t)).collect();
        if waiting.is_empty() {
            return Ok(());
        }
        let suggestions = join_twins(app, &waiting).await?;
        open = give_verdicts(app, &waiting, &suggestions).await?;
    }
    Ok(())
}

fn waits_for_verdict(ticket: &Ticket) -> bool {
    ticket.verdict.is_none() && ticket.state.is_open() && ticket.master().is_none()
}

/// What was found for a ticket that does not join another.
type Suggestions = HashMap<TicketId, Vec<TicketId>>;

/// Joins those that are surely the same; answers the suggestions for the rest.
async fn join_twins(app: &App, waiting: &[&Ticket]) -> Result<Suggestions, StoreError> {
    let mut suggestions = Suggestions::new();
    let ids: Vec<TicketId> = waiting.iter().map(|t| t.id).collect();
    let twins = app.store.twins(&ids).await?;
    if twins.is_empty() {
        return Ok(suggestions);
    }
    let heads = heads(app, &twins).await?;
    let in_force = app.catalogues.now();
    let catalogue = in_force.as_ref().map(|f| &f.catalogue);
    let pairs: Vec<(TicketId, TicketId)> =
        twins.iter().filter_map(|twin| Some((twin.of, heads.get(&twin.other)?.id))).collect();
    let apart = app.store.kept_apart(&pairs).await?;
    for ticket in waiting {
        let candidates: Vec<Candidate<'_>> = twins
            .iter()
            .filter(|twin| twin.of == ticket.id)
            .filter_map(|twin| {
                let head = heads.get(&twin.other)?;
                let kept_apart = apart.contains(&(ticket.id, head.id));
                Some(Candidate { head, same_area: twin.same_area, same_person: twin.same_person, kept_apart })
            })
            .collect();
        match decide::judge(ticket, &candidates, catalogue) {
            Judgement::Unique => {}
            Judgement::Suggested(others) => {
                suggestions.insert(ticket.id, others);
            }
            Judgement::Same { head, class } => {
                if let Some(others) = join(app, ticket, head, class).await? {
                    suggestions.insert(ticket.id, others);
                }
            }
        }
    }
    Ok(suggestions)
}

/// The heads of the groups that the twins are in, by twin.
async fn heads(app: &App, twins: &[Twin]) -> Result<HashMap<TicketId, Ticket>, StoreError> {
    let others: Vec<TicketId> = twins.iter().map(|t| t.other).collect();
    let others = app.store.load(&others).await?;
    let masters: Vec<TicketId> = others.values().filter_map(Ticket::master).collect();
    let masters = app.store.load(&masters).await?;
    Ok(others
        .into_iter()
        .filter_map(|(id, ticket)| match ticket.master() {
            Some(master) => masters.get(&master).cloned().map(|m| (id, m)),
            None => Some((id, ticket)),
        })
        .collect())
}

/// Joins two tickets; answers a suggestion when the rules, looked at again under the locks, forbid it.
async fn join(
    app: &App,
    ticket: &Ticket,
    head: TicketId,
    class: DuplicateClass,
) -> Result<Option<Vec<TicketId>>, StoreError> {
    let in_force = app.catalogues.now();
    let join = Join {
        a: ticket.id,
        b: head,
        class,
        basis: basis()?,
        by: App::system(),
        at: app.clock().now(),
        request: request("join", ticket)?,
    };
    let allowed = |member: &Ticket, master: &Ticket| {
        decide::may_join(member, master, class, in_force.as_ref().map(|f| &f.catalogue))
    };
    match app.store.join(&join, &app.limits, allowed).await {
        Ok(_) => Ok(None),
        Err(StoreError::Refused(refusal)) => {
            tracing::debug!(reason = refusal.code(), "not merged");
            Ok(Some(vec![head]))
        }
        Err(other) => Err(other),
    }
}

/// Says of every ticket that follows none whether it is new; answers those that others were faster with.
async fn give_verdicts(app: &App, waiting: &[&Ticket], suggestions: &Suggestions) -> Result<Vec<TicketId>, StoreError> {
    let mut changes = Vec::new();
    // Those that just joined or became masters are overtaken here, and looked at once more.
    for ticket in waiting.iter().map(|t| (*t).clone()) {
        let candidates = suggestions.get(&ticket.id).cloned().unwrap_or_default();
        let verdict = if candidates.is_empty() { Verdict::Unique } else { Verdict::Suggested };
        let command = Command {
            by: App::system(),
            at: app.clock().now(),
            request: request("judge", &ticket)?,
            action: Action::Judge { verdict, candidates, basis: basis()? },
        };
        match Change::decide(ticket, &command, &app.limits) {
            Ok(change) => changes.push(change),
            Err(StoreError::Refused(refusal)) => tracing::debug!(reason = refusal.code(), "verdict not taken"),
            Err(other) => return Err(other),
        }
    }
    changes.sort_by_key(Change::id);
    metrics::counter!("suban_judged_total").increment(changes.len() as u64);
    let done = app.store.commit(changes).await?;
    for (ticket, problem) in done.failed {
        tracing::error!(%ticket, problem, "a verdict could not be written");
    }
    Ok(done.overtaken)
}

fn basis() -> Result<VersionCode, StoreError> {
    VersionCode::new(BASIS).map_err(|e| StoreError::Damaged { what: "basis", problem: e.to_string() })
}

/// A request id that a replay makes again: the ticket and how far it had come.
fn request(verb: &str, ticket: &Ticket) -> Result<RequestId, StoreError> {
    RequestId::new(format!("{verb}:{}:{}", ticket.id, ticket.version))
        .map_err(|e| StoreError::Damaged { what: "request id", problem: e.to_string() })
}
