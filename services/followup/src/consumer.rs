//! The event face: an accepted result opens a survey, a master's answer goes to every member, a split ticket follows its
//! parts, and whoever must hear of something is told.

use std::collections::{BTreeMap, BTreeSet};

use suban_bus::{Failure, Message};
use suban_domain::{Action, Command, Recorded, RequestId, State, TextId, Ticket, TicketId};
use suban_service::App;
use suban_store::{Change, StoreError};

use crate::{
    decide, groups,
    notices::{self, tables::Notice},
    parts, tables,
};

/// Members answered in one transaction: other work goes on between two batches.
const FAN_OUT: u32 = 100;

/// Opens and ends surveys, copies closing replies, and queues notices.
///
/// # Errors
/// When the database is away: the batch comes again.
pub async fn follow(app: &App, batch: &[Message]) -> Result<(), Failure> {
    tell(app, batch).await?;
    let mut latest: BTreeMap<TicketId, u32> = BTreeMap::new();
    for message in batch.iter().filter(|message| decide::FOLLOWED.contains(&message.kind.as_ref())) {
        let version = latest.entry(message.ticket).or_default();
        *version = (*version).max(message.version);
    }
    let of_parts = batch.iter().filter(|message| parts::FOLLOWED.contains(&message.kind.as_ref()));
    let ids: BTreeSet<TicketId> = latest.keys().copied().chain(of_parts.map(|message| message.ticket)).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<TicketId> = ids.into_iter().collect();
    let tickets = app.store.load(&ids).await?;
    let now = app.clock().now();
    let (mut openings, mut ended) = (Vec::new(), Vec::new());
    for (ticket, version) in tickets.values().filter_map(|ticket| Some((ticket, latest.get(&ticket.id)?))) {
        // A part is asked about with its parent (F26a).
        if ticket.state == State::PendingCallback && ticket.parent.is_none() {
            openings.push(decide::opening(ticket, *version, now));
        } else {
            ended.push(ticket.id);
        }
    }
    tables::end(app.store.pool(), &ended).await?;
    tables::open(app.store.pool(), openings).await?;
    for master in tickets.values().filter(|t| has_answer(t) && t.members() > 0) {
        answer_members(app, master).await?;
    }
    let withdrew = batch.iter().filter(|message| message.kind.as_ref() == "withdrawn");
    let withdrew = withdrew.map(|message| (message.ticket, message.by.clone())).collect();
    parts::follow(app, tickets.values(), &withdrew).await?;
    groups::follow(app, tickets.values()).await?;
    Ok(())
}

/// Queues the notices that these events ask for; those that are there already stay.
async fn tell(app: &App, batch: &[Message]) -> Result<(), Failure> {
    let told = batch.iter().filter(|message| notices::decide::TOLD.contains(&message.kind.as_ref()));
    // What cannot be opened is no notice's business: the ticket's own consumers name it.
    let asking: Vec<Recorded> =
        told.filter_map(|message| message.recorded().ok()).filter(notices::decide::asks).collect();
    if asking.is_empty() {
        return Ok(());
    }
    let ids: Vec<TicketId> = asking.iter().map(|event| event.ticket).collect();
    let tickets = app.store.load(&ids).await?;
    let mut queue = Vec::new();
    for event in &asking {
        let Some(ticket) = tickets.get(&event.ticket) else { continue };
        for planned in notices::decide::plan(ticket, event, &app.limits) {
            let (ticket, cause, urgency) = (ticket.id, event.version, ticket.urgency);
            queue.push(Notice { ticket, cause, planned, urgency, attempts: 0 });
        }
    }
    notices::tables::put(app.store.pool(), queue).await?;
    Ok(())
}

/// Its result is accepted. A citizen may rate, and close the ticket, before this service has seen that it could be.
fn has_answer(ticket: &Ticket) -> bool {
    matches!(ticket.state, State::PendingCallback | State::Closed | State::Archived) && ticket.result.is_some()
}

/// Does a member wait for this answer: the first one, or a new one after the group's work was done again (F63)?
fn awaits(member: &Ticket, master: &Ticket) -> bool {
    let again = member.copied_reply.is_some_and(|(_, earlier)| earlier < master.version && master.redo_round > 0);
    member.state == State::MergedMember || again && matches!(member.state, State::Redo | State::SupervisedRedo)
}

/// One closing reply to every member (M3), a batch at a time; a member that has it is passed over.
async fn answer_members(app: &App, master: &Ticket) -> Result<(), StoreError> {
    let (Some(result), Some(lead)) = (&master.result, master.lead()) else { return Ok(()) };
    let mut after = None;
    loop {
        let page = app.store.members(master.id, after, FAN_OUT).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(*last);
        loop {
            let members = app.store.load(&page).await?;
            let waiting: Vec<&Ticket> = members.values().filter(|member| awaits(member, master)).collect();
            let mut tx = app.store.pool().begin().await?;
            // Masked again against each citizen's own values: the master's reply may name somebody.
            let replies = app.store.copy_reply(&mut tx, result.reply, &waiting).await?;
            let mut changes = waiting
                .iter()
                .zip(replies)
                .map(|(member, reply)| copied(app, member, master, reply, lead.unit.clone()))
                .collect::<Result<Vec<_>, _>>()?;
            changes.sort_by_key(Change::id);
            let done = app.store.commit_in(&mut tx, changes).await?;
            if done.overtaken.is_empty() {
                app.store.finish(tx).await?;
                break;
            }
            // Nothing of this was written: all of them are read again.
            tx.rollback().await?;
        }
    }
}

fn copied(
    app: &App,
    member: &Ticket,
    master: &Ticket,
    reply: TextId,
    lead: suban_domain::UnitCode,
) -> Result<Change, StoreError> {
    let request = RequestId::new(format!("copy:{}:{}", master.id, master.version))
        .map_err(|e| StoreError::Damaged { what: "request id", problem: e.to_string() })?;
    let action = Action::CopyReply { master: master.id, master_version: master.version, reply, lead };
    let command = Command { by: App::system(), at: app.clock().now(), request, action };
    Change::decide(member.clone(), &command, &app.limits)
}
