//! The named things in a message: where it is and whom it is about, each with its place in the text.
//!
//! A number and its neighbours make a building, a floor or a bus line; a name is what stands before
//! a word such as 路, 小区 or School, back to the next border. It knows shapes, not the city: what a
//! name belongs to is the gazetteer's question ([`crate::Gazetteer`]). Times are read coarsely.
//!
//! One pass over the folded text for each kind of shape, so the cost grows with the length alone;
//! width, case and script of the typing change nothing but the ranges. Nothing is judged personal
//! here: a caller that stores or shows mentions asks [`Named::tells_a_home`] first.

mod chinese;
mod english;
mod number;
mod numbered;
mod when;

use std::ops::Range;

use crate::fold::fold;
pub use when::TimeSaid;

/// What kind of thing a mention names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Named {
    /// A company, shop, property manager: 物业, 超市, 有限公司, `Ltd`.
    Company,
    /// Where people live: 小区, 花园, 苑, 公寓, `Apartments`; also a name that only a block or a phase follows (`春天印象3栋`).
    Estate,
    /// 小学, 中学, 大学, 幼儿园, `School`.
    School,
    /// 医院, 卫生院, `Hospital`.
    Hospital,
    /// 工地, 项目, `construction site`.
    Site,
    /// 104路公交, 地铁6号线, `route 39`. The name ends in 路 for a bus and in 号线 for a metro line.
    BusLine,
    /// 路, 街, 大道, 巷, 国道, `St`, `Avenue`.
    Road,
    /// 公园, 广场, 市场, 大厦, 地铁站, 大桥, `Park`.
    Landmark,
    /// 镇, 乡, 街道, 社区, 村: an area by its own name.
    Locality,
    /// A masked area of a data set: `A市`, `A3区`, `M9县`.
    AreaCode,
    /// 188号 behind a road or a village; `12` before `Main St`.
    HouseNumber,
    /// 3栋, 5幢, 8号楼, A座, `building 4`.
    Building,
    /// 2单元: the staircase of a building.
    Unit,
    /// 5楼, 12层, 负一楼 (`-1`), `3rd floor`.
    Floor,
    /// 502室, `3栋502`, `Apt 3`.
    Room,
    /// The number on a lamp post or power pole.
    Pole,
    /// The number on a manhole cover.
    Manhole,
}

impl Named {
    /// Every kind, in the order of [`Ord`].
    pub const ALL: [Self; 17] = [
        Self::Company,
        Self::Estate,
        Self::School,
        Self::Hospital,
        Self::Site,
        Self::BusLine,
        Self::Road,
        Self::Landmark,
        Self::Locality,
        Self::AreaCode,
        Self::HouseNumber,
        Self::Building,
        Self::Unit,
        Self::Floor,
        Self::Room,
        Self::Pole,
        Self::Manhole,
    ];

    /// The code in files and events.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Estate => "estate",
            Self::School => "school",
            Self::Hospital => "hospital",
            Self::Site => "site",
            Self::BusLine => "bus_line",
            Self::Road => "road",
            Self::Landmark => "landmark",
            Self::Locality => "locality",
            Self::AreaCode => "area_code",
            Self::HouseNumber => "house_number",
            Self::Building => "building",
            Self::Unit => "unit",
            Self::Floor => "floor",
            Self::Room => "room",
            Self::Pole => "pole",
            Self::Manhole => "manhole",
        }
    }

    /// Together with a street or an estate this tells where a person lives: never shown or stored unmasked.
    #[must_use]
    pub const fn tells_a_home(self) -> bool {
        match self {
            Self::HouseNumber | Self::Unit | Self::Floor | Self::Room => true,
            Self::Company
            | Self::Estate
            | Self::School
            | Self::Hospital
            | Self::Site
            | Self::BusLine
            | Self::Road
            | Self::Landmark
            | Self::Locality
            | Self::AreaCode
            | Self::Building
            | Self::Pole
            | Self::Manhole => false,
        }
    }

    /// Can somebody be sent there with this and the area alone?
    #[must_use]
    pub const fn tells_where(self) -> bool {
        match self {
            Self::Estate
            | Self::School
            | Self::Hospital
            | Self::Site
            | Self::Road
            | Self::Landmark
            | Self::Locality
            | Self::Pole
            | Self::Manhole => true,
            // A company has many shops and a line many stops; a masked area is a whole district, a number is none by itself.
            Self::Company
            | Self::BusLine
            | Self::AreaCode
            | Self::HouseNumber
            | Self::Building
            | Self::Unit
            | Self::Floor
            | Self::Room => false,
        }
    }

    /// A name of this kind swallows the names inside it: 潮音路 in 潮音路小学 is no road there.
    const fn swallows(self) -> bool {
        match self {
            Self::Estate | Self::School | Self::Hospital | Self::Road | Self::Landmark | Self::Locality => true,
            // The estate in 望海名都物业 and the road in 潮音路工地 still say where.
            Self::Company
            | Self::Site
            | Self::BusLine
            | Self::AreaCode
            | Self::HouseNumber
            | Self::Building
            | Self::Unit
            | Self::Floor
            | Self::Room
            | Self::Pole
            | Self::Manhole => false,
        }
    }
}

/// One named thing and where it stands.
#[derive(Clone, PartialEq, Eq)]
pub struct Mention {
    /// Its kind.
    pub named: Named,
    /// Bytes of the original text, on character borders.
    pub range: Range<usize>,
    /// The name in one spelling: half width, small letters, simplified; of a numbered thing its
    /// number alone, in Arabic digits (`三栋` is `3`).
    pub name: String,
}

impl std::fmt::Debug for Mention {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A room in a log line is a home in a log line.
        let name = if self.named.tells_a_home() { "…" } else { self.name.as_str() };
        write!(f, "{}({name})@{:?}", self.named.code(), self.range)
    }
}

/// What [`extract`] found, in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extraction {
    /// Named things; a place inside a company's or a site's name is given as well, so ranges may overlap.
    pub mentions: Vec<Mention>,
    /// Times.
    pub times: Vec<TimeSaid>,
}

impl Extraction {
    /// The mentions of one kind.
    pub fn of(&self, named: Named) -> impl Iterator<Item = &Mention> {
        self.mentions.iter().filter(move |m| m.named == named)
    }

    /// Does the message name a place to which somebody can be sent?
    #[must_use]
    pub fn tells_where(&self) -> bool {
        self.mentions.iter().any(|m| m.named.tells_where())
    }
}

/// Finds the named things and the times in a message of any length and language. Never fails; linear in the length.
#[must_use]
pub fn extract(text: &str) -> Extraction {
    let text = Folded::new(text);
    let numbers = number::numbers(&text.folded);
    let mut found: Vec<Found> = Vec::new();
    chinese::names(&text.folded, &numbers, &mut found);
    english::names(&text, &mut found);
    numbered::things(&text.folded, &numbers, &mut found);
    let times = when::times(&text, &numbers);
    Extraction { mentions: settle(&text, found), times }
}

/// The kind of name that `name` looks like by its last word alone: 明珠路 is a road.
pub(crate) fn looks_like(name: &str) -> Option<Named> {
    let text = Folded::new(name);
    let mut found = Vec::new();
    chinese::names(&text.folded, &[], &mut found);
    english::names(&text, &mut found);
    found.iter().find(|f| f.range.end == text.folded.len()).map(|f| f.named)
}

/// A mention in bytes of the folded text.
struct Found {
    named: Named,
    range: Range<usize>,
    name: String,
}

impl Found {
    fn named(named: Named, range: Range<usize>, folded: &str) -> Self {
        let name = folded.get(range.clone()).unwrap_or("").to_owned();
        Self { named, range, name }
    }
}

/// In order, each thing once, nothing inside a name that swallows it.
fn settle(text: &Folded<'_>, mut found: Vec<Found>) -> Vec<Mention> {
    found.sort_by(|a, b| {
        let key = |f: &Found| (f.range.start, usize::MAX - f.range.end, f.named);
        key(a).cmp(&key(b))
    });
    let mut covered = 0;
    let mut mentions: Vec<Mention> = Vec::with_capacity(found.len());
    let mut last: Option<(Named, Range<usize>)> = None;
    for thing in found {
        if thing.range.end <= covered && !thing.range.is_empty() {
            continue;
        }
        let again = last.as_ref().is_some_and(|(n, r)| *n == thing.named && *r == thing.range);
        if again {
            continue;
        }
        if thing.named.swallows() {
            covered = thing.range.end;
        }
        last = Some((thing.named, thing.range.clone()));
        mentions.push(Mention { named: thing.named, range: text.original(&thing.range), name: thing.name });
    }
    mentions
}

/// A text folded character by character, with the way back.
struct Folded<'a> {
    text: &'a str,
    folded: String,
    /// For each byte of `folded` the byte of `text` where its character begins, and the length at the end.
    at: Vec<usize>,
}

impl<'a> Folded<'a> {
    fn new(text: &'a str) -> Self {
        let mut folded = String::with_capacity(text.len());
        let mut at = Vec::with_capacity(text.len() + 1);
        for (start, c) in text.char_indices() {
            folded.push(fold(c));
            at.resize(folded.len(), start);
        }
        at.push(text.len());
        Self { text, folded, at }
    }

    fn original(&self, folded: &Range<usize>) -> Range<usize> {
        let at = |i: usize| self.at.get(i).copied().unwrap_or(self.text.len());
        at(folded.start)..at(folded.end)
    }

    /// Was the character here typed as a capital?
    fn is_capital(&self, at: usize) -> bool {
        let start = self.at.get(at).copied().unwrap_or(self.text.len());
        self.text.get(start..).and_then(|t| t.chars().next()).is_some_and(char::is_uppercase)
    }
}

/// What stands before a place in the text.
fn before(text: &str, at: usize) -> &str {
    text.get(..at).unwrap_or("")
}

/// What stands behind a place in the text.
fn behind(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or("")
}

/// The first of `words` that `text` begins with.
fn begins<'w>(text: &str, words: &[&'w str]) -> Option<&'w str> {
    words.iter().copied().find(|w| text.starts_with(w))
}

/// The first of `words` that `text` ends with.
fn ends<'w>(text: &str, words: &[&'w str]) -> Option<&'w str> {
    words.iter().copied().find(|w| text.ends_with(w))
}

#[cfg(test)]
mod tests;
