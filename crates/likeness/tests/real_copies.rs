//! Copies among published messages are found first (`../shared/data`, never copied here). Skips, saying so, where the
//! data is missing.

use std::{collections::HashMap, fs::File, io::BufReader, path::Path};

use suban_likeness::{Index, Limits, Model, Request, Tongue, read};
use suban_text::Segmenter;

#[test]
fn a_copy_finds_its_original_first() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/messages");
    let (Ok(stream), Ok(groups)) =
        (File::open(data.join("stream_2019.jsonl.gz")), File::open(data.join("exact_duplicate_groups.csv")))
    else {
        eprintln!("skipped: {} is not there", data.display());
        return;
    };
    let group_of: HashMap<u64, String> = csv::Reader::from_reader(groups)
        .records()
        .map(|record| record.unwrap())
        .map(|record| (record[1].parse().unwrap(), record[0].to_owned()))
        .collect();
    let lines = std::io::read_to_string(flate2::bufread::MultiGzDecoder::new(BufReader::new(stream))).unwrap();
    let mut messages: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    messages.sort_by_key(|message| (message["time"].to_string(), message["message_id"].as_u64()));
    let (segmenter, model) = (Segmenter::default(), Model::shipped(Tongue::Chinese).unwrap());
    let mut index = Index::new(messages.len(), Limits::default());
    let mut seen = std::collections::HashSet::new();
    let mut found = 0;
    for (at, message) in (0_i64..).zip(&messages) {
        let id = message["message_id"].as_u64().unwrap();
        // Copies among every eighth of the others: enough to be wrong about.
        if !group_of.contains_key(&id) && id % 8 != 0 {
            continue;
        }
        let request = read(
            &segmenter,
            &Request {
                id: id.into(),
                reported_at: at * 7200,
                title: message["title"].as_str().unwrap(),
                text: message["text"].as_str().unwrap(),
                requester: message["user"].as_str().unwrap(),
                ..Request::default()
            },
        );
        let judged = index.judge(&request, at * 7200, &model);
        if let Some(group) = group_of.get(&id)
            && !seen.insert(group)
        {
            let first = judged.candidates.first().map(|first| group_of.get(&u64::try_from(first.id).unwrap()));
            assert_eq!(first.flatten(), Some(group), "message {id}");
            found += 1;
        }
        index.add(&request, judged.verdict());
    }
    assert!(found > 50, "{found} copies");
}
