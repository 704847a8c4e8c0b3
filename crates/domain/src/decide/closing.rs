//! Ends: by ruling, by the citizen, by time (F35, F36, F38, F50, F56).

use super::{Case, Decision};
use crate::{At, Ending, Fact, Kind, Merge, Refusal, State, Ticket, Timer, Urgency, Waiting, transitions::rows};

/// F50: QA finds the demand unreasonable, and it was explained to the citizen.
pub(super) fn unsatisfied(case: &Case<'_>) -> Decision {
    case.admit(&rows::F50)?;
    unhappy_survey_waits(case)?;
    case.no_open_order()?;
    Ok(vec![Fact::Closed { ending: Ending::Unsatisfied }.with(case.after_close())])
}

/// F35.
pub(super) fn unsolvable(case: &Case<'_>, not_solvable_now: bool) -> Decision {
    case.admit(&rows::F35)?;
    if case.ticket.state == State::PendingCallback {
        unhappy_survey_waits(case)?;
    }
    case.no_open_order()?;
    let ending = if not_solvable_now { Ending::NotSolvableNow } else { Ending::Unreasonable };
    Ok(vec![Fact::Closed { ending }.with(case.after_close())])
}

fn unhappy_survey_waits(case: &Case<'_>) -> Result<(), Refusal> {
    match case.ticket.waiting {
        Some(Waiting::Qa | Waiting::Arbiter) => Ok(()),
        Some(Waiting::Release) | None => Err(case.unfit("ticket", "has no unhappy survey that waits for a ruling")),
    }
}

/// F36, F56.
pub(super) fn archive(case: &Case<'_>) -> Decision {
    let row = if case.ticket.state == State::Closed { &rows::F36 } else { &rows::F56 };
    case.admit(row)?;
    if let Some(from) = archive_from(case.ticket).filter(|from| case.at < *from) {
        return Err(Refusal::TooEarly { action: case.verb, from });
    }
    Ok(vec![Fact::Archived {}.into()])
}

/// When nobody can react any more: the later of T_rating and W_closed.
fn archive_from(ticket: &Ticket) -> Option<At> {
    ticket.dues.get(&Timer::Rating).copied().max(ticket.dues.get(&Timer::Reraise).copied())
}

pub(super) fn archivable(ticket: &Ticket, now: At) -> bool {
    let ended = match ticket.state {
        State::Closed | State::Answered | State::Rejected => true,
        State::Received
        | State::NeedInfo
        | State::TransferredOut
        | State::PendingDispatch
        | State::MergedMember
        | State::PendingSign
        | State::Handling
        | State::ReturnReview
        | State::InDispute
        | State::Suspended
        | State::Consolidating
        | State::CloseReview
        | State::PendingVerify
        | State::PendingCallback
        | State::Redo
        | State::SupervisedRedo
        | State::Archived
        | State::Cancelled
        | State::ReturnedUpstream => false,
    };
    ended && archive_from(ticket).is_none_or(|from| now >= from)
}

/// F38. Nobody is talked out of a danger, a mass matter or a report.
pub(super) fn withdraw(case: &Case<'_>, confirmed: bool) -> Decision {
    case.admit(&rows::F38)?;
    match case.ticket.merge {
        Merge::Alone => {}
        Merge::Master { .. } => return Err(case.unfit("ticket", "leads a merge group; another leads first (F59)")),
        Merge::Member { .. } => return Err(case.unfit("ticket", "follows a master; it leaves the group first (F39)")),
    }
    may_withdraw(case.ticket, confirmed).map_err(|(field, problem)| case.unfit(field, problem))?;
    Ok(vec![Fact::Withdrawn {}.into()])
}

/// The guard of F38, also where a master is withdrawn (F59).
pub(crate) fn may_withdraw(ticket: &Ticket, confirmed: bool) -> Result<(), (&'static str, &'static str)> {
    if ticket.urgency == Urgency::Critical {
        return Err(("urgency", "is CRITICAL: it is handled all the same"));
    }
    if ticket.flags.group_event {
        return Err(("flags", "say that many are concerned: it is handled all the same"));
    }
    if ticket.flags.against_official || ticket.kind == Some(Kind::Report) {
        return Err(("type", "is a report in the public interest: it is handled all the same"));
    }
    // A unit that has it could press the citizen.
    if !ticket.tasks.is_empty() && !confirmed {
        return Err(("confirmed", "is needed after dispatch: a callback hears the citizen's free will"));
    }
    Ok(())
}
