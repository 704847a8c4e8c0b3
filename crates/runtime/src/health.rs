//! Is this process alive, is it ready, and if not, what is it waiting for.
//!
//! A service makes one [`Check`] for each thing it cannot work without and flips it. Ready means that
//! every check is ready and nobody asked the process to stop.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use tokio::sync::watch;

/// The checks of one process. Cheap to clone; clones share the checks.
#[derive(Debug, Clone)]
pub struct Health(Arc<watch::Sender<State>>);

#[derive(Debug, Clone, Default)]
struct State {
    stopping: bool,
    /// What each check waits for; `None` when it is ready.
    checks: BTreeMap<&'static str, Option<String>>,
}

/// What `/readyz` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// May work be sent here?
    pub ready: bool,
    /// Has a stop been asked for?
    pub stopping: bool,
    /// Each check that is not ready, and what it is waiting for.
    pub waiting: BTreeMap<&'static str, String>,
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Health {
    /// No checks yet: ready.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(State::default())))
    }

    /// A check of this name, waiting until it is said to be ready. Asking twice gives the same check.
    #[must_use]
    pub fn check(&self, name: &'static str) -> Check {
        self.0.send_modify(|state| {
            state.checks.entry(name).or_insert_with(|| Some("starting".to_owned()));
        });
        Check { health: self.clone(), name }
    }

    /// Readiness goes off for good: the first step of a graceful stop.
    pub fn stopping(&self) {
        self.0.send_modify(|state| state.stopping = true);
    }

    /// May work be sent here, and if not, why?
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.0.borrow().readiness()
    }

    /// Waits until the process is ready: for starting order and tests.
    pub async fn ready(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|state| state.readiness().ready).await;
    }

    /// Every change of readiness, beginning with the present one.
    pub fn changes(&self) -> impl futures::Stream<Item = Readiness> + Send + use<> {
        use futures::StreamExt as _;
        tokio_stream::wrappers::WatchStream::new(self.0.subscribe()).map(|state| state.readiness())
    }
}

impl State {
    fn readiness(&self) -> Readiness {
        let waiting: BTreeMap<_, _> =
            self.checks.iter().filter_map(|(name, waits)| Some((*name, waits.clone()?))).collect();
        Readiness { ready: waiting.is_empty() && !self.stopping, stopping: self.stopping, waiting }
    }
}

/// One thing a process cannot work without.
#[derive(Debug, Clone)]
pub struct Check {
    health: Health,
    name: &'static str,
}

impl Check {
    /// It is there.
    pub fn ready(&self) {
        self.set(None);
    }

    /// It is not there, and this is what is being waited for: shown to operators, so no personal data.
    pub fn waiting(&self, reason: impl Into<String>) {
        self.set(Some(reason.into()));
    }

    fn set(&self, to: Option<String>) {
        self.health.0.send_if_modified(|state| {
            if state.checks.get(self.name) == Some(&to) {
                return false;
            }
            match &to {
                None => tracing::info!(check = self.name, "ready"),
                Some(reason) => tracing::warn!(check = self.name, %reason, "waiting"),
            }
            metrics::gauge!("suban_ready", "check" => self.name).set(if to.is_none() { 1.0 } else { 0.0 });
            state.checks.insert(self.name, to);
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_ready_when_all_its_checks_are() {
        let health = Health::new();
        assert!(health.readiness().ready);
        let (postgres, kafka) = (health.check("postgres"), health.check("kafka"));
        assert!(!health.readiness().ready);
        postgres.ready();
        kafka.waiting("no broker answers");
        assert_eq!(
            health.readiness(),
            Readiness {
                ready: false,
                stopping: false,
                waiting: BTreeMap::from([("kafka", "no broker answers".to_owned())])
            }
        );
        kafka.ready();
        assert!(health.readiness().ready);
    }

    #[test]
    fn a_stopping_process_is_never_ready_again() {
        let health = Health::new();
        health.stopping();
        health.check("late").ready();
        assert!(!health.readiness().ready);
        assert!(health.readiness().stopping);
    }

    #[tokio::test]
    async fn who_waits_for_readiness_is_woken() {
        let health = Health::new();
        let check = health.check("postgres");
        let waits = {
            let health = health.clone();
            async move { health.ready().await }
        };
        let flips = async { check.ready() };
        tokio::time::timeout(std::time::Duration::from_secs(5), futures::future::join(waits, flips)).await.unwrap();
    }
}
