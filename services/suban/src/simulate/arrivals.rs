//! Arrivals from a CSV: two published forms are known by their columns, any other by what a policy says of them.

use std::{collections::BTreeMap, fmt, fs::File, io::Read, path::Path};

use anyhow::Context as _;
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use serde::Serialize;
use suban_domain::{At, Kind};
use suban_simulation::{Arrival, Arrivals, Columns, Lasted, When};

use crate::unzipped::unzipped;

/// What was read, and what the file says of its own times.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) arrivals: Arrivals,
    pub(super) form: &'static str,
    pub(super) rows_read: usize,
    /// Without a time or a unit.
    pub(super) rows_skipped: usize,
    pub(super) observed: Option<Observed>,
}

/// What really happened, where the file says it: no simulation, and not by our limits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Observed {
    /// Share of the closed that was closed when due.
    on_time_share: Option<f64>,
    /// Hours from the arrival to the close.
    time_to_close_h: Option<Hours>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Hours {
    p50: f64,
    mean: f64,
    p90: f64,
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = self.time_to_close_h.map(|h| format!("closed after {:.1} h, half within {:.1} h", h.mean, h.p50));
        let share = self.on_time_share.map(|share| format!("{share:.3} on time"));
        f.write_str(&share.into_iter().chain(hours).collect::<Vec<_>>().join(", "))
    }
}

/// A form of file that is known.
struct Form {
    name: &'static str,
    columns: Columns,
    outcome: Outcome,
}

/// How a file says how it went.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    /// A column with this word for those in time.
    Word(&'static str, &'static str),
    /// Columns with the times of due and close.
    Times(&'static str, &'static str),
    Nothing,
}

fn known() -> [Form; 2] {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
    let kinds = [
        ("咨询", Kind::Consult),
        ("求决", Kind::Help),
        ("投诉", Kind::Complaint),
        ("建议", Kind::Suggestion),
        ("感谢", Kind::Praise),
        ("其他", Kind::Other),
    ];
    let pingshan = Columns {
        time: "create_time".to_owned(),
        unit: "dispose_unit_code".to_owned(),
        kind: Some("property".to_owned()),
        kinds: kinds.into_iter().map(|(word, kind)| (word.to_owned(), kind)).collect(),
        same: names(&["sub_type", "community"]),
        features: names(&["source", "property", "type", "main_type", "sub_type", "street", "community"]),
    };
    let baltimore = Columns {
        time: "CreatedDate".to_owned(),
        unit: "Agency".to_owned(),
        kind: None,
        kinds: BTreeMap::new(),
        same: names(&["SRType", "Address"]),
        features: names(&["SRType", "MethodReceived", "Neighborhood"]),
    };
    [
        Form { name: "pingshan", columns: pingshan, outcome: Outcome::Word("outcome", "按期办结") },
        Form { name: "baltimore", columns: baltimore, outcome: Outcome::Times("DueDate", "CloseDate") },
    ]
}

/// Reads a file, by `columns` if a policy names them.
pub(super) fn read(path: &Path, columns: Option<&Columns>, zone: &TimeZone) -> anyhow::Result<Found> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let read = || from_csv(unzipped(file)?, columns, zone);
    read().with_context(|| format!("cannot use {}", path.display()))
}

fn from_csv(input: impl Read, columns: Option<&Columns>, zone: &TimeZone) -> anyhow::Result<Found> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(input);
    let heading = reader.headers()?.clone();
    anyhow::ensure!(!heading.is_empty(), "the file is empty: it needs a heading and rows");
    let names: Vec<&str> = heading.iter().map(|name| name.trim_start_matches('\u{feff}').trim()).collect();
    let form = form(columns, &names)?;
    let places = Places::of(&form, &names)?;
    let (mut arrivals, mut tally, mut rows_read, mut rows_skipped) = (Vec::new(), Tally::default(), 0, 0);
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record)? {
        rows_read += 1;
        match places.arrival(&record, &form.columns, zone) {
            Some(arrival) => {
                tally.counts(&arrival, &record, &places, zone);
                arrivals.push(arrival);
            }
            None => rows_skipped += 1,
        }
    }
    anyhow::ensure!(rows_read > 0, "there are no arrivals: no rows under the heading");
    anyhow::ensure!(
        !arrivals.is_empty(),
        "none of {rows_read} rows has a date in column {:?} and a unit in column {:?}; dates are written like 2018-10-31, \
         2018-10-31T09:30:00 or 10/31/2018 09:30:00 AM",
        form.columns.time,
        form.columns.unit
    );
    let arrivals = Arrivals::new(form.columns.features.clone(), arrivals);
    Ok(Found { arrivals, form: form.name, rows_read, rows_skipped, observed: tally.observed() })
}

fn form(columns: Option<&Columns>, names: &[&str]) -> anyhow::Result<Form> {
    if let Some(columns) = columns {
        return Ok(Form { name: "policy", columns: columns.clone(), outcome: Outcome::Nothing });
    }
    let has = |form: &Form| needed(&form.columns).all(|name| names.contains(&name));
    let forms = known();
    let lists: Vec<String> = forms
        .iter()
        .map(|form| format!("{} ({})", form.name, needed(&form.columns).collect::<Vec<_>>().join(", ")))
        .collect();
    forms.into_iter().find(has).with_context(|| {
        format!(
            "its columns ({}) are those of no known form: {}; name its columns in the policy under [world.arrivals]",
            names.join(", "),
            lists.join(" or ")
        )
    })
}

/// Every column that a form reads.
fn needed(columns: &Columns) -> impl Iterator<Item = &str> {
    let one = [Some(&columns.time), Some(&columns.unit), columns.kind.as_ref()];
    let mut all: Vec<&str> =
        one.into_iter().flatten().chain(&columns.same).chain(&columns.features).map(String::as_str).collect();
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|name| seen.insert(*name));
    all.into_iter()
}

/// Where in a row things stand.
struct Places {
    time: usize,
    unit: usize,
    kind: Option<usize>,
    same: Vec<usize>,
    features: Vec<usize>,
    word: Option<(usize, &'static str)>,
    times: Option<(usize, usize)>,
}

impl Places {
    fn of(form: &Form, names: &[&str]) -> anyhow::Result<Self> {
        let place = |column: &str| names.iter().position(|name| *name == column);
        let at = |column: &str| {
            place(column).with_context(|| format!("there is no column {column:?}; there are: {}", names.join(", ")))
        };
        let all = |columns: &[String]| columns.iter().map(|column| at(column)).collect::<anyhow::Result<Vec<usize>>>();
        let columns = &form.columns;
        anyhow::ensure!(!columns.same.is_empty(), "world.arrivals.same: name what two arrivals of one matter share");
        let (word, times) = match form.outcome {
            Outcome::Word(column, word) => (place(column).map(|at| (at, word)), None),
            Outcome::Times(due, close) => (None, place(due).zip(place(close))),
            Outcome::Nothing => (None, None),
        };
        Ok(Self {
            time: at(&columns.time)?,
            unit: at(&columns.unit)?,
            kind: columns.kind.as_deref().map(at).transpose()?,
            same: all(&columns.same)?,
            features: all(&columns.features)?,
            word,
            times,
        })
    }

    fn arrival(&self, record: &csv::StringRecord, columns: &Columns, zone: &TimeZone) -> Option<Arrival> {
        let cell = |at: usize| record.get(at).unwrap_or("").trim();
        let cells = |places: &[usize]| places.iter().map(|&at| cell(at).to_owned()).collect();
        let unit = Some(cell(self.unit)).filter(|unit| !unit.is_empty())?.to_owned();
        let kind = self.kind.and_then(|at| columns.kinds.get(cell(at)).copied()).unwrap_or(Kind::Complaint);
        let when = when(cell(self.time), zone)?;
        Some(Arrival { when, unit, kind, same: cells(&self.same), features: cells(&self.features) })
    }
}

/// How the rows of a file went.
#[derive(Default)]
struct Tally {
    told: usize,
    on_time: usize,
    lasted: Vec<suban_domain::Span>,
}

impl Tally {
    fn counts(&mut self, arrival: &Arrival, record: &csv::StringRecord, places: &Places, zone: &TimeZone) {
        let cell = |at: usize| record.get(at).unwrap_or("").trim();
        if let Some((at, word)) = places.word.filter(|(at, _)| !cell(*at).is_empty()) {
            self.told += 1;
            self.on_time += usize::from(cell(at) == word);
        }
        let at = |place: usize| instant(cell(place), zone);
        let closed = places.times.and_then(|(_, close)| at(close));
        if let (Some(closed), When::At(_, came)) = (closed, arrival.when)
            && closed >= came
        {
            self.lasted.push(closed.since(came));
        }
        if let (Some(closed), Some(due)) = (closed, places.times.and_then(|(due, _)| at(due))) {
            self.told += 1;
            self.on_time += usize::from(closed <= due);
        }
    }

    fn observed(&self) -> Option<Observed> {
        let share = (self.told > 0).then(|| self.on_time as f64 / self.told as f64);
        let lasted = (!self.lasted.is_empty()).then(|| Lasted::of(self.lasted.iter().copied()));
        let hours = lasted.map(|lasted| Hours { p50: lasted.p50, mean: lasted.mean, p90: lasted.p90 });
        (share.is_some() || hours.is_some()).then_some(Observed { on_time_share: share, time_to_close_h: hours })
    }
}

/// A day, or a day and a time by the zone's clock unless it carries an offset.
pub(super) fn when(text: &str, zone: &TimeZone) -> Option<When> {
    let day = || {
        text.parse::<Date>().or_else(|_| Date::strptime("%Y/%m/%d", text)).or_else(|_| Date::strptime("%m/%d/%Y", text))
    };
    if !text.contains(':') {
        return day().ok().map(When::Day);
    }
    let at = instant(text, zone)?;
    Some(When::At(at.timestamp().to_zoned_datetime(zone.clone()).date(), at))
}

fn instant(text: &str, zone: &TimeZone) -> Option<At> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.into());
    }
    let forms = ["%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M"];
    let local = text.parse::<DateTime>().ok().filter(|_| text.contains(':'));
    let local = local.or_else(|| forms.iter().find_map(|form| DateTime::strptime(form, text).ok()))?;
    zone.to_timestamp(local).ok().map(At::from)
}
