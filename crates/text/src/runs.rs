//! Text cut for finding: where words are to be found however a dictionary would have cut them.
//!
//! Chinese has no spaces, and no dictionary knows every estate: one and the same name is cut in one way inside a
//! sentence and in another where it stands alone. What is cut without a dictionary is cut alike everywhere: each
//! character, each pair of neighbours; words of other letters and numbers as they stand.

use crate::normalise::folded;

/// The pieces of one text, folded: one width, case and script.
#[derive(Debug, Clone, Default)]
pub struct Runs {
    folded: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Copy)]
struct Piece {
    from: usize,
    to: usize,
    /// The piece is a part of another one.
    part: bool,
}

impl Runs {
    /// Cuts a text. What the mask put in is no word of it.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let folded = folded(text, Some(' '));
        let mut pieces = Vec::with_capacity(folded.len());
        // Where the running word began, and where the character before began, if it was a Chinese one.
        let (mut word, mut before): (Option<usize>, Option<usize>) = (None, None);
        for (at, c) in folded.char_indices() {
            let end = at + c.len_utf8();
            let ideograph = is_ideograph(c);
            if (ideograph || c == ' ')
                && let Some(from) = word.take()
            {
                pieces.push(Piece { from, to: at, part: false });
            }
            match (ideograph, before) {
                (true, Some(from)) => {
                    pieces.push(Piece { from: at, to: end, part: true });
                    // The first of a pair is pushed before it is known to be one.
                    if let Some(first) = pieces.iter_mut().rev().find(|p| p.from == from && p.to == at) {
                        first.part = true;
                    }
                    pieces.push(Piece { from, to: end, part: false });
                }
                (true, None) => pieces.push(Piece { from: at, to: end, part: false }),
                (false, _) if c != ' ' => {
                    word.get_or_insert(at);
                }
                (false, _) => {}
            }
            before = ideograph.then_some(at);
        }
        if let Some(from) = word {
            pieces.push(Piece { from, to: folded.len(), part: false });
        }
        Self { folded, pieces }
    }

    /// How many pieces there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Is there no letter and no digit?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Piece number `n`.
    #[must_use]
    pub fn get(&self, n: usize) -> Option<&str> {
        self.pieces.get(n).and_then(|p| self.folded.get(p.from..p.to))
    }

    /// Every piece, as a text is indexed.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|p| self.folded.get(p.from..p.to))
    }

    /// The pieces that a text must have to have all of this one: no piece that is a part of another.
    pub fn sought(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter(|p| !p.part).filter_map(|p| self.folded.get(p.from..p.to))
    }

    /// Letters and digits, one after the other.
    #[must_use]
    pub fn joined(&self) -> String {
        self.folded.chars().filter(|c| *c != ' ').collect()
    }
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(text: &str) -> Vec<String> {
        Runs::of(text).iter().map(str::to_owned).collect()
    }

    fn sought(text: &str) -> Vec<String> {
        Runs::of(text).sought().map(str::to_owned).collect()
    }

    #[test]
    fn each_character_each_pair_and_each_word_is_a_piece() {
        assert_eq!(all("路燈壞"), ["路", "灯", "路灯", "坏", "灯坏"]);
        assert_eq!(all("明珠路18号, Street-LIGHT"), ["明", "珠", "明珠", "路", "珠路", "18", "号", "street", "light"]);
        assert!(Runs::of("，。%[电话]").is_empty());
    }

    #[test]
    fn what_is_sought_are_the_longest_pieces() {
        assert_eq!(sought("路灯坏"), ["路灯", "灯坏"]);
        assert_eq!((sought("T恤"), sought("井")), (vec!["t".to_owned(), "恤".to_owned()], vec!["井".to_owned()]));
        assert_eq!(Runs::of("A座 18-2").joined(), "a座182");
    }

    proptest! {
        #[test]
        fn a_part_of_a_text_is_found_in_it_wherever_it_is_cut(
            text in "[路灯坏了明珠花园]{1,20}", from in 0usize..20, take in 1usize..6,
        ) {
            let chars: Vec<char> = text.chars().collect();
            let from = from % chars.len();
            let part: String = chars[from..(from + take).min(chars.len())].iter().collect();
            let whole = all(&text);
            prop_assert!(sought(&part).iter().all(|piece| whole.contains(piece)));
        }

        #[test]
        fn any_text_can_be_cut(text in "\\PC{0,80}") {
            let runs = Runs::of(&text);
            prop_assert_eq!(runs.iter().count(), runs.len());
            prop_assert_eq!(runs.is_empty(), runs.joined().is_empty());
        }
    }
}
