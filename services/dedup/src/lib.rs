//! Says whether a ticket is new, and handles the same thing as one.
//!
//! What intake accepted is judged in batches: a twin in identical words joins its group through the merge
//! transitions of the ticket core; what is alike in words, place and person is put before a person; everything else
//! gets its verdict and goes on to dispatch. What belongs to a mass event that a supervisor declared is put together
//! without a person, by its cause or by its site, and so is what a city's own answers make sure enough. People confirm, reject, merge, unmerge and change masters through the
//! gRPC face. The master is the earliest received, in whatever order the
//! judging happened; a pair that a person took apart is never put together again by a machine.

mod api;
mod clusters_api;
mod consumer;
pub mod decide;
mod evidence_api;
pub mod explain;
pub mod learning;
mod mass;
mod mass_api;
pub mod memory;
mod suggestions;
pub mod tables;
mod watch;

use std::net::SocketAddr;

use suban_bus::{Group, Kinds, Pace};
use suban_proto::v1::dedup_service_server::DedupServiceServer;
use suban_runtime::{Service, grpc::Grpc};
use suban_service::{App, StartError};

pub use consumer::judge;
pub use memory::Memory;

/// What judging needs: the app, and the tickets that a new one could be the same as. Cheap to clone.
#[derive(Clone)]
pub struct Judge {
    /// The app.
    pub app: App,
    /// What is held.
    pub memory: Memory,
}

impl Judge {
    /// One that holds what is in the database now and hears nothing more: for a tool or a replay.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn of(app: &App) -> Result<Self, StartError> {
        let memory = Memory::new(&app.settings.duplicates)?;
        memory.look(app).await?;
        memory.look_at_evidence(app).await?;
        memory.load(app).await?;
        Ok(Self { app: app.clone(), memory })
    }
}

/// The consumer group.
pub const GROUP: Group = Group { name: "dedup", kinds: Kinds::Only(consumer::FOLLOWED), pace: Pace::AtOnce };

/// Starts the service on an app: its consumer and its face; answers where it listens.
///
/// # Errors
/// When the address or Kafka cannot be used.
pub async fn serve(app: App) -> Result<SocketAddr, StartError> {
    let judge = Judge { memory: Memory::start(&app).await?, app: app.clone() };
    app.consume_with(judge.clone(), GROUP, |with, batch| Box::pin(async move { consumer::judge(with, batch).await }))
        .await?;
    app.tasks.spawn("mass-events", mass::look_back(app.clone()));
    let api = api::Api { app: app.clone(), memory: judge.memory };
    app.face(
        Grpc::new(Service::Dedup, &app.settings)
            .face(|bytes| DedupServiceServer::new(api).max_decoding_message_size(bytes)),
    )
    .await
}
