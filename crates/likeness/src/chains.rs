//! Which requests have a key: a rare word, an address, a person.
//!
//! One table for all kinds of keys: a fixed array of buckets, each the head of a chain, the newest entry first. A
//! chain may hold a few entries of another key that fell into the same bucket; whoever asks compares what it finds
//! anyway. Eight bytes for each entry, no allocation of its own for any key, and a walk that may stop after as many
//! of the newest as it likes.

/// Nothing follows.
const END: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Link {
    entry: u32,
    next: u32,
}

/// The table.
#[derive(Clone, Debug)]
pub(crate) struct Chains {
    heads: Vec<u32>,
    links: Vec<Link>,
    free: u32,
}

impl Chains {
    /// Room for so many entries with short chains; more than that still works, and slower.
    pub(crate) fn new(entries: usize) -> Self {
        let heads = entries.next_power_of_two().clamp(1 << 10, 1 << 26);
        Self { heads: vec![END; heads], links: Vec::new(), free: END }
    }

    fn bucket(&self, key: u32) -> usize {
        key as usize & (self.heads.len() - 1)
    }

    /// Puts an entry before all others of its key.
    pub(crate) fn insert(&mut self, key: u32, entry: u32) {
        let bucket = self.bucket(key);
        let link = Link { entry, next: self.heads[bucket] };
        let at = match self.links.get_mut(self.free as usize) {
            Some(freed) => {
                let at = self.free;
                self.free = freed.next;
                *freed = link;
                at
            }
            None => {
                self.links.push(link);
                u32::try_from(self.links.len() - 1).unwrap_or(END)
            }
        };
        self.heads[bucket] = at;
    }

    /// Takes one occurrence of an entry off a key.
    pub(crate) fn remove(&mut self, key: u32, entry: u32) {
        let bucket = self.bucket(key);
        let (mut before, mut at) = (END, self.heads[bucket]);
        while let Some(link) = self.links.get(at as usize).copied() {
            if link.entry == entry {
                match self.links.get_mut(before as usize) {
                    Some(before) => before.next = link.next,
                    None => self.heads[bucket] = link.next,
                }
                self.links[at as usize] = Link { entry: END, next: self.free };
                self.free = at;
                return;
            }
            (before, at) = (at, link.next);
        }
    }

    /// Entries of a key, the newest first; perhaps some of other keys.
    pub(crate) fn of(&self, key: u32) -> impl Iterator<Item = u32> + '_ {
        let mut at = self.heads[self.bucket(key)];
        std::iter::from_fn(move || {
            let link = self.links.get(at as usize)?;
            at = link.next;
            Some(link.entry)
        })
    }
}

/// Chains that are walked side by side.
const ABREAST: usize = 16;

impl Chains {
    /// The newest entries of several keys, each with the place of its key: at most `each` of a key and about `all` of
    /// all, the keys in order, some at a time; perhaps some of other keys.
    ///
    /// Where one link lies in memory is known only once the one before it was read. Of several chains walked side by
    /// side, one is on its way while another is read; so nothing else is done here.
    pub(crate) fn walk(&self, keys: &[u32], each: usize, all: usize) -> Vec<(u32, u32)> {
        let mut met = Vec::with_capacity(all.min(keys.len() * each));
        for (group, keys) in (0..).zip(keys.chunks(ABREAST)) {
            let mut ends = [(0, END); ABREAST];
            for ((end, key), at) in ends.iter_mut().zip(keys).zip(0..) {
                *end = (group * ABREAST as u32 + at, self.heads[self.bucket(*key)]);
            }
            let mut walked = keys.len();
            for _ in 0..each {
                let mut kept = 0;
                for at in 0..walked {
                    let (key, link) = ends[at];
                    if let Some(link) = self.links.get(link as usize) {
                        met.push((key, link.entry));
                        ends[kept] = (key, link.next);
                        kept += 1;
                    }
                }
                walked = kept;
                if met.len() >= all {
                    return met;
                }
            }
        }
        met
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_put_in_is_found_until_it_is_taken_out(steps in proptest::collection::vec((0..5_u32, 0..9_u32, any::<bool>()), 0..200)) {
            let mut chains = Chains::new(16);
            let mut plain: Vec<(u32, u32)> = Vec::new();
            for (key, entry, put) in steps {
                if put {
                    chains.insert(key, entry);
                    plain.insert(0, (key, entry));
                } else {
                    chains.remove(key, entry);
                    if let Some(at) = plain.iter().position(|known| *known == (key, entry)) {
                        plain.remove(at);
                    }
                }
                for key in 0..5 {
                    let expected: Vec<u32> = plain.iter().filter(|known| known.0 == key).map(|known| known.1).collect();
                    prop_assert_eq!(chains.of(key).collect::<Vec<_>>(), expected);
                }
            }
            prop_assert!(chains.links.len() <= 200);
        }

        #[test]
        fn side_by_side_meets_what_one_after_the_other_meets(put in proptest::collection::vec((0..40_u32, 0..9_u32), 0..200), each in 0..9_usize) {
            let mut chains = Chains::new(16);
            put.iter().for_each(|(key, entry)| chains.insert(*key, *entry));
            let keys: Vec<u32> = (0..40).collect();
            let mut met = vec![Vec::new(); keys.len()];
            chains.walk(&keys, each, usize::MAX).into_iter().for_each(|(key, entry)| met[key as usize].push(entry));
            for (key, met) in keys.iter().zip(met) {
                prop_assert_eq!(met, chains.of(*key).take(each).collect::<Vec<_>>());
            }
            prop_assert!(chains.walk(&keys, each, 10).len() < 10 + ABREAST);
        }
    }
}
