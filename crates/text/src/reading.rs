//! Reads a message: what kind of demand, which matter of the catalogue, which area, how urgent.
//!
//! A pure function with a version: the same words and the same version give the same reading for
//! ever, so that a decision can be explained and replayed. It knows words, not meanings; where the
//! words do not decide it says so, and a person decides. Each answer names the words it rests on.

use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use suban_domain::{AreaCode, Channel, Kind, Malformed, MatterCode, Point, Urgency, VersionCode};

use crate::area::{AreaReading, Gazetteer, TooManyWords, whole_word};
use crate::fold::fold;
use crate::{kind, risk};

/// The version of this function itself; the words it was built with are added to it.
const READING: &str = "r1";

/// Least score of a matter that is taken.
const THRESHOLD: i32 = 16;
/// A matter must lead the second by this share of its own score, in percent.
const MARGIN_PERCENT: i32 = 20;
/// Scores count quarters of a weight.
const FIRST_HIT: i32 = 4;
/// A word said again says less.
const LATER_HIT: i32 = 1;
/// Times that a word counts.
const MOST_HITS: u8 = 4;
/// People name their matter first: words that begin this early, in bytes, count half as much again.
const OPENING: usize = 180;
/// Behind a word that only says where.
const WHERE_BEHIND: &[&str] = &[
    "门口", "门前", "大门", "附近", "旁", "对面", "周边", "周围", "里面", "后面", "后门", "前面", "隔壁", "路口",
    "外面", "外的", "围墙",
];
/// Before a word that only says where.
const WHERE_BEFORE: &[&str] = &[
    "near ",
    "near the ",
    "near a ",
    "outside ",
    "outside the ",
    "next to the ",
    "in front of the ",
    "opposite the ",
    "behind the ",
    "beside the ",
    "across from the ",
    "靠近",
];
/// Candidates shown to a person.
const CANDIDATES: usize = 3;

/// A word that speaks for a matter; a negative weight speaks against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keyword {
    /// The word or phrase, in any script.
    pub text: String,
    /// How strongly, usually [`Keyword::plain`]'s.
    pub weight: i32,
}

impl Keyword {
    /// A word with the weight of its length: the longer, the surer.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        let units = if text.is_ascii() { text.split_whitespace().count() + 1 } else { text.chars().count() };
        let weight = match units {
            0..=2 => 3,
            3 => 4,
            _ => 5,
        };
        Self { text, weight }
    }
}

/// What the reader must know of a matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatterWords {
    /// Its code in the catalogue.
    pub code: MatterCode,
    /// Words that speak for it.
    pub keywords: Vec<Keyword>,
    /// The kind of demand it usually is.
    pub kind: Option<Kind>,
    /// The urgency it usually has.
    pub urgency: Option<Urgency>,
}

/// A message to be read.
#[derive(Clone, Copy)]
pub struct ToRead<'a> {
    /// Title and words, in clear or masked.
    pub text: &'a str,
    /// Where it happened, in words.
    pub place_text: Option<&'a str>,
    /// Where it happened, on the map.
    pub point: Option<Point>,
    /// Kind that the channel says; taken as it is.
    pub declared_kind: Option<Kind>,
    /// Matter that the channel says; taken when the catalogue knows it.
    pub declared_matter: Option<&'a MatterCode>,
    /// Area that the channel says; taken when the gazetteer knows it, and made narrower by words.
    pub declared_area: Option<&'a AreaCode>,
    /// By which way it came.
    pub channel: Option<Channel>,
}

impl<'a> ToRead<'a> {
    /// A message of which nothing but its words is known.
    #[must_use]
    pub const fn words(text: &'a str) -> Self {
        Self {
            text,
            place_text: None,
            point: None,
            declared_kind: None,
            declared_matter: None,
            declared_area: None,
            channel: None,
        }
    }
}

/// What a message says. Every answer may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What the citizen wants.
    pub kind: Option<Kind>,
    /// Urgency by words of danger or by the matter; `None` is ordinary.
    pub urgency_hint: Option<Urgency>,
    /// The words of danger; empty when the matter alone decides.
    pub urgency_because: Vec<Arc<str>>,
    /// Row of the catalogue.
    pub matter: Option<MatterCode>,
    /// The words that spoke for it, the strongest first.
    pub matter_because: Vec<Arc<str>>,
    /// The likeliest rows, best first, for a person to choose from; also when `matter` is decided.
    pub candidates: Vec<Candidate>,
    /// Narrowest area that contradicts nothing.
    pub area: Option<AreaCode>,
    /// The names it rests on; `@` is the point.
    pub area_because: Vec<Arc<str>>,
    /// Version of the function and its words.
    pub version: VersionCode,
}

/// A matter and how much spoke for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Row of the catalogue.
    pub matter: MatterCode,
    /// Sum of weights, in quarters; comparable within one reading only.
    pub score: i32,
}

/// The function, built once for each version of a catalogue and shared.
#[derive(Debug, Clone)]
pub struct Reader {
    matters: Vec<Matter>,
    words: Vec<Word>,
    search: AhoCorasick,
    gazetteer: Gazetteer,
    version: VersionCode,
}

#[derive(Debug, Clone)]
struct Matter {
    code: MatterCode,
    kind: Option<Kind>,
    urgency: Option<Urgency>,
}

#[derive(Debug, Clone)]
struct Word {
    text: Arc<str>,
    /// Matters that it speaks for, with its weight.
    speaks_for: Vec<(usize, i32)>,
}

/// A reader cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unbuildable {
    /// The words do not fit.
    #[error(transparent)]
    TooManyWords(#[from] TooManyWords),
    /// The version does not follow its rule.
    #[error(transparent)]
    Version(#[from] Malformed),
}

impl Reader {
    /// Builds the reader.
    ///
    /// # Errors
    /// When the words are too many for one automaton.
    pub fn new(catalogue_matters: &[MatterWords], gazetteer: Gazetteer) -> Result<Self, Unbuildable> {
        let mut by_text: std::collections::BTreeMap<String, Vec<(usize, i32)>> = std::collections::BTreeMap::new();
        let mut digest = Sha256::new();
        for (at, matter) in catalogue_matters.iter().enumerate() {
            digest.update(format!("{}|{:?}|{:?}\n", matter.code, matter.kind, matter.urgency));
            for keyword in &matter.keywords {
                let text: String = keyword.text.trim().chars().map(fold).collect();
                if text.is_empty() {
                    continue;
                }
                digest.update(format!("{text}*{}\n", keyword.weight));
                let of = by_text.entry(text).or_default();
                if of.last().is_none_or(|(last, _)| *last != at) {
                    of.push((at, keyword.weight));
                }
            }
        }
        gazetteer.digest(&mut digest);
        let hash: String = digest.finalize().iter().take(6).map(|b| format!("{b:02x}")).collect();
        let search = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(by_text.keys())
            .map_err(|_| TooManyWords)?;
        Ok(Self {
            matters: catalogue_matters
                .iter()
                .map(|m| Matter { code: m.code.clone(), kind: m.kind, urgency: m.urgency })
                .collect(),
            words: by_text.into_iter().map(|(text, speaks_for)| Word { text: text.into(), speaks_for }).collect(),
            search,
            gazetteer,
            version: VersionCode::new(format!("{READING}:{hash}"))?,
        })
    }

    /// Version of the function and the words it was built with.
    #[must_use]
    pub fn version(&self) -> &VersionCode {
        &self.version
    }

    /// The areas it knows.
    #[must_use]
    pub fn gazetteer(&self) -> &Gazetteer {
        &self.gazetteer
    }

    /// Reads one message.
    #[must_use]
    pub fn read(&self, message: &ToRead<'_>) -> Reading {
        let text: String = message.text.chars().map(fold).collect();
        let (places, stands) = self.gazetteer.in_folded(&text);
        let (candidates, because, decided) = self.matter(&text, &stands);
        let declared = message.declared_matter.and_then(|code| self.matters.iter().find(|m| m.code == *code));
        let matter = declared.or_else(|| decided.and_then(|at| self.matters.get(at)));
        let (risk, urgency_because) = risk::in_folded(&text);
        let area = self.area(message, places);
        Reading {
            kind: message
                .declared_kind
                .or_else(|| kind::in_folded(&text, message.channel, matter.and_then(|m| m.kind))),
            urgency_hint: risk.max(matter.and_then(|m| m.urgency)).filter(|u| *u > Urgency::Normal),
            urgency_because,
            matter: matter.map(|m| m.code.clone()),
            matter_because: if declared.is_some() { Vec::new() } else { because },
            candidates,
            area: area.area,
            area_because: area.because,
            version: self.version.clone(),
        }
    }

    /// The best rows, the words for the first, and the first itself if it is clear.
    fn matter(&self, text: &str, places: &[Range<usize>]) -> (Vec<Candidate>, Vec<Arc<str>>, Option<usize>) {
        let mut scores = vec![0i32; self.matters.len()];
        let mut hits: Vec<(usize, u8)> = Vec::new();
        for hit in self.search.find_iter(text) {
            let in_place_name = places.iter().any(|p| p.start < hit.end() && hit.start() < p.end);
            if in_place_name || !whole_word(text, hit.start(), hit.end()) {
                continue;
            }
            let at = hit.pattern().as_usize();
            let times = match hits.iter_mut().find(|(word, _)| *word == at) {
                Some((_, times)) => {
                    *times = times.saturating_add(1);
                    *times
                }
                None => {
                    hits.push((at, 1));
                    1
                }
            };
            let Some(word) = self.words.get(at) else { continue };
            let share = match times {
                _ if is_only_where(text, hit.start(), hit.end()) => LATER_HIT,
                1 if hit.start() < OPENING => FIRST_HIT + FIRST_HIT / 2,
                1 => FIRST_HIT,
                2..=MOST_HITS => LATER_HIT,
                _ => 0,
            };
            for (matter, weight) in &word.speaks_for {
                scores[*matter] += weight * share;
            }
        }
        let mut order: Vec<usize> = (0..scores.len()).filter(|m| scores[*m] > 0).collect();
        order.sort_by_key(|m| (-scores[*m], *m));
        let best = order.first().copied();
        let second = order.get(1).map_or(0, |m| scores[*m]);
        let decided =
            best.filter(|m| scores[*m] >= THRESHOLD && (scores[*m] - second) * 100 >= scores[*m] * MARGIN_PERCENT);
        let mut because: Vec<(i32, Arc<str>)> = hits
            .iter()
            .filter_map(|(word, _)| {
                let word = self.words.get(*word)?;
                let (_, weight) = word.speaks_for.iter().find(|(m, _)| Some(*m) == decided)?;
                (*weight > 0).then(|| (*weight, Arc::clone(&word.text)))
            })
            .collect();
        because.sort_by_key(|(weight, _)| -weight);
        let candidates = order
            .iter()
            .take(CANDIDATES)
            .filter_map(|m| Some(Candidate { matter: self.matters.get(*m)?.code.clone(), score: scores[*m] }))
            .collect();
        (candidates, because.into_iter().map(|(_, word)| word).collect(), decided)
    }

    /// What the channel says, then the place in words, then the message, then the map: each may only make the one before narrower.
    fn area(&self, message: &ToRead<'_>, in_text: AreaReading) -> AreaReading {
        let mut known = AreaReading::default();
        if let Some(code) = message.declared_area.filter(|c| self.gazetteer.knows(c)) {
            known.area = Some(code.clone());
            known.because.push(Arc::from(code.as_str()));
        }
        if let Some(place) = message.place_text {
            let place: String = place.chars().map(fold).collect();
            self.narrow(&mut known, self.gazetteer.in_folded(&place).0);
        }
        self.narrow(&mut known, in_text);
        if let Some(code) = message.point.and_then(|p| self.gazetteer.by_point(p)) {
            self.narrow(&mut known, AreaReading { area: Some(code.clone()), because: vec![Arc::from("@")] });
        }
        known
    }

    fn narrow(&self, known: &mut AreaReading, said: AreaReading) {
        let Some(area) = said.area else { return };
        let narrower = match &known.area {
            None => area,
            Some(before) => {
                let narrower = self.gazetteer.narrower(before, &area);
                if narrower == before {
                    return;
                }
                narrower.clone()
            }
        };
        known.area = Some(narrower);
        known.because.extend(said.because);
    }
}

/// `学校门口`, `outside the school`: the word says where it happened, not what.
pub(crate) fn is_only_where(text: &str, start: usize, end: usize) -> bool {
    let (before, after) = (text.get(..start).unwrap_or(""), text.get(end..).unwrap_or(""));
    WHERE_BEHIND.iter().any(|w| after.starts_with(w)) || WHERE_BEFORE.iter().any(|w| before.ends_with(w))
}

#[cfg(test)]
mod tests;
