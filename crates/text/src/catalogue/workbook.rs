//! The four tables as the sheets of one workbook (XLSX), as most cities keep them.

use std::collections::BTreeMap;

use suban_workbook::{Sheet as Read, Workbook, letters};

use super::parse::{Numbered, Sheet, columns};
use super::{Catalogue, Problem, Problems, Rows, Table};

impl Catalogue {
    /// Reads and checks a workbook with sheets called `areas`, `units`, `matters` and, where there are any, `rules`.
    ///
    /// # Errors
    /// Every problem found, by sheet, column letter and row.
    pub fn parse_workbook(bytes: &[u8]) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut rows = Rows::default();
        let mut headings: BTreeMap<Table, Vec<String>> = BTreeMap::new();
        let mut book = Workbook::open(bytes).map_err(|e| Problems(vec![whole(Table::Areas, &e.to_string())]))?;
        for table in Table::ALL {
            match book.table(table.name()) {
                Ok(Some(read)) => {
                    if let Some(sheet) = sheet(read, table, &mut problems) {
                        headings.insert(table, sheet.heading.iter().map(str::to_owned).collect());
                        rows.take(sheet, &mut problems);
                    }
                }
                Ok(None) if table == Table::Rules => {}
                Ok(None) => {
                    problems.push(whole(table, &format!("is missing; the workbook has {}", book.names().join(", "))));
                }
                Err(e) => problems.push(whole(table, &e.to_string())),
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

fn whole(file: Table, text: &str) -> Problem {
    Problem { file, row: 0, column: String::new(), letter: Some(String::new()), text: text.to_owned() }
}

/// One sheet as a table; `None` when it is empty and need not be there.
fn sheet(read: Read, file: Table, problems: &mut Vec<Problem>) -> Option<Sheet<std::vec::IntoIter<Numbered>>> {
    let mut at = |row: u32, letter: String, text: String| {
        problems.push(Problem { file, row, column: String::new(), letter: Some(letter), text });
    };
    for trouble in read.troubles {
        at(trouble.row, trouble.letter, trouble.text);
    }
    let mut lines = read.rows.into_iter();
    let Some((first, mut heading)) = lines.next() else {
        // An empty sheet is an empty table; its columns are asked for, except where there need be no table.
        let none = csv::StringRecord::new();
        let empty = Sheet { file, heading: none, heading_row: 1, workbook: true, lines: Vec::new().into_iter() };
        return (file != Table::Rules).then_some(empty);
    };
    while heading.last().is_some_and(String::is_empty) {
        heading.pop();
    }
    let width = heading.len();
    let mut numbered: Vec<Numbered> = Vec::new();
    for (row, mut cells) in lines {
        if let Some(stray) = cells.iter().skip(width).position(|cell| !cell.is_empty()) {
            let text = format!("stands under no heading; the columns are {}", columns(file).join(", "));
            at(row, letters(width + stray), text);
        }
        cells.resize(width, String::new());
        if cells.iter().any(|cell| !cell.is_empty()) {
            numbered.push(Ok((row, csv::StringRecord::from(cells))));
        }
    }
    let heading = csv::StringRecord::from(heading);
    Some(Sheet { file, heading, heading_row: first, workbook: true, lines: numbered.into_iter() })
}
