//! Ids that sort by the time they were made: UUIDv7 from an injected instant.
//!
//! Milliseconds stand in the first 48 bits, the fraction of the millisecond in the next 12 (RFC 9562,
//! method 3), and 62 random bits at the end keep processes apart. Inside one process ids for
//! instants that do not go back rise strictly, even when they share a microsecond.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use rand::{Rng, RngCore, SeedableRng, rngs::StdRng};
use suban_domain::{At, TicketId};
use uuid::Uuid;

use crate::Clock;

const RANDOM_BITS: u32 = 62;
const RANDOM: u128 = (1 << RANDOM_BITS) - 1;
/// Steps between ids of one microsecond are random up to this, so that the next one cannot be guessed.
const STEP: u64 = 1 << 40;

/// Makes ids. Cheap to clone; clones share one sequence.
#[derive(Clone)]
pub struct Ids(Arc<Inner>);

struct Inner {
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    random: StdRng,
    /// The greatest id handed out: its tick (time in steps of 1/4096 ms) and its random tail.
    tick: u64,
    tail: u64,
}

impl Ids {
    /// Ids from this clock and the machine's randomness.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self::of(clock, StdRng::from_os_rng())
    }

    /// The same ids for the same seed, instants and order of asking: for tests and the simulated city.
    #[must_use]
    pub fn seeded(clock: Clock, seed: u64) -> Self {
        Self::of(clock, StdRng::seed_from_u64(seed))
    }

    fn of(clock: Clock, random: StdRng) -> Self {
        Self(Arc::new(Inner { clock, state: Mutex::new(State { random, tick: 0, tail: 0 }) }))
    }

    /// A ticket's id for the instant it was received, which may be past (imported history plays its own
    /// time line, design §5).
    #[must_use]
    pub fn ticket(&self, at: At) -> TicketId {
        TicketId::new(self.uuid(at))
    }

    /// An id made now.
    #[must_use]
    pub fn next(&self) -> Uuid {
        self.uuid(self.0.clock.now())
    }

    /// An id that carries `at`. Greater than all ids made here before for instants up to `at`; an instant
    /// earlier than one asked for before sorts among its own time, which is the point of importing.
    #[must_use]
    pub fn uuid(&self, at: At) -> Uuid {
        let mut guard = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *guard;
        let tick = tick_of(at);
        if tick < state.tick {
            return compose(tick, state.random.next_u64());
        }
        if tick > state.tick {
            // The top bit stays free, so that a tick holds millions of steps before it overflows.
            (state.tick, state.tail) = (tick, state.random.next_u64() >> (65 - RANDOM_BITS));
        } else {
            state.tail += state.random.random_range(1..=STEP);
            if u128::from(state.tail) > RANDOM {
                // More than a million ids in a quarter of a microsecond: borrow from the next one.
                (state.tick, state.tail) = (state.tick + 1, state.random.next_u64() >> (65 - RANDOM_BITS));
            }
        }
        compose(state.tick, state.tail)
    }
}

/// Steps of 1/4096 ms since the epoch; before it there are no ids, so it is taken as the epoch.
fn tick_of(at: At) -> u64 {
    let micros = u64::try_from(at.micros()).unwrap_or(0);
    ((micros / 1000) << 12) | ((micros % 1000) * 4096 / 1000)
}

fn compose(tick: u64, tail: u64) -> Uuid {
    let (millis, fraction) = (u128::from(tick >> 12) & ((1 << 48) - 1), u128::from(tick & 0xfff));
    Uuid::from_u128((millis << 80) | (7 << 76) | (fraction << 64) | (0b10 << 62) | (u128::from(tail) & RANDOM))
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ids").field(&self.0.clock).finish()
    }
}

#[cfg(test)]
mod tests {
    use suban_domain::Span;

    use super::*;

    fn noon() -> At {
        At::from("2026-01-15T12:00:00Z".parse::<jiff::Timestamp>().unwrap())
    }

    #[test]
    fn ids_sort_by_creation_even_within_one_microsecond() {
        let ids = Ids::seeded(Clock::manual(noon()), 1);
        let mut all = Vec::new();
        for step in 0..200 {
            // Steps of a third of a microsecond: three ids share each.
            all.push(ids.uuid(noon().plus(Span::micros(step / 3))));
        }
        let many: Vec<_> = (0..100_000).map(|_| ids.uuid(noon().plus(Span::seconds(1)))).collect();
        all.extend(many);
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn an_id_is_a_uuid_of_version_7_that_carries_its_instant() {
        let id = Ids::new(Clock::manual(noon())).ticket(noon()).uuid();
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        let (seconds, nanos) = id.get_timestamp().unwrap().to_unix();
        assert_eq!(seconds * 1000 + u64::from(nanos) / 1_000_000, u64::try_from(noon().millis()).unwrap());
    }

    #[test]
    fn the_past_sorts_among_its_own_time() {
        let ids = Ids::seeded(Clock::manual(noon()), 2);
        let now = ids.next();
        let past = ids.uuid(noon().minus(Span::days(400)));
        assert!(past < now);
        assert!(ids.next() > now, "asking for the past does not disturb the present");
    }

    #[test]
    fn a_seed_gives_the_same_ids_and_another_process_gives_others() {
        let made = |ids: Ids| (0..50).map(|_| ids.next()).collect::<Vec<_>>();
        let clock = || Clock::manual(noon());
        assert_eq!(made(Ids::seeded(clock(), 7)), made(Ids::seeded(clock(), 7)));
        assert_ne!(made(Ids::seeded(clock(), 7)), made(Ids::seeded(clock(), 8)));
        assert_ne!(made(Ids::new(clock())), made(Ids::new(clock())));
    }

    #[test]
    fn threads_never_share_an_id() {
        let ids = Ids::new(Clock::manual(noon()));
        let mut all: Vec<Uuid> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..4).map(|_| scope.spawn(|| (0..5_000).map(|_| ids.next()).collect::<Vec<_>>())).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 20_000);
    }
}
