//! `suban roster`: is a roster sound, who answers for a unit and why, and where nobody serves. Only to put one in force
//! a server is needed.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, anyhow};
use serde::Serialize;
use suban_domain::{
    At, PersonCode, UnitCode, VersionCode,
    calendar::{Calendar, Calendars},
};
use suban_roster::{Files, Found, Lack, Problem, Problems, Rank, Roster, Rung, Table, Units};
use suban_runtime::{Clock, Settings};
use suban_service::rosters;
use suban_store::Store;

use crate::{
    args::{Published, RosterFrom, RosterVerb},
    calendar, catalogue,
    demo::open_store,
    print,
};

/// Kept where nobody said why.
const BY_HAND: &str = "published by hand";

/// `suban roster`.
pub(crate) async fn command(settings: &Settings, what: &RosterVerb) -> anyhow::Result<ExitCode> {
    match what {
        RosterVerb::Publish { folder, effective, from, why } => {
            let store = open_store(settings).await?;
            let from_then = effective.as_deref().map(catalogue::instant).transpose()?;
            let version = publish(&store, folder, from, from_then, why).await?;
            print::out(&format!("排班表 roster in force: {version}"));
            Ok(ExitCode::SUCCESS)
        }
        RosterVerb::Check { folder, from, json } => check(folder, from, *json),
        RosterVerb::Who { unit, at, roster, from, json } => who(unit, at.as_deref(), roster, from, *json),
        RosterVerb::Gaps { unit, at, days, roster, from, json } => {
            gaps(unit.as_ref(), at.as_deref(), *days, roster, from, *json)
        }
    }
}

/// A roster as it stands in a folder or a workbook, and the calendars that it was read by.
struct Open {
    roster: Roster,
    calendars: Calendars,
}

/// Reads a roster; what is wrong with its tables is one error with every problem.
fn open(folder: &Path, from: &RosterFrom) -> anyhow::Result<Result<Open, Problems>> {
    let calendars = calendar::calendars(&from.calendars, &from.notice)?;
    let files = match files(folder)? {
        Ok(files) => files,
        Err(problems) => return Ok(Err(problems)),
    };
    let units = units(folder, from.units.as_deref())?;
    Ok(Roster::parse(&files, &units, &calendars).map(|roster| Open { roster, calendars }))
}

fn files(folder: &Path) -> anyhow::Result<Result<Files, Problems>> {
    if folder.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xlsx")) {
        let bytes = std::fs::read(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        return Ok(Files::workbook(&bytes));
    }
    if !folder.is_dir() {
        return Err(anyhow!("{} is no folder with the tables of a roster, and no .xlsx workbook", folder.display()));
    }
    let mut files = Files::default();
    for table in Table::ALL {
        let path = folder.join(table.to_string());
        if path.exists() {
            files = files.with(table, text(&path)?);
        }
    }
    Ok(Ok(files))
}

/// Puts a roster in force, from then on or at once.
async fn publish(
    store: &Store,
    folder: &Path,
    from: &RosterFrom,
    effective_at: Option<At>,
    why: &Published,
) -> anyhow::Result<VersionCode> {
    let files = files(folder)??;
    let units = text(&units_file(folder, from.units.as_deref())?)?;
    let effective_at = effective_at.unwrap_or_else(|| store.clock().now());
    let reason = why.reason.as_deref().unwrap_or(BY_HAND);
    Ok(rosters::publish(store, &catalogue::actor(why)?, &units, &files, (effective_at, reason)).await?)
}

/// Publishes a folder for whoever tries the suite out.
pub(crate) async fn publish_folder(store: &Store, folder: &Path) -> anyhow::Result<VersionCode> {
    let from = RosterFrom { units: None, calendars: Vec::new(), notice: Vec::new() };
    publish(store, folder, &from, None, &Published { by: PersonCode::new("operator")?, reason: None }).await
}

/// The catalogue's units: a file by name, the one in the folder, or the one beside it.
fn units(folder: &Path, named: Option<&Path>) -> anyhow::Result<Units> {
    let path = units_file(folder, named)?;
    Units::parse(&text(&path)?).map_err(|problem| anyhow!("{}: {problem}", path.display()))
}

fn units_file(folder: &Path, named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let beside = folder.parent().map(|parent| parent.join("units.csv"));
    let found = [named.map(Path::to_owned), Some(folder.join("units.csv")), beside];
    let path = found.into_iter().flatten().find(|path| Some(path.as_path()) == named || path.exists());
    path.ok_or_else(|| anyhow!("no units.csv in {} or beside it; say --units FILE", folder.display()))
}

fn text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The same, for whoever cannot go on without one.
fn sound(folder: &Path, from: &RosterFrom) -> anyhow::Result<Open> {
    Ok(open(folder, from)??)
}

#[derive(Serialize)]
struct Checked {
    sound: bool,
    problems: Vec<Problem>,
    people: usize,
    units: usize,
    /// Units whom nobody of the roster belongs to: the district answers for them.
    without_people: Vec<UnitCode>,
}

fn check(folder: &Path, from: &RosterFrom, json: bool) -> anyhow::Result<ExitCode> {
    let checked = match open(folder, from)? {
        Ok(Open { roster, .. }) => {
            let mut people: BTreeMap<&UnitCode, usize> = BTreeMap::new();
            roster.people().for_each(|person| *people.entry(&person.unit).or_default() += 1);
            let without = roster.units().units().filter(|unit| !people.contains_key(unit));
            Checked {
                sound: true,
                problems: Vec::new(),
                people: roster.people().count(),
                units: people.len(),
                without_people: without.cloned().collect(),
            }
        }
        Err(Problems(problems)) => Checked { sound: false, problems, people: 0, units: 0, without_people: Vec::new() },
    };
    let code = if checked.sound { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    if json {
        print::json(&checked)?;
    } else if checked.sound {
        print::out(&format!("sound: {} people of {} units", checked.people, checked.units));
        if !checked.without_people.is_empty() {
            let units: Vec<_> = checked.without_people.iter().map(UnitCode::as_str).collect();
            print::out(&format!("nobody belongs to: {} (the district answers for them)", units.join(" ")));
        }
    } else {
        print::complain(&Problems(checked.problems).to_string());
    }
    Ok(code)
}

#[derive(Serialize)]
struct Who {
    unit: UnitCode,
    at: String,
    person: PersonCode,
    rung: Rung,
    phone: String,
    backup_phone: String,
    through: Vec<Step>,
    on_duty: Vec<Serving>,
}

#[derive(Serialize)]
struct Step {
    rung: Rung,
    unit: UnitCode,
    person: Option<PersonCode>,
    found: Found,
    zh: String,
    en: String,
}

#[derive(Serialize)]
struct Serving {
    person: PersonCode,
    rank: Rank,
    unit: UnitCode,
    shift: String,
    from: String,
    until: String,
    instead_of: Option<PersonCode>,
}

fn who(unit: &UnitCode, at: Option<&str>, folder: &Path, from: &RosterFrom, json: bool) -> anyhow::Result<ExitCode> {
    let Open { roster, calendars } = sound(folder, from)?;
    if !roster.units().has(unit) {
        return Err(anyhow!("`{unit}` is no unit or team of units.csv"));
    }
    let calendar = calendars.of_unit(unit);
    let at = instant(at, calendar)?;
    let local = |at: At| calendar::local(at, calendar);
    let answers = roster.responsible(unit, at);
    let (phone, backup_phone) = roster
        .person(&answers.person)
        .map(|person| (person.phone.clone(), person.backup_phone.clone()))
        .unwrap_or_default();
    let step = |step: &suban_roster::Step| Step {
        rung: step.rung,
        unit: step.unit.clone(),
        person: step.person.clone(),
        found: step.found.clone(),
        zh: step.zh(),
        en: step.en(),
    };
    let serving = |one: suban_roster::OnDuty| Serving {
        person: one.person,
        rank: one.rank,
        unit: one.unit,
        shift: one.shift.to_string(),
        from: local(one.from),
        until: local(one.until),
        instead_of: one.instead_of,
    };
    let found = Who {
        unit: unit.clone(),
        at: local(at),
        rung: answers.rung(),
        through: answers.through.iter().map(step).collect(),
        person: answers.person,
        phone,
        backup_phone,
        on_duty: roster.on_duty(unit, at).into_iter().map(serving).collect(),
    };
    if json {
        print::json(&found)?;
        return Ok(ExitCode::SUCCESS);
    }
    print::out(&format!("{}  {} answers for {}  {} {}", found.at, found.person, unit, found.phone, found.backup_phone));
    for step in &found.through {
        print::out(&format!("  {}\n    {}", step.zh, step.en));
    }
    if !found.on_duty.is_empty() {
        let row = |one: &Serving| {
            let instead = one.instead_of.as_ref().map(ToString::to_string).unwrap_or_default();
            let rank = one.rank.code().to_owned();
            vec![one.person.to_string(), rank, one.shift.clone(), one.from.clone(), one.until.clone(), instead]
        };
        let rows: Vec<_> = found.on_duty.iter().map(row).collect();
        print::table(&["person", "rank", "shift", "from", "until", "instead of"], &rows);
    }
    Ok(ExitCode::SUCCESS)
}

/// A local time of a calendar, or now, to the minute.
fn instant(text: Option<&str>, calendar: &Calendar) -> anyhow::Result<At> {
    let minute = 60_000_000;
    let now = || At::from_micros(Clock::system().now().micros().div_euclid(minute) * minute);
    text.map_or_else(|| Ok(now()), |text| calendar::instant(text, calendar))
}

#[derive(Serialize)]
struct Gaps {
    from: String,
    days: u32,
    /// Units with nobody on their duty list at some time of these days.
    alarms: Vec<Stretch>,
    gaps: Vec<Stretch>,
}

#[derive(Serialize)]
struct Stretch {
    unit: UnitCode,
    from: String,
    until: String,
    lack: Lack,
}

fn gaps(
    only: Option<&UnitCode>,
    at: Option<&str>,
    days: u32,
    folder: &Path,
    from: &RosterFrom,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let Open { roster, calendars } = sound(folder, from)?;
    if let Some(unit) = only
        && !roster.units().has(unit)
    {
        return Err(anyhow!("`{unit}` is no unit or team of units.csv"));
    }
    let city = calendars.default_calendar();
    let now = instant(at, city)?;
    let units: Vec<UnitCode> =
        only.map_or_else(|| roster.units().units().cloned().collect(), |unit| vec![unit.clone()]);
    let mut found = Gaps { from: calendar::local(now, city), days, alarms: Vec::new(), gaps: Vec::new() };
    for unit in units {
        let calendar = calendars.of_unit(&unit);
        let mut alarmed = false;
        for gap in roster.gaps(&unit, now, days) {
            let stretch = || Stretch {
                unit: unit.clone(),
                from: calendar::local(gap.from, calendar),
                until: calendar::local(gap.until, calendar),
                lack: gap.lack.clone(),
            };
            if gap.lack == Lack::Nobody && !alarmed {
                alarmed = true;
                found.alarms.push(stretch());
            }
            found.gaps.push(stretch());
        }
    }
    let code = if found.alarms.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    if json {
        print::json(&found)?;
        return Ok(code);
    }
    if found.gaps.is_empty() {
        print::out(&format!("enough people on every shift of {days} days from {}", found.from));
        return Ok(code);
    }
    let lack = |lack: &Lack| match lack {
        Lack::Nobody => "无人值班 nobody on the duty list".to_owned(),
        Lack::Few { unit, shift, present, minimum } => {
            format!("{unit}{shift}班{present}人,应{minimum}人 {present} of {minimum} people on shift {shift}")
        }
    };
    let row = |gap: &Stretch| vec![gap.unit.to_string(), gap.from.clone(), gap.until.clone(), lack(&gap.lack)];
    let rows: Vec<_> = found.gaps.iter().map(row).collect();
    print::table(&["unit", "from", "until", "lack"], &rows);
    if !found.alarms.is_empty() {
        print::complain(&format!("{} unit(s) with nobody on their duty list at some time", found.alarms.len()));
    }
    Ok(code)
}
