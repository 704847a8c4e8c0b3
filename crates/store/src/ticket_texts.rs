//! Texts of tickets that are there already: read for views, prepared for commands, copied to members.

use sqlx::PgConnection;
use suban_domain::{At, RequesterId, TextId, Ticket, TicketId};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    texts::{PreparedText, TextKind, copy_masked, prepare_text},
};

/// A text as views show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredText {
    /// Which.
    pub id: TextId,
    /// Of which ticket.
    pub ticket: TicketId,
    /// What it is.
    pub kind: TextKind,
    /// As it may be read; none once it is erased.
    pub masked: Option<String>,
}

impl Store {
    /// Every text of these tickets, in the order written. Served by `text_ticket`.
    ///
    /// # Errors
    /// When Postgres is away or a kind is unknown.
    pub async fn texts_of(&self, tickets: &[TicketId]) -> Result<Vec<StoredText>, StoreError> {
        let rows: Vec<(Uuid, Uuid, i16, Option<String>)> = sqlx::query_as(
            "select id, ticket_id, kind, masked from core.text where ticket_id = any($1::uuid[]) order by ticket_id, id",
        )
        .bind(tickets.iter().map(|t| t.uuid()).collect::<Vec<_>>())
        .fetch_all(self.pool())
        .await?;
        rows.into_iter()
            .map(|(id, ticket, kind, masked)| {
                let kind = TextKind::from_number(kind)
                    .ok_or_else(|| StoreError::Damaged { what: "text", problem: format!("kind {kind} is unknown") })?;
                Ok(StoredText { id: TextId::new(id), ticket: TicketId::new(ticket), kind, masked })
            })
            .collect()
    }

    /// Words that come with a command on a ticket, masked against its requester and sealed; not yet written.
    ///
    /// # Errors
    /// When Postgres is away, or the requester's key is damaged.
    pub async fn prepare_texts(
        &self,
        ticket: TicketId,
        requester: Option<RequesterId>,
        at: At,
        words: &[(TextKind, String)],
    ) -> Result<Vec<PreparedText>, StoreError> {
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let owners = self.owners(requester.as_slice()).await?;
        let owner = requester.and_then(|r| owners.get(&r));
        words.iter().map(|(kind, raw)| prepare_text(owner, self.ids(), at, ticket, *kind, raw)).collect()
    }

    /// Copies a master's reply to members, masked again against each one's requester (M3). Answers ids in the order
    /// of `members`.
    ///
    /// # Errors
    /// `NotFound` when the text is unknown or erased; when Postgres is away.
    pub async fn copy_reply(
        &self,
        conn: &mut PgConnection,
        reply: TextId,
        members: &[&Ticket],
    ) -> Result<Vec<TextId>, StoreError> {
        let to: Vec<(TicketId, Option<RequesterId>)> = members.iter().map(|m| (m.id, m.requester)).collect();
        let at = self.clock().now();
        copy_masked(conn, self.keys(), self.ids(), at, reply, &to, TextKind::CopiedReply).await
    }
}
