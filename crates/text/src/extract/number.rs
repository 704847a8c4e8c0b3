//! Numbers as people write them: `3`, `G2`, `12a`, `三`, `十八`, `三零二`.

use std::ops::Range;

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// Digits, perhaps with one letter at either end.
    Digits,
    /// Chinese numerals.
    Numerals,
    /// One letter that stands alone.
    Letter,
}

/// A number in a folded text.
#[derive(Debug, Clone)]
pub(super) struct Number {
    pub(super) range: Range<usize>,
    pub(super) written: Written,
    /// Its digits, without the letters; 0 for a letter or more than nine digits.
    pub(super) digits: usize,
    /// What it counts to, at most 9,999.
    pub(super) value: Option<u32>,
}

impl Number {
    /// One spelling: Arabic digits, small letters.
    pub(super) fn spelled(&self, text: &str) -> String {
        match (self.written, self.value) {
            (Written::Numerals, Some(value)) => value.to_string(),
            (Written::Numerals | Written::Digits | Written::Letter, _) => {
                text.get(self.range.clone()).unwrap_or("").to_owned()
            }
        }
    }
}

/// Largest number that is read from numerals.
const LARGEST: u32 = 9_999;

/// Every number in a folded text, in order, none overlapping.
pub(super) fn numbers(text: &str) -> Vec<Number> {
    let mut numbers = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some(&(start, c)) = chars.peek() {
        if c.is_ascii_alphanumeric() {
            let mut end = start;
            while let Some(&(at, c)) = chars.peek() {
                if !c.is_ascii_alphanumeric() {
                    break;
                }
                end = at + 1;
                chars.next();
            }
            numbers.extend(text.get(start..end).and_then(|run| written_in_latin(run, start)));
        } else if is_numeral(c) {
            let mut run = Vec::new();
            let mut end = start;
            while let Some(&(at, c)) = chars.peek() {
                if !is_numeral(c) {
                    break;
                }
                end = at + c.len_utf8();
                // A longer run counts nothing; its length need not be kept.
                if run.len() <= 8 {
                    run.push(c);
                }
                chars.next();
            }
            numbers.push(Number {
                range: start..end,
                written: Written::Numerals,
                digits: run.len(),
                value: numeral(&run),
            });
        } else {
            chars.next();
        }
    }
    numbers
}

/// Digits with at most one letter at either end; a letter alone.
fn written_in_latin(run: &str, start: usize) -> Option<Number> {
    let range = start..start + run.len();
    if run.len() == 1 && run.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Some(Number { range, written: Written::Letter, digits: 0, value: None });
    }
    let inner = run.strip_prefix(|c: char| c.is_ascii_alphabetic()).unwrap_or(run);
    let inner = inner.strip_suffix(|c: char| c.is_ascii_alphabetic()).unwrap_or(inner);
    if inner.is_empty() || !inner.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value = inner.parse().ok().filter(|v| *v <= LARGEST);
    let digits = if inner.len() <= 9 { inner.len() } else { 0 };
    Some(Number { range, written: Written::Digits, digits, value })
}

fn digit(c: char) -> Option<u32> {
    Some(match c {
        '零' | '〇' => 0,
        '一' | '幺' => 1,
        '二' | '两' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        _ => return None,
    })
}

fn power(c: char) -> Option<u32> {
    Some(match c {
        '十' => 10,
        '百' => 100,
        '千' => 1_000,
        _ => return None,
    })
}

fn is_numeral(c: char) -> bool {
    digit(c).is_some() || power(c).is_some()
}

/// `十八` 18, `一百零三` 103, `一百二` 120, `三零二` 302, `二〇一九` 2019. What is no number up to 9,999 is `None`.
pub(super) fn numeral(run: &[char]) -> Option<u32> {
    if run.is_empty() || run.len() > 8 {
        return None;
    }
    if run.iter().all(|c| digit(*c).is_some()) {
        let value = run.iter().try_fold(0u32, |sum, c| Some(sum * 10 + digit(*c)?));
        return value.filter(|v| *v <= LARGEST);
    }
    let mut sum = 0;
    let mut last: Option<u32> = None;
    let mut below = 10_000;
    let mut skipped = false;
    for &c in run {
        if let Some(d) = digit(c) {
            if d == 0 {
                skipped = true;
                last = None;
            } else if last.replace(d).is_some() {
                return None;
            }
        } else {
            let power = power(c)?;
            let times = match last.take() {
                Some(d) => d,
                None if power == 10 && below > 10 => 1,
                None => return None,
            };
            if power >= below {
                return None;
            }
            below = power;
            skipped = false;
            sum += times * power;
        }
    }
    if let Some(d) = last {
        // `一百二` is 120, `一百零二` is 102, `二十二` is 22.
        sum += if skipped || below <= 10 { d } else { d * below / 10 };
    }
    (sum > 0 && sum <= LARGEST).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(s: &str) -> Option<u32> {
        numeral(&s.chars().collect::<Vec<_>>())
    }

    #[test]
    fn numerals_count() {
        for (said, is) in [
            ("三", 3),
            ("十", 10),
            ("十八", 18),
            ("二十", 20),
            ("二十二", 22),
            ("一百零三", 103),
            ("一百二", 120),
            ("一百二十", 120),
            ("三千六百", 3600),
            ("两千零五", 2005),
            ("一千零一十", 1010),
            ("九千九百九十九", 9999),
            ("三零二", 302),
            ("二〇一九", 2019),
            ("幺零", 10),
        ] {
            assert_eq!(value(said), Some(is), "{said}");
        }
        for none in ["", "百", "十百", "一十千", "二三十", "一二三四五", "千一"] {
            assert_eq!(value(none), None, "{none}");
        }
    }

    #[test]
    fn numbers_keep_their_letters() {
        let text = "g2栋12a号 abc 3 x座 二十 a3b4 12345678901";
        let read: Vec<String> = numbers(text).iter().map(|n| n.spelled(text)).collect();
        assert_eq!(read, ["g2", "12a", "3", "x", "20", "12345678901"]);
    }

    proptest::proptest! {
        #[test]
        fn every_number_to_the_largest_is_read(n in 1u32..=9999) {
            let mut said = String::new();
            let digits = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
            let mut zero = false;
            for (power, word) in [(1000, "千"), (100, "百"), (10, "十"), (1, "")] {
                let d = n / power % 10;
                if d == 0 {
                    zero = !said.is_empty();
                } else {
                    if zero { said.push('零'); }
                    zero = false;
                    said.push_str(digits[d as usize]);
                    said.push_str(word);
                }
            }
            proptest::prop_assert_eq!(value(&said), Some(n), "{}", said);
        }
    }
}
