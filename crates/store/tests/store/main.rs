//! The store's promises, on a real Postgres: how changes are written, what goes through the one door for words, who
//! is erased, whose number is whose. Each test has a database of its own.
#![cfg(test)]

mod changes;
mod database;
mod erase;
mod numbers;
mod texts;
