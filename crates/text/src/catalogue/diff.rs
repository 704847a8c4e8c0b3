//! What changes between two catalogues, in plain words: rows, and above all who leads where, when and for what.
//!
//! Row numbers are no content: a table whose lines were only sorted anew has no changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use suban_domain::{AreaCode, MatterCode, UnitCode};

use super::moments::{Moments, Places};
use super::parse::columns;
use super::write::Cells;
use super::{Catalogue, Leads, NoLead, Rule, Table};

/// Everything that changes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Diff {
    /// Rows, in the order of the tables.
    pub rows: Vec<RowChange>,
    /// Who leads, by matter; only of areas and matters that both have.
    pub leads: Vec<LeadChange>,
}

/// A row that is new, gone or different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowChange {
    /// In which table.
    pub table: Table,
    /// Its code; of a rule its matter, area and conditions.
    pub key: String,
    /// Its name, or a rule's note.
    pub name: String,
    /// What happened to it.
    pub change: Change,
}

/// What happened to a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// New.
    Added,
    /// Gone.
    Removed,
    /// Another value in these columns.
    Changed(Vec<ColumnChange>),
}

/// A cell before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnChange {
    /// Which column.
    pub column: &'static str,
    /// As it was.
    pub before: String,
    /// As it is now.
    pub after: String,
}

/// Somebody else leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeadChange {
    /// For which matter.
    pub matter: MatterCode,
    /// In which areas; one whose every part changes alike stands for its parts.
    pub areas: Vec<AreaCode>,
    /// When and for which subject; empty: always.
    pub when_zh: String,
    /// The same in English.
    pub when_en: String,
    /// Who led; several where a person had to choose, none where nobody had the duty.
    pub before: Vec<UnitCode>,
    /// Who leads now.
    pub after: Vec<UnitCode>,
    in_zh: String,
    in_en: String,
}

impl Catalogue {
    /// What changes when `new` follows `old`.
    #[must_use]
    pub fn diff(old: &Self, new: &Self) -> Diff {
        let mut rows = Vec::new();
        by_code(&mut rows, Table::Areas, old.areas(), new.areas(), |a| (a.code.as_str(), a.name.as_str()));
        by_code(&mut rows, Table::Units, old.units(), new.units(), |u| (u.code.as_str(), u.name.as_str()));
        by_code(&mut rows, Table::Matters, old.matters(), new.matters(), |m| (m.code.as_str(), m.name.as_str()));
        rules(&mut rows, old.rules(), new.rules());
        Diff { rows, leads: leads(old, new) }
    }
}

fn by_code<T: Cells>(
    changes: &mut Vec<RowChange>,
    table: Table,
    old: &[T],
    new: &[T],
    key: for<'a> fn(&'a T) -> (&'a str, &'a str),
) {
    let before: HashMap<&str, &T> = old.iter().map(|row| (key(row).0, row)).collect();
    let after: HashMap<&str, &T> = new.iter().map(|row| (key(row).0, row)).collect();
    for row in old.iter().filter(|row| !after.contains_key(key(row).0)) {
        changes.push(change(table, key(row), Change::Removed));
    }
    for row in new {
        match before.get(key(row).0) {
            None => changes.push(change(table, key(row), Change::Added)),
            Some(old) => changes.extend(differ(table, *old, row).map(|columns| change(table, key(row), columns))),
        }
    }
}

fn change(table: Table, (key, name): (&str, &str), change: Change) -> RowChange {
    RowChange { table, key: key.to_owned(), name: name.to_owned(), change }
}

fn differ(table: Table, old: &impl Cells, new: &impl Cells) -> Option<Change> {
    let cells = columns(table).iter().zip(old.cells()).zip(new.cells());
    let changed: Vec<ColumnChange> = cells
        .filter(|((_, before), after)| before != after)
        .map(|((column, before), after)| ColumnChange { column, before, after })
        .collect();
    (!changed.is_empty()).then_some(Change::Changed(changed))
}

/// Rules have no codes: those with the same conditions are the same rule, and of one matter in one area what is left
/// over is taken in order.
fn rules(changes: &mut Vec<RowChange>, old: &[Rule], new: &[Rule]) {
    type BeforeAfter<'a> = (Vec<&'a Rule>, Vec<&'a Rule>);
    let mut left: BTreeMap<(&MatterCode, &AreaCode), BeforeAfter<'_>> = BTreeMap::new();
    for rule in old {
        left.entry((&rule.matter, &rule.area)).or_default().0.push(rule);
    }
    for rule in new {
        left.entry((&rule.matter, &rule.area)).or_default().1.push(rule);
    }
    for (mut before, mut after) in left.into_values() {
        let mut pairs: Vec<(&Rule, &Rule)> = Vec::new();
        before.retain(|old| match after.iter().position(|new| old.conditions() == new.conditions()) {
            Some(at) => {
                pairs.push((*old, after.remove(at)));
                false
            }
            None => true,
        });
        let alike = before.len().min(after.len());
        pairs.extend(before.drain(..alike).zip(after.drain(..alike)));
        for (old, new) in pairs {
            let key = new.conditions();
            changes.extend(differ(Table::Rules, old, new).map(|c| change(Table::Rules, (&key, &new.note), c)));
        }
        let gone = before.iter().map(|rule| (rule, Change::Removed));
        for (rule, what) in gone.chain(after.iter().map(|rule| (rule, Change::Added))) {
            changes.push(change(Table::Rules, (&rule.conditions(), &rule.note), what));
        }
    }
}

impl Rule {
    /// What it asks for, as its name: `HJ-01@LG 22:00-06:00 工地`.
    fn conditions(&self) -> String {
        let mut conditions = format!("{}@{}", self.matter, self.area);
        let mut add = |text: String| conditions.push_str(&text);
        if let Some(hours) = &self.hours {
            add(format!(" {hours}"));
        }
        if !self.subject.is_empty() {
            add(format!(" {}", self.subject.join("|")));
        }
        if let Some(from) = self.days.from {
            add(format!(" from {from}"));
        }
        if let Some(until) = self.days.until {
            add(format!(" until {until}"));
        }
        conditions
    }

    fn unnumbered(&self) -> Self {
        Self { row: 0, ..self.clone() }
    }
}

/// What changes for one matter: by who led and who leads, in which areas at which moments.
type Shifts = BTreeMap<(Vec<UnitCode>, Vec<UnitCode>), BTreeMap<usize, BTreeSet<[usize; 3]>>>;

fn leads(old: &Catalogue, new: &Catalogue) -> Vec<LeadChange> {
    // Innermost areas that both have, by their place in the new table.
    let common: Vec<usize> = new
        .index
        .inner_areas()
        .filter(|at| new.rows.areas.get(*at).is_some_and(|area| old.area(&area.code).is_some()))
        .collect();
    let offices_moved = common.iter().any(|at| {
        let area = new.rows.areas.get(*at).and_then(|a| old.index.areas.get(&a.code));
        let before = area.and_then(|at| old.office(*at)).map(|u| &u.code);
        before != new.office(*at).map(|u| &u.code)
    });
    let tree = Tree::of(new, &common);
    let mut changes = Vec::new();
    for (at, matter) in new.matters().iter().enumerate() {
        let Some((old_at, before)) =
            old.index.matters.get(&matter.code).and_then(|m| Some((*m, old.rows.matters.get(*m)?)))
        else {
            continue;
        };
        let (rules_before, rules_after) = (old.rules_of(old_at), new.rules_of(at));
        let unnumbered = |rules: &[&Rule]| {
            let mut rules: Vec<Rule> = rules.iter().map(|r| r.unnumbered()).collect();
            rules.sort_by_cached_key(|rule| (rule.area.clone(), rule.conditions()));
            rules
        };
        let by_street = matter.lead == Leads::Street || rules_after.iter().any(|r| r.lead == Leads::Street);
        if matter.lead == before.lead
            && matter.days == before.days
            && unnumbered(&rules_before) == unnumbered(&rules_after)
            && !(by_street && offices_moved)
        {
            continue;
        }
        let both: Vec<&Rule> = rules_before.into_iter().chain(rules_after).collect();
        let moments = Moments::of(&[before.days, matter.days], &both);
        let shifts = shifts(old, new, &matter.code, &common, &moments);
        changes.extend(told(new, &matter.code, shifts, &moments, &tree));
    }
    changes
}

fn shifts(old: &Catalogue, new: &Catalogue, matter: &MatterCode, areas: &[usize], moments: &Moments) -> Shifts {
    let units = |catalogue: &Catalogue, known: &super::Circumstances<'_>| match catalogue.lead(matter, known) {
        Ok(lead) => vec![lead.unit],
        Err(NoLead::Several(leads)) => leads.into_iter().map(|l| l.unit).collect(),
        Err(NoLead::UnknownMatter | NoLead::NotInForce | NoLead::UnknownArea | NoLead::AreaTooLarge) => Vec::new(),
    };
    let mut shifts = Shifts::new();
    for &at in areas {
        let Some(area) = new.rows.areas.get(at) else { continue };
        for moment in moments.all() {
            let known = moment.known(&area.code);
            let (before, after) = (units(old, &known), units(new, &known));
            if before != after {
                shifts.entry((before, after)).or_default().entry(at).or_default().insert(moment.place);
            }
        }
    }
    shifts
}

fn told(new: &Catalogue, matter: &MatterCode, shifts: Shifts, moments: &Moments, tree: &Tree) -> Vec<LeadChange> {
    let mut changes = Vec::new();
    for ((before, after), areas) in shifts {
        // Areas that change at the same moments are told together.
        let mut together: BTreeMap<BTreeSet<[usize; 3]>, BTreeSet<usize>> = BTreeMap::new();
        for (area, places) in areas {
            together.entry(places).or_default().insert(area);
        }
        for (places, areas) in together {
            let areas: Vec<usize> = tree.fewest(&areas);
            let codes = areas.iter().filter_map(|at| new.rows.areas.get(*at));
            let names: Vec<&str> = codes.clone().map(|a| a.name.as_str()).collect();
            for product in products(&places) {
                let (when_zh, when_en) = moments.told(&product);
                changes.push(LeadChange {
                    matter: matter.clone(),
                    areas: codes.clone().map(|a| a.code.clone()).collect(),
                    when_zh,
                    when_en,
                    before: before.clone(),
                    after: after.clone(),
                    in_zh: names.join("、"),
                    in_en: names.join(", "),
                });
            }
        }
    }
    changes
}

/// A set of moments as few sets that can be told in words: days × hours × subjects.
fn products(places: &BTreeSet<[usize; 3]>) -> Vec<[Places; 3]> {
    let along = |n: usize| places.iter().filter_map(|p| p.get(n).copied()).collect::<Places>();
    let product = [along(0), along(1), along(2)];
    if product.iter().map(BTreeSet::len).product::<usize>() == places.len() {
        return vec![product];
    }
    // Cut along the list that takes the most values apart, subjects first: they are what people think in.
    let axis = [2, 0, 1].into_iter().find(|n| product.get(*n).is_some_and(|p| p.len() > 1)).unwrap_or(0);
    let mut parts: BTreeMap<usize, BTreeSet<[usize; 3]>> = BTreeMap::new();
    for place in places {
        if let Some(at) = place.get(axis) {
            parts.entry(*at).or_default().insert(*place);
        }
    }
    // Parts that differ in nothing else are told together.
    let mut told: Vec<[Places; 3]> = Vec::new();
    for product in parts.values().flat_map(products) {
        let same = |a: &[Places; 3], b: &[Places; 3]| (0..3).all(|n| n == axis || a.get(n) == b.get(n));
        match told.iter_mut().find(|earlier| same(earlier, &product)) {
            Some(earlier) => {
                if let (Some(into), Some(from)) = (earlier.get_mut(axis), product.get(axis)) {
                    into.extend(from.iter().copied());
                }
            }
            None => told.push(product),
        }
    }
    told
}

/// Areas with what lies in them, as far as it is compared.
struct Tree {
    roots: Vec<usize>,
    children: Vec<Vec<usize>>,
    /// Compared innermost areas in each.
    size: Vec<usize>,
    around: Vec<Vec<usize>>,
}

impl Tree {
    fn of(catalogue: &Catalogue, compared: &[usize]) -> Self {
        let parents = &catalogue.index.around;
        let mut tree = Self {
            roots: Vec::new(),
            children: vec![Vec::new(); parents.len()],
            size: vec![0; parents.len()],
            around: vec![Vec::new(); parents.len()],
        };
        for (at, parent) in parents.iter().enumerate() {
            match parent.and_then(|p| tree.children.get_mut(p)) {
                Some(children) => children.push(at),
                None => tree.roots.push(at),
            }
        }
        for &at in compared {
            let around: Vec<usize> = catalogue.around(at).collect();
            for outer in &around {
                if let Some(size) = tree.size.get_mut(*outer) {
                    *size += 1;
                }
            }
            if let Some(slot) = tree.around.get_mut(at) {
                *slot = around;
            }
        }
        tree
    }

    /// The same innermost areas by as few names as possible.
    fn fewest(&self, inner: &BTreeSet<usize>) -> Vec<usize> {
        let mut within: HashMap<usize, usize> = HashMap::new();
        for outer in inner.iter().filter_map(|at| self.around.get(*at)).flatten() {
            *within.entry(*outer).or_default() += 1;
        }
        let mut found = Vec::new();
        let mut open: Vec<usize> = self.roots.iter().rev().copied().collect();
        while let Some(at) = open.pop() {
            match within.get(&at) {
                None => {}
                Some(n) if self.size.get(at) == Some(n) => found.push(at),
                Some(_) => open.extend(self.children.get(at).into_iter().flatten().rev()),
            }
        }
        found
    }
}

impl Diff {
    /// Nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.leads.is_empty()
    }

    /// A line for every change, in Chinese.
    #[must_use]
    pub fn in_chinese(&self) -> Vec<String> {
        let rows = self.rows.iter().map(RowChange::in_chinese);
        rows.chain(self.leads.iter().map(LeadChange::in_chinese)).collect()
    }

    /// A line for every change, in English.
    #[must_use]
    pub fn in_english(&self) -> Vec<String> {
        let rows = self.rows.iter().map(RowChange::in_english);
        rows.chain(self.leads.iter().map(LeadChange::in_english)).collect()
    }
}

impl RowChange {
    /// For example `规则 HJ-01@LG 22:00-06:00(夜间噪声):新增`.
    #[must_use]
    pub fn in_chinese(&self) -> String {
        let table = match self.table {
            Table::Areas => "区域",
            Table::Units => "单位",
            Table::Matters => "事项",
            Table::Rules => "规则",
        };
        let what = match &self.change {
            Change::Added => "新增".to_owned(),
            Change::Removed => "删除".to_owned(),
            Change::Changed(columns) => {
                let each = |c: &ColumnChange| c.told(|b, a| format!("由“{b}”改为“{a}”"), "增加", "去掉");
                columns.iter().map(each).collect::<Vec<_>>().join(";")
            }
        };
        format!("{table} {}({}):{what}", self.key, self.name)
    }

    /// For example `rule HJ-01@LG 22:00-06:00 (noise at night): added`.
    #[must_use]
    pub fn in_english(&self) -> String {
        let table = self.table.name().trim_end_matches('s');
        let what = match &self.change {
            Change::Added => "added".to_owned(),
            Change::Removed => "removed".to_owned(),
            Change::Changed(columns) => {
                let each = |c: &ColumnChange| c.told(|b, a| format!(" from \"{b}\" to \"{a}\""), " gains ", " loses ");
                columns.iter().map(each).collect::<Vec<_>>().join("; ")
            }
        };
        format!("{table} {} ({}): {what}", self.key, self.name)
    }
}

impl ColumnChange {
    /// Of lists only what came and went is told.
    fn told(&self, whole: impl Fn(&str, &str) -> String, gains: &str, loses: &str) -> String {
        let list = |cell: &str| cell.contains(super::parse::LIST);
        if !list(&self.before) && !list(&self.after) {
            return format!("{}{}", self.column, whole(&self.before, &self.after));
        }
        let values = |cell: &str| cell.split(super::parse::LIST).map(str::to_owned).collect::<Vec<_>>();
        let (before, after) = (values(&self.before), values(&self.after));
        let only = |a: &[String], b: &[String]| {
            a.iter().filter(|v| !v.is_empty() && !b.contains(v)).cloned().collect::<Vec<_>>().join("|")
        };
        let (new, gone) = (only(&after, &before), only(&before, &after));
        match (new.is_empty(), gone.is_empty()) {
            (true, true) => format!("{}{}", self.column, whole(&self.before, &self.after)),
            (false, true) => format!("{}{gains}{new}", self.column),
            (true, false) => format!("{}{loses}{gone}", self.column),
            (false, false) => format!("{}{gains}{new},{loses}{gone}", self.column),
        }
    }
}

fn units(units: &[UnitCode], nobody: &str, or: &str) -> String {
    if units.is_empty() {
        return nobody.to_owned();
    }
    units.iter().map(ToString::to_string).collect::<Vec<_>>().join(or)
}

impl LeadChange {
    /// For example `主办 HJ-01 在临港区:22:00-06:00,由STHJJ改为GAFJ`.
    #[must_use]
    pub fn in_chinese(&self) -> String {
        let when = if self.when_zh.is_empty() { String::new() } else { format!("{},", self.when_zh) };
        let (before, after) = (units(&self.before, "无", "或"), units(&self.after, "无", "或"));
        format!("主办 {} 在{}:{when}由{before}改为{after}", self.matter, self.in_zh)
    }

    /// For example `lead HJ-01 in 临港区: at 22:00-06:00 GAFJ instead of STHJJ`.
    #[must_use]
    pub fn in_english(&self) -> String {
        let when = if self.when_en.is_empty() { String::new() } else { format!("{}, ", self.when_en) };
        let (before, after) = (units(&self.before, "nobody", " or "), units(&self.after, "nobody", " or "));
        format!("lead {} in {}: {when}{after} instead of {before}", self.matter, self.in_en)
    }
}
