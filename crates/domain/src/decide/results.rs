//! Results: handed in, reviewed, checked on site; parts of a split ticket (F25–F29, F33, F26a, F26b).

use super::{Case, Decision, set, set_for, work_clock};
use crate::{
    At, Channel, Fact, FileId, Point, Refusal, ResultRecord, Role, Span, State, Task, TaskRole, TaskState, TextId,
    Timer, VersionCode, transitions::rows,
};

/// F25, F26, F33. An assist's result is its part; the lead's is the ticket's.
pub(super) fn submit(case: &Case<'_>, result: &ResultRecord) -> Decision {
    let state = case.ticket.state;
    let row = match state {
        State::Consolidating => &rows::F26,
        State::Redo | State::SupervisedRedo => &rows::F33,
        State::Received
        | State::NeedInfo
        | State::Rejected
        | State::TransferredOut
        | State::Answered
        | State::PendingDispatch
        | State::MergedMember
        | State::PendingSign
        | State::Handling
        | State::ReturnReview
        | State::InDispute
        | State::Suspended
        | State::CloseReview
        | State::PendingVerify
        | State::PendingCallback
        | State::Closed
        | State::Archived
        | State::Cancelled
        | State::ReturnedUpstream => &rows::F25,
    };
    case.admit_role(row)?;
    let task = case.own_task()?;
    case.admit_task(if task.role == TaskRole::Lead { row } else { &rows::F25 }, task.role)?;
    match task.state {
        TaskState::Signed | TaskState::Contacted | TaskState::RejectedByLead => {}
        // A lead that has submitted stands in review, or came back from a merge in the middle of it.
        TaskState::Submitted if task.role == TaskRole::Lead => {}
        state @ (TaskState::PendingSign
        | TaskState::Submitted
        | TaskState::Accepted
        | TaskState::ReturnRequested
        | TaskState::Cancelled) => return Err(Refusal::WrongTaskState { action: case.verb, state }),
    }
    fits(case, result)?;
    let fact = Fact::ResultSubmitted { unit: task.unit.clone(), result: result.clone() };
    match task.role {
        TaskRole::Lead => {
            may_hand_in(case, task)?;
            Ok(vec![fact.with(case.entering(State::CloseReview))])
        }
        TaskRole::Assist | TaskRole::Inner => Ok(vec![fact.into()]),
        TaskRole::Interim => Err(case.unfit("task", "is held until the ruling")),
    }
}

/// What a lead has done before the ticket's result can go to review.
fn may_hand_in(case: &Case<'_>, task: &Task) -> Result<(), Refusal> {
    case.not_split()?;
    if case.ticket.open_assists().next().is_some() {
        return Err(case.unfit("assists", "are at work; accept or release their parts first"));
    }
    // 经办人 must not close without a contact, or the reason why there was none (D§3).
    if case.ticket.expects_contact() && task.contacted_at.is_none() {
        return Err(case.missing("contact", "the citizen is contacted first, or the reason why not is recorded"));
    }
    if case.limits.lead_signs_result && case.by.role != Role::UnitLead {
        return Err(Refusal::WrongRole { action: case.verb, role: case.by.role });
    }
    Ok(())
}

/// The fields of D§5.4.
fn fits(case: &Case<'_>, result: &ResultRecord) -> Result<(), Refusal> {
    if !result.finding.fits(case.ticket.kind) {
        return Err(case.unfit("finding", "is not in the list of this type (D§5.4)"));
    }
    if !result.finding.explains_itself() && result.finding_because.is_none() {
        return Err(case.missing("finding_because", "a finding other than \"true\" is explained"));
    }
    if case.ticket.source.channel == Channel::GovPlatform && result.files.is_empty() {
        return Err(case.missing("files", "a ticket of the national platform needs the signed and sealed reply"));
    }
    Ok(())
}

/// F27: 退回重写. The due moves by the time in review (R-TIM-3).
pub(super) fn reject(case: &Case<'_>, findings: &[VersionCode], note: Option<TextId>) -> Decision {
    case.admit(&rows::F27)?;
    if findings.is_empty() && note.is_none() {
        return Err(case.missing("findings", "the unit must learn what to do better"));
    }
    let ticket = case.ticket;
    let lead = ticket.lead().filter(|task| task.is_open());
    let since = lead.and_then(|task| task.submitted_at).or(ticket.review_at);
    let review = since.map(|since| case.at.since(since).max(Span::ZERO)).unwrap_or_default();
    let timer = work_clock(ticket.held.unwrap_or(State::Handling));
    let due = lead.and_then(|task| {
        let due = case.limits.put_off(case.measure(Some(task), timer), task.handle_due?, since?, case.at);
        Some(set_for(&task.unit, timer, due))
    });
    let fact = Fact::ResultRejected { findings: findings.to_vec(), note, review };
    Ok(vec![fact.with(due.into_iter().collect())])
}

/// F28.
pub(super) fn accept(case: &Case<'_>) -> Decision {
    case.admit(&rows::F28)?;
    let to = if case.limits.verify_results { State::PendingVerify } else { State::PendingCallback };
    Ok(vec![Fact::ResultAccepted { to }.with(case.entering(to))])
}

/// F29: on the spot, by somebody else than the unit that handled it (D§11.3).
pub(super) fn verify(case: &Case<'_>, ok: bool, (photo, point, taken_at): (FileId, Point, At)) -> Decision {
    case.admit(&rows::F29)?;
    let lead = super::redo_unit(case.ticket);
    if case.by.unit.is_some() && case.by.unit.as_ref() == lead {
        return Err(case.unfit("unit", "cannot verify its own work"));
    }
    if taken_at > case.at {
        return Err(case.unfit("taken_at", "lies in the future"));
    }
    let dues = if ok {
        case.entering(State::PendingCallback)
    } else {
        let unit = lead.ok_or(Refusal::WrongUnit { action: case.verb })?;
        case.start_for(unit, Timer::Redo).into_iter().collect()
    };
    Ok(vec![Fact::Verified { ok, photo, point, taken_at }.with(dues)])
}

/// F26a.
pub(super) fn finish_parts(case: &Case<'_>, open: u32) -> Decision {
    case.admit(&rows::F26A)?;
    is_split(case)?;
    if open > 0 {
        return Err(case.unfit("parts", "are open"));
    }
    Ok(vec![Fact::PartsDone {}.with(case.entering(State::PendingCallback))])
}

/// F26b.
pub(super) fn answer_parts(case: &Case<'_>, open: u32) -> Decision {
    case.admit(&rows::F26B)?;
    is_split(case)?;
    if open > 0 {
        return Ok(vec![Fact::PartsAnswered { to: State::Consolidating }.into()]);
    }
    case.no_open_order()?;
    Ok(vec![Fact::PartsAnswered { to: State::Closed }.with(case.after_close())])
}

fn is_split(case: &Case<'_>) -> Result<(), Refusal> {
    if case.ticket.parts.is_empty() { Err(case.unfit("ticket", "has no parts")) } else { Ok(()) }
}

/// Back to the unit that led, with its own clock (F31, F34, F48, F53d, F63).
pub(super) fn redo_dues(case: &Case<'_>) -> Result<Vec<crate::Due>, Refusal> {
    let unit = super::redo_unit(case.ticket).ok_or_else(|| case.unfit("ticket", "was never led by a unit"))?;
    Ok(case.start_for(unit, Timer::Redo).into_iter().collect())
}

/// A survey that waits for somebody's decision: the callback's clocks stop, the decider's starts.
pub(super) fn waiting_dues(case: &Case<'_>) -> Vec<crate::Due> {
    let decider = case.limit(Timer::Dispute).map(|due| set(Timer::Dispute, due));
    [super::end(Timer::Callback), super::end(Timer::CallbackEnd)].into_iter().chain(decider).collect()
}
