#![doc = include_str!("../README.md")]

mod arrivals;
mod case;
mod compare;
mod desk;
mod engine;
mod error;
mod history;
mod outcome;
mod policy;
mod range;
mod station;
#[cfg(test)]
mod tests;

pub use self::{
    arrivals::{Arrival, Arrivals, When},
    compare::{Ablation, Changes, PUBLISHED, PolicyReport, Published, Question, Report, Spreads, Versions, compare},
    error::SimulationError,
    outcome::{Lasted, Life, Outcome},
    policy::{
        Automatic, ByHand, Columns, Dispatch, Handling, Merging, OnRoster, Policy, Queue, Repeats, Returns, Shift,
        Sign, Urging, World, base, read,
    },
    range::{Draw, Quantity, Range, Spread},
};
