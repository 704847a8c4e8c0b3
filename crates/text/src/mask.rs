//! Takes personal data out of free text before anybody reads it (R-SEC-2, design §6).
//!
//! Two kinds of it: what looks like personal data (telephone numbers, identity and bank cards,
//! e-mail), and what is known to be the requester's own (name, number, home address). Each is
//! replaced by a word that says what stood there. Masking what was masked changes nothing, and no
//! replacement makes the text more than twice as long in characters.
//!
//! Other people's names are not recognised; only values that were given can be found.

use crate::own::{self, OwnValues};
use crate::phone;
use crate::scan::{Gap, Group, Scan, Span};

/// What was found and replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HitKind {
    /// A telephone number.
    Phone,
    /// An identity card.
    IdCard,
    /// A bank card.
    BankCard,
    /// An e-mail address.
    Email,
    /// The requester's name.
    Name,
    /// The requester's home address.
    Address,
}

impl HitKind {
    /// Every kind.
    pub const ALL: &'static [Self] =
        &[Self::Phone, Self::IdCard, Self::BankCard, Self::Email, Self::Name, Self::Address];

    /// The words left in its place.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Phone => "[电话]",
            Self::IdCard => "[证件]",
            Self::BankCard => "[银行卡]",
            Self::Email => "[邮箱]",
            Self::Name => "[姓名]",
            Self::Address => "[住址]",
        }
    }
}

/// Every replacement, in the order of [`HitKind::ALL`].
pub(crate) const TAGS: &[&str] = &["[电话]", "[证件]", "[银行卡]", "[邮箱]", "[姓名]", "[住址]"];

/// A text without the personal data that could be found in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// The text, to be shown.
    pub text: String,
    /// What was replaced, in the order it was found; never the values.
    pub hits: Vec<HitKind>,
}

/// Masks a text of one person. See the module's page.
#[must_use]
pub fn mask(text: &str, own: &OwnValues) -> Masked {
    mask_for(text, std::slice::from_ref(own))
}

/// Masks a text that several people are named in, such as a reply copied to the members of a group.
#[must_use]
pub fn mask_for(text: &str, people: &[OwnValues]) -> Masked {
    let mut masked = Masked { text: text.to_owned(), hits: Vec::new() };
    // A replacement can lay bare another number that was glued to it, so the search goes on until
    // nothing is found. Each round turns at least one character into a tag that is never searched
    // again, so it ends.
    loop {
        let scan = Scan::new(&masked.text, TAGS);
        let spans = search(&scan, people);
        if spans.is_empty() {
            return masked;
        }
        let mut out = String::with_capacity(masked.text.len());
        let mut done = 0;
        for (span, kind) in spans {
            out.push_str(scan.slice(done, span.start));
            out.push_str(kind.tag());
            masked.hits.push(kind);
            done = span.end;
        }
        out.push_str(scan.slice(done, scan.chars.len()));
        masked.text = out;
    }
}

/// Where a text holds numbers and addresses that belong to persons: bytes of the text, and what stands there.
pub(crate) fn found(text: &str) -> Vec<(std::ops::Range<usize>, HitKind)> {
    let scan = Scan::new(text, TAGS);
    search(&scan, &[]).into_iter().map(|(span, kind)| (scan.bytes(span), kind)).collect()
}

/// Everything found, from left to right and without overlap; of two that overlap the one that begins first, then the longer.
fn search(scan: &Scan<'_>, people: &[OwnValues]) -> Vec<(Span, HitKind)> {
    let mut found: Vec<(Span, HitKind)> = Vec::new();
    let mut spans: Vec<Span> = Vec::new();
    for own in people {
        if let Some(name) = &own.name {
            own::find_name(scan, name, &mut spans);
            found.extend(spans.drain(..).map(|s| (s, HitKind::Name)));
        }
        if let Some(phone) = &own.phone {
            own::find_phone(scan, phone, &mut spans);
            found.extend(spans.drain(..).map(|s| (s, HitKind::Phone)));
        }
        if let Some(address) = &own.address {
            own::find_address(scan, address, &mut spans);
            found.extend(spans.drain(..).map(|s| (s, HitKind::Address)));
        }
    }
    find_emails(scan, &mut found);
    find_numbers(scan, &mut found);
    found.sort_by_key(|(s, kind)| (s.start, usize::MAX - s.end, *kind));
    let mut end = 0;
    found.retain(|(s, _)| {
        let free = s.start >= end;
        if free {
            end = s.end;
        }
        free
    });
    found
}

fn find_emails(scan: &Scan<'_>, found: &mut Vec<(Span, HitKind)>) {
    let local = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-');
    let domain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    for (at, _) in scan.chars.iter().enumerate().filter(|(_, c)| **c == '@') {
        let before = scan.chars[..at].iter().rev().take_while(|c| local(c)).count();
        let mut host = &scan.chars[at + 1..];
        host = &host[..host.iter().take_while(|c| domain(c)).count()];
        while let Some((last, rest)) = host.split_last() {
            if last.is_ascii_alphanumeric() {
                break;
            }
            host = rest;
        }
        let has_dot = host.iter().skip(1).any(|c| *c == '.');
        if before > 0 && has_dot {
            found.push((Span { start: at - before, end: at + 1 + host.len() }, HitKind::Email));
        }
    }
}

/// Words after which a number without an area code is a telephone number.
const CALL_WORDS: &[&str] =
    &["电话", "座机", "手机", "联系", "致电", "拨打", "号码", "来电", "tel", "phone", "call", "mobile"];
/// How many characters back such a word may stand.
const CALL_WORD_REACH: usize = 10;
/// Most groups that one number is written in.
const MOST_GROUPS: usize = 19;

fn find_numbers(scan: &Scan<'_>, found: &mut Vec<(Span, HitKind)>) {
    let groups = scan.groups();
    let mut i = 0;
    while i < groups.len() {
        match longest_from(scan, &groups[i..]) {
            Some((taken, span, kind)) => {
                found.push((span, kind));
                i += taken;
            }
            None => i += 1,
        }
    }
}

/// The longest number that begins with the first group: how many groups it takes, where it stands, what it is.
fn longest_from(scan: &Scan<'_>, groups: &[Group]) -> Option<(usize, Span, HitKind)> {
    let first = groups.first()?.span.start;
    let plus = first > 0 && scan.chars[first - 1] == '+';
    let mut digits: Vec<u8> = Vec::with_capacity(24);
    let mut lens: Vec<usize> = Vec::with_capacity(4);
    let mut dotted = false;
    let mut best = None;
    for (n, group) in groups.iter().enumerate().take(MOST_GROUPS) {
        digits.extend(scan.chars[group.span.start..group.span.end].iter().map(|c| *c as u8));
        lens.push(group.span.end - group.span.start);
        if digits.len() > 21 {
            break;
        }
        let mut end = group.span.end;
        let number = Number { digits: &digits, lens: &lens, plus, dotted };
        let kind = if digits.len() == 17 && scan.chars.get(end) == Some(&'x') && is_id_card(&digits, true) {
            end += 1;
            Some(HitKind::IdCard)
        } else {
            number.kind(|| called(scan, first))
        };
        if let Some(kind) = kind {
            let mut start = if plus { first - 1 } else { first };
            // `(0755) 8312 3456`: the bracket goes with what it holds.
            if start > 0 && scan.chars[start - 1] == '(' && scan.chars[first..end].contains(&')') {
                start -= 1;
            }
            best = Some((n + 1, Span { start, end }, kind));
        }
        match group.joins_next {
            Some(gap) => dotted |= gap == Gap::Dot,
            None => break,
        }
    }
    best
}

fn called(scan: &Scan<'_>, at: usize) -> bool {
    let before: String = scan.chars[at.saturating_sub(CALL_WORD_REACH)..at].iter().collect();
    CALL_WORDS.iter().any(|w| before.contains(w))
}

struct Number<'a> {
    digits: &'a [u8],
    lens: &'a [usize],
    plus: bool,
    dotted: bool,
}

impl Number<'_> {
    fn kind(&self, called: impl Fn() -> bool) -> Option<HitKind> {
        let d = self.digits;
        if is_id_card(d, false) {
            return Some(HitKind::IdCard);
        }
        if self.is_phone() || (self.is_local() && called()) {
            return Some(HitKind::Phone);
        }
        let (_, leading) = self.lens.split_last()?;
        (!self.dotted && leading.iter().all(|n| *n >= 3) && is_bank_card(d)).then_some(HitKind::BankCard)
    }

    fn is_phone(&self) -> bool {
        let d = self.digits;
        // `1990-01-01 123`, `135.12345678`: a date and a coordinate have a mobile's digits, not its shape.
        let date = self.lens.len() > 1 && self.lens[0] == 4 && self.lens[1] == 2;
        let shaped = !date && (!self.dotted || self.lens == [3, 4, 4] || self.lens == [3, 3, 4]);
        let domestic =
            d.strip_prefix(b"0086").or_else(|| d.strip_prefix(b"86")).or_else(|| d.strip_prefix(b"0")).unwrap_or(d);
        if shaped && (phone::is_mobile(d) || phone::is_mobile(domestic)) {
            return true;
        }
        if phone::is_landline(d)
            && (self.lens.len() == 1 || self.lens[0] == phone::area_code_len(d) || self.lens[0] >= 10)
        {
            return true;
        }
        if self.plus && (8..=15).contains(&d.len()) && !self.dotted {
            return true;
        }
        match self.lens {
            [3, 3, 4] => phone::is_north_american(d),
            [1, 3, 3, 4] => d[0] == b'1' && phone::is_north_american(&d[1..]),
            _ => false,
        }
    }

    /// A number as people of the same town give it.
    fn is_local(&self) -> bool {
        let d = self.digits;
        let whole = matches!(self.lens, [7 | 8 | 10] | [4, 4] | [3, 4]);
        let dated = (d.starts_with(b"19") || d.starts_with(b"20")) && d.len() == 8;
        whole
            && !dated
            && !self.dotted
            && (b'2'..=b'8').contains(&d[0])
            && (d.len() < 10 || phone::is_north_american(d))
    }
}

/// 18 characters whose last checks the others (GB 11643), or the old 15.
fn is_id_card(d: &[u8], ends_in_x: bool) -> bool {
    let birth = match (d.len(), ends_in_x) {
        (17, true) | (18, false) => &d[6..14],
        (15, false) => &d[6..12],
        _ => return false,
    };
    let two = |at: usize| u32::from(birth[at] - b'0') * 10 + u32::from(birth[at + 1] - b'0');
    let (month, day) = (two(birth.len() - 4), two(birth.len() - 2));
    let century = birth.len() == 6 || matches!(two(0), 18..=20);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !century || !(b'1'..=b'9').contains(&d[0]) {
        return false;
    }
    if birth.len() == 6 {
        let province = u32::from(d[0] - b'0') * 10 + u32::from(d[1] - b'0');
        return matches!(province, 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81 | 82 | 83);
    }
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    let sum: u32 = d.iter().zip(WEIGHTS).map(|(c, w)| u32::from(c - b'0') * w).sum();
    let check = if ends_in_x { b'X' } else { d[17] };
    CHECKS.get((sum % 11) as usize) == Some(&check)
}

/// 16 to 19 digits that pass Luhn's check.
fn is_bank_card(d: &[u8]) -> bool {
    if !(16..=19).contains(&d.len()) || d.iter().all(|c| c == &d[0]) {
        return false;
    }
    let sum: u32 = d
        .iter()
        .rev()
        .enumerate()
        .map(|(i, c)| {
            let n = u32::from(c - b'0') * if i % 2 == 1 { 2 } else { 1 };
            if n > 9 { n - 9 } else { n }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests;
