//! The five tables as rows. `row` is the line that people see beside it; the heading is line 1.

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};
use suban_domain::{AreaCode, PersonCode, UnitCode};

use crate::{Cycle, Days, Group, Job, Rank, ShiftCode, Skill, Times};

/// One row of `people.csv`: somebody of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Line in the file.
    pub row: u32,
    /// Account name in the staff directory, where the name stands too; no decision needs it.
    pub code: PersonCode,
    /// The one unit that somebody belongs to.
    pub unit: UnitCode,
    /// The team inside it.
    pub team: Option<UnitCode>,
    /// What the person does there; several are usual.
    pub jobs: Vec<Job>,
    /// What the person can do; empty: everything.
    pub skills: Vec<Skill>,
    /// Where; empty: everywhere.
    pub areas: Vec<AreaCode>,
    /// Most open tickets; `None`: no limit.
    pub capacity: Option<u32>,
    /// Phone, as the telephone system calls it; nothing in here reads it.
    pub phone: String,
    /// Backup phone.
    pub backup_phone: String,
}

impl Person {
    /// Where the person stands: the team, or the unit itself.
    #[must_use]
    pub fn place(&self) -> &UnitCode {
        self.team.as_ref().unwrap_or(&self.unit)
    }
}

/// One row of `shifts.csv`: a named shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// Line in the file.
    pub row: u32,
    /// Its name.
    pub code: ShiftCode,
    /// The unit or team whose shift it is; `None`: any unit may use it, each with its own people.
    pub unit: Option<UnitCode>,
    /// From when until when.
    pub times: Times,
    /// On which days it begins.
    pub days: Days,
    /// Fewest people (D§14: two).
    pub minimum: u32,
    /// Whose turn it is, where groups take turns.
    pub cycle: Option<Cycle>,
}

/// One row of `duty.csv`: somebody serves a shift, always, for some time, or when it is the group's turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    /// Line in the file.
    pub row: u32,
    /// Which shift.
    pub shift: ShiftCode,
    /// On the days of this group; `None`: on every day on which the shift runs.
    pub group: Option<Group>,
    /// Who.
    pub person: PersonCode,
    /// As what.
    pub rank: Rank,
    /// First day; `None`: always.
    pub from: Option<Date>,
    /// Last day; `None`: until further notice.
    pub until: Option<Date>,
}

/// One shift of one person: on the day on which it begins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Turn {
    /// Who.
    pub person: PersonCode,
    /// Which shift.
    pub shift: ShiftCode,
    /// The day on which it begins.
    pub date: Date,
}

/// One row of `exceptions.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exception {
    /// Two people exchange a shift (换班): each serves the other's, as what the other would.
    Swap {
        /// Line in the file.
        row: u32,
        /// One's turn.
        one: Turn,
        /// The other's.
        other: Turn,
    },
    /// Somebody is away (请假). Local times, from the first moment until the first moment after it.
    Leave {
        /// Line in the file.
        row: u32,
        /// Who.
        person: PersonCode,
        /// First moment away.
        from: DateTime,
        /// First moment back.
        until: DateTime,
    },
    /// Somebody serves a shift beside those who do anyway (加班).
    Extra {
        /// Line in the file.
        row: u32,
        /// Who, which shift, when; also on a day on which it does not run otherwise.
        turn: Turn,
        /// As what.
        rank: Rank,
    },
}

/// One row of `deputies.csv`: who stands in for somebody on leave. Of several the first that is there does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deputy {
    /// Line in the file.
    pub row: u32,
    /// For whom.
    pub person: PersonCode,
    /// Who.
    pub deputy: PersonCode,
    /// First day; `None`: always.
    pub from: Option<Date>,
    /// Last day; `None`: until further notice.
    pub until: Option<Date>,
}

/// The five tables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tables {
    /// `people.csv`.
    pub people: Vec<Person>,
    /// `shifts.csv`.
    pub shifts: Vec<Shift>,
    /// `duty.csv`.
    pub duty: Vec<Duty>,
    /// `exceptions.csv`.
    pub exceptions: Vec<Exception>,
    /// `deputies.csv`.
    pub deputies: Vec<Deputy>,
}
