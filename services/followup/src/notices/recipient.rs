//! Whom a notice is for.

use std::{fmt, str::FromStr};

use suban_domain::{RequesterId, UnitCode};

/// A rung of a unit's ladder (D§14: duty → backup → unit lead → district duty).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    /// The duty phone, day and night.
    Duty,
    /// The backup phone.
    Backup,
    /// The unit's lead (分管负责人).
    Lead,
}

impl Rung {
    const ALL: [Self; 3] = [Self::Duty, Self::Backup, Self::Lead];

    const fn code(self) -> &'static str {
        match self {
            Self::Duty => "duty",
            Self::Backup => "backup",
            Self::Lead => "lead",
        }
    }
}

/// A desk of the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Desk {
    /// The hall's shift leader.
    Hall,
    /// Supervisors (督办员).
    Supervisors,
    /// The district's duty officer, the last rung of every ladder.
    DistrictDuty,
}

impl Desk {
    const ALL: [Self; 3] = [Self::Hall, Self::Supervisors, Self::DistrictDuty];

    const fn code(self) -> &'static str {
        match self {
            Self::Hall => "hall",
            Self::Supervisors => "supervisors",
            Self::DistrictDuty => "district-duty",
        }
    }
}

/// Whom a notice is for: a function, never a phone or a name; the carrier's side knows who fills it now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Recipient {
    /// Whose demand it is.
    Citizen(RequesterId),
    /// Somebody of a unit.
    Unit(UnitCode, Rung),
    /// A desk of the centre.
    Desk(Desk),
}

impl Recipient {
    /// Are people there day and night?
    #[must_use]
    pub const fn is_always_there(&self) -> bool {
        match self {
            Self::Citizen(_) => false,
            Self::Unit(_, rung) => matches!(rung, Rung::Duty | Rung::Backup),
            Self::Desk(desk) => matches!(desk, Desk::Hall | Desk::DistrictDuty),
        }
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Citizen(id) => write!(f, "citizen:{id}"),
            Self::Unit(unit, rung) => write!(f, "unit:{unit}:{}", rung.code()),
            Self::Desk(desk) => write!(f, "desk:{}", desk.code()),
        }
    }
}

/// What is no recipient.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no recipient; it is citizen:ID, unit:CODE:duty|backup|lead or desk:hall|supervisors|district-duty")]
pub struct NoRecipient(String);

impl FromStr for Recipient {
    type Err = NoRecipient;

    fn from_str(text: &str) -> Result<Self, NoRecipient> {
        let none = || NoRecipient(text.chars().take(80).collect());
        let (kind, rest) = text.split_once(':').ok_or_else(none)?;
        match kind {
            "citizen" => rest.parse().map(Self::Citizen).map_err(|_| none()),
            "unit" => {
                let (unit, rung) = rest.rsplit_once(':').ok_or_else(none)?;
                let rung = Rung::ALL.into_iter().find(|r| r.code() == rung).ok_or_else(none)?;
                Ok(Self::Unit(UnitCode::new(unit).map_err(|_| none())?, rung))
            }
            "desk" => Desk::ALL.into_iter().find(|d| d.code() == rest).map(Self::Desk).ok_or_else(none),
            _ => Err(none()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_reads_as_it_is_written() {
        let unit = UnitCode::new("LG-CG").unwrap();
        let mut all: Vec<Recipient> = Desk::ALL.into_iter().map(Recipient::Desk).collect();
        all.extend(Rung::ALL.into_iter().map(|rung| Recipient::Unit(unit.clone(), rung)));
        for one in all {
            assert_eq!(one.to_string().parse(), Ok(one));
        }
    }

    #[test]
    fn what_is_no_recipient_is_refused_with_what_one_looks_like() {
        for wrong in ["", "unit:LG", "unit:LG:boss", "desk:kitchen", "citizen:13800000000", "phone:13800000000"] {
            let refused = wrong.parse::<Recipient>().unwrap_err().to_string();
            assert!(refused.contains("unit:CODE"), "{refused}");
        }
    }
}
