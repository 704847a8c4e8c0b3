//! Who calls: what the agent must know before anything is typed. Read only, by the blind index of the phone.

use suban_domain::{Role, Span, State, TextId, Ticket, TicketId};
use suban_proto::v1;
use suban_runtime::{access::Caller, errors};
use suban_service::{status, view};
use suban_store::texts::TextKind;
use suban_text::phone;
use tonic::Status;

use crate::api::Api;

/// Tickets of a caller that are looked at, newest first: the open ones among them are shown.
const LOOKED_AT: u32 = 200;
/// Open tickets shown.
const OPEN: usize = 50;
/// Last tickets shown.
const LAST: usize = 10;
/// Repeats are counted within this time.
const REPEATS: Span = Span::days(30);

impl Api {
    /// Open tickets, last ten, repeats, last public reply.
    pub(crate) async fn who_calls(
        &self,
        caller: &Caller,
        ask: &v1::LookupCallerRequest,
    ) -> Result<v1::LookupCallerReply, Status> {
        if caller.actor.role != Role::Agent {
            return Err(errors::denied("ROLE", format!("the role {} takes no calls", caller.actor.role)));
        }
        let phone = phone::normalise(&ask.phone).ok_or_else(|| errors::invalid("phone", "is no telephone number"))?;
        let phone = self.phone_hash(&phone);
        let store = &self.app.store;
        let since = self.app.clock().now().minus(REPEATS);
        let ids = store.tickets_by_phone(phone, LOOKED_AT).await.map_err(|e| status(&e))?;
        let contacts = store.contacts_since(phone, since).await.map_err(|e| status(&e))?;
        let mut tickets: Vec<Ticket> = store.load(&ids).await.map_err(|e| status(&e))?.into_values().collect();
        tickets.sort_unstable_by_key(|t| std::cmp::Reverse(t.id));
        let received = tickets.iter().filter(|t| t.received_at >= since).count();
        // A confidential ticket is not even admitted to.
        tickets.retain(|t| view::may_read(caller, t).is_ok());
        let open: Vec<Ticket> = tickets.iter().filter(|t| !t.state.is_terminal()).take(OPEN).cloned().collect();
        let last: Vec<Ticket> = tickets.iter().take(LAST).cloned().collect();
        let replied = tickets.iter().find(|t| has_reply(t));
        let (words, number) = match replied {
            Some(ticket) => (self.reply_of(ticket).await?, ticket.number.to_string()),
            None => (None, String::new()),
        };
        Ok(v1::LookupCallerReply {
            open: self.lines(caller, &open).await?,
            last: self.lines(caller, &last).await?,
            repeats_in_30_days: contacts.saturating_add(u32::try_from(received).unwrap_or(u32::MAX)),
            last_public_reply_number: words.as_ref().map(|_| number).unwrap_or_default(),
            last_public_reply: words.unwrap_or_default(),
        })
    }

    async fn reply_of(&self, ticket: &Ticket) -> Result<Option<String>, Status> {
        let texts = self.app.store.texts_of(&[ticket.id]).await.map_err(|e| status(&e))?;
        let by_id = |id: TextId| texts.iter().find(|t| t.id == id);
        let reply = match (ticket.copied_reply, &ticket.result) {
            (Some((copied, _)), _) => by_id(copied),
            (None, Some(result)) => by_id(result.reply),
            (None, None) => texts.iter().rev().find(|t| t.kind == TextKind::Answer),
        };
        Ok(reply.and_then(|t| t.masked.clone()))
    }

    /// Tickets on one line each, in their order.
    pub(crate) async fn lines(&self, caller: &Caller, tickets: &[Ticket]) -> Result<Vec<v1::TicketLine>, Status> {
        let ids: Vec<TicketId> = tickets.iter().map(|t| t.id).collect();
        let mut titles = self.app.store.titles(&ids).await.map_err(|e| status(&e))?;
        Ok(tickets.iter().map(|t| line(caller, t, titles.remove(&t.id))).collect())
    }
}

fn line(caller: &Caller, ticket: &Ticket, title: Option<String>) -> v1::TicketLine {
    let full = view::may_read(caller, ticket).is_ok_and(|r| r == suban_runtime::access::policy::Reading::Full);
    v1::TicketLine {
        number: ticket.number.to_string(),
        ticket_id: ticket.id.to_string(),
        state: ticket.state.number(),
        title: title.filter(|_| full).unwrap_or_default(),
        kind: ticket.kind.map_or(0, suban_domain::Kind::number),
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

/// Has the citizen been answered? A result under review is not yet a reply.
fn has_reply(ticket: &Ticket) -> bool {
    match ticket.state {
        State::Answered => true,
        State::PendingCallback | State::Closed | State::Archived => {
            ticket.result.is_some() || ticket.copied_reply.is_some()
        }
        State::Received
        | State::NeedInfo
        | State::Rejected
        | State::TransferredOut
        | State::PendingDispatch
        | State::MergedMember
        | State::PendingSign
        | State::Handling
        | State::ReturnReview
        | State::InDispute
        | State::Suspended
        | State::Consolidating
        | State::CloseReview
        | State::PendingVerify
        | State::Redo
        | State::SupervisedRedo
        | State::Cancelled
        | State::ReturnedUpstream => false,
    }
}
