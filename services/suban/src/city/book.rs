//! What the city's people remember of each ticket by its number.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    people::Person,
    plan::{Demand, Fate},
};

/// What is known of one ticket.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// What is to become of it; nothing special for tickets of others.
    pub(super) fate: Fate,
    /// Who is behind it.
    pub(super) person: Person,
    /// Which event it is about, in fact; none for tickets of others.
    pub(super) event: Option<usize>,
    /// The end of the citizen's link; empty when it was not told.
    pub(super) link: String,
    /// The unit that another one named as the right one.
    pub(super) suggested: Option<String>,
    /// Things that happen once.
    done: BTreeSet<&'static str>,
}

/// Everybody's memory.
#[derive(Debug, Default)]
pub(super) struct Book {
    by_number: Mutex<HashMap<String, Known>>,
    /// The number that each demand was given.
    numbers: Mutex<HashMap<usize, String>>,
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Book {
    /// Demands are counted anew; tickets stay known.
    pub(super) fn new_day(&self) {
        held(&self.numbers).clear();
    }

    /// A demand was given its number. A unit may have met it before.
    pub(super) fn numbered(&self, n: usize, demand: &Demand, number: &str, link: String) {
        held(&self.numbers).insert(n, number.to_owned());
        let mut book = held(&self.by_number);
        let known = book.entry(number.to_owned()).or_default();
        (known.fate, known.person) = (demand.fate.clone(), demand.person.clone());
        known.event = Some(demand.same_as.unwrap_or(n));
        if !link.is_empty() {
            known.link = link;
        }
    }

    /// The number of a demand, once it has one.
    pub(super) fn number(&self, demand: usize) -> Option<String> {
        held(&self.numbers).get(&demand).cloned()
    }

    /// What is known of a ticket.
    pub(super) fn known(&self, number: &str) -> Known {
        held(&self.by_number).get(number).cloned().unwrap_or_default()
    }

    /// Are these two about one event, in fact?
    pub(super) fn same_event(&self, a: &str, b: &str) -> bool {
        let event = self.known(a).event;
        event.is_some() && event == self.known(b).event
    }

    /// Is it the first time that this happens to this ticket?
    pub(super) fn first(&self, number: &str, what: &'static str) -> bool {
        held(&self.by_number).entry(number.to_owned()).or_default().done.insert(what)
    }

    /// A unit named another.
    pub(super) fn suggest(&self, number: &str, unit: String) {
        held(&self.by_number).entry(number.to_owned()).or_default().suggested = Some(unit);
    }
}
