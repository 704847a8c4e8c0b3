use suban_domain::{AreaCode, MatterCode};

use super::*;
use crate::area::{Gazetteer, Place};
use crate::extract::extract;
use crate::reading::{Keyword, MatterWords, Reader, ToRead};

fn asked(text: &str, beside: Beside) -> Vec<&'static str> {
    let reader = Reader::new(
        &[MatterWords {
            code: MatterCode::new("noise").unwrap(),
            keywords: vec![Keyword::plain("施工噪音"), Keyword::plain("construction noise")],
            kind: Some(Kind::Complaint),
            urgency: None,
        }],
        Gazetteer::new(&[Place {
            code: AreaCode::new("A3").unwrap(),
            parent: None,
            names: vec!["A3区".into()],
            centre: None,
        }])
        .unwrap(),
    )
    .unwrap();
    missing(&reader.read(&ToRead::words(text)), &extract(text), beside).into_iter().map(Missing::code).collect()
}

const REACHED: Beside = Beside { contact: true, place: false, time: false };

#[test]
fn a_whole_demand_needs_no_question() {
    assert_eq!(asked("昨晚22点明珠路188号工地施工噪音很大", REACHED), Vec::<&str>::new());
    assert_eq!(asked("Construction noise at 12 Main St last night", REACHED), Vec::<&str>::new());
}

#[test]
fn what_is_not_said_is_asked() {
    assert_eq!(asked("施工噪音很大", Beside::default()), ["where", "when", "contact"]);
    assert_eq!(asked("A3区施工噪音很大", Beside { time: true, ..REACHED }), ["where"]);
    assert_eq!(asked("明珠路每天施工噪音", REACHED), ["since_when"]);
    assert_eq!(asked("明珠路每天施工噪音，从去年开始", REACHED), Vec::<&str>::new());
    assert_eq!(asked("施工噪音", Beside { contact: true, place: true, time: true }), Vec::<&str>::new());
    assert_eq!(asked("帮帮我", REACHED), ["what", "where", "when"]);
}

#[test]
fn a_question_happens_nowhere() {
    assert_eq!(asked("咨询居住证如何办理", REACHED), ["what"]);
}

#[test]
fn every_element_has_its_words() {
    for element in Missing::ALL {
        assert!(element.ask_zh().contains('？') && element.ask_en().contains('?'));
        assert!(!element.zh().is_empty() && !element.en().is_empty() && !element.code().is_empty());
    }
}
