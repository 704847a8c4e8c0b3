//! The contact record: every call or message, whatever came of it (D§5.5).

use suban_domain::{Channel, ContactId, RequestId, Role, TicketId};
use suban_proto::{edge, v1};
use suban_runtime::{
    access::Caller,
    errors::{self, FieldErrors},
};
use suban_service::status;
use suban_store::{
    contacts::{ContactResult, NewContact, insert_contacts, link_contacts},
    texts::{Person, TextKind, clean, insert_requesters, insert_texts},
};
use suban_text::{OwnValues, mask, phone};
use tonic::Status;

use crate::{api::Api, demand::past};

/// Tickets that one call can be about.
const TICKETS: usize = 20;

impl Api {
    /// Keeps a contact once; its person, words and links with it, or nothing.
    pub(crate) async fn keep_contact(
        &self,
        caller: &Caller,
        ask: &v1::RecordContactRequest,
    ) -> Result<v1::RecordContactReply, Status> {
        let role = caller.actor.role;
        if !matches!(role, Role::Agent | Role::IntakeBot) {
            return Err(errors::denied("ROLE", format!("the role {role} takes no contacts in")));
        }
        let now = self.app.clock().now();
        let mut wrong = FieldErrors::new();
        let request = wrong.take("request_id", RequestId::new(&*ask.request_id));
        let channel = wrong.take("channel", edge::choice::<Channel>(ask.channel));
        let at = wrong.take("at", past(ask.at, now)).flatten().unwrap_or(now);
        let result = wrong
            .take("result", ContactResult::from_number(ask.result).ok_or("must be said: what came of the contact"));
        let written = (!ask.phone.trim().is_empty()).then(|| phone::normalise(&ask.phone));
        if written == Some(None) {
            wrong.add("phone", "is no telephone number; leave it empty if there is none");
        }
        let text = if ask.text.trim().is_empty() {
            None
        } else {
            let chars = self.app.settings.limits.words_chars;
            wrong.take("text", clean("text", &ask.text, chars).map_err(|(_, problem)| problem))
        };
        if ask.tickets.len() > TICKETS {
            wrong.add("tickets", format!("are more than {TICKETS}"));
        }
        let (Some(request), Some(channel), Some(result), true) = (request, channel, result, wrong.is_empty()) else {
            return Err(wrong.status());
        };
        let mut tickets = Vec::with_capacity(ask.tickets.len());
        for number_or_id in &ask.tickets {
            tickets.push(self.app.ticket("tickets", number_or_id).await?.id);
        }

        let store = &self.app.store;
        let id = ContactId::new(store.ids().uuid(now));
        let phone = written.flatten();
        let masked = text.as_ref().is_some_and(|t| mask(t, &OwnValues::default()).text != *t);
        let person = if phone.is_some() || masked {
            let known = Person {
                name: None,
                phone: phone.as_ref().map(|p| p.as_str().to_owned()),
                id_card: None,
                home_address: None,
            };
            Some(store.prepare_requester(now, &known).map_err(|e| status(&e))?)
        } else {
            None
        };
        // Words of a contact are filed under the contact's own id.
        let file = TicketId::new(id.uuid());
        let text = text
            .map(|raw| store.prepare_text(person.as_ref().map(|p| p.owner()), now, file, TextKind::CitizenWords, &raw))
            .transpose()
            .map_err(|e| status(&e))?;
        let new = NewContact {
            id,
            channel,
            at,
            agent: (role == Role::Agent).then(|| caller.actor.person.clone()),
            requester: person.as_ref().map(|p| p.id),
            phone: phone.map(|p| self.phone_hash(&p)),
            result,
            text: text.as_ref().map(|t| t.id),
            request,
        };
        let keep = async {
            let mut tx = store.pool().begin().await?;
            let kept = insert_contacts(&mut tx, &[new]).await?;
            let kept = kept.first().copied().ok_or(suban_store::StoreError::Contended)?;
            if !kept.repeated {
                insert_requesters(&mut tx, &person.iter().collect::<Vec<_>>()).await?;
                insert_texts(&mut tx, &text.iter().collect::<Vec<_>>()).await?;
                let links: Vec<_> = tickets.iter().map(|t| (id, *t)).collect();
                link_contacts(&mut tx, &links).await?;
            }
            tx.commit().await?;
            Ok(kept)
        };
        let kept = keep.await.map_err(|e| status(&e))?;
        Ok(v1::RecordContactReply { contact_id: kept.id.to_string(), repeated: kept.repeated })
    }
}
