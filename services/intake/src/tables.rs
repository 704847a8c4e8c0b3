//! Questions that only intake asks.

use sqlx::PgPool;
use suban_domain::{ContactId, PersonCode, RequestId, State, TicketId, UnitCode};
use suban_store::StoreError;
use uuid::Uuid;

/// What a repeat is answered with.
pub(crate) struct First {
    pub(crate) state: State,
    /// Account that sent it first.
    pub(crate) person: String,
}

/// Where a ticket stands and who submitted it. Served by the primary keys of `ticket` and `ticket_log`.
pub(crate) async fn first_of(pool: &PgPool, ticket: TicketId) -> Result<First, StoreError> {
    let (state, person): (i16, String) = sqlx::query_as(
        "select t.state, l.person
           from core.ticket t join core.ticket_log l on l.ticket_id = t.id and l.version = 1
          where t.id = $1",
    )
    .bind(ticket.uuid())
    .fetch_optional(pool)
    .await?
    .ok_or(StoreError::NotFound { what: "ticket" })?;
    let state = State::from_number(i32::from(state))
        .ok_or_else(|| StoreError::Damaged { what: "ticket row", problem: format!("state {state} is unknown") })?;
    Ok(First { state, person })
}

impl First {
    pub(crate) fn is_by(&self, person: &PersonCode) -> bool {
        self.person == person.as_str()
    }
}

/// Says which ticket a contact became, where the contact is known; again changes nothing. Served by the primary
/// keys of `contact` and `contact_ticket`.
pub(crate) async fn link_contact(pool: &PgPool, contact: ContactId, ticket: TicketId) -> Result<(), StoreError> {
    sqlx::query(
        "insert into core.contact_ticket (contact_id, ticket_id)
         select id, $2 from core.contact where id = $1
         on conflict do nothing",
    )
    .bind(contact.uuid())
    .bind(ticket.uuid())
    .execute(pool)
    .await?;
    Ok(())
}

/// Has this ticket's log the request already? Served by the primary key of `ticket_log`.
pub(crate) async fn is_done(pool: &PgPool, ticket: TicketId, request: &RequestId) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar("select exists (select 1 from core.ticket_log where ticket_id = $1 and request = $2)")
        .bind(ticket.uuid())
        .bind(request.as_str())
        .fetch_one(pool)
        .await?)
}

/// Open tickets that a unit leads or assists, newest first. Served by `ticket_open_unit` and the primary key of
/// `ticket_assist`; a unit's open tickets are few.
pub(crate) async fn open_of_unit(
    pool: &PgPool,
    unit: &UnitCode,
    before: Option<TicketId>,
    at_most: i64,
) -> Result<Vec<TicketId>, StoreError> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "(select ticket_id from core.ticket_open
           where unit = $1 and ($2::uuid is null or ticket_id < $2) order by ticket_id desc limit $3)
         union
         (select ticket_id from core.ticket_assist
           where unit = $1 and ($2::uuid is null or ticket_id < $2) order by ticket_id desc limit $3)
         order by 1 desc limit $3",
    )
    .bind(unit.as_str())
    .bind(before.map(TicketId::uuid))
    .bind(at_most)
    .fetch_all(pool)
    .await?;
    Ok(ids.into_iter().map(TicketId::new).collect())
}

/// Tickets with their versions, newest first after `before`: what an index compares itself with. Served by the primary
/// key of `ticket`.
pub(crate) async fn versions(
    pool: &PgPool,
    before: Option<TicketId>,
    at_most: i64,
) -> Result<Vec<(TicketId, u32)>, StoreError> {
    let rows: Vec<(Uuid, i32)> = sqlx::query_as(
        "select id, version from core.ticket where ($1::uuid is null or id < $1) order by id desc limit $2",
    )
    .bind(before.map(TicketId::uuid))
    .bind(at_most)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|(id, version)| (TicketId::new(id), u32::try_from(version).unwrap_or(0))).collect())
}
