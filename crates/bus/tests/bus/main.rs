//! The bus against a real Kafka and a real Postgres: `deploy/local/with-stack cargo test -p suban-bus`.
//! Each test has a database and topics of its own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail the test")]

mod consumers;
mod dead_letters;
mod relays;
mod stage;
