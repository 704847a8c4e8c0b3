//! A CSV of past tickets, of which only the columns asked for are looked at.
//!
//! Each different value is kept once, so that a million rows take some tens of megabytes.

use std::{collections::HashMap, fs::File, io::Read, path::Path};

use anyhow::Context as _;
use jiff::civil::{Date, date};

use crate::unzipped::unzipped;

/// Which columns.
pub(super) struct Columns<'a> {
    pub(super) label: &'a str,
    pub(super) features: &'a [String],
    pub(super) time: &'a str,
}

/// Tickets in order of their day; those of one day as in the file.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Days since 1970-01-01.
    pub(super) days: Vec<i32>,
    labels: Vec<u32>,
    /// `rows × features`.
    cells: Vec<u32>,
    width: usize,
    values: Values,
}

#[derive(Debug, Default)]
struct Values {
    numbers: HashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
}

impl Values {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(Box::from(text));
        self.numbers.insert(Box::from(text), number);
        number
    }
}

/// The day of 1970-01-01 from which days are counted.
const EPOCH: Date = date(1970, 1, 1);

/// The date of a day by its number.
pub(super) fn date_of(day: i32) -> anyhow::Result<Date> {
    Ok(EPOCH.checked_add(jiff::Span::new().try_days(day)?)?)
}

/// Days since 1970-01-01.
pub(super) fn day_number(day: Date) -> i32 {
    i32::try_from(day.duration_since(EPOCH).as_hours() / 24).unwrap_or(i32::MAX)
}

impl Table {
    /// Reads a file.
    pub(super) fn read(path: &Path, columns: &Columns<'_>) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let read = || Self::from_csv(unzipped(file)?, columns);
        read().with_context(|| format!("cannot read {}", path.display()))
    }

    fn from_csv(input: impl Read, columns: &Columns<'_>) -> anyhow::Result<Self> {
        let mut reader = csv::Reader::from_reader(input);
        let heading = reader.headers()?.clone();
        anyhow::ensure!(!heading.is_empty(), "the file is empty: it needs a heading and rows");
        let names: Vec<&str> = heading.iter().map(|name| name.trim_start_matches('\u{feff}').trim()).collect();
        let at = |column: &str| {
            let found = names.iter().position(|name| *name == column);
            found.with_context(|| format!("there is no column {column:?}; there are: {}", names.join(", ")))
        };
        let (label, time) = (at(columns.label)?, at(columns.time)?);
        let features = columns.features.iter().map(|name| at(name)).collect::<anyhow::Result<Vec<usize>>>()?;
        let mut table = Self { width: features.len(), ..Self::default() };
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record)? {
            let cell = |at: usize| record.get(at).unwrap_or("").trim();
            let line = || record.position().map_or(0, csv::Position::line);
            let day = day(cell(time)).with_context(|| {
                let (text, name) = (cell(time), columns.time);
                format!("line {}: {name} is {text:?}, but must begin with a day such as 2018-10-31", line())
            })?;
            anyhow::ensure!(!cell(label).is_empty(), "line {}: {} is empty: leave the row out", line(), columns.label);
            table.days.push(day);
            table.labels.push(table.values.number(cell(label)));
            for &feature in &features {
                table.cells.push(table.values.number(cell(feature)));
            }
        }
        anyhow::ensure!(!table.days.is_empty(), "there are no rows under the heading");
        table.sort();
        Ok(table)
    }

    fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.days.len()).collect();
        order.sort_by_key(|&row| self.days[row]);
        self.cells = order.iter().flat_map(|row| &self.cells[row * self.width..][..self.width]).copied().collect();
        self.labels = order.iter().map(|&row| self.labels[row]).collect();
        self.days = order.iter().map(|&row| self.days[row]).collect();
    }

    /// What was known of a row, in the order of the columns asked for.
    pub(super) fn features(&self, row: usize) -> impl Iterator<Item = &str> {
        let cells = &self.cells[row * self.width..][..self.width];
        cells.iter().map(|&value| &*self.values.texts[value as usize])
    }

    /// Who did it.
    pub(super) fn label(&self, row: usize) -> &str {
        &self.values.texts[self.labels[row] as usize]
    }

    /// Adds the later rows of a table of the same columns. Rows of days before the last that is here already are
    /// taken for rows of that day; answers how many there were.
    pub(super) fn extend(&mut self, later: &Self) -> usize {
        let end = self.days.last().copied().unwrap_or(i32::MIN);
        for row in 0..later.days.len() {
            self.days.push(later.days[row].max(end));
            self.labels.push(self.values.number(later.label(row)));
            for value in later.features(row) {
                self.cells.push(self.values.number(value));
            }
        }
        later.days.partition_point(|day| *day < end)
    }
}

/// The day that a text begins with.
fn day(text: &str) -> Option<i32> {
    let written = text.split(['T', ' ']).next()?.replace('/', "-");
    Some(day_number(written.parse::<Date>().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\u{feff}id,day,street,unit,outcome\n1,2018/10/02,碧岭,a,on time\n2,2018-10-01 09:30:00,坑梓,b,late\n3,2018-10-01T08:00:00Z,碧岭,a,late\n";

    fn read(file: &str, features: &[&str]) -> anyhow::Result<Table> {
        let features: Vec<String> = features.iter().map(|name| (*name).to_owned()).collect();
        Table::from_csv(file.as_bytes(), &Columns { label: "unit", features: &features, time: "day" })
    }

    #[test]
    fn rows_come_in_order_of_their_day_and_else_as_they_stand() {
        let table = read(FILE, &["street"]).unwrap();
        assert_eq!(table.days, [17_805, 17_805, 17_806]);
        let rows: Vec<_> = (0..3).map(|row| (table.features(row).collect::<String>(), table.label(row))).collect();
        assert_eq!(rows, [("坑梓".to_owned(), "b"), ("碧岭".to_owned(), "a"), ("碧岭".to_owned(), "a")]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let told = |file: &str, features: &[&str]| format!("{:#}", read(file, features).unwrap_err());
        assert_eq!(
            told(FILE, &["community"]),
            "there is no column \"community\"; there are: id, day, street, unit, outcome"
        );
        assert!(told("day,unit\n2018-10-01,a\nyesterday,b\n", &[]).starts_with("line 3: day is \"yesterday\""));
        assert!(told("day,unit\n2018-10-01,\n", &[]).starts_with("line 2: unit is empty"));
        assert!(told("", &[]).starts_with("the file is empty"));
        assert!(told("day,unit\n", &[]).starts_with("there are no rows"));
    }
}
