//! What is found, in which order, and by what it is narrowed.

use std::sync::LazyLock;

use proptest::prelude::*;
use suban_domain::{
    Actor, At, Channel, Hash, Limits, PersonCode, Recorded, RequestId, Role, Source, Span, State, Submission, Task,
    TaskRole, TaskState, Ticket, TicketNumber, UnitCode, open,
};
use suban_text::Segmenter;
use uuid::Uuid;

use super::*;
use crate::{Key, Period, Words};

static SEGMENTER: LazyLock<Segmenter> = LazyLock::new(Segmenter::default);
const NOW: At = At::from_micros(1_795_500_000_000_000); // 2026-11-24

/// Ticket number `n`, received so many days ago.
fn ticket(n: u64, days: i64) -> Ticket {
    let at = NOW.minus(Span::days(days));
    let high = u64::try_from(at.millis()).unwrap() << 16 | 0x7000;
    let id = TicketId::new(Uuid::from_u64_pair(high, 1 << 63 | n));
    let source = Source {
        channel: Channel::Phone12345,
        system: "hotline".parse().unwrap(),
        id: format!("s{n}").parse().unwrap(),
    };
    let submission = Submission::new(id, TicketNumber::new(26, 11, 24, n), source, at);
    let event = open(&submission, at, &Limits::sz_district()).unwrap().remove(0);
    let by = Actor { role: Role::Agent, person: PersonCode::new("agent").unwrap(), unit: None, area: None };
    let request = RequestId::new("r").unwrap();
    Ticket::begin(&Recorded { ticket: id, version: 1, at, by, request, event }).unwrap()
}

fn at_work(mut ticket: Ticket, unit: &str) -> Ticket {
    ticket.state = State::Handling;
    ticket.tasks.push(Task { state: TaskState::Signed, ..Task::new(unit.parse().unwrap(), TaskRole::Lead, NOW) });
    ticket
}

fn said(ticket: &Ticket, words: &str) -> Document {
    Document::of(ticket).telling("", words, "")
}

fn asked(words: &str) -> Query {
    Query::of(Words::read(&SEGMENTER, words).unwrap(), NOW)
}

fn holding(documents: impl IntoIterator<Item = Document>) -> Index {
    let index = Index::in_memory().unwrap();
    index.write(documents).unwrap();
    index.commit().unwrap();
    index
}

/// Last parts of the ids that are found, best first.
fn found(index: &Index, query: &Query) -> Vec<u64> {
    let found = index.search(query, 50).unwrap();
    found.iter().map(|f| f.ticket.uuid().as_u64_pair().1 & !(1 << 63)).collect()
}

#[test]
fn a_word_is_found_however_the_text_around_it_is_cut() {
    let index = holding([
        said(&ticket(1, 1), "明珠路１８號門口路燈壞了，晚上很黑"),
        said(&ticket(2, 1), "在杜鹃文苑门口有人占道经营"),
        said(&ticket(3, 1), "Street light out at 12 Chaoyin Road"),
    ]);
    for (words, is) in [
        ("路灯", vec![1]),
        ("明珠路 18", vec![1]),
        ("杜鹃文苑", vec![2]),
        ("鹃文", vec![2]),
        ("LIGHT chaoyin", vec![3]),
        ("黑", vec![1]),
        ("路灯 占道", vec![]),
        ("井盖", vec![]),
    ] {
        assert_eq!(found(&index, &asked(words)), is, "{words}");
    }
}

#[test]
fn a_title_counts_more_and_of_two_alike_the_later_comes_first() {
    let index = holding([
        said(&ticket(1, 60), "路灯不亮很久了"),
        said(&ticket(2, 1), "路灯不亮很久了"),
        Document::of(&ticket(3, 60)).telling("路灯不亮", "很久了没有人修", ""),
    ]);
    assert_eq!(found(&index, &asked("路灯")), [3, 2, 1]);
    let all = index.search(&asked("路灯"), 50).unwrap();
    assert!(all.iter().all(|f| (f.rank.text * f.rank.lateness - f.rank.score()).abs() < 1e-6));
}

#[test]
fn a_long_question_needs_three_words_in_four() {
    let index = holding([said(&ticket(1, 0), "工地夜间施工噪声扰民"), said(&ticket(2, 0), "工地夜间")]);
    assert_eq!(found(&index, &asked("工地 夜间 施工 打桩")), [1]);
}

#[test]
fn it_is_narrowed_by_keys_and_period_together() {
    let mut closed = at_work(ticket(3, 40), "U1");
    closed.state = State::Closed;
    closed.area = Some("QH03".parse().unwrap());
    let index = holding([
        said(&at_work(ticket(1, 1), "U1"), "路灯"),
        said(&at_work(ticket(2, 1), "U2"), "路灯"),
        said(&closed, "路灯").phoned_by(Some(Hash([7; 32]))),
    ]);
    let unit: UnitCode = "U1".parse().unwrap();
    assert_eq!(found(&index, &asked("路灯").among([Key::Unit(&unit)])), [1, 3]);
    let handling = asked("").among([Key::Unit(&unit)]).among([Key::State(State::Handling), Key::State(State::Redo)]);
    assert_eq!(found(&index, &handling), [1]);
    let month = Period { from: Some(NOW.minus(Span::days(41))), until: Some(NOW.minus(Span::days(39))) };
    assert_eq!(found(&index, &asked("路灯").within(month)), [3]);
    assert_eq!(found(&index, &asked("路灯").within(Period { from: month.until, until: None })), [2, 1]);
    for (area, is) in [("QH", vec![3]), ("QH03", vec![3]), ("QH0301", vec![]), ("Q", vec![3])] {
        assert_eq!(found(&index, &asked("").among([Key::Area(&area.parse().unwrap())])), is, "{area}");
    }
    assert_eq!(found(&index, &asked("").among([Key::Phone(Hash([7; 32]))])), [3]);
    assert!(found(&index, &asked("").among([Key::Phone(Hash([8; 32]))])).is_empty());
    assert_eq!(found(&index, &asked("")), [2, 1, 3], "newest first");
}

#[test]
fn a_unit_reaches_its_teams_and_those_above_it_and_no_other() {
    let index = holding([
        said(&at_work(ticket(1, 1), "U1"), "x"),
        said(&at_work(ticket(2, 2), "U1/night"), "x"),
        said(&at_work(ticket(3, 3), "U1/day"), "x"),
        said(&at_work(ticket(4, 4), "U12"), "x"),
        said(&ticket(5, 5), "x"),
    ]);
    let of = |unit: &str| found(&index, &asked("x").of_unit(&unit.parse().unwrap()));
    assert_eq!((of("U1"), of("U1/night"), of("U2")), (vec![1, 2, 3], vec![1, 2], vec![]));
    assert_eq!(found(&index, &asked("x").not_of_unit(&"U1".parse().unwrap())), [4, 5]);
}

#[test]
fn what_is_written_again_is_found_by_what_it_says_now() {
    let mut one = ticket(1, 1);
    let index = holding([said(&one, "路灯不亮")]);
    one.version = 2;
    index.write([said(&one, "井盖松动")]).unwrap();
    assert_eq!(found(&index, &asked("路灯")), [1], "until it is committed");
    index.commit().unwrap();
    assert_eq!((found(&index, &asked("路灯")), found(&index, &asked("井盖"))), (vec![], vec![1]));
    assert_eq!((index.len(), index.known().unwrap().version(one.id)), (1, Some(2)));
    index.write([Document::of(&one)]).unwrap();
    index.commit().unwrap();
    assert!(found(&index, &asked("井盖")).is_empty(), "erased: found by its keys alone");
    assert_eq!(found(&index, &asked("").among([Key::State(one.state)])), [1]);
    index.forget([one.id]);
    index.commit().unwrap();
    assert!(index.is_empty());
}

#[test]
fn a_folder_outlives_the_process_and_has_one_writer() {
    let folder = std::env::temp_dir().join(format!("suban-search-{}", std::process::id()));
    {
        let index = Index::in_folder(&folder).unwrap();
        index.write([said(&ticket(1, 1), "路灯")]).unwrap();
        index.commit().unwrap();
        assert!(matches!(Index::in_folder(&folder), Err(IndexError::InUse(_))));
    }
    let index = Index::in_folder(&folder).unwrap();
    assert_eq!(found(&index, &asked("路灯")), [1]);
    drop(index);
    // A damaged one is made anew: it holds nothing of its own.
    std::fs::write(folder.join(SHAPE).join("meta.json"), "{").unwrap();
    assert!(Index::in_folder(&folder).unwrap().is_empty());
    std::fs::remove_dir_all(&folder).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pages_together_are_the_whole_list_once(ages in proptest::collection::vec(0i64..50, 1..40), page in 1usize..7) {
        let index = holding(ages.iter().enumerate().map(|(n, days)| {
            let words = if n % 3 == 0 { "路灯 路灯" } else { "路灯坏了" };
            said(&ticket(n as u64, *days), words)
        }));
        let whole = found(&index, &asked("路灯"));
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let some = index.search(&asked("路灯").after(after), page).unwrap();
            let Some(last) = some.last() else { break };
            after = Some(last.rank.mark(NOW));
            paged.extend(some.iter().map(|f| f.ticket.uuid().as_u64_pair().1 & !(1 << 63)));
        }
        prop_assert_eq!(whole.len(), ages.len());
        prop_assert_eq!(paged, whole);
    }
}
