//! A city's map from files: areas with their outlines, and the named things inside them.
//!
//! CSV has the columns of a catalogue's `areas.csv`. GeoJSON is a FeatureCollection of points and
//! polygons; a feature's properties are `code` (or `adcode`), `name`, `level`, `parent`, `aliases`, or
//! for a thing inside an area `kind` (`estate`, `road`, `poi`), `name` and `area`, which its
//! place on the map stands in for. Several files make one map ([`Map::with`]); what is wrong is told by
//! file line or feature number, all of it at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use geo::{Centroid as _, Coord, LineString, MultiPolygon, Polygon};
use serde::Deserialize;
use serde_json::Value;
use suban_domain::{AreaCode, Point};

use super::{Datum, Gcj02, NoPoint, Outlines, Wgs84};
use crate::area::{Gazetteer, Place};
use crate::catalogue::AreaLevel;

/// Between several values of one cell.
const LIST: char = '|';
/// Columns of the CSV; the first two must be there.
const COLUMNS: &[&str] = &["code", "name", "level", "parent", "lat", "lon", "aliases", "estates", "roads", "pois"];

/// Where in a file something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// The file as a whole.
    File,
    /// A line of a CSV, counted from 1 with the heading.
    Line(u64),
    /// A feature of a GeoJSON, counted from 1.
    Feature(usize),
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("file"),
            Self::Line(n) => write!(f, "line {n}"),
            Self::Feature(n) => write!(f, "feature {n}"),
        }
    }
}

/// One thing that is wrong with a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub at: At,
    /// What, and what to do.
    pub text: String,
}

/// Everything that is wrong with a map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            write!(f, "{}{}: {}", if i == 0 { "" } else { "\n" }, fault.at, fault.text)?;
        }
        Ok(())
    }
}

/// An area of the map.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    /// Its code.
    pub code: AreaCode,
    /// Its name and other names of its own, the official first.
    pub names: Vec<String>,
    /// Its level.
    pub level: Option<AreaLevel>,
    /// The area around it.
    pub parent: Option<AreaCode>,
    /// Its centre.
    pub centre: Option<Wgs84>,
    /// Its outline in WGS-84, x east and y north.
    pub outline: Option<MultiPolygon<f64>>,
    at: At,
}

/// An estate, a road or another thing by whose name an area is known.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedPlace {
    /// Its name and other names.
    pub names: Vec<String>,
    /// The area it lies in, where the file says it; otherwise its point does.
    pub area: Option<AreaCode>,
    /// Where it stands.
    pub point: Option<Wgs84>,
    at: At,
}

/// Areas and named things of one or several files.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map {
    /// Areas in the order of the files.
    pub areas: Vec<Area>,
    /// Things inside them.
    pub places: Vec<NamedPlace>,
    /// Points in WGS-84 that channels fill in when they know none; read as unknown.
    pub defaults: Vec<Wgs84>,
}

impl Map {
    /// Reads a CSV whose `lat` and `lon`, if it has them, are in `datum`.
    ///
    /// # Errors
    /// Every fault by its line.
    pub fn csv(text: &str, datum: Datum) -> Result<Self, Faults> {
        let mut map = Self::default();
        let mut faults = Vec::new();
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let heading = match reader.headers() {
            Ok(heading) => heading.clone(),
            Err(e) => return Err(Faults(vec![Fault { at: At::Line(1), text: format!("is no CSV in UTF-8: {e}") }])),
        };
        for column in heading.iter().filter(|h| !COLUMNS.contains(h)) {
            let text = format!("`{column}` is no column of a map; its columns are {}", COLUMNS.join(", "));
            faults.push(Fault { at: At::Line(1), text });
        }
        for column in COLUMNS.iter().take(2).filter(|c| !heading.iter().any(|h| h == **c)) {
            faults.push(Fault { at: At::Line(1), text: format!("has no column `{column}`") });
        }
        if !faults.is_empty() {
            return Err(Faults(faults));
        }
        for record in reader.records() {
            match record {
                Ok(record) => {
                    let at = At::Line(record.position().map_or(0, csv::Position::line));
                    let cell = |column: &str| {
                        let i = heading.iter().position(|h| h == column);
                        i.and_then(|i| record.get(i)).unwrap_or("").to_owned()
                    };
                    map.read_row(cell, datum, at, &mut faults);
                }
                Err(e) => {
                    let line = e.position().map_or(0, csv::Position::line);
                    faults.push(Fault { at: At::Line(line), text: format!("cannot be read: {e}") });
                }
            }
        }
        map.or(faults)
    }

    fn read_row(&mut self, cell: impl Fn(&str) -> String, datum: Datum, at: At, faults: &mut Vec<Fault>) {
        let list = |column: &str| -> Vec<String> { split(&cell(column)) };
        let before = faults.len();
        let mut fault = |text: String| faults.push(Fault { at, text });
        let code = AreaCode::new(cell("code")).map_err(|e| fault(format!("code: {e}"))).ok();
        let name = cell("name");
        if name.is_empty() {
            fault("name is empty".to_owned());
        }
        let level = level(&cell("level"), &mut fault);
        let parent = area(&cell("parent"), "parent", &mut fault);
        let centre = match (cell("lat").as_str(), cell("lon").as_str()) {
            ("", "") => None,
            (lat, lon) => match (lat.parse(), lon.parse()) {
                (Ok(lat), Ok(lon)) => point(lat, lon, datum).map_err(|e| fault(e.to_string())).ok(),
                (Ok(_) | Err(_), _) => {
                    fault(format!("lat `{lat}` and lon `{lon}` must both be degrees, or both empty"));
                    None
                }
            },
        };
        let Some(code) = code.filter(|_| faults.len() == before) else { return };
        for column in ["estates", "roads", "pois"] {
            for name in list(column) {
                self.places.push(NamedPlace { names: vec![name], area: Some(code.clone()), point: None, at });
            }
        }
        let names = std::iter::once(name).chain(list("aliases")).collect();
        self.areas.push(Area { code, names, level, parent, centre, outline: None, at });
    }

    /// Reads a GeoJSON FeatureCollection whose coordinates are in `datum`.
    ///
    /// # Errors
    /// Every fault by its feature.
    pub fn geojson(text: &str, datum: Datum) -> Result<Self, Faults> {
        let whole = |text: String| Faults(vec![Fault { at: At::File, text }]);
        let file: Collection = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|e| whole(format!("is no GeoJSON FeatureCollection: {e}")))?;
        if file.kind != "FeatureCollection" {
            return Err(whole(format!("has type `{}`; a FeatureCollection is needed", file.kind)));
        }
        let mut map = Self::default();
        let mut faults = Vec::new();
        for (n, feature) in file.features.into_iter().enumerate() {
            let at = At::Feature(n + 1);
            match serde_json::from_value::<Feature>(feature) {
                Ok(feature) => map.read_feature(&feature, datum, at, &mut faults),
                Err(e) => faults.push(Fault {
                    at,
                    text: format!(
                        "{e}; a feature has properties and a geometry of type Point, Polygon or MultiPolygon"
                    ),
                }),
            }
        }
        map.or(faults)
    }

    fn read_feature(&mut self, feature: &Feature, datum: Datum, at: At, faults: &mut Vec<Fault>) {
        let before = faults.len();
        let mut fault = |text: String| faults.push(Fault { at, text });
        let Properties { code, adcode, name, kind, level: said_level, parent, area: said_area, aliases } =
            &feature.properties;
        let mut names: Vec<String> = name.iter().map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect();
        if names.is_empty() {
            fault("has no name".to_owned());
        }
        names.extend(aliases.iter().flat_map(Aliases::list));
        let geometry = feature.geometry.as_ref().map(|g| g.read(datum)).transpose().map_err(&mut fault).ok().flatten();
        match kind.as_deref() {
            None | Some("area") => {
                let code = code.as_ref().or(adcode.as_ref()).map(plain).unwrap_or_default();
                let code = AreaCode::new(code).map_err(|e| fault(format!("code (or adcode): {e}"))).ok();
                let level = level(said_level.as_deref().unwrap_or(""), &mut fault);
                let parent = area(&parent.as_ref().map(plain).unwrap_or_default(), "parent", &mut fault);
                let (centre, outline) = match geometry {
                    None => (None, None),
                    Some(Shape::Point(p)) => (Some(p), None),
                    Some(Shape::Outline(outline)) => (None, Some(outline)),
                };
                let Some(code) = code.filter(|_| faults.len() == before) else { return };
                self.areas.push(Area { code, names, level, parent, centre, outline, at });
            }
            Some("estate" | "road" | "poi") => {
                let area = area(&said_area.as_ref().map(plain).unwrap_or_default(), "area", &mut fault);
                let point = match geometry {
                    None => None,
                    Some(Shape::Point(p)) => Some(p),
                    Some(Shape::Outline(outline)) => {
                        outline.centroid().map(|c| Wgs84(Point { lat: c.y(), lon: c.x() }))
                    }
                };
                if area.is_none() && point.is_none() {
                    fault("has neither an area nor a place on the map".to_owned());
                }
                if faults.len() == before {
                    self.places.push(NamedPlace { names, area, point, at });
                }
            }
            Some(other) => fault(format!("kind `{other}` must be one of area estate road poi")),
        }
    }

    fn or(self, faults: Vec<Fault>) -> Result<Self, Faults> {
        if faults.is_empty() { Ok(self) } else { Err(Faults(faults)) }
    }

    /// Adds another file. An area that both have keeps what this one says and takes what it lacks.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        let mut at: BTreeMap<AreaCode, usize> = BTreeMap::new();
        for (i, area) in self.areas.iter().enumerate() {
            at.entry(area.code.clone()).or_insert(i);
        }
        for area in other.areas {
            match at.get(&area.code).and_then(|i| self.areas.get_mut(*i)) {
                None => self.areas.push(area),
                Some(known) => {
                    known.level = known.level.or(area.level);
                    known.parent = known.parent.take().or(area.parent);
                    known.centre = known.centre.or(area.centre);
                    known.outline = known.outline.take().or(area.outline);
                    known.names.extend(area.names);
                }
            }
        }
        self.places.extend(other.places);
        self.defaults.extend(other.defaults);
        self
    }

    /// The gazetteer of the map.
    ///
    /// # Errors
    /// A code that stands twice, a parent or an area that is not there, a ring of parents, a level that is
    /// not below its parent's, a thing outside every area: all of them, by line or feature.
    pub fn gazetteer(&self) -> Result<Gazetteer, Faults> {
        let mut faults = self.check();
        let by_code: BTreeMap<&AreaCode, usize> = self.areas.iter().enumerate().map(|(i, a)| (&a.code, i)).collect();
        let outlines =
            Outlines::new(self.areas.iter().enumerate().filter_map(|(i, a)| Some((i, a.outline.clone()?))).collect());
        let mut places: Vec<Place> = self
            .areas
            .iter()
            .map(|a| Place {
                code: a.code.clone(),
                parent: a.parent.clone(),
                names: a.names.clone(),
                centre: a.centre.map(|c| c.0),
            })
            .collect();
        let mut implied: Vec<Vec<String>> = vec![Vec::new(); places.len()];
        if faults.is_empty() {
            let bare = Gazetteer::new(&places).map_err(too_many)?.with_map(outlines.clone(), self.levels(), &[]);
            for place in &self.places {
                let area = match (&place.area, place.point) {
                    (Some(code), _) => {
                        by_code.get(code).copied().ok_or_else(|| format!("area {code} is not on the map"))
                    }
                    (None, Some(point)) => bare.place_of(point.0).map(|(at, _)| at).map_err(|e| e.to_string()),
                    (None, None) => Err("has neither an area nor a place on the map".to_owned()),
                };
                match area {
                    Ok(at) => implied[at].extend(place.names.iter().cloned()),
                    Err(why) => {
                        let name = place.names.first().map_or("", String::as_str);
                        faults.push(Fault { at: place.at, text: format!("{name}: {why}") });
                    }
                }
            }
        }
        if !faults.is_empty() {
            return Err(Faults(faults));
        }
        let own: Vec<usize> = places.iter().map(|p| p.names.len()).collect();
        for (place, names) in places.iter_mut().zip(implied) {
            place.names.extend(names);
        }
        let defaults: Vec<Point> = self.defaults.iter().map(|d| d.0).collect();
        Ok(Gazetteer::with_own_names(&places, Some(&own)).map_err(too_many)?.with_map(
            outlines,
            self.levels(),
            &defaults,
        ))
    }

    fn levels(&self) -> Vec<Option<AreaLevel>> {
        self.areas.iter().map(|a| a.level).collect()
    }

    fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let by_code: BTreeMap<&AreaCode, &Area> = self.areas.iter().rev().map(|a| (&a.code, a)).collect();
        let mut seen = BTreeSet::new();
        for area in &self.areas {
            let mut fault = |text: String| faults.push(Fault { at: area.at, text });
            if !seen.insert(&area.code) {
                fault(format!("code {} stands twice", area.code));
            }
            let Some(parent) = &area.parent else { continue };
            let Some(around) = by_code.get(parent) else {
                fault(format!("parent {parent} is not on the map"));
                continue;
            };
            if let (Some(outer), Some(inner)) = (around.level, area.level)
                && outer >= inner
            {
                fault(format!("{} is a {} and cannot lie in {parent}, a {}", area.code, inner.code(), outer.code()));
            }
            let steps = std::iter::successors(Some(*around), |a| by_code.get(a.parent.as_ref()?).copied());
            if steps.take(self.areas.len() + 1).any(|a| a.code == area.code) {
                fault(format!("{} lies inside itself: its parents make a ring", area.code));
            }
        }
        faults
    }
}

fn too_many(e: crate::TooManyWords) -> Faults {
    Faults(vec![Fault { at: At::File, text: e.to_string() }])
}

fn split(cell: &str) -> Vec<String> {
    cell.split(LIST).map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned).collect()
}

fn level(word: &str, fault: &mut impl FnMut(String)) -> Option<AreaLevel> {
    if word.is_empty() {
        return None;
    }
    word.parse().map_err(|e| fault(format!("level `{word}`: {e}"))).ok()
}

fn area(code: &str, what: &str, fault: &mut impl FnMut(String)) -> Option<AreaCode> {
    if code.is_empty() {
        return None;
    }
    AreaCode::new(code).map_err(|e| fault(format!("{what} `{code}`: {e}"))).ok()
}

fn point(lat: f64, lon: f64, datum: Datum) -> Result<Wgs84, NoPoint> {
    match datum {
        Datum::Wgs84 => Wgs84::new(lat, lon),
        Datum::Gcj02 => Gcj02::new(lat, lon).map(Wgs84::from),
    }
}

/// A code is a string in some files and a number in others.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, str::to_owned)
}

#[derive(Deserialize)]
struct Collection {
    #[serde(rename = "type")]
    kind: String,
    features: Vec<Value>,
}

#[derive(Deserialize)]
struct Feature {
    properties: Properties,
    geometry: Option<Geometry>,
}

/// Other properties are somebody else's and are left alone.
#[derive(Deserialize)]
struct Properties {
    code: Option<Value>,
    adcode: Option<Value>,
    name: Option<String>,
    kind: Option<String>,
    level: Option<String>,
    parent: Option<Value>,
    area: Option<Value>,
    aliases: Option<Aliases>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Aliases {
    Cell(String),
    List(Vec<String>),
}

impl Aliases {
    fn list(&self) -> Vec<String> {
        match self {
            Self::Cell(cell) => split(cell),
            Self::List(list) => list.iter().flat_map(|n| split(n)).collect(),
        }
    }
}

/// Longitude, latitude, perhaps a height.
type Position = Vec<f64>;

#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Point(Position),
    Polygon(Vec<Vec<Position>>),
    MultiPolygon(Vec<Vec<Vec<Position>>>),
}

enum Shape {
    Point(Wgs84),
    Outline(MultiPolygon<f64>),
}

impl Geometry {
    fn read(&self, datum: Datum) -> Result<Shape, String> {
        match self {
            Self::Point(position) => position_of(position, datum).map(Shape::Point),
            Self::Polygon(rings) => Ok(Shape::Outline(MultiPolygon(vec![polygon(rings, datum)?]))),
            Self::MultiPolygon(polygons) => {
                let polygons = polygons.iter().map(|p| polygon(p, datum)).collect::<Result<Vec<_>, _>>()?;
                Ok(Shape::Outline(MultiPolygon(polygons)))
            }
        }
    }
}

fn position_of(position: &[f64], datum: Datum) -> Result<Wgs84, String> {
    let [lon, lat, ..] = position else { return Err("a position needs longitude and latitude".to_owned()) };
    point(*lat, *lon, datum).map_err(|e| format!("position {lon},{lat}: {e}"))
}

fn polygon(rings: &[Vec<Position>], datum: Datum) -> Result<Polygon<f64>, String> {
    let mut read = Vec::with_capacity(rings.len());
    for ring in rings {
        if ring.len() < 4 || ring.first() != ring.last() {
            return Err("a ring of a polygon needs four positions or more, the last equal to the first".to_owned());
        }
        let coords = ring
            .iter()
            .map(|p| position_of(p, datum).map(|Wgs84(p)| Coord { x: p.lon, y: p.lat }))
            .collect::<Result<Vec<_>, _>>()?;
        read.push(LineString(coords));
    }
    let mut read = read.into_iter();
    let outer = read.next().ok_or("a polygon needs a ring")?;
    Ok(Polygon::new(outer, read.collect()))
}
