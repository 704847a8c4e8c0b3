//! `suban bench fairness`: are equal people of a unit given equal work?

use std::process::ExitCode;

use serde::Serialize;
use suban_roster::fairness::{Loads, Month, month};

use super::args;
use crate::print;

/// Largest ÷ smallest load of equal people, at most.
const MUST: f64 = 1.1;

#[derive(Serialize)]
struct Report {
    bench: &'static str,
    #[serde(flatten)]
    loads: Loads,
}

/// Plays the month; fails when equal people end further apart than they must.
pub(crate) fn command(how: &args::Fairness) -> anyhow::Result<ExitCode> {
    let loads = month(&Month { seed: how.seed, people: how.people, tickets: how.tickets })?;
    let fair = loads.largest_over_smallest <= MUST;
    if how.json {
        print::json(&Report { bench: "fairness", loads })?;
    } else {
        let row = |load: &suban_roster::fairness::Load| {
            vec![load.person.to_string(), load.group.to_string(), load.tickets.to_string(), load.effort.to_string()]
        };
        let rows: Vec<_> = loads.loads.iter().map(row).collect();
        print::table(&["person", "group", "tickets", "effort"], &rows);
        print::out(&format!(
            "largest ÷ smallest: {:.4} among people of the same shifts, {:.4} over all",
            loads.largest_over_smallest, loads.over_all_groups
        ));
    }
    Ok(if fair { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
