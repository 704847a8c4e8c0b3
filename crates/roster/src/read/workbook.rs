//! The tables as the sheets of one workbook (XLSX), turned into the text that they would be as CSV, row for row.

use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx};

use super::Files;
use crate::{Problem, Problems, Table};

impl Files {
    /// The sheets `people`, `shifts`, `duty` and, where there are any, `exceptions` and `deputies` of a workbook. A
    /// cell is taken as a person sees it: a date as a date, a time as a time, a whole number without a point.
    ///
    /// # Errors
    /// What cannot be read, by sheet and row.
    pub fn workbook(bytes: &[u8]) -> Result<Self, Problems> {
        let unreadable = |table, e: &dyn std::fmt::Display| {
            let text =
                format!("is no sheet of an XLSX workbook that can be read ({e}); save it as .xlsx, without a password");
            Problems(vec![Problem::new(table, 0, "", text)])
        };
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|e| unreadable(Table::People, &e))?;
        let names = book.sheet_names();
        let (mut files, mut problems) = (Self::default(), Vec::new());
        for table in Table::ALL {
            let called = |name: &&String| name.trim().trim_end_matches(".csv").eq_ignore_ascii_case(table.name());
            let Some(name) = names.iter().find(called) else { continue };
            let range = book.worksheet_range(name).map_err(|e| unreadable(table, &e))?;
            let text = text(table, &range, &mut problems);
            files = files.with(table, text);
        }
        if problems.is_empty() { Ok(files) } else { Err(Problems(problems)) }
    }
}

fn text(table: Table, range: &calamine::Range<Data>, problems: &mut Vec<Problem>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Rows before the first that holds anything; CSV has no empty lines, but a line of empty cells.
    let first = range.start().map_or(0, |(row, _)| row);
    if first > 0 {
        problems.push(Problem::new(table, 1, "", "is empty; the heading belongs into the first row"));
    }
    for (row, cells) in (first + 1..).zip(range.rows()) {
        let mut line = Vec::with_capacity(cells.len());
        for cell in cells {
            match shown(cell) {
                Ok(shown) => line.push(shown),
                Err(problem) => problems.push(Problem::new(table, row, "", problem)),
            }
        }
        // Writing to memory does not fail.
        let _ = writer.write_record(&line);
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// A cell as a person sees it, on one line.
fn shown(cell: &Data) -> Result<String, String> {
    Ok(match cell {
        Data::Empty => String::new(),
        Data::String(text) | Data::DurationIso(text) => text.trim().replace(['\n', '\r'], " "),
        Data::DateTimeIso(text) => text.trim().trim_end_matches("T00:00:00").to_owned(),
        Data::Bool(true) => "yes".to_owned(),
        Data::Bool(false) => "no".to_owned(),
        Data::Int(whole) => whole.to_string(),
        Data::Float(number) => number.to_string(),
        Data::DateTime(moment) => {
            let (year, month, day, hour, minute, ..) = moment.to_ymd_hms_milli();
            let days = moment.as_f64();
            if (0.0..1.0).contains(&days) {
                format!("{hour:02}:{minute:02}")
            } else if days.fract() == 0.0 {
                format!("{year:04}-{month:02}-{day:02}")
            } else {
                format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}")
            }
        }
        Data::Error(error) => return Err(format!("holds the error {error}; put its formula right")),
    })
}
