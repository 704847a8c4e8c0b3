//! The arrivals as one seed makes them: hour, repeats, effort, luck. Every policy meets the same cases, so that what
//! differs between two runs is the policy and not chance (common random numbers).

use std::collections::HashMap;

use jiff::civil::Date;
use rand::{Rng, SeedableRng as _, rngs::StdRng};
use suban_domain::{
    At, Kind, Span,
    calendar::{Calendar, Measure},
};

use crate::{Arrivals, SimulationError, When, policy::World};

/// Weights of the hours of a day, where only the day is known: two peaks, at 10:00 and 15:30, and a tenth of the day
/// in the peak hour (D§17, D§17.1).
const HOURS: [f64; 24] = [
    0.8, 0.5, 0.4, 0.4, 0.5, 0.8, 1.5, 3.0, 6.5, 9.0, 10.0, 8.5, 5.0, 5.5, 8.0, 9.5, 8.5, 6.0, 4.0, 3.5, 3.0, 2.5, 1.6,
    1.0,
];

/// One ticket's own.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) at: At,
    pub(crate) unit: usize,
    pub(crate) kind: Kind,
    /// The first of its matter: itself, or what it repeats.
    pub(crate) matter: usize,
    pub(crate) luck: Luck,
}

/// Numbers between 0 and 1, and three that are standard normal. None depends on a policy.
#[derive(Debug, Clone)]
pub(crate) struct Luck {
    /// Within the day.
    hour: f64,
    repeat: f64,
    pub(crate) found: f64,
    pub(crate) automatic: f64,
    /// Of the first and the second dispatch.
    pub(crate) right: [f64; 2],
    /// Where it goes when they are wrong.
    pub(crate) stray: [f64; 2],
    /// How long until the list is looked at, for each dispatch.
    pub(crate) looked: [f64; 3],
    pub(crate) redo: f64,
    pub(crate) contact: f64,
    pub(crate) effort: f64,
    pub(crate) wait: f64,
}

impl Luck {
    fn of(seed: u64, row: usize) -> Self {
        let mut rng = StdRng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(row as u64));
        Self {
            hour: rng.random(),
            repeat: rng.random(),
            found: rng.random(),
            automatic: rng.random(),
            right: rng.random(),
            stray: rng.random(),
            looked: rng.random(),
            redo: rng.random(),
            contact: normal(&mut rng),
            effort: normal(&mut rng),
            wait: normal(&mut rng),
        }
    }
}

/// By Box and Muller.
fn normal(rng: &mut impl Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// All cases of a run, as the arrivals stand.
pub(crate) fn cases(
    arrivals: &Arrivals,
    world: &World<f64>,
    calendar: &Calendar,
    seed: u64,
) -> Result<Vec<Case>, SimulationError> {
    let hours = world.hours.as_deref().unwrap_or(&HOURS);
    let mut cases = Vec::with_capacity(arrivals.len());
    for (number, row) in arrivals.rows.iter().enumerate() {
        let luck = Luck::of(seed, number);
        let at = match row.when {
            When::At(_, at) => at,
            When::Day(day) => within(day, calendar, hours, luck.hour)?,
        };
        cases.push(Case { at, unit: row.unit, kind: row.kind, matter: number, luck });
    }
    repeats(arrivals, world, &mut cases);
    Ok(cases)
}

/// The moment of a day at which a share `u` of its arrivals has come.
fn within(day: Date, calendar: &Calendar, hours: &[f64], u: f64) -> Result<At, SimulationError> {
    let whole: f64 = hours.iter().sum();
    let mut left = u * whole;
    let mut hour = 0.0;
    for weight in hours {
        if left < *weight {
            hour += left / weight;
            break;
        }
        left -= weight;
        hour += 1.0;
    }
    let midnight = calendar.zone().to_timestamp(day.at(0, 0, 0, 0));
    let midnight = midnight.map_err(|_| SimulationError::Policy {
        policy: calendar.name().to_owned(),
        problem: format!("{day} has no midnight in its zone"),
    })?;
    Ok(At::from(midnight).plus(span_h(hour.min(23.999))))
}

/// Says which cases repeat an earlier one: of those that share place and matter with one not long before, so many that
/// all arrivals have the stated share of repeats, or all of them.
fn repeats(arrivals: &Arrivals, world: &World<f64>, cases: &mut [Case]) {
    let within = Span::days(i64::from(world.repeats.within_days));
    let mut order: Vec<usize> = (0..cases.len()).collect();
    order.sort_by_key(|&number| (cases[number].at, number));
    let mut last: HashMap<usize, usize> = HashMap::new();
    let mut earlier: Vec<(usize, usize)> = Vec::new();
    for number in order {
        if let Some(before) = last.insert(arrivals.rows[number].same, number)
            && cases[number].at.since(cases[before].at) <= within
        {
            earlier.push((number, before));
        }
    }
    let chance = world.repeats.share * cases.len() as f64 / earlier.len().max(1) as f64;
    for (number, before) in earlier {
        if cases[number].luck.repeat < chance {
            cases[number].matter = cases[before].matter;
        }
    }
}

/// How many handlers each unit has, so that the work of all tickets takes the stated share of their time while the
/// middle half of the tickets came. A unit has at least one, so a small one has time to spare.
pub(crate) fn handlers(
    arrivals: &Arrivals,
    world: &World<f64>,
    calendar: &Calendar,
    cases: &[Case],
) -> Result<Vec<u32>, SimulationError> {
    if let Some(people) = world.handling.people {
        return Ok(vec![people; arrivals.units().len()]);
    }
    let mut at: Vec<At> = cases.iter().map(|case| case.at).collect();
    at.sort_unstable();
    let quarter = |n: usize| at.get((at.len().saturating_sub(1)) * n / 4).copied().ok_or(SimulationError::NoArrivals);
    let open = calendar.between(Measure::Working, quarter(1)?, quarter(3)?, &[])?;
    // A file of a day or less still has a day's work to do.
    let open = hours(open).max(7.0);
    let mut work = vec![0.0; arrivals.units().len()];
    for case in cases {
        work[case.unit] += mean_effort(world, case.kind) / 2.0;
    }
    let need = |work: f64| (work / (open * world.handling.load)).ceil().clamp(1.0, 10_000.0) as u32;
    Ok(work.into_iter().map(need).collect())
}

fn mean_effort(world: &World<f64>, kind: Kind) -> f64 {
    let spread = world.handling.spread;
    world.handling.effort(kind) * (spread * spread / 2.0).exp() + world.handling.travel(kind)
}

/// A lognormal by its median.
pub(crate) fn lognormal(median: f64, spread: f64, z: f64) -> f64 {
    median * (spread * z).exp()
}

/// To the microsecond.
pub(crate) fn span_h(hours: f64) -> Span {
    Span::micros((hours.clamp(0.0, 1e6) * 3.6e9).round() as i64)
}

/// A span in hours.
pub(crate) fn hours(span: Span) -> f64 {
    span.as_micros() as f64 / 3.6e9
}
