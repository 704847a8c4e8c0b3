//! Flash reports and clusters as the JSON that the live page reads.

use serde_json::{Value, json};
use suban_proto::v1;

use super::time;

/// A page of flash reports.
pub(crate) fn flashes(page: &v1::ListFlashesReply) -> Value {
    json!({
        "flashes": page.flashes.iter().map(flash).collect::<Vec<_>>(),
        "next_page_token": page.next_page_token,
    })
}

fn flash(flash: &v1::Flash) -> Value {
    json!({
        "number": flash.number,
        "stage": flash.stage().as_str_name().strip_prefix("FLASH_STAGE_"),
        "text": flash.text,
        "by": flash.by,
        "at": time(flash.at),
        "acknowledge_by": time(flash.acknowledge_by),
        "acknowledged_by": flash.acknowledged_by,
        "acknowledged_at": time(flash.acknowledged_at),
    })
}

/// A page of clusters.
pub(crate) fn clusters(page: &v1::ListClustersReply) -> Value {
    let cluster = |c: &v1::Cluster| {
        json!({
            "first": c.first,
            "matter": c.matter,
            "area": c.area,
            "text": c.text,
            "tickets": c.tickets,
            "last_at": time(c.last_at),
        })
    };
    json!({
        "clusters": page.clusters.iter().map(cluster).collect::<Vec<_>>(),
        "next_page_token": page.next_page_token,
    })
}
