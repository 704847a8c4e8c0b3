//! The words of a request, packed: what is left of a text once it only has to be compared.
//!
//! A term is a 22-bit hash of a feature of [`suban_text::Counts`] with how often it stood there, in three bytes. The
//! rarest terms are kept, the others dropped: a list of them is short, bounded, and needs no vocabulary, so that a
//! million requests fit in memory and nothing has to be learned before the first one is compared. Two requests share
//! a term by chance once in some hundred pairs, which no score notices.

use serde::{Deserialize, Serialize};
use suban_text::Counts;

/// Most runs of characters kept of a request.
pub const RUNS: usize = 96;
/// Most words and pairs of words kept of a request.
pub const WORDS: usize = 48;

/// One term: the hash in the upper bits, how often it stood there in the lower two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term(u32);

/// What a term weighs beside its rarity where it stood there once, twice, three times, oftener: sublinear.
const OFTEN: [f32; 4] = [1.0, 1.693, 2.099, 2.609];

impl Term {
    /// Bits of the hash.
    pub const BITS: u32 = 22;

    /// Features are well mixed, and their upper bits keep their order: whoever walks the terms of a text walks a table
    /// by hash from its beginning to its end.
    fn new((feature, times): &(u64, u32)) -> Self {
        Self(((feature >> (64 - Self::BITS)) as u32) << 2 | ((*times).clamp(1, 4) - 1))
    }

    /// The hash, of [`Self::BITS`] bits.
    #[must_use]
    pub const fn hash(self) -> u32 {
        self.0 >> 2
    }

    /// What it weighs beside its rarity.
    #[must_use]
    pub const fn often(self) -> f32 {
        OFTEN[(self.0 & 3) as usize]
    }

    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    pub(crate) const fn of_bits(bits: u32) -> Self {
        Self(bits & 0x00ff_ffff)
    }
}

/// All terms of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Runs of one to three characters.
    pub runs: Vec<Term>,
    /// Words and pairs of neighbouring words.
    pub words: Vec<Term>,
}

impl Terms {
    /// Packs counted features.
    #[must_use]
    pub fn of(counts: &Counts) -> Self {
        let packed = |counted: &[(u64, u32)]| counted.iter().map(Term::new).collect();
        Self { runs: packed(&counts.runs), words: packed(&counts.words) }
    }
}

/// One term and what it weighs: its rarity at one time, and how often it stood there.
#[derive(Clone, Copy, Debug)]
pub struct WeighedTerm {
    /// The term.
    pub term: Term,
    /// Its weight.
    pub weight: f32,
}

/// The rarest terms of a text, weighed at one time; the weightiest first.
#[derive(Clone, Debug, Default)]
pub struct Weighed {
    pub(crate) runs: Vec<WeighedTerm>,
    pub(crate) words: Vec<WeighedTerm>,
    /// Euclidean lengths of the runs and of the words.
    pub(crate) lengths: [f32; 2],
}

impl Weighed {
    /// What is stored of it.
    #[must_use]
    pub fn kept(&self) -> Kept {
        let packed = |of: &WeighedTerm| {
            let [a, b, c, _] = of.term.bits().to_le_bytes();
            [a, b, c]
        };
        Kept {
            terms: self.runs.iter().chain(&self.words).map(packed).collect(),
            runs: u8::try_from(self.runs.len()).unwrap_or(u8::MAX),
            lengths: self.lengths,
        }
    }

    /// The `most` weightiest terms: half of them words, half runs, more of one where there are few of the other.
    pub fn weightiest(&self, most: usize) -> impl Iterator<Item = WeighedTerm> + '_ {
        let (words, runs) = halves(self.words.len(), self.runs.len(), most);
        self.words.iter().take(words).chain(self.runs.iter().take(runs)).copied()
    }
}

/// How many of the words and how many of the runs make up the `most` weightiest.
fn halves(words: usize, runs: usize, most: usize) -> (usize, usize) {
    let of_words = words.min((most / 2).max(most.saturating_sub(runs)));
    (of_words, runs.min(most - of_words))
}

/// The terms that were kept, with the lengths of both vectors when they were.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Runs, then words, of each the weightiest first.
    terms: Box<[[u8; 3]]>,
    /// How many of them are runs.
    runs: u8,
    /// Euclidean lengths of the weighted runs and of the weighted words.
    pub(crate) lengths: [f32; 2],
}

fn unpacked(terms: &[[u8; 3]]) -> impl Iterator<Item = Term> + '_ {
    terms.iter().map(|[a, b, c]| Term::of_bits(u32::from_le_bytes([*a, *b, *c, 0])))
}

impl Kept {
    fn halves(&self) -> (&[[u8; 3]], &[[u8; 3]]) {
        self.terms.split_at(usize::from(self.runs).min(self.terms.len()))
    }

    pub(crate) fn runs(&self) -> impl Iterator<Item = Term> + '_ {
        unpacked(self.halves().0)
    }

    pub(crate) fn words(&self) -> impl Iterator<Item = Term> + '_ {
        unpacked(self.halves().1)
    }

    /// The terms of [`Weighed::weightiest`] when it was kept.
    pub(crate) fn weightiest(&self, most: usize) -> impl Iterator<Item = Term> + '_ {
        let (runs, words) = self.halves();
        let (of_words, of_runs) = halves(words.len(), runs.len(), most);
        unpacked(words).take(of_words).chain(unpacked(runs).take(of_runs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rarity::Rarity;
    use proptest::prelude::*;

    fn terms(text: &str) -> Terms {
        Terms::of(&Counts::of_words(text.split_whitespace()))
    }

    #[test]
    fn a_long_text_is_cut_to_its_rarest_terms() {
        let long: String = (0..400).map(|n| format!("词{n} ")).collect();
        let mut rarity = Rarity::default();
        rarity.count(&terms(&long));
        rarity.count(&terms("词1 词2"));
        assert_eq!(rarity.weigh(&terms(&long)).kept().terms.len(), RUNS + WORDS);
    }

    proptest! {
        // Each counts in a table of its own, of megabytes.
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn what_was_weightiest_is_known_of_what_is_kept(text in "([路灯亮坏噪声][路灯亮坏噪声]{0,2} ){0,60}", most in 0..150_usize) {
            let mut rarity = Rarity::default();
            rarity.count(&terms("路灯 亮 噪声"));
            rarity.count(&terms("别的"));
            let weighed = rarity.weigh(&terms(&text));
            let before: Vec<Term> = weighed.weightiest(most).map(|of| of.term).collect();
            prop_assert!(before.len() <= most);
            prop_assert_eq!(weighed.kept().weightiest(most).collect::<Vec<_>>(), before);
        }
    }
}
