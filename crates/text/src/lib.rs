#![doc = include_str!("../README.md")]

pub mod display;
mod fold;
pub mod mask;
mod own;
pub mod phone;
mod scan;

pub use mask::{HitKind, Masked, mask, mask_for};
pub use own::OwnValues;
pub use phone::Phone;
