//! A text as folded characters with their byte places, so that a match in any width or spacing maps back.

use crate::fold::{fold, narrow};

/// A stretch of characters, end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Stands for a character of a replacement that was made before; nothing matches it.
const TAKEN: char = '\0';

/// Chinese numerals that people write a number in to slip it past a filter.
const NUMERALS: &[(char, char)] = &[
    ('〇', '0'),
    ('零', '0'),
    ('一', '1'),
    ('幺', '1'),
    ('二', '2'),
    ('三', '3'),
    ('四', '4'),
    ('五', '5'),
    ('六', '6'),
    ('七', '7'),
    ('八', '8'),
    ('九', '9'),
];
/// So many numerals in a row are a number and no phrase.
const NUMERAL_RUN: usize = 7;

/// A text ready to be searched.
pub(crate) struct Scan<'a> {
    text: &'a str,
    /// Byte place of every character, and the text's length at the end.
    bytes: Vec<usize>,
    /// Folded characters; those of earlier replacements are [`TAKEN`].
    pub(crate) chars: Vec<char>,
}

/// Digits that stand together without a gap.
pub(crate) struct Group {
    pub(crate) span: Span,
    /// Joined to the next group by nothing but separators, and is there a dot among them?
    pub(crate) joins_next: Option<Gap>,
}

/// What separates two groups of digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    Plain,
    Dot,
}

/// The characters of a text without gaps, each with its place.
pub(crate) struct Dense {
    chars: Vec<char>,
    at: Vec<usize>,
}

impl<'a> Scan<'a> {
    /// `tags` are the replacements; where one stands already, nothing is searched.
    pub(crate) fn new(text: &'a str, tags: &[&str]) -> Self {
        let mut bytes = Vec::with_capacity(text.len() / 2 + 1);
        let mut chars = Vec::with_capacity(text.len() / 2);
        let mut taken_until = 0;
        for (at, c) in text.char_indices() {
            if c == '['
                && at >= taken_until
                && let Some(tag) = tags.iter().find(|t| text[at..].starts_with(**t))
            {
                taken_until = at + tag.len();
            }
            bytes.push(at);
            chars.push(if at < taken_until { TAKEN } else { fold(c) });
        }
        bytes.push(text.len());
        let mut scan = Self { text, bytes, chars };
        scan.read_numerals();
        scan
    }

    fn read_numerals(&mut self) {
        let digit = |c: char| NUMERALS.iter().find(|(n, _)| *n == c).map(|(_, d)| *d);
        let mut start = 0;
        while start < self.chars.len() {
            let run = self.chars[start..].iter().take_while(|c| digit(**c).is_some()).count();
            if run >= NUMERAL_RUN {
                for c in &mut self.chars[start..start + run] {
                    *c = digit(*c).unwrap_or(*c);
                }
            }
            start += run.max(1);
        }
    }

    /// The bytes of a stretch in the original text.
    pub(crate) fn bytes(&self, span: Span) -> std::ops::Range<usize> {
        self.bytes[span.start]..self.bytes[span.end]
    }

    /// The original text of a stretch.
    pub(crate) fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(self.bytes[from]..self.bytes[to]).unwrap_or("")
    }

    /// Groups of digits, and which of them belong together.
    pub(crate) fn groups(&self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        let mut i = 0;
        while i < self.chars.len() {
            if !self.chars[i].is_ascii_digit() {
                i += 1;
                continue;
            }
            let start = i;
            while i < self.chars.len() && self.chars[i].is_ascii_digit() {
                i += 1;
            }
            if let Some(last) = groups.last_mut() {
                last.joins_next = gap(&self.chars[last.span.end..start]);
            }
            groups.push(Group { span: Span { start, end: i }, joins_next: None });
        }
        groups
    }

    /// Digits joined over separators, with the place of each.
    pub(crate) fn digit_chains(&self) -> Vec<(Vec<u8>, Vec<usize>)> {
        let mut chains: Vec<(Vec<u8>, Vec<usize>)> = Vec::new();
        let mut joined = false;
        for group in self.groups() {
            if !joined {
                chains.push((Vec::new(), Vec::new()));
            }
            if let Some((digits, at)) = chains.last_mut() {
                for i in group.span.start..group.span.end {
                    digits.push(self.chars[i] as u8);
                    at.push(i);
                }
            }
            joined = group.joins_next.is_some();
        }
        chains
    }

    /// The text without the characters that `is_gap` names.
    pub(crate) fn dense(&self, is_gap: fn(char) -> bool) -> Dense {
        let mut dense = Dense { chars: Vec::new(), at: Vec::new() };
        for (at, c) in self.chars.iter().enumerate() {
            if !is_gap(*c) {
                dense.chars.push(*c);
                dense.at.push(at);
            }
        }
        dense
    }

    /// Every place where `wanted` stands in `dense`; a Latin word or a number only whole.
    pub(crate) fn find(&self, dense: &Dense, wanted: &[char], found: &mut Vec<Span>) {
        let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else { return };
        let mut i = 0;
        while i + wanted.len() <= dense.chars.len() {
            if dense.chars[i..].starts_with(wanted) {
                let (start, end) = (dense.at[i], dense.at[i + wanted.len() - 1] + 1);
                let before = start.checked_sub(1).and_then(|b| self.chars.get(b));
                let after = self.chars.get(end);
                if !glued(before, Some(first)) && !glued(Some(last), after) {
                    found.push(Span { start, end });
                    i += wanted.len();
                    continue;
                }
            }
            i += 1;
        }
    }
}

/// Do two neighbours belong to one Latin word or number?
fn glued(left: Option<&char>, right: Option<&char>) -> bool {
    matches!((left, right), (Some(l), Some(r)) if
        (l.is_ascii_alphabetic() && r.is_ascii_alphabetic()) || (l.is_ascii_digit() && r.is_ascii_digit()))
}

/// At most three separators, and nothing else.
fn gap(between: &[char]) -> Option<Gap> {
    if between.is_empty() || between.len() > 3 {
        return None;
    }
    let mut kind = Gap::Plain;
    for c in between {
        match narrow(*c) {
            ' ' | '\t' | '-' | '–' | '—' | '−' | '‐' | '‑' | '(' | ')' | '_' | '\u{200b}' => {}
            '.' | '·' => kind = Gap::Dot,
            _ => return None,
        }
    }
    Some(kind)
}
