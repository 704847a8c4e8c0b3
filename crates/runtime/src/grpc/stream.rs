//! Answers that live longer than their first message: counted while they live, ended when the process stops.
//!
//! Without this a screen that watches a queue would hold up every stop until the deadline. A stream gets a
//! grace after the stop signal to end by itself; then it ends with `UNAVAILABLE`, and the client connects again,
//! to another instance.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, body::Body};

use super::edge::Rules;
use crate::errors;

/// The body of an answer. A unary answer is written at once and passes through untouched.
pub(super) struct Answer {
    inner: Body,
    rules: Arc<Rules>,
    method: String,
    /// Set when the first message had to be waited for: then it is a stream.
    stream: Option<Stream>,
    ended: bool,
}

/// What a stream holds while it lives.
struct Stream {
    cut: Pin<Box<dyn Future<Output = ()> + Send>>,
    open: Open,
}

impl Answer {
    pub(super) fn new(inner: Body, rules: Arc<Rules>, method: String) -> Self {
        Self { inner, rules, method, stream: None, ended: false }
    }

    fn finish(&mut self, code: Code) {
        self.ended = true;
        if let Some(stream) = self.stream.take() {
            stream.open.ended(&self.method, code);
        }
    }
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    let code = trailers
                        .get(Status::GRPC_STATUS)
                        .map_or(Code::Unknown, |code| Code::from_bytes(code.as_bytes()));
                    self.finish(code);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(problem))) => {
                self.finish(problem.code());
                Poll::Ready(Some(Err(problem)))
            }
            Poll::Ready(None) => {
                self.finish(Code::Ok);
                Poll::Ready(None)
            }
            Poll::Pending => {
                let rules = self.rules.clone();
                let stream = self.stream.get_or_insert_with(|| Stream {
                    cut: Box::pin(cut(rules.stop.clone(), rules.stream_grace)),
                    open: Open::one_more(rules.service.name()),
                });
                std::task::ready!(stream.cut.as_mut().poll(cx));
                self.finish(Code::Unavailable);
                let status = errors::unavailable("the process is stopping; connect again", Duration::from_secs(1));
                let mut trailers = http::HeaderMap::new();
                Poll::Ready(Some(status.add_header(&mut trailers).map(|()| Frame::trailers(trailers))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

async fn cut(stop: CancellationToken, grace: Duration) {
    stop.cancelled().await;
    tokio::time::sleep(grace).await;
}

/// One open stream in the metrics. A caller who just goes away ends it without a code.
struct Open {
    service: &'static str,
}

impl Open {
    fn one_more(service: &'static str) -> Self {
        metrics::gauge!("suban_rpc_streams", "service" => service).increment(1.0);
        Self { service }
    }

    fn ended(self, method: &str, code: Code) {
        let (method, code) = (method.to_owned(), errors::code_name(code));
        metrics::counter!(
            "suban_rpc_streams_ended_total", "service" => self.service, "method" => method, "code" => code
        )
        .increment(1);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        metrics::gauge!("suban_rpc_streams", "service" => self.service).decrement(1.0);
    }
}
