//! Past messages with their replies and the marks given by hand.

use std::{fs::File, io::BufRead, path::Path};

use anyhow::Context as _;
use jiff::civil::Date;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::unzipped::unzipped;

/// One message with its reply.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) reply: String,
    pub(super) on: Option<Date>,
    /// Marked by hand: it explains something.
    pub(super) explains: Option<bool>,
    /// Marked by hand, on fewer replies: it is complete.
    pub(super) complete: Option<bool>,
}

#[derive(Deserialize)]
struct Json {
    #[serde(default)]
    title: String,
    text: String,
    reply: String,
    #[serde(default)]
    reply_time: String,
    #[serde(default)]
    hand_explainability: Option<f64>,
    #[serde(default)]
    hand_completeness_b: Option<f64>,
}

/// Reads a file.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Row>> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let rows = rows(unzipped(file)?).with_context(|| path.display().to_string())?;
    anyhow::ensure!(rows.len() > 1, "{}: there are fewer than two replies in it", path.display());
    Ok(rows)
}

fn rows(input: impl BufRead) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (line, text) in (1..).zip(input.lines()) {
        let text = text.with_context(|| format!("line {line}: not readable UTF-8"))?;
        if text.trim().is_empty() {
            continue;
        }
        // The parser's own message would quote the row, and it holds what people wrote.
        let row: Json = serde_json::from_str(&text).map_err(|e| {
            anyhow::anyhow!("line {line}, column {}: wanted an object with `text` and `reply`", e.column())
        })?;
        rows.push(Row {
            on: row.reply_time.get(..10).and_then(|day| day.parse().ok()),
            explains: row.hand_explainability.map(|mark| mark > 0.5),
            complete: row.hand_completeness_b.map(|mark| mark > 0.5),
            title: row.title,
            text: row.text,
            reply: row.reply,
        });
    }
    Ok(rows)
}

/// Half of the replies, those in the same words together.
pub(super) fn in_a(row: &&Row) -> bool {
    Sha256::digest(row.reply.trim().as_bytes()).first().is_some_and(|byte| byte % 2 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_what_is_wrong_is_told_without_its_words() {
        let file = r#"{"text":"路灯不亮","reply":"已修复","reply_time":"2019-05-10 14:56:53","hand_explainability":1.0}

{"text":"a","reply":"b","hand_completeness_b":0.0}"#;
        let read = rows(file.as_bytes()).unwrap();
        assert_eq!((read[0].explains, read[0].on), (Some(true), Some(jiff::civil::date(2019, 5, 10))));
        assert_eq!((read[1].explains, read[1].complete), (None, Some(false)));
        let told = format!("{:#}", rows(r#"{"text":"路灯不亮"}"#.as_bytes()).unwrap_err());
        assert!(told.starts_with("line 1") && !told.contains("路灯"), "{told}");
    }
}
