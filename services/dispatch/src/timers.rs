//! The timer: when a clock of a ticket runs out, what the rules say happens (D§8.2).
//!
//! Any number of instances may run it: what they do is guarded by the ticket's version, so that the slower one
//! changes nothing. A ticket whose clock cannot be served waits longer each time and holds up no other.

use std::{collections::HashMap, convert::Infallible, time::Duration};

use suban_domain::{At, Command, RequestId, Span, Ticket, TicketId, due_actions};
use suban_service::App;
use suban_store::{Change, StoreError};

use crate::tables;

/// Tickets served in one go.
const BATCH: u32 = 500;

/// The longest sleep: a clock that was set meanwhile is late by no more than this.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// The shortest sleep, so that clocks that run out close together are served together.
const SHORTEST_SLEEP: Duration = Duration::from_millis(50);

/// Most tickets that are known to fail and read past.
const MOST_FAILING: usize = 2_000;

/// First and longest time for which a ticket that failed is left alone, by the city's clock.
const FIRST_PAUSE: Span = Span::minutes(1);
const LONGEST_PAUSE: Span = Span::hours(1);

/// Which tickets failed, and until when they are left alone. Kept in memory: a restart tries them again.
#[derive(Debug, Default)]
pub struct Patience(HashMap<TicketId, (At, Span)>);

impl Patience {
    fn waits(&self, ticket: TicketId, now: At) -> bool {
        self.0.get(&ticket).is_some_and(|(until, _)| now < *until)
    }

    fn failed(&mut self, ticket: TicketId, now: At) {
        if self.0.len() >= MOST_FAILING {
            self.0.retain(|_, (until, _)| now < *until);
        }
        let last = self.0.get(&ticket).map_or(Span::ZERO, |(_, pause)| *pause);
        let pause = Span::micros(last.as_micros().saturating_mul(2)).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        self.0.insert(ticket, (now.plus(pause), pause));
    }

    fn served(&mut self, ticket: TicketId) {
        self.0.remove(&ticket);
    }

    /// How many to read so that those that fail cannot fill the page.
    fn page(&self) -> u32 {
        BATCH + u32::try_from(self.0.len().min(MOST_FAILING)).unwrap_or(0)
    }
}

/// Serves clocks until the process stops.
pub(crate) async fn run(app: App) -> Result<(), Infallible> {
    let stop = app.tasks.stop();
    let mut patience = Patience::default();
    loop {
        let sleep = match tick(&app, &mut patience).await {
            // More may be due already.
            Ok(served) if served > 0 => Duration::ZERO,
            Ok(_) => until_next(&app).await,
            Err(error) => {
                tracing::warn!(error = %error, "clocks could not be served; tried again");
                LONGEST_SLEEP
            }
        };
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

async fn until_next(app: &App) -> Duration {
    match tables::next_due(app.store.pool()).await {
        Ok(Some(due)) if due > app.clock().now() => app.clock().until(due).clamp(SHORTEST_SLEEP, LONGEST_SLEEP),
        // What is due and was not served is being left alone.
        Ok(_) | Err(_) => LONGEST_SLEEP,
    }
}

/// Serves the clocks that have run out, at most a batch; answers how many tickets changed.
///
/// # Errors
/// When Postgres is away.
pub async fn tick(app: &App, patience: &mut Patience) -> Result<usize, StoreError> {
    let now = app.clock().now();
    let mut changes = Vec::new();
    for ticket in app.store.due(now, patience.page()).await? {
        if patience.waits(ticket.id, now) {
            continue;
        }
        let id = ticket.id;
        match serve(app, ticket, now) {
            // A change that leaves the clock where it was would be asked for again at once.
            Ok(Some(change)) if change.after.next_due().is_none_or(|due| due > now) => changes.push(change),
            Ok(_) => failed(patience, id, now, "the clock stays due"),
            Err(error) => failed(patience, id, now, &error.to_string()),
        }
        if changes.len() >= BATCH as usize {
            break;
        }
    }
    if changes.is_empty() {
        return Ok(0);
    }
    changes.sort_by_key(Change::id);
    let done = app.store.commit(changes).await?;
    for change in &done.changed {
        patience.served(change.id());
    }
    for (ticket, problem) in &done.failed {
        failed(patience, *ticket, now, problem);
    }
    metrics::counter!("suban_clocks_served_total").increment(done.changed.len() as u64);
    Ok(done.changed.len())
}

fn failed(patience: &mut Patience, ticket: TicketId, now: At, problem: &str) {
    tracing::error!(%ticket, problem, "a clock of this ticket cannot be served; it is left alone for a while");
    metrics::counter!("suban_clocks_failed_total").increment(1);
    patience.failed(ticket, now);
}

/// Everything that is due on one ticket, as one change.
fn serve(app: &App, ticket: Ticket, now: At) -> Result<Option<Change>, StoreError> {
    let mut change: Option<Change> = None;
    let mut current = ticket;
    // What moves a ticket on may make something else due at once; bounded, since each step ends a clock.
    for _ in 0..8 {
        let actions = due_actions(&current, now, &app.limits);
        if actions.is_empty() {
            break;
        }
        for action in actions {
            let request = RequestId::new(format!("timer:{}", current.version))
                .map_err(|e| StoreError::Damaged { what: "request id", problem: e.to_string() })?;
            let command = Command { by: App::system(), at: now, request, action };
            let next = Change::decide(current, &command, &app.limits)?;
            current = next.after.clone();
            change = Some(match change {
                Some(before) => before.then(next),
                None => next,
            });
        }
        if current.next_due().is_none_or(|due| due > now) {
            break;
        }
    }
    Ok(change)
}

#[cfg(test)]
mod tests {
    use suban_domain::TicketId;

    use super::*;

    #[test]
    fn a_ticket_that_fails_is_left_alone_longer_each_time_and_not_for_ever() {
        let (id, mut now) = (TicketId::new(uuid::Uuid::from_u128(7)), At::from_micros(0));
        let mut patience = Patience::default();
        let mut last = Span::ZERO;
        for _ in 0..20 {
            patience.failed(id, now);
            assert!(patience.waits(id, now));
            let (until, pause) = patience.0[&id];
            assert!(pause >= last && pause <= LONGEST_PAUSE);
            (now, last) = (until, pause);
            assert!(!patience.waits(id, now));
        }
        patience.served(id);
        assert_eq!(patience.page(), BATCH);
    }

    #[test]
    fn tickets_that_fail_do_not_fill_the_page() {
        let mut patience = Patience::default();
        for n in 0..500 {
            patience.failed(TicketId::new(uuid::Uuid::from_u128(n)), At::from_micros(0));
        }
        assert_eq!(patience.page(), BATCH + 500);
    }
}
