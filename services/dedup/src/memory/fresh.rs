//! Tickets that were judged here a moment ago: another instance that judged at the same time did not know them.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use suban_likeness::{Facts, Id, request::Key};

/// So long a ticket is fresh: until every other instance has surely heard of it.
const FRESH: Duration = Duration::from_secs(10);
/// Most fresh tickets that are remembered: ten seconds at full speed.
const MOST: usize = 20_000;

/// What was judged here lately, the oldest first.
#[derive(Default)]
pub(super) struct Fresh(Mutex<VecDeque<Own>>);

#[derive(Clone, Copy)]
struct Own {
    id: Id,
    area: Key,
    at: Instant,
}

impl Fresh {
    /// Remembers what was judged at this moment.
    pub(super) fn remember(&self, judged: impl Iterator<Item = (Id, Key)>) {
        let at = Instant::now();
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.extend(judged.map(|(id, area)| Own { id, area, at }));
        while own.len() > MOST || own.front().is_some_and(|first| first.at + FRESH < at) {
            own.pop_front();
        }
    }

    /// Neighbours of a ticket that came after it: ids rise with the time of receipt. What lies nowhere is everybody's
    /// neighbour.
    pub(super) fn later_neighbours(&self, of: &Facts) -> Vec<Id> {
        let now = Instant::now();
        let own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let later = own.iter().filter(|own| own.id > of.id && now < own.at + FRESH);
        later.filter(|own| own.area == of.area || own.area == 0 || of.area == 0).map(|own| own.id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use suban_likeness::{Request, read};
    use suban_text::Segmenter;

    #[test]
    fn neighbours_that_came_later_are_known() {
        let facts = |id, area| read(&Segmenter::default(), &Request { id, area, ..Request::default() }).facts;
        let fresh = Fresh::default();
        let own = [facts(2, "LG0101"), facts(5, "LG0101"), facts(6, "LG0102"), facts(7, "")];
        fresh.remember(own.iter().map(|of| (of.id, of.area)));
        assert_eq!(fresh.later_neighbours(&facts(4, "LG0101")), [5, 7]);
        assert_eq!(fresh.later_neighbours(&facts(1, "")), [2, 5, 6, 7]);
        assert_eq!(fresh.later_neighbours(&facts(9, "")), [] as [Id; 0]);
    }
}
