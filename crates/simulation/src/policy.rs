//! What a policy file says: how a hotline works, and what is assumed about its people.
//!
//! `N` is what stands for a number: a [`Range`] as it is written, a plain number in a run.

mod numbers;
mod read;

use std::collections::BTreeMap;

use serde::Deserialize;
use suban_domain::{Kind, UnitCode};

pub use self::read::{base, read};
use crate::range::Range;

/// A way of working.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy<N = Range> {
    /// Short, for tables.
    pub name: String,
    /// Who signs in the units, and when they are there (签收).
    pub sign: Sign<N>,
    /// By whom a unit is found (分拨).
    pub dispatch: Dispatch<N>,
    /// Repeats join what is open (并案); without it each goes its own way.
    pub merging: Option<Merging<N>>,
    /// Urges and cards (催办, 黄牌, 红牌, D§14); without it nobody is pressed.
    pub urging: Option<Urging<N>>,
    /// Which ticket a handler takes next.
    pub queue: Queue,
    /// What is the same whatever the policy.
    pub world: World<N>,
}

/// People at work in the hours of a calendar.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// Its name (docs/calendar.md).
    pub calendar: String,
    /// How many at once.
    pub people: u32,
}

/// Whoever is on duty by a roster, instead of shifts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnRoster {
    /// Folder of its tables, beside the policy.
    pub folder: String,
    /// The unit whose duty list counts.
    pub unit: UnitCode,
}

/// Signing, in each unit.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sign<N> {
    /// Who does it.
    #[serde(default)]
    pub shift: Vec<Shift>,
    /// Or by a roster: each unit has such a one.
    pub roster: Option<OnRoster>,
    /// The list of what came in is looked at so often, in minutes.
    pub looks_every_min: N,
    /// Minutes that a sign takes.
    pub minutes: N,
}

/// Finding the unit, in the hall.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dispatch<N> {
    /// Who does it by hand.
    #[serde(default)]
    pub shift: Vec<Shift>,
    /// Or by a roster.
    pub roster: Option<OnRoster>,
    /// What people do, for all or for what is not sent by itself.
    pub by_hand: ByHand<N>,
    /// What is sent by itself.
    pub automatic: Option<Automatic<N>>,
}

/// A dispatcher's work.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByHand<N> {
    /// Minutes that it takes.
    pub minutes: N,
    /// Share that goes to the right unit (一次派准率).
    pub right_first_time: N,
}

/// Sent without a person.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "by", rename_all = "lowercase", deny_unknown_fields)]
pub enum Automatic<N> {
    /// As a stated share.
    Share {
        /// Of all tickets.
        share: N,
        /// Share of these that goes to the right unit.
        right_first_time: N,
        /// Seconds that it takes.
        seconds: N,
    },
    /// As the learned ranker would have done on that day, knowing the days before: right when it names the unit that
    /// did it.
    History {
        /// Share that must be right among those sent; the threshold for it follows the outcomes.
        precision: f64,
        /// Days until an outcome is known.
        known_after_days: u16,
        /// Seconds that it takes.
        seconds: N,
    },
}

/// Finding repeats.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merging<N> {
    /// Share of the true repeats that is found while the first is open.
    pub found: N,
}

/// Pressing.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Urging<N> {
    /// Share of what is left of the present waiting that an urge saves. An urged ticket is also taken first.
    pub effect: N,
}

/// The order of a handler's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Queue {
    /// As it came.
    Fifo,
    /// What is due next.
    EarliestDue,
}

/// The city and its units, whatever the policy.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World<N> {
    /// When units work, and by what their limits count.
    pub calendar: String,
    /// Columns of a file that is none of those known.
    pub arrivals: Option<Columns>,
    /// Weights of the 24 hours, for arrivals of which only the day is known.
    pub hours: Option<Vec<f64>>,
    /// Repeats.
    pub repeats: Repeats<N>,
    /// Work.
    pub handling: Handling<N>,
    /// Tickets that went to a wrong unit.
    pub returns: Returns<N>,
}

/// Which column says what.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// When it came: a day, or a day and a time.
    pub time: String,
    /// Who did it.
    pub unit: String,
    /// What the citizen wants, by `kinds`.
    pub kind: Option<String>,
    /// The file's words for the types of D§5.1; what is not among them is a complaint.
    #[serde(default)]
    pub kinds: BTreeMap<String, Kind>,
    /// What two arrivals share that may be one matter.
    pub same: Vec<String>,
    /// What is known when it comes, for the ranker of units.
    #[serde(default)]
    pub features: Vec<String>,
}

/// How many arrivals repeat an earlier one, and what that costs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeats<N> {
    /// Of all arrivals; only one that shares its place and matter with an earlier one can be a repeat.
    pub share: N,
    /// How much earlier that may have come.
    pub within_days: u16,
    /// Share of a whole handling that one takes where it is not merged.
    pub effort: N,
}

/// How long handling takes. Lognormal, around a median by type; a type that is left out is as a complaint.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handling<N> {
    /// Hours from the sign to the first contact, when the unit works.
    pub contact_h: N,
    /// Hours at work on it.
    pub effort_h: BTreeMap<Kind, N>,
    /// Hours of the way there and back, for help, complaints and reports.
    pub travel_h: N,
    /// Hours in which it waits for others: contractors, parts, a third party.
    pub wait_h: BTreeMap<Kind, N>,
    /// Of contact and effort.
    pub spread: N,
    /// Of the waiting.
    pub wait_spread: N,
    /// Share of the handlers' time that the work takes, while the middle half of the tickets came.
    pub load: N,
    /// Handlers of each unit, instead of as many as the load asks for.
    pub people: Option<u32>,
    /// Share that is done again after the call-back (重办).
    pub redo: N,
    /// Share of the first effort that this takes.
    pub redo_effort: N,
}

/// What becomes of a ticket at a wrong unit (退单).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Returns<N> {
    /// Working hours from the sign to the return; never later than `T_return`.
    pub after_h: N,
    /// Working hours of both reviews and the new dispatch.
    pub review_h: N,
    /// Share that is right the second time; a third goes by a ruling (R-DSP-3).
    pub right_again: N,
}
