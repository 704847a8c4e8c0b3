//! How tickets ended and when, from the log: nothing of it is the client's guess.

use std::collections::HashMap;

use sqlx::PgPool;
use suban_domain::{State, TicketId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    load::Acked,
    report::{Ended, Lag},
};

/// The ways a ticket ends on its way to a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Auto,
    Merged,
    Manual,
}

/// What became of the acknowledged tickets.
pub(crate) struct Endings {
    /// How many ended how.
    pub(crate) ended: Ended,
    /// Commit of the ending − acknowledgement of the submit.
    pub(crate) lag_ms: Option<Lag>,
    /// Those that have not ended.
    pub(crate) open: u64,
}

/// When a row was committed: exactly where the database keeps that, otherwise when it was written.
pub(crate) async fn commit_time(pool: &PgPool) -> anyhow::Result<&'static str> {
    let kept: String = sqlx::query_scalar("show track_commit_timestamp").fetch_one(pool).await?;
    Ok(if kept == "on" { "pg_xact_commit_timestamp(xmin)" } else { "recorded_at" })
}

/// How these tickets were dispatched, merged or queued, by the first that happened. Walks the log from the first.
pub(crate) async fn dispatched(pool: &PgPool, acked: &[Acked]) -> anyhow::Result<Endings> {
    let when = commit_time(pool).await?;
    let mut events = read(
        pool,
        acked,
        &format!("select ticket_id, type, {when} from core.ticket_log where ticket_id >= $1 and type in ('dispatched', 'merged_into')"),
        |kind| if kind == "dispatched" { Ending::Auto } else { Ending::Merged },
    )
    .await?;
    let queued = if when == "recorded_at" { "null::timestamptz" } else { when };
    let queue = format!("select ticket_id, 'queued', {queued} from dispatch.queue where ticket_id >= $1");
    for (ticket, waits) in read(pool, acked, &queue, |_| Ending::Manual).await? {
        events.entry(ticket).or_insert(waits);
    }
    Ok(sum(acked, &events))
}

/// When these tickets were closed by their citizens' answers; `ended` says how they were dispatched.
pub(crate) async fn closed(pool: &PgPool, acked: &[Acked]) -> anyhow::Result<Endings> {
    let how = dispatched(pool, acked).await?;
    let when = commit_time(pool).await?.replace("xmin", "l.xmin").replace("recorded_at", "l.recorded_at");
    let query = format!(
        "select l.ticket_id, l.type, {when} from core.ticket_log l join core.ticket t on t.id = l.ticket_id and t.state = {}
          where l.ticket_id >= $1 and l.type in ('closed', 'survey_answered')",
        State::Closed.number()
    );
    let events = read(pool, acked, &query, |_| Ending::Auto).await?;
    Ok(Endings { ended: how.ended, ..sum(acked, &events) })
}

/// When the clocks of these tickets spoke; `at` of each is when they were due.
pub(crate) async fn spoke(pool: &PgPool, due: &[Acked]) -> anyhow::Result<Endings> {
    let when = commit_time(pool).await?;
    let cards =
        format!("select ticket_id, type, {when} from core.ticket_log where ticket_id >= $1 and type = 'card_shown'");
    let events = read(pool, due, &cards, |_| Ending::Auto).await?;
    Ok(sum(due, &events))
}

type Events = HashMap<Uuid, (Ending, Option<i64>)>;

async fn read(pool: &PgPool, acked: &[Acked], query: &str, ending: impl Fn(&str) -> Ending) -> anyhow::Result<Events> {
    let Some(first) = acked.iter().map(|a| a.ticket.uuid()).min() else { return Ok(Events::new()) };
    // Built from constants of this file alone.
    let rows: Vec<(Uuid, String, Option<OffsetDateTime>)> =
        sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(first).fetch_all(pool).await?;
    let mut events = Events::new();
    for (ticket, kind, at) in rows {
        let at = at.and_then(|at| i64::try_from(at.unix_timestamp_nanos() / 1000).ok());
        let first = events.entry(ticket).or_insert((ending(&kind), at));
        if at < first.1 {
            *first = (ending(&kind), at);
        }
    }
    Ok(events)
}

fn sum(acked: &[Acked], events: &Events) -> Endings {
    let (mut ended, mut lags, mut open) = (Ended::default(), Vec::new(), 0);
    for Acked { ticket, at, .. } in acked {
        let Some((ending, when)) = events.get(&TicketId::uuid(*ticket)) else {
            open += 1;
            continue;
        };
        match ending {
            Ending::Auto => ended.auto += 1,
            Ending::Merged => ended.merged += 1,
            Ending::Manual => ended.manual += 1,
        }
        if let Some(when) = when {
            // Some are dispatched before the answer has come back.
            lags.push((when - at).max(0));
        }
    }
    Endings { ended, lag_ms: Lag::of(lags), open }
}
