//! The fold: the only way a ticket changes, in production, in replay and in tests. What each event does stands here;
//! what several do alike in `moves`, and the clocks in `clocks`.

mod clocks;
mod moves;

use std::collections::BTreeMap;

use crate::{
    Card, Ending, Fact, Merge, Mode, Recorded, Return, ReturnLock, Span, State, SurveyEnd, Task, TaskRole, TaskState,
    Ticket, TicketId, Timer,
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
            several: Vec::new(),
            raised_from: *raised_from,
            verdict: None,
            merge: Merge::Alone,
            mode: None,
            tier: None,
            tasks: Vec::new(),
            held: None,
            dues: BTreeMap::new(),
            cards: BTreeMap::new(),
            paused_at: None,
            pauses: Vec::new(),
            review_at: None,
            returning: None,
            return_count: 0,
            misdispatch_count: 0,
            returned_by: Vec::new(),
            return_lock: ReturnLock::None,
            opinions: Vec::new(),
            extension: None,
            extension_count: 0,
            extended: Span::ZERO,
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
        self.drop_idle_cards();
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
                self.several.clone_from(&reading.several);
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
                self.pauses.extend(self.paused_at.take().map(|since| (since, at)));
                for task in &mut self.tasks {
                    if let (TaskState::Cancelled, Some(held)) = (task.state, task.held.take()) {
                        task.state = held;
                        task.move_clocks(*merged);
                    }
                }
                self.go_back();
            }
            Fact::TookOver { handover, .. } => self.take_over(handover),
            Fact::GaveOver { to, withdrawn } => self.give_over(*to, *withdrawn, at),
            Fact::ReplyCopied { master: _, master_version, reply, lead } => {
                self.copied_reply = Some((*reply, *master_version));
                self.paused_at = None;
                self.held = None;
                self.merge = Merge::Alone;
                self.cancel_tasks_for_good();
                let mut task = Task::new(lead.clone(), TaskRole::Lead, at);
                task.state = TaskState::Accepted;
                self.tasks.push(task);
                self.enter_callback();
            }

            Fact::Dispatched { lead, assists, mode, tier, limit, .. } => {
                self.mode = Some(*mode);
                self.tier = Some(*tier);
                if self.return_lock == ReturnLock::Denied {
                    self.return_lock = ReturnLock::None;
                }
                self.give_work(lead, assists, at);
                self.tasks.iter_mut().filter(|task| task.is_open()).for_each(|task| task.limit = *limit);
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
                let outer = self.open_task(unit);
                let dues = outer.map(|t| t.dues.clone()).unwrap_or_default();
                let mut task = Task::new(inner.clone(), TaskRole::Inner, at);
                task.within = Some(unit.clone());
                task.limit = outer.and_then(|t| t.limit);
                task.dues.extend(dues.into_iter().filter(|(timer, _)| *timer == Timer::Handle));
                self.tasks.push(task);
            }
            Fact::UnitAdded { unit } => {
                self.mode = Some(Mode::Joint);
                let limit = self.lead().and_then(|lead| lead.limit);
                self.tasks.push(Task { limit, ..Task::new(unit.clone(), TaskRole::Assist, at) });
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
                // Only a wait for the citizen keeps what it goes back to.
                if *to == State::NeedInfo {
                    self.paused_at = Some(at);
                } else {
                    self.held = None;
                }
                self.state = *to;
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
                self.tasks.push(Task::new(unit.clone(), TaskRole::Interim, at));
            }

            Fact::ExtensionRequested { unit, by, .. } => {
                self.extension = Some(crate::Extension { unit: unit.clone(), by: *by, first_review_by: None });
            }
            Fact::ExtensionReviewed { .. } => {
                if let Some(extension) = &mut self.extension {
                    extension.first_review_by = Some(recorded.by.person.clone());
                }
            }
            Fact::ExtensionGranted { by } => self.extend(*by),
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
            Fact::UpstreamDecided { decision, to, by } => {
                use crate::UpstreamDecision as D;
                match decision {
                    D::ReturnRefused => self.upstream_refused = true,
                    D::ExtensionGranted => self.extend(by.unwrap_or_default()),
                    D::ExtensionDenied => self.extension = None,
                    D::ReturnAccepted | D::ResultAccepted | D::ResultRefused => {}
                }
                match *to {
                    None => {}
                    Some(State::Archived) => self.end(State::Archived),
                    Some(to) if to == State::Redo || to == State::SupervisedRedo => {
                        self.redo(to == State::SupervisedRedo);
                    }
                    Some(to) => self.state = to,
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
}
