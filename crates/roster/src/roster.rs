//! The roster: who could serve where, in the form in which questions are answered.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::civil::Date;
use suban_domain::{
    At, PersonCode, UnitCode,
    calendar::{Calendar, Calendars, DayKind},
};

use crate::{Files, Group, Person, Problems, Rank, Shift, Table, Tables, Units, check};

/// A checked roster.
#[derive(Debug, Clone)]
pub struct Roster {
    pub(crate) units: Units,
    pub(crate) members: BTreeMap<PersonCode, Arc<Member>>,
    /// By unit and team.
    pub(crate) places: BTreeMap<UnitCode, Place>,
    /// Who stands in, by whom they stand in for.
    pub(crate) deputies: BTreeMap<PersonCode, Vec<StandIn>>,
    /// The last of the ladder, in the order of the table; never empty.
    pub(crate) district: District,
}

impl Roster {
    /// Builds a roster from rows: checks every table and how they fit together.
    ///
    /// # Errors
    /// Everything that is wrong, by row and column.
    pub fn build(tables: Tables, units: &Units, calendars: &Calendars) -> Result<Self, Problems> {
        check::build(tables, units, calendars, Vec::new(), &BTreeSet::new())
    }

    /// Builds a roster from its files.
    ///
    /// # Errors
    /// Everything that is wrong, by row and column: what cells say, and how rows fit together.
    pub fn parse(files: &Files, units: &Units, calendars: &Calendars) -> Result<Self, Problems> {
        let read = files.read();
        check::build(read.tables, units, calendars, read.problems, &read.half_read)
    }

    /// Somebody on the roster.
    #[must_use]
    pub fn person(&self, code: &PersonCode) -> Option<&Person> {
        self.members.get(code).map(|member| &member.person)
    }

    /// Everybody on the roster.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.members.values().map(|member| &member.person)
    }

    /// The units it knows, with teams or without; also those with nobody.
    #[must_use]
    pub const fn units(&self) -> &Units {
        &self.units
    }

    /// Is somebody on leave then? Nobody knows of a stranger.
    #[must_use]
    pub fn is_away(&self, code: &PersonCode, at: At) -> bool {
        self.members.get(code).is_some_and(|member| member.is_away(at))
    }

    /// A team's place and its unit's; a unit's alone.
    pub(crate) fn upwards<'a>(&'a self, unit: &'a UnitCode) -> impl Iterator<Item = &'a UnitCode> {
        std::iter::once(unit).chain(self.units.parent(unit))
    }

    /// A unit's place and its teams'; a team's alone.
    pub(crate) fn downwards<'a>(&'a self, unit: &'a UnitCode) -> impl Iterator<Item = &'a Place> {
        std::iter::once(unit).chain(self.units.teams(unit)).filter_map(|code| self.places.get(code))
    }
}

/// Somebody, and when they are away.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) person: Person,
    /// From the first moment away until the first moment back.
    pub(crate) away: Vec<(At, At)>,
}

impl Member {
    pub(crate) fn is_away(&self, at: At) -> bool {
        self.away.iter().any(|(from, until)| *from <= at && at < *until)
    }

    pub(crate) const fn code(&self) -> &PersonCode {
        &self.person.code
    }
}

/// A deputy, and when.
#[derive(Debug, Clone)]
pub(crate) struct StandIn {
    pub(crate) deputy: Arc<Member>,
    pub(crate) from: At,
    pub(crate) until: At,
}

/// Everybody who answers for the district: there is a first.
#[derive(Debug, Clone)]
pub(crate) struct District {
    pub(crate) first: Arc<Member>,
    pub(crate) others: Vec<Arc<Member>>,
}

impl District {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Member>> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// A unit or a team: its calendar, its posts, its leads.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) code: UnitCode,
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) posts: Vec<Post>,
    pub(crate) leads: Vec<Arc<Member>>,
}

impl Place {
    pub(crate) fn new(code: UnitCode, calendar: Arc<Calendar>) -> Self {
        Self { code, calendar, posts: Vec::new(), leads: Vec::new() }
    }

    /// What a day is here. Outside of all years that calendars cover, what its weekday makes it.
    pub(crate) fn kind(&self, date: Date) -> DayKind {
        let weekend = date.weekday().to_monday_zero_offset() >= 5;
        let otherwise = if weekend { DayKind::Weekend } else { DayKind::Workday };
        self.calendar.day(date).map_or(otherwise, |day| day.kind)
    }

    /// The local date of an instant.
    pub(crate) fn date(&self, at: At) -> Date {
        self.calendar.zone().to_datetime(at.timestamp()).date()
    }
}

/// A shift at a place, and who serves it.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) shift: Arc<Shift>,
    /// Somebody stands on the duty list, or the shift is this unit's own: then its minimum holds.
    pub(crate) regular: bool,
    pub(crate) entries: Vec<Entry>,
    /// By exceptions, on the day on which the shift begins.
    pub(crate) dated: BTreeMap<Date, Vec<Entry>>,
    /// By exceptions, who does not serve it.
    pub(crate) released: BTreeSet<(Date, PersonCode)>,
}

/// A line of the duty list, or what an exception made of one.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) member: Arc<Member>,
    pub(crate) rank: Rank,
    pub(crate) group: Option<Group>,
    pub(crate) from: Date,
    pub(crate) until: Date,
    /// Where it is written.
    pub(crate) origin: (Table, u32),
}

impl Post {
    pub(crate) fn new(shift: Arc<Shift>) -> Self {
        let regular = shift.unit.is_some();
        Self { shift, regular, entries: Vec::new(), dated: BTreeMap::new(), released: BTreeSet::new() }
    }

    /// Does the shift begin on this day, by its days and its rotation?
    pub(crate) fn runs(&self, date: Date, place: &Place) -> bool {
        self.shift.days.hold(date, || place.kind(date))
            && self.shift.cycle.as_ref().is_none_or(|c| c.on(date).is_some())
    }

    /// Who serves the shift that begins on this day, whether on leave or not.
    pub(crate) fn on(&self, date: Date, place: &Place) -> impl Iterator<Item = &Entry> {
        let group = self.shift.cycle.as_ref().map(|cycle| cycle.on(date));
        let turn = move |entry: &&Entry| {
            (entry.from..=entry.until).contains(&date)
                && entry.group.is_none_or(|own| group == Some(Some(own)))
                && !self.released.contains(&(date, entry.member.code().clone()))
        };
        let regular: &[Entry] = if self.entries.is_empty() || !self.runs(date, place) { &[] } else { &self.entries };
        regular.iter().filter(turn).chain(self.dated.get(&date).into_iter().flatten())
    }
}
