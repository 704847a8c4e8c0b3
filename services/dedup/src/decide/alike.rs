//! What a likeness is worth: which of the tickets that were found a person is asked about (D§9.2 to D§9.4).
//!
//! The score comes from [`suban_likeness`], and so does the table D0–D8 with its guards. Here stands what the
//! tickets and the catalogue say about the two, and which of them are near enough to be one event at all.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use suban_domain::{At, DuplicateClass, Kind, Span, State, Ticket, TicketId};
use suban_likeness::{
    Feature, Features,
    decide::{Act, Case, Decision, Demand, Persons, Standing, Sureness, decide},
    learned::Learned,
};
use suban_runtime::settings::Duplicates;
use suban_text::Catalogue;

use super::{leads_alike, lots::Lots};
use crate::{memory::Alike, tables::Drawn};

/// Metres within which two reports may be one event, where the catalogue says nothing (D§9.4: noise and smells).
const REACH: f32 = 300.0;
/// Most tickets that a person is asked about beside one.
const SHOWN: usize = 5;

/// A ticket that was found, with the head of its group.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// How alike.
    pub alike: &'a Alike,
    /// Who would lead: the ticket itself, or the master that it follows.
    pub head: &'a Ticket,
    /// A person has said that the two are not the same.
    pub kept_apart: bool,
}

/// What a person is asked about.
#[derive(Debug, Clone)]
pub struct Suggested {
    /// The head of the group that the ticket may belong to.
    pub head: TicketId,
    /// As what.
    pub class: DuplicateClass,
    /// The probability that it is the same matter.
    pub probability: f32,
    /// What that is made of.
    pub features: Features,
    /// A person is asked because the lot fell on it.
    pub drawn: Option<Drawn>,
}

/// By what it is judged whether a person is asked.
#[derive(Debug, Clone, Copy)]
pub struct Measures<'a> {
    /// What the city has taught.
    pub learned: &'a Learned,
    /// From when on a person is asked.
    pub keep: &'a Duplicates,
    /// Whom the lot falls on.
    pub lots: Lots,
}

/// What follows from what was found.
#[derive(Debug, Clone, Default)]
pub struct Weighed {
    /// What a person is asked about, the likeliest first: of each group its likeliest member, never several.
    pub asked: Vec<Suggested>,
    /// What is so likely in its category, with every guard so open, that no person is needed: of several the earliest
    /// received, which leads (D§9.5). It stands among what is asked as well, for who may not join it after all.
    pub sure: Option<(TicketId, DuplicateClass)>,
    /// Like cases that stay apart, each with a right or a place of its own (D4), the earliest first.
    pub beside: Vec<TicketId>,
}

/// Weighs what was found.
#[must_use]
pub fn weigh(
    ticket: &Ticket,
    found: &[Found<'_>],
    catalogue: Option<&Catalogue>,
    measures: Measures<'_>,
    now: At,
) -> Weighed {
    let Measures { learned, keep, lots } = measures;
    let mut of_group = HashMap::<TicketId, Suggested>::new();
    let (mut beside, mut sure) = (BTreeSet::new(), BTreeMap::new());
    for one in found.iter().filter(|f| f.head.id != ticket.id && in_reach(ticket, f, catalogue)) {
        let mut case = case(ticket, one, catalogue, (learned, keep), now);
        let unlikely = case.sureness == Sureness::Unlikely;
        if unlikely {
            if !lots.falls_on_unlikely(ticket.id, one.alike.ticket, one.alike.probability, keep.suggest_from) {
                continue;
            }
            case.sureness = Sureness::Suggest;
        }
        let decision = decide(&case);
        // As likely as what waits for an answer; less would put every lamp of a long street into one cluster.
        if decision.act == Act::Cluster && f64::from(one.alike.probability) >= keep.hold_from {
            beside.insert((one.head.received_at, one.head.id));
        }
        let Some(class) = asked(&decision) else { continue };
        let Alike { probability, features, .. } = *one.alike;
        let merges = decision.act == Act::Merge;
        let drawn = match (unlikely, merges) {
            (true, _) => Some(Drawn::Unlikely),
            (false, true) => Some(Drawn::Sure).filter(|why| lots.falls_on(*why, ticket.id, one.head.id)),
            (false, false) => None,
        };
        if merges && drawn.is_none() {
            sure.insert((one.head.received_at, one.head.id), class);
        }
        let new = Suggested { head: one.head.id, class, probability, features, drawn };
        let known = of_group.entry(one.head.id).or_insert_with(|| new.clone());
        if known.probability < probability {
            *known = new;
        }
    }
    let mut suggested: Vec<Suggested> = of_group.into_values().collect();
    suggested.sort_by(|a, b| b.probability.total_cmp(&a.probability).then(a.head.cmp(&b.head)));
    suggested.truncate(SHOWN);
    Weighed {
        asked: suggested,
        sure: sure.into_iter().next().map(|((_, head), class)| (head, class)),
        beside: beside.into_iter().map(|(_, id)| id).collect(),
    }
}

/// As what a person is asked about it; `None` where there is nothing to ask.
fn asked(decision: &Decision) -> Option<DuplicateClass> {
    match decision.act {
        Act::Merge | Act::SuggestMerge | Act::AskAboutClosed => decision.class,
        Act::ReturnExisting | Act::Cluster | Act::Link | Act::Split | Act::Tag | Act::New => None,
    }
}

/// May the two be one event at all? By place or person, and inside one node above the matters (D§9.4).
fn in_reach(ticket: &Ticket, found: &Found<'_>, catalogue: Option<&Catalogue>) -> bool {
    let of = |feature| found.alike.features.get(feature);
    let same_area = ticket.area.is_some() && ticket.area == found.head.area;
    let near = of(Feature::Distance) <= reach(ticket, catalogue).ln_1p();
    let place = same_area || near || of(Feature::Name) > 0.0 || of(Feature::Requester) > 0.0;
    let above = |t: &Ticket| {
        let row = catalogue?.matter(t.matter.as_ref()?)?;
        Some((row.level1.clone(), row.level2.clone()))
    };
    let one_node = match (above(ticket), above(found.head)) {
        (Some(ours), Some(theirs)) => ours == theirs,
        (None, _) | (_, None) => {
            ticket.matter == found.head.matter || ticket.matter.is_none() || found.head.matter.is_none()
        }
    };
    place && one_node
}

/// Metres within which two reports of this matter may be one event.
fn reach(ticket: &Ticket, catalogue: Option<&Catalogue>) -> f32 {
    let row = ticket.matter.as_ref().and_then(|matter| catalogue?.matter(matter));
    row.and_then(|row| row.radius_m).map_or(REACH, |metres| metres as f32)
}

/// What the tickets and the catalogue say about the two.
#[must_use]
pub fn case(
    ticket: &Ticket,
    found: &Found<'_>,
    catalogue: Option<&Catalogue>,
    (learned, keep): (&Learned, &Duplicates),
    now: At,
) -> Case {
    let (head, of) = (found.head, |feature| found.alike.features.get(feature));
    let both = |is: fn(&Ticket) -> bool| is(ticket) || is(head);
    let row = |t: &Ticket| t.matter.as_ref().and_then(|matter| catalogue?.matter(matter));
    let of_rows = |is: fn(&suban_text::catalogue::Matter) -> bool| Some((is(row(ticket)?), is(row(head)?)));
    let other_number = of(Feature::Address) == 1.0;
    let too_far = of(Feature::Distance) > reach(ticket, catalogue).ln_1p();
    let sure = |from: f32| found.alike.probability >= from && ticket.matter == head.matter;
    Case {
        same_source: false,
        other_platform: false,
        nuisance: false,
        demands: 1,
        persons: match of(Feature::Requester) {
            same if same > 0.0 => Persons::Same,
            other if other <= 0.0 => Persons::Different,
            _ => Persons::Unknown,
        },
        sureness: if f64::from(found.alike.probability) < keep.suggest_from {
            Sureness::Unlikely
        } else if ticket.matter.as_ref().and_then(|matter| learned.sure_from(matter.as_str())).is_some_and(sure) {
            Sureness::Automatic
        } else {
            Sureness::Suggest
        },
        copy: None,
        earlier: standing(head, found.alike.closed_at, keep.closed_days, now),
        demand: if both(|t| t.flags.against_official) {
            Demand::ReportOfOfficial
        } else if both(|t| t.kind == Some(Kind::Report)) {
            Demand::Report
        } else if both(|t| t.kind.is_none()) {
            Demand::Unknown
        } else {
            Demand::Ordinary
        },
        confidential: both(|t| t.flags.confidential),
        litigation: both(|t| t.flags.in_proceedings),
        personal_right: of_rows(|m| m.personal).map(|(ours, theirs)| ours || theirs),
        same_lead: catalogue.and_then(|catalogue| leads_alike(ticket, head, catalogue)),
        whitelisted: of_rows(|m| m.merge.is_whitelisted()).map(|(ours, theirs)| ours && theirs),
        same_subject: of(Feature::Name) > 0.0,
        other_spot: of(Feature::Building) < 0.0 || other_number || too_far,
        rejected: found.kept_apart,
    }
}

fn standing(head: &Ticket, closed_at: Option<At>, closed_days: u32, now: At) -> Standing {
    if matches!(head.state, State::CloseReview | State::PendingVerify | State::PendingCallback) {
        return Standing::Closing;
    }
    if head.state.is_open() {
        return Standing::Open;
    }
    let lately = Span::hours(24 * i64::from(closed_days));
    match closed_at {
        Some(at) if at.plus(lately) >= now => Standing::ClosedLately,
        Some(_) | None => Standing::ClosedLongAgo,
    }
}
