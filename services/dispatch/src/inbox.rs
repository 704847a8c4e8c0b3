//! A unit's inbox: the tasks it has in hand, oldest first.

use suban_domain::{At, State, Task, TaskState, Ticket, TicketId};
use suban_proto::{edge, v1};
use suban_runtime::{access::Caller, errors};
use suban_service::{
    paging::{Mark, page_size},
    status, view,
};
use tonic::Status;
use uuid::Uuid;

use crate::api::Api;

/// States in which a unit has work: its own, or work that goes on while others decide (F14, F19).
const WORKED_ON: [State; 8] = [
    State::PendingSign,
    State::Handling,
    State::Consolidating,
    State::Redo,
    State::SupervisedRedo,
    State::ReturnReview,
    State::InDispute,
    State::Suspended,
];

impl Api {
    /// One page of the caller's unit.
    pub(crate) async fn tasks(&self, caller: &Caller, ask: &v1::InboxRequest) -> Result<v1::InboxReply, Status> {
        let unit = caller
            .actor
            .unit
            .clone()
            .ok_or_else(|| errors::denied("NO_UNIT", "only a unit has an inbox; this token belongs to none"))?;
        let page = page_size(ask.page_size)?;
        let states: Vec<TaskState> = edge::choices(&ask.states).map_err(|e| errors::invalid("states", e))?;
        let before = edge::at_given(ask.due_before).map_err(|e| errors::invalid("due_before", e))?;
        let mark = Mark::of(caller, &v1::InboxRequest { page_token: String::new(), page_size: 0, ..ask.clone() });
        let after = mark.open(&ask.page_token)?.map(|key| TicketId::new(Uuid::from_bytes(key)));
        let found = self.app.store.inbox(&unit, &WORKED_ON, after, page).await.map_err(|e| status(&e))?;
        let next = found.last().filter(|_| found.len() == page as usize).map(|t| mark.seal(t.id.uuid().as_bytes()));
        let ids: Vec<TicketId> = found.iter().map(|t| t.id).collect();
        let mut titles = self.app.store.titles(&ids).await.map_err(|e| status(&e))?;
        let entries = found
            .iter()
            .filter_map(|ticket| ticket.open_task(&unit).map(|task| (ticket, task)))
            .filter(|(_, task)| wanted(task, &states, before))
            .map(|(ticket, task)| entry(ticket, task, titles.remove(&ticket.id).unwrap_or_default()))
            .collect();
        Ok(v1::InboxReply { entries, next_page_token: next.unwrap_or_default() })
    }
}

fn wanted(task: &Task, states: &[TaskState], before: Option<At>) -> bool {
    (states.is_empty() || states.contains(&task.state))
        && before.is_none_or(|before| task.handle_due.is_some_and(|due| due < before))
}

fn entry(ticket: &Ticket, task: &Task, title: String) -> v1::InboxEntry {
    v1::InboxEntry {
        number: ticket.number.to_string(),
        ticket_id: ticket.id.to_string(),
        state: ticket.state.number(),
        role: task.role.number(),
        task_state: task.state.number(),
        urgency: ticket.urgency.number(),
        kind: edge::shown(ticket.kind),
        matter: ticket.matter.as_ref().map(ToString::to_string).unwrap_or_default(),
        area: ticket.area.as_ref().map(ToString::to_string).unwrap_or_default(),
        title,
        dispatched_at: Some(view::timestamp(task.dispatched_at)),
        sign_due: task.sign_due.map(view::timestamp),
        contact_due: task.contact_due.map(view::timestamp),
        handle_due: task.handle_due.map(view::timestamp),
        card: ticket.card.number(),
        members: ticket.members(),
        urges: ticket.urges,
        redo_round: u32::from(ticket.redo_round),
        reachable: ticket.reachable,
    }
}
