//! The index as bytes, so that a restart reads what it knew instead of reading every text again.
//!
//! A snapshot holds what was read of the requests, packed, and no word in clear. It is checked by its length and a
//! sum over its bytes; one that is broken, or of another version, is refused, and the caller builds from its database.
//! It carries a note of the caller's, who learns from it what came afterwards.

use serde::{Deserialize, Serialize};

use crate::{
    index::{Entry, Index, Limits},
    rarity::Rarity,
};

/// What a snapshot begins with; another number after a change of what is kept.
const VERSION: u32 = 5;

/// A snapshot that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It is of another version.
    #[error("the snapshot is of version {found}, wanted is {VERSION}: build the index from the database")]
    Version {
        /// The version it is of.
        found: u32,
    },
    /// It is cut off, or was changed.
    #[error("the snapshot is cut off or was changed ({0}): build the index from the database")]
    Bytes(String),
}

#[derive(Serialize, Deserialize)]
struct Head {
    version: u32,
    note: Vec<u8>,
    entries: u64,
    requests: u32,
    having: Vec<u16>,
    often: Vec<(u32, u32)>,
}

impl Index {
    /// The index as bytes, with a note.
    ///
    /// # Errors
    /// When a value cannot be written, which no value here should cause.
    pub fn snapshot(&self, note: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        let (requests, having, often) = self.rarity().parts();
        let entries = self.len() as u64;
        let head = Head { version: VERSION, note, entries, requests, having: having.to_vec(), often };
        let mut bytes = postcard::to_stdvec(&head)?;
        for entry in self.held() {
            bytes = postcard::to_extend(entry, bytes)?;
        }
        let sum = sum(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        Ok(bytes)
    }

    /// The index that a snapshot was taken of, with room for so many requests, and the note.
    ///
    /// # Errors
    /// When it is of another version, cut off, or changed.
    pub fn restore(bytes: &[u8], room: usize, limits: Limits) -> Result<(Self, Vec<u8>), Broken> {
        let broken = |error: postcard::Error| Broken::Bytes(error.to_string());
        let (body, kept_sum) = bytes.split_last_chunk::<8>().ok_or_else(|| Broken::Bytes("it is empty".to_owned()))?;
        if sum(body) != u64::from_le_bytes(*kept_sum) {
            return Err(Broken::Bytes("its sum does not fit".to_owned()));
        }
        let (head, mut rest) = postcard::take_from_bytes::<Head>(body).map_err(broken)?;
        if head.version != VERSION {
            return Err(Broken::Version { found: head.version });
        }
        let rarity = Rarity::from_parts(head.requests, head.having, head.often)
            .ok_or_else(|| Broken::Bytes("not as many counts as there must be".to_owned()))?;
        let mut index = Self::with_rarity(room, limits, rarity);
        for _ in 0..head.entries {
            let (entry, after) = postcard::take_from_bytes::<Entry>(rest).map_err(broken)?;
            index.hold(entry);
            rest = after;
        }
        Ok((index, head.note))
    }
}

/// A sum over bytes, eight at a time; it finds accidents, not forgers.
fn sum(bytes: &[u8]) -> u64 {
    let mut sum = bytes.len() as u64;
    for chunk in bytes.chunks(8) {
        let mut eight = [0; 8];
        eight[..chunk.len()].copy_from_slice(chunk);
        sum = (sum ^ u64::from_le_bytes(eight)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Candidate, Model, Request, Spot, Tongue, Verdict, read, shape::blank};
    use proptest::prelude::*;
    use std::sync::LazyLock;
    use suban_text::Segmenter;

    static PLAIN: LazyLock<Segmenter> = LazyLock::new(Segmenter::default);

    #[test]
    fn what_was_known_is_known_again() {
        let segmenter = Segmenter::default();
        let texts =
            ["明珠路18号路灯不亮", "明珠路20号井盖缺失", "魅力之城小区夜间施工噪声扰民", "明珠路18号门口路灯坏了"];
        let requests: Vec<_> = (0_u8..)
            .zip(texts)
            .map(|(n, text)| {
                let spot = Spot::new(22.5 + f64::from(n) * 1e-4, 114.0);
                read(&segmenter, &Request { id: n.into(), reported_at: n.into(), text, spot, ..Request::default() })
            })
            .collect();
        let mut index = Index::new(16, Limits::default());
        requests[..3].iter().for_each(|request| index.add(request, Verdict::default()));
        let bytes = index.snapshot(vec![7]).unwrap();
        let (again, note) = Index::restore(&bytes, 16, Limits::default()).unwrap();
        let judged =
            |index: &Index| index.judge(&requests[3], 9, &blank()).candidates.iter().map(|c| c.id).collect::<Vec<_>>();
        assert_eq!(judged(&again), judged(&index));
        assert_eq!((again.len(), note), (3, vec![7]));

        assert!(matches!(Index::restore(&bytes[..bytes.len() - 9], 16, Limits::default()), Err(Broken::Bytes(_))));
        let mut changed = bytes.clone();
        changed[bytes.len() / 2] ^= 1;
        assert!(matches!(Index::restore(&changed, 16, Limits::default()), Err(Broken::Bytes(_))));
    }

    /// One of a few requests near each other, some of them without a place.
    fn lamp(id: u8) -> crate::Read {
        let text = format!(
            "明珠路{}号{}",
            id % 3,
            ["路灯不亮", "路灯坏了", "井盖缺失", "夜间施工噪声扰民"][usize::from(id) % 4]
        );
        let spot =
            (!id.is_multiple_of(5)).then_some(Spot { lat: 22_500_000 + i32::from(id % 4) * 900, lon: 114_000_000 });
        let requester = ["", "a", "b"][usize::from(id) % 3];
        let request = Request {
            id: id.into(),
            reported_at: i64::from(id) * 60,
            text: &text,
            spot,
            requester,
            ..Request::default()
        };
        read(&PLAIN, &request)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn an_index_killed_and_read_back_gives_the_same_verdicts(steps in proptest::collection::vec((0..24_u8, 0..4_u8), 0..60)) {
            let model = Model::shipped(Tongue::Chinese).unwrap();
            // So few that the newest and the nearest are chosen among the held ones.
            let limits = Limits { by_place: 3, by_words: [2, 3], under_word: 4, by_key: 2, ..Limits::default() };
            let mut index = Index::new(8, limits);
            let mut held = std::collections::BTreeSet::new();
            for (id, what) in steps {
                match what {
                    0 => prop_assert_eq!(index.remove(id.into()), held.remove(&id)),
                    1 => index.close(id.into(), Some(i64::from(id))),
                    _ => {
                        let request = lamp(id);
                        let verdict = index.judge(&request, 9_000, &model).verdict();
                        index.add(&request, verdict);
                        held.insert(id);
                    }
                }
                prop_assert_eq!(index.len(), held.len());
            }
            let (again, _) = Index::restore(&index.snapshot(Vec::new()).unwrap(), 8, limits).unwrap();
            for id in 0..24 {
                let told = |index: &Index| -> Vec<(u128, f32)> {
                    let told = |of: &Candidate| (of.id, of.score);
                    index.judge(&lamp(id), 9_000, &model).candidates.iter().map(told).collect()
                };
                prop_assert_eq!(told(&again), told(&index));
                prop_assert_eq!(index.facts(id.into()).is_some(), held.contains(&id));
            }
        }
    }
}
