//! Who inside a unit is given a ticket, and why; who was not, and why not.

mod words;

use std::collections::BTreeMap;

use serde::Serialize;
use suban_domain::{AreaCode, At, MatterCode, PersonCode, UnitCode};

use crate::{Effort, Job, Ledger, OnDuty, Person, Rank, Roster, Rung, ShiftCode, Skill, ledger};

/// What must be known of a ticket to give it to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// For which unit, or team of one.
    pub unit: UnitCode,
    /// Which job it is: a handler's in a unit; a dispatcher's or a call-back's in the hall.
    pub job: Job,
    /// Its matter, for skills.
    pub matter: Option<MatterCode>,
    /// Its place, for areas.
    pub area: Option<AreaCode>,
    /// Further skills it needs, such as `lang:en`.
    pub needs: Vec<Skill>,
    /// How much work it is.
    pub effort: Effort,
    /// Somebody whom a person chose.
    pub pinned: Option<PersonCode>,
}

impl Work {
    /// An ordinary ticket for a unit's handlers.
    #[must_use]
    pub const fn handling(unit: UnitCode) -> Self {
        Self { unit, job: Job::Handler, matter: None, area: None, needs: Vec::new(), effort: Effort(1), pinned: None }
    }
}

/// Why somebody was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A person chose this one.
    Pinned,
    /// Serves then.
    OnDuty {
        /// On which shift.
        shift: ShiftCode,
        /// As what.
        rank: Rank,
        /// For whom, who is on leave.
        instead_of: Option<PersonCode>,
    },
    /// Has the skills it needs.
    Skilled,
    /// Is there for its area.
    Local,
    /// Has room for it.
    Room {
        /// Open tickets.
        open: u32,
        /// Most that there may be; none: no limit.
        capacity: Option<u32>,
    },
    /// Of those who could have had it, owes most; in millionths of a point beyond the own part.
    FairTurn {
        /// Negative: was given less than the own part so far.
        balance: i64,
        /// Out of how many.
        of: usize,
    },
    /// Nobody who serves and has room is there for its area.
    NobodyForArea,
    /// Nobody who serves and has room has the skills.
    NobodySkilled,
    /// Everybody who serves is full.
    EverybodyFull,
    /// Nobody with this job serves then: it goes to the one who answers for the unit.
    NobodyServes {
        /// Where the ladder found that one.
        rung: Rung,
    },
}

/// Why somebody was not chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// Was pinned, and is nobody of this unit.
    OtherUnit,
    /// On leave.
    OnLeave,
    /// Does not serve then.
    OffDuty,
    /// Has no more room.
    Full {
        /// Open tickets.
        open: u32,
        /// Most that there may be.
        capacity: u32,
    },
    /// Lacks a skill.
    Unskilled,
    /// Is there for other areas.
    OtherArea,
    /// Could have had it, and owes less than the one who got it.
    HadMore {
        /// In millionths of a point beyond the own part.
        balance: i64,
    },
    /// Could have had it, but somebody was pinned.
    NotPinned,
}

/// Who is given a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assignment {
    /// The one.
    pub person: PersonCode,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Everybody of the unit with this job who was not, by code.
    pub refused: Vec<(PersonCode, Refused)>,
    /// How much work it is.
    pub effort: Effort,
    /// Whose debt the ticket is, for [`Ledger::record`]: millionths of a point, together its effort.
    pub parts: Vec<(PersonCode, u64)>,
}

/// Somebody who serves and has the job.
struct Candidate<'a> {
    person: &'a Person,
    turn: &'a OnDuty,
    open: u32,
    balance: i64,
    skilled: bool,
    local: bool,
}

impl Candidate<'_> {
    fn full(&self) -> Option<u32> {
        self.person.capacity.filter(|capacity| self.open >= *capacity)
    }
}

/// Gives a ticket to exactly one person, the same for the same values.
///
/// Whoever is pinned has it, unless on leave. Else it is somebody who serves and has the job, has room, has the skills
/// and is there for the area; where nobody is, area gives way first, then skills, then room. Of those who are left the
/// one who owes most by `ledger` has it; then who has fewer open tickets, then by code. When nobody serves, it is the
/// one who answers for the unit. `open` counts everybody's open tickets; who is not in it has none.
#[must_use]
pub fn assign(roster: &Roster, work: &Work, open: &BTreeMap<PersonCode, u32>, now: At, ledger: &Ledger) -> Assignment {
    let serving = roster.on_duty(&work.unit, now);
    let has_job = |code: &PersonCode| roster.person(code).is_some_and(|person| person.jobs.contains(&work.job));
    let turns = serving.iter().filter(|turn| has_job(&turn.person) || turn.instead_of.as_ref().is_some_and(has_job));
    let mut candidates: Vec<Candidate<'_>> = turns
        .filter_map(|turn| {
            let person = roster.person(&turn.person)?;
            Some(Candidate {
                person,
                turn,
                open: open.get(&person.code).copied().unwrap_or(0),
                balance: ledger.balance(&person.code),
                skilled: is_skilled(person, work),
                local: is_local(person, work),
            })
        })
        .collect();
    candidates.sort_by(|a, b| (a.balance, a.open, &a.person.code).cmp(&(b.balance, b.open, &b.person.code)));

    let (person, reasons) = match pinned(roster, work, now) {
        Some(code) => (code.clone(), vec![Reason::Pinned]),
        None => choose(&candidates).unwrap_or_else(|| {
            let answers = roster.responsible(&work.unit, now);
            let rung = answers.rung();
            (answers.person, vec![Reason::NobodyServes { rung }])
        }),
    };
    let refused = refused(roster, work, now, &candidates, &person);
    // A debt of everybody who serves, whether there is room or not: who closes slowly does not get less by it.
    let mut debtors: Vec<_> = candidates.iter().map(|c| &c.person.code).collect();
    if debtors.is_empty() {
        debtors.push(&person);
    }
    debtors.sort();
    let parts = ledger::parts(work.effort, &debtors);
    Assignment { reasons, refused, effort: work.effort, parts, person }
}

fn is_skilled(person: &Person, work: &Work) -> bool {
    let mut matters = person.skills.iter().filter(|skill| !skill.is_word()).peekable();
    let matter = match &work.matter {
        Some(matter) if matters.peek().is_some() => matters.any(|skill| skill.is_for(matter)),
        Some(_) | None => true,
    };
    matter && work.needs.iter().all(|need| person.skills.contains(need))
}

fn is_local(person: &Person, work: &Work) -> bool {
    let areas = &person.areas;
    work.area.as_ref().is_none_or(|area| areas.is_empty() || areas.iter().any(|own| own.contains(area)))
}

/// Of this unit, whatever team.
fn is_of_unit(roster: &Roster, person: &Person, unit: &UnitCode) -> bool {
    person.unit == *roster.units().parent(unit).unwrap_or(unit)
}

/// Whoever is pinned, and may have it.
fn pinned<'a>(roster: &Roster, work: &'a Work, now: At) -> Option<&'a PersonCode> {
    let code = work.pinned.as_ref()?;
    let person = roster.person(code)?;
    (is_of_unit(roster, person, &work.unit) && !roster.is_away(code, now)).then_some(code)
}

/// The first of those who fit best.
fn choose(candidates: &[Candidate<'_>]) -> Option<(PersonCode, Vec<Reason>)> {
    // What gives way, from nothing to everything: area, then skills, then room.
    let tiers: [fn(&Candidate<'_>) -> bool; 6] = [
        |c| c.full().is_none() && c.skilled && c.local,
        |c| c.full().is_none() && c.skilled,
        |c| c.full().is_none(),
        |c| c.skilled && c.local,
        |c| c.skilled,
        |_| true,
    ];
    let fit = tiers.iter().find(|fits| candidates.iter().any(fits))?;
    let of = candidates.iter().filter(|c| fit(c)).count();
    let chosen = candidates.iter().find(|c| fit(c))?;
    let (turn, full) = (chosen.turn, chosen.full().is_some());
    let mut reasons =
        vec![Reason::OnDuty { shift: turn.shift.clone(), rank: turn.rank, instead_of: turn.instead_of.clone() }];
    reasons.push(if chosen.skilled { Reason::Skilled } else { Reason::NobodySkilled });
    reasons.push(if chosen.local { Reason::Local } else { Reason::NobodyForArea });
    reasons.push(if full {
        Reason::EverybodyFull
    } else {
        Reason::Room { open: chosen.open, capacity: chosen.person.capacity }
    });
    reasons.push(Reason::FairTurn { balance: chosen.balance, of });
    Some((chosen.person.code.clone(), reasons))
}

/// Everybody of the unit with this job, and who was pinned, but not the one who has it.
fn refused(
    roster: &Roster,
    work: &Work,
    now: At,
    candidates: &[Candidate<'_>],
    chosen: &PersonCode,
) -> Vec<(PersonCode, Refused)> {
    let was_pinned = work.pinned.as_ref() == Some(chosen);
    let by_code: BTreeMap<&PersonCode, &Candidate<'_>> = candidates.iter().map(|c| (&c.person.code, c)).collect();
    let why = |person: &Person| {
        let Some(candidate) = by_code.get(&person.code) else {
            return if roster.is_away(&person.code, now) { Refused::OnLeave } else { Refused::OffDuty };
        };
        match candidate.full() {
            Some(capacity) => Refused::Full { open: candidate.open, capacity },
            None if !candidate.skilled => Refused::Unskilled,
            None if !candidate.local => Refused::OtherArea,
            None if was_pinned => Refused::NotPinned,
            None => Refused::HadMore { balance: candidate.balance },
        }
    };
    let unit = roster.units().parent(&work.unit).unwrap_or(&work.unit);
    let asked = |person: &&Person| {
        let here = *unit == work.unit || person.team.as_ref() == Some(&work.unit);
        (here && person.jobs.contains(&work.job)) || by_code.contains_key(&person.code)
    };
    let mut refused: BTreeMap<PersonCode, Refused> =
        roster.people_of(unit).filter(asked).map(|person| (person.code.clone(), why(person))).collect();
    if let Some(code) = &work.pinned {
        let of_unit = roster.person(code).is_some_and(|person| is_of_unit(roster, person, &work.unit));
        refused.insert(code.clone(), if of_unit { Refused::OnLeave } else { Refused::OtherUnit });
    }
    refused.remove(chosen);
    refused.into_iter().collect()
}
