//! Facts: what a ticket says about the units that worked on it, as a pure function of the ticket.
//!
//! Because the ticket is the fold of its log, so is each fact; `verify` folds the log again up to the place that a
//! fact stands for, and compares. Figures are sums over facts (D§12.1); every rate keeps numerator and denominator.

use serde::{Deserialize, Serialize};
use suban_domain::{At, Demand, Ending, Merge, Outcome, State, Task, TaskRole, TaskState, Ticket, Tier};

/// One ticket's contribution to the figures of one unit; with unit `""`, to those of the hall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Which unit; empty for the ticket itself.
    pub unit: String,
    /// Counts.
    pub body: Body,
}

/// The counts of one fact: 0 or 1 mostly, so that they can be summed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Body {
    /// Received (on the ticket's own fact), or given to the unit.
    #[serde(skip_serializing_if = "is_zero")]
    pub received: u32,
    /// Merged into another.
    #[serde(skip_serializing_if = "is_zero")]
    pub merged: u32,
    /// Sent to a unit.
    #[serde(skip_serializing_if = "is_zero")]
    pub dispatched: u32,
    /// Sent without a person.
    #[serde(skip_serializing_if = "is_zero")]
    pub dispatched_auto: u32,
    /// Had to be signed.
    #[serde(skip_serializing_if = "is_zero")]
    pub should_sign: u32,
    /// Signed in time.
    #[serde(skip_serializing_if = "is_zero")]
    pub signed_in_time: u32,
    /// Had to contact the citizen.
    #[serde(skip_serializing_if = "is_zero")]
    pub should_contact: u32,
    /// Did.
    #[serde(skip_serializing_if = "is_zero")]
    pub contacted: u32,
    /// Did in time.
    #[serde(skip_serializing_if = "is_zero")]
    pub contacted_in_time: u32,
    /// Has a result that was accepted, or is past its due time.
    #[serde(skip_serializing_if = "is_zero")]
    pub due: u32,
    /// Was handed in by its due time: the submission that was finally accepted (R-TIM-3).
    #[serde(skip_serializing_if = "is_zero")]
    pub handled_in_time: u32,
    /// Completed.
    #[serde(skip_serializing_if = "is_zero")]
    pub completed: u32,
    /// Completed without a redo.
    #[serde(skip_serializing_if = "is_zero")]
    pub first_time_done: u32,
    /// Returns asked.
    #[serde(skip_serializing_if = "is_zero")]
    pub returned: u32,
    /// Returns denied.
    #[serde(skip_serializing_if = "is_zero")]
    pub denied_returns: u32,
    /// Sent to the wrong unit: approved returns under 22 and 23, recalls.
    #[serde(skip_serializing_if = "is_zero")]
    pub misdispatched: u32,
    /// Redone.
    #[serde(skip_serializing_if = "is_zero")]
    pub redone: u32,
    /// A valid survey.
    #[serde(skip_serializing_if = "is_zero")]
    pub valid: u32,
    /// Really solved, by the citizen's word where there is one, else by the result.
    #[serde(skip_serializing_if = "is_zero")]
    pub solved: u32,
    /// Surveys that say something of satisfaction.
    #[serde(skip_serializing_if = "is_zero")]
    pub rated: u32,
    /// Satisfaction in tenths: satisfied 10, mostly 8, else 0 (D§12.1).
    #[serde(skip_serializing_if = "is_zero")]
    pub satisfied_tenths: u32,
    /// Nobody could be asked.
    #[serde(skip_serializing_if = "is_zero")]
    pub unreached: u32,
    /// Closed.
    #[serde(skip_serializing_if = "is_zero")]
    pub closed: u32,
    /// Still open.
    #[serde(skip_serializing_if = "is_zero")]
    pub unfinished: u32,
    /// Urges.
    #[serde(skip_serializing_if = "is_zero")]
    pub urges: u32,
    /// By when the unit must hand in, in microseconds; absent while it owes nothing. No count, and never summed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_due: Option<i64>,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// The names of the counts, in the order of [`Body`]: what the sums are made over.
pub const COUNTS: &[&str] = &[
    "received",
    "merged",
    "dispatched",
    "dispatched_auto",
    "should_sign",
    "signed_in_time",
    "should_contact",
    "contacted",
    "contacted_in_time",
    "due",
    "handled_in_time",
    "completed",
    "first_time_done",
    "returned",
    "denied_returns",
    "misdispatched",
    "redone",
    "valid",
    "solved",
    "rated",
    "satisfied_tenths",
    "unreached",
    "closed",
    "unfinished",
    "urges",
];

/// Counts that only units' facts have: how a unit worked, not how a ticket went.
pub const WORK: &[&str] = &[
    "should_sign",
    "signed_in_time",
    "should_contact",
    "contacted",
    "contacted_in_time",
    "due",
    "handled_in_time",
    "completed",
    "first_time_done",
    "returned",
    "denied_returns",
    "redone",
];

/// Every fact of a ticket.
#[must_use]
pub fn facts(ticket: &Ticket) -> Vec<Fact> {
    let mut facts = vec![Fact { unit: String::new(), body: of_ticket(ticket) }];
    let mut units: Vec<&str> = Vec::new();
    for task in ticket.tasks.iter().filter(|t| matches!(t.role, TaskRole::Lead | TaskRole::Assist)) {
        if !units.contains(&task.unit.as_str()) {
            units.push(task.unit.as_str());
        }
    }
    facts.extend(units.iter().map(|unit| Fact { unit: (*unit).to_owned(), body: of_unit(ticket, unit) }));
    facts
}

/// The facts of a ticket that are not what they were before; all of them where that is not known. What a row says
/// besides, its area, counts as well.
#[must_use]
pub fn changed(before: Option<&Ticket>, after: &Ticket) -> Vec<Fact> {
    let mut now = facts(after);
    if let Some(before) = before.filter(|before| before.area == after.area) {
        let then = facts(before);
        now.retain(|fact| !then.contains(fact));
    }
    now
}

fn one(yes: bool) -> u32 {
    u32::from(yes)
}

fn of_ticket(ticket: &Ticket) -> Body {
    let merged = matches!(ticket.merge, Merge::Member { .. }) || ticket.copied_reply.is_some();
    let mut body = Body {
        // A split parent counts once and its parts count for their units (D§9.6).
        received: one(ticket.parent.is_none()),
        merged: one(merged),
        dispatched: one(ticket.tier.is_some() && !merged),
        dispatched_auto: one(ticket.tier == Some(Tier::Auto) && !merged),
        misdispatched: u32::from(ticket.misdispatch_count),
        closed: one(matches!(ticket.state, State::Closed | State::Archived) && ticket.ending.is_some()),
        unfinished: one(ticket.state.is_open()),
        urges: ticket.urges,
        ..Body::default()
    };
    survey(ticket, &mut body);
    body
}

fn of_unit(ticket: &Ticket, unit: &str) -> Body {
    let tasks: Vec<&Task> = ticket.tasks.iter().filter(|t| t.unit.as_str() == unit).collect();
    let mut body = Body { received: 1, dispatched: one(!tasks.is_empty()), ..Body::default() };
    for task in &tasks {
        body.returned += u32::from(task.returns_asked);
        body.denied_returns += u32::from(task.returns_denied);
        if let Some(due) = task.sign_due {
            body.should_sign += 1;
            body.signed_in_time += one(in_time(task.signed_at, due));
        }
        if let Some(due) = task.contact_due.filter(|_| ticket.reachable && !ticket.flags.no_contact) {
            body.should_contact += 1;
            body.contacted += one(task.contacted_at.is_some());
            body.contacted_in_time += one(in_time(task.contacted_at, due));
        }
    }
    // Timeliness counts the unit's last task: an earlier one went back, or was taken from it.
    let Some(last) = tasks.last() else { return body };
    let completed = last.state == TaskState::Accepted;
    body.completed = one(completed);
    // What is handed in, paused or ended is owed no longer.
    let owes = last.is_open() && last.state != TaskState::Submitted && ticket.paused_at.is_none();
    body.open_due = last.handle_due.filter(|_| owes && ticket.state.is_open()).map(At::micros);
    if let Some(due) = last.handle_due.filter(|_| completed) {
        body.due = 1;
        body.handled_in_time = one(in_time(last.submitted_at, due));
    }
    if last.role == TaskRole::Lead && ticket.lead().is_some_and(|lead| lead.unit.as_str() == unit) {
        body.redone = one(ticket.redo_round > 0);
        body.first_time_done = one(completed && ticket.redo_round == 0);
        body.closed = one(matches!(ticket.state, State::Closed | State::Archived));
        body.unfinished = one(ticket.state.is_open());
        body.urges = ticket.urges;
        survey(ticket, &mut body);
    }
    body
}

fn in_time(done: Option<At>, due: At) -> bool {
    done.is_some_and(|at| at <= due)
}

/// Only valid surveys count, in numerator and denominator (R-CB-5, R-CB-6).
fn survey(ticket: &Ticket, body: &mut Body) {
    body.unreached = one(ticket.ending == Some(Ending::Unreached));
    let ruled_out = ticket.ending == Some(Ending::Unreasonable)
        && ticket.result.as_ref().is_some_and(|r| matches!(r.demand, Demand::Excessive | Demand::NoBasis));
    let Some(answers) = ticket.answers.filter(|a| a.is_valid() && !ruled_out) else { return };
    body.valid = 1;
    body.solved = match answers.solved {
        Some(n) => one(n == 1),
        None => one(ticket.result.as_ref().is_some_and(|r| r.outcome == Outcome::Solved)),
    };
    // 满意率 uses the first valid round (R-CB-13); whether it is solved, the last one says.
    if let Some(n) = ticket.first_answers.unwrap_or(answers).satisfied {
        body.rated = 1;
        body.satisfied_tenths = match n {
            1 | 2 => 10,
            3 => 8,
            _ => 0,
        };
    }
}

/// Fewest tickets in an hour that flood a unit.
const FLOOD: u64 = 20;

/// Is a unit given so many tickets that somebody should look: half as many again as in its busiest hour of the week
/// before? A unit without such an hour has nothing to be compared with.
#[must_use]
pub fn is_flooded(last_hour: u64, busiest_hour: u64) -> bool {
    busiest_hour > 0 && last_hour >= FLOOD && last_hour * 2 > busiest_hour * 3
}

#[cfg(test)]
mod tests {
    use suban_domain::{
        Actor, Audience, Channel, Fact as FactOf, Limits, PersonCode, Recorded, RequestId, Role, Source, SourceId,
        SourceSystem, Submission, TextId, TicketId, TicketNumber,
    };
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_unit_is_flooded_by_more_than_it_ever_had_and_not_by_its_first_tickets() {
        assert!(!is_flooded(300, 0), "it never had an hour to compare with");
        assert!(!is_flooded(19, 5), "a few are no flood");
        assert!(is_flooded(31, 20) && !is_flooded(30, 20));
    }

    #[test]
    fn only_a_fact_that_differs_is_written_again() {
        let at = At::from_micros(1);
        let source = Source {
            channel: Channel::Web,
            system: SourceSystem::new("test").unwrap(),
            id: SourceId::new("1").unwrap(),
        };
        let submission =
            Submission::new(TicketId::new(Uuid::from_u128(1)), TicketNumber::new(26, 1, 15, 1), source, at);
        let opened = suban_domain::open(&submission, at, &Limits::sz_district()).unwrap();
        let noted = FactOf::Noted { text: TextId::new(Uuid::from_u128(3)), audience: Audience::Internal };
        let by = Actor { role: Role::Agent, person: PersonCode::new("a").unwrap(), unit: None, area: None };
        let log: Vec<Recorded> = opened
            .into_iter()
            .chain([noted.into()])
            .zip(1..)
            .map(|(event, version)| Recorded {
                ticket: submission.id,
                version,
                at,
                by: by.clone(),
                request: RequestId::new("r").unwrap(),
                event,
            })
            .collect();
        let after = Ticket::fold(&log).unwrap();
        let before = Ticket::fold(&log[..log.len() - 1]).unwrap();
        assert_eq!(changed(None, &after), facts(&after), "nothing is known of what is kept");
        assert_eq!(changed(Some(&before), &after), [], "a note changes no figure");
        let urged = Ticket { urges: 1, ..after.clone() };
        assert_eq!(changed(Some(&before), &urged), facts(&urged));
        let moved = Ticket { area: Some("440304001".parse().unwrap()), ..after.clone() };
        assert_eq!(changed(Some(&before), &moved), facts(&moved), "figures are told by area, too");
    }

    #[test]
    fn every_count_of_a_fact_can_be_summed_by_its_name() {
        let ones = COUNTS.iter().map(|name| ((*name).to_owned(), 1.into())).collect();
        let body: Body = serde_json::from_value(serde_json::Value::Object(ones)).unwrap();
        let back = serde_json::to_value(&body).unwrap();
        assert_eq!(back.as_object().unwrap().len(), COUNTS.len(), "a name of COUNTS is none of Body's");
        assert!(WORK.iter().all(|name| COUNTS.contains(name)));
        let zero = serde_json::to_value(Body { open_due: Some(1), ..Body::default() }).unwrap();
        assert_eq!(zero, serde_json::json!({ "open_due": 1 }), "a count that is 0 takes no room");
    }
}
