//! The words that clauses are told apart by, folded. One list, one kind; a list is separated by `|`.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// What a word says of its clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum Sign {
    /// Courtesy wherever it stands.
    Courtesy = 1,
    /// It went to somebody else.
    PassedOn = 2,
    /// It will be done.
    Promise = 4,
    /// It was done, in one word.
    Deed = 8,
    /// Something that can be done.
    Act = 16,
    /// Done with.
    Done = 32,
    /// Not, or not yet.
    Not = 64,
    /// A law, a rule, a reason.
    Grounds = 128,
    /// A time by which.
    When = 256,
}

const LISTS: &[(Sign, &str)] = &[
    (
        Sign::Courtesy,
        "您好|你好|收悉|已阅|已知悉|留言收到|来信收到|答复如下|回复如下|反馈如下|说明如下|函复如下|感谢您|感谢你|谢谢|感谢来信|感谢留言|感谢关注\
         |再次感谢|衷心感谢|感谢对|表示感谢|祝您|祝你|特此|高度重视|敬请谅解|请谅解|敬请理解|敬请关注|敬请留意|欢迎您|欢迎继续|欢迎监督|理解与支持|理解和支持|关心与支持|关心和支持\
         |支持与理解|监督与支持|监督和支持|支持和理解|关注和支持|关注与支持|宝贵意见|尊敬的|亲爱的|网友|网民|此致|敬礼|以上是我|热忱为您服务|带来不便|带来的不便|如有疑问\
         |如有其他疑问|如您还有|如果您还有|如您有|望您知晓|望知晓|现将|现就有关|您反映的问题|你反映的问题|您所反映的问题|您咨询的问题\
         |dear |thank you|thanks for|we have received|your message|kind regards|best regards|sincerely|we value|please accept our",
    ),
    (
        Sign::PassedOn,
        "已转|转交|转至|转由|转办|转给|转相关|转有关|迅速转|移交|已交|交由|交办|呈送|已批转|代为转达|已反馈至|passed on|forwarded|has been referred\
         |was referred|have referred|transferred to",
    ),
    (
        Sign::Promise,
        "将继续|将进一步|将加强|将加大|将会|将尽快|将及时|将于|将对|将持续|将督促|将严格|将组织|将认真|将根据|将予以|将由|将积极|将按|将依法|将不断|将逐步|将全力|将努力\
         |将协调|将安排|将在|将适时|将充分|将联合|将要求|将重点|将切实|将把|即将|尽快|争取|力争|下一步|下阶段|计划在|拟于|拟在|拟对|待条件成熟|适时|如有情况|如有进展|后续将|会尽快\
         |会及时|我们会|我局会|will be|we will|shall be|as soon as possible|plan to|intend to",
    ),
    (
        Sign::Deed,
        "责令|责成|约谈|立案|整改到位|整改完毕|进行了|开展了|召开了|组织了|安排了|联系了|查看了|核实了|修复了|清理了|更换了|拆除了|已恢复|已修复|已清理|已清运|已整改|已拆除|已更换\
         |已维修|已解决|已完成|已办理|已落实|已处理完|已安装|已疏通|已下达|已下发|已要求|已告知|已联系|已劝导|已派|已到现场|到现场|现场核查|现场查看|现场勘查|现场勘察|现场调查|上门\
         |经调查|经核查|经核实|经现场|经查|经了解|经走访|经与|据查|据了解|处以罚款|罚款|行政处罚|下达了|发出了|要求其|要求该|has been repaired|have repaired|was repaired\
         |has been fixed|was fixed|were removed|was removed|has been removed|we inspected|was inspected|has been cleaned|was cleaned|we found|were fined|was fined|was replaced|has been replaced",
    ),
    (
        Sign::Act,
        "核实|核查|调查|走访|整改|查处|处罚|清理|清运|修复|维修|抢修|更换|安装|拆除|劝导|教育|巡查|检查|协调|整治|取缔|疏通|退还|退款|发放|办理|下发|印发|完成|启动|编制|纳入|开通|调整\
         |增设|执法|沟通|告知|施工|建设|招标|立项|审批|验收|排查|制止|补种|消杀|化解|调解|审核|报送|对接|督促|解决|处理|提供|缴纳|签订",
    ),
    (Sign::Done, "已|了|完毕|到位|曾|于|正在|目前|现正|其间|期间"),
    (Sign::Not, "未|没有|无法|不能|不予|尚无|不属|has not|have not|cannot|could not"),
    (
        Sign::Grounds,
        "根据|按照|依据|依照|规定|条例|《|文件|政策|因为|由于|原因|因该|因此|标准|属于|不属|不符合|符合|条件是|需要|须|应当|可以|可到|可向|请到|请携带|目前|according to|under the|because|due to\
         |regulation|requires|policy",
    ),
    (
        Sign::When,
        "年底|年内|年初|月底|月初|月中|本月|下月|本周|下周|上半年|下半年|季度|工作日内|个工作日|日前|日内|天内|小时内|周内|个月内|明年|今年|明天|今日|当天|节前|春节|国庆|暑假|寒假|开学\
         |within|tomorrow|next week|next month|this week|this month|by the end|january|february|march|april|june|july|august|september|october|november|december|monday|tuesday|wednesday|thursday|friday",
    ),
];

/// The words that people put a question with; the one used most counts.
pub(super) const ASKING: &[&str] =
    &["请问", "是否", "如何", "怎么", "什么时候", "何时", "为什么", "为何", "能否", "吗"];

struct Known {
    search: AhoCorasick,
    of: Vec<Sign>,
}

static KNOWN: LazyLock<Option<Known>> = LazyLock::new(|| {
    let each = |(sign, list): &(Sign, &'static str)| {
        let sign = *sign;
        list.split('|').map(move |word| (sign, word.trim_start())).collect::<Vec<_>>()
    };
    let words: Vec<(Sign, &str)> = LISTS.iter().flat_map(each).filter(|(_, word)| !word.is_empty()).collect();
    let search = AhoCorasick::builder().match_kind(MatchKind::Standard).build(words.iter().map(|(_, w)| w)).ok()?;
    Some(Known { search, of: words.into_iter().map(|(sign, _)| sign).collect() })
});

/// Which signs a folded clause has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Signs(u16);

impl Signs {
    /// Of a folded clause; words inside longer ones count too.
    pub(super) fn of(folded: &str) -> Self {
        let Some(known) = KNOWN.as_ref() else { return Self::default() };
        let hits = known.search.find_overlapping_iter(folded);
        Self(hits.filter_map(|hit| known.of.get(hit.pattern().as_usize())).fold(0, |all, sign| all | *sign as u16))
    }

    pub(super) const fn has(self, sign: Sign) -> bool {
        self.0 & sign as u16 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::fold;

    #[test]
    fn every_word_is_folded_so_that_it_can_be_found() {
        for (sign, list) in LISTS {
            for word in list.split('|').map(str::trim_start) {
                assert_eq!(word.chars().map(fold).collect::<String>(), word);
                assert!(Signs::of(word).has(*sign), "{word}");
            }
        }
    }
}
