#![doc = include_str!("../README.md")]

pub mod eval;
pub mod history;
pub mod unit;
