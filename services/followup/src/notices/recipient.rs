//! Whom a notice is for.

use std::{fmt, str::FromStr};

use suban_domain::{RequesterId, UnitCode, codes};

codes! {
    /// A rung of a unit's ladder (D§14: duty → backup → unit lead → district duty).
    Rung, "rung" {
        /// The duty phone, day and night.
        Duty = 1, "duty", "主班";
        /// The backup phone.
        Backup = 2, "backup", "副班";
        /// Whoever leads the unit.
        Lead = 3, "lead", "分管负责人";
    }
}

codes! {
    /// A desk of the centre.
    Desk, "desk" {
        /// The hall's shift leader.
        Hall = 1, "hall", "值班长";
        /// Whoever supervises.
        Supervisors = 2, "supervisors", "督办员";
        /// The district's duty officer, the last rung of every ladder.
        DistrictDuty = 3, "district-duty", "区值班";
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
            Self::Unit(unit, rung) => write!(f, "unit:{unit}:{}", rung),
            Self::Desk(desk) => write!(f, "desk:{desk}"),
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
                Ok(Self::Unit(UnitCode::new(unit).map_err(|_| none())?, rung.parse().map_err(|_| none())?))
            }
            "desk" => rest.parse().map(Self::Desk).map_err(|_| none()),
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
        let mut all: Vec<Recipient> = Desk::ALL.iter().copied().map(Recipient::Desk).collect();
        all.extend(Rung::ALL.iter().map(|rung| Recipient::Unit(unit.clone(), *rung)));
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
