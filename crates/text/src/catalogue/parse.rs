//! From the tables' text to rows: columns by name, every cell checked on its own.

use std::fmt::Display;
use std::str::FromStr;

use suban_domain::{AreaCode, MatterCode, Point, UnitCode};

use suban_workbook::letters;

use super::times::{Day, Days};
use super::{Area, AreaLevel, Leads, Matter, Problem, Rows, Rule, Table, Tables, Unit};
use crate::reading::Keyword;

/// Between several values of one cell.
pub(super) const LIST: char = '|';
/// Between a keyword and its weight.
pub(super) const WEIGHT: char = '*';
/// The word for "the office of the sub-district where it happened".
pub(super) const STREET: &str = "street";
/// Heaviest word, either way.
const HEAVIEST: i32 = 20;

/// A table as it was handed in: its heading, and its lines with the numbers that people see beside them.
pub(super) struct Sheet<I> {
    pub(super) file: Table,
    pub(super) heading: csv::StringRecord,
    pub(super) heading_row: u32,
    /// Of a workbook, where a cell is named by its column's letter.
    pub(super) workbook: bool,
    pub(super) lines: I,
}

/// One line, or why it is none.
pub(super) type Numbered = Result<(u32, csv::StringRecord), (u32, String)>;

pub(super) fn rows(tables: &Tables<'_>, problems: &mut Vec<Problem>) -> Rows {
    let mut rows = Rows::default();
    for (file, text) in [
        (Table::Areas, tables.areas),
        (Table::Units, tables.units),
        (Table::Matters, tables.matters),
        (Table::Rules, tables.rules),
    ] {
        if file == Table::Rules && text.trim().is_empty() {
            continue;
        }
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let heading = match reader.headers() {
            Ok(heading) => heading.clone(),
            Err(e) => {
                problems.push(Problem { file, row: 1, column: String::new(), letter: None, text: broken(&e) });
                continue;
            }
        };
        let number = |line: Option<u64>, n: usize| u32::try_from(line.unwrap_or(n as u64 + 2)).unwrap_or(u32::MAX);
        let lines = reader.records().enumerate().map(|(n, record)| match record {
            Ok(record) => Ok((number(record.position().map(csv::Position::line), n), record)),
            Err(e) => Err((number(e.position().map(csv::Position::line), n), broken(&e))),
        });
        rows.take(Sheet { file, heading, heading_row: 1, workbook: false, lines }, problems);
    }
    rows
}

impl Rows {
    /// Reads one table into its place.
    pub(super) fn take(&mut self, sheet: Sheet<impl Iterator<Item = Numbered>>, problems: &mut Vec<Problem>) {
        match sheet.file {
            Table::Areas => self.areas = read(sheet, problems, area),
            Table::Units => self.units = read(sheet, problems, unit),
            Table::Matters => self.matters = read(sheet, problems, matter),
            Table::Rules => self.rules = read(sheet, problems, rule),
        }
    }
}

/// The columns of a table, in the order in which it is written.
pub(super) const fn columns(file: Table) -> &'static [&'static str] {
    match file {
        Table::Areas => AREAS,
        Table::Units => UNITS,
        Table::Matters => MATTERS,
        Table::Rules => RULES,
    }
}

const AREAS: &[&str] = &["code", "name", "level", "parent", "lat", "lon", "aliases", "estates", "roads"];
const UNITS: &[&str] = &["code", "name", "kind", "parent", "area", "duty_24h", "peer_group", "formerly"];
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
    "phrases",
    "basis",
    "from",
    "until",
];
const RULES: &[&str] =
    &["matter", "area", "lead", "assists", "note", "hours", "subject", "from", "until", "level", "basis"];
/// Columns that a file may leave out.
const OPTIONAL: &[&str] = &["formerly", "phrases", "hours", "subject", "from", "until", "level", "basis"];

/// One line of one table.
struct Line<'a> {
    file: Table,
    row: u32,
    columns: &'a [&'static str],
    /// Place of each column in the record; none where the file has no such column.
    at: &'a [Option<usize>],
    workbook: bool,
    record: csv::StringRecord,
    problems: &'a mut Vec<Problem>,
}

fn read<T>(
    sheet: Sheet<impl Iterator<Item = Numbered>>,
    problems: &mut Vec<Problem>,
    parse: fn(&mut Line<'_>) -> Option<T>,
) -> Vec<T> {
    let Sheet { file, heading, heading_row, workbook, lines } = sheet;
    let columns = columns(file);
    let found = problems.len();
    let letter = |place: Option<usize>| workbook.then(|| place.map(letters).unwrap_or_default());
    for (n, column) in heading.iter().enumerate() {
        let text = if !columns.contains(&column) {
            format!("is no column of this table; its columns are {}", columns.join(", "))
        } else if heading.iter().take(n).any(|earlier| earlier == column) {
            "stands twice".to_owned()
        } else {
            continue;
        };
        let column = column.to_owned();
        problems.push(Problem { file, row: heading_row, column, letter: letter(Some(n)), text });
    }
    let mut at = Vec::with_capacity(columns.len());
    for column in columns {
        let place = heading.iter().position(|h| h == *column);
        if place.is_none() && !OPTIONAL.contains(column) {
            let text = "is missing; add the column, empty where it does not apply".to_owned();
            let column = (*column).to_owned();
            problems.push(Problem { file, row: heading_row, column, letter: letter(None), text });
        }
        at.push(place);
    }
    if problems.len() > found {
        return Vec::new();
    }
    let mut rows = Vec::new();
    for line in lines {
        match line {
            Ok((row, record)) => {
                rows.extend(parse(&mut Line { file, row, columns, at: &at, workbook, record, problems }));
            }
            Err((row, text)) => {
                problems.push(Problem { file, row, column: String::new(), letter: letter(None), text });
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
        self.place(column).and_then(|p| self.record.get(p)).unwrap_or("")
    }

    fn place(&self, column: &str) -> Option<usize> {
        let n = self.columns.iter().position(|c| *c == column)?;
        self.at.get(n).copied().flatten()
    }

    fn problem(&mut self, column: &str, text: impl Into<String>) {
        let letter = self.workbook.then(|| self.place(column).map(letters).unwrap_or_default());
        let column = column.to_owned();
        self.problems.push(Problem { file: self.file, row: self.row, column, letter, text: text.into() });
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

    /// Codes of units, of this catalogue or of an earlier one.
    fn codes(&mut self, column: &str) -> Vec<UnitCode> {
        let mut codes = Vec::new();
        for value in self.list(column) {
            match UnitCode::new(value.as_str()) {
                Ok(code) => codes.push(code),
                Err(e) => self.problem(column, format!("`{value}`: {e}")),
            }
        }
        codes
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

impl Line<'_> {
    fn days(&mut self) -> Option<Days> {
        let (from, until) = (self.optional::<Day>("from"), self.optional::<Day>("until"));
        Some(Days { from: from?.map(|day| day.0), until: until?.map(|day| day.0) })
    }

    /// The level in the tables' word or in the field's: 市, 区, 街, 社.
    #[expect(clippy::option_option, reason = "outer: the cell is bad and reported; inner: the cell is empty")]
    fn level(&mut self) -> Option<Option<AreaLevel>> {
        match self.cell("level") {
            "省" => Some(Some(AreaLevel::Province)),
            "市" => Some(Some(AreaLevel::City)),
            "区" => Some(Some(AreaLevel::District)),
            "街" => Some(Some(AreaLevel::SubDistrict)),
            "社" => Some(Some(AreaLevel::Community)),
            _ => self.optional("level"),
        }
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
    let formerly = line.codes("formerly");
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
        formerly,
    })
}

fn matter(line: &mut Line<'_>) -> Option<Matter> {
    let code = line.value::<MatterCode>("code");
    let (level1, level2, name) = (line.text("level1"), line.text("level2"), line.text("name"));
    let (synonyms, keywords) = (line.list("synonyms"), line.keywords());
    let phrases = line.list("phrases");
    if keywords.is_empty() && phrases.is_empty() && line.cell("keywords").is_empty() {
        line.problem("keywords", "is empty; without words nobody's message is read as this matter");
    }
    let (kind, urgency) = (line.value("kind"), line.value("urgency"));
    let (lead, assists) = (line.lead(), line.assists());
    let (dept_only, personal) = (line.yes("dept_only"), line.yes("personal"));
    let (merge, radius_m) = (line.value("merge"), line.optional("radius_m"));
    let handle_hours = line.optional("handle_hours");
    let (days, basis) = (line.days(), line.cell("basis").to_owned());
    let row = line.row;
    Some(Matter {
        row,
        code: code?,
        level1: level1?,
        level2: level2?,
        name: name?,
        synonyms,
        keywords,
        phrases,
        kind: kind?,
        urgency: urgency?,
        lead: lead?,
        assists,
        dept_only: dept_only?,
        personal: personal?,
        merge: merge?,
        radius_m: radius_m?,
        handle_hours: handle_hours?,
        basis,
        days: days?,
    })
}

fn rule(line: &mut Line<'_>) -> Option<Rule> {
    let (matter, area) = (line.value::<MatterCode>("matter"), line.value::<AreaCode>("area"));
    let (lead, assists, note) = (line.lead(), line.assists(), line.text("note"));
    let (hours, subject, days) = (line.optional("hours"), line.list("subject"), line.days());
    let (level, basis) = (line.level(), line.cell("basis").to_owned());
    let row = line.row;
    Some(Rule {
        row,
        matter: matter?,
        area: area?,
        lead: lead?,
        assists,
        note: note?,
        hours: hours?,
        subject,
        days: days?,
        level: level?,
        basis,
    })
}
