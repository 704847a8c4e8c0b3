//! Out of the outbox, whatever happens to those who carry.

use std::time::Duration;

use sqlx::{PgPool, Row as _};
use suban_bus::{Batches, Envelope, Group, Relay, Topic};
use suban_domain::At;
use suban_store::outbox::{Packets, Sent, Written};

use crate::stage::{PATIENCE, Process, Stage, assert_in_order, eventually};

/// Writes events as the store does: in one transaction, with one word to the relay.
async fn write(conn: &mut sqlx::PgConnection, events: &[Envelope]) {
    let mut packets = Packets::default();
    for event in events {
        packets.add(Sent {
            ticket: event.ticket.uuid().as_bytes().to_vec(),
            version: event.version,
            kind: "escalated".into(),
            role: 21,
            person: "suban".into(),
            request: "r".into(),
            body: event.body.to_vec(),
            ..Sent::default()
        });
    }
    packets.put(conn, &Written::default()).await.unwrap();
}

async fn commit(pool: &PgPool, events: &[Envelope]) {
    let mut tx = pool.begin().await.unwrap();
    write(&mut tx, events).await;
    tx.commit().await.unwrap();
}

async fn is_empty(pool: &PgPool) -> bool {
    let (left,): (i64,) = sqlx::query_as("select count(*) from core.outbox").fetch_one(pool).await.unwrap();
    left == 0
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_rows_arrive_once_each_in_order() {
    let (stage, pool) = Stage::new("rows", &[]).await.with_database().await;
    let process = Process::new();
    let events = stage.events(500, 10);
    commit(&pool, &events[..3000]).await;
    Relay::spawn(&stage.settings, &Written::default(), &process.tasks, &process.health).unwrap();
    process.ready().await;
    for part in events[3000..].chunks(100) {
        commit(&pool, part).await;
    }
    eventually("the outbox is empty", || is_empty(&pool)).await;
    let mut all = stage.topic(Topic::Ticket).await;
    assert_in_order(&all);
    all.sort_unstable();
    let mut wanted: Vec<_> = events.iter().map(|e| (e.ticket, e.version)).collect();
    wanted.sort_unstable();
    assert_eq!(all, wanted, "each once");
    process.stop().await;
}

/// A number is taken before its transaction commits: a ticket's first event may carry a small number and appear
/// when the relay has long passed it, and its second event then stands at the front.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_commits_late_is_not_overtaken_by_the_next_of_its_ticket() {
    let (stage, pool) = Stage::new("late", &[]).await.with_database().await;
    let process = Process::new();
    Relay::spawn(&stage.settings, &Written::default(), &process.tasks, &process.health).unwrap();
    process.ready().await;
    for round in 0..20 {
        let slow = stage.ticket();
        let mut tx = pool.begin().await.unwrap();
        write(&mut tx, &[stage.event(slow, 1)]).await;
        // Others pass meanwhile, and the relay goes on past them.
        for _ in 0..3 {
            commit(&pool, &stage.events(20, 1)).await;
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
        tx.commit().await.unwrap();
        commit(&pool, &[stage.event(slow, 2)]).await;
        if round % 5 == 4 {
            eventually("the outbox is empty", || is_empty(&pool)).await;
        }
    }
    let all = stage.topic(Topic::Ticket).await;
    assert_eq!(all.len(), 20 * 62);
    assert_in_order(&all);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_never_reorder_one_ticket_though_their_connections_are_killed() {
    let (stage, pool) = Stage::new("two", &[]).await.with_database().await;
    let (one, two) = (Process::new(), Process::new());
    for process in [&one, &two] {
        Relay::spawn(&stage.settings, &Written::default(), &process.tasks, &process.health).unwrap();
        process.ready().await;
    }
    let events = stage.events(200, 40);
    let mut killed = 0;
    let writes = async {
        for (n, part) in events.chunks(80).enumerate() {
            commit(&pool, part).await;
            if n % 20 == 10 {
                killed += sqlx::query(
                    "select pg_terminate_backend(l.pid) from pg_locks l join pg_database d on d.oid = l.database
                      where l.locktype = 'advisory' and l.classid = 7566690 and d.datname = current_database()",
                )
                .fetch_all(&pool)
                .await
                .unwrap()
                .len();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    writes.await;
    assert!(killed >= 4, "{killed} owners lost their connection");
    eventually("the outbox is empty", || is_empty(&pool)).await;
    let mut all = stage.topic(Topic::Ticket).await;
    assert_in_order(&all);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), events.len(), "nothing is lost");
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stops_hands_its_shards_over_within_seconds() {
    let (stage, pool) = Stage::new("over", &[]).await.with_database().await;
    let (one, two) = (Process::new(), Process::new());
    Relay::spawn(&stage.settings, &Written::default(), &one.tasks, &one.health).unwrap();
    one.ready().await;
    Relay::spawn(&stage.settings, &Written::default(), &two.tasks, &two.health).unwrap();
    two.ready().await;
    one.stop().await;
    let begun = std::time::Instant::now();
    commit(&pool, &stage.events(10, 1)).await;
    eventually("the outbox is empty", || is_empty(&pool)).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_does_not_wait_behind_the_events() {
    let (stage, pool) = Stage::new("hint", &[]).await.with_database().await;
    let process = Process::new();
    let mut urgent = Batches::urgent(&stage.settings, Group::every("dispatch.urgent"), &process.tasks, &process.health)
        .await
        .unwrap();
    let events = stage.events(100_000, 1);
    for part in events.chunks(10_000) {
        commit(&pool, part).await;
    }
    let pressing = stage.ticket();
    let mut hint = Packets::default();
    hint.add(Sent::hint(pressing, At::from_micros(0)));
    hint.put(&mut pool.acquire().await.unwrap(), &Written::default()).await.unwrap();
    Relay::spawn(&stage.settings, &Written::default(), &process.tasks, &process.health).unwrap();
    let batch = tokio::time::timeout(PATIENCE, urgent.next()).await.unwrap().unwrap().unwrap();
    let [hint] = batch.messages() else { panic!("one hint: {batch:?}") };
    assert_eq!((hint.ticket, hint.version, &*hint.kind), (pressing, 0, "hint"));
    let waiting = sqlx::query("select count(*) from core.outbox").fetch_one(&pool).await.unwrap().get::<i64, _>(0);
    assert!(waiting > 0, "all events were sent before the hint");
    batch.done();
    urgent.close().await;
    process.stop().await;
}
