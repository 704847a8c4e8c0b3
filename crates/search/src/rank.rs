//! How a hit is ranked: what its texts say of the words × how lately it came.
//!
//! What the texts say is BM25 over three fields, of which the title counts three times and the place twice. Lateness is
//! a mild tie-break between tickets that say the same: a ticket of today counts whole, one of 30 days ago three
//! quarters, a very old one half. Where no words are asked for, lateness alone ranks: newest first.

use std::cmp::Ordering;

use suban_domain::{At, TicketId};
use uuid::Uuid;

/// After so many days a ticket has lost half of what lateness can take.
const HALF_AFTER_DAYS: f32 = 30.0;
/// What a very old ticket still counts.
const LEAST: f32 = 0.5;

/// Why a hit stands where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rank {
    /// What its texts say of the words; 1 where none were asked for.
    pub text: f32,
    /// How much its age leaves of that, 0.5 to 1.
    pub lateness: f32,
    pub(crate) id: u128,
}

/// How much a ticket of this age counts.
pub(crate) fn lateness(age_ms: u64) -> f32 {
    let days = (age_ms as f64 / 86_400_000.0) as f32;
    LEAST + (1.0 - LEAST) / (1.0 + days / HALF_AFTER_DAYS)
}

impl Rank {
    /// The two parts together.
    #[must_use]
    pub fn score(&self) -> f32 {
        self.text * self.lateness
    }

    /// Where the next page begins.
    #[must_use]
    pub fn mark(&self, asked_at: At) -> Mark {
        Mark { score: self.score(), id: self.id, asked_at }
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.score().total_cmp(&other.score()).then(self.id.cmp(&other.id)))
    }
}

/// After which hit a page begins, and at which time the first page was asked for: later pages are ranked by the same
/// ages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    score: f32,
    id: u128,
    asked_at: At,
}

impl Mark {
    /// Bytes of one.
    pub const BYTES: usize = 28;

    /// As a page token holds it.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(&self.score.to_be_bytes());
        bytes[4..20].copy_from_slice(&self.id.to_be_bytes());
        bytes[20..].copy_from_slice(&self.asked_at.micros().to_be_bytes());
        bytes
    }

    /// As it was written.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let (mut score, mut id, mut at) = ([0; 4], [0; 16], [0; 8]);
        score.copy_from_slice(&bytes[..4]);
        id.copy_from_slice(&bytes[4..20]);
        at.copy_from_slice(&bytes[20..]);
        Self {
            score: f32::from_be_bytes(score),
            id: u128::from_be_bytes(id),
            asked_at: At::from_micros(i64::from_be_bytes(at)),
        }
    }

    /// When the first page was asked for.
    #[must_use]
    pub const fn asked_at(&self) -> At {
        self.asked_at
    }

    /// Is this hit on a later page?
    pub(crate) fn is_before(&self, rank: &Rank) -> bool {
        rank.score().total_cmp(&self.score).then(rank.id.cmp(&self.id)) == Ordering::Less
    }
}

/// A ticket's id of its two halves.
pub(crate) fn ticket(id: u128) -> TicketId {
    TicketId::new(Uuid::from_u128(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_of_today_counts_whole_and_an_old_one_half() {
        let day = 86_400_000;
        assert_eq!((lateness(0), lateness(30 * day)), (1.0, 0.75));
        assert!(lateness(3650 * day) > 0.5 && lateness(3650 * day) < 0.51);
    }

    #[test]
    fn a_page_goes_on_after_its_mark() {
        let rank = |text, id| Rank { text, lateness: 1.0, id };
        let mark = rank(2.0, 7).mark(At::from_micros(5));
        assert_eq!(Mark::from_bytes(mark.to_bytes()), mark);
        assert!(mark.is_before(&rank(1.0, 9)) && mark.is_before(&rank(2.0, 6)));
        assert!(!mark.is_before(&rank(2.0, 7)) && !mark.is_before(&rank(3.0, 1)));
    }
}
