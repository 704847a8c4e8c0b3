//! The contract in Rust: generated types, and their conversions to and from the domain.
//!
//! * [`v1`] is generated from `proto/suban/v1`: messages, clients and servers.
//! * [`encode_event`] and [`decode_event`] are the only way between an event and its bytes.
//! * [`edge`] reads the fields of a request that is not to be trusted.
//!
//! What always holds: the closed lists have the domain's numbers, every fact survives the way out and
//! back, and the bytes of schema version 1 stay readable (golden bytes in `tests/golden`).

pub mod edge;
mod event;
pub mod v1;
mod wire;

pub use event::{SCHEMA_VERSION, decode_event, encode_event};
pub use wire::{Listed, Wire, WireError};

/// The compiled contract, for gRPC reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/suban.v1.descriptors"));
