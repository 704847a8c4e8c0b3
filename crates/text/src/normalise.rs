//! One wording for one message: what is left when typing habits and courtesies are taken off.
//!
//! Two messages with the same [`words_hash`] say the same thing, word for word. It finds what was
//! sent twice (D§9.2 D0, D1) and the very same text from several people (D3); it never finds a
//! paraphrase, which is another question with another answer.

use sha2::{Digest as _, Sha256};
use suban_domain::Hash;

use crate::fold::fold;

/// Fewest characters that may stand for a message: `路灯不亮` alone is said by too many people about too many lamps.
pub const SHORTEST_WORDS: usize = 6;

/// Letters and digits of a message in one width, case and script, without courtesies at its ends.
///
/// Normalising what was normalised changes nothing. `Debug` hides the words.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Normalised(String);

impl std::fmt::Debug for Normalised {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Normalised({} characters)", self.0.chars().count())
    }
}

impl Normalised {
    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Courtesies that open a message, folded and without punctuation.
const OPENINGS: &[&str] = &[
    "您好",
    "你好",
    "您们好",
    "你们好",
    "大家好",
    "早上好",
    "上午好",
    "下午好",
    "晚上好",
    "领导好",
    "领导们好",
    "领导您好",
    "领导你好",
    "尊敬的领导",
    "尊敬的各位领导",
    "敬爱的领导",
    "亲爱的领导",
    "各位领导",
    "领导",
    "请问",
    "麻烦",
    "麻烦您",
    "打扰了",
    "冒昧打扰",
    "市民来电反映",
    "市民来电咨询",
    "市民来电投诉",
    "市民来电",
    "市民反映",
    "来电人反映",
    "来电人称",
    "来电反映",
    "诉求人反映",
    "群众反映",
    "网友反映",
    "本人反映",
    "我要投诉",
    "我要反映",
    "我想反映",
    "我想咨询",
    "我来反映",
    "向您反映",
    "向您反映一个情况",
    "反映一个问题",
    "hello",
    "hithere",
    "goodmorning",
    "goodafternoon",
    "goodevening",
    "dearsirormadam",
    "dearsirmadam",
    "towhomitmayconcern",
];

/// Courtesies that close a message, folded and without punctuation.
const CLOSINGS: &[&str] = &[
    "谢谢",
    "谢谢您",
    "谢谢你",
    "谢谢你们",
    "谢谢了",
    "谢谢领导",
    "谢谢各位领导",
    "多谢",
    "感谢",
    "感谢您",
    "感谢领导",
    "非常感谢",
    "万分感谢",
    "不胜感激",
    "十分感谢",
    "感激不尽",
    "拜托了",
    "辛苦了",
    "麻烦了",
    "此致敬礼",
    "此致",
    "敬礼",
    "祝工作顺利",
    "祝您工作顺利",
    "祝好",
    "请相关部门尽快处理",
    "请有关部门尽快处理",
    "请相关部门处理",
    "请有关部门处理",
    "请相关部门核实处理",
    "请有关部门核实处理",
    "请相关部门尽快核实处理",
    "请有关部门尽快核实处理",
    "请相关单位尽快处理",
    "请相关单位处理",
    "请尽快处理",
    "请处理",
    "请核实处理",
    "请尽快解决",
    "请尽快核实处理",
    "望尽快处理",
    "望尽快解决",
    "望处理",
    "望核实处理",
    "望相关部门尽快处理",
    "望有关部门尽快处理",
    "望相关部门尽快解决",
    "望有关部门尽快解决",
    "望相关部门处理",
    "望有关部门处理",
    "希望相关部门尽快处理",
    "希望有关部门尽快处理",
    "希望相关部门处理",
    "希望有关部门处理",
    "希望尽快处理",
    "希望尽快解决",
    "希望能尽快处理",
    "希望能尽快解决",
    "希望得到解决",
    "希望能得到解决",
    "恳请领导解决",
    "恳请相关部门尽快处理",
    "恳请有关部门尽快处理",
    "恳请尽快处理",
    "要求尽快处理",
    "要求相关部门尽快处理",
    "要求相关部门处理",
    "望领导重视",
    "请领导重视",
    "希望领导重视",
    "盼复",
    "望回复",
    "望答复",
    "请回复",
    "请答复",
    "急盼回复",
    "期待回复",
    "期待您的回复",
    "期盼回复",
    "等待回复",
    "望给予答复",
    "请予以处理",
    "请给予处理",
    "望予以处理",
    "望给予解决",
    "请跟进",
    "请转相关部门处理",
    "特此反映",
    "以上情况属实",
    "thanks",
    "thankyou",
    "thankyouverymuch",
    "manythanks",
    "pleasefix",
    "pleasehelp",
    "pleasefixasap",
    "regards",
    "bestregards",
    "kindregards",
];

/// A letter to somebody: `尊敬的某书记`. So far into the words the title may stand.
const SALUTATION_REACH: usize = 14;
const SALUTATIONS: &[&str] = &["尊敬的", "敬爱的", "亲爱的"];
const OFFICES: &[&str] =
    &["书记", "市长", "区长", "县长", "镇长", "局长", "主任", "领导们", "领导", "省长", "部长", "先生", "女士"];

/// Normalises a message. Replacements of the mask (`[电话]`) carry no words and are left out.
#[must_use]
pub fn normalise(text: &str) -> Normalised {
    Normalised(without_courtesies(&folded(text, None)).to_owned())
}

/// Letters and digits in one width, case and script; `gap` stands for everything else between them.
pub(crate) fn folded(text: &str, gap: Option<char>) -> String {
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '['
            && let Some(tag) = crate::mask::TAGS.iter().find(|t| rest.starts_with(**t))
        {
            words.extend(gap);
            rest = &rest[tag.len()..];
            continue;
        }
        let one = fold(c);
        // Nearly everything is one of these, and asking the tables of Unicode is most of the work.
        if matches!(one, '\u{4e00}'..='\u{9fff}' | 'a'..='z' | '0'..='9') {
            words.push(one);
        } else if one.is_alphanumeric() {
            words.extend(one.to_lowercase().filter(|c| c.is_alphanumeric()).map(fold));
        } else {
            words.extend(gap);
        }
        rest = &rest[c.len_utf8()..];
    }
    words
}

/// Takes courtesies off both ends until none is left. A message of courtesies alone keeps nothing.
fn without_courtesies(mut words: &str) -> &str {
    loop {
        let before = words.len();
        if let Some(after) = salutation_end(words) {
            words = words.get(after..).unwrap_or("");
        }
        if let Some(opening) = longest(OPENINGS, |o| words.starts_with(o)) {
            words = words.get(opening.len()..).unwrap_or("");
        }
        if let Some(closing) = longest(CLOSINGS, |c| words.ends_with(c)) {
            words = words.get(..words.len() - closing.len()).unwrap_or("");
        }
        if words.len() == before {
            return words;
        }
    }
}

fn longest<'a>(phrases: &[&'a str], holds: impl Fn(&str) -> bool) -> Option<&'a str> {
    phrases.iter().copied().filter(|p| holds(p)).max_by_key(|p| p.len())
}

/// Where a salutation ends: behind the first office named after it.
fn salutation_end(words: &str) -> Option<usize> {
    let opening = longest(SALUTATIONS, |s| words.starts_with(s))?;
    let reach: usize = words.chars().take(SALUTATION_REACH).map(char::len_utf8).sum();
    let head = words.get(opening.len()..reach)?;
    OFFICES
        .iter()
        .filter_map(|office| head.find(office).map(|at| (at, office.len())))
        .min_by_key(|(at, len)| (*at, usize::MAX - len))
        .map(|(at, len)| opening.len() + at + len)
}

/// SHA-256 of the words; `None` when fewer than [`SHORTEST_WORDS`] are left.
#[must_use]
pub fn words_hash(words: &Normalised) -> Option<Hash> {
    if words.0.chars().take(SHORTEST_WORDS).count() < SHORTEST_WORDS {
        return None;
    }
    Some(Hash(Sha256::digest(words.0.as_bytes()).into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> String {
        normalise(text).as_str().to_owned()
    }

    #[test]
    fn typing_habits_do_not_matter() {
        let plain = words("明珠路18号门口路灯不亮");
        for text in [
            "您好！明珠路18号门口，路灯不亮。谢谢！",
            "明珠路１８号門口　路燈不亮，请相关部门尽快处理，谢谢",
            "尊敬的王书记：您好，明珠路 18 号门口路灯不亮！！望回复。",
            "市民来电反映：明珠路18号门口路灯不亮。[电话]",
        ] {
            assert_eq!(words(text), plain, "{text}");
        }
        assert_eq!(words("Hello, Street LIGHT out. Thank you!"), "streetlightout");
    }

    #[test]
    fn numbers_stay_apart() {
        assert_ne!(words("明珠路18号路灯不亮"), words("明珠路81号路灯不亮"));
    }

    #[test]
    fn too_few_words_have_no_hash() {
        assert_eq!(words_hash(&normalise("您好，路灯不亮，谢谢")), None);
        assert_eq!(words_hash(&normalise("")), None);
        assert!(words_hash(&normalise("明珠路路灯不亮")).is_some());
    }

    #[test]
    fn debug_hides_the_words() {
        assert_eq!(format!("{:?}", normalise("明珠路路灯不亮")), "Normalised(7 characters)");
    }

    proptest! {
        #[test]
        fn normalising_twice_is_normalising_once(text in prop_oneof!["\\PC{0,60}", "(您好|谢谢|尊敬的|领导|[ａ-ｚＡ-Ｚ路灯燈，。İ ]){0,12}"]) {
            let once = normalise(&text);
            prop_assert_eq!(normalise(once.as_str()), once);
        }

        #[test]
        fn punctuation_and_spaces_never_matter(parts in proptest::collection::vec("[\\p{Han}a-z0-9]{1,6}", 1..6)) {
            prop_assert_eq!(normalise(&parts.join("，")), normalise(&parts.join(" \n—")));
        }

        #[test]
        fn equal_words_equal_hash(text in "\\PC{0,40}") {
            let words = normalise(&text);
            prop_assert_eq!(words_hash(&words), words_hash(&normalise(&format!("{text}。谢谢！"))));
        }
    }
}
