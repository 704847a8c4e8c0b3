//! What an import leaves on the disk: a file of rejects, and beside it the place where it stopped.
//!
//! Rejects are told by line and reason, never with the record itself, which is personal.

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, ErrorKind},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::map::hex;

/// What is being imported, where to, and by which mapping: only the same import goes on where it stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    /// Bytes of the file.
    pub(super) size: u64,
    /// SHA-256 of the file.
    pub(super) sha256: String,
    /// SHA-256 of the mapping.
    pub(super) map: String,
    /// Address of intake.
    pub(super) to: String,
}

impl Identity {
    /// Of a file on the disk; reads it once.
    pub(super) fn of(path: &Path, map: &str, to: &str) -> anyhow::Result<Self> {
        let mut file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let mut hash = Sha256::new();
        let size = std::io::copy(&mut file, &mut hash).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self { size, sha256: hex(&hash.finalize(), 64), map: map.to_owned(), to: to.to_owned() })
    }
}

/// Where an import stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    #[serde(flatten)]
    of: Identity,
    /// Everything up to this line has its answer.
    done_line: u64,
}

/// The rejects file and the state beside it.
#[derive(Debug)]
pub(super) struct Desk {
    path: PathBuf,
    of: Identity,
    rejects: csv::Writer<BufWriter<File>>,
    /// The line up to which an earlier run came; 0 when this one begins.
    pub(super) done_line: u64,
}

impl Desk {
    /// Opens the rejects file. If the same import stopped in the middle, its rejects stay up to there.
    pub(super) fn open(path: &Path, of: Identity, from_start: bool) -> anyhow::Result<Self> {
        let state = if from_start { None } else { read_state(&state_path(path))?.filter(|state| state.of == of) };
        let done_line = state.map_or(0, |state| state.done_line);
        let kept = if done_line == 0 { Vec::new() } else { rows_up_to(path, done_line)? };
        let file = private(path)?;
        let mut rejects = csv::Writer::from_writer(BufWriter::new(file));
        rejects.write_record(["line", "reason"])?;
        for (line, reason) in kept {
            rejects.write_record([line.to_string(), reason])?;
        }
        rejects.flush()?;
        Ok(Self { path: path.to_owned(), of, rejects, done_line })
    }

    /// Adds a reject.
    pub(super) fn reject(&mut self, line: u64, reason: &str) -> anyhow::Result<()> {
        self.rejects.write_record([line.to_string().as_str(), reason])?;
        Ok(())
    }

    /// Keeps that everything up to `done_line` has its answer.
    pub(super) fn save(&mut self, done_line: u64) -> anyhow::Result<()> {
        self.rejects.flush()?;
        let path = state_path(&self.path);
        let new = path.with_extension("new");
        let mut file = private(&new)?;
        serde_json::to_writer(&mut file, &State { of: self.of.clone(), done_line })?;
        file.sync_data()?;
        std::fs::rename(&new, &path).with_context(|| format!("cannot write {}", path.display()))
    }

    /// The import is complete: a later run begins anew, and finds everything there.
    pub(super) fn complete(mut self) -> anyhow::Result<()> {
        self.rejects.flush()?;
        match std::fs::remove_file(state_path(&self.path)) {
            Err(problem) if problem.kind() != ErrorKind::NotFound => Err(problem.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Beside the rejects file.
pub(super) fn state_path(rejects: &Path) -> PathBuf {
    let mut name = rejects.as_os_str().to_owned();
    name.push(".state.json");
    PathBuf::from(name)
}

fn read_state(path: &Path) -> anyhow::Result<Option<State>> {
    match std::fs::read(path) {
        Ok(text) => Ok(Some(serde_json::from_slice(&text).with_context(|| {
            format!("{} is no state of an import; delete it, or begin with --from-start", path.display())
        })?)),
        Err(problem) if problem.kind() == ErrorKind::NotFound => Ok(None),
        Err(problem) => Err(problem).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn rows_up_to(path: &Path, last: u64) -> anyhow::Result<Vec<(u64, String)>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let mut rows = Vec::new();
    for row in csv::Reader::from_path(path)?.into_deserialize() {
        // A line that a crash cut short is of a record that is read again.
        let Ok((line, reason)) = row else { continue };
        rows.push((line, reason));
    }
    rows.retain(|(line, _)| *line <= last);
    Ok(rows)
}

/// Reasons may quote a value of the source: for the operator's eyes only.
fn private(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}; choose another place with --rejects", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity { size: 3, sha256: "a".into(), map: "b".into(), to: "http://127.0.0.1:1".into() }
    }

    fn place(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("suban-rejects-{name}-{}.csv", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let _ = std::fs::remove_file(state_path(&path));
        path
    }

    #[test]
    fn an_import_goes_on_where_it_stopped_with_the_rejects_up_to_there() {
        let path = place("again");
        let mut desk = Desk::open(&path, identity(), false).unwrap();
        desk.reject(3, "text: is empty").unwrap();
        desk.reject(9, "text: is empty, \"again\"").unwrap();
        desk.save(5).unwrap();
        drop(desk);
        let desk = Desk::open(&path, identity(), false).unwrap();
        assert_eq!(desk.done_line, 5);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "line,reason\n3,text: is empty\n");
        desk.complete().unwrap();
        assert_eq!(Desk::open(&path, identity(), false).unwrap().done_line, 0);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn another_file_mapping_or_city_begins_anew() {
        let path = place("other");
        Desk::open(&path, identity(), false).unwrap().save(5).unwrap();
        for other in [
            Identity { sha256: "x".into(), ..identity() },
            Identity { map: "x".into(), ..identity() },
            Identity { to: "x".into(), ..identity() },
        ] {
            assert_eq!(Desk::open(&path, other, false).unwrap().done_line, 0);
        }
        assert_eq!(Desk::open(&path, identity(), false).unwrap().done_line, 5);
        assert_eq!(Desk::open(&path, identity(), true).unwrap().done_line, 0);
        std::fs::remove_file(state_path(&path)).unwrap();
        std::fs::remove_file(&path).unwrap();
    }
}
