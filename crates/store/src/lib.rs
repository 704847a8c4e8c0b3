//! Postgres: migrations, the ticket with its log, and the one transaction that changes tickets.
//!
//! - [`Store::load`] reads tickets, [`Change::decide`] decides in pure code, [`Store::commit`] writes: the
//!   row, its log, the way out to Kafka and the queues' narrow row in one statement, guarded by the version.
//! - [`Writer`] gathers what people and channels ask at the same moment into such batches.
//! - [`texts`] is the one door for every free text: masked in clear, the original under the requester's key.
//! - [`Store::join`] and its kin change two or more tickets at once, under locks taken in the order of their ids.
//!
//! What never happens here: a decision. What never leaves here in clear: personal data, except through the
//! two `reveal` functions, which write who looked and why, and the files of [`attachments`], likewise.

pub mod attachments;
pub mod audit;
mod bulk;
mod city_clock;
mod commit;
pub mod contacts;
mod create;
mod crypto;
mod erase;
mod gather;
mod instant;
mod members;
mod merge;
mod models;
mod numbers;
pub mod outbox;
mod query;
mod row;
mod schema;
pub mod split;
pub mod texts;
mod ticket_texts;
mod tokens;
pub mod versions;

use std::sync::Arc;

use sqlx::{PgPool, postgres::PgPoolOptions};
use suban_domain::Refusal;
use suban_runtime::{Clock, Ids, Keys, Settings};

pub use city_clock::{city_clock, city_time};
pub use commit::{Change, Done};
pub use create::{Created, NewTicket};
pub use crypto::*;
pub use erase::*;
pub use gather::{Acted, Ask, MakeCommand, Target, Writer};
pub use instant::{from_db, to_db};
pub use members::Membership;
pub use merge::{Group, Join};
pub use models::ModelBody;
pub use numbers::Numbers;
pub use query::*;
pub use schema::migrate;
pub use ticket_texts::{StoredText, Told};
pub use tokens::*;

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Postgres refused or is away.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The migrations could not be applied.
    #[error("migrations: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// Something stored cannot be read back.
    #[error("{what} is damaged: {problem}")]
    Damaged {
        /// What.
        what: &'static str,
        /// Why.
        problem: String,
    },
    /// There is no such thing.
    #[error("no such {what}")]
    NotFound {
        /// What.
        what: &'static str,
    },
    /// The rules say no; nothing changed.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// A key or a ciphertext does not fit.
    #[error("{0}")]
    Crypto(#[from] CryptoError),
    /// Others kept changing the same tickets; trying again later may help.
    #[error("the ticket kept changing under other hands; try again")]
    Contended,
    /// The process is stopping.
    #[error("the writer has stopped")]
    Stopped,
}

impl StoreError {
    /// Would the same call succeed once the database is back or the others are done?
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database(error) => !is_data_error(error),
            Self::Contended | Self::Stopped => true,
            Self::Migrate(_) | Self::Damaged { .. } | Self::NotFound { .. } | Self::Refused(_) | Self::Crypto(_) => {
                false
            }
        }
    }
}

/// SQLSTATE classes 22 and 23: the values themselves are wrong, so that a repeat would fail again.
pub(crate) fn is_data_error(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(|e| e.code())
        .is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
}

/// The shared store. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    pool: PgPool,
    keys: Keys,
    clock: Clock,
    ids: Ids,
    zone: jiff::tz::TimeZone,
    numbers: Numbers,
    written: outbox::Written,
}

impl Store {
    /// Connects with the settings' pool.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn connect(settings: &Settings, keys: Keys, clock: Clock) -> Result<Self, StoreError> {
        let pool = connect_pool(settings).await?;
        Ok(Self::new(pool, keys, clock, settings.city.time_zone()))
    }

    /// A store over a pool that is there already.
    #[must_use]
    pub fn new(pool: PgPool, keys: Keys, clock: Clock, zone: jiff::tz::TimeZone) -> Self {
        let ids = Ids::new(clock.clone());
        let numbers = Numbers::new(zone.clone());
        let written = outbox::Written::default();
        Self(Arc::new(Inner { pool, keys, clock, ids, zone, numbers, written }))
    }

    /// The pool, for a service's own tables.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.0.pool
    }
    /// What this store has written to the outbox, for who tells the relays.
    #[must_use]
    pub fn written(&self) -> &outbox::Written {
        &self.0.written
    }
    /// The suite's keys.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.0.keys
    }
    /// The injected clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }
    /// Makes ids.
    #[must_use]
    pub fn ids(&self) -> &Ids {
        &self.0.ids
    }
    /// The city's zone.
    #[must_use]
    pub fn zone(&self) -> &jiff::tz::TimeZone {
        &self.0.zone
    }
    pub(crate) fn numbers(&self) -> &Numbers {
        &self.0.numbers
    }
}

/// A pool by the settings; each connection gives up on a statement after `database.statement_timeout`.
///
/// # Errors
/// When Postgres cannot be reached or the address is malformed.
pub async fn connect_pool(settings: &Settings) -> Result<PgPool, StoreError> {
    use std::str::FromStr as _;
    let options = sqlx::postgres::PgConnectOptions::from_str(settings.database.url.expose())?.options([
        ("statement_timeout", settings.database.statement_timeout.as_millis().to_string()),
        // Every query has its index. A plan made while a table was small is kept as long as the connection, and
        // one that read the whole table then would go on doing so.
        ("enable_seqscan", "off".to_owned()),
        ("enable_mergejoin", "off".to_owned()),
        // Compiling a plan takes longer than any of ours runs.
        ("jit", "off".to_owned()),
    ]);
    let pool = PgPoolOptions::new()
        .max_connections(settings.database.max_connections)
        .acquire_timeout(settings.database.acquire_timeout)
        .connect_with(options)
        .await?;
    Ok(pool)
}
