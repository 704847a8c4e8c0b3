//! Keeps what was learned in step with the tables it is learned from.
//!
//! Every instance reads the same rows in the same order and so knows the same. Outcomes count from the day after
//! theirs; one that is written while its day ends may be left out until the next start. Rulings and checks are looked
//! for every few seconds.

use std::{
    convert::Infallible,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use jiff::civil::Date;
use suban_service::{App, StartError};
use suban_store::StoreError;

use suban_learn::unit::Lineage;

use crate::{
    learned::{self, Learned},
    tables::{self, Counts},
};

/// How often rulings and checks are looked for.
const REFRESH: Duration = Duration::from_secs(2);

/// What the city has learned so far. Cheap to clone.
#[derive(Clone)]
pub struct Experiences {
    app: App,
    held: Arc<RwLock<Held>>,
}

/// What was learned, and how far the tables were read.
struct Held {
    learned: Learned,
    until: Option<Date>,
    seen: Counts,
}

impl Held {
    fn nothing(lineage: Lineage) -> Result<Self, StoreError> {
        let learned =
            Learned::nothing(lineage).map_err(|e| StoreError::Damaged { what: "features", problem: e.to_string() })?;
        Ok(Self { learned, until: None, seen: Counts::default() })
    }
}

/// Whose past is whose by the catalogue in force; nobody's where none is.
fn lineage(app: &App) -> Lineage {
    let in_force = app.catalogues.now();
    let lineage = in_force.as_ref().map(|f| learned::lineage(&f.catalogue)).transpose();
    lineage
        .unwrap_or_else(|error| {
            tracing::warn!(error = %error, "the catalogue's former units contradict each other; they are left out");
            None
        })
        .unwrap_or_default()
}

impl Experiences {
    /// Reads everything there is.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn load(app: &App) -> Result<Self, StoreError> {
        let held = Held::nothing(lineage(app))?;
        let experiences = Self { app: app.clone(), held: Arc::new(RwLock::new(held)) };
        experiences.refresh().await?;
        Ok(experiences)
    }

    /// Reads everything there is, and keeps reading.
    ///
    /// # Errors
    /// When Postgres is away.
    pub(crate) async fn start(app: &App) -> Result<Self, StartError> {
        let experiences = Self::load(app).await?;
        let (watcher, stop) = (experiences.clone(), app.tasks.stop());
        app.tasks.spawn("experience", async move {
            loop {
                tokio::select! {
                    () = stop.cancelled() => return Ok::<_, Infallible>(()),
                    () = tokio::time::sleep(REFRESH) => {}
                }
                if let Err(error) = watcher.refresh().await {
                    tracing::warn!(error = %error, "what was learned could not be looked up; it is tried again");
                }
            }
        });
        Ok(experiences)
    }

    /// What is known at this moment. Never held over a wait.
    pub(crate) fn now(&self) -> Now<'_> {
        Now { held: self.held.read().unwrap_or_else(PoisonError::into_inner), today: self.today() }
    }

    fn today(&self) -> Date {
        self.app.store.zone().to_datetime(self.app.clock().now().timestamp()).date()
    }

    async fn refresh(&self) -> Result<(), StoreError> {
        let (pool, today) = (self.app.store.pool(), self.today());
        let lineage = lineage(&self.app);
        {
            // Other units than before: what was learned is read anew, as theirs.
            let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
            if *held.learned.lineage() != lineage {
                *held = Held::nothing(lineage)?;
            }
        }
        let (until, seen) = {
            let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
            (held.until, held.seen)
        };
        let counts = tables::counts(pool).await?;
        let (rulings, checks) = if counts == seen {
            (None, None)
        } else {
            (Some(tables::rulings(pool).await?), Some(tables::checks(pool).await?))
        };
        let mut after = None;
        // Nothing new until the day changes: then the question is for the days that are over.
        while until.is_none_or(|until| until < today)
            && let page = tables::outcomes(pool, until, today, after).await?
            && let Some((id, outcome)) = page.last()
        {
            after = Some((outcome.day, *id));
            let catalogue = self.app.catalogues.now();
            let catalogue = catalogue.as_ref().map(|f| &f.catalogue);
            let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
            page.iter().for_each(|(_, outcome)| held.learned.take(outcome, catalogue));
        }
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.learned.close(today);
        held.until = Some(today);
        held.seen = counts;
        if let Some(rulings) = rulings {
            held.learned.set_rulings(rulings);
        }
        if let Some(checks) = checks {
            held.learned.set_checks(checks);
        }
        Ok(())
    }
}

/// What is known at one moment.
pub(crate) struct Now<'a> {
    held: RwLockReadGuard<'a, Held>,
    /// The city's day.
    pub(crate) today: Date,
}

impl Now<'_> {
    pub(crate) fn learned(&self) -> &Learned {
        &self.held.learned
    }
}
