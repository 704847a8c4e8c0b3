//! The fold: the only way a ticket changes, in production, in replay and in tests.

use std::collections::BTreeMap;

use crate::{
    At, Card, Due, Ending, Fact, Handover, Merge, Mode, Recorded, Return, ReturnLock, Span, State, SurveyEnd, Task,
    TaskRole, TaskState, Ticket, TicketId, Timer, UnitCode, Urgency,
};

/// A log that does not fold: it was damaged or is not one ticket's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The first event of a ticket is its submission.
    #[error("ticket {ticket}: the log begins with `{fact}`, not with `submitted`")]
    NotBegun {
        /// Which ticket.
        ticket: TicketId,
        /// What stands there instead.
        fact: &'static str,
    },
    /// A version is missing, repeated or another ticket's.
    #[error("ticket {ticket}: version {found} stands where {expected} was expected")]
    Gap {
        /// Which ticket.
        ticket: TicketId,
        /// Which version should come.
        expected: u32,
        /// Which came.
        found: u32,
    },
    /// A second submission.
    #[error("ticket {ticket}: submitted twice")]
    Twice {
        /// Which ticket.
        ticket: TicketId,
    },
    /// No events at all.
    #[error("an empty log is no ticket")]
    Empty,
}

impl Ticket {
    /// Folds a whole log, from version 1.
    ///
    /// # Errors
    /// When the log does not begin with a submission or has a gap.
    pub fn fold<'a>(log: impl IntoIterator<Item = &'a Recorded>) -> Result<Self, FoldError> {
        let mut log = log.into_iter();
        let mut ticket = Self::begin(log.next().ok_or(FoldError::Empty)?)?;
        for recorded in log {
            ticket = ticket.apply(recorded)?;
        }
        Ok(ticket)
    }

    /// The ticket after its first event.
    ///
    /// # Errors
    /// When that is not a submission with version 1.
    pub fn begin(first: &Recorded) -> Result<Self, FoldError> {
        let Fact::Submitted {
            number,
            source,
            requester,
            reachable,
            reported_at,
            received_at,
            texts,
            contact,
            kind,
            urgency,
            matter,
            area,
            point,
            flags,
            upstream,
            parent,
            raised_from,
        } = &first.event.fact
        else {
            return Err(FoldError::NotBegun { ticket: first.ticket, fact: first.event.fact.name() });
        };
        if first.version != 1 {
            return Err(FoldError::Gap { ticket: first.ticket, expected: 1, found: first.version });
        }
        let mut ticket = Self {
            id: first.ticket,
            number: number.clone(),
            version: 1,
            state: State::Received,
            source: source.clone(),
            requester: *requester,
            reachable: *reachable,
            reported_at: *reported_at,
            received_at: *received_at,
            texts: texts.clone(),
            contact: *contact,
            kind: *kind,
            urgency: *urgency,
            matter: matter.clone(),
            area: area.clone(),
            point: *point,
            read_by: None,
            flags: *flags,
            upstream: upstream.clone(),
            upstream_refused: false,
            parent: *parent,
            parts: Vec::new(),
            raised_from: *raised_from,
            verdict: None,
            merge: Merge::Alone,
            mode: None,
            tier: None,
            tasks: Vec::new(),
            held: None,
            dues: BTreeMap::new(),
            paused_at: None,
            review_at: None,
            returning: None,
            return_count: 0,
            misdispatch_count: 0,
            returned_by: Vec::new(),
            return_lock: ReturnLock::None,
            opinions: Vec::new(),
            extension: None,
            extension_count: 0,
            result: None,
            copied_reply: None,
            redo_round: 0,
            attempts: 0,
            answers: None,
            first_answers: None,
            waiting: None,
            ending: None,
            rejected_by: None,
            appealed: false,
            card: Card::None,
            orders: Vec::new(),
            urges: 0,
            last_urge: None,
            participation: None,
        };
        ticket.set_dues(&first.event.dues);
        Ok(ticket)
    }

    /// The ticket after one more event.
    ///
    /// # Errors
    /// When the event is not the next one of this ticket.
    pub fn apply(mut self, recorded: &Recorded) -> Result<Self, FoldError> {
        if recorded.ticket != self.id || recorded.version != self.version + 1 {
            let found = if recorded.ticket == self.id { recorded.version } else { 0 };
            return Err(FoldError::Gap { ticket: self.id, expected: self.version + 1, found });
        }
        if matches!(recorded.event.fact, Fact::Submitted { .. }) {
            return Err(FoldError::Twice { ticket: self.id });
        }
        let before = self.state;
        self.version = recorded.version;
        self.fold_fact(recorded);
        if self.state != before {
            self.leave_clocks_behind();
        }
        self.set_dues(&recorded.event.dues);
        Ok(self)
    }

    fn fold_fact(&mut self, recorded: &Recorded) {
        let at = recorded.at;
        match &recorded.event.fact {
            // Refused above: a ticket begins once.
            Fact::Submitted { .. } => {}
            // These leave nothing on the ticket itself: they are history, or their whole effect is in their dues.
            Fact::TaskPublished { participation, .. } => {
                self.participation = Some(participation.clone());
                self.mode = Some(Mode::Citizen);
            }
            Fact::NoticeSent { .. } | Fact::Noted { .. } | Fact::InterimGiven { .. } | Fact::Complained {} => {}

            Fact::InfoAsked { .. } => self.pause(State::NeedInfo, at),
            Fact::Supplemented { texts, resumes } => {
                self.texts.extend(texts);
                if let Some(state) = resumes {
                    self.unpause(*state, at);
                }
            }
            Fact::SupplementOverdue { resumes } => self.unpause(*resumes, at),
            Fact::Rejected { .. } => {
                self.rejected_by = Some(recorded.by.person.clone());
                self.state = State::Rejected;
            }
            Fact::TransferredOut { .. } => self.state = State::TransferredOut,
            Fact::Answered { .. } => self.state = State::Answered,
            Fact::Accepted { reading } => {
                self.kind = self.kind.or(reading.kind);
                self.matter = self.matter.take().or_else(|| reading.matter.clone());
                self.area = self.area.take().or_else(|| reading.area.clone());
                self.read_by = Some(reading.version.clone());
                self.state = State::PendingDispatch;
            }
            Fact::Judged { verdict, .. } => self.verdict = Some(*verdict),
            Fact::Split { parts } => {
                self.parts.clone_from(parts);
                self.cancel_tasks();
                self.returning = None;
                self.review_at = None;
                self.state = State::Consolidating;
            }
            Fact::MergedInto { master, .. } => {
                if self.state != State::MergedMember {
                    let held = if self.state == State::ReturnReview { self.held } else { Some(self.state) };
                    self.held = held;
                    self.returning = None;
                    self.review_at = None;
                    self.paused_at = Some(at);
                    self.cancel_tasks();
                    self.state = State::MergedMember;
                }
                self.merge = Merge::Member { master: *master };
            }
            Fact::MemberJoined { brought, urgency, urges, .. } => {
                self.merge = Merge::Master { members: self.members() + 1 + brought };
                self.urgency = self.urgency.max(*urgency);
                self.urges = self.urges.saturating_add(*urges);
            }
            Fact::MemberLeft { .. } => {
                let left = self.members().saturating_sub(1);
                self.merge = if left == 0 { Merge::Alone } else { Merge::Master { members: left } };
            }
            Fact::Unmerged { merged, .. } => {
                self.merge = Merge::Alone;
                self.paused_at = None;
                for task in &mut self.tasks {
                    if let (TaskState::Cancelled, Some(held)) = (task.state, task.held.take()) {
                        task.state = held;
                        task.move_clocks(*merged);
                    }
                }
                self.go_back();
            }
            Fact::TookOver { from, handover } => self.take_over(*from, handover),
            Fact::GaveOver { to, withdrawn } => self.give_over(*to, *withdrawn, at),
            Fact::ReplyCopied { master: _, master_version, reply, lead } => {
                self.copied_reply = Some((*reply, *master_version));
                self.paused_at = None;
                self.held = None;
                self.merge = Merge::Alone;
                let mut task = new_task(lead, TaskRole::Lead, at);
                task.state = TaskState::Accepted;
                self.tasks.push(task);
                self.enter_callback();
            }

            Fact::Dispatched { lead, assists, mode, tier, .. } => {
                self.mode = Some(*mode);
                self.tier = Some(*tier);
                if self.return_lock == ReturnLock::Denied {
                    self.return_lock = ReturnLock::None;
                }
                self.give_work(lead, assists, at);
            }
            Fact::Ruled { lead, assists, .. } => {
                self.mode = Some(if assists.is_empty() { Mode::General } else { Mode::Joint });
                self.return_lock = ReturnLock::Ruling;
                self.opinions.clear();
                self.review_at = None;
                self.give_work(lead, assists, at);
            }
            Fact::Signed { unit } => {
                let leads = self.change_task(unit, |t| {
                    t.state = TaskState::Signed;
                    t.signed_at = Some(at);
                    t.dues.remove(&Timer::Sign);
                });
                if leads && self.state == State::PendingSign {
                    self.state = State::Handling;
                    // The unit that went on until now (首接负责) hands over.
                    self.end_other_leads(unit);
                }
            }
            Fact::Contacted { unit, .. } => {
                self.change_task(unit, |t| {
                    t.contacted_at = t.contacted_at.or(Some(at));
                    t.dues.remove(&Timer::Contact);
                    if t.state == TaskState::Signed {
                        t.state = TaskState::Contacted;
                    }
                });
            }
            Fact::SubDispatched { unit, inner } => {
                let dues = self.open_task(unit).map(|t| t.dues.clone()).unwrap_or_default();
                let mut task = new_task(inner, TaskRole::Inner, at);
                task.within = Some(unit.clone());
                task.dues.extend(dues.into_iter().filter(|(timer, _)| *timer == Timer::Handle));
                self.tasks.push(task);
            }
            Fact::UnitAdded { unit } => {
                self.mode = Some(Mode::Joint);
                self.tasks.push(new_task(unit, TaskRole::Assist, at));
            }
            Fact::Recalled { .. } => {
                self.misdispatch_count = self.misdispatch_count.saturating_add(1);
                self.cancel_tasks_for_good();
                self.extension = None;
                self.state = State::PendingDispatch;
            }

            Fact::ReturnRequested { unit, reason, suggested, .. } => {
                if !self.returned_by.contains(unit) {
                    self.returned_by.push(unit.clone());
                }
                let leads = self.change_task(unit, |t| {
                    t.held = Some(t.state);
                    t.state = TaskState::ReturnRequested;
                    t.returns_asked = t.returns_asked.saturating_add(1);
                });
                self.returning = Some(Return {
                    unit: unit.clone(),
                    reason: *reason,
                    suggested: suggested.clone(),
                    first_review_by: None,
                    asked_at: at,
                });
                if leads {
                    self.held = Some(self.state);
                    self.review_at = Some(at);
                    self.state = State::ReturnReview;
                }
            }
            Fact::ReturnReviewed { .. } => {
                if let Some(returning) = &mut self.returning {
                    returning.first_review_by = Some(recorded.by.person.clone());
                }
            }
            Fact::ReturnApproved { to, misdispatch, review, .. } => {
                self.return_count = self.return_count.saturating_add(1);
                self.misdispatch_count = self.misdispatch_count.saturating_add(u8::from(*misdispatch));
                self.review_at = None;
                if let Some(returning) = self.returning.take() {
                    let goes_on = Some(*to) == self.held || *to == State::NeedInfo;
                    let leads = self.change_task(&returning.unit, |t| {
                        let held = t.held.take();
                        if goes_on {
                            t.state = held.unwrap_or(TaskState::PendingSign);
                            t.move_clocks(*review);
                        } else {
                            t.state = TaskState::Cancelled;
                            t.dues.clear();
                        }
                    });
                    // Who assisted a lead that is gone has nobody to answer to.
                    if leads && !goes_on {
                        self.cancel_tasks_for_good();
                    }
                }
                match to {
                    State::NeedInfo => {
                        self.paused_at = Some(at);
                        self.state = State::NeedInfo;
                    }
                    other @ (State::Received
                    | State::Rejected
                    | State::TransferredOut
                    | State::Answered
                    | State::PendingDispatch
                    | State::MergedMember
                    | State::PendingSign
                    | State::Handling
                    | State::ReturnReview
                    | State::InDispute
                    | State::Suspended
                    | State::Consolidating
                    | State::CloseReview
                    | State::PendingVerify
                    | State::PendingCallback
                    | State::Redo
                    | State::SupervisedRedo
                    | State::Closed
                    | State::Archived
                    | State::Cancelled
                    | State::ReturnedUpstream) => {
                        self.state = *other;
                        self.held = None;
                    }
                }
            }
            Fact::ReturnDenied { .. } => {
                if let Some(returning) = self.returning.take() {
                    let leads = self.change_task(&returning.unit, |t| {
                        t.state = t.held.take().unwrap_or(TaskState::PendingSign);
                        t.returns_denied = t.returns_denied.saturating_add(1);
                    });
                    if leads {
                        self.return_lock = ReturnLock::Denied;
                        self.review_at = None;
                        self.go_back();
                    }
                }
            }
            Fact::ReturnUnlocked {} => self.return_lock = ReturnLock::None,
            Fact::Escalated {} => {
                self.returning = None;
                self.review_at = Some(at);
                self.held = None;
                self.state = State::InDispute;
            }
            Fact::OpinionFiled { unit, .. } => {
                if !self.opinions.contains(unit) {
                    self.opinions.push(unit.clone());
                }
            }
            Fact::InterimLeadNamed { unit } => {
                self.tasks.push(new_task(unit, TaskRole::Interim, at));
            }

            Fact::ExtensionRequested { unit, by, .. } => {
                self.extension = Some(crate::Extension { unit: unit.clone(), by: *by, first_review_by: None });
            }
            Fact::ExtensionReviewed { .. } => {
                if let Some(extension) = &mut self.extension {
                    extension.first_review_by = Some(recorded.by.person.clone());
                }
            }
            Fact::ExtensionGranted { .. } => {
                self.extension = None;
                self.extension_count = self.extension_count.saturating_add(1);
            }
            Fact::ExtensionDenied {} => self.extension = None,
            Fact::Suspended { .. } => self.pause(State::Suspended, at),
            Fact::Resumed { .. } => {
                let to = self.held.unwrap_or(State::Handling);
                self.unpause(to, at);
            }

            Fact::ResultSubmitted { unit, result } => {
                let leads = self.change_task(unit, |t| {
                    t.state = TaskState::Submitted;
                    t.submitted_at = Some(at);
                    t.dues.retain(|timer, _| !matches!(timer, Timer::Handle | Timer::Redo | Timer::Contact));
                });
                if leads {
                    self.result = Some(result.clone());
                    self.held = Some(self.state);
                    self.review_at = Some(at);
                    self.extension = None;
                    self.state = State::CloseReview;
                }
            }
            Fact::PartAccepted { unit, .. } => {
                self.change_task(unit, |t| {
                    t.state = TaskState::Accepted;
                    t.dues.clear();
                });
                self.consolidate();
            }
            Fact::PartRejected { unit, .. } => {
                self.change_task(unit, |t| t.state = TaskState::RejectedByLead);
            }
            Fact::AssistReleased { unit, .. } => {
                // A team of a unit may give its work back too (F46); that ends no assist.
                let assisted = self.open_task(unit).is_some_and(|t| t.role == TaskRole::Assist);
                self.change_task(unit, |t| {
                    t.state = TaskState::Cancelled;
                    t.dues.clear();
                });
                if assisted {
                    self.consolidate();
                }
            }
            Fact::PartsDone {} => self.enter_callback(),
            Fact::PartsAnswered { to } => {
                if *to == State::Closed {
                    self.ending = Some(Ending::Satisfied);
                }
                self.state = *to;
            }
            Fact::ResultRejected { review, .. } => {
                if let Some(lead) = self.lead_mut() {
                    lead.state = TaskState::Contacted;
                    lead.handle_due = lead.handle_due.map(|due| due.plus(*review));
                }
                self.review_at = None;
                self.go_back();
            }
            Fact::ResultAccepted { to } => {
                self.accept_tasks();
                self.review_at = None;
                self.held = None;
                if *to == State::PendingCallback { self.enter_callback() } else { self.state = *to }
            }
            Fact::Verified { ok, .. } => {
                if *ok {
                    self.enter_callback();
                } else {
                    let supervised = self.redo_round >= 1;
                    self.redo(supervised);
                }
            }

            Fact::SurveyAnswered { answers, end, .. } => {
                if answers.is_valid() {
                    self.answers = Some(*answers);
                    self.first_answers.get_or_insert(*answers);
                }
                self.waiting = None;
                match end {
                    SurveyEnd::Close => self.close(Ending::Satisfied),
                    SurveyEnd::Redo => self.redo(false),
                    SurveyEnd::SupervisedRedo => self.redo(true),
                    SurveyEnd::Wait(waiting) => self.waiting = Some(*waiting),
                    SurveyEnd::Nothing => {}
                }
            }
            Fact::SurveyAttempted { .. } => self.attempts = self.attempts.saturating_add(1),
            Fact::SurveyExhausted {} => self.close(Ending::Unreached),
            Fact::RedoOrdered { supervised, .. } => self.redo(*supervised),
            Fact::RatedSatisfied { answers, .. } => {
                self.answers = Some(*answers);
                self.first_answers.get_or_insert(*answers);
                if self.state == State::Closed {
                    self.ending = Some(Ending::Satisfied);
                }
            }
            Fact::Closed { ending } => self.close(*ending),
            Fact::Archived {} => self.end(State::Archived),
            Fact::Withdrawn {} => self.end(State::Cancelled),
            Fact::Reopened { to } => {
                self.appealed = self.appealed || self.state == State::Rejected;
                self.state = *to;
            }

            Fact::Urged { .. } => {
                self.urges = self.urges.saturating_add(1);
                self.last_urge = Some((recorded.by.role, at));
            }
            Fact::Amended { kind, urgency, matter, area, point, flags, title: _ } => {
                self.kind = kind.or(self.kind);
                self.urgency = urgency.unwrap_or(self.urgency);
                if matter.is_some() {
                    self.matter.clone_from(matter);
                }
                if area.is_some() {
                    self.area.clone_from(area);
                }
                self.point = point.or(self.point);
                self.flags = flags.unwrap_or(self.flags);
            }
            Fact::ReturnedUpstream { .. } => {
                self.cancel_tasks_for_good();
                self.returning = None;
                self.review_at = None;
                self.state = State::ReturnedUpstream;
            }
            Fact::UpstreamDecided { decision, to, .. } => {
                use crate::UpstreamDecision as D;
                match decision {
                    D::ReturnRefused => self.upstream_refused = true,
                    D::ExtensionGranted => {
                        self.extension = None;
                        self.extension_count = self.extension_count.saturating_add(1);
                    }
                    D::ExtensionDenied => self.extension = None,
                    D::ReturnAccepted | D::ResultAccepted | D::ResultRefused => {}
                }
                match to {
                    Some(State::Archived) => self.end(State::Archived),
                    Some(State::Redo) => self.redo(false),
                    Some(State::SupervisedRedo) => self.redo(true),
                    Some(
                        other @ (State::Received
                        | State::NeedInfo
                        | State::Rejected
                        | State::TransferredOut
                        | State::Answered
                        | State::PendingDispatch
                        | State::MergedMember
                        | State::PendingSign
                        | State::Handling
                        | State::ReturnReview
                        | State::InDispute
                        | State::Suspended
                        | State::Consolidating
                        | State::CloseReview
                        | State::PendingVerify
                        | State::PendingCallback
                        | State::Closed
                        | State::Cancelled
                        | State::ReturnedUpstream),
                    ) => self.state = *other,
                    None => {}
                }
            }

            Fact::CardShown { card, .. } => self.card = self.card.max(*card),
            Fact::Supervised { order, .. } => self.orders.push(order.clone()),
            Fact::Released { issuer } => self.orders.retain(|o| o.issuer != *issuer),
            Fact::TaskClaimed { person } => {
                let p = self.participation.get_or_insert_default();
                if !p.claimed_by.contains(person) {
                    p.claimed_by.push(person.clone());
                }
            }
            Fact::EvidenceGiven { .. } => {
                let p = self.participation.get_or_insert_default();
                p.evidence = p.evidence.saturating_add(1);
            }
            Fact::EvidenceConfirmed { .. } => {
                let p = self.participation.get_or_insert_default();
                p.confirmed = p.confirmed.saturating_add(1);
            }
        }
    }

    /// Clocks of a state that was left stop; clocks of the whole ticket go on (D§6.1).
    fn leave_clocks_behind(&mut self) {
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

    fn set_dues(&mut self, dues: &[Due]) {
        for due in dues {
            match &due.unit {
                None => set(&mut self.dues, due),
                Some(unit) => {
                    self.change_task(unit, |t| {
                        set(&mut t.dues, due);
                        if due.at.is_some() {
                            t.remember_due(due);
                        }
                    });
                }
            }
        }
    }

    /// Changes the unit's open task; says whether it is the lead's.
    fn change_task(&mut self, unit: &UnitCode, change: impl FnOnce(&mut Task)) -> bool {
        let Some(task) = self.tasks.iter_mut().rev().find(|t| t.unit == *unit && t.is_open()) else {
            return false;
        };
        change(task);
        task.role == TaskRole::Lead
    }

    fn lead_mut(&mut self) -> Option<&mut Task> {
        self.tasks.iter_mut().rev().find(|t| t.role == TaskRole::Lead && t.is_open())
    }

    fn give_work(&mut self, lead: &UnitCode, assists: &[UnitCode], at: At) {
        self.cancel_tasks_for_good();
        self.tasks.push(new_task(lead, TaskRole::Lead, at));
        self.tasks.extend(assists.iter().map(|unit| new_task(unit, TaskRole::Assist, at)));
        self.extension = None;
        self.held = None;
        self.state = State::PendingSign;
    }

    fn end_other_leads(&mut self, unit: &UnitCode) {
        for task in &mut self.tasks {
            if task.is_open() && task.unit != *unit && matches!(task.role, TaskRole::Lead | TaskRole::Interim) {
                task.state = TaskState::Cancelled;
                task.dues.clear();
            }
        }
    }

    /// Cancelled by a merge: they come back as they were if the merge is undone (F39).
    fn cancel_tasks(&mut self) {
        for task in self.tasks.iter_mut().filter(|t| t.is_open()) {
            task.held = Some(task.held.unwrap_or(task.state));
            task.state = TaskState::Cancelled;
        }
    }

    fn cancel_tasks_for_good(&mut self) {
        for task in self.tasks.iter_mut().filter(|t| t.is_open()) {
            task.held = None;
            task.state = TaskState::Cancelled;
            task.dues.clear();
        }
    }

    fn accept_tasks(&mut self) {
        for task in self.tasks.iter_mut().filter(|t| t.is_open()) {
            task.state = if task.role == TaskRole::Interim { TaskState::Cancelled } else { TaskState::Accepted };
            task.dues.clear();
        }
    }

    /// A joint ticket waits for its lead alone once every assist is done (F60).
    fn consolidate(&mut self) {
        let joint = self.mode == Some(Mode::Joint);
        if self.state == State::Handling && joint && self.open_assists().next().is_none() {
            self.state = State::Consolidating;
        }
    }

    fn go_back(&mut self) {
        self.state = self.held.take().unwrap_or(State::PendingDispatch);
    }

    fn pause(&mut self, to: State, at: At) {
        self.held = Some(self.state);
        self.paused_at = Some(at);
        self.state = to;
    }

    /// Work goes on: every clock that was running moves by the pause (R-TIM-4).
    fn unpause(&mut self, to: State, at: At) {
        if let Some(since) = self.paused_at.take() {
            let paused = at.since(since);
            self.dues.remove(&Timer::Supplement);
            self.dues.remove(&Timer::SuspendReview);
            self.dues.values_mut().for_each(|due| *due = due.plus(paused));
            for task in self.tasks.iter_mut().filter(|t| t.is_open()) {
                task.move_clocks(paused);
            }
        }
        self.held = None;
        self.state = to;
    }

    fn enter_callback(&mut self) {
        self.attempts = 0;
        self.state = State::PendingCallback;
    }

    fn close(&mut self, ending: Ending) {
        self.waiting = None;
        self.accept_tasks();
        self.ending = Some(ending);
        self.state = State::Closed;
    }

    fn end(&mut self, state: State) {
        self.cancel_tasks_for_good();
        self.dues.clear();
        self.held = None;
        self.paused_at = None;
        self.waiting = None;
        self.state = state;
    }

    /// Back to the unit that led, with a clock of its own (F31, F34, F48).
    fn redo(&mut self, supervised: bool) {
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

    fn take_over(&mut self, from: TicketId, handover: &Handover) {
        let _ = from;
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
        self.urges = self.urges.saturating_add(handover.urges);
        self.urgency = self.urgency.max(handover.urgency);
        self.result.clone_from(&handover.result);
        self.paused_at = None;
        self.merge = if handover.members == 0 { Merge::Alone } else { Merge::Master { members: handover.members } };
    }

    fn give_over(&mut self, to: TicketId, withdrawn: bool, at: At) {
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

impl Task {
    /// Due times as last set stay beside the running clocks, to say later what was in time.
    fn remember_due(&mut self, due: &Due) {
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

    /// Every clock that still runs, and what is remembered of it, moves by a pause (R-TIM-4).
    fn move_clocks(&mut self, by: Span) {
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
        self.dues.values_mut().for_each(|due| *due = due.plus(by));
    }
}

fn set(dues: &mut BTreeMap<Timer, At>, due: &Due) {
    match due.at {
        Some(at) => dues.insert(due.timer, at),
        None => dues.remove(&due.timer),
    };
}

fn new_task(unit: &UnitCode, role: TaskRole, at: At) -> Task {
    Task {
        unit: unit.clone(),
        role,
        state: TaskState::PendingSign,
        dispatched_at: at,
        signed_at: None,
        contacted_at: None,
        submitted_at: None,
        dues: BTreeMap::new(),
        handle_due: None,
        sign_due: None,
        contact_due: None,
        returns_asked: 0,
        returns_denied: 0,
        held: None,
        within: None,
    }
}

impl Urgency {
    /// CRITICAL and URGENT do not wait for a verdict (F11).
    #[must_use]
    pub const fn is_pressing(self) -> bool {
        matches!(self, Self::Urgent | Self::Critical)
    }
}
