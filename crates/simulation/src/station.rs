//! A queue and those who work it off: the hall's dispatchers, a unit's signers, a unit's handlers.

use std::{collections::BTreeSet, sync::Arc};

use suban_domain::{
    At, Span,
    calendar::{Allowance, Calendar, CalendarError},
};

use crate::desk::Desk;

/// Place in a queue: the urged first, then by key, then by number.
pub(crate) type Place = (bool, i64, usize);

/// How a piece of work goes on when the shift ends.
#[derive(Debug, Clone)]
pub(crate) enum Pace {
    /// It is minutes; whoever began ends it.
    Through,
    /// It is hours; it goes on at the next opening.
    Hours(Arc<Calendar>),
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Station {
    pub(crate) desk: Desk,
    pace: Pace,
    busy: u32,
    queue: BTreeSet<Place>,
    /// When it is next asked because a shift begins.
    asked_at: Option<At>,
}

/// What a station does next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Takes this ticket.
    Takes(usize),
    /// Nothing until then.
    Waits(At),
    /// Nothing until something comes or ends.
    Nothing,
}

impl Station {
    pub(crate) const fn new(desk: Desk, pace: Pace) -> Self {
        Self { desk, pace, busy: 0, queue: BTreeSet::new(), asked_at: None }
    }

    pub(crate) fn enqueue(&mut self, place: Place) {
        self.queue.insert(place);
    }

    /// Moves a waiting ticket to the front; answers its new place.
    pub(crate) fn urge(&mut self, place: Place) -> Place {
        let urged = (false, place.1, place.2);
        if self.queue.remove(&place) {
            self.queue.insert(urged);
        }
        urged
    }

    /// Somebody is free again.
    pub(crate) const fn done(&mut self) {
        self.busy = self.busy.saturating_sub(1);
    }

    pub(crate) fn next(&mut self, now: At) -> Result<Next, CalendarError> {
        if self.asked_at.is_some_and(|at| at <= now) {
            self.asked_at = None;
        }
        if self.queue.is_empty() {
            return Ok(Next::Nothing);
        }
        if self.busy < self.desk.people(now)?
            && let Some((_, _, ticket)) = self.queue.pop_first()
        {
            self.busy += 1;
            return Ok(Next::Takes(ticket));
        }
        Ok(match self.desk.next_shift(now)? {
            Some(at) if self.asked_at.is_none_or(|asked| at < asked) => {
                self.asked_at = Some(at);
                Next::Waits(at)
            }
            Some(_) | None => Next::Nothing,
        })
    }

    /// When work that begins now and takes so long is done.
    pub(crate) fn done_at(&self, now: At, takes: Span) -> Result<At, CalendarError> {
        match &self.pace {
            Pace::Through => Ok(now.plus(takes)),
            Pace::Hours(calendar) => calendar.due(now, Allowance::Working(takes), &[]),
        }
    }
}
