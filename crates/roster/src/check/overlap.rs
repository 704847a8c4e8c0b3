//! Nobody serves two shifts at once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{ToSpan as _, civil::Date};
use suban_domain::{At, PersonCode};

use super::Site;
use crate::{ShiftCode, Table, Times};

/// A year with an official notice, for rosters that name no date.
const SOME_YEAR: Date = jiff::civil::date(2026, 1, 1);

struct Interval {
    from: At,
    until: At,
    date: Date,
    shift: ShiftCode,
    times: Times,
    origin: (Table, u32),
}

/// Looks at every day from the earliest that duty and exceptions name until a year after the latest: beyond them, lines
/// repeat with the rotations, which meet the days of a week in every way within a year.
pub(super) fn check(site: &mut Site<'_>) {
    let mut turns: BTreeMap<&PersonCode, Vec<Interval>> = BTreeMap::new();
    let (first, last) = period(site);
    for place in site.places.values() {
        for post in &place.posts {
            for date in first.series(1.day()).take_while(|date| *date <= last) {
                for entry in post.on(date, place) {
                    let (from, until) = post.shift.times.on(date, place.calendar.zone());
                    turns.entry(entry.member.code()).or_default().push(Interval {
                        from,
                        until,
                        date,
                        shift: post.shift.code.clone(),
                        times: post.shift.times,
                        origin: entry.origin,
                    });
                }
            }
        }
    }
    let mut said = BTreeSet::new();
    let mut problems = Vec::new();
    for (person, mut turns) in turns {
        turns.sort_by_key(|turn| (turn.from, turn.until, turn.origin));
        for pair in turns.windows(2) {
            let [a, b] = pair else { continue };
            // Named at the line that comes later, once for each two lines.
            let (earlier, later) = if a.origin <= b.origin { (a, b) } else { (b, a) };
            if b.from < a.until && said.insert((person, earlier.origin, later.origin)) {
                let (file, row) = earlier.origin;
                let text = format!(
                    "{person} serves {} {} on {} and, by {file}:{row}, {} {} on {}, at the same time",
                    later.shift, later.times, later.date, earlier.shift, earlier.times, earlier.date
                );
                problems.push((later.origin, text));
            }
        }
    }
    for ((file, row), text) in problems {
        site.say(file, row, "shift", text);
    }
}

fn period(site: &Site<'_>) -> (Date, Date) {
    let (mut dates, mut anchors) = (BTreeSet::new(), BTreeSet::new());
    for post in site.places.values().flat_map(|place| &place.posts) {
        anchors.extend(post.shift.cycle.as_ref().map(crate::Cycle::anchor));
        dates.extend(post.entries.iter().flat_map(|entry| [entry.from, entry.until]));
        dates.extend(post.dated.keys().copied());
    }
    dates.retain(|date| *date != Date::MIN && *date != Date::MAX);
    let first = dates.first().or(anchors.last()).copied().unwrap_or(SOME_YEAR);
    let last = dates.last().copied().unwrap_or(first).saturating_add(1.year());
    // A slip such as 2062 for 2026 must not cost an hour.
    (first.max(last.saturating_sub(5.years())), last)
}
