//! Who is on duty, who answers for a unit at each instant, and who inside it is given a ticket (D§14).
//!
//! A [`Roster`] is built once from five tables ([`Tables`]: people, shifts, duty, exceptions, deputies) that a city
//! keeps in a spreadsheet; one that exists makes sense, and everything that does not is listed by row and column
//! ([`Problems`]). Everything else is a question to it:
//!
//! ```text
//! responsible(unit, at)   exactly one person, by the ladder duty → backup → unit lead → district duty
//! on_duty(unit, at)       everybody who serves then, with those who stand in for people on leave
//! boundaries(unit, …)     when an answer may change, and never between
//! gaps(unit, …), alarms   where too few serve, or nobody
//! assign(roster, work, …) who is given a ticket, with the reasons and everybody who was not
//! ```
//!
//! Functions of values: nothing in here reads a clock or a file, and the same roster gives the same answer on every
//! machine. A unit with nobody on its roster still has an answer: the district duty, without whom no roster is built.

mod assign;
mod check;
mod codes;
mod duty;
pub mod fairness;
mod gaps;
mod handover;
mod ladder;
mod ledger;
mod problem;
mod read;
mod roster;
mod shift;
mod tables;
mod units;

pub use assign::{Assignment, Reason, Refused, Work, assign};
pub use codes::{Group, Job, Rank, ShiftCode, Skill};
pub use duty::OnDuty;
pub use gaps::{Alarm, Gap, LOOK_AHEAD_DAYS, Lack};
pub use handover::{Handover, HandoverRefused, Held, Item, Signatures};
pub use ladder::{Found, Responsible, Rung, Step};
pub use ledger::{Effort, Ledger};
pub use problem::{Problem, Problems, Table};
pub use read::Files;
pub use roster::Roster;
pub use shift::{Cycle, Days, Times};
pub use tables::{Deputy, Duty, Exception, Person, Shift, Tables, Turn};
pub use units::Units;
