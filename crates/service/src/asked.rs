//! How a request becomes a command on a ticket: who from the token, words through the one door, then the writer.

use std::sync::Arc;

use suban_domain::{Action, Command, RequestId, TextId, Ticket, TicketId, TicketNumber};
use suban_proto::v1;
use suban_runtime::{access::Caller, errors};
use suban_store::{
    Acted, Ask, StoreError,
    texts::{TextKind, clean},
};
use tonic::Status;

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
        let found = if number_or_id.len() == 36 && number_or_id.contains('-') {
            let id: TicketId = number_or_id.parse().map_err(|e| errors::invalid(field, e))?;
            self.store.load_one(id).await
        } else {
            self.store.by_number(&ticket_number(field, number_or_id)?).await
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
        let ticket = self.ticket("number", asked.ticket).await?;
        self.act_on(&ticket, asked, action).await.map(|acted| reply(&acted))
    }

    /// The same on a ticket that is loaded already; answers the ticket as it is then.
    ///
    /// # Errors
    /// What the rules or the edge refuse, with the right code and details.
    pub async fn act_on(
        &self,
        ticket: &Ticket,
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
        let texts = self.store.prepare_texts(ticket.id, ticket.requester, at, &words).await.map_err(|e| status(&e))?;
        let ids: Arc<[TextId]> = texts.iter().map(|t| t.id).collect();
        let by = asked.caller.actor.clone();
        let ask = Ask {
            ticket: ticket.id,
            request: request.clone(),
            command: Box::new(move |ticket| {
                Ok(Command { by: by.clone(), at, request: request.clone(), action: action(ticket, &ids) })
            }),
            texts,
        };
        self.writer.act(ask).await.map_err(|e: StoreError| status(&e))
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
