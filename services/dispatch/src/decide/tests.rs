use suban_domain::{
    AreaCode, At, Channel, Command, Event, Fact, Flags, Kind, Limits, MatterCode, Reading, Recorded, RequestId, Source,
    SourceId, SourceSystem, Submission, TextId, TicketId, TicketNumber, open,
};
use suban_learn::unit::Lineage;
use suban_text::Tables;
use uuid::Uuid;

use super::*;
use crate::learned::{Check, Outcome, Ruling};

const AREAS: &str = "code,name,level,parent,lat,lon,aliases,estates,roads\n\
    LG,临港区,district,,,,,,\n\
    LG01,海湾街道,sub-district,LG,,,,,\n\
    LG0101,望潮社区,community,LG01,,,,,\n";
const UNITS: &str = "code,name,kind,parent,area,duty_24h,peer_group\n\
    FB,分拨中心,hall,,,yes,h\n\
    CG,城管局,department,,,yes,a\n\
    ST01,海湾街道办,street,,LG01,yes,b\n\
    ST01-A,海湾执法队,team,ST01,,yes,c\n";
const MATTERS: &str = "code,level1,level2,name,synonyms,keywords,kind,urgency,lead,assists,dept_only,personal,merge,\
    radius_m,handle_hours\n\
    lamp,a,b,路灯不亮,,路灯,HELP,NORMAL,CG,street,no,no,facility,50,24\n\
    rubbish,a,b,垃圾堆积,,垃圾,COMPLAINT,NORMAL,street,,no,no,facility,50,\n\
    fraud,a,b,欺诈,,欺诈,REPORT,NORMAL,CG,,yes,no,never,,\n";
const RULES: &str = "matter,area,lead,assists,note\n";

fn catalogue() -> Catalogue {
    Catalogue::parse(&Tables { areas: AREAS, units: UNITS, matters: MATTERS, rules: RULES }).unwrap()
}

/// A ticket that is accepted and judged unique.
fn ticket(matter: Option<&str>, area: Option<&str>) -> Ticket {
    let at = At::from_micros(1_795_000_000_000_000);
    let matter = matter.map(|m| MatterCode::new(m).unwrap());
    let area = area.map(|a| AreaCode::new(a).unwrap());
    let reading = Reading {
        kind: Some(Kind::Help),
        matter,
        area,
        version: VersionCode::new("reader:1").unwrap(),
        several: Vec::new(),
    };
    let source = Source {
        channel: Channel::Phone12345,
        system: SourceSystem::new("hotline").unwrap(),
        id: SourceId::new("s1").unwrap(),
    };
    let submission = Submission {
        texts: vec![TextId::new(Uuid::from_u128(2))],
        accept: Some(reading),
        ..Submission::new(TicketId::new(Uuid::from_u128(1)), TicketNumber::new(26, 11, 24, 1), source, at)
    };
    let mut events = open(&submission, at, &Limits::sz_district()).unwrap();
    events.push(Event::from(Fact::Judged {
        verdict: Verdict::Unique,
        candidates: vec![],
        basis: VersionCode::new("r:1").unwrap(),
    }));
    let mut ticket: Option<Ticket> = None;
    for (n, event) in events.into_iter().enumerate() {
        let recorded = Recorded {
            ticket: submission.id,
            version: u32::try_from(n + 1).unwrap(),
            at,
            by: suban_service::App::system(),
            request: RequestId::new(format!("r{n}")).unwrap(),
            event,
        };
        ticket = Some(match ticket {
            None => Ticket::begin(&recorded).unwrap(),
            Some(ticket) => ticket.apply(&recorded).unwrap(),
        });
    }
    ticket.unwrap()
}

fn decided(ticket: &Ticket) -> Decision {
    heard(ticket, &catalogue(), Some("路灯不亮"))
}

fn heard(ticket: &Ticket, catalogue: &Catalogue, words: Option<&str>) -> Decision {
    let (version, zone) = (VersionCode::new("demo:1").unwrap(), jiff::tz::TimeZone::fixed(jiff::tz::offset(8)));
    decide(ticket, &Known { in_force: Some((&version, catalogue)), zone: &zone, words, learned: None })
}

fn sent(ticket: &Ticket) -> Sending {
    match decided(ticket) {
        Decision::Send(sending) => sending,
        Decision::Person(waiting) => panic!("it waits: {waiting:?}"),
    }
}

fn waits(ticket: &Ticket) -> Waiting {
    match decided(ticket) {
        Decision::Person(waiting) => waiting,
        Decision::Send(sending) => panic!("it was sent: {sending:?}"),
    }
}

#[test]
fn one_row_that_names_the_lead_sends_it_and_is_named_in_the_reason() {
    let sending = sent(&ticket(Some("lamp"), Some("LG0101")));
    assert_eq!((sending.lead.as_str(), sending.mode), ("CG", Mode::Joint));
    assert_eq!(sending.assists, [UnitCode::new("ST01").unwrap()]);
    assert_eq!(sending.limit, Some(Span::hours(24)));
    let (zh, en) = because_of(&sending.candidates);
    assert!(en.contains("catalogue demo:1, matters.csv:2"), "{en}");
    assert!(zh.contains("路灯不亮"), "{zh}");
    assert_eq!(sending.candidates.first().map(|c| &c.unit), Some(&sending.lead));
}

#[test]
fn where_the_street_leads_the_place_must_be_known() {
    assert_eq!(sent(&ticket(Some("rubbish"), Some("LG0101"))).lead.as_str(), "ST01");
    assert_eq!(waits(&ticket(Some("rubbish"), None)).reason, Reason::UnknownArea);
    assert_eq!(waits(&ticket(Some("rubbish"), Some("LG"))).reason, Reason::UnknownArea);
    assert_eq!(sent(&ticket(Some("fraud"), None)).lead.as_str(), "CG", "the same unit leads everywhere");
}

#[test]
fn the_citys_hour_and_the_named_subject_choose_the_rule_and_its_note_is_told() {
    let rules = "matter,area,lead,assists,note,hours,subject,from,until,level,basis\n\
        lamp,LG,ST01,,夜间由街道值守,22:00-06:00,,,,街,值班办法\n\
        lamp,LG,FB,,隧道灯由中心协调,,隧道|tunnel,,,,\n";
    let catalogue = Catalogue::parse(&Tables { areas: AREAS, units: UNITS, matters: MATTERS, rules }).unwrap();
    let lead = |ticket: &Ticket, words| match heard(ticket, &catalogue, words) {
        Decision::Send(sending) => format!("{} {}", sending.lead, sending.rule),
        Decision::Person(waiting) => {
            let units: Vec<&str> = waiting.candidates.iter().map(|c| c.unit.as_str()).collect();
            format!("{:?} {}", waiting.reason, units.join("|"))
        }
    };
    let mut lamp = ticket(Some("lamp"), Some("LG0101"));
    let at = |text: &str| At::from(text.parse::<jiff::Timestamp>().unwrap());
    lamp.received_at = at("2026-11-27T14:30:00Z"); // half past ten at night in the city
    assert_eq!(lead(&lamp, Some("路灯不亮")), "ST01 rules.csv:2");
    assert_eq!(lead(&lamp, Some("隧道里的灯不亮")), "FB rules.csv:3");
    let (zh, en) = match heard(&lamp, &catalogue, Some("路灯不亮")) {
        Decision::Send(sending) => because_of(&sending.candidates),
        Decision::Person(waiting) => panic!("{waiting:?}"),
    };
    assert!(zh.contains("rules.csv:2: 夜间由街道值守, 值班办法") && en.contains("夜间由街道值守"), "{zh} {en}");
    lamp.received_at = at("2026-11-27T22:30:00Z"); // half past six in the morning
    assert_eq!(lead(&lamp, Some("路灯不亮")), "CG matters.csv:2");
    assert_eq!(lead(&lamp, None), "NoSingleUnit FB|CG", "erased words are not guessed");
    assert!(asks_for_words(&lamp, &catalogue));
    assert!(!asks_for_words(&ticket(Some("fraud"), None), &catalogue));
}

#[test]
fn an_unknown_matter_or_no_catalogue_is_a_persons() {
    assert_eq!(waits(&ticket(None, Some("LG0101"))).reason, Reason::UnknownMatter);
    assert_eq!(waits(&ticket(Some("gone"), Some("LG0101"))).reason, Reason::UnknownMatter);
    let nothing = Known { in_force: None, zone: &jiff::tz::TimeZone::UTC, words: None, learned: None };
    assert!(matches!(decide(&ticket(Some("lamp"), None), &nothing), Decision::Person(_)));
}

/// Each flag that asks for a person.
const FLAGS: [fn(&mut Flags); 6] = [
    |f| f.confidential = true,
    |f| f.against_official = true,
    |f| f.group_event = true,
    |f| f.sensitive = true,
    |f| f.leader_note = true,
    |f| f.in_proceedings = true,
];

#[test]
fn every_flag_that_asks_for_a_person_gets_one_with_the_unit_proposed() {
    for set in FLAGS {
        let mut ticket = ticket(Some("lamp"), Some("LG0101"));
        set(&mut ticket.flags);
        let waiting = waits(&ticket);
        assert_eq!(waiting.reason, Reason::Flag);
        assert_eq!(waiting.candidates.len(), 1, "the dispatcher sees whose it would be");
    }
    let mut media = ticket(Some("lamp"), Some("LG0101"));
    media.source.channel = Channel::Media;
    assert_eq!(waits(&media).reason, Reason::Flag);
}

#[test]
fn what_came_back_or_may_be_a_duplicate_is_never_sent_by_itself() {
    let mut returned = ticket(Some("lamp"), Some("LG0101"));
    returned.misdispatch_count = 1;
    assert_eq!(waits(&returned).reason, Reason::Returned);
    let mut refused = ticket(Some("lamp"), Some("LG0101"));
    refused.returned_by.push(UnitCode::new("CG").unwrap());
    assert_eq!(waits(&refused).reason, Reason::Returned);
    let mut suggested = ticket(Some("lamp"), Some("LG0101"));
    suggested.verdict = Some(Verdict::Suggested);
    assert_eq!(waits(&suggested).reason, Reason::SuggestedDuplicate);
}

#[test]
fn a_street_never_leads_what_only_departments_may_and_a_team_nothing() {
    let catalogue = catalogue();
    let unit = |code: &str| UnitCode::new(code).unwrap();
    let fraud = ticket(Some("fraud"), None);
    assert!(!may_lead(&catalogue, &fraud, &unit("ST01")), "R-NAT-3");
    assert!(may_lead(&catalogue, &fraud, &unit("CG")));
    assert!(may_lead(&catalogue, &ticket(Some("lamp"), None), &unit("ST01")));
    assert!(!may_lead(&catalogue, &ticket(Some("lamp"), None), &unit("ST01-A")));
    assert!(!may_lead(&catalogue, &fraud, &unit("XX")));
}

#[test]
fn a_ticket_waits_for_its_verdict_unless_it_presses() {
    let mut waiting = ticket(Some("lamp"), Some("LG0101"));
    assert!(is_ready(&waiting));
    waiting.verdict = None;
    assert!(!is_ready(&waiting));
    waiting.urgency = Urgency::Critical;
    assert!(is_ready(&waiting));
}

#[test]
fn the_same_ticket_under_the_same_catalogue_gets_the_same_answer() {
    let ticket = ticket(Some("lamp"), Some("LG0101"));
    assert_eq!(decided(&ticket), decided(&ticket));
}

#[test]
fn every_reason_has_a_code_of_its_own_and_the_contracts_number() {
    for reason in Reason::ALL {
        assert_eq!(Reason::from_code(reason.code()), Some(*reason));
        assert!(suban_proto::v1::QueueReason::try_from(reason.number()).is_ok_and(|r| r as i32 != 0));
    }
}

#[test]
fn what_people_at_the_centre_must_do_is_told_for_every_state() {
    let rules = (VersionCode::new("demo:1").unwrap(), catalogue());
    let known =
        Known { in_force: Some((&rules.0, &rules.1)), zone: &jiff::tz::TimeZone::UTC, words: None, learned: None };
    let waits = |ticket: &Ticket| waits_for(ticket, &known).map(|w| w.reason);
    let mut ticket = ticket(None, Some("LG0101"));
    assert_eq!(waits(&ticket), Some(Reason::UnknownMatter));
    for (state, reason) in [
        (State::Received, Some(Reason::Acceptance)),
        (State::ReturnReview, Some(Reason::Review)),
        (State::CloseReview, Some(Reason::Review)),
        (State::InDispute, Some(Reason::Dispute)),
        (State::Handling, None),
        (State::Closed, None),
        (State::MergedMember, None),
    ] {
        ticket.state = state;
        assert_eq!(waits(&ticket), reason, "{state:?}");
    }
}

#[test]
fn a_change_of_mind_between_reading_and_writing_is_refused_by_the_core() {
    // Dispatch decides on a ticket that meanwhile became a member: the core refuses, nothing is sent twice.
    let mut member = ticket(Some("lamp"), Some("LG0101"));
    member.state = State::MergedMember;
    let sending = sent(&ticket(Some("lamp"), Some("LG0101")));
    let action = suban_domain::Action::Dispatch {
        lead: sending.lead,
        assists: sending.assists,
        mode: sending.mode,
        tier: suban_domain::Tier::Auto,
        catalogue: VersionCode::new("demo:1").unwrap(),
        rule: None,
        limit: None,
        lead_allowed: true,
    };
    let command = Command {
        by: suban_service::App::system(),
        at: member.received_at,
        request: RequestId::new("dispatch:3").unwrap(),
        action,
    };
    assert!(suban_domain::decide(&member, &command, &Limits::sz_district()).is_err());
}

fn unit(code: &str) -> UnitCode {
    UnitCode::new(code).unwrap()
}

fn outcome(matter: &str, area: &str, first: &str, last: &str) -> Outcome {
    Outcome {
        day: jiff::civil::date(2026, 11, 26),
        unit: unit(last),
        first: unit(first),
        matter: Some(MatterCode::new(matter).unwrap()),
        area: Some(AreaCode::new(area).unwrap()),
        channel: Channel::Phone12345,
        kind: Some(Kind::Help),
        silent: false,
    }
}

fn learned(outcomes: &[Outcome]) -> Learned {
    let catalogue = catalogue();
    let mut learned = Learned::nothing(Lineage::default()).unwrap();
    outcomes.iter().for_each(|outcome| learned.take(outcome, Some(&catalogue)));
    learned.close(TODAY);
    learned
}

const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 27);

fn knowing(ticket: &Ticket, learned: &Learned, checked: f64) -> Decision {
    let (version, catalogue) = (VersionCode::new("demo:1").unwrap(), catalogue());
    let known = Known {
        in_force: Some((&version, &catalogue)),
        zone: &jiff::tz::TimeZone::UTC,
        words: Some("路灯不亮"),
        learned: Some(Experience { of: learned, today: TODAY, checked }),
    };
    decide(ticket, &known)
}

fn asks(decision: Decision) -> Waiting {
    match decision {
        Decision::Person(waiting) => waiting,
        Decision::Send(sending) => panic!("it was sent: {sending:?}"),
    }
}

fn ruling(lead: &str, area: Option<&str>) -> Ruling {
    Ruling {
        number: "SB2611010000018".into(),
        matter: MatterCode::new("lamp").unwrap(),
        area: area.map(|a| AreaCode::new(a).unwrap()),
        lead: unit(lead),
        assists: Vec::new(),
    }
}

#[test]
fn a_ruling_is_obeyed_by_the_next_like_ticket_and_by_no_other() {
    let mut learned = Learned::nothing(Lineage::default()).unwrap();
    learned.set_rulings([ruling("ST01", Some("LG01"))]);
    let inside = ticket(Some("lamp"), Some("LG0101"));
    match knowing(&inside, &learned, 0.0) {
        Decision::Send(sending) => {
            assert_eq!((sending.lead.as_str(), sending.rule.as_str()), ("ST01", "ruling:SB2611010000018"));
            assert!(because_of(&sending.candidates).1.contains("an arbiter ruled"));
        }
        Decision::Person(waiting) => panic!("{waiting:?}"),
    }
    let lead = |ticket: &Ticket| match knowing(ticket, &learned, 0.0) {
        Decision::Send(sending) => sending.lead.to_string(),
        Decision::Person(waiting) => format!("{:?}", waiting.reason),
    };
    assert_eq!(lead(&ticket(Some("lamp"), Some("LG"))), "CG", "a wider place is not alike");
    assert_eq!(lead(&ticket(Some("lamp"), None)), "CG");
    let mut flagged = inside.clone();
    flagged.flags.confidential = true;
    assert_eq!(lead(&flagged), "Flag", "a guard outweighs a ruling");
    let mut refused = inside;
    refused.returned_by.push(unit("ST01"));
    assert_eq!(lead(&refused), "Returned");
}

#[test]
fn the_later_and_narrower_ruling_outweighs() {
    let mut learned = Learned::nothing(Lineage::default()).unwrap();
    let ticket = ticket(Some("lamp"), Some("LG0101"));
    learned.set_rulings([ruling("ST01", Some("LG01")), ruling("FB", Some("LG01")), ruling("CG", Some("LG"))]);
    assert_eq!(learned.ruling(&ticket).map(|r| r.lead.as_str()), Some("FB"));
}

#[test]
fn where_the_catalogue_does_not_decide_those_who_had_like_tickets_are_proposed_with_their_chances() {
    let mut outcomes = vec![outcome("rubbish", "LG0101", "ST01", "ST01"); 9];
    outcomes.push(outcome("rubbish", "LG0101", "CG", "CG"));
    let waiting = asks(knowing(&ticket(Some("rubbish"), None), &learned(&outcomes), 0.0));
    assert_eq!(waiting.reason, Reason::UnknownArea);
    let units: Vec<&str> = waiting.candidates.iter().map(|c| c.unit.as_str()).collect();
    assert_eq!(units, ["ST01", "CG"]);
    let first = &waiting.candidates[0];
    assert!(first.permille.is_some_and(|p| p > 500) && first.because_en.contains("of 10 like tickets"), "{first:?}");
    let mut gave_back = ticket(Some("rubbish"), None);
    gave_back.returned_by.push(unit("ST01"));
    let waiting = asks(knowing(&gave_back, &learned(&outcomes), 0.0));
    assert!(waiting.candidates.iter().all(|c| c.unit.as_str() != "ST01"), "never back to who refused");
}

#[test]
fn a_row_whose_tickets_others_finish_is_doubted_and_both_units_are_shown() {
    let lamp = ticket(Some("lamp"), Some("LG0101"));
    let moved = vec![outcome("lamp", "LG0101", "CG", "ST01"); 10];
    let waiting = asks(knowing(&lamp, &learned(&moved), 0.0));
    assert_eq!(waiting.reason, Reason::Doubt);
    let units: Vec<&str> = waiting.candidates.iter().map(|c| c.unit.as_str()).collect();
    assert_eq!(units, ["CG", "ST01"]);
    assert!(waiting.because_en.contains("10 of the last 10"), "{}", waiting.because_en);
    let few = learned(&moved[..9]);
    assert!(matches!(knowing(&lamp, &few, 0.0), Decision::Send(_)), "nine say nothing yet");
    let kept = vec![outcome("lamp", "LG0101", "CG", "CG"); 11];
    let mixed: Vec<Outcome> = moved.iter().cloned().chain(kept).collect();
    assert!(
        matches!(knowing(&lamp, &learned(&mixed), 0.0), Decision::Send(_)),
        "most are finished where they were sent"
    );
    let silent: Vec<Outcome> =
        mixed.into_iter().map(|outcome| Outcome { silent: outcome.unit == outcome.first, ..outcome }).collect();
    let waiting = asks(knowing(&lamp, &learned(&silent), 0.0));
    assert_eq!(waiting.reason, Reason::Doubt, "that nobody spoke about eleven of them counts half");
}

#[test]
fn a_matter_that_fails_its_checks_leaves_automatic_dispatch_and_says_so() {
    let check = |right: bool| Check {
        matter: MatterCode::new("lamp").unwrap(),
        proposed: unit("CG"),
        chosen: unit(if right { "CG" } else { "ST01" }),
    };
    let lamp = ticket(Some("lamp"), Some("LG0101"));
    let after = |right: usize, wrong: usize| {
        let mut learned = Learned::nothing(Lineage::default()).unwrap();
        learned.set_checks((0..right).map(|_| check(true)).chain((0..wrong).map(|_| check(false))));
        knowing(&lamp, &learned, 0.0)
    };
    let waiting = asks(after(12, 8));
    assert_eq!(waiting.reason, Reason::Doubt);
    assert!(waiting.because_en.contains("12 of 20"), "{}", waiting.because_en);
    assert!(matches!(after(20, 0), Decision::Send(_)));
    assert!(matches!(after(19, 1), Decision::Send(_)), "one mistake of twenty may be bad luck");
    assert!(matches!(after(0, 3), Decision::Send(_)), "three checks say nothing yet");
}

#[test]
fn a_share_is_checked_first_but_never_what_presses() {
    let learned = Learned::nothing(Lineage::default()).unwrap();
    let mut lamp = ticket(Some("lamp"), Some("LG0101"));
    let waiting = asks(knowing(&lamp, &learned, 1.0));
    assert_eq!((waiting.reason, waiting.candidates[0].unit.as_str()), (Reason::Check, "CG"));
    assert!(matches!(knowing(&lamp, &learned, 0.0), Decision::Send(_)));
    lamp.urgency = Urgency::Critical;
    assert!(matches!(knowing(&lamp, &learned, 1.0), Decision::Send(_)));
}

#[test]
fn a_quiet_city_checks_more_so_that_a_week_has_twenty() {
    let drawn = |learned: &Learned| {
        let mut lamp = ticket(Some("lamp"), Some("LG0101"));
        let ids = (0..2000u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        ids.filter(|bits| {
            lamp.id = TicketId::new(Uuid::from_u64_pair(1, bits & (u64::MAX >> 2) | 1 << 63));
            learned.is_checked(&lamp, 0.01)
        })
        .count()
    };
    let busy = drawn(&Learned::nothing(Lineage::default()).unwrap());
    assert!((10..=30).contains(&busy), "{busy} of 2000 is about one in a hundred");
    let mut quiet = learned(&[]);
    let day = jiff::civil::date(2026, 11, 25);
    (0..400).for_each(|_| quiet.take(&Outcome { day, ..outcome("lamp", "LG0101", "CG", "CG") }, None));
    let quiet = drawn(&quiet);
    assert!((70..=130).contains(&quiet), "{quiet} of 2000 is about twenty of four hundred");
}

proptest::proptest! {
    #[test]
    fn nothing_learned_sends_what_a_guard_forbids(
        seed in 0u64..1000, flagged in 0..FLAGS.len(), finished in 0usize..30, ruled: bool, checked in 0.0f64..1.0,
    ) {
        let mut lamp = ticket(Some("lamp"), Some("LG0101"));
        lamp.id = TicketId::new(Uuid::from_u64_pair(seed, seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        FLAGS[flagged](&mut lamp.flags);
        let mut learned = learned(&vec![outcome("lamp", "LG0101", "CG", "ST01"); finished]);
        if ruled {
            learned.set_rulings([ruling("ST01", Some("LG"))]);
        }
        let decision = knowing(&lamp, &learned, checked);
        proptest::prop_assert!(matches!(&decision, Decision::Person(w) if w.reason == Reason::Flag));
        proptest::prop_assert_eq!(&decision, &knowing(&lamp, &learned, checked), "same input, same decision");
    }

    #[test]
    fn what_is_sent_goes_to_the_first_candidate_by_its_rule(finished in 0usize..30, moved: bool, ruled: bool) {
        let lamp = ticket(Some("lamp"), Some("LG0101"));
        let last = if moved { "ST01" } else { "CG" };
        let mut learned = learned(&vec![outcome("lamp", "LG0101", "CG", last); finished]);
        if ruled {
            learned.set_rulings([ruling("FB", Some("LG"))]);
        }
        match knowing(&lamp, &learned, 0.0) {
            Decision::Send(sending) => {
                proptest::prop_assert_eq!(Some(&sending.lead), sending.candidates.first().map(|c| &c.unit));
                proptest::prop_assert_eq!(Some(&sending.rule), sending.candidates.first().map(|c| &c.rule));
                proptest::prop_assert!(!ruled || sending.lead.as_str() == "FB");
            }
            Decision::Person(waiting) => proptest::prop_assert!(!waiting.because_zh.is_empty() && !waiting.because_en.is_empty()),
        }
    }
}

#[test]
fn several_demands_in_one_text_are_a_persons_to_split_unless_it_presses() {
    let catalogue = catalogue();
    let mut both = ticket(Some("lamp"), Some("LG0101"));
    both.several = ["lamp", "rubbish"].map(|code| MatterCode::new(code).unwrap()).to_vec();
    let version = VersionCode::new("demo:1").unwrap();
    let known =
        Known { in_force: Some((&version, &catalogue)), zone: &jiff::tz::TimeZone::UTC, words: None, learned: None };
    let Decision::Person(waiting) = decide(&both, &known) else { panic!("sent as it is") };
    assert_eq!(waiting.reason, Reason::Several);
    assert!(waiting.because_zh.contains("路灯不亮、垃圾堆积"), "{}", waiting.because_zh);
    assert_eq!(waiting.candidates[0].unit.as_str(), "CG", "who would get it as it is");
    both.urgency = Urgency::Urgent;
    assert!(matches!(decide(&both, &known), Decision::Send(_)));
}

/// The units, of which CG took over from these.
fn took_over(from: &str) -> String {
    let columns = UNITS.lines().enumerate().map(|(n, line)| match (n, line.starts_with("CG,")) {
        (0, _) => format!("{line},formerly\n"),
        (_, true) => format!("{line},{from}\n"),
        (_, false) => format!("{line},\n"),
    });
    columns.collect()
}

#[test]
fn what_a_unit_did_that_is_no_more_counts_for_who_took_over() {
    let units = took_over("OLD|OLDER");
    let catalogue = Catalogue::parse(&Tables { areas: AREAS, units: &units, matters: MATTERS, rules: RULES }).unwrap();
    let mut learned = Learned::nothing(crate::learned::lineage(&catalogue).unwrap()).unwrap();
    let (old, day) = (UnitCode::new("OLD").unwrap(), jiff::civil::date(2026, 11, 1));
    for _ in 0..10 {
        let outcome = Outcome {
            day,
            unit: old.clone(),
            first: old.clone(),
            matter: Some(MatterCode::new("lamp").unwrap()),
            area: None,
            channel: Channel::Phone12345,
            kind: None,
            silent: true,
        };
        learned.take(&outcome, Some(&catalogue));
    }
    learned.close(jiff::civil::date(2026, 11, 2));
    let lamp = ticket(Some("lamp"), None);
    let before = learned.before(&lamp, &catalogue, jiff::civil::date(2026, 11, 2));
    assert_eq!(before[0].unit.as_str(), "CG", "{before:?}");
    assert_eq!(learned.now_called(&old).as_str(), "CG");
    let ruling = Ruling {
        number: "SB1".into(),
        matter: MatterCode::new("lamp").unwrap(),
        area: None,
        lead: old,
        assists: vec![],
    };
    learned.set_rulings([ruling]);
    assert_eq!(learned.ruling(&lamp).unwrap().lead.as_str(), "CG", "a ruling binds who took over");
}

#[test]
fn a_unit_s_past_cannot_be_a_unit_of_today() {
    let units = took_over("ST01");
    let tables = Tables { areas: AREAS, units: &units, matters: MATTERS, rules: RULES };
    let problems = Catalogue::parse(&tables).unwrap_err();
    assert!(format!("{problems:?}").contains("still a unit"), "{problems:?}");
}
