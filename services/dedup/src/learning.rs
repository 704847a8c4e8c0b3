//! By what it is judged: the curves and thresholds that ship, or those that the city's answers taught.

use serde::{Deserialize, Serialize};
use suban_domain::{At, Span, VersionCode};
use suban_likeness::learned::{Learned, WANTED};
use suban_service::App;
use suban_store::{ModelBody, Store, StoreError, versions};

use crate::{
    decide::{BASIS, SAME_WORDS, lots::Lots},
    tables::answers,
};

/// Kind of the version rows of what was learned of likeness.
pub const LIKENESS: &str = "likeness";

/// What is known of a learned judgement besides itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Figures {
    /// Answers that it was learned from.
    pub answers: usize,
    /// How many of them were yes.
    pub right: usize,
    /// Up to when they were given: what was said later tries it.
    pub until: At,
    /// Categories that merge without a person.
    pub automatic: usize,
}

/// By what is judged now.
#[derive(Debug, Clone)]
pub struct Judging {
    /// Recorded with verdicts, questions and merges.
    pub basis: VersionCode,
    /// Curves and thresholds, without the categories that checks have turned off.
    pub learned: Learned,
    /// Which pairs a person looks at although no person was needed.
    pub lots: Lots,
    /// The version in force, usable or not, so that a damaged one is told once.
    version: Option<VersionCode>,
    /// As it was learned, and when.
    taught: Option<(Learned, At)>,
}

impl Judging {
    /// By what ships.
    ///
    /// # Errors
    /// Never, unless what ships is broken.
    pub fn shipped() -> Result<Self, StoreError> {
        let broken = |problem: String| StoreError::Damaged { what: "model of likeness", problem };
        Ok(Self {
            basis: VersionCode::new(BASIS).map_err(|e| broken(e.to_string()))?,
            learned: Learned::shipped().map_err(|e| broken(e.to_string()))?,
            lots: Lots { sure: 0.0, unlikely: 0.0 },
            version: None,
            taught: None,
        })
    }

    /// By what is in force now, and by what people have said since. One that cannot be used is told and passed over: what
    /// was in force before goes on.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn now(&self, app: &App) -> Result<Self, StoreError> {
        let (store, keep, now) = (&app.store, &app.settings.duplicates, app.clock().now());
        let mut judging = self.clone();
        let version = versions::name_in_force(store.pool(), LIKENESS, now).await?;
        if version != self.version {
            judging.version.clone_from(&version);
            match &version {
                None => judging = Self { lots: self.lots, ..Self::shipped()? },
                Some(version) => match taught(store, version).await? {
                    Ok((learned, figures)) => {
                        tracing::info!(%version, automatic = learned.automatic.len(), "likeness is judged by this");
                        judging.basis = VersionCode::new(format!("{SAME_WORDS}/{version}"))
                            .map_err(|e| StoreError::Damaged { what: "version", problem: e.to_string() })?;
                        judging.learned = learned.clone();
                        judging.taught = Some((learned, figures.until));
                    }
                    Err(problem) => {
                        tracing::error!(%version, problem, "it cannot be used; what was in force before goes on");
                    }
                },
            }
        }
        if let Some((learned, until)) = judging.taught.as_ref().filter(|(learned, _)| !learned.automatic.is_empty()) {
            let still = learned.still(&answers::checks(store.pool(), *until).await?, WANTED);
            for category in judging.learned.automatic.keys().filter(|c| !still.automatic.contains_key(*c)) {
                tracing::warn!(category, "checks found too many wrong merges: a person is asked from now on");
            }
            metrics::gauge!("suban_automatic_merge_matters", "state" => "on").set(still.automatic.len() as f64);
            let off = learned.automatic.len() - still.automatic.len();
            metrics::gauge!("suban_automatic_merge_matters", "state" => "off").set(off as f64);
            judging.learned = still;
        }
        let week = now.minus(Span::days(7));
        let drawn = answers::drawn(store.pool(), week, keep.checked_a_week).await?;
        let share = f64::from(keep.checked_permille) / 1000.0;
        judging.lots = Lots::of(share, keep.checked_a_week, |why| drawn.get(&why).copied().unwrap_or(0));
        Ok(judging)
    }
}

/// A learned judgement with its figures; in words, why it cannot be used.
///
/// # Errors
/// When Postgres is away, or there is no such version.
pub async fn taught(store: &Store, version: &VersionCode) -> Result<Result<(Learned, Figures), String>, StoreError> {
    let body = versions::get(store.pool(), LIKENESS, version).await?.ok_or(StoreError::NotFound { what: "model" })?;
    let Ok(body) = serde_json::from_value::<ModelBody>(body) else { return Ok(Err("it names no file".to_owned())) };
    let file = store.model(&body).await?;
    Ok(read(&file, body))
}

/// Reads a file with what is known of it.
///
/// # Errors
/// In words, why it cannot be used.
pub fn read(file: &[u8], body: ModelBody) -> Result<(Learned, Figures), String> {
    let learned = Learned::from_json(file).map_err(|e| e.to_string())?;
    let figures = serde_json::from_value(body.figures).map_err(|e| e.to_string())?;
    Ok((learned, figures))
}
