//! What takes a notice out of the house: for now the log, or a signed webhook behind which a city's SMS, app or
//! telephone gateway stands.

use std::time::Duration;

use hmac::{Hmac, Mac as _};
use serde::Serialize;
use sha2::Sha256;
use suban_runtime::{Secret, settings::Notices as Settings};

/// Bytes of a receipt that are read.
const MOST_BYTES: usize = 4096;

/// One notice as it leaves the house. No phone and no name: who receives it knows whom the recipient stands for.
#[derive(Debug, Clone, Serialize)]
pub struct Letter {
    /// The same however often it is tried: whoever has had it leaves it.
    pub id: String,
    /// The ticket's number.
    pub number: String,
    /// The text's code.
    pub kind: &'static str,
    /// Whom it is for.
    pub to: String,
    /// Who stands there now, by the roster in force; not said where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Their phone as the telephone system calls it, which is a reference and no number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// In Chinese, signed by the city.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// Why a letter did not go out. Never with its words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// It could not be reached, or not in time.
    #[error("the carrier could not be reached within {0:?}")]
    Away(Duration),
    /// It answered, and did not take it.
    #[error("the carrier answered with status {0}")]
    Refused(u16),
}

impl NotSent {
    /// Will it be refused again, however often it is tried?
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Refused(400..=407 | 409..=422))
    }
}

/// Takes letters out.
#[derive(Debug, Clone)]
pub enum Carrier {
    /// Writes that there is one, with its code, number and recipient.
    Log,
    /// Posts it, signed.
    Webhook(Webhook),
}

/// Where letters are posted.
#[derive(Debug, Clone)]
pub struct Webhook {
    client: reqwest::Client,
    url: String,
    secret: Secret,
    timeout: Duration,
}

impl Carrier {
    /// The carrier of the settings: the log where no address is set.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn of(settings: &Settings) -> Result<Self, reqwest::Error> {
        if settings.url.is_empty() {
            return Ok(Self::Log);
        }
        let client = suban_service::http::client().timeout(settings.timeout).build()?;
        let (url, secret, timeout) = (settings.url.clone(), settings.secret.clone(), settings.timeout);
        Ok(Self::Webhook(Webhook { client, url, secret, timeout }))
    }

    /// Takes one letter out; answers the carrier's receipt. `at` is the second that the signature is made for.
    ///
    /// # Errors
    /// Why it did not go out.
    pub async fn send(&self, letter: &Letter, at: i64) -> Result<String, NotSent> {
        match self {
            Self::Log => {
                tracing::info!(kind = letter.kind, number = %letter.number, to = %letter.to, "notice");
                Ok("log".into())
            }
            Self::Webhook(webhook) => webhook.post(letter, at).await,
        }
    }
}

impl Webhook {
    async fn post(&self, letter: &Letter, at: i64) -> Result<String, NotSent> {
        let body = serde_json::to_string(letter).unwrap_or_default();
        let signature = signature(&self.secret, at, &body);
        let request = self
            .client
            .post(&self.url)
            .header("content-type", "application/json")
            .header("idempotency-key", &letter.id)
            .header("x-suban-signature", format!("t={at},v1={signature}"))
            .body(body);
        let away = |_| NotSent::Away(self.timeout);
        let mut response = request.send().await.map_err(away)?;
        if !response.status().is_success() {
            return Err(NotSent::Refused(response.status().as_u16()));
        }
        let mut said = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(away)? {
            said.extend_from_slice(&chunk);
            if said.len() > MOST_BYTES {
                break;
            }
        }
        // A carrier that says nothing useful has still taken it.
        let said: Option<serde_json::Value> = serde_json::from_slice(&said).ok();
        let id = said.as_ref().and_then(|said| said.get("receipt")?.as_str());
        Ok(receipt(id.unwrap_or("taken")))
    }
}

/// HMAC-SHA256 over `second.body`, hexadecimal: the receiver knows by it that the letter is ours, whole and new.
#[must_use]
pub fn signature(secret: &Secret, at: i64, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return String::new() };
    mac.update(format!("{at}.{body}").as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A receipt as it can be kept: what no code of ours may hold is left out of it.
fn receipt(said: &str) -> String {
    let kept: String = said.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.:/".contains(*c)).take(64).collect();
    if kept.is_empty() { "taken".into() } else { kept }
}
