//! The hall's work over REST, as its desk does it: a call, the queue, duplicates, and many tickets at once.

use serde_json::{Value, json};
use suban_domain::{Role, State};
use suban_tests::{Case, City, Desk, Plan, story};

use crate::words;

/// Posts in somebody's name and expects that it is done.
async fn post(city: &City, desk: &Desk, path: &str, body: Value) -> Value {
    let answer = city.post(&format!("/api/v1{path}"), Some(desk.token()), body.to_string().as_bytes()).await;
    assert_eq!(answer.status, 200, "{path} {body}: {answer:?}");
    answer.json()
}

/// Posts and expects this refusal.
async fn refused(city: &City, desk: &Desk, path: &str, body: Value, status: u16) -> Value {
    let answer = city.post(&format!("/api/v1{path}"), Some(desk.token()), body.to_string().as_bytes()).await;
    assert_eq!(answer.status, status, "{path} {body}: {answer:?}");
    answer.json()
}

async fn get(city: &City, desk: &Desk, path: &str) -> Value {
    let answer = city.get(&format!("/api/v1{path}"), Some(desk.token())).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

fn case(city_says: &Value, id: suban_domain::TicketId) -> Case {
    let link = city_says["progress"].as_str().unwrap().trim_start_matches("/p/").to_owned();
    Case { number: city_says["number"].as_str().unwrap().to_owned(), id, link }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_read_while_it_is_typed_registered_urged_and_answered_over_rest() {
    story(async |city| {
        let agent = city.agent().await;
        let lookup = json!({ "phone": "199 0000 1501" });
        let caller = post(city, &agent, "/callers/lookup", lookup.clone()).await;
        assert_eq!((caller["open"].as_array().unwrap().len(), &caller["repeats_in_30_days"]), (0, &json!(0)));

        // While it is typed: the matter, the place, whose it would be and why, and that nothing is like it.
        let draft = post(city, &agent, "/drafts/read", json!({ "text": words::RAILING, "reachable": true })).await;
        assert_eq!((&draft["area_name"], &draft["missing"]), (&json!("望潮社区"), &json!([])), "{draft}");
        let (area, matter) = (draft["area"].clone(), draft["matter"].clone());
        let ask = json!({ "matter": matter, "area": area, "text": words::RAILING });
        let unit = post(city, &agent, "/drafts/unit", ask).await;
        assert_eq!((&unit["tier"], &unit["candidates"][0]["unit"]), (&json!("AUTO"), &json!(words::ROADS)), "{unit}");
        assert!(unit["reason_zh"].as_str().unwrap().contains("主办") && unit["dispatched"] == false, "{unit}");
        let judge = json!({ "text": words::RAILING_TOO, "area": area, "matter": matter, "phone": "19900001502" });
        let judged = post(city, &agent, "/drafts/judge", judge.clone()).await;
        assert_eq!(judged["candidates"], json!([]));

        // One key registers it; the same key again is the same ticket; what was said of its unit comes true.
        let words = json!({ "request_id": "call-1", "text": words::RAILING, "name": "淳于念安", "phone": "19900001501",
            "place": "", "title": draft["title"] });
        let made = post(city, &agent, "/tickets", words.clone()).await;
        let again = post(city, &agent, "/tickets", words).await;
        assert_eq!((&again["number"], &again["repeated"]), (&made["number"], &json!(true)));
        let id = city.store.by_number(&made["number"].as_str().unwrap().parse().unwrap()).await.unwrap().id;
        let case = case(&made, id);
        let sent = city.becomes(&case, State::PendingSign).await;
        assert_eq!(sent.lead().unwrap().unit.as_str(), words::ROADS);
        let page = city.get(made["progress"].as_str().unwrap(), None).await;
        assert!(page.status == 200 && page.body.contains(&case.number), "{page:?}");

        // Who calls again is known; a neighbour's words are found to be alike; both add to the one ticket.
        let caller = post(city, &agent, "/callers/lookup", lookup).await;
        assert_eq!(caller["open"][0]["number"], json!(case.number));
        let judged = post(city, &agent, "/drafts/judge", judge).await;
        assert_eq!(
            (&judged["candidates"][0]["number"], &judged["candidates"][0]["class"]),
            (&json!(case.number), &json!("D3"))
        );
        let more = json!({ "request_id": "more-1", "text": "现在人行道也堵住了" });
        post(city, &agent, &format!("/tickets/{}/supplement", case.number), more).await;
        let urge = json!({ "request_id": "urge-1", "text": "已经三天了" });
        post(city, &agent, &format!("/tickets/{}/urge", case.number), urge).await;

        works(city, &case).await;
        let history = get(city, &agent, &format!("/tickets/{}/history", case.number)).await;
        let facts: Vec<&str> =
            history["entries"].as_array().unwrap().iter().map(|e| e["type"].as_str().unwrap()).collect();
        for fact in ["supplemented", "urged", "signed", "contacted", "result_submitted", "result_accepted"] {
            assert!(facts.contains(&fact), "{fact} is not in {facts:?}");
        }
    })
    .await;
}

/// The unit's part, as the handler's page does it.
async fn works(city: &City, case: &Case) {
    let unit = city.unit(words::ROADS).await;
    let at = |verb: &str| format!("/tickets/{}/{verb}", case.number);
    let signed = post(city, &unit.signer, "/bulk/sign", json!({ "request_id": "all", "tickets": [case.number] })).await;
    assert_eq!((&signed["done"], &signed["results"][0]["done"]["state"]), (&json!(1), &json!("HANDLING")), "{signed}");
    let contact = json!({ "request_id": "contact", "outcome": "REACHED", "text": "已联系,今日到场" });
    post(city, &unit.handler, &at("contact"), contact).await;

    // An empty reply is refused; one that says nothing is found out before it is sent; a good one goes to review.
    let result = |id: &str, reply: &str| {
        json!({ "request_id": id, "finding": "TRUE", "demand": "LAWFUL", "outcome": "SOLVED", "site_visit": "YES",
            "reply_means": "PHONE", "reply": reply, "internal": "已更换两节护栏", "public": true })
    };
    let problem = refused(city, &unit.handler, &at("result"), result("empty", ""), 400).await;
    assert_eq!(problem["fields"][0]["field"], json!("reply"), "{problem}");
    let told = post(city, &unit.handler, &at("reply/check"), json!({ "reply": "已处理。" })).await;
    assert_eq!((&told["findings"][0]["rule"], &told["needs_a_person"]), (&json!("template"), &json!(true)), "{told}");
    let reply =
        "您好,我局已于当日派员到望潮社区潮音路12号现场,更换了损坏的两节护栏并清理了人行道,现已恢复通行,感谢您的监督。";
    post(city, &unit.handler, &at("result"), result("good", reply)).await;
    city.until(case, "the result is reviewed", |t| matches!(t.state, State::CloseReview | State::PendingCallback))
        .await;
    city.settles().await;
    if city.ticket(case).await.state == State::CloseReview {
        let dispatcher = city.dispatcher().await;
        post(city, &dispatcher, &at("result/accept"), json!({ "request_id": "good" })).await;
    }
    city.becomes(case, State::PendingCallback).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_claimed_dispatched_returned_and_decided_over_rest() {
    story(async |city| {
        let (one, two) = (city.dispatcher().await, city.second_dispatcher().await);
        let case = city.citizen("宗政疏影", "19900001511").reports(&words::unclear(1)).await;
        city.until(&case, "it is judged", |t| t.verdict.is_some()).await;
        city.settles().await;
        let waiting = get(city, &one, "/queue?unclaimed=true").await;
        let entry = &waiting["entries"][0];
        assert_eq!((&entry["number"], &entry["reason"]), (&json!(case.number), &json!("UNKNOWN_MATTER")), "{waiting}");

        let mine = post(city, &one, "/queue/next", json!({ "request_id": "next" })).await;
        assert_eq!((&mine["number"], &mine["claimed_by"]), (&json!(case.number), &json!("dispatcher-1")));
        let at = |verb: &str| format!("/tickets/{}/{verb}", case.number);
        let held = refused(city, &two, &at("claim"), json!({ "request_id": "claim" }), 409).await;
        assert!(held["detail"].as_str().unwrap().contains("dispatcher-1"), "{held}");
        post(city, &one, &at("release"), json!({ "request_id": "release" })).await;
        post(city, &two, &at("claim"), json!({ "request_id": "claim" })).await;
        let why = get(city, &two, &at("explain")).await;
        assert_eq!((&why["dispatched"], &why["tier"]), (&json!(false), &json!("MANUAL")), "{why}");
        let nowhere = json!({ "request_id": "send-0", "lead": "NOBODY" });
        refused(city, &two, &at("dispatch"), nowhere, 400).await;
        post(city, &two, &at("dispatch"), json!({ "request_id": "send", "lead": "CGJ" })).await;
        city.becomes(&case, State::PendingSign).await;

        let unit = city.unit("CGJ").await;
        unit.asks_to_return(&case, words::ROADS).await;
        city.becomes(&case, State::ReturnReview).await;
        let decide = json!({ "request_id": "final", "approve": false, "reason": "属于本单位职责" });
        // To let it go takes two people; to deny it, one.
        let approve = |id: &str| json!({ "request_id": id, "approve": true });
        refused(city, &two, &at("return/decide"), approve("alone"), 400).await;
        post(city, &one, &at("return/review"), approve("first")).await;
        refused(city, &one, &at("return/decide"), approve("both"), 403).await;
        post(city, &two, &at("return/decide"), decide).await;
        let back = city.becomes(&case, State::PendingSign).await;
        assert_eq!(back.lead().unwrap().unit.as_str(), "CGJ");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_perhaps_the_same_is_merged_undone_and_told_apart_over_rest() {
    let waits = Plan { settings: vec![("SUBAN_DUPLICATES__HOLD_FROM", "0.15".into())], ..Plan::default() };
    waits
        .story(async |city| {
            let first = city.citizen("上官听雪", "19900001521").reports(words::RAILING).await;
            city.becomes(&first, State::PendingSign).await;
            city.passes(suban_domain::Span::hours(2));
            let other = city.citizen("司徒望舒", "19900001522").reports(words::RAILING_TOO).await;
            city.until(&other, "a person is asked", |t| t.verdict == Some(suban_domain::Verdict::Suggested)).await;
            let (dispatcher, reviewer) = (city.dispatcher().await, city.reviewer().await);
            let asked = get(city, &reviewer, "/suggestions").await;
            let (suggestion, candidate) = (&asked["suggestions"][0], &asked["suggestions"][0]["candidates"][0]);
            assert_eq!((&suggestion["number"], &candidate["number"]), (&json!(other.number), &json!(first.number)));
            assert!(!candidate["reasons"].as_array().unwrap().is_empty(), "{candidate}");

            let at = |verb: &str| format!("/tickets/{}/{verb}", other.number);
            let merge = json!({ "request_id": "merge", "master": first.number, "class": candidate["class"],
                "reason": "同一处护栏" });
            let merged = post(city, &dispatcher, &at("merge"), merge).await;
            assert_eq!((&merged["master"], &merged["members"]), (&json!(first.number), &json!(1)));
            let group = get(city, &reviewer, &at("group")).await;
            assert_eq!((&group["size"], &group["master"]["number"]), (&json!(2), &json!(first.number)), "{group}");
            assert!(group["members"].as_array().unwrap().iter().any(|m| m["number"] == json!(other.number)), "{group}");
            let undo = json!({ "request_id": "undo", "reason": "是另一侧的护栏" });
            refused(city, &dispatcher, &at("unmerge"), undo.clone(), 403).await;
            post(city, &reviewer, &at("unmerge"), undo).await;
            assert_eq!(city.ticket(&other).await.master(), None);

            let third = city.citizen("慕容知秋", "19900001523").reports(words::RAILING_AGAIN).await;
            city.until(&third, "a person is asked", |t| t.verdict == Some(suban_domain::Verdict::Suggested)).await;
            let no = json!({ "request_id": "no", "reason": "不是同一处" });
            let left = post(city, &reviewer, &format!("/tickets/{}/distinct", third.number), no).await;
            assert_eq!(left["left"], json!(0), "{left}");
            city.becomes(&third, State::PendingSign).await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_tickets_each_has_its_own_result_and_a_repeat_does_nothing_twice() {
    story(async |city| {
        let mut numbers = Vec::new();
        for house in 1..=12 {
            let citizen = city.citizen("公羊若水", &format!("199000016{house:02}"));
            let case = citizen.reports(&words::railing(house * 40)).await;
            city.until(&case, "it is dispatched or joined", |t| t.state != State::PendingDispatch).await;
            if city.ticket(&case).await.state == State::PendingSign {
                numbers.push(case.number);
            }
        }
        assert!(numbers.len() > 5, "they are railings of their own: {numbers:?}");
        let foreign = city.citizen("端木清和", "19900001699").reports(words::LIGHT).await;
        city.becomes(&foreign, State::PendingSign).await;
        let mut all = numbers.clone();
        all.extend([foreign.number.clone(), "SB2603100000010".into(), "nonsense".into()]);
        let signer = city.unit(words::ROADS).await.signer;
        let bulk = json!({ "request_id": "bulk-1", "tickets": all });
        let told = post(city, &signer, "/bulk/sign", bulk.clone()).await;
        assert_eq!((told["done"].as_u64(), told["refused"].as_u64()), (Some(numbers.len() as u64), Some(3)), "{told}");
        let results = told["results"].as_array().unwrap();
        assert!(results.iter().zip(&all).all(|(result, ticket)| result["ticket"] == json!(ticket)), "in order: {told}");
        let statuses: Vec<u64> =
            results[numbers.len()..].iter().map(|r| r["problem"]["status"].as_u64().unwrap()).collect();
        assert_eq!(statuses, [403, 400, 400], "{told}");
        let again = post(city, &signer, "/bulk/sign", bulk).await;
        let repeated = again["results"].as_array().unwrap().iter().filter(|r| r["done"]["repeated"] == true).count();
        assert_eq!(repeated, numbers.len(), "{again}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_hall_may_not_or_cannot_do_is_told_and_changes_nothing() {
    story(async |city| {
        let agent = city.agent().await;
        let case = city.citizen("太叔月明", "19900001531").reports(words::RAILING).await;
        city.becomes(&case, State::PendingSign).await;
        city.settles().await;
        let before = city.counts().await;
        let at = |verb: &str| format!("/tickets/{}/{verb}", case.number);
        let wrong = [
            ("/callers/lookup".to_owned(), json!({ "phone": "nobody" }), "phone"),
            ("/drafts/unit".to_owned(), json!({ "matter": "no such code?" }), "matter"),
            ("/drafts/unit".to_owned(), json!({ "matter": "", "text": "很长".repeat(20_000) }), "text"),
            (
                "/tickets".to_owned(),
                json!({ "request_id": "a", "text": "路灯不亮", "kind": "WISH", "urgency": "NOW" }),
                "kind",
            ),
            ("/tickets".to_owned(), json!({ "request_id": "a", "text": "路灯不亮", "channel": "PIGEON" }), "channel"),
            ("/tickets".to_owned(), json!({ "request_id": "a", "text": "" }), "text"),
            (at("supplement"), json!({ "request_id": "a", "text": "" }), "text"),
            (at("merge"), json!({ "request_id": "a", "master": case.number, "class": "D99", "reason": "b" }), "class"),
        ];
        for (path, body, field) in wrong {
            let problem = refused(city, &agent, &path, body.clone(), 400).await;
            assert_eq!(problem["fields"][0]["field"], json!(field), "{path} {body}: {problem}");
        }
        // Each to their own work: an agent sends nothing, a unit looks nobody up, a handler reads no queue.
        let handler = city.unit(words::ROADS).await.handler;
        refused(city, &agent, &at("dispatch"), json!({ "request_id": "a", "lead": "CGJ" }), 403).await;
        refused(city, &handler, "/callers/lookup", json!({ "phone": "19900001531" }), 403).await;
        refused(city, &handler, "/drafts/unit", json!({ "matter": "" }), 403).await;
        let analyst = city.desk(Role::Analyst, "analyst-1", None).await;
        refused(city, &analyst, "/tickets", json!({ "request_id": "a", "text": "路灯不亮" }), 403).await;
        for path in ["/api/v1/queue", "/api/v1/suggestions"] {
            assert_eq!(city.get(path, Some(handler.token())).await.status, 403, "{path}");
            assert_eq!(city.get(path, None).await.status, 401, "{path}");
        }
        assert_eq!(city.counts().await, before, "nothing is stored");
    })
    .await;
}
