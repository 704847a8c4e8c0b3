//! What can be said to a backtest.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What is tried on history.
#[derive(Debug, Subcommand)]
pub(crate) enum Backtest {
    /// Learn categories from labelled messages, and say how well others are read.
    Classify(Classify),
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
