//! A file arrives: who may, how long, what it is; then its row, its bytes, its facts, in this order.

use suban_attachments::{Bounds, Inspected, Refused};
use suban_domain::Ticket;
use suban_proto::v1;
use suban_runtime::{
    access::Caller,
    errors::{self, FieldErrors},
};
use suban_service::{request_id, status, view};
use suban_store::{
    StoreError,
    attachments::{Attachment, FileCopy, FileFacts, FileState, Reserved},
    ticket_of_link,
};
use tokio::task::spawn_blocking;
use tonic::{Status, Streaming};

use super::{away, caretaker, shown};
use crate::api::Api;

impl Api {
    /// Takes a file in once. What is refused leaves nothing behind.
    pub(crate) async fn add_file(
        &self,
        caller: &Caller,
        mut parts: Streaming<v1::AddAttachmentRequest>,
    ) -> Result<v1::AddAttachmentReply, Status> {
        let first = parts.message().await?.ok_or_else(|| errors::invalid("request_id", "is missing: no part came"))?;
        let request = request_id(&first.request_id)?;
        let ticket = self.ticket_of_part(&first).await?;
        view::may_add_files(caller, &ticket)?;
        let known = self.app.store.attachment_of_request(ticket.id, &request).await.map_err(|e| status(&e))?;
        if let Some(known) = known.filter(|file| file.state != FileState::Arriving) {
            return Ok(v1::AddAttachmentReply { attachment: Some(answer(caller, &ticket, &known)), repeated: true });
        }
        if ticket.state.is_terminal() {
            let why = format!("no file is added to a ticket that is {}", ticket.state);
            return Err(errors::refused("WRONG_STATE", why, []));
        }
        let most = self.app.settings.attachments.per_ticket;
        self.app.store.attachment_room(ticket.id, most).await.map_err(|e| status(&e))?;

        let _held = self.room.hold()?;
        let bytes = self.read_all(first, parts).await?;
        let seen = self.inspect(bytes).await?;
        let reserved = self
            .app
            .store
            .reserve_attachment(ticket.id, ticket.requester, &request, &caller.actor, most)
            .await
            .map_err(|e| status(&e))?;
        let kept = self.keep(reserved, seen).await?;
        metrics::counter!("suban_attachments_total", "outcome" => "kept").increment(1);
        Ok(v1::AddAttachmentReply { attachment: Some(answer(caller, &ticket, &kept)), repeated: false })
    }

    /// By number or id, or by the citizen's link, which is a proof by itself.
    async fn ticket_of_part(&self, part: &v1::AddAttachmentRequest) -> Result<Ticket, Status> {
        match (part.ticket.as_str(), part.token.as_str()) {
            ("", "") => Err(errors::invalid("ticket", "is empty; the first part says whose file it is")),
            (ticket, "") => self.app.ticket("ticket", ticket).await,
            ("", token) => {
                let id = ticket_of_link(self.app.store.keys(), token)
                    .ok_or_else(|| errors::not_found("ticket", "behind this link"))?;
                self.app.store.load_one(id).await.map_err(|e| status(&e))
            }
            (_, _) => Err(errors::invalid("token", "stands beside ticket; one of them says whose file it is")),
        }
    }

    /// The bytes, as long as they are not too many.
    async fn read_all(
        &self,
        first: v1::AddAttachmentRequest,
        mut parts: Streaming<v1::AddAttachmentRequest>,
    ) -> Result<Vec<u8>, Status> {
        let most = self.app.settings.attachments.largest_bytes;
        let declared = usize::try_from(first.size).unwrap_or(usize::MAX);
        if declared > most {
            return Err(refused(&Refused::TooLong { most }));
        }
        let mut bytes = first.content;
        bytes.reserve_exact(declared.saturating_sub(bytes.len()));
        loop {
            if bytes.len() > most {
                return Err(refused(&Refused::TooLong { most }));
            }
            let Some(part) = parts.message().await? else { break };
            bytes.extend_from_slice(&part.content);
        }
        if declared > 0 && bytes.len() != declared {
            let mut wrong = FieldErrors::new();
            wrong.add("size", format!("says {declared} bytes, and {} came; send the whole file again", bytes.len()));
            return Err(wrong.status());
        }
        Ok(bytes)
    }

    /// Looking takes a core for a while; others are answered meanwhile.
    async fn inspect(&self, bytes: Vec<u8>) -> Result<Inspected, Status> {
        let settings = &self.app.settings.attachments;
        let _core = self.room.at_once.acquire().await.map_err(|_| status(&StoreError::Stopped))?;
        let bounds = Bounds { bytes: settings.largest_bytes, pixels: settings.largest_pixels };
        let seen = spawn_blocking(move || suban_attachments::inspect(&bytes, &bounds)).await;
        seen.map_err(|e| errors::internal(&e))?.map_err(|problem| {
            metrics::counter!("suban_attachments_total", "outcome" => "refused").increment(1);
            refused(&problem)
        })
    }

    /// Seals and keeps both copies, says what the file is, and asks the scanner.
    async fn keep(&self, reserved: Reserved, seen: Inspected) -> Result<Attachment, Status> {
        let facts = FileFacts {
            kind: seen.kind,
            bytes: seen.kept.len() as u64,
            size: seen.picture.as_ref().map(|p| (p.width, p.height)),
            hash: seen.picture.as_ref().and_then(|p| p.hash),
            point: seen.taken.point,
            taken_at: seen.taken.at(self.app.store.zone()),
        };
        let Reserved { attachment: file, owner } = reserved;
        let id = file.id;
        let scanner = self.room.scanner.as_ref();
        let sealed = spawn_blocking(move || {
            let whole = owner.seal_file(id, FileCopy::Whole, &seen.kept)?;
            let small = seen.picture.map(|p| owner.seal_file(id, FileCopy::Small, &p.thumbnail)).transpose()?;
            Ok::<_, StoreError>((seen.kept, whole, small))
        });
        let (kept, whole, small) = sealed.await.map_err(|e| errors::internal(&e))?.map_err(|e| status(&e))?;
        let put_small = async {
            match small {
                Some(small) => self.room.files.put(&file.object, FileCopy::Small, small).await,
                None => Ok(()),
            }
        };
        tokio::try_join!(self.room.files.put(&file.object, FileCopy::Whole, whole), put_small).map_err(|e| away(&e))?;
        let store = &self.app.store;
        let state = if scanner.is_some() { FileState::Quarantined } else { FileState::Unscanned };
        store.complete_attachment(id, state, &facts).await.map_err(|e| status(&e))?;
        if let Some(scanner) = scanner {
            // What it does not answer now it is asked again; the file stays hidden until then.
            if let Err(left) = caretaker::scan(&self.app, scanner, &file, &kept).await {
                tracing::warn!(problem = %left, attachment = %id, "the file waits for the scanner");
            }
        }
        store.attachment(id).await.map_err(|e| status(&e))
    }
}

/// Whoever adds a file learns what was read of it; a citizen's app, the place that it sent.
fn answer(caller: &Caller, ticket: &Ticket, file: &Attachment) -> v1::Attachment {
    let place = !ticket.flags.confidential || file.by.person == caller.actor.person;
    shown(file, ticket.number.as_str(), place)
}

fn refused(problem: &Refused) -> Status {
    errors::invalid("content", problem)
}
