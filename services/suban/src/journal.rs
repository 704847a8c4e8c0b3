//! What clients were told: one JSON line for each acknowledged submission, synced before it counts.
//!
//! The city and the benches write it, `suban check` compares it with the database. Beside it, in a file of the
//! same name with `.people` added, stand the run's invented names, phones and addresses, so that the audit can
//! look for them where they must not be.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// A submission that was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Number of the channel.
    pub(crate) channel: i32,
    /// The source system.
    pub(crate) system: String,
    /// The id it has there.
    pub(crate) source_id: String,
    /// The number the citizen was given.
    pub(crate) number: String,
    /// The ticket.
    pub(crate) ticket_id: String,
}

/// A journal open for appending.
#[derive(Debug)]
pub(crate) struct Journal {
    file: Arc<Mutex<File>>,
    people: PathBuf,
}

impl Journal {
    /// Opens or begins a journal. A line that a crash cut short is cut off: it was never counted.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(path)
            .with_context(|| format!("cannot open the journal {}", path.display()))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole < text.len() {
            file.set_len(u64::try_from(whole)?)?;
            file.seek(SeekFrom::End(0))?;
        }
        Ok(Self { file: Arc::new(Mutex::new(file)), people: people_path(path) })
    }

    /// Writes entries; when this returns they are on the disk.
    pub(crate) async fn append(&self, entries: &[Entry]) -> anyhow::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut lines = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut lines, entry)?;
            lines.push(b'\n');
        }
        let file = Arc::clone(&self.file);
        tokio::task::spawn_blocking(move || {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.write_all(&lines)?;
            file.sync_data()
        })
        .await??;
        Ok(())
    }

    /// Adds personal values of the run.
    pub(crate) fn people(&self, values: &[String]) -> anyhow::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(&self.people)?;
        let lines: String = values.iter().map(|value| format!("{value}\n")).collect();
        file.write_all(lines.as_bytes())?;
        Ok(file.sync_data()?)
    }
}

/// Every entry of a journal. A last line without its end was never counted.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<Entry>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the journal {}", path.display()))?;
    text.split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .enumerate()
        .map(|(n, line)| {
            serde_json::from_str(line).with_context(|| format!("journal {}, line {}", path.display(), n + 1))
        })
        .collect()
}

/// The personal values beside a journal; none when there is no such file.
pub(crate) fn read_people(path: &Path) -> anyhow::Result<Vec<String>> {
    match std::fs::read_to_string(people_path(path)) {
        Ok(text) => Ok(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()),
        Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(problem) => Err(problem).context("cannot read the journal's people"),
    }
}

/// Where the personal values of a journal stand.
pub(crate) fn people_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".people");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: u32) -> Entry {
        Entry {
            channel: 1,
            system: "city".into(),
            source_id: format!("1-{n}"),
            number: format!("SB{n}"),
            ticket_id: format!("{n:032x}"),
        }
    }

    #[tokio::test]
    async fn what_a_crash_cut_short_was_never_counted() {
        let path = std::env::temp_dir().join(format!("suban-journal-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let journal = Journal::open(&path).unwrap();
        journal.append(&[entry(1), entry(2)]).await.unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(br#"{"channel":1,"sys"#).unwrap();
        assert_eq!(read(&path).unwrap(), [entry(1), entry(2)]);
        Journal::open(&path).unwrap().append(&[entry(3)]).await.unwrap();
        assert_eq!(read(&path).unwrap(), [entry(1), entry(2), entry(3)]);
        std::fs::remove_file(&path).unwrap();
    }
}
