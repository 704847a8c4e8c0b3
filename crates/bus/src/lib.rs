#![doc = include_str!("../README.md")]

mod client;
mod consumer;
pub mod dead;
mod deliver;
mod envelope;
mod error;
mod group;
mod relay;
mod scan;
mod sender;
mod tail;
mod topics;
mod watch;

pub use consumer::{Batch, Batches};
pub use deliver::{Failure, run};
pub use envelope::{
    ACTOR, Corrupt, EVENT_ID, Envelope, Message, REQUEST, Record, SCHEMA, SCHEMA_VERSION, TICKET_VERSION, TIME, TYPE,
    Unreadable,
};
pub use error::BusError;
pub use group::{Group, Kinds, Pace};
pub use relay::Relay;
pub use scan::{GroupLag, fold_topic, group_lag, topic_end};
pub use sender::Sender;
pub use tail::{Positions, Tail};
pub use topics::{Topic, delete_topics, ensure_topics, group_name};
