//! Who looks after files once they are there: what waits for the scanner is shown to it again, what must go is taken away.

use std::{convert::Infallible, time::Duration};

use suban_service::App;
use suban_store::{
    StoreError,
    attachments::{Attachment, FileCopy},
};

use super::{
    Room,
    files::FilesError,
    scanner::{NoVerdict, Scanner, Verdict},
};

/// Between two looks: two questions to the database, which find nothing on most days.
const LOOK: Duration = Duration::from_secs(5);
/// Files of one look.
const SOME: i64 = 20;

/// Why something was left for the next look.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Left {
    /// Postgres.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The store of files.
    #[error("{0}")]
    Files(#[from] FilesError),
    /// The scanner.
    #[error("{0}")]
    Scanner(#[from] NoVerdict),
}

/// Starts the caretaker of this process. Several do no harm: each step may be done twice.
pub(super) fn start(app: &App, room: Room) {
    let stop = app.tasks.stop();
    let app = app.clone();
    app.tasks.clone().spawn("attachments", async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok::<_, Infallible>(()),
                () = tokio::time::sleep(LOOK) => {}
            }
            if let Err(left) = look(&app, &room).await {
                tracing::warn!(problem = %left, "files wait for the next look");
            }
        }
    });
}

async fn look(app: &App, room: &Room) -> Result<(), Left> {
    for file in app.store.attachments_leaving(SOME).await? {
        room.files.delete(&file.object).await?;
        app.store.attachment_gone(file.id).await?;
    }
    let Some(scanner) = &room.scanner else { return Ok(()) };
    for file in app.store.attachments_waiting(SOME).await? {
        let owner = app.store.attachment_owner(&file).await?;
        let sealed = room.files.get(&file.object, FileCopy::Whole).await?;
        let bytes = owner.open_file(file.id, FileCopy::Whole, &sealed)?;
        scan(app, scanner, &file, &bytes).await?;
    }
    Ok(())
}

/// Asks the scanner about a file and keeps what it says.
pub(super) async fn scan(app: &App, scanner: &Scanner, file: &Attachment, bytes: &[u8]) -> Result<(), Left> {
    match scanner.scan(bytes).await {
        Ok(Verdict::Clean) => app.store.attachment_scanned(file.id, None).await?,
        Ok(Verdict::Found(name)) => {
            tracing::warn!(attachment = %file.id, ticket = %file.ticket, finding = name, "the scanner found something");
            metrics::counter!("suban_attachments_total", "outcome" => "infected").increment(1);
            app.store.attachment_scanned(file.id, Some(&name)).await?;
        }
        Err(none) => {
            metrics::counter!("suban_scanner_failures_total").increment(1);
            return Err(none.into());
        }
    }
    Ok(())
}
