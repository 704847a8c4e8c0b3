//! Who is asked, by whom and when again. Pure.

use suban_domain::{At, AttemptOutcome, Span, Ticket, Timer};

use crate::tables::Opening;

/// Events after which a ticket stands in the call-back, or has left it.
pub const FOLLOWED: &[&str] = &[
    "result_accepted",
    "verified",
    "reply_copied",
    "parts_done",
    "survey_answered",
    "survey_exhausted",
    "redo_ordered",
    "closed",
    "parts_answered",
    "upstream_decided",
    "withdrawn",
];

/// Members from which on a person asks (R-CB-1).
const LARGE_GROUP: u32 = 5;

/// The survey that a ticket's entering the call-back at `version` asks for.
#[must_use]
pub fn opening(ticket: &Ticket, version: u32, now: At) -> Opening {
    let due = |timer| ticket.dues.get(&timer).copied();
    Opening {
        ticket: ticket.id,
        cause: version,
        at: now,
        next_at: due(Timer::Callback).unwrap_or(now),
        ends_at: due(Timer::CallbackEnd).unwrap_or_else(|| now.plus(Span::days(7))),
        human: ticket.redo_round > 0
            || ticket.flags.confidential
            || !ticket.orders.is_empty()
            || ticket.members() >= LARGE_GROUP
            // Several matters in one call are a talk, and no form.
            || !ticket.parts.is_empty(),
    }
}

/// When to try again: in another part of the day, at least two hours later (R-CB-3); a busy line sooner.
#[must_use]
pub fn next_attempt(outcome: AttemptOutcome, at: At) -> At {
    match outcome {
        AttemptOutcome::Busy => at.plus(Span::minutes(30)),
        AttemptOutcome::HandedToHuman => at,
        AttemptOutcome::NoAnswer | AttemptOutcome::PowerOff | AttemptOutcome::NoInput => at.plus(Span::hours(5)),
        AttemptOutcome::AnsweredValid
        | AttemptOutcome::AnsweredPartial
        | AttemptOutcome::Refused
        | AttemptOutcome::WrongNumber => at.plus(Span::hours(24)),
    }
}

/// After these nobody asks again: the citizen does not want to, or is not there.
#[must_use]
pub const fn ends_asking(outcome: AttemptOutcome) -> bool {
    matches!(outcome, AttemptOutcome::Refused | AttemptOutcome::WrongNumber)
}
