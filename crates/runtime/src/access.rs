//! Who calls: tokens, and the one place that turns them into an [`Actor`].
//!
//! Every caller carries `authorization: Bearer <token>`: 256 random bits as 43 characters of base64url.
//! The suite keeps only the SHA-256. Tokens are looked up by that hash, so no comparison of secrets can
//! be timed. Answers are believed for 30 s, so a revoked token works at most that long.
//!
//! What a caller may read and administer is decided in [`policy`], what they may do to a ticket
//! in `suban_domain`. Single sign-on comes later as another [`TokenSource`].

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::future::BoxFuture;
use rand::{TryRngCore as _, rngs::OsRng};
use sha2::{Digest as _, Sha256};
use suban_domain::{Actor, Role};
use tonic::Status;
use uuid::Uuid;

use crate::{Secret, errors, settings::Security};

pub mod policy;

/// Characters of a token: 32 bytes in base64url without padding.
const TOKEN_CHARS: usize = 43;

/// Somebody whose token is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Which token; safe to log.
    pub token_id: Uuid,
    /// Who acts with it.
    pub actor: Actor,
    /// Works for an outsourced hotline tenant, who may not read handling content (D§16 R-SEC-10).
    pub outsourced: bool,
}

/// Lets these roles pass; `what` ends the sentence "only … ".
///
/// # Errors
/// `PERMISSION_DENIED` that names who may.
pub fn only(caller: &Caller, roles: &[Role], what: &str) -> Result<(), Status> {
    let role = caller.actor.role;
    if roles.contains(&role) {
        return Ok(());
    }
    let names: Vec<&str> = roles.iter().map(|role| role.code()).collect();
    Err(errors::denied("WRONG_ROLE", format!("only {} {what}; the role is {role}", names.join(", "))))
}

/// Where tokens are kept: Postgres in production.
pub trait TokenSource: Send + Sync + 'static {
    /// The holder of the token with this SHA-256; none when it is unknown, expired or revoked.
    ///
    /// # Errors
    /// When the source cannot be asked.
    fn find(&self, sha256: [u8; 32]) -> BoxFuture<'_, Result<Option<Caller>, TokenSourceError>>;
}

/// The source of tokens cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error("tokens cannot be looked up: {0}")]
pub struct TokenSourceError(pub String);

/// Knows callers by their tokens. Cheap to clone; clones share the memory.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    source: Box<dyn TokenSource>,
    known_for: Duration,
    unknown_for: Duration,
    size: usize,
    seen: Mutex<HashMap<[u8; 32], Seen>>,
}

struct Seen {
    caller: Option<Arc<Caller>>,
    until: Instant,
}

impl Access {
    /// Asks `source`, remembering as the settings say.
    pub fn new(source: impl TokenSource, security: &Security) -> Self {
        Self(Arc::new(Inner {
            source: Box::new(source),
            known_for: security.token_cache,
            unknown_for: security.unknown_token_cache,
            size: security.token_cache_size,
            seen: Mutex::new(HashMap::new()),
        }))
    }

    /// A fresh token and the hash to keep. The token is shown to its holder once and kept nowhere.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub fn new_token() -> Result<(Secret, [u8; 32]), rand::rand_core::OsError> {
        let mut bits = [0; 32];
        OsRng.try_fill_bytes(&mut bits)?;
        let plain = URL_SAFE_NO_PAD.encode(bits);
        let hash = hash_of(&plain);
        Ok((Secret::new(plain), hash))
    }

    /// The hash under which a token is kept.
    #[must_use]
    pub fn hash(token: &str) -> [u8; 32] {
        hash_of(token)
    }

    /// Who sent these headers?
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when nobody we know; `UNAVAILABLE` when tokens cannot be looked up.
    pub async fn authenticate(&self, headers: &http::HeaderMap) -> Result<Arc<Caller>, Status> {
        let token = bearer(headers)?;
        self.caller_of(token).await
    }

    /// Whose token is this? For faces that take it from elsewhere than the header.
    ///
    /// # Errors
    /// As [`Access::authenticate`].
    pub async fn caller_of(&self, token: &str) -> Result<Arc<Caller>, Status> {
        self.caller_at(token, Instant::now()).await
    }

    async fn caller_at(&self, token: &str, now: Instant) -> Result<Arc<Caller>, Status> {
        if token.len() != TOKEN_CHARS {
            return Err(refuse("TOKEN_MALFORMED", "the token must be the 43 characters that were shown once"));
        }
        let hash = hash_of(token);
        let found = match self.remembered(&hash, now) {
            Some(seen) => seen,
            None => self.look_up(hash, now).await?,
        };
        found.ok_or_else(|| {
            refuse("TOKEN_UNKNOWN", "the token is unknown, expired or revoked; ask for one: suban token new")
        })
    }

    #[expect(clippy::option_option, reason = "not remembered, remembered as unknown, remembered as somebody")]
    fn remembered(&self, hash: &[u8; 32], now: Instant) -> Option<Option<Arc<Caller>>> {
        let seen = self.lock();
        let entry = seen.get(hash)?;
        (now < entry.until).then(|| entry.caller.clone())
    }

    async fn look_up(&self, hash: [u8; 32], now: Instant) -> Result<Option<Arc<Caller>>, Status> {
        let found = self.0.source.find(hash).await.map_err(|problem| {
            tracing::warn!(%problem, "caller not authenticated");
            errors::unavailable("tokens cannot be looked up just now", Duration::from_secs(1))
        })?;
        let caller = found.map(Arc::new);
        let until = now + if caller.is_some() { self.0.known_for } else { self.0.unknown_for };
        let mut seen = self.lock();
        if seen.len() >= self.0.size {
            make_room(&mut seen, now, self.0.size);
        }
        seen.insert(hash, Seen { caller: caller.clone(), until });
        Ok(caller)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Seen>> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops what is over; if that is not enough, the unknown tokens (a flood of guesses must not push out
/// those who work), and at last everything.
fn make_room(seen: &mut HashMap<[u8; 32], Seen>, now: Instant, size: usize) {
    seen.retain(|_, entry| now < entry.until);
    if seen.len() >= size {
        seen.retain(|_, entry| entry.caller.is_some());
    }
    if seen.len() >= size {
        seen.clear();
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("remembered", &self.lock().len()).finish_non_exhaustive()
    }
}

/// Who sent this request; put there by the access layer of [`crate::grpc`].
///
/// # Errors
/// `UNAUTHENTICATED` when the method is served without that layer.
pub fn caller<T>(request: &tonic::Request<T>) -> Result<&Caller, Status> {
    request
        .extensions()
        .get::<Arc<Caller>>()
        .map(AsRef::as_ref)
        .ok_or_else(|| refuse("TOKEN_MISSING", "send authorization: Bearer <token>"))
}

fn bearer(headers: &http::HeaderMap) -> Result<&str, Status> {
    let value = headers
        .get(http::header::AUTHORIZATION)
        .ok_or_else(|| refuse("TOKEN_MISSING", "send authorization: Bearer <token>; ask for one: suban token new"))?;
    let text = value.to_str().map_err(|_| refuse("TOKEN_MALFORMED", "the authorization header is no text"))?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(refuse("TOKEN_MALFORMED", "the authorization header must be: Bearer <token>"));
    }
    Ok(token.trim())
}

fn refuse(reason: &'static str, message: &'static str) -> Status {
    metrics::counter!("suban_access_refused_total", "reason" => reason).increment(1);
    errors::unauthenticated(reason, message)
}

fn hash_of(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use suban_domain::{PersonCode, Role};

    use super::*;
    use crate::Settings;

    #[derive(Clone, Default)]
    struct Book {
        known: Arc<Mutex<HashMap<[u8; 32], Caller>>>,
        asked: Arc<AtomicUsize>,
        away: Arc<std::sync::atomic::AtomicBool>,
    }

    impl TokenSource for Book {
        fn find(&self, sha256: [u8; 32]) -> BoxFuture<'_, Result<Option<Caller>, TokenSourceError>> {
            Box::pin(async move {
                self.asked.fetch_add(1, Ordering::SeqCst);
                if self.away.load(Ordering::SeqCst) {
                    return Err(TokenSourceError("connection refused".to_owned()));
                }
                Ok(self.known.lock().unwrap().get(&sha256).cloned())
            })
        }
    }

    impl Book {
        fn issue(&self) -> (Secret, [u8; 32]) {
            let (token, hash) = Access::new_token().unwrap();
            let actor = Actor { role: Role::Agent, person: PersonCode::new("a1").unwrap(), unit: None, area: None };
            self.known.lock().unwrap().insert(hash, Caller { token_id: Uuid::nil(), actor, outsourced: false });
            (token, hash)
        }
    }

    fn access(book: &Book, size: usize) -> Access {
        let mut security = Settings::from_layers(None, []).unwrap().security;
        security.token_cache_size = size;
        Access::new(book.clone(), &security)
    }

    fn headers(value: &str) -> http::HeaderMap {
        let mut headers = http::HeaderMap::new();
        headers.insert("authorization", value.parse().unwrap());
        headers
    }

    #[test]
    fn a_token_is_43_characters_and_never_the_same() {
        let (one, hash) = Access::new_token().unwrap();
        let (two, _) = Access::new_token().unwrap();
        assert_eq!(one.expose().len(), TOKEN_CHARS);
        assert_ne!(one.expose(), two.expose());
        assert_eq!(Access::hash(one.expose()), hash);
    }

    #[tokio::test]
    async fn a_known_token_gives_its_caller_and_a_wrong_header_a_text_that_helps() {
        let book = Book::default();
        let (token, _) = book.issue();
        let access = access(&book, 100);
        let found = access.authenticate(&headers(&format!("Bearer {}", token.expose()))).await.unwrap();
        assert_eq!(found.actor.role, Role::Agent);
        for (headers, reason) in [
            (http::HeaderMap::new(), "TOKEN_MISSING"),
            (headers("Basic abc"), "TOKEN_MALFORMED"),
            (headers("Bearer short"), "TOKEN_MALFORMED"),
            (headers(&format!("bearer {}", "A".repeat(43))), "TOKEN_UNKNOWN"),
        ] {
            let status = access.authenticate(&headers).await.unwrap_err();
            assert_eq!(status.code(), tonic::Code::Unauthenticated);
            assert_eq!(errors::Problem::from(status).reason.as_deref(), Some(reason));
        }
    }

    #[tokio::test]
    async fn an_answer_is_believed_for_30_seconds_and_then_asked_again() {
        let book = Book::default();
        let (token, hash) = book.issue();
        let access = access(&book, 100);
        let begun = Instant::now();
        let after = |seconds| access.caller_at(token.expose(), begun + Duration::from_secs(seconds));
        after(0).await.unwrap();
        book.known.lock().unwrap().remove(&hash);
        after(29).await.unwrap();
        assert_eq!(book.asked.load(Ordering::SeqCst), 1);
        after(30).await.unwrap_err();
        assert_eq!(book.asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn an_unknown_token_works_five_seconds_after_it_was_issued() {
        let book = Book::default();
        let (token, hash) = book.issue();
        let caller = book.known.lock().unwrap().remove(&hash).unwrap();
        let access = access(&book, 100);
        let begun = Instant::now();
        let after = |seconds| access.caller_at(token.expose(), begun + Duration::from_secs(seconds));
        after(0).await.unwrap_err();
        book.known.lock().unwrap().insert(hash, caller);
        after(4).await.unwrap_err();
        assert_eq!(book.asked.load(Ordering::SeqCst), 1, "a guesser does not reach the database");
        after(5).await.unwrap();
    }

    #[tokio::test]
    async fn a_flood_of_guesses_stays_bounded_and_does_not_push_out_who_works() {
        let book = Book::default();
        let (token, _) = book.issue();
        let access = access(&book, 20);
        access.caller_of(token.expose()).await.unwrap();
        for _ in 0..200 {
            let (guess, _) = Access::new_token().unwrap();
            access.caller_of(guess.expose()).await.unwrap_err();
            assert!(access.lock().len() <= 20);
        }
        let before = book.asked.load(Ordering::SeqCst);
        access.caller_of(token.expose()).await.unwrap();
        assert_eq!(book.asked.load(Ordering::SeqCst), before, "still remembered");
    }

    #[tokio::test]
    async fn when_tokens_cannot_be_looked_up_the_caller_may_come_again() {
        let book = Book::default();
        let (token, _) = book.issue();
        let access = access(&book, 20);
        book.away.store(true, Ordering::SeqCst);
        let status = access.caller_of(token.expose()).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::Unavailable);
        book.away.store(false, Ordering::SeqCst);
        access.caller_of(token.expose()).await.unwrap();
    }
}
