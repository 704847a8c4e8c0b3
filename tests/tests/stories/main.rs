//! The hotline's days, told over the public faces on real PostgreSQL, Redis and Kafka:
//! `deploy/local/with-stack cargo test -p suban-tests`. Each story has a city of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story's helpers fail the story")]

mod alike;
mod attachments;
mod backups;
mod bad_input;
mod evidence;
mod hall;
mod helping;
mod inspection;
mod layers;
mod learning;
mod mass_events;
mod merging;
mod normal_day;
mod on_the_line;
mod outages;
mod raw;
mod replays;
mod returning;
mod searching;
mod shifts;
mod sources;
mod splitting;
mod storms;
mod telling;
mod traces;
mod unhappy;
mod words;
