//! A short title for what was said: the first thing that says something, without courtesies and personal data.

use crate::mask::{Masked, mask};
use crate::normalise::normalise;
use crate::own::OwnValues;

/// Characters of a title, at most.
pub const LONGEST_TITLE: usize = 40;
/// A clause with fewer letters and digits than this says nothing by itself.
const SAYS_SOMETHING: usize = 4;
/// Ends a clause.
const ENDS: &[char] = &['。', '！', '？', '!', '?', ';', '；', '\n', '，', ','];

/// A title for a text of any length: masked, at most [`LONGEST_TITLE`] characters; empty where nothing was said.
///
/// Clauses are put together until they say something, so `您好,路灯坏了` gives `路灯坏了`.
#[must_use]
pub fn title(text: &str) -> String {
    let Masked { text, .. } = mask(text, &OwnValues::default());
    let mut title = String::new();
    for clause in text.split(ENDS).map(str::trim).filter(|clause| !clause.is_empty()) {
        let says = normalise(clause).as_str().chars().count();
        if title.is_empty() && says == 0 {
            continue;
        }
        if !title.is_empty() {
            title.push(if clause.is_ascii() { ' ' } else { '，' });
        }
        title.push_str(clause);
        if normalise(&title).as_str().chars().count() >= SAYS_SOMETHING {
            break;
        }
    }
    if title.chars().count() > LONGEST_TITLE {
        title = title.chars().take(LONGEST_TITLE - 1).chain(['…']).collect();
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn courtesies_and_personal_data_are_no_title() {
        let said = [
            ("您好！望潮花园3栋路灯不亮，已经三天了。谢谢", "望潮花园3栋路灯不亮"),
            ("尊敬的领导：我要投诉工地夜间施工，电话13812345678", "尊敬的领导：我要投诉工地夜间施工"),
            ("13812345678 路灯坏了", "[电话] 路灯坏了"),
            ("Hello, the street light is out. Thanks", "the street light is out. Thanks"),
            ("", ""),
            ("😀😀", ""),
        ];
        for (text, wanted) in said {
            assert_eq!(title(text), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_title_is_short_on_one_line_and_never_fails(text in "\\PC{0,200}") {
            let title = title(&text);
            prop_assert!(title.chars().count() <= LONGEST_TITLE);
            prop_assert!(!title.contains('\n'));
        }
    }
}
