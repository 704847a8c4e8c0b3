//! Who of a desk is at work at an instant.
//!
//! Everything that asks about people asks here: by shifts in the hours of a calendar, or by a duty roster, whose own
//! answers are laid out once over the time of the run.

use std::sync::Arc;

use suban_domain::{
    At, Span, UnitCode,
    calendar::{Calendar, CalendarError, Calendars},
};
use suban_roster::Roster;

use crate::policy::Shift;

/// How far a roster is laid out: longer than any ticket takes.
const LAID_OUT: Span = Span::days(5 * 366);

/// A desk.
#[derive(Debug, Clone)]
pub(crate) enum Desk {
    /// So many people in the hours of each calendar.
    Shifts(Vec<(Arc<Calendar>, u32)>),
    /// So many people from each of these instants on.
    Roster(Arc<[(At, u32)]>),
}

impl Desk {
    /// As a policy says.
    pub(crate) fn new(shifts: &[Shift], calendars: &Calendars) -> Result<Self, CalendarError> {
        let shift = |shift: &Shift| Ok((Arc::clone(calendars.named(&shift.calendar)?), shift.people));
        shifts.iter().filter(|shift| shift.people > 0).map(shift).collect::<Result<_, _>>().map(Self::Shifts)
    }

    /// So many people in these hours.
    pub(crate) fn of(calendar: &Arc<Calendar>, people: u32) -> Self {
        Self::Shifts(vec![(Arc::clone(calendar), people)])
    }

    /// Whoever is on a unit's duty list from `from` on, and in the end somebody, so that no run waits for ever; none
    /// when nobody is on it in the first thirty days.
    pub(crate) fn on_roster(roster: &Roster, unit: &UnitCode, from: At, until: At) -> Option<Self> {
        let end = until.plus(LAID_OUT);
        let people = |at: At| u32::try_from(roster.on_duty(unit, at).len()).unwrap_or(u32::MAX);
        let mut steps = vec![(from, people(from))];
        for at in roster.boundaries(unit, from, end) {
            let there = people(at);
            if steps.last().is_none_or(|(_, before)| *before != there) {
                steps.push((at, there));
            }
        }
        let soon = from.plus(Span::days(30));
        steps.iter().any(|(at, there)| *at <= soon && *there > 0).then(|| {
            steps.push((end, 1));
            Self::Roster(steps.into())
        })
    }

    /// How many are at work.
    pub(crate) fn people(&self, at: At) -> Result<u32, CalendarError> {
        match self {
            Self::Shifts(shifts) => {
                let mut people = 0_u32;
                for (calendar, there) in shifts {
                    if calendar.next_opening(at)? == at {
                        people = people.saturating_add(*there);
                    }
                }
                Ok(people)
            }
            Self::Roster(steps) => {
                let next = steps.partition_point(|(from, _)| *from <= at);
                Ok(next.checked_sub(1).and_then(|now| steps.get(now)).map_or(0, |(_, people)| *people))
            }
        }
    }

    /// `at` when somebody is at work then, otherwise when the next comes.
    pub(crate) fn next_at_work(&self, at: At) -> Result<At, CalendarError> {
        if self.people(at)? > 0 {
            return Ok(at);
        }
        Ok(self.next_shift(at)?.unwrap_or(at))
    }

    /// When somebody comes who is not at work now.
    pub(crate) fn next_shift(&self, at: At) -> Result<Option<At>, CalendarError> {
        match self {
            Self::Shifts(shifts) => {
                let mut first = None;
                for (calendar, _) in shifts {
                    let opening = calendar.next_opening(at)?;
                    if opening > at && first.is_none_or(|first| opening < first) {
                        first = Some(opening);
                    }
                }
                Ok(first)
            }
            Self::Roster(steps) => {
                let mut now = self.people(at)?;
                let next = steps.partition_point(|(from, _)| *from <= at);
                for (from, people) in steps.iter().skip(next) {
                    if *people > now {
                        return Ok(Some(*from));
                    }
                    now = *people;
                }
                Ok(None)
            }
        }
    }
}
