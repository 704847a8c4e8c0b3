//! From the files' text to a policy: what a file leaves out stands in the one that it extends.

use toml::{Table, Value};

use super::Policy;
use crate::SimulationError;

const EXTENDS: &str = "extends";
/// A table that says it is one of several forms; it stands whole.
const CHOICE: &str = "by";

/// The file that this one extends, if it says one; relative to its own folder.
///
/// # Errors
/// When the text is no TOML, or `extends` no text.
pub fn base(file: &str, text: &str) -> Result<Option<String>, SimulationError> {
    match table(file, text)?.get(EXTENDS) {
        None => Ok(None),
        Some(Value::String(base)) => Ok(Some(base.clone())),
        Some(_) => Err(refuse(file, "extends: must be the name of a file".to_owned())),
    }
}

/// A policy from its files, each with its name, the one that extends no other first. A later file says only what
/// differs: tables are joined, everything else is replaced, and so are tables that choose a form (`by`).
///
/// # Errors
/// Names the last file, the key, what is wrong there and what would be right.
pub fn read(files: &[(String, String)]) -> Result<Policy, SimulationError> {
    let mut whole = Table::new();
    let mut last = "";
    for (file, text) in files {
        let mut own = table(file, text)?;
        own.remove(EXTENDS);
        join(&mut whole, own);
        last = file;
    }
    let policy: Policy =
        whole.try_into().map_err(|e: toml::de::Error| refuse(last, e.to_string().trim_end().replace('\n', " ")))?;
    policy.check().map_err(|problem| refuse(last, problem))?;
    Ok(policy)
}

fn join(whole: &mut Table, own: Table) {
    for (key, value) in own {
        match (whole.get_mut(&key), value) {
            // Another choice has other keys.
            (Some(Value::Table(under)), Value::Table(over)) if !over.contains_key(CHOICE) => join(under, over),
            (Some(_) | None, value) => drop(whole.insert(key, value)),
        }
    }
}

fn table(file: &str, text: &str) -> Result<Table, SimulationError> {
    text.parse().map_err(|e: toml::de::Error| refuse(file, e.to_string().trim_end().to_owned()))
}

fn refuse(file: &str, problem: String) -> SimulationError {
    SimulationError::Policy { policy: file.to_owned(), problem }
}
