//! Which catalogue is in force, with everything made from it.
//!
//! The version is looked up every few seconds and built once; a decision takes one [`InForce`] and records its
//! version. With none published, matter and lead are unknown and people dispatch.

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use suban_domain::VersionCode;
use suban_runtime::Tasks;
use suban_store::{Store, StoreError, versions};
use suban_text::{Catalogue, Reader};

/// Kind of the version rows.
pub const KIND: &str = "catalogue";

/// How often a newly published version is looked for: short enough that a wrong one is rolled back within a minute.
const REFRESH: Duration = Duration::from_secs(2);

/// A catalogue version and the reader made from it.
#[derive(Debug)]
pub struct InForce {
    /// Recorded with every decision.
    pub version: VersionCode,
    /// Matters, units, areas, rules.
    pub catalogue: Catalogue,
    /// Reads type, matter and area out of words.
    pub reader: Reader,
}

/// Knows the catalogue in force. Cheap to clone.
#[derive(Clone)]
pub struct Catalogues {
    store: Store,
    now: Arc<RwLock<Option<Arc<InForce>>>>,
}

impl Catalogues {
    /// Loads the one in force, and keeps looking for newer ones.
    ///
    /// # Errors
    /// When Postgres is away or the stored catalogue cannot be built.
    pub async fn start(store: Store, tasks: &Tasks) -> Result<Self, StoreError> {
        let catalogues = Self { store, now: Arc::default() };
        catalogues.refresh().await?;
        let (watcher, stop) = (catalogues.clone(), tasks.stop());
        tasks.spawn("catalogue", async move {
            loop {
                tokio::select! {
                    () = stop.cancelled() => return Ok::<_, std::convert::Infallible>(()),
                    () = tokio::time::sleep(REFRESH) => {}
                }
                if let Err(error) = watcher.refresh().await {
                    tracing::warn!(error = %error, "the catalogue in force could not be looked up; the last one stays");
                }
            }
        });
        Ok(catalogues)
    }

    /// The one in force at this moment, for a tool that needs it once.
    ///
    /// # Errors
    /// When Postgres is away or the stored catalogue cannot be built.
    pub async fn once(store: &Store) -> Result<Option<Arc<InForce>>, StoreError> {
        let catalogues = Self { store: store.clone(), now: Arc::default() };
        catalogues.refresh().await?;
        Ok(catalogues.now())
    }

    /// The one in force now.
    #[must_use]
    pub fn now(&self) -> Option<Arc<InForce>> {
        self.now.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Looks once, at once: after publishing, and in tests.
    ///
    /// # Errors
    /// When Postgres is away or the stored catalogue cannot be built.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let at = self.store.clock().now();
        let held = self.now().map(|f| f.version.clone());
        let Some(version) = self.store.name_in_force(KIND, at).await? else { return Ok(()) };
        if held.as_ref() == Some(&version) {
            return Ok(());
        }
        let damaged = |problem: String| StoreError::Damaged { what: "catalogue", problem };
        let body = versions::get(self.store.pool(), KIND, &version)
            .await?
            .ok_or(StoreError::NotFound { what: "catalogue" })?;
        let catalogue: Catalogue = serde_json::from_value(body).map_err(|e| damaged(e.to_string()))?;
        let reader = catalogue.reader().map_err(|e| damaged(e.to_string()))?;
        tracing::info!(version = %version, matters = catalogue.matters().len(), "catalogue in force");
        let fresh = Arc::new(InForce { version, catalogue, reader });
        *self.now.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(fresh);
        Ok(())
    }
}
