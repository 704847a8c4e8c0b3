//! The same tables as a workbook, and what can be wrong with one.

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use super::*;

/// The four tables as sheets; `change` may spoil them.
fn workbook(change: impl FnOnce(&mut Workbook)) -> Vec<u8> {
    let mut book = Workbook::new();
    for (table, text) in Table::ALL.into_iter().zip([AREAS, UNITS, MATTERS, RULES]) {
        let sheet = book.add_worksheet();
        sheet.set_name(table.name()).unwrap();
        for (row, line) in text.lines().enumerate() {
            for (column, cell) in line.split(',').enumerate() {
                let at = (u32::try_from(row).unwrap(), u16::try_from(column).unwrap());
                match cell.parse::<f64>() {
                    Ok(number) => sheet.write_number(at.0, at.1, number).unwrap(),
                    Err(_) => sheet.write_string(at.0, at.1, cell).unwrap(),
                };
            }
        }
    }
    change(&mut book);
    book.save_to_buffer().unwrap()
}

fn problems(change: impl FnOnce(&mut Workbook)) -> Vec<String> {
    let found = Catalogue::parse_workbook(&workbook(change));
    found.err().map_or_else(Vec::new, |p| p.0.iter().map(ToString::to_string).collect())
}

#[test]
fn a_workbook_is_the_same_catalogue_as_its_tables() {
    assert_eq!(Catalogue::parse_workbook(&workbook(|_| ())).unwrap(), catalogue());
}

#[test]
fn problems_name_sheet_letter_row_and_column() {
    let rules = |book: &mut Workbook, row, column, text: &str| {
        book.worksheet_from_name("rules").unwrap().write_string(row, column, text).unwrap();
    };
    let found = problems(|book| {
        rules(book, 1, 2, "XX");
        rules(book, 2, 3, "a b");
        rules(book, 2, 6, "stray");
    });
    assert_eq!(
        found,
        [
            "rules!C2 lead: `XX` is no unit of units.csv",
            "rules!G3 : stands under no heading; the columns are matter, area, lead, assists, note, hours, subject, from, until, level, basis",
            "rules!D3 assists: `a b`: unit code has a character other than letters, digits and -_.:/@",
        ]
    );
}

#[test]
fn merged_cells_are_a_problem_and_not_a_guess() {
    let found = problems(|book| {
        let units = book.worksheet_from_name("units").unwrap();
        units.merge_range(4, 6, 5, 6, "dept", &Format::new()).unwrap();
    });
    assert_eq!(
        found[0],
        "units!G5 : G5:G6 are merged, so only the first has a value; unmerge them and fill every cell"
    );
    assert_eq!(found[1], "units!G6 peer_group: is empty");
}

#[test]
fn dates_times_ticks_and_numbers_are_read_as_they_are_seen() {
    let date = Format::new().set_num_format("yyyy/m/d");
    let bytes = workbook(|book| {
        let rules = book.worksheet_from_name("rules").unwrap();
        rules.write_string(0, 5, "from").unwrap();
        rules.write_datetime_with_format(1, 5, ExcelDateTime::from_ymd(2027, 1, 31).unwrap(), &date).unwrap();
        let units = book.worksheet_from_name("units").unwrap();
        units.write_boolean(1, 5, true).unwrap();
        units.write_number(5, 0, 4403.0).unwrap();
        let matters = book.worksheet_from_name("matters").unwrap();
        matters.write_number(3, 8, 4403.0).unwrap();
    });
    let c = Catalogue::parse_workbook(&bytes).unwrap();
    assert_eq!(c.rules()[0].days.from, Some(jiff::civil::date(2027, 1, 31)));
    assert!(c.unit(&UnitCode::new("4403").unwrap()).is_some(), "a number is a code without a point");
    assert!(c.fallback().unwrap().duty_24h);
    let error = problems(|book| {
        book.worksheet_from_name("rules").unwrap().write_number(1, 1, 4_403_040_010_190_001_234.0).unwrap();
    });
    assert!(error[0].starts_with("rules!B2 : 44030400101900"), "{error:?}");
}

#[test]
fn what_is_no_workbook_is_refused_calmly() {
    for bytes in [&b""[..], b"PK\x03\x04", b"code,name\n"] {
        let found = Catalogue::parse_workbook(bytes).unwrap_err();
        assert!(found.to_string().contains("save it as .xlsx"), "{found}");
    }
    let mut book = Workbook::new();
    book.add_worksheet().set_name("事项").unwrap();
    let found = Catalogue::parse_workbook(&book.save_to_buffer().unwrap()).unwrap_err();
    assert!(found.to_string().contains("areas!0 : is missing; the workbook has 事项"), "{found}");
}

#[test]
fn a_hundred_thousand_rows_are_read_in_reasonable_time() {
    // What is not optimised is twenty times slower, and proves the same.
    let rows = if cfg!(debug_assertions) { 5_000 } else { 100_000 };
    let mut book = Workbook::new();
    for (table, text) in Table::ALL.into_iter().zip([AREAS, UNITS, MATTERS, ""]) {
        let sheet = book.add_worksheet();
        sheet.set_name(table.name()).unwrap();
        for (row, line) in text.lines().enumerate() {
            for (column, cell) in line.split(',').enumerate() {
                sheet.write_string(u32::try_from(row).unwrap(), u16::try_from(column).unwrap(), cell).unwrap();
            }
        }
        if table == Table::Rules {
            for (column, name) in ["matter", "area", "lead", "assists", "note", "hours", "subject"].iter().enumerate() {
                sheet.write_string(0, u16::try_from(column).unwrap(), *name).unwrap();
            }
            for row in 1..=rows {
                let subject = format!("对象{row:06}");
                for (column, cell) in
                    ["rubbish", "LG0101", "CG", "", "说明", "22:00-06:00", &subject].iter().enumerate()
                {
                    sheet.write_string(row, u16::try_from(column).unwrap(), *cell).unwrap();
                }
            }
        }
    }
    let bytes = book.save_to_buffer().unwrap();
    let begun = std::time::Instant::now();
    let c = Catalogue::parse_workbook(&bytes).unwrap();
    assert_eq!(c.rules().len(), usize::try_from(rows).unwrap());
    println!("{rows} rows of a workbook, {} KiB: {:?}", bytes.len() / 1024, begun.elapsed());
}
