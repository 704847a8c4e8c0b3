use suban_domain::{
    Actor, At, Audience, Channel, Event, Fact, PersonCode, Recorded, RequestId, Role, Source, SourceId, SourceSystem,
    Submission, TextId, TicketNumber,
};
use uuid::Uuid;

use super::*;

/// A ticket with this many events: its submission, then notes.
fn log(n: u128, events: u32) -> Vec<Recorded> {
    let (ticket, at) = (TicketId::new(Uuid::from_u128(n)), At::from_micros(1));
    let source =
        Source { channel: Channel::Web, system: SourceSystem::new("test").unwrap(), id: SourceId::new("1").unwrap() };
    let submission = Submission::new(ticket, TicketNumber::new(26, 1, 15, 1), source, at);
    let opened = suban_domain::open(&submission, at, &suban_domain::Limits::sz_district()).unwrap();
    let noted = || Event::from(Fact::Noted { text: TextId::new(Uuid::from_u128(3)), audience: Audience::Internal });
    let by = Actor { role: Role::Agent, person: PersonCode::new("a").unwrap(), unit: None, area: None };
    let all = opened.into_iter().chain(std::iter::repeat_with(noted)).zip(1..=events);
    all.map(|(event, version)| Recorded {
        ticket,
        version,
        at,
        by: by.clone(),
        request: RequestId::new("r").unwrap(),
        event,
    })
    .collect()
}

fn messages(log: &[Recorded]) -> Vec<Envelope> {
    log.iter().map(|recorded| Envelope::of(recorded, None)).collect()
}

fn follow_all(known: &mut Known, messages: &[Envelope]) -> bool {
    messages.iter().all(|message| known.follow(message))
}

#[test]
fn a_ticket_followed_from_its_first_message_is_never_read_and_is_its_log() {
    let mut known = Known::default();
    let log = log(1, 5);
    let messages = messages(&log);
    for batch in messages.chunks(2) {
        assert!(known.missing(batch.iter()).is_empty());
        assert!(follow_all(&mut known, batch));
    }
    assert_eq!(*known.get(log[0].ticket).unwrap(), Ticket::fold(&log).unwrap());
}

#[test]
fn what_does_not_follow_is_read_and_a_repeat_changes_nothing() {
    let mut known = Known::default();
    let log = log(1, 6);
    let messages = messages(&log);
    let id = log[0].ticket;
    assert_eq!(known.missing(messages[3..5].iter()), [id], "its beginning is not known");
    // The row is a change ahead of the last message read.
    known.learn([Ticket::fold(&log).unwrap()].into_iter());
    assert!(follow_all(&mut known, &messages[3..5]));
    assert_eq!(known.get(id).unwrap().version, 6);
    assert!(known.missing(messages.iter()).is_empty());
    // An older reading is no news.
    known.learn([Ticket::fold(&log[..4]).unwrap()].into_iter());
    assert_eq!(known.get(id).unwrap().version, 6);
}

#[test]
fn what_a_ticket_was_before_is_answered_only_where_nothing_lies_between() {
    let mut known = Known::default();
    let log = log(1, 6);
    let messages = messages(&log);
    let id = log[0].ticket;
    let version_before = |known: &Known, from: usize| known.before(messages[from..].iter()).get(&id).map(|t| t.version);
    assert_eq!(version_before(&known, 0), None, "it begins with these");
    assert!(follow_all(&mut known, &messages[..3]));
    assert_eq!(version_before(&known, 3), Some(3));
    assert_eq!(version_before(&known, 2), None, "a repeat");
    assert_eq!(version_before(&known, 4), None, "a gap");
}

#[test]
fn a_gap_and_a_message_that_cannot_be_opened_ask_for_the_row() {
    let mut known = Known::default();
    let log = log(1, 6);
    let mut messages = messages(&log);
    assert!(follow_all(&mut known, &messages[..2]));
    assert_eq!(known.missing(messages[4..].iter()), [log[0].ticket]);
    assert!(!known.follow(&messages[4]));
    messages[2].body = bytes::Bytes::from_static(b"\xff");
    assert!(!known.follow(&messages[2]));
    assert_eq!(known.get(log[0].ticket).unwrap().version, 2, "what was known is still known");
}

#[test]
fn tickets_not_heard_of_for_long_are_forgotten() {
    let mut known = Known::default();
    let tickets = GENERATION * 3;
    for n in 0..tickets {
        assert!(follow_all(&mut known, &messages(&log(n as u128, 1))));
        known.get(TicketId::new(Uuid::from_u128(0)));
    }
    assert!(known.young.len() + known.old.len() <= 2 * GENERATION);
    assert!(known.version(TicketId::new(Uuid::from_u128(0))).is_some(), "asked for again and again");
    assert!(known.version(TicketId::new(Uuid::from_u128(1))).is_none());
}
