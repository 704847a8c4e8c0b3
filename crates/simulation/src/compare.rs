//! All runs of two policies: every seed with its assumptions at their likeliest, drawn, and drawn opposite.

use std::collections::{BTreeMap, btree_map::Entry};

use jiff::civil::Date;
use serde::Serialize;
use suban_domain::{At, Limits, calendar::Calendars};
use suban_roster::Roster;

use crate::{
    Arrivals, Draw, Lasted, Life, Outcome, Policy, SimulationError, Spread, case,
    desk::Desk,
    engine::{self, Setting},
    history,
    policy::{Automatic, OnRoster, Shift},
};

/// What the model platform's owner published (D§17).
pub const PUBLISHED: Published = Published {
    change: -0.4928,
    source: "深圳市福田区政务服务数据管理局, 答复区政协六届三次会议第2023120号提案, 2023-10-07: 处置时长同比缩短49.28% (2023 against 2022)",
};

/// A change that somebody published.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Published {
    /// Of the time of handling, as a share of what it was.
    pub change: f64,
    /// By whom, when, of what.
    pub source: &'static str,
}

/// What is to be compared.
#[derive(Debug)]
pub struct Question<'a> {
    /// The way of working now, and the other.
    pub policies: [&'a Policy; 2],
    /// What comes in.
    pub arrivals: &'a Arrivals,
    /// Calendars that the policies name.
    pub calendars: &'a Calendars,
    /// Rosters that the policies name, by folder.
    pub rosters: &'a BTreeMap<String, Roster>,
    /// Seeds 1 to this.
    pub seeds: u32,
    /// Also try every part of the change alone.
    pub ablate: bool,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Which seeds.
    pub seeds: Vec<u32>,
    /// Runs of each seed: assumptions likeliest, drawn, drawn opposite.
    pub assumptions_per_seed: usize,
    /// By which rules.
    pub versions: Versions,
    /// Do both policies assume the same of the city and its units? Otherwise the change is also theirs.
    pub same_world: bool,
    /// In the order of the question.
    pub policies: Vec<PolicyReport>,
    /// The second against the first.
    pub change: Changes,
    /// What the model platform claims.
    pub published: Published,
    /// Each part of the change, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ablation: Option<Vec<Ablation>>,
}

/// By which rules time was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// Of the limits.
    pub limits: String,
    /// Name of the calendar of the first policy's world.
    pub calendar: String,
    /// A year without an official notice was counted.
    pub calendar_estimated: bool,
}

/// One policy's figures. Times are natural hours from the arrival.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PolicyReport {
    /// Its name.
    pub name: String,
    /// Arrivals that were led to an end by themselves.
    pub tickets: Spread,
    /// Arrivals that joined one of these.
    pub merged: Spread,
    /// Returns by units.
    pub returned: Spread,
    /// Share of tickets that was sent without a person.
    pub automatic_share: Spread,
    /// Share of tickets that no unit gave back.
    pub right_first_time: Spread,
    /// Until the sign of the unit that handled it.
    pub time_to_sign_h: Spreads,
    /// Until the first contact.
    pub time_to_contact_h: Spreads,
    /// Until the answer that stood, for every arrival, merged or not.
    pub time_to_close_h: Spreads,
    /// Share of tickets that was closed when promised.
    pub on_time_share: Spread,
}

/// How long something lasted, over all runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spreads {
    /// Half lasted less.
    pub p50: Spread,
    /// On average.
    pub mean: Spread,
    /// One in ten lasted longer.
    pub p90: Spread,
}

/// One policy against another, run by run. Times as a share of what they were, so −0.5 is half.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Changes {
    /// Of the mean time to the sign.
    pub time_to_sign_h: Spread,
    /// Of the mean time to the first contact.
    pub time_to_contact_h: Spread,
    /// Of the mean time to the close.
    pub time_to_close_h: Spread,
    /// Of half the tickets' time to the close.
    pub time_to_close_p50_h: Spread,
    /// Difference of the shares.
    pub on_time_share: Spread,
}

/// A part of the change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ablation {
    /// Its section of the policy.
    pub part: &'static str,
    /// The first policy with this part of the second, against the first.
    pub alone: Changes,
    /// The second policy without it, against the first.
    pub all_but: Changes,
}

/// Runs everything.
///
/// # Errors
/// When nothing arrives, a policy names a calendar that is not there, or units are to be suggested by nothing.
pub fn compare(question: &Question<'_>) -> Result<Report, SimulationError> {
    if question.arrivals.is_empty() {
        return Err(SimulationError::NoArrivals);
    }
    let [before, after] = question.policies;
    let mut bench = Bench { question, sent: BTreeMap::new(), estimated: false };
    let (first, second) = (bench.runs(before)?, bench.runs(after)?);
    let mut ablation = question.ablate.then(Vec::new);
    if let Some(parts) = &mut ablation {
        for (part, alone, all_but) in before.parts(after) {
            let alone = changes(&first, &bench.runs(&alone)?);
            parts.push(Ablation { part, alone, all_but: changes(&first, &bench.runs(&all_but)?) });
        }
    }
    Ok(Report {
        seeds: (1..=question.seeds).collect(),
        assumptions_per_seed: Draw::ALL.len(),
        versions: Versions {
            limits: Limits::sz_district().version.to_string(),
            calendar: before.world.calendar.clone(),
            calendar_estimated: bench.estimated,
        },
        same_world: before.world == after.world,
        change: changes(&first, &second),
        policies: vec![report(&before.name, &first), report(&after.name, &second)],
        published: PUBLISHED,
        ablation,
    })
}

/// What all runs of a question share.
struct Bench<'a> {
    question: &'a Question<'a>,
    /// What the ranker would have sent, by precision (as bits) and days until an outcome is known.
    sent: BTreeMap<(u64, u16), Vec<Option<usize>>>,
    /// Did anything happen in a year without an official notice?
    estimated: bool,
}

impl Bench<'_> {
    /// Every run of a policy.
    fn runs(&mut self, policy: &Policy) -> Result<Vec<(Draw, Outcome)>, SimulationError> {
        let key = match &policy.dispatch.automatic {
            Some(Automatic::History { precision, known_after_days, .. }) => {
                let key = (precision.to_bits(), *known_after_days);
                if let Entry::Vacant(new) = self.sent.entry(key) {
                    new.insert(history::sent(self.question.arrivals, *precision, *known_after_days)?);
                }
                Some(key)
            }
            Some(Automatic::Share { .. }) | None => None,
        };
        let sent = key.and_then(|key| self.sent.get(&key)).map_or(&[][..], Vec::as_slice);
        let Question { arrivals, .. } = *self.question;
        let town = Town::of(self.question, policy)?;
        let mut outcomes = Vec::new();
        for seed in 1..=u64::from(self.question.seeds) {
            for draw in Draw::ALL {
                let lives = town.lives(&policy.drawn(seed, draw), arrivals, sent, seed)?;
                let first = lives.iter().map(|life| life.arrived).min();
                let last = lives.iter().filter_map(|life| life.closed).max();
                self.estimated |=
                    first.zip(last).is_some_and(|(from, until)| town.limits.calendar.estimates(from, until));
                outcomes.push((draw, Outcome::of(&lives)));
            }
        }
        Ok(outcomes)
    }
}

/// What stays the same in all runs of a policy.
pub(crate) struct Town {
    limits: Limits,
    hall: Desk,
    signers: Desk,
}

impl Town {
    /// With everybody's hours.
    pub(crate) fn of(question: &Question<'_>, policy: &Policy) -> Result<Self, SimulationError> {
        let calendar = question.calendars.named(&policy.world.calendar)?;
        let limits = Limits { calendar: calendar.clone(), ..Limits::sz_district() };
        let hall = desk(question, policy, &policy.dispatch.shift, policy.dispatch.roster.as_ref())?;
        let signers = desk(question, policy, &policy.sign.shift, policy.sign.roster.as_ref())?;
        Ok(Self { limits, hall, signers })
    }

    /// One run.
    pub(crate) fn lives(
        &self,
        policy: &Policy<f64>,
        arrivals: &Arrivals,
        sent: &[Option<usize>],
        seed: u64,
    ) -> Result<Vec<Life>, SimulationError> {
        let Self { limits, hall, signers } = self;
        let calendar = &limits.calendar;
        let cases = case::cases(arrivals, &policy.world, calendar, seed)?;
        let handlers = case::handlers(arrivals, &policy.world, calendar, &cases)?;
        let (cases, handlers) = (&cases, &handlers);
        engine::run(&Setting { policy, limits, calendar, hall, signers, cases, handlers, sent })
    }
}

/// A desk as a policy says, by shifts or by a roster.
fn desk(
    question: &Question<'_>,
    policy: &Policy,
    shifts: &[Shift],
    named: Option<&OnRoster>,
) -> Result<Desk, SimulationError> {
    let Some(OnRoster { folder, unit }) = named else { return Ok(Desk::new(shifts, question.calendars)?) };
    let refuse = |problem: String| SimulationError::Policy { policy: policy.name.clone(), problem };
    let roster = question.rosters.get(folder);
    let roster = roster.ok_or_else(|| refuse(format!("its roster {folder} was not read")))?;
    let (from, until) = question.arrivals.days().ok_or(SimulationError::NoArrivals)?;
    let zone = question.calendars.named(&policy.world.calendar)?.zone();
    // A day either way, for zones.
    let midnight = |day: Date| zone.to_timestamp(day.at(0, 0, 0, 0)).map(At::from);
    let (from, until) = midnight(from)
        .and_then(|from| Ok((from, midnight(until)?)))
        .map_err(|e| refuse(format!("the days of the arrivals are out of reach: {e}")))?;
    let day = suban_domain::Span::days(1);
    Desk::on_roster(roster, unit, from.minus(day), until.plus(day)).ok_or_else(|| {
        refuse(format!("nobody is on duty for unit {unit} of roster {folder} in the first thirty days of the arrivals"))
    })
}

type Runs = [(Draw, Outcome)];

fn spread(runs: &Runs, figure: impl Fn(&Outcome) -> f64) -> Spread {
    Spread::of(&runs.iter().map(|(draw, outcome)| (*draw, figure(outcome))).collect::<Vec<_>>())
}

fn report(name: &str, runs: &Runs) -> PolicyReport {
    let lasted = |what: fn(&Outcome) -> &Lasted| Spreads {
        p50: spread(runs, |outcome| what(outcome).p50),
        mean: spread(runs, |outcome| what(outcome).mean),
        p90: spread(runs, |outcome| what(outcome).p90),
    };
    PolicyReport {
        name: name.to_owned(),
        tickets: spread(runs, |outcome| outcome.tickets as f64),
        merged: spread(runs, |outcome| outcome.merged as f64),
        returned: spread(runs, |outcome| outcome.returned as f64),
        automatic_share: spread(runs, |outcome| outcome.automatic_share),
        right_first_time: spread(runs, |outcome| outcome.right_first_time),
        time_to_sign_h: lasted(|outcome| &outcome.to_sign),
        time_to_contact_h: lasted(|outcome| &outcome.to_contact),
        time_to_close_h: lasted(|outcome| &outcome.to_close),
        on_time_share: spread(runs, |outcome| outcome.on_time_share),
    }
}

fn changes(before: &Runs, after: &Runs) -> Changes {
    let pairs = |change: &dyn Fn(&Outcome, &Outcome) -> f64| {
        let pair = |((draw, before), (_, after)): (&(Draw, Outcome), &(Draw, Outcome))| (*draw, change(before, after));
        Spread::of(&before.iter().zip(after).map(pair).collect::<Vec<_>>())
    };
    let share = |figure: fn(&Outcome) -> f64| {
        pairs(&move |before, after| {
            let was = figure(before);
            if was > 0.0 { figure(after) / was - 1.0 } else { 0.0 }
        })
    };
    Changes {
        time_to_sign_h: share(|outcome| outcome.to_sign.mean),
        time_to_contact_h: share(|outcome| outcome.to_contact.mean),
        time_to_close_h: share(|outcome| outcome.to_close.mean),
        time_to_close_p50_h: share(|outcome| outcome.to_close.p50),
        on_time_share: pairs(&|before, after| after.on_time_share - before.on_time_share),
    }
}
