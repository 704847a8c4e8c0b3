//! Sheets of a workbook (XLSX), as most cities keep their tables.
//!
//! Cells are read as a person sees them: a whole number without a point, a date as a date, a time as a time, a tick
//! as yes. What a person sees and a table cannot say, such as a merged cell, is a problem and not a guess.

use std::{collections::BTreeMap, io::Cursor};

use calamine::{DataRef, Dimensions, ExcelDateTime, Reader as _, Xlsx, XlsxError};

/// Cells of one sheet, at most: a quarter of a million rows of a wide table. A small file can unfold to anything.
const MOST_CELLS: usize = 5_000_000;
/// The widest sheet has so many columns; a file may claim more.
const MOST_COLUMNS: usize = 16_384;
/// Largest whole number that a spreadsheet keeps to its last digit.
const EXACT: f64 = 999_999_999_999_999.0;

/// What is no workbook, or no sheet of one.
#[derive(Debug, thiserror::Error)]
#[error("is no sheet of an XLSX workbook that can be read ({0}); save it as .xlsx, without a password")]
pub struct Unreadable(#[from] XlsxError);

/// A cell that a table cannot say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Its row; the first is 1.
    pub row: u32,
    /// Its column's letters.
    pub letter: String,
    /// What is wrong, and what would be right.
    pub text: String,
}

/// One sheet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sheet {
    /// Rows that hold anything, by their number from 1; each as long as its last cell.
    pub rows: BTreeMap<u32, Vec<String>>,
    /// Cells that could not be read.
    pub troubles: Vec<Trouble>,
}

/// A workbook that can be read.
pub struct Workbook<'a>(Xlsx<Cursor<&'a [u8]>>);

impl<'a> Workbook<'a> {
    /// Opens one.
    ///
    /// # Errors
    /// When the bytes are no workbook.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        Ok(Self(Xlsx::new(Cursor::new(bytes))?))
    }

    /// The names of its sheets.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0.sheet_names()
    }

    /// The sheet that holds a table; it may be called as the table's file would be. None where there is none.
    ///
    /// # Errors
    /// When the sheet cannot be read.
    pub fn table(&mut self, table: &str) -> Result<Option<Sheet>, Unreadable> {
        let called = |name: &String| name.trim().trim_end_matches(".csv").eq_ignore_ascii_case(table);
        let Some(name) = self.names().into_iter().find(called) else { return Ok(None) };
        let mut sheet = Sheet::default();
        for region in self.0.merge_cells_by_sheet_name(&name)? {
            sheet.trouble(region.start.0, region.start.1, merged(&region));
        }
        let mut reader = self.0.worksheet_cells_reader(&name)?;
        let mut cells = 0;
        while let Some(cell) = reader.next_cell()? {
            let (row, column) = cell.get_position();
            let text = match shown(cell.get_value()) {
                Ok(text) if text.is_empty() => continue,
                Ok(text) => text,
                Err(problem) => {
                    sheet.trouble(row, column, problem);
                    continue;
                }
            };
            cells += 1;
            if cells > MOST_CELLS {
                let text = format!("is cell number {cells} of this sheet; more than {MOST_CELLS} are not read");
                sheet.trouble(row, column, text);
                break;
            }
            sheet.put(row, column, text);
        }
        Ok(Some(sheet))
    }
}

impl Sheet {
    fn trouble(&mut self, row: u32, column: u32, text: impl Into<String>) {
        self.troubles.push(Trouble { row: row + 1, letter: letters(place(column)), text: text.into() });
    }

    fn put(&mut self, row: u32, column: u32, text: String) {
        let place = place(column);
        if place >= MOST_COLUMNS {
            self.trouble(row, column, "stands beyond the last column of a sheet");
            return;
        }
        let line = self.rows.entry(row + 1).or_default();
        if line.len() <= place {
            line.resize(place + 1, String::new());
        }
        if let Some(slot) = line.get_mut(place) {
            *slot = text;
        }
    }
}

fn place(column: u32) -> usize {
    usize::try_from(column).unwrap_or(usize::MAX)
}

/// A column's letters in a spreadsheet, the first being 0: A, B, … Z, AA.
#[must_use]
pub fn letters(place: usize) -> String {
    let (mut rest, mut letters) = (place.saturating_add(1), Vec::new());
    while rest > 0 {
        let digit = u8::try_from((rest - 1) % 26).unwrap_or(0);
        letters.push(char::from(b'A' + digit));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

fn merged(region: &Dimensions) -> String {
    let cell = |(row, column): (u32, u32)| format!("{}{}", letters(place(column)), row + 1);
    let (start, end) = (cell(region.start), cell(region.end));
    format!("{start}:{end} are merged, so only the first has a value; unmerge them and fill every cell")
}

/// A cell as a person sees it.
fn shown(cell: &DataRef<'_>) -> Result<String, String> {
    Ok(match cell {
        DataRef::Empty => String::new(),
        DataRef::String(text) | DataRef::DurationIso(text) => text.trim().to_owned(),
        DataRef::DateTimeIso(text) => text.trim().trim_end_matches("T00:00:00").to_owned(),
        DataRef::SharedString(text) => (*text).trim().to_owned(),
        DataRef::Bool(true) => "yes".to_owned(),
        DataRef::Bool(false) => "no".to_owned(),
        DataRef::Int(whole) => whole.to_string(),
        // A code of sixteen digits has lost its last ones before we see it.
        DataRef::Float(number) if number.abs() > EXACT => {
            return Err(format!(
                "{number:.0} has more digits than a number keeps; format the cell as text and type it again"
            ));
        }
        DataRef::Float(number) => number.to_string(),
        DataRef::DateTime(moment) => date_or_time(*moment),
        DataRef::Error(error) => return Err(format!("holds the error {error}; put its formula right")),
    })
}

fn date_or_time(moment: ExcelDateTime) -> String {
    let (year, month, day, hour, minute, ..) = moment.to_ymd_hms_milli();
    let days = moment.as_f64();
    if (0.0..1.0).contains(&days) {
        format!("{hour:02}:{minute:02}")
    } else if days.fract() == 0.0 {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
    }
}

#[cfg(test)]
mod tests {
    use rust_xlsxwriter::{Format, Workbook as Written};

    use super::*;

    fn read(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Sheet {
        let mut book = Written::new();
        fill(book.add_worksheet().set_name("People.csv").unwrap());
        let bytes = book.save_to_buffer().unwrap();
        Workbook::open(&bytes).unwrap().table("people").unwrap().unwrap()
    }

    #[test]
    fn cells_are_what_a_person_sees_and_rows_keep_their_numbers() {
        let sheet = read(|sheet| {
            let time = Format::new().set_num_format("hh:mm");
            let date = Format::new().set_num_format("yyyy-mm-dd");
            sheet.write_string(0, 0, " name ").unwrap();
            sheet.write_number(2, 1, 7.0).unwrap();
            sheet.write_number_with_format(2, 2, 8.5 / 24.0, &time).unwrap();
            sheet.write_number_with_format(2, 3, 46_266.0, &date).unwrap();
            sheet.write_boolean(2, 4, true).unwrap();
        });
        assert_eq!(sheet.rows[&1], ["name"]);
        assert_eq!(sheet.rows[&3], ["", "7", "08:30", "2026-09-01", "yes"]);
        assert_eq!((sheet.rows.len(), sheet.troubles.len()), (2, 0));
    }

    #[test]
    fn what_a_table_cannot_say_is_named_by_row_and_letter() {
        let sheet = read(|sheet| {
            sheet.merge_range(1, 0, 2, 1, "both", &Format::new()).unwrap();
            sheet.write_number(4, 27, 1e16).unwrap();
        });
        let at: Vec<(u32, &str)> = sheet.troubles.iter().map(|t| (t.row, t.letter.as_str())).collect();
        assert_eq!(at, [(2, "A"), (5, "AB")]);
        assert!(sheet.troubles[0].text.starts_with("A2:B3 are merged"), "{:?}", sheet.troubles);
    }

    #[test]
    fn what_is_no_workbook_is_refused_and_a_missing_sheet_is_none() {
        let refused = Workbook::open(b"no workbook").err().unwrap().to_string();
        assert!(refused.contains("save it as .xlsx"), "{refused}");
        let mut book = Written::new();
        book.add_worksheet();
        let bytes = book.save_to_buffer().unwrap();
        assert_eq!(Workbook::open(&bytes).unwrap().table("people").unwrap(), None);
    }
}
