//! What may be done with a ticket: a command in, events or a refusal out.
//!
//! Total and pure: it reads the ticket, the command and the limits, and nothing else. Who may act and from which
//! states comes from the rows of [`crate::TRANSITIONS`]; what the rows cannot say stands in the functions below,
//! one file for each family of transitions.

mod amending;
mod clocks;
mod closing;
mod dispatching;
mod followup;
mod handling;
mod intake;
mod joint;
mod moving;
mod results;
mod returning;
mod supervision;
mod upstream;

pub(crate) use amending::tighten;
pub use clocks::due_actions;
pub(crate) use clocks::restored;
pub(crate) use closing::may_withdraw;
pub use dispatching::needs_a_person;
pub use intake::open;
pub(crate) use moving::{measure, put_off, put_off_task, with_cards};
pub(crate) use returning::approve_duplicate;

use crate::{
    Action, Actor, At, Command, Due, Event, Limits, Refusal, State, Task, TaskRole, TaskState, Ticket, Timer,
    Transition, UnitCode, calendar::Measure,
};

/// What follows from a command (D§6.2).
///
/// # Errors
/// Why it is refused; nothing has changed then.
pub fn decide(ticket: &Ticket, command: &Command, limits: &Limits) -> Result<Vec<Event>, Refusal> {
    let case = Case { ticket, by: &command.by, at: command.at, limits, verb: command.action.verb() };
    Ok(with_cards(ticket, answer(&case, command)?, command.at, limits))
}

fn answer(case: &Case<'_>, command: &Command) -> Decision {
    match &command.action {
        Action::AskInfo { missing } => intake::ask_info(case, missing),
        Action::Supplement { texts } => intake::supplement(case, texts),
        Action::SupplementTimeout => intake::supplement_timeout(case),
        Action::Reject { reason, channel } => intake::reject(case, *reason, *channel),
        Action::TransferOut { target, taker } => intake::transfer_out(case, target, *taker),
        Action::Answer { reply, from_knowledge_base } => intake::answer(case, *reply, *from_knowledge_base),
        Action::Accept { reading } => intake::accept(case, reading),
        Action::Appeal => intake::appeal(case),

        Action::Judge { verdict, candidates, basis } => dispatching::judge(case, *verdict, candidates, basis),
        Action::Dispatch { lead, assists, mode, tier, catalogue, rule, limit, lead_allowed } => dispatching::dispatch(
            case,
            &dispatching::Plan { lead, assists, catalogue, rule: rule.as_ref() },
            (*mode, *tier, *limit, *lead_allowed),
        ),
        Action::Sign => dispatching::sign(case),
        Action::Recall { reason } => dispatching::recall(case, *reason),

        Action::RequestReturn { reason, evidence, suggested } => {
            returning::request(case, *reason, *evidence, suggested.as_ref())
        }
        Action::ReviewReturn { approve } => returning::first_review(case, *approve),
        Action::ApproveReturn { ask_citizen } => returning::approve(case, *ask_citizen),
        Action::DenyReturn => returning::deny(case),
        Action::UnlockReturn => returning::unlock(case),
        Action::Escalate => returning::escalate(case),
        Action::FileOpinion { opinion } => returning::file_opinion(case, *opinion),
        Action::NameInterimLead { unit } => returning::name_interim_lead(case, unit),
        Action::Rule { lead, assists, catalogue, rule, grounds } => {
            returning::rule(case, &dispatching::Plan { lead, assists, catalogue, rule: rule.as_ref() }, *grounds)
        }

        Action::Contact { outcome } => handling::contact(case, *outcome),
        Action::InterimFeedback { text } => handling::interim_feedback(case, *text),
        Action::RequestExtension { reason, by, quota_left } => {
            handling::request_extension(case, *reason, *by, *quota_left)
        }
        Action::ReviewExtension { grant } => handling::review_extension(case, *grant),
        Action::DecideExtension { grant } => handling::decide_extension(case, *grant),
        Action::Suspend { reason, review_at } => handling::suspend(case, *reason, *review_at),
        Action::Resume => handling::resume(case),
        Action::SubDispatch { inner, belongs } => handling::sub_dispatch(case, inner, *belongs),

        Action::AddUnit { unit } => joint::add_unit(case, unit),
        Action::AcceptPart { unit, rating } => joint::accept_part(case, unit, *rating),
        Action::RejectPart { unit, reason } => joint::reject_part(case, unit, *reason),
        Action::ReleaseAssist { unit, reason } => joint::release_assist(case, unit, *reason),
        Action::PublishTask { places, text } => joint::publish(case, *places, *text),
        Action::ClaimTask { person } => joint::claim(case, person),
        Action::GiveEvidence { person, photo, point, taken_at } => {
            joint::give_evidence(case, person, (*photo, *point, *taken_at))
        }
        Action::ConfirmEvidence { person } => joint::confirm_evidence(case, person),

        Action::SubmitResult { result } => results::submit(case, result),
        Action::RejectResult { findings, note } => results::reject(case, findings, *note),
        Action::AcceptResult => results::accept(case),
        Action::Verify { ok, photo, point, taken_at } => results::verify(case, *ok, (*photo, *point, *taken_at)),
        Action::FinishParts { open } => results::finish_parts(case, *open),
        Action::AnswerParts { open } => results::answer_parts(case, *open),

        Action::Survey { answers, means } => followup::survey(case, *answers, *means),
        Action::AttemptSurvey { outcome, means } => followup::attempt(case, *outcome, *means),
        Action::ExhaustSurvey => followup::exhaust(case),
        Action::OrderRedo => followup::order_redo(case),
        Action::GroupRedo { valid, unhappy } => followup::group_redo(case, *valid, *unhappy),
        Action::Unsatisfied => followup::unsatisfied(case),
        Action::CopyReply { master, master_version, reply, lead } => {
            followup::copy_reply(case, *master, *master_version, (*reply, lead))
        }

        Action::CloseUnsatisfied => closing::unsatisfied(case),
        Action::CloseUnsolvable { not_solvable_now } => closing::unsolvable(case, *not_solvable_now),
        Action::Archive => closing::archive(case),
        Action::Withdraw { confirmed } => closing::withdraw(case, *confirmed),

        Action::Amend { kind, urgency, matter, area, point, flags, title } => amending::amend(
            case,
            amending::Change {
                kind: *kind,
                urgency: *urgency,
                matter,
                area,
                point: *point,
                flags: *flags,
                title: *title,
            },
        ),

        Action::Urge => supervision::urge(case),
        Action::ShowCard { card, timer, unit } => supervision::show_card(case, *card, *timer, unit.as_ref()),
        Action::Supervise { order, text } => supervision::supervise(case, order, *text),
        Action::Release { issuer } => supervision::release(case, issuer),
        Action::Note { text, audience } => supervision::note(case, *text, *audience),
        Action::NoticeSent { notice, channel, receipt } => supervision::notice_sent(case, *notice, *channel, receipt),

        Action::ReturnUpstream { reason } => upstream::return_upstream(case, *reason),
        Action::UpstreamDecides { decision } => upstream::decides(case, *decision),
    }
}

/// What every decision looks at: one ticket, one caller, one moment.
#[derive(Clone, Copy)]
struct Case<'a> {
    ticket: &'a Ticket,
    by: &'a Actor,
    at: At,
    limits: &'a Limits,
    verb: &'static str,
}

type Decision = Result<Vec<Event>, Refusal>;

impl<'a> Case<'a> {
    /// The row's role and starting state.
    fn admit(&self, row: &Transition) -> Result<(), Refusal> {
        self.admit_role(row)?;
        if row.starts_from(self.ticket.state) { Ok(()) } else { Err(self.wrong_state()) }
    }

    /// As [`Self::admit`] for what a unit does with its task: one that does not lead may do it in more states.
    fn admit_task(&self, row: &Transition, role: TaskRole) -> Result<(), Refusal> {
        self.admit_role(row)?;
        let state = self.ticket.state;
        if row.starts_from(state) || (role != TaskRole::Lead && row.also.contains(&state)) {
            Ok(())
        } else {
            Err(self.wrong_state())
        }
    }

    fn admit_role(&self, row: &Transition) -> Result<(), Refusal> {
        if row.admits(self.by.role) {
            Ok(())
        } else {
            Err(Refusal::WrongRole { action: self.verb, role: self.by.role })
        }
    }

    fn is_system(&self) -> bool {
        self.by.role == crate::Role::System
    }

    /// The open task of the caller's own unit.
    fn own_task(&self) -> Result<&'a Task, Refusal> {
        self.ticket.task_of(self.by).ok_or(Refusal::WrongUnit { action: self.verb })
    }

    /// The same, where only the lead may act.
    fn own_lead(&self) -> Result<&'a Task, Refusal> {
        let task = self.own_task()?;
        if task.role == TaskRole::Lead { Ok(task) } else { Err(Refusal::WrongUnit { action: self.verb }) }
    }

    /// The caller's open lead task, signed and not waiting for a review.
    fn working_lead(&self) -> Result<&'a Task, Refusal> {
        let task = self.own_lead()?;
        match task.state {
            TaskState::Signed | TaskState::Contacted | TaskState::RejectedByLead | TaskState::Submitted => Ok(task),
            state @ (TaskState::PendingSign
            | TaskState::Accepted
            | TaskState::ReturnRequested
            | TaskState::Cancelled) => Err(Refusal::WrongTaskState { action: self.verb, state }),
        }
    }

    /// A split ticket waits for its parts; units do nothing with it (D§9.6).
    fn not_split(&self) -> Result<(), Refusal> {
        if self.ticket.parts.is_empty() {
            Ok(())
        } else {
            Err(self.unfit("ticket", "was split; do it with one of its parts"))
        }
    }

    fn wrong_state(&self) -> Refusal {
        Refusal::WrongState { action: self.verb, state: self.ticket.state }
    }

    fn unfit(&self, field: &'static str, problem: &'static str) -> Refusal {
        Refusal::Unfit { action: self.verb, field, problem }
    }

    fn missing(&self, field: &'static str, because: &'static str) -> Refusal {
        Refusal::Missing { action: self.verb, field, because }
    }

    fn used_up(&self, what: &'static str) -> Refusal {
        Refusal::UsedUp { action: self.verb, what }
    }

    /// When `timer`, started now, runs out for this ticket.
    fn limit(&self, timer: Timer) -> Option<At> {
        self.limits.due(timer, self.ticket.urgency, self.ticket.kind, self.at)
    }

    /// Starts the ticket's own clock `timer` now, where the profile has it.
    fn start(&self, timer: Timer) -> Option<Due> {
        self.limit(timer).map(|at| set(timer, at))
    }

    /// Starts `timer` for a unit's task now.
    fn start_for(&self, unit: &UnitCode, timer: Timer) -> Option<Due> {
        self.limit(timer).map(|at| set_for(unit, timer, at))
    }

    /// By which measure a clock of the ticket, or of a task, counts.
    fn measure(&self, task: Option<&Task>, timer: Timer) -> Measure {
        measure(self.ticket, task, timer, self.limits)
    }

    /// Clocks that go on after the running pause.
    fn after_pause(&self) -> Vec<Due> {
        let since = self.ticket.paused_at;
        since.map(|since| put_off(self.ticket, self.limits, since, self.at)).unwrap_or_default()
    }

    /// A close now: the citizen may rate, and may come back on the same matter.
    fn after_close(&self) -> Vec<Due> {
        [Timer::Rating, Timer::Reraise].into_iter().filter_map(|timer| self.start(timer)).collect()
    }

    /// No transition to CLOSED while a 督办单 is open (D§6.2, below the table).
    fn no_open_order(&self) -> Result<(), Refusal> {
        if self.ticket.orders.is_empty() {
            Ok(())
        } else {
            Err(self.unfit("ticket", "has an open supervision order; its issuer must release it first"))
        }
    }
}

/// The ticket's own clock runs out at `at`.
const fn set(timer: Timer, at: At) -> Due {
    Due { timer, unit: None, at: Some(at), card: None }
}

/// The ticket's own clock ends.
const fn end(timer: Timer) -> Due {
    Due { timer, unit: None, at: None, card: None }
}

fn set_for(unit: &UnitCode, timer: Timer, at: At) -> Due {
    Due { timer, unit: Some(unit.clone()), at: Some(at), card: None }
}

fn end_for(unit: &UnitCode, timer: Timer) -> Due {
    Due { timer, unit: Some(unit.clone()), at: None, card: None }
}

/// The unit that a redo goes back to: the one that led last, whatever became of its task.
fn redo_unit(ticket: &Ticket) -> Option<&UnitCode> {
    ticket.tasks.iter().rev().find(|task| task.role == TaskRole::Lead).map(|task| &task.unit)
}

/// The clock of the unit's work in this state.
const fn work_clock(state: State) -> Timer {
    if matches!(state, State::Redo | State::SupervisedRedo) { Timer::Redo } else { Timer::Handle }
}
