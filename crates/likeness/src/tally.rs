//! How often a point or a person is among the requests that are held: what is everywhere is no evidence.
//!
//! A default point that a system writes for an address it did not find, the number of a switchboard: hundreds of
//! requests share them and none is the same matter for it. Counts are kept by hash; two keys that meet are counted
//! together, which only makes the index more careful.

/// Bits of a hash by which keys are counted.
const BITS: u32 = 21;

/// The counts.
#[derive(Clone, Debug)]
pub(crate) struct Tally(Vec<u16>);

impl Default for Tally {
    fn default() -> Self {
        Self(vec![0; 1 << BITS])
    }
}

impl Tally {
    fn at(key: u64) -> usize {
        (suban_text::features::mixed(key) >> (64 - BITS)) as usize
    }

    pub(crate) fn more(&mut self, key: u64) {
        let count = &mut self.0[Self::at(key)];
        *count = count.saturating_add(1);
    }

    /// A count that once was full stays: it is a switchboard's.
    pub(crate) fn less(&mut self, key: u64) {
        let count = &mut self.0[Self::at(key)];
        if *count != u16::MAX {
            *count = count.saturating_sub(1);
        }
    }

    pub(crate) fn of(&self, key: u64) -> u16 {
        self.0[Self::at(key)]
    }
}
