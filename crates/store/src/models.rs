//! Files of learned models. A version of `core.version` names its file by its SHA-256, so that a version that is put in
//! force again shares it.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::PgExecutor;
use suban_domain::Hash;

use crate::{Store, StoreError};

/// What the body of a model's version says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelBody {
    /// SHA-256 of its file, in hexadecimal digits.
    pub file: String,
    /// What was measured when it was learned.
    pub figures: serde_json::Value,
}

impl Store {
    /// Keeps a file; the same again changes nothing. Answers its SHA-256.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn keep_model(&self, file: &[u8]) -> Result<Hash, StoreError> {
        let sum = Hash(Sha256::digest(file).into());
        sqlx::query("insert into core.model (sha256, file) values ($1, $2) on conflict do nothing")
            .bind(sum.0.as_slice())
            .bind(file)
            .execute(self.pool())
            .await?;
        Ok(sum)
    }

    /// The file that a version's body names. Served by the primary key.
    ///
    /// # Errors
    /// `NotFound` when it is gone; when Postgres is away.
    pub async fn model(&self, body: &ModelBody) -> Result<Vec<u8>, StoreError> {
        file(self.pool(), &body.file).await?.ok_or(StoreError::NotFound { what: "model" })
    }
}

async fn file(db: impl PgExecutor<'_>, digits: &str) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(sqlx::query_scalar("select file from core.model where sha256 = decode($1, 'hex')")
        .bind(digits)
        .fetch_optional(db)
        .await?)
}
