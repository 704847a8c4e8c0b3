//! Taking in: submit, accept, ask, supplement, answer, reject, transfer, appeal (F01–F08, F44, F49).

use super::{Case, Decision, moving::late_card, set};
use crate::{
    At, Due, Element, Event, Fact, Kind, Limits, Reading, Refusal, RejectReason, Role, State, Submission, TextId,
    Timer, VersionCode, transitions::rows,
};

/// F01, and F08 at once where the submission carries a reading. Without words nothing can be accepted: the ticket
/// then waits for an agent. Clocks start at the time of receipt, also where it lies in the past (补录, D§14).
///
/// # Errors
/// When the submission contradicts itself.
pub fn open(s: &Submission, at: At, limits: &Limits) -> Result<Vec<Event>, Refusal> {
    let unfit = |field, problem| Err(Refusal::Unfit { action: "submit", field, problem });
    if s.received_at > at {
        return unfit("received_at", "lies in the future");
    }
    if s.parent == Some(s.id) || s.raised_from == Some(s.id) {
        return unfit("parent", "is the ticket itself");
    }
    let kind = s.kind.or_else(|| s.accept.as_ref().and_then(|reading| reading.kind));
    let start = |timer| limits.due(timer, s.urgency, kind, s.received_at).map(|due| set(timer, due));
    let reading = s.accept.as_ref().filter(|_| !s.texts.is_empty());
    let waits = if reading.is_none() { start(Timer::Accept) } else { None };
    // What the upper platform wants is promised from the start (D§5.5).
    let upstream = s.upstream.as_ref().and_then(|u| u.due).map(|due| due.minus(limits.upstream_margin));
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
    let promise = upstream.map(|due| {
        let card = late_card(Timer::Promise, s.urgency, due, limits);
        Due { card, ..set(Timer::Promise, due) }
    });
    let dues = waits.into_iter().chain(promise).collect();
    let mut events = vec![submitted.with(dues)];
    if let Some(reading) = reading {
        let waits = [Timer::Dispatch, Timer::Judge].into_iter().filter_map(start).collect();
        events.push(Fact::Accepted { reading: reading.clone() }.with(waits));
    }
    Ok(events)
}

/// F08.
pub(super) fn accept(case: &Case<'_>, reading: &Reading) -> Decision {
    case.admit(&rows::F08)?;
    another_agent(case)?;
    if case.ticket.texts.is_empty() {
        return Err(case.missing("texts", "a demand has words (F08)"));
    }
    Ok(vec![Fact::Accepted { reading: reading.clone() }.with(case.entering(State::PendingDispatch))])
}

/// F02.
pub(super) fn ask_info(case: &Case<'_>, missing: &[Element]) -> Decision {
    case.admit(&rows::F02)?;
    another_agent(case)?;
    if missing.is_empty() {
        return Err(case.missing("missing", "say what the citizen is asked for"));
    }
    let due = wait_for_citizen(case)?;
    Ok(vec![Fact::InfoAsked { missing: missing.to_vec() }.with(vec![due])])
}

/// The clock of NEED_INFO, where the citizen can be asked at all.
pub(super) fn wait_for_citizen(case: &Case<'_>) -> Result<Due, Refusal> {
    if !case.ticket.reachable {
        return Err(case.unfit("ticket", "has nobody who could be asked"));
    }
    case.start(Timer::Supplement)
        .ok_or_else(|| case.unfit("urgency", "does not wait for information: CRITICAL goes on with what is known"))
}

/// F03 where information was awaited, F44 elsewhere.
pub(super) fn supplement(case: &Case<'_>, texts: &[TextId]) -> Decision {
    let waited = case.ticket.state == State::NeedInfo;
    case.admit(if waited { &rows::F03 } else { &rows::F44 })?;
    if texts.is_empty() {
        return Err(case.missing("texts", "a supplement has words"));
    }
    let resumes = waited.then(|| resumes(case));
    let dues = resumes.map(|state| resumed(case, state)).unwrap_or_default();
    Ok(vec![Fact::Supplemented { texts: texts.to_vec(), resumes }.with(dues)])
}

/// F04: what N2 promised, handling on what is known.
pub(super) fn supplement_timeout(case: &Case<'_>) -> Decision {
    case.admit(&rows::F04)?;
    if let Some(from) = case.ticket.dues.get(&Timer::Supplement).copied().filter(|due| case.at < *due) {
        return Err(Refusal::TooEarly { action: case.verb, from });
    }
    let resumes = resumes(case);
    Ok(vec![Fact::SupplementOverdue { resumes }.with(resumed(case, resumes))])
}

/// Clocks that stood still go on, and those of the state begin.
fn resumed(case: &Case<'_>, state: State) -> Vec<Due> {
    case.after_pause().into_iter().chain(case.entering(state)).collect()
}

/// Where work goes on after NEED_INFO: where it was asked, which after return code 24 is with the unit.
fn resumes(case: &Case<'_>) -> State {
    case.ticket.held.unwrap_or(State::Received)
}

/// F05.
pub(super) fn reject(case: &Case<'_>, reason: RejectReason, channel: Option<TextId>) -> Decision {
    case.admit(&rows::F05)?;
    another_agent(case)?;
    if has_lawful_channel(reason) && channel.is_none() {
        return Err(case.missing("channel", "the citizen is told the lawful channel (R-NAT-8)"));
    }
    Ok(vec![Fact::Rejected { reason, channel }.with(case.start(Timer::Rating).into_iter().collect())])
}

/// Some other body is there for it, and the citizen must learn which (R-NAT-8).
const fn has_lawful_channel(reason: RejectReason) -> bool {
    match reason {
        RejectReason::Litigation
        | RejectReason::Discipline
        | RejectReason::Reconsideration
        | RejectReason::Disclosure
        | RejectReason::Petition => true,
        RejectReason::Secret
        | RejectReason::PublicOrder
        | RejectReason::AlreadyHandled
        | RejectReason::OutOfScope
        | RejectReason::Abuse => false,
    }
}

/// F06.
pub(super) fn transfer_out(case: &Case<'_>, target: &VersionCode, taker: TextId) -> Decision {
    case.admit(&rows::F06)?;
    another_agent(case)?;
    Ok(vec![Fact::TransferredOut { target: target.clone(), taker }.into()])
}

/// F07.
pub(super) fn answer(case: &Case<'_>, reply: TextId, from_knowledge_base: bool) -> Decision {
    case.admit(&rows::F07)?;
    another_agent(case)?;
    if !from_knowledge_base && case.ticket.kind != Some(Kind::Consult) {
        return Err(case.unfit("type", "must be CONSULT to be answered on the spot, unless the knowledge base has it"));
    }
    Ok(vec![Fact::Answered { reply }.with(case.start(Timer::Rating).into_iter().collect())])
}

/// After an appeal somebody else than who rejected it decides (F49).
fn another_agent(case: &Case<'_>) -> Result<(), Refusal> {
    let again = case.ticket.appealed
        && case.by.role == Role::Agent
        && case.ticket.rejected_by.as_ref() == Some(&case.by.person);
    if again { Err(Refusal::SamePerson { action: case.verb }) } else { Ok(()) }
}

/// F49: once.
pub(super) fn appeal(case: &Case<'_>) -> Decision {
    case.admit(&rows::F49)?;
    if case.ticket.appealed {
        return Err(case.used_up("the appeal"));
    }
    within_rating(case)?;
    Ok(vec![Fact::Reopened { to: State::Received }.with(case.entering(State::Received))])
}

/// The citizen may come back while the rating is open (T_rating, D§8.2).
pub(super) fn within_rating(case: &Case<'_>) -> Result<(), Refusal> {
    match case.ticket.dues.get(&Timer::Rating) {
        Some(due) if case.at > *due => Err(Refusal::TooLate { action: case.verb, due: *due }),
        Some(_) => Ok(()),
        None => Err(case.used_up("the time for it")),
    }
}
