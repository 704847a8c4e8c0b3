//! Exactly one person answers for a unit at each instant (D§14: duty → backup → unit lead → district duty).

use std::sync::Arc;

use serde::Serialize;
use suban_domain::{At, PersonCode, UnitCode};

use crate::{
    Rank, Roster,
    roster::{Member, Place},
};

/// A step of the ladder, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// 主班.
    Duty,
    /// 副班.
    Backup,
    /// 分管负责人.
    Lead,
    /// 区值班.
    District,
}

impl Rung {
    /// The word to show.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Duty => "主班",
            Self::Backup => "副班",
            Self::Lead => "分管负责人",
            Self::District => "区值班",
        }
    }

    /// The same in English.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::Duty => "duty",
            Self::Backup => "backup",
            Self::Lead => "unit lead",
            Self::District => "district duty",
        }
    }
}

/// What was found on a rung.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// The roster has nobody there then.
    Nobody,
    /// Somebody who is on leave.
    Away,
    /// A deputy of somebody, on leave as well.
    DeputyAway(PersonCode),
    /// Somebody who is there, and answers.
    Answers,
    /// A deputy of somebody on leave, who is there, and answers.
    StandsIn(PersonCode),
    /// The last that there is, on leave as everybody else; answers all the same.
    LastResort,
}

/// One step on the way to whoever answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// On which rung.
    pub rung: Rung,
    /// Of which unit or team; the district's is the one asked.
    pub unit: UnitCode,
    /// Who was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonCode>,
    /// What came of it.
    pub found: Found,
}

impl Step {
    /// In Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        let (rung, unit) = (self.rung.zh(), &self.unit);
        let person = self.person.as_ref().map_or("", PersonCode::as_str);
        match &self.found {
            Found::Nobody => format!("{unit}{rung}无人排班"),
            Found::Away => format!("{unit}{rung}{person}请假"),
            Found::DeputyAway(of) => format!("{of}的代班人{person}也请假"),
            Found::Answers => format!("{unit}{rung}{person}负责"),
            Found::StandsIn(of) => format!("{person}代{of}({unit}{rung})负责"),
            Found::LastResort => format!("全员请假,仍由{rung}{person}负责"),
        }
    }

    /// In English.
    #[must_use]
    pub fn en(&self) -> String {
        let (rung, unit) = (self.rung.en(), &self.unit);
        let person = self.person.as_ref().map_or("", PersonCode::as_str);
        match &self.found {
            Found::Nobody => format!("{unit} has no {rung} on its roster"),
            Found::Away => format!("{rung} {person} of {unit} is on leave"),
            Found::DeputyAway(of) => format!("{person}, deputy of {of}, is on leave too"),
            Found::Answers => format!("{rung} {person} of {unit} answers"),
            Found::StandsIn(of) => format!("{person} stands in for {of}, {rung} of {unit}, and answers"),
            Found::LastResort => format!("everybody is on leave; {rung} {person} answers all the same"),
        }
    }
}

/// Who answers for a unit at an instant, and how it came to that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Responsible {
    /// The one person.
    pub person: PersonCode,
    /// Every step of the ladder that was looked at; the last is the one that answers.
    pub through: Vec<Step>,
}

impl Responsible {
    /// On which rung the person was found.
    #[must_use]
    pub fn rung(&self) -> Rung {
        self.through.last().map_or(Rung::District, |step| step.rung)
    }
}

impl Roster {
    /// The one person who answers for a unit or a team at an instant. A team's ladder goes on with its unit's.
    ///
    /// Somebody on leave is replaced by a deputy that is there, and a deputy on leave by their own; else the next in
    /// the order of the duty list is asked, then the next rung. There is an answer for any unit at any instant, also
    /// for one that the roster has nobody for. Of several on a rung, whoever began first answers until the shift ends.
    #[must_use]
    pub fn responsible(&self, unit: &UnitCode, at: At) -> Responsible {
        let mut climb = Climb { roster: self, at, through: Vec::new() };
        for code in self.upwards(unit) {
            let place = self.places.get(code);
            let turns = place.map(|place| place.turns(at)).unwrap_or_default();
            for (rung, rank) in [(Rung::Duty, Rank::Duty), (Rung::Backup, Rank::Backup)] {
                let on = turns.iter().filter(|turn| turn.entry.rank == rank).map(|turn| &turn.entry.member);
                if let Some(person) = climb.ask(rung, code, on) {
                    return climb.reached(person);
                }
            }
            let leads = place.map_or(&[][..], |place| place.leads.as_slice());
            if let Some(person) = climb.ask(Rung::Lead, code, leads) {
                return climb.reached(person);
            }
        }
        let district = self.on_call(at);
        if let Some(person) = climb.ask(Rung::District, unit, district.iter().copied()) {
            return climb.reached(person);
        }
        let last = district.first().map_or(&self.district.first, |first| *first).code().clone();
        climb.step(Rung::District, unit, Some(&last), Found::LastResort);
        climb.reached(last)
    }

    /// Those of the district duty, whoever is on a shift before the others.
    fn on_call(&self, at: At) -> Vec<&Arc<Member>> {
        let mut all: Vec<_> = self.district.all().collect();
        let places: std::collections::BTreeSet<_> = all.iter().map(|member| member.person.place()).collect();
        let turns: Vec<_> =
            places.into_iter().filter_map(|code| self.places.get(code)).flat_map(|place| place.turns(at)).collect();
        all.sort_by_key(|member| !turns.iter().any(|turn| turn.entry.member.code() == member.code()));
        all
    }

    /// Does the duty list itself answer for this place, without lead and district?
    pub(crate) fn is_covered(&self, place: &Place, at: At) -> bool {
        let answers = |rank| matches!(rank, Rank::Duty | Rank::Backup);
        let mut turns = place.turns(at).into_iter().filter(|turn| answers(turn.entry.rank));
        turns.any(|turn| self.stand_in(&turn.entry.member, at, &mut |_, _| {}).is_some())
    }
}

/// The way up.
struct Climb<'a> {
    roster: &'a Roster,
    at: At,
    through: Vec<Step>,
}

impl<'a> Climb<'a> {
    fn step(&mut self, rung: Rung, unit: &UnitCode, person: Option<&PersonCode>, found: Found) {
        self.through.push(Step { rung, unit: unit.clone(), person: person.cloned(), found });
    }

    fn reached(self, person: PersonCode) -> Responsible {
        Responsible { person, through: self.through }
    }

    /// The first on this rung that is there, or whoever stands in for them.
    fn ask(
        &mut self,
        rung: Rung,
        unit: &UnitCode,
        people: impl IntoIterator<Item = &'a Arc<Member>>,
    ) -> Option<PersonCode> {
        let mut none = true;
        for member in people {
            none = false;
            let mut passed: Vec<(&Member, Option<&Member>)> = Vec::new();
            let there = self.roster.stand_in(member, self.at, &mut |who, of| passed.push((who, of)));
            for (who, of) in &passed {
                let found = of.map_or(Found::Away, |of| Found::DeputyAway(of.code().clone()));
                self.step(rung, unit, Some(who.code()), found);
            }
            if let Some(there) = there {
                let own = there.code() == member.code();
                let found = if own { Found::Answers } else { Found::StandsIn(member.code().clone()) };
                self.step(rung, unit, Some(there.code()), found);
                return Some(there.code().clone());
            }
        }
        if none {
            self.step(rung, unit, None, Found::Nobody);
        }
        None
    }
}
