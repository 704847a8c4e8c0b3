//! A policy's numbers: whether they can be, what a run takes for them, and which parts of two policies differ.

use std::collections::BTreeMap;

use suban_domain::Kind;

use super::{Automatic, ByHand, Dispatch, Handling, Merging, OnRoster, Policy, Repeats, Returns, Sign, Urging, World};
use crate::range::{Draw, Quantity, Range};

impl Policy<Range> {
    /// Everything that is wrong with it in itself.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.map(&mut |name, quantity, range: Range| {
            range.check(quantity).map_err(|problem| format!("{name}: {problem}"))
        })?;
        let desks =
            [("sign", &self.sign.shift, &self.sign.roster), ("dispatch", &self.dispatch.shift, &self.dispatch.roster)];
        for (whose, shifts, roster) in desks {
            match (shifts.iter().any(|shift| shift.people > 0), roster) {
                (true, None) | (false, Some(_)) => {}
                (true, Some(_)) => return Err(format!("{whose}: has both shifts and a roster; name one (shift = [])")),
                (false, None) => {
                    return Err(format!(
                        "{whose}.shift: nobody is ever at work; name a calendar and people = 1 or more"
                    ));
                }
            }
        }
        for (name, medians) in [("effort_h", &self.world.handling.effort_h), ("wait_h", &self.world.handling.wait_h)] {
            if !medians.contains_key(&Kind::Complaint) {
                return Err(format!("world.handling.{name}: must say COMPLAINT, as which other types count"));
            }
        }
        if self.world.handling.people == Some(0) {
            return Err("world.handling.people: 0 handlers finish nothing; write 1 or more".to_owned());
        }
        if let Some(hours) = &self.world.hours
            && (hours.len() != 24 || hours.iter().any(|w| !(0.0..1e9).contains(w)) || hours.iter().sum::<f64>() <= 0.0)
        {
            return Err("world.hours: must be 24 weights, none negative and not all nothing".to_owned());
        }
        if let Some(Automatic::History { precision, .. }) = &self.dispatch.automatic
            && !(0.0..1.0).contains(precision)
        {
            return Err(format!("dispatch.automatic.precision: {precision} must lie between 0 and 1"));
        }
        Ok(())
    }

    /// The rosters that it names.
    pub fn rosters(&mut self) -> impl Iterator<Item = &mut OnRoster> {
        [&mut self.sign.roster, &mut self.dispatch.roster].into_iter().flatten()
    }

    /// The parts in which `other` works otherwise, each with this policy changed in that part alone, and `other` without
    /// the change. Urging and the order of work are one part.
    pub(crate) fn parts(&self, other: &Self) -> Vec<(&'static str, Self, Self)> {
        type Put = fn(&mut Policy, &Policy);
        let parts: [(&'static str, Put); 4] = [
            ("sign", |to, from| to.sign.clone_from(&from.sign)),
            ("dispatch", |to, from| to.dispatch.clone_from(&from.dispatch)),
            ("merging", |to, from| to.merging.clone_from(&from.merging)),
            ("urging", |to, from| {
                to.urging.clone_from(&from.urging);
                to.queue = from.queue;
            }),
        ];
        let changed = |(name, put): (&'static str, Put)| {
            let (mut alone, mut without) = (self.clone(), other.clone());
            put(&mut alone, other);
            put(&mut without, self);
            (alone != *self).then_some((name, alone, without))
        };
        parts.into_iter().filter_map(changed).collect()
    }

    /// As a run takes it.
    pub(crate) fn drawn(&self, seed: u64, draw: Draw) -> Policy<f64> {
        let mut take = |name: &str, _: Quantity, range: Range| Ok(range.draw(name, seed, draw));
        let taken: Result<Policy<f64>, std::convert::Infallible> = self.map(&mut take);
        match taken {
            Ok(taken) => taken,
            Err(never) => match never {},
        }
    }
}

impl<N: Copy> Policy<N> {
    /// The same with other numbers: `take` is given each with its name and what it is a number of.
    fn map<M, E>(&self, take: &mut impl FnMut(&str, Quantity, N) -> Result<M, E>) -> Result<Policy<M>, E> {
        use Quantity::{Duration, Load, Share, Spread};
        let sign = Sign {
            shift: self.sign.shift.clone(),
            roster: self.sign.roster.clone(),
            looks_every_min: take("sign.looks_every_min", Duration, self.sign.looks_every_min)?,
            minutes: take("sign.minutes", Duration, self.sign.minutes)?,
        };
        let automatic = match &self.dispatch.automatic {
            None => None,
            Some(Automatic::Share { share, right_first_time, seconds }) => Some(Automatic::Share {
                share: take("dispatch.automatic.share", Share, *share)?,
                right_first_time: take("dispatch.automatic.right_first_time", Share, *right_first_time)?,
                seconds: take("dispatch.automatic.seconds", Duration, *seconds)?,
            }),
            Some(Automatic::History { precision, known_after_days, seconds }) => Some(Automatic::History {
                precision: *precision,
                known_after_days: *known_after_days,
                seconds: take("dispatch.automatic.seconds", Duration, *seconds)?,
            }),
        };
        let by_hand = ByHand {
            minutes: take("dispatch.by_hand.minutes", Duration, self.dispatch.by_hand.minutes)?,
            right_first_time: take("dispatch.by_hand.right_first_time", Share, self.dispatch.by_hand.right_first_time)?,
        };
        let merging = match &self.merging {
            Some(merging) => Some(Merging { found: take("merging.found", Share, merging.found)? }),
            None => None,
        };
        let urging = match &self.urging {
            Some(urging) => Some(Urging { effect: take("urging.effect", Share, urging.effect)? }),
            None => None,
        };
        let World { calendar, arrivals, hours, repeats, handling, returns } = &self.world;
        let repeats = Repeats {
            share: take("world.repeats.share", Share, repeats.share)?,
            within_days: repeats.within_days,
            effort: take("world.repeats.effort", Share, repeats.effort)?,
        };
        let mut medians = |name: &str, medians: &BTreeMap<Kind, N>| {
            let one = |(kind, median): (&Kind, &N)| {
                Ok((*kind, take(&format!("world.handling.{name}.{kind}"), Duration, *median)?))
            };
            medians.iter().map(one).collect::<Result<BTreeMap<Kind, M>, E>>()
        };
        let (effort_h, wait_h) = (medians("effort_h", &handling.effort_h)?, medians("wait_h", &handling.wait_h)?);
        let handling = Handling {
            contact_h: take("world.handling.contact_h", Duration, handling.contact_h)?,
            effort_h,
            travel_h: take("world.handling.travel_h", Duration, handling.travel_h)?,
            wait_h,
            spread: take("world.handling.spread", Spread, handling.spread)?,
            wait_spread: take("world.handling.wait_spread", Spread, handling.wait_spread)?,
            load: take("world.handling.load", Load, handling.load)?,
            people: handling.people,
            redo: take("world.handling.redo", Share, handling.redo)?,
            redo_effort: take("world.handling.redo_effort", Share, handling.redo_effort)?,
        };
        let returns = Returns {
            after_h: take("world.returns.after_h", Duration, returns.after_h)?,
            review_h: take("world.returns.review_h", Duration, returns.review_h)?,
            right_again: take("world.returns.right_again", Share, returns.right_again)?,
        };
        let (calendar, arrivals, hours) = (calendar.clone(), arrivals.clone(), hours.clone());
        let world = World { calendar, arrivals, hours, repeats, handling, returns };
        let dispatch =
            Dispatch { shift: self.dispatch.shift.clone(), roster: self.dispatch.roster.clone(), by_hand, automatic };
        Ok(Policy { name: self.name.clone(), sign, dispatch, merging, urging, queue: self.queue, world })
    }
}

impl Handling<f64> {
    /// Median hours of work for a type, on the way included apart.
    pub(crate) fn effort(&self, kind: Kind) -> f64 {
        of(&self.effort_h, kind)
    }

    /// Median hours of waiting for others.
    pub(crate) fn wait(&self, kind: Kind) -> f64 {
        of(&self.wait_h, kind)
    }

    /// Hours on the way; nobody goes out for a question or a suggestion.
    pub(crate) fn travel(&self, kind: Kind) -> f64 {
        match kind {
            Kind::Help | Kind::Complaint | Kind::Report => self.travel_h,
            Kind::Consult | Kind::Suggestion | Kind::Praise | Kind::Other => 0.0,
        }
    }
}

fn of(medians: &BTreeMap<Kind, f64>, kind: Kind) -> f64 {
    medians.get(&kind).or_else(|| medians.get(&Kind::Complaint)).copied().unwrap_or_default()
}
