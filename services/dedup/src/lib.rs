//! Says whether a ticket is new, and handles the same thing as one.
//!
//! What intake accepted is judged in batches: a twin in identical words joins its group through the merge
//! transitions of the ticket core, everything else gets its verdict and goes on to dispatch. People merge,
//! unmerge and change masters through the gRPC face. The master is the earliest received, in whatever order the
//! judging happened; a pair that a person took apart is never put together again by a machine.

mod api;
mod consumer;
pub mod decide;

use std::net::SocketAddr;

use suban_bus::{Group, Kinds, Pace};
use suban_proto::v1::dedup_service_server::DedupServiceServer;
use suban_runtime::{Service, grpc::Grpc};
use suban_service::{App, StartError};

pub use consumer::judge;

/// The consumer group.
pub const GROUP: Group = Group { name: "dedup", kinds: Kinds::Only(consumer::JUDGED_AFTER), pace: Pace::AtOnce };

/// Starts the service on an app: its consumer and its face; answers where it listens.
///
/// # Errors
/// When the address or Kafka cannot be used.
pub async fn serve(app: App) -> Result<SocketAddr, StartError> {
    app.consume(GROUP, |app, batch| Box::pin(async move { judge(app, batch).await })).await?;
    let api = api::Api { app: app.clone() };
    app.face(
        Grpc::new(Service::Dedup, &app.settings)
            .face(|bytes| DedupServiceServer::new(api).max_decoding_message_size(bytes)),
    )
    .await
}
