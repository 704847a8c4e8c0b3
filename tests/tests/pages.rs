//! The two pages as people see them: the whole suite in one process on the real stack, a small city, and a headless
//! Chromium that opens the supervisors' live page and a citizen's page.
//!
//! With `SUBAN_PICTURES=FOLDER` the pages' pictures are left there (`make picture`).

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test's helpers fail the test")]
#![expect(clippy::print_stderr, reason = "a skipped test says why")]

mod suite;

use std::{path::Path, time::Duration};

use suban_proto::v1::{
    self, followup_service_client::FollowupServiceClient, intake_service_client::IntakeServiceClient,
};
use suban_runtime::{Secret, grpc::Outgoing};
use suite::{Suite, browser};

/// As wide as a screen in a hall.
const WINDOW: &str = "1400,1060";
/// As narrow as a telephone.
const NARROW: &str = "600,900";

#[tokio::test(flavor = "multi_thread")]
async fn supervisors_and_citizens_see_what_the_city_did_in_both_languages() {
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
