//! What can happen to a ticket. Facts, not words: codes, ids, times, versions (design §2).
//!
//! An [`Event`] is a [`Fact`] and the due times it sets. Due times are stored when set and change
//! only through an event (R-TIM-5), so a later edit of a calendar never moves an old deadline.

use serde::{Deserialize, Serialize};

use crate::{
    Actor, Answers, AreaCode, At, AttemptOutcome, Audience, Card, Channel, ContactId, ContactOutcome, DuplicateClass,
    Element, Ending, Extension, ExtensionReason, FileId, Flags, Kind, MatterCode, Mode, Notice, Order, Participation,
    PersonCode, Point, Reading, RejectReason, RequestId, RequesterId, ResultRecord, ReturnLock, ReturnReason, Source,
    Span, State, SurveyMeans, SuspendReason, Task, TextId, TicketId, TicketNumber, Tier, Timer, UnitCode, Upstream,
    UpstreamDecision, Urgency, Verdict, VersionCode, Waiting,
};

/// A due time that an event sets, moves or ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// Which clock.
    pub timer: Timer,
    /// Whose: a unit's task, or the ticket's own.
    pub unit: Option<UnitCode>,
    /// When; `None` ends the clock.
    pub at: Option<At>,
    /// When the next card about it comes, where that is not at the due: before it the yellow one, after it the red.
    pub card: Option<At>,
}

/// One thing that happened, with the due times it sets.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What happened.
    pub fact: Fact,
    /// Clocks that it sets, moves or ends.
    pub dues: Vec<Due>,
}

impl From<Fact> for Event {
    fn from(fact: Fact) -> Self {
        Self { fact, dues: Vec::new() }
    }
}

impl Fact {
    /// This fact together with the clocks it sets.
    #[must_use]
    pub fn with(self, dues: Vec<Due>) -> Event {
        Event { fact: self, dues }
    }
}

/// An event in its place in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Of which ticket.
    pub ticket: TicketId,
    /// Its place, from 1.
    pub version: u32,
    /// When, by the injected clock.
    pub at: At,
    /// Who.
    pub by: Actor,
    /// The command that caused it; several events of one command share it.
    pub request: RequestId,
    /// What.
    pub event: Event,
}

/// Everything of a master that passes to the member that takes its place (F59).
#[derive(Debug, Clone, PartialEq)]
pub struct Handover {
    /// Where the old master stood.
    pub state: State,
    /// Where it would have gone back to.
    pub held: Option<State>,
    /// Units at work.
    pub tasks: Vec<Task>,
    /// The ticket's running clocks.
    pub dues: Vec<Due>,
    /// How it is handled.
    pub mode: Option<Mode>,
    /// How it was dispatched.
    pub tier: Option<Tier>,
    /// Whether returning is locked.
    pub return_lock: ReturnLock,
    /// Approved returns.
    pub return_count: u8,
    /// Redo rounds.
    pub redo_round: u8,
    /// Extensions granted.
    pub extension_count: u8,
    /// Time granted by them.
    pub extended: Span,
    /// The extension asked for.
    pub extension: Option<Extension>,
    /// Members of the group after the change.
    pub members: u32,
    /// Urges so far.
    pub urges: u32,
    /// Urgency of the group.
    pub urgency: Urgency,
    /// The result under review.
    pub result: Option<ResultRecord>,
}

/// What a valid survey leads to (F30, F31, F34 and the notes below the table).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SurveyEnd {
    /// Closed as satisfied.
    Close,
    /// Redone by the same unit, with its own limit.
    Redo,
    /// Redone under supervision.
    SupervisedRedo,
    /// Kept until somebody decides.
    Wait(Waiting),
    /// Not valid (R-CB-5): nothing follows.
    Nothing,
}

macro_rules! facts {
    ($( $(#[$doc:meta])* $name:ident = $code:literal { $( $(#[$fdoc:meta])* $field:ident : $ty:ty ),* $(,)? } )+) => {
        /// One kind of thing that happens to a ticket; the row of D§6.2 stands in each comment.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(clippy::large_enum_variant, reason = "the largest, `Submitted`, is the first event of every ticket")]
        pub enum Fact {
            $( $(#[$doc])* $name { $( $(#[$fdoc])* $field: $ty ),* }, )+
        }

        impl Fact {
            /// The name in data: the header of a message, the type in the log.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $( Self::$name { .. } => $code, )+ }
            }

            /// Every name, for consumers that choose what they read.
            pub const NAMES: &'static [&'static str] = &[$($code),+];
        }
    };
}

facts! {
    /// F01: a demand arrived and got its number.
    Submitted = "submitted" {
        /// For people.
        number: TicketNumber,
        /// Where from.
        source: Source,
        /// Whose.
        requester: Option<RequesterId>,
        /// Can the citizen be reached?
        reachable: bool,
        /// The source's time.
        reported_at: At,
        /// Ours.
        received_at: At,
        /// The citizen's words.
        texts: Vec<TextId>,
        /// The call or message.
        contact: Option<ContactId>,
        /// Type, where the channel says it.
        kind: Option<Kind>,
        /// Urgency.
        urgency: Urgency,
        /// Matter, where the channel says it.
        matter: Option<MatterCode>,
        /// Area, where the channel says it.
        area: Option<AreaCode>,
        /// Point.
        point: Option<Point>,
        /// Flags.
        flags: Flags,
        /// The upper platform's side.
        upstream: Option<Upstream>,
        /// The ticket it is a part of (拆单).
        parent: Option<TicketId>,
        /// The closed ticket it comes from (F37).
        raised_from: Option<TicketId>,
    }
    /// F02: something is missing, and the citizen is asked.
    InfoAsked = "info_asked" { /** What is missing. */ missing: Vec<Element> }
    /// F03, F44: the citizen added words; where information was awaited, work goes on.
    Supplemented = "supplemented" {
        /// Added words.
        texts: Vec<TextId>,
        /// The state that work goes on in, when it had waited for this.
        resumes: Option<State>,
    }
    /// F04: nothing came; work goes on with what is known.
    SupplementOverdue = "supplement_overdue" { /** The state that work goes on in. */ resumes: State }
    /// F05.
    Rejected = "rejected" {
        /// Why.
        reason: RejectReason,
        /// The lawful channel, as told to the citizen.
        channel: Option<TextId>,
    }
    /// F06.
    TransferredOut = "transferred_out" {
        /// Which hotline, for example `110`.
        target: VersionCode,
        /// Who took it there, or its number there.
        taker: TextId,
    }
    /// F07.
    Answered = "answered" { /** The answer given. */ reply: TextId }
    /// F08: in scope; type, matter and area as read.
    Accepted = "accepted" { /** What the words were read as. */ reading: Reading }
    /// F09: follows a master from now on.
    MergedInto = "merged_into" {
        /// Which.
        master: TicketId,
        /// What kind of duplicate.
        class: DuplicateClass,
        /// The rule or model that said so.
        basis: VersionCode,
    }
    /// F10.
    Split = "split" { /** The parts. */ parts: Vec<TicketId> }
    /// F11: sent to the unit that leads.
    Dispatched = "dispatched" {
        /// Who leads.
        lead: UnitCode,
        /// Who assists.
        assists: Vec<UnitCode>,
        /// How it is handled.
        mode: Mode,
        /// How it was decided.
        tier: Tier,
        /// Version of the catalogue used.
        catalogue: VersionCode,
        /// The row that gave the reason.
        rule: Option<VersionCode>,
        /// The matter's own limit, in natural time, where it took the profile's place (法定时限).
        limit: Option<Span>,
    }
    /// F12.
    Signed = "signed" { /** Which unit. */ unit: UnitCode }
    /// F14.
    ReturnRequested = "return_requested" {
        /// Which unit.
        unit: UnitCode,
        /// Why.
        reason: ReturnReason,
        /// Proof in words.
        evidence: TextId,
        /// Whose it is instead.
        suggested: Option<UnitCode>,
    }
    /// F15a: 初审.
    ReturnReviewed = "return_reviewed" { /** Should it be approved? */ approve: bool }
    /// F15: 终审, approved.
    ReturnApproved = "return_approved" {
        /// Why it had been asked.
        reason: ReturnReason,
        /// Where the ticket goes.
        to: State,
        /// Counts as sent to the wrong unit (22, 23).
        misdispatch: bool,
        /// The review's time, which is the centre's (R-TIM-3).
        review: Span,
    }
    /// F16.
    ReturnDenied = "return_denied" { /** Why it had been asked. */ reason: ReturnReason }
    /// F17: two units say it is not theirs.
    Escalated = "escalated" {}
    /// F62: a party's opinion is on file.
    OpinionFiled = "opinion_filed" {
        /// Which party.
        unit: UnitCode,
        /// Opinion and legal basis.
        opinion: TextId,
    }
    /// F62: who holds the work while units quarrel.
    InterimLeadNamed = "interim_lead_named" { /** Which unit. */ unit: UnitCode }
    /// F18: the ruling; no further return.
    Ruled = "ruled" {
        /// Who leads.
        lead: UnitCode,
        /// Who assists.
        assists: Vec<UnitCode>,
        /// The catalogue's version shown.
        catalogue: VersionCode,
        /// The row shown.
        rule: Option<VersionCode>,
        /// The grounds.
        grounds: TextId,
    }
    /// F19: 先行联系.
    Contacted = "contacted" {
        /// Which unit.
        unit: UnitCode,
        /// How it went.
        outcome: ContactOutcome,
    }
    /// F20.
    ExtensionRequested = "extension_requested" {
        /// Which unit.
        unit: UnitCode,
        /// Why.
        reason: ExtensionReason,
        /// For how long.
        by: Span,
    }
    /// F21: first review.
    ExtensionReviewed = "extension_reviewed" { /** Should it be granted? */ grant: bool }
    /// F21: granted; the new due stands in the event's dues.
    ExtensionGranted = "extension_granted" { /** How much more. */ by: Span }
    /// F21.
    ExtensionDenied = "extension_denied" {}
    /// F22: 加派 / 协办.
    UnitAdded = "unit_added" { /** Who assists now. */ unit: UnitCode }
    /// F23.
    Suspended = "suspended" { /** Why. */ reason: SuspendReason }
    /// F24: the pause moves every clock that runs (R-TIM-4).
    Resumed = "resumed" { /** How long it had paused. */ paused: Span }
    /// F25, F26, F33: a unit hands in its result.
    ResultSubmitted = "result_submitted" {
        /// Which unit.
        unit: UnitCode,
        /// What it says.
        result: ResultRecord,
    }
    /// F26a: no part is left open.
    PartsDone = "parts_done" {}
    /// F26b: every part has its answer.
    PartsAnswered = "parts_answered" { /** CLOSED, or CONSOLIDATING when a part is redone. */ to: State }
    /// F27: 退回重写.
    ResultRejected = "result_rejected" {
        /// Names of the checks that failed (D§11.4).
        findings: Vec<VersionCode>,
        /// In words.
        note: Option<TextId>,
        /// The review's time, by which the unit's due moves (R-TIM-3).
        review: Span,
    }
    /// F28.
    ResultAccepted = "result_accepted" { /** PENDING_VERIFY or PENDING_CALLBACK. */ to: State }
    /// F29.
    Verified = "verified" {
        /// Is it as reported?
        ok: bool,
        /// Photograph.
        photo: FileId,
        /// Where it was taken.
        point: Point,
        /// When it was taken.
        taken_at: At,
    }
    /// F30, F31, F34, F53c: answers of a survey, and what they lead to.
    SurveyAnswered = "survey_answered" {
        /// The answers.
        answers: Answers,
        /// By which means.
        means: SurveyMeans,
        /// What follows.
        end: SurveyEnd,
    }
    /// F57.
    SurveyAttempted = "survey_attempted" {
        /// How it went.
        outcome: AttemptOutcome,
        /// By which means.
        means: SurveyMeans,
    }
    /// F32: nobody could be asked.
    SurveyExhausted = "survey_exhausted" {}
    /// F31, F34 by QA; F48, F53d, F63: it is done again.
    RedoOrdered = "redo_ordered" {
        /// Under supervision?
        supervised: bool,
        /// Because of members' answers (F63)?
        group: bool,
    }
    /// F35, F50, and the release of an order that had held a close back.
    Closed = "closed" { /** How. */ ending: Ending }
    /// F36, F56, F53a.
    Archived = "archived" {}
    /// F38.
    Withdrawn = "withdrawn" {}
    /// F39.
    Unmerged = "unmerged" {
        /// From which master.
        master: TicketId,
        /// How long it had followed; clocks move as R-TIM-3, M6 say.
        merged: Span,
    }
    /// F40.
    Urged = "urged" { /** By whom: citizen, supervisor or timer. */ on_member: Option<TicketId> }
    /// F41.
    InterimGiven = "interim_given" {
        /// Which unit.
        unit: UnitCode,
        /// What it says.
        text: TextId,
    }
    /// F42: only what is said changes; a field that is `None` stays.
    Amended = "amended" {
        /// Type.
        kind: Option<Kind>,
        /// Urgency.
        urgency: Option<Urgency>,
        /// Matter.
        matter: Option<MatterCode>,
        /// Area.
        area: Option<AreaCode>,
        /// Point.
        point: Option<Point>,
        /// All flags anew.
        flags: Option<Flags>,
        /// Title.
        title: Option<TextId>,
    }
    /// F43.
    Recalled = "recalled" { /** Why, in words. */ reason: TextId }
    /// F45.
    Noted = "noted" {
        /// Words.
        text: TextId,
        /// Who may read them.
        audience: Audience,
    }
    /// F46.
    SubDispatched = "sub_dispatched" {
        /// The unit.
        unit: UnitCode,
        /// Its team.
        inner: UnitCode,
    }
    /// F47, F49: an answer or rejection did not stand.
    Reopened = "reopened" { /** Where it goes on. */ to: State }
    /// F48 without redo left; also D2 on a closed ticket: recorded, nothing moves.
    Complained = "complained" {}
    /// F51: the master's reply is this member's too.
    ReplyCopied = "reply_copied" {
        /// Whose.
        master: TicketId,
        /// At which of its versions.
        master_version: u32,
        /// The reply, masked for this citizen.
        reply: TextId,
        /// The master's lead: a redo of this member goes there.
        lead: UnitCode,
    }
    /// F52.
    ReturnedUpstream = "returned_upstream" { /** Why, in words. */ reason: TextId }
    /// F53a, F53b, F53d.
    UpstreamDecided = "upstream_decided" {
        /// What.
        decision: UpstreamDecision,
        /// Where the ticket goes, when it moves.
        to: Option<State>,
        /// More time, when granted.
        by: Option<Span>,
    }
    /// F54.
    Judged = "judged" {
        /// What is said.
        verdict: Verdict,
        /// Who could be the same.
        candidates: Vec<TicketId>,
        /// The rule or model that said so.
        basis: VersionCode,
    }
    /// F55, on the master.
    MemberJoined = "member_joined" {
        /// Who.
        member: TicketId,
        /// Members it brought with it.
        brought: u32,
        /// Its urgency counts for the group (M8).
        urgency: Urgency,
        /// Its urges count for the group (M8).
        urges: u32,
    }
    /// F55, on the master.
    MemberLeft = "member_left" { /** Who. */ member: TicketId }
    /// F59, on the member that becomes master.
    TookOver = "took_over" {
        /// From whom.
        from: TicketId,
        /// What it takes on.
        handover: Box<Handover>,
    }
    /// F59, on the old master.
    GaveOver = "gave_over" {
        /// To whom.
        to: TicketId,
        /// It was withdrawn, and does not become a member.
        withdrawn: bool,
    }
    /// F60.
    PartAccepted = "part_accepted" {
        /// Which assist.
        unit: UnitCode,
        /// The lead's rating, 1 to 5.
        rating: Option<u8>,
    }
    /// F60.
    PartRejected = "part_rejected" {
        /// Which assist.
        unit: UnitCode,
        /// Why.
        reason: TextId,
    }
    /// F60.
    AssistReleased = "assist_released" {
        /// Which assist.
        unit: UnitCode,
        /// Why.
        reason: TextId,
    }
    /// F61.
    ReturnUnlocked = "return_unlocked" {}
    /// F64.
    RatedSatisfied = "rated_satisfied" {
        /// The answers.
        answers: Answers,
        /// By which means.
        means: SurveyMeans,
    }
    /// F65, F13: a warning, because of this clock.
    CardShown = "card_shown" {
        /// The colour.
        card: Card,
        /// Which clock.
        timer: Timer,
        /// Whose, for a unit's clock.
        unit: Option<UnitCode>,
    }
    /// F66.
    Supervised = "supervised" {
        /// The order.
        order: Order,
        /// Its words.
        text: Option<TextId>,
    }
    /// F66: 销号.
    Released = "released" { /** Whose order. */ issuer: PersonCode }
    /// F67.
    TaskPublished = "task_published" {
        /// How many may take part.
        participation: Participation,
        /// What is asked.
        text: TextId,
    }
    /// F67.
    TaskClaimed = "task_claimed" { /** By whom. */ person: PersonCode }
    /// F67.
    EvidenceGiven = "evidence_given" {
        /// By whom.
        person: PersonCode,
        /// Photograph.
        photo: FileId,
        /// Where.
        point: Point,
        /// When.
        taken_at: At,
    }
    /// F67.
    EvidenceConfirmed = "evidence_confirmed" { /** Whose. */ person: PersonCode }
    /// F58.
    NoticeSent = "notice_sent" {
        /// Which.
        notice: Notice,
        /// By which channel.
        channel: Channel,
        /// The carrier's receipt.
        receipt: VersionCode,
    }
}
