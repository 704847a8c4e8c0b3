//! Tickets that are there before a bench begins.

use super::ground::Ground;

/// Puts them there.
pub(crate) async fn fill(_ground: &Ground, tickets: u32, _seed: u64) -> anyhow::Result<()> {
    anyhow::bail!("--preload {tickets} is not there yet")
}
