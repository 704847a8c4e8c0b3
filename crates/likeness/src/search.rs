//! Which of the held requests are worth a comparison.

use crate::{
    index::Index,
    keys,
    place::{Ruler, rings},
    request::{Facts, Seconds},
    terms::Weighed,
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
    /// Candidates by words, where point or area is known and where neither is; those that share most.
    pub by_words: [usize; 2],
    /// Entries looked at under one rare word.
    pub under_word: usize,
    /// Entries looked at under all rare words together.
    pub under_words: usize,
    /// Rare words of the new request that are looked up, by whether its point, only its area, or neither is known.
    pub asked_words: [usize; 3],
    /// Candidates by each other key: exact words, address, person, each name.
    pub by_key: usize,
    /// A person who holds more requests than this is a switchboard and no evidence.
    pub switchboard: u16,
    /// A point at which more requests than this are held is one that a system writes, and no evidence.
    pub default_point: u16,
    /// Only requests under the same node above the category are compared, where both nodes are known (D§9.4).
    pub within_node: bool,
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
            asked_words: [8, 24, 96],
            by_key: 16,
            switchboard: 200,
            default_point: u16::MAX,
            within_node: false,
        }
    }
}

/// Metres by which a request seems further away when it is closed, and when it is of another category.
const FURTHER: f32 = 60.0;

impl Index {
    /// Numbers of entries worth a comparison, each once, ascending.
    pub(crate) fn candidates(&self, facts: &Facts, weighed: &Weighed, now: Seconds) -> Vec<u32> {
        let mut numbers = self.near(facts, now);
        numbers.extend(self.like(facts, weighed));
        let keys = keys::of_facts(facts, facts.requester);
        numbers.extend(self.chains.walk(&keys, self.limits.by_key, usize::MAX).into_iter().map(|(_, number)| number));
        numbers.sort_unstable();
        numbers.dedup();
        numbers.retain(|number| {
            self.at(*number).is_some_and(|entry| entry.facts.id != facts.id && self.comparable(facts, &entry.facts))
        });
        numbers
    }

    /// May the two be one matter as far as their categories tell?
    fn comparable(&self, new: &Facts, held: &Facts) -> bool {
        let ([_, ours], [_, theirs]) = (new.category, held.category);
        !self.limits.within_node || ours == 0 || theirs == 0 || ours == theirs
    }

    /// The nearest, a little further when closed or of another category.
    fn near(&self, facts: &Facts, now: Seconds) -> Vec<u32> {
        let Some(here) = facts.spot else { return Vec::new() };
        let ruler = Ruler::at(here);
        let Limits { metres, by_place, in_cells, .. } = self.limits;
        let mut near = Best::default();
        let mut looked = 0;
        for (covered, cells) in rings(here, metres) {
            for seat in cells.into_iter().flat_map(|cell| self.cells.of(cell)).take(in_cells - looked) {
                looked += 1;
                let apart = ruler.metres(seat.spot);
                if apart <= metres {
                    let further = u8::from(!seat.of_category(facts.category[0])) + u8::from(seat.closed(now));
                    near.push(FURTHER.mul_add(f32::from(further), apart), seat.number);
                }
            }
            if near.within(covered) >= by_place || looked >= in_cells {
                break;
            }
        }
        near.least(by_place).collect()
    }

    /// Those that share most of the rarest words.
    fn like(&self, facts: &Facts, weighed: &Weighed) -> Vec<u32> {
        let unplaced = usize::from(facts.spot.is_none() && facts.area == 0);
        let Limits { metres, by_words, under_word, under_words, asked_words, .. } = self.limits;
        let of_word = keys::of_words(facts, metres);
        let (mut keys, mut weights) = (Vec::new(), Vec::new());
        let known = if facts.spot.is_some() { 0 } else { 1 + unplaced };
        for of in weighed.weightiest(asked_words[known]) {
            keys.extend(of_word(of.term));
            let rarity = of.weight / of.term.often();
            weights.resize(keys.len(), rarity * rarity);
        }
        let mut shared = Shared::new(under_words);
        for (key, number) in self.chains.walk(&keys, under_word, under_words) {
            shared.add(number, weights[key as usize]);
        }
        let ruler = facts.spot.map(Ruler::at);
        let worth = |number: u32| {
            self.at(number).is_some_and(|entry| {
                let apart = ruler.zip(entry.facts.spot).map(|(ruler, there)| ruler.metres(there));
                apart.is_none_or(|apart| apart <= metres) && self.comparable(facts, &entry.facts)
            })
        };
        let mut most = Best::default();
        for (number, sum) in shared.sums {
            if worth(number) {
                most.push(-sum, number);
            }
        }
        most.least(by_words[unplaced]).collect()
    }
}

/// Numbers of entries with a value each, of which the least are wanted; of equals the first.
#[derive(Default)]
struct Best {
    /// The value's bits in the order of values, and the place in `numbers`.
    keys: Vec<u64>,
    numbers: Vec<u32>,
}

/// Bits that stand in the order of the numbers they are of.
fn ordered(value: f32) -> u32 {
    let bits = value.to_bits();
    if value.is_sign_negative() { !bits } else { bits | 1 << 31 }
}

impl Best {
    fn push(&mut self, value: f32, number: u32) {
        self.keys.push(u64::from(ordered(value)) << 32 | self.numbers.len() as u64);
        self.numbers.push(number);
    }

    /// How many have a value of at most this.
    fn within(&self, value: f32) -> usize {
        let most = u64::from(ordered(value)) << 32 | u64::from(u32::MAX);
        self.keys.iter().filter(|key| **key <= most).count()
    }

    fn least(mut self, most: usize) -> impl Iterator<Item = u32> {
        if self.keys.len() > most {
            self.keys.select_nth_unstable(most);
            self.keys.truncate(most);
        }
        self.keys.into_iter().filter_map(move |key| self.numbers.get(key as u32 as usize).copied())
    }
}

/// What entries share with the new request, summed as they are met.
struct Shared {
    /// One more than the place in `sums`, or 0; half as many again as entries are ever met, a power of two.
    slots: Vec<u32>,
    sums: Vec<(u32, f32)>,
}

impl Shared {
    fn new(most: usize) -> Self {
        Self { slots: vec![0; (most + most / 2 + 64).next_power_of_two()], sums: Vec::new() }
    }

    fn add(&mut self, number: u32, weight: f32) {
        let last = self.slots.len() - 1;
        let mut slot = (u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & last;
        loop {
            match self.slots[slot] {
                0 => {
                    self.sums.push((number, weight));
                    self.slots[slot] = self.sums.len() as u32;
                    return;
                }
                at => {
                    let (known, sum) = &mut self.sums[at as usize - 1];
                    if *known == number {
                        *sum += weight;
                        return;
                    }
                    slot = (slot + 1) & last;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_least_are_found_and_the_first_of_equals(values in proptest::collection::vec(-3..9_i8, 0..80), most in 0..40_usize, value in -3..9_i8) {
            let mut best = Best::default();
            let mut expected: Vec<(i8, u32)> = values.iter().copied().zip(0..).collect();
            expected.iter().for_each(|(value, number)| best.push(f32::from(*value), *number));
            prop_assert_eq!(best.within(f32::from(value)), values.iter().filter(|other| **other <= value).count());
            expected.sort();
            let expected: std::collections::BTreeSet<u32> = expected.into_iter().take(most).map(|(_, number)| number).collect();
            prop_assert_eq!(best.least(most).collect::<std::collections::BTreeSet<_>>(), expected);
        }

        #[test]
        fn sums_are_those_of_a_map(met in proptest::collection::vec((0..40_u32, 0..5_u8), 0..60)) {
            let mut shared = Shared::new(60);
            let mut plain = std::collections::BTreeMap::new();
            for (number, weight) in met {
                shared.add(number * 7919, f32::from(weight));
                *plain.entry(number * 7919).or_insert(0.0) += f32::from(weight);
            }
            prop_assert_eq!(shared.sums.into_iter().collect::<std::collections::BTreeMap<_, _>>(), plain);
        }
    }
}
