//! What the services are made of: the parts each starts with, commands, views and faults.
//!
//! A service's `lib.rs` reads: start the [`App`], put the gRPC face on it, run its consumers. Whatever two
//! services would write alike stands here: how a request becomes a command on a ticket ([`Asked`]), how a
//! ticket is shown to a caller ([`view`]), what happened to it in words ([`history`]), its clocks ([`clocks`]) and its
//! whole file ([`file`](mod@file)), how others are called over HTTP
//! ([`http`]), how lists are paged ([`paging`]), which catalogue is in force ([`Catalogues`]), how every
//! change is followed ([`Folded`]), and how the store's errors are told ([`status`]).

mod app;
mod asked;
mod catalogues;
mod category;
pub mod clocks;
mod faults;
pub mod file;
mod folded;
pub mod history;
pub mod http;
pub mod language_model;
mod looking;
pub mod paging;
pub mod rosters;
pub mod view;

pub use app::{App, Handler, StartError};
pub use asked::{Asked, Noted, Said, request_id, ticket_number};
pub use catalogues::{CATEGORY, Catalogues, InForce, KIND as CATALOGUE};
pub use category::{Category, WANTED};
pub use faults::{refusal, status};
pub use folded::{Folded, Step};
