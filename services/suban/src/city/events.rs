//! Mass events of a city: a supervisor declares them while the calls come in, and ends them when the day is over.

use suban_domain::{At, Span};
use suban_proto::{edge, v1};
use suban_text::Catalogue;

use super::{
    plan::Demand,
    staff::{Staff, call},
};

/// Tickets from which a city has events that are worth declaring.
const LARGE: usize = 1_000;
/// Demands of a burst that come before somebody sees that it is one.
const SEEN: usize = 8;
/// What was received so long before belongs to it.
const SINCE: Span = Span::hours(2);
/// An event ends by itself after this.
const LASTS: Span = Span::hours(24);

/// An event that is declared in the course of the day.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    /// Chosen by the caller.
    request_id: String,
    kind: v1::MassEventKind,
    /// The demand that it is about.
    about: usize,
}

impl Declared {
    /// One of each kind in a large city, each after one of its bursts has begun, with the demand after which it is
    /// declared. What is one person's right is no event.
    pub(super) fn of(demands: &[Demand], bursts: [usize; 2], catalogue: &Catalogue, seed: u64) -> Vec<(usize, Self)> {
        if demands.len() < LARGE {
            return Vec::new();
        }
        let kinds = [v1::MassEventKind::OneCause, v1::MassEventKind::ManySites];
        let declared = bursts.into_iter().zip(kinds).filter_map(|(burst, kind)| {
            let common = |demand: &Demand| catalogue.matter(&demand.event.matter).is_some_and(|row| !row.personal);
            let about = (burst..demands.len()).find(|n| demands.get(*n).is_some_and(common))?;
            let request_id = format!("city-{seed}-event-{}", kind.as_str_name());
            Some((about + SEEN, Self { request_id, kind, about }))
        });
        declared.collect()
    }

    #[cfg(test)]
    pub(super) const fn kind(&self) -> v1::MassEventKind {
        self.kind
    }
}

impl Staff {
    /// A supervisor says that many calls are about one thing: of one neighbourhood, or all over the city.
    pub(super) async fn declare(&self, declared: &Declared, demands: &[Demand]) {
        let Some(demand) = demands.get(declared.about) else { return };
        let (event, now) = (&demand.event, self.clock.now());
        let area = self.catalogue.areas().iter().find(|area| area.name == event.area);
        let (area, place) = match (declared.kind, area) {
            (v1::MassEventKind::OneCause, Some(area)) => (area.code.to_string(), area.name.clone()),
            _ => (String::new(), String::new()),
        };
        let until = |at: At| Some(edge::timestamp(at));
        let ask = v1::DeclareMassEventRequest {
            request_id: declared.request_id.clone(),
            kind: declared.kind.into(),
            title: format!("{place} {}", event.title).trim().to_owned(),
            area,
            matters: vec![event.matter.to_string()],
            from: until(now.minus(SINCE)),
            until: until(now.plus(LASTS)),
            answer: self.words.tongue.standing.to_owned(),
            answer_until: until(now.plus(LASTS)),
            master: String::new(),
        };
        let said = call(&self.declarer, ask, |mut line, ask| async move { line.declare_mass_event(ask).await }).await;
        self.board.note("群发事件 mass event declared", &said);
    }

    /// The day is over: what comes from now on is ordinary again.
    pub(super) async fn end_events(&self) {
        let ask = v1::ListMassEventsRequest { running: true, ..v1::ListMassEventsRequest::default() };
        let running = call(&self.declarer, ask, |mut line, ask| async move { line.list_mass_events(ask).await }).await;
        for event in running.map(|page| page.events).unwrap_or_default() {
            let ask = v1::EndMassEventRequest { request_id: self.request_id("end-event"), event: event.event };
            let ended = call(&self.declarer, ask, |mut line, ask| async move { line.end_mass_event(ask).await }).await;
            self.board.note("群发事件结束 mass event ended", &ended);
        }
    }
}
