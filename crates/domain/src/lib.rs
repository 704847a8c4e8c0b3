//! The ticket: values, states, transitions, deadlines, merge rules. Pure.
//!
//! Nothing in here knows a clock, a database or a network. [`decide`] turns a
//! ticket and a command into events or a refusal; [`Ticket::apply`] folds events into
//! the ticket. Production, replay and tests all go through these two functions, so the
//! rules of the field (`D§n` in comments) stand in one place.
//!
//! ```text
//! Command ──decide(&Ticket, &Command, &Limits)──► Vec<Event> ──apply──► Ticket
//! ```

mod apply;
pub mod calendar;
mod codes;
mod command;
mod decide;
mod event;
pub mod groups;
mod limits;
mod number;
mod refusal;
mod ticket;
pub mod timeline;
mod transitions;
mod values;

pub use apply::FoldError;
pub use codes::*;
pub use command::{Action, Command, Submission};
pub use decide::{decide, due_actions, needs_a_person, open};
pub use event::*;
pub use limits::{CountFrom, Limits, PerUrgency};
pub use number::{NumberError, TicketNumber};
pub use refusal::Refusal;
pub use ticket::*;
pub use transitions::{TRANSITIONS, Transition, transitions_markdown};
pub use values::*;
