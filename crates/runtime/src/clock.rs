//! The clock: the only place that asks the machine what time it is.
//!
//! Everything else is handed an instant. A clock never goes back inside one process, whatever the
//! machine's clock does: after a step backwards it stands still until the machine has caught up.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use suban_domain::{At, Span};

/// Tells the time of the city. Cheap to clone; clones agree.
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

struct Inner {
    source: Source,
    /// The latest instant handed out.
    last: AtomicI64,
}

enum Source {
    System,
    Scaled { origin_real: At, origin_city: At, rate: f64 },
    Manual(AtomicI64),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::of(Source::System)
    }

    /// The demo's clock: at the real instant `origin_real` it was `origin_city`, and since then `rate` city
    /// seconds pass in a real second. Origin and rate come from the database, so that all processes agree.
    #[must_use]
    pub fn scaled(origin_real: At, origin_city: At, rate: f64) -> Self {
        Self::of(Source::Scaled { origin_real, origin_city, rate })
    }

    /// A clock for tests: stands at `at` until [`Clock::advance`].
    #[must_use]
    pub fn manual(at: At) -> Self {
        Self::of(Source::Manual(AtomicI64::new(at.micros())))
    }

    fn of(source: Source) -> Self {
        Self(Arc::new(Inner { source, last: AtomicI64::new(i64::MIN) }))
    }

    /// Now, never earlier than what was answered before.
    #[must_use]
    pub fn now(&self) -> At {
        let read = match &self.0.source {
            Source::System => machine_now(),
            Source::Scaled { origin_real, origin_city, rate } => {
                scale(machine_now(), *origin_real, *origin_city, *rate)
            }
            Source::Manual(at) => At::from_micros(at.load(Ordering::Acquire)),
        };
        let before = self.0.last.fetch_max(read.micros(), Ordering::AcqRel);
        At::from_micros(read.micros().max(before))
    }

    /// Moves a manual clock forward. Other clocks move by themselves: for them this does nothing.
    pub fn advance(&self, by: Span) {
        if let Source::Manual(at) = &self.0.source {
            at.fetch_add(by.as_micros(), Ordering::AcqRel);
        }
    }

    /// How long to sleep for the city to reach `at`: zero when it already has. A manual clock answers with
    /// the city's span.
    #[must_use]
    pub fn until(&self, at: At) -> std::time::Duration {
        let city = at.since(self.now()).as_micros();
        let Ok(city) = u64::try_from(city) else {
            return std::time::Duration::ZERO;
        };
        let city = std::time::Duration::from_micros(city);
        match &self.0.source {
            Source::System | Source::Manual(_) => city,
            Source::Scaled { rate, .. } => city.div_f64(*rate),
        }
    }

    /// City seconds in a real second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        match &self.0.source {
            Source::System | Source::Manual(_) => 1.0,
            Source::Scaled { rate, .. } => *rate,
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.source {
            Source::System => f.write_str("Clock::System"),
            Source::Scaled { rate, .. } => write!(f, "Clock::Scaled(×{rate})"),
            Source::Manual(at) => write!(f, "Clock::Manual({})", At::from_micros(at.load(Ordering::Acquire))),
        }
    }
}

/// The machine's own time, for what is measured against other machines' (traces, the demo's origin).
#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine; all else is injected")]
fn machine_now() -> At {
    At::from(jiff::Timestamp::now())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "float-to-int casts saturate; a \
     demo's span of micros is far below 2^53"
)]
fn scale(real: At, origin_real: At, origin_city: At, rate: f64) -> At {
    let passed = real.since(origin_real).as_micros() as f64 * rate;
    origin_city.plus(Span::micros(passed as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = Clock::manual(At::from_micros(5));
        assert_eq!(clock.now(), At::from_micros(5));
        clock.clone().advance(Span::seconds(1));
        assert_eq!(clock.now(), At::from_micros(1_000_005));
    }

    #[test]
    fn a_clock_stands_still_when_the_machine_steps_back() {
        let clock = Clock::manual(At::from_micros(100));
        assert_eq!(clock.now().micros(), 100);
        clock.advance(Span::micros(-50));
        assert_eq!(clock.now().micros(), 100);
        clock.advance(Span::micros(60));
        assert_eq!(clock.now().micros(), 110);
    }

    #[test]
    fn a_scaled_clock_runs_at_its_rate_from_its_origin() {
        let (real, city) = (At::from_micros(1_000_000), At::from_micros(9_000_000));
        assert_eq!(scale(real, real, city, 60.0), city);
        assert_eq!(scale(real.plus(Span::seconds(2)), real, city, 60.0), city.plus(Span::minutes(2)));
    }

    #[test]
    fn the_wait_for_a_city_instant_shrinks_with_the_rate() {
        let now = machine_now();
        let clock = Clock::scaled(now, now, 3600.0);
        let wait = clock.until(clock.now().plus(Span::hours(1)));
        assert!(wait <= std::time::Duration::from_secs(1), "{wait:?}");
        assert_eq!(clock.until(now.minus(Span::hours(1))), std::time::Duration::ZERO);
    }

    #[test]
    fn the_system_clock_is_after_the_writing_of_this_test() {
        assert!(Clock::system().now() > At::from("2026-01-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap()));
    }
}
