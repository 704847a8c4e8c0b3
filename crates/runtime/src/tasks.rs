//! Owned tasks and the graceful stop.
//!
//! Every background task of a process is spawned here under a name. A task that fails or panics stops
//! the whole process, which says which one it was: a process that half works is worse than one that is
//! restarted. A stop goes: readiness off, cancel, drain until one deadline; a second signal ends at once.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::FutureExt as _;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::Health;

/// Owns every background task of a process. Cheap to clone; clones own the same tasks.
#[derive(Clone)]
pub struct Tasks(Arc<Inner>);

struct Inner {
    stop: CancellationToken,
    tracker: TaskTracker,
    first_failure: Mutex<Option<Stopped>>,
    running: Mutex<Vec<&'static str>>,
}

/// Why the process ended otherwise than asked for.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Stopped {
    /// A task ended with an error.
    #[error("task {task} failed: {problem}")]
    Failed {
        /// Its name.
        task: &'static str,
        /// What it said.
        problem: String,
    },
    /// A task panicked: a defect.
    #[error("task {task} panicked: {problem}")]
    Panicked {
        /// Its name.
        task: &'static str,
        /// What it said.
        problem: String,
    },
    /// Tasks were still busy at the deadline of the stop.
    #[error("still busy after {} s: {}", deadline.as_secs_f32(), tasks.join(", "))]
    Late {
        /// How long was waited.
        deadline: Duration,
        /// The names of the tasks.
        tasks: Vec<&'static str>,
    },
    /// A second signal cut the stop short.
    #[error("a second signal ended the stop; still busy: {}", tasks.join(", "))]
    Hurried {
        /// The names of the tasks.
        tasks: Vec<&'static str>,
    },
    /// The signals of the operating system cannot be listened to.
    #[error("signals cannot be received: {problem}")]
    NoSignals {
        /// What the system said.
        problem: String,
    },
}

impl Default for Tasks {
    fn default() -> Self {
        Self::new()
    }
}

impl Tasks {
    /// No tasks yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            stop: CancellationToken::new(),
            tracker: TaskTracker::new(),
            first_failure: Mutex::new(None),
            running: Mutex::new(Vec::new()),
        }))
    }

    /// Cancelled when the process stops: a task that sees it finishes what it has begun and ends.
    #[must_use]
    pub fn stop(&self) -> CancellationToken {
        self.0.stop.child_token()
    }

    /// Asks every task to stop, as a signal would.
    pub fn request_stop(&self) {
        self.0.stop.cancel();
    }

    /// Runs `task` under `name` until it ends. An error or a panic stops the process.
    pub fn spawn<E, F>(&self, name: &'static str, task: F)
    where
        E: fmt::Display + Send + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let tasks = self.clone();
        lock(&self.0.running).push(name);
        let watched = async move {
            let ended = std::panic::AssertUnwindSafe(task).catch_unwind().await;
            {
                let mut running = lock(&tasks.0.running);
                if let Some(place) = running.iter().position(|n| *n == name) {
                    running.swap_remove(place);
                }
            }
            match ended {
                Ok(Ok(())) => tracing::debug!(task = name, "task ended"),
                Ok(Err(problem)) => tasks.fail(Stopped::Failed { task: name, problem: problem.to_string() }),
                Err(panic) => tasks.fail(Stopped::Panicked { task: name, problem: text_of(panic.as_ref()) }),
            }
        };
        self.0.tracker.spawn(watched);
    }

    fn fail(&self, failure: Stopped) {
        tracing::error!(%failure, "stopping the process");
        metrics::counter!("suban_task_failures_total").increment(1);
        lock(&self.0.first_failure).get_or_insert(failure);
        self.0.stop.cancel();
    }

    /// Runs until SIGINT or SIGTERM, or until a task fails, then stops gracefully within `drain`.
    ///
    /// # Errors
    /// When a task failed or the stop did not end in time.
    pub async fn run_until_signal(&self, health: &Health, drain: Duration) -> Result<(), Stopped> {
        let mut signals = Signals::listen()?;
        tokio::select! {
            name = signals.next() => tracing::info!(signal = name, "stopping"),
            () = self.0.stop.cancelled() => tracing::info!("stopping"),
        }
        tokio::select! {
            ended = self.stop_within(health, drain) => ended,
            name = signals.next() => {
                tracing::warn!(signal = name, "second signal: ending at once");
                Err(self.failure().unwrap_or_else(|| Stopped::Hurried { tasks: self.running() }))
            }
        }
    }

    /// Readiness off, cancel, and wait for every task until the one deadline.
    ///
    /// # Errors
    /// When a task had failed, or is still busy at the deadline.
    pub async fn stop_within(&self, health: &Health, drain: Duration) -> Result<(), Stopped> {
        health.stopping();
        self.0.stop.cancel();
        self.0.tracker.close();
        let drained = tokio::time::timeout(drain, self.0.tracker.wait()).await;
        match (self.failure(), drained) {
            (Some(failure), _) => Err(failure),
            (None, Ok(())) => Ok(()),
            (None, Err(_)) => Err(Stopped::Late { deadline: drain, tasks: self.running() }),
        }
    }

    /// The first failure, if a task failed.
    #[must_use]
    pub fn failure(&self) -> Option<Stopped> {
        lock(&self.0.first_failure).clone()
    }

    /// Names of the tasks that have not ended.
    #[must_use]
    pub fn running(&self) -> Vec<&'static str> {
        let mut names = lock(&self.0.running).clone();
        names.sort_unstable();
        names
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").field("running", &self.running()).finish_non_exhaustive()
    }
}

/// A poisoned lock guards plain data that is never left half changed.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no text".to_owned())
}

struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> Result<Self, Stopped> {
        use tokio::signal::unix::{SignalKind, signal};
        let on = |kind| signal(kind).map_err(|problem| Stopped::NoSignals { problem: problem.to_string() });
        Ok(Self { interrupt: on(SignalKind::interrupt())?, terminate: on(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn a_stop_waits_for_work_that_has_begun() {
        let (tasks, health) = (Tasks::new(), Health::new());
        let done = Arc::new(Mutex::new(false));
        let (stop, flag) = (tasks.stop(), done.clone());
        tasks.spawn("worker", async move {
            stop.cancelled().await;
            tokio::task::yield_now().await;
            *lock(&flag) = true;
            Ok::<_, String>(())
        });
        assert_eq!(tasks.running(), ["worker"]);
        tasks.stop_within(&health, PATIENCE).await.unwrap();
        assert!(*lock(&done));
        assert!(!health.readiness().ready);
        assert!(tasks.running().is_empty());
    }

    #[tokio::test]
    async fn a_failed_task_stops_the_process_and_is_named() {
        let (tasks, health) = (Tasks::new(), Health::new());
        let stop = tasks.stop();
        tasks.spawn("innocent", async move {
            stop.cancelled().await;
            Ok::<_, String>(())
        });
        tasks.spawn("relay", async { Err("connection lost") });
        let ended = tokio::time::timeout(PATIENCE, tasks.run_until_signal(&health, PATIENCE)).await.unwrap();
        assert_eq!(ended.unwrap_err().to_string(), "task relay failed: connection lost");
    }

    #[tokio::test]
    async fn a_panic_stops_the_process_and_is_named() {
        let (tasks, health) = (Tasks::new(), Health::new());
        tasks.spawn("timer", async {
            assert!(std::hint::black_box(false), "a defect");
            Ok::<_, String>(())
        });
        let ended = tokio::time::timeout(PATIENCE, tasks.run_until_signal(&health, PATIENCE)).await.unwrap();
        assert_eq!(ended.unwrap_err().to_string(), "task timer panicked: a defect");
    }

    #[tokio::test]
    async fn a_task_that_will_not_end_is_named_at_the_deadline() {
        let (tasks, health) = (Tasks::new(), Health::new());
        tasks.spawn("stubborn", std::future::pending::<Result<(), String>>());
        let ended = tasks.stop_within(&health, Duration::from_millis(50)).await;
        assert_eq!(ended.unwrap_err().to_string(), "still busy after 0.05 s: stubborn");
    }
}
