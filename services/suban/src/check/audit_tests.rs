//! One of each fault, planted in an otherwise clean city of two tickets: exactly it is found.

use suban_domain::{
    Actor, At, Channel, Fact, Limits, PersonCode, Reading, RequestId, Role, Source, SourceId, SourceSystem, Span,
    Submission, TicketNumber, Verdict, VersionCode, open,
};
use uuid::Uuid;

use super::*;

const START: At = At::from_micros(1_795_000_000_000_000);

fn id(n: u64) -> TicketId {
    TicketId::new(Uuid::from_u128(u128::from(n)))
}

fn system() -> Actor {
    Actor { role: Role::System, person: PersonCode::new("suban").unwrap(), unit: None, area: None }
}

fn source(n: u64) -> Source {
    Source {
        channel: Channel::Phone12345,
        system: SourceSystem::new("hotline").unwrap(),
        id: SourceId::new(format!("s{n}")).unwrap(),
    }
}

fn submission(n: u64) -> Submission {
    let reading = Reading {
        kind: None,
        matter: None,
        area: None,
        version: VersionCode::new("reader:1").unwrap(),
        several: Vec::new(),
    };
    Submission { accept: Some(reading), ..Submission::new(id(n), TicketNumber::new(26, 11, 24, n), source(n), START) }
}

/// Submitted and accepted.
fn opened(submission: &Submission) -> Vec<suban_domain::Event> {
    open(submission, START, &Limits::sz_district()).unwrap()
}

fn log(n: u64, events: Vec<(&str, suban_domain::Event)>) -> Vec<Logged> {
    (1..)
        .zip(events)
        .map(|(version, (request, event))| Logged {
            event: Recorded {
                ticket: id(n),
                version,
                at: START.plus(Span::seconds(i64::from(version))),
                by: system(),
                request: RequestId::new(request).unwrap(),
                event,
            },
            kept: true,
        })
        .collect()
}

fn judged() -> suban_domain::Event {
    let basis = VersionCode::new("rule:1").unwrap();
    Fact::Judged { verdict: Verdict::Unique, candidates: Vec::new(), basis }.into()
}

/// A ticket that was submitted, accepted and judged, and waits in the dispatchers' queue.
fn read(n: u64, submission: &Submission) -> Read {
    let begun = opened(submission);
    let mut events: Vec<_> = begun.into_iter().map(|event| ("submit", event)).collect();
    events.push(("judge:1", judged()));
    row_of(n, log(n, events))
}

fn row_of(n: u64, log: Vec<Logged>) -> Read {
    let fold = Ticket::fold(log.iter().map(|l| &l.event)).unwrap();
    Read {
        id: id(n),
        number: fold.number.to_string(),
        version: i32::try_from(fold.version).unwrap(),
        state: i16::try_from(fold.state.number()).unwrap(),
        bulk: false,
        body: serde_json::to_string(&fold).unwrap(),
        timed: false,
        queued: true,
        surveyed: false,
        log,
        damaged: None,
        bytes: Vec::new(),
        others: HashMap::new(),
    }
}

fn topic(tickets: &[Read]) -> HashMap<TicketId, Seen> {
    let mut all: HashMap<TicketId, Seen> = HashMap::new();
    for logged in tickets.iter().flat_map(|read| &read.log) {
        all.entry(logged.event.ticket).or_default().heard(logged.event.version);
    }
    all
}

fn city() -> Vec<Read> {
    vec![read(1, &submission(1)), read(2, &submission(2))]
}

fn entry(n: u64) -> Entry {
    let Source { channel, system, id: source } = source(n);
    Entry {
        channel: channel.number(),
        system: system.to_string(),
        source_id: source.to_string(),
        number: TicketNumber::new(26, 11, 24, n).to_string(),
        ticket_id: id(n).to_string(),
    }
}

fn judge(tickets: &[Read], topic: HashMap<TicketId, Seen>) -> Audit {
    let mut audit = Audit::new((topic, 0), None);
    tickets.iter().for_each(|read| audit.ticket(read));
    let missing = audit.missing().clone();
    audit.lost_on_the_way(&missing);
    audit
}

/// The report's figures that are not 0, without the two that are no faults.
fn faults(audit: Audit) -> Vec<(&'static str, u64)> {
    let report = audit.finish();
    let faults: Vec<_> = report.figures().into_iter().skip(2).filter(|(_, n)| *n > 0).collect();
    assert_eq!(report.is_clean(), faults.is_empty());
    faults
}

#[test]
fn a_clean_city_has_no_fault() {
    let tickets = city();
    let mut audit = judge(&tickets, topic(&tickets));
    audit.acknowledged(&entry(1), true);
    audit.acknowledged(&entry(1), true);
    let events = tickets.iter().map(|read| read.log.len() as u64).sum();
    assert_eq!((audit.report.tickets, audit.report.events), (2, events));
    assert_eq!(faults(audit), []);
}

#[test]
fn an_acknowledged_ticket_that_is_not_there_is_lost() {
    let tickets = city();
    let mut audit = judge(&tickets, topic(&tickets));
    audit.acknowledged(&entry(3), false);
    assert_eq!(faults(audit), [("lost", 1)]);
}

#[test]
fn an_event_that_never_reached_the_topic_is_lost_unless_it_is_too_old_or_bulk() {
    let mut tickets = city();
    let mut short = city();
    short[1].log.pop();
    assert_eq!(faults(judge(&tickets, topic(&short))), [("lost", 1)]);
    tickets[1].log.last_mut().unwrap().kept = false;
    assert_eq!(faults(judge(&tickets, topic(&short))), []);
    let mut tickets = city();
    tickets[1].bulk = true;
    assert_eq!(faults(judge(&tickets, topic(&short))), []);
}

#[test]
fn one_source_as_two_tickets_is_doubled() {
    let tickets = vec![read(1, &submission(1)), read(2, &Submission { source: source(1), ..submission(2) })];
    assert_eq!(faults(judge(&tickets, topic(&tickets))), [("doubled", 1)]);
}

#[test]
fn two_tickets_told_for_one_source_are_doubled() {
    let tickets = city();
    let mut audit = judge(&tickets, topic(&tickets));
    audit.acknowledged(&entry(1), true);
    audit.acknowledged(&Entry { ticket_id: id(2).to_string(), ..entry(1) }, true);
    assert_eq!(faults(audit), [("doubled", 1)]);
}

#[test]
fn one_cause_with_two_effects_is_doubled() {
    let begun = opened(&submission(1)).into_iter().map(|event| ("submit", event));
    let events = begun.chain([("judge:1", judged()), ("judge:2", judged()), ("judge:1", judged())]).collect();
    let tickets = vec![row_of(1, log(1, events))];
    assert_eq!(faults(judge(&tickets, topic(&tickets))), [("doubled", 1)]);
}

#[test]
fn a_first_occurrence_after_a_later_one_is_out_of_order_and_a_repeat_is_not() {
    let tickets = city();
    let mut heard = topic(&tickets);
    heard.entry(id(1)).or_default().heard(1);
    assert_eq!(faults(judge(&tickets, heard.clone())), []);
    let disordered = heard.entry(id(2)).or_default();
    *disordered = Seen::default();
    (1..=3).rev().for_each(|version| disordered.heard(version));
    assert_eq!(faults(judge(&tickets, heard)), [("out_of_order", 1)]);
}

#[test]
fn a_row_that_is_not_the_fold_of_its_log_differs() {
    let mut tickets = city();
    tickets[0].body = tickets[1].body.clone();
    assert_eq!(faults(judge(&tickets, topic(&tickets))), [("row_differs_from_log", 1)]);
    let mut tickets = city();
    tickets[0].log.remove(1);
    assert_eq!(faults(judge(&tickets, topic(&city()))), [("row_differs_from_log", 1)]);
    let mut audit = judge(&city(), topic(&city()));
    audit.logs_without_row(vec![id(9)]);
    assert_eq!(faults(audit), [("row_differs_from_log", 1)]);
}

#[test]
fn a_ticket_that_nothing_will_touch_is_stranded() {
    let mut tickets = city();
    tickets[1].queued = false;
    assert_eq!(faults(judge(&tickets, topic(&tickets))), [("stranded", 1)]);
    tickets[1].timed = true;
    assert_eq!(faults(judge(&tickets, topic(&tickets))), []);
}

#[test]
fn the_outbox_dead_letters_and_names_in_clear_are_counted() {
    let tickets = city();
    let mut audit = judge(&tickets, topic(&tickets));
    audit.outbox(4);
    audit.dead_letters(2);
    audit.personal_data(Place::Log, 1);
    assert_eq!(faults(audit), [("outbox_pending", 4), ("dead_letters", 2), ("personal_data_found", 1)]);
}

#[test]
fn what_still_moves_proves_nothing() {
    let report = Audit::new((HashMap::new(), 0), Some("group dedup is 3 messages behind".into())).finish();
    assert!(!report.is_clean());
}
