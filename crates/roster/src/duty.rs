//! Who serves at an instant.

use std::sync::Arc;

use jiff::{ToSpan as _, civil::Date};
use serde::Serialize;
use suban_domain::{At, PersonCode, UnitCode};

use crate::{
    Rank, Roster, ShiftCode,
    roster::{Entry, Member, Place, Post},
};

/// Somebody who serves at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OnDuty {
    /// Who.
    pub person: PersonCode,
    /// As what.
    pub rank: Rank,
    /// For which unit or team.
    pub unit: UnitCode,
    /// On which shift.
    pub shift: ShiftCode,
    /// When it began.
    pub from: At,
    /// When it ends.
    pub until: At,
    /// For whom, who is on leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<PersonCode>,
}

/// A turn that an instant lies in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Running<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) post: &'a Post,
    pub(crate) from: At,
    pub(crate) until: At,
}

impl Place {
    /// The shifts that an instant lies in, whoever serves them: the day each began on, and from when until when.
    pub(crate) fn running(&self, at: At) -> impl Iterator<Item = (&Post, Date, At, At)> {
        // No shift is longer than a day, so it began on this day or on the one before.
        let today = self.date(at);
        let days = [today.saturating_sub(1.day()), today];
        self.posts.iter().flat_map(move |post| {
            days.into_iter().filter_map(move |date| {
                let (from, until) = post.shift.times.on(date, self.calendar.zone());
                (from <= at && at < until).then_some((post, date, from, until))
            })
        })
    }

    /// Everybody's turns at an instant, on leave or not; who began first comes first.
    pub(crate) fn turns(&self, at: At) -> Vec<Running<'_>> {
        let mut turns: Vec<_> = self
            .running(at)
            .flat_map(|(post, date, from, until)| {
                post.on(date, self).map(move |entry| Running { entry, post, from, until })
            })
            .collect();
        turns.sort_by_key(|turn| (turn.entry.rank, turn.from));
        turns
    }
}

impl Roster {
    /// Everybody who serves in a unit and its teams, or in a team, at an instant: duty before backup before staff,
    /// nobody on leave, and each once. Whoever stands in for somebody on leave serves that turn.
    #[must_use]
    pub fn on_duty(&self, unit: &UnitCode, at: At) -> Vec<OnDuty> {
        let mut all: Vec<OnDuty> = Vec::new();
        for place in self.downwards(unit) {
            for turn in place.turns(at) {
                let Some(there) = self.stand_in(&turn.entry.member, at, &mut |_, _| {}) else { continue };
                let own = there.code() == turn.entry.member.code();
                all.push(OnDuty {
                    person: there.code().clone(),
                    rank: turn.entry.rank,
                    unit: place.code.clone(),
                    shift: turn.post.shift.code.clone(),
                    from: turn.from,
                    until: turn.until,
                    instead_of: (!own).then(|| turn.entry.member.code().clone()),
                });
            }
        }
        all.sort_by_key(|one| (one.rank, one.instead_of.is_some()));
        let mut seen = std::collections::BTreeSet::new();
        all.retain(|one| seen.insert(one.person.clone()));
        all
    }

    /// The person, or, on leave, the first deputy that is there, or that deputy's. Tells of everybody on leave that
    /// was asked, and for whom.
    pub(crate) fn stand_in<'a>(
        &'a self,
        member: &'a Arc<Member>,
        at: At,
        away: &mut dyn FnMut(&'a Member, Option<&'a Member>),
    ) -> Option<&'a Arc<Member>> {
        self.asked(member, None, at, away)
    }

    /// Ends, because no cycle of deputies holds at any instant.
    fn asked<'a>(
        &'a self,
        member: &'a Arc<Member>,
        instead_of: Option<&'a Member>,
        at: At,
        away: &mut dyn FnMut(&'a Member, Option<&'a Member>),
    ) -> Option<&'a Arc<Member>> {
        if !member.is_away(at) {
            return Some(member);
        }
        away(member, instead_of);
        let deputies = self.deputies.get(member.code()).map_or(&[][..], Vec::as_slice);
        let now = deputies.iter().filter(|deputy| deputy.from <= at && at < deputy.until);
        now.into_iter().find_map(|deputy| self.asked(&deputy.deputy, Some(member), at, away))
    }
}
