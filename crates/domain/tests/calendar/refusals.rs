//! What is refused, where, and in which words.

use suban_domain::{
    Malformed, Span,
    calendar::{Allowance, CalendarError, Calendars, Measure, Pause, Source},
};

use crate::{at, own, sz};

fn refused(definitions: &str) -> String {
    Calendars::with(&[Source { file: "own.toml", text: definitions }], &[]).unwrap_err().to_string()
}

fn notice_refused(notice: &str) -> String {
    Calendars::with(&[], &[Source { file: "2027.toml", text: notice }]).unwrap_err().to_string()
}

fn calendar(rest: &str) -> String {
    format!("[[calendar]]\nname = 'own'\nzone = 'Asia/Shanghai'\n{rest}\n")
}

#[test]
fn calendars_without_hours_with_holes_or_with_too_many_are_refused() {
    for (rest, words) in [
        ("", "own.toml, line 1: calendar `own` has no hours at all"),
        ("hours = []", "own.toml, line 1: calendar `own` has no hours at all"),
        ("open_on = []\nhours = ['09:00-10:00']", "line 1: calendar `own` is open on no kind of day"),
        ("hours = ['00:00-25:00']", "own.toml, line 4: hours `00:00-25:00` leave the day"),
        ("hours = ['09:00-24:01']", "line 4: hours `09:00-24:01` leave the day"),
        ("hours = ['09:00-12:60']", "line 4: hours `09:00-12:60` leave the day"),
        ("hours = ['09:00-12:00', '11:30-18:00']", "line 4: hours 09:00-12:00 and 11:30-18:00 overlap"),
        ("hours = ['12:00-12:00']", "line 4: hours `12:00-12:00` end before they begin"),
        ("hours = ['22:00-06:00']", "22:00-24:00 and 00:00-06:00"),
        ("hours = ['9-12']", "line 4: hours `9-12` must be written like 09:00-12:00"),
        ("hours = ['0x:00-12:00']", "must be written like 09:00-12:00"),
        ("open_on = ['sunday']\nhours = ['09:00-10:00']", "own.toml, line 4: unknown variant `sunday`"),
        ("hour = ['09:00-10:00']", "own.toml, line 4: unknown field `hour`"),
        (
            "[[calendar.season]]\nfrom = '01-01'\nuntil = '09-30'\nhours = ['09:00-10:00']",
            "own.toml, line 1: calendar `own` has a hole: no season holds 10-01",
        ),
        (
            "hours = ['09:00-10:00']\n[[calendar.season]]\nfrom = '01-01'\nuntil = '05-01'\nhours = ['09:00-10:00']\n\
             [[calendar.season]]\nfrom = '05-01'\nuntil = '06-01'\nhours = ['09:00-10:00']",
            "own.toml, line 9: two seasons of calendar `own` hold 05-01",
        ),
        (
            "hours = ['09:00-10:00']\n[[calendar.season]]\nfrom = '02-30'\nuntil = '05-01'\nhours = []",
            "line 6: `02-30` is no day",
        ),
        (
            "hours = ['09:00-10:00']\n[[calendar.season]]\nfrom = '01-01'\nuntil = '05-01'\nhours = []",
            "line 5: a season of calendar `own` has no hours",
        ),
        (
            "hours = ['09:00-10:00']\n[[calendar.exception]]\nfrom = 2026-03-05\nuntil = 2026-03-04\nhours = []\nname = 'x'",
            "line 5: `x` of calendar `own` ends on 2026-03-04, before it begins",
        ),
        (
            "hours = ['09:00-10:00']\n[[calendar.exception]]\nfrom = 2026-03-05\nhours = []\nname = 'x'\n\
             [[calendar.exception]]\nfrom = 2026-03-05\nhours = []\nname = 'y'",
            "line 9: `x` and `y` of calendar `own` both hold 2026-03-05",
        ),
        (
            "hours = ['09:00-10:00']\n[[calendar.exception]]\nfrom = '2026-03-05'\nhours = []\nname = 'x'",
            "line 6: must be a date without quotes",
        ),
        (
            "open_on = ['makeup']\nhours = ['09:00-10:00']",
            "own.toml, line 1: calendar `own` is closed on every day of 2000 to 2100",
        ),
    ] {
        let said = refused(&calendar(rest));
        assert!(said.contains(words), "for {rest:?} said {said:?}, not {words:?}");
    }
    let said = refused(&calendar("hours = ['09:00-10:00']").replace("Asia/Shanghai", "Asia/Shenzhen"));
    assert!(said.contains("own.toml, line 3: `Asia/Shenzhen` is no zone"), "{said}");
    let twice = calendar("hours = ['09:00-10:00']").repeat(2);
    assert!(refused(&twice).contains("own.toml, line 5: calendar `own` is there twice"));
    assert!(refused("default = 'nobody'").contains("own.toml, line 1: there is no calendar `nobody`"));
    let units = calendar("hours = ['09:00-10:00']\nunits = ['a']");
    let both = format!("{units}{}", units.replace("'own'", "'other'"));
    assert!(refused(&both).contains("unit a keeps both `other` and `own`"), "{}", refused(&both));
}

#[test]
fn notices_that_contradict_themselves_are_refused() {
    let head = "year = 2027\ntitle = 'a notice'\nnumber = 'no. 1'\nissued = 2026-11-01\n";
    let feast = |rest: &str| format!("{head}[[feast]]\nname = '元旦'\n{rest}");
    for (text, words) in [
        (
            feast("from = 2027-01-02\nuntil = 2027-01-01"),
            "2027.toml, line 5: 元旦 from 2027-01-02 until 2027-01-01 is no",
        ),
        (feast("from = 2028-01-01\nuntil = 2028-01-01"), "line 5: 2028-01-01 (元旦) is not in 2027"),
        (
            feast("from = 2027-01-01\nuntil = 2027-01-02\nmakeup = [2027-01-02]"),
            "line 5: 2027-01-02 (元旦) is there twice",
        ),
        (feast("from = 2027-01-01\nuntil = 2027-01-01\nmakeup = [2027-01-04]"), "2027-01-04 is a weekday"),
        (feast("from = 2027-01-01\nuntil = 2027-02-30"), "2027.toml, line 8"),
        (head.replace("2027", "1999"), "2027.toml, line 1: "),
        ("year = 2027".to_owned(), "missing field `title`"),
    ] {
        let said = notice_refused(&text);
        assert!(said.contains(words), "for {text:?} said {said:?}, not {words:?}");
    }
}

#[test]
fn a_year_without_a_working_day_ends_and_does_not_loop() {
    let closed = own(&calendar(
        "hours = ['09:00-10:00']\n[[calendar.exception]]\nfrom = 2026-01-01\nuntil = 2026-12-31\nhours = []\nname = 'rebuilt'",
    ));
    let from = at(&closed, "2026-03-01T10:00");
    let due = closed.due(from, Allowance::Working(Span::hours(1)), &[]).unwrap();
    assert_eq!(due, at(&closed, "2027-01-01T10:00"));
    assert_eq!(closed.next_opening(from).unwrap(), at(&closed, "2027-01-01T09:00"));
    assert_eq!(closed.due(from, Allowance::Days(1), &[]).unwrap(), at(&closed, "2027-01-04T09:00"));
    let for_ever = own(&calendar(
        "hours = ['09:00-10:00']\n[[calendar.exception]]\nfrom = 2026-01-01\nuntil = 2100-12-31\nhours = []\nname = 'gone'",
    ));
    let exhausted = CalendarError::Exhausted { calendar: "own".to_owned() };
    assert_eq!(for_ever.due(from, Allowance::Working(Span::hours(1)), &[]), Err(exhausted.clone()));
    assert_eq!(for_ever.due(from, Allowance::Days(1), &[]), Err(exhausted.clone()));
    assert_eq!(for_ever.next_opening(from), Err(exhausted));
}

#[test]
fn times_outside_the_years_covered_are_refused() {
    let (past, future) = (at(sz(), "1999-12-31T23:59"), at(sz(), "2101-01-01T00:01"));
    for strange in [past, future] {
        for allowance in [Allowance::Days(1), Allowance::Working(Span::hours(1))] {
            assert!(matches!(sz().due(strange, allowance, &[]), Err(CalendarError::Beyond { .. })));
            assert!(matches!(sz().subtract(strange, allowance, &[]), Err(CalendarError::Beyond { .. })));
        }
        assert!(matches!(sz().between(Measure::Working, strange, past, &[]), Err(CalendarError::Beyond { .. })));
        assert!(matches!(sz().next_opening(strange), Err(CalendarError::Beyond { .. })));
    }
    let ok = at(sz(), "2026-03-02T10:00");
    for long in [Allowance::Days(u32::MAX), Allowance::Working(Span::micros(i64::MAX)), Allowance::Days(30_000)] {
        assert!(matches!(sz().due(ok, long, &[]), Err(CalendarError::Exhausted { .. })), "{long:?}");
        assert!(matches!(sz().subtract(ok, long, &[]), Err(CalendarError::Exhausted { .. })), "{long:?}");
    }
    assert!(sz().day("2101-01-01".parse().unwrap()).unwrap_err().to_string().contains("years 2000 to 2100"));
}

#[test]
fn time_limits_and_pauses_are_read_or_refused() {
    for (text, read) in [
        ("10d", Allowance::Days(10)),
        ("4h", Allowance::Working(Span::hours(4))),
        ("30m", Allowance::Working(Span::minutes(30))),
        ("1h30m", Allowance::Working(Span::minutes(90))),
    ] {
        assert_eq!(text.parse(), Ok(read));
    }
    for text in
        ["", "d", "h", "10", "1d4h", "-1d", "+1h", "1.5h", "1h 30m", "30m1h", "h30m", "1w", "99999999999d", "１h"]
    {
        let read: Result<Allowance, Malformed> = text.parse();
        assert!(read.is_err(), "{text}");
    }
    let pause = Pause::new(at(sz(), "2026-03-02T10:00"), at(sz(), "2026-03-02T09:00"));
    assert!(pause.unwrap_err().to_string().contains("which is earlier"));
}
