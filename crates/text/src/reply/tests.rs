//! What each rule sees, by example; and that no text breaks them.

use std::sync::LazyLock;

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

static CHECKER: LazyLock<Checker> = LazyLock::new(|| {
    let segmenter = Segmenter::default();
    let messages = [
        "工地夜间施工噪声扰民，请处理",
        "小区绿化带被毁，请恢复绿化",
        "路灯不亮，请维修",
        "请问社保如何办理",
        "请处理小区停车收费问题",
    ];
    let rarity = Rarity::learn(&segmenter, messages);
    Checker::new(segmenter, rarity)
});

const NOISE: &str = "我要投诉海湾路工地夜间施工噪声扰民，老人孩子无法休息，请处理";

fn rules(reply: &str, asked: &str) -> Vec<Rule> {
    let reply = Reply { text: reply, on: Some(date(2026, 10, 8)), outcome: None };
    CHECKER.check(&reply, &Asked { words: asked, ..Asked::default() }).into_iter().map(|f| f.rule).collect()
}

#[test]
fn a_full_answer_has_no_finding() {
    let good = "您好！接到投诉后，我局执法人员于10月5日晚到海湾路工地现场核查，该工地夜间施工未办理许可。\
                我局已责令停止夜间施工，并对施工单位立案处罚，10月6日晚复查未再施工。感谢您的监督！2026年10月7日";
    assert_eq!(rules(good, NOISE), []);
}

#[test]
fn a_reply_about_greenery_to_a_complaint_of_noise_is_off_the_point() {
    let other =
        "您好！该小区绿化带由物业公司管养，我局已责令其补种树苗三百株，恢复草坪，并按规范修剪乔木，已于本月完成。";
    assert_eq!(rules(other, NOISE), [Rule::OffTopic]);
    let found = CHECKER.check(&Reply { text: other, ..Reply::default() }, &Asked { words: NOISE, ..Asked::default() });
    assert_eq!((found[0].rule.check().zh(), found[0].severity), ("答非所问", Severity::Look));
    assert!(found[0].zh.contains("噪声"), "{}", found[0].zh);
}

#[test]
fn courtesies_alone_are_no_answer_and_passing_on_is_no_action() {
    assert_eq!(rules("网友：您好！留言已收悉，感谢您的支持。2026年10月7日", NOISE), [Rule::Template]);
    let passed = rules("您好！您反映的问题已转交区城管局核实、办复。", NOISE);
    assert_eq!(passed, [Rule::NoAction, Rule::TooShort]);
    assert_eq!(rules("", NOISE), [Rule::Template]);
}

#[test]
fn a_promise_needs_a_day() {
    let base = "我局已到海湾路工地现场核查，责令停止夜间施工噪声扰民的行为，并告知施工单位负责人，";
    assert_eq!(rules(&format!("{base}下一步将加强巡查。"), NOISE), [Rule::PromiseWithoutDate]);
    assert_eq!(rules(&format!("{base}10月20日前将再次巡查。"), NOISE), []);
}

#[test]
fn what_is_told_must_fit_the_result_and_the_calendar() {
    let ahead = Reply {
        text: "海湾路工地夜间施工噪声问题，我局将于10月20日对施工单位开展夜间检查，请您耐心等待处理结果。",
        on: Some(date(2026, 10, 8)),
        outcome: Some(Outcome::Solved),
    };
    let found = CHECKER.check(&ahead, &Asked { words: NOISE, ..Asked::default() });
    assert!(found.iter().any(|f| f.rule == Rule::Contradiction), "{found:?}");
    let later = "我局已于2026年12月1日到海湾路工地现场核查夜间施工噪声，责令停工，并对施工单位立案处罚，已完成整改。";
    assert_eq!(rules(later, NOISE), [Rule::Contradiction]);
}

#[test]
fn anothers_number_blocks() {
    let text = "我局已到海湾路工地现场核查夜间施工噪声，责令停止夜间施工，请联系施工方负责人，电话13912345678。";
    let found = CHECKER.check(&Reply { text, ..Reply::default() }, &Asked { words: NOISE, ..Asked::default() });
    assert_eq!((found[0].rule, found[0].severity), (Rule::OthersData, Severity::Blocks));
    assert_eq!(&text[found[0].range.clone()], "13912345678");
    assert!(!found[0].zh.contains("139"), "a finding never says the number");
}

#[test]
fn more_questions_need_more_words() {
    let three = "请问社保如何办理？需要什么材料？多久办好？";
    let short = "社保请到区政务服务中心一楼窗口办理，需要携带身份证原件。";
    assert_eq!(rules(short, three), [Rule::TooShort]);
}

proptest! {
    #[test]
    fn no_text_breaks_a_rule(text in "\\PC{0,120}", asked in "\\PC{0,60}") {
        for finding in CHECKER.check(&Reply { text: &text, ..Reply::default() }, &Asked { words: &asked, ..Asked::default() }) {
            prop_assert!(text.get(finding.range.clone()).is_some(), "{finding:?}");
            prop_assert!(!finding.zh.is_empty() && !finding.en.is_empty());
        }
    }
}
