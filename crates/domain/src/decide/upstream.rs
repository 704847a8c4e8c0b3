//! The upper platform's side: a ticket handed back, and what they decide (F52, F53a, F53b, F53d; D§5.5).

use super::{
    Case, Decision,
    handling::{granted, pending},
    results::{redo_dues, waiting_dues},
};
use crate::{
    Answers, Ending, Fact, Refusal, State, SurveyEnd, SurveyMeans, TextId, Timer, UpstreamDecision, Waiting,
    transitions::rows,
};

/// F52.
pub(super) fn return_upstream(case: &Case<'_>, reason: TextId) -> Decision {
    case.admit(&rows::F52)?;
    comes_from_above(case)?;
    if case.ticket.upstream_refused {
        return Err(case.used_up("the return to the upper platform"));
    }
    Ok(vec![Fact::ReturnedUpstream { reason }.with(case.start(Timer::Upstream).into_iter().collect())])
}

fn comes_from_above(case: &Case<'_>) -> Result<(), Refusal> {
    if case.ticket.upstream.is_none() {
        return Err(case.unfit("ticket", "did not come from an upper platform"));
    }
    Ok(())
}

/// F53a, F53b, F53d.
pub(super) fn decides(case: &Case<'_>, decision: UpstreamDecision) -> Decision {
    use UpstreamDecision as D;
    let row = match decision {
        D::ReturnAccepted | D::ReturnRefused => &rows::F53A,
        D::ExtensionGranted | D::ExtensionDenied => &rows::F53B,
        D::ResultAccepted | D::ResultRefused => &rows::F53D,
    };
    case.admit(row)?;
    comes_from_above(case)?;
    let fact = |to, by| Fact::UpstreamDecided { decision, to, by };
    match decision {
        D::ReturnAccepted => Ok(vec![fact(Some(State::Archived), None).into()]),
        D::ReturnRefused => {
            let to = State::PendingDispatch;
            Ok(vec![fact(Some(to), None).with(case.entering(to))])
        }
        D::ExtensionGranted => {
            let extension = pending(case)?;
            let (_, dues) = granted(case, extension)?;
            Ok(vec![fact(None, Some(extension.by)).with(dues)])
        }
        D::ExtensionDenied => {
            pending(case)?;
            Ok(vec![fact(None, None).into()])
        }
        D::ResultAccepted => Ok(vec![fact(None, None).into()]),
        D::ResultRefused => refused(case, decision),
    }
}

/// As an unhappy survey: done again while a round is left (F31, F48).
fn refused(case: &Case<'_>, decision: UpstreamDecision) -> Decision {
    let ticket = case.ticket;
    case.not_split()?;
    let ruled = matches!(ticket.ending, Some(Ending::Unsatisfied | Ending::Unreasonable | Ending::NotSolvableNow));
    if ticket.redo_round < case.limits.max_redo && !ruled {
        let to = if ticket.redo_round == 0 { State::Redo } else { State::SupervisedRedo };
        return Ok(vec![Fact::UpstreamDecided { decision, to: Some(to), by: None }.with(redo_dues(case)?)]);
    }
    let said = Fact::UpstreamDecided { decision, to: None, by: None }.into();
    if ticket.state == State::Closed {
        return Ok(vec![said, Fact::Complained {}.into()]);
    }
    if ticket.waiting.is_some() {
        return Err(Refusal::AlreadySo { what: "a survey waits for a decision" });
    }
    let waits = Fact::SurveyAnswered {
        answers: Answers::default(),
        means: SurveyMeans::Upstream,
        end: SurveyEnd::Wait(Waiting::Arbiter),
    };
    Ok(vec![said, waits.with(waiting_dues(case))])
}
