//! The rows of D§6.2, told as promises: from the first word to the unit's result.

#![cfg(test)]

mod play;

use play::{
    Play, START, actor, cast::*, dispatch, file, handler, limits, local, person, result, submission, system, text,
    unit, version,
};
use suban_domain::{
    Action, Audience, Card, Element, ExtensionReason, Finding, Mode, Point, Refusal, RejectReason, ReturnLock,
    ReturnReason, Role, Span, State, SuspendReason, Tier, Timer, UpstreamDecision, Urgency, Verdict,
};

mod intake_d6_2 {
    use super::*;

    #[test]
    fn a_demand_is_accepted_on_arrival_and_waits_for_dispatch() {
        let play = Play::new();
        assert_eq!((play.ticket.state, play.ticket.version), (State::PendingDispatch, 2));
        assert_eq!(play.ticket.dues[&Timer::Dispatch], START.plus(Span::hours(2)));
        assert_eq!(play.ticket.dues[&Timer::Judge], START.plus(Span::minutes(10)));
    }

    #[test]
    fn a_demand_without_words_waits_for_an_agent() {
        let mut s = submission(1);
        s.texts.clear();
        let play = Play::of(s);
        assert_eq!(play.ticket.state, State::Received);
        assert!(play.ticket.dues.contains_key(&Timer::Accept));
    }

    #[test]
    fn who_is_asked_for_information_and_answers_is_handled() {
        let mut play = received();
        play.does(&agent(), Action::AskInfo { missing: vec![Element::Place] }).is(State::NeedInfo);
        play.later(Span::hours(3)).does(&citizen(), Action::Supplement { texts: vec![text(2)] }).is(State::Received);
        assert!(play.ticket.dues[&Timer::Accept] > play.at, "T_accept runs again");
    }

    #[test]
    fn who_is_asked_and_does_not_answer_is_handled_on_what_is_known() {
        let mut play = received();
        play.does(&agent(), Action::AskInfo { missing: vec![Element::Place] });
        play.timer_runs_until(START.plus(Span::days(3)));
        play.is(State::Received);
    }

    #[test]
    fn nobody_is_asked_who_cannot_be_reached_and_danger_does_not_wait() {
        let mut s = submission(1);
        (s.accept, s.reachable) = (None, false);
        let ask = Action::AskInfo { missing: vec![Element::Place] };
        Play::of(s.clone()).refuses(&agent(), ask.clone());
        (s.reachable, s.urgency) = (true, Urgency::Critical);
        Play::of(s).refuses(&agent(), ask);
    }

    #[test]
    fn a_rejection_names_the_lawful_channel_and_may_be_appealed_once() {
        let mut play = received();
        let reject = |channel| Action::Reject { reason: RejectReason::Petition, channel };
        play.refuses(&agent(), reject(None));
        play.does(&agent(), reject(Some(text(3)))).is(State::Rejected);
        play.does(&citizen(), Action::Appeal).is(State::Received);
        assert!(matches!(play.refuses(&agent(), reject(Some(text(3)))), Refusal::SamePerson { .. }));
        play.does(&actor(Role::Agent, "other", None), reject(Some(text(3)))).is(State::Rejected);
        assert!(matches!(play.refuses(&citizen(), Action::Appeal), Refusal::UsedUp { .. }));
    }

    #[test]
    fn only_questions_are_answered_on_the_spot() {
        let answer = |from_knowledge_base| Action::Answer { reply: text(4), from_knowledge_base };
        let mut play = received();
        play.refuses(&agent(), answer(false));
        play.does(&agent(), answer(true)).is(State::Answered);
        play.does(&citizen(), Action::Unsatisfied).is(State::PendingDispatch);
    }

    #[test]
    fn an_answer_rests_a_week_and_is_archived() {
        let mut play = received();
        play.does(&agent(), Action::Answer { reply: text(4), from_knowledge_base: true });
        assert!(matches!(play.refuses(&system(), Action::Archive), Refusal::TooEarly { .. }));
        play.timer_runs_until(START.plus(Span::days(8)));
        play.is(State::Archived);
    }

    #[test]
    fn an_emergency_is_handed_over_to_its_own_line() {
        let mut play = received();
        let transfer = Action::TransferOut { target: version("110"), taker: text(6) };
        play.does(&agent(), transfer).is(State::TransferredOut);
        play.does(&citizen(), Action::Supplement { texts: vec![text(7)] }).is(State::TransferredOut);
    }
}

mod dispatching_d6_2 {
    use super::*;

    #[test]
    fn an_ordinary_ticket_waits_for_the_verdict_and_a_pressing_one_does_not() {
        let play = Play::new();
        assert_eq!(play.refuses(&dispatcher(), dispatch("u1", &[])), Refusal::NotJudged);
        let mut s = submission(1);
        s.urgency = Urgency::Urgent;
        Play::of(s).does(&dispatcher(), dispatch("u1", &[])).is(State::PendingSign);
    }

    #[test]
    fn without_a_verdict_in_time_it_goes_on_unjudged() {
        let mut play = Play::new();
        play.timer_runs_until(START.plus(Span::minutes(11)));
        assert_eq!(play.ticket.verdict, Some(Verdict::NotJudged));
        play.does(&dispatcher(), dispatch("u1", &[])).is(State::PendingSign);
    }

    #[test]
    fn a_unit_that_may_not_lead_here_is_refused() {
        let mut play = Play::new();
        play.judged();
        let mut order = dispatch("street", &[]);
        if let Action::Dispatch { lead_allowed, .. } = &mut order {
            *lead_allowed = false;
        }
        assert!(matches!(play.refuses(&dispatcher(), order), Refusal::LeadNotAllowed { .. }));
    }

    #[test]
    fn a_machine_does_not_send_what_needs_a_person() {
        let mut s = submission(1);
        s.flags.leader_note = true;
        let mut play = Play::of(s);
        play.judged();
        let mut order = dispatch("u1", &[]);
        if let Action::Dispatch { tier, .. } = &mut order {
            *tier = Tier::Auto;
        }
        play.refuses(&system(), order.clone());
        play.does(&dispatcher(), dispatch("u1", &[])).is(State::PendingSign);
    }

    #[test]
    fn only_the_units_own_signer_signs_and_once() {
        let mut play = Play::new();
        play.dispatched("u1", &[]);
        assert!(matches!(play.refuses(&signer("u2"), Action::Sign), Refusal::WrongUnit { .. }));
        assert!(matches!(play.refuses(&handler("u1"), Action::Sign), Refusal::WrongRole { .. }));
        play.does(&signer("u1"), Action::Sign).is(State::Handling);
        assert!(matches!(play.refuses(&signer("u1"), Action::Sign), Refusal::WrongState { .. }));
    }

    #[test]
    fn an_unsigned_ticket_shows_a_card_and_stays_with_its_unit() {
        let mut play = Play::new();
        play.dispatched("u1", &[]);
        play.timer_runs_until(START.plus(Span::hours(3)));
        play.is(State::PendingSign);
        assert_eq!(play.ticket.card, Card::Yellow);
        play.signed("u1");
    }

    #[test]
    fn a_recall_is_the_centres_own_mistake() {
        let mut play = signed();
        play.does(&dispatcher(), Action::Recall { reason: text(3) }).is(State::PendingDispatch);
        assert_eq!(play.ticket.misdispatch_count, 1);
        assert!(matches!(play.refuses(&handler("u1"), Action::Urge), Refusal::WrongRole { .. }));
        play.dispatched("u2", &[]).signed("u2");
    }

    #[test]
    fn an_upper_platforms_ticket_may_be_handed_back_unless_they_refused() {
        let mut play = Play::of(from_above());
        let back = Action::ReturnUpstream { reason: text(3) };
        play.does(&dispatcher(), back.clone()).is(State::ReturnedUpstream);
        let refused = Action::UpstreamDecides { decision: UpstreamDecision::ReturnRefused };
        play.does(&gateway(), refused).is(State::PendingDispatch);
        assert!(matches!(play.refuses(&dispatcher(), back), Refusal::UsedUp { .. }));
        Play::new().refuses(&dispatcher(), Action::ReturnUpstream { reason: text(3) });
    }
}

mod returning_d6_2 {
    use super::*;

    /// Asked, first reviewed; the second person decides.
    fn reviewed(reason: ReturnReason, suggested: Option<&str>) -> Play {
        let mut play = signed();
        play.does(&signer("u1"), returns(reason, suggested)).is(State::ReturnReview);
        play.does(&dispatcher(), Action::ReviewReturn { approve: true });
        play
    }

    const APPROVE: Action = Action::ApproveReturn { ask_citizen: false };

    #[test]
    fn not_mine_says_whose_it_is() {
        let play = signed();
        assert!(matches!(play.refuses(&signer("u1"), returns(ReturnReason::NotMyDuty, None)), Refusal::Missing { .. }));
        play.refuses(&signer("u1"), returns(ReturnReason::NotMyArea, Some("u1")));
    }

    #[test]
    fn a_return_comes_in_time_or_not_at_all() {
        let mut play = signed();
        play.later(Span::days(2));
        let late = play.refuses(&signer("u1"), returns(ReturnReason::Other, None));
        assert!(matches!(late, Refusal::TooLate { .. }));
    }

    #[test]
    fn two_people_judge_a_return() {
        let mut play = signed();
        play.does(&signer("u1"), returns(ReturnReason::Other, None));
        play.refuses(&dispatcher(), APPROVE);
        play.does(&dispatcher(), Action::ReviewReturn { approve: true });
        assert!(matches!(play.refuses(&dispatcher(), APPROVE), Refusal::SamePerson { .. }));
        play.does(&second_dispatcher(), APPROVE).is(State::PendingDispatch);
    }

    #[test]
    fn each_reason_goes_its_own_way() {
        reviewed(ReturnReason::OutOfScope, None).does(&second_dispatcher(), APPROVE).is(State::Received);
        reviewed(ReturnReason::NotMyDuty, Some("u2")).does(&second_dispatcher(), APPROVE).is(State::PendingDispatch);
        reviewed(ReturnReason::MissingElements, None).does(&second_dispatcher(), APPROVE).is(State::Handling);
        let ask = Action::ApproveReturn { ask_citizen: true };
        let mut asked = reviewed(ReturnReason::MissingElements, None);
        asked.does(&second_dispatcher(), ask).is(State::NeedInfo);
        asked.does(&citizen(), Action::Supplement { texts: vec![text(8)] }).is(State::Handling);
        asked.contacted("u1").submitted("u1");
        reviewed(ReturnReason::UnmergedDuplicate, None).refuses(&second_dispatcher(), APPROVE);
    }

    #[test]
    fn after_the_second_wrong_unit_an_arbiter_decides_and_nobody_returns_it_again() {
        let mut play = reviewed(ReturnReason::NotMyDuty, Some("u2"));
        play.does(&second_dispatcher(), APPROVE).dispatched("u2", &[]);
        play.does(&signer("u2"), returns(ReturnReason::NotMyDuty, Some("u1")));
        play.does(&dispatcher(), Action::ReviewReturn { approve: true });
        play.does(&second_dispatcher(), APPROVE).is(State::InDispute);

        let ruling = Action::Rule {
            lead: unit("u1"),
            assists: vec![],
            catalogue: version("demo:1"),
            rule: None,
            grounds: text(4),
        };
        let arbiter = actor(Role::Arbiter, "ar", None);
        play.refuses(&arbiter, ruling.clone());
        play.does(&head("u1"), Action::FileOpinion { opinion: text(5) });
        play.refuses(&arbiter, ruling.clone());
        play.does(&head("u2"), Action::FileOpinion { opinion: text(6) });
        play.does(&arbiter, ruling).is(State::PendingSign);
        let again = play.refuses(&signer("u1"), returns(ReturnReason::Other, None));
        assert_eq!(again, Refusal::ReturnLocked { lock: ReturnLock::Ruling });
    }

    #[test]
    fn the_arbiter_need_not_wait_for_who_stays_silent() {
        let mut play = reviewed(ReturnReason::NotMyDuty, Some("u2"));
        play.does(&second_dispatcher(), APPROVE).dispatched("u2", &[]);
        play.does(&signer("u2"), returns(ReturnReason::NotMyDuty, Some("u1")));
        play.does(&dispatcher(), Action::Escalate).is(State::InDispute);
        let end = play.at.plus(Span::days(2));
        play.timer_runs_until(end);
        let ruling =
            Action::Rule { lead: unit("u1"), assists: vec![], catalogue: version("d:1"), rule: None, grounds: text(4) };
        play.does(&actor(Role::Arbiter, "ar", None), ruling).is(State::PendingSign);
    }

    #[test]
    fn a_denied_return_locks_until_a_supervisor_unlocks() {
        let mut play = signed();
        play.does(&signer("u1"), returns(ReturnReason::Other, None));
        play.does(&dispatcher(), Action::DenyReturn).is(State::Handling);
        let locked = play.refuses(&signer("u1"), returns(ReturnReason::Other, None));
        assert_eq!(locked, Refusal::ReturnLocked { lock: ReturnLock::Denied });
        play.does(&supervisor(), Action::UnlockReturn);
        play.does(&signer("u1"), returns(ReturnReason::Other, None)).is(State::ReturnReview);
    }

    #[test]
    fn an_assists_return_leaves_the_ticket_where_it_is() {
        let mut play = Play::new();
        play.dispatched("u1", &["u2"]).signed("u1");
        play.does(&signer("u2"), returns(ReturnReason::Other, None)).is(State::Handling);
        play.does(&dispatcher(), Action::ReviewReturn { approve: true });
        play.does(&second_dispatcher(), APPROVE).is(State::Consolidating);
        play.contacted("u1").submitted("u1").is(State::CloseReview);
    }
}

mod handling_d6_2 {
    use super::*;

    #[test]
    fn nobody_closes_without_a_contact() {
        let mut play = signed();
        let submit = Action::SubmitResult { result: result() };
        assert!(matches!(play.refuses(&handler("u1"), submit), Refusal::Missing { field: "contact", .. }));
        play.contacted("u1").submitted("u1").is(State::CloseReview);
    }

    #[test]
    fn who_does_not_want_to_be_called_is_not_waited_for() {
        let mut s = submission(1);
        s.flags.no_contact = true;
        let mut play = Play::of(s);
        play.dispatched("u1", &[]).signed("u1").submitted("u1").is(State::CloseReview);
    }

    #[test]
    fn more_time_is_asked_in_time_and_given_by_two_people() {
        let mut play = signed();
        let due = play.ticket.lead().unwrap().handle_due.unwrap();
        let ask =
            |quota_left| Action::RequestExtension { reason: ExtensionReason::Difficult, by: Span::days(3), quota_left };
        play.refuses(&head("u1"), ask(false));
        play.does(&head("u1"), ask(true));
        let grant = Action::DecideExtension { grant: true };
        play.refuses(&supervisor(), grant.clone());
        play.does(&dispatcher(), Action::ReviewExtension { grant: true });
        play.refuses(&second_dispatcher(), grant.clone());
        play.does(&supervisor(), grant);
        assert_eq!(due, local("2026-12-07T10:00"));
        let later = local("2026-12-10T10:00");
        assert_eq!(play.ticket.lead().unwrap().handle_due, Some(later), "three working days");
        assert_eq!(play.ticket.dues[&Timer::Promise], later, "N6 tells the citizen");

        let mut late = signed();
        late.at = local("2026-12-04T10:00");
        late.asks(&head("u1"), ask(true)).unwrap();
        late.later(Span::minutes(1));
        assert!(matches!(late.refuses(&head("u1"), ask(true)), Refusal::TooLate { .. }));
    }

    #[test]
    fn beyond_the_upper_platforms_due_theirs_is_the_decision() {
        let mut play = Play::of(from_above());
        play.dispatched("u1", &[]).signed("u1");
        let ask = Action::RequestExtension { reason: ExtensionReason::Statutory, by: Span::days(3), quota_left: true };
        play.does(&head("u1"), ask).does(&dispatcher(), Action::ReviewExtension { grant: true });
        play.refuses(&supervisor(), Action::DecideExtension { grant: true });
        let due = play.ticket.lead().unwrap().handle_due.unwrap();
        assert_eq!(due, local("2026-11-28T06:00"), "their Saturday less the margin");
        play.does(&gateway(), Action::UpstreamDecides { decision: UpstreamDecision::ExtensionGranted });
        assert_eq!(play.ticket.lead().unwrap().handle_due, Some(local("2026-12-02T09:00")), "three working days");
    }

    #[test]
    fn a_suspension_moves_every_clock_by_its_length() {
        let mut play = signed();
        play.contacted("u1");
        let (due, promise) = (play.ticket.lead().unwrap().handle_due.unwrap(), play.ticket.dues[&Timer::Promise]);
        let review_at = play.at.plus(Span::days(5));
        play.does(&supervisor(), Action::Suspend { reason: SuspendReason::Works, review_at }).is(State::Suspended);
        let end = play.at.plus(Span::days(5));
        play.timer_runs_until(end);
        play.is(State::Handling);
        // From Monday at ten to Saturday stand still 34 working hours; Saturday itself is none.
        assert_eq!((due, promise), (local("2026-12-07T10:00"), local("2026-12-07T10:00")));
        let later = local("2026-12-11T18:00");
        assert_eq!(play.ticket.lead().unwrap().handle_due, Some(later));
        assert_eq!(play.ticket.dues[&Timer::Promise], later);
    }

    #[test]
    fn danger_is_never_suspended() {
        let mut s = submission(1);
        s.urgency = Urgency::Critical;
        let mut play = Play::of(s);
        play.dispatched("u1", &[]).signed("u1");
        let review_at = play.at.plus(Span::hours(1));
        play.refuses(&supervisor(), Action::Suspend { reason: SuspendReason::Works, review_at });
    }

    #[test]
    fn the_lead_puts_the_parts_together_and_alone_replies() {
        let mut play = Play::new();
        play.dispatched("u1", &["u2"]).signed("u1").contacted("u1").signed("u2");
        play.refuses(&handler("u1"), Action::SubmitResult { result: result() });
        play.submitted("u2").is(State::Handling);
        play.does(&handler("u1"), Action::RejectPart { unit: unit("u2"), reason: text(3) });
        play.submitted("u2");
        play.refuses(&handler("u2"), Action::AcceptPart { unit: unit("u2"), rating: Some(5) });
        play.does(&handler("u1"), Action::AcceptPart { unit: unit("u2"), rating: Some(4) }).is(State::Consolidating);
        let to_citizen = Action::Note { text: text(4), audience: Audience::Citizen };
        play.refuses(&handler("u2"), to_citizen.clone());
        play.does(&handler("u1"), to_citizen).submitted("u1").is(State::CloseReview);
    }

    #[test]
    fn a_unit_added_later_makes_it_joint() {
        let mut play = signed();
        play.does(&dispatcher(), Action::AddUnit { unit: unit("u2") });
        assert_eq!(play.ticket.mode, Some(Mode::Joint));
        play.does(&dispatcher(), Action::ReleaseAssist { unit: unit("u2"), reason: text(3) }).is(State::Consolidating);
    }

    #[test]
    fn a_team_may_give_the_work_back_to_its_unit() {
        let mut play = signed();
        let inner = unit("u1/team");
        play.does(&signer("u1"), Action::SubDispatch { inner: inner.clone(), belongs: true });
        play.does(&signer("u1/team"), returns(ReturnReason::Other, None)).is(State::Handling);
        assert!(play.ticket.open_task(&inner).is_none());
        assert_eq!(play.ticket.return_count, 0);
    }

    #[test]
    fn residents_take_part_where_the_mode_says_so() {
        let mut play = Play::new();
        play.judged();
        let mut order = dispatch("u1", &[]);
        if let Action::Dispatch { mode, .. } = &mut order {
            *mode = Mode::Citizen;
        }
        play.does(&dispatcher(), order).signed("u1");
        let (point, at) = (Point::new(22.5, 114.0).unwrap(), play.at);
        let claim = |who| Action::ClaimTask { person: person(who) };
        let evidence = Action::GiveEvidence { person: person("r1"), photo: file(2), point, taken_at: at };
        play.refuses(&citizen(), claim("r1"));
        play.does(&handler("u1"), Action::PublishTask { places: 1, text: text(2) });
        play.does(&citizen(), claim("r1"));
        play.refuses(&citizen(), claim("r2"));
        play.does(&citizen(), evidence).does(&handler("u1"), Action::ConfirmEvidence { person: person("r1") });
    }
}

mod results_d5_4 {
    use super::*;

    #[test]
    fn a_finding_fits_the_type_and_is_explained() {
        let mut play = signed();
        play.contacted("u1");
        let with = |finding, because| {
            let mut result = result();
            (result.finding, result.finding_because) = (finding, because);
            Action::SubmitResult { result }
        };
        play.refuses(&handler("u1"), with(Finding::Adopted, None));
        play.refuses(&handler("u1"), with(Finding::Untrue, None));
        play.does(&handler("u1"), with(Finding::Untrue, Some(text(3)))).is(State::CloseReview);
    }

    #[test]
    fn a_rejected_result_gives_back_the_time_in_review() {
        let mut play = signed();
        play.contacted("u1").submitted("u1");
        let due = play.ticket.lead().unwrap().handle_due.unwrap();
        play.later(Span::hours(24));
        let reject = |note| Action::RejectResult { findings: vec![], note };
        play.refuses(&dispatcher(), reject(None));
        play.does(&dispatcher(), reject(Some(text(3)))).is(State::Handling);
        let lead = play.ticket.lead().unwrap();
        assert_eq!(lead.dues[&Timer::Handle], due.plus(Span::hours(24)), "and the clock runs again");
        play.submitted("u1");
    }

    #[test]
    fn nobody_verifies_the_work_of_their_own_unit() {
        let mut settings = limits();
        settings.verify_results = true;
        let mut play = Play::opened(submission(1), START, settings);
        play.dispatched("u1", &[]).handled("u1").is(State::PendingVerify);
        let look =
            Action::Verify { ok: false, photo: file(2), point: Point::new(22.5, 114.0).unwrap(), taken_at: play.at };
        play.refuses(&actor(Role::Verifier, "ve", Some("u1")), look.clone());
        play.does(&actor(Role::Verifier, "ve", Some("grid")), look).is(State::Redo);
        assert_eq!(play.ticket.redo_round, 1);
    }
}
