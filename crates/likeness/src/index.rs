//! The requests that a new one could be the same as, in memory.
//!
//! Every held request lies in a cell and stands in chains under its keys: its rarest words, its exact words, its
//! address, its person, what it names. Judging walks the cells and chains of the new request, each only so far,
//! compares what it met, and ranks it. Nothing here knows a label, a clock or a database, and the same requests added
//! in the same order give the same answers.

use serde::{Deserialize, Serialize};

pub use crate::search::Limits;
use crate::{
    alike::Asked,
    automatic::ONE_PLACE,
    cells::Cells,
    chains::Chains,
    context::{Standing, Verdict, place_among},
    evidence::Named,
    features::{Feature, Features, of_pair},
    keys,
    model::Model,
    rarity::Rarity,
    request::{Facts, Id, Read, Seconds},
    tally::Tally,
    terms::Kept,
};

/// One request that is held.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) facts: Facts,
    pub(crate) kept: Kept,
    pub(crate) verdict: Verdict,
    /// How many were held before it, ever.
    #[serde(skip)]
    order: u64,
}

/// One candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The earlier request.
    pub id: Id,
    /// The sum of the model.
    pub score: f32,
    /// The probability that it is the same matter, as far as the model can tell.
    pub probability: f32,
    /// What the score is made of.
    pub features: Features,
}

/// What was found for one request.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Candidates, the most likely first: copies of a long text, then by score.
    pub candidates: Vec<Candidate>,
}

impl Judgement {
    /// What stays with the request: its first candidate.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.candidates
            .first()
            .map_or_else(Verdict::default, |first| Verdict { of: first.id, probability: first.probability })
    }
}

/// The index.
#[derive(Debug)]
pub struct Index {
    pub(crate) limits: Limits,
    pub(crate) cells: Cells,
    pub(crate) chains: Chains,
    rarity: Rarity,
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
    /// How many were held, ever.
    held: u64,
    pub(crate) at_spot: Tally,
    pub(crate) by_person: Tally,
    pub(crate) named: Named,
}

/// Characters from which nobody writes the very same words about another matter by chance.
const LONG: u32 = 64;

/// Whether an open candidate says the very same and is not known to be elsewhere.
fn copied(features: &Features) -> bool {
    let elsewhere = features.get(Feature::Distance) > ONE_PLACE.ln_1p();
    features.get(Feature::SameWords) > 0.0 && features.get(Feature::Open) > 0.0 && !elsewhere
}

impl Index {
    /// An empty index with room for so many requests; more than that still works, and slower.
    #[must_use]
    pub fn new(requests: usize, limits: Limits) -> Self {
        Self::with_rarity(requests, limits, Rarity::default())
    }

    pub(crate) fn with_rarity(requests: usize, limits: Limits, rarity: Rarity) -> Self {
        Self {
            limits,
            cells: Cells::default(),
            chains: Chains::new(requests.saturating_mul(16)),
            rarity,
            entries: Vec::new(),
            free: Vec::new(),
            held: 0,
            at_spot: Tally::default(),
            by_person: Tally::default(),
            named: Named::default(),
        }
    }

    /// How many requests are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Whether none is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is held under an id.
    #[must_use]
    pub fn facts(&self, id: Id) -> Option<&Facts> {
        self.at(self.number(id)?).map(|entry| &entry.facts)
    }

    pub(crate) fn rarity(&self) -> &Rarity {
        &self.rarity
    }

    /// Everything that is held, in the order in which it came.
    pub(crate) fn held(&self) -> Vec<&Entry> {
        let mut held: Vec<&Entry> = self.entries.iter().flatten().collect();
        held.sort_unstable_by_key(|entry| entry.order);
        held
    }

    pub(crate) fn facts_held(&self) -> impl Iterator<Item = &Facts> {
        self.entries.iter().flatten().map(|entry| &entry.facts)
    }

    /// What is held at a place.
    pub(crate) fn at(&self, number: u32) -> Option<&Entry> {
        self.entries.get(number as usize)?.as_ref()
    }

    /// Where an id is held.
    fn number(&self, id: Id) -> Option<u32> {
        self.chains.of(keys::of_id(id)).find(|number| self.at(*number).is_some_and(|entry| entry.facts.id == id))
    }

    /// Holds a request; one of the same id is replaced. `verdict` is what was found when it was judged.
    pub fn add(&mut self, request: &Read, verdict: Verdict) {
        let kept = self.rarity.weigh(&request.terms).kept();
        self.rarity.count(&request.terms);
        self.hold(Entry { facts: request.facts.clone(), kept, verdict, order: 0 });
    }

    pub(crate) fn hold(&mut self, entry: Entry) {
        self.remove(entry.facts.id);
        let number = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
        });
        for key in keys::of_held(&entry.facts, &entry.kept) {
            self.chains.insert(key, number);
        }
        self.cells.insert(number, &entry.facts);
        if let Some(spot) = entry.facts.spot {
            self.at_spot.more(spot.bits());
        }
        if entry.facts.requester != 0 {
            self.by_person.more(entry.facts.requester);
        }
        if let Some(place) = self.entries.get_mut(number as usize) {
            *place = Some(Entry { order: self.held, ..entry });
            self.held += 1;
        }
    }

    /// Notes when a request was closed, or that it is open again.
    pub fn close(&mut self, id: Id, closed_at: Option<Seconds>) {
        if let Some(number) = self.number(id)
            && let Some(Some(entry)) = self.entries.get_mut(number as usize)
        {
            entry.facts.closed_at = closed_at;
            if let Some(spot) = entry.facts.spot {
                self.cells.close(number, spot, closed_at);
            }
        }
    }

    /// Lets go of a request; answers whether it was held.
    pub fn remove(&mut self, id: Id) -> bool {
        let Some(number) = self.number(id) else { return false };
        let Some(entry) = self.entries.get_mut(number as usize).and_then(Option::take) else { return false };
        for key in keys::of_held(&entry.facts, &entry.kept) {
            self.chains.remove(key, number);
        }
        if let Some(spot) = entry.facts.spot {
            self.cells.remove(number, spot);
            self.at_spot.less(spot.bits());
        }
        if entry.facts.requester != 0 {
            self.by_person.less(entry.facts.requester);
        }
        self.free.push(number);
        true
    }

    /// Lets go of what is too old to matter: closed before `closed`, or reported before `reported` and still open.
    /// Answers how many went.
    pub fn expire(&mut self, closed: Seconds, reported: Seconds) -> usize {
        let old = |entry: &&Entry| match entry.facts.closed_at {
            Some(at) => at < closed,
            None => entry.facts.reported_at < reported,
        };
        let gone: Vec<Id> = self.entries.iter().flatten().filter(old).map(|entry| entry.facts.id).collect();
        gone.iter().filter(|id| self.remove(**id)).count()
    }

    /// How a request stands to one other, held or not: what the two alone tell, weighed by what is held.
    #[must_use]
    pub fn beside(&self, request: &Read, earlier: &Read, now: Seconds) -> Features {
        let weighed = self.rarity.weigh(&request.terms);
        let kept = self.rarity.weigh(&earlier.terms).kept();
        let (new, earlier) = (self.telling(&request.facts), self.placed(&earlier.facts));
        of_pair(&new, &earlier, Asked::new(&weighed).alike(&kept), now)
    }

    /// What a request could be the same as, as known at `now`; never itself.
    #[must_use]
    pub fn judge(&self, request: &Read, now: Seconds, model: &Model) -> Judgement {
        let mut candidates: Vec<Candidate> = self
            .compared(request, now)
            .into_iter()
            .map(|(id, features)| {
                let score = model.score(&features);
                Candidate { id, score, probability: model.probability(score), features }
            })
            .collect();
        let long = request.facts.length >= LONG;
        let copied = |of: &Candidate| long && copied(&of.features);
        candidates.sort_by(|a, b| copied(b).cmp(&copied(a)).then(b.score.total_cmp(&a.score)).then(a.id.cmp(&b.id)));
        Judgement { candidates }
    }

    /// The candidates of a request with their features, in no particular order.
    #[must_use]
    pub fn compared(&self, request: &Read, now: Seconds) -> Vec<(Id, Features)> {
        let weighed = self.rarity.weigh(&request.terms);
        let asked = Asked::new(&weighed);
        let facts = self.telling(&request.facts);
        let crowd = facts.spot.map(|spot| self.at_spot.of(spot.bits()));
        let mut found = Vec::new();
        let (mut features, mut standing) = (Vec::new(), Vec::new());
        for number in self.candidates(&facts, &weighed, now) {
            let Some(entry) = self.at(number) else { continue };
            let mut of = of_pair(&facts, &self.placed(&entry.facts), asked.alike(&entry.kept), now);
            if let Some(crowd) = crowd {
                of.set(Feature::Crowd, f32::from(crowd).ln_1p());
            }
            features.push(of);
            standing.push(Standing {
                id: entry.facts.id,
                reported_at: entry.facts.reported_at,
                verdict: entry.verdict,
            });
            found.push(entry.facts.id);
        }
        place_among(&mut features, &standing);
        found.into_iter().zip(features).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Model, Request, Spot, Tongue, read};
    use suban_text::Segmenter;

    #[test]
    fn a_copy_of_a_long_text_stands_before_a_nearer_wording() {
        let segmenter = Segmenter::default();
        let body = "我们住在木莲中路附近的公寓,周边有几十栋居民宿舍和多所学校,没有一路公交车经过,老人小孩出门要走很远才能坐上车,希望公交车改道走木莲中路,方便大家上学上班和看病。";
        let said = |id, title, text| {
            read(&segmenter, &Request { id, reported_at: id as i64 * 3600, title, text, ..Request::default() })
        };
        let longer = format!("{body}另外805路也是。");
        let mut index = Index::new(16, Limits::default());
        index.add(&said(1, "805路公交能不能换条线", body), Verdict::default());
        index.add(&said(2, "希望公交改道走木莲中路", &longer), Verdict::default());
        let model = Model::shipped(Tongue::Chinese).unwrap();
        let first = |index: &Index| {
            index
                .judge(&said(3, "希望公交改道走木莲中路", body), 11_000, &model)
                .candidates
                .first()
                .map(|first| first.id)
        };
        assert_eq!(first(&index), Some(1));
        // Once it is closed, its likeness alone counts.
        index.close(1, Some(10_000));
        assert!(first(&index).is_some());
    }

    #[test]
    fn one_of_an_area_is_found_from_its_area_from_a_point_in_it_and_from_nowhere() {
        let segmenter = Segmenter::default();
        let said = |id, area, spot| {
            let text = "明珠路18号门口的路灯坏了三天晚上很黑";
            read(&segmenter, &Request { id, reported_at: 3600, area, spot, text, ..Request::default() })
        };
        let spot = Spot::new(22.5, 114.1);
        let held = [said(1, "LG0101", None), said(2, "LG0101", spot), said(3, "", None), said(4, "LG0102", None)];
        // Large enough that no two keys fall into one bucket.
        let mut index = Index::new(1 << 16, Limits { by_key: 0, ..Limits::default() });
        held.iter().for_each(|request| index.add(request, Verdict::default()));
        let found = |area, spot| {
            let mut ids: Vec<Id> = index.compared(&said(9, area, spot), 3600).into_iter().map(|(id, _)| id).collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(found("LG0101", None), [1, 2, 3]);
        assert_eq!(found("LG0101", spot), [1, 2, 3]);
        assert_eq!(found("LG0102", None), [3, 4]);
        assert_eq!(found("", None), [1, 2, 3, 4]);
    }

    #[test]
    fn another_node_is_not_compared_where_both_are_known() {
        let segmenter = Segmenter::default();
        let said = |id, parent_category| {
            let text = "明珠路18号门口的路灯坏了三天晚上很黑";
            read(&segmenter, &Request { id, reported_at: 3600, parent_category, text, ..Request::default() })
        };
        let mut index = Index::new(16, Limits { within_node: true, ..Limits::default() });
        for (id, node) in [(1, "市政/照明"), (2, "市政/道路"), (3, "")] {
            index.add(&said(id, node), Verdict::default());
        }
        let found: Vec<Id> = index.compared(&said(9, "市政/照明"), 3600).into_iter().map(|(id, _)| id).collect();
        assert_eq!(found, [1, 3]);
    }

    #[test]
    fn what_is_too_old_goes() {
        let segmenter = Segmenter::default();
        let said = |id, reported_at| {
            read(&segmenter, &Request { id, reported_at, text: "明珠路18号门口的路灯不亮", ..Request::default() })
        };
        let mut index = Index::new(16, Limits::default());
        for (id, reported_at) in [(1, 10), (2, 100), (3, 10)] {
            index.add(&said(id, reported_at), Verdict::default());
        }
        index.close(3, Some(90));
        assert_eq!(index.expire(50, 50), 1, "reported long ago and still open");
        assert!(index.facts(1).is_none() && index.facts(2).is_some() && index.facts(3).is_some());
        assert_eq!(index.expire(91, 50), 1, "closed long ago");
        assert_eq!(index.len(), 1);
    }

    #[test]
    fn two_stand_beside_each_other_as_when_one_is_held() {
        let segmenter = Segmenter::default();
        let said =
            |id, text| read(&segmenter, &Request { id, reported_at: 3600, text, spot: None, ..Request::default() });
        let (one, other) = (said(1, "明珠路18号门口的路灯不亮"), said(2, "明珠路18号路灯坏了"));
        let mut index = Index::new(16, Limits::default());
        index.add(&one, Verdict::default());
        let held = index.compared(&other, 3600);
        let alone = index.beside(&other, &one, 3600);
        assert_eq!(held.first().unwrap().1.get(Feature::Address).to_bits(), alone.get(Feature::Address).to_bits());
        assert!((held.first().unwrap().1.get(Feature::Runs) - alone.get(Feature::Runs)).abs() < 0.2);
    }
}
