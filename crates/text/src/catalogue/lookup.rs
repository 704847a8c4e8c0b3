//! Who leads, under these circumstances, by which row.
//!
//! Rules of a narrower area count before those of a wider one; in one area a rule for a named subject counts before
//! one for certain hours, and that before one without either; where no rule applies, the matter's own row counts.
//! What is not known of the circumstances is never guessed: an answer is given only where nothing that could still
//! turn out would name another unit.

use std::cmp::Reverse;

use jiff::civil::DateTime;
use suban_domain::{AreaCode, MatterCode, UnitCode};

use super::{Catalogue, Leads, Matter, Row, Rule, Table, folded};
use crate::area::whole_word;
use crate::reading::is_only_where;

/// What is known of a ticket when it is asked who leads. Nothing is known by default.
#[derive(Clone, Copy, Default)]
pub struct Circumstances<'a> {
    /// Where it happened.
    pub area: Option<&'a AreaCode>,
    /// When, by the city's clock on the wall.
    pub at: Option<DateTime>,
    /// What was said, in clear or masked.
    pub words: Option<&'a str>,
}

/// Hides the words.
impl std::fmt::Debug for Circumstances<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let said = self.words.map(|w| w.chars().count());
        f.debug_struct("Circumstances").field("area", &self.area).field("at", &self.at).field("said", &said).finish()
    }
}

/// Who leads, and which row says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// The unit.
    pub unit: UnitCode,
    /// The row that decided.
    pub rule_row: Row,
    /// Who assists, without the lead.
    pub assists: Vec<UnitCode>,
    /// No sub-district may be given this (R-NAT-3).
    pub dept_only: bool,
}

/// Why no single unit is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoLead {
    /// The catalogue has no such matter.
    UnknownMatter,
    /// Nobody has the duty on that day.
    NotInForce,
    /// The area is unknown, and the unit depends on it.
    UnknownArea,
    /// The area is known, and is too large to say which unit leads.
    AreaTooLarge,
    /// Several rows fit, or may fit as far as is known, and name different units. Those that count first in front.
    Several(Vec<Lead>),
}

/// Does a rule apply?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Applies {
    Yes,
    No,
    /// What it asks for is not known.
    Perhaps,
}

impl Applies {
    fn when(known: Option<bool>) -> Self {
        match known {
            Some(true) => Self::Yes,
            Some(false) => Self::No,
            None => Self::Perhaps,
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            (Self::Perhaps, _) | (_, Self::Perhaps) => Self::Perhaps,
        }
    }
}

/// A row that decides, or may decide.
#[derive(Clone, Copy)]
struct Says<'a> {
    leads: &'a Leads,
    assists: &'a [Leads],
    row: Row,
}

impl<'a> Says<'a> {
    fn rule(rule: &'a Rule) -> Self {
        Self { leads: &rule.lead, assists: &rule.assists, row: Row { file: Table::Rules, row: rule.row } }
    }

    fn matter(matter: &'a Matter) -> Self {
        Self { leads: &matter.lead, assists: &matter.assists, row: Row { file: Table::Matters, row: matter.row } }
    }
}

impl Catalogue {
    /// Who leads for `matter` under these circumstances.
    ///
    /// # Errors
    /// Why no single unit is named.
    pub fn lead(&self, matter: &MatterCode, known: &Circumstances<'_>) -> Result<Lead, NoLead> {
        let (at, row) = self.matter_at(matter).ok_or(NoLead::UnknownMatter)?;
        if known.at.is_some_and(|t| !row.days.contains(t.date())) {
            return Err(NoLead::NotInForce);
        }
        let words = known.words.filter(|_| self.asks_for_words(matter)).map(folded);
        let applies = |rule: usize| self.applies(rule, known.at, words.as_deref());
        let Some(area) = known.area.and_then(|a| self.index.areas.get(a)) else {
            return self.lead_everywhere(at, row, &applies);
        };
        let (says, sure) = self.in_area(at, row, *area, &applies);
        self.one_of(row, *area, &says, sure, NoLead::AreaTooLarge).and_then(|lead| {
            if self.changes_inside(at, *area, &lead.unit, &applies) { Err(NoLead::AreaTooLarge) } else { Ok(lead) }
        })
    }

    /// Every unit that may lead for `matter` in `area`, at whatever hour and for whatever subject; those of the rows
    /// that count first in front. Without an area, everywhere.
    #[must_use]
    pub fn may_lead(&self, matter: &MatterCode, area: Option<&AreaCode>) -> Vec<UnitCode> {
        let Some((at, row)) = self.matter_at(matter) else { return Vec::new() };
        let place = |a: &AreaCode| self.index.areas.get(a).copied();
        let areas = match area {
            Some(area) => place(area).into_iter().collect(),
            None => self.index.inner_areas().collect::<Vec<_>>(),
        };
        let mut units: Vec<UnitCode> = Vec::new();
        for area in areas {
            let (says, _) = self.in_area(at, row, area, &|_| Applies::Perhaps);
            for unit in says.iter().filter_map(|s| self.unit_of(s.leads, area)) {
                if !units.contains(unit) {
                    units.push(unit.clone());
                }
            }
        }
        units
    }

    /// Does who leads for this matter depend on what was said? Then the words are worth fetching.
    #[must_use]
    pub fn asks_for_words(&self, matter: &MatterCode) -> bool {
        let Some(at) = self.index.matters.get(matter) else { return false };
        let ruled = self.index.ruled.get(at).map(Vec::as_slice).unwrap_or_default();
        ruled
            .iter()
            .filter_map(|area| self.index.rules.get(&(*at, *area)))
            // Rules with a subject stand in front.
            .filter_map(|here| self.rows.rules.get(*here.first()?))
            .any(|rule| !rule.subject.is_empty())
    }

    /// The rule on this line.
    #[must_use]
    pub fn rule_on(&self, row: Row) -> Option<&Rule> {
        match row.file {
            Table::Rules => self.rows.rules.iter().find(|rule| rule.row == row.row),
            Table::Areas | Table::Units | Table::Matters => None,
        }
    }

    fn matter_at(&self, matter: &MatterCode) -> Option<(usize, &Matter)> {
        let at = *self.index.matters.get(matter)?;
        Some((at, self.rows.matters.get(at)?))
    }

    /// The place is unknown: only where it is the same unit all over.
    fn lead_everywhere(&self, matter: usize, row: &Matter, applies: &dyn Fn(usize) -> Applies) -> Result<Lead, NoLead> {
        let mut lead: Option<Lead> = None;
        let roots = self.index.around.iter().enumerate().filter(|(_, around)| around.is_none()).map(|(at, _)| at);
        for root in roots {
            let (says, sure) = self.in_area(matter, row, root, applies);
            // A street that is the whole of the catalogue is still one of many in the city.
            if says.iter().any(|s| *s.leads == Leads::Street) {
                return Err(NoLead::UnknownArea);
            }
            let here = self.one_of(row, root, &says, sure, NoLead::UnknownArea)?;
            if self.changes_inside(matter, root, &here.unit, applies)
                || lead.as_ref().is_some_and(|l| l.unit != here.unit)
            {
                return Err(NoLead::UnknownArea);
            }
            lead.get_or_insert(here);
        }
        lead.ok_or(NoLead::UnknownArea)
    }

    /// The rows that may decide in this area, in the order in which they count, and how many of the last are sure to
    /// apply and count alike.
    fn in_area<'a>(
        &'a self,
        matter: usize,
        row: &'a Matter,
        area: usize,
        applies: &dyn Fn(usize) -> Applies,
    ) -> (Vec<Says<'a>>, usize) {
        let mut says = Vec::new();
        for area in self.around(area) {
            let here = self.index.rules.get(&(matter, area)).map(Vec::as_slice).unwrap_or_default();
            let rank = |at: &usize| self.rows.rules.get(*at).map(|r| Reverse(r.rank()));
            for alike in here.chunk_by(|a, b| rank(a) == rank(b)) {
                let of = |wanted: Applies| {
                    alike.iter().filter(move |at| applies(**at) == wanted).filter_map(|at| self.rows.rules.get(*at))
                };
                says.extend(of(Applies::Perhaps).map(Says::rule));
                let before = says.len();
                says.extend(of(Applies::Yes).map(Says::rule));
                if says.len() > before {
                    let sure = says.len() - before;
                    return (says, sure);
                }
            }
        }
        says.push(Says::matter(row));
        (says, 1)
    }

    /// The one unit that all these rows name.
    fn one_of(
        &self,
        matter: &Matter,
        area: usize,
        says: &[Says<'_>],
        sure: usize,
        otherwise: NoLead,
    ) -> Result<Lead, NoLead> {
        let leads: Option<Vec<Lead>> = says.iter().map(|s| self.as_lead(matter, area, s)).collect();
        let Some(leads) = leads else { return Err(otherwise) };
        // What applies for sure is stated; what may apply besides says the same, or nobody is named.
        let Some(first) = leads.get(leads.len().saturating_sub(sure)) else { return Err(otherwise) };
        if leads.iter().all(|l| l.unit == first.unit) {
            return Ok(first.clone());
        }
        let mut several: Vec<Lead> = Vec::new();
        for lead in leads {
            if !several.iter().any(|l| l.unit == lead.unit) {
                several.push(lead);
            }
        }
        Err(NoLead::Several(several))
    }

    fn as_lead(&self, matter: &Matter, area: usize, says: &Says<'_>) -> Option<Lead> {
        let unit = self.unit_of(says.leads, area)?;
        let mut assists: Vec<UnitCode> = Vec::with_capacity(says.assists.len());
        for assist in says.assists.iter().filter_map(|a| self.unit_of(a, area)) {
            if assist != unit && !assists.contains(assist) {
                assists.push(assist.clone());
            }
        }
        Some(Lead { unit: unit.clone(), rule_row: says.row, assists, dept_only: matter.dept_only })
    }

    /// May a rule of a narrower area inside this one name another unit?
    fn changes_inside(&self, matter: usize, area: usize, unit: &UnitCode, applies: &dyn Fn(usize) -> Applies) -> bool {
        if self.index.inner.get(area).copied().unwrap_or(true) {
            return false;
        }
        let ruled = self.index.ruled.get(&matter).map(Vec::as_slice).unwrap_or_default();
        ruled
            .iter()
            .filter(|a| **a != area && self.around(**a).any(|outer| outer == area))
            .filter_map(|a| Some((*a, self.index.rules.get(&(matter, *a))?)))
            .flat_map(|(a, rules)| rules.iter().map(move |rule| (a, *rule)))
            .filter(|(_, rule)| applies(*rule) != Applies::No)
            .filter_map(|(a, rule)| Some((a, self.rows.rules.get(rule)?)))
            .any(|(a, rule)| self.unit_of(&rule.lead, a) != Some(unit))
    }

    fn applies(&self, rule: usize, at: Option<DateTime>, words: Option<&str>) -> Applies {
        let Some(row) = self.rows.rules.get(rule) else { return Applies::No };
        let always = Applies::Yes;
        let open = row.days == super::Days::default();
        let days = if open { always } else { Applies::when(at.map(|t| row.days.contains(t.date()))) };
        let hours = row.hours.as_ref().map_or(always, |h| Applies::when(at.map(|t| h.contains(t.time()))));
        let subjects = self.index.subjects.get(rule).map(Vec::as_slice).unwrap_or_default();
        let subject = if subjects.is_empty() {
            always
        } else {
            Applies::when(words.map(|said| subjects.iter().any(|subject| names(said, subject))))
        };
        days.and(hours).and(subject)
    }
}

impl super::Index {
    /// Areas without any inside them.
    pub(super) fn inner_areas(&self) -> impl Iterator<Item = usize> {
        self.inner.iter().enumerate().filter(|(_, inner)| **inner).map(|(at, _)| at)
    }
}

/// Does the message name the subject? `工地旁的烧烤店` only says where. Both are folded.
fn names(said: &str, subject: &str) -> bool {
    !subject.is_empty()
        && said.match_indices(subject).any(|(start, found)| {
            let end = start + found.len();
            whole_word(said, start, end) && !is_only_where(said, start, end)
        })
}
