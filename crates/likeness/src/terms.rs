//! The words of a request, packed: what is left of a text once it only has to be compared.
//!
//! A term is a 24-bit hash of a feature of [`suban_text::Counts`] with how often it stood there, in four bytes. The
//! rarest terms are kept, the others dropped: a list of them is short, bounded, and needs no vocabulary, so that a
//! million requests fit in memory and nothing has to be learned before the first one is compared. Two terms of two
//! requests meet by chance once in some thousand pairs, which no score notices.

use serde::{Deserialize, Serialize};
use suban_text::{Counts, features::mixed};

/// Most runs of characters kept of a request.
pub const RUNS: usize = 96;
/// Most words and pairs of words kept of a request.
pub const WORDS: usize = 48;

/// One term: the hash in the upper 24 bits, how often it stood there (1 to 255) in the lower 8.
pub type Term = u32;

/// The hash of a term.
#[must_use]
pub const fn hash(term: Term) -> u32 {
    term >> 8
}

/// What a term weighs beside its rarity: sublinear in how often it stood there.
fn often(term: Term) -> f32 {
    match term & 255 {
        0 | 1 => 1.0,
        times => 1.0 + (times as f32).ln(),
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
        let pack = |salt: u64| {
            move |(feature, times): &(u64, u32)| {
                let hash = (mixed(feature ^ salt) >> 40) as u32;
                hash << 8 | (*times).min(255)
            }
        };
        Self {
            runs: counts.runs.iter().map(pack(0)).collect(),
            words: counts.words.iter().map(pack(0x776f_7264)).collect(),
        }
    }
}

/// The terms that were kept, with the lengths of both vectors when they were.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Runs, then words.
    terms: Box<[Term]>,
    /// How many of them are runs.
    runs: u16,
    /// Euclidean lengths of the weighted runs and of the weighted words.
    lengths: [f32; 2],
}

impl Kept {
    fn runs(&self) -> &[Term] {
        self.terms.get(..usize::from(self.runs)).unwrap_or(&[])
    }

    fn words(&self) -> &[Term] {
        self.terms.get(usize::from(self.runs)..).unwrap_or(&[])
    }

    /// How many runs were kept: a measure of how much was said.
    #[must_use]
    pub fn said(&self) -> usize {
        usize::from(self.runs)
    }
}

/// Bits of a hash by which requests are counted.
const COUNTED_BITS: u32 = 22;

/// In how many requests each term stood.
#[derive(Clone, Debug)]
pub struct Rarity {
    requests: u32,
    having: Vec<u32>,
}

impl Default for Rarity {
    fn default() -> Self {
        Self { requests: 0, having: vec![0; 1 << COUNTED_BITS] }
    }
}

impl Rarity {
    fn at(term: Term) -> usize {
        (hash(term) >> (24 - COUNTED_BITS)) as usize
    }

    /// Counts a request.
    pub fn count(&mut self, terms: &Terms) {
        self.requests = self.requests.saturating_add(1);
        for &term in terms.runs.iter().chain(&terms.words) {
            if let Some(having) = self.having.get_mut(Self::at(term)) {
                *having = having.saturating_add(1);
            }
        }
    }

    /// How much a term says: the logarithm of how many requests there are for each that has it; 0 or more.
    #[must_use]
    pub fn of(&self, term: Term) -> f32 {
        let having = self.having.get(Self::at(term)).copied().unwrap_or(0);
        ((1.0 + f64::from(self.requests)) / (1.0 + f64::from(having))).ln().max(0.0) as f32
    }

    /// How many requests were counted.
    #[must_use]
    pub fn requests(&self) -> u32 {
        self.requests
    }

    /// The counts, for a snapshot.
    pub(crate) fn parts(&self) -> (u32, &[u32]) {
        (self.requests, &self.having)
    }

    /// From the counts of a snapshot; `None` when there are not as many as there must be.
    pub(crate) fn from_parts(requests: u32, having: Vec<u32>) -> Option<Self> {
        (having.len() == 1 << COUNTED_BITS).then_some(Self { requests, having })
    }

    /// Keeps the rarest terms of a text, and weighs them.
    #[must_use]
    pub fn weigh(&self, terms: &Terms) -> Weighed {
        let (runs, run_length) = self.rarest(&terms.runs, RUNS);
        let (words, word_length) = self.rarest(&terms.words, WORDS);
        Weighed { runs, words, lengths: [run_length, word_length] }
    }

    fn rarest(&self, terms: &[Term], most: usize) -> (Vec<(Term, f32)>, f32) {
        let mut weighed: Vec<(Term, f32)> = terms.iter().map(|term| (*term, self.of(*term))).collect();
        let weight = |(term, rarity): &(Term, f32)| often(*term) * rarity;
        if weighed.len() > most {
            weighed.select_nth_unstable_by(most, |a, b| weight(b).total_cmp(&weight(a)).then(a.0.cmp(&b.0)));
            weighed.truncate(most);
        }
        let length = weighed.iter().map(|w| weight(w) * weight(w)).sum::<f32>().sqrt();
        (weighed, length)
    }
}

/// The rarest terms of a text with their rarity at one time.
#[derive(Clone, Debug, Default)]
pub struct Weighed {
    runs: Vec<(Term, f32)>,
    words: Vec<(Term, f32)>,
    lengths: [f32; 2],
}

impl Weighed {
    /// What is stored of it.
    #[must_use]
    pub fn kept(&self) -> Kept {
        Kept {
            terms: self.runs.iter().chain(&self.words).map(|(term, _)| *term).collect(),
            runs: u16::try_from(self.runs.len()).unwrap_or(u16::MAX),
            lengths: self.lengths,
        }
    }

    /// The `most` weightiest terms, the weightiest first: half of them words, half runs, more of one where there are few of
    /// the other.
    #[must_use]
    pub fn weightiest(&self, most: usize) -> Vec<(Term, f32)> {
        let sorted = |terms: &[(Term, f32)]| {
            let mut terms = terms.to_vec();
            let weight = |(term, rarity): &(Term, f32)| often(*term) * rarity;
            terms.sort_unstable_by(|a, b| weight(b).total_cmp(&weight(a)).then(a.0.cmp(&b.0)));
            terms
        };
        let (words, runs) = (sorted(&self.words), sorted(&self.runs));
        let of_words = words.len().min((most / 2).max(most.saturating_sub(runs.len())));
        let mut rarest: Vec<_> = words.into_iter().take(of_words).collect();
        rarest.extend(runs.into_iter().take(most - of_words));
        rarest
    }
}

/// Slots of the table in [`Asked`]: a few times as many as terms are kept, a power of two.
const SLOTS: usize = 1024;

/// A request that many others are compared with: its terms in a table that stays in the processor's nearest cache.
pub struct Asked {
    /// Hash + 1, or 0 for an empty slot.
    hashes: Box<[u32; SLOTS]>,
    values: Box<[(f32, f32); SLOTS]>,
    lengths: [f32; 2],
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asked({:?})", self.lengths)
    }
}

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

impl Asked {
    /// Makes the table.
    #[must_use]
    pub fn new(weighed: &Weighed) -> Self {
        let mut asked =
            Self { hashes: Box::new([0; SLOTS]), values: Box::new([(0.0, 0.0); SLOTS]), lengths: weighed.lengths };
        for (term, rarity) in weighed.runs.iter().chain(&weighed.words) {
            let mut slot = hash(*term) as usize % SLOTS;
            while asked.hashes[slot] != 0 {
                slot = (slot + 1) % SLOTS;
            }
            asked.hashes[slot] = hash(*term) + 1;
            asked.values[slot] = (often(*term) * rarity * rarity, *rarity);
        }
        asked
    }

    fn find(&self, term: Term) -> Option<(f32, f32)> {
        let wanted = hash(term) + 1;
        let mut slot = hash(term) as usize % SLOTS;
        loop {
            match self.hashes[slot] {
                0 => return None,
                found if found == wanted => return Some(self.values[slot]),
                _ => slot = (slot + 1) % SLOTS,
            }
        }
    }

    /// Compares it with a stored one.
    #[must_use]
    pub fn alike(&self, other: &Kept) -> Alike {
        let mut runs = 0.0;
        for &term in other.runs() {
            if let Some((value, _)) = self.find(term) {
                runs += value * often(term);
            }
        }
        let (mut words, mut rarest) = (0.0, 0.0_f32);
        for &term in other.words() {
            if let Some((value, rarity)) = self.find(term) {
                words += value * often(term);
                rarest = rarest.max(rarity);
            }
        }
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
    use proptest::prelude::*;

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
    fn a_long_text_is_cut_to_its_rarest_terms() {
        let long: String = (0..400).map(|n| format!("词{n} ")).collect();
        let rarity = counted(&[&long, "词1 词2"]);
        let kept = rarity.weigh(&terms(&long)).kept();
        assert!(kept.terms.len() <= RUNS + WORDS);
    }

    proptest! {
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
