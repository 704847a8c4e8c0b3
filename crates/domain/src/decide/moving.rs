//! Due times that move because a clock stood still (R-TIM-3, R-TIM-4), and when cards about due times come.
//!
//! The fold does not know the calendar, so an event that ends a standstill says the new due of every clock it moves,
//! and an event that sets a due of work says when the next card about it comes.

use super::set_for;
use crate::{At, Card, Due, Event, Fact, Limits, Task, TaskRole, Ticket, Timer, UnitCode, Urgency, calendar::Measure};

/// Every running clock of the ticket and its units, put off by a pause from `from` until `until`.
pub(crate) fn put_off(ticket: &Ticket, limits: &Limits, from: At, until: At) -> Vec<Due> {
    let own = ticket.dues.iter().filter(|(timer, _)| !super::clocks::runs_in_a_pause(**timer));
    let own = own.map(|(timer, due)| {
        let due = limits.put_off(measure(ticket, None, *timer, limits), *due, from, until);
        super::set(*timer, due)
    });
    let tasks = ticket.tasks.iter().filter(|task| task.is_open());
    own.chain(tasks.flat_map(|task| put_off_task(ticket, task, limits, from, until))).collect()
}

/// The clocks of one task, put off by the time that it stood still.
pub(crate) fn put_off_task(ticket: &Ticket, task: &Task, limits: &Limits, from: At, until: At) -> Vec<Due> {
    let moved = |(timer, due): (&Timer, &At)| {
        let due = limits.put_off(measure(ticket, Some(task), *timer, limits), *due, from, until);
        set_for(&task.unit, *timer, due)
    };
    task.dues.iter().map(moved).collect()
}

/// By which measure a clock counts now. A matter's own limit is the law's, in natural time (D§8.1), and the promise
/// follows it.
pub(crate) fn measure(ticket: &Ticket, task: Option<&Task>, timer: Timer, limits: &Limits) -> Measure {
    let law =
        task.filter(|_| timer == Timer::Handle).or_else(|| ticket.tasks.first().filter(|_| timer == Timer::Promise));
    match law.and_then(|task| task.limit) {
        Some(_) => Measure::Natural,
        None => limits.measure(timer, ticket.urgency, ticket.kind),
    }
}

/// The same events, each due of work with the time of its next card.
pub(crate) fn with_cards(ticket: &Ticket, mut events: Vec<Event>, at: At, limits: &Limits) -> Vec<Event> {
    for Event { fact, dues } in &mut events {
        // A card that was shown says itself when the next one comes.
        if matches!(fact, Fact::CardShown { .. }) {
            continue;
        }
        for due in dues {
            due.card = due.at.and_then(|ends| next_card(ticket, fact, due, ends, at, limits));
        }
    }
    events
}

fn next_card(ticket: &Ticket, fact: &Fact, due: &Due, ends: At, at: At, limits: &Limits) -> Option<At> {
    let urgency = urgency_after(ticket, fact);
    let near = due.unit.as_ref().filter(|_| due.timer == Timer::Handle);
    let near = near.and_then(|unit| yellow(ticket, fact, unit, urgency, (ends, at), limits));
    near.or_else(|| late_card(due.timer, urgency, ends, limits))
}

/// When the red card comes, where that is not at the due.
pub(crate) fn late_card(timer: Timer, urgency: Urgency, ends: At, limits: &Limits) -> Option<At> {
    (super::clocks::colour(timer) == Card::Red).then(|| limits.red(urgency, ends)).filter(|red| *red > ends)
}

/// When the yellow card about the lead's work comes, if it still has to.
fn yellow(
    ticket: &Ticket,
    fact: &Fact,
    unit: &UnitCode,
    urgency: Urgency,
    (ends, at): (At, At),
    limits: &Limits,
) -> Option<At> {
    let kind = if let Fact::Amended { kind, .. } = fact { kind.or(ticket.kind) } else { ticket.kind };
    let profile = || limits.measure(Timer::Handle, urgency, kind);
    let begins = if let Fact::Dispatched { lead, limit, .. } = fact {
        Some((lead, *limit))
    } else if let Fact::Ruled { lead, .. } = fact {
        Some((lead, None))
    } else {
        None
    };
    let (from, limit, shown) = if let Some((lead, limit)) = begins {
        (lead == unit).then(|| (limits.handle_start(ticket, at, None), limit, false))?
    } else {
        let task = ticket.tasks.iter().rev().find(|task| task.unit == *unit && task.role == TaskRole::Lead)?;
        let shown = task
            .dues
            .get(&Timer::Handle)
            .is_some_and(|due| task.cards.get(&Timer::Handle).is_none_or(|card| card >= due));
        (limits.handle_start(ticket, task.dispatched_at, task.signed_at), task.limit, shown)
    };
    let measure = if limit.is_some() { Measure::Natural } else { profile() };
    let near = limits.near(measure, from, ends);
    (from < near && near < ends && !(shown && near <= at)).then_some(near)
}

fn urgency_after(ticket: &Ticket, fact: &Fact) -> Urgency {
    if let Fact::Amended { urgency, .. } = fact {
        urgency.unwrap_or(ticket.urgency)
    } else if let Fact::MemberJoined { urgency, .. } = fact {
        ticket.urgency.max(*urgency)
    } else {
        ticket.urgency
    }
}
