//! Spans leave the process over OTLP. In a process of its own: telemetry is set up once a process.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Buf as _;
use suban_runtime::{Settings, telemetry};
use tonic::{
    Request, Response, Status,
    body::Body,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

/// Keeps every export as the bytes it came in: enough to find names in.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<u8>>>);

impl tonic::server::NamedService for Collector {
    const NAME: &'static str = "opentelemetry.proto.collector.trace.v1.TraceService";
}

impl tonic::server::UnaryService<Vec<u8>> for Collector {
    type Response = ();
    type Future = std::future::Ready<Result<Response<()>, Status>>;
    fn call(&mut self, request: Request<Vec<u8>>) -> Self::Future {
        let kept = self.0.lock().map(|mut kept| kept.extend(request.into_inner()));
        std::future::ready(kept.map(|()| Response::new(())).map_err(|_| Status::internal("the test panicked")))
    }
}

impl tower::Service<http::Request<Body>> for Collector {
    type Response = http::Response<Body>;
    type Error = std::convert::Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }
    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let collector = self.clone();
        Box::pin(async move { Ok(tonic::server::Grpc::new(Raw).unary(collector, request).await) })
    }
}

struct Raw;

impl Codec for Raw {
    type Encode = ();
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        Self
    }
    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = ();
    type Error = Status;
    fn encode(&mut self, (): (), _: &mut EncodeBuf<'_>) -> Result<(), Status> {
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;
    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut bytes = vec![0; from.remaining()];
        from.copy_to_slice(&mut bytes);
        Ok(Some(bytes))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_reach_the_collector_with_their_trace_and_service() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let collector = Collector::default();
    let server = tonic::transport::Server::builder()
        .add_service(collector.clone())
        .serve_with_incoming(tokio_stream::wrappers::TcpListenerStream::new(listener));

    let program = async {
        let variables = [("SUBAN_TELEMETRY__OTLP_ENDPOINT".to_owned(), endpoint)];
        let settings = Settings::from_layers(None, variables).unwrap();
        let guard = telemetry::init("intake", &settings).unwrap();
        let span = tracing::info_span!("a ticket passes");
        telemetry::set_parent(&span, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        drop(span);
        // Flushing blocks, as at the end of a process.
        tokio::task::spawn_blocking(|| guard.flush()).await.unwrap();
    };
    tokio::select! {
        ended = server => panic!("the collector ended: {ended:?}"),
        finished = tokio::time::timeout(Duration::from_secs(20), program) => finished.unwrap(),
    }

    let got = collector.0.lock().unwrap().clone();
    let holds = |needle: &[u8]| got.windows(needle.len()).any(|part| part == needle);
    assert!(holds(b"suban-intake"));
    assert!(holds(b"a ticket passes"));
    assert!(holds(&0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes()), "the parent's trace");
}
