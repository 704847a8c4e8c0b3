//! What is held, kept as a file, so that a restart reads that and what happened since, not every ticket.
//!
//! The file says of which database it is, by which rules its tickets were read, and how far the ticket topic was heard.
//! One that does not fit, or after which the topic has lost something, is not used; losing it loses nothing. It holds no
//! word in clear: numbers that words and phones were turned into.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use suban_bus::{Positions, Tail};
use suban_likeness::Index;
use suban_service::{App, StartError};
use suban_store::StoreError;

use super::{
    Memory,
    following::{FOLLOWED_KINDS, once_there},
    limits, off_the_loop,
};
use crate::{decide::BASIS, tables};

/// Where it is kept, how often it is written anew, and of what.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    path: PathBuf,
    pub(super) every: Duration,
    city: String,
}

/// What a file says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    city: String,
    basis: String,
    heard: Positions,
    /// The last picture that is held.
    #[serde(default)]
    picture: i64,
}

impl Kept {
    /// The file that the settings name, if they name one.
    pub(super) async fn of(app: &App) -> Result<Option<Self>, StoreError> {
        let keep = &app.settings.duplicates;
        if keep.snapshot.as_os_str().is_empty() {
            return Ok(None);
        }
        let city = tables::which_database(app.store.pool()).await?;
        Ok(Some(Self { path: keep.snapshot.clone(), every: keep.snapshot_every, city }))
    }

    /// Fills a memory from the file and with what happened since; answers where it goes on, and the last picture that is
    /// held. None where the file is not
    /// there or cannot be used, and nothing is held then.
    ///
    /// # Errors
    /// When Postgres or Kafka is away.
    pub(super) async fn restore(&self, app: &App, memory: &Memory) -> Result<Option<(Tail, i64)>, StartError> {
        let (path, room) = (self.path.clone(), app.settings.duplicates.open_tickets);
        let read = off_the_loop(move || {
            let bytes = std::fs::read(&path).map_err(|e| e.to_string())?;
            let (index, note) = Index::restore(&bytes, room, limits()).map_err(|e| e.to_string())?;
            let note: Note = serde_json::from_slice(&note).map_err(|e| e.to_string())?;
            Ok::<_, String>((index, note))
        });
        let unused = |why: &str| {
            tracing::info!(snapshot = %self.path.display(), why, "every ticket is read from the database");
        };
        let (index, note) = match read.await? {
            Ok(read) => read,
            Err(problem) => {
                unused(&problem);
                return Ok(None);
            }
        };
        if note.city != self.city || note.basis != BASIS {
            unused("it is of another database, or was read by other rules");
            return Ok(None);
        }
        let tail = once_there(async || Tail::tickets_from(&app.settings, FOLLOWED_KINDS, &note.heard).await);
        let Some(mut tail) = tail.await? else {
            unused("the topic no longer holds what happened since");
            return Ok(None);
        };
        *memory.index_mut() = index;
        while !tail.has_caught_up() {
            let heard = tail.next().await;
            memory.hear(app, &heard).await?;
        }
        Ok(Some((tail, note.picture)))
    }

    /// Writes what is held, as of what was heard and seen; answers whether it could. A file that cannot be written is
    /// missed at the next start only.
    pub(super) async fn save(&self, memory: &Memory, heard: &Positions, picture: i64) -> bool {
        let note = Note { city: self.city.clone(), basis: BASIS.to_owned(), heard: heard.clone(), picture };
        let (memory, path) = (memory.clone(), self.path.clone());
        let written = off_the_loop(move || {
            let note = serde_json::to_vec(&note).map_err(|e| e.to_string())?;
            let bytes = memory.index().snapshot(note).map_err(|e| e.to_string())?;
            replace(&path, &bytes).map_err(|e| e.to_string()).map(|()| bytes.len())
        });
        let problem = match written.await {
            Ok(Ok(bytes)) => {
                tracing::info!(bytes, "what duplicates are looked for among is kept as a file");
                return true;
            }
            Ok(Err(problem)) => problem,
            Err(error) => error.to_string(),
        };
        tracing::warn!(
            snapshot = %self.path.display(), problem,
            "what duplicates are looked for among could not be kept as a file; the next start reads every ticket"
        );
        false
    }
}

/// Puts a whole file in the place of another: who reads it sees the one or the other.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".{}", std::process::id()));
    let new = PathBuf::from(new);
    let mut file = std::fs::File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}
