//! A file is shown: to who may see it, written down before, or by a link that such a person made.

use futures::{StreamExt as _, stream};
use suban_domain::{Span, Ticket};
use suban_proto::v1;
use suban_runtime::{
    access::{Caller, policy::PlaceMask},
    errors,
};
use suban_service::{status, view};
use suban_store::{
    FileLink,
    attachments::{Attachment, FileCopy},
    file_link, file_of_link,
};
use tonic::Status;
use uuid::Uuid;

use super::{away, open_to_readers, shown};
use crate::api::{Answers, Api};

/// Bytes of one part.
const PART: usize = 256 * 1024;

impl Api {
    /// A ticket's files.
    pub(crate) async fn list_files(
        &self,
        caller: &Caller,
        ask: &v1::ListAttachmentsRequest,
    ) -> Result<v1::ListAttachmentsReply, Status> {
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        view::may_see_files(caller, &ticket)?;
        let files = self.app.store.attachments_of(&[ticket.id]).await.map_err(|e| status(&e))?;
        let place = sees_place(caller, &ticket);
        let attachments = files.iter().map(|file| shown(file, ticket.number.as_str(), place)).collect();
        Ok(v1::ListAttachmentsReply { attachments })
    }

    /// One file's bytes.
    pub(crate) async fn read_file(
        &self,
        caller: &Caller,
        ask: &v1::ReadAttachmentRequest,
    ) -> Result<Answers<v1::AttachmentPart>, Status> {
        let (file, ticket) = self.file_for(caller, &ask.attachment_id).await?;
        let told = shown(&file, ticket.number.as_str(), sees_place(caller, &ticket));
        self.hand_out(caller, &file, told, ask.small, "read").await
    }

    /// A link to one file.
    pub(crate) async fn link_file(
        &self,
        caller: &Caller,
        ask: &v1::LinkAttachmentRequest,
    ) -> Result<v1::AttachmentLink, Status> {
        let (file, _) = self.file_for(caller, &ask.attachment_id).await?;
        copy_of(&file, ask.small)?;
        let life = i64::try_from(self.app.settings.attachments.link_for.as_secs()).unwrap_or(i64::MAX);
        let until = self.app.clock().now().plus(Span::seconds(life));
        let how = format!("link until {until}");
        self.app.store.look_at_attachment(&caller.actor, &file, &how).await.map_err(|e| status(&e))?;
        let link = FileLink { file: file.id, small: ask.small, until };
        Ok(v1::AttachmentLink { token: file_link(self.app.store.keys(), &link), until: Some(view::timestamp(until)) })
    }

    /// One file's bytes, by a link.
    pub(crate) async fn read_file_by_link(
        &self,
        caller: &Caller,
        ask: &v1::ReadAttachmentByLinkRequest,
    ) -> Result<Answers<v1::AttachmentPart>, Status> {
        let link = file_of_link(self.app.store.keys(), &ask.token)
            .ok_or_else(|| errors::not_found("attachment", "behind this link"))?;
        if self.app.clock().now() > link.until {
            return Err(errors::refused("LINK_OVER", "the link is over; ask for a new one", []));
        }
        let file = self.app.store.attachment(link.file).await.map_err(|e| status(&e))?;
        open_to_readers(&file)?;
        let ticket = self.app.store.load_one(file.ticket).await.map_err(|e| status(&e))?;
        let told = shown(&file, ticket.number.as_str(), false);
        self.hand_out(caller, &file, told, link.small, "read by link").await
    }

    /// The file and its ticket, if the caller may see its bytes now.
    async fn file_for(&self, caller: &Caller, id: &str) -> Result<(Attachment, Ticket), Status> {
        let id: Uuid = id.parse().map_err(|_| errors::invalid("attachment_id", "is no id, as of ListAttachments"))?;
        let file = self.app.store.attachment(id).await.map_err(|e| status(&e))?;
        let ticket = self.app.store.load_one(file.ticket).await.map_err(|e| status(&e))?;
        view::may_see_files(caller, &ticket)?;
        open_to_readers(&file)?;
        Ok((file, ticket))
    }

    async fn hand_out(
        &self,
        caller: &Caller,
        file: &Attachment,
        told: v1::Attachment,
        small: bool,
        how: &str,
    ) -> Result<Answers<v1::AttachmentPart>, Status> {
        let copy = copy_of(file, small)?;
        let held = self.room.hold()?;
        let owner = self.app.store.look_at_attachment(&caller.actor, file, how).await.map_err(|e| status(&e))?;
        let sealed = self.room.files.get(&file.object, copy).await.map_err(|e| away(&e))?;
        let id = file.id;
        let opened = tokio::task::spawn_blocking(move || owner.open_file(id, copy, &sealed)).await;
        let bytes = opened.map_err(|e| errors::internal(&e))?.map_err(|e| status(&e))?;
        let parts: Vec<Result<v1::AttachmentPart, Status>> = std::iter::once(Some(told))
            .chain(std::iter::repeat_with(|| None))
            .zip(bytes.chunks(PART))
            .map(|(attachment, content)| Ok(v1::AttachmentPart { attachment, content: content.to_vec() }))
            .collect();
        // Held until the last part is on its way.
        Ok(Box::pin(stream::iter(parts).inspect(move |_| _ = &held)))
    }
}

fn copy_of(file: &Attachment, small: bool) -> Result<FileCopy, Status> {
    match (small, file.has_small()) {
        (false, _) => Ok(FileCopy::Whole),
        (true, true) => Ok(FileCopy::Small),
        (true, false) => Err(errors::not_found("small picture", "of a document")),
    }
}

fn sees_place(caller: &Caller, ticket: &Ticket) -> bool {
    view::mask(caller, ticket).place == PlaceMask::Clear
}
