//! The gazetteer: which area a name or a point belongs to.
//!
//! A name may belong to several areas (a long road); a text may name several places. The answer is
//! the narrowest area that contradicts nothing: of places that contradict each other only their
//! common parent is kept. `None` is an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use sha2::{Digest as _, Sha256};
use suban_domain::{AreaCode, Point};

use crate::catalogue::AreaLevel;
use crate::fold::fold;
use crate::place::{Outlines, Placed, Unknown, implies};

/// One area of the gazetteer.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Its code.
    pub code: AreaCode,
    /// The area around it; `None` for the outermost.
    pub parent: Option<AreaCode>,
    /// Its name, other names, and estates and roads inside it.
    pub names: Vec<String>,
    /// Its centre, for reading points; usually only communities have one.
    pub centre: Option<Point>,
}

/// More words than one search can hold: hundreds of millions of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the words are too many or too long for one search; split the list or drop names that nobody uses")]
pub struct TooManyWords;

/// How far from a centre a point may lie and still belong to it, in metres.
const REACH_METRES: f64 = 3_000.0;
/// Two points closer than this, a tenth of a metre, are one.
const SAME_POINT_DEGREES: f64 = 1e-6;
/// Metres in a degree of latitude.
const DEGREE_METRES: f64 = 111_320.0;

/// What a text or a point said about the area, and by which names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AreaReading {
    /// The narrowest area without contradiction.
    pub area: Option<AreaCode>,
    /// The names found, folded; `@` for the point; in the order they stand in the text.
    pub because: Vec<Arc<str>>,
}

/// Names and centres of a city's areas, built once for each version of a catalogue.
#[derive(Debug, Clone)]
pub struct Gazetteer {
    codes: Vec<AreaCode>,
    parents: Vec<Option<usize>>,
    depths: Vec<usize>,
    centres: Vec<(usize, Point)>,
    names: Vec<Name>,
    search: AhoCorasick,
    outlines: Outlines,
    /// Of each place, where a map tells it.
    levels: Vec<Option<AreaLevel>>,
    /// Points that stand for no place.
    defaults: Vec<Point>,
}

#[derive(Debug, Clone)]
pub(crate) struct Name {
    pub(crate) text: Arc<str>,
    /// Places that carry it; usually one.
    pub(crate) places: Vec<usize>,
    /// It names a thing inside the area (an estate, a road), not the area.
    pub(crate) implies: bool,
}

impl Gazetteer {
    /// Builds it. Parents that are not in the list count as none, and a place inside itself as outermost.
    ///
    /// # Errors
    /// When the names are too many for one automaton.
    pub fn new(places: &[Place]) -> Result<Self, TooManyWords> {
        Self::with_own_names(places, None)
    }

    /// `own` says how many of each place's names are its own; without it their shape does.
    pub(crate) fn with_own_names(places: &[Place], own: Option<&[usize]>) -> Result<Self, TooManyWords> {
        let by_code: BTreeMap<&str, usize> = places.iter().enumerate().map(|(i, p)| (p.code.as_str(), i)).collect();
        let parents: Vec<Option<usize>> =
            places.iter().map(|p| p.parent.as_ref().and_then(|c| by_code.get(c.as_str()).copied())).collect();
        let depths = (0..places.len())
            .map(|mut at| {
                let mut depth = 0;
                while let Some(up) = parents[at].filter(|_| depth < places.len()) {
                    at = up;
                    depth += 1;
                }
                depth
            })
            .collect();
        let mut names: BTreeMap<String, (Vec<usize>, bool)> = BTreeMap::new();
        for (i, place) in places.iter().enumerate() {
            for (n, name) in place.names.iter().enumerate() {
                let folded: String = name.trim().chars().map(fold).collect();
                if folded.chars().count() > 1 {
                    // The first name is the area's, whatever it looks like; one area's own name is nobody's estate.
                    let implied = match own.and_then(|own| own.get(i)) {
                        Some(own) => n >= *own,
                        None => n > 0 && implies(&folded),
                    };
                    let (of, implies) = names.entry(folded).or_insert_with(|| (Vec::new(), true));
                    *implies &= implied;
                    if of.last() != Some(&i) {
                        of.push(i);
                    }
                }
            }
        }
        let search = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(names.keys())
            .map_err(|_| TooManyWords)?;
        Ok(Self {
            codes: places.iter().map(|p| p.code.clone()).collect(),
            parents,
            depths,
            centres: places.iter().enumerate().filter_map(|(i, p)| p.centre.map(|c| (i, c))).collect(),
            names: names
                .into_iter()
                .map(|(text, (places, implies))| Name { text: text.into(), places, implies })
                .collect(),
            search,
            outlines: Outlines::default(),
            levels: Vec::new(),
            defaults: Vec::new(),
        })
    }

    /// Adds what only a map knows: outlines by place, levels, and points that stand for no place.
    pub(crate) fn with_map(mut self, outlines: Outlines, levels: Vec<Option<AreaLevel>>, defaults: &[Point]) -> Self {
        self.outlines = outlines;
        self.levels = levels;
        self.defaults = defaults.to_vec();
        self
    }

    /// Feeds everything that decides a reading to a digest.
    pub(crate) fn digest(&self, into: &mut Sha256) {
        for (code, parent) in self.codes.iter().zip(&self.parents) {
            into.update(format!("{code}<{parent:?}\n"));
        }
        for name in &self.names {
            into.update(format!("{}={:?}\n", name.text, name.places));
        }
        for (place, centre) in &self.centres {
            into.update(format!("{place}@{},{}\n", centre.lat, centre.lon));
        }
        self.outlines.digest(into);
        for point in &self.defaults {
            into.update(format!("!{},{}\n", point.lat, point.lon));
        }
    }

    /// Is this code in the gazetteer?
    #[must_use]
    pub fn knows(&self, code: &AreaCode) -> bool {
        self.codes.contains(code)
    }

    /// The area that the names in `text` agree on.
    #[must_use]
    pub fn by_words(&self, text: &str) -> AreaReading {
        let folded: String = text.chars().map(fold).collect();
        self.in_folded(&folded).0
    }

    /// The innermost area whose outline holds `point`, or else the one whose centre is nearest, if one is within reach.
    #[must_use]
    pub fn by_point(&self, point: Point) -> Option<&AreaCode> {
        self.place_of(point).ok().and_then(|(at, _)| self.codes.get(at))
    }

    /// Where outlines are known, a point outside them is nowhere; a centre only tells areas apart that have none.
    pub(crate) fn place_of(&self, point: Point) -> Result<(usize, Placed), Unknown> {
        if self.defaults.iter().any(|d| (d.lat - point.lat).hypot(d.lon - point.lon) < SAME_POINT_DEGREES) {
            return Err(Unknown::DefaultPoint);
        }
        if self.outlines.is_empty() {
            let near = self.nearest(point, |_| true).ok_or(Unknown::FarFromEveryCentre)?;
            return Ok((near, Placed::Near));
        }
        let depth = |at: &usize| (self.depths.get(*at).copied(), std::cmp::Reverse(*at));
        let inside = self.outlines.holding(point).max_by_key(depth).ok_or(Unknown::OutsideEveryArea)?;
        let deeper = |at: usize| at != inside && self.within(at, inside) && !self.outlines.has(at);
        Ok(self.nearest(point, deeper).map_or((inside, Placed::Inside), |near| (near, Placed::Near)))
    }

    fn nearest(&self, point: Point, of: impl Fn(usize) -> bool) -> Option<usize> {
        let squeeze = point.lat.to_radians().cos();
        let metres = |c: &Point| (c.lat - point.lat).hypot((c.lon - point.lon) * squeeze) * DEGREE_METRES;
        self.centres
            .iter()
            .map(|(place, centre)| (*place, metres(centre)))
            .filter(|(place, far)| *far <= REACH_METRES && of(*place))
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(place, _)| place)
    }

    pub(crate) fn code(&self, place: usize) -> Option<&AreaCode> {
        self.codes.get(place)
    }

    pub(crate) fn level(&self, place: usize) -> Option<AreaLevel> {
        self.levels.get(place).copied().flatten()
    }

    /// What the names say, and where they stand: `荷塘公园` is a place there and no park's matter.
    pub(crate) fn in_folded(&self, folded: &str) -> (AreaReading, Vec<Range<usize>>) {
        let (found, stands) = self.find_names(folded);
        let area = self.agree(&found);
        let reading = AreaReading {
            area: area.and_then(|a| self.codes.get(a).cloned()),
            because: found.iter().map(|n| Arc::clone(&n.text)).collect(),
        };
        (reading, stands)
    }

    /// The names in a folded text, each once, and where they stand.
    pub(crate) fn find_names(&self, folded: &str) -> (Vec<&Name>, Vec<Range<usize>>) {
        let mut found: Vec<&Name> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut stands = Vec::new();
        for hit in self.search.find_iter(folded) {
            if !whole_word(folded, hit.start(), hit.end()) {
                continue;
            }
            stands.push(hit.range());
            if let Some(name) = self.names.get(hit.pattern().as_usize())
                && seen.insert(hit.pattern())
            {
                found.push(name);
            }
        }
        (found, stands)
    }

    /// The narrowest area that the names agree on.
    pub(crate) fn agree(&self, found: &[&Name]) -> Option<usize> {
        // Names of one place only speak first; the others may not contradict them.
        let (sure, unsure): (Vec<&Name>, Vec<&Name>) = found.iter().partition(|n| n.places.len() == 1);
        let mut area = self.agreed(sure.iter().filter_map(|n| n.places.first().copied()));
        for name in unsure {
            area = match area {
                None => self.meet(&name.places),
                Some(known) => {
                    let mut inside = name.places.iter().copied().filter(|p| self.within(*p, known));
                    match (inside.next(), inside.next()) {
                        (Some(only), None) => Some(only),
                        (Some(_), Some(_)) | (None, _) => Some(known),
                    }
                }
            };
        }
        area
    }

    /// `inner` when it lies in `outer`, otherwise `outer`: a second source may only make the first narrower.
    pub(crate) fn narrower<'a>(&self, outer: &'a AreaCode, inner: &'a AreaCode) -> &'a AreaCode {
        let at = |code| self.codes.iter().position(|c| c == code);
        match (at(outer), at(inner)) {
            (Some(o), Some(i)) if self.within(i, o) => inner,
            (None, Some(_)) => inner,
            (Some(_) | None, _) => outer,
        }
    }

    /// The deepest place if all lie on one line from it to the outermost, otherwise where the lines meet.
    fn agreed(&self, places: impl IntoIterator<Item = usize>) -> Option<usize> {
        let mut places = places.into_iter();
        let mut deepest = places.next()?;
        let mut split: Option<usize> = None;
        for place in places {
            if self.within(place, deepest) {
                deepest = place;
            } else if !self.within(deepest, place) {
                let meet = self.common(deepest, place)?;
                split = match split {
                    Some(earlier) => self.common(earlier, meet),
                    None => Some(meet),
                };
                split?;
            }
        }
        split.or(Some(deepest))
    }

    /// The narrowest area around all of them.
    fn meet(&self, places: &[usize]) -> Option<usize> {
        let (first, rest) = places.split_first()?;
        rest.iter().try_fold(*first, |a, b| self.common(a, *b))
    }

    pub(crate) fn within(&self, place: usize, around: usize) -> bool {
        self.up(place).any(|p| p == around)
    }

    pub(crate) fn common(&self, a: usize, b: usize) -> Option<usize> {
        self.up(a).find(|p| self.within(b, *p))
    }

    /// The place and everything around it. The count guards against a ring.
    pub(crate) fn up(&self, place: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(place), |p| self.parents.get(*p).copied().flatten())
            .take(self.depths.get(place).map_or(1, |d| d + 1))
    }
}

/// A Latin word or a number only counts whole (`A3区` is not in `EA3区`); Chinese has no such border.
pub(crate) fn whole_word(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let letter = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphanumeric);
    let left = start.checked_sub(1).and_then(|i| bytes.get(i));
    let glued_left = letter(left) && letter(bytes.get(start));
    let glued_right = letter(end.checked_sub(1).and_then(|i| bytes.get(i))) && letter(bytes.get(end));
    // English plurals: `potholes` is `pothole`.
    let plural = bytes.get(end) == Some(&b's') && !letter(bytes.get(end + 1));
    !glued_left && (!glued_right || plural)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(code: &str, parent: &str, names: &[&str], centre: Option<(f64, f64)>) -> Place {
        Place {
            code: AreaCode::new(code).unwrap(),
            parent: (!parent.is_empty()).then(|| AreaCode::new(parent).unwrap()),
            names: names.iter().map(|n| (*n).to_owned()).collect(),
            centre: centre.map(|(lat, lon)| Point::new(lat, lon).unwrap()),
        }
    }

    fn district() -> Gazetteer {
        Gazetteer::new(&[
            place("LG", "", &["临港区"], None),
            place("LG01", "LG", &["海湾街道", "海湾"], None),
            place("LG0101", "LG01", &["望潮社区", "望潮花园", "明珠路"], Some((31.00, 121.00))),
            place("LG0102", "LG01", &["渔火社区", "明珠路"], Some((31.01, 121.00))),
            place("LG02", "LG", &["松岭街道"], None),
            place("LG0201", "LG02", &["松涛社区", "明珠路"], Some((31.05, 121.00))),
        ])
        .unwrap()
    }

    fn read(text: &str) -> Option<String> {
        district().by_words(text).area.map(|a| a.as_str().to_owned())
    }

    #[test]
    fn a_child_implies_its_parent() {
        assert_eq!(read("海湾街道望潮社区路灯不亮").as_deref(), Some("LG0101"));
        assert_eq!(read("望潮花園3栋").as_deref(), Some("LG0101"));
        assert_eq!(read("临港区海湾街道").as_deref(), Some("LG01"));
        assert_eq!(read("某处"), None);
    }

    #[test]
    fn contradiction_keeps_the_common_parent() {
        assert_eq!(read("望潮社区和渔火社区之间").as_deref(), Some("LG01"));
        assert_eq!(read("望潮社区、渔火社区、松涛社区").as_deref(), Some("LG"));
        assert_eq!(read("松涛社区到望潮社区，海湾街道").as_deref(), Some("LG"));
    }

    #[test]
    fn a_road_through_several_areas_is_read_by_its_company() {
        assert_eq!(read("松岭街道明珠路").as_deref(), Some("LG0201"));
        assert_eq!(read("海湾街道明珠路").as_deref(), Some("LG01"));
        assert_eq!(read("明珠路").as_deref(), Some("LG"));
        assert_eq!(read("渔火社区明珠路").as_deref(), Some("LG0102"));
    }

    #[test]
    fn codes_of_a_data_set_are_names_like_others() {
        let g = Gazetteer::new(&[
            place("A", "", &["A市"], None),
            place("A03", "A", &["A3区"], None),
            place("A13", "A", &["A13区"], None),
        ])
        .unwrap();
        let read = |t: &str| g.by_words(t).area.map(|a| a.as_str().to_owned());
        assert_eq!(read("A市A3区大道").as_deref(), Some("A03"));
        assert_eq!(read("ａ市Ａ１３区").as_deref(), Some("A13"));
        assert_eq!(read("EA3区"), None);
    }

    #[test]
    fn a_point_belongs_to_the_nearest_centre_within_reach() {
        let g = district();
        let at = |lat, lon| g.by_point(Point::new(lat, lon).unwrap()).map(AreaCode::as_str);
        assert_eq!(at(31.001, 121.001), Some("LG0101"));
        assert_eq!(at(31.008, 121.0), Some("LG0102"));
        assert_eq!(at(35.0, 121.0), None);
    }
}
