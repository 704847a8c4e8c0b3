//! Promises of the working calendar (D§8): examples, refusals, properties, and agreement with a slow oracle.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

mod examples;
mod oracle;
mod outside;
mod properties;
mod refusals;

use std::sync::{Arc, LazyLock};

use jiff::civil::DateTime;
use suban_domain::{
    At,
    calendar::{Calendar, Calendars, Source, oracle::Oracle},
};

/// Calendars of every sort, each with its minutes; they take a while to make.
static ORACLES: LazyLock<Vec<Oracle>> = LazyLock::new(|| Oracle::all().unwrap());
static SHIPPED: LazyLock<Calendars> = LazyLock::new(|| Calendars::shipped().unwrap());

fn sz() -> &'static Calendar {
    SHIPPED.named("sz").unwrap()
}

/// An instant by the local clocks of a calendar.
fn at(calendar: &Calendar, local: &str) -> At {
    let local: DateTime = local.parse().unwrap();
    calendar.zone().to_timestamp(local).unwrap().into()
}

/// What local clocks show.
fn local(calendar: &Calendar, at: At) -> String {
    calendar.zone().to_datetime(at.timestamp()).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// A city's own calendar.
fn own(text: &str) -> Arc<Calendar> {
    let calendars = Calendars::with(&[Source { file: "own.toml", text }], &[]).unwrap();
    calendars.named("own").unwrap().clone()
}
