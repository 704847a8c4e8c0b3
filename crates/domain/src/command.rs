//! What somebody asks to be done with one ticket.
//!
//! Texts are stored before the command and come as ids. What touches two tickets at once (merge,
//! split) stands in [`crate::groups`].

use crate::{
    Actor, Answers, AreaCode, At, AttemptOutcome, Audience, Card, Channel, ContactId, ContactOutcome, Element,
    ExtensionReason, FileId, Flags, Kind, MatterCode, Mode, Notice, Order, PersonCode, Point, Reading, RejectReason,
    RequestId, RequesterId, ResultRecord, ReturnReason, Source, Span, SurveyMeans, SuspendReason, TextId, TicketId,
    TicketNumber, Tier, Timer, UnitCode, Upstream, UpstreamDecision, Urgency, Verdict, VersionCode,
};

/// An action with who, when and which request.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// Who, from the caller's token.
    pub by: Actor,
    /// When, by the injected clock.
    pub at: At,
    /// What makes a repeat the same command.
    pub request: RequestId,
    /// What.
    pub action: Action,
}

/// F01: a demand as it arrives.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// The new ticket's id.
    pub id: TicketId,
    /// Its number.
    pub number: TicketNumber,
    /// Where from.
    pub source: Source,
    /// Whose.
    pub requester: Option<RequesterId>,
    /// Can the citizen be reached?
    pub reachable: bool,
    /// The source's time.
    pub reported_at: At,
    /// Ours.
    pub received_at: At,
    /// Words.
    pub texts: Vec<TextId>,
    /// The call or message.
    pub contact: Option<ContactId>,
    /// Type, where said.
    pub kind: Option<Kind>,
    /// Urgency.
    pub urgency: Urgency,
    /// Matter, where said.
    pub matter: Option<MatterCode>,
    /// Area, where said.
    pub area: Option<AreaCode>,
    /// Point.
    pub point: Option<Point>,
    /// Flags.
    pub flags: Flags,
    /// The upper platform's side.
    pub upstream: Option<Upstream>,
    /// Part of (拆单).
    pub parent: Option<TicketId>,
    /// Comes from a closed ticket (F37).
    pub raised_from: Option<TicketId>,
    /// Accept at once with this reading (F08 by the system), where nothing speaks against it.
    pub accept: Option<Reading>,
}

impl Submission {
    /// An ordinary demand of which nothing else is known: from somebody without a name who can be reached, reported
    /// when it was received, without words, waiting for its acceptance.
    #[must_use]
    pub fn new(id: TicketId, number: TicketNumber, source: Source, received_at: At) -> Self {
        Self {
            id,
            number,
            source,
            requester: None,
            reachable: true,
            reported_at: received_at,
            received_at,
            texts: Vec::new(),
            contact: None,
            kind: None,
            urgency: Urgency::Normal,
            matter: None,
            area: None,
            point: None,
            flags: Flags::default(),
            upstream: None,
            parent: None,
            raised_from: None,
            accept: None,
        }
    }
}

/// Everything that can be asked of one ticket; the row of D§6.2 stands in each comment.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// F02.
    AskInfo {
        /// What is missing.
        missing: Vec<Element>,
    },
    /// F03 in NEED_INFO, F44 elsewhere.
    Supplement {
        /// Added words.
        texts: Vec<TextId>,
    },
    /// F05.
    Reject {
        /// Why.
        reason: RejectReason,
        /// The lawful channel, told to the citizen.
        channel: Option<TextId>,
    },
    /// F06.
    TransferOut {
        /// Which hotline.
        target: VersionCode,
        /// Who took it, or its number there.
        taker: TextId,
    },
    /// F07.
    Answer {
        /// The answer.
        reply: TextId,
        /// It came from the knowledge base; otherwise the type must be CONSULT.
        from_knowledge_base: bool,
    },
    /// F08.
    Accept {
        /// What the words were read as.
        reading: Reading,
    },
    /// F11.
    Dispatch {
        /// Who leads.
        lead: UnitCode,
        /// Who assists.
        assists: Vec<UnitCode>,
        /// How it is handled.
        mode: Mode,
        /// How it was decided.
        tier: Tier,
        /// Catalogue version.
        catalogue: VersionCode,
        /// Row that gave the reason.
        rule: Option<VersionCode>,
        /// Limit of the row, where it sets one (statutory limits override, D§8.1).
        limit: Option<Span>,
        /// Units that are active and may lead this matter here (R-NAT-3); the shell asks the catalogue.
        lead_allowed: bool,
    },
    /// F12.
    Sign,
    /// F14.
    RequestReturn {
        /// Why.
        reason: ReturnReason,
        /// Proof in words.
        evidence: TextId,
        /// Whose it is instead.
        suggested: Option<UnitCode>,
    },
    /// F15a.
    ReviewReturn {
        /// Opinion.
        approve: bool,
    },
    /// F15. For code 25 see [`crate::groups::join`].
    ApproveReturn {
        /// For code 24: the missing facts were amended, or the citizen must be asked.
        ask_citizen: bool,
    },
    /// F16.
    DenyReturn,
    /// F17.
    Escalate,
    /// F62.
    FileOpinion {
        /// Opinion and legal basis.
        opinion: TextId,
    },
    /// F62.
    NameInterimLead {
        /// Who.
        unit: UnitCode,
    },
    /// F18.
    Rule {
        /// Who leads.
        lead: UnitCode,
        /// Who assists.
        assists: Vec<UnitCode>,
        /// Catalogue version shown.
        catalogue: VersionCode,
        /// Row shown.
        rule: Option<VersionCode>,
        /// Grounds.
        grounds: TextId,
    },
    /// F19.
    Contact {
        /// How it went.
        outcome: ContactOutcome,
    },
    /// F20.
    RequestExtension {
        /// Why.
        reason: ExtensionReason,
        /// For how long.
        by: Span,
        /// Is quota left for the unit this quarter? The shell asks.
        quota_left: bool,
    },
    /// F21, first.
    ReviewExtension {
        /// Opinion.
        grant: bool,
    },
    /// F21.
    DecideExtension {
        /// Granted?
        grant: bool,
    },
    /// F22.
    AddUnit {
        /// Who assists.
        unit: UnitCode,
    },
    /// F23.
    Suspend {
        /// Why.
        reason: SuspendReason,
        /// When to look at it again.
        review_at: At,
    },
    /// F24.
    Resume,
    /// F25, F26, F33.
    SubmitResult {
        /// What the unit says.
        result: ResultRecord,
    },
    /// F26a; the shell counts open parts.
    FinishParts {
        /// Parts that are still open.
        open: u32,
    },
    /// F26b; the shell has applied each part's own answer.
    AnswerParts {
        /// Parts open again after it.
        open: u32,
    },
    /// F27.
    RejectResult {
        /// Checks that failed.
        findings: Vec<VersionCode>,
        /// In words.
        note: Option<TextId>,
    },
    /// F28.
    AcceptResult,
    /// F29.
    Verify {
        /// Is it as reported?
        ok: bool,
        /// Photograph.
        photo: FileId,
        /// Where.
        point: Point,
        /// When.
        taken_at: At,
    },
    /// F30, F31, F34, F48, F53c, F64, depending on state and answers.
    Survey {
        /// Answers.
        answers: Answers,
        /// By which means.
        means: SurveyMeans,
    },
    /// F57.
    AttemptSurvey {
        /// How it went.
        outcome: AttemptOutcome,
        /// By which means.
        means: SurveyMeans,
    },
    /// F32.
    ExhaustSurvey,
    /// F31, F34 when QA finds the demand reasonable.
    OrderRedo,
    /// F50.
    CloseUnsatisfied,
    /// F35.
    CloseUnsolvable {
        /// 挂账, rather than unreasonable.
        not_solvable_now: bool,
    },
    /// F36, F56.
    Archive,
    /// F38.
    Withdraw {
        /// A callback confirmed that it is the citizen's free will.
        confirmed: bool,
    },
    /// F40.
    Urge,
    /// F41.
    InterimFeedback {
        /// What the unit says.
        text: TextId,
    },
    /// F42.
    Amend {
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
    },
    /// F43.
    Recall {
        /// Why.
        reason: TextId,
    },
    /// F45.
    Note {
        /// Words.
        text: TextId,
        /// Who may read them.
        audience: Audience,
    },
    /// F46.
    SubDispatch {
        /// Team.
        inner: UnitCode,
        /// It belongs to the unit; the shell asks the directory.
        belongs: bool,
    },
    /// F47, F48.
    Unsatisfied,
    /// F49.
    Appeal,
    /// F51.
    CopyReply {
        /// Whose.
        master: TicketId,
        /// At which version.
        master_version: u32,
        /// Masked for this citizen.
        reply: TextId,
        /// The master's lead, to whom a redo goes.
        lead: UnitCode,
    },
    /// F52.
    ReturnUpstream {
        /// Why.
        reason: TextId,
    },
    /// F53a, F53b, F53d.
    UpstreamDecides {
        /// What.
        decision: UpstreamDecision,
    },
    /// F54.
    Judge {
        /// What is said.
        verdict: Verdict,
        /// Who could be the same.
        candidates: Vec<TicketId>,
        /// Rule or model.
        basis: VersionCode,
    },
    /// F60.
    AcceptPart {
        /// Which assist.
        unit: UnitCode,
        /// 1 to 5.
        rating: Option<u8>,
    },
    /// F60.
    RejectPart {
        /// Which assist.
        unit: UnitCode,
        /// Why.
        reason: TextId,
    },
    /// F60.
    ReleaseAssist {
        /// Which assist.
        unit: UnitCode,
        /// Why.
        reason: TextId,
    },
    /// F61.
    UnlockReturn,
    /// F63; the shell counts the members' answers.
    GroupRedo {
        /// Members with valid answers.
        valid: u32,
        /// Those of them who are unhappy.
        unhappy: u32,
    },
    /// F65, F13: a clock ran out or comes near.
    ShowCard {
        /// Colour.
        card: Card,
        /// Which clock.
        timer: Timer,
        /// Whose.
        unit: Option<UnitCode>,
    },
    /// F04: the citizen did not answer in time.
    SupplementTimeout,
    /// F66.
    Supervise {
        /// The order.
        order: Order,
        /// Words.
        text: Option<TextId>,
    },
    /// F66.
    Release {
        /// Whose order.
        issuer: PersonCode,
    },
    /// F67.
    PublishTask {
        /// How many may take part.
        places: u16,
        /// What is asked.
        text: TextId,
    },
    /// F67.
    ClaimTask {
        /// By whom.
        person: PersonCode,
    },
    /// F67.
    GiveEvidence {
        /// By whom.
        person: PersonCode,
        /// Photograph.
        photo: FileId,
        /// Where.
        point: Point,
        /// When.
        taken_at: At,
    },
    /// F67.
    ConfirmEvidence {
        /// Whose.
        person: PersonCode,
    },
    /// F58.
    NoticeSent {
        /// Which.
        notice: Notice,
        /// By which channel.
        channel: Channel,
        /// Receipt.
        receipt: VersionCode,
    },
}
