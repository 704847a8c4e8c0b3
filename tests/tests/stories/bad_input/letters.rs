//! A corrupt message on the topic: kept as a dead letter, shown, let go, and in nobody's way.

use suban_domain::State;
use suban_tests::{PATIENCE, eventually, story};

use crate::words;

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_message_becomes_a_dead_letter_of_each_reader_that_can_be_shown_and_let_go() {
    story(async |city| {
        let before = city.counts().await;
        city.somebody_writes_to_the_topic(b"no ticket", b"\xde\xad\xbe\xef").await;
        let letters = eventually(PATIENCE, "each of four readers puts it aside", async || {
            let letters = suban_bus::dead::list(&city.settings, 100).await.unwrap();
            if letters.len() == 4 { Ok(letters) } else { Err(format!("{} letters", letters.len())) }
        })
        .await;
        assert_eq!(city.counts().await, before, "nothing is stored");

        // Whatever lies there, the next demand is handled.
        let case = city.citizen("澹台怀瑾", "19900001431").reports(words::RAILING).await;
        city.becomes(&case, State::PendingSign).await;

        let listed = city.runs(&["dlq", "list"]).await;
        for group in ["dedup", "dispatch", "followup", "scoring"] {
            assert!(listed.out.contains(group), "{group} is not in {listed:?}");
        }
        for letter in letters {
            let place = [letter.partition.to_string(), letter.offset.to_string()];
            let [partition, offset] = place.each_ref().map(String::as_str);
            let shown = city.runs(&["dlq", "show", partition, offset]).await;
            assert!(shown.ok && shown.out.contains("reason") && shown.out.contains("3q2+7w=="), "{shown:?}");
            let gone = city.runs(&["dlq", "discard", partition, offset]).await;
            assert!(gone.ok, "{gone:?}");
            let again = city.runs(&["dlq", "discard", partition, offset]).await;
            assert!(!again.ok && again.complaints.contains("dead letter"), "{again:?}");
        }
    })
    .await;
}
