//! Tickets that were split (拆单, D§9.6): the parent enters the call-back when no part is open any more (F26a), is asked
//! about once, and closes, or waits again for the parts that the citizen was not content with (F26b). Parts are not asked
//! about by themselves.

use std::collections::{BTreeSet, HashMap};

use suban_domain::{Action, Actor, Command, RequestId, State, Ticket, TicketId};
use suban_service::App;
use suban_store::{Change, StoreError};

/// Events of a part that may end it, open it again or decide about it.
pub const FOLLOWED: &[&str] = &[
    "split",
    "result_accepted",
    "verified",
    "reply_copied",
    "survey_answered",
    "survey_exhausted",
    "redo_ordered",
    "closed",
    "rejected",
    "answered",
    "transferred_out",
    "withdrawn",
    "parts_done",
    "parts_answered",
    "upstream_decided",
    "complained",
];

/// Does the parent still wait for this part (F26a)?
#[must_use]
pub const fn is_open(part: &Ticket) -> bool {
    let done = matches!(part.state, State::PendingCallback | State::Closed | State::Rejected | State::Answered);
    !done && !part.state.is_terminal()
}

/// What a split ticket does next by how its parts stand; none where it waits.
#[must_use]
pub fn next(parent: &Ticket, parts: &[&Ticket]) -> Option<Action> {
    let open = parts.iter().filter(|part| is_open(part)).count();
    let open = u32::try_from(open).unwrap_or(u32::MAX);
    // Every answer has led somewhere: to a closing, or to a redo.
    let answered = parts.iter().all(|part| part.state != State::PendingCallback);
    if parent.state == State::Consolidating && open == 0 {
        Some(Action::FinishParts { open })
    } else if parent.state == State::PendingCallback && answered {
        Some(Action::AnswerParts { open })
    } else {
        None
    }
}

/// What a part does because of what happened to its parent.
#[must_use]
pub fn follows(parent: &Ticket, part: &Ticket) -> Option<Action> {
    let closed = matches!(parent.state, State::Closed | State::Archived);
    if closed && part.state == State::PendingCallback {
        // Nobody could be asked: what was handed in stands (F32).
        Some(Action::ExhaustSurvey)
    } else if parent.state == State::Cancelled && part.state.is_open() {
        Some(Action::Withdraw { confirmed: true })
    } else {
        None
    }
}

/// Brings these parents, and the parents of these parts, where their parts allow. `withdrew` says who withdrew a parent:
/// its parts are withdrawn by the same.
///
/// # Errors
/// When Postgres is away.
pub(crate) async fn follow(
    app: &App,
    tickets: impl Iterator<Item = &Ticket>,
    withdrew: &HashMap<TicketId, Actor>,
) -> Result<(), StoreError> {
    let mut parents: BTreeSet<TicketId> =
        tickets.filter_map(|t| t.parent.or_else(|| (!t.parts.is_empty()).then_some(t.id))).collect();
    while !parents.is_empty() {
        let ids: Vec<TicketId> = parents.iter().copied().collect();
        let found = app.store.load(&ids).await?;
        let ids: Vec<TicketId> = found.values().flat_map(|parent| parent.parts.iter().copied()).collect();
        let parts = app.store.load(&ids).await?;
        let mut changes = Vec::new();
        for parent in found.values() {
            let of_it: Vec<&Ticket> = parent.parts.iter().filter_map(|id| parts.get(id)).collect();
            if let Some(action) = next(parent, &of_it) {
                changes.extend(change(app, parent, action, App::system())?);
            }
            for part in of_it {
                let Some(action) = follows(parent, part) else { continue };
                let by = withdrew.get(&parent.id).cloned().unwrap_or_else(App::system);
                changes.extend(change(app, part, action, by)?);
            }
        }
        changes.sort_by_key(Change::id);
        let done = app.store.commit(changes).await?;
        let again: BTreeSet<TicketId> = done.overtaken.into_iter().collect();
        // A part that others were faster with brings its parent again.
        parents = found
            .values()
            .filter(|parent| again.contains(&parent.id) || parent.parts.iter().any(|part| again.contains(part)))
            .map(|parent| parent.id)
            .collect();
    }
    Ok(())
}

/// A change that the rules take; what they refuse stays as it is, for a person to see.
fn change(app: &App, ticket: &Ticket, action: Action, by: Actor) -> Result<Option<Change>, StoreError> {
    let request = RequestId::new(format!("parts:{}:{}", ticket.id, ticket.version))
        .map_err(|e| StoreError::Damaged { what: "request id", problem: e.to_string() })?;
    let command = Command { by, at: app.clock().now(), request, action };
    match Change::decide(ticket.clone(), &command, &app.limits) {
        Ok(change) => Ok(Some(change)),
        Err(StoreError::Refused(refusal)) => {
            tracing::warn!(ticket = %ticket.id, reason = refusal.code(), "a split ticket could not go on");
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use suban_domain::{At, Channel, Limits, Recorded, Source, SourceId, SourceSystem, Submission, TicketNumber};
    use uuid::Uuid;

    use super::*;

    fn ticket(n: u128, state: State) -> Ticket {
        let at = At::from_micros(1);
        let source =
            Source { channel: Channel::Web, system: SourceSystem::new("t").unwrap(), id: SourceId::new("1").unwrap() };
        let id = TicketId::new(Uuid::from_u128(n));
        let submission = Submission::new(id, TicketNumber::new(26, 1, 15, 1), source, at);
        let events = suban_domain::open(&submission, at, &Limits::sz_district()).unwrap();
        let recorded = events.into_iter().zip(1..).map(|(event, version)| Recorded {
            ticket: id,
            version,
            at,
            by: App::system(),
            request: RequestId::new("r").unwrap(),
            event,
        });
        Ticket { state, ..Ticket::fold(&recorded.collect::<Vec<_>>()).unwrap() }
    }

    fn next_of(parent: State, parts: &[State]) -> Option<Action> {
        let parts: Vec<Ticket> = parts.iter().zip(2..).map(|(state, n)| ticket(n, *state)).collect();
        next(&ticket(1, parent), &parts.iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_parent_is_asked_about_when_no_part_is_open_and_waits_again_for_what_is_done_again() {
        use State::{Closed, Consolidating, Handling, PendingCallback, Redo, Rejected};
        assert_eq!(next_of(Consolidating, &[PendingCallback, Handling]), None);
        assert_eq!(next_of(Consolidating, &[PendingCallback, Rejected]), Some(Action::FinishParts { open: 0 }));
        assert_eq!(next_of(PendingCallback, &[PendingCallback, Closed]), None, "one is not answered yet");
        assert_eq!(next_of(PendingCallback, &[Closed, Redo]), Some(Action::AnswerParts { open: 1 }));
        assert_eq!(next_of(PendingCallback, &[Closed, Closed]), Some(Action::AnswerParts { open: 0 }));
        assert_eq!(next_of(Closed, &[Closed, Closed]), None);
    }

    #[test]
    fn parts_end_with_a_parent_that_nobody_could_ask_or_that_was_withdrawn() {
        let follows = |parent, part| follows(&ticket(1, parent), &ticket(2, part));
        assert_eq!(follows(State::Closed, State::PendingCallback), Some(Action::ExhaustSurvey));
        assert_eq!(follows(State::Closed, State::Closed), None);
        assert_eq!(follows(State::Cancelled, State::Handling), Some(Action::Withdraw { confirmed: true }));
        assert_eq!(follows(State::Cancelled, State::Rejected), None);
        assert_eq!(follows(State::Consolidating, State::PendingCallback), None);
    }
}
