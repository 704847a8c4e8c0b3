//! Files over HTTP: a unit's system adds and lists them, browsers see them by a link that ends, a citizen adds a photograph
//! on the page behind the link.
//!
//! Bytes pass through in both directions as they come; nothing is held here. A file that is too long is refused by its
//! declared length, or else at the byte that is one too many.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Json,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use suban_proto::v1;
use suban_runtime::errors;
use tokio::sync::oneshot;
use tonic::{Status, Streaming};

use crate::{Peers, edge, pages, peers::Intake, rest::Refused, shown};

/// Bytes of one part on the way to the service; well under its limit of a message.
const PART: usize = 256 * 1024;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddQuery {
    request_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadQuery {
    #[serde(default)]
    small: bool,
}

/// A file that was taken.
#[derive(Debug, Serialize)]
pub(crate) struct Added {
    attachment: serde_json::Value,
    repeated: bool,
}

impl From<v1::AddAttachmentReply> for Added {
    fn from(reply: v1::AddAttachmentReply) -> Self {
        Self { attachment: shown::attachment(&reply.attachment.unwrap_or_default()), repeated: reply.repeated }
    }
}

/// A ticket's files.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    attachments: Vec<serde_json::Value>,
}

impl From<&v1::ListAttachmentsReply> for Listed {
    fn from(reply: &v1::ListAttachmentsReply) -> Self {
        Self { attachments: reply.attachments.iter().map(shown::attachment).collect() }
    }
}

/// Where a file is shown, and until when.
#[derive(Debug, Serialize)]
pub(crate) struct Linked {
    path: String,
    until: Option<String>,
}

impl From<v1::AttachmentLink> for Linked {
    fn from(link: v1::AttachmentLink) -> Self {
        Self { path: format!("/a/{}", link.token), until: shown::time(link.until) }
    }
}

/// Takes the body as a file. Its name and its type are not asked for: what it is, its bytes say.
pub(crate) async fn add(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Query(query): Query<AddQuery>,
    body: Body,
) -> Result<Response, Refused> {
    let first = v1::AddAttachmentRequest {
        request_id: query.request_id,
        ticket: number,
        ..v1::AddAttachmentRequest::default()
    };
    pass_on(&peers, peers.intake(&headers)?, &headers, first, body).await
}

pub(crate) async fn list(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
) -> Result<Json<Listed>, Refused> {
    let listed = peers.intake(&headers)?.list_attachments(v1::ListAttachmentsRequest { ticket: number }).await?;
    Ok(Json(Listed::from(listed.get_ref())))
}

pub(crate) async fn read(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path((_, id)): Path<(String, String)>,
    Query(query): Query<ReadQuery>,
) -> Result<Response, Refused> {
    let ask = v1::ReadAttachmentRequest { attachment_id: id, small: query.small };
    let parts = peers.intake(&headers)?.read_attachment(ask).await?.into_inner();
    Ok(file(parts).await?)
}

pub(crate) async fn link(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path((_, id)): Path<(String, String)>,
    Query(query): Query<ReadQuery>,
) -> Result<Json<Linked>, Refused> {
    let ask = v1::LinkAttachmentRequest { attachment_id: id, small: query.small };
    Ok(Json(peers.intake(&headers)?.link_attachment(ask).await?.into_inner().into()))
}

/// What a link shows, to whoever has it.
pub(crate) async fn by_link(State(peers): State<Peers>, Path(link): Path<String>) -> Response {
    let shown = async {
        let ask = v1::ReadAttachmentByLinkRequest { token: link };
        let parts = peers.intake_for_citizens()?.read_attachment_by_link(ask).await?.into_inner();
        file(parts).await
    };
    shown.await.unwrap_or_else(|status: Status| pages::no_file(&status))
}

/// A photograph from the page behind a citizen's link: the link is the proof.
pub(crate) async fn add_by_citizen(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(link): Path<String>,
    Query(query): Query<AddQuery>,
    body: Body,
) -> Result<Response, Refused> {
    let first = v1::AddAttachmentRequest {
        // Requests of citizens and of staff on one ticket keep apart.
        request_id: format!("link:{}", query.request_id),
        token: link,
        ..v1::AddAttachmentRequest::default()
    };
    pass_on(&peers, peers.intake_for_citizens()?, &headers, first, body).await
}

/// The body as a file of the ticket that the first part names.
async fn pass_on(
    peers: &Peers,
    to: Intake,
    headers: &HeaderMap,
    mut first: v1::AddAttachmentRequest,
    body: Body,
) -> Result<Response, Refused> {
    let most = peers.largest_file();
    let size = headers.get(header::CONTENT_LENGTH).and_then(|n| n.to_str().ok()?.parse::<u64>().ok());
    let too_long = || edge::too_long(&format!("the file is longer than {most} bytes (attachments.largest_bytes)"));
    if size.is_some_and(|size| size > most) {
        return Ok(too_long());
    }
    first.size = size.unwrap_or(0);
    match send(to, first, body, most).await {
        Ok(reply) => Ok(Json(Added::from(reply)).into_response()),
        Err(NotSent::TooLong) => Ok(too_long()),
        Err(NotSent::Broken) => {
            Err(errors::invalid("content", "broke off; send the whole file again under the same request_id").into())
        }
        Err(NotSent::Refused(status)) => Err(status.into()),
    }
}

/// Why a file was not taken.
enum NotSent {
    /// It has a byte too many.
    TooLong,
    /// Whoever sent it broke off.
    Broken,
    /// The service says no.
    Refused(Status),
}

impl From<Status> for NotSent {
    fn from(status: Status) -> Self {
        Self::Refused(status)
    }
}

/// Sends a file on in parts. One that breaks off, or goes on too long, ends the call, so that the service does not take
/// what came for the whole.
async fn send(
    mut to: Intake,
    first: v1::AddAttachmentRequest,
    body: Body,
    most: u64,
) -> Result<v1::AddAttachmentReply, NotSent> {
    let (wrong, told) = oneshot::channel();
    let wrong = Arc::new(Mutex::new(Some(wrong)));
    let tell = move |problem| {
        if let Some(wrong) = wrong.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Nobody listens once the service has answered.
            drop(wrong.send(problem));
        }
    };
    let mut sent = 0;
    let parts = body
        .into_data_stream()
        .map(move |part| match part {
            Ok(part) => {
                sent += part.len() as u64;
                if sent > most { Err(NotSent::TooLong) } else { Ok(part) }
            }
            Err(_) => Err(NotSent::Broken),
        })
        .flat_map(move |part| match part {
            Ok(part) => {
                let parts: Vec<v1::AddAttachmentRequest> = part
                    .chunks(PART)
                    .map(|content| v1::AddAttachmentRequest { content: content.to_vec(), ..Default::default() })
                    .collect();
                stream::iter(parts).left_stream()
            }
            Err(problem) => {
                tell(problem);
                // The call must not end here as if this were the end of the file.
                stream::pending().right_stream()
            }
        });
    tokio::select! {
        reply = to.add_attachment(stream::iter([first]).chain(parts)) => Ok(reply?.into_inner()),
        Ok(problem) = told => Err(problem),
    }
}

/// A file as browsers may have it: never run, never guessed at, never kept, and a document never in a page.
async fn file(mut parts: Streaming<v1::AttachmentPart>) -> Result<Response, Status> {
    let first = parts.message().await?.unwrap_or_default();
    let told = first.attachment.unwrap_or_default();
    let kind = v1::AttachmentKind::try_from(told.kind).unwrap_or(v1::AttachmentKind::Unspecified);
    let (media, end, place) = match kind {
        // The small picture of whatever kind is a JPEG, and begins as one.
        _ if first.content.starts_with(&[0xFF, 0xD8, 0xFF]) => ("image/jpeg", "jpg", "inline"),
        v1::AttachmentKind::Jpeg => ("image/jpeg", "jpg", "inline"),
        v1::AttachmentKind::Png => ("image/png", "png", "inline"),
        v1::AttachmentKind::Webp => ("image/webp", "webp", "inline"),
        v1::AttachmentKind::Pdf => ("application/pdf", "pdf", "attachment"),
        v1::AttachmentKind::Unspecified => ("application/octet-stream", "bin", "attachment"),
    };
    let id = told.attachment_id.rsplit('-').next().unwrap_or_default();
    let disposition = format!("{place}; filename=\"{}-{id}.{end}\"", told.number);
    let rest = stream::unfold(parts, |mut parts| async {
        match parts.message().await {
            Ok(Some(part)) => Some((Ok(part.content), parts)),
            Ok(None) => None,
            Err(status) => Some((Err(std::io::Error::other(status.message().to_owned())), parts)),
        }
    });
    let body = Body::from_stream(stream::iter([Ok(first.content)]).chain(rest));
    let mut response = (StatusCode::OK, body).into_response();
    let headers = response.headers_mut();
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, media);
    set(header::CONTENT_DISPOSITION, &disposition);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox; frame-ancestors 'none'");
    set(header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::CACHE_CONTROL, "private, no-store");
    set(header::HeaderName::from_static("x-robots-tag"), "noindex");
    Ok(response)
}
