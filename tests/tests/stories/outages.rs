//! Parts that are away for a while: work waits, nothing is lost, and it goes on by itself.

use std::time::Duration;

use suban_domain::State;
use suban_proto::v1;
use suban_runtime::Service;
use suban_tests::{PATIENCE, Plan, Valve, eventually, story};

use crate::words;

#[tokio::test(flavor = "multi_thread")]
async fn tickets_wait_while_dispatch_is_away_and_go_on_when_it_is_back() {
    story(async |city| {
        city.close(Service::Dispatch).await;
        let citizen = city.citizen("宇文叔夜", "19900000601");
        let mut railings = Vec::new();
        for house in 1..=10 {
            railings.push(citizen.reports(&words::railing(house * 7)).await);
        }
        for railing in &railings {
            let judged = city.until(railing, "it is judged all the same", |t| t.verdict.is_some()).await;
            assert_eq!(judged.state, State::PendingDispatch);
        }
        let sign = v1::SignRequest { request_id: city.request(), ticket: railings[0].number.clone() };
        let away = city.unit(words::ROADS).await.signer.dispatch().sign(sign).await.unwrap_err();
        assert_eq!(away.code(), tonic::Code::Unavailable, "{away:?}");
        city.open(Service::Dispatch).await;
        for railing in &railings {
            city.becomes(railing, State::PendingSign).await;
            let facts = city.facts(railing.id).await;
            assert_eq!(facts.iter().filter(|f| **f == "dispatched").count(), 1, "{facts:?}");
        }
    })
    .await;
}

/// What duplicates are looked for among is kept as a file when the service stops, and is known after its next start, with
/// what happened since; a file that was changed or taken away costs a longer start and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_dedup_knows_what_it_knew_with_its_file_and_without() {
    let file = std::env::temp_dir().join(format!("suban-held-{}", std::process::id()));
    let settings = vec![("SUBAN_DUPLICATES__SNAPSHOT", file.display().to_string())];
    let plan = Plan { settings, ..Plan::default() };
    plan.story(async |city| {
        let first = city.citizen("亓官望舒", "19900000621").reports(words::RAILING).await;
        let sent = city.becomes(&first, State::PendingSign).await;
        let (area, matter) = (sent.area.unwrap().to_string(), sent.matter.unwrap().to_string());
        let known = async || {
            let (area, matter, text) = (area.clone(), matter.clone(), words::RAILING_TOO.into());
            let ask = v1::JudgeRequest { text, phone: "19900000629".into(), area, matter };
            let found = city.agent().await.dedup().judge(ask).await.unwrap().into_inner().candidates;
            found.into_iter().map(|c| c.number).collect::<Vec<_>>()
        };
        for how in ["as it was written", "changed", "taken away"] {
            city.close(Service::Dedup).await;
            match how {
                "changed" => {
                    let mut bytes = std::fs::read(&file).unwrap();
                    let middle = bytes.len() / 2;
                    bytes[middle] ^= 1;
                    std::fs::write(&file, bytes).unwrap();
                }
                "taken away" => std::fs::remove_file(&file).unwrap(),
                _ => {}
            }
            city.open(Service::Dedup).await;
            assert_eq!(known().await, [&*first.number], "the file was {how}");
        }
    })
    .await;
    std::fs::remove_file(file).unwrap();
}

/// A claim is a row of Postgres: whatever happens to Redis, two people never hold one ticket.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_holds_while_redis_is_away_and_after_it_was_flushed() {
    let redis = std::env::var("REDIS_URL").expect("REDIS_URL is not set: deploy/local/with-stack");
    let valve = Valve::to(redis.trim_start_matches("redis://").trim_end_matches('/')).await;
    let plan = Plan { redis: Some(format!("redis://{}", valve.address)), ..Plan::default() };
    plan.story(async |city| {
        let citizen = city.citizen("呼延怀瑾", "19900000611");
        let case = citizen.reports(&words::unclear(1)).await;
        let (first, second) = (city.dispatcher().await, city.second_dispatcher().await);
        let claim = || v1::ClaimRequest { request_id: city.request(), ticket: case.number.clone() };
        eventually(PATIENCE, "it waits for a person", async || first.dispatch().claim(claim()).await).await;

        let held_by_the_first = async || {
            let refused = second.dispatch().claim(claim()).await.unwrap_err();
            assert_eq!(refused.code(), tonic::Code::Aborted, "{refused:?}");
            assert!(refused.message().contains("dispatcher-1"), "it says who has it: {}", refused.message());
        };
        held_by_the_first().await;
        valve.shut();
        held_by_the_first().await;
        // The rest of the hotline goes on without Redis, and quickly.
        let begun = std::time::Instant::now();
        let railing = citizen.reports(words::RAILING).await;
        city.becomes(&railing, State::PendingSign).await;
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
        valve.reopen();
        let mut line = redis::Client::open(city.settings.redis.url.expose()).unwrap().get_connection().unwrap();
        redis::cmd("flushdb").exec(&mut line).unwrap();
        held_by_the_first().await;

        let send = v1::DispatchRequest {
            request_id: city.request(),
            ticket: case.number.clone(),
            lead: "CGJ".into(),
            ..v1::DispatchRequest::default()
        };
        first.dispatch().dispatch(send).await.unwrap();
        city.becomes(&case, State::PendingSign).await;
    })
    .await;
}

/// The process that relays is killed in the middle of the traffic of another.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_relay_is_replaced_within_seconds_and_nothing_is_lost_or_reordered() {
    let rest = [Service::Dedup, Service::Dispatch, Service::Followup, Service::Scoring, Service::Gateway];
    let closed = [Service::Intake].into_iter().chain(rest).collect();
    Plan { machine_clock: true, closed, ..Plan::default() }
        .story(async |city| {
            // Alone at first, so that it owns every shard.
            let mut relay = city.process(Service::Intake, &[]).await;
            let citizen = city.citizen("闾丘既明", "19900000621");
            let before = citizen.reports(words::RAILING).await;
            eventually(PATIENCE, "the process relays", async || {
                let waiting: i64 =
                    sqlx::query_scalar("select count(*) from core.outbox").fetch_one(city.pool()).await.unwrap();
                if waiting == 0 { Ok(()) } else { Err(format!("{waiting} wait")) }
            })
            .await;
            for service in rest {
                city.open(service).await;
            }
            city.becomes(&before, State::PendingSign).await;
            let office = city.open(Service::Intake).await;
            city.call_at(Service::Intake, office.address);

            let mut railings = Vec::new();
            for house in 1..=30 {
                railings.push(citizen.reports(&words::railing(100 + house)).await);
                if house == 15 {
                    relay.kill().await.unwrap();
                }
            }
            let begun = std::time::Instant::now();
            let last = railings.last().unwrap();
            city.becomes(last, State::PendingSign).await;
            assert!(begun.elapsed() < Duration::from_secs(20), "taken over after {:?}", begun.elapsed());
            for railing in &railings {
                city.becomes(railing, State::PendingSign).await;
            }
            // Order and losses are the end's to prove: `suban check` reads the topic against the log.
        })
        .await;
}
