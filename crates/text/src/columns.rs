//! Which column a feature has: an open table of one word a place, laid out for the processor's caches.
//!
//! Hundreds of features of every message are looked up, and most of them are in no table at all. A place holds the
//! upper half of the feature and its column, so that a look-up is one access to memory; the lower bits say where to
//! look. Two features that agree in all of these bits are one in some hundred billion; the second is not taken up.

use crate::features::Feature;

/// Columns of features, counted from 0 in the order in which the features were added.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    features: Vec<Feature>,
    /// The upper half of a feature, then its column and 1; 0 where there is none.
    places: Vec<u64>,
}

impl Columns {
    /// Room for so many features.
    pub(crate) fn with_room_for(features: usize) -> Self {
        // Half of the places stay empty: the next empty one ends a search.
        let places = (features * 2).next_power_of_two().max(2);
        Self { features: Vec::with_capacity(features), places: vec![0; places] }
    }

    /// Gives a feature the next column; `false` when it cannot be told from one that is there, or the room is used up.
    pub(crate) fn add(&mut self, feature: Feature) -> bool {
        let Ok(next) = u32::try_from(self.features.len() + 1) else { return false };
        if self.features.len() * 2 >= self.places.len() || self.of(feature).is_some() {
            return false;
        }
        let last = self.places.len() - 1;
        let mut at = feature as usize & last;
        while self.places.get(at).is_some_and(|place| *place != 0) {
            at = (at + 1) & last;
        }
        if let Some(place) = self.places.get_mut(at) {
            *place = feature & UPPER | u64::from(next);
            self.features.push(feature);
        }
        true
    }

    /// The column of a feature.
    pub(crate) fn of(&self, feature: Feature) -> Option<u32> {
        let last = self.places.len() - 1;
        let mut at = feature as usize & last;
        loop {
            match self.places.get(at) {
                None | Some(0) => return None,
                Some(place) if (place ^ feature) & UPPER == 0 => return Some(*place as u32 - 1),
                Some(_) => at = (at + 1) & last,
            }
        }
    }

    /// The features, in the order of their columns.
    pub(crate) fn features(&self) -> &[Feature] {
        &self.features
    }
}

const UPPER: u64 = !0 << 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::mixed;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_told_apart_is_not_taken_up() {
        let mut columns = Columns::with_room_for(2);
        assert!(columns.add(7) && !columns.add(7));
        assert!(columns.add(7 | 1 << 40));
        assert!(!columns.add(9), "the room is used up");
    }

    proptest! {
        #[test]
        fn what_was_added_is_found(known in proptest::collection::btree_set(any::<u64>().prop_map(mixed), 0..200), other: u64) {
            let mut columns = Columns::with_room_for(known.len());
            prop_assert!(known.iter().all(|feature| columns.add(*feature)));
            prop_assert!(known.iter().zip(0..).all(|(feature, column)| columns.of(*feature) == Some(column)));
            prop_assert_eq!(columns.of(other).is_some(), known.contains(&other));
        }
    }
}
