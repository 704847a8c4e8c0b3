//! The time line of a ticket: who held it, what stood still, whose time it was.

#![cfg(test)]

mod play;

use play::{
    Play,
    any::{Dice, action, caller, span},
    cast::*,
    local, submission,
};
use proptest::prelude::*;
use suban_domain::{
    Action, ReturnReason, Span, State, SuspendReason, Timer, Urgency,
    calendar::Measure,
    timeline::{Holder, Standstill, Timeline, Whose},
};

fn line(play: &Play) -> Timeline {
    Timeline::of(&play.log, play.at, &play.limits).unwrap()
}

fn reviewed(play: &mut Play) -> &mut Play {
    play.later(Span::minutes(30)).does(&dispatcher(), Action::ReviewReturn { approve: false })
}

#[test]
fn a_bounced_ticket_says_whose_time_it_was() {
    let mut play = Play::new();
    play.later(Span::minutes(20)).dispatched("u1", &[]).later(Span::hours(2));
    // Denied: the unit's time. Taken back later and sent on: the centre's.
    play.does(&signer("u1"), returns(ReturnReason::NotMyDuty, Some("u2")));
    reviewed(&mut play).later(Span::minutes(30)).does(&second_dispatcher(), Action::DenyReturn);
    play.later(Span::hours(1)).signed("u1").contacted("u1");
    let review_at = play.at.plus(Span::days(3));
    play.does(&supervisor(), Action::Suspend { reason: SuspendReason::Works, review_at });
    play.later(Span::days(1)).does(&supervisor(), Action::Resume);
    play.later(Span::hours(3)).submitted("u1").later(Span::hours(5)).accepted();
    let line = line(&play);
    let unit = Holder::Unit("u1".parse().unwrap());
    let hours = |h| Span::hours(h);
    assert_eq!(line.by_holder()[&unit], hours(2 + 1 + 1 + 24 + 3));
    assert_eq!(line.by_holder()[&Holder::Centre], Span::minutes(20 + 5 * 60));
    assert_eq!(line.by_whose()[&Whose::Unit], hours(7));
    assert_eq!(line.by_whose()[&Whose::Nobody], hours(24), "suspended");
    let stood: Vec<_> =
        line.stretches.iter().filter_map(|s| s.standstill.clone().map(|why| (why, s.length()))).collect();
    assert_eq!(stood, [(Standstill::Suspended(SuspendReason::Works), hours(24))]);
    let moved: Vec<_> = line
        .moves
        .iter()
        .filter(|m| m.timer == Timer::Handle && m.before.is_some() && m.after.is_some())
        .map(|m| (m.by, m.after.unwrap()))
        .collect();
    assert_eq!(moved, [("resumed", local("2026-12-08T10:20"))]);
}

#[test]
fn what_is_left_stands_still_in_a_pause() {
    let mut play = signed();
    play.contacted("u1").at = local("2026-11-27T17:00");
    let review_at = play.at.plus(Span::days(3));
    play.does(&supervisor(), Action::Suspend { reason: SuspendReason::Works, review_at });
    let left = |play: &Play| {
        let line = line(play);
        let handle = line.running.into_iter().find(|clock| clock.timer == Timer::Handle).unwrap();
        assert_eq!(handle.measure, Measure::Working);
        handle.left
    };
    let before = left(&play);
    assert_eq!(before, Span::hours(1 + 5 * 7 + 1));
    play.at = local("2026-11-30T11:00");
    assert_eq!(left(&play), before);
    play.does(&supervisor(), Action::Resume);
    assert_eq!(left(&play), before);
}

#[test]
fn an_empty_log_has_no_time_line() {
    assert!(Timeline::of(&[], play::START, &play::limits()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Stretches tile the ticket's time, so the times of the responsible holders sum to it.
    #[test]
    fn the_holders_times_sum_to_the_tickets_time(seed in any::<u64>()) {
        let mut dice = Dice::new(seed);
        let mut s = submission(1);
        s.urgency = dice.one(&[Urgency::Normal, Urgency::Urgent, Urgency::Critical]);
        let mut play = Play::of(s);
        if dice.yes() {
            play.dispatched("u1", &[]);
        }
        for _ in 0..200 {
            let wanted = action(&mut dice, &play);
            let by = caller(&mut dice, &wanted, &play);
            let _ = play.tries(&by, wanted);
            let later = span(&mut dice);
            play.later(later);
        }
        let line = line(&play);
        // A ticket that came to its end stopped then, whatever the time is now.
        let until = line.stretches.last().map_or(play.ticket.received_at, |last| last.until);
        prop_assert!(until == play.at || (until < play.at && play.ticket.state.is_terminal()));
        prop_assert_eq!(line.whole(), until.since(play.ticket.received_at));
        for pair in line.stretches.windows(2) {
            prop_assert_eq!(pair[0].until, pair[1].from);
        }
        let sum: i64 = line.by_holder().values().map(|span| span.as_micros()).sum();
        prop_assert_eq!(Span::micros(sum), line.whole());
        let sum: i64 = line.by_whose().values().map(|span| span.as_micros()).sum();
        prop_assert_eq!(Span::micros(sum), line.whole());
        for stretch in &line.stretches {
            prop_assert_eq!(stretch.standstill.is_some(), matches!(stretch.state, State::NeedInfo | State::Suspended | State::MergedMember));
        }
    }
}
