//! The gRPC face of the list of points and phones that are no evidence: learned, and edited by people.
//!
//! A phone is typed in once and never shown again: what is kept and shown is a hash of its keyed hash.

use suban_domain::Role;
use suban_likeness::Spot;
use suban_proto::{edge, v1};
use suban_runtime::{
    access::{Caller, only},
    errors,
};
use suban_service::{
    paging::{Mark, page_size},
    request_id, status, view,
};
use suban_text::{OwnValues, mask};
use tonic::Status;

use crate::{
    api::Api,
    memory::person_key,
    tables::evidence::{self, Said, Subject, Worth},
};

/// Who may see and change the list.
const EDITORS: &[Role] = &[Role::Supervisor];
/// Longest reason, in characters.
const REASON: usize = 2_000;
/// Learned ones that are shown.
const SHOWN: usize = 100;

impl Api {
    /// A person says what a point or a phone is worth.
    pub(crate) async fn evidence_named(
        &self,
        caller: &Caller,
        ask: &v1::NameEvidenceRequest,
    ) -> Result<v1::Evidence, Status> {
        only(caller, EDITORS, "say what is no evidence")?;
        let request = request_id(&ask.request_id)?;
        let (subject, key) = self.subject(ask)?;
        let worth = Worth::from_number(ask.worth)
            .ok_or_else(|| errors::invalid("worth", "must be said: nothing, or something after all"))?;
        let reason = ask.reason.trim();
        if reason.is_empty() || reason.chars().count() > REASON {
            return Err(errors::invalid("reason", format!("must have 1 to {REASON} characters")));
        }
        let new = Said {
            subject,
            key,
            worth,
            reason: mask(reason, &OwnValues::default()).text,
            by: caller.actor.person.clone(),
            at: self.app.clock().now(),
        };
        let said = evidence::say(self.app.store.pool(), &new, &request).await.map_err(|e| status(&e))?;
        // The others hear of it within seconds.
        self.memory.look_at_evidence(&self.app).await.map_err(|e| status(&e))?;
        Ok(self.evidence_shown(&said))
    }

    /// A page of what people said, and on the first what was learned.
    pub(crate) async fn evidence(
        &self,
        caller: &Caller,
        ask: &v1::ListEvidenceRequest,
    ) -> Result<v1::ListEvidenceReply, Status> {
        only(caller, EDITORS, "are shown what is no evidence")?;
        let page = page_size(ask.page_size)?;
        let mark = Mark::of(caller, &v1::ListEvidenceRequest::default());
        let after = mark.open::<9>(&ask.page_token)?;
        let said = evidence::page(self.app.store.pool(), after.and_then(opened), page).await.map_err(|e| status(&e))?;
        let full = u32::try_from(said.len()).unwrap_or(u32::MAX) == page;
        let next = said.last().filter(|_| full).map(|last| mark.seal(&sealed(last))).unwrap_or_default();
        let learned = if after.is_none() { self.evidence_learned().await? } else { Vec::new() };
        Ok(v1::ListEvidenceReply {
            named: said.iter().map(|said| self.evidence_shown(said)).collect(),
            learned,
            next_page_token: next,
        })
    }

    /// Points and phones that are seen too often to say anything, unless people say they do.
    async fn evidence_learned(&self) -> Result<Vec<v1::Evidence>, Status> {
        let (points, persons) = self.memory.learned_evidence().await.map_err(|e| status(&e))?;
        let points = points.into_iter().take(SHOWN).map(|(spot, held)| (Subject::Point, spot.bits(), held));
        let persons = persons.into_iter().take(SHOWN).map(|(key, held)| (Subject::Phone, key, held));
        let learned = points.chain(persons).map(|(subject, key, held)| v1::Evidence {
            worth: Worth::Nothing.number(),
            held: held.into(),
            ..of(subject, key)
        });
        Ok(learned.collect())
    }

    fn evidence_shown(&self, said: &Said) -> v1::Evidence {
        v1::Evidence {
            worth: said.worth.number(),
            held: self.memory.held_of(said.subject, said.key).into(),
            reason: said.reason.clone(),
            by: said.by.to_string(),
            at: Some(view::timestamp(said.at)),
            ..of(said.subject, said.key)
        }
    }

    /// What is named: by a point, by a phone, or as the list shows it.
    fn subject(&self, ask: &v1::NameEvidenceRequest) -> Result<(Subject, u64), Status> {
        let point = edge::point(ask.point).map_err(|e| errors::invalid("point", e))?;
        match (point, ask.phone.as_str(), ask.subject.as_str()) {
            (Some(point), "", "") => Spot::new(point.lat, point.lon)
                .map(|spot| (Subject::Point, spot.bits()))
                .ok_or_else(|| errors::invalid("point", "is no point on earth")),
            (None, phone, "") if !phone.is_empty() => {
                let phone = suban_text::phone::normalise(phone)
                    .ok_or_else(|| errors::invalid("phone", "is no telephone number"))?;
                Ok((Subject::Phone, person_key(&suban_store::phone_hash(self.app.store.keys(), &phone))))
            }
            (None, "", subject) if !subject.is_empty() => {
                read(subject).ok_or_else(|| errors::invalid("subject", "is not of the list; take it from there"))
            }
            _ => Err(errors::invalid("subject", "name one: a point, a phone, or a subject of the list")),
        }
    }
}

fn of(subject: Subject, key: u64) -> v1::Evidence {
    let point = (subject == Subject::Point).then(|| Spot::of_bits(key).degrees());
    v1::Evidence {
        kind: subject.number(),
        subject: format!("{}-{key:016x}", subject.code()),
        point: point.map(|(lat, lon)| v1::Point { lat, lon }),
        ..v1::Evidence::default()
    }
}

fn read(shown: &str) -> Option<(Subject, u64)> {
    let (kind, key) = shown.split_once('-')?;
    let subject = Subject::ALL.iter().copied().find(|subject| subject.code() == kind)?;
    (key.len() == 16).then(|| u64::from_str_radix(key, 16).ok()).flatten().map(|key| (subject, key))
}

fn sealed(last: &Said) -> [u8; 9] {
    let mut key = [0; 9];
    key[0] = u8::try_from(last.subject.number()).unwrap_or(u8::MAX);
    key[1..].copy_from_slice(&last.key.to_be_bytes());
    key
}

fn opened(key: [u8; 9]) -> Option<(Subject, u64)> {
    let mut bits = [0; 8];
    bits.copy_from_slice(&key[1..]);
    Some((Subject::from_number(i32::from(key[0]))?, u64::from_be_bytes(bits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_list_shows_can_be_named() {
        for (subject, key) in [(Subject::Point, Spot::new(22.5, -0.1).unwrap().bits()), (Subject::Phone, u64::MAX)] {
            assert_eq!(read(&of(subject, key).subject), Some((subject, key)));
        }
        assert_eq!(read("POINT-12"), None);
        assert_eq!(read("PERSON-0000000000000001"), None);
        let (lat, lon) = Spot::of_bits(Spot::new(22.5, -0.1).unwrap().bits()).degrees();
        assert_eq!((lat, lon), (22.5, -0.1));
    }
}
