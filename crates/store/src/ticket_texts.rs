//! Texts of tickets that are there already: read for views, prepared for commands, copied to members.

use std::collections::HashMap;

use sqlx::PgConnection;
use suban_domain::{Hash, RequesterId, TextId, Ticket, TicketId};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    texts::{TextKind, copy_masked},
};

/// Characters of the words that stand for a title.
const BEGINNING: i32 = 40;

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

/// What a ticket tells of its matter: words as they may be read, and the blind index of who said them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// Its latest title; empty where there is none.
    pub title: String,
    /// The citizen's words, first and added ones, a line each.
    pub words: String,
    /// The place as it was said.
    pub place: String,
    /// Blind index of the phone it came from.
    pub phone: Option<Hash>,
}

impl Told {
    /// What texts of one ticket tell, in the order written; of the phone they say nothing.
    #[must_use]
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a StoredText>) -> Self {
        let mut told = Self::default();
        for text in texts {
            told.hear(text.kind, text.masked.as_deref().unwrap_or_default());
        }
        told
    }

    fn hear(&mut self, kind: TextKind, masked: &str) {
        if masked.is_empty() {
            return;
        }
        match kind {
            TextKind::Title => masked.clone_into(&mut self.title),
            TextKind::Place => masked.clone_into(&mut self.place),
            // Who says the same again says nothing new.
            TextKind::CitizenWords | TextKind::Supplement if self.words.contains(masked) => {}
            TextKind::CitizenWords | TextKind::Supplement => {
                if !self.words.is_empty() {
                    self.words.push('\n');
                }
                self.words.push_str(masked);
            }
            TextKind::Reply
            | TextKind::Internal
            | TextKind::Evidence
            | TextKind::Remark
            | TextKind::Note
            | TextKind::Reason
            | TextKind::Taker
            | TextKind::Answer
            | TextKind::CopiedReply => {}
        }
    }
}

impl Store {
    /// What these tickets tell; one whose words were erased is left out. Served by `text_ticket` and
    /// `ticket_words_ticket`.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn told(&self, tickets: &[TicketId]) -> Result<HashMap<TicketId, Told>, StoreError> {
        if tickets.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<(Uuid, i16, String, Option<Vec<u8>>)> = sqlx::query_as(
            "select k.id, t.kind, t.masked, w.phone
               from unnest($1::uuid[]) as k(id)
               cross join lateral (select id, kind, masked from core.text
                 where ticket_id = k.id and kind = any($2) and masked is not null order by id) t
               left join lateral (select phone from core.ticket_words where ticket_id = k.id limit 1) w on true",
        )
        .bind(tickets.iter().map(|t| t.uuid()).collect::<Vec<_>>())
        .bind([TextKind::Title, TextKind::CitizenWords, TextKind::Supplement, TextKind::Place].map(TextKind::number))
        .fetch_all(self.pool())
        .await?;
        let mut told = HashMap::<TicketId, Told>::with_capacity(tickets.len());
        for (ticket, kind, masked, phone) in rows {
            let of = told.entry(TicketId::new(ticket)).or_default();
            of.phone = phone.and_then(|phone| phone.try_into().ok()).map(Hash);
            if let Some(kind) = TextKind::from_number(kind) {
                of.hear(kind, &masked);
            }
        }
        Ok(told)
    }

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

    /// What a ticket is called on a line of a list: its latest title, or else the beginning of the citizen's words,
    /// masked either way. An erased one is left out. Served by `text_ticket`.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn titles(&self, tickets: &[TicketId]) -> Result<HashMap<TicketId, String>, StoreError> {
        if tickets.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<(Uuid, String)> = sqlx::query_as(
            "select distinct on (ticket_id) ticket_id, case when kind = $2 then masked else left(masked, $4) end
               from core.text where ticket_id = any($1::uuid[]) and kind in ($2, $3) and masked is not null
              order by ticket_id, kind = $2 desc, case when kind = $2 then id end desc, id",
        )
        .bind(tickets.iter().map(|t| t.uuid()).collect::<Vec<_>>())
        .bind(TextKind::Title.number())
        .bind(TextKind::CitizenWords.number())
        .bind(BEGINNING)
        .fetch_all(self.pool())
        .await?;
        Ok(rows.into_iter().map(|(ticket, title)| (TicketId::new(ticket), title)).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_twice_is_heard_once() {
        let mut told = Told::default();
        told.hear(TextKind::CitizenWords, "路灯不亮,晚上很黑。");
        told.hear(TextKind::Supplement, "路灯不亮,晚上很黑。");
        told.hear(TextKind::Supplement, "今天还是不亮。");
        assert_eq!(told.words, "路灯不亮,晚上很黑。\n今天还是不亮。");
    }
}
