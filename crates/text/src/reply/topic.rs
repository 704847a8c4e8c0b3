//! Is a reply about what was asked? The words that both have, the rare ones counting most.

use std::collections::{BTreeSet, HashMap};

use crate::features::Segmenter;

/// In how many messages of a city each word stands: what everybody writes says nothing of a matter.
#[derive(Debug, Clone, Default)]
pub struct Rarity {
    messages: u32,
    having: HashMap<String, u32>,
}

impl Rarity {
    /// Learns from a city's messages. Without any, all words count alike.
    #[must_use]
    pub fn learn<'a>(segmenter: &Segmenter, messages: impl IntoIterator<Item = &'a str>) -> Self {
        let mut rarity = Self::default();
        for message in messages {
            rarity.messages += 1;
            for word in content(segmenter, message) {
                *rarity.having.entry(word).or_default() += 1;
            }
        }
        rarity
    }

    /// Smoothed, so that a word that no message has counts most.
    fn of(&self, word: &str) -> f64 {
        let having = self.having.get(word).copied().unwrap_or(0);
        (f64::from(self.messages + 1) / f64::from(having + 1)).ln() + f64::from(u8::from(self.messages == 0))
    }
}

/// What comparing two texts found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Topic {
    /// The cosine of the rare words, 0 to 1.
    pub(super) likeness: f64,
    /// What the message is about, by its rarest words; none of them in the reply.
    pub(super) missing: Vec<String>,
}

/// Fewer words on either side say nothing.
const FEWEST: usize = 4;
/// So many words are named to the writer.
const NAMED: usize = 3;
/// A word that fewer messages have is a name cut in two as often as not: it is compared, but not told.
const TELLABLE: u32 = 3;
/// Unless there are so few messages that every word is rare.
const SMALL: u32 = 100;

/// Compares a message with what its reply says; `None` where either says too little.
///
/// What is missing is looked for in the title, where there is one: it names the matter.
pub(super) fn compare(
    segmenter: &Segmenter,
    rarity: &Rarity,
    (title, words): (&str, &str),
    said: &str,
) -> Option<Topic> {
    let asked = content(segmenter, &format!("{title} {words}"));
    let titled = content(segmenter, title);
    let said = content(segmenter, said);
    if asked.len() < FEWEST || said.len() < FEWEST {
        return None;
    }
    let length = |words: &BTreeSet<String>| words.iter().map(|w| rarity.of(w).powi(2)).sum::<f64>().sqrt();
    let shared: f64 = asked.intersection(&said).map(|w| rarity.of(w).powi(2)).sum();
    let both = length(&asked) * length(&said);
    let known = |word: &&String| rarity.having.get(*word).is_some_and(|n| *n >= TELLABLE || rarity.messages < SMALL);
    let missing = |of: &'_ BTreeSet<String>| of.difference(&said).filter(known).cloned().collect::<Vec<String>>();
    let mut missing = Some(missing(&titled)).filter(|m| !m.is_empty()).unwrap_or_else(|| missing(&asked));
    missing.sort_by(|a, b| rarity.of(b).total_cmp(&rarity.of(a)).then_with(|| a.cmp(b)));
    missing.truncate(NAMED);
    Some(Topic { likeness: if both > 0.0 { shared / both } else { 0.0 }, missing })
}

/// Words of two characters and more, each once, without figures.
fn content(segmenter: &Segmenter, text: &str) -> BTreeSet<String> {
    segmenter.words(text, |words| {
        let says = |word: &&str| word.chars().nth(1).is_some() && !word.chars().any(|c| c.is_ascii_digit());
        words.filter(says).map(str::to_owned).collect()
    })
}
