//! How well the demo words read the published messages (`../shared/data`, never copied here).
//!
//! The words were chosen from knowledge of the field; this prints what they reach and holds the line
//! below which something is broken. Skips, saying so, where the data is missing.

#![cfg(test)]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::Value;
use suban_text::{Catalogue, Reader, Tables, ToRead, normalise, words_hash};

fn data(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/messages").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not here; the published messages are not part of the project", path.display());
    None
}

fn lines(name: &str) -> Option<Vec<Value>> {
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(data(name)?).unwrap()).read_to_string(&mut text).unwrap();
    Some(text.lines().map(|l| serde_json::from_str(l).unwrap()).collect())
}

fn catalogue(folder: &str) -> Catalogue {
    let read = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/demo").join(folder).join(name);
        std::fs::read_to_string(path).unwrap()
    };
    let (areas, units, matters, rules) = (read("areas.csv"), read("units.csv"), read("matters.csv"), read("rules.csv"));
    Catalogue::parse(&Tables { areas: &areas, units: &units, matters: &matters, rules: &rules }).unwrap()
}

fn reader() -> Reader {
    catalogue("messages").reader().unwrap()
}

#[test]
fn classes_are_read_from_words() {
    let Some(rows) = lines("labelled.jsonl.gz") else { return };
    let catalogue = catalogue("messages");
    let reader = reader();
    let name = |code: &suban_domain::MatterCode| catalogue.matter(code).unwrap().level1.clone();
    let mut by_class: BTreeMap<String, [u32; 3]> = BTreeMap::new();
    let mut confused: BTreeMap<(String, String), u32> = BTreeMap::new();
    let (mut right, mut wrong, mut unknown, mut area) = (0u32, 0u32, 0u32, 0u32);
    for row in &rows {
        let labels: Vec<&str> = row["labels"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let read = reader.read(&ToRead::words(row["text"].as_str().unwrap()));
        area += u32::from(read.area.is_some());
        let counts = by_class.entry(labels[0].to_owned()).or_default();
        match read.matter.as_ref().map(name) {
            None => {
                unknown += 1;
                counts[2] += 1;
            }
            Some(said) if labels.contains(&said.as_str()) => {
                right += 1;
                counts[0] += 1;
            }
            Some(said) => {
                wrong += 1;
                counts[1] += 1;
                *confused.entry((labels[0].to_owned(), said)).or_default() += 1;
            }
        }
    }
    let total = f64::from(right + wrong + unknown);
    let accuracy = f64::from(right) / f64::from(right + wrong);
    println!(
        "{} messages: {accuracy:.3} of those decided are right, {:.3} unknown, area known for {:.3}",
        rows.len(),
        f64::from(unknown) / total,
        f64::from(area) / total
    );
    for (class, [right, wrong, unknown]) in &by_class {
        println!("  {class}: {right} right, {wrong} wrong, {unknown} unknown");
    }
    let mut confused: Vec<_> = confused.into_iter().collect();
    confused.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    for ((is, said), n) in confused.iter().take(8) {
        println!("  {n} of {is} read as {said}");
    }
    assert!(accuracy > 0.80, "the words have stopped deciding: {accuracy:.3}");
    assert!(f64::from(unknown) / total < 0.40, "the words say too little");
}

#[test]
fn identical_messages_have_one_hash() {
    let (Some(rows), Some(path)) = (lines("stream_2019.jsonl.gz"), data("exact_duplicate_groups.csv")) else { return };
    let hashes: BTreeMap<i64, _> = rows
        .iter()
        .map(|r| (r["message_id"].as_i64().unwrap(), words_hash(&normalise(r["text"].as_str().unwrap()))))
        .collect();
    let mut groups: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for row in csv::Reader::from_path(path).unwrap().records().map(Result::unwrap) {
        groups.entry(row[0].to_owned()).or_default().push(row[1].parse().unwrap());
    }
    let mut of_hash = BTreeMap::new();
    for (group, members) in &groups {
        let mut distinct: Vec<_> = members.iter().map(|m| hashes[m]).collect();
        distinct.dedup();
        assert_eq!(distinct.len(), 1, "group {group} has different words");
        let hash = distinct[0].unwrap_or_else(|| panic!("group {group} has too few words"));
        assert_eq!(of_hash.insert(hash, group.clone()), None, "two groups share their words");
    }
    // Words that agree must be the same message: the groups we know, the other half, and nothing much else.
    let mut sizes: BTreeMap<_, u32> = BTreeMap::new();
    for hash in hashes.values().flatten() {
        *sizes.entry(*hash).or_default() += 1;
    }
    let repeated = sizes.values().filter(|n| **n > 1).count();
    println!("{} groups known, {repeated} wordings stand more than once among {} messages", groups.len(), rows.len());
    assert!(repeated >= groups.len() && repeated <= 3 * groups.len());
}
