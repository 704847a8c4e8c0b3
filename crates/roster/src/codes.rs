//! The closed lists and the codes of rosters.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use suban_domain::{Malformed, MatterCode, code, codes};

codes! {
    /// What somebody does in a unit (D§3). The hall is a unit too.
    Job, "job" {
        /// Handles tickets.
        Handler = 1, "handler", "经办人";
        /// Signs for the unit day and night.
        DutyOfficer = 2, "duty", "值班员";
        /// Answers when neither duty nor backup does; needs no shift.
        Lead = 3, "lead", "分管负责人";
        /// Of the hall: takes calls.
        Agent = 4, "agent", "坐席";
        /// Of the hall: dispatches.
        Dispatcher = 5, "dispatcher", "分拨员";
        /// Of the hall: calls back.
        Callback = 6, "callback", "回访员";
        /// Of the hall: leads a shift and signs its handover.
        ShiftLeader = 7, "shift_leader", "值班长";
        /// Answers for every unit that has nobody else: the last of the ladder. Every roster has one.
        District = 8, "district", "区值班";
    }
}

codes! {
    /// As what somebody serves a shift.
    Rank, "rank" {
        /// Answers for the unit.
        Duty = 1, "duty", "主班";
        /// Answers when the duty does not.
        Backup = 2, "backup", "副班";
        /// Works, and does not answer for the unit.
        Staff = 3, "staff", "在岗";
    }
}

code! {
    /// A named shift (班次), for example `24H` or `NIGHT`.
    ShiftCode, "shift code", 32
}
code! {
    /// What somebody can do: a matter's code, what several begin with (`HJ`), or a word with a colon (`lang:en`).
    Skill, "skill", 32
}

impl Skill {
    /// Is it a word of its own, and about no matter?
    #[must_use]
    pub fn is_word(&self) -> bool {
        self.0.contains(':')
    }

    /// Is it for this matter?
    #[must_use]
    pub fn is_for(&self, matter: &MatterCode) -> bool {
        matter.as_str().starts_with(&self.0)
    }
}

/// A group of a rotation, one capital letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "char", into = "char")]
pub struct Group(char);

impl TryFrom<char> for Group {
    type Error = Malformed;
    fn try_from(letter: char) -> Result<Self, Malformed> {
        if letter.is_ascii_uppercase() {
            Ok(Self(letter))
        } else {
            Err(Malformed::new("group", "must be one letter of A to Z"))
        }
    }
}

impl From<Group> for char {
    fn from(group: Group) -> Self {
        group.0
    }
}

impl FromStr for Group {
    type Err = Malformed;
    fn from_str(s: &str) -> Result<Self, Malformed> {
        s.parse::<char>().map_err(|_| Malformed::new("group", "must be one letter of A to Z"))?.try_into()
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
