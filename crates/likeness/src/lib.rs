#![doc = include_str!("../README.md")]

pub mod address;
pub mod alike;
pub mod automatic;
mod cells;
mod chains;
mod context;
pub mod decide;
pub mod evidence;
pub mod explain;
pub mod features;
pub mod fit;
pub mod index;
mod keys;
pub mod learned;
pub mod model;
pub mod place;
pub mod rarity;
pub mod request;
mod search;
mod sentences;
pub mod shape;
pub mod snapshot;
mod tally;
pub mod terms;

pub use context::Verdict;
pub use features::{Feature, Features};
pub use index::{Candidate, Index, Judgement, Limits};
pub use model::{Model, Tongue};
pub use place::Spot;
pub use request::{Facts, Id, Read, Request, Seconds, read};
