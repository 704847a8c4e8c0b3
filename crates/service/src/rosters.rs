//! The roster in force: published as versions, as catalogues are, and looked up again now and then.

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use suban_domain::{Actor, At, VersionCode, calendar::Calendars};
use suban_roster::{Files, Problems, Roster, Units};
use suban_runtime::Tasks;
use suban_store::{Store, StoreError, versions::NewVersion};

use crate::looking::look_again;

/// The kind under which rosters are published.
pub const KIND: &str = "roster";
/// A new roster is known everywhere after this.
const REFRESH: Duration = Duration::from_secs(5);

/// What is published: the tables, and the units as they were then.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Body {
    units: String,
    files: Files,
}

/// A roster as it was published.
#[derive(Debug)]
pub struct RosterInForce {
    /// Its version.
    pub version: VersionCode,
    /// Who serves when.
    pub roster: Roster,
}

/// Why a roster is not published.
#[derive(Debug, thiserror::Error)]
pub enum RosterRefused {
    /// Something in it makes no sense; every problem by table, row and column.
    #[error("{0}")]
    Problems(#[from] Problems),
    /// The units are no table.
    #[error("{0}")]
    Units(String),
    /// It cannot be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Builds a roster from its tables and the table of units.
///
/// # Errors
/// Everything that is wrong.
pub fn build(units: &str, files: &Files) -> Result<Roster, RosterRefused> {
    let units = Units::parse(units).map_err(RosterRefused::Units)?;
    let calendars = Calendars::shipped().map_err(|e| RosterRefused::Units(e.to_string()))?;
    Ok(Roster::parse(files, &units, &calendars)?)
}

/// Publishes a roster under the name of its content; the same again changes nothing.
///
/// # Errors
/// Everything that is wrong with it; nothing is published then.
pub async fn publish(
    store: &Store,
    by: &Actor,
    units: &str,
    files: &Files,
    (effective_at, reason): (At, &str),
) -> Result<VersionCode, RosterRefused> {
    build(units, files)?;
    let damaged = |e: &dyn std::fmt::Display| StoreError::Damaged { what: "roster", problem: e.to_string() };
    let body = Body { units: units.to_owned(), files: files.clone() };
    let body = serde_json::to_value(body).map_err(|e| damaged(&e))?;
    let version = VersionCode::new(format!("roster:{}", mark(&body))).map_err(|e| damaged(&e))?;
    store.publish(by, &NewVersion { kind: KIND, version: &version, effective_at, reason, body: &body }).await?;
    Ok(version)
}

/// Eight hexadecimal digits of what it says.
fn mark(body: &Value) -> String {
    use sha2::Digest as _;
    let hash = sha2::Sha256::digest(body.to_string());
    hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Knows the roster in force. Cheap to clone.
#[derive(Clone)]
pub struct Rosters {
    store: Store,
    now: Arc<RwLock<Option<Arc<RosterInForce>>>>,
}

impl Rosters {
    /// Loads the one in force and keeps looking for newer ones.
    ///
    /// # Errors
    /// When Postgres is away or the stored roster cannot be built.
    pub async fn start(store: Store, tasks: &Tasks) -> Result<Self, StoreError> {
        let rosters = Self { store, now: Arc::default() };
        rosters.refresh().await?;
        look_again(tasks, "roster", REFRESH, rosters.clone(), |rosters| Box::pin(rosters.refresh()));
        Ok(rosters)
    }

    /// The one in force at this moment, for a tool that needs it once.
    ///
    /// # Errors
    /// When Postgres is away or the stored roster cannot be built.
    pub async fn once(store: &Store) -> Result<Option<Arc<RosterInForce>>, StoreError> {
        let rosters = Self { store: store.clone(), now: Arc::default() };
        rosters.refresh().await?;
        Ok(rosters.now())
    }

    /// The one in force now; none where a city has published none.
    #[must_use]
    pub fn now(&self) -> Option<Arc<RosterInForce>> {
        self.now.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    async fn refresh(&self) -> Result<(), StoreError> {
        let at = self.store.clock().now();
        let Some(version) = self.store.name_in_force(KIND, at).await? else { return Ok(()) };
        if self.now().is_some_and(|held| held.version == version) {
            return Ok(());
        }
        let Some((version, body)) = self.store.in_force(KIND, at).await? else { return Ok(()) };
        let damaged = |problem: String| StoreError::Damaged { what: "roster", problem };
        let body: Body = serde_json::from_value(body).map_err(|e| damaged(e.to_string()))?;
        let roster = build(&body.units, &body.files).map_err(|e| damaged(e.to_string()))?;
        let known = Arc::new(RosterInForce { version, roster });
        *self.now.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(known);
        Ok(())
    }
}
