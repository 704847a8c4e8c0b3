//! Questions as they are asked, for reviewers' screens.
//!
//! What is asked stands in a table, so a reviewer who comes back with a cursor misses nothing. Two instances write at
//! once and what was asked a little earlier may become visible a little later; so each look begins some seconds before
//! the last one ended, and what was shown already is left out.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::{Stream, StreamExt as _, stream};
use suban_domain::{At, Span, TicketId};
use suban_proto::v1;
use suban_runtime::{access::Caller, errors};
use suban_service::{paging::Mark, status};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use uuid::Uuid;

use crate::{
    api::Api,
    suggestions::REVIEWERS,
    tables::asked::{self, Question},
};

/// Between two looks, and how soon a reviewer comes back to a service that stops.
const AGAIN: Duration = Duration::from_secs(1);
/// So long after it was asked a question may become visible: a statement that is being written.
const LATE: Span = Span::seconds(30);
/// Questions of one look.
const PAGE: u32 = 100;

/// Where a reviewer is.
struct Watching {
    api: Api,
    caller: Arc<Caller>,
    stop: CancellationToken,
    mark: Mark,
    /// The latest question that was shown was asked at this instant.
    at: At,
    /// What was shown of the last seconds before.
    shown: BTreeSet<Question>,
    /// From where the look goes on that has not come to its end; none between two looks.
    further: Option<Question>,
    /// Everything that was there at the beginning has been shown.
    caught_up: bool,
}

impl Api {
    /// What people are asked from the cursor on, and from now on, until the reviewer hangs up.
    pub(crate) fn watch(
        &self,
        caller: Arc<Caller>,
        ask: &v1::WatchSuggestionsRequest,
    ) -> Result<impl Stream<Item = Result<v1::WatchSuggestionsReply, Status>> + Send + 'static, Status> {
        suban_runtime::access::only(&caller, REVIEWERS, "are shown suggestions")?;
        let mark = Mark::of(&caller, &v1::WatchSuggestionsRequest::default());
        let cursor = mark.open::<8>(&ask.cursor).map_err(|_| errors::invalid("cursor", "is not of this stream"))?;
        let watching = Watching {
            api: self.clone(),
            caller,
            stop: self.app.tasks.stop(),
            mark,
            at: cursor.map_or(At::from_micros(0), |at| At::from_micros(i64::from_be_bytes(at))),
            shown: BTreeSet::new(),
            further: None,
            caught_up: false,
        };
        let looks = stream::unfold(Some(watching), |watching| async move {
            let mut watching = watching?;
            match watching.look().await {
                Ok(shown) => Some((shown.into_iter().map(Ok).collect::<Vec<_>>(), Some(watching))),
                Err(ended) => Some((vec![Err(ended)], None)),
            }
        });
        Ok(looks.flat_map(stream::iter))
    }
}

impl Watching {
    /// The next questions; waits until there are some.
    async fn look(&mut self) -> Result<Vec<v1::WatchSuggestionsReply>, Status> {
        loop {
            let nil = TicketId::new(Uuid::nil());
            let from = self.further.unwrap_or((self.at.minus(LATE), nil, nil));
            let pool = self.api.app.store.pool();
            let found = asked::after(pool, from, PAGE).await.map_err(|e| status(&e))?;
            self.further = found.last().copied().filter(|_| found.len() == PAGE as usize);
            let new: Vec<Question> = found.into_iter().filter(|question| !self.shown.contains(question)).collect();
            self.at = new.iter().map(|(at, ..)| *at).fold(self.at, At::max);
            let mut replies = self.told(&new).await?;
            self.shown.extend(new);
            if self.further.is_none() {
                let (late, nil) = (self.at.minus(LATE), TicketId::new(Uuid::nil()));
                self.shown = self.shown.split_off(&(late, nil, nil));
                if !self.caught_up {
                    self.caught_up = true;
                    replies.push(v1::WatchSuggestionsReply { suggestion: None, cursor: self.cursor() });
                }
            }
            if !replies.is_empty() {
                return Ok(replies);
            }
            if self.further.is_none() {
                tokio::select! {
                    () = self.stop.cancelled() => {
                        return Err(errors::unavailable("the service stops; come again with the last cursor", AGAIN));
                    }
                    () = tokio::time::sleep(AGAIN) => {}
                }
            }
        }
    }

    /// These as the reviewer sees them, each ticket once with everything that is asked of it.
    async fn told(&self, questions: &[Question]) -> Result<Vec<v1::WatchSuggestionsReply>, Status> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        let tickets: BTreeSet<TicketId> = questions.iter().map(|(_, ticket, _)| *ticket).collect();
        let tickets: Vec<TicketId> = tickets.into_iter().collect();
        let asked = asked::of_all(self.api.app.store.pool(), &tickets).await.map_err(|e| status(&e))?;
        let told = self.api.told(&self.caller, asked).await?;
        let reply = |suggestion| v1::WatchSuggestionsReply { suggestion: Some(suggestion), cursor: self.cursor() };
        Ok(told.into_iter().map(reply).collect())
    }

    fn cursor(&self) -> String {
        self.mark.seal(&self.at.micros().to_be_bytes())
    }
}
