//! What was written stays readable: events out, back, and by their golden bytes.
//!
//! `golden/events.v1.txt` holds one line a sample, the fact's name and the bytes in hexadecimal. Lines are
//! added, never changed: a changed line means that the log of a running city can no longer be read.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod samples;

use std::collections::BTreeSet;

use proptest::prelude::*;
use suban_domain::{At, Due, Event, Fact, Timer, UnitCode};
use suban_proto::{WireError, decode_event, encode_event};

const GOLDEN: &str = include_str!("../golden/events.v1.txt");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "half a byte in the golden file");
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn all_samples() -> Vec<Event> {
    let mut all = samples::full();
    all.extend(samples::bare());
    all
}

#[test]
fn every_fact_has_a_sample() {
    let sampled: BTreeSet<_> = samples::full().iter().map(|e| e.fact.name()).collect();
    let missing: Vec<_> = Fact::NAMES.iter().filter(|name| !sampled.contains(*name)).collect();
    assert!(missing.is_empty(), "no sample for {missing:?}: add them to samples.rs and to the golden bytes");
    assert_eq!(samples::full().len(), Fact::NAMES.len(), "a fact is sampled twice among the full ones");
}

#[test]
fn every_event_survives_the_way_out_and_back() {
    for event in all_samples() {
        assert_eq!(decode_event(&encode_event(&event)), Ok(event.clone()), "{}", event.fact.name());
    }
}

#[test]
fn the_bytes_of_version_1_stay_as_they_are() {
    let samples = all_samples();
    let wanted: String =
        samples.iter().map(|event| format!("{} {}\n", event.fact.name(), hex(&encode_event(event)))).collect();
    let lines: Vec<_> = GOLDEN.lines().collect();
    assert_eq!(lines.len(), samples.len(), "golden/events.v1.txt should hold:\n{wanted}");
    for (line, event) in lines.iter().zip(&samples) {
        let (name, bytes) = line.split_once(' ').unwrap();
        assert_eq!(name, event.fact.name());
        assert_eq!(bytes, hex(&encode_event(event)), "{name} is written differently now");
        assert_eq!(decode_event(&unhex(bytes)).as_ref(), Ok(event), "{name} is read differently now");
    }
}

#[test]
fn a_fact_of_a_later_version_is_told_apart_from_a_corrupt_one() {
    // Field 2000, a message, with one field: what a later fact looks like to us.
    assert_eq!(decode_event(&[0x82, 0x7d, 0x02, 0x08, 0x01]), Err(WireError::UnknownFact));
    assert_eq!(decode_event(&[]), Err(WireError::UnknownFact));
    assert!(matches!(decode_event(&[0x12, 0x7f, 0x00]), Err(WireError::Undecodable(_))));
}

#[test]
fn fields_of_a_later_version_are_ignored() {
    for event in all_samples() {
        let mut bytes = encode_event(&event);
        bytes.extend([0xfa, 0x7c, 0x03, b'n', b'e', b'w']); // field 1999, three bytes
        assert_eq!(decode_event(&bytes), Ok(event));
    }
}

#[test]
fn a_wrong_field_is_named_and_its_value_is_not_repeated() {
    let event = Event::from(Fact::Signed { unit: "QH03-CG".parse().unwrap() });
    let bytes = encode_event(&event);
    let broken = hex(&bytes).replace(&hex(b"QH03-CG"), &hex(b"QH03 CG"));
    let error = decode_event(&unhex(&broken)).unwrap_err();
    let said = error.to_string();
    assert!(said.starts_with("Signed.unit is no unit code"), "{said}");
    assert!(!said.contains("QH03 CG"), "{said}");
}

#[test]
fn a_list_value_that_is_left_out_is_refused() {
    // Field 41 of Event is `Archived`; 40 is `Closed`, here without its ending.
    assert_eq!(decode_event(&[0xca, 0x02, 0x00]).unwrap(), Event::from(Fact::Archived {}));
    let error = decode_event(&[0xc2, 0x02, 0x00]).unwrap_err();
    assert_eq!(error.to_string(), "Closed.ending must say which Ending; it is left unspecified");
}

proptest! {
    #[test]
    fn any_bytes_are_an_event_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_event(&bytes);
    }

    #[test]
    fn a_torn_or_changed_body_never_panics(
        which in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(), flip in any::<u8>(),
    ) {
        let all = all_samples();
        let mut bytes = encode_event(which.get(&all));
        if !bytes.is_empty() {
            let place = cut.index(bytes.len());
            bytes[place] ^= flip;
            let _ = decode_event(&bytes);
            bytes.truncate(place);
            let _ = decode_event(&bytes);
        }
    }

    #[test]
    fn any_clocks_survive(
        dues in prop::collection::vec(
            (prop::sample::select(Timer::ALL), prop::option::of("[A-Z]{1,8}-[0-9]{1,4}"), prop::option::of(any::<i64>())),
            0..8,
        ),
    ) {
        let dues = dues
            .into_iter()
            .map(|(timer, unit, at)| {
                let at = at.map(At::from_micros);
                Due { timer, unit: unit.map(|u| UnitCode::new(u).unwrap()), at, card: at }
            })
            .collect();
        let event = Fact::Archived {}.with(dues);
        prop_assert_eq!(decode_event(&encode_event(&event)), Ok(event));
    }
}
