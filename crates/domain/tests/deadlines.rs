//! Deadlines by the calendar (D§8.2, R-TIM-1…6): what they are, what moves them, and what never does.

#![cfg(test)]

mod play;

use play::{
    Play,
    any::{Dice, action, caller, span},
    cast::*,
    dispatch, local, submission, text,
};
use proptest::prelude::*;
use suban_domain::{
    Action, At, Card, CountFrom, Fact, Kind, Limits, ReturnReason, Span, State, SuspendReason, Ticket, Timer, Urgency,
    calendar::Measure,
};

/// A ticket that arrives at a moment and is sent to `u1` at once.
fn sent(at: &str, urgency: Urgency, kind: Kind, limit: Option<Span>) -> Play {
    sent_by(Limits::sz_district(), local(at), urgency, kind, limit)
}

fn sent_by(limits: Limits, at: At, urgency: Urgency, kind: Kind, limit: Option<Span>) -> Play {
    let mut s = submission(1);
    (s.received_at, s.reported_at, s.urgency) = (at, at, urgency);
    s.accept.as_mut().unwrap().kind = Some(kind);
    let mut play = Play::opened(s, at, limits);
    play.judged();
    let mut action = dispatch("u1", &[]);
    if let Action::Dispatch { limit: own, .. } = &mut action {
        *own = limit;
    }
    play.does(&dispatcher(), action);
    play
}

fn due(play: &Play, timer: Timer) -> At {
    play.ticket.lead().unwrap().dues[&timer]
}

fn card(play: &Play) -> At {
    play.ticket.lead().unwrap().cards[&Timer::Handle]
}

fn suspended(play: &mut Play, until: &str) {
    let review_at = play.at.plus(Span::days(1));
    play.does(&supervisor(), Action::Suspend { reason: SuspendReason::Works, review_at });
    play.at = local(until);
    play.does(&supervisor(), Action::Resume);
}

#[test]
fn a_request_before_national_day_waits_for_the_office() {
    let mut play = sent("2026-09-30T17:50", Urgency::Normal, Kind::Help, None);
    // Off until the 7th; the 8th, the 9th, the 10th (a make-up Saturday) and the 12th are worked.
    let promised = local("2026-10-12T17:50");
    assert_eq!(due(&play, Timer::Handle), promised);
    assert_eq!(play.ticket.dues[&Timer::Promise], promised);
    assert_eq!(due(&play, Timer::Sign), local("2026-09-30T19:50"), "day and night");
    assert_eq!(due(&play, Timer::Return), local("2026-10-08T17:50"));
    assert_eq!(card(&play), local("2026-10-12T10:14"), "80 % come after one working day before");
    play.signed("u1").contacted("u1").timer_runs_until(local("2026-10-12T10:13"));
    assert_eq!(play.ticket.card, Card::None);
    play.timer_runs_until(local("2026-10-12T10:14"));
    assert_eq!(play.ticket.card, Card::Yellow);
    play.timer_runs_until(promised);
    assert_eq!(play.ticket.card, Card::Red);
}

#[test]
fn a_gas_leak_at_two_in_the_morning_waits_for_nobody() {
    let mut play = sent("2026-10-02T02:00", Urgency::Critical, Kind::Help, None);
    assert_eq!(due(&play, Timer::Sign), local("2026-10-02T02:15"));
    assert_eq!(due(&play, Timer::Handle), local("2026-10-03T02:00"));
    assert_eq!(play.ticket.dues[&Timer::Interim], local("2026-10-02T04:00"));
    play.signed("u1");
    assert_eq!(due(&play, Timer::Contact), local("2026-10-02T03:00"));
    play.contacted("u1").timer_runs_until(local("2026-10-03T01:59"));
    assert_eq!(play.ticket.card, Card::Yellow);
    play.timer_runs_until(local("2026-10-03T02:00"));
    assert_eq!(play.ticket.card, Card::Red, "at the due, in the night and on a holiday");
}

#[test]
fn a_pause_takes_working_time_and_gives_back_as_much() {
    let begun = |at: &str| {
        let mut play = sent("2026-11-23T10:00", Urgency::Normal, Kind::Complaint, None);
        play.signed("u1").contacted("u1").at = local(at);
        play
    };
    let mut over_the_weekend = begun("2026-11-28T09:00");
    suspended(&mut over_the_weekend, "2026-11-29T20:00");
    assert_eq!(
        due(&over_the_weekend, Timer::Handle),
        local("2026-12-07T10:00"),
        "no working time, nothing to give back"
    );
    let mut from_friday = begun("2026-11-27T17:00");
    suspended(&mut from_friday, "2026-11-30T10:30");
    assert_eq!(
        due(&from_friday, Timer::Handle),
        local("2026-12-07T14:30"),
        "an hour on Friday and one and a half on Monday"
    );
}

#[test]
fn time_in_a_pause_is_not_lost_when_the_urgency_changes() {
    let mut play = sent("2026-11-23T10:00", Urgency::Normal, Kind::Complaint, None);
    play.signed("u1").contacted("u1");
    suspended(&mut play, "2026-11-25T10:00");
    assert_eq!(due(&play, Timer::Handle), local("2026-12-09T10:00"));
    play.does(&agent(), amend(Some(Urgency::Urgent), None));
    assert_eq!(due(&play, Timer::Handle), local("2026-12-02T10:00"), "five working days and the two of the pause");
    play.does(&agent(), amend(Some(Urgency::Critical), None));
    assert_eq!(due(&play, Timer::Handle), local("2026-11-26T10:00"), "24 hours and the 48 of the pause");
}

#[test]
fn a_legal_limit_counts_day_and_night_also_through_a_pause() {
    let limit = Some(Span::hours(72));
    let mut play = sent("2026-11-27T20:00", Urgency::Normal, Kind::Complaint, limit);
    assert_eq!(due(&play, Timer::Handle), local("2026-11-30T20:00"));
    play.signed("u1").contacted("u1").at = local("2026-11-28T12:00");
    suspended(&mut play, "2026-11-29T12:00");
    assert_eq!(due(&play, Timer::Handle), local("2026-12-01T20:00"));
    assert_eq!(play.ticket.dues[&Timer::Promise], local("2026-12-01T20:00"));
}

#[test]
fn red_waits_for_a_working_moment_when_nothing_presses() {
    let mut play = sent("2026-11-27T20:00", Urgency::Normal, Kind::Complaint, Some(Span::hours(24)));
    play.signed("u1").contacted("u1").timer_runs_until(local("2026-11-30T08:59"));
    assert_eq!(play.ticket.card, Card::Yellow);
    let shown = play.log.iter().filter(|e| matches!(e.event.fact, Fact::CardShown { .. })).count();
    assert_eq!(shown, 1, "80 % on Saturday; nobody is there to read the red one");
    play.timer_runs_until(local("2026-11-30T09:00"));
    assert_eq!(play.ticket.card, Card::Red);
}

#[test]
fn working_hours_of_a_review_end_inside_hours() {
    let mut play = sent("2026-11-27T17:00", Urgency::Normal, Kind::Complaint, None);
    play.signed("u1").does(&signer("u1"), returns(ReturnReason::NotMyDuty, Some("u2")));
    assert_eq!(play.ticket.dues[&Timer::ReturnReview], local("2026-11-30T12:00"));
}

#[test]
fn extensions_of_a_ticket_stay_within_fifteen_working_days() {
    let mut play = sent("2026-11-23T10:00", Urgency::Normal, Kind::Complaint, None);
    play.signed("u1").contacted("u1");
    let ask = |by| Action::RequestExtension { reason: suban_domain::ExtensionReason::Difficult, by, quota_left: true };
    play.refuses(&head("u1"), ask(Span::days(16)));
    play.does(&head("u1"), ask(Span::days(10)))
        .does(&dispatcher(), Action::ReviewExtension { grant: true })
        .does(&supervisor(), Action::DecideExtension { grant: true });
    assert_eq!(due(&play, Timer::Handle), local("2026-12-21T10:00"));
    play.refuses(&head("u1"), ask(Span::days(6)));
    play.refuses(&head("u1"), ask(Span::days(5).percent(110)));
    play.does(&head("u1"), ask(Span::hours(4)))
        .does(&dispatcher(), Action::ReviewExtension { grant: true })
        .does(&supervisor(), Action::DecideExtension { grant: true });
    assert_eq!(due(&play, Timer::Handle), local("2026-12-21T16:00"), "four working hours over noon");
}

#[test]
fn cities_count_from_different_moments() {
    let by = |count_from| {
        let limits = Limits { count_from, ..Limits::sz_district() };
        let at = local("2026-11-27T15:00");
        let mut s = submission(1);
        (s.received_at, s.reported_at) = (local("2026-11-26T11:00"), local("2026-11-26T11:00"));
        s.accept.as_mut().unwrap().kind = Some(Kind::Consult);
        let mut play = Play::opened(s, at, limits);
        play.judged().does(&dispatcher(), dispatch("u1", &[]));
        play
    };
    assert_eq!(due(&by(CountFrom::Receipt), Timer::Handle), local("2026-11-30T11:00"));
    assert_eq!(due(&by(CountFrom::Dispatch), Timer::Handle), local("2026-12-01T15:00"));
    assert_eq!(due(&by(CountFrom::NextWorkday), Timer::Handle), local("2026-12-02T09:00"));
    let mut play = by(CountFrom::Sign);
    assert_eq!(due(&play, Timer::Handle), local("2026-12-01T17:00"), "as if signed at the last moment");
    play.at = local("2026-11-27T16:00");
    play.signed("u1");
    assert_eq!(due(&play, Timer::Handle), local("2026-12-01T16:00"));
}

#[test]
fn a_clock_after_the_last_calendar_still_runs() {
    let limits = Limits::sz_district();
    let from = local("2100-12-30T10:00");
    let due = limits.due(Timer::Handle, Urgency::Normal, Some(Kind::Complaint), from);
    assert_eq!(due, Some(from.plus(Span::days(10))));
    let beyond = local("2101-03-01T10:00");
    assert_eq!(
        limits.put_off(Measure::Working, beyond, beyond, beyond.plus(Span::hours(5))),
        beyond.plus(Span::hours(5))
    );
}

/// Before clocks knew the calendar, an event that ended a pause said no dues.
#[test]
fn an_old_log_folds_as_it_did() {
    let mut play = sent("2026-11-23T10:00", Urgency::Normal, Kind::Complaint, None);
    play.signed("u1").contacted("u1").at = local("2026-11-27T17:00");
    suspended(&mut play, "2026-11-30T10:30");
    play.log.last_mut().unwrap().event.dues.clear();
    let old = Ticket::fold(&play.log).unwrap();
    let paused = local("2026-11-30T10:30").since(local("2026-11-27T17:00"));
    let lead = old.lead().unwrap();
    assert_eq!(lead.dues[&Timer::Handle], local("2026-12-07T10:00").plus(paused));
    assert_eq!(lead.handle_due, Some(lead.dues[&Timer::Handle]));
    assert_eq!(old.dues[&Timer::Promise], local("2026-12-07T10:00").plus(paused));
}

type Clock = (Option<(usize, String)>, Timer, At);

/// Every clock of a ticket with its due: whose (none for the ticket's own), of which task, which.
fn clocks(ticket: &Ticket) -> Vec<Clock> {
    let own = ticket.dues.iter().map(|(timer, at)| (None, *timer, *at));
    let tasks = ticket.tasks.iter().enumerate().filter(|(_, task)| task.is_open());
    let tasks = tasks
        .flat_map(|(i, task)| task.dues.iter().map(move |(timer, at)| (Some((i, task.unit.to_string())), *timer, *at)));
    own.chain(tasks).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// R-TIM-5: whatever happens, a clock that runs on is due when it was, or the event itself says otherwise.
    #[test]
    fn no_due_moves_without_an_event_that_says_so(seed in any::<u64>()) {
        let mut dice = Dice::new(seed);
        let mut s = submission(1);
        s.urgency = dice.one(&[Urgency::Normal, Urgency::Normal, Urgency::Urgent]);
        let mut play = Play::of(s);
        play.dispatched("u1", dice.one(&[&[][..], &["u2"]])).signed("u1");
        for _ in 0..200 {
            let wanted = action(&mut dice, &play);
            let by = caller(&mut dice, &wanted, &play);
            let _ = play.tries(&by, wanted);
            let later = span(&mut dice);
            play.later(later);
        }
        let mut ticket = Ticket::begin(&play.log[0]).unwrap();
        for event in &play.log[1..] {
            let before = clocks(&ticket);
            ticket = ticket.apply(event).unwrap();
            for (whose, timer, due) in clocks(&ticket) {
                let old = before.iter().find(|(who, which, _)| *who == whose && *which == timer).map(|(_, _, due)| *due);
                let unit = whose.map(|(_, unit)| unit);
                let said = event.event.dues.iter().rev().find(|d| d.timer == timer && d.unit.as_ref().map(ToString::to_string) == unit);
                prop_assert!(
                    old == Some(due) || said.is_some_and(|d| d.at == Some(due)) || matches!(event.event.fact, Fact::SubDispatched { .. }),
                    "{timer:?} of {unit:?} moved from {old:?} to {due} by {:?}", event.event
                );
            }
        }
    }

    /// R-TIM-4: after a pause there is as much left as before it, in the measure of each clock, and no due is sooner.
    #[test]
    fn a_pause_takes_nothing_and_gives_nothing(
        start in 0i64..525_600, work in 0i64..30_000, pauses in prop::collection::vec((0i64..20_000, 0i64..3_000), 1..5),
        urgent in any::<bool>(), limit in prop::option::of(1i64..400), kind in prop::sample::select(Kind::ALL),
    ) {
        let at = local("2026-01-01T00:00").plus(Span::minutes(start));
        let urgency = if urgent { Urgency::Urgent } else { Urgency::Normal };
        let mut play = sent_by(Limits::sz_district(), at, urgency, kind, limit.map(Span::hours));
        play.signed("u1").later(Span::minutes(work));
        let calendar = play.limits.calendar.clone();
        for (length, between) in pauses {
            let begun = play.at;
            let before = clocks(&play.ticket);
            play.does(&supervisor(), Action::Suspend { reason: SuspendReason::Works, review_at: begun.plus(Span::hours(1)) });
            play.later(Span::minutes(length)).does(&supervisor(), Action::Resume);
            for (whose, timer, new) in clocks(&play.ticket) {
                let (_, _, old) = before.iter().find(|(who, which, _)| *who == whose && *which == timer).unwrap();
                let law = limit.is_some() && matches!(timer, Timer::Handle | Timer::Promise);
                let measure = if law { Measure::Natural } else { play.limits.measure(timer, urgency, Some(kind)) };
                let left = calendar.between(measure, begun, *old, &[]).unwrap();
                let now = calendar.between(measure, play.at, new, &[]).unwrap();
                prop_assert!(new >= *old, "{timer:?} was due {old}, and is {new}");
                prop_assert_eq!(left, now, "{:?} of a pause from {} to {}", timer, begun, play.at);
            }
            play.later(Span::minutes(between));
        }
    }

    /// F27: the review's time is given back in the measure of the work.
    #[test]
    fn time_in_review_is_given_back_once(start in 0i64..525_600, work in 0i64..10_000, review in 0i64..9_000) {
        let at = local("2026-01-01T00:00").plus(Span::minutes(start));
        let mut play = sent_by(Limits::sz_district(), at, Urgency::Normal, Kind::Complaint, None);
        play.signed("u1").contacted("u1").later(Span::minutes(work)).submitted("u1");
        let (begun, old) = (play.at, play.ticket.lead().unwrap().handle_due.unwrap());
        play.later(Span::minutes(review)).does(&dispatcher(), Action::RejectResult { findings: vec![], note: Some(text(3)) });
        let new = due(&play, Timer::Handle);
        prop_assert_eq!(play.ticket.lead().unwrap().handle_due, Some(new));
        let left = |from, due| play.limits.calendar.between(Measure::Working, from, due, &[]).unwrap();
        prop_assert_eq!(left(begun, old), left(play.at, new));
    }

    /// A yellow card comes after the work began and before its due; a red one not before it.
    #[test]
    fn cards_stand_around_the_due(start in 0i64..525_600, kind in prop::sample::select(Kind::ALL), limit in prop::option::of(1i64..400)) {
        let at = local("2026-01-01T00:00").plus(Span::minutes(start));
        let play = sent_by(Limits::sz_district(), at, Urgency::Normal, kind, limit.map(Span::hours));
        let (card, due) = (card(&play), due(&play, Timer::Handle));
        prop_assert!(at < card && card < due, "sent {at}, yellow {card}, due {due}");
        let red = play.limits.red(Urgency::Normal, due);
        prop_assert!(red >= due && play.limits.calendar.next_opening(red).unwrap() == red);
    }
}

#[test]
fn the_timer_is_still_at_rest_in_a_pause() {
    let mut play = sent("2026-11-23T10:00", Urgency::Normal, Kind::Consult, None);
    play.signed("u1").contacted("u1");
    let review_at = local("2026-12-10T10:00");
    play.does(&supervisor(), Action::Suspend { reason: SuspendReason::Works, review_at });
    assert_eq!(play.ticket.next_due(), Some(review_at));
    play.timer_runs_until(review_at);
    play.is(State::Handling);
    assert_eq!(play.ticket.card, Card::None);
    assert_eq!(due(&play, Timer::Handle), local("2026-12-14T10:00"));
}
