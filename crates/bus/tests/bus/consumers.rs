//! Into the services: order, retries, sharing, replay.

use std::time::Duration;

use suban_bus::{Batches, Envelope, Failure, Group, Kinds, Pace, Topic, group_lag};

use crate::stage::{PATIENCE, Process, Seen, Stage, assert_in_order, eventually};

/// How long a group of these tests gathers.
const LONGEST: Duration = Duration::from_millis(100);

async fn lag_is_gone(stage: &Stage, group: &str) {
    eventually("everything is acknowledged", || async {
        group_lag(&stage.settings, group, Topic::Ticket).await.unwrap() == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_what_has_arrived_and_a_restart_goes_on_behind_it() {
    let stage = Stage::new("batch", &[]).await;
    let (process, seen) = (Process::new(), Seen::default());
    stage.send(stage.events(300, 4)).await;
    assert_eq!(group_lag(&stage.settings, "scoring", Topic::Ticket).await.unwrap(), 1200);
    process.consume(&stage, "scoring", &seen).await;
    seen.has(1200).await;
    lag_is_gone(&stage, "scoring").await;
    assert!(seen.with(|s| s.batches.iter().all(|n| *n <= 1000)), "never more than limits.batch");
    assert!(seen.with(|s| s.batches.iter().any(|n| *n > 50)), "what waits comes together");
    let sent = std::time::Instant::now();
    stage.send(stage.events(1, 1)).await;
    seen.has(1201).await;
    assert!(sent.elapsed() < Duration::from_secs(2), "a single one is not held back: {:?}", sent.elapsed());
    process.stop().await;
    assert_in_order(&seen.handled());

    let (process, again) = (Process::new(), Seen::default());
    stage.send(stage.events(1, 2)).await;
    process.consume(&stage, "scoring", &again).await;
    again.has(2).await;
    process.stop().await;
    assert_eq!(again.handled().len(), 2, "a graceful stop leaves nothing to be delivered twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_passes_is_waited_out_with_the_order_kept() {
    let stage = Stage::new("passes", &[("SUBAN_LIMITS__RETRY_MAX", "2s")]).await;
    let process = Process::new();
    let mut failures = 0;
    // 0.1 + 0.2 + 0.4 + 0.8 + 1.6 + 2 + 2 s: long enough to pause.
    let seen = Seen::failing(move |_| {
        failures += 1;
        if (2..=8).contains(&failures) { Err(Failure::transient("the database is away")) } else { Ok(()) }
    });
    stage.send(stage.events(100, 3)).await;
    process.consume(&stage, "followup", &seen).await;
    eventually("the failures begin", || async { !process.health.readiness().ready && seen.handled().len() < 300 })
        .await;
    stage.send(stage.events(100, 3)).await;
    seen.has(600).await;
    lag_is_gone(&stage, "followup").await;
    let handled = seen.handled();
    assert_eq!(handled.len(), 600, "no rebalance, so nothing twice");
    assert_in_order(&handled);
    process.ready().await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_instance_shares_the_work_and_takes_all_of_it_when_the_first_goes() {
    let stage = Stage::new("share", &[]).await;
    let (one, two) = (Process::new(), Process::new());
    let (first, second) = (Seen::default(), Seen::default());
    one.consume(&stage, "dedup", &first).await;
    stage.send(stage.events(200, 2)).await;
    first.has(400).await;
    two.consume(&stage, "dedup", &second).await;
    two.ready().await;
    eventually("the second gets its share", || async {
        stage.send(stage.events(50, 1)).await;
        second.with(|s| s.handled.len()) > 0
    })
    .await;
    one.stop().await;
    let before = second.handled().len();
    let more = stage.events(50, 2);
    stage.send(more.clone()).await;
    eventually("the second gets everything", || async {
        let handled = second.handled();
        more.iter().all(|e| handled.contains(&(e.ticket, e.version)))
    })
    .await;
    assert!(second.handled().len() >= before + 100);
    lag_is_gone(&stage, "dedup").await;
    let mut all = stage.topic(Topic::Ticket).await;
    let mut both = [first.handled(), second.handled()].concat();
    all.sort_unstable();
    both.sort_unstable();
    both.dedup();
    assert_eq!(all, both, "nothing is lost between them");
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_given_the_kinds_it_names_and_the_others_pass() {
    let stage = Stage::new("kinds", &[]).await;
    let (process, seen) = (Process::new(), Seen::default());
    let other = |mut event: Envelope| {
        event.kind = "noted".into();
        event
    };
    // The last of the topic are others, so that only they can make the lag go.
    stage.send(stage.events(20, 2)).await;
    stage.send(stage.events(200, 3).into_iter().map(other).collect()).await;
    let group = Group { name: "followup", kinds: Kinds::Only(&["escalated"]), pace: Pace::Gathered(LONGEST) };
    process.consume_as(&stage, group, &seen).await;
    seen.has(40).await;
    lag_is_gone(&stage, "followup").await;
    process.stop().await;
    assert_in_order(&seen.handled());
    assert_eq!(seen.handled().len(), 40);

    let (process, rest) = (Process::new(), Seen::default());
    let group = Group { name: "scoring", kinds: Kinds::AllBut(&["escalated"]), pace: Pace::Gathered(LONGEST) };
    process.consume_as(&stage, group, &rest).await;
    rest.has(600).await;
    process.stop().await;
    assert_eq!(rest.handled().len(), 600);
}

/// The process is gone without a word: its consumer is never polled again and never leaves.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_lost_partition_had_out_is_handled_by_its_new_owner() {
    let stage = Stage::new("lost", &[]).await;
    let (one, two) = (Process::new(), Process::new());
    let mut batches =
        Batches::tickets(&stage.settings, Group::every("dispatch"), &one.tasks, &one.health).await.unwrap();
    stage.send(stage.events(100, 1)).await;
    let held = tokio::time::timeout(PATIENCE, batches.next()).await.unwrap().unwrap().unwrap();
    assert!(!held.messages().is_empty());
    // Never done. Leaving hands over; the offset was not stored, so the other gets all of it.
    drop(held);
    drop(batches);
    let seen = Seen::default();
    two.consume(&stage, "dispatch", &seen).await;
    seen.has(100).await;
    two.stop().await;
    one.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_reads_from_the_start_to_the_end_of_its_beginning_and_leaves_no_trace() {
    let stage = Stage::new("replay", &[]).await;
    let (live, seen) = (Process::new(), Seen::default());
    stage.send(stage.events(250, 2)).await;
    live.consume(&stage, "scoring", &seen).await;
    seen.has(500).await;
    let again = Process::new();
    let mut batches =
        Batches::replay(&stage.settings, Group::every("scoring"), &again.tasks, &again.health).await.unwrap();
    assert!(batches.is_replay());
    stage.send(stage.events(10, 1)).await;
    let mut replayed = Vec::new();
    while let Some(batch) = tokio::time::timeout(PATIENCE, batches.next()).await.unwrap().unwrap() {
        replayed.extend(batch.messages().iter().map(|m| (m.ticket, m.version)));
        batch.done();
    }
    assert_eq!(replayed.len(), 500);
    assert_in_order(&replayed);
    seen.has(510).await;
    lag_is_gone(&stage, "scoring").await;
    again.stop().await;
    live.stop().await;
}
