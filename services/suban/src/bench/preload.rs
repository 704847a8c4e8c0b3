//! Tickets that are there before a bench begins: a city with years behind it, nine in ten of its tickets closed.

use std::sync::Arc;

use anyhow::Context as _;
use suban_domain::{At, Limits, TicketId};
use suban_scoring::{decide::facts, tables};
use suban_service::Catalogues;
use suban_store::{Store, StoreError};
use tokio::task::JoinSet;

use super::{flow, ground::Ground, prepared::Maker, words};
use crate::print;

/// Tickets of one transaction.
const BATCH: u32 = 1000;
/// Transactions at once.
const AT_ONCE: usize = 4;
/// Of ten tickets this many are closed.
const CLOSED: u32 = 9;

/// Puts them there, in bulk and marked so, with their facts.
pub(crate) async fn fill(ground: &Ground, tickets: u32, seed: u64) -> anyhow::Result<()> {
    let years_old = |n| Past { closed: n % 10 < CLOSED, received_at: None, pressing: true };
    written(ground, tickets, seed, years_old).await?;
    Ok(())
}

/// What a ticket's past is like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Past {
    /// Was it brought to its end?
    pub(crate) closed: bool,
    /// When it was received, where that is not now.
    pub(crate) received_at: Option<At>,
    /// May it press? Such a ticket has other clocks than the rest.
    pub(crate) pressing: bool,
}

/// A ticket that was put there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Brief {
    /// Which.
    pub(crate) ticket: TicketId,
    /// When its next clock runs out.
    pub(crate) due: Option<At>,
}

/// Puts tickets there, the nth of them with this past; answers what was written. A ticket for which no unit can be
/// named is left out, and so is one that presses where none may.
pub(crate) async fn written(
    ground: &Ground,
    tickets: u32,
    seed: u64,
    past: impl Fn(u32) -> Past + Clone + Send + Sync + 'static,
) -> anyhow::Result<Vec<Brief>> {
    let in_force = Catalogues::once(&ground.store).await?.context("no catalogue is in force")?;
    let maker = Arc::new(Maker::new(&ground.store, in_force)?);
    let name = flow::run_name();
    let (mut writing, mut written) = (JoinSet::new(), Vec::new());
    for (batch, begin) in (0..tickets).step_by(BATCH as usize).enumerate() {
        let n = BATCH.min(tickets - begin);
        let (maker, store) = (Arc::clone(&maker), ground.store.clone());
        // Each batch has words of its own, so that none is a twin of another's.
        let requests =
            words::unrelated(&ground.catalogue, &format!("{name}-{batch}"), seed ^ ((batch as u64 + 1) << 20), n);
        let past = past.clone();
        writing.spawn(async move { put(&maker, &store, &requests, |n| past(begin + n)).await });
        if writing.len() >= AT_ONCE
            && let Some(done) = writing.join_next().await
        {
            written.extend(done??);
        }
    }
    while let Some(done) = writing.join_next().await {
        written.extend(done??);
    }
    // A city that has been there for years has statistics.
    sqlx::raw_sql("vacuum analyze").execute(ground.store.pool()).await?;
    print::complain(&format!("{} tickets put there before", written.len()));
    Ok(written)
}

async fn put(
    maker: &Maker,
    store: &Store,
    requests: &[suban_proto::v1::SubmitRequest],
    past: impl Fn(u32) -> Past + Send + Sync,
) -> anyhow::Result<Vec<Brief>> {
    let mut batch = Vec::with_capacity(requests.len());
    for (n, request) in (0..).zip(requests) {
        let past = past(n);
        let mut new = maker.ticket_at(request, past.received_at.unwrap_or_else(|| store.clock().now()))?;
        if new.submission.urgency.is_pressing() && !past.pressing {
            continue;
        }
        // What nobody can be named for is a person's to send; none of those here.
        if let Some(life) = maker.life(&mut new, past.closed)? {
            batch.push((new, life));
        }
    }
    let tickets = store.put_bulk(batch, &Limits::sz_district()).await?;
    let rows = tickets.iter().flat_map(|t| facts(t).into_iter().map(|fact| tables::Row::new(t, fact)));
    tables::put(store.pool(), rows.collect::<Result<_, StoreError>>()?).await?;
    Ok(tickets.iter().map(|t| Brief { ticket: t.id, due: t.next_due() }).collect())
}
