//! What is wrong with a demand, all of it at once; or the demand as values.
//!
//! Pure: the request, the moment and the rules in, values or field errors out. Nothing of an invalid demand is
//! stored or repeated in a message.

use suban_domain::{
    AreaCode, At, Channel, ContactId, Flags, Kind, MatterCode, PersonCode, Point, RequestId, Source, SourceId,
    SourceSystem, Span, Upstream, Urgency,
};
use suban_proto::{edge, v1};
use suban_runtime::{
    errors::FieldErrors,
    settings::{Bounds, Settings},
};
use suban_service::InForce;
use suban_store::texts::{Person, clean};
use suban_text::{Phone, phone};

/// Longest title, in characters.
const TITLE: usize = 200;
/// Longest description of a place.
const PLACE: usize = 500;
/// Longest name, card number or reason.
const SHORT: usize = 100;
/// 1990-01-01T00:00:00Z: no hotline of this kind is older, so an earlier time is a mistake.
const EARLIEST: At = At::from_micros(631_152_000_000_000);
/// A source's clock may be this much ahead of ours; what it says is then taken as now.
const SKEW: Span = Span::minutes(2);

/// What a demand is checked against.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) now: At,
    pub(crate) words_chars: usize,
    pub(crate) bounds: &'a Bounds,
    pub(crate) in_force: Option<&'a InForce>,
}

impl<'a> Rules<'a> {
    pub(crate) fn of(settings: &'a Settings, now: At, in_force: Option<&'a InForce>) -> Self {
        Self { now, words_chars: settings.limits.words_chars, bounds: &settings.city.bounds, in_force }
    }
}

/// A demand that can become a ticket.
#[derive(Debug)]
pub(crate) struct Demand {
    pub(crate) request: RequestId,
    pub(crate) source: Source,
    pub(crate) reported_at: At,
    pub(crate) received_at: At,
    pub(crate) late: Option<Late>,
    pub(crate) text: String,
    pub(crate) title: Option<String>,
    pub(crate) place_text: Option<String>,
    pub(crate) point: Option<Point>,
    pub(crate) person: Person,
    pub(crate) reachable: bool,
    pub(crate) kind: Option<Kind>,
    pub(crate) urgency: Urgency,
    pub(crate) matter: Option<MatterCode>,
    pub(crate) area: Option<AreaCode>,
    pub(crate) flags: Flags,
    pub(crate) upstream: Option<Upstream>,
    pub(crate) contact: Option<ContactId>,
    pub(crate) raised_from: Option<String>,
    pub(crate) hold: bool,
}

/// Why it was entered later than it was received (补录, D§14).
#[derive(Debug)]
pub(crate) struct Late {
    pub(crate) reason: String,
    pub(crate) approver: PersonCode,
}

impl Demand {
    /// Reads a request.
    ///
    /// # Errors
    /// Every wrong field.
    pub(crate) fn read(ask: &v1::SubmitRequest, rules: &Rules<'_>) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let request = errors.take("request_id", RequestId::new(&*ask.request_id));
        let channel = errors.take("channel", edge::choice::<Channel>(ask.channel));
        let system = errors.take("source_system", SourceSystem::new(&*ask.source_system));
        let id = if ask.source_id.is_empty() {
            // A wrong request id is told once, under its own name.
            request.as_ref().and_then(|r| SourceId::new(r.as_str()).ok())
        } else {
            errors.take("source_id", SourceId::new(&*ask.source_id))
        };
        let text = errors.take("text", clean("text", &ask.text, rules.words_chars).map_err(|(_, problem)| problem));
        let title = optional(&mut errors, "title", &ask.title, TITLE);
        let place_text = optional(&mut errors, "place_text", &ask.place_text, PLACE);
        let point = errors.take("point", edge::point(ask.point)).flatten();
        if point.is_some_and(|p| !rules.bounds.contains(p.lat, p.lon)) {
            errors.add("point", "lies outside the city; leave it out if it is not known");
        }
        let (person, phone) = person(&mut errors, ask.requester.as_ref());
        let kind = errors.take("kind", edge::choice_present(ask.kind)).flatten();
        let urgency = errors.take("urgency", edge::choice_present(ask.urgency)).flatten();
        let matter = known_matter(&mut errors, &ask.matter, rules.in_force);
        let area = known_area(&mut errors, &ask.area, rules.in_force);
        let flags = errors.take("flags", edge::flags(ask.flags)).map(|f| with_requester(f, ask.requester.as_ref()));
        let upstream = ask.upstream.as_ref().and_then(|u| upstream(&mut errors, u));
        let contact = errors.take("contact_id", edge::given::<ContactId>(&ask.contact_id)).flatten();
        let (received_at, late) = receipt(&mut errors, ask.backdated.as_ref(), rules.now);
        let reported_at = errors.take("reported_at", past(ask.reported_at, rules.now)).flatten();
        let (Some(request), Some(channel), Some(system), Some(id), Some(text), Some(flags)) =
            (request, channel, system, id, text, flags)
        else {
            return Err(errors);
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            request,
            source: Source { channel, system, id },
            reported_at: reported_at.unwrap_or(received_at),
            received_at,
            late,
            text,
            title,
            place_text,
            point,
            reachable: phone.is_some() && !flags.no_contact,
            person,
            kind,
            urgency: urgency.unwrap_or(Urgency::Normal),
            matter,
            area,
            flags,
            upstream,
            contact,
            raised_from: Some(ask.raised_from.clone()).filter(|r| !r.is_empty()),
            hold: ask.hold,
        })
    }
}

/// A text that may be left out; one of spaces alone is left out too.
fn optional(errors: &mut FieldErrors, field: &'static str, raw: &str, chars: usize) -> Option<String> {
    if raw.chars().all(|c| matches!(c, ' ' | '\u{3000}')) {
        return None;
    }
    errors.take(field, clean(field, raw, chars).map_err(|(_, problem)| problem))
}

/// Absent means anonymous without contact.
fn with_requester(flags: Flags, requester: Option<&v1::Requester>) -> Flags {
    let (anonymous, no_contact) = requester.map_or((true, true), |r| (r.anonymous, r.no_contact));
    Flags { anonymous: flags.anonymous || anonymous, no_contact: flags.no_contact || no_contact, ..flags }
}

fn person(errors: &mut FieldErrors, given: Option<&v1::Requester>) -> (Person, Option<Phone>) {
    let Some(given) = given else { return (Person::default(), None) };
    let written = optional(errors, "requester.phone", &given.phone, SHORT);
    let phone = written.as_deref().and_then(phone::normalise);
    if written.is_some() && phone.is_none() {
        errors.add("requester.phone", "is no telephone number; leave it empty if there is none");
    }
    let person = Person {
        name: optional(errors, "requester.name", &given.name, SHORT),
        phone: phone.as_ref().map(|p| p.as_str().to_owned()),
        id_card: optional(errors, "requester.id_card", &given.id_card, SHORT),
        home_address: optional(errors, "requester.home_address", &given.home_address, PLACE),
    };
    (person, phone)
}

/// A matter that the catalogue in force has; without a catalogue nobody can tell, and it is taken as said.
pub(crate) fn known_matter(errors: &mut FieldErrors, code: &str, in_force: Option<&InForce>) -> Option<MatterCode> {
    let code = errors.take("matter", edge::given::<MatterCode>(code)).flatten()?;
    if in_force.is_some_and(|f| f.catalogue.matter(&code).is_none()) {
        errors.add("matter", "is no row of the catalogue in force");
    }
    Some(code)
}

/// An area that the catalogue in force has.
pub(crate) fn known_area(errors: &mut FieldErrors, code: &str, in_force: Option<&InForce>) -> Option<AreaCode> {
    let code = errors.take("area", edge::given::<AreaCode>(code)).flatten()?;
    if in_force.is_some_and(|f| f.catalogue.area(&code).is_none()) {
        errors.add("area", "is no place of the catalogue in force");
    }
    Some(code)
}

fn upstream(errors: &mut FieldErrors, given: &v1::UpstreamRef) -> Option<Upstream> {
    let system = errors.take("upstream.system", SourceSystem::new(&*given.system));
    let number = errors.take("upstream.number", SourceId::new(&*given.number));
    let due = errors.take("upstream.due", edge::at_given(given.due)).flatten();
    let round = errors.take("upstream.round", u16::try_from(given.round).map_err(|_| "is more than 65535"));
    Some(Upstream { system: system?, number: number?, due, round: round? })
}

/// A time that lies neither in the future nor before anybody kept such records.
pub(crate) fn past(given: Option<prost_types::Timestamp>, now: At) -> Result<Option<At>, String> {
    let Some(at) = edge::at_given(given).map_err(|e| e.to_string())? else { return Ok(None) };
    if at > now.plus(SKEW) {
        return Err("lies in the future".to_owned());
    }
    if at < EARLIEST {
        return Err("lies before 1990".to_owned());
    }
    Ok(Some(at.min(now)))
}

fn receipt(errors: &mut FieldErrors, late: Option<&v1::Backdated>, now: At) -> (At, Option<Late>) {
    let Some(late) = late else { return (now, None) };
    let at = errors.take("backdated.received_at", past(late.received_at, now)).flatten();
    if late.received_at.is_none() {
        errors.add("backdated.received_at", "is missing: when was it really received?");
    }
    let reason = errors.take("backdated.reason", clean("reason", &late.reason, PLACE).map_err(|(_, problem)| problem));
    let approver = errors.take("backdated.approver", PersonCode::new(&*late.approver));
    let late = reason.zip(approver).map(|(reason, approver)| Late { reason, approver });
    (at.unwrap_or(now), late)
}

#[cfg(test)]
mod tests;
