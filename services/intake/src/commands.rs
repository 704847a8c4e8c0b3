//! Commands on one ticket that people give at the hall: check, say it as an action, hand it over.

use sha2::{Digest as _, Sha256};
use suban_domain::{
    Action, At, Audience, Element, Hash, Kind, Reading, RejectReason, Role, State, TextId, Ticket, Urgency, VersionCode,
};
use suban_proto::{edge, v1};
use suban_runtime::{
    access::Caller,
    errors::{self, FieldErrors},
};
use suban_service::{App, Asked, InForce, Said, request_id, status, view};
use suban_store::{Acted, texts::TextKind};
use suban_text::ToRead;
use tonic::Status;

use crate::{
    api::Api,
    demand::{known_area, known_matter},
};

impl Api {
    /// F08.
    pub(crate) async fn do_accept(&self, caller: &Caller, ask: v1::AcceptRequest) -> Result<v1::CommandReply, Status> {
        let in_force = self.app.catalogues.now();
        let mut wrong = FieldErrors::new();
        let kind = wrong.take("kind", edge::choice_present::<Kind>(ask.kind)).flatten();
        let matter = known_matter(&mut wrong, &ask.matter, in_force.as_deref());
        let area = known_area(&mut wrong, &ask.area, in_force.as_deref());
        wrong.check()?;
        let ticket = self.for_command(caller, &ask.ticket).await?;
        let words = self.app.store.said(&[ticket.id]).await.map_err(|e| status(&e))?;
        let words = words.get(&ticket.id).cloned().unwrap_or_default();
        let declared = Reading {
            kind: kind.or(ticket.kind),
            matter: matter.or_else(|| ticket.matter.clone()),
            area: area.or_else(|| ticket.area.clone()),
            version: VersionCode::new("none").map_err(|e| errors::internal(&e))?,
            several: Vec::new(),
        };
        let reading = read(&ticket, &words, declared, in_force.as_deref());
        self.act(caller, &ask.request_id, &ticket, vec![], move |_, _| Action::Accept { reading: reading.clone() })
            .await
            .map(reply)
    }

    /// F07.
    pub(crate) async fn do_answer(&self, caller: &Caller, ask: v1::AnswerRequest) -> Result<v1::CommandReply, Status> {
        let ticket = self.for_command(caller, &ask.ticket).await?;
        let said = vec![Said { field: "reply", kind: TextKind::Answer, raw: &ask.reply }];
        let from_knowledge_base = ask.from_knowledge_base;
        self.act(caller, &ask.request_id, &ticket, said, move |_, ids| Action::Answer {
            reply: first(ids),
            from_knowledge_base,
        })
        .await
        .map(reply)
    }

    /// F02.
    pub(crate) async fn do_ask_info(
        &self,
        caller: &Caller,
        ask: v1::AskInfoRequest,
    ) -> Result<v1::CommandReply, Status> {
        let missing: Vec<Element> = edge::choices(&ask.missing).map_err(|e| errors::invalid("missing", e))?;
        if missing.is_empty() {
            return Err(errors::invalid("missing", "is empty; say what the citizen is asked for"));
        }
        let ticket = self.for_command(caller, &ask.ticket).await?;
        self.act(caller, &ask.request_id, &ticket, vec![], move |_, _| Action::AskInfo { missing: missing.clone() })
            .await
            .map(reply)
    }

    /// F05.
    pub(crate) async fn do_reject(&self, caller: &Caller, ask: v1::RejectRequest) -> Result<v1::CommandReply, Status> {
        let reason: RejectReason = edge::choice(ask.reason).map_err(|e| errors::invalid("reason", e))?;
        let ticket = self.for_command(caller, &ask.ticket).await?;
        let said = optional("lawful_channel", TextKind::Reason, &ask.lawful_channel);
        self.act(caller, &ask.request_id, &ticket, said, move |_, ids| Action::Reject {
            reason,
            channel: ids.first().copied(),
        })
        .await
        .map(reply)
    }

    /// F06.
    pub(crate) async fn do_transfer_out(
        &self,
        caller: &Caller,
        ask: v1::TransferOutRequest,
    ) -> Result<v1::CommandReply, Status> {
        let target = VersionCode::new(&*ask.target).map_err(|e| errors::invalid("target", e.problem))?;
        let ticket = self.for_command(caller, &ask.ticket).await?;
        let said = vec![Said { field: "taker", kind: TextKind::Taker, raw: &ask.taker }];
        self.act(caller, &ask.request_id, &ticket, said, move |_, ids| Action::TransferOut {
            target: target.clone(),
            taker: first(ids),
        })
        .await
        .map(reply)
    }

    /// F40. An agent urges for the citizen on the line.
    pub(crate) async fn do_urge(&self, caller: &Caller, ask: v1::UrgeRequest) -> Result<v1::CommandReply, Status> {
        let ticket = self.for_command(caller, &ask.ticket).await?;
        checked("text", &ask.text, self.app.settings.limits.words_chars)?;
        let urged = self.act(&for_citizen(caller), &ask.request_id, &ticket, vec![], |_, _| Action::Urge).await?;
        self.note_beside(caller, &ask.request_id, &ticket, ("text", &ask.text), Audience::Unit).await?;
        Ok(reply(urged))
    }

    /// F03, F44; the new words are read for danger.
    pub(crate) async fn do_supplement(
        &self,
        caller: &Caller,
        ask: v1::SupplementRequest,
    ) -> Result<v1::CommandReply, Status> {
        let ticket = self.for_command(caller, &ask.ticket).await?;
        let said = vec![Said { field: "text", kind: TextKind::Supplement, raw: &ask.text }];
        let added = self
            .act(caller, &ask.request_id, &ticket, said, |_, ids| Action::Supplement { texts: ids.to_vec() })
            .await?;
        self.raise_urgency(&added.ticket, &ask.text, self.app.clock().now()).await?;
        Ok(reply(added))
    }

    /// F42.
    pub(crate) async fn do_amend(&self, caller: &Caller, ask: v1::AmendRequest) -> Result<v1::CommandReply, Status> {
        let in_force = self.app.catalogues.now();
        let mut wrong = FieldErrors::new();
        let kind = wrong.take("kind", edge::choice_present::<Kind>(ask.kind)).flatten();
        let urgency = wrong.take("urgency", edge::choice_present::<Urgency>(ask.urgency)).flatten();
        let matter = ask.matter.as_ref().and_then(|m| known_matter(&mut wrong, m, in_force.as_deref()));
        let area = ask.area.as_ref().and_then(|a| known_area(&mut wrong, a, in_force.as_deref()));
        for (field, given) in [("matter", &ask.matter), ("area", &ask.area)] {
            if given.as_deref() == Some("") {
                wrong.add(field, "is empty; what is known is corrected, not forgotten");
            }
        }
        let point = wrong.take("point", edge::point(ask.point)).flatten();
        if point.is_some_and(|p| !self.app.settings.city.bounds.contains(p.lat, p.lon)) {
            wrong.add("point", "lies outside the city");
        }
        let flags = ask.flags.map(|f| edge::flags(Some(f))).transpose();
        let flags = wrong.take("flags", flags).flatten();
        let said =
            ask.title.as_deref().map_or_else(Vec::new, |raw| vec![Said { field: "title", kind: TextKind::Title, raw }]);
        if said.is_empty()
            && (&kind, &urgency, &matter, &area, &point, &flags) == (&None, &None, &None, &None, &None, &None)
            && wrong.is_empty()
        {
            wrong.add("kind", "and everything else is absent; say what is to be corrected");
        }
        wrong.check()?;
        let ticket = self.for_command(caller, &ask.ticket).await?;
        self.act(caller, &ask.request_id, &ticket, said, move |_, ids| Action::Amend {
            kind,
            urgency,
            matter: matter.clone(),
            area: area.clone(),
            point,
            flags,
            title: ids.first().copied(),
        })
        .await
        .map(reply)
    }

    /// F45.
    pub(crate) async fn do_note(&self, caller: &Caller, ask: v1::NoteRequest) -> Result<v1::CommandReply, Status> {
        let audience: Audience = edge::choice(ask.audience).map_err(|e| errors::invalid("audience", e))?;
        let ticket = self.for_command(caller, &ask.ticket).await?;
        let said = vec![Said { field: "text", kind: TextKind::Note, raw: &ask.text }];
        self.act(caller, &ask.request_id, &ticket, said, move |_, ids| Action::Note { text: first(ids), audience })
            .await
            .map(reply)
    }

    /// F38.
    pub(crate) async fn do_withdraw(
        &self,
        caller: &Caller,
        ask: v1::WithdrawRequest,
    ) -> Result<v1::CommandReply, Status> {
        let ticket = self.for_command(caller, &ask.ticket).await?;
        checked("reason", &ask.reason, self.app.settings.limits.words_chars)?;
        let confirmed = ask.confirmed;
        let gone =
            self.act(caller, &ask.request_id, &ticket, vec![], move |_, _| Action::Withdraw { confirmed }).await?;
        self.note_beside(caller, &ask.request_id, &ticket, ("reason", &ask.reason), Audience::Internal).await?;
        Ok(reply(gone))
    }

    /// F49. An agent appeals for the citizen on the line.
    pub(crate) async fn do_appeal(&self, caller: &Caller, ask: v1::AppealRequest) -> Result<v1::CommandReply, Status> {
        let ticket = self.for_command(caller, &ask.ticket).await?;
        checked("text", &ask.text, self.app.settings.limits.words_chars)?;
        let appealed = self.act(&for_citizen(caller), &ask.request_id, &ticket, vec![], |_, _| Action::Appeal).await?;
        if !blank(&ask.text) {
            let said = vec![Said { field: "text", kind: TextKind::Supplement, raw: &ask.text }];
            let request = beside(&ask.request_id);
            let added =
                self.act(caller, &request, &ticket, said, |_, ids| Action::Supplement { texts: ids.to_vec() }).await?;
            self.raise_urgency(&added.ticket, &ask.text, self.app.clock().now()).await?;
        }
        Ok(reply(appealed))
    }

    /// Raises the urgency, as the suite, when added words sound more dangerous than the ticket is (F44).
    pub(crate) async fn raise_urgency(&self, ticket: &Ticket, words: &str, at: At) -> Result<(), Status> {
        let Some(in_force) = self.app.catalogues.now() else { return Ok(()) };
        let Some(urgency) = in_force.reader.read(&ToRead::words(words)).urgency_hint else { return Ok(()) };
        if urgency <= ticket.urgency || !ticket.state.is_open() {
            return Ok(());
        }
        let request = request_id(&derived("risk", words))?;
        let ask = suban_store::Ask {
            target: suban_store::Target::Read(Box::new(ticket.clone())),
            request: request.clone(),
            at,
            words: Vec::new(),
            command: Box::new(move |ticket, _| {
                let action = Action::Amend {
                    kind: None,
                    // Somebody may have raised it meanwhile; it is never lowered here.
                    urgency: Some(urgency.max(ticket.urgency)),
                    matter: None,
                    area: None,
                    point: None,
                    flags: None,
                    title: None,
                };
                Ok(suban_domain::Command { by: App::system(), at, request: request.clone(), action })
            }),
        };
        match self.app.writer.act(ask).await {
            // It was closed meanwhile: the words are there, and there is nothing left to hurry.
            Ok(_) | Err(suban_store::StoreError::Refused(_)) => Ok(()),
            Err(e) => Err(status(&e)),
        }
    }

    /// The ticket, if the caller may know of it. Citizens' apps and channels speak for people whom they know.
    async fn for_command(&self, caller: &Caller, number_or_id: &str) -> Result<Ticket, Status> {
        let ticket = self.app.ticket("ticket", number_or_id).await?;
        if !matches!(caller.actor.role, Role::Citizen | Role::IntakeBot) {
            view::may_read(caller, &ticket)?;
        }
        Ok(ticket)
    }

    async fn act(
        &self,
        caller: &Caller,
        request_id: &str,
        ticket: &Ticket,
        said: Vec<Said<'_>>,
        action: impl Fn(&Ticket, &[TextId]) -> Action + Send + Sync + 'static,
    ) -> Result<Acted, Status> {
        let asked = Asked { caller, request_id, ticket: ticket.number.as_str(), said };
        self.app.act_on(ticket, asked, action).await
    }

    /// Keeps what was said with a command as a note; it has no place in the command's own event.
    async fn note_beside(
        &self,
        caller: &Caller,
        request: &str,
        ticket: &Ticket,
        (field, raw): (&'static str, &str),
        audience: Audience,
    ) -> Result<(), Status> {
        if blank(raw) {
            return Ok(());
        }
        // Citizens write no notes (F45): theirs are the suite's, word for word.
        let mut by = caller.clone();
        if matches!(by.actor.role, Role::Citizen | Role::IntakeBot) {
            by.actor = App::system();
        }
        let said = vec![Said { field, kind: TextKind::Note, raw }];
        match self
            .act(&by, &beside(request), ticket, said, move |_, ids| Action::Note { text: first(ids), audience })
            .await
        {
            Ok(_) => Ok(()),
            // The command itself stands; a note that the rules refuse does not undo it.
            Err(refused) if refused.code() == tonic::Code::PermissionDenied => {
                tracing::warn!(field, "what was said with a command could not be kept as a note");
                Ok(())
            }
            Err(other) => Err(other),
        }
    }
}

/// What the suite reads where the agent says nothing.
fn read(ticket: &Ticket, words: &str, declared: Reading, in_force: Option<&InForce>) -> Reading {
    let Some(in_force) = in_force else { return declared };
    let message = ToRead {
        text: words,
        place_text: None,
        point: ticket.point,
        declared_kind: declared.kind,
        declared_matter: declared.matter.as_ref(),
        declared_area: declared.area.as_ref(),
        channel: Some(ticket.source.channel),
    };
    in_force.accept(&message).0
}

/// The citizen acts, through this agent.
fn for_citizen(caller: &Caller) -> Caller {
    let mut caller = caller.clone();
    if caller.actor.role == Role::Agent {
        caller.actor.role = Role::Citizen;
    }
    caller
}

/// The text that was said with the command; there is one for each [`Said`].
fn first(ids: &[TextId]) -> TextId {
    ids.first().copied().unwrap_or(TextId::new(uuid::Uuid::nil()))
}

fn blank(raw: &str) -> bool {
    raw.trim().is_empty()
}

fn optional<'a>(field: &'static str, kind: TextKind, raw: &'a str) -> Vec<Said<'a>> {
    if blank(raw) { Vec::new() } else { vec![Said { field, kind, raw }] }
}

/// Checks words that are kept after the command, so that nothing is done when they are wrong.
fn checked(field: &'static str, raw: &str, chars: usize) -> Result<(), Status> {
    if blank(raw) {
        return Ok(());
    }
    suban_store::texts::clean(field, raw, chars).map(drop).map_err(|(field, problem)| errors::invalid(field, problem))
}

/// The request of what is kept beside a command.
fn beside(request: &str) -> String {
    derived("with", request)
}

/// A request that follows from its cause, so that a repeat of the cause repeats it.
fn derived(what: &str, cause: &str) -> String {
    let digits = Hash(Sha256::digest(cause.as_bytes()).into()).to_string();
    format!("{what}:{}", digits.get(..48).unwrap_or(&digits))
}

/// The answer to a simple command. A repeat answers with the ticket as it is.
fn reply(acted: Acted) -> v1::CommandReply {
    let state: State = acted.ticket.state;
    v1::CommandReply {
        number: acted.ticket.number.to_string(),
        ticket_id: acted.ticket.id.to_string(),
        version: acted.ticket.version,
        state: state.number(),
        repeated: acted.repeated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_request_is_valid_and_follows_from_its_cause() {
        for cause in ["a", "r-1", &"x".repeat(64), "灯坏了"] {
            assert!(suban_domain::RequestId::new(beside(cause)).is_ok());
            assert_eq!(beside(cause), beside(cause));
        }
        assert_ne!(beside("a"), beside("b"));
    }
}
