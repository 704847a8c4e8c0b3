//! Proof that the figures are what the log says: facts recomputed from the log up to the place they stand for.

use suban_domain::{At, Ticket, TicketId};
use suban_service::App;
use suban_store::StoreError;

use crate::{decide, tables};

/// A fact that is not what the log says.
#[derive(Debug)]
pub struct Difference {
    /// Which ticket.
    pub ticket: TicketId,
    /// Which unit.
    pub unit: String,
    /// Up to which version.
    pub version: u32,
    /// What is kept.
    pub kept: String,
    /// What the log says.
    pub recomputed: String,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Verified {
    /// Facts compared.
    pub checked: u64,
    /// Those that differ.
    pub differing: u64,
    /// Some of these.
    pub examples: Vec<Difference>,
}

const PAGE: i64 = 500;

/// Compares the facts of tickets received in a period with their logs; at most `limit` of them, 0 for all.
///
/// # Errors
/// When Postgres is away or a log does not fold.
pub async fn verify(app: &App, from: At, to: At, limit: u64) -> Result<Verified, StoreError> {
    let mut verified = Verified::default();
    let mut after = None;
    loop {
        let page = tables::page(app.store.pool(), from, to, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(verified) };
        after = Some((last.ticket, last.unit.clone()));
        let mut ids: Vec<(TicketId, u32)> = page.iter().map(|k| (k.ticket, 0)).collect();
        ids.dedup();
        let logs = app.store.logs(&ids).await?;
        for kept in &page {
            let log = logs.iter().filter(|e| e.ticket == kept.ticket && e.version <= kept.version);
            let ticket = Ticket::fold(log).map_err(|e| StoreError::Damaged { what: "log", problem: e.to_string() })?;
            let fact = decide::facts(&ticket).into_iter().find(|f| f.unit == kept.unit).map(|f| f.body);
            verified.checked += 1;
            if fact.as_ref() != Some(&kept.body) {
                verified.differing += 1;
                if verified.examples.len() < 20 {
                    verified.examples.push(Difference {
                        ticket: kept.ticket,
                        unit: kept.unit.clone(),
                        version: kept.version,
                        kept: format!("{:?}", kept.body),
                        recomputed: format!("{fact:?}"),
                    });
                }
            }
            if limit > 0 && verified.checked >= limit {
                return Ok(verified);
            }
        }
    }
}
