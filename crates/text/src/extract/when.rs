//! Times said in a text, read coarsely: by day or by night, again and again, since when.
//!
//! Night is 22:00 to 06:00, as the law on noise has it. Where a clock is named it decides; where only a
//! word is named (晚上, at night) the word does. Words that stand together, or joined by 到, are one time.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::number::{Number, Written};
use super::{Folded, before, begins, behind, ends};
use crate::area::whole_word;

/// A time that the text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeSaid {
    /// Bytes of the original text, on character borders.
    pub range: Range<usize>,
    /// Some of it is between 22:00 and 06:00, or is called night.
    pub night: bool,
    /// Some of it is by day.
    pub day: bool,
    /// It happens again and again: 每天, 经常, every night.
    pub repeats: bool,
    /// It says since when or for how long: 从去年开始, 三个月了, since March.
    pub since: bool,
}

#[derive(Clone, Copy)]
enum Says {
    Night,
    Day,
    Repeats,
    Since,
    RepeatsNight,
    /// A date without a time of the day.
    Date,
}

const WORDS: &[(Says, &str)] = &[
    (
        Says::Night,
        "昨晚|昨夜|今晚|前晚|当晚|晚上|夜晚|夜间|夜里|夜半|半夜|深夜|凌晨|午夜|通宵|后半夜|大半夜|三更半夜|深更半夜|每到夜\
        |last night|tonight|at night|overnight|midnight|nighttime|late night|during the night|in the night",
    ),
    (
        Says::Day,
        "早上|早晨|清晨|上午|中午|下午|白天|傍晚|早高峰|晚高峰|午休|this morning|this afternoon|in the morning|in the afternoon\
        |daytime|at noon|rush hour|during the day",
    ),
    (
        Says::Repeats,
        "每天|每日|天天|每周|每月|每年|每次|每逢|经常|时常|常常|不断|反复|一直|长期|长年|常年|总是|屡次|多次|日夜|昼夜|24小时\
        |everyday|every day|daily|every week|weekly|every morning|constantly|always|repeatedly|frequently|every time",
    ),
    (Says::RepeatsNight, "每晚|每夜|夜夜|every night|nightly|nights"),
    (
        Says::Since,
        "以来|至今|从去年|从前年|从今年|从上个月|从年初|自去年|自今年|很久了|好久了|几年了|多年来|since|for months|for years|for weeks|for days",
    ),
    (
        Says::Date,
        "昨天|今天|前天|昨日|今日|日前|近日|近期|最近|上周|本周|上个月|这个月|去年|今年|前年|周末|节假日|yesterday|today|last week|last month|last year|this week|recently|weekend",
    ),
];

struct Words {
    search: AhoCorasick,
    says: Vec<Says>,
}

static SAID: LazyLock<Option<Words>> = LazyLock::new(|| {
    let says = WORDS.iter().flat_map(|(says, words)| words.split('|').map(|_| *says)).collect();
    let search = AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::DFA))
        .match_kind(MatchKind::LeftmostLongest)
        .build(WORDS.iter().flat_map(|(_, words)| words.split('|').map(str::trim)))
        .ok()?;
    Some(Words { search, says })
});

/// First and last hour of the night.
const NIGHT_FROM: u32 = 22;
const NIGHT_TO: u32 = 6;
/// Bytes between two words of one time: 的, a space, 到, `at`.
const JOINTS: &[&str] = &["", " ", "的", "到", "至", "-", "~", "—", "到了", " at ", " to ", " - ", "直到", "直至", ","];

/// A time in bytes of the folded text; `clock` when its part of the day comes from one.
struct Piece {
    range: Range<usize>,
    said: TimeSaid,
    clock: bool,
}

pub(super) fn times(text: &Folded<'_>, numbers: &[Number]) -> Vec<TimeSaid> {
    let folded = text.folded.as_str();
    let mut pieces: Vec<Piece> = words(folded);
    pieces.extend(
        numbers.iter().enumerate().filter_map(|(i, n)| clock(folded, numbers, i, n).or_else(|| span(folded, n))),
    );
    pieces.sort_by_key(|p| (p.range.start, p.range.end));
    let mut joined: Vec<Piece> = Vec::new();
    for piece in pieces {
        match joined.last_mut() {
            Some(last) if piece.range.start < last.range.end => {}
            Some(last) if is_joint(folded, last.range.end, piece.range.start) => last.join(piece),
            Some(_) | None => joined.push(piece),
        }
    }
    joined.into_iter().map(|p| TimeSaid { range: text.original(&p.range), ..p.said }).collect()
}

impl Piece {
    fn new(range: Range<usize>) -> Self {
        let said = TimeSaid { range: range.clone(), night: false, day: false, repeats: false, since: false };
        Self { range, said, clock: false }
    }

    /// 昨晚 and 21点 are one time; the clock decides whether it is night.
    fn join(&mut self, next: Self) {
        match (self.clock, next.clock) {
            (false, true) => (self.said.night, self.said.day) = (next.said.night, next.said.day),
            (true, false) if !(next.said.night || next.said.day) => {}
            (true | false, _) => {
                self.said.night |= next.said.night;
                self.said.day |= next.said.day;
            }
        }
        self.said.repeats |= next.said.repeats;
        self.said.since |= next.said.since;
        self.clock |= next.clock;
        self.range.end = next.range.end;
    }
}

fn is_joint(text: &str, from: usize, to: usize) -> bool {
    text.get(from..to).is_some_and(|between| JOINTS.contains(&between))
}

fn words(text: &str) -> Vec<Piece> {
    let Some(said) = SAID.as_ref() else { return Vec::new() };
    said.search
        .find_iter(text)
        .filter(|hit| whole_word(text, hit.start(), hit.end()))
        .filter_map(|hit| {
            let mut piece = Piece::new(hit.range());
            match said.says.get(hit.pattern().as_usize())? {
                Says::Night => piece.said.night = true,
                Says::Day => piece.said.day = true,
                Says::Repeats => piece.said.repeats = true,
                Says::RepeatsNight => (piece.said.repeats, piece.said.night) = (true, true),
                Says::Since => piece.said.since = true,
                Says::Date => {}
            }
            Some(piece)
        })
        .collect()
}

/// 22点, 22:30, 晚上10点半, `11 pm`.
fn clock(text: &str, numbers: &[Number], i: usize, n: &Number) -> Option<Piece> {
    let rest = behind(text, n.range.end);
    let front = before(text, n.range.start);
    let mut hour = n.value.filter(|_| n.written == Written::Numerals || n.digits <= 2);
    let mut end = n.range.end;
    let meridiem = |rest: &str| {
        let near = rest.trim_start_matches(' ');
        let word = begins(near, &["a.m.", "p.m.", "am", "pm"])?;
        let ends_here = !near.get(word.len()..)?.starts_with(|c: char| c.is_ascii_alphanumeric());
        (rest.len() - near.len() <= 1 && ends_here)
            .then(|| (word.starts_with('p'), rest.len() - near.len() + word.len()))
    };
    let mut pm = None;
    if n.written == Written::Letter {
        return None;
    }
    if let Some(word) = begins(rest, &["点钟", "点半", "点多", "点", "时许", "时"]) {
        // 一点 is a little, 有时 and 小时 are words.
        let little =
            n.written == Written::Numerals && n.value == Some(1) && ends(front, &["上", "晨", "午", "夜"]).is_none();
        let no_clock = begins(behind(rest, word.len()), &["间", "建议", "问题", "意见", "以上", "以下"]).is_some();
        if little || no_clock {
            return None;
        }
        end += word.len();
    } else if rest.starts_with(':') && n.written == Written::Digits {
        let minutes = numbers.get(i + 1).filter(|m| m.range.start == n.range.end + 1 && m.digits == 2)?;
        minutes.value.filter(|v| *v < 60)?;
        end = minutes.range.end;
        if let Some((is_pm, len)) = meridiem(behind(text, end)) {
            pm = Some(is_pm);
            end += len;
        } else if minutes.spelled(text).ends_with('p') {
            return None;
        }
    } else if let Some((is_pm, len)) = meridiem(rest) {
        pm = Some(is_pm);
        end += len;
    } else {
        return None;
    }
    let afternoon = ends(front, &["下午", "傍晚", "晚上", "晚", "夜里", "夜间", "每晚"]).is_some();
    hour = hour.map(|h| match (pm, h) {
        (Some(true), 1..=11) => h + 12,
        (Some(false), 12) => 0,
        // 晚上12点 is midnight, 晚上1点 and 2点 as well.
        (None, 12) if afternoon => 0,
        (None, 5..=11) if afternoon => h + 12,
        (None, 1..=4) if front.ends_with("下午") => h + 12,
        _ => h,
    });
    let hour = hour.filter(|h| *h <= 24)?;
    let mut piece = Piece::new(n.range.start..end);
    piece.clock = true;
    let night = !(NIGHT_TO..NIGHT_FROM).contains(&hour);
    (piece.said.night, piece.said.day) = (night, !night);
    Some(piece)
}

/// 三个月了, 5年, 2018年, 9月15日, `for 3 weeks`: how long or a date.
fn span(text: &str, n: &Number) -> Option<Piece> {
    n.value?;
    let (front, rest) = (before(text, n.range.start), behind(text, n.range.end));
    let mut piece = Piece::new(n.range.clone());
    if let Some(unit) =
        begins(rest, &["个多月", "个月", "多年", "年多", "年", "多天", "天", "月", "周", "个星期", "日", "号"])
    {
        let tail = behind(rest, unit.len());
        let long = begins(tail, &["了", "以来", "有余", "之久", "来", "没", "未"]).is_some()
            || ends(front, &["已经", "已", "长达", "近", "持续", "快", "连续"]).is_some();
        let from = ends(front, &["从", "自", "自从"]).is_some() || begins(tail, &["开始", "起", "至今"]).is_some();
        let date = n.written == Written::Digits && matches!(unit, "年" | "月" | "日" | "号") && n.digits <= 4;
        let counts = !matches!(unit, "日" | "号");
        if !(long && counts || from || date && (unit != "号" || front.ends_with('月'))) {
            return None;
        }
        piece.said.since = long && counts || from;
        piece.range.end += unit.len();
        return Some(piece);
    }
    let unit = rest.strip_prefix(' ').and_then(|r| begins(r, &["days", "weeks", "months", "years", "hours"]))?;
    piece.said.since = ends(front.trim_end(), &["for", "past", "last", "over"]).is_some();
    piece.range.end += 1 + unit.len();
    Some(piece)
}
