//! Each bad input has its field, a message that helps, and repeats nothing of what was said.

use suban_runtime::errors::Problem;

use super::*;

const NOW: At = At::from_micros(1_795_500_000_000_000); // 2026-11-24

fn stamp(at: At) -> Option<prost_types::Timestamp> {
    Some(edge::timestamp(at))
}

fn good() -> v1::SubmitRequest {
    v1::SubmitRequest {
        request_id: "r-1".into(),
        channel: Channel::Phone12345.number(),
        source_system: "hotline".into(),
        source_id: "C1".into(),
        text: "青石路12号对面工地夜间施工噪声".into(),
        requester: Some(v1::Requester {
            name: "欧阳测试".into(), phone: "138 0000 0000".into(), ..Default::default()
        }),
        ..Default::default()
    }
}

fn read(ask: &v1::SubmitRequest) -> Result<Demand, FieldErrors> {
    let bounds = Bounds { south: 22.0, west: 113.0, north: 23.0, east: 115.0 };
    Demand::read(ask, &Rules { now: NOW, words_chars: 10_000, bounds: &bounds, in_force: None })
}

/// The one wrong field and its problem.
fn wrong(change: impl FnOnce(&mut v1::SubmitRequest)) -> (String, String) {
    let mut ask = good();
    change(&mut ask);
    let status = read(&ask).expect_err("is refused").status();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    let mut fields = Problem::from(status).fields;
    assert_eq!(fields.len(), 1, "{fields:?}");
    let one = fields.remove(0);
    (one.field, one.problem)
}

#[test]
fn a_good_demand_is_read() {
    let demand = read(&good()).unwrap();
    assert_eq!(demand.source.id.as_str(), "C1");
    assert_eq!((demand.reported_at, demand.received_at), (NOW, NOW));
    assert_eq!(demand.urgency, Urgency::Normal);
    assert!(demand.reachable && !demand.flags.anonymous && !demand.hold);
    assert!(demand.person.phone.as_deref().is_some_and(|p| !p.contains(' ')), "one spelling");
}

#[test]
fn every_wrong_field_is_told_under_its_own_name() {
    for (field, change) in [
        ("request_id", (|a| a.request_id.clear()) as fn(&mut v1::SubmitRequest)),
        ("request_id", |a| a.request_id = "x".repeat(65)),
        ("channel", |a| a.channel = 0),
        ("channel", |a| a.channel = 99),
        ("source_system", |a| a.source_system.clear()),
        ("source_system", |a| a.source_system = "two words".into()),
        ("source_id", |a| a.source_id = "x".repeat(129)),
        ("text", |a| a.text.clear()),
        ("text", |a| a.text = " \n ".into()),
        ("text", |a| a.text = "路灯坏了".repeat(2501)),
        ("text", |a| a.text.push('\u{7}')),
        ("title", |a| a.title = "长".repeat(201)),
        ("title", |a| a.title = "a\u{0}b".into()),
        ("place_text", |a| a.place_text = "长".repeat(501)),
        ("point", |a| a.point = Some(v1::Point { lat: 0.0, lon: 0.0 })),
        ("point", |a| a.point = Some(v1::Point { lat: f64::NAN, lon: 114.0 })),
        ("point", |a| a.point = Some(v1::Point { lat: 39.9, lon: 116.4 })),
        ("requester.phone", |a| a.requester = Some(v1::Requester { phone: "12".into(), ..Default::default() })),
        ("requester.name", |a| a.requester = Some(v1::Requester { name: "长".repeat(101), ..Default::default() })),
        ("requester.home_address", |a| {
            a.requester = Some(v1::Requester { home_address: "a\u{1b}".into(), ..Default::default() });
        }),
        ("kind", |a| a.kind = Some(0)),
        ("kind", |a| a.kind = Some(42)),
        ("urgency", |a| a.urgency = Some(0)),
        ("matter", |a| a.matter = "no matter".into()),
        ("area", |a| a.area = "长".repeat(33)),
        ("upstream.system", |a| {
            a.upstream = Some(v1::UpstreamRef { number: "1".into(), ..Default::default() });
        }),
        ("contact_id", |a| a.contact_id = "42".into()),
        ("reported_at", |a| a.reported_at = stamp(NOW.plus(Span::hours(1)))),
        ("reported_at", |a| a.reported_at = stamp(At::from_micros(0))),
        ("reported_at", |a| a.reported_at = Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 })),
    ] {
        let (told, problem) = wrong(change);
        assert_eq!(told, field, "{problem}");
        assert!(!problem.is_empty());
    }
}

#[test]
fn everything_wrong_is_told_at_once() {
    let ask = v1::SubmitRequest { urgency: Some(9), ..Default::default() };
    let fields: Vec<String> =
        Problem::from(read(&ask).unwrap_err().status()).fields.into_iter().map(|f| f.field).collect();
    assert_eq!(fields, ["request_id", "channel", "source_system", "text", "urgency"]);
}

#[test]
fn a_refusal_repeats_nothing_of_what_was_said() {
    let ask = v1::SubmitRequest {
        requester: Some(v1::Requester { phone: "四四〇三〇六一三八".into(), ..Default::default() }),
        matter: "张三李四 王五".into(),
        ..good()
    };
    let problem = Problem::from(read(&ask).unwrap_err().status());
    let said = format!("{problem:?}");
    assert!(!said.contains("四四〇") && !said.contains("张三"), "{said}");
}

#[test]
fn the_request_stands_in_where_the_source_has_no_id() {
    let demand = read(&v1::SubmitRequest { source_id: String::new(), ..good() }).unwrap();
    assert_eq!(demand.source.id.as_str(), "r-1");
}

#[test]
fn no_requester_means_anonymous_without_contact() {
    let demand = read(&v1::SubmitRequest { requester: None, ..good() }).unwrap();
    assert!(demand.flags.anonymous && demand.flags.no_contact && !demand.reachable);
}

#[test]
fn whoever_wants_no_contact_is_not_reachable() {
    let requester = v1::Requester { phone: "13800000000".into(), no_contact: true, ..Default::default() };
    let demand = read(&v1::SubmitRequest { requester: Some(requester), ..good() }).unwrap();
    assert!(demand.flags.no_contact && !demand.reachable);
}

#[test]
fn a_clock_slightly_ahead_is_taken_as_now() {
    let demand = read(&v1::SubmitRequest { reported_at: stamp(NOW.plus(Span::seconds(60))), ..good() }).unwrap();
    assert_eq!(demand.reported_at, NOW);
}

#[test]
fn a_late_entry_has_a_time_a_reason_and_an_approver() {
    let late = v1::Backdated {
        received_at: stamp(NOW.minus(Span::hours(5))),
        reason: "系统停机期间纸质登记".into(),
        approver: "lead.chen".into(),
    };
    let demand = read(&v1::SubmitRequest { backdated: Some(late.clone()), ..good() }).unwrap();
    assert_eq!(demand.received_at, NOW.minus(Span::hours(5)), "numbers and clocks start there");
    for (field, change) in [
        ("backdated.received_at", (|l| l.received_at = None) as fn(&mut v1::Backdated)),
        ("backdated.received_at", |l| l.received_at = stamp(NOW.plus(Span::days(1)))),
        ("backdated.reason", |l| l.reason.clear()),
        ("backdated.approver", |l| l.approver.clear()),
    ] {
        let mut changed = late.clone();
        change(&mut changed);
        assert_eq!(wrong(|a| a.backdated = Some(changed)).0, field);
    }
}
