//! The calendar against one that walks from minute to minute.

use suban_domain::calendar::oracle::Oracle;

#[test]
fn ten_thousand_random_cases_agree_with_a_walk_from_minute_to_minute() {
    let oracles = Oracle::all().unwrap();
    for number in 0..10_000 {
        let oracle = &oracles[number as usize % oracles.len()];
        let case = Oracle::case(1, number);
        let name = oracle.calendar.name();
        assert_eq!(case.ask(&oracle.calendar).ok(), oracle.answer(&case), "case {number} of {name}: {case:?}");
    }
}
