//! Asks the citizen whether it was really solved.
//!
//! An accepted result opens one survey for each time it was accepted; a master's closing reply goes to every member
//! first, and each member is asked for itself. Attempts and outcomes are kept; a citizen may answer by an
//! unguessable link at any time. Solved and satisfied closes; otherwise the same unit does it again, then under
//! supervision. Whoever must hear of something, citizen or unit, is told through one queue of notices.

mod api;
mod consumer;
pub mod decide;
pub mod flash;
pub mod groups;
pub mod notices;
pub mod parts;
mod progress;
mod said;
pub mod tables;

use std::{net::SocketAddr, time::Duration};

use suban_bus::{Group, Kinds, Pace};
use suban_proto::v1::followup_service_server::FollowupServiceServer;
use suban_runtime::{Service, grpc::Grpc};
use suban_service::{App, StartError, rosters::Rosters};

pub use consumer::follow;

use crate::notices::{alarm, carrier::Carrier, sender, sender::Office, words::Texts};

/// Events that open or end surveys, or that somebody is told of.
const FOLLOWED: &[&str] = &followed();

const LISTS: [&[&str]; 3] = [decide::FOLLOWED, notices::decide::TOLD, parts::FOLLOWED];

const fn followed() -> [&'static str; LISTS[0].len() + LISTS[1].len() + LISTS[2].len()] {
    let mut all = [""; LISTS[0].len() + LISTS[1].len() + LISTS[2].len()];
    let (mut n, mut list, mut at) = (0, 0, 0);
    while n < all.len() {
        if at < LISTS[list].len() {
            all[n] = LISTS[list][at];
            (n, at) = (n + 1, at + 1);
        } else {
            (list, at) = (list + 1, 0);
        }
    }
    all
}

/// The consumer group.
pub const GROUP: Group =
    Group { name: "followup", kinds: Kinds::Only(FOLLOWED), pace: Pace::Gathered(Duration::from_millis(100)) };

/// Starts the service on an app: its consumer and its face; answers where it listens.
///
/// # Errors
/// When the address or Kafka cannot be used.
pub async fn serve(app: App) -> Result<SocketAddr, StartError> {
    app.consume(GROUP, |app, batch| Box::pin(async move { follow(app, batch).await })).await?;
    let rosters = Rosters::start(app.store.clone(), &app.tasks).await?;
    app.tasks.spawn("roster-alarm", alarm::run(app.clone(), rosters.clone()));
    let office = Office {
        app: app.clone(),
        carrier: Carrier::of(&app.settings.notices).map_err(|e| StartError::Notices(e.to_string()))?,
        rosters,
        texts: Texts::shipped().map_err(|e| StartError::Notices(e.to_string()))?,
    };
    app.tasks.spawn("notices", sender::run(office));
    let api = api::Api { app: app.clone() };
    app.face(
        Grpc::new(Service::Followup, &app.settings)
            .face(|bytes| FollowupServiceServer::new(api).max_decoding_message_size(bytes)),
    )
    .await
}
