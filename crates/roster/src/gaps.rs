//! When answers may change, and where too few serve.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use serde::Serialize;
use suban_domain::{At, Span, UnitCode};

use crate::{Roster, ShiftCode, roster::Place};

/// How far ahead a unit's roster must not be empty (D§14).
pub const LOOK_AHEAD_DAYS: u32 = 7;

/// What is missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lack {
    /// Nobody on the duty list: neither duty nor backup, nor anybody who stands in for them.
    Nobody,
    /// Fewer than the shift asks for.
    Few {
        /// Whose.
        unit: UnitCode,
        /// Which shift.
        shift: ShiftCode,
        /// How many are there.
        present: u32,
        /// How many should be.
        minimum: u32,
    },
}

/// A stretch of time with too few people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Its first moment.
    pub from: At,
    /// The first moment after it.
    pub until: At,
    /// What is missing.
    pub lack: Lack,
}

/// A unit whose duty list is empty at some time soon. It blocks nothing: the ladder answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// Which unit.
    pub unit: UnitCode,
    /// From when on nobody is on it.
    pub from: At,
    /// Until when, as far as was looked.
    pub until: At,
}

impl Roster {
    /// Every instant after `from` and before `until` at which an answer about this unit may change: beginnings and
    /// ends of shifts, leave and deputyship, those of the district duty included. Between two of them nothing changes.
    #[must_use]
    pub fn boundaries(&self, unit: &UnitCode, from: At, until: At) -> Vec<At> {
        let mut all = BTreeSet::new();
        let district = || self.district.all().map(|member| &member.person);
        let codes = self.upwards(unit).chain(self.units.teams(unit)).chain(district().map(crate::Person::place));
        let codes: BTreeSet<&UnitCode> = codes.collect();
        let units: BTreeSet<&UnitCode> = codes.iter().copied().chain(district().map(|person| &person.unit)).collect();
        for place in codes.iter().filter_map(|code| self.places.get(*code)) {
            shifts(place, from, until, &mut all);
        }
        let concerned = |unit: &UnitCode, team: Option<&UnitCode>| {
            units.contains(unit) || team.is_some_and(|team| units.contains(team))
        };
        for member in self.members.values() {
            if concerned(&member.person.unit, member.person.team.as_ref()) {
                all.extend(member.away.iter().flat_map(|(from, until)| [*from, *until]));
                let deputies = self.deputies.get(member.code()).into_iter().flatten();
                all.extend(deputies.flat_map(|deputy| [deputy.from, deputy.until]));
            }
        }
        all.into_iter().filter(|at| from < *at && *at < until).collect()
    }

    /// Where too few serve in a unit and its teams, in so many days from an instant on. Nobody at all is one gap and
    /// not one for each shift besides.
    #[must_use]
    pub fn gaps(&self, unit: &UnitCode, from: At, days: u32) -> Vec<Gap> {
        let until = from.plus(Span::days(i64::from(days)));
        let mut starts = vec![from];
        starts.extend(self.boundaries(unit, from, until));
        let ends = starts.iter().skip(1).copied().chain([until]);
        let mut gaps: Vec<Gap> = Vec::new();
        for (from, until) in starts.iter().copied().zip(ends) {
            for lack in self.lacks(unit, from) {
                match gaps.iter_mut().find(|gap| gap.until == from && gap.lack == lack) {
                    Some(gap) => gap.until = until,
                    None => gaps.push(Gap { from, until, lack }),
                }
            }
        }
        gaps.sort_by(|a, b| (a.from, &a.lack).cmp(&(b.from, &b.lack)));
        gaps
    }

    /// Units, each with its first stretch of so many days on which nobody is on its duty list. With
    /// [`LOOK_AHEAD_DAYS`] this is the alarm of D§14.
    #[must_use]
    pub fn alarms(&self, now: At, days: u32) -> Vec<Alarm> {
        let first = |unit: &UnitCode| {
            let gap = self.gaps(unit, now, days).into_iter().find(|gap| gap.lack == Lack::Nobody)?;
            Some(Alarm { unit: unit.clone(), from: gap.from, until: gap.until })
        };
        self.units.units().filter_map(first).collect()
    }

    fn lacks(&self, unit: &UnitCode, at: At) -> Vec<Lack> {
        if !self.places.get(unit).is_some_and(|place| self.is_covered(place, at)) {
            return vec![Lack::Nobody];
        }
        let mut lacks = Vec::new();
        for place in self.downwards(unit) {
            for (post, date, ..) in place.running(at) {
                if !post.regular || !post.runs(date, place) {
                    continue;
                }
                let there = post.on(date, place).filter_map(|e| self.stand_in(&e.member, at, &mut |_, _| {}));
                let there: BTreeSet<_> = there.map(|member| member.code()).collect();
                let present = u32::try_from(there.len()).unwrap_or(u32::MAX);
                let (unit, shift, minimum) = (place.code.clone(), post.shift.code.clone(), post.shift.minimum);
                if present < minimum {
                    lacks.push(Lack::Few { unit, shift, present, minimum });
                }
            }
        }
        lacks
    }
}

/// Beginnings and ends of a place's shifts.
fn shifts(place: &Place, from: At, until: At, all: &mut BTreeSet<At>) {
    let (first, last) = (place.date(from).saturating_sub(2.days()), place.date(until).saturating_add(1.day()));
    for date in first.series(1.day()).take_while(|date| *date <= last) {
        for post in &place.posts {
            let (begins, ends) = post.shift.times.on(date, place.calendar.zone());
            // Asked in this order: what a day is takes longest.
            let near = ends > from && begins < until;
            if near && (post.runs(date, place) || post.dated.contains_key(&date)) {
                all.extend([begins, ends]);
            }
        }
    }
}
