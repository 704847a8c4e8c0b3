//! The file as a value: what is printed, and what is written as JSON. Times are by the city's clock.

use serde::Serialize;

use crate::clocks::Clocks;

/// Something with a Chinese name and a code, or an English one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// In Chinese.
    pub zh: String,
    /// Its code, or in English.
    pub en: String,
}

impl Named {
    /// Of both names.
    #[must_use]
    pub fn of(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}

/// The whole file of one ticket.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseFile {
    /// The number for people.
    pub number: String,
    /// Its id.
    pub ticket_id: String,
    /// The log's last version in it.
    pub version: u32,
    /// Its title, or the beginning of the words.
    pub title: String,
    /// Where it stands.
    pub state: Named,
    /// How it ended, if it did.
    pub ending: Option<Named>,
    /// By which way it came.
    pub channel: Named,
    /// What the citizen wants.
    pub kind: Option<Named>,
    /// How urgent.
    pub urgency: Named,
    /// The matter: name and code.
    pub matter: Option<Named>,
    /// The area: name and code.
    pub area: Option<Named>,
    /// Where it happened; not in the file of a confidential ticket, unless the reader has to go there.
    pub place: Option<String>,
    /// Flags that are set.
    pub flags: Vec<Named>,
    /// The source's time.
    pub reported_at: String,
    /// Ours.
    pub received_at: String,
    /// Who asked.
    pub requester: Requester,
    /// What was said, in order.
    pub words: Vec<Words>,
    /// Photographs and documents, in order.
    pub files: Vec<FileLine>,
    /// Everything that happened, in order.
    pub steps: Vec<Step>,
    /// The units that worked on it.
    pub units: Vec<UnitWork>,
    /// Its clocks.
    pub clocks: Clocks,
    /// Calls and messages, from citizens and to them, with what came of them.
    pub contacts: Vec<ContactLine>,
    /// Replies and results, in order.
    pub replies: Vec<ReplyLine>,
    /// Surveys and attempts, in order.
    pub survey: Vec<SurveyLine>,
    /// What of the steps was about other tickets.
    pub merges: Vec<Step>,
    /// Why it was sent where it went, each time.
    pub decisions: Vec<Decided>,
    /// Who looked at it or at the requester.
    pub viewed: Vec<Viewed>,
    /// Who had this file made, when and why.
    pub printed: Printed,
}

/// Who asked.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Requester {
    /// Somebody is known; an erased one was.
    pub known: bool,
    /// 匿名.
    pub anonymous: bool,
    /// Can be reached.
    pub reachable: bool,
    /// The rest only where it was revealed.
    pub name: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Home address.
    pub home_address: Option<String>,
}

impl std::fmt::Debug for Requester {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Requester").field("known", &self.known).finish_non_exhaustive()
    }
}

/// Something said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Words {
    /// First words, or added ones.
    pub what: Named,
    /// The words; none once they are erased.
    pub text: Option<String>,
}

/// A photograph or document: that it came, not what it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileLine {
    /// When.
    pub at: String,
    /// What it is by its bytes; none where it never arrived whole.
    pub kind: Option<Named>,
    /// Its length as it is kept.
    pub bytes: u64,
    /// Width and height of a picture, pixels.
    pub pixels: Option<(u32, u32)>,
    /// Which side added it.
    pub role: Named,
    /// Which account; empty for a citizen.
    pub person: String,
    /// For which unit: name and code.
    pub unit: Option<Named>,
    /// Whether it can be looked at.
    pub state: Named,
    /// Whether it said where it was taken; not told to whom the ticket's place is not.
    pub placed: Option<bool>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its place in the log.
    pub version: u32,
    /// When.
    pub at: String,
    /// In which role.
    pub role: Named,
    /// Which account; empty for a citizen.
    pub person: String,
    /// For which unit: name and code.
    pub unit: Option<Named>,
    /// What it is called in data.
    pub event: &'static str,
    /// What happened.
    pub what: Named,
    /// Why and with what: names of fields and what stands in them.
    pub why: Vec<(Named, String)>,
}

/// One unit's work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitWork {
    /// Name and code.
    pub unit: Named,
    /// Its part.
    pub role: Named,
    /// Where its task stands.
    pub state: Named,
    /// When it got it.
    pub dispatched_at: String,
    /// When it signed.
    pub signed_at: Option<String>,
    /// When it first reached the citizen.
    pub contacted_at: Option<String>,
    /// When it handed in, the last time.
    pub submitted_at: Option<String>,
    /// When it had to.
    pub due: Option<String>,
}

/// A call or message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContactLine {
    /// When.
    pub at: String,
    /// Who called whom.
    pub who: Named,
    /// By which way or which account.
    pub by: String,
    /// What came of it.
    pub result: Named,
    /// What was said, where it was kept apart from the ticket's words.
    pub text: Option<String>,
}

/// A reply or result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplyLine {
    /// When.
    pub at: String,
    /// Result, answer on the spot, interim report, copied reply.
    pub what: Named,
    /// By which unit.
    pub unit: Option<Named>,
    /// 事实认定, 诉求认定, 处理结果, 现场查看, 答复方式, 是否公开 (D§5.4): names and values.
    pub fields: Vec<(Named, Named)>,
    /// The public reply.
    pub reply: Option<String>,
    /// Why the finding is not "true".
    pub because: Option<String>,
    /// 办理情况, for the centre.
    pub internal: Option<String>,
    /// What the review said.
    pub review: Option<Named>,
}

/// A survey or an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SurveyLine {
    /// When.
    pub at: String,
    /// By which means.
    pub means: Option<Named>,
    /// What came of it.
    pub result: Named,
    /// Questions and answers (D§11.1).
    pub answers: Vec<(Named, Named)>,
}

/// Why a ticket was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// The version that the dispatch made.
    pub version: u32,
    /// The catalogue used.
    pub catalogue: String,
    /// What read matter and area.
    pub reader: String,
    /// What was learned from.
    pub learned: String,
    /// Units in question, best first; the first got it.
    pub candidates: Vec<Considered>,
}

/// A unit in question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Considered {
    /// Name and code.
    pub unit: Named,
    /// The row or ruling that names it.
    pub rule: String,
    /// Its chance in thousandths, where one is known.
    pub permille: Option<u16>,
    /// Why.
    pub because: Named,
}

/// Somebody who looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Viewed {
    /// When.
    pub at: String,
    /// Which account.
    pub person: String,
    /// In which role.
    pub role: Named,
    /// At what, as the audit calls it.
    pub act: String,
    /// Why, masked.
    pub reason: String,
}

/// Who had a file made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Printed {
    /// When.
    pub at: String,
    /// Which account.
    pub by: String,
    /// In which role.
    pub role: Named,
    /// Why.
    pub reason: String,
    /// With personal data.
    pub revealed: bool,
}
