//! The tables as the sheets of one workbook (XLSX), turned into the text that they would be as CSV, row for row.

use suban_workbook::{Sheet, Workbook};

use super::Files;
use crate::{Problem, Problems, Table};

impl Files {
    /// The sheets `people`, `shifts`, `duty` and, where there are any, `exceptions` and `deputies` of a workbook. A
    /// cell is taken as a person sees it: a date as a date, a time as a time, a whole number without a point.
    ///
    /// # Errors
    /// What cannot be read, by sheet, row and column letter.
    pub fn workbook(bytes: &[u8]) -> Result<Self, Problems> {
        let whole = |table, problem: &dyn std::fmt::Display| Problem::new(table, 0, "", problem.to_string());
        let mut book = Workbook::open(bytes).map_err(|e| Problems(vec![whole(Table::People, &e)]))?;
        let (mut files, mut problems) = (Self::default(), Vec::new());
        for table in Table::ALL {
            match book.table(table.name()) {
                Ok(Some(sheet)) => files = files.with(table, text(table, sheet, &mut problems)),
                Ok(None) => {}
                Err(e) => problems.push(whole(table, &e)),
            }
        }
        if problems.is_empty() { Ok(files) } else { Err(Problems(problems)) }
    }
}

fn text(table: Table, mut sheet: Sheet, problems: &mut Vec<Problem>) -> String {
    problems.extend(sheet.troubles.into_iter().map(|t| Problem::new(table, t.row, &t.letter, t.text)));
    let heading = sheet.rows.get(&1).cloned().unwrap_or_default();
    let last = sheet.rows.keys().next_back().copied().unwrap_or(0);
    if heading.is_empty() && last > 0 {
        problems.push(Problem::new(table, 1, "", "is empty; the heading belongs into the first row"));
    }
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for row in 1..=last {
        // An empty row is a line of empty cells, and a line break in a cell a space: lines are rows.
        let mut cells = sheet.rows.remove(&row).unwrap_or_default();
        cells.resize(cells.len().max(heading.len()), String::new());
        // Writing to memory does not fail.
        let _ = writer.write_record(cells.iter().map(|cell| cell.replace(['\n', '\r'], " ")));
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}
