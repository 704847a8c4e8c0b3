//! What was told, and who has it.

use suban_domain::{At, Role, TicketId};
use suban_proto::v1;
use suban_runtime::{access::Caller, errors};
use suban_service::{
    App,
    paging::{Mark, page_size},
    request_id, status, view,
};
use tonic::Status;
use uuid::Uuid;

use super::{
    decide::Kind,
    recipient::Recipient,
    tables::{self, Place, Record, State},
};

pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    ask: v1::ListNoticesRequest,
) -> Result<v1::ListNoticesReply, Status> {
    let pool = app.store.pool();
    match (ask.ticket.is_empty(), ask.recipient.is_empty()) {
        (false, true) => {
            let ticket = app.ticket("ticket", &ask.ticket).await?;
            view::may_read(caller, &ticket)?;
            let told = tables::of_ticket(pool, ticket.id).await.map_err(|e| status(&e))?;
            Ok(v1::ListNoticesReply { notices: told.iter().map(shown).collect(), next_page_token: String::new() })
        }
        (true, false) => {
            let to: Recipient = ask.recipient.parse().map_err(|e| errors::invalid("recipient", format!("{e}")))?;
            may_act_for(caller, &to)?;
            let page = page_size(ask.page_size)?;
            let asked = v1::ListNoticesRequest { page_token: String::new(), page_size: 0, ..ask.clone() };
            let mark = Mark::of(caller, &asked);
            let after = mark.open::<29>(&ask.page_token)?.map(place);
            let told = tables::of_recipient(pool, &to, after.as_ref(), page).await.map_err(|e| status(&e))?;
            let full = u32::try_from(told.len()).unwrap_or(u32::MAX) == page;
            let next = told.last().filter(|_| full).map(|last| mark.seal(&key(last))).unwrap_or_default();
            Ok(v1::ListNoticesReply { notices: told.iter().map(shown).collect(), next_page_token: next })
        }
        _ => Err(errors::invalid("ticket", "or `recipient` must be said, and not both")),
    }
}

pub(crate) async fn receive(
    app: &App,
    caller: &Caller,
    ask: &v1::ReceiveNoticeRequest,
) -> Result<v1::ReceiveNoticeReply, Status> {
    // Who has it first has it: a repeat changes nothing, whichever request it is of.
    request_id(&ask.request_id)?;
    let id = ask.id.as_str();
    let (ticket, cause, kind, to) =
        parsed(id).ok_or_else(|| errors::invalid("id", "is no notice's; it comes with the list and the letter"))?;
    if caller.actor.role != Role::IntakeBot {
        may_act_for(caller, &to)?;
    }
    let by = caller.actor.person.as_str();
    let known = tables::received(app.store.pool(), (ticket, cause, kind, &to), by, app.clock().now())
        .await
        .map_err(|e| status(&e))?;
    if known { Ok(v1::ReceiveNoticeReply {}) } else { Err(errors::not_found("notice", id)) }
}

/// A unit's people see and take what is the unit's; supervisors, leaders and auditors all that is told at work. What
/// a citizen is told is seen with the ticket.
fn may_act_for(caller: &Caller, to: &Recipient) -> Result<(), Status> {
    let role = caller.actor.role;
    let oversees = matches!(role, Role::Supervisor | Role::Leader | Role::Auditor);
    let allowed = match to {
        Recipient::Citizen(_) => false,
        Recipient::Unit(unit, _) => oversees || caller.actor.unit.as_ref() == Some(unit),
        Recipient::Desk(_) => oversees || matches!(role, Role::Dispatcher | Role::Agent),
    };
    if allowed {
        Ok(())
    } else {
        Err(errors::denied("WRONG_UNIT", "notices are for whom they are addressed to, and for supervisors"))
    }
}

fn parsed(id: &str) -> Option<(TicketId, u32, Kind, Recipient)> {
    let mut parts = id.splitn(4, ':');
    let ticket = parts.next()?.parse().ok()?;
    let cause = parts.next()?.parse().ok()?;
    let kind = Kind::of_code(parts.next()?)?;
    Some((ticket, cause, kind, parts.next()?.parse().ok()?))
}

fn shown(record: &Record) -> v1::NoticeRecord {
    let notice = &record.notice;
    let state = match record.state {
        State::Waiting => v1::NoticeState::Waiting,
        State::Sent => v1::NoticeState::Sent,
        State::Dropped => v1::NoticeState::Dropped,
        State::Failed => v1::NoticeState::Failed,
    };
    let taken = record.taken.as_ref();
    v1::NoticeRecord {
        id: notice.id(),
        ticket_id: notice.ticket.to_string(),
        cause: notice.cause,
        kind: notice.planned.kind.code().into(),
        recipient: notice.planned.to.to_string(),
        state: state.into(),
        due: Some(view::timestamp(notice.planned.at)),
        ended_at: record.ended_at.map(view::timestamp),
        person: record.person.clone().unwrap_or_default(),
        receipt: record.receipt.clone().unwrap_or_default(),
        problem: record.problem.clone().unwrap_or_default(),
        attempts: notice.attempts,
        received_by: taken.map(|(by, _)| by.clone()).unwrap_or_default(),
        received_at: taken.map(|(_, at)| view::timestamp(*at)),
    }
}

/// The place of a notice in its recipient's list, for a page token.
fn key(record: &Record) -> [u8; 29] {
    let notice = &record.notice;
    let mut key = [0; 29];
    key[..8].copy_from_slice(&notice.planned.at.micros().to_be_bytes());
    key[8..24].copy_from_slice(notice.ticket.uuid().as_bytes());
    key[24..28].copy_from_slice(&notice.cause.to_be_bytes());
    let kind = Kind::all().position(|kind| kind == notice.planned.kind);
    key[28] = kind.and_then(|n| u8::try_from(n).ok()).unwrap_or(u8::MAX);
    key
}

/// The place that [`key`] wrote.
fn place(key: [u8; 29]) -> Place {
    let (mut at, mut ticket, mut cause) = ([0; 8], [0; 16], [0; 4]);
    at.copy_from_slice(&key[..8]);
    ticket.copy_from_slice(&key[8..24]);
    cause.copy_from_slice(&key[24..28]);
    let cause = i32::try_from(u32::from_be_bytes(cause)).unwrap_or(i32::MAX);
    let kind = Kind::all().nth(key[28].into()).map_or("", Kind::code);
    (At::from_micros(i64::from_be_bytes(at)), Uuid::from_bytes(ticket), cause, kind.to_owned())
}
