//! What screens show of personal data until somebody asks, with a reason, for one record (R-SEC-2).

use crate::fold::narrow;
use crate::phone::Phone;

/// `张三丰` → `张**`, `欧阳娜娜` → `欧阳**`, `Maria Lopez` → `M***`.
#[must_use]
pub fn name(name: &str) -> String {
    let name = name.trim();
    match name.chars().next() {
        None => String::new(),
        Some(first) if first.is_ascii() => format!("{first}***"),
        Some(first) => match crate::own::compound_surname(name) {
            Some(surname) => format!("{surname}**"),
            None => format!("{first}**"),
        },
    }
}

/// `13812345678` → `138****5678`; a landline keeps its area code: `075583123456` → `0755****3456`.
#[must_use]
pub fn phone(phone: &Phone) -> String {
    let shown = phone.as_str();
    let keep = match shown.len() {
        ..9 => 1,
        _ if crate::phone::is_landline(shown.as_bytes()) => crate::phone::area_code_len(shown.as_bytes()),
        _ => 3,
    };
    let end = if shown.len() < 9 { 2 } else { 4 };
    // Digits and `+` only, so every position is a boundary; `get` says so without a panic.
    format!("{}****{}", shown.get(..keep).unwrap_or(""), shown.get(shown.len() - end..).unwrap_or(""))
}

/// `云州市临港区明珠大道18号3栋502` → `云州市临港区明珠大道***号`: the road stays, the door goes.
///
/// An address without a number keeps its first half, at most six characters.
#[must_use]
pub fn address(address: &str) -> String {
    let chars: Vec<char> = address.trim().chars().collect();
    let is_number = |c: &char| narrow(*c).is_ascii_digit();
    match chars.iter().position(is_number) {
        Some(0) => {
            // English puts the number first: `12 Elm Street, Apt 5` → `*** Elm Street`.
            let rest: String =
                chars.iter().skip_while(|c| is_number(c)).take_while(|c| **c != ',' && **c != '，').collect();
            let mut rest = rest;
            if let Some(at) = rest.find(|c| is_number(&c)) {
                rest.truncate(at);
            }
            format!("***{}", rest.trim_end())
        }
        Some(first) => {
            let road: String = chars[..first].iter().collect();
            let sign = chars[first..].iter().find(|c| !is_number(c)).filter(|c| matches!(c, '号' | '號'));
            format!("{}***{}", road.trim_end(), sign.map_or("", |_| "号"))
        }
        None => {
            let keep: String = chars.iter().take((chars.len() / 2).min(6)).collect();
            if chars.is_empty() { keep } else { format!("{keep}***") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_as_the_rule_says() {
        assert_eq!(name("张三丰"), "张**");
        assert_eq!(name("欧阳娜娜"), "欧阳**");
        assert_eq!(name("Maria Lopez"), "M***");
        assert_eq!(name(" "), "");
        let shown = |s| phone(&crate::phone::normalise(s).unwrap());
        assert_eq!(shown("138 1234 5678"), "138****5678");
        assert_eq!(shown("0755-83123456"), "0755****3456");
        assert_eq!(shown("83123456"), "8****56");
        assert_eq!(address("深南大道1006号国际创新中心A栋"), "深南大道***号");
        assert_eq!(address("明珠花园3栋502"), "明珠花园***");
        assert_eq!(address("老码头新村"), "老码***");
        assert_eq!(address("12 Elm Street, Apt 5"), "*** Elm Street");
        assert_eq!(address(""), "");
    }

    proptest::proptest! {
        #[test]
        fn no_digit_is_left_in_an_address(s in "\\PC{0,40}") {
            assert!(!address(&s).chars().any(|c| narrow(c).is_ascii_digit()));
        }
    }
}
