//! Personal data in a reply that was not in the message: somebody else's.

use std::ops::Range;

use super::Asked;
use crate::{fold::narrow, mask, mask::HitKind, phone};

/// Somebody else's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Others {
    /// Bytes of the reply.
    pub(super) range: Range<usize>,
    /// What it is.
    pub(super) what: What,
}

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A mobile telephone number; an office's line is no one's.
    Mobile,
    /// An identity or bank card.
    Card,
    /// An e-mail address.
    Email,
    /// A name.
    Name,
}

/// Before a name.
const ROLES: &[&str] = &[
    "当事人",
    "业主",
    "住户",
    "户主",
    "村民",
    "居民",
    "店主",
    "投诉人",
    "举报人",
    "反映人",
    "来信人",
    "诉求人",
    "车主",
    "承租人",
    "房东",
    "学生",
    "患者",
];
/// Behind a name; 同志 stands behind officials, who may be named.
const TITLES: &[&str] = &["先生", "女士", "小姐"];
/// The hundred commonest surnames; a rarer one is not found.
const SURNAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蔡蒋余于杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛阎段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤";
/// What may follow a name that a role stands before.
const BEHIND: &str = "，。、；：（(,;于与和称表反等";
/// Never in a given name.
const NO_GIVEN: &str = "的某们家有要在是不先女同便度年来我他她它可能也都就已将对及需应未无认提拨前后多因该此";

/// What stands in a reply and not in what was asked.
pub(super) fn others(text: &str, asked: &Asked<'_>) -> Vec<Others> {
    let known = digits(asked.words);
    let mut found: Vec<Others> = Vec::new();
    for (range, kind) in mask::found(text) {
        let value = text.get(range.clone()).unwrap_or("");
        let what = match kind {
            HitKind::Phone => phone::normalise(value).filter(phone::Phone::is_mobile).map(|_| What::Mobile),
            HitKind::IdCard | HitKind::BankCard => Some(What::Card),
            HitKind::Email => Some(What::Email),
            HitKind::Name | HitKind::Address => None,
        };
        let said = match kind {
            HitKind::Email => asked.words.contains(value),
            HitKind::Phone | HitKind::IdCard | HitKind::BankCard | HitKind::Name | HitKind::Address => {
                known.contains(&digits(value))
            }
        };
        if let Some(what) = what.filter(|_| !said) {
            found.push(Others { range, what });
        }
    }
    let names = names(text).filter(|r| text.get(r.clone()).is_some_and(|n| !asked.words.contains(n)));
    found.extend(names.map(|range| Others { range, what: What::Name }));
    found.sort_by_key(|o| o.range.start);
    found
}

fn digits(text: &str) -> String {
    text.chars().map(narrow).filter(char::is_ascii_digit).collect()
}

/// Full names that a role or a title marks: 业主王小明, 王小明女士. 王女士 and 王某 name nobody.
fn names(text: &str) -> impl Iterator<Item = Range<usize>> {
    let behind_role = ROLES.iter().flat_map(move |role| text.match_indices(role)).filter_map(|(at, role)| {
        let start = at + role.len();
        let rest: Vec<char> = text.get(start..)?.chars().take(4).collect();
        let length = (2..=3).find(|n| rest.get(*n).is_some_and(|c| BEHIND.contains(*c)))?;
        is_name(rest.get(..length)?).then(|| start..start + bytes(rest.get(..length).unwrap_or(&[])))
    });
    let before_title = TITLES.iter().flat_map(move |title| text.match_indices(title)).filter_map(|(at, _)| {
        let before: Vec<char> = text.get(..at)?.chars().rev().take(3).collect::<Vec<_>>().into_iter().rev().collect();
        let long = before.get(before.len().checked_sub(3)?..).filter(|name| is_name(name));
        let name = long.or_else(|| before.get(before.len() - 2..).filter(|name| is_name(name)))?;
        Some(at - bytes(name)..at)
    });
    behind_role.chain(before_title)
}

fn is_name(chars: &[char]) -> bool {
    let [surname, given @ ..] = chars else { return false };
    let is_given = |c: &char| ('\u{4e00}'..='\u{9fff}').contains(c) && !NO_GIVEN.contains(*c);
    SURNAMES.contains(*surname) && !given.is_empty() && given.iter().all(is_given)
}

fn bytes(chars: &[char]) -> usize {
    chars.iter().map(|c| c.len_utf8()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, words: &str) -> Vec<(String, What)> {
        let others = others(text, &Asked { words, ..Asked::default() });
        others.into_iter().map(|o| (text[o.range].to_owned(), o.what)).collect()
    }

    #[test]
    fn somebody_elses_data_is_found_and_the_callers_own_is_not() {
        let reply = "经联系业主王小明，其电话13912345678，张爱国先生表示同意。咨询电话0755-83123456。";
        let said: Vec<(String, What)> = [("王小明", What::Name), ("13912345678", What::Mobile), ("张爱国", What::Name)]
            .map(|(text, what)| (text.to_owned(), what))
            .into();
        assert_eq!(found(reply, "路灯不亮"), said);
        assert_eq!(found(reply, "我叫王小明，电话139-1234-5678，邻居张爱国也可作证"), []);
    }

    #[test]
    fn a_surname_alone_names_nobody() {
        assert_eq!(found("业主王某称，李女士已知晓，居民方便，当事人高度重视", ""), []);
    }
}
