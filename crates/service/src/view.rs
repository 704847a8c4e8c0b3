//! A ticket as a caller may see it: one builder for every face.
//!
//! What may be read is decided by [`suban_runtime::access::policy`] alone; here the allowed parts are filled in.
//! Words are the masked form always; nothing here decrypts.

use std::collections::HashMap;

use suban_domain::{AreaCode, At, PersonCode, TaskState, TextId, Ticket, TicketId, UnitCode};
use suban_proto::v1;
use suban_runtime::access::{
    Caller,
    policy::{self, Denial, Mask, Reading, TicketView as Seen},
};
use suban_store::{StoredText, texts::TextKind};
use tonic::Status;

use crate::{App, InForce, status};

/// An instant on the wire.
#[must_use]
pub fn timestamp(at: At) -> prost_types::Timestamp {
    let micros = at.micros();
    prost_types::Timestamp {
        seconds: micros.div_euclid(1_000_000),
        nanos: i32::try_from(micros.rem_euclid(1_000_000) * 1000).unwrap_or(0),
    }
}

/// What the access policy looks at.
struct Facts {
    units: Vec<UnitCode>,
    viewers: Vec<PersonCode>,
}

impl Facts {
    fn of(ticket: &Ticket) -> Self {
        let units = ticket.tasks.iter().filter(|t| t.state != TaskState::Cancelled).map(|t| t.unit.clone()).collect();
        Self { units, viewers: Vec::new() }
    }

    fn seen<'a>(&'a self, ticket: &'a Ticket) -> Seen<'a> {
        Seen {
            units: &self.units,
            area: ticket.area.as_ref(),
            confidential: ticket.flags.confidential,
            registered_by: None,
            requester: None,
            contact_consent: ticket.reachable && !ticket.flags.no_contact,
            viewers: &self.viewers,
        }
    }
}

/// May the caller read this ticket, and how much of it?
///
/// # Errors
/// `PERMISSION_DENIED` with the reason.
pub fn may_read(caller: &Caller, ticket: &Ticket) -> Result<Reading, Status> {
    reading(caller, ticket).map_err(Status::from)
}

/// The same for who answers no call.
///
/// # Errors
/// Why not.
pub fn reading(caller: &Caller, ticket: &Ticket) -> Result<Reading, Denial> {
    let facts = Facts::of(ticket);
    policy::may_read(caller, &facts.seen(ticket))
}

/// How personal data of this ticket is masked for the caller.
#[must_use]
pub fn mask(caller: &Caller, ticket: &Ticket) -> Mask {
    let facts = Facts::of(ticket);
    policy::mask(caller, &facts.seen(ticket))
}

/// May the caller see the citizen's name and phone in clear?
///
/// # Errors
/// `PERMISSION_DENIED` with the reason.
pub fn may_reveal(caller: &Caller, ticket: &Ticket, reason: &str) -> Result<(), Status> {
    revealing(caller, ticket, reason).map_err(Status::from)
}

/// The same for who answers no call.
///
/// # Errors
/// Why not.
pub fn revealing(caller: &Caller, ticket: &Ticket, reason: &str) -> Result<(), Denial> {
    let facts = Facts::of(ticket);
    policy::may_reveal(caller, &facts.seen(ticket), reason)
}

/// May the caller see the files that came with the ticket?
///
/// # Errors
/// `PERMISSION_DENIED` with the reason.
pub fn may_see_files(caller: &Caller, ticket: &Ticket) -> Result<(), Status> {
    let facts = Facts::of(ticket);
    policy::may_see_files(caller, &facts.seen(ticket)).map_err(Status::from)
}

/// May the caller add a file to the ticket?
///
/// # Errors
/// `PERMISSION_DENIED` with the reason.
pub fn may_add_files(caller: &Caller, ticket: &Ticket) -> Result<(), Status> {
    let facts = Facts::of(ticket);
    policy::may_add_files(caller, &facts.seen(ticket)).map_err(Status::from)
}

impl App {
    /// One ticket for the caller.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, or that the database is away.
    pub async fn show(&self, caller: &Caller, ticket: &Ticket) -> Result<v1::TicketView, Status> {
        may_read(caller, ticket)?;
        let mut views = self.show_all(caller, std::slice::from_ref(ticket)).await?;
        views.pop().ok_or_else(|| Status::internal("a view was not built"))
    }

    /// Several tickets, in their order; those that the caller may not read are left out. Two queries for all.
    ///
    /// # Errors
    /// That the database is away.
    pub async fn show_all(&self, caller: &Caller, tickets: &[Ticket]) -> Result<Vec<v1::TicketView>, Status> {
        let readable: Vec<(&Ticket, Reading)> =
            tickets.iter().filter_map(|t| may_read(caller, t).ok().map(|r| (t, r))).collect();
        let ids: Vec<TicketId> = readable.iter().map(|(t, _)| t.id).collect();
        let mut texts: HashMap<TicketId, Vec<StoredText>> = HashMap::new();
        for text in self.store.texts_of(&ids).await.map_err(|e| status(&e))? {
            texts.entry(text.ticket).or_default().push(text);
        }
        let related: Vec<TicketId> = readable.iter().flat_map(|(t, _)| related(t)).collect();
        let related = self.store.load(&related).await.map_err(|e| status(&e))?;
        let numbers: HashMap<TicketId, String> =
            related.into_iter().map(|(id, t)| (id, t.number.to_string())).collect();
        let catalogue = self.catalogues.now();
        Ok(readable
            .iter()
            .map(|(ticket, reading)| {
                let words = texts.get(&ticket.id).map_or(&[][..], Vec::as_slice);
                view(ticket, *reading, words, &numbers, catalogue.as_deref())
            })
            .collect())
    }
}

fn related(ticket: &Ticket) -> impl Iterator<Item = TicketId> + '_ {
    ticket.parent.into_iter().chain(ticket.raised_from).chain(ticket.master()).chain(ticket.parts.iter().copied())
}

fn view(
    ticket: &Ticket,
    reading: Reading,
    texts: &[StoredText],
    numbers: &HashMap<TicketId, String>,
    catalogue: Option<&InForce>,
) -> v1::TicketView {
    let full = reading == Reading::Full;
    let number_of = |id: TicketId| numbers.get(&id).cloned().unwrap_or_default();
    let text = |id: TextId| texts.iter().find(|t| t.id == id).and_then(|t| t.masked.clone()).unwrap_or_default();
    let of_kind = |kind: TextKind| texts.iter().rev().find(|t| t.kind == kind).and_then(|t| t.masked.clone());
    let names = catalogue.map(|c| &c.catalogue);
    let unit_name = |unit: &UnitCode| names.and_then(|c| c.unit(unit)).map(|u| u.name.clone()).unwrap_or_default();
    let area_name = |area: &AreaCode| names.and_then(|c| c.area(area)).map(|a| a.name.clone()).unwrap_or_default();
    v1::TicketView {
        number: ticket.number.to_string(),
        ticket_id: ticket.id.to_string(),
        version: ticket.version,
        state: ticket.state.number(),
        channel: ticket.source.channel.number(),
        source_system: ticket.source.system.to_string(),
        source_id: ticket.source.id.to_string(),
        reported_at: Some(timestamp(ticket.reported_at)),
        received_at: Some(timestamp(ticket.received_at)),
        words: texts
            .iter()
            .filter(|t| full && matches!(t.kind, TextKind::CitizenWords | TextKind::Supplement))
            .map(|t| v1::Words {
                text_id: t.id.to_string(),
                text: t.masked.clone().unwrap_or_default(),
                erased: t.masked.is_none(),
            })
            .collect(),
        title: of_kind(TextKind::Title).filter(|_| full).unwrap_or_default(),
        place_text: of_kind(TextKind::Place).filter(|_| full && !ticket.flags.confidential).unwrap_or_default(),
        kind: ticket.kind.map_or(0, suban_domain::Kind::number),
        urgency: ticket.urgency.number(),
        matter: ticket.matter.as_ref().map(ToString::to_string).unwrap_or_default(),
        matter_name: ticket
            .matter
            .as_ref()
            .and_then(|m| names.and_then(|c| c.matter(m)))
            .map(|m| m.name.clone())
            .unwrap_or_default(),
        area: ticket.area.as_ref().map(ToString::to_string).unwrap_or_default(),
        area_name: ticket.area.as_ref().map(area_name).unwrap_or_default(),
        point: ticket
            .point
            .filter(|_| full && !ticket.flags.confidential)
            .map(|p| v1::Point { lat: p.lat, lon: p.lon }),
        flags: Some(flags(ticket)),
        upstream: ticket.upstream.as_ref().map(|u| v1::UpstreamRef {
            system: u.system.to_string(),
            number: u.number.to_string(),
            due: u.due.map(timestamp),
            round: u32::from(u.round),
        }),
        reachable: ticket.reachable,
        parent: ticket.parent.map(number_of).unwrap_or_default(),
        parts: ticket.parts.iter().map(|id| number_of(*id)).collect(),
        raised_from: ticket.raised_from.map(number_of).unwrap_or_default(),
        verdict: ticket.verdict.map_or(0, suban_domain::Verdict::number),
        merge: Some(v1::MergeView {
            master: ticket.master().map(number_of).unwrap_or_default(),
            members: ticket.members(),
        }),
        mode: ticket.mode.map_or(0, suban_domain::Mode::number),
        tier: ticket.tier.map_or(0, suban_domain::Tier::number),
        tasks: ticket
            .tasks
            .iter()
            .map(|t| v1::TaskView {
                unit: t.unit.to_string(),
                unit_name: unit_name(&t.unit),
                role: t.role.number(),
                state: t.state.number(),
                dispatched_at: Some(timestamp(t.dispatched_at)),
                signed_at: t.signed_at.map(timestamp),
                contacted_at: t.contacted_at.map(timestamp),
                submitted_at: t.submitted_at.map(timestamp),
                handle_due: t.handle_due.map(timestamp),
            })
            .collect(),
        clocks: clocks(ticket),
        return_count: u32::from(ticket.return_count),
        return_lock: ticket.return_lock.number(),
        redo_round: u32::from(ticket.redo_round),
        extension_count: u32::from(ticket.extension_count),
        result: ticket.result.as_ref().map(|r| v1::ResultView {
            finding: r.finding.number(),
            finding_because: r.finding_because.filter(|_| full).map(text).unwrap_or_default(),
            demand: r.demand.number(),
            outcome: r.outcome.number(),
            site_visit: r.site_visit.number(),
            reply_means: r.reply_means.number(),
            reply: text(ticket.copied_reply.map_or(r.reply, |(copied, _)| copied)),
            internal: r.internal.filter(|_| full).map(text).unwrap_or_default(),
            public: r.public,
        }),
        answers: ticket.answers.filter(|_| full).map(|a| v1::Answers {
            contacted: a.contacted,
            solved: a.solved.map(u32::from),
            satisfied: a.satisfied.map(u32::from),
            attitude: a.attitude.map(u32::from),
            pressed_to_withdraw: a.pressed_to_withdraw,
        }),
        ending: ticket.ending.map_or(0, suban_domain::Ending::number),
        card: ticket.card.number(),
        urges: ticket.urges,
        supervision_level: ticket.orders.iter().map(|o| u32::from(o.level)).max().unwrap_or(0),
    }
}

fn clocks(ticket: &Ticket) -> Vec<v1::ClockView> {
    let own = ticket.dues.iter().map(|(timer, at)| (timer, None, at));
    let units = ticket
        .tasks
        .iter()
        .filter(|t| t.is_open())
        .flat_map(|t| t.dues.iter().map(move |(timer, at)| (timer, Some(&t.unit), at)));
    own.chain(units)
        .map(|(timer, unit, at)| v1::ClockView {
            timer: timer.number(),
            unit: unit.map(ToString::to_string).unwrap_or_default(),
            due: Some(timestamp(*at)),
        })
        .collect()
}

fn flags(ticket: &Ticket) -> v1::Flags {
    let f = ticket.flags;
    v1::Flags {
        confidential: f.confidential,
        anonymous: f.anonymous,
        no_contact: f.no_contact,
        group_event: f.group_event,
        sensitive: f.sensitive,
        enterprise: f.enterprise,
        hotspot: f.hotspot,
        repeat: f.repeat,
        over_duty: f.over_duty,
        proactive: f.proactive,
        leader_note: f.leader_note,
        against_official: f.against_official,
        in_proceedings: f.in_proceedings,
    }
}
