//! Erasure, and the rotation of the master key.
//!
//! A requester is erased by destroying their key: what it sealed can never be read again, in this database and
//! in every backup of it that is restored, once the tombstone is applied there. The masked forms, the phone's
//! blind index, the words' hashes and what files told of themselves go as well. The log has no words in it, so the ticket still folds and
//! still counts.
//!
//! A restored backup does not know the erasures after it. So export the tombstones beside each backup
//! ([`export_erasures`]), and after a restore bring them back and apply them all
//! ([`import_erasures`], [`reapply_erasures`]).

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgExecutor, PgPool};
use suban_domain::{Actor, At, PersonCode, RequesterId, TicketId};
use suban_runtime::Keys;
use suban_text::{OwnValues, mask};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    RequesterKey, Store, StoreError,
    audit::{self, Act},
    from_db, texts, to_db,
};

/// That a requester was erased; outlives them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tombstone {
    /// Who was erased; an id that leads nowhere any more.
    pub requester: RequesterId,
    /// When.
    #[serde(with = "instant_text")]
    pub at: At,
    /// By which account.
    pub by: PersonCode,
    /// Why, masked.
    pub reason: String,
}

/// What an erasure destroyed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Requesters whose key was still there.
    pub requesters: u64,
    /// Texts emptied.
    pub texts: u64,
    /// Entries of the phone index and the words index, and contacts' phones.
    pub index_entries: u64,
}

/// Erases a requester. Again changes nothing but erases what came in between.
///
/// # Errors
/// `NotFound` when there never was such a requester; when Postgres is away.
pub async fn erase(
    conn: &mut PgConnection,
    keys: &Keys,
    at: At,
    by: &Actor,
    requester: RequesterId,
    reason: &str,
) -> Result<Erased, StoreError> {
    let known: bool = sqlx::query_scalar("select exists (select from core.requester where id = $1)")
        .bind(requester.uuid())
        .fetch_one(&mut *conn)
        .await?;
    if !known {
        return Err(StoreError::NotFound { what: "requester" });
    }
    // The reason outlives the person, so their values must not stand in it. A key that is lost already must
    // not keep anybody from being erased.
    let own = match texts::owners(&mut *conn, keys, &[requester]).await {
        Ok(mut owners) => owners.remove(&requester).map(|o| o.own).unwrap_or_default(),
        Err(StoreError::Crypto(_) | StoreError::Damaged { .. }) => OwnValues::default(),
        Err(problem) => return Err(problem),
    };
    sqlx::query(
        "insert into core.erased (requester_id, at, by_person, reason) values ($1, $2, $3, $4) on conflict do nothing",
    )
    .bind(requester.uuid())
    .bind(to_db(at))
    .bind(by.person.as_str())
    .bind(mask(reason, &own).text)
    .execute(&mut *conn)
    .await?;
    let erased = apply(conn, &[requester.uuid()]).await?;
    audit::record_masked(conn, at, by, Act::Erase, None, Some(&format!("{requester}: {reason}")), &own).await?;
    Ok(erased)
}

/// Applies every tombstone again: after each restore of a backup.
///
/// # Errors
/// When Postgres is away.
pub async fn reapply_erasures(conn: &mut PgConnection) -> Result<Erased, StoreError> {
    let requesters: Vec<Uuid> =
        sqlx::query_scalar("select requester_id from core.erased order by requester_id").fetch_all(&mut *conn).await?;
    let mut sum = Erased::default();
    for some in requesters.chunks(1000) {
        let erased = apply(conn, some).await?;
        sum.requesters += erased.requesters;
        sum.texts += erased.texts;
        sum.index_entries += erased.index_entries;
    }
    Ok(sum)
}

/// Destroys what is left of these requesters. Served by the primary key of `requester` and the block range
/// indexes `text_requester`, `contact_requester`, `ticket_phone_ticket`, `ticket_words_ticket`, `attachment_requester`.
async fn apply(conn: &mut PgConnection, requesters: &[Uuid]) -> Result<Erased, StoreError> {
    // Their tickets are those whose file holds a text of theirs; every ticket has its first words.
    let tickets: Vec<Uuid> =
        sqlx::query_scalar("select distinct ticket_id from core.text where requester_id = any($1)")
            .bind(requesters)
            .fetch_all(&mut *conn)
            .await?;
    // The empty key id takes the row out of the way of key rotation.
    let destroyed = sqlx::query(
        "update core.requester set key_id = '', wrapped = null, sealed = null
          where id = any($1) and (wrapped is not null or sealed is not null)",
    )
    .bind(requesters)
    .execute(&mut *conn)
    .await?
    .rows_affected();
    let texts = sqlx::query(
        "update core.text set masked = null, sealed = null
          where requester_id = any($1) and (masked is not null or sealed is not null)",
    )
    .bind(requesters)
    .execute(&mut *conn)
    .await?
    .rows_affected();
    // What a file told of itself; its bytes cannot be opened any more, and are taken away by whoever keeps them.
    sqlx::query(
        "update core.attachment set state = 6, hash = null, lat = null, lon = null, taken_at = null, finding = null
          where requester_id = any($1) and state <> 6",
    )
    .bind(requesters)
    .execute(&mut *conn)
    .await?;
    let phones = sqlx::query("delete from core.ticket_phone where ticket_id = any($1)")
        .bind(&tickets)
        .execute(&mut *conn)
        .await?
        .rows_affected();
    let words = sqlx::query("delete from core.ticket_words where ticket_id = any($1)")
        .bind(&tickets)
        .execute(&mut *conn)
        .await?
        .rows_affected();
    let contacts =
        sqlx::query("update core.contact set phone = null where requester_id = any($1) and phone is not null")
            .bind(requesters)
            .execute(conn)
            .await?
            .rows_affected();
    Ok(Erased { requesters: destroyed, texts, index_entries: phones + words + contacts })
}

/// Every tombstone, as JSON lines: keep it beside the backups. It names nobody.
///
/// # Errors
/// When Postgres is away.
pub async fn export_erasures(db: impl PgExecutor<'_>) -> Result<String, StoreError> {
    let rows: Vec<(Uuid, OffsetDateTime, String, String)> =
        sqlx::query_as("select requester_id, at, by_person, reason from core.erased order by at, requester_id")
            .fetch_all(db)
            .await?;
    let damaged = |problem: String| StoreError::Damaged { what: "tombstone", problem };
    let mut lines = String::new();
    for (requester, at, by, reason) in rows {
        let by = PersonCode::new(by).map_err(|e| damaged(e.to_string()))?;
        let tombstone = Tombstone { requester: RequesterId::new(requester), at: from_db(at), by, reason };
        lines.push_str(&serde_json::to_string(&tombstone).map_err(|e| damaged(e.to_string()))?);
        lines.push('\n');
    }
    Ok(lines)
}

/// Brings tombstones back from JSON lines; those that are there stay as they are. Answers how many were new.
/// Nothing is taken when a line is wrong. [`reapply_erasures`] must follow.
///
/// # Errors
/// `Damaged` names the first wrong line; when Postgres is away.
pub async fn import_erasures(conn: &mut PgConnection, lines: &str) -> Result<u64, StoreError> {
    let mut tombstones = Vec::new();
    for (n, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let tombstone: Tombstone = serde_json::from_str(line)
            .map_err(|e| StoreError::Damaged { what: "tombstone", problem: format!("line {}: {e}", n + 1) })?;
        tombstones.push(tombstone);
    }
    tombstones.sort_by_key(|t| t.requester);
    let fresh = sqlx::query(
        "insert into core.erased (requester_id, at, by_person, reason)
         select * from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[])
         on conflict do nothing",
    )
    .bind(tombstones.iter().map(|t| t.requester.uuid()).collect::<Vec<_>>())
    .bind(tombstones.iter().map(|t| to_db(t.at)).collect::<Vec<_>>())
    .bind(tombstones.iter().map(|t| t.by.as_str()).collect::<Vec<_>>())
    .bind(tombstones.iter().map(|t| t.reason.as_str()).collect::<Vec<_>>())
    .execute(conn)
    .await?
    .rows_affected();
    Ok(fresh)
}

/// Requesters rewrapped in one transaction: short locks, and little to do again when it is stopped.
const ROTATION_BATCH: i64 = 500;

/// Wraps every requester's key with the current master key. May be stopped and started again, and run beside
/// the services; run it once more when processes that knew only the old key have stopped. Afterwards nothing
/// needs the old master key. Answers how many were wrapped.
///
/// # Errors
/// When a master key is missing that still wraps somebody, or Postgres is away; what was done stays done.
pub async fn rotate_master(pool: &PgPool, keys: &Keys, at: At, by: &Actor) -> Result<u64, StoreError> {
    let mut wrapped = 0;
    let mut after = String::new();
    while let Some(old) = next_key(pool, &after).await? {
        if old != keys.current {
            loop {
                let n = rewrap(pool, keys, &old).await?;
                wrapped += n;
                if n == 0 {
                    break;
                }
            }
        }
        after = old;
    }
    let what = format!("{wrapped} requesters to {}", keys.current);
    audit::record(&mut *pool.acquire().await?, at, by, Act::RotateKeys, None, Some(&what)).await?;
    Ok(wrapped)
}

/// How many requesters each master key wraps; the empty one counts the erased. Scans an index.
///
/// # Errors
/// When Postgres is away.
pub async fn requesters_by_key(db: impl PgExecutor<'_>) -> Result<HashMap<String, u64>, StoreError> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("select key_id, count(*) from core.requester group by key_id").fetch_all(db).await?;
    Ok(rows.into_iter().map(|(key, n)| (key, u64::try_from(n).unwrap_or_default())).collect())
}

/// The next master key in use, in order. Served by `requester_key`: one step a key, however many requesters.
async fn next_key(pool: &PgPool, after: &str) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar("select key_id from core.requester where key_id > $1 order by key_id limit 1")
        .bind(after)
        .fetch_optional(pool)
        .await?)
}

/// Rewraps the next few requesters of the old key. Served by `requester_key`.
async fn rewrap(pool: &PgPool, keys: &Keys, old: &str) -> Result<u64, StoreError> {
    let mut tx = pool.begin().await?;
    let rows: Vec<(Uuid, Vec<u8>)> = sqlx::query_as(
        "select id, wrapped from core.requester where key_id = $1 and wrapped is not null
          order by id limit $2 for update",
    )
    .bind(old)
    .bind(ROTATION_BATCH)
    .fetch_all(&mut *tx)
    .await?;
    let (mut ids, mut wrapped) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for (id, bytes) in rows {
        let requester = RequesterId::new(id);
        let key = RequesterKey::unwrap(keys, old, requester, &bytes)?;
        ids.push(id);
        wrapped.push(key.wrap(keys, requester)?);
    }
    sqlx::query(
        "update core.requester r set key_id = $3, wrapped = n.wrapped
           from unnest($1::uuid[], $2::bytea[]) as n(id, wrapped)
          where r.id = n.id",
    )
    .bind(&ids)
    .bind(&wrapped)
    .bind(&keys.current)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(ids.len() as u64)
}

/// Instants as people read them.
mod instant_text {
    use super::{At, Timestamp};
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(at: &At, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(at)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<At, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse::<Timestamp>()
            .map(At::from)
            .map_err(|_| D::Error::custom("at must be a time as 2026-01-15T12:00:00Z"))
    }
}

impl Store {
    /// Erases a requester, all of it or nothing. See [`erase`].
    ///
    /// # Errors
    /// As there.
    pub async fn erase(&self, by: &Actor, requester: RequesterId, reason: &str) -> Result<Erased, StoreError> {
        let mut tx = self.pool().begin().await?;
        let erased = erase(&mut tx, self.keys(), self.clock().now(), by, requester, reason).await?;
        tx.commit().await?;
        Ok(erased)
    }

    /// Who was erased, but for those that are known already. Scans the primary key of `erased`: erasures are few.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn erased_but(&self, known: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
        let query = "select requester_id from core.erased where requester_id <> all($1) order by requester_id";
        Ok(sqlx::query_scalar(query).bind(known).fetch_all(self.pool()).await?)
    }

    /// The tickets of these requesters. Served by `text_requester`.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn tickets_of(&self, requesters: &[Uuid]) -> Result<Vec<TicketId>, StoreError> {
        let query = "select distinct ticket_id from core.text where requester_id = any($1)";
        let ids: Vec<Uuid> = sqlx::query_scalar(query).bind(requesters).fetch_all(self.pool()).await?;
        Ok(ids.into_iter().map(TicketId::new).collect())
    }

    /// See [`export_erasures`].
    ///
    /// # Errors
    /// As there.
    pub async fn export_erasures(&self) -> Result<String, StoreError> {
        export_erasures(self.pool()).await
    }

    /// Brings tombstones back and applies all of them: what a restore of a backup ends with.
    ///
    /// # Errors
    /// As [`import_erasures`] and [`reapply_erasures`]; nothing was done then.
    pub async fn restore_erasures(&self, lines: &str) -> Result<Erased, StoreError> {
        let mut tx = self.pool().begin().await?;
        import_erasures(&mut tx, lines).await?;
        let erased = reapply_erasures(&mut tx).await?;
        tx.commit().await?;
        Ok(erased)
    }

    /// See [`rotate_master`].
    ///
    /// # Errors
    /// As there.
    pub async fn rotate_master(&self, by: &Actor) -> Result<u64, StoreError> {
        rotate_master(self.pool(), self.keys(), self.clock().now(), by).await
    }

    /// The requesters behind these tickets' words and files: whom an erasure asked for by ticket would erase.
    /// Served by `text_ticket` and `attachment_ticket`.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn requesters_of(&self, tickets: &[TicketId]) -> Result<Vec<RequesterId>, StoreError> {
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "select requester_id from core.text where ticket_id = any($1) and requester_id is not null
             union select requester_id from core.attachment where ticket_id = any($1) order by 1",
        )
        .bind(tickets.iter().map(|t| t.uuid()).collect::<Vec<_>>())
        .fetch_all(self.pool())
        .await?;
        Ok(ids.into_iter().map(RequesterId::new).collect())
    }
}
