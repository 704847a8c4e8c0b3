//! The closed lists and the codes of rosters.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use suban_domain::{Malformed, MatterCode};

macro_rules! list {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$vdoc:meta])* $variant:ident = $code:literal, $zh:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $(#[doc = $zh] $(#[$vdoc])* #[serde(rename = $code)] $variant,)+
        }
        impl $name {
            /// Every value, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The word in the tables.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
            /// The word to show (D§2).
            #[must_use]
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh),+ }
            }
        }
        impl FromStr for $name {
            type Err = Malformed;
            fn from_str(s: &str) -> Result<Self, Malformed> {
                match s {
                    $($code => Ok(Self::$variant),)+
                    _ => Err(Malformed::new($what, concat!("must be one of", $(" ", $code),+))),
                }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}

list! {
    /// What somebody does in a unit (D§3). The hall is a unit too.
    Job, "job" {
        /// Handles tickets.
        Handler = "handler", "经办人";
        /// Signs for the unit day and night.
        DutyOfficer = "duty", "值班员";
        /// Answers when neither duty nor backup does; needs no shift.
        Lead = "lead", "分管负责人";
        /// Of the hall: takes calls.
        Agent = "agent", "坐席";
        /// Of the hall: dispatches.
        Dispatcher = "dispatcher", "分拨员";
        /// Of the hall: calls back.
        Callback = "callback", "回访员";
        /// Of the hall: leads a shift and signs its handover.
        ShiftLeader = "shift_leader", "值班长";
        /// Answers for every unit that has nobody else: the last of the ladder. Every roster has one.
        District = "district", "区值班";
    }
}

list! {
    /// As what somebody serves a shift.
    Rank, "rank" {
        /// Answers for the unit.
        Duty = "duty", "主班";
        /// Answers when the duty does not.
        Backup = "backup", "副班";
        /// Works, and does not answer for the unit.
        Staff = "staff", "在岗";
    }
}

/// 1 to 32 letters, digits, `-`, `_`, `.`, `:` or `/`, as every code.
fn written(code: String, what: &'static str) -> Result<String, Malformed> {
    if code.chars().count() > 32 {
        return Err(Malformed::new(what, "is longer than 32 characters"));
    }
    MatterCode::new(code).map(String::from).map_err(|e| Malformed::new(what, e.problem))
}

macro_rules! code {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            #[doc = concat!("A ", $what, ": 1 to 32 letters, digits, `-`, `_`, `.`, `:` or `/`.")]
            ///
            /// # Errors
            /// Says what is wrong.
            pub fn new(code: impl Into<String>) -> Result<Self, Malformed> {
                written(code.into(), $what).map(Self)
            }
            /// The code as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = Malformed;
            fn try_from(s: String) -> Result<Self, Malformed> {
                Self::new(s)
            }
        }
        impl From<$name> for String {
            fn from(c: $name) -> String {
                c.0
            }
        }
        impl FromStr for $name {
            type Err = Malformed;
            fn from_str(s: &str) -> Result<Self, Malformed> {
                Self::new(s)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

code! {
    /// A named shift (班次), for example `24H` or `NIGHT`.
    ShiftCode, "shift code"
}
code! {
    /// What somebody can do: a matter's code, what several begin with (`HJ`), or a word with a colon (`lang:en`).
    Skill, "skill"
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
