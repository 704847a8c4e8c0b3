//! Deputies: of the same unit, and never in a circle.

use jiff::{
    ToSpan as _,
    civil::{Date, Time},
};
use suban_domain::{At, PersonCode};

use super::Site;
use crate::{Deputy, Table, roster::StandIn, shift};

const FILE: Table = Table::Deputies;

/// Takes those that make sense.
pub(super) fn check(site: &mut Site<'_>, deputies: &[Deputy]) {
    for row in deputies {
        let person = site.member(FILE, row.row, "person", &row.person);
        let deputy = site.member(FILE, row.row, "deputy", &row.deputy);
        if let (Some(from), Some(until)) = (row.from, row.until)
            && until < from
        {
            site.say(FILE, row.row, "until", format!("is {until}, before it begins on {from}"));
            continue;
        }
        let (Some(person), Some(deputy)) = (person, deputy) else { continue };
        if person.person.unit != deputy.person.unit {
            let text = format!(
                "`{}` is of {}, not of {} as {}; nobody acts for another unit",
                row.deputy, deputy.person.unit, person.person.unit, row.person
            );
            site.say(FILE, row.row, "deputy", text);
            continue;
        }
        let zone = site.calendars.of_unit(&person.person.unit).zone().clone();
        let midnight = |date: Date| shift::instant(date.to_datetime(Time::midnight()), &zone);
        let from = row.from.map_or(At::from_micros(i64::MIN), midnight);
        let until = row.until.map_or(At::from_micros(i64::MAX), |day| midnight(day.saturating_add(1.day())));
        let mut path = vec![row.person.clone()];
        if circle(site, &row.deputy, from, until, &mut path) {
            let names: Vec<_> = path.iter().map(PersonCode::as_str).collect();
            let text = format!("closes the circle {}; somebody of it must have no deputy then", names.join(" → "));
            site.say(FILE, row.row, "deputy", text);
            continue;
        }
        site.deputies.entry(row.person.clone()).or_default().push(StandIn { deputy, from, until });
    }
}

/// Does the way from `next` lead back to where the path begins, over links that all hold at some instant?
fn circle(site: &Site<'_>, next: &PersonCode, from: At, until: At, path: &mut Vec<PersonCode>) -> bool {
    path.push(next.clone());
    if path.first() == Some(next) {
        return true;
    }
    for link in site.deputies.get(next).into_iter().flatten() {
        let (from, until) = (from.max(link.from), until.min(link.until));
        if from < until && circle(site, link.deputy.code(), from, until, path) {
            return true;
        }
    }
    path.pop();
    false
}
