//! How alike two texts are, by the terms that were kept of them.

use crate::terms::{Kept, RUNS, Term, WORDS, Weighed};

/// How alike two texts are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Alike {
    /// Cosine of the runs, 0 to 1.
    pub runs: f32,
    /// Cosine of the words, 0 to 1.
    pub words: f32,
    /// Share of the shorter one's runs that the longer one has, by weight; 0 to 1.
    pub contained: f32,
    /// Rarity of the rarest word they share; 0 where they share none.
    pub rarest: f32,
}

/// Slots of the table in [`Asked`]: many times as many as terms are kept, a power of two.
const SLOTS: usize = 4096;

/// A term of the new request.
#[derive(Clone, Copy)]
struct Known {
    hash: u32,
    /// One more than the place of the next of the same slot, or 0.
    next: u8,
    /// Weight times rarity.
    value: f32,
    rarity: f32,
}

/// A request that many others are compared with: its terms in a table that stays in the processor's nearest cache.
/// Most terms of others are not in it, and one byte tells that.
pub struct Asked {
    /// One more than a place in `known`, or 0.
    slots: Box<[u8; SLOTS]>,
    known: Vec<Known>,
    lengths: [f32; 2],
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asked({:?})", self.lengths)
    }
}

impl Asked {
    /// Makes the table.
    #[must_use]
    pub fn new(weighed: &Weighed) -> Self {
        let mut slots = Box::new([0; SLOTS]);
        let mut known: Vec<Known> = Vec::with_capacity(RUNS + WORDS);
        for of in weighed.runs.iter().chain(&weighed.words) {
            let (hash, rarity) = (of.term.hash(), of.weight / of.term.often());
            let slot = &mut slots[hash as usize % SLOTS];
            // At most 144 are kept, so that a byte names them all.
            let Ok(at) = u8::try_from(known.len() + 1) else { break };
            known.push(Known { hash, next: std::mem::replace(slot, at), value: of.weight * rarity, rarity });
        }
        Self { slots, known, lengths: weighed.lengths }
    }

    fn find(&self, term: Term) -> Option<&Known> {
        let mut at = self.slots[term.hash() as usize % SLOTS];
        while at != 0 {
            let known = self.known.get(usize::from(at) - 1)?;
            if known.hash == term.hash() {
                return Some(known);
            }
            at = known.next;
        }
        None
    }

    /// The product with some terms, and the rarity of the rarest that they share.
    fn shared(&self, terms: impl Iterator<Item = Term>) -> (f32, f32) {
        let (mut product, mut rarest) = (0.0, 0.0_f32);
        for term in terms {
            if let Some(known) = self.find(term) {
                product += known.value * term.often();
                rarest = rarest.max(known.rarity);
            }
        }
        (product, rarest)
    }

    /// Compares it with a stored one.
    #[must_use]
    pub fn alike(&self, other: &Kept) -> Alike {
        let (runs, _) = self.shared(other.runs());
        let (words, rarest) = self.shared(other.words());
        let over = |product: f32, length: f32| if length > 0.0 { (product / length).min(1.0) } else { 0.0 };
        let shorter = self.lengths[0].min(other.lengths[0]);
        Alike {
            runs: over(runs, self.lengths[0] * other.lengths[0]),
            words: over(words, self.lengths[1] * other.lengths[1]),
            contained: over(runs, shorter * shorter),
            rarest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rarity::Rarity, terms::Terms};
    use proptest::prelude::*;
    use suban_text::Counts;

    fn terms(text: &str) -> Terms {
        Terms::of(&Counts::of_words(text.split_whitespace()))
    }

    fn counted(corpus: &[&str]) -> Rarity {
        let mut rarity = Rarity::default();
        corpus.iter().for_each(|text| rarity.count(&terms(text)));
        rarity
    }

    #[test]
    fn rare_words_tell_requests_apart() {
        let rarity = counted(&["路灯 不 亮", "路灯 坏 了", "路灯 闪", "噪声 扰民", "路灯 倒 了"]);
        let asked = Asked::new(&rarity.weigh(&terms("路灯 坏 了")));
        let alike = |text: &str| asked.alike(&rarity.weigh(&terms(text)).kept());
        assert!(alike("路灯 倒 了").words > alike("路灯 不 亮").words, "'了' is rarer than '路灯'");
        assert_eq!(alike("噪声 扰民"), Alike::default());
    }

    #[test]
    fn terms_of_one_slot_are_told_apart() {
        let same: Vec<Term> = (0..20).map(|n| Term::of_bits((n * SLOTS as u32) << 2)).collect();
        let same = Terms { runs: same, words: Vec::new() };
        let mut rarity = Rarity::default();
        rarity.count(&terms("别的"));
        let weighed = rarity.weigh(&same);
        assert!((Asked::new(&weighed).alike(&weighed.kept()).runs - 1.0).abs() < 1e-3);
    }

    proptest! {
        // Each counts in a table of its own, of megabytes.
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_text_is_most_like_itself(texts in proptest::collection::vec("([路灯亮坏噪声]{1,3} ){1,6}", 2..8)) {
            let rarity = counted(&texts.iter().map(String::as_str).chain(["别的"]).collect::<Vec<_>>());
            for a in &texts {
                let asked = Asked::new(&rarity.weigh(&terms(a)));
                let itself = asked.alike(&rarity.weigh(&terms(a)).kept());
                for b in &texts {
                    let alike = asked.alike(&rarity.weigh(&terms(b)).kept());
                    prop_assert!((0.0..=1.0).contains(&alike.runs) && (0.0..=1.0).contains(&alike.words));
                    prop_assert!(alike.runs <= itself.runs + 1e-3 && alike.words <= itself.words + 1e-3);
                }
            }
        }
    }
}
