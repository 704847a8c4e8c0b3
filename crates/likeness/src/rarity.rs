//! In how many requests each term stood, and so how much it says.

use std::collections::HashMap;

use crate::terms::{RUNS, Term, Terms, WORDS, Weighed, WeighedTerm};

/// Counts up to this have their logarithm in a table.
const LOGS: usize = 4096;

/// Before so many requests were counted, a term is weighed as if there had been: in a city that begins, everything would
/// otherwise be common.
const YOUNG: u32 = 200;

/// In how many requests each term stood.
#[derive(Clone, Debug)]
pub struct Rarity {
    requests: u32,
    /// By hash; [`u16::MAX`] where it stands in `often`. A text asks for a thousand of them, all over the table: the
    /// smaller it is, the more of it stays near.
    having: Vec<u16>,
    /// Those that are in more requests than a small number holds.
    often: HashMap<u32, u32>,
    /// The logarithm of 1 + n.
    logs: Box<[f32]>,
}

impl Default for Rarity {
    fn default() -> Self {
        Self::with(0, vec![0; 1 << Term::BITS], HashMap::new())
    }
}

impl Rarity {
    fn with(requests: u32, having: Vec<u16>, often: HashMap<u32, u32>) -> Self {
        Self { requests, having, often, logs: (0..LOGS).map(|n| (n as f64).ln_1p() as f32).collect() }
    }

    /// Counts a request.
    pub fn count(&mut self, terms: &Terms) {
        self.requests = self.requests.saturating_add(1);
        for term in terms.runs.iter().chain(&terms.words) {
            match self.having.get_mut(term.hash() as usize) {
                Some(&mut u16::MAX) => *self.often.entry(term.hash()).or_insert(u16::MAX.into()) += 1,
                Some(having) => *having += 1,
                None => {}
            }
        }
    }

    /// The logarithm of 1 + n.
    fn log(&self, n: u32) -> f32 {
        self.logs.get(n as usize).copied().unwrap_or_else(|| f64::from(n).ln_1p() as f32)
    }

    /// How much a term says: the logarithm of how many requests there are for each that has it; 0 or more.
    #[must_use]
    pub fn of(&self, term: Term) -> f32 {
        self.of_counted(term, self.counted(term))
    }

    fn counted(&self, term: Term) -> u16 {
        self.having.get(term.hash() as usize).copied().unwrap_or(0)
    }

    fn of_counted(&self, term: Term, counted: u16) -> f32 {
        let having = match counted {
            u16::MAX => self.often.get(&term.hash()).copied().unwrap_or(u16::MAX.into()),
            few => few.into(),
        };
        (self.log(self.requests.max(YOUNG)) - self.log(having)).max(0.0)
    }

    /// How many requests were counted.
    #[must_use]
    pub fn requests(&self) -> u32 {
        self.requests
    }

    /// The counts, for a snapshot: those of few, and hashes with those of many, in order.
    pub(crate) fn parts(&self) -> (u32, &[u16], Vec<(u32, u32)>) {
        let mut often: Vec<(u32, u32)> = self.often.iter().map(|(hash, having)| (*hash, *having)).collect();
        often.sort_unstable();
        (self.requests, &self.having, often)
    }

    /// From the counts of a snapshot; `None` when there are not as many as there must be.
    pub(crate) fn from_parts(requests: u32, having: Vec<u16>, often: Vec<(u32, u32)>) -> Option<Self> {
        (having.len() == 1 << Term::BITS).then(|| Self::with(requests, having, often.into_iter().collect()))
    }

    /// Keeps the rarest terms of a text, and weighs them.
    #[must_use]
    pub fn weigh(&self, terms: &Terms) -> Weighed {
        let (runs, run_length) = self.rarest(&terms.runs, RUNS);
        let (words, word_length) = self.rarest(&terms.words, WORDS);
        Weighed { runs, words, lengths: [run_length, word_length] }
    }

    /// The weightiest terms, the weightiest first, and the Euclidean length of their weights.
    fn rarest(&self, terms: &[Term], most: usize) -> (Vec<WeighedTerm>, f32) {
        // The table is large: all its counts are asked for first, so that many are on their way at once.
        let counted: Vec<u16> = terms.iter().map(|term| self.counted(*term)).collect();
        // Weights are not negative, so their bits stand in their order: one number holds both, and a long text with a
        // thousand terms is sorted without a comparison of floats.
        let key = |(term, counted): (&Term, u16)| {
            let weight = term.often() * self.of_counted(*term, counted);
            u64::from(!weight.to_bits()) << 32 | u64::from(term.bits())
        };
        let mut keys: Vec<u64> = terms.iter().zip(counted).map(key).collect();
        if keys.len() > most {
            keys.select_nth_unstable(most);
            keys.truncate(most);
        }
        keys.sort_unstable();
        let weighed: Vec<WeighedTerm> = keys
            .into_iter()
            .map(|key| WeighedTerm { term: Term::of_bits(key as u32), weight: f32::from_bits(!((key >> 32) as u32)) })
            .collect();
        let length = weighed.iter().map(|of| of.weight * of.weight).sum::<f32>().sqrt();
        (weighed, length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_term_of_many_requests_is_counted_on() {
        let (everywhere, rare) = (Term::of_bits(4), Term::of_bits(8));
        let mut rarity = Rarity::default();
        for _ in 0..70_000 {
            rarity.count(&Terms { runs: vec![everywhere], words: Vec::new() });
        }
        let (requests, having, often) = rarity.parts();
        let again = Rarity::from_parts(requests, having.to_vec(), often).unwrap();
        assert!(again.of(everywhere) < 1e-3 && again.of(rare) > 11.0);
    }

    proptest! {
        // Each counts in a table of its own, of megabytes.
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn what_is_kept_is_the_weightiest(bits in proptest::collection::vec(0..1_u32 << 24, 0..300), common in 0..300_usize) {
            let terms: Vec<Term> = bits.iter().map(|bits| Term::of_bits(*bits)).collect();
            let mut rarity = Rarity::default();
            for at in 0..10 {
                let some = terms.iter().skip(at).take(common).copied().collect();
                rarity.count(&Terms { runs: some, words: Vec::new() });
            }
            let weight = |term: &Term| term.often() * rarity.of(*term);
            let mut expected: Vec<f32> = terms.iter().map(weight).collect();
            expected.sort_unstable_by(|a, b| b.total_cmp(a));
            expected.truncate(RUNS);
            let weighed = rarity.weigh(&Terms { runs: terms, words: Vec::new() });
            prop_assert_eq!(weighed.runs.iter().map(|of| of.weight).collect::<Vec<_>>(), expected);
            prop_assert!(weighed.runs.iter().all(|of| (of.weight - weight(&of.term)).abs() < 1e-6));
        }
    }
}
