//! Merging and splitting (D§9.3, D§9.5, D§9.6): examples of the guards, and properties of whole groups.

#![cfg(test)]

mod play;

use std::collections::BTreeMap;

use play::{Play, START, actor, any::Dice, id, limits, submission, system, unit, version};
use proptest::prelude::*;
use suban_domain::{
    Action, Actor, DuplicateClass, Event, Fact, Flags, Kind, Merge, Refusal, ReturnReason, Role, Span, State,
    Submission, TaskState, Ticket, TicketId, Timer, Urgency, groups,
};

/// Tickets side by side, as the store keeps them: every change of a group is one step.
#[derive(Debug, Clone)]
struct Hall {
    tickets: BTreeMap<TicketId, Play>,
}

impl Hall {
    /// `count` complaints, a minute apart; the first the earliest.
    fn of(count: u128) -> Self {
        let tickets = (1..=count).map(|n| {
            let mut s = submission(n);
            s.received_at = START.plus(Span::minutes(i64::try_from(n).unwrap()));
            (s.id, Play::of(s))
        });
        let mut hall = Self { tickets: tickets.collect() };
        hall.clock(Span::hours(1));
        hall
    }

    fn clock(&mut self, by: Span) {
        let now = self.tickets.values().map(|p| p.at).max().unwrap_or(START).plus(by);
        self.tickets.values_mut().for_each(|p| p.at = now);
    }

    fn play(&mut self, n: u128) -> &mut Play {
        self.tickets.get_mut(&id(n)).unwrap()
    }

    fn ticket(&self, n: u128) -> &Ticket {
        &self.tickets[&id(n)].ticket
    }

    fn head(&self, n: TicketId) -> TicketId {
        self.tickets[&n].ticket.master().unwrap_or(n)
    }

    fn followers(&self, of: TicketId) -> Vec<TicketId> {
        self.tickets.values().filter(|p| p.ticket.master() == Some(of)).map(|p| p.ticket.id).collect()
    }

    fn take(&mut self, id: TicketId, by: &Actor, events: Vec<Event>) {
        self.tickets.get_mut(&id).unwrap().takes(by, events);
    }

    /// Joins two groups, then lets the earliest lead, as the store does.
    fn merge(&mut self, a: u128, b: u128, by: &Actor) -> Result<(), Refusal> {
        let (member, master) = (self.head(id(a)), self.head(id(b)));
        if member == master {
            return Ok(());
        }
        let at = self.tickets[&member].at;
        let (class, basis) = (DuplicateClass::D3, version("rule:1"));
        let (m, h) = (&self.tickets[&member].ticket, &self.tickets[&master].ticket);
        let brought = self.followers(member);
        let joined = groups::join(m, h, class, basis.clone(), by, at, &limits())?;
        self.take(member, by, joined.member);
        self.take(master, by, joined.master);
        for sub in brought {
            let events = groups::repoint(&self.tickets[&sub].ticket, master, class, basis.clone());
            self.take(sub, by, events);
        }
        if groups::should_lead(&self.tickets[&member].ticket, &self.tickets[&master].ticket) {
            self.change_master(member, false, by)?;
        }
        Ok(())
    }

    fn change_master(&mut self, new: TicketId, withdrawn: bool, by: &Actor) -> Result<(), Refusal> {
        let old = self.head(new);
        let at = self.tickets[&new].at;
        let others: Vec<TicketId> = self.followers(old).into_iter().filter(|other| *other != new).collect();
        let changed = groups::change_master(
            &self.tickets[&old].ticket,
            &self.tickets[&new].ticket,
            withdrawn,
            by,
            at,
            &limits(),
        )?;
        self.take(new, by, changed.member);
        self.take(old, by, changed.master);
        for sub in others {
            let events = groups::repoint(&self.tickets[&sub].ticket, new, DuplicateClass::D3, version("rule:1"));
            self.take(sub, by, events);
        }
        Ok(())
    }

    fn leave(&mut self, n: TicketId, by: &Actor) -> Result<(), Refusal> {
        let master = self.head(n);
        let at = self.tickets[&n].at;
        let left = groups::leave(&self.tickets[&n].ticket, &self.tickets[&master].ticket, by, at, &limits())?;
        self.take(n, by, left.member);
        self.take(master, by, left.master);
        Ok(())
    }

    /// Who follows whom.
    fn shape(&self) -> Vec<(TicketId, Option<TicketId>, State)> {
        self.tickets.values().map(|p| (p.ticket.id, p.ticket.master(), p.ticket.state)).collect()
    }

    fn is_whole(&self) -> Result<(), TestCaseError> {
        for play in self.tickets.values() {
            let t = &play.ticket;
            prop_assert_eq!(&Ticket::fold(&play.log).unwrap(), t);
            let followers = u32::try_from(self.followers(t.id).len()).unwrap();
            prop_assert_eq!(t.members(), followers, "members of {} are counted wrong", t.number);
            prop_assert_eq!(t.state == State::MergedMember, t.master().is_some());
            if let Some(master) = t.master() {
                prop_assert!(self.tickets[&master].ticket.master().is_none(), "G7: depth is one");
                prop_assert!(!t.tasks.iter().any(suban_domain::Task::is_open), "a member's unit is told to stop");
                prop_assert!(t.next_due().is_none(), "a member has no clock of its own");
            }
        }
        Ok(())
    }
}

fn reviewer() -> Actor {
    actor(Role::MergeReviewer, "mr", None)
}

fn joins(member: &Ticket, master: &Ticket, by: &Actor) -> Result<groups::Joined, Refusal> {
    let (class, basis) = (DuplicateClass::D3, version("rule:1"));
    groups::join(member, master, class, basis, by, START.plus(Span::hours(2)), &limits())
}

#[track_caller]
fn forbidden(member: &Ticket, master: &Ticket, by: &Actor, guard: &str) {
    match joins(member, master, by) {
        Err(Refusal::MergeForbidden { guard: why }) => assert!(why.starts_with(guard), "{why}"),
        other => panic!("{guard} did not forbid it: {other:?}"),
    }
}

mod guards_d9_3 {
    use super::*;

    #[test]
    fn g1_a_machine_does_not_merge_across_units_and_a_person_may() {
        let mut hall = Hall::of(2);
        hall.play(1).dispatched("water", &[]);
        hall.play(2).dispatched("roads", &[]);
        forbidden(hall.ticket(2), hall.ticket(1), &system(), "G1");
        assert!(joins(hall.ticket(2), hall.ticket(1), &reviewer()).is_ok());
    }

    #[test]
    fn g2_confidential_tickets_and_reports_on_officials_never_merge() {
        for flags in
            [Flags { confidential: true, ..Flags::default() }, Flags { against_official: true, ..Flags::default() }]
        {
            let mut s = submission(2);
            s.flags = flags;
            let secret = Play::of(s);
            forbidden(&secret.ticket, Hall::of(1).ticket(1), &reviewer(), "G2");
            forbidden(Hall::of(1).ticket(1), &secret.ticket, &reviewer(), "G2");
        }
    }

    #[test]
    fn g2_other_reports_merge_by_a_person_only() {
        let mut s = submission(2);
        s.kind = Some(Kind::Report);
        let report = Play::of(s);
        forbidden(&report.ticket, Hall::of(1).ticket(1), &system(), "G2");
        assert!(joins(&report.ticket, Hall::of(1).ticket(1), &reviewer()).is_ok());
    }

    #[test]
    fn g3_nothing_joins_a_master_whose_work_is_under_review() {
        let mut hall = Hall::of(2);
        hall.play(1).dispatched("u1", &[]).signed("u1").contacted("u1").submitted("u1").is(State::CloseReview);
        forbidden(hall.ticket(2), hall.ticket(1), &reviewer(), "G3");
        hall.play(1).accepted().is(State::PendingCallback);
        forbidden(hall.ticket(2), hall.ticket(1), &reviewer(), "G3");
        // M9: judged as D2 or new, never silently attached.
        assert!(joins(hall.ticket(1), hall.ticket(2), &reviewer()).is_err());
    }

    #[test]
    fn g4_the_master_takes_the_shortest_remaining_limit_and_the_highest_urgency() {
        let mut hall = Hall::of(2);
        hall.play(1).dispatched("u1", &[]);
        let urgent = Action::Amend {
            kind: None,
            urgency: Some(Urgency::Critical),
            matter: None,
            area: None,
            point: None,
            flags: None,
            title: None,
        };
        hall.play(2).does(&actor(Role::Agent, "ag", None), urgent);
        let before = hall.ticket(1).lead().unwrap().handle_due.unwrap();
        hall.merge(2, 1, &system()).unwrap();
        let master = hall.ticket(1);
        assert_eq!(master.urgency, Urgency::Critical);
        let after = master.lead().unwrap().handle_due.unwrap();
        assert!(after < before && after <= hall.tickets[&id(1)].at.plus(Span::days(1)));
    }

    #[test]
    fn g5_a_matter_before_the_courts_stays_alone() {
        let mut s = submission(2);
        s.flags.in_proceedings = true;
        forbidden(&Play::of(s).ticket, Hall::of(1).ticket(1), &reviewer(), "G5");
    }

    #[test]
    fn g6_a_persons_own_right_is_never_merged_by_a_machine() {
        let hall = Hall::of(2);
        let facts = groups::Facts { whitelisted: true, same_lead: true, personal_right: true };
        let answer = groups::joins_automatically(hall.ticket(2), hall.ticket(1), DuplicateClass::D3, facts);
        assert!(matches!(answer, Err(Refusal::MergeForbidden { guard }) if guard.starts_with("G6")));
    }

    #[test]
    fn g7_depth_is_one() {
        let mut hall = Hall::of(3);
        hall.merge(2, 1, &system()).unwrap();
        forbidden(hall.ticket(3), hall.ticket(2), &system(), "G7");
        let again = joins(hall.ticket(2), hall.ticket(1), &system());
        assert_eq!(again, Err(Refusal::AlreadySo { what: "the ticket follows this master" }));
    }

    #[test]
    fn g8_a_group_that_grows_past_the_alert_is_a_mass_matter() {
        let mut small = limits();
        small.group_alert = 1;
        let mut hall = Hall::of(3);
        hall.merge(2, 1, &system()).unwrap();
        let at = hall.tickets[&id(3)].at;
        let (class, basis) = (DuplicateClass::D3, version("rule:1"));
        let joined = groups::join(hall.ticket(3), hall.ticket(1), class, basis, &system(), at, &small).unwrap();
        hall.take(id(1), &system(), joined.master);
        assert!(hall.ticket(1).flags.group_event);
    }

    #[test]
    fn other_classes_than_the_same_event_do_not_merge() {
        let hall = Hall::of(2);
        for class in [DuplicateClass::D4, DuplicateClass::D8] {
            let answer =
                groups::join(hall.ticket(2), hall.ticket(1), class, version("r:1"), &reviewer(), START, &limits());
            assert!(matches!(answer, Err(Refusal::MergeForbidden { .. })));
        }
    }

    #[test]
    fn agents_do_not_merge() {
        let hall = Hall::of(2);
        let answer = joins(hall.ticket(2), hall.ticket(1), &actor(Role::Agent, "ag", None));
        assert!(matches!(answer, Err(Refusal::WrongRole { .. })));
    }
}

mod membership_d9_5 {
    use super::*;

    #[test]
    fn m1_a_member_keeps_its_number_and_words_and_its_unit_stops() {
        let mut hall = Hall::of(2);
        hall.play(1).dispatched("u1", &[]);
        hall.play(2).dispatched("u1", &[]);
        let before = hall.ticket(2).clone();
        hall.merge(2, 1, &system()).unwrap();
        let member = hall.ticket(2);
        assert_eq!((&member.number, &member.texts), (&before.number, &before.texts));
        assert_eq!(member.tasks[0].state, TaskState::Cancelled);
        assert_eq!(hall.ticket(1).members(), 1);
    }

    #[test]
    fn m6_an_unmerge_gives_back_state_task_and_the_time_it_lost() {
        let mut hall = Hall::of(2);
        hall.play(1).dispatched("u1", &[]);
        hall.play(2).dispatched("u1", &[]).signed("u1");
        let due = hall.ticket(2).lead().unwrap().handle_due.unwrap();
        let promise = hall.ticket(2).dues[&Timer::Promise];
        hall.merge(2, 1, &system()).unwrap();
        hall.clock(Span::hours(30));
        hall.leave(id(2), &reviewer()).unwrap();
        let back = hall.ticket(2);
        assert_eq!(back.state, State::Handling);
        let lead = back.lead().unwrap();
        assert_eq!((lead.state, lead.handle_due), (TaskState::Signed, Some(due.plus(Span::hours(30)))));
        assert_eq!(back.dues[&Timer::Promise], promise, "the promised date stands (R-TIM-3)");
        assert_eq!(hall.ticket(1).merge, Merge::Alone);
    }

    #[test]
    fn a_ticket_unmerged_before_dispatch_waits_for_dispatch_again() {
        let mut hall = Hall::of(2);
        hall.merge(2, 1, &system()).unwrap();
        hall.leave(id(2), &reviewer()).unwrap();
        assert_eq!(hall.ticket(2).state, State::PendingDispatch);
        assert!(hall.ticket(2).dues.contains_key(&Timer::Dispatch), "and its clock runs");
        assert!(hall.ticket(2).dues.contains_key(&Timer::Judge));
    }

    #[test]
    fn the_earliest_leads_in_whatever_order_they_were_judged() {
        let mut hall = Hall::of(2);
        hall.play(2).dispatched("u1", &[]).signed("u1");
        hall.merge(1, 2, &system()).unwrap();
        let (first, second) = (hall.ticket(1), hall.ticket(2));
        assert_eq!((first.state, first.members()), (State::Handling, 1));
        assert_eq!(second.master(), Some(id(1)));
        assert_eq!(first.lead().unwrap().unit, unit("u1"), "no new dispatch (F59)");
        hall.play(1).contacted("u1").submitted("u1").is(State::CloseReview);
    }

    #[test]
    fn a_return_as_unmerged_duplicate_is_approved_by_merging() {
        let mut hall = Hall::of(2);
        hall.play(2).dispatched("u1", &[]).does(
            &actor(Role::UnitSigner, "si", Some("u1")),
            Action::RequestReturn { reason: ReturnReason::UnmergedDuplicate, evidence: play::text(3), suggested: None },
        );
        let (first, second) = (actor(Role::Dispatcher, "d1", None), actor(Role::Dispatcher, "d2", None));
        assert!(joins(hall.ticket(2), hall.ticket(1), &second).is_err(), "初审 comes first");
        hall.play(2).does(&first, Action::ReviewReturn { approve: true });
        assert!(matches!(joins(hall.ticket(2), hall.ticket(1), &first), Err(Refusal::SamePerson { .. })));
        hall.merge(2, 1, &second).unwrap();
        assert_eq!((hall.ticket(2).state, hall.ticket(2).return_count), (State::MergedMember, 1));
        hall.leave(id(2), &reviewer()).unwrap();
        assert_eq!(hall.ticket(2).state, State::PendingSign, "an unmerge finds the unit where it was");
    }

    #[test]
    fn a_withdrawn_master_never_ends_its_group() {
        let mut hall = Hall::of(3);
        hall.play(1).dispatched("u1", &[]).signed("u1");
        hall.merge(2, 1, &system()).unwrap();
        hall.merge(3, 1, &system()).unwrap();
        let citizen = actor(Role::Citizen, "c", None);
        hall.play(1).refuses(&citizen, Action::Withdraw { confirmed: true });
        hall.change_master(id(2), true, &citizen).unwrap();
        assert_eq!(hall.ticket(1).state, State::Cancelled);
        assert_eq!((hall.ticket(2).state, hall.ticket(2).members()), (State::Handling, 1));
        assert_eq!(hall.ticket(3).master(), Some(id(2)));
    }

    #[test]
    fn a_master_may_hand_over_in_the_middle_of_a_return_and_nothing_hangs() {
        let mut hall = Hall::of(2);
        hall.play(1).dispatched("u1", &[]).signed("u1");
        hall.merge(2, 1, &system()).unwrap();
        hall.play(1).does(
            &actor(Role::UnitSigner, "si", Some("u1")),
            Action::RequestReturn { reason: ReturnReason::Other, evidence: play::text(3), suggested: None },
        );
        hall.change_master(id(2), true, &actor(Role::Agent, "ag", None)).unwrap();
        hall.play(2).is(State::Handling).contacted("u1").submitted("u1").is(State::CloseReview);
    }

    #[test]
    fn a_member_gets_the_reply_and_is_surveyed_and_redone_by_itself() {
        let mut hall = Hall::of(2);
        hall.play(1).dispatched("u1", &[]);
        hall.merge(2, 1, &system()).unwrap();
        hall.play(1).handled("u1");
        let reply = Action::CopyReply { master: id(1), master_version: 9, reply: play::text(9), lead: unit("u1") };
        hall.play(2).does(&system(), reply).is(State::PendingCallback);
        let unhappy = suban_domain::Answers { solved: Some(3), ..Default::default() };
        let survey = Action::Survey { answers: unhappy, means: suban_domain::SurveyMeans::Link };
        hall.play(2).does(&actor(Role::Citizen, "c", None), survey).is(State::Redo);
        assert_eq!(hall.ticket(2).lead().unwrap().unit, unit("u1"));
        hall.play(2).contacted("u1").submitted("u1").is(State::CloseReview);
        assert_eq!(hall.ticket(1).state, State::PendingCallback, "M5: for that member only");
    }
}

mod split_d9_6 {
    use super::*;

    fn parts(parent: &Ticket, count: u16) -> Vec<Submission> {
        let part = |n: u16| {
            let mut s = submission(100 + u128::from(n));
            s.parent = Some(parent.id);
            s.number = parent.number.part(n);
            s
        };
        (1..=count).map(part).collect()
    }

    #[test]
    fn the_parent_waits_and_each_part_goes_its_own_way() {
        let mut play = Play::new();
        play.dispatched("u1", &[]).signed("u1");
        let dispatcher = actor(Role::Dispatcher, "di", None);
        let (parent, opened) =
            groups::split(&play.ticket, parts(&play.ticket, 2), &dispatcher, play.at, &limits()).unwrap();
        play.takes(&dispatcher, parent);
        play.is(State::Consolidating);
        assert!(play.ticket.open_task(&unit("u1")).is_none(), "the parent's unit task is cancelled");
        let part = Play::of(opened[0].0.clone());
        assert_eq!((part.ticket.state, part.ticket.parent), (State::PendingDispatch, Some(play.ticket.id)));

        assert!(play.tries(&system(), Action::FinishParts { open: 1 }).is_err());
        play.does(&system(), Action::FinishParts { open: 0 }).is(State::PendingCallback);
        play.does(&system(), Action::AnswerParts { open: 1 }).is(State::Consolidating);
        play.does(&system(), Action::FinishParts { open: 0 });
        play.does(&system(), Action::AnswerParts { open: 0 }).is(State::Closed);
    }

    #[test]
    fn a_split_needs_two_parts_of_its_own() {
        let play = Play::new();
        let dispatcher = actor(Role::Dispatcher, "di", None);
        let split = |parts| groups::split(&play.ticket, parts, &dispatcher, play.at, &limits());
        assert!(split(parts(&play.ticket, 1)).is_err());
        assert!(split(vec![submission(101), submission(102)]).is_err(), "they must name their parent");
        let mut part = Play::of(parts(&play.ticket, 1).remove(0));
        part.at = play.at;
        let again = groups::split(&part.ticket, parts(&part.ticket, 2), &dispatcher, play.at, &limits());
        assert!(again.is_err(), "a part is not split again");
    }
}

/// One thing that happens to a hall of five tickets.
fn one_step(hall: &mut Hall, dice: &mut Dice) {
    let by = dice.one(&[system(), reviewer(), actor(Role::Dispatcher, "di", None)]);
    let a = u128::from(dice.below(5)) + 1;
    let b = u128::from(dice.below(5)) + 1;
    // Refusals are fine: they change nothing, which `is_whole` sees.
    match dice.below(7) {
        0..=2 => drop(hall.merge(a, b, &by)),
        3 => drop(hall.leave(id(a), &by)),
        4 => drop(hall.change_master(id(a), dice.below(4) == 0, &by)),
        5 => {
            let play = hall.play(a);
            if play.ticket.state == State::PendingDispatch && play.ticket.verdict.is_none() {
                play.dispatched("u1", &[]);
            } else if play.ticket.state == State::PendingSign {
                play.signed("u1");
            }
        }
        _ => hall.clock(Span::minutes(40)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Joins, leaves and changes of masters in any order: counts are right, depth is one, the log folds.
    #[test]
    fn groups_stay_whole(seed in any::<u64>()) {
        let mut dice = Dice::new(seed);
        let mut hall = Hall::of(5);
        for _ in 0..40 {
            one_step(&mut hall, &mut dice);
            hall.is_whole()?;
        }
    }

    /// M10: the order in which a group is put together does not matter.
    #[test]
    fn merging_is_independent_of_order(
        pairs in Just(vec![(1u128, 2u128), (2, 3), (3, 4), (4, 5)]).prop_shuffle(),
        turned in prop::collection::vec(any::<bool>(), 4),
    ) {
        let mut hall = Hall::of(5);
        for ((a, b), turned) in pairs.into_iter().zip(turned) {
            let (a, b) = if turned { (b, a) } else { (a, b) };
            hall.merge(a, b, &system()).unwrap();
            hall.merge(a, b, &system()).unwrap();
            hall.is_whole()?;
        }
        let mut expected = Hall::of(5);
        for n in 2..=5 {
            expected.merge(n, 1, &system()).unwrap();
        }
        prop_assert_eq!(hall.shape(), expected.shape());
        prop_assert_eq!(hall.ticket(1).members(), 4);
    }
}

#[test]
fn a_then_b_ends_as_b_then_a() {
    let merged = |steps: &[(u128, u128)]| {
        let mut hall = Hall::of(3);
        for (a, b) in steps {
            hall.merge(*a, *b, &system()).unwrap();
        }
        hall.shape()
    };
    assert_eq!(merged(&[(1, 2), (3, 1)]), merged(&[(3, 1), (1, 2)]));
}

#[test]
fn events_of_a_merge_stand_on_both_tickets() {
    let hall = Hall::of(2);
    let joined = joins(hall.ticket(2), hall.ticket(1), &system()).unwrap();
    assert!(matches!(joined.member[..], [Event { fact: Fact::MergedInto { .. }, .. }]));
    assert!(matches!(joined.master[0].fact, Fact::MemberJoined { .. }));
}
