#![doc = include_str!("../README.md")]

pub mod area;
pub mod catalogue;
mod columns;
pub mod display;
pub mod extract;
pub mod features;
mod fold;
mod kind;
mod left_out;
pub mod mask;
pub mod missing;
pub mod normalise;
mod own;
pub mod phone;
pub mod place;
pub mod reading;
mod risk;
mod scan;
pub mod split;
pub mod weights;

pub use area::{AreaReading, Gazetteer, Place, TooManyWords};
pub use catalogue::{Catalogue, Circumstances, Lead, Merge, NoLead, Problem, Problems, Tables};
pub use extract::{Extraction, Mention, Named, TimeSaid, extract};
pub use features::{Counts, Features, Segmenter};
pub use left_out::left_out;
pub use mask::{HitKind, Masked, mask, mask_for};
pub use missing::{Beside, Missing, missing};
pub use normalise::{Normalised, normalise, words_hash};
pub use own::OwnValues;
pub use phone::Phone;
pub use place::{Datum, Gcj02, Map, Picked, Resolved, Source, ToResolve, Unknown, Wgs84};
pub use reading::{Candidate, Keyword, MatterWords, Reader, Reading, ToRead, Unbuildable};
pub use split::split;
pub use weights::{SparseVector, Weights};
