//! Several matters in one message: a proposal to split it (拆单, D§9.6).
//!
//! People put two demands into one call, and one unit cannot answer both. The message is cut into
//! clauses, each is read by the same [`Reader`] that reads whole messages, and neighbours that speak
//! for one matter make a part. A split is proposed only when at least two parts read to different
//! matters, each with [`SUPPORT`], and when the writer marked it: the second part begins with a
//! number (二、, 2.) or a word that adds (另外, 还有, 此外, also). What stands before a numbered list
//! introduces it and is no demand beside it: the items are its reasons as often as not. A letter that
//! tells one long story in many sentences is one matter, whatever else it mentions. A proposal, never
//! an act: a person splits.

use std::ops::Range;

use suban_domain::MatterCode;

use crate::reading::{Reader, Reading, ToRead};

/// Least score of a part read alone, in the quarters of [`crate::Candidate::score`]: one word of four
/// characters or two shorter ones. A whole message is read from 16 on; a part that becomes a ticket must be surer.
pub const SUPPORT: i32 = 28;
/// Least share of the strongest part's score, in percent: less is an aside.
const SHARE_PERCENT: i32 = 33;
/// Most clauses that are read; a longer message is a dossier and no call.
const MOST_CLAUSES: usize = 400;
/// Most bytes of a message that are read.
const MOST_BYTES: usize = 64 * 1024;

/// Ends a clause.
const ENDS: &[char] = &['。', '！', '？', '!', '?', ';', '；', '\n'];
/// Adds another matter, at the front of a clause.
const ADDS: &[&str] = &[
    "另外",
    "另",
    "还有",
    "此外",
    "除此之外",
    "再就是",
    "再一个",
    "再者",
    "also",
    "in addition",
    "additionally",
    "another issue",
    "another problem",
    "besides",
];
/// Counts matters in words.
const COUNTS: &[&str] = &[
    "首先", "其次", "第一", "第二", "第三", "第四", "第五", "其一", "其二", "其三", "firstly", "secondly", "thirdly",
    "first,", "second,", "third,",
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
    if clauses.len() > MOST_CLAUSES || !clauses.iter().skip(1).any(|c| c.mark.is_some()) {
        return Vec::new();
    }
    // A stretch runs from one mark to the next: what the writer put together is judged together.
    let mut stretches: Vec<Clause> = Vec::new();
    for clause in clauses {
        match stretches.last_mut() {
            Some(last) if clause.mark.is_none() => last.range.end = clause.range.end,
            Some(_) | None => stretches.push(clause),
        }
    }
    let introduces = matches!(stretches.as_slice(), [first, second, ..]
        if first.mark.is_none() && second.mark == Some(Mark::Counts));
    if introduces {
        stretches.remove(0);
    }
    let readings: Vec<(Range<usize>, Reading)> = stretches
        .into_iter()
        .map(|Clause { range, .. }| {
            let reading = reader.read(&ToRead::words(text.get(range.clone()).unwrap_or("")));
            (range, reading)
        })
        .collect();
    let score = |reading: &Reading| reading.candidates.first().map_or(0, |c| c.score);
    let strongest = readings.iter().map(|(_, r)| score(r)).max().unwrap_or(0);
    let least = SUPPORT.max(strongest * SHARE_PERCENT / 100);
    let mut parts: Vec<Part> = Vec::new();
    for (range, reading) in readings {
        let known = reading.matter.clone().filter(|_| score(&reading) >= least);
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
    /// The writer marks it as a demand.
    mark: Option<Mark>,
}

/// How a demand is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// 另外.
    Adds,
    /// 二、
    Counts,
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
            || c == ' ' && mark(rest) == Some(Mark::Counts)
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
        clauses.push(Clause { mark: mark(words), range });
    }
    clauses
}

fn mark(clause: &str) -> Option<Mark> {
    // The mark is at the front; more would copy the whole text for each comma.
    let head: String = clause.chars().take(30).map(crate::fold::narrow).collect();
    let head = head.trim_start();
    let begins = |words: &[&'static str]| words.iter().copied().find(|w| head.starts_with(*w));
    if let Some(word) = begins(ADDS) {
        // 另 alone opens words such as 另一, and `also` must end.
        let after = head.get(word.len()..).and_then(|h| h.chars().next());
        let whole = !word.is_ascii() || !after.is_some_and(|c| c.is_ascii_alphanumeric());
        let other = word == "另" && after.is_some_and(|c| matches!(c, '一' | '类' | '行' | '案' | '有'));
        return (whole && !other).then_some(Mark::Adds);
    }
    (begins(COUNTS).is_some() || is_numbered(head)).then_some(Mark::Counts)
}

/// `二、`, `2.`, `(2)`, `2)`; not `2.5`.
fn is_numbered(head: &str) -> bool {
    let open = head.strip_prefix('(');
    let rest = open.unwrap_or(head);
    let number: usize =
        rest.chars().take_while(|c| c.is_ascii_digit() || NUMERALS.contains(c)).take(3).map(char::len_utf8).sum();
    let mut behind = rest.get(number..).unwrap_or("").chars();
    let Some(border) = behind.next().filter(|_| number > 0) else { return false };
    let closes = if open.is_some() { border == ')' } else { matches!(border, '、' | '.' | ')' | ':') };
    let decimal = border == '.' && behind.next().is_some_and(|c| c.is_ascii_digit());
    closes && !decimal
}

#[cfg(test)]
mod tests;
