//! Why a command was refused. A caller can act on each.

use crate::{Action, At, ReturnLock, Role, State, TaskState, UnitCode};

/// A command that was refused; nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The ticket is not in a state from which this can be done.
    #[error("cannot {action} a ticket that is {state}")]
    WrongState {
        /// What was tried.
        action: &'static str,
        /// Where the ticket stands.
        state: State,
    },
    /// The unit's task is not in a state from which this can be done.
    #[error("cannot {action}: the unit's task is {state}")]
    WrongTaskState {
        /// What was tried.
        action: &'static str,
        /// Where the task stands.
        state: TaskState,
    },
    /// The role may not do this (D§3, D§6.2).
    #[error("role {role} may not {action}")]
    WrongRole {
        /// What was tried.
        action: &'static str,
        /// By whom.
        role: Role,
    },
    /// The actor's unit has no open task here, or not the needed one.
    #[error("cannot {action}: the caller's unit does not have the task that this needs")]
    WrongUnit {
        /// What was tried.
        action: &'static str,
    },
    /// Somebody else must do the second step (初审 and 终审 are two people).
    #[error("cannot {action}: another person than the first reviewer must do it")]
    SamePerson {
        /// What was tried.
        action: &'static str,
    },
    /// Returning is locked (F16, F18).
    #[error("the ticket cannot be returned: {lock}")]
    ReturnLocked {
        /// By what.
        lock: ReturnLock,
    },
    /// The time for it has passed.
    #[error("too late to {action}: it had to be done by {due}")]
    TooLate {
        /// What was tried.
        action: &'static str,
        /// By when.
        due: At,
    },
    /// The time for it has not come.
    #[error("too early to {action}: possible from {from}")]
    TooEarly {
        /// What was tried.
        action: &'static str,
        /// From when.
        from: At,
    },
    /// A count is used up: returns, extensions, redo rounds, appeals, attempts.
    #[error("cannot {action}: {what} is used up")]
    UsedUp {
        /// What was tried.
        action: &'static str,
        /// Which count.
        what: &'static str,
    },
    /// A field that this needs is not there.
    #[error("cannot {action}: {field} is missing ({because})")]
    Missing {
        /// What was tried.
        action: &'static str,
        /// Which field.
        field: &'static str,
        /// Why it is needed.
        because: &'static str,
    },
    /// A field does not fit.
    #[error("cannot {action}: {field} {problem}")]
    Unfit {
        /// What was tried.
        action: &'static str,
        /// Which field.
        field: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// The unit may not lead this matter here (R-NAT-3), or is not active.
    #[error("unit {unit} may not lead this matter here")]
    LeadNotAllowed {
        /// Which unit.
        unit: UnitCode,
    },
    /// The duplicate verdict has not come yet (F11).
    #[error("cannot dispatch before the duplicate verdict")]
    NotJudged,
    /// A guard of D§9.3 forbids the merge.
    #[error("these two may not be merged: {guard}")]
    MergeForbidden {
        /// Which guard, and why.
        guard: &'static str,
    },
    /// It is already so; a repeat changes nothing.
    #[error("nothing to do: {what}")]
    AlreadySo {
        /// What is already so.
        what: &'static str,
    },
}

impl Refusal {
    /// A stable reason code for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongState { .. } => "WRONG_STATE",
            Self::WrongTaskState { .. } => "WRONG_TASK_STATE",
            Self::WrongRole { .. } => "WRONG_ROLE",
            Self::WrongUnit { .. } => "WRONG_UNIT",
            Self::SamePerson { .. } => "SAME_PERSON",
            Self::ReturnLocked { .. } => "RETURN_LOCKED",
            Self::TooLate { .. } => "TOO_LATE",
            Self::TooEarly { .. } => "TOO_EARLY",
            Self::UsedUp { .. } => "USED_UP",
            Self::Missing { .. } => "MISSING",
            Self::Unfit { .. } => "UNFIT",
            Self::LeadNotAllowed { .. } => "LEAD_NOT_ALLOWED",
            Self::NotJudged => "NOT_JUDGED",
            Self::MergeForbidden { .. } => "MERGE_FORBIDDEN",
            Self::AlreadySo { .. } => "ALREADY_SO",
        }
    }
}

impl Action {
    /// The action as a verb for messages.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::AskInfo { .. } => "ask for information on",
            Self::Supplement { .. } => "add to",
            Self::Reject { .. } => "reject",
            Self::TransferOut { .. } => "transfer out",
            Self::Answer { .. } => "answer",
            Self::Accept { .. } => "accept",
            Self::Dispatch { .. } => "dispatch",
            Self::Sign => "sign",
            Self::RequestReturn { .. } => "return",
            Self::ReviewReturn { .. } => "review the return of",
            Self::ApproveReturn { .. } => "approve the return of",
            Self::DenyReturn => "deny the return of",
            Self::Escalate => "escalate",
            Self::FileOpinion { .. } => "file an opinion on",
            Self::NameInterimLead { .. } => "name an interim lead for",
            Self::Rule { .. } => "rule on",
            Self::Contact { .. } => "record a contact on",
            Self::RequestExtension { .. } => "ask more time for",
            Self::ReviewExtension { .. } => "review the extension of",
            Self::DecideExtension { .. } => "decide the extension of",
            Self::AddUnit { .. } => "add a unit to",
            Self::Suspend { .. } => "suspend",
            Self::Resume => "resume",
            Self::SubmitResult { .. } => "submit the result of",
            Self::FinishParts { .. } => "finish the parts of",
            Self::AnswerParts { .. } => "take the answers on the parts of",
            Self::RejectResult { .. } => "reject the result of",
            Self::AcceptResult => "accept the result of",
            Self::Verify { .. } => "verify",
            Self::Survey { .. } => "take survey answers on",
            Self::AttemptSurvey { .. } => "record a survey attempt on",
            Self::ExhaustSurvey => "give up surveying",
            Self::OrderRedo => "order the redo of",
            Self::CloseUnsatisfied => "close as unsatisfied",
            Self::CloseUnsolvable { .. } => "close as not solvable",
            Self::Archive => "archive",
            Self::Withdraw { .. } => "withdraw",
            Self::Urge => "urge",
            Self::InterimFeedback { .. } => "give interim feedback on",
            Self::Amend { .. } => "amend",
            Self::Recall { .. } => "recall",
            Self::Note { .. } => "note on",
            Self::SubDispatch { .. } => "sub-dispatch",
            Self::Unsatisfied => "complain about",
            Self::Appeal => "appeal against the rejection of",
            Self::CopyReply { .. } => "copy the reply to",
            Self::ReturnUpstream { .. } => "return upstream",
            Self::UpstreamDecides { .. } => "take the upstream decision on",
            Self::Judge { .. } => "judge",
            Self::AcceptPart { .. } => "accept a part of",
            Self::RejectPart { .. } => "reject a part of",
            Self::ReleaseAssist { .. } => "release an assist of",
            Self::UnlockReturn => "unlock the return of",
            Self::GroupRedo { .. } => "redo the group of",
            Self::ShowCard { .. } => "show a card on",
            Self::SupplementTimeout => "end the wait for information on",
            Self::Supervise { .. } => "supervise",
            Self::Release { .. } => "release the order on",
            Self::PublishTask { .. } => "publish a task of",
            Self::ClaimTask { .. } => "claim a task of",
            Self::GiveEvidence { .. } => "give evidence on",
            Self::ConfirmEvidence { .. } => "confirm evidence on",
            Self::NoticeSent { .. } => "record a notice on",
        }
    }
}
