//! Under which keys a request stands, and under which a new one is looked for.
//!
//! A request with a point stands under its rare words within the square it lies in, so that the words of a whole city
//! never have to be walked to find a neighbour; and under a few of them for whoever does not know the place. One of
//! which only the area is known stands under them within its area, and likewise. A request without either stands under
//! many of its words: they are all there is.

use suban_text::features::mixed;

use crate::{
    place::areas,
    request::{Facts, Id},
    terms::{Kept, Term},
};

/// Rare words of a request with a point under which it is found from near it.
const IN_SQUARE: usize = 12;
/// Rare words of a request of which only the area is known.
const OF_AREA: usize = 24;
/// Rare words of a placed request under which it is found by a new one whose place is not known.
const FROM_ANYWHERE: usize = 6;
/// Rare words of a request without a place.
const UNPLACED: usize = 64;

/// Kinds of keys, so that a road's name is never taken for a person.
#[derive(Clone, Copy)]
enum Kind {
    Id = 1,
    /// A word of a request with a point, in one square of the map.
    InSquare,
    /// A word of a request, in one area.
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

fn within(kind: Kind, place: u64, term: Term) -> u32 {
    chain_key(kind, mixed(place) ^ u64::from(term.hash()))
}

/// The keys of a request that is held, each once.
pub(crate) fn of_held(facts: &Facts, kept: &Kept) -> Vec<u32> {
    let mut keys = vec![of_id(facts.id)];
    keys.extend(of_facts(facts, facts.requester));
    let of_term = |kind: Kind| move |term: Term| chain_key(kind, u64::from(term.hash()));
    let in_area = |term| within(Kind::InArea, facts.area, term);
    match (facts.spot, facts.area) {
        (None, 0) => keys.extend(kept.weightiest(UNPLACED).map(of_term(Kind::Unplaced))),
        (spot, area) => {
            if let Some(spot) = spot {
                keys.extend(kept.weightiest(IN_SQUARE).map(|term| within(Kind::InSquare, spot.area(), term)));
            }
            if area != 0 {
                let words = if spot.is_some() { IN_SQUARE } else { OF_AREA };
                keys.extend(kept.weightiest(words).map(in_area));
            }
            keys.extend(kept.weightiest(FROM_ANYWHERE).map(of_term(Kind::Placed)));
        }
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Keys that name one thing: exact words, an address, a person, a picture, names and codes.
pub(crate) fn of_facts(facts: &Facts, requester: u64) -> Vec<u32> {
    let single = [(Kind::ExactWords, facts.words), (Kind::Address, facts.address.key()), (Kind::Person, requester)];
    // Copies that differ in a few bits have one of these quarters in common, as a rule.
    let pictures =
        facts.pictures.iter().flat_map(|hash| (0..4).map(move |n| (Kind::Photo, n << 16 | hash >> (16 * n) & 0xffff)));
    let names = facts.names.iter().map(|name| (Kind::Name, u64::from(*name)));
    let codes = facts.codes.iter().map(|code| (Kind::Code, u64::from(*code)));
    let all = single.into_iter().chain(names).chain(codes).chain(pictures);
    all.filter(|(_, key)| *key != 0).map(|(kind, key)| chain_key(kind, key)).collect()
}

/// The keys under which requests stand that have a word and may be near.
pub(crate) fn of_words(facts: &Facts, metres: f32) -> impl Fn(Term) -> Vec<u32> {
    let squares = facts.spot.map(|spot| areas(spot, metres));
    let area = facts.area;
    move |term| {
        let of_term = |kind: Kind| chain_key(kind, u64::from(term.hash()));
        let mut keys = vec![of_term(Kind::Unplaced)];
        keys.extend(squares.iter().flatten().map(|square| within(Kind::InSquare, *square, term)));
        if area != 0 {
            keys.push(within(Kind::InArea, area, term));
        }
        if squares.is_none() && area == 0 {
            keys.push(of_term(Kind::Placed));
        }
        keys
    }
}
