//! The table of D§6.2 as data: from where, by whom, to where.
//!
//! [`crate::decide`] takes its roles and its starting states from these rows, and a property test holds every
//! change of state to them. `docs/transitions.md` is [`transitions_markdown`], word for word.

use std::fmt::Write as _;

use crate::{Action, Role, State};

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// `F01` … `F67`. A row of D§6.2 that names several events is several rows here.
    pub id: &'static str,
    /// From which states; empty for a ticket that does not exist yet.
    pub from: &'static [State],
    /// States in which an assisting or interim unit may do the same with its own task (D§6.1): the ticket's state
    /// then follows the lead and stays.
    pub also: &'static [State],
    /// What happens.
    pub event: &'static str,
    /// What must hold.
    pub guard: &'static str,
    /// Into which states; empty where the state stays. A row that may also leave the state as it is says so in its guard.
    pub to: &'static [State],
    /// Who may do it.
    pub actors: &'static [Role],
    /// What follows.
    pub effects: &'static str,
}

impl Transition {
    /// May this role do it?
    #[must_use]
    pub fn admits(&self, role: Role) -> bool {
        self.actors.contains(&role)
    }

    /// Does it start from this state?
    #[must_use]
    pub fn starts_from(&self, state: State) -> bool {
        self.from.contains(&state)
    }

    /// Does it lead from one state to the other, or leave it where it is?
    #[must_use]
    pub fn leads(&self, from: State, to: State) -> bool {
        (self.starts_from(from) && (from == to || self.to.contains(&to)))
            || (self.also.contains(&from) && (from == to || (from == State::Handling && to == State::Consolidating)))
    }
}

macro_rules! rows {
    ($( $name:ident = $id:literal, $event:literal; from $from:expr; $(also $also:expr;)? to $to:expr; by $actors:expr;
        when $guard:literal; then $effects:literal; )+) => {
        /// Every row by name, for the decisions.
        pub(crate) mod rows {
            use super::{Role::*, State::*, Transition, ANY, HELD, OPEN, STAFF, WORKING};
            use crate::{Role, State};
            $(
                pub(crate) const $name: Transition = {
                    const FROM: &[State] = $from;
                    const TO: &[State] = $to;
                    const ACTORS: &[Role] = $actors;
                    #[allow(unused_mut, unused_assignments, clippy::allow_attributes, reason = "most rows have no `also`")]
                    const ALSO: &[State] = { let mut also: &[State] = &[]; $( also = $also; )? also };
                    Transition { id: $id, from: FROM, also: ALSO, event: $event, guard: $guard, to: TO, actors: ACTORS,
                        effects: $effects }
                };
            )+
        }
        /// Every row of the table, F01 to F67.
        pub const TRANSITIONS: &[Transition] = &[$( rows::$name ),+];
    };
}

/// "any": every state.
const ANY: &[State] = State::ALL;

/// "any non-terminal" (D§6.2, below the table); [`State::is_open`] as a list.
const OPEN: &[State] = &[
    State::Received,
    State::NeedInfo,
    State::PendingDispatch,
    State::MergedMember,
    State::PendingSign,
    State::Handling,
    State::ReturnReview,
    State::InDispute,
    State::Suspended,
    State::Consolidating,
    State::CloseReview,
    State::PendingVerify,
    State::PendingCallback,
    State::Redo,
    State::SupervisedRedo,
];

/// "the state held before" a review, a pause or a merge.
const HELD: &[State] = &[
    State::Received,
    State::PendingDispatch,
    State::PendingSign,
    State::Handling,
    State::InDispute,
    State::Consolidating,
    State::Redo,
    State::SupervisedRedo,
];

/// A unit leads and works.
const WORKING: &[State] = &[State::Handling, State::Consolidating, State::Redo, State::SupervisedRedo];

/// "any who may see it": everybody who works on tickets, and the citizen whose ticket it is (words beside a survey).
/// Administrators of the system do not.
const STAFF: &[Role] = &[
    Role::Citizen,
    Role::IntakeBot,
    Role::Agent,
    Role::Dispatcher,
    Role::MergeReviewer,
    Role::UnitSigner,
    Role::UnitHandler,
    Role::UnitLead,
    Role::Arbiter,
    Role::Supervisor,
    Role::Verifier,
    Role::Callback,
    Role::CallbackBot,
    Role::Qa,
    Role::KpiAdmin,
    Role::Leader,
    Role::System,
];

rows! {
    F01 = "F01", "submit"; from &[]; to &[Received]; by &[Citizen, Agent, IntakeBot];
        when "channel triple new"; then "number assigned; T_accept; dedup";
    F02 = "F02", "ask_info"; from &[Received]; to &[NeedInfo]; by &[Agent];
        when "something is missing, the citizen can be reached, and the matter is not CRITICAL"; then "N2; pause; T_supplement";
    F03 = "F03", "supplement"; from &[NeedInfo]; to HELD; by &[Citizen, Agent, IntakeBot];
        when "words"; then "clocks move by the pause";
    F04 = "F04", "timeout T_supplement"; from &[NeedInfo]; to HELD; by &[System];
        when "T_supplement passed"; then "handled on what is known; notice";
    F05 = "F05", "reject"; from &[Received]; to &[Rejected]; by &[Agent];
        when "reason in the list; the lawful channel named where there is one; after an appeal another agent"; then "N3; T_rating";
    F06 = "F06", "transfer_out"; from &[Received]; to &[TransferredOut]; by &[Agent];
        when "the taker's name or number"; then "handed to the emergency or utility line";
    F07 = "F07", "answer"; from &[Received]; to &[Answered]; by &[Agent];
        when "type CONSULT, or from the knowledge base"; then "T_rating; rating invited";
    F08 = "F08", "accept"; from &[Received]; to &[PendingDispatch]; by &[Agent, System];
        when "words present; type, matter and area may be unknown"; then "N1; T_dispatch, T_judge";
    F09 = "F09", "merge_into"; from &[Received, PendingDispatch, PendingSign, Handling, ReturnReview]; to &[MergedMember];
        by &[Dispatcher, MergeReviewer, System];
        when "D§9.3; from RETURN_REVIEW only as F15 with code 25"; then "N8; its own unit task is cancelled and its unit told; a merging master brings its members";
    F10 = "F10", "split"; from &[PendingDispatch, Handling, ReturnReview]; to &[Consolidating]; by &[Dispatcher];
        when "two parts or more; not itself a part, not in a merge group"; then "children P-1..n start in PENDING_DISPATCH; the unit's task is cancelled";
    F11 = "F11", "dispatch"; from &[PendingDispatch]; to &[PendingSign]; by &[System, Dispatcher];
        when "the unit may lead here (R-NAT-3); a verdict stands, except CRITICAL and URGENT; risky tickets by a person (D§10.3)"; then "N4; T_sign, T_return, T_handle, T_interim, the promise";
    F12 = "F12", "sign"; from &[PendingSign]; also &[Handling, Consolidating, Redo, SupervisedRedo, ReturnReview, InDispute];
        to &[Handling]; by &[UnitSigner];
        when "of a unit whose task waits for it"; then "T_contact";
    F13 = "F13", "timeout T_sign"; from &[PendingSign]; to &[]; by &[System];
        when "T_sign passed"; then "card; the ticket stays with its unit";
    F14 = "F14", "request_return"; from &[PendingSign, Handling]; also &[Consolidating, Redo, SupervisedRedo];
        to &[ReturnReview]; by &[UnitSigner];
        when "within T_return; returns left; not locked; evidence; 22 and 23 name another unit; an assist's changes its own task only"; then "T_return_review";
    F15A = "F15a", "first_review"; from &[ReturnReview]; also &[PendingSign, Handling, Consolidating, Redo, SupervisedRedo];
        to &[]; by &[Dispatcher];
        when "policy has two steps; none yet"; then "初审";
    F15 = "F15", "approve_return"; from &[ReturnReview]; also &[PendingSign, Handling, Consolidating, Redo, SupervisedRedo];
        to &[Received, PendingDispatch, InDispute, NeedInfo, PendingSign, Handling, MergedMember]; by &[Dispatcher];
        when "first reviewed by another person, unless one step"; then "21 → RECEIVED; 22, 23 → PENDING_DISPATCH, the second mis-dispatch → IN_DISPUTE; 24 → the state before, or NEED_INFO; 25 → MERGED_MEMBER by F09; 26 → PENDING_DISPATCH; 终审";
    F16 = "F16", "deny_return"; from &[ReturnReview]; also &[PendingSign, Handling, Consolidating, Redo, SupervisedRedo];
        to &[PendingSign, Handling]; by &[Dispatcher];
        when "a return is asked"; then "the state before; locked for this unit";
    F17 = "F17", "escalate"; from &[ReturnReview, PendingDispatch]; to &[InDispute]; by &[System, Dispatcher];
        when "two different units asked to return it"; then "T_dispute";
    F18 = "F18", "ruling"; from &[InDispute]; to &[PendingSign]; by &[Arbiter];
        when "every party's opinion on file, or T_dispute passed"; then "locked by ruling; dues as F11";
    F19 = "F19", "contact"; from &[Handling, Consolidating, Redo, SupervisedRedo, ReturnReview, InDispute, PendingDispatch, PendingSign];
        to &[]; by &[UnitHandler];
        when "an open task that its unit has signed, or the interim lead"; then "先行联系; ends T_contact; late is recorded, not refused";
    F20 = "F20", "request_extension"; from WORKING; to &[]; by &[UnitLead];
        when "T_ext_lead before due; quota and count left (redo: 1); none pending"; then "the clock keeps running";
    F21_REVIEW = "F21", "first_review of the extension"; from WORKING; to &[]; by &[Dispatcher];
        when "pending; policy has two steps; none yet"; then "初审";
    F21 = "F21", "grant / deny the extension"; from WORKING; to &[]; by &[Dispatcher, Supervisor];
        when "two people, the second a SUPERVISOR, unless policy says one; not beyond the upper platform's due"; then "granted: new due and promise, N6";
    F22 = "F22", "add_unit"; from WORKING; to &[]; by &[Dispatcher, UnitLead];
        when "by the lead's head or the centre; the unit is not at work here"; then "mode JOINT; T_sign, T_return, T_handle for the assist";
    F23 = "F23", "suspend"; from WORKING; to &[Suspended]; by &[Supervisor];
        when "reason in the list; a review date within T_suspend_review; not CRITICAL"; then "pause; T_suspend_review; N7";
    F24 = "F24", "resume / timeout"; from &[Suspended]; to HELD; by &[Supervisor, System];
        when "SYS: the review date has come"; then "clocks move by the pause";
    F25 = "F25", "submit_result"; from &[Handling]; also &[PendingSign, Consolidating, Redo, SupervisedRedo];
        to &[CloseReview]; by &[UnitHandler, UnitLead];
        when "result fields as D§5.4; the lead's only after a contact and when no assist is open; an assist's changes its own task only"; then "T_close_review";
    F26 = "F26", "lead submits the joint result"; from &[Consolidating]; to &[CloseReview]; by &[UnitHandler, UnitLead];
        when "as F25"; then "one reply";
    F26A = "F26a", "last part is done"; from &[Consolidating]; to &[PendingCallback]; by &[System];
        when "split; no part is open"; then "T_callback";
    F26B = "F26b", "answers on the parts are in"; from &[PendingCallback]; to &[Closed, Consolidating]; by &[System];
        when "split; CLOSED when no part is open again"; then "T_rating, W_closed";
    F27 = "F27", "reject_result"; from &[CloseReview]; to HELD; by &[Dispatcher, Qa, System];
        when "a finding or words"; then "the due moves by the time in review";
    F28 = "F28", "accept_result"; from &[CloseReview]; to &[PendingVerify, PendingCallback]; by &[Dispatcher, System];
        when "PENDING_VERIFY by policy"; then "T_verify, or T_callback and N9";
    F29 = "F29", "verify_ok / verify_fail"; from &[PendingVerify]; to &[PendingCallback, Redo, SupervisedRedo]; by &[Verifier];
        when "photograph, place and time; not of the unit that handled it"; then "fail: round+1, T_redo, counts as 虚假办结";
    F30 = "F30", "survey, satisfied"; from &[PendingCallback]; to &[Closed]; by &[Callback, CallbackBot, Citizen];
        when "valid; Q2 ∉ {2,3} and Q3 ∉ {4,5}; kept while a 督办单 is open"; then "T_rating, W_closed";
    F31 = "F31", "survey, unhappy"; from &[PendingCallback]; to &[Redo]; by &[Callback, CallbackBot, Citizen, Qa, System];
        when "valid; Q2 ∈ {2,3} or Q3 ∈ {4,5}; round 0; 诉求过高 and 无政策依据 wait for QA"; then "round+1; T_redo; N10";
    F32 = "F32", "attempts exhausted, refused, or not asked in time"; from &[PendingCallback]; to &[Closed]; by &[System];
        when "attempts used up, or T_callback_end passed"; then "回访未成功; T_rating, W_closed";
    F33 = "F33", "submit_result"; from &[Redo, SupervisedRedo]; to &[CloseReview]; by &[UnitHandler, UnitLead];
        when "as F25"; then "a person makes the next callback";
    F34 = "F34", "survey, unhappy again"; from &[PendingCallback]; to &[SupervisedRedo]; by &[Callback, CallbackBot, Citizen, Qa, System];
        when "as F31, round ≥ 1; beyond max_redo it waits for F35 or F50"; then "round+1; T_redo; 通报督办";
    F35 = "F35", "rule_unreasonable / not_solvable_now"; from &[SupervisedRedo, PendingCallback]; to &[Closed]; by &[Arbiter];
        when "in PENDING_CALLBACK an unhappy survey waits; no 督办单 is open"; then "挂账, or unreasonable";
    F36 = "F36", "the later of T_rating and W_closed passed"; from &[Closed]; to &[Archived]; by &[System];
        when "both passed"; then "immutable";
    F37 = "F37", "citizen raises it again with new facts"; from &[]; to &[Received]; by &[Citizen, Agent, IntakeBot];
        when "the closed ticket is named"; then "a new ticket, linked; not a reopen";
    F38 = "F38", "withdraw"; from OPEN; to &[Cancelled]; by &[Citizen, Agent, Callback];
        when "after dispatch confirmed by callback; never CRITICAL, 涉稳, 举报; a master changes first (F59)"; then "a split parent's open parts are cancelled with it";
    F39 = "F39", "unmerge"; from &[MergedMember]; to HELD; by &[MergeReviewer, System];
        when "follows this master"; then "the state before; its task returns; clocks R-TIM-3, M6";
    F40 = "F40", "urge"; from OPEN; to &[]; by &[Citizen, Supervisor, System];
        when "T_urge since the last of that kind of person"; then "logged; never a new ticket";
    F41 = "F41", "interim_feedback"; from &[Handling, Consolidating, Redo, SupervisedRedo, ReturnReview, InDispute, PendingDispatch, PendingSign];
        to &[]; by &[UnitHandler, UnitLead];
        when "by the unit that carries the work"; then "ends T_interim";
    F42 = "F42", "amend"; from OPEN; to &[]; by &[Agent, Dispatcher];
        when "never the citizen's words"; then "dues follow type and urgency; they only tighten once moved";
    F43 = "F43", "recall"; from &[PendingSign, Handling]; to &[PendingDispatch]; by &[Dispatcher];
        when "reason"; then "counts as mis-dispatch; T_dispatch";
    F44 = "F44", "supplement"; from ANY; to &[]; by &[Citizen, Agent, IntakeBot, System];
        when "words; SYS for a call that repeats an open ticket (D1)"; then "to the handler, or the dispatcher";
    F45 = "F45", "note"; from ANY; to &[]; by STAFF;
        when "units: with a task here; to the citizen only the lead"; then "–";
    F46 = "F46", "sub_dispatch"; from &[Handling]; to &[]; by &[UnitSigner];
        when "the team belongs to the unit"; then "a task inside the unit's task; the unit is scored";
    F47 = "F47", "unsatisfied"; from &[Answered]; to &[PendingDispatch]; by &[Citizen];
        when "within T_rating"; then "T_dispatch, T_judge";
    F48 = "F48", "unsatisfied"; from &[Closed]; to &[Redo, SupervisedRedo]; by &[Citizen, Dispatcher];
        when "within T_rating, or D2 within W_closed by a dispatcher; no redo left or ruled: recorded, stays"; then "round+1; T_redo";
    F49 = "F49", "appeal"; from &[Rejected]; to &[Received]; by &[Citizen];
        when "within T_rating; once"; then "another agent; T_accept";
    F50 = "F50", "unsatisfied, ruled unreasonable"; from &[PendingCallback]; to &[Closed]; by &[Qa];
        when "an unhappy survey waits; no 督办单 is open"; then "closed 不满意";
    F51 = "F51", "the master's reply is copied"; from &[MergedMember]; to &[PendingCallback]; by &[System];
        when "follows this master"; then "surveyed by itself; a redo goes to the master's lead";
    F52 = "F52", "return_upstream"; from &[Received, PendingDispatch, ReturnReview]; to &[ReturnedUpstream]; by &[Dispatcher];
        when "it came from an upper platform that has not refused"; then "unit tasks cancelled; T_upstream";
    F53A = "F53a", "upstream accepts / refuses the return"; from &[ReturnedUpstream]; to &[Archived, PendingDispatch]; by &[IntakeBot];
        when "from the upper platform"; then "refused: it cannot be returned again; T_dispatch";
    F53B = "F53b", "upstream grants / denies the extension"; from WORKING; to &[]; by &[IntakeBot];
        when "an extension is pending"; then "as F21";
    F53C = "F53c", "upstream's survey"; from &[PendingCallback, Closed]; to &[Closed, Redo, SupervisedRedo]; by &[IntakeBot];
        when "the ticket has an upstream"; then "as F30, F31 or F34; from CLOSED as F64 or F48";
    F53D = "F53d", "upstream accepts / refuses our result"; from &[PendingCallback, Closed]; to &[Redo, SupervisedRedo]; by &[IntakeBot];
        when "accepted: same"; then "refused: as F31 or F48";
    F54 = "F54", "verdict"; from OPEN; to &[]; by &[Dispatcher, MergeReviewer, System];
        when "\"not judged\" only before any verdict, after T_judge; a person only says of a suggested duplicate that it is none"; then "ends T_judge";
    F55 = "F55", "member_joined / member_left"; from ANY; to &[]; by &[Dispatcher, MergeReviewer, System, Citizen, Agent, Callback];
        when "written with F09, F38, F39, F51, F59 on the member; joins only while D§9.3 G3 holds"; then "limits, urgency and urges recomputed";
    F56 = "F56", "T_rating passed"; from &[Answered, Rejected]; to &[Archived]; by &[System];
        when "T_rating passed"; then "immutable";
    F57 = "F57", "survey_attempted"; from &[PendingCallback]; to &[]; by &[Callback, CallbackBot];
        when "attempts left; no survey waits; a redone ticket is called by a person"; then "refused or the last one: T_callback_end comes";
    F58 = "F58", "notice_sent"; from ANY; to &[]; by &[System];
        when "–"; then "–";
    F59 = "F59", "change_master"; from OPEN; to &[MergedMember, Cancelled]; by &[MergeReviewer, System, Citizen, Agent, Callback];
        when "B was received earlier, or A is withdrawn, or a person decides"; then "B takes A's state, tasks, dues, locks, rounds and members; no new dispatch";
    F60_ACCEPT = "F60", "accept_part"; from WORKING; to &[Consolidating]; by &[UnitHandler, UnitLead];
        when "by the lead; the assist has submitted; CONSOLIDATING once no assist is open"; then "the lead rates the part";
    F60_REJECT = "F60", "reject_part"; from WORKING; to &[]; by &[UnitHandler, UnitLead];
        when "by the lead; the assist has submitted"; then "the assist's due moves by the time in review";
    F60_RELEASE = "F60", "release_assist"; from WORKING; to &[Consolidating]; by &[UnitHandler, UnitLead, Dispatcher];
        when "by the lead or the centre; any open assist"; then "its task is cancelled";
    F61 = "F61", "unlock_return"; from &[PendingSign, Handling]; to &[]; by &[Supervisor];
        when "locked because a return was denied"; then "T_return anew";
    F62_OPINION = "F62", "file_opinion"; from &[InDispute]; to &[]; by &[UnitLead];
        when "a party; once"; then "–";
    F62_INTERIM = "F62", "name_interim_lead"; from &[InDispute]; to &[]; by &[Arbiter, Dispatcher];
        when "no interim lead yet; the unit is not at work here"; then "the interim lead gets a task";
    F63 = "F63", "group redo"; from &[PendingCallback, Closed]; to &[Redo]; by &[System];
        when "30 % of at least 3 valid answers unhappy; redo left"; then "the new reply goes to the unsatisfied members";
    F63_REPLY = "F63", "the new reply is copied"; from &[Redo, SupervisedRedo]; to &[PendingCallback]; by &[System];
        when "was answered with its master, which was done again"; then "its own redo ends; surveyed by itself";
    F64 = "F64", "rated satisfied"; from &[Closed, Answered]; to &[]; by &[Citizen, CallbackBot, IntakeBot];
        when "within T_rating; no valid survey yet"; then "counts as valid; replaces UNREACHED";
    F65 = "F65", "card"; from &[Received, NeedInfo, PendingDispatch, MergedMember, PendingSign, Handling, ReturnReview, InDispute,
        Suspended, Consolidating, CloseReview, PendingVerify, PendingCallback, Redo, SupervisedRedo, ReturnedUpstream];
        to &[]; by &[System];
        when "that clock ran out, or comes near (yellow)"; then "the clock has spoken and ends; D§14";
    F66_ORDER = "F66", "supervise"; from OPEN; to &[]; by &[Supervisor, Leader, System];
        when "level 1 to 3; in the issuer's own name; one open order an issuer"; then "督办单; no close while it is open";
    F66_RELEASE = "F66", "release"; from OPEN; to &[Closed]; by &[Supervisor, Leader, System];
        when "by the issuer"; then "the last one completes a close that it held back";
    F67_PUBLISH = "F67", "publish"; from &[Handling, Redo, SupervisedRedo]; to &[]; by &[UnitHandler];
        when "mode CITIZEN; by the lead; once"; then "–";
    F67_CLAIM = "F67", "claim"; from &[Handling, Redo, SupervisedRedo]; to &[]; by &[Citizen, Verifier];
        when "mode CITIZEN; published; a place is left"; then "–";
    F67_EVIDENCE = "F67", "evidence"; from &[Handling, Redo, SupervisedRedo]; to &[]; by &[Citizen, Verifier];
        when "mode CITIZEN; claimed"; then "–";
    F67_CONFIRM = "F67", "confirm"; from &[Handling, Redo, SupervisedRedo]; to &[]; by &[UnitHandler];
        when "mode CITIZEN; by the lead; evidence is there"; then "–";
}

impl Action {
    /// The rows of D§6.2 that this action can be, by id.
    #[must_use]
    pub const fn rows(&self) -> &'static [&'static str] {
        match self {
            Self::AskInfo { .. } => &["F02"],
            Self::Supplement { .. } => &["F03", "F44"],
            Self::Reject { .. } => &["F05"],
            Self::TransferOut { .. } => &["F06"],
            Self::Answer { .. } => &["F07"],
            Self::Accept { .. } => &["F08"],
            Self::Dispatch { .. } => &["F11"],
            Self::Sign => &["F12"],
            Self::RequestReturn { .. } => &["F14"],
            Self::ReviewReturn { .. } => &["F15a"],
            Self::ApproveReturn { .. } => &["F15"],
            Self::DenyReturn => &["F16"],
            Self::Escalate => &["F17"],
            Self::FileOpinion { .. } | Self::NameInterimLead { .. } => &["F62"],
            Self::Rule { .. } => &["F18"],
            Self::Contact { .. } => &["F19"],
            Self::RequestExtension { .. } => &["F20"],
            Self::ReviewExtension { .. } | Self::DecideExtension { .. } => &["F21"],
            Self::AddUnit { .. } => &["F22"],
            Self::Suspend { .. } => &["F23"],
            Self::Resume => &["F24"],
            Self::SubmitResult { .. } => &["F25", "F26", "F33"],
            Self::FinishParts { .. } => &["F26a"],
            Self::AnswerParts { .. } => &["F26b"],
            Self::RejectResult { .. } => &["F27"],
            Self::AcceptResult => &["F28"],
            Self::Verify { .. } => &["F29"],
            Self::Survey { .. } => &["F30", "F31", "F34", "F47", "F48", "F53c", "F64"],
            Self::AttemptSurvey { .. } => &["F57"],
            Self::ExhaustSurvey => &["F32"],
            Self::OrderRedo => &["F31", "F34"],
            Self::CloseUnsatisfied => &["F50"],
            Self::CloseUnsolvable { .. } => &["F35"],
            Self::Archive => &["F36", "F56"],
            Self::Withdraw { .. } => &["F38"],
            Self::Urge => &["F40"],
            Self::InterimFeedback { .. } => &["F41"],
            Self::Amend { .. } => &["F42"],
            Self::Recall { .. } => &["F43"],
            Self::Note { .. } => &["F45"],
            Self::SubDispatch { .. } => &["F46"],
            Self::Unsatisfied => &["F47", "F48"],
            Self::Appeal => &["F49"],
            Self::CopyReply { .. } => &["F51", "F63"],
            Self::ReturnUpstream { .. } => &["F52"],
            Self::UpstreamDecides { .. } => &["F53a", "F53b", "F53d"],
            Self::Judge { .. } => &["F54"],
            Self::AcceptPart { .. } | Self::RejectPart { .. } | Self::ReleaseAssist { .. } => &["F60"],
            Self::UnlockReturn => &["F61"],
            Self::GroupRedo { .. } => &["F63"],
            Self::ShowCard { .. } => &["F13", "F65"],
            Self::SupplementTimeout => &["F04"],
            Self::Supervise { .. } | Self::Release { .. } => &["F66"],
            Self::PublishTask { .. }
            | Self::ClaimTask { .. }
            | Self::GiveEvidence { .. }
            | Self::ConfirmEvidence { .. } => &["F67"],
            Self::NoticeSent { .. } => &["F58"],
        }
    }
}

/// The table as Markdown; `suban docs transitions` prints it.
#[must_use]
pub fn transitions_markdown() -> String {
    let mut out = String::from(
        "# Transitions\n\n\
         Every way a ticket can move, from `crates/domain/src/transitions.rs`; the decisions take roles and starting states\n\
         from the same rows, and a test holds this page to them. Print it with `suban docs transitions`.\n\n\
         *Any*: every state. *Open*: not ARCHIVED, CANCELLED or TRANSFERRED_OUT, nor ANSWERED, REJECTED, CLOSED or\n\
         RETURNED_UPSTREAM, whose exits are the rows that name them. *Held*: the state before a review, a pause or a merge.\n\
         *Same*: the state stays. In *assists in*, a unit that does not lead may do the same with its own task, and the\n\
         ticket's state stays.\n\n\
         | ID | From | Event | Guard | To | Actor | Effects |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in TRANSITIONS {
        let from = if row.from.is_empty() { "–".to_owned() } else { states(row.from) };
        let from = if row.also.is_empty() { from } else { format!("{from}; assists in {}", states(row.also)) };
        let to = if row.to.is_empty() { "same".to_owned() } else { states(row.to) };
        let actors = if row.actors == STAFF {
            "any who may see it".to_owned()
        } else {
            row.actors.iter().map(|role| role.code()).collect::<Vec<_>>().join(", ")
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "| {} | {from} | {} | {} | {to} | {actors} | {} |",
            row.id, row.event, row.guard, row.effects
        );
    }
    out
}

fn states(list: &[State]) -> String {
    if list == ANY {
        "any".to_owned()
    } else if list == OPEN {
        "open".to_owned()
    } else if list == HELD {
        "held".to_owned()
    } else {
        list.iter().map(|state| state.code()).collect::<Vec<_>>().join(", ")
    }
}
