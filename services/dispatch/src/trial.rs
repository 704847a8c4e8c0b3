//! A catalogue tried on what has happened, before it is published: what would change, for which matters and units.
//!
//! Each ticket is decided as it was when it arrived, once under each catalogue, and compared with the unit that
//! finished it. Pure.

use std::collections::BTreeMap;

use serde::Serialize;
use suban_domain::{State, Ticket, Verdict};

use crate::decide::Decision;

/// Numbers of tickets shown for a change.
const EXAMPLES: usize = 3;

/// How many tickets one catalogue sends, and how many of those to the unit that finished them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Sent without a person.
    pub sent: u64,
    /// Of those sent, the ones that some unit has finished.
    pub finished: u64,
    /// Of those finished, the ones that the unit finished to which they would be sent.
    pub right: u64,
}

/// Tickets of one matter that would go another way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The matter's code; empty when unknown.
    pub matter: String,
    /// Where they go: a unit, or `?` and the reason for which a person decides.
    pub from: String,
    /// Where they would go.
    pub to: String,
    /// How many.
    pub tickets: u64,
    /// Of those that a unit has finished, the ones that the new way names right.
    pub right: u64,
    /// Of those, the ones that the old way named right.
    pub was_right: u64,
    /// Some of their numbers.
    pub examples: Vec<String>,
}

/// What a trial found.
#[derive(Debug, Clone, Default)]
pub struct Trial {
    tickets: u64,
    before: Tally,
    after: Tally,
    changes: BTreeMap<(String, String, String), Change>,
}

/// What a trial found, to be printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Tickets tried.
    pub tickets: u64,
    /// Of them, those that would go another way.
    pub changed: u64,
    /// As it is.
    pub before: Tally,
    /// As it would be.
    pub after: Tally,
    /// The changes, the largest first.
    pub changes: Vec<Change>,
}

/// The ticket as it was when it waited for its first dispatch, as far as dispatch asks; `None` for one that never came
/// so far or was merged into another.
#[must_use]
pub fn as_it_arrived(ticket: &Ticket) -> Option<Ticket> {
    let sent = ticket.tier.is_some() || ticket.state == State::PendingDispatch;
    if !sent || ticket.master().is_some() {
        return None;
    }
    let mut fresh = ticket.clone();
    fresh.state = State::PendingDispatch;
    fresh.verdict = Some(Verdict::Unique);
    fresh.misdispatch_count = 0;
    fresh.return_count = 0;
    fresh.upstream_refused = false;
    fresh.returned_by.clear();
    Some(fresh)
}

impl Trial {
    /// Takes a ticket as it is now, with both decisions on it as it arrived.
    pub fn take(&mut self, ticket: &Ticket, before: &Decision, after: &Decision) {
        self.tickets += 1;
        let finisher = ticket.lead().filter(|task| !task.is_open()).map(|task| task.unit.as_str());
        let right = |decision: &Decision| match decision {
            Decision::Send(sending) => finisher == Some(sending.lead.as_str()),
            Decision::Person(_) => false,
        };
        for (decision, tally) in [(before, &mut self.before), (after, &mut self.after)] {
            if matches!(decision, Decision::Send(_)) {
                tally.sent += 1;
                tally.finished += u64::from(finisher.is_some());
                tally.right += u64::from(right(decision));
            }
        }
        let (from, to) = (way(before), way(after));
        if from == to {
            return;
        }
        let matter = ticket.matter.as_ref().map(ToString::to_string).unwrap_or_default();
        let change = self.changes.entry((matter.clone(), from.clone(), to.clone())).or_insert_with(|| Change {
            matter,
            from,
            to,
            tickets: 0,
            right: 0,
            was_right: 0,
            examples: Vec::new(),
        });
        change.tickets += 1;
        change.right += u64::from(right(after));
        change.was_right += u64::from(right(before));
        if change.examples.len() < EXAMPLES {
            change.examples.push(ticket.number.to_string());
        }
    }

    /// What was found.
    #[must_use]
    pub fn found(self) -> Found {
        let mut changes: Vec<Change> = self.changes.into_values().collect();
        changes.sort_by_key(|change| std::cmp::Reverse(change.tickets));
        Found {
            tickets: self.tickets,
            changed: changes.iter().map(|change| change.tickets).sum(),
            before: self.before,
            after: self.after,
            changes,
        }
    }
}

fn way(decision: &Decision) -> String {
    match decision {
        Decision::Send(sending) => sending.lead.to_string(),
        Decision::Person(waiting) => format!("?{}", waiting.reason.code()),
    }
}
