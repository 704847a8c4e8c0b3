//! Files as they are, and the command on a small table.

use suban_simulation::When;

use super::*;

const ROWS: &str = "when,who,what,where,about\n2026-03-06 09:00:00,a,投诉,x,light\n2026-03-06 09:30:00,a,投诉,x,light\n\
                    2026-03-07,b,咨询,y,tax\nsoon,b,咨询,y,tax\n2026-03-09T10:00:00,,咨询,y,tax\n";

const COLUMNS: &str = "[world.arrivals]\ntime = \"when\"\nunit = \"who\"\nkind = \"what\"\nsame = [\"where\"]\n\
                       features = [\"where\", \"about\"]\nkinds = { \"咨询\" = \"CONSULT\" }\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder of its own with these files, gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn with(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("suban-simulate-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (file, text) in files {
            std::fs::write(folder.join(file), text).unwrap();
        }
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn asked(arrivals: PathBuf, policies: [PathBuf; 2]) -> anyhow::Result<Printed> {
    let how = Simulate {
        policy: Vec::new(),
        arrivals,
        seeds: 2,
        ablate: true,
        calendars: Vec::new(),
        notice: vec![root().join("deploy/simulate/notice-2018.toml")],
        json: false,
    };
    let [before, after] = policies;
    run(&how, &before, &after)
}

fn shipped() -> [PathBuf; 2] {
    ["before", "suite"].map(|name| root().join(format!("deploy/simulate/{name}.toml")))
}

/// Why this table is refused.
fn refused(name: &str, table: &str) -> String {
    let folder = Folder::with(name, &[("rows.csv", table)]);
    format!("{:#}", asked(folder.0.join("rows.csv"), shipped()).unwrap_err())
}

#[test]
fn the_policies_that_ship_read_and_assume_the_same_city() {
    let [before, suite] = shipped().map(|path| policy(&path).unwrap());
    assert_eq!(before.world, suite.world);
    assert!(before.merging.is_none() && before.urging.is_none() && suite.merging.is_some() && suite.urging.is_some());
    let published = policy(&root().join("deploy/simulate/suite-published-dispatch.toml")).unwrap();
    assert_eq!((published.world, published.sign), (suite.world, suite.sign));
}

#[test]
fn a_table_of_any_columns_is_played_and_told() {
    let shipped = shipped().map(|path| path.canonicalize().unwrap());
    let own = |name: &str, extends: &Path| (name.to_owned(), format!("extends = {:?}\n{COLUMNS}", extends));
    let [before, suite] = [own("before.toml", &shipped[0]), own("suite.toml", &shipped[1])];
    let folder = Folder::with("table", &[("rows.csv", ROWS), (&before.0, &before.1), (&suite.0, &suite.1)]);
    let policies = ["before.toml", "suite.toml"].map(|name| folder.0.join(name));
    let printed = asked(folder.0.join("rows.csv"), policies).unwrap();
    assert_eq!((printed.arrivals.rows_read, printed.arrivals.rows_skipped, printed.arrivals.form), (5, 2, "policy"));
    assert_eq!(printed.report.policies[0].tickets.mid, 3.0);
    let parts: Vec<&str> = printed.report.ablation.iter().flatten().map(|part| part.part).collect();
    assert_eq!(parts, ["sign", "dispatch", "merging", "urging"]);
    let json = serde_json::to_value(&printed).unwrap();
    assert_eq!(json["published"]["change"], -0.4928);
    assert_eq!(json["versions"]["calendar"], "sz");
    assert!(json["policies"][1]["time_to_close_h"]["mean"]["mid"].as_f64().unwrap() > 0.0);
    assert!(json["change"]["time_to_sign_h"]["high"].as_f64().unwrap() <= 0.0);
    let text = tables::text(&printed);
    assert!(text.contains("办结") && text.contains("并案") && text.contains("-49.28 %"), "{text}");
}

#[test]
fn what_is_wrong_with_arrivals_is_told() {
    let heading = "create_time,source,property,type,main_type,sub_type,street,community,dispose_unit_code";
    let undated = refused("undated", &format!("{heading}\n,a,投诉,b,c,d,e,f,1\n"));
    assert!(undated.contains("none of 1 rows has a date in column \"create_time\""), "{undated}");
    assert!(refused("rowless", heading).contains("there are no arrivals"));
    assert!(refused("empty", "").contains("the file is empty"));
    let unknown = refused("unknown", "a,b\n1,2\n");
    assert!(unknown.contains("its columns (a, b)") && unknown.contains("[world.arrivals]"), "{unknown}");
    let missing = format!("{:#}", asked("nowhere.csv".into(), shipped()).unwrap_err());
    assert!(missing.contains("cannot open nowhere.csv"), "{missing}");
}

#[test]
fn files_that_extend_each_other_are_refused() {
    let folder = Folder::with("circle", &[("a.toml", "extends = \"b.toml\""), ("b.toml", "extends = \"a.toml\"")]);
    let told = format!("{:#}", policy(&folder.0.join("a.toml")).unwrap_err());
    assert!(told.contains("in a circle"), "{told}");
}

#[test]
fn a_roster_stands_beside_its_policy() {
    let base = root().join("deploy/simulate/suite.toml").canonicalize().unwrap();
    let own = format!(
        "extends = {base:?}\n{COLUMNS}[sign]\nshift = []\nroster = {{ folder = \"duty\", unit = \"WATER\" }}\n"
    );
    let folder = Folder::with("roster", &[("rows.csv", ROWS), ("a.toml", &own)]);
    let asked = || asked(folder.0.join("rows.csv"), [folder.0.join("a.toml"), folder.0.join("a.toml")]);
    assert!(format!("{:#}", asked().unwrap_err()).contains("units.csv"));
    let tables = [
        ("units.csv", "code,parent\nHALL,\nWATER,\n"),
        (
            "people.csv",
            "person,unit,team,jobs,skills,areas,capacity,phone,backup_phone\ndesk,HALL,,district,,,,,\nann,WATER,,duty,,,,,\n",
        ),
        ("shifts.csv", "shift,unit,from,until,days,minimum,cycle,anchor\nDAY,,08:00,20:00,,1,,\n"),
        ("duty.csv", "shift,group,person,rank,from,until\nDAY,,ann,duty,,\n"),
    ];
    std::fs::create_dir_all(folder.0.join("duty")).unwrap();
    for (table, rows) in tables {
        std::fs::write(folder.0.join("duty").join(table), rows).unwrap();
    }
    assert_eq!(asked().unwrap().report.change.time_to_close_h.high, 0.0);
}

/// What others published, which is not here everywhere.
#[test]
fn published_arrivals_are_read_as_they_are() {
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
    for (name, file, rows, units, on_time) in [
        ("pingshan", "pingshan/events_2018_feb_oct.csv", 6_952, 115, 0.897),
        ("baltimore", "baltimore/requests_10000.csv.gz", 10_000, 16, 0.836),
    ] {
        let path = root().join("../shared/data").join(file);
        if !path.exists() {
            eprintln!("skipped: {} is not there", path.display());
            continue;
        }
        let found = arrivals::read(&path, None, &zone).unwrap();
        assert_eq!((found.form, found.rows_read, found.rows_skipped), (name, rows, 0));
        assert_eq!(found.arrivals.units().len(), units);
        let observed = serde_json::to_value(found.observed.unwrap()).unwrap();
        assert!((observed["on_time_share"].as_f64().unwrap() - on_time).abs() < 0.001, "{observed}");
    }
}

#[test]
fn times_are_read_in_the_ways_that_files_write_them() {
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
    let same = [
        "2026-03-06 17:50:00",
        "2026-03-06T17:50",
        "03/06/2026 05:50:00 PM",
        "2026/03/06 17:50",
        "2026-03-06T09:50:00Z",
    ];
    let read: Vec<_> = same.iter().map(|text| arrivals::when(text, &zone).unwrap()).collect();
    assert!(read.iter().all(|when| *when == read[0]), "{read:?}");
    let day = When::Day(jiff::civil::date(2026, 3, 6));
    assert!(["2026-03-06", "2026/03/06", "03/06/2026"].iter().all(|text| arrivals::when(text, &zone) == Some(day)));
    assert_eq!(arrivals::when("soon", &zone), None);
}
