//! Whose would a draft be? Asked while the citizen is on the line; answered by the same pure decision as of a ticket,
//! so that what the agent sees is what will happen.

use suban_domain::{
    AreaCode, At, Channel, Event, Fact, Limits, MatterCode, Reading, Recorded, Role, Source, Submission, TextId,
    Ticket, TicketId, TicketNumber, Verdict, VersionCode, open,
};
use suban_proto::{edge, v1};
use suban_runtime::{
    access::Caller,
    errors::{self, FieldErrors},
};
use suban_service::App;
use tonic::Status;
use uuid::Uuid;

use crate::{api::Api, consumer, explain, queue::explanation};

impl Api {
    /// Whose it would be, and why.
    pub(crate) async fn why_draft(
        &self,
        caller: &Caller,
        ask: &v1::ExplainDraftRequest,
    ) -> Result<v1::Explanation, Status> {
        let role = caller.actor.role;
        if !matches!(role, Role::Agent | Role::Dispatcher) {
            return Err(errors::denied("ROLE", format!("the role {role} writes no demands down")));
        }
        let mut wrong = FieldErrors::new();
        let matter = wrong.take("matter", edge::given::<MatterCode>(&ask.matter)).flatten();
        let area = wrong.take("area", edge::given::<AreaCode>(&ask.area)).flatten();
        let most = self.app.settings.limits.words_chars;
        if ask.text.chars().count() > most {
            wrong.add("text", format!("must be at most {most} characters"));
        }
        wrong.check()?;
        let ticket = as_if(matter, area, self.app.clock().now())
            .ok_or_else(|| Status::internal("a draft cannot be decided as a ticket would be"))?;
        let in_force = self.app.catalogues.now();
        let experience = self.learned.now();
        let text = (!ask.text.is_empty()).then_some(&ask.text);
        let mut known = consumer::known(&self.app, in_force.as_deref(), text, &experience);
        // Which tickets a person checks first is drawn by their ids; a draft has none.
        if let Some(learned) = &mut known.learned {
            learned.checked = 0.0;
        }
        let learned = experience.learned().version().unwrap_or_default();
        Ok(explanation(explain::as_decided(&ticket, &known, String::new(), learned)))
    }
}

/// The ticket that an ordinary draft would become: accepted, and judged to be new. Nothing of it is stored.
pub(crate) fn as_if(matter: Option<MatterCode>, area: Option<AreaCode>, at: At) -> Option<Ticket> {
    let version = VersionCode::new("draft").ok()?;
    let source =
        Source { channel: Channel::Phone12345, system: edge::given("desk").ok()??, id: edge::given("draft").ok()?? };
    let accept = Some(Reading { kind: None, matter, area, version: version.clone(), several: Vec::new() });
    let number = TicketNumber::new(0, 1, 1, 0);
    let texts = vec![TextId::new(Uuid::nil())];
    let submission = Submission { texts, accept, ..Submission::new(TicketId::new(Uuid::nil()), number, source, at) };
    let mut events = open(&submission, at, &Limits::sz_district()).ok()?;
    events.push(Event::from(Fact::Judged { verdict: Verdict::Unique, candidates: Vec::new(), basis: version }));
    let mut ticket: Option<Ticket> = None;
    for (event, version) in events.into_iter().zip(1..) {
        let request = edge::given("draft").ok()??;
        let recorded = Recorded { ticket: submission.id, version, at, by: App::system(), request, event };
        ticket = Some(match ticket {
            None => Ticket::begin(&recorded).ok()?,
            Some(ticket) => ticket.apply(&recorded).ok()?,
        });
    }
    ticket
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::is_ready;

    #[test]
    fn a_draft_is_decided_as_a_ticket_that_is_ready() {
        let at = At::from_micros(1_795_000_000_000_000);
        let (matter, area) = (MatterCode::new("SR-01").ok(), AreaCode::new("LG01").ok());
        let ticket = as_if(matter.clone(), area.clone(), at).unwrap();
        assert!(is_ready(&ticket));
        assert_eq!((ticket.matter, ticket.area, ticket.received_at), (matter, area, at));
        assert!(is_ready(&as_if(None, None, at).unwrap()), "unknown is decided too: a person must say");
    }
}
