//! The run's invented people, looked for where nobody may be named.

use aho_corasick::AhoCorasick;

/// Values to be found, all in one pass.
#[derive(Debug)]
pub(super) struct Needles(Option<AhoCorasick>);

impl Needles {
    /// Of these values; a single character says nothing about anybody.
    pub(super) fn new(values: &[String]) -> anyhow::Result<Self> {
        let values: Vec<&String> = values.iter().filter(|value| value.chars().count() > 1).collect();
        if values.is_empty() {
            return Ok(Self(None));
        }
        Ok(Self(Some(AhoCorasick::new(values)?)))
    }

    /// Is one of them in here? A number counts only where it is not part of a longer one.
    pub(super) fn found_in(&self, hay: &[u8]) -> bool {
        let Some(search) = &self.0 else { return false };
        let digit = |at: Option<usize>| at.and_then(|at| hay.get(at)).is_some_and(u8::is_ascii_digit);
        search.find_overlapping_iter(hay).any(|found| {
            let number = hay.get(found.range()).is_some_and(|value| value.iter().all(u8::is_ascii_digit));
            !(number && (digit(found.start().checked_sub(1)) || digit(Some(found.end()))))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_anywhere_and_phones_only_whole() {
        let needles = Needles::new(&["欧阳试之".into(), "19900001234".into(), "王".into()]).unwrap();
        assert!(needles.found_in("回复欧阳试之女士".as_bytes()));
        assert!(needles.found_in(b"call 19900001234 now"));
        assert!(!needles.found_in(b"1719900001234567"));
        assert!(!needles.found_in("王".as_bytes()));
        assert!(!Needles::new(&[]).unwrap().found_in(b"anything"));
    }
}
