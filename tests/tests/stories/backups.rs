//! A backup taken and restored; who was erased in between stays erased (design §6).

use std::{path::Path, process::Command};

use suban_domain::{Span, State};
use suban_proto::v1;
use suban_runtime::Service;
use suban_tests::{Case, City, story};

use crate::words;

/// Runs one of PostgreSQL's own tools on the city's database.
fn postgres(city: &City, tool: &str, arguments: &[&str]) {
    let url = city.settings.database.url.expose();
    let ended = Command::new(tool).arg("--dbname").arg(url).args(arguments).output();
    let ended = ended.unwrap_or_else(|e| panic!("{tool} cannot be run: {e}; it comes with PostgreSQL's client"));
    assert!(ended.status.success(), "{tool}: {}", String::from_utf8_lossy(&ended.stderr));
}

async fn is_erased(city: &City, case: &Case, phone: &str) {
    let agent = city.agent().await;
    let ask = v1::GetRequest { ticket: case.number.clone() };
    let view = agent.intake().get(ask).await.unwrap().into_inner();
    assert!(view.words.iter().all(|w| w.erased && w.text.is_empty()), "{view:?}");
    let reveal = v1::RevealRequest { request_id: city.request(), ticket: case.number.clone(), reason: "核实".into() };
    let gone = agent.dispatch().reveal(reveal).await.unwrap_err();
    assert_eq!(gone.code(), tonic::Code::NotFound, "{gone:?}");
    let who = v1::LookupCallerRequest { phone: phone.into() };
    let known = agent.intake().lookup_caller(who).await.unwrap().into_inner();
    assert!(known.open.is_empty() && known.last.is_empty(), "nobody is found by the phone");
}

const SERVICES: [Service; 6] = Service::ALL;

#[tokio::test(flavor = "multi_thread")]
async fn who_was_erased_stays_erased_over_a_replay_and_a_restore_and_the_neighbour_is_as_before() {
    story(async |city| {
        let (leaves, stays) = (city.citizen("亓官疏桐", "19900000801"), city.citizen("澹台望舒", "19900000802"));
        let gone = leaves.reports(words::RAILING).await;
        city.passes(Span::minutes(1));
        let kept = stays.reports(&words::railing(50)).await;
        city.becomes(&gone, State::PendingSign).await;
        city.becomes(&kept, State::PendingSign).await;
        city.settles().await;

        let folder = std::env::temp_dir().join(format!("suban-backup-{}", city.database()));
        std::fs::create_dir_all(&folder).unwrap();
        let (backup, tombstones) = (folder.join("city.dump"), folder.join("erased.jsonl"));
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        postgres(city, "pg_dump", &["--format", "custom", "--file", &text(&backup)]);

        // Erased: the words and the person are gone, the ticket and its work are not.
        let told = city.runs(&["erase", "--ticket", &gone.number, "--reason", "本人申请"]).await;
        assert!(told.ok && told.out.contains("1 keys destroyed"), "{told:?}");
        is_erased(city, &gone, &leaves.phone).await;
        assert_eq!(city.ticket(&gone).await.state, State::PendingSign);
        let told = city.runs(&["erase", "--export", &text(&tombstones)]).await;
        assert!(told.ok, "{told:?}");

        // A replay brings nobody back.
        for service in ["dedup", "dispatch", "followup", "scoring"] {
            let told = city.runs(&["replay", "--service", service]).await;
            assert!(told.ok, "{told:?}");
        }
        is_erased(city, &gone, &leaves.phone).await;

        // The backup knows nothing of it.
        for service in SERVICES {
            city.close(service).await;
        }
        let all = "drop schema core, dedup, dispatch, followup, scoring cascade; drop table _sqlx_migrations";
        sqlx::raw_sql(all).execute(city.pool()).await.unwrap();
        postgres(city, "pg_restore", &["--exit-on-error", "--no-owner", &text(&backup)]);
        let told = city.runs(&["erase", "--reapply", "--from", &text(&tombstones)]).await;
        assert!(told.ok && told.out.contains("1 keys destroyed"), "{told:?}");
        std::fs::remove_dir_all(&folder).unwrap();
        for service in SERVICES {
            city.open(service).await;
        }
        is_erased(city, &gone, &leaves.phone).await;
        let unit = city.unit(words::ROADS).await;
        unit.signs(&kept).await;
        let shown = unit.reveals(&kept, "先行联系核实地点").await;
        assert_eq!(shown, (stays.name.clone(), stays.phone.clone()), "the neighbour is as before");
        unit.handles(&gone).await;
        city.becomes(&gone, State::PendingCallback).await;
    })
    .await;
}
