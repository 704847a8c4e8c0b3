//! The whole file of a ticket, with why it was sent where it went, which is kept here.

use suban_domain::TicketId;
use suban_proto::v1;
use suban_runtime::{access::Caller, errors};
use suban_service::{
    file::{Considered, Decided, Decisions, FileError, Named, gather, html},
    status,
};
use suban_store::{Store, StoreError};
use tonic::Status;

use crate::{api::Api, tables};

/// Characters of a reason.
const REASON: std::ops::RangeInclusive<usize> = 2..=500;

impl Api {
    /// The file as a page, masked.
    pub(crate) async fn file(&self, caller: &Caller, ask: &v1::GetFileRequest) -> Result<v1::GetFileReply, Status> {
        let why = ask.reason.trim();
        if !REASON.contains(&why.chars().count()) {
            return Err(errors::invalid("reason", "must be 2 to 500 characters: why you look at the whole file"));
        }
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        let store = &self.app.store;
        let decisions = decisions(store, &[ticket.id]).await.map_err(|e| status(&e))?;
        let files = gather(store, caller, std::slice::from_ref(&ticket), why, &decisions).await.map_err(refused)?;
        Ok(v1::GetFileReply { html: files.first().map(html::page).unwrap_or_default() })
    }
}

fn refused(problem: FileError) -> Status {
    match problem {
        FileError::Store(problem) => status(&problem),
        FileError::Denied { why, .. } => why.into(),
        FileError::OutlineOnly { .. } => errors::denied("OUTLINE_ONLY", problem.to_string()),
        FileError::Log { .. } => errors::internal(&problem),
    }
}

/// Why these tickets were sent where they went, as it was kept.
///
/// # Errors
/// When Postgres is away or a row is damaged.
pub async fn decisions(store: &Store, tickets: &[TicketId]) -> Result<Decisions, StoreError> {
    let mut decisions = Decisions::new();
    for (ticket, version, reasons) in tables::reasons_of(store.pool(), tickets).await? {
        let candidates = reasons.candidates.into_iter().map(|c| Considered {
            unit: Named::of(c.name, c.unit.to_string()),
            rule: c.rule,
            permille: c.permille,
            because: Named::of(c.because_zh, c.because_en),
        });
        decisions.entry(ticket).or_default().push(Decided {
            version,
            catalogue: reasons.catalogue,
            reader: reasons.reader.unwrap_or_default(),
            learned: reasons.learned.unwrap_or_default(),
            candidates: candidates.collect(),
        });
    }
    Ok(decisions)
}
