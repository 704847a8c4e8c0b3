//! Labelled messages in files: JSON lines with the text as it was written, or CSV with the words kept of it.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, Read},
    path::Path,
};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::unzipped::unzipped;

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Said {
    /// As it was written.
    Text(String),
    /// The words kept of it, with spaces between them.
    Tokens(String),
}

impl Said {
    /// The characters, whatever they are.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Text(said) | Self::Tokens(said) => said,
        }
    }
}

/// One message and its classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Labelled {
    /// What names the message in every file.
    pub(super) raw_id: Option<String>,
    /// Its classes, the first its own; at least one.
    pub(crate) labels: Vec<String>,
    /// Its words.
    pub(crate) said: Said,
    /// Tokens that stood beside a text of the same `raw_id`.
    pub(super) tokens_too: Option<String>,
}

#[derive(Deserialize)]
struct JsonRow {
    text: String,
    labels: Vec<String>,
    #[serde(default)]
    raw_id: Value,
}

#[derive(Deserialize)]
struct CsvRow {
    tokens: String,
    label: String,
    #[serde(default)]
    raw_id: String,
}

/// Reads a file; its name says its format, its first bytes whether it is gzipped.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<Labelled>> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let input = unzipped(file).with_context(|| format!("reading {}", path.display()))?;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().to_ascii_lowercase());
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let rows = match Path::new(name).extension().and_then(|extension| extension.to_str()) {
        Some("csv") => csv_rows(input),
        Some("jsonl" | "ndjson" | "json") => json_rows(input),
        _ => bail!("{}: name it .jsonl or .csv (also .gz), so that its format is known", path.display()),
    };
    let rows = rows.with_context(|| path.display().to_string())?;
    if rows.is_empty() {
        bail!("{}: no message in it", path.display());
    }
    Ok(rows)
}

fn json_rows(input: impl BufRead) -> anyhow::Result<Vec<Labelled>> {
    let mut rows = Vec::new();
    for (line, text) in (1..).zip(input.lines()) {
        let text = text.with_context(|| format!("line {line}: not readable UTF-8"))?;
        if text.trim().is_empty() {
            continue;
        }
        let row: JsonRow = serde_json::from_str(&text)
            .with_context(|| format!("line {line}: wanted an object with `text`, `labels` and perhaps `raw_id`"))?;
        let raw_id = match row.raw_id {
            Value::String(id) => Some(id).filter(|id| !id.is_empty()),
            Value::Number(id) => Some(id.to_string()),
            Value::Null => None,
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => bail!("line {line}: `raw_id` is no number or text"),
        };
        rows.push(checked(line, raw_id, row.labels, Said::Text(row.text))?);
    }
    Ok(rows)
}

fn csv_rows(input: impl Read) -> anyhow::Result<Vec<Labelled>> {
    let mut reader = csv::Reader::from_reader(input);
    let heading = reader.headers().context("line 1: no heading")?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let row: CsvRow = record
            .deserialize(Some(&heading))
            .with_context(|| format!("line {line}: wanted the columns `tokens`, `label` and perhaps `raw_id`"))?;
        let raw_id = Some(row.raw_id).filter(|id| !id.is_empty());
        rows.push(checked(line, raw_id, vec![row.label], Said::Tokens(row.tokens))?);
    }
    Ok(rows)
}

fn checked(line: u64, raw_id: Option<String>, labels: Vec<String>, said: Said) -> anyhow::Result<Labelled> {
    if labels.is_empty() || labels.iter().any(String::is_empty) {
        bail!("line {line}: a message without a label; leave the line out or label it");
    }
    Ok(Labelled { raw_id, labels, said, tokens_too: None })
}

/// One message for all rows of a `raw_id`, in the order of the first: its text rather than its tokens, all its labels.
pub(super) fn merged(rows: impl IntoIterator<Item = Labelled>) -> Vec<Labelled> {
    let mut messages: Vec<Labelled> = Vec::new();
    let mut place = HashMap::<String, usize>::new();
    for row in rows {
        let Some(id) = row.raw_id.clone() else {
            messages.push(row);
            continue;
        };
        let at = *place.entry(id).or_insert(messages.len());
        let Some(first) = messages.get_mut(at) else {
            messages.push(row);
            continue;
        };
        first.labels.extend(row.labels.into_iter().filter(|label| !first.labels.contains(label)).collect::<Vec<_>>());
        match (&first.said, row.said) {
            (Said::Tokens(tokens), text @ Said::Text(_)) => {
                first.tokens_too = Some(tokens.clone());
                first.said = text;
            }
            (Said::Text(_), Said::Tokens(tokens)) => first.tokens_too = first.tokens_too.take().or(Some(tokens)),
            (Said::Text(_), Said::Text(_)) | (Said::Tokens(_), Said::Tokens(_)) => {}
        }
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_one_id_are_one_message_and_its_text_counts() {
        let tokens =
            csv_rows("row,raw_id,label,tokens\n1,7,城建,路灯 坏\n2,,环保,噪声\n3,7,交通,路灯 坏\n".as_bytes()).unwrap();
        let texts = json_rows("{\"raw_id\": 7, \"labels\": [\"城建\"], \"text\": \"路灯坏了\"}\n".as_bytes()).unwrap();
        let messages = merged(tokens.into_iter().chain(texts));
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0].said, Said::Text("路灯坏了".to_owned()));
        assert_eq!(messages[0].tokens_too.as_deref(), Some("路灯 坏"));
        assert_eq!(messages[0].labels, ["城建", "交通"]);
    }

    #[test]
    fn a_bad_line_is_named() {
        let said = |result: anyhow::Result<Vec<Labelled>>| format!("{:#}", result.unwrap_err());
        assert!(
            said(json_rows("{\"text\": \"a\", \"labels\": [\"x\"]}\n{\"text\": 1}\n".as_bytes())).contains("line 2")
        );
        assert!(said(json_rows("{\"text\": \"a\", \"labels\": []}\n".as_bytes())).contains("without a label"));
        assert!(said(csv_rows("tokens\na\n".as_bytes())).contains("`label`"));
    }
}
