//! Is this new? A pure answer from the ticket and those that were said in the same words, or in words like them.
//!
//! A machine acts alone on identical normalised words only: from the same person it is the same matter again (D1),
//! from others in the same known area and whitelisted matter it is the same event (D3). Where a guard of D§9.3 forbids
//! that, and where tickets are merely alike ([`alike`]), a person is asked.

use suban_domain::{DuplicateClass, Kind, Refusal, Ticket, TicketId};
use suban_text::Catalogue;

pub mod alike;
pub mod lots;
pub mod mass;

pub use alike::Suggested;

/// The rule about identical words, the first part of what is recorded with each verdict.
pub const SAME_WORDS: &str = "same-words:1";
/// The rule that judges, recorded with each verdict: the same words, or likeness by the curves that ship.
pub const BASIS: &str = "same-words:1/likeness:1";

/// A ticket in the same words, with the head of the group that it is in.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Who would lead: the other ticket, or the master that it follows.
    pub head: &'a Ticket,
    /// Both are about the same known area.
    pub same_area: bool,
    /// Both came from the same phone.
    pub same_person: bool,
    /// A person has said that the two are not the same.
    pub kept_apart: bool,
}

/// What the words say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// New.
    Unique,
    /// The same as this one, surely enough to act alone.
    Same {
        /// Whose group it belongs to.
        head: TicketId,
        /// Of which kind.
        class: DuplicateClass,
    },
    /// Possibly the same as these; a person decides.
    Suggested(Vec<TicketId>),
}

/// Judges a ticket.
#[must_use]
pub fn judge(ticket: &Ticket, candidates: &[Candidate<'_>], catalogue: Option<&Catalogue>) -> Judgement {
    let mut open: Vec<&Candidate<'_>> = candidates
        .iter()
        .filter(|c| c.head.id != ticket.id && c.head.state.is_open() && !c.kept_apart)
        .filter(|c| c.same_area || c.same_person)
        .collect();
    // The earliest received leads, in whatever order the judging happened. Of one group that the person is in
    // already, the person counts, whoever else said the same there: it is an urge (D1).
    open.sort_by_key(|c| (c.head.received_at, c.head.id, !c.same_person));
    let sure = open.iter().find(|c| may_join(ticket, c.head, class_of(c), catalogue).is_ok());
    if let Some(candidate) = sure {
        return Judgement::Same { head: candidate.head.id, class: class_of(candidate) };
    }
    if open.is_empty() {
        return Judgement::Unique;
    }
    Judgement::Suggested(open.iter().map(|c| c.head.id).take(5).collect())
}

fn class_of(candidate: &Candidate<'_>) -> DuplicateClass {
    if candidate.same_person { DuplicateClass::D1 } else { DuplicateClass::D3 }
}

/// May a machine put these two together? The guards that need the catalogue; those of D§9.3 that need only the two
/// tickets stand in the ticket core.
///
/// # Errors
/// The guard that forbids it.
pub fn may_join(
    ticket: &Ticket,
    head: &Ticket,
    class: DuplicateClass,
    catalogue: Option<&Catalogue>,
) -> Result<(), Refusal> {
    let forbidden = |guard| Err(Refusal::MergeForbidden { guard });
    let private = |t: &Ticket| t.flags.confidential || t.flags.against_official || t.flags.in_proceedings;
    if private(ticket) || private(head) {
        return forbidden("G2, G5: a confidential ticket, a report on an official or a matter in proceedings");
    }
    if ticket.kind == Some(Kind::Report) || head.kind == Some(Kind::Report) {
        return forbidden("G2: a report is merged by a person only");
    }
    if ticket.matter != head.matter {
        return forbidden("the matters differ");
    }
    if class == DuplicateClass::D1 {
        return Ok(());
    }
    let Some(catalogue) = catalogue else {
        return forbidden("no catalogue is in force");
    };
    let (Some(matter), Some(_)) = (&ticket.matter, &ticket.area) else {
        return forbidden("matter or area is unknown");
    };
    if !catalogue.matter(matter).is_some_and(|m| m.merge.is_whitelisted() && !m.personal) {
        return forbidden("G6: the matter is not whitelisted, or a right of each person");
    }
    if leads_alike(ticket, head, catalogue) == Some(true) { Ok(()) } else { forbidden("G1: another unit would lead") }
}

/// G1: would the same unit lead both, as the catalogue gives it or as the head was really dispatched? `None` where
/// nobody can say. Where it depends on the hour or the subject, the head's decides for all: what is heard by night and
/// by day is one event.
pub(crate) fn leads_alike(ticket: &Ticket, head: &Ticket, catalogue: &Catalogue) -> Option<bool> {
    let ours = catalogue.may_lead(ticket.matter.as_ref()?, Some(ticket.area.as_ref()?));
    match head.lead() {
        Some(task) => Some(ours.contains(&task.unit)),
        None => {
            let theirs = catalogue.may_lead(head.matter.as_ref()?, Some(head.area.as_ref()?));
            Some(!ours.is_empty() && ours == theirs)
        }
    }
}

#[cfg(test)]
mod tests;
