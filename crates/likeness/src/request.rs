//! A request as it comes, and what of it is read once and then compared many times.

use serde::{Deserialize, Serialize};
use suban_text::{
    Segmenter,
    extract::{Named, extract},
    features::mixed,
    normalise, words_hash,
};

use crate::{address::Address, place::Spot, terms::Terms};

/// Which request: the number or the UUID that the caller knows it by.
pub type Id = u128;

/// Seconds since 1970-01-01T00:00:00Z.
pub type Seconds = i64;

/// What is known of a request. Whatever is not known is left out; nothing is guessed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// The caller's name for it.
    pub id: Id,
    /// When it was reported.
    pub reported_at: Seconds,
    /// When it was closed; a judgement looks at it only where it is not later than the moment of judging.
    pub closed_at: Option<Seconds>,
    /// A heading, where there is one.
    pub title: &'a str,
    /// The citizen's words.
    pub text: &'a str,
    /// Where it is.
    pub spot: Option<Spot>,
    /// The smallest area that it surely lies in, as a community's code; empty when unknown. Where there is no point,
    /// others are looked for in this area.
    pub area: &'a str,
    /// The address as it was written.
    pub address: &'a str,
    /// What it is about: a matter, a service; empty when unknown.
    pub category: &'a str,
    /// The node above the category; empty when unknown.
    pub parent_category: &'a str,
    /// A key of the person: never a name or a phone, a keyed hash of them. Empty when unknown.
    pub requester: &'a str,
    /// Whom it is about: an enterprise, an estate. Empty when unknown; names in the words are found without it.
    pub subject: &'a str,
    /// Whether there is a picture; `None` when nobody knows.
    pub photo: Option<bool>,
    /// Perceptual hashes of its pictures, bits that copies of one picture have in common; the first few are compared.
    pub pictures: &'a [u64],
}

/// A hashed key; 0 stands for unknown.
pub type Key = u64;

/// Most codes, names and building numbers kept of a text.
const KEPT_NAMES: usize = 6;
/// Most pictures that are compared of a request.
const KEPT_PICTURES: usize = 4;
/// Bits in which hashes of copies of one picture may differ; two that have nothing in common differ in some 32.
const COPY: u32 = 8;

/// What was read of a request: everything a comparison needs, and no word of it in clear.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The caller's name for it.
    pub id: Id,
    /// When it was reported.
    pub reported_at: Seconds,
    /// When it was closed.
    pub closed_at: Option<Seconds>,
    /// Where it is.
    pub spot: Option<Spot>,
    /// The area.
    pub area: Key,
    /// The written address.
    pub address: Address,
    /// Category and the node above it.
    pub category: [Key; 2],
    /// The person.
    pub requester: Key,
    /// SHA-256 of the normalised words, its first eight bytes; 0 when there are too few words.
    pub words: Key,
    /// How long the normalised words are, in characters.
    pub length: u32,
    /// Numbers that name one thing: a plate, a pole, an order. Sorted.
    pub codes: Box<[u32]>,
    /// Estates, roads, companies that are named in the words, and the subject. Sorted.
    pub names: Box<[u32]>,
    /// Building numbers in the words. Sorted.
    pub buildings: Box<[u32]>,
    /// Whether there is a picture.
    pub photo: Option<bool>,
    /// Hashes of its pictures.
    pub pictures: Box<[u64]>,
}

/// A request that was read: facts, and all terms of its words.
#[derive(Clone, Debug)]
pub struct Read {
    /// What is kept of it.
    pub facts: Facts,
    /// What it says.
    pub terms: Terms,
}

/// Reads a request. The segmenter should know the city's own names.
#[must_use]
pub fn read(segmenter: &Segmenter, request: &Request<'_>) -> Read {
    let whole = if request.title.is_empty() || request.text.starts_with(request.title) {
        std::borrow::Cow::Borrowed(request.text)
    } else {
        std::borrow::Cow::Owned(format!("{} {}", request.title, request.text))
    };
    // What stands in a heading is the sum of the rest: it counts twice.
    let said = if request.title.is_empty() { whole.clone() } else { format!("{} {whole}", request.title).into() };
    let normalised = normalise(request.text);
    let length = normalised.as_str().chars().count();
    let words = words_hash(&normalised).map_or(0, |hash| first_eight(&hash.0));
    let found = extract(&whole);
    let (mut names, mut buildings) = (Vec::new(), Vec::new());
    for mention in &found.mentions {
        match mention.named {
            Named::Company
            | Named::Estate
            | Named::School
            | Named::Hospital
            | Named::Site
            | Named::BusLine
            | Named::Road
            | Named::Landmark => names.push(short(key(&mention.name))),
            Named::Building => buildings.push(short(key(&mention.name))),
            Named::Locality
            | Named::AreaCode
            | Named::HouseNumber
            | Named::Unit
            | Named::Floor
            | Named::Room
            | Named::Pole
            | Named::Manhole => {}
        }
    }
    if !request.subject.is_empty() {
        names.insert(0, short(key(request.subject)));
    }
    Read {
        facts: Facts {
            id: request.id,
            reported_at: request.reported_at,
            closed_at: request.closed_at,
            spot: request.spot,
            area: key(request.area),
            address: Address::read(request.address),
            category: [key(request.category), key(request.parent_category)],
            requester: key(request.requester),
            words,
            length: u32::try_from(length).unwrap_or(u32::MAX),
            codes: few(codes(&whole).map(|code| short(key(&code))).collect()),
            names: few(names),
            buildings: few(buildings),
            photo: request.photo,
            pictures: request.pictures.iter().copied().take(KEPT_PICTURES).collect(),
        },
        terms: Terms::of(&segmenter.counts(&said)),
    }
}

/// A key of some words; 0 of none.
#[must_use]
pub fn key(words: &str) -> Key {
    if words.is_empty() {
        return 0;
    }
    let hash = words
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    mixed(hash).max(1)
}

fn short(key: Key) -> u32 {
    (key >> 32) as u32
}

fn first_eight(hash: &[u8; 32]) -> Key {
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    u64::from_le_bytes(first).max(1)
}

/// The first few, each once, in order.
fn few(mut keys: Vec<u32>) -> Box<[u32]> {
    let mut seen = Vec::with_capacity(KEPT_NAMES);
    keys.retain(|key| {
        let new = seen.len() < KEPT_NAMES && !seen.contains(key);
        if new {
            seen.push(*key);
        }
        new
    });
    seen.sort_unstable();
    seen.into()
}

/// Fewest characters of a code.
const SHORTEST_CODE: usize = 5;

/// Runs of letters and digits of ASCII that hold at least two digits and are too long for a count, a year or a time.
fn codes(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|run| run.len() >= SHORTEST_CODE && run.bytes().filter(u8::is_ascii_digit).count() >= 2)
        .map(str::to_ascii_lowercase)
}

/// Whether a picture of the one is a copy of one of the other; `None` where one of them has none.
#[must_use]
pub(crate) fn same_picture(a: &[u64], b: &[u64]) -> Option<bool> {
    let copies = |a: &u64| b.iter().any(|b| (a ^ b).count_ones() <= COPY);
    (!a.is_empty() && !b.is_empty()).then(|| a.iter().any(copies))
}

/// Whether two sorted lists share a value.
#[must_use]
pub(crate) fn meet(a: &[u32], b: &[u32]) -> bool {
    a.iter().any(|key| b.binary_search(key).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;

    static PLAIN: LazyLock<Segmenter> = LazyLock::new(Segmenter::default);

    fn facts(text: &str) -> Facts {
        read(&PLAIN, &Request { text, ..Request::default() }).facts
    }

    #[test]
    fn a_plate_is_a_code_and_a_year_is_none() {
        assert_eq!(facts("Gray car, plate 5MPZ10, since 2017").codes.len(), 1);
        assert_eq!(facts("2017 年 10 月").codes.len(), 0);
        assert!(meet(&facts("粤B12345 占道").codes, &facts("一辆车 B12345").codes));
    }

    #[test]
    fn the_same_words_are_the_same_however_typed() {
        assert_eq!(facts("您好，明珠路路灯不亮。").words, facts("明珠路 路灯不亮！谢谢").words);
        assert_ne!(facts("明珠路路灯不亮").words, 0);
        assert_eq!(facts("谢谢").words, 0);
    }

    #[test]
    fn a_picture_that_was_made_smaller_is_the_same_and_another_is_not() {
        let picture = 0xa5a5_0f0f_3c3c_9999_u64;
        assert_eq!(same_picture(&[1, picture], &[picture ^ 0b1011_0001]), Some(true));
        assert_eq!(same_picture(&[picture], &[!picture, picture.rotate_left(7)]), Some(false));
        assert_eq!(same_picture(&[picture], &[]), None);
    }

    #[test]
    fn names_and_buildings_are_found() {
        let a = facts("魅力之城小区3栋楼下油烟扰民");
        assert!(!a.names.is_empty() && !a.buildings.is_empty());
        assert!(!meet(&a.buildings, &facts("魅力之城小区5栋楼下油烟扰民").buildings));
    }
}
