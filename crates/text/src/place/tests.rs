use proptest::prelude::*;

use super::*;

const CSV: &str = "\
code,name,level,parent,lat,lon,aliases,estates,roads,pois
LG,临港区,district,,,,临港,,,
LG01,海湾街道,sub-district,LG,,,,,,
LG0101,望潮社区,community,LG01,,,,望潮花园,明珠路,望潮小学
LG0102,渔火社区,community,LG01,,,,渔火家园,明珠路,
LG02,松岭街道,sub-district,LG,,,,,,
LG0201,松涛社区,community,LG02,,,,松涛苑,,
";

/// Squares of a tenth of a degree: 望潮 west, 渔火 east of it, 松涛 north; the district around them.
const GEOJSON: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"adcode":"LG","name":"临港区"},"geometry":{"type":"MultiPolygon","coordinates":[[[[123.0,30.0],[123.3,30.0],[123.3,30.3],[123.0,30.3],[123.0,30.0]]]]}},
{"type":"Feature","properties":{"code":"LG0101","name":"望潮社区"},"geometry":{"type":"Polygon","coordinates":[[[123.0,30.0],[123.1,30.0],[123.1,30.1],[123.0,30.1],[123.0,30.0]]]}},
{"type":"Feature","properties":{"code":"LG0102","name":"渔火社区"},"geometry":{"type":"Polygon","coordinates":[[[123.1,30.0],[123.2,30.0],[123.2,30.1],[123.1,30.1],[123.1,30.0]]]}},
{"type":"Feature","properties":{"code":"LG010101","name":"望潮一网格","level":"grid","parent":"LG0101"},"geometry":{"type":"Polygon","coordinates":[[[123.0,30.0],[123.05,30.0],[123.05,30.05],[123.0,30.05],[123.0,30.0]]]}},
{"type":"Feature","properties":{"kind":"poi","name":"灯塔公园"},"geometry":{"type":"Point","coordinates":[123.15,30.05]}},
{"type":"Feature","properties":{"kind":"estate","name":"海风苑","area":"LG0201","aliases":["海风一期"]},"geometry":null}
]}"#;

fn map() -> Map {
    let outlines = Map::geojson(GEOJSON, Datum::Wgs84).unwrap();
    let mut map = Map::csv(CSV, Datum::Wgs84).unwrap().with(outlines);
    map.defaults.push(Wgs84::new(30.29, 123.29).unwrap());
    map
}

fn city() -> Gazetteer {
    map().gazetteer().unwrap()
}

fn at(lat: f64, lon: f64) -> Option<Picked> {
    Some(Picked { lat, lon, datum: Datum::Wgs84 })
}

fn area(place: &ToResolve<'_>) -> Option<String> {
    city().resolve(place).area.map(|a| a.to_string())
}

fn why(place: &ToResolve<'_>, source: Source) -> Option<Unknown> {
    city().resolve(place).said.iter().find(|s| s.source == source).and_then(|s| s.area.clone().err())
}

#[test]
fn sources_that_agree_make_each_other_surer() {
    let said =
        ToResolve { picked: at(30.02, 123.02), typed: Some("海湾街道"), text: "临港区望潮花园3栋漏水" };
    let read = city().resolve(&said);
    assert_eq!(read.area.as_ref().map(AreaCode::as_str), Some("LG010101"));
    assert_eq!(read.conflicts, []);
    let parts: Vec<(&str, Option<AreaLevel>, &[Source])> =
        read.parts.iter().map(|p| (p.area.as_str(), p.level, p.sources.as_slice())).collect();
    use Source::{Implied, Picked, Said, Typed};
    assert_eq!(
        parts,
        [
            ("LG", Some(AreaLevel::District), &[Picked, Typed, Said, Implied][..]),
            ("LG01", Some(AreaLevel::SubDistrict), &[Picked, Typed, Implied]),
            ("LG0101", Some(AreaLevel::Community), &[Picked, Implied]),
            ("LG010101", Some(AreaLevel::Grid), &[Picked]),
        ]
    );
    assert!(read.parts.is_sorted_by(|a, b| a.confidence >= b.confidence));
    assert!((read.confidence - Trust::default().inside).abs() < 1e-12);
}

#[test]
fn sources_that_contradict_are_named_and_not_averaged() {
    let said = ToResolve { picked: at(30.05, 123.15), typed: None, text: "望潮社区路灯不亮" };
    let read = city().resolve(&said);
    assert_eq!(read.conflicts, [(Source::Picked, Source::Said)]);
    assert_eq!(read.area.as_ref().map(AreaCode::as_str), Some("LG01"), "the area around both");
    let alone: Vec<_> = read.said.iter().filter_map(|s| s.area.as_ref().ok()).map(AreaCode::as_str).collect();
    assert_eq!(alone, ["LG0102", "LG0101"]);
}

#[test]
fn words_are_read_as_far_as_they_go() {
    assert_eq!(area(&ToResolve { text: "松岭街道", ..Default::default() }).as_deref(), Some("LG02"));
    assert_eq!(area(&ToResolve { text: "海风苑二栋", ..Default::default() }).as_deref(), Some("LG0201"));
    assert_eq!(area(&ToResolve { text: "灯塔公园里", ..Default::default() }).as_deref(), Some("LG0102"));
    let road = city().resolve(&ToResolve { text: "明珠路", ..Default::default() });
    assert_eq!(road.area.as_ref().map(AreaCode::as_str), Some("LG01"), "the road runs through two");
    assert!(road.confidence <= Trust::default().shared);
    let sources: Vec<Source> = road.said.iter().filter(|s| s.area.is_ok()).map(|s| s.source).collect();
    assert_eq!(sources, [Source::Implied]);
}

#[test]
fn a_point_that_says_nothing_says_why() {
    let picked = |p| ToResolve { picked: p, ..Default::default() };
    assert_eq!(why(&picked(None), Source::Picked), Some(Unknown::NotGiven));
    assert_eq!(why(&picked(at(0.0, 0.0)), Source::Picked), Some(Unknown::NoPoint(NoPoint::Zero)));
    assert_eq!(why(&picked(at(123.0, 30.0)), Source::Picked), Some(Unknown::NoPoint(NoPoint::OutOfRange)));
    assert_eq!(why(&picked(at(34.244, -73.651)), Source::Picked), Some(Unknown::OutsideEveryArea));
    assert_eq!(why(&picked(at(30.29, 123.29)), Source::Picked), Some(Unknown::DefaultPoint));
    assert_eq!(why(&ToResolve { text: "某处", ..Default::default() }, Source::Said), Some(Unknown::NoKnownName));
    let sea = city().resolve(&picked(at(34.244, -73.651)));
    assert_eq!((sea.area, sea.confidence, sea.parts.len()), (None, 0.0, 0));
}

#[test]
fn a_map_in_another_datum_is_converted_first() {
    let gcj: Gcj02 = Wgs84::new(30.000_5, 123.000_5).unwrap().into();
    let picked = |datum| Picked { lat: gcj.0.lat, lon: gcj.0.lon, datum };
    let edge = ToResolve { picked: Some(picked(Datum::Gcj02)), ..Default::default() };
    assert_eq!(area(&edge).as_deref(), Some("LG010101"));
    let outlines = Map::geojson(GEOJSON, Datum::Gcj02).unwrap().areas[0].outline.clone().unwrap();
    let corner = outlines.0[0].exterior().0[0];
    let back: Gcj02 = Wgs84(suban_domain::Point { lat: corner.y, lon: corner.x }).into();
    assert!((back.0.lat - 30.0).abs() < 1e-6 && (back.0.lon - 123.0).abs() < 1e-6);
}

#[test]
fn without_outlines_centres_decide() {
    let csv = "code,name,lat,lon\nA1,东社区,31.0,121.0\nA2,西社区,31.0,121.05\n";
    let g = Map::csv(csv, Datum::Wgs84).unwrap().gazetteer().unwrap();
    let read = g.resolve(&ToResolve { picked: at(31.001, 121.001), ..Default::default() });
    assert_eq!(read.area.as_ref().map(AreaCode::as_str), Some("A1"));
    assert!((read.confidence - Trust::default().near).abs() < 1e-12);
    let far = g.resolve(&ToResolve { picked: at(32.0, 121.0), ..Default::default() });
    assert_eq!(far.said[0].area, Err(Unknown::FarFromEveryCentre));
}

#[test]
fn a_broken_csv_is_told_by_line() {
    let told = |csv: &str| match Map::csv(csv, Datum::Wgs84).and_then(|m| m.gazetteer().map(|_| ())) {
        Err(faults) => faults.to_string(),
        Ok(()) => String::new(),
    };
    assert!(told("code,nom\nA,x\n").starts_with("line 1: `nom` is no column of a map; its columns are code, name"));
    let faults = told("code,name,level,parent,lat,lon\nA,甲,town,,1,\nB,,district,,,\n");
    assert!(faults.contains("line 2: level `town`") && faults.contains("line 2: lat `1`"), "{faults}");
    assert!(faults.contains("line 3: name is empty"), "{faults}");
    assert!(told("code,name\nA,甲\nA,乙\n").contains("line 3: code A stands twice"));
    assert!(told("code,name,parent\nA,甲,Z\n").contains("line 2: parent Z is not on the map"));
    assert!(told("code,name,parent\nA,甲,B\nB,乙,A\n").contains("line 2: A lies inside itself"));
    assert!(
        told("code,name,level,parent\nA,甲,community,\nB,乙,district,A\n").contains("cannot lie in A, a community")
    );
    assert!(told("code,name,lat,lon\nA,甲,121,31\n").contains("swapped"));
}

#[test]
fn a_broken_geojson_is_told_by_feature() {
    let told = |features: &str| {
        let text = format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#);
        match Map::geojson(&text, Datum::Gcj02).and_then(|m| m.gazetteer().map(|_| ())) {
            Err(faults) => faults.to_string(),
            Ok(()) => String::new(),
        }
    };
    let good = r#"{"type":"Feature","properties":{"code":"A","name":"甲"},"geometry":{"type":"Polygon","coordinates":[[[1.5,1],[2,1],[2,2],[1.5,1]]]}}"#;
    assert_eq!(told(good), "");
    let line = good.replace("Polygon", "LineString").replace("[[[1.5,1],[2,1],[2,2],[1.5,1]]]", "[[1.5,1],[2,1]]");
    assert!(told(&format!("{good},{line}")).starts_with("feature 2: "), "{}", told(&format!("{good},{line}")));
    assert!(told(&good.replace(",[1.5,1]]", "]")).contains("feature 1: a ring of a polygon needs four"));
    assert!(told(&good.replace("[2,2]", "[2,200]")).contains("feature 1: position 2,200"));
    assert!(told(&good.replace("\"A\"", "null")).contains("feature 1: code (or adcode)"));
    assert!(told(&good.replace("\"甲\"", "\" \"")).contains("feature 1: has no name"));
    let lost = r#"{"type":"Feature","properties":{"kind":"poi","name":"孤岛"},"geometry":{"type":"Point","coordinates":[50,50]}}"#;
    assert!(told(&format!("{good},{lost}")).contains("feature 2: 孤岛: the point lies outside every area"));
    assert!(Map::geojson("{}", Datum::Wgs84).unwrap_err().to_string().starts_with("file: is no GeoJSON"));
}

proptest! {
    #[test]
    fn anything_is_resolved(text in "(望潮社区|渔火社区|松涛苑|明珠路|临港区|\\PC){0,10}", typed in proptest::option::of("\\PC{0,20}"), lat in -100.0f64..100.0, lon in -200.0f64..200.0, here in any::<bool>()) {
        let (lat, lon) = if here { (30.0 + lat.abs() / 300.0, 123.0 + lon.abs() / 600.0) } else { (lat, lon) };
        let read = city().resolve(&ToResolve { picked: at(lat, lon), typed: typed.as_deref(), text: &text });
        prop_assert!((0.0..=1.0).contains(&read.confidence));
        prop_assert_eq!(read.parts.last().map(|p| &p.area), read.area.as_ref());
        prop_assert!(read.parts.is_sorted_by(|a, b| a.confidence >= b.confidence));
    }

    #[test]
    fn broken_files_are_told_and_never_panic(cut in 0usize..2000, bit in "[\\[\\]{},:\"0-9a-z]{0,4}") {
        for whole in [CSV, GEOJSON] {
            let at = whole.floor_char_boundary(cut);
            let text = format!("{}{bit}{}", &whole[..at], &whole[at..]);
            let _ = Map::csv(&text, Datum::Wgs84).and_then(|m| m.gazetteer());
            let _ = Map::geojson(&text, Datum::Gcj02).and_then(|m| m.gazetteer());
        }
    }
}
