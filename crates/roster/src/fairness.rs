//! Are equal people given equal work? Four weeks of a unit, played with a seed.

use std::collections::BTreeMap;

use jiff::civil::date;
use serde::Serialize;
use suban_domain::{
    At, Malformed, MatterCode, PersonCode, Span, UnitCode,
    calendar::{CalendarError, Calendars},
};

use crate::{
    Cycle, Days, Duty, Effort, Job, Ledger, Person, Problems, Rank, Roster, Shift, ShiftCode, Skill, Tables, Times,
    Units, Work, assign,
};

/// Every group meets every day of the week on every shift once.
const DAYS: i64 = 28;
/// Early, late, night, and a day off.
const SHIFTS: [(&str, &str, &str, &str); 3] =
    [("EARLY", "06:00", "14:00", "ABCD"), ("LATE", "14:00", "22:00", "DABC"), ("NIGHT", "22:00", "06:00", "CDAB")];
const GROUPS: [char; 4] = ['A', 'B', 'C', 'D'];
/// Tickets by hour of the day, as shares; a hotline's day.
const BY_HOUR: [u64; 24] = [2, 1, 1, 1, 1, 1, 2, 4, 8, 10, 9, 8, 6, 6, 8, 9, 8, 7, 6, 6, 5, 4, 3, 2];
/// Effort of a ticket, each as likely as the others: most are small.
const EFFORTS: [u32; 8] = [1, 1, 1, 1, 2, 2, 3, 5];
/// Of a hundred tickets: those that need a skill that one in two has, and those for which somebody is pinned.
const SKILLED: u64 = 20;
const PINNED: u64 = 2;
const CAPACITY: u32 = 60;

/// What is played. People are equal but for a skill that one in two has, and stand on three shifts by turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    /// The same seed plays the same month.
    pub seed: u64,
    /// How many people, in four groups.
    pub people: u32,
    /// How many tickets.
    pub tickets: u32,
}

impl Default for Month {
    fn default() -> Self {
        Self { seed: 1, people: 24, tickets: 6_000 }
    }
}

/// Why a month cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum Unplayable {
    /// Fewer than eight people: a group would be one.
    #[error("{0} people are too few to compare; a group needs two, so say 8 or more")]
    TooFew(u32),
    /// What is made up here breaks a rule of the roster; a test holds that it does not.
    #[error(transparent)]
    Roster(#[from] Problems),
    /// The same, of a code.
    #[error(transparent)]
    Code(#[from] Malformed),
    /// The same, of calendars.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

/// What somebody was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Load {
    /// Who.
    pub person: PersonCode,
    /// In which group: its people serve the same shifts and are equal.
    pub group: char,
    /// How many tickets.
    pub tickets: u32,
    /// How much work.
    pub effort: u64,
}

/// What a month came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Loads {
    /// Which month.
    pub seed: u64,
    /// Tickets given, all of them.
    pub tickets: u32,
    /// Largest ÷ smallest effort of people who served the same shifts, of the group in which it is worst.
    pub largest_over_smallest: f64,
    /// The same over all groups, who never meet: what came in on their shifts differs, and nobody can even it out.
    pub over_all_groups: f64,
    /// Tickets that went to somebody without the skill, because nobody with it had room.
    pub unskilled: u32,
    /// Everybody's.
    pub loads: Vec<Load>,
}

/// Plays it: tickets come by the hour, differ in effort, some need a skill, some are pinned, and close after a while.
///
/// # Errors
/// When there are too few people.
pub fn month(month: &Month) -> Result<Loads, Unplayable> {
    if month.people < 8 {
        return Err(Unplayable::TooFew(month.people));
    }
    let unit = UnitCode::new("UNIT")?;
    let groups = people(month.people)?;
    let roster = roster(&unit, &groups)?;
    let matters = [MatterCode::new("SR-01")?, MatterCode::new("HJ-01")?];
    let begin = At::from(jiff::Timestamp::UNIX_EPOCH).plus(Span::seconds(1_788_192_000)); // 2026-09-01, Shanghai
    let mut dice = Dice(month.seed);
    let mut times: Vec<At> = (0..month.tickets).map(|_| begin.plus(moment(&mut dice))).collect();
    times.sort_unstable();

    let (mut ledger, mut unskilled) = (Ledger::new(), 0);
    let mut open: BTreeMap<PersonCode, u32> = BTreeMap::new();
    let mut closing: std::collections::BTreeSet<(At, u32, PersonCode)> = std::collections::BTreeSet::new();
    for (number, now) in (0..).zip(times) {
        while closing.first().is_some_and(|(at, ..)| *at <= now) {
            if let Some((.., person)) = closing.pop_first()
                && let Some(count) = open.get_mut(&person)
            {
                *count -= 1;
            }
        }
        let skilled = dice.below(100) < SKILLED;
        let serving = roster.on_duty(&unit, now);
        let pinned = (dice.below(100) < PINNED).then(|| dice.one_of(&serving)).flatten();
        let work = Work {
            matter: matters.get(usize::from(skilled)).cloned(),
            effort: Effort(dice.one_of(&EFFORTS).copied().unwrap_or(1)),
            pinned: pinned.map(|turn| turn.person.clone()),
            ..Work::handling(unit.clone())
        };
        let given = assign(&roster, &work, &open, now, &ledger);
        unskilled += u32::from(given.reasons.contains(&crate::Reason::NobodySkilled));
        ledger.record(&given);
        *open.entry(given.person.clone()).or_default() += 1;
        let hours = 4 + i64::try_from(dice.below(44)).unwrap_or(0);
        closing.insert((now.plus(Span::hours(hours)), number, given.person));
    }
    let loads: Vec<Load> = groups
        .into_iter()
        .map(|(person, group)| Load { tickets: ledger.tickets(&person), effort: ledger.given(&person), person, group })
        .collect();
    let worst = GROUPS.iter().map(|g| ratio(loads.iter().filter(|load| load.group == *g))).fold(1.0, f64::max);
    Ok(Loads {
        seed: month.seed,
        tickets: loads.iter().map(|load| load.tickets).sum(),
        largest_over_smallest: worst,
        over_all_groups: ratio(loads.iter()),
        unskilled,
        loads,
    })
}

/// Largest ÷ smallest.
fn ratio<'a>(loads: impl Iterator<Item = &'a Load> + Clone) -> f64 {
    let largest = loads.clone().map(|load| load.effort).max().unwrap_or(0);
    let smallest = loads.map(|load| load.effort).min().unwrap_or(0);
    #[expect(clippy::cast_precision_loss, reason = "points of a month")]
    let ratio = largest as f64 / smallest as f64;
    if largest == 0 { 1.0 } else { ratio }
}

fn people(count: u32) -> Result<Vec<(PersonCode, char)>, Malformed> {
    let groups = GROUPS.iter().cycle();
    (0..count).zip(groups).map(|(n, group)| Ok((PersonCode::new(format!("p{n:03}"))?, *group))).collect()
}

fn roster(unit: &UnitCode, people: &[(PersonCode, char)]) -> Result<Roster, Unplayable> {
    let mut tables = Tables::default();
    let skills = [Skill::new("HJ")?, Skill::new("SR")?];
    for (row, (code, group)) in (2..).zip(people) {
        // One in two of each group.
        let known = if (row - 2) / 4 % 2 == 0 { &skills[..] } else { &skills[1..] };
        tables.people.push(Person {
            row,
            code: code.clone(),
            unit: unit.clone(),
            team: None,
            jobs: if row == 2 { vec![Job::Handler, Job::District] } else { vec![Job::Handler] },
            skills: known.to_vec(),
            areas: Vec::new(),
            capacity: Some(CAPACITY),
            phone: String::new(),
            backup_phone: String::new(),
        });
        for (shift, ..) in SHIFTS {
            tables.duty.push(Duty {
                row: tables.duty.len() as u32 + 2,
                shift: ShiftCode::new(shift)?,
                group: Some((*group).try_into()?),
                person: code.clone(),
                rank: Rank::Duty,
                from: None,
                until: None,
            });
        }
    }
    for (row, (code, from, until, cycle)) in (2..).zip(SHIFTS) {
        tables.shifts.push(Shift {
            row,
            code: ShiftCode::new(code)?,
            unit: Some(unit.clone()),
            times: Times::parse(from, until)?,
            days: Days::default(),
            minimum: 2,
            cycle: Some(Cycle::new(cycle, date(2026, 9, 1))?),
        });
    }
    let units = Units::from_iter([(unit.clone(), None)]);
    Ok(Roster::build(tables, &units, &Calendars::shipped()?)?)
}

/// Some time of the month, more by day than by night.
fn moment(dice: &mut Dice) -> Span {
    let day = dice.below(DAYS.unsigned_abs());
    let mut share = dice.below(BY_HOUR.iter().sum());
    let mut hour = 0;
    for (at, tickets) in (0..).zip(BY_HOUR) {
        if share < tickets {
            hour = at;
            break;
        }
        share -= tickets;
    }
    let seconds = day * 86_400 + hour * 3_600 + dice.below(3_600);
    Span::seconds(i64::try_from(seconds).unwrap_or(0))
}

/// `SplitMix64`: small, and the same for ever.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 to one below `n`; the bias of the remainder is nothing for small numbers.
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let n = u64::try_from(all.len()).unwrap_or(0);
        all.get(usize::try_from(self.below(n)).unwrap_or(0))
    }
}
