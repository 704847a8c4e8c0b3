//! English names: `12 Main St`, `corner of Oak and Elm`, `Lincoln School`.
//!
//! A name is the capitalised words before a word such as St or School. Behind a house number small
//! letters do as well; elsewhere they are the words of a sentence (`a dirty street`).

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use super::{Folded, Found, Named, before};

/// Ends a street. Those behind the bar are words of their own as well and want a capital or a house number.
const STREETS: &[&str] = &[
    "st",
    "street",
    "ave",
    "av",
    "avenue",
    "rd",
    "road",
    "blvd",
    "boulevard",
    "ln",
    "lane",
    "pkwy",
    "parkway",
    "hwy",
    "highway",
    "terrace",
    "ter",
];
const STREETS_TOO: &[&str] =
    &["dr", "drive", "ct", "court", "pl", "place", "sq", "square", "way", "alley", "row", "circle", "crescent"];
/// Behind `street`: it is a thing in the street.
const THINGS: &[&str] = &[
    "light", "lights", "lamp", "lamps", "sign", "signs", "cleaning", "sweeper", "sweeping", "parking", "tree", "trees",
    "vendor", "vendors", "noise", "work", "works", "rage", "block", "closure",
];
const HEADS: &[(Named, &[&str])] = &[
    (Named::School, &["school", "academy", "elementary", "kindergarten", "university", "college"]),
    (Named::Hospital, &["hospital", "clinic"]),
    (Named::Company, &["inc", "llc", "ltd", "supermarket", "bank", "corporation", "company"]),
    (Named::Estate, &["apartments", "condominiums", "condos", "estate", "gardens", "residences", "flats", "towers"]),
    (Named::Landmark, &["park", "plaza", "mall", "station", "library", "market", "bridge", "stadium", "museum"]),
];
/// Never in a name.
const STOPS: &[&str] = &[
    "the",
    "a",
    "an",
    "of",
    "on",
    "at",
    "in",
    "near",
    "from",
    "to",
    "and",
    "or",
    "our",
    "my",
    "your",
    "their",
    "his",
    "her",
    "this",
    "that",
    "these",
    "those",
    "is",
    "are",
    "was",
    "were",
    "i",
    "we",
    "they",
    "it",
    "by",
    "with",
    "for",
    "off",
    "along",
    "across",
    "behind",
    "between",
    "outside",
    "beside",
    "opposite",
    "down",
    "up",
    "every",
    "each",
    "some",
    "any",
    "no",
    "there",
    "please",
    "hello",
    "hi",
    "dear",
    "corner",
    "intersection",
    "people",
    "cars",
    "new",
    "whole",
    "entire",
    "same",
];
/// Before `of A and B`.
const CROSSINGS: &[&str] = &["corner", "intersection", "junction", "crossing"];
/// Most words of a name before its ending word.
const LONGEST: usize = 4;

/// What a word does in a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Ends a street.
    Street,
    /// Ends a street, but is a word of its own as well.
    StreetToo,
    Crossing,
    Head(Named),
    Stop,
    /// None of these.
    Plain,
}

static ROLES: LazyLock<HashMap<&'static str, Role>> = LazyLock::new(|| {
    let of = |words: &'static [&'static str], role: Role| words.iter().map(move |w| (*w, role));
    of(STOPS, Role::Stop)
        .chain(HEADS.iter().flat_map(|(named, words)| of(words, Role::Head(*named))))
        .chain(of(STREETS_TOO, Role::StreetToo))
        .chain(of(STREETS, Role::Street))
        .chain(of(CROSSINGS, Role::Crossing))
        .collect()
});

struct Word {
    range: Range<usize>,
    capital: bool,
    role: Role,
}

/// Adds the English names of a text.
pub(super) fn names(text: &Folded<'_>, found: &mut Vec<Found>) {
    let folded = text.folded.as_str();
    let words = words(text);
    let say = Say { folded, words: &words };
    for (i, word) in words.iter().enumerate() {
        match word.role {
            Role::Street => say.street(i, true, found),
            Role::StreetToo => say.street(i, false, found),
            Role::Crossing => say.crossing(i, found),
            Role::Head(named) if word.capital => {
                if let Some(from) = say.capitals_before(i) {
                    found.push(Found::named(named, from..word.range.end, folded));
                }
            }
            Role::Plain if say.word(i) == "construction" && say.word(i + 1) == "site" => {
                if let (Some(from), Some(site)) = (say.capitals_before(i), words.get(i + 1)) {
                    found.push(Found::named(Named::Site, from..site.range.end, folded));
                }
            }
            Role::Head(_) | Role::Plain | Role::Stop => {}
        }
    }
}

fn words(text: &Folded<'_>) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let bytes = text.folded.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_alphanumeric() {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'\'') {
            at += 1;
        }
        let role = text.folded.get(start..at).and_then(|w| ROLES.get(w)).copied().unwrap_or(Role::Plain);
        words.push(Word { range: start..at, capital: text.is_capital(start), role });
    }
    words
}

struct Say<'a> {
    folded: &'a str,
    words: &'a [Word],
}

impl Say<'_> {
    fn word(&self, i: usize) -> &str {
        self.words.get(i).and_then(|w| self.folded.get(w.range.clone())).unwrap_or("")
    }

    /// What stands between two words.
    fn gap(&self, i: usize) -> &str {
        match (self.words.get(i), self.words.get(i + 1)) {
            (Some(a), Some(b)) => self.folded.get(a.range.end..b.range.start).unwrap_or(""),
            (Some(_) | None, _) => "",
        }
    }

    /// Are the words `i` and `i + 1` neighbours in one name?
    fn near(&self, i: usize) -> bool {
        matches!(self.gap(i), " " | "  " | ". " | "-") && !(self.gap(i) == ". " && self.word(i).len() > 2)
    }

    fn is_stop(&self, i: usize) -> bool {
        self.words.get(i).is_some_and(|w| matches!(w.role, Role::Stop | Role::Crossing))
    }

    fn ends_street(&self, i: usize) -> bool {
        self.words.get(i).is_some_and(|w| matches!(w.role, Role::Street | Role::StreetToo))
    }

    /// 1st, 42nd.
    fn is_ordinal(&self, i: usize) -> bool {
        let w = self.word(i);
        w.starts_with(|c: char| c.is_ascii_digit()) && ["st", "nd", "rd", "th"].iter().any(|e| w.ends_with(e))
    }

    /// Where the capitalised words before word `i` begin, if there are any.
    fn capitals_before(&self, i: usize) -> Option<usize> {
        let mut from = None;
        for j in (0..i).rev().take(LONGEST) {
            let word = self.words.get(j)?;
            let named = word.capital || self.is_ordinal(j);
            if !self.near(j) || !named || self.is_stop(j) {
                break;
            }
            from = Some(word.range.start);
        }
        from
    }

    fn street(&self, i: usize, plain: bool, found: &mut Vec<Found>) {
        let Some(word) = self.words.get(i) else { return };
        if THINGS.contains(&self.word(i + 1)) && matches!(self.gap(i), " ") {
            return;
        }
        // `12 main st`, `12-14 Main St`, `12a N Main St`
        for j in (0..i).rev().take(LONGEST) {
            let Some(first) = self.words.get(j) else { return };
            if !self.near(j) || self.is_stop(j) {
                break;
            }
            let number = self.word(j);
            let digits = number.trim_end_matches(|c: char| c.is_ascii_lowercase());
            let is_number = (1..=5).contains(&digits.len())
                && number.len() - digits.len() <= 1
                && digits.bytes().all(|b| b.is_ascii_digit())
                && !digits.starts_with('0');
            if is_number && j + 1 < i {
                let mut start = first.range.start;
                if let Some(before) = j.checked_sub(1)
                    && self.gap(before) == "-"
                    && self.word(before).bytes().all(|b| b.is_ascii_digit())
                {
                    start = self.words.get(before).map_or(start, |w| w.range.start);
                }
                found.push(Found::named(Named::HouseNumber, start..first.range.end, self.folded));
                let street = self.words.get(j + 1).map_or(first.range.end, |w| w.range.start);
                found.push(Found::named(Named::Road, street..word.range.end, self.folded));
                return;
            }
        }
        if let Some(from) = self.capitals_before(i).filter(|_| plain || word.capital) {
            let first = before(self.folded, from).trim_end();
            // `A broken Street` begins a sentence; one capital word there may be the sentence's own.
            let opens = first.is_empty() || first.ends_with(['.', '!', '?', '\n']);
            if word.capital || !opens {
                found.push(Found::named(Named::Road, from..word.range.end, self.folded));
            }
        }
    }

    /// `corner of A St and B St`.
    fn crossing(&self, i: usize, found: &mut Vec<Found>) {
        if self.word(i + 1) != "of" {
            return;
        }
        let mut at = i + 2;
        for _ in 0..2 {
            let from = at;
            while at < self.words.len() && at - from < LONGEST && !self.is_stop(at) {
                let ends_here = self.gap(at) != " ";
                let small_next = self.words.get(at + 1).is_some_and(|w| !w.capital);
                let street = self.ends_street(at);
                let capital = self.words.get(at).is_some_and(|w| w.capital);
                at += 1;
                if ends_here || street || capital && small_next && !self.ends_street(at) {
                    break;
                }
            }
            if at == from {
                return;
            }
            if let (Some(first), Some(last)) = (self.words.get(from), self.words.get(at - 1)) {
                found.push(Found::named(Named::Road, first.range.start..last.range.end, self.folded));
            }
            let joined = self.word(at) == "and" || self.gap(at - 1).trim() == "&" || self.gap(at - 1).trim() == "/";
            if !joined {
                return;
            }
            at += usize::from(self.word(at) == "and");
        }
    }
}
