//! Time limits: the default profile `sz-district` of D§8.2, and the calendar by which they count.
//!
//! Every due time is made here, from a start and a clock, by [`Limits::due`]; and every due time that moves is moved
//! here, in the measure in which its clock counts: what a pause takes from a clock of working days is given back in
//! working time. Nothing here is asked again once a due is stored (R-TIM-5).
//!
//! Where the calendar has no answer, which is before 2000 and after 2100, time counts day and night: a due that is
//! too early is seen, a clock that was lost is not.

use std::sync::{Arc, LazyLock};

use crate::{
    At, Kind, Span, Ticket, Timer, Urgency, VersionCode,
    calendar::{Allowance, Calendar, CalendarError, Calendars, Measure, Pause},
};

/// An allowance for each urgency; `None` where the clock does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerUrgency {
    /// 特急.
    pub critical: Option<Allowance>,
    /// 紧急.
    pub urgent: Option<Allowance>,
    /// 一般.
    pub normal: Option<Allowance>,
}

impl PerUrgency {
    const fn new(critical: Allowance, urgent: Allowance, normal: Allowance) -> Self {
        Self { critical: Some(critical), urgent: Some(urgent), normal: Some(normal) }
    }

    /// What this urgency is given.
    #[must_use]
    pub const fn of(&self, urgency: Urgency) -> Option<Allowance> {
        match urgency {
            Urgency::Critical => self.critical,
            Urgency::Urgent => self.urgent,
            Urgency::Normal => self.normal,
        }
    }
}

/// From when `T_handle` of a unit counts (R-TIM-2); cities differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CountFrom {
    /// From our receipt of the ticket.
    Receipt,
    /// From the dispatch of the unit's own task.
    Dispatch,
    /// From the sign; until then as if it were signed when `T_sign` runs out, so that no clock waits for a unit that
    /// does not sign (R-TIM-6).
    Sign,
    /// From the first opening of the working day after the dispatch.
    NextWorkday,
}

/// A version of the time limits and counts that decisions use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Recorded with what they decided.
    pub version: VersionCode,
    /// What working days and hours are.
    pub calendar: Arc<Calendar>,
    /// From when `T_handle` counts.
    pub count_from: CountFrom,
    /// One allowance for each clock and urgency; `T_handle` stands in `handle`.
    pub allowances: Vec<(Timer, PerUrgency)>,
    /// `T_handle` by type.
    pub handle: Vec<(Kind, PerUrgency)>,
    /// Approved returns a ticket may have, any code (D§6.2, below the table).
    pub max_return: u8,
    /// Redo rounds: one REDO, one SUPERVISED_REDO.
    pub max_redo: u8,
    /// Extensions by urgency: critical, urgent, normal.
    pub max_extensions: [u8; 3],
    /// All extensions of a ticket together may not exceed this; counted as [`Limits::extended`] says.
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

/// The calendar that ships, read and laid out once.
static SHIPPED: LazyLock<Result<Arc<Calendar>, CalendarError>> =
    LazyLock::new(|| Calendars::shipped().map(|all| Arc::clone(all.default_calendar())));

/// Natural minutes.
const fn min(n: i64) -> Allowance {
    Allowance::Natural(Span::minutes(n))
}

/// Natural hours.
const fn h(n: i64) -> Allowance {
    Allowance::Natural(Span::hours(n))
}

/// Working days.
const fn wd(n: u32) -> Allowance {
    Allowance::Days(n)
}

impl Limits {
    /// The profile to ship (D§8.2).
    ///
    /// # Panics
    /// Never: the version is a constant that follows its rule, and a test reads the calendar.
    #[must_use]
    #[expect(clippy::expect_used, reason = "constants")]
    pub fn sz_district() -> Self {
        let all = PerUrgency::new;
        let some = |urgent, normal| PerUrgency { critical: None, urgent, normal };
        let always = |allowance| all(allowance, allowance, allowance);
        let week = h(7 * 24);
        Self {
            version: VersionCode::new("sz-district:2").expect("a valid version"),
            calendar: Arc::clone(SHIPPED.as_ref().expect("a calendar that reads")),
            count_from: CountFrom::Dispatch,
            allowances: vec![
                (Timer::Accept, all(min(5), min(15), min(30))),
                (Timer::Dispatch, all(min(15), min(30), h(2))),
                (Timer::Judge, some(None, Some(min(10)))),
                (Timer::Sign, all(min(15), min(30), h(2))),
                (Timer::Contact, all(h(1), h(4), h(24))),
                (Timer::Interim, PerUrgency { critical: Some(h(2)), urgent: Some(h(24)), normal: None }),
                (Timer::Return, all(min(30), h(2), wd(1))),
                (Timer::ReturnReview, all(min(30), h(2), Allowance::Working(Span::hours(4)))),
                (Timer::Dispute, all(h(2), h(4), wd(1))),
                (Timer::SuspendReview, some(Some(wd(5)), Some(wd(15)))),
                (Timer::CloseReview, all(h(1), h(4), wd(1))),
                (Timer::Verify, all(h(4), wd(1), wd(2))),
                (Timer::Callback, always(h(24))),
                (Timer::CallbackEnd, always(week)),
                (Timer::Redo, all(wd(1), wd(2), wd(3))),
                (Timer::Rating, always(week)),
                (Timer::Reraise, always(h(15 * 24))),
                (Timer::Supplement, some(Some(wd(1)), Some(wd(2)))),
                (Timer::Upstream, always(wd(1))),
            ],
            handle: vec![
                (Kind::Consult, all(h(24), wd(1), wd(2))),
                (Kind::Help, all(h(24), wd(2), wd(4))),
                (Kind::Complaint, all(h(24), wd(5), wd(10))),
                (Kind::Report, all(h(24), wd(5), wd(10))),
                (Kind::Suggestion, all(h(24), wd(5), wd(10))),
                (Kind::Praise, all(h(24), wd(2), wd(5))),
                (Kind::Other, all(h(24), wd(2), wd(5))),
            ],
            max_return: 3,
            max_redo: 2,
            max_extensions: [0, 1, 2],
            max_extension: Span::days(15),
            extension_lead: some(Some(h(4)), Some(wd(1))),
            two_step_return: true,
            two_step_extension: true,
            lead_signs_result: false,
            verify_results: false,
            group_alert: 200,
            max_attempts: 3,
            upstream_margin: Span::hours(4),
        }
    }

    /// What clock `timer` is given. Unknown types count as complaints, the longest.
    #[must_use]
    pub fn allowance(&self, timer: Timer, urgency: Urgency, kind: Option<Kind>) -> Option<Allowance> {
        if matches!(timer, Timer::Handle | Timer::Promise) {
            let kind = kind.unwrap_or(Kind::Complaint);
            return self.handle.iter().find(|(k, _)| *k == kind).and_then(|(_, per)| per.of(urgency));
        }
        self.allowances.iter().find(|(t, _)| *t == timer).and_then(|(_, per)| per.of(urgency))
    }

    /// When clock `timer`, started at `from`, is due; `None` where the profile has no such clock.
    #[must_use]
    pub fn due(&self, timer: Timer, urgency: Urgency, kind: Option<Kind>, from: At) -> Option<At> {
        self.allowance(timer, urgency, kind).map(|allowance| self.after(from, allowance))
    }

    /// The same, for a clock that stood still in these times, each from and until (R-TIM-4).
    #[must_use]
    pub fn due_with(
        &self,
        timer: Timer,
        urgency: Urgency,
        kind: Option<Kind>,
        from: At,
        pauses: &[(At, At)],
    ) -> Option<At> {
        let allowance = self.allowance(timer, urgency, kind)?;
        // A pause that ended before it began took nothing.
        let pauses: Vec<Pause> = pauses.iter().filter_map(|(from, until)| Pause::new(*from, *until).ok()).collect();
        Some(self.after_pauses(from, allowance, &pauses))
    }

    /// From when a unit's `T_handle` counts (R-TIM-2).
    #[must_use]
    pub fn handle_start(&self, ticket: &Ticket, dispatched_at: At, signed_at: Option<At>) -> At {
        match self.count_from {
            CountFrom::Receipt => ticket.received_at,
            CountFrom::Dispatch => dispatched_at,
            CountFrom::Sign => signed_at
                .or_else(|| self.due(Timer::Sign, ticket.urgency, ticket.kind, dispatched_at))
                .unwrap_or(dispatched_at),
            CountFrom::NextWorkday => self.calendar.next_workday(dispatched_at).unwrap_or(dispatched_at),
        }
    }

    /// By which measure clock `timer` counts.
    #[must_use]
    pub fn measure(&self, timer: Timer, urgency: Urgency, kind: Option<Kind>) -> Measure {
        match self.allowance(timer, urgency, kind) {
            Some(Allowance::Days(_) | Allowance::Working(_)) => Measure::Working,
            Some(Allowance::Natural(_)) | None => Measure::Natural,
        }
    }

    /// A due of a clock that stood still from `from` until `until`: as much is left as was left when it stopped, and
    /// one that was late is as late as it was. Never earlier than before.
    #[must_use]
    pub fn put_off(&self, measure: Measure, due: At, from: At, until: At) -> At {
        let Ok(pause) = Pause::new(from, until) else { return due };
        match measure {
            Measure::Natural => due.plus(until.since(from)),
            Measure::Working => self.calendar.put_off(due, pause).unwrap_or_else(|_| due.plus(until.since(from))),
        }
    }

    /// A due with `by` more time. On a working clock each 24 hours of `by` are a working day, and what is left over
    /// is working time: "3 days" of a clock of working days are three of them.
    #[must_use]
    pub fn extended(&self, measure: Measure, due: At, by: Span) -> At {
        match measure {
            Measure::Natural => due.plus(by),
            Measure::Working => {
                let day = Span::days(1).as_micros();
                let days = u32::try_from(by.as_micros().div_euclid(day)).unwrap_or(0);
                let rest = Allowance::Working(Span::micros(by.as_micros().rem_euclid(day)));
                let later = if days == 0 { due } else { self.after(due, Allowance::Days(days)) };
                self.after(later, rest)
            }
        }
    }

    /// The latest moment at which an extension of a work that is due at `due` may be asked for (`T_ext_lead`).
    #[must_use]
    pub fn latest_request(&self, urgency: Urgency, due: At) -> At {
        self.extension_lead.of(urgency).map_or(due, |lead| self.before(due, lead))
    }

    /// When a due comes near: the later of one day before it and 80 % of the time from `from` (D§8.2, "Reading the
    /// table"), both by `measure`: a working day before, or 24 hours where day and night count.
    #[must_use]
    pub fn near(&self, measure: Measure, from: At, due: At) -> At {
        let natural = || due.minus(Span::days(1)).max(from.plus(due.since(from).percent(80)));
        let near = match (measure, self.calendar.between(measure, from, due, &[])) {
            (Measure::Working, Ok(whole)) => {
                self.before(due, wd(1)).max(self.after(from, Allowance::Working(whole.percent(80))))
            }
            (Measure::Working | Measure::Natural, _) => natural(),
        };
        near.min(due)
    }

    /// When the red card about a due comes: at the first working moment from then on, or for what presses at once
    /// (D§8.2, "Reading the table").
    #[must_use]
    pub fn red(&self, urgency: Urgency, due: At) -> At {
        match urgency {
            Urgency::Normal => self.calendar.next_opening(due).unwrap_or(due),
            Urgency::Urgent | Urgency::Critical => due,
        }
    }

    fn after(&self, from: At, allowance: Allowance) -> At {
        self.after_pauses(from, allowance, &[])
    }

    fn after_pauses(&self, from: At, allowance: Allowance, pauses: &[Pause]) -> At {
        let by_night_too = || self.calendar.due(from, Allowance::Natural(natural(allowance)), pauses);
        self.calendar.due(from, allowance, pauses).or_else(|_| by_night_too()).unwrap_or(from)
    }

    fn before(&self, due: At, allowance: Allowance) -> At {
        let earlier = self.calendar.subtract(due, allowance, &[]);
        earlier.unwrap_or_else(|_| due.minus(natural(allowance))).min(due)
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

/// As much day and night, where no calendar helps: 24 hours a day.
const fn natural(allowance: Allowance) -> Span {
    match allowance {
        Allowance::Natural(span) | Allowance::Working(span) => span,
        Allowance::Days(n) => Span::days(n as i64),
    }
}
