//! What can be wrong with a question.

use suban_domain::calendar::CalendarError;

/// Why nothing was simulated.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SimulationError {
    /// A policy does not say what it must, or says what cannot be.
    #[error("policy {policy}: {problem}")]
    Policy {
        /// Its name or its file.
        policy: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// Nothing arrives.
    #[error("there are no arrivals: the file needs at least one row with a time and a unit")]
    NoArrivals,
    /// The ranker cannot be built on what is known of the arrivals.
    #[error("nothing is known of the arrivals that a unit could be suggested by: {0}")]
    Features(String),
    /// A calendar does not answer.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}
