//! A history played day by day, so that nothing is known before it could have been.

use std::ops::Range;

/// One day of a history, and which outcomes become known with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub day: i32,
    /// Rows whose outcome can be learned from now on, not yet handed out by an earlier day.
    pub known: Range<usize>,
    /// Rows of this day.
    pub rows: Range<usize>,
}

/// The days of a history, given each row's day in ascending order: an outcome is known `delay` days after its
/// row's day, and never within the day (a delay of 0 is one of 1).
pub fn days(days: &[i32], delay: u16) -> impl Iterator<Item = Day> {
    let delay = i32::from(delay.max(1));
    let mut known = 0;
    let mut at = 0;
    std::iter::from_fn(move || {
        let day = *days.get(at)?;
        let rows = at..at + days[at..].partition_point(|other| *other <= day);
        let until = days[..at].partition_point(|other| other.saturating_add(delay) <= day);
        let known_now = known..until;
        known = until;
        at = rows.end;
        Some(Day { day, known: known_now, rows })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_days_outcomes_are_known_the_next_day() {
        let played: Vec<Day> = days(&[1, 1, 2, 5], 1).collect();
        assert_eq!(played[0], Day { day: 1, known: 0..0, rows: 0..2 });
        assert_eq!(played[1], Day { day: 2, known: 0..2, rows: 2..3 });
        assert_eq!(played[2], Day { day: 5, known: 2..3, rows: 3..4 });
    }

    proptest! {
        #[test]
        fn every_row_is_asked_once_and_known_once_and_only_after_the_delay(
            mut history in proptest::collection::vec(-20..20_i32, 0..40), delay in 0..10_u16,
        ) {
            history.sort_unstable();
            let (mut asked, mut known) = (0, 0);
            for day in days(&history, delay) {
                prop_assert_eq!((day.rows.start, day.known.start), (asked, known));
                (asked, known) = (day.rows.end, day.known.end);
                prop_assert!(history[day.rows].iter().all(|of| *of == day.day));
                let due = |of: &i32| of + i32::from(delay.max(1)) <= day.day;
                prop_assert!(history[..known].iter().all(due));
                prop_assert!(history.get(known).is_none_or(|of| !due(of)));
            }
            prop_assert_eq!(asked, history.len());
        }
    }
}
