//! `suban bench search`: fills an index in a folder, keeps it up, opens it again, asks it as operators do.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::ExitCode,
    sync::LazyLock,
    time::{Duration, Instant},
};

use serde::Serialize;
use suban_domain::{
    Actor, AreaCode, At, Channel, Hash, Limits, MatterCode, PersonCode, Recorded, RequestId, Role, Source, Span, State,
    Submission, Task, TaskRole, TaskState, Ticket, TicketId, TicketNumber, UnitCode, open,
};
use suban_search::{Document, Index, Key, Period, Query, Texts, Words, excerpt, matches};
use suban_text::{Segmenter, features::mixed};
use uuid::Uuid;

use super::{
    args::Search,
    dedup::city::{Made, made},
    proc,
};
use crate::{backtest::figures::Quantiles, print};

/// What it found.
#[derive(Debug, Serialize)]
struct Report {
    tickets: usize,
    /// From the words to fifty hits with their reasons; what the database takes to show them is not in it.
    ms: Quantiles,
    /// The same for each sort of question.
    by_question: BTreeMap<&'static str, Quantiles>,
    hits_p50: usize,
    /// Filled from nothing, merges in between counted in.
    built_per_s: f64,
    build_cpu_ms_a_ticket: f64,
    /// Kept up: 200 changed tickets a commit, as in two seconds of a busy hall.
    update_cpu_ms_a_ticket: f64,
    commit_ms: Quantiles,
    /// From the folder to the first answer.
    ready_ms: f64,
    disk_mb: f64,
    /// Resident memory after all questions, pages of the folder's files counted in.
    rss_mb: Option<f64>,
}

static SEGMENTER: LazyLock<Segmenter> = LazyLock::new(Segmenter::default);

const MIB: f64 = 1024.0 * 1024.0;
/// Tickets written at once, and between two commits, while it is filled; as intake does.
const AT_ONCE: u64 = 500;
const COMMIT: u64 = 20_000;
/// Changed tickets of one commit while it is kept up.
const CHANGED: u64 = 200;
const PAGE: usize = 50;
const UNITS: u64 = 120;

/// Runs it and prints what it found.
pub(super) fn command(how: &Search) -> anyhow::Result<ExitCode> {
    let report = run(how)?;
    if how.json {
        print::json(&report)?
    } else {
        print::out(&serde_json::to_string_pretty(&report)?)
    }
    Ok(ExitCode::SUCCESS)
}

fn run(how: &Search) -> anyhow::Result<Report> {
    let folder = std::env::temp_dir().join(format!("search-bench-{}", std::process::id()));
    let report = within(how, &folder);
    fs::remove_dir_all(&folder)?;
    report
}

fn within(how: &Search, folder: &Path) -> anyhow::Result<Report> {
    let (city, end) = (City::new(how.seed)?, how.tickets as u64);
    // What it takes to invent tickets is taken off.
    let (cpu, sample) = (cpu_s(), end.min(20_000));
    (0..sample).for_each(|n| drop(city.document(n)));
    let inventing = (cpu_s() - cpu) / sample as f64;

    let (began, cpu) = (Instant::now(), cpu_s());
    let index = Index::in_folder(folder)?;
    for from in (0..end).step_by(AT_ONCE as usize) {
        index.write((from..(from + AT_ONCE).min(end)).map(|n| city.document(n)))?;
        if (from + AT_ONCE).is_multiple_of(COMMIT) {
            index.commit()?;
        }
    }
    index.commit()?;
    index.settle()?;
    let per_ticket = |cpu: f64, tickets: u64| ((cpu_s() - cpu) / tickets as f64 - inventing) * 1e3;
    let build_cpu_ms_a_ticket = per_ticket(cpu, end);
    let built_per_s = end as f64 / (began.elapsed().as_secs_f64() - inventing * end as f64);

    let (index, cpu, mut commits) = (Index::in_folder(folder)?, cpu_s(), Vec::new());
    let changed = how.changed.min(how.tickets) as u64;
    for from in (0..changed).step_by(CHANGED as usize) {
        // Mostly what came lately changes.
        let each = (from..(from + CHANGED).min(changed)).map(|n| end - 1 - mixed(n) % (end / 10).max(1));
        index.write(each.map(|n| city.document(n)))?;
        let began = Instant::now();
        index.commit()?;
        commits.push(began.elapsed().as_secs_f64() * 1e3);
    }
    index.settle()?;
    let update_cpu_ms_a_ticket = per_ticket(cpu, changed.max(1));

    LazyLock::force(&SEGMENTER);
    let began = Instant::now();
    let index = Index::in_folder(folder)?;
    index.search(&city.question(0, end)?.1, PAGE)?;
    let ready_ms = began.elapsed().as_secs_f64() * 1e3;
    let mut took: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    let mut hits = Vec::new();
    for n in 0..how.asked as u64 {
        let (sort, typed) = city.typed(n, end);
        let began = Instant::now();
        let (words, query) = city.ask(sort, &typed, n, end)?;
        let found = index.search(&query, PAGE)?;
        let mut spent = began.elapsed();
        hits.push(found.len());
        for hit in &found {
            let shown = made(how.seed, hit.ticket.uuid().as_u64_pair().1 & NUMBER);
            let began = Instant::now();
            let texts = Texts { title: shown.category, words: &shown.text, place: &shown.address };
            std::hint::black_box(excerpt(&shown.text, &matches(&words, texts).unwrap_or_default()));
            spent += began.elapsed();
        }
        took.entry(sort).or_default().push(spent.as_secs_f64() * 1e3);
    }
    hits.sort_unstable();
    Ok(Report {
        tickets: how.tickets,
        ms: Quantiles::of(took.values().flatten().copied().collect()),
        by_question: took.into_iter().map(|(sort, took)| (sort, Quantiles::of(took))).collect(),
        hits_p50: hits.get(hits.len() / 2).copied().unwrap_or(0),
        built_per_s,
        build_cpu_ms_a_ticket,
        update_cpu_ms_a_ticket,
        commit_ms: Quantiles::of(commits),
        ready_ms,
        disk_mb: bytes(folder)? as f64 / MIB,
        rss_mb: proc::own_rss_mb(false),
    })
}

/// The low half of an id without its variant.
const NUMBER: u64 = u64::MAX >> 2;

/// Invented tickets with what they are narrowed by.
struct City {
    seed: u64,
    blank: Ticket,
    lead: Task,
    units: Vec<UnitCode>,
    areas: Vec<AreaCode>,
}

impl City {
    fn new(seed: u64) -> anyhow::Result<Self> {
        let at = At::from_micros(0);
        let source = Source { channel: Channel::Phone12345, system: "hotline".parse()?, id: "bench".parse()? };
        let submission = Submission::new(TicketId::new(Uuid::nil()), TicketNumber::new(26, 1, 1, 1), source, at);
        let mut events = open(&submission, at, &Limits::sz_district()).map_err(|r| anyhow::anyhow!("{r}"))?;
        let by = Actor { role: Role::System, person: PersonCode::new("bench")?, unit: None, area: None };
        let first = Recorded {
            ticket: submission.id,
            version: 1,
            at,
            by,
            request: RequestId::new("r")?,
            event: events.remove(0),
        };
        let codes = |of: &str, n: u64| (0..n).map(|n| format!("{of}{n:03}")).collect::<Vec<_>>();
        let units = codes("U", UNITS).into_iter().map(UnitCode::new).collect::<Result<Vec<_>, _>>()?;
        let areas = codes("QH", 200).into_iter().map(AreaCode::new).collect::<Result<Vec<_>, _>>()?;
        let lead = Task { state: TaskState::Accepted, ..Task::new(units[0].clone(), TaskRole::Lead, at) };
        Ok(Self { seed, blank: Ticket::begin(&first).map_err(|e| anyhow::anyhow!("{e}"))?, lead, units, areas })
    }

    /// Ticket number `n`: one in twenty is open; the larger units have more.
    fn document(&self, n: u64) -> Document {
        let made = made(self.seed, n);
        let dice = |of: u64, end: usize| (mixed(n ^ of) % end as u64) as usize;
        let mut ticket = self.blank.clone();
        ticket.id = id(&made);
        ticket.state = if n.is_multiple_of(20) { State::Handling } else { State::Archived };
        ticket.area = Some(self.areas[dice(1, self.areas.len())].clone());
        ticket.matter = MatterCode::new(format!("M{}", dice(2, 400))).ok();
        ticket.tasks.push(Task { unit: self.unit(n).clone(), ..self.lead.clone() });
        Document::of(&ticket).telling(made.category, &made.text, &made.address).phoned_by(Some(phone(&made)))
    }

    fn unit(&self, n: u64) -> &UnitCode {
        let (one, other) = (mixed(n ^ 3) % UNITS, mixed(n ^ 4) % UNITS);
        &self.units[one.min(other) as usize]
    }

    /// What an operator types, in nine sorts that take turns: words of a ticket that is there, mostly a late one.
    fn typed(&self, n: u64, end: u64) -> (&'static str, String) {
        let about = made(self.seed, end - 1 - mixed(n ^ 5) % end);
        let words = |from: usize, take: usize| about.text.chars().skip(from).take(take).collect::<String>();
        match n % 9 {
            0 => ("one word", about.category.to_owned()),
            1 => ("a place", about.address.clone()),
            2 => ("a place and a matter", format!("{} {}", about.address, about.category)),
            3 => ("half a sentence", words(3, 14)),
            4 => ("a sentence", words(0, 60)),
            5 => ("a word in a unit, a state and a month", about.category.to_owned()),
            6 => ("a phone", String::new()),
            7 => ("a unit and a state", String::new()),
            _ => ("a word that is everywhere", "处理".to_owned()),
        }
    }

    fn ask(&self, sort: &str, typed: &str, n: u64, end: u64) -> anyhow::Result<(Words, Query)> {
        let number = end - 1 - mixed(n ^ 5) % end;
        let about = made(self.seed, number);
        let now = at(&made(self.seed, end));
        let words = Words::read(&SEGMENTER, typed)?;
        let query = Query::of(words.clone(), now);
        let month =
            Period { from: Some(at(&about).minus(Span::days(15))), until: Some(at(&about).plus(Span::days(15))) };
        let query = match sort {
            "a word in a unit, a state and a month" => {
                let unit = self.unit(number);
                query.among([Key::Unit(unit)]).among([Key::State(State::Archived)]).within(month)
            }
            "a phone" => query.among([Key::Phone(phone(&about))]),
            "a unit and a state" => query.among([Key::Unit(self.unit(number))]).among([Key::State(State::Handling)]),
            _ => query,
        };
        Ok((words, query))
    }

    fn question(&self, n: u64, end: u64) -> anyhow::Result<(Words, Query)> {
        let (sort, typed) = self.typed(n, end);
        self.ask(sort, &typed, n, end)
    }
}

fn at(made: &Made) -> At {
    At::from_micros(made.reported_at * 1_000_000)
}

/// As ids are: the time first.
fn id(made: &Made) -> TicketId {
    let millis = u64::try_from(made.reported_at * 1000).unwrap_or_default();
    TicketId::new(Uuid::from_u64_pair(millis << 16 | 0x7000, 1 << 63 | made.number))
}

/// Stands for the blind index of a phone.
fn phone(made: &Made) -> Hash {
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(made.requester.bytes()) {
        *to = from;
    }
    Hash(hash)
}

fn bytes(folder: &Path) -> std::io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.metadata()?;
        sum += if kind.is_dir() { bytes(&entry.path())? } else { kind.len() };
    }
    Ok(sum)
}

/// Seconds of processor time of this process.
fn cpu_s() -> f64 {
    Duration::from_millis(proc::cpu_ms(std::process::id()).unwrap_or(0)).as_secs_f64()
}
