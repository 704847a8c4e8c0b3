//! The number people read out: prefix, day, sequence, check character.
//!
//! `SB` + yyMMdd + a sequence of at least six digits that grows when a day needs more + one check
//! character over everything before it (ISO 7064 MOD 37,36: catches every single wrong character and
//! nearly every swap of neighbours). The day is the city's, of the time of receipt.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const PREFIX: &str = "SB";

/// A ticket's number, or a part's: `SB261124000042X`, `SB261124000042X-2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TicketNumber(String);

/// Why a text is no ticket number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Not the shape of a number at all.
    #[error(
        "a ticket number looks like SB261124000042X: SB, six digits of the date, at least six digits and a check character"
    )]
    Shape,
    /// The shape is right and a character is not.
    #[error("the check character does not fit: one of the characters was misheard or mistyped")]
    Check,
}

fn value(c: u8) -> Option<u32> {
    ALPHABET.iter().position(|&a| a == c).and_then(|p| u32::try_from(p).ok())
}

/// ISO 7064 MOD 37,36, hybrid system.
fn check(text: &str) -> Option<u8> {
    let mut p = 36u32;
    for c in text.bytes() {
        let mut s = (p + value(c)?) % 36;
        if s == 0 {
            s = 36;
        }
        p = s * 2 % 37;
    }
    let digit = (37 - p) % 36;
    ALPHABET.get(usize::try_from(digit).ok()?).copied()
}

impl TicketNumber {
    /// The number of the `sequence`-th ticket of a day (`year` of two digits).
    #[must_use]
    pub fn new(year: u8, month: u8, day: u8, sequence: u64) -> Self {
        let mut text = format!("{PREFIX}{:02}{month:02}{day:02}{sequence:06}", year % 100);
        if let Some(c) = check(&text) {
            text.push(char::from(c));
        }
        Self(text)
    }

    /// The number of part `part` of this ticket (拆单, D§9.6): `P-1..n`.
    #[must_use]
    pub fn part(&self, part: u16) -> Self {
        Self(format!("{}-{part}", self.0))
    }

    /// As people read it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last four characters, as messages show it (`{no4}`, D§13).
    #[must_use]
    pub fn last_four(&self) -> &str {
        self.0.get(self.0.len().saturating_sub(4)..).unwrap_or(&self.0)
    }
}

impl FromStr for TicketNumber {
    type Err = NumberError;

    fn from_str(s: &str) -> Result<Self, NumberError> {
        let text = s.trim().to_ascii_uppercase();
        let (main, part) = match text.split_once('-') {
            Some((main, part)) => (main, Some(part)),
            None => (text.as_str(), None),
        };
        if let Some(part) = part
            && (part.is_empty() || part.starts_with('0') || part.parse::<u16>().is_err())
        {
            return Err(NumberError::Shape);
        }
        let body = main.strip_prefix(PREFIX).ok_or(NumberError::Shape)?;
        if body.len() < 13 || body.len() > 26 || !body.is_ascii() {
            return Err(NumberError::Shape);
        }
        let (digits, last) = body.split_at(body.len() - 1);
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NumberError::Shape);
        }
        let said = last.bytes().next().ok_or(NumberError::Shape)?;
        if check(&main[..main.len() - 1]) == Some(said) { Ok(Self(text)) } else { Err(NumberError::Check) }
    }
}

impl TryFrom<String> for TicketNumber {
    type Error = NumberError;
    fn try_from(s: String) -> Result<Self, NumberError> {
        s.parse()
    }
}

impl From<TicketNumber> for String {
    fn from(n: TicketNumber) -> Self {
        n.0
    }
}

impl fmt::Display for TicketNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_number_is_read_back(y in 0u8..100, m in 1u8..13, d in 1u8..32, s in 0u64..10_000_000_000) {
            let n = TicketNumber::new(y, m, d, s);
            prop_assert_eq!(n.as_str().parse::<TicketNumber>(), Ok(n.clone()));
            prop_assert_eq!(n.part(3).as_str().parse::<TicketNumber>(), Ok(n.part(3)));
        }

        #[test]
        fn one_wrong_digit_is_noticed(s in 0u64..1_000_000, place in 2usize..14, digit in b'0'..=b'9') {
            let good = TicketNumber::new(26, 11, 24, s);
            let mut bytes = good.as_str().as_bytes().to_vec();
            prop_assume!(bytes[place] != digit);
            bytes[place] = digit;
            let text = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(text.parse::<TicketNumber>(), Err(NumberError::Check));
        }

    }

    /// The hybrid system cannot catch every one: where the running product is 36, some pairs weigh the same.
    #[test]
    fn nearly_every_swap_of_neighbours_is_noticed() {
        let (mut swaps, mut unnoticed) = (0u32, 0u32);
        for s in (0..1_000_000).step_by(97) {
            let good = TicketNumber::new(26, 11, 24, s);
            for place in 2..13 {
                let mut bytes = good.as_str().as_bytes().to_vec();
                if bytes[place] != bytes[place + 1] {
                    bytes.swap(place, place + 1);
                    swaps += 1;
                    unnoticed += u32::from(String::from_utf8(bytes).unwrap().parse::<TicketNumber>().is_ok());
                }
            }
        }
        assert!(unnoticed * 100 < swaps, "{unnoticed} of {swaps} swaps went unnoticed");
    }

    #[test]
    fn a_day_does_not_run_out() {
        assert_eq!(TicketNumber::new(26, 11, 24, 12_345_678).as_str().len(), 17);
    }

    #[test]
    fn last_four_is_what_messages_show() {
        assert_eq!(TicketNumber::new(26, 11, 24, 42).last_four().len(), 4);
    }
}
