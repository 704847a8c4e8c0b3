//! Handovers as the JSON that the desk reads.

use serde_json::{Value, json};
use suban_domain::State;
use suban_proto::v1;

use super::time;

/// The last ones.
pub(crate) fn last(reply: &v1::ListHandoversReply) -> Value {
    json!({ "handovers": reply.handovers.iter().map(handover).collect::<Vec<_>>() })
}

/// One.
pub(crate) fn handover(handover: &v1::Handover) -> Value {
    json!({
        "id": handover.id,
        "unit": handover.unit,
        "outgoing": handover.outgoing,
        "incoming": handover.incoming,
        "items": handover.items.iter().map(item).collect::<Vec<_>>(),
        "opened_at": time(handover.opened_at),
        "outgoing_signed_at": time(handover.outgoing_signed_at),
        "incoming_signed_at": time(handover.incoming_signed_at),
    })
}

fn item(item: &v1::HandoverItem) -> Value {
    let state = State::from_number(item.state);
    json!({
        "kind": item.kind().as_str_name().strip_prefix("HANDOVER_KIND_"),
        "number": item.number,
        "state": state.map(State::code),
        "state_zh": state.map(State::zh),
        "due": time(item.due),
        "text": item.text,
        "from": item.from,
        "to": item.to,
    })
}
