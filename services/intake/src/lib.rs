//! Takes what citizens say, from every channel, once; shows and completes it afterwards.
//!
//! A demand is checked whole, read, sealed and masked without touching the database, and then handed to the writer,
//! which gathers what arrives at the same moment. The same source triple is the same ticket for ever; changed words
//! become a supplement (D0, R-CHN-1). Everything else here is a command on one ticket, or a view of some. This
//! process keeps nothing but the feed of its watchers and the index of what is searched, and both can be lost. Files that
//! come with tickets are kept here as well, in a store of their own.

mod api;
mod attachments;
mod caller;
mod commands;
mod contact;
mod demand;
mod draft;
mod list;
mod search;
mod submit;
mod tables;
mod watch;

use std::net::SocketAddr;

use suban_proto::v1::intake_service_server::IntakeServiceServer;
use suban_runtime::{Service, grpc::Grpc};
use suban_service::{App, StartError, language_model::LanguageModel};

/// Starts the service on an app: its face, the feed of its watchers and what keeps the index up; answers where it
/// listens.
///
/// # Errors
/// When the address or Kafka cannot be used.
pub async fn serve(app: App) -> Result<SocketAddr, StartError> {
    let feed = watch::Feed::start(&app);
    let language_model = LanguageModel::of(&app.settings.language_model)?;
    let room = attachments::Room::open(&app)?;
    let finder = search::Finder::start(&app);
    let api = api::Api { app: app.clone(), feed, language_model, room, finder };
    app.face(
        Grpc::new(Service::Intake, &app.settings)
            .face(|bytes| IntakeServiceServer::new(api).max_decoding_message_size(bytes)),
    )
    .await
}
