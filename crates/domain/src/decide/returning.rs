//! Returns, reviews of returns, disputes and rulings (F14–F18, F61, F62; D§10.3 R-DSP-3…5).
//!
//! A lead's return is the ticket's; an assist's changes its own task and leaves the ticket where it is (D§6.1).

use super::{
    Case, Decision,
    dispatching::{Plan, units_differ, work_dues},
    end, end_for,
    intake::wait_for_citizen,
    put_off_task,
};
use crate::{
    Actor, At, Due, Event, Fact, Limits, Mode, Refusal, Return, ReturnLock, ReturnReason, Span, State, Task, TaskRole,
    TaskState, TextId, Ticket, Timer, Transition, UnitCode, transitions::rows,
};

/// F14.
pub(super) fn request(
    case: &Case<'_>,
    reason: ReturnReason,
    evidence: TextId,
    suggested: Option<&UnitCode>,
) -> Decision {
    case.admit_role(&rows::F14)?;
    let task = case.own_task()?;
    case.admit_task(&rows::F14, task.role)?;
    let ticket = case.ticket;
    match task.role {
        // A team gives the work back to its own unit, which stays responsible (F46).
        TaskRole::Inner => {
            return Ok(vec![Fact::AssistReleased { unit: task.unit.clone(), reason: evidence }.into()]);
        }
        TaskRole::Interim => return Err(case.unfit("task", "is held until the ruling")),
        TaskRole::Lead | TaskRole::Assist => {}
    }
    match task.state {
        TaskState::PendingSign | TaskState::Signed | TaskState::Contacted | TaskState::RejectedByLead => {}
        state @ (TaskState::Submitted | TaskState::Accepted | TaskState::ReturnRequested | TaskState::Cancelled) => {
            return Err(Refusal::WrongTaskState { action: case.verb, state });
        }
    }
    if pending(ticket).is_some() {
        return Err(Refusal::AlreadySo { what: "another return is under review" });
    }
    if task.role == TaskRole::Lead && ticket.return_lock != ReturnLock::None {
        return Err(Refusal::ReturnLocked { lock: ticket.return_lock });
    }
    if ticket.return_count >= case.limits.max_return {
        return Err(case.used_up("the number of returns"));
    }
    if let Some(due) = task.dues.get(&Timer::Return).copied().filter(|due| case.at > *due) {
        return Err(Refusal::TooLate { action: case.verb, due });
    }
    // 22 "not my duty" and 23 "not my area" must say whose it is, or the ticket wanders (R-DSP-4).
    if reason.needs_suggested_unit() && suggested.is_none() {
        return Err(case.missing("suggested_unit", "reasons 22 and 23 say whose it is instead"));
    }
    if suggested == Some(&task.unit) {
        return Err(case.unfit("suggested_unit", "is the unit that returns it"));
    }
    let asked = Fact::ReturnRequested { unit: task.unit.clone(), reason, evidence, suggested: suggested.cloned() };
    Ok(vec![asked.with(case.start(Timer::ReturnReview).into_iter().collect())])
}

/// The return that waits for a review, with the task that it is about.
fn pending(ticket: &Ticket) -> Option<(&Return, &Task)> {
    let returning = ticket.returning.as_ref()?;
    let task = ticket.open_task(&returning.unit)?;
    (task.state == TaskState::ReturnRequested).then_some((returning, task))
}

/// The return under review, for a reviewer who may act on it here.
fn under_review<'a>(case: &Case<'a>, row: &Transition) -> Result<(&'a Return, &'a Task), Refusal> {
    case.admit_role(row)?;
    let (returning, task) = pending(case.ticket).ok_or_else(|| case.wrong_state())?;
    case.admit_task(row, task.role)?;
    Ok((returning, task))
}

/// F15a: 初审.
pub(super) fn first_review(case: &Case<'_>, approve: bool) -> Decision {
    let (returning, _) = under_review(case, &rows::F15A)?;
    if !case.limits.two_step_return || returning.first_review_by.is_some() {
        return Err(Refusal::AlreadySo { what: "no first review is open" });
    }
    Ok(vec![Fact::ReturnReviewed { approve }.into()])
}

/// F15: 终审.
pub(super) fn approve(case: &Case<'_>, ask_citizen: bool) -> Decision {
    let (returning, task) = under_review(case, &rows::F15)?;
    second_person(case, returning)?;
    let reason = returning.reason;
    if task.role != TaskRole::Lead {
        let stays = after_assist(case.ticket, task);
        let review = review_time(case);
        let approved = Fact::ReturnApproved { reason, to: stays, misdispatch: false, review };
        return Ok(vec![approved.with(end_review())]);
    }
    let (to, dues) = match reason {
        ReturnReason::OutOfScope => (State::Received, case.entering(State::Received)),
        // The second time it goes to arbitration, not to a third unit (R-DSP-3).
        ReturnReason::NotMyDuty | ReturnReason::NotMyArea if case.ticket.misdispatch_count > 0 => {
            (State::InDispute, case.entering(State::InDispute))
        }
        ReturnReason::NotMyDuty | ReturnReason::NotMyArea | ReturnReason::Other => {
            (State::PendingDispatch, case.entering(State::PendingDispatch))
        }
        ReturnReason::MissingElements if ask_citizen => (State::NeedInfo, vec![wait_for_citizen(case)?]),
        ReturnReason::MissingElements => (case.ticket.held.unwrap_or(State::PendingSign), Vec::new()),
        ReturnReason::UnmergedDuplicate => {
            return Err(case.unfit("reason", "25 is approved by merging the ticket into its duplicate"));
        }
    };
    Ok(vec![approved(case, reason, to, dues)])
}

fn approved(case: &Case<'_>, reason: ReturnReason, to: State, dues: Vec<Due>) -> Event {
    let misdispatch = matches!(reason, ReturnReason::NotMyDuty | ReturnReason::NotMyArea);
    let goes_on = Some(to) == case.ticket.held || to == State::NeedInfo;
    let dues = dues.into_iter().chain(goes_on.then(|| after_review(case)).into_iter().flatten()).collect();
    Fact::ReturnApproved { reason, to, misdispatch, review: review_time(case) }.with(dues)
}

/// F15 with code 25: the return of a duplicate is approved so that it can be merged; an unmerge then finds the unit
/// where it was.
///
/// # Errors
/// When no such return waits, or the reviewer is the wrong one.
pub(crate) fn approve_duplicate(ticket: &Ticket, by: &Actor, at: At, limits: &Limits) -> Result<Event, Refusal> {
    let case = Case { ticket, by, at, limits, verb: "merge" };
    let (returning, task) = under_review(&case, &rows::F15)?;
    if returning.reason != ReturnReason::UnmergedDuplicate || task.role != TaskRole::Lead {
        return Err(case.wrong_state());
    }
    second_person(&case, returning)?;
    let to = ticket.held.unwrap_or(State::PendingSign);
    Ok(approved(&case, returning.reason, to, Vec::new()))
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

/// When the last assist goes, the lead of a joint ticket is left to put the parts together (F60).
fn after_assist(ticket: &Ticket, leaving: &Task) -> State {
    let others = ticket.open_assists().any(|task| task.unit != leaving.unit);
    let joint = ticket.mode == Some(Mode::Joint);
    if ticket.state == State::Handling && joint && !others { State::Consolidating } else { ticket.state }
}

/// F16.
pub(super) fn deny(case: &Case<'_>) -> Decision {
    let (returning, _) = under_review(case, &rows::F16)?;
    Ok(vec![Fact::ReturnDenied { reason: returning.reason }.with(end_review())])
}

fn end_review() -> Vec<Due> {
    vec![end(Timer::ReturnReview)]
}

/// The unit that goes on gets the time of the review back: it was the centre's (R-TIM-3).
fn after_review(case: &Case<'_>) -> Vec<Due> {
    pending(case.ticket)
        .map(|(returning, task)| put_off_task(case.ticket, task, case.limits, returning.asked_at, case.at))
        .unwrap_or_default()
}

fn review_time(case: &Case<'_>) -> Span {
    let since = case.ticket.returning.as_ref().map(|returning| returning.asked_at);
    since.map(|since| case.at.since(since).max(Span::ZERO)).unwrap_or_default()
}

/// F61: 退单解锁.
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

/// F17. The dispute's time is the centre's, so the units' clocks stop (R-TIM-3).
pub(super) fn escalate(case: &Case<'_>) -> Decision {
    case.admit(&rows::F17)?;
    if case.ticket.returned_by.len() < 2 {
        return Err(case.unfit("ticket", "was not returned by two different units"));
    }
    let stopped = case.ticket.tasks.iter().filter(|task| task.is_open());
    let stopped = stopped.flat_map(|task| task.dues.keys().map(|timer| end_for(&task.unit, *timer)));
    Ok(vec![Fact::Escalated {}.with(case.entering(State::InDispute).into_iter().chain(stopped).collect())])
}

/// F62.
pub(super) fn file_opinion(case: &Case<'_>, opinion: TextId) -> Decision {
    case.admit(&rows::F62_OPINION)?;
    let unit = case.by.unit.as_ref().ok_or(Refusal::WrongUnit { action: case.verb })?;
    let ticket = case.ticket;
    if !ticket.returned_by.contains(unit) && !ticket.tasks.iter().any(|task| task.unit == *unit) {
        return Err(Refusal::WrongUnit { action: case.verb });
    }
    if ticket.opinions.contains(unit) {
        return Err(Refusal::AlreadySo { what: "the unit's opinion is on file" });
    }
    Ok(vec![Fact::OpinionFiled { unit: unit.clone(), opinion }.into()])
}

/// F62.
pub(super) fn name_interim_lead(case: &Case<'_>, unit: &UnitCode) -> Decision {
    case.admit(&rows::F62_INTERIM)?;
    if case.ticket.tasks.iter().any(|task| task.role == TaskRole::Interim && task.is_open()) {
        return Err(Refusal::AlreadySo { what: "an interim lead is named" });
    }
    if case.ticket.open_task(unit).is_some() {
        return Err(case.unfit("unit", "is at work on this ticket"));
    }
    let dues = [Timer::Sign, Timer::Contact].into_iter().filter_map(|timer| case.start_for(unit, timer)).collect();
    Ok(vec![Fact::InterimLeadNamed { unit: unit.clone() }.with(dues)])
}

/// F18: binding, so nobody returns it again.
pub(super) fn rule(case: &Case<'_>, plan: &Plan<'_>, grounds: TextId) -> Decision {
    case.admit(&rows::F18)?;
    units_differ(case, plan)?;
    let heard = case.ticket.returned_by.iter().all(|unit| case.ticket.opinions.contains(unit));
    // The clock is gone once it ran out and showed its card.
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
    let mut dues = work_dues(case, plan, None);
    dues.retain(|due| due.timer != Timer::Return);
    Ok(vec![ruled.with(dues)])
}
