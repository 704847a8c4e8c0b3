//! Checks across settings, and warnings about what is legal but risky.

use super::{Settings, SettingsError};

impl Settings {
    /// Do all settings fit together?
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let mut problems = Vec::new();
        let mut refuse = |bad: bool, problem: &str| {
            if bad {
                problems.push(problem.to_owned());
            }
        };
        refuse(
            !self.database.url.is_empty() && !self.database.url.expose().starts_with("postgres"),
            "database.url must begin with postgres://",
        );
        refuse(
            !self.redis.url.is_empty() && !self.redis.url.expose().starts_with("redis"),
            "redis.url must begin with redis://",
        );
        refuse(
            self.database.max_connections < 2,
            "database.max_connections must be at least 2: one listens, one works",
        );
        refuse(
            self.kafka.topic_prefix.is_empty()
                || !self.kafka.topic_prefix.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')),
            "kafka.topic_prefix must be letters, digits, '-', '_' or '.'",
        );
        refuse(!(1..=1024).contains(&self.kafka.partitions), "kafka.partitions must be 1 to 1024");
        refuse(!(1..=9).contains(&self.kafka.replication), "kafka.replication must be 1 to 9");
        refuse(self.kafka.retention_hours == 0, "kafka.retention_hours must be at least 1");
        refuse(
            self.kafka.delivery_timeout < 2 * self.kafka.session_timeout,
            "kafka.delivery_timeout must be at least twice kafka.session_timeout, or a broker's restart fails sends",
        );
        refuse(self.tls.cert.is_some() != self.tls.key.is_some(), "tls.cert and tls.key must be given together");
        refuse(
            jiff::tz::TimeZone::get(&self.city.zone).is_err(),
            "city.zone must be a name of the IANA list such as \"Asia/Shanghai\"",
        );
        let bounds = &self.city.bounds;
        refuse(
            !(-90.0 <= bounds.south
                && bounds.south < bounds.north
                && bounds.north <= 90.0
                && -180.0 <= bounds.west
                && bounds.west < bounds.east
                && bounds.east <= 180.0),
            "city.bounds must be degrees with south < north and west < east",
        );
        let keys = [&self.security.master_key, &self.security.phone_key, &self.security.link_key];
        refuse(
            keys.iter().any(|k| k.is_empty()) && !keys.iter().all(|k| k.is_empty()),
            "security.master_key, security.phone_key and security.link_key must be given together or all live in \
             security.key_file",
        );
        refuse(self.security.master_key_id.is_empty(), "security.master_key_id must not be empty");
        refuse(self.security.token_cache_size == 0, "security.token_cache_size must be at least 1");
        let duplicates = &self.duplicates;
        refuse(!(0.0..=1.0).contains(&duplicates.suggest_from), "duplicates.suggest_from must be 0 to 1");
        refuse(
            !(duplicates.suggest_from..=1.0).contains(&duplicates.hold_from),
            "duplicates.hold_from must be duplicates.suggest_from to 1",
        );
        refuse(duplicates.open_days == 0, "duplicates.open_days must be at least 1");
        refuse(
            !self.language_model.url.is_empty() && !self.language_model.url.starts_with("http"),
            "language_model.url must begin with http:// or https://, or be empty",
        );
        refuse(self.language_model.timeout.is_zero(), "language_model.timeout must be above 0");
        let notices = &self.notices;
        refuse(
            !notices.url.is_empty() && !notices.url.starts_with("http"),
            "notices.url must begin with http:// or https://, or be empty",
        );
        refuse(
            !notices.url.is_empty() && notices.secret.expose().len() < 32,
            "notices.secret must have at least 32 characters where notices.url is set: whoever knows it can write in the city's name",
        );
        refuse(
            notices.timeout.is_zero() || notices.timeout.as_secs() > 60,
            "notices.timeout must be above 0 and at most 60s",
        );
        let files = &self.attachments;
        refuse(
            files.url.is_empty() && files.folder.as_os_str().is_empty(),
            "attachments.folder must not be empty where attachments.url is: files have to be kept somewhere",
        );
        refuse(
            !files.url.is_empty() && !files.url.starts_with("http"),
            "attachments.url must begin with http:// or https://, or be empty",
        );
        refuse(
            !files.url.is_empty()
                && (files.bucket.is_empty() || files.access_key.is_empty() || files.secret_key.is_empty()),
            "attachments.bucket, attachments.access_key and attachments.secret_key must be given with attachments.url",
        );
        refuse(
            !(1024..=1 << 30).contains(&files.largest_bytes),
            "attachments.largest_bytes must be 1024 to 1073741824: a file is held in memory while it is looked at",
        );
        refuse(
            !(1..=1_000_000_000).contains(&files.largest_pixels),
            "attachments.largest_pixels must be 1 to 1000000000",
        );
        refuse(files.per_ticket == 0, "attachments.per_ticket must be at least 1");
        refuse(
            !(1..=100_000).contains(&files.at_once) || !(files.at_once..=100_000).contains(&files.in_memory),
            "attachments.at_once must be at least 1, and attachments.in_memory not less and at most 100000",
        );
        refuse(files.link_for.as_secs() == 0, "attachments.link_for must be at least 1s");
        refuse(
            !files.scanner.is_empty() && !files.scanner.contains(':'),
            "attachments.scanner must be host:port, or empty",
        );
        refuse(files.scanner_timeout.is_zero(), "attachments.scanner_timeout must be above 0");
        refuse(!(0.0..=1.0).contains(&self.telemetry.sample), "telemetry.sample must be 0 to 1");
        refuse(
            !self.telemetry.otlp_endpoint.is_empty() && !self.telemetry.otlp_endpoint.starts_with("http"),
            "telemetry.otlp_endpoint must begin with http:// or https://",
        );
        refuse(
            tracing_subscriber::EnvFilter::try_new(&self.telemetry.log).is_err(),
            "telemetry.log must be a filter such as \"info\" or \"info,suban_store=debug\"",
        );
        refuse(!(1.0..=1_000_000.0).contains(&self.demo.rate), "demo.rate must be 1 to 1000000");
        refuse(
            !self.demo.origin.is_empty() && self.demo.origin().is_none(),
            "demo.origin must be empty or an instant such as 2019-01-01T00:00:00+08:00",
        );
        refuse(
            !self.demo.origin.is_empty() && !self.demo.enabled,
            "demo.origin needs demo.enabled = true: a real city's clock is never set",
        );
        refuse(
            self.demo.rate > 1.0 && !self.demo.enabled,
            "demo.rate above 1 needs demo.enabled = true: a real city's clock never runs faster",
        );
        let limits = &self.limits;
        refuse(limits.message_bytes < 4096, "limits.message_bytes must be at least 4096");
        refuse(limits.words_chars == 0, "limits.words_chars must be at least 1");
        refuse(
            limits.words_chars.saturating_mul(4) > limits.message_bytes,
            "limits.words_chars must fit into limits.message_bytes at four bytes a character",
        );
        refuse(self.duplicates.checked_permille > 1000, "duplicates.checked_permille must be 0 to 1000");
        refuse(limits.checked_permille > 1000, "limits.checked_permille must be 0 to 1000");
        refuse(!(1..=5000).contains(&limits.batch), "limits.batch must be 1 to 5000");
        refuse(!(1..=1000).contains(&limits.group_commit), "limits.group_commit must be 1 to 1000");
        refuse(limits.stream_window == 0, "limits.stream_window must be at least 1");
        refuse(limits.requests_per_connection == 0, "limits.requests_per_connection must be at least 1");
        refuse(limits.requests == 0, "limits.requests must be at least 1");
        refuse(limits.request_timeout.is_zero(), "limits.request_timeout must be above 0");
        refuse(limits.delivery_attempts == 0, "limits.delivery_attempts must be at least 1");
        refuse(
            limits.retry_first.is_zero() || limits.retry_first > limits.retry_max,
            "limits.retry_first must be above 0 and not above limits.retry_max",
        );
        if problems.is_empty() { Ok(()) } else { Err(SettingsError::Wrong { problems }) }
    }

    /// Are the three places given without which no service runs?
    ///
    /// # Errors
    /// Names what is missing and how to give it.
    pub fn require_backends(&self) -> Result<(), SettingsError> {
        let mut problems = Vec::new();
        for (missing, setting, variable, example) in [
            (self.database.url.is_empty(), "database.url", "DATABASE_URL", "postgres://suban@127.0.0.1:5432/suban"),
            (self.kafka.brokers.is_empty(), "kafka.brokers", "KAFKA_BROKERS", "127.0.0.1:9092"),
            (self.redis.url.is_empty(), "redis.url", "REDIS_URL", "redis://127.0.0.1:6379/0"),
        ] {
            if missing {
                problems.push(format!("{setting} is not set: give {variable}, for example {example}"));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(SettingsError::Wrong { problems }) }
    }

    /// What is legal but risky, one line each; the process logs them at start.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.listen.host.is_loopback() && self.tls.identity().is_none() {
            warnings.push(format!(
                "listen.host is {} without tls.cert: tokens and citizens' words cross the network in clear",
                self.listen.host
            ));
        }
        if self.demo.enabled {
            warnings.push(
                "demo.enabled: keys and tokens are made here and the clock may run faster; never with real citizens"
                    .to_owned(),
            );
        }
        if self.demo.enabled && !self.listen.host.is_loopback() {
            warnings.push(format!("demo.enabled while listen.host is {}: others can reach the demo", self.listen.host));
        }
        if self.kafka.replication == 1 && !self.demo.enabled && self.kafka.brokers.contains(',') {
            warnings.push(
                "kafka.replication is 1 on several brokers: a lost broker loses messages until they are republished"
                    .to_owned(),
            );
        }
        warnings
    }
}
