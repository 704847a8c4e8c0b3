//! The end of a shift: nothing in limbo.

use proptest::prelude::*;
use suban_domain::{At, PersonCode, Span, TextId, TicketId};
use suban_roster::{Handover, HandoverRefused, Item, Signatures};

use super::{at, person, unit};

fn uuid(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

fn handover() -> Handover {
    Handover::open(unit("HALL"), person("ann"), person("bob")).unwrap()
}

#[test]
fn forty_open_tickets_a_promise_and_a_burst_main_change_hands_at_both_signatures() {
    let mut list = handover();
    for n in 0..40 {
        let ticket = TicketId::new(uuid(n));
        let item = if n % 4 == 0 { Item::Unsigned(ticket) } else { Item::Claimed(ticket) };
        list = list.with(item, person(if n % 2 == 0 { "ann" } else { "amy" })).unwrap();
    }
    let promise = |hour: &str, n| Item::Promise {
        ticket: TicketId::new(uuid(n)),
        due: at(&format!("2026-09-01T{hour}:00")),
        words: TextId::new(uuid(100 + n)),
    };
    let main = Item::Event(TextId::new(uuid(200)));
    list = list.with(promise("10", 1), person("amy")).unwrap().with(promise("09", 2), person("ann")).unwrap();
    list = list.with(main.clone(), person("ann")).unwrap().give(&main, person("ben")).unwrap();
    assert_eq!(list.promises_before(at("2026-09-01T12:00")), [&promise("09", 2), &promise("10", 1)]);

    let (morning, later) = (at("2026-09-01T08:00"), at("2026-09-01T08:10"));
    let list = list.sign(&person("ann"), morning).unwrap();
    assert_eq!(list.holder(&main), Some(&person("ann")), "one signature moves nothing");
    let list = list.sign(&person("bob"), later).unwrap();
    assert_eq!(list.signatures(), Signatures::Closed { outgoing: morning, incoming: later });
    assert_eq!(list.holder(&main), Some(&person("ben")));
    assert_eq!(list.holder(&promise("10", 1)), Some(&person("bob")));
    assert_eq!(list.items().count(), 43);

    let text = serde_json::to_string(&list).unwrap();
    assert_eq!(serde_json::from_str::<Handover>(&text).unwrap(), list);
}

#[test]
fn signatures_come_in_order_and_of_two_people() {
    let (now, item) = (at("2026-09-01T08:00"), Item::Note(TextId::new(uuid(1))));
    assert!(matches!(
        Handover::open(unit("HALL"), person("ann"), person("ann")),
        Err(HandoverRefused::SamePerson { .. })
    ));
    let list = handover().with(item.clone(), person("ann")).unwrap();
    let next = |person: &str, next: &str| HandoverRefused::NotYours {
        person: super::person(person),
        next: super::person(next),
    };
    assert_eq!(list.clone().sign(&person("bob"), now), Err(next("bob", "ann")));
    assert_eq!(list.clone().with(item.clone(), person("amy")), Err(HandoverRefused::HeldBy { holder: person("ann") }));
    let signed = list.sign(&person("ann"), now).unwrap();
    assert_eq!(signed.clone().with(Item::Note(TextId::new(uuid(2))), person("ann")), Err(HandoverRefused::Signed));
    assert_eq!(signed.clone().sign(&person("ann"), now), Err(next("ann", "bob")));
    assert_eq!(
        signed.clone().sign(&person("bob"), now.minus(Span::minutes(1))),
        Err(HandoverRefused::Earlier { first: now })
    );
    // The incoming leader may find it wanting.
    let again = signed.clone().send_back(&person("bob")).unwrap();
    assert_eq!((again.signatures(), again.holder(&item)), (Signatures::Open, Some(&person("ann"))));
    let closed = signed.sign(&person("bob"), now).unwrap();
    assert_eq!(closed.clone().sign(&person("bob"), now), Err(HandoverRefused::Closed));
    assert_eq!(closed.clone().give(&item, person("ben")), Err(HandoverRefused::Closed));
    assert_eq!(closed.send_back(&person("bob")), Err(HandoverRefused::Closed));
}

#[derive(Debug, Clone)]
enum Step {
    Add(u128, usize),
    Give(u128, usize),
    Sign(usize),
    SendBack(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..8_u128, 0..4_usize).prop_map(|(item, who)| Step::Add(item, who)),
        (0..8_u128, 0..4_usize).prop_map(|(item, who)| Step::Give(item, who)),
        (0..4_usize).prop_map(Step::Sign),
        (0..4_usize).prop_map(Step::SendBack),
    ]
}

proptest! {
    #[test]
    fn every_item_has_one_holder_at_any_time(steps in proptest::collection::vec(step(), 0..40)) {
        let people: Vec<PersonCode> = ["ann", "bob", "amy", "ben"].map(person).to_vec();
        let note = |n| Item::Note(TextId::new(uuid(n)));
        let mut list = handover();
        for (n, step) in steps.into_iter().enumerate() {
            let before = list.clone();
            let now = At::from_micros(i64::try_from(n).unwrap());
            let after = match &step {
                Step::Add(item, who) => list.clone().with(note(*item), people[*who].clone()),
                Step::Give(item, who) => list.clone().give(&note(*item), people[*who].clone()),
                Step::Sign(who) => list.clone().sign(&people[*who], now),
                Step::SendBack(who) => list.clone().send_back(&people[*who]),
            };
            list = after.unwrap_or(list);
            let closed = matches!(list.signatures(), Signatures::Closed { .. });
            for (item, held) in list.items() {
                let holder = list.holder(item);
                prop_assert_eq!(holder, Some(if closed { &held.to } else { &held.from }));
            }
            // Nothing leaves the list, and holders change by the second signature alone.
            for (item, _) in before.items() {
                let same = before.holder(item) == list.holder(item);
                let signed = before.signatures() != list.signatures() && closed;
                prop_assert!(list.holder(item).is_some() && (same || signed));
            }
        }
    }
}
