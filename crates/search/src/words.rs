//! What a person typed, as words to look for.
//!
//! There is no syntax and so no syntax error: whatever is no letter and no digit stands between words.

use suban_text::{Runs, Segmenter};

/// Longest question, characters: a sentence or two. What is longer is a message, and no few words of it matter.
pub const MOST_CHARS: usize = 200;
/// Most words of one question.
pub const MOST_WORDS: usize = 32;

/// Up to so many words a ticket must have all of them; of more, three in four.
const ALL_OF: usize = 3;

/// Words to look for, folded, each once, in the order in which they were typed. `Debug` hides them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Words({})", self.0.len())
    }
}

/// Why something typed cannot be looked for. Never quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unaskable {
    /// Only signs.
    #[error("has no letter and no digit; type a word of the request, a place, a number or a phone")]
    Nothing,
    /// A message rather than a question.
    #[error("has {chars} characters; at most {MOST_CHARS} are looked for: type the few words that matter")]
    Long {
        /// How many characters it has.
        chars: usize,
    },
    /// Too many of them.
    #[error("has {words} words; at most {MOST_WORDS} are looked for: type the few that matter")]
    Many {
        /// How many words it has.
        words: usize,
    },
}

impl Words {
    /// Reads what somebody typed; nothing typed asks for no words.
    ///
    /// # Errors
    /// Why it cannot be looked for, and what to type instead.
    pub fn read(segmenter: &Segmenter, typed: &str) -> Result<Self, Unaskable> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Ok(Self::default());
        }
        let chars = typed.chars().count();
        if chars > MOST_CHARS {
            return Err(Unaskable::Long { chars });
        }
        let mut words: Vec<String> = Vec::new();
        for piece in typed.split(between) {
            for word in of_piece(segmenter, piece) {
                if !words.contains(&word) {
                    words.push(word);
                }
            }
        }
        match words.len() {
            0 => Err(Unaskable::Nothing),
            n if n > MOST_WORDS => Err(Unaskable::Many { words: n }),
            _ => Ok(Self(words)),
        }
    }

    /// The words.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Is nothing asked for?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many of them a ticket must have: a short question is meant word for word, a long one is remembered.
    #[must_use]
    pub fn needed(&self) -> usize {
        match self.0.len() {
            n if n <= ALL_OF => n,
            n => (3 * n).div_ceil(4),
        }
    }
}

/// What stands between two things that somebody means, each by itself.
fn between(c: char) -> bool {
    c.is_whitespace() || matches!(c, '，' | '。' | '、' | '；' | '！' | '？' | ',' | ';' | '!' | '?')
}

/// The words of one piece. 的, 了, 路 are said by all, so single characters beside words are left out; where a piece has
/// no other, it is a word that the dictionary does not know.
fn of_piece(segmenter: &Segmenter, piece: &str) -> Vec<String> {
    let mut words: Vec<String> = segmenter.words(piece, |cut| cut.map(str::to_owned).collect());
    if words.iter().all(|word| is_short(word)) {
        words = vec![words.concat()];
    } else {
        words.retain(|word| !is_short(word));
    }
    words.retain(|word| !Runs::of(word).is_empty());
    words
}

fn is_short(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(|c| !c.is_ascii_alphanumeric()) && chars.next().is_none()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    static SEGMENTER: LazyLock<Segmenter> = LazyLock::new(Segmenter::default);

    fn read(typed: &str) -> Result<Vec<String>, Unaskable> {
        Words::read(&SEGMENTER, typed).map(|w| w.0)
    }

    #[test]
    fn a_sentence_becomes_its_words() {
        assert_eq!(read("路燈壞了，路灯").unwrap(), ["路灯"]);
        assert_eq!(read("明珠路18号的噪声").unwrap(), ["明珠", "18", "噪声"]);
        assert_eq!(read("Street-light 3").unwrap(), ["street", "light", "3"]);
        assert_eq!(read("井").unwrap(), ["井"]);
        assert_eq!(read("路灯 占道").unwrap(), ["路灯", "占道"], "a word that no dictionary has");
        assert!(read("  ").unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_looked_for_is_told() {
        assert_eq!(read("%"), Err(Unaskable::Nothing));
        assert_eq!(read("[电话]"), Err(Unaskable::Nothing));
        assert_eq!(read(&"长".repeat(10_000)), Err(Unaskable::Long { chars: 10_000 }));
        let many: String = (0..40).map(|n| format!("{n} ")).collect();
        assert_eq!(read(&many), Err(Unaskable::Many { words: 40 }));
        assert!(Unaskable::Long { chars: 10_000 }.to_string().contains("10000"));
    }

    #[test]
    fn a_short_question_is_meant_word_for_word() {
        let needed = |n: usize| Words(vec![String::new(); n]).needed();
        assert_eq!([1, 2, 3, 4, 5, 8, 32].map(needed), [1, 2, 3, 3, 4, 6, 24]);
    }
}
