//! What a unit sees of its roster.

use suban_roster::{Lack, Rung, Step};

use super::{Lines, at, serving, steps, unit, water, who};

#[test]
fn a_shift_over_midnight_is_the_same_persons_until_it_ends() {
    let mut lines = water();
    lines.shifts = "DAY,,08:00,20:00,,1,,\nNIGHT,,20:00,08:00,,1,,\n".to_owned();
    lines.duty = "DAY,,ann,duty,,\nNIGHT,,bob,duty,,\n".to_owned();
    let roster = lines.roster();
    for (time, person) in [
        ("2026-10-31T19:59", "ann"),
        ("2026-10-31T20:00", "bob"),
        ("2026-10-31T23:59", "bob"),
        // The month changes, and in China no clock does.
        ("2026-11-01T00:00", "bob"),
        ("2026-11-01T01:30", "bob"),
        ("2026-11-01T07:59", "bob"),
        ("2026-11-01T08:00", "ann"),
    ] {
        assert_eq!(who(&roster, "WATER", time), person, "{time}");
    }
    let turn = &roster.on_duty(&unit("WATER"), at("2026-11-01T03:00"))[0];
    assert_eq!((turn.from, turn.until), (at("2026-10-31T20:00"), at("2026-11-01T08:00")));
    let month: Vec<_> = roster.boundaries(&unit("WATER"), at("2026-10-31T00:00"), at("2026-11-02T00:00"));
    let expected = ["2026-10-31T08:00", "2026-10-31T20:00", "2026-11-01T08:00", "2026-11-01T20:00"].map(at);
    assert_eq!(month, expected);
}

#[test]
fn four_people_take_turns_two_at_a_time() {
    let roster = water().roster();
    // 2026-09-01 is group A's; a cycle goes on for ever, also backwards.
    for (time, two) in [
        ("2026-09-01T08:30", ["ann", "cai"]),
        ("2026-09-02T08:29", ["ann", "cai"]),
        ("2026-09-02T08:30", ["bob", "dan"]),
        ("2026-09-05T12:00", ["ann", "cai"]),
        ("2026-08-31T12:00", ["dan", "bob"]),
    ] {
        assert_eq!(serving(&roster, "WATER", time), two, "{time}");
        assert_eq!(who(&roster, "WATER", time), two[0], "{time}");
    }
    assert_eq!(roster.gaps(&unit("WATER"), at("2026-09-01T00:00"), 60), []);
}

#[test]
fn the_national_day_holiday_has_shifts_of_its_own() {
    let mut lines = water();
    // 2026: off from October 1 to 7; Saturday the 10th is worked.
    lines.shifts = "OFFICE,WATER,09:00,18:00,workday|makeup,1,,\nNIGHT,WATER,18:00,09:00,workday|makeup,1,,\n\
                    FEAST,WATER,09:00,09:00,weekend|holiday,1,,\n"
        .to_owned();
    lines.duty = "OFFICE,,ann,duty,,\nNIGHT,,bob,duty,,\nFEAST,,cai,duty,,\n".to_owned();
    let roster = lines.roster();
    for (time, person) in [
        ("2026-09-30T17:00", "ann"),
        ("2026-09-30T20:00", "bob"),
        ("2026-10-01T08:59", "bob"),
        ("2026-10-01T09:00", "cai"),
        ("2026-10-07T23:00", "cai"),
        ("2026-10-08T08:59", "cai"),
        ("2026-10-08T09:00", "ann"),
        ("2026-10-10T10:00", "ann"),
        ("2026-10-11T10:00", "cai"),
    ] {
        assert_eq!(who(&roster, "WATER", time), person, "{time}");
    }
    assert_eq!(roster.gaps(&unit("WATER"), at("2026-09-28T09:00"), 21), []);
}

#[test]
fn a_deputy_of_a_deputy_stands_in() {
    let mut lines = water();
    lines.deputies = "ann,bob,,\nbob,dan,,\n".to_owned();
    lines.exceptions =
        "leave,ann,,,,,,,2026-09-01,2026-09-01,ill\nleave,bob,,,,,,,2026-09-01,2026-09-01,course\n".to_owned();
    let roster = lines.roster();
    assert_eq!(
        steps(&roster, "WATER", "2026-09-01T12:00"),
        [
            "duty ann of WATER is on leave",
            "bob, deputy of ann, is on leave too",
            "dan stands in for ann, duty of WATER, and answers"
        ]
    );
    let turn = &roster.on_duty(&unit("WATER"), at("2026-09-01T12:00"))[0];
    assert_eq!((turn.person.as_str(), turn.instead_of.as_ref().map(|p| p.as_str())), ("dan", Some("ann")));
    // Back at midnight, though the shift goes on.
    assert_eq!(who(&roster, "WATER", "2026-09-02T00:00"), "ann");
    assert_eq!(who(&roster, "WATER", "2026-08-31T23:59"), "dan", "group D's own day");
}

#[test]
fn without_a_deputy_the_backup_answers_and_then_the_lead() {
    let mut lines = water();
    lines.exceptions =
        "leave,ann,,,,,,,2026-09-01T10:00,2026-09-01T12:00,\nleave,cai,,,,,,,2026-09-01T11:00,2026-09-01T13:00,\n"
            .to_owned();
    let roster = lines.roster();
    for (time, person, rung) in [
        ("2026-09-01T09:59", "ann", Rung::Duty),
        ("2026-09-01T10:00", "cai", Rung::Backup),
        ("2026-09-01T11:00", "lee", Rung::Lead),
        ("2026-09-01T12:00", "ann", Rung::Duty),
    ] {
        let answers = roster.responsible(&unit("WATER"), at(time));
        assert_eq!((answers.person.as_str(), answers.rung()), (person, rung), "{time}");
    }
    // A backup alone is one of two; nobody at all is one gap.
    let gaps = roster.gaps(&unit("WATER"), at("2026-09-01T09:00"), 1);
    let few = |present| Lack::Few { unit: unit("WATER"), shift: "24H".parse().unwrap(), present, minimum: 2 };
    let expected = [
        ("2026-09-01T10:00", "2026-09-01T11:00", few(1)),
        ("2026-09-01T11:00", "2026-09-01T12:00", Lack::Nobody),
        ("2026-09-01T12:00", "2026-09-01T13:00", few(1)),
    ];
    assert_eq!(gaps.len(), expected.len(), "{gaps:?}");
    for (gap, (from, until, lack)) in gaps.iter().zip(expected) {
        assert_eq!((gap.from, gap.until, &gap.lack), (at(from), at(until), &lack));
    }
}

#[test]
fn on_a_storm_night_the_district_answers_for_an_empty_roster_and_an_alarm_is_listed() {
    let mut lines = water();
    lines.people += "eve,HALL,,district|shift_leader,,,,,\n";
    lines.shifts += "HALL-N,HALL,20:00,08:00,,1,,\n";
    lines.duty += "HALL-N,,eve,duty,,\n";
    let roster = lines.roster();
    // Nobody of the gas company stands anywhere.
    assert_eq!(
        steps(&roster, "GAS", "2026-09-15T02:00"),
        [
            "GAS has no duty on its roster",
            "GAS has no backup on its roster",
            "GAS has no unit lead on its roster",
            "district duty eve of GAS answers"
        ]
    );
    // By day nobody of the district serves: the first of the table does.
    assert_eq!(who(&roster, "GAS", "2026-09-15T12:00"), "desk");
    // A unit nobody has heard of is answered for as well.
    assert_eq!(who(&roster, "NEW", "2026-09-15T02:00"), "eve");
    let alarms = roster.alarms(at("2026-09-15T02:00"), suban_roster::LOOK_AHEAD_DAYS);
    let units: Vec<_> = alarms.iter().map(|alarm| (alarm.unit.as_str(), alarm.from)).collect();
    // The hall has a night shift and no day shift.
    assert_eq!(units, [("GAS", at("2026-09-15T02:00")), ("HALL", at("2026-09-15T08:00"))]);
    assert_eq!(alarms[0].until, at("2026-09-22T02:00"));
}

#[test]
fn a_roster_that_ends_within_a_week_is_said_ahead() {
    let mut lines = water();
    lines.duty = lines.duty.replace(",,\n", ",,2026-09-20\n");
    let roster = lines.roster();
    assert_eq!(roster.alarms(at("2026-09-13T12:00"), 7).iter().filter(|a| a.unit == unit("WATER")).count(), 0);
    let alarms = roster.alarms(at("2026-09-16T12:00"), 7);
    let alarm = alarms.iter().find(|alarm| alarm.unit == unit("WATER")).unwrap();
    assert_eq!((alarm.from, alarm.until), (at("2026-09-21T08:30"), at("2026-09-23T12:00")));
}

#[test]
fn two_people_exchange_a_shift() {
    let mut lines = water();
    lines.exceptions = "swap,ann,24H,2026-09-01,bob,24H,2026-09-02,,,,\n".to_owned();
    let roster = lines.roster();
    assert_eq!(serving(&roster, "WATER", "2026-09-01T12:00"), ["bob", "cai"]);
    assert_eq!(serving(&roster, "WATER", "2026-09-02T12:00"), ["ann", "dan"]);
    assert_eq!(serving(&roster, "WATER", "2026-09-05T12:00"), ["ann", "cai"], "the next turn is as ever");
    // Swapped once more, it is as it was.
    lines.exceptions += "swap,bob,24H,2026-09-01,ann,24H,2026-09-02,,,,\n";
    let roster = lines.roster();
    assert_eq!(serving(&roster, "WATER", "2026-09-01T12:00"), ["ann", "cai"]);
    assert_eq!(serving(&roster, "WATER", "2026-09-02T12:00"), ["bob", "dan"]);
}

#[test]
fn extra_duty_is_served_beside_the_others() {
    let mut lines = water();
    lines.exceptions = "extra,lee,24H,2026-09-01,,,,staff,,,typhoon\n".to_owned();
    let roster = lines.roster();
    assert_eq!(serving(&roster, "WATER", "2026-09-02T03:00"), ["ann", "cai", "lee"]);
    assert_eq!(serving(&roster, "WATER", "2026-09-02T09:00"), ["bob", "dan"]);
    assert_eq!(who(&roster, "WATER", "2026-09-02T03:00"), "ann", "who works does not answer for the unit");
}

#[test]
fn a_teams_ladder_goes_on_with_its_units() {
    let mut lines = water();
    lines.people += "fay,WATER,WATER-1,handler,,,,,\ngus,WATER,WATER-1,lead,,,,,\n";
    lines.shifts += "CREW,WATER-1,22:00,06:00,,1,,\n";
    lines.duty += "CREW,,fay,duty,,\n";
    let roster = lines.roster();
    assert_eq!(who(&roster, "WATER-1", "2026-09-01T23:00"), "fay");
    assert_eq!(who(&roster, "WATER-1", "2026-09-01T12:00"), "gus");
    assert_eq!(who(&roster, "WATER-2", "2026-09-01T12:00"), "ann", "a team without anybody is its unit's");
    assert_eq!(who(&roster, "WATER", "2026-09-01T23:00"), "ann", "a team does not answer for its unit");
    assert_eq!(serving(&roster, "WATER", "2026-09-01T23:00"), ["ann", "fay", "cai"]);
}

#[test]
fn when_everybody_is_on_leave_the_last_answers_all_the_same() {
    let lines = Lines {
        people: "desk,HALL,,district,,,,,\n".to_owned(),
        exceptions: "leave,desk,,,,,,,2026-09-01,2026-09-01,\n".to_owned(),
        ..Lines::default()
    };
    let roster = lines.roster();
    let answers = roster.responsible(&unit("GAS"), at("2026-09-01T12:00"));
    assert_eq!(answers.person.as_str(), "desk");
    assert_eq!(answers.through.last().map(Step::zh).unwrap(), "全员请假,仍由区值班desk负责");
}

#[test]
fn weekly_patterns_name_weekdays() {
    let mut lines = water();
    lines.shifts = "FRI,,18:00,22:00,workday|fri,1,,\n".to_owned();
    lines.duty = "FRI,,ann,duty,,\n".to_owned();
    let roster = lines.roster();
    assert_eq!(serving(&roster, "WATER", "2026-09-04T19:00"), ["ann"]);
    assert!(serving(&roster, "WATER", "2026-09-03T19:00").is_empty(), "a Thursday");
    assert!(serving(&roster, "WATER", "2026-10-02T19:00").is_empty(), "a Friday of the holiday");
}
