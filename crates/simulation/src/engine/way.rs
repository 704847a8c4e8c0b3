//! The way of a ticket: from its arrival through dispatch, sign, contact and work to the answer that stands.

use suban_domain::{
    At, Timer, Urgency,
    calendar::{CalendarError, Measure},
};

use super::{HALL, RETURNS_TO_RULING, Reason, Step, Town, signers_of};
use crate::{
    case::{lognormal, span_h},
    policy::{Automatic, Queue},
};

impl Town<'_> {
    /// A station is done with it.
    pub(super) fn worked_on(&mut self, now: At, station: usize, ticket: usize) -> Result<(), CalendarError> {
        if station == HALL {
            let right = self.case(ticket).luck.right[0] < self.setting.policy.dispatch.by_hand.right_first_time;
            let unit = if right { self.case(ticket).unit } else { self.stray(ticket, 0) };
            return self.sent(now, ticket, unit);
        }
        if station % 2 == 1 { self.signed(now, ticket) } else { self.handled(now, ticket) }
    }

    pub(super) fn arrives(&mut self, now: At, ticket: usize) -> Result<(), CalendarError> {
        let (policy, case) = (self.setting.policy, self.case(ticket));
        let first = self.leads.get(&case.matter).copied().filter(|lead| self.live[*lead].life.closed.is_none());
        match (first, &policy.merging) {
            (Some(first), Some(merging)) if case.luck.found < merging.found => {
                self.live[ticket].life.merged = true;
                self.live[first].followers.push(ticket);
                return self.citizen_urges(now, first);
            }
            (Some(first), _) => self.live[ticket].first = Some(first),
            (None, _) => drop(self.leads.insert(case.matter, ticket)),
        }
        let by_itself = match &policy.dispatch.automatic {
            Some(Automatic::Share { share, right_first_time, seconds }) if case.luck.automatic < *share => {
                let right = case.luck.right[0] < *right_first_time;
                Some((if right { case.unit } else { self.stray(ticket, 0) }, *seconds))
            }
            Some(Automatic::History { seconds, .. }) => {
                self.setting.sent.get(ticket).copied().flatten().map(|unit| (unit, *seconds))
            }
            Some(Automatic::Share { .. }) | None => None,
        };
        let Some((unit, seconds)) = by_itself else { return self.enqueue(now, HALL, ticket, now) };
        self.live[ticket].unit = unit;
        self.live[ticket].life.automatic = true;
        self.delay(ticket, now.plus(span_h(seconds / 3600.0)), Measure::Natural, Step::Sent);
        Ok(())
    }

    pub(super) fn goes_on(&mut self, now: At, ticket: usize, step: Step) -> Result<(), CalendarError> {
        match step {
            Step::Sent => self.sent(now, ticket, self.live[ticket].unit),
            Step::Looked => self.enqueue(now, signers_of(self.live[ticket].unit), ticket, now),
            Step::Returned => self.returned(now, ticket),
            Step::Reviewed => self.reviewed(now, ticket),
            Step::Contacted => {
                self.live[ticket].life.contacted = Some(now);
                self.work(now, ticket)
            }
            Step::Answered => self.answered(now, ticket),
            Step::CalledBack => self.work(now, ticket),
        }
    }

    fn sent(&mut self, now: At, ticket: usize, unit: usize) -> Result<(), CalendarError> {
        let (kind, policy) = (self.case(ticket).kind, self.setting.policy);
        let live = &mut self.live[ticket];
        live.unit = unit;
        live.dispatches += 1;
        live.is_signed = false;
        live.life.dispatched = Some(now);
        let dispatches = live.dispatches;
        if live.life.promised.is_none() {
            let due = self.due(Timer::Promise, ticket, now);
            self.live[ticket].life.promised = Some(due);
            let limits = self.setting.limits;
            let near = limits.near(limits.measure(Timer::Promise, Urgency::Normal, Some(kind)), now, due);
            self.press_at(near, ticket, Reason::Near);
            self.press_at(limits.red(Urgency::Normal, due), ticket, Reason::Red);
        }
        self.press_at(self.due(Timer::Sign, ticket, now), ticket, Reason::Unsigned(dispatches));
        let turn = usize::from(dispatches.saturating_sub(1)).min(2);
        let looks = policy.sign.looks_every_min / 60.0 * self.case(ticket).luck.looked[turn];
        let there = self.stations[signers_of(unit)].desk.next_at_work(now)?;
        self.delay(ticket, there.plus(span_h(looks)), Measure::Natural, Step::Looked);
        Ok(())
    }

    fn signed(&mut self, now: At, ticket: usize) -> Result<(), CalendarError> {
        let (world, case) = (&self.setting.policy.world, self.case(ticket));
        self.live[ticket].is_signed = true;
        if self.live[ticket].unit == case.unit {
            self.live[ticket].life.signed = Some(now);
            let hours = lognormal(world.handling.contact_h, world.handling.spread, case.luck.contact);
            self.delay(ticket, self.working(now, hours)?, Measure::Working, Step::Contacted);
            self.press_at(self.due(Timer::Contact, ticket, now), ticket, Reason::Uncontacted);
            return Ok(());
        }
        let latest = self.due(Timer::Return, ticket, self.live[ticket].life.dispatched.unwrap_or(now)).max(now);
        let until = self.working(now, world.returns.after_h)?.min(latest);
        self.delay(ticket, until, Measure::Working, Step::Returned);
        Ok(())
    }

    fn returned(&mut self, now: At, ticket: usize) -> Result<(), CalendarError> {
        self.live[ticket].life.returns += 1;
        let mut until = self.working(now, self.setting.policy.world.returns.review_h)?;
        if self.live[ticket].life.returns >= RETURNS_TO_RULING {
            until = until.max(self.due(Timer::Dispute, ticket, now));
        }
        self.delay(ticket, until, Measure::Working, Step::Reviewed);
        Ok(())
    }

    fn reviewed(&mut self, now: At, ticket: usize) -> Result<(), CalendarError> {
        let ruled = self.live[ticket].life.returns >= RETURNS_TO_RULING;
        let right = ruled || self.case(ticket).luck.right[1] < self.setting.policy.world.returns.right_again;
        let unit = if right { self.case(ticket).unit } else { self.stray(ticket, 1) };
        self.sent(now, ticket, unit)
    }

    /// A unit that is not the right one: that of some other ticket, so that busy units get more of them.
    fn stray(&self, ticket: usize, turn: usize) -> usize {
        let (cases, case) = (self.setting.cases, self.case(ticket));
        let from = (case.luck.stray[turn.min(1)] * cases.len() as f64) as usize;
        let others = cases.iter().cycle().skip(from).take(cases.len()).map(|other| other.unit);
        others.into_iter().find(|unit| *unit != case.unit).unwrap_or(case.unit)
    }

    fn work(&mut self, now: At, ticket: usize) -> Result<(), CalendarError> {
        let key = match self.setting.policy.queue {
            Queue::Fifo => now,
            Queue::EarliestDue => self.live[ticket].life.promised.unwrap_or(now),
        };
        self.enqueue(now, signers_of(self.case(ticket).unit) + 1, ticket, key)
    }

    fn handled(&mut self, now: At, ticket: usize) -> Result<(), CalendarError> {
        let (handling, case, live) = (&self.setting.policy.world.handling, self.case(ticket), &self.live[ticket]);
        // A repeat waits for the first, not for others; a redo is the unit's own work.
        if live.first.is_some() || live.is_redo {
            return self.answered(now, ticket);
        }
        let hours = lognormal(handling.wait(case.kind), handling.wait_spread, case.luck.wait);
        self.delay(ticket, self.working(now, hours)?, Measure::Working, Step::Answered);
        Ok(())
    }

    fn answered(&mut self, now: At, ticket: usize) -> Result<(), CalendarError> {
        if let Some(first) = self.live[ticket].first
            && self.live[first].life.closed.is_none()
        {
            self.live[first].behind.push(ticket);
            return Ok(());
        }
        if !self.live[ticket].is_redo && self.case(ticket).luck.redo < self.setting.policy.world.handling.redo {
            self.live[ticket].is_redo = true;
            let called = self.due(Timer::Callback, ticket, now);
            self.delay(ticket, called, Measure::Natural, Step::CalledBack);
            return Ok(());
        }
        self.live[ticket].life.closed = Some(now);
        for follower in std::mem::take(&mut self.live[ticket].followers) {
            self.live[follower].life.closed = Some(now);
        }
        for repeat in std::mem::take(&mut self.live[ticket].behind) {
            self.answered(now, repeat)?;
        }
        Ok(())
    }
}
