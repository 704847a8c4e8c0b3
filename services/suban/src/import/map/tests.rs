use std::collections::BTreeMap;

use super::*;

const GOOD: &str = r#"
[file]
format = "csv"

[fields]
channel = { column = "来源", lookup = "channels", otherwise = "WEB" }
source_system = { constant = "old-hotline" }
source_id = "编号"
reported_at = { column = "时间", format = "%Y-%m-%d %H:%M", zone = "Asia/Shanghai" }
text = { template = "{街道}{{{内容}}}" }
urgency = { column = "急", empty = ["-", "无"] }
requester.phone = "电话"
[fields.point]
lat = { column = "纬度", empty = "0" }
lon = { column = "经度", empty = "0" }

[lookups.channels]
"电话" = "PHONE_12345"
"信箱" = "MAILBOX"
"#;

fn read(text: &str) -> Result<Map, Problems> {
    Map::parse(Path::new("city.toml"), text)
}

fn told(text: &str) -> Vec<String> {
    read(text).unwrap_err().0.iter().map(ToString::to_string).collect()
}

fn record(cells: &[(&str, &str)]) -> Record {
    let cells: BTreeMap<String, String> = cells.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Record { line: 2, cells }
}

fn call() -> Record {
    record(&[
        ("来源", "电话"),
        ("编号", "C-1"),
        ("时间", "2019-02-28 11:25"),
        ("街道", "某街道"),
        ("内容", "路灯不亮"),
        ("急", "-"),
        ("电话", "1380000000x"),
        ("纬度", "22.5"),
        ("经度", "114.1"),
    ])
}

#[test]
fn a_record_becomes_the_demand_that_its_mapping_says() {
    let request = read(GOOD).unwrap().apply(&call()).unwrap();
    assert_eq!(request.channel, suban_domain::Channel::Phone12345.number());
    assert_eq!((request.source_system.as_str(), request.source_id.as_str()), ("old-hotline", "C-1"));
    assert_eq!(request.reported_at.unwrap().seconds, 1_551_324_300);
    assert_eq!(request.text, "某街道{路灯不亮}");
    assert_eq!(request.urgency, None);
    assert_eq!(request.point.map(|p| (p.lat, p.lon)), Some((22.5, 114.1)));
    assert!(request.backdated.is_none() && request.flags.is_none());
}

#[test]
fn half_a_point_is_no_point_and_an_unknown_value_takes_what_is_said_otherwise() {
    let mut record = call();
    record.cells.insert("经度".into(), "0".into());
    record.cells.insert("来源".into(), "传真".into());
    let request = read(GOOD).unwrap().apply(&record).unwrap();
    assert_eq!((request.point, request.channel), (None, suban_domain::Channel::Web.number()));
}

#[test]
fn the_same_demand_has_the_same_request_id_in_every_run_and_another_one_another() {
    let map = read(GOOD).unwrap();
    let first = map.apply(&call()).unwrap().request_id;
    assert_eq!(map.apply(&call()).unwrap().request_id, first);
    assert!(suban_domain::RequestId::new(&*first).is_ok());
    let mut other = call();
    other.cells.insert("内容".into(), "路灯又不亮".into());
    assert_ne!(map.apply(&other).unwrap().request_id, first);
}

#[test]
fn a_record_that_is_no_demand_says_every_reason_but_nothing_personal() {
    let mut record = call();
    record.cells.insert("时间".into(), "昨天".into());
    record.cells.insert("急".into(), "很急".into());
    let reasons = read(GOOD).unwrap().apply(&record).unwrap_err();
    assert!(reasons.contains("reported_at: \"昨天\"") && reasons.contains("urgency: \"很急\""), "{reasons}");
    assert!(!reasons.contains("1380000000x"), "{reasons}");
}

#[test]
fn everything_wrong_with_a_mapping_is_told_at_once_with_file_line_and_key() {
    let problems = told(
        r#"[fields]
channel = { column = "来源", lookup = "chanels" }
source_system = { constant = "老 系统" }
reported_at = { column = "时间", format = "%Y-%q" }
kind = { column = "类型", lookup = "kinds", otherwise = "NOTHING" }
phone = "电话"
point.lat = "纬度"
urgency = { colum = "急" }

[lookups.kinds]
"投诉" = "COMPLAIN"

[output]
x = 1
"#,
    );
    for expected in [
        "city.toml:2: fields.channel.lookup asks for [lookups.chanels]",
        "city.toml:3: fields.source_system.constant has the value \"老 系统\"",
        "city.toml:4: fields.reported_at.format",
        "city.toml:5: fields.kind.otherwise has the value \"NOTHING\"",
        "city.toml:5: lookups.kinds.投诉 has the value \"COMPLAIN\"",
        "city.toml:6: fields.phone is no field",
        "city.toml:8: fields.urgency.colum is unknown",
        "city.toml:8: fields.urgency needs one of",
        "city.toml:13: output is no section",
        "city.toml:1: fields.text is missing",
        "city.toml:1: fields.point.lon is missing",
    ] {
        assert!(problems.iter().any(|p| p.starts_with(expected)), "{expected}\n{}", problems.join("\n"));
    }
    assert_eq!(problems.len(), 11, "{}", problems.join("\n"));
}

#[test]
fn what_is_no_toml_is_told_with_its_line() {
    assert!(told("[fields]\ntext = \n")[0].starts_with("city.toml:2: "), "{:?}", told("[fields]\ntext = \n"));
}

#[test]
fn a_template_with_half_a_brace_or_without_a_column_is_refused() {
    for (template, expected) in
        [("{街道", "other half"), ("街道}", "other half"), ("{}", "without a column"), ("无", "constant")]
    {
        let text = GOOD.replace("{街道}{{{内容}}}", template);
        assert!(told(&text).iter().any(|p| p.contains("fields.text.template") && p.contains(expected)), "{template}");
    }
}

#[test]
fn a_column_that_the_file_does_not_have_is_told_before_anything_is_submitted() {
    let has = ["来源", "编号", "街道", "内容", "急", "纬度", "经度"].map(str::to_owned).into();
    let problems = read(GOOD).unwrap().missing(&has).unwrap_err();
    let lines: Vec<String> = problems.0.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("city.toml:9: fields.reported_at asks for the column \"时间\""), "{lines:?}");
}

#[test]
fn a_bar_between_columns_is_refused_in_gbk_where_it_is_half_of_a_character() {
    let file = "[file]\nformat = \"csv\"\nencoding = \"gbk\"\ndelimiter = \"|\"\n";
    assert!(told(&GOOD.replace("[file]\nformat = \"csv\"\n", file))[0].contains("file.delimiter"));
}

/// Every mapping that ships, on the set it is for.
#[test]
fn the_mappings_that_ship_map_their_whole_sets() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (name, file, records) in [
        ("messages", "messages/stream_2019.jsonl.gz", 4_326),
        ("pingshan", "pingshan/events_2018_feb_oct.csv", 6_952),
        ("boston", "boston/requests_2008_2017.csv.gz", 5_000),
        ("baltimore", "baltimore/requests_10000.csv.gz", 10_000),
    ] {
        let path = root.join(format!("deploy/import/{name}.toml"));
        let map = Map::parse(&path, &std::fs::read_to_string(&path).unwrap()).unwrap();
        let data = root.join("../shared/data").join(file);
        let Ok(input) = std::fs::File::open(&data) else {
            eprintln!("skipped: {} is not there", data.display());
            continue;
        };
        let format = map.file.format.unwrap();
        let mut reader = super::super::read::Reader::new(input, format, map.file.encoding, map.file.delimiter).unwrap();
        map.missing(reader.columns()).unwrap();
        let mut mapped = 0;
        while mapped < records {
            match reader.next() {
                Some(Ok(super::super::read::Item::Record(record))) => {
                    let request = map.apply(&record).unwrap_or_else(|e| panic!("{name}, line {}: {e}", record.line));
                    assert!(request.reported_at.is_some() && !request.source_id.is_empty());
                }
                other => panic!("{name} after {mapped} records: {other:?}"),
            }
            mapped += 1;
        }
    }
}
