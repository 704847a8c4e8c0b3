//! Files that came with a ticket: what is known of them, and the keys that seal their bytes.
//!
//! The bytes stand in a store of files outside of Postgres, under random names. They are sealed with the key of the
//! ticket's requester, so that erasing the person makes them unreadable there and in every copy of it. A ticket without
//! a requester gets a key of nobody for them, which rotates and is erased like any other.
//!
//! The row comes before the bytes: whoever is stopped in between leaves a row that says "arriving", and the same
//! request later takes it up. Looking at a file writes down who did, in the transaction that hands the key out.

use std::collections::HashMap;

use sqlx::PgConnection;
use suban_attachments::{Kind, PictureHash};
use suban_domain::{Actor, At, PersonCode, Point, Refusal, RequestId, RequesterId, Role, TicketId, UnitCode};
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    Store, StoreError,
    audit::{self, Act},
    crypto::about,
    from_db, row,
    texts::{Owner, Person, insert_requesters, owners},
    to_db,
};

/// Where a file stands. The numbers are kept in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum FileState {
    /// Its row is there, its bytes may not be.
    Arriving = 1,
    /// There, and nothing looks for viruses.
    Unscanned = 2,
    /// There, and shown to nobody before the scanner has said that it is clean.
    Quarantined = 3,
    /// There, and the scanner found nothing.
    Clean = 4,
    /// The scanner found something; its bytes are gone.
    Infected = 5,
    /// Its requester was erased; its bytes cannot be read any more.
    Erased = 6,
}

impl FileState {
    /// Every state.
    pub const ALL: &'static [Self] =
        &[Self::Arriving, Self::Unscanned, Self::Quarantined, Self::Clean, Self::Infected, Self::Erased];

    /// As it is kept.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// Its code and its Chinese word, for a ticket's file.
    #[must_use]
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Arriving => ("ARRIVING", "正在上传"),
            Self::Unscanned => ("NOT_SCANNED", "未查毒"),
            Self::Quarantined => ("QUARANTINED", "等待查毒"),
            Self::Clean => ("CLEAN", "已查毒"),
            Self::Infected => ("INFECTED", "有病毒,已删除"),
            Self::Erased => ("ERASED", "已按规定删除"),
        }
    }

    /// The state with this number.
    #[must_use]
    pub fn from_number(n: i16) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| s.number() == n)
    }
}

/// Which of the two copies that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileCopy {
    /// The file.
    Whole,
    /// The small picture of it.
    Small,
}

impl FileCopy {
    const fn about(self) -> &'static [u8] {
        match self {
            Self::Whole => b"file",
            Self::Small => b"small",
        }
    }
}

/// What the file told of itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FileFacts {
    /// What it is, by its bytes.
    pub kind: Kind,
    /// Its length as it is kept.
    pub bytes: u64,
    /// Width and height of a picture that stands upright, pixels.
    pub size: Option<(u32, u32)>,
    /// What pictures of the same have in common.
    pub hash: Option<PictureHash>,
    /// Where it was taken.
    pub point: Option<Point>,
    /// When.
    pub taken_at: Option<At>,
}

/// Pictures of a ticket, each with what copies of it have in common, where anything is to be seen.
pub type Pictures = Vec<(Uuid, Option<PictureHash>)>;

/// A file that came with a ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct Attachment {
    /// Which.
    pub id: Uuid,
    /// With which ticket.
    pub ticket: TicketId,
    /// Whose key seals it.
    pub requester: RequesterId,
    /// Its name in the store of files.
    pub object: String,
    /// Who added it.
    pub by: Actor,
    /// When.
    pub at: At,
    /// Where it stands.
    pub state: FileState,
    /// What it told; none while it arrives.
    pub facts: Option<FileFacts>,
    /// What the scanner called it.
    pub finding: Option<String>,
}

impl Attachment {
    /// Has it a small picture?
    #[must_use]
    pub fn has_small(&self) -> bool {
        self.facts.is_some_and(|f| f.size.is_some())
    }
}

/// A place for a file, and what seals it.
#[derive(Debug)]
pub struct Reserved {
    /// The row.
    pub attachment: Attachment,
    /// The key.
    pub owner: Owner,
}

impl Owner {
    /// Seals a copy of this file.
    ///
    /// # Errors
    /// When the machine gives no random bits.
    pub fn seal_file(&self, file: Uuid, copy: FileCopy, bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
        Ok(self.key.seal(&about(copy.about(), file), bytes)?)
    }

    /// Opens what [`Owner::seal_file`] sealed.
    ///
    /// # Errors
    /// When it is another's, another file's, or changed.
    pub fn open_file(&self, file: Uuid, copy: FileCopy, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        Ok(self.key.open(&about(copy.about(), file), sealed)?)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    ticket_id: Uuid,
    requester_id: Uuid,
    object: String,
    role: i16,
    person: String,
    unit: Option<String>,
    created_at: OffsetDateTime,
    state: i16,
    kind: Option<i16>,
    bytes: Option<i64>,
    width: Option<i32>,
    height: Option<i32>,
    hash: Option<i64>,
    lat: Option<f64>,
    lon: Option<f64>,
    taken_at: Option<OffsetDateTime>,
    finding: Option<String>,
}

/// Every query reads the same columns.
const COLUMNS: &str = "id, ticket_id, requester_id, object, role, person, unit, created_at, state, kind, bytes, width, \
                       height, hash, lat, lon, taken_at, finding";

impl Row {
    fn read(self) -> Result<Attachment, StoreError> {
        let damaged = |problem: String| StoreError::Damaged { what: "attachment", problem };
        let role = Role::from_number(i32::from(self.role));
        let by = Actor {
            role: role.ok_or_else(|| damaged(format!("role {} is unknown", self.role)))?,
            person: PersonCode::new(self.person).map_err(|e| damaged(e.to_string()))?,
            unit: self.unit.map(UnitCode::new).transpose().map_err(|e| damaged(e.to_string()))?,
            area: None,
        };
        let state = FileState::from_number(self.state);
        let facts = match self.kind {
            None => None,
            Some(kind) => Some(FileFacts {
                kind: Kind::from_number(kind).ok_or_else(|| damaged(format!("kind {kind} is unknown")))?,
                bytes: self.bytes.and_then(|n| u64::try_from(n).ok()).unwrap_or_default(),
                size: self
                    .width
                    .and_then(|n| u32::try_from(n).ok())
                    .zip(self.height.and_then(|n| u32::try_from(n).ok())),
                hash: self.hash.map(|bits| PictureHash(bits.cast_unsigned())),
                point: self.lat.zip(self.lon).and_then(|(lat, lon)| Point::new(lat, lon).ok()),
                taken_at: self.taken_at.map(from_db),
            }),
        };
        Ok(Attachment {
            id: self.id,
            ticket: TicketId::new(self.ticket_id),
            requester: RequesterId::new(self.requester_id),
            object: self.object,
            by,
            at: from_db(self.created_at),
            state: state.ok_or_else(|| damaged(format!("state {} is unknown", self.state)))?,
            facts,
            finding: self.finding,
        })
    }
}

fn one(row: Option<Row>) -> Result<Option<Attachment>, StoreError> {
    row.map(Row::read).transpose()
}

/// One query over the columns; `rest` is a constant of this file.
fn select(rest: &'static str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("select {COLUMNS} from core.attachment {rest}"))
}

async fn of_request(
    conn: &mut PgConnection,
    ticket: TicketId,
    request: &RequestId,
) -> Result<Option<Attachment>, StoreError> {
    let row = sqlx::query_as(select("where ticket_id = $1 and request = $2"))
        .bind(ticket.uuid())
        .bind(request.as_str())
        .fetch_optional(conn)
        .await?;
    one(row)
}

/// Files of a ticket that count: those that are there, and those that began to arrive within the hour.
async fn count(conn: &mut PgConnection, ticket: TicketId, now: At) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "select count(*) from core.attachment
          where ticket_id = $1 and state not in (5, 6) and (state <> 1 or created_at > $2)",
    )
    .bind(ticket.uuid())
    .bind(to_db(now.minus(suban_domain::Span::hours(1))))
    .fetch_one(conn)
    .await?)
}

fn room(files: i64, most: u32) -> Result<(), StoreError> {
    if files < i64::from(most) {
        return Ok(());
    }
    let what = "the number of files a ticket may have (attachments.per_ticket)";
    Err(Refusal::UsedUp { action: "add a file", what }.into())
}

impl Store {
    /// What became of this request, if it was here before. Served by the unique key of `attachment`.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn attachment_of_request(
        &self,
        ticket: TicketId,
        request: &RequestId,
    ) -> Result<Option<Attachment>, StoreError> {
        of_request(&mut *self.pool().acquire().await?, ticket, request).await
    }

    /// Has the ticket room for another file? Asked before its bytes are read; [`Store::reserve_attachment`] asks again.
    /// Served by `attachment_ticket`.
    ///
    /// # Errors
    /// `Refused` when it has not.
    pub async fn attachment_room(&self, ticket: TicketId, most: u32) -> Result<(), StoreError> {
        room(count(&mut *self.pool().acquire().await?, ticket, self.clock().now()).await?, most)
    }

    /// Makes a place for a file, or finds the one that this request made before. One ticket's files one after the other.
    ///
    /// # Errors
    /// `Refused` when the ticket has as many as it may have; when Postgres is away.
    pub async fn reserve_attachment(
        &self,
        ticket: TicketId,
        requester: Option<RequesterId>,
        request: &RequestId,
        by: &Actor,
        most: u32,
    ) -> Result<Reserved, StoreError> {
        let now = self.clock().now();
        let mut tx = self.pool().begin().await?;
        // The lock of this number is of a ticket's files: what counts them must not be overtaken.
        sqlx::query("select pg_advisory_xact_lock(18, hashtext($1))")
            .bind(ticket.to_string())
            .execute(&mut *tx)
            .await?;
        let known = of_request(&mut tx, ticket, request).await?;
        let sealed_by = known.as_ref().map(|a| a.requester).or(requester);
        let key = match sealed_by {
            Some(id) => owners(&mut *tx, self.keys(), &[id]).await?.remove(&id),
            None => None,
        };
        if let Some(attachment) = known {
            let owner = key.ok_or(StoreError::NotFound { what: "requester" })?;
            return Ok(Reserved { attachment, owner });
        }
        room(count(&mut tx, ticket, now).await?, most)?;
        let owner = match key {
            Some(owner) => owner,
            // Nobody to ask, or erased: a key of nobody.
            None => {
                let nobody = self.prepare_requester(now, &Person::default())?;
                insert_requesters(&mut tx, &[&nobody]).await?;
                nobody.owner().clone()
            }
        };
        let attachment = Attachment {
            id: self.ids().uuid(now),
            ticket,
            requester: owner.id,
            object: crate::crypto::random_name()?,
            by: by.clone(),
            at: now,
            state: FileState::Arriving,
            facts: None,
            finding: None,
        };
        sqlx::query(
            "insert into core.attachment
               (id, ticket_id, requester_id, object, request, role, person, unit, created_at, state, held)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, true)",
        )
        .bind(attachment.id)
        .bind(ticket.uuid())
        .bind(owner.id.uuid())
        .bind(&attachment.object)
        .bind(request.as_str())
        .bind(row::number(by.role.number()))
        .bind(by.person.as_str())
        .bind(by.unit.as_ref().map(UnitCode::as_str))
        .bind(to_db(now))
        .bind(FileState::Arriving.number())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Reserved { attachment, owner })
    }

    /// Its bytes are there: says what it is, and tells of a picture to who compares pictures. One that is there already stays as it is. Served by the primary key.
    ///
    /// # Errors
    /// `NotFound` when it was erased meanwhile; when Postgres is away.
    pub async fn complete_attachment(&self, id: Uuid, state: FileState, facts: &FileFacts) -> Result<(), StoreError> {
        let number = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
        let done: i64 = sqlx::query_scalar(
            "with done as (
               update core.attachment
                  set state = case when state = 1 then $2 else state end, kind = $3, bytes = $4, width = $5,
                      height = $6, hash = $7, lat = $8, lon = $9, taken_at = $10
                where id = $1 and state in (1, 2, 3, 4) returning ticket_id, hash),
             told as (insert into core.picture (ticket_id) select ticket_id from done where hash is not null)
             select count(*) from done",
        )
        .bind(id)
        .bind(state.number())
        .bind(facts.kind.number())
        .bind(i64::try_from(facts.bytes).unwrap_or(i64::MAX))
        .bind(facts.size.map(|(width, _)| number(width)))
        .bind(facts.size.map(|(_, height)| number(height)))
        .bind(facts.hash.map(|h| h.0.cast_signed()))
        .bind(facts.point.map(|p| p.lat))
        .bind(facts.point.map(|p| p.lon))
        .bind(facts.taken_at.map(to_db))
        .fetch_one(self.pool())
        .await?;
        if done == 0 { Err(StoreError::NotFound { what: "attachment" }) } else { Ok(()) }
    }

    /// The files of some tickets in the order they came; those that are still arriving are left out. Served by
    /// `attachment_ticket`.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn attachments_of(&self, tickets: &[TicketId]) -> Result<Vec<Attachment>, StoreError> {
        let tickets: Vec<Uuid> = tickets.iter().map(|ticket| ticket.uuid()).collect();
        let rows: Vec<Row> = sqlx::query_as(select("where ticket_id = any($1) and state <> 1 order by id"))
            .bind(tickets)
            .fetch_all(self.pool())
            .await?;
        rows.into_iter().map(Row::read).collect()
    }

    /// The pictures of these tickets in the order they came, each with what copies of it have in common; those that are
    /// infected or of an erased person are left out. Served by `attachment_ticket`.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn pictures_of(&self, tickets: &[TicketId]) -> Result<HashMap<TicketId, Pictures>, StoreError> {
        if tickets.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<(Uuid, Uuid, Option<i64>)> = sqlx::query_as(
            "select ticket_id, id, hash from core.attachment
              where ticket_id = any($1) and width is not null and state in (2, 3, 4) order by ticket_id, id",
        )
        .bind(tickets.iter().map(|t| t.uuid()).collect::<Vec<_>>())
        .fetch_all(self.pool())
        .await?;
        let mut found = HashMap::<TicketId, Pictures>::new();
        for (ticket, id, hash) in rows {
            let hash = hash.map(|bits| PictureHash(bits.cast_unsigned()));
            found.entry(TicketId::new(ticket)).or_default().push((id, hash));
        }
        Ok(found)
    }

    /// One file. Served by the primary key.
    ///
    /// # Errors
    /// `NotFound`; when Postgres is away.
    pub async fn attachment(&self, id: Uuid) -> Result<Attachment, StoreError> {
        let row = sqlx::query_as(select("where id = $1")).bind(id).fetch_optional(self.pool()).await?;
        one(row)?.ok_or(StoreError::NotFound { what: "attachment" })
    }

    /// What opens a file, for `by`, written down. Both happen or none.
    ///
    /// # Errors
    /// `NotFound` when its requester was erased; when Postgres is away.
    pub async fn look_at_attachment(&self, by: &Actor, file: &Attachment, how: &str) -> Result<Owner, StoreError> {
        let mut tx = self.pool().begin().await?;
        let owner = owners(&mut *tx, self.keys(), &[file.requester]).await?.remove(&file.requester);
        let owner = owner.ok_or(StoreError::NotFound { what: "attachment" })?;
        let what = format!("{}: {how}", file.id);
        audit::record(&mut tx, self.clock().now(), by, Act::ViewAttachment, Some(file.ticket), Some(&what)).await?;
        tx.commit().await?;
        Ok(owner)
    }

    /// What opens a file for the scanner, which shows it to nobody.
    ///
    /// # Errors
    /// `NotFound` when its requester was erased; when Postgres is away.
    pub async fn attachment_owner(&self, file: &Attachment) -> Result<Owner, StoreError> {
        let owner = owners(self.pool(), self.keys(), &[file.requester]).await?.remove(&file.requester);
        owner.ok_or(StoreError::NotFound { what: "attachment" })
    }

    /// Files that wait for the scanner, behind this one, the oldest first. Served by `attachment_waiting`.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn attachments_waiting(&self, after: Uuid, most: i64) -> Result<Vec<Attachment>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(select("where state = 3 and id > $1 order by id limit $2"))
            .bind(after)
            .bind(most)
            .fetch_all(self.pool())
            .await?;
        rows.into_iter().map(Row::read).collect()
    }

    /// The scanner has spoken: nothing found, or what it calls it. Only of one that waits. Served by the primary key.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn attachment_scanned(&self, id: Uuid, finding: Option<&str>) -> Result<(), StoreError> {
        let state = if finding.is_some() { FileState::Infected } else { FileState::Clean };
        sqlx::query("update core.attachment set state = $2, finding = $3 where id = $1 and state = 3")
            .bind(id)
            .bind(state.number())
            .bind(finding)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Files whose bytes are to go, behind this one: infected, or of an erased person. Served by `attachment_leaving`.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn attachments_leaving(&self, after: Uuid, most: i64) -> Result<Vec<Attachment>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(select("where held and state in (5, 6) and id > $1 order by id limit $2"))
            .bind(after)
            .bind(most)
            .fetch_all(self.pool())
            .await?;
        rows.into_iter().map(Row::read).collect()
    }

    /// Takes the rows of files that began to arrive before this and never came whole, at most so many; answers with their
    /// names in the store of files. Who comes back later with such a request begins anew. Served by
    /// `attachment_arriving`.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn sweep_attachments(&self, before: At, most: i64) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar(
            "delete from core.attachment where state = 1 and id in
               (select id from core.attachment where state = 1 and created_at < $1 order by created_at limit $2)
             returning object",
        )
        .bind(to_db(before))
        .bind(most)
        .fetch_all(self.pool())
        .await?)
    }

    /// The bytes are gone. Served by the primary key.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn attachment_gone(&self, id: Uuid) -> Result<(), StoreError> {
        sqlx::query("update core.attachment set held = false where id = $1").bind(id).execute(self.pool()).await?;
        Ok(())
    }
}
