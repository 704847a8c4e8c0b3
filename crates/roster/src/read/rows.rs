//! Lines of each table as rows.

use jiff::{
    ToSpan as _,
    civil::{DateTime, Time},
};

use super::{Line, date};
use crate::{Cycle, Deputy, Duty, Exception, Person, Rank, Shift, Times, Turn};

/// People a shift needs when its row says nothing (D§14).
const MINIMUM: u32 = 2;

/// `2026-10-01T14:00`, or a date for its first moment.
fn moment(cell: &str) -> Result<DateTime, String> {
    if let Ok(date) = date(cell) {
        return Ok(date.to_datetime(Time::midnight()));
    }
    let time = cell.parse::<DateTime>().ok().filter(|_| cell.contains(['T', ' ']));
    time.ok_or_else(|| format!("`{cell}` is no date or time; write it like 2026-10-01 or 2026-10-01T14:00"))
}

pub(super) fn person(line: &mut Line<'_>) -> Option<Person> {
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

pub(super) fn shift(line: &mut Line<'_>) -> Option<Shift> {
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

pub(super) fn duty(line: &mut Line<'_>) -> Option<Duty> {
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

pub(super) fn exception(line: &mut Line<'_>) -> Option<Exception> {
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

pub(super) fn deputy(line: &mut Line<'_>) -> Option<Deputy> {
    let (person, deputy) = (line.must("person"), line.must("deputy"));
    let (from, until) = (line.may_date("from"), line.may_date("until"));
    Some(Deputy { row: line.row, person: person?, deputy: deputy?, from: from?, until: until? })
}
