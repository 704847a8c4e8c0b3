//! From rows to a roster: everything that must hold, and everything that does not, by row and column.

mod deputies;
mod exceptions;
mod overlap;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::civil::Date;
use suban_domain::{PersonCode, UnitCode, calendar::Calendars};

use crate::{
    Exception, Job, Person, Problem, Problems, Roster, Shift, ShiftCode, Table, Tables, Units,
    roster::{District, Entry, Member, Place, Post},
    shift,
};

/// Rows that could not be read, by table and the code they begin with: what names them is not unknown.
pub(crate) type HalfRead = BTreeSet<(Table, String)>;

/// Builds a roster from rows, and from what was wrong with their cells.
pub(crate) fn build(
    tables: Tables,
    units: &Units,
    calendars: &Calendars,
    problems: Vec<Problem>,
    half_read: &HalfRead,
) -> Result<Roster, Problems> {
    let mut site = Site {
        units,
        calendars,
        half_read,
        problems,
        members: BTreeMap::new(),
        shifts: BTreeMap::new(),
        places: BTreeMap::new(),
        deputies: BTreeMap::new(),
    };
    let in_order = site.people(&tables);
    site.shifts(&tables.shifts);
    site.duty(&tables);
    exceptions::apply(&mut site, &tables.exceptions);
    overlap::check(&mut site);
    deputies::check(&mut site, &tables.deputies);
    let mut district = in_order.into_iter().filter(|member| member.person.jobs.contains(&Job::District));
    let Some(first) = district.next() else {
        site.say(
            Table::People,
            1,
            "jobs",
            "has nobody with the job district, who answers where a unit has nobody; name at least one",
        );
        return Err(site.refusal());
    };
    let district = District { first, others: district.collect() };
    if !site.problems.is_empty() {
        return Err(site.refusal());
    }
    let Site { members, places, deputies, .. } = site;
    Ok(Roster { units: units.clone(), members, places, deputies, district })
}

/// A roster that is being built.
struct Site<'a> {
    units: &'a Units,
    calendars: &'a Calendars,
    half_read: &'a HalfRead,
    problems: Vec<Problem>,
    members: BTreeMap<PersonCode, Arc<Member>>,
    shifts: BTreeMap<ShiftCode, Arc<Shift>>,
    places: BTreeMap<UnitCode, Place>,
    deputies: BTreeMap<PersonCode, Vec<crate::roster::StandIn>>,
}

impl Site<'_> {
    fn say(&mut self, file: Table, row: u32, column: &str, text: impl Into<String>) {
        self.problems.push(Problem::new(file, row, column, text));
    }

    fn refusal(mut self) -> Problems {
        self.problems.sort();
        self.problems.dedup();
        Problems(self.problems)
    }

    /// Everybody with their leave, in the order of the table.
    fn people(&mut self, tables: &Tables) -> Vec<Arc<Member>> {
        let mut in_order: Vec<Arc<Member>> = Vec::new();
        let mut rows: BTreeMap<&PersonCode, &Person> = BTreeMap::new();
        for person in &tables.people {
            if let Some(first) = rows.get(&person.code) {
                let (row, unit) = (first.row, &first.unit);
                let text = if *unit == person.unit {
                    format!("`{}` is in row {row} already; write each person once", person.code)
                } else {
                    format!("`{}` is in unit {unit} in row {row}; somebody belongs to one unit", person.code)
                };
                self.say(Table::People, person.row, "person", text);
                continue;
            }
            rows.insert(&person.code, person);
            self.person(person);
            let away = self.away(person, &tables.exceptions);
            let member = Arc::new(Member { person: person.clone(), away });
            self.members.insert(person.code.clone(), member.clone());
            if person.jobs.contains(&Job::Lead) {
                self.place(person.place()).leads.push(member.clone());
            }
            in_order.push(member);
        }
        in_order
    }

    fn person(&mut self, person: &Person) {
        let (row, unit) = (person.row, &person.unit);
        if !self.units.has(unit) {
            self.say(Table::People, row, "unit", format!("`{unit}` is no unit of units.csv"));
        } else if let Some(parent) = self.units.parent(unit) {
            let text = format!("`{unit}` is a team of {parent}; write {parent} here and the team in its own column");
            self.say(Table::People, row, "unit", text);
        }
        if let Some(team) = &person.team {
            let parent = self.units.parent(team);
            if !self.units.has(team) {
                self.say(Table::People, row, "team", format!("`{team}` is no team of units.csv"));
            } else if parent != Some(unit) {
                self.say(Table::People, row, "team", format!("`{team}` is no team of unit {unit}"));
            }
        }
        if person.jobs.is_empty() {
            self.say(Table::People, row, "jobs", "is empty; say what the person does, such as handler");
        }
    }

    /// When somebody is on leave. Leave that ends before it begins is said where exceptions are checked.
    fn away(&self, person: &Person, exceptions: &[Exception]) -> Vec<(suban_domain::At, suban_domain::At)> {
        let zone = self.calendars.of_unit(&person.unit).zone().clone();
        let leave = exceptions.iter().filter_map(|exception| match exception {
            Exception::Leave { person: who, from, until, .. } if *who == person.code && from < until => {
                Some((shift::instant(*from, &zone), shift::instant(*until, &zone)))
            }
            Exception::Leave { .. } | Exception::Swap { .. } | Exception::Extra { .. } => None,
        });
        leave.collect()
    }

    fn shifts(&mut self, shifts: &[Shift]) {
        for shift in shifts {
            if let Some(first) = self.shifts.get(&shift.code) {
                let text = format!("`{}` is in row {} already; name shifts apart", shift.code, first.row);
                self.say(Table::Shifts, shift.row, "shift", text);
                continue;
            }
            if let Some(unit) = &shift.unit {
                if !self.units.has(unit) {
                    self.say(Table::Shifts, shift.row, "unit", format!("`{unit}` is no unit or team of units.csv"));
                }
                let shift = Arc::new(shift.clone());
                self.place(unit).posts.push(Post::new(shift));
            }
            if shift.minimum == 0 {
                self.say(Table::Shifts, shift.row, "minimum", "is 0; a shift without anybody is none, write 1 or more");
            }
            self.shifts.insert(shift.code.clone(), Arc::new(shift.clone()));
        }
    }

    fn duty(&mut self, tables: &Tables) {
        for duty in &tables.duty {
            let (file, row) = (Table::Duty, duty.row);
            let shift = self.shift(file, row, "shift", &duty.shift);
            let member = self.member(file, row, "person", &duty.person);
            if let (Some(from), Some(until)) = (duty.from, duty.until)
                && until < from
            {
                self.say(file, row, "until", format!("is {until}, before it begins on {from}"));
            }
            let Some(shift) = shift else { continue };
            match (&shift.cycle, duty.group) {
                (None, Some(group)) => {
                    let text = format!("is {group}, but shift {} has no rotation; give it a cycle", shift.code);
                    self.say(file, row, "group", text);
                }
                (Some(cycle), Some(group)) if !cycle.has(group) => {
                    self.say(file, row, "group", format!("is {group}, which has no day in shift {}", shift.code));
                }
                (Some(_), None) if duty.from.is_none() || duty.until.is_none() => {
                    let text =
                        format!("is empty, but shift {} rotates; name a group, or first and last day", shift.code);
                    self.say(file, row, "group", text);
                }
                (Some(_) | None, None) | (Some(_), Some(_)) => {}
            }
            let Some(member) = member else { continue };
            let Some(place) = self.post_of(file, row, &shift, &member) else { continue };
            let entry = Entry {
                member,
                rank: duty.rank,
                group: duty.group,
                from: duty.from.unwrap_or(Date::MIN),
                until: duty.until.unwrap_or(Date::MAX),
                origin: (file, row),
            };
            self.at_post(&place, &shift, |post| {
                post.regular = true;
                post.entries.push(entry);
            });
        }
    }

    /// Where somebody serves a shift: at the shift's unit, or, where any may use it, at their own.
    fn post_of(&mut self, file: Table, row: u32, shift: &Shift, member: &Member) -> Option<UnitCode> {
        let person = &member.person;
        match &shift.unit {
            None => Some(person.place().clone()),
            Some(unit) if *unit == person.unit || Some(unit) == person.team.as_ref() => Some(unit.clone()),
            Some(unit) => {
                let text = format!(
                    "`{}` is of {}, but shift {} is {unit}'s; nobody acts for another unit",
                    person.code,
                    person.place(),
                    shift.code
                );
                self.say(file, row, "person", text);
                None
            }
        }
    }

    fn place(&mut self, code: &UnitCode) -> &mut Place {
        let (units, calendars) = (self.units, self.calendars);
        // A team keeps its unit's hours.
        self.places.entry(code.clone()).or_insert_with(|| {
            let keeper = units.parent(code).unwrap_or(code);
            Place::new(code.clone(), calendars.of_unit(keeper).clone())
        })
    }

    /// Changes the post of a shift at a place; makes it where there is none yet.
    fn at_post(&mut self, place: &UnitCode, shift: &Arc<Shift>, change: impl FnOnce(&mut Post)) {
        let posts = &mut self.place(place).posts;
        if let Some(post) = posts.iter_mut().find(|post| post.shift.code == shift.code) {
            return change(post);
        }
        let mut post = Post::new(shift.clone());
        change(&mut post);
        posts.push(post);
    }

    fn member(&mut self, file: Table, row: u32, column: &str, code: &PersonCode) -> Option<Arc<Member>> {
        let found = self.members.get(code).cloned();
        if found.is_none() && !self.half_read.contains(&(Table::People, code.to_string())) {
            self.say(file, row, column, format!("`{code}` is nobody of people.csv"));
        }
        found
    }

    fn shift(&mut self, file: Table, row: u32, column: &str, code: &ShiftCode) -> Option<Arc<Shift>> {
        let found = self.shifts.get(code).cloned();
        if found.is_none() && !self.half_read.contains(&(Table::Shifts, code.to_string())) {
            self.say(file, row, column, format!("`{code}` is no shift of shifts.csv"));
        }
        found
    }
}
