//! Urges and cards: what is pressed, and what that does (D§14).

use suban_domain::calendar::Measure;
use suban_domain::{
    At, Span,
    calendar::{Allowance, CalendarError},
};

use super::{COOL_DOWN, Delay, Event, Reason, Step, Town};

impl Town<'_> {
    pub(super) fn press_at(&mut self, at: At, ticket: usize, reason: Reason) {
        if self.setting.policy.urging.is_some() {
            self.later(at, Event::Presses(ticket, reason));
        }
    }

    pub(super) fn presses(&mut self, now: At, ticket: usize, reason: Reason) -> Result<(), CalendarError> {
        let live = &self.live[ticket];
        let still = match reason {
            Reason::Unsigned(dispatch) => dispatch == live.dispatches && !live.is_signed,
            Reason::Uncontacted => live.life.contacted.is_none(),
            Reason::Near | Reason::Red => live.life.closed.is_none(),
        };
        if still { self.urge(now, ticket) } else { Ok(()) }
    }

    /// Whoever joins a ticket urges it (M8).
    pub(super) fn citizen_urges(&mut self, now: At, ticket: usize) -> Result<(), CalendarError> {
        let last = self.live[ticket].citizens_urged_at;
        if self.setting.policy.urging.is_none() || last.is_some_and(|last| now.since(last) < COOL_DOWN) {
            return Ok(());
        }
        self.live[ticket].citizens_urged_at = Some(now);
        self.urge(now, ticket)
    }

    /// It is taken first from now on, and what is left of a delay of the unit or the hall becomes shorter.
    fn urge(&mut self, now: At, ticket: usize) -> Result<(), CalendarError> {
        let Some(urging) = &self.setting.policy.urging else { return Ok(()) };
        let live = &mut self.live[ticket];
        live.is_urged = true;
        if let Some((station, place)) = live.waits {
            live.waits = Some((station, self.stations[station].urge(place)));
        }
        let Some(Delay { until, measure, then }) = live.delay else { return Ok(()) };
        // What the suite does itself is not pressed, nor is a call-back before its time.
        if matches!(then, Step::Sent | Step::CalledBack) {
            return Ok(());
        }
        let left = self.calendar.between(measure, now, until, &[])?;
        let left = Span::micros((left.as_micros() as f64 * (1.0 - urging.effect)) as i64);
        let sooner = match measure {
            Measure::Natural => now.plus(left),
            Measure::Working => self.calendar.due(now, Allowance::Working(left), &[])?,
        };
        self.delay(ticket, sooner.min(until), measure, then);
        Ok(())
    }
}
