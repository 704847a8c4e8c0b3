#![doc = include_str!("../README.md")]

pub mod calibrate;
pub mod category;
pub mod eval;
pub mod file;
pub mod folds;
pub mod history;
pub mod linear;
pub mod stretch;
pub mod unit;

pub use category::CategoryModel;
