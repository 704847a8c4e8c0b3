//! Who must act on this ticket? A pure answer from the ticket and the catalogue in force (D§10.3).
//!
//! A ticket is sent without a person when exactly one row of the catalogue names its lead and no guard speaks
//! against it. Everything else waits for a person, and says why in plain words. Nothing here knows a clock, a
//! database or a network, so that the same ticket under the same catalogue always gets the same answer.

use serde::{Deserialize, Serialize};
use suban_domain::{Mode, Span, State, Ticket, UnitCode, Urgency, Verdict, VersionCode, needs_a_person};
use suban_text::catalogue::{Catalogue, Circumstances, Lead, NoLead, Row, UnitKind};

/// What is decided by, besides the ticket.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// The catalogue in force; without one everything waits for a person.
    pub in_force: Option<(&'a VersionCode, &'a Catalogue)>,
    /// The city's zone: rules for the night mean its night.
    pub zone: &'a jiff::tz::TimeZone,
    /// What the citizen said, masked; `None` where it was not fetched or is erased.
    pub words: Option<&'a str>,
}

/// A unit that the ticket could go to, and the row that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Which unit.
    pub unit: UnitCode,
    /// Its name when it was decided.
    pub name: String,
    /// The row of the catalogue, for example `rules.csv:12`.
    pub rule: String,
    /// Why.
    pub because_zh: String,
    /// Why.
    pub because_en: String,
}

/// Why the first of these leads, in Chinese and in English; empty where there is none.
#[must_use]
pub fn because_of(candidates: &[Candidate]) -> (String, String) {
    candidates.first().map(|c| (c.because_zh.clone(), c.because_en.clone())).unwrap_or_default()
}

/// A dispatch that needs nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// Who leads.
    pub lead: UnitCode,
    /// Who assists.
    pub assists: Vec<UnitCode>,
    /// How it is handled.
    pub mode: Mode,
    /// The row that decided.
    pub rule: Row,
    /// The matter's own limit, where it has one.
    pub limit: Option<Span>,
    /// Best first: the first is who leads, and why.
    pub candidates: Vec<Candidate>,
}

/// Why a ticket waits for a person; the numbers are those of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The matter is unknown.
    UnknownMatter = 1,
    /// The place is unknown, or not known closely enough.
    UnknownArea = 2,
    /// Several units, or none, fit.
    NoSingleUnit = 3,
    /// A flag or the channel asks for a person.
    Flag = 4,
    /// It came back, or was recalled.
    Returned = 5,
    /// A return, an extension or a result waits for a decision.
    Review = 6,
    /// Duplicate detection suggests a master.
    SuggestedDuplicate = 7,
    /// It waits for an agent's acceptance.
    Acceptance = 8,
    /// Units quarrel.
    Dispute = 9,
}

impl Reason {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::UnknownMatter,
        Self::UnknownArea,
        Self::NoSingleUnit,
        Self::Flag,
        Self::Returned,
        Self::Review,
        Self::SuggestedDuplicate,
        Self::Acceptance,
        Self::Dispute,
    ];

    /// As it is kept in the queue and in metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownMatter => "unknown_matter",
            Self::UnknownArea => "unknown_area",
            Self::NoSingleUnit => "no_single_unit",
            Self::Flag => "flag",
            Self::Returned => "returned",
            Self::Review => "review",
            Self::SuggestedDuplicate => "suggested_duplicate",
            Self::Acceptance => "acceptance",
            Self::Dispute => "dispute",
        }
    }

    /// The reason with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|r| r.code() == code)
    }

    /// As the contract numbers it.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }
}

/// A wait for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Why, as a code.
    pub reason: Reason,
    /// Why, in words.
    pub because_zh: String,
    /// Why, in words.
    pub because_en: String,
    /// Units that a person may choose from; best first, possibly none.
    pub candidates: Vec<Candidate>,
}

/// What is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Send it.
    Send(Sending),
    /// A person decides.
    Person(Waiting),
}

/// May this ticket be dispatched now? Only one that waits for it and was judged; a pressing one does not wait for
/// the verdict, and a group was judged by whoever merged it.
#[must_use]
pub fn is_ready(ticket: &Ticket) -> bool {
    ticket.state == State::PendingDispatch
        && ticket.master().is_none()
        && (ticket.verdict.is_some() || ticket.members() > 0 || ticket.urgency.is_pressing())
}

/// May this unit lead a ticket of this matter (R-NAT-3)? It is in the catalogue in force, is no team inside a unit,
/// and is no street office where only departments have the duty.
#[must_use]
pub fn may_lead(catalogue: &Catalogue, ticket: &Ticket, unit: &UnitCode) -> bool {
    let dept_only = ticket.matter.as_ref().and_then(|m| catalogue.matter(m)).is_some_and(|m| m.dept_only);
    catalogue.unit(unit).is_some_and(|unit| match unit.kind {
        UnitKind::Team => false,
        UnitKind::Street => !dept_only,
        UnitKind::Hall | UnitKind::Department | UnitKind::Utility | UnitKind::Company => true,
    })
}

/// The handling limit that the matter sets for itself (法定时限, D§8.1).
#[must_use]
pub fn own_limit(catalogue: &Catalogue, ticket: &Ticket) -> Option<Span> {
    let hours = ticket.matter.as_ref().and_then(|m| catalogue.matter(m))?.handle_hours?;
    Some(Span::hours(i64::from(hours)))
}

/// Does the decision depend on what was said? Only then are the words worth fetching.
#[must_use]
pub fn asks_for_words(ticket: &Ticket, catalogue: &Catalogue) -> bool {
    is_ready(ticket) && ticket.matter.as_ref().is_some_and(|matter| catalogue.asks_for_words(matter))
}

/// Decides a ticket that is ready ([`is_ready`]).
#[must_use]
pub fn decide(ticket: &Ticket, known: &Known<'_>) -> Decision {
    let Some((version, catalogue)) = known.in_force else {
        return person(
            Reason::NoSingleUnit,
            "没有生效的责任目录",
            "no responsibility catalogue is in force",
            Vec::new(),
        );
    };
    let found = look_up(ticket, version, catalogue, known);
    let candidates = match &found {
        Ok(lead) => vec![candidate(ticket, version, catalogue, lead)],
        Err(waiting) => waiting.candidates.clone(),
    };
    if ticket.verdict == Some(Verdict::Suggested) {
        return person(
            Reason::SuggestedDuplicate,
            "可能与其他工单重复,需人工判断",
            "it may be a duplicate; a person says whether it is",
            candidates,
        );
    }
    if let Some(why) = needs_a_person(ticket) {
        return person(
            Reason::Flag,
            &format!("{},须人工分拨", flag_zh(ticket)),
            &format!("{why}: a person dispatches it"),
            candidates,
        );
    }
    if ticket.misdispatch_count > 0 || ticket.upstream_refused {
        return person(
            Reason::Returned,
            "曾被退回或收回,须人工分拨",
            "it came back or was recalled before; a person dispatches it",
            candidates,
        );
    }
    let lead = match found {
        Ok(lead) => lead,
        Err(waiting) => return Decision::Person(waiting),
    };
    if ticket.returned_by.contains(&lead.unit) {
        return person(
            Reason::Returned,
            &format!("{}曾申请退单,须人工分拨", name(catalogue, &lead.unit)),
            &format!("{} has asked to return it; a person dispatches it", lead.unit),
            candidates,
        );
    }
    if !may_lead(catalogue, ticket, &lead.unit) {
        return person(
            Reason::NoSingleUnit,
            "目录所列单位不得主办该事项",
            "the unit that the catalogue names may not lead this matter (R-NAT-3)",
            candidates,
        );
    }
    Decision::Send(Sending {
        mode: if lead.assists.is_empty() { Mode::General } else { Mode::Joint },
        limit: own_limit(catalogue, ticket),
        rule: lead.rule_row,
        lead: lead.unit,
        assists: lead.assists,
        candidates,
    })
}

/// What any ticket waits for a person for, whatever its state; `None` when nobody at the centre has to act.
///
/// A result under review waits here too: whether rules accept it first is [`crate::review`]'s to say.
#[must_use]
pub fn waits_for(ticket: &Ticket, known: &Known<'_>) -> Option<Waiting> {
    let waits = |reason, zh: &str, en: &str| {
        Some(Waiting { reason, because_zh: zh.into(), because_en: en.into(), candidates: Vec::new() })
    };
    match ticket.state {
        State::Received => waits(Reason::Acceptance, "等待受理", "it waits for an agent's acceptance"),
        State::PendingDispatch if is_ready(ticket) => match decide(ticket, known) {
            Decision::Send(_) => None,
            Decision::Person(waiting) => Some(waiting),
        },
        State::ReturnReview => waits(Reason::Review, "退单待审核", "a return waits for its review"),
        State::CloseReview => waits(Reason::Review, "办理结果待审核", "a result waits for its review"),
        State::InDispute => waits(Reason::Dispute, "职责争议待裁定", "units quarrel; an arbiter rules"),
        State::Handling | State::Consolidating | State::Redo | State::SupervisedRedo => {
            if ticket.extension.is_some() {
                waits(Reason::Review, "延期申请待审核", "an extension waits for its review")
            } else {
                None
            }
        }
        State::PendingDispatch
        | State::NeedInfo
        | State::Rejected
        | State::TransferredOut
        | State::Answered
        | State::MergedMember
        | State::PendingSign
        | State::Suspended
        | State::PendingVerify
        | State::PendingCallback
        | State::Closed
        | State::Archived
        | State::Cancelled
        | State::ReturnedUpstream => None,
    }
}

/// The one lead that the catalogue names, or what is missing to name it.
fn look_up(ticket: &Ticket, version: &VersionCode, catalogue: &Catalogue, known: &Known<'_>) -> Result<Lead, Waiting> {
    let waiting = |reason, zh: &str, en: &str, candidates| {
        Err(Waiting { reason, because_zh: zh.into(), because_en: en.into(), candidates })
    };
    let Some(matter) = &ticket.matter else {
        return waiting(Reason::UnknownMatter, "事项未识别", "the matter is unknown", Vec::new());
    };
    // The hour at which it was received decides: what happens at night is reported at night (D§10.3 step 4).
    let at = known.zone.to_datetime(ticket.received_at.timestamp());
    let asked = Circumstances { area: ticket.area.as_ref(), at: Some(at), words: known.words };
    match catalogue.lead(matter, &asked) {
        Ok(lead) => Ok(lead),
        Err(NoLead::UnknownMatter) => waiting(Reason::UnknownMatter, "事项未识别", "the matter is unknown", Vec::new()),
        Err(NoLead::NotInForce) => waiting(
            Reason::NoSingleUnit,
            "该事项当日不在有效期内",
            "nobody has the duty for this matter on that day",
            Vec::new(),
        ),
        // Where the same unit leads everywhere, the place need not be known to name it (D§10.3 step 5).
        Err(NoLead::UnknownArea) => {
            waiting(Reason::UnknownArea, "地点未识别", "the place is unknown, and the unit depends on it", Vec::new())
        }
        Err(NoLead::AreaTooLarge) => waiting(
            Reason::UnknownArea,
            "地点不够具体,无法确定主办单位",
            "the place is too large to say which unit leads",
            Vec::new(),
        ),
        Err(NoLead::Several(leads)) => waiting(
            Reason::NoSingleUnit,
            "适用多条规则,主办单位不同,须人工选择",
            "several rules fit and name different units; a person chooses",
            leads.iter().map(|lead| candidate(ticket, version, catalogue, lead)).collect(),
        ),
    }
}

fn candidate(ticket: &Ticket, version: &VersionCode, catalogue: &Catalogue, lead: &Lead) -> Candidate {
    let (because_zh, because_en) = because(ticket, version, catalogue, lead);
    Candidate {
        unit: lead.unit.clone(),
        name: name(catalogue, &lead.unit),
        rule: lead.rule_row.to_string(),
        because_zh,
        because_en,
    }
}

/// Why this unit, by which row of which version.
fn because(ticket: &Ticket, version: &VersionCode, catalogue: &Catalogue, lead: &Lead) -> (String, String) {
    let matter = ticket.matter.as_ref().and_then(|m| catalogue.matter(m));
    let (code, matter) = matter.map_or((String::new(), String::new()), |m| (m.code.to_string(), m.name.clone()));
    let area = ticket.area.as_ref().and_then(|a| catalogue.area(a));
    let unit = name(catalogue, &lead.unit);
    let (row, unit_code) = (lead.rule_row, &lead.unit);
    // A rule says why it is one: `rules.csv:12: 夜间噪声由公安处置`.
    let row = match catalogue.rule_on(row) {
        Some(rule) if rule.basis.is_empty() => format!("{row}: {}", rule.note),
        Some(rule) => format!("{row}: {}, {}", rule.note, rule.basis),
        None => row.to_string(),
    };
    match area {
        Some(area) => (
            format!("事项{code}“{matter}”在{}由{unit}主办(目录{version},{row})", area.name),
            format!(
                "matter {code} ({matter}) in {} is led by {unit_code} ({unit}): catalogue {version}, {row}",
                area.name
            ),
        ),
        None => (
            format!("事项{code}“{matter}”在各处均由{unit}主办(目录{version},{row})"),
            format!("matter {code} ({matter}) is led by {unit_code} ({unit}) everywhere: catalogue {version}, {row}"),
        ),
    }
}

fn name(catalogue: &Catalogue, unit: &UnitCode) -> String {
    catalogue.unit(unit).map_or_else(|| unit.to_string(), |u| u.name.clone())
}

fn person(reason: Reason, zh: &str, en: &str, candidates: Vec<Candidate>) -> Decision {
    Decision::Person(Waiting { reason, because_zh: zh.into(), because_en: en.into(), candidates })
}

/// The first flag or channel that asks for a person, in the words of the field.
const fn flag_zh(ticket: &Ticket) -> &'static str {
    let f = ticket.flags;
    if f.confidential {
        "保密工单"
    } else if f.against_official {
        "举报公职人员"
    } else if f.group_event {
        "群体性事件"
    } else if f.sensitive {
        "敏感工单"
    } else if f.leader_note {
        "领导批示"
    } else if f.in_proceedings {
        "涉访涉诉"
    } else {
        "媒体或代表委员转来"
    }
}

/// How pressing, for the order of the queue.
#[must_use]
pub fn rank(urgency: Urgency) -> i16 {
    i16::try_from(urgency.number()).unwrap_or(i16::MAX)
}

#[cfg(test)]
mod tests;
