//! Words that say nothing of what a message is about, learned from a corpus that has some messages twice: as they
//! were written, and as the words that somebody kept of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::features::Segmenter;

/// A word that was seen less often may have been left out by chance.
const FEWEST: u32 = 5;
/// A word of which more than one in so many was kept is not one that is left out; the two may be cut differently.
const KEPT_ONE_IN: u32 = 20;

/// The words of the texts that the tokens beside them leave out. Pairs are (text, tokens with spaces between them).
#[must_use]
pub fn left_out<'a>(segmenter: &Segmenter, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> BTreeSet<String> {
    let mut seen = BTreeMap::<String, (u32, u32)>::new();
    for (text, tokens) in pairs {
        segmenter.words(text, |words| words.for_each(|word| seen.entry(word.to_owned()).or_default().0 += 1));
        segmenter.token_words(tokens).for_each(|word| seen.entry(word).or_default().1 += 1);
    }
    let dropped = |(written, kept): (u32, u32)| written >= FEWEST && kept * KEPT_ONE_IN <= written;
    seen.into_iter().filter(|(_, counts)| dropped(*counts)).map(|(word, _)| word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_never_kept_is_left_out() {
        let segmenter = Segmenter::default();
        let pairs = [("明珠的路灯", "明珠 路灯"); 6];
        assert_eq!(left_out(&segmenter, pairs), BTreeSet::from(["的".to_owned()]));
        assert!(left_out(&segmenter, pairs.into_iter().take(2)).is_empty(), "too few to tell");
    }
}
