//! What is known about a ticket, and which of it refines what.
//!
//! Features that refine one another form a chain, coarse to fine: type › main type › sub-type, street ›
//! community; a feature alone is a chain of one.

use std::collections::{HashMap, HashSet};

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
        let mut seen = HashSet::new();
        if let Some(name) = chains.iter().flatten().find(|name| !seen.insert(name.as_str())) {
            return Err(SchemaError::Twice(name.clone()));
        }
        chains.sort_by_key(|chain| std::cmp::Reverse(chain.len()));
        Ok(Self { chains })
    }

    /// Finds in `rows` which of `names` refine which: a feature refines another that has fewer values when
    /// knowing it tells the other ([`TELLS`]). Rows have a value for each name.
    ///
    /// # Errors
    /// As [`Schema::new`].
    pub fn nested<S: AsRef<str>>(names: &[String], rows: &[Vec<S>]) -> Result<Self, SchemaError> {
        let mut order: Vec<(usize, usize)> = (0..names.len()).map(|at| (distinct(rows, at), at)).collect();
        order.sort_unstable();
        let mut chains: Vec<Vec<usize>> = Vec::new();
        for (_, at) in order {
            let ends = chains.iter().enumerate().filter_map(|(chain, path)| Some((chain, *path.last()?)));
            let told = ends.map(|(chain, end)| (tells(rows, at, end), chain));
            match told.filter(|(share, _)| *share >= TELLS).max_by(|a, b| a.0.total_cmp(&b.0)) {
                Some((_, chain)) => chains[chain].push(at),
                None => chains.push(vec![at]),
            }
        }
        // As named, so that among equally deep chains the caller's order counts.
        chains.sort_by_key(|chain| chain.iter().min().copied());
        let named = |chain: &Vec<usize>| chain.iter().map(|&at| names[at].clone()).collect();
        Self::new(chains.iter().map(named).collect())
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

/// Share of the mistakes about a coarser feature that knowing a finer one must save (Goodman and Kruskal's
/// lambda, each row told by the others of its value only).
pub const TELLS: f64 = 0.9;

fn distinct<S: AsRef<str>>(rows: &[Vec<S>], at: usize) -> usize {
    rows.iter().map(|row| row[at].as_ref()).collect::<HashSet<_>>().len()
}

fn tells<S: AsRef<str>>(rows: &[Vec<S>], fine: usize, coarse: usize) -> f64 {
    let mut under = HashMap::<&str, HashMap<&str, usize>>::new();
    let mut alone = HashMap::<&str, usize>::new();
    for row in rows {
        *under.entry(row[fine].as_ref()).or_default().entry(row[coarse].as_ref()).or_default() += 1;
        *alone.entry(row[coarse].as_ref()).or_default() += 1;
    }
    // One row of each value tells nothing: without this, a number unique to each row would tell everything.
    let told: usize = under.values().filter_map(|seen| seen.values().max()).map(|most| most - 1).sum();
    let all: usize = alone.values().sum::<usize>() - under.len();
    let guessed = alone.values().max().map_or(0, |most| most.saturating_sub(1));
    if all <= guessed { 0.0 } else { told.saturating_sub(guessed) as f64 / (all - guessed) as f64 }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_tells_another_refines_it() {
        let rows: Vec<Vec<String>> = (0..200_usize)
            .map(|n| vec![n.to_string(), (n % 2).to_string(), (n * 7 % 12).to_string(), (n * 7 % 12 / 4).to_string()])
            .collect();
        let named = names(&["number", "source", "fine", "coarse"]);
        let schema = Schema::nested(&named, &rows).unwrap();
        assert_eq!(schema.chains()[0], names(&["coarse", "fine"]));
        assert_eq!(schema.chains()[1..], [names(&["number"]), names(&["source"])], "unique numbers refine nothing");
    }

    #[test]
    fn a_schema_that_cannot_be_says_why() {
        assert_eq!(Schema::new(Vec::new()), Err(SchemaError::Empty));
        assert_eq!(Schema::new(vec![names(&["a"]), names(&["b", "a"])]), Err(SchemaError::Twice("a".to_owned())));
        let many = (0..9).map(|n| vec![n.to_string()]).collect();
        assert_eq!(Schema::new(many), Err(SchemaError::TooManyChains(9)));
    }
}
