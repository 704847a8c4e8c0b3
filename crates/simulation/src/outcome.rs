//! What a run came to.

use suban_domain::{At, Span};

use crate::case::hours;

/// What happened to one arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// When it came.
    pub arrived: At,
    /// It joined what was open, and was closed with it.
    pub merged: bool,
    /// It was sent without a person the first time.
    pub automatic: bool,
    /// Sent to the unit that handled it.
    pub dispatched: Option<At>,
    /// Signed there.
    pub signed: Option<At>,
    /// Its citizen was first spoken to.
    pub contacted: Option<At>,
    /// The answer that stood.
    pub closed: Option<At>,
    /// What the citizen was promised: `T_handle` from the first dispatch on.
    pub promised: Option<At>,
    /// How often a unit gave it back.
    pub returns: u8,
}

impl Life {
    pub(crate) const fn new(arrived: At) -> Self {
        Self {
            arrived,
            merged: false,
            automatic: false,
            dispatched: None,
            signed: None,
            contacted: None,
            closed: None,
            promised: None,
            returns: 0,
        }
    }
}

/// How long something lasted, in hours of natural time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Lasted {
    /// Half lasted less.
    pub p50: f64,
    /// On average.
    pub mean: f64,
    /// One in ten lasted longer.
    pub p90: f64,
}

impl Lasted {
    /// All zero for none.
    #[must_use]
    pub fn of(spans: impl Iterator<Item = Span>) -> Self {
        let mut all: Vec<f64> = spans.map(hours).collect();
        all.sort_by(f64::total_cmp);
        let at = |share: f64| {
            all.get(((all.len() as f64 * share).ceil() as usize).saturating_sub(1)).copied().unwrap_or_default()
        };
        Self { p50: at(0.5), mean: all.iter().sum::<f64>() / all.len().max(1) as f64, p90: at(0.9) }
    }
}

/// The figures of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Arrivals that were led to an end by themselves.
    pub tickets: usize,
    /// Arrivals that joined one of these.
    pub merged: usize,
    /// Returns by units.
    pub returned: usize,
    /// Share of the tickets that was sent without a person.
    pub automatic_share: f64,
    /// Share of the tickets that no unit gave back.
    pub right_first_time: f64,
    /// From the arrival of a ticket to the sign of the unit that handled it.
    pub to_sign: Lasted,
    /// To the first contact.
    pub to_contact: Lasted,
    /// To the answer that stood, for every arrival: whoever was merged waited too.
    pub to_close: Lasted,
    /// Share of the tickets that was closed when promised.
    pub on_time_share: f64,
}

impl Outcome {
    /// Of all lives of a run.
    #[must_use]
    pub fn of(lives: &[Life]) -> Self {
        let own = || lives.iter().filter(|life| !life.merged);
        let tickets = own().count();
        let share =
            |wanted: fn(&Life) -> bool| own().filter(|life| wanted(life)).count() as f64 / tickets.max(1) as f64;
        let until =
            |at: fn(&Life) -> Option<At>| Lasted::of(own().filter_map(move |life| Some(at(life)?.since(life.arrived))));
        Self {
            tickets,
            merged: lives.len() - tickets,
            returned: own().map(|life| usize::from(life.returns)).sum(),
            automatic_share: share(|life| life.automatic),
            right_first_time: share(|life| life.returns == 0),
            to_sign: until(|life| life.signed),
            to_contact: until(|life| life.contacted),
            to_close: Lasted::of(lives.iter().filter_map(|life| Some(life.closed?.since(life.arrived)))),
            on_time_share: share(|life| life.promised.zip(life.closed).is_some_and(|(due, at)| at <= due)),
        }
    }
}
