//! `suban import`: a city's history, from files with columns of any name, through a mapping, into intake.
//!
//! Importing plays the source's own time line: `reported_at` is the source's. The page for those who write a
//! mapping is `deploy/import/README.md`.

mod fields;
mod map;
mod read;
mod rejects;
pub(crate) mod send;
mod times;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use suban_proto::v1::{self, intake_service_client::IntakeServiceClient};
use suban_runtime::{
    Secret, Service, Settings,
    grpc::{Outgoing, channel},
};
use tokio::sync::mpsc;

use self::{
    map::Map,
    read::{Fault, Format, Item, Reader, Record},
    rejects::{Desk, Identity},
    send::{Incoming, Intake, Ledger},
};
use crate::{args::Import, print};

/// Demands on the way to intake at once; intake works on at most `limits.stream_window` of one stream.
const WINDOW: usize = 400;

/// Demands of a whole file in the order of their own time, for the demo's year; what is none is counted.
pub(crate) struct TimeLine {
    /// In order of `reported_at`.
    pub(crate) demands: Vec<v1::SubmitRequest>,
    /// Records that are no demand, or have no time.
    pub(crate) rejected: u64,
}

impl TimeLine {
    /// Reads a whole file.
    pub(crate) fn read(file: &Path, map: &Path) -> anyhow::Result<Self> {
        let map = read_map(map)?;
        let mut reader = reader(file, &map, &ProgressBar::hidden())?;
        let mut line = Self { demands: Vec::new(), rejected: 0 };
        while let Some(item) = reader.next() {
            let item = item.with_context(|| format!("cannot read {}", file.display()))?;
            match item {
                Item::Record(record) => match map.apply(&record) {
                    Ok(request) if request.reported_at.is_some() => line.demands.push(request),
                    Ok(_) | Err(_) => line.rejected += 1,
                },
                Item::Bad { .. } => line.rejected += 1,
            }
        }
        line.demands.sort_by_key(|d| d.reported_at.map(|at| (at.seconds, at.nanos)));
        Ok(line)
    }
}

/// What an import did.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct Summary {
    /// Records read in this run.
    pub(crate) read: u64,
    /// Became tickets.
    pub(crate) submitted: u64,
    /// Had been there before, alike.
    pub(crate) repeated: u64,
    /// Had been there before with other words, which were added to the old ticket.
    pub(crate) supplemented: u64,
    /// Became nothing; the rejects file says why.
    pub(crate) rejected: u64,
    /// Records that an earlier run had done.
    pub(crate) skipped: u64,
    /// Real seconds.
    pub(crate) seconds: f64,
    /// Why reading stopped before the end of the file, if it did.
    pub(crate) stopped: Option<String>,
    /// Where the rejects are, if there are any.
    pub(crate) rejects: Option<PathBuf>,
}

/// `suban import`.
pub(crate) async fn command(settings: &Settings, how: &Import) -> anyhow::Result<ExitCode> {
    let map = read_map(&how.map)?;
    let rejects = how.rejects.clone().map_or_else(|| default_rejects(&how.file), Ok)?;
    let bar = bar(&how.file)?;
    let reader = reader(&how.file, &map, &bar)?;
    let to = settings.peer(Service::Intake);
    let desk = Desk::open(&rejects, Identity::of(&how.file, &map.hash, &to)?, how.from_start)?;
    if desk.done_line > 0 {
        print::complain(&format!(
            "an earlier run came to line {}; this one goes on after it (--from-start begins anew)",
            desk.done_line
        ));
    }
    let begun = std::time::Instant::now();
    let mut books = Books { desk, bar: bar.clone(), summary: Summary::default() };
    let (send, incoming) = mpsc::channel(WINDOW);
    let (skip, limit, dry) = (books.desk.done_line, how.limit.unwrap_or(u64::MAX), how.dry_run);
    let reading = tokio::task::spawn_blocking(move || feed(reader, &map, skip, limit, &send));
    let ended = if dry {
        count(incoming, &mut books).await
    } else {
        let intake = intake(settings, how).await?;
        tokio::select! {
            ended = send::submit(&intake, incoming, WINDOW.min(settings.limits.stream_window), &mut books) => ended,
            _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("stopped; run the same command again to go on")),
        }
    };
    // The reader stops when nobody listens any more.
    let fed = reading.await?;
    bar.finish_and_clear();
    let summary = finish(books, fed, begun.elapsed(), &rejects, &ended, dry)?;
    if how.json {
        print::json(&summary)?;
    } else {
        show(&summary, dry);
    }
    if let Some(stopped) = &summary.stopped {
        print::complain(&format!("{}: {stopped}", how.file.display()));
    }
    Ok(if summary.stopped.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Reads a mapping file.
fn read_map(path: &Path) -> anyhow::Result<Map> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the mapping {}", path.display()))?;
    Ok(Map::parse(path, &text)?)
}

/// Opens a file as its mapping says, and compares their columns.
fn reader(path: &Path, map: &Map, bar: &ProgressBar) -> anyhow::Result<Reader> {
    let Some(format) = map.file.format.or_else(|| Format::of(path)) else {
        anyhow::bail!(
            "{}: the name says neither csv nor jsonl; write format = \"csv\" under [file] in the mapping",
            path.display()
        );
    };
    let reader = Reader::new(read::open(path, bar)?, format, map.file.encoding, map.file.delimiter)
        .with_context(|| format!("cannot read {}", path.display()))?;
    map.missing(reader.columns())?;
    Ok(reader)
}

async fn intake(settings: &Settings, how: &Import) -> anyhow::Result<Intake> {
    let token = how.token.clone().context(
        "no token: give --token or SUBAN_TOKEN; `suban token new --role INTAKE_BOT --person importer` makes one",
    )?;
    let line = channel(&settings.peer(Service::Intake), settings).await?;
    Ok(IntakeServiceClient::with_interceptor(line, Outgoing::new(&Secret::new(token))?))
}

/// What the reading side has to say in the end.
#[derive(Debug, Default)]
struct Fed {
    read: u64,
    skipped: u64,
    fault: Option<Fault>,
}

/// Reads, maps and hands over until the file ends, a fault stops it, or nobody listens any more.
fn feed(mut reader: Reader, map: &Map, skip: u64, limit: u64, to: &mpsc::Sender<Incoming>) -> Fed {
    let mut fed = Fed::default();
    while fed.read < limit {
        let item = match reader.next() {
            Some(Ok(item)) => item,
            Some(Err(fault)) => {
                fed.fault = Some(fault);
                break;
            }
            None => break,
        };
        let incoming = match item {
            Item::Record(Record { line, .. }) | Item::Bad { line, .. } if line <= skip => {
                fed.skipped += 1;
                continue;
            }
            Item::Record(record) => match map.apply(&record) {
                Ok(request) => Incoming::Demand { line: record.line, request: Box::new(request) },
                Err(reason) => Incoming::Rejected { line: record.line, reason },
            },
            Item::Bad { line, reason } => Incoming::Rejected { line, reason },
        };
        fed.read += 1;
        if to.blocking_send(incoming).is_err() {
            break;
        }
    }
    fed
}

/// A dry run: everything is read and mapped, nothing is submitted.
async fn count(mut incoming: mpsc::Receiver<Incoming>, books: &mut Books) -> anyhow::Result<()> {
    while let Some(item) = incoming.recv().await {
        match item {
            Incoming::Demand { .. } => {}
            Incoming::Rejected { line, reason } => books.rejected(line, &reason)?,
        }
    }
    Ok(())
}

/// Counts, rejects and the place where to go on.
struct Books {
    desk: Desk,
    bar: ProgressBar,
    summary: Summary,
}

impl Ledger for Books {
    fn taken(&mut self, _: &v1::SubmitRequest, reply: v1::SubmitReply) {
        let counted = match (reply.repeated, reply.supplemented) {
            (_, true) => &mut self.summary.supplemented,
            (true, false) => &mut self.summary.repeated,
            (false, false) => &mut self.summary.submitted,
        };
        *counted += 1;
    }

    fn rejected(&mut self, line: u64, reason: &str) -> anyhow::Result<()> {
        self.summary.rejected += 1;
        self.desk.reject(line, reason)
    }

    async fn tick(&mut self, done_line: u64) -> anyhow::Result<()> {
        let s = &self.summary;
        self.bar.set_message(format!("line {done_line}, {} new, {} rejected", s.submitted, s.rejected));
        self.desk.save(done_line)
    }
}

fn finish(
    books: Books,
    fed: Fed,
    took: Duration,
    rejects: &Path,
    ended: &anyhow::Result<()>,
    dry: bool,
) -> anyhow::Result<Summary> {
    let Books { desk, mut summary, .. } = books;
    summary.read = fed.read;
    summary.skipped = fed.skipped;
    summary.seconds = (took.as_secs_f64() * 1000.0).round() / 1000.0;
    summary.stopped = match (ended, &fed.fault) {
        (Err(error), _) => Some(format!("{error:#}")),
        (Ok(()), Some(fault)) => Some(fault.to_string()),
        (Ok(()), None) => None,
    };
    summary.rejects = (summary.rejected > 0).then(|| rejects.to_owned());
    if summary.stopped.is_none() && !dry {
        desk.complete()?;
    }
    Ok(summary)
}

/// In the folder where the command runs: the source's own may be read-only.
fn default_rejects(file: &Path) -> anyhow::Result<PathBuf> {
    let name = file.file_name().with_context(|| format!("{} is no file", file.display()))?;
    let mut name = name.to_owned();
    name.push(".rejects.csv");
    Ok(PathBuf::from(name))
}

/// Draws only on a terminal.
fn bar(file: &Path) -> anyhow::Result<ProgressBar> {
    let size = std::fs::metadata(file).with_context(|| format!("cannot open {}", file.display()))?.len();
    let style = ProgressStyle::with_template("{bar:30} {percent}% of {total_bytes}  {elapsed}, {eta} left  {msg}")?;
    Ok(ProgressBar::new(size).with_style(style))
}

fn show(summary: &Summary, dry: bool) {
    let mut rows = vec![vec!["读取 read".to_owned(), summary.read.to_string()]];
    if !dry {
        rows.extend([
            vec!["新工单 submitted".to_owned(), summary.submitted.to_string()],
            vec!["重复 repeated".to_owned(), summary.repeated.to_string()],
            vec!["补充 supplemented".to_owned(), summary.supplemented.to_string()],
        ]);
    }
    rows.push(vec!["未导入 rejected".to_owned(), summary.rejected.to_string()]);
    if summary.skipped > 0 {
        rows.push(vec!["上次已完成 done before".to_owned(), summary.skipped.to_string()]);
    }
    rows.push(vec!["用时 seconds".to_owned(), format!("{:.1}", summary.seconds)]);
    print::table(&[if dry { "试读 dry run" } else { "导入 import" }, ""], &rows);
    if let Some(rejects) = &summary.rejects {
        print::out(&format!("rejects with their reasons: {}", rejects.display()));
    }
}
