//! Folds for cross-validation that keep apart what must not meet.
//!
//! A message that stands in the training part and again, word for word or under the same id, in the part it is
//! tested on makes every figure too good. Rows that share any key are one group, also over several steps, and a
//! group lies in one fold.

use std::{collections::HashMap, hash::Hash};

use suban_text::features::mixed;

/// Group of each row: rows that share a key, directly or through other rows, have one number. Numbers count from 0
/// in the order in which groups first appear.
#[must_use]
pub fn groups<K: Eq + Hash>(keys_of_rows: impl IntoIterator<Item = impl IntoIterator<Item = K>>) -> Vec<usize> {
    let mut parent: Vec<usize> = Vec::new();
    let mut first_with = HashMap::<K, usize>::new();
    for (row, keys) in keys_of_rows.into_iter().enumerate() {
        parent.push(row);
        for key in keys {
            let other = *first_with.entry(key).or_insert(row);
            let (a, b) = (root(&mut parent, row), root(&mut parent, other));
            parent[a.max(b)] = a.min(b);
        }
    }
    let mut number = HashMap::new();
    (0..parent.len())
        .map(|row| {
            let next = number.len();
            *number.entry(root(&mut parent, row)).or_insert(next)
        })
        .collect()
}

fn root(parent: &mut [usize], mut row: usize) -> usize {
    while parent[row] != row {
        parent[row] = parent[parent[row]];
        row = parent[row];
    }
    row
}

/// Fold of each row, 0 to `folds` − 1. The same `seed` gives the same folds.
///
/// Groups are dealt in a shuffled order, class by class (a group's class is that of its first row), each to the fold
/// that has the fewest rows of the class: so every fold has its share of rare classes.
#[must_use]
pub fn deal(groups: &[usize], classes: &[usize], folds: usize, seed: u64) -> Vec<usize> {
    let folds = folds.max(1);
    let mut members = vec![Vec::new(); groups.iter().max().map_or(0, |most| most + 1)];
    for (row, group) in groups.iter().enumerate() {
        members[*group].push(row);
    }
    let class_of = |row: usize| classes.get(row).copied().unwrap_or(0);
    let mut order: Vec<_> = members
        .iter()
        .filter_map(|rows| rows.first().map(|first| (class_of(*first), random(seed, *first as u64), rows)))
        .collect();
    order.sort_unstable();
    let mut fold_of = vec![0; groups.len()];
    let mut filled = vec![0; folds];
    let mut dealt = None;
    for (class, _, rows) in order {
        if dealt.replace(class) != Some(class) {
            filled.fill(0);
        }
        let fold = (0..folds).min_by_key(|fold| (filled[*fold], (fold + class) % folds)).unwrap_or(0);
        filled[fold] += rows.len();
        for row in rows {
            fold_of[*row] = fold;
        }
    }
    fold_of
}

/// A well spread number for a seed and a counter (splitmix64; Steele, Lea, Flood 2014).
pub(crate) fn random(seed: u64, counter: u64) -> u64 {
    mixed(seed.wrapping_add(counter.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_that_share_a_key_are_one_group_over_several_steps() {
        assert_eq!(groups([vec!["id 1", "a"], vec!["b"], vec!["id 1", "c"], vec!["c"], vec![]]), [0, 1, 0, 0, 2]);
    }

    proptest! {
        #[test]
        fn groups_stay_together_and_classes_are_spread(
            rows in proptest::collection::vec((0..40_usize, 0..3_usize), 1..120), folds in 2..6_usize, seed: u64,
        ) {
            let grouped = groups(rows.iter().map(|(key, _)| [*key]));
            let classes: Vec<_> = rows.iter().map(|(_, class)| *class).collect();
            let dealt = deal(&grouped, &classes, folds, seed);
            prop_assert_eq!(&dealt, &deal(&grouped, &classes, folds, seed));
            for (a, fold) in dealt.iter().enumerate() {
                prop_assert!(*fold < folds);
                for b in 0..a {
                    prop_assert!(grouped[a] != grouped[b] || dealt[a] == dealt[b]);
                }
            }
        }

        #[test]
        fn rows_of_their_own_are_dealt_evenly(n in 1..200_usize, folds in 1..6_usize, seed: u64) {
            let dealt = deal(&(0..n).collect::<Vec<_>>(), &vec![0; n], folds, seed);
            let mut sizes = vec![0; folds];
            dealt.iter().for_each(|fold| sizes[*fold] += 1);
            prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
        }
    }
}
