//! Follow-up: the citizen is asked, and what the answer leads to (F30–F32, F34, F47, F48, F51, F53c, F57, F63, F64).

use super::{
    Case, Decision, end,
    intake::within_rating,
    results::{redo_dues, waiting_dues},
    set,
};
use crate::{
    Answers, AttemptOutcome, Demand, Ending, Fact, Refusal, Role, Span, State, SurveyEnd, SurveyMeans, TextId,
    TicketId, Timer, UnitCode, Waiting, transitions::rows,
};

/// A survey's answers; what they lead to depends on the state.
pub(super) fn survey(case: &Case<'_>, answers: Answers, means: SurveyMeans) -> Decision {
    if !answers.is_on_the_script() {
        return Err(case.unfit("answers", "are not on the script (D§11.1)"));
    }
    let from_upstream = case.by.role == Role::IntakeBot;
    if from_upstream != (means == SurveyMeans::Upstream) {
        return Err(case.unfit("means", "is UPSTREAM for the channel gateway, and only for it"));
    }
    if from_upstream && case.ticket.upstream.is_none() {
        return Err(case.unfit("ticket", "did not come from an upper platform"));
    }
    let upstream = from_upstream.then_some(&rows::F53C);
    match case.ticket.state {
        State::PendingCallback => {
            let unhappy = if case.ticket.redo_round == 0 { &rows::F31 } else { &rows::F34 };
            let row = if answers.is_unhappy() { unhappy } else { &rows::F30 };
            case.admit(upstream.unwrap_or(row))?;
            called_back(case, answers, means)
        }
        State::Closed if answers.is_unhappy() => {
            case.admit(upstream.unwrap_or(&rows::F48))?;
            within_rating(case)?;
            came_back(case, Some((answers, means)))
        }
        State::Answered if answers.is_unhappy() => {
            case.admit(&rows::F47)?;
            within_rating(case)?;
            reopened(case)
        }
        State::Closed | State::Answered => {
            case.admit(&rows::F64)?;
            within_rating(case)?;
            rated(case, answers, means)
        }
        State::Received
        | State::NeedInfo
        | State::Rejected
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
        | State::Redo
        | State::SupervisedRedo
        | State::Archived
        | State::Cancelled
        | State::ReturnedUpstream => {
            case.admit_role(upstream.unwrap_or(&rows::F30))?;
            Err(case.wrong_state())
        }
    }
}

/// F30, F31, F34, from PENDING_CALLBACK.
fn called_back(case: &Case<'_>, answers: Answers, means: SurveyMeans) -> Decision {
    case.not_split()?;
    no_survey_waits(case)?;
    by_a_person(case, means)?;
    let end = outcome(case, answers);
    let dues = match end {
        SurveyEnd::Close => case.after_close(),
        SurveyEnd::Redo | SurveyEnd::SupervisedRedo => redo_dues(case)?,
        SurveyEnd::Wait(Waiting::Release) => vec![super::end(Timer::CallbackEnd)],
        SurveyEnd::Wait(Waiting::Qa | Waiting::Arbiter) => waiting_dues(case),
        SurveyEnd::Nothing => Vec::new(),
    };
    Ok(vec![Fact::SurveyAnswered { answers, means, end }.with(dues)])
}

fn outcome(case: &Case<'_>, answers: Answers) -> SurveyEnd {
    let ticket = case.ticket;
    if !answers.is_valid() {
        return SurveyEnd::Nothing;
    }
    if !answers.is_unhappy() {
        let held_back = !ticket.orders.is_empty();
        return if held_back { SurveyEnd::Wait(Waiting::Release) } else { SurveyEnd::Close };
    }
    if ticket.redo_round >= case.limits.max_redo {
        return SurveyEnd::Wait(Waiting::Arbiter);
    }
    // 诉求过高, 无政策依据: QA says whether a redo is fair (R-CB-8).
    let doubtful = ticket.result.as_ref().is_some_and(|r| matches!(r.demand, Demand::Excessive | Demand::NoBasis));
    match (doubtful, ticket.redo_round) {
        (true, _) => SurveyEnd::Wait(Waiting::Qa),
        (false, 0) => SurveyEnd::Redo,
        (false, _) => SurveyEnd::SupervisedRedo,
    }
}

fn no_survey_waits(case: &Case<'_>) -> Result<(), Refusal> {
    if case.ticket.waiting.is_some() {
        return Err(Refusal::AlreadySo { what: "a survey is answered and waits for a decision" });
    }
    Ok(())
}

/// After a redo a person calls, no robot (F33, R-CB-1).
fn by_a_person(case: &Case<'_>, means: SurveyMeans) -> Result<(), Refusal> {
    if means == SurveyMeans::Robot && case.ticket.redo_round > 0 {
        return Err(case.unfit("means", "must be a person after a redo"));
    }
    Ok(())
}

/// F48: a closed ticket is done again while a round is left; else it is recorded and the dispatcher told.
fn came_back(case: &Case<'_>, survey: Option<(Answers, SurveyMeans)>) -> Decision {
    let ticket = case.ticket;
    let ruled = match ticket.ending {
        Some(Ending::Unsatisfied | Ending::Unreasonable | Ending::NotSolvableNow) => true,
        Some(Ending::Satisfied | Ending::Unreached) | None => false,
    };
    let again = ticket.redo_round < case.limits.max_redo && !ruled && ticket.parts.is_empty();
    if !again {
        return Ok(vec![Fact::Complained {}.into()]);
    }
    let supervised = ticket.redo_round > 0;
    let dues = redo_dues(case)?;
    let fact = match survey {
        Some((answers, means)) => {
            let end = if supervised { SurveyEnd::SupervisedRedo } else { SurveyEnd::Redo };
            Fact::SurveyAnswered { answers, means, end }
        }
        None => Fact::RedoOrdered { supervised, group: false },
    };
    Ok(vec![fact.with(dues)])
}

/// F47.
fn reopened(case: &Case<'_>) -> Decision {
    Ok(vec![Fact::Reopened { to: State::PendingDispatch }.with(case.entering(State::PendingDispatch))])
}

/// F64.
fn rated(case: &Case<'_>, answers: Answers, means: SurveyMeans) -> Decision {
    if !answers.is_valid() {
        return Err(case.missing("answers", "question 2 or 3 is answered (R-CB-5)"));
    }
    if case.ticket.answers.is_some_and(|earlier| earlier.is_valid()) {
        return Err(Refusal::AlreadySo { what: "the ticket has a valid survey" });
    }
    Ok(vec![Fact::RatedSatisfied { answers, means }.into()])
}

/// F47, F48: "not satisfied", without a survey.
pub(super) fn unsatisfied(case: &Case<'_>) -> Decision {
    if case.ticket.state == State::Answered {
        case.admit(&rows::F47)?;
        within_rating(case)?;
        return reopened(case);
    }
    case.admit(&rows::F48)?;
    if case.by.role == Role::Dispatcher {
        // D2: the same matter again within W_closed, as a dispatcher judged it.
        match case.ticket.dues.get(&Timer::Reraise) {
            Some(due) if case.at > *due => return Err(Refusal::TooLate { action: case.verb, due: *due }),
            Some(_) | None => {}
        }
    } else {
        within_rating(case)?;
    }
    came_back(case, None)
}

/// F57.
pub(super) fn attempt(case: &Case<'_>, outcome: AttemptOutcome, means: SurveyMeans) -> Decision {
    case.admit(&rows::F57)?;
    no_survey_waits(case)?;
    by_a_person(case, means)?;
    let ticket = case.ticket;
    if ticket.attempts >= case.limits.max_attempts {
        return Err(case.used_up("the number of attempts"));
    }
    let refused = outcome == AttemptOutcome::Refused;
    let last = ticket.attempts + 1 >= case.limits.max_attempts;
    // Refused ends it at once; after the last call there is a day for the link in the last message (R-CB-3).
    let ends = if refused { Some(case.at) } else { last.then(|| case.at.plus(Span::days(1))) };
    let running = ticket.dues.get(&Timer::CallbackEnd).copied();
    let dues = ends.map(|at| set(Timer::CallbackEnd, running.map_or(at, |running| running.min(at))));
    let called = matches!(means, SurveyMeans::Human | SurveyMeans::Robot).then(|| end(Timer::Callback));
    Ok(vec![Fact::SurveyAttempted { outcome, means }.with(dues.into_iter().chain(called).collect())])
}

/// F32. While an order is open the end is kept, and the release completes it.
pub(super) fn exhaust(case: &Case<'_>) -> Decision {
    case.admit(&rows::F32)?;
    no_survey_waits(case)?;
    let ends = case.ticket.dues.get(&Timer::CallbackEnd).copied();
    let exhausted = case.ticket.attempts >= case.limits.max_attempts;
    if let (false, Some(from)) = (exhausted, ends.filter(|due| case.at < *due)) {
        return Err(Refusal::TooEarly { action: case.verb, from });
    }
    if case.ticket.orders.is_empty() {
        return Ok(vec![Fact::SurveyExhausted {}.with(case.after_close())]);
    }
    let kept = Fact::SurveyAnswered {
        answers: Answers::default(),
        means: SurveyMeans::Human,
        end: SurveyEnd::Wait(Waiting::Release),
    };
    Ok(vec![kept.with(vec![end(Timer::CallbackEnd)])])
}

/// F31, F34 by QA: the demand was fair after all.
pub(super) fn order_redo(case: &Case<'_>) -> Decision {
    case.admit(if case.ticket.redo_round == 0 { &rows::F31 } else { &rows::F34 })?;
    if case.by.role != Role::Qa {
        return Err(Refusal::WrongRole { action: case.verb, role: case.by.role });
    }
    if case.ticket.waiting != Some(Waiting::Qa) {
        return Err(case.unfit("ticket", "has no survey that waits for QA"));
    }
    if case.ticket.redo_round >= case.limits.max_redo {
        return Err(case.used_up("the number of redo rounds"));
    }
    let supervised = case.ticket.redo_round > 0;
    Ok(vec![Fact::RedoOrdered { supervised, group: false }.with(redo_dues(case)?)])
}

/// Share of unhappy members at which the master is done again, in hundredths (M5).
const GROUP_REDO_PERCENT: u64 = 30;
/// Fewer valid answers say nothing of a group (F63).
const GROUP_REDO_ANSWERS: u32 = 3;

/// F63.
pub(super) fn group_redo(case: &Case<'_>, valid: u32, unhappy: u32) -> Decision {
    case.admit(&rows::F63)?;
    case.not_split()?;
    if case.ticket.redo_round >= case.limits.max_redo {
        return Err(case.used_up("the number of redo rounds"));
    }
    let enough = valid >= GROUP_REDO_ANSWERS
        && unhappy <= valid
        && u64::from(unhappy) * 100 >= u64::from(valid) * GROUP_REDO_PERCENT;
    if !enough {
        return Err(case.unfit("answers", "are too few, or too few are unhappy"));
    }
    Ok(vec![Fact::RedoOrdered { supervised: false, group: true }.with(redo_dues(case)?)])
}

/// F51, and F63 for those who were not content with the first one.
pub(super) fn copy_reply(
    case: &Case<'_>,
    master: TicketId,
    master_version: u32,
    (reply, lead): (TextId, &UnitCode),
) -> Decision {
    match case.ticket.copied_reply {
        // Its group is done again, and it with it; the shell knows whose member it was.
        Some((_, earlier)) if case.ticket.state != State::MergedMember => {
            case.admit(&rows::F63_REPLY)?;
            if master_version <= earlier {
                return Err(Refusal::AlreadySo { what: "the ticket has this reply" });
            }
        }
        Some(_) | None => {
            case.admit(&rows::F51)?;
            if case.ticket.master() != Some(master) {
                return Err(case.unfit("master", "is not the one this ticket follows"));
            }
        }
    }
    let fact = Fact::ReplyCopied { master, master_version, reply, lead: lead.clone() };
    Ok(vec![fact.with(case.entering(State::PendingCallback))])
}
