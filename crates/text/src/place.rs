//! Where a message is about: every source read by itself, then put together without averaging.
//!
//! A place is picked on the map, typed into a field, said in the message, or implied by an estate, a
//! road or a school that is named. [`Gazetteer::resolve`] reads each and gives the narrowest area
//! that contradicts none of them, each step on the way with the sources that carry it and a
//! confidence. Sources that contradict each other are named; the area falls back to the one around
//! both, never to something in between. A source that says nothing says why ([`Unknown`]).
//!
//! Maps come from CSV and GeoJSON ([`Map`]), in WGS-84 or GCJ-02 as the caller declares ([`Datum`]).

mod datum;
mod map;
mod outline;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use suban_domain::AreaCode;

pub use datum::{Datum, Gcj02, NoPoint, Wgs84};
pub use map::{Area, At, Fault, Faults, Map, NamedPlace};
pub(crate) use outline::Outlines;

use crate::area::Gazetteer;
use crate::catalogue::AreaLevel;
use crate::extract::Named;
use crate::fold::fold;

/// Who says where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Source {
    /// A point on the map.
    Picked,
    /// An area's name in the field for the place.
    Typed,
    /// An area's name in the message.
    Said,
    /// An estate, road or other thing named in either, whose area the map knows.
    Implied,
}

/// Why a source says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// It was not given.
    #[error("nothing was given")]
    NotGiven,
    /// The point is none.
    #[error(transparent)]
    NoPoint(#[from] NoPoint),
    /// The point is one that a channel fills in when it knows none.
    #[error("the point is a default that stands for no place")]
    DefaultPoint,
    /// Outlines are known and none holds the point: the sea, or another city.
    #[error("the point lies outside every area")]
    OutsideEveryArea,
    /// No outlines are known and no centre is within reach.
    #[error("no area's centre is within reach of the point")]
    FarFromEveryCentre,
    /// No name in the words is in the gazetteer, or the names share no area.
    #[error("no name of the gazetteer decides")]
    NoKnownName,
}

/// A point as a channel gives it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Picked {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// The datum of the map it was picked on.
    pub datum: Datum,
}

/// What is known of a place before it is resolved.
#[derive(Debug, Clone, Copy, Default)]
pub struct ToResolve<'a> {
    /// A point on the map.
    pub picked: Option<Picked>,
    /// The field for the place.
    pub typed: Option<&'a str>,
    /// The message itself.
    pub text: &'a str,
}

/// What one source said by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Which source.
    pub source: Source,
    /// The area it names, or why none.
    pub area: Result<AreaCode, Unknown>,
    /// The names it rests on, folded; empty for the map.
    pub because: Vec<Arc<str>>,
    /// How likely it is right, 0 to 1, by [`Trust`]; 0 when it names none.
    pub confidence: f64,
}

/// One area on the way from the outermost to the resolved one.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Its code.
    pub area: AreaCode,
    /// Its level, where the map tells it.
    pub level: Option<AreaLevel>,
    /// The sources that name it or something inside it.
    pub sources: Vec<Source>,
    /// How likely it is right, 0 to 1: one minus the chance that all of them are wrong.
    pub confidence: f64,
}

/// A place put together from its sources.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The narrowest area that contradicts no source. `None` is an answer; `said` tells why.
    pub area: Option<AreaCode>,
    /// Confidence of that area, 0 to 1.
    pub confidence: f64,
    /// The areas around it and itself, the outermost first.
    pub parts: Vec<Part>,
    /// Each source by itself, in the order of [`Source`].
    pub said: Vec<Said>,
    /// Sources that contradict each other: neither area lies in the other.
    pub conflicts: Vec<(Source, Source)>,
}

/// How far a source is trusted alone, 0 to 1.
///
/// The defaults are a judgement, not a measurement: a city that has corrected places of its own sets what it counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trust {
    /// A point inside an outline.
    pub inside: f64,
    /// A point near a centre.
    pub near: f64,
    /// A typed area.
    pub typed: f64,
    /// An area said in the message.
    pub said: f64,
    /// An estate of one area.
    pub implied: f64,
    /// Names of several areas, read as the area around them.
    pub shared: f64,
}

impl Default for Trust {
    fn default() -> Self {
        Self { inside: 0.95, near: 0.7, typed: 0.9, said: 0.8, implied: 0.85, shared: 0.6 }
    }
}

/// How a point was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placed {
    Inside,
    Near,
}

impl Gazetteer {
    /// Resolves a place with the default trust.
    #[must_use]
    pub fn resolve(&self, place: &ToResolve<'_>) -> Resolved {
        self.resolve_with(place, &Trust::default())
    }

    /// Resolves a place.
    #[must_use]
    pub fn resolve_with(&self, place: &ToResolve<'_>, trust: &Trust) -> Resolved {
        let fold_all = |s: &str| s.chars().map(fold).collect::<String>();
        let (typed, text) = (fold_all(place.typed.unwrap_or("")), fold_all(place.text));
        // The field for the place speaks first; the message adds to what is implied only when the field implies nothing.
        let implied = match self.read_names(&typed, true) {
            Err(Unknown::NoKnownName | Unknown::NotGiven) => self.read_names(&text, true),
            told => told,
        };
        let told = [
            (Source::Picked, self.read_point(place.picked, trust)),
            (Source::Typed, self.read_names(&typed, false).map(|n| n.trusted(trust.typed, trust))),
            (Source::Said, self.read_names(&text, false).map(|n| n.trusted(trust.said, trust))),
            (Source::Implied, implied.map(|n| n.trusted(trust.implied, trust))),
        ];
        let mut conflicts = Vec::new();
        let mut area: Option<usize> = None;
        let mut met: Option<Option<usize>> = None;
        for (i, (source, reading)) in told.iter().enumerate() {
            let Ok(reading) = reading else { continue };
            for (earlier, before) in told.iter().take(i) {
                let Ok(before) = before else { continue };
                if !self.within(reading.area, before.area) && !self.within(before.area, reading.area) {
                    conflicts.push((*earlier, *source));
                    let meet = self.common(reading.area, before.area);
                    met = Some(match met {
                        None => meet,
                        Some(met) => met.zip(meet).and_then(|(a, b)| self.common(a, b)),
                    });
                }
            }
            area = match area {
                Some(known) if !self.within(reading.area, known) => Some(known),
                Some(_) | None => Some(reading.area),
            };
        }
        let area = met.unwrap_or(area);
        let mut parts: Vec<Part> = Vec::new();
        for at in area.into_iter().flat_map(|a| self.up(a)) {
            let Some(code) = self.code(at) else { continue };
            let mut wrong = 1.0;
            let mut sources = Vec::new();
            for (source, reading) in &told {
                if let Ok(reading) = reading
                    && self.within(reading.area, at)
                {
                    wrong *= 1.0 - reading.confidence;
                    sources.push(*source);
                }
            }
            parts.push(Part { area: code.clone(), level: self.level(at), sources, confidence: 1.0 - wrong });
        }
        let confidence = parts.first().map_or(0.0, |p| p.confidence);
        parts.reverse();
        let said = told
            .into_iter()
            .map(|(source, reading)| match reading {
                Ok(Told { area, because, confidence, .. }) => {
                    Said { source, area: self.code(area).cloned().ok_or(Unknown::NoKnownName), because, confidence }
                }
                Err(why) => Said { source, area: Err(why), because: Vec::new(), confidence: 0.0 },
            })
            .collect();
        Resolved { area: area.and_then(|a| self.code(a).cloned()), confidence, parts, said, conflicts }
    }

    fn read_point(&self, picked: Option<Picked>, trust: &Trust) -> Result<Told, Unknown> {
        let picked = picked.ok_or(Unknown::NotGiven)?;
        let point = match picked.datum {
            Datum::Wgs84 => Wgs84::new(picked.lat, picked.lon)?,
            Datum::Gcj02 => Gcj02::new(picked.lat, picked.lon)?.into(),
        };
        let (area, placed) = self.place_of(point.0)?;
        let confidence = match placed {
            Placed::Inside => trust.inside,
            Placed::Near => trust.near,
        };
        Ok(Told { area, because: Vec::new(), confidence, shared: false })
    }

    /// Reads areas' own names, or with `implied` the names of things inside areas.
    fn read_names(&self, folded: &str, implied: bool) -> Result<Told, Unknown> {
        if folded.trim().is_empty() {
            return Err(Unknown::NotGiven);
        }
        let (found, _) = self.find_names(folded);
        let found: Vec<_> = found.into_iter().filter(|n| n.implies == implied).collect();
        let area = self.agree(&found).ok_or(Unknown::NoKnownName)?;
        let shared = found.iter().all(|n| n.places.len() > 1);
        Ok(Told { area, because: found.iter().map(|n| Arc::clone(&n.text)).collect(), confidence: 0.0, shared })
    }
}

/// What one source told, by the area's index.
struct Told {
    area: usize,
    because: Vec<Arc<str>>,
    confidence: f64,
    /// Every name belongs to several areas.
    shared: bool,
}

impl Told {
    fn trusted(self, plain: f64, trust: &Trust) -> Self {
        let confidence = if self.shared { trust.shared.min(plain) } else { plain };
        Self { confidence, ..self }
    }
}

/// Does the name of this shape imply an area, rather than being an area's own?
pub(crate) fn implies(name: &str) -> bool {
    match crate::extract::looks_like(name) {
        Some(Named::Locality | Named::AreaCode) | None => false,
        Some(
            Named::Company
            | Named::Estate
            | Named::School
            | Named::Hospital
            | Named::Site
            | Named::BusLine
            | Named::Road
            | Named::Landmark
            | Named::HouseNumber
            | Named::Building
            | Named::Unit
            | Named::Floor
            | Named::Room
            | Named::Pole
            | Named::Manhole,
        ) => true,
    }
}

#[cfg(test)]
mod tests;
