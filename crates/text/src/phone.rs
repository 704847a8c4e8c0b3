//! Telephone numbers: one spelling for one line.
//!
//! The blind index that finds a repeat caller (R-SEC-1) compares these, so a number must read the
//! same whoever typed it. Nothing here prints a number; [`crate::display::phone`] shows a masked one.

use std::fmt;

use crate::fold::narrow;

/// Fewest digits of a number that a line can have (a local landline).
const SHORTEST: usize = 7;
/// Most digits (E.164).
const LONGEST: usize = 15;

/// A telephone number in its one spelling: digits only, `+86` taken off, any other country's code kept behind `+`.
///
/// `Debug` hides it and there is no `Display`: a number leaves only through [`Phone::as_str`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phone(String);

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(…)")
    }
}

impl Phone {
    /// The number. Personal data: for the vault and the blind index, never for a log line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits without a leading `+`.
    #[must_use]
    pub fn digits(&self) -> &str {
        self.0.trim_start_matches('+')
    }

    /// Can it receive a message, as far as the number tells?
    #[must_use]
    pub fn is_mobile(&self) -> bool {
        is_mobile(self.0.as_bytes())
    }
}

/// Reads a number however it was typed: spaces, dashes, brackets, full-width digits, `+86`, `0086`.
///
/// Mobiles (11 digits), landlines with or without their area code, 400 and 800 lines, and foreign
/// numbers behind `+` are taken; anything with other characters, too few digits or too many is not.
/// Reading what was read gives the same number.
#[must_use]
pub fn normalise(typed: &str) -> Option<Phone> {
    let mut plus = false;
    let mut digits = String::with_capacity(LONGEST);
    for c in typed.trim().chars().map(narrow) {
        match c {
            '0'..='9' => {
                if digits.len() > LONGEST + 4 {
                    return None;
                }
                digits.push(c);
            }
            '+' if digits.is_empty() && !plus => plus = true,
            ' ' | '-' | '\t' | '(' | ')' | '–' | '—' | '.' | '·' => {}
            _ => return None,
        }
    }
    if !plus && let Some(rest) = digits.strip_prefix("00") {
        plus = true;
        digits = rest.to_owned();
    }
    if plus && let Some(rest) = digits.strip_prefix("86") {
        plus = false;
        // Behind +86 an area code stands without its 0.
        let rest = rest.trim_start_matches('0');
        digits = if is_mobile(rest.as_bytes()) || rest.starts_with("400") || rest.starts_with("800") {
            rest.to_owned()
        } else {
            format!("0{rest}")
        };
        if !is_landline(digits.as_bytes()) && digits.starts_with('0') {
            return None;
        }
    } else if plus && digits.len() == 11 && digits.starts_with('1') && is_north_american(&digits.as_bytes()[1..]) {
        plus = false;
        digits.remove(0);
    } else if !plus && digits.len() == 13 && digits.starts_with("86") && is_mobile(&digits.as_bytes()[2..]) {
        digits.drain(..2);
    } else if !plus && digits.len() == 12 && digits.starts_with('0') && is_mobile(&digits.as_bytes()[1..]) {
        digits.remove(0);
    }
    let d = digits.as_bytes();
    let good = if plus {
        (8..=LONGEST).contains(&d.len()) && d[0] != b'0'
    } else {
        match d.len() {
            11 if d[0] == b'1' => is_mobile(d),
            SHORTEST..=12 if d[0] == b'0' => is_landline(d),
            SHORTEST | 8 | 10 => d[0] != b'1',
            _ => false,
        }
    };
    good.then(|| Phone(if plus { format!("+{digits}") } else { digits }))
}

/// 1, then 3 to 9, eleven digits.
pub(crate) fn is_mobile(d: &[u8]) -> bool {
    d.len() == 11 && d[0] == b'1' && (b'3'..=b'9').contains(&d[1])
}

/// Area code with its 0 (010, 02x; otherwise four digits), then seven or eight digits that do not begin with 0 or 1.
pub(crate) fn is_landline(d: &[u8]) -> bool {
    if d.len() < 10 || d[0] != b'0' || d[1] == b'0' {
        return false;
    }
    let area = area_code_len(d);
    matches!(d.len() - area, 7 | 8) && d[area] >= b'2'
}

pub(crate) fn area_code_len(d: &[u8]) -> usize {
    if matches!(d.get(1), Some(b'1' | b'2')) { 3 } else { 4 }
}

/// Ten digits of the North American plan; 400 and 800 are service lines, and theirs only in China.
pub(crate) fn is_north_american(d: &[u8]) -> bool {
    d.len() == 10 && d[0] >= b'2' && d[3] >= b'2' && !d.starts_with(b"400") && !d.starts_with(b"800")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(s: &str) -> Option<String> {
        normalise(s).map(|p| p.as_str().to_owned())
    }

    #[test]
    fn one_line_has_one_spelling() {
        for typed in [
            "13812345678",
            "138 1234 5678",
            "138-1234-5678",
            "+86 138 1234 5678",
            "0086-13812345678",
            "8613812345678",
            "０１３８１２３４５６７８",
            "１３８１２３４５６７８",
            " (+86)13812345678".trim_start_matches(" ("),
        ] {
            let typed = typed.replace(')', "");
            assert_eq!(read(&typed).as_deref(), Some("13812345678"), "{typed}");
        }
        assert_eq!(read("(0755) 8312-3456").as_deref(), Some("075583123456"));
        assert_eq!(read("+86 755 83123456").as_deref(), Some("075583123456"));
        assert_eq!(read("010-62345678").as_deref(), Some("01062345678"));
        assert_eq!(read("83123456").as_deref(), Some("83123456"));
        assert_eq!(read("+852 5123 4567").as_deref(), Some("+85251234567"));
        assert_eq!(read("+1 (617) 555-0123"), read("617.555.0123"));
        assert_eq!(read("400-812-3456").as_deref(), Some("4008123456"));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for typed in [
            "",
            "12345",
            "no",
            "1381234567",
            "138123456789",
            "12812345678",
            "138a1234567",
            "0000000000",
            "++8613812345678",
            "+0123456789",
        ] {
            assert_eq!(read(typed), None, "{typed}");
        }
    }

    #[test]
    fn debug_hides_it() {
        assert_eq!(format!("{:?}", normalise("13812345678").unwrap()), "Phone(…)");
    }

    proptest! {
        #[test]
        fn reading_twice_is_reading_once(s in "[+0-9０-９ ()-]{0,24}") {
            if let Some(phone) = normalise(&s) {
                prop_assert!((SHORTEST..=LONGEST).contains(&phone.digits().len()));
                prop_assert_eq!(normalise(phone.as_str()), Some(phone));
            }
        }

        #[test]
        fn never_panics(s in "\\PC*") {
            let _ = normalise(&s);
        }
    }
}
