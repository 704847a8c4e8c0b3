//! What can be said to it.

use std::path::PathBuf;

use clap::Args;

/// Which requests repeat earlier ones: played in order of arrival, scored with marked pairs.
#[derive(Debug, Clone, Args)]
pub(crate) struct Dedup {
    /// Requests to judge: CSV or JSON lines, also gzipped.
    #[arg(long, required = true)]
    pub(crate) requests: Vec<PathBuf>,
    /// Marked pairs (`child_id,parent_id` or two ids in any order) or groups (`dup_group,message_id`), for scoring only.
    #[arg(long, required = true)]
    pub(crate) pairs: Vec<PathBuf>,
    /// Earlier requests, held in the index and learned from.
    #[arg(long)]
    pub(crate) train_requests: Vec<PathBuf>,
    /// Marked pairs to learn from; without them the defaults that ship judge.
    #[arg(long)]
    pub(crate) train_pairs: Vec<PathBuf>,
    /// Which column is what, as for `suban import`; without it the columns of known data sets are recognised.
    #[arg(long)]
    pub(crate) map: Option<PathBuf>,
    /// Precision wanted of automatic merges.
    #[arg(long, default_value_t = 0.98)]
    pub(crate) precision: f64,
    /// Days after which an open request is no longer a candidate.
    #[arg(long, default_value_t = 370)]
    pub(crate) open_days: u32,
    /// Days after its closing until a request is no longer a candidate.
    #[arg(long, default_value_t = 15)]
    pub(crate) closed_days: u32,
    /// Only children reported before this instant are learned from, and only later ones are scored.
    #[arg(long, value_name = "INSTANT")]
    pub(crate) split: Option<String>,
    /// Learn from nothing but --train-pairs: start from a blank model, not from the defaults.
    #[arg(long)]
    pub(crate) blank: bool,
    /// Print so many of the worst errors side by side.
    #[arg(long, default_value_t = 0)]
    pub(crate) show: usize,
    /// Where the learned model is written.
    #[arg(long)]
    pub(crate) save: Option<PathBuf>,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[arg(long, default_value_t = 0.3, hide = true)]
    pub(crate) ridge: f64,
    #[arg(long, default_value_t = 1.0, hide = true)]
    pub(crate) smooth: f64,
    #[arg(long, default_value_t = 0.3, hide = true)]
    pub(crate) named: f64,
}
