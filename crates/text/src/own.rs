//! The requester's own values, and where they stand in a text.

use std::fmt;

use crate::phone::Phone;
use crate::scan::{Scan, Span};

/// What is known of one person, to be found in free text and taken out. `Debug` hides all of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct OwnValues {
    /// Full name as given; may be a surname with a title.
    pub name: Option<String>,
    /// Telephone number.
    pub phone: Option<Phone>,
    /// Home address; the place of the incident is another thing and stays (D§5.5).
    pub address: Option<String>,
}

impl fmt::Debug for OwnValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |there: bool| if there { "…" } else { "–" };
        write!(
            f,
            "OwnValues {{ name: {}, phone: {}, address: {} }}",
            said(self.name.is_some()),
            said(self.phone.is_some()),
            said(self.address.is_some())
        )
    }
}

/// What a citizen gives instead of a name; masking these would blank ordinary words.
const NO_NAME: &[&str] = &[
    "匿名",
    "市民",
    "群众",
    "热心市民",
    "无名",
    "无",
    "未知",
    "不详",
    "来电人",
    "来访人",
    "用户",
    "业主",
    "居民",
    "先生",
    "女士",
    "小姐",
    "老师",
    "同志",
    "anonymous",
    "unknown",
    "n/a",
    "none",
    "citizen",
    "resident",
];

const TITLES: &[&str] =
    &["先生", "女士", "小姐", "老师", "阿姨", "大爷", "大妈", "大叔", "师傅", "同志", "太太", "老板", "奶奶", "爷爷"];

const TITLES_BEFORE: &[&str] = &["mr", "mrs", "ms", "miss", "dr"];

const COMPOUND_SURNAMES: &[&str] = &[
    "欧阳", "司马", "上官", "诸葛", "司徒", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "夏侯", "轩辕", "端木",
    "南宫", "百里", "西门", "独孤", "宇文", "长孙", "东郭", "呼延", "申屠", "太史", "澹台", "淳于", "单于", "公羊",
];

/// The compound surname that a Chinese name begins with.
pub(crate) fn compound_surname(name: &str) -> Option<&'static str> {
    COMPOUND_SURNAMES.iter().copied().find(|s| name.starts_with(s) && name.chars().count() > 2)
}

/// Where the name stands: alone, and as surname with a title.
pub(crate) fn find_name(scan: &Scan<'_>, name: &str, found: &mut Vec<Span>) {
    let letters: Vec<char> = name.chars().map(crate::fold::fold).filter(|c| !is_name_gap(*c)).collect();
    let plain: String = letters.iter().collect();
    let Some(&first) = letters.first() else { return };
    if NO_NAME.contains(&plain.as_str()) || !letters.iter().all(|c| c.is_alphabetic()) {
        return;
    }
    let dense = scan.dense(is_name_gap);
    if letters.len() > 1 {
        scan.find(&dense, &letters, found);
    }
    if first.is_ascii() {
        let surname: Vec<char> = name
            .split_whitespace()
            .last()
            .unwrap_or("")
            .chars()
            .map(crate::fold::fold)
            .filter(|c| !is_name_gap(*c))
            .collect();
        if surname.len() > 1 {
            for title in TITLES_BEFORE {
                let call: Vec<char> = title.chars().chain(surname.iter().copied()).collect();
                scan.find(&dense, &call, found);
            }
        }
    } else {
        let surname: String = compound_surname(&plain).map_or_else(|| first.to_string(), str::to_owned);
        for title in TITLES {
            let call: Vec<char> = surname.chars().chain(title.chars()).collect();
            scan.find(&dense, &call, found);
        }
    }
}

fn is_name_gap(c: char) -> bool {
    c.is_whitespace() || matches!(c, '·' | '・' | '.' | '•' | '-' | '\'' | '’')
}

/// Where the number stands, even glued to other digits; a landline also without its area code.
pub(crate) fn find_phone(scan: &Scan<'_>, phone: &Phone, found: &mut Vec<Span>) {
    let full = phone.digits().as_bytes();
    let local = if crate::phone::is_landline(full) { full.get(crate::phone::area_code_len(full)..) } else { None };
    for (digits, at) in scan.digit_chains() {
        for wanted in [Some(full), local].into_iter().flatten() {
            let mut from = 0;
            while let Some(hit) = find_bytes(&digits[from..], wanted) {
                let (start, end) = (from + hit, from + hit + wanted.len());
                found.push(Span { start: at[start], end: at[end - 1] + 1 });
                from = end;
            }
        }
    }
}

fn find_bytes(hay: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() { None } else { hay.windows(needle.len()).position(|w| w == needle) }
}

/// Fewest characters of a part of an address that may be taken out on its own.
const SHORTEST_ADDRESS: usize = 4;

/// Where the address stands: whole, or from any of its parts on to the door, as long as a number is in it.
pub(crate) fn find_address(scan: &Scan<'_>, address: &str, found: &mut Vec<Span>) {
    let letters: Vec<char> = address.chars().map(crate::fold::fold).filter(|c| !is_address_gap(*c)).collect();
    if letters.len() < SHORTEST_ADDRESS {
        return;
    }
    let dense = scan.dense(is_address_gap);
    scan.find(&dense, &letters, found);
    for start in 1..letters.len() {
        let tail = &letters[start..];
        let part_begins = matches!(
            letters[start - 1],
            '省' | '市' | '区' | '县' | '镇' | '乡' | '村' | '道' | '路' | '街' | '巷' | '号' | '里' | '苑' | '园'
        );
        if tail.len() >= SHORTEST_ADDRESS
            && part_begins
            && tail.iter().any(char::is_ascii_digit)
            && tail.iter().any(|c| c.is_alphabetic())
        {
            scan.find(&dense, tail, found);
        }
    }
    // English: `12 Elm Street, Apt 5` also without what follows the comma.
    if let Some((street, _)) = address.split_once([',', '，']) {
        let street: Vec<char> = street.chars().map(crate::fold::fold).filter(|c| !is_address_gap(*c)).collect();
        if street.len() >= SHORTEST_ADDRESS && street.iter().any(char::is_ascii_digit) {
            scan.find(&dense, &street, found);
        }
    }
}

fn is_address_gap(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | ',' | '，' | '、' | '#' | '－' | '—' | '.')
}
