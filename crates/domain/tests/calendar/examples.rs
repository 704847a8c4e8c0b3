//! Worked examples, all of 2026 where no year is said.

use suban_domain::{
    Span, UnitCode,
    calendar::{Allowance, Calendar, Calendars, DayKind, Measure, Pause, Source},
};

use crate::{SHIPPED, at, local, own, sz};

fn due(calendar: &Calendar, from: &str, allowance: &str) -> String {
    let due = calendar.due(at(calendar, from), allowance.parse().unwrap(), &[]).unwrap();
    local(calendar, due)
}

fn start(calendar: &Calendar, before: &str, allowance: &str) -> String {
    let start = calendar.subtract(at(calendar, before), allowance.parse().unwrap(), &[]).unwrap();
    local(calendar, start)
}

#[test]
fn hours_go_over_the_national_day_holiday() {
    assert_eq!(due(sz(), "2026-09-30T17:50", "4h"), "2026-10-08T14:50:00");
}

#[test]
fn the_midday_break_does_not_count() {
    assert_eq!(due(sz(), "2026-02-13T11:30", "1h"), "2026-02-13T14:30:00");
}

#[test]
fn a_make_up_saturday_counts() {
    assert_eq!(due(sz(), "2026-02-13T17:30", "1h"), "2026-02-14T09:30:00");
    assert_eq!(due(sz(), "2026-02-13T17:30", "1h30m"), "2026-02-14T10:00:00");
    let (from, to) = (at(sz(), "2026-10-09T17:00"), at(sz(), "2026-10-10T10:00"));
    assert_eq!(sz().between(Measure::Working, from, to, &[]).unwrap(), Span::seconds(7200));
    assert_eq!(sz().between(Measure::Working, to, from, &[]).unwrap(), Span::seconds(-7200));
    assert_eq!(sz().between(Measure::Natural, from, to, &[]).unwrap(), Span::hours(17));
}

#[test]
fn days_keep_the_local_time_of_the_start() {
    assert_eq!(due(sz(), "2026-04-30T10:00", "2d"), "2026-05-07T10:00:00");
    assert_eq!(due(sz(), "2026-05-01T10:00", "1d"), "2026-05-06T10:00:00");
    assert_eq!(start(sz(), "2026-05-07T10:00", "2d"), "2026-04-30T10:00:00");
    assert_eq!(start(sz(), "2026-05-06T10:00", "1d"), "2026-04-30T10:00:00");
}

#[test]
fn days_outside_hours_move_to_the_next_working_moment() {
    assert_eq!(due(sz(), "2026-03-02T13:00", "1d"), "2026-03-03T14:00:00");
    assert_eq!(due(sz(), "2026-03-02T20:00", "1d"), "2026-03-04T09:00:00");
    assert_eq!(due(sz(), "2026-03-06T12:00", "1d"), "2026-03-09T14:00:00");
    assert_eq!(due(sz(), "2026-05-01T10:00", "0d"), "2026-05-06T09:00:00");
}

#[test]
fn hours_are_due_at_a_closing_and_start_at_an_opening() {
    assert_eq!(due(sz(), "2026-03-02T17:00", "1h"), "2026-03-02T18:00:00");
    assert_eq!(start(sz(), "2026-03-02T18:00", "1h"), "2026-03-02T17:00:00");
    assert_eq!(start(sz(), "2026-03-03T10:00", "1h"), "2026-03-03T09:00:00");
    assert_eq!(start(sz(), "2026-10-08T14:50", "4h"), "2026-09-30T17:50:00");
}

#[test]
fn the_next_opening_is_now_or_after_the_break_or_after_the_holiday() {
    for (at_, next) in [
        ("2026-09-30T17:59:59", "2026-09-30T17:59:59"),
        ("2026-09-30T18:00", "2026-10-08T09:00:00"),
        ("2026-09-30T12:00", "2026-09-30T14:00:00"),
        ("2026-02-15T10:00", "2026-02-24T09:00:00"),
    ] {
        assert_eq!(local(sz(), sz().next_opening(at(sz(), at_)).unwrap()), next);
    }
}

#[test]
fn a_unit_on_duty_works_through_the_holiday() {
    let duty = SHIPPED.named("duty").unwrap();
    assert_eq!(due(duty, "2026-09-30T17:50", "4h"), "2026-09-30T21:50:00");
    assert_eq!(due(duty, "2026-09-30T17:50", "2d"), "2026-10-02T17:50:00");
    let day = duty.day("2026-10-01".parse().unwrap()).unwrap();
    assert_eq!((day.working, day.kind), (true, DayKind::Holiday));
}

#[test]
fn a_day_says_what_it_is_and_who_says_so() {
    let day = |date: &str| sz().day(date.parse().unwrap()).unwrap();
    let notice = "国务院办公厅关于2026年部分节假日安排的通知 国办发明电〔2025〕7号 (2025-11-04)";
    for (date, working, kind, name, source) in [
        ("2026-02-13", true, DayKind::Workday, None, None),
        ("2026-02-14", true, DayKind::Makeup, Some("春节"), Some(notice)),
        ("2026-02-15", false, DayKind::Holiday, Some("春节"), Some(notice)),
        ("2026-03-01", false, DayKind::Weekend, None, None),
    ] {
        let day = day(date);
        assert_eq!((day.working, day.kind), (working, kind), "{date}");
        assert_eq!((day.name.as_deref(), day.source.as_deref()), (name, source), "{date}");
        assert!(!day.estimated, "{date}");
    }
    let makeups = [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)];
    let mut found = Vec::new();
    for date in jiff::civil::date(2026, 1, 1).series(jiff::Span::new().days(1)).take(365) {
        if sz().day(date).unwrap().kind == DayKind::Makeup {
            found.push((date.month(), date.day()));
        }
    }
    assert_eq!(found, makeups);
}

#[test]
fn a_year_without_a_notice_is_estimated_and_says_so() {
    let day = |date: &str| sz().day(date.parse().unwrap()).unwrap();
    // New year's eve 2027 is Friday 5 February, so two days of the festival are made up for, by law, on 9 and 10.
    for (date, kind, name) in [
        ("2027-01-01", DayKind::Holiday, Some("元旦")),
        ("2027-02-05", DayKind::Holiday, Some("春节")),
        ("2027-02-08", DayKind::Holiday, Some("春节")),
        ("2027-02-09", DayKind::Holiday, Some("春节")),
        ("2027-02-10", DayKind::Holiday, Some("春节")),
        ("2027-02-11", DayKind::Workday, None),
        ("2027-04-05", DayKind::Holiday, Some("清明节")),
        ("2027-06-09", DayKind::Holiday, Some("端午节")),
        ("2027-09-15", DayKind::Holiday, Some("中秋节")),
        ("2027-10-01", DayKind::Holiday, Some("国庆节")),
        ("2027-10-09", DayKind::Weekend, None),
        ("2018-06-18", DayKind::Holiday, Some("端午节")),
        ("2020-10-01", DayKind::Holiday, Some("中秋节、国庆节")),
    ] {
        let day = day(date);
        assert_eq!((day.kind, day.name.as_deref(), day.estimated), (kind, name, true), "{date}");
        assert_eq!(day.source.is_some(), name.is_some(), "{date}");
    }
    assert!(day("2027-10-01").source.unwrap().contains("国务院令第795号"));
    assert!(day("2018-06-18").source.unwrap().contains("国务院令第644号"));
    assert!(sz().estimates(at(sz(), "2026-12-30T10:00"), at(sz(), "2027-01-04T10:00")));
    assert!(!sz().estimates(at(sz(), "2024-01-01T00:00"), at(sz(), "2026-12-31T23:59")));
    assert!(
        !own("[[calendar]]\nname = 'own'\nzone = 'UTC'\nhours = ['09:00-17:00']")
            .estimates(at(sz(), "2030-01-01T00:00"), at(sz(), "2031-01-01T00:00"))
    );
}

#[test]
fn a_notice_that_a_city_hands_in_ends_the_estimate() {
    let text = "year = 2027\ntitle = 'a notice'\nnumber = 'no. 1'\nissued = 2026-11-01\n[[feast]]\nname = '元旦'\n\
                from = 2026-12-31\nuntil = 2027-01-02\nmakeup = [2027-01-03]\n";
    let calendars = Calendars::with(&[], &[Source { file: "2027.toml", text }]).unwrap();
    let day = |date: &str| calendars.named("sz").unwrap().day(date.parse().unwrap()).unwrap();
    assert_eq!(day("2026-12-31").kind, DayKind::Holiday);
    assert_eq!(day("2027-01-03").kind, DayKind::Makeup);
    assert_eq!((day("2027-10-01").kind, day("2027-10-01").estimated), (DayKind::Workday, false));
}

const SERVICE_HALL: &str = r#"
[[calendar]]
name = "own"
zone = "Asia/Shanghai"
holidays = "cn"
units = ["hall", "hall-2"]
hours = ["09:00-12:00", "14:00-17:30"]

[[calendar.season]]
from = "11-01"
until = "02-15"
hours = ["09:30-17:00"]

[[calendar.exception]]
from = 2026-03-05
until = 2026-03-06
hours = []
name = "removal"
source = "notice of the district"

[[calendar.exception]]
from = 2026-03-07
hours = ["09:00-12:00"]
name = "open Saturday"

[[calendar.exception]]
from = 2026-03-09
hours = ["09:00-10:00"]
name = "typhoon"
"#;

#[test]
fn seasons_go_over_the_new_year_and_closures_are_local() {
    let hall = own(SERVICE_HALL);
    assert_eq!(due(&hall, "2026-02-13T16:00", "2h"), "2026-02-14T10:30:00");
    assert_eq!(due(&hall, "2026-02-13T12:00", "5h"), "2026-02-13T17:00:00");
    assert_eq!(due(&hall, "2026-02-24T12:00", "1h"), "2026-02-24T15:00:00");
    assert_eq!(due(&hall, "2026-03-04T17:00", "1h"), "2026-03-07T09:30:00");
    assert_eq!(due(&hall, "2026-03-07T11:00", "2h30m"), "2026-03-10T09:30:00");
    let day = |date: &str| hall.day(date.parse().unwrap()).unwrap();
    assert_eq!((day("2026-03-05").working, day("2026-03-05").kind), (false, DayKind::Holiday));
    assert_eq!(day("2026-03-05").source.as_deref(), Some("notice of the district"));
    assert_eq!((day("2026-03-07").working, day("2026-03-07").kind), (true, DayKind::Makeup));
    assert_eq!((day("2026-03-09").working, day("2026-03-09").kind), (true, DayKind::Workday));
}

#[test]
fn a_unit_keeps_its_own_calendar_and_every_other_the_default() {
    let calendars = Calendars::with(&[Source { file: "own.toml", text: SERVICE_HALL }], &[]).unwrap();
    let of = |unit: &str| calendars.of_unit(&UnitCode::new(unit).unwrap()).name().to_owned();
    assert_eq!((of("hall"), of("hall-2"), of("water")), ("own".to_owned(), "own".to_owned(), "sz".to_owned()));
    let text = format!("default = \"own\"\n{SERVICE_HALL}");
    let calendars = Calendars::with(&[Source { file: "own.toml", text: &text }], &[]).unwrap();
    assert_eq!(calendars.of_unit(&UnitCode::new("water").unwrap()).name(), "own");
}

const NEW_YORK: &str = r#"
[[calendar]]
name = "own"
zone = "America/New_York"
open_on = ["workday", "weekend"]
hours = ["00:00-24:00"]
"#;

#[test]
fn clocks_that_are_moved_make_days_of_23_and_25_hours() {
    let ny = own(NEW_YORK);
    assert_eq!(due(&ny, "2026-03-07T12:00", "24h"), "2026-03-08T13:00:00");
    assert_eq!(due(&ny, "2026-03-07T12:00", "1d"), "2026-03-08T12:00:00");
    assert_eq!(due(&ny, "2026-03-07T02:30", "1d"), "2026-03-08T03:30:00");
    let whole = |from: &str, to: &str| ny.between(Measure::Working, at(&ny, from), at(&ny, to), &[]).unwrap();
    assert_eq!(whole("2026-03-08T00:00", "2026-03-09T00:00"), Span::hours(23));
    assert_eq!(whole("2026-11-01T00:00", "2026-11-02T00:00"), Span::hours(25));
    let nights = own(&NEW_YORK.replace("00:00-24:00", "01:15-02:30"));
    let night = |from: &str, to: &str| nights.between(Measure::Working, at(&ny, from), at(&ny, to), &[]).unwrap();
    // 02:00 to 03:00 does not exist; then 01:15 to 02:00 comes twice.
    assert_eq!(night("2026-03-08T00:00", "2026-03-09T00:00"), Span::minutes(45));
    assert_eq!(night("2026-11-01T00:00", "2026-11-02T00:00"), Span::minutes(45 + 75));
}

fn paused(from: &str, allowance: &str, pauses: &[(&str, &str)]) -> String {
    let pauses: Vec<_> = pauses.iter().map(|(a, b)| Pause::new(at(sz(), a), at(sz(), b)).unwrap()).collect();
    let due = sz().due(at(sz(), from), allowance.parse().unwrap(), &pauses).unwrap();
    local(sz(), due)
}

#[test]
fn pauses_move_a_deadline_by_the_working_time_they_take() {
    // The night between takes nothing.
    assert_eq!(paused("2026-03-02T10:00", "4h", &[("2026-03-02T17:00", "2026-03-03T10:00")]), "2026-03-02T16:00:00");
    assert_eq!(paused("2026-03-02T10:00", "4h", &[("2026-03-02T15:00", "2026-03-03T10:00")]), "2026-03-03T11:00:00");
    // Overlapping and out of order; the second is met only because the first came before.
    let two = [("2026-03-02T16:30", "2026-03-02T17:30"), ("2026-03-02T10:30", "2026-03-02T11:00")];
    assert_eq!(paused("2026-03-02T10:00", "4h", &two), "2026-03-02T16:30:00");
    let three = [two[0], two[1], ("2026-03-02T10:45", "2026-03-02T11:30")];
    assert_eq!(paused("2026-03-02T10:00", "4h", &three), "2026-03-02T18:00:00");
    // One that began earlier counts from the start; one that ended before counts nothing.
    let early = [("2026-03-01T00:00", "2026-03-02T10:30"), ("2026-02-24T09:00", "2026-02-25T09:00")];
    assert_eq!(paused("2026-03-02T10:00", "4h", &early), "2026-03-02T16:30:00");
}

#[test]
fn pauses_move_days_as_well() {
    let whole_day = [("2026-03-03T00:00", "2026-03-04T00:00")];
    assert_eq!(paused("2026-03-02T10:00", "2d", &whole_day), "2026-03-05T10:00:00");
    assert_eq!(paused("2026-03-02T10:00", "2d", &[("2026-03-04T12:00", "2026-03-04T18:00")]), "2026-03-04T10:00:00");
    // Due on an opening is done by the closing before, so a pause in the night between comes too late.
    assert_eq!(paused("2026-03-02T20:00", "1d", &[("2026-03-03T19:00", "2026-03-04T11:00")]), "2026-03-04T09:00:00");
}

#[test]
fn natural_time_stands_still_in_pauses_too() {
    let from = at(sz(), "2026-10-01T00:00");
    let pause = |a: &str, b: &str| Pause::new(at(sz(), a), at(sz(), b)).unwrap();
    let pauses = [pause("2026-10-01T12:00", "2026-10-01T13:00"), pause("2026-10-01T12:30", "2026-10-01T14:00")];
    let day = Allowance::natural("1d").unwrap();
    assert_eq!(local(sz(), sz().due(from, day, &pauses).unwrap()), "2026-10-02T02:00:00");
    assert_eq!(sz().subtract(at(sz(), "2026-10-02T02:00"), day, &pauses).unwrap(), from);
}
