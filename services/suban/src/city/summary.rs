//! What the city saw, counted while it plays: a live table on a terminal, plain lines elsewhere.

use std::{
    collections::BTreeMap,
    io::IsTerminal as _,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::print;

/// How often the live table is drawn, and how often a plain line is printed.
const REDRAW: Duration = Duration::from_millis(500);
const LINE: Duration = Duration::from_secs(10);

/// What the city saw.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct Summary {
    /// Submissions acknowledged with a new number.
    pub(crate) submitted: u64,
    /// Answered with an old number.
    pub(crate) repeated: u64,
    /// By channel.
    pub(crate) by_channel: BTreeMap<&'static str, u64>,
    /// Submissions that report what somebody had reported: the truth that the suite does not know.
    pub(crate) same_again: u64,
    /// Contacts, whatever came of them, by outcome.
    pub(crate) contacts: BTreeMap<&'static str, u64>,
    /// What people did, by kind of act.
    pub(crate) acts: BTreeMap<&'static str, u64>,
    /// Why people had to dispatch.
    pub(crate) by_hand: BTreeMap<&'static str, u64>,
    /// Wrong on purpose, and refused as it must be.
    pub(crate) refused_on_purpose: u64,
    /// Acts that came too late: the ticket had moved on between the look and the act.
    pub(crate) overtaken: BTreeMap<&'static str, u64>,
    /// Calls that were refused otherwise, by act and code: there should be none.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Tickets that the city left unfinished.
    pub(crate) unfinished: u64,
    /// Real seconds from the first submission to the last act.
    pub(crate) seconds: f64,
}

impl Summary {
    /// Acts of any kind so far.
    pub(super) fn done(&self) -> u64 {
        self.acts.values().sum::<u64>() + self.submitted + self.contacts.values().sum::<u64>()
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![vec!["受理 received".into(), self.submitted.to_string()]];
        let mut add = |name: String, n: u64| rows.push(vec![name, n.to_string()]);
        for (channel, n) in &self.by_channel {
            add(format!("  {channel}"), *n);
        }
        if self.repeated > 0 {
            add("重复来件 answered with the old number".into(), self.repeated);
        }
        add("实为重复 of these, the same event again (truth)".into(), self.same_again);
        let contacts: u64 = self.contacts.values().sum();
        if contacts > 0 {
            add("来电来信 contacts".into(), contacts);
        }
        for (outcome, n) in &self.contacts {
            add(format!("  {outcome}"), *n);
        }
        for (act, n) in &self.acts {
            add((*act).to_owned(), *n);
        }
        for (reason, n) in &self.by_hand {
            add(format!("  人工原因 by hand: {reason}"), *n);
        }
        if self.refused_on_purpose > 0 {
            add("故意错误被拒 wrong on purpose, refused".into(), self.refused_on_purpose);
        }
        for (act, n) in &self.overtaken {
            add(format!("来迟一步 came too late: {act}"), *n);
        }
        for (act, n) in &self.refused {
            add(format!("REFUSED: {act}"), *n);
        }
        rows
    }
}

/// Counts; shared by everybody who does something.
#[derive(Debug, Default)]
pub(crate) struct Board(Mutex<Summary>);

impl Board {
    pub(super) fn lock(&self) -> MutexGuard<'_, Summary> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was counted so far.
    pub(crate) fn now(&self) -> Summary {
        self.lock().clone()
    }

    /// Counts an act, or why there was none; answers whether it was done.
    pub(super) fn note<T>(&self, act: &'static str, answer: &Result<T, Status>) -> bool {
        let mut summary = self.lock();
        match answer {
            Ok(_) => *summary.acts.entry(act).or_default() += 1,
            Err(status) if overtaken(status) => {
                *summary.overtaken.entry(act).or_default() += 1;
            }
            Err(status) => *summary.refused.entry(format!("{act}: {:?}", status.code())).or_default() += 1,
        }
        answer.is_ok()
    }

    /// Shows the counts until it is dropped out of: a table on a terminal, lines elsewhere.
    pub(crate) async fn show(&self, quiet: bool) {
        let begun = std::time::Instant::now();
        if quiet {
            return std::future::pending().await;
        }
        if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{msg}") {
                bar.set_style(style);
            }
            // Cleared when the city goes home and this is dropped: the summary follows.
            let _clear = Clear(bar.clone());
            loop {
                let mut rows = self.now().rows();
                rows.push(vec!["秒 seconds".into(), format!("{:.0}", begun.elapsed().as_secs_f64())]);
                bar.set_message(print::table_text(&["模拟城市 simulated city (synthetic)", "count"], &rows));
                tokio::time::sleep(REDRAW).await;
            }
        }
        loop {
            tokio::time::sleep(LINE).await;
            let now = self.now();
            print::complain(&format!(
                "city: {:>3.0} s, {} tickets, {} contacts, {} acts, {} refused",
                begun.elapsed().as_secs_f64(),
                now.submitted,
                now.contacts.values().sum::<u64>(),
                now.acts.values().sum::<u64>(),
                now.refused.values().sum::<u64>(),
            ));
        }
    }
}

/// Did the ticket move on between the look and the act? A task that was taken away is the unit's no more.
fn overtaken(status: &Status) -> bool {
    let code = status.code();
    matches!(code, Code::FailedPrecondition | Code::NotFound | Code::Aborted)
        || (code == Code::PermissionDenied
            && status.get_error_details().error_info().is_some_and(|e| e.reason == "WRONG_UNIT"))
}

struct Clear(ProgressBar);

impl Drop for Clear {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A table that people can read.
pub(crate) fn show(summary: &Summary) {
    let mut rows = summary.rows();
    rows.push(vec!["未结 left unfinished".into(), summary.unfinished.to_string()]);
    rows.push(vec!["秒 seconds".into(), format!("{:.1}", summary.seconds)]);
    print::table(&["模拟城市 simulated city (synthetic)", "count"], &rows);
}
