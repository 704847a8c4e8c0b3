//! Going over it again changes nothing that was right (design §7).

use suban_domain::{Span, State};
use suban_runtime::Service;
use suban_tests::{City, PATIENCE, eventually, story};

use crate::words;

/// A day with everything a reader of the topic could do twice: a dispatch, a merge, a copied reply, a survey, a
/// redo.
async fn a_day(city: &City) {
    let (first, neighbour) = (city.citizen("巫马采薇", "19900000701"), city.citizen("公冶听澜", "19900000702"));
    let master = first.reports(words::RAILING).await;
    city.becomes(&master, State::PendingSign).await;
    city.passes(Span::minutes(5));
    let member = neighbour.reports(words::RAILING).await;
    city.becomes(&member, State::MergedMember).await;
    first.reports(&words::unclear(7)).await;
    let unit = city.unit(words::ROADS).await;
    unit.handles(&master).await;
    city.becomes(&member, State::PendingCallback).await;
    first.rates(&master, 3, 4).await;
    city.becomes(&master, State::Redo).await;
    neighbour.rates(&member, 1, 1).await;
    city.settles().await;
}

/// Everything that is stored, and every fact of scoring and survey as it stands. The version that a fact was read at
/// may rise: what changes no figure is passed over live.
async fn all(city: &City) -> (suban_tests::Counts, Vec<String>) {
    let rows = sqlx::query_scalar(
        "select row_to_json(t)::text from (select id, version, state, body from core.ticket order by id) t
         union all select row_to_json(f)::text from (select ticket_id, unit, area, channel, received_at, body, open_due
                                                       from scoring.fact order by ticket_id, unit) f
         union all select row_to_json(s)::text from (select * from followup.survey order by ticket_id, cause) s
         union all select row_to_json(q)::text from (select * from dispatch.queue order by ticket_id) q
         union all select row_to_json(d)::text from (select * from dispatch.decision order by ticket_id, version) d",
    );
    (city.counts().await, rows.fetch_all(city.pool()).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_every_service_from_the_start_changes_nothing() {
    story(async |city| {
        a_day(city).await;
        let before = all(city).await;
        for service in [Service::Dedup, Service::Dispatch, Service::Followup, Service::Scoring] {
            let told = city.runs(&["replay", "--service", service.name()]).await;
            assert!(told.ok && told.out.contains("messages again"), "{told:?}");
            assert!(!told.out.contains(" 0 messages"), "{told:?}");
            city.settles().await;
            assert_eq!(all(city).await, before, "after the replay of {service}");
        }
    })
    .await;
}

/// The topic is gone with everything in it, as after a power loss of the broker; the log is not.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_broker_lost_is_published_again_from_the_log_and_the_hotline_goes_on() {
    story(async |city| {
        a_day(city).await;
        let before = all(city).await;
        // A broker that is gone is a broker that nobody reads; whoever reads again begins anew.
        let readers = [Service::Dedup, Service::Dispatch, Service::Followup, Service::Scoring];
        for service in readers {
            city.close(service).await;
        }
        city.broker_loses_its_tickets().await;
        eventually(PATIENCE, "the topic is there again", async || {
            suban_bus::ensure_topics(&city.settings).await.map_err(|e| e.to_string())
        })
        .await;
        for service in readers {
            city.open(service).await;
        }
        let told = city.runs(&["republish", "--from", "2020-01-01T00:00:00Z"]).await;
        assert!(told.ok && told.out.starts_with("sent "), "{told:?}");
        city.settles().await;
        assert_eq!(all(city).await, before, "readers know what they had already");

        let railing = city.citizen("淳于晓墨", "19900000711").reports(&words::railing(99)).await;
        city.becomes(&railing, State::PendingSign).await;
    })
    .await;
}
