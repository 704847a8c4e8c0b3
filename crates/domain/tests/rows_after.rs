//! The rows of D§6.2, told as promises: follow-up, supervision and the clocks.

#![cfg(test)]

mod play;

use play::{Play, START, actor, cast::*, handler, local, person, result, submission, system, text, unit};
use suban_domain::{
    Action, Answers, AttemptOutcome, Card, Demand, Element, Ending, Kind, Order, Refusal, Role, Span, State,
    SurveyMeans, TaskState, Timer, UpstreamDecision, Urgency,
};

mod followup_d11_2 {
    use super::*;

    #[test]
    fn a_satisfied_citizen_closes_the_ticket() {
        let mut play = called_back();
        play.does(&citizen(), survey(1)).is(State::Closed);
        assert_eq!(play.ticket.ending, Some(Ending::Satisfied));
    }

    #[test]
    fn cannot_say_is_no_answer() {
        let mut play = called_back();
        play.does(&citizen(), survey(4)).is(State::PendingCallback);
        assert_eq!(play.ticket.answers, None);
    }

    #[test]
    fn an_unhappy_citizen_gets_a_redo_then_a_supervised_one_then_a_ruling() {
        let mut play = called_back();
        play.does(&citizen(), survey(3)).is(State::Redo);
        assert!(play.ticket.lead().unwrap().dues.contains_key(&Timer::Redo));
        play.submitted("u1").accepted().does(&citizen(), survey(2)).is(State::SupervisedRedo);
        play.submitted("u1").accepted().does(&citizen(), survey(3)).is(State::PendingCallback);
        play.does(&actor(Role::Arbiter, "ar", None), Action::CloseUnsolvable { not_solvable_now: true });
        play.is(State::Closed);
        play.does(&citizen(), survey(3)).is(State::Closed);
    }

    #[test]
    fn an_excessive_demand_waits_for_qa() {
        let mut play = signed();
        let mut handed_in = result();
        handed_in.demand = Demand::Excessive;
        play.contacted("u1").does(&handler("u1"), Action::SubmitResult { result: handed_in }).accepted();
        play.does(&citizen(), survey(3)).is(State::PendingCallback);
        let qa = actor(Role::Qa, "qa", None);
        let mut fair = play.clone();
        fair.does(&qa, Action::OrderRedo).is(State::Redo);
        play.does(&qa, Action::CloseUnsatisfied).is(State::Closed);
        assert_eq!(play.ticket.ending, Some(Ending::Unsatisfied));
    }

    #[test]
    fn who_cannot_be_asked_is_not_counted_as_satisfied() {
        let mut play = called_back();
        play.timer_runs_until(START.plus(Span::days(8)));
        play.is(State::Closed);
        assert_eq!(play.ticket.ending, Some(Ending::Unreached));
        play.does(&citizen(), survey(1)).is(State::Closed);
        assert_eq!(play.ticket.ending, Some(Ending::Satisfied), "F64 replaces UNREACHED");
    }

    #[test]
    fn who_refuses_is_not_called_again() {
        let mut play = called_back();
        let caller = actor(Role::Callback, "cb", None);
        play.does(&caller, Action::AttemptSurvey { outcome: AttemptOutcome::Refused, means: SurveyMeans::Human });
        let now = play.at;
        play.timer_runs_until(now);
        play.is(State::Closed);
    }

    #[test]
    fn three_calls_are_enough() {
        let mut play = called_back();
        let caller = actor(Role::Callback, "cb", None);
        let call = Action::AttemptSurvey { outcome: AttemptOutcome::NoAnswer, means: SurveyMeans::Human };
        for _ in 0..3 {
            play.later(Span::hours(3)).does(&caller, call.clone());
        }
        assert!(matches!(play.refuses(&caller, call), Refusal::UsedUp { .. }));
        let end = play.at.plus(Span::days(1));
        play.timer_runs_until(end);
        play.is(State::Closed);
    }

    #[test]
    fn after_a_redo_a_person_calls() {
        let mut play = called_back();
        play.does(&citizen(), survey(3)).submitted("u1").accepted();
        let robot = actor(Role::CallbackBot, "bot", None);
        let answers = Answers { solved: Some(1), ..Answers::default() };
        play.refuses(&robot, Action::Survey { answers, means: SurveyMeans::Robot });
    }

    #[test]
    fn a_closed_ticket_is_done_again_within_a_week() {
        let mut play = called_back();
        play.does(&citizen(), survey(1));
        let mut late = play.clone();
        play.later(Span::days(6)).does(&citizen(), Action::Unsatisfied).is(State::Redo);
        late.later(Span::days(8));
        assert!(matches!(late.refuses(&citizen(), Action::Unsatisfied), Refusal::TooLate { .. }));
        late.does(&dispatcher(), Action::Unsatisfied).is(State::Redo);
    }

    #[test]
    fn a_closed_ticket_is_archived_when_nobody_can_come_back() {
        let mut play = called_back();
        play.does(&citizen(), survey(1));
        let closed = play.at;
        play.timer_runs_until(closed.plus(Span::days(14)));
        play.is(State::Closed);
        play.timer_runs_until(closed.plus(Span::days(15)));
        play.is(State::Archived);
        assert!(play.ticket.next_due().is_none());
    }

    #[test]
    fn an_unhappy_group_is_redone_as_one() {
        let mut play = called_back();
        play.refuses(&system(), Action::GroupRedo { valid: 2, unhappy: 2 });
        play.refuses(&system(), Action::GroupRedo { valid: 10, unhappy: 2 });
        play.does(&system(), Action::GroupRedo { valid: 10, unhappy: 3 }).is(State::Redo);
    }

    #[test]
    fn a_result_that_the_upper_platform_refuses_is_done_again() {
        let mut play = Play::of(from_above());
        play.dispatched("u1", &[]).handled("u1");
        play.does(&gateway(), Action::UpstreamDecides { decision: UpstreamDecision::ResultRefused }).is(State::Redo);
        assert_eq!(play.ticket.redo_round, 1);
    }
}

mod supervision_d14 {
    use super::*;

    #[test]
    fn no_ticket_closes_while_an_order_is_open_and_the_release_completes_it() {
        let mut play = called_back();
        let order = Order { level: 2, issuer: person("su"), due: None };
        play.does(&supervisor(), Action::Supervise { order, text: None });
        play.does(&citizen(), survey(1)).is(State::PendingCallback);
        let release = Action::Release { issuer: person("su") };
        play.refuses(&actor(Role::Supervisor, "other", None), release.clone());
        play.does(&supervisor(), release).is(State::Closed);
        assert_eq!(play.ticket.ending, Some(Ending::Satisfied));
    }

    #[test]
    fn an_order_outlasts_the_callback_too() {
        let mut play = called_back();
        let order = Order { level: 1, issuer: person("su"), due: None };
        play.does(&supervisor(), Action::Supervise { order, text: None });
        play.timer_runs_until(START.plus(Span::days(20)));
        play.is(State::PendingCallback);
        play.does(&supervisor(), Action::Release { issuer: person("su") }).is(State::Closed);
        assert_eq!(play.ticket.ending, Some(Ending::Unreached));
    }

    #[test]
    fn a_second_urge_on_the_same_day_stays_on_the_contact_record() {
        let mut play = signed();
        play.does(&citizen(), Action::Urge);
        assert!(matches!(play.refuses(&citizen(), Action::Urge), Refusal::TooEarly { .. }));
        play.does(&supervisor(), Action::Urge);
        play.later(Span::hours(25)).does(&citizen(), Action::Urge);
        assert_eq!(play.ticket.urges, 3);
    }

    #[test]
    fn yellow_comes_before_red_and_each_once() {
        let mut play = signed();
        play.contacted("u1");
        play.timer_runs_until(local("2026-12-04T09:59"));
        assert_eq!(play.ticket.card, Card::None);
        play.timer_runs_until(local("2026-12-04T10:00"));
        assert_eq!(play.ticket.card, Card::Yellow, "one working day before the due");
        play.timer_runs_until(local("2026-12-07T09:59"));
        assert_eq!(play.ticket.card, Card::Yellow);
        play.timer_runs_until(local("2026-12-07T10:00"));
        assert_eq!(play.ticket.card, Card::Red);
        play.is(State::Handling);
    }

    #[test]
    fn withdrawing_is_free_and_never_hides_a_danger() {
        let withdraw = |confirmed| Action::Withdraw { confirmed };
        Play::new().does(&citizen(), withdraw(false)).is(State::Cancelled);
        let mut play = signed();
        play.refuses(&citizen(), withdraw(false));
        play.does(&actor(Role::Callback, "cb", None), withdraw(true)).is(State::Cancelled);
        let mut s = submission(1);
        s.kind = Some(Kind::Report);
        Play::of(s).refuses(&citizen(), withdraw(true));
    }
}

mod clocks_d8_2 {
    use super::*;

    #[test]
    fn a_returned_ticket_keeps_its_promise_and_gives_the_next_unit_its_full_limit() {
        let mut play = signed();
        let promise = play.ticket.dues[&Timer::Promise];
        play.later(Span::hours(20)).does(&dispatcher(), Action::Recall { reason: text(3) }).dispatched("u2", &[]);
        assert_eq!(play.ticket.dues[&Timer::Promise], promise);
        // Tuesday at six in the morning: ten working days later at six, which is at nine.
        assert_eq!(play.ticket.lead().unwrap().handle_due, Some(local("2026-12-08T09:00")));
    }

    #[test]
    fn the_clock_runs_from_dispatch_and_not_from_the_sign() {
        let mut play = Play::new();
        play.dispatched("u1", &[]).later(Span::hours(1)).signed("u1");
        assert_eq!(play.ticket.lead().unwrap().handle_due, Some(local("2026-12-07T10:00")));
    }

    #[test]
    fn an_upper_platforms_due_less_the_margin_comes_first() {
        let mut play = Play::of(from_above());
        play.dispatched("u1", &[]);
        let expected = START.plus(Span::days(5)).minus(Span::hours(4));
        assert_eq!(play.ticket.lead().unwrap().handle_due, Some(expected));
        assert_eq!(play.ticket.dues[&Timer::Promise], expected);
    }

    #[test]
    fn an_assist_is_due_before_its_lead() {
        let mut play = Play::new();
        play.dispatched("u1", &["u2"]);
        let due = |of: &str| play.ticket.open_task(&unit(of)).unwrap().handle_due.unwrap();
        assert_eq!((due("u1"), due("u2")), (local("2026-12-07T10:00"), local("2026-12-04T10:00")));
    }

    #[test]
    fn what_becomes_urgent_is_due_sooner_and_nothing_promised_is_taken_back() {
        let mut play = signed();
        play.does(&agent(), amend(Some(Urgency::Urgent), None));
        let sooner = local("2026-11-30T10:00");
        assert_eq!(play.ticket.lead().unwrap().handle_due, Some(sooner));
        assert_eq!(play.ticket.dues[&Timer::Promise], sooner);
        assert!(play.ticket.dues.contains_key(&Timer::Interim), "URGENT work reports in between");
        play.does(&agent(), amend(Some(Urgency::Normal), None));
        assert_eq!(play.ticket.dues[&Timer::Promise], sooner);
    }

    #[test]
    fn a_wait_ends_at_once_when_the_matter_becomes_critical() {
        let mut play = received();
        play.does(&agent(), Action::AskInfo { missing: vec![Element::Place] });
        play.does(&agent(), amend(Some(Urgency::Critical), None));
        let now = play.at;
        play.timer_runs_until(now);
        play.is(State::Received);
    }

    #[test]
    fn a_ticket_entered_later_counts_from_its_receipt() {
        let mut s = submission(1);
        s.received_at = START.minus(Span::hours(1));
        let play = Play::of(s);
        assert_eq!(play.ticket.dues[&Timer::Dispatch], START.plus(Span::hours(1)));
    }

    #[test]
    fn a_task_says_afterwards_what_was_in_time() {
        let play = called_back();
        let task = play.ticket.lead().unwrap();
        assert_eq!(task.state, TaskState::Accepted);
        assert!(task.dues.is_empty() && task.submitted_at.unwrap() <= task.handle_due.unwrap());
        assert!(!play.ticket.dues.contains_key(&Timer::Promise), "an accepted reply keeps the promise");
    }
}
