//! The contract in Rust: generated types, and their conversions to and from the domain.
