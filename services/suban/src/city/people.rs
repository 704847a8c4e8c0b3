//! Invented people: rare names, phones of one reserved range, homes and identity cards that nobody has.

use rand::{Rng as _, rngs::StdRng};
use suban_proto::v1;

use super::{one_of, words::Words};

/// Every phone of the simulated city begins with this; nobody has such a number.
pub(crate) const PHONES: &str = "1990000";
/// Every identity card begins with this: a place that does not exist.
const CARDS: &str = "990000";
/// Share of callers who give home and card.
const GIVES_ALL: f64 = 0.3;

/// Somebody who calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) phone: String,
    /// Empty where it is not given.
    pub(super) home: String,
    /// Empty where it is not given.
    pub(super) card: String,
}

impl Person {
    /// Somebody new.
    pub(super) fn new(words: &Words, rng: &mut StdRng) -> Self {
        let surname = one_of(words.tongue.surnames, rng).copied().unwrap_or_default();
        let given = one_of(words.tongue.given, rng).copied().unwrap_or_default();
        let name = if words.tongue.surname_first { format!("{surname}{given}") } else { format!("{given} {surname}") };
        let phone = format!("{PHONES}{:04}", rng.random_range(0..10_000));
        let all = rng.random_bool(GIVES_ALL);
        let (home, card) = if all { (words.home(rng), card(rng)) } else { (String::new(), String::new()) };
        Self { name, phone, home, card }
    }

    /// As a channel hands it over.
    pub(super) fn as_requester(&self) -> v1::Requester {
        v1::Requester {
            name: self.name.clone(),
            phone: self.phone.clone(),
            id_card: self.card.clone(),
            home_address: self.home.clone(),
            anonymous: false,
            no_contact: false,
        }
    }

    /// What must be found nowhere in clear.
    pub(super) fn values(&self) -> impl Iterator<Item = String> {
        [&self.name, &self.phone, &self.home, &self.card].into_iter().filter(|value| !value.is_empty()).cloned()
    }
}

/// A card with the right check character, or no mask would know it.
fn card(rng: &mut StdRng) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits = format!(
        "{CARDS}{}{:02}{:02}{:03}",
        rng.random_range(1940..2006),
        rng.random_range(1..=12),
        rng.random_range(1..=28),
        rng.random_range(0..1000)
    );
    let sum: u32 =
        digits.chars().filter_map(|c| c.to_digit(10)).zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    let check = "10X98765432".chars().nth(usize::try_from(sum % 11).unwrap_or(0)).unwrap_or('X');
    format!("{digits}{check}")
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use suban_text::{OwnValues, mask};

    use super::*;

    #[test]
    fn every_card_is_one_that_the_mask_takes_out() {
        let mut rng = StdRng::seed_from_u64(3);
        for _ in 0..200 {
            let card = card(&mut rng);
            let said = format!("身份证号{card},已登记");
            assert!(!mask(&said, &OwnValues::default()).text.contains(&card), "{said}");
        }
    }
}
