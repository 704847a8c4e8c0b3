//! Sending and signing: verdict, dispatch, sign, recall (F11, F12, F43, F54).

use super::{Case, Decision, end, intake::to_dispatch, set, set_for};
use crate::{
    At, Channel, Due, Fact, Limits, Mode, Refusal, Span, TaskRole, TaskState, Ticket, TicketId, Tier, Timer, UnitCode,
    Verdict, VersionCode, transitions::rows,
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
    if verdict == Verdict::NotJudged && case.ticket.verdict.is_some() {
        return Err(Refusal::AlreadySo { what: "the ticket was judged" });
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
    if case.ticket.verdict.is_none() && !case.ticket.urgency.is_pressing() {
        return Err(Refusal::NotJudged);
    }
    if !lead_allowed {
        return Err(Refusal::LeadNotAllowed { unit: plan.lead.clone() });
    }
    units_differ(case, plan)?;
    let sent = Fact::Dispatched {
        lead: plan.lead.clone(),
        assists: plan.assists.to_vec(),
        mode: if plan.assists.is_empty() { mode } else { Mode::Joint },
        tier,
        catalogue: plan.catalogue.clone(),
        rule: plan.rule.cloned(),
    };
    Ok(vec![sent.with(work_dues(case, plan, limit))])
}

pub(super) fn units_differ(case: &Case<'_>, plan: &Plan<'_>) -> Result<(), Refusal> {
    let twice = plan.assists.contains(plan.lead)
        || plan.assists.iter().enumerate().any(|(i, unit)| plan.assists.iter().take(i).any(|other| other == unit));
    if twice { Err(case.unfit("assists", "name a unit twice")) } else { Ok(()) }
}

/// The clocks of work that begins: each unit its own, and the promise to the citizen, which stands (R-TIM-3, R-TIM-6).
pub(super) fn work_dues(case: &Case<'_>, plan: &Plan<'_>, limit: Option<Span>) -> Vec<Due> {
    // The row's own limit stands in place of the profile's (法定时限, D§8.1).
    let own = limit.map(|span| case.at.plus(span)).or_else(|| case.limit(Timer::Handle));
    let handle = own.map(|due| legal_due(case.ticket, due, case.limits));
    let mut dues = Vec::new();
    for timer in [Timer::Sign, Timer::Return] {
        dues.extend(case.start_for(plan.lead, timer));
    }
    dues.extend(handle.map(|at| set_for(plan.lead, Timer::Handle, at)));
    for assist in plan.assists {
        for timer in [Timer::Sign, Timer::Return] {
            dues.extend(case.start_for(assist, timer));
        }
        dues.extend(handle.map(|at| set_for(assist, Timer::Handle, assist_due(case, at))));
    }
    dues.extend(case.start(Timer::Interim));
    if !case.ticket.dues.contains_key(&Timer::Promise) {
        dues.extend(handle.map(|at| set(Timer::Promise, at)));
    }
    dues
}

/// Our limit, or the upper platform's less the margin, whichever comes first (D§5.5).
pub(super) fn legal_due(ticket: &Ticket, own: At, limits: &Limits) -> At {
    let upstream = ticket.upstream.as_ref().and_then(|u| u.due).map(|due| due.minus(limits.upstream_margin));
    upstream.map_or(own, |due| own.min(due))
}

/// An assist answers the lead before the lead answers the citizen (D§7): by 20 % of what is left, at most a day.
pub(super) fn assist_due(case: &Case<'_>, lead_due: At) -> At {
    let left = lead_due.since(case.at).max(Span::ZERO);
    lead_due.minus(left.percent(20).min(Span::days(1)))
}

/// F12.
pub(super) fn sign(case: &Case<'_>) -> Decision {
    let task = case.own_task()?;
    case.admit_task(&rows::F12, task.role)?;
    if task.state != TaskState::PendingSign {
        return Err(Refusal::WrongTaskState { action: case.verb, state: task.state });
    }
    // Both clocks started when the unit got the task (R-TIM-6); the contact's is seen from the sign on.
    let contact = case
        .limits
        .due(Timer::Contact, case.ticket.urgency, case.ticket.kind, task.dispatched_at)
        .filter(|_| task.role == TaskRole::Lead && case.ticket.reachable)
        .map(|at| set_for(&task.unit, Timer::Contact, at));
    Ok(vec![Fact::Signed { unit: task.unit.clone() }.with(contact.into_iter().collect())])
}

/// F43.
pub(super) fn recall(case: &Case<'_>, reason: crate::TextId) -> Decision {
    case.admit(&rows::F43)?;
    case.not_split()?;
    Ok(vec![Fact::Recalled { reason }.with(to_dispatch(case))])
}
