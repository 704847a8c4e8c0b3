//! What is published as versions and used everywhere is looked up again now and then.

use std::{convert::Infallible, time::Duration};

use futures::future::BoxFuture;
use suban_runtime::Tasks;
use suban_store::StoreError;

/// Looks again every so often until the process stops; while that fails, what was found last stays.
pub(crate) fn look_again<S: Send + Sync + 'static>(
    tasks: &Tasks,
    what: &'static str,
    every: Duration,
    source: S,
    look: for<'a> fn(&'a S) -> BoxFuture<'a, Result<(), StoreError>>,
) {
    let stop = tasks.stop();
    tasks.spawn(what, async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok::<_, Infallible>(()),
                () = tokio::time::sleep(every) => {}
            }
            if let Err(error) = look(&source).await {
                tracing::warn!(what, error = %error, "what is in force could not be looked up; the last one stays");
            }
        }
    });
}
