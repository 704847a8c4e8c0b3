//! The pure half: escaping, and a file of a small log.

use super::{html::escape, *};

#[test]
fn nothing_becomes_markup() {
    assert_eq!(escape("<script>'\"&</script>"), "&lt;script&gt;&#39;&quot;&amp;&lt;/script&gt;");
}

fn file() -> CaseFile {
    let evil = || "<img src=x onerror=alert(1)>".to_owned();
    let named = |s: &str| Named::of(s, s);
    let step = Step {
        version: 1,
        at: "2026-10-08 09:00:00".into(),
        role: named("坐席"),
        person: evil(),
        unit: Some(Named::of(evil(), evil())),
        event: "submitted",
        what: Named::of(evil(), evil()),
        why: vec![(Named::of("内容", "text"), evil())],
    };
    let clocks = crate::clocks::Clocks {
        number: evil(),
        whole_seconds: 0,
        stretches: vec![],
        whose_seconds: vec![],
        running: vec![],
        moves: vec![],
    };
    CaseFile {
        number: evil(),
        ticket_id: String::new(),
        version: 1,
        title: evil(),
        state: named("已结案"),
        ending: None,
        channel: named("网站"),
        kind: None,
        urgency: named("一般"),
        matter: Some(Named::of(evil(), evil())),
        area: None,
        place: Some(evil()),
        flags: vec![],
        reported_at: String::new(),
        received_at: String::new(),
        requester: Requester {
            known: true,
            anonymous: false,
            reachable: true,
            name: Some(evil()),
            phone: Some(evil()),
            home_address: Some(evil()),
        },
        words: vec![Words { what: named("诉求内容"), text: Some(evil()) }, Words { what: named("补充"), text: None }],
        files: vec![FileLine {
            at: evil(),
            kind: Some(named("照片")),
            bytes: 1_048_576,
            pixels: Some((480, 640)),
            role: named("市民"),
            person: evil(),
            unit: Some(Named::of(evil(), evil())),
            state: named("未查毒"),
            placed: None,
        }],
        steps: vec![step.clone()],
        units: vec![],
        clocks,
        contacts: vec![ContactLine { at: evil(), who: named("x"), by: evil(), result: named("x"), text: Some(evil()) }],
        replies: vec![ReplyLine {
            at: evil(),
            what: named("办理结果"),
            unit: None,
            fields: vec![],
            reply: Some(evil()),
            because: Some(evil()),
            internal: Some(evil()),
            review: Some(Named::of(evil(), evil())),
        }],
        survey: vec![],
        merges: vec![step],
        decisions: vec![Decided {
            version: 3,
            catalogue: evil(),
            reader: evil(),
            learned: String::new(),
            candidates: vec![Considered {
                unit: named("u"),
                rule: evil(),
                permille: Some(912),
                because: Named::of(evil(), evil()),
            }],
        }],
        viewed: vec![],
        printed: Printed { at: String::new(), by: evil(), role: named("审计"), reason: evil(), revealed: false },
    }
}

#[test]
fn whatever_people_wrote_a_page_shows_it_as_text() {
    let file = file();
    let page = html::page(&file);
    let about = [(Named::of("种子", "seed"), "<b>".to_owned())];
    let index = html::index(&html::Index { about: &about, files: &[("\"><script>.html".to_owned(), &file)] });
    for html in [&page, &index] {
        assert!(!html.contains("<img") && !html.contains("<script") && !html.contains("<b>\u{0}"), "{html}");
        assert!(html.contains("&lt;img src=x"));
    }
    assert!(page.contains("91.2 %") && page.contains("已脱敏") && page.contains("erased"));
    assert!(page.contains("1049 kB · 480×640") && page.contains("<td>–</td>"), "a place that is not told is not told");
}

#[test]
fn a_requester_is_never_told_by_debug() {
    assert!(!format!("{:?}", file().requester).contains("img"));
}
