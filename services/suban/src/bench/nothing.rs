//! A gRPC face that takes submits and does nothing with them: what the transport alone costs.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use futures::{Stream, StreamExt as _};
use suban_proto::v1;
use tokio_util::sync::CancellationToken;
use tonic::{
    Request, Response, Status, Streaming,
    body::Body,
    codegen::{BoxFuture, Service, http},
    server::{Grpc, NamedService, StreamingService},
};
use tonic_prost::ProstCodec;
use uuid::Uuid;

/// Answers `SubmitStream` with one empty reply a request.
#[derive(Clone)]
struct Nothing;

type Answers = Pin<Box<dyn Stream<Item = Result<v1::SubmitResult, Status>> + Send + 'static>>;

impl StreamingService<v1::SubmitRequest> for Nothing {
    type Response = v1::SubmitResult;
    type ResponseStream = Answers;
    type Future = BoxFuture<Response<Answers>, Status>;

    fn call(&mut self, request: Request<Streaming<v1::SubmitRequest>>) -> Self::Future {
        let answers = request.into_inner().map(|asked| {
            let reply = v1::SubmitReply { ticket_id: Uuid::nil().to_string(), ..v1::SubmitReply::default() };
            Ok(v1::SubmitResult {
                request_id: asked?.request_id,
                result: Some(v1::submit_result::Result::Reply(reply)),
            })
        });
        Box::pin(async move { Ok(Response::new(Box::pin(answers) as Answers)) })
    }
}

impl Service<http::Request<Body>> for Nothing {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move { Ok(Grpc::new(ProstCodec::default()).streaming(Nothing, request).await) })
    }
}

impl NamedService for Nothing {
    const NAME: &'static str = "suban.v1.IntakeService";
}

/// Serves until it is stopped.
pub(crate) async fn serve(at: SocketAddr, stop: CancellationToken) -> Result<(), tonic::transport::Error> {
    tonic::transport::Server::builder().add_service(Nothing).serve_with_shutdown(at, stop.cancelled_owned()).await
}
