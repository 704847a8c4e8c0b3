//! Which combinations of features are counted, and under which keys.
//!
//! A combination takes each chain of the schema down to some level. A value stands for its whole path, so
//! that a sub-type of one name under two main types is two matters, and a matter never seen still has its
//! main type.

use std::collections::HashMap;

use super::schema::Schema;

/// A combination, and what it backs off to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Combination {
    /// How far down each chain it goes; 0 leaves the chain out.
    pub(super) levels: Vec<usize>,
    /// Those next coarser, by their place in the list; empty for the first, which knows nothing.
    pub(super) parents: Vec<usize>,
}

/// The combinations of a schema, each after all that are coarser.
pub(super) fn combinations(schema: &Schema) -> Vec<Combination> {
    let depth: Vec<usize> = schema.chains().iter().map(Vec::len).collect();
    let chains = depth.len();
    let with = |pairs: &[(usize, usize)]| {
        let mut levels = vec![0; chains];
        for &(chain, level) in pairs {
            levels[chain] = level;
        }
        levels
    };
    let first = depth[0];
    let second = depth.get(1).copied().unwrap_or(0);
    let mut all: Vec<Vec<usize>> = Vec::new();
    for a in 0..=first {
        for b in 0..=second {
            all.push(if chains > 1 { with(&[(0, a), (1, b)]) } else { with(&[(0, a)]) });
        }
    }
    for (chain, &level) in depth.iter().enumerate().skip(2) {
        all.push(with(&[(0, first), (chain, level)]));
        all.push(with(&[(1, second), (chain, level)]));
        for b in 1..=second {
            all.push(with(&[(0, first), (1, b), (chain, level)]));
        }
    }
    if chains > 3 {
        all.push(depth);
    }
    all.sort_by_key(|levels| levels.iter().sum::<usize>());
    let parents = |at: usize| {
        let coarser = |fine: usize, rough: usize| {
            fine != rough && all[fine].iter().zip(&all[rough]).all(|(fine, rough)| rough <= fine)
        };
        let above: Vec<usize> = (0..at).filter(|&other| coarser(at, other)).collect();
        above.iter().copied().filter(|&one| !above.iter().any(|&other| coarser(other, one))).collect()
    };
    (0..all.len()).map(|at| Combination { levels: all[at].clone(), parents: parents(at) }).collect()
}

/// A key of one combination: the number of each chain's path, 16 bits each.
pub(super) type Key = u128;

/// One row's paths: per chain, the number at each level as far down as it is known.
pub(super) type Known = Vec<Vec<u16>>;

/// Numbers for the paths of each chain, from the root, 0, down.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Paths {
    /// Per chain, per number: what the next values under it are numbered.
    pub(super) chains: Vec<Vec<HashMap<Box<str>, u16>>>,
}

impl Paths {
    pub(super) fn new(schema: &Schema) -> Self {
        Self { chains: vec![vec![HashMap::new()]; schema.chains().len()] }
    }

    /// The paths of a row, as far as they have been seen.
    pub(super) fn look(&self, schema: &Schema, row: &[&str]) -> Known {
        let mut values = row.iter();
        let chains = schema.chains().iter().zip(&self.chains);
        chains
            .map(|(chain, under)| {
                let mut at = 0_usize;
                let values: Vec<&&str> = values.by_ref().take(chain.len()).collect();
                let numbers = values.into_iter().map_while(|value| {
                    let number = *under.get(at)?.get(*value)?;
                    at = usize::from(number);
                    Some(number)
                });
                numbers.collect()
            })
            .collect()
    }

    /// The same, after giving numbers to what is new, as long as there are any.
    pub(super) fn number(&mut self, schema: &Schema, row: &[&str]) -> Known {
        let mut values = row.iter();
        for (chain, under) in schema.chains().iter().zip(&mut self.chains) {
            let mut at = Some(0_usize);
            for value in values.by_ref().take(chain.len()) {
                let next = u16::try_from(under.len()).ok();
                let Some(known) = at.and_then(|at| under.get_mut(at)) else { continue };
                let number = known.get(*value).copied().or_else(|| {
                    let number = next?;
                    known.insert(Box::from(*value), number);
                    Some(number)
                });
                if number == next && number.is_some() {
                    under.push(HashMap::new());
                }
                at = number.map(usize::from);
            }
        }
        self.look(schema, row)
    }
}

/// The key of a combination; `None` where the row's value has never been seen.
pub(super) fn key(known: &Known, levels: &[usize]) -> Option<Key> {
    let mut key = 0;
    for (path, &level) in known.iter().zip(levels) {
        let number = if level == 0 { 0 } else { *path.get(level - 1)? };
        key = key << 16 | Key::from(number);
    }
    Some(key)
}
