//! Who of a desk is at work at an instant.
//!
//! This is the seam to the duty roster: everything that asks about people asks here.

use std::sync::Arc;

use suban_domain::{
    At,
    calendar::{Calendar, CalendarError, Calendars},
};

use crate::policy::Shift;

/// A desk: shifts, each in the hours of a calendar.
#[derive(Debug, Clone)]
pub(crate) struct Desk(Vec<(Arc<Calendar>, u32)>);

impl Desk {
    /// As a policy says.
    pub(crate) fn new(shifts: &[Shift], calendars: &Calendars) -> Result<Self, CalendarError> {
        let shift = |shift: &Shift| Ok((Arc::clone(calendars.named(&shift.calendar)?), shift.people));
        shifts.iter().filter(|shift| shift.people > 0).map(shift).collect::<Result<_, _>>().map(Self)
    }

    /// So many people in these hours.
    pub(crate) fn of(calendar: &Arc<Calendar>, people: u32) -> Self {
        Self(vec![(Arc::clone(calendar), people)])
    }

    /// How many are at work.
    pub(crate) fn people(&self, at: At) -> Result<u32, CalendarError> {
        let mut people = 0_u32;
        for (calendar, there) in &self.0 {
            if calendar.next_opening(at)? == at {
                people = people.saturating_add(*there);
            }
        }
        Ok(people)
    }

    /// `at` when somebody is at work then, otherwise when the next comes.
    pub(crate) fn next_at_work(&self, at: At) -> Result<At, CalendarError> {
        self.openings(at, |opening| opening >= at).map(|next| next.unwrap_or(at))
    }

    /// When a shift begins that is not at work now.
    pub(crate) fn next_shift(&self, at: At) -> Result<Option<At>, CalendarError> {
        self.openings(at, |opening| opening > at)
    }

    fn openings(&self, at: At, wanted: impl Fn(At) -> bool) -> Result<Option<At>, CalendarError> {
        let mut first = None;
        for (calendar, _) in &self.0 {
            let opening = calendar.next_opening(at)?;
            if wanted(opening) && first.is_none_or(|first| opening < first) {
                first = Some(opening);
            }
        }
        Ok(first)
    }
}
