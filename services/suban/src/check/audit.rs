//! The judging: values in, counts out.

use std::{
    collections::{BTreeSet, HashMap, HashSet, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
};

use serde::Serialize;
use suban_domain::{Recorded, State, Ticket, TicketId};

use crate::journal::Entry;

/// Faults named one by one; beyond them the count must do.
const NAMED: usize = 20;

/// What was found; the keys are a contract.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq)]
pub(crate) struct Report {
    /// Tickets looked at.
    pub(crate) tickets: u64,
    /// Events in their logs.
    pub(crate) events: u64,
    /// Told to a client and not there, or in the log and not in the topic.
    pub(crate) lost: u64,
    /// One source id as two tickets, or one cause with two effects.
    pub(crate) doubled: u64,
    /// Tickets whose versions do not rise in the topic.
    pub(crate) out_of_order: u64,
    /// Tickets whose row is not the fold of their log.
    pub(crate) row_differs_from_log: u64,
    /// Open tickets that nobody and nothing will touch again.
    pub(crate) stranded: u64,
    /// Events that wait for Kafka.
    pub(crate) outbox_pending: u64,
    /// Dead letters nobody has dealt with.
    pub(crate) dead_letters: u64,
    /// Places where a citizen of the run is named in clear.
    pub(crate) personal_data_found: u64,
    /// Examples of what was found, and what still moved.
    #[serde(skip)]
    pub(crate) notes: Vec<String>,
    /// Something still moved when patience was at its end, so that nothing is proved.
    #[serde(skip)]
    pub(crate) unsettled: bool,
}

impl Report {
    /// All figures by name.
    pub(crate) fn figures(&self) -> [(&'static str, u64); 10] {
        [
            ("tickets", self.tickets),
            ("events", self.events),
            ("lost", self.lost),
            ("doubled", self.doubled),
            ("out_of_order", self.out_of_order),
            ("row_differs_from_log", self.row_differs_from_log),
            ("stranded", self.stranded),
            ("outbox_pending", self.outbox_pending),
            ("dead_letters", self.dead_letters),
            ("personal_data_found", self.personal_data_found),
        ]
    }

    /// No fault at all, and nothing moved any more.
    pub(crate) fn is_clean(&self) -> bool {
        !self.unsettled && self.figures().iter().skip(2).all(|(_, n)| *n == 0)
    }
}

/// Where a person may be named by mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Log,
    Topic,
    DeadLetters,
    Texts,
    LogFiles,
}

impl Place {
    const fn name(self) -> &'static str {
        match self {
            Self::Log => "the log",
            Self::Topic => "the topic",
            Self::DeadLetters => "dead letters",
            Self::Texts => "masked texts or audit reasons",
            Self::LogFiles => "log files",
        }
    }
}

/// Which versions of a ticket the topic holds. Small: there may be a million of these.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// Versions 1 to 64.
    first: u64,
    more: BTreeSet<u32>,
    highest: u32,
    disordered: bool,
}

impl Seen {
    /// Takes the next message of the ticket; repeats are harmless.
    pub(super) fn heard(&mut self, version: u32) {
        if self.has(version) {
            return;
        }
        self.disordered |= version < self.highest;
        self.highest = self.highest.max(version);
        match version {
            1..=64 => self.first |= 1 << (version - 1),
            0 | 65.. => {
                self.more.insert(version);
            }
        }
    }

    fn has(&self, version: u32) -> bool {
        match version {
            1..=64 => self.first & (1 << (version - 1)) != 0,
            0 | 65.. => self.more.contains(&version),
        }
    }
}

/// One event of the log.
#[derive(Debug, Clone)]
pub(super) struct Logged {
    pub(super) event: Recorded,
    /// Recorded within the topic's retention.
    pub(super) kept: bool,
}

/// A ticket with all that is known of it.
#[derive(Debug, Clone)]
pub(super) struct Read {
    pub(super) id: TicketId,
    pub(super) number: String,
    pub(super) version: i32,
    pub(super) state: i16,
    /// Put there in bulk, never on the topic.
    pub(super) bulk: bool,
    pub(super) body: String,
    /// A timer will look at it.
    pub(super) timed: bool,
    /// It waits in the dispatchers' queue.
    pub(super) queued: bool,
    /// A survey of it is open.
    pub(super) surveyed: bool,
    pub(super) log: Vec<Logged>,
    /// An event that cannot be opened.
    pub(super) damaged: Option<String>,
    /// Everything of the log that is stored as it is.
    pub(super) bytes: Vec<Vec<u8>>,
    /// States of the tickets it leans on.
    pub(super) others: HashMap<TicketId, State>,
}

impl Read {
    /// The fold of its log, or why there is none.
    fn fold(&self) -> Result<Ticket, String> {
        if let Some(problem) = &self.damaged {
            return Err(problem.clone());
        }
        Ticket::fold(self.log.iter().map(|logged| &logged.event)).map_err(|problem| problem.to_string())
    }

    /// The tickets it leans on: its master and its parts.
    pub(super) fn leans_on(&self) -> Vec<TicketId> {
        let Ok(ticket) = self.fold() else { return Vec::new() };
        ticket.master().into_iter().chain(ticket.parent).chain(ticket.parts).collect()
    }

    /// Does the row say what the log says?
    fn agrees(&self, fold: &Ticket) -> bool {
        let row: Option<serde_json::Value> = serde_json::from_str(&self.body).ok();
        row.is_some()
            && row == serde_json::to_value(fold).ok()
            && u32::try_from(self.version) == Ok(fold.version)
            && i32::from(self.state) == fold.state.number()
            && self.number == fold.number.as_str()
    }

    /// Nobody and nothing will touch it again, though it is not at its end.
    fn is_stranded(&self, fold: &Ticket) -> bool {
        let open = |id: &TicketId| self.others.get(id).is_some_and(|state| !state.is_terminal());
        let led = fold.lead().is_some_and(suban_domain::Task::is_open);
        let kept = self.timed || self.queued || self.surveyed || led;
        // A part that is done waits for the others, and is asked about with its parent (F26a).
        let of_parent = fold.parent.as_ref().is_some_and(open);
        let follows = fold.master().as_ref().is_some_and(open) || fold.parts.iter().any(open) || of_parent;
        !(fold.state.is_terminal() || kept || follows)
    }

    /// A request whose fact came a second time, after something else: the cause was taken twice.
    fn acted_twice(&self) -> bool {
        let mut done: HashSet<(&str, &str)> = HashSet::new();
        let mut running: (&str, Vec<&str>) = ("", Vec::new());
        for Logged { event, .. } in &self.log {
            let (request, fact) = (event.request.as_str(), event.event.fact.name());
            if running.0 != request {
                let (ended, facts) = std::mem::replace(&mut running, (request, Vec::new()));
                done.extend(facts.into_iter().map(|fact| (ended, fact)));
            }
            if done.contains(&(request, fact)) {
                return true;
            }
            running.1.push(fact);
        }
        false
    }
}

/// Two independent halves: a million sources do not collide in 128 bits.
fn hash(channel: i32, system: &str, id: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, channel, system, id).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(1) << 64 | half(2)
}

/// The audit as it goes.
#[derive(Debug)]
pub(super) struct Audit {
    report: Report,
    topic: HashMap<TicketId, Seen>,
    missing: BTreeSet<(TicketId, u32)>,
    sources: HashSet<u128>,
    told: HashMap<u128, String>,
}

impl Audit {
    /// Begins with the topic, how many of its messages name somebody, and what still moved.
    pub(super) fn new((topic, named): (HashMap<TicketId, Seen>, usize), moving: Option<String>) -> Self {
        let mut audit = Self {
            report: Report { unsettled: moving.is_some(), ..Report::default() },
            topic,
            missing: BTreeSet::new(),
            sources: HashSet::new(),
            told: HashMap::new(),
        };
        audit.report.notes.extend(moving.map(|what| format!("not quiet when patience ended: {what}")));
        let disordered: BTreeSet<TicketId> =
            audit.topic.iter().filter(|(_, seen)| seen.disordered).map(|(id, _)| *id).collect();
        audit.report.out_of_order = disordered.len() as u64;
        for id in disordered {
            audit.note(format!("out of order in the topic: {id}"));
        }
        audit.personal_data(Place::Topic, named);
        audit
    }

    fn note(&mut self, what: String) {
        if self.report.notes.len() < NAMED {
            self.report.notes.push(what);
        }
    }

    /// Judges one ticket.
    pub(super) fn ticket(&mut self, read: &Read) {
        self.report.tickets += 1;
        self.report.events += read.log.len() as u64;
        match read.fold() {
            Ok(fold) => {
                if !read.agrees(&fold) {
                    self.report.row_differs_from_log += 1;
                    self.note(format!("row differs from log: {} ({})", read.number, read.id));
                }
                if read.is_stranded(&fold) {
                    self.report.stranded += 1;
                    self.note(format!("stranded: {} ({}) in {}", read.number, read.id, fold.state));
                }
                // A part has its parent's source.
                let source = &fold.source;
                let source = hash(source.channel.number(), source.system.as_str(), source.id.as_str());
                if fold.parent.is_none() && !self.sources.insert(source) {
                    self.report.doubled += 1;
                    self.note(format!("one source, two tickets: {} ({})", read.number, read.id));
                }
            }
            Err(problem) => {
                self.report.row_differs_from_log += 1;
                self.note(format!("log does not fold: {} ({}): {problem}", read.number, read.id));
            }
        }
        if read.acted_twice() {
            self.report.doubled += 1;
            self.note(format!("one cause, two effects: {} ({})", read.number, read.id));
        }
        if !read.bulk {
            let seen = self.topic.get(&read.id);
            let version = |logged: &Logged| logged.event.version;
            let gone = |version: &u32| !seen.is_some_and(|seen| seen.has(*version));
            self.missing.extend(
                read.log
                    .iter()
                    .filter(|logged| logged.kept)
                    .map(version)
                    .filter(gone)
                    .map(|version| (read.id, version)),
            );
        }
    }

    /// Tickets with a log and no row.
    pub(super) fn logs_without_row(&mut self, tickets: Vec<TicketId>) {
        self.report.row_differs_from_log += tickets.len() as u64;
        for id in tickets {
            self.note(format!("log without row: {id}"));
        }
    }

    /// Events of the log that were not in the topic when it was read.
    pub(super) const fn missing(&self) -> &BTreeSet<(TicketId, u32)> {
        &self.missing
    }

    /// Those of them that are not there even now.
    pub(super) fn lost_on_the_way(&mut self, still: &BTreeSet<(TicketId, u32)>) {
        self.report.lost += still.len() as u64;
        for (id, version) in still.iter().take(NAMED) {
            self.note(format!("in the log and not in the topic: {id}:{version}"));
        }
    }

    /// A submission that a client was told of; `there` says whether its ticket is.
    pub(super) fn acknowledged(&mut self, entry: &Entry, there: bool) {
        if !there {
            self.report.lost += 1;
            self.note(format!("acknowledged and not there: {} ({})", entry.number, entry.ticket_id));
        }
        let source = hash(entry.channel, &entry.system, &entry.source_id);
        let first = self.told.entry(source).or_insert_with(|| entry.ticket_id.clone());
        if *first != entry.ticket_id {
            let what = format!("one source, two tickets told: {first} and {}", entry.ticket_id);
            self.report.doubled += 1;
            self.note(what);
        }
    }

    /// People named in clear.
    pub(super) fn personal_data(&mut self, place: Place, found: usize) {
        if found > 0 {
            self.report.personal_data_found += found as u64;
            self.note(format!("a citizen is named in {}", place.name()));
        }
    }

    /// Dead letters nobody has dealt with.
    pub(super) fn dead_letters(&mut self, letters: usize) {
        self.report.dead_letters = letters as u64;
    }

    /// Events that Kafka does not have.
    pub(super) const fn outbox(&mut self, waiting: u64) {
        self.report.outbox_pending = waiting;
    }

    /// What came of it.
    pub(super) fn finish(self) -> Report {
        self.report
    }
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
