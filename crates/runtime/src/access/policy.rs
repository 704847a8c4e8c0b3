//! What a caller may read, reveal and administer: one pure module for all faces (design §5).
//!
//! Transitions are `suban_domain`'s; this decides the rest of D§3's "must not" column, masking (D§16
//! R-SEC-2), confidential tickets (R-SEC-9) and outsourced tenants (R-SEC-10). Everything is
//! refused that is not allowed here by name.

use suban_domain::{AreaCode, PersonCode, Role, UnitCode};
use tonic::Status;

use super::Caller;
use crate::errors;

/// What the decision needs to know of a ticket; filled from its row.
#[derive(Debug, Clone, Copy, Default)]
pub struct TicketView<'a> {
    /// Units that handle it or handled it: with a task that was neither returned nor recalled.
    pub units: &'a [UnitCode],
    /// Where it happened, when known.
    pub area: Option<&'a AreaCode>,
    /// 保密: R-SEC-9 holds.
    pub confidential: bool,
    /// The account that registered it: an agent's or a channel's.
    pub registered_by: Option<&'a PersonCode>,
    /// The citizen's account, when they have one.
    pub requester: Option<&'a PersonCode>,
    /// May the handling unit contact the citizen (D§5.3 `contact_consent`)?
    pub contact_consent: bool,
    /// Who was named as a viewer of a confidential ticket.
    pub viewers: &'a [PersonCode],
}

/// How much of a ticket a caller reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    /// Status, unit, due time and the public reply; no words, no handling content (R-SEC-10).
    Outline,
    /// Everything, with personal data masked as [`mask`] says.
    Full,
}

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The role never does this (D§3).
    #[error("the role {0} may not do this")]
    Role(Role),
    /// The ticket is with another unit.
    #[error("the ticket is not with your unit")]
    OtherUnit,
    /// The ticket happened elsewhere, or nobody knows where.
    #[error("the ticket is not in your area")]
    OtherArea,
    /// The ticket is confidential and the caller not named (R-SEC-9).
    #[error("the ticket is confidential and you are not among its viewers")]
    Confidential,
    /// The ticket belongs to another citizen, agent or channel.
    #[error("the ticket is not yours")]
    NotYours,
    /// Whoever checks or surveys must not belong to the unit that handled (D§3).
    #[error("you belong to the unit that handled the ticket")]
    OwnUnit,
    /// The citizen does not want to be contacted by the unit (D§5.3).
    #[error("the citizen has not agreed to be contacted by the unit")]
    NoConsent,
    /// Revealing needs a reason (R-SEC-2).
    #[error("revealing personal data needs a reason; it is logged")]
    NoReason,
    /// Outsourced tenants see the outline only (R-SEC-10).
    #[error("outsourced staff see status, unit, due time and public reply only")]
    Outsourced,
}

impl Denial {
    /// The stable reason code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Role(_) => "ROLE",
            Self::OtherUnit => "OTHER_UNIT",
            Self::OtherArea => "OTHER_AREA",
            Self::Confidential => "CONFIDENTIAL",
            Self::NotYours => "NOT_YOURS",
            Self::OwnUnit => "OWN_UNIT",
            Self::NoConsent => "NO_CONSENT",
            Self::NoReason => "NO_REASON",
            Self::Outsourced => "OUTSOURCED",
        }
    }
}

impl From<Denial> for Status {
    fn from(denial: Denial) -> Self {
        errors::denied(denial.code(), denial.to_string())
    }
}

/// May the caller read this ticket, and how much of it?
///
/// # Errors
/// Why not. A face that must not even admit that the ticket exists answers `NOT_FOUND` instead.
pub fn may_read(caller: &Caller, ticket: &TicketView<'_>) -> Result<Reading, Denial> {
    let actor = &caller.actor;
    let mine = |account: Option<&PersonCode>| account == Some(&actor.person);
    let reading = match actor.role {
        Role::System => return Ok(Reading::Full),
        Role::Citizen => {
            // Their own, as the progress page shows it; confidential or not.
            return if mine(ticket.requester) { Ok(Reading::Outline) } else { Err(Denial::NotYours) };
        }
        Role::IntakeBot => {
            // A channel writes back what became of its own tickets.
            return if mine(ticket.registered_by) { Ok(Reading::Outline) } else { Err(Denial::NotYours) };
        }
        Role::SysAdmin | Role::SecAdmin => return Err(Denial::Role(actor.role)),
        Role::Agent => Reading::Full,
        Role::UnitSigner | Role::UnitHandler | Role::UnitLead => {
            if !with_own_unit(caller, ticket) {
                return Err(Denial::OtherUnit);
            }
            Reading::Full
        }
        Role::Callback | Role::CallbackBot => {
            if with_own_unit(caller, ticket) {
                return Err(Denial::OwnUnit);
            }
            // "Sees only what the survey needs" (D§3).
            Reading::Outline
        }
        Role::Verifier => {
            if with_own_unit(caller, ticket) {
                return Err(Denial::OwnUnit);
            }
            in_own_area(caller, ticket)?;
            Reading::Full
        }
        Role::Dispatcher
        | Role::MergeReviewer
        | Role::Arbiter
        | Role::Supervisor
        | Role::Qa
        | Role::KpiAdmin
        | Role::Analyst
        | Role::Leader
        | Role::Auditor => {
            in_own_area(caller, ticket)?;
            Reading::Full
        }
    };
    if ticket.confidential && !sees_confidential(caller, ticket) {
        return Err(Denial::Confidential);
    }
    Ok(if caller.outsourced { Reading::Outline } else { reading })
}

/// R-SEC-9: named viewers, whoever registered it, and those without whom it would lie still: the dispatcher
/// of the separate queue, the arbiter, the unit it is with, the survey (outline only).
fn sees_confidential(caller: &Caller, ticket: &TicketView<'_>) -> bool {
    let person = &caller.actor.person;
    if ticket.viewers.contains(person) || ticket.registered_by == Some(person) {
        return true;
    }
    match caller.actor.role {
        Role::Dispatcher
        | Role::Arbiter
        | Role::UnitSigner
        | Role::UnitHandler
        | Role::UnitLead
        | Role::Callback
        | Role::CallbackBot
        | Role::System => true,
        // Above all: other agents (D§3 AGENT), and no merge with ordinary tickets, so no reviewer of merges.
        Role::Agent
        | Role::IntakeBot
        | Role::MergeReviewer
        | Role::Supervisor
        | Role::Verifier
        | Role::Qa
        | Role::KpiAdmin
        | Role::Analyst
        | Role::Leader
        | Role::Citizen
        | Role::SysAdmin
        | Role::SecAdmin
        | Role::Auditor => false,
    }
}

/// What all tickets have in common that a caller may read: a search narrows by it before [`may_read`] looks at each hit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Only tickets with a task of this unit, of its teams or of units above it.
    pub of_unit: Option<UnitCode>,
    /// No ticket with such a task.
    pub not_of_unit: Option<UnitCode>,
    /// Only tickets inside this area.
    pub area: Option<AreaCode>,
    /// Their words may be searched: who reads only the outline must not learn words by looking for them.
    pub words: bool,
    /// They may be found by a citizen's phone: who takes calls, or calls back. A unit could otherwise try out who
    /// reported it (D§16).
    pub phone: bool,
}

/// What a caller's search is narrowed to.
///
/// # Errors
/// When the role reads no tickets, or only one at a time.
pub fn scope(caller: &Caller) -> Result<Scope, Denial> {
    let (unit, area) = (caller.actor.unit.clone(), caller.actor.area.clone());
    let all = Scope { words: !caller.outsourced, ..Scope::default() };
    match caller.actor.role {
        role @ (Role::Citizen | Role::IntakeBot | Role::SysAdmin | Role::SecAdmin) => Err(Denial::Role(role)),
        Role::System => Ok(Scope { words: true, phone: true, ..all }),
        Role::Agent => Ok(Scope { phone: true, ..all }),
        Role::UnitSigner | Role::UnitHandler | Role::UnitLead => match unit {
            Some(unit) => Ok(Scope { of_unit: Some(unit), ..all }),
            None => Err(Denial::OtherUnit),
        },
        Role::Callback | Role::CallbackBot => Ok(Scope { not_of_unit: unit, phone: true, words: false, ..all }),
        Role::Verifier => Ok(Scope { not_of_unit: unit, area, ..all }),
        Role::Supervisor => Ok(Scope { area, phone: true, ..all }),
        Role::Dispatcher
        | Role::MergeReviewer
        | Role::Arbiter
        | Role::Qa
        | Role::KpiAdmin
        | Role::Analyst
        | Role::Leader
        | Role::Auditor => Ok(Scope { area, ..all }),
    }
}

/// How personal data is shown to somebody who may read the ticket. Unmasked is never among the levels:
/// that is [`may_reveal`], one ticket at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mask {
    /// Name, phone, home address, and what the texts say of them.
    pub person: PersonMask,
    /// Where it happened: belongs to the ticket, so it is clear unless the ticket is confidential (D§5.5).
    pub place: PlaceMask,
}

/// How a person is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonMask {
    /// 张\*\*, 138\*\*\*\*5678 (R-SEC-2).
    Partial,
    /// Nothing at all.
    Hidden,
}

/// How the place of the incident is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceMask {
    /// As it is.
    Clear,
    /// Down to the community.
    Coarse,
}

/// How personal data of this ticket is masked for the caller.
#[must_use]
pub fn mask(caller: &Caller, ticket: &TicketView<'_>) -> Mask {
    let person = match caller.actor.role {
        // A reporter's identity must never reach the reported party (D§16), and the unit may be close to it.
        Role::UnitSigner | Role::UnitHandler | Role::UnitLead | Role::Verifier if ticket.confidential => {
            PersonMask::Hidden
        }
        // Works with figures and topics, never with people.
        Role::Analyst | Role::KpiAdmin | Role::Leader => PersonMask::Hidden,
        Role::Agent
        | Role::IntakeBot
        | Role::Dispatcher
        | Role::MergeReviewer
        | Role::UnitSigner
        | Role::UnitHandler
        | Role::UnitLead
        | Role::Arbiter
        | Role::Supervisor
        | Role::Verifier
        | Role::Callback
        | Role::CallbackBot
        | Role::Qa
        | Role::Citizen
        | Role::SysAdmin
        | Role::SecAdmin
        | Role::Auditor
        | Role::System => PersonMask::Partial,
    };
    // Whoever must go there has to find it; others learn the community of a confidential ticket.
    let place = match caller.actor.role {
        Role::UnitSigner | Role::UnitHandler | Role::UnitLead | Role::Verifier | Role::Dispatcher | Role::System => {
            PlaceMask::Clear
        }
        Role::Agent
        | Role::IntakeBot
        | Role::MergeReviewer
        | Role::Arbiter
        | Role::Supervisor
        | Role::Callback
        | Role::CallbackBot
        | Role::Qa
        | Role::KpiAdmin
        | Role::Analyst
        | Role::Leader
        | Role::Citizen
        | Role::SysAdmin
        | Role::SecAdmin
        | Role::Auditor => {
            if ticket.confidential {
                PlaceMask::Coarse
            } else {
                PlaceMask::Clear
            }
        }
    };
    Mask { person, place }
}

/// May the caller see this citizen's phone and name unmasked, now, for this reason (R-SEC-2)? The face that
/// asks logs the reveal as an event.
///
/// # Errors
/// Why not.
pub fn may_reveal(caller: &Caller, ticket: &TicketView<'_>, reason: &str) -> Result<(), Denial> {
    let role = caller.actor.role;
    may_read(caller, ticket)?;
    match role {
        // They call the citizen: the agent for what is missing, the supervisor to check, the survey.
        Role::Agent | Role::Supervisor | Role::Callback | Role::CallbackBot => {}
        // 先行联系 (D§3 UNIT_HANDLER), unless the citizen does not want it or must not be known.
        Role::UnitSigner | Role::UnitHandler => {
            if ticket.confidential && !ticket.viewers.contains(&caller.actor.person) {
                return Err(Denial::Confidential);
            }
            if !ticket.contact_consent {
                return Err(Denial::NoConsent);
            }
        }
        Role::IntakeBot
        | Role::Dispatcher
        | Role::MergeReviewer
        | Role::UnitLead
        | Role::Arbiter
        | Role::Verifier
        | Role::Qa
        | Role::KpiAdmin
        | Role::Analyst
        | Role::Leader
        | Role::Citizen
        | Role::SysAdmin
        | Role::SecAdmin
        | Role::Auditor
        | Role::System => return Err(Denial::Role(role)),
    }
    // Outsourced staff call those who called them and those they survey; nobody else (R-SEC-10).
    let surveys = matches!(role, Role::Callback | Role::CallbackBot);
    if caller.outsourced && !surveys && ticket.registered_by != Some(&caller.actor.person) {
        return Err(Denial::Outsourced);
    }
    if reason.trim().is_empty() {
        return Err(Denial::NoReason);
    }
    Ok(())
}

/// May the caller see the files that came with this ticket? A photograph cannot be masked: it shows faces, plates and
/// papers as they are. So it is for who may read the ticket in full and works with people; the face that shows it logs
/// who looked.
///
/// # Errors
/// Why not.
pub fn may_see_files(caller: &Caller, ticket: &TicketView<'_>) -> Result<(), Denial> {
    let actor = &caller.actor;
    match may_read(caller, ticket)? {
        Reading::Outline if caller.outsourced => return Err(Denial::Outsourced),
        Reading::Outline => return Err(Denial::Role(actor.role)),
        Reading::Full => {}
    }
    match mask(caller, ticket).person {
        PersonMask::Hidden if ticket.viewers.contains(&actor.person) => Ok(()),
        PersonMask::Hidden if ticket.confidential => Err(Denial::Confidential),
        PersonMask::Hidden => Err(Denial::Role(actor.role)),
        PersonMask::Partial => Ok(()),
    }
}

/// May the caller add a file to this ticket? Citizens' apps and channels speak for people whom they know, as when they
/// add words.
///
/// # Errors
/// Why not.
pub fn may_add_files(caller: &Caller, ticket: &TicketView<'_>) -> Result<(), Denial> {
    match caller.actor.role {
        Role::Citizen | Role::IntakeBot | Role::System => Ok(()),
        Role::Agent
        | Role::Dispatcher
        | Role::UnitSigner
        | Role::UnitHandler
        | Role::UnitLead
        | Role::Supervisor
        | Role::Verifier => may_read(caller, ticket).map(drop),
        role @ (Role::MergeReviewer
        | Role::Arbiter
        | Role::Callback
        | Role::CallbackBot
        | Role::Qa
        | Role::KpiAdmin
        | Role::Analyst
        | Role::Leader
        | Role::SysAdmin
        | Role::SecAdmin
        | Role::Auditor) => Err(Denial::Role(role)),
    }
}

/// What can be administered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Administration {
    /// Issue and revoke tokens.
    Tokens,
    /// Rotate keys, erase a person.
    Keys,
    /// Dead letters, replay, republish, settings in force.
    Operation,
    /// Publish a responsibility catalogue, limits, calendars.
    Catalogue,
    /// Formulas and exclusions of the score.
    Scores,
    /// Read who saw and did what.
    Audit,
}

impl Administration {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Tokens, Self::Keys, Self::Operation, Self::Catalogue, Self::Scores, Self::Audit];
}

/// May the caller administer this? The three administrators are separate (三员分立, D§3).
///
/// # Errors
/// Why not.
pub fn may_administer(caller: &Caller, what: Administration) -> Result<(), Denial> {
    let role = match what {
        Administration::Tokens | Administration::Keys => Role::SecAdmin,
        Administration::Operation | Administration::Catalogue => Role::SysAdmin,
        Administration::Scores => Role::KpiAdmin,
        Administration::Audit => Role::Auditor,
    };
    if caller.actor.role != role {
        return Err(Denial::Role(caller.actor.role));
    }
    if caller.outsourced {
        return Err(Denial::Outsourced);
    }
    Ok(())
}

/// May the caller watch figures of the whole hotline: live page, reports, lag? They hold no words and no
/// persons.
///
/// # Errors
/// Why not.
pub fn may_watch(caller: &Caller) -> Result<(), Denial> {
    match caller.actor.role {
        Role::Dispatcher
        | Role::MergeReviewer
        | Role::UnitLead
        | Role::Arbiter
        | Role::Supervisor
        | Role::Qa
        | Role::KpiAdmin
        | Role::Analyst
        | Role::Leader
        | Role::SysAdmin
        | Role::SecAdmin
        | Role::Auditor
        | Role::System => Ok(()),
        role @ (Role::Agent
        | Role::IntakeBot
        | Role::UnitSigner
        | Role::UnitHandler
        | Role::Verifier
        | Role::Callback
        | Role::CallbackBot
        | Role::Citizen) => Err(Denial::Role(role)),
    }
}

/// May one person hold both roles? Two of the three administrators never (D§3).
#[must_use]
pub fn may_hold_together(one: Role, other: Role) -> bool {
    const ADMINISTRATORS: [Role; 3] = [Role::SysAdmin, Role::SecAdmin, Role::Auditor];
    one == other || !(ADMINISTRATORS.contains(&one) && ADMINISTRATORS.contains(&other))
}

/// Is the ticket with the caller's unit? A unit's teams have codes below it: `U12/night`. The unit sees its
/// teams' tasks, a team the unit's, but not another team's.
fn with_own_unit(caller: &Caller, ticket: &TicketView<'_>) -> bool {
    caller.actor.unit.as_ref().is_some_and(|own| ticket.units.iter().any(|unit| related(own, unit)))
}

fn related(one: &UnitCode, other: &UnitCode) -> bool {
    let below = |unit: &UnitCode, above: &UnitCode| {
        unit.as_str().strip_prefix(above.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    below(one, other) || below(other, one)
}

/// Somebody bound to an area sees what happened inside it; what happened nobody knows where is for those
/// who are bound to none.
fn in_own_area(caller: &Caller, ticket: &TicketView<'_>) -> Result<(), Denial> {
    let Some(own) = &caller.actor.area else {
        return Ok(());
    };
    match ticket.area {
        Some(area) if own.contains(area) => Ok(()),
        Some(_) | None => Err(Denial::OtherArea),
    }
}

#[cfg(test)]
mod tests;
