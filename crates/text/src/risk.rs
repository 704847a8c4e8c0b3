//! Words of danger: what must not wait its turn (D§5.2, design §3).
//!
//! A false alarm wakes people at night, so a word counts fully only when it is told as happening,
//! and early: `小区起火了` is critical, `一旦起火后果严重` is urgent, `消防演练` is neither. Who is in
//! danger says so at once; a letter that comes to fire on its second page argues.

use std::sync::{Arc, LazyLock};

use aho_corasick::{AhoCorasick, MatchKind};
use suban_domain::Urgency;

use crate::area::whole_word;

/// Life or property, now.
const CRITICAL: &str = "\
    燃气泄漏|燃气泄露|煤气泄漏|煤气泄露|天然气泄漏|天然气泄露|燃气漏气|煤气漏气|天然气漏气|燃气管漏|管道漏气|液化气泄漏|液化气泄露\
    |煤气味|燃气味|天然气味|煤气味道|燃气味道|着火|著火|起火|失火|发生火灾|冒浓烟|爆炸|爆燃|触电|电死|坍塌|倒塌|垮塌|塌方|房屋塌|房子塌\
    |自杀|轻生|跳楼|跳桥|割腕|不想活|溺水|掉进河|落水|煤气中毒|一氧化碳|昏迷|有人晕倒|晕倒在|人被困|被困电梯|被困在|困在电梯|电梯困人\
    |关在电梯|电梯坠落|电梯下坠|持刀|行凶|高压线断|电线断落|危化品泄漏|氨气泄漏|泥石流|山体滑坡|溃坝|决堤|生命垂危\
    |gas leak|leaking gas|smell of gas|smell gas|smells of gas|smelled gas|gas smell|on fire|fire broke out|explosion|electrocuted\
    |electric shock|collapsed|suicide|suicidal|jump off|drowning|carbon monoxide|unconscious|trapped in|stuck in the elevator\
    |stuck in elevator|stuck in the lift|landslide|chemical spill|downed power line|live wire";

/// Hard to repair later.
const URGENT: &str = "\
    漏电|井盖缺失|井盖丢失|没有井盖|井盖被盗|井盖不见|井盖没了|井盖塌陷|路面塌陷|地面塌陷|道路塌陷|路面坍塌|爆管|水管爆裂|水管爆|危房|高空坠物\
    |墙砖脱落|外墙脱落|墙皮脱落|瓷砖脱落|玻璃掉落|广告牌掉落|广告牌松动|摇摇欲坠|树倒|大树倒|电线掉落|电线垂落|电线掉|电线裸露|大面积停电\
    |大面积停水|积水严重|严重积水|内涝|食物中毒|讨薪|堵路|围堵|走失|失踪|红绿灯不亮|红绿灯故障|信号灯故障|信号灯不亮|停水停电|电梯故障|疯狗\
    |咬伤|狗咬人|儿童受伤|有人受伤|人员受伤|毒气|毒烟|火灾|生命危险\
    |open manhole|missing manhole|manhole cover missing|exposed wire|exposed wires|sinkhole|water main break|burst pipe|burst main\
    |fallen tree|tree down|flooding|flooded|traffic light out|signal out|power outage|falling debris|dog bite|bitten|injured\
    |food poisoning|missing child|missing person|collapse";

/// In the clause before a critical word: it may happen.
const MAYBE_BEFORE: &[&str] = &[
    "容易",
    "可能",
    "担心",
    "害怕",
    "万一",
    "一旦",
    "如果",
    "要是",
    "随时",
    "导致",
    "引发",
    "引起",
    "造成",
    "极易",
    "假如",
    "倘若",
    "若是",
    "面临",
    "存在",
    "隐患",
    "恐怕",
    "生怕",
    "难道",
    "may ",
    "might ",
    "could ",
    "risk of ",
    "danger of ",
    "if ",
    "afraid ",
    "cause ",
];
/// Right before a critical word: it may happen. One character is too little to be looked for further away.
const MAYBE_RIGHT_BEFORE: &[&str] = &["若", "怕", "会", "易", "将", "险些", "差点"];
/// In the clause behind a critical word: it may happen.
const MAYBE_BEHIND: &[&str] = &["隐患", "风险", "危险", "可能", "怎么办", "后果", "谁负责", "hazard", "risk"];
/// Right behind a word of danger: nothing happens now.
const NOTHING_BEHIND: &[&str] = &[
    "演练",
    "预防",
    "知识",
    "宣传",
    "培训",
    "险",
    "报警",
    "应急",
    "事件的",
    "后的理赔",
    "保险",
    "通道",
    "责任",
    "过",
    "死亡赔偿",
    "赔偿",
    " drill",
    " alarm",
    " insurance",
    " prevention",
    " training",
    " hydrant",
];
/// Right before a word of danger: nothing happens now.
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
    "曾",
    "从未",
    "没有发生",
    "没有",
    "不会",
    "防",
    "like ",
    "prevent ",
    "avoid ",
    "no ",
];

/// Where a clause ends.
const CLAUSE_ENDS: &[char] = &['。', '，', ',', '!', '?', ';', '；', '！', '？', '\n', '.', ':', '：'];
/// Bytes of a clause that are looked at on either side.
const CLAUSE: usize = 90;
/// A critical word must begin this early, in bytes; behind it, it is urgent.
const EARLY: usize = 450;

struct Risks {
    search: AhoCorasick,
    words: Vec<(Arc<str>, Urgency)>,
}

static RISKS: LazyLock<Option<Risks>> = LazyLock::new(|| {
    let words: Vec<(Arc<str>, Urgency)> = CRITICAL
        .split('|')
        .map(|w| (Arc::from(w.trim()), Urgency::Critical))
        .chain(URGENT.split('|').map(|w| (Arc::from(w.trim()), Urgency::Urgent)))
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
        let Some(urgency) = as_told(*urgency, folded, hit.start(), hit.end()) else { continue };
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

fn as_told(urgency: Urgency, text: &str, start: usize, end: usize) -> Option<Urgency> {
    let (before, behind) = clause(text, start, end);
    if NOTHING_BEHIND.iter().any(|w| behind.starts_with(w)) || NOTHING_BEFORE.iter().any(|w| before.ends_with(w)) {
        return None;
    }
    let maybe = start > EARLY
        || MAYBE_BEFORE.iter().any(|w| before.contains(w))
        || MAYBE_RIGHT_BEFORE.iter().any(|w| before.ends_with(w))
        || MAYBE_BEHIND.iter().any(|w| behind.contains(w));
    match (urgency, maybe) {
        (Urgency::Critical, false) => Some(Urgency::Critical),
        (Urgency::Critical, true) | (Urgency::Urgent, false) => Some(Urgency::Urgent),
        (Urgency::Urgent, true) | (Urgency::Normal, _) => None,
    }
}

/// The clause that a word stands in: what comes before it and what behind.
fn clause(text: &str, start: usize, end: usize) -> (&str, &str) {
    let from = text.ceil_char_boundary(start.saturating_sub(CLAUSE));
    let to = text.floor_char_boundary(end.saturating_add(CLAUSE).min(text.len()));
    let (before, behind) = (text.get(from..start).unwrap_or(""), text.get(end..to).unwrap_or(""));
    let before = before.rsplit(CLAUSE_ENDS).next().unwrap_or(before);
    let behind = behind.split(CLAUSE_ENDS).next().unwrap_or(behind);
    (before, behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(text: &str) -> Option<Urgency> {
        in_folded(&text.chars().map(crate::fold::fold).collect::<String>()).0
    }

    #[test]
    fn what_happens_is_critical() {
        for text in [
            "3栋燃气泄漏，味道很大",
            "樓下著火了",
            "小区起火了，有人没出来",
            "电梯困人，里面有孕妇",
            "楼道里有很浓的煤气味",
            "有人要跳楼",
            "There is a gas leak in block 3",
            "My kitchen is on fire!",
        ] {
            assert_eq!(hint(text), Some(Urgency::Critical), "{text}");
        }
    }

    #[test]
    fn what_may_happen_is_urgent() {
        for text in [
            "楼道堆放杂物，有火灾隐患，一旦起火后果严重",
            "飞线充电容易起火",
            "电线老化，存在触电、起火的危险",
            "路口井盖缺失",
            "Exposed wires at the school gate",
            "the wall could have collapsed",
        ] {
            assert_eq!(hint(text), Some(Urgency::Urgent), "{text}");
        }
        let late = format!("{}后来楼下起火了", "物业不作为，业主很不满，".repeat(20));
        assert_eq!(hint(&late), Some(Urgency::Urgent));
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
            "有火灾隐患",
            "没有发生爆炸",
            "前年着过火，曾起火",
        ] {
            assert_eq!(hint(text), None, "{text}");
        }
    }
}
