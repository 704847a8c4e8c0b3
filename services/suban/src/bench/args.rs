//! What can be said to a bench.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What is measured.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Submitted, judged, dispatched: throughput, lag, CPU, memory, and what a ticket costs in rows and bytes.
    Flow(Flow),
    /// From the submit to the rating by link and the closing.
    Lifecycle(Lifecycle),
    /// The bare reads and writes of the same flow on the same machine: the yardstick.
    Floor(Floor),
    /// How fast a critical ticket is dispatched behind many that wait.
    Urgent(Urgent),
    /// First pages in a city that is years old, and how soon a change is on an open screen.
    Queue(Queue),
    /// How soon the desk's and the handler's page are there, and a bulk action on 500 tickets.
    Pages(Pages),
    /// How late clocks that run out are served, spread over a time or all at once after an outage.
    Timers(Timers),
    /// How soon a photograph of 10 MB is stored with its small copy, and there again.
    Attachments(Attachments),
    /// Working time: agreement with a walk from minute to minute, and deadlines a second. Needs no stack.
    Calendar(Calendar),
    /// Duplicate search over a generated city with so many open requests. Needs no stack.
    Dedup(Dedup),
    /// Search over a generated city of so many tickets. Needs no stack.
    Search(Search),
    /// A unit's month: is equal work given to equal people? Needs no stack.
    Fairness(Fairness),
}

/// `suban bench attachments`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Attachments {
    /// Photographs, stored one after the other on one ticket.
    #[arg(long, default_value_t = 50)]
    pub(crate) files: u32,
    /// Where and how.
    #[command(flatten)]
    pub(crate) ground: Ground,
}

/// `suban bench fairness`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Fairness {
    /// The same seed plays the same month.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// People, in four groups that take turns.
    #[arg(long, default_value_t = 40)]
    pub(crate) people: u32,
    /// Tickets in the month.
    #[arg(long, default_value_t = 30_000)]
    pub(crate) tickets: u32,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `suban bench dedup`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Dedup {
    /// Open requests that are held.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) open: usize,
    /// Requests that are judged.
    #[arg(long, default_value_t = 5_000)]
    pub(crate) asked: usize,
    /// The same seed makes the same city.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `suban bench search`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Search {
    /// Tickets that are held.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) tickets: usize,
    /// Questions that are asked.
    #[arg(long, default_value_t = 4_500)]
    pub(crate) asked: usize,
    /// Tickets that change while it is kept up.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) changed: usize,
    /// The same seed makes the same city.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `suban bench calendar`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Calendar {
    /// How many random questions are asked.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) cases: u64,
    /// The same seed asks the same.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where it runs, and how it answers.
#[derive(Debug, Clone, Args)]
pub(crate) struct Ground {
    /// Use the services and the database that are there, rather than a fresh city of its own.
    #[arg(long)]
    pub(crate) attach: bool,
    /// The same seed submits the same words.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Where acknowledged submissions are written, synced, for `suban check --journal`; the city is kept then.
    #[arg(long)]
    pub(crate) journal: Option<PathBuf>,
    /// Keep the city's database and topics afterwards, and say what they are called.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `suban bench flow`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Flow {
    /// How many tickets.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) tickets: u32,
    /// Tickets a second, whatever the answers; without it, as fast as they are answered.
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// Tickets that are there before, nine in ten of them closed.
    #[arg(long, default_value_t = 0)]
    pub(crate) preload: u32,
    /// Hold a snapshot open beside it, as a backup would.
    #[arg(long)]
    pub(crate) snapshot: bool,
    /// Where and how.
    #[command(flatten)]
    pub(crate) ground: Ground,
}

/// `suban bench lifecycle`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Lifecycle {
    /// How many tickets.
    #[arg(long, default_value_t = 5_000)]
    pub(crate) tickets: u32,
    /// Where and how.
    #[command(flatten)]
    pub(crate) ground: Ground,
}

/// `suban bench floor`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Floor {
    /// How many tickets.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) tickets: u32,
    /// Run the flow with the same tickets before, and say what share of the floor it reaches.
    #[arg(long)]
    pub(crate) flow: bool,
    /// Where and how.
    #[command(flatten)]
    pub(crate) ground: Ground,
}

/// `suban bench queue`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Queue {
    /// Tickets that are there before, nine in ten of them closed.
    #[arg(long, default_value_t = 0)]
    pub(crate) preload: u32,
    /// Tickets that are submitted before; one in seventeen waits for a person then.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) tickets: u32,
    /// First pages that are asked for, of the queue and of inboxes.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) pages: u32,
    /// Screens that are open at once.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) screens: usize,
    /// Tickets that are submitted while they are open.
    #[arg(long, default_value_t = 600)]
    pub(crate) changes: u32,
    /// Of them a second.
    #[arg(long, default_value_t = 20.0)]
    pub(crate) rate: f64,
    /// Where and how.
    #[command(flatten)]
    pub(crate) ground: Ground,
}

/// `suban bench pages`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Pages {
    /// Tickets that are there before, nine in ten of them closed.
    #[arg(long, default_value_t = 0)]
    pub(crate) preload: u32,
    /// Tickets that are submitted before, so that queue and inboxes are not empty.
    #[arg(long, default_value_t = 5_000)]
    pub(crate) tickets: u32,
    /// How often each page is opened.
    #[arg(long, default_value_t = 200)]
    pub(crate) pages: u32,
    /// Where and how.
    #[command(flatten)]
    pub(crate) ground: Ground,
}

/// `suban bench timers`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Timers {
    /// Tickets whose time to sign runs out.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) tickets: u32,
    /// Seconds over which the clocks run out, evenly.
    #[arg(long, default_value_t = 60)]
    pub(crate) within: u32,
    /// All have run out before anybody looks, as after an outage.
    #[arg(long)]
    pub(crate) overdue: bool,
    /// Where and how.
    #[command(flatten)]
    pub(crate) ground: Ground,
}

/// `suban bench urgent`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Urgent {
    /// Ordinary tickets that wait.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) waiting: u32,
    /// Critical tickets, submitted while the others are worked off.
    #[arg(long, default_value_t = 200)]
    pub(crate) critical: u32,
    /// Critical tickets a second.
    #[arg(long, default_value_t = 10.0)]
    pub(crate) rate: f64,
    /// Where and how.
    #[command(flatten)]
    pub(crate) ground: Ground,
}
