//! Clocks: what starts with a state, and what the timer must do when one runs out.

use std::collections::BTreeMap;

use super::{Case, end, moving::late_card, set};
use crate::{Action, At, Card, Due, Limits, State, Ticket, Timer, Verdict};

/// Clocks of the wait for the citizen's answer. The promise is kept by a reply that was accepted, so it ends here.
fn entering_callback(ticket: &Ticket, at: At, limits: &Limits) -> Vec<Due> {
    let start = |timer| limits.due(timer, ticket.urgency, ticket.kind, at).map(|due| set(timer, due));
    // A part is not surveyed by itself (F26a): call and window are its parent's, who may wait for other parts.
    let asked = [Timer::Callback, Timer::CallbackEnd].into_iter().filter(|_| ticket.parent.is_none()).filter_map(start);
    asked.chain([end(Timer::Promise), end(Timer::Interim)]).collect()
}

/// The clock of a state that a ticket comes back to; what stopped when it left starts anew.
pub(crate) fn restored(ticket: &Ticket, state: State, at: At, limits: &Limits) -> Vec<Due> {
    let start = |timer| limits.due(timer, ticket.urgency, ticket.kind, at).map(|due| set(timer, due));
    match state {
        State::Received => start(Timer::Accept).into_iter().collect(),
        State::PendingDispatch => {
            let judge = if ticket.verdict.is_none() { start(Timer::Judge) } else { None };
            start(Timer::Dispatch).into_iter().chain(judge).collect()
        }
        State::NeedInfo => start(Timer::Supplement).into_iter().collect(),
        State::ReturnReview => start(Timer::ReturnReview).into_iter().collect(),
        State::InDispute => start(Timer::Dispute).into_iter().collect(),
        State::Suspended => start(Timer::SuspendReview).into_iter().collect(),
        State::CloseReview => start(Timer::CloseReview).into_iter().collect(),
        State::PendingVerify => start(Timer::Verify).into_iter().collect(),
        State::PendingCallback => entering_callback(ticket, at, limits),
        // Clocks of units stand in their tasks; the others have none of their own.
        State::PendingSign
        | State::Handling
        | State::Consolidating
        | State::Redo
        | State::SupervisedRedo
        | State::MergedMember
        | State::Rejected
        | State::Answered
        | State::TransferredOut
        | State::Closed
        | State::Archived
        | State::Cancelled
        | State::ReturnedUpstream => Vec::new(),
    }
}

impl Case<'_> {
    /// The clocks of `state`, entered now.
    pub(super) fn entering(&self, state: State) -> Vec<Due> {
        restored(self.ticket, state, self.at, self.limits)
    }
}

/// What the timer must do with this ticket now; [`crate::decide`] accepts each of them, in this order, and each ends
/// or moves the clock that asked for it, so that none asks twice.
#[must_use]
pub fn due_actions(ticket: &Ticket, now: At, limits: &Limits) -> Vec<Action> {
    let paused = ticket.paused_at.is_some();
    let speaks = |timer: Timer, due: At, cards: &BTreeMap<Timer, At>| {
        let at = *cards.get(&timer).unwrap_or(&due);
        at <= now && (!paused || runs_in_a_pause(timer)) && timer != Timer::Return
    };
    let mut actions = Vec::new();
    for (timer, due) in ticket.dues.iter().filter(|(timer, due)| speaks(**timer, **due, &ticket.cards)) {
        match ended_by(ticket, *timer, *due, now, limits) {
            // The ticket moves on; what else was due is asked again in the new state.
            Next::Moves(action) => return vec![action],
            Next::Stays(action) => actions.push(action),
            Next::Waits => {}
        }
    }
    if paused {
        return actions;
    }
    for task in ticket.tasks.iter().filter(|task| task.is_open()) {
        for (timer, due) in task.dues.iter().filter(|(timer, due)| speaks(**timer, **due, &task.cards)) {
            let card = card(ticket, *timer, *due, now, limits);
            actions.push(Action::ShowCard { card, timer: *timer, unit: Some(task.unit.clone()) });
        }
    }
    actions
}

enum Next {
    Moves(Action),
    Stays(Action),
    Waits,
}

fn ended_by(ticket: &Ticket, timer: Timer, due: At, now: At, limits: &Limits) -> Next {
    match timer {
        Timer::Supplement => Next::Moves(Action::SupplementTimeout),
        Timer::SuspendReview => Next::Moves(Action::Resume),
        Timer::CallbackEnd => Next::Moves(Action::ExhaustSurvey),
        Timer::Judge => Next::Stays(Action::Judge {
            verdict: Verdict::NotJudged,
            candidates: Vec::new(),
            basis: limits.version.clone(),
        }),
        // The later of the two archives (F36).
        Timer::Rating | Timer::Reraise => {
            if super::closing::archivable(ticket, now) {
                Next::Moves(Action::Archive)
            } else {
                Next::Waits
            }
        }
        Timer::Return => Next::Waits,
        Timer::Accept
        | Timer::Dispatch
        | Timer::Sign
        | Timer::Contact
        | Timer::Interim
        | Timer::Handle
        | Timer::ReturnReview
        | Timer::Dispute
        | Timer::CloseReview
        | Timer::Verify
        | Timer::Callback
        | Timer::Redo
        | Timer::Upstream
        | Timer::KpiAppeal
        | Timer::Promise => {
            Next::Stays(Action::ShowCard { card: card(ticket, timer, due, now, limits), timer, unit: None })
        }
    }
}

/// The card to show about a clock now.
fn card(ticket: &Ticket, timer: Timer, due: At, now: At, limits: &Limits) -> Card {
    if now < ends(ticket, timer, due, limits) { Card::Yellow } else { colour(timer) }
}

/// When the last card about a clock comes, with which the clock ends: for a red one the time of the red card.
pub(super) fn ends(ticket: &Ticket, timer: Timer, due: At, limits: &Limits) -> At {
    late_card(timer, ticket.urgency, due, limits).unwrap_or(due)
}

/// In a pause only the clock of the pause itself runs (R-TIM-4).
pub(super) const fn runs_in_a_pause(timer: Timer) -> bool {
    matches!(timer, Timer::SuspendReview | Timer::Supplement)
}

/// Red for work that is late, yellow for a step that is (D§8.2, D§14).
pub(super) const fn colour(timer: Timer) -> Card {
    match timer {
        Timer::Handle | Timer::Redo | Timer::Promise => Card::Red,
        Timer::Accept
        | Timer::Supplement
        | Timer::Dispatch
        | Timer::Judge
        | Timer::Sign
        | Timer::Contact
        | Timer::Interim
        | Timer::Return
        | Timer::ReturnReview
        | Timer::Dispute
        | Timer::SuspendReview
        | Timer::CloseReview
        | Timer::Verify
        | Timer::Callback
        | Timer::CallbackEnd
        | Timer::Rating
        | Timer::Reraise
        | Timer::Upstream
        | Timer::KpiAppeal => Card::Yellow,
    }
}
