//! The catalogues that ship: they are whole, and plain sentences about each matter are read as it.

#![cfg(test)]

use std::path::Path;

use suban_text::catalogue::{AreaLevel, UnitKind};
use suban_text::{Catalogue, Circumstances, Tables, ToRead};

fn catalogue(folder: &str) -> Catalogue {
    let read = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/demo").join(folder).join(name);
        std::fs::read_to_string(path).unwrap()
    };
    let (areas, units, matters, rules) = (read("areas.csv"), read("units.csv"), read("matters.csv"), read("rules.csv"));
    let tables = Tables { areas: &areas, units: &units, matters: &matters, rules: &rules };
    Catalogue::parse(&tables).unwrap_or_else(|problems| panic!("{folder}: {problems}"))
}

#[test]
fn the_district_has_the_size_it_says() {
    let c = catalogue("");
    let areas = |level| c.areas().iter().filter(|a| a.level == level).count();
    assert_eq!((areas(AreaLevel::SubDistrict), areas(AreaLevel::Community)), (12, 90));
    assert_eq!(c.units().iter().filter(|u| u.kind != UnitKind::Team).count(), 40);
    assert_eq!(c.matters().len(), 81);
    assert!(c.areas().iter().filter(|a| a.level == AreaLevel::Community).all(|a| a.centre.is_some()));
}

#[test]
fn the_other_two_are_whole() {
    assert_eq!(catalogue("messages").matters().len(), 7);
    let c = catalogue("en");
    assert_eq!(c.areas().iter().filter(|a| a.level == AreaLevel::District).count(), 8);
    assert_eq!(c.units().iter().filter(|u| u.kind != UnitKind::Team).count(), 12);
    assert_eq!(c.matters().len(), 40);
}

#[test]
fn every_centre_lies_in_its_own_community() {
    let c = catalogue("");
    let g = c.gazetteer().unwrap();
    for area in c.areas().iter().filter(|a| a.level == AreaLevel::Community) {
        assert_eq!(area.centre.and_then(|p| g.by_point(p)), Some(&area.code));
    }
}

/// `matter|area|sentence`; an empty area is not checked.
fn read_as_meant(folder: &str, sentences: &str) {
    let c = catalogue(folder);
    let reader = c.reader().unwrap();
    let mut wrong = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for line in sentences.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let [matter, area, text] = line.splitn(3, '|').collect::<Vec<_>>()[..] else { panic!("{line}") };
        seen.insert(matter.to_owned());
        let read = reader.read(&ToRead::words(text));
        let said = read.matter.as_ref().map_or("–", |m| m.as_str());
        let place = read.area.as_ref().map_or("–", |a| a.as_str());
        if said != matter || (!area.is_empty() && place != area) {
            wrong.push(format!("{line}\n    read as {said} in {place}: {:?}", read.candidates));
        }
    }
    let missing: Vec<_> =
        c.matters().iter().filter(|m| !seen.contains(m.code.as_str())).map(|m| m.code.as_str()).collect();
    assert!(missing.is_empty(), "no sentence for {missing:?}");
    assert!(wrong.is_empty(), "{} sentences misread:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn sentences_of_the_district_are_read_as_meant() {
    read_as_meant("", include_str!("sentences.zh.txt"));
}

#[test]
fn sentences_of_the_english_city_are_read_as_meant() {
    read_as_meant("en", include_str!("sentences.en.txt"));
}

/// Who leads where the sentence was said, by which row.
fn led(c: &Catalogue, matter: &str, area: &str, at: &str, words: &str) -> String {
    let (matter, area) = (matter.parse().unwrap(), area.parse().unwrap());
    let known = Circumstances { area: Some(&area), at: Some(at.parse().unwrap()), words: Some(words) };
    c.lead(&matter, &known).unwrap().unit.to_string()
}

#[test]
fn noise_goes_by_the_hour_and_by_what_makes_it() {
    let (day, night) = ("2026-11-27T15:00", "2026-11-27T23:30");
    let c = catalogue("");
    assert_eq!(led(&c, "HJ-01", "LG0101", day, "楼下在施工,很吵"), "STHJJ");
    assert_eq!(led(&c, "HJ-01", "LG0101", night, "楼下在施工,很吵"), "GAFJ");
    assert_eq!(led(&c, "HJ-01", "LG0101", night, "旁边工地夜间施工,还在打桩"), "ZJJ");
    assert_eq!(led(&c, "HJ-01", "LG1201", night, "码头施工噪声"), "STHJJ", "the port has a rule of its own");
    assert_eq!(led(&c, "WS-02", "LG0101", "2027-04-30T12:00", "蚊子多"), "JD01");
    assert_eq!(led(&c, "WS-02", "LG0101", "2027-05-01T12:00", "蚊子多"), "WJJ");
    let c = catalogue("en");
    assert_eq!(led(&c, "noise-site", "PA02", night, "jackhammer"), "POL");
    assert_eq!(led(&c, "noise-site", "PA02", day, "jackhammer"), "BLDG");
    assert_eq!(led(&c, "noise-music", "PA02", day, "Loud bass from the nightclub"), "HEALTH");
    assert_eq!(led(&c, "noise-music", "PA02", night, "Loud bass from the nightclub"), "POL");
}
