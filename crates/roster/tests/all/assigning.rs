//! Who is given a ticket.

use std::collections::BTreeMap;

use suban_domain::PersonCode;
use suban_roster::{Assignment, Effort, Ledger, Reason, Refused, Roster, Rung, Work, assign, fairness};

use super::{Lines, at, person, unit};

/// A company with an office shift, and somebody with every reason not to be chosen.
fn office() -> Lines {
    Lines {
        people: "desk,HALL,,district,,,,,\nann,WATER,,handler,,,3,,\nbob,WATER,,handler,HJ|lang:en,,3,,\n\
                 cai,WATER,,handler,SR,LG01,3,,\ndan,WATER,,handler,,,3,,\neve,WATER,,handler,,,3,,\nlee,WATER,,lead,,,,,\n\
                 gil,GAS,,handler,,,,,\n"
            .to_owned(),
        shifts: "OFFICE,WATER,09:00,18:00,workday|makeup,2,,\n".to_owned(),
        duty: "OFFICE,,ann,staff,,\nOFFICE,,bob,staff,,\nOFFICE,,cai,staff,,\nOFFICE,,dan,staff,,\n".to_owned(),
        exceptions: "leave,dan,,,,,,,2026-09-01,2026-09-30,\n".to_owned(),
        ..Lines::default()
    }
}

const MORNING: &str = "2026-09-01T10:00";

struct Office {
    roster: Roster,
    open: BTreeMap<PersonCode, u32>,
    ledger: Ledger,
}

impl Office {
    fn new() -> Self {
        Self { roster: office().roster(), open: BTreeMap::new(), ledger: Ledger::new() }
    }

    fn open(mut self, code: &str, open: u32) -> Self {
        self.open.insert(person(code), open);
        self
    }

    fn give(&self, work: &Work, time: &str) -> Assignment {
        assign(&self.roster, work, &self.open, at(time), &self.ledger)
    }
}

fn work() -> Work {
    Work::handling(unit("WATER"))
}

fn of(matter: &str) -> Work {
    Work { matter: Some(matter.parse().unwrap()), ..work() }
}

fn why_not<'a>(assignment: &'a Assignment, code: &str) -> Option<&'a Refused> {
    assignment.refused.iter().find(|(one, _)| one.as_str() == code).map(|(_, why)| why)
}

#[test]
fn whoever_has_least_of_those_who_serve_is_next() {
    let mut office = Office::new();
    let mut given = Vec::new();
    for _ in 0..6 {
        let assignment = office.give(&work(), MORNING);
        office.ledger.record(&assignment);
        given.push(assignment.person.to_string());
    }
    assert_eq!(given, ["ann", "bob", "cai", "ann", "bob", "cai"]);
    // One large ticket counts as several.
    let large = office.give(&Work { effort: Effort(4), ..work() }, MORNING);
    office.ledger.record(&large);
    assert_eq!(large.person.as_str(), "ann");
    for next in ["bob", "cai", "bob", "cai", "bob", "cai"] {
        let assignment = office.give(&work(), MORNING);
        office.ledger.record(&assignment);
        assert_eq!(assignment.person.as_str(), next);
    }
}

#[test]
fn everybody_else_is_told_why_not() {
    let office = Office::new().open("ann", 3);
    let given = office.give(&of("HJ-01"), MORNING);
    assert_eq!(given.person.as_str(), "bob");
    assert_eq!(why_not(&given, "ann"), Some(&Refused::Full { open: 3, capacity: 3 }));
    assert_eq!(why_not(&given, "cai"), Some(&Refused::Unskilled));
    assert_eq!(why_not(&given, "dan"), Some(&Refused::OnLeave));
    assert_eq!(why_not(&given, "eve"), Some(&Refused::OffDuty));
    assert_eq!(why_not(&given, "lee"), None, "has another job");
    assert_eq!(
        given.because_en(),
        "bob: serves OFFICE as staff, has the skills, is there for the area, has 0 open of at most 3, is next of 1 by \
         fair turn (+0.00 points against the own part). Not: ann is full (3 open of at most 3); cai lacks a skill; dan is on leave; \
         eve does not serve then"
    );
    assert_eq!(
        given.because_zh(),
        "由bob办理:OFFICE班在岗,技能相符,片区相符,在办0件,上限3件,1人中轮到(负荷差+0.00分)。未选:ann:已满额(在办3件,上限3件);\
         cai:无该技能;dan:请假;eve:不在班"
    );
}

#[test]
fn area_gives_way_before_skill_and_skill_before_room() {
    let elsewhere = Work { area: Some("LG02".parse().unwrap()), ..of("SR-01") };
    let here = Work { area: Some("LG0104".parse().unwrap()), ..of("SR-01") };
    let office = Office::new().open("ann", 3);
    assert_eq!(office.give(&here, MORNING).person.as_str(), "cai");
    let given = office.give(&elsewhere, MORNING);
    assert_eq!(given.person.as_str(), "cai");
    assert!(given.reasons.contains(&Reason::NobodyForArea), "{given:?}");
    let office = office.open("cai", 3);
    let given = office.give(&elsewhere, MORNING);
    assert_eq!(given.person.as_str(), "bob");
    assert!(given.reasons.contains(&Reason::NobodySkilled), "{given:?}");
    let office = office.open("bob", 3);
    let given = office.give(&here, MORNING);
    assert!(given.reasons.contains(&Reason::EverybodyFull) && given.reasons.contains(&Reason::Skilled), "{given:?}");
    assert!(["ann", "cai"].contains(&given.person.as_str()));
}

#[test]
fn a_skill_with_a_colon_must_be_there() {
    let english = Work { needs: vec!["lang:en".parse().unwrap()], ..work() };
    assert_eq!(Office::new().give(&english, MORNING).person.as_str(), "bob");
}

#[test]
fn who_is_pinned_has_it_unless_on_leave() {
    let pin = |code: &str| Work { pinned: Some(person(code)), ..work() };
    let office = Office::new().open("cai", 3);
    for code in ["cai", "eve"] {
        let given = office.give(&pin(code), MORNING);
        assert_eq!((given.person.as_str(), &given.reasons[..]), (code, &[Reason::Pinned][..]));
        assert_eq!(why_not(&given, "bob"), Some(&Refused::NotPinned));
    }
    let given = office.give(&pin("dan"), MORNING);
    assert_eq!((given.person.as_str(), why_not(&given, "dan")), ("ann", Some(&Refused::OnLeave)));
    let given = office.give(&pin("gil"), MORNING);
    assert_eq!((given.person.as_str(), why_not(&given, "gil")), ("ann", Some(&Refused::OtherUnit)));
}

#[test]
fn when_nobody_serves_whoever_answers_for_the_unit_has_it() {
    let given = Office::new().give(&work(), "2026-09-01T22:00");
    assert_eq!((given.person.as_str(), &given.reasons[..]), ("lee", &[Reason::NobodyServes { rung: Rung::Lead }][..]));
    assert_eq!(given.parts, [(person("lee"), 1_000_000)]);
}

#[test]
fn who_was_away_does_not_work_it_off() {
    let mut lines = office();
    lines.exceptions = "leave,cai,,,,,,,2026-09-01,2026-09-01,\n".to_owned();
    let mut office = Office { roster: lines.roster(), ..Office::new() };
    for _ in 0..30 {
        let given = office.give(&work(), MORNING);
        office.ledger.record(&given);
    }
    assert_eq!(office.ledger.given(&person("cai")), 0);
    for _ in 0..40 {
        let given = office.give(&work(), "2026-09-02T10:00");
        office.ledger.record(&given);
    }
    assert_eq!(["ann", "bob", "cai", "dan"].map(|code| office.ledger.given(&person(code))), [20, 20, 10, 20]);
}

#[test]
fn equal_people_end_a_month_equal() {
    // A smaller unit than the default, so fewer tickets to even out.
    let month = |seed| fairness::month(&fairness::Month { seed, people: 16, tickets: 3_000 }).unwrap();
    for seed in 1..=3 {
        let loads = month(seed);
        assert_eq!(loads.tickets, 3_000);
        assert!(loads.largest_over_smallest <= 1.03, "seed {seed}: {}", loads.largest_over_smallest);
    }
    assert_eq!(month(1), month(1));
    // So many tickets that people are full again and again.
    let busy = fairness::month(&fairness::Month { seed: 1, people: 16, tickets: 12_000 }).unwrap();
    println!("busy: {} of the same shifts, {} over all", busy.largest_over_smallest, busy.over_all_groups);
    assert!(busy.largest_over_smallest <= 1.03, "busy: {}", busy.largest_over_smallest);
    assert!(fairness::month(&fairness::Month { people: 3, ..fairness::Month::default() }).is_err());
}
