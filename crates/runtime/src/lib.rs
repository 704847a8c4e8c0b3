#![doc = include_str!("../README.md")]

pub mod access;
mod clock;
pub mod errors;
pub mod grpc;
mod health;
pub mod http_ops;
mod ids;
pub mod keys;
mod secret;
pub mod settings;
mod tasks;
pub mod telemetry;

pub use access::{Access, Caller, TokenSource, TokenSourceError, caller};
pub use clock::Clock;
pub use health::{Check, Health, Readiness};
pub use ids::Ids;
pub use keys::Keys;
pub use secret::{Secret, SecretUrl};
pub use settings::{Service, Settings, SettingsError};
pub use tasks::{Stopped, Tasks};
