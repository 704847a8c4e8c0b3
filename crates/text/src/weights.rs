//! How much a feature says, learned from a corpus: what is everywhere says little, what is rare says much.
//!
//! A message becomes a sparse vector of length 1 in which its runs of characters and its words count the same, so
//! that the product of two vectors is the mean of their two cosines. Features that the corpus hardly knows are left
//! out.

use std::{
    cmp::Reverse,
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use serde::{Deserialize, Serialize};

use crate::{
    columns::Columns,
    features::{Counts, Feature, Features, Occurrences},
};

/// Columns, each once and in no order, with what stands in them.
pub type SparseVector = Vec<(u32, f32)>;

/// Tf-idf weights: sublinear in how often a feature stands in the message, smoothed in how many messages have it
/// (Manning, Raghavan, Schütze 2008, ch. 6).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Weights {
    runs: Known,
    words: Known,
}

impl Weights {
    /// Learns from a corpus. A feature that fewer than `fewest` messages have gets no column.
    #[must_use]
    pub fn learn<'a>(corpus: impl IntoIterator<Item = &'a Counts> + Clone, fewest: u32) -> Self {
        let messages = corpus.clone().into_iter().count();
        let runs = Known::learn(corpus.clone().into_iter().map(|counts| &counts.runs), messages, fewest);
        Self { runs, words: Known::learn(corpus.into_iter().map(|counts| &counts.words), messages, fewest) }
    }

    /// How many columns a vector may have; columns are counted from 0.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.runs.rarity.len() + self.words.rarity.len()
    }

    /// The vector of a message; empty when the corpus knew none of its features.
    #[must_use]
    pub fn vector(&self, counts: &Counts) -> SparseVector {
        let mut vector = Vec::with_capacity(counts.runs.len() + counts.words.len());
        self.runs.weigh(self.runs.known(&counts.runs), 0, &mut vector);
        self.words.weigh(self.words.known(&counts.words), self.first_word(), &mut vector);
        scale_to_one(&mut vector);
        vector
    }

    /// The same vector, without counting first what has no column anyway.
    #[must_use]
    pub fn vector_of(&self, features: &Features) -> SparseVector {
        let mut vector = Vec::with_capacity(features.runs.len() + features.words.len());
        self.runs.weigh_uncounted(&features.runs, 0, &mut vector);
        self.words.weigh_uncounted(&features.words, self.first_word(), &mut vector);
        scale_to_one(&mut vector);
        vector
    }

    fn first_word(&self) -> u32 {
        u32::try_from(self.runs.rarity.len()).unwrap_or(u32::MAX)
    }
}

/// The features of one kind that a corpus has.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
struct Known {
    columns: Columns,
    rarity: Vec<f32>,
}

impl Known {
    fn learn<'a>(corpus: impl Iterator<Item = &'a Occurrences>, messages: usize, fewest: u32) -> Self {
        let mut having = HashMap::<Feature, u32, BuildHasherDefault<AsItIs>>::default();
        for (feature, _) in corpus.flatten() {
            *having.entry(*feature).or_default() += 1;
        }
        let mut kept: Vec<_> = having.into_iter().filter(|(_, messages)| *messages >= fewest).collect();
        // What most messages have stands together at the front, where the processor's caches keep it.
        kept.sort_unstable_by_key(|(feature, messages)| (Reverse(*messages), *feature));
        let mut columns = Columns::with_room_for(kept.len());
        kept.retain(|(feature, _)| columns.add(*feature));
        let rarity = |having: u32| ((1.0 + messages as f64) / (1.0 + f64::from(having))).ln() + 1.0;
        Self { columns, rarity: kept.iter().map(|(_, having)| rarity(*having) as f32).collect() }
    }

    /// Columns with how often each feature stands there.
    fn known(&self, counted: &Occurrences) -> impl Iterator<Item = (u32, u32)> {
        counted.iter().filter_map(|(feature, times)| Some((self.columns.of(*feature)?, *times)))
    }

    fn weigh_uncounted(&self, features: &[Feature], first_column: u32, vector: &mut SparseVector) {
        let mut columns: Vec<u32> = features.iter().filter_map(|feature| self.columns.of(*feature)).collect();
        columns.sort_unstable();
        let counted = columns.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u32));
        self.weigh(counted, first_column, vector);
    }

    /// Appends the weights of columns with how often each stands there, together of length 1.
    fn weigh(&self, counted: impl Iterator<Item = (u32, u32)>, first_column: u32, vector: &mut SparseVector) {
        let start = vector.len();
        for (column, times) in counted {
            if let Some(rarity) = self.rarity.get(column as usize) {
                // Most features stand once, and a logarithm costs more than all the rest here.
                let often = if times == 1 { 1.0 } else { 1.0 + (times as f32).ln() };
                vector.push((first_column + column, often * rarity));
            }
        }
        if let Some(new) = vector.get_mut(start..) {
            scale_to_one(new);
        }
    }
}

fn scale_to_one(vector: &mut [(u32, f32)]) {
    let length = vector.iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        for (_, value) in vector {
            *value /= length;
        }
    }
}

/// What of [`Known`] is written.
#[derive(Serialize, Deserialize)]
struct Stored {
    features: Vec<Feature>,
    rarity: Vec<f32>,
}

impl From<Known> for Stored {
    fn from(known: Known) -> Self {
        Self { features: known.columns.features().to_vec(), rarity: known.rarity }
    }
}

impl TryFrom<Stored> for Known {
    type Error = &'static str;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        if stored.features.len() != stored.rarity.len() {
            return Err("weights: not one rarity for each feature");
        }
        if !stored.rarity.iter().all(|rarity| rarity.is_finite() && *rarity > 0.0) {
            return Err("weights: a rarity is not a positive number");
        }
        let mut columns = Columns::with_room_for(stored.features.len());
        if !stored.features.iter().all(|feature| columns.add(*feature)) {
            return Err("weights: a feature stands twice");
        }
        Ok(Self { columns, rarity: stored.rarity })
    }
}

/// Features are mixed already; mixing them again would only cost time.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, feature: u64) {
        self.0 = feature;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts(text: &str) -> Counts {
        Counts::of_words(text.split_whitespace())
    }

    fn cosine(a: &SparseVector, b: &SparseVector) -> f32 {
        let b: HashMap<_, _> = b.iter().copied().collect();
        a.iter().filter_map(|(column, value)| b.get(column).map(|other| value * other)).sum()
    }

    #[test]
    fn rare_words_tell_messages_apart() {
        let corpus = ["路灯 不 亮", "路灯 坏 了", "路灯 闪", "噪声 扰民", "路灯 倒 了"].map(counts);
        let weights = Weights::learn(&corpus, 1);
        let [dark, broken, _, noise, fallen] = corpus.map(|c| weights.vector(&c));
        assert!(cosine(&broken, &fallen) > cosine(&broken, &dark), "'了' is rarer than '路灯'");
        assert_eq!(cosine(&dark, &noise), 0.0);
    }

    #[test]
    fn what_the_corpus_hardly_knows_has_no_column() {
        let corpus = ["路灯", "路灯", "噪声"].map(counts);
        let weights = Weights::learn(&corpus, 2);
        assert_eq!(weights.columns(), 4, "路, 灯, 路灯 as a run and as a word");
        assert!(weights.vector(&counts("噪声")).is_empty());
    }

    #[test]
    fn broken_weights_are_refused() {
        let weights = Weights::learn(&[counts("路灯 不 亮")], 1);
        let text = serde_json::to_string(&weights).unwrap();
        let again: Weights = serde_json::from_str(&text).unwrap();
        assert_eq!(again.vector(&counts("路灯")), weights.vector(&counts("路灯")));
        let shorter = text.replacen("\"rarity\":[", "\"rarity\":[1.0,", 1);
        assert!(serde_json::from_str::<Weights>(&shorter).unwrap_err().to_string().contains("one rarity"));
    }

    proptest! {
        #[test]
        fn vectors_have_length_one_and_each_column_once(texts in proptest::collection::vec("([路灯亮坏]{1,3} ){0,6}", 1..8)) {
            let corpus: Vec<_> = texts.iter().map(|t| counts(t)).collect();
            let weights = Weights::learn(&corpus, 1);
            for (of, text) in corpus.iter().zip(&texts) {
                let of_text = &Features::of_words(text.split_whitespace());
                let vector = weights.vector(of);
                let columns: std::collections::BTreeSet<_> = vector.iter().map(|(column, _)| column).collect();
                prop_assert_eq!(columns.len(), vector.len());
                let alike = cosine(&vector, &weights.vector_of(of_text));
                prop_assert!(vector.is_empty() || alike > 0.999);
                prop_assert!(vector.is_empty() || (cosine(&vector, &vector) - 1.0).abs() < 1e-4);
                prop_assert!(vector.iter().all(|(column, _)| (*column as usize) < weights.columns()));
            }
        }
    }
}
