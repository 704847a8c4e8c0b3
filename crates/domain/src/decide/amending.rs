//! Amending: type, urgency, place and flags; clocks follow by event (F42, R-TIM-5).

use super::{Case, Decision, dispatching::legal_due, end, set, set_for};
use crate::{
    AreaCode, At, Due, Fact, Flags, Kind, Limits, MatterCode, Point, Refusal, State, Task, TextId, Ticket, Timer,
    Urgency, transitions::rows,
};

/// What is said anew; what is `None` stays.
pub(super) struct Change<'a> {
    pub(super) kind: Option<Kind>,
    pub(super) urgency: Option<Urgency>,
    pub(super) matter: &'a Option<MatterCode>,
    pub(super) area: &'a Option<AreaCode>,
    pub(super) point: Option<Point>,
    pub(super) flags: Option<Flags>,
    pub(super) title: Option<TextId>,
}

/// F42.
pub(super) fn amend(case: &Case<'_>, change: Change<'_>) -> Decision {
    case.admit(&rows::F42)?;
    let Change { kind, urgency, matter, area, point, flags, title } = change;
    let says_something = kind.is_some()
        || urgency.is_some()
        || matter.is_some()
        || area.is_some()
        || point.is_some()
        || flags.is_some()
        || title.is_some();
    if !says_something {
        return Err(Refusal::AlreadySo { what: "nothing is changed" });
    }
    let ticket = case.ticket;
    let dues = tighten(ticket, urgency.unwrap_or(ticket.urgency), kind.or(ticket.kind), case.at, case.limits);
    let (matter, area) = (matter.clone(), area.clone());
    Ok(vec![Fact::Amended { kind, urgency, matter, area, point, flags, title }.with(dues)])
}

/// The clocks of a ticket whose urgency or type becomes another.
///
/// A due that nobody has moved is set as the new limit says; one that was moved (extended, ruled by law or the upper
/// platform) only comes nearer, so that nothing promised is taken back. Pauses stay given back either way.
pub(crate) fn tighten(ticket: &Ticket, urgency: Urgency, kind: Option<Kind>, at: At, limits: &Limits) -> Vec<Due> {
    if (urgency, kind) == (ticket.urgency, ticket.kind) {
        return Vec::new();
    }
    let mut dues = Vec::new();
    for task in ticket.tasks.iter().filter(|task| task.is_open()) {
        for (timer, now) in &task.dues {
            if let Some(due) = task_due(ticket, task, *timer, *now, (urgency, kind), limits) {
                dues.push(set_for(&task.unit, *timer, due));
            }
        }
    }
    for (timer, now) in &ticket.dues {
        dues.extend(own_due(ticket, *timer, *now, (urgency, kind), at, limits));
    }
    if urgency.is_pressing() && !ticket.urgency.is_pressing() && ticket.tasks.iter().any(Task::is_open) {
        let interim = limits.due(Timer::Interim, urgency, kind, at);
        dues.extend(interim.filter(|_| !ticket.dues.contains_key(&Timer::Interim)).map(|due| set(Timer::Interim, due)));
    }
    // A ticket that is pressing no longer waits for the verdict again.
    if ticket.state == State::PendingDispatch && ticket.verdict.is_none() && !ticket.dues.contains_key(&Timer::Judge) {
        dues.extend(limits.due(Timer::Judge, urgency, kind, at).map(|due| set(Timer::Judge, due)));
    }
    dues
}

/// Does this due stand where the limits put it, moved by nobody?
fn holds_as_set(ticket: &Ticket, task: &Task, due: At, limits: &Limits) -> bool {
    let from = limits.handle_start(ticket, task.dispatched_at, task.signed_at);
    limits.due_with(Timer::Handle, ticket.urgency, ticket.kind, from, &ticket.pauses) == Some(due)
}

fn task_due(
    ticket: &Ticket,
    task: &Task,
    timer: Timer,
    now: At,
    (urgency, kind): (Urgency, Option<Kind>),
    limits: &Limits,
) -> Option<At> {
    let start = match timer {
        Timer::Handle => limits.handle_start(ticket, task.dispatched_at, task.signed_at),
        Timer::Sign | Timer::Return => task.dispatched_at,
        Timer::Contact => task.signed_at?,
        Timer::Accept
        | Timer::Supplement
        | Timer::Dispatch
        | Timer::Judge
        | Timer::Interim
        | Timer::ReturnReview
        | Timer::Dispute
        | Timer::SuspendReview
        | Timer::CloseReview
        | Timer::Verify
        | Timer::Callback
        | Timer::CallbackEnd
        | Timer::Redo
        | Timer::Rating
        | Timer::Reraise
        | Timer::Upstream
        | Timer::KpiAppeal
        | Timer::Promise => return None,
    };
    let due = limits.due_with(timer, urgency, kind, start, &ticket.pauses)?;
    let due = if timer == Timer::Handle { legal_due(ticket, due, limits) } else { due };
    let fresh = timer == Timer::Handle && holds_as_set(ticket, task, now, limits);
    let due = if fresh { due } else { due.min(now) };
    (due != now).then_some(due)
}

fn own_due(
    ticket: &Ticket,
    timer: Timer,
    now: At,
    (urgency, kind): (Urgency, Option<Kind>),
    at: At,
    limits: &Limits,
) -> Option<Due> {
    let sooner = |start: At| {
        let due = limits.due_with(timer, urgency, kind, start, &ticket.pauses);
        due.filter(|due| *due < now).map(|due| set(timer, due))
    };
    match timer {
        Timer::Accept
        | Timer::Dispatch
        | Timer::ReturnReview
        | Timer::Dispute
        | Timer::CloseReview
        | Timer::Verify
        | Timer::Callback
        | Timer::Interim => sooner(at),
        Timer::Promise => {
            let first = ticket.tasks.first().map(|task| task.dispatched_at)?;
            sooner(first)
        }
        // No wait at all at this urgency: the timer ends it now.
        Timer::Supplement | Timer::SuspendReview => match limits.due(timer, urgency, kind, at) {
            None => Some(set(timer, at)),
            Some(due) => (due < now).then(|| set(timer, due)),
        },
        Timer::Judge => limits.due(timer, urgency, kind, at).is_none().then(|| end(timer)),
        Timer::Sign
        | Timer::Contact
        | Timer::Handle
        | Timer::Return
        | Timer::Redo
        | Timer::CallbackEnd
        | Timer::Rating
        | Timer::Reraise
        | Timer::Upstream
        | Timer::KpiAppeal => None,
    }
}
