//! Units and matters as the JSON that people choose from.

use serde_json::{Value, json};
use suban_domain::{Kind, Urgency};
use suban_proto::v1;

/// A page of units.
pub(crate) fn units(page: &v1::ListUnitsReply) -> Value {
    let unit = |u: &v1::UnitEntry| {
        json!({
            "code": u.code,
            "name": u.name,
            "kind": u.kind,
            "parent": u.parent,
            "area": u.area,
            "area_name": u.area_name,
            "duty_24h": u.duty_24h,
        })
    };
    json!({
        "units": page.units.iter().map(unit).collect::<Vec<_>>(),
        "next_page_token": page.next_page_token,
        "catalogue": page.catalogue,
    })
}

/// A page of matters.
pub(crate) fn matters(page: &v1::ListMattersReply) -> Value {
    let matter = |m: &v1::MatterEntry| {
        json!({
            "code": m.code,
            "name": m.name,
            "level1": m.level1,
            "level2": m.level2,
            "kind": Kind::from_number(m.kind).map(Kind::code),
            "urgency": Urgency::from_number(m.urgency).map(Urgency::code),
            "lead": m.lead,
        })
    };
    json!({
        "matters": page.matters.iter().map(matter).collect::<Vec<_>>(),
        "next_page_token": page.next_page_token,
        "catalogue": page.catalogue,
    })
}
