//! REST bodies that cannot be read, as problem details (RFC 9457).

use suban_domain::State;
use suban_tests::{City, story};

use crate::words;

/// What is sent, and what the detail must say.
type Row = (&'static str, &'static str, &'static [u8], &'static str);

const ROWS: &[Row] = &[
    ("no JSON", "sign", b"request_id=1", ""),
    ("cut short", "sign", br#"{"request_id": "a"#, ""),
    ("nothing", "sign", b"", ""),
    ("no UTF-8", "sign", b"{\"request_id\": \"\xff\"}", ""),
    ("a field too few", "sign", b"{}", "request_id"),
    ("a field too many", "sign", br#"{"request_id": "a", "because": "b"}"#, "because"),
    ("another type", "sign", br#"{"request_id": 7}"#, "request_id"),
    ("an empty request id", "sign", br#"{"request_id": ""}"#, "request_id"),
    ("an unknown outcome", "contact", br#"{"request_id": "a", "outcome": "PERHAPS"}"#, "outcome"),
    ("an unknown reason", "return", br#"{"request_id": "a", "reason": "WHY", "evidence": "b"}"#, "reason"),
    (
        "an unknown finding",
        "result",
        br#"{"request_id": "a", "finding": "MAYBE", "demand": "LAWFUL", "outcome": "SOLVED", "site_visit": "YES", "reply_means": "PHONE", "reply": "x"}"#,
        "finding",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_body_is_a_problem_that_says_what_is_wrong_and_changes_nothing() {
    story(async |city| {
        let case = city.citizen("公冶疏桐", "19900001421").reports(words::RAILING).await;
        city.becomes(&case, State::PendingSign).await;
        city.settles().await;
        let before = city.counts().await;
        let signer = city.unit(words::ROADS).await.signer;
        for (what, verb, body, help) in ROWS {
            let path = format!("/api/v1/tickets/{}/{verb}", case.number);
            let answer = city.post(&path, Some(signer.token()), body).await;
            assert_eq!(answer.status, 400, "{what}: {answer:?}");
            is_a_problem(&answer.json(), what);
            assert!(answer.body.contains(help), "{what}: {help:?} is not in {answer:?}");
            assert_eq!(city.counts().await, before, "{what}: nothing is stored");
        }
        let huge = format!(r#"{{"request_id": "{}"}}"#, "x".repeat(3 << 20));
        let path = format!("/api/v1/tickets/{}/sign", case.number);
        let answer = city.post(&path, Some(signer.token()), huge.as_bytes()).await;
        assert!(matches!(answer.status, 400 | 413), "{}", answer.status);
        who_may_not(city, &path).await;
        assert_eq!(city.counts().await, before, "nothing is stored");
        // The same with a good body is done: it was not the path.
        let answer = city.post(&path, Some(signer.token()), br#"{"request_id": "good"}"#).await;
        assert_eq!((answer.status, answer.json()["state"].as_str()), (200, Some("HANDLING")), "{answer:?}");
    })
    .await;
}

async fn who_may_not(city: &City, path: &str) {
    let good = br#"{"request_id": "good"}"#;
    let nobody = city.post(path, None, good).await;
    assert_eq!(nobody.status, 401, "{nobody:?}");
    assert!(nobody.body.contains("Authorization"), "it says what to send: {nobody:?}");
    let other = city.unit("YLZX").await.signer;
    let denied = city.post(path, Some(other.token()), good).await;
    assert_eq!(denied.status, 403, "{denied:?}");
    let lost = city.post("/api/v1/tickets/SB2603100000010/sign", Some(other.token()), good).await;
    assert_eq!(lost.status, 400, "{lost:?}");
    assert!(lost.body.contains("check character"), "{lost:?}");
    for link in ["nonsense", &"A".repeat(43)] {
        let page = city.get(&format!("/p/{link}"), None).await;
        assert_eq!(page.status, 404, "{link}: {page:?}");
    }
}

fn is_a_problem(json: &serde_json::Value, what: &str) {
    for key in ["type", "title", "status", "detail"] {
        assert!(!json[key].is_null(), "{what}: no {key} in {json}");
    }
}
