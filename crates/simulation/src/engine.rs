//! One run, from event to event.
//!
//! An arrival joins what is open or is dispatched; the unit looks, signs, and gives it back if it is not theirs;
//! otherwise it contacts the citizen, works on it, waits for others, and closes it, some after a redo. Whatever is
//! due is due by the domain's limits. Events at one moment happen in the order in which they were made, so a run is
//! the same whenever it is repeated.

mod pressing;
mod way;

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    sync::Arc,
};

use suban_domain::{
    At, Limits, Span, Timer, Urgency,
    calendar::{Allowance, Calendar, CalendarError, Measure},
};

use crate::{
    SimulationError,
    case::{Case, lognormal, span_h},
    desk::Desk,
    outcome::Life,
    policy::Policy,
    station::{Next, Pace, Place, Station},
};

/// One citizen's urges count once in this time (`T_urge`, D§8.2).
const COOL_DOWN: Span = Span::hours(24);
/// After so many approved returns a ruling says who it is (R-DSP-3).
const RETURNS_TO_RULING: u8 = 2;
/// The hall is the first station.
const HALL: usize = 0;

/// What a run is given.
pub(crate) struct Setting<'a> {
    pub(crate) policy: &'a Policy<f64>,
    pub(crate) limits: &'a Limits,
    /// When units work.
    pub(crate) calendar: &'a Arc<Calendar>,
    /// The hall's dispatchers.
    pub(crate) hall: &'a Desk,
    /// The signers of each unit.
    pub(crate) signers: &'a Desk,
    pub(crate) cases: &'a [Case],
    /// Handlers of each unit.
    pub(crate) handlers: &'a [u32],
    /// For each case, where the learned ranker would have sent it.
    pub(crate) sent: &'a [Option<usize>],
}

/// Everybody's life.
pub(crate) fn run(setting: &Setting<'_>) -> Result<Vec<Life>, SimulationError> {
    let mut town = Town::new(setting);
    while let Some(Reverse((now, _, event))) = town.events.pop() {
        town.happens(now, event)?;
    }
    Ok(town.live.into_iter().map(|live| live.life).collect())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrives(usize),
    /// A delay of this ticket ends, unless it was changed since.
    Ends(usize, u32),
    /// A station is done with a ticket.
    Done(usize, usize),
    /// A shift of a station begins.
    Opens(usize),
    Presses(usize, Reason),
}

/// Why a ticket is pressed (D§14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// `T_sign` of this dispatch ran out.
    Unsigned(u8),
    /// `T_contact` ran out.
    Uncontacted,
    /// A yellow card.
    Near,
    /// A red card.
    Red,
}

/// What comes when a delay ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Sent,
    Looked,
    Returned,
    Reviewed,
    Contacted,
    Answered,
    CalledBack,
}

/// Nobody works on it until then.
#[derive(Debug, Clone, Copy)]
struct Delay {
    until: At,
    measure: Measure,
    then: Step,
}

/// A ticket on its way.
#[derive(Debug)]
struct Live {
    life: Life,
    /// The unit that has it.
    unit: usize,
    dispatches: u8,
    /// Signed since the last dispatch.
    is_signed: bool,
    is_redo: bool,
    delay: Option<Delay>,
    /// How many delays it had; only the last counts.
    delays: u32,
    waits: Option<(usize, Place)>,
    is_urged: bool,
    citizens_urged_at: Option<At>,
    /// What it repeats, while that is open.
    first: Option<usize>,
    /// Those that joined it.
    followers: Vec<usize>,
    /// Repeats of it that are worked off and can only be answered when it is.
    behind: Vec<usize>,
}

struct Town<'a> {
    setting: &'a Setting<'a>,
    calendar: Arc<Calendar>,
    stations: Vec<Station>,
    live: Vec<Live>,
    /// The last ticket of each matter that is led.
    leads: HashMap<usize, usize>,
    events: BinaryHeap<Reverse<(At, u64, Event)>>,
    made: u64,
}

impl<'a> Town<'a> {
    fn new(setting: &'a Setting<'a>) -> Self {
        let calendar = Arc::clone(setting.calendar);
        let mut stations = vec![Station::new(setting.hall.clone(), Pace::Through)];
        for people in setting.handlers {
            stations.push(Station::new(setting.signers.clone(), Pace::Through));
            stations.push(Station::new(Desk::of(&calendar, *people), Pace::Hours(Arc::clone(&calendar))));
        }
        let live = setting.cases.iter().map(|case| Live {
            life: Life::new(case.at),
            unit: case.unit,
            dispatches: 0,
            is_signed: false,
            is_redo: false,
            delay: None,
            delays: 0,
            waits: None,
            is_urged: false,
            citizens_urged_at: None,
            first: None,
            followers: Vec::new(),
            behind: Vec::new(),
        });
        let live = live.collect();
        let (leads, events) = (HashMap::new(), BinaryHeap::new());
        let mut town = Self { setting, calendar, stations, live, leads, events, made: 0 };
        for (ticket, case) in setting.cases.iter().enumerate() {
            town.later(case.at, Event::Arrives(ticket));
        }
        town
    }

    fn later(&mut self, at: At, event: Event) {
        self.events.push(Reverse((at, self.made, event)));
        self.made += 1;
    }

    fn happens(&mut self, now: At, event: Event) -> Result<(), CalendarError> {
        match event {
            Event::Arrives(ticket) => self.arrives(now, ticket),
            Event::Ends(ticket, delay) if delay == self.live[ticket].delays => {
                match self.live[ticket].delay.take().map(|delay| delay.then) {
                    Some(step) => self.goes_on(now, ticket, step),
                    None => Ok(()),
                }
            }
            Event::Ends(..) => Ok(()),
            Event::Done(station, ticket) => {
                self.stations[station].done();
                self.worked_on(now, station, ticket)?;
                self.asks(now, station)
            }
            Event::Opens(station) => self.asks(now, station),
            Event::Presses(ticket, reason) => self.presses(now, ticket, reason),
        }
    }

    fn case(&self, ticket: usize) -> &'a Case {
        &self.setting.cases[ticket]
    }

    fn due(&self, timer: Timer, ticket: usize, from: At) -> At {
        // Files tell nothing of urgency, so nothing is urgent.
        self.setting.limits.due(timer, Urgency::Normal, Some(self.case(ticket).kind), from).unwrap_or(from)
    }

    fn working(&self, from: At, hours: f64) -> Result<At, CalendarError> {
        self.calendar.due(from, Allowance::Working(span_h(hours)), &[])
    }

    fn delay(&mut self, ticket: usize, until: At, measure: Measure, then: Step) {
        let live = &mut self.live[ticket];
        live.delays += 1;
        live.delay = Some(Delay { until, measure, then });
        let event = Event::Ends(ticket, live.delays);
        self.later(until, event);
    }

    fn enqueue(&mut self, now: At, station: usize, ticket: usize, key: At) -> Result<(), CalendarError> {
        let live = &mut self.live[ticket];
        let place = (!live.is_urged, key.micros(), ticket);
        live.waits = Some((station, place));
        self.stations[station].enqueue(place);
        self.asks(now, station)
    }

    /// Lets everybody who is free take the next.
    fn asks(&mut self, now: At, station: usize) -> Result<(), CalendarError> {
        loop {
            match self.stations[station].next(now)? {
                Next::Takes(ticket) => {
                    self.live[ticket].waits = None;
                    let takes = self.takes(station, ticket);
                    let done_at = self.stations[station].done_at(now, takes)?;
                    self.later(done_at, Event::Done(station, ticket));
                }
                Next::Waits(at) => {
                    self.later(at, Event::Opens(station));
                    return Ok(());
                }
                Next::Nothing => return Ok(()),
            }
        }
    }

    /// How long a station works on a ticket.
    fn takes(&self, station: usize, ticket: usize) -> Span {
        let policy = self.setting.policy;
        if station == HALL {
            return span_h(policy.dispatch.by_hand.minutes / 60.0);
        }
        if station % 2 == 1 {
            return span_h(policy.sign.minutes / 60.0);
        }
        let (handling, case, live) = (&policy.world.handling, self.case(ticket), &self.live[ticket]);
        let work = lognormal(handling.effort(case.kind), handling.spread, case.luck.effort);
        let whole = work + handling.travel(case.kind);
        let known = if live.first.is_some() { policy.world.repeats.effort } else { 1.0 };
        span_h(whole * known * if live.is_redo { handling.redo_effort } else { 1.0 })
    }
}

/// The station of a unit's signers; its handlers' follows.
const fn signers_of(unit: usize) -> usize {
    2 * unit + 1
}
