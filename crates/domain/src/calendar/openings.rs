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
    /// The last is none, but the end of all: it begins never.
    list: Vec<Stretch>,
    /// For each 24 hours from the beginning, the first stretch that ends after they begin.
    first: Vec<u32>,
    /// The most stretches that end within such 24 hours.
    steps: u32,
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
        list.push(Stretch { from: i64::MAX, until: i64::MAX, before });
        let (mut first, mut steps) = (Vec::new(), 0);
        let (mut i, mut bucket) = (0, begin);
        while bucket <= end + days::DAY {
            let last = i;
            while list.get(i as usize).is_some_and(|s| s.until <= bucket) {
                i += 1;
            }
            steps = steps.max(i - last);
            first.push(i);
            bucket += days::DAY;
        }
        Self { begin, end, list, first, steps }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.len() < 2
    }

    /// The first stretch that ends after an instant between beginning and end.
    fn after(&self, at: i64) -> Option<&Stretch> {
        if !(self.begin..=self.end).contains(&at) {
            return None;
        }
        let mut i = *self.first.get(usize::try_from((at - self.begin) / days::DAY).ok()?)? as usize;
        // As many steps each time: a processor foresees that, and not at which of them it could stop.
        for _ in 0..self.steps {
            i += usize::from(self.list.get(i)?.until <= at);
        }
        self.list.get(i)
    }

    /// Working time from the beginning until `at`; none for an instant that is not covered.
    pub(super) fn worked(&self, at: i64) -> Option<i64> {
        self.after(at).map(|s| s.before + (at - s.from).max(0))
    }

    /// `at` inside an opening, otherwise the next beginning of one.
    pub(super) fn next(&self, at: i64) -> Option<i64> {
        self.after(at).map(|s| s.from.max(at)).filter(|next| *next < i64::MAX)
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
        s.from.checked_add(worked - s.before).filter(|at| *at < i64::MAX)
    }
}
