//! Says who must act and by when, and carries the unit's work until its result is accepted.
//!
//! What was judged is decided in batches: sent by the one row of the catalogue in force that names its lead, or put
//! into the queue for people with the reason. What became of tickets is learned from: rulings, outcomes, checks. Pressing tickets come by a topic of their own and wait for nobody. A
//! timer acts when a clock runs out. People and units work through the gRPC face: queue and claims, inbox, sign,
//! contact, result, return and dispute.

mod api;
mod consumer;
pub mod decide;
mod directory;
mod draft;
mod experience;
pub mod explain;
mod extensions;
pub mod file;
mod handover;
mod inbox;
pub mod learned;
mod participation;
mod parts;
mod publish;
mod queue;
mod reply;
pub mod review;
pub mod tables;
mod timers;
pub mod trial;

use std::net::SocketAddr;

use suban_bus::{Group, Kinds, Pace};
use suban_proto::v1::dispatch_service_server::DispatchServiceServer;
use suban_runtime::{Service, grpc::Grpc};
use suban_service::{App, StartError};
use suban_store::StoreError;

pub use consumer::{dispatch, dispatch_urgent};
pub use experience::Experiences;
pub use timers::{Patience, tick};

/// The consumer group.
pub const GROUP: Group = Group { name: "dispatch", kinds: Kinds::Only(consumer::FOLLOWED), pace: Pace::AtOnce };

/// The consumer group of the urgent hints.
pub const URGENT_GROUP: Group = Group::every("dispatch-urgent");

/// What dispatch works with: the app, and what the city has learned so far. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    /// The app.
    pub app: App,
    /// What was learned.
    pub learned: Experiences,
}

impl Desk {
    /// A desk that knows what was learned until now and learns nothing more: for a tool.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn of(app: &App) -> Result<Self, StoreError> {
        Ok(Self { app: app.clone(), learned: Experiences::load(app).await? })
    }
}

/// Starts the service on an app: its consumers, its timer and its face; answers where it listens.
///
/// # Errors
/// When the address or Kafka cannot be used.
pub async fn serve(app: App) -> Result<SocketAddr, StartError> {
    let desk = Desk { learned: Experiences::start(&app).await?, app: app.clone() };
    app.consume_urgent_with(desk.clone(), URGENT_GROUP, |desk, batch| {
        Box::pin(async move { dispatch_urgent(desk, batch).await })
    })
    .await?;
    app.consume_with(desk.clone(), GROUP, |desk, batch| Box::pin(async move { dispatch(desk, batch).await })).await?;
    app.tasks.spawn("timers", timers::run(app.clone()));
    let api = api::Api { app: app.clone(), learned: desk.learned };
    app.face(
        Grpc::new(Service::Dispatch, &app.settings)
            .face(|bytes| DispatchServiceServer::new(api).max_decoding_message_size(bytes)),
    )
    .await
}
