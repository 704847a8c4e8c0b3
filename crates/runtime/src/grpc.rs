//! The gRPC face of a service: one way to build it, the same everywhere.
//!
//! [`Grpc`] collects a service's faces and serves them with TLS by settings, health, reflection, access,
//! trace context, request metrics, limits and a graceful stop. [`channel`] and [`Outgoing`] are
//! the other side, for the gateway and the tools.
//!
//! What holds for every method, in this order: the span joins the caller's trace (`traceparent`), a full
//! process refuses with `RESOURCE_EXHAUSTED`, the caller is authenticated (health and reflection are
//! open: they hold no data), the answer comes before the caller's `grpc-timeout` and never after
//! `limits.request_timeout`, and the call is counted. The timeout covers the time to the first answer, so
//! a stream may live longer; when the process stops it has half of `limits.drain` to end by itself.

use std::{net::SocketAddr, time::Duration};

use tokio::net::TcpListener;
use tonic::{
    server::NamedService,
    service::{Routes, RoutesBuilder},
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity, Server, ServerTlsConfig},
};
use tonic_health::pb::health_server::HealthServer;

use crate::{
    Access, Health, Secret, Tasks,
    settings::{Service, Settings},
    telemetry,
};

mod edge;
mod stream;

/// A connection without a sign of life for this long is asked for one; without an answer it is closed.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// A client waits this much longer than a server may take, so that the server's own answer arrives.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a face could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum GrpcError {
    /// The address is taken or not ours.
    #[error("{service} cannot listen on {address}: {problem}; choose another listen.ports.{service}")]
    Bind {
        /// Whose face.
        service: Service,
        /// Where.
        address: SocketAddr,
        /// What the system said.
        problem: std::io::Error,
    },
    /// A certificate or key cannot be read or used.
    #[error("tls files cannot be used: {0}; look at tls.cert, tls.key and tls.ca")]
    Tls(String),
    /// The descriptors of the protocol are broken: a defect of the build.
    #[error("reflection cannot be built: {0}")]
    Reflection(String),
    /// The address of a peer is no address.
    #[error("{address:?} is no address of a service, which looks like http://127.0.0.1:7001")]
    Address {
        /// What was given.
        address: String,
    },
}

/// The gRPC face of one service, being put together.
#[derive(Debug)]
pub struct Grpc {
    service: Service,
    settings: Settings,
    access: Option<Access>,
    descriptors: Vec<&'static [u8]>,
    names: Vec<&'static str>,
    routes: RoutesBuilder,
}

impl Grpc {
    /// An empty face for `service`. Without [`Grpc::access`] every method but health and reflection is refused.
    #[must_use]
    pub fn new(service: Service, settings: &Settings) -> Self {
        Self {
            service,
            settings: settings.clone(),
            access: None,
            descriptors: Vec::new(),
            names: Vec::new(),
            routes: Routes::builder(),
        }
    }

    /// Who callers are.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = Some(access);
        self
    }

    /// Offers reflection over these encoded file descriptor sets.
    #[must_use]
    pub fn descriptors(mut self, encoded: &'static [u8]) -> Self {
        self.descriptors.push(encoded);
        self
    }

    /// Adds a generated server. `make` gets the largest message allowed, in bytes:
    /// `.face(|bytes| IntakeServer::new(api).max_decoding_message_size(bytes))`.
    #[must_use]
    pub fn face<S>(mut self, make: impl FnOnce(usize) -> S) -> Self
    where
        S: tower::Service<http::Request<tonic::body::Body>, Error = std::convert::Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.names.push(S::NAME);
        self.routes.add_service(make(self.settings.limits.message_bytes));
        self
    }

    /// Binds to the service's address (port 0 takes a free one), serves until the process stops, and answers
    /// where.
    ///
    /// # Errors
    /// When the address, the TLS files or the descriptors cannot be used.
    pub async fn serve(self, health: &Health, tasks: &Tasks) -> Result<SocketAddr, GrpcError> {
        let address = self.settings.listen.address(self.service);
        let service = self.service;
        let listener =
            TcpListener::bind(address).await.map_err(|problem| GrpcError::Bind { service, address, problem })?;
        self.serve_on(listener, health, tasks).await
    }

    /// The same on a listener that is already bound.
    ///
    /// # Errors
    /// As [`Grpc::serve`].
    pub async fn serve_on(
        mut self,
        listener: TcpListener,
        health: &Health,
        tasks: &Tasks,
    ) -> Result<SocketAddr, GrpcError> {
        let limits = &self.settings.limits;
        let address = listener.local_addr().map_err(|problem| GrpcError::Bind {
            service: self.service,
            address: self.settings.listen.address(self.service),
            problem,
        })?;
        let mut server = Server::builder()
            .concurrency_limit_per_connection(limits.requests_per_connection as usize)
            .max_concurrent_streams(limits.requests_per_connection)
            .http2_keepalive_interval(Some(KEEPALIVE))
            .layer(edge::EdgeLayer::new(self.service, self.access.take(), limits, tasks.stop()));
        if let Some((cert, key)) = self.settings.tls.identity() {
            let identity = Identity::from_pem(read(cert).await?, read(key).await?);
            server = server
                .tls_config(ServerTlsConfig::new().identity(identity))
                .map_err(|problem| GrpcError::Tls(chain(&problem)))?;
        }
        self.add_reflection()?;
        let health_server = self.follow(health, tasks);
        self.routes.add_service(health_server);
        let router = server.add_routes(self.routes.routes());
        let stop = tasks.stop();
        let service = self.service;
        tracing::info!(%service, %address, tls = self.settings.tls.identity().is_some(), "gRPC face is open");
        // Nagle's algorithm would hold small answers back for 40 ms.
        let connections = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
        tasks.spawn("gRPC face", async move {
            router
                .serve_with_incoming_shutdown(connections, stop.cancelled_owned())
                .await
                .map_err(|problem| chain(&problem))
        });
        Ok(address)
    }

    fn add_reflection(&mut self) -> Result<(), GrpcError> {
        if self.descriptors.is_empty() {
            return Ok(());
        }
        let configure = || {
            self.descriptors.iter().fold(tonic_reflection::server::Builder::configure(), |builder, encoded| {
                builder.register_encoded_file_descriptor_set(encoded)
            })
        };
        let refuse = |problem: tonic_reflection::server::Error| GrpcError::Reflection(problem.to_string());
        let (v1, v1alpha) = (configure().build_v1().map_err(refuse)?, configure().build_v1alpha().map_err(refuse)?);
        // Older tools still ask the alpha name.
        self.routes.add_service(v1).add_service(v1alpha);
        Ok(())
    }

    /// The standard health service says what `/readyz` says, for the whole process and for each service name.
    fn follow(&self, health: &Health, tasks: &Tasks) -> HealthServer<impl tonic_health::pb::health_server::Health> {
        use futures::StreamExt as _;
        use tonic_health::ServingStatus::{NotServing, Serving};
        let (reporter, server) = tonic_health::server::health_reporter();
        let (names, mut changes) = (self.names.clone(), Box::pin(health.changes()));
        let stop = tasks.stop();
        tasks.spawn("gRPC health", async move {
            while let Some(Some(readiness)) = stop.run_until_cancelled(changes.next()).await {
                let status = if readiness.ready { Serving } else { NotServing };
                for name in names.iter().copied().chain([""]) {
                    reporter.set_service_status(name, status).await;
                }
            }
            for name in names.iter().copied().chain([""]) {
                reporter.set_service_status(name, NotServing).await;
            }
            Ok::<_, std::convert::Infallible>(())
        });
        server
    }
}

/// A channel to `address` that connects when first used and again whenever needed.
///
/// # Errors
/// When the address is no address, or the TLS files cannot be used.
pub async fn channel(address: &str, settings: &Settings) -> Result<Channel, GrpcError> {
    let wrong = || GrpcError::Address { address: address.to_owned() };
    let mut endpoint = Endpoint::from_shared(address.to_owned())
        .map_err(|_| wrong())?
        .connect_timeout(Duration::from_secs(5))
        .timeout(settings.limits.request_timeout + PATIENCE)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_while_idle(true)
        .tcp_nodelay(true);
    if address.starts_with("https://") {
        let mut tls = ClientTlsConfig::new();
        if let Some(ca) = &settings.tls.ca {
            tls = tls.ca_certificate(Certificate::from_pem(read(ca).await?));
        }
        if !settings.peers.tls_name.is_empty() {
            tls = tls.domain_name(settings.peers.tls_name.clone());
        }
        endpoint = endpoint.tls_config(tls).map_err(|problem| GrpcError::Tls(chain(&problem)))?;
    }
    Ok(endpoint.connect_lazy())
}

/// Puts the caller's token and the trace context on every request of a client:
/// `IntakeClient::with_interceptor(channel, Outgoing::new(&token)?)`.
#[derive(Clone)]
pub struct Outgoing {
    authorization: tonic::metadata::MetadataValue<tonic::metadata::Ascii>,
}

impl Outgoing {
    /// Requests in the name of this token's holder.
    ///
    /// # Errors
    /// When the token cannot be a token.
    pub fn new(token: &Secret) -> Result<Self, tonic::Status> {
        let mut authorization: tonic::metadata::MetadataValue<_> =
            format!("Bearer {}", token.expose()).parse().map_err(|_| {
                crate::errors::unauthenticated("TOKEN_MALFORMED", "the token holds characters no token has")
            })?;
        authorization.set_sensitive(true);
        Ok(Self { authorization })
    }
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outgoing(***)")
    }
}

impl tonic::service::Interceptor for Outgoing {
    fn call(&mut self, mut request: tonic::Request<()>) -> Result<tonic::Request<()>, tonic::Status> {
        let metadata = request.metadata_mut();
        metadata.insert("authorization", self.authorization.clone());
        if let Some(context) = telemetry::trace_context().and_then(|context| context.parse().ok()) {
            metadata.insert(telemetry::TRACEPARENT, context);
        }
        Ok(request)
    }
}

async fn read(path: &std::path::Path) -> Result<Vec<u8>, GrpcError> {
    tokio::fs::read(path).await.map_err(|problem| GrpcError::Tls(format!("{}: {problem}", path.display())))
}

/// The transport says only "transport error"; what happened stands in its sources.
fn chain(problem: &dyn std::error::Error) -> String {
    let mut text = problem.to_string();
    let mut cause = problem.source();
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}

#[cfg(test)]
mod tests;
