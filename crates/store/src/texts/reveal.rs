//! The way back: what was sealed, in clear, for one person with a reason (R-SEC-2).

use sqlx::PgConnection;
use suban_domain::{Actor, At, Refusal, RequesterId, TextId, TicketId};
use suban_runtime::Keys;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Person, TEXT, owners, unseal};
use crate::{
    Store, StoreError,
    audit::{self, Act},
    crypto::{CryptoError, about},
};

/// Why somebody looks; without it nothing is shown (R-SEC-2).
fn needs_reason(reason: &str) -> Result<(), StoreError> {
    if reason.trim().is_empty() {
        return Err(Refusal::Missing { action: "reveal", field: "reason", because: "R-SEC-2" }.into());
    }
    Ok(())
}

/// Shows a requester's personal data to `by`, and writes it down. Both happen or none.
///
/// # Errors
/// `Refused` without a reason; `NotFound` when the requester is unknown or erased.
pub async fn reveal_person(
    conn: &mut PgConnection,
    keys: &Keys,
    at: At,
    by: &Actor,
    requester: RequesterId,
    ticket: Option<TicketId>,
    reason: &str,
) -> Result<Person, StoreError> {
    needs_reason(reason)?;
    let row: Option<(String, Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "select key_id, wrapped, sealed from core.requester
          where id = $1 and wrapped is not null and sealed is not null",
    )
    .bind(requester.uuid())
    .fetch_optional(&mut *conn)
    .await?;
    let (key_id, wrapped, sealed) = row.ok_or(StoreError::NotFound { what: "requester" })?;
    let (_, person) = unseal(keys, requester, &key_id, &wrapped, &sealed)?;
    audit::record_masked(conn, at, by, Act::RevealPerson, ticket, Some(reason), &person.own()).await?;
    Ok(person)
}

type TextRow = (Uuid, Option<Uuid>, String, Option<Vec<u8>>);

/// Shows a text without its mask to `by`, and writes it down. Both happen or none.
///
/// # Errors
/// `Refused` without a reason; `NotFound` when the text is unknown or erased.
pub async fn reveal_text(
    conn: &mut PgConnection,
    keys: &Keys,
    at: At,
    by: &Actor,
    text: TextId,
    reason: &str,
) -> Result<Zeroizing<String>, StoreError> {
    needs_reason(reason)?;
    let row: Option<TextRow> = sqlx::query_as(
        "select ticket_id, requester_id, masked, sealed from core.text where id = $1 and masked is not null",
    )
    .bind(text.uuid())
    .fetch_optional(&mut *conn)
    .await?;
    let (ticket, requester, masked, sealed) = row.ok_or(StoreError::NotFound { what: "text" })?;
    let requester = requester.map(RequesterId::new);
    let owner = match requester {
        Some(id) => owners(&mut *conn, keys, &[id]).await?.remove(&id),
        None => None,
    };
    let words = match (sealed, &owner) {
        (None, _) => Zeroizing::new(masked),
        (Some(sealed), Some(owner)) => {
            let words = owner.key.open(&about(TEXT, text.uuid()), &sealed)?;
            let words = std::str::from_utf8(&words).map_err(|_| CryptoError::DoesNotOpen)?;
            Zeroizing::new(words.to_owned())
        }
        (Some(_), None) => return Err(StoreError::NotFound { what: "text" }),
    };
    let own = owner.map(|o| o.own).unwrap_or_default();
    audit::record_masked(conn, at, by, Act::RevealText, Some(TicketId::new(ticket)), Some(reason), &own).await?;
    Ok(words)
}

impl Store {
    /// See [`reveal_person`].
    ///
    /// # Errors
    /// As there.
    pub async fn reveal_person(
        &self,
        by: &Actor,
        requester: RequesterId,
        ticket: Option<TicketId>,
        reason: &str,
    ) -> Result<Person, StoreError> {
        let mut tx = self.pool().begin().await?;
        let person = reveal_person(&mut tx, self.keys(), self.clock().now(), by, requester, ticket, reason).await?;
        tx.commit().await?;
        Ok(person)
    }

    /// See [`reveal_text`].
    ///
    /// # Errors
    /// As there.
    pub async fn reveal_text(&self, by: &Actor, text: TextId, reason: &str) -> Result<Zeroizing<String>, StoreError> {
        let mut tx = self.pool().begin().await?;
        let words = reveal_text(&mut tx, self.keys(), self.clock().now(), by, text, reason).await?;
        tx.commit().await?;
        Ok(words)
    }
}
