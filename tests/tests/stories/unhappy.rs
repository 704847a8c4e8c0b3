//! The citizen says it is not solved (F31, F34).

use suban_domain::{Ending, Span, State};
use suban_tests::story;

use crate::words;

#[tokio::test(flavor = "multi_thread")]
async fn an_unhappy_citizen_gets_a_redo_then_a_supervised_redo_and_then_a_closing() {
    story(async |city| {
        let citizen = city.citizen("纳兰望舒", "19900000501");
        let railing = citizen.reports(words::RAILING).await;
        city.becomes(&railing, State::PendingSign).await;
        let unit = city.unit(words::ROADS).await;
        unit.handles(&railing).await;
        city.passes(Span::hours(3));
        citizen.rates(&railing, 3, 4).await;

        let again = city.becomes(&railing, State::Redo).await;
        assert_eq!((again.redo_round, again.lead().unwrap().unit.as_str()), (1, words::ROADS), "the same unit");
        city.passes(Span::hours(1));
        unit.does_again(&railing).await;
        city.passes(Span::hours(3));
        citizen.rates(&railing, 3, 5).await;

        let again = city.becomes(&railing, State::SupervisedRedo).await;
        assert_eq!(again.redo_round, 2);
        city.passes(Span::hours(1));
        unit.does_again(&railing).await;
        city.passes(Span::hours(3));
        citizen.rates(&railing, 1, 2).await;
        let closed = city.becomes(&railing, State::Closed).await;
        assert_eq!(closed.ending, Some(Ending::Satisfied));
        let facts = city.facts(railing.id).await;
        assert_eq!(facts.iter().filter(|f| **f == "survey_answered").count(), 3, "{facts:?}");
    })
    .await;
}
