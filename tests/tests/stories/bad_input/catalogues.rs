//! Catalogues that must not decide anything.

use suban_domain::{Role, Span};
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

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_catalogue_is_compared_published_and_taken_back() {
    story(async |city| {
        let keeper = city.desk(Role::SysAdmin, "keeper-1", None).await;
        let good = async || keeper.dispatch().list_catalogues(v1::ListCataloguesRequest {}).await.unwrap().into_inner();
        let current = |list: &v1::ListCataloguesReply| {
            list.versions.iter().find(|v| v.current).map(|v| v.version.clone()).unwrap()
        };
        let first = current(&good().await);

        // What would change is told before it is published: railings move from the roads office to the gardeners.
        let moved = spoilt(city.request(), "matters", ",JTJ,", ",YLZX,");
        let compare = v1::DiffCatalogueRequest { files: moved.files.clone(), ..v1::DiffCatalogueRequest::default() };
        let diff = keeper.dispatch().diff_catalogue(compare.clone()).await.unwrap().into_inner();
        assert!(diff.total > 0 && diff.changes.iter().any(|c| c.text_en.contains("YLZX")), "{diff:?}");
        let dispatcher = city.dispatcher().await;
        Refusal::new(Code::PermissionDenied, "", "may not do this")
            .is("a dispatcher compares", dispatcher.dispatch().diff_catalogue(compare).await);
        let unknown = v1::DiffCatalogueRequest { new: "demo:00000000".into(), ..v1::DiffCatalogueRequest::default() };
        Refusal::new(Code::NotFound, "", "demo:00000000")
            .is("no such version", keeper.dispatch().diff_catalogue(unknown).await);
        let nothing = v1::DiffCatalogueRequest::default();
        Refusal::of("new", "is empty").is("nothing to compare", keeper.dispatch().diff_catalogue(nothing).await);

        city.passes(Span::minutes(1));
        let wrong = keeper.dispatch().publish_catalogue(moved).await.unwrap().into_inner().version;
        assert_eq!(current(&good().await), wrong);

        // Back again a minute later, with a reason; a repeat finds it done.
        city.passes(Span::minutes(1));
        let back = |reason: &str| v1::RollBackCatalogueRequest {
            request_id: city.request(),
            version: first.clone(),
            reason: reason.into(),
        };
        Refusal::of("reason", "is empty").is("no reason", keeper.dispatch().roll_back_catalogue(back(" ")).await);
        let denied = dispatcher.dispatch().roll_back_catalogue(back("护栏仍归交通局")).await;
        Refusal::new(Code::PermissionDenied, "", "may not do this").is("a dispatcher takes it back", denied);
        let done = keeper.dispatch().roll_back_catalogue(back("护栏仍归交通局")).await.unwrap().into_inner();
        assert!(!done.repeated && done.version.starts_with(&first), "{done:?}");
        assert_eq!(current(&good().await), done.version);
        let again = keeper.dispatch().roll_back_catalogue(back("护栏仍归交通局")).await.unwrap().into_inner();
        assert!(again.repeated, "{again:?}");
    })
    .await;
}
