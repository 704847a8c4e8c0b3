//! What really happened, and what follows from it (D§10.3 steps 4 and 8).
//!
//! Three things are known besides the catalogue. Arbiters have ruled: the next like ticket goes where they said, at
//! once. Results were accepted: units that had such tickets before are ranked, for a person to choose from where the
//! catalogue does not decide. And tickets that a row of the catalogue sent to one unit were finished by another: then
//! the row is doubted, and a person sees both. And a share of what would be sent by itself is checked by a person first:
//! a matter that fails these checks leaves automatic dispatch by itself. Pure: what is told here in the same order gives the same answers.

use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::civil::Date;
use suban_domain::{AreaCode, Channel, Kind, MatterCode, Ticket, Tier, UnitCode};
use suban_learn::unit::{Kind as Evidence, Lineage, LineageError, Schema, SchemaError, Succession, Tuning, UnitModel};
use suban_text::Catalogue;

/// What a ticket is ranked by: coarse to fine, matters and places.
const CHAINS: [&[&str]; 4] =
    [&["level1", "level2", "matter"], &["district", "sub_district", "community"], &["channel"], &["kind"]];
/// Levels of an area that are told apart, the outermost first.
const AREA_LEVELS: usize = 3;
/// What an outcome is worth that nobody spoke about, beside a person's word: rules that only hear of themselves would
/// believe themselves.
const SILENT: f64 = 0.5;
/// Last outcomes of a matter sent to one unit that are remembered.
const REMEMBERED: usize = 50;
/// A row is doubted from so many outcomes on.
const DOUBTED_FROM: usize = 10;
/// Units that are shown to a person.
const SHOWN: usize = 3;
/// Precision wanted of automatic dispatch (D§10.3 step 5).
const WANTED: f64 = 0.95;
/// Last checks of a matter that count.
const CHECKS: usize = 200;
/// Fewer checks than this say nothing yet.
const CHECKED_FROM: usize = 10;
/// Checks wanted in a week, whatever the share.
const CHECKS_A_WEEK: f64 = 20.0;
/// Largest share that is checked to reach them, so that a quiet city is not dispatched by hand.
const LARGEST_SHARE: f64 = 0.1;

/// A result that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The city's day.
    pub day: Date,
    /// The unit that led at the end.
    pub unit: UnitCode,
    /// The unit that had it first; the same where it never moved.
    pub first: UnitCode,
    /// What it was about.
    pub matter: Option<MatterCode>,
    /// Where it was.
    pub area: Option<AreaCode>,
    /// How it came.
    pub channel: Channel,
    /// What the citizen wanted.
    pub kind: Option<Kind>,
    /// Rules sent it there and it stayed: nobody chose the unit, and nobody objected.
    pub silent: bool,
}

impl Outcome {
    /// What a ticket with an accepted result tells; nothing where nobody leads.
    #[must_use]
    pub fn of(ticket: &Ticket, day: Date) -> Option<Self> {
        let unit = ticket.lead()?.unit.clone();
        Some(Self {
            day,
            first: ticket.returned_by.first().unwrap_or(&unit).clone(),
            unit,
            matter: ticket.matter.clone(),
            area: ticket.area.clone(),
            channel: ticket.source.channel,
            kind: ticket.kind,
            silent: ticket.tier == Some(Tier::Auto) && ticket.returned_by.is_empty(),
        })
    }

    /// What it is worth, where a person's word is worth 1.
    const fn worth(&self) -> f64 {
        if self.silent { SILENT } else { 1.0 }
    }
}

/// An arbiter's word (R-DSP-3): like tickets go where it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The ticket that was ruled on.
    pub number: String,
    /// Its matter.
    pub matter: MatterCode,
    /// Its place; a like ticket lies in it.
    pub area: Option<AreaCode>,
    /// Who leads.
    pub lead: UnitCode,
    /// Who assists.
    pub assists: Vec<UnitCode>,
}

/// A unit that had like tickets before.
#[derive(Debug, Clone, PartialEq)]
pub struct Before {
    /// Which unit.
    pub unit: UnitCode,
    /// Its chance, 0 to 1.
    pub chance: f64,
    /// Like tickets that it finished, faded by age, and all of them; of the narrowest likeness that was ever seen.
    pub had: (f64, f64),
}

/// A row of the catalogue that sends tickets to a unit which does not finish them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Who finished most of them.
    pub unit: UnitCode,
    /// How many of them it finished.
    pub finished: usize,
    /// How many the named unit finished itself.
    pub kept: usize,
    /// Of so many.
    pub of: usize,
}

/// A dispatch that a person was asked about before it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The matter.
    pub matter: MatterCode,
    /// Whom the suite would have sent it to.
    pub proposed: UnitCode,
    /// Whom the person sent it to.
    pub chosen: UnitCode,
}

/// How a matter's automatic dispatch stood up to the checks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// Checks in which the person chose the same unit.
    pub right: usize,
    /// Of so many.
    pub of: usize,
    /// Its precision is at most this, with 95 % confidence (one-sided, Wilson).
    pub at_most: f64,
}

impl Standing {
    /// Even at best it is not as good as wanted, so the matter leaves automatic dispatch by itself.
    #[must_use]
    pub fn is_too_bad(&self) -> bool {
        self.of >= CHECKED_FROM && self.at_most < WANTED
    }
}

/// Who does now what units did that are no more, by the catalogue in force (更名, 合并, 拆分).
///
/// # Errors
/// When the catalogue names a unit as its own past.
pub fn lineage(catalogue: &Catalogue) -> Result<Lineage, LineageError> {
    let mut heirs: BTreeMap<String, Vec<(String, f64)>> = BTreeMap::new();
    for unit in catalogue.units() {
        for former in &unit.formerly {
            heirs.entry(former.to_string()).or_default().push((unit.code.to_string(), 1.0));
        }
    }
    // The catalogue says since when by the day from which it is in force.
    let since = |(unit, heirs)| Succession { unit, from_day: i32::MIN, heirs };
    Lineage::new([], heirs.into_iter().map(since))
}

/// Everything learned so far.
#[derive(Debug)]
pub struct Learned {
    lineage: Lineage,
    units: UnitModel,
    open: Option<Date>,
    outcomes: u64,
    /// Who finished what a unit had first, and what that is worth.
    last: HashMap<(MatterCode, UnitCode), VecDeque<(UnitCode, f64)>>,
    rulings: HashMap<MatterCode, Vec<Ruling>>,
    ruled: u64,
    checks: HashMap<MatterCode, VecDeque<bool>>,
    checked: u64,
    /// Outcomes of the last days, for how many a week brings.
    lately: VecDeque<(Date, u32)>,
}

impl Learned {
    /// Nothing yet; what units did that are no more will count for their heirs.
    ///
    /// # Errors
    /// Never with the features as they are named here.
    pub fn nothing(lineage: Lineage) -> Result<Self, SchemaError> {
        let chains = CHAINS.iter().map(|chain| chain.iter().map(|name| (*name).to_owned()).collect()).collect();
        Ok(Self {
            units: UnitModel::new(Schema::new(chains)?, lineage.clone(), Tuning::default()),
            lineage,
            open: None,
            outcomes: 0,
            last: HashMap::new(),
            rulings: HashMap::new(),
            ruled: 0,
            checks: HashMap::new(),
            checked: 0,
            lately: VecDeque::new(),
        })
    }

    /// Takes an outcome; outcomes come in the order of their days. Units are ranked by it from the next day on, a row
    /// is doubted by it at once.
    pub fn take(&mut self, outcome: &Outcome, catalogue: Option<&Catalogue>) {
        self.close(outcome.day);
        let row = row(catalogue, outcome.matter.as_ref(), outcome.area.as_ref(), outcome.channel, outcome.kind);
        let order = self.order(&row);
        self.units.observe(&order, outcome.unit.as_str(), number(outcome.day), outcome.worth());
        self.outcomes += 1;
        match self.lately.back_mut() {
            Some((day, count)) if *day == outcome.day => *count += 1,
            Some(_) | None => self.lately.push_back((outcome.day, 1)),
        }
        if let Some(matter) = &outcome.matter {
            let (first, unit) = (self.now_called(&outcome.first), self.now_called(&outcome.unit));
            let last = self.last.entry((matter.clone(), first)).or_default();
            if last.len() == REMEMBERED {
                last.pop_front();
            }
            last.push_back((unit, outcome.worth()));
        }
    }

    /// By whose past it is counted.
    #[must_use]
    pub const fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// The unit that does now what this one did; itself where several do, each a part.
    #[must_use]
    pub fn now_called(&self, unit: &UnitCode) -> UnitCode {
        let heirs = self.lineage.heirs(unit.as_str(), i32::MAX);
        let heir = match heirs.as_slice() {
            [(heir, _)] => UnitCode::new(*heir).ok(),
            _ => None,
        };
        heir.unwrap_or_else(|| unit.clone())
    }

    /// Days before `today` are over: what happened on them counts.
    pub fn close(&mut self, today: Date) {
        if self.open.is_some_and(|open| open < today) {
            self.units.close(number(today));
        }
        self.open = self.open.max(Some(today));
        while self.lately.front().is_some_and(|(day, _)| number(*day) + 7 < number(today)) {
            self.lately.pop_front();
        }
    }

    /// The last checks, the earliest first; those told before are replaced.
    pub fn set_checks(&mut self, checks: impl IntoIterator<Item = Check>) {
        self.checks.clear();
        self.checked = 0;
        for check in checks {
            self.checked += 1;
            let of = self.checks.entry(check.matter).or_default();
            if of.len() == CHECKS {
                of.pop_front();
            }
            of.push_back(check.chosen == check.proposed);
        }
    }

    /// How a matter stood up to its last checks; none before the first.
    #[must_use]
    pub fn standing(&self, matter: &MatterCode) -> Option<Standing> {
        let checks = self.checks.get(matter)?;
        let (right, of) = (checks.iter().filter(|right| **right).count(), checks.len());
        Some(Standing { right, of, at_most: at_most(right, of) })
    }

    /// Does a person look at this dispatch first? `share` of all, and more where that would not give
    /// twenty a week. The ticket's id is the seed, so that everybody who asks gets the same answer.
    #[must_use]
    pub fn is_checked(&self, ticket: &Ticket, share: f64) -> bool {
        if share <= 0.0 {
            return false;
        }
        let week: u32 = self.lately.iter().map(|(_, count)| count).sum();
        let enough = if week == 0 { 0.0 } else { CHECKS_A_WEEK / f64::from(week) };
        let share = share.max(enough.min(LARGEST_SHARE));
        // The last 62 bits of a UUIDv7 are random.
        let drawn = ticket.id.uuid().as_u64_pair().1 & (u64::MAX >> 2);
        (drawn as f64) < share * (u64::MAX >> 2) as f64
    }

    /// The rulings, the earliest first; those told before are replaced. The later outweighs the earlier.
    pub fn set_rulings(&mut self, rulings: impl IntoIterator<Item = Ruling>) {
        self.rulings.clear();
        self.ruled = 0;
        for mut ruling in rulings {
            self.ruled += 1;
            ruling.lead = self.now_called(&ruling.lead);
            ruling.assists = ruling.assists.iter().map(|unit| self.now_called(unit)).collect();
            let of = self.rulings.entry(ruling.matter.clone()).or_default();
            of.retain(|earlier| earlier.area != ruling.area);
            of.push(ruling);
        }
    }

    /// The ruling that this ticket falls under: the narrowest, and of equals the last.
    #[must_use]
    pub fn ruling(&self, ticket: &Ticket) -> Option<&Ruling> {
        let of = self.rulings.get(ticket.matter.as_ref()?)?;
        let covers = |ruling: &&Ruling| match (&ruling.area, &ticket.area) {
            (Some(ruled), Some(area)) => ruled.contains(area),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        of.iter().filter(covers).max_by_key(|ruling| ruling.area.as_ref().map_or(0, |area| area.as_str().len()))
    }

    /// Units that had like tickets before, the likeliest first, at most three.
    #[must_use]
    pub fn before(&self, ticket: &Ticket, catalogue: &Catalogue, today: Date) -> Vec<Before> {
        if self.outcomes == 0 {
            return Vec::new();
        }
        let row =
            row(Some(catalogue), ticket.matter.as_ref(), ticket.area.as_ref(), ticket.source.channel, ticket.kind);
        let had = |reasons: &[suban_learn::unit::Reason]| {
            let seen = reasons.iter().filter_map(|reason| match reason.kind {
                Evidence::Seen { here, all } if all > 0.0 => Some((reason.by.len(), (here, all))),
                Evidence::Seen { .. } | Evidence::Kin => None,
            });
            seen.max_by_key(|(likeness, _)| *likeness).map_or((0.0, 0.0), |(_, had)| had)
        };
        let ranked = self.units.rank(&self.order(&row), number(today)).into_iter();
        ranked
            .filter_map(|ranked| {
                let unit = UnitCode::new(&*ranked.unit).ok()?;
                Some(Before { unit, chance: ranked.probability, had: had(&ranked.reasons) })
            })
            .take(SHOWN)
            .collect()
    }

    /// Is it doubtful that this unit finishes tickets of this matter? From ten tickets on that it had
    /// first, when another unit finished more than half of the last ones; those that nobody spoke about count half.
    #[must_use]
    pub fn doubt(&self, matter: &MatterCode, named: &UnitCode) -> Option<Doubt> {
        let last = self.last.get(&(matter.clone(), named.clone()))?;
        if last.len() < DOUBTED_FROM {
            return None;
        }
        let mut finished: HashMap<&UnitCode, (usize, f64)> = HashMap::new();
        for (unit, worth) in last {
            let of = finished.entry(unit).or_default();
            *of = (of.0 + 1, of.1 + worth);
        }
        let (kept, _) = finished.remove(named).unwrap_or_default();
        let (unit, (most, theirs)) = finished.into_iter().max_by(|a, b| a.1.1.total_cmp(&b.1.1).then(b.0.cmp(a.0)))?;
        let all: f64 = last.iter().map(|(_, worth)| worth).sum();
        (theirs * 2.0 > all).then(|| Doubt { unit: unit.clone(), finished: most, kept, of: last.len() })
    }

    /// What was known, for the record of a decision: outcomes, rulings, checks and the day, as `learned:412+3+20@2026-11-27`. Nothing while nothing was learned.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        if (self.outcomes, self.ruled, self.checked) == (0, 0, 0) {
            return None;
        }
        let until = self.open.map(|day| format!("@{day}")).unwrap_or_default();
        Some(format!("learned:{}+{}+{}{until}", self.outcomes, self.ruled, self.checked))
    }

    /// The values in the order in which the model asks for them.
    fn order<'r>(&self, row: &'r HashMap<&'static str, String>) -> Vec<&'r str> {
        self.units.schema().names().map(|name| row.get(name).map_or("", String::as_str)).collect()
    }
}

/// What is known of a ticket by the names of [`CHAINS`]; unknown values are empty.
fn row(
    catalogue: Option<&Catalogue>,
    matter: Option<&MatterCode>,
    area: Option<&AreaCode>,
    channel: Channel,
    kind: Option<Kind>,
) -> HashMap<&'static str, String> {
    let mut row = HashMap::with_capacity(8);
    row.insert("channel", channel.code().to_owned());
    row.insert("kind", kind.map_or_else(String::new, |kind| kind.code().to_owned()));
    if let Some(matter) = matter {
        row.insert("matter", matter.to_string());
        if let Some(known) = catalogue.and_then(|c| c.matter(matter)) {
            row.insert("level1", known.level1.clone());
            row.insert("level2", known.level2.clone());
        }
    }
    if let (Some(area), Some(catalogue)) = (area, catalogue) {
        let mut path: Vec<&str> = catalogue.area_path(area).map(|area| area.code.as_str()).collect();
        path.reverse();
        let names = CHAINS[1].iter().copied().take(AREA_LEVELS);
        names.zip(path).for_each(|(name, code)| drop(row.insert(name, code.to_owned())));
    }
    row
}

/// Upper end of the one-sided 95 % interval of Wilson for a share.
fn at_most(right: usize, of: usize) -> f64 {
    const Z: f64 = 1.644_853_626_951_472_2;
    if of == 0 {
        return 1.0;
    }
    let (n, p) = (of as f64, right as f64 / of as f64);
    let middle = p + Z * Z / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((middle + spread) / (1.0 + Z * Z / n)).min(1.0)
}

/// A day as the model counts them: since 1970-01-01.
fn number(day: Date) -> i32 {
    let epoch = jiff::civil::date(1970, 1, 1);
    day.since(epoch).map_or(0, |span| span.get_days())
}
