//! Any command at all: everybody asks for everything, mostly in the right role so that tickets get far.

use suban_domain::{
    Action, Actor, Answers, AttemptOutcome, Audience, Card, Channel, ContactOutcome, Demand, DuplicateClass, Element,
    ExtensionReason, Finding, Flags, Kind, Mode, Notice, Order, Point, RejectReason, ReturnReason, Role, Span,
    SurveyMeans, SuspendReason, TRANSITIONS, Tier, Timer, UpstreamDecision, Urgency, Verdict,
};

use super::{Play, actor, file, id, person, reading, result, text, unit, version};

/// A source of choices that never runs dry: the same numbers, the same play.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub(crate) fn yes(&mut self) -> bool {
        self.below(2) == 0
    }

    pub(crate) fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(u64::try_from(of.len()).unwrap())).unwrap()].clone()
    }

    pub(crate) fn maybe<T>(&mut self, some: T) -> Option<T> {
        self.yes().then_some(some)
    }

    pub(crate) fn small(&mut self) -> u32 {
        u32::try_from(self.below(5)).unwrap()
    }
}

pub(crate) const UNITS: [&str; 4] = ["u1", "u2", "u3", "u4"];
const PEOPLE: [&str; 3] = ["ann", "bo", "cai"];

/// A role that the table gives to this action, most of the time; then any.
pub(crate) fn caller(dice: &mut Dice, action: &Action, play: &Play) -> Actor {
    let fitting: Vec<Role> = TRANSITIONS
        .iter()
        .filter(|row| action.rows().contains(&row.id))
        .flat_map(|row| row.actors.iter().copied())
        .collect();
    let role = if dice.below(8) == 0 { dice.one(Role::ALL) } else { dice.one(&fitting) };
    let at_work: Vec<String> = play.ticket.tasks.iter().map(|task| task.unit.to_string()).collect();
    let of = if at_work.is_empty() || dice.below(6) == 0 { dice.one(&UNITS).to_owned() } else { dice.one(&at_work) };
    let who = dice.one(&PEOPLE);
    if dice.below(10) == 0 { actor(role, who, None) } else { actor(role, who, Some(&of)) }
}

pub(crate) fn span(dice: &mut Dice) -> Span {
    let minutes = dice.one(&[0, 1, 7, 45, 200, 1000, 3000, 9000]);
    Span::minutes(minutes)
}

pub(crate) fn flags(dice: &mut Dice) -> Flags {
    Flags {
        confidential: dice.below(9) == 0,
        anonymous: dice.below(6) == 0,
        no_contact: dice.below(6) == 0,
        group_event: dice.below(9) == 0,
        against_official: dice.below(12) == 0,
        in_proceedings: dice.below(12) == 0,
        ..Flags::default()
    }
}

fn answers(dice: &mut Dice) -> Answers {
    let solved = dice.below(7);
    let satisfied = dice.below(7);
    Answers {
        contacted: dice.maybe(true),
        solved: (solved < 6).then(|| u8::try_from(solved).unwrap()),
        satisfied: (satisfied > 0).then(|| u8::try_from(satisfied).unwrap()),
        attitude: None,
        pressed_to_withdraw: dice.yes(),
    }
}

/// Any action; those that end a ticket early come seldom, so that plays go deep.
pub(crate) fn action(dice: &mut Dice, play: &Play) -> Action {
    loop {
        let wanted = roll(dice, play);
        let ends_early = matches!(
            wanted,
            Action::Withdraw { .. }
                | Action::TransferOut { .. }
                | Action::ReturnUpstream { .. }
                | Action::Reject { .. }
                | Action::Answer { .. }
                | Action::Recall { .. }
        );
        if !ends_early || dice.below(12) == 0 {
            return wanted;
        }
    }
}

/// Any action, with payloads of which some fit.
fn roll(dice: &mut Dice, play: &Play) -> Action {
    let u = unit(dice.one(&UNITS));
    let words = text(u128::from(dice.below(50)));
    let point = Point::new(22.5, 114.0).unwrap();
    let v = version("demo:1");
    let at_work: Vec<_> =
        play.ticket.tasks.iter().filter(|task| task.is_open()).map(|task| task.unit.clone()).collect();
    let working = if at_work.is_empty() { u.clone() } else { dice.one(&at_work) };
    let assists = match dice.below(3) {
        0 => vec![unit(dice.one(&UNITS))],
        _ => vec![],
    };
    match dice.below(58) {
        0 => Action::AskInfo { missing: dice.one(&[vec![], vec![Element::Place]]) },
        1 => Action::Supplement { texts: dice.one(&[vec![], vec![words]]) },
        2 => Action::Reject { reason: dice.one(RejectReason::ALL), channel: dice.maybe(words) },
        3 => Action::TransferOut { target: v, taker: words },
        4 => Action::Answer { reply: words, from_knowledge_base: dice.yes() },
        5 => Action::Accept { reading: reading() },
        6..=8 => Action::Dispatch {
            lead: u,
            mode: if assists.is_empty() { dice.one(Mode::ALL) } else { Mode::Joint },
            assists,
            tier: dice.one(Tier::ALL),
            catalogue: v,
            rule: None,
            limit: dice.maybe(Span::days(3)),
            lead_allowed: dice.below(8) > 0,
        },
        9 | 10 => Action::Sign,
        11 => Action::RequestReturn { reason: dice.one(ReturnReason::ALL), evidence: words, suggested: dice.maybe(u) },
        12 => Action::ReviewReturn { approve: dice.yes() },
        13 => Action::ApproveReturn { ask_citizen: dice.yes() },
        14 => Action::DenyReturn,
        15 => Action::Escalate,
        16 => Action::FileOpinion { opinion: words },
        17 => Action::NameInterimLead { unit: u },
        18 => Action::Rule { lead: u, assists, catalogue: v, rule: None, grounds: words },
        19 | 20 => Action::Contact { outcome: dice.one(ContactOutcome::ALL) },
        21 => Action::RequestExtension {
            reason: dice.one(ExtensionReason::ALL),
            by: Span::days(i64::from(dice.small())),
            quota_left: dice.below(5) > 0,
        },
        22 => Action::ReviewExtension { grant: dice.yes() },
        23 => Action::DecideExtension { grant: dice.yes() },
        24 => Action::AddUnit { unit: u },
        25 => Action::Suspend { reason: dice.one(SuspendReason::ALL), review_at: play.at.plus(span(dice)) },
        26 => Action::Resume,
        27..=29 => {
            let mut handed_in = result();
            handed_in.finding = dice.one(Finding::ALL);
            handed_in.finding_because = dice.maybe(words);
            handed_in.demand = dice.one(Demand::ALL);
            Action::SubmitResult { result: handed_in }
        }
        30 => Action::FinishParts { open: dice.small() },
        31 => Action::AnswerParts { open: dice.small() },
        32 => Action::RejectResult { findings: dice.one(&[vec![], vec![v]]), note: dice.maybe(words) },
        33 => Action::AcceptResult,
        34 => Action::Verify { ok: dice.yes(), photo: file(8), point, taken_at: play.at },
        35 | 36 => Action::Survey { answers: answers(dice), means: dice.one(SurveyMeans::ALL) },
        37 => Action::AttemptSurvey { outcome: dice.one(AttemptOutcome::ALL), means: dice.one(SurveyMeans::ALL) },
        38 => Action::ExhaustSurvey,
        39 => dice.one(&[Action::OrderRedo, Action::GroupRedo { valid: 5, unhappy: 4 }, Action::CloseUnsatisfied]),
        40 => Action::CloseUnsolvable { not_solvable_now: dice.yes() },
        41 => Action::Archive,
        42 => Action::Withdraw { confirmed: dice.yes() },
        43 => Action::Urge,
        44 => Action::InterimFeedback { text: words },
        45 => Action::Amend {
            kind: Some(dice.one(Kind::ALL)).filter(|_| dice.yes()),
            urgency: Some(dice.one(Urgency::ALL)).filter(|_| dice.yes()),
            matter: None,
            area: None,
            point: dice.maybe(point),
            flags: Some(flags(dice)).filter(|_| dice.below(4) == 0),
            title: None,
        },
        46 => Action::Recall { reason: words },
        47 => dice.one(&[
            Action::Note { text: words, audience: Audience::Citizen },
            Action::NoticeSent { notice: Notice::N1, channel: Channel::Sms, receipt: v },
        ]),
        48 => Action::SubDispatch { inner: unit("inner"), belongs: dice.below(5) > 0 },
        49 => dice.one(&[Action::Unsatisfied, Action::Appeal]),
        50 => Action::ReturnUpstream { reason: words },
        51 => Action::UpstreamDecides { decision: dice.one(UpstreamDecision::ALL) },
        52 => Action::Judge { verdict: dice.one(Verdict::ALL), candidates: vec![id(77)], basis: v },
        53 => dice.one(&[
            Action::AcceptPart { unit: working.clone(), rating: Some(4) },
            Action::RejectPart { unit: working.clone(), reason: words },
            Action::ReleaseAssist { unit: working, reason: words },
        ]),
        54 => Action::UnlockReturn,
        55 => Action::ShowCard { card: dice.one(Card::ALL), timer: dice.one(Timer::ALL), unit: dice.maybe(working) },
        56 => {
            let issuer = person(dice.one(&PEOPLE));
            let level = u8::try_from(dice.small()).unwrap();
            dice.one(&[
                Action::SupplementTimeout,
                Action::Supervise { order: Order { level, issuer: issuer.clone(), due: None }, text: None },
                Action::Release { issuer },
            ])
        }
        _ => {
            let who = person("c1");
            dice.one(&[
                Action::PublishTask { places: 2, text: words },
                Action::ClaimTask { person: who.clone() },
                Action::GiveEvidence { person: who.clone(), photo: file(8), point, taken_at: play.at },
                Action::ConfirmEvidence { person: who },
                Action::CopyReply { master: id(5), master_version: 3, reply: words, lead: working },
            ])
        }
    }
}

pub(crate) fn class(dice: &mut Dice) -> DuplicateClass {
    dice.one(&[DuplicateClass::D1, DuplicateClass::D3])
}
