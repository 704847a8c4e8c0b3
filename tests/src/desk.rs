//! Whoever holds a token, with a line to every service.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use suban_proto::v1::{
    dedup_service_client::DedupServiceClient, dispatch_service_client::DispatchServiceClient,
    followup_service_client::FollowupServiceClient, intake_service_client::IntakeServiceClient,
    scoring_service_client::ScoringServiceClient,
};
use suban_runtime::{Secret, Service, Settings, grpc::Outgoing};
use tonic::{
    service::interceptor::InterceptedService,
    transport::{Channel, Endpoint},
};

/// A line in somebody's name.
pub type Named = InterceptedService<Channel, Outgoing>;

/// Where the services are called. Shared: who moves is found at the new place.
#[derive(Clone)]
pub(crate) struct Front {
    timeout: std::time::Duration,
    lines: Arc<Mutex<HashMap<Service, (SocketAddr, Channel)>>>,
}

impl Front {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self { timeout: settings.limits.request_timeout, lines: Arc::default() }
    }

    pub(crate) fn open(&self, service: Service, address: SocketAddr) {
        let line = Endpoint::from_shared(format!("http://{address}")).unwrap().timeout(self.timeout).connect_lazy();
        self.lines.lock().unwrap().insert(service, (address, line));
    }

    pub(crate) fn address(&self, service: Service) -> Option<SocketAddr> {
        self.lines.lock().unwrap().get(&service).map(|(address, _)| *address)
    }

    fn line(&self, service: Service) -> Channel {
        let lines = self.lines.lock().unwrap();
        lines.get(&service).unwrap_or_else(|| panic!("{service} has not been opened")).1.clone()
    }
}

/// A token, as it is sent and as it is read.
#[derive(Clone)]
pub(crate) struct Outgo {
    sent: Outgoing,
    plain: String,
}

impl Outgo {
    pub(crate) fn new(token: &Secret) -> Self {
        Self { sent: Outgoing::new(token).unwrap(), plain: token.expose().to_owned() }
    }
}

/// Somebody at work. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    front: Front,
    token: Outgo,
}

impl Desk {
    pub(crate) const fn new(front: Front, token: Outgo) -> Self {
        Self { front, token }
    }

    /// The token, for faces that are not gRPC.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token.plain
    }

    /// A bare line to a service in this name, for what no client would send.
    #[must_use]
    pub fn line(&self, service: Service) -> Named {
        InterceptedService::new(self.front.line(service), self.token.sent.clone())
    }

    /// Intake.
    #[must_use]
    pub fn intake(&self) -> IntakeServiceClient<Named> {
        IntakeServiceClient::new(self.line(Service::Intake))
    }

    /// Dedup.
    #[must_use]
    pub fn dedup(&self) -> DedupServiceClient<Named> {
        DedupServiceClient::new(self.line(Service::Dedup))
    }

    /// Dispatch.
    #[must_use]
    pub fn dispatch(&self) -> DispatchServiceClient<Named> {
        DispatchServiceClient::new(self.line(Service::Dispatch))
    }

    /// Follow-up.
    #[must_use]
    pub fn followup(&self) -> FollowupServiceClient<Named> {
        FollowupServiceClient::new(self.line(Service::Followup))
    }

    /// Scoring.
    #[must_use]
    pub fn scoring(&self) -> ScoringServiceClient<Named> {
        ScoringServiceClient::new(self.line(Service::Scoring))
    }
}
