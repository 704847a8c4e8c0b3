//! How a request becomes a command on a ticket: who from the token, words through the one door, then the writer.

use suban_domain::{Action, At, Audience, Command, Event, Fact, Recorded, RequestId, TextId, Ticket, TicketNumber};
use suban_proto::v1;
use suban_runtime::{access::Caller, errors};
use suban_store::{
    Acted, Ask, MakeCommand, StoreError, Target,
    texts::{TextKind, clean},
};
use tonic::Status;
use uuid::Uuid;

use crate::{App, status};

/// Words that come with a command.
#[derive(Debug)]
pub struct Said<'a> {
    /// The request's field, for messages.
    pub field: &'static str,
    /// What they are.
    pub kind: TextKind,
    /// As typed.
    pub raw: &'a str,
}

/// One request on one ticket.
pub struct Asked<'a> {
    /// Who, as the token says.
    pub caller: &'a Caller,
    /// The request's id.
    pub request_id: &'a str,
    /// Number or id of the ticket.
    pub ticket: &'a str,
    /// Words; their ids are given to the action in this order.
    pub said: Vec<Said<'a>>,
}

/// Words that were kept as an internal note.
#[derive(Debug, Clone)]
pub struct Noted {
    /// The ticket as it is then.
    pub ticket: Ticket,
    /// The version of it that the note is.
    pub version: u32,
    /// When it was kept.
    pub at: At,
    /// The words.
    pub text: TextId,
    /// The same request had been done before.
    pub repeated: bool,
}

/// Parses a mandatory request id.
///
/// # Errors
/// `INVALID_ARGUMENT` naming the field.
pub fn request_id(text: &str) -> Result<RequestId, Status> {
    RequestId::new(text).map_err(|e| errors::invalid("request_id", e))
}

/// Parses a ticket number; its check character is verified.
///
/// # Errors
/// `INVALID_ARGUMENT` naming the field.
pub fn ticket_number(field: &str, text: &str) -> Result<TicketNumber, Status> {
    text.parse().map_err(|e| errors::invalid(field, e))
}

impl App {
    /// The ticket with this number, or this id.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT`, `NOT_FOUND`, or that the database is away.
    pub async fn ticket(&self, field: &str, number_or_id: &str) -> Result<Ticket, Status> {
        let found = match target(field, number_or_id)? {
            Target::Id(id) => self.store.load_one(id).await,
            Target::Number(number) => self.store.by_number(&number).await,
            Target::Read(ticket) => Ok(*ticket),
        };
        found.map_err(|e| status(&e))
    }

    /// Does a command and answers as every simple command is answered.
    ///
    /// # Errors
    /// What the rules or the edge refuse, with the right code and details.
    pub async fn act(
        &self,
        asked: Asked<'_>,
        action: impl Fn(&Ticket, &[TextId]) -> Action + Send + Sync + 'static,
    ) -> Result<v1::CommandReply, Status> {
        let target = target("number", asked.ticket)?;
        self.ask(target, asked, action).await.map(|acted| reply(&acted))
    }

    /// The same on a ticket that is read already; answers the ticket as it is then.
    ///
    /// # Errors
    /// What the rules or the edge refuse, with the right code and details.
    pub async fn act_on(
        &self,
        ticket: &Ticket,
        asked: Asked<'_>,
        action: impl Fn(&Ticket, &[TextId]) -> Action + Send + Sync + 'static,
    ) -> Result<Acted, Status> {
        self.ask(Target::Read(Box::new(ticket.clone())), asked, action).await
    }

    /// Keeps words as an internal note of a ticket that is read already, and answers which text they are; a repeat
    /// answers the same.
    ///
    /// # Errors
    /// As [`Self::act_on`]; `INVALID_ARGUMENT` where the request id was used for something else on this ticket.
    pub async fn note(&self, ticket: &Ticket, asked: Asked<'_>) -> Result<Noted, Status> {
        let request = request_id(asked.request_id)?;
        let note = |_: &Ticket, texts: &[TextId]| Action::Note {
            text: texts.first().copied().unwrap_or_else(|| TextId::new(Uuid::nil())),
            audience: Audience::Internal,
        };
        let Acted { ticket, repeated, .. } = self.act_on(ticket, asked, note).await?;
        let noted = self.store.event_of(ticket.id, &request).await.map_err(|e| status(&e))?;
        match noted {
            Some(Recorded { version, at, event: Event { fact: Fact::Noted { text, .. }, .. }, .. }) => {
                Ok(Noted { ticket, version, at, text, repeated })
            }
            Some(_) | None => Err(errors::invalid("request_id", "was used for something else on this ticket")),
        }
    }

    async fn ask(
        &self,
        target: Target,
        asked: Asked<'_>,
        action: impl Fn(&Ticket, &[TextId]) -> Action + Send + Sync + 'static,
    ) -> Result<Acted, Status> {
        let request = request_id(asked.request_id)?;
        let at = self.clock().now();
        let mut words = Vec::with_capacity(asked.said.len());
        for said in &asked.said {
            let text = clean(said.field, said.raw, self.settings.limits.words_chars)
                .map_err(|(field, problem)| errors::invalid(field, problem))?;
            words.push((said.kind, text));
        }
        let (by, same) = (asked.caller.actor.clone(), request.clone());
        let command: MakeCommand = Box::new(move |ticket, texts| {
            Ok(Command { by: by.clone(), at, request: same.clone(), action: action(ticket, texts) })
        });
        let ask = Ask { target, request, at, words, command };
        self.writer.act(ask).await.map_err(|e: StoreError| status(&e))
    }
}

/// A number, or an id.
fn target(field: &str, number_or_id: &str) -> Result<Target, Status> {
    if number_or_id.len() == 36 && number_or_id.contains('-') {
        number_or_id.parse().map(Target::Id).map_err(|e| errors::invalid(field, e))
    } else {
        ticket_number(field, number_or_id).map(Target::Number)
    }
}

/// The answer to a simple command.
fn reply(acted: &Acted) -> v1::CommandReply {
    v1::CommandReply {
        number: acted.ticket.number.to_string(),
        ticket_id: acted.ticket.id.to_string(),
        version: acted.ticket.version,
        state: acted.ticket.state.number(),
        repeated: acted.repeated,
    }
}
