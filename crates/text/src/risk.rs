//! Words of danger: what must not wait its turn (D§5.2, design §3).
//!
//! A false alarm wakes people at night, so a word counts fully only when it is told as happening:
//! `小区起火了` is critical, `有火灾隐患` is urgent, `消防演练` and `以防火灾` are neither.

use std::sync::{Arc, LazyLock};

use aho_corasick::{AhoCorasick, MatchKind};
use suban_domain::Urgency;

use crate::area::whole_word;

/// Life or property, now.
const CRITICAL: &[&str] = &[
    "著火",
    "燃气泄漏",
    "燃气泄露",
    "煤气泄漏",
    "煤气泄露",
    "天然气泄漏",
    "天然气泄露",
    "燃气漏气",
    "煤气漏气",
    "天然气漏气",
    "燃气管漏",
    "管道漏气",
    "煤气味",
    "燃气味",
    "天然气味",
    "煤气味道",
    "液化气泄漏",
    "着火",
    "起火",
    "失火",
    "火灾",
    "冒浓烟",
    "爆炸",
    "爆燃",
    "触电",
    "电死",
    "坍塌",
    "倒塌",
    "垮塌",
    "塌方",
    "房屋塌",
    "自杀",
    "轻生",
    "跳楼",
    "跳桥",
    "割腕",
    "不想活",
    "溺水",
    "落水",
    "中毒",
    "一氧化碳",
    "昏迷",
    "有人晕倒",
    "被困",
    "困在电梯",
    "电梯困人",
    "关在电梯",
    "电梯坠落",
    "电梯下坠",
    "持刀",
    "行凶",
    "高压线断",
    "电线断落",
    "危化品泄漏",
    "氨气泄漏",
    "毒气",
    "毒烟",
    "泥石流",
    "山体滑坡",
    "溃坝",
    "决堤",
    "生命危险",
    "gas leak",
    "leaking gas",
    "smell of gas",
    "smell gas",
    "gas smell",
    "on fire",
    "fire broke out",
    "explosion",
    "electrocuted",
    "electric shock",
    "collapsed",
    "collapse",
    "suicide",
    "suicidal",
    "jump off",
    "drowning",
    "carbon monoxide",
    "unconscious",
    "trapped in",
    "stuck in the elevator",
    "stuck in elevator",
    "landslide",
    "chemical spill",
    "downed power line",
    "live wire",
];

/// Hard to repair later.
const URGENT: &[&str] = &[
    "漏电",
    "井盖缺失",
    "井盖丢失",
    "没有井盖",
    "井盖被盗",
    "井盖不见",
    "井盖塌陷",
    "路面塌陷",
    "地面塌陷",
    "路面坍塌",
    "塌陷",
    "爆管",
    "水管爆裂",
    "水管爆",
    "危房",
    "高空坠物",
    "墙砖脱落",
    "外墙脱落",
    "墙皮脱落",
    "玻璃掉落",
    "广告牌掉落",
    "广告牌松动",
    "摇摇欲坠",
    "树倒",
    "大树倒",
    "电线掉落",
    "电线垂落",
    "电线裸露",
    "大面积停电",
    "大面积停水",
    "积水严重",
    "严重积水",
    "内涝",
    "食物中毒",
    "讨薪",
    "堵路",
    "聚集",
    "围堵",
    "走失",
    "失踪",
    "红绿灯不亮",
    "红绿灯故障",
    "信号灯故障",
    "信号灯不亮",
    "停水停电",
    "电梯故障",
    "疫情",
    "疯狗",
    "咬伤",
    "咬人",
    "儿童受伤",
    "受伤",
    "open manhole",
    "missing manhole",
    "manhole cover missing",
    "exposed wire",
    "exposed wires",
    "sinkhole",
    "water main break",
    "burst pipe",
    "burst main",
    "fallen tree",
    "tree down",
    "flooding",
    "flooded",
    "traffic light out",
    "signal out",
    "power outage",
    "falling debris",
    "dog bite",
    "bitten",
    "injured",
    "food poisoning",
    "missing child",
    "missing person",
];

/// Behind a critical word: it may happen, so it is urgent.
const MAYBE_BEHIND: &[&str] = &["隐患", "风险", "危险", "的可能", "事故隐患", " hazard", " risk"];
/// Before a critical word: it may happen.
const MAYBE_BEFORE: &[&str] = &[
    "容易",
    "可能",
    "担心",
    "害怕",
    "怕",
    "万一",
    "一旦",
    "如果",
    "若",
    "要是",
    "随时",
    "导致",
    "引发",
    "引起",
    "会",
    "易",
    "造成",
    "may ",
    "might ",
    "could ",
    "risk of ",
    "danger of ",
    "if ",
    "afraid of ",
    "cause a ",
    "cause ",
];
/// Around a critical word: nothing happens.
const NOTHING_BEHIND: &[&str] = &[
    "演练",
    "预防",
    "知识",
    "宣传",
    "培训",
    "险",
    "报警器",
    "报警系统",
    "应急预案",
    "事件的处理",
    "后的理赔",
    "保险",
    "通道",
    "责任认定",
    " drill",
    " alarm",
    " insurance",
    " prevention",
    " training",
    " hydrant",
];
const NOTHING_BEFORE: &[&str] = &[
    "防止",
    "预防",
    "防范",
    "避免",
    "以防",
    "杜绝",
    "去年",
    "前年",
    "曾经",
    "从未",
    "没有发生",
    "假如",
    "like ",
    "prevent ",
    "avoid ",
    "no ",
];

/// Bytes around a word in which the words above are looked for.
const REACH_BEFORE: usize = 24;

struct Risks {
    search: AhoCorasick,
    words: Vec<(Arc<str>, Urgency)>,
}

static RISKS: LazyLock<Option<Risks>> = LazyLock::new(|| {
    let words: Vec<(Arc<str>, Urgency)> = CRITICAL
        .iter()
        .map(|w| (Arc::from(*w), Urgency::Critical))
        .chain(URGENT.iter().map(|w| (Arc::from(*w), Urgency::Urgent)))
        .collect();
    let search = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(words.iter().map(|(w, _)| w.as_bytes()))
        .ok()?;
    Some(Risks { search, words })
});

/// The most urgent thing told in a folded text, and the words that tell it. `None`: nothing urgent.
pub(crate) fn in_folded(folded: &str) -> (Option<Urgency>, Vec<Arc<str>>) {
    let mut hint = None;
    let mut because: Vec<Arc<str>> = Vec::new();
    let Some(risks) = RISKS.as_ref() else { return (None, because) };
    for hit in risks.search.find_iter(folded) {
        let Some((word, urgency)) = risks.words.get(hit.pattern().as_usize()) else { continue };
        if !whole_word(folded, hit.start(), hit.end()) {
            continue;
        }
        let Some(urgency) = as_told(*urgency, before(folded, hit.start()), &folded[hit.end()..]) else { continue };
        if hint < Some(urgency) {
            hint = Some(urgency);
            because.clear();
        }
        if hint == Some(urgency) && !because.contains(word) {
            because.push(Arc::clone(word));
        }
    }
    (hint, because)
}

fn as_told(urgency: Urgency, before: &str, after: &str) -> Option<Urgency> {
    if NOTHING_BEHIND.iter().any(|w| after.starts_with(w)) || NOTHING_BEFORE.iter().any(|w| before.ends_with(w)) {
        return None;
    }
    let maybe = MAYBE_BEHIND.iter().any(|w| after.starts_with(w)) || MAYBE_BEFORE.iter().any(|w| before.ends_with(w));
    match (urgency, maybe) {
        (Urgency::Critical, false) => Some(Urgency::Critical),
        (Urgency::Critical, true) | (Urgency::Urgent, false) => Some(Urgency::Urgent),
        (Urgency::Urgent, true) | (Urgency::Normal, _) => None,
    }
}

/// The clause before a word, as far as it matters.
fn before(text: &str, at: usize) -> &str {
    let mut from = at.saturating_sub(REACH_BEFORE);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    &text[from..at]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(text: &str) -> Option<Urgency> {
        in_folded(&text.chars().map(crate::fold::fold).collect::<String>()).0
    }

    #[test]
    fn what_happens_is_critical_what_may_happen_is_urgent() {
        assert_eq!(hint("3栋燃气泄漏，味道很大"), Some(Urgency::Critical));
        assert_eq!(hint("樓下著火"), Some(Urgency::Critical));
        assert_eq!(hint("小区起火了"), Some(Urgency::Critical));
        assert_eq!(hint("楼道堆放杂物，有火灾隐患"), Some(Urgency::Urgent));
        assert_eq!(hint("飞线充电容易起火"), Some(Urgency::Urgent));
        assert_eq!(hint("电梯困人，里面有孕妇"), Some(Urgency::Critical));
        assert_eq!(hint("路口井盖缺失"), Some(Urgency::Urgent));
        assert_eq!(hint("There is a gas leak in block 3"), Some(Urgency::Critical));
        assert_eq!(hint("Exposed wires at the school gate"), Some(Urgency::Urgent));
    }

    #[test]
    fn what_does_not_happen_alarms_nobody() {
        for text in [
            "希望开展火灾演练",
            "安装火灾报警器",
            "以防火灾",
            "路灯不亮",
            "fire drill at school",
            "campfire",
            "购买火灾险",
        ] {
            assert_eq!(hint(text), None, "{text}");
        }
    }
}
