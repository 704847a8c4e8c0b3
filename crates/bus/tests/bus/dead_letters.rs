//! What cannot be handled stands aside, and may come back to the one who could not.

use rdkafka::{
    ClientConfig,
    producer::{FutureProducer, FutureRecord},
};
use suban_bus::{BusError, Failure, Topic, dead, group_lag};

use crate::stage::{Process, Seen, Stage, assert_in_order, eventually};

const QUICK: &[(&str, &str)] = &[("SUBAN_LIMITS__RETRY_FIRST", "5ms"), ("SUBAN_LIMITS__DELIVERY_ATTEMPTS", "3")];

async fn letters(stage: &Stage, many: usize) -> Vec<dead::DeadLetter> {
    eventually("the dead letters are there", || async { dead::count(&stage.settings).await.unwrap() == many }).await;
    dead::list(&stage.settings, 100).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_message_stands_aside_and_may_come_back() {
    let stage = Stage::new("poison", QUICK).await;
    let (process, events) = (Process::new(), stage.events(60, 3));
    let poison = events[95].clone();
    let (ticket, version) = (poison.ticket, poison.version);
    let mut refused = 0;
    let seen = Seen::failing(move |batch| {
        match batch.iter().position(|m| (m.ticket, m.version) == (ticket, version)) {
            // At first nobody knows which one it is; a replay succeeds.
            Some(_) if refused < 3 && batch.len() > 1 => Err(Failure::unknown("violates a check")),
            Some(index) if refused < 3 => {
                refused += 1;
                Err(Failure::poison(index, "no such unit"))
            }
            Some(_) | None => Ok(()),
        }
    });
    stage.send(events.clone()).await;
    process.consume(&stage, "followup", &seen).await;
    seen.has(179).await;
    let handled = seen.handled();
    assert_eq!(handled.len(), 179, "each of the others once");
    assert_in_order(&handled.iter().copied().filter(|(t, _)| *t != ticket).collect::<Vec<_>>());

    let found = letters(&stage, 1).await;
    let [letter] = &found[..] else { panic!("one letter: {found:?}") };
    assert_eq!((letter.ticket, letter.version, &*letter.group), (Some(ticket), Some(version), "followup"));
    assert_eq!((&*letter.reason, letter.attempts), ("no such unit", 3));
    assert_eq!(letter.body.as_deref(), Some(&*poison.body), "the original bytes");
    assert_eq!(letter.origin.0, Topic::Ticket.name(&stage.settings));

    dead::replay(&stage.settings, letter.partition, letter.offset).await.unwrap();
    seen.has(180).await;
    assert_eq!(seen.handled().last(), Some(&(ticket, version)), "the same event came back to its consumer");
    letters(&stage, 0).await;
    assert_eq!(stage.topic(Topic::Ticket).await.len(), 180, "and to nobody else");
    let gone = dead::show(&stage.settings, letter.partition, letter.offset).await;
    assert!(matches!(gone, Err(BusError::NoDeadLetter { .. })), "{gone:?}");
    eventually("everything is acknowledged", || async {
        group_lag(&stage.settings, "followup", Topic::Ticket).await.unwrap() == 0
    })
    .await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_poison_message_of_a_batch_is_found() {
    let stage = Stage::new("many", QUICK).await;
    let (process, events) = (Process::new(), stage.events(200, 1));
    let bad: Vec<_> = [0, 1, 77, 150, 199].iter().map(|n| events[*n].ticket).collect();
    let seen = Seen::failing(move |batch| match batch.iter().position(|m| bad.contains(&m.ticket)) {
        Some(index) => Err(Failure::poison(index, "refused")),
        None => Ok(()),
    });
    stage.send(events).await;
    process.consume(&stage, "scoring", &seen).await;
    seen.has(195).await;
    let found = letters(&stage, 5).await;
    assert_eq!(seen.handled().len(), 195);
    dead::discard(&stage.settings, found[0].partition, found[0].offset).await.unwrap();
    letters(&stage, 4).await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_record_stands_aside_as_it_came() {
    let stage = Stage::new("corrupt", QUICK).await;
    let (process, seen) = (Process::new(), Seen::default());
    let topic = Topic::Ticket.name(&stage.settings);
    stage.send(stage.events(5, 1)).await;
    let producer: FutureProducer =
        ClientConfig::new().set("bootstrap.servers", &stage.settings.kafka.brokers).create().unwrap();
    let ticket = stage.ticket().to_string();
    for (key, body) in [(&b"\xff\xfe"[..], &b"\x00\x01"[..]), (ticket.as_bytes(), b"no headers"), (b"", b"")] {
        let record = FutureRecord::to(&topic).key(key).payload(body);
        producer.send(record, std::time::Duration::from_secs(10)).await.unwrap();
    }
    process.consume(&stage, "dispatch", &seen).await;
    seen.has(5).await;
    let found = letters(&stage, 3).await;
    assert!(found.iter().any(|l| l.key.as_deref() == Some(b"\xff\xfe") && l.body.as_deref() == Some(b"\x00\x01")));
    assert!(found.iter().all(|l| l.attempts == 1), "what cannot be read is not tried twice");
    // The partition's offset passes it, though nothing follows.
    eventually("everything is acknowledged", || async {
        group_lag(&stage.settings, "dispatch", Topic::Ticket).await.unwrap() == 0
    })
    .await;
    process.stop().await;
}
