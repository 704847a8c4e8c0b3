//! Returns, reviews of returns, disputes and rulings (F14–F18, F61, F62; D§10.3 R-DSP-3…5).

use super::{
    Case, Decision, end_for, intake::to_dispatch,
    dispatching::{Plan, units_differ, work_dues},
};
use crate::{
    Actor, At, Due, Event, Fact, Limits, Refusal, Return, ReturnLock, ReturnReason, Span, State, TaskRole, TaskState, TextId, Ticket, Timer, UnitCode,
    transitions::rows,
};

/// F14.
pub(super) fn request(
    case: &Case<'_>,
    reason: ReturnReason,
    evidence: TextId,
    suggested: Option<&UnitCode>,
) -> Decision {
    let task = case.own_task()?;
    case.admit_task(&rows::F14, task.role)?;
    if case.ticket.returning.is_some() {
        return Err(Refusal::AlreadySo { what: "a return is under review" });
    }
    match task.state {
        TaskState::PendingSign | TaskState::Signed | TaskState::Contacted => {}
        state @ (TaskState::Submitted
        | TaskState::Accepted
        | TaskState::ReturnRequested
        | TaskState::RejectedByLead
        | TaskState::Cancelled) => return Err(Refusal::WrongTaskState { action: case.verb, state }),
    }
    if case.ticket.return_lock != ReturnLock::None {
        return Err(Refusal::ReturnLocked { lock: case.ticket.return_lock });
    }
    if case.ticket.return_count >= case.limits.max_return {
        return Err(case.used_up("the number of returns"));
    }
    if let Some(due) = task.dues.get(&Timer::Return)
        && case.at > *due
    {
        return Err(Refusal::TooLate { action: case.verb, due: *due });
    }
    if reason.needs_suggested_unit() && suggested.is_none() {
        return Err(case.missing("suggested_unit", "reasons 22 and 23 say whose it is instead"));
    }
    if suggested == Some(&task.unit) {
        return Err(case.unfit("suggested_unit", "is the unit that returns it"));
    }
    let asked = Fact::ReturnRequested { unit: task.unit.clone(), reason, evidence, suggested: suggested.cloned() };
    let review = if task.role == TaskRole::Lead { case.start(Timer::ReturnReview) } else { None };
    Ok(vec![asked.with(review.into_iter().collect())])
}

fn under_review<'a>(case: &Case<'a>) -> Result<&'a Return, Refusal> {
    case.ticket.returning.as_ref().ok_or(Refusal::AlreadySo { what: "no return is under review" })
}

/// The unit that asks leads, or assists with a task of its own.
fn role_of(case: &Case<'_>, returning: &Return) -> TaskRole {
    case.ticket.open_task(&returning.unit).map_or(TaskRole::Lead, |task| task.role)
}

/// F15a: 初审.
pub(super) fn first_review(case: &Case<'_>, approve: bool) -> Decision {
    case.admit_role(&rows::F15A)?;
    let returning = under_review(case)?;
    case.admit_task(&rows::F15A, role_of(case, returning))?;
    if !case.limits.two_step_return || returning.first_review_by.is_some() {
        return Err(Refusal::AlreadySo { what: "no first review is open" });
    }
    Ok(vec![Fact::ReturnReviewed { approve }.into()])
}

/// 终审 is done by another person than 初审, unless policy has one step.
fn second_person(case: &Case<'_>, returning: &Return) -> Result<(), Refusal> {
    if !case.limits.two_step_return {
        return Ok(());
    }
    match &returning.first_review_by {
        None => Err(case.missing("first_review", "policy has two steps: 初审, then 终审")),
        Some(first) if *first == case.by.person => Err(Refusal::SamePerson { action: case.verb }),
        Some(_) => Ok(()),
    }
}

/// F15.
pub(super) fn approve(case: &Case<'_>, ask_citizen: bool) -> Decision {
    case.admit_role(&rows::F15)?;
    let returning = under_review(case)?;
    let role = role_of(case, returning);
    case.admit_task(&rows::F15, role)?;
    second_person(case, returning)?;
    let review = case.ticket.review_at.map_or(Span::ZERO, |since| case.at.since(since));
    let reason = returning.reason;
    if role != TaskRole::Lead {
        // An assist that may go: the ticket's state stays.
        let approved = Fact::ReturnApproved { reason, to: case.ticket.state, misdispatch: false, review };
        return Ok(vec![approved.into(), Fact::AssistReleased {
            unit: returning.unit.clone(),
            reason: TextId::new(uuid::Uuid::nil()),
        }
        .into()]);
    }
    let held = case.ticket.held.unwrap_or(State::Handling);
    let wrong = matches!(reason, ReturnReason::NotMyDuty | ReturnReason::NotMyArea);
    let (to, dues): (State, Vec<Due>) = match reason {
        ReturnReason::OutOfScope => (State::Received, case.start(Timer::Accept).into_iter().collect()),
        // After the second approved "not mine", to arbitration and not to a third unit (R-DSP-3).
        ReturnReason::NotMyDuty | ReturnReason::NotMyArea if case.ticket.misdispatch_count >= 1 => {
            (State::InDispute, case.start(Timer::Dispute).into_iter().collect())
        }
        ReturnReason::NotMyDuty | ReturnReason::NotMyArea | ReturnReason::Other => {
            (State::PendingDispatch, to_dispatch(case))
        }
        ReturnReason::MissingElements if ask_citizen => {
            if !case.ticket.reachable {
                return Err(case.unfit("ask_citizen", "is not possible: nobody can be reached"));
            }
            let Some(due) = case.start(Timer::Supplement) else {
                return Err(case.unfit("ask_citizen", "is not possible: CRITICAL goes on with what is known"));
            };
            (State::NeedInfo, vec![due])
        }
        ReturnReason::MissingElements => (held, Vec::new()),
        ReturnReason::UnmergedDuplicate => {
            return Err(case.unfit("reason", "25 is approved by merging the ticket into its duplicate"));
        }
    };
    Ok(vec![Fact::ReturnApproved { reason, to, misdispatch: wrong, review }.with(dues)])
}

/// F15 with code 25: the ticket was a duplicate all along, and joins its master by F09.
///
/// # Errors
/// When the review is not that far, or the unit gave another reason.
pub(crate) fn approve_duplicate(ticket: &Ticket, by: &Actor, at: At, limits: &Limits) -> Result<Event, Refusal> {
    let case = Case { ticket, by, at, limits, verb: "approve the return of" };
    case.admit(&rows::F15)?;
    let returning = under_review(&case)?;
    second_person(&case, returning)?;
    if returning.reason != ReturnReason::UnmergedDuplicate {
        return Err(case.unfit("reason", "is not 25, an unmerged duplicate"));
    }
    let review = ticket.review_at.map_or(Span::ZERO, |since| at.since(since));
    let to = ticket.held.unwrap_or(State::Handling);
    Ok(Fact::ReturnApproved { reason: returning.reason, to, misdispatch: false, review }.into())
}

/// F16.
pub(super) fn deny(case: &Case<'_>) -> Decision {
    case.admit_role(&rows::F16)?;
    let returning = under_review(case)?;
    case.admit_task(&rows::F16, role_of(case, returning))?;
    second_person(case, returning)?;
    Ok(vec![Fact::ReturnDenied { reason: returning.reason }.into()])
}

/// F61.
pub(super) fn unlock(case: &Case<'_>) -> Decision {
    case.admit(&rows::F61)?;
    match case.ticket.return_lock {
        ReturnLock::Denied => {
            let again = case.ticket.lead().and_then(|task| case.start_for(&task.unit, Timer::Return));
            Ok(vec![Fact::ReturnUnlocked {}.with(again.into_iter().collect())])
        }
        ReturnLock::None => Err(Refusal::AlreadySo { what: "returning is not locked" }),
        lock @ ReturnLock::Ruling => Err(Refusal::ReturnLocked { lock }),
    }
}

/// F17.
pub(super) fn escalate(case: &Case<'_>) -> Decision {
    case.admit(&rows::F17)?;
    if case.ticket.returned_by.len() < 2 {
        return Err(case.unfit("ticket", "was not returned by two different units"));
    }
    Ok(vec![Fact::Escalated {}.with(case.start(Timer::Dispute).into_iter().collect())])
}

/// F62.
pub(super) fn file_opinion(case: &Case<'_>, opinion: TextId) -> Decision {
    case.admit(&rows::F62_OPINION)?;
    let Some(unit) = &case.by.unit else { return Err(Refusal::WrongUnit { action: case.verb }) };
    if !case.ticket.returned_by.contains(unit) && case.ticket.open_task(unit).is_none() {
        return Err(Refusal::WrongUnit { action: case.verb });
    }
    if case.ticket.opinions.contains(unit) {
        return Err(Refusal::AlreadySo { what: "the unit's opinion is on file" });
    }
    Ok(vec![Fact::OpinionFiled { unit: unit.clone(), opinion }.into()])
}

/// F62.
pub(super) fn name_interim_lead(case: &Case<'_>, unit: &UnitCode) -> Decision {
    case.admit(&rows::F62_INTERIM)?;
    if case.ticket.tasks.iter().any(|t| t.role == TaskRole::Interim && t.is_open()) {
        return Err(Refusal::AlreadySo { what: "an interim lead is named" });
    }
    if case.ticket.open_task(unit).is_some() {
        return Err(case.unfit("unit", "is at work on this ticket"));
    }
    let dues = [Timer::Sign, Timer::Contact].into_iter().filter_map(|timer| case.start_for(unit, timer)).collect();
    Ok(vec![Fact::InterimLeadNamed { unit: unit.clone() }.with(dues)])
}

/// F18.
pub(super) fn rule(case: &Case<'_>, plan: &Plan<'_>, grounds: TextId) -> Decision {
    case.admit(&rows::F18)?;
    units_differ(case, plan)?;
    let heard = case.ticket.returned_by.iter().all(|unit| case.ticket.opinions.contains(unit));
    let waited = case.ticket.dues.get(&Timer::Dispute).is_none_or(|due| case.at >= *due);
    if !heard && !waited {
        return Err(case.missing("opinions", "each party is heard, or T_dispute has passed"));
    }
    let ruled = Fact::Ruled {
        lead: plan.lead.clone(),
        assists: plan.assists.to_vec(),
        catalogue: plan.catalogue.clone(),
        rule: plan.rule.cloned(),
        grounds,
    };
    // No return after a ruling.
    let mut dues = work_dues(case, plan, None);
    dues.retain(|due| due.timer != Timer::Return);
    dues.push(end_for(plan.lead, Timer::Return));
    Ok(vec![ruled.with(dues)])
}
