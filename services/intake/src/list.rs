//! Lists, page by page: a page token is the last ticket's id under the hash of who asked for what.

use sha2::{Digest as _, Sha256};
use suban_domain::{AreaCode, State, Ticket, TicketId, UnitCode, Urgency};
use suban_proto::{edge, v1};
use suban_runtime::{access::Caller, errors};
use suban_service::{App, status, view};
use suban_store::Filter;
use tonic::Status;

/// Tickets by filters, newest first.
pub(crate) async fn list(app: &App, caller: &Caller, ask: v1::ListRequest) -> Result<v1::ListReply, Status> {
    let limits = &app.settings.limits;
    let page = match ask.page_size {
        0 => limits.page_default,
        n if n <= limits.page_max => n,
        _ => return Err(errors::invalid("page_size", format!("must be at most {}", limits.page_max))),
    };
    let states = edge::choices::<State>(&ask.states).map_err(|e| errors::invalid("states", e))?;
    let urgencies = edge::choices::<Urgency>(&ask.urgencies).map_err(|e| errors::invalid("urgencies", e))?;
    let unit = match (&caller.actor.unit, edge::given::<UnitCode>(&ask.unit)) {
        (_, Err(e)) => return Err(errors::invalid("unit", e)),
        // Units see their own.
        (Some(own), Ok(_)) => Some(own.clone()),
        (None, Ok(unit)) => unit,
    };
    let area = edge::given::<AreaCode>(&ask.area).map_err(|e| errors::invalid("area", e))?;
    let from = edge::at_given(ask.received_from).map_err(|e| errors::invalid("received_from", e))?;
    let until = edge::at_given(ask.received_to).map_err(|e| errors::invalid("received_to", e))?;
    let seal = seal_of(caller, &ask);
    let after = match ask.page_token.as_str() {
        "" => None,
        token => Some(opened(token, &seal)?),
    };
    let filter = Filter { unit, area, urgency: urgencies.iter().min().copied(), from, until, states: states.clone() };
    // Closed tickets have no queue row; they are listed by age alone.
    let open_only = states.iter().all(|s| !s.is_terminal());
    let found = if open_only {
        app.store.list_open(&filter, after, page).await
    } else {
        app.store.list_all(after, page).await
    };
    let found = found.map_err(|e| status(&e))?;
    let next = found
        .last()
        .filter(|_| u32::try_from(found.len()).unwrap_or(u32::MAX) == page)
        .map(|last| format!("{}.{seal}", last.id))
        .unwrap_or_default();
    let fits = |t: &&Ticket| {
        (states.is_empty() || states.contains(&t.state))
            && (urgencies.is_empty() || urgencies.contains(&t.urgency))
            && (ask.kinds.is_empty() || t.kind.is_some_and(|k| ask.kinds.contains(&k.number())))
            && (ask.channels.is_empty() || ask.channels.contains(&t.source.channel.number()))
            && view::may_read(caller, t).is_ok()
    };
    Ok(v1::ListReply { tickets: found.iter().filter(fits).map(line).collect(), next_page_token: next })
}

/// One line of a list. Titles are words, and stand in the ticket's own view.
pub(crate) fn line(ticket: &Ticket) -> v1::TicketLine {
    v1::TicketLine {
        number: ticket.number.to_string(),
        ticket_id: ticket.id.to_string(),
        state: ticket.state.number(),
        title: String::new(),
        kind: edge::shown(ticket.kind),
        urgency: ticket.urgency.number(),
        matter: ticket.matter.as_ref().map(ToString::to_string).unwrap_or_default(),
        area: ticket.area.as_ref().map(ToString::to_string).unwrap_or_default(),
        received_at: Some(view::timestamp(ticket.received_at)),
        lead: ticket.lead().map(|t| t.unit.to_string()).unwrap_or_default(),
        due: ticket.next_due().map(view::timestamp),
        card: ticket.card.number(),
        channel: ticket.source.channel.number(),
    }
}

fn seal_of(caller: &Caller, ask: &v1::ListRequest) -> String {
    let mut digest = Sha256::new();
    digest.update(caller.token_id.as_bytes());
    let what = (&ask.states, &ask.unit, &ask.area, &ask.urgencies, &ask.kinds, &ask.channels);
    digest.update(format!("{what:?}{:?}{:?}", ask.received_from, ask.received_to).as_bytes());
    digest.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect()
}

fn opened(token: &str, seal: &str) -> Result<TicketId, Status> {
    let wrong = || errors::invalid("page_token", "is not one that this list gave to this caller");
    let (id, sealed) = token.split_once('.').ok_or_else(wrong)?;
    if sealed == seal { id.parse().map_err(|_| wrong()) } else { Err(wrong()) }
}
