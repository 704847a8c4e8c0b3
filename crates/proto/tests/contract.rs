//! The contract as a page: lists like the domain's, every name explained, nothing personal printed.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use suban_domain::Fact;
use suban_proto::{DESCRIPTORS, v1};

/// Our files; not the imported ones of protobuf itself.
fn files() -> Vec<FileDescriptorProto> {
    let all = FileDescriptorSet::decode(DESCRIPTORS).unwrap().file;
    let ours: Vec<_> = all.into_iter().filter(|f| f.package() == "suban.v1").collect();
    assert_eq!(ours.len(), 7);
    ours
}

#[test]
fn facts_are_named_as_in_the_domain_and_keep_their_order() {
    let files = files();
    let event = files.iter().flat_map(|f| &f.message_type).find(|m| m.name() == "Event").unwrap();
    let facts: Vec<_> = event.field.iter().filter(|f| f.oneof_index.is_some()).collect();
    let names: Vec<_> = facts.iter().map(|f| f.name()).collect();
    assert_eq!(names, Fact::NAMES);
    let numbers: Vec<_> = facts.iter().map(|f| f.number()).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
}

/// Style §4: every service, call, message, field, list and value says what it is.
#[test]
fn everything_is_explained() {
    let mut seen = 0;
    let mut silent = Vec::new();
    for file in files() {
        for place in file.source_code_info.iter().flat_map(|info| &info.location) {
            if !is_a_name(&place.path) {
                continue;
            }
            seen += 1;
            if place.leading_comments().trim().is_empty() {
                silent.push(format!("{}:{}", file.name(), place.span[0] + 1));
            }
        }
    }
    assert!(seen > 1000, "only {seen} names looked at");
    assert!(silent.is_empty(), "without a comment: {silent:?}");
}

/// Does the path (descriptor.proto, `SourceCodeInfo.Location.path`) lead to a whole declaration?
fn is_a_name(path: &[i32]) -> bool {
    match path {
        [4..=6, _] => true,                  // message, enum, service of the file
        [6, _, 2, _] | [5, _, 2, _] => true, // call, value
        // field, nested message or nested enum of a message
        [4, _, 2..=4, _] => true,
        [4, _, 3, _, 2, _] | [4, _, 4, _, 2, _] => true, // the same one level down
        _ => false,
    }
}

#[test]
fn whatever_changes_something_carries_a_request_id() {
    let readers = [
        "LookupCaller",
        "Get",
        "List",
        "Search",
        "History",
        "Watch",
        "ListAttachments",
        "ReadAttachment",
        "LinkAttachment",
        "ReadAttachmentByLink",
        "GetGroup",
        "Judge",
        "ListSuggestions",
        "WatchSuggestions",
        "ListMassEvents",
        "ListSites",
        "ListEvidence",
        "ListClusters",
        "GetCluster",
        "ExplainPair",
        "ReadDraft",
        "ListCatalogues",
        "ListUnits",
        "ListMatters",
        "DiffCatalogue",
        "Explain",
        "ExplainDraft",
        "GetFile",
        "CheckReply",
        "ListQueue",
        "ProposeSplit",
        "ListHandovers",
        "Inbox",
        "ListSurveys",
        "ListFlashes",
        "GetSurvey",
        "ListNotices",
        "ViewByLink",
        "GetLink",
        "Figures",
        "Verify",
        "Live",
    ];
    let files = files();
    let messages: Vec<_> = files.iter().flat_map(|f| &f.message_type).collect();
    for call in files.iter().flat_map(|f| &f.service).flat_map(|s| &s.method) {
        let request = call.input_type().rsplit('.').next().unwrap();
        let message = messages.iter().find(|m| m.name() == request).unwrap();
        let carries = message.field.first().is_some_and(|f| f.name() == "request_id" && f.number() == 1);
        assert_eq!(carries, !readers.contains(&call.name()), "{}", call.name());
    }
}

#[test]
fn debug_shows_neither_people_nor_words_nor_links() {
    let secret = "13800000000";
    let requester = v1::Requester {
        name: secret.into(),
        phone: secret.into(),
        id_card: secret.into(),
        home_address: secret.into(),
        anonymous: false,
        no_contact: true,
    };
    let submit = v1::SubmitRequest {
        request_id: "r-1".into(),
        text: secret.into(),
        title: secret.into(),
        place_text: secret.into(),
        requester: Some(requester),
        ..v1::SubmitRequest::default()
    };
    let rate = v1::RateByLinkRequest { token: secret.into(), comment: secret.into(), ..Default::default() };
    let reveal = v1::RevealReply { name: secret.into(), phone: secret.into() };
    let printed = format!("{submit:?} {rate:?} {reveal:?}");
    assert!(!printed.contains(secret), "{printed}");
    assert!(printed.contains("r-1") && printed.contains("no_contact: true"), "{printed}");
}

/// A field by one of these names holds people's data, words or a link wherever it stands.
#[test]
fn discreet_fields_are_marked_everywhere() {
    let discreet = [
        "phone",
        "id_card",
        "home_address",
        "token",
        "progress_token",
        "text",
        "title",
        "reply",
        "comment",
        "evidence",
        "opinion",
        "grounds",
        "internal",
        "note",
        "place_text",
    ];
    let pool = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto/suban/v1/intake.proto"))
        .lines()
        .chain(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto/suban/v1/dedup.proto")).lines())
        .chain(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto/suban/v1/dispatch.proto")).lines())
        .chain(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto/suban/v1/followup.proto")).lines());
    let mut message = "";
    let mut seen = 0;
    for line in pool {
        if let Some(name) = line.strip_prefix("message ") {
            message = name.trim_end_matches(" {");
        }
        let words: Vec<_> = line.split_whitespace().collect();
        let name = match words.as_slice() {
            ["string", name, "=", ..] | ["optional", "string", name, "=", ..] => *name,
            _ => continue,
        };
        // What is wrong with a catalogue is no citizen's word.
        if discreet.contains(&name) && message != "CatalogueProblem" {
            seen += 1;
            assert!(line.contains("debug_redact = true"), "{message}.{name} is printed by Debug");
        }
    }
    assert!(seen > 40, "only {seen} fields looked at");
}
