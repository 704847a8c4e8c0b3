//! Migrations: one folder, forward only.

use sqlx::PgPool;

use crate::StoreError;

/// Brings the database to this version of the suite. Several processes may call it at once.
///
/// # Errors
/// When a migration fails or the database is of a newer version.
pub async fn migrate(pool: &PgPool) -> Result<(), StoreError> {
    sqlx::migrate!("./migrations").run(pool).await?;
    Ok(())
}
