//! The time line of a ticket: who held it when, what stood still and why, whose time it was, which due moved by what,
//! and what is left (R-TIM-3, R-TIM-4, R-TIM-6).
//!
//! A fold of the log and nothing else. Stretches follow each other without gap or overlap from the receipt until now,
//! or until the ticket came to an end for good, so the times of all holders sum to the ticket's time.

use std::collections::BTreeMap;

use crate::{
    At, Element, Fact, FoldError, Limits, Recorded, Span, State, SuspendReason, Task, Ticket, TicketId, Timer,
    UnitCode,
    calendar::{Measure, Pause},
    decide::measure,
};

/// Who has the ticket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// The unit that leads, from the dispatch on, signed or not (R-TIM-6).
    Unit(UnitCode),
    /// The hall: intake, dispatch, reviews, disputes, callback.
    Centre,
    /// The citizen, who was asked.
    Citizen,
    /// The upper platform, which got it back.
    Upstream,
    /// The master that it follows.
    Master(TicketId),
    /// It is answered or closed.
    Nobody,
}

/// Whose time it is that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whose {
    /// The unit's.
    Unit,
    /// The centre's.
    Centre,
    /// The citizen's.
    Citizen,
    /// No one's: it is suspended, follows a master, is with the upper platform, or done.
    Nobody,
}

/// Why clocks stand still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standstill {
    /// The citizen was asked for these; a return with code 24 does not name them.
    Info(Vec<Element>),
    /// Suspended.
    Suspended(SuspendReason),
    /// It follows a master.
    Merged,
}

/// A time in which nothing of this changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Its beginning.
    pub from: At,
    /// Its end: the next one's beginning.
    pub until: At,
    /// Where the ticket stood.
    pub state: State,
    /// Who had it.
    pub holder: Holder,
    /// Whose time it was.
    pub whose: Whose,
    /// Why clocks stood still, if they did.
    pub standstill: Option<Standstill>,
}

impl Stretch {
    /// How long it was, day and night.
    #[must_use]
    pub const fn length(&self) -> Span {
        self.until.since(self.from)
    }
}

/// A due that an event set, moved or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// When.
    pub at: At,
    /// By which event of the log.
    pub version: u32,
    /// What that event is, as [`Fact::name`] says.
    pub by: &'static str,
    /// Whose clock: a unit's, or the ticket's own.
    pub unit: Option<UnitCode>,
    /// Which clock.
    pub timer: Timer,
    /// Due before; none for a clock that begins.
    pub before: Option<At>,
    /// Due after; none for a clock that ends.
    pub after: Option<At>,
}

/// A clock that runs now, or stands still in a pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Whose: a unit's, or the ticket's own.
    pub unit: Option<UnitCode>,
    /// Which clock.
    pub timer: Timer,
    /// When it runs out; in a pause, as it stood when that began.
    pub due: At,
    /// What is left by `measure`; negative when it is late.
    pub left: Span,
    /// By which measure it counts.
    pub measure: Measure,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// One after the other, from the receipt on.
    pub stretches: Vec<Stretch>,
    /// In the order of the log.
    pub moves: Vec<Move>,
    /// By due.
    pub running: Vec<Running>,
}

impl Timeline {
    /// Reads a whole log, as of `now`.
    ///
    /// # Errors
    /// When the log does not fold.
    pub fn of(log: &[Recorded], now: At, limits: &Limits) -> Result<Self, FoldError> {
        let (first, rest) = log.split_first().ok_or(FoldError::Empty)?;
        let mut ticket = Ticket::begin(first)?;
        let mut line = Line::new(&ticket, first);
        for event in rest {
            let next = ticket.clone().apply(event)?;
            line.takes(&ticket, &next, event);
            ticket = next;
        }
        Ok(line.ends(&ticket, now, limits))
    }

    /// From the receipt until now or the end: the sum of all stretches.
    #[must_use]
    pub fn whole(&self) -> Span {
        match (self.stretches.first(), self.stretches.last()) {
            (Some(first), Some(last)) => last.until.since(first.from),
            (None, _) | (_, None) => Span::ZERO,
        }
    }

    /// How long each holder had it, day and night.
    #[must_use]
    pub fn by_holder(&self) -> BTreeMap<Holder, Span> {
        self.sums(|stretch| stretch.holder.clone())
    }

    /// How much of it was whose time, day and night.
    #[must_use]
    pub fn by_whose(&self) -> BTreeMap<Whose, Span> {
        self.sums(|stretch| stretch.whose)
    }

    fn sums<K: Ord>(&self, key: impl Fn(&Stretch) -> K) -> BTreeMap<K, Span> {
        let mut sums = BTreeMap::new();
        for stretch in &self.stretches {
            let sum: &mut Span = sums.entry(key(stretch)).or_default();
            *sum = Span::micros(sum.as_micros().saturating_add(stretch.length().as_micros()));
        }
        sums
    }
}

/// What has been read of the log.
struct Line {
    done: Vec<Stretch>,
    open: Stretch,
    /// Where the stretches of the return under review begin.
    review: usize,
    moves: Vec<Move>,
}

impl Line {
    fn new(ticket: &Ticket, first: &Recorded) -> Self {
        let open = stretch(ticket, ticket.received_at, None);
        Self { done: Vec::new(), open, review: 0, moves: moves(None, ticket, first) }
    }

    fn takes(&mut self, before: &Ticket, after: &Ticket, event: &Recorded) {
        self.moves.extend(moves(Some(before), after, event));
        // A machine whose clock was behind does not turn time back.
        let at = event.at.max(self.open.from);
        let next = stretch(after, at, standstill(after, &event.event.fact, self.open.standstill.as_ref()));
        let same =
            |a: &Stretch, b: &Stretch| (a.state, &a.holder, &a.standstill) == (b.state, &b.holder, &b.standstill);
        if !same(&self.open, &next) {
            let mut ended = std::mem::replace(&mut self.open, next);
            ended.until = at;
            self.done.push(ended);
        }
        match (before.state == State::ReturnReview, after.state == State::ReturnReview) {
            (false, true) => self.review = self.done.len(),
            (true, false) if matches!(event.event.fact, Fact::ReturnDenied { .. }) => self.was_the_units(before),
            (true, _) | (false, false) => {}
        }
    }

    /// The time of a review that denied the return was the unit's (R-TIM-3).
    fn was_the_units(&mut self, before: &Ticket) {
        let Some(returning) = &before.returning else { return };
        for stretch in self.done.iter_mut().skip(self.review) {
            stretch.holder = Holder::Unit(returning.unit.clone());
            stretch.whose = Whose::Unit;
        }
    }

    fn ends(mut self, ticket: &Ticket, now: At, limits: &Limits) -> Timeline {
        self.open.until = if ticket.state.is_terminal() { self.open.from } else { now.max(self.open.from) };
        self.done.push(self.open);
        self.done.retain(|stretch| stretch.until > stretch.from);
        Timeline { stretches: self.done, moves: self.moves, running: running(ticket, now, limits) }
    }
}

fn stretch(ticket: &Ticket, from: At, standstill: Option<Standstill>) -> Stretch {
    let (holder, whose) = held(ticket);
    Stretch { from, until: from, state: ticket.state, holder, whose, standstill }
}

fn held(ticket: &Ticket) -> (Holder, Whose) {
    let lead = || ticket.lead().map(|lead| Holder::Unit(lead.unit.clone()));
    let centre = (Holder::Centre, Whose::Centre);
    match ticket.state {
        State::Received
        | State::PendingDispatch
        | State::ReturnReview
        | State::InDispute
        | State::CloseReview
        | State::PendingVerify
        | State::PendingCallback => centre,
        State::NeedInfo => (Holder::Citizen, Whose::Citizen),
        // The parent of parts has no unit; the centre answers for it.
        State::PendingSign | State::Handling | State::Consolidating | State::Redo | State::SupervisedRedo => {
            lead().map_or(centre, |unit| (unit, Whose::Unit))
        }
        State::Suspended => (lead().unwrap_or(Holder::Centre), Whose::Nobody),
        State::MergedMember => (ticket.master().map_or(Holder::Nobody, Holder::Master), Whose::Nobody),
        State::ReturnedUpstream => (Holder::Upstream, Whose::Nobody),
        State::Rejected
        | State::TransferredOut
        | State::Answered
        | State::Closed
        | State::Archived
        | State::Cancelled => (Holder::Nobody, Whose::Nobody),
    }
}

fn standstill(ticket: &Ticket, fact: &Fact, before: Option<&Standstill>) -> Option<Standstill> {
    let state = ticket.state;
    if state == State::MergedMember {
        return Some(Standstill::Merged);
    }
    let asked = if let Fact::InfoAsked { missing } = fact { Some(Standstill::Info(missing.clone())) } else { None };
    let suspended = if let Fact::Suspended { reason } = fact { Some(Standstill::Suspended(*reason)) } else { None };
    let goes_on = || before.cloned().or_else(|| (state == State::NeedInfo).then(|| Standstill::Info(Vec::new())));
    asked.or(suspended).or_else(goes_on).filter(|_| matches!(state, State::NeedInfo | State::Suspended))
}

type Clocks = BTreeMap<(Option<UnitCode>, Timer), At>;

/// Every clock of the ticket and of the units at work.
fn clocks(ticket: &Ticket) -> Clocks {
    let own = ticket.dues.iter().map(|(timer, due)| ((None, *timer), *due));
    let tasks = ticket.tasks.iter().filter(|task| task.is_open());
    let tasks = tasks.flat_map(|t| t.dues.iter().map(|(timer, due)| ((Some(t.unit.clone()), *timer), *due)));
    own.chain(tasks).collect()
}

fn moves(before: Option<&Ticket>, after: &Ticket, event: &Recorded) -> Vec<Move> {
    let (before, mut after) = (before.map(clocks).unwrap_or_default(), clocks(after));
    let mut changed = Vec::new();
    let mut note = |(unit, timer), before, after| {
        if before != after {
            let (by, at, version) = (event.event.fact.name(), event.at, event.version);
            changed.push(Move { at, version, by, unit, timer, before, after });
        }
    };
    for (clock, due) in before {
        let now = after.remove(&clock);
        note(clock, Some(due), now);
    }
    after.into_iter().for_each(|(clock, due)| note(clock, None, Some(due)));
    changed
}

fn running(ticket: &Ticket, now: At, limits: &Limits) -> Vec<Running> {
    let clock = |task: Option<&Task>, timer: Timer, due: At| {
        // A clock that stands still has as much left as when the pause began.
        let stands = !matches!(timer, Timer::Supplement | Timer::SuspendReview);
        let from = ticket.paused_at.filter(|_| stands).unwrap_or(now);
        let measure = measure(ticket, task, timer, limits);
        let left = limits.calendar.between(measure, from, due, &[] as &[Pause]).unwrap_or_else(|_| due.since(from));
        Running { unit: task.map(|task| task.unit.clone()), timer, due, left, measure }
    };
    let own = ticket.dues.iter().map(|(timer, due)| clock(None, *timer, *due));
    let tasks = ticket.tasks.iter().filter(|task| task.is_open());
    let tasks = tasks.flat_map(|task| task.dues.iter().map(move |(timer, due)| clock(Some(task), *timer, *due)));
    let mut all: Vec<Running> = own.chain(tasks).collect();
    all.sort_by_key(|running| running.due);
    all
}
