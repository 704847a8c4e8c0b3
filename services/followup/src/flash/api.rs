//! The gRPC face of flash reports.

use std::collections::HashMap;

use suban_domain::{At, Role, TextId, Ticket, TicketId};
use suban_proto::v1;
use suban_runtime::{
    access::{Caller, only, policy::Reading},
    errors,
};
use suban_service::{
    App, Asked, Noted, Said,
    paging::{Mark, page_size},
    request_id, status, view,
};
use suban_store::texts::TextKind;
use tonic::Status;
use uuid::Uuid;

use super::{
    Stage, may_follow, plan,
    tables::{self, Flash},
};
use crate::notices::tables::{Notice, put};

/// Who reports.
const REPORTERS: &[Role] = &[Role::Agent, Role::Dispatcher, Role::Supervisor];
/// Who is shown reports.
const READERS: &[Role] = &[Role::Agent, Role::Dispatcher, Role::Supervisor, Role::Leader, Role::Auditor, Role::Arbiter];

/// Somebody reports: the words become an internal note of the ticket, and whoever must know is told.
pub(crate) async fn report(app: &App, caller: &Caller, ask: &v1::ReportFlashRequest) -> Result<v1::Flash, Status> {
    only(caller, REPORTERS, "report what cannot wait")?;
    let stage = Stage::from_number(ask.stage).ok_or_else(|| errors::invalid("stage", "must be said"))?;
    let request = request_id(&ask.request_id)?;
    let ticket = app.ticket("ticket", &ask.ticket).await?;
    view::may_read(caller, &ticket)?;
    let pool = app.store.pool();
    if app.store.event_of(ticket.id, &request).await.map_err(|e| status(&e))?.is_none() {
        let before = tables::of_ticket(pool, ticket.id).await.map_err(|e| status(&e))?;
        let stages: Vec<Stage> = before.iter().map(|flash| flash.stage).collect();
        may_follow(&stages, stage).map_err(|problem| errors::invalid("stage", problem))?;
    }
    let said = Said { field: "text", kind: TextKind::Note, raw: &ask.text };
    let asked = Asked { caller, request_id: &ask.request_id, ticket: ticket.number.as_str(), said: vec![said] };
    let Noted { ticket, version: cause, at, text, repeated } = app.note(&ticket, asked).await?;
    let by = caller.actor.person.to_string();
    let flash = Flash { ticket: ticket.id, cause, stage, text, by, at, taken: None };
    tables::put(pool, &flash).await.map_err(|e| status(&e))?;
    let notices = plan(&ticket, at).into_iter().map(|planned| Notice {
        ticket: ticket.id,
        cause,
        planned,
        urgency: ticket.urgency,
        attempts: 0,
    });
    put(pool, notices.collect()).await.map_err(|e| status(&e))?;
    metrics::counter!("suban_flashes_total", "stage" => stage.code()).increment(u64::from(!repeated));
    let mut shown = shown(app, caller, &[flash], &HashMap::from([(ticket.id, ticket)])).await?;
    shown.pop().ok_or_else(|| errors::not_found("flash report", &ask.ticket))
}

/// Reports of one ticket, or the last of all.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    ask: &v1::ListFlashesRequest,
) -> Result<v1::ListFlashesReply, Status> {
    only(caller, READERS, "are shown flash reports")?;
    let pool = app.store.pool();
    if !ask.ticket.is_empty() {
        let ticket = app.ticket("ticket", &ask.ticket).await?;
        view::may_read(caller, &ticket)?;
        let found = tables::of_ticket(pool, ticket.id).await.map_err(|e| status(&e))?;
        let flashes = shown(app, caller, &found, &HashMap::from([(ticket.id, ticket)])).await?;
        return Ok(v1::ListFlashesReply { flashes, next_page_token: String::new() });
    }
    let page = page_size(ask.page_size)?;
    let mark = Mark::of(caller, &v1::ListFlashesRequest { page_token: String::new(), page_size: 0, ..ask.clone() });
    let after = mark.open::<28>(&ask.page_token)?.map(opened);
    let found = tables::last(pool, after, page).await.map_err(|e| status(&e))?;
    let full = u32::try_from(found.len()).unwrap_or(u32::MAX) == page;
    let next = found.last().filter(|_| full).map(|last| mark.seal(&sealed(last))).unwrap_or_default();
    let ids: Vec<TicketId> = found.iter().map(|flash| flash.ticket).collect();
    let tickets = app.store.load(&ids).await.map_err(|e| status(&e))?;
    Ok(v1::ListFlashesReply { flashes: shown(app, caller, &found, &tickets).await?, next_page_token: next })
}

/// These as the caller may see them; what one may not read is left out.
async fn shown(
    app: &App,
    caller: &Caller,
    flashes: &[Flash],
    tickets: &HashMap<TicketId, Ticket>,
) -> Result<Vec<v1::Flash>, Status> {
    let texts: Vec<TextId> = flashes.iter().map(|flash| flash.text).collect();
    let words = app.store.masked(&texts).await.map_err(|e| status(&e))?;
    let each = flashes.iter().filter_map(|flash| {
        let ticket = tickets.get(&flash.ticket)?;
        let full = view::reading(caller, ticket).ok()? == Reading::Full;
        let text = words.get(&flash.text).filter(|_| full).cloned().unwrap_or_default();
        let taken = flash.taken.as_ref();
        Some(v1::Flash {
            number: ticket.number.to_string(),
            ticket_id: ticket.id.to_string(),
            version: flash.cause,
            stage: flash.stage.number(),
            text,
            by: flash.by.clone(),
            at: Some(view::timestamp(flash.at)),
            acknowledge_by: Some(view::timestamp(flash.at.plus(super::ACKNOWLEDGED))),
            acknowledged_by: taken.map(|(by, _)| by.clone()).unwrap_or_default(),
            acknowledged_at: taken.map(|(_, at)| view::timestamp(*at)),
        })
    });
    Ok(each.collect())
}

fn sealed(flash: &Flash) -> [u8; 28] {
    let mut key = [0; 28];
    key[..8].copy_from_slice(&flash.at.micros().to_be_bytes());
    key[8..24].copy_from_slice(flash.ticket.uuid().as_bytes());
    key[24..].copy_from_slice(&flash.cause.to_be_bytes());
    key
}

fn opened(key: [u8; 28]) -> (At, TicketId, u32) {
    let (mut at, mut ticket, mut cause) = ([0; 8], [0; 16], [0; 4]);
    at.copy_from_slice(&key[..8]);
    ticket.copy_from_slice(&key[8..24]);
    cause.copy_from_slice(&key[24..]);
    (At::from_micros(i64::from_be_bytes(at)), TicketId::new(Uuid::from_bytes(ticket)), u32::from_be_bytes(cause))
}
