//! The requests that a new one could be the same as, in memory.
//!
//! Every held request stands in chains under its keys: the cell it lies in, its rarest words, its exact words, its
//! address, its person, what it names. Judging walks the chains of the new request, each only so far, compares what
//! it met, and ranks it. Nothing here knows a label, a clock or a database, and the same requests added in the same
//! order give the same answers.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use suban_text::features::mixed;

use crate::{
    chains::Chains,
    context::{Standing, Verdict, place_among},
    features::{Feature, Features, of_pair},
    model::Model,
    place::rings,
    request::{Facts, Id, Read, Seconds},
    tally::Tally,
    terms::{Asked, Kept, Rarity, Weighed},
};

/// How far a search goes. Every limit is a number of entries, the newest first, so that no request costs much more
/// than another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Metres within which requests may be one matter.
    pub metres: f32,
    /// Candidates by place, the nearest.
    pub by_place: usize,
    /// Entries looked at in cells.
    pub in_cells: usize,
    /// Candidates by words, where the place is known and where it is not; those that share most.
    pub by_words: [usize; 2],
    /// Entries looked at under one rare word.
    pub under_word: usize,
    /// Entries looked at under all rare words together.
    pub under_words: usize,
    /// Rare words of the new request that are looked up, where the place is known and where it is not.
    pub asked_words: [usize; 2],
    /// Candidates by each other key: exact words, address, person, each name.
    pub by_key: usize,
    /// A person who holds more requests than this is a switchboard and no evidence.
    pub switchboard: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            metres: 520.0,
            by_place: 64,
            in_cells: 3000,
            by_words: [24, 64],
            under_word: 128,
            under_words: 2048,
            asked_words: [8, 96],
            by_key: 16,
            switchboard: 200,
        }
    }
}

/// Rare words under which a request is found, where its place is known and where words are all there is.
const INDEXED_WORDS: [usize; 2] = [12, 64];

/// One request that is held.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) facts: Facts,
    pub(crate) kept: Kept,
    pub(crate) verdict: Verdict,
    /// Its chains.
    keys: Box<[u32]>,
}

/// One candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The earlier request.
    pub id: Id,
    /// The sum of the model.
    pub score: f32,
    /// The probability that it is the same matter, as far as the model can tell.
    pub probability: f32,
    /// What the score is made of.
    pub features: Features,
}

/// What was found for one request.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Candidates, the most likely first.
    pub candidates: Vec<Candidate>,
}

impl Judgement {
    /// What stays with the request: its first candidate.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.candidates
            .first()
            .map_or_else(Verdict::default, |first| Verdict { of: first.id, probability: first.probability })
    }
}

/// The index.
#[derive(Debug)]
pub struct Index {
    limits: Limits,
    rarity: Rarity,
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
    numbers: HashMap<Id, u32>,
    chains: Chains,
    at_spot: Tally,
    by_person: Tally,
}

/// Kinds of keys, so that a road's name is never taken for a person.
#[derive(Clone, Copy)]
enum Kind {
    Cell = 1,
    Term,
    ExactWords,
    Address,
    Person,
    Name,
    Code,
    Photo,
}

fn chain_key(kind: Kind, key: u64) -> u32 {
    (mixed(key ^ (kind as u64) << 56) >> 32) as u32
}

fn spot_key(facts: &Facts) -> Option<u64> {
    facts.spot.map(|spot| u64::from(spot.lat as u32) << 32 | u64::from(spot.lon as u32))
}

impl Index {
    /// An empty index with room for so many requests; more than that still works, and slower.
    #[must_use]
    pub fn new(requests: usize, limits: Limits) -> Self {
        Self::with_rarity(requests, limits, Rarity::default())
    }

    pub(crate) fn with_rarity(requests: usize, limits: Limits, rarity: Rarity) -> Self {
        Self {
            limits,
            rarity,
            entries: Vec::new(),
            free: Vec::new(),
            numbers: HashMap::new(),
            chains: Chains::new(requests.saturating_mul(16)),
            at_spot: Tally::default(),
            by_person: Tally::default(),
        }
    }

    /// How many requests are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether none is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// What is held under an id.
    #[must_use]
    pub fn facts(&self, id: Id) -> Option<&Facts> {
        self.entry(id).map(|entry| &entry.facts)
    }

    pub(crate) fn rarity(&self) -> &Rarity {
        &self.rarity
    }

    /// Everything that is held, in the order of its places.
    pub(crate) fn held(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().flatten()
    }

    fn entry(&self, id: Id) -> Option<&Entry> {
        self.entries.get(*self.numbers.get(&id)? as usize)?.as_ref()
    }

    /// Holds a request; one of the same id is replaced. `verdict` is what was found when it was judged.
    pub fn add(&mut self, request: &Read, verdict: Verdict) {
        let weighed = self.rarity.weigh(&request.terms);
        self.rarity.count(&request.terms);
        let keys = keys_of(&request.facts, &weighed);
        self.hold(Entry { facts: request.facts.clone(), kept: weighed.kept(), verdict, keys });
    }

    pub(crate) fn hold(&mut self, entry: Entry) {
        self.remove(entry.facts.id);
        let number = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
        });
        for &key in &entry.keys {
            self.chains.insert(key, number);
        }
        if let Some(spot) = spot_key(&entry.facts) {
            self.at_spot.more(spot);
        }
        if entry.facts.requester != 0 {
            self.by_person.more(entry.facts.requester);
        }
        self.numbers.insert(entry.facts.id, number);
        if let Some(place) = self.entries.get_mut(number as usize) {
            *place = Some(entry);
        }
    }

    /// Notes when a request was closed, or that it is open again.
    pub fn close(&mut self, id: Id, closed_at: Option<Seconds>) {
        if let Some(number) = self.numbers.get(&id)
            && let Some(Some(entry)) = self.entries.get_mut(*number as usize)
        {
            entry.facts.closed_at = closed_at;
        }
    }

    /// Lets go of a request; answers whether it was held.
    pub fn remove(&mut self, id: Id) -> bool {
        let Some(number) = self.numbers.remove(&id) else { return false };
        let Some(entry) = self.entries.get_mut(number as usize).and_then(Option::take) else { return false };
        for &key in &entry.keys {
            self.chains.remove(key, number);
        }
        if let Some(spot) = spot_key(&entry.facts) {
            self.at_spot.less(spot);
        }
        if entry.facts.requester != 0 {
            self.by_person.less(entry.facts.requester);
        }
        self.free.push(number);
        true
    }

    /// What a request could be the same as, as known at `now`; never itself.
    #[must_use]
    pub fn judge(&self, request: &Read, now: Seconds, model: &Model) -> Judgement {
        let mut candidates: Vec<Candidate> = self
            .compared(request, now)
            .into_iter()
            .map(|(id, features)| {
                let score = model.score(&features);
                Candidate { id, score, probability: model.probability(score), features }
            })
            .collect();
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        Judgement { candidates }
    }

    /// The candidates of a request with their features, in no particular order.
    #[must_use]
    pub fn compared(&self, request: &Read, now: Seconds) -> Vec<(Id, Features)> {
        let weighed = self.rarity.weigh(&request.terms);
        let asked = Asked::new(&weighed);
        let switchboard = self.by_person.of(request.facts.requester) > self.limits.switchboard;
        let crowd = spot_key(&request.facts).map(|spot| self.at_spot.of(spot));
        let mut found = Vec::new();
        let (mut features, mut standing) = (Vec::new(), Vec::new());
        for number in self.candidates(&request.facts, &weighed, now, switchboard) {
            let Some(Some(entry)) = self.entries.get(number as usize) else { continue };
            let mut of = of_pair(&request.facts, &entry.facts, asked.alike(&entry.kept), now);
            if switchboard {
                of.set(Feature::Requester, f32::NAN);
            }
            if let Some(crowd) = crowd {
                of.set(Feature::Crowd, f32::from(crowd).ln_1p());
            }
            features.push(of);
            standing.push(Standing {
                id: entry.facts.id,
                reported_at: entry.facts.reported_at,
                verdict: entry.verdict,
            });
            found.push(entry.facts.id);
        }
        place_among(&mut features, &standing);
        found.into_iter().zip(features).collect()
    }

    /// Numbers of entries worth a comparison, each once, ascending.
    fn candidates(&self, facts: &Facts, weighed: &Weighed, now: Seconds, switchboard: bool) -> Vec<u32> {
        let mut numbers = self.near(facts, now);
        self.like(facts, weighed, &mut numbers);
        let mut by_key = |kind: Kind, key: u64| {
            if key != 0 {
                numbers.extend(self.chains.of(chain_key(kind, key)).take(self.limits.by_key));
            }
        };
        by_key(Kind::ExactWords, facts.words);
        by_key(Kind::Address, facts.address.key());
        by_key(Kind::Photo, facts.photo_hash);
        if !switchboard {
            by_key(Kind::Person, facts.requester);
        }
        facts.codes.iter().for_each(|code| by_key(Kind::Code, u64::from(*code)));
        facts.names.iter().for_each(|name| by_key(Kind::Name, u64::from(*name)));
        numbers.sort_unstable();
        numbers.dedup();
        numbers.retain(|number| {
            self.entries.get(*number as usize).and_then(Option::as_ref).is_some_and(|entry| entry.facts.id != facts.id)
        });
        numbers
    }

    /// The nearest, a little further when closed or of another category.
    fn near(&self, facts: &Facts, now: Seconds) -> Vec<u32> {
        let Some(here) = facts.spot else { return Vec::new() };
        let Limits { metres, by_place, in_cells, .. } = self.limits;
        let mut near: Vec<(f32, u32)> = Vec::new();
        let mut looked = 0;
        for (covered, cells) in rings(here, metres) {
            for cell in cells {
                for number in self.chains.of(chain_key(Kind::Cell, cell)).take(in_cells - looked) {
                    looked += 1;
                    let Some(Some(entry)) = self.entries.get(number as usize) else { continue };
                    let Some(there) = entry.facts.spot else { continue };
                    let apart = here.metres(there);
                    if apart <= metres {
                        let other = entry.facts.category[0] != facts.category[0];
                        let closed = entry.facts.closed_at.is_some_and(|closed| closed <= now);
                        let penalty = 60.0 * f32::from(u8::from(other)) + 60.0 * f32::from(u8::from(closed));
                        near.push((apart + penalty, number));
                    }
                }
            }
            let enough = near.iter().filter(|(apart, _)| *apart <= covered).count() >= by_place;
            if enough || looked >= in_cells {
                break;
            }
        }
        near.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        near.truncate(by_place);
        near.into_iter().map(|(_, number)| number).collect()
    }

    /// Those that share most of the rarest words.
    fn like(&self, facts: &Facts, weighed: &Weighed, numbers: &mut Vec<u32>) {
        let mut met: Vec<(u32, f32)> = Vec::new();
        let unplaced = usize::from(facts.spot.is_none());
        for (term, rarity) in weighed.weightiest(self.limits.asked_words[unplaced]) {
            let room = self.limits.under_words.saturating_sub(met.len()).min(self.limits.under_word);
            let key = chain_key(Kind::Term, u64::from(crate::terms::hash(term)));
            met.extend(self.chains.of(key).take(room).map(|number| (number, rarity * rarity)));
        }
        met.sort_unstable_by_key(|(number, _)| *number);
        let mut sums: Vec<(f32, u32)> = met
            .chunk_by(|a, b| a.0 == b.0)
            .map(|same| (same.iter().map(|(_, weight)| weight).sum(), same[0].0))
            .collect();
        sums.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
        let too_far = |number: u32| {
            let there = self.entries.get(number as usize).and_then(|entry| entry.as_ref()?.facts.spot);
            facts.spot.zip(there).is_some_and(|(here, there)| here.metres(there) > self.limits.metres)
        };
        let like = sums.into_iter().map(|(_, number)| number).filter(|number| !too_far(*number));
        numbers.extend(like.take(self.limits.by_words[unplaced]));
    }
}

fn keys_of(facts: &Facts, weighed: &Weighed) -> Box<[u32]> {
    let rarest = weighed.weightiest(INDEXED_WORDS[usize::from(facts.spot.is_none())]);
    let mut keys = Vec::with_capacity(rarest.len() + 8);
    if let Some(spot) = facts.spot {
        keys.push(chain_key(Kind::Cell, spot.key()));
    }
    let single = [
        (Kind::ExactWords, facts.words),
        (Kind::Address, facts.address.key()),
        (Kind::Person, facts.requester),
        (Kind::Photo, facts.photo_hash),
    ];
    keys.extend(single.into_iter().filter(|(_, key)| *key != 0).map(|(kind, key)| chain_key(kind, key)));
    keys.extend(facts.names.iter().map(|name| chain_key(Kind::Name, u64::from(*name))));
    keys.extend(facts.codes.iter().map(|code| chain_key(Kind::Code, u64::from(*code))));
    keys.extend(rarest.iter().map(|(term, _)| chain_key(Kind::Term, u64::from(crate::terms::hash(*term)))));
    keys.sort_unstable();
    keys.dedup();
    keys.into()
}
