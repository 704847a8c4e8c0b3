//! Supervision and the record: urges, cards, orders, notes, notices (F13, F40, F45, F58, F65, F66; D§14).

use super::{Case, Decision, clocks::ends, end, end_for, set, set_for};
use crate::{
    Audience, Card, Channel, Due, Ending, Event, Fact, Notice, Order, PersonCode, Refusal, Role, Span, State, TaskRole,
    TextId, Timer, UnitCode, Urgency, VersionCode, Waiting, transitions::rows,
};

/// `T_urge` (D§8.2): between two urges of the same kind of person.
const fn between_urges(urgency: Urgency) -> Span {
    match urgency {
        Urgency::Critical => Span::hours(4),
        Urgency::Urgent | Urgency::Normal => Span::hours(24),
    }
}

/// F40. What comes sooner than T_urge after the last of the same kind of person stays on the contact record.
pub(super) fn urge(case: &Case<'_>) -> Decision {
    case.admit(&rows::F40)?;
    let ticket = case.ticket;
    let last = ticket.last_urge.filter(|(role, _)| *role == case.by.role);
    let from = last.map(|(_, at)| at.plus(between_urges(ticket.urgency)));
    if let Some(from) = from.filter(|from| case.at < *from) {
        return Err(Refusal::TooEarly { action: case.verb, from });
    }
    Ok(vec![Fact::Urged { on_member: None }.into()])
}

const IDLE: Refusal = Refusal::AlreadySo { what: "that clock does not run" };

/// F13, F65: a clock ran out, or the work's due comes near. It speaks once.
pub(super) fn show_card(case: &Case<'_>, card: Card, timer: Timer, unit: Option<&UnitCode>) -> Decision {
    let sign = timer == Timer::Sign && case.ticket.state == State::PendingSign;
    case.admit(if sign { &rows::F13 } else { &rows::F65 })?;
    if card == Card::None {
        return Err(case.unfit("card", "is none"));
    }
    let ticket = case.ticket;
    let (dues, cards) = match unit {
        None => (&ticket.dues, &ticket.cards),
        Some(unit) => ticket.open_task(unit).map(|task| (&task.dues, &task.cards)).ok_or(IDLE)?,
    };
    let due = *dues.get(&timer).ok_or(IDLE)?;
    let from = cards.get(&timer).copied().unwrap_or(due);
    let ends = ends(ticket, timer, due, case.limits);
    let clock = if case.at >= ends {
        unit.map_or_else(|| end(timer), |unit| end_for(unit, timer))
    } else if card == Card::Yellow && case.at >= from {
        // It goes on, and speaks again when it ends.
        let clock = unit.map_or_else(|| set(timer, due), |unit| set_for(unit, timer, due));
        Due { card: (ends > due).then_some(ends), ..clock }
    } else {
        return Err(Refusal::TooEarly { action: case.verb, from });
    };
    Ok(vec![Fact::CardShown { card, timer, unit: unit.cloned() }.with(vec![clock])])
}

/// F66: 督办单.
pub(super) fn supervise(case: &Case<'_>, order: &Order, text: Option<TextId>) -> Decision {
    case.admit(&rows::F66_ORDER)?;
    if !(1..=3).contains(&order.level) {
        return Err(case.unfit("level", "is 1 to 3"));
    }
    if order.issuer != case.by.person {
        return Err(case.unfit("issuer", "is somebody else than the caller"));
    }
    if case.ticket.orders.iter().any(|open| open.issuer == order.issuer) {
        return Err(Refusal::AlreadySo { what: "an order of this issuer is open" });
    }
    if order.due.is_some_and(|due| due <= case.at) {
        return Err(case.unfit("due", "lies in the past"));
    }
    Ok(vec![Fact::Supervised { order: order.clone(), text }.into()])
}

/// F66: 销号, only by the issuer. The last one completes the close that it held back.
pub(super) fn release(case: &Case<'_>, issuer: &PersonCode) -> Decision {
    case.admit(&rows::F66_RELEASE)?;
    let ticket = case.ticket;
    if *issuer != case.by.person {
        return Err(case.unfit("issuer", "alone releases the order"));
    }
    if !ticket.orders.iter().any(|order| order.issuer == *issuer) {
        return Err(Refusal::AlreadySo { what: "no order of this issuer is open" });
    }
    let mut events: Vec<Event> = vec![Fact::Released { issuer: issuer.clone() }.into()];
    let last = ticket.orders.iter().all(|order| order.issuer == *issuer);
    if last && ticket.waiting == Some(Waiting::Release) {
        let satisfied = ticket.answers.is_some_and(|answers| answers.is_valid() && !answers.is_unhappy());
        let ending = if satisfied { Ending::Satisfied } else { Ending::Unreached };
        events.push(Fact::Closed { ending }.with(case.after_close()));
    }
    Ok(events)
}

/// F45.
pub(super) fn note(case: &Case<'_>, text: TextId, audience: Audience) -> Decision {
    case.admit(&rows::F45)?;
    if matches!(case.by.role, Role::UnitSigner | Role::UnitHandler | Role::UnitLead) {
        let here = |role: Option<TaskRole>| {
            let tasks = case.ticket.tasks.iter().filter(|task| Some(&task.unit) == case.by.unit.as_ref());
            tasks.into_iter().any(|task| role.is_none_or(|role| task.role == role))
        };
        // An assist answers the lead, not the citizen (D§3).
        let role = (audience == Audience::Citizen).then_some(TaskRole::Lead);
        if !here(role) {
            return Err(Refusal::WrongUnit { action: case.verb });
        }
    }
    Ok(vec![Fact::Noted { text, audience }.into()])
}

/// F58.
pub(super) fn notice_sent(case: &Case<'_>, notice: Notice, channel: Channel, receipt: &VersionCode) -> Decision {
    case.admit(&rows::F58)?;
    Ok(vec![Fact::NoticeSent { notice, channel, receipt: receipt.clone() }.into()])
}
