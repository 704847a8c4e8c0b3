//! Rosters as promises (D§14).

mod assigning;
mod bad_input;
mod handing_over;
mod properties;
mod stories;

use suban_domain::{At, PersonCode, UnitCode, calendar::Calendars};
use suban_roster::{Files, Problems, Roster, Table, Units};

const UNITS: &str = "code,name,kind,parent\nHALL,hall,hall,\nWATER,water,utility,\nWATER-1,repairs,team,WATER\n\
                     WATER-2,meters,team,WATER\nGAS,gas,utility,\n";
const PEOPLE: &str = "person,unit,team,jobs,skills,areas,capacity,phone,backup_phone\n";
const SHIFTS: &str = "shift,unit,from,until,days,minimum,cycle,anchor\n";
const DUTY: &str = "shift,group,person,rank,from,until\n";
const EXCEPTIONS: &str = "kind,person,shift,date,other,other_shift,other_date,rank,from,until,note\n";
const DEPUTIES: &str = "person,deputy,from,until\n";

/// Lines of the five tables, without their headings.
#[derive(Default, Clone)]
struct Lines {
    people: String,
    shifts: String,
    duty: String,
    exceptions: String,
    deputies: String,
}

impl Lines {
    fn files(&self) -> Files {
        Files::default()
            .with(Table::People, format!("{PEOPLE}{}", self.people))
            .with(Table::Shifts, format!("{SHIFTS}{}", self.shifts))
            .with(Table::Duty, format!("{DUTY}{}", self.duty))
            .with(Table::Exceptions, format!("{EXCEPTIONS}{}", self.exceptions))
            .with(Table::Deputies, format!("{DEPUTIES}{}", self.deputies))
    }

    fn build(&self) -> Result<Roster, Problems> {
        Roster::parse(&self.files(), &units(), &Calendars::shipped().unwrap())
    }

    fn roster(&self) -> Roster {
        self.build().unwrap_or_else(|problems| panic!("{problems}"))
    }

    /// What is wrong, one line each.
    fn problems(&self) -> Vec<String> {
        self.build().expect_err("should be refused").0.iter().map(ToString::to_string).collect()
    }
}

fn units() -> Units {
    Units::parse(UNITS).unwrap()
}

/// A water company with four people who serve 24 hours in turn, two at a time, a lead, and the district's desk.
fn water() -> Lines {
    Lines {
        people: "desk,HALL,,district,,,,,\nann,WATER,,duty|handler,,,,,\nbob,WATER,,duty|handler,,,,,\n\
                 cai,WATER,,duty|handler,,,,,\ndan,WATER,,duty|handler,,,,,\nlee,WATER,,lead,,,,,\n"
            .to_owned(),
        shifts: "24H,,08:30,08:30,,,ABCD,2026-09-01\n".to_owned(),
        duty: "24H,A,ann,duty,,\n24H,B,bob,duty,,\n24H,C,cai,duty,,\n24H,D,dan,duty,,\n\
               24H,C,ann,backup,,\n24H,D,bob,backup,,\n24H,A,cai,backup,,\n24H,B,dan,backup,,\n"
            .to_owned(),
        ..Lines::default()
    }
}

/// A local time in China.
fn at(time: &str) -> At {
    let zone = Calendars::shipped().unwrap().default_calendar().zone().clone();
    let local: jiff::civil::DateTime = time.parse().unwrap();
    zone.to_timestamp(local).unwrap().into()
}

fn unit(code: &str) -> UnitCode {
    code.parse().unwrap()
}

fn person(code: &str) -> PersonCode {
    code.parse().unwrap()
}

/// Who answers.
fn who(roster: &Roster, code: &str, time: &str) -> String {
    roster.responsible(&unit(code), at(time)).person.to_string()
}

/// The steps in English.
fn steps(roster: &Roster, code: &str, time: &str) -> Vec<String> {
    roster.responsible(&unit(code), at(time)).through.iter().map(suban_roster::Step::en).collect()
}

/// Everybody who serves, in order.
fn serving(roster: &Roster, code: &str, time: &str) -> Vec<String> {
    roster.on_duty(&unit(code), at(time)).iter().map(|one| one.person.to_string()).collect()
}
