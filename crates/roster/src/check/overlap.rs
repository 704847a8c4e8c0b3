//! Nobody serves two shifts at once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{ToSpan as _, civil::Date};
use suban_domain::{At, PersonCode, Span, UnitCode};

use super::Site;
use crate::{Shift, Table, roster::Place};

/// A year with an official notice, for rosters that name no date.
const SOME_YEAR: Date = jiff::civil::date(2026, 1, 1);

struct Interval<'a> {
    from: At,
    until: At,
    date: Date,
    shift: &'a Shift,
    origin: (Table, u32),
}

/// Looks at every day from the earliest that duty and exceptions name until a year after the latest: beyond them, lines
/// repeat with the rotations, which meet the days of a week in every way within a year.
pub(super) fn check(site: &mut Site<'_>) {
    let (first, last) = period(site);
    // Nobody serves outside of the own unit, so that one unit at a time is enough.
    let mut units: BTreeMap<&UnitCode, Vec<&Place>> = BTreeMap::new();
    for (code, place) in &site.places {
        units.entry(site.units.parent(code).unwrap_or(code)).or_default().push(place);
    }
    let problems: Vec<_> = units.into_values().flat_map(|places| of_unit(&places, first, last)).collect();
    for ((file, row), text) in problems {
        site.say(file, row, "shift", text);
    }
}

/// What is wrong, each with the place to say it at.
fn of_unit(places: &[&Place], first: Date, last: Date) -> Vec<((Table, u32), String)> {
    let mut turns: BTreeMap<&PersonCode, Vec<Interval<'_>>> = BTreeMap::new();
    for (place, post) in places.iter().flat_map(|place| place.posts.iter().map(move |post| (place, post))) {
        for date in first.series(1.day()).take_while(|date| *date <= last) {
            let (from, until) = post.shift.times.on(date, place.calendar.zone());
            for entry in post.on(date, place) {
                let turn = Interval { from, until, date, shift: &post.shift, origin: entry.origin };
                turns.entry(entry.member.code()).or_default().push(turn);
            }
        }
    }
    let mut said = BTreeSet::new();
    let mut problems = Vec::new();
    for (person, mut turns) in turns {
        turns.sort_by_key(|turn| (turn.from, turn.until, turn.origin));
        for (n, b) in turns.iter().enumerate() {
            // No shift is longer than a day and an hour of moved clocks.
            let before = turns.get(..n).unwrap_or_default().iter().rev();
            for a in before.take_while(|a| b.from < a.from.plus(Span::hours(25))).filter(|a| b.from < a.until) {
                // Named at the line that comes later, once for each two lines.
                let (earlier, later) = if a.origin <= b.origin { (a, b) } else { (b, a) };
                if said.insert((person, earlier.origin, later.origin)) {
                    problems.push((later.origin, both(person, earlier, later)));
                }
            }
        }
    }
    problems
}

fn both(person: &PersonCode, earlier: &Interval<'_>, later: &Interval<'_>) -> String {
    let (file, row) = earlier.origin;
    let turn = |turn: &Interval<'_>| format!("{} {} on {}", turn.shift.code, turn.shift.times, turn.date);
    format!("{person} serves {} and, by {file}:{row}, {}, at the same time", turn(later), turn(earlier))
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
