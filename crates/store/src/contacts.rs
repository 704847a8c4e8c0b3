//! Contact records (D§5.5): every call or message, whatever came of it, and the tickets it was about.
//!
//! More than half of all contacts never become a ticket; without them the hall could not count its work nor
//! know a repeat caller. A caller is found by the blind index of the phone only. The words of a contact without
//! a ticket are filed in the texts table under the contact's own id.

use std::collections::HashMap;

use sqlx::{PgConnection, PgExecutor};
use suban_domain::{At, Channel, ContactId, Hash, PersonCode, RequestId, RequesterId, TextId, TicketId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, from_db, row, to_db};

/// What came of a contact. The numbers are those of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum ContactResult {
    /// 新工单
    NewTicket = 1,
    /// 催办
    Urge = 2,
    /// 补充
    Supplement = 3,
    /// 查询进度
    ProgressQuery = 4,
    /// 当场答复
    Answered = 5,
    /// 不予受理
    Rejected = 6,
    /// 转接
    Transferred = 7,
    /// 打错
    WrongNumber = 8,
    /// 骚扰
    Abuse = 9,
    /// 挂断
    Dropped = 10,
}

impl ContactResult {
    /// Every result.
    pub const ALL: &'static [Self] = &[
        Self::NewTicket,
        Self::Urge,
        Self::Supplement,
        Self::ProgressQuery,
        Self::Answered,
        Self::Rejected,
        Self::Transferred,
        Self::WrongNumber,
        Self::Abuse,
        Self::Dropped,
    ];

    /// As it is kept and sent.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// In Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::NewTicket => "新工单",
            Self::Urge => "催办",
            Self::Supplement => "补充",
            Self::ProgressQuery => "查询进度",
            Self::Answered => "当场答复",
            Self::Rejected => "不予受理",
            Self::Transferred => "转接",
            Self::WrongNumber => "打错",
            Self::Abuse => "骚扰",
            Self::Dropped => "挂断",
        }
    }

    /// The code on screens and in files.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NewTicket => "NEW_TICKET",
            Self::Urge => "URGE",
            Self::Supplement => "SUPPLEMENT",
            Self::ProgressQuery => "PROGRESS_QUERY",
            Self::Answered => "ANSWERED",
            Self::Rejected => "REJECTED",
            Self::Transferred => "TRANSFERRED",
            Self::WrongNumber => "WRONG_NUMBER",
            Self::Abuse => "ABUSE",
            Self::Dropped => "DROPPED",
        }
    }

    /// The result with this number.
    #[must_use]
    pub fn from_number(n: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|r| r.number() == n)
    }
}

/// A contact to be kept.
#[derive(Debug, Clone)]
pub struct NewContact {
    /// Its id, from `suban_runtime::Ids`.
    pub id: ContactId,
    /// By which way.
    pub channel: Channel,
    /// When it began.
    pub at: At,
    /// Who took it; none for a machine's channel.
    pub agent: Option<PersonCode>,
    /// Whose it was, when that was kept.
    pub requester: Option<RequesterId>,
    /// Blind index of the phone.
    pub phone: Option<Hash>,
    /// What came of it.
    pub result: ContactResult,
    /// What was said.
    pub text: Option<TextId>,
    /// Makes a repeat the same contact.
    pub request: RequestId,
}

/// A contact as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Which.
    pub id: ContactId,
    /// By which way.
    pub channel: Channel,
    /// When it began.
    pub at: At,
    /// Who took it.
    pub agent: Option<String>,
    /// Whose it was.
    pub requester: Option<RequesterId>,
    /// What came of it.
    pub result: ContactResult,
    /// What was said.
    pub text: Option<TextId>,
}

/// Where a contact is kept, and whether it was kept before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// The contact.
    pub id: ContactId,
    /// The request had been kept before, as this contact.
    pub repeated: bool,
}

#[derive(sqlx::FromRow)]
struct ContactRow {
    id: Uuid,
    channel: i16,
    at: OffsetDateTime,
    agent: Option<String>,
    requester_id: Option<Uuid>,
    outcome: i16,
    text_id: Option<Uuid>,
}

impl ContactRow {
    fn contact(self) -> Result<Contact, StoreError> {
        let damaged =
            |what: &str, n: i16| StoreError::Damaged { what: "contact", problem: format!("{what} {n} is unknown") };
        Ok(Contact {
            id: ContactId::new(self.id),
            channel: Channel::from_number(i32::from(self.channel)).ok_or_else(|| damaged("channel", self.channel))?,
            at: from_db(self.at),
            agent: self.agent,
            requester: self.requester_id.map(RequesterId::new),
            result: ContactResult::from_number(i32::from(self.outcome))
                .ok_or_else(|| damaged("result", self.outcome))?,
            text: self.text_id.map(TextId::new),
        })
    }
}

/// Keeps contacts, each request once: one insert, in the order of its conflict key. Answers in the order given.
/// The requester and text of a repeated contact were kept before; write those of the fresh ones only.
///
/// # Errors
/// When Postgres is away.
pub async fn insert_contacts(conn: &mut PgConnection, contacts: &[NewContact]) -> Result<Vec<Kept>, StoreError> {
    if contacts.is_empty() {
        return Ok(Vec::new());
    }
    let mut sorted: Vec<&NewContact> = contacts.iter().collect();
    sorted.sort_by(|a, b| a.request.cmp(&b.request));
    let fresh: Vec<Uuid> = sqlx::query_scalar(
        "insert into core.contact (id, channel, at, agent, requester_id, phone, outcome, text_id, request)
         select * from unnest($1::uuid[], $2::smallint[], $3::timestamptz[], $4::text[], $5::uuid[], $6::bytea[],
                              $7::smallint[], $8::uuid[], $9::text[])
         on conflict (request) do nothing
         returning id",
    )
    .bind(sorted.iter().map(|c| c.id.uuid()).collect::<Vec<_>>())
    .bind(sorted.iter().map(|c| row::number(c.channel.number())).collect::<Vec<_>>())
    .bind(sorted.iter().map(|c| to_db(c.at)).collect::<Vec<_>>())
    .bind(sorted.iter().map(|c| c.agent.as_ref().map(PersonCode::as_str)).collect::<Vec<_>>())
    .bind(sorted.iter().map(|c| c.requester.map(RequesterId::uuid)).collect::<Vec<_>>())
    .bind(sorted.iter().map(|c| c.phone.map(|p| p.0.to_vec())).collect::<Vec<_>>())
    .bind(sorted.iter().map(|c| row::number(c.result.number())).collect::<Vec<_>>())
    .bind(sorted.iter().map(|c| c.text.map(TextId::uuid)).collect::<Vec<_>>())
    .bind(sorted.iter().map(|c| c.request.as_str()).collect::<Vec<_>>())
    .fetch_all(&mut *conn)
    .await?;
    if fresh.len() == contacts.len() {
        return Ok(contacts.iter().map(|c| Kept { id: c.id, repeated: false }).collect());
    }
    // A second statement, because the first one's snapshot does not show what it collided with.
    let rows: Vec<(String, Uuid)> = sqlx::query_as("select request, id from core.contact where request = any($1)")
        .bind(contacts.iter().map(|c| c.request.as_str()).collect::<Vec<_>>())
        .fetch_all(conn)
        .await?;
    let kept: HashMap<String, Uuid> = rows.into_iter().collect();
    contacts
        .iter()
        .map(|c| {
            let id = kept.get(c.request.as_str()).ok_or(StoreError::Contended)?;
            Ok(Kept { id: ContactId::new(*id), repeated: *id != c.id.uuid() })
        })
        .collect()
}

/// Says which tickets contacts were about: one insert, in the order of its key. Again changes nothing.
///
/// # Errors
/// When Postgres is away.
pub async fn link_contacts(conn: &mut PgConnection, links: &[(ContactId, TicketId)]) -> Result<(), StoreError> {
    if links.is_empty() {
        return Ok(());
    }
    let mut links = links.to_vec();
    links.sort_unstable();
    links.dedup();
    sqlx::query(
        "insert into core.contact_ticket (contact_id, ticket_id)
         select * from unnest($1::uuid[], $2::uuid[])
         on conflict do nothing",
    )
    .bind(links.iter().map(|l| l.0.uuid()).collect::<Vec<_>>())
    .bind(links.iter().map(|l| l.1.uuid()).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// A caller's contacts, newest first. Served by `contact_phone`.
///
/// # Errors
/// When Postgres is away.
pub async fn by_phone(db: impl PgExecutor<'_>, phone: Hash, at_most: u32) -> Result<Vec<Contact>, StoreError> {
    let rows: Vec<ContactRow> = sqlx::query_as(
        "select id, channel, at, agent, requester_id, outcome, text_id from core.contact
          where phone = $1 order by at desc limit $2",
    )
    .bind(phone.0.as_slice())
    .bind(i64::from(at_most))
    .fetch_all(db)
    .await?;
    rows.into_iter().map(ContactRow::contact).collect()
}

/// How often a caller has been in contact since `since`. Served by `contact_phone`.
///
/// # Errors
/// When Postgres is away.
pub async fn count_since(db: impl PgExecutor<'_>, phone: Hash, since: At) -> Result<u32, StoreError> {
    let n: i64 = sqlx::query_scalar("select count(*) from core.contact where phone = $1 and at >= $2")
        .bind(phone.0.as_slice())
        .bind(to_db(since))
        .fetch_one(db)
        .await?;
    Ok(u32::try_from(n).unwrap_or(u32::MAX))
}

/// A ticket's contacts, in order. Served by `contact_ticket_ticket`.
///
/// # Errors
/// When Postgres is away.
pub async fn of_ticket(db: impl PgExecutor<'_>, ticket: TicketId) -> Result<Vec<Contact>, StoreError> {
    let rows: Vec<ContactRow> = sqlx::query_as(
        "select c.id, c.channel, c.at, c.agent, c.requester_id, c.outcome, c.text_id
           from core.contact_ticket l join core.contact c on c.id = l.contact_id
          where l.ticket_id = $1 order by c.at, c.id",
    )
    .bind(ticket.uuid())
    .fetch_all(db)
    .await?;
    rows.into_iter().map(ContactRow::contact).collect()
}

/// The contacts of these tickets, in order. Served by `contact_ticket_ticket` and the primary key of `contact`.
///
/// # Errors
/// When Postgres is away.
pub async fn of_tickets(
    db: impl PgExecutor<'_>,
    tickets: &[TicketId],
) -> Result<HashMap<TicketId, Vec<Contact>>, StoreError> {
    #[derive(sqlx::FromRow)]
    struct Linked {
        ticket_id: Uuid,
        #[sqlx(flatten)]
        contact: ContactRow,
    }
    let rows: Vec<Linked> = sqlx::query_as(
        "select l.ticket_id, c.id, c.channel, c.at, c.agent, c.requester_id, c.outcome, c.text_id
           from core.contact_ticket l join core.contact c on c.id = l.contact_id
          where l.ticket_id = any($1::uuid[]) order by l.ticket_id, c.at, c.id",
    )
    .bind(tickets.iter().map(|t| t.uuid()).collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    let mut found: HashMap<TicketId, Vec<Contact>> = HashMap::new();
    for row in rows {
        found.entry(TicketId::new(row.ticket_id)).or_default().push(row.contact.contact()?);
    }
    Ok(found)
}

/// A caller's tickets, newest first. Served by the primary key of `ticket_phone`, which begins with the phone
/// and goes on with the ticket's time-ordered id.
///
/// # Errors
/// When Postgres is away.
pub async fn tickets_by_phone(db: impl PgExecutor<'_>, phone: Hash, at_most: u32) -> Result<Vec<TicketId>, StoreError> {
    let ids: Vec<Uuid> =
        sqlx::query_scalar("select ticket_id from core.ticket_phone where phone = $1 order by ticket_id desc limit $2")
            .bind(phone.0.as_slice())
            .bind(i64::from(at_most))
            .fetch_all(db)
            .await?;
    Ok(ids.into_iter().map(TicketId::new).collect())
}

impl Store {
    /// See [`by_phone`].
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn contacts_by_phone(&self, phone: Hash, at_most: u32) -> Result<Vec<Contact>, StoreError> {
        by_phone(self.pool(), phone, at_most).await
    }

    /// See [`count_since`].
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn contacts_since(&self, phone: Hash, since: At) -> Result<u32, StoreError> {
        count_since(self.pool(), phone, since).await
    }

    /// See [`of_ticket`].
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn contacts_of(&self, ticket: TicketId) -> Result<Vec<Contact>, StoreError> {
        of_ticket(self.pool(), ticket).await
    }

    /// See [`of_tickets`].
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn contacts_of_all(&self, tickets: &[TicketId]) -> Result<HashMap<TicketId, Vec<Contact>>, StoreError> {
        of_tickets(self.pool(), tickets).await
    }

    /// See [`tickets_by_phone`].
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn tickets_by_phone(&self, phone: Hash, at_most: u32) -> Result<Vec<TicketId>, StoreError> {
        tickets_by_phone(self.pool(), phone, at_most).await
    }
}
