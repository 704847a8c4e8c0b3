//! A whole city for one test: its own database, topics and cache, all six services, and people who use them.
//!
//! A story is told with [`story`]: it plays between citizens and staff, through the public gRPC and REST faces
//! only, and at its end the harness proves what must hold after every day of a hotline: the outbox is empty, there
//! are no dead letters, every row equals the fold of its log, and `suban check` finds nothing, no citizen's name
//! among it. What a story needs beside the faces (a database looked into, a broker that loses data, a tool of the
//! operator) is here too, under its own name.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's helpers fail the test")]

mod citizen;
mod city;
mod database;
mod desk;
mod http;
mod kafka;
mod patience;
mod proof;
mod tools;
mod unit;
mod valve;

pub use citizen::{Case, Citizen};
pub use city::{City, Office, Plan, story};
pub use desk::{Desk, Named};
pub use http::Answer;
pub use patience::{PATIENCE, eventually};
pub use proof::Counts;
pub use tools::{Told, binary};
pub use unit::{Unit, result};
pub use valve::Valve;
