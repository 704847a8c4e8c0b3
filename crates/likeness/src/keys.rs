//! Under which keys a request stands, and under which a new one is looked for.
//!
//! A placed request stands under its rare words within its area, so that the words of a whole city never have to be
//! walked to find a neighbour; and under a few of them for whoever does not know the place. A request without a place
//! stands under many of its words: they are all there is.

use suban_text::features::mixed;

use crate::{
    place::areas,
    request::{Facts, Id},
    terms::{Kept, Term},
};

/// Rare words of a placed request under which it is found from its own area.
const IN_AREA: usize = 12;
/// Rare words of a placed request under which it is found by a new one whose place is not known.
const FROM_ANYWHERE: usize = 6;
/// Rare words of a request without a place.
const UNPLACED: usize = 64;

/// Kinds of keys, so that a road's name is never taken for a person.
#[derive(Clone, Copy)]
enum Kind {
    Id = 1,
    /// A word of a placed request, in one area.
    InArea,
    /// A word of a placed request.
    Placed,
    /// A word of a request without a place.
    Unplaced,
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

/// The key of an id.
pub(crate) fn of_id(id: Id) -> u32 {
    chain_key(Kind::Id, mixed((id >> 64) as u64) ^ id as u64)
}

fn in_area(area: u64, term: Term) -> u32 {
    chain_key(Kind::InArea, mixed(area) ^ u64::from(term.hash()))
}

/// The keys of a request that is held, each once.
pub(crate) fn of_held(facts: &Facts, kept: &Kept) -> Vec<u32> {
    let mut keys = vec![of_id(facts.id)];
    keys.extend(of_facts(facts, facts.requester));
    let of_term = |kind: Kind| move |term: Term| chain_key(kind, u64::from(term.hash()));
    match facts.spot {
        Some(spot) => {
            keys.extend(kept.weightiest(IN_AREA).map(|term| in_area(spot.area(), term)));
            keys.extend(kept.weightiest(FROM_ANYWHERE).map(of_term(Kind::Placed)));
        }
        None => keys.extend(kept.weightiest(UNPLACED).map(of_term(Kind::Unplaced))),
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Keys that name one thing: exact words, an address, a person, a picture, names and codes.
pub(crate) fn of_facts(facts: &Facts, requester: u64) -> Vec<u32> {
    let single = [
        (Kind::ExactWords, facts.words),
        (Kind::Address, facts.address.key()),
        (Kind::Person, requester),
        (Kind::Photo, facts.photo_hash),
    ];
    let names = facts.names.iter().map(|name| (Kind::Name, u64::from(*name)));
    let codes = facts.codes.iter().map(|code| (Kind::Code, u64::from(*code)));
    let all = single.into_iter().chain(names).chain(codes);
    all.filter(|(_, key)| *key != 0).map(|(kind, key)| chain_key(kind, key)).collect()
}

/// The keys under which requests stand that have a word and may be near.
pub(crate) fn of_words(facts: &Facts, metres: f32) -> impl Fn(Term) -> Vec<u32> {
    let areas = facts.spot.map(|spot| areas(spot, metres));
    move |term| {
        let of_term = |kind: Kind| chain_key(kind, u64::from(term.hash()));
        let mut keys = vec![of_term(Kind::Unplaced)];
        match &areas {
            Some(areas) => keys.extend(areas.iter().map(|area| in_area(*area, term))),
            None => keys.push(of_term(Kind::Placed)),
        }
        keys
    }
}
