//! What changed, told as a keeper would tell it.

use super::circumstances::told;
use super::*;

const HEAD: &str = "matter,area,lead,assists,note,hours,subject,from,until\n";

fn lines(old: &str, new: &str) -> (Vec<String>, Vec<String>) {
    let with = |rows: &str| told(&format!("{HEAD}{rows}")).unwrap();
    let diff = Catalogue::diff(&with(old), &with(new));
    (diff.in_chinese(), diff.in_english())
}

#[test]
fn a_rule_for_the_night_is_told_with_its_hours() {
    let (zh, en) = lines("", "noise,LG,GA,,夜间,22:00-06:00,,,\n");
    assert_eq!(
        en,
        ["rule noise@LG 22:00-06:00 (夜间): added", "lead noise in 临港区: at 22:00-06:00, GA instead of HB",]
    );
    assert_eq!(zh, ["规则 noise@LG 22:00-06:00(夜间):新增", "主办 noise 在临港区:22:00-06:00,由HB改为GA"]);
}

#[test]
fn subjects_days_and_the_areas_that_are_left_are_told() {
    let (_, en) = lines("noise,LG0101,CG,,旧,,,,\n", "noise,LG0101,CG,,旧,,,,\nnoise,LG,ZJ,,工地,,工地,2027-01-01,\n");
    assert_eq!(
        en,
        [
            "rule noise@LG 工地 from 2027-01-01 (工地): added",
            "lead noise in 渔火社区, 松岭街道: from 2027-01-01, where 工地 is named, ZJ instead of HB",
        ]
    );
    let (_, en) = lines("noise,LG,GA,,夜间,22:00-06:00,,,\n", "noise,LG,GA,,夜间,23:00-06:00,,,\n");
    assert_eq!(
        en,
        [
            "rule noise@LG 23:00-06:00 (夜间): hours from \"22:00-06:00\" to \"23:00-06:00\"",
            "lead noise in 临港区: at 22:00-23:00, HB instead of GA",
        ]
    );
}

#[test]
fn sorting_the_lines_anew_changes_nothing() {
    let (a, b) = ("noise,LG0101,CG,,甲,,,,\n", "rubbish,LG,HB,,乙,,,,\n");
    assert_eq!(lines(&format!("{a}{b}"), &format!("{b}{a}")), (Vec::new(), Vec::new()));
}

#[test]
fn rows_of_every_table_are_compared_by_column() {
    let units = format!("{UNITS}YL,园林局,department,,,no,dept\n");
    let matters = MATTERS.replace("路灯不亮|街灯*2", "路灯不亮|灯不亮").replace("facility,50,48", "facility,80,48");
    let areas = AREAS.replace("LG0201,松涛社区", "LG0201,松月社区");
    let new = Tables { areas: &areas, units: &units, matters: &matters, rules: "" };
    let diff = Catalogue::diff(&catalogue(), &Catalogue::parse(&new).unwrap());
    assert_eq!(
        diff.in_english(),
        [
            "area LG0201 (松月社区): name from \"松涛社区\" to \"松月社区\"",
            "unit YL (园林局): added",
            "matter lamp (路灯故障): keywords gains 灯不亮, loses 街灯*2; radius_m from \"50\" to \"80\"",
            "rule rubbish@LG01 (由城管局直管): removed",
            "rule rubbish@LG0102 (试点): removed",
            "lead rubbish in 望潮社区: ST01 instead of CG",
        ]
    );
    assert!(Catalogue::diff(&catalogue(), &catalogue()).is_empty());
}
