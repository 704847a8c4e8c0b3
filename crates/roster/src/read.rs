//! From the tables' text to rows: columns by name, every cell checked on its own.

mod workbook;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    str::FromStr,
};

use jiff::{
    ToSpan as _,
    civil::{Date, DateTime, Time},
};

use crate::{
    Cycle, Deputy, Duty, Exception, Person, Problem, Rank, Shift, Table, Tables, Times, Turn, check::HalfRead,
};

/// Between several values of one cell.
const LIST: char = '|';
/// People a shift needs when its row says nothing (D§14).
const MINIMUM: u32 = 2;

/// The tables of one roster as text (CSV in UTF-8). Exceptions and deputies may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files(BTreeMap<Table, String>);

/// What was read, and what could not be.
pub(crate) struct Read {
    pub(crate) tables: Tables,
    pub(crate) problems: Vec<Problem>,
    pub(crate) half_read: HalfRead,
}

impl Files {
    /// With one more table.
    #[must_use]
    pub fn with(mut self, table: Table, csv: impl Into<String>) -> Self {
        self.0.insert(table, csv.into());
        self
    }

    pub(crate) fn read(&self) -> Read {
        let mut read = Read { tables: Tables::default(), problems: Vec::new(), half_read: BTreeSet::new() };
        read.tables.people = self.table(Table::People, &mut read, person);
        read.tables.shifts = self.table(Table::Shifts, &mut read, shift);
        read.tables.duty = self.table(Table::Duty, &mut read, duty);
        read.tables.exceptions = self.table(Table::Exceptions, &mut read, exception);
        read.tables.deputies = self.table(Table::Deputies, &mut read, deputy);
        read
    }

    fn table<T>(&self, file: Table, read: &mut Read, parse: fn(&mut Line<'_>) -> Option<T>) -> Vec<T> {
        let Some(text) = self.0.get(&file) else {
            if !file.may_be_missing() {
                read.problems.push(Problem::new(
                    file,
                    1,
                    "",
                    "is missing; it may have no lines, but needs its heading",
                ));
            }
            return Vec::new();
        };
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let at = match reader.headers() {
            Ok(heading) => places(file, heading, &mut read.problems),
            Err(_) => {
                read.problems.push(Problem::new(file, 1, "", NO_CSV));
                None
            }
        };
        let Some(at) = at else { return Vec::new() };
        let mut rows = Vec::new();
        for record in reader.records() {
            match record {
                // A line of empty cells is what a spreadsheet leaves between others.
                Ok(record) if record.iter().all(str::is_empty) => {}
                Ok(record) => {
                    let row = row(record.position());
                    let before = read.problems.len();
                    let mut line = Line { file, row, at: &at, record: &record, problems: &mut read.problems };
                    match parse(&mut line) {
                        Some(parsed) if read.problems.len() == before => rows.push(parsed),
                        Some(_) | None => {
                            read.half_read.insert((file, record.get(0).unwrap_or_default().to_owned()));
                        }
                    }
                }
                Err(e) => read.problems.push(Problem::new(file, row(e.position()), "", broken(&e))),
            }
        }
        rows
    }
}

const NO_CSV: &str = "is no CSV in UTF-8; check quotes and the file's encoding";

fn row(position: Option<&csv::Position>) -> u32 {
    u32::try_from(position.map_or(0, csv::Position::line)).unwrap_or(u32::MAX)
}

fn broken(e: &csv::Error) -> String {
    if let csv::ErrorKind::UnequalLengths { expected_len, len, .. } = e.kind() {
        return format!(
            "has {len} cells, the heading has {expected_len}; a comma inside a cell needs quotes around the cell"
        );
    }
    NO_CSV.to_owned()
}

impl Table {
    /// Its columns; each must be there, and stand empty where it does not apply.
    #[must_use]
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::People => &["person", "unit", "team", "jobs", "skills", "areas", "capacity", "phone", "backup_phone"],
            Self::Shifts => &["shift", "unit", "from", "until", "days", "minimum", "cycle", "anchor"],
            Self::Duty => &["shift", "group", "person", "rank", "from", "until"],
            Self::Exceptions => &[
                "kind",
                "person",
                "shift",
                "date",
                "other",
                "other_shift",
                "other_date",
                "rank",
                "from",
                "until",
                "note",
            ],
            Self::Deputies => &["person", "deputy", "from", "until"],
        }
    }

    const fn may_be_missing(self) -> bool {
        match self {
            Self::People | Self::Shifts | Self::Duty => false,
            Self::Exceptions | Self::Deputies => true,
        }
    }
}

/// Where each column stands; none when any is missing, strange or twice.
fn places(file: Table, heading: &csv::StringRecord, problems: &mut Vec<Problem>) -> Option<BTreeMap<String, usize>> {
    let columns = file.columns();
    let mut at = BTreeMap::new();
    let before = problems.len();
    for (place, column) in heading.iter().enumerate() {
        if !columns.contains(&column) {
            let text = format!("is no column of this table; its columns are {}", columns.join(", "));
            problems.push(Problem::new(file, 1, column, text));
        } else if at.insert(column.to_owned(), place).is_some() {
            problems.push(Problem::new(file, 1, column, "stands twice"));
        }
    }
    for column in columns.iter().filter(|column| !at.contains_key(**column)) {
        let text = "is missing; add the column, empty where it does not apply";
        problems.push(Problem::new(file, 1, column, text));
    }
    (problems.len() == before).then_some(at)
}

/// One line of one table.
struct Line<'a> {
    file: Table,
    row: u32,
    at: &'a BTreeMap<String, usize>,
    record: &'a csv::StringRecord,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Line<'a> {
    fn cell(&self, column: &str) -> &'a str {
        self.at.get(column).and_then(|place| self.record.get(*place)).unwrap_or("")
    }

    fn say(&mut self, column: &str, text: impl Into<String>) {
        self.problems.push(Problem::new(self.file, self.row, column, text));
    }

    fn read<T>(&mut self, column: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match read(self.cell(column)) {
            Ok(value) => Some(value),
            Err(text) => {
                self.say(column, text);
                None
            }
        }
    }

    /// A value that must be there.
    fn must<T: FromStr<Err: Display>>(&mut self, column: &str) -> Option<T> {
        self.read(column, |cell| if cell.is_empty() { Err("is empty".to_owned()) } else { parse(cell) })
    }

    /// A value that may be left out.
    fn may<T: FromStr<Err: Display>>(&mut self, column: &str) -> Option<Option<T>> {
        self.read(column, |cell| if cell.is_empty() { Ok(None) } else { parse(cell).map(Some) })
    }

    fn list<T: FromStr<Err: Display>>(&mut self, column: &str) -> Option<Vec<T>> {
        self.read(column, |cell| cell.split(LIST).map(str::trim).filter(|word| !word.is_empty()).map(parse).collect())
    }

    fn date(&mut self, column: &str) -> Option<Date> {
        self.read(column, |cell| if cell.is_empty() { Err("is empty".to_owned()) } else { date(cell) })
    }

    fn may_date(&mut self, column: &str) -> Option<Option<Date>> {
        self.read(column, |cell| if cell.is_empty() { Ok(None) } else { date(cell).map(Some) })
    }

    fn must_be_empty(&mut self, columns: &[&str], kind: &str) {
        for column in columns {
            if !self.cell(column).is_empty() {
                self.say(column, format!("means nothing for {kind}; leave it empty"));
            }
        }
    }
}

fn parse<T: FromStr<Err: Display>>(cell: &str) -> Result<T, String> {
    cell.parse().map_err(|e: T::Err| format!("`{cell}`: {e}"))
}

fn date(cell: &str) -> Result<Date, String> {
    let date = cell.parse::<Date>().ok().filter(|date| date.to_string() == cell);
    date.ok_or_else(|| format!("`{cell}` is no date; write it like 2026-10-01"))
}

/// `2026-10-01T14:00`, or a date for its first moment.
fn moment(cell: &str) -> Result<DateTime, String> {
    if let Ok(date) = date(cell) {
        return Ok(date.to_datetime(Time::midnight()));
    }
    let time = cell.parse::<DateTime>().ok().filter(|_| cell.contains(['T', ' ']));
    time.ok_or_else(|| format!("`{cell}` is no date or time; write it like 2026-10-01 or 2026-10-01T14:00"))
}

fn person(line: &mut Line<'_>) -> Option<Person> {
    let number = |cell: &str| cell.parse().map_err(|_| format!("`{cell}` is no whole number, such as 20"));
    let (code, unit, team) = (line.must("person"), line.must("unit"), line.may("team"));
    let (jobs, skills, areas) = (line.list("jobs"), line.list("skills"), line.list("areas"));
    let capacity = line.read("capacity", |cell| if cell.is_empty() { Ok(None) } else { number(cell).map(Some) });
    Some(Person {
        row: line.row,
        code: code?,
        unit: unit?,
        team: team?,
        jobs: jobs?,
        skills: skills?,
        areas: areas?,
        capacity: capacity?,
        phone: line.cell("phone").to_owned(),
        backup_phone: line.cell("backup_phone").to_owned(),
    })
}

fn shift(line: &mut Line<'_>) -> Option<Shift> {
    let (code, unit, days) = (line.must("shift"), line.may("unit"), line.may("days"));
    let from = line.cell("from").to_owned();
    let times = line.read("until", |until| Times::parse(&from, until).map_err(|e| e.problem));
    let minimum = line.read("minimum", |cell| match cell {
        "" => Ok(MINIMUM),
        cell => cell.parse().map_err(|_| format!("`{cell}` is no whole number, such as 2")),
    });
    let (anchor, letters) = (line.may_date("anchor")?, line.cell("cycle").to_owned());
    let cycle = match (letters.as_str(), anchor) {
        ("", None) => Some(None),
        ("", Some(_)) => line.read("cycle", |_| Err("is empty, but there is an anchor; write one letter a day".into())),
        (_, None) => line.read("anchor", |_| Err("is empty; write the date of the first letter of the cycle".into())),
        (_, Some(anchor)) => line.read("cycle", |cell| Cycle::new(cell, anchor).map(Some).map_err(|e| e.problem)),
    };
    Some(Shift {
        row: line.row,
        code: code?,
        unit: unit?,
        times: times?,
        days: days?.unwrap_or_default(),
        minimum: minimum?,
        cycle: cycle?,
    })
}

fn duty(line: &mut Line<'_>) -> Option<Duty> {
    let (shift, group, person) = (line.must("shift"), line.may("group"), line.must("person"));
    let (rank, from, until) = (line.may("rank"), line.may_date("from"), line.may_date("until"));
    Some(Duty {
        row: line.row,
        shift: shift?,
        group: group?,
        person: person?,
        rank: rank?.unwrap_or(Rank::Duty),
        from: from?,
        until: until?,
    })
}

fn exception(line: &mut Line<'_>) -> Option<Exception> {
    let row = line.row;
    match line.cell("kind") {
        "leave" => {
            line.must_be_empty(&["shift", "date", "other", "other_shift", "other_date", "rank"], "leave");
            let (person, from) = (line.must("person"), line.read("from", moment));
            // A date is its whole day.
            let until = line.read("until", |cell| match date(cell) {
                Ok(day) => Ok(day.saturating_add(1.day()).to_datetime(Time::midnight())),
                Err(_) => moment(cell),
            });
            Some(Exception::Leave { row, person: person?, from: from?, until: until? })
        }
        "swap" => {
            line.must_be_empty(&["rank", "from", "until"], "a swap");
            let one = turn(line, ["person", "shift", "date"]);
            let other = turn(line, ["other", "other_shift", "other_date"]);
            Some(Exception::Swap { row, one: one?, other: other? })
        }
        "extra" => {
            line.must_be_empty(&["other", "other_shift", "other_date", "from", "until"], "extra duty");
            let (turn, rank) = (turn(line, ["person", "shift", "date"]), line.may("rank"));
            Some(Exception::Extra { row, turn: turn?, rank: rank?.unwrap_or(Rank::Staff) })
        }
        other => {
            let text = format!("`{other}` is no kind of exception; write leave, swap or extra");
            line.say("kind", text);
            None
        }
    }
}

fn turn(line: &mut Line<'_>, [person, shift, day]: [&str; 3]) -> Option<Turn> {
    let (person, shift, date) = (line.must(person), line.must(shift), line.date(day));
    Some(Turn { person: person?, shift: shift?, date: date? })
}

fn deputy(line: &mut Line<'_>) -> Option<Deputy> {
    let (person, deputy) = (line.must("person"), line.must("deputy"));
    let (from, until) = (line.may_date("from"), line.may_date("until"));
    Some(Deputy { row: line.row, person: person?, deputy: deputy?, from: from?, until: until? })
}
