//! What can be said to a backtest.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::civil::Date;

use super::dedup::args::Dedup;

/// What is tried on history.
#[derive(Debug, Subcommand)]
pub(crate) enum Backtest {
    /// Learn categories from labelled messages, and say how well others are read.
    Classify(Classify),
    /// Which unit gets a ticket: learned from past outcomes, asked about later ones in order of time.
    Dispatch(Dispatch),
    /// Which requests repeat earlier ones: played in order of arrival, scored with marked pairs.
    Dedup(Dedup),
    /// What the checks of replies find in past ones, and how that agrees with marks given by hand.
    Replies(Replies),
}

/// `suban backtest classify`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Classify {
    /// Labelled messages to learn from: JSON lines (`text`, `labels`, `raw_id`) or CSV (`tokens`, `label`, `raw_id`),
    /// also gzipped. Rows of one `raw_id` are one message; its text counts rather than its tokens.
    #[arg(long, required = true)]
    pub(crate) train: Vec<PathBuf>,
    /// Labelled messages to read.
    #[arg(long, required_unless_present = "folds", conflicts_with = "folds")]
    pub(crate) test: Option<PathBuf>,
    /// Instead of a test file, so many folds of the training messages: each is read by a model of the others.
    #[arg(long, value_parser = clap::value_parser!(u16).range(2..=100))]
    pub(crate) folds: Option<u16>,
    /// Share that must be right among those sent; a threshold is chosen for it on the training messages.
    #[arg(long, default_value = "0.95")]
    pub(crate) precision: Vec<f64>,
    /// The same seed makes the same folds and the same model.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Where the model is written.
    #[arg(long)]
    pub(crate) save: Option<PathBuf>,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `suban backtest dispatch`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Dispatch {
    /// Past tickets: CSV with a heading, also gzipped.
    #[arg(long)]
    pub(crate) train: PathBuf,
    /// Later tickets, of the same columns.
    #[arg(long, required_unless_present = "from")]
    pub(crate) test: Option<PathBuf>,
    /// Without --test: the rows of --train before this day are learned from, the others are asked.
    #[arg(long, conflicts_with = "test", value_name = "DATE")]
    pub(crate) from: Option<Date>,
    /// The column that names the unit that did it.
    #[arg(long)]
    pub(crate) label: String,
    /// The columns that are known when a ticket comes. Which of them refine one another is found in --train.
    #[arg(long, required = true, value_delimiter = ',')]
    pub(crate) features: Vec<String>,
    /// The column with the day; a time after it is not looked at.
    #[arg(long)]
    pub(crate) time: String,
    /// Learn from the tested days as well, each once it is known.
    #[arg(long)]
    pub(crate) online: bool,
    /// Days until an outcome is known; never within its day.
    #[arg(long, default_value_t = 1, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) label_delay: u16,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `suban backtest replies`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Replies {
    /// Messages with their replies: JSON lines (`text`, `reply`, perhaps `title`, `reply_time`,
    /// `hand_explainability`, `hand_completeness_b`, `hand_explainability_b`), also gzipped.
    #[arg(long)]
    pub(crate) replies: PathBuf,
    /// Show so many replies on which findings and marks disagree.
    #[arg(long, default_value_t = 0)]
    pub(crate) show: usize,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
