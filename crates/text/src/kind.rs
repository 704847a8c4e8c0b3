//! What the citizen wants (D§5.1), by the words people use for it.
//!
//! Cities code 求助 and 投诉 by habit, so words decide only where they are plain; otherwise the
//! matter's usual kind does.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use suban_domain::{Channel, Kind};

use crate::area::whole_word;

/// Points for a plain word; fewer for one that people also use in passing.
const WORDS: &[(Kind, i32, &[&str])] = &[
    (
        Kind::Consult,
        4,
        &[
            "咨询",
            "想了解",
            "如何办理",
            "怎么办理",
            "怎样办理",
            "办理流程",
            "需要什么材料",
            "需要哪些材料",
            "需要提供什么",
            "是否符合条件",
            "有什么条件",
            "申请条件",
            "政策是什么",
            "有哪些政策",
            "how do i apply",
            "how to apply",
            "what documents",
            "i would like to know",
            "enquiry",
            "inquiry",
        ],
    ),
    (
        Kind::Consult,
        2,
        &[
            "请问",
            "怎么申请",
            "如何申请",
            "什么时候",
            "能否告知",
            "是否可以",
            "哪里办",
            "what is the procedure",
            "when will",
            "can you tell me",
        ],
    ),
    (
        Kind::Suggestion,
        4,
        &["建议", "提个建议", "提议", "建言", "意见和建议", "suggest", "suggestion", "propose", "proposal"],
    ),
    (Kind::Suggestion, 2, &["希望增设", "希望增加", "能否增设", "能否增加", "希望规划", "it would be nice"]),
    (
        Kind::Praise,
        5,
        &["表扬", "点赞", "锦旗", "好人好事", "感谢信", "值得称赞", "commend", "praise", "well done", "great job"],
    ),
    (Kind::Report, 4, &["举报", "检举", "实名举报", "匿名举报", "report illegal", "illegally", "whistleblow"]),
    (Kind::Report, 2, &["无证经营", "违法", "非法", "偷排", "illegal"]),
    (Kind::Complaint, 4, &["投诉", "complain", "complaint", "complaining"]),
    (
        Kind::Complaint,
        2,
        &["扰民", "态度恶劣", "不满", "严重影响", "乱收费", "推诿", "忍无可忍", "unacceptable", "fed up", "rude"],
    ),
    (Kind::Help, 4, &["求助", "报修", "请求帮助", "帮帮", "请帮忙", "need help", "please help"]),
    (
        Kind::Help,
        2,
        &[
            "恳请",
            "请求",
            "坏了",
            "不亮",
            "损坏",
            "堵塞",
            "破损",
            "请派人",
            "broken",
            "please fix",
            "please repair",
            "not working",
        ],
    ),
];

/// From here on words decide against the matter's usual kind.
const PLAIN: i32 = 4;

struct Kinds {
    search: AhoCorasick,
    of: Vec<(Kind, i32)>,
}

static KINDS: LazyLock<Option<Kinds>> = LazyLock::new(|| {
    let of = WORDS.iter().flat_map(|(kind, points, words)| words.iter().map(|_| (*kind, *points))).collect();
    let search = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(WORDS.iter().flat_map(|(_, _, words)| words.iter()))
        .ok()?;
    Some(Kinds { search, of })
});

/// The kind that a folded text tells; `usual` is the matter's.
pub(crate) fn in_folded(folded: &str, channel: Option<Channel>, usual: Option<Kind>) -> Option<Kind> {
    if channel.is_some_and(is_found_by_patrol) {
        // A patrol or a camera reports what it found; it neither asks nor complains.
        return usual.or(Some(Kind::Report));
    }
    let kinds = KINDS.as_ref()?;
    let mut points = [0i32; Kind::ALL.len() + 1];
    for hit in kinds.search.find_iter(folded) {
        if whole_word(folded, hit.start(), hit.end())
            && let Some((kind, worth)) = kinds.of.get(hit.pattern().as_usize())
            && let Some(sum) = points.get_mut(*kind as usize)
        {
            *sum += worth;
        }
    }
    let of = |kind: Kind| points.get(kind as usize).copied().unwrap_or(0);
    let best = Kind::ALL.iter().copied().max_by_key(|k| of(*k))?;
    let alone = Kind::ALL.iter().filter(|k| of(**k) == of(best)).count() == 1;
    match (of(best), alone) {
        (0, _) => usual,
        (PLAIN.., true) => Some(best),
        (_, true) => usual.or(Some(best)),
        (_, false) => usual,
    }
}

const fn is_found_by_patrol(channel: Channel) -> bool {
    matches!(channel, Channel::Grid | Channel::DigitalCity | Channel::VideoAi)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_decide_and_weak_ones_yield() {
        assert_eq!(in_folded("咨询社保如何办理", None, None), Some(Kind::Consult));
        assert_eq!(in_folded("建议增设公交站", None, Some(Kind::Help)), Some(Kind::Suggestion));
        assert_eq!(in_folded("请问路灯什么时候修", None, Some(Kind::Help)), Some(Kind::Consult));
        assert_eq!(in_folded("路灯不亮", None, Some(Kind::Complaint)), Some(Kind::Complaint));
        assert_eq!(in_folded("路灯不亮", None, None), Some(Kind::Help));
        assert_eq!(in_folded("今天天气", None, None), None);
        assert_eq!(in_folded("举报黑作坊", Some(Channel::Grid), Some(Kind::Complaint)), Some(Kind::Complaint));
        assert_eq!(in_folded("i want to complain about noise", None, None), Some(Kind::Complaint));
    }
}
