//! A small catalogue, read as promised.

use super::*;
use crate::area::Place;

fn matter(code: &str, words: &[&str], kind: Kind) -> MatterWords {
    MatterWords {
        code: MatterCode::new(code).unwrap(),
        keywords: words.iter().map(|w| Keyword::plain(*w)).collect(),
        kind: Some(kind),
        urgency: None,
    }
}

fn reader() -> Reader {
    let place = |code: &str, parent: Option<&str>, name: &str, centre: Option<Point>| Place {
        code: AreaCode::new(code).unwrap(),
        parent: parent.map(|p| AreaCode::new(p).unwrap()),
        names: vec![name.to_owned()],
        centre,
    };
    let gazetteer = Gazetteer::new(&[
        place("LG", None, "临港区", None),
        place("LG01", Some("LG"), "海湾街道", None),
        place("LG0101", Some("LG01"), "望潮社区", Some(Point::new(31.0, 121.0).unwrap())),
        place("LG0201", Some("LG"), "松涛社区", Some(Point::new(31.05, 121.0).unwrap())),
    ])
    .unwrap();
    Reader::new(
        &[
            matter("lamp", &["路灯", "路灯不亮", "street light"], Kind::Help),
            matter("manhole", &["井盖", "窨井盖", "manhole"], Kind::Help),
            matter("noise", &["施工噪音", "夜间施工", "打桩"], Kind::Complaint),
        ],
        gazetteer,
    )
    .unwrap()
}

fn code(reading: &Reading) -> Option<&str> {
    reading.matter.as_ref().map(MatterCode::as_str)
}

#[test]
fn words_decide_and_are_named() {
    let read = reader().read(&ToRead::words("海湾街道望潮社区門口路燈不亮"));
    assert_eq!(code(&read), Some("lamp"));
    assert_eq!(read.matter_because, [Arc::from("路灯不亮")]);
    assert_eq!(read.area.as_ref().map(AreaCode::as_str), Some("LG0101"));
    assert_eq!(read.area_because, [Arc::from("海湾街道"), Arc::from("望潮社区")]);
    assert_eq!(read.kind, Some(Kind::Help));
    assert_eq!(read.urgency_hint, None);
    assert_eq!(code(&reader().read(&ToRead::words("Two STREET LIGHTS are out"))), Some("lamp"));
}

#[test]
fn two_matters_at_once_are_for_a_person() {
    let read = reader().read(&ToRead::words("路灯坏了，井盖也坏了"));
    assert_eq!(read.matter, None);
    assert!(read.matter_because.is_empty());
    let named: Vec<&str> = read.candidates.iter().map(|c| c.matter.as_str()).collect();
    assert_eq!(named, ["lamp", "manhole"]);
}

#[test]
fn what_the_channel_says_stands_when_it_is_known() {
    let (known, unknown) = (MatterCode::new("noise").unwrap(), MatterCode::new("gone").unwrap());
    let said =
        |m| ToRead { declared_matter: Some(m), declared_kind: Some(Kind::Report), ..ToRead::words("路灯不亮") };
    let read = reader().read(&said(&known));
    assert_eq!((code(&read), read.kind), (Some("noise"), Some(Kind::Report)));
    assert_eq!(code(&reader().read(&said(&unknown))), Some("lamp"));
}

#[test]
fn each_source_of_place_only_narrows_the_one_before() {
    let area = |message: ToRead<'_>| reader().read(&message).area.map(|a| a.as_str().to_owned());
    let words = ToRead::words("望潮社区路灯不亮");
    assert_eq!(area(ToRead { place_text: Some("松涛社区"), ..words }).as_deref(), Some("LG0201"));
    assert_eq!(area(ToRead { place_text: Some("海湾街道"), ..words }).as_deref(), Some("LG0101"));
    let near = Point::new(31.001, 121.0).ok();
    assert_eq!(area(ToRead { point: near, ..ToRead::words("路灯") }).as_deref(), Some("LG0101"));
    assert_eq!(area(ToRead { point: near, ..ToRead::words("松涛社区路灯") }).as_deref(), Some("LG0201"));
    let declared = AreaCode::new("LG01").unwrap();
    assert_eq!(
        area(ToRead { declared_area: Some(&declared), point: near, ..ToRead::words("路灯") }).as_deref(),
        Some("LG0101")
    );
    assert_eq!(area(ToRead { point: Point::new(10.0, 10.0).ok(), ..ToRead::words("路灯") }), None);
}

#[test]
fn the_version_follows_the_words() {
    let a = reader();
    let b = Reader::new(&[matter("lamp", &["路灯"], Kind::Help)], a.gazetteer().clone()).unwrap();
    assert_ne!(a.version(), b.version());
    assert_eq!(a.version(), reader().version());
}

proptest::proptest! {
    #[test]
    fn any_text_is_read(text in "\\PC{0,80}", place in proptest::option::of("\\PC{0,20}")) {
        let reader = reader();
        let message = ToRead { place_text: place.as_deref(), ..ToRead::words(&text) };
        assert_eq!(reader.read(&message), reader.read(&message));
    }
}
