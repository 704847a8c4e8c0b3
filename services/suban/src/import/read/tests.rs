use std::io::{Cursor, Write as _};

use super::*;

fn open(bytes: &[u8], format: Format, encoding: Encoding) -> anyhow::Result<Reader> {
    Reader::new(Cursor::new(bytes.to_vec()), format, encoding, b',')
}

/// Everything up to the end or a fault.
fn all(bytes: &[u8], format: Format, encoding: Encoding) -> (Vec<Item>, Option<Fault>) {
    let mut reader = match open(bytes, format, encoding) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), error.downcast().ok()),
    };
    let mut items = Vec::new();
    loop {
        match reader.next() {
            Some(Ok(item)) => items.push(item),
            Some(Err(fault)) => return (items, Some(fault)),
            None => return (items, None),
        }
    }
}

fn csv(text: &str) -> (Vec<Item>, Option<Fault>) {
    all(text.as_bytes(), Format::Csv, Encoding::Utf8)
}

fn record(line: u64, cells: &[(&str, &str)]) -> Item {
    Item::Record(Record { line, cells: cells.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect() })
}

fn gzip(text: &str) -> Vec<u8> {
    let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    zip.write_all(text.as_bytes()).unwrap();
    zip.finish().unwrap()
}

#[test]
fn a_quoted_cell_may_hold_lines_and_the_next_record_knows_its_own() {
    let (items, fault) = csv("\u{feff}a,b\r\n1,\"x\r\n\"\"y\"\", z\"\r\n\r\n2,say \"hi\"\r\n");
    assert_eq!(fault, None);
    assert_eq!(
        items,
        [record(2, &[("a", "1"), ("b", "x\r\n\"y\", z")]), record(5, &[("a", "2"), ("b", "say \"hi\"")])]
    );
}

#[test]
fn a_row_with_too_few_columns_is_told_and_reading_goes_on() {
    let (items, fault) = csv("a,b\n1\n2,3\n");
    assert_eq!(fault, None);
    assert_eq!(items[0], Item::Bad { line: 2, reason: "has 1 columns, but the heading has 2".into() });
    assert_eq!(items[1], record(3, &[("a", "2"), ("b", "3")]));
}

#[test]
fn a_last_line_that_is_cut_short_is_told_and_what_was_read_is_kept() {
    for (text, line) in [("a,b\n1,2\n3", 3), ("a,b\n1,2\n3,\"4\n5,6\n7,8\n", 3)] {
        let (items, fault) = csv(text);
        assert_eq!(items, [record(2, &[("a", "1"), ("b", "2")])]);
        let fault = fault.unwrap();
        assert!(fault.line == line && fault.what.contains("cut short"), "{fault}");
    }
    let (items, fault) = all(b"{\"a\":1}\n{\"a\":\"\xe8\xb7", Format::JsonLines, Encoding::Utf8);
    assert_eq!((items.len(), fault.as_ref().map(|f| f.line)), (1, Some(2)));
    assert!(fault.unwrap().what.contains("cut short"));
    let (items, fault) = all(b"{\"a\":1}\n{\"a\":2}", Format::JsonLines, Encoding::Utf8);
    assert_eq!((items.len(), fault), (2, None), "a last line without its end is whole when it reads as one");
}

#[test]
fn a_gzip_file_that_is_cut_short_gives_what_was_whole() {
    let text: String = (0..20_000).map(|n| format!("{{\"a\":\"{n}-{}\"}}\n", n * 7919 % 10_007)).collect();
    let zipped = gzip(&text);
    let (items, fault) = all(&zipped, Format::JsonLines, Encoding::Utf8);
    assert_eq!((items.len(), fault), (20_000, None));
    let (items, fault) = all(&zipped[..zipped.len() / 2], Format::JsonLines, Encoding::Utf8);
    let fault = fault.unwrap();
    assert!(items.len() > 1_000 && fault.line == items.len() as u64 + 1, "{} {fault}", items.len());
    assert!(fault.what.contains("gzip data is cut short"), "{fault}");
    let mut damaged = zipped;
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0);
    assert!(all(&damaged, Format::JsonLines, Encoding::Utf8).1.is_some());
}

#[test]
fn gbk_is_converted_when_declared_and_told_with_its_line_when_not() {
    let (gbk, _, _) = encoding_rs::GBK.encode("编号,内容\n1,街道路灯不亮\n");
    let (items, fault) = all(&gbk, Format::Csv, Encoding::Gbk);
    assert_eq!((items, fault), (vec![record(2, &[("编号", "1"), ("内容", "街道路灯不亮")])], None));
    let error = open(&gbk, Format::Csv, Encoding::Utf8).err().unwrap().to_string();
    assert!(error.starts_with("line 1: ") && error.contains("encoding = \"gbk\""), "{error}");
    let (_, fault) = all("a,b\n1,街道\n".as_bytes(), Format::Csv, Encoding::Gbk);
    assert!(fault.unwrap().what.contains("take encoding out"));
    let (gbk, _, _) = encoding_rs::GBK.encode("{\"a\":\"侰侰\"}\n");
    assert_eq!(all(&gbk, Format::JsonLines, Encoding::Gbk), (vec![record(1, &[("a", "侰侰")])], None));
}

#[test]
fn other_encodings_are_told_with_what_to_do() {
    let (items, fault) = all(b"a,b\n1,2\n3,\xff\n", Format::Csv, Encoding::Utf8);
    assert_eq!(items.len(), 1);
    assert_eq!(fault.as_ref().map(|f| f.line), Some(3));
    assert!(fault.unwrap().what.contains("not GBK either"));
    let error = open(b"\xff\xfea\0,\0", Format::Csv, Encoding::Utf8).err().unwrap().to_string();
    assert!(error.contains("UTF-16"), "{error}");
}

#[test]
fn a_line_that_is_no_json_object_is_told_without_its_words() {
    let (items, fault) =
        all(b"[1]\n{\"a\":[1,2],\"b\":null}\n{\"a\":{\"x\":1}}\n{\"phone\":138\n", Format::JsonLines, Encoding::Utf8);
    assert_eq!(fault, None);
    assert_eq!(items[1], record(2, &[("a", "1,2"), ("b", "")]));
    for n in [0, 2, 3] {
        assert!(matches!(&items[n], Item::Bad { reason, .. } if !reason.contains("138")), "{:?}", items[n]);
    }
}

#[test]
fn a_quote_that_is_never_closed_does_not_swallow_a_whole_city() {
    let text = format!("a,b\n1,\"2\n{}", "3,4\n".repeat(400_000));
    let fault = csv(&text).1.unwrap();
    assert!(fault.line == 2 && fault.what.contains("1 MiB"), "{fault}");
}

#[test]
fn a_heading_that_names_a_column_twice_is_refused() {
    let error = open(b"a,a\n1,2\n", Format::Csv, Encoding::Utf8).err().unwrap().to_string();
    assert!(error.contains("twice"), "{error}");
    assert!(open(b"", Format::Csv, Encoding::Utf8).err().unwrap().to_string().contains("empty"));
}
