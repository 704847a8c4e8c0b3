//! Handover at the end of a shift 交接班 (D§14), of the hall or of a unit: what is claimed or not yet signed, and what was
//! promised to callers. What a step may do is [`suban_roster::Handover`]'s; here it is kept, and what it says is done.

mod tables;

use std::{collections::HashMap, time::Duration};

use suban_domain::{At, PersonCode, Role, State, TextId, Ticket, TicketId, UnitCode};
use suban_proto::{edge, v1};
use suban_roster::{Handover, HandoverRefused, Item, Signatures};
use suban_runtime::{
    access::{Caller, policy::Reading},
    errors,
};
use suban_service::{Asked, Said, request_id, status, view};
use suban_store::texts::TextKind;
use tonic::Status;
use uuid::Uuid;

use self::tables::Kept;
use crate::{api::Api, queue::CLAIM, tables as queue};

/// Tickets of one kind that a list begins with, at most: more than a shift holds.
const MOST: u32 = 1000;
/// The last handovers that are shown.
const SHOWN: i64 = 20;

impl Api {
    /// The leader of the shift that ends begins the list: what its people have claimed, or have not signed.
    pub(crate) async fn handover_opened(
        &self,
        caller: &Caller,
        ask: &v1::OpenHandoverRequest,
    ) -> Result<v1::Handover, Status> {
        let (request, unit) = (request_id(&ask.request_id)?, self.shift_of(caller)?);
        let incoming = PersonCode::new(&ask.incoming).map_err(|e| errors::invalid("incoming", e))?;
        let last = tables::last(self.app.store.pool(), &unit, SHOWN).await.map_err(|e| status(&e))?;
        if let Some(done) = last.iter().find(|kept| kept.has_done(request.as_str())) {
            return self.handover_shown(caller, done).await;
        }
        if let Some(open) = last.iter().find(|kept| kept.closed_at.is_none()) {
            return Err(errors::already_exists(
                "HANDOVER_OPEN",
                format!("{} hands over already; that list is to be signed first", open.handover.outgoing),
                [("handover", open.id.to_string())],
            ));
        }
        let list = Handover::open(unit, caller.actor.person.clone(), incoming).map_err(|e| refused(&e))?;
        let list = self.completed(list).await?;
        let now = self.app.clock().now();
        let kept = Kept::begun(self.app.store.ids().uuid(now), list, request.to_string(), now);
        if !tables::insert(self.app.store.pool(), &kept).await.map_err(|e| status(&e))? {
            return Err(changed_meanwhile());
        }
        self.handover_shown(caller, &kept).await
    }

    /// A promise to a caller goes onto the list; its words stand as an internal note of the ticket.
    pub(crate) async fn handover_promised(
        &self,
        caller: &Caller,
        ask: &v1::PromiseInHandoverRequest,
    ) -> Result<v1::Handover, Status> {
        let due = edge::at_given(ask.due).map_err(|e| errors::invalid("due", e))?;
        let due = due.ok_or_else(|| errors::invalid("due", "is missing: until when is it to be kept?"))?;
        let kept = self.handover(caller, &ask.handover).await?;
        if kept.has_done(&ask.request_id) {
            return self.handover_shown(caller, &kept).await;
        }
        if kept.handover.signatures() != Signatures::Open {
            return Err(refused(&HandoverRefused::Signed));
        }
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        let said = Said { field: "text", kind: TextKind::Note, raw: &ask.text };
        let note = Asked { caller, request_id: &ask.request_id, ticket: ticket.number.as_str(), said: vec![said] };
        let words = self.app.note(&ticket, note).await?.text;
        let item = Item::Promise { ticket: ticket.id, due, words };
        self.changed(caller, kept, &ask.request_id, |list, _| list.with(item, caller.actor.person.clone())).await
    }

    /// What belongs to a ticket is given to somebody of the shift that begins.
    pub(crate) async fn handover_given(
        &self,
        caller: &Caller,
        ask: &v1::GiveInHandoverRequest,
    ) -> Result<v1::Handover, Status> {
        let to = PersonCode::new(&ask.to).map_err(|e| errors::invalid("to", e))?;
        let (kept, ticket) =
            (self.handover(caller, &ask.handover).await?, self.app.ticket("ticket", &ask.ticket).await?);
        self.changed(caller, kept, &ask.request_id, |list, _| {
            let of_it: Vec<Item> =
                list.items().map(|(item, _)| item.clone()).filter(|i| of(i) == Some(ticket.id)).collect();
            if of_it.is_empty() {
                return Err(HandoverRefused::Unknown);
            }
            of_it.iter().try_fold(list, |list, item| list.give(item, to.clone()))
        })
        .await
    }

    /// A leader signs. The outgoing one says that the list is complete, so what came since is put on it first; with the
    /// second signature claims belong to who takes them.
    pub(crate) async fn handover_signed(
        &self,
        caller: &Caller,
        ask: &v1::SignHandoverRequest,
    ) -> Result<v1::Handover, Status> {
        let mut kept = self.handover(caller, &ask.handover).await?;
        if !kept.has_done(&ask.request_id) && kept.handover.signatures() == Signatures::Open {
            kept.handover = self.completed(kept.handover).await?;
        }
        self.changed(caller, kept, &ask.request_id, |list, now| list.sign(&caller.actor.person, now)).await
    }

    /// The incoming leader does not take it as it is.
    pub(crate) async fn handover_sent_back(
        &self,
        caller: &Caller,
        ask: &v1::SendBackHandoverRequest,
    ) -> Result<v1::Handover, Status> {
        let kept = self.handover(caller, &ask.handover).await?;
        self.changed(caller, kept, &ask.request_id, |list, _| list.send_back(&caller.actor.person)).await
    }

    /// The last handovers of the caller's shift, the latest first.
    pub(crate) async fn handovers(&self, caller: &Caller) -> Result<v1::ListHandoversReply, Status> {
        let unit = self.shift_of(caller)?;
        let last = tables::last(self.app.store.pool(), &unit, SHOWN).await.map_err(|e| status(&e))?;
        let mut handovers = Vec::with_capacity(last.len());
        for kept in &last {
            handovers.push(self.handover_shown(caller, kept).await?);
        }
        Ok(v1::ListHandoversReply { handovers })
    }

    /// Whose shift the caller is of: a unit's own people, or the hall's.
    fn shift_of(&self, caller: &Caller) -> Result<UnitCode, Status> {
        let (role, unit) = (caller.actor.role, caller.actor.unit.clone());
        let hall = || self.app.catalogues.now().and_then(|f| f.catalogue.fallback().map(|hall| hall.code.clone()));
        let found = if matches!(role, Role::UnitSigner | Role::UnitHandler | Role::UnitLead) {
            unit
        } else if matches!(role, Role::Agent | Role::Dispatcher | Role::Callback | Role::Supervisor) {
            hall()
        } else {
            None
        };
        found.ok_or_else(|| errors::denied("WRONG_ROLE", "only people of the hall or of a unit hand a shift over"))
    }

    async fn handover(&self, caller: &Caller, id: &str) -> Result<Kept, Status> {
        let unit = self.shift_of(caller)?;
        let id: Uuid = id.parse().map_err(|_| errors::invalid("handover", "must be the UUID of a handover"))?;
        let found = tables::one(self.app.store.pool(), id).await.map_err(|e| status(&e))?;
        found.filter(|kept| kept.handover.unit == unit).ok_or_else(|| errors::not_found("handover of this shift", id))
    }

    /// The list with everything that the shift holds now.
    async fn completed(&self, mut list: Handover) -> Result<Handover, Status> {
        let (pool, now) = (self.app.store.pool(), self.app.clock().now());
        let is_hall =
            self.app.catalogues.now().is_some_and(|f| f.catalogue.fallback().is_some_and(|h| h.code == list.unit));
        if is_hall {
            for (ticket, holder) in queue::claimed(pool, now, MOST).await.map_err(|e| status(&e))? {
                // Who held it before on this list still answers for it.
                if list.holder(&Item::Claimed(ticket)).is_none() {
                    list = list.with(Item::Claimed(ticket), holder).map_err(|e| refused(&e))?;
                }
            }
        } else {
            let waiting = self.app.store.inbox(&list.unit, &[State::PendingSign], None, MOST).await;
            let outgoing = list.outgoing.clone();
            for ticket in waiting.map_err(|e| status(&e))?.iter().filter(|t| t.state == State::PendingSign) {
                list = list.with(Item::Unsigned(ticket.id), outgoing.clone()).map_err(|e| refused(&e))?;
            }
        }
        Ok(list)
    }

    /// One step, unless it is the last one again; somebody else's step in between is told.
    async fn changed(
        &self,
        caller: &Caller,
        kept: Kept,
        request: &str,
        step: impl FnOnce(Handover, At) -> Result<Handover, HandoverRefused>,
    ) -> Result<v1::Handover, Status> {
        request_id(request)?;
        if kept.has_done(request) {
            return self.handover_shown(caller, &kept).await;
        }
        let now = self.app.clock().now();
        let handover = step(kept.handover.clone(), now).map_err(|e| refused(&e))?;
        let closed_at = matches!(handover.signatures(), Signatures::Closed { .. }).then_some(now);
        let taken: Vec<(TicketId, PersonCode, PersonCode)> = match closed_at {
            Some(_) => handover.items().filter_map(|(item, held)| claim(item, &held.from, &held.to)).collect(),
            None => Vec::new(),
        };
        let next = kept.then(handover, request.to_owned(), closed_at);
        let stored = tables::update(self.app.store.pool(), &next, &taken, now.plus(CLAIM)).await;
        let Some(next) = stored.map_err(|e| status(&e))? else {
            return Err(changed_meanwhile());
        };
        self.handover_shown(caller, &next).await
    }

    async fn handover_shown(&self, caller: &Caller, kept: &Kept) -> Result<v1::Handover, Status> {
        let ids: Vec<TicketId> = kept.handover.items().filter_map(|(item, _)| of(item)).collect();
        let texts: Vec<TextId> = kept.handover.items().filter_map(|(item, _)| words(item)).collect();
        let tickets = self.app.store.load(&ids).await.map_err(|e| status(&e))?;
        let said = self.app.store.masked(&texts).await.map_err(|e| status(&e))?;
        let items = kept.handover.items().filter_map(|(item, held)| {
            let ticket = tickets.get(&of(item)?)?;
            let full = view::reading(caller, ticket).ok()? == Reading::Full;
            Some(shown(item, ticket, (&held.from, &held.to), full.then_some(&said)))
        });
        let (outgoing_at, incoming_at) = match kept.handover.signatures() {
            Signatures::Open => (None, None),
            Signatures::SignedByOutgoing { at } => (Some(at), None),
            Signatures::Closed { outgoing, incoming } => (Some(outgoing), Some(incoming)),
        };
        Ok(v1::Handover {
            id: kept.id.to_string(),
            unit: kept.handover.unit.to_string(),
            outgoing: kept.handover.outgoing.to_string(),
            incoming: kept.handover.incoming.to_string(),
            items: items.collect(),
            opened_at: Some(view::timestamp(kept.opened_at)),
            outgoing_signed_at: outgoing_at.map(view::timestamp),
            incoming_signed_at: incoming_at.map(view::timestamp),
        })
    }
}

/// The ticket that an item is about.
const fn of(item: &Item) -> Option<TicketId> {
    match item {
        Item::Claimed(ticket) | Item::Unsigned(ticket) | Item::Promise { ticket, .. } => Some(*ticket),
        Item::Event(_) | Item::Note(_) => None,
    }
}

const fn words(item: &Item) -> Option<TextId> {
    match item {
        Item::Promise { words, .. } | Item::Event(words) | Item::Note(words) => Some(*words),
        Item::Claimed(_) | Item::Unsigned(_) => None,
    }
}

fn claim(item: &Item, from: &PersonCode, to: &PersonCode) -> Option<(TicketId, PersonCode, PersonCode)> {
    if let Item::Claimed(ticket) = item { Some((*ticket, from.clone(), to.clone())) } else { None }
}

fn shown(
    item: &Item,
    ticket: &Ticket,
    (from, to): (&PersonCode, &PersonCode),
    said: Option<&HashMap<TextId, String>>,
) -> v1::HandoverItem {
    let (kind, due) = match item {
        Item::Claimed(_) => (v1::HandoverKind::Claimed, None),
        Item::Unsigned(_) => (v1::HandoverKind::Unsigned, None),
        Item::Promise { due, .. } => (v1::HandoverKind::Promise, Some(*due)),
        Item::Event(_) | Item::Note(_) => (v1::HandoverKind::Unspecified, None),
    };
    v1::HandoverItem {
        kind: kind.into(),
        number: ticket.number.to_string(),
        ticket_id: ticket.id.to_string(),
        state: ticket.state.number(),
        due: due.map(view::timestamp),
        text: words(item).and_then(|words| said?.get(&words).cloned()).unwrap_or_default(),
        from: from.to_string(),
        to: to.to_string(),
    }
}

fn changed_meanwhile() -> Status {
    errors::conflict("somebody else changed the list; read it again and repeat", Duration::from_millis(100))
}

fn refused(why: &HandoverRefused) -> Status {
    let code = match why {
        HandoverRefused::NotYours { .. } => return errors::denied("NOT_YOURS", why.to_string()),
        HandoverRefused::SamePerson { .. } => return errors::invalid("incoming", why.to_string()),
        HandoverRefused::Unknown => return errors::invalid("ticket", why.to_string()),
        HandoverRefused::Signed => "SIGNED",
        HandoverRefused::Closed => "CLOSED",
        HandoverRefused::HeldBy { .. } => "HELD",
        HandoverRefused::Earlier { .. } => "EARLIER",
    };
    errors::refused(code, why.to_string(), [])
}
