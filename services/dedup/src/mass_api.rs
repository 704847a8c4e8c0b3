//! Mass events over gRPC: declared, amended, ended and looked at.

use std::collections::BTreeMap;

use suban_domain::{AreaCode, At, MatterCode, Role, Span, Ticket, TicketId};
use suban_proto::{edge, v1};
use suban_runtime::{
    access::{Caller, only, policy::Reading},
    errors,
};
use suban_service::{
    paging::{Mark, page_size},
    request_id, status, view,
};
use suban_store::Told;
use suban_text::{Catalogue, catalogue::AreaLevel};
use tonic::Status;
use uuid::Uuid;

use crate::{
    api::Api,
    decide::mass::{MassEvent, MassKind},
    tables::{
        mass::{self, Size},
        sites,
    },
};

/// Longest title and answer, in characters.
const TITLE: usize = 100;
const ANSWER: usize = 2_000;
/// Most rows of the catalogue.
const MATTERS: usize = 50;
/// An event may have begun so long before it is declared.
const SINCE: Span = Span::days(7);
/// Longest event.
const LASTS: Span = Span::days(60);
/// Events shown beside a draft.
const SHOWN: usize = 10;

const DECLARERS: &[Role] = &[Role::Supervisor];
const HALL: &[Role] = &[Role::Agent, Role::Dispatcher, Role::MergeReviewer, Role::Callback, Role::Supervisor];

impl Api {
    /// A supervisor declares an event.
    pub(crate) async fn declared(
        &self,
        caller: &Caller,
        ask: v1::DeclareMassEventRequest,
    ) -> Result<v1::MassEvent, Status> {
        only(caller, DECLARERS, "declare mass events")?;
        let request = request_id(&ask.request_id)?;
        let now = self.app.clock().now();
        let new = self.parsed(&ask, now).await?;
        let mut conn = self.app.store.pool().acquire().await.map_err(|e| status(&e.into()))?;
        let (event, repeated) =
            mass::declare(&mut conn, &new, &caller.actor, now, &request).await.map_err(|e| status(&e))?;
        drop(conn);
        if !repeated {
            tracing::info!(event = %event.id, kind = event.kind.code(), by = %caller.actor.person, "a mass event is declared");
        }
        self.shown(caller, event).await
    }

    /// What was asked, looked at.
    async fn parsed(&self, ask: &v1::DeclareMassEventRequest, now: At) -> Result<MassEvent, Status> {
        let kind = MassKind::from_number(ask.kind)
            .ok_or_else(|| errors::invalid("kind", "must be said: one cause, or many sites"))?;
        let title = line("title", &ask.title, TITLE)?;
        let area = edge::given::<AreaCode>(&ask.area).map_err(|e| errors::invalid("area", e))?;
        if ask.matters.is_empty() || ask.matters.len() > MATTERS {
            return Err(errors::invalid("matters", format!("must name 1 to {MATTERS} rows of the catalogue")));
        }
        let matters = ask.matters.iter().map(|code| MatterCode::new(code.as_str())).collect::<Result<Vec<_>, _>>();
        let matters = matters.map_err(|e| errors::invalid("matters", e))?;
        self.known(area.as_ref(), &matters)?;
        let from = edge::at_given(ask.from).map_err(|e| errors::invalid("from", e))?.unwrap_or(now);
        if from > now || from < now.minus(SINCE) {
            return Err(errors::invalid("from", "must lie in the last 7 days"));
        }
        let until = edge::at_given(ask.until).map_err(|e| errors::invalid("until", e))?;
        let until = until.ok_or_else(|| errors::invalid("until", "must be said: an event ends by itself"))?;
        ends(from, until, now)?;
        let answer_until = edge::at_given(ask.answer_until).map_err(|e| errors::invalid("answer_until", e))?;
        let answer = answer(&ask.answer, answer_until, now)?;
        let master = match ask.master.as_str() {
            "" => None,
            _ if kind == MassKind::ManySites => {
                return Err(errors::invalid("master", "has no meaning for many sites, each of which leads itself"));
            }
            number => Some(self.leads(number).await?),
        };
        let id = self.app.store.ids().uuid(now);
        Ok(MassEvent {
            id,
            kind,
            title,
            area,
            matters,
            from,
            until,
            answer,
            master,
            ended_at: None,
            looking_back: true,
        })
    }

    /// Places and matters that the catalogue in force does not know would take nothing in.
    fn known(&self, area: Option<&AreaCode>, matters: &[MatterCode]) -> Result<(), Status> {
        let Some(in_force) = self.app.catalogues.now() else {
            return Err(errors::refused("NO_CATALOGUE", "no catalogue is in force; publish one first", []));
        };
        if area.is_some_and(|area| in_force.catalogue.area(area).is_none()) {
            return Err(errors::invalid("area", "is not in the catalogue in force"));
        }
        match matters.iter().find(|matter| in_force.catalogue.matter(matter).is_none()) {
            Some(unknown) => Err(errors::invalid("matters", format!("{unknown} is not in the catalogue in force"))),
            None => Ok(()),
        }
    }

    async fn leads(&self, number: &str) -> Result<TicketId, Status> {
        let ticket = self.app.ticket("master", number).await?;
        if !ticket.state.is_open() || ticket.master().is_some() {
            return Err(errors::refused("NOT_A_MASTER", "the ticket that leads must be open and follow no other", []));
        }
        Ok(ticket.id)
    }

    /// Changes what is answered, and how long arrivals belong to it.
    pub(crate) async fn amended(
        &self,
        caller: &Caller,
        ask: &v1::AmendMassEventRequest,
    ) -> Result<v1::MassEvent, Status> {
        only(caller, DECLARERS, "amend mass events")?;
        request_id(&ask.request_id)?;
        let (now, event) = (self.app.clock().now(), self.event(&ask.event).await?);
        let until = edge::at_given(ask.until).map_err(|e| errors::invalid("until", e))?;
        if let Some(until) = until {
            ends(event.from, until, now)?;
        }
        let answer_until = edge::at_given(ask.answer_until).map_err(|e| errors::invalid("answer_until", e))?;
        let answer = answer(&ask.answer, answer_until, now)?;
        let amended = mass::amend(self.app.store.pool(), event.id, answer.as_ref(), until).await;
        match amended.map_err(|e| status(&e))? {
            Some(event) => self.shown(caller, event).await,
            None => Err(errors::refused("EVENT_ENDED", "the event has ended; declare another", [])),
        }
    }

    /// Ends an event; its tickets go on.
    pub(crate) async fn ended(&self, caller: &Caller, ask: &v1::EndMassEventRequest) -> Result<v1::MassEvent, Status> {
        only(caller, DECLARERS, "end mass events")?;
        request_id(&ask.request_id)?;
        let (event, now) = (self.event(&ask.event).await?, self.app.clock().now());
        mass::end(self.app.store.pool(), event.id, &caller.actor.person, now).await.map_err(|e| status(&e))?;
        self.shown(caller, self.event(&ask.event).await?).await
    }

    /// A page of events.
    pub(crate) async fn events(
        &self,
        caller: &Caller,
        ask: &v1::ListMassEventsRequest,
    ) -> Result<v1::ListMassEventsReply, Status> {
        only(caller, HALL, "are shown mass events")?;
        let page = page_size(ask.page_size)?;
        let mark =
            Mark::of(caller, &v1::ListMassEventsRequest { page_token: String::new(), page_size: 0, ..ask.clone() });
        let before = mark.open(&ask.page_token)?.map(Uuid::from_bytes);
        let running = ask.running.then(|| self.app.clock().now());
        let found = mass::page(self.app.store.pool(), running, before, page).await.map_err(|e| status(&e))?;
        let full = u32::try_from(found.len()).unwrap_or(u32::MAX) == page;
        let next = found.last().filter(|_| full).map(|last| mark.seal(last.id.as_bytes())).unwrap_or_default();
        Ok(v1::ListMassEventsReply { events: self.all_shown(caller, found).await?, next_page_token: next })
    }

    /// A page of an event's open sites.
    pub(crate) async fn sites(
        &self,
        caller: &Caller,
        ask: &v1::ListSitesRequest,
    ) -> Result<v1::ListSitesReply, Status> {
        only(caller, HALL, "are shown an event's sites")?;
        let event = self.event(&ask.event).await?;
        let page = page_size(ask.page_size)?;
        let mark = Mark::of(caller, &v1::ListSitesRequest { page_token: String::new(), page_size: 0, ..ask.clone() });
        let after = mark.open(&ask.page_token)?.map(|key| TicketId::new(Uuid::from_bytes(key)));
        let ids = sites::page(self.app.store.pool(), event.id, after, page).await.map_err(|e| status(&e))?;
        let full = u32::try_from(ids.len()).unwrap_or(u32::MAX) == page;
        let next = ids.last().filter(|_| full).map(|last| mark.seal(last.uuid().as_bytes())).unwrap_or_default();
        let tickets = self.app.store.load(&ids).await.map_err(|e| status(&e))?;
        let told = self.app.store.told(&ids).await.map_err(|e| status(&e))?;
        let in_force = self.app.catalogues.now();
        let catalogue = in_force.as_ref().map(|f| &f.catalogue);
        let shown = ids.iter().filter_map(|id| {
            let ticket = tickets.get(id)?;
            let reading = view::reading(caller, ticket).ok()?;
            Some(site(ticket, told.get(id).filter(|_| reading == Reading::Full), catalogue))
        });
        Ok(v1::ListSitesReply { sites: shown.collect(), next_page_token: next })
    }

    /// Events that words about this place and matter may belong to.
    pub(crate) async fn events_of_draft(
        &self,
        caller: &Caller,
        area: Option<&AreaCode>,
        matter: Option<&MatterCode>,
    ) -> Result<Vec<v1::MassEvent>, Status> {
        let running = mass::running(self.app.store.pool(), self.app.clock().now()).await.map_err(|e| status(&e))?;
        let meant = running.into_iter().filter(|event| event.may_concern(area, matter)).take(SHOWN);
        self.all_shown(caller, meant.collect()).await
    }

    async fn event(&self, id: &str) -> Result<MassEvent, Status> {
        let id: Uuid = id.parse().map_err(|_| errors::invalid("event", "must be the UUID of a mass event"))?;
        let found = mass::one(self.app.store.pool(), id).await.map_err(|e| status(&e))?;
        found.ok_or_else(|| errors::not_found("mass event", id))
    }

    async fn shown(&self, caller: &Caller, event: MassEvent) -> Result<v1::MassEvent, Status> {
        let id = event.id;
        let mut shown = self.all_shown(caller, vec![event]).await?;
        shown.pop().ok_or_else(|| errors::not_found("mass event", id))
    }

    async fn all_shown(&self, caller: &Caller, events: Vec<MassEvent>) -> Result<Vec<v1::MassEvent>, Status> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Uuid> = events.iter().map(|event| event.id).collect();
        let sizes = mass::sizes(self.app.store.pool(), &ids).await.map_err(|e| status(&e))?;
        let places = sites::by_area(self.app.store.pool(), &ids).await.map_err(|e| status(&e))?;
        let in_force = self.app.catalogues.now();
        let catalogue = in_force.as_ref().map(|f| &f.catalogue);
        let masters: Vec<TicketId> = events.iter().filter_map(|event| event.master).collect();
        let heads = crate::consumer::heads(&self.app, &masters).await.map_err(|e| status(&e))?;
        let now = self.app.clock().now();
        let shown = events.into_iter().map(|event| {
            let head = event.master.and_then(|master| heads.get(&master));
            let head = head.filter(|head| view::reading(caller, head).is_ok());
            let size = sizes.get(&event.id).copied().unwrap_or_default();
            let streets = places.get(&event.id).map_or_else(Vec::new, |places| by_street(places, catalogue));
            v1::MassEvent { streets, ..message(&event, head, size, now) }
        });
        Ok(shown.collect())
    }
}

/// A line of text that is there and not too long.
fn line(field: &str, text: &str, most: usize) -> Result<String, Status> {
    let text = text.trim();
    if text.is_empty() {
        return Err(errors::invalid(field, "is empty"));
    }
    if text.chars().count() > most || text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(errors::invalid(
            field,
            format!("must have at most {most} characters, none of them a control character"),
        ));
    }
    Ok(text.to_owned())
}

fn ends(from: At, until: At, now: At) -> Result<(), Status> {
    if until <= now || until > from.plus(LASTS) {
        return Err(errors::invalid("until", "must lie ahead, at most 60 days after the beginning"));
    }
    Ok(())
}

/// The answer and its end; an answer without an end would be said for ever.
fn answer(text: &str, until: Option<At>, now: At) -> Result<Option<(String, At)>, Status> {
    match (text.trim().is_empty(), until) {
        (true, None) => Ok(None),
        (true, Some(_)) => Err(errors::invalid("answer", "is empty, though it has an end")),
        (false, Some(until)) if until > now => Ok(Some((line("answer", text, ANSWER)?, until))),
        (false, _) => Err(errors::invalid("answer_until", "must lie ahead: a standard answer expires by date")),
    }
}

fn message(event: &MassEvent, head: Option<&Ticket>, size: Size, now: At) -> v1::MassEvent {
    let answer = event.answer_at(now);
    v1::MassEvent {
        event: event.id.to_string(),
        kind: event.kind.number(),
        title: event.title.clone(),
        area: event.area.as_ref().map(ToString::to_string).unwrap_or_default(),
        matters: event.matters.iter().map(ToString::to_string).collect(),
        from: Some(view::timestamp(event.from)),
        until: Some(view::timestamp(event.until)),
        answer: answer.map(|(answer, _)| answer.clone()).unwrap_or_default(),
        answer_until: answer.map(|(_, until)| view::timestamp(*until)),
        master: head.map(|head| head.number.to_string()).unwrap_or_default(),
        ended_at: event.ended_at.map(view::timestamp),
        tickets: size.tickets,
        sites: size.sites,
        open_sites: size.open,
        looking_back: event.looking_back,
        streets: Vec::new(),
    }
}

/// Sums places by their streets, the most first.
fn by_street(places: &[(Option<AreaCode>, u32)], catalogue: Option<&Catalogue>) -> Vec<v1::StreetSites> {
    let mut streets = BTreeMap::<String, v1::StreetSites>::new();
    for (area, open) in places {
        let path: Vec<_> =
            area.as_ref().zip(catalogue).map_or_else(Vec::new, |(area, of)| of.area_path(area).collect());
        let street = path.iter().find(|area| area.level == AreaLevel::SubDistrict).or(path.first());
        let code = street.map(|street| street.code.to_string());
        let code = code.or_else(|| area.as_ref().map(ToString::to_string)).unwrap_or_default();
        let one = streets.entry(code.clone()).or_insert_with(|| v1::StreetSites {
            area: code,
            name: street.map(|street| street.name.clone()).unwrap_or_default(),
            open: 0,
        });
        one.open += open;
    }
    let mut streets: Vec<v1::StreetSites> = streets.into_values().collect();
    streets.sort_by_key(|street| std::cmp::Reverse(street.open));
    streets
}

fn site(ticket: &Ticket, told: Option<&Told>, catalogue: Option<&Catalogue>) -> v1::Site {
    let mut names: Vec<String> =
        ticket.area.as_ref().zip(catalogue).map_or_else(Vec::new, |(area, catalogue)| {
            catalogue.area_path(area).map(|area| area.name.clone()).collect()
        });
    names.reverse();
    v1::Site {
        number: ticket.number.to_string(),
        ticket_id: ticket.id.to_string(),
        state: ticket.state.number(),
        area: ticket.area.as_ref().map(ToString::to_string).unwrap_or_default(),
        area_names: names,
        point: ticket.point.map(|point| v1::Point { lat: point.lat, lon: point.lon }),
        place: told.map(|told| told.place.clone()).unwrap_or_default(),
        matter: ticket.matter.as_ref().map(ToString::to_string).unwrap_or_default(),
        unit: ticket.lead().map(|task| task.unit.to_string()).unwrap_or_default(),
        calls: ticket.members() + 1,
        received_at: Some(view::timestamp(ticket.received_at)),
    }
}
