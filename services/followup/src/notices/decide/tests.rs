use suban_domain::{
    Action, Command, Flags, Kind as Type, MatterCode, Mode, Reading, RequestId, RequesterId, Source, SourceId,
    SourceSystem, Submission, TextId, TicketId, TicketNumber, Tier, VersionCode, open,
};
use uuid::Uuid;

use super::*;

fn at(text: &str) -> At {
    At::from(text.parse::<jiff::Timestamp>().unwrap())
}

/// Tuesday half past nine in Shenzhen.
fn morning() -> At {
    at("2026-03-10T01:30:00Z")
}

fn unit() -> UnitCode {
    UnitCode::new("JTJ").unwrap()
}

/// A ticket that waits for its unit, with everything that happened to it.
fn sent(urgency: Urgency) -> (Ticket, Vec<Recorded>) {
    let limits = Limits::sz_district();
    let reading = Reading {
        kind: Some(Type::Help),
        matter: Some(MatterCode::new("lamp").unwrap()),
        area: None,
        version: VersionCode::new("reader:1").unwrap(),
        several: Vec::new(),
    };
    let source = Source {
        channel: suban_domain::Channel::Phone12345,
        system: SourceSystem::new("hotline").unwrap(),
        id: SourceId::new("s1").unwrap(),
    };
    let submission = Submission {
        requester: Some(RequesterId::new(Uuid::from_u128(9))),
        reachable: true,
        texts: vec![TextId::new(Uuid::from_u128(2))],
        urgency,
        accept: Some(reading),
        ..Submission::new(TicketId::new(Uuid::from_u128(1)), TicketNumber::new(26, 3, 10, 1), source, morning())
    };
    let mut log = Vec::new();
    let mut ticket: Option<Ticket> = None;
    let mut record = |ticket: &mut Option<Ticket>, event| {
        let recorded = Recorded {
            ticket: submission.id,
            version: ticket.as_ref().map_or(0, |t| t.version) + 1,
            at: morning(),
            by: suban_service::App::system(),
            request: RequestId::new("r").unwrap(),
            event,
        };
        *ticket = Some(match ticket.take() {
            None => Ticket::begin(&recorded).unwrap(),
            Some(ticket) => ticket.apply(&recorded).unwrap(),
        });
        log.push(recorded);
    };
    for event in open(&submission, morning(), &limits).unwrap() {
        record(&mut ticket, event);
    }
    let judged = Action::Judge {
        verdict: suban_domain::Verdict::Unique,
        candidates: vec![],
        basis: VersionCode::new("t:1").unwrap(),
    };
    let dispatched = Action::Dispatch {
        lead: unit(),
        assists: vec![],
        mode: Mode::General,
        tier: Tier::Auto,
        catalogue: VersionCode::new("demo:1").unwrap(),
        rule: None,
        limit: None,
        lead_allowed: true,
    };
    for action in [judged, dispatched] {
        let command =
            Command { by: suban_service::App::system(), at: morning(), request: RequestId::new("d").unwrap(), action };
        for event in suban_domain::decide(ticket.as_ref().unwrap(), &command, &limits).unwrap() {
            record(&mut ticket, event);
        }
    }
    (ticket.unwrap(), log)
}

/// An event that comes now.
fn now(ticket: &Ticket, by: Role, when: At, fact: Fact) -> Recorded {
    let mut actor = suban_service::App::system();
    actor.role = by;
    Recorded {
        ticket: ticket.id,
        version: ticket.version + 1,
        at: when,
        by: actor,
        request: RequestId::new("n").unwrap(),
        event: fact.into(),
    }
}

fn told(ticket: &Ticket, event: &Recorded) -> Vec<(&'static str, String, i64)> {
    let plan = plan(ticket, event, &Limits::sz_district());
    plan.iter().map(|p| (p.kind.code(), p.to.to_string(), p.at.since(event.at).as_seconds() / 60)).collect()
}

fn card(card: Card, timer: Timer) -> Fact {
    Fact::CardShown { card, timer, unit: Some(unit()) }
}

#[test]
fn only_what_presses_rings_the_duty_phone_when_it_is_sent() {
    for (urgency, rings) in [(Urgency::Normal, false), (Urgency::Urgent, false), (Urgency::Critical, true)] {
        let (ticket, log) = sent(urgency);
        let dispatched = log.iter().find(|event| event.event.fact.name() == "dispatched").unwrap();
        assert_eq!(asks(dispatched), rings, "{urgency}");
        assert_eq!(!plan(&ticket, dispatched, &Limits::sz_district()).is_empty(), rings, "{urgency}");
    }
}

#[test]
fn a_ladder_goes_up_faster_the_more_it_presses_and_ends_at_the_district() {
    for (urgency, step) in [(Urgency::Normal, 30), (Urgency::Urgent, 10), (Urgency::Critical, 5)] {
        let (ticket, _) = sent(urgency);
        let event = now(&ticket, Role::System, morning().plus(Span::hours(2)), card(Card::Yellow, Timer::Sign));
        let to = |rung: &str| rung.to_owned();
        let expected = [
            ("URGE", to("unit:JTJ:duty"), 0),
            ("URGE", to("unit:JTJ:backup"), step),
            ("URGE", to("unit:JTJ:lead"), 2 * step),
            ("URGE", to("desk:district-duty"), 3 * step),
        ];
        assert_eq!(told(&ticket, &event), expected);
        assert!(plan(&ticket, &event, &Limits::sz_district()).iter().all(|p| p.holds == Holds::Unsigned));
    }
}

#[test]
fn a_rung_is_not_told_once_somebody_has_signed_and_a_card_not_once_the_result_is_in() {
    let (ticket, _) = sent(Urgency::Normal);
    let here = unit();
    let mut signed = ticket.clone();
    signed.tasks[0].state = TaskState::Signed;
    let mut done = ticket.clone();
    done.tasks[0].state = TaskState::Submitted;
    let still = |holds: Holds, ticket: &Ticket| holds.still(ticket, Some(&here));
    assert!(still(Holds::Unsigned, &ticket) && !still(Holds::Unsigned, &signed));
    assert!(still(Holds::Unfinished, &signed) && !still(Holds::Unfinished, &done));
    assert!(still(Holds::Open, &done) && still(Holds::Always, &done));
    assert!(!Holds::Unfinished.still(&ticket, Some(&UnitCode::new("SWJ").unwrap())), "another unit's work");
}

#[test]
fn a_red_card_names_the_lead_and_the_supervisors_and_an_order_follows_after_one_and_five_working_days() {
    let (ticket, _) = sent(Urgency::Normal);
    // Thursday noon in Shenzhen.
    let event = now(&ticket, Role::System, at("2026-03-12T03:00:00Z"), card(Card::Red, Timer::Handle));
    let day = 24 * 60;
    let expected = [
        ("RED", "unit:JTJ:lead".to_owned(), 0),
        ("RED", "desk:supervisors".to_owned(), 0),
        ("ORDER_DUE_1", "desk:supervisors".to_owned(), day),
        ("ORDER_DUE_2", "desk:supervisors".to_owned(), 7 * day),
    ];
    assert_eq!(told(&ticket, &event), expected);
}

#[test]
fn a_citizen_hears_of_an_own_urge_and_not_of_a_members_and_a_confidential_ticket_hears_nothing() {
    let (ticket, _) = sent(Urgency::Normal);
    let urged = |by, on_member| now(&ticket, by, morning(), Fact::Urged { on_member });
    let citizen = format!("citizen:{}", Uuid::from_u128(9));
    assert_eq!(
        told(&ticket, &urged(Role::Citizen, None)),
        [("URGE", "unit:JTJ:duty".to_owned(), 0), ("N11", citizen, 0)]
    );
    let by_member = urged(Role::Citizen, Some(TicketId::new(Uuid::from_u128(4))));
    assert_eq!(told(&ticket, &by_member), [("URGE", "unit:JTJ:duty".to_owned(), 0)]);

    let quiet = Ticket { flags: Flags { confidential: true, ..Flags::default() }, ..ticket.clone() };
    assert_eq!(told(&quiet, &urged(Role::Citizen, None)), [("URGE", "unit:JTJ:duty".to_owned(), 0)]);
}

#[test]
fn a_group_that_grows_past_the_alert_is_shown_to_leaders() {
    let (ticket, _) = sent(Urgency::Normal);
    let amended =
        |flags| Fact::Amended { kind: None, urgency: None, matter: None, area: None, point: None, flags, title: None };
    let grown = now(&ticket, Role::System, morning(), amended(Some(Flags { group_event: true, ..Flags::default() })));
    let many = Ticket { merge: suban_domain::Merge::Master { members: 201 }, ..ticket.clone() };
    assert!(asks(&grown));
    let expected = [("GROUP", "desk:supervisors".to_owned(), 0), ("GROUP", "desk:district-duty".to_owned(), 0)];
    assert_eq!(told(&many, &grown), expected);
    assert_eq!(told(&ticket, &grown), [], "an agent marked it; nobody joined it");
    assert!(!asks(&now(&ticket, Role::Agent, morning(), amended(None))));
}

#[test]
fn nobody_is_woken_but_for_life_and_who_is_on_duty() {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let citizen = Recipient::Citizen(RequesterId::new(Uuid::from_u128(9)));
    let lead = Recipient::Unit(unit(), Rung::Lead);
    let duty = Recipient::Unit(unit(), Rung::Duty);
    let (before, late, early) = (at("2026-03-10T13:59:59Z"), at("2026-03-10T14:00:00Z"), at("2026-03-10T23:59:00Z"));
    let eight = at("2026-03-11T00:00:00Z");
    for to in [&citizen, &lead] {
        assert_eq!(awake(before, to, Urgency::Normal, &zone), before);
        assert_eq!(awake(late, to, Urgency::Normal, &zone), eight);
        assert_eq!(awake(early, to, Urgency::Urgent, &zone), eight);
        assert_eq!(awake(late, to, Urgency::Critical, &zone), late);
    }
    assert_eq!(awake(late, &duty, Urgency::Normal, &zone), late);
}

proptest::proptest! {
    #[test]
    fn a_notice_is_put_off_into_waking_hours_and_by_less_than_a_night(minutes in 0_i64..400_000) {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let asked = morning().plus(Span::minutes(minutes));
        let citizen = Recipient::Citizen(RequesterId::new(Uuid::from_u128(9)));
        let told = awake(asked, &citizen, Urgency::Normal, &zone);
        let hour = told.timestamp().to_zoned_datetime(zone.clone()).hour();
        proptest::prop_assert!((8..22).contains(&hour), "{hour}");
        proptest::prop_assert!(told >= asked && told.since(asked) <= Span::hours(10));
    }
}
