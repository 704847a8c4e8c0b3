//! Exceptions: leave that makes sense, swaps of turns that are there, extra turns.

use std::sync::Arc;

use suban_domain::UnitCode;

use super::Site;
use crate::{
    Exception, Rank, Table, Turn,
    roster::{Entry, Member, Post},
};

const FILE: Table = Table::Exceptions;

/// Applies them in the order of the table: a turn that was swapped can be swapped again.
pub(super) fn apply(site: &mut Site<'_>, exceptions: &[Exception]) {
    for exception in exceptions {
        match exception {
            Exception::Leave { row, person, from, until } => {
                site.member(FILE, *row, "person", person);
                if until <= from {
                    let text = format!("is {until}, not after the leave begins at {from}");
                    site.say(FILE, *row, "until", text);
                }
            }
            Exception::Swap { row, one, other } => swap(site, *row, one, other),
            Exception::Extra { row, turn, rank } => extra(site, *row, turn, *rank),
        }
    }
}

fn extra(site: &mut Site<'_>, row: u32, turn: &Turn, rank: Rank) {
    let shift = site.shift(FILE, row, "shift", &turn.shift);
    let member = site.member(FILE, row, "person", &turn.person);
    let (Some(shift), Some(member)) = (shift, member) else { return };
    let Some(place) = site.post_of(FILE, row, &shift, &member) else { return };
    let entry = dated(member, rank, turn, row);
    site.at_post(&place, &shift, |post| post.dated.entry(turn.date).or_default().push(entry));
}

fn swap(site: &mut Site<'_>, row: u32, one: &Turn, other: &Turn) {
    let columns = [(one, "person", "shift"), (other, "other", "other_shift")];
    let mut known = Vec::new();
    for (turn, person, shift) in columns {
        let found = (site.member(FILE, row, person, &turn.person), site.shift(FILE, row, shift, &turn.shift));
        if let (Some(member), Some(_)) = found {
            known.push(member);
        }
    }
    let [a, b] = known.as_slice() else { return };
    if a.code() == b.code() {
        return site.say(FILE, row, "other", "is the same person; a swap takes two");
    }
    if a.person.unit != b.person.unit {
        let text = format!("`{}` is of {}; nobody acts for another unit", b.code(), b.person.unit);
        return site.say(FILE, row, "other", text);
    }
    let mut held = Vec::new();
    for (turn, _, column) in columns {
        match find(site, turn, &a.person.unit) {
            Some(found) => held.push(found),
            None => {
                let text = format!("`{}` does not serve {} on {}", turn.person, turn.shift, turn.date);
                site.say(FILE, row, column, text);
            }
        }
    }
    let [mine, yours] = held.as_slice() else { return };
    let (mine, yours) = (mine.clone(), yours.clone());
    release(site, &mine.0, one);
    release(site, &yours.0, other);
    take(site, &mine.0, one, dated(b.clone(), mine.1, one, row));
    take(site, &yours.0, other, dated(a.clone(), yours.1, other, row));
}

fn dated(member: Arc<Member>, rank: Rank, turn: &Turn, row: u32) -> Entry {
    Entry { member, rank, group: None, from: turn.date, until: turn.date, origin: (FILE, row) }
}

/// At which place of the unit somebody serves a turn, and as what.
fn find(site: &Site<'_>, turn: &Turn, unit: &UnitCode) -> Option<(UnitCode, Rank)> {
    let codes = std::iter::once(unit).chain(site.units.teams(unit));
    let mut places = codes.filter_map(|code| site.places.get(code));
    places.find_map(|place| {
        let post = place.posts.iter().find(|post| post.shift.code == turn.shift)?;
        let entry = post.on(turn.date, place).find(|entry| *entry.member.code() == turn.person)?;
        Some((place.code.clone(), entry.rank))
    })
}

fn with_post(site: &mut Site<'_>, place: &UnitCode, turn: &Turn, change: impl FnOnce(&mut Post)) {
    let posts = site.places.get_mut(place).map(|place| &mut place.posts);
    if let Some(post) = posts.and_then(|posts| posts.iter_mut().find(|post| post.shift.code == turn.shift)) {
        change(post);
    }
}

fn release(site: &mut Site<'_>, place: &UnitCode, turn: &Turn) {
    with_post(site, place, turn, |post| {
        let dated = post.dated.entry(turn.date).or_default();
        let before = dated.len();
        dated.retain(|entry| *entry.member.code() != turn.person);
        if dated.len() == before {
            post.released.insert((turn.date, turn.person.clone()));
        }
    });
}

fn take(site: &mut Site<'_>, place: &UnitCode, turn: &Turn, entry: Entry) {
    with_post(site, place, turn, |post| post.dated.entry(turn.date).or_default().push(entry));
}
