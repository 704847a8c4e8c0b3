//! The responsibility catalogue (事项清单, D§10.1): which unit leads for which matter in which area.
//!
//! Intake reads messages with its words, duplicate detection asks which matters may merge, dispatch
//! asks who leads. So it is one value, made from four tables that a city keeps in a spreadsheet
//! (`areas.csv`, `units.csv`, `matters.csv`, `rules.csv`), checked as a whole, and stored whole as
//! one version. A catalogue that exists has no holes: [`Catalogue::parse`] lists every problem by
//! row and column instead, and so does reading a stored one back.

mod check;
mod diff;
mod holes;
mod lookup;
mod moments;
mod overlap;
mod parse;
mod times;
mod workbook;
mod write;

pub use diff::{Change, ColumnChange, Diff, LeadChange, RowChange};
pub use lookup::{Circumstances, Lead, NoLead};
pub use times::{Days, Hours};

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use suban_domain::{AreaCode, Hash, Kind, Malformed, MatterCode, Point, UnitCode, Urgency, VersionCode};

use crate::area::{Gazetteer, Place};
use crate::reading::{Keyword, MatterWords, Reader, Unbuildable};

macro_rules! list {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$vdoc:meta])* $variant:ident = $code:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $code)] $variant,)+
        }
        impl $name {
            /// The word in the tables.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
        }
        impl FromStr for $name {
            type Err = Malformed;
            fn from_str(s: &str) -> Result<Self, Malformed> {
                match s {
                    $($code => Ok(Self::$variant),)+
                    _ => Err(Malformed::new($what, concat!("must be one of", $(" ", $code),+))),
                }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}

list! {
    /// How large an area is; each lies in one of the level before.
    AreaLevel, "area level" {
        /// 省.
        Province = "province";
        /// 市.
        City = "city";
        /// 区, 县.
        District = "district";
        /// 街道, 镇, 乡.
        SubDistrict = "sub-district";
        /// 社区, 村.
        Community = "community";
        /// 网格: what one grid worker walks.
        Grid = "grid";
    }
}

list! {
    /// What a unit is; units of one kind and peer group are compared with each other (R-NAT-7).
    UnitKind, "unit kind" {
        /// The hotline's own hall (分拨中心). There is exactly one; what nobody owns comes to it.
        Hall = "hall";
        /// A sub-district's office (街道办).
        Street = "street";
        /// A department of the government (职能部门).
        Department = "department";
        /// Water, power, gas, public transport, telecommunication.
        Utility = "utility";
        /// Another company with a public duty.
        Company = "company";
        /// A team inside a unit (内部科室); never a lead, the unit passes work on to it.
        Team = "team";
    }
}

list! {
    /// May the system merge tickets of this matter by itself (D§9.2 D3)?
    Merge, "merge rule" {
        /// A thing that stands somewhere: the same place is the same thing.
        Facility = "facility";
        /// Something that happens to many at once: noise, a power cut.
        Event = "event";
        /// Each person has a right of their own (D§9.3 G6), or the words must be weighed by a person.
        Never = "never";
    }
}

impl Merge {
    /// Is the matter whitelisted for merging without a person?
    #[must_use]
    pub const fn is_whitelisted(self) -> bool {
        match self {
            Self::Facility | Self::Event => true,
            Self::Never => false,
        }
    }
}

/// Who leads: a unit by name, or the office of the sub-district where it happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Leads {
    /// `street` in the tables.
    Street,
    /// A unit's code.
    Unit(UnitCode),
}

impl fmt::Display for Leads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Street => f.write_str(parse::STREET),
            Self::Unit(unit) => write!(f, "{unit}"),
        }
    }
}

/// One row of `areas.csv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Area {
    /// Line in the file.
    pub row: u32,
    /// Begins with its parent's code.
    pub code: AreaCode,
    /// Full name, for example `望潮社区`.
    pub name: String,
    /// How large.
    pub level: AreaLevel,
    /// The area around it.
    pub parent: Option<AreaCode>,
    /// Its centre.
    pub centre: Option<Point>,
    /// Other names of the area itself.
    pub aliases: Vec<String>,
    /// Estates, markets, schools and other known places inside it.
    pub estates: Vec<String>,
    /// Roads; one that runs through several areas is listed in each.
    pub roads: Vec<String>,
}

/// One row of `units.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Line in the file.
    pub row: u32,
    /// Its code.
    pub code: UnitCode,
    /// Name to show.
    pub name: String,
    /// What it is.
    pub kind: UnitKind,
    /// For a team: the unit it is part of.
    pub parent: Option<UnitCode>,
    /// For a street office: its sub-district.
    pub area: Option<AreaCode>,
    /// Signs at any hour.
    pub duty_24h: bool,
    /// Units that may fairly be compared.
    pub peer_group: String,
    /// Units whose work it took over when this catalogue came into force (更名, 合并, 拆分): their history counts for
    /// it, and in equal parts where several took over from one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub formerly: Vec<UnitCode>,
}

/// One row of `matters.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matter {
    /// Line in the file.
    pub row: u32,
    /// Its code.
    pub code: MatterCode,
    /// First level, for example `市容环卫`.
    pub level1: String,
    /// Second level; duplicates are looked for inside it (D§9.4).
    pub level2: String,
    /// Name of the row itself, the third level.
    pub name: String,
    /// Other names; they speak for the matter like keywords.
    pub synonyms: Vec<String>,
    /// Words that speak for it, or with a negative weight against it.
    pub keywords: Vec<Keyword>,
    /// Typical phrases; they speak for the matter like keywords.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phrases: Vec<String>,
    /// The kind of demand it usually is.
    pub kind: Kind,
    /// The urgency it usually has.
    pub urgency: Urgency,
    /// Who leads where no rule says otherwise.
    pub lead: Leads,
    /// Who assists.
    pub assists: Vec<Leads>,
    /// A department's own duty that no sub-district may be given (R-NAT-3).
    pub dept_only: bool,
    /// A personal right: wages, refunds, social insurance, housing allocation (D§9.3 G6).
    pub personal: bool,
    /// May tickets of it merge without a person?
    pub merge: Merge,
    /// How far two reports of the same thing may lie apart, in metres; `None`: anywhere in the same area.
    pub radius_m: Option<u32>,
    /// Handling limit in hours where the matter has one of its own.
    pub handle_hours: Option<u32>,
    /// The law or paper that it rests on; empty when nobody says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub basis: String,
    /// When somebody has this duty.
    #[serde(flatten)]
    pub days: Days,
}

/// One row of `rules.csv`: in this area, and where it says so at these hours or for this subject, somebody else leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Line in the file.
    pub row: u32,
    /// For which matter.
    pub matter: MatterCode,
    /// In which area, and everything inside it that has no rule of its own.
    pub area: AreaCode,
    /// Who leads there.
    pub lead: Leads,
    /// Who assists there.
    pub assists: Vec<Leads>,
    /// Why, to be shown.
    pub note: String,
    /// Only at these hours (夜间噪声).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// Only where the message names one of these, such as `在建工地`; empty: whatever it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subject: Vec<String>,
    /// When the rule is in force.
    #[serde(flatten)]
    pub days: Days,
    /// On which level it is handled, to be shown (市, 区, 街, 社).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<AreaLevel>,
    /// The law or paper that it rests on; empty when nobody says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub basis: String,
}

/// One of the four tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Table {
    /// `areas.csv`.
    #[serde(rename = "areas.csv")]
    Areas,
    /// `units.csv`.
    #[serde(rename = "units.csv")]
    Units,
    /// `matters.csv`.
    #[serde(rename = "matters.csv")]
    Matters,
    /// `rules.csv`.
    #[serde(rename = "rules.csv")]
    Rules,
}

impl Table {
    /// Every table, in the order in which they build on each other.
    pub const ALL: [Self; 4] = [Self::Areas, Self::Units, Self::Matters, Self::Rules];

    /// Its columns, in the order in which it is written.
    #[must_use]
    pub const fn columns(self) -> &'static [&'static str] {
        parse::columns(self)
    }

    /// What its sheet is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Areas => "areas",
            Self::Units => "units",
            Self::Matters => "matters",
            Self::Rules => "rules",
        }
    }
}

/// The name of its file.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.csv", self.name())
    }
}

/// The row that decided, to be shown with the decision: `rules.csv:12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Row {
    /// In which table.
    pub file: Table,
    /// On which line; the heading is line 1.
    pub row: u32,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.row)
    }
}

/// Something in the tables that must be put right before they can be published.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// In which table.
    pub file: Table,
    /// On which line; the heading is line 1.
    pub row: u32,
    /// In which column.
    pub column: String,
    /// In a workbook the column's letter, empty where it is about the whole line; `None` for files of text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<String>,
    /// What is wrong, and what would be right.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.letter {
            None => write!(f, "{}:{} {}: {}", self.file, self.row, self.column, self.text),
            Some(letter) => write!(f, "{}!{letter}{} {}: {}", self.file.name(), self.row, self.column, self.text),
        }
    }
}

/// Everything wrong with a catalogue, in the order of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the catalogue has {} problem(s)", self.0.len())?;
        self.0.iter().try_for_each(|p| write!(f, "\n  {p}"))
    }
}

impl std::error::Error for Problems {}

/// The four tables as text.
#[derive(Debug, Clone, Copy)]
pub struct Tables<'a> {
    /// `areas.csv`.
    pub areas: &'a str,
    /// `units.csv`.
    pub units: &'a str,
    /// `matters.csv`.
    pub matters: &'a str,
    /// `rules.csv`; may be empty.
    pub rules: &'a str,
}

/// What is stored: the rows alone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Rows {
    areas: Vec<Area>,
    units: Vec<Unit>,
    matters: Vec<Matter>,
    rules: Vec<Rule>,
}

/// A checked catalogue. Serialises to its rows, so that a version is one document.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Rows", into = "Rows")]
pub struct Catalogue {
    rows: Rows,
    index: Index,
    hash: Hash,
}

impl PartialEq for Catalogue {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

#[derive(Debug, Clone, Default)]
struct Index {
    areas: HashMap<AreaCode, usize>,
    /// Each area's parent, by place in the table.
    around: Vec<Option<usize>>,
    units: HashMap<UnitCode, usize>,
    matters: HashMap<MatterCode, usize>,
    /// Is it inside no other that has a narrower one? By place in the table.
    inner: Vec<bool>,
    /// Street office by place of its sub-district.
    streets: HashMap<usize, usize>,
    /// Rules by places of matter and area, those that count first in front.
    rules: HashMap<(usize, usize), Vec<usize>>,
    /// Areas with rules, by place of the matter.
    ruled: HashMap<usize, Vec<usize>>,
    /// Each rule's subjects, folded.
    subjects: Vec<Vec<String>>,
    hall: Option<usize>,
}

impl From<Catalogue> for Rows {
    fn from(catalogue: Catalogue) -> Self {
        catalogue.rows
    }
}

impl TryFrom<Rows> for Catalogue {
    type Error = Problems;
    fn try_from(rows: Rows) -> Result<Self, Problems> {
        Self::build(rows, Vec::new())
    }
}

impl Catalogue {
    /// Reads and checks the four tables.
    ///
    /// # Errors
    /// Every problem found, not only the first.
    pub fn parse(tables: &Tables<'_>) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let rows = parse::rows(tables, &mut problems);
        Self::build(rows, problems)
    }

    fn build(rows: Rows, mut problems: Vec<Problem>) -> Result<Self, Problems> {
        let index = Index::new(&rows);
        let mut catalogue = Self { rows, index, hash: Hash([0; 32]) };
        check::check(&catalogue, &mut problems);
        if !problems.is_empty() {
            problems.sort();
            problems.dedup();
            return Err(Problems(problems));
        }
        let mut digest = Sha256::new();
        if let Err(e) = serde_json::to_writer(&mut digest, &catalogue.rows) {
            let text = format!("cannot be stored: {e}");
            return Err(Problems(vec![Problem {
                file: Table::Areas,
                row: 0,
                column: String::new(),
                letter: None,
                text,
            }]));
        }
        catalogue.hash = Hash(digest.finalize().into());
        Ok(catalogue)
    }

    /// SHA-256 of the rows: two catalogues with the same content have the same hash.
    #[must_use]
    pub fn content_hash(&self) -> Hash {
        self.hash
    }

    /// What the catalogue is called when it is published: its name and the beginning of its content's hash, so that
    /// the same content always has the same version.
    ///
    /// # Errors
    /// When `name` has no letters, or others than a code may have.
    pub fn version(&self, name: &str) -> Result<VersionCode, Malformed> {
        let hash = self.hash.to_string();
        VersionCode::new(format!("{name}:{}", hash.get(..8).unwrap_or_default()))
    }

    /// The hall: what the catalogue does not decide waits there for people (R-DSP-2).
    #[must_use]
    pub fn fallback(&self) -> Option<&Unit> {
        self.rows.units.get(self.index.hall?)
    }

    /// Every area, in the order of the table.
    #[must_use]
    pub fn areas(&self) -> &[Area] {
        &self.rows.areas
    }

    /// Every unit, in the order of the table.
    #[must_use]
    pub fn units(&self) -> &[Unit] {
        &self.rows.units
    }

    /// Every matter, in the order of the table.
    #[must_use]
    pub fn matters(&self) -> &[Matter] {
        &self.rows.matters
    }

    /// Every rule, in the order of the table.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rows.rules
    }

    /// One area.
    #[must_use]
    pub fn area(&self, code: &AreaCode) -> Option<&Area> {
        self.rows.areas.get(*self.index.areas.get(code)?)
    }

    /// One unit.
    #[must_use]
    pub fn unit(&self, code: &UnitCode) -> Option<&Unit> {
        self.rows.units.get(*self.index.units.get(code)?)
    }

    /// One matter.
    #[must_use]
    pub fn matter(&self, code: &MatterCode) -> Option<&Matter> {
        self.rows.matters.get(*self.index.matters.get(code)?)
    }

    /// The teams inside a unit.
    pub fn teams<'a>(&'a self, unit: &'a UnitCode) -> impl Iterator<Item = &'a Unit> {
        self.rows.units.iter().filter(move |u| u.parent.as_ref() == Some(unit))
    }

    /// The area and everything around it, from the inside out.
    pub fn area_path<'a>(&'a self, code: &AreaCode) -> impl Iterator<Item = &'a Area> {
        let start = self.index.areas.get(code).copied();
        start.into_iter().flat_map(|at| self.around(at)).filter_map(|at| self.rows.areas.get(at))
    }

    /// Names of its areas for reading.
    ///
    /// # Errors
    /// When the names are too many for one search.
    pub fn gazetteer(&self) -> Result<Gazetteer, crate::TooManyWords> {
        let places: Vec<Place> = self
            .rows
            .areas
            .iter()
            .map(|a| Place {
                code: a.code.clone(),
                parent: a.parent.clone(),
                names: std::iter::once(&a.name).chain(&a.aliases).chain(&a.estates).chain(&a.roads).cloned().collect(),
                centre: a.centre,
            })
            .collect();
        Gazetteer::new(&places)
    }

    /// Words of its matters for reading: keywords first, then names, so that a keyword's own weight wins.
    #[must_use]
    pub fn matter_words(&self) -> Vec<MatterWords> {
        self.rows
            .matters
            .iter()
            .map(|m| MatterWords {
                code: m.code.clone(),
                keywords: m
                    .keywords
                    .iter()
                    .cloned()
                    .chain(m.phrases.iter().chain(std::iter::once(&m.name)).chain(&m.synonyms).map(Keyword::plain))
                    .collect(),
                kind: Some(m.kind),
                urgency: Some(m.urgency),
            })
            .collect()
    }

    /// The reading function of this catalogue.
    ///
    /// # Errors
    /// When the words are too many for one search.
    pub fn reader(&self) -> Result<Reader, Unbuildable> {
        Reader::new(&self.matter_words(), self.gazetteer()?)
    }

    fn around(&self, area: usize) -> impl Iterator<Item = usize> {
        // Bounded by the number of areas, so that a ring in unchecked rows ends.
        std::iter::successors(Some(area), |a| self.index.around.get(*a).copied().flatten()).take(self.rows.areas.len())
    }

    /// The rules of a matter, by its place in the table.
    fn rules_of(&self, matter: usize) -> Vec<&Rule> {
        let areas = self.index.ruled.get(&matter).map(Vec::as_slice).unwrap_or_default();
        let here = areas.iter().filter_map(|area| self.index.rules.get(&(matter, *area)));
        here.flatten().filter_map(|at| self.rows.rules.get(*at)).collect()
    }

    /// The office of the sub-district where the area lies.
    fn office(&self, area: usize) -> Option<&Unit> {
        let at = self.around(area).find_map(|a| self.index.streets.get(&a))?;
        self.rows.units.get(*at)
    }

    fn unit_of<'a>(&'a self, leads: &'a Leads, area: usize) -> Option<&'a UnitCode> {
        match leads {
            Leads::Unit(unit) => Some(unit),
            Leads::Street => self.office(area).map(|u| &u.code),
        }
    }
}

impl Rule {
    /// Of two rules of one area that both apply, the one with the greater rank counts: a named subject before hours,
    /// hours before none.
    const fn rank(&self) -> (bool, bool) {
        (!self.subject.is_empty(), self.hours.is_some())
    }
}

/// As messages are compared: one width, one case, one script.
fn folded(text: &str) -> String {
    text.chars().map(crate::fold::fold).collect()
}

impl Index {
    fn new(rows: &Rows) -> Self {
        let mut index = Self::default();
        // Of two rows with one code the first counts; the check reports the other.
        for (at, area) in rows.areas.iter().enumerate() {
            index.areas.entry(area.code.clone()).or_insert(at);
        }
        index.around = rows.areas.iter().map(|a| a.parent.as_ref().and_then(|p| index.areas.get(p).copied())).collect();
        index.inner = vec![true; rows.areas.len()];
        for around in index.around.iter().flatten() {
            if let Some(inner) = index.inner.get_mut(*around) {
                *inner = false;
            }
        }
        for (at, unit) in rows.units.iter().enumerate() {
            index.units.entry(unit.code.clone()).or_insert(at);
            if unit.kind == UnitKind::Hall {
                index.hall.get_or_insert(at);
            }
            if let (UnitKind::Street, Some(area)) = (unit.kind, unit.area.as_ref().and_then(|a| index.areas.get(a))) {
                index.streets.entry(*area).or_insert(at);
            }
        }
        for (at, matter) in rows.matters.iter().enumerate() {
            index.matters.entry(matter.code.clone()).or_insert(at);
        }
        for (at, rule) in rows.rules.iter().enumerate() {
            if let (Some(m), Some(a)) = (index.matters.get(&rule.matter), index.areas.get(&rule.area)) {
                let here = index.rules.entry((*m, *a)).or_default();
                if here.is_empty() {
                    index.ruled.entry(*m).or_default().push(*a);
                }
                here.push(at);
            }
            index.subjects.push(rule.subject.iter().map(|word| folded(word)).collect());
        }
        for here in index.rules.values_mut() {
            here.sort_by_key(|at| rows.rules.get(*at).map(|rule| std::cmp::Reverse(rule.rank())));
        }
        index
    }
}

#[cfg(test)]
mod tests;
