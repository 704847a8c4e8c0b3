//! The four tables as the sheets of one workbook (XLSX), as most cities keep them.
//!
//! Cells are read as a person sees them: a whole number without a point, a date as a date, a time as a time, a tick
//! as yes. What a person sees and a table cannot say, such as a merged cell, is a problem and not a guess.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{DataRef, Dimensions, ExcelDateTime, Reader as _, Xlsx, XlsxError};

use super::parse::{Numbered, Sheet, columns, letters};
use super::{Catalogue, Problem, Problems, Rows, Table};

/// Cells of one sheet, at most: a quarter of a million rows of the widest table. A small file can unfold to anything.
const MOST_CELLS: usize = 5_000_000;
/// Largest whole number that a spreadsheet keeps to its last digit.
const EXACT: f64 = 999_999_999_999_999.0;

type Book<'a> = Xlsx<Cursor<&'a [u8]>>;

impl Catalogue {
    /// Reads and checks a workbook with sheets called `areas`, `units`, `matters` and, where there are any, `rules`.
    ///
    /// # Errors
    /// Every problem found, by sheet, column letter and row.
    pub fn parse_workbook(bytes: &[u8]) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut rows = Rows::default();
        let mut headings: BTreeMap<Table, Vec<String>> = BTreeMap::new();
        let mut book: Book<'_> = match Xlsx::new(Cursor::new(bytes)) {
            Ok(book) => book,
            Err(e) => return Err(Problems(vec![whole(Table::Areas, &unreadable(&e))])),
        };
        let names = book.sheet_names();
        for table in Table::ALL {
            let called = |name: &&String| name.trim().trim_end_matches(".csv").eq_ignore_ascii_case(table.name());
            let Some(name) = names.iter().find(called) else {
                if table != Table::Rules {
                    problems.push(whole(table, &format!("is missing; the workbook has {}", names.join(", "))));
                }
                continue;
            };
            match sheet(&mut book, table, name, &mut problems) {
                Ok(Some(sheet)) => {
                    headings.insert(table, sheet.heading.iter().map(str::to_owned).collect());
                    rows.take(sheet, &mut problems);
                }
                Ok(None) => {}
                Err(e) => problems.push(whole(table, &unreadable(&e))),
            }
        }
        Self::build(rows, problems).map_err(|mut problems| {
            for problem in problems.0.iter_mut().filter(|p| p.letter.is_none()) {
                let place = headings.get(&problem.file).and_then(|h| h.iter().position(|c| *c == problem.column));
                problem.letter = Some(place.map(letters).unwrap_or_default());
            }
            problems
        })
    }
}

fn unreadable(e: &XlsxError) -> String {
    format!("is no sheet of an XLSX workbook that can be read ({e}); save it as .xlsx, without a password")
}

fn whole(file: Table, text: &str) -> Problem {
    Problem { file, row: 0, column: String::new(), letter: Some(String::new()), text: text.to_owned() }
}

/// Rows of a sheet by their numbers; each as long as its last cell.
type Grid = BTreeMap<u32, Vec<String>>;

/// One sheet; `None` when it is empty.
fn sheet(
    book: &mut Book<'_>,
    file: Table,
    name: &str,
    problems: &mut Vec<Problem>,
) -> Result<Option<Sheet<std::vec::IntoIter<Numbered>>>, XlsxError> {
    let mut at = |row: u32, column: u32, text: String| {
        let letter = letters(usize::try_from(column).unwrap_or(0));
        problems.push(Problem { file, row: row + 1, column: String::new(), letter: Some(letter), text });
    };
    for region in book.merge_cells_by_sheet_name(name)? {
        at(region.start.0, region.start.1, merged(&region));
    }
    let grid = grid(book, name, &mut at)?;
    let mut lines = grid.into_iter();
    let Some((first, mut heading)) = lines.next() else {
        // An empty sheet is an empty table; its columns are asked for, except where there need be no table.
        let none = csv::StringRecord::new();
        let empty = Sheet { file, heading: none, heading_row: 1, workbook: true, lines: Vec::new().into_iter() };
        return Ok((file != Table::Rules).then_some(empty));
    };
    while heading.last().is_some_and(String::is_empty) {
        heading.pop();
    }
    let width = heading.len();
    let mut numbered: Vec<Numbered> = Vec::new();
    for (row, mut cells) in lines {
        if let Some(stray) = cells.iter().skip(width).position(|cell| !cell.is_empty()) {
            let column = u32::try_from(width + stray).unwrap_or(u32::MAX);
            at(row, column, format!("stands under no heading; the columns are {}", columns(file).join(", ")));
        }
        cells.resize(width, String::new());
        if cells.iter().any(|cell| !cell.is_empty()) {
            numbered.push(Ok((row + 1, csv::StringRecord::from(cells))));
        }
    }
    let heading = csv::StringRecord::from(heading);
    Ok(Some(Sheet { file, heading, heading_row: first + 1, workbook: true, lines: numbered.into_iter() }))
}

fn merged(region: &Dimensions) -> String {
    let cell = |(row, column): (u32, u32)| format!("{}{}", letters(usize::try_from(column).unwrap_or(0)), row + 1);
    let (start, end) = (cell(region.start), cell(region.end));
    format!("{start}:{end} are merged, so only the first has a value; unmerge them and fill every cell")
}

fn grid(book: &mut Book<'_>, name: &str, at: &mut dyn FnMut(u32, u32, String)) -> Result<Grid, XlsxError> {
    let mut grid = Grid::new();
    let mut reader = book.worksheet_cells_reader(name)?;
    let mut cells = 0;
    while let Some(cell) = reader.next_cell()? {
        let (row, column) = cell.get_position();
        let text = match shown(cell.get_value()) {
            Ok(text) if text.is_empty() => continue,
            Ok(text) => text,
            Err(error) => {
                at(row, column, error);
                continue;
            }
        };
        cells += 1;
        if cells > MOST_CELLS {
            at(row, column, format!("is cell number {cells} of this sheet; more than {MOST_CELLS} are not read"));
            break;
        }
        let line = grid.entry(row).or_default();
        let place = usize::try_from(column).unwrap_or(usize::MAX);
        // The widest sheet has 16,384 columns; a file may claim more.
        if place >= 16_384 {
            at(row, column, "stands beyond the last column of a sheet".to_owned());
            continue;
        }
        if line.len() <= place {
            line.resize(place + 1, String::new());
        }
        if let Some(slot) = line.get_mut(place) {
            *slot = text;
        }
    }
    Ok(grid)
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
