use suban_domain::{
    Action, AreaCode, At, Channel, Command, Flags, Kind, Limits, MatterCode, Mode, Reading, Recorded, RequestId,
    Source, SourceId, SourceSystem, Submission, TextId, TicketNumber, Tier, UnitCode, VersionCode, decide, open,
};
use suban_likeness::{
    Feature, Features,
    automatic::Threshold,
    learned::{Automatic, Learned},
};
use suban_runtime::{Settings, settings::Duplicates};
use suban_text::Tables;
use uuid::Uuid;

use super::{
    alike::{Found, Measures, Weighed, weigh},
    lots::Lots,
    mass::{MassEvent, MassKind, one_site},
    *,
};
use crate::{memory::Alike, tables::Drawn};

const TABLES: Tables<'_> = Tables {
    areas: "code,name,level,parent,lat,lon,aliases,estates,roads\n\
        LG,临港区,district,,,,,,\n\
        LG01,海湾街道,sub-district,LG,,,,,\n\
        LG0101,望潮社区,community,LG01,,,,,\n",
    units: "code,name,kind,parent,area,duty_24h,peer_group\n\
        FB,分拨中心,hall,,,yes,h\n\
        CG,城管局,department,,,yes,a\n\
        SD,供电公司,utility,,,yes,a\n",
    matters: "code,level1,level2,name,synonyms,keywords,kind,urgency,lead,assists,dept_only,personal,merge,radius_m,\
        handle_hours\n\
        lamp,a,b,路灯不亮,,路灯,HELP,NORMAL,CG,,no,no,facility,50,\n\
        wages,a,b,拖欠工资,,工资,HELP,NORMAL,CG,,no,yes,never,,\n\
        other,a,b,其他,,其他,HELP,NORMAL,CG,,no,no,never,,\n",
    rules: "matter,area,lead,assists,note\n",
};

fn catalogue() -> Catalogue {
    Catalogue::parse(&TABLES).unwrap()
}

/// The nth ticket, received after n minutes, read and accepted.
fn ticket(n: u32, matter: Option<&str>, area: Option<&str>, kind: Kind, flags: Flags) -> Ticket {
    let at = At::from_micros(1_795_000_000_000_000 + i64::from(n) * 60_000_000);
    let reading = Reading {
        kind: Some(kind),
        matter: matter.map(|m| MatterCode::new(m).unwrap()),
        area: area.map(|a| AreaCode::new(a).unwrap()),
        version: VersionCode::new("reader:1").unwrap(),
        several: Vec::new(),
    };
    let source = Source {
        channel: Channel::Phone12345,
        system: SourceSystem::new("hotline").unwrap(),
        id: SourceId::new(format!("s{n}")).unwrap(),
    };
    let submission = Submission {
        texts: vec![TextId::new(Uuid::from_u128(2))],
        flags,
        accept: Some(reading),
        ..Submission::new(
            TicketId::new(Uuid::from_u128(u128::from(n))),
            TicketNumber::new(26, 11, 24, u64::from(n)),
            source,
            at,
        )
    };
    let events = open(&submission, at, &Limits::sz_district()).unwrap();
    let mut ticket: Option<Ticket> = None;
    for (i, event) in events.into_iter().enumerate() {
        let version = u32::try_from(i + 1).unwrap();
        let by = suban_service::App::system();
        let request = RequestId::new(format!("r{i}")).unwrap();
        let recorded = Recorded { ticket: submission.id, version, at, by, request, event };
        ticket = Some(match ticket {
            None => Ticket::begin(&recorded).unwrap(),
            Some(ticket) => ticket.apply(&recorded).unwrap(),
        });
    }
    ticket.unwrap()
}

fn lamp(n: u32) -> Ticket {
    ticket(n, Some("lamp"), Some("LG0101"), Kind::Help, Flags::default())
}

/// Sent to a unit by a person.
fn dispatched(ticket: &Ticket, lead: &str) -> Ticket {
    let action = Action::Dispatch {
        lead: UnitCode::new(lead).unwrap(),
        assists: vec![],
        mode: Mode::General,
        tier: Tier::Manual,
        catalogue: VersionCode::new("demo:1").unwrap(),
        rule: None,
        limit: None,
        lead_allowed: true,
    };
    let judged = Ticket { verdict: Some(suban_domain::Verdict::Unique), ..ticket.clone() };
    let by = suban_domain::Actor {
        role: suban_domain::Role::Dispatcher,
        person: suban_domain::PersonCode::new("di").unwrap(),
        unit: None,
        area: None,
    };
    let command = Command { by: by.clone(), at: ticket.received_at, request: RequestId::new("r").unwrap(), action };
    decide(&judged, &command, &Limits::sz_district()).unwrap().into_iter().fold(judged, |ticket, event| {
        let (version, at) = (ticket.version + 1, ticket.received_at);
        let request = RequestId::new("r").unwrap();
        let recorded = Recorded { ticket: ticket.id, version, at, by: by.clone(), request, event };
        ticket.apply(&recorded).unwrap()
    })
}

fn by_others(head: &Ticket) -> Candidate<'_> {
    Candidate { head, same_area: true, same_person: false, kept_apart: false }
}

fn by_the_same(head: &Ticket) -> Candidate<'_> {
    Candidate { head, same_area: false, same_person: true, kept_apart: false }
}

fn judged(ticket: &Ticket, candidates: &[Candidate<'_>]) -> Judgement {
    judge(ticket, candidates, Some(&catalogue()))
}

#[test]
fn others_words_about_one_lamp_are_one_event() {
    let (first, second) = (lamp(1), lamp(2));
    let same = Judgement::Same { head: first.id, class: DuplicateClass::D3 };
    assert_eq!(judged(&second, &[by_others(&first)]), same);
    assert_eq!(judged(&first, &[by_others(&second)]), Judgement::Same { head: second.id, class: DuplicateClass::D3 });
}

#[test]
fn the_same_person_again_is_the_same_matter_wherever_it_is() {
    let other = |n| ticket(n, Some("other"), None, Kind::Complaint, Flags::default());
    let (first, second) = (other(1), other(2));
    let same = Judgement::Same { head: first.id, class: DuplicateClass::D1 };
    assert_eq!(judged(&second, &[by_the_same(&first)]), same);
}

#[test]
fn the_earliest_received_leads() {
    let (a, b, c) = (lamp(1), lamp(2), lamp(3));
    let same = Judgement::Same { head: a.id, class: DuplicateClass::D3 };
    assert_eq!(judged(&c, &[by_others(&b), by_others(&a)]), same);
}

#[test]
fn what_nobody_may_merge_alone_is_suggested_and_what_was_kept_apart_is_not() {
    let first = lamp(1);
    let with = |set: fn(&mut Flags)| {
        let mut flags = Flags::default();
        set(&mut flags);
        ticket(2, Some("lamp"), Some("LG0101"), Kind::Help, flags)
    };
    let suggested = Judgement::Suggested(vec![first.id]);
    for flagged in
        [with(|f| f.confidential = true), with(|f| f.against_official = true), with(|f| f.in_proceedings = true)]
    {
        assert_eq!(judged(&flagged, &[by_others(&first)]), suggested, "G2, G5");
    }
    let report = ticket(2, Some("lamp"), Some("LG0101"), Kind::Report, Flags::default());
    assert_eq!(judged(&report, &[by_others(&first)]), suggested, "G2");
    let apart = Candidate { kept_apart: true, ..by_others(&first) };
    assert_eq!(judged(&lamp(2), &[apart]), Judgement::Unique, "a rejection holds");
}

#[test]
fn each_persons_right_and_what_is_not_whitelisted_stay_apart() {
    for matter in ["wages", "other"] {
        let one = |n| ticket(n, Some(matter), Some("LG0101"), Kind::Help, Flags::default());
        let (first, second) = (one(1), one(2));
        assert_eq!(judged(&second, &[by_others(&first)]), Judgement::Suggested(vec![first.id]), "{matter}: G6");
    }
}

#[test]
fn unknown_is_an_answer_and_then_nothing_merges_by_itself() {
    let blind = |n| ticket(n, None, Some("LG0101"), Kind::Help, Flags::default());
    let (first, second) = (blind(1), blind(2));
    assert_eq!(judged(&second, &[by_others(&first)]), Judgement::Suggested(vec![first.id]));
    let first = lamp(1);
    assert_eq!(judge(&lamp(2), &[by_others(&first)], None), Judgement::Suggested(vec![first.id]), "no catalogue");
}

#[test]
fn another_place_or_a_closed_ticket_is_no_candidate() {
    let first = lamp(1);
    let elsewhere = Candidate { same_area: false, ..by_others(&first) };
    assert_eq!(judged(&lamp(2), &[elsewhere]), Judgement::Unique);
    let mut closed = lamp(1);
    closed.state = suban_domain::State::Closed;
    assert_eq!(judged(&lamp(2), &[by_others(&closed)]), Judgement::Unique);
    assert_eq!(judged(&first, &[by_others(&first)]), Judgement::Unique, "never itself");
}

#[test]
fn where_the_head_went_to_another_unit_a_person_decides() {
    let at_home = dispatched(&lamp(1), "CG");
    assert!(matches!(judged(&lamp(2), &[by_others(&at_home)]), Judgement::Same { .. }));
    let elsewhere = dispatched(&lamp(1), "SD");
    assert_eq!(judged(&lamp(2), &[by_others(&elsewhere)]), Judgement::Suggested(vec![elsewhere.id]), "G1");
}

/// Two lamps that are alike: from others, nearby, so many hours apart.
fn alike(of: &Ticket, set: &[(Feature, f32)]) -> Alike {
    let mut features = Features::default();
    features.set(Feature::Requester, 0.0);
    for (feature, value) in set {
        features.set(*feature, *value);
    }
    Alike { ticket: of.id, probability: 0.8, features, closed_at: None }
}

fn keep() -> Duplicates {
    Settings::from_layers(None, []).unwrap().duplicates
}

/// What is suggested about `ticket` by what ships, with these lots.
fn suggested(ticket: &Ticket, found: &[Found<'_>], learned: &Learned, lots: Lots) -> Weighed {
    let measures = Measures { learned, keep: &keep(), lots };
    weigh(ticket, found, Some(&catalogue()), measures, ticket.received_at)
}

const NO_LOTS: Lots = Lots { sure: 0.0, unlikely: 0.0 };

/// What a person is asked about `ticket` beside one that was found.
fn asked(ticket: &Ticket, head: &Ticket, alike: &Alike) -> Option<DuplicateClass> {
    let found = Found { alike, head, kept_apart: false };
    suggested(ticket, &[found], &Learned::shipped().unwrap(), NO_LOTS).asked.first().map(|s| s.class)
}

#[test]
fn a_lamp_in_other_words_is_a_persons_question() {
    let (first, second) = (lamp(1), lamp(2));
    assert_eq!(asked(&second, &first, &alike(&first, &[])), Some(DuplicateClass::D3));
    assert_eq!(asked(&second, &first, &alike(&first, &[(Feature::Requester, 1.0)])), Some(DuplicateClass::D1));
}

#[test]
fn two_lamp_posts_in_one_street_are_two_matters() {
    let (first, second) = (lamp(1), lamp(2));
    for apart in [(Feature::Address, 1.0), (Feature::Building, -1.0), (Feature::Distance, 90.0_f32.ln_1p())] {
        assert_eq!(asked(&second, &first, &alike(&first, &[apart])), None, "{apart:?}");
    }
    let near = (Feature::Distance, 30.0_f32.ln_1p());
    assert_eq!(asked(&second, &first, &alike(&first, &[near])), Some(DuplicateClass::D3), "within its 50 m");
}

#[test]
fn two_houses_with_one_trouble_and_two_peoples_wages_are_like_cases_that_stay_apart() {
    let beside = |ticket: &Ticket, head: &Ticket, features: &[(Feature, f32)], kept_apart| {
        let alike = alike(head, features);
        let found = [Found { alike: &alike, head, kept_apart }];
        let learned = Learned::shipped().unwrap();
        let measures = Measures { learned: &learned, keep: &keep(), lots: NO_LOTS };
        weigh(ticket, &found, Some(&catalogue()), measures, ticket.received_at).beside
    };
    let wages = |n| ticket(n, Some("wages"), Some("LG0101"), Kind::Help, Flags::default());
    assert_eq!(beside(&lamp(2), &lamp(1), &[(Feature::Building, -1.0)], false), [lamp(1).id]);
    assert_eq!(beside(&wages(2), &wages(1), &[], false), [wages(1).id]);
    assert_eq!(beside(&lamp(2), &lamp(1), &[], false), [], "one lamp is a person's question");
    assert_eq!(beside(&wages(2), &wages(1), &[], true), [], "a person said that they have nothing in common");
}

#[test]
fn each_ones_own_right_a_secret_and_another_node_are_nobodys_question() {
    let wages = |n| ticket(n, Some("wages"), Some("LG0101"), Kind::Help, Flags::default());
    assert_eq!(asked(&wages(2), &wages(1), &alike(&wages(1), &[])), None, "G6: D4, each has their own right");
    let secret = ticket(2, Some("lamp"), Some("LG0101"), Kind::Help, Flags { confidential: true, ..Flags::default() });
    assert_eq!(asked(&secret, &lamp(1), &alike(&lamp(1), &[])), None, "G2");
    let elsewhere = ticket(1, Some("lamp"), None, Kind::Help, Flags::default());
    assert_eq!(asked(&lamp(2), &elsewhere, &alike(&elsewhere, &[])), None, "no place in common");
    let named = alike(&elsewhere, &[(Feature::Name, 1.0)]);
    assert_eq!(asked(&lamp(2), &elsewhere, &named), Some(DuplicateClass::D3), "the same estate is named");
}

#[test]
fn of_a_group_its_likeliest_member_is_shown_and_a_rejected_one_is_not() {
    let (head, second) = (lamp(1), lamp(5));
    let of_group = [0.6, 0.9, 0.7].map(|probability| Alike { probability, ..alike(&lamp(2), &[]) });
    let found = |kept_apart| of_group.each_ref().map(|alike| Found { alike, head: &head, kept_apart });
    let learned = Learned::shipped().unwrap();
    let shown = suggested(&second, &found(false), &learned, NO_LOTS).asked;
    assert_eq!(shown.iter().map(|s| (s.head, s.probability)).collect::<Vec<_>>(), [(head.id, 0.9)]);
    assert!(suggested(&second, &found(true), &learned, NO_LOTS).asked.is_empty());
}

#[test]
fn what_the_citys_answers_make_sure_needs_nobody_but_whom_the_lot_falls_on() {
    let threshold = Threshold { probability: 0.7, n: 200, right: 200, bound: 0.987 };
    let mut learned = Learned::shipped().unwrap();
    learned.automatic.insert("lamp".to_owned(), Automatic { threshold, pooled: None });
    let (first, second) = (lamp(1), lamp(2));
    let one = |features: &[(Feature, f32)], learned: &Learned, lots| {
        let alike = alike(&first, features);
        let found = Found { alike: &alike, head: &first, kept_apart: false };
        let weighed = suggested(&second, &[found], learned, lots);
        weighed.asked.first().map(|s| (weighed.sure.is_some(), s.drawn))
    };
    assert_eq!(one(&[], &learned, NO_LOTS), Some((true, None)));
    assert_eq!(one(&[], &Learned::shipped().unwrap(), NO_LOTS), Some((false, None)), "nothing was taught");
    let all = Lots { sure: 1.0, unlikely: 0.0 };
    assert_eq!(one(&[], &learned, all), Some((false, Some(Drawn::Sure))), "a person looks at it first");
    assert_eq!(one(&[(Feature::Requester, 1.0)], &learned, NO_LOTS), Some((true, None)), "the same person again: D1");
    assert_eq!(one(&[(Feature::Building, -1.0)], &learned, NO_LOTS), None, "two buildings stay two, however likely");
    // The rules of D§9.2 hold however sure it is: who reported is not known, so a person says it.
    assert_eq!(one(&[(Feature::Requester, f32::NAN)], &learned, NO_LOTS), Some((false, None)));
    learned.automatic.clear();
    learned.automatic.insert("wages".to_owned(), Automatic { threshold, pooled: None });
    assert_eq!(one(&[], &learned, NO_LOTS), Some((false, None)), "it was taught of another matter");
}

#[test]
fn of_what_is_too_unlikely_to_be_asked_about_the_lot_shows_some() {
    let (first, second, learned) = (lamp(1), lamp(2), Learned::shipped().unwrap());
    let one = |probability, lots| {
        let alike = Alike { probability, ..alike(&first, &[]) };
        let found = Found { alike: &alike, head: &first, kept_apart: false };
        let weighed = suggested(&second, &[found], &learned, lots);
        weighed.asked.first().map(|s| (weighed.sure.is_some(), s.drawn))
    };
    let all = Lots { sure: 0.0, unlikely: 1.0 };
    assert_eq!(one(0.1, NO_LOTS), None);
    assert_eq!(one(0.1, all), Some((false, Some(Drawn::Unlikely))));
    assert_eq!(one(0.01, all), None, "nobody is asked about everything");
}

#[test]
fn the_rule_has_a_name_that_a_verdict_can_carry() {
    assert_eq!(VersionCode::new(BASIS).unwrap().as_str(), BASIS);
}

fn storm() -> MassEvent {
    let at = lamp(1).received_at;
    MassEvent {
        id: Uuid::from_u128(7),
        kind: MassKind::ManySites,
        title: "台风".into(),
        area: Some(AreaCode::new("LG01").unwrap()),
        matters: vec![MatterCode::new("lamp").unwrap(), MatterCode::new("wages").unwrap()],
        from: at,
        until: at.plus(suban_domain::Span::hours(48)),
        answer: Some(("已安排抢修".into(), at.plus(suban_domain::Span::hours(4)))),
        master: None,
        ended_at: None,
        looking_back: false,
    }
}

#[test]
fn an_event_takes_in_what_is_of_its_place_matter_and_time() {
    let (event, catalogue) = (storm(), catalogue());
    let takes = |event: &MassEvent, ticket: &Ticket| event.takes_in(ticket, Some(&catalogue));
    assert!(takes(&event, &lamp(2)));
    let elsewhere = ticket(3, Some("lamp"), Some("LG"), Kind::Help, Flags::default());
    let unplaced = ticket(4, Some("lamp"), None, Kind::Help, Flags::default());
    let other = ticket(5, Some("other"), Some("LG0101"), Kind::Help, Flags::default());
    let unread = ticket(6, None, Some("LG0101"), Kind::Help, Flags::default());
    for outside in [&elsewhere, &unplaced, &other, &unread, &lamp(0), &lamp(60 * 49)] {
        assert!(!takes(&event, outside), "{outside:?}");
    }
    let whole = MassEvent { area: None, ..storm() };
    assert!(takes(&whole, &unplaced), "of the whole city");
    let over = MassEvent { ended_at: Some(lamp(10).received_at), ..storm() };
    assert!(takes(&over, &lamp(9)) && !takes(&over, &lamp(10)));
}

#[test]
fn danger_and_one_persons_right_are_never_taken_in() {
    let (event, catalogue) = (storm(), catalogue());
    let wages = ticket(2, Some("wages"), Some("LG0101"), Kind::Help, Flags::default());
    let report = ticket(3, Some("lamp"), Some("LG0101"), Kind::Report, Flags::default());
    let secret = ticket(4, Some("lamp"), Some("LG0101"), Kind::Help, Flags { confidential: true, ..Flags::default() });
    let danger = Ticket { urgency: suban_domain::Urgency::Critical, ..lamp(5) };
    for own in [&wages, &report, &secret, &danger] {
        assert!(!event.takes_in(own, Some(&catalogue)), "{own:?}");
    }
    assert!(!event.takes_in(&lamp(6), None), "without a catalogue nobody knows whose right it is");
}

#[test]
fn one_house_is_one_site_and_another_pole_or_house_is_another() {
    let catalogue = catalogue();
    let (first, second) = (lamp(1), lamp(2));
    let site = |features: &[(Feature, f32)]| {
        let alike = alike(&first, features);
        one_site(&second, &Found { alike: &alike, head: &first, kept_apart: false }, Some(&catalogue))
    };
    assert!(site(&[(Feature::Distance, 0.0)]));
    assert!(site(&[(Feature::Distance, 49.0_f32.ln_1p())]));
    assert!(!site(&[(Feature::Distance, 60.0_f32.ln_1p())]), "the catalogue says 50 m");
    assert!(!site(&[]), "where it is nobody knows");
    assert!(!site(&[(Feature::Distance, 0.0), (Feature::Code, -1.0)]), "another pole");
    assert!(!site(&[(Feature::Distance, 0.0), (Feature::Building, -1.0)]), "another building");
    assert!(!site(&[(Feature::Distance, 20.0_f32.ln_1p()), (Feature::Address, 1.0)]), "another house");
    let alike = alike(&first, &[(Feature::Distance, 0.0)]);
    assert!(!one_site(&second, &Found { alike: &alike, head: &first, kept_apart: true }, Some(&catalogue)));
}

#[test]
fn a_standard_answer_expires() {
    let event = storm();
    assert!(event.answer_at(lamp(2).received_at).is_some());
    assert!(event.answer_at(lamp(60 * 5).received_at).is_none());
}
