//! Who did what outside a ticket's own history: views of personal data and acts of administration (R-SEC-6).
//!
//! Rows are appended in the transaction of the act itself and never changed: an act without its row does not
//! happen. The reason is a free text like any other, so it is masked before it is kept.

use sqlx::{PgConnection, PgExecutor};
use suban_domain::{Actor, At, Role, TicketId};
use suban_text::{OwnValues, mask};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, from_db, row, to_db};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// A citizen's name, phone, card or address was shown.
    RevealPerson,
    /// A text was shown without its mask.
    RevealText,
    /// A ticket's whole file was put together, masked, for somebody.
    ViewFile,
    /// A file that came with a ticket was shown, or a link made that shows it.
    ViewAttachment,
    /// A requester was erased.
    Erase,
    /// Requesters' keys were wrapped with another master key.
    RotateKeys,
    /// A token was made.
    TokenMade,
    /// A token was revoked.
    TokenRevoked,
    /// A version of a catalogue or of limits was published.
    Publish,
    /// A dead letter was handed to its consumer again.
    DeadLetterReplayed,
    /// A dead letter was given up.
    DeadLetterDiscarded,
    /// The topic was filled again from the log.
    Republish,
}

impl Act {
    /// Every act.
    pub const ALL: &'static [Self] = &[
        Self::RevealPerson,
        Self::RevealText,
        Self::ViewFile,
        Self::ViewAttachment,
        Self::Erase,
        Self::RotateKeys,
        Self::TokenMade,
        Self::TokenRevoked,
        Self::Publish,
        Self::DeadLetterReplayed,
        Self::DeadLetterDiscarded,
        Self::Republish,
    ];

    /// As it is kept.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::RevealPerson => "REVEAL_PERSON",
            Self::RevealText => "REVEAL_TEXT",
            Self::ViewFile => "VIEW_FILE",
            Self::ViewAttachment => "VIEW_ATTACHMENT",
            Self::Erase => "ERASE",
            Self::RotateKeys => "ROTATE_KEYS",
            Self::TokenMade => "TOKEN_MADE",
            Self::TokenRevoked => "TOKEN_REVOKED",
            Self::Publish => "PUBLISH",
            Self::DeadLetterReplayed => "DEAD_LETTER_REPLAYED",
            Self::DeadLetterDiscarded => "DEAD_LETTER_DISCARDED",
            Self::Republish => "REPUBLISH",
        }
    }
}

/// One act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// Rises with every act; a page goes on from it.
    pub id: i64,
    /// When, by the city's clock.
    pub at: At,
    /// Which account.
    pub person: String,
    /// In which role.
    pub role: Role,
    /// What, as [`Act::code`].
    pub act: String,
    /// About which ticket.
    pub ticket: Option<TicketId>,
    /// Why, masked.
    pub reason: Option<String>,
}

/// Writes the act down, in the transaction in which it is done.
///
/// # Errors
/// When Postgres is away.
pub async fn record(
    conn: &mut PgConnection,
    at: At,
    by: &Actor,
    act: Act,
    ticket: Option<TicketId>,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    record_masked(conn, at, by, act, ticket, reason, &OwnValues::default()).await
}

/// As [`record`], taking the values of the person it is about out of the reason.
pub(crate) async fn record_masked(
    conn: &mut PgConnection,
    at: At,
    by: &Actor,
    act: Act,
    ticket: Option<TicketId>,
    reason: Option<&str>,
    own: &OwnValues,
) -> Result<(), StoreError> {
    sqlx::query("insert into core.audit (at, person, role, act, ticket_id, reason) values ($1, $2, $3, $4, $5, $6)")
        .bind(to_db(at))
        .bind(by.person.as_str())
        .bind(row::number(by.role.number()))
        .bind(act.code())
        .bind(ticket.map(TicketId::uuid))
        .bind(reason.map(|r| mask(r, own).text))
        .execute(conn)
        .await?;
    Ok(())
}

type AuditRow = (i64, OffsetDateTime, String, i16, String, Option<Uuid>, Option<String>);

fn audited(row: AuditRow) -> Result<Audited, StoreError> {
    let (id, at, person, role, act, ticket, reason) = row;
    let role = Role::from_number(i32::from(role))
        .ok_or_else(|| StoreError::Damaged { what: "audit row", problem: format!("role {role} is unknown") })?;
    Ok(Audited { id, at: from_db(at), person, role, act, ticket: ticket.map(TicketId::new), reason })
}

/// Who saw what of a ticket, in order. Served by `audit_ticket`.
///
/// # Errors
/// When Postgres is away.
pub async fn of_ticket(db: impl PgExecutor<'_>, ticket: TicketId) -> Result<Vec<Audited>, StoreError> {
    let rows: Vec<AuditRow> = sqlx::query_as(
        "select id, at, person, role, act, ticket_id, reason from core.audit where ticket_id = $1 order by id",
    )
    .bind(ticket.uuid())
    .fetch_all(db)
    .await?;
    rows.into_iter().map(audited).collect()
}

/// Who saw what of these tickets, in order. Served by `audit_ticket`.
///
/// # Errors
/// When Postgres is away.
pub async fn of_tickets(db: impl PgExecutor<'_>, tickets: &[TicketId]) -> Result<Vec<Audited>, StoreError> {
    let rows: Vec<AuditRow> = sqlx::query_as(
        "select id, at, person, role, act, ticket_id, reason from core.audit
          where ticket_id = any($1::uuid[]) order by ticket_id, id",
    )
    .bind(tickets.iter().map(|t| t.uuid()).collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    rows.into_iter().map(audited).collect()
}

/// The acts before `before` (none: from the newest), newest first. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn page(db: impl PgExecutor<'_>, before: Option<i64>, rows: i64) -> Result<Vec<Audited>, StoreError> {
    let rows: Vec<AuditRow> = sqlx::query_as(
        "select id, at, person, role, act, ticket_id, reason from core.audit where id < $1 order by id desc limit $2",
    )
    .bind(before.unwrap_or(i64::MAX))
    .bind(rows)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(audited).collect()
}

impl Store {
    /// Writes down an act that touches nothing else in the database. See [`record`].
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn audit(
        &self,
        by: &Actor,
        act: Act,
        ticket: Option<TicketId>,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut conn = self.pool().acquire().await?;
        record(&mut conn, self.clock().now(), by, act, ticket, reason).await
    }

    /// Writes down one act on each of several tickets: one insert.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn audit_all(&self, by: &Actor, act: Act, tickets: &[TicketId], why: &str) -> Result<(), StoreError> {
        sqlx::query(
            "insert into core.audit (at, person, role, act, ticket_id, reason)
             select $1, $2, $3, $4, ticket_id, $6 from unnest($5::uuid[]) as t(ticket_id)",
        )
        .bind(to_db(self.clock().now()))
        .bind(by.person.as_str())
        .bind(row::number(by.role.number()))
        .bind(act.code())
        .bind(tickets.iter().map(|t| t.uuid()).collect::<Vec<_>>())
        .bind(mask(why, &OwnValues::default()).text)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// See [`of_tickets`].
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn audits_of(&self, tickets: &[TicketId]) -> Result<Vec<Audited>, StoreError> {
        of_tickets(self.pool(), tickets).await
    }
}
