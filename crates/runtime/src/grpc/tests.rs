//! The gRPC face over real connections: a small service of our own beside the standard ones.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use suban_domain::{Actor, Role};
use tonic::{Code, Request, Response, Status, body::Body, codec::Streaming};
use tonic_health::pb::{
    HealthCheckRequest as Ask, HealthCheckResponse as Answer, health_check_response::ServingStatus,
    health_client::HealthClient,
};
use tonic_prost::ProstCodec;
use uuid::Uuid;

use super::*;
use crate::{Caller, TokenSource, TokenSourceError, errors};

/// What it is asked for is what it does. Asked to watch, it answers once and then no more.
#[derive(Clone)]
struct Probe {
    largest: usize,
    asked: Asked,
}

/// What the probe was asked, and in which trace.
type Asked = Arc<Mutex<Vec<(String, Option<String>)>>>;

impl NamedService for Probe {
    const NAME: &'static str = "suban.test.Probe";
}

impl tonic::server::UnaryService<Ask> for Probe {
    type Response = Answer;
    type Future = BoxFuture<'static, Result<Response<Answer>, Status>>;

    fn call(&mut self, request: Request<Ask>) -> Self::Future {
        let asked = self.asked.clone();
        Box::pin(async move {
            let person = crate::caller(&request)?.actor.person.to_string();
            let what = request.into_inner().service;
            let trace = telemetry::trace_context();
            asked.lock().unwrap().push((what.clone(), trace));
            match what.as_str() {
                "slow" => std::future::pending().await,
                "refuse" => Err(errors::refused("WRONG_STATE", "not now", [])),
                "who" => Err(Status::already_exists(person)),
                _ => Ok(Response::new(Answer { status: ServingStatus::Serving.into() })),
            }
        })
    }
}

impl tonic::server::ServerStreamingService<Ask> for Probe {
    type Response = Answer;
    type ResponseStream = futures::stream::BoxStream<'static, Result<Answer, Status>>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, _: Request<Ask>) -> Self::Future {
        use futures::StreamExt as _;
        let first = futures::stream::iter([Ok(Answer::default())]);
        Box::pin(async { Ok(Response::new(first.chain(futures::stream::pending()).boxed())) })
    }
}

impl tower::Service<http::Request<Body>> for Probe {
    type Response = http::Response<Body>;
    type Error = std::convert::Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, std::convert::Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let probe = self.clone();
        Box::pin(async move {
            let codec = ProstCodec::<Answer, Ask>::default();
            let mut server = tonic::server::Grpc::new(codec).apply_max_message_size_config(Some(probe.largest), None);
            if request.uri().path().ends_with("/Watch") {
                return Ok(server.server_streaming(probe, request).await);
            }
            Ok(server.unary(probe, request).await)
        })
    }
}

struct Everybody(HashMap<[u8; 32], Caller>);

impl TokenSource for Everybody {
    fn find(&self, sha256: [u8; 32]) -> BoxFuture<'_, Result<Option<Caller>, TokenSourceError>> {
        Box::pin(async move { Ok(self.0.get(&sha256).cloned()) })
    }
}

/// A face on a free port, and somebody who may call it.
struct Face {
    settings: Settings,
    address: SocketAddr,
    token: Secret,
    health: Health,
    tasks: Tasks,
    asked: Asked,
}

impl Face {
    async fn open(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::from_layers(None, []).unwrap();
        settings.listen.ports.intake = 0;
        change(&mut settings);
        let (token, hash) = Access::new_token().unwrap();
        let actor = Actor { role: Role::Agent, person: "a1".parse().unwrap(), unit: None, area: None };
        let caller = Caller { token_id: Uuid::nil(), actor, outsourced: false };
        let access = Access::new(Everybody(HashMap::from([(hash, caller)])), &settings.security);
        let (health, tasks) = (Health::new(), Tasks::new());
        let asked = Asked::default();
        let seen = asked.clone();
        let address = Grpc::new(Service::Intake, &settings)
            .access(access)
            .descriptors(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .face(|largest| Probe { largest, asked: seen })
            .serve(&health, &tasks)
            .await
            .unwrap();
        Self { settings, address, token, health, tasks, asked }
    }

    async fn channel(&self) -> Channel {
        channel(&format!("http://{}", self.address), &self.settings).await.unwrap()
    }

    async fn ask(&self, what: &str) -> Result<Response<Answer>, Status> {
        ask(self.channel().await, Outgoing::new(&self.token).unwrap(), what, None).await
    }
}

async fn ask(
    channel: Channel,
    outgoing: impl tonic::service::Interceptor,
    what: &str,
    within: Option<Duration>,
) -> Result<Response<Answer>, Status> {
    let mut client = tonic::client::Grpc::new(tonic::service::interceptor::InterceptedService::new(channel, outgoing));
    client.ready().await.map_err(|problem| Status::unknown(format!("{problem:?}")))?;
    let mut request = Request::new(Ask { service: what.to_owned() });
    if let Some(within) = within {
        request.set_timeout(within);
    }
    let path = http::uri::PathAndQuery::from_static("/suban.test.Probe/Ask");
    client.unary(request, path, ProstCodec::<Ask, Answer>::default()).await
}

#[tokio::test]
async fn a_known_caller_is_served_and_known_to_the_service() {
    let face = Face::open(|_| {}).await;
    assert_eq!(face.ask("").await.unwrap().into_inner().status, ServingStatus::Serving as i32);
    assert_eq!(face.ask("who").await.unwrap_err().message(), "a1");
}

#[tokio::test]
async fn a_refusal_reaches_the_caller_with_its_reason() {
    let face = Face::open(|_| {}).await;
    let problem = errors::Problem::from(face.ask("refuse").await.unwrap_err());
    assert_eq!((problem.code.as_str(), problem.reason.as_deref()), ("FAILED_PRECONDITION", Some("WRONG_STATE")));
}

#[tokio::test]
async fn a_stranger_is_refused_before_the_service_sees_them() {
    let face = Face::open(|_| {}).await;
    let nobody = |request: Request<()>| Ok(request);
    let status = ask(face.channel().await, nobody, "", None).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    let (other, _) = Access::new_token().unwrap();
    let status = ask(face.channel().await, Outgoing::new(&other).unwrap(), "", None).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(status.message().contains("suban token new"), "{status}");
}

#[tokio::test]
async fn health_is_open_and_says_what_readyz_says() {
    let face = Face::open(|_| {}).await;
    let check = face.health.check("postgres");
    let mut client = HealthClient::new(face.channel().await);
    for (flip, expected) in [(false, ServingStatus::NotServing), (true, ServingStatus::Serving)] {
        if flip {
            check.ready();
        }
        for service in ["", Probe::NAME] {
            let mut changes = client.watch(Ask { service: service.to_owned() }).await.unwrap().into_inner();
            let seen = tokio::time::timeout(PATIENCE, until(&mut changes, expected)).await;
            assert!(seen.is_ok(), "{service:?} never became {expected:?}");
        }
    }
}

async fn until(changes: &mut Streaming<Answer>, expected: ServingStatus) {
    while changes.message().await.unwrap().unwrap().status != expected as i32 {}
}

#[tokio::test]
async fn reflection_is_open_and_lists_the_services() {
    use tonic_reflection::pb::v1::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    };
    let face = Face::open(|_| {}).await;
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let answers = ServerReflectionClient::new(face.channel().await)
        .server_reflection_info(futures::stream::iter([request]))
        .await;
    let answer = answers.unwrap().into_inner().message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else { panic!("{answer:?}") };
    assert!(list.service.iter().any(|service| service.name == "grpc.health.v1.Health"));
}

#[tokio::test]
async fn the_answer_comes_before_the_caller_gives_up() {
    let face = Face::open(|_| {}).await;
    // Told to the server, not kept by this client: what comes back is the server's own answer.
    let stopwatch = |mut request: Request<()>| {
        request.metadata_mut().insert("grpc-timeout", "1S".parse().unwrap());
        Outgoing::new(&face.token)?.call(request)
    };
    use tonic::service::Interceptor as _;
    let status = ask(face.channel().await, stopwatch, "slow", None).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
}

#[tokio::test]
async fn nothing_runs_longer_than_the_limit() {
    let face = Face::open(|settings| settings.limits.request_timeout = Duration::from_millis(100)).await;
    let mut patient = face.settings.clone();
    patient.limits.request_timeout = PATIENCE;
    let channel = channel(&format!("http://{}", face.address), &patient).await.unwrap();
    let status = ask(channel, Outgoing::new(&face.token).unwrap(), "slow", None).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
}

#[tokio::test]
async fn a_full_process_refuses_and_says_when_to_come_again() {
    let face = Face::open(|settings| {
        settings.limits.requests = 1;
        settings.limits.request_timeout = Duration::from_secs(2);
    })
    .await;
    let (slow, quick) = tokio::join!(face.ask("slow"), async {
        // The slow one is inside once the service has been refused for the first time.
        loop {
            if let Err(refused) = face.ask("").await {
                break refused;
            }
        }
    });
    assert_eq!(slow.unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(quick.code(), Code::ResourceExhausted);
    assert_eq!(errors::Problem::from(quick).retry_after, Some(1));
    face.ask("").await.unwrap();
}

#[tokio::test]
async fn an_oversized_message_is_refused() {
    let face = Face::open(|settings| {
        settings.limits.message_bytes = 40_960;
        settings.limits.words_chars = 10_000;
    })
    .await;
    face.ask(&"x".repeat(40_000)).await.unwrap();
    let status = face.ask(&"x".repeat(41_000)).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
}

#[tokio::test]
async fn one_trace_goes_from_the_client_into_the_service() {
    use opentelemetry::trace::TracerProvider as _;
    use tracing::Instrument as _;
    use tracing_subscriber::layer::SubscriberExt as _;
    let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let _traced = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let face = Face::open(|_| {}).await;
    let span = tracing::info_span!("client");
    let mine = span.in_scope(telemetry::trace_context).unwrap();
    face.ask("").instrument(span).await.unwrap();
    let theirs = face.asked.lock().unwrap().pop().unwrap().1.unwrap();
    assert_eq!(mine[..36], theirs[..36], "the same trace");
    assert_ne!(mine, theirs, "a span of its own");
}

#[tokio::test]
async fn requests_are_counted_by_method_and_code_and_invented_methods_together() {
    let face = Face::open(|settings| {
        telemetry::init("test", settings).unwrap().flush();
    })
    .await;
    face.ask("refuse").await.unwrap_err();
    let mut client = tonic::client::Grpc::new(tonic::service::interceptor::InterceptedService::new(
        face.channel().await,
        Outgoing::new(&face.token).unwrap(),
    ));
    client.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static("/suban.test.Invented/Name");
    let request = Request::new(Ask::default());
    let status = client.unary(request, path, ProstCodec::<Ask, Answer>::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    let text = telemetry::render_metrics();
    for line in [
        r#"suban_rpc_total{service="intake",method="suban.test.Probe/Ask",code="FAILED_PRECONDITION"}"#,
        r#"suban_rpc_total{service="intake",method="unknown",code="UNIMPLEMENTED"}"#,
        r#"suban_rpc_seconds_bucket{service="intake",method="suban.test.Probe/Ask""#,
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    assert!(!text.contains("Invented"));
}

#[tokio::test]
async fn a_stop_finishes_what_runs_and_takes_nothing_new() {
    let face = Face::open(|settings| settings.limits.request_timeout = Duration::from_millis(500)).await;
    let stops = async {
        while !face.asked.lock().unwrap().iter().any(|(what, _)| what == "slow") {
            tokio::task::yield_now().await;
        }
        face.tasks.stop_within(&face.health, PATIENCE).await
    };
    let (running, stopped) = tokio::join!(face.ask("slow"), stops);
    stopped.unwrap();
    assert_eq!(running.unwrap_err().code(), Code::DeadlineExceeded, "answered, not cut off");
    assert_eq!(face.ask("").await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn a_stream_that_would_go_on_for_ever_does_not_hold_up_the_stop() {
    let face = Face::open(|settings| {
        settings.limits.drain = Duration::from_millis(200);
        telemetry::init("test", settings).unwrap().flush();
    })
    .await;
    let outgoing = Outgoing::new(&face.token).unwrap();
    let mut client =
        tonic::client::Grpc::new(tonic::service::interceptor::InterceptedService::new(face.channel().await, outgoing));
    client.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static("/suban.test.Probe/Watch");
    let request = Request::new(Ask::default());
    let codec = ProstCodec::<Ask, Answer>::default();
    let mut watched = client.server_streaming(request, path, codec).await.unwrap().into_inner();
    assert!(watched.message().await.unwrap().is_some());
    let (stopped, last) = tokio::join!(face.tasks.stop_within(&face.health, PATIENCE), watched.message());
    stopped.unwrap();
    let status = last.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.message(), "the process is stopping; connect again");
    let ended = r#"suban_rpc_streams_ended_total{service="intake",method="suban.test.Probe/Watch",code="UNAVAILABLE"}"#;
    assert!(telemetry::render_metrics().contains(ended));
}

#[tokio::test]
async fn several_faces_listen_at_once_and_a_taken_port_is_named() {
    let (one, two) = (Face::open(|_| {}).await, Face::open(|_| {}).await);
    assert_ne!(one.address, two.address);
    let mut settings = one.settings.clone();
    settings.listen.ports.intake = one.address.port();
    let problem = Grpc::new(Service::Intake, &settings).serve(&Health::new(), &Tasks::new()).await.unwrap_err();
    assert!(problem.to_string().contains("listen.ports.intake"), "{problem}");
}

#[tokio::test]
async fn a_face_without_a_source_of_tokens_serves_nobody() {
    let mut settings = Settings::from_layers(None, []).unwrap();
    settings.listen.ports.intake = 0;
    let asked = Asked::default();
    let tasks = Tasks::new();
    let address = Grpc::new(Service::Intake, &settings)
        .face(|largest| Probe { largest, asked })
        .serve(&Health::new(), &tasks)
        .await
        .unwrap();
    let (token, _) = Access::new_token().unwrap();
    let channel = channel(&format!("http://{address}"), &settings).await.unwrap();
    let status = ask(channel, Outgoing::new(&token).unwrap(), "", None).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
}

mod tls {
    use super::*;

    /// A certificate for `localhost`, made for this run.
    fn certificate(folder: &std::path::Path) -> Option<()> {
        std::fs::create_dir_all(folder).unwrap();
        let made = std::process::Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
            .args(["-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-keyout", "key.pem", "-out", "cert.pem"])
            .current_dir(folder)
            .output();
        match made {
            Ok(output) if output.status.success() => Some(()),
            Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
            Err(_) => None,
        }
    }

    #[tokio::test]
    async fn with_a_certificate_callers_are_served_in_private_and_others_not_at_all() {
        let folder = std::env::temp_dir().join(format!("suban-tls-{}", std::process::id()));
        if certificate(&folder).is_none() {
            println!("skipped: openssl is not on this machine, so there is no certificate to test with");
            return;
        }
        let face = Face::open(|settings| {
            settings.tls.cert = Some(folder.join("cert.pem"));
            settings.tls.key = Some(folder.join("key.pem"));
            settings.tls.ca = Some(folder.join("cert.pem"));
            settings.peers.tls_name = "localhost".to_owned();
        })
        .await;
        let outgoing = Outgoing::new(&face.token).unwrap();
        let private = channel(&format!("https://{}", face.address), &face.settings).await.unwrap();
        ask(private, outgoing.clone(), "", None).await.unwrap();
        ask(face.channel().await, outgoing, "", None).await.unwrap_err();
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn a_missing_certificate_is_named() {
        let mut settings = Settings::from_layers(None, []).unwrap();
        settings.listen.ports.intake = 0;
        settings.tls.cert = Some("nowhere.pem".into());
        settings.tls.key = Some("nowhere-key.pem".into());
        let problem = Grpc::new(Service::Intake, &settings).serve(&Health::new(), &Tasks::new()).await.unwrap_err();
        assert!(problem.to_string().contains("nowhere.pem") && problem.to_string().contains("tls.cert"));
    }
}
