//! A mapping: for each field of a demand where its value comes from, read from a TOML file.
//!
//! Whatever is wrong with a mapping is told at once, each with the file, the line and the key.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
};

use sha2::{Digest as _, Sha256};
use suban_proto::v1;
use toml::de::{DeTable, DeValue};

use super::{
    fields::{self, Draft, Field, Put},
    read::{Encoding, Format, Record},
    times::TimeFormat,
};

mod parse;

/// A mapping that can be applied. Pure: a record in, a request or a reason out.
#[derive(Debug)]
pub(super) struct Map {
    /// How the file is written.
    pub(super) file: FileRules,
    rules: Vec<Rule>,
    path: String,
    /// SHA-256 of the mapping's text: with another mapping the same file means something else.
    pub(super) hash: String,
}

/// How the source file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileRules {
    /// CSV or JSON lines; by the file's name where the mapping does not say.
    pub(super) format: Option<Format>,
    /// In which encoding.
    pub(super) encoding: Encoding,
    /// What stands between two columns of a CSV file.
    pub(super) delimiter: u8,
}

/// Where one field comes from.
#[derive(Debug)]
struct Rule {
    field: &'static Field,
    line: usize,
    from: From,
    lookup: Option<(String, BTreeMap<String, String>)>,
    empty: BTreeSet<String>,
    otherwise: Option<String>,
    time: Option<TimeFormat>,
}

#[derive(Debug)]
enum From {
    Constant(String),
    Column(String),
    Template(Vec<Piece>),
}

/// A part of a template.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Column(String),
}

/// Something wrong with a mapping.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    path: String,
    line: usize,
    key: String,
    what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {} {}", self.path, self.line, self.key, self.what)
    }
}

/// Everything that is wrong with a mapping, one line each.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problems(pub(super) Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the mapping cannot be used")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for Problems {}

impl Map {
    /// Reads a mapping from its text; `path` stands in messages.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, Problems> {
        parse::map(&path.display().to_string(), text)
    }

    /// Columns that the mapping asks for and the file does not have.
    pub(super) fn missing(&self, has: &BTreeSet<String>) -> Result<(), Problems> {
        let known: Vec<&str> = has.iter().take(40).map(String::as_str).collect();
        let problems: Vec<Problem> = self
            .rules
            .iter()
            .flat_map(|rule| rule.columns().into_iter().map(move |column| (rule, column)))
            .filter(|(_, column)| !has.contains(*column))
            .map(|(rule, column)| Problem {
                path: self.path.clone(),
                line: rule.line,
                key: format!("fields.{}", rule.field.name),
                what: format!(
                    "asks for the column {column:?}, which the file does not have; it has {}",
                    known.join(", ")
                ),
            })
            .collect();
        if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
    }

    /// The demand that a record is, or every reason why it is none.
    pub(super) fn apply(&self, record: &Record) -> Result<v1::SubmitRequest, String> {
        let mut draft = Draft::default();
        let mut reasons = Vec::new();
        for rule in &self.rules {
            if let Err(reason) = rule.apply(record, &mut draft) {
                reasons.push(format!("{}: {reason}", rule.field.name));
            }
        }
        if !reasons.is_empty() {
            return Err(reasons.join("; "));
        }
        let mut request = draft.finish();
        request.request_id = request_id(&request);
        Ok(request)
    }
}

impl Rule {
    fn columns(&self) -> Vec<&str> {
        match &self.from {
            From::Constant(_) => Vec::new(),
            From::Column(column) => vec![column],
            From::Template(pieces) => pieces
                .iter()
                .filter_map(|piece| match piece {
                    Piece::Column(column) => Some(column.as_str()),
                    Piece::Text(_) => None,
                })
                .collect(),
        }
    }

    fn apply(&self, record: &Record, draft: &mut Draft) -> Result<(), String> {
        let cell = |column: &str| {
            let value = record.cell(column).trim();
            if self.empty.contains(value) { "" } else { value }
        };
        let joined;
        let mut value = match &self.from {
            From::Constant(value) => value.as_str(),
            From::Column(column) => cell(column),
            From::Template(pieces) => {
                joined = pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Text(text) => text.as_str(),
                        Piece::Column(column) => cell(column),
                    })
                    .collect::<String>();
                joined.trim()
            }
        };
        if let Some((name, rows)) = &self.lookup
            && !value.is_empty()
        {
            value = match (rows.get(value), &self.otherwise) {
                (Some(found), _) => found,
                (None, Some(otherwise)) => otherwise,
                (None, None) => return Err(self.told(value, &format!("has no row in lookups.{name}"))),
            };
        }
        if value.is_empty() {
            value = self.otherwise.as_deref().unwrap_or_default();
        }
        if value.is_empty() {
            return if self.field.required { Err("is empty".to_owned()) } else { Ok(()) };
        }
        self.put(draft, value).map_err(|problem| self.told(value, &problem))
    }

    /// Reads a value that is not empty and puts it into the draft.
    fn put(&self, draft: &mut Draft, value: &str) -> Result<(), String> {
        match (self.field.put, &self.time) {
            (Put::Instant(place), Some(time)) => {
                place(draft, suban_proto::edge::timestamp(time.read(value)?));
                Ok(())
            }
            _ => self.field.fill(draft, value),
        }
    }

    /// A reason with the value that has it, unless it may be about a person or is long.
    fn told(&self, value: &str, problem: &str) -> String {
        if self.field.personal || value.chars().count() > 40 {
            format!("the value {problem}")
        } else {
            format!("{value:?} {problem}")
        }
    }
}

/// The same demand has the same request id in every run, so that nothing is made twice.
///
/// It is a hash of all that the demand says. Where the source has ids, channel, system and id rule in intake;
/// where it has none this stands in, and two records alike in everything are one demand.
fn request_id(request: &v1::SubmitRequest) -> String {
    let said = prost::Message::encode_to_vec(&v1::SubmitRequest { request_id: String::new(), ..request.clone() });
    format!("import:{}", hex(&Sha256::digest(said), 48))
}

/// The first `digits` hexadecimal digits.
pub(super) fn hex(bytes: &[u8], digits: usize) -> String {
    let mut text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    text.truncate(digits);
    text
}

#[cfg(test)]
mod tests;
