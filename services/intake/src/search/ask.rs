//! What is asked, parsed once.

use std::sync::LazyLock;

use suban_domain::{At, Hash, MatterCode, Ticket, TicketNumber};
use suban_proto::{edge, v1};
use suban_runtime::{
    access::policy::Scope,
    errors::{self, FieldErrors},
};
use suban_search::{Key, Period, Query, Words};
use suban_store::Told;
use suban_text::{Phone, Segmenter, phone};
use tonic::Status;

use crate::list::Wanted;

/// Cuts what people type; its dictionary takes a moment to read.
static SEGMENTER: LazyLock<Segmenter> = LazyLock::new(Segmenter::default);

/// What is asked.
pub(super) struct Asked {
    pub(super) words: Words,
    pub(super) number: Option<TicketNumber>,
    pub(super) phone: Option<Hash>,
    wanted: Wanted,
    matter: Option<MatterCode>,
}

impl Asked {
    /// Reads a request. One box is enough for most: a whole number or a mobile alone is taken as such.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` with every wrong field, or when nothing is asked.
    pub(super) async fn read(
        scope: &Scope,
        ask: &v1::SearchRequest,
        hash: impl Fn(&Phone) -> Hash,
    ) -> Result<Self, Status> {
        let typed = ask.words.trim().to_owned();
        let mut wrong = FieldErrors::new();
        let mut number = wrong.take("number", edge::given::<TicketNumber>(ask.number.trim())).flatten();
        let mut phoned = match ask.phone.trim() {
            "" => None,
            given => wrong.take("phone", phone::normalise(given).ok_or("is no telephone number")),
        };
        let mobile = || phone::normalise(&typed).filter(|p| p.is_mobile() && scope.phone);
        let mut words = Words::default();
        if number.is_none()
            && let Ok(whole) = typed.parse()
        {
            number = Some(whole);
        } else if phoned.is_none()
            && let Some(whole) = mobile()
        {
            phoned = Some(whole);
        } else {
            let read = tokio::task::spawn_blocking(move || Words::read(&SEGMENTER, &typed)).await;
            let read = read.map_err(|e| Status::internal(format!("the words were not read: {e}")))?;
            words = wrong.take("words", read).unwrap_or_default();
        }
        let matter = wrong.take("matter", edge::given(&ask.matter)).flatten();
        let wanted = match Wanted::read(&filters(ask)) {
            Ok(wanted) => wanted,
            Err(problem) => {
                errors::Problem::from(problem).fields.into_iter().for_each(|f| wrong.add(f.field, f.problem));
                Wanted::default()
            }
        };
        wrong.check()?;
        let asked = Self { words, number, phone: phoned.as_ref().map(hash), wanted, matter };
        if asked.is_nothing() {
            return Err(errors::invalid(
                "words",
                "is empty, and nothing else is asked for: give words, a number, a phone, a unit, a state or a period",
            ));
        }
        Ok(asked)
    }

    fn is_nothing(&self) -> bool {
        let exact = self.number.is_some() || self.phone.is_some() || self.matter.is_some();
        self.words.is_empty() && !exact && self.wanted == Wanted::default()
    }

    /// As the index is asked, no further than the caller reaches.
    pub(super) fn query(&self, scope: &Scope, now: At) -> Query {
        let wanted = &self.wanted;
        let mut query = Query::of(self.words.clone(), now)
            .among(wanted.states.iter().map(|state| Key::State(*state)))
            .among(wanted.urgencies.iter().map(|urgency| Key::Urgency(*urgency)))
            .among(wanted.kinds.iter().map(|kind| Key::Kind(*kind)))
            .among(wanted.channels.iter().map(|channel| Key::Channel(*channel)))
            .among(wanted.unit.iter().map(Key::Unit))
            .among(wanted.area.iter().map(Key::Area))
            .among(self.matter.iter().map(Key::Matter))
            .among(self.phone.map(Key::Phone))
            .among(scope.area.iter().map(Key::Area))
            .within(Period { from: wanted.from, until: wanted.until });
        if let Some(unit) = &scope.of_unit {
            query = query.of_unit(unit);
        }
        if let Some(unit) = &scope.not_of_unit {
            query = query.not_of_unit(unit);
        }
        query
    }

    /// Is it still so of a ticket as it stands now? Of its words is asked elsewhere.
    pub(super) fn admits(&self, ticket: &Ticket, told: &Told) -> bool {
        self.wanted.admits(ticket)
            && self.matter.as_ref().is_none_or(|matter| ticket.matter.as_ref() == Some(matter))
            && self.phone.is_none_or(|phone| told.phone == Some(phone))
    }
}

/// What lists are narrowed by as well.
fn filters(ask: &v1::SearchRequest) -> v1::ListRequest {
    v1::ListRequest {
        states: ask.states.clone(),
        unit: ask.unit.clone(),
        area: ask.area.clone(),
        urgencies: ask.urgencies.clone(),
        kinds: ask.kinds.clone(),
        channels: ask.channels.clone(),
        received_from: ask.received_from,
        received_to: ask.received_to,
        ..v1::ListRequest::default()
    }
}

#[cfg(test)]
mod tests {
    use suban_runtime::errors::Problem;

    use super::*;

    async fn read(ask: v1::SearchRequest) -> Result<Asked, Vec<(String, String)>> {
        let scope = Scope { words: true, phone: true, ..Scope::default() };
        Asked::read(&scope, &ask, |_| Hash([7; 32]))
            .await
            .map_err(|status| Problem::from(status).fields.into_iter().map(|f| (f.field, f.problem)).collect())
    }

    fn typed(words: &str) -> v1::SearchRequest {
        v1::SearchRequest { words: words.into(), ..Default::default() }
    }

    #[tokio::test]
    async fn one_box_takes_words_a_number_and_a_mobile() {
        let asked = read(typed("路灯 不亮")).await.unwrap();
        assert!(!asked.words.is_empty() && asked.number.is_none() && asked.phone.is_none());
        let asked = read(typed(" 199 0000 0101 ")).await.unwrap();
        assert!(asked.words.is_empty() && asked.phone == Some(Hash([7; 32])));
        let number = TicketNumber::new(26, 11, 24, 42).to_string();
        let asked = read(typed(&number)).await.unwrap();
        assert!(asked.words.is_empty() && asked.number.is_some_and(|n| n.as_str() == number));
    }

    #[tokio::test]
    async fn every_wrong_field_is_told_and_nothing_is_nothing() {
        let ask = v1::SearchRequest {
            number: "SB1".into(),
            phone: "12".into(),
            matter: "?".into(),
            states: vec![99],
            ..typed(&"长".repeat(10_000))
        };
        let wrong = read(ask).await.err().unwrap();
        let fields: Vec<&str> = wrong.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["number", "phone", "words", "matter", "states"]);
        assert!(wrong.iter().all(|(_, problem)| !problem.contains('长')), "nothing typed is repeated");
        for nothing in ["", "%", "  ", "。。。"] {
            let wrong = read(typed(nothing)).await.err().unwrap();
            assert_eq!(wrong[0].0, "words", "{nothing:?}");
        }
    }
}
