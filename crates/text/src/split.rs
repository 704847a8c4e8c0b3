//! Several matters in one message: a proposal to split it (拆单, D§9.6).
//!
//! People put two demands into one call, and one unit cannot answer both. The message is cut into
//! clauses, each is read by the same [`Reader`] that reads whole messages, and neighbours that speak
//! for one matter make a part. A split is proposed only when at least two parts read to different
//! matters, each with [`SUPPORT`], and when the writer marked it: the second part begins with a
//! number (二、, 2.) or a word that adds (另外, 还有, 此外, also). A letter that tells one long story
//! in many sentences is one matter, whatever else it mentions. A proposal, never an act: a person splits.

use std::ops::Range;

use suban_domain::MatterCode;

use crate::reading::{Reader, Reading, ToRead};

/// Least score of a part read alone, in the quarters of [`crate::Candidate::score`]: two plain words
/// at the front. A whole message is read from 16 on; a part that becomes a ticket must be surer.
pub const SUPPORT: i32 = 24;
/// Most clauses that are read; a longer message is a dossier and no call.
const MOST_CLAUSES: usize = 400;
/// Most bytes of a message that are read.
const MOST_BYTES: usize = 64 * 1024;

/// Ends a clause.
const ENDS: &[char] = &['。', '！', '？', '!', '?', ';', '；', '\n'];
/// Begins another matter, at the front of a clause.
const ADDS: &[&str] = &[
    "另外",
    "另",
    "还有",
    "此外",
    "除此之外",
    "再就是",
    "再一个",
    "再者",
    "其次",
    "第二",
    "第三",
    "第四",
    "其二",
    "其三",
    "also",
    "in addition",
    "additionally",
    "secondly",
    "second,",
    "thirdly",
    "another issue",
    "another problem",
    "besides",
];
/// Numbers at the front of a clause: the character before the border.
const NUMERALS: &[char] = &['一', '二', '三', '四', '五', '六', '七', '八', '九', '十'];

/// One demand of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Bytes of the original text, on character borders, in order; more than one where the writer comes back to it.
    pub ranges: Vec<Range<usize>>,
    /// The matter.
    pub matter: MatterCode,
    /// Its words read alone. Where they name no area, the message's stands.
    pub reading: Reading,
}

/// The demands of a message, at least two of different matters; empty when it is one demand, or when that is not sure.
#[must_use]
pub fn split(reader: &Reader, text: &str) -> Vec<Part> {
    let text = text.get(..text.floor_char_boundary(MOST_BYTES)).unwrap_or("");
    let clauses = clauses(text);
    if clauses.len() > MOST_CLAUSES || !clauses.iter().skip(1).any(|c| c.marked) {
        return Vec::new();
    }
    // A stretch runs from one mark to the next: what the writer put together is judged together.
    let mut stretches: Vec<Range<usize>> = Vec::new();
    for clause in &clauses {
        match stretches.last_mut() {
            Some(last) if !clause.marked => last.end = clause.range.end,
            Some(_) | None => stretches.push(clause.range.clone()),
        }
    }
    let mut parts: Vec<Part> = Vec::new();
    for range in stretches {
        let reading = reader.read(&ToRead::words(text.get(range.clone()).unwrap_or("")));
        let sure = reading.candidates.first().is_some_and(|c| c.score >= SUPPORT);
        let known = reading.matter.clone().filter(|_| sure);
        match known {
            // What says too little goes with what stands before it.
            None => {
                if let Some(last) = parts.last_mut() {
                    extend(last, range);
                }
            }
            Some(matter) => match parts.iter_mut().find(|p| p.matter == matter) {
                Some(part) => extend(part, range),
                None => parts.push(Part { ranges: vec![range], matter, reading }),
            },
        }
    }
    if parts.len() < 2 {
        return Vec::new();
    }
    let whole = reader.gazetteer().by_words(text).area;
    for part in &mut parts {
        if part.reading.area.is_none() {
            part.reading.area.clone_from(&whole);
        }
    }
    parts
}

fn extend(part: &mut Part, range: Range<usize>) {
    match part.ranges.last_mut() {
        Some(last) if last.end == range.start => last.end = range.end,
        Some(_) | None => part.ranges.push(range),
    }
}

struct Clause {
    range: Range<usize>,
    /// The writer marks it as another demand.
    marked: bool,
}

/// The clauses of a text, without gaps between them.
fn clauses(text: &str) -> Vec<Clause> {
    let mut borders: Vec<usize> = vec![0];
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let rest = text.get(end..).unwrap_or("");
        // A sentence ends, or a comma stands before a mark: `路灯不亮，另外井盖松动`.
        let ends = ENDS.contains(&c)
            || c == '.' && rest.starts_with(' ')
            || c == ' ' && enumerated(rest.get(..rest.ceil_char_boundary(24.min(rest.len()))).unwrap_or("")).is_some()
            || matches!(c, ',' | '，' | '、' | '：' | ':') && mark(rest).is_some();
        if ends {
            borders.push(end);
        }
    }
    borders.push(text.len());
    borders.dedup();
    let mut clauses: Vec<Clause> = Vec::new();
    for pair in borders.windows(2) {
        let range = pair[0]..pair[1];
        let words = text.get(range.clone()).unwrap_or("");
        clauses.push(Clause { marked: mark(words).is_some(), range });
    }
    clauses
}

/// How many bytes mark the clause as a demand of its own.
fn mark(clause: &str) -> Option<usize> {
    let words = clause.trim_start();
    let led = clause.len() - words.len();
    // The mark is at the front; more would copy the whole text for each comma.
    let head: String = words.chars().take(20).map(crate::fold::narrow).collect();
    if let Some(word) = ADDS.iter().find(|w| head.starts_with(**w)) {
        // 另 alone opens words such as 另一, and `also` must end.
        let after = head.get(word.len()..).and_then(|h| h.chars().next());
        let whole = !word.is_ascii() || !after.is_some_and(|c| c.is_ascii_alphanumeric());
        let other = *word == "另" && after.is_some_and(|c| matches!(c, '一' | '类' | '行' | '案' | '有'));
        return (whole && !other).then_some(led + word.len());
    }
    enumerated(&head).map(|n| led + n)
}

/// `二、`, `2.`, `(2)`, `2)`; not `2.5`.
fn enumerated(head: &str) -> Option<usize> {
    let open = head.strip_prefix('(');
    let rest = open.unwrap_or(head);
    let number: usize =
        rest.chars().take_while(|c| c.is_ascii_digit() || NUMERALS.contains(c)).take(3).map(char::len_utf8).sum();
    if number == 0 {
        return None;
    }
    let mut behind = rest.get(number..)?.chars();
    let border = behind.next()?;
    let closes = if open.is_some() { border == ')' } else { matches!(border, '、' | '.' | ')' | ':' | '．') };
    let decimal = border == '.' && behind.next().is_some_and(|c| c.is_ascii_digit());
    (closes && !decimal).then_some(number)
}

#[cfg(test)]
mod tests;
