//! Which pairs a person looks at although no person was needed: a share of what would be merged without one, and of what
//! is just too unlikely to be asked about. Only what people say of these tells what the machine is worth.

use suban_domain::TicketId;

use crate::tables::Drawn;

/// How often the lot falls. The two tickets are the seed, so that whoever asks again gets the same answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lots {
    /// Share of sure pairs, 0 to 1.
    pub sure: f64,
    /// Share of unlikely ones, 0 to 1.
    pub unlikely: f64,
}

impl Lots {
    /// Shares that give so many a week: never less than `share`, and all of them until `wanted` have been drawn in these
    /// seven days.
    #[must_use]
    pub fn of(share: f64, wanted: u32, drawn: impl Fn(Drawn) -> u32) -> Self {
        let of = |why| if share > 0.0 && drawn(why) < wanted { 1.0 } else { share };
        // Many pairs are unlikely: those that are asked about to reach the number come slowly.
        Self { sure: of(Drawn::Sure), unlikely: of(Drawn::Unlikely).min(SLOWLY.max(share)) }
    }

    /// Does it fall on a pair that is too unlikely to be asked about? Of these only the upper half is looked at.
    #[must_use]
    pub fn falls_on_unlikely(&self, ticket: TicketId, other: TicketId, probability: f32, suggest_from: f64) -> bool {
        f64::from(probability) >= suggest_from / 2.0 && self.falls_on(Drawn::Unlikely, ticket, other)
    }

    /// Does it fall on this pair?
    #[must_use]
    pub fn falls_on(&self, why: Drawn, ticket: TicketId, other: TicketId) -> bool {
        let share = match why {
            Drawn::Sure => self.sure,
            Drawn::Unlikely => self.unlikely,
        };
        // The last 62 bits of a UUIDv7 are random.
        let random = (ticket.uuid().as_u64_pair().1 ^ other.uuid().as_u64_pair().1.rotate_left(17)) & (u64::MAX >> 2);
        (random as f64) < share * (u64::MAX >> 2) as f64
    }
}

/// Largest share of unlikely pairs that is drawn to reach the number that is wanted.
const SLOWLY: f64 = 0.05;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    #[test]
    fn until_enough_were_drawn_every_merge_is_looked_at_first() {
        let lots = |sure, unlikely| {
            Lots::of(0.01, 20, |why| match why {
                Drawn::Sure => sure,
                Drawn::Unlikely => unlikely,
            })
        };
        assert_eq!(lots(0, 0), Lots { sure: 1.0, unlikely: SLOWLY });
        assert_eq!(lots(20, 20), Lots { sure: 0.01, unlikely: 0.01 });
        assert_eq!(Lots::of(0.0, 20, |_| 0), Lots { sure: 0.0, unlikely: 0.0 }, "a share of nothing is nothing");
    }

    proptest! {
        #[test]
        fn about_the_share_is_drawn_and_always_the_same(seed in any::<u64>()) {
            let lots = Lots { sure: 0.1, unlikely: 0.0 };
            let id = |n: u64| TicketId::new(Uuid::from_u64_pair(n, n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ seed));
            let drawn = (0..4000).filter(|n| lots.falls_on(Drawn::Sure, id(*n), id(n + 1_000_000))).count();
            prop_assert!((200..800).contains(&drawn), "{drawn}");
            prop_assert!((0..4000).all(|n| !lots.falls_on(Drawn::Unlikely, id(n), id(n + 1))));
        }
    }
}
