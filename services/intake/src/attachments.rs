//! Files that come with tickets: taken in, kept sealed, scanned, shown to who may see them.
//!
//! What a file is, and what of it is kept, is [`suban_attachments`]' to say; the row, the key and who looked are the
//! store's ([`suban_store::attachments`]). Here the bytes are read with a limit, put into the store of files and handed
//! out again.

mod add;
mod caretaker;
mod files;
mod read;
mod scanner;

use std::{sync::Arc, time::Duration};

use suban_domain::Role;
use suban_proto::v1;
use suban_runtime::{errors, settings};
use suban_service::{App, StartError, view::timestamp};
use suban_store::attachments::{Attachment, FileState};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;

pub(crate) use self::files::Files;
use self::scanner::Scanner;

/// What it takes to keep files. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Room {
    files: Files,
    scanner: Option<Scanner>,
    /// Each of these holds one file in memory, on its way in or out.
    in_memory: Arc<Semaphore>,
    /// Each of these looks at one.
    at_once: Arc<Semaphore>,
}

impl Room {
    /// By the settings, with the caretaker at work.
    ///
    /// # Errors
    /// When the store of files cannot be used as it is set.
    pub(crate) fn open(app: &App) -> Result<Self, StartError> {
        let settings: &settings::Attachments = &app.settings.attachments;
        let room = Self {
            files: Files::of(settings).map_err(|e| StartError::Files(e.to_string()))?,
            scanner: Scanner::of(settings),
            in_memory: Arc::new(Semaphore::new(settings.in_memory)),
            at_once: Arc::new(Semaphore::new(settings.at_once)),
        };
        caretaker::start(app, room.clone());
        Ok(room)
    }

    /// Memory for one more file.
    fn hold(&self) -> Result<OwnedSemaphorePermit, Status> {
        self.in_memory.clone().try_acquire_owned().map_err(|_| {
            let full = "too many files are on their way at once (attachments.in_memory); send it again a little later";
            errors::exhausted(full, Duration::from_secs(2))
        })
    }
}

/// One file for the wire; a place that the caller may not see is left out.
fn shown(file: &Attachment, number: &str, place: bool) -> v1::Attachment {
    let facts = file.facts.as_ref();
    let size = facts.and_then(|f| f.size);
    let citizen = matches!(file.by.role, Role::Citizen);
    v1::Attachment {
        attachment_id: file.id.to_string(),
        number: number.to_owned(),
        kind: facts.map_or(0, |f| i32::from(f.kind.number())),
        state: i32::from(file.state.number()),
        bytes: facts.map_or(0, |f| f.bytes),
        width: size.map_or(0, |(width, _)| width),
        height: size.map_or(0, |(_, height)| height),
        picture_hash: facts.and_then(|f| f.hash).map(|h| format!("{:016x}", h.0)).unwrap_or_default(),
        point: facts.and_then(|f| f.point).filter(|_| place).map(|p| v1::Point { lat: p.lat, lon: p.lon }),
        taken_at: facts.and_then(|f| f.taken_at).map(timestamp),
        added_at: Some(timestamp(file.at)),
        by: Some(v1::ActorView {
            role: file.by.role.number(),
            person: if citizen { String::new() } else { file.by.person.to_string() },
            unit: file.by.unit.as_ref().map(ToString::to_string).unwrap_or_default(),
        }),
        finding: file.finding.clone().unwrap_or_default(),
    }
}

/// May its bytes be handed out?
fn open_to_readers(file: &Attachment) -> Result<(), Status> {
    match file.state {
        FileState::Unscanned | FileState::Clean => Ok(()),
        FileState::Quarantined => {
            let why = "the file waits for the virus scanner; ask again in a moment";
            Err(errors::refused("QUARANTINED", why, []))
        }
        FileState::Infected => {
            Err(errors::refused("INFECTED", "the virus scanner found something in the file; its bytes are gone", []))
        }
        FileState::Arriving | FileState::Erased => Err(errors::not_found("attachment", file.id)),
    }
}

/// A store of files that does not answer: the details are the log's, the caller is told what to do.
fn away(problem: &files::FilesError) -> Status {
    tracing::warn!(%problem, "the store of files");
    errors::unavailable(
        "the store of files cannot be reached at the moment; send the same again",
        Duration::from_secs(1),
    )
}
