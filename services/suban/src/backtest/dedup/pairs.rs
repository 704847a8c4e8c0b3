//! Marked pairs and groups: who is the child, whom it repeats, and who belongs together.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use suban_learn::folds::groups;

use super::rows::{History, open};

/// Pairs of one or more files.
#[derive(Debug, Default)]
pub(super) struct Marked {
    /// Children with the parents that were named for them; none where only a group is known.
    pub(super) children: BTreeMap<usize, Vec<usize>>,
    /// Whether any file named parents.
    pub(super) names_parents: bool,
    pub(super) out_of_order: usize,
    pub(super) without_parent: usize,
    pub(super) without_child: usize,
    /// Every two that belong together, as given.
    together: Vec<(usize, usize)>,
}

impl Marked {
    /// Reads files of pairs.
    pub(super) fn read<'a>(paths: impl IntoIterator<Item = &'a Path>, history: &History) -> anyhow::Result<Self> {
        let mut marked = Self::default();
        for path in paths {
            marked.add(path, history).with_context(|| format!("reading {}", path.display()))?;
        }
        Ok(marked)
    }

    fn add(&mut self, path: &Path, history: &History) -> anyhow::Result<()> {
        let mut reader = csv::Reader::from_reader(open(path)?);
        let columns: Vec<String> =
            reader.headers()?.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
        let at = |name: &str| columns.iter().position(|column| column == name);
        let records = reader.records().collect::<Result<Vec<_>, _>>()?;
        let ids = |column: usize| records.iter().map(move |record| record.get(column).unwrap_or("").trim());
        if let (Some(child), Some(parent)) = (at("child_id"), at("parent_id")) {
            self.names_parents = true;
            ids(child).zip(ids(parent)).for_each(|(child, parent)| self.role(history, child, parent));
        } else if let (Some(group), Some(member)) = (at("dup_group"), at("message_id").or_else(|| at("id"))) {
            let mut members: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            ids(group).zip(ids(member)).for_each(|(group, member)| members.entry(group).or_default().push(member));
            for members in members.values() {
                let mut held: Vec<usize> = members.iter().filter_map(|id| history.number(id)).collect();
                self.without_child += members.len() - held.len();
                held.sort_unstable();
                held.dedup();
                held.windows(2).for_each(|two| self.child(two[1], two[0]));
            }
        } else if columns.len() >= 2 && columns[0].ends_with("_a") && columns[1].ends_with("_b") {
            ids(0).zip(ids(1)).for_each(|(a, b)| match (history.number(a), history.number(b)) {
                (Some(a), Some(b)) if a != b => self.child(a.max(b), a.min(b)),
                (Some(_), Some(_)) => self.out_of_order += 1,
                _ => self.without_parent += 1,
            });
        } else {
            anyhow::bail!(
                "the columns are {}; wanted are child_id,parent_id or message_id_a,message_id_b or dup_group,message_id",
                columns.join(", ")
            );
        }
        Ok(())
    }

    fn child(&mut self, child: usize, earlier: usize) {
        self.children.entry(child).or_default();
        self.together.push((child, earlier));
    }

    fn role(&mut self, history: &History, child: &str, parent: &str) {
        match (history.number(child), history.number(parent)) {
            (None, _) => self.without_child += 1,
            (Some(_), None) => self.without_parent += 1,
            (Some(child), Some(parent)) => {
                self.together.push((child, parent));
                if parent < child {
                    self.children.entry(child).or_default().push(parent);
                } else {
                    self.out_of_order += 1;
                }
            }
        }
    }

    /// Group of every request of the history, over its own and the other pairs.
    pub(super) fn groups(&self, other: &Self, requests: usize) -> Vec<usize> {
        let mut keys: Vec<Vec<usize>> = (0..requests).map(|number| vec![number]).collect();
        for (a, b) in self.together.iter().chain(&other.together) {
            keys[*a].push(*b);
        }
        groups(keys)
    }
}
