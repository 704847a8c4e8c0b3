//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use suban_domain::{AreaCode, PersonCode, Role, UnitCode, VersionCode};
use suban_runtime::Service;

use crate::{backtest::args::Backtest, bench::args::Bench, simulate::Simulate};

/// Suban (速办): the engine room of a citizen hotline.
#[derive(Debug, Parser)]
#[command(name = "suban", version, about)]
pub(crate) struct Cli {
    /// Print the settings in force, without secrets, and stop.
    #[arg(long)]
    pub(crate) print_config: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run one service, or all of them in this process.
    Serve(Serve),
    /// Run everything: migrate, demo catalogue, every service in a process of its own, a simulated city, a summary.
    Up(Up),
    /// Check, compare, publish, roll back or list responsibility catalogues.
    #[command(subcommand)]
    Catalogue(CatalogueVerb),
    /// Say why a ticket went where it went; try another catalogue on what has happened.
    #[command(subcommand)]
    Dispatch(DispatchVerb),
    /// Say why two tickets are thought to be one matter, or not.
    #[command(subcommand)]
    Dedup(DedupVerb),
    /// One ticket's clocks, or its whole file.
    #[command(subcommand)]
    Ticket(TicketVerb),
    /// Draw files of a unit's closed tickets for an inspection.
    Sample(Sample),
    /// Learn to read matters from what people have accepted; try it, put it in force, take it back.
    #[command(subcommand)]
    Learn(LearnVerb),
    /// Play a city's citizens, operators, handlers and call-back agents through the public faces.
    City(City),
    /// Play a city while processes are killed and servers restarted, then audit everything.
    Chaos(Chaos),
    /// Import a file of demands through a mapping (deploy/import/README.md).
    Import(Import),
    /// Audit everything: lost, doubled, out of order, stranded, personal data.
    Check(Check),
    /// What the learned parts reach on a city's own history.
    #[command(subcommand)]
    Backtest(Backtest),
    /// What the suite can do on this machine.
    #[command(subcommand)]
    Bench(Bench),
    /// Dead letters.
    #[command(subcommand)]
    Dlq(DlqVerb),
    /// Run a service's handlers over the whole topic beside the live ones; changes nothing that was right.
    Replay {
        /// Whose handlers.
        #[arg(long)]
        service: Service,
    },
    /// Fill the ticket topic again from the log.
    Republish {
        /// From which instant of receipt on, as RFC 3339.
        #[arg(long)]
        from: String,
    },
    /// Working time: what a day is, when something is due, how much time passed.
    #[command(subcommand)]
    Calendar(CalendarVerb),
    /// Rosters: check one, say who answers for a unit and why, list where too few serve.
    #[command(subcommand)]
    Roster(RosterVerb),
    /// What another way of working would change, on real arrivals: time to sign, to contact, to close, share on time.
    Simulate(Simulate),
    /// Callers' tokens.
    #[command(subcommand)]
    Token(TokenVerb),
    /// The suite's own keys.
    #[command(subcommand)]
    Keys(KeysVerb),
    /// Erase a requester: destroy the key, delete masked texts and index entries.
    Erase(Erase),
    /// Print a page of the documentation that the code holds.
    Docs {
        /// Which page.
        page: Page,
    },
}

/// Pages that the code holds.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Page {
    /// The transition table.
    Transitions,
}

/// Which services.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Which one.
    #[arg(required_unless_present = "all")]
    pub(crate) service: Option<Service>,
    /// All of them in this process.
    #[arg(long)]
    pub(crate) all: bool,
    /// Stop when standard input ends: for a parent that must not leave it behind, however the parent ends.
    #[arg(long)]
    pub(crate) while_input: bool,
}

/// How the demo runs.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Tickets of the simulated city.
    #[arg(long, default_value_t = 500)]
    pub(crate) tickets: u32,
    /// Seed of the simulated city.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// By which ways citizens come.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) profile: Profile,
    /// An English city, Port Alder, with its own catalogue.
    #[arg(long)]
    pub(crate) english: bool,
    /// A year of messages with their catalogue, on their own time line, instead of the simulated city's citizens.
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// Stop after the summary; non-zero if the audit finds anything.
    #[arg(long)]
    pub(crate) once: bool,
    /// Then a walk of ten minutes for a visitor, on a page: a service that is killed is started again.
    #[arg(long, conflicts_with_all = ["once", "data"])]
    pub(crate) show: bool,
}

/// `suban dedup`.
#[derive(Debug, Subcommand)]
pub(crate) enum DedupVerb {
    /// The score of a pair in words, Chinese and English, with the class, what is done, and every guard that stands in
    /// the way; as it was judged where people are asked about it, else as it would be judged now.
    Explain {
        /// The later ticket's number.
        ticket: String,
        /// The earlier one's.
        other: String,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// How often people confirm what they are asked, by week and matter; of what would be merged without them, too.
    Quality {
        /// Weeks back from now.
        #[arg(long, default_value_t = 8)]
        weeks: u16,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Dispatch.
#[derive(Debug, Subcommand)]
pub(crate) enum DispatchVerb {
    /// Why a ticket went where it went, or where it would go now; in words, Chinese and English.
    Explain {
        /// The ticket's number.
        number: String,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// How often the first unit was the right one, and how often people agreed with the machine, by week and matter.
    Quality {
        /// Weeks back from now.
        #[arg(long, default_value_t = 8)]
        weeks: u16,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Decide the tickets of a period again, as they arrived and were read, under the catalogue in force and under
    /// another: what would change, and who was right. Changes nothing.
    Try {
        /// The other catalogue: a folder or a workbook (.xlsx).
        #[arg(long)]
        catalogue: PathBuf,
        /// First day of receipt, by the city's clock, as 2026-11-01.
        #[arg(long)]
        from: jiff::civil::Date,
        /// Last day.
        #[arg(long)]
        to: jiff::civil::Date,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// A ticket.
#[derive(Debug, Subcommand)]
pub(crate) enum TicketVerb {
    /// Its time line: who held it and how long, what stood still and why, whose time it was, what is due and what is
    /// left.
    Clocks {
        /// The ticket's number.
        number: String,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Its whole file for an inspection: words, steps, clocks, contacts, replies, survey, reasons, who looked. Masked,
    /// and written down.
    File(TicketFile),
}

/// Whose file, for whom.
#[derive(Debug, Args)]
pub(crate) struct TicketFile {
    /// The ticket's number.
    pub(crate) number: String,
    #[command(flatten)]
    pub(crate) viewer: Viewer,
    /// With the requester and the words as they were said, for a role that may see them; needs --reason.
    #[arg(long, requires = "reason")]
    pub(crate) reveal: bool,
    /// Write it as a page to be printed.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Who looks at files; written down with each.
#[derive(Debug, Clone, Args)]
pub(crate) struct Viewer {
    /// In which role.
    #[arg(long, default_value = "AUDITOR")]
    pub(crate) role: Role,
    /// For which unit, where the role belongs to one.
    #[arg(id = "viewer_unit", long = "for", value_name = "UNIT")]
    pub(crate) unit: Option<UnitCode>,
    /// Which account.
    #[arg(long, default_value = "operator")]
    pub(crate) by: PersonCode,
    /// Why; in a sentence.
    #[arg(long)]
    pub(crate) reason: Option<String>,
}

/// What is drawn.
#[derive(Debug, Args)]
pub(crate) struct Sample {
    /// The unit that led them.
    #[arg(long)]
    pub(crate) unit: UnitCode,
    /// Received in this month (2026-10), or from one day to another, both included (2026-10-01..2026-10-15).
    #[arg(long)]
    pub(crate) period: crate::sample::Period,
    /// How many.
    #[arg(short, long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) n: u16,
    /// The same seed draws the same from the same tickets. Let the inspected unit or chance name it.
    #[arg(long)]
    pub(crate) seed: String,
    /// Folder for the files; made where it is missing, and empty.
    #[arg(long)]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) viewer: Viewer,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a city learns.
#[derive(Debug, Subcommand)]
pub(crate) enum LearnVerb {
    /// Learn to read matters, as a challenger that nothing reads by yet.
    Category {
        /// Labelled messages (JSON lines: `text`, `labels` with matters of the catalogue) instead of the accepted
        /// results in the database.
        #[arg(long)]
        train: Vec<PathBuf>,
        #[command(flatten)]
        why: Published,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Learn to judge duplicates from what reviewers said about pairs, as a challenger that nothing is judged by yet.
    Dedup {
        #[command(flatten)]
        why: Published,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Put a challenger in force if it is not worse on what people said since it was learned.
    Promote {
        /// Which.
        version: VersionCode,
        /// Even if it is worse or nothing tells.
        #[arg(long)]
        anyway: bool,
        #[command(flatten)]
        why: Published,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Put an earlier one in force again.
    Rollback {
        /// Which.
        version: VersionCode,
        #[command(flatten)]
        why: Published,
    },
    /// List them.
    List,
}

/// Catalogues.
#[derive(Debug, Subcommand)]
pub(crate) enum CatalogueVerb {
    /// Say everything that is wrong with a catalogue. Needs no server.
    Check {
        /// Folders or workbooks (.xlsx), each a catalogue; or the four tables of one.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Say in plain words what one changes against another, and who leads where, when and for what.
    Diff {
        /// A folder, a workbook, or a published version.
        old: String,
        /// The same.
        new: String,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Publish a folder with areas.csv, units.csv, matters.csv and rules.csv, or a workbook with these sheets.
    Publish {
        /// The folder or workbook.
        folder: PathBuf,
        /// Its name; the version is the name and a hash of the content.
        #[arg(long, default_value = "demo")]
        name: String,
        /// From which instant on it is in force, as RFC 3339; now when not said.
        #[arg(long)]
        from: Option<String>,
        #[command(flatten)]
        why: Published,
    },
    /// Put an earlier version in force again, now, as a version of its own.
    Rollback {
        /// Which.
        version: VersionCode,
        #[command(flatten)]
        why: Published,
    },
    /// Make the tables out of other files, such as a published list of categories, through a mapping
    /// (deploy/catalogue/README.md).
    Convert {
        /// The mapping.
        map: PathBuf,
        /// Where the files are that it names.
        #[arg(long)]
        data: PathBuf,
        /// Folder for the tables; made where it is missing.
        #[arg(long)]
        out: PathBuf,
    },
    /// List published versions.
    List,
}

/// Who publishes, and why; kept with the version.
#[derive(Debug, Clone, Args)]
pub(crate) struct Published {
    /// Who.
    #[arg(long, default_value = "operator")]
    pub(crate) by: PersonCode,
    /// Why, in a sentence.
    #[arg(long)]
    pub(crate) reason: Option<String>,
}

/// By which ways citizens come (D§17.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// A whole city's hotline: most call.
    #[default]
    City,
    /// A district under its city's hotline: half comes from above, most of the rest by app and WeChat.
    District,
}

/// How the city plays.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct City {
    /// How many tickets.
    #[arg(long, default_value_t = 500)]
    pub(crate) tickets: u32,
    /// The same seed plays the same city.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// By which ways citizens come.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) profile: Profile,
    /// An English city, Port Alder; its catalogue is deploy/demo/en.
    #[arg(long)]
    pub(crate) english: bool,
    /// Where acknowledged submissions are written, synced, for `suban check --journal`.
    #[arg(long)]
    pub(crate) journal: Option<PathBuf>,
    /// Print the summary as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How much is broken.
#[derive(Debug, Args)]
pub(crate) struct Chaos {
    /// How many faults.
    #[arg(long, default_value_t = 20)]
    pub(crate) rounds: u32,
    /// The same seed breaks the same things in the same order.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Tickets of one city; one city follows the other until the last fault is over.
    #[arg(long, default_value_t = 40)]
    pub(crate) tickets: u32,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is imported.
#[derive(Debug, Clone, Args)]
pub(crate) struct Import {
    /// CSV or JSON lines, also gzipped.
    pub(crate) file: PathBuf,
    /// What its columns mean.
    #[arg(long)]
    pub(crate) map: PathBuf,
    /// Where rejects go, by line and reason; FILE.rejects.csv in this folder when not said.
    #[arg(long)]
    pub(crate) rejects: Option<PathBuf>,
    /// Token of a caller who may submit, such as an INTAKE_BOT.
    #[arg(long, env = "SUBAN_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// Read at most so many records.
    #[arg(long)]
    pub(crate) limit: Option<u64>,
    /// Begin at the first record, also when an earlier run stopped in the middle.
    #[arg(long)]
    pub(crate) from_start: bool,
    /// Read and map everything, submit nothing: to try a mapping.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print the summary as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What the audit looks at.
#[derive(Debug, Clone, Args)]
pub(crate) struct Check {
    /// A journal of acknowledged submissions.
    #[arg(long)]
    pub(crate) journal: Option<PathBuf>,
    /// Seconds to wait for an empty outbox and no lag.
    #[arg(long, default_value_t = 60)]
    pub(crate) patience: u64,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum DlqVerb {
    /// List them.
    List,
    /// Show one with its bytes.
    Show(Letter),
    /// Hand it to the consumer that refused it, and to no other.
    Replay(Letter),
    /// Let it go.
    Discard(Letter),
}

/// One dead letter.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Letter {
    /// Partition of the dead-letter topic.
    pub(crate) partition: i32,
    /// Offset in it.
    pub(crate) offset: i64,
}

/// Working time. Times are the calendar's local ones, like 2026-10-08T14:50, unless they carry an offset.
#[derive(Debug, Subcommand)]
pub(crate) enum CalendarVerb {
    /// What a day is: workday, weekend, holiday or makeup, and who says so.
    Day {
        /// Which day, like 2026-10-01.
        date: String,
        /// Of which calendar.
        #[command(flatten)]
        which: WhichCalendar,
    },
    /// When something is due that starts at a time and may take so long.
    Add {
        /// Its start.
        #[arg(long, value_name = "TIME")]
        from: String,
        /// Working days, or hours and minutes of working time: 10d, 4h, 30m, 1h30m.
        #[arg(long, value_name = "LIMIT", required_unless_present = "natural", conflicts_with = "natural")]
        working: Option<String>,
        /// The same in natural time; a day is 24 hours.
        #[arg(long, value_name = "LIMIT")]
        natural: Option<String>,
        /// The clock stands still from one time until another; may be said many times.
        #[arg(long, value_name = "TIME/TIME")]
        pause: Vec<String>,
        /// Of which calendar.
        #[command(flatten)]
        which: WhichCalendar,
    },
    /// How much working time lies between two times.
    Between {
        /// The first.
        from: String,
        /// The second; when it is earlier, the time counts as negative.
        to: String,
        /// The clock stands still from one time until another; may be said many times.
        #[arg(long, value_name = "TIME/TIME")]
        pause: Vec<String>,
        /// Of which calendar.
        #[command(flatten)]
        which: WhichCalendar,
    },
}

/// Which calendar, and how it answers.
#[derive(Debug, Args)]
pub(crate) struct WhichCalendar {
    /// Its name.
    #[arg(long, value_name = "NAME", default_value = "sz")]
    pub(crate) calendar: String,
    /// A city's own calendars (docs/calendar.md).
    #[arg(long, value_name = "FILE")]
    pub(crate) calendars: Vec<PathBuf>,
    /// A notice of a further year (docs/calendar.md).
    #[arg(long, value_name = "FILE")]
    pub(crate) notice: Vec<PathBuf>,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Rosters. Times are local unless they carry an offset; now when not said.
#[derive(Debug, Subcommand)]
pub(crate) enum RosterVerb {
    /// Say everything that is wrong with a roster.
    Check {
        /// A folder with people.csv, shifts.csv, duty.csv, exceptions.csv and deputies.csv, or a workbook (.xlsx).
        folder: PathBuf,
        #[command(flatten)]
        from: RosterFrom,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Put a roster in force: notices name who stands there by it.
    Publish {
        /// A folder or a workbook (.xlsx).
        folder: PathBuf,
        /// In force from then on, an instant like 2027-01-01T00:00:00+08:00; at once when not said.
        #[arg(long, value_name = "INSTANT")]
        effective: Option<String>,
        #[command(flatten)]
        from: RosterFrom,
        #[command(flatten)]
        why: Published,
    },
    /// Who answers for a unit, and every step to that; who serves there.
    Who {
        /// A unit or a team.
        #[arg(long)]
        unit: UnitCode,
        /// When, like 2026-10-01T02:00.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// The roster: a folder or a workbook (.xlsx).
        #[arg(long, value_name = "FOLDER", default_value = "deploy/demo/roster")]
        roster: PathBuf,
        #[command(flatten)]
        from: RosterFrom,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Where fewer serve than should, or nobody; fails when a unit has nobody at some time.
    Gaps {
        /// A unit or a team; all units when not said.
        #[arg(long)]
        unit: Option<UnitCode>,
        /// From when on, like 2026-10-01T02:00.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// How many days are looked at.
        #[arg(long, default_value_t = suban_roster::LOOK_AHEAD_DAYS, value_parser = clap::value_parser!(u32).range(1..=366))]
        days: u32,
        /// The roster: a folder or a workbook (.xlsx).
        #[arg(long, value_name = "FOLDER", default_value = "deploy/demo/roster")]
        roster: PathBuf,
        #[command(flatten)]
        from: RosterFrom,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What a roster rests on.
#[derive(Debug, Args)]
pub(crate) struct RosterFrom {
    /// The catalogue's units.csv; the one in the roster's folder or beside it when not said.
    #[arg(long, value_name = "FILE")]
    pub(crate) units: Option<PathBuf>,
    /// A city's own calendars (docs/calendar.md).
    #[arg(long, value_name = "FILE")]
    pub(crate) calendars: Vec<PathBuf>,
    /// A notice of a further year (docs/calendar.md).
    #[arg(long, value_name = "FILE")]
    pub(crate) notice: Vec<PathBuf>,
}

/// Tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenVerb {
    /// Make one; it is shown once and kept as a hash.
    New {
        /// In which role.
        #[arg(long)]
        role: Role,
        /// For which account.
        #[arg(long)]
        person: PersonCode,
        /// For which unit.
        #[arg(long)]
        unit: Option<UnitCode>,
        /// For which area.
        #[arg(long)]
        area: Option<AreaCode>,
        /// Belongs to an outsourced call centre (R-SEC-10).
        #[arg(long)]
        outsourced: bool,
    },
    /// List them, without the tokens themselves.
    List,
    /// Take one back; it stops working within `security.token_cache`.
    Revoke {
        /// Its id, as `suban token new` and `suban token list` say it.
        id: uuid::Uuid,
    },
}

/// Keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysVerb {
    /// Make the key file.
    New,
    /// Add a new master key to the file and wrap every requester's key again.
    Rotate,
}

/// Whom to erase.
#[derive(Debug, Args)]
pub(crate) struct Erase {
    /// The ticket whose requester is erased.
    #[arg(long, required_unless_present_any = ["reapply", "export"])]
    pub(crate) ticket: Option<String>,
    /// Apply all erasures again, after a restore.
    #[arg(long)]
    pub(crate) reapply: bool,
    /// With --reapply: take in this file of tombstones first; a backup knows nothing of who was erased after it.
    #[arg(long, requires = "reapply", value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// Write every tombstone to this file, to be kept beside the backups. It names nobody.
    #[arg(long, conflicts_with_all = ["ticket", "reapply"], value_name = "FILE")]
    pub(crate) export: Option<PathBuf>,
    /// Who asks.
    #[arg(long, default_value = "operator")]
    pub(crate) by: PersonCode,
    /// Why.
    #[arg(long, default_value = "requested")]
    pub(crate) reason: String,
}
