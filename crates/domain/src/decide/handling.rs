//! A unit at work: contact, interim feedback, more time, suspension, teams (F19–F21, F23, F24, F41, F46).

use super::{Case, Decision, end, end_for, set, set_for, work_clock};
use crate::{
    At, ContactOutcome, Due, Extension, ExtensionReason, Fact, Refusal, Role, Span, State, SuspendReason, Task,
    TaskRole, TaskState, TextId, Timer, UnitCode, transitions::rows,
};

/// F19: 先行联系. Late is recorded, not refused.
pub(super) fn contact(case: &Case<'_>, outcome: ContactOutcome) -> Decision {
    case.admit(&rows::F19)?;
    let task = carrying(case)?;
    let unit = task.unit.clone();
    let dues = vec![end_for(&unit, Timer::Contact)];
    Ok(vec![Fact::Contacted { unit, outcome }.with(dues)])
}

/// F41.
pub(super) fn interim_feedback(case: &Case<'_>, text: TextId) -> Decision {
    case.admit(&rows::F41)?;
    let task = carrying(case)?;
    match task.role {
        TaskRole::Lead | TaskRole::Interim => {}
        TaskRole::Assist | TaskRole::Inner => return Err(Refusal::WrongUnit { action: case.verb }),
    }
    Ok(vec![Fact::InterimGiven { unit: task.unit.clone(), text }.with(vec![end(Timer::Interim)])])
}

/// The caller's task, once its unit carries the work: signed, or named to hold it for a while.
fn carrying<'a>(case: &Case<'a>) -> Result<&'a Task, Refusal> {
    let task = case.own_task()?;
    let carries = match task.state {
        TaskState::PendingSign => task.role == TaskRole::Interim,
        TaskState::ReturnRequested => task.signed_at.is_some(),
        TaskState::Signed
        | TaskState::Contacted
        | TaskState::Submitted
        | TaskState::Accepted
        | TaskState::RejectedByLead
        | TaskState::Cancelled => true,
    };
    if carries { Ok(task) } else { Err(Refusal::WrongTaskState { action: case.verb, state: task.state }) }
}

/// F20.
pub(super) fn request_extension(case: &Case<'_>, reason: ExtensionReason, by: Span, quota_left: bool) -> Decision {
    case.admit(&rows::F20)?;
    case.not_split()?;
    let task = case.own_task()?;
    let ticket = case.ticket;
    match (task.role, task.state) {
        (TaskRole::Interim | TaskRole::Inner, _) => return Err(Refusal::WrongUnit { action: case.verb }),
        (TaskRole::Lead | TaskRole::Assist, TaskState::Signed | TaskState::Contacted | TaskState::RejectedByLead) => {}
        (
            TaskRole::Lead | TaskRole::Assist,
            state @ (TaskState::PendingSign
            | TaskState::Submitted
            | TaskState::Accepted
            | TaskState::ReturnRequested
            | TaskState::Cancelled),
        ) => return Err(Refusal::WrongTaskState { action: case.verb, state }),
    }
    if ticket.extension.is_some() {
        return Err(Refusal::AlreadySo { what: "an extension is asked for and not decided" });
    }
    if by <= Span::ZERO {
        return Err(case.unfit("by", "must be a positive time"));
    }
    let allowed = if redone(ticket.state) { 1 } else { case.limits.extensions(ticket.urgency) };
    if ticket.extension_count >= allowed {
        return Err(case.used_up("the number of extensions"));
    }
    if !quota_left {
        return Err(case.used_up("the unit's quota of this quarter"));
    }
    let due = task.handle_due.ok_or_else(|| case.missing("due", "this task has no due time to extend"))?;
    let measure = case.measure(Some(task), work_clock(ticket.state));
    let left = Span::micros(case.limits.max_extension.as_micros() - ticket.extended.as_micros());
    if case.limits.extended(measure, due, by) > case.limits.extended(measure, due, left.max(Span::ZERO)) {
        return Err(case.unfit("by", "goes beyond what all extensions of a ticket together may give"));
    }
    let latest = case.limits.latest_request(ticket.urgency, due);
    if case.at > latest {
        return Err(Refusal::TooLate { action: case.verb, due: latest });
    }
    Ok(vec![Fact::ExtensionRequested { unit: task.unit.clone(), reason, by }.into()])
}

const fn redone(state: State) -> bool {
    matches!(work_clock(state), Timer::Redo)
}

/// F21: 初审.
pub(super) fn review_extension(case: &Case<'_>, grant: bool) -> Decision {
    case.admit(&rows::F21_REVIEW)?;
    let extension = pending(case)?;
    if !case.limits.two_step_extension {
        return Err(Refusal::AlreadySo { what: "one review is enough here" });
    }
    if extension.first_review_by.is_some() {
        return Err(Refusal::AlreadySo { what: "the extension has its first review" });
    }
    Ok(vec![Fact::ExtensionReviewed { grant }.into()])
}

/// F21: 终审, by another person and a supervisor where policy has two steps (R-DSP-6).
pub(super) fn decide_extension(case: &Case<'_>, grant: bool) -> Decision {
    case.admit(&rows::F21)?;
    let extension = pending(case)?;
    if case.limits.two_step_extension {
        match &extension.first_review_by {
            None => return Err(case.missing("first review", "an extension has two reviews")),
            Some(first) if *first == case.by.person => return Err(Refusal::SamePerson { action: case.verb }),
            Some(_) if case.by.role != Role::Supervisor => {
                return Err(Refusal::WrongRole { action: case.verb, role: case.by.role });
            }
            Some(_) => {}
        }
    }
    if !grant {
        return Ok(vec![Fact::ExtensionDenied {}.into()]);
    }
    let (due, dues) = granted(case, extension)?;
    let latest = case.ticket.upstream.as_ref().and_then(|up| up.due).map(|up| up.minus(case.limits.upstream_margin));
    if latest.is_some_and(|latest| due > latest) {
        return Err(case.unfit("by", "goes beyond the upper platform's due; theirs is the decision (F53b)"));
    }
    Ok(vec![Fact::ExtensionGranted { by: extension.by }.with(dues)])
}

pub(super) fn pending<'a>(case: &Case<'a>) -> Result<&'a Extension, Refusal> {
    case.ticket.extension.as_ref().ok_or(Refusal::AlreadySo { what: "no extension is asked for" })
}

/// The new due of the unit, and of the promise: N6 tells the citizen (R-TIM-3).
pub(super) fn granted(case: &Case<'_>, extension: &Extension) -> Result<(At, Vec<Due>), Refusal> {
    let ticket = case.ticket;
    let task = ticket.open_task(&extension.unit).ok_or(Refusal::WrongUnit { action: case.verb })?;
    let measure = case.measure(Some(task), work_clock(ticket.state));
    let due = case.limits.extended(measure, task.handle_due.unwrap_or(case.at), extension.by);
    let mut dues = vec![set_for(&extension.unit, work_clock(ticket.state), due)];
    let promised = ticket.dues.get(&Timer::Promise).copied();
    if task.role == TaskRole::Lead && promised.is_none_or(|promised| promised < due) {
        dues.push(set(Timer::Promise, due));
    }
    Ok((due, dues))
}

/// F23.
pub(super) fn suspend(case: &Case<'_>, reason: SuspendReason, review_at: At) -> Decision {
    case.admit(&rows::F23)?;
    case.not_split()?;
    let latest = case
        .limit(Timer::SuspendReview)
        .ok_or_else(|| case.unfit("urgency", "does not allow a pause: life or property is at stake"))?;
    if review_at <= case.at || review_at > latest {
        return Err(case.unfit("review_at", "must lie ahead, within T_suspend_review"));
    }
    Ok(vec![Fact::Suspended { reason }.with(vec![set(Timer::SuspendReview, review_at)])])
}

/// F24.
pub(super) fn resume(case: &Case<'_>) -> Decision {
    case.admit(&rows::F24)?;
    let review = case.ticket.dues.get(&Timer::SuspendReview).copied();
    if let (true, Some(from)) = (case.is_system(), review.filter(|due| case.at < *due)) {
        return Err(Refusal::TooEarly { action: case.verb, from });
    }
    let paused = case.ticket.paused_at.map(|since| case.at.since(since)).unwrap_or_default();
    Ok(vec![Fact::Resumed { paused }.with(case.after_pause())])
}

/// F46: a task inside the unit's task; the unit stays responsible.
pub(super) fn sub_dispatch(case: &Case<'_>, inner: &UnitCode, belongs: bool) -> Decision {
    case.admit(&rows::F46)?;
    let task = case.own_task()?;
    match task.role {
        TaskRole::Lead | TaskRole::Assist => {}
        TaskRole::Interim | TaskRole::Inner => return Err(Refusal::WrongUnit { action: case.verb }),
    }
    if !belongs || *inner == task.unit {
        return Err(case.unfit("inner", "is not a team of the unit"));
    }
    if case.ticket.open_task(inner).is_some() {
        return Err(Refusal::AlreadySo { what: "the team is at work on this ticket" });
    }
    Ok(vec![Fact::SubDispatched { unit: task.unit.clone(), inner: inner.clone() }.into()])
}
