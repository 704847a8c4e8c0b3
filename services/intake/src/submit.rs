//! The hot path: a demand becomes a ticket, once.
//!
//! Everything up to the writer is computed here without the database: a new demand costs this process a reading,
//! two hashes and the sealing of what is personal. Only what is rare asks Postgres by itself: a repeat, a link to
//! another ticket, a link to a contact.

use std::sync::Arc;

use futures::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256};
use suban_domain::{
    Action, Command, Hash, Reading, RequestId, Role, State, Submission, TicketId, TicketNumber, VersionCode,
};
use suban_proto::v1;
use suban_runtime::{access::Caller, errors, telemetry::trace_context};
use suban_service::{InForce, request_id, status};
use suban_store::{
    Ask, Created, NewTicket, Target, link_token, phone_hash,
    texts::{Owner, PreparedText, TextKind},
};
use suban_text::{OwnValues, ToRead, mask, normalise, words_hash};
use tonic::{Status, Streaming};
use tonic_types::StatusExt as _;

use crate::{
    api::Api,
    demand::{Demand, Rules},
    tables,
};

/// Stands for the version of a reading where no catalogue is in force.
const UNREAD: &str = "none";

impl Api {
    /// F01, and F08 at once unless it is held.
    pub(crate) async fn submit_one(&self, caller: &Caller, ask: v1::SubmitRequest) -> Result<v1::SubmitReply, Status> {
        may_submit(caller, &ask)?;
        let in_force = self.app.catalogues.now();
        let rules = Rules::of(&self.app.settings, self.app.clock().now(), in_force.as_deref());
        let demand = Demand::read(&ask, &rules).map_err(errors::FieldErrors::status)?;
        drop(ask);
        let raised_from = match &demand.raised_from {
            Some(closed) => Some(self.closed(caller, closed).await?),
            None => None,
        };
        let contact = demand.contact;
        let new = self.prepare(caller, &demand, in_force.as_deref(), raised_from)?;
        let (id, content) = (new.submission.id, new.content);
        match self.app.writer.create(new).await.map_err(|e| status(&e))? {
            Created::New(ticket) => {
                self.link(contact, id).await?;
                Ok(v1::SubmitReply {
                    number: ticket.number.to_string(),
                    ticket_id: id.to_string(),
                    repeated: false,
                    supplemented: false,
                    state: ticket.state.number(),
                    progress_token: link_token(self.app.store.keys(), id),
                })
            }
            Created::Repeated { id, number, same } => {
                self.link(contact, id).await?;
                if !same {
                    self.supplement_old(caller, id, &demand, content).await?;
                }
                self.repeated(caller, id, &number, same).await
            }
        }
    }

    /// Many at once: at most a window of them is under way, answers come in any order.
    pub(crate) fn submit_many(
        &self,
        caller: Arc<Caller>,
        demands: Streaming<v1::SubmitRequest>,
    ) -> impl Stream<Item = Result<v1::SubmitResult, Status>> + Send + 'static {
        let api = self.clone();
        demands
            .map(move |ask| {
                let (api, caller) = (api.clone(), caller.clone());
                async move {
                    let ask = ask?;
                    let request_id = ask.request_id.clone();
                    let result = match api.submit_one(&caller, ask).await {
                        Ok(reply) => v1::submit_result::Result::Reply(reply),
                        Err(refused) => v1::submit_result::Result::Error(submit_error(&refused)),
                    };
                    Ok(v1::SubmitResult { request_id, result: Some(result) })
                }
            })
            .buffer_unordered(self.app.settings.limits.stream_window.max(1))
    }

    /// Reads, masks and seals; no database.
    fn prepare(
        &self,
        caller: &Caller,
        demand: &Demand,
        in_force: Option<&InForce>,
        raised_from: Option<TicketId>,
    ) -> Result<NewTicket, Status> {
        let store = &self.app.store;
        let (id, at) = (store.ids().ticket(demand.received_at), demand.received_at);
        let (reading, hint) = read(demand, in_force)?;
        // Without a key what the mask takes out would be gone; so whoever leaves a number in the words alone gets one.
        let known = demand.person != suban_store::texts::Person::default();
        let person = if known || mask(&demand.text, &OwnValues::default()).text != demand.text {
            Some(store.prepare_requester(at, &demand.person).map_err(|e| status(&e))?)
        } else {
            None
        };
        let owner = person.as_ref().map(suban_store::texts::PreparedRequester::owner);
        let texts = self.texts(owner, id, demand)?;
        let phone = person.as_ref().and_then(|p| p.phone_hash);
        // A twin needs the same known place and matter, or the same person (D§9.2); without any there is none.
        let area = reading.matter.as_ref().and(reading.area.clone());
        let words = words_hash(&normalise(&demand.text))
            .filter(|_| phone.is_some() || area.is_some())
            .map(|words| (words, area));
        let submission = Submission {
            id,
            number: TicketNumber::new(0, 1, 1, 0), // the store gives the real one
            source: demand.source.clone(),
            requester: person.as_ref().map(|p| p.id),
            reachable: demand.reachable,
            reported_at: demand.reported_at,
            received_at: at,
            texts: texts.iter().filter(|t| t.kind == TextKind::CitizenWords).map(|t| t.id).collect(),
            contact: demand.contact,
            kind: demand.kind,
            urgency: demand.urgency.max(hint.unwrap_or(demand.urgency)),
            matter: demand.matter.clone(),
            area: demand.area.clone(),
            point: demand.point,
            flags: demand.flags,
            upstream: demand.upstream.clone(),
            parent: None,
            raised_from,
            accept: (!demand.hold).then_some(reading),
        };
        Ok(NewTicket {
            submission,
            person,
            texts,
            content: content(demand),
            phone,
            words,
            by: caller.actor.clone(),
            request: demand.request.clone(),
            trace: trace_context(),
            bulk: false,
        })
    }

    /// The ticket's file: words, and title, place and the reason of a late entry where there are any.
    fn texts(&self, owner: Option<&Owner>, id: TicketId, demand: &Demand) -> Result<Vec<PreparedText>, Status> {
        let late = demand.late.as_ref().map(|late| format!("{} ({})", late.reason, late.approver));
        let said = [
            (TextKind::CitizenWords, Some(demand.text.as_str())),
            (TextKind::Title, demand.title.as_deref()),
            (TextKind::Place, demand.place_text.as_deref()),
            (TextKind::Reason, late.as_deref()),
        ];
        said.into_iter()
            .filter_map(|(kind, words)| words.map(|words| (kind, words)))
            .map(|(kind, words)| self.app.store.prepare_text(owner, demand.received_at, id, kind, words))
            .collect::<Result<_, _>>()
            .map_err(|e| status(&e))
    }

    /// The ticket that this one takes up again (F37).
    async fn closed(&self, caller: &Caller, number_or_id: &str) -> Result<TicketId, Status> {
        let old = self.app.ticket("raised_from", number_or_id).await?;
        if caller.actor.role == Role::Agent {
            suban_service::view::may_read(caller, &old)?;
        }
        if !matches!(old.state, State::Closed | State::Archived) {
            return Err(errors::refused(
                "WRONG_STATE",
                "raised_from is still being worked on; supplement or urge it instead",
                [],
            ));
        }
        Ok(old.id)
    }

    /// The same source said something else: the old ticket gets the new words, once for each change (D0).
    async fn supplement_old(
        &self,
        caller: &Caller,
        id: TicketId,
        demand: &Demand,
        content: Hash,
    ) -> Result<(), Status> {
        let request = change_request(content)?;
        if tables::is_done(self.app.store.pool(), id, &request).await.map_err(|e| status(&e))? {
            return Ok(());
        }
        let at = self.app.clock().now();
        let said: Vec<&str> = [demand.title.as_deref(), demand.place_text.as_deref(), Some(&*demand.text)]
            .into_iter()
            .flatten()
            .collect();
        let words = vec![(TextKind::Supplement, said.join("\n"))];
        let (by, same) = (caller.actor.clone(), request.clone());
        let ask = Ask {
            target: Target::Id(id),
            request,
            at,
            words,
            command: Box::new(move |_, texts| {
                let action = Action::Supplement { texts: texts.to_vec() };
                Ok(Command { by: by.clone(), at, request: same.clone(), action })
            }),
        };
        let acted = self.app.writer.act(ask).await.map_err(|e| status(&e))?;
        self.raise_urgency(&acted.ticket, &demand.text, at).await
    }

    async fn repeated(
        &self,
        caller: &Caller,
        id: TicketId,
        number: &TicketNumber,
        same: bool,
    ) -> Result<v1::SubmitReply, Status> {
        let first = tables::first_of(self.app.store.pool(), id).await.map_err(|e| status(&e))?;
        let own = first.is_by(&caller.actor.person);
        Ok(v1::SubmitReply {
            number: number.to_string(),
            ticket_id: id.to_string(),
            repeated: true,
            supplemented: !same,
            state: first.state.number(),
            progress_token: if own { link_token(self.app.store.keys(), id) } else { String::new() },
        })
    }

    async fn link(&self, contact: Option<suban_domain::ContactId>, ticket: TicketId) -> Result<(), Status> {
        match contact {
            Some(contact) => tables::link_contact(self.app.store.pool(), contact, ticket).await.map_err(|e| status(&e)),
            None => Ok(()),
        }
    }

    /// The blind index of a number that was checked before.
    pub(crate) fn phone_hash(&self, phone: &suban_text::Phone) -> Hash {
        phone_hash(self.app.store.keys(), phone)
    }
}

/// F01 is for who takes in; a late entry needs somebody who answers for it.
fn may_submit(caller: &Caller, ask: &v1::SubmitRequest) -> Result<(), Status> {
    let role = caller.actor.role;
    if !matches!(role, Role::Agent | Role::IntakeBot | Role::Citizen) {
        return Err(errors::denied("ROLE", format!("the role {role} takes no demands in")));
    }
    if let Some(late) = &ask.backdated {
        if role == Role::Citizen {
            return Err(errors::denied("ROLE", "a late entry (补录) is made by staff"));
        }
        if late.approver == caller.actor.person.as_str() {
            return Err(errors::invalid("backdated.approver", "is yourself; somebody else approves a late entry"));
        }
    }
    Ok(())
}

/// What the words say, and how urgent they sound.
fn read(demand: &Demand, in_force: Option<&InForce>) -> Result<(Reading, Option<suban_domain::Urgency>), Status> {
    let Some(in_force) = in_force else {
        let reading = Reading {
            kind: demand.kind,
            matter: demand.matter.clone(),
            area: demand.area.clone(),
            version: VersionCode::new(UNREAD).map_err(|e| errors::internal(&e))?,
            several: Vec::new(),
        };
        return Ok((reading, None));
    };
    let joined;
    let text = match &demand.title {
        Some(title) => {
            joined = format!("{title}\n{}", demand.text);
            &joined
        }
        None => &demand.text,
    };
    Ok(in_force.accept(&ToRead {
        text,
        place_text: demand.place_text.as_deref(),
        point: demand.point,
        declared_kind: demand.kind,
        declared_matter: demand.matter.as_ref(),
        declared_area: demand.area.as_ref(),
        channel: Some(demand.source.channel),
    }))
}

/// SHA-256 of what was said, in which no two different demands look alike: each part with its length before it.
fn content(demand: &Demand) -> Hash {
    let mut hash = Sha256::new();
    for part in [Some(&demand.text), demand.title.as_ref(), demand.place_text.as_ref()] {
        let part = part.map_or("", String::as_str);
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    Hash(hash.finalize().into())
}

/// The request of a changed repeat follows from what it says, so that the same change is made once.
fn change_request(content: Hash) -> Result<RequestId, Status> {
    let digits = content.to_string();
    request_id(&format!("change:{}", digits.get(..48).unwrap_or(&digits)))
}

/// A refusal inside a stream says the same as its status would.
fn submit_error(refused: &Status) -> v1::SubmitError {
    let details = refused.get_error_details();
    v1::SubmitError {
        code: i32::from(refused.code()),
        message: refused.message().to_owned(),
        fields: details.bad_request().map_or_else(Vec::new, |bad| {
            bad.field_violations
                .iter()
                .map(|v| v1::FieldProblem { field: v.field.clone(), problem: v.description.clone() })
                .collect()
        }),
    }
}
