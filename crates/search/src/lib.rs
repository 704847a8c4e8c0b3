#![doc = include_str!("../README.md")]

mod document;
mod index;
mod matches;
mod query;
mod rank;
mod schema;
mod words;

pub use document::{Document, Key};
pub use index::{Found, Index, IndexError, Known};
pub use matches::{Match, Place, Texts, excerpt, matches};
pub use query::{Period, Query};
pub use rank::{Mark, Rank};
pub use words::{MOST_CHARS, MOST_WORDS, Unaskable, Words};
