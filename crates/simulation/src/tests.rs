//! Promises of a run, by example and by property.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use proptest::prelude::*;
use suban_domain::{At, Kind, calendar::Calendars};
use suban_roster::{Files, Roster, Table, Units};

use crate::{
    Arrival, Arrivals, Changes, Draw, Life, Policy, Question, Range, Spread, When, compare, compare::Town, read,
};

/// One person signs in office hours, at once; everything takes a known time; nobody errs.
const CALM: &str = r#"
name = "calm"
queue = "fifo"
sign = { looks_every_min = 0, minutes = 0, shift = [{ calendar = "sz", people = 1 }] }
[dispatch]
shift = [{ calendar = "duty", people = 1 }]
by_hand = { minutes = 0, right_first_time = 1 }
[world]
calendar = "sz"
repeats = { share = 0, within_days = 7, effort = 0.5 }
returns = { after_h = 1, review_h = 1, right_again = 1 }
[world.handling]
contact_h = 0
effort_h = { COMPLAINT = 1 }
travel_h = 0
wait_h = { COMPLAINT = 0 }
spread = 0
wait_spread = 0
load = 0.65
people = 1
redo = 0
redo_effort = 1
"#;

/// Everything happens: wrong units, repeats, redos, queues.
const BUSY: &str = r#"
name = "busy"
sign = { looks_every_min = [5, 30, 90], minutes = [1, 5, 9] }
[dispatch.by_hand]
minutes = [1, 5, 9]
right_first_time = [0.3, 0.6, 0.9]
[world]
repeats = { share = [0.1, 0.4, 0.7] }
returns = { after_h = [1, 3, 7], right_again = [0.2, 0.5, 0.9] }
[world.handling]
contact_h = [0.5, 2, 4]
effort_h = { COMPLAINT = [0.5, 2, 4], CONSULT = 0.5 }
travel_h = [0, 1, 2]
wait_h = { COMPLAINT = [0, 7, 14] }
spread = [0.3, 0.8, 1.2]
wait_spread = 1
redo = [0, 0.2, 0.4]
"#;

const SUITE: &str = r#"
name = "suite"
queue = "earliest_due"
sign = { shift = [{ calendar = "duty", people = 2 }] }
dispatch = { automatic = { by = "share", share = [0.3, 0.6, 0.9], right_first_time = 0.9, seconds = 5 } }
merging = { found = [0.3, 0.6, 0.9] }
urging = { effect = [0, 0.2, 0.5] }
"#;

fn policy(texts: &[&str]) -> Policy {
    let files: Vec<_> = texts.iter().map(|text| ("p.toml".to_owned(), (*text).to_owned())).collect();
    read(&files).unwrap()
}

fn refusal(texts: &[&str]) -> String {
    let files: Vec<_> = texts.iter().map(|text| ("p.toml".to_owned(), (*text).to_owned())).collect();
    read(&files).unwrap_err().to_string()
}

fn local(text: &str) -> At {
    jiff::tz::TimeZone::get("Asia/Shanghai").unwrap().to_timestamp(text.parse().unwrap()).unwrap().into()
}

fn at(text: &str, unit: &str, place: &str) -> Arrival {
    let day: Date = text[..10].parse().unwrap();
    let (unit, same) = (unit.to_owned(), vec![place.to_owned()]);
    Arrival { when: When::At(day, local(text)), unit, kind: Kind::Complaint, same, features: vec![place.to_owned()] }
}

fn table(arrivals: Vec<Arrival>) -> Arrivals {
    Arrivals::new(vec!["place".to_owned()], arrivals)
}

fn lived(policy: &Policy, arrivals: &Arrivals, seed: u64, draw: Draw) -> Vec<Life> {
    lived_by(policy, arrivals, &BTreeMap::new(), seed, draw)
}

fn lived_by(
    policy: &Policy,
    arrivals: &Arrivals,
    rosters: &BTreeMap<String, Roster>,
    seed: u64,
    draw: Draw,
) -> Vec<Life> {
    let (policies, calendars) = ([policy, policy], Calendars::shipped().unwrap());
    let question = Question { policies, arrivals, calendars: &calendars, rosters, seeds: 1, ablate: false };
    Town::of(&question, policy).unwrap().lives(&policy.drawn(seed, draw), arrivals, &[], seed).unwrap()
}

#[test]
fn friday_evening_waits_for_monday_and_duty_signs_it_at_once() {
    let arrivals = table(vec![at("2026-03-06T17:50:00", "a", "x"), at("2026-03-06T18:30:00", "b", "y")]);
    let calm = policy(&[CALM]);
    let [first, second] = lived(&calm, &arrivals, 1, Draw::Mid).try_into().unwrap();
    assert_eq!(first.signed, Some(local("2026-03-06T17:50:00")));
    // Ten minutes on Friday, fifty on Monday.
    assert_eq!(first.closed, Some(local("2026-03-09T09:50:00")));
    assert_eq!(
        (second.signed, second.closed),
        (Some(local("2026-03-09T09:00:00")), Some(local("2026-03-09T10:00:00")))
    );
    let duty = policy(&[CALM, r#"sign = { shift = [{ calendar = "duty", people = 1 }] }"#]);
    let [_, second] = lived(&duty, &arrivals, 1, Draw::Mid).try_into().unwrap();
    assert_eq!(
        (second.signed, second.closed),
        (Some(local("2026-03-06T18:30:00")), Some(local("2026-03-09T10:00:00")))
    );
}

/// Ann serves by day, bob by night but for the 6th.
fn roster() -> Roster {
    let people = "person,unit,team,jobs,skills,areas,capacity,phone,backup_phone\n\
                  desk,HALL,,district,,,,,\nann,WATER,,duty,,,,,\nbob,WATER,,duty,,,,,\n";
    let shifts = "shift,unit,from,until,days,minimum,cycle,anchor\nDAY,,08:00,20:00,,1,,\nNIGHT,,20:00,08:00,,1,,\n";
    let duty = "shift,group,person,rank,from,until\nDAY,,ann,duty,,\nNIGHT,,bob,duty,,\n";
    let exceptions = "kind,person,shift,date,other,other_shift,other_date,rank,from,until,note\n\
                      leave,bob,,,,,,,2026-03-06T20:00,2026-03-07T08:00,\n";
    let files = Files::default().with(Table::People, people).with(Table::Shifts, shifts).with(Table::Duty, duty);
    let units = Units::parse("code,parent\nHALL,\nWATER,\n").unwrap();
    Roster::parse(&files.with(Table::Exceptions, exceptions), &units, &Calendars::shipped().unwrap()).unwrap()
}

#[test]
fn a_roster_says_who_signs_and_what_its_gaps_cost() {
    let by_roster = "[sign]\nshift = []\nroster = { folder = \"r\", unit = \"WATER\" }";
    let (policy, rosters) = (policy(&[CALM, by_roster]), BTreeMap::from([("r".to_owned(), roster())]));
    let nights = ["2026-03-05T23:00:00", "2026-03-06T19:59:00", "2026-03-06T23:00:00"];
    let arrivals = table(nights.map(|night| at(night, "a", night)).to_vec());
    let signed: Vec<_> = lived_by(&policy, &arrivals, &rosters, 1, Draw::Mid).iter().map(|life| life.signed).collect();
    let expected = ["2026-03-05T23:00:00", "2026-03-06T19:59:00", "2026-03-07T08:00:00"];
    assert_eq!(signed, expected.map(|at| Some(local(at))));
}

#[test]
fn a_promise_is_the_limit_of_its_type_from_the_first_dispatch_on() {
    let arrivals = table(vec![at("2026-04-30T10:00:00", "a", "x")]);
    let [life] = lived(&policy(&[CALM]), &arrivals, 1, Draw::Mid).try_into().unwrap();
    // Ten working days; the 1st to the 5th of May are off, the 9th is a make-up Saturday.
    assert_eq!(life.promised, Some(local("2026-05-18T10:00:00")));
}

#[test]
fn a_wrong_unit_gives_it_back_and_the_promise_stands() {
    let wrong = policy(&[CALM, "dispatch = { by_hand = { right_first_time = 0 } }"]);
    let arrivals = table(vec![at("2026-03-06T09:00:00", "a", "x"), at("2026-03-20T09:00:00", "b", "y")]);
    let [life, _] = lived(&wrong, &arrivals, 1, Draw::Mid).try_into().unwrap();
    assert_eq!(life.returns, 1);
    assert_eq!(
        (life.dispatched, life.signed),
        (Some(local("2026-03-06T11:00:00")), Some(local("2026-03-06T11:00:00")))
    );
    assert_eq!(life.promised, Some(local("2026-03-20T09:00:00")));
    let stubborn = policy(&[CALM, "[dispatch.by_hand]\nright_first_time = 0\n[world.returns]\nright_again = 0"]);
    let [life, _] = lived(&stubborn, &arrivals, 1, Draw::Mid).try_into().unwrap();
    // Back again at 12:00, and the ruling takes the working day that it may.
    assert_eq!((life.returns, life.dispatched), (2, Some(local("2026-03-09T14:00:00"))));
}

#[test]
fn a_repeat_is_closed_with_what_it_joins_and_waits_for_it_where_nothing_is_merged() {
    let repeats = policy(&[CALM, "[world.repeats]\nshare = 1\n[world.handling]\nwait_h = { COMPLAINT = 7 }"]);
    let arrivals = table(vec![at("2026-03-06T09:00:00", "a", "x"), at("2026-03-06T09:30:00", "a", "x")]);
    let [first, second] = lived(&repeats, &arrivals, 1, Draw::Mid).try_into().unwrap();
    assert_eq!(first.closed, Some(local("2026-03-09T10:00:00")));
    assert_eq!((second.closed, second.merged), (first.closed, false));
    let merging = policy(&[CALM, "merging = { found = 1 }\n[world.repeats]\nshare = 1"]);
    let [first, second] = lived(&merging, &arrivals, 1, Draw::Mid).try_into().unwrap();
    assert_eq!((second.closed, second.merged, second.dispatched), (first.closed, true, None));
}

#[test]
fn a_card_shortens_what_is_left_to_wait() {
    let slow = "[world.handling]\nwait_h = { COMPLAINT = 140 }";
    let arrivals = table(vec![at("2026-03-02T09:00:00", "a", "x")]);
    let [calm] = lived(&policy(&[CALM, slow]), &arrivals, 1, Draw::Mid).try_into().unwrap();
    let [urged] =
        lived(&policy(&[CALM, slow, "urging = { effect = 0.5 }"]), &arrivals, 1, Draw::Mid).try_into().unwrap();
    assert!(urged.closed < calm.closed, "{urged:?} {calm:?}");
    let [same] = lived(&policy(&[CALM, slow, "urging = { effect = 0 }"]), &arrivals, 1, Draw::Mid).try_into().unwrap();
    assert_eq!(same, calm);
}

#[test]
fn the_ranker_sends_what_it_has_learned_and_nothing_before() {
    let days = (0..60).flat_map(|n| {
        let day = date(2026, 3, 2).checked_add(jiff::Span::new().days(n)).unwrap();
        let one =
            move |unit: &str, place: &str| Arrival { when: When::Day(day), ..at("2026-03-02T09:00:00", unit, place) };
        [one("a", "x"), one("b", "y")]
    });
    let arrivals = table(days.collect());
    let sent = crate::history::sent(&arrivals, 0.95, 7).unwrap();
    assert!(sent[..14].iter().all(Option::is_none), "nothing is known in the first week");
    let late: Vec<_> = arrivals.rows.iter().zip(&sent).skip(80).collect();
    assert!(late.iter().all(|(row, sent)| **sent == Some(row.unit)), "{late:?}");
}

#[test]
fn another_form_of_dispatch_replaces_the_one_it_extends() {
    let history = "dispatch.automatic = { by = \"history\", precision = 0.9, known_after_days = 1, seconds = 1 }";
    let share = "dispatch.automatic = { by = \"share\", share = 0.5, right_first_time = 0.9, seconds = 5 }";
    assert_eq!(policy(&[CALM, history, share]), policy(&[CALM, share]));
}

#[test]
fn what_is_wrong_with_a_policy_is_told_with_its_key() {
    let told = [
        (
            "[world.handling]\neffort_h = { COMPLAINT = [-1, 2, 3] }",
            "world.handling.effort_h.COMPLAINT: [-1, 2, 3] must lie",
        ),
        (
            "[dispatch.by_hand]\nright_first_time = 1.2",
            "dispatch.by_hand.right_first_time: [1.2, 1.2, 1.2] must lie between 0 and 1",
        ),
        ("[world.returns]\nafter_h = [3, 2, 1]", "[3, 2, 1] is no range: write [low, mid, high] in this order"),
        ("[urging]\neffect = 0.1\nvolume = 11", "unknown field `volume`"),
        ("[urging]\neffect = \"much\"", "must be a number, or three"),
        ("queue = \"lifo\"", "unknown variant `lifo`"),
        ("[sign]\nshift = []", "sign.shift: nobody is ever at work"),
        ("[sign]\nroster = { folder = \"r\", unit = \"A\" }", "sign: has both shifts and a roster"),
        ("[world]\nhours = [1, 2]", "world.hours: must be 24 weights"),
        ("[world.handling]\nload = 0", "world.handling.load: [0, 0, 0] must lie between 0.05 and 1"),
        ("[world.handling]\npeople = 0", "0 handlers finish nothing"),
        ("[dispatch.automatic]\nby = \"magic\"", "unknown variant `magic`"),
    ];
    for (text, why) in told {
        let refusal = refusal(&[CALM, text]);
        assert!(refusal.starts_with("policy p.toml: ") && refusal.contains(why), "{refusal}");
    }
    assert!(refusal(&["name = \"x\""]).contains("missing field"), "{}", refusal(&["name = \"x\""]));
    assert!(refusal(&["name = "]).contains("p.toml"));
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let (calm, calendars) = (policy(&[CALM]), Calendars::shipped().unwrap());
    let asked = |policy: &Policy, arrivals: &Arrivals| {
        let question = Question {
            policies: [policy, policy],
            arrivals,
            calendars: &calendars,
            rosters: &BTreeMap::new(),
            seeds: 1,
            ablate: false,
        };
        compare(&question).unwrap_err().to_string()
    };
    assert!(asked(&calm, &table(Vec::new())).starts_with("there are no arrivals"));
    let arrivals = table(vec![at("2026-03-06T09:00:00", "a", "x")]);
    let elsewhere = policy(&[CALM, "[world]\ncalendar = \"moon\""]);
    assert!(asked(&elsewhere, &arrivals).contains("moon"));
    let history = policy(&[
        CALM,
        "dispatch.automatic = { by = \"history\", precision = 0.9, known_after_days = 1, seconds = 1 }",
    ]);
    let unknown = Arrivals::new(Vec::new(), vec![at("2026-03-06T09:00:00", "a", "x")]);
    assert!(asked(&history, &unknown).contains("world.arrivals.features"));
}

fn arrivals() -> impl Strategy<Value = Arrivals> {
    let one = (0..20_i64, 0..3_usize, 0..4_usize, any::<bool>(), 0..86_400_i64);
    proptest::collection::vec(one, 1..60).prop_map(|rows| {
        let arrival = |(day, unit, place, is_exact, second): (i64, usize, usize, bool, i64)| {
            let day = date(2026, 9, 21).checked_add(jiff::Span::new().days(day)).unwrap();
            let midnight = local(&format!("{day}T00:00:00"));
            let when = if is_exact {
                When::At(day, midnight.plus(suban_domain::Span::seconds(second)))
            } else {
                When::Day(day)
            };
            let kind = if second % 3 == 0 { Kind::Consult } else { Kind::Complaint };
            let (unit, same) = (format!("u{unit}"), vec![format!("p{place}")]);
            Arrival { when, unit, kind, features: same.clone(), same }
        };
        table(rows.into_iter().map(arrival).collect())
    })
}

fn policies() -> impl Strategy<Value = Policy> {
    prop_oneof![Just(policy(&[CALM])), Just(policy(&[CALM, BUSY])), Just(policy(&[CALM, BUSY, SUITE]))]
}

fn draws() -> impl Strategy<Value = Draw> {
    proptest::sample::select(&Draw::ALL[..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_ticket_is_lost_and_time_goes_on(arrivals in arrivals(), policy in policies(), seed: u64, draw in draws()) {
        let lives = lived(&policy, &arrivals, seed, draw);
        prop_assert_eq!(lives.len(), arrivals.len());
        for life in &lives {
            let closed = life.closed.expect("closed in the end");
            prop_assert!(closed >= life.arrived);
            if life.merged {
                prop_assert_eq!((life.dispatched, life.signed, life.contacted, life.promised), (None, None, None, None));
                continue;
            }
            let [dispatched, signed, contacted] =
                [life.dispatched, life.signed, life.contacted].map(|at| at.expect("every step"));
            prop_assert!(life.arrived <= dispatched && dispatched <= signed && signed <= contacted && contacted <= closed);
            prop_assert!(life.returns <= 2);
        }
        prop_assert!(policy.merging.is_some() || lives.iter().all(|life| !life.merged));
    }

    #[test]
    fn the_same_seed_gives_the_same_lives(arrivals in arrivals(), policy in policies(), seed: u64, draw in draws()) {
        prop_assert_eq!(lived(&policy, &arrivals, seed, draw), lived(&policy, &arrivals, seed, draw));
    }

    #[test]
    fn a_policy_changes_nothing_against_itself(arrivals in arrivals(), policy in policies()) {
        let calendars = Calendars::shipped().unwrap();
        let question =
            Question { policies: [&policy, &policy], arrivals: &arrivals, calendars: &calendars, rosters: &BTreeMap::new(), seeds: 1, ablate: true };
        let report = compare(&question).unwrap();
        let none = Spread { mid: 0.0, low: 0.0, high: 0.0 };
        prop_assert_eq!(report.change, Changes {
            time_to_sign_h: none, time_to_contact_h: none, time_to_close_h: none, time_to_close_p50_h: none,
            on_time_share: none,
        });
        prop_assert!(report.same_world);
        prop_assert_eq!(report.ablation, Some(Vec::new()));
    }

    // Only so: with redos, returns or merging, what is earlier here may meet a longer queue there.
    #[test]
    fn another_handler_makes_nobody_wait_longer(arrivals in arrivals(), seed: u64, people in 1..4_u32) {
        let with = |people: u32| {
            let mut policy = policy(&[CALM, BUSY]);
            policy.world.handling.people = Some(people);
            policy.world.handling.redo = Range::exactly(0.0);
            policy.dispatch.by_hand.right_first_time = Range::exactly(1.0);
            policy.world.repeats.share = Range::exactly(0.0);
            lived(&policy, &arrivals, seed, Draw::Mid)
        };
        for (fewer, more) in with(people).iter().zip(&with(people + 1)) {
            prop_assert!(more.closed <= fewer.closed);
        }
    }
}
