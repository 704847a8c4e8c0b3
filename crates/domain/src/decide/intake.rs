//! Taking in: submit, accept, ask, supplement, answer, reject, transfer, appeal (F01–F08, F44, F49).

use super::{Case, Decision, set};
use crate::{
    At, Due, Element, Event, Fact, Kind, Limits, Reading, Refusal, RejectReason, State, Submission, TextId, Timer,
    VersionCode, transitions::rows,
};

/// F01, and F08 at once where the submission carries a reading.
///
/// # Errors
/// When there are no words to accept.
pub fn open(s: &Submission, at: At, limits: &Limits) -> Result<Vec<Event>, Refusal> {
    let due = |timer| limits.due(timer, s.urgency, s.kind, at).map(|at| set(timer, at));
    let submitted = Fact::Submitted {
        number: s.number.clone(),
        source: s.source.clone(),
        requester: s.requester,
        reachable: s.reachable,
        reported_at: s.reported_at,
        received_at: s.received_at,
        texts: s.texts.clone(),
        contact: s.contact,
        kind: s.kind,
        urgency: s.urgency,
        matter: s.matter.clone(),
        area: s.area.clone(),
        point: s.point,
        flags: s.flags,
        upstream: s.upstream.clone(),
        parent: s.parent,
        raised_from: s.raised_from,
    };
    let Some(reading) = &s.accept else {
        return Ok(vec![submitted.with(due(Timer::Accept).into_iter().collect())]);
    };
    if s.texts.is_empty() {
        return Err(Refusal::Missing { action: "accept", field: "texts", because: "a demand has words (F08)" });
    }
    let accepted = Fact::Accepted { reading: reading.clone() };
    let waits = [Timer::Dispatch, Timer::Judge].into_iter().filter_map(due).collect();
    Ok(vec![submitted.into(), accepted.with(waits)])
}

/// F08.
pub(super) fn accept(case: &Case<'_>, reading: &Reading) -> Decision {
    case.admit(&rows::F08)?;
    if case.ticket.texts.is_empty() {
        return Err(case.missing("texts", "a demand has words (F08)"));
    }
    Ok(vec![Fact::Accepted { reading: reading.clone() }.with(to_dispatch(case))])
}

/// The clocks of a ticket that waits for dispatch.
pub(super) fn to_dispatch(case: &Case<'_>) -> Vec<Due> {
    let judge = if case.ticket.verdict.is_none() { case.start(Timer::Judge) } else { None };
    case.start(Timer::Dispatch).into_iter().chain(judge).collect()
}

/// F02.
pub(super) fn ask_info(case: &Case<'_>, missing: &[Element]) -> Decision {
    case.admit(&rows::F02)?;
    if missing.is_empty() {
        return Err(case.missing("missing", "say what the citizen is asked for"));
    }
    if !case.ticket.reachable {
        return Err(case.unfit("ticket", "has nobody who could be asked"));
    }
    let Some(due) = case.start(Timer::Supplement) else {
        return Err(case.unfit("urgency", "does not wait for information: CRITICAL goes on with what is known"));
    };
    Ok(vec![Fact::InfoAsked { missing: missing.to_vec() }.with(vec![due])])
}

/// F03 where information was awaited, F44 elsewhere.
pub(super) fn supplement(case: &Case<'_>, texts: &[TextId]) -> Decision {
    let waited = case.ticket.state == State::NeedInfo;
    case.admit(if waited { &rows::F03 } else { &rows::F44 })?;
    if texts.is_empty() {
        return Err(case.missing("texts", "a supplement has words"));
    }
    let resumes = waited.then(|| case.ticket.held.unwrap_or(State::Received));
    Ok(vec![Fact::Supplemented { texts: texts.to_vec(), resumes }.into()])
}

/// F04: what N2 promised, handling on what is known.
pub(super) fn supplement_timeout(case: &Case<'_>) -> Decision {
    case.admit(&rows::F04)?;
    match case.ticket.dues.get(&Timer::Supplement) {
        Some(due) if case.at < *due => Err(Refusal::TooEarly { action: case.verb, from: *due }),
        Some(_) | None => {
            let resumes = case.ticket.held.unwrap_or(State::Received);
            Ok(vec![Fact::SupplementOverdue { resumes }.into()])
        }
    }
}

/// F05.
pub(super) fn reject(case: &Case<'_>, reason: RejectReason, channel: Option<TextId>) -> Decision {
    case.admit(&rows::F05)?;
    if case.ticket.appealed && case.ticket.rejected_by.as_ref() == Some(&case.by.person) {
        return Err(Refusal::SamePerson { action: case.verb });
    }
    Ok(vec![Fact::Rejected { reason, channel }.with(case.start(Timer::Rating).into_iter().collect())])
}

/// F06.
pub(super) fn transfer_out(case: &Case<'_>, target: &VersionCode, taker: TextId) -> Decision {
    case.admit(&rows::F06)?;
    Ok(vec![Fact::TransferredOut { target: target.clone(), taker }.into()])
}

/// F07.
pub(super) fn answer(case: &Case<'_>, reply: TextId, from_knowledge_base: bool) -> Decision {
    case.admit(&rows::F07)?;
    if !from_knowledge_base && case.ticket.kind != Some(Kind::Consult) {
        return Err(case.unfit("type", "must be CONSULT to be answered on the spot, unless the knowledge base has it"));
    }
    Ok(vec![Fact::Answered { reply }.with(case.start(Timer::Rating).into_iter().collect())])
}

/// F49: once.
pub(super) fn appeal(case: &Case<'_>) -> Decision {
    case.admit(&rows::F49)?;
    if case.ticket.appealed {
        return Err(case.used_up("the appeal"));
    }
    within_rating(case)?;
    Ok(vec![Fact::Reopened { to: State::Received }.with(case.start(Timer::Accept).into_iter().collect())])
}

/// The citizen may come back while the rating is open (T_rating, D§8.2).
pub(super) fn within_rating(case: &Case<'_>) -> Result<(), Refusal> {
    match case.ticket.dues.get(&Timer::Rating) {
        Some(due) if case.at > *due => Err(Refusal::TooLate { action: case.verb, due: *due }),
        Some(_) => Ok(()),
        None => Err(case.used_up("the time for it")),
    }
}
