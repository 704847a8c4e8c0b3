//! One event of every fact, filled to the last field, and bare ones where fields may be left out.
//!
//! Invented values throughout; their bytes are the golden bytes, so they never change.

use std::{collections::BTreeMap, str::FromStr};

use suban_domain::{
    Answers, At, AttemptOutcome, Audience, Card, Channel, ContactId, ContactOutcome, Demand, Due, DuplicateClass,
    Element, Ending, Event, Extension, ExtensionReason, Fact, FileId, Finding, Flags, Handover, Kind, Mode, Notice,
    Order, Outcome, Participation, Point, Reading, RejectReason, ReplyMeans, RequesterId, ResultRecord, ReturnLock,
    ReturnReason, SiteVisit, Source, Span, State, SurveyEnd, SurveyMeans, SuspendReason, Task, TaskRole, TaskState,
    TextId, TicketId, TicketNumber, Tier, Timer, Upstream, UpstreamDecision, Urgency, Verdict, Waiting,
};
use uuid::Uuid;

fn code<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0193_5c00_0000_7000_8000_0000_0000_0000 + n)
}

fn ticket(n: u128) -> TicketId {
    TicketId::new(id(n))
}

fn file(n: u128) -> FileId {
    FileId::new(id(0x1000 + n))
}

fn text(n: u128) -> TextId {
    TextId::new(id(0x1000 + n))
}

/// 24 November 2026 in Shenzhen, 10 o'clock and `n` minutes, with a microsecond that must survive.
fn at(n: i64) -> At {
    At::from_micros(1_795_485_600_000_001).plus(Span::minutes(n))
}

fn point() -> Point {
    Point::new(22.5411, 114.0579).unwrap()
}

fn flags() -> Flags {
    Flags {
        confidential: true,
        anonymous: true,
        no_contact: true,
        group_event: true,
        sensitive: true,
        enterprise: true,
        hotspot: true,
        repeat: true,
        over_duty: true,
        proactive: true,
        leader_note: true,
        against_official: true,
        in_proceedings: true,
    }
}

fn result() -> ResultRecord {
    ResultRecord {
        finding: Finding::PartlyTrue,
        finding_because: Some(text(1)),
        demand: Demand::Lawful,
        outcome: Outcome::Solved,
        site_visit: SiteVisit::Yes,
        reply_means: ReplyMeans::Phone,
        reply: text(2),
        internal: Some(text(3)),
        public: true,
        files: vec![file(4), file(5)],
    }
}

fn bare_result() -> ResultRecord {
    ResultRecord { finding_because: None, internal: None, public: false, files: vec![], ..result() }
}

fn answers() -> Answers {
    Answers {
        contacted: Some(false),
        solved: Some(3),
        satisfied: Some(5),
        attitude: Some(2),
        pressed_to_withdraw: true,
    }
}

fn task() -> Task {
    Task {
        unit: code("QH03-CG"),
        role: TaskRole::Lead,
        state: TaskState::Contacted,
        dispatched_at: at(5),
        signed_at: Some(at(10)),
        contacted_at: Some(at(20)),
        submitted_at: Some(at(30)),
        limit: None,
        cards: BTreeMap::new(),
        dues: BTreeMap::from([(Timer::Handle, at(7200)), (Timer::Interim, at(1440))]),
        handle_due: Some(at(7200)),
        sign_due: Some(at(35)),
        contact_due: Some(at(245)),
        returns_asked: 2,
        returns_denied: 1,
        held: Some(TaskState::Signed),
        within: Some(code("QH03")),
    }
}

fn bare_task() -> Task {
    Task {
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
        ..task()
    }
}

fn order() -> Order {
    Order { level: 2, issuer: code("supervisor.li"), due: Some(at(1440)) }
}

fn handover() -> Handover {
    Handover {
        state: State::ReturnReview,
        held: Some(State::Handling),
        tasks: vec![task(), bare_task()],
        dues: dues(),
        mode: Some(Mode::Joint),
        tier: Some(Tier::Assisted),
        return_lock: ReturnLock::Denied,
        return_count: 1,
        redo_round: 1,
        extension_count: 1,
        extended: Span::ZERO,
        extension: Some(Extension {
            unit: code("QH03-CG"),
            by: Span::days(15),
            first_review_by: Some(code("dispatcher.wu")),
        }),
        members: 7,
        urges: 3,
        urgency: Urgency::Urgent,
        result: Some(result()),
    }
}

/// A clock of a unit, one of the ticket, and one that ends.
fn dues() -> Vec<Due> {
    vec![
        Due { timer: Timer::Sign, unit: Some(code("QH03-CG")), at: Some(at(30)), card: None },
        Due { timer: Timer::Promise, unit: None, at: Some(at(7200)), card: None },
        Due { timer: Timer::Dispatch, unit: None, at: None, card: None },
    ]
}

/// Every fact with every field.
pub(crate) fn full() -> Vec<Event> {
    let submitted = Fact::Submitted {
        number: TicketNumber::new(26, 11, 24, 42),
        source: Source { channel: Channel::UpperDispatch, system: code("city-12345"), id: code("C20261124-0001") },
        requester: Some(RequesterId::new(id(0x2000))),
        reachable: true,
        reported_at: at(-3),
        received_at: at(0),
        texts: vec![text(1), text(2)],
        contact: Some(ContactId::new(id(0x3000))),
        kind: Some(Kind::Complaint),
        urgency: Urgency::Critical,
        matter: Some(code("M0312")),
        area: Some(code("QH03")),
        point: Some(point()),
        flags: flags(),
        upstream: Some(Upstream {
            system: code("city-12345"),
            number: code("20261124-000317"),
            due: Some(at(2880)),
            round: 1,
        }),
        parent: Some(ticket(8)),
        raised_from: Some(ticket(9)),
    };
    let reading = Reading {
        kind: Some(Kind::Help),
        matter: Some(code("M0312")),
        area: Some(code("QH03")),
        version: code("reader:1"),
        several: Vec::new(),
    };
    let unit = || code("QH03-CG");
    [
        submitted,
        Fact::InfoAsked { missing: vec![Element::Place, Element::Time] },
        Fact::Supplemented { texts: vec![text(6)], resumes: Some(State::Received) },
        Fact::SupplementOverdue { resumes: State::Handling },
        Fact::Rejected { reason: RejectReason::Litigation, channel: Some(text(7)) },
        Fact::TransferredOut { target: code("110"), taker: text(8) },
        Fact::Answered { reply: text(9) },
        Fact::Accepted { reading },
        Fact::MergedInto { master: ticket(1), class: DuplicateClass::D3, basis: code("same-words:1") },
        Fact::Split { parts: vec![ticket(2), ticket(3)] },
        Fact::Dispatched {
            lead: unit(),
            assists: vec![code("QH03-AJ"), code("SW")],
            mode: Mode::Joint,
            tier: Tier::Auto,
            catalogue: code("demo:3"),
            rule: Some(code("M0312@QH03")),
            limit: None,
        },
        Fact::Signed { unit: unit() },
        Fact::ReturnRequested {
            unit: unit(),
            reason: ReturnReason::NotMyDuty,
            evidence: text(10),
            suggested: Some(code("SW")),
        },
        Fact::ReturnReviewed { approve: true },
        Fact::ReturnApproved {
            reason: ReturnReason::NotMyArea,
            to: State::PendingDispatch,
            misdispatch: true,
            review: Span::minutes(45),
        },
        Fact::ReturnDenied { reason: ReturnReason::Other },
        Fact::Escalated {},
        Fact::OpinionFiled { unit: unit(), opinion: text(11) },
        Fact::InterimLeadNamed { unit: unit() },
        Fact::Ruled {
            lead: unit(),
            assists: vec![code("SW")],
            catalogue: code("demo:3"),
            rule: Some(code("M0312@QH03")),
            grounds: text(12),
        },
        Fact::Contacted { unit: unit(), outcome: ContactOutcome::Reached },
        Fact::ExtensionRequested { unit: unit(), reason: ExtensionReason::Difficult, by: Span::days(15) },
        Fact::ExtensionReviewed { grant: true },
        Fact::ExtensionGranted { by: Span::days(15) },
        Fact::ExtensionDenied {},
        Fact::UnitAdded { unit: code("SW") },
        Fact::Suspended { reason: SuspendReason::Works },
        Fact::Resumed { paused: Span::days(3) },
        Fact::ResultSubmitted { unit: unit(), result: result() },
        Fact::PartsDone {},
        Fact::PartsAnswered { to: State::Closed },
        Fact::ResultRejected {
            findings: vec![code("答非所问"), code("逻辑性")],
            note: Some(text(13)),
            review: Span::hours(2),
        },
        Fact::ResultAccepted { to: State::PendingCallback },
        Fact::Verified { ok: true, photo: file(14), point: point(), taken_at: at(300) },
        Fact::SurveyAnswered { answers: answers(), means: SurveyMeans::Link, end: SurveyEnd::SupervisedRedo },
        Fact::SurveyAttempted { outcome: AttemptOutcome::NoAnswer, means: SurveyMeans::Robot },
        Fact::SurveyExhausted {},
        Fact::RedoOrdered { supervised: true, group: true },
        Fact::Closed { ending: Ending::Unsatisfied },
        Fact::Archived {},
        Fact::Withdrawn {},
        Fact::Unmerged { master: ticket(1), merged: Span::hours(5) },
        Fact::Urged { on_member: Some(ticket(4)) },
        Fact::InterimGiven { unit: unit(), text: text(15) },
        Fact::Amended {
            kind: Some(Kind::Report),
            urgency: Some(Urgency::Urgent),
            matter: Some(code("M0400")),
            area: Some(code("QH04")),
            point: Some(point()),
            flags: Some(flags()),
            title: Some(text(16)),
        },
        Fact::Recalled { reason: text(17) },
        Fact::Noted { text: text(18), audience: Audience::Unit },
        Fact::SubDispatched { unit: unit(), inner: code("QH03-CG-2") },
        Fact::Reopened { to: State::PendingDispatch },
        Fact::Complained {},
        Fact::ReplyCopied { master: ticket(1), master_version: 12, reply: text(19), lead: unit() },
        Fact::ReturnedUpstream { reason: text(20) },
        Fact::UpstreamDecided {
            decision: UpstreamDecision::ExtensionGranted,
            to: Some(State::Archived),
            by: Some(Span::days(5)),
        },
        Fact::Judged {
            verdict: Verdict::Suggested,
            candidates: vec![ticket(5), ticket(6)],
            basis: code("same-words:1"),
        },
        Fact::MemberJoined { member: ticket(2), brought: 3, urgency: Urgency::Normal, urges: 1 },
        Fact::MemberLeft { member: ticket(2) },
        Fact::TookOver { from: ticket(1), handover: Box::new(handover()) },
        Fact::GaveOver { to: ticket(2), withdrawn: true },
        Fact::PartAccepted { unit: code("SW"), rating: Some(5) },
        Fact::PartRejected { unit: code("SW"), reason: text(21) },
        Fact::AssistReleased { unit: code("SW"), reason: text(22) },
        Fact::ReturnUnlocked {},
        Fact::RatedSatisfied {
            answers: Answers { solved: Some(1), satisfied: Some(1), ..Answers::default() },
            means: SurveyMeans::Upstream,
        },
        Fact::CardShown { card: Card::Yellow, timer: Timer::Sign, unit: Some(unit()) },
        Fact::Supervised { order: order(), text: Some(text(23)) },
        Fact::Released { issuer: code("supervisor.li") },
        Fact::TaskPublished {
            participation: Participation {
                places: 20,
                claimed_by: vec![code("resident.1")],
                evidence: 1,
                confirmed: 1,
            },
            text: text(24),
        },
        Fact::TaskClaimed { person: code("resident.1") },
        Fact::EvidenceGiven { person: code("resident.1"), photo: file(25), point: point(), taken_at: at(400) },
        Fact::EvidenceConfirmed { person: code("resident.1") },
        Fact::NoticeSent { notice: Notice::N9, channel: Channel::Sms, receipt: code("sms:778899") },
    ]
    .into_iter()
    .map(|fact| fact.with(dues()))
    .collect()
}

/// Facts whose fields may be left out, without them and without clocks.
pub(crate) fn bare() -> Vec<Event> {
    let unit = || code("QH03-CG");
    let wait = |waiting| Fact::SurveyAnswered {
        answers: Answers::default(),
        means: SurveyMeans::Human,
        end: SurveyEnd::Wait(waiting),
    };
    let end = |end| Fact::SurveyAnswered { answers: Answers::default(), means: SurveyMeans::Human, end };
    [
        Fact::Submitted {
            number: TicketNumber::new(26, 11, 24, 1_234_567),
            source: Source { channel: Channel::Web, system: code("web"), id: code("1") },
            requester: None,
            reachable: false,
            reported_at: at(0),
            received_at: at(0),
            texts: vec![],
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
        },
        Fact::InfoAsked { missing: vec![] },
        Fact::Supplemented { texts: vec![], resumes: None },
        Fact::Rejected { reason: RejectReason::Abuse, channel: None },
        Fact::Accepted {
            reading: Reading { kind: None, matter: None, area: None, version: code("reader:1"), several: Vec::new() },
        },
        Fact::Dispatched {
            lead: unit(),
            assists: vec![],
            mode: Mode::General,
            tier: Tier::Manual,
            catalogue: code("demo:3"),
            rule: None,
            limit: None,
        },
        Fact::ReturnRequested {
            unit: unit(),
            reason: ReturnReason::MissingElements,
            evidence: text(1),
            suggested: None,
        },
        Fact::ReturnReviewed { approve: false },
        Fact::ResultSubmitted { unit: unit(), result: bare_result() },
        Fact::ResultRejected { findings: vec![], note: None, review: Span::ZERO },
        end(SurveyEnd::Close),
        end(SurveyEnd::Redo),
        end(SurveyEnd::Nothing),
        wait(Waiting::Qa),
        wait(Waiting::Release),
        wait(Waiting::Arbiter),
        Fact::Urged { on_member: None },
        Fact::Amended { kind: None, urgency: None, matter: None, area: None, point: None, flags: None, title: None },
        Fact::UpstreamDecided { decision: UpstreamDecision::ReturnRefused, to: None, by: None },
        Fact::Judged { verdict: Verdict::Unique, candidates: vec![], basis: code("same-words:1") },
        Fact::TookOver {
            from: ticket(1),
            handover: Box::new(Handover {
                held: None,
                tasks: vec![],
                dues: vec![],
                mode: None,
                tier: None,
                return_lock: ReturnLock::None,
                return_count: 0,
                redo_round: 0,
                extension_count: 0,
                extended: Span::ZERO,
                extension: None,
                members: 0,
                urges: 0,
                urgency: Urgency::Normal,
                result: None,
                state: State::PendingDispatch,
            }),
        },
        Fact::PartAccepted { unit: unit(), rating: None },
        Fact::CardShown { card: Card::Red, timer: Timer::Promise, unit: None },
        Fact::Supervised { order: Order { due: None, ..order() }, text: None },
    ]
    .into_iter()
    .map(Event::from)
    .chain(by_the_calendar())
    .chain([several_demands()])
    .collect()
}

/// What came with the splitting of tickets: words that hold several demands.
fn several_demands() -> Event {
    let several = vec![code("M0312"), code("M0401")];
    let reading = Reading { kind: None, matter: None, area: None, version: code("reader:1"), several };
    Event::from(Fact::Accepted { reading })
}

/// What came when clocks learned the calendar: a matter's own limit, cards apart from dues, time granted.
fn by_the_calendar() -> [Event; 2] {
    let sent = Fact::Dispatched {
        lead: code("QH03-CG"),
        assists: vec![],
        mode: Mode::General,
        tier: Tier::Auto,
        catalogue: code("demo:3"),
        rule: None,
        limit: Some(Span::hours(24)),
    };
    let due = Due { timer: Timer::Handle, unit: Some(code("QH03-CG")), at: Some(at(7200)), card: Some(at(5760)) };
    let task = Task {
        limit: Some(Span::hours(24)),
        dues: BTreeMap::from([(Timer::Handle, at(7200))]),
        cards: BTreeMap::from([(Timer::Handle, at(5760))]),
        ..bare_task()
    };
    let taken = Handover { extended: Span::days(3), tasks: vec![task], ..handover() };
    [sent.with(vec![due]), Fact::TookOver { from: ticket(1), handover: Box::new(taken) }.into()]
}
