//! Catalogues that must not decide anything.

use suban_domain::Role;
use suban_proto::v1;
use suban_tests::{Desk, story};
use tonic::Code;

use super::Refusal;

const FILES: [&str; 4] = ["areas", "units", "matters", "rules"];

fn demo(file: &str) -> String {
    let path = format!("{}/../deploy/demo/{file}.csv", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The demo's catalogue with one file spoilt.
fn spoilt(request_id: String, file: &str, from: &str, to: &str) -> v1::PublishCatalogueRequest {
    let files = FILES.map(|name| {
        let mut csv = demo(name);
        if name == file {
            assert!(csv.contains(from), "{from:?} is in {file}");
            csv = csv.replacen(from, to, 1);
        }
        v1::CatalogueFile { name: name.into(), csv: csv.into_bytes() }
    });
    v1::PublishCatalogueRequest { request_id, name: "spoilt".into(), files: files.into(), ..Default::default() }
}

async fn problems(keeper: &Desk, ask: v1::PublishCatalogueRequest) -> Vec<v1::CatalogueProblem> {
    let reply = keeper.dispatch().publish_catalogue(ask).await.unwrap().into_inner();
    assert_eq!(reply.version, "", "nothing is published");
    reply.problems
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalogue_with_rings_or_unknown_units_is_answered_with_its_lines_and_not_published() {
    story(async |city| {
        let keeper = city.desk(Role::SysAdmin, "keeper-1", None).await;
        let before = city.counts().await;
        let rows = [
            ("an unknown unit leads", "matters", ",LDGS,street,", ",NOBODY,street,", "lead", "`NOBODY` is no unit"),
            ("an unknown unit assists", "rules", ",CGJ,street,", ",CGJ,NOBODY,", "assists", "`NOBODY` is no unit"),
            ("an unknown matter", "rules", "SR-01,LG01,", "ZZ-01,LG01,", "matter", "`ZZ-01` is no matter"),
            ("an area in its own child", "areas", "sub-district,LG,", "sub-district,LG0101,", "parent", "in a ring"),
            (
                "a unit in itself",
                "units",
                "CGJ,临港区城市管理和综合执法局,department,,",
                "CGJ,临港区城市管理和综合执法局,department,CGJ,",
                "parent",
                "in a ring",
            ),
            (
                "two halls",
                "units",
                "ZJJ,临港区住房和建设局,department,",
                "ZJJ,临港区住房和建设局,hall,",
                "kind",
                "only one unit of kind hall",
            ),
            ("one code twice", "matters", "HW-02,", "HW-01,", "code", "already"),
        ];
        for (case, file, from, to, column, help) in rows {
            let found = problems(&keeper, spoilt(city.request(), file, from, to)).await;
            let named = found.iter().find(|p| p.text.contains(help)).unwrap_or_else(|| panic!("{case}: {found:?}"));
            assert!(named.file.starts_with(file) && named.row > 1 && named.column == column, "{case}: {named:?}");
            assert_eq!(city.counts().await, before, "{case}: nothing is stored");
        }
        let mut gbk = spoilt(city.request(), "areas", "LG", "LG");
        gbk.files[0].csv = b"\xc7\xf8\xd3\xf2".to_vec();
        Refusal::of("areas", "no UTF-8").is("GBK", keeper.dispatch().publish_catalogue(gbk).await);
        let mut twice = spoilt(city.request(), "areas", "LG", "LG");
        twice.files[1].name = "areas.csv".into();
        Refusal::of("files", "twice").is("one file twice", keeper.dispatch().publish_catalogue(twice).await);
        let none = v1::PublishCatalogueRequest { request_id: city.request(), name: "x".into(), ..Default::default() };
        Refusal::of("files", "are missing").is("no file", keeper.dispatch().publish_catalogue(none).await);
        let good = spoilt(city.request(), "areas", "LG", "LG");
        let denied = city.dispatcher().await.dispatch().publish_catalogue(good).await;
        Refusal::new(Code::PermissionDenied, "", "may not do this").is("a dispatcher publishes", denied);
        assert_eq!(city.counts().await, before, "nothing is stored");
    })
    .await;
}
