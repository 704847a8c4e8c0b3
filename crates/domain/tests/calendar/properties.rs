//! What holds for all times.

use proptest::prelude::*;
use suban_domain::{
    At, Span,
    calendar::{Allowance, Calendar, Measure, Pause},
};

use crate::ORACLES;

/// Printed by its name.
#[derive(Clone, Copy)]
struct Any(&'static Calendar);

impl std::fmt::Debug for Any {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.name())
    }
}

fn any_calendar() -> impl Strategy<Value = Any> {
    (0..ORACLES.len()).prop_map(|i| Any(&ORACLES[i].calendar))
}

/// 2010 to 2040, to the microsecond.
fn any_time() -> impl Strategy<Value = At> {
    (1_262_304_000_000_000_i64..2_208_988_800_000_000).prop_map(At::from_micros)
}

fn any_span() -> impl Strategy<Value = Span> {
    prop_oneof![1..40_000_000_000_i64, 1..3_000_000_000_000_i64].prop_map(Span::micros)
}

fn any_allowance() -> impl Strategy<Value = Allowance> {
    prop_oneof![
        any_span().prop_map(Allowance::Natural),
        any_span().prop_map(Allowance::Working),
        (0..300_u32).prop_map(Allowance::Days),
    ]
}

/// Pauses around a time, in any order, many of them overlapping.
fn pauses_near(at: At) -> impl Strategy<Value = Vec<Pause>> {
    let days = Span::days(1).as_micros();
    let pause = (-20 * days..200 * days, prop_oneof![0..days / 4, 0..9 * days]).prop_map(move |(after, lasts)| {
        let from = at.plus(Span::micros(after));
        Pause::new(from, from.plus(Span::micros(lasts))).unwrap()
    });
    prop::collection::vec(pause, 0..12)
}

fn time_and_pauses() -> impl Strategy<Value = (At, Vec<Pause>)> {
    any_time().prop_flat_map(|at| (Just(at), pauses_near(at)))
}

/// Working, and not paused.
fn runs(calendar: &Calendar, at: At, pauses: &[Pause]) -> bool {
    let inside = |p: &Pause| p.ends().0 <= at && at < p.ends().1;
    calendar.next_opening(at).unwrap() == at && !pauses.iter().any(inside)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_added_lies_between(Any(calendar) in any_calendar(), (from, pauses) in time_and_pauses(), span in any_span()) {
        for (measure, allowance) in
            [(Measure::Working, Allowance::Working(span)), (Measure::Natural, Allowance::Natural(span))]
        {
            let due = calendar.due(from, allowance, &pauses).unwrap();
            prop_assert_eq!(calendar.between(measure, from, due, &pauses).unwrap(), span);
            // And no earlier moment will do.
            prop_assert!(calendar.between(measure, from, due.minus(Span::micros(1)), &pauses).unwrap() < span);
        }
    }

    #[test]
    fn subtracting_undoes_adding(Any(calendar) in any_calendar(), (at, pauses) in time_and_pauses(), span in any_span()) {
        let from = calendar.next_opening(at).unwrap();
        prop_assume!(runs(calendar, from, &pauses));
        for allowance in [Allowance::Working(span), Allowance::Natural(span)] {
            let due = calendar.due(from, allowance, &pauses).unwrap();
            prop_assert_eq!(calendar.subtract(due, allowance, &pauses).unwrap(), from);
        }
    }

    #[test]
    fn subtracting_days_undoes_adding_them(at in any_time(), n in 0..300_u32) {
        let calendar = &*ORACLES[0].calendar;
        let from = calendar.next_opening(at).unwrap();
        let due = calendar.due(from, Allowance::Days(n), &[]).unwrap();
        prop_assert_eq!(calendar.subtract(due, Allowance::Days(n), &[]).unwrap(), from);
    }

    #[test]
    fn a_pause_never_shortens(
        Any(calendar) in any_calendar(), (from, mut pauses) in time_and_pauses(), allowance in any_allowance(),
    ) {
        let all = calendar.due(from, allowance, &pauses).unwrap();
        let reversed: Vec<_> = pauses.iter().rev().copied().collect();
        prop_assert_eq!(calendar.due(from, allowance, &reversed).unwrap(), all);
        if pauses.pop().is_some() {
            prop_assert!(calendar.due(from, allowance, &pauses).unwrap() <= all);
        }
        prop_assert!(calendar.due(from, allowance, &[]).unwrap() <= all);
    }

    #[test]
    fn later_starts_are_due_later(
        Any(calendar) in any_calendar(), (from, pauses) in time_and_pauses(), (wait, span) in (any_span(), any_span()),
    ) {
        for allowance in [Allowance::Working(span), Allowance::Natural(span)] {
            let later = calendar.due(from.plus(wait), allowance, &pauses).unwrap();
            prop_assert!(calendar.due(from, allowance, &pauses).unwrap() <= later);
        }
    }

    /// Of starts inside hours: Saturday morning and Friday night both count from Friday, at their own local times.
    #[test]
    fn later_starts_inside_hours_are_due_later_in_days(
        Any(calendar) in any_calendar(), (a, b) in (any_time(), any_span()), n in 0..300_u32,
    ) {
        let from = calendar.next_opening(a).unwrap();
        let later = calendar.next_opening(from.plus(b)).unwrap();
        let due = |from| calendar.due(from, Allowance::Days(n), &[]).unwrap();
        prop_assert!(due(from) <= due(later));
    }

    #[test]
    fn longer_limits_are_due_later(
        Any(calendar) in any_calendar(), (from, pauses) in time_and_pauses(), (span, more) in (any_span(), any_span()),
        (n, m) in (0..100_u32, 0..100_u32),
    ) {
        let due = |allowance| calendar.due(from, allowance, &pauses).unwrap();
        let longer = Span::micros(span.as_micros() + more.as_micros());
        prop_assert!(from <= due(Allowance::Working(Span::ZERO)));
        prop_assert!(due(Allowance::Working(Span::ZERO)) <= due(Allowance::Working(span)));
        prop_assert!(due(Allowance::Working(span)) < due(Allowance::Working(longer)));
        prop_assert!(due(Allowance::Natural(span)) < due(Allowance::Natural(longer)));
        prop_assert!(due(Allowance::Days(n)) <= due(Allowance::Days(n + m)));
    }

    #[test]
    fn parts_add_up_to_the_whole(
        Any(calendar) in any_calendar(), (from, pauses) in time_and_pauses(), (a, b) in (any_span(), any_span()),
    ) {
        let whole = Span::micros(a.as_micros() + b.as_micros());
        for of in [Allowance::Working, Allowance::Natural] {
            let halfway = calendar.due(from, of(a), &pauses).unwrap();
            prop_assert_eq!(calendar.due(halfway, of(b), &pauses).unwrap(), calendar.due(from, of(whole), &pauses).unwrap());
        }
    }

    #[test]
    fn stretches_of_time_add_up(
        Any(calendar) in any_calendar(), (a, pauses) in time_and_pauses(), (b, c) in (any_time(), any_time()),
    ) {
        for measure in [Measure::Working, Measure::Natural] {
            let between = |x, y| calendar.between(measure, x, y, &pauses).unwrap().as_micros();
            prop_assert_eq!(between(a, b) + between(b, c), between(a, c));
            prop_assert_eq!(between(a, b), -between(b, a));
        }
    }

    #[test]
    fn the_next_opening_is_open_and_nothing_is_worked_before(Any(calendar) in any_calendar(), at in any_time()) {
        let next = calendar.next_opening(at).unwrap();
        prop_assert!(next >= at);
        prop_assert_eq!(calendar.between(Measure::Working, at, next, &[]).unwrap(), Span::ZERO);
        let a_moment = Span::micros(1);
        prop_assert_eq!(calendar.between(Measure::Working, next, next.plus(a_moment), &[]).unwrap(), a_moment);
    }
}
