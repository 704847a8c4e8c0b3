//! Says who must act and by when, and carries the unit's work until its result is accepted.
//!
//! What was judged is decided in batches: sent by the one row of the catalogue in force that names its lead, or put
//! into the queue for people with the reason. Pressing tickets come by a topic of their own and wait for nobody. A
//! timer acts when a clock runs out. People and units work through the gRPC face: queue and claims, inbox, sign,
//! contact, result, return and dispute.

mod api;
mod consumer;
pub mod decide;
mod inbox;
mod publish;
mod queue;
pub mod review;
pub mod tables;
mod timers;

use std::net::SocketAddr;

use suban_bus::{Group, Kinds, Pace};
use suban_proto::v1::dispatch_service_server::DispatchServiceServer;
use suban_runtime::{Service, grpc::Grpc};
use suban_service::{App, StartError};

pub use consumer::{dispatch, dispatch_urgent};
pub use timers::{Patience, tick};

/// The consumer group.
pub const GROUP: Group = Group { name: "dispatch", kinds: Kinds::Only(consumer::FOLLOWED), pace: Pace::AtOnce };

/// The consumer group of the urgent hints.
pub const URGENT_GROUP: Group = Group::every("dispatch-urgent");

/// Starts the service on an app: its consumers, its timer and its face; answers where it listens.
///
/// # Errors
/// When the address or Kafka cannot be used.
pub async fn serve(app: App) -> Result<SocketAddr, StartError> {
    app.consume_urgent(URGENT_GROUP, |app, batch| Box::pin(async move { dispatch_urgent(app, batch).await })).await?;
    app.consume(GROUP, |app, batch| Box::pin(async move { dispatch(app, batch).await })).await?;
    app.tasks.spawn("timers", timers::run(app.clone()));
    let api = api::Api { app: app.clone() };
    app.face(
        Grpc::new(Service::Dispatch, &app.settings)
            .face(|bytes| DispatchServiceServer::new(api).max_decoding_message_size(bytes)),
    )
    .await
}
