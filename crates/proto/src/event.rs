//! Events as bytes: what stands in the log and travels on Kafka.
//!
//! One line a message, one line a fact: the fields of both sides have the same names, so a list of names
//! is the whole conversion. The compiler holds the lists to the domain (every field of a pattern must be
//! named) and to the contract (every field of a message must be set).

use std::collections::BTreeMap;

use prost::Message as _;
use suban_domain::{
    Answers, At, Due, Event, Extension, Fact, Flags, Handover, Order, Participation, Point, Reading, ResultRecord,
    Source, SurveyEnd, Task, Timer, Upstream, Waiting,
};

use crate::{
    Wire, WireError, v1,
    v1::event as form,
    wire::{messages, required},
};

/// The version of the event's schema, as the header `schema_version` says it.
pub const SCHEMA_VERSION: u32 = 1;

/// The body of an event's message and of its row in the log.
#[must_use]
pub fn encode_event(event: &Event) -> Vec<u8> {
    Wire::<v1::Event>::to_wire(event).encode_to_vec()
}

/// The event in a body.
///
/// # Errors
/// [`WireError::UnknownFact`] for a fact of a later version, which consumers skip; anything else is a
/// corrupt body. Unknown fields are ignored.
pub fn decode_event(body: &[u8]) -> Result<Event, WireError> {
    Event::from_wire(v1::Event::decode(body)?)
}

impl Wire<v1::Event> for Event {
    fn to_wire(&self) -> v1::Event {
        v1::Event { dues: self.dues.to_wire(), fact: Some(self.fact.to_wire()) }
    }
    fn from_wire(wire: v1::Event) -> Result<Self, WireError> {
        Ok(Self {
            fact: Fact::from_wire(wire.fact.ok_or(WireError::UnknownFact)?)?,
            dues: Vec::from_wire(wire.dues).map_err(|e| e.within("dues"))?,
        })
    }
}

messages! {
    Due => form::Due { timer, unit, at, card }
    Source => form::Source { channel, system, id }
    Upstream => form::Upstream { system, number, due, round }
    Reading => form::Reading { kind, matter, area, version, several }
    ResultRecord => form::Result {
        finding, finding_because, demand, outcome, site_visit, reply_means, reply, internal, public, files
    }
    Order => form::Order { level, issuer, due }
    Participation => form::Participation { places, claimed_by, evidence, confirmed }
    Extension => form::Extension { unit, by, first_review_by }
    Task => form::Task {
        unit, role, state, dispatched_at, signed_at, contacted_at, submitted_at, dues, handle_due, held, within,
        sign_due, contact_due, returns_asked, returns_denied, limit, cards
    }
    Handover => form::Handover {
        state, held, tasks, dues, mode, tier, return_lock, return_count, redo_round, extension_count, extension,
        members, urges, urgency, result, extended
    }
    Answers => v1::Answers { contacted, solved, satisfied, attitude, pressed_to_withdraw }
    Flags => v1::Flags {
        confidential, anonymous, no_contact, group_event, sensitive, enterprise, hotspot, repeat, over_duty, proactive,
        leader_note, against_official, in_proceedings
    }
}

impl Wire<v1::Point> for Point {
    fn to_wire(&self) -> v1::Point {
        v1::Point { lat: self.lat, lon: self.lon }
    }
    fn from_wire(wire: v1::Point) -> Result<Self, WireError> {
        Ok(Self::new(wire.lat, wire.lon)?)
    }
}
required!(Point => v1::Point);

impl Wire<Option<form::Handover>> for Box<Handover> {
    fn to_wire(&self) -> Option<form::Handover> {
        Handover::to_wire(self)
    }
    fn from_wire(wire: Option<form::Handover>) -> Result<Self, WireError> {
        Handover::from_wire(wire).map(Self::new)
    }
}

/// A task's clocks, by timer.
impl Wire<Vec<form::Clock>> for BTreeMap<Timer, At> {
    fn to_wire(&self) -> Vec<form::Clock> {
        self.iter().map(|(timer, at)| form::Clock { timer: timer.to_wire(), at: at.to_wire() }).collect()
    }
    fn from_wire(wire: Vec<form::Clock>) -> Result<Self, WireError> {
        wire.into_iter().map(|clock| Ok((Timer::from_wire(clock.timer)?, At::from_wire(clock.at)?))).collect()
    }
}

impl Wire<i32> for SurveyEnd {
    fn to_wire(&self) -> i32 {
        i32::from(match self {
            Self::Close => form::SurveyEnd::Close,
            Self::Redo => form::SurveyEnd::Redo,
            Self::SupervisedRedo => form::SurveyEnd::SupervisedRedo,
            Self::Nothing => form::SurveyEnd::Nothing,
            Self::Wait(Waiting::Qa) => form::SurveyEnd::WaitQa,
            Self::Wait(Waiting::Release) => form::SurveyEnd::WaitRelease,
            Self::Wait(Waiting::Arbiter) => form::SurveyEnd::WaitArbiter,
        })
    }
    fn from_wire(wire: i32) -> Result<Self, WireError> {
        match form::SurveyEnd::try_from(wire) {
            Ok(form::SurveyEnd::Close) => Ok(Self::Close),
            Ok(form::SurveyEnd::Redo) => Ok(Self::Redo),
            Ok(form::SurveyEnd::SupervisedRedo) => Ok(Self::SupervisedRedo),
            Ok(form::SurveyEnd::Nothing) => Ok(Self::Nothing),
            Ok(form::SurveyEnd::WaitQa) => Ok(Self::Wait(Waiting::Qa)),
            Ok(form::SurveyEnd::WaitRelease) => Ok(Self::Wait(Waiting::Release)),
            Ok(form::SurveyEnd::WaitArbiter) => Ok(Self::Wait(Waiting::Arbiter)),
            Ok(form::SurveyEnd::Unspecified) | Err(_) => Err(WireError::value("must say what the survey leads to")),
        }
    }
}

macro_rules! facts {
    ($($name:ident { $($field:ident),* })+) => {
        impl Wire<form::Fact> for Fact {
            fn to_wire(&self) -> form::Fact {
                match self {
                    $(Self::$name { $($field),* } => {
                        form::Fact::$name(form::$name { $($field: $field.to_wire()),* })
                    })+
                }
            }
            fn from_wire(wire: form::Fact) -> Result<Self, WireError> {
                match wire {
                    $(form::Fact::$name(form::$name { $($field),* }) => {
                        let read = || Ok(Self::$name {
                            $($field: Wire::from_wire($field).map_err(|e: WireError| e.within(stringify!($field)))?),*
                        });
                        read().map_err(|e: WireError| e.within(stringify!($name)))
                    })+
                }
            }
        }
    };
}

facts! {
    Submitted {
        number, source, requester, reachable, reported_at, received_at, texts, contact, kind, urgency, matter, area,
        point, flags, upstream, parent, raised_from
    }
    InfoAsked { missing }
    Supplemented { texts, resumes }
    SupplementOverdue { resumes }
    Rejected { reason, channel }
    TransferredOut { target, taker }
    Answered { reply }
    Accepted { reading }
    MergedInto { master, class, basis }
    Split { parts }
    Dispatched { lead, assists, mode, tier, catalogue, rule, limit }
    Signed { unit }
    ReturnRequested { unit, reason, evidence, suggested }
    ReturnReviewed { approve }
    ReturnApproved { reason, to, misdispatch, review }
    ReturnDenied { reason }
    Escalated {}
    OpinionFiled { unit, opinion }
    InterimLeadNamed { unit }
    Ruled { lead, assists, catalogue, rule, grounds }
    Contacted { unit, outcome }
    ExtensionRequested { unit, reason, by }
    ExtensionReviewed { grant }
    ExtensionGranted { by }
    ExtensionDenied {}
    UnitAdded { unit }
    Suspended { reason }
    Resumed { paused }
    ResultSubmitted { unit, result }
    PartsDone {}
    PartsAnswered { to }
    ResultRejected { findings, note, review }
    ResultAccepted { to }
    Verified { ok, photo, point, taken_at }
    SurveyAnswered { answers, means, end }
    SurveyAttempted { outcome, means }
    SurveyExhausted {}
    RedoOrdered { supervised, group }
    Closed { ending }
    Archived {}
    Withdrawn {}
    Unmerged { master, merged }
    Urged { on_member }
    InterimGiven { unit, text }
    Amended { kind, urgency, matter, area, point, flags, title }
    Recalled { reason }
    Noted { text, audience }
    SubDispatched { unit, inner }
    Reopened { to }
    Complained {}
    ReplyCopied { master, master_version, reply, lead }
    ReturnedUpstream { reason }
    UpstreamDecided { decision, to, by }
    Judged { verdict, candidates, basis }
    MemberJoined { member, brought, urgency, urges }
    MemberLeft { member }
    TookOver { from, handover }
    GaveOver { to, withdrawn }
    PartAccepted { unit, rating }
    PartRejected { unit, reason }
    AssistReleased { unit, reason }
    ReturnUnlocked {}
    RatedSatisfied { answers, means }
    CardShown { card, timer, unit }
    Supervised { order, text }
    Released { issuer }
    TaskPublished { participation, text }
    TaskClaimed { person }
    EvidenceGiven { person, photo, point, taken_at }
    EvidenceConfirmed { person }
    NoticeSent { notice, channel, receipt }
}
