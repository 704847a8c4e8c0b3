//! The index as bytes, so that a restart reads what it knew instead of reading every text again.
//!
//! A snapshot holds what was read of the requests, packed, and no word in clear. It is checked by its length and a
//! sum over its bytes; one that is broken, or of another version, is refused, and the caller builds from its database.

use serde::{Deserialize, Serialize};

use crate::{
    index::{Entry, Index, Limits},
    terms::Rarity,
};

/// What a snapshot begins with; another number after a change of what is kept.
const VERSION: u32 = 1;

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
    entries: u64,
    requests: u32,
    having: Vec<u32>,
}

impl Index {
    /// Appends the index to `bytes`.
    ///
    /// # Errors
    /// When a value cannot be written, which no value here should cause.
    pub fn snapshot(&self, bytes: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        let (requests, having) = self.rarity().parts();
        let head = Head { version: VERSION, entries: self.len() as u64, requests, having: having.to_vec() };
        let start = bytes.len();
        let mut bytes = postcard::to_extend(&head, bytes)?;
        for entry in self.held() {
            bytes = postcard::to_extend(entry, bytes)?;
        }
        let sum = sum(bytes.get(start..).unwrap_or(&[]));
        bytes.extend_from_slice(&sum.to_le_bytes());
        Ok(bytes)
    }

    /// The index that a snapshot was taken of, with room for so many requests.
    ///
    /// # Errors
    /// When it is of another version, cut off, or changed.
    pub fn restore(bytes: &[u8], room: usize, limits: Limits) -> Result<Self, Broken> {
        let broken = |error: postcard::Error| Broken::Bytes(error.to_string());
        let (body, kept_sum) = bytes.split_last_chunk::<8>().ok_or_else(|| Broken::Bytes("it is empty".to_owned()))?;
        if sum(body) != u64::from_le_bytes(*kept_sum) {
            return Err(Broken::Bytes("its sum does not fit".to_owned()));
        }
        let (head, mut rest) = postcard::take_from_bytes::<Head>(body).map_err(broken)?;
        if head.version != VERSION {
            return Err(Broken::Version { found: head.version });
        }
        let rarity = Rarity::from_parts(head.requests, head.having)
            .ok_or_else(|| Broken::Bytes("not as many counts as there must be".to_owned()))?;
        let mut index = Self::with_rarity(room, limits, rarity);
        for _ in 0..head.entries {
            let (entry, after) = postcard::take_from_bytes::<Entry>(rest).map_err(broken)?;
            index.hold(entry);
            rest = after;
        }
        Ok(index)
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
    use crate::{Request, Spot, Verdict, read, shape::blank};
    use suban_text::Segmenter;

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
        let bytes = index.snapshot(Vec::new()).unwrap();
        let again = Index::restore(&bytes, 16, Limits::default()).unwrap();
        let judged =
            |index: &Index| index.judge(&requests[3], 9, &blank()).candidates.iter().map(|c| c.id).collect::<Vec<_>>();
        assert_eq!(judged(&again), judged(&index));
        assert_eq!(again.len(), 3);

        assert!(matches!(Index::restore(&bytes[..bytes.len() - 9], 16, Limits::default()), Err(Broken::Bytes(_))));
        let mut changed = bytes.clone();
        changed[bytes.len() / 2] ^= 1;
        assert!(matches!(Index::restore(&changed, 16, Limits::default()), Err(Broken::Bytes(_))));
    }
}
