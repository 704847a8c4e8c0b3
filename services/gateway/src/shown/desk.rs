//! Answers of the services as the JSON that the hall's desk and the handler's page read.
//!
//! A code stands beside its Chinese word (`state`, `state_zh`); in English the code itself is read out.

use serde_json::{Value, json};
use suban_domain::{Card, Channel, DuplicateClass, Kind, Role, State, Tier, Urgency};
use suban_proto::v1;

use super::time;

/// Who calls.
pub(crate) fn caller(caller: &v1::LookupCallerReply) -> Value {
    json!({
        "open": caller.open.iter().map(line).collect::<Vec<_>>(),
        "last": caller.last.iter().map(line).collect::<Vec<_>>(),
        "repeats_in_30_days": caller.repeats_in_30_days,
        "last_public_reply": caller.last_public_reply,
        "last_public_reply_number": caller.last_public_reply_number,
    })
}

fn line(line: &v1::TicketLine) -> Value {
    let state = State::from_number(line.state);
    json!({
        "number": line.number,
        "state": state.map(State::code),
        "state_zh": state.map(State::zh),
        "title": line.title,
        "kind": Kind::from_number(line.kind).map(Kind::code),
        "urgency": Urgency::from_number(line.urgency).map(Urgency::code),
        "matter": line.matter,
        "area": line.area,
        "received_at": time(line.received_at),
        "lead": line.lead,
        "due": time(line.due),
        "card": Card::from_number(line.card).map(Card::code),
        "channel": Channel::from_number(line.channel).map(Channel::code),
    })
}

/// What the words say so far.
pub(crate) fn draft(draft: &v1::Draft) -> Value {
    let kind = Kind::from_number(draft.kind);
    let urgency = Urgency::from_number(draft.urgency);
    json!({
        "title": draft.title,
        "kind": kind.map(Kind::code),
        "kind_zh": kind.map(Kind::zh),
        "urgency": urgency.map(Urgency::code),
        "urgency_zh": urgency.map(Urgency::zh),
        "matter": draft.matter,
        "matter_name": draft.matter_name,
        "matter_because": draft.matter_because,
        "matters": draft.matters.iter()
            .map(|m| json!({ "matter": m.matter, "name": m.name, "score": m.score })).collect::<Vec<_>>(),
        "area": draft.area,
        "area_name": draft.area_name,
        "areas": draft.areas.iter()
            .map(|a| json!({ "area": a.area, "name": a.name, "sources": a.sources, "confidence": a.confidence }))
            .collect::<Vec<_>>(),
        "conflicts": draft.conflicts.iter()
            .map(|c| json!({ "one": c.one, "other": c.other })).collect::<Vec<_>>(),
        "risks": draft.risks.iter().map(|r| json!({ "risk": r.risk, "word": r.word })).collect::<Vec<_>>(),
        "missing": draft.missing.iter()
            .map(|m| json!({ "element": m.element, "ask_zh": m.ask_zh, "ask_en": m.ask_en })).collect::<Vec<_>>(),
        "parts": draft.parts.iter()
            .map(|p| json!({ "text": p.text, "matter": p.matter, "name": p.name })).collect::<Vec<_>>(),
        "proposed_by": draft.proposed_by,
    })
}

/// What a draft could repeat, and the mass events that it may belong to.
pub(crate) fn judged(judged: &v1::JudgeReply) -> Value {
    json!({
        "candidates": judged.candidates.iter().map(candidate).collect::<Vec<_>>(),
        "events": judged.events.iter().map(event).collect::<Vec<_>>(),
        "basis": judged.basis,
    })
}

fn candidate(candidate: &v1::Candidate) -> Value {
    let class = DuplicateClass::from_number(candidate.class);
    let state = State::from_number(candidate.state);
    json!({
        "number": candidate.number,
        "class": class.map(DuplicateClass::code),
        "class_zh": class.map(DuplicateClass::zh),
        "score": candidate.score,
        "reason_zh": candidate.reason_zh,
        "reason_en": candidate.reason_en,
        "blocked_by": candidate.blocked_by,
        "state": state.map(State::code),
        "state_zh": state.map(State::zh),
        "received_at": time(candidate.received_at),
        "text": candidate.text,
        "place": candidate.place,
        "reasons": candidate.reasons.iter()
            .map(|r| json!({ "zh": r.zh, "en": r.en, "adds": r.adds })).collect::<Vec<_>>(),
    })
}

fn event(event: &v1::MassEvent) -> Value {
    json!({
        "event": event.event,
        "title": event.title,
        "area": event.area,
        "answer": event.answer,
        "answer_until": time(event.answer_until),
        "master": event.master,
        "tickets": event.tickets,
    })
}

/// Why a ticket or a draft goes where it goes.
pub(crate) fn explanation(why: &v1::Explanation) -> Value {
    let tier = Tier::from_number(why.tier);
    json!({
        "tier": tier.map(Tier::code),
        "tier_zh": tier.map(Tier::zh),
        "dispatched": why.dispatched,
        "candidates": why.candidates.iter().map(unit).collect::<Vec<_>>(),
        "reason_zh": why.reason_zh,
        "reason_en": why.reason_en,
        "catalogue": why.catalogue,
        "reader": why.reader,
        "learned": why.learned,
    })
}

fn unit(unit: &v1::DispatchCandidate) -> Value {
    json!({
        "unit": unit.unit,
        "unit_name": unit.unit_name,
        "rule": unit.rule,
        "reason_zh": unit.reason_zh,
        "reason_en": unit.reason_en,
        "chance": unit.chance,
    })
}

/// A page of what waits for a person.
pub(crate) fn queue(page: &v1::ListQueueReply) -> Value {
    json!({
        "entries": page.entries.iter().map(queue_entry).collect::<Vec<_>>(),
        "next_page_token": page.next_page_token,
    })
}

/// One waiting ticket.
pub(crate) fn queue_entry(entry: &v1::QueueEntry) -> Value {
    let state = State::from_number(entry.state);
    let (reason, reason_zh) = reason(entry.reason());
    json!({
        "number": entry.number,
        "title": entry.title,
        "state": state.map(State::code),
        "state_zh": state.map(State::zh),
        "urgency": Urgency::from_number(entry.urgency).map(Urgency::code),
        "area": entry.area,
        "matter": entry.matter,
        "reason": reason,
        "reason_zh": reason_zh,
        "since": time(entry.since),
        "due": time(entry.due),
        "claimed_by": entry.claimed_by,
        "claimed_until": time(entry.claimed_until),
    })
}

/// Why it waits, as a code and in Chinese.
const fn reason(reason: v1::QueueReason) -> (&'static str, &'static str) {
    use v1::QueueReason as R;
    match reason {
        R::Unspecified => ("", ""),
        R::UnknownMatter => ("UNKNOWN_MATTER", "事项未识别"),
        R::UnknownArea => ("UNKNOWN_AREA", "地点未识别"),
        R::NoSingleUnit => ("NO_SINGLE_UNIT", "主办不唯一"),
        R::Flag => ("FLAG", "须人工分拨"),
        R::Returned => ("RETURNED", "退回或收回"),
        R::Review => ("REVIEW", "待审核"),
        R::SuggestedDuplicate => ("SUGGESTED_DUPLICATE", "疑似重复"),
        R::Acceptance => ("ACCEPTANCE", "待受理"),
        R::Dispute => ("DISPUTE", "职责争议"),
        R::Doubt => ("DOUBT", "目录存疑"),
        R::Check => ("CHECK", "抽检"),
        R::Several => ("SEVERAL", "疑含多个诉求"),
    }
}

/// A page of tickets of which a person is asked what they are.
pub(crate) fn suggestions(page: &v1::ListSuggestionsReply) -> Value {
    json!({
        "suggestions": page.suggestions.iter().map(suggestion).collect::<Vec<_>>(),
        "next_page_token": page.next_page_token,
    })
}

fn suggestion(suggestion: &v1::Suggestion) -> Value {
    let state = State::from_number(suggestion.state);
    json!({
        "number": suggestion.number,
        "state": state.map(State::code),
        "state_zh": state.map(State::zh),
        "received_at": time(suggestion.received_at),
        "asked_at": time(suggestion.asked_at),
        "text": suggestion.text,
        "place": suggestion.place,
        "matter": suggestion.matter,
        "area": suggestion.area,
        "candidates": suggestion.candidates.iter().map(candidate).collect::<Vec<_>>(),
    })
}

/// A merge group.
pub(crate) fn group(group: &v1::Group) -> Value {
    json!({
        "master": group.master.as_ref().map(group_ticket),
        "size": group.size,
        "members": group.members.iter().map(group_ticket).collect::<Vec<_>>(),
    })
}

fn group_ticket(ticket: &v1::GroupTicket) -> Value {
    let class = DuplicateClass::from_number(ticket.class);
    let state = State::from_number(ticket.state);
    json!({
        "number": ticket.number,
        "state": state.map(State::code),
        "state_zh": state.map(State::zh),
        "received_at": time(ticket.received_at),
        "class": class.map(DuplicateClass::code),
        "class_zh": class.map(DuplicateClass::zh),
        "basis": ticket.basis,
        "joined_at": time(ticket.joined_at),
    })
}

/// What is wrong with a reply.
pub(crate) fn checked(found: &v1::CheckReplyReply) -> Value {
    let finding = |f: &v1::ReplyFinding| json!({ "rule": f.rule, "check": f.check, "severity": f.severity, "zh": f.zh, "en": f.en, "words": f.words });
    json!({
        "findings": found.findings.iter().map(finding).collect::<Vec<_>>(),
        "needs_a_person": found.needs_a_person,
    })
}

/// Every step of a ticket in words.
pub(crate) fn history(page: &v1::HistoryReply) -> Value {
    json!({ "entries": page.entries.iter().map(step).collect::<Vec<_>>(), "more": page.more })
}

fn step(step: &v1::HistoryEntry) -> Value {
    let by = step.actor.as_ref();
    let role = by.and_then(|a| Role::from_number(a.role));
    json!({
        "version": step.version,
        "at": time(step.at),
        "role": role.map(Role::code),
        "role_zh": role.map(Role::zh),
        "person": by.map(|a| &a.person),
        "unit": by.map(|a| &a.unit),
        "type": step.r#type,
        "zh": step.summary_zh,
        "en": step.summary_en,
    })
}
