//! Published versions of what people argue about: catalogues, gazetteers, limits.
//!
//! A version never changes once it is published; a mistake is put right by another version. Which one is in
//! force at an instant is a question of effective dates alone, so that an old decision can be explained.

use serde_json::Value;
use sqlx::{PgConnection, PgExecutor};
use suban_domain::{Actor, At, Refusal, VersionCode};
use time::OffsetDateTime;

use crate::{
    Store, StoreError,
    audit::{self, Act},
    from_db, to_db,
};

/// A version to be published.
#[derive(Debug, Clone)]
pub struct NewVersion<'a> {
    /// Of what, for example `catalogue`.
    pub kind: &'a str,
    /// Its name; one of a kind.
    pub version: &'a VersionCode,
    /// In force from then on, until one with a later date is.
    pub effective_at: At,
    /// Why it was made.
    pub reason: &'a str,
    /// The content.
    pub body: &'a Value,
}

/// What is known of a version besides its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its name.
    pub version: VersionCode,
    /// In force from then on.
    pub effective_at: At,
    /// When it was published.
    pub published_at: At,
    /// By whom.
    pub published_by: String,
    /// Why.
    pub reason: String,
}

type PublishedRow = (String, OffsetDateTime, OffsetDateTime, String, String);

fn code(version: String) -> Result<VersionCode, StoreError> {
    VersionCode::new(version).map_err(|e| StoreError::Damaged { what: "version", problem: e.to_string() })
}

/// Publishes a version. The same again, with the same content and date, changes nothing.
///
/// # Errors
/// `Refused` when a version of this name says something else already; when Postgres is away.
pub async fn publish(conn: &mut PgConnection, at: At, by: &Actor, new: &NewVersion<'_>) -> Result<(), StoreError> {
    let fresh = sqlx::query(
        "insert into core.version (kind, version, effective_at, published_at, published_by, reason, body)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (kind, version) do nothing",
    )
    .bind(new.kind)
    .bind(new.version.as_str())
    .bind(to_db(new.effective_at))
    .bind(to_db(at))
    .bind(by.person.as_str())
    .bind(new.reason)
    .bind(new.body)
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if fresh == 1 {
        let what = format!("{} {}: {}", new.kind, new.version, new.reason);
        return audit::record(conn, at, by, Act::Publish, None, Some(&what)).await;
    }
    let same: bool =
        sqlx::query_scalar("select body = $3 and effective_at = $4 from core.version where kind = $1 and version = $2")
            .bind(new.kind)
            .bind(new.version.as_str())
            .bind(new.body)
            .bind(to_db(new.effective_at))
            .fetch_one(conn)
            .await?;
    if same {
        Ok(())
    } else {
        Err(Refusal::Unfit {
            action: "publish",
            field: "version",
            problem: "is published already with another content or date; choose another name",
        }
        .into())
    }
}

/// The version in force at `at`: of those effective by then the latest, and of equals the last published.
/// Served by `version_in_force`.
///
/// # Errors
/// When Postgres is away.
pub async fn in_force(db: impl PgExecutor<'_>, kind: &str, at: At) -> Result<Option<(VersionCode, Value)>, StoreError> {
    let row: Option<(String, Value)> = sqlx::query_as(
        "select version, body from core.version where kind = $1 and effective_at <= $2
          order by effective_at desc, published_at desc limit 1",
    )
    .bind(kind)
    .bind(to_db(at))
    .fetch_optional(db)
    .await?;
    row.map(|(version, body)| Ok((code(version)?, body))).transpose()
}

/// Only the name of the version in force at `at`: cheap enough to ask every few seconds.
/// Served by `version_in_force`.
///
/// # Errors
/// When Postgres is away.
pub async fn name_in_force(db: impl PgExecutor<'_>, kind: &str, at: At) -> Result<Option<VersionCode>, StoreError> {
    let version: Option<String> = sqlx::query_scalar(
        "select version from core.version where kind = $1 and effective_at <= $2
          order by effective_at desc, published_at desc limit 1",
    )
    .bind(kind)
    .bind(to_db(at))
    .fetch_optional(db)
    .await?;
    version.map(code).transpose()
}

/// One version's content. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn get(db: impl PgExecutor<'_>, kind: &str, version: &VersionCode) -> Result<Option<Value>, StoreError> {
    Ok(sqlx::query_scalar("select body from core.version where kind = $1 and version = $2")
        .bind(kind)
        .bind(version.as_str())
        .fetch_optional(db)
        .await?)
}

/// Every version of a kind, the latest to be in force first. Served by `version_in_force`.
///
/// # Errors
/// When Postgres is away.
pub async fn list(db: impl PgExecutor<'_>, kind: &str) -> Result<Vec<Published>, StoreError> {
    let rows: Vec<PublishedRow> = sqlx::query_as(
        "select version, effective_at, published_at, published_by, reason from core.version
          where kind = $1 order by effective_at desc, published_at desc",
    )
    .bind(kind)
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|(version, effective_at, published_at, published_by, reason)| {
            Ok(Published {
                version: code(version)?,
                effective_at: from_db(effective_at),
                published_at: from_db(published_at),
                published_by,
                reason,
            })
        })
        .collect()
}

/// A version that is in force again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolledBack {
    /// Its name: that of the earlier one with the next number, `demo:1a2b3c4d.2`.
    pub version: VersionCode,
    /// Its content was in force already, so nothing changed.
    pub repeated: bool,
}

/// Puts an earlier version in force again from `at` on, as a version of its own: no version changes once it is
/// published, so that every decision of the time between can still be explained. A later one that waits for its date
/// still comes. Where its content is in force already nothing changes.
///
/// # Errors
/// `NotFound` when there is no such version; when Postgres is away.
pub async fn roll_back(
    conn: &mut PgConnection,
    at: At,
    by: &Actor,
    kind: &str,
    to: &VersionCode,
    reason: &str,
) -> Result<RolledBack, StoreError> {
    let body = get(&mut *conn, kind, to).await?.ok_or(StoreError::NotFound { what: "version" })?;
    if let Some((version, now)) = in_force(&mut *conn, kind, at).await?
        && now == body
    {
        return Ok(RolledBack { version, repeated: true });
    }
    let number =
        |version: &str| version.rsplit_once('.').and_then(|(first, n)| Some((first.to_owned(), n.parse().ok()?)));
    let first = number(to.as_str()).map_or_else(|| to.to_string(), |(first, _): (String, u32)| first);
    // Served by the primary key; a kind has tens of versions.
    let known: Vec<String> =
        sqlx::query_scalar("select version from core.version where kind = $1 and starts_with(version, $2)")
            .bind(kind)
            .bind(format!("{first}."))
            .fetch_all(&mut *conn)
            .await?;
    let last = known.iter().filter_map(|v| number(v)).filter(|(f, _)| *f == first).map(|(_, n)| n).max().unwrap_or(1);
    let version = code(format!("{first}.{}", last.saturating_add(1)))?;
    let reason = format!("back to {to}: {reason}");
    publish(conn, at, by, &NewVersion { kind, version: &version, effective_at: at, reason: &reason, body: &body })
        .await?;
    Ok(RolledBack { version, repeated: false })
}

impl Store {
    /// See [`roll_back`].
    ///
    /// # Errors
    /// As there.
    pub async fn roll_back(
        &self,
        by: &Actor,
        kind: &str,
        to: &VersionCode,
        reason: &str,
    ) -> Result<RolledBack, StoreError> {
        let mut tx = self.pool().begin().await?;
        let back = roll_back(&mut tx, self.clock().now(), by, kind, to, reason).await?;
        tx.commit().await?;
        Ok(back)
    }

    /// See [`publish`].
    ///
    /// # Errors
    /// As there.
    pub async fn publish(&self, by: &Actor, new: &NewVersion<'_>) -> Result<(), StoreError> {
        let mut tx = self.pool().begin().await?;
        publish(&mut tx, self.clock().now(), by, new).await?;
        tx.commit().await?;
        Ok(())
    }

    /// See [`in_force`].
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn in_force(&self, kind: &str, at: At) -> Result<Option<(VersionCode, Value)>, StoreError> {
        in_force(self.pool(), kind, at).await
    }

    /// See [`name_in_force`].
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn name_in_force(&self, kind: &str, at: At) -> Result<Option<VersionCode>, StoreError> {
        name_in_force(self.pool(), kind, at).await
    }
}
