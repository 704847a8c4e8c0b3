//! What an operator still has to ask: what, where, since when, when, and how to reach the citizen.
//!
//! A call that ends without one of these comes back as a return or a second call. Only what the
//! matter needs is asked: a question about social insurance happens nowhere.

use suban_domain::Kind;

use crate::extract::Extraction;
use crate::reading::Reading;

/// An element that a demand lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Missing {
    /// What it is about: no matter was read.
    What,
    /// A place to which somebody can be sent.
    Where,
    /// When it happened or happens.
    When,
    /// Since when, of something that happens again and again.
    SinceWhen,
    /// A telephone number or another way back to the citizen.
    Contact,
}

/// What is known beside the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Beside {
    /// The requester can be reached: a number, an account, a return address.
    pub contact: bool,
    /// A point on the map or a checked address.
    pub place: bool,
    /// The channel says when it happened.
    pub time: bool,
}

impl Missing {
    /// Every element, in the order in which one asks.
    pub const ALL: [Self; 5] = [Self::What, Self::Where, Self::When, Self::SinceWhen, Self::Contact];

    /// The code in files and events.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::What => "what",
            Self::Where => "where",
            Self::When => "when",
            Self::SinceWhen => "since_when",
            Self::Contact => "contact",
        }
    }

    /// Its name on a Chinese screen.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::What => "诉求事项",
            Self::Where => "具体地点",
            Self::When => "发生时间",
            Self::SinceWhen => "起始时间",
            Self::Contact => "联系方式",
        }
    }

    /// Its name on an English screen.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::What => "the matter",
            Self::Where => "the exact place",
            Self::When => "when it happened",
            Self::SinceWhen => "since when",
            Self::Contact => "a way to reach the citizen",
        }
    }

    /// The question to ask, in Chinese.
    #[must_use]
    pub const fn ask_zh(self) -> &'static str {
        match self {
            Self::What => "请问您要反映的具体是什么问题？",
            Self::Where => "请问具体在哪个位置？请告诉我街道、小区或路名，附近有什么标志。",
            Self::When => "请问是什么时候发生的？",
            Self::SinceWhen => "请问这个情况是从什么时候开始的？",
            Self::Contact => "请问方便留一个联系电话吗？办理结果会告诉您。",
        }
    }

    /// The question to ask, in English.
    #[must_use]
    pub const fn ask_en(self) -> &'static str {
        match self {
            Self::What => "What exactly is the problem?",
            Self::Where => "Where exactly is it? A street, a building or something close by will do.",
            Self::When => "When did it happen?",
            Self::SinceWhen => "Since when has this been going on?",
            Self::Contact => "May we have a telephone number, to tell you what was done?",
        }
    }
}

/// Does this kind of demand happen somewhere, at some time?
const fn happens(kind: Option<Kind>) -> bool {
    match kind {
        // Where the kind is not known it may be any of these: asking is cheaper than sending nobody.
        Some(Kind::Complaint | Kind::Help | Kind::Report) | None => true,
        Some(Kind::Consult | Kind::Suggestion | Kind::Praise | Kind::Other) => false,
    }
}

/// The elements that are missing, in the order in which one asks.
///
/// An area alone (`A3区`) is no place: nobody can be sent to a district. Something told as going on
/// (每天, every night) needs its beginning, anything else its time.
#[must_use]
pub fn missing(reading: &Reading, said: &Extraction, beside: Beside) -> Vec<Missing> {
    let happens = happens(reading.kind);
    let repeats = said.times.iter().any(|t| t.repeats);
    let begins = said.times.iter().any(|t| t.since);
    Missing::ALL
        .into_iter()
        .filter(|element| match element {
            Missing::What => reading.matter.is_none(),
            Missing::Where => happens && !beside.place && !said.tells_where(),
            Missing::When => happens && !beside.time && said.times.is_empty(),
            Missing::SinceWhen => happens && repeats && !begins,
            Missing::Contact => !beside.contact,
        })
        .collect()
}

#[cfg(test)]
mod tests;
