//! Points and phones that are no evidence: default points, switchboards.
//!
//! What is seen far more often than expected is learned from the counts of what is held ([`Limits`]); a person who knows
//! better says so, and that counts ([`Named`]).
//!
//! [`Limits`]: crate::Limits

use std::{borrow::Cow, collections::HashMap};

use crate::{
    index::Index,
    place::Spot,
    request::{Facts, Key},
};

/// Whether a point or a phone says anything about two requests being one matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// Nothing.
    Nothing,
    /// As much as any other, however often it is seen.
    Something,
}

/// What people said of points and phones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Named {
    /// Of points.
    pub points: HashMap<Spot, Worth>,
    /// Of persons, by the key of their phone.
    pub persons: HashMap<Key, Worth>,
}

/// What is seen often, and how often.
pub type Often<K> = Vec<(K, u16)>;

/// What was passed over because it is no evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassedOver {
    /// The point of one of the two.
    Point,
    /// The phone from which both were reported.
    Phone,
}

impl Index {
    /// Takes over what people say; what they said before is forgotten.
    pub fn name(&mut self, named: Named) {
        self.named = named;
    }

    /// Is this a point that says nothing?
    #[must_use]
    pub fn is_default_point(&self, spot: Spot) -> bool {
        match self.named.points.get(&spot) {
            Some(worth) => *worth == Worth::Nothing,
            None => self.at_spot.of(spot.bits()) > self.limits.default_point,
        }
    }

    /// Is this somebody who speaks for many?
    #[must_use]
    pub fn is_switchboard(&self, person: Key) -> bool {
        match self.named.persons.get(&person) {
            Some(worth) => *worth == Worth::Nothing,
            None => person != 0 && self.by_person.of(person) > self.limits.switchboard,
        }
    }

    /// How many are held at a point, or of a person. Two that meet in the counts are counted together.
    #[must_use]
    pub fn count(&self, spot: Option<Spot>, person: Key) -> u16 {
        spot.map_or_else(|| self.by_person.of(person), |spot| self.at_spot.of(spot.bits()))
    }

    /// Points and persons that were learned to be no evidence, the most frequent first, whatever people say of them.
    #[must_use]
    pub fn learned(&self) -> (Often<Spot>, Often<Key>) {
        let (mut points, mut persons) = (HashMap::new(), HashMap::new());
        for Facts { spot, requester, .. } in self.facts_held() {
            if let Some(spot) = spot {
                let held = self.at_spot.of(spot.bits());
                if held > self.limits.default_point {
                    points.insert(*spot, held);
                }
            }
            let held = self.by_person.of(*requester);
            if *requester != 0 && held > self.limits.switchboard {
                persons.insert(*requester, held);
            }
        }
        (often(points), often(persons))
    }

    /// A request without what says nothing.
    pub(crate) fn telling<'a>(&self, facts: &'a Facts) -> Cow<'a, Facts> {
        let point = facts.spot.is_some_and(|spot| self.is_default_point(spot));
        let person = self.is_switchboard(facts.requester);
        if !point && !person {
            return Cow::Borrowed(facts);
        }
        let spot = facts.spot.filter(|_| !point);
        Cow::Owned(Facts { spot, requester: if person { 0 } else { facts.requester }, ..facts.clone() })
    }

    /// An earlier request without a point that says nothing; its person is only looked at beside the new one's.
    pub(crate) fn placed<'a>(&self, facts: &'a Facts) -> Cow<'a, Facts> {
        match facts.spot {
            Some(spot) if self.is_default_point(spot) => Cow::Owned(Facts { spot: None, ..facts.clone() }),
            _ => Cow::Borrowed(facts),
        }
    }

    /// What of two requests is passed over when they are compared.
    #[must_use]
    pub fn passed_over(&self, new: &Facts, earlier: &Facts) -> Vec<PassedOver> {
        let point = [new, earlier].iter().any(|of| of.spot.is_some_and(|spot| self.is_default_point(spot)));
        let phone = new.requester != 0 && new.requester == earlier.requester && self.is_switchboard(new.requester);
        [(point, PassedOver::Point), (phone, PassedOver::Phone)].into_iter().filter(|o| o.0).map(|o| o.1).collect()
    }
}

fn often<K: Ord>(counted: HashMap<K, u16>) -> Often<K> {
    let mut counted: Often<K> = counted.into_iter().collect();
    counted.sort_by(|(a, most), (b, more)| more.cmp(most).then(a.cmp(b)));
    counted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Feature, Id, Limits, Read, Request, Verdict, read};
    use suban_text::Segmenter;

    const LAMP: &str = "路灯不亮三天了晚上很黑";

    fn said(id: Id, requester: &'static str, spot: Option<Spot>) -> Read {
        let request =
            Request { id, reported_at: 3600, text: LAMP, area: "LG0101", requester, spot, ..Request::default() };
        read(&Segmenter::default(), &request)
    }

    fn index(held: &[Read]) -> Index {
        let limits = Limits { default_point: 2, switchboard: 2, ..Limits::default() };
        let mut index = Index::new(1 << 10, limits);
        held.iter().for_each(|request| index.add(request, Verdict::default()));
        index
    }

    /// What the first that is held is worth beside a new one: distance and person.
    fn features(index: &Index, new: &Read) -> (f32, f32) {
        let (_, of) = index.compared(new, 3600).into_iter().find(|(id, _)| *id == 1).unwrap();
        (of.get(Feature::Distance), of.get(Feature::Requester))
    }

    #[test]
    fn what_is_seen_too_often_says_nothing_unless_a_person_says_it_does() {
        let spot = Spot::new(22.5, 114.1);
        let held: Vec<Read> = (1..=3).map(|id| said(id, "switchboard", spot)).collect();
        let (mut index, new) = (index(&held), said(9, "switchboard", spot));
        let (distance, person) = features(&index, &new);
        assert!(distance.is_nan() && person.is_nan());
        assert_eq!(index.passed_over(&new.facts, &held[0].facts), [PassedOver::Point, PassedOver::Phone]);
        let (points, persons) = index.learned();
        assert_eq!((points, persons), (vec![(spot.unwrap(), 3)], vec![(new.facts.requester, 3)]));

        index.name(Named {
            points: [(spot.unwrap(), Worth::Something)].into(),
            persons: [(new.facts.requester, Worth::Something)].into(),
        });
        assert_eq!(features(&index, &new), (0.0, 1.0));
        assert_eq!(index.passed_over(&new.facts, &held[0].facts), []);
    }

    #[test]
    fn what_a_person_names_says_nothing_from_the_first_time_on() {
        let spot = Spot::new(22.5, 114.1);
        let (mut index, new) = (index(&[said(1, "a", spot)]), said(9, "a", Spot::new(22.5001, 114.1)));
        let (distance, person) = features(&index, &new);
        assert!(distance > 1.0 && person > 0.0);
        index.name(Named {
            points: [(spot.unwrap(), Worth::Nothing)].into(),
            persons: [(new.facts.requester, Worth::Nothing)].into(),
        });
        let (distance, person) = features(&index, &new);
        assert!(distance.is_nan(), "the point of the earlier one says nothing");
        assert!(person.is_nan());
    }
}
