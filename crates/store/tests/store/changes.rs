//! A batch of changes is written whole, each guarded by its version; what is wrong with one harms no other.

use crate::database;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use futures::future::join_all;
use suban_domain::{
    Action, Channel, Command, Hash, Kind, Limits, Reading, RequestId, Role, Source, SourceId, SourceSystem, Submission,
    TextId, Ticket, TicketId, TicketNumber, Verdict, VersionCode,
};
use suban_runtime::{Health, Tasks};
use suban_store::{Ask, Change, Created, NewTicket, Store, StoreError, Target, Writer, texts::TextKind};
use uuid::Uuid;

fn demand(store: &Store, source: &str, said: u8) -> NewTicket {
    let at = database::noon();
    let id = store.ids().ticket(at);
    let version = VersionCode::new("reader:1").unwrap();
    let from = Source {
        channel: Channel::Web,
        system: SourceSystem::new("test").unwrap(),
        id: SourceId::new(source).unwrap(),
    };
    NewTicket {
        submission: Submission {
            texts: vec![TextId::new(store.ids().uuid(at))],
            accept: Some(Reading { kind: Some(Kind::Help), matter: None, area: None, version, several: Vec::new() }),
            ..Submission::new(id, TicketNumber::new(26, 1, 15, 1), from, at)
        },
        person: None,
        texts: vec![],
        content: Hash([said; 32]),
        phone: None,
        words: None,
        by: database::actor(Role::IntakeBot, "bot"),
        request: RequestId::new(format!("r-{source}")).unwrap(),
        trace: None,
        bulk: false,
    }
}

async fn tickets(store: &Store, many: usize) -> Vec<Ticket> {
    let batch: Vec<NewTicket> = (0..many).map(|n| demand(store, &format!("s{n}"), 0)).collect();
    let created = store.create(&batch, &Limits::sz_district()).await.unwrap();
    created
        .into_iter()
        .map(|answer| match answer.unwrap() {
            Created::New(ticket) => *ticket,
            Created::Repeated { .. } => panic!("a fresh source"),
        })
        .collect()
}

fn command(request: &str, action: Action) -> Command {
    let by = database::actor(Role::System, "suban");
    Command { by, at: database::noon(), request: RequestId::new(request).unwrap(), action }
}

fn judge() -> Action {
    Action::Judge { verdict: Verdict::Unique, candidates: vec![], basis: VersionCode::new("test:1").unwrap() }
}

fn judged(ticket: &Ticket, request: &str) -> Change {
    Change::decide(ticket.clone(), &command(request, judge()), &Limits::sz_district()).unwrap()
}

/// The row is the fold of its log and nothing else.
async fn assert_row_is_its_log(store: &Store, id: TicketId) {
    let log = store.log(id, 0).await.unwrap();
    assert_eq!(Ticket::fold(&log).unwrap(), store.load_one(id).await.unwrap());
}

#[tokio::test]
async fn of_two_changes_decided_on_one_version_one_wins_and_the_other_is_told() {
    database::with_database(|pool| async move {
        let (_folder, keys) = database::keys();
        let store = database::store(&pool, keys);
        let made = tickets(&store, 3).await;
        let first = store.commit(vec![judged(&made[0], "a")]).await.unwrap();
        assert_eq!((first.changed.len(), first.overtaken.len()), (1, 0));
        let batch = made.iter().map(|t| judged(t, "b")).collect();
        let second = store.commit(batch).await.unwrap();
        assert_eq!(second.overtaken, [made[0].id]);
        assert_eq!(second.changed.len(), 2, "the others are written all the same");
        for ticket in &made {
            assert_row_is_its_log(&store, ticket.id).await;
        }
        let sent: i64 =
            sqlx::query_scalar("select coalesce(sum(events), 0) from core.outbox").fetch_one(&pool).await.unwrap();
        let logged: i64 = sqlx::query_scalar("select count(*) from core.ticket_log").fetch_one(&pool).await.unwrap();
        assert_eq!(sent, logged, "what is logged is on its way out, and nothing else");
    })
    .await;
}

#[tokio::test]
async fn a_value_that_the_database_refuses_fails_its_own_ticket_only() {
    database::with_database(|pool| async move {
        let (_folder, keys) = database::keys();
        let store = database::store(&pool, keys);
        let made = tickets(&store, 5).await;
        // A log row that is there already stands for any value that a constraint refuses.
        let next = i32::try_from(made[3].version + 1).unwrap();
        sqlx::query(
            "insert into core.ticket_log (ticket_id, version, type, at, role, person, request, body)
             values ($1, $2, 'x', now(), 1, 'x', 'x', '')",
        )
        .bind(made[3].id.uuid())
        .bind(next)
        .execute(&pool)
        .await
        .unwrap();
        let done = store.commit(made.iter().map(|t| judged(t, "a")).collect()).await.unwrap();
        assert_eq!(done.changed.len(), 4);
        assert_eq!(done.failed.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [made[3].id]);
        assert_eq!(store.load_one(made[3].id).await.unwrap().version, made[3].version);
    })
    .await;
}

#[tokio::test]
async fn batches_over_the_same_tickets_in_any_order_never_wait_in_a_circle() {
    database::with_database(|pool| async move {
        let (_folder, keys) = database::keys();
        let store = database::store(&pool, keys);
        let made = Arc::new(tickets(&store, 20).await);
        let rounds = join_all((0..8_usize).map(|n| {
            let (store, made) = (store.clone(), Arc::clone(&made));
            async move {
                let mut batch: Vec<Change> = made.iter().map(|t| judged(t, &format!("b{n}"))).collect();
                if n % 2 == 1 {
                    batch.reverse();
                }
                store.commit(batch).await.unwrap().changed.len()
            }
        }))
        .await;
        assert_eq!(rounds.iter().sum::<usize>(), made.len(), "each ticket was changed once");
    })
    .await;
}

#[tokio::test]
async fn a_source_that_sends_one_demand_a_hundred_times_at_once_has_one_ticket() {
    database::with_database(|pool| async move {
        let (_folder, keys) = database::keys();
        let store = database::store(&pool, keys);
        let answers = join_all((0..100).map(|n| {
            let store = store.clone();
            async move {
                let said = u8::from(n == 57);
                let batch = [demand(&store, "one", said)];
                store.create(&batch, &Limits::sz_district()).await.unwrap().pop().unwrap().unwrap()
            }
        }))
        .await;
        let ids: std::collections::BTreeSet<TicketId> = answers
            .iter()
            .map(|answer| match answer {
                Created::New(ticket) => ticket.id,
                Created::Repeated { id, .. } => *id,
            })
            .collect();
        assert_eq!(ids.len(), 1);
        assert_eq!(answers.iter().filter(|a| matches!(a, Created::New(_))).count(), 1);
        let tickets: i64 = sqlx::query_scalar("select count(*) from core.ticket").fetch_one(&pool).await.unwrap();
        assert_eq!(tickets, 1);
    })
    .await;
}

struct Stage {
    writer: Writer,
    tasks: Tasks,
}

fn stage(store: &Store) -> Stage {
    let tasks = Tasks::new();
    Stage { writer: Writer::start(store.clone(), Limits::sz_district(), 200, &tasks), tasks }
}

fn ask(ticket: TicketId, request: &str, action: fn() -> Action) -> Ask {
    let (id, text) = (RequestId::new(request).unwrap(), request.to_owned());
    Ask {
        target: Target::Id(ticket),
        request: id,
        at: database::noon(),
        words: vec![],
        command: Box::new(move |_, _| Ok(command(&text, action()))),
    }
}

#[tokio::test]
async fn commands_that_wait_together_are_each_decided_and_answered() {
    database::with_database(|pool| async move {
        let (_folder, keys) = database::keys();
        let store = database::store(&pool, keys);
        let made = tickets(&store, 10).await;
        let Stage { writer, tasks } = stage(&store);
        // Five on each ticket: each is decided on what the one before it left.
        let asked = made.iter().flat_map(|t| (0..5).map(|n| (t.id, format!("ask-{n}"))));
        let answers = join_all(asked.map(|(id, request)| {
            let writer = writer.clone();
            async move { writer.act(ask(id, &request, judge)).await }
        }))
        .await;
        assert!(answers.iter().all(Result::is_ok));
        for ticket in &made {
            assert_eq!(store.load_one(ticket.id).await.unwrap().version, ticket.version + 5);
            assert_row_is_its_log(&store, ticket.id).await;
        }
        let refused = writer.act(ask(made[0].id, "wrong", || Action::Sign)).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))));
        drop(writer);
        tasks.stop_within(&Health::new(), std::time::Duration::from_secs(10)).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_command_that_comes_twice_is_done_once_and_answered_twice() {
    database::with_database(|pool| async move {
        let (_folder, keys) = database::keys();
        let store = database::store(&pool, keys);
        let made = tickets(&store, 1).await;
        let Stage { writer, .. } = stage(&store);
        let first = writer.act(ask(made[0].id, "same", judge)).await.unwrap();
        let second = writer.act(ask(made[0].id, "same", judge)).await.unwrap();
        assert_eq!((first.repeated, second.repeated), (false, true));
        assert_eq!(first.ticket, second.ticket);
        let nobody = TicketId::new(Uuid::from_u128(1));
        assert!(matches!(writer.act(ask(nobody, "r", judge)).await, Err(StoreError::NotFound { .. })));
    })
    .await;
}

#[tokio::test]
async fn words_that_the_database_refuses_fail_their_own_command_only() {
    database::with_database(|pool| async move {
        let (_folder, keys) = database::keys();
        let store = database::store(&pool, keys);
        let made = tickets(&store, 3).await;
        let Stage { writer, .. } = stage(&store);
        // Postgres takes no such character; the edge refuses it before.
        let words = ["路灯已修", "路灯\0已修", "路灯已修"];
        let answers = join_all(made.iter().zip(words).map(|(ticket, text)| {
            let ask = Ask { words: vec![(TextKind::Note, text.to_owned())], ..ask(ticket.id, "with-words", judge) };
            writer.act(ask)
        }))
        .await;
        let done: Vec<bool> = answers.iter().map(Result::is_ok).collect();
        assert_eq!(done, [true, false, true]);
        assert_eq!(store.load_one(made[1].id).await.unwrap().version, made[1].version, "nothing half done");
    })
    .await;
}

#[tokio::test]
async fn a_ticket_that_moved_on_since_it_was_read_is_read_again() {
    database::with_database(|pool| async move {
        let (_folder, keys) = database::keys();
        let store = database::store(&pool, keys);
        let made = tickets(&store, 1).await;
        let Stage { writer, .. } = stage(&store);
        let read = || Target::Read(Box::new(made[0].clone()));
        let number = Target::Number(made[0].number.clone());
        let first = writer.act(Ask { target: number, ..ask(made[0].id, "first", judge) }).await.unwrap();
        let on_old = writer.act(Ask { target: read(), ..ask(made[0].id, "on-old", judge) }).await.unwrap();
        assert_eq!(on_old.ticket.version, first.ticket.version + 1);
        let repeat = writer.act(Ask { target: read(), ..ask(made[0].id, "first", judge) }).await.unwrap();
        assert!(repeat.repeated);
        assert_eq!(repeat.ticket, on_old.ticket, "answered with the ticket as it is now");
        // What the old version would refuse is asked of the new one.
        let seen = Arc::new(AtomicU32::new(0));
        let (versions, request) = (Arc::clone(&seen), RequestId::new("refused").unwrap());
        let refused = Ask {
            target: read(),
            request: request.clone(),
            command: Box::new(move |ticket, _| {
                versions.store(ticket.version, Ordering::Relaxed);
                Ok(command("refused", Action::Sign))
            }),
            ..ask(made[0].id, "refused", judge)
        };
        assert!(matches!(writer.act(refused).await, Err(StoreError::Refused(_))));
        assert_eq!(seen.load(Ordering::Relaxed), on_old.ticket.version);
    })
    .await;
}
