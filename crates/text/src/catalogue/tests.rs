//! A small district, decided as promised; and every way to get a table wrong.

mod circumstances;
mod differences;
mod workbooks;

use super::*;

const AREAS: &str = "\
code,name,level,parent,lat,lon,aliases,estates,roads
LG,临港区,district,,,,临港,,
LG01,海湾街道,sub-district,LG,,,海湾,,
LG0101,望潮社区,community,LG01,31.0,121.0,,望潮花园|潮音里,明珠路
LG0102,渔火社区,community,LG01,31.01,121.0,,,明珠路
LG02,松岭街道,sub-district,LG,,,,,
LG0201,松涛社区,community,LG02,31.05,121.0,,,
";
const UNITS: &str = "\
code,name,kind,parent,area,duty_24h,peer_group
HALL,分拨中心,hall,,,yes,hall
ST01,海湾街道办,street,,LG01,yes,street
ST02,松岭街道办,street,,LG02,yes,street
CG,城管局,department,,,yes,dept
HB,环保局,department,,,no,dept
CG-1,市容科,team,CG,,no,team
";
const MATTERS: &str = "\
code,level1,level2,name,synonyms,keywords,kind,urgency,lead,assists,dept_only,personal,merge,radius_m,handle_hours
lamp,市政,照明,路灯故障,路灯坏,路灯不亮|街灯*2|灯具店*-5,HELP,NORMAL,CG,street|CG,yes,no,facility,50,48
rubbish,市容,垃圾,乱堆垃圾,,垃圾乱堆|垃圾堆,COMPLAINT,NORMAL,street,CG,no,no,facility,150,
wage,劳动,工资,拖欠工资,,欠薪,COMPLAINT,URGENT,HB,,yes,yes,never,,
";
const RULES: &str = "\
matter,area,lead,assists,note
rubbish,LG01,CG,street,由城管局直管
rubbish,LG0102,ST01,,试点
";

fn tables() -> Tables<'static> {
    Tables { areas: AREAS, units: UNITS, matters: MATTERS, rules: RULES }
}

fn catalogue() -> Catalogue {
    Catalogue::parse(&tables()).unwrap()
}

fn leads(matter: &str, area: &str) -> Option<(String, String, Vec<String>)> {
    let area = AreaCode::new(area).unwrap();
    let known = Circumstances { area: Some(&area), ..Circumstances::default() };
    let lead = catalogue().lead(&MatterCode::new(matter).unwrap(), &known).ok()?;
    let assists = lead.assists.iter().map(|u| u.as_str().to_owned()).collect();
    Some((lead.unit.as_str().to_owned(), lead.rule_row.to_string(), assists))
}

#[test]
fn the_narrowest_rule_decides_and_is_named() {
    let said = |unit: &str, row: &str, assists: &[&str]| {
        Some((unit.to_owned(), row.to_owned(), assists.iter().map(|a| (*a).to_owned()).collect()))
    };
    assert_eq!(leads("rubbish", "LG0101"), said("CG", "rules.csv:2", &["ST01"]));
    assert_eq!(leads("rubbish", "LG0102"), said("ST01", "rules.csv:3", &[]));
    assert_eq!(leads("rubbish", "LG0201"), said("ST02", "matters.csv:3", &["CG"]));
    assert_eq!(leads("lamp", "LG0201"), said("CG", "matters.csv:2", &["ST02"]));
    assert_eq!(leads("lamp", "LG"), said("CG", "matters.csv:2", &[]));
}

#[test]
fn too_large_an_area_or_an_unknown_code_decides_nothing() {
    assert_eq!(leads("rubbish", "LG"), None);
    assert_eq!(leads("gone", "LG01"), None);
    // A place that the catalogue does not know is an unknown place: the same unit must lead all over.
    assert_eq!(leads("lamp", "XX").map(|(unit, ..)| unit).as_deref(), Some("CG"));
    assert_eq!(leads("rubbish", "XX"), None);
}

#[test]
fn without_an_area_only_one_lead_for_all_decides() {
    let catalogue = catalogue();
    let anywhere = |m: &str| {
        let lead = catalogue.lead(&MatterCode::new(m).unwrap(), &Circumstances::default()).ok()?;
        Some(lead.unit.as_str().to_owned())
    };
    assert_eq!(anywhere("lamp").as_deref(), Some("CG"));
    assert_eq!(anywhere("rubbish"), None);
    assert_eq!(anywhere("gone"), None);
}

#[test]
fn everything_can_be_looked_up() {
    let c = catalogue();
    let hall = c.fallback().unwrap();
    assert_eq!((hall.code.as_str(), hall.kind), ("HALL", UnitKind::Hall));
    let lamp = c.matter(&MatterCode::new("lamp").unwrap()).unwrap();
    assert!(lamp.merge.is_whitelisted() && lamp.dept_only);
    assert_eq!((lamp.radius_m, lamp.handle_hours), (Some(50), Some(48)));
    assert_eq!(lamp.keywords[1], Keyword { text: "街灯".into(), weight: 2 });
    let wage = c.matter(&MatterCode::new("wage").unwrap()).unwrap();
    assert!(!wage.merge.is_whitelisted());
    let cg = UnitCode::new("CG").unwrap();
    assert_eq!(c.teams(&cg).map(|t| t.code.as_str()).collect::<Vec<_>>(), ["CG-1"]);
    let path: Vec<&str> = c.area_path(&AreaCode::new("LG0101").unwrap()).map(|a| a.name.as_str()).collect();
    assert_eq!(path, ["望潮社区", "海湾街道", "临港区"]);
}

#[test]
fn its_reader_reads() {
    let reader = catalogue().reader().unwrap();
    let read = reader.read(&crate::ToRead::words("望潮花园门口路灯坏了好几天"));
    assert_eq!(read.matter.as_ref().map(MatterCode::as_str), Some("lamp"));
    assert_eq!(read.area.as_ref().map(AreaCode::as_str), Some("LG0101"));
}

#[test]
fn a_stored_catalogue_is_the_same() {
    let stored = serde_json::to_string(&catalogue()).unwrap();
    let back: Catalogue = serde_json::from_str(&stored).unwrap();
    assert_eq!(back.content_hash(), catalogue().content_hash());
    assert_eq!(back, catalogue());
    let spoiled = stored
        .replace("\"ST02\"", "\"ST09\"")
        .replace("松岭街道办\",\"kind\":\"street\"", "松岭街道办\",\"kind\":\"department\"");
    assert!(serde_json::from_str::<Catalogue>(&spoiled).unwrap_err().to_string().contains("nobody leads"));
}

#[test]
fn other_content_has_another_hash() {
    let matters = MATTERS.replace("48", "24");
    let other = Catalogue::parse(&Tables { matters: &matters, ..tables() }).unwrap();
    assert_ne!(other.content_hash(), catalogue().content_hash());
}

/// The problems of tables in which `from` became `to`.
fn problems(from: &str, to: &str) -> Vec<String> {
    let change = |text: &str| {
        assert!(text.is_ascii() || !text.is_empty());
        text.replacen(from, to, 1)
    };
    let (areas, units, matters, rules) = (change(AREAS), change(UNITS), change(MATTERS), change(RULES));
    let tables = Tables { areas: &areas, units: &units, matters: &matters, rules: &rules };
    Catalogue::parse(&tables).err().map_or_else(Vec::new, |p| p.0.iter().map(ToString::to_string).collect())
}

#[track_caller]
fn finds(from: &str, to: &str, wanted: &[&str]) {
    let found = problems(from, to);
    for want in wanted {
        assert!(found.iter().any(|p| p.contains(want)), "{want:?} not in {found:#?}");
    }
    assert!(!found.is_empty());
}

#[test]
fn every_problem_is_found_where_it_is() {
    finds("LG02,松岭街道,sub-district,LG", "LG02,松岭街道,sub-district,XX", &["areas.csv:6 parent: `XX` is no area"]);
    finds("LG,临港区,district,,", "LG,临港区,district,LG0101,", &["areas.csv:2 parent: the parents run in a ring"]);
    finds("LG0102,渔火", "LG0101,渔火", &["areas.csv:5 code: `LG0101` stands on line 4 already"]);
    finds("LG0201,松涛", "LG0109,松涛", &["areas.csv:7 code: must begin with its parent's code `LG02`"]);
    finds(
        "LG02,松岭街道,sub-district,LG,,",
        "LG0,松岭街道,sub-district,LG,,",
        &["begins with `LG0` but does not lie in it"],
    );
    finds("31.0,121.0", "31.0,", &["areas.csv:4 lon: is empty though lat is given"]);
    finds("31.0,121.0", "331,121", &["areas.csv:4 lat: coordinates"]);
    finds("望潮花园|潮音里", "望潮花园||潮音里", &["areas.csv:4 estates: has an empty value"]);
    finds("松涛社区,community", "松涛社区,village", &["areas.csv:7 level: `village`: area level must be one of"]);
    finds(
        "ST02,松岭街道办,street,,LG02",
        "ST02,松岭街道办,street,,LG01",
        &["units.csv:4 area: line 3 is already", "matters.csv:3 lead: nobody leads in LG0201"],
    );
    finds("CG-1,市容科,team,CG", "CG-1,市容科,team,XX", &["units.csv:7 parent: `XX` is no unit"]);
    finds("CG-1,市容科,team,CG", "CG-1,市容科,team,CG-1", &["units.csv:7 parent: the parents run in a ring"]);
    finds("CG-1,市容科,team,CG", "CG-1,市容科,team,", &["units.csv:7 parent: a team needs"]);
    finds("HALL,分拨中心,hall", "HALL,分拨中心,department", &["units.csv:1 kind: there is no unit of kind hall"]);
    finds("NORMAL,CG,street|CG", "NORMAL,XX,street|CG", &["matters.csv:2 lead: `XX` is no unit"]);
    finds("NORMAL,CG,street|CG", "NORMAL,CG,CG-1", &["matters.csv:2 assists: `CG-1` is a team"]);
    finds(
        "NORMAL,CG,street|CG",
        "NORMAL,street,CG",
        &["matters.csv:2 lead: a matter that only departments may handle"],
    );
    finds("NORMAL,CG,street|CG", "NORMAL,ST01,CG", &["matters.csv:2 lead: a matter that only departments may handle"]);
    finds("yes,yes,never", "yes,yes,event", &["matters.csv:4 merge: a personal right never merges"]);
    finds("路灯不亮|街灯*2|灯具店*-5", "", &["matters.csv:2 keywords: is empty"]);
    finds("街灯*2", "街灯*二", &["matters.csv:2 keywords: `街灯*二`: a weight is a whole number"]);
    finds("wage,劳动", "lamp,劳动", &["matters.csv:4 code: `lamp` stands on line 2 already"]);
    finds("facility,50", "facility,near", &["matters.csv:2 radius_m: `near`"]);
    finds("HELP", "SHOUT", &["matters.csv:2 kind: `SHOUT`: type must be one of"]);
    finds("rubbish,LG0102", "rubbish,LG01", &["rules.csv:3 matter: line 2 already says"]);
    finds("rubbish,LG0102", "noise,LG0102", &["rules.csv:3 matter: `noise` is no matter"]);
    finds("rubbish,LG0102", "rubbish,LG99", &["rules.csv:3 area: `LG99` is no area"]);
    finds("rubbish,LG0102", "lamp,LG0102", &["rules.csv:3 lead: a matter that only departments"]);
    finds("handle_hours", "hours", &["matters.csv:1 hours: is no column", "matters.csv:1 handle_hours: is missing"]);
    finds("由城管局直管", "由城管局,直管", &["rules.csv:2 : has 6 cells, the heading has 5"]);
}

#[test]
fn all_problems_come_at_once() {
    let matters = MATTERS.replace("CG", "XX").replace("HB", "YY");
    let found = Catalogue::parse(&Tables { matters: &matters, ..tables() }).unwrap_err().0;
    assert!(found.len() >= 4, "{found:#?}");
}

proptest::proptest! {
    #[test]
    fn any_table_is_refused_calmly(areas in "\\PC{0,80}", rows in "([a-zA-Z0-9,|\"*-]{0,30}\n){0,5}") {
        let matters = format!("{}{rows}", MATTERS.lines().next().unwrap());
        let _ = Catalogue::parse(&Tables { areas: &areas, matters: &matters, ..tables() });
    }
}
