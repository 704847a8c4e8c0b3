#![doc = include_str!("../README.md")]

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::{
    AsyncCommands as _, Client, FromRedisValue, RedisResult, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use serde::{Serialize, de::DeserializeOwned};
use suban_runtime::Settings;
use tokio::time::Instant;
use uuid::Uuid;

/// How long Redis is left alone after a failure.
const LEFT_ALONE: Duration = Duration::from_secs(1);

/// Counts a use within a window that begins with the first one.
const COUNT: &str = "local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return n";

/// Says that one is there until now + ARGV[1] seconds, by Redis' own time.
const ARRIVE: &str = "local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[1]), ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('EXPIRE', KEYS[1], 86400)
return redis.call('ZRANGE', KEYS[1], 0, -1)";

/// Redis. Cheap to clone; clones share one connection.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    /// None: the address makes no client, so everything is a miss.
    connection: Option<ConnectionManager>,
    /// Begins every key, so that several cities or tests share one Redis.
    prefix: String,
    timeout: Duration,
    begun: Instant,
    /// Milliseconds since `begun` until which Redis is left alone.
    alone_until: AtomicU64,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("prefix", &self.0.prefix).finish_non_exhaustive()
    }
}

impl Cache {
    /// A cache by the settings. Connects at its first use, and again by itself.
    #[must_use]
    pub fn connect(settings: &Settings) -> Self {
        let timeout = settings.redis.timeout;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(timeout))
            .set_response_timeout(Some(timeout))
            // Trying again is what the next call does.
            .set_number_of_retries(0);
        let connection = Client::open(settings.redis.url.expose())
            .and_then(|client| ConnectionManager::new_lazy_with_config(client, config))
            .map_err(|_| {
                // The client's own text may repeat the password.
                tracing::warn!(url = settings.redis.url.shown(), "this is no Redis address; going without a cache");
            })
            .ok();
        Self(Arc::new(Inner {
            connection,
            prefix: settings.kafka.topic_prefix.clone(),
            timeout,
            begun: Instant::now(),
            alone_until: AtomicU64::new(0),
        }))
    }

    /// Does Redis answer?
    pub async fn ping(&self) -> bool {
        self.ask("ping", |mut redis| async move { redis.ping::<String>().await }).await.is_some()
    }

    /// What was kept under `key`; none when there is nothing, it is of another shape, or Redis is away.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let bytes = self.bytes(self.key("v", key)).await?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Keeps `value` under `key` for `ttl`.
    pub async fn set<T: Serialize + Sync>(&self, key: &str, value: &T, ttl: Duration) {
        if let Ok(bytes) = serde_json::to_vec(value) {
            self.keep(self.key("v", key), bytes, ttl).await;
        }
    }

    /// Forgets `key`.
    pub async fn forget(&self, key: &str) {
        let key = self.key("v", key);
        self.ask("forget", |mut redis| async move { redis.del::<_, ()>(key).await }).await;
    }

    /// May `who` do it once more, at most `most` times in `per`? When Redis is away nobody is held back: a limit
    /// protects, it does not decide.
    pub async fn rate_limit(&self, who: &str, most: u32, per: Duration) -> bool {
        let (key, per) = (self.key("rate", who), millis(per));
        let used = self.ask("rate_limit", |mut redis| async move {
            Script::new(COUNT).key(key).arg(per).invoke_async::<i64>(&mut redis).await
        });
        let allowed = used.await.is_none_or(|used| used <= i64::from(most));
        if !allowed {
            metrics::counter!("suban_rate_limited_total").increment(1);
        }
        allowed
    }

    /// Says that `who` looks at `what` for `ttl` from now, and answers everybody who does. Alone when Redis is away.
    pub async fn arrive(&self, what: &str, who: &str, ttl: Duration) -> Vec<String> {
        let (key, person, seconds) = (self.key("at", what), who.to_owned(), ttl.as_secs().max(1));
        let there = self.ask("arrive", |mut redis| async move {
            Script::new(ARRIVE).key(key).arg(seconds).arg(person).invoke_async::<Vec<String>>(&mut redis).await
        });
        there.await.unwrap_or_else(|| vec![who.to_owned()])
    }

    /// Says that `who` no longer looks at `what`.
    pub async fn leave(&self, what: &str, who: &str) {
        let (key, person) = (self.key("at", what), who.to_owned());
        self.ask("leave", |mut redis| async move { redis.zrem::<_, _, ()>(key, person).await }).await;
    }

    /// Adds to a live counter, which is forgotten `ttl` after its last change; answers its value.
    pub async fn count(&self, name: &str, by: i64, ttl: Duration) -> Option<i64> {
        let (key, ttl) = (self.key("n", name), i64::try_from(millis(ttl)).unwrap_or(i64::MAX));
        self.ask("count", |mut redis| async move {
            let (value,): (i64,) =
                redis::pipe().atomic().incr(&key, by).pexpire(&key, ttl).ignore().query_async(&mut redis).await?;
            Ok(value)
        })
        .await
    }

    /// A live counter; none when nothing was counted or Redis is away.
    pub async fn counted(&self, name: &str) -> Option<i64> {
        let key = self.key("n", name);
        self.ask("counted", |mut redis| async move { redis.get::<_, Option<i64>>(key).await }).await.flatten()
    }

    /// Keeps the reply to a request for `ttl`, so that a repeat of the same caller is answered without a query.
    pub async fn remember_reply(&self, caller: Uuid, request: &str, reply: Vec<u8>, ttl: Duration) {
        self.keep(self.key("reply", &format!("{caller}:{request}")), reply, ttl).await;
    }

    /// The reply to a request that this caller made before, if it is still remembered.
    pub async fn recall_reply(&self, caller: Uuid, request: &str) -> Option<Vec<u8>> {
        self.bytes(self.key("reply", &format!("{caller}:{request}"))).await
    }

    async fn bytes(&self, key: String) -> Option<Vec<u8>> {
        self.ask("get", |mut redis| async move { redis.get::<_, Option<Vec<u8>>>(key).await }).await.flatten()
    }

    async fn keep(&self, key: String, bytes: Vec<u8>, ttl: Duration) {
        let ttl = millis(ttl);
        self.ask("set", |mut redis| async move { redis.pset_ex::<_, _, ()>(key, bytes, ttl).await }).await;
    }

    fn key(&self, kind: &str, name: &str) -> String {
        format!("{}:{kind}:{name}", self.0.prefix)
    }

    /// Asks Redis, within the timeout; none when it is away or was a moment ago.
    async fn ask<T, A, F>(&self, operation: &'static str, ask: A) -> Option<T>
    where
        T: FromRedisValue,
        A: FnOnce(ConnectionManager) -> F,
        F: Future<Output = RedisResult<T>>,
    {
        let redis = self.0.connection.clone()?;
        let now = millis(self.0.begun.elapsed());
        if now < self.0.alone_until.load(Ordering::Relaxed) {
            return None;
        }
        let problem = match tokio::time::timeout(self.0.timeout, ask(redis)).await {
            Ok(Ok(answer)) => {
                metrics::gauge!("suban_cache_up").set(1.0);
                return Some(answer);
            }
            Ok(Err(error)) => format!("{:?}", error.kind()),
            Err(_) => "no answer in time".to_owned(),
        };
        self.0.alone_until.store(now + millis(LEFT_ALONE), Ordering::Relaxed);
        metrics::gauge!("suban_cache_up").set(0.0);
        metrics::counter!("suban_cache_errors_total", "operation" => operation).increment(1);
        tracing::debug!(operation, problem, "going on without the cache");
        None
    }
}

/// At least one: Redis refuses a time to live of zero.
fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1)
}
