//! The contract in Rust: generated types, and their conversions to and from the domain.

pub mod v1;

/// The compiled contract, for gRPC reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/suban.v1.descriptors"));
