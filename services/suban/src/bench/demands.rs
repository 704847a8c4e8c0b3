//! What the bench's citizens demand: short sentences from the catalogue's own words, so that nearly all of them can
//! be dispatched by rule. Invented people, phones of the city's reserved range.

use rand::{Rng as _, rngs::StdRng};
use suban_domain::{Channel, Kind};
use suban_proto::v1;
use suban_text::{Catalogue, catalogue::AreaLevel};

use crate::city::{PHONES, one_of};

const SURNAMES: &[&str] = &["亓官", "澹台", "濮阳", "纳兰", "宇文", "呼延", "闾丘", "巫马", "公冶", "淳于"];
const GIVEN: &[&str] =
    &["晓墨", "听澜", "知遥", "若蘅", "景珩", "疏桐", "望舒", "叔夜", "怀瑾", "攸宁", "既明", "采薇"];

const SINCE: &[&str] =
    &["今天早上开始", "从昨晚起", "已经三天了", "这周一直这样", "上个月就有了", "每天晚上", "刚刚发现"];
const HARM: &[&str] = &[
    "影响居民正常生活",
    "老人小孩经过很不安全",
    "附近住户意见很大",
    "给大家出行带来不便",
    "希望尽快安排人员到现场查看",
    "之前打过电话一直没有人处理",
];
const WISH: &[&str] = &["请尽快处理", "请有关部门核实", "希望能给个答复", "麻烦尽快解决", "请协调处理"];

/// Shares of D§17.1: phone 70, WeChat 15, app 4, web and mailbox 2, grid 6, upper dispatch 2, proactive 1.
const CHANNELS: &[(u32, Channel)] = &[
    (70, Channel::Phone12345),
    (85, Channel::WechatMini),
    (89, Channel::AppDistrict),
    (90, Channel::Web),
    (91, Channel::Mailbox),
    (97, Channel::Grid),
    (99, Channel::UpperDispatch),
    (100, Channel::NetworkClue),
];

fn channel(rng: &mut StdRng) -> Channel {
    let n = rng.random_range(0..100);
    CHANNELS.iter().find(|(upto, _)| n < *upto).map_or(Channel::Phone12345, |(_, c)| *c)
}

fn person(rng: &mut StdRng) -> v1::Requester {
    let surname = one_of(SURNAMES, rng).copied().unwrap_or("亓官");
    let given = one_of(GIVEN, rng).copied().unwrap_or("听澜");
    v1::Requester {
        name: format!("{surname}{given}"),
        phone: format!("{PHONES}{:04}", rng.random_range(0..10_000)),
        ..v1::Requester::default()
    }
}

/// A new demand about one of the catalogue's matters somewhere in the district.
pub(crate) fn demand(catalogue: &Catalogue, rng: &mut StdRng) -> v1::SubmitRequest {
    let communities: Vec<_> = catalogue.areas().iter().filter(|a| a.level == AreaLevel::Community).collect();
    let (Some(matter), Some(area)) = (one_of(catalogue.matters(), rng), one_of(&communities, rng)) else {
        return v1::SubmitRequest::default();
    };
    let what = one_of(&matter.synonyms, rng).unwrap_or(&matter.name);
    let spot = one_of(&area.roads, rng).or_else(|| area.estates.first());
    let near = spot.map_or_else(String::new, |s| format!("{s}{}号附近", rng.random_range(1..200)));
    let pick = |list: &[&'static str], rng: &mut StdRng| one_of(list, rng).copied().unwrap_or_default();
    let text = format!("{}{near}{what},{},{},{}。", area.name, pick(SINCE, rng), pick(HARM, rng), pick(WISH, rng));
    let kind = match matter.kind {
        // Only a channel's own word may make it another type; the reader knows the rest.
        Kind::Praise => Some(Kind::Praise.number()),
        Kind::Consult | Kind::Help | Kind::Complaint | Kind::Report | Kind::Suggestion | Kind::Other => None,
    };
    v1::SubmitRequest {
        channel: channel(rng).number(),
        title: format!("{}{what}", area.name),
        place_text: format!("{}{near}", area.name),
        text,
        requester: Some(person(rng)),
        kind,
        ..v1::SubmitRequest::default()
    }
}

/// The same event, in the same words, by somebody else.
pub(crate) fn same_event(first: &v1::SubmitRequest, rng: &mut StdRng) -> v1::SubmitRequest {
    v1::SubmitRequest { channel: channel(rng).number(), requester: Some(person(rng)), ..first.clone() }
}

/// The same person once more.
pub(crate) fn same_person(first: &v1::SubmitRequest) -> v1::SubmitRequest {
    first.clone()
}
