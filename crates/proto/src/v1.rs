//! The types, clients and servers generated from `proto/suban/v1`; documented there.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::all,
    reason = "generated code follows the generator's style"
)]

tonic::include_proto!("suban.v1");
include!(concat!(env!("OUT_DIR"), "/suban.v1.debug.rs"));
