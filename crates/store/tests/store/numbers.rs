//! Numbers are unique across processes, well formed, of the city's day, and never run out (design §5).

use crate::database;

use std::collections::BTreeSet;

use suban_domain::{Span, TicketNumber};
use suban_runtime::{Clock, Settings};
use suban_store::{Numbers, city_clock, city_time};

fn shanghai() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::get("Asia/Shanghai").unwrap()
}

#[tokio::test]
async fn ten_thousand_and_one_numbers_of_one_day_from_four_processes_are_unique() {
    database::with_database(|pool| async move {
        let processes = (0..4).map(|_| Numbers::new(shanghai()));
        let shares = [2501, 2500, 2500, 2500];
        let taken = futures::future::join_all(processes.zip(shares).map(|(numbers, share)| {
            let pool = pool.clone();
            async move {
                let mut mine = Vec::new();
                // In uneven bites, so that blocks end in the middle of one.
                while mine.len() < share {
                    let bite = (share - mine.len()).min(37);
                    mine.extend(numbers.take(&pool, database::noon(), bite).await.unwrap());
                }
                assert!(mine.windows(2).all(|pair| pair[0] < pair[1]), "rising within a process");
                mine
            }
        }))
        .await;
        let all: BTreeSet<TicketNumber> = taken.into_iter().flatten().collect();
        assert_eq!(all.len(), 10_001);
        for number in &all {
            assert!(number.as_str().starts_with("SB260115"), "{number}");
            assert_eq!(number.as_str().parse::<TicketNumber>().as_ref(), Ok(number));
        }
    })
    .await;
}

#[tokio::test]
async fn two_days_count_side_by_side_and_begin_at_the_citys_midnight() {
    database::with_database(|pool| async move {
        let numbers = Numbers::with_block(shanghai(), 3);
        let late = database::noon().plus(Span::hours(12)).minus(Span::micros(1));
        let midnight = late.plus(Span::micros(1));
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.extend(numbers.take(&pool, late, 1).await.unwrap());
            seen.extend(numbers.take(&pool, midnight, 1).await.unwrap());
        }
        let sequences: Vec<&str> = seen.iter().map(|n| &n.as_str()[..14]).collect();
        assert_eq!(
            sequences,
            [
                "SB260115000001",
                "SB260116000001",
                "SB260115000002",
                "SB260116000002",
                "SB260115000003",
                "SB260116000003",
                "SB260115000004",
                "SB260116000004"
            ]
        );
        assert!(numbers.take(&pool, midnight, 0).await.unwrap().is_empty());
        assert_eq!(numbers.take(&pool, midnight, 1000).await.unwrap().len(), 1000, "more than a block at once");
    })
    .await;
}

fn settings(demo: bool, rate: f64) -> Settings {
    let variables =
        [("SUBAN_DEMO__ENABLED".to_owned(), demo.to_string()), ("SUBAN_DEMO__RATE".to_owned(), rate.to_string())];
    Settings::from_layers(None, variables).unwrap()
}

#[tokio::test]
async fn every_process_of_a_demo_has_the_same_city_time_and_it_never_goes_back() {
    database::with_database(|pool| async move {
        let fast = settings(true, 100_000.0);
        let clocks = futures::future::join_all((0..5).map(|_| city_clock(&pool, &fast))).await;
        let clocks: Vec<Clock> = clocks.into_iter().map(Result::unwrap).collect();
        // A tenth of a second of ours is almost three hours of theirs.
        let (earliest, latest) = (clocks[0].now(), clocks[4].now());
        assert!(latest.since(earliest) < Span::hours(3), "{earliest} {latest}");

        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let before = clocks[0].now();
        assert!(before.since(earliest) > Span::hours(5));
        let slow = settings(true, 1.0);
        let slow = futures::future::join_all((0..3).map(|_| city_clock(&pool, &slow))).await;
        for clock in slow {
            let now = clock.unwrap().now();
            assert!(now >= before, "{now} is before {before}");
            assert!(now.since(before) < Span::hours(24));
        }
        let plain = city_clock(&pool, &settings(false, 1.0)).await.unwrap();
        assert!(plain.now() < before, "without demo mode the stored line means nothing");
    })
    .await;
}

#[tokio::test]
async fn a_past_year_begins_where_it_is_told_and_is_never_set_again() {
    database::with_database(|pool| async move {
        assert_eq!(city_time(&pool).await.unwrap(), None);
        let from = |origin: &str| {
            Settings::from_layers(
                None,
                [("SUBAN_DEMO__ENABLED", "true"), ("SUBAN_DEMO__RATE", "1"), ("SUBAN_DEMO__ORIGIN", origin)]
                    .map(|(name, value)| (name.to_owned(), value.to_owned())),
            )
            .unwrap()
        };
        let begin: suban_domain::At = "2019-01-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap().into();
        let first = city_clock(&pool, &from("2019-01-01T08:00:00+08:00")).await.unwrap().now();
        assert!(first >= begin && first.since(begin) < Span::minutes(1), "{first}");
        let again = city_clock(&pool, &from("2018-01-01T00:00:00Z")).await.unwrap().now();
        assert!(again >= first && again.since(first) < Span::minutes(1), "{again}");
        let told = city_time(&pool).await.unwrap().unwrap();
        assert!(told >= again && told.since(again) < Span::minutes(1), "{told}");
    })
    .await;
}
