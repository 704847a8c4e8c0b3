//! The services behind the gateway, called in the name of whoever calls the gateway.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use suban_domain::{Actor, PersonCode, Role, Span};
use suban_proto::v1::{
    dedup_service_client::DedupServiceClient, dispatch_service_client::DispatchServiceClient,
    followup_service_client::FollowupServiceClient, intake_service_client::IntakeServiceClient,
    scoring_service_client::ScoringServiceClient,
};
use suban_runtime::{
    Clock, Secret, Service, Settings, errors,
    grpc::{GrpcError, Outgoing, channel},
};
use suban_service::{App, StartError};
use tonic::{Status, service::interceptor::InterceptedService, transport::Channel};

type Named = InterceptedService<Channel, Outgoing>;
/// Intake in somebody's name.
pub(crate) type Intake = IntakeServiceClient<Named>;

/// Channels to the services, the gateway's own token for citizens, who have none, and whose city this is.
#[derive(Clone)]
pub struct Peers {
    intake: Channel,
    dedup: Channel,
    dispatch: Channel,
    followup: Channel,
    scoring: Channel,
    own: Secret,
    city: Arc<City>,
    largest_file: u64,
    clock: Clock,
}

/// What pages say of the city.
pub(crate) struct City {
    /// Its name.
    pub(crate) name: String,
    /// The zone's IANA name, for browsers.
    pub(crate) zone_name: String,
    /// Its zone: people read its time, wherever they are.
    pub(crate) zone: jiff::tz::TimeZone,
}

/// How long the gateway's own token lives; a new one is made at every start.
const OWN_TOKEN_LIVES: Span = Span::days(90);

impl Peers {
    /// Channels by the settings, with a token made for this process.
    ///
    /// # Errors
    /// When an address is none, or the gateway's own token cannot be made.
    pub async fn connect(app: &App) -> Result<Self, StartError> {
        let person = PersonCode::new("gateway")
            .map_err(|e| suban_store::StoreError::Damaged { what: "account", problem: e.to_string() })?;
        let actor = Actor { role: Role::Citizen, person, unit: None, area: None };
        let expires = app.clock().now().plus(OWN_TOKEN_LIVES);
        let own = app.store.create_token(&App::system(), &actor, false, Some(expires)).await?.plain;
        Ok(Self::new(&app.settings, own, app.clock().clone()).await?)
    }

    /// Channels by the settings; they connect when first used.
    ///
    /// # Errors
    /// When an address is none, or the TLS files cannot be used.
    pub async fn new(settings: &Settings, own: Secret, clock: Clock) -> Result<Self, GrpcError> {
        let to = async |service: Service| channel(&settings.peer(service), settings).await;
        Ok(Self {
            intake: to(Service::Intake).await?,
            dedup: to(Service::Dedup).await?,
            dispatch: to(Service::Dispatch).await?,
            followup: to(Service::Followup).await?,
            scoring: to(Service::Scoring).await?,
            own,
            largest_file: settings.attachments.largest_bytes as u64,
            city: Arc::new(City {
                name: settings.city.name.clone(),
                zone_name: settings.city.zone.clone(),
                zone: settings.city.time_zone(),
            }),
            clock,
        })
    }

    /// The longest file that is taken, bytes.
    pub(crate) const fn largest_file(&self) -> u64 {
        self.largest_file
    }

    /// Intake for a citizen: the link is the proof.
    ///
    /// # Errors
    /// When the gateway's own token cannot be sent.
    pub(crate) fn intake_for_citizens(&self) -> Result<Intake, Status> {
        Ok(IntakeServiceClient::with_interceptor(self.intake.clone(), Outgoing::new(&self.own)?))
    }

    /// Whose pages these are.
    pub(crate) fn city(&self) -> &City {
        &self.city
    }

    /// The city's clock.
    pub(crate) const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Dedup in the caller's name.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` without a token.
    pub fn dedup(&self, headers: &HeaderMap) -> Result<DedupServiceClient<Named>, Status> {
        Ok(DedupServiceClient::with_interceptor(self.dedup.clone(), Outgoing::new(&token(headers)?)?))
    }

    /// Dispatch in the caller's name.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` without a token.
    pub fn dispatch(&self, headers: &HeaderMap) -> Result<DispatchServiceClient<Named>, Status> {
        Ok(DispatchServiceClient::with_interceptor(self.dispatch.clone(), Outgoing::new(&token(headers)?)?))
    }

    /// Intake in the caller's name.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` without a token.
    pub fn intake(&self, headers: &HeaderMap) -> Result<IntakeServiceClient<Named>, Status> {
        Ok(IntakeServiceClient::with_interceptor(self.intake.clone(), Outgoing::new(&token(headers)?)?))
    }

    /// Scoring in the caller's name.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` without a token.
    pub fn scoring(&self, headers: &HeaderMap) -> Result<ScoringServiceClient<Named>, Status> {
        Ok(ScoringServiceClient::with_interceptor(self.scoring.clone(), Outgoing::new(&token(headers)?)?))
    }

    /// Follow-up in the caller's name.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` without a token.
    pub fn followup_for(&self, headers: &HeaderMap) -> Result<FollowupServiceClient<Named>, Status> {
        Ok(FollowupServiceClient::with_interceptor(self.followup.clone(), Outgoing::new(&token(headers)?)?))
    }

    /// Follow-up for a citizen: the link is the proof.
    ///
    /// # Errors
    /// When the gateway's own token cannot be sent.
    pub fn followup(&self) -> Result<FollowupServiceClient<Named>, Status> {
        Ok(FollowupServiceClient::with_interceptor(self.followup.clone(), Outgoing::new(&self.own)?))
    }
}

fn token(headers: &HeaderMap) -> Result<Secret, Status> {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(Secret::new)
        .ok_or_else(|| {
            errors::unauthenticated(
                "TOKEN_MISSING",
                "send the header `Authorization: Bearer <token>`, as of `suban token new`",
            )
        })
}
