#![doc = include_str!("../README.md")]

pub mod area;
pub mod catalogue;
pub mod display;
pub mod features;
mod fold;
mod kind;
mod left_out;
pub mod mask;
pub mod normalise;
mod own;
pub mod phone;
pub mod reading;
mod risk;
mod scan;
pub mod weights;

pub use area::{AreaReading, Gazetteer, Place, TooManyWords};
pub use catalogue::{Catalogue, Circumstances, Lead, Merge, NoLead, Problem, Problems, Tables};
pub use features::{Counts, Segmenter};
pub use left_out::left_out;
pub use mask::{HitKind, Masked, mask, mask_for};
pub use normalise::{Normalised, normalise, words_hash};
pub use own::OwnValues;
pub use phone::Phone;
pub use reading::{Candidate, Keyword, MatterWords, Reader, Reading, ToRead, Unbuildable};
pub use weights::{SparseVector, Weights};
