//! Takes what citizens say, from every channel, once.
//!
//! A demand is checked whole, read by the catalogue in force, masked and sealed, and written together with
//! whatever else arrives at that moment. The same source triple is the same ticket for ever; changed words become
//! a supplement. Everybody who works on a ticket reads it, adds to it and follows it through this face.

mod api;
mod contacts;
mod demand;
mod history;
mod list;
mod submit;
mod tables;

use std::net::SocketAddr;

use suban_proto::v1::intake_service_server::IntakeServiceServer;
use suban_runtime::{Service, grpc::Grpc};
use suban_service::{App, StartError};

/// Starts the service on an app; answers where it listens.
///
/// # Errors
/// When the address cannot be used.
pub async fn serve(app: App) -> Result<SocketAddr, StartError> {
    let api = api::Api { app: app.clone() };
    app.face(Grpc::new(Service::Intake, &app.settings).face(|bytes| {
        IntakeServiceServer::new(api).max_decoding_message_size(bytes)
    }))
    .await
}
