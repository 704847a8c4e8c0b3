//! Files of requests, read into one history in order of arrival.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, Read},
    path::Path,
};

use anyhow::Context as _;
use suban_likeness::{Request, Spot};

use super::map::Map;
use crate::unzipped::unzipped;

/// One request as its file tells it.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) reported_at: i64,
    pub(super) closed_at: Option<i64>,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) address: String,
    pub(super) category: String,
    pub(super) requester: String,
    pub(super) spot: Option<Spot>,
    pub(super) photo: Option<bool>,
    /// Whether it is among the requests to judge.
    pub(super) tested: bool,
    /// Whether it is among the requests to learn from.
    pub(super) trained: bool,
}

impl Row {
    /// As the index wants it; `number` is its place in the history.
    pub(super) fn request(&self, number: usize) -> Request<'_> {
        Request {
            id: number as u128,
            reported_at: self.reported_at,
            closed_at: self.closed_at,
            title: &self.title,
            text: &self.text,
            spot: self.spot,
            address: &self.address,
            category: &self.category,
            requester: &self.requester,
            photo: self.photo,
            ..Request::default()
        }
    }
}

/// Requests in order of (instant, id), each id once.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) rows: Vec<Row>,
    numbers: HashMap<String, usize>,
}

impl History {
    /// Reads files; those of `tested` are judged, those of `others` only held.
    pub(super) fn read<'a>(
        tested: impl IntoIterator<Item = &'a Path>,
        others: impl IntoIterator<Item = &'a Path>,
        map: Option<&Map>,
    ) -> anyhow::Result<Self> {
        let mut rows: Vec<Row> = Vec::new();
        let mut places = HashMap::new();
        let all = tested.into_iter().map(|path| (path, true)).chain(others.into_iter().map(|path| (path, false)));
        for (path, tested) in all {
            for row in read(path, map).with_context(|| format!("reading {}", path.display()))? {
                match places.get(&row.id) {
                    Some(at) => {
                        let known: &mut Row = &mut rows[*at];
                        known.tested |= tested;
                        known.trained |= !tested;
                    }
                    None => {
                        places.insert(row.id.clone(), rows.len());
                        rows.push(Row { tested, trained: !tested, ..row });
                    }
                }
            }
        }
        Ok(Self::ordered(rows))
    }

    fn ordered(mut rows: Vec<Row>) -> Self {
        rows.sort_by(|a, b| a.reported_at.cmp(&b.reported_at).then_with(|| a.id.cmp(&b.id)));
        // Of one instant: by number where all are numbers. Comparing two by two would be no order where some are not.
        for same in rows.chunk_by_mut(|a, b| a.reported_at == b.reported_at) {
            let mut numbered: Vec<(i128, Row)> = Vec::new();
            if same.len() > 1 && same.iter().all(|row| row.id.parse::<i128>().is_ok()) {
                numbered.extend(same.iter_mut().map(|row| (row.id.parse().unwrap_or(0), std::mem::take(row))));
                numbered.sort_by_key(|(number, _)| *number);
                same.iter_mut().zip(numbered).for_each(|(place, (_, row))| *place = row);
            }
        }
        let numbers = rows.iter().enumerate().map(|(number, row)| (row.id.clone(), number)).collect();
        Self { rows, numbers }
    }

    /// The place of an id in the order.
    pub(super) fn number(&self, id: &str) -> Option<usize> {
        self.numbers.get(id).copied()
    }
}

/// What a file holds.
pub(super) fn open(path: &Path) -> anyhow::Result<Box<dyn BufRead + Send>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    unzipped(file).with_context(|| format!("reading {}", path.display()))
}

fn read(path: &Path, map: Option<&Map>) -> anyhow::Result<Vec<Row>> {
    let mut file = open(path)?;
    let first = file.fill_buf()?.iter().copied().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(b'{') { json_lines(file, map) } else { csv(file, map) }
}

fn json_lines(file: impl BufRead, map: Option<&Map>) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut known = map.cloned();
    for (line, text) in file.lines().enumerate() {
        let text = text?;
        if text.trim().is_empty() {
            continue;
        }
        let at = || format!("line {}", line + 1);
        let values: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).with_context(at)?;
        let map = match &mut known {
            Some(map) => map,
            none => none.insert(Map::recognised(&values.keys().cloned().collect::<Vec<_>>())?),
        };
        let cell = |name: &str| {
            values.get(name).map(|value| match value {
                serde_json::Value::String(text) => text.clone(),
                serde_json::Value::Null => String::new(),
                other @ (serde_json::Value::Bool(_)
                | serde_json::Value::Number(_)
                | serde_json::Value::Array(_)
                | serde_json::Value::Object(_)) => other.to_string(),
            })
        };
        rows.push(row(map, &cell).with_context(at)?);
    }
    Ok(rows)
}

fn csv(file: impl Read, map: Option<&Map>) -> anyhow::Result<Vec<Row>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let columns: Vec<String> =
        reader.headers()?.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
    let map = match map {
        Some(map) => map.clone(),
        None => Map::recognised(&columns)?,
    };
    let places: HashMap<&str, usize> = columns.iter().map(String::as_str).zip(0..).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        let cell = |name: &str| places.get(name).and_then(|at| record.get(*at)).map(str::to_owned);
        let at = || format!("line {}", record.position().map_or(0, csv::Position::line));
        rows.push(row(&map, &cell).with_context(at)?);
    }
    Ok(rows)
}

fn row(map: &Map, cell: &impl Fn(&str) -> Option<String>) -> anyhow::Result<Row> {
    let id = map.value("id", cell);
    anyhow::ensure!(!id.is_empty(), "the id is empty: leave the row out");
    let reported_at = map.instant("reported_at", cell)?;
    let degrees = |field: &str| map.value(field, cell).trim().parse::<f64>().ok();
    Ok(Row {
        id,
        reported_at: reported_at.context("reported_at is empty: without it nobody knows what came before")?,
        closed_at: map.instant("closed_at", cell)?,
        title: map.value("title", cell),
        text: map.value("text", cell),
        address: map.value("address", cell),
        category: map.value("category", cell),
        requester: map.value("requester", cell),
        spot: degrees("point.lat").zip(degrees("point.lon")).and_then(|(lat, lon)| Spot::new(lat, lon)),
        photo: match map.value("photo", cell).trim() {
            "1" | "true" | "yes" => Some(true),
            "0" | "false" | "no" => Some(false),
            _ => None,
        },
        tested: false,
        trained: false,
    })
}
