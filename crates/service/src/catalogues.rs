//! Which catalogue is in force, with everything made from it, and the learned reading beside it.
//!
//! The version is looked up every few seconds and built once; a decision takes one [`InForce`] and records its
//! version. With none published, matter and lead are unknown and people dispatch.

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use suban_domain::{Urgency, VersionCode};
use suban_learn::CategoryModel;
use suban_runtime::Tasks;
use suban_store::{ModelBody, Store, StoreError, versions};
use suban_text::{Catalogue, Reader, Reading, ToRead, split};

use crate::{Category, looking::look_again};

/// Kind of the version rows.
pub const KIND: &str = "catalogue";
/// Kind of the version rows of learned readings of matters.
pub const CATEGORY: &str = "category";

/// How often a newly published version is looked for: short enough that a wrong one is rolled back within a minute.
const REFRESH: Duration = Duration::from_secs(2);

/// A catalogue version and the reader made from it.
#[derive(Debug, Clone)]
pub struct InForce {
    /// Recorded with every decision.
    pub version: VersionCode,
    /// Matters, units, areas, rules.
    pub catalogue: Catalogue,
    /// Reads type, matter and area out of words.
    pub reader: Reader,
    /// The learned reading of matters, where one is in force, can be used, and this process reads demands.
    category: Option<Arc<Category>>,
    /// The version of the learned reading in force, usable or not, so that a damaged one is looked at once.
    category_version: Option<VersionCode>,
}

impl InForce {
    /// Reads a message by the catalogue's words and, where one is in force, by what was learned. The version names
    /// both.
    #[must_use]
    pub fn read(&self, message: &ToRead<'_>) -> Reading {
        let Some(category) = &self.category else { return self.reader.read(message) };
        let mut reading = category.read(&self.reader, |matter| self.catalogue.matter(matter).is_some(), message);
        if let Ok(both) = VersionCode::new(format!("{}/{}", reading.version, category.version())) {
            reading.version = both;
        }
        reading
    }

    /// What a demand is accepted with (F08), and how urgent it sounds. Where nobody has said which matter it is, it is
    /// also said whether the words hold several demands.
    #[must_use]
    pub fn accept(&self, message: &ToRead<'_>) -> (suban_domain::Reading, Option<Urgency>) {
        let Reading { kind, matter, area, version, urgency_hint, .. } = self.read(message);
        let several = match message.declared_matter {
            Some(_) => Vec::new(),
            None => split(&self.reader, message.text).into_iter().map(|part| part.matter).collect(),
        };
        (suban_domain::Reading { kind, matter, area, version, several }, urgency_hint)
    }

    /// The same catalogue, read with this learned reading: to try it.
    #[must_use]
    pub fn with(&self, category: Category) -> Self {
        let Self { version, catalogue, reader, category_version, .. } = self.clone();
        Self { version, catalogue, reader, category: Some(Arc::new(category)), category_version }
    }
}

/// Knows the catalogue in force. Cheap to clone.
#[derive(Clone)]
pub struct Catalogues {
    store: Store,
    /// Models are read too: only by who reads demands, for they take memory.
    learned: bool,
    now: Arc<RwLock<Option<Arc<InForce>>>>,
}

impl Catalogues {
    /// Loads the one in force, with the learned reading where that is wanted, and keeps looking for newer ones.
    ///
    /// # Errors
    /// When Postgres is away or the stored catalogue cannot be built.
    pub async fn start(store: Store, learned: bool, tasks: &Tasks) -> Result<Self, StoreError> {
        let catalogues = Self { store, learned, now: Arc::default() };
        catalogues.refresh().await?;
        look_again(tasks, "catalogue", REFRESH, catalogues.clone(), |catalogues| Box::pin(catalogues.refresh()));
        Ok(catalogues)
    }

    /// The one in force at this moment, for a tool that needs it once.
    ///
    /// # Errors
    /// When Postgres is away or the stored catalogue cannot be built.
    pub async fn once(store: &Store) -> Result<Option<Arc<InForce>>, StoreError> {
        Self { store: store.clone(), learned: false, now: Arc::default() }.looked_up().await
    }

    /// The same with the learned reading.
    ///
    /// # Errors
    /// When Postgres is away or the stored catalogue cannot be built.
    pub async fn once_learned(store: &Store) -> Result<Option<Arc<InForce>>, StoreError> {
        Self { store: store.clone(), learned: true, now: Arc::default() }.looked_up().await
    }

    async fn looked_up(self) -> Result<Option<Arc<InForce>>, StoreError> {
        self.refresh().await?;
        Ok(self.now())
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
        let held = self.now();
        let Some(version) = self.store.name_in_force(KIND, at).await? else { return Ok(()) };
        let category_version = if self.learned { self.store.name_in_force(CATEGORY, at).await? } else { None };
        let same = |held: &InForce| held.version == version && held.category_version == category_version;
        if held.as_deref().is_some_and(same) {
            return Ok(());
        }
        let (catalogue, reader) = match &held {
            Some(held) if held.version == version => (held.catalogue.clone(), held.reader.clone()),
            Some(_) | None => self.catalogue(&version).await?,
        };
        let category = match (&held, &category_version) {
            (Some(held), known) if held.category_version == *known => held.category.clone(),
            (_, Some(version)) => self.category(version).await?,
            (_, None) => None,
        };
        let fresh = InForce { version, catalogue, reader, category, category_version };
        *self.now.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Arc::new(fresh));
        Ok(())
    }

    async fn catalogue(&self, version: &VersionCode) -> Result<(Catalogue, Reader), StoreError> {
        let body =
            versions::get(self.store.pool(), KIND, version).await?.ok_or(StoreError::NotFound { what: "catalogue" })?;
        let catalogue: Catalogue = serde_json::from_value(body).map_err(damaged("catalogue"))?;
        let reader = catalogue.reader().map_err(damaged("catalogue"))?;
        tracing::info!(version = %version, matters = catalogue.matters().len(), "catalogue in force");
        Ok((catalogue, reader))
    }

    /// The learned reading of this name. One that cannot be used is told and left out: the catalogue's words read on.
    async fn category(&self, version: &VersionCode) -> Result<Option<Arc<Category>>, StoreError> {
        let body =
            versions::get(self.store.pool(), CATEGORY, version).await?.ok_or(StoreError::NotFound { what: "model" })?;
        let body: ModelBody = serde_json::from_value(body).map_err(damaged("model"))?;
        match CategoryModel::load(&self.store.model(&body).await?) {
            Ok(model) => {
                tracing::info!(version = %version, matters = model.classes().len(), "learned reading in force");
                Ok(Some(Arc::new(Category::new(version.to_string(), model))))
            }
            Err(error) => {
                tracing::error!(version = %version, error = %error, "the learned reading cannot be used; words read on");
                Ok(None)
            }
        }
    }
}

fn damaged<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> StoreError {
    move |e| StoreError::Damaged { what, problem: e.to_string() }
}
