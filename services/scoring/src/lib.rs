//! Says how well every unit did, from facts that can be recomputed.
//!
//! Each ticket yields one fact for itself and one for each unit that worked on it, a pure function of the ticket.
//! Figures are sums over facts by period and group; `verify` folds the log again and compares.

mod api;
mod consumer;
pub mod decide;
mod lags;
mod live;
pub mod tables;
pub mod verify;

use std::{net::SocketAddr, time::Duration};

use suban_bus::{Group, Kinds, Pace};
use suban_proto::v1::scoring_service_server::ScoringServiceServer;
use suban_runtime::{Service, grpc::Grpc};
use suban_service::{App, StartError};

pub use consumer::count;

/// The consumer group.
pub const GROUP: Group =
    Group { name: "scoring", kinds: Kinds::AllBut(&[]), pace: Pace::Gathered(Duration::from_secs(1)) };

/// Starts the service on an app: its consumer and its face; answers where it listens.
///
/// # Errors
/// When the address or Kafka cannot be used.
pub async fn serve(app: App) -> Result<SocketAddr, StartError> {
    app.consume(GROUP, |app, batch| Box::pin(async move { count(app, batch).await })).await?;
    let api = api::Api::new(app.clone());
    app.face(
        Grpc::new(Service::Scoring, &app.settings)
            .face(|bytes| ScoringServiceServer::new(api).max_decoding_message_size(bytes)),
    )
    .await
}
