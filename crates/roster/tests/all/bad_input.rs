//! What is refused, with the row and the column.

use suban_domain::calendar::Calendars;
use suban_roster::{Files, Roster, Table};

use super::{Lines, units, water};

#[test]
fn everything_wrong_is_said_at_once() {
    let mut lines = water();
    lines.people += "zoe,NOWHERE,,handler,,,,,\nyan,WATER-1,,handler,,,,,\nxia,WATER,GAS,handler,,,,,\n\
                     wen,WATER,,gardener,,,many,,\nann,GAS,,handler,,,,,\nvic,WATER,,,,,,,\n";
    lines.shifts += "LONG,,08:00,09:00+1,,,,\nLATE,,25:00,08:00,,,,\n24H,,08:00,09:00,,,,\nODD,PLACE,08:00,09:00,feast,0,,\n\
                     ROT,,08:00,09:00,,,AB,\nZERO,,08:00,09:00,,0,,\n";
    lines.duty += "NONE,,ann,duty,,\n24H,,nobody,duty,2026-01-01,2026-01-02\n24H,E,ann,duty,,\n24H,,bob,duty,,\n\
                   24H,A,bob,boss,2026-10-02,2026-10-01\n24H,A,wen,duty,,\n";
    lines.exceptions += "leave,ann,,,,,,,2026-10-05,2026-10-04,\nleave,ann,24H,,,,,,2026-10-05,x,\nfeast,ann,,,,,,,,,\n\
                         swap,ann,24H,2026-09-02,bob,24H,2026-09-02,,,,\nswap,ann,24H,2026-09-01,ann,24H,2026-09-01,,,,\n\
                         extra,ann,24H,soon,,,,,,,\n";
    lines.deputies += "ann,desk,,\nann,who,,\nann,bob,2026-10-02,2026-10-01\n";
    let expected = [
        "people.csv:8 unit: `NOWHERE` is no unit of units.csv",
        "people.csv:9 unit: `WATER-1` is a team of WATER; write WATER here and the team in its own column",
        "people.csv:10 team: `GAS` is no team of unit WATER",
        "people.csv:11 capacity: `many` is no whole number, such as 20",
        "people.csv:11 jobs: `gardener`: job must be one of handler duty lead agent dispatcher callback shift_leader district",
        "people.csv:12 person: `ann` is in unit WATER in row 3; somebody belongs to one unit",
        "people.csv:13 jobs: is empty; say what the person does, such as handler",
        "shifts.csv:3 until: from 08:00 until 09:00+1 is 25 hours long; nobody serves more than 24 hours, make it two shifts",
        "shifts.csv:4 until: `25:00` is no time of the day; write it like 08:30",
        "shifts.csv:5 shift: `24H` is in row 2 already; name shifts apart",
        "shifts.csv:6 days: `feast`: days `feast` is no kind of day; write workday, weekend, holiday, makeup, or mon to sun",
        "shifts.csv:7 anchor: is empty; write the date of the first letter of the cycle",
        "shifts.csv:8 minimum: is 0; a shift without anybody is none, write 1 or more",
        "duty.csv:10 shift: `NONE` is no shift of shifts.csv",
        "duty.csv:11 person: `nobody` is nobody of people.csv",
        "duty.csv:12 group: is E, which has no day in shift 24H",
        "duty.csv:13 group: is empty, but shift 24H rotates; name a group, or first and last day",
        "duty.csv:14 rank: `boss`: rank must be one of duty backup staff",
        "exceptions.csv:2 until: is 2026-10-05T00:00:00, not after the leave begins at 2026-10-05T00:00:00",
        "exceptions.csv:3 shift: means nothing for leave; leave it empty",
        "exceptions.csv:3 until: `x` is no date or time; write it like 2026-10-01 or 2026-10-01T14:00",
        "exceptions.csv:4 kind: `feast` is no kind of exception; write leave, swap or extra",
        "exceptions.csv:5 shift: `ann` does not serve 24H on 2026-09-02",
        "exceptions.csv:6 other: is the same person; a swap takes two",
        "exceptions.csv:7 date: `soon` is no date; write it like 2026-10-01",
        "deputies.csv:2 deputy: `desk` is of HALL, not of WATER as ann; nobody acts for another unit",
        "deputies.csv:3 deputy: `who` is nobody of people.csv",
        "deputies.csv:4 until: is 2026-10-01, before it begins on 2026-10-02",
    ];
    let problems = lines.problems();
    for line in expected {
        assert!(problems.iter().any(|problem| problem == line), "not said: {line}\n{}", problems.join("\n"));
    }
    // Wen's row could not be read, so that wen is not unknown besides; bob serves twice, which is said once.
    assert!(!problems.iter().any(|problem| problem.contains("wen")), "{problems:#?}");
}

#[test]
fn overlapping_shifts_of_one_person_are_refused_with_both_rows() {
    let mut lines = water();
    lines.shifts += "MORNING,,08:00,12:00,workday,1,,\n";
    lines.duty += "MORNING,,ann,staff,,\n";
    assert_eq!(
        lines.problems(),
        ["duty.csv:10 shift: ann serves MORNING 08:00-12:00 on 2026-09-01 and, by duty.csv:2, 24H 08:30-08:30+1 on \
          2026-09-01, at the same time"]
        .into_iter()
        .chain([
            "duty.csv:10 shift: ann serves MORNING 08:00-12:00 on 2026-09-03 and, by duty.csv:6, 24H 08:30-08:30+1 \
                     on 2026-09-03, at the same time"
        ])
        .map(str::to_owned)
        .collect::<Vec<_>>()
    );
    // Not when it is somebody else's day.
    lines.duty = lines.duty.replace("MORNING,,ann,staff,,", "MORNING,,lee,staff,,");
    lines.roster();
    // A swap may make one serve twice.
    lines.exceptions = "swap,ann,24H,2026-09-01,bob,24H,2026-09-04,,,,\n".to_owned();
    lines.roster();
    lines.exceptions = "extra,ann,24H,2026-09-01,,,,,,,\n".to_owned();
    assert_eq!(lines.problems().len(), 1);
    assert!(lines.problems()[0].starts_with("exceptions.csv:2 shift: ann serves 24H"), "{:?}", lines.problems());
}

#[test]
fn a_circle_of_deputies_is_refused_and_named() {
    let mut lines = water();
    lines.deputies = "ann,bob,,\nbob,cai,,\ncai,ann,,\n".to_owned();
    let circle =
        "deputies.csv:4 deputy: closes the circle cai → ann → bob → cai; somebody of it must have no deputy then";
    assert_eq!(lines.problems(), [circle]);
    lines.deputies = "ann,ann,,\n".to_owned();
    assert!(lines.problems()[0].contains("ann → ann"), "{:?}", lines.problems());
    // It is none if it never holds at one time.
    lines.deputies = "ann,bob,2026-01-01,2026-06-30\nbob,ann,2026-07-01,2026-12-31\n".to_owned();
    lines.roster();
}

#[test]
fn nobody_acts_for_another_unit() {
    let mut lines = water();
    lines.people += "gil,GAS,,handler,,,,,\nhal,GAS,,handler,,,,,\n";
    lines.shifts += "PIPES,WATER,08:30,08:30,,1,,\n";
    lines.duty += "PIPES,,gil,duty,,\n24H,A,hal,duty,,\n";
    lines.exceptions = "swap,ann,24H,2026-09-01,hal,24H,2026-09-05,,,,\nextra,gil,PIPES,2026-09-01,,,,,,,\n".to_owned();
    assert_eq!(
        lines.problems(),
        [
            "duty.csv:10 person: `gil` is of GAS, but shift PIPES is WATER's; nobody acts for another unit",
            "exceptions.csv:2 other: `hal` is of GAS; nobody acts for another unit",
            "exceptions.csv:3 person: `gil` is of GAS, but shift PIPES is WATER's; nobody acts for another unit",
        ]
    );
}

#[test]
fn a_roster_needs_somebody_for_the_district() {
    let lines = Lines { people: "ann,WATER,,handler,,,,,\n".to_owned(), ..Lines::default() };
    assert_eq!(
        lines.problems(),
        ["people.csv:1 jobs: has nobody with the job district, who answers where a unit has nobody; name at least one"]
    );
}

#[test]
fn tables_and_columns_that_are_missing_are_named() {
    let calendars = Calendars::shipped().unwrap();
    let problems = |files: &Files| Roster::parse(files, &units(), &calendars).unwrap_err().0;
    let said = problems(&Files::default().with(Table::People, "person,unit,colour\n\"a,b"));
    let said: Vec<_> = said.iter().map(ToString::to_string).collect();
    for line in [
        "people.csv:1 colour: is no column of this table; its columns are person, unit, team, jobs, skills, areas, capacity, phone, backup_phone",
        "people.csv:1 team: is missing; add the column, empty where it does not apply",
        "shifts.csv:1: is missing; it may have no lines, but needs its heading",
        "duty.csv:1: is missing; it may have no lines, but needs its heading",
    ] {
        assert!(said.iter().any(|problem| problem == line), "not said: {line}\n{}", said.join("\n"));
    }
    assert!(!said.iter().any(|problem| problem.starts_with("deputies")), "may be missing");
}

#[test]
fn a_workbook_is_read_as_its_files_are() {
    let lines = water();
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheets = [
        ("People", super::PEOPLE, &lines.people),
        ("shifts.csv", super::SHIFTS, &lines.shifts),
        ("duty", super::DUTY, &lines.duty),
    ];
    for (name, heading, rows) in sheets {
        let sheet = book.add_worksheet();
        sheet.set_name(name).unwrap();
        for (row, line) in (0..).zip(format!("{heading}{rows}").lines()) {
            for (column, cell) in (0..).zip(line.split(',')) {
                sheet.write_string(row, column, cell).unwrap();
            }
        }
        if name == "shifts.csv" {
            // As a spreadsheet keeps them: a time and a date.
            let time = rust_xlsxwriter::Format::new().set_num_format("hh:mm");
            let date = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd");
            sheet.write_number_with_format(1, 2, 8.5 / 24.0, &time).unwrap();
            sheet.write_number_with_format(1, 7, 46_266.0, &date).unwrap();
        }
    }
    let files = Files::workbook(&book.save_to_buffer().unwrap()).unwrap();
    let roster = Roster::parse(&files, &units(), &Calendars::shipped().unwrap()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(super::serving(&roster, "WATER", "2026-09-01T08:30"), ["ann", "cai"]);
    assert_eq!(super::serving(&roster, "WATER", "2026-09-01T08:29"), ["dan", "bob"]);
    assert!(Files::workbook(b"no workbook").unwrap_err().to_string().contains("save it as .xlsx"));
}
