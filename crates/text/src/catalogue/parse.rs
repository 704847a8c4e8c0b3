//! From the tables' text to rows: columns by name, every cell checked on its own.

use std::fmt::Display;
use std::str::FromStr;

use suban_domain::{AreaCode, MatterCode, Point, UnitCode};

use super::{Area, Leads, Matter, Problem, Rows, Rule, Table, Tables, Unit};
use crate::reading::Keyword;

/// Between several values of one cell.
const LIST: char = '|';
/// Between a keyword and its weight.
const WEIGHT: char = '*';
/// The word for "the office of the sub-district where it happened".
const STREET: &str = "street";
/// Heaviest word, either way.
const HEAVIEST: i32 = 20;

pub(super) fn rows(tables: &Tables<'_>, problems: &mut Vec<Problem>) -> Rows {
    Rows {
        areas: read(Table::Areas, tables.areas, AREAS, problems, area),
        units: read(Table::Units, tables.units, UNITS, problems, unit),
        matters: read(Table::Matters, tables.matters, MATTERS, problems, matter),
        rules: if tables.rules.trim().is_empty() {
            Vec::new()
        } else {
            read(Table::Rules, tables.rules, RULES, problems, rule)
        },
    }
}

const AREAS: &[&str] = &["code", "name", "level", "parent", "lat", "lon", "aliases", "estates", "roads"];
const UNITS: &[&str] = &["code", "name", "kind", "parent", "area", "duty_24h", "peer_group"];
const MATTERS: &[&str] = &[
    "code",
    "level1",
    "level2",
    "name",
    "synonyms",
    "keywords",
    "kind",
    "urgency",
    "lead",
    "assists",
    "dept_only",
    "personal",
    "merge",
    "radius_m",
    "handle_hours",
];
const RULES: &[&str] = &["matter", "area", "lead", "assists", "note"];

/// One line of one table.
struct Line<'a> {
    file: Table,
    row: u32,
    columns: &'a [&'static str],
    /// Place of each column in the record.
    at: &'a [usize],
    record: csv::StringRecord,
    problems: &'a mut Vec<Problem>,
}

fn read<T>(
    file: Table,
    text: &str,
    columns: &'static [&'static str],
    problems: &mut Vec<Problem>,
    parse: fn(&mut Line<'_>) -> Option<T>,
) -> Vec<T> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let heading = match reader.headers() {
        Ok(heading) => heading.clone(),
        Err(e) => {
            problems.push(Problem { file, row: 1, column: String::new(), text: broken(&e) });
            return Vec::new();
        }
    };
    let found = problems.len();
    for (n, column) in heading.iter().enumerate() {
        let text = if !columns.contains(&column) {
            format!("is no column of this table; its columns are {}", columns.join(", "))
        } else if heading.iter().take(n).any(|earlier| earlier == column) {
            "stands twice".to_owned()
        } else {
            continue;
        };
        problems.push(Problem { file, row: 1, column: column.to_owned(), text });
    }
    let mut at = Vec::with_capacity(columns.len());
    for column in columns {
        match heading.iter().position(|h| h == *column) {
            Some(place) => at.push(place),
            None => problems.push(Problem {
                file,
                row: 1,
                column: (*column).to_owned(),
                text: "is missing; add the column, empty where it does not apply".to_owned(),
            }),
        }
    }
    if problems.len() > found {
        return Vec::new();
    }
    let mut rows = Vec::new();
    for (n, record) in reader.records().enumerate() {
        match record {
            Ok(record) => {
                let row = record.position().map_or(n as u64 + 2, csv::Position::line);
                let row = u32::try_from(row).unwrap_or(u32::MAX);
                rows.extend(parse(&mut Line { file, row, columns, at: &at, record, problems }));
            }
            Err(e) => {
                let row = e.position().map_or(n as u64 + 2, csv::Position::line);
                let row = u32::try_from(row).unwrap_or(u32::MAX);
                problems.push(Problem { file, row, column: String::new(), text: broken(&e) });
            }
        }
    }
    rows
}

fn broken(e: &csv::Error) -> String {
    if let csv::ErrorKind::UnequalLengths { expected_len, len, .. } = e.kind() {
        return format!(
            "has {len} cells, the heading has {expected_len}; a comma inside a cell needs quotes around the cell"
        );
    }
    "is no CSV in UTF-8; check quotes and the file's encoding".to_owned()
}

impl Line<'_> {
    fn cell(&self, column: &str) -> &str {
        let place = self.columns.iter().position(|c| *c == column).and_then(|n| self.at.get(n));
        place.and_then(|p| self.record.get(*p)).unwrap_or("")
    }

    fn problem(&mut self, column: &str, text: impl Into<String>) {
        self.problems.push(Problem { file: self.file, row: self.row, column: column.to_owned(), text: text.into() });
    }

    /// A cell that must hold a value.
    fn value<T: FromStr<Err: Display>>(&mut self, column: &str) -> Option<T> {
        if self.cell(column).is_empty() {
            self.problem(column, "is empty");
            return None;
        }
        self.optional(column)?
    }

    /// A cell that may be empty. The outer `None` is a problem.
    #[expect(clippy::option_option, reason = "outer: the cell is bad and reported; inner: the cell is empty")]
    fn optional<T: FromStr<Err: Display>>(&mut self, column: &str) -> Option<Option<T>> {
        match self.cell(column) {
            "" => Some(None),
            cell => match cell.parse() {
                Ok(value) => Some(Some(value)),
                Err(e) => {
                    let text = format!("`{cell}`: {e}");
                    self.problem(column, text);
                    None
                }
            },
        }
    }

    fn yes(&mut self, column: &str) -> Option<bool> {
        match self.cell(column) {
            "yes" => Some(true),
            "no" | "" => Some(false),
            other => {
                let text = format!("`{other}`: must be yes or no");
                self.problem(column, text);
                None
            }
        }
    }

    fn text(&mut self, column: &str) -> Option<String> {
        self.value(column)
    }

    fn list(&mut self, column: &str) -> Vec<String> {
        let cell = self.cell(column).to_owned();
        if cell.is_empty() {
            return Vec::new();
        }
        let mut list: Vec<String> = Vec::new();
        for value in cell.split(LIST).map(str::trim) {
            if value.is_empty() {
                self.problem(column, "has an empty value between two |");
            } else if list.iter().any(|earlier| earlier == value) {
                self.problem(column, format!("`{value}` stands twice"));
            } else {
                list.push(value.to_owned());
            }
        }
        list
    }

    fn leads(&mut self, column: &str, value: &str) -> Option<Leads> {
        if value == STREET {
            return Some(Leads::Street);
        }
        match UnitCode::new(value) {
            Ok(unit) => Some(Leads::Unit(unit)),
            Err(e) => {
                self.problem(column, format!("`{value}`: {e}"));
                None
            }
        }
    }

    fn lead(&mut self) -> Option<Leads> {
        let value = self.text("lead")?;
        self.leads("lead", &value)
    }

    fn assists(&mut self) -> Vec<Leads> {
        let list = self.list("assists");
        list.iter().filter_map(|value| self.leads("assists", value)).collect()
    }

    fn keywords(&mut self) -> Vec<Keyword> {
        let mut keywords: Vec<Keyword> = Vec::new();
        for value in self.list("keywords") {
            let keyword = match value.split_once(WEIGHT) {
                None => Keyword::plain(value),
                Some((text, weight)) => match weight.parse::<i32>() {
                    Ok(weight) if weight != 0 && weight.abs() <= HEAVIEST && !text.is_empty() => {
                        Keyword { text: text.trim().to_owned(), weight }
                    }
                    _ => {
                        let text =
                            format!("`{value}`: a weight is a whole number from -{HEAVIEST} to {HEAVIEST}, not 0");
                        self.problem("keywords", text);
                        continue;
                    }
                },
            };
            if keywords.iter().any(|earlier| earlier.text == keyword.text) {
                self.problem("keywords", format!("`{}` stands twice", keyword.text));
            }
            keywords.push(keyword);
        }
        keywords
    }
}

fn area(line: &mut Line<'_>) -> Option<Area> {
    let (code, name, level) = (line.value::<AreaCode>("code"), line.text("name"), line.value("level"));
    let parent = line.optional::<AreaCode>("parent");
    let centre = match (line.optional::<f64>("lat"), line.optional::<f64>("lon")) {
        (Some(Some(lat)), Some(Some(lon))) => match Point::new(lat, lon) {
            Ok(point) => Some(Some(point)),
            Err(e) => {
                line.problem("lat", e.to_string());
                None
            }
        },
        (Some(None), Some(None)) => Some(None),
        (Some(Some(_)), Some(None)) => {
            line.problem("lon", "is empty though lat is given");
            None
        }
        (Some(None), Some(Some(_))) => {
            line.problem("lat", "is empty though lon is given");
            None
        }
        (None, _) | (_, None) => None,
    };
    let (aliases, estates, roads) = (line.list("aliases"), line.list("estates"), line.list("roads"));
    let row = line.row;
    Some(Area {
        row,
        code: code?,
        name: name?,
        level: level?,
        parent: parent?,
        centre: centre?,
        aliases,
        estates,
        roads,
    })
}

fn unit(line: &mut Line<'_>) -> Option<Unit> {
    let (code, name, kind) = (line.value::<UnitCode>("code"), line.text("name"), line.value("kind"));
    let (parent, area) = (line.optional::<UnitCode>("parent"), line.optional::<AreaCode>("area"));
    let (duty_24h, peer_group) = (line.yes("duty_24h"), line.text("peer_group"));
    let row = line.row;
    Some(Unit {
        row,
        code: code?,
        name: name?,
        kind: kind?,
        parent: parent?,
        area: area?,
        duty_24h: duty_24h?,
        peer_group: peer_group?,
    })
}

fn matter(line: &mut Line<'_>) -> Option<Matter> {
    let code = line.value::<MatterCode>("code");
    let (level1, level2, name) = (line.text("level1"), line.text("level2"), line.text("name"));
    let (synonyms, keywords) = (line.list("synonyms"), line.keywords());
    if keywords.is_empty() && line.cell("keywords").is_empty() {
        line.problem("keywords", "is empty; without words nobody's message is read as this matter");
    }
    let (kind, urgency) = (line.value("kind"), line.value("urgency"));
    let (lead, assists) = (line.lead(), line.assists());
    let (dept_only, personal) = (line.yes("dept_only"), line.yes("personal"));
    let (merge, radius_m) = (line.value("merge"), line.optional("radius_m"));
    let handle_hours = line.optional("handle_hours");
    let row = line.row;
    Some(Matter {
        row,
        code: code?,
        level1: level1?,
        level2: level2?,
        name: name?,
        synonyms,
        keywords,
        kind: kind?,
        urgency: urgency?,
        lead: lead?,
        assists,
        dept_only: dept_only?,
        personal: personal?,
        merge: merge?,
        radius_m: radius_m?,
        handle_hours: handle_hours?,
    })
}

fn rule(line: &mut Line<'_>) -> Option<Rule> {
    let (matter, area) = (line.value::<MatterCode>("matter"), line.value::<AreaCode>("area"));
    let (lead, assists, note) = (line.lead(), line.assists(), line.text("note"));
    let row = line.row;
    Some(Rule { row, matter: matter?, area: area?, lead: lead?, assists, note: note? })
}
