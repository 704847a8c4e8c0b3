//! Consumer groups: what each is given of its topic, and how eagerly.

use std::time::Duration;

/// A consumer group of one of our topics, as its service declares it.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// Its name, after the topics' prefix.
    pub name: &'static str,
    /// Which events it is given.
    pub kinds: Kinds,
    /// How soon.
    pub pace: Pace,
}

/// Which events a group is given, by the fact's name. The others pass unopened: most events concern few groups.
#[derive(Debug, Clone, Copy)]
pub enum Kinds {
    /// These and no others.
    Only(&'static [&'static str]),
    /// Every one but these, such as come with newer writers included.
    AllBut(&'static [&'static str]),
}

/// How soon a group is given what has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// At once: a citizen or a unit waits for it.
    AtOnce,
    /// Gathered for up to so long: a busy topic costs fewer and larger reads, and what happens to one ticket in quick
    /// succession is done once.
    Gathered(Duration),
}

impl Group {
    /// A group that is given every event at once.
    #[must_use]
    pub const fn every(name: &'static str) -> Self {
        Self { name, kinds: Kinds::AllBut(&[]), pace: Pace::AtOnce }
    }
}

impl Kinds {
    /// Is an event of this kind given?
    #[must_use]
    pub fn given(self, kind: &str) -> bool {
        match self {
            Self::Only(kinds) => kinds.contains(&kind),
            Self::AllBut(kinds) => !kinds.contains(&kind),
        }
    }
}
