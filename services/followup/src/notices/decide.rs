//! What an event asks to be told, to whom, when, and for how long that stays true. Pure.

use jiff::{civil::Time, tz::TimeZone};
use suban_domain::{
    At, Card, Fact, Limits, Notice, Recorded, Role, Span, Task, TaskState, Ticket, Timer, UnitCode, Urgency,
    calendar::Allowance,
};

use super::recipient::{Desk, Recipient, Rung};

/// Events that ask for a notice.
pub const TOLD: &[&str] = &[
    "info_asked",
    "rejected",
    "merged_into",
    "extension_granted",
    "suspended",
    "redo_ordered",
    "urged",
    "card_shown",
    "supervised",
    "dispatched",
    "amended",
];

/// What a notice says: which text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// To a citizen (D§13).
    Citizen(Notice),
    /// 紧急派单: a matter of life or property was sent, at any hour.
    Critical,
    /// 催办: by a citizen or supervisor, or because nobody has signed.
    Urge,
    /// 黄牌.
    Yellow,
    /// 红牌.
    Red,
    /// Overdue for a working day: an order of level 1 is due (D§14).
    OrderDue1,
    /// Overdue for five: one of level 2 is.
    OrderDue2,
    /// 督办单.
    Order,
    /// A clock of the centre itself has run out.
    Centre,
    /// 要情: what cannot wait, reported by somebody of the hall (D§14).
    Flash,
    /// 群体性: more people report one thing than a unit should answer alone (G8).
    Group,
}

impl Kind {
    const OF_STAFF: [Self; 10] = [
        Self::Critical,
        Self::Urge,
        Self::Yellow,
        Self::Red,
        Self::OrderDue1,
        Self::OrderDue2,
        Self::Order,
        Self::Centre,
        Self::Group,
        Self::Flash,
    ];

    /// The text's code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Citizen(notice) => notice.code(),
            Self::Critical => "CRITICAL",
            Self::Urge => "URGE",
            Self::Yellow => "YELLOW",
            Self::Red => "RED",
            Self::OrderDue1 => "ORDER_DUE_1",
            Self::OrderDue2 => "ORDER_DUE_2",
            Self::Order => "ORDER",
            Self::Centre => "CENTRE",
            Self::Group => "GROUP",
            Self::Flash => "FLASH",
        }
    }

    /// The kind of a text's code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::all().find(|kind| kind.code() == code)
    }

    /// Every kind.
    pub fn all() -> impl Iterator<Item = Self> {
        Notice::ALL.iter().copied().map(Self::Citizen).chain(Self::OF_STAFF)
    }
}

suban_domain::codes! {
    /// For how long a notice that waits is still worth sending.
    Holds, "condition of a notice" {
        /// Whatever happens.
        Always = 1, "ALWAYS", "始终";
        /// While the ticket is open.
        Open = 2, "OPEN", "未结";
        /// While the unit has not signed.
        Unsigned = 3, "UNSIGNED", "未签收";
        /// While the unit has not handed in its result.
        Unfinished = 4, "UNFINISHED", "未办结";
    }
}

impl Holds {
    /// Is it still so?
    #[must_use]
    pub fn still(self, ticket: &Ticket, unit: Option<&UnitCode>) -> bool {
        let task = unit.and_then(|unit| ticket.open_task(unit));
        match self {
            Self::Always => true,
            Self::Open => ticket.state.is_open(),
            Self::Unsigned => task.is_some_and(|task| task.state == TaskState::PendingSign),
            Self::Unfinished => task.is_some_and(|task| task.state != TaskState::Submitted),
        }
    }
}

/// What a text needs besides the ticket's number.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Said {
    /// Why, as people say it (D§5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<At>,
    /// Which clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Timer>,
}

/// One notice to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// What it says.
    pub kind: Kind,
    /// Whom it is for.
    pub to: Recipient,
    /// Whose part of the ticket it is about.
    pub about: Option<UnitCode>,
    /// For how long it is worth sending.
    pub holds: Holds,
    /// When it goes out, quiet hours apart.
    pub at: At,
    /// What the text needs.
    pub said: Said,
}

/// Time between two rungs of a ladder (D§14; ours: half an hour by day and night is what two people a shift can
/// answer in, and what presses goes up faster).
#[must_use]
pub const fn rung(urgency: Urgency) -> Span {
    match urgency {
        Urgency::Critical => Span::minutes(5),
        Urgency::Urgent => Span::minutes(10),
        Urgency::Normal => Span::minutes(30),
    }
}

/// Does an event ask for anything? Said before its ticket is read: of all that is dispatched only what presses counts,
/// which is what must be signed within twenty minutes (D§8.2), and of all that is amended only what became a mass matter.
#[must_use]
pub fn asks(event: &Recorded) -> bool {
    #[expect(clippy::wildcard_enum_match_arm, reason = "of the other events all that `TOLD` names ask for something")]
    match &event.event.fact {
        Fact::Dispatched { .. } => {
            let soon = event.at.plus(Span::minutes(20));
            event.event.dues.iter().any(|due| due.timer == Timer::Sign && due.at.is_some_and(|at| at <= soon))
        }
        Fact::Amended { flags, .. } => flags.is_some_and(|flags| flags.group_event),
        fact => TOLD.contains(&fact.name()),
    }
}

/// What an event of a ticket asks to be told. `ticket` is as it is now, perhaps some events later.
#[must_use]
pub fn plan(ticket: &Ticket, event: &Recorded, limits: &Limits) -> Vec<Planned> {
    let plan = Plan { ticket, at: event.at, limits };
    #[expect(clippy::wildcard_enum_match_arm, reason = "`TOLD` names the events that ask for something")]
    match &event.event.fact {
        Fact::InfoAsked { missing } => {
            let missing: Vec<&str> = missing.iter().map(|element| element.zh()).collect();
            let due = ticket.dues.get(&Timer::Supplement).copied();
            plan.citizen(Notice::N2, Holds::Open, Said { reason: Some(missing.join("、")), due, clock: None })
        }
        Fact::Rejected { reason, .. } => {
            plan.citizen(Notice::N3, Holds::Always, Said { reason: Some(reason.zh().to_owned()), ..Said::default() })
        }
        Fact::MergedInto { .. } => plan.citizen(Notice::N8, Holds::Always, Said::default()),
        Fact::ExtensionGranted { .. } => plan.citizen(Notice::N6, Holds::Open, plan.promise()),
        Fact::Suspended { reason } => {
            let due = ticket.dues.get(&Timer::SuspendReview).copied();
            plan.citizen(Notice::N7, Holds::Open, Said { reason: Some(reason.zh().to_owned()), due, clock: None })
        }
        Fact::RedoOrdered { .. } => plan.citizen(Notice::N10, Holds::Open, Said::default()),
        Fact::Urged { on_member } => plan.urged(event.by.role, on_member.is_some()),
        Fact::CardShown { card, timer, unit } => plan.card(*card, *timer, unit.as_ref()),
        Fact::Supervised { order, .. } => plan.order(order.due),
        Fact::Dispatched { .. } if ticket.urgency == Urgency::Critical => plan.critical(),
        Fact::Amended { .. } if ticket.members() > limits.group_alert => plan.group(),
        _ => Vec::new(),
    }
}

/// Puts a notice off while people sleep: 22:00 to 08:00, except where life or property is in danger (D§13). Who is on
/// duty is there day and night.
#[must_use]
pub fn awake(at: At, to: &Recipient, urgency: Urgency, zone: &TimeZone) -> At {
    const FROM: Time = Time::constant(22, 0, 0, 0);
    const UNTIL: Time = Time::constant(8, 0, 0, 0);
    if urgency == Urgency::Critical || to.is_always_there() {
        return at;
    }
    let local = at.timestamp().to_zoned_datetime(zone.clone());
    let morning = match local.time() {
        time if time < UNTIL => Ok(local.date()),
        time if time >= FROM => local.date().tomorrow(),
        _ => return at,
    };
    let morning = morning.and_then(|day| day.to_datetime(UNTIL).to_zoned_datetime(zone.clone()));
    morning.map_or(at, |morning| At::from_micros(morning.timestamp().as_microsecond()))
}

struct Plan<'a> {
    ticket: &'a Ticket,
    at: At,
    limits: &'a Limits,
}

impl Plan<'_> {
    /// A confidential ticket gets none of these, and who cannot or does not want to be reached is left alone.
    fn citizen(&self, notice: Notice, holds: Holds, said: Said) -> Vec<Planned> {
        let ticket = self.ticket;
        let Some(id) = ticket.requester.filter(|_| ticket.reachable && !ticket.flags.no_contact) else {
            return Vec::new();
        };
        if ticket.flags.confidential {
            return Vec::new();
        }
        vec![self.to(Kind::Citizen(notice), Recipient::Citizen(id), None, holds, said)]
    }

    fn to(&self, kind: Kind, to: Recipient, about: Option<&UnitCode>, holds: Holds, said: Said) -> Planned {
        Planned { kind, to, about: about.cloned(), holds, at: self.at, said }
    }

    fn unit(&self, kind: Kind, unit: &UnitCode, rung: Rung, holds: Holds, said: &Said) -> Planned {
        self.to(kind, Recipient::Unit(unit.clone(), rung), Some(unit), holds, said.clone())
    }

    fn desk(&self, kind: Kind, desk: Desk, about: Option<&UnitCode>, holds: Holds, said: &Said) -> Planned {
        self.to(kind, Recipient::Desk(desk), about, holds, said.clone())
    }

    fn promise(&self) -> Said {
        Said { due: self.ticket.dues.get(&Timer::Promise).copied(), ..Said::default() }
    }

    /// The units that have something to do.
    fn at_work(&self) -> Vec<&UnitCode> {
        self.ticket.tasks.iter().filter(|task| task.is_open()).map(|task| &task.unit).collect()
    }

    /// Sent where life or property is in danger: the duty phone rings at once, and the ladder begins.
    fn critical(&self) -> Vec<Planned> {
        self.at_work().into_iter().flat_map(|unit| self.ladder(Kind::Critical, unit)).collect()
    }

    /// Duty → backup → unit lead → district duty, each while nobody has signed (D§14). The ticket stays with its unit.
    fn ladder(&self, kind: Kind, unit: &UnitCode) -> Vec<Planned> {
        let said = self.clock(unit, Timer::Sign);
        let step = rung(self.ticket.urgency);
        let rungs = [
            Recipient::Unit(unit.clone(), Rung::Duty),
            Recipient::Unit(unit.clone(), Rung::Backup),
            Recipient::Unit(unit.clone(), Rung::Lead),
            Recipient::Desk(Desk::DistrictDuty),
        ];
        let mut at = self.at;
        let mut planned = Vec::new();
        for to in rungs {
            planned.push(Planned { at, ..self.to(kind, to, Some(unit), Holds::Unsigned, said.clone()) });
            at = at.plus(step);
        }
        planned
    }

    fn clock(&self, unit: &UnitCode, timer: Timer) -> Said {
        let task = self.ticket.open_task(unit);
        // A clock that ran out runs no more; what was due stays with the task.
        let kept = |task: &Task| {
            let kept = [
                (Timer::Sign, task.sign_due),
                (Timer::Contact, task.contact_due),
                (Timer::Handle, task.handle_due),
                (Timer::Redo, task.handle_due),
            ];
            kept.into_iter().find(|(of, _)| *of == timer).and_then(|(_, due)| due)
        };
        let due = task.and_then(|task| task.dues.get(&timer).copied().or_else(|| kept(task)));
        Said { due, clock: Some(timer), reason: None }
    }

    /// 催办 goes to who is at work, or to the hall while nobody is; the citizen hears that it went on (N11).
    fn urged(&self, by: Role, on_member: bool) -> Vec<Planned> {
        let units = self.at_work();
        let mut told: Vec<Planned> = units
            .iter()
            .map(|unit| self.unit(Kind::Urge, unit, Rung::Duty, Holds::Open, &self.clock(unit, Timer::Handle)))
            .collect();
        if units.is_empty() {
            told.push(self.desk(Kind::Urge, Desk::Hall, None, Holds::Open, &Said::default()));
        }
        // Who urged by a member of the group is not this ticket's citizen.
        if by == Role::Citizen && !on_member {
            told.extend(self.citizen(Notice::N11, Holds::Open, Said::default()));
        }
        told
    }

    fn card(&self, card: Card, timer: Timer, unit: Option<&UnitCode>) -> Vec<Planned> {
        match (unit, timer, card) {
            (_, _, Card::None) => Vec::new(),
            (Some(unit), Timer::Sign, _) => self.ladder(Kind::Urge, unit),
            (Some(unit), _, Card::Yellow) => {
                let said = self.clock(unit, timer);
                let told = |rung| self.unit(Kind::Yellow, unit, rung, Holds::Unfinished, &said);
                vec![told(Rung::Duty), told(Rung::Lead)]
            }
            (Some(unit), _, Card::Red | Card::OverdueReported) => self.red(unit, timer),
            // The date that the citizen was promised has passed.
            (None, Timer::Promise, Card::Red | Card::OverdueReported) => {
                self.citizen(Notice::N12, Holds::Open, self.later_promise())
            }
            (None, Timer::Promise, Card::Yellow) => Vec::new(),
            (None, ..) => {
                let said = Said { clock: Some(timer), ..Said::default() };
                vec![self.desk(Kind::Centre, Desk::Hall, None, Holds::Open, &said)]
            }
        }
    }

    /// The unit's head and the supervisors; after one working day an order of level 1 is due, after five one of level
    /// 2 (D§14).
    fn red(&self, unit: &UnitCode, timer: Timer) -> Vec<Planned> {
        let said = self.clock(unit, timer);
        let holds = Holds::Unfinished;
        let mut told = vec![
            self.unit(Kind::Red, unit, Rung::Lead, holds, &said),
            self.desk(Kind::Red, Desk::Supervisors, Some(unit), holds, &said),
        ];
        if matches!(timer, Timer::Handle | Timer::Redo) {
            for (kind, days) in [(Kind::OrderDue1, 1), (Kind::OrderDue2, 5)] {
                let at = self.limits.calendar.due(self.at, Allowance::Days(days), &[]);
                let at = at.unwrap_or_else(|_| self.at.plus(Span::days(days.into())));
                told.push(Planned { at, ..self.desk(kind, Desk::Supervisors, Some(unit), holds, &said) });
            }
        }
        told
    }

    /// So many report one thing that a leader looks at it (G8, D§9.3).
    fn group(&self) -> Vec<Planned> {
        let lead = self.ticket.lead().map(|task| &task.unit);
        [Desk::Supervisors, Desk::DistrictDuty]
            .map(|desk| self.desk(Kind::Group, desk, lead, Holds::Open, &Said::default()))
            .to_vec()
    }

    /// When the work is due now, where that is later than what was promised.
    fn later_promise(&self) -> Said {
        let dues = self.ticket.tasks.iter().filter(|task| task.is_open()).filter_map(|task| task.handle_due);
        Said { due: dues.filter(|due| *due > self.at).max(), ..Said::default() }
    }

    fn order(&self, due: Option<At>) -> Vec<Planned> {
        let said = Said { due, ..Said::default() };
        let units = self.at_work().into_iter();
        let told = units.flat_map(|unit| {
            [Rung::Lead, Rung::Duty].map(|rung| self.unit(Kind::Order, unit, rung, Holds::Open, &said))
        });
        told.collect()
    }
}

#[cfg(test)]
mod tests;
