//! Who looks after files once they are there: what waits for the scanner is shown to it again, what must go is taken away,
//! what never came whole is swept.

use std::{convert::Infallible, time::Duration};

use suban_domain::Span;
use suban_service::App;
use suban_store::{
    StoreError,
    attachments::{Attachment, FileCopy},
};
use uuid::Uuid;

use super::{
    Room,
    files::FilesError,
    scanner::{NoVerdict, Scanner, Verdict},
};

/// Between two looks: three questions to the database, which find nothing on most days.
const LOOK: Duration = Duration::from_secs(5);
/// A file that began to arrive this long ago does not come any more: many times what a request may take.
const ABANDONED: Span = Span::hours(1);
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

/// How far it has come; one file that cannot be helped does not hold up those behind it.
#[derive(Debug, Default)]
struct Round {
    leaving: Uuid,
    waiting: Uuid,
}

/// Starts the caretaker of this process. Several do no harm: each step may be done twice.
pub(super) fn start(app: &App, room: Room) {
    let stop = app.tasks.stop();
    let app = app.clone();
    app.tasks.clone().spawn("attachments", async move {
        let mut round = Round::default();
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok::<_, Infallible>(()),
                () = tokio::time::sleep(LOOK) => {}
            }
            if let Err(left) = look(&app, &room, &mut round).await {
                tracing::warn!(problem = %left, "files wait for the next look");
            }
        }
    });
}

async fn look(app: &App, room: &Room, round: &mut Round) -> Result<(), Left> {
    let leaving = app.store.attachments_leaving(round.leaving, SOME).await?;
    round.leaving = next(&leaving);
    for file in &leaving {
        if let Err(left) = take_away(app, room, file).await {
            tracing::warn!(problem = %left, attachment = %file.id, "its bytes could not be taken away");
        }
    }
    // The row first: what is still on its way under it finds none and is sent again, and no row is left without bytes.
    for object in app.store.sweep_attachments(app.clock().now().minus(ABANDONED), SOME).await? {
        metrics::counter!("suban_attachments_total", "outcome" => "abandoned").increment(1);
        room.files.delete(&object).await?;
    }
    let Some(scanner) = &room.scanner else { return Ok(()) };
    let waiting = app.store.attachments_waiting(round.waiting, SOME).await?;
    round.waiting = next(&waiting);
    for file in &waiting {
        match show(app, room, scanner, file).await {
            Ok(()) => {}
            // Each of the others would be waited for as long.
            Err(left @ Left::Scanner(NoVerdict::Away(_) | NoVerdict::Late(_))) => return Err(left),
            Err(left) => tracing::warn!(problem = %left, attachment = %file.id, "it could not be scanned"),
        }
    }
    Ok(())
}

/// Where the next look goes on: behind the last of a full page, or from the beginning.
fn next(page: &[Attachment]) -> Uuid {
    let full = i64::try_from(page.len()).is_ok_and(|n| n == SOME);
    page.last().filter(|_| full).map_or(Uuid::nil(), |file| file.id)
}

async fn take_away(app: &App, room: &Room, file: &Attachment) -> Result<(), Left> {
    room.files.delete(&file.object).await?;
    Ok(app.store.attachment_gone(file.id).await?)
}

async fn show(app: &App, room: &Room, scanner: &Scanner, file: &Attachment) -> Result<(), Left> {
    let owner = app.store.attachment_owner(file).await?;
    let sealed = room.files.get(&file.object, FileCopy::Whole).await?;
    let bytes = owner.open_file(file.id, FileCopy::Whole, &sealed)?;
    scan(app, scanner, file, &bytes).await
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
