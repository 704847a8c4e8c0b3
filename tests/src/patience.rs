//! Waiting, with an end: never a sleep for luck.

use std::{fmt::Display, time::Duration};

/// How long anything may take on a busy machine of two cores.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again until `look` answers something, and answers that; fails with what it last said when patience is at
/// its end.
///
/// # Panics
/// When it does not come about.
pub async fn eventually<T, P: Display>(
    patience: Duration,
    what: impl Display,
    mut look: impl AsyncFnMut() -> Result<T, P>,
) -> T {
    let begun = std::time::Instant::now();
    loop {
        match look().await {
            Ok(seen) => return seen,
            Err(problem) if begun.elapsed() > patience => panic!("not within {patience:?}: {what}; at last {problem}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(25)).await,
        }
    }
}
