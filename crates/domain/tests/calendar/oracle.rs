//! The calendar against one that walks from minute to minute.

use suban_domain::calendar::oracle::Oracle;

use crate::ORACLES;

#[test]
fn ten_thousand_random_cases_agree_with_a_walk_from_minute_to_minute() {
    for number in 0..10_000 {
        let oracle = &ORACLES[number as usize % ORACLES.len()];
        let case = Oracle::case(1, number);
        let name = oracle.calendar.name();
        assert_eq!(case.ask(&oracle.calendar).ok(), oracle.answer(&case), "case {number} of {name}: {case:?}");
    }
}
