//! Time limits: the default profile `sz-district` of D§8.2, in natural time.
//!
//! The working calendar comes later through [`Limits`]' one seam: every due time is made by
//! [`Limits::due`] from a start and a clock, so only that function will learn about holidays.
//! Until then a working day counts as 24 hours and a working hour as an hour.

use serde::{Deserialize, Serialize};

use crate::{At, Kind, Span, Timer, Urgency, VersionCode};

/// A span for each urgency; `None` where the clock does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerUrgency {
    /// 特急.
    pub critical: Option<Span>,
    /// 紧急.
    pub urgent: Option<Span>,
    /// 一般.
    pub normal: Option<Span>,
}

impl PerUrgency {
    const fn new(critical: Span, urgent: Span, normal: Span) -> Self {
        Self { critical: Some(critical), urgent: Some(urgent), normal: Some(normal) }
    }

    /// The span for this urgency.
    #[must_use]
    pub const fn of(&self, urgency: Urgency) -> Option<Span> {
        match urgency {
            Urgency::Critical => self.critical,
            Urgency::Urgent => self.urgent,
            Urgency::Normal => self.normal,
        }
    }
}

/// A version of the time limits and counts that decisions use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Recorded with what they decided.
    pub version: VersionCode,
    /// One span for each clock and urgency; `T_handle` stands in `handle`.
    pub spans: Vec<(Timer, PerUrgency)>,
    /// `T_handle` by type.
    pub handle: Vec<(Kind, PerUrgency)>,
    /// Approved returns a ticket may have, any code (D§6.2, below the table).
    pub max_return: u8,
    /// Redo rounds: one REDO, one SUPERVISED_REDO.
    pub max_redo: u8,
    /// Extensions by urgency: critical, urgent, normal.
    pub max_extensions: [u8; 3],
    /// All extensions of a ticket together may not exceed this.
    pub max_extension: Span,
    /// How long before due an extension must be asked: `T_ext_lead`.
    pub extension_lead: PerUrgency,
    /// Returns need two reviewers (初审, 终审).
    pub two_step_return: bool,
    /// Extensions need two reviewers (R-DSP-6).
    pub two_step_extension: bool,
    /// A lead must sign a result off.
    pub lead_signs_result: bool,
    /// Every accepted result is checked on site first.
    pub verify_results: bool,
    /// Members to whom a group may grow before an alert (G8).
    pub group_alert: u32,
    /// Survey attempts before giving up (R-CB-3).
    pub max_attempts: u8,
    /// The margin before an upstream due (D§5.5).
    pub upstream_margin: Span,
}

impl Limits {
    /// The profile to ship (D§8.2).
    ///
    /// # Panics
    /// Never: the version is a constant that follows its rule.
    #[must_use]
    pub fn sz_district() -> Self {
        use Span as S;
        let day = S::days;
        let all = PerUrgency::new;
        let none = |normal| PerUrgency { critical: None, urgent: None, normal };
        Self {
            #[expect(clippy::expect_used, reason = "a constant")]
            version: VersionCode::new("sz-district:1").expect("a valid version"),
            spans: vec![
                (Timer::Accept, all(S::minutes(5), S::minutes(15), S::minutes(30))),
                (Timer::Dispatch, all(S::minutes(15), S::minutes(30), S::hours(2))),
                (Timer::Judge, none(Some(S::minutes(10)))),
                (Timer::Sign, all(S::minutes(15), S::minutes(30), S::hours(2))),
                (Timer::Contact, all(S::hours(1), S::hours(4), S::hours(24))),
                (Timer::Interim, PerUrgency { critical: Some(S::hours(2)), urgent: Some(S::hours(24)), normal: None }),
                (Timer::Return, all(S::minutes(30), S::hours(2), day(1))),
                (Timer::ReturnReview, all(S::minutes(30), S::hours(2), S::hours(4))),
                (Timer::Dispute, all(S::hours(2), S::hours(4), day(1))),
                (Timer::SuspendReview, PerUrgency { critical: None, urgent: Some(day(5)), normal: Some(day(15)) }),
                (Timer::CloseReview, all(S::hours(1), S::hours(4), day(1))),
                (Timer::Verify, all(S::hours(4), day(1), day(2))),
                (Timer::Callback, all(day(1), day(1), day(1))),
                (Timer::CallbackEnd, all(day(7), day(7), day(7))),
                (Timer::Redo, all(day(1), day(2), day(3))),
                (Timer::Rating, all(day(7), day(7), day(7))),
                (Timer::Reraise, all(day(15), day(15), day(15))),
                (Timer::Supplement, PerUrgency { critical: None, urgent: Some(day(1)), normal: Some(day(2)) }),
                (Timer::Upstream, all(day(1), day(1), day(1))),
            ],
            handle: vec![
                (Kind::Consult, all(day(1), day(1), day(2))),
                (Kind::Help, all(day(1), day(2), day(4))),
                (Kind::Complaint, all(day(1), day(5), day(10))),
                (Kind::Report, all(day(1), day(5), day(10))),
                (Kind::Suggestion, all(day(1), day(5), day(10))),
                (Kind::Praise, all(day(1), day(2), day(5))),
                (Kind::Other, all(day(1), day(2), day(5))),
            ],
            max_return: 3,
            max_redo: 2,
            max_extensions: [0, 1, 2],
            max_extension: day(15),
            extension_lead: PerUrgency { critical: None, urgent: Some(S::hours(4)), normal: Some(day(1)) },
            two_step_return: true,
            two_step_extension: true,
            lead_signs_result: false,
            verify_results: false,
            group_alert: 200,
            max_attempts: 3,
            upstream_margin: S::hours(4),
        }
    }

    /// How long clock `timer` runs. Unknown types count as complaints, the longest.
    #[must_use]
    pub fn span(&self, timer: Timer, urgency: Urgency, kind: Option<Kind>) -> Option<Span> {
        if matches!(timer, Timer::Handle | Timer::Promise) {
            let kind = kind.unwrap_or(Kind::Complaint);
            return self.handle.iter().find(|(k, _)| *k == kind).and_then(|(_, per)| per.of(urgency));
        }
        self.spans.iter().find(|(t, _)| *t == timer).and_then(|(_, per)| per.of(urgency))
    }

    /// When clock `timer`, started at `from`, is due. The seam for the calendar.
    #[must_use]
    pub fn due(&self, timer: Timer, urgency: Urgency, kind: Option<Kind>, from: At) -> Option<At> {
        self.span(timer, urgency, kind).map(|span| from.plus(span))
    }

    /// Extensions allowed at this urgency.
    #[must_use]
    pub const fn extensions(&self, urgency: Urgency) -> u8 {
        match urgency {
            Urgency::Critical => self.max_extensions[0],
            Urgency::Urgent => self.max_extensions[1],
            Urgency::Normal => self.max_extensions[2],
        }
    }
}
