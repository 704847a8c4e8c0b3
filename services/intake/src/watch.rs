//! Changes as they happen, for screens.
//!
//! One tail of the ticket topic feeds every watcher of this process. A watcher that reads too slowly is cut off
//! rather than waited for; it lists again and goes on. Where nobody watches, nothing is read.

use std::{convert::Infallible, sync::Arc, time::Duration};

use futures::{Stream, stream};
use suban_bus::{Kinds, Message, Tail};
use suban_domain::{AreaCode, State, Ticket, TicketId, UnitCode};
use suban_proto::{edge, v1};
use suban_runtime::{
    access::Caller,
    errors::{self, FieldErrors},
};
use suban_service::{App, view};
use tokio::sync::{Notify, broadcast, watch};
use tonic::Status;

use crate::api::Api;

/// Changes that a watcher may be behind: some seconds of a storm.
const BEHIND: usize = 4096;
/// A watcher that was cut off comes back after this; Kafka and the last watcher are looked for as often.
const AGAIN: Duration = Duration::from_secs(1);
/// The first watcher waits this long for the reading to begin.
const PATIENCE: Duration = Duration::from_secs(5);

/// A change with the ticket as it stands, for filters and access.
type Change = (Arc<v1::TicketChange>, Arc<Ticket>);

/// Gives changes to whoever follows. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Feed {
    changes: broadcast::Sender<Change>,
    /// A watcher has come.
    called: Arc<Notify>,
    /// Changes from now on are given.
    live: watch::Receiver<bool>,
}

/// Which changes somebody wants.
#[derive(Debug, Default)]
pub(crate) struct WantedChanges {
    unit: Option<UnitCode>,
    area: Option<AreaCode>,
    states: Vec<State>,
    ticket: Option<TicketId>,
}

impl Feed {
    /// Starts what reads for watchers, as a task of this process. It reads only while somebody watches.
    pub(crate) fn start(app: &App) -> Self {
        let (changes, _) = broadcast::channel(BEHIND);
        let (now_live, live) = watch::channel(false);
        let feed = Self { changes, called: Arc::default(), live };
        let (app, giving, stop) = (app.clone(), feed.clone(), app.tasks.stop());
        app.tasks.clone().spawn("watchers", async move {
            let reading = async {
                loop {
                    giving.called.notified().await;
                    giving.read(&app, &now_live).await;
                }
            };
            tokio::select! {
                () = stop.cancelled() => Ok::<_, Infallible>(()),
                () = reading => Ok(()),
            }
        });
        feed
    }

    /// Follows the topic until nobody watches any more.
    async fn read(&self, app: &App, live: &watch::Sender<bool>) {
        let mut tail = loop {
            match Tail::tickets(&app.settings, Kinds::AllBut(&[])).await {
                Ok(tail) => break tail,
                Err(error) => {
                    tracing::warn!(%error, "watchers wait for Kafka");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        };
        loop {
            live.send_replace(true);
            while self.changes.receiver_count() > 0 {
                tokio::select! {
                    arrived = tail.next() => self.give(app, &arrived).await,
                    () = tokio::time::sleep(AGAIN) => {}
                }
            }
            // Who comes from here on waits for the next reading; who came just before has been counted.
            live.send_replace(false);
            if self.changes.receiver_count() == 0 {
                return;
            }
        }
    }

    async fn give(&self, app: &App, arrived: &[Message]) {
        let after = match app.folded.after_each(&app.store, arrived).await {
            Ok(after) => after,
            Err(error) => {
                // Screens are told nothing rather than something wrong; the next change shows them the state.
                tracing::warn!(%error, changes = arrived.len(), "watchers were not told");
                return;
            }
        };
        for (message, ticket) in arrived.iter().zip(after) {
            if let Some(ticket) = ticket {
                // Without watchers left there is nobody to tell.
                let _ = self.changes.send((Arc::new(change(message, &ticket)), ticket));
            }
        }
    }

    /// What this caller may see of what is wanted from now on, until they hang up or fall behind.
    pub(crate) async fn follow(
        &self,
        caller: Arc<Caller>,
        wanted: WantedChanges,
    ) -> Result<impl Stream<Item = Result<v1::TicketChange, Status>> + Send + 'static, Status> {
        let begin = Some((self.changes.subscribe(), caller, wanted));
        self.called.notify_one();
        let mut live = self.live.clone();
        if !matches!(tokio::time::timeout(PATIENCE, live.wait_for(|live| *live)).await, Ok(Ok(_))) {
            return Err(errors::unavailable("changes cannot be followed: Kafka does not answer", AGAIN));
        }
        Ok(stream::unfold(begin, |state| async move {
            let (mut changes, caller, wanted) = state?;
            loop {
                match changes.recv().await {
                    Ok((change, ticket)) => {
                        if wanted.admits(&ticket) && view::may_read(&caller, &ticket).is_ok() {
                            return Some((Ok(v1::TicketChange::clone(&change)), Some((changes, caller, wanted))));
                        }
                    }
                    Err(broadcast::error::RecvError::Lagged(missed)) => {
                        metrics::counter!("suban_watchers_cut_off_total").increment(1);
                        let text = format!("you are {missed} changes behind; list again and watch from there");
                        return Some((Err(errors::exhausted(text, AGAIN)), None));
                    }
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        }))
    }
}

impl WantedChanges {
    fn admits(&self, ticket: &Ticket) -> bool {
        self.ticket.is_none_or(|id| ticket.id == id)
            && (self.states.is_empty() || self.states.contains(&ticket.state))
            && self.unit.as_ref().is_none_or(|u| ticket.tasks.iter().any(|t| t.unit == *u))
            && self.area.as_ref().is_none_or(|a| ticket.area.as_ref().is_some_and(|b| a.contains(b)))
    }
}

impl Api {
    /// Checks the filters.
    pub(crate) async fn wanted_changes(&self, ask: &v1::WatchRequest) -> Result<WantedChanges, Status> {
        let mut wrong = FieldErrors::new();
        let mut wanted = WantedChanges {
            unit: wrong.take("unit", edge::given(&ask.unit)).flatten(),
            area: wrong.take("area", edge::given(&ask.area)).flatten(),
            states: wrong.take("states", edge::choices(&ask.states)).unwrap_or_default(),
            ticket: None,
        };
        wrong.check()?;
        if !ask.ticket.is_empty() {
            wanted.ticket = Some(self.app.ticket("ticket", &ask.ticket).await?.id);
        }
        Ok(wanted)
    }
}

/// What happened, and where the ticket stands: that may be one change further already.
fn change(message: &Message, ticket: &Ticket) -> v1::TicketChange {
    v1::TicketChange {
        ticket_id: ticket.id.to_string(),
        number: ticket.number.to_string(),
        version: message.version,
        r#type: message.kind.to_string(),
        state: ticket.state.number(),
        unit: ticket.lead().map(|t| t.unit.to_string()).unwrap_or_default(),
        at: Some(view::timestamp(message.at)),
    }
}
