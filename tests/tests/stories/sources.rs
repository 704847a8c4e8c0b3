//! One source, one ticket, however often it sends (D0, R-CHN-1).

use futures::future::join_all;
use suban_domain::State;
use suban_tests::{Case, story};

use crate::words;

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_sends_one_ticket_a_hundred_times_and_once_changed_makes_one_ticket_and_one_supplement() {
    story(async |city| {
        let citizen = city.citizen("澹台晓墨", "19900000201");
        let bot = city.bot().await;
        let first = citizen.demand(words::RAILING);
        let sends = (0..100).map(|n| {
            // A source that repeats itself makes a new request each time.
            let mut demand = first.clone();
            demand.request_id = city.request();
            if n == 60 {
                demand.text = format!("{}另外,旁边的立柱也歪了。", words::RAILING);
            }
            let mut intake = bot.intake();
            async move { intake.submit(demand).await.unwrap().into_inner() }
        });
        let mut replies = Vec::new();
        let mut sends: Vec<_> = sends.collect();
        while !sends.is_empty() {
            let some: Vec<_> = sends.drain(..sends.len().min(20)).collect();
            replies.extend(join_all(some).await);
        }
        let new: Vec<_> = replies.iter().filter(|r| !r.repeated).collect();
        assert_eq!(new.len(), 1, "one is new");
        let case = Case::of(new[0]);
        assert!(replies.iter().all(|r| r.number == case.number), "everybody is told the one number");
        assert_eq!(replies.iter().filter(|r| r.supplemented).count(), 1);

        city.becomes(&case, State::PendingSign).await;
        city.settles().await;
        let facts = city.facts(case.id).await;
        assert_eq!(facts.iter().filter(|f| **f == "supplemented").count(), 1, "{facts:?}");
        let tickets: i64 = sqlx::query_scalar("select count(*) from core.ticket").fetch_one(city.pool()).await.unwrap();
        assert_eq!(tickets, 1);
        let said = city.store.said(&[case.id]).await.unwrap();
        assert!(said[&case.id].contains("立柱也歪了"), "the new words are kept");
    })
    .await;
}
