use proptest::prelude::*;
use suban_domain::{AreaCode, Kind};

use super::*;
use crate::area::{Gazetteer, Place};
use crate::reading::{Keyword, MatterWords};

fn reader() -> Reader {
    let matter = |code: &str, words: &[&str]| MatterWords {
        code: MatterCode::new(code).unwrap(),
        keywords: words.iter().map(|w| Keyword::plain(*w)).collect(),
        kind: Some(Kind::Complaint),
        urgency: None,
    };
    let place = |code: &str, parent: Option<&str>, name: &str| Place {
        code: AreaCode::new(code).unwrap(),
        parent: parent.map(|p| AreaCode::new(p).unwrap()),
        names: vec![name.to_owned()],
        centre: None,
    };
    let places =
        [place("LG", None, "临港区"), place("LG01", Some("LG"), "海湾街道"), place("LG02", Some("LG"), "松岭街道")];
    Reader::new(
        &[
            matter("lamp", &["路灯", "路灯不亮", "street light is out"]),
            matter("manhole", &["井盖松动", "井盖破损", "manhole cover is loose"]),
            matter("noise", &["夜间施工", "施工噪音", "noise at night"]),
            matter("rubbish", &["垃圾成堆", "垃圾没人清"]),
        ],
        Gazetteer::new(&places).unwrap(),
    )
    .unwrap()
}

fn parts(text: &str) -> Vec<(String, String)> {
    split(&reader(), text)
        .into_iter()
        .map(|p| (p.matter.to_string(), p.ranges.iter().map(|r| &text[r.clone()]).collect()))
        .collect()
}

fn matters(text: &str) -> Vec<String> {
    parts(text).into_iter().map(|(matter, _)| matter).collect()
}

#[test]
fn what_is_numbered_or_added_is_proposed() {
    assert_eq!(
        parts("海湾街道明珠路路灯不亮。另外，小区门口井盖松动，很危险。"),
        [
            ("lamp".to_owned(), "海湾街道明珠路路灯不亮。".to_owned()),
            ("manhole".to_owned(), "另外，小区门口井盖松动，很危险。".to_owned())
        ]
    );
    assert_eq!(matters("反映两个问题：一、夜间施工噪音大；二、路口垃圾成堆没人管。"), ["noise", "rubbish"]);
    assert_eq!(matters("1. 路灯不亮 2. 井盖破损 3. 夜间施工"), ["lamp", "manhole", "noise"]);
    assert_eq!(matters("门口路灯不亮，还有楼下夜间施工"), ["lamp", "noise"]);
    assert_eq!(matters("The street light is out on Main St. Also, the manhole cover is loose."), ["lamp", "manhole"]);
}

#[test]
fn one_matter_stays_whole() {
    for text in [
        "路灯不亮。另外，路灯杆也歪了，路灯不亮很久了。",
        "夜间施工，小区垃圾没人清，路灯不亮，物业不管。",
        "路灯不亮。另一个问题是领导不重视。",
        "一、请问什么时候修路灯；二、请答复",
        "2.5米高的路灯不亮，垃圾成堆",
        "路灯不亮",
        "",
    ] {
        assert_eq!(matters(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_writer_who_comes_back_makes_no_third_part() {
    let text = "路灯不亮。另外井盖松动。还有那个路灯不亮的问题请尽快。";
    let parts = split(&reader(), text);
    assert_eq!(parts.len(), 2);
    assert_eq!(parts[0].ranges.len(), 2);
}

#[test]
fn a_part_without_a_place_has_the_messages() {
    let parts = split(&reader(), "海湾街道：一、路灯不亮。二、井盖松动。三、松岭街道垃圾成堆。");
    let areas: Vec<_> = parts.iter().map(|p| p.reading.area.as_ref().map(AreaCode::as_str)).collect();
    assert_eq!(areas, [Some("LG"), Some("LG"), Some("LG02")]);
}

#[test]
fn a_dossier_is_not_read() {
    let long = "1. 路灯不亮。2. 井盖松动。".repeat(300);
    assert_eq!(matters(&long), Vec::<String>::new());
    let _ = split(&reader(), &"，".repeat(1_000_000));
}

proptest! {
    #[test]
    fn parts_lie_in_the_text_in_order_and_apart(text in "([一二]、|路灯不亮|另外|还有|井盖松动|夜间施工|。|，|；|1\\.|\\PC){0,30}") {
        let parts = split(&reader(), &text);
        prop_assert!(parts.len() != 1);
        let mut ranges: Vec<_> = parts.iter().flat_map(|p| p.ranges.clone()).collect();
        for range in &ranges {
            prop_assert!(text.get(range.clone()).is_some_and(|s| !s.is_empty()));
        }
        ranges.sort_by_key(|r| r.start);
        prop_assert!(ranges.windows(2).all(|w| w[0].end <= w[1].start));
        let mut matters: Vec<_> = parts.iter().map(|p| p.matter.clone()).collect();
        matters.dedup();
        prop_assert_eq!(matters.len(), parts.len());
    }
}
