//! Every text passes one door, and what went in sealed comes out only by name and with a reason (R-SEC-1, R-SEC-2).

use crate::database;

use suban_domain::{RequestId, Role, TicketId};
use suban_runtime::TokenSource as _;
use suban_store::{
    Store, StoreError, audit,
    contacts::{ContactResult, NewContact, count_since, insert_contacts, link_contacts},
    phone_hash,
    texts::{
        NewText, Person, PreparedRequester, PreparedText, TextKind, add_text, add_texts, clean, copy_masked,
        insert_requesters, insert_texts,
    },
    versions::{self, NewVersion},
};

fn person(name: &str, phone: &str, address: &str) -> Person {
    let mut person = Person::default();
    person.name = Some(name.to_owned());
    person.phone = Some(phone.to_owned());
    person.id_card = Some("11010519491231002X".to_owned());
    person.home_address = Some(address.to_owned());
    person
}

fn zhuge() -> Person {
    person("诸葛明月", "138 0013 8000", "翠湖苑3栋1201室")
}

async fn submit(
    store: &Store,
    person: &Person,
    texts: &[(TextKind, &str)],
) -> (TicketId, PreparedRequester, Vec<PreparedText>) {
    let at = database::noon();
    let ticket = store.ids().ticket(at);
    let requester = store.prepare_requester(at, person).unwrap();
    let texts: Vec<PreparedText> = texts
        .iter()
        .map(|(kind, raw)| store.prepare_text(Some(requester.owner()), at, ticket, *kind, raw).unwrap())
        .collect();
    let mut tx = store.pool().begin().await.unwrap();
    insert_requesters(&mut tx, &[&requester]).await.unwrap();
    // Backwards: the insert sorts by itself.
    insert_texts(&mut tx, &texts.iter().rev().collect::<Vec<_>>()).await.unwrap();
    tx.commit().await.unwrap();
    (ticket, requester, texts)
}

const WORDS: &str = "我叫诸葛明月，电话13800138000，住翠湖苑3栋1201室，楼下夜间施工噪声很大";

/// All that the database holds of these tables, as text.
async fn everything(store: &Store) -> String {
    let mut all = String::new();
    for table in [
        "select string_agg(t::text, '|') from core.text t",
        "select string_agg(t::text, '|') from core.requester t",
        "select string_agg(t::text, '|') from core.audit t",
        "select string_agg(t::text, '|') from core.erased t",
        "select string_agg(t::text, '|') from core.contact t",
    ] {
        let rows: Option<String> = sqlx::query_scalar(table).fetch_one(store.pool()).await.unwrap();
        all.push_str(&rows.unwrap_or_default());
    }
    all
}

#[tokio::test]
async fn words_are_kept_masked_and_their_original_only_sealed() {
    database::with_database(|pool| async move {
        let store = database::store(&pool, database::keys().1);
        let (ticket, requester, texts) = submit(
            &store,
            &zhuge(),
            &[
                (TextKind::CitizenWords, WORDS),
                (TextKind::Title, "夜间施工噪声"),
                (TextKind::Place, "翠湖苑3栋1201室"),
                (TextKind::Supplement, "昨晚又来了，请诸葛女士听电话"),
            ],
        )
        .await;
        let masked = store.masked(&texts.iter().map(|t| t.id).collect::<Vec<_>>()).await.unwrap();
        assert_eq!(masked[&texts[0].id], "我叫[姓名]，电话[电话]，住[住址]，楼下夜间施工噪声很大");
        assert_eq!(masked[&texts[2].id], "翠湖苑3栋1201室", "the place of the incident belongs to the ticket");
        assert_eq!(masked[&texts[3].id], "昨晚又来了，请[姓名]听电话");
        let said = store.said(&[ticket]).await.unwrap();
        let whole = ["夜间施工噪声", masked[&texts[0].id].as_str(), masked[&texts[3].id].as_str()].join("\n");
        assert_eq!(said[&ticket], whole, "the title, the words, what was added; not the place");
        let sealed: Vec<bool> = store.file_of(ticket).await.unwrap().iter().map(|t| t.sealed).collect();
        assert_eq!(sealed, [true, false, false, true], "sealed only where the mask took something out");

        let supervisor = database::actor(Role::Supervisor, "sup1");
        let shown = store.reveal_text(&supervisor, texts[0].id, "核实").await.unwrap();
        assert_eq!(shown.as_str(), WORDS);
        let shown = store.reveal_person(&supervisor, requester.id, Some(ticket), "回电诸葛明月").await.unwrap();
        assert_eq!(shown, zhuge());
        assert!(!format!("{shown:?} {requester:?}").contains("诸葛"));

        let seen = audit::of_ticket(&pool, ticket).await.unwrap();
        let said: Vec<_> = seen.iter().map(|a| (a.act.as_str(), a.person.as_str(), a.reason.as_deref())).collect();
        assert_eq!(
            said,
            [("REVEAL_TEXT", "sup1", Some("核实")), ("REVEAL_PERSON", "sup1", Some("回电[姓名]"))],
            "in order, and the reason passes the door too"
        );
        let all = everything(&store).await;
        for value in ["诸葛", "13800138000", "138 0013 8000", "11010519491231002X"] {
            assert!(!all.contains(value), "{value} stands in the database in clear");
            let hex: String = value.bytes().map(|b| format!("{b:02x}")).collect();
            assert!(!all.contains(&hex), "{value} stands in the database unsealed");
        }
    })
    .await;
}

#[tokio::test]
async fn without_a_reason_nothing_is_shown_and_nothing_written() {
    database::with_database(|pool| async move {
        let store = database::store(&pool, database::keys().1);
        let (ticket, requester, texts) = submit(&store, &zhuge(), &[(TextKind::CitizenWords, WORDS)]).await;
        let by = database::actor(Role::UnitHandler, "h1");
        let refused = store.reveal_person(&by, requester.id, Some(ticket), " \n").await.unwrap_err();
        assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
        let refused = store.reveal_text(&by, texts[0].id, "").await.unwrap_err();
        assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
        assert!(audit::page(&pool, None, 10).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_is_written_later_is_masked_against_the_requester_and_again_for_each_member() {
    database::with_database(|pool| async move {
        let store = database::store(&pool, database::keys().1);
        let (master, requester, _) = submit(&store, &zhuge(), &[(TextKind::CitizenWords, WORDS)]).await;
        let other = person("宇文晓", "13900139000", "海棠里5号楼");
        let (member, second, _) = submit(&store, &other, &[(TextKind::CitizenWords, "同上")]).await;
        let (keys, ids, at) = (store.keys(), store.ids(), database::noon());
        let mut conn = pool.acquire().await.unwrap();

        let raw = "已联系诸葛女士（13800138000）和宇文晓，今晚停工";
        let reply = NewText { ticket: master, requester: Some(requester.id), kind: TextKind::Reply, raw };
        let reply = add_text(&mut conn, keys, ids, at, reply).await.unwrap();
        assert_eq!(
            store.masked(&[reply]).await.unwrap()[&reply],
            "已联系[姓名]（[电话]）和宇文晓，今晚停工",
            "another's name is not known here"
        );
        let to = [(member, Some(second.id)), (member, None)];
        let copies = copy_masked(&mut conn, keys, ids, at, reply, &to, TextKind::CopiedReply).await.unwrap();
        let masked = store.masked(&copies).await.unwrap();
        assert_eq!(masked[&copies[0]], "已联系[姓名]（[电话]）和[姓名]，今晚停工");
        let by = database::actor(Role::Supervisor, "sup1");
        let shown = store.reveal_text(&by, copies[0], "核实").await.unwrap();
        assert!(!shown.contains("13800138000"), "the master's requester is not shown to a member's viewers");

        let anonymous = NewText { ticket: member, requester: None, kind: TextKind::Note, raw: "打13700137000" };
        let added = add_texts(&mut conn, keys, ids, at, &[anonymous]).await.unwrap();
        assert_eq!(store.masked(&added).await.unwrap()[&added[0]], "打[电话]");
    })
    .await;
}

#[test]
fn bad_characters_are_named_and_never_repeated() {
    assert_eq!(clean("words", "  路灯坏了\r\n两天\t ", 20).unwrap(), "路灯坏了\n两天");
    let problem = |raw: &str| clean("words", raw, 5).unwrap_err().1;
    assert_eq!(problem("a\0b"), "has the control character U+0000");
    assert_eq!(problem("\u{1b}[2J"), "has the control character U+001B");
    assert_eq!(problem("a\u{85}"), "has the control character U+0085");
    assert_eq!(problem("a\rb"), "has the control character U+000D");
    assert_eq!(problem(" \n\t"), "is empty");
    assert_eq!(problem("路灯坏了两天"), "has 6 characters; at most 5 are taken");
    assert_eq!(clean("words", "路灯坏了两", 5).unwrap(), "路灯坏了两");
}

#[tokio::test]
async fn a_token_works_until_it_expires_or_is_revoked() {
    database::with_database(|pool| async move {
        let store = database::store(&pool, database::keys().1);
        let admin = database::actor(Role::SysAdmin, "root");
        let mut holder = database::actor(Role::UnitSigner, "signer");
        holder.unit = Some("U1".parse().unwrap());
        let hash = |token: &str| suban_runtime::Access::hash(token);
        let good = store.create_token(&admin, &holder, true, None).await.unwrap();
        let found = store.tokens().find(hash(good.plain.expose())).await.unwrap().unwrap();
        assert_eq!((found.token_id, &found.actor, found.outsourced), (good.id, &holder, true));
        assert!(store.tokens().find(hash("nobody's")).await.unwrap().is_none());

        let soon = database::noon().plus(suban_domain::Span::minutes(1));
        let brief = store.create_token(&admin, &holder, false, Some(soon)).await.unwrap();
        assert!(store.tokens().find(hash(brief.plain.expose())).await.unwrap().is_some());
        store.clock().advance(suban_domain::Span::minutes(1));
        assert!(store.tokens().find(hash(brief.plain.expose())).await.unwrap().is_none(), "expired");

        store.revoke_token(&admin, good.id).await.unwrap();
        assert!(store.tokens().find(hash(good.plain.expose())).await.unwrap().is_none(), "revoked");
        let unknown = store.revoke_token(&admin, uuid::Uuid::nil()).await.unwrap_err();
        assert!(matches!(unknown, StoreError::NotFound { what: "token" }));
        let kept = store.list_tokens().await.unwrap();
        assert_eq!(kept.iter().map(|t| t.revoked_at.is_some()).collect::<Vec<_>>(), [true, false]);
        let acts: Vec<String> = audit::page(&pool, None, 10).await.unwrap().into_iter().map(|a| a.act).collect();
        assert_eq!(acts, ["TOKEN_REVOKED", "TOKEN_MADE", "TOKEN_MADE"]);
        assert!(!everything(&store).await.contains(good.plain.expose()));
    })
    .await;
}

#[tokio::test]
async fn a_contact_is_kept_once_and_a_repeat_caller_is_known() {
    database::with_database(|pool| async move {
        let store = database::store(&pool, database::keys().1);
        let phone = suban_text::phone::normalise("13800138000").unwrap();
        let phone = phone_hash(store.keys(), &phone);
        let at = database::noon();
        let contact = |request: &str, days: i64| NewContact {
            id: suban_domain::ContactId::new(store.ids().next()),
            channel: suban_domain::Channel::Phone12345,
            at: at.minus(suban_domain::Span::days(days)),
            agent: None,
            requester: None,
            phone: Some(phone),
            result: ContactResult::ProgressQuery,
            text: None,
            request: RequestId::new(request).unwrap(),
        };
        let mut conn = pool.acquire().await.unwrap();
        let first = insert_contacts(&mut conn, &[contact("b", 40), contact("a", 3)]).await.unwrap();
        assert!(first.iter().all(|k| !k.repeated));
        let again = insert_contacts(&mut conn, &[contact("a", 0), contact("c", 0)]).await.unwrap();
        assert_eq!((again[0].id, again[0].repeated), (first[1].id, true));
        assert!(!again[1].repeated);
        assert_eq!(count_since(&pool, phone, at.minus(suban_domain::Span::days(30))).await.unwrap(), 2);
        let newest = store.contacts_by_phone(phone, 10).await.unwrap();
        assert_eq!(newest.iter().map(|c| c.id).collect::<Vec<_>>(), [again[1].id, first[1].id, first[0].id]);

        let ticket = store.ids().ticket(at);
        for _ in 0..2 {
            link_contacts(&mut conn, &[(again[1].id, ticket), (first[0].id, ticket)]).await.unwrap();
        }
        let linked = store.contacts_of(ticket).await.unwrap();
        assert_eq!(linked.iter().map(|c| c.id).collect::<Vec<_>>(), [first[0].id, again[1].id]);
    })
    .await;
}

#[tokio::test]
async fn the_version_in_force_is_a_question_of_dates_and_a_version_never_changes() {
    database::with_database(|pool| async move {
        let store = database::store(&pool, database::keys().1);
        let by = database::actor(Role::KpiAdmin, "k1");
        let day = |n: i64| database::noon().plus(suban_domain::Span::days(n));
        let publish = |name: &str, from: i64, body: serde_json::Value| {
            let (store, by, version) = (store.clone(), by.clone(), name.parse().unwrap());
            async move {
                let new =
                    NewVersion { kind: "limits", version: &version, effective_at: day(from), reason: "r", body: &body };
                store.publish(&by, &new).await
            }
        };
        publish("v1", 0, serde_json::json!({"n": 1})).await.unwrap();
        publish("v3", 20, serde_json::json!({"n": 3})).await.unwrap();
        store.clock().advance(suban_domain::Span::hours(1));
        publish("v2", 10, serde_json::json!({"n": 2})).await.unwrap();
        publish("v2", 10, serde_json::json!({"n": 2})).await.unwrap();
        assert!(matches!(publish("v2", 10, serde_json::json!({"n": 9})).await, Err(StoreError::Refused(_))));
        assert!(matches!(publish("v2", 11, serde_json::json!({"n": 2})).await, Err(StoreError::Refused(_))));
        for (n, expected) in [(-1, None), (0, Some("v1")), (9, Some("v1")), (10, Some("v2")), (99, Some("v3"))] {
            let name = store.name_in_force("limits", day(n)).await.unwrap();
            assert_eq!(name.as_ref().map(suban_domain::VersionCode::as_str), expected, "day {n}");
        }
        let (name, body) = store.in_force("limits", day(10)).await.unwrap().unwrap();
        assert_eq!((name.as_str(), body), ("v2", serde_json::json!({"n": 2})));
        assert!(store.in_force("catalogue", day(10)).await.unwrap().is_none());
        let names: Vec<String> =
            versions::list(&pool, "limits").await.unwrap().iter().map(|v| v.version.to_string()).collect();
        assert_eq!(names, ["v3", "v2", "v1"]);

        let back = |to: &str| {
            let (store, by, to) = (store.clone(), by.clone(), to.parse().unwrap());
            async move { store.roll_back(&by, "limits", &to, "v2 was wrong").await }
        };
        store.clock().advance(suban_domain::Span::days(12));
        let first = back("v1").await.unwrap();
        assert_eq!((first.version.as_str(), first.repeated), ("v1.2", false));
        let again = back("v1").await.unwrap();
        assert_eq!((again.version.as_str(), again.repeated), ("v1.2", true), "a repeat changes nothing");
        store.clock().advance(suban_domain::Span::hours(1));
        assert_eq!(back("v2").await.unwrap().version.as_str(), "v2.2");
        store.clock().advance(suban_domain::Span::hours(1));
        assert_eq!(back("v1.2").await.unwrap().version.as_str(), "v1.3");
        let now = store.clock().now();
        let (name, body) = store.in_force("limits", now).await.unwrap().unwrap();
        assert_eq!((name.as_str(), body), ("v1.3", serde_json::json!({"n": 1})));
        assert_eq!(store.name_in_force("limits", day(99)).await.unwrap().unwrap().as_str(), "v3", "it still comes");
        let listed = versions::list(&pool, "limits").await.unwrap();
        let told = listed.iter().find(|v| v.version == name).unwrap();
        assert_eq!((told.published_by.as_str(), told.reason.as_str()), ("k1", "back to v1.2: v2 was wrong"));
        assert!(matches!(back("v9").await, Err(StoreError::NotFound { .. })));
    })
    .await;
}

#[tokio::test]
async fn a_ticket_is_called_by_its_latest_title_or_by_the_beginning_of_its_words() {
    database::with_database(|pool| async move {
        let (_folder, keys) = database::keys();
        let store = database::store(&pool, keys);
        let long = "路".repeat(50);
        let said = [(TextKind::CitizenWords, long.as_str()), (TextKind::Reply, "已修")];
        let (untitled, ..) = submit(&store, &zhuge(), &said).await;
        let named = [(TextKind::CitizenWords, WORDS), (TextKind::Title, "夜间施工"), (TextKind::Title, "夜间施工噪声")];
        let (titled, ..) = submit(&store, &zhuge(), &named).await;
        let titles = store.titles(&[untitled, titled]).await.unwrap();
        assert_eq!(titles[&untitled], "路".repeat(40));
        assert_eq!(titles[&titled], "夜间施工噪声");
        assert!(store.titles(&[]).await.unwrap().is_empty());
    })
    .await;
}
