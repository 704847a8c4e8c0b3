//! Several demands in one ticket (拆单, F10, D§9.6): proposed from its words, and split by a person.

use suban_domain::{AreaCode, Kind, MatterCode, Ticket};
use suban_proto::{edge, v1};
use suban_runtime::{
    access::Caller,
    errors::{self, FieldErrors},
};
use suban_service::{InForce, request_id, status, view};
use suban_store::{
    split::{Part, Split},
    texts::clean,
};
use suban_text::split;
use tonic::Status;

use crate::{
    api::Api,
    decide::{Candidate, Decision, decide},
    draft,
};

/// Most parts of one ticket: more is a file, and no call.
const MOST: usize = 20;

impl Api {
    /// What could be split off, each with whose it would be.
    pub(crate) async fn split_proposed(&self, caller: &Caller, number: &str) -> Result<v1::SplitProposal, Status> {
        let ticket = self.app.ticket("ticket", number).await?;
        view::may_read(caller, &ticket)?;
        let (in_force, _) = self.catalogue()?;
        let words = self.app.store.said(&[ticket.id]).await.map_err(|e| status(&e))?;
        let words = words.get(&ticket.id).map_or("", String::as_str);
        let parts = split(&in_force.reader, words).into_iter().map(|part| {
            let text: String = part.ranges.iter().filter_map(|range| words.get(range.clone())).collect();
            let area = part.reading.area.clone().or_else(|| ticket.area.clone());
            let unit = self.whose(&in_force, &part.matter, area.as_ref(), &text);
            v1::ProposedPart {
                text: text.trim().to_owned(),
                matter_name: in_force.catalogue.matter(&part.matter).map(|m| m.name.clone()).unwrap_or_default(),
                matter: part.matter.to_string(),
                area: area.map(|area| area.to_string()).unwrap_or_default(),
                unit: unit.as_ref().map(|unit| unit.unit.to_string()).unwrap_or_default(),
                unit_name: unit.map(|unit| unit.name).unwrap_or_default(),
            }
        });
        Ok(v1::SplitProposal { parts: parts.collect() })
    }

    /// The unit to which a ticket of this matter, place and words would go without a person, or that is likeliest.
    fn whose(
        &self,
        in_force: &InForce,
        matter: &MatterCode,
        area: Option<&AreaCode>,
        text: &String,
    ) -> Option<Candidate> {
        let ticket = draft::as_if(Some(matter.clone()), area.cloned(), self.app.clock().now())?;
        let experience = self.learned.now();
        let known = crate::consumer::known(&self.app, Some(in_force), Some(text), &experience);
        let candidates = match decide(&ticket, &known) {
            Decision::Send(sending) => sending.candidates,
            Decision::Person(waiting) => waiting.candidates,
        };
        candidates.into_iter().next()
    }

    /// F10.
    pub(crate) async fn split_up(&self, caller: &Caller, ask: &v1::SplitRequest) -> Result<v1::SplitReply, Status> {
        let request = request_id(&ask.request_id)?;
        let (in_force, version) = self.catalogue()?;
        let most = self.app.settings.limits.words_chars;
        let parts = read(&ask.parts, &in_force, most)?;
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        let (by, at) = (caller.actor.clone(), self.app.clock().now());
        let wish = Split { parent: ticket.id, parts, version, by, at, request };
        let parted = self.app.store.split(&wish, &self.app.limits).await.map_err(|e| status(&e))?;
        let reply = |ticket: &Ticket| v1::CommandReply {
            number: ticket.number.to_string(),
            ticket_id: ticket.id.to_string(),
            version: ticket.version,
            state: ticket.state.number(),
            repeated: parted.repeated,
        };
        Ok(v1::SplitReply { parent: Some(reply(&parted.parent)), parts: parted.parts.iter().map(reply).collect() })
    }
}

/// The parts as they are asked for; every wrong field is named.
fn read(parts: &[v1::SplitPart], in_force: &InForce, most_chars: usize) -> Result<Vec<Part>, Status> {
    if parts.len() < 2 || parts.len() > MOST {
        return Err(errors::invalid("parts", format!("must be two to {MOST}")));
    }
    let mut wrong = FieldErrors::new();
    let read = parts.iter().map(|part| {
        let text = wrong.take("parts.text", clean("parts.text", &part.text, most_chars).map_err(|(_, why)| why));
        let matter = wrong.take("parts.matter", edge::given::<MatterCode>(&part.matter)).flatten();
        if matter.as_ref().is_some_and(|code| in_force.catalogue.matter(code).is_none()) {
            wrong.add("parts.matter", "is no row of the catalogue in force");
        }
        let area = wrong.take("parts.area", edge::given::<AreaCode>(&part.area)).flatten();
        if area.as_ref().is_some_and(|code| in_force.catalogue.area(code).is_none()) {
            wrong.add("parts.area", "is no place of the catalogue in force");
        }
        let kind = wrong.take("parts.kind", edge::choice_present::<Kind>(part.kind)).flatten();
        text.map(|text| Part { text, kind, matter, area })
    });
    let read: Vec<Part> = read.collect::<Vec<_>>().into_iter().flatten().collect();
    wrong.check()?;
    Ok(read)
}
