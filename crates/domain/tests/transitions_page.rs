//! docs/transitions.md is the table, word for word.

#![cfg(test)]

use suban_domain::{TRANSITIONS, transitions_markdown};

#[test]
fn the_page_is_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/transitions.md");
    if std::env::var_os("SUBAN_WRITE_DOCS").is_some() {
        std::fs::write(path, transitions_markdown()).unwrap();
    }
    let page = std::fs::read_to_string(path).unwrap();
    assert_eq!(page, transitions_markdown(), "write it anew with SUBAN_WRITE_DOCS=1 and look at the difference");
}

#[test]
fn every_row_of_the_field_is_there() {
    let ids: Vec<&str> = TRANSITIONS.iter().map(|row| row.id).collect();
    let lettered = ["F15a", "F26a", "F26b", "F53a", "F53b", "F53c", "F53d"].map(str::to_owned);
    let plain = (1..=67).filter(|n| *n != 53).map(|n| format!("F{n:02}"));
    for id in plain.chain(lettered) {
        assert!(ids.contains(&id.as_str()), "{id} is missing");
    }
}
