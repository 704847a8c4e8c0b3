//! Clocks in the fold: set and ended by events, left behind with a state, moved by a pause.

use std::collections::BTreeMap;

use crate::{At, Due, Span, State, Task, Ticket, Timer};

impl Ticket {
    /// Clocks of a state that was left stop; clocks of the whole ticket go on (D§6.1).
    pub(super) fn leave_clocks_behind(&mut self) {
        let state = self.state;
        self.dues.retain(|timer, _| match timer {
            Timer::Accept => state == State::Received,
            Timer::Supplement => state == State::NeedInfo,
            Timer::Judge => matches!(state, State::Received | State::PendingDispatch),
            Timer::Dispatch => state == State::PendingDispatch,
            Timer::ReturnReview => state == State::ReturnReview,
            Timer::Dispute => state == State::InDispute,
            Timer::SuspendReview => state == State::Suspended,
            Timer::CloseReview => state == State::CloseReview,
            Timer::Verify => state == State::PendingVerify,
            Timer::Callback | Timer::CallbackEnd => state == State::PendingCallback,
            Timer::Rating => matches!(state, State::Answered | State::Rejected | State::Closed),
            Timer::Reraise | Timer::KpiAppeal => state == State::Closed,
            Timer::Upstream => state == State::ReturnedUpstream,
            Timer::Promise | Timer::Interim => state.is_open(),
            // Clocks of units; they stand in tasks, never here.
            Timer::Sign | Timer::Contact | Timer::Handle | Timer::Return | Timer::Redo => false,
        });
    }

    pub(super) fn set_dues(&mut self, dues: &[Due]) {
        for due in dues {
            match &due.unit {
                None => set(&mut self.dues, &mut self.cards, due),
                Some(unit) => {
                    self.change_task(unit, |t| {
                        set(&mut t.dues, &mut t.cards, due);
                        if due.at.is_some() {
                            t.remember_due(due);
                        }
                    });
                }
            }
        }
    }

    /// No card about a clock that does not run.
    pub(super) fn drop_idle_cards(&mut self) {
        self.cards.retain(|timer, _| self.dues.contains_key(timer));
        for task in &mut self.tasks {
            task.cards.retain(|timer, _| task.dues.contains_key(timer));
        }
    }

    /// The ticket's own clocks move by a pause, in natural time: see [`Task::move_clocks`].
    pub(super) fn move_own_clocks(&mut self, by: Span) {
        self.dues.values_mut().chain(self.cards.values_mut()).for_each(|at| *at = at.plus(by));
    }
}

impl Task {
    /// Due times as last set stay beside the running clocks, to say later what was in time.
    pub(super) fn remember_due(&mut self, due: &Due) {
        match due.timer {
            Timer::Handle | Timer::Redo => self.handle_due = due.at,
            Timer::Sign => self.sign_due = due.at,
            Timer::Contact => self.contact_due = due.at,
            Timer::Accept
            | Timer::Supplement
            | Timer::Dispatch
            | Timer::Judge
            | Timer::Interim
            | Timer::Return
            | Timer::ReturnReview
            | Timer::Dispute
            | Timer::SuspendReview
            | Timer::CloseReview
            | Timer::Verify
            | Timer::Callback
            | Timer::CallbackEnd
            | Timer::Rating
            | Timer::Reraise
            | Timer::Upstream
            | Timer::KpiAppeal
            | Timer::Promise => {}
        }
    }

    /// Every clock that still runs, and what is remembered of it, moves by a pause (R-TIM-4), in natural time: so were
    /// pauses given back before clocks knew a calendar, and so must old logs fold. An event says its dues itself now,
    /// and they are set after this.
    pub(super) fn move_clocks(&mut self, by: Span) {
        let remembered = [
            (Timer::Sign, &mut self.sign_due),
            (Timer::Contact, &mut self.contact_due),
            (Timer::Handle, &mut self.handle_due),
        ];
        for (timer, due) in remembered {
            let runs =
                self.dues.contains_key(&timer) || (timer == Timer::Handle && self.dues.contains_key(&Timer::Redo));
            if runs {
                *due = due.map(|d| d.plus(by));
            }
        }
        self.dues.values_mut().chain(self.cards.values_mut()).for_each(|at| *at = at.plus(by));
    }
}

fn set(dues: &mut BTreeMap<Timer, At>, cards: &mut BTreeMap<Timer, At>, due: &Due) {
    match due.at {
        Some(at) => dues.insert(due.timer, at),
        None => dues.remove(&due.timer),
    };
    match due.card {
        Some(at) => cards.insert(due.timer, at),
        None => cards.remove(&due.timer),
    };
}
