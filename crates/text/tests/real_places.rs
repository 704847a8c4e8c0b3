//! A real district as an example of a map (`../shared/data`, never copied here). Skips, saying so, where it is missing.

#![cfg(test)]

use std::collections::BTreeSet;
use std::path::Path;

use suban_domain::AreaCode;
use suban_text::{Datum, Gcj02, Map, Picked, Source, ToResolve, Unknown, Wgs84};

fn data(name: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/places").join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(_) => {
            println!("skipped: {} is not here; published places are not part of the project", path.display());
            None
        }
    }
}

/// One row a community with its ancestors beside it, brought to one row an area.
fn areas(published: &str) -> String {
    let mut rows = BTreeSet::new();
    for row in csv::Reader::from_reader(published.as_bytes()).records().map(Result::unwrap) {
        if row[3].contains("保税区") {
            continue;
        }
        let short = |name: &str| name.trim_end_matches("社区").to_owned();
        rows.insert(format!("{},{},district,,", &row[0], &row[1]));
        rows.insert(format!("{},{},sub-district,{},", &row[2], &row[3], &row[0]));
        rows.insert(format!("{},{},community,{},{}", &row[4], &row[5], &row[2], short(&row[5])));
    }
    format!("code,name,level,parent,aliases\n{}\n", rows.into_iter().collect::<Vec<_>>().join("\n"))
}

#[test]
fn a_published_district_imports_and_resolves() {
    let (Some(communities), Some(outlines)) = (data("futian_communities.csv"), data("shenzhen_districts.geojson"))
    else {
        return;
    };
    let names = Map::csv(&areas(&communities), Datum::Wgs84).unwrap_or_else(|e| panic!("{e}"));
    let outlines = Map::geojson(&outlines, Datum::Gcj02).unwrap_or_else(|e| panic!("{e}"));
    let map = names.with(outlines);
    let count = |prefix: &str, len: usize| {
        map.areas.iter().filter(|a| a.code.as_str().starts_with(prefix) && a.code.as_str().len() == len).count()
    };
    assert_eq!((count("440304", 9), count("440304", 12), count("4403", 6)), (10, 92, 9));
    let g = map.gazetteer().unwrap_or_else(|e| panic!("{e}"));
    let resolve = |lat: f64, lon: f64, text: &str| {
        g.resolve(&ToResolve { picked: Some(Picked { lat, lon, datum: Datum::Gcj02 }), typed: None, text })
    };
    // The civic centre lies in Futian; a named community makes it narrower, one elsewhere would contradict.
    let read = resolve(22.5431, 114.0579, "福田街道福安社区");
    assert!(read.area.as_ref().is_some_and(|a| a.as_str().len() == 12 && a.as_str().starts_with("440304")), "{read:?}");
    assert_eq!(read.conflicts, []);
    assert_eq!(read.parts[0].sources, [Source::Picked, Source::Said]);
    let wrong = resolve(22.7, 114.35, "福田街道福安社区");
    assert_eq!(wrong.conflicts, [(Source::Picked, Source::Said)]);
    assert_eq!(wrong.area, None, "two districts without a city around them share nothing");
    let sea = resolve(22.0, 114.6, "");
    assert_eq!(sea.said[0].area, Err(Unknown::OutsideEveryArea));
    // The datum decides at a border: there are points of one district that the other datum puts into the next.
    let (mut moved, mut all) = (0, 0);
    for i in 0..200 {
        let at = Gcj02::new(22.50 + f64::from(i) * 0.0006, 114.09).unwrap();
        let right = g.by_point(Wgs84::from(at).0).map(AreaCode::as_str);
        all += 1;
        moved += usize::from(g.by_point(at.0).map(AreaCode::as_str) != right);
    }
    println!("{moved} of {all} points along one meridian change their district when the datum is ignored");
    assert!(moved > 0);
}
