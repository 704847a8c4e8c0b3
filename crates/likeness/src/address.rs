//! A written address: its street, the numbers on it, or the crossing of two streets.
//!
//! Only what a comparison needs. `25 Sheridan St, Jamaica Plain` and `25 Sheridan St Jamaica Plain MA 02130` are one
//! house; `Intersection Of Clark St & North St` is on both streets; 明珠路18号 is number 18.

use serde::{Deserialize, Serialize};

use crate::request::{Key, key};

/// An address that was read; nothing is known of an empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// One or, at a crossing, two streets; 0 where there is none.
    pub streets: [u32; 2],
    /// The house number, the first of several; 0 where there is none.
    pub number: u32,
}

/// How two addresses stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nearness {
    /// No street in common.
    Apart,
    /// On one street, with other numbers.
    SameStreet,
    /// On one street, where one or both have no number.
    SameStreetPerhaps,
    /// The same house, or the same crossing.
    Same,
}

/// What a street's name ends with.
const STREET_ENDS: &[&str] = &[
    "st",
    "street",
    "ave",
    "av",
    "avenue",
    "rd",
    "road",
    "sq",
    "square",
    "pl",
    "place",
    "ter",
    "terrace",
    "ct",
    "court",
    "ln",
    "lane",
    "dr",
    "drive",
    "way",
    "pkwy",
    "parkway",
    "blvd",
    "boulevard",
    "cir",
    "circle",
    "park",
    "hwy",
    "row",
    "whf",
    "wharf",
    "aly",
    "alley",
    "path",
    "highway",
];

impl Address {
    /// Reads an address.
    #[must_use]
    pub fn read(address: &str) -> Self {
        let address = address.trim().to_lowercase();
        if address.is_empty() {
            return Self::default();
        }
        if !address.is_ascii() {
            return Self::chinese(&address);
        }
        let (crossing, rest) = match address.strip_prefix("intersection of ") {
            Some(rest) => (true, rest),
            None => (address.contains('&'), address.as_str()),
        };
        if crossing {
            let mut streets = rest.split('&').map(street);
            let mut pair = [streets.next().unwrap_or(0), streets.next().unwrap_or(0)];
            pair.sort_unstable();
            return Self { streets: pair, number: 0 };
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = rest.get(..digits).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        // `57 59 South St`, `222-224Ashmont St`, `663a Parker St`
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-' || c == ' ');
        let rest = match rest.split_once(' ') {
            Some((letter, rest)) if letter.len() == 1 && number > 0 && rest.contains(' ') => rest,
            Some(_) | None => rest,
        };
        Self { streets: [0, street(rest)], number }
    }

    fn chinese(address: &str) -> Self {
        let road = ["大道", "路", "街", "巷", "小区", "村"].iter().find_map(|end| {
            let at = address.find(end)? + end.len();
            Some(address.split_at(at))
        });
        let (name, rest) = road.unwrap_or((address, ""));
        let start = name.rfind(['市', '区', '县', '镇', '道']).filter(|at| at + '道'.len_utf8() < name.len());
        let name = start.map_or(name, |at| &name[at + '道'.len_utf8()..]);
        let digits: String =
            rest.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        Self { streets: [0, short(name)], number: digits.parse().unwrap_or(0) }
    }

    /// How it stands to another; `None` where one of them is unknown.
    #[must_use]
    pub fn nearness(&self, other: &Self) -> Option<Nearness> {
        if self.streets == [0, 0] || other.streets == [0, 0] {
            return None;
        }
        let shares = self.streets.iter().any(|street| *street != 0 && other.streets.contains(street));
        Some(match (self.number, other.number) {
            _ if !shares => Nearness::Apart,
            (0, 0) if self.streets == other.streets => Nearness::Same,
            (a, b) if a == b && a != 0 => Nearness::Same,
            (0, _) | (_, 0) => Nearness::SameStreetPerhaps,
            _ => Nearness::SameStreet,
        })
    }

    /// Whether it names one place, a house or a crossing, rather than a street.
    pub(crate) fn names_a_place(&self) -> bool {
        self.number != 0 || self.streets[0] != 0
    }

    /// A key of the whole address; 0 where there is none that names one place.
    pub(crate) fn key(&self) -> Key {
        if self.names_a_place() {
            suban_text::features::mixed(
                u64::from(self.streets[0]) << 32 | u64::from(self.streets[1]) ^ u64::from(self.number) << 16,
            )
        } else {
            0
        }
    }
}

fn short(name: &str) -> u32 {
    (key(name) >> 32) as u32
}

/// The name up to its `st`, `ave`, …: what follows is a neighbourhood.
fn street(name: &str) -> u32 {
    let first = name.split(',').next().unwrap_or("");
    let mut words = Vec::new();
    for word in first.split_whitespace() {
        words.push(word);
        if words.len() > 1 && STREET_ENDS.contains(&word) {
            break;
        }
    }
    short(&words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearness(a: &str, b: &str) -> Option<Nearness> {
        Address::read(a).nearness(&Address::read(b))
    }

    #[test]
    fn one_house_however_written() {
        for (a, b) in [
            ("25 Sheridan St, Jamaica Plain", "25 Sheridan St Jamaica Plain MA 02130"),
            ("109 115 Providence St, Hyde Park", "109 Providence St, Hyde Park"),
            ("663a Parker St, Mission Hill", "663 Parker St, Mission Hill"),
            ("222-224Ashmont St, Dorchester", "222 Ashmont St"),
            ("Intersection Of Clark St & North St, Boston", "Intersection Of North St & Clark St, Boston"),
            ("福田区明珠路18号", "明珠路18号门口"),
        ] {
            assert_eq!(nearness(a, b), Some(Nearness::Same), "{a} {b}");
        }
    }

    #[test]
    fn neighbours_are_not_the_same() {
        assert_eq!(nearness("25 Sheridan St", "27 Sheridan St"), Some(Nearness::SameStreet));
        assert_eq!(
            nearness("25 Sheridan St", "Intersection Of Sheridan St & Main St"),
            Some(Nearness::SameStreetPerhaps)
        );
        assert_eq!(nearness("25 Sheridan St", "25 Main St"), Some(Nearness::Apart));
        assert_eq!(nearness("25 Sheridan St", ""), None);
        assert_eq!(nearness("明珠路18号", "明珠路20号"), Some(Nearness::SameStreet));
    }
}
