//! The ticket: the fold of its events and nothing else (design §2).
//!
//! Every field here is set by [`crate::Ticket::apply`] alone. The row in Postgres is this
//! value as JSON; empty fields are left out, so that most rows stay small.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Actor, AreaCode, At, Card, Channel, Ending, FileId, Kind, MatterCode, Mode, PersonCode, Point, RequesterId,
    ReturnLock, ReturnReason, Role, SourceId, SourceSystem, Span, State, TaskRole, TaskState, TextId, TicketId,
    TicketNumber, Tier, Timer, UnitCode, Urgency, Verdict, VersionCode,
};

/// Where a ticket came from; unique (R-CHN-1). `request_id` stands in for the id where the source has none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Source {
    /// By which way.
    pub channel: Channel,
    /// From which system.
    pub system: SourceSystem,
    /// The id it has there.
    pub id: SourceId,
}

/// A ticket that an upper platform sent us (D§5.5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// Which platform.
    pub system: SourceSystem,
    /// Its number there.
    pub number: SourceId,
    /// When they want it done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<At>,
    /// How often it went to and fro.
    #[serde(default)]
    pub round: u16,
}

/// Flags of D§5.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Flags {
    /// 保密: named viewers, never merged (R-SEC-9).
    #[serde(skip_serializing_if = "is_false")]
    pub confidential: bool,
    /// 匿名.
    #[serde(skip_serializing_if = "is_false")]
    pub anonymous: bool,
    /// The citizen does not want the unit to call.
    #[serde(skip_serializing_if = "is_false")]
    pub no_contact: bool,
    /// 群体性/涉稳.
    #[serde(skip_serializing_if = "is_false")]
    pub group_event: bool,
    /// 敏感.
    #[serde(skip_serializing_if = "is_false")]
    pub sensitive: bool,
    /// 涉企.
    #[serde(skip_serializing_if = "is_false")]
    pub enterprise: bool,
    /// 热点.
    #[serde(skip_serializing_if = "is_false")]
    pub hotspot: bool,
    /// 重复来电.
    #[serde(skip_serializing_if = "is_false")]
    pub repeat: bool,
    /// 超职责诉求.
    #[serde(skip_serializing_if = "is_false")]
    pub over_duty: bool,
    /// 未诉先办.
    #[serde(skip_serializing_if = "is_false")]
    pub proactive: bool,
    /// 批示.
    #[serde(skip_serializing_if = "is_false")]
    pub leader_note: bool,
    /// 举报公职人员: never merged, always dispatched by a person (D§9.3 G2, D§10.3).
    #[serde(skip_serializing_if = "is_false")]
    pub against_official: bool,
    /// 涉访涉诉 (D§9.3 G5).
    #[serde(skip_serializing_if = "is_false")]
    pub in_proceedings: bool,
}

fn is_false(b: &bool) -> bool {
    !*b
}

fn is_zero<T: Default + PartialEq>(n: &T) -> bool {
    *n == T::default()
}

/// What the suite read out of the words when it accepted them; each part may be unknown (F08).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// What the citizen wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Which row of the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matter: Option<MatterCode>,
    /// Which place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<AreaCode>,
    /// Which version of reader, keywords and gazetteer read it.
    pub version: VersionCode,
    /// Matters of the several demands in the words, in their order (拆单, D§9.6); none where there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub several: Vec<MatterCode>,
}

/// One unit's work on one ticket (D§6.1): what a unit's inbox shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Which unit.
    pub unit: UnitCode,
    /// Its part in the ticket.
    pub role: TaskRole,
    /// Where it stands.
    pub state: TaskState,
    /// When the unit got it; its clock starts here (R-TIM-3, R-TIM-6).
    pub dispatched_at: At,
    /// Who signed, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<At>,
    /// When the citizen was first contacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contacted_at: Option<At>,
    /// When the result was submitted, the latest time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<At>,
    /// The matter's own limit in natural time, where it took the profile's place (法定时限).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Span>,
    /// Running clocks of this task; a clock that was met or is void is not here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dues: BTreeMap<Timer, At>,
    /// When the next card about a running clock comes, where that is not at its due.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cards: BTreeMap<Timer, At>,
    /// The due time of the handling as last set; stays when the clock is met, to say whether it was on time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle_due: Option<At>,
    /// When it had to be signed; stays when it is, to say whether it was in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_due: Option<At>,
    /// When the citizen had to be contacted; stays likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_due: Option<At>,
    /// Returns asked by the unit.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub returns_asked: u8,
    /// Returns of the unit that were denied (不当退单).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub returns_denied: u8,
    /// The state to return to, while [`TaskState::ReturnRequested`] or [`TaskState::Cancelled`] by a merge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<TaskState>,
    /// The unit this team belongs to (F46).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<UnitCode>,
}

impl Task {
    /// A unit's work as it begins.
    #[must_use]
    pub const fn new(unit: UnitCode, role: TaskRole, dispatched_at: At) -> Self {
        Self {
            unit,
            role,
            state: TaskState::PendingSign,
            dispatched_at,
            signed_at: None,
            contacted_at: None,
            submitted_at: None,
            limit: None,
            dues: BTreeMap::new(),
            cards: BTreeMap::new(),
            handle_due: None,
            sign_due: None,
            contact_due: None,
            returns_asked: 0,
            returns_denied: 0,
            held: None,
            within: None,
        }
    }

    /// Is there still something for the unit to do?
    #[must_use]
    pub const fn is_open(&self) -> bool {
        !matches!(self.state, TaskState::Accepted | TaskState::Cancelled)
    }
}

/// A request for more time (F20, F21).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Which unit asks.
    pub unit: UnitCode,
    /// For how long.
    pub by: Span,
    /// Who reviewed it first, so that another person decides (R-DSP-6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_review_by: Option<PersonCode>,
}

/// A return under review (F14–F17).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// Which unit.
    pub unit: UnitCode,
    /// Why.
    pub reason: ReturnReason,
    /// Whose it is instead, by the unit's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested: Option<UnitCode>,
    /// Who reviewed it first (初审), so that another person decides (终审).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_review_by: Option<PersonCode>,
    /// When it was asked.
    pub asked_at: At,
}

/// What a ticket is in a merge group (D§9.5). Members themselves are a relation in the store.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Merge {
    /// Not merged.
    #[default]
    Alone,
    /// Carries the group: this many members.
    Master {
        /// Members now in the group.
        members: u32,
    },
    /// Follows a master.
    Member {
        /// Which.
        master: TicketId,
    },
}

/// A supervision order (督办单, D§14).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// 1 to 3.
    pub level: u8,
    /// Only the issuer releases it (销号).
    pub issuer: PersonCode,
    /// By when the issuer wants feedback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<At>,
}

/// The answers of the latest valid survey, or what is kept while an order is open (D§11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Answers {
    /// Q1: was the citizen contacted?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contacted: Option<bool>,
    /// Q2: 1 solved, 2 partly, 3 not, 4 cannot say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solved: Option<u8>,
    /// Q3: 1 very satisfied to 5 very dissatisfied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub satisfied: Option<u8>,
    /// Q4: 1 satisfied, 2 mostly, 3 not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attitude: Option<u8>,
    /// "The unit asked me to withdraw": counts as 虚假办结 (F38).
    #[serde(default, skip_serializing_if = "is_false")]
    pub pressed_to_withdraw: bool,
}

impl Answers {
    /// Q2 or Q3 answered; "cannot say" alone does not count (R-CB-5).
    #[must_use]
    pub const fn is_valid(&self) -> bool {
        matches!(self.solved, Some(1..=3)) || matches!(self.satisfied, Some(1..=5))
    }
    /// Q2 ∈ {2,3} or Q3 ∈ {4,5} (F31).
    #[must_use]
    pub const fn is_unhappy(&self) -> bool {
        matches!(self.solved, Some(2 | 3)) || matches!(self.satisfied, Some(4 | 5))
    }
    /// Every answer is one of the script's keys (D§11.1).
    #[must_use]
    pub const fn is_on_the_script(&self) -> bool {
        matches!(self.solved, None | Some(1..=4))
            && matches!(self.satisfied, None | Some(1..=5))
            && matches!(self.attitude, None | Some(1..=3))
    }
}

/// The result last submitted by the lead (D§5.4). Words are texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultRecord {
    /// 事实认定.
    pub finding: crate::Finding,
    /// Why, where the finding is not "true".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding_because: Option<TextId>,
    /// 诉求认定.
    pub demand: crate::Demand,
    /// 处理结果.
    pub outcome: crate::Outcome,
    /// 现场查看.
    pub site_visit: crate::SiteVisit,
    /// 答复方式.
    pub reply_means: crate::ReplyMeans,
    /// 公开答复.
    pub reply: TextId,
    /// 办理情况.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internal: Option<TextId>,
    /// 是否公开.
    #[serde(default, skip_serializing_if = "is_false")]
    pub public: bool,
    /// Attachments, as texts' ids of the object store (later issue).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileId>,
}

/// A task given to residents (群众参与, F67).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Participation {
    /// How many may take part.
    pub places: u16,
    /// Who claimed a place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claimed_by: Vec<PersonCode>,
    /// Pieces of evidence given.
    #[serde(default)]
    pub evidence: u16,
    /// Pieces confirmed by the unit.
    #[serde(default)]
    pub confirmed: u16,
}

/// Everything known of one ticket now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// Which ticket.
    pub id: TicketId,
    /// The number for people.
    pub number: TicketNumber,
    /// Events so far.
    pub version: u32,
    /// Where it stands.
    pub state: State,

    /// Where it came from.
    pub source: Source,
    /// Whose demand it is; none for anonymous tickets and for erased ones nothing is found behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<RequesterId>,
    /// Can the citizen be reached (and allows it)?
    #[serde(default, skip_serializing_if = "is_false")]
    pub reachable: bool,
    /// The source's time; duplicate windows use it.
    pub reported_at: At,
    /// Our time of receipt; numbers, clocks and KPIs use it.
    pub received_at: At,
    /// The citizen's words, first and added ones.
    pub texts: Vec<TextId>,
    /// Which contact record brought it, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<crate::ContactId>,

    /// Type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Urgency.
    pub urgency: Urgency,
    /// Matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matter: Option<MatterCode>,
    /// Area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<AreaCode>,
    /// Point, where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<Point>,
    /// Version of the reading that set matter and area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_by: Option<VersionCode>,
    /// Flags.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub flags: Flags,
    /// The upper platform's side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Upstream>,
    /// The upper platform refused to take it back.
    #[serde(default, skip_serializing_if = "is_false")]
    pub upstream_refused: bool,

    /// The ticket this one is a part of (拆单).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<TicketId>,
    /// Parts of this ticket.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<TicketId>,
    /// The closed ticket whose matter came up again with new facts (F37).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raised_from: Option<TicketId>,

    /// Matters of the several demands that its words seemed to hold when it was accepted (拆单); none where one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub several: Vec<MatterCode>,
    /// The duplicate verdict, once given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Its merge group.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub merge: Merge,

    /// How it is handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// How it was last dispatched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// Units at work, the lead first among open ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<Task>,
    /// The state to go back to from a review, a pause or a merge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<State>,
    /// Running clocks of the ticket; tasks carry their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dues: BTreeMap<Timer, At>,
    /// When the next card about a running clock comes, where that is not at its due.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cards: BTreeMap<Timer, At>,
    /// When the running pause began (R-TIM-4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_at: Option<At>,
    /// Pauses that ended, from and until: a change of urgency must not take their time back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<(At, At)>,
    /// When the running review began (R-TIM-3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_at: Option<At>,

    /// The return under review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returning: Option<Return>,
    /// Approved returns.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub return_count: u8,
    /// Approved returns for "not mine" and recalls: mis-dispatches.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub misdispatch_count: u8,
    /// Units that asked to return it, for escalation and so that it never goes back to who rightly refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returned_by: Vec<UnitCode>,
    /// Whether returning is locked.
    #[serde(default = "no_lock", skip_serializing_if = "is_no_lock")]
    pub return_lock: ReturnLock,
    /// Units that filed an opinion in the dispute.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opinions: Vec<UnitCode>,

    /// The extension asked for and not yet decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<Extension>,
    /// Extensions granted (in this round).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub extension_count: u8,
    /// Time granted by them, whatever the round.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub extended: Span,

    /// The lead's latest result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultRecord>,
    /// The reply a member got from its master, with the master's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copied_reply: Option<(TextId, u32)>,
    /// Redo rounds so far.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub redo_round: u8,
    /// Survey attempts in this round.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u8,
    /// The latest valid answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<Answers>,
    /// The first valid answers: 满意率 is about these, however a redo went (R-CB-13).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_answers: Option<Answers>,
    /// A survey that waits for QA or for the release of an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
    /// An appeal against a rejection was made (once, F49), and who rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_by: Option<PersonCode>,
    /// The appeal is used up.
    #[serde(default, skip_serializing_if = "is_false")]
    pub appealed: bool,

    /// Warning shown.
    #[serde(default = "no_card", skip_serializing_if = "is_no_card")]
    pub card: Card,
    /// Open supervision orders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<Order>,
    /// Urges by citizens, members' ones summed in (M8).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub urges: u32,
    /// Who urged last, and when (F40).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_urge: Option<(Role, At)>,
    /// The participation task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participation: Option<Participation>,
}

/// What a kept survey waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Waiting {
    /// QA says whether the demand was reasonable (F31).
    Qa,
    /// The issuer releases the supervision order; the survey then takes effect.
    Release,
    /// Nothing is left to redo: an arbiter or QA ends it (F34, F35, F50).
    Arbiter,
}

fn no_lock() -> ReturnLock {
    ReturnLock::None
}
fn is_no_lock(l: &ReturnLock) -> bool {
    *l == ReturnLock::None
}
fn no_card() -> Card {
    Card::None
}
fn is_no_card(c: &Card) -> bool {
    *c == Card::None
}

impl Ticket {
    /// The lead's task, if a unit leads now: the latest open lead, or the one that led last.
    #[must_use]
    pub fn lead(&self) -> Option<&Task> {
        let leads = || self.tasks.iter().rev().filter(|t| t.role == TaskRole::Lead);
        leads().find(|t| t.is_open()).or_else(|| leads().find(|t| t.state == TaskState::Accepted))
    }

    /// The open task of a unit.
    #[must_use]
    pub fn open_task(&self, unit: &UnitCode) -> Option<&Task> {
        self.tasks.iter().rev().find(|t| t.unit == *unit && t.is_open())
    }

    /// Open assisting tasks.
    pub fn open_assists(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|t| t.role == TaskRole::Assist && t.is_open())
    }

    /// The unit that the actor may act for here: its own, when it has an open task.
    #[must_use]
    pub fn task_of(&self, actor: &Actor) -> Option<&Task> {
        actor.unit.as_ref().and_then(|u| self.open_task(u))
    }

    /// The next moment at which a timer must look at this ticket; clocks of the unit count too.
    /// A paused clock does not fire (R-TIM-4).
    #[must_use]
    pub fn next_due(&self) -> Option<At> {
        let paused = self.paused_at.is_some();
        let runs = |timer: &Timer| !paused || matches!(timer, Timer::SuspendReview | Timer::Supplement);
        // A closed ticket is archived by the later of these two, so only that one calls (F36).
        let archive = self.dues.get(&Timer::Rating).max(self.dues.get(&Timer::Reraise));
        let last = |timer: &Timer, at: &At| !matches!(timer, Timer::Rating | Timer::Reraise) || Some(at) == archive;
        let own = self.dues.iter().filter(|(timer, at)| last(timer, at)).map(|clock| (clock, &self.cards));
        let tasks = self.tasks.iter().filter(|t| t.is_open());
        let tasks = tasks.flat_map(|t| t.dues.iter().map(|clock| (clock, &t.cards)));
        let running = own.chain(tasks).filter(|((timer, _), _)| runs(timer) && **timer != Timer::Return);
        running.map(|((timer, due), cards)| *cards.get(timer).unwrap_or(due)).min()
    }

    /// Should the unit call the citizen before it closes (先行联系, D§12.1)?
    #[must_use]
    pub const fn expects_contact(&self) -> bool {
        self.reachable && !self.flags.no_contact && !self.flags.anonymous
    }

    /// The master this ticket follows.
    #[must_use]
    pub const fn master(&self) -> Option<TicketId> {
        match self.merge {
            Merge::Member { master } => Some(master),
            Merge::Alone | Merge::Master { .. } => None,
        }
    }

    /// Members that follow this ticket.
    #[must_use]
    pub const fn members(&self) -> u32 {
        match self.merge {
            Merge::Master { members } => members,
            Merge::Alone | Merge::Member { .. } => 0,
        }
    }
}
