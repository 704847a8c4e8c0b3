//! The contact record, and who calls (D§5.5).

use suban_domain::{Channel, ContactId, Span, State, Ticket};
use suban_proto::{edge, v1};
use suban_runtime::{access::Caller, errors};
use suban_service::{App, request_id, status};
use suban_store::{
    contacts::{ContactResult, NewContact, count_since, insert_contacts, link_contacts, tickets_by_phone},
    phone_hash,
};
use suban_text::phone;
use tonic::Status;

use crate::list::line;

/// The repeats that a caller is known by.
const REPEATS: Span = Span::days(30);
/// Tickets shown of a caller.
const LAST: u32 = 10;

/// Keeps a call or message with its outcome; a repeat is the same contact.
pub(crate) async fn record(
    app: &App,
    caller: &Caller,
    ask: v1::RecordContactRequest,
) -> Result<v1::RecordContactReply, Status> {
    let request = request_id(&ask.request_id)?;
    let channel = edge::choice::<Channel>(ask.channel).map_err(|e| errors::invalid("channel", e))?;
    let result = ContactResult::from_number(ask.result).ok_or_else(|| errors::invalid("result", "must be said"))?;
    let at = edge::at_given(ask.at).map_err(|e| errors::invalid("at", e))?.unwrap_or_else(|| app.clock().now());
    let phone = match ask.phone.trim() {
        "" => None,
        typed => Some(
            phone::normalise(typed).ok_or_else(|| errors::invalid("phone", "is no telephone number"))?,
        ),
    };
    let mut tickets = Vec::new();
    for number in &ask.tickets {
        tickets.push(app.ticket("tickets", number).await?.id);
    }
    let contact = NewContact {
        id: ContactId::new(app.store.ids().uuid(at)),
        channel,
        at,
        agent: Some(caller.actor.person.clone()),
        requester: None,
        phone: phone.map(|p| phone_hash(app.store.keys(), &p)),
        result,
        text: None,
        request,
    };
    let kept = async {
        let mut tx = app.store.pool().begin().await?;
        let kept = insert_contacts(&mut tx, std::slice::from_ref(&contact)).await?;
        let id = kept.first().map_or(contact.id, |k| k.id);
        let links: Vec<_> = tickets.iter().map(|ticket| (id, *ticket)).collect();
        link_contacts(&mut tx, &links).await?;
        tx.commit().await?;
        Ok::<_, suban_store::StoreError>((id, kept.first().is_some_and(|k| k.repeated)))
    };
    let (id, repeated) = kept.await.map_err(|e| status(&e))?;
    Ok(v1::RecordContactReply { contact_id: id.to_string(), repeated })
}

/// Who calls: open tickets, the last ten, repeats, the last public reply.
pub(crate) async fn lookup(app: &App, caller: &Caller, typed: &str) -> Result<v1::LookupCallerReply, Status> {
    use suban_domain::Role;
    if !matches!(caller.actor.role, Role::Agent | Role::Supervisor | Role::Callback) {
        return Err(errors::denied("WRONG_ROLE", "callers are looked up by those who speak with them"));
    }
    let phone = phone::normalise(typed).ok_or_else(|| errors::invalid("phone", "is no telephone number"))?;
    let hash = phone_hash(app.store.keys(), &phone);
    let ids = tickets_by_phone(app.store.pool(), hash, LAST).await.map_err(|e| status(&e))?;
    let mut tickets: Vec<Ticket> =
        app.store.load(&ids).await.map_err(|e| status(&e))?.into_values().collect();
    tickets.sort_by_key(|t| std::cmp::Reverse(t.id));
    let since = app.clock().now().minus(REPEATS);
    let repeats = count_since(app.store.pool(), hash, since).await.map_err(|e| status(&e))?;
    let recent = tickets.iter().filter(|t| t.received_at >= since).count();
    let answered = tickets.iter().find(|t| {
        t.result.is_some() && matches!(t.state, State::PendingCallback | State::Closed | State::Archived)
    });
    let (mut reply, mut number) = (String::new(), String::new());
    if let Some((ticket, result)) = answered.and_then(|t| t.result.as_ref().map(|r| (t, r))) {
        let id = ticket.copied_reply.map_or(result.reply, |(copied, _)| copied);
        reply = app.store.masked(&[id]).await.map_err(|e| status(&e))?.remove(&id).unwrap_or_default();
        number = ticket.number.to_string();
    }
    Ok(v1::LookupCallerReply {
        open: tickets.iter().filter(|t| t.state.is_open()).map(line).collect(),
        last: tickets.iter().map(line).collect(),
        repeats_in_30_days: repeats.max(u32::try_from(recent).unwrap_or(u32::MAX)),
        last_public_reply: reply,
        last_public_reply_number: number,
    })
}
