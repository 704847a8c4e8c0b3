//! From rows back to the tables' text, every column in its order: what is read again is the same.

use std::fmt::Display;

use super::parse::{LIST, WEIGHT, columns};
use super::{Area, Catalogue, Days, Matter, Rule, Table, Unit};
use crate::reading::Keyword;

/// A row as its cells, in the order of the table's columns; so that tables are written and rows compared alike.
pub(super) trait Cells {
    /// One text a column.
    fn cells(&self) -> Vec<String>;
}

fn optional(value: Option<&impl Display>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

fn list<T: Display>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(&LIST.to_string())
}

fn yes(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

fn days(days: Days) -> [String; 2] {
    [optional(days.from.as_ref()), optional(days.until.as_ref())]
}

fn keyword(keyword: &Keyword) -> String {
    if *keyword == Keyword::plain(keyword.text.as_str()) {
        keyword.text.clone()
    } else {
        format!("{}{WEIGHT}{}", keyword.text, keyword.weight)
    }
}

impl Cells for Area {
    fn cells(&self) -> Vec<String> {
        vec![
            self.code.to_string(),
            self.name.clone(),
            self.level.to_string(),
            optional(self.parent.as_ref()),
            optional(self.centre.map(|p| p.lat).as_ref()),
            optional(self.centre.map(|p| p.lon).as_ref()),
            list(&self.aliases),
            list(&self.estates),
            list(&self.roads),
        ]
    }
}

impl Cells for Unit {
    fn cells(&self) -> Vec<String> {
        vec![
            self.code.to_string(),
            self.name.clone(),
            self.kind.to_string(),
            optional(self.parent.as_ref()),
            optional(self.area.as_ref()),
            yes(self.duty_24h),
            self.peer_group.clone(),
            list(&self.formerly),
        ]
    }
}

impl Cells for Matter {
    fn cells(&self) -> Vec<String> {
        let keywords: Vec<String> = self.keywords.iter().map(keyword).collect();
        let mut cells = vec![
            self.code.to_string(),
            self.level1.clone(),
            self.level2.clone(),
            self.name.clone(),
            list(&self.synonyms),
            list(&keywords),
            self.kind.to_string(),
            self.urgency.to_string(),
            self.lead.to_string(),
            list(&self.assists),
            yes(self.dept_only),
            yes(self.personal),
            self.merge.to_string(),
            optional(self.radius_m.as_ref()),
            optional(self.handle_hours.as_ref()),
            list(&self.phrases),
            self.basis.clone(),
        ];
        cells.extend(days(self.days));
        cells
    }
}

impl Cells for Rule {
    fn cells(&self) -> Vec<String> {
        let mut cells = vec![
            self.matter.to_string(),
            self.area.to_string(),
            self.lead.to_string(),
            list(&self.assists),
            self.note.clone(),
            optional(self.hours.as_ref()),
            list(&self.subject),
        ];
        cells.extend(days(self.days));
        cells.extend([optional(self.level.as_ref()), self.basis.clone()]);
        cells
    }
}

impl Catalogue {
    /// One of its tables as CSV, with every column.
    #[must_use]
    pub fn to_csv(&self, table: Table) -> String {
        let mut text = line(columns(table).iter().copied());
        let mut rows = |cells: Vec<String>| text.push_str(&line(cells.iter().map(String::as_str)));
        match table {
            Table::Areas => self.areas().iter().map(Cells::cells).for_each(&mut rows),
            Table::Units => self.units().iter().map(Cells::cells).for_each(&mut rows),
            Table::Matters => self.matters().iter().map(Cells::cells).for_each(&mut rows),
            Table::Rules => self.rules().iter().map(Cells::cells).for_each(&mut rows),
        }
        text
    }
}

/// One line of CSV: cells are quoted only where they must be.
pub(super) fn line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let quoted = |cell: &str| {
        if cell.contains([',', '"', '\n', '\r']) || cell.starts_with([' ', '\u{feff}']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.to_owned()
        }
    };
    let mut line = cells.map(quoted).collect::<Vec<_>>().join(",");
    line.push('\n');
    line
}
