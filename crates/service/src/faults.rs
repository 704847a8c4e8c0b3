//! The store's errors and the rules' refusals, as callers are told. One place (style §3).

use std::time::Duration;

use suban_domain::Refusal;
use suban_runtime::errors;
use suban_store::StoreError;
use tonic::Status;

/// How a store's error is told.
#[must_use]
pub fn status(error: &StoreError) -> Status {
    match error {
        StoreError::Refused(refused) => refusal(refused),
        StoreError::NotFound { what } => errors::not_found(what, "with this number or id"),
        StoreError::Contended => errors::conflict(error.to_string(), Duration::from_millis(50)),
        StoreError::Stopped => errors::unavailable("this instance is stopping; try again", Duration::from_secs(1)),
        StoreError::Database(_) if error.is_transient() => {
            tracing::warn!(error = %error, "database");
            errors::unavailable(
                "the database cannot be reached at the moment; nothing was changed",
                Duration::from_secs(1),
            )
        }
        StoreError::Database(_) | StoreError::Migrate(_) | StoreError::Damaged { .. } | StoreError::Crypto(_) => {
            errors::internal(error)
        }
    }
}

/// How a refusal by the rules is told: the reason as a stable code, and what was wrong.
#[must_use]
pub fn refusal(refusal: &Refusal) -> Status {
    let text = refusal.to_string();
    match refusal {
        Refusal::WrongRole { .. } | Refusal::WrongUnit { .. } | Refusal::SamePerson { .. } => {
            errors::denied(refusal.code(), text)
        }
        Refusal::Missing { field, .. } | Refusal::Unfit { field, .. } => errors::invalid(*field, text),
        Refusal::WrongState { .. }
        | Refusal::WrongTaskState { .. }
        | Refusal::ReturnLocked { .. }
        | Refusal::TooLate { .. }
        | Refusal::TooEarly { .. }
        | Refusal::UsedUp { .. }
        | Refusal::LeadNotAllowed { .. }
        | Refusal::NotJudged
        | Refusal::MergeForbidden { .. }
        | Refusal::AlreadySo { .. } => errors::refused(refusal.code(), text, []),
    }
}
