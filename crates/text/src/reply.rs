//! What is wrong with a reply, before it is accepted (质检, D§11.4).
//!
//! A case may only be closed with an answer. Seven rules look at a reply beside what was asked, each under one of the
//! names of D§11.4, each with the words it stands on and a sentence for the person who must write it again. A rule
//! says what it saw and never rewrites; only two of them say no by themselves ([`Severity::Blocks`]), because a reply
//! of courtesies alone and another person's telephone number need no judgement.
//!
//! A reply is cut into clauses, and each clause is put into one of five kinds (`clauses`): courtesy, passing on,
//! promise, deed, and everything else. What is neither courtesy nor passing on nor an open promise is the reply's
//! substance; most rules are sums over it. Whether it is about the same thing is told by the words that both have,
//! the rare ones counting most (`topic`).
//!
//! The thresholds were chosen on one half of 2,816 real replies and are told on the other half by
//! `suban backtest replies`. Pure, and linear in the lengths.

mod clauses;
mod people;
mod phrases;
mod topic;
mod words;

use std::ops::Range;

use jiff::civil::Date;
use suban_domain::{Kind, Outcome};

use crate::{features::Segmenter, fold::fold, kind};
use clauses::{Clause, Clauses, Said};
pub use topic::Rarity;

/// What is looked at, by the names of D§11.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// 答非所问.
    OffThePoint,
    /// 逻辑性.
    Logic,
    /// 问题解决情况.
    Solution,
    /// 办理时效.
    Timeliness,
    /// 回复态度.
    Attitude,
    /// The filter for sensitive words beside the five checks.
    Sensitive,
}

impl Check {
    /// Its name.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::OffThePoint => "答非所问",
            Self::Logic => "逻辑性",
            Self::Solution => "问题解决情况",
            Self::Timeliness => "办理时效",
            Self::Attitude => "回复态度",
            Self::Sensitive => "敏感信息",
        }
    }
}

/// A rule, as findings and backtests name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Nothing of what was asked comes up in the reply.
    OffTopic,
    /// Courtesies and nothing else.
    Template,
    /// Nobody did anything, or it was only passed on.
    NoAction,
    /// Something will be done, nobody knows when.
    PromiseWithoutDate,
    /// A telephone number, card, address or name of somebody else.
    OthersData,
    /// Fewer words than the questions need.
    TooShort,
    /// It contradicts the result or the calendar.
    Contradiction,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 7] = [
        Self::OffTopic,
        Self::Template,
        Self::NoAction,
        Self::PromiseWithoutDate,
        Self::OthersData,
        Self::TooShort,
        Self::Contradiction,
    ];

    /// The code in files.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::OffTopic => "off_topic",
            Self::Template => "template",
            Self::NoAction => "no_action",
            Self::PromiseWithoutDate => "promise_without_date",
            Self::OthersData => "others_data",
            Self::TooShort => "too_short",
            Self::Contradiction => "contradiction",
        }
    }

    /// Under which check of D§11.4 it stands.
    #[must_use]
    pub const fn check(self) -> Check {
        match self {
            // A question that got no words was not answered either.
            Self::OffTopic | Self::TooShort => Check::OffThePoint,
            Self::Template => Check::Attitude,
            Self::NoAction => Check::Solution,
            Self::PromiseWithoutDate => Check::Timeliness,
            Self::OthersData => Check::Sensitive,
            Self::Contradiction => Check::Logic,
        }
    }
}

/// What follows from a finding. Ordered: later weighs more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The writer may do better.
    Advice,
    /// A person must look before it is accepted.
    Look,
    /// It cannot be accepted like this.
    Blocks,
}

impl Severity {
    /// The code in files.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Advice => "advice",
            Self::Look => "look",
            Self::Blocks => "blocks",
        }
    }

    /// In Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Advice => "建议",
            Self::Look => "须人工复核",
            Self::Blocks => "不予办结",
        }
    }
}

/// One thing that is wrong with a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// By which rule.
    pub rule: Rule,
    /// What follows.
    pub severity: Severity,
    /// The words it stands on: bytes of the reply, on character borders; all of it where nothing is pointed at.
    pub range: Range<usize>,
    /// What is wrong, for its writer.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

/// A reply to be looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reply<'a> {
    /// Its words, as they were written: a mask would hide what [`Rule::OthersData`] looks for.
    pub text: &'a str,
    /// The day it was written, by the city's clock.
    pub on: Option<Date>,
    /// What the unit says it came to.
    pub outcome: Option<Outcome>,
}

/// What it is a reply to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The title, where there is one.
    pub title: &'a str,
    /// The citizen's words.
    pub words: &'a str,
    /// Its kind, where it is known; otherwise the words say it.
    pub kind: Option<Kind>,
}

/// What the rules count in a reply: for backtests, and for whoever doubts a finding.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measures {
    /// Letters and digits of the reply.
    pub letters: usize,
    /// Those of its substance.
    pub substance: usize,
    /// Questions asked, at least 1.
    pub questions: usize,
    /// Rare words in common, 0 to 1; `None` where there is too little to tell.
    pub likeness: Option<f64>,
}

/// Substance below this is none: a date or a name stood where the rule did not expect it.
const NOTHING: usize = 10;
/// Letters of substance that an answer to one question has at least.
pub const ONE_ANSWER: usize = 32;
/// More for each further question, up to [`MOST_QUESTIONS`].
const FURTHER_ANSWER: usize = 12;
/// People put the same question in many ways; more than this is rhetoric.
const MOST_QUESTIONS: usize = 4;
/// Words in common below this: about something else.
pub const LIKENESS: f64 = 0.02;

/// Looks at replies: the dictionary, and how rare each word is in a city's messages.
#[derive(Debug, Clone, Default)]
pub struct Checker {
    segmenter: Segmenter,
    rarity: Rarity,
}

impl Checker {
    /// With a city's words.
    #[must_use]
    pub const fn new(segmenter: Segmenter, rarity: Rarity) -> Self {
        Self { segmenter, rarity }
    }

    /// Everything that is wrong, what weighs most first.
    #[must_use]
    pub fn check(&self, reply: &Reply<'_>, asked: &Asked<'_>) -> Vec<Finding> {
        self.look(reply, asked).1
    }

    /// The same with what was counted.
    #[must_use]
    pub fn look(&self, reply: &Reply<'_>, asked: &Asked<'_>) -> (Measures, Vec<Finding>) {
        let clauses = Clauses::of(reply.text);
        let topic = self.topic(reply, asked, &clauses);
        let measures = Measures {
            letters: clauses.letters(|_| true),
            substance: clauses.letters(Clause::is_substance),
            questions: questions(asked),
            likeness: topic.as_ref().map(|topic| topic.likeness),
        };
        let mut found: Vec<Finding> = Vec::new();
        found.extend(template(&clauses, &measures));
        found.extend(no_action(&clauses, &measures, asked));
        if let Some(topic) = topic.filter(|topic| topic.likeness < LIKENESS) {
            found.push(words::off_topic(clauses.whole(), &topic));
        }
        found.extend(too_short(&clauses, &measures, &found));
        found.extend(clauses.iter().find(|c| c.said == Said::OpenPromise).map(words::promise));
        found.extend(people::others(reply.text, asked).into_iter().map(words::others));
        found.extend(contradiction(&clauses, reply));
        found.sort_by_key(|f| (std::cmp::Reverse(f.severity), f.rule, f.range.start));
        (measures, found)
    }

    fn topic(&self, reply: &Reply<'_>, asked: &Asked<'_>, clauses: &Clauses) -> Option<topic::Topic> {
        // Who answered nothing has been told so; there is nothing to compare.
        if clauses.letters(Clause::is_substance) < ONE_ANSWER {
            return None;
        }
        let said = clauses.text_of(reply.text, |clause| clause.is_substance() || clause.said == Said::OpenPromise);
        topic::compare(&self.segmenter, &self.rarity, (asked.title, asked.words), &said)
    }
}

/// How many questions a message puts: marks and the words people ask with, at least 1.
fn questions(asked: &Asked<'_>) -> usize {
    let marks = asked.words.chars().filter(|c| matches!(c, '?' | '？')).count();
    let put = phrases::ASKING.iter().map(|word| asked.words.matches(word).count()).max().unwrap_or(0);
    marks.max(put).clamp(1, MOST_QUESTIONS)
}

fn template(clauses: &Clauses, measures: &Measures) -> Option<Finding> {
    let more = clauses.iter().any(|c| matches!(c.said, Said::PassedOn | Said::OpenPromise));
    (measures.substance < NOTHING && !more).then(|| words::template(clauses.whole()))
}

/// Passed on and nothing else; or somebody asked that something be done, and nothing was, nor is a reason given.
fn no_action(clauses: &Clauses, measures: &Measures, asked: &Asked<'_>) -> Option<Finding> {
    if measures.substance < ONE_ANSWER
        && let Some(clause) = clauses.iter().find(|c| c.said == Said::PassedOn)
    {
        return Some(words::passed_on(clause));
    }
    if measures.substance < NOTHING {
        return clauses.iter().find(|c| c.said == Said::OpenPromise).map(words::promised_only);
    }
    let folded: String = asked.title.chars().chain(asked.words.chars()).map(fold).collect();
    let wants = asked.kind.or_else(|| kind::in_folded(&folded, None, None));
    let wants_deeds = match wants {
        Some(Kind::Complaint | Kind::Report | Kind::Help) => true,
        Some(Kind::Consult | Kind::Suggestion | Kind::Praise | Kind::Other) | None => false,
    };
    let answered = clauses.iter().any(|c| c.said == Said::Deed || c.grounds);
    (wants_deeds && !answered).then(|| words::no_action(clauses.whole()))
}

fn too_short(clauses: &Clauses, measures: &Measures, found: &[Finding]) -> Option<Finding> {
    // Whoever said nothing has been told so already.
    let told = found.iter().any(|f| f.rule == Rule::Template);
    let wanted = ONE_ANSWER + FURTHER_ANSWER * (measures.questions - 1);
    (!told && measures.substance < wanted).then(|| words::too_short(clauses.whole(), measures))
}

fn contradiction(clauses: &Clauses, reply: &Reply<'_>) -> Option<Finding> {
    let later = |clause: &&Clause| {
        clause.said == Said::Deed && clause.day.zip(reply.on).is_some_and(|(day, written)| day > written)
    };
    if let Some(clause) = clauses.iter().find(later) {
        return Some(words::done_later(clause));
    }
    let promise = clauses.iter().find(|c| matches!(c.said, Said::OpenPromise | Said::DatedPromise))?;
    let done = clauses.iter().any(|c| c.said == Said::Deed);
    (reply.outcome == Some(Outcome::Solved) && !done).then(|| words::solved_ahead(promise))
}

#[cfg(test)]
mod tests;
