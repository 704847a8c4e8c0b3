//! The notices as somebody else read them: the Python package `chinesecalendar`, asked where it is at hand.
//!
//! `make check-calendar` installs it beside the build and makes this test one that must run.

use std::process::Command;

use crate::sz;

/// Prints each day with whether it is worked.
const ASK: &str = r#"
import datetime, chinese_calendar
day, end = datetime.date(2024, 1, 1), datetime.date(2026, 12, 31)
while day <= end:
    weekend = day.weekday() >= 5
    worked = chinese_calendar.is_workday(day)
    kind = "makeup" if worked and weekend else "workday" if worked else "weekend" if weekend else "holiday"
    print(day, worked, kind)
    day += datetime.timedelta(days=1)
"#;

#[test]
fn every_day_of_2024_to_2026_is_what_an_outside_package_says() {
    let told = std::env::var("SUBAN_CALENDAR_PYTHON").ok();
    let python = told.clone().unwrap_or_else(|| "python3".to_owned());
    let output = Command::new(&python).args(["-c", ASK]).output();
    let Ok(output) = output
        .map_err(|e| e.to_string())
        .and_then(|o| if o.status.success() { Ok(o) } else { Err(String::from_utf8_lossy(&o.stderr).into_owned()) })
    else {
        assert!(told.is_none(), "{python} cannot import chinese_calendar");
        println!("skipped: {python} has no chinesecalendar to compare with; `make check-calendar` brings it");
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let mut compared = 0;
    for line in text.lines() {
        let mut words = line.split(' ');
        let (date, worked, kind) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let day = sz().day(date.parse().unwrap()).unwrap();
        assert_eq!(day.working, worked == "True", "{date}");
        // The weekends inside a holiday are the notice's, and the weekday's as well.
        let same = day.kind.code() == kind || (day.kind.code(), kind) == ("holiday", "weekend");
        assert!(same, "{date}: {} here, {kind} there", day.kind.code());
        compared += 1;
    }
    assert_eq!(compared, 366 + 365 + 365);
    println!("compared: {compared} days");
}
