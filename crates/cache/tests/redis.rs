//! The cache against a real Redis: `deploy/local/with-stack cargo test -p suban-cache`. Keys of each test begin
//! with a prefix of its own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail the test")]

use std::time::{Duration, Instant};

use suban_cache::Cache;
use suban_runtime::{Clock, Ids, Settings};
use uuid::Uuid;

const MINUTE: Duration = Duration::from_secs(60);

fn ids() -> Ids {
    Ids::new(Clock::system())
}

fn cache_at(url: &str) -> Cache {
    let variables = [("REDIS_URL", url.to_owned()), ("SUBAN_KAFKA__TOPIC_PREFIX", ids().next().simple().to_string())];
    let settings = Settings::from_layers(None, variables.map(|(name, value)| (name.to_owned(), value))).unwrap();
    Cache::connect(&settings)
}

fn cache() -> Cache {
    let url = std::env::var("REDIS_URL")
        .unwrap_or_else(|_| panic!("REDIS_URL is not set: deploy/local/with-stack cargo test -p suban-cache"));
    cache_at(&url)
}

#[tokio::test]
async fn what_was_kept_is_found_until_its_time_is_over() {
    let cache = cache();
    assert!(cache.ping().await);
    assert_eq!(cache.get::<u32>("answer").await, None);
    cache.set("answer", &42, MINUTE).await;
    assert_eq!(cache.get::<u32>("answer").await, Some(42));
    assert_eq!(cache.get::<Vec<String>>("answer").await, None, "another shape is a miss");
    cache.forget("answer").await;
    assert_eq!(cache.get::<u32>("answer").await, None);
    cache.set("brief", &1, Duration::from_millis(1)).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(cache.get::<u32>("brief").await, None);
}

#[tokio::test]
async fn a_reply_is_recalled_by_its_caller_alone() {
    let (cache, ids) = (cache(), ids());
    let (one, other): (Uuid, Uuid) = (ids.next(), ids.next());
    cache.remember_reply(one, "r-1", vec![0, 255, 7], MINUTE).await;
    assert_eq!(cache.recall_reply(one, "r-1").await, Some(vec![0, 255, 7]));
    assert_eq!(cache.recall_reply(other, "r-1").await, None);
    assert_eq!(cache.recall_reply(one, "r-2").await, None);
}

#[tokio::test]
async fn a_limit_holds_within_its_window_and_ends_with_it() {
    let cache = cache();
    let per = Duration::from_millis(300);
    for _ in 0..3 {
        assert!(cache.rate_limit("caller", 3, per).await);
    }
    assert!(!cache.rate_limit("caller", 3, per).await);
    assert!(cache.rate_limit("another", 3, per).await);
    tokio::time::sleep(per * 2).await;
    assert!(cache.rate_limit("caller", 3, per).await);
}

#[tokio::test]
async fn who_looks_at_a_ticket_is_seen_until_they_leave_or_fall_silent() {
    let cache = cache();
    assert_eq!(cache.arrive("ticket", "li", MINUTE).await, ["li"]);
    let mut both = cache.arrive("ticket", "wang", Duration::from_secs(1)).await;
    both.sort_unstable();
    assert_eq!(both, ["li", "wang"]);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(cache.arrive("ticket", "li", MINUTE).await, ["li"], "wang fell silent");
    cache.leave("ticket", "li").await;
    assert_eq!(cache.arrive("ticket", "zhao", MINUTE).await, ["zhao"]);
}

#[tokio::test]
async fn a_counter_adds_up() {
    let cache = cache();
    assert_eq!(cache.counted("arrivals").await, None);
    assert_eq!(cache.count("arrivals", 2, MINUTE).await, Some(2));
    assert_eq!(cache.count("arrivals", -1, MINUTE).await, Some(1));
    assert_eq!(cache.counted("arrivals").await, Some(1));
}

#[tokio::test]
async fn redis_away_is_a_miss_that_costs_next_to_nothing() {
    // Nobody listens on the discard port; an address that swallows packets takes the whole timeout.
    for url in ["redis://127.0.0.1:9", "redis://192.0.2.1:6379"] {
        let cache = cache_at(url);
        let begun = Instant::now();
        for _ in 0..200 {
            assert_eq!(cache.get::<u32>("answer").await, None);
            cache.set("answer", &1, MINUTE).await;
            assert!(cache.rate_limit("caller", 1, MINUTE).await, "nobody is held back");
            assert_eq!(cache.count("arrivals", 1, MINUTE).await, None);
            assert_eq!(cache.arrive("ticket", "li", MINUTE).await, ["li"]);
            assert_eq!(cache.recall_reply(Uuid::nil(), "r").await, None);
        }
        assert!(!cache.ping().await);
        assert!(begun.elapsed() < Duration::from_secs(2), "{url}: {:?}", begun.elapsed());
    }
}
