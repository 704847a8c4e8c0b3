//! A reply cut into clauses, and what each of them is.
//!
//! A clause goes to the next comma or full stop, a sentence to the next full stop; a promise is dated when its
//! sentence says when. Kinds are tried in the order of [`Said`]: who passes a matter on politely still passes it on.

use std::ops::Range;

use jiff::civil::{Date, date};

use super::phrases::{Sign, Signs};
use crate::fold::fold;

/// What a clause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// It went to somebody else; what they found is not said.
    PassedOn,
    /// A greeting, thanks, the question said back, a date, a signature.
    Courtesy,
    /// Something was done.
    Deed,
    /// Something will be done by some time.
    DatedPromise,
    /// Something will be done, nobody knows when.
    OpenPromise,
    /// Everything else: facts and explanations.
    Fact,
}

/// One clause.
#[derive(Debug, Clone)]
pub(super) struct Clause {
    /// Bytes of the reply.
    pub(super) range: Range<usize>,
    /// Letters and digits.
    pub(super) letters: usize,
    /// What it is.
    pub(super) said: Said,
    /// It names a law, a rule, a condition or a cause.
    pub(super) grounds: bool,
    /// The day it names in full.
    pub(super) day: Option<Date>,
}

impl Clause {
    /// Does it answer anything? Promises without a time do not.
    pub(super) const fn is_substance(&self) -> bool {
        match self.said {
            Said::Deed | Said::DatedPromise | Said::Fact => true,
            Said::PassedOn | Said::Courtesy | Said::OpenPromise => false,
        }
    }
}

/// The clauses of a reply, in order.
#[derive(Debug, Default)]
pub(super) struct Clauses {
    all: Vec<Clause>,
    length: usize,
}

/// Letters of the question said back, or of a signature, at most.
const SIGNATURE: usize = 24;
/// Courtesies are short; a longer clause with one in it says something besides.
const COURTESY: usize = 32;
/// A clause that begins like this and ends like that says the question back.
const ECHO_BEGINS: &[&str] =
    &["关于", "针对", "对于", "您反映", "你反映", "您咨询", "您提出", "您所反映", "就您", "反映", "您在", "你在"];
const ECHO_ENDS: &[&str] = &["问题", "情况", "事宜", "一事", "诉求", "建议", "来信", "留言", "已收到", "意见"];

impl Clauses {
    pub(super) fn of(text: &str) -> Self {
        let mut all: Vec<Clause> = Vec::new();
        for sentence in pieces(text, 0..text.len(), ends_sentence) {
            let folded: String = text.get(sentence.clone()).unwrap_or("").chars().map(fold).collect();
            let says_when = Signs::of(&folded).has(Sign::When) || numbered_time(&folded);
            for range in pieces(text, sentence, ends_clause) {
                all.extend(clause(text, range, says_when));
            }
        }
        let mut clauses = Self { all, length: text.len() };
        clauses.sign_off(text);
        clauses
    }

    /// What closes a letter: a few words before a date. Nothing is done in a signature.
    fn sign_off(&mut self, text: &str) {
        let Some(last) = self.all.last_mut() else { return };
        let words = text.get(last.range.clone()).unwrap_or("").trim_end();
        let dated = words.ends_with('日') && words.chars().any(|c| c.is_ascii_digit());
        let office = ["局", "办", "府", "会", "队", "处", "科", "中心", "办公室", "街道", "委"];
        let signed = office.iter().any(|o| words.ends_with(o));
        if last.said == Said::Fact && last.letters <= SIGNATURE && (dated || signed) {
            last.said = Said::Courtesy;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Clause> {
        self.all.iter()
    }

    /// All of the reply.
    pub(super) const fn whole(&self) -> Range<usize> {
        0..self.length
    }

    /// Letters of the clauses of a kind.
    pub(super) fn letters(&self, of: impl Fn(&Clause) -> bool) -> usize {
        self.all.iter().filter(|c| of(c)).map(|c| c.letters).sum()
    }

    /// The words of the clauses of a kind.
    pub(super) fn text_of(&self, text: &str, of: impl Fn(&Clause) -> bool) -> String {
        let words: Vec<&str> = self.all.iter().filter(|c| of(c)).filter_map(|c| text.get(c.range.clone())).collect();
        words.join(" ")
    }
}

fn clause(text: &str, range: Range<usize>, says_when: bool) -> Option<Clause> {
    let folded: String = text.get(range.clone())?.chars().map(fold).collect();
    let letters = folded.chars().filter(|c| c.is_alphanumeric()).count();
    if letters == 0 {
        return None;
    }
    let signs = Signs::of(&folded);
    let said = said(&folded, letters, signs, says_when);
    Some(Clause { range, letters, said, grounds: signs.has(Sign::Grounds), day: day(&folded) })
}

fn said(folded: &str, letters: usize, signs: Signs, says_when: bool) -> Said {
    let date_only =
        folded.chars().all(|c| !c.is_alphanumeric() || c.is_ascii_digit() || matches!(c, '年' | '月' | '日'));
    let said_back = {
        let words = folded.trim_matches(|c: char| !c.is_alphanumeric());
        ECHO_BEGINS.iter().any(|b| words.starts_with(b)) && ECHO_ENDS.iter().any(|e| words.ends_with(e))
    };
    if signs.has(Sign::PassedOn) {
        Said::PassedOn
    } else if date_only || said_back || (signs.has(Sign::Courtesy) && letters <= COURTESY) {
        Said::Courtesy
    } else if signs.has(Sign::Promise) {
        if says_when { Said::DatedPromise } else { Said::OpenPromise }
    } else if !signs.has(Sign::Not) && (signs.has(Sign::Deed) || (signs.has(Sign::Act) && signs.has(Sign::Done))) {
        Said::Deed
    } else {
        Said::Fact
    }
}

/// `3月`, `15日`, `5个工作日`, `48小时`, `2020年`.
fn numbered_time(folded: &str) -> bool {
    let mut digit = false;
    for c in folded.chars() {
        if digit && matches!(c, '年' | '月' | '日' | '号' | '天' | '周' | '小' | '个') {
            return true;
        }
        digit = c.is_ascii_digit()
            || matches!(c, '一' | '二' | '两' | '三' | '四' | '五' | '六' | '七' | '八' | '九' | '十');
    }
    false
}

/// The first day told in full: `2019年4月25日`, `2019-4-25`, `2019.4.25`.
fn day(folded: &str) -> Option<Date> {
    let mut numbers = folded.split(|c: char| !c.is_ascii_digit());
    let mut near: Vec<i16> = Vec::new();
    for number in numbers.by_ref().filter(|n| !n.is_empty()) {
        near.push(number.parse().unwrap_or(-1));
        if let [.., year @ 1990..=2100, month @ 1..=12, day @ 1..=31] = near.as_slice() {
            let joined = ['年', '-', '.', '/'].iter().any(|j| folded.contains(&format!("{year}{j}")));
            let (month, day) = (i8::try_from(*month).ok()?, i8::try_from(*day).ok()?);
            let valid = joined && day <= date(*year, month, 1).days_in_month();
            return valid.then(|| date(*year, month, day));
        }
    }
    None
}

fn ends_sentence(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '!' | '?' | '；' | ';' | '\n')
}

fn ends_clause(c: char) -> bool {
    ends_sentence(c) || matches!(c, '，' | ',' | '：' | ':' | '\u{3000}')
}

/// A stretch of `text` cut behind each end.
fn pieces(text: &str, of: Range<usize>, ends: fn(char) -> bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = of.start;
    for (at, c) in text.get(of.clone()).unwrap_or("").char_indices() {
        let behind = of.start + at + c.len_utf8();
        if ends(c) {
            found.push(start..behind);
            start = behind;
        }
    }
    found.push(start..of.end);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kinds(text: &str) -> Vec<Said> {
        Clauses::of(text).iter().map(|c| c.said).collect()
    }

    #[test]
    fn clauses_are_told_apart() {
        use Said::{Courtesy, DatedPromise, Deed, Fact, OpenPromise, PassedOn};
        assert_eq!(kinds("网友“UU008”：您好！您的留言已收悉。2019年5月9日"), [Courtesy; 4]);
        assert_eq!(kinds("关于您反映的“路灯不亮”的问题，已转区城管局办理。"), [Courtesy, PassedOn]);
        assert_eq!(kinds("我局已更换灯泡，下一步将加强巡查。"), [Deed, OpenPromise]);
        assert_eq!(kinds("预计将于8月底完工。"), [DatedPromise]);
        assert_eq!(kinds("该路段为城市次干道，尚未移交。"), [Fact, PassedOn]);
        assert_eq!(kinds("The lamp was replaced; we will inspect it."), [Deed, OpenPromise]);
    }

    #[test]
    fn a_day_is_read_only_in_full() {
        assert_eq!(day("于2019年4月25日"), Some(date(2019, 4, 25)));
        assert_eq!(day("2019-2-30"), None);
        assert_eq!(day("4月25日,2019户"), None);
    }

    proptest! {
        #[test]
        fn clauses_stand_in_the_text_in_order(text in "\\PC{0,80}") {
            let mut end = 0;
            for clause in Clauses::of(&text).iter() {
                prop_assert!(clause.range.start >= end && text.get(clause.range.clone()).is_some());
                end = clause.range.end;
            }
        }
    }
}
