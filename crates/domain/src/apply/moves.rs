//! What several events do alike: work is given, paused, ended, done again; a master's place changes hands.

use crate::{
    At, Ending, Handover, Merge, Mode, Span, State, Task, TaskRole, TaskState, Ticket, TicketId, Timer, UnitCode,
};

impl Ticket {
    /// Changes the unit's open task; says whether it is the lead's.
    pub(super) fn change_task(&mut self, unit: &UnitCode, change: impl FnOnce(&mut Task)) -> bool {
        let Some(task) = self.tasks.iter_mut().rev().find(|t| t.unit == *unit && t.is_open()) else {
            return false;
        };
        change(task);
        task.role == TaskRole::Lead
    }

    pub(super) fn lead_mut(&mut self) -> Option<&mut Task> {
        self.tasks.iter_mut().rev().find(|t| t.role == TaskRole::Lead && t.is_open())
    }

    pub(super) fn give_work(&mut self, lead: &UnitCode, assists: &[UnitCode], at: At) {
        self.cancel_tasks_for_good();
        self.tasks.push(Task::new(lead.clone(), TaskRole::Lead, at));
        self.tasks.extend(assists.iter().map(|unit| Task::new(unit.clone(), TaskRole::Assist, at)));
        self.extension = None;
        self.held = None;
        self.state = State::PendingSign;
    }

    pub(super) fn end_other_leads(&mut self, unit: &UnitCode) {
        for task in &mut self.tasks {
            if task.is_open() && task.unit != *unit && matches!(task.role, TaskRole::Lead | TaskRole::Interim) {
                task.state = TaskState::Cancelled;
                task.dues.clear();
            }
        }
    }

    /// Cancelled by a merge: they come back as they were if the merge is undone (F39).
    pub(super) fn cancel_tasks(&mut self) {
        for task in self.tasks.iter_mut().filter(|t| t.is_open()) {
            task.held = Some(task.held.unwrap_or(task.state));
            task.state = TaskState::Cancelled;
        }
    }

    pub(super) fn cancel_tasks_for_good(&mut self) {
        for task in self.tasks.iter_mut().filter(|t| t.is_open()) {
            task.held = None;
            task.state = TaskState::Cancelled;
            task.dues.clear();
        }
    }

    pub(super) fn accept_tasks(&mut self) {
        for task in self.tasks.iter_mut().filter(|t| t.is_open()) {
            task.state = if task.role == TaskRole::Interim { TaskState::Cancelled } else { TaskState::Accepted };
            task.dues.clear();
        }
    }

    /// A joint ticket waits for its lead alone once every assist is done (F60).
    pub(super) fn consolidate(&mut self) {
        let joint = self.mode == Some(Mode::Joint);
        if self.state == State::Handling && joint && self.open_assists().next().is_none() {
            self.state = State::Consolidating;
        }
    }

    pub(super) fn go_back(&mut self) {
        self.state = self.held.take().unwrap_or(State::PendingDispatch);
    }

    pub(super) fn pause(&mut self, to: State, at: At) {
        self.held = Some(self.state);
        self.paused_at = Some(at);
        self.state = to;
    }

    /// Work goes on: every clock that was running moves by the pause (R-TIM-4).
    pub(super) fn unpause(&mut self, to: State, at: At) {
        if let Some(since) = self.paused_at.take() {
            let paused = at.since(since);
            self.dues.remove(&Timer::Supplement);
            self.dues.remove(&Timer::SuspendReview);
            self.pauses.push((since, at));
            self.move_own_clocks(paused);
            for task in self.tasks.iter_mut().filter(|t| t.is_open()) {
                task.move_clocks(paused);
            }
        }
        self.held = None;
        self.state = to;
    }

    /// More time, granted; how much it moves the due stands in the event's dues.
    pub(super) fn extend(&mut self, by: Span) {
        self.extension = None;
        self.extension_count = self.extension_count.saturating_add(1);
        self.extended = Span::micros(self.extended.as_micros().saturating_add(by.as_micros()));
    }

    pub(super) fn enter_callback(&mut self) {
        self.attempts = 0;
        self.state = State::PendingCallback;
    }

    pub(super) fn close(&mut self, ending: Ending) {
        self.waiting = None;
        self.accept_tasks();
        self.ending = Some(ending);
        self.state = State::Closed;
    }

    pub(super) fn end(&mut self, state: State) {
        self.cancel_tasks_for_good();
        self.dues.clear();
        self.held = None;
        self.paused_at = None;
        self.waiting = None;
        self.state = state;
    }

    /// Back to the unit that led, with a clock of its own (F31, F34, F48).
    pub(super) fn redo(&mut self, supervised: bool) {
        self.redo_round = self.redo_round.saturating_add(1);
        self.extension_count = 0;
        self.extension = None;
        self.waiting = None;
        self.ending = None;
        let last_lead = self.tasks.iter_mut().rev().find(|t| t.role == TaskRole::Lead);
        if let Some(task) = last_lead {
            task.state = TaskState::Signed;
        }
        self.state = if supervised { State::SupervisedRedo } else { State::Redo };
    }

    pub(super) fn take_over(&mut self, handover: &Handover) {
        self.cancel_tasks_for_good();
        self.state = handover.state;
        self.held = handover.held;
        // What it held before its merge is given up for the master's place.
        self.tasks.iter_mut().for_each(|task| task.held = None);
        self.tasks.extend(handover.tasks.iter().cloned());
        self.dues.clear();
        self.set_dues(&handover.dues);
        self.mode = handover.mode;
        self.tier = handover.tier;
        self.return_lock = handover.return_lock;
        self.return_count = handover.return_count;
        self.redo_round = handover.redo_round;
        self.extension = handover.extension.clone();
        self.extension_count = handover.extension_count;
        self.extended = handover.extended;
        self.urges = self.urges.saturating_add(handover.urges);
        self.urgency = self.urgency.max(handover.urgency);
        self.result.clone_from(&handover.result);
        self.paused_at = None;
        self.merge = if handover.members == 0 { Merge::Alone } else { Merge::Master { members: handover.members } };
    }

    pub(super) fn give_over(&mut self, to: TicketId, withdrawn: bool, at: At) {
        if withdrawn {
            self.merge = Merge::Alone;
            self.end(State::Cancelled);
            return;
        }
        self.held = Some(self.state);
        self.cancel_tasks();
        self.dues.clear();
        self.paused_at = Some(at);
        self.merge = Merge::Member { master: to };
        self.state = State::MergedMember;
    }
}
