//! The documents say what the code does: names that stand in both are compared.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap()
}

/// Every file below a folder with this ending.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut open = vec![repository().join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found
}

/// Words of a text that begin with a prefix.
fn names(text: &str, prefix: &str) -> BTreeSet<String> {
    text.match_indices(prefix)
        .filter(|(at, _)| !text[..*at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
        .map(|(at, _)| {
            let name: String =
                text[at..].chars().take_while(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_').collect();
            name
        })
        .collect()
}

/// Names given to `counter!`, `gauge!` and `histogram!` in the code, tests left out.
fn metrics_of_the_code() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in files("crates", ".rs").into_iter().chain(files("services", ".rs")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for make in ["counter!(", "gauge!(", "histogram!("] {
            for (at, _) in code.match_indices(make) {
                let name = code[at + make.len()..].split('"').nth(1).unwrap();
                found.insert(name.to_owned());
            }
        }
    }
    found
}

#[test]
fn every_metric_stands_on_its_page_and_none_that_is_not() {
    let page = read("docs/metrics.md");
    let listed: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `suban_")?.split('`').next().map(|name| format!("suban_{name}")))
        .collect();
    let code = metrics_of_the_code();
    assert!(code.len() > 20, "the search finds metrics: {code:?}");
    assert_eq!(code, listed);
}

#[test]
fn alerts_and_boards_ask_for_metrics_that_are_there() {
    let code = metrics_of_the_code();
    for file in ["deploy/prometheus-rules.yml", "deploy/grafana/suban.json"] {
        let asked = names(&read(file), "suban_");
        assert!(asked.len() > 5, "{file}");
        for name in asked {
            let base = name.strip_suffix("_bucket").unwrap_or(&name);
            assert!(code.contains(base), "{file} asks for {name}, which nobody counts");
        }
    }
}

#[test]
fn settings_named_in_documents_are_there() {
    let defaults: toml::Table = read("crates/runtime/src/defaults.toml").parse().unwrap();
    for path in files("docs", ".md").into_iter().chain(files("k8s", "")).chain([repository().join("README.md")]) {
        for name in upper_names(&std::fs::read_to_string(&path).unwrap()) {
            let setting = name.strip_prefix("SUBAN_").unwrap().to_lowercase();
            let mut at = Some(&defaults);
            let mut found = false;
            for step in setting.split("__") {
                let value = at.and_then(|table| table.get(step));
                found = value.is_some();
                at = value.and_then(toml::Value::as_table);
            }
            assert!(found, "{} names the setting {name}, which is none", path.display());
        }
    }
}

/// `SUBAN_SECTION__NAME` in a text.
fn upper_names(text: &str) -> BTreeSet<String> {
    text.match_indices("SUBAN_")
        .map(|(at, _)| text[at..].chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect::<String>())
        .filter(|name| name.contains("__") && !name.ends_with('_'))
        .collect()
}

#[test]
fn links_of_the_documents_lead_to_files() {
    for path in files("docs", ".md").into_iter().chain(files("k8s", ".md")).chain([repository().join("README.md")]) {
        let text = std::fs::read_to_string(&path).unwrap();
        for piece in text.split("](").skip(1) {
            let to = piece.split([')', '#']).next().unwrap();
            if !to.is_empty() && !to.contains("://") {
                let file = path.parent().unwrap().join(to);
                assert!(file.exists(), "{} links to {to}, which is not there", path.display());
            }
        }
    }
}
