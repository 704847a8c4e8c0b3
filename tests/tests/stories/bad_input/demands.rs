//! Demands that cannot be taken (D§5, R-CHN-1).

use prost::Message as _;
use prost_types::Timestamp;
use suban_domain::Role;
use suban_proto::v1;
use suban_runtime::Service;
use suban_tests::story;
use tonic::Code;

use super::Refusal;
use crate::{raw, words};

/// What is wrong, what makes it so (with the city's second), the field to blame and the words that help.
type Row = (&'static str, fn(&mut v1::SubmitRequest, i64), &'static str, &'static str);

fn person(demand: &mut v1::SubmitRequest) -> &mut v1::Requester {
    demand.requester.get_or_insert_default()
}

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

const ROWS: &[Row] = &[
    ("no request id", |d, _| d.request_id.clear(), "request_id", "is empty"),
    ("a request id of 65", |d, _| d.request_id = "r".repeat(65), "request_id", "longer than 64"),
    ("a request id with a space", |d, _| d.request_id = "a b".into(), "request_id", "other than letters"),
    ("no channel", |d, _| d.channel = 0, "channel", "must be said"),
    ("an unknown channel", |d, _| d.channel = 99, "channel", "no value with number 99"),
    ("no source system", |d, _| d.source_system.clear(), "source_system", "is empty"),
    ("a source id of 129", |d, _| d.source_id = "s".repeat(129), "source_id", "longer than 128"),
    ("no words", |d, _| d.text.clear(), "text", "is empty"),
    ("words of spaces", |d, _| d.text = " \u{3000}\n\t".into(), "text", "is empty"),
    ("too many words", |d, _| d.text = "字".repeat(20_001), "text", "at most 20000"),
    ("a bell in the words", |d, _| d.text.push('\u{7}'), "text", "control character U+0007"),
    ("a zero in the words", |d, _| d.text.push('\0'), "text", "control character U+0000"),
    ("a title of 201", |d, _| d.title = "题".repeat(201), "title", "at most 200"),
    ("an escape in the title", |d, _| d.title = "题\u{1b}[2J".into(), "title", "control character U+001B"),
    ("a place of 501", |d, _| d.place_text = "地".repeat(501), "place_text", "at most 500"),
    ("no fix", |d, _| d.point = Some(v1::Point { lat: 0.0, lon: 0.0 }), "point", "0,0"),
    ("no number", |d, _| d.point = Some(v1::Point { lat: f64::NAN, lon: 1.0 }), "point", "must be degrees"),
    ("beyond the pole", |d, _| d.point = Some(v1::Point { lat: 91.0, lon: 1.0 }), "point", "must be degrees"),
    ("another city", |d, _| d.point = Some(v1::Point { lat: 48.86, lon: 2.35 }), "point", "outside the city"),
    ("a phone that is none", |d, _| person(d).phone = "call me".into(), "requester.phone", "no telephone number"),
    ("a name of 101", |d, _| person(d).name = "名".repeat(101), "requester.name", "at most 100"),
    ("a zero in the name", |d, _| person(d).name = "名\0".into(), "requester.name", "control character"),
    ("a card of 101", |d, _| person(d).id_card = "1".repeat(101), "requester.id_card", "at most 100"),
    ("an unknown type", |d, _| d.kind = Some(77), "kind", "no value with number 77"),
    ("a type left open", |d, _| d.kind = Some(0), "kind", "must be said"),
    ("an unknown urgency", |d, _| d.urgency = Some(9), "urgency", "no value with number 9"),
    ("an unknown matter", |d, _| d.matter = "ZZ-99".into(), "matter", "no row of the catalogue in force"),
    ("a matter that is no code", |d, _| d.matter = "a b".into(), "matter", "other than letters"),
    ("an unknown area", |d, _| d.area = "XX99".into(), "area", "no place of the catalogue in force"),
    ("the future", |d, now| d.reported_at = at(now + 3600), "reported_at", "in the future"),
    ("1989", |d, _| d.reported_at = at(631_151_999), "reported_at", "before 1990"),
    ("the year 300,000,000,000", |d, _| d.reported_at = at(i64::MAX), "reported_at", "years 1 to 9999"),
    (
        "a negative fraction",
        |d, now| d.reported_at = Some(Timestamp { seconds: now - 9, nanos: -1 }),
        "reported_at",
        "nanoseconds",
    ),
    ("a contact that is no id", |d, _| d.contact_id = "yesterday".into(), "contact_id", ""),
    (
        "an upstream without a system",
        |d, _| d.upstream = Some(v1::UpstreamRef { number: "1".into(), ..Default::default() }),
        "upstream.system",
        "is empty",
    ),
    (
        "a late entry without a time",
        |d, _| d.backdated = late(None, "lead.chen"),
        "backdated.received_at",
        "is missing",
    ),
    (
        "a late entry of tomorrow",
        |d, now| d.backdated = late(at(now + 86_400), "lead.chen"),
        "backdated.received_at",
        "in the future",
    ),
    (
        "a late entry approved by oneself",
        |d, now| d.backdated = late(at(now - 60), "agent-1"),
        "backdated.approver",
        "yourself",
    ),
    (
        "raised from a misheard number",
        |d, _| d.raised_from = "SB2603100000010".into(),
        "raised_from",
        "check character",
    ),
];

fn late(received_at: Option<Timestamp>, approver: &str) -> Option<v1::Backdated> {
    Some(v1::Backdated { received_at, reason: "系统停机期间纸质登记".into(), approver: approver.into() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_demand_is_refused_with_its_field_and_nothing_of_it_is_stored() {
    story(async |city| {
        let citizen = city.citizen("濮阳采薇", "19900001401");
        let agent = city.agent().await;
        let before = city.counts().await;
        let now = city.clock.now().micros() / 1_000_000;
        for (case, spoil, field, help) in ROWS {
            let mut demand = citizen.demand(words::RAILING);
            spoil(&mut demand, now);
            Refusal::of(field, help).is(case, agent.intake().submit(demand).await);
            assert_eq!(city.counts().await, before, "{case}: nothing is stored");
        }

        // Everything wrong is told at once, and a stream goes on behind a wrong demand.
        let mut three = citizen.demand("");
        (three.channel, three.area) = (99, "XX99".into());
        let refused = agent.intake().submit(three.clone()).await.unwrap_err();
        let violations =
            tonic_types::StatusExt::get_error_details(&refused).bad_request().unwrap().field_violations.len();
        assert_eq!(violations, 3, "{refused:?}");
        let bot = city.bot().await;
        let stream = tokio_stream::iter([three, citizen.demand("\u{7}")]);
        let mut results = bot.intake().submit_stream(stream).await.unwrap().into_inner();
        let mut refused = 0;
        while let Some(result) = results.message().await.unwrap() {
            let Some(v1::submit_result::Result::Error(error)) = result.result else { panic!("{result:?}") };
            assert!(error.code == 3 && !error.fields.is_empty(), "{error:?}");
            refused += 1;
        }
        assert_eq!(refused, 2);
        assert_eq!(city.counts().await, before, "nothing is stored");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_text_or_no_message_are_the_callers_mistake_and_are_not_stored() {
    story(async |city| {
        let citizen = city.citizen("淳于知遥", "19900001402");
        let agent = city.agent().await;
        let before = city.counts().await;
        let good = citizen.demand("ABCDEFGH").encode_to_vec();
        let place = good.windows(8).position(|w| w == b"ABCDEFGH").unwrap();
        let mut no_utf8 = good.clone();
        no_utf8[place] = 0xff;
        let cut = good[..good.len() - 3].to_vec();
        for (case, bytes, help) in
            [("GBK or worse", no_utf8, "UTF-8"), ("cut short", cut, ""), ("noise", vec![0xff; 40], "")]
        {
            let answer = raw::unary(agent.line(Service::Intake), "/suban.v1.IntakeService/Submit", bytes).await;
            Refusal::of("request", help).is(case, answer);
            assert_eq!(city.counts().await, before, "{case}: nothing is stored");
        }
        // Larger than any honest request.
        let huge = citizen.demand(&"字".repeat(600_000));
        let refused = agent.intake().submit(huge).await.unwrap_err();
        assert!(matches!(refused.code(), Code::OutOfRange | Code::ResourceExhausted), "{refused:?}");
        assert_eq!(city.counts().await, before, "nothing is stored");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_no_demands_in_or_is_nobody_cannot_submit() {
    story(async |city| {
        let citizen = city.citizen("闾丘若蘅", "19900001403");
        let before = city.counts().await;
        for role in [Role::Analyst, Role::Dispatcher, Role::Callback, Role::SysAdmin] {
            let desk = city.desk(role, "somebody", None).await;
            let answer = desk.intake().submit(citizen.demand(words::RAILING)).await;
            Refusal::new(Code::PermissionDenied, "", "takes no demands in").is(role.code(), answer);
        }
        let answer = city.stranger().intake().submit(citizen.demand(words::RAILING)).await;
        Refusal::new(Code::Unauthenticated, "", "token").is("a made-up token", answer);
        assert_eq!(city.counts().await, before, "nothing is stored");
        // The same demand from who may is taken: it was not the demand.
        citizen.reports(words::RAILING).await;
    })
    .await;
}
