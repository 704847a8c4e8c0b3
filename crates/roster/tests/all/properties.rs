//! What holds for any roster that can be built, at any instant.

use std::collections::BTreeMap;

use proptest::prelude::*;
use suban_domain::{At, PersonCode, Span};
use suban_roster::{Effort, Lack, Ledger, Reason, Refused, Roster, Work, assign};

use super::{Lines, at, person, unit};

/// Codes of the unit's people; `desk` and `eve` are the district's.
const PEOPLE: [&str; 6] = ["ann", "bob", "cai", "dan", "lee", "fay"];

/// One person's leave: from which hour of the period, how many hours.
type Leave = (usize, u32, u32);

#[derive(Debug, Clone)]
struct Plan {
    /// Shift lengths by their first hours; each is served by who is named.
    begins: Vec<u32>,
    hours: u32,
    cycle: String,
    duty: Vec<(usize, usize, usize)>,
    leave: Vec<Leave>,
    deputies: Vec<(usize, usize)>,
    days: &'static str,
}

fn plan() -> impl Strategy<Value = Plan> {
    (
        proptest::collection::vec(0..24_u32, 1..3),
        1..=24_u32,
        "[AB-]{1,5}".prop_filter("has both groups", |c| c.contains('A') && c.contains('B')),
        proptest::collection::vec((0..2_usize, 0..6_usize, 0..3_usize), 0..8),
        proptest::collection::vec((0..8_usize, 0..240_u32, 1..120_u32), 0..10),
        proptest::collection::vec((0..6_usize, 0..6_usize), 0..5),
        prop_oneof![Just(""), Just("workday|makeup"), Just("weekend|holiday"), Just("mon|wed|sun")],
    )
        .prop_map(|(begins, hours, cycle, duty, leave, deputies, days)| Plan {
            begins,
            hours,
            cycle,
            duty,
            leave,
            deputies,
            days,
        })
}

const START: &str = "2026-09-28T00:00";

impl Plan {
    /// What does not make sense is left out, so that a roster comes of any plan.
    fn roster(&self) -> Roster {
        let mut lines = Lines {
            people: "desk,HALL,,district,,,,,\neve,HALL,,district,,,,,\nann,WATER,,handler,,,2,,\n\
                     bob,WATER,,handler,HJ,,2,,\ncai,WATER,WATER-1,handler,SR,,2,,\ndan,WATER,,handler,,,,,\n\
                     lee,WATER,,lead|handler,,,2,,\nfay,WATER,WATER-1,handler,,,0,,\n"
                .to_owned(),
            shifts: "EVE,HALL,22:00,06:00,,1,,\n".to_owned(),
            duty: "EVE,,eve,duty,,\n".to_owned(),
            ..Lines::default()
        };
        for (n, begin) in self.begins.iter().enumerate() {
            let end = (begin + self.hours) % 24;
            let (days, cycle) = (self.days, &self.cycle);
            lines.shifts += &format!("S{n},,{begin:02}:00,{end:02}:00,{days},1,{cycle},2026-09-01\n");
        }
        for (shift, who, rank) in &self.duty {
            let (shift, rank) = (shift % self.begins.len(), ["duty", "backup", "staff"][*rank]);
            let group = ["A", "B"][who % 2];
            let line = format!("S{shift},{group},{},{rank},,\n", PEOPLE[*who]);
            let tried = Lines { duty: format!("{}{line}", lines.duty), ..lines.clone() };
            if tried.build().is_ok() {
                lines = tried;
            }
        }
        for (who, from, hours) in &self.leave {
            let code = PEOPLE.get(*who).unwrap_or(if *who == 6 { &"desk" } else { &"eve" });
            let time = |hour: u32| {
                format!("2026-{:02}-{:02}T{:02}:00", 9 + (27 + hour / 24) / 30, (27 + hour / 24) % 30 + 1, hour % 24)
            };
            lines.exceptions += &format!("leave,{code},,,,,,,{},{},\n", time(*from), time(from + hours));
        }
        for (one, other) in &self.deputies {
            let line = format!("{},{},,\n", PEOPLE[*one], PEOPLE[*other]);
            let tried = Lines { deputies: format!("{}{line}", lines.deputies), ..lines.clone() };
            if tried.build().is_ok() {
                lines = tried;
            }
        }
        lines.roster()
    }
}

fn everybody() -> Vec<PersonCode> {
    PEOPLE.iter().chain(&["desk", "eve"]).map(|code| person(code)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn exactly_one_answers_and_changes_only_at_boundaries(plan in plan()) {
        let roster = plan.roster();
        let (from, until) = (at(START), at(START).plus(Span::days(12)));
        for code in ["WATER", "WATER-1", "GAS"].map(unit) {
            let mut starts = vec![from];
            starts.extend(roster.boundaries(&code, from, until));
            prop_assert!(starts.is_sorted() && starts.iter().all(|at| (from..until).contains(at)));
            let mut next = starts.iter().copied().peekable();
            let mut last: Option<(_, _)> = None;
            let mut now = from;
            while now < until {
                let boundary = next.next_if_eq(&now).is_some();
                let answers = roster.responsible(&code, now);
                if roster.is_away(&answers.person, now) {
                    let district = ["desk", "eve"].map(person);
                    prop_assert!(district.iter().all(|one| roster.is_away(one, now)), "{answers:?}");
                }
                let serving = roster.on_duty(&code, now);
                prop_assert!(serving.iter().all(|one| !roster.is_away(&one.person, now)));
                let told = (answers, serving);
                if let Some(last) = &last && !boundary {
                    prop_assert_eq!(last, &told, "changed at {} without a boundary", now);
                }
                last = Some(told);
                // Everything is at full hours here; look just before them as well.
                let hour = now.micros().rem_euclid(3_600_000_000) == 0;
                now = if hour { now.plus(Span::micros(3_599_999_999)) } else { now.plus(Span::micros(1)) };
            }
        }
    }

    #[test]
    fn gaps_are_where_too_few_serve_and_nowhere_else(plan in plan()) {
        let roster = plan.roster();
        let (from, code) = (at(START), unit("WATER"));
        let gaps = roster.gaps(&code, from, 9);
        for pair in gaps.windows(2) {
            prop_assert!(pair[0].from <= pair[1].from && pair[0].from < pair[0].until);
        }
        for hour in 0..9 * 24 {
            let now = from.plus(Span::hours(hour));
            let covered = roster.responsible(&code, now).rung() <= suban_roster::Rung::Backup;
            let told = gaps.iter().any(|gap| gap.lack == Lack::Nobody && gap.from <= now && now < gap.until);
            prop_assert_eq!(told, !covered, "at {}", now);
        }
        let alarm = roster.alarms(from, 9).into_iter().find(|alarm| alarm.unit == code).map(|alarm| alarm.from);
        let first = gaps.iter().find(|gap| gap.lack == Lack::Nobody).map(|gap| gap.from);
        prop_assert_eq!(alarm, first);
    }

    #[test]
    fn an_assignment_keeps_its_promises(
        plan in plan(),
        tickets in proptest::collection::vec((0..12 * 24_i64, 1..5_u32, 0..3_usize, proptest::option::of(0..6_usize)), 1..40),
    ) {
        let roster = plan.roster();
        let (mut open, mut ledger): (BTreeMap<PersonCode, u32>, _) = (BTreeMap::new(), Ledger::new());
        for (hour, effort, matter, pinned) in tickets {
            let now: At = at(START).plus(Span::hours(hour));
            let work = Work {
                matter: ["HJ-01", "SR-02"].get(matter).map(|code| code.parse().unwrap()),
                effort: Effort(effort),
                pinned: pinned.map(|n| person(PEOPLE[n])),
                ..Work::handling(unit("WATER"))
            };
            let given = assign(&roster, &work, &open, now, &ledger);
            prop_assert_eq!(&given, &assign(&roster, &work, &open, now, &ledger), "the same for the same");
            let serving: Vec<PersonCode> = roster.on_duty(&work.unit, now).into_iter().map(|one| one.person).collect();
            let full = |code: &PersonCode| {
                let capacity = roster.person(code).and_then(|one| one.capacity);
                capacity.is_some_and(|most| open.get(code).copied().unwrap_or(0) >= most)
            };
            match &work.pinned {
                Some(pinned) if !roster.is_away(pinned, now) => prop_assert_eq!(&given.person, pinned),
                Some(_) | None => {
                    let nobody = given.reasons.iter().any(|reason| matches!(reason, Reason::NobodyServes { .. }));
                    if nobody {
                        prop_assert_eq!(&given.person, &roster.responsible(&work.unit, now).person);
                    } else {
                        prop_assert!(serving.contains(&given.person) && !roster.is_away(&given.person, now));
                        let room = serving.iter().any(|one| !full(one) && roster.person(one).unwrap().jobs.contains(&work.job));
                        prop_assert!(!full(&given.person) || !room, "{given:?}");
                    }
                    prop_assert!(nobody || !serving.is_empty());
                }
            }
            // Everybody else with the job has a reason, and nobody two.
            let told: Vec<_> = given.refused.iter().map(|(one, _)| one.clone()).collect();
            prop_assert!(told.is_sorted_by(|a, b| a < b) && !told.contains(&given.person));
            for code in PEOPLE.map(person) {
                prop_assert!(told.contains(&code) || code == given.person);
            }
            for (code, why) in &given.refused {
                prop_assert_eq!(*why == Refused::OnLeave, roster.is_away(code, now), "{} {:?}", code, why);
            }
            // Debts are paid: together everybody is even.
            prop_assert_eq!(given.parts.iter().map(|(_, part)| part).sum::<u64>(), u64::from(effort) * 1_000_000);
            ledger.record(&given);
            *open.entry(given.person.clone()).or_default() += 1;
            prop_assert_eq!(everybody().iter().map(|one| ledger.balance(one)).sum::<i64>(), 0);
        }
    }
}
