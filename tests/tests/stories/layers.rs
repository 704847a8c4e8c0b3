//! Dependencies point down: services → crates → domain (design §4).

use std::{collections::BTreeMap, path::Path};

/// Every crate of ours by its folder, with those of ours that it names in any table of dependencies.
fn ours() -> BTreeMap<String, Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &Path| -> toml::Table {
        let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    let workspace = read(&root.join("Cargo.toml"));
    let members = workspace["workspace"]["members"].as_array().unwrap();
    let mut folders = BTreeMap::new();
    let mut named: BTreeMap<String, toml::Table> = BTreeMap::new();
    for member in members {
        let folder = member.as_str().unwrap().to_owned();
        let manifest = read(&root.join(&folder).join("Cargo.toml"));
        folders.insert(manifest["package"]["name"].as_str().unwrap().to_owned(), folder.clone());
        named.insert(folder, manifest);
    }
    let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
    named
        .into_iter()
        .map(|(folder, manifest)| {
            let targets =
                manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values);
            let of = |table: &toml::Table| -> Vec<String> {
                let all = tables.iter().filter_map(|t| table.get(*t)?.as_table()).flat_map(toml::Table::keys);
                all.filter_map(|name| folders.get(name).cloned()).collect()
            };
            let mut needs = of(&manifest);
            needs.extend(targets.filter_map(toml::Value::as_table).flat_map(of));
            (folder, needs)
        })
        .collect()
}

/// May a crate in this folder need one in that?
fn points_down(from: &str, to: &str) -> bool {
    match from {
        // The one binary, and the tests, put the services together.
        "services/suban" | "tests" => to != "services/suban" && to != "tests",
        "crates/domain" => false,
        _ => to.starts_with("crates/"),
    }
}

#[test]
fn dependencies_point_down_and_services_do_not_know_each_other() {
    let ours = ours();
    assert!(ours.len() >= 16 && ours["services/intake"].contains(&"crates/domain".to_owned()), "{ours:?}");
    for (from, needs) in &ours {
        for to in needs {
            assert!(points_down(from, to), "{from} must not depend on {to}");
        }
    }
}

#[test]
fn an_arrow_that_points_up_or_across_is_seen() {
    assert!(!points_down("crates/store", "services/intake"));
    assert!(!points_down("services/intake", "services/dedup"));
    assert!(!points_down("services/intake", "services/suban"));
    assert!(!points_down("crates/domain", "crates/text"));
    assert!(points_down("services/intake", "crates/store"));
    assert!(points_down("services/suban", "services/intake"));
}
