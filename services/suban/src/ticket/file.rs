//! `suban ticket file`: the whole file of one ticket, on the screen, as a page or as JSON.

use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use anyhow::Context as _;
use suban_dispatch::file::decisions;
use suban_domain::Actor;
use suban_runtime::access::Caller;
use suban_service::file::{CaseFile, FileLine, Named, gather, gather_revealed, html};
use suban_store::Store;
use uuid::Uuid;

use super::numbered;
use crate::{
    args::{TicketFile, Viewer},
    print,
};

/// Why somebody looks who says nothing.
const INSPECTION: &str = "inspection";

impl Viewer {
    /// As the policy of access sees them.
    pub(crate) fn caller(&self) -> Caller {
        let actor = Actor { role: self.role, person: self.by.clone(), unit: self.unit.clone(), area: None };
        Caller { token_id: Uuid::nil(), actor, outsourced: false }
    }

    /// What is written down.
    pub(crate) fn why(&self) -> &str {
        self.reason.as_deref().unwrap_or(INSPECTION)
    }
}

/// Prints or writes it.
pub(super) async fn print_file(store: &Store, how: &TicketFile) -> anyhow::Result<()> {
    let ticket = numbered(store, &how.number).await?;
    let (caller, why) = (how.viewer.caller(), how.viewer.why());
    let decisions = decisions(store, &[ticket.id]).await?;
    let file = if how.reveal {
        gather_revealed(store, &caller, &ticket, why, &decisions).await?
    } else {
        let files = gather(store, &caller, std::slice::from_ref(&ticket), why, &decisions).await?;
        files.into_iter().next().context("no file was made")?
    };
    if let Some(path) = &how.html {
        write_private(path, &html::page(&file))?;
    }
    match (how.json, &how.html) {
        (true, _) => print::json(&file)?,
        (false, Some(path)) => print::out(&format!("档案已写入 the file of {} is in {}", file.number, path.display())),
        (false, None) => show(&file),
    }
    Ok(())
}

/// Writes a file that nobody else on this machine reads.
pub(crate) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("cannot write {}", path.display()))
}

fn show(file: &CaseFile) {
    print::out(&format!("{} {} ({})", file.number, file.title, both(&file.state)));
    for words in file.words.iter().filter_map(|w| w.text.as_ref()) {
        print::out(&format!("    {words}"));
    }
    let rows: Vec<Vec<String>> = file
        .steps
        .iter()
        .map(|s| {
            let unit = s.unit.as_ref().map(|u| u.en.clone()).unwrap_or_default();
            vec![s.at.clone(), s.role.zh.clone(), s.person.clone(), unit, both(&s.what)]
        })
        .collect();
    print::table(&["at 时间", "role 角色", "who 人员", "unit 单位", "what 事项"], &rows);
    if !file.files.is_empty() {
        print::table(&["added 时间", "kind 种类", "kB", "by 提供", "place 含位置", "state 状态"], &files(file));
    }
    for reply in &file.replies {
        print::out(&format!("{} {}: {}", reply.at, both(&reply.what), reply.reply.as_deref().unwrap_or("–")));
    }
    let rows: Vec<Vec<String>> = file
        .viewed
        .iter()
        .map(|v| vec![v.at.clone(), v.person.clone(), v.role.zh.clone(), v.act.clone(), v.reason.clone()])
        .collect();
    print::table(&["looked at 查阅", "who 人员", "role 角色", "act 行为", "why 事由"], &rows);
}

fn files(file: &CaseFile) -> Vec<Vec<String>> {
    let row = |line: &FileLine| {
        let unit = line.unit.as_ref().map(|unit| unit.en.as_str());
        let by = [Some(line.role.zh.as_str()), Some(line.person.as_str()), unit];
        let placed = line.placed.map_or("–", |placed| if placed { "yes 有" } else { "no 无" });
        vec![
            line.at.clone(),
            line.kind.as_ref().map(both).unwrap_or_default(),
            line.bytes.div_ceil(1000).to_string(),
            by.into_iter().flatten().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "),
            placed.to_owned(),
            both(&line.state),
        ]
    };
    file.files.iter().map(row).collect()
}

fn both(named: &Named) -> String {
    format!("{} {}", named.zh, named.en)
}
