//! Flash reports 要情 (D§14): one action sends what cannot wait to the shift leader and the district's duty. Who has it
//! says so; where nobody has within five minutes, the supervisors are told.

pub(crate) mod api;
pub(crate) mod tables;

use suban_domain::{At, Span, Ticket};

use crate::notices::{
    decide::{Holds, Kind, Planned, Said},
    recipient::{Desk, Recipient},
};

suban_domain::codes! {
    /// Which report of one matter it is.
    Stage, "stage of a flash report" {
        /// The first word, at once.
        First = 1, "FIRST", "初报";
        /// What is known since.
        Further = 2, "FURTHER", "续报";
        /// How it ended.
        Final = 3, "FINAL", "终报";
    }
}

/// Within this time somebody has it (D§14).
pub const ACKNOWLEDGED: Span = Span::minutes(5);

/// May this stage be reported after those before it? In words, why not.
///
/// # Errors
/// A matter begins with one first report and ends with one final.
pub fn may_follow(before: &[Stage], stage: Stage) -> Result<(), &'static str> {
    match (before.last(), stage) {
        (None, Stage::First) | (Some(Stage::First | Stage::Further), Stage::Further | Stage::Final) => Ok(()),
        (None, Stage::Further | Stage::Final) => Err("must be FIRST: nothing was reported of this ticket yet"),
        (Some(Stage::First | Stage::Further), Stage::First) => {
            Err("must be FURTHER or FINAL: the first report was made already")
        }
        (Some(Stage::Final), _) => Err("cannot follow the final report; a new matter is a new ticket"),
    }
}

/// Whom a report is told to, and when; one who has it ends what has not been told.
#[must_use]
pub fn plan(ticket: &Ticket, at: At) -> Vec<Planned> {
    let (about, within) = (ticket.lead().map(|task| task.unit.clone()), at.plus(ACKNOWLEDGED));
    let told = |desk, at| Planned {
        kind: Kind::Flash,
        to: Recipient::Desk(desk),
        about: about.clone(),
        holds: Holds::Always,
        at,
        said: Said { due: Some(within), ..Said::default() },
    };
    vec![told(Desk::Hall, at), told(Desk::DistrictDuty, at), told(Desk::Supervisors, within)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_matter_is_reported_first_then_further_and_at_the_end() {
        let follows = |before: &[Stage], stage| may_follow(before, stage).is_ok();
        assert!(follows(&[], Stage::First));
        assert!(!follows(&[], Stage::Final) && !follows(&[], Stage::Further));
        assert!(follows(&[Stage::First], Stage::Further) && follows(&[Stage::First], Stage::Final));
        assert!(!follows(&[Stage::First], Stage::First));
        assert!(Stage::ALL.iter().all(|stage| !follows(&[Stage::First, Stage::Final], *stage)));
    }

    proptest! {
        #[test]
        fn whatever_is_tried_there_is_one_first_and_at_most_one_final_which_is_last(tried in proptest::collection::vec(0..3_usize, 0..20)) {
            let mut made: Vec<Stage> = Vec::new();
            for stage in tried.into_iter().filter_map(|n| Stage::ALL.get(n).copied()) {
                if may_follow(&made, stage).is_ok() {
                    made.push(stage);
                }
            }
            prop_assert!(made.iter().skip(1).all(|stage| *stage != Stage::First));
            prop_assert!(made.iter().rev().skip(1).all(|stage| *stage != Stage::Final));
        }
    }
}
