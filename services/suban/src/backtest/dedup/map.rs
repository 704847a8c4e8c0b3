//! Which column of a file is what. The same kind of table as for imports: a name alone is a column.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::Deserialize;

/// A map.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Map {
    fields: BTreeMap<String, Field>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Field {
    Column(String),
    Table(Source),
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Source {
    column: Option<String>,
    template: Option<String>,
    #[serde(default)]
    empty: Vec<String>,
    format: Option<String>,
    zone: Option<String>,
    // `point.lat`, `point.lon`, `requester.…` are tables of tables.
    #[serde(flatten)]
    inner: BTreeMap<String, toml::Value>,
}

/// Columns of the city of Boston's open data.
const BOSTON: &str = r#"
[fields]
id = "id"
reported_at = "requested_at"
closed_at = "closed_at"
category = "service"
address = "address"
text = "description"
photo = "has_photo"
point.lat = "lat"
point.lon = "lon"
"#;

/// Columns of the message board.
const MESSAGES: &str = r#"
[fields]
id = "message_id"
reported_at = { column = "time", format = "%Y-%m-%d %H:%M:%S", zone = "Asia/Shanghai" }
title = "title"
text = "text"
requester = "user"
"#;

/// Names of imports for the same things.
const ALSO: [(&str, &str); 2] = [("id", "source_id"), ("address", "place_text")];

impl Map {
    /// Reads a map.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let map: Self = toml::from_str(text)?;
        for needed in ["id", "reported_at", "text"] {
            anyhow::ensure!(map.source(needed).is_some(), "fields.{needed} is missing: name the column it stands in");
        }
        Ok(map)
    }

    /// The map for a file with these columns.
    pub(super) fn recognised(columns: &[String]) -> anyhow::Result<Self> {
        let has = |name: &str| columns.iter().any(|column| column == name);
        let text = match (has("message_id"), has("id") && has("requested_at")) {
            (true, _) => MESSAGES,
            (false, true) => BOSTON,
            (false, false) => anyhow::bail!(
                "these columns are of no known data set: {}; say with --map which is what",
                columns.join(", ")
            ),
        };
        Self::parse(text)
    }

    fn source(&self, field: &str) -> Option<Source> {
        let own = match field.split_once('.') {
            None => self.fields.get(field).cloned(),
            Some((outer, inner)) => match self.fields.get(outer)? {
                Field::Table(table) => table.inner.get(inner).and_then(|value| value.clone().try_into().ok()),
                Field::Column(_) => None,
            },
        };
        let other =
            || ALSO.iter().find(|(name, _)| *name == field).and_then(|(_, other)| self.fields.get(*other).cloned());
        match own.or_else(other)? {
            Field::Column(column) => Some(Source { column: Some(column), ..Source::default() }),
            Field::Table(source) => (source.column.is_some() || source.template.is_some()).then_some(source),
        }
    }

    /// A value of a row; empty where there is none.
    pub(super) fn value(&self, field: &str, cell: &impl Fn(&str) -> Option<String>) -> String {
        let Some(source) = self.source(field) else { return String::new() };
        let value = match (&source.template, &source.column) {
            (Some(template), _) => filled(template, cell),
            (None, Some(column)) => cell(column).unwrap_or_default(),
            (None, None) => String::new(),
        };
        if source.empty.contains(&value) { String::new() } else { value }
    }

    /// An instant of a row.
    pub(super) fn instant(&self, field: &str, cell: &impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<i64>> {
        let value = self.value(field, cell);
        if value.trim().is_empty() {
            return Ok(None);
        }
        let source = self.source(field).unwrap_or_default();
        instant(value.trim(), source.format.as_deref(), source.zone.as_deref())
            .map(Some)
            .with_context(|| format!("{field} is {value:?}"))
    }
}

/// Seconds since 1970 of an instant with its offset, or of a civil time in a zone.
pub(super) fn instant(value: &str, format: Option<&str>, zone: Option<&str>) -> anyhow::Result<i64> {
    if let Ok(instant) = value.parse::<jiff::Timestamp>() {
        return Ok(instant.as_second());
    }
    let civil = match format.filter(|format| *format != "rfc3339") {
        Some(format) => jiff::civil::DateTime::strptime(format, value),
        None => value.parse::<jiff::civil::DateTime>(),
    };
    let civil = civil.context("must be an instant such as 2017-10-31T09:30:00-04:00, or give its format in the map")?;
    Ok(civil.in_tz(zone.unwrap_or("UTC"))?.timestamp().as_second())
}

fn filled(template: &str, cell: &impl Fn(&str) -> Option<String>) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (column, behind) = after.split_once('}').unwrap_or((after, ""));
        text.push_str(&cell(column).unwrap_or_default());
        rest = behind;
    }
    text + rest
}
