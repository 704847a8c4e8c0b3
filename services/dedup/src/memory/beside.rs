//! What happens to tickets and is told by no event: pictures that arrive, people who are erased, and what people say is
//! no evidence.

use std::collections::HashSet;

use suban_domain::TicketId;
use suban_service::App;
use suban_store::StoreError;
use uuid::Uuid;

use super::{Memory, id};
use crate::{Judge, consumer::ask_again, tables::pictures};

/// Requesters whose tickets are forgotten in one go.
const AT_ONCE: usize = 500;

/// How far an instance has looked.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// Who was erased already.
    forgotten: Vec<Uuid>,
    /// Something was forgotten that may stand in the file that is kept.
    pub(super) unsaved: bool,
    /// The last picture that was seen.
    pub(super) picture: i64,
    /// Those around it that were seen: what is written at once becomes visible in any order.
    seen: HashSet<i64>,
}

impl Beside {
    /// Begins behind a picture.
    pub(super) fn from(picture: i64) -> Self {
        Self { picture, ..Self::default() }
    }

    /// Looks once.
    ///
    /// # Errors
    /// When Postgres is away; what was done stays done.
    pub(super) async fn look(&mut self, app: &App, memory: &Memory) -> Result<(), StoreError> {
        memory.look_at_evidence(app).await?;
        self.forget(app, memory).await?;
        self.see(app, memory).await
    }

    /// Forgets what erased people said: their tickets are read again, without words.
    async fn forget(&mut self, app: &App, memory: &Memory) -> Result<(), StoreError> {
        let erased = app.store.erased_but(&self.forgotten).await?;
        for some in erased.chunks(AT_ONCE) {
            let mut held = app.store.tickets_of(some).await?;
            {
                let mut index = memory.index_mut();
                held.retain(|ticket| index.remove(id(*ticket)));
            }
            self.unsaved |= !held.is_empty();
            memory.hold(memory.read(app, held).await?);
            self.forgotten.extend(some);
        }
        Ok(())
    }

    /// Holds tickets again whose pictures arrived, and judges them again where no other instance has.
    async fn see(&mut self, app: &App, memory: &Memory) -> Result<(), StoreError> {
        let pool = app.store.pool();
        let arrived = pictures::around(pool, self.picture).await?;
        let new: Vec<TicketId> = {
            let index = memory.index();
            let new = arrived.iter().filter(|(n, ticket)| !self.seen.contains(n) && index.facts(id(*ticket)).is_some());
            new.map(|(_, ticket)| *ticket).collect()
        };
        if !new.is_empty() {
            memory.hold(memory.read(app, new).await?);
        }
        self.picture = arrived.last().map_or(self.picture, |(last, _)| self.picture.max(*last));
        self.seen = arrived.into_iter().map(|(n, _)| n).collect();

        let mut tx = pool.begin().await?;
        let waiting = pictures::waiting(&mut tx).await?;
        if !waiting.is_empty() {
            let ids: Vec<TicketId> = waiting.iter().map(|(_, ticket)| *ticket).collect();
            let tickets = app.store.load(&ids).await?;
            let judge = Judge { app: app.clone(), memory: memory.clone() };
            ask_again(&judge, tickets.into_values()).await?;
            pictures::compared(&mut tx, &waiting.iter().map(|(n, _)| *n).collect::<Vec<_>>()).await?;
        }
        Ok(tx.commit().await?)
    }
}
