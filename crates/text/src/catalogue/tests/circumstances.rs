//! Rules that depend on the hour, the day and the subject (D§10.3 step 4).

use jiff::civil::DateTime;
use proptest::prelude::*;

use super::*;

const NOISE: &str = "\
code,level1,level2,name,synonyms,keywords,kind,urgency,lead,assists,dept_only,personal,merge,radius_m,handle_hours,phrases,basis,from,until
noise,环境,噪声,噪声扰民,,噪声|噪音,COMPLAINT,NORMAL,HB,street,yes,no,event,300,24,吵得睡不着,噪声污染防治法,,
rubbish,市容,垃圾,乱堆垃圾,,垃圾堆,COMPLAINT,NORMAL,street,CG,no,no,facility,150,,,,,
bonus,劳动,奖金,岁末补贴,,补贴,CONSULT,NORMAL,CG,,yes,yes,never,,,,,2027-01-01,2027-12-31
";
const RULES: &str = "\
matter,area,lead,assists,note,hours,subject,from,until,level,basis
noise,LG,GA,HB,夜间噪声由公安处置,22:00-06:00,,,,区,治安管理处罚法
noise,LG,ZJ,HB,在建工地由住建牵头,,在建工地|工地,,,区,
noise,LG,CG,,夜间施工由城管执法,22:00-06:00,在建工地|工地,2027-01-01,,区,
noise,LG02,GA,,松岭试点,,,2027-01-01,2027-06-30,区,
";
const MORE_UNITS: &str = "GA,公安局,department,,,yes,dept\nZJ,住建局,department,,,no,dept\n";

pub(super) fn told(rules: &str) -> Result<Catalogue, Problems> {
    let units = format!("{UNITS}{MORE_UNITS}");
    Catalogue::parse(&Tables { areas: AREAS, units: &units, matters: NOISE, rules })
}

fn asked(
    catalogue: &Catalogue,
    matter: &str,
    area: Option<&str>,
    at: Option<&str>,
    words: Option<&str>,
) -> Result<String, NoLead> {
    let area = area.map(|a| AreaCode::new(a).unwrap());
    let at: Option<DateTime> = at.map(|at| at.parse().unwrap());
    let known = Circumstances { area: area.as_ref(), at, words };
    catalogue.lead(&MatterCode::new(matter).unwrap(), &known).map(|l| format!("{} {}", l.unit, l.rule_row))
}

const DAY: &str = "2026-11-27T15:00";
const NIGHT: &str = "2026-11-27T23:00";

#[track_caller]
fn leads(at: &str, words: &str, wanted: &str) {
    let said = asked(&told(RULES).unwrap(), "noise", Some("LG0101"), Some(at), Some(words));
    assert_eq!(said.as_deref(), Ok(wanted), "{words} at {at}");
}

#[test]
fn noise_at_night_is_the_polices_and_by_day_the_departments() {
    leads(DAY, "广场舞噪音", "HB matters.csv:2");
    leads(NIGHT, "广场舞噪音", "GA rules.csv:2");
    leads("2026-11-28T05:59", "广场舞噪音", "GA rules.csv:2");
    leads("2026-11-28T06:00", "广场舞噪音", "HB matters.csv:2");
}

#[test]
fn a_named_building_site_is_the_housing_offices_at_any_hour() {
    leads(DAY, "在建工地打桩噪音", "ZJ rules.csv:3");
    leads(NIGHT, "在建工地打桩噪音", "ZJ rules.csv:3");
    leads(NIGHT, "在建工地，噪聲擾民", "ZJ rules.csv:3");
    leads(DAY, "工地旁边的烧烤店噪音大", "HB matters.csv:2");
}

#[test]
fn a_rule_counts_from_its_first_day_to_its_last() {
    leads("2026-12-31T23:30", "工地噪音", "ZJ rules.csv:3");
    leads("2027-01-01T00:10", "工地噪音", "CG rules.csv:4");
    let c = told(RULES).unwrap();
    let pilot = |at| asked(&c, "noise", Some("LG0201"), Some(at), Some(""));
    assert_eq!(pilot("2026-12-31T12:00").as_deref(), Ok("HB matters.csv:2"));
    assert_eq!(pilot("2027-01-01T00:00").as_deref(), Ok("GA rules.csv:5"));
    assert_eq!(pilot("2027-06-30T23:59").as_deref(), Ok("GA rules.csv:5"));
    assert_eq!(pilot("2027-07-01T12:00").as_deref(), Ok("HB matters.csv:2"));
}

#[test]
fn a_matter_that_is_not_in_force_is_nobodys() {
    let c = told(RULES).unwrap();
    let bonus = |at| asked(&c, "bonus", Some("LG0101"), Some(at), None);
    assert_eq!(bonus("2026-12-31T12:00"), Err(NoLead::NotInForce));
    assert_eq!(bonus("2027-01-01T12:00").as_deref(), Ok("CG matters.csv:4"));
    assert_eq!(bonus("2028-01-01T12:00"), Err(NoLead::NotInForce));
}

#[test]
fn what_is_not_known_is_not_guessed() {
    let c = told(RULES).unwrap();
    let units = |asked: Result<String, NoLead>| match asked {
        Err(NoLead::Several(leads)) => leads.iter().map(|l| l.unit.to_string()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    // Without the hour, and without the words, several may lead.
    assert_eq!(units(asked(&c, "noise", Some("LG0101"), None, Some("广场舞"))), ["GA", "HB"]);
    assert_eq!(units(asked(&c, "noise", Some("LG0101"), Some(DAY), None)), ["ZJ", "HB"]);
    // Without the area it is the same unit all over, or nobody is named.
    assert_eq!(asked(&c, "noise", None, Some(NIGHT), Some("广场舞")).as_deref(), Ok("GA rules.csv:2"));
    assert_eq!(asked(&c, "noise", None, Some("2027-02-01T12:00"), Some("广场舞")), Err(NoLead::UnknownArea));
    assert_eq!(asked(&c, "noise", Some("LG"), Some("2027-02-01T12:00"), Some("广场舞")), Err(NoLead::AreaTooLarge));
    assert_eq!(asked(&c, "rubbish", None, Some(DAY), Some("")), Err(NoLead::UnknownArea));
    assert_eq!(asked(&c, "gone", None, None, None), Err(NoLead::UnknownMatter));
    let all = c.may_lead(&MatterCode::new("noise").unwrap(), Some(&AreaCode::new("LG0201").unwrap()));
    assert_eq!(all.iter().map(UnitCode::as_str).collect::<Vec<_>>(), ["GA", "CG", "ZJ", "HB"]);
    assert!(c.asks_for_words(&MatterCode::new("noise").unwrap()));
    assert!(!c.asks_for_words(&MatterCode::new("rubbish").unwrap()));
}

#[test]
fn a_message_that_names_two_subjects_goes_to_a_person_with_both() {
    let rules = "matter,area,lead,assists,note,subject\nnoise,LG,ZJ,,工地,工地\nnoise,LG,GA,,酒吧,酒吧|KTV\n";
    let c = told(rules).unwrap();
    let said = asked(&c, "noise", Some("LG0101"), Some(DAY), Some("工地和ktv都很吵"));
    let Err(NoLead::Several(leads)) = said else { panic!("{said:?}") };
    assert_eq!(leads.iter().map(|l| l.rule_row.to_string()).collect::<Vec<_>>(), ["rules.csv:2", "rules.csv:3"]);
}

#[track_caller]
fn refused(rules: &str, wanted: &[&str]) {
    let found: Vec<String> = told(rules).unwrap_err().0.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), wanted.len(), "{found:#?}");
    for (found, wanted) in found.iter().zip(wanted) {
        assert!(found.contains(wanted), "{wanted:?} not in {found:?}");
    }
}

#[test]
fn overlaps_equal_rows_and_impossible_cells_are_refused_with_both_rows() {
    let with = |rows: &str| format!("matter,area,lead,assists,note,hours,subject,from,until,level,basis\n{rows}");
    let row = |lead: &str, hours: &str, subject: &str, from: &str, until: &str| {
        format!("noise,LG,{lead},,n,{hours},{subject},{from},{until},,\n")
    };
    let two = |a: String, b: String| with(&format!("{a}{b}"));
    refused(
        &two(row("GA", "22:00-06:00", "", "", ""), row("CG", "05:00-07:00", "", "", "")),
        &[
            "rules.csv:3 hours: overlaps line 2: both apply at hours of 22:00-06:00 and of 05:00-07:00, there GA leads and here CG",
        ],
    );
    refused(
        &two(row("GA", "", "工地", "", ""), row("CG", "", "在建工地", "", "")),
        &["rules.csv:3 subject: overlaps line 2: both apply where `工地` and `在建工地` are named"],
    );
    refused(
        &two(row("GA", "", "", "2027-01-01", ""), row("CG", "", "", "", "2027-01-01")),
        &["rules.csv:3 from: overlaps line 2: both apply on the same days"],
    );
    refused(
        &two(row("GA", "22:00-06:00", "", "", ""), row("GA", "22:00-06:00", "", "", "")),
        &["rules.csv:3 matter: line 2 already says who leads for this matter in this area at 22:00-06:00"],
    );
    for apart in [
        two(row("GA", "22:00-06:00", "", "", ""), row("CG", "06:00-07:00", "", "", "")),
        two(row("GA", "", "", "", "2026-12-31"), row("CG", "", "", "2027-01-01", "")),
        two(row("GA", "", "酒吧", "", ""), row("CG", "", "工地", "", "")),
        two(row("GA", "22:00-06:00", "", "", ""), row("CG", "", "", "", "")),
        two(row("GA", "22:00-06:00", "", "", ""), row("GA", "23:00-05:00", "", "", "")),
    ] {
        assert!(told(&apart).is_ok(), "{apart}: {:?}", told(&apart).err());
    }
    refused(&with("noise,LG,GA,,n,22-06,,,,,\n"), &["rules.csv:2 hours: `22-06`: hours must be like 22:00-06:00"]);
    refused(&with("noise,LG,GA,,n,,,2027-02-30,,,\n"), &["rules.csv:2 from: `2027-02-30`: date must be a day"]);
    refused(
        &with("noise,LG,GA,,n,,,2027-02-03,2027-02-01,,\n"),
        &["rules.csv:2 until: 2027-02-01 comes before 2027-02-03"],
    );
    refused(
        &with("bonus,LG,GA,,n,,,2028-02-03,,,\n"),
        &["rules.csv:2 from: the rule is never in force while its matter"],
    );
    refused(
        &with("rubbish,LG01,street,,n,,,,,市,\n"),
        &["rules.csv:2 level: a street office does not act on the level of a city"],
    );
    refused(&with("noise,LG,GA,,n,,,,,街,\n"), &["rules.csv:2 level: `GA` belongs to no sub-district"]);
}

#[test]
fn a_hole_at_some_hours_only_is_a_hole() {
    let areas = format!("{AREAS}LG03,新区,sub-district,LG,,,,,\n");
    let units = format!("{UNITS}{MORE_UNITS}");
    let rules = |rows: &str| format!("matter,area,lead,assists,note,hours,from,until\n{rows}");
    let found = |rows: &str| {
        let rules = rules(rows);
        Catalogue::parse(&Tables { areas: &areas, units: &units, matters: NOISE, rules: &rules })
            .err()
            .map(|p| p.to_string())
    };
    let hole = "matters.csv:3 lead: nobody leads in LG03: no street office there";
    assert!(found("").is_some_and(|p| p.contains(hole)));
    assert!(found("rubbish,LG03,CG,,n,20:00-08:00,,\n").is_some_and(|p| p.contains(hole)), "nobody by day");
    assert_eq!(found("rubbish,LG03,CG,,n,20:00-08:00,,\nrubbish,LG03,HB,,n,08:00-20:00,,\n"), None);
    assert!(found("rubbish,LG03,CG,,n,,2027-01-01,\n").is_some_and(|p| p.contains(hole)), "nobody before");
    assert_eq!(found("rubbish,LG03,CG,,n,,,2026-12-31\nrubbish,LG03,HB,,n,,2027-01-01,\n"), None);
}

#[test]
fn phrases_are_read_like_keywords_and_old_catalogues_keep_their_hash() {
    let c = told(RULES).unwrap();
    let read = c.reader().unwrap().read(&crate::ToRead::words("楼上天天吵得睡不着"));
    assert_eq!(read.matter.as_ref().map(MatterCode::as_str), Some("noise"));
    // A version is named by its content: columns that nobody fills must not rename what is published.
    let stored = serde_json::to_string(&catalogue()).unwrap();
    for column in ["phrases", "hours", "subject", "from", "until", "level\":null", "basis"] {
        assert!(!stored.contains(&format!("\"{column}")), "{column}");
    }
    let stored = serde_json::to_string(&c).unwrap();
    assert_eq!(serde_json::from_str::<Catalogue>(&stored).unwrap(), c);
}

/// Rules as a keeper might write them; most sets contradict themselves somewhere, and are refused.
fn any_rules() -> impl Strategy<Value = String> {
    let row = (
        prop::sample::select(vec!["noise", "rubbish", "bonus"]),
        prop::sample::select(vec!["LG", "LG01", "LG0101", "LG02"]),
        prop::sample::select(vec!["CG", "HB", "GA", "ZJ"]),
        prop::sample::select(vec!["", "22:00-06:00", "06:00-12:00", "12:00-22:00|05:00-06:00"]),
        prop::sample::select(vec!["", "工地", "酒吧|KTV", "在建工地"]),
        prop::sample::select(vec!["", "2027-01-01"]),
        prop::sample::select(vec!["", "2026-12-31", "2027-06-30"]),
    );
    prop::collection::vec(row, 0..7).prop_map(|rows| {
        let rows = rows.into_iter().map(|(m, a, l, h, s, f, u)| format!("{m},{a},{l},,说明,{h},{s},{f},{u},,\n"));
        std::iter::once("matter,area,lead,assists,note,hours,subject,from,until,level,basis\n".to_owned())
            .chain(rows)
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn a_checked_catalogue_has_at_most_one_lead_and_states_its_row(rules in any_rules(), minute in 0u16..1440, day in 0i64..400) {
        let Ok(c) = told(&rules) else { return Ok(()) };
        let date = jiff::civil::date(2026, 10, 1).checked_add(jiff::Span::new().days(day)).unwrap();
        for matter in c.matters() {
            for area in c.areas().iter().filter(|a| a.level == AreaLevel::Community) {
                for words in ["", "工地", "在建工地", "ktv", "酒吧和工地"] {
                    let known = Circumstances {
                        area: Some(&area.code),
                        at: Some(date.to_datetime(times::time_of(minute))),
                        words: Some(words),
                    };
                    match c.lead(&matter.code, &known) {
                        Ok(lead) => {
                            prop_assert!(c.unit(&lead.unit).is_some());
                            let row = lead.rule_row.row;
                            let stated = match lead.rule_row.file {
                                Table::Rules => c.rule_on(lead.rule_row).is_some_and(|r| r.matter == matter.code),
                                Table::Matters => row == matter.row,
                                Table::Areas | Table::Units => false,
                            };
                            prop_assert!(stated, "{}", lead.rule_row);
                            prop_assert!(c.may_lead(&matter.code, Some(&area.code)).contains(&lead.unit));
                        }
                        Err(NoLead::NotInForce) => prop_assert_eq!(matter.code.as_str(), "bonus"),
                        Err(NoLead::Several(_)) => prop_assert_eq!(words, "酒吧和工地", "everything is known, one subject is named"),
                        Err(other) => prop_assert!(false, "{:?}", other),
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_known_less_never_names_another_unit(rules in any_rules(), minute in 0u16..1440) {
        let Ok(c) = told(&rules) else { return Ok(()) };
        let noise = MatterCode::new("noise").unwrap();
        let at = Some(jiff::civil::date(2027, 3, 1).to_datetime(times::time_of(minute)));
        for area in c.areas().iter().filter(|a| a.level == AreaLevel::Community) {
            let full = Circumstances { area: Some(&area.code), at, words: Some("工地") };
            let outer = c.area_path(&area.code).nth(1).map(|a| &a.code);
            for less in [
                Circumstances { area: None, ..full },
                Circumstances { area: outer, ..full },
                Circumstances { at: None, ..full },
                Circumstances { words: None, ..full },
                Circumstances::default(),
            ] {
                if let Ok(lead) = c.lead(&noise, &less) {
                    prop_assert_eq!(Ok(lead.unit), c.lead(&noise, &full).map(|l| l.unit));
                }
            }
        }
    }

    #[test]
    fn tables_written_and_read_again_are_the_same(rules in any_rules()) {
        let Ok(c) = told(&rules) else { return Ok(()) };
        let [areas, units, matters, rules] = Table::ALL.map(|t| c.to_csv(t));
        let again = Catalogue::parse(&Tables { areas: &areas, units: &units, matters: &matters, rules: &rules });
        prop_assert_eq!(again.as_ref(), Ok(&c));
        prop_assert_eq!(again.map(|a| Table::ALL.map(|t| a.to_csv(t))), Ok([areas, units, matters, rules]));
    }
}
