//! Values that are never shown.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const HIDDEN: &str = "***";

/// A text that is never shown. `Debug` and `Serialize` give `***`, or nothing when it is empty.
#[derive(Clone, Default)]
pub struct Secret(SecretString);

impl Secret {
    /// Hides `text`.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself: for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Was nothing given?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    fn shown(&self) -> &'static str {
        if self.is_empty() { "" } else { HIDDEN }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.shown())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.shown())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d).map(Self::new)
    }
}

/// An address that may carry a password. Shown without password and parameters.
#[derive(Clone, Default)]
pub struct SecretUrl(Secret);

impl SecretUrl {
    /// Hides the password of `url`.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self(Secret::new(url))
    }

    /// The whole address: for the one place that connects.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Was nothing given?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The address without password and parameters, fit for a log line.
    #[must_use]
    pub fn shown(&self) -> String {
        let url = self.expose();
        let Some((scheme, rest)) = url.split_once("://") else {
            // No address we know how to take apart: show nothing of it.
            return self.0.shown().to_owned();
        };
        let (rest, parameters) = match rest.split_once('?') {
            Some((rest, _)) => (rest, "?***"),
            None => (rest, ""),
        };
        // A password may hold an unescaped `@` or `/`: what follows the last `@` is the host.
        match rest.rsplit_once('@') {
            Some((user, host)) => match user.split_once(':') {
                Some((user, _)) => format!("{scheme}://{user}:{HIDDEN}@{host}{parameters}"),
                None => format!("{scheme}://{user}@{host}{parameters}"),
            },
            None => format!("{scheme}://{rest}{parameters}"),
        }
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.shown())
    }
}

impl Serialize for SecretUrl {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.shown())
    }
}

impl<'de> Deserialize<'de> for SecretUrl {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::new("open sesame");
        assert_eq!(format!("{secret:?}"), "\"***\"");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"***\"");
        assert_eq!(format!("{:?}", Secret::default()), "\"\"");
    }

    #[test]
    fn an_address_is_shown_without_its_password() {
        let shown = |url: &str| SecretUrl::new(url).shown();
        assert_eq!(shown("postgres://suban:p@ss/w@db:5432/suban"), "postgres://suban:***@db:5432/suban");
        assert_eq!(shown("postgres://db/suban?password=x"), "postgres://db/suban?***");
        assert_eq!(shown("redis://:x@127.0.0.1/0"), "redis://:***@127.0.0.1/0");
        assert_eq!(shown("redis://127.0.0.1/0"), "redis://127.0.0.1/0");
        assert_eq!(shown("host=db password=x"), "***");
    }
}
