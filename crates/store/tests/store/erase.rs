//! Who is erased stays erased, also after a backup is restored; keys rotate under the living.

use crate::database;

use sqlx::PgPool;
use suban_domain::{ContactId, RequestId, RequesterId, Role, TicketId};
use suban_runtime::Keys;
use suban_store::{
    Store, StoreError,
    contacts::{ContactResult, NewContact, insert_contacts},
    requesters_by_key,
    texts::{NewText, Person, PreparedText, TextKind, add_text, insert_requesters, insert_texts},
};

fn person(n: usize) -> Person {
    let mut person = Person::default();
    person.name = Some("诸葛明月".to_owned());
    person.phone = Some(format!("138{n:08}"));
    person
}

/// A ticket with words, a phone's index entry, a words' index entry and a contact.
async fn submit(store: &Store, n: usize) -> (TicketId, RequesterId, PreparedText) {
    let at = database::noon();
    let ticket = store.ids().ticket(at);
    let requester = store.prepare_requester(at, &person(n)).unwrap();
    let raw = format!("我是诸葛明月，打138{n:08}");
    let text = store.prepare_text(Some(requester.owner()), at, ticket, TextKind::CitizenWords, &raw).unwrap();
    let phone = requester.phone_hash;
    let mut tx = store.pool().begin().await.unwrap();
    insert_requesters(&mut tx, &[&requester]).await.unwrap();
    insert_texts(&mut tx, &[&text]).await.unwrap();
    sqlx::query("insert into core.ticket_phone (phone, ticket_id) values ($1, $2)")
        .bind(phone.unwrap().0.to_vec())
        .bind(ticket.uuid())
        .execute(&mut *tx)
        .await
        .unwrap();
    sqlx::query("insert into core.ticket_words (words, area, ticket_id) values ($1, 'A1', $2)")
        .bind(vec![7u8; 32])
        .bind(ticket.uuid())
        .execute(&mut *tx)
        .await
        .unwrap();
    let contact = NewContact {
        id: ContactId::new(store.ids().next()),
        channel: suban_domain::Channel::Phone12345,
        at,
        agent: None,
        requester: Some(requester.id),
        phone,
        result: ContactResult::NewTicket,
        text: Some(text.id),
        request: RequestId::new(format!("c{n}")).unwrap(),
    };
    insert_contacts(&mut tx, &[contact]).await.unwrap();
    tx.commit().await.unwrap();
    (ticket, requester.id, text)
}

async fn count(pool: &PgPool, question: &'static str) -> i64 {
    sqlx::query_scalar(question).fetch_one(pool).await.unwrap()
}

/// The tables of people as a backup would hold them.
const BACKUP: &[&str] = &[
    "create table backup_requester as table core.requester",
    "create table backup_text as table core.text",
    "create table backup_phone as table core.ticket_phone",
    "create table backup_words as table core.ticket_words",
    "create table backup_contact as table core.contact",
];
const RESTORE: &[&str] = &[
    "truncate core.requester, core.text, core.ticket_phone, core.ticket_words, core.contact, core.erased",
    "insert into core.requester table backup_requester",
    "insert into core.text table backup_text",
    "insert into core.ticket_phone table backup_phone",
    "insert into core.ticket_words table backup_words",
    "insert into core.contact table backup_contact",
];

async fn run(pool: &PgPool, statements: &[&'static str]) {
    for statement in statements {
        sqlx::query(*statement).execute(pool).await.unwrap();
    }
}

async fn is_erased(store: &Store, requester: RequesterId, text: &PreparedText) {
    let by = database::actor(Role::Supervisor, "sup1");
    let person = store.reveal_person(&by, requester, None, "查").await;
    assert!(matches!(person, Err(StoreError::NotFound { .. })), "{person:?}");
    assert!(matches!(store.reveal_text(&by, text.id, "查").await, Err(StoreError::NotFound { .. })));
    assert!(store.masked(&[text.id]).await.unwrap().is_empty());
    assert!(store.owners(&[requester]).await.unwrap().is_empty());
    let left = count(
        store.pool(),
        "select (select count(*) from core.ticket_phone) + (select count(*) from core.ticket_words)
              + (select count(*) from core.contact where phone is not null)",
    )
    .await;
    assert_eq!(left, 3, "the neighbour's phone, words and contact, and nothing else");
}

#[tokio::test]
async fn who_is_erased_stays_erased_after_a_restore_and_the_neighbour_stays() {
    database::with_database(|pool| async move {
        let store = database::store(&pool, database::keys().1);
        let (ticket, requester, text) = submit(&store, 1).await;
        let (_, neighbour, words) = submit(&store, 2).await;
        run(&pool, BACKUP).await;

        let admin = database::actor(Role::SecAdmin, "sec1");
        let erased = store.erase(&admin, requester, "诸葛明月本人申请").await.unwrap();
        assert_eq!((erased.requesters, erased.texts, erased.index_entries), (1, 1, 3));
        is_erased(&store, requester, &text).await;
        let tombstones = store.export_erasures().await.unwrap();
        assert!(tombstones.contains("[姓名]本人申请") && !tombstones.contains("诸葛"), "{tombstones}");
        let again = store.erase(&admin, requester, "again").await.unwrap();
        assert_eq!(again, suban_store::Erased::default());
        assert_eq!(store.export_erasures().await.unwrap(), tombstones, "the first tombstone stands");

        // The backup knows nothing of it.
        run(&pool, RESTORE).await;
        assert!(store.reveal_person(&admin, requester, None, "查").await.is_ok());
        let erased = store.restore_erasures(&tombstones).await.unwrap();
        assert_eq!((erased.requesters, erased.texts, erased.index_entries), (1, 1, 3));
        is_erased(&store, requester, &text).await;
        assert_eq!(store.restore_erasures(&tombstones).await.unwrap(), suban_store::Erased::default());

        assert_eq!(store.reveal_person(&admin, neighbour, None, "查").await.unwrap(), person(2));
        assert_eq!(store.masked(&[words.id]).await.unwrap().len(), 1);

        // What is written afterwards belongs to nobody, and a later restore does not empty it.
        let mut conn = pool.acquire().await.unwrap();
        let later = NewText { ticket, requester: Some(requester), kind: TextKind::Reply, raw: "打13800000001" };
        let later = add_text(&mut conn, store.keys(), store.ids(), database::noon(), later).await.unwrap();
        drop(conn);
        store.restore_erasures(&tombstones).await.unwrap();
        assert_eq!(store.masked(&[later]).await.unwrap()[&later], "打[电话]");
    })
    .await;
}

#[tokio::test]
async fn nobody_can_be_erased_who_never_was_and_a_wrong_tombstone_is_not_taken() {
    database::with_database(|pool| async move {
        let store = database::store(&pool, database::keys().1);
        let admin = database::actor(Role::SecAdmin, "sec1");
        let nobody = store.erase(&admin, RequesterId::new(uuid::Uuid::nil()), "r").await.unwrap_err();
        assert!(matches!(nobody, StoreError::NotFound { what: "requester" }));
        assert_eq!(count(&pool, "select count(*) from core.erased").await, 0);

        let (_, requester, _) = submit(&store, 1).await;
        let good = format!(r#"{{"requester":"{requester}","at":"2026-01-15T04:00:00Z","by":"sec1","reason":"r"}}"#);
        let wrong = store.restore_erasures(&format!("{good}\n{{\"requester\":1}}\n")).await.unwrap_err();
        assert!(wrong.to_string().contains("line 2"), "{wrong}");
        assert!(store.reveal_person(&admin, requester, None, "查").await.is_ok(), "nothing was taken of it");
        assert_eq!(store.restore_erasures(&format!("\n{good}\n")).await.unwrap().requesters, 1);
    })
    .await;
}

#[tokio::test]
async fn a_requester_whose_master_key_is_lost_can_still_be_erased() {
    database::with_database(|pool| async move {
        let store = database::store(&pool, database::keys().1);
        let (_, requester, text) = submit(&store, 1).await;
        submit(&store, 2).await;
        let others = database::store(&pool, database::keys().1);
        let admin = database::actor(Role::SecAdmin, "sec1");
        let lost = others.reveal_person(&admin, requester, None, "查").await;
        assert!(matches!(lost, Err(StoreError::Crypto(_))), "{lost:?}");
        assert_eq!(others.erase(&admin, requester, "r").await.unwrap().requesters, 1);
        is_erased(&store, requester, &text).await;
    })
    .await;
}

#[tokio::test]
async fn the_master_key_rotates_under_the_living_and_the_old_one_is_then_needless() {
    database::with_database(|pool| async move {
        let (folder, old) = database::keys();
        let store = database::store(&pool, old);
        let mut people = Vec::new();
        for n in 0..600 {
            people.push(store.prepare_requester(database::noon(), &person(n)).unwrap());
        }
        let mut conn = pool.acquire().await.unwrap();
        insert_requesters(&mut conn, &people.iter().collect::<Vec<_>>()).await.unwrap();
        drop(conn);
        let admin = database::actor(Role::SecAdmin, "sec1");
        store.erase(&admin, people[0].id, "r").await.unwrap();

        Keys::rotate(&folder.file()).unwrap();
        let rotated = database::store(&pool, folder.load());
        assert_eq!(rotated.rotate_master(&admin).await.unwrap(), 599);
        assert_eq!(rotated.rotate_master(&admin).await.unwrap(), 0, "again changes nothing");
        let by_key = requesters_by_key(&pool).await.unwrap();
        assert_eq!((by_key["k2"], by_key[""], by_key.get("k1")), (599, 1, None));

        let mut only_new = folder.load();
        only_new.masters.remove("k1");
        let only_new = database::store(&pool, only_new);
        assert_eq!(only_new.reveal_person(&admin, people[599].id, None, "查").await.unwrap(), person(599));
        let lost = store.reveal_person(&admin, people[599].id, None, "查").await;
        assert!(matches!(lost, Err(StoreError::Crypto(_))), "the old key alone opens nothing any more");

        // Somebody wrapped by a key that nobody has any more is named, not skipped.
        let mut gone = folder.load();
        gone.masters.remove("k2");
        gone.current = "k1".to_owned();
        let stuck = database::store(&pool, gone).rotate_master(&admin).await.unwrap_err();
        assert!(stuck.to_string().contains("k2"), "{stuck}");
    })
    .await;
}
