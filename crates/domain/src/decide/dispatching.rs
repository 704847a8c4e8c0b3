//! Sending and signing: verdict, dispatch, sign, recall (F11, F12, F43, F54).

use super::{Case, Decision, end, set, set_for};
use crate::{
    At, Channel, CountFrom, Due, Fact, Limits, Mode, Refusal, Span, State, Task, TaskRole, TaskState, TextId, Ticket,
    TicketId, Tier, Timer, UnitCode, Verdict, VersionCode, calendar::Measure, transitions::rows,
};

/// Who shall do the work, and by which row of the catalogue.
pub(super) struct Plan<'a> {
    pub(super) lead: &'a UnitCode,
    pub(super) assists: &'a [UnitCode],
    pub(super) catalogue: &'a VersionCode,
    pub(super) rule: Option<&'a VersionCode>,
}

/// Must a person dispatch this ticket (D§10.3, tier 人工 and step 6)? Says why.
#[must_use]
pub const fn needs_a_person(ticket: &Ticket) -> Option<&'static str> {
    let f = ticket.flags;
    if f.confidential {
        return Some("confidential");
    }
    if f.against_official {
        return Some("against an official");
    }
    if f.group_event {
        return Some("group event");
    }
    if f.sensitive {
        return Some("sensitive");
    }
    if f.leader_note {
        return Some("a leader's note");
    }
    if f.in_proceedings {
        return Some("in proceedings");
    }
    if matches!(ticket.source.channel, Channel::Media | Channel::NpcCppcc) {
        return Some("from the media or a deputy");
    }
    if matches!(ticket.verdict, Some(Verdict::Suggested)) {
        return Some("possibly a duplicate");
    }
    None
}

/// F54.
pub(super) fn judge(case: &Case<'_>, verdict: Verdict, candidates: &[TicketId], basis: &VersionCode) -> Decision {
    case.admit(&rows::F54)?;
    if !case.is_system() && (verdict, case.ticket.verdict) != (Verdict::Unique, Some(Verdict::Suggested)) {
        return Err(case.unfit("verdict", "is a person's only where a suggested duplicate is none"));
    }
    if verdict == Verdict::NotJudged {
        if case.ticket.verdict.is_some() {
            return Err(Refusal::AlreadySo { what: "the ticket was judged" });
        }
        if let Some(from) = case.ticket.dues.get(&Timer::Judge).copied().filter(|due| case.at < *due) {
            return Err(Refusal::TooEarly { action: case.verb, from });
        }
    }
    if verdict == Verdict::Suggested && candidates.is_empty() {
        return Err(case.missing("candidates", "a suggestion names what could be the same"));
    }
    let judged = Fact::Judged { verdict, candidates: candidates.to_vec(), basis: basis.clone() };
    Ok(vec![judged.with(vec![end(Timer::Judge)])])
}

/// F11.
pub(super) fn dispatch(
    case: &Case<'_>,
    plan: &Plan<'_>,
    (mode, tier, limit, lead_allowed): (Mode, Tier, Option<Span>, bool),
) -> Decision {
    case.admit(&rows::F11)?;
    if case.is_system() {
        if let Some(why) = needs_a_person(case.ticket) {
            return Err(case.unfit("tier", why));
        }
        if case.ticket.returned_by.contains(plan.lead) {
            return Err(case.unfit("lead", "has asked to return this ticket; a person decides"));
        }
    }
    // A group was judged by whoever merged it.
    if case.ticket.verdict.is_none() && case.ticket.members() == 0 && !case.ticket.urgency.is_pressing() {
        return Err(Refusal::NotJudged);
    }
    if !lead_allowed {
        return Err(Refusal::LeadNotAllowed { unit: plan.lead.clone() });
    }
    units_differ(case, plan)?;
    if mode == Mode::Joint && plan.assists.is_empty() {
        return Err(case.missing("assists", "joint handling needs a unit that assists"));
    }
    let sent = Fact::Dispatched {
        lead: plan.lead.clone(),
        assists: plan.assists.to_vec(),
        mode: if plan.assists.is_empty() { mode } else { Mode::Joint },
        tier,
        catalogue: plan.catalogue.clone(),
        rule: plan.rule.cloned(),
        limit,
    };
    Ok(vec![sent.with(work_dues(case, plan, limit))])
}

pub(super) fn units_differ(case: &Case<'_>, plan: &Plan<'_>) -> Result<(), Refusal> {
    let twice = plan.assists.contains(plan.lead)
        || plan.assists.iter().enumerate().any(|(i, unit)| plan.assists.iter().take(i).any(|other| other == unit));
    if twice { Err(case.unfit("assists", "name a unit twice")) } else { Ok(()) }
}

/// The clocks of work that begins: each unit its own with its full limit, and once the promise to the citizen, which
/// stands after a re-dispatch (R-TIM-3, R-TIM-6). A row's own limit takes the profile's place (法定时限, D§8.1). An
/// assist answers the lead before the lead answers the citizen (D§7): when the lead's due comes near.
pub(super) fn work_dues(case: &Case<'_>, plan: &Plan<'_>, limit: Option<Span>) -> Vec<Due> {
    let ticket = case.ticket;
    let from = case.limits.handle_start(ticket, case.at, None);
    let profile = || case.limits.due(Timer::Handle, ticket.urgency, ticket.kind, from);
    let handle = limit.map(|span| case.at.plus(span)).or_else(profile);
    let measure = limit.map_or_else(|| case.measure(None, Timer::Handle), |_| Measure::Natural);
    let handle = handle.map(|due| legal_due(ticket, due, case.limits));
    let mut dues = unit_dues(case, plan.lead, handle);
    for assist in plan.assists {
        dues.extend(unit_dues(case, assist, handle.map(|lead| case.limits.near(measure, case.at, lead))));
    }
    if ticket.tasks.is_empty() {
        let promised = ticket.dues.get(&Timer::Promise).copied();
        dues.extend(promised.into_iter().chain(handle).min().map(|due| set(Timer::Promise, due)));
        dues.extend(case.start(Timer::Interim));
    }
    dues
}

pub(super) fn unit_dues(case: &Case<'_>, unit: &UnitCode, handle: Option<At>) -> Vec<Due> {
    let start = [Timer::Sign, Timer::Return].into_iter().filter_map(|timer| case.start_for(unit, timer));
    start.chain(handle.map(|due| set_for(unit, Timer::Handle, due))).collect()
}

/// Never later than the upper platform wants it, less the margin (D§5.5).
pub(super) fn legal_due(ticket: &Ticket, own: At, limits: &Limits) -> At {
    let upstream = ticket.upstream.as_ref().and_then(|u| u.due).map(|due| due.minus(limits.upstream_margin));
    upstream.map_or(own, |due| own.min(due))
}

/// F12: the unit takes responsibility.
pub(super) fn sign(case: &Case<'_>) -> Decision {
    case.admit_role(&rows::F12)?;
    let task = case.own_task()?;
    case.admit_task(&rows::F12, task.role)?;
    if task.state != TaskState::PendingSign {
        return Err(Refusal::WrongTaskState { action: case.verb, state: task.state });
    }
    // Its time runs since the unit got the task (R-TIM-6); it is watched from the sign on.
    let contact = case
        .limits
        .due(Timer::Contact, case.ticket.urgency, case.ticket.kind, task.dispatched_at)
        .filter(|_| task.role == TaskRole::Lead && case.ticket.expects_contact())
        .map(|at| set_for(&task.unit, Timer::Contact, at));
    let handle = counted_from_sign(case, task).map(|at| set_for(&task.unit, Timer::Handle, at));
    Ok(vec![Fact::Signed { unit: task.unit.clone() }.with(contact.into_iter().chain(handle).collect())])
}

/// The lead's due where a city counts from the sign (R-TIM-2), unless something else has set it.
fn counted_from_sign(case: &Case<'_>, task: &Task) -> Option<At> {
    let ticket = case.ticket;
    let counts = case.limits.count_from == CountFrom::Sign && task.role == TaskRole::Lead;
    let now = task.dues.get(&Timer::Handle).filter(|_| counts)?;
    let due = |signed_at| {
        let from = case.limits.handle_start(ticket, task.dispatched_at, signed_at);
        let due = case.limits.due_with(Timer::Handle, ticket.urgency, ticket.kind, from, &ticket.pauses)?;
        Some(legal_due(ticket, due, case.limits))
    };
    due(Some(case.at)).filter(|_| due(None) == Some(*now))
}

/// F43: the centre takes it back; its own mistake, so it counts as one.
pub(super) fn recall(case: &Case<'_>, reason: TextId) -> Decision {
    case.admit(&rows::F43)?;
    Ok(vec![Fact::Recalled { reason }.with(case.entering(State::PendingDispatch))])
}
