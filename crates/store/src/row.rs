//! A ticket as rows: what of the fold stands beside the body, and what the queues see.

use suban_domain::{AreaCode, At, MatterCode, State, TaskRole, Ticket, TicketId, UnitCode};
use uuid::Uuid;

use crate::StoreError;

/// The body column.
pub(crate) fn body(ticket: &Ticket) -> Result<String, StoreError> {
    serde_json::to_string(ticket).map_err(|e| StoreError::Damaged { what: "ticket", problem: e.to_string() })
}

/// The fold back from the body column.
pub(crate) fn ticket(body: &str) -> Result<Ticket, StoreError> {
    serde_json::from_str(body).map_err(|e| StoreError::Damaged { what: "ticket row", problem: e.to_string() })
}

/// What `ticket_open` says of a ticket; `None` once it is terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenRow {
    pub(crate) id: Uuid,
    pub(crate) state: i16,
    pub(crate) urgency: i16,
    pub(crate) unit: Option<String>,
    pub(crate) area: Option<String>,
    pub(crate) matter: Option<String>,
    pub(crate) received_at: At,
    pub(crate) next_due: Option<At>,
}

/// The queues' view of a ticket.
pub(crate) fn open_row(ticket: &Ticket) -> Option<OpenRow> {
    if ticket.state.is_terminal() {
        return None;
    }
    Some(OpenRow {
        id: ticket.id.uuid(),
        state: state_number(ticket.state),
        urgency: number(ticket.urgency.number()),
        unit: ticket.lead().map(|t| &t.unit).map(UnitCode::to_string),
        area: ticket.area.as_ref().map(AreaCode::to_string),
        matter: ticket.matter.as_ref().map(MatterCode::to_string),
        received_at: ticket.received_at,
        next_due: ticket.next_due(),
    })
}

/// The partition of `ticket_log` that holds a ticket's events, as `0001_core.sql` made it: the year of its id.
pub(crate) fn log_partition(ticket: TicketId) -> String {
    // A UUIDv7 begins with 48 bits of milliseconds.
    let millis = i64::try_from(ticket.uuid().as_u128() >> 80).unwrap_or(i64::MAX);
    let year = time::OffsetDateTime::from_unix_timestamp(millis / 1000).map_or(0, time::OffsetDateTime::year);
    if (2005..=2040).contains(&year) { format!("ticket_log_{year}") } else { "ticket_log_other".to_owned() }
}

/// Units other than the lead that have work here.
pub(crate) fn others(ticket: &Ticket) -> Vec<String> {
    let lead = ticket.lead().map(|t| &t.unit);
    let mut units: Vec<String> = ticket
        .tasks
        .iter()
        .filter(|t| t.is_open() && t.role != TaskRole::Lead && Some(&t.unit) != lead)
        .map(|t| t.unit.to_string())
        .collect();
    units.sort();
    units.dedup();
    units
}

pub(crate) fn state_number(state: State) -> i16 {
    number(state.number())
}

/// Codes are small; a number that is not would be a bug that the database's own check reports.
pub(crate) fn number(n: i32) -> i16 {
    i16::try_from(n).unwrap_or(i16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tickets_events_lie_in_the_partition_of_its_year() {
        let at = |millis: u128| log_partition(TicketId::new(Uuid::from_u128(millis << 80)));
        assert_eq!(at(1_767_225_599_999), "ticket_log_2025");
        assert_eq!(at(1_767_225_600_000), "ticket_log_2026");
        assert_eq!(at(0), "ticket_log_other");
        assert_eq!(at((1 << 48) - 1), "ticket_log_other");
    }
}
