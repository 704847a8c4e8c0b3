//! Mass events (D§9.7): does a ticket belong to one, and are two tickets of one about the same site? Pure.
//!
//! A supervisor who declares one says what a machine may not say alone: that whatever is received there and of these
//! matters is one thing, or one of many alike. So arrivals are put together without a person here; the guards of
//! D§9.3 hold all the same, and nothing that presses on life or is one person's right is ever taken in.

use suban_domain::{AreaCode, At, Kind, MatterCode, Ticket, TicketId, Urgency};
use suban_likeness::Feature;
use suban_text::Catalogue;
use uuid::Uuid;

use super::alike::Found;

/// Metres within which two reports of an event are about one site, where the catalogue says nothing (D§9.4: a point
/// facility).
const SITE: f32 = 50.0;

suban_domain::codes! {
    /// How the arrivals of an event are handled.
    MassKind, "kind of a mass event" {
        /// One cause: arrivals join one group and are answered together.
        OneCause = 1, "ONE_CAUSE", "一因多诉";
        /// Many sites: arrivals are put together by site, and each site is handled.
        ManySites = 2, "MANY_SITES", "一事多点";
    }
}

/// An event as a supervisor declared it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MassEvent {
    /// Which.
    pub id: Uuid,
    /// Of which kind.
    pub kind: MassKind,
    /// What it is called.
    pub title: String,
    /// The place and all places in it; the whole city where there is none.
    pub area: Option<AreaCode>,
    /// Rows of the catalogue.
    pub matters: Vec<MatterCode>,
    /// What was received from then on belongs to it.
    pub from: At,
    /// What is received after it is ordinary.
    pub until: At,
    /// What everybody answers, and until when that is said.
    pub answer: Option<(String, At)>,
    /// One cause: whose group arrivals join.
    pub master: Option<TicketId>,
    /// When it ended.
    pub ended_at: Option<At>,
    /// Tickets of before the declaration are still looked at.
    pub looking_back: bool,
}

impl MassEvent {
    /// Does it still take anything in?
    #[must_use]
    pub fn runs(&self, at: At) -> bool {
        self.ended_at.is_none_or(|ended| at < ended) && at <= self.until
    }

    /// What is to be answered at this instant.
    #[must_use]
    pub fn answer_at(&self, at: At) -> Option<&(String, At)> {
        self.answer.as_ref().filter(|(_, until)| at <= *until)
    }

    /// Could words about this place and matter belong to it? What is not known yet may be anything.
    #[must_use]
    pub fn may_concern(&self, area: Option<&AreaCode>, matter: Option<&MatterCode>) -> bool {
        matter.is_none_or(|matter| self.matters.contains(matter))
            && match (&self.area, area) {
                (Some(around), Some(area)) => around.contains(area),
                (None, _) | (_, None) => true,
            }
    }

    /// Does a ticket belong to it? Its place and matter must be known.
    #[must_use]
    pub fn takes_in(&self, ticket: &Ticket, catalogue: Option<&Catalogue>) -> bool {
        let placed = self.area.is_none() || ticket.area.is_some();
        placed
            && ticket.matter.is_some()
            && self.may_concern(ticket.area.as_ref(), ticket.matter.as_ref())
            && self.from <= ticket.received_at
            && self.runs(ticket.received_at)
            && !stays_its_own(ticket, catalogue)
    }
}

/// Danger to life and harm to one person are never taken in (D§9.7), nor what G2, G5 and G6 keep apart.
pub(crate) fn stays_its_own(ticket: &Ticket, catalogue: Option<&Catalogue>) -> bool {
    let flags = &ticket.flags;
    let row = ticket.matter.as_ref().and_then(|matter| catalogue?.matter(matter));
    ticket.urgency == Urgency::Critical
        || flags.confidential
        || flags.against_official
        || flags.in_proceedings
        || matches!(ticket.kind, None | Some(Kind::Report))
        || row.is_none_or(|row| row.personal)
}

/// Are a ticket and an earlier one of the same event about one site? One house, crossing or point; another building or
/// another pole is another site, however near.
#[must_use]
pub fn one_site(ticket: &Ticket, found: &Found<'_>, catalogue: Option<&Catalogue>) -> bool {
    let of = |feature| found.alike.features.get(feature);
    let row = ticket.matter.as_ref().and_then(|matter| catalogue?.matter(matter));
    let reach = row.and_then(|row| row.radius_m).map_or(SITE, |metres| metres as f32);
    let other = of(Feature::Code) < 0.0 || of(Feature::Building) < 0.0 || of(Feature::Address) == 1.0;
    !found.kept_apart && ticket.matter == found.head.matter && of(Feature::Distance) <= reach.ln_1p() && !other
}
