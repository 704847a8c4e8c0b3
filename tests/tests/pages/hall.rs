//! The rest of the hall's desk: search by one box, units and matters to choose from, the handover of a shift.

use std::time::Duration;

use serde_json::json;

use crate::{
    WINDOW,
    suite::{self, Suite, browser::Browser, driver::Page},
};

/// One box from the keyboard alone: refused in words, found with a reason, opened beside the list, its file printed.
pub(crate) async fn search(suite: &Suite, browser: &Browser, number: &str) {
    let agent = suite.token("AGENT", "desk-agent");
    let indexed = async || {
        let found = suite.act(&agent, "/search", &json!({ "words": "护栏损坏" })).await;
        found["hits"].as_array().unwrap().iter().any(|hit| hit["number"] == json!(number))
    };
    suite::eventually(Duration::from_secs(30), "the railing is in the index", indexed).await;
    let mut page = Page::open(browser, &format!("{}/desk#agent={agent}", suite.gateway()), WINDOW);
    page.key("F6");
    page.until("document.activeElement.id === 'sought'", "the box has the focus");
    page.key("Enter");
    page.says("请输入词语、工单号或手机号");
    page.write("sought", "护栏损坏");
    page.key("Enter");
    page.says("见于");
    page.until("document.activeElement.closest('#hits')", "the list has the focus");
    page.write("sought", number);
    page.key("Enter");
    page.says("编号相符");
    page.until("document.activeElement.dataset.key", "the hit has the focus");
    page.key("Enter");
    page.until(&format!("document.getElementById('hit').innerText.includes('{number}')"), "the ticket stands beside");
    page.says("照片与文件");
    page.evaluate("window.prompt = () => '核对办理'; 0");
    page.press("工单档案");
    page.until(
        "document.querySelector('iframe.case')?.contentDocument?.body?.innerText.includes('查阅记录')",
        "the file",
    );
    page.key("Escape");
    page.until("!document.querySelector('dialog.wide')", "Escape closes the file");

    // A whole name is as good as a code.
    page.evaluate("document.querySelector('#search details').open = true");
    page.write("found_unit", "临港区交通运输局");
    page.until("[...el('found_unit').list.options].some(o => o.value === 'JTJ')", "the unit is offered");
    assert_eq!(page.evaluate("code_of(el('found_unit'))"), json!("JTJ"));
    page.write("found_matter", "SZ-0");
    page.until("el('found_matter').list.options.length > 5", "matters are offered by their codes");
    directory(suite, &agent).await;
}

/// Units and matters a page at a time.
async fn directory(suite: &Suite, token: &str) {
    let first = suite.read(token, "/units?page_size=60").await;
    let rest = suite
        .read(token, &format!("/units?page_size=60&page_token={}", first["next_page_token"].as_str().unwrap()))
        .await;
    let codes: Vec<&str> = [&first, &rest]
        .iter()
        .flat_map(|page| page["units"].as_array().unwrap())
        .map(|unit| unit["code"].as_str().unwrap())
        .collect();
    assert!(codes.len() > 100 && codes.is_sorted() && rest["next_page_token"] == "", "{codes:?}");
    let team = suite.read(token, "/units?prefix=jd01-zf").await["units"][0].clone();
    assert_eq!(
        (&team["parent"], &team["area"], &team["kind"]),
        (&json!("JD01"), &json!("LG01"), &json!("team")),
        "{team}"
    );
    let matter = suite.read(token, "/matters?prefix=SZ-07").await["matters"][0].clone();
    assert_eq!((&matter["lead"], &matter["level1"]), (&json!("JTJ"), &json!("市政设施")), "{matter}");
}

/// The shift ends: what is claimed and what was promised goes to the next, who signs for it.
pub(crate) async fn handover(suite: &Suite, browser: &Browser) {
    let (old, new) = (suite.token("DISPATCHER", "late-shift"), suite.token("DISPATCHER", "early-shift"));
    let claimed = suite.act(&old, "/queue/next", &json!({ "request_id": "late-1" })).await;
    let number = claimed["number"].as_str().unwrap().to_owned();
    let at = |token: &str| format!("{}/desk#dispatcher={token}", suite.gateway());
    let mut page = Page::open(browser, &at(&old), WINDOW);
    page.until("document.body.dataset.ready || !el('page').hidden", "the desk is there");
    page.key("F10");
    page.write("incoming", "early-shift");
    page.press("建立清单");
    page.until("el('handed').innerText.includes('已认领')", "what is claimed stands on the list");
    page.write("promise_ticket", &number);
    page.write("promise_words", "已答应诉求人十点前回电");
    page.press("加入清单");
    page.until("el('handed').innerText.includes('十点前回电')", "the promise stands on the list");
    page.press("签字");
    page.says("待接班人签字");
    let mut next = Page::open(browser, &format!("{}&view=handover&lang=en", at(&new)), WINDOW);
    next.says("the next shift is to sign");
    next.press("Send it back");
    next.says("the last shift is to sign");
    page.key("F10");
    page.says("待交班人签字");
    page.press("签字");
    page.says("待接班人签字");
    next.key("F10");
    next.says("the next shift is to sign");
    next.press("Sign");
    next.says("signed by both");
    let mine = suite.read(&new, "/queue?mine=true").await;
    assert!(mine["entries"].as_array().unwrap().iter().any(|entry| entry["number"] == json!(number)), "{mine}");
}
