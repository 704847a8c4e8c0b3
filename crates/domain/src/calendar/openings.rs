//! All openings of a calendar on one line, with the working time before each.

use super::{Hours, days, zone::Offsets};

/// A stretch of working time. Microseconds since 1970-01-01T00:00Z.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    from: i64,
    until: i64,
    /// Working time before `from`.
    before: i64,
}

/// The line of openings.
#[derive(Debug, Clone)]
pub(super) struct Openings {
    begin: i64,
    end: i64,
    list: Vec<Stretch>,
    /// For each 24 hours from the beginning, the first stretch that ends after they begin.
    first: Vec<u32>,
}

impl Openings {
    /// From the hours of every day covered.
    ///
    /// Clocks show a local time twice, or never, when they are moved. So it is the stretches of constant offset that
    /// are cut into openings: whatever clocks show then, it is working time exactly while they show working hours.
    pub(super) fn new(offsets: &Offsets, hours: &[&Hours]) -> Self {
        let last = i64::try_from(hours.len()).unwrap_or(0);
        let (begin, end) = (offsets.instant(days::midnight(0)), offsets.instant(days::midnight(last)));
        let mut list: Vec<Stretch> = Vec::new();
        let mut before = 0;
        for stretch in offsets.stretches() {
            let (from, until) = (stretch.from.max(begin), stretch.until.min(end));
            if from >= until {
                continue;
            }
            for day in days::index(from + stretch.offset).max(0)..=days::index(until + stretch.offset) {
                let Some(hours) = usize::try_from(day).ok().and_then(|day| hours.get(day)) else { continue };
                for opening in hours.openings() {
                    let at = |seconds: u32| days::midnight(day) + i64::from(seconds) * 1_000_000 - stretch.offset;
                    let (from, until) = (at(opening.from).max(from), at(opening.until).min(until));
                    if from >= until {
                        continue;
                    }
                    match list.last_mut() {
                        Some(last) if last.until == from => last.until = until,
                        _ => list.push(Stretch { from, until, before }),
                    }
                    before += until - from;
                }
            }
        }
        let mut first = Vec::new();
        let mut i = 0;
        let mut bucket = begin;
        while bucket <= end {
            while list.get(i as usize).is_some_and(|s| s.until <= bucket) {
                i += 1;
            }
            first.push(i);
            bucket += days::DAY;
        }
        Self { begin, end, list, first }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The first stretch that ends after an instant between beginning and end.
    fn after(&self, at: i64) -> Option<usize> {
        if !(self.begin..=self.end).contains(&at) {
            return None;
        }
        let mut i = *self.first.get(usize::try_from((at - self.begin) / days::DAY).ok()?)? as usize;
        while self.list.get(i).is_some_and(|s| s.until <= at) {
            i += 1;
        }
        Some(i)
    }

    /// Working time from the beginning until `at`; none for an instant that is not covered.
    pub(super) fn worked(&self, at: i64) -> Option<i64> {
        Some(match self.list.get(self.after(at)?) {
            Some(s) => s.before + (at - s.from).max(0),
            None => self.list.last().map_or(0, |s| s.before + s.until - s.from),
        })
    }

    /// `at` inside an opening, otherwise the next beginning of one.
    pub(super) fn next(&self, at: i64) -> Option<i64> {
        self.list.get(self.after(at)?).map(|s| s.from.max(at))
    }

    /// The earliest instant before which `worked`, more than nothing, was worked.
    pub(super) fn earliest(&self, worked: i64) -> Option<i64> {
        let i = self.list.partition_point(|s| s.before < worked);
        let s = self.list.get(i.checked_sub(1)?)?;
        let at = s.from.checked_add(worked - s.before)?;
        (at <= s.until).then_some(at)
    }

    /// The latest instant before which no more than `worked` was worked.
    pub(super) fn latest(&self, worked: i64) -> Option<i64> {
        let i = self.list.partition_point(|s| s.before <= worked);
        let s = self.list.get(i.checked_sub(1)?)?;
        (worked >= 0).then(|| (s.from + (worked - s.before)).min(s.until))
    }
}
