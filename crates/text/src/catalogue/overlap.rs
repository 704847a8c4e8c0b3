//! Rules that contradict each other: two that may both apply, count alike, and name different units.
//!
//! Two rules for different subjects are no contradiction, though one message may name both: then a person chooses
//! between the units ([`super::NoLead::Several`]). Where one subject's word contains the other's, the second could
//! never be told from the first, and that is one.

use std::collections::HashMap;

use suban_domain::{AreaCode, MatterCode};

use super::check::Report;
use super::{Catalogue, Days, Hours, Rule, Table, folded};

/// Rules of one matter in one area that count alike.
#[derive(Default)]
struct Alike<'a> {
    /// By exactly what they ask for.
    asked: HashMap<(Option<&'a Hours>, Days, Vec<String>), &'a Rule>,
    /// By each of their subjects, or all under the empty word.
    named: HashMap<String, Vec<&'a Rule>>,
    /// By every part of their subjects.
    inside: HashMap<String, Vec<&'a Rule>>,
}

pub(super) fn overlaps(catalogue: &Catalogue, report: &mut Report<'_>) {
    let mut all: HashMap<(&MatterCode, &AreaCode, (bool, bool)), Alike<'_>> = HashMap::new();
    for rule in catalogue.rules() {
        let alike = all.entry((&rule.matter, &rule.area, rule.rank())).or_default();
        // The first that it meets is enough to begin with; the next import says whether there are more.
        if let Some(earlier) = alike.asks_the_same(rule) {
            let row = earlier.row;
            let text = format!("line {row} already says who leads for this matter in this area{}", where_so(rule));
            report(Table::Rules, rule.row, "matter", text);
        } else if let Some(other) = alike.contradicted_by(rule) {
            let (column, both) = common(other, rule);
            let text = format!(
                "overlaps line {}: both apply{both}, there {} leads and here {}; make them differ in hours, subject or days",
                other.row, other.lead, rule.lead,
            );
            report(Table::Rules, rule.row, column, text);
        }
        alike.add(rule);
    }
}

impl<'a> Alike<'a> {
    fn asks_the_same(&self, rule: &'a Rule) -> Option<&'a Rule> {
        self.asked.get(&asked(rule)).copied()
    }

    /// The earliest that may apply with this one and names another unit: one with a word that stands in a word of
    /// this one, or the other way round.
    fn contradicted_by(&self, rule: &Rule) -> Option<&'a Rule> {
        let words = subjects(rule);
        let shorter = words.iter().flat_map(|word| parts(word)).filter_map(|part| self.named.get(part));
        let longer = words.iter().filter_map(|word| self.inside.get(word));
        let met = shorter.chain(longer).filter_map(|rules| rules.iter().find(|other| contradict(other, rule)));
        met.min_by_key(|other| other.row).copied()
    }

    fn add(&mut self, rule: &'a Rule) {
        self.asked.entry(asked(rule)).or_insert(rule);
        for word in subjects(rule) {
            for part in parts(&word).filter(|part| *part != word) {
                self.inside.entry(part.to_owned()).or_default().push(rule);
            }
            self.named.entry(word).or_default().push(rule);
        }
    }
}

fn asked(rule: &Rule) -> (Option<&Hours>, Days, Vec<String>) {
    let mut words = subjects(rule);
    words.sort();
    (rule.hours.as_ref(), rule.days, words)
}

/// Folded; one empty word stands for whatever is named.
fn subjects(rule: &Rule) -> Vec<String> {
    if rule.subject.is_empty() { vec![String::new()] } else { rule.subject.iter().map(|w| folded(w)).collect() }
}

/// Every part of a word, itself among them.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    let ends = |from: usize| word.char_indices().map(|(at, c)| at + c.len_utf8()).filter(move |end| *end > from);
    let all = word.char_indices().flat_map(move |(from, _)| ends(from).filter_map(move |to| word.get(from..to)));
    all.chain(word.is_empty().then_some(word))
}

fn contradict(a: &Rule, b: &Rule) -> bool {
    let differ = a.lead != b.lead || a.assists != b.assists;
    let hours = a.hours.as_ref().zip(b.hours.as_ref()).is_none_or(|(a, b)| a.meets(b));
    differ && hours && a.days.meets(&b.days)
}

fn where_so(rule: &Rule) -> String {
    let hours = rule.hours.as_ref().map(|h| format!(" at {h}")).unwrap_or_default();
    let subject = if rule.subject.is_empty() { String::new() } else { format!(" for {}", rule.subject.join("|")) };
    format!("{hours}{subject}")
}

/// The column where the two could be told apart, and what they have in common.
fn common(a: &Rule, b: &Rule) -> (&'static str, String) {
    if !b.subject.is_empty() {
        return ("subject", format!(" where `{}` and `{}` are named", a.subject.join("|"), b.subject.join("|")));
    }
    match (&a.hours, &b.hours) {
        (Some(a), Some(b)) => ("hours", format!(" at hours of {a} and of {b}")),
        (None, _) | (_, None) => ("from", " on the same days".to_owned()),
    }
}
