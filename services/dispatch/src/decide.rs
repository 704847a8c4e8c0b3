//! Who must act on this ticket? A pure answer from the ticket and the catalogue in force (D§10.3).
//!
//! A ticket is sent without a person when exactly one row of the catalogue, or an arbiter's ruling on a like ticket,
//! names its lead and neither a guard nor what happened before speaks against it. Everything else waits for a person, and says why in plain words. Nothing here knows a clock, a
//! database or a network, so that the same ticket under the same catalogue always gets the same answer.

use serde::{Deserialize, Serialize};
use suban_domain::{Mode, Span, State, Ticket, UnitCode, Urgency, Verdict, VersionCode, needs_a_person};
use suban_text::catalogue::{Catalogue, Circumstances, Lead, NoLead, UnitKind};

use crate::learned::{Before, Learned};

/// Units shown to a person, at most.
const CANDIDATES: usize = 3;

/// What is decided by, besides the ticket.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// The catalogue in force; without one everything waits for a person.
    pub in_force: Option<(&'a VersionCode, &'a Catalogue)>,
    /// The city's zone: rules for the night mean its night.
    pub zone: &'a jiff::tz::TimeZone,
    /// What the citizen said, masked; `None` where it was not fetched or is erased.
    pub words: Option<&'a str>,
    /// What happened to others before; `None` where nothing is to be learned from.
    pub learned: Option<Experience<'a>>,
}

/// What happened to others before, as it is used now.
#[derive(Clone, Copy)]
pub struct Experience<'a> {
    /// Outcomes, rulings and checks.
    pub of: &'a Learned,
    /// The city's day.
    pub today: jiff::civil::Date,
    /// Share of the automatic dispatches that a person checks first, 0 to 1.
    pub checked: f64,
}

/// A unit that the ticket could go to, and the row that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Which unit.
    pub unit: UnitCode,
    /// Its name when it was decided.
    pub name: String,
    /// The row of the catalogue, for example `rules.csv:12`; `ruling:SB…` where an arbiter named it, empty where
    /// only the history does.
    pub rule: String,
    /// How likely by what happened before, in thousandths; none where it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permille: Option<u16>,
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
    /// The row that decided, as in [`Candidate::rule`].
    pub rule: String,
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
    /// The catalogue names a unit that does not finish such tickets, or people choose others than it does.
    Doubt = 10,
    /// One of the share that a person checks first.
    Check = 11,
    /// Its words seem to hold several demands: a person splits it, or sends it as it is.
    Several = 12,
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
        Self::Doubt,
        Self::Check,
        Self::Several,
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
            Self::Doubt => "doubt",
            Self::Check => "check",
            Self::Several => "several",
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
    let found = match ruled(ticket, catalogue, known) {
        Some(named) => Ok(named),
        None => look_up(ticket, version, catalogue, known).map(|lead| named(ticket, version, catalogue, lead)),
    };
    let named_by_rule = match &found {
        Ok(named) => vec![named.candidate.clone()],
        Err(waiting) => waiting.candidates.clone(),
    };
    let candidates = with_history(named_by_rule, ticket, catalogue, known);
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
    // What presses goes to the first one's unit at once, and is split from there.
    if let Some((zh, en)) = several(ticket, catalogue)
        && (found.is_err() || !ticket.urgency.is_pressing())
    {
        return person(Reason::Several, &zh, &en, candidates);
    }
    let named = match found {
        Ok(named) => named,
        Err(waiting) => return Decision::Person(Waiting { candidates, ..waiting }),
    };
    let unit = &named.candidate.unit;
    if ticket.returned_by.contains(unit) {
        return person(
            Reason::Returned,
            &format!("{}曾申请退单,须人工分拨", named.candidate.name),
            &format!("{unit} has asked to return it; a person dispatches it"),
            candidates,
        );
    }
    if !may_lead(catalogue, ticket, unit) {
        return person(
            Reason::NoSingleUnit,
            "目录所列单位不得主办该事项",
            "the unit that the catalogue names may not lead this matter (R-NAT-3)",
            candidates,
        );
    }
    if let Some((reason, zh, en)) = doubted(ticket, &named, catalogue, known) {
        return person(reason, &zh, &en, candidates);
    }
    Decision::Send(Sending {
        mode: if named.assists.is_empty() { Mode::General } else { Mode::Joint },
        limit: own_limit(catalogue, ticket),
        rule: named.candidate.rule.clone(),
        lead: named.candidate.unit.clone(),
        assists: named.assists,
        candidates,
    })
}

/// Why a ticket whose words seem to hold several demands is a person's (拆单, D§10.3 step 1), in Chinese and in English.
fn several(ticket: &Ticket, catalogue: &Catalogue) -> Option<(String, String)> {
    if ticket.several.len() < 2 {
        return None;
    }
    let names = ticket.several.iter().map(|code| catalogue.matter(code).map_or(code.as_str(), |matter| &matter.name));
    let names: Vec<&str> = names.collect();
    Some((
        format!("似含多个诉求({}),请拆单或直接分拨", names.join("、")),
        format!("its words seem to hold several demands ({}): split it, or send it as it is", names.join(", ")),
    ))
}

/// A unit that a ruling or the catalogue names.
struct Named {
    candidate: Candidate,
    assists: Vec<UnitCode>,
    /// By an arbiter, whom nothing that was counted contradicts.
    ruled: bool,
}

/// The arbiter's word on a like ticket (R-DSP-3), while its unit is in the catalogue.
fn ruled(ticket: &Ticket, catalogue: &Catalogue, known: &Known<'_>) -> Option<Named> {
    let ruling = known.learned?.of.ruling(ticket)?;
    catalogue.unit(&ruling.lead)?;
    let name = name(catalogue, &ruling.lead);
    let number = &ruling.number;
    Some(Named {
        candidate: Candidate {
            unit: ruling.lead.clone(),
            rule: format!("ruling:{number}"),
            permille: None,
            because_zh: format!("同类工单{number}已裁定由{name}主办"),
            because_en: format!("an arbiter ruled on {number}, a like ticket: {} ({name}) leads", ruling.lead),
            name,
        },
        assists: ruling.assists.iter().filter(|unit| catalogue.unit(unit).is_some()).cloned().collect(),
        ruled: true,
    })
}

fn named(ticket: &Ticket, version: &VersionCode, catalogue: &Catalogue, lead: Lead) -> Named {
    Named { candidate: candidate(ticket, version, catalogue, &lead), assists: lead.assists, ruled: false }
}

/// Why a dispatch that the rules would make is a person's all the same, in Chinese and in English.
fn doubted(
    ticket: &Ticket,
    named: &Named,
    catalogue: &Catalogue,
    known: &Known<'_>,
) -> Option<(Reason, String, String)> {
    let experience = known.learned?;
    let matter = ticket.matter.as_ref()?;
    if !named.ruled
        && let Some(doubt) = experience.of.doubt(matter, &named.candidate.unit)
    {
        let (other, of) = (name(catalogue, &doubt.unit), doubt.of);
        return Some((
            Reason::Doubt,
            format!(
                "目录派往{},但最近{of}件中{}件由{other}办结,须人工核定,并请核对目录",
                named.candidate.name, doubt.finished
            ),
            format!(
                "the catalogue names {}, but {} of the last {of} such tickets were finished by {} ({other}): a person \
                 decides, and the catalogue should be looked at",
                named.candidate.unit, doubt.finished, doubt.unit
            ),
        ));
    }
    if let Some(standing) = experience.of.standing(matter).filter(|standing| standing.is_too_bad()) {
        let crate::learned::Standing { right, of, .. } = standing;
        return Some((
            Reason::Doubt,
            format!("该事项自动分拨抽检{of}件仅{right}件正确,已转人工"),
            format!(
                "people agreed with only {right} of {of} checked dispatches of this matter: it left automatic dispatch"
            ),
        ));
    }
    // What presses is not held up to be checked.
    if !ticket.urgency.is_pressing() && experience.of.is_checked(ticket, experience.checked) {
        return Some((
            Reason::Check,
            "抽检:请人工核定主办单位".to_owned(),
            "it is one of the share that a person checks first".to_owned(),
        ));
    }
    None
}

/// Behind the units that rules name, those that had like tickets before; never one that gave this ticket back or may
/// not lead it.
fn with_history(
    mut candidates: Vec<Candidate>,
    ticket: &Ticket,
    catalogue: &Catalogue,
    known: &Known<'_>,
) -> Vec<Candidate> {
    let Some(experience) = known.learned else { return candidates };
    for before in experience.of.before(ticket, catalogue, experience.today) {
        if let Some(named) = candidates.iter_mut().find(|c| c.unit == before.unit) {
            named.permille = Some(permille(before.chance));
        } else if candidates.len() < CANDIDATES
            && may_lead(catalogue, ticket, &before.unit)
            && !ticket.returned_by.contains(&before.unit)
        {
            candidates.push(from_history(catalogue, &before));
        }
    }
    candidates
}

fn from_history(catalogue: &Catalogue, before: &Before) -> Candidate {
    let (name, (here, all)) = (name(catalogue, &before.unit), before.had);
    let percent = before.chance * 100.0;
    Candidate {
        rule: String::new(),
        permille: Some(permille(before.chance)),
        because_zh: format!("历史同类{all:.0}件中{here:.0}件由{name}办结,可能性{percent:.0}%"),
        because_en: format!(
            "{} ({name}) finished {here:.0} of {all:.0} like tickets before: a chance of {percent:.0} %",
            before.unit
        ),
        unit: before.unit.clone(),
        name,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a chance is 0 to 1")]
fn permille(chance: f64) -> u16 {
    (chance.clamp(0.0, 1.0) * 1000.0).round() as u16
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
        permille: None,
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
