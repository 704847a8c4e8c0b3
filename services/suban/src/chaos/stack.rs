//! The project's own script for PostgreSQL, Redis and Kafka, which may be asked to break what it started.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use super::faults::Server;

/// Where the script stands, from the root of the project.
const SCRIPT: &str = "deploy/local/stack";

/// The script.
pub(super) struct LocalStack(PathBuf);

impl LocalStack {
    /// Below this folder, or above the program.
    pub(super) fn find() -> anyhow::Result<Self> {
        let program = std::env::current_exe()?;
        std::iter::once(Path::new(""))
            .chain(program.ancestors())
            .map(|root| root.join(SCRIPT))
            .find(|script| script.is_file())
            .map(Self)
            .ok_or_else(|| anyhow::anyhow!("{SCRIPT} is not here: run this from a clone of the project"))
    }

    /// Did the script start all three?
    pub(super) async fn is_ours(&self) -> anyhow::Result<bool> {
        let told = Command::new(&self.0).arg("status").stdin(Stdio::null()).kill_on_drop(true).output().await?;
        let told = String::from_utf8_lossy(&told.stdout);
        let states: Vec<&str> = told.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
        Ok(states.len() == 3 && states.iter().all(|state| *state == "running"))
    }

    /// One of its verbs on one server; answers when it is done.
    pub(super) async fn run(&self, verb: &str, server: Server) -> anyhow::Result<()> {
        let done = Command::new(&self.0)
            .args([verb, server.name()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .output();
        let done = done.await?;
        anyhow::ensure!(
            done.status.success(),
            "{SCRIPT} {verb} {} failed: {}",
            server.name(),
            String::from_utf8_lossy(&done.stderr).trim()
        );
        Ok(())
    }
}
