//! Mass events as JSON.

use serde_json::{Value, json};
use suban_proto::v1;

use super::time;

/// Those that run.
pub(crate) fn running(page: &v1::ListMassEventsReply) -> Value {
    json!({ "events": page.events.iter().map(event).collect::<Vec<_>>() })
}

fn event(event: &v1::MassEvent) -> Value {
    let (kind, kind_zh) = match event.kind() {
        v1::MassEventKind::Unspecified => (None, None),
        v1::MassEventKind::OneCause => (Some("ONE_CAUSE"), Some("一因多诉")),
        v1::MassEventKind::ManySites => (Some("MANY_SITES"), Some("一事多点")),
    };
    json!({
        "event": event.event,
        "kind": kind,
        "kind_zh": kind_zh,
        "title": event.title,
        "area": event.area,
        "from": time(event.from),
        "until": time(event.until),
        "answer": event.answer,
        "answer_until": time(event.answer_until),
        "master": event.master,
        "tickets": event.tickets,
        "sites": event.sites,
        "open_sites": event.open_sites,
        "streets": event.streets.iter().map(street).collect::<Vec<_>>(),
    })
}

fn street(street: &v1::StreetSites) -> Value {
    json!({ "area": street.area, "name": street.name, "open": street.open })
}
