//! China's holidays and make-up working days (调休): by the State Council's notice of the year, where there is one.
//!
//! A year without a notice is estimated: the days that the law gives to all citizens, and, for those that fall on a
//! weekend, the next working days instead (补假). Longer holidays and make-up days are the notice's to say.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{ToSpan as _, civil::Date};
use serde::Deserialize;
use toml::Spanned;

use super::{CalendarError, DayKind, FIRST_YEAR, LAST_YEAR, Source, days, definition::Day, hours::MonthDay};

/// The notices that are compiled in. A new year is a file and a line here.
pub(super) const NOTICES: &[Source<'static>] = &[
    Source { file: "2024.toml", text: include_str!("china/2024.toml") },
    Source { file: "2025.toml", text: include_str!("china/2025.toml") },
    Source { file: "2026.toml", text: include_str!("china/2026.toml") },
];
const STATUTE: Source<'static> = Source { file: "statute.toml", text: include_str!("china/statute.toml") };
const LUNAR: Source<'static> = Source { file: "lunar.csv", text: include_str!("china/lunar.csv") };

/// The days that are not what their weekday makes them.
#[derive(Debug, Clone)]
pub(super) struct National {
    special: BTreeMap<Date, Special>,
    noticed: BTreeSet<i16>,
}

/// A holiday or a make-up day.
#[derive(Debug, Clone)]
pub(super) struct Special {
    pub(super) kind: DayKind,
    pub(super) name: String,
    pub(super) source: String,
}

impl National {
    /// From the notices; of two for one year, the later counts.
    pub(super) fn read(notices: &[Source<'_>]) -> Result<Self, CalendarError> {
        let notices = notices.iter().map(Notice::read).collect::<Result<Vec<_>, _>>()?;
        let by_year: BTreeMap<i16, Notice> = notices.into_iter().map(|notice| (notice.year, notice)).collect();
        let noticed: BTreeSet<i16> = by_year.keys().copied().collect();
        let statute = Statute::read()?;
        let mut special = BTreeMap::new();
        for year in (FIRST_YEAR..=LAST_YEAR).filter(|year| !noticed.contains(year)) {
            special.append(&mut statute.estimate(year)?);
        }
        // A notice may reach into December of the year before.
        for notice in by_year.into_values() {
            special.extend(notice.days);
        }
        Ok(Self { special, noticed })
    }

    pub(super) fn special(&self, date: Date) -> Option<&Special> {
        self.special.get(&date)
    }

    pub(super) fn is_estimated(&self, year: i16) -> bool {
        !self.noticed.contains(&year)
    }
}

/// What a notice says, by day.
struct Notice {
    year: i16,
    days: BTreeMap<Date, Special>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoticeFile {
    year: Spanned<i16>,
    title: String,
    number: String,
    issued: Day,
    feast: Vec<Spanned<Feast>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Feast {
    name: String,
    from: Day,
    until: Day,
    #[serde(default)]
    makeup: Vec<Day>,
}

impl Notice {
    fn read(source: &Source<'_>) -> Result<Self, CalendarError> {
        let file: NoticeFile = source.parse()?;
        let year = *file.year.get_ref();
        if !(FIRST_YEAR..=LAST_YEAR).contains(&year) {
            let problem = format!("calendars cover the years {FIRST_YEAR} to {LAST_YEAR}, not {year}");
            return Err(source.refuse(file.year.span().start, problem));
        }
        let said = format!("{} {} ({})", file.title, file.number, file.issued.0);
        let mut days = BTreeMap::new();
        for feast in &file.feast {
            let refuse = |problem| Err(source.refuse(feast.span().start, problem));
            let Feast { name, from: Day(from), until: Day(until), makeup } = feast.get_ref();
            if until < from || from.until(*until).map_or(true, |span| span.get_days() > 31) {
                return refuse(format!("{name} from {from} until {until} is no holiday of 1 to 32 days"));
            }
            let off = from.series(1.day()).take_while(|date| date <= until).map(|date| (date, DayKind::Holiday));
            for (date, kind) in off.chain(makeup.iter().map(|day| (day.0, DayKind::Makeup))) {
                if date.year() != year && (date.year(), date.month()) != (year - 1, 12) {
                    return refuse(format!("{date} ({name}) is not in {year}, nor in the December before"));
                }
                if kind == DayKind::Makeup && !days::is_weekend(date) {
                    return refuse(format!(
                        "{date} is a weekday and cannot make up for {name}; make-up days are weekend days"
                    ));
                }
                let special = Special { kind, name: name.clone(), source: said.clone() };
                if days.insert(date, special).is_some() {
                    return refuse(format!("{date} ({name}) is there twice; say each day once"));
                }
            }
        }
        Ok(Self { year, days })
    }
}

/// The law, and the dates of feasts that follow sun and moon.
struct Statute {
    versions: Vec<Version>,
    lunar: BTreeMap<i16, BTreeMap<String, MonthDay>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatuteFile {
    version: Vec<Version>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Version {
    from_year: i16,
    source: String,
    feast: Vec<StatutoryFeast>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatutoryFeast {
    name: String,
    /// A month and day, or a column of the table of feasts.
    on: String,
    #[serde(default)]
    day: i32,
    #[serde(default = "one")]
    days: i32,
}

const fn one() -> i32 {
    1
}

impl Statute {
    fn read() -> Result<Self, CalendarError> {
        let file: StatuteFile = STATUTE.parse()?;
        let refuse = |line, problem: &str| CalendarError::Data {
            file: LUNAR.file.to_owned(),
            line,
            problem: problem.to_owned(),
        };
        let mut lines = (1..).zip(LUNAR.text.lines()).filter(|(_, line)| !line.starts_with('#'));
        let (_, head) = lines.next().ok_or_else(|| refuse(1, "has no heading"))?;
        let mut lunar = BTreeMap::new();
        for (at, line) in lines {
            let mut cells = head.split(',').zip(line.split(','));
            let year = cells.next().and_then(|(_, year)| year.parse().ok());
            let feasts = cells.map(|(name, date)| Some((name.to_owned(), MonthDay::parse(date)?))).collect();
            let (Some(year), Some(feasts)) = (year, feasts) else {
                return Err(refuse(at, "must be a year and month-days"));
            };
            lunar.insert(year, feasts);
        }
        Ok(Self { versions: file.version, lunar })
    }

    /// The holidays of a year without its notice.
    fn estimate(&self, year: i16) -> Result<BTreeMap<Date, Special>, CalendarError> {
        let refuse = |problem| CalendarError::Data { file: STATUTE.file.to_owned(), line: 1, problem };
        let version = self.versions.iter().rfind(|v| v.from_year <= year);
        let version = version.ok_or_else(|| refuse(format!("has no version for {year}")))?;
        let mut names: BTreeMap<Date, String> = BTreeMap::new();
        for feast in &version.feast {
            let on = MonthDay::parse(&feast.on).or_else(|| self.lunar.get(&year)?.get(&feast.on).copied());
            let on = on.and_then(|on| Date::new(year, on.month, on.day).ok());
            let on = on.ok_or_else(|| refuse(format!("`{}` has no date in {year}", feast.on)))?;
            for date in (feast.day..feast.day + feast.days).map(|day| on.saturating_add(day.days())) {
                names.entry(date).and_modify(|n| *n = format!("{n}、{}", feast.name)).or_insert(feast.name.clone());
            }
        }
        let weekends: Vec<_> = names
            .iter()
            .filter(|(date, _)| days::is_weekend(**date))
            .map(|(date, name)| (*date, name.clone()))
            .collect();
        for (weekend, name) in weekends {
            let free = weekend.series(1.day()).find(|date| !days::is_weekend(*date) && !names.contains_key(date));
            if let Some(free) = free {
                names.insert(free, name);
            }
        }
        let source = format!("estimated without a notice for {year}, by {}", version.source);
        let special = |name| Special { kind: DayKind::Holiday, name, source: source.clone() };
        Ok(names.into_iter().map(|(date, name)| (date, special(name))).collect())
    }
}
