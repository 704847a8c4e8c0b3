//! Tokens of callers, kept as the SHA-256 of 256 random bits.

use futures::future::BoxFuture;
use sqlx::{PgConnection, PgExecutor, PgPool};
use suban_domain::{Actor, AreaCode, At, Malformed, PersonCode, Role, UnitCode};
use suban_runtime::{Access, Caller, Clock, Ids, Secret, TokenSource, TokenSourceError};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    CryptoError, Store, StoreError,
    audit::{self, Act},
    from_db, row, to_db,
};

/// The tokens in Postgres, for [`Access`].
#[derive(Debug, Clone)]
pub struct PgTokens {
    pool: PgPool,
    clock: Clock,
}

impl PgTokens {
    /// Tokens in this database; they expire by this clock.
    #[must_use]
    pub fn new(pool: PgPool, clock: Clock) -> Self {
        Self { pool, clock }
    }
}

impl TokenSource for PgTokens {
    fn find(&self, sha256: [u8; 32]) -> BoxFuture<'_, Result<Option<Caller>, TokenSourceError>> {
        Box::pin(async move {
            find_token(&self.pool, self.clock.now(), sha256).await.map_err(|e| TokenSourceError(e.to_string()))
        })
    }
}

/// A token that was just made. It is shown to its holder once.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Which; safe to log, and what revokes it.
    pub id: Uuid,
    /// The token itself.
    pub plain: Secret,
}

/// What is kept of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Which token, who acts with it.
    pub caller: Caller,
    /// Since when.
    pub created_at: At,
    /// It ends by itself.
    pub expires_at: Option<At>,
    /// It was ended.
    pub revoked_at: Option<At>,
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    id: Uuid,
    role: i16,
    person: String,
    unit: Option<String>,
    area: Option<String>,
    outsourced: bool,
    created_at: OffsetDateTime,
    expires_at: Option<OffsetDateTime>,
    revoked_at: Option<OffsetDateTime>,
}

impl TokenRow {
    fn token(self) -> Result<Token, StoreError> {
        let damaged = |e: Malformed| StoreError::Damaged { what: "token", problem: e.to_string() };
        let role = Role::from_number(i32::from(self.role))
            .ok_or_else(|| StoreError::Damaged { what: "token", problem: format!("role {} is unknown", self.role) })?;
        let actor = Actor {
            role,
            person: PersonCode::new(self.person).map_err(damaged)?,
            unit: self.unit.map(UnitCode::new).transpose().map_err(damaged)?,
            area: self.area.map(AreaCode::new).transpose().map_err(damaged)?,
        };
        Ok(Token {
            caller: Caller { token_id: self.id, actor, outsourced: self.outsourced },
            created_at: from_db(self.created_at),
            expires_at: self.expires_at.map(from_db),
            revoked_at: self.revoked_at.map(from_db),
        })
    }
}

/// The holder of a token that is in force. Served by the primary key.
async fn find_token(db: impl PgExecutor<'_>, now: At, sha256: [u8; 32]) -> Result<Option<Caller>, StoreError> {
    let row: Option<TokenRow> = sqlx::query_as(
        "select id, role, person, unit, area, outsourced, created_at, expires_at, revoked_at from core.token
          where sha256 = $1 and revoked_at is null and (expires_at is null or expires_at > $2)",
    )
    .bind(sha256.as_slice())
    .bind(to_db(now))
    .fetch_optional(db)
    .await?;
    Ok(row.map(TokenRow::token).transpose()?.map(|t| t.caller))
}

/// Makes a token for `holder`; `by` is who asked for it.
///
/// # Errors
/// When Postgres is away or the machine has no random bits.
pub async fn create_token(
    conn: &mut PgConnection,
    ids: &Ids,
    at: At,
    by: &Actor,
    holder: &Actor,
    outsourced: bool,
    expires: Option<At>,
) -> Result<NewToken, StoreError> {
    let (plain, sha256) = Access::new_token().map_err(|_| CryptoError::NoRandomness)?;
    let id = ids.uuid(at);
    sqlx::query(
        "insert into core.token (sha256, id, role, person, unit, area, outsourced, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(sha256.as_slice())
    .bind(id)
    .bind(row::number(holder.role.number()))
    .bind(holder.person.as_str())
    .bind(holder.unit.as_ref().map(UnitCode::as_str))
    .bind(holder.area.as_ref().map(AreaCode::as_str))
    .bind(outsourced)
    .bind(to_db(at))
    .bind(expires.map(to_db))
    .execute(&mut *conn)
    .await?;
    let what = format!("{id} for {} as {}", holder.person, holder.role);
    audit::record(conn, at, by, Act::TokenMade, None, Some(&what)).await?;
    Ok(NewToken { id, plain })
}

/// Ends a token; those who know it are refused once their cached answer is over. Again changes nothing.
///
/// # Errors
/// `NotFound` when there is no such token; when Postgres is away.
pub async fn revoke_token(conn: &mut PgConnection, at: At, by: &Actor, id: Uuid) -> Result<(), StoreError> {
    let revoked: Option<OffsetDateTime> = sqlx::query_scalar(
        "update core.token set revoked_at = coalesce(revoked_at, $2) where id = $1 returning revoked_at",
    )
    .bind(id)
    .bind(to_db(at))
    .fetch_optional(&mut *conn)
    .await?;
    revoked.ok_or(StoreError::NotFound { what: "token" })?;
    audit::record(conn, at, by, Act::TokenRevoked, None, Some(&id.to_string())).await
}

/// Every token ever made, oldest first; without the tokens themselves, which nobody keeps.
///
/// # Errors
/// When Postgres is away.
pub async fn list_tokens(db: impl PgExecutor<'_>) -> Result<Vec<Token>, StoreError> {
    let rows: Vec<TokenRow> = sqlx::query_as(
        "select id, role, person, unit, area, outsourced, created_at, expires_at, revoked_at
           from core.token order by created_at, id",
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(TokenRow::token).collect()
}

impl Store {
    /// Where [`Access`] looks tokens up.
    #[must_use]
    pub fn tokens(&self) -> PgTokens {
        PgTokens::new(self.pool().clone(), self.clock().clone())
    }

    /// See [`create_token`].
    ///
    /// # Errors
    /// As there.
    pub async fn create_token(
        &self,
        by: &Actor,
        holder: &Actor,
        outsourced: bool,
        expires: Option<At>,
    ) -> Result<NewToken, StoreError> {
        let mut tx = self.pool().begin().await?;
        let made = create_token(&mut tx, self.ids(), self.clock().now(), by, holder, outsourced, expires).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// See [`revoke_token`].
    ///
    /// # Errors
    /// As there.
    pub async fn revoke_token(&self, by: &Actor, id: Uuid) -> Result<(), StoreError> {
        let mut tx = self.pool().begin().await?;
        revoke_token(&mut tx, self.clock().now(), by, id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// See [`list_tokens`].
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn list_tokens(&self) -> Result<Vec<Token>, StoreError> {
        list_tokens(self.pool()).await
    }
}
