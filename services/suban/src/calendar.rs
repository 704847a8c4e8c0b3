//! `suban calendar`: working time as the services count it, for those who ask why something is due then.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, anyhow};
use jiff::{Timestamp, civil};
use serde::Serialize;
use suban_domain::{
    At,
    calendar::{Allowance, Calendar, Calendars, Measure, Pause, Source},
};

use crate::{
    args::{CalendarVerb, WhichCalendar},
    print,
};

/// `suban calendar`.
pub(crate) fn command(what: &CalendarVerb) -> anyhow::Result<ExitCode> {
    match what {
        CalendarVerb::Day { date, which } => day(date, which),
        CalendarVerb::Add { from, working, natural, pause, which } => {
            let allowance = match (working, natural) {
                (Some(text), _) => text.parse().with_context(|| format!("--working {text}"))?,
                (None, Some(text)) => Allowance::natural(text).with_context(|| format!("--natural {text}"))?,
                (None, None) => return Err(anyhow!("say how long: --working 4h, or --natural 24h")),
            };
            add(from, allowance, pause, which)
        }
        CalendarVerb::Between { from, to, pause, which } => between(from, to, pause, which),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn day(date: &str, which: &WhichCalendar) -> anyhow::Result<()> {
    let parsed = date.parse::<civil::Date>().ok().filter(|parsed| parsed.to_string() == date);
    let date = parsed.ok_or_else(|| anyhow!("`{date}` is no date; write it like 2026-10-01"))?;
    let day = open(which)?.day(date)?;
    if which.json {
        return print::json(&day);
    }
    let hours = Vec::<String>::from(day.hours.clone()).join(" ");
    let works = if day.working { format!("working {hours}") } else { "not working".to_owned() };
    let name = day.name.map_or_else(String::new, |name| format!(" {name}"));
    print::out(&format!("{date}  {}{name}, {works}", day.kind.code()));
    if let Some(source) = day.source {
        print::out(&format!("            {source}"));
    } else if day.estimated {
        print::out(&format!("            estimated: no official notice for {} is known", date.year()));
    }
    Ok(())
}

fn add(from: &str, allowance: Allowance, pauses: &[String], which: &WhichCalendar) -> anyhow::Result<()> {
    let calendar = open(which)?;
    let start = Time::read(from, &calendar)?;
    let due = calendar.due(start.at, allowance, &pauses_of(pauses, &calendar)?)?;
    let estimated = calendar.estimates(start.at, due);
    let due = Time { at: due, ..start }.shown(&calendar);
    if which.json {
        return print::json(&Due { due, estimated });
    }
    print::out(&format!("{due}  due, {allowance} after {from} by calendar {}{}", calendar.name(), marked(estimated)));
    Ok(())
}

fn between(from: &str, to: &str, pauses: &[String], which: &WhichCalendar) -> anyhow::Result<()> {
    let calendar = open(which)?;
    let (a, b) = (Time::read(from, &calendar)?.at, Time::read(to, &calendar)?.at);
    let pauses = pauses_of(pauses, &calendar)?;
    let passed = |measure| calendar.between(measure, a, b, &pauses).map(|span| span.as_seconds());
    let (working_seconds, natural_seconds) = (passed(Measure::Working)?, passed(Measure::Natural)?);
    let estimated = calendar.estimates(a, b);
    if which.json {
        return print::json(&Passed { working_seconds, natural_seconds, estimated });
    }
    let clock = |seconds: i64| {
        let sign = if seconds < 0 { "-" } else { "" };
        let seconds = seconds.unsigned_abs();
        format!("{sign}{} h {:02} min {:02} s", seconds / 3600, seconds / 60 % 60, seconds % 60)
    };
    print::out(&format!(
        "{}  of working time by calendar {}, {} of natural time{}",
        clock(working_seconds),
        calendar.name(),
        clock(natural_seconds),
        marked(estimated)
    ));
    Ok(())
}

#[derive(Serialize)]
struct Due {
    due: String,
    /// A year without an official notice was counted.
    estimated: bool,
}

#[derive(Serialize)]
struct Passed {
    working_seconds: i64,
    natural_seconds: i64,
    /// A year without an official notice was counted.
    estimated: bool,
}

const fn marked(estimated: bool) -> &'static str {
    if estimated { " (estimated: a year without an official notice is counted)" } else { "" }
}

fn open(which: &WhichCalendar) -> anyhow::Result<std::sync::Arc<Calendar>> {
    Ok(read_all(&which.calendars, &which.notice)?.named(&which.calendar)?.clone())
}

/// Those that ship, and those of a city's files.
pub(crate) fn read_all(calendars: &[PathBuf], notices: &[PathBuf]) -> anyhow::Result<Calendars> {
    let (definitions, notices) = (read(calendars)?, read(notices)?);
    Ok(Calendars::with(&sources(&definitions), &sources(&notices))?)
}

fn read(files: &[PathBuf]) -> anyhow::Result<Vec<(String, String)>> {
    let read = |path: &PathBuf| {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        Ok((name, text))
    };
    files.iter().map(read).collect()
}

fn sources(files: &[(String, String)]) -> Vec<Source<'_>> {
    files.iter().map(|(file, text)| Source { file, text }).collect()
}

fn pauses_of(texts: &[String], calendar: &Calendar) -> anyhow::Result<Vec<Pause>> {
    let pause = |text: &String| {
        let (from, until) = text
            .split_once('/')
            .ok_or_else(|| anyhow!("`{text}` is no pause; write two times like 2026-10-08T14:50/2026-10-08T15:20"))?;
        Ok(Pause::new(Time::read(from, calendar)?.at, Time::read(until, calendar)?.at)?)
    };
    texts.iter().map(pause).collect()
}

/// An instant, and whether to print it as it was typed.
#[derive(Clone, Copy)]
struct Time {
    at: At,
    with_offset: bool,
}

impl Time {
    /// Local to the calendar unless it carries an offset.
    fn read(text: &str, calendar: &Calendar) -> anyhow::Result<Self> {
        let wrong = || {
            anyhow!(
                "`{text}` is no time; write it like 2026-10-08T14:50, or with an offset like 2026-10-08T14:50+08:00"
            )
        };
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(Self { at: at.into(), with_offset: true });
        }
        // A date alone would be taken for its midnight.
        let local = text.parse::<civil::DateTime>().ok().filter(|_| text.contains(['T', 't', ' ']));
        let at = calendar.zone().to_timestamp(local.ok_or_else(wrong)?).map_err(|_| wrong())?;
        Ok(Self { at: at.into(), with_offset: false })
    }

    /// To the minute when no seconds are left over.
    fn shown(self, calendar: &Calendar) -> String {
        let zoned = self.at.timestamp().to_zoned_datetime(calendar.zone().clone());
        let minutes = self.at.micros() % 60_000_000 == 0;
        let form = match (minutes, self.with_offset) {
            (true, false) => "%Y-%m-%dT%H:%M",
            (true, true) => "%Y-%m-%dT%H:%M%:z",
            (false, false) => "%Y-%m-%dT%H:%M:%S%.f",
            (false, true) => "%Y-%m-%dT%H:%M:%S%.f%:z",
        };
        zoned.strftime(form).to_string()
    }
}
