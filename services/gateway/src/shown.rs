//! Answers of the services as the JSON that handlers and the live page read.

pub(crate) mod desk;
pub(crate) mod directory;
pub(crate) mod events;
pub(crate) mod handover;
pub(crate) mod oversight;

use serde_json::{Value, json};
use suban_domain::{
    Demand, Finding, Kind, Outcome, ReplyMeans, ReturnLock, Role, SiteVisit, State, TaskRole, TaskState, Timer,
    Urgency, Verdict,
};
use suban_proto::v1;

use crate::peers::City;

/// An instant as RFC 3339 in UTC; programs and browsers turn it into the city's time.
pub(crate) fn time(t: Option<prost_types::Timestamp>) -> Option<String> {
    t.and_then(|t| jiff::Timestamp::new(t.seconds, t.nanos).ok()).map(|t| t.to_string())
}

/// A code in plain words: `PENDING_SIGN` as `pending sign`.
fn words(code: &str) -> String {
    code.to_lowercase().replace('_', " ")
}

/// One row of the inbox.
pub(crate) fn inbox_entry(entry: &v1::InboxEntry) -> Value {
    json!({
        "number": entry.number,
        "title": entry.title,
        "area": entry.area,
        "matter": entry.matter,
        "urgency": Urgency::from_number(entry.urgency).map(|u| u.code()),
        "state": State::from_number(entry.state).map(|s| s.code()),
        "task_state": TaskState::from_number(entry.task_state).map(|s| s.code()),
        "role": TaskRole::from_number(entry.role).map(|r| r.code()),
        "dispatched_at": time(entry.dispatched_at),
        "sign_due": time(entry.sign_due),
        "contact_due": time(entry.contact_due),
        "handle_due": time(entry.handle_due),
        "members": entry.members,
        "urges": entry.urges,
        "redo_round": entry.redo_round,
        "reachable": entry.reachable,
    })
}

/// One ticket, as far as its reader may see it.
pub(crate) fn ticket(view: &v1::TicketView) -> Value {
    let state = State::from_number(view.state);
    json!({
        "number": view.number,
        "version": view.version,
        "state": state.map(|s| s.code()),
        "state_zh": state.map(|s| s.zh()),
        "title": view.title,
        "words": view.words.iter().map(|w| &w.text).collect::<Vec<_>>(),
        "place": view.place_text,
        "area": view.area,
        "area_name": view.area_name,
        "matter": view.matter,
        "matter_name": view.matter_name,
        "urgency": Urgency::from_number(view.urgency).map(|u| u.code()),
        "received_at": time(view.received_at),
        "tasks": view.tasks.iter().map(task).collect::<Vec<_>>(),
        "reply": view.result.as_ref().map(|r| r.reply.clone()),
        "kind": Kind::from_number(view.kind).map(Kind::code),
        "reachable": view.reachable,
        "verdict": Verdict::from_number(view.verdict).map(Verdict::code),
        "master": view.merge.as_ref().map(|m| &m.master),
        "members": view.merge.as_ref().map(|m| m.members),
        "urges": view.urges,
        "redo_round": view.redo_round,
        "return_lock": ReturnLock::from_number(view.return_lock).map(ReturnLock::code),
        "clocks": view.clocks.iter().map(clock).collect::<Vec<_>>(),
        "result": view.result.as_ref().map(result),
    })
}

fn clock(clock: &v1::ClockView) -> Value {
    let timer = Timer::from_number(clock.timer);
    json!({
        "timer": timer.map(Timer::code),
        "zh": timer.map(Timer::zh),
        "unit": clock.unit,
        "due": time(clock.due),
    })
}

/// What the lead handed in, in the codes of D§5.4.
fn result(result: &v1::ResultView) -> Value {
    json!({
        "finding": Finding::from_number(result.finding).map(Finding::code),
        "finding_because": result.finding_because,
        "demand": Demand::from_number(result.demand).map(Demand::code),
        "outcome": Outcome::from_number(result.outcome).map(Outcome::code),
        "site_visit": SiteVisit::from_number(result.site_visit).map(SiteVisit::code),
        "reply_means": ReplyMeans::from_number(result.reply_means).map(ReplyMeans::code),
        "reply": result.reply,
        "internal": result.internal,
        "public": result.public,
    })
}

fn task(task: &v1::TaskView) -> Value {
    json!({
        "unit": task.unit,
        "unit_name": task.unit_name,
        "role": TaskRole::from_number(task.role).map(|r| r.code()),
        "state": TaskState::from_number(task.state).map(|s| s.code()),
        "handle_due": time(task.handle_due),
    })
}

/// One file that came with a ticket.
pub(crate) fn attachment(file: &v1::Attachment) -> Value {
    let code = |name: &str, prefix: &str| name.strip_prefix(prefix).unwrap_or(name).to_owned();
    let kind = v1::AttachmentKind::try_from(file.kind).map(|k| code(k.as_str_name(), "ATTACHMENT_KIND_"));
    let state = v1::AttachmentState::try_from(file.state).map(|s| code(s.as_str_name(), "ATTACHMENT_STATE_"));
    json!({
        "id": file.attachment_id,
        "kind": kind.ok(),
        "state": state.ok(),
        "bytes": file.bytes,
        "width": file.width,
        "height": file.height,
        "picture_hash": file.picture_hash,
        "lat": file.point.as_ref().map(|p| p.lat),
        "lon": file.point.as_ref().map(|p| p.lon),
        "taken_at": time(file.taken_at),
        "added_at": time(file.added_at),
        "role": file.by.as_ref().and_then(|by| Role::from_number(by.role)).map(|r| r.code()),
        "person": file.by.as_ref().map(|by| &by.person),
        "unit": file.by.as_ref().map(|by| &by.unit),
        "finding": file.finding,
    })
}

/// The live page's numbers; a rate is what it is made of, and `of` 0 means that it is unknown.
pub(crate) fn live(live: &v1::LiveReply, city: &City) -> Value {
    json!({
        "city": city.name,
        "zone": city.zone_name,
        "at": time(live.at),
        "since": time(live.since),
        "received": live.received,
        "ended": live.ended,
        "open": live.open,
        "merged": live.merged,
        "about_to_be_late": live.about_to_be_late,
        "overdue": live.overdue,
        "on_time": rate(live.on_time.as_ref()),
        "solved": rate(live.solved.as_ref()),
        "satisfied": rate(live.satisfied.as_ref()),
        "by_channel": live.by_channel.iter().map(count).collect::<Vec<_>>(),
        "by_tier": live.by_tier.iter().map(count).collect::<Vec<_>>(),
        "waiting_why": live.waiting_why.iter().map(count).collect::<Vec<_>>(),
        "stages": live.stages.iter().map(stage).collect::<Vec<_>>(),
        "late_soon": live.late_soon.iter().map(late_soon).collect::<Vec<_>>(),
        "by_unit": live.by_unit.iter().map(row).collect::<Vec<_>>(),
        "by_area": live.by_area.iter().map(row).collect::<Vec<_>>(),
        "lag": live.lag.iter().map(lag).collect::<Vec<_>>(),
        "outbox": live.outbox,
    })
}

/// A ticket's state by its code; empty where it is none.
pub(crate) fn state_code(number: i32) -> String {
    State::from_number(number).map(|state| state.code().to_owned()).unwrap_or_default()
}

fn rate(rate: Option<&v1::Rate>) -> Value {
    rate.map_or(Value::Null, |r| json!({ "count": r.count, "of": r.of }))
}

fn count(c: &v1::LiveCount) -> Value {
    json!({ "key": c.key, "zh": c.name_zh, "en": c.name_en, "count": c.count })
}

fn stage(s: &v1::StageQueue) -> Value {
    let state = State::from_number(s.state);
    json!({
        "state": state.map(|s| s.code()),
        "zh": state.map(|s| s.zh()),
        "en": state.map(|s| words(s.code())),
        "waiting": s.waiting,
        "oldest": s.oldest_number,
        "since": time(s.oldest_since),
        "held_by": s.held_by,
        "held_by_name": s.held_by_name,
    })
}

fn late_soon(l: &v1::LateSoon) -> Value {
    let state = TaskState::from_number(l.task_state);
    json!({
        "number": l.number,
        "unit": l.unit,
        "unit_name": l.unit_name,
        "due": time(l.due),
        "state": state.map(|s| s.code()),
        "zh": state.map(|s| s.zh()),
    })
}

fn row(r: &v1::LiveRow) -> Value {
    json!({
        "key": r.key,
        "zh": r.name_zh,
        "en": r.name_en,
        "received": r.received,
        "open": r.open,
        "late": r.late,
        "done": r.done,
        "on_time": rate(r.on_time.as_ref()),
        "satisfied": rate(r.satisfied.as_ref()),
        "last_hour": r.last_hour,
        "busiest_hour": r.busiest_hour,
        "flooded": r.flooded,
    })
}

fn lag(l: &v1::GroupLag) -> Value {
    json!({ "group": l.group, "zh": l.name_zh, "en": l.name_en, "messages": l.messages })
}
