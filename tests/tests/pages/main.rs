//! The pages as people see them: the whole suite in one process on the real stack, a small city, and a headless
//! Chromium that opens the supervisors' live page, a citizen's page, the hall's desk and the handler's page.
//!
//! With `SUBAN_PICTURES=FOLDER` the pages' pictures are left there (`make picture`).

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test's helpers fail the test")]
#![expect(clippy::print_stderr, reason = "a skipped test says why")]

mod hall;
mod suite;
mod walk;

use std::{path::Path, time::Duration};

use serde_json::json;
use suban_attachments::invented::{Shot, photo};
use suban_proto::v1::{
    self, followup_service_client::FollowupServiceClient, intake_service_client::IntakeServiceClient,
};
use suban_runtime::{Secret, grpc::Outgoing};
use suite::{Suite, browser, driver::Page};

/// One city at a time: two on one machine would only slow each other down.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// As wide as a screen in a hall.
const WINDOW: &str = "1400,1060";
/// As narrow as a telephone.
const NARROW: &str = "600,900";
/// A telephone in a hand; a headless window is not made narrower than 500.
const PHONE: &str = "500,1100";

#[tokio::test(flavor = "multi_thread")]
async fn supervisors_and_citizens_see_what_the_city_did_in_both_languages() {
    let _alone = ALONE.lock().await;
    let Some(browser) = browser::find() else {
        eprintln!("skipped: no chromium is installed; as root: apt-get install chromium");
        return;
    };
    let Some(suite) = Suite::start().await else { return };
    suite.suban(&["city", "--tickets", "120", "--seed", "5"]);

    // The first look sets off the measuring of lags; the page then finds them measured.
    let token = suite.token("SUPERVISOR", "pages");
    let live = suite.live(&token).await;
    assert!(live["received"].as_u64().unwrap() >= 100, "the city's tickets have arrived: {}", live["received"]);
    let measured = || async {
        let lag = suite.live(&token).await["lag"].clone();
        lag.as_array().is_some_and(|groups| groups.len() == 5 && groups.iter().all(|g| g["messages"].is_u64()))
    };
    suite::eventually(Duration::from_secs(30), "every consumer's lag is measured", measured).await;

    flash(&suite).await;
    let url = format!("{}/live#token={token}", suite.gateway());
    let page = browser.text(&url, WINDOW);
    for (zh, en) in [
        ("实时看板", "Suban live"),
        ("受理", "received"),
        ("自动分拨", "auto"),
        ("人工分拨", "by a person"),
        ("并案", "merged"),
        ("按时办结", "on time"),
        ("满意", "satisfied"),
        ("即将超时", "about to be late"),
        ("各环节在办", "open at each stage"),
        ("来源渠道", "arrivals by channel"),
        ("承办单位", "by unit"),
        ("街道", "by sub-district"),
        ("待人工分拨的原因", "why tickets wait for a person"),
        ("消费积压", "consumer lag"),
        ("要情", "flash reports"),
        ("初报", "first"),
        ("未确认", "open"),
        ("同类案", "like cases"),
    ] {
        assert!(page.contains(zh) && page.contains(en), "{zh} · {en} is missing on\n{page}");
    }
    let live = suite.live(&token).await;
    let known = |list: &str, field: &str| live[list][0][field].as_str().unwrap().to_owned();
    for shown in [known("by_area", "zh"), known("stages", "zh"), known("stages", "en"), known("stages", "oldest")] {
        assert!(page.contains(&shown), "{shown} is missing on\n{page}");
    }
    assert!(page.contains("Asia/Shanghai"), "the city's zone is named");
    assert!(!page.contains("connection lost"), "{page}");
    assert!(browser.text(&format!("{}/live", suite.gateway()), WINDOW).contains("token of a supervisor"));

    picture(&suite, &browser, &url, WINDOW, "live.png");

    citizen(&suite, &browser).await;
    let number = desk(&suite, &browser).await;
    hall::search(&suite, &browser, &number).await;
    hall::handover(&suite, &browser).await;
    work(&suite, &browser, &number).await;
    suite.stop();
}

/// The page behind a closed ticket's link: what was rated stands, and who is unhappy after all is heard.
async fn citizen(suite: &Suite, browser: &browser::Browser) {
    const RATED: &str = "已收到您的评价 your answer was received";
    let link = link(suite, &closed(suite).await).await;
    let before = browser.text(&link, NARROW);
    for shown in [
        "已收到您的诉求 received",
        "已结案 closed",
        "办理进度 progress",
        "答复 reply",
        "对办理结果是否满意? Are you satisfied?",
    ] {
        assert!(before.contains(shown), "{shown} is missing on\n{before}");
    }
    picture(suite, browser, &link, NARROW, "citizen.png");

    let wrong = suite.post_form(&link, "solved=9&satisfied=2&comment=").await;
    assert!(wrong.starts_with("HTTP/1.1 400") && wrong.contains("填写有误"), "{wrong}");
    let happy = suite.post_form(&link, "solved=1&satisfied=2&comment=").await;
    if before.contains("仍未解决?") {
        assert!(before.contains(RATED), "{before}");
        assert!(happy.starts_with("HTTP/1.1 409") && happy.contains("目前不能评价"), "{happy}");
    } else {
        assert!(happy.starts_with("HTTP/1.1 303"), "{happy}");
        let after = browser.text(&link, NARROW);
        assert!(after.contains(RATED) && after.contains("仍未解决?"), "{after}");
    }
    let unhappy = suite.post_form(&link, "solved=3&satisfied=5&comment=%E5%8F%88%E6%9D%A5%E4%BA%86").await;
    assert!(unhappy.starts_with("HTTP/1.1 303"), "{unhappy}");
    let after = browser.text(&link, NARROW);
    assert!(["重办中 redo", "督办重办 supervised redo"].iter().any(|state| after.contains(state)), "{after}");
    assert!(!after.contains("Are you satisfied?"), "what is being done again cannot be rated: {after}");

    let nowhere = browser.text(&format!("{}/p/AAAAAAAAAAAAAAAA", suite.gateway()), NARROW);
    assert!(nowhere.contains("链接无效") && nowhere.contains("this link leads nowhere"), "{nowhere}");
}

/// The hall's desk while a neighbour calls about what another has reported: who calls, what the words say, whose it
/// would be and why, and what it could be the same as; then the queue. Answers with the ticket that was reported.
async fn desk(suite: &Suite, browser: &browser::Browser) -> String {
    let (agent, dispatcher) = (suite.token("AGENT", "desk-agent"), suite.token("DISPATCHER", "desk-dispatcher"));
    let reviewer = suite.token("MERGE_REVIEWER", "desk-reviewer");
    let say = |id: &str, text: &str, phone: &str| json!({ "request_id": id, "text": text, "name": "尉迟听澜", "phone": phone });
    let railing = "望潮社区潮音路12号附近护栏损坏,已经三天了,请尽快处理。";
    let made = suite.act(&agent, "/tickets", &say("desk-1", railing, "19900002001")).await;
    let number = made["number"].as_str().unwrap().to_owned();
    let lamp = "望潮社区潮音路路灯不亮,晚上很黑,请派人看看。";
    suite.act(&agent, "/tickets", &say("desk-2", lamp, "19900002002")).await;
    for n in 0..6 {
        let unclear = format!("我有一件事情想请你们帮忙处理一下,编号{n},谢谢。");
        suite.act(&agent, "/tickets", &say(&format!("desk-u{n}"), &unclear, "19900002003")).await;
    }
    let sent = async || suite.read(&agent, &format!("/tickets/{number}")).await["state"] == "PENDING_SIGN";
    suite::eventually(Duration::from_secs(30), "the railing is with its unit", sent).await;
    let alike = railing;
    let read = suite.read(&agent, &format!("/tickets/{number}")).await;
    let judge = json!({ "text": alike, "area": read["area"], "matter": read["matter"], "phone": "19900002002" });
    let found = async || {
        let judged = suite.act(&agent, "/drafts/judge", &judge).await;
        judged["candidates"].as_array().unwrap().iter().any(|c| c["number"] == json!(number))
    };
    suite::eventually(Duration::from_secs(20), "what is said again is found to be the same", found).await;
    let waits = async || suite.read(&dispatcher, "/queue").await["entries"].as_array().unwrap().len() >= 6;
    suite::eventually(Duration::from_secs(30), "what is unclear waits for a person", waits).await;

    let hats = format!("agent={agent}&dispatcher={dispatcher}&reviewer={reviewer}");
    let call = format!(
        "phone=19900002002&name={}&place={}&words={}",
        escaped("尉迟听澜"),
        escaped("望潮社区潮音路12号"),
        escaped(alike)
    );
    let at = |more: &str| format!("{}/desk#{hats}&{more}", suite.gateway());
    let page = browser.text(&at(&call), WINDOW);
    for shown in [
        "历史诉求",
        "路灯",
        "护栏",
        "交通运输局",
        "自动分拨",
        "可能是同一件事",
        number.as_str(),
        "登记新工单 F9",
        "依据",
    ] {
        assert!(page.contains(shown), "{shown} is missing on\n{page}");
    }
    let page = browser.text(&at(&format!("lang=en&{call}")), WINDOW);
    for shown in ["Caller", "Asked before", "sent by itself", "Perhaps the same", "New ticket F9", "is led by JTJ"] {
        assert!(page.contains(shown), "{shown} is missing on\n{page}");
    }
    picture(suite, browser, &at(&call), WINDOW, "desk.png");

    let page = browser.text(&at("view=queue"), WINDOW);
    for shown in ["待人工处理", "事项未识别", "取下一件", "编号5"] {
        assert!(page.contains(shown), "{shown} is missing on\n{page}");
    }
    let page = browser.text(&at("view=pairs&lang=en"), WINDOW);
    assert!(page.contains("The same or not?") && page.contains("another candidate"), "{page}");
    assert!(browser.text(&format!("{}/desk", suite.gateway()), WINDOW).contains("令牌(坐席、分拨员或并案审核)"));
    number
}

/// The handler's page: the inbox by what is due, one ticket with its next step, and the result by the rules of D§5.4.
async fn work(suite: &Suite, browser: &browser::Browser, number: &str) {
    let (signer, handler) =
        (suite.token_at("UNIT_SIGNER", "w-sign", "JTJ"), suite.token_at("UNIT_HANDLER", "w-do", "JTJ"));
    let at = |more: &str| format!("{}/work#signer={signer}&handler={handler}&{more}", suite.gateway());
    let page = browser.text(&at(""), PHONE);
    for shown in ["我单位的任务", "护栏", number, "签收剩", "待签收", "全部签收("] {
        assert!(page.contains(shown), "{shown} is missing on\n{page}");
    }
    let ticket = format!("ticket={number}");
    let page = browser.text(&at(&ticket), PHONE);
    assert!(page.contains("请签收") && page.contains("潮音路12号") && page.contains("申请退单"), "{page}");
    suite.act(&signer, &format!("/tickets/{number}/sign"), &json!({ "request_id": "page-sign" })).await;
    let page = browser.text(&at(&format!("lang=en&{ticket}")), PHONE);
    for shown in ["Call the citizen", "Show name and number", "The result", "partly true", "Check and hand in"] {
        assert!(page.contains(shown), "{shown} is missing on\n{page}");
    }
    assert!(!page.contains("not adopted"), "a suggestion's findings are not offered for a complaint: {page}");
    files(suite, browser, number, &at(&ticket));
    picture(suite, browser, &at(&ticket), PHONE, "work.png");
    let stranger = suite.token_at("UNIT_HANDLER", "w-other", "YLZX");
    let page = browser.text(&format!("{}/work#token={stranger}&{ticket}", suite.gateway()), PHONE);
    assert!(page.contains("not with your unit") && !page.contains("潮音路"), "{page}");
}

/// The handler takes a photograph of the site; it stands on the page small, and large when pressed, by links that end.
fn files(suite: &Suite, browser: &browser::Browser, number: &str, url: &str) {
    let site = suite.folder().join("site.jpg");
    std::fs::write(&site, photo(&Shot { place: suban_domain::Point::new(22.5431, 114.0579).ok(), ..Shot::of(7) }))
        .unwrap();
    let mut page = Page::open(browser, url, PHONE);
    page.says("照片与文件");
    page.attach("input[capture=environment]", &site);
    page.says("含位置");
    page.until("document.querySelector('.thumb img')?.naturalWidth > 0", "the small picture is shown");
    page.click(".thumb");
    page.until("document.querySelector('dialog[open] img')?.naturalWidth > 0", "the picture is shown large");
    let shown = page.evaluate("[...document.images].map(i => new URL(i.src).pathname.split('/')[1])");
    assert_eq!(shown, json!(["a", "a"]), "shown by links only");
    page.key("Escape");
    page.until(
        "!document.querySelector('dialog') && !document.getElementById('ticket').hidden",
        "Escape closes the picture alone",
    );
    let wrong = suite.folder().join("wrong.jpg");
    std::fs::write(&wrong, "PK\u{3}\u{4} an archive").unwrap();
    page.attach("input[capture=environment]", &wrong);
    page.says("未能收下");
    let told = suite.suban(&["ticket", "file", number, "--by", "inspector-1"]);
    assert!(told.contains("image/jpeg") && told.contains("w-do"), "{told}");
}

/// For a fragment.
fn escaped(words: &str) -> String {
    words.bytes().map(|b| format!("%{b:02X}")).collect()
}

/// Something cannot wait, and nobody has said so far that they have it.
async fn flash(suite: &Suite) {
    let agent = suite.token("AGENT", "pages");
    let hole =
        json!({ "request_id": "hole", "text": "望潮社区潮音路桥头路面塌陷,车辆无法通行。", "phone": "19900002009" });
    let number = suite.act(&agent, "/tickets", &hole).await["number"].as_str().unwrap().to_owned();
    let dispatcher = Secret::new(suite.token("DISPATCHER", "pages"));
    let channel = tonic::transport::Endpoint::from_shared(suite.followup()).unwrap().connect().await.unwrap();
    let mut followup = FollowupServiceClient::with_interceptor(channel, Outgoing::new(&dispatcher).unwrap());
    let report = v1::ReportFlashRequest {
        request_id: "flash-1".into(),
        ticket: number,
        stage: v1::FlashStage::First.into(),
        text: "桥头路面塌陷,已封路,交警在场".into(),
    };
    followup.report_flash(report).await.unwrap();
}

/// The number of a ticket that the city closed.
async fn closed(suite: &Suite) -> String {
    let token = Secret::new(suite.token("SUPERVISOR", "pages"));
    let channel = tonic::transport::Endpoint::from_shared(suite.intake()).unwrap().connect().await.unwrap();
    let mut intake = IntakeServiceClient::with_interceptor(channel, Outgoing::new(&token).unwrap());
    let ask = v1::ListRequest { states: vec![v1::State::Closed.into()], page_size: 1, ..v1::ListRequest::default() };
    let page = intake.list(ask).await.unwrap().into_inner();
    page.tickets.first().expect("the city closes some tickets").number.clone()
}

/// A page as it looks, kept where it was asked for.
fn picture(suite: &Suite, browser: &browser::Browser, url: &str, window: &str, name: &str) {
    // Cargo runs a test in its package's folder; who asks stands in the repository's.
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = std::env::var_os("SUBAN_PICTURES").map_or_else(|| suite.folder().to_owned(), |f| repository.join(f));
    let file = folder.join(name);
    browser.picture(url, window, &file);
    let png = std::fs::read(&file).unwrap();
    assert!(png.starts_with(b"\x89PNG") && png.len() > 10_000, "a picture of an empty page: {} bytes", png.len());
}

async fn link(suite: &Suite, number: &str) -> String {
    let agent = Secret::new(suite.token("AGENT", "pages"));
    let channel = tonic::transport::Endpoint::from_shared(suite.followup()).unwrap().connect().await.unwrap();
    let mut followup = FollowupServiceClient::with_interceptor(channel, Outgoing::new(&agent).unwrap());
    let made = followup.get_link(v1::GetLinkRequest { ticket: number.into() }).await.unwrap().into_inner();
    format!("{}/p/{}", suite.gateway(), made.token)
}
