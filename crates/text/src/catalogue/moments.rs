//! Every moment at which rules can tell one case from another: a finite list that stands for all of time.
//!
//! Between two edges of hours and days nothing changes, and a message either names one of the subjects or none; so
//! what holds at these moments holds always, but for messages that name two subjects at once.

use std::collections::BTreeSet;

use jiff::civil::Date;
use suban_domain::AreaCode;

use super::times::{Days, Hours, time_of};
use super::{Circumstances, Rule};

/// The edges; each list has at least one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Moments {
    days: Vec<Date>,
    minutes: Vec<u16>,
    subjects: Vec<String>,
}

/// One of them, as places in the three lists.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'a> {
    of: &'a Moments,
    pub(super) place: [usize; 3],
}

/// Some of a list's places; the product of three such sets is a set of moments that can be told in words.
pub(super) type Places = BTreeSet<usize>;

impl Moments {
    pub(super) fn of(days: &[Days], rules: &[&Rule]) -> Self {
        let mut edges: BTreeSet<Date> =
            days.iter().chain(rules.iter().map(|r| &r.days)).flat_map(Days::edges).collect();
        // What holds before the first edge holds on the day before it.
        let before = edges.first().and_then(|first| first.yesterday().ok());
        edges.insert(before.unwrap_or_default());
        let minutes: BTreeSet<u16> =
            rules.iter().filter_map(|r| r.hours.as_ref()).flat_map(Hours::edges).chain([0]).collect();
        let subjects: BTreeSet<String> =
            rules.iter().flat_map(|r| r.subject.iter().cloned()).chain([String::new()]).collect();
        Self {
            days: edges.into_iter().collect(),
            minutes: minutes.into_iter().collect(),
            subjects: subjects.into_iter().collect(),
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Moment<'_>> {
        (0..self.days.len()).flat_map(move |d| {
            (0..self.minutes.len())
                .flat_map(move |m| (0..self.subjects.len()).map(move |s| Moment { of: self, place: [d, m, s] }))
        })
    }

    /// The days, hours and subjects of a product, in Chinese and in English; nothing where it leaves nothing out.
    pub(super) fn told(&self, places: &[Places; 3]) -> (String, String) {
        let [days, minutes, subjects] = places;
        let (mut zh, mut en) = (Vec::new(), Vec::new());
        if days.len() < self.days.len() {
            for run in runs(days) {
                let from = self.days.get(*run.start()).filter(|_| *run.start() > 0);
                let until = self.days.get(run.end() + 1).and_then(|next| next.yesterday().ok());
                let (from_zh, from_en) =
                    from.map_or_else(Default::default, |d| (format!("{d}起"), format!("from {d}")));
                let (to_zh, to_en) = until.map_or_else(Default::default, |d| (format!("至{d}"), format!(" until {d}")));
                zh.push(format!("{from_zh}{to_zh}"));
                en.push(format!("{from_en}{to_en}").trim().to_owned());
            }
        }
        if minutes.len() < self.minutes.len() {
            let hours = self.hours(minutes).join("、");
            en.push(format!("at {}", hours.replace('、', ", ")));
            zh.push(hours);
        }
        if subjects.len() < self.subjects.len() {
            let named = |places: &mut dyn Iterator<Item = usize>| {
                places.filter_map(|p| self.subjects.get(p)).filter(|s| !s.is_empty()).cloned().collect::<Vec<_>>()
            };
            if subjects.contains(&0) {
                let others = named(&mut (0..self.subjects.len()).filter(|p| !subjects.contains(p)));
                zh.push(format!("未提及{}", others.join("、")));
                en.push(format!("where {} is not named", others.join(", ")));
            } else {
                let named = named(&mut subjects.iter().copied());
                zh.push(format!("提及{}", named.join("、")));
                en.push(format!("where {} is named", named.join(", ")));
            }
        }
        (zh.join(","), en.join(", "))
    }

    fn hours(&self, places: &Places) -> Vec<String> {
        let end = |place: usize| self.minutes.get(place + 1).copied().unwrap_or(24 * 60);
        let mut ranges: Vec<(u16, u16)> =
            runs(places).filter_map(|run| Some((*self.minutes.get(*run.start())?, end(*run.end())))).collect();
        // A range that ends at midnight and one that begins there are one night.
        if let [(0, until), .., (from, 1440)] = ranges.as_slice() {
            let (until, from) = (*until, *from);
            ranges.pop();
            ranges.remove(0);
            ranges.push((from, until));
        }
        let clock = |m: u16| format!("{:02}:{:02}", m / 60, m % 60);
        ranges.into_iter().map(|(from, to)| format!("{}-{}", clock(from), clock(to))).collect()
    }
}

impl<'a> Moment<'a> {
    /// As somebody would ask.
    pub(super) fn known(&self, area: &'a AreaCode) -> Circumstances<'a> {
        let [day, minute, subject] = self.place;
        let at = self.of.days.get(day).zip(self.of.minutes.get(minute)).map(|(d, m)| d.to_datetime(time_of(*m)));
        Circumstances { area: Some(area), at, words: self.of.subjects.get(subject).map(String::as_str) }
    }
}

/// Neighbouring places as runs.
fn runs(places: &Places) -> impl Iterator<Item = std::ops::RangeInclusive<usize>> {
    let mut runs: Vec<std::ops::RangeInclusive<usize>> = Vec::new();
    for &place in places {
        match runs.last_mut() {
            Some(run) if *run.end() + 1 == place => *run = *run.start()..=place,
            Some(_) | None => runs.push(place..=place),
        }
    }
    runs.into_iter()
}
