//! What is asked, and what of it the engine is asked.

use suban_domain::{At, UnitCode};
use suban_text::Runs;
use tantivy::{
    Term,
    query::{AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, Occur, RangeQuery, TermQuery, TermSetQuery},
    schema::{Field, IndexRecordOption},
};

use crate::{Key, Mark, Words, document::upwards, schema::Fields};

/// What a word in the title and in the place counts beside one in the citizen's words: people write the subject there.
const TITLE: f32 = 3.0;
const PLACE: f32 = 2.0;

type Asked = Box<dyn tantivy::query::Query>;

/// A period of receipt: from the first instant on, before the second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Period {
    /// At or after.
    pub from: Option<At>,
    /// Before.
    pub until: Option<At>,
}

/// What is asked: words, and what to narrow to.
#[derive(Debug, Clone)]
pub struct Query {
    pub(crate) words: Words,
    /// Of each group a ticket has at least one.
    among: Vec<Vec<String>>,
    /// And none of these.
    without: Vec<String>,
    period: Period,
    pub(crate) asked_at: At,
    pub(crate) after: Option<Mark>,
}

impl Query {
    /// Asks for tickets with these words, now; with any where there are none.
    #[must_use]
    pub fn of(words: Words, now: At) -> Self {
        Self { words, among: Vec::new(), without: Vec::new(), period: Period::default(), asked_at: now, after: None }
    }

    /// Only tickets that have one of these; no keys narrow nothing.
    #[must_use]
    pub fn among<'a>(mut self, keys: impl IntoIterator<Item = Key<'a>>) -> Self {
        let keys: Vec<String> = keys.into_iter().map(Key::term).collect();
        if !keys.is_empty() {
            self.among.push(keys);
        }
        self
    }

    /// Only tickets with a task of this unit, of a team below it or of a unit above it.
    #[must_use]
    pub fn of_unit(mut self, unit: &UnitCode) -> Self {
        self.among.push(related(unit));
        self
    }

    /// No ticket with such a task.
    #[must_use]
    pub fn not_of_unit(mut self, unit: &UnitCode) -> Self {
        self.without.extend(related(unit));
        self
    }

    /// Only tickets that were received in this period.
    #[must_use]
    pub fn within(mut self, period: Period) -> Self {
        self.period = period;
        self
    }

    /// The hits after this one.
    #[must_use]
    pub fn after(mut self, mark: Option<Mark>) -> Self {
        if let Some(mark) = mark {
            (self.asked_at, self.after) = (mark.asked_at(), Some(mark));
        }
        self
    }

    /// As the engine is asked.
    pub(crate) fn engine(&self, fields: &Fields) -> Asked {
        let mut clauses: Vec<(Occur, Asked)> = Vec::new();
        if !self.words.is_empty() {
            let each = self.words.iter().map(|word| (Occur::Should, of_word(fields, word))).collect();
            clauses.push(match self.words.needed() {
                needed if needed < self.words.iter().len() => {
                    (Occur::Must, Box::new(BooleanQuery::with_minimum_required_clauses(each, needed)))
                }
                _ => {
                    let each = each.into_iter().map(|(_, word)| word).collect();
                    (Occur::Must, Box::new(BooleanQuery::intersection(each)))
                }
            });
        }
        for keys in &self.among {
            clauses.push((Occur::Must, quiet(of_keys(fields, keys))));
        }
        if self.period != Period::default() {
            clauses.push((Occur::Must, quiet(of_period(fields, self.period))));
        }
        if clauses.is_empty() {
            clauses.push((Occur::Must, quiet(Box::new(AllQuery))));
        }
        if !self.without.is_empty() {
            clauses.push((Occur::MustNot, of_keys(fields, &self.without)));
        }
        Box::new(BooleanQuery::new(clauses))
    }
}

/// Narrows and says nothing of how good a hit is.
fn quiet(query: Asked) -> Asked {
    Box::new(ConstScoreQuery::new(query, 0.0))
}

/// A word is there where all its runs stand in one text.
fn of_word(fields: &Fields, word: &str) -> Asked {
    let runs = Runs::of(word);
    let within = |field: Field, counts: f32| -> Asked {
        let mut terms: Vec<Asked> = runs
            .sought()
            .map(|run| -> Asked {
                Box::new(TermQuery::new(Term::from_field_text(field, run), IndexRecordOption::WithFreqs))
            })
            .collect();
        let all = match (terms.len(), terms.pop()) {
            (1, Some(only)) => only,
            (_, last) => {
                terms.extend(last);
                Box::new(BooleanQuery::intersection(terms))
            }
        };
        if counts == 1.0 { all } else { Box::new(BoostQuery::new(all, counts)) }
    };
    let places = [(fields.title, TITLE), (fields.words, 1.0), (fields.place, PLACE)];
    Box::new(BooleanQuery::union(places.map(|(field, counts)| within(field, counts)).into()))
}

fn of_keys(fields: &Fields, keys: &[String]) -> Asked {
    let terms: Vec<Term> = keys.iter().map(|key| Term::from_field_text(fields.keys, key)).collect();
    match &terms[..] {
        [only] => Box::new(TermQuery::new(only.clone(), IndexRecordOption::Basic)),
        _ => Box::new(TermSetQuery::new(terms)),
    }
}

/// An id begins with the time of receipt in milliseconds.
fn of_period(fields: &Fields, period: Period) -> Asked {
    use std::ops::Bound::{Excluded, Included, Unbounded};
    let first = |at: At| {
        // A ticket of a part of a millisecond has that millisecond's id.
        let millis = u64::try_from(at.millis().max(0)).unwrap_or_default();
        Term::from_field_u64(fields.id_high, millis << 16)
    };
    let from = period.from.map_or(Unbounded, |at| Included(first(at)));
    let until = period.until.map_or(Unbounded, |at| Excluded(first(at.plus(suban_domain::Span::micros(999)))));
    Box::new(RangeQuery::new(from, until))
}

/// A unit, its teams, and the units above it: who sees each other's tasks.
fn related(unit: &UnitCode) -> Vec<String> {
    let below = Key::UnitOrBelow(unit).term();
    let above = upwards(unit.as_str()).skip(1).map(|above| format!("unit:{above}"));
    std::iter::once(below).chain(above).collect()
}
