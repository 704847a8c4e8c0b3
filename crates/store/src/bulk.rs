//! Tickets with a whole history, put there in bulk: for benches, which need a city that is years old.
//!
//! They are marked: nothing of them is sent, judged or republished. What is written is what the ordinary ways
//! would have written, row for row; only the way out to Kafka is left out.

use suban_domain::{Command, Limits, Ticket};

use crate::{
    Change, NewTicket, Store, StoreError,
    create::{Rows, fold, put_sources},
    texts::{PreparedRequester, PreparedText, insert_requesters, insert_texts},
};

impl Store {
    /// Writes tickets with everything that happened to them since: each one's commands, in order. One transaction;
    /// multi-row inserts in the order of their keys.
    ///
    /// # Errors
    /// When the rules refuse a command, when a source is taken, or when Postgres is away; nothing was written then.
    pub async fn put_bulk(
        &self,
        batch: Vec<(NewTicket, Vec<Command>)>,
        limits: &Limits,
    ) -> Result<Vec<Ticket>, StoreError> {
        let Some((first, _)) = batch.first() else { return Ok(Vec::new()) };
        let numbers = self.numbers().take(self.pool(), first.submission.received_at, batch.len()).await?;
        let (mut rows, mut tickets) = (Rows::default(), Vec::with_capacity(batch.len()));
        let mut news = Vec::with_capacity(batch.len());
        for ((mut new, commands), number) in batch.into_iter().zip(numbers) {
            new.bulk = true;
            let (mut ticket, mut events) = fold(&new, number, limits)?;
            for command in commands {
                let change = Change::decide(ticket, &command, limits)?;
                ticket = change.after;
                events.extend(change.events);
            }
            rows.push(&ticket, &events, &new)?;
            tickets.push(ticket);
            news.push(new);
        }
        let people: Vec<&PreparedRequester> = news.iter().filter_map(|n| n.person.as_ref()).collect();
        let texts: Vec<&PreparedText> = news.iter().flat_map(|n| &n.texts).collect();
        let mut tx = self.pool().begin().await?;
        put_sources(&mut tx, &news).await?;
        insert_requesters(&mut tx, &people).await?;
        insert_texts(&mut tx, &texts).await?;
        rows.insert(&mut tx, self.written()).await?;
        self.finish(tx).await?;
        Ok(tickets)
    }
}
