//! Which words stand where in a ticket as it is now.
//!
//! The index is a few seconds behind, and it knows pairs of characters rather than words. So whoever shows a hit looks
//! at its texts once more: that is the reason a person is given, and a ticket whose texts no longer give one is no hit.

use suban_text::Runs;

use crate::Words;

/// Where a word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the title.
    Title,
    /// In what the citizen said, at first or later.
    Words,
    /// In the place as it was said.
    Place,
}

/// A word that was found.
#[derive(Clone, PartialEq, Eq)]
pub struct Match {
    /// The word, folded. What somebody typed: not for logs.
    pub word: String,
    /// Where it stands.
    pub places: Vec<Place>,
}

impl std::fmt::Debug for Match {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Match({:?})", self.places)
    }
}

/// A ticket's texts, masked.
#[derive(Clone, Copy)]
pub struct Texts<'a> {
    /// Title.
    pub title: &'a str,
    /// What the citizen said.
    pub words: &'a str,
    /// The place as it was said.
    pub place: &'a str,
}

/// Which of the words stand where; none where too few do.
#[must_use]
pub fn matches(words: &Words, texts: Texts<'_>) -> Option<Vec<Match>> {
    let texts = [(Place::Title, texts.title), (Place::Words, texts.words), (Place::Place, texts.place)]
        .map(|(place, text)| (place, Runs::of(text).joined()));
    let found: Vec<Match> = words
        .iter()
        .filter_map(|word| {
            let places: Vec<Place> =
                texts.iter().filter(|(_, text)| text.contains(word)).map(|(place, _)| *place).collect();
            (!places.is_empty()).then(|| Match { word: word.to_owned(), places })
        })
        .collect();
    (found.len() >= words.needed()).then_some(found)
}

/// Characters of an excerpt at most.
const EXCERPT: usize = 80;

/// The clauses of a text around the first word that was found in it; its beginning where none was.
#[must_use]
pub fn excerpt(text: &str, found: &[Match]) -> String {
    let ends = |c: char| matches!(c, '。' | '，' | '；' | '！' | '？' | ',' | ';' | '!' | '?' | '\n');
    let clauses: Vec<&str> = text.split_inclusive(ends).collect();
    let has = |clause: &&str| {
        let joined = Runs::of(clause).joined();
        found.iter().any(|m| joined.contains(&m.word))
    };
    let first = clauses.iter().position(has).unwrap_or(0);
    let length = |clause: &&str| clause.chars().count();
    // One clause before it, so that a reader sees what it is about, and what follows as far as it fits.
    let from = match first.checked_sub(1).and_then(|before| Some((before, clauses.get(before)?))) {
        Some((before, clause)) if length(clause) <= EXCERPT / 4 => before,
        _ => first,
    };
    let mut taken = String::new();
    let mut left = EXCERPT;
    for clause in clauses.get(from..).unwrap_or_default() {
        taken.extend(clause.chars().take(left));
        left = left.saturating_sub(length(clause));
        if left == 0 {
            taken.push('…');
            break;
        }
    }
    taken.trim().replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use suban_text::Segmenter;

    use super::*;

    #[test]
    fn an_excerpt_stands_around_the_word() {
        let words = Words::read(&Segmenter::default(), "路灯").unwrap();
        let said = format!("{}。您好，门口路灯不亮，请处理。{}", "很长的话".repeat(30), "后面".repeat(60));
        let found = matches(&words, Texts { title: "", words: &said, place: "" }).unwrap();
        let short = excerpt(&said, &found);
        assert!(short.starts_with("您好，门口路灯不亮") && short.ends_with('…'), "{short}");
        assert!(short.chars().count() <= EXCERPT + 1);
        assert_eq!(excerpt("短的", &[]), "短的");
        assert_eq!(excerpt("", &found), "");
    }

    #[test]
    fn each_word_is_told_with_where_it_stands() {
        let words = Words::read(&Segmenter::default(), "路燈 明珠路").unwrap();
        let texts = Texts { title: "路灯不亮", words: "门口的路灯 坏了", place: "明珠路18号" };
        let found = matches(&words, texts).unwrap();
        assert_eq!(found[0].places, [Place::Title, Place::Words]);
        assert_eq!((found[1].word.as_str(), &found[1].places[..]), ("明珠", &[Place::Place][..]));
        assert_eq!(matches(&words, Texts { place: "", ..texts }), None, "both were meant");
    }
}
