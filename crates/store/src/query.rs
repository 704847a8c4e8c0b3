//! Reading: tickets by id and number, their logs, lists page by page.

use std::collections::HashMap;

use sqlx::{PgConnection, Row as _, postgres::PgRow};
use suban_domain::{
    Actor, AreaCode, At, Hash, PersonCode, Recorded, RequestId, Role, State, Ticket, TicketId, TicketNumber, UnitCode,
    Urgency,
};
use suban_proto::decode_event;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, from_db, row, to_db};

/// What a list of open tickets is narrowed to; empty means all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In one of these states.
    pub states: Vec<State>,
    /// Led by this unit.
    pub unit: Option<UnitCode>,
    /// In this area or inside it.
    pub area: Option<AreaCode>,
    /// At least this urgent.
    pub urgency: Option<Urgency>,
    /// Received at or after.
    pub from: Option<At>,
    /// Received before.
    pub until: Option<At>,
}

/// Where the next page begins: after this ticket, newest first.
pub type After = Option<TicketId>;

impl Store {
    /// Tickets by id; those that do not exist are left out. Served by the primary key.
    ///
    /// # Errors
    /// When Postgres is away or a row is damaged.
    pub async fn load(&self, ids: &[TicketId]) -> Result<HashMap<TicketId, Ticket>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        let rows: Vec<(String,)> = sqlx::query_as("select body::text from core.ticket where id = any($1::uuid[])")
            .bind(&ids)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(|(body,)| row::ticket(body).map(|t| (t.id, t))).collect()
    }

    /// Which of these tickets have gone on past the version that somebody knows. Served by the primary key.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn gone_on(&self, known: impl IntoIterator<Item = (TicketId, u32)>) -> Result<Vec<TicketId>, StoreError> {
        let (ids, versions): (Vec<Uuid>, Vec<i32>) =
            known.into_iter().map(|(id, version)| (id.uuid(), i32::try_from(version).unwrap_or(i32::MAX))).unzip();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let gone_on: Vec<Uuid> = sqlx::query_scalar(
            "select t.id from unnest($1::uuid[], $2::int[]) as k(id, version)
               join core.ticket t on t.id = k.id and t.version > k.version",
        )
        .bind(&ids)
        .bind(&versions)
        .fetch_all(self.pool())
        .await?;
        Ok(gone_on.into_iter().map(TicketId::new).collect())
    }

    /// One ticket.
    ///
    /// # Errors
    /// `NotFound`, or that Postgres is away.
    pub async fn load_one(&self, id: TicketId) -> Result<Ticket, StoreError> {
        self.load(&[id]).await?.remove(&id).ok_or(StoreError::NotFound { what: "ticket" })
    }

    /// Tickets by number; those that do not exist are left out. Served by the unique index `ticket_number`.
    ///
    /// # Errors
    /// When Postgres is away or a row is damaged.
    pub async fn by_numbers(&self, numbers: &[TicketNumber]) -> Result<HashMap<TicketNumber, Ticket>, StoreError> {
        if numbers.is_empty() {
            return Ok(HashMap::new());
        }
        let numbers: Vec<&str> = numbers.iter().map(TicketNumber::as_str).collect();
        let rows: Vec<(String,)> = sqlx::query_as("select body::text from core.ticket where number = any($1::text[])")
            .bind(&numbers)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(|(body,)| row::ticket(body).map(|t| (t.number.clone(), t))).collect()
    }

    /// The ticket with this number.
    ///
    /// # Errors
    /// `NotFound`, or that Postgres is away.
    pub async fn by_number(&self, number: &TicketNumber) -> Result<Ticket, StoreError> {
        let found = self.by_numbers(std::slice::from_ref(number)).await?;
        found.into_values().next().ok_or(StoreError::NotFound { what: "ticket" })
    }

    /// A ticket's log after version `after`, in order. Served by the primary key of `ticket_log`.
    ///
    /// # Errors
    /// When Postgres is away or an event is damaged.
    pub async fn log(&self, id: TicketId, after: u32) -> Result<Vec<Recorded>, StoreError> {
        let rows = sqlx::query(
            "select ticket_id, version, at, role, person, unit, request, body from core.ticket_log
              where ticket_id = $1 and version > $2 order by version",
        )
        .bind(id.uuid())
        .bind(i32::try_from(after).unwrap_or(i32::MAX))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(recorded).collect()
    }

    /// The first event that a request brought to a ticket; none while it was not done. Served by the primary key of
    /// `ticket_log`.
    ///
    /// # Errors
    /// When Postgres is away or an event is damaged.
    pub async fn event_of(&self, id: TicketId, request: &RequestId) -> Result<Option<Recorded>, StoreError> {
        let row = sqlx::query(
            "select ticket_id, version, at, role, person, unit, request, body from core.ticket_log
              where ticket_id = $1 and request = $2 order by version limit 1",
        )
        .bind(id.uuid())
        .bind(request.as_str())
        .fetch_optional(self.pool())
        .await?;
        row.as_ref().map(recorded).transpose()
    }

    /// The logs of several tickets after a version each, in order of ticket and version.
    ///
    /// # Errors
    /// When Postgres is away or an event is damaged.
    pub async fn logs(&self, after: &[(TicketId, u32)]) -> Result<Vec<Recorded>, StoreError> {
        let ids: Vec<Uuid> = after.iter().map(|(id, _)| id.uuid()).collect();
        let versions: Vec<i32> = after.iter().map(|(_, v)| i32::try_from(*v).unwrap_or(i32::MAX)).collect();
        let rows = sqlx::query(
            "select l.ticket_id, l.version, l.at, l.role, l.person, l.unit, l.request, l.body
               from unnest($1::uuid[], $2::int[]) as k(ticket_id, after)
               join core.ticket_log l on l.ticket_id = k.ticket_id and l.version > k.after
              order by l.ticket_id, l.version",
        )
        .bind(&ids)
        .bind(&versions)
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(recorded).collect()
    }

    /// Open tickets, newest first. Served by `ticket_open_unit` when a unit is given, else by `ticket_open_state`
    /// when states are given, else by the primary key; one page reads one page.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn list_open(&self, filter: &Filter, after: After, page: u32) -> Result<Vec<Ticket>, StoreError> {
        let states: Vec<i16> = filter.states.iter().map(|s| row::state_number(*s)).collect();
        let rows: Vec<(String,)> = sqlx::query_as(
            "select t.body::text from (
               select o.ticket_id from core.ticket_open o
                where ($1::smallint[] = '{}' or o.state = any($1))
                  and ($2::text is null or o.unit = $2)
                  and ($3::text is null or o.area like $3 || '%')
                  and ($4::smallint is null or o.urgency >= $4)
                  and ($5::timestamptz is null or o.received_at >= $5)
                  and ($6::timestamptz is null or o.received_at < $6)
                  and ($7::uuid is null or o.ticket_id < $7)
                order by o.ticket_id desc limit $8
             ) p join core.ticket t on t.id = p.ticket_id order by t.id desc",
        )
        .bind(&states)
        .bind(filter.unit.as_ref().map(UnitCode::as_str))
        .bind(filter.area.as_ref().map(AreaCode::as_str))
        .bind(filter.urgency.map(|u| row::number(u.number())))
        .bind(filter.from.map(to_db))
        .bind(filter.until.map(to_db))
        .bind(after.map(TicketId::uuid))
        .bind(i64::from(page))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|(body,)| row::ticket(body)).collect()
    }

    /// All tickets by age, newest first, closed ones too. Served by the primary key; an id begins with its time.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn list_all(&self, after: After, page: u32) -> Result<Vec<Ticket>, StoreError> {
        let rows: Vec<(String,)> = sqlx::query_as(
            "select body::text from core.ticket where ($1::uuid is null or id < $1) order by id desc limit $2",
        )
        .bind(after.map(TicketId::uuid))
        .bind(i64::from(page))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|(body,)| row::ticket(body)).collect()
    }

    /// A unit's inbox: tickets it leads in these states and tickets it assists, oldest first after `after`.
    /// Served by `ticket_open_unit` and the primary key of `ticket_assist`.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn inbox(
        &self,
        unit: &UnitCode,
        states: &[State],
        after: After,
        page: u32,
    ) -> Result<Vec<Ticket>, StoreError> {
        let states: Vec<i16> = states.iter().map(|s| row::state_number(*s)).collect();
        let rows: Vec<(String,)> = sqlx::query_as(
            "select t.body::text from (
               (select o.ticket_id from unnest($2::smallint[]) as s(state)
                  cross join lateral (
                    select ticket_id from core.ticket_open
                     where unit = $1 and state = s.state and ($3::uuid is null or ticket_id > $3)
                     order by ticket_id limit $4) o)
               union
               (select a.ticket_id from core.ticket_assist a
                 where a.unit = $1 and ($3::uuid is null or a.ticket_id > $3) order by a.ticket_id limit $4)
               order by 1 limit $4
             ) p join core.ticket t on t.id = p.ticket_id order by t.id",
        )
        .bind(unit.as_str())
        .bind(&states)
        .bind(after.map(TicketId::uuid))
        .bind(i64::from(page))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|(body,)| row::ticket(body)).collect()
    }

    /// Tickets whose next timer is due, the latest overdue last; at most `limit`. Served by `ticket_open_due`.
    /// Claimed only for the length of the reading: what is done with them is guarded by their versions.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn due(&self, now: At, limit: u32) -> Result<Vec<Ticket>, StoreError> {
        let rows: Vec<(String,)> = sqlx::query_as(
            "select t.body::text from (
               select ticket_id from core.ticket_open where next_due <= $1 order by next_due limit $2
             ) d join core.ticket t on t.id = d.ticket_id",
        )
        .bind(to_db(now))
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|(body,)| row::ticket(body)).collect()
    }

    /// For each of these tickets, those that were reported in the same normalised words, the newest first (at most
    /// 200 each). Served by `ticket_words_ticket` and the primary key of `ticket_words`.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn twins(&self, of: &[TicketId]) -> Result<Vec<Twin>, StoreError> {
        let ids: Vec<Uuid> = of.iter().map(|id| id.uuid()).collect();
        let rows: Vec<TwinRow> = sqlx::query_as(
            "select me.ticket_id, other.ticket_id, me.area is not null and me.area = other.area,
                    me.phone is not null and me.phone = other.phone, me.phone
               from unnest($1::uuid[]) as k(id)
               -- One row by its key: without the limit, a table that was never analysed is read whole and hashed.
               cross join lateral (select * from core.ticket_words where ticket_id = k.id limit 1) me
               cross join lateral (
                 select * from core.ticket_words w where w.words = me.words and w.ticket_id <> me.ticket_id
                  order by w.ticket_id desc limit 200) other",
        )
        .bind(&ids)
        .fetch_all(self.pool())
        .await?;
        let twin = |(of, other, same_area, same_person, phone): TwinRow| Twin {
            of: TicketId::new(of),
            other: TicketId::new(other),
            same_area,
            same_person,
            phone: phone.and_then(|p| p.try_into().ok()).map(Hash),
        };
        Ok(rows.into_iter().map(twin).collect())
    }
}

/// Two tickets, whether area and phone are the same, and the phone of the first.
type TwinRow = (Uuid, Uuid, bool, bool, Option<Vec<u8>>);

impl Store {
    /// Tickets in these normalised words, the newest first, at most 50. Served by the primary key of `ticket_words`.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn same_words(&self, words: Hash) -> Result<Vec<SameWords>, StoreError> {
        let rows: Vec<(Uuid, Option<Vec<u8>>)> = sqlx::query_as(
            "select ticket_id, phone from core.ticket_words where words = $1 order by ticket_id desc limit 50",
        )
        .bind(words.0.to_vec())
        .fetch_all(self.pool())
        .await?;
        Ok(rows
            .into_iter()
            .map(|(ticket, phone)| SameWords {
                ticket: TicketId::new(ticket),
                phone: phone.and_then(|p| p.try_into().ok()).map(Hash),
            })
            .collect())
    }
}

/// A ticket in words that were asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SameWords {
    /// Which ticket.
    pub ticket: TicketId,
    /// Blind index of the phone it came from.
    pub phone: Option<Hash>,
}

/// Two tickets in the same normalised words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Twin {
    /// The ticket that was asked about.
    pub of: TicketId,
    /// Another one in the same words.
    pub other: TicketId,
    /// Both are about the same known area.
    pub same_area: bool,
    /// Both came from the same phone.
    pub same_person: bool,
    /// The phone of the ticket that was asked about.
    pub phone: Option<Hash>,
}

/// Tickets locked for a change of several at once, always in the order of their ids.
///
/// # Errors
/// When Postgres is away.
pub async fn lock(conn: &mut PgConnection, ids: &[TicketId]) -> Result<HashMap<TicketId, Ticket>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows: Vec<(String,)> =
        sqlx::query_as("select body::text from core.ticket where id = any($1::uuid[]) order by id for no key update")
            .bind(&ids)
            .fetch_all(conn)
            .await?;
    rows.iter().map(|(body,)| row::ticket(body).map(|t| (t.id, t))).collect()
}

/// One row of the log, for tools that read it in their own pages.
///
/// # Errors
/// When a column is missing or the event is damaged.
pub fn recorded(r: &PgRow) -> Result<Recorded, StoreError> {
    let damaged = |problem: String| StoreError::Damaged { what: "event", problem };
    let person: String = r.try_get("person")?;
    let unit: Option<String> = r.try_get("unit")?;
    let request: String = r.try_get("request")?;
    let role: i16 = r.try_get("role")?;
    let version: i32 = r.try_get("version")?;
    let at: OffsetDateTime = r.try_get("at")?;
    let body: Vec<u8> = r.try_get("body")?;
    Ok(Recorded {
        ticket: TicketId::new(r.try_get("ticket_id")?),
        version: u32::try_from(version).map_err(|_| damaged("negative version".into()))?,
        at: from_db(at),
        by: Actor {
            role: Role::from_number(i32::from(role)).ok_or_else(|| damaged("unknown role".into()))?,
            person: PersonCode::new(person).map_err(|e| damaged(e.to_string()))?,
            unit: unit.map(UnitCode::new).transpose().map_err(|e| damaged(e.to_string()))?,
            area: None,
        },
        request: RequestId::new(request).map_err(|e| damaged(e.to_string()))?,
        event: decode_event(&body).map_err(|e| damaged(e.to_string()))?,
    })
}
