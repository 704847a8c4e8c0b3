//! What a value, a class, an act and a guard mean, said to a person in Chinese and in English.

use serde::Serialize;

use suban_domain::DuplicateClass;

use crate::{
    decide::{Act, Guard},
    evidence::PassedOver,
    features::Feature,
};

/// One sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sentence {
    /// 中文.
    pub zh: String,
    /// English.
    pub en: String,
}

pub(crate) fn sentence(zh: impl Into<String>, en: impl Into<String>) -> Sentence {
    Sentence { zh: zh.into(), en: en.into() }
}

fn percent(share: f32) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Hours as a person says them.
fn hours(log: f32) -> [String; 2] {
    let hours = log.exp_m1().max(0.0);
    match hours {
        ..1.0 => {
            let minutes = (hours * 60.0).round();
            [format!("{minutes} 分钟"), format!("{minutes} minutes")]
        }
        ..48.0 => [format!("{hours:.1} 小时"), format!("{hours:.1} hours")],
        _ => [format!("{:.0} 天", hours / 24.0), format!("{:.0} days", hours / 24.0)],
    }
}

/// One of −1, 0, 1: they differ, not both name one, the same.
fn named(value: f32, zh: &str, en: &str) -> Sentence {
    if value > 0.0 {
        sentence(format!("提到同一{zh}"), format!("they name the same {en}"))
    } else if value < 0.0 {
        sentence(format!("提到的{zh}不同"), format!("they name different {en}s"))
    } else {
        sentence(format!("没有都提到{zh}"), format!("not both name a {en}"))
    }
}

/// What a value of a feature means.
pub(crate) fn of_feature(feature: Feature, value: Option<f32>) -> Sentence {
    let Some(value) = value else {
        let (zh, en) = name(feature);
        return sentence(format!("{zh}不详"), format!("{en} is not known"));
    };
    let others = value.exp_m1().round().max(0.0);
    match feature {
        Feature::Runs => {
            sentence(format!("字面相似 {}", percent(value)), format!("their characters are {} alike", percent(value)))
        }
        Feature::Words => {
            sentence(format!("用词相似 {}", percent(value)), format!("their words are {} alike", percent(value)))
        }
        Feature::Contained => sentence(
            format!("较短一件的内容有 {} 见于另一件", percent(value)),
            format!("{} of the shorter one stands in the longer one", percent(value)),
        ),
        Feature::Rarest if value > 0.0 => sentence(
            format!("共有的最少见的词约每 {:.0} 件出现一次", value.exp()),
            format!("the rarest word they share stands in one of {:.0} requests", value.exp()),
        ),
        Feature::Rarest => sentence("没有共同的词", "they share no word"),
        Feature::SameWords if value > 0.0 => sentence("文字完全相同", "the words are the same"),
        Feature::SameWords => sentence("文字不完全相同", "the words are not the same"),
        Feature::Code => named(value, "编号(车牌、灯杆号、单号)", "plate, pole or order number"),
        Feature::Name => named(value, "小区、道路或单位", "estate, road or company name"),
        Feature::Building => named(value, "楼栋", "building"),
        Feature::Distance => {
            let metres = value.exp_m1().max(0.0);
            sentence(format!("相距 {metres:.0} 米"), format!("they are {metres:.0} m apart"))
        }
        Feature::Address => match value {
            ..0.5 => sentence("地址不在同一条路", "the addresses are on different streets"),
            ..1.5 => sentence("地址同路不同号", "the addresses are on one street with different numbers"),
            ..2.5 => sentence("地址同路,有一件无门牌号", "the addresses are on one street, a number is missing"),
            _ => sentence("地址相同", "the addresses are the same"),
        },
        Feature::Category => match value {
            ..0.5 => sentence("事项不同", "the matters differ"),
            ..1.5 => sentence("事项的上级分类相同", "the matters have the same node above"),
            _ => sentence("事项相同", "the matter is the same"),
        },
        Feature::Hours => {
            let [zh, en] = hours(value);
            sentence(format!("前后相隔 {zh}"), format!("they were reported {en} apart"))
        }
        Feature::Open if value > 0.0 => sentence("前一件仍在办", "the earlier one is still open"),
        Feature::Open => sentence("前一件已办结", "the earlier one is closed"),
        Feature::ClosedFor => {
            let [zh, en] = hours(value);
            sentence(format!("前一件已办结 {zh}"), format!("the earlier one was closed {en} before"))
        }
        Feature::Requester if value > 0.0 => sentence("同一人反映", "the same person reported both"),
        Feature::Requester => sentence("不同的人反映", "different persons reported them"),
        Feature::Photo => match value {
            ..0.5 => sentence("都没有照片", "neither has a picture"),
            ..1.5 => sentence("只有新的一件有照片", "only the new one has a picture"),
            ..2.5 => sentence("只有前一件有照片", "only the earlier one has a picture"),
            _ => sentence("都有照片", "both have pictures"),
        },
        Feature::SamePhoto if value > 0.0 => sentence("有照片相同或近乎相同", "pictures of both are nearly the same"),
        Feature::SamePhoto => sentence("照片各不相同", "none of the pictures are the same"),
        Feature::Length => sentence(
            format!("新的一件的篇幅是前一件的 {:.1} 倍", value.exp()),
            format!("the new one is {:.1} times as long as the earlier one", value.exp()),
        ),
        Feature::Crowd => sentence(
            format!("同一坐标点上另有 {others} 件"),
            format!("{others} others were reported at the very same point"),
        ),
        Feature::Nearer => {
            sentence(format!("同事项中有 {others} 件更近"), format!("{others} of the same matter are nearer"))
        }
        Feature::Wordier => sentence(format!("有 {others} 件文字更相似"), format!("{others} are more alike in words")),
        Feature::Later => sentence(format!("可能相同的有 {others} 件更晚"), format!("{others} likely ones are later")),
        Feature::Earlier => {
            sentence(format!("可能相同的有 {others} 件更早"), format!("{others} likely ones are earlier"))
        }
        Feature::Repeat => sentence(
            format!("前一件自身是重复件的可能为 {}", percent(value)),
            format!("the earlier one is itself a repetition with a chance of {}", percent(value)),
        ),
        Feature::Repeated => sentence(
            format!("其他候选重复前一件的可能合计 {value:.1} 件"),
            format!("{value:.1} other candidates are likely to repeat the earlier one"),
        ),
    }
}

/// What a feature is about.
const fn name(feature: Feature) -> (&'static str, &'static str) {
    match feature {
        Feature::Runs => ("字面相似度", "how alike the characters are"),
        Feature::Words => ("用词相似度", "how alike the words are"),
        Feature::Contained => ("内容包含度", "how much one contains of the other"),
        Feature::Rarest => ("共同的少见词", "the rarest word in common"),
        Feature::SameWords => ("文字是否相同", "whether the words are the same"),
        Feature::Code => ("编号", "a plate, pole or order number"),
        Feature::Name => ("小区、道路或单位", "the estate, road or company"),
        Feature::Building => ("楼栋", "the building"),
        Feature::Distance => ("距离", "the distance"),
        Feature::Address => ("地址", "the address"),
        Feature::Category => ("事项", "the matter"),
        Feature::Hours => ("间隔时间", "the time between them"),
        Feature::Open => ("是否在办", "whether the earlier one is open"),
        Feature::ClosedFor => ("办结后的时间", "the time since a closing"),
        Feature::Requester => ("反映人", "the person"),
        Feature::Photo => ("照片", "whether there are pictures"),
        Feature::SamePhoto => ("照片是否相同", "whether the pictures are the same"),
        Feature::Length => ("篇幅", "the length"),
        Feature::Crowd => ("同点件数", "how many share the point"),
        Feature::Nearer => ("更近的件数", "how many are nearer"),
        Feature::Wordier => ("更相似的件数", "how many are more alike"),
        Feature::Later => ("更晚的件数", "how many are later"),
        Feature::Earlier => ("更早的件数", "how many are earlier"),
        Feature::Repeat => ("自身是否重复", "whether the earlier one repeats another"),
        Feature::Repeated => ("被重复的情况", "how many repeat the earlier one"),
    }
}

/// What was passed over, in words.
pub(crate) fn of_passed_over(what: PassedOver) -> Sentence {
    match what {
        PassedOver::Point => sentence(
            "坐标是默认点,或被认定不能作为依据,未予比较",
            "a point was passed over: a default one, or named as no evidence",
        ),
        PassedOver::Phone => sentence(
            "电话是总机,或被认定不能作为依据,未予比较",
            "the phone was passed over: a switchboard, or named as no evidence",
        ),
    }
}

pub(crate) fn of_class(class: Option<DuplicateClass>) -> Sentence {
    match class {
        None => sentence("不属于任何重复类别", "no class of repetition"),
        Some(DuplicateClass::D0) => sentence("D0 同源重推", "D0 the same record sent again by its source"),
        Some(DuplicateClass::D1) => sentence("D1 同人同事·在办", "D1 the same person and matter, still open"),
        Some(DuplicateClass::D2) => sentence("D2 同人同事·已办结", "D2 the same person and matter, closed"),
        Some(DuplicateClass::D3) => sentence("D3 异人同事", "D3 different persons, the same matter"),
        Some(DuplicateClass::D4) => sentence("D4 同类同主体 / 类案", "D4 like cases about one subject"),
        Some(DuplicateClass::D5) => sentence("D5 一号多诉", "D5 one person, different matters"),
        Some(DuplicateClass::D6) => sentence("D6 一单多诉", "D6 one ticket, several matters"),
        Some(DuplicateClass::D7) => sentence("D7 跨平台重复", "D7 the same matter on another platform"),
        Some(DuplicateClass::D8) => sentence("D8 恶意/骚扰", "D8 nuisance"),
    }
}

pub(crate) fn of_act(act: Act) -> Sentence {
    match act {
        Act::ReturnExisting => sentence("返回原单号,不另立单", "the existing number goes back, nothing new"),
        Act::Merge => sentence("自动并案", "it joins the earlier one by itself"),
        Act::SuggestMerge => sentence("建议并案,由人确认", "a person decides whether it joins"),
        Act::AskAboutClosed => {
            sentence("由人决定重办、解释或另立关联单", "a person decides: redo, explain, or a new linked ticket")
        }
        Act::Cluster => sentence("另立单,归入同类案", "a new ticket, linked with like cases"),
        Act::Link => sentence("另立单,关联其他平台的单", "a new ticket, linked to the one on the other platform"),
        Act::Split => sentence("先拆单,再逐件判重", "it is split first, each part judged by itself"),
        Act::Tag => sentence("标记并限制,不并案", "it is tagged and limited, never merged"),
        Act::New => sentence("作为新单办理", "it is a new ticket"),
    }
}

pub(crate) fn of_guard(guard: Guard) -> Sentence {
    match guard {
        Guard::Lead => sentence("G1 主办单位不同或未明", "G1: the lead units differ, or one is not known"),
        Guard::Secret => sentence("G2 保密件或举报公职人员", "G2: confidential, or a report of a public servant"),
        Guard::Report => sentence("G2 举报件只能由人并案", "G2: a report, merged by a person only"),
        Guard::Closing => sentence("G3 前一件已不再接受并入", "G3: the earlier one takes nobody in"),
        Guard::Litigation => sentence("G5 涉访涉诉", "G5: before a court or a petition office"),
        Guard::PersonalRight => {
            sentence("G6 涉及个人权益或事项未明", "G6: a right of each person, or an unknown matter")
        }
        Guard::NotWhitelisted => sentence("该类事项不在自动并案范围", "the category may not be merged by itself"),
        Guard::OtherSpot => sentence("同类问题但在不同楼栋或点位", "the same trouble at another building or pole"),
        Guard::Rejected => sentence("已有人确认不是同一件", "a person said that they are not the same"),
    }
}
