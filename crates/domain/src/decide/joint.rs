//! Several at work: assisting units, their parts, and residents who take part (F22, F60, F67; D§7).

use super::{Case, Decision, dispatching::unit_dues, end_for, set_for};
use crate::{
    At, Fact, FileId, Mode, Participation, PersonCode, Point, Refusal, Role, Task, TaskState, TextId, Timer, UnitCode,
    transitions::rows,
};

/// F22: by the centre, or by the head of the unit that leads (协办审批).
pub(super) fn add_unit(case: &Case<'_>, unit: &UnitCode) -> Decision {
    case.admit(&rows::F22)?;
    case.not_split()?;
    let lead = if case.by.role == Role::Dispatcher { open_lead(case)? } else { case.working_lead()? };
    if case.ticket.open_task(unit).is_some() {
        return Err(Refusal::AlreadySo { what: "the unit is at work on this ticket" });
    }
    let measure = case.measure(Some(lead), Timer::Handle);
    let handle = lead.handle_due.map(|due| case.limits.near(measure, case.at, due));
    Ok(vec![Fact::UnitAdded { unit: unit.clone() }.with(unit_dues(case, unit, handle))])
}

fn open_lead<'a>(case: &Case<'a>) -> Result<&'a Task, Refusal> {
    case.ticket.lead().filter(|task| task.is_open()).ok_or_else(|| case.unfit("ticket", "has no unit that leads now"))
}

/// The assist's open task.
fn assist<'a>(case: &Case<'a>, unit: &UnitCode) -> Result<&'a Task, Refusal> {
    case.ticket
        .open_assists()
        .find(|task| task.unit == *unit)
        .ok_or_else(|| case.unfit("unit", "does not assist with this ticket now"))
}

/// The assist's task, handed in.
fn submitted<'a>(case: &Case<'a>, unit: &UnitCode) -> Result<&'a Task, Refusal> {
    let task = assist(case, unit)?;
    match task.state {
        TaskState::Submitted => Ok(task),
        state @ (TaskState::PendingSign
        | TaskState::Signed
        | TaskState::Contacted
        | TaskState::Accepted
        | TaskState::ReturnRequested
        | TaskState::RejectedByLead
        | TaskState::Cancelled) => Err(Refusal::WrongTaskState { action: case.verb, state }),
    }
}

/// F60: the lead rates the part.
pub(super) fn accept_part(case: &Case<'_>, unit: &UnitCode, rating: Option<u8>) -> Decision {
    case.admit(&rows::F60_ACCEPT)?;
    case.working_lead()?;
    submitted(case, unit)?;
    if rating.is_some_and(|stars| !(1..=5).contains(&stars)) {
        return Err(case.unfit("rating", "is 1 to 5"));
    }
    Ok(vec![Fact::PartAccepted { unit: unit.clone(), rating }.into()])
}

/// F60: the time in the lead's hands is given back (as R-TIM-3 does for the lead).
pub(super) fn reject_part(case: &Case<'_>, unit: &UnitCode, reason: TextId) -> Decision {
    case.admit(&rows::F60_REJECT)?;
    case.working_lead()?;
    let task = submitted(case, unit)?;
    let since = task.submitted_at.unwrap_or(case.at);
    let measure = case.measure(Some(task), Timer::Handle);
    let due =
        task.handle_due.map(|due| set_for(unit, Timer::Handle, case.limits.put_off(measure, due, since, case.at)));
    Ok(vec![Fact::PartRejected { unit: unit.clone(), reason }.with(due.into_iter().collect())])
}

/// F60: by the lead or the centre.
pub(super) fn release_assist(case: &Case<'_>, unit: &UnitCode, reason: TextId) -> Decision {
    case.admit(&rows::F60_RELEASE)?;
    if case.by.role != Role::Dispatcher {
        case.working_lead()?;
    }
    assist(case, unit)?;
    let dues = vec![end_for(unit, Timer::Handle)];
    Ok(vec![Fact::AssistReleased { unit: unit.clone(), reason }.with(dues)])
}

/// 群众参与 needs a ticket that is handled so.
fn in_citizen_mode(case: &Case<'_>) -> Result<(), Refusal> {
    if case.ticket.mode == Some(Mode::Citizen) { Ok(()) } else { Err(case.unfit("mode", "is not CITIZEN")) }
}

fn published<'a>(case: &Case<'a>) -> Result<&'a Participation, Refusal> {
    in_citizen_mode(case)?;
    case.ticket.participation.as_ref().ok_or_else(|| case.unfit("ticket", "has no task published"))
}

/// F67.
pub(super) fn publish(case: &Case<'_>, places: u16, text: TextId) -> Decision {
    case.admit(&rows::F67_PUBLISH)?;
    in_citizen_mode(case)?;
    case.working_lead()?;
    if case.ticket.participation.is_some() {
        return Err(Refusal::AlreadySo { what: "a task is published" });
    }
    if places == 0 {
        return Err(case.unfit("places", "must be one or more"));
    }
    let participation = Participation { places, ..Participation::default() };
    Ok(vec![Fact::TaskPublished { participation, text }.into()])
}

/// F67.
pub(super) fn claim(case: &Case<'_>, person: &PersonCode) -> Decision {
    case.admit(&rows::F67_CLAIM)?;
    let task = published(case)?;
    if task.claimed_by.contains(person) {
        return Err(Refusal::AlreadySo { what: "the person has a place" });
    }
    if task.claimed_by.len() >= usize::from(task.places) {
        return Err(case.used_up("the number of places"));
    }
    Ok(vec![Fact::TaskClaimed { person: person.clone() }.into()])
}

/// F67.
pub(super) fn give_evidence(
    case: &Case<'_>,
    person: &PersonCode,
    (photo, point, taken_at): (FileId, Point, At),
) -> Decision {
    case.admit(&rows::F67_EVIDENCE)?;
    let task = published(case)?;
    claimed(case, task, person)?;
    if taken_at > case.at {
        return Err(case.unfit("taken_at", "lies in the future"));
    }
    Ok(vec![Fact::EvidenceGiven { person: person.clone(), photo, point, taken_at }.into()])
}

/// F67.
pub(super) fn confirm_evidence(case: &Case<'_>, person: &PersonCode) -> Decision {
    case.admit(&rows::F67_CONFIRM)?;
    let task = published(case)?;
    case.working_lead()?;
    claimed(case, task, person)?;
    if task.confirmed >= task.evidence {
        return Err(case.missing("evidence", "there is none that is not confirmed"));
    }
    Ok(vec![Fact::EvidenceConfirmed { person: person.clone() }.into()])
}

fn claimed(case: &Case<'_>, task: &Participation, person: &PersonCode) -> Result<(), Refusal> {
    if task.claimed_by.contains(person) { Ok(()) } else { Err(case.unfit("person", "has not claimed a place")) }
}
