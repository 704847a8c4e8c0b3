//! What holds of every ticket, whatever is asked of it (design §5).

#![cfg(test)]

mod play;

use play::{
    Play, START,
    any::{Dice, action, caller, flags, span},
    submission, system,
};
use proptest::prelude::*;
use suban_domain::{
    Action, At, Channel, SourceId, SourceSystem, Span, State, TRANSITIONS, Ticket, Upstream, Urgency, due_actions,
};

/// A ticket as it may arrive.
fn arrival(dice: &mut Dice) -> Play {
    let mut s = submission(1);
    s.urgency = dice.one(&[Urgency::Normal, Urgency::Normal, Urgency::Urgent, Urgency::Critical]);
    s.reachable = dice.below(5) > 0;
    s.flags = if dice.below(3) == 0 { flags(dice) } else { s.flags };
    s.source.channel = dice.one(Channel::ALL);
    if dice.below(4) == 0 {
        s.accept = None;
    }
    if dice.below(3) == 0 {
        s.upstream = Some(Upstream {
            system: SourceSystem::new("city").unwrap(),
            number: SourceId::new("c-1").unwrap(),
            due: dice.maybe(START.plus(Span::days(6))),
            round: 0,
        });
    }
    let mut limits = play::limits();
    limits.two_step_return = dice.yes();
    limits.two_step_extension = dice.yes();
    limits.verify_results = dice.below(3) == 0;
    let mut play = Play::opened(s, START, limits);
    // Some are further already, so that late steps are tried as often as early ones.
    if play.ticket.state == State::PendingDispatch && dice.yes() {
        play.dispatched("u1", dice.one(&[&[][..], &["u2"]]));
        if play.ticket.mode == Some(suban_domain::Mode::General) && dice.yes() {
            play.limits.verify_results = play.limits.verify_results && dice.yes();
            play.handled("u1");
        }
    }
    play
}

/// Does some row of this action lead from one state to the other?
fn stands_in_the_table(action: &Action, from: State, to: State) -> bool {
    TRANSITIONS.iter().filter(|row| action.rows().contains(&row.id)).any(|row| row.leads(from, to))
}

fn seed_of(action: &Action) -> String {
    format!("{action:?}")
}

/// One try of somebody; says whether it was done.
fn one_try(play: &mut Play, dice: &mut Dice) -> Result<bool, TestCaseError> {
    let wanted = action(dice, play);
    let by = caller(dice, &wanted, play);
    let before = play.ticket.state;
    let Ok(events) = play.asks(&by, wanted.clone()) else { return Ok(false) };
    prop_assert!(!events.is_empty(), "done, and nothing happened: {}", seed_of(&wanted));
    play.takes(&by, events);
    let after = play.ticket.state;
    prop_assert!(stands_in_the_table(&wanted, before, after), "{before} → {after} by {}", seed_of(&wanted));
    if before.is_terminal() {
        prop_assert_eq!(before, after, "left a terminal state by {}", seed_of(&wanted));
    }
    Ok(true)
}

fn whole(play: &Play) -> Result<(), TestCaseError> {
    let t = &play.ticket;
    prop_assert_eq!(usize::try_from(t.version).unwrap(), play.log.len());
    prop_assert_eq!(&Ticket::fold(&play.log).unwrap(), t);
    let json = serde_json::to_string(t).unwrap();
    prop_assert_eq!(&serde_json::from_str::<Ticket>(&json).unwrap(), t, "the row reads back as it was written");
    let leads = t.tasks.iter().filter(|task| task.is_open() && task.role == suban_domain::TaskRole::Lead).count();
    prop_assert!(leads <= 1, "{leads} units lead: {:?}", t.tasks);
    if matches!(
        t.state,
        State::PendingSign | State::Handling | State::Redo | State::SupervisedRedo | State::CloseReview
    ) {
        prop_assert_eq!(leads, 1, "{} and nobody leads: {:?}", t.state, t.tasks);
    }
    if !t.state.is_open() {
        prop_assert!(!t.tasks.iter().any(suban_domain::Task::is_open), "{} and a unit is at work", t.state);
    }
    if t.state == State::Closed {
        prop_assert!(t.ending.is_some());
        prop_assert!(t.orders.is_empty(), "closed while a 督办单 was open");
    }
    prop_assert!(t.return_count <= play.limits.max_return);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// No sequence of commands panics or leaves the table; the version counts the events; replay gives the same.
    #[test]
    fn no_sequence_of_commands_leaves_the_table(seed in any::<u64>()) {
        let mut dice = Dice::new(seed);
        let mut play = arrival(&mut dice);
        for _ in 0..400 {
            if one_try(&mut play, &mut dice)? {
                whole(&play)?;
                let pause = span(&mut dice);
                if dice.below(3) == 0 {
                    play.later(pause);
                }
            }
        }
    }

    /// Wherever a ticket stands, the timer does what is due, each thing once, and comes to rest.
    #[test]
    fn the_timer_always_makes_progress(seed in any::<u64>(), length in 0usize..250) {
        let mut dice = Dice::new(seed);
        let mut play = arrival(&mut dice);
        for _ in 0..length {
            if one_try(&mut play, &mut dice)? && dice.below(3) == 0 {
                let pause = span(&mut dice);
                play.later(pause);
            }
        }
        let mut fired = 0;
        while let Some(due) = play.ticket.next_due() {
            play.at = play.at.max(due);
            let actions = due_actions(&play.ticket, play.at, &play.limits);
            prop_assert!(!actions.is_empty(), "due at {} and nothing to do: {:?}", due, play.ticket);
            for wanted in actions {
                let before = play.ticket.state;
                let done = play.tries(&system(), wanted.clone());
                prop_assert!(done.is_ok(), "{}: {:?} in {:?}", seed_of(&wanted), done, play.ticket);
                prop_assert!(stands_in_the_table(&wanted, before, play.ticket.state), "{before} by {wanted:?}");
                fired += 1;
            }
            prop_assert!(fired < 100, "the timer does not come to rest: {:?}", play.ticket);
        }
        whole(&play)?;
        let nothing = due_actions(&play.ticket, At::from_micros(i64::MAX), &play.limits);
        prop_assert!(nothing.is_empty(), "no clock runs, and the timer would do {:?}", nothing);
    }

    /// What cannot be done changes nothing, and what the system sees as due is never early.
    #[test]
    fn nothing_is_due_before_its_time(seed in any::<u64>(), length in 0usize..150) {
        let mut dice = Dice::new(seed);
        let mut play = arrival(&mut dice);
        for _ in 0..length {
            one_try(&mut play, &mut dice)?;
        }
        if let Some(due) = play.ticket.next_due() {
            let before = due.minus(Span::micros(1));
            prop_assert!(due_actions(&play.ticket, before, &play.limits).is_empty());
        }
    }
}

/// The plays above are worth something only if they get everywhere.
#[test]
fn the_plays_reach_every_state() {
    let mut seen = std::collections::BTreeMap::new();
    let mut done = std::collections::BTreeSet::new();
    for seed in 0..600 {
        let mut dice = Dice::new(seed);
        let mut play = arrival(&mut dice);
        for _ in 0..400 {
            let wanted = action(&mut dice, &play);
            let by = caller(&mut dice, &wanted, &play);
            if play.tries(&by, wanted.clone()).is_ok() {
                done.insert(wanted.verb());
                *seen.entry(play.ticket.state).or_insert(0) += 1;
                let pause = span(&mut dice);
                if dice.below(3) == 0 {
                    play.later(pause);
                }
            }
        }
    }
    for state in State::ALL {
        // A merge needs two tickets; see groups.rs.
        assert!(*state == State::MergedMember || seen.contains_key(state), "{state} was never reached: {seen:?}");
    }
    assert!(done.len() > 50, "only {done:?}");
}
