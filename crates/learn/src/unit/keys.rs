//! Which combinations of what is known about a ticket are counted.
//!
//! Features that refine one another form a chain, coarse to fine: type › main type › sub-type, street ›
//! community; a feature alone is a chain of one. A combination takes each chain down to some level. A value
//! stands for its whole path, so that a sub-type of the same name under two main types is two matters, and a
//! matter never seen still has its main type.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// Most chains a schema may have: a key holds 16 bits for each, and so a chain
/// tells 65,535 paths apart; later ones count as never seen.
pub const MOST_CHAINS: usize = 8;

/// Names of the features, and which of them refine which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Vec<String>>", into = "Vec<Vec<String>>")]
pub struct Schema {
    chains: Vec<Vec<String>>,
}

/// Why a schema cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// There is nothing to count by.
    #[error("no feature is named: name at least one")]
    Empty,
    /// A key has no room for so many.
    #[error("{0} chains of features, but a key has room for {MOST_CHAINS}: leave some out, or nest them")]
    TooManyChains(usize),
    /// A feature stands in two places.
    #[error("the feature {0:?} is named twice: name it once")]
    Twice(String),
}

impl Schema {
    /// A schema of chains, each coarse to fine. The two deepest, in the order given, are counted against each
    /// other at every level; the others only beside the finest of these.
    ///
    /// # Errors
    /// When there is no feature, one is named twice, or there are more than [`MOST_CHAINS`] chains.
    pub fn new(chains: Vec<Vec<String>>) -> Result<Self, SchemaError> {
        let mut chains: Vec<_> = chains.into_iter().filter(|chain| !chain.is_empty()).collect();
        if chains.is_empty() {
            return Err(SchemaError::Empty);
        }
        if chains.len() > MOST_CHAINS {
            return Err(SchemaError::TooManyChains(chains.len()));
        }
        let mut seen = std::collections::BTreeSet::new();
        if let Some(name) = chains.iter().flatten().find(|name| !seen.insert(name.as_str())) {
            return Err(SchemaError::Twice(name.clone()));
        }
        chains.sort_by_key(|chain| std::cmp::Reverse(chain.len()));
        Ok(Self { chains })
    }

    /// Finds which of `names` refine which in `rows`: one nests in another when knowing it tells the other in
    /// at least 98 of 100 rows.
    ///
    /// # Errors
    /// As [`Schema::new`].
    pub fn nested<'r>(names: &[String], rows: impl Iterator<Item = &'r [String]> + Clone) -> Result<Self, SchemaError> {
        let mut chains: Vec<Vec<(usize, usize)>> = Vec::new();
        let mut order: Vec<(usize, usize)> = (0..names.len()).map(|at| (distinct(rows.clone(), at), at)).collect();
        order.sort_unstable();
        for (values, at) in order {
            // The finest chain end that this feature tells.
            let home = chains.iter_mut().rev().find(|chain| {
                chain.last().is_some_and(|&(coarser, end)| {
                    coarser > 1 && values > coarser && tells(rows.clone(), at, end) >= TELLS
                })
            });
            match home {
                Some(chain) => chain.push((values, at)),
                None => chains.push(vec![(values, at)]),
            }
        }
        let name = |&(_, at): &(usize, usize)| names[at].clone();
        Self::new(chains.iter().map(|chain| chain.iter().map(name).collect()).collect())
    }

    /// The chains, deepest first, each coarse to fine.
    #[must_use]
    pub fn chains(&self) -> &[Vec<String>] {
        &self.chains
    }

    /// Names of all features in the order in which a row gives them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.chains.iter().flatten().map(String::as_str)
    }

    /// How many features a row has.
    #[must_use]
    pub fn width(&self) -> usize {
        self.chains.iter().map(Vec::len).sum()
    }
}

/// Share of rows in which a finer value goes with its most frequent coarser one, from which on it nests.
const TELLS: f64 = 0.98;

fn distinct<'r>(rows: impl Iterator<Item = &'r [String]>, at: usize) -> usize {
    rows.filter_map(|row| row.get(at)).collect::<std::collections::HashSet<_>>().len()
}

fn tells<'r>(rows: impl Iterator<Item = &'r [String]>, fine: usize, coarse: usize) -> f64 {
    let mut seen = HashMap::<&str, HashMap<&str, usize>>::new();
    let mut all = 0_usize;
    for row in rows {
        *seen.entry(&row[fine]).or_default().entry(&row[coarse]).or_default() += 1;
        all += 1;
    }
    let told: usize = seen.values().filter_map(|under| under.values().max()).sum();
    told as f64 / all.max(1) as f64
}

impl TryFrom<Vec<Vec<String>>> for Schema {
    type Error = SchemaError;

    fn try_from(chains: Vec<Vec<String>>) -> Result<Self, SchemaError> {
        Self::new(chains)
    }
}

impl From<Schema> for Vec<Vec<String>> {
    fn from(schema: Schema) -> Self {
        schema.chains
    }
}

/// How far down each chain a combination goes; 0 leaves the chain out.
pub(super) type Levels = Vec<usize>;

/// A combination, and what it backs off to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Combination {
    /// Level of each chain.
    pub(super) levels: Levels,
    /// Those next coarser, by their place in the list; empty for the first, which knows nothing.
    pub(super) parents: Vec<usize>,
}

/// The combinations of a schema, each after all that are coarser.
pub(super) fn combinations(schema: &Schema) -> Vec<Combination> {
    let depth: Vec<usize> = schema.chains.iter().map(Vec::len).collect();
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
    let mut all: Vec<Levels> = Vec::new();
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
        Self { chains: vec![vec![HashMap::new()]; schema.chains.len()] }
    }

    /// The paths of a row, as far as they have been seen.
    pub(super) fn look(&self, schema: &Schema, row: &[&str]) -> Known {
        let mut values = row.iter();
        let chains = schema.chains.iter().zip(&self.chains);
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
        for (chain, under) in schema.chains.iter().zip(&mut self.chains) {
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
