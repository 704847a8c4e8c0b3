//! What a message is made of: its words, its pairs of neighbouring words, its runs of one to three characters.
//!
//! Whatever learns from messages or compares them starts here. Counting knows nothing of a corpus; how much a
//! feature says is learned by [`Weights`](crate::Weights). Features are 64-bit numbers: a run of characters is packed
//! without loss, a word is hashed, and both are the same on every machine and in every version, so that a saved
//! model stays readable.

use std::{collections::HashSet, fmt};

use jieba_rs::Jieba;

use crate::normalise::folded;

/// One feature. Well mixed: any bits of it may serve as a hash.
pub type Feature = u64;

/// How often each feature occurs, in ascending order of features, each once.
pub type Occurrences = Vec<(Feature, u32)>;

/// What is counted in one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Runs of one, two and three characters of the words set side by side.
    pub runs: Occurrences,
    /// Words, and pairs of neighbouring words.
    pub words: Occurrences,
}

/// What stands in one message, in the order in which it stands there and as often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// Runs of one, two and three characters of the words set side by side.
    pub runs: Vec<Feature>,
    /// Words, and pairs of neighbouring words.
    pub words: Vec<Feature>,
}

impl Features {
    /// The features of words that stand in this order, folded already.
    #[must_use]
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut features = Self::default();
        let (mut before, mut second_before) = (0, 0);
        let mut last: Option<Feature> = None;
        for word in words {
            for c in word.chars() {
                // 21 bits hold any character and no character is 0, so runs of different lengths never meet.
                let c = u64::from(u32::from(c));
                features.runs.push(mixed(c));
                if before != 0 {
                    features.runs.push(mixed(before << 21 | c));
                }
                if second_before != 0 {
                    features.runs.push(mixed(second_before << 42 | before << 21 | c));
                }
                (second_before, before) = (before, c);
            }
            let name = hashed(word);
            features.words.push(name);
            if let Some(last) = last {
                features.words.push(mixed(last.rotate_left(32) ^ name));
            }
            last = Some(name);
        }
        features
    }

    /// How often each stands there.
    #[must_use]
    pub fn counted(self) -> Counts {
        Counts { runs: counted(self.runs), words: counted(self.words) }
    }
}

impl Counts {
    /// Counts the features of words that stand in this order, folded already.
    #[must_use]
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        Features::of_words(words).counted()
    }
}

/// Cuts text into words, with jieba's dictionary and a city's own words.
#[derive(Clone)]
pub struct Segmenter {
    jieba: Jieba,
    left_out: HashSet<String>,
}

impl fmt::Debug for Segmenter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Segmenter({} words left out)", self.left_out.len())
    }
}

impl Default for Segmenter {
    fn default() -> Self {
        Self { jieba: Jieba::new(), left_out: HashSet::new() }
    }
}

impl Segmenter {
    /// Knows these words too: estates, roads, campaigns that no dictionary has.
    #[must_use]
    pub fn knowing<'a>(mut self, words: impl IntoIterator<Item = &'a str>) -> Self {
        for word in words {
            self.jieba.add_word(folded(word, None).as_str(), None, None);
        }
        self
    }

    /// Leaves these words out: those that say nothing of what a message is about.
    #[must_use]
    pub fn leaving_out(mut self, words: impl IntoIterator<Item = String>) -> Self {
        self.left_out.extend(words);
        self
    }

    /// Hands the words of `text` to `take`, in order: letters and digits only, in one width, case and script.
    pub fn words<T>(&self, text: &str, take: impl FnOnce(&mut dyn Iterator<Item = &str>) -> T) -> T {
        let text = folded(text, Some(' '));
        let cut = self.jieba.cut(&text, true);
        take(&mut cut.iter().map(|token| token.word).filter(|word| self.keeps(word)))
    }

    /// The features of `text`.
    #[must_use]
    pub fn features(&self, text: &str) -> Features {
        self.words(text, |words| Features::of_words(words))
    }

    /// Counts the features of `text`.
    #[must_use]
    pub fn counts(&self, text: &str) -> Counts {
        self.features(text).counted()
    }

    /// Counts the features of text that came as words with spaces between them.
    #[must_use]
    pub fn counts_of_tokens(&self, tokens: &str) -> Counts {
        self.features_of_tokens(tokens).counted()
    }

    /// The features of text that came as words with spaces between them.
    #[must_use]
    pub fn features_of_tokens(&self, tokens: &str) -> Features {
        let words: Vec<_> = self.token_words(tokens).collect();
        Features::of_words(words.iter().map(String::as_str))
    }

    /// Words that came with spaces between them, as [`Self::words`] would have handed them out.
    pub(crate) fn token_words(&self, tokens: &str) -> impl Iterator<Item = String> {
        tokens.split_whitespace().map(|token| folded(token, None)).filter(|word| self.keeps(word))
    }

    fn keeps(&self, word: &str) -> bool {
        word.starts_with(char::is_alphanumeric) && !self.left_out.contains(word)
    }
}

/// Sorted, each once, with how often it stood there.
fn counted(mut features: Vec<Feature>) -> Occurrences {
    features.sort_unstable();
    features.chunk_by(|a, b| a == b).map(|same| (same[0], u32::try_from(same.len()).unwrap_or(u32::MAX))).collect()
}

/// FNV-1a over the bytes, mixed.
fn hashed(word: &str) -> Feature {
    mixed(
        word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)),
    )
}

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014): one to one, and every bit depends on every bit.
#[must_use]
pub fn mixed(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static PLAIN: LazyLock<Segmenter> = LazyLock::new(Segmenter::default);

    fn words(segmenter: &Segmenter, text: &str) -> Vec<String> {
        segmenter.words(text, |words| words.map(str::to_owned).collect())
    }

    #[test]
    fn chinese_and_english_become_words() {
        assert_eq!(
            words(&PLAIN, "明珠路１８號門口，路燈壞了！"),
            ["明珠", "路", "18", "号", "门口", "路灯", "坏", "了"]
        );
        assert_eq!(words(&PLAIN, "Street-LIGHT out [电话]."), ["street", "light", "out"]);
        assert!(words(&PLAIN, "，。！ [姓名]").is_empty());
    }

    #[test]
    fn a_city_adds_its_words_and_leaves_others_out() {
        let own = PLAIN.clone().knowing(["杜鹃文苑"]).leaving_out(["的".to_owned()]);
        assert_eq!(words(&own, "杜鹃文苑的路灯"), ["杜鹃文苑", "路灯"]);
    }

    #[test]
    fn tokens_count_like_the_text_they_were_cut_from() {
        let text = "建筑工地夜间施工噪声扰民";
        let tokens = words(&PLAIN, text).join(" ");
        assert_eq!(PLAIN.counts_of_tokens(&tokens), PLAIN.counts(text));
    }

    #[test]
    fn features_never_change() {
        // Saved models name features by these numbers.
        assert_eq!(mixed(u64::from(u32::from('路'))), 6_451_204_915_209_741_682);
        assert_eq!(hashed("路灯"), 11_857_653_483_961_390_846);
    }

    proptest! {
        #[test]
        fn every_run_is_counted_once_where_it_stands(words in proptest::collection::vec("[\\p{Han}a-z0-9]{1,5}", 0..20)) {
            let counts = Counts::of_words(words.iter().map(String::as_str));
            let letters = words.iter().map(|w| w.chars().count()).sum::<usize>();
            let total: u32 = counts.runs.iter().map(|(_, n)| n).sum();
            prop_assert_eq!(total as usize, letters + letters.saturating_sub(1) + letters.saturating_sub(2));
            let total: u32 = counts.words.iter().map(|(_, n)| n).sum();
            prop_assert_eq!(total as usize, words.len() + words.len().saturating_sub(1));
            prop_assert!(counts.runs.is_sorted_by(|a, b| a.0 < b.0) && counts.words.is_sorted_by(|a, b| a.0 < b.0));
        }

        #[test]
        fn any_text_can_be_counted(text in "\\PC{0,80}") {
            let counts = PLAIN.counts(&text);
            prop_assert_eq!(counts.runs.is_empty(), counts.words.is_empty());
        }
    }
}
