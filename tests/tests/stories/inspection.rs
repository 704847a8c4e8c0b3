//! An inspection: one ticket's whole file, and a sample of a unit's files.

use suban_attachments::invented::{Shot, photo};
use suban_domain::State;
use suban_tests::{Case, City, PATIENCE, Plan, Told, eventually};

use crate::words;

const NAME: &str = "濮阳临风";
const PHONE: &str = "19900000951";

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_ticket_is_inspected_whole_masked_and_the_look_is_written_down() {
    // The tools go by the machine's clock.
    Plan { machine_clock: true, ..Plan::default() }
        .story(async |city| {
            let citizen = city.citizen(NAME, PHONE);
            let unit = city.unit(words::ROADS).await;
            let mut cases = Vec::new();
            for house in [200, 210, 220] {
                let said = format!("{}我是{NAME},电话{PHONE}", words::railing(house));
                let railing = citizen.reports(&said).await;
                city.becomes(&railing, State::PendingSign).await;
                let path = format!("/p/{}/photo?request_id=one", railing.link);
                let square = suban_domain::Point::new(22.5431, 114.0579).ok();
                let taken = photo(&Shot { place: square, ..Shot::of(house.into()) });
                assert_eq!(city.upload(&path, None, &taken).await.status, 200);
                unit.signs(&railing).await;
                unit.contacts(&railing).await;
                unit.hands_in(&railing, &format!("{NAME}先生,护栏已修复,感谢您的监督,联系电话{PHONE}。")).await;
                city.becomes(&railing, State::PendingCallback).await;
                citizen.rates(&railing, 1, 2).await;
                city.becomes(&railing, State::Closed).await;
                cases.push(railing);
            }
            the_file_is_whole_and_names_nobody(city, &cases[0]).await;
            who_may_see_the_citizen_says_why(city, &cases[0]).await;
            a_sample_is_the_same_whoever_draws_it(city, &cases).await;
        })
        .await;
}

async fn the_file_is_whole_and_names_nobody(city: &City, case: &Case) {
    let folder = folder(city, "file");
    let page = folder.join("file.html");
    let told = city
        .runs(&[
            "ticket",
            "file",
            &case.number,
            "--by",
            "inspector-1",
            "--reason",
            "年度检查",
            "--json",
            "--html",
            page.to_str().unwrap(),
        ])
        .await;
    assert!(told.ok, "{told:?}");
    let html = std::fs::read_to_string(&page).unwrap();
    for text in [&told.out, &told.complaints, &html] {
        assert!(!text.contains(NAME) && !text.contains(PHONE), "{text}");
    }
    let file: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    let steps: Vec<&str> = file["steps"].as_array().unwrap().iter().map(|s| s["event"].as_str().unwrap()).collect();
    let wanted = [
        "submitted",
        "accepted",
        "dispatched",
        "signed",
        "contacted",
        "result_submitted",
        "result_accepted",
        "survey_answered",
    ];
    assert_eq!(steps.iter().filter(|s| wanted.contains(s)).copied().collect::<Vec<_>>(), wanted, "{steps:?}");
    let versions: Vec<u64> = file["steps"].as_array().unwrap().iter().map(|s| s["version"].as_u64().unwrap()).collect();
    assert!(versions.iter().zip(1..).all(|(version, n)| *version == n), "no step is missing: {versions:?}");
    assert!(file["words"][0]["text"].as_str().unwrap().contains("护栏损坏"), "{file}");
    let photo = &file["files"][0];
    assert_eq!(
        (&photo["kind"]["en"], &photo["role"]["en"], &photo["person"], &photo["placed"]),
        (&"image/jpeg".into(), &"CITIZEN".into(), &"".into(), &true.into())
    );
    assert!(!told.out.contains("22.54") && html.contains("照片与文件"), "that there is a place, not which");
    assert!(file["replies"][0]["reply"].as_str().unwrap().contains("护栏已修复"), "{file}");
    assert_eq!(file["decisions"][0]["candidates"][0]["unit"]["en"], words::ROADS);
    assert!(!file["survey"].as_array().unwrap().is_empty() && !file["contacts"].as_array().unwrap().is_empty());
    assert!(file["clocks"]["stretches"].as_array().unwrap().len() > 2);
    let looked = file["viewed"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&looked["act"], &looked["person"], &looked["reason"]),
        (&"VIEW_FILE".into(), &"inspector-1".into(), &"年度检查".into())
    );
    assert!(!html.contains("<script") && html.contains("护栏已修复") && html.contains("@media print"));
    let audits = suban_store::audit::of_ticket(city.pool(), case.id).await.unwrap();
    assert_eq!(audits.iter().map(|a| a.act.as_str()).collect::<Vec<_>>(), ["VIEW_FILE"]);
    std::fs::remove_dir_all(folder).unwrap();
}

async fn who_may_see_the_citizen_says_why(city: &City, case: &Case) {
    let with = async |more: &[&str]| -> Told {
        let begin = ["ticket", "file", &case.number, "--json", "--reveal"];
        city.runs(&[&begin, more].concat()).await
    };
    let auditor = with(&["--reason", "核对"]).await;
    assert!(!auditor.ok && auditor.complaints.contains("AUDITOR"), "{auditor:?}");
    assert!(!with(&["--role", "SUPERVISOR"]).await.ok, "without a reason");
    let supervisor = with(&["--role", "SUPERVISOR", "--reason", "投诉核对"]).await;
    assert!(supervisor.ok && supervisor.out.contains(NAME) && supervisor.out.contains(PHONE), "{supervisor:?}");
    let audits = suban_store::audit::of_ticket(city.pool(), case.id).await.unwrap();
    assert!(audits.iter().any(|a| a.act == "REVEAL_PERSON" && a.reason.as_deref() == Some("投诉核对")), "{audits:?}");
    let outline = city.runs(&["ticket", "file", &case.number, "--role", "CALLBACK"]).await;
    assert!(!outline.ok && outline.complaints.contains("outline"), "{outline:?}");
    let stranger = city.runs(&["ticket", "file", &case.number, "--role", "UNIT_HANDLER", "--for", "CGJ"]).await;
    assert!(!stranger.ok && stranger.complaints.contains("not with your unit"), "{stranger:?}");
}

async fn a_sample_is_the_same_whoever_draws_it(city: &City, cases: &[Case]) {
    let folder = folder(city, "sample");
    let today = jiff::tz::TimeZone::UTC.to_datetime(city.clock.now().timestamp()).date();
    let period = format!("{}..{}", today.yesterday().unwrap(), today.tomorrow().unwrap());
    let draw = async |name: &str, seed: &str, n: &str| {
        let out = folder.join(name);
        let asked = ["sample", "--unit", words::ROADS, "--period", &period, "-n", n, "--seed", seed, "--json", "--out"];
        city.runs(&[&asked[..], &[out.to_str().unwrap()]].concat()).await
    };
    // The figures follow the tickets.
    let mut turn = 0;
    let all = eventually(PATIENCE, "the three are counted", async || {
        turn += 1;
        let told = draw(&format!("all-{turn}"), "7", "50").await;
        let drawn: serde_json::Value = serde_json::from_str(&told.out).unwrap_or_default();
        if drawn["population"] == 3 { Ok(drawn) } else { Err(format!("{told:?}")) }
    })
    .await;
    let numbers = |drawn: &serde_json::Value| -> Vec<String> {
        drawn["files"].as_array().unwrap().iter().map(|f| f["number"].as_str().unwrap().to_owned()).collect()
    };
    let mut found = numbers(&all);
    found.sort();
    let mut known: Vec<String> = cases.iter().map(|case| case.number.clone()).collect();
    known.sort();
    assert_eq!(found, known);

    let two = draw("two", "7", "2").await;
    let two: serde_json::Value = serde_json::from_str(&two.out).unwrap();
    assert_eq!(numbers(&two), numbers(&all)[..2], "the same seed draws the same");
    let kept: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("two/sample.json")).unwrap()).unwrap();
    assert_eq!((&kept["seed"], &kept["population"], &kept["drawn"]), (&"7".into(), &3.into(), &2.into()));
    let mut pages = 0;
    for entry in std::fs::read_dir(folder.join("two")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains(NAME) && !text.contains(PHONE));
        pages += 1;
    }
    assert_eq!(pages, 4, "two files, the index, sample.json");
    let again = draw("two", "7", "2").await;
    assert!(!again.ok && again.complaints.contains("not empty"), "{again:?}");
    let last = cases.iter().find(|case| case.number == numbers(&two)[0]).unwrap();
    let audits = suban_store::audit::of_ticket(city.pool(), last.id).await.unwrap();
    assert!(
        audits.iter().any(|a| a.act == "VIEW_FILE" && a.reason.as_deref().unwrap().contains("seed 7")),
        "{audits:?}"
    );
    std::fs::remove_dir_all(folder).unwrap();
}

fn folder(city: &City, name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("{}-{name}", city.database()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
