//! Requests by the cell they lie in, with what a search by place looks at, side by side: thousands of neighbours are
//! measured without reading any of them.

use std::collections::HashMap;

use crate::{
    place::Spot,
    request::{Facts, Key, Seconds},
};

/// When an open request was closed.
const OPEN: Seconds = Seconds::MAX;

/// One request in its cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Seat {
    pub(crate) number: u32,
    pub(crate) spot: Spot,
    category: u32,
    closed_at: Seconds,
}

fn category(key: Key) -> u32 {
    (key >> 32) as u32
}

impl Seat {
    pub(crate) fn closed(&self, now: Seconds) -> bool {
        self.closed_at <= now
    }

    pub(crate) fn of_category(&self, key: Key) -> bool {
        self.category == category(key)
    }
}

/// All cells that hold one.
#[derive(Debug, Default)]
pub(crate) struct Cells(HashMap<u64, Vec<Seat>>);

impl Cells {
    /// Seats a request, where its place is known.
    pub(crate) fn insert(&mut self, number: u32, facts: &Facts) {
        if let Some(spot) = facts.spot {
            let closed_at = facts.closed_at.unwrap_or(OPEN);
            let seat = Seat { number, spot, category: category(facts.category[0]), closed_at };
            self.0.entry(spot.key()).or_default().push(seat);
        }
    }

    pub(crate) fn remove(&mut self, number: u32, spot: Spot) {
        if let Some(seats) = self.0.get_mut(&spot.key()) {
            seats.retain(|seat| seat.number != number);
            if seats.is_empty() {
                self.0.remove(&spot.key());
            }
        }
    }

    pub(crate) fn close(&mut self, number: u32, spot: Spot, closed_at: Option<Seconds>) {
        let seats = self.0.get_mut(&spot.key()).into_iter().flatten();
        for seat in seats.filter(|seat| seat.number == number) {
            seat.closed_at = closed_at.unwrap_or(OPEN);
        }
    }

    /// The requests in a cell, the newest first.
    pub(crate) fn of(&self, cell: u64) -> impl Iterator<Item = &Seat> {
        self.0.get(&cell).into_iter().flat_map(|seats| seats.iter().rev())
    }
}
