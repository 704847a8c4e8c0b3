//! What is broken, in which order: pure, by the seed.

use std::fmt;

use rand::{Rng as _, rngs::StdRng, seq::SliceRandom as _};
use suban_runtime::Service;

/// A server that is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    /// The truth.
    Postgres,
    /// How it moves.
    Kafka,
    /// What can be rebuilt.
    Redis,
}

impl Server {
    /// Its name in the project's script.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Kafka => "kafka",
            Self::Redis => "redis",
        }
    }
}

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// SIGKILL to one of our processes, which is started again.
    Kill(Service),
    /// SIGKILL to a server, which is started again.
    Crash(Server),
    /// A server is stopped in good order and started.
    Restart(Server),
    /// Redis forgets everything.
    FlushRedis,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(service) => write!(f, "kill {service}"),
            Self::Crash(server) => write!(f, "kill {}", server.name()),
            Self::Restart(server) => write!(f, "restart {}", server.name()),
            Self::FlushRedis => write!(f, "flush redis"),
        }
    }
}

/// So many faults. They are dealt in shuffled hands, each with every process once and every server, the
/// database crashed in one and the broker in the next, so that a few rounds leave nothing out; `servers` says whether the servers may be touched.
pub(super) fn schedule(rounds: u32, servers: bool, rng: &mut StdRng) -> Vec<Fault> {
    let rounds = usize::try_from(rounds).unwrap_or(usize::MAX);
    let mut faults = Vec::new();
    let mut turn: bool = rng.random();
    while faults.len() < rounds {
        let mut hand: Vec<Fault> = Service::ALL.into_iter().map(Fault::Kill).collect();
        if servers {
            let (crash, restart) =
                if turn { (Server::Postgres, Server::Kafka) } else { (Server::Kafka, Server::Postgres) };
            hand.extend([Fault::Crash(crash), Fault::Restart(restart)]);
            turn = !turn;
            hand.extend([Fault::Restart(Server::Redis), Fault::FlushRedis]);
        }
        hand.shuffle(rng);
        faults.extend(hand);
    }
    faults.truncate(rounds);
    faults
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn the_same_seed_breaks_the_same_things_in_the_same_order() {
        let [one, same, other] = [1, 1, 2].map(|seed| schedule(40, true, &mut StdRng::seed_from_u64(seed)));
        assert_eq!(one, same);
        assert_ne!(one, other);
    }

    #[test]
    fn twenty_rounds_kill_every_process_and_break_every_server_twice() {
        let faults = schedule(20, true, &mut StdRng::seed_from_u64(9));
        let count = |wanted: &dyn Fn(&Fault) -> bool| faults.iter().filter(|f| wanted(f)).count();
        for service in Service::ALL {
            assert_eq!(count(&|f| *f == Fault::Kill(service)), 2);
        }
        for server in [Server::Postgres, Server::Kafka] {
            assert_eq!((count(&|f| *f == Fault::Crash(server)), count(&|f| *f == Fault::Restart(server))), (1, 1));
        }
        assert_eq!(count(&|f| *f == Fault::Restart(Server::Redis)), 2);
        assert_eq!(count(&|f| *f == Fault::FlushRedis), 2);
    }

    #[test]
    fn servers_of_others_are_left_alone() {
        let faults = schedule(30, false, &mut StdRng::seed_from_u64(9));
        assert!(faults.iter().all(|fault| matches!(fault, Fault::Kill(_))));
    }
}
